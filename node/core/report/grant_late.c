/* Recipients that waited for a prekey: a new grant of the same report, under the originator's authority (SPEC 6.5). */
#include <stdlib.h>
#include <string.h>

#include "report/withdrawal.h"
#include "prekeys/key_change.h"
#include "report/onward.h"
#include "rules/edges.h"
#include "withheld/withheld.h"

#define REPORTS_PER_PEER 256u /* of those whose bundle came; in a round fewer */
#define ROUND_EVERY_MS NRS_MINUTE_MS
#define ROUND_PEERS_PER_STEP 64u
#define ROUND_REPORTS_PER_STEP 64u

typedef struct waiting {
    uint64_t reports[REPORTS_PER_PEER];
    size_t count, limit;
    uint64_t after; /* the reports behind this one */
    bool more;
} waiting;

static nrs_error collect(void *context, const nrs_recipient_row *row)
{
    waiting *set = context;

    if (row->person != NULL) {
        return NRS_OK; /* RED is granted by a person's process only */
    }
    if (row->report <= set->after) {
        return NRS_OK;
    }
    if (set->count >= set->limit) {
        set->more = true;
        return NRS_ERROR_LIMIT;
    }
    set->reports[set->count] = row->report;
    set->count++;
    return NRS_OK;
}

static nrs_error report_at(nrs_core *core, nrs_report_row *row_out, nrs_bytes *holder, uint64_t position)
{
    nrs_log_row logged;
    nrs_bytes bytes = {0};
    uint8_t id[NRS_HASH_SIZE];
    nrs_error error = nrs_store_log_get(core->store, &logged, &bytes, position);

    if (error == NRS_OK) {
        memcpy(id, logged.id, sizeof id);
        error = nrs_store_report_get(core->store, row_out, holder, id);
    }
    nrs_bytes_wipe(&bytes);
    return error;
}

/* Nothing is granted to an organisation that has left the report's community, whatever others it stands in; nor, on this node's own
 * authority, to one that was let in beside the addressed. */
static nrs_error may_have(nrs_core *core, bool *may_out, const nrs_report_row *row, const nrs_peer *peer)
{
    const nrs_community *community = nrs_community_by_id(core, row->community);

    *may_out = row->part == NRS_PART_SENT && row->key_state == NRS_KEY_HELD && nrs_withheld_may_grant(core, row, peer) && !nrs_withdrawn(core, row->id) && community != NULL && community->member &&
           nrs_peer_member(core, peer, community) && nrs_peer_joined(core, peer, community);
    return *may_out ? nrs_sent_to(core, may_out, row, peer->keys.sign_key) : NRS_OK;
}

/* A duty that ran out since the report was sent keeps its key back, until there is a new one. */
static nrs_error check_duty(nrs_core *core, const nrs_report_row *row, const nrs_header *header, const nrs_peer *peer)
{
    const nrs_community *community = nrs_community_by_id(core, row->community);
    nrs_opened opened = {0};
    nrs_error error;

    if (community == NULL) {
        return NRS_ERROR_UNKNOWN_COMMUNITY;
    }
    if (community->roster->rules->n_duties == 0 && header->duty[0] == '\0') {
        return NRS_OK;
    }
    error = nrs_annex_read(core, &opened, row);
    if (error == NRS_OK) {
        error = nrs_duty_check(core, header, NRS_PLACE_GRANT, opened.report->kind, peer->org);
    }
    nrs_opened_wipe(&opened);
    return error;
}

