/* Checkpoints of others' audit logs, which a hub signs when they continue what it signed before, and the cosignatures that come
 * back (SPEC 13.4). */
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "link/log.h"
#include "link/receive.h"

/* Communities that all of these share with this node. */
static uint64_t shared_by(const nrs_core *core, const nrs_peer *a, const nrs_peer *b)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);

    return self == NULL || a == NULL || b == NULL ? 0 : a->member_of & b->member_of & self->member_of;
}

static nrs_error check_times(const nrs_core *core, uint64_t created_ms)
{
    if (created_ms > core->now_ms + NRS_CLOCK_AHEAD_MS_MAX) {
        return NRS_ERROR_CLOCK;
    }
    return created_ms + NRS_REPORT_LIFE_MS_MAX <= core->now_ms ? NRS_ERROR_EXPIRED : NRS_OK;
}

/* ---- At a hub: is it the log that was signed before? ---- */

static nrs_error alarm(nrs_core *core, const nrs_peer *owner, nrs_error rule, const char *detail)
{
    const nrs_audit_what what = {.event = NRS_AUDIT_ALARM, .rule = rule, .org = owner->org, .detail = detail};

    nrs_core_log(core, rule, "audit: %s: %s", owner->org, detail);
    return nrs_audit_add(core, &what);
}

/* Said and kept once for each log: both signed checkpoints together are the proof. */
static nrs_error note_rewritten(nrs_core *core, const nrs_peer *owner, nrs_audit_watch *watch, nrs_slice payload)
{
    nrs_error error;

    if (watch->state == NRS_AUDIT_WATCH_REWRITTEN) {
        return NRS_ERROR_REWRITTEN;
    }
    watch->state = NRS_AUDIT_WATCH_REWRITTEN;
    watch->evidence = payload;
    error = nrs_store_audit_watch_set(core->store, owner->keys.sign_key, watch);
    if (error == NRS_OK) {
        error = alarm(core, owner, NRS_ERROR_REWRITTEN, "its audit log does not continue what this hub has signed");
    }
    return error == NRS_OK ? NRS_ERROR_REWRITTEN : error;
}

/* Another log of the same node: one that was watched before, or one begun anew. */
static nrs_error begin_again(nrs_core *core, const nrs_peer *owner, nrs_audit_watch *watch, const nrs_audit_checkpoint *checkpoint)
{
    bool known = false;
    nrs_error error = nrs_store_audit_seen_log(core->store, &known, owner->keys.sign_key, checkpoint->log.data);

    if (error != NRS_OK || known) {
        return error != NRS_OK ? error : NRS_ERROR_EXPIRED;
    }
    if (watch->logs == NRS_AUDIT_LOG_COUNT_MAX) {
        return NRS_ERROR_REWRITTEN; /* a node that begins anew again and again is not followed */
    }
    *watch = (nrs_audit_watch){.logs = watch->logs + 1, .state = NRS_AUDIT_WATCH_GOOD};
    return watch->logs > 1 ? alarm(core, owner, NRS_ERROR_REWRITTEN, "it has begun a new audit log") : NRS_OK;
}

/* NRS_OK: it goes on from what is watched, which then stands in *watch. NRS_ERROR_EXISTS: it is known. */
static nrs_error follow(nrs_core *core, const nrs_peer *owner, nrs_audit_watch *watch, const nrs_audit_checkpoint *checkpoint, nrs_slice payload)
{
    uint8_t root[NRS_HASH_SIZE];
    nrs_error error;

    if (watch->logs == 0 || memcmp(watch->log, checkpoint->log.data, NRS_AUDIT_LOG_ID_SIZE) != 0) {
        error = begin_again(core, owner, watch, checkpoint);
        if (error != NRS_OK) {
            return error;
        }
    } else if (checkpoint->size < watch->size) { /* by another path, and older: it must be one that was seen, if it is remembered */
        error = nrs_store_audit_seen_root(core->store, root, owner->keys.sign_key, watch->log, checkpoint->size);
        if (error == NRS_OK) {
            error = nrs_audit_checkpoint_continues(checkpoint, checkpoint->size, root);
        } else if (error == NRS_ERROR_NOT_FOUND) { /* a log does not become shorter */
            error = checkpoint->created_ms > watch->at_ms ? NRS_ERROR_REWRITTEN : NRS_ERROR_EXPIRED;
        }
        return error == NRS_OK ? NRS_ERROR_EXISTS : error == NRS_ERROR_REWRITTEN ? note_rewritten(core, owner, watch, payload) : error;
    } else {
        error = nrs_audit_checkpoint_continues(checkpoint, watch->size, watch->root);
        if (error == NRS_OK && checkpoint->size == watch->size) {
            return NRS_ERROR_EXISTS;
        }
        if (error == NRS_ERROR_REWRITTEN) {
            return note_rewritten(core, owner, watch, payload);
        }
        if (error != NRS_OK) {
            return NRS_ERROR_REWRITTEN; /* no proof from there: not signed, and the next one may have it */
        }
    }
    memcpy(watch->log, checkpoint->log.data, NRS_AUDIT_LOG_ID_SIZE);
    memcpy(watch->root, checkpoint->root.data, NRS_HASH_SIZE);
    watch->size = checkpoint->size;
    watch->at_ms = checkpoint->created_ms;
    return NRS_OK;
}

