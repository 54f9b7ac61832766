/* At a hub: whether another node's audit log is still the one that was signed before, here and by other hubs (SPEC 13.4).
 *
 *            a checkpoint that goes on from what was signed, and from what another hub has signed
 *           ┌──────────────────────────────────────────┐
 *           ▼                                          │
 *       followed ── asked for a proof, and none came ──► unproven
 *           │                                          │
 *           └── what was signed is shown not to be in it ┴──► rewritten (for as long as that log lasts)
 */
#include "audit/watch.h"

#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "link/log.h"
#include "prekeys/key_change.h"

#define IN_FLIGHT_MS 10000u            /* a checkpoint may have been under way when the question was put */
#define PATIENCE_MS (2 * NRS_DAY_MS)   /* whatever a node says of the time: checkpoints come once a day */
#define ASK_AGAIN_MS NRS_DAY_MS

/* The watch stands under the newest of a node's keys, so that a change of keys begins nothing anew. */
static const nrs_peer *newest_of(const nrs_core *core, const nrs_peer *owner)
{
    const nrs_peer *next = nrs_key_successor(core, owner->keys.sign_key);

    for (size_t i = 0; next != NULL && i < NRS_KEY_CHAIN_MAX; i++) {
        owner = next;
        next = nrs_key_successor(core, owner->keys.sign_key);
    }
    return owner;
}

const nrs_peer *nrs_audit_watched(const nrs_core *core, const uint8_t key[NRS_KEY_SIZE])
{
    const nrs_peer *next = nrs_key_successor(core, key);
    const nrs_peer *peer = next != NULL ? next : nrs_peer_by_sign(core, key);

    return peer == NULL ? NULL : newest_of(core, peer);
}

/* NRS_ERROR_NOT_FOUND: nothing is watched yet under this key or one before it. */
static nrs_error find_watch(nrs_core *core, nrs_audit_watch *watch_out, nrs_bytes *holder, const nrs_peer *owner)
{
    const uint8_t *key = owner->keys.sign_key;
    const nrs_key_end *before = NULL;
    nrs_error error = nrs_store_audit_watch_get(core->store, watch_out, holder, key);

    for (size_t i = 0; error == NRS_ERROR_NOT_FOUND && i < NRS_KEY_CHAIN_MAX; i++) {
        before = nrs_key_before(core, before == NULL ? key : before->sign_key);
        if (before == NULL) {
            break;
        }
        error = nrs_store_audit_watch_get(core->store, watch_out, holder, before->sign_key);
        if (error == NRS_OK) {
            error = nrs_store_audit_watch_move(core->store, before->sign_key, key);
        }
    }
    return error;
}

/* Nothing that can be read is noted under its keys. Of one that was followed before somebody has written there by hand, or taken it away: it is followed
 * on from the largest root that was seen of the log, or anew, and that is said. */
static nrs_error resume(nrs_core *core, nrs_audit_watch *watch_out, const nrs_peer *owner, const nrs_audit_checkpoint *checkpoint)
{
    bool there = false;
    nrs_error error = nrs_store_audit_watch_there(core->store, &there, owner->keys.sign_key);

    *watch_out = (nrs_audit_watch){0};
    if (error == NRS_OK) {
        error = nrs_store_audit_seen_last(core->store, watch_out, owner->keys.sign_key, checkpoint->log.data);
        there = there || error == NRS_OK;
        error = error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
    }
    return error == NRS_OK && there ? nrs_audit_alarm(core, owner, "what this hub noted of its audit log cannot be read, and is begun again") : error;
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
        error = nrs_audit_alarm(core, owner, "its audit log does not continue what this hub has signed");
    }
    return error == NRS_OK ? NRS_ERROR_REWRITTEN : error;
}

/* ---- What this hub has signed ---- */

static nrs_error cosign(nrs_core *core, const nrs_peer *owner, const nrs_audit_watch *watch)
{
    nrs_audit_cosignature cosignature;
    nrs_bytes statement = {0}, record = {0};
    uint8_t id[NRS_HASH_SIZE];
    uint64_t position = 0;
    nrs_error error;

    nrs__wire__audit_cosignature__init(&cosignature);
    cosignature.suite = NRS_SUITE;
    cosignature.hub = nrs_field_of(nrs_slice_of(core->self.sign_key, NRS_KEY_SIZE));
    cosignature.node = nrs_field_of(nrs_slice_of(owner->keys.sign_key, NRS_KEY_SIZE));
    cosignature.log = nrs_field_of(nrs_slice_of(watch->log, sizeof watch->log));
    cosignature.size = watch->size;
    cosignature.root = nrs_field_of(nrs_slice_of(watch->root, sizeof watch->root));
    cosignature.created_ms = core->now_ms;
    cosignature.logs = watch->logs;
    error = nrs_audit_cosignature_encode(&statement, &cosignature);
    if (error == NRS_OK) {
        error = nrs_signed_record(&record, NRS_RECORD_AUDIT_COSIGNATURE, core->identity, nrs_slice_of_bytes(&statement));
    }
    if (error == NRS_OK) {
        nrs_record_id(id, nrs_slice_of_bytes(&record));
        error = nrs_store_log_find(core->store, &position, id);
    }
    if (error == NRS_OK && position == 0) { /* two of one millisecond are one */
        error = nrs_log_add(core, NULL, NRS_RECORD_AUDIT_COSIGNATURE, id, nrs_slice_of_bytes(&record), nrs_slice_of(core->self.sign_key, NRS_KEY_SIZE),
                            nrs_slice_of(NULL, 0), core->now_ms + NRS_REPORT_LIFE_MS_MAX);
    }
    nrs_bytes_wipe(&record);
    nrs_bytes_wipe(&statement);
    return error;
}

