/* Opening (SPEC 6.6): the second set of checks, made once when body and slot are both there. The file key is then kept under
 * the vault; a body is never kept open. */
#include <string.h>

#include "report/onward.h"
#include "audit/audit.h"
#include "prekeys/key_change.h"
#include "rules/edges.h"
#include "link/receive.h"
#include "report/withdrawal.h"
#include "roster/roster.h"
#include "stream/stream.h"
#include "withheld/withheld.h"

/* ---- Keeping ---- */

/* The grant by which this node has its key, and what it rests on. Borrowed. */
typedef struct nrs_way_in {
    const nrs_grant *grant;
    const uint8_t *grant_id;
    const nrs_grant_terms *terms;
    nrs_audience *audience; /* of its own; owned; NULL where it is the originator's */
} nrs_way_in;

static nrs_report_row row_of(const nrs_core *core, const nrs_sealed_view *view, uint64_t position)
{
    return (nrs_report_row){.position = position,
                            .id = view->id,
                            .community = view->header->community.data,
                            .originator = view->header->originator.data,
                            .label = view->header->label,
                            .urgency = view->header->urgency,
                            .flags = nrs_report_flags(view->header),
                            .created_ms = view->header->created_ms,
                            .expires_ms = view->header->expires_ms,
                            .received_ms = core->now_ms,
                            .part = NRS_PART_RECEIVED};
}

/* By whom this node was let in, beside the report. A hub notes it of what it may extend, whoever let it in. What a release says holds
 * where its grant has opened the report: of one that has not, only who is to be asked and told is kept. */
static nrs_error keep_way(nrs_core *core, const nrs_sealed_view *view, uint64_t position, nrs_key_state state, const nrs_way_in *way)
{
    const nrs_grant *grant = way->grant;
    const bool opened = state == NRS_KEY_HELD;
    const nrs_conditions conditions = opened ? way->terms->conditions : nrs_header_conditions(view->header);
    nrs_let_in_row row = {.report = position, .address = "", .authority = grant->authority, .at_ms = core->now_ms, .org = core->self.sign_key,
                          .by = grant->grantor.data, .community = way->terms->target->id, .grant = way->grant_id,
                          .actions = conditions.permissible_actions, .flags = conditions.flags, .released_ms = opened ? way->terms->released_ms : 0,
                          .until_ms = opened ? way->terms->until_ms : 0};
    nrs_bytes release = {0}, signed_grant = {0};
    nrs_error error;

    if (grant->authority == NRS_AUTHORITY_ORIGINATOR && view->header->onward == 0) {
        return opened ? nrs_store_let_in_drop(core->store, position, "") : NRS_OK; /* of a grant that did not open it */
    }
    if (way->audience != NULL && way->audience->n_targets == 1 && way->audience->targets[0]->community.len != 0) {
        row.version = way->audience->targets[0]->roster_version;
    }
    error = nrs_store_let_in_drop(core->store, position, ""); /* there is one way for this node itself */
    if (error == NRS_OK && opened && way->terms->released) { /* an export proves it by these, also when the log has dropped them */
        error = nrs_log_payload(core, &release, NRS_RECORD_RELEASE, view->id, way->terms->release);
        error = error == NRS_OK ? nrs_log_payload(core, &signed_grant, NRS_RECORD_GRANT, view->id, way->grant_id) : error;
        row.release = nrs_slice_of_bytes(&release);
        row.grant_signed = nrs_slice_of_bytes(&signed_grant);
    }
    error = error == NRS_OK ? nrs_store_let_in_add(core->store, &row) : error;
    nrs_bytes_wipe(&signed_grant);
    nrs_bytes_wipe(&release);
    return error;
}

/* Add the report, or bring the one that is there to a better key state. receipt: what the originator is told, 0 for nothing. way: by
 * which grant, or NULL. Out: new_out: whether its key was not held before; may be NULL. */