static nrs_error cosign(nrs_core *core, const nrs_audit_checkpoint *checkpoint, const nrs_audit_watch *watch)
{
    nrs_audit_cosignature cosignature;
    nrs_bytes statement = {0}, record = {0};
    uint8_t id[NRS_HASH_SIZE];
    nrs_error error;

    nrs__wire__audit_cosignature__init(&cosignature);
    cosignature.suite = NRS_SUITE;
    cosignature.hub = nrs_field_of(nrs_slice_of(core->self.sign_key, NRS_KEY_SIZE));
    cosignature.node = checkpoint->node;
    cosignature.log = checkpoint->log;
    cosignature.size = checkpoint->size;
    cosignature.root = checkpoint->root;
    cosignature.created_ms = core->now_ms;
    cosignature.logs = watch->logs;
    error = nrs_audit_cosignature_encode(&statement, &cosignature);
    if (error == NRS_OK) {
        error = nrs_signed_record(&record, NRS_RECORD_AUDIT_COSIGNATURE, core->identity, nrs_slice_of_bytes(&statement));
    }
    if (error == NRS_OK) {
        nrs_record_id(id, nrs_slice_of_bytes(&record));
        error = nrs_log_add(core, NULL, NRS_RECORD_AUDIT_COSIGNATURE, id, nrs_slice_of_bytes(&record), nrs_slice_of(core->self.sign_key, NRS_KEY_SIZE),
                            nrs_slice_of(NULL, 0), core->now_ms + NRS_REPORT_LIFE_MS_MAX);
    }
    nrs_bytes_wipe(&record);
    nrs_bytes_wipe(&statement);
    return error;
}

/* Kept, passed on to the other hubs, and signed. */
static nrs_error take_checkpoint(nrs_core *core, const nrs_peer *owner, const nrs_audit_checkpoint *checkpoint, nrs_slice payload)
{
    nrs_audit_watch watch;
    nrs_bytes holder = {0};
    nrs_error error = nrs_store_audit_watch_get(core->store, &watch, &holder, owner->keys.sign_key);

    if (error == NRS_ERROR_NOT_FOUND) {
        watch = (nrs_audit_watch){0};
        error = NRS_OK;
    }
    if (error == NRS_OK) {
        error = follow(core, owner, &watch, checkpoint, payload);
    }
    if (error == NRS_OK) {
        error = nrs_store_audit_watch_set(core->store, owner->keys.sign_key, &watch);
    }
    if (error == NRS_OK) {
        error = nrs_store_audit_seen_add(core->store, owner->keys.sign_key, watch.log, watch.size, watch.root);
    }
    if (error == NRS_OK) {
        error = cosign(core, checkpoint, &watch);
    }
    nrs_bytes_wipe(&holder);
    return error;
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
        if (owner == NULL || owner == self || shared == 0 || (from != owner && (from->hub_of & shared) == 0)) {
            error = NRS_ERROR_NOT_MEMBER;
        } else if ((self->hub_of & shared) == 0) {
            error = NRS_ERROR_NOT_RUNNING_HERE;
        } else {
            error = check_times(core, checkpoint->created_ms);
        }
    }
    if (error == NRS_OK) {
        error = take_checkpoint(core, owner, checkpoint, payload);
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
static nrs_error take_own(nrs_core *core, const nrs_audit_cosignature *cosignature, const nrs_peer *hub, nrs_slice payload)
{
    uint8_t own[NRS_HASH_SIZE];
    bool same = memcmp(cosignature->log.data, nrs_audit_head_of(core)->log, NRS_AUDIT_LOG_ID_SIZE) == 0;
    nrs_error error = same ? nrs_audit_signed_root(core, own, cosignature->size) : NRS_ERROR_NOT_FOUND;

    if (same && error == NRS_ERROR_NOT_FOUND) { /* the checkpoint may be gone, and the log be whole */
        error = nrs_audit_own_root(core, own, cosignature->size);
    }
    if (error == NRS_OK && nrs_slice_equal(nrs_slice_of(own, sizeof own), nrs_field(&cosignature->root))) {
        error = nrs_store_audit_cosignature_add(core->store, cosignature->size, hub->keys.sign_key, payload);
        if (error == NRS_OK) {
            nrs_audit_cosigned(core, cosignature->size);
        }
    } else if (error == NRS_OK || nrs_error_is_verdict(error)) {
        error = alarm(core, hub, NRS_ERROR_REWRITTEN, "it has signed an audit log of this node that is not the one held here");
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
        shared = hub == NULL ? 0 : hub->hub_of & shared_by(core, hub, owner) & shared_by(core, hub, from);
        if (shared == 0 || (from != hub && (from->hub_of & shared) == 0)) {
            error = NRS_ERROR_NOT_MEMBER;
        } else if (owner != self && (self->hub_of & shared) == 0) {
            error = NRS_ERROR_NOT_RUNNING_HERE;
        } else {
            error = check_times(core, cosignature->created_ms);
        }
    }
    if (error == NRS_OK && owner == self) {
        error = take_own(core, cosignature, hub, payload);
    }
    if (error == NRS_OK) {
        error = nrs_log_add(core, NULL, NRS_RECORD_AUDIT_COSIGNATURE, id, record, nrs_slice_of(hub->keys.sign_key, NRS_KEY_SIZE),
                            nrs_slice_of(from->keys.sign_key, NRS_KEY_SIZE), cosignature->created_ms + NRS_REPORT_LIFE_MS_MAX);
    }
    nrs_audit_cosignature_free(&cosignature);
    return error;
}
