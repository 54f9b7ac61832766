/* Files left in the inbox folder by the command line: rosters signed here, invites accepted by a person, cards, persons'
 * prekeys (SPEC 7.6). The folder is the owner's alone; each file is verified all the same. */
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "command/command.h"
#include "prekeys/key_change.h"
#include "proto/armour.h"
#include "keys/roster_draft.h"
#include "link/receive.h"
#include "roster/roster.h"

static nrs_slice own_source(void)
{
    return nrs_slice_of(NULL, 0);
}

/* The keys that this node has announced as its next ones, where it has. Out: keys_out. */
static nrs_error next_keys(const nrs_core *core, bool *known_out, nrs_public_keys *keys_out)
{
    const nrs_key_end *end = nrs_key_end_of(core, core->self.sign_key);
    nrs_card *card = NULL;
    nrs_error error = NRS_OK;

    *known_out = end != NULL && end->cause == NRS_KEY_SUCCEEDED;
    if (*known_out) {
        error = nrs_card_verify(&card, nrs_slice_of_bytes(&end->card));
    }
    if (error == NRS_OK && *known_out) {
        memcpy(keys_out->sign_key, card->sign_key.data, NRS_KEY_SIZE);
        memcpy(keys_out->agree_key, card->agree_key.data, NRS_KEY_SIZE);
        memcpy(keys_out->curve_key, card->curve_key.data, NRS_KEY_SIZE);
    }
    nrs_card_free(&card);
    return error;
}

static nrs_error check_keys(const Nrs__Wire__Member *member, const nrs_public_keys *keys)
{
    return memcmp(member->curve_key.data, keys->curve_key, NRS_KEY_SIZE) == 0 && memcmp(member->agree_key.data, keys->agree_key, NRS_KEY_SIZE) == 0
               ? NRS_OK
               : NRS_ERROR_FORGED;
}

/* This node stands in the roster with its own keys, or with those that it has announced: the roster may have followed while it was away
 * (SPEC 7.10). */
static nrs_error check_self(const nrs_core *core, const nrs_roster *roster)
{
    const Nrs__Wire__Member *member = nrs_roster_member_by_key(roster, core->self.sign_key);
    nrs_public_keys next;
    bool known = false;
    nrs_error error = NRS_OK;

    if (member != NULL) {
        return check_keys(member, &core->self);
    }
    error = next_keys(core, &known, &next);
    if (error == NRS_OK) {
        member = known ? nrs_roster_member_by_key(roster, next.sign_key) : NULL;
        error = member == NULL ? NRS_ERROR_NOT_MEMBER : check_keys(member, &next);
    }
    return error;
}

/* No later than what is held: that very roster, an earlier one, or another of its version, which is refused and kept as the proof of a fork
 * (SPEC 7.12), whoever brings it. */
static nrs_error take_rival(nrs_core *core, nrs_community *community, nrs_slice many)
{
    nrs_roster_parts parts = {0};
    uint8_t hash[NRS_HASH_SIZE], held[NRS_HASH_SIZE];
    nrs_error error = nrs_roster_parts_of(&parts, many);

    if (error == NRS_OK) {
        nrs_roster_hash(hash, nrs_field(&parts.many->statement));
        error = nrs_roster_hash_at(core, held, community->id, parts.roster->version);
        error = error == NRS_ERROR_NOT_FOUND ? NRS_ERROR_ROSTER_OLD : error;
    }
    if (error == NRS_OK && memcmp(hash, held, NRS_HASH_SIZE) == 0) {
        error = memcmp(hash, community->head, NRS_HASH_SIZE) == 0 ? NRS_OK : NRS_ERROR_ROSTER_OLD;
    } else if (error == NRS_OK) {
        error = nrs_fork_take(core, community, many);
        error = error == NRS_OK ? NRS_ERROR_FORKED : error;
    }
    nrs_roster_parts_wipe(&parts);
    return error;
}

static nrs_error take_fork(nrs_core *core, nrs_slice proof)
{
    return nrs_fork_take_proof(core, proof, NULL);
}