static nrs_error grant_one(nrs_core *core, const nrs_report_row *row, const nrs_recipient *recipient, const nrs_peer *peer)
{
    nrs_bytes grant = {0}, table = {0}, record = {0};
    nrs_sealed_view *view = NULL;
    nrs_secret *file_key = NULL;
    nrs_identity *identity = core->identity;
    nrs_public_keys keys = core->self;
    nrs_grant_request request = {.authority = NRS_AUTHORITY_ORIGINATOR, .recipients = recipient, .recipient_count = 1, .now_ms = core->now_ms,
                                 .grantor = {.keys = &keys, .agree = nrs_identity_agree_with, .agree_context = core->identity}};
    uint8_t grant_id[NRS_HASH_SIZE], accepted[NRS_HASH_SIZE];
    nrs_disclaimer_state decided = NRS_DISCLAIMER_WAITING;
    nrs_slice none = nrs_slice_of(NULL, 0), owner;
    uint64_t sealed_position;
    bool written = false, may = false;
    nrs_error error = may_have(core, &may, row, peer);

    if (error == NRS_OK && !may) {
        /* One whom this hub let in; or forgotten since, open to anyone, no longer for this one. */
        error = row->key_state == NRS_KEY_HELD ? nrs_onward_extend_late(core, row, peer) : NRS_OK;
        goto out;
    }
    if (error == NRS_OK) {
        error = nrs_open_file_key(core, &file_key, row);
    }
    if (error == NRS_OK) {
        error = nrs_log_sealed(core, &view, &sealed_position, row->id);
    }
    if (error == NRS_OK) {
        error = check_duty(core, row, view->header, peer);
    }
    if (error == NRS_OK && (view->header->flags & NRS_HEADER_UNLOCK_ON_ACCEPT) != 0) { /* the grant cites the acceptance */
        error = nrs_disclaimers_decided(core, &decided, accepted, row->position, peer->org);
        error = error == NRS_OK ? nrs_policy_disclaimer(NRS_PLACE_GRANT, decided).error : error;
        request.authority_ref = nrs_slice_of(accepted, sizeof accepted);
    }
    if (error == NRS_OK) {
        identity = nrs_identity_for(core, view->header->originator.data); /* under the key that sealed it */
        keys = *nrs_identity_public(identity);
        request.grantor.agree_context = identity;
        request.sealed = view;
        request.file_key = file_key;
        error = nrs_grant_make(&grant, &table, &request);
    }
    if (error == NRS_OK) {
        error = nrs_signed_record(&record, NRS_RECORD_GRANT, identity, nrs_slice_of_bytes(&grant));
    }
    if (error == NRS_OK) { /* what is made counts: it is tried each minute until it is */
        error = nrs_grant_count(core, view, keys.sign_key, 1);
    }
    if (error == NRS_OK) {
        owner = nrs_slice_of(view->id, NRS_HASH_SIZE);
        nrs_hash_one(grant_id, NRS_DOMAIN_STATEMENT_ID, nrs_slice_of_bytes(&grant));
        error = nrs_log_add(core, NULL, NRS_RECORD_GRANT, grant_id, nrs_slice_of_bytes(&record), owner, none, view->header->expires_ms);
        written = error == NRS_OK;
    }
    if (error == NRS_OK) {
        error = nrs_log_add_own_slots(core, nrs_slice_of_bytes(&grant), nrs_slice_of_bytes(&table), view->header->expires_ms);
    }
    if (error == NRS_OK) {
        error = nrs_store_recipient_granted(core->store, row->position, peer->keys.sign_key);
    }
    error = written ? nrs_command_written(core, error) : error; /* else it would be granted again each minute */
out:
    nrs_secret_destroy(&file_key);
    nrs_sealed_view_free(&view);
    nrs_bytes_wipe(&record);
    nrs_bytes_wipe(&table);
    nrs_bytes_wipe(&grant);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

/* To the key that came after, where the report's community has it: the last bundle of the one before is held for weeks, and no newer one will
 * come. Who stands outside of that community was let in, by keys of its own. */
static const nrs_peer *key_to_grant(nrs_core *core, const nrs_report_row *row, const nrs_peer *peer)
{
    const nrs_community *community = nrs_community_by_id(core, row->community);
    const nrs_peer *there = nrs_peer_in_force(core, peer->keys.sign_key, community), *successor = nrs_key_successor(core, peer->keys.sign_key);

    return (community != NULL && nrs_peer_member(core, there, community)) || successor == NULL ? there : successor;
}

static nrs_error grant_report(nrs_core *core, uint64_t position, const nrs_peer *peer)
{
    nrs_report_row row;
    nrs_bytes holder = {0};
    nrs_recipient recipient;
    bool destroyed = false;
    nrs_error error = report_at(core, &row, &holder, position);

    if (error == NRS_OK) {
        error = nrs_recipient_of(core, &recipient, key_to_grant(core, &row, peer), NULL);
    }
    if (error == NRS_OK) {
        const nrs_regrant_row asked = {.report = position, .org = peer->keys.sign_key, .prekey = recipient.prekey_id};
        error = nrs_store_regrant_has(core->store, &destroyed, &asked);
    }
    if (error == NRS_OK && !destroyed) { /* else its newer bundle has not come yet */
        error = grant_one(core, &row, &recipient, peer);
    }
    nrs_bytes_wipe(&holder);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

static bool has_prekey(const nrs_core *core, const nrs_peer *peer)
{
    nrs_recipient recipient;

    return peer != NULL && nrs_recipient_of(core, &recipient, peer, NULL) == NRS_OK;
}

const char *nrs_grant_waits_for(const nrs_core *core, const nrs_community *community, const uint8_t *org, const uint8_t *person)
{
    const nrs_peer *peer = nrs_peer_by_sign(core, org);
    const Nrs__Wire__PersonEntry *entry = person == NULL ? NULL : nrs_peer_person_by_key(peer, person);
    nrs_recipient recipient;

    if (!nrs_peer_joined(core, peer, community)) {
        return "join";
    }
    return (person != NULL && entry == NULL) || nrs_recipient_of(core, &recipient, peer, entry) != NRS_OK ? "keys" : "duty";
}

/* What cannot be granted to one recipient goes on waiting and holds up nothing else: the next time begins behind it. */
static nrs_error grant_peer(nrs_core *core, waiting *set, nrs_peer *peer, size_t limit)
{
    nrs_error error, refused = NRS_OK;
    size_t refused_count = 0;

    set->count = 0;
    set->limit = limit;
    set->after = peer->waiting_after;
    set->more = false;
    if (peer->member_of == 0) {
        return NRS_OK;
    }
    if (!has_prekey(core, peer) && !has_prekey(core, nrs_key_successor(core, peer->keys.sign_key))) {
        return NRS_OK;
    }
    error = nrs_store_waiting_each(core->store, peer->keys.sign_key, core->now_ms, collect, set);
    peer->waiting_after = set->more ? set->reports[set->count - 1] : 0;
    for (size_t i = 0; i < set->count && error == NRS_OK; i++) {
        error = grant_report(core, set->reports[i], peer);
        if (error != NRS_OK && !nrs_error_is_fatal(error)) {
            refused = error;
            refused_count++;
            error = NRS_OK;
        }
    }
    if (refused_count > 0) {
        nrs_core_log(core, refused, "%zu reports go on waiting for %s: %s", refused_count, peer->org, nrs_error_rule(refused));
    }
    return error != NRS_OK && !nrs_error_is_fatal(error) ? NRS_OK : error;
}

/* A window that begins lets go what waited for it, and no record tells of that: every minute all are looked through, a part
 * of them in each step. Peers that come or go in the middle of a round are seen in the next. */
static nrs_error round_on(nrs_core *core, waiting *set)
{
    nrs_peer *peer, *next;
    size_t index = 0, reports = 0, first = core->waiting_next;
    nrs_error error = NRS_OK;

    HASH_ITER (by_sign, core->peers_by_sign, peer, next) {
        if (index >= first) {
            if (index - first == ROUND_PEERS_PER_STEP || reports >= ROUND_REPORTS_PER_STEP) {
                core->waiting_next = index;
                return NRS_OK;
            }
            error = grant_peer(core, set, peer, ROUND_REPORTS_PER_STEP);
            reports += set->count;
            if (error != NRS_OK) {
                return error;
            }
        }
        index++;
    }
    core->waiting_round = false;
    return NRS_OK;
}

static bool round_due(nrs_core *core)
{
    if (!core->waiting_round && (core->waiting_checked_ms == 0 || core->monotonic_ms >= core->waiting_checked_ms + ROUND_EVERY_MS)) {
        core->waiting_checked_ms = core->monotonic_ms;
        core->waiting_next = 0;
        core->waiting_round = true;
    }
    return core->waiting_round;
}

nrs_error nrs_grant_waiting(nrs_core *core)
{
    bool round = round_due(core);
    waiting *set = NULL;
    nrs_error error = NRS_OK;

    if (core->arrived_count == 0 && !round) {
        return NRS_OK;
    }
    set = calloc(1, sizeof *set);
    if (set == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < core->arrived_count && error == NRS_OK; i++) {
        nrs_peer *peer = nrs_peer_by_sign(core, core->arrived[i]);
        error = peer == NULL ? NRS_OK : grant_peer(core, set, peer, REPORTS_PER_PEER);
    }
    if (error == NRS_OK && round) {
        error = round_on(core, set);
    }
    free(set);
    return error;
}