static bool had_time(const nrs_core *core, uint64_t since_ms, const nrs_audit_checkpoint *checkpoint)
{
    return checkpoint->created_ms > since_ms + IN_FLIGHT_MS || core->now_ms > since_ms + PATIENCE_MS;
}

/* A checkpoint of the log that is watched, with no proof from what was signed last. That is signed once more, by which the node learns from
 * where its next checkpoint has to prove: an honest one may not have got the first signature, or it is this hub that was put back. One that
 * then has no proof again cannot give it. */
static nrs_error ask(nrs_core *core, const nrs_peer *owner, nrs_audit_watch *watch, const nrs_audit_checkpoint *checkpoint, nrs_slice payload)
{
    bool first = watch->asked_ms == 0;
    bool unproven = !first && watch->state == NRS_AUDIT_WATCH_GOOD && had_time(core, watch->asked_ms, checkpoint);
    bool again = first || core->now_ms >= watch->asked_ms + ASK_AGAIN_MS || core->now_ms < watch->asked_ms; /* a clock that was ahead */
    nrs_error error = NRS_OK;

    if (unproven) {
        watch->state = NRS_AUDIT_WATCH_UNPROVEN;
        watch->evidence = payload;
        error = nrs_audit_alarm(core, owner, "it does not show that its audit log continues what this hub has signed");
    }
    if (error == NRS_OK && again) {
        watch->asked_ms = core->now_ms;
        error = cosign(core, owner, watch);
    }
    if (error == NRS_OK && (unproven || again)) {
        error = nrs_store_audit_watch_set(core->store, owner->keys.sign_key, watch);
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
    return watch->logs > 1 ? nrs_audit_alarm(core, owner, "it has begun a new audit log") : NRS_OK;
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
        if (error != NRS_OK) {
            return error == NRS_ERROR_REWRITTEN ? note_rewritten(core, owner, watch, payload) : ask(core, owner, watch, checkpoint, payload);
        }
    }
    memcpy(watch->log, checkpoint->log.data, NRS_AUDIT_LOG_ID_SIZE);
    memcpy(watch->root, checkpoint->root.data, NRS_HASH_SIZE);
    watch->size = checkpoint->size;
    watch->at_ms = checkpoint->created_ms;
    watch->asked_ms = 0;
    return NRS_OK;
}

/* ---- What another hub has signed ---- */

/* It is that hub's word: it never keeps this one from signing what continues its own, and is said with who said it. */
static nrs_error doubt(nrs_core *core, const nrs_peer *owner, nrs_audit_watch *watch)
{
    const nrs_peer *hub = nrs_peer_by_sign(core, watch->other_by);
    char text[NRS_AUDIT_DETAIL_SIZE_MAX + 1];

    if (watch->state != NRS_AUDIT_WATCH_GOOD) {
        return NRS_OK;
    }
    watch->state = NRS_AUDIT_WATCH_UNPROVEN;
    (void)snprintf(text, sizeof text, "not shown to be the audit log that %s has signed", hub == NULL ? "another hub" : hub->org);
    return nrs_audit_alarm(core, owner, text);
}

/* A node proves from what each of its hubs signed last: what is followed here has to go on from there too. */
static nrs_error compare_followed(nrs_core *core, const nrs_peer *owner, nrs_audit_watch *watch, const nrs_audit_checkpoint *checkpoint)
{
    nrs_error error = watch->other_size == 0 ? NRS_OK
                      : checkpoint->size < watch->other_size ? NRS_ERROR_NOT_FOUND
                                                             : nrs_audit_checkpoint_continues(checkpoint, watch->other_size, watch->other_root);

    if (error == NRS_OK) {
        watch->other_size = 0;
        watch->state = watch->state == NRS_AUDIT_WATCH_UNPROVEN ? NRS_AUDIT_WATCH_GOOD : watch->state;
        return NRS_OK;
    }
    watch->other_ms = watch->other_ms > core->now_ms ? core->now_ms : watch->other_ms; /* a clock that was ahead */
    if (error == NRS_ERROR_NOT_FOUND && !(checkpoint->size < watch->other_size ? core->now_ms > watch->other_ms + PATIENCE_MS
                                                                               : had_time(core, watch->other_ms, checkpoint))) {
        return NRS_OK;
    }
    return doubt(core, owner, watch);
}

