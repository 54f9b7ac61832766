/* Grants and slots from peers: whose authority they rest on, whom they are for, and those that are for this node (SPEC 6.5, 10.4). */
#include <string.h>

#include "audit/audit.h"
#include "link/log.h"
#include "link/look_up.h"
#include "link/receive.h"
#include "prekeys/key_change.h"
#include "report/onward.h"
#include "report/withdrawal.h"

/* Only a hub takes whole tables; it finds its own slots in them too. One that is wrong is no reason to refuse the others'. */
static nrs_error open_slots_for(nrs_core *core, const nrs_slots *slots, const uint8_t key_hash[NRS_KEY_HASH_SIZE])
{
    size_t indices[NRS_PERSON_COUNT_MAX + 1];
    size_t count = nrs_slots_for(indices, sizeof indices / sizeof indices[0], slots, key_hash);
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < count && i < sizeof indices / sizeof indices[0] && error == NRS_OK; i++) {
        nrs_bytes path_record = {0};
        nrs_record *decoded = NULL;
        nrs_slot_path *path = NULL;
        error = nrs_slots_path_record(&path_record, slots, indices[i]);
        if (error == NRS_OK) {
            error = nrs_record_decode(&decoded, nrs_slice_of_bytes(&path_record));
        }
        if (error == NRS_OK) {
            error = nrs_slot_path_decode(&path, nrs_field(&decoded->payload));
        }
        if (error == NRS_OK) {
            error = nrs_open_slot(core, path, nrs_slice_of_bytes(&path_record));
        }
        nrs_slot_path_free(&path);
        nrs_record_free(&decoded);
        nrs_bytes_wipe(&path_record);
        if (nrs_error_is_verdict(error)) {
            nrs_core_log(core, error, "a slot for this node does not hold: %s", nrs_error_rule(error));
            error = NRS_OK;
        }
    }
    return error;
}

bool nrs_slots_name_us(const nrs_core *core, const nrs_slots *slots)
{
    size_t index;

    return slots != NULL && (nrs_slots_for(&index, 1, slots, core->self_hash) > 0 || (core->former != NULL && nrs_slots_for(&index, 1, slots, core->former_hash) > 0));
}

nrs_error nrs_receive_own_slots(nrs_core *core, const nrs_slots *slots)
{
    nrs_error error = open_slots_for(core, slots, core->self_hash);

    return error == NRS_OK && core->former != NULL ? open_slots_for(core, slots, core->former_hash) : error;
}

/* The grantor's own hand, or that of a hub of a community that carries it. */
static bool grant_handed_over(const nrs_core *core, const nrs_peer *from, const nrs_grant_terms *terms, const nrs_grant *grant)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    const uint64_t shared = from->member_of & self->member_of;

    if (terms->depth == 0) {
        return nrs_may_hand_over(core, from, terms->target, grant->grantor.data);
    }
    return nrs_key_follows(core, grant->grantor.data, from->keys.sign_key) ? shared != 0 : (from->hub_of & terms->carriers & shared) != 0;
}

static nrs_error check_grant(nrs_core *core, nrs_grant_terms *terms_out, const nrs_sealed_view *view, const nrs_grant *grant, const nrs_peer *from)
{
    nrs_error error = nrs_grant_check_key(view, grant);

    if (error == NRS_OK) {
        error = nrs_grant_terms_of(core, terms_out, view, grant);
    }
    if (error == NRS_OK && !grant_handed_over(core, from, terms_out, grant)) {
        error = NRS_ERROR_NOT_MEMBER;
    }
    if (error == NRS_OK && terms_out->depth == 0) { /* of a later authority's, the terms ask whether the grantor is a hub now */
        error = nrs_check_maker(core, from, terms_out->target, grant->grantor.data);
    }
    return error == NRS_OK && terms_out->depth > 0 && nrs_key_revoked(core, grant->grantor.data) ? NRS_ERROR_REVOKED : error;
}

