/* Keys that end (SPEC 7.7): a revocation binds every node that holds it at once, whatever the roster says; a succession is
 * kept, passed on, and left for whoever keeps the roster. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "link/link.h"
#include "link/log.h"
#include "prekeys/key_change.h"
#include "roster/directory.h"
#include "keys/change.h"

#define SWITCH_LATE_MS 60000u /* and so long after that it is given up */
#define SWITCH_WAIT_MS 20000u /* members of a hub that goes over to its next keys are given so long to hear of the roster */

/* Whether a roster of a community that is joined here has the next key as another member's. A member that consents would keep for the first its
 * link after it was removed, and take what is for it. */
static bool is_anothers(const nrs_core *core, const uint8_t before[NRS_KEY_SIZE], const uint8_t after[NRS_KEY_SIZE])
{
    for (size_t i = 0; i < core->community_count; i++) {
        const nrs_roster *roster = core->communities[i].roster;
        const Nrs__Wire__Member *old = nrs_roster_member_by_key(roster, before), *next = nrs_roster_member_by_key(roster, after);
        const Nrs__Wire__Tombstone *tombstone = nrs_roster_tombstone(roster, before);
        const char *org = old != NULL ? old->org : tombstone != NULL ? tombstone->org : NULL;

        if (!core->communities[i].guest && org != NULL && next != NULL && strcmp(org, next->org) != 0) {
            return true;
        }
    }
    return false;
}

static nrs_error remember(nrs_core *core, const nrs_key_change *change, const nrs_card *card)
{
    nrs_key_end *end;

    HASH_FIND(hh, core->key_ends, change->sign_key.data, NRS_KEY_SIZE, end);
    if (end == NULL) {
        end = calloc(1, sizeof *end);
        if (end == NULL) {
            return NRS_ERROR_NO_MEMORY;
        }
        memcpy(end->sign_key, change->sign_key.data, NRS_KEY_SIZE);
        HASH_ADD(hh, core->key_ends, sign_key, NRS_KEY_SIZE, end);
        if (end->hh.tbl == NULL) {
            free(end);
            return NRS_ERROR_NO_MEMORY;
        }
    }
    end->cause = change->cause;
    (void)snprintf(end->org, sizeof end->org, "%s", change->org);
    if (card != NULL) {
        memcpy(end->agree_key, change->agree_key.data, NRS_KEY_SIZE);
        memcpy(end->successor, card->sign_key.data, NRS_KEY_SIZE);
        return nrs_bytes_copy(&end->card, nrs_field(&change->card));
    }
    return NRS_OK;
}

static nrs_error load_change(void *context, const nrs_published_row *row)
{
    nrs_key_change *change = NULL;
    nrs_card *card = NULL;
    nrs_error error = nrs_change_verify(&change, &card, row->payload);

    if (error == NRS_OK) {
        error = remember(context, change, card);
    }
    nrs_key_change_free(&change);
    nrs_card_free(&card);
    return nrs_error_is_verdict(error) ? NRS_ERROR_DAMAGED : error;
}

nrs_error nrs_key_changes_load(nrs_core *core)
{
    return nrs_store_key_change_each(core->store, load_change, core);
}

void nrs_key_changes_wipe(nrs_core *core)
{
    nrs_key_end *end, *next;

    HASH_ITER (hh, core->key_ends, end, next) {
        HASH_DEL(core->key_ends, end);
        nrs_bytes_wipe(&end->card);
        free(end);
    }
}

/* Whether the statement says something new. A revocation stands above a succession; of two successions the first stands, since
 * the second may be made by whoever stole the key. */
static nrs_error is_news(const nrs_core *core, bool *news_out, const nrs_key_change *change, const nrs_card *card)
{
    const nrs_key_end *held = nrs_key_end_of(core, change->sign_key.data);

    *news_out = held == NULL || (held->cause == NRS_KEY_SUCCEEDED && change->cause == NRS_KEY_REVOKED);
    if (*news_out || held->cause == NRS_KEY_REVOKED || memcmp(held->successor, card->sign_key.data, NRS_KEY_SIZE) == 0) {
        return NRS_OK;
    }
    return NRS_ERROR_EXISTS;
}

