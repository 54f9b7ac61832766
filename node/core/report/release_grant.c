/* Grants on a release (SPEC 6.12): the holder lets in whom its ask named, with the same audience that the originator signed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "prekeys/key_change.h"
#include "report/onward.h"
#include "report/release.h"
#include "report/withdrawal.h"
#include "roster/roster.h"
#include "stream/stream.h"

typedef struct granting {
    nrs_core *core;
    const nrs_report_row *report;
    const nrs_sealed_view *view;
    const nrs_community *home;
    const nrs_community *target;
    const nrs_audience *audience;
    const nrs_release *release;
    const nrs_peer *only;
    uint32_t kind;
    nrs_recipient *recipients; /* owned */
    const nrs_peer **peers;    /* owned */
    size_t count;
} granting;

/* A community is named as a whole, an organisation by its key, or the one before. */
static bool named(const granting *it, const Nrs__Wire__Member *member)
{
    for (size_t i = 0; i < it->audience->n_targets; i++) {
        const Nrs__Wire__Target *target = it->audience->targets[i];

        if (target->community.len != 0 || (target->org.len == NRS_KEY_SIZE && nrs_key_follows(it->core, target->org.data, member->sign_key.data))) {
            return true;
        }
    }
    return false;
}

static nrs_error note(granting *it, const nrs_peer *peer, const uint8_t *grant_id)
{
    static const uint8_t none[NRS_HASH_SIZE];
    const nrs_let_in_row row = {.report = it->report->position, .authority = NRS_AUTHORITY_RELEASE, .at_ms = it->core->now_ms, .by = it->core->self.sign_key,
                                .community = it->target->id, .grant = grant_id == NULL ? none : grant_id, .released_ms = it->release->created_ms,
                                .until_ms = it->release->expires_ms};

    return nrs_let_in_put(it->core, &row, it->home, it->target, (nrs_label)it->view->header->label, peer, it->only);
}

/* Of the originator or of a hub on its consent, or of this node before. What another holder has given is only as good as that holder. */
static nrs_error has_it(granting *it, bool *has_out, const nrs_peer *peer)
{
    char address[NRS_ADDRESS_SIZE_MAX + 1];
    nrs_error error = nrs_granted_to(it->core, has_out, it->report->id, peer, NRS_SLOT_CONSENTED);

    nrs_let_in_address(address, it->home, it->target, peer->org);
    return error == NRS_OK && !*has_out ? nrs_let_in_granted(it->core, has_out, it->report->position, address) : error;
}

static nrs_error candidate(granting *it, const Nrs__Wire__Member *member)
{
    nrs_core *core = it->core;
    const nrs_peer *peer = nrs_peer_by_sign(core, member->sign_key.data);
    nrs_recipient *recipient = &it->recipients[it->count];
    bool granted = false;
    nrs_error error, duty;

    if (!nrs_peer_member(core, peer, it->target) || !named(it, member) || nrs_key_ours(core, member->sign_key.data) ||
        nrs_key_follows(core, it->report->originator, member->sign_key.data) || !nrs_let_in_meant(core, it->only, member)) {
        return NRS_OK;
    }
    error = it->only != NULL ? NRS_OK : has_it(it, &granted, peer);
    if (error != NRS_OK || granted) {
        return error;
    }
    duty = nrs_onward_duty(core, it->view->header, (nrs_label)it->release->label, NRS_PLACE_GRANT, it->kind, it->target, member->sign_key.data);
    if (duty != NRS_OK || !nrs_let_in_reachable(core, recipient, peer, it->target)) {
        return it->only != NULL ? NRS_OK : note(it, peer, NULL);
    }
    it->peers[it->count] = peer;
    it->count++;
    return NRS_OK;
}