/* Somebody went beyond what the source agreed to: that is worth more than a line in the log. Whoever brings the same again and again is
 * noted a few times a minute. */
static nrs_error audit_refusal(nrs_core *core, const nrs_sealed_view *view, const uint8_t grantor[NRS_KEY_SIZE], nrs_error rule, nrs_peer *from)
{
    const nrs_peer *by = nrs_peer_by_sign(core, grantor);
    const nrs_audit_what what = {.event = NRS_AUDIT_EXTEND, .rule = rule, .org = by == NULL ? NULL : by->org,
                                 .about = nrs_slice_of(view->id, NRS_HASH_SIZE), .detail = nrs_label_name((nrs_label)view->header->label)};
    nrs_error error;

    if (rule != NRS_ERROR_ONWARD && rule != NRS_ERROR_LABEL_FORBIDS && rule != NRS_ERROR_RELEASE && rule != NRS_ERROR_FORGED &&
        rule != NRS_ERROR_SOURCE_WITHHELD) {
        return rule;
    }
    error = nrs_audit_add_from(core, from, &what);
    return error == NRS_OK ? rule : error;
}

/* The report that a record is about; one that waits for its roster has the record wait with it. */
static nrs_error look_up(nrs_core *core, nrs_sealed_view **view_out, uint64_t *position_out, const uint8_t sealed_id[NRS_HASH_SIZE], nrs_slice record,
                         nrs_peer *from)
{
    nrs_error error = nrs_look_up_check(core, sealed_id, from, &from->idle_records);

    if (error == NRS_OK) {
        error = nrs_log_sealed(core, view_out, position_out, sealed_id);
    }
    return error == NRS_ERROR_NOT_FOUND ? nrs_receive_defer_with_report(core, sealed_id, record, from) : error;
}

nrs_error nrs_receive_grant(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_peer *from)
{
    nrs_grant *grant = NULL;
    nrs_sealed_view *view = NULL;
    nrs_grant_terms terms;
    uint8_t grant_id[NRS_HASH_SIZE];
    uint64_t position = 0;
    nrs_error error = nrs_grant_verify(&grant, grant_id, payload);

    if (error == NRS_OK) {
        error = nrs_store_log_find(core->store, &position, grant_id);
    }
    if (error != NRS_OK || position != 0) {
        goto out;
    }
    error = look_up(core, &view, &position, grant->sealed_id.data, record, from);
    if (error == NRS_OK) {
        error = check_grant(core, &terms, view, grant, from);
        if (nrs_error_is_verdict(error)) {
            error = audit_refusal(core, view, grant->grantor.data, error, from);
        }
    }
    if (error == NRS_OK && terms.depth > 0 && view->header->label == NRS_LABEL_CLEAR) {
        error = nrs_room_for_secrets();
    }
    if (error == NRS_OK) {
        error = nrs_grant_count(core, view, grant->grantor.data, grant->slot_count);
    }
    if (error == NRS_OK) {
        error = nrs_log_add(core, NULL, NRS_RECORD_GRANT, grant_id, record, nrs_slice_of(view->id, NRS_HASH_SIZE),
                            nrs_slice_of(from->keys.sign_key, NRS_KEY_SIZE), view->header->expires_ms);
    }
    if (error == NRS_OK && terms.depth > 0 && view->header->label == NRS_LABEL_CLEAR) { /* nothing more comes: the key is in it */
        error = nrs_let_in_note(core, view, grant, grant_id, &terms, NULL);
        error = error == NRS_OK ? nrs_open_clear_onward(core, view, position, grant, grant_id, &terms) : error;
    }
out:
    nrs_sealed_view_free(&view);
    nrs_grant_free(&grant);
    return error;
}

/* A release comes before the report where that is another community's, since it is what lets it in. Whose word it is, is asked again where a
 * grant stands on it; before that it opens nothing. */