static nrs_error keep(nrs_core *core, const nrs_sealed_view *view, uint64_t position, nrs_key_state state, nrs_stage receipt,
                      const nrs_secret *file_key, const nrs_opened *opened, const nrs_way_in *way, bool *new_out)
{
    nrs_report_row row = row_of(core, view, position), held;
    nrs_bytes holder = {0}, wrapped = {0}, annex = {0};
    nrs_error error = nrs_store_report_get(core->store, &held, &holder, view->id);
    bool there = error == NRS_OK, closed = false;

    if (error != NRS_OK && error != NRS_ERROR_NOT_FOUND) {
        goto out;
    }
    error = NRS_OK;
    if (there && held.key_state != NRS_KEY_NONE && held.key_state != NRS_KEY_CANNOT_OPEN) {
        goto out; /* taken once */
    }
    if (there && held.key_state == state) {
        goto out; /* told once that it does not open */
    }
    if (there) {
        row = held;
        row.position = position;
        error = held.position == position ? NRS_OK : nrs_store_report_move(core->store, held.position, position); /* announced before */
    }
    if (error != NRS_OK) {
        goto out;
    }
    row.key_state = state;
    row.label = state == NRS_KEY_HELD && way != NULL ? (uint32_t)way->terms->label /* a release's holds here, at each reading and export */
                                                     : view->header->label;
    if (state == NRS_KEY_HELD) {
        error = nrs_vault_put(core, &row.segment, &wrapped, nrs_slice_of(view->id, NRS_HASH_SIZE), file_key);
        row.wrapped_key = nrs_slice_of_bytes(&wrapped);
        if (error == NRS_OK) {
            error = nrs_annex_of(&annex, opened->report, file_key);
            row.annex = nrs_slice_of_bytes(&annex);
        }
    }
    if (error == NRS_OK) {
        error = there ? nrs_store_report_update(core->store, &row) : nrs_store_report_add(core->store, &row);
    }
    if (error == NRS_OK && state == NRS_KEY_HELD) {
        error = nrs_follows_note(core, nrs_field(&opened->report->follows), position);
    }
    if (error == NRS_OK && state == NRS_KEY_HELD) {
        error = nrs_passed_on_note(core, position, opened->report->passes_on, opened->report->n_passes_on);
    }
    if (error == NRS_OK && state == NRS_KEY_HELD) {
        error = nrs_passed_on_check(core, &closed, &row, opened->report->passes_on, opened->report->n_passes_on);
    }
    if (error == NRS_OK && way != NULL) {
        error = keep_way(core, view, position, state, way);
    }
    if (error == NRS_OK && receipt != 0) {
        error = nrs_receipt_queue(core, view->header, view->id, receipt, "", "");
    }
    if (error == NRS_OK && new_out != NULL) {
        *new_out = true;
    }
out:
    nrs_bytes_wipe(&annex);
    nrs_bytes_wipe(&wrapped);
    nrs_bytes_wipe(&holder);
    return error;
}

/* A later authority's grant names its own audience, and the consent must cover this node whatever it names. */
static nrs_error check_audience(nrs_core *core, nrs_way_in *way, const nrs_opened *opened, const nrs_sealed_view *view, const nrs_secret *file_key)
{
    const nrs_audience *audience = opened->audience;
    nrs_reader_facts facts;
    nrs_error error = NRS_OK;

    if (way->terms->depth > 0) {
        error = nrs_terms_cover(core, view->header, way->terms, core->self.sign_key);
        if (error == NRS_OK) {
            error = nrs_grant_audience_open(&way->audience, view, way->grant, file_key);
        }
        audience = way->audience;
    }
    if (error == NRS_OK) {
        error = nrs_audience_names_us(core, &facts, audience);
    }
    if (error == NRS_OK && way->terms->depth > 0) { /* named, and a member: both are what GREEN asks for */
        facts.community_named = facts.community_named || facts.org_named;
    }
    if (error == NRS_OK && nrs_header_key_open(view->header) && !facts.org_named && !facts.community_named && !facts.person_named) {
        return NRS_ERROR_AUDIENCE; /* anyone may read it, but it is for others */
    }
    if (error == NRS_OK && way->terms->released) { /* the source named it, whatever the label says of audiences */
        facts.org_named = facts.org_named || facts.community_named;
    }
    return error == NRS_OK ? nrs_withheld_verdict_open(core, view->header, way->terms->label, &facts).error : error;
}

/* Body, commitments, audience, label: everything that must hold before a person is told of the report. */
static nrs_error check_body(nrs_core *core, nrs_opened *opened_out, nrs_way_in *way, const nrs_sealed_view *view, const nrs_secret *file_key)
{
    nrs_error error = nrs_body_open(opened_out, view, file_key);

    if (error == NRS_OK) {
        error = check_audience(core, way, opened_out, view, file_key);
    }
    if (error == NRS_OK && way->terms->released && opened_out->report->n_passes_on > 0) { /* whoever passes a text on releases it to nobody (6.12) */
        return NRS_ERROR_RELEASE;
    }
    if (error == NRS_OK && way->terms->depth > 0) {
        error = nrs_onward_duty(core, view->header, way->terms->label, NRS_PLACE_OPEN, opened_out->report->kind, way->terms->target, core->self.sign_key);
    } else if (error == NRS_OK) {
        error = nrs_duty_check(core, view->header, NRS_PLACE_OPEN, opened_out->report->kind, core->org);
    }
    return error == NRS_OK ? nrs_disclaimers_check(core, view->header, NRS_PLACE_OPEN, opened_out->report->kind) : error;
}