static nrs_error store_change(nrs_core *core, nrs_slice record, nrs_slice payload, const nrs_key_change *change, nrs_slice source)
{
    nrs_published_row row = {.owner = change->sign_key.data, .serial = change->cause, .payload = payload};
    uint8_t id[NRS_HASH_SIZE];
    nrs_error error;

    nrs_record_id(id, record);
    error = nrs_log_add(core, &row.position, NRS_RECORD_KEY_CHANGE, id, record, nrs_field(&change->sign_key), source, 0);
    return error == NRS_OK ? nrs_store_key_change_set(core->store, &row) : error;
}

/* What came from a peer; a file of the inbox is an entry by itself. */
static nrs_error audit_change(nrs_core *core, const nrs_key_change *change, const nrs_community *community, nrs_slice source)
{
    char text[NRS_AUDIT_DETAIL_SIZE_MAX + 1];
    const nrs_audit_what what = {.event = NRS_AUDIT_KEY, .org = change->org, .about = nrs_field(&change->sign_key), .detail = text};

    if (source.size == 0) {
        return NRS_OK;
    }
    (void)snprintf(text, sizeof text, change->cause == NRS_KEY_REVOKED ? "revoked in @%s" : "succeeded in @%s", community->roster->id);
    return nrs_audit_add(core, &what);
}

nrs_error nrs_key_change_write(nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE], uint32_t cause, nrs_slice payload)
{
    const bool revoked = cause == NRS_KEY_REVOKED;
    char name[NRS_KEY_NAME_SIZE];

    nrs_key_name(name, sign_key);
    return nrs_write_armoured(core, "changes", name, revoked ? ".revocation" : ".succession", revoked ? "REVOCATION" : "SUCCESSION", payload);
}

/* What is announced waits in a file for who keeps a roster. */
static nrs_error take_succession(nrs_core *core, const nrs_key_change *change, const nrs_community *community, nrs_slice payload)
{
    nrs_error error;

    if (community == NULL) {
        nrs_core_log(core, NRS_OK, "this node has announced new keys; the roster decides");
    } else {
        nrs_core_log(core, NRS_OK, "%s of @%s announces new keys; the roster decides", change->org, community->roster->id);
    }
    core->dial_due = true; /* of a hub: looked for under either key from now on */
    error = nrs_directory_reindex(core);
    return error == NRS_OK && (community == NULL || !community->guest) ? nrs_key_change_write(core, change->sign_key.data, change->cause, payload) : error;
}

nrs_error nrs_key_change_take(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_slice source)
{
    nrs_key_change *change = NULL;
    nrs_card *card = NULL;
    const nrs_community *community = NULL;
    bool news = false, own = false;
    nrs_error error = nrs_change_verify(&change, &card, payload);

    /* A node that was restored hears of its own next keys before it holds a roster (SPEC 7.9): of itself it needs none. */
    own = error == NRS_OK && source.size == 0 && change->cause == NRS_KEY_SUCCEEDED && memcmp(change->sign_key.data, core->self.sign_key, NRS_KEY_SIZE) == 0;
    if (error == NRS_OK && !own && nrs_key_change_would_concern(core, change->sign_key.data, change->cause) == 0) {
        error = NRS_ERROR_NOT_MEMBER;
    }
    if (error == NRS_OK) {
        community = nrs_key_change_named_in(core, change);
        error = community == NULL && !own ? NRS_ERROR_FORGED : NRS_OK;
    }
    if (error == NRS_OK && change->cause == NRS_KEY_SUCCEEDED && is_anothers(core, change->sign_key.data, card->sign_key.data)) {
        error = NRS_ERROR_FORGED;
    }
    if (error == NRS_OK) {
        error = is_news(core, &news, change, card);
    }
    if (error != NRS_OK || !news) {
        goto out;
    }
    error = store_change(core, record, payload, change, source);
    if (error == NRS_OK) {
        error = remember(core, change, card);
    }
    if (error == NRS_OK) {
        error = audit_change(core, change, community, source);
    }
    if (error == NRS_OK && change->cause == NRS_KEY_REVOKED) {
        nrs_core_log(core, NRS_ERROR_REVOKED, "the key of %s of @%s is revoked by itself: nothing of it is taken any more", change->org,
                     community->roster->id);
        core->admission_changed = true; /* links end within this step */
        error = nrs_directory_reindex(core);
        if (error == NRS_OK && !community->guest) {
            error = nrs_key_change_write(core, change->sign_key.data, change->cause, payload);
        }
    } else if (error == NRS_OK) {
        error = take_succession(core, change, community, payload);
    }
    if (error != NRS_OK) {
        core->must_reload = true; /* memory has run ahead of the store */
    }
out:
    nrs_key_change_free(&change);
    nrs_card_free(&card);
    return error;
}