/* Under the key that the release names: it was asked for before a change of keys, perhaps. */
static nrs_error put(granting *it, const nrs_ask *ask, const nrs_secret *file_key, const uint8_t *release_id)
{
    nrs_core *core = it->core;
    nrs_identity *identity = nrs_identity_for(core, it->release->holder.data);
    const nrs_public_keys keys = *nrs_identity_public(identity);
    const nrs_slice none = nrs_slice_of(NULL, 0), owner = nrs_slice_of(it->report->id, NRS_HASH_SIZE);
    const nrs_grant_request request = {.sealed = it->view,
                                       .file_key = file_key,
                                       .authority = NRS_AUTHORITY_RELEASE,
                                       .authority_ref = nrs_slice_of(release_id, NRS_HASH_SIZE),
                                       .audience = it->audience,
                                       .audience_salt = nrs_field(&ask->salt),
                                       .community = nrs_field(&ask->community),
                                       .recipients = it->recipients,
                                       .recipient_count = it->count,
                                       .grantor = {.keys = &keys, .agree = nrs_identity_agree_with, .agree_context = identity},
                                       .now_ms = core->now_ms};
    const uint64_t expires_ms = it->release->expires_ms;
    uint8_t grant_id[NRS_HASH_SIZE];
    nrs_bytes grant = {0}, table = {0}, record = {0};
    bool written = false; /* a grant that is in the log is there with its slots, and with a note of whom it lets in */
    nrs_error error = nrs_grant_make(&grant, &table, &request);

    if (error == NRS_OK) {
        error = nrs_signed_record(&record, NRS_RECORD_GRANT, identity, nrs_slice_of_bytes(&grant));
    }
    if (error == NRS_OK) { /* what is made counts, and nothing that could not be made */
        error = nrs_grant_count(core, it->view, keys.sign_key, (uint32_t)it->count);
    }
    if (error == NRS_OK) {
        nrs_hash_one(grant_id, NRS_DOMAIN_STATEMENT_ID, nrs_slice_of_bytes(&grant));
        error = nrs_log_add(core, NULL, NRS_RECORD_GRANT, grant_id, nrs_slice_of_bytes(&record), owner, none, expires_ms);
        written = error == NRS_OK;
    }
    if (error == NRS_OK) {
        error = nrs_log_add_own_slots(core, nrs_slice_of_bytes(&grant), nrs_slice_of_bytes(&table), expires_ms);
    }
    for (size_t i = 0; error == NRS_OK && i < it->count; i++) {
        error = note(it, it->peers[i], grant_id);
    }
    nrs_bytes_wipe(&record);
    nrs_bytes_wipe(&table);
    nrs_bytes_wipe(&grant);
    return written ? nrs_command_written(core, error) : error;
}

static nrs_error audit_grant(const granting *it)
{
    char detail[NRS_AUDIT_DETAIL_SIZE_MAX + 1];
    const nrs_audit_what what = {.event = NRS_AUDIT_EXTEND, .about = nrs_slice_of(it->report->id, NRS_HASH_SIZE), .detail = detail};

    (void)snprintf(detail, sizeof detail, "%s @%s %zu", nrs_label_name((nrs_label)it->release->label), it->target->roster->id, it->count);
    return nrs_audit_add(it->core, &what);
}

nrs_error nrs_release_grant(nrs_core *core, size_t *granted_out, const nrs_report_row *report, const nrs_ask *ask, const nrs_release *release,
                            const uint8_t release_id[NRS_HASH_SIZE], const nrs_peer *only)
{
    granting it = {.core = core, .report = report, .home = nrs_community_by_id(core, report->community), .target = nrs_ask_target(core, ask, report->community),
                   .release = release, .only = only};
    nrs_sealed_view *view = NULL;
    nrs_secret *file_key = NULL;
    nrs_audience *audience = NULL;
    nrs_opened opened = {0};
    uint64_t position = 0;
    nrs_error error = it.home == NULL || it.target == NULL ? NRS_ERROR_UNKNOWN_COMMUNITY : nrs_log_sealed(core, &view, &position, report->id);

    if (error == NRS_OK) {
        error = nrs_audience_decode(&audience, nrs_field(&ask->audience));
    }
    if (error == NRS_OK) {
        error = nrs_open_file_key(core, &file_key, report);
    }
    if (error == NRS_OK) {
        error = nrs_annex_read(core, &opened, report);
    }
    if (error == NRS_OK && opened.report->n_passes_on > 0) { /* its originator has not written all of it */
        error = NRS_ERROR_RELEASE;
    }
    if (error == NRS_OK) {
        it.view = view;
        it.audience = audience;
        it.kind = opened.report->kind;
        it.recipients = calloc(it.target->roster->n_members, sizeof *it.recipients);
        it.peers = calloc(it.target->roster->n_members, sizeof(const nrs_peer *));
        error = it.recipients == NULL || it.peers == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;
    }
    for (size_t i = 0; error == NRS_OK && i < it.target->roster->n_members; i++) {
        error = candidate(&it, it.target->roster->members[i]);
    }
    if (error == NRS_OK && it.count > 0) {
        error = put(&it, ask, file_key, release_id);
    }
    if (error == NRS_OK && it.count > 0) {
        error = audit_grant(&it);
    }
    if (error == NRS_OK) {
        *granted_out = it.count;
    }
    free(it.recipients);
    free(it.peers);
    nrs_opened_wipe(&opened);
    nrs_audience_free(&audience);
    nrs_secret_destroy(&file_key);
    nrs_sealed_view_free(&view);
    return error;
}