static nrs_error keep_for_person(nrs_core *core, const nrs_sealed_view *view, uint64_t position, const nrs_grant *grant,
                                 const nrs_slot_path *path, nrs_slice path_record)
{
    nrs_error error;

    if (view->header->label != NRS_LABEL_RED) {
        return NRS_ERROR_FORGED;
    }
    error = nrs_merkle_verify(grant->slot_root.data, nrs_field(&path->slot), path->index, grant->slot_count, nrs_field(&path->path));
    if (error == NRS_OK) {
        error = nrs_duty_check(core, view->header, NRS_PLACE_OPEN, 0, core->org);
    }
    if (error == NRS_OK) {
        error = nrs_store_slot_add(core->store, view->id, path->grant_id.data, path->index, path_record);
    }
    if (error == NRS_ERROR_EXISTS) {
        return NRS_OK;
    }
    if (error == NRS_OK) {
        error = keep(core, view, position, NRS_KEY_PERSON, NRS_STAGE_STORED, NULL, NULL, NULL, NULL);
    }
    return error == NRS_OK ? nrs_stream_take_unopened(core, view) : error;
}

/* The prekey is destroyed (under RED perhaps a person's, of which nothing is known any more): the originator is asked for a
 * new grant, and the report waits for it. */
static nrs_error await_grant(nrs_core *core, const nrs_sealed_view *view, uint64_t position, nrs_way_in *way, const nrs_slot_path *path,
                             const nrs_slot *slot)
{
    const nrs_grant *grant = way->grant;
    nrs_error error = nrs_merkle_verify(grant->slot_root.data, nrs_field(&path->slot), path->index, grant->slot_count, nrs_field(&path->path));

    if (error == NRS_OK) {
        error = keep(core, view, position, NRS_KEY_CANNOT_OPEN, 0, NULL, NULL, way, NULL);
    }
    if (error == NRS_OK && way->terms->depth == 0) {
        error = nrs_stream_take_unopened(core, view);
    }
    return error == NRS_OK ? nrs_regrant_ask(core, view, position, slot->prekey_id.data) : error;
}

/* A hub passes it on at once to whom the source's consent names. */
static nrs_error extend(nrs_core *core, const nrs_sealed_view *view, uint64_t position, const nrs_way_in *way, const nrs_secret *file_key, uint32_t kind)
{
    const nrs_extension_of extension = {.view = view, .file_key = file_key, .parent = way->grant, .parent_id = way->grant_id, .position = position, .kind = kind};

    return nrs_onward_extend(core, &extension);
}

/* Kept where it is for this node, carried even where this node cannot read it. */
static nrs_error open_clear(nrs_core *core, const nrs_sealed_view *view, uint64_t position, nrs_way_in *way)
{
    nrs_secret *file_key = NULL;
    nrs_opened opened = {0};
    nrs_told_place told;
    bool fresh = false;
    nrs_error error = nrs_clear_open(&file_key, view, way->grant);

    if (error == NRS_OK) {
        error = check_body(core, &opened, way, view, file_key);
    }
    if (error == NRS_OK) {
        error = keep(core, view, position, NRS_KEY_HELD, NRS_STAGE_STORED, file_key, &opened, way, &fresh);
    }
    if (error == NRS_OK && fresh) { /* once: before anything that may find fault with its number */
        error = extend(core, view, position, way, file_key, opened.report->kind);
    }
    if (error == NRS_OK && way->terms->depth == 0) {
        told = nrs_place_of(opened.body);
        error = nrs_stream_take(core, view, &told);
    }
    error = error == NRS_OK ? nrs_vouched_take(core, view, opened.report) : error;
    error = error == NRS_OK && fresh ? nrs_reply_take(core, view, &opened) : error;
    nrs_audience_free(&way->audience);
    nrs_opened_wipe(&opened);
    nrs_secret_destroy(&file_key);
    return nrs_error_is_verdict(error) ? NRS_OK : error;
}