static nrs_error take_roster(nrs_core *core, nrs_slice many_bytes)
{
    nrs_roster *roster = NULL;
    nrs_bytes statement = {0};
    nrs_signed_by_many *many = NULL;
    nrs_community *community = NULL;
    uint8_t id[NRS_HASH_SIZE];
    nrs_error error = nrs_signed_by_many_decode(&many, many_bytes);

    if (error == NRS_OK) {
        error = nrs_roster_decode(&roster, nrs_field(&many->statement));
    }
    if (error != NRS_OK) {
        goto out;
    }
    nrs_roster_community(id, roster, nrs_field(&many->statement));
    community = nrs_community_by_id(core, id);
    if (community != NULL && !community->guest) {
        error = roster->version <= community->roster->version ? take_rival(core, community, many_bytes)
                : nrs_fork_is(community)                      ? nrs_fork_heal(core, community, many_bytes)
                                                              : nrs_take_later_roster(core, community, many_bytes, own_source());
        goto out;
    }
    if (community != NULL && roster->version < community->roster->version) {
        error = NRS_ERROR_ROSTER_OLD; /* a guest joins by an invite, and goes back to nothing earlier */
        goto out;
    }
    if (nrs_community_by_name(core, roster->id) != NULL) {
        error = NRS_ERROR_EXISTS;
        goto out;
    }
    nrs_roster_free(&roster);
    error = nrs_roster_verify(&roster, &statement, many_bytes, NULL, nrs_slice_of(NULL, 0));
    if (error == NRS_OK) {
        error = check_self(core, roster);
    }
    if (error == NRS_OK) {
        error = nrs_directory_adopt(core, id, many_bytes, own_source());
    }
out:
    nrs_bytes_wipe(&statement);
    nrs_roster_free(&roster);
    nrs_signed_by_many_free(&many);
    return error;
}

static nrs_error take_card(nrs_core *core, nrs_slice payload)
{
    nrs_card *card = NULL;
    nrs_bytes record = {0}, own = {0};
    bool mine = false;
    nrs_error error = nrs_card_verify(&card, payload);

    if (error == NRS_OK) {
        mine = memcmp(card->sign_key.data, core->self.sign_key, NRS_KEY_SIZE) == 0;
        error = nrs_record_wrap(&record, NRS_RECORD_CARD, payload);
    }
    if (error == NRS_OK && mine) {
        error = nrs_bytes_copy(&own, payload);
    }
    if (error == NRS_OK) {
        error = nrs_directory_take_card(core, nrs_slice_of_bytes(&record), payload, own_source());
    }
    if (error == NRS_OK && mine) {
        nrs_bytes swap = core->own_card;
        core->own_card = own;
        own = swap;
    }
    nrs_bytes_wipe(&own);
    nrs_bytes_wipe(&record);
    nrs_card_free(&card);
    return error;
}

/* Which rule keeps a card out: the roster decides whose cards count, also by a person's hand (SPEC 7.6). Who stands on a side of a fork
 * is still named. */
static nrs_error check_named(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE])
{
    const nrs_peer *peer = nrs_peer_by_sign(core, sign_key);

    if (memcmp(sign_key, core->self.sign_key, NRS_KEY_SIZE) == 0 || (peer != NULL && ((peer->member_of | peer->guest_of | peer->side_of) != 0))) {
        return NRS_OK;
    }
    for (size_t i = 0; i < core->community_count; i++) {
        const Nrs__Wire__Tombstone *tombstone = nrs_roster_tombstone(core->communities[i].roster, sign_key);

        if (tombstone != NULL && tombstone->cause == NRS_TOMBSTONE_REVOKED) {
            return NRS_ERROR_REVOKED;
        }
    }
    return nrs_key_revoked(core, sign_key) ? NRS_ERROR_REVOKED : NRS_ERROR_NOT_MEMBER;
}

static nrs_error take_card_file(nrs_core *core, nrs_slice payload)
{
    nrs_card *card = NULL;
    nrs_error error = nrs_card_verify(&card, payload);

    if (error == NRS_OK) {
        error = check_named(core, card->sign_key.data);
    }
    nrs_card_free(&card);
    return error == NRS_OK ? take_card(core, payload) : error;
}