/* ---- After the roster has followed ---- */

static nrs_error take_card(nrs_core *core, const nrs_key_end *end)
{
    const nrs_peer *peer = nrs_key_successor(core, end->sign_key);
    nrs_bytes record = {0};
    nrs_error error;

    if (peer == NULL || peer->card != NULL || memcmp(end->successor, core->self.sign_key, NRS_KEY_SIZE) == 0) {
        return NRS_OK;
    }
    error = nrs_record_wrap(&record, NRS_RECORD_CARD, nrs_slice_of_bytes(&end->card));
    if (error == NRS_OK) {
        error = nrs_directory_take_card(core, nrs_slice_of_bytes(&record), nrs_slice_of_bytes(&end->card), nrs_slice_of(NULL, 0));
    }
    if (nrs_error_is_verdict(error)) { /* its card comes by itself all the same */
        nrs_core_log(core, error, "the card of the new keys of %s is not taken: %s", end->org, nrs_error_rule(error));
        error = NRS_OK;
    }
    nrs_bytes_wipe(&record);
    return error;
}

/* A member that has the roster ends its link to a key without a role. */
static bool members_left(const nrs_core *core)
{
    for (const nrs_link *link = core->links; link != NULL; link = link->hh.next) {
        if (!link->outgoing && nrs_link_admitted(core, link->peer)) {
            return true;
        }
    }
    return false;
}

bool nrs_key_going_over(const nrs_core *core)
{
    return !core->switch_missed && nrs_key_successor(core, core->self.sign_key) != NULL;
}

/* Nothing that was passed over is lost where the next keys do not come: their file is gone, or a roster has followed that names others. What
 * flies is heard again over the links that come after. */
static void hear_again(nrs_core *core)
{
    nrs_link *link, *next;

    if (core->switch_due && core->monotonic_ms >= core->switch_by_ms + SWITCH_LATE_MS) {
        core->switch_missed = true;
    }
    if (nrs_key_going_over(core)) {
        return;
    }
    HASH_ITER (hh, core->links, link, next) {
        if (link->passed_over) {
            nrs_link_close(core, link, NRS_OK);
        }
    }
}

/* Over to the next keys: at a hub once the members whose links stand have gone there, or have had time to. */
static nrs_error switch_keys(nrs_core *core)
{
    nrs_effect *effect;
    nrs_error error;

    if (!core->switch_due) {
        core->switch_due = true;
        core->switch_by_ms = core->monotonic_ms + SWITCH_WAIT_MS;
    }
    if (core->monotonic_ms < core->switch_by_ms && members_left(core)) {
        return NRS_OK;
    }
    error = nrs_effect_add(core, &effect, NRS_EFFECT_SWITCH);
    core->switch_said = error == NRS_OK;
    return error;
}

/* ---- How long a key that was succeeded goes on ---- */

#define ENDED_NAME_SIZE (sizeof "ended " + 2 * NRS_HASH_SIZE + NRS_KEY_NAME_SIZE)

static void ended_name(char name_out[ENDED_NAME_SIZE], const nrs_community *community, const uint8_t sign_key[NRS_KEY_SIZE])
{
    char id[2 * NRS_HASH_SIZE + 1], key[NRS_KEY_NAME_SIZE];

    nrs_hex_encode(id, community->id, NRS_HASH_SIZE);
    nrs_key_name(key, sign_key);
    (void)snprintf(name_out, ENDED_NAME_SIZE, "ended %s %s", id, key);
}