nrs_error nrs_open_clear(nrs_core *core, const nrs_sealed_view *view, uint64_t position)
{
    nrs_grant_terms terms;
    nrs_way_in way = {.grant = view->grant, .grant_id = view->grant_id, .terms = &terms};
    nrs_error error = nrs_grant_terms_of(core, &terms, view, view->grant);

    return error == NRS_OK ? open_clear(core, view, position, &way) : nrs_error_is_verdict(error) ? NRS_OK : error;
}

nrs_error nrs_open_clear_onward(nrs_core *core, const nrs_sealed_view *view, uint64_t position, const nrs_grant *grant,
                                const uint8_t grant_id[NRS_HASH_SIZE], const nrs_grant_terms *terms)
{
    nrs_way_in way = {.grant = grant, .grant_id = grant_id, .terms = terms};

    return terms->target == NULL || nrs_key_ours(core, view->header->originator.data) ? NRS_OK : open_clear(core, view, position, &way);
}

/* Before a person is told anything: a grant that goes beyond the source's consent is nobody's report, and an entry of the audit log.
 * Else it is listed as one that does not open. */
static nrs_error refuse_slot(nrs_core *core, const nrs_sealed_view *view, uint64_t position, const nrs_way_in *way, nrs_peer *grantor, nrs_error rule)
{
    const nrs_audit_what what = {.event = NRS_AUDIT_EXTEND, .rule = rule, .org = grantor == NULL ? NULL : grantor->org,
                                 .about = nrs_slice_of(view->id, NRS_HASH_SIZE), .detail = nrs_label_name((nrs_label)view->header->label)};
    nrs_error error;

    if (way->terms->depth > 0 && (rule == NRS_ERROR_ONWARD || rule == NRS_ERROR_LABEL_FORBIDS || rule == NRS_ERROR_NOT_MEMBER || rule == NRS_ERROR_RELEASE)) {
        error = grantor == NULL ? NRS_OK : nrs_audit_add_from(core, grantor, &what); /* the terms know no grantor but a peer */
        return error == NRS_OK ? rule : error;
    }
    error = keep(core, view, position, NRS_KEY_CANNOT_OPEN, NRS_STAGE_CANNOT_OPEN, NULL, NULL, way, NULL);
    return error == NRS_OK && way->terms->depth == 0 ? nrs_stream_take_unopened(core, view) : error;
}

static nrs_error open_own(nrs_core *core, const nrs_sealed_view *view, uint64_t position, nrs_way_in *way, const nrs_slot_path *path,
                          const nrs_own_prekey *prekey)
{
    const nrs_grant *grant = way->grant;
    bool fresh = false;
    nrs_peer *grantor = nrs_peer_by_sign(core, grant->grantor.data);
    nrs_secret *file_key = NULL;
    nrs_opened opened = {0};
    nrs_told_place told;
    nrs_error error;

    /* A path that does not hold is the carrier's fault and leaves no trace; anything after it is the originator's. */
    error = nrs_merkle_verify(grant->slot_root.data, nrs_field(&path->slot), path->index, grant->slot_count, nrs_field(&path->path));
    if (error != NRS_OK) {
        return error;
    }
    error = grantor == NULL ? NRS_ERROR_NOT_MEMBER : view->header->label == NRS_LABEL_RED ? NRS_ERROR_LABEL_FORBIDS : NRS_OK;
    if (error == NRS_OK) {
        error = nrs_slot_open(&file_key, view, grant, path, nrs_identity_for(core, prekey->owner), &prekey->secret, &grantor->keys);
    }
    if (error == NRS_OK) {
        error = check_body(core, &opened, way, view, file_key);
    }
    if (error == NRS_OK) {
        error = keep(core, view, position, NRS_KEY_HELD, NRS_STAGE_STORED, file_key, &opened, way, &fresh);
        told = nrs_place_of(opened.body);
        if (error == NRS_OK && fresh) {
            error = extend(core, view, position, way, file_key, opened.report->kind);
        }
        if (error == NRS_OK && grant->authority == NRS_AUTHORITY_ORIGINATOR) { /* only whom the originator let in takes part in its count */
            error = nrs_stream_take(core, view, &told);
        }
        error = error == NRS_OK ? nrs_vouched_take(core, view, opened.report) : error;
        error = error == NRS_OK && fresh ? nrs_reply_take(core, view, &opened) : error;
    } else if (nrs_error_is_verdict(error)) { /* no room for a secret now is none */
        if (grantor != NULL) {
            nrs_core_complain(core, grantor, error, "a report of it cannot be opened: %s", nrs_error_rule(error));
        }
        error = refuse_slot(core, view, position, way, grantor, error);
    }
    nrs_audience_free(&way->audience);
    nrs_opened_wipe(&opened);
    nrs_secret_destroy(&file_key);
    return error;
}