/* A draft that has its signatures. */
static nrs_error take_draft(nrs_core *core, nrs_slice bytes)
{
    nrs_proposal proposal = {0};
    nrs_bytes many = {0};
    nrs_error error = nrs_proposal_read(&proposal, bytes);

    if (error == NRS_OK) {
        error = nrs_proposal_finish(&many, &proposal);
    }
    if (error == NRS_OK) {
        error = take_roster(core, nrs_slice_of_bytes(&many));
    }
    for (size_t i = 0; error == NRS_OK && i < proposal.draft->n_cards; i++) {
        error = take_card(core, nrs_field(&proposal.draft->cards[i]));
    }
    nrs_bytes_wipe(&many);
    nrs_proposal_wipe(&proposal);
    return error;
}

/* Its roster was here before, as one that another community recognises, and is as new as the invite's or newer. Another of a version that is
 * held is as good a proof of a fork as it would be at a member. */
static nrs_error join_guest(nrs_core *core, nrs_community *community, const nrs_invite *invite)
{
    nrs_error error = take_rival(core, community, nrs_field(&invite->current));

    if (error == NRS_OK || error == NRS_ERROR_ROSTER_OLD) { /* what it joins by is the newest, which is here */
        error = check_self(core, community->roster);
    }
    if (error == NRS_OK) {
        error = nrs_guest_set(core, community->id, false);
    }
    if (error == NRS_OK) {
        error = nrs_write_armoured(core, "communities", community->roster->id, ".roster", "ROSTER", nrs_slice_of_bytes(&community->many));
    }
    if (error == NRS_OK) {
        error = nrs_write_armoured(core, "communities", community->roster->id, ".first", "ROSTER", nrs_field(&invite->first));
    }
    if (error == NRS_OK) {
        community->guest = false;
        core->admission_changed = true;
        core->dial_due = true;
        error = nrs_directory_index(core, community);
    }
    return error;
}

/* What the invite brings; what it puts an end to goes first. In: held: the version, 0 for none. */
static nrs_error keep_invite(nrs_core *core, const uint8_t id[NRS_HASH_SIZE], const nrs_invite *invite, const nrs_invite_place *place, uint64_t held)
{
    nrs_error error = place->after < held ? nrs_store_roster_cut(core->store, id, place->after) : NRS_OK;

    return error == NRS_OK ? nrs_roster_keep_chain(core, id, invite, place->after) : error;
}

/* In: community: held as a guest, or NULL. */
static nrs_error join_anew(nrs_core *core, nrs_community *community, const uint8_t id[NRS_HASH_SIZE], const nrs_invite *invite, const nrs_roster *roster)
{
    nrs_invite_place place = {.after = 0};
    nrs_error error = nrs_directory_room(core, id);

    /* A guest has seen keys go as a member has: an invite stands on what it holds, not on the first roster alone (SPEC 7.5). */
    if (error == NRS_OK && community != NULL) {
        error = nrs_fork_invite(core, &place, community, invite, roster);
    }
    if (error == NRS_OK) {
        error = keep_invite(core, id, invite, &place, community == NULL ? 0 : community->roster->version);
    }
    if (error == NRS_OK && community != NULL) {
        error = nrs_fork_leave_behind(core, community, roster->version);
    }
    if (error == NRS_OK) {
        error = nrs_directory_adopt(core, id, nrs_field(&invite->current), own_source());
    }
    if (error == NRS_OK) {
        error = nrs_write_armoured(core, "communities", roster->id, ".first", "ROSTER", nrs_field(&invite->first));
    }
    return error == NRS_OK && place.apart ? nrs_roster_write_chain(core, id, roster->id) : error;
}

/* Whether the roster that comes ends this side, or one that was taken before has. */
static nrs_error settled(nrs_core *core, bool *settled_out, const nrs_community *community, const nrs_roster *roster, uint64_t version,
                         const uint8_t hash[NRS_HASH_SIZE])
{
    bool named = version < community->settled_version;
    nrs_error error = named ? NRS_OK : nrs_store_fork_healed(core->store, &named, community->id, hash);

    for (size_t i = 0; error == NRS_OK && i < roster->n_forks; i++) {
        named = named || memcmp(roster->forks[i].data, hash, NRS_HASH_SIZE) == 0;
    }
    if (error == NRS_OK) {
        *settled_out = named;
    }
    return error;
}

/* What an invite's chain holds of versions that are held, where it is another: the proof of a fork as any (SPEC 7.12), so that the invite is
 * refused. roster: the invite's newest. */
