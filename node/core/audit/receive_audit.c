/* Checkpoints of others' audit logs, and the cosignatures of one's own and others' (SPEC 13.4): who may hand them over. */
#include <string.h>

#include "audit/audit.h"
#include "audit/watch.h"
#include "link/log.h"
#include "link/receive.h"
#include "prekeys/key_change.h"

/* Communities that all of these share with this node. */
static uint64_t shared_by(const nrs_core *core, const nrs_peer *a, const nrs_peer *b)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);

    return self == NULL || a == NULL || b == NULL ? 0 : a->member_of & b->member_of & self->member_of;
}

static nrs_error check_times(nrs_core *core, uint64_t created_ms)
{
    if (nrs_clock_ahead(core, created_ms)) {
        return NRS_ERROR_CLOCK;
    }
    return nrs_clock_expired(core, created_ms + NRS_REPORT_LIFE_MS_MAX) ? NRS_ERROR_EXPIRED : NRS_OK;
}

nrs_error nrs_receive_audit_checkpoint(nrs_core *core, nrs_slice record, nrs_slice payload, const nrs_peer *from)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    nrs_audit_checkpoint *checkpoint = NULL;
    const nrs_peer *owner = NULL;
    uint8_t id[NRS_HASH_SIZE];
    uint64_t position = 0, shared;
    nrs_error error;

    nrs_record_id(id, record);
    error = nrs_store_log_find(core->store, &position, id);
    if (error != NRS_OK || position != 0) {
        return error;
    }
    error = nrs_audit_checkpoint_open(&checkpoint, payload);
    if (error == NRS_OK) {
        owner = nrs_peer_by_sign(core, checkpoint->node.data);
        shared = shared_by(core, owner, from);
        if (owner == NULL || nrs_key_ours(core, checkpoint->node.data) || shared == 0 || (from != owner && (from->hub_of & shared) == 0)) {
            error = NRS_ERROR_NOT_MEMBER;
        } else if ((self->hub_of & shared) == 0) {
            error = NRS_ERROR_NOT_RUNNING_HERE;
        } else {
            error = check_times(core, checkpoint->created_ms);
        }
    }
    if (error == NRS_OK) {
        error = nrs_audit_follow(core, owner, checkpoint, payload);
    }
    if (error == NRS_OK || error == NRS_ERROR_EXISTS) { /* another of the same: known from now on, by its id */
        error = nrs_log_add(core, NULL, NRS_RECORD_AUDIT_CHECKPOINT, id, record, nrs_slice_of(owner->keys.sign_key, NRS_KEY_SIZE),
                            nrs_slice_of(from->keys.sign_key, NRS_KEY_SIZE), checkpoint->created_ms + NRS_REPORT_LIFE_MS_MAX);
    }
    nrs_audit_checkpoint_free(&checkpoint);
    return error;
}

/* ---- At the node: a hub's word on its own log ---- */

/* What a hub has signed and this log does not have was cut off or changed here, or another node runs with this one's keys. */
static nrs_error take_own(nrs_core *core, const nrs_audit_cosignature *cosignature, uint64_t position, const nrs_peer *hub, nrs_slice payload)
{
    uint8_t own[NRS_HASH_SIZE];
    bool same = memcmp(cosignature->log.data, nrs_audit_head_of(core)->log, NRS_AUDIT_LOG_ID_SIZE) == 0;
    nrs_error error = same ? nrs_audit_own_root(core, own, cosignature->size) : NRS_ERROR_NOT_FOUND;

    if (error == NRS_OK && nrs_slice_equal(nrs_slice_of(own, sizeof own), nrs_field(&cosignature->root))) {
        error = nrs_store_audit_cosignature_add(core->store, cosignature->size, hub->keys.sign_key, position, payload);
        if (error == NRS_OK) {
            nrs_audit_cosigned(core, cosignature->size);
        }
    } else if (error == NRS_OK || nrs_error_is_verdict(error)) {
        error = nrs_audit_alarm(core, hub, "it has signed an audit log of this node that is not the one held here");
    }
    return error;
}

nrs_error nrs_receive_audit_cosignature(nrs_core *core, nrs_slice record, nrs_slice payload, const nrs_peer *from)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    nrs_audit_cosignature *cosignature = NULL;
    const nrs_peer *hub = NULL, *owner = NULL;
    uint8_t id[NRS_HASH_SIZE];
    uint64_t position = 0, shared = 0;
    bool ours = false;
    nrs_error error;

    nrs_record_id(id, record);
    error = nrs_store_log_find(core->store, &position, id);
    if (error != NRS_OK || position != 0) {
        return error;
    }
    error = nrs_audit_cosignature_open(&cosignature, payload);
    if (error == NRS_OK) {
        hub = nrs_peer_by_sign(core, cosignature->hub.data);
        owner = nrs_peer_by_sign(core, cosignature->node.data);
        ours = nrs_key_ours(core, cosignature->node.data);
        shared = hub == NULL ? 0 : hub->hub_of & shared_by(core, hub, owner) & shared_by(core, hub, from);
        if (shared == 0 || (from != hub && (from->hub_of & shared) == 0)) {
            error = NRS_ERROR_NOT_MEMBER;
        } else if (!ours && (self->hub_of & shared) == 0) {
            error = NRS_ERROR_NOT_RUNNING_HERE;
        } else {
            error = check_times(core, cosignature->created_ms);
        }
    }
    if (error == NRS_OK) {
        error = nrs_log_add(core, &position, NRS_RECORD_AUDIT_COSIGNATURE, id, record, nrs_slice_of(hub->keys.sign_key, NRS_KEY_SIZE),
                            nrs_slice_of(from->keys.sign_key, NRS_KEY_SIZE), cosignature->created_ms + NRS_REPORT_LIFE_MS_MAX);
    }
    if (error == NRS_OK) {
        error = ours ? take_own(core, cosignature, position, hub, payload) : nrs_audit_compare(core, owner, hub, cosignature, payload);
    }
    nrs_audit_cosignature_free(&cosignature);
    return error;
}