nrs_error nrs_open_slot(nrs_core *core, const nrs_slot_path *path, nrs_slice path_record)
{
    nrs_sealed_view *view = NULL;
    const nrs_grant *grant = NULL;
    nrs_grant *later = NULL;
    nrs_slot *slot = NULL;
    uint64_t position = 0, grant_position = 0;
    const nrs_own_prekey *prekey;
    nrs_grant_terms terms;
    nrs_way_in way = {.grant_id = path->grant_id.data, .terms = &terms};
    nrs_error error = nrs_slot_decode(&slot, nrs_field(&path->slot));

    if (error == NRS_OK && !nrs_hash_ours(core, slot->org.data)) {
        error = NRS_ERROR_NO_SLOT;
    }
    if (error == NRS_OK && nrs_withdrawn(core, path->sealed_id.data)) {
        error = NRS_ERROR_WITHDRAWN;
    }
    if (error == NRS_OK) {
        error = nrs_log_sealed(core, &view, &position, path->sealed_id.data);
    }
    if (error == NRS_OK && memcmp(path->grant_id.data, view->grant_id, NRS_HASH_SIZE) == 0) {
        grant = view->grant;
    } else if (error == NRS_OK) {
        error = nrs_log_grant(core, &later, &grant_position, view, path->grant_id.data);
        grant = later;
    }
    if (error == NRS_OK) {
        error = nrs_grant_terms_of(core, &terms, view, grant);
    }
    if (error == NRS_OK && !nrs_key_ours(core, view->header->originator.data)) {
        error = nrs_unlock_check(core, view, grant);
    }
    if (error == NRS_OK && terms.target == NULL) {
        error = NRS_ERROR_UNKNOWN_COMMUNITY;
    }
    if (error == NRS_OK && grant->slot_count == 0) {
        error = NRS_ERROR_NO_SLOT; /* a path into a tree that is not there */
    }
    if (error == NRS_OK && nrs_key_ours(core, view->header->originator.data)) {
        goto out; /* our own report came back: nothing to learn */
    }
    if (error == NRS_OK) {
        way.grant = grant;
        prekey = nrs_own_prekey_by_id(core, slot->prekey_id.data);
        error = prekey == NULL    ? await_grant(core, view, position, &way, path, slot)
                : prekey->person ? keep_for_person(core, view, position, grant, path, path_record)
                                 : open_own(core, view, position, &way, path, prekey);
    }
out:
    nrs_slot_free(&slot);
    nrs_grant_free(&later);
    nrs_sealed_view_free(&view);
    return error;
}

/* ---- Reading ---- */

nrs_error nrs_open_file_key(nrs_core *core, nrs_secret **file_key_out, const nrs_report_row *row)
{
    switch (row->key_state) {
    case NRS_KEY_HELD:
        return nrs_vault_take(core, file_key_out, row->segment, nrs_slice_of(row->id, NRS_HASH_SIZE), row->wrapped_key);
    case NRS_KEY_PERSON:
        return NRS_ERROR_PERSON_ONLY;
    case NRS_KEY_NONE:
        return NRS_ERROR_NO_SLOT;
    case NRS_KEY_CANNOT_OPEN:
        return NRS_ERROR_KEY_EXPIRED;
    case NRS_KEY_FORGOTTEN:
        return NRS_ERROR_NOT_FOUND;
    case NRS_KEY_WITHDRAWN:
        return NRS_ERROR_WITHDRAWN;
    }
    return NRS_ERROR_INTERNAL;
}

nrs_error nrs_open_report(nrs_core *core, nrs_sealed_view **view_out, nrs_opened *opened_out, const nrs_report_row *row)
{
    nrs_sealed_view *view = NULL;
    nrs_secret *file_key = NULL;
    const nrs_log_entry *entry = NULL;
    nrs_error error = nrs_open_file_key(core, &file_key, row);

    if (error == NRS_OK) {
        error = nrs_log_entry_at(core, &entry, row->position);
    }
    if (error == NRS_OK && entry->view == NULL) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK) {
        view = nrs_sealed_view_share(entry->view);
        error = nrs_body_open(opened_out, view, file_key);
    }
    if (error == NRS_OK) {
        *view_out = view;
        view = NULL;
    }
    nrs_sealed_view_free(&view);
    nrs_secret_destroy(&file_key);
    return error;
}