static nrs_error take_chain_rivals(nrs_core *core, nrs_community *community, const nrs_invite *invite, const nrs_roster *roster)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < invite->n_chain; i++) {
        nrs_roster_parts parts = {0};
        uint8_t hash[NRS_HASH_SIZE], held[NRS_HASH_SIZE];
        bool over = false;

        error = nrs_roster_parts_of(&parts, nrs_field(&invite->chain[i]));
        if (error == NRS_OK && parts.roster->version <= community->roster->version) {
            nrs_roster_hash(hash, nrs_field(&parts.many->statement));
            error = nrs_roster_hash_at(core, held, community->id, parts.roster->version);
            over = error == NRS_ERROR_NOT_FOUND || (error == NRS_OK && memcmp(hash, held, NRS_HASH_SIZE) == 0);
            error = error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
            error = error == NRS_OK && !over ? settled(core, &over, community, roster, parts.roster->version, hash) : error;
            error = error == NRS_OK && !over ? take_rival(core, community, nrs_field(&invite->chain[i])) : error;
        }
        nrs_roster_parts_wipe(&parts);
    }
    return error;
}

/* At a node that has joined, an invite is a later roster like any other: it stands on what is held, not on the first roster alone, which
 * keys that were dropped since have signed (SPEC 7.5); and it ends no fork but as 7.12 says. */
static nrs_error take_later_invite(nrs_core *core, nrs_community *community, const nrs_invite *invite, const nrs_roster *roster)
{
    const uint64_t held = community->roster->version;
    nrs_invite_place place = {.after = held};
    uint8_t id[NRS_HASH_SIZE];
    nrs_error error = take_chain_rivals(core, community, invite, roster);

    memcpy(id, community->id, sizeof id);
    if (error == NRS_OK) {
        error = nrs_fork_invite(core, &place, community, invite, roster);
    }
    if (error == NRS_OK && nrs_fork_is(community) && !nrs_fork_healed_by(community, roster)) {
        error = NRS_ERROR_FORKED;
    }
    if (error == NRS_OK) {
        error = keep_invite(core, id, invite, &place, held);
    }
    if (error == NRS_OK && nrs_fork_is(community)) { /* by the hand of a person: in force at once */
        error = nrs_fork_end(core, community, nrs_field(&invite->current));
    } else if (error == NRS_OK) {
        error = nrs_directory_adopt(core, id, nrs_field(&invite->current), own_source());
    }
    return error == NRS_OK && place.apart ? nrs_roster_write_chain(core, id, roster->id) : error;
}

static nrs_error take_invite(nrs_core *core, nrs_slice bytes)
{
    nrs_invite *invite = NULL;
    nrs_roster *roster = NULL;
    nrs_bytes statement = {0};
    uint8_t id[NRS_HASH_SIZE];
    nrs_community *community;
    nrs_error error = nrs_invite_decode(&invite, bytes);

    if (error == NRS_OK) {
        error = nrs_invite_verify(&roster, &statement, id, invite);
    }
    if (error == NRS_OK) {
        error = check_self(core, roster);
    }
    if (error != NRS_OK) {
        goto out;
    }
    community = nrs_community_by_id(core, id);
    if ((community == NULL || community->guest) && nrs_community_by_name(core, roster->id) != NULL) {
        error = NRS_ERROR_EXISTS;
        goto out;
    }
    if (community != NULL && community->guest && roster->version <= community->roster->version) {
        error = join_guest(core, community, invite);
    } else if (community == NULL || community->guest) {
        error = join_anew(core, community, id, invite, roster);
    } else if (roster->version > community->roster->version) {
        error = take_later_invite(core, community, invite, roster);
    } else {
        error = take_rival(core, community, nrs_field(&invite->current));
    }
    for (size_t i = 0; error == NRS_OK && i < invite->n_cards; i++) {
        error = take_card(core, nrs_field(&invite->cards[i]));
    }
out:
    nrs_bytes_wipe(&statement);
    nrs_roster_free(&roster);
    nrs_invite_free(&invite);
    return error;
}

static nrs_error take_key_change(nrs_core *core, nrs_slice payload)
{
    nrs_bytes record = {0};
    nrs_error error = nrs_record_wrap(&record, NRS_RECORD_KEY_CHANGE, payload);

    if (error == NRS_OK) {
        error = nrs_key_change_take(core, nrs_slice_of_bytes(&record), payload, own_source());
    }
    nrs_bytes_wipe(&record);
    return error;
}