static nrs_error check_release(nrs_core *core, const nrs_release *release, const uint8_t *signer, nrs_peer *from)
{
    const nrs_community *target = release->community.len == 0 ? NULL : nrs_community_by_id(core, release->community.data);
    const bool holder = nrs_key_follows(core, release->holder.data, from->keys.sign_key);
    nrs_sealed_view *view = NULL;
    uint64_t position = 0;
    nrs_error error = nrs_look_up_check(core, release->sealed_id.data, from, &from->idle_records);

    if (error == NRS_OK) {
        error = nrs_log_sealed(core, &view, &position, release->sealed_id.data);
    }
    if (error == NRS_OK) {
        const nrs_community *home = nrs_community_by_id(core, view->header->community.data);

        error = !nrs_key_follows(core, view->header->originator.data, signer) ? NRS_ERROR_FORGED : NRS_OK;
        target = target == NULL ? home : target;
        if (error == NRS_OK && release->expires_ms > view->header->expires_ms) {
            error = NRS_ERROR_RELEASE;
        }
        if (error == NRS_OK && !(holder || nrs_peer_hub(core, from, target) || nrs_peer_hub(core, from, home))) {
            error = NRS_ERROR_NOT_MEMBER;
        }
    } else if (error == NRS_ERROR_NOT_FOUND) {
        const bool here = target != NULL && target->member && nrs_peer_member(core, from, target);

        error = !here ? NRS_ERROR_NOT_FOUND : holder || nrs_peer_hub(core, from, target) ? NRS_OK : NRS_ERROR_NOT_MEMBER;
    }
    nrs_sealed_view_free(&view);
    if (error == NRS_OK && (nrs_peer_by_sign(core, signer) == NULL || nrs_key_revoked(core, signer))) {
        error = NRS_ERROR_NOT_MEMBER;
    }
    if (error == NRS_OK && nrs_clock_expired(core, release->expires_ms)) {
        error = NRS_ERROR_EXPIRED;
    }
    return error == NRS_OK && nrs_clock_ahead(core, release->created_ms) ? NRS_ERROR_CLOCK : error;
}

nrs_error nrs_receive_release(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_peer *from)
{
    nrs_release *release = NULL;
    uint8_t signer[NRS_KEY_SIZE], id[NRS_HASH_SIZE];
    uint64_t position = 0;
    nrs_error error = nrs_release_verify(&release, signer, id, payload);

    if (error == NRS_OK) {
        error = nrs_store_log_find(core->store, &position, id);
    }
    if (error == NRS_OK && position == 0) {
        error = check_release(core, release, signer, from);
        if (error == NRS_OK) {
            error = nrs_log_add(core, NULL, NRS_RECORD_RELEASE, id, record, nrs_field(&release->sealed_id), nrs_slice_of(from->keys.sign_key, NRS_KEY_SIZE),
                                release->expires_ms);
        }
    }
    nrs_release_free(&release);
    return error;
}

/* Hubs keep tables to hand out slots from; the originator, and the hub below, those that tell whom another let in. */
static nrs_error check_slot_table(nrs_core *core, const nrs_sealed_view *view, const nrs_grant_terms *terms, const nrs_grant *grant,
                                  const nrs_slot_table *table, nrs_peer *from)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    const bool told = terms->depth > 0 && (nrs_key_ours(core, view->header->originator.data) || nrs_key_ours(core, terms->parents[0].grantor));
    nrs_error error;

    if ((self->hub_of & terms->carriers & self->member_of) == 0 && !told) {
        return NRS_ERROR_NOT_RUNNING_HERE;
    }
    if (!grant_handed_over(core, from, terms, grant)) {
        return NRS_ERROR_NOT_MEMBER;
    }
    error = terms->depth == 0 ? NRS_OK : nrs_onward_check_slots(core, view->header, terms, table);
    return nrs_error_is_verdict(error) ? audit_refusal(core, view, grant->grantor.data, error, from) : error;
}