/* Whether what another hub has signed contradicts a root that was seen here, not only what is still to come. */
static nrs_error contradicted(nrs_core *core, bool *yes_out, const nrs_peer *owner, const nrs_audit_watch *watch)
{
    uint8_t root[NRS_HASH_SIZE];
    nrs_error error = nrs_store_audit_seen_root(core->store, root, owner->keys.sign_key, watch->log, watch->other_size);

    *yes_out = error == NRS_OK && memcmp(root, watch->other_root, sizeof root) != 0;
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

nrs_error nrs_audit_compare(nrs_core *core, const nrs_peer *owner, const nrs_peer *hub, const nrs_audit_cosignature *cosignature, nrs_slice payload)
{
    nrs_audit_watch watch;
    nrs_bytes holder = {0};
    uint8_t root[NRS_HASH_SIZE];
    uint64_t first = 0;
    bool known = false, same = false, his, told = false;
    nrs_error error;

    owner = newest_of(core, owner);
    error = find_watch(core, &watch, &holder, owner);
    if (error != NRS_OK || memcmp(watch.log, cosignature->log.data, NRS_AUDIT_LOG_ID_SIZE) != 0) { /* a log begun anew its checkpoint tells of */
        nrs_bytes_wipe(&holder);
        return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
    }
    his = watch.other_size != 0 && memcmp(watch.other_by, hub->keys.sign_key, NRS_KEY_SIZE) == 0;
    error = nrs_store_audit_seen_root(core->store, root, owner->keys.sign_key, watch.log, cosignature->size);
    if (error == NRS_OK) {
        known = true;
        same = nrs_slice_equal(nrs_field(&cosignature->root), nrs_slice_of(root, sizeof root));
    } else if (error == NRS_ERROR_NOT_FOUND) { /* of what was before this hub's memory it knows nothing */
        error = nrs_store_audit_seen_first(core->store, &first, owner->keys.sign_key, watch.log);
    }
    if (error == NRS_OK && known && !same && watch.other_size != 0) {
        error = contradicted(core, &told, owner, &watch);
    }
    if (error == NRS_OK && known && !same && !told && watch.other_size != 0) { /* what is only said to come gives way, and a doubt about that was another one */
        watch.other_size = 0;
        watch.state = watch.state == NRS_AUDIT_WATCH_UNPROVEN && !his ? NRS_AUDIT_WATCH_GOOD : watch.state;
    }
    if (error != NRS_OK || (!known && cosignature->size < first) || (watch.other_size != 0 && !his) || (his && cosignature->size < watch.other_size)) {
        goto out; /* one at a time is followed up */
    }
    if (same) {
        if (!his) {
            goto out;
        }
        watch.other_size = 0;
        watch.state = watch.state == NRS_AUDIT_WATCH_UNPROVEN && watch.asked_ms == 0 ? NRS_AUDIT_WATCH_GOOD : watch.state;
    } else {
        watch.other_ms = his ? watch.other_ms : core->now_ms;
        watch.other_size = cosignature->size;
        memcpy(watch.other_root, cosignature->root.data, NRS_HASH_SIZE);
        memcpy(watch.other_by, hub->keys.sign_key, NRS_KEY_SIZE);
        watch.evidence = watch.state == NRS_AUDIT_WATCH_GOOD ? payload : watch.evidence;
        error = known ? doubt(core, owner, &watch) : NRS_OK;
    }
    if (error == NRS_OK) {
        error = nrs_store_audit_watch_set(core->store, owner->keys.sign_key, &watch);
    }
out:
    nrs_bytes_wipe(&holder);
    return error;
}

/* ---- A checkpoint ---- */

nrs_error nrs_audit_follow(nrs_core *core, const nrs_peer *owner, const nrs_audit_checkpoint *checkpoint, nrs_slice payload)
{
    nrs_audit_watch watch;
    nrs_bytes holder = {0};
    nrs_error error;

    owner = newest_of(core, owner);
    error = find_watch(core, &watch, &holder, owner);
    if (error == NRS_ERROR_NOT_FOUND) {
        error = resume(core, &watch, owner, checkpoint);
    }
    if (error == NRS_OK) {
        error = follow(core, owner, &watch, checkpoint, payload);
    }
    if (error == NRS_OK) {
        error = compare_followed(core, owner, &watch, checkpoint);
    }
    if (error == NRS_OK) {
        error = nrs_store_audit_watch_set(core->store, owner->keys.sign_key, &watch);
    }
    if (error == NRS_OK) {
        error = nrs_store_audit_seen_add(core->store, owner->keys.sign_key, watch.log, watch.size, watch.root);
    }
    if (error == NRS_OK) {
        error = cosign(core, owner, &watch);
    }
    nrs_bytes_wipe(&holder);
    return error;
}