/* ---- Those who waited ---- */

typedef struct release_list {
    uint64_t now_ms;
    uint8_t ids[NRS_ASK_OWN_COUNT_MAX][NRS_HASH_SIZE]; /* of asks of this report on which a release lasts: there are no more at once */
    size_t count;
} release_list;

static nrs_error add_released(void *context, const nrs_ask_row *row)
{
    release_list *list = context;

    if (row->mine && row->state == NRS_ASK_RELEASED && row->expires_ms > list->now_ms && list->count < NRS_ASK_OWN_COUNT_MAX) {
        memcpy(list->ids[list->count], row->id, NRS_HASH_SIZE);
        list->count++;
    }
    return NRS_OK;
}

/* Most releases are of others than who waits, and that costs no signature to see. */
static nrs_error asked_for(const nrs_core *core, bool *asked_out, const nrs_ask *ask, const nrs_peer *peer)
{
    nrs_audience *audience = NULL;
    nrs_error error = nrs_audience_decode(&audience, nrs_field(&ask->audience));
    bool asked = false;

    for (size_t i = 0; error == NRS_OK && i < audience->n_targets && !asked; i++) {
        const Nrs__Wire__Target *target = audience->targets[i];

        asked = target->community.len != 0 || (target->org.len == NRS_KEY_SIZE && nrs_key_same_org(core, target->org.data, peer->keys.sign_key));
    }
    nrs_audience_free(&audience);
    if (error == NRS_OK) {
        *asked_out = asked;
    }
    return error;
}

static nrs_error grant_by(nrs_core *core, size_t *granted_out, const nrs_report_row *report, const uint8_t *ask_id, const nrs_peer *peer)
{
    nrs_ask_held held = {.found = false};
    nrs_release *release = NULL;
    nrs_ask *ask = NULL;
    uint8_t signer[NRS_KEY_SIZE], id[NRS_HASH_SIZE];
    bool asked = false;
    nrs_error error = nrs_ask_load(core, &held, ask_id);

    if (error == NRS_OK) {
        error = nrs_ask_decode(&ask, held.row.ask);
    }
    if (error == NRS_OK) {
        error = asked_for(core, &asked, ask, peer);
    }
    if (error == NRS_OK && asked) {
        error = nrs_release_verify(&release, signer, id, held.row.release);
    }
    if (error == NRS_OK && asked && !nrs_clock_expired(core, release->expires_ms) && release->expires_ms > core->now_ms) {
        error = nrs_release_grant(core, granted_out, report, ask, release, id, peer);
    }
    nrs_release_free(&release);
    nrs_ask_free(&ask);
    nrs_ask_held_wipe(&held);
    return error;
}

nrs_error nrs_release_grant_late(nrs_core *core, const nrs_report_row *report, const nrs_peer *peer)
{
    release_list list = {.now_ms = core->now_ms};
    size_t granted = 0;
    bool withdrawn = false;
    nrs_error error = nrs_withdrawal_of(core, &withdrawn, report->id);

    if (error == NRS_OK && !withdrawn) {
        error = nrs_store_ask_each(core->store, report->id, add_released, &list);
    }
    for (size_t i = 0; i < list.count && error == NRS_OK && granted == 0; i++) {
        error = grant_by(core, &granted, report, list.ids[i], peer);
        error = nrs_error_is_verdict(error) ? NRS_OK : error; /* by this one it goes on waiting */
    }
    return error;
}