nrs_error nrs_receive_slot_table(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_peer *from)
{
    nrs_slot_table *table = NULL;
    nrs_sealed_view *view = NULL;
    nrs_grant *grant = NULL;
    nrs_slots *slots = NULL;
    nrs_grant_terms terms;
    uint8_t id[NRS_HASH_SIZE];
    bool held = false;
    uint64_t position = 0, sealed_position = 0, grant_position = 0;
    nrs_log_row row = {.type = NRS_RECORD_SLOT_TABLE, .id = id, .record = record, .source = nrs_slice_of(from->keys.sign_key, NRS_KEY_SIZE), .received_ms = core->now_ms};
    nrs_error error;

    error = nrs_slot_table_decode(&table, payload);
    if (error == NRS_OK) {
        nrs_record_id(id, record);
        error = nrs_store_log_find(core->store, &position, id);
    }
    if (error == NRS_OK && position == 0) {
        error = nrs_look_up_table(core, &held, &slots, table, record);
    }
    if (error != NRS_OK || position != 0 || held) {
        goto out; /* a duplicate by another path, or it came with the report */
    }
    error = look_up(core, &view, &sealed_position, table->sealed_id.data, record, from);
    if (error == NRS_OK) {
        error = nrs_log_grant(core, &grant, &grant_position, view, table->grant_id.data);
    }
    if (error == NRS_OK) {
        error = nrs_grant_terms_of(core, &terms, view, grant);
    }
    if (error == NRS_OK) {
        error = check_slot_table(core, view, &terms, grant, table, from);
    }
    if (error == NRS_OK && slots == NULL) { /* of the first grant */
        error = nrs_slots_new(&slots, table, grant, table->grant_id.data);
    }
    if (error == NRS_OK && nrs_slots_name_us(core, slots)) {
        error = nrs_room_for_secrets();
    }
    if (error == NRS_OK) {
        row.expires_ms = view->header->expires_ms;
        error = nrs_log_add_slots(core, &row.position, table, record, grant, grant_position == 0, row.source, row.expires_ms);
    }
    if (error == NRS_OK) {
        error = nrs_receive_own_slots(core, slots);
    }
    if (error == NRS_OK && terms.depth > 0) {
        error = nrs_let_in_note(core, view, grant, table->grant_id.data, &terms, table);
    } else if (error == NRS_OK) {
        error = nrs_log_remember_slots(core, &row, view, sealed_position, grant_position, &slots);
    }
out:
    nrs_slots_destroy(&slots);
    nrs_grant_free(&grant);
    nrs_sealed_view_free(&view);
    nrs_slot_table_free(&table);
    return error;
}

nrs_error nrs_receive_slot_path(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_peer *from)
{
    nrs_slot_path *path = NULL;
    nrs_slot *slot = NULL;
    nrs_peer *grantor = NULL;
    nrs_idle *idle;
    bool held = false;
    const uint64_t read = core->sealed_read, written = nrs_store_changes(core->store);
    nrs_error error = nrs_slot_path_decode(&path, payload);

    if (error == NRS_OK) {
        error = nrs_room_for_secrets();
    }
    if (error == NRS_OK) {
        error = nrs_slot_decode(&slot, nrs_field(&path->slot));
    }
    if (error == NRS_OK && nrs_hash_ours(core, slot->org.data) && !nrs_withdrawn(core, path->sealed_id.data)) { /* else it is refused without a look */
        error = nrs_look_up_path(core, &held, &grantor, path, slot, record);
    }
    idle = &(grantor == NULL ? from : grantor)->idle_records;
    if (error == NRS_OK && !held) {
        error = nrs_look_up_check(core, path->sealed_id.data, from, idle);
    }
    if (error == NRS_OK && !held) {
        error = nrs_open_slot(core, path, record);
        if (error == NRS_ERROR_NOT_FOUND) {
            error = nrs_receive_defer_with_report(core, path->sealed_id.data, record, from);
        }
    }
    nrs_look_up_end(core, idle, error, read, written);
    nrs_slot_free(&slot);
    nrs_slot_path_free(&path);
    return error;
}