static nrs_error take_json(nrs_core *core, nrs_slice bytes)
{
    json_error_t where;
    json_t *request = json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, &where);
    nrs_error error = request == NULL ? NRS_ERROR_MALFORMED : nrs_prekey_keeper_add_person(core, request);

    json_decref(request);
    return error;
}

/* By the armour's first line; what has none is a request in JSON. Out: event: what the audit log calls it, 0 when it is nothing
 * that this node knows. */
static nrs_error take_file(nrs_core *core, uint32_t *event, nrs_slice file)
{
    static const struct {
        const char *type;
        nrs_error (*take)(nrs_core *core, nrs_slice bytes);
        uint32_t event;
    } types[] = {{"ROSTER", take_roster, NRS_AUDIT_ROSTER}, {"CARD", take_card_file, NRS_AUDIT_CARD}, {"INVITE", take_invite, NRS_AUDIT_JOIN},
                 {"DRAFT", take_draft, NRS_AUDIT_ROSTER}, {"FORK", take_fork, NRS_AUDIT_ALARM},
                 {"REVOCATION", take_key_change, NRS_AUDIT_KEY}, {"SUCCESSION", take_key_change, NRS_AUDIT_KEY}};
    nrs_bytes bytes = {0};
    nrs_error error = NRS_ERROR_MALFORMED;

    if (file.size > NRS_CEREMONY_FILE_SIZE_MAX) {
        return NRS_ERROR_TOO_LARGE;
    }
    if (file.size > 0 && file.data[0] == '{') {
        *event = NRS_AUDIT_PREKEYS;
        return take_json(core, file);
    }
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        nrs_error decoded = nrs_armour_decode(&bytes, types[i].type, file);
        if (decoded == NRS_OK) {
            *event = types[i].event;
            error = types[i].take(core, nrs_slice_of_bytes(&bytes));
            break;
        }
        if (decoded != NRS_OK && !nrs_error_is_verdict(decoded)) { /* the machine's fault, not the file's: it is tried again */
            error = decoded;
            break;
        }
    }
    nrs_bytes_wipe(&bytes);
    return error;
}

/* A roster that was taken up has said so itself. */
static nrs_error audit_file(nrs_core *core, uint32_t event, nrs_error taken)
{
    const nrs_audit_what what = {.event = event, .rule = taken, .person = core->person};

    return event == 0 || (event == NRS_AUDIT_ROSTER && taken == NRS_OK) ? NRS_OK : nrs_audit_add(core, &what);
}

/* Who acted stands between the last @ of the file's name and its ending. What is no person of this node names nobody. */
static const char *person_named(nrs_core *core, char id_out[NRS_NAME_SIZE_MAX + 1], const char *file)
{
    const char *at = strrchr(file, '@');
    const size_t size = at == NULL ? 0 : strcspn(at + 1, ".");

    if (size == 0 || size > NRS_NAME_SIZE_MAX) {
        return NULL;
    }
    memcpy(id_out, at + 1, size);
    id_out[size] = '\0';
    return nrs_own_person(core, id_out) == NULL ? NULL : id_out;
}

nrs_error nrs_inbox_take(nrs_core *core, const nrs_event *event)
{
    nrs_effect *effect;
    uint32_t audited_as = 0;
    char person[NRS_NAME_SIZE_MAX + 1];
    nrs_error taken, error;

    core->person = person_named(core, person, event->name);
    taken = take_file(core, &audited_as, event->bytes);
    if (taken != NRS_OK && !nrs_error_is_verdict(taken)) { /* the file lies where it is, and is tried again */
        core->person = NULL;
        return taken;
    }
    nrs_core_log(core, taken, "inbox: %.64s %s", event->name, taken == NRS_OK ? "taken up" : nrs_error_rule(taken));
    error = audit_file(core, audited_as, taken);
    core->person = NULL;
    if (error == NRS_OK) {
        error = nrs_effect_add(core, &effect, NRS_EFFECT_INBOX_DONE);
    }
    if (error == NRS_OK) {
        effect->error = taken;
        effect->text = strdup(event->name);
    }
    return error;
}
