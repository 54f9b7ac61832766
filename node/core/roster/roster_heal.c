/* The end of a fork: a successor that names every side of it, and a person who has compared its fingerprint (SPEC 7.12). */
#include <stdio.h>
#include <string.h>

#include "link/link.h"
#include "link/receive.h"
#include "roster/fork.h"

bool nrs_fork_healed_by(const nrs_community *community, const nrs_roster *roster)
{
    bool all = roster->n_forks >= 2;

    for (size_t i = 0; all && i < community->branch_count; i++) {
        all = nrs_roster_names_fork(roster, community->branches[i].hash);
    }
    return all;
}

/* The version before the first that there are two of; before one that is only said to be abandoned, the one held, likewise. Out: before_out:
 * empty where it is not held. */
static nrs_error find_before(nrs_core *core, nrs_roster_parts *before_out, const nrs_community *community)
{
    const uint64_t version = nrs_fork_is(community) ? community->fork_version : community->roster->version;
    nrs_error error = version < 2 ? NRS_ERROR_NOT_FOUND : nrs_roster_at(core, before_out, community->id, version - 1);

    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

/* Whether a side stands on another roster than this one, so that the fork began before it and nobody here knows where. */
static bool stands_elsewhere(const nrs_community *community, const nrs_roster_parts *before)
{
    uint8_t hash[NRS_HASH_SIZE];
    bool elsewhere = false;

    nrs_roster_hash(hash, nrs_field(&before->many->statement));
    for (size_t i = 0; i < community->branch_count; i++) {
        const nrs_roster *side = community->branches[i].roster;

        elsewhere = elsewhere || (side != NULL && side->version == before->roster->version + 1 &&
                                  !nrs_slice_equal(nrs_field(&side->previous), nrs_slice_of(hash, sizeof hash)));
    }
    return elsewhere;
}

static bool revoked_in(const nrs_roster *roster, const uint8_t sign_key[NRS_KEY_SIZE])
{
    const Nrs__Wire__Tombstone *tombstone = nrs_roster_tombstone(roster, sign_key);

    return tombstone != NULL && tombstone->cause == NRS_TOMBSTONE_REVOKED;
}

/* Of who was revoked before both sides, each of them knows: what is said by one alone is the fork's. */
static bool drops_what_all_say(const nrs_community *community, const nrs_roster *before, const nrs_roster *next)
{
    for (size_t i = 0; i < before->n_tombstones; i++) {
        const uint8_t *key = before->tombstones[i]->sign_key.data;
        bool all = revoked_in(before, key);

        for (size_t k = 0; all && k < community->branch_count; k++) {
            const nrs_roster *side = community->branches[k].roster;

            all = side == NULL || side->version != before->version + 1 || revoked_in(side, key);
        }
        if (all && !revoked_in(next, key)) {
            return true;
        }
    }
    return false;
}

/* A side that is abandoned binds nobody; what stood before the fork binds who takes the roster that ends it (SPEC 7.12). Where that version is
 * no longer held the person's comparison is all there is. */
nrs_error nrs_fork_keeps(nrs_core *core, const nrs_community *community, const nrs_roster *roster)
{
    nrs_roster_parts before = {0};
    bool keeps = true;
    nrs_error error = NRS_OK;

    if (roster->version == community->roster->version + 1 ? nrs_slice_equal(nrs_field(&roster->previous), nrs_slice_of(community->head, NRS_HASH_SIZE))
                                                          : !nrs_roster_names_fork(roster, community->head)) {
        return NRS_OK; /* judged by the roster held */
    }
    error = find_before(core, &before, community);
    if (error == NRS_OK && before.roster != NULL) {
        keeps = stands_elsewhere(community, &before) ? !drops_what_all_say(community, before.roster, roster)
                                                     : nrs_roster_breach_of(NULL, before.roster, roster) == NRS_BREACH_NONE;
    }
    nrs_roster_parts_wipe(&before);
    return error == NRS_OK && !keeps ? NRS_ERROR_FORGED : error;
}

static nrs_error note_any(void *context, const nrs_roster_step_row *row)
{
    bool *any = context;

    (void)row;
    *any = true;
    return NRS_OK;
}

/* Whether the version before a fork can be gone back to: it is known to be that, and no key has come or gone on this side since. */
static nrs_error is_ground(nrs_core *core, bool *ground_out, const nrs_community *community, const nrs_roster_parts *before)
{
    bool changed = false;
    nrs_error error = NRS_OK;

    *ground_out = before->roster != NULL && !stands_elsewhere(community, before);
    if (*ground_out) {
        error = nrs_store_roster_step_each(core->store, community->id, before->roster->version, community->roster->version, true, 1, note_any, &changed);
        *ground_out = !changed;
    }
    return error;
}

/* In: error: why it is none that follows what is held. */
static nrs_error verify_apart(nrs_core *core, nrs_invite_place *place, const nrs_community *community, const nrs_invite *invite, nrs_error error)
{
    nrs_roster_parts before = {0};
    bool ground = false, from_before = false;
    nrs_error judged = find_before(core, &before, community);

    if (judged == NRS_OK) {
        judged = is_ground(core, &ground, community, &before);
    }
    if (judged == NRS_OK) {
        judged = nrs_invite_verify_healing(&from_before, invite, community->roster, nrs_slice_of_bytes(&community->statement),
                                           ground ? before.roster : NULL, ground ? nrs_field(&before.many->statement) : nrs_slice_of(NULL, 0));
    }
    if (judged == NRS_OK) {
        place->apart = true;
        place->after = from_before ? before.roster->version : place->after;
    }
    nrs_roster_parts_wipe(&before);
    return nrs_error_is_verdict(judged) ? error : judged;
}

nrs_error nrs_fork_invite(nrs_core *core, nrs_invite_place *place_out, const nrs_community *community, const nrs_invite *invite, const nrs_roster *roster)
{
    nrs_invite_place place = {.after = community->roster->version};
    nrs_error error = nrs_invite_verify_after(invite, community->roster, nrs_slice_of_bytes(&community->statement));

    if (error == NRS_ERROR_FORGED || error == NRS_ERROR_FORKED) {
        error = verify_apart(core, &place, community, invite, error);
    }
    if (error == NRS_OK) {
        error = nrs_fork_keeps(core, community, roster);
    }
    if (error == NRS_OK) {
        *place_out = place;
    }
    return error;
}

/* Who has missed the version that was forked stands on no side of it. */
bool nrs_fork_needs_person(const nrs_community *community, const nrs_roster *roster)
{
    return nrs_fork_is(community) || (roster->n_forks > 0 && roster->version == community->roster->version + 1 &&
                                      memcmp(roster->previous.data, community->head, NRS_HASH_SIZE) != 0);
}

/* NRS_ERROR_FORKED: it does not heal. */
static nrs_error verify_healing(nrs_core *core, uint64_t *version_out, uint8_t hash_out[NRS_HASH_SIZE], const nrs_community *community, nrs_slice many)
{
    nrs_roster *roster = NULL;
    nrs_bytes statement = {0};
    nrs_error error = nrs_roster_verify(&roster, &statement, many, community->roster, nrs_slice_of_bytes(&community->statement));

    if (error == NRS_OK && !nrs_fork_healed_by(community, roster)) {
        error = NRS_ERROR_FORKED;
    }
    if (error == NRS_OK) {
        error = nrs_fork_keeps(core, community, roster);
    }
    if (error == NRS_OK) { /* before the fork is over */
        error = nrs_roster_keys_fit(core, community, roster);
    }
    if (error == NRS_OK) {
        *version_out = roster->version;
        nrs_roster_hash(hash_out, nrs_slice_of_bytes(&statement));
    }
    nrs_bytes_wipe(&statement);
    nrs_roster_free(&roster);
    return error;
}

/* Verified, kept, and not in force. */
nrs_error nrs_fork_hold(nrs_core *core, nrs_community *community, nrs_slice many)
{
    uint8_t hash[NRS_HASH_SIZE];
    char fingerprint[48];
    nrs_fork_row row = {.community = community->id, .hash = hash, .state = NRS_FORK_PENDING, .many = many};
    nrs_error error = verify_healing(core, &row.version, hash, community, many);

    if (error != NRS_OK || (community->pending_version == row.version && memcmp(community->pending_hash, hash, NRS_HASH_SIZE) == 0)) {
        return error; /* or held already */
    }
    error = nrs_store_fork_clear(core->store, community->id, true);
    if (error == NRS_OK) {
        error = nrs_store_fork_set(core->store, &row);
    }
    if (error == NRS_OK) {
        community->pending_version = row.version;
        memcpy(community->pending_hash, hash, NRS_HASH_SIZE);
        nrs_fingerprint(fingerprint, hash);
        nrs_core_log(core, NRS_ERROR_FORKED,
                     "a roster has come that heals the fork of @%s: compare its fingerprint %s with the secretariat, then noroshi community heal",
                     community->roster->id, fingerprint);
    }
    return error;
}

nrs_error nrs_fork_wait(nrs_core *core, nrs_community *community, uint64_t version, nrs_error error)
{
    const bool waits = nrs_fork_is(community) || (community->pending_version != 0 && version > community->pending_version);

    if (error != NRS_ERROR_ROSTER_GAP || !waits) {
        return error;
    }
    if (!community->passed_over) {
        community->passed_over = true;
        nrs_core_log(core, NRS_ERROR_FORKED, "version %llu of @%s has come, which stands on one that is not held here: it waits until the fork is healed, by an invite if need be",
                     (unsigned long long)version, community->roster->id);
    }
    return NRS_OK;
}

/* Links that begin anew say which roster is held now, so that what was passed over is told again. */
static void greet_again(nrs_core *core, const uint8_t id[NRS_HASH_SIZE])
{
    const nrs_community *community = nrs_community_by_id(core, id);
    nrs_link *link, *next;

    HASH_ITER (hh, core->links, link, next) {
        if (nrs_peer_member(core, link->peer, community)) {
            nrs_link_close(core, link, NRS_OK);
        }
    }
}

/* In: many: verified against what is held. */
nrs_error nrs_fork_end(nrs_core *core, nrs_community *community, nrs_slice many)
{
    uint8_t id[NRS_HASH_SIZE];
    char name[NRS_NAME_SIZE_MAX + 1];
    nrs_effect *effect;
    bool passed_over = community->passed_over;
    const bool guest = community->guest; /* no files are written of it (SPEC 7.13) */
    nrs_error error = nrs_store_fork_clear(core->store, community->id, false);

    memcpy(id, community->id, sizeof id);
    (void)snprintf(name, sizeof name, "%s", community->roster->id);
    if (error == NRS_OK) {
        nrs_fork_wipe(community);
        /* It is joined by an invite only (SPEC 7.6), whomever the roster names. */
        error = nrs_directory_adopt(core, id, many, nrs_slice_of(core->self.sign_key, guest ? NRS_KEY_SIZE : 0));
    }
    if (error == NRS_OK && !guest) {
        error = nrs_effect_add(core, &effect, NRS_EFFECT_WRITE_FILE); /* an empty file: nothing is proven any more */
    }
    if (error == NRS_OK && !guest) {
        char path[96];

        (void)snprintf(path, sizeof path, "communities/%s.fork", name);
        effect->text = strdup(path);
        error = effect->text == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;
    }
    if (error == NRS_OK) {
        nrs_core_log(core, NRS_OK, "the fork of @%s is healed", name);
        if (passed_over) {
            greet_again(core, id);
        }
    }
    return error;
}

static void settled_name(char name[64 + 2 * NRS_HASH_SIZE], const uint8_t community[NRS_HASH_SIZE])
{
    char hex[2 * NRS_HASH_SIZE + 1];

    nrs_hex_encode(hex, community, NRS_HASH_SIZE);
    (void)snprintf(name, 64 + 2 * NRS_HASH_SIZE, "forks settled before %s", hex);
}

nrs_error nrs_fork_load_settled(nrs_core *core, nrs_community *community)
{
    char name[64 + 2 * NRS_HASH_SIZE];

    settled_name(name, community->id);
    return nrs_store_meta_number_get(core->store, name, &community->settled_version, NULL);
}

static nrs_error settle_before(nrs_core *core, nrs_community *community, uint64_t version)
{
    char name[64 + 2 * NRS_HASH_SIZE];
    nrs_error error;

    settled_name(name, community->id);
    error = nrs_store_meta_number_set(core->store, name, version);
    if (error == NRS_OK) {
        community->settled_version = version;
    }
    return error;
}

nrs_error nrs_fork_leave_behind(nrs_core *core, nrs_community *community, uint64_t version)
{
    nrs_error error = NRS_OK;

    NRS_ASSERT(community->guest);
    NRS_ASSERT(version > community->roster->version);
    for (size_t i = 0; error == NRS_OK && i < community->branch_count; i++) {
        error = nrs_store_fork_healed_set(core->store, community->id, community->branches[i].hash, version);
    }
    if (error == NRS_OK && (nrs_fork_is(community) || community->pending_version != 0)) {
        error = nrs_store_fork_clear(core->store, community->id, false);
    }
    if (error == NRS_OK) {
        nrs_fork_wipe(community);
        error = settle_before(core, community, version); /* those as well of which it has not heard */
    }
    return error;
}

typedef struct pending_row {
    nrs_bytes many;
} pending_row;

static nrs_error take_pending(void *context, const nrs_fork_row *row)
{
    pending_row *found = context;

    return row->state == NRS_FORK_PENDING ? nrs_bytes_copy(&found->many, row->many) : NRS_OK;
}

nrs_error nrs_fork_heal(nrs_core *core, nrs_community *community, nrs_slice many)
{
    uint8_t hash[NRS_HASH_SIZE];
    uint64_t version = 0;
    nrs_error error = verify_healing(core, &version, hash, community, many);

    return error == NRS_OK ? nrs_fork_end(core, community, many) : error;
}

nrs_error nrs_fork_accept(nrs_core *core, nrs_community *community, const char *fingerprint)
{
    pending_row found = {0};
    nrs_error error = community->pending_version == 0 ? NRS_ERROR_NOT_FOUND : nrs_fingerprint_check(fingerprint, community->pending_hash);

    if (error == NRS_OK) {
        error = nrs_store_fork_each(core->store, community->id, take_pending, &found);
    }
    if (error == NRS_OK) { /* verified once more: another side may have come to light since */
        error = nrs_fork_heal(core, community, nrs_slice_of_bytes(&found.many));
    }
    nrs_bytes_wipe(&found.many);
    return error;
}