nrs_error nrs_key_ended_ms(nrs_core *core, uint64_t *ms_out, const nrs_community *community, const Nrs__Wire__Tombstone *tombstone)
{
    char name[ENDED_NAME_SIZE];
    uint64_t seen_ms = 0;
    bool seen = false;
    nrs_error error;

    NRS_ASSERT(ms_out != NULL && tombstone != NULL);
    ended_name(name, community, tombstone->sign_key.data);
    error = nrs_store_meta_number_get(core->store, name, &seen_ms, &seen);
    if (error == NRS_OK) {
        *ms_out = seen && seen_ms < tombstone->at_ms ? seen_ms : tombstone->at_ms;
    }
    return error;
}

/* In the grace it is a member without a role, and what it made before holds on; a clock may be wrong by a day. */
nrs_error nrs_key_hub_then(nrs_core *core, bool *hub_out, const uint8_t sign_key[NRS_KEY_SIZE], const nrs_community *community, uint64_t at_ms)
{
    const nrs_peer *peer = nrs_peer_by_sign(core, sign_key);
    const Nrs__Wire__Tombstone *tombstone = nrs_roster_tombstone(community->roster, sign_key);
    uint64_t ended_ms = 0;
    nrs_error error = NRS_OK;

    *hub_out = nrs_peer_hub(core, peer, community);
    if (*hub_out || tombstone == NULL || !nrs_peer_member(core, peer, community) || !nrs_peer_hub(core, nrs_key_successor(core, sign_key), community)) {
        return NRS_OK;
    }
    error = nrs_key_ended_ms(core, &ended_ms, community, tombstone);
    *hub_out = error == NRS_OK && at_ms <= ended_ms + NRS_CLOCK_AHEAD_MS_MAX;
    return error;
}

/* A tombstone's time is of a clock that may be years ahead, and the grace would never end. So it is kept when this node has first seen such a
 * one; not while its own clock may be the one that is wrong. */
static nrs_error note_ended(nrs_core *core, const nrs_community *community, const uint8_t sign_key[NRS_KEY_SIZE])
{
    const Nrs__Wire__Tombstone *tombstone = nrs_roster_tombstone(community->roster, sign_key);
    char name[ENDED_NAME_SIZE];
    uint64_t seen_ms = 0;
    bool seen = false;
    nrs_error error;

    if (tombstone == NULL || !nrs_clock_ahead(core, tombstone->at_ms)) {
        return NRS_OK;
    }
    ended_name(name, community, sign_key);
    error = nrs_store_meta_number_get(core->store, name, &seen_ms, &seen);
    return error != NRS_OK || seen ? error : nrs_store_meta_number_set(core->store, name, core->now_ms);
}

static nrs_error note_all_ended(nrs_core *core)
{
    nrs_error error = NRS_OK;

    if (nrs_clock_error_ms(core) != 0 || nrs_clock_before_roster(core) != NULL) {
        return NRS_OK;
    }
    for (const nrs_key_end *end = core->key_ends; end != NULL && error == NRS_OK; end = end->hh.next) {
        for (size_t i = 0; end->cause == NRS_KEY_SUCCEEDED && i < core->community_count && error == NRS_OK; i++) {
            error = note_ended(core, &core->communities[i], end->sign_key);
        }
    }
    return error;
}

nrs_error nrs_key_changes_settle(nrs_core *core)
{
    nrs_error error = note_all_ended(core);

    for (const nrs_key_end *end = core->key_ends; end != NULL && error == NRS_OK; end = end->hh.next) {
        if (end->cause == NRS_KEY_SUCCEEDED) {
            error = take_card(core, end);
        }
    }
    if (error == NRS_OK && !core->switch_said && nrs_key_successor(core, core->self.sign_key) != NULL) {
        error = switch_keys(core);
    }
    return error;
}

nrs_error nrs_key_changes_tick(nrs_core *core)
{
    hear_again(core);
    if (core->switch_due && !core->switch_said && nrs_key_successor(core, core->self.sign_key) != NULL) {
        nrs_error error = switch_keys(core);
        if (error != NRS_OK) {
            return error;
        }
    }
    if (core->key_ends == NULL || core->monotonic_ms < core->ends_checked_ms + NRS_HOUR_MS) {
        return NRS_OK;
    }
    core->ends_checked_ms = core->monotonic_ms;
    core->admission_changed = true; /* a link that stood by the grace ends with it */
    return nrs_directory_reindex(core);
}
