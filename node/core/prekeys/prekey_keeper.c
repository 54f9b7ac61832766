/* The node's own prekeys (SPEC 7.3): four weekly windows published, the current one first, each secret destroyed two weeks
 * after its window, but only by a clock that is trusted. A clock that was wrong for a while leaves windows behind that nobody
 * uses; what peers know and seal to stays. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "prekeys/key_change.h"
#include "prekeys/prekeys.h"

#define CHECK_EVERY_MS (10ull * NRS_MINUTE_MS)
#define OWN_PREKEYS_MAX 256u /* secrets held before one more rotation by hand is refused: they live in the locked pool */

nrs_error nrs_prekey_remember(nrs_core *core, const nrs_prekey_row *row, nrs_secret *secret, bool person)
{
    nrs_own_prekey *prekey = calloc(1, sizeof *prekey);

    if (prekey == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    memcpy(prekey->id, row->id, sizeof prekey->id);
    memcpy(prekey->owner, row->owner, sizeof prekey->owner);
    prekey->person = person;
    memcpy(prekey->secret.id, row->id, sizeof prekey->secret.id);
    memcpy(prekey->secret.key, row->key, sizeof prekey->secret.key);
    prekey->secret.from_ms = row->from_ms;
    prekey->secret.until_ms = row->until_ms;
    prekey->secret.secret = secret;
    HASH_ADD(hh, core->own_prekeys, id, sizeof prekey->id, prekey);
    if (prekey->hh.tbl == NULL) {
        prekey->secret.secret = NULL; /* the caller's still */
        free(prekey);
        return NRS_ERROR_NO_MEMORY;
    }
    return NRS_OK;
}

static nrs_error load_prekey(void *context, const nrs_prekey_row *row)
{
    nrs_core *core = context;
    bool person = !nrs_key_ours(core, row->owner);
    nrs_secret *secret = NULL;
    nrs_error error = NRS_OK;

    if (!person) {
        error = nrs_vault_take(core, &secret, row->segment, nrs_slice_of(row->id, NRS_PREKEY_ID_SIZE), row->wrapped);
    }
    if (error == NRS_OK) {
        error = nrs_prekey_remember(core, row, secret, person);
    }
    if (error != NRS_OK) {
        nrs_secret_destroy(&secret);
    }
    return error;
}

nrs_error nrs_prekey_keeper_load(nrs_core *core)
{
    nrs_error error = nrs_person_formers_load(core);

    return error == NRS_OK ? nrs_store_prekey_each(core->store, load_prekey, core) : error;
}

void nrs_prekey_keeper_wipe(nrs_core *core)
{
    nrs_own_prekey *prekey, *next;

    HASH_ITER (hh, core->own_prekeys, prekey, next) {
        HASH_DEL(core->own_prekeys, prekey);
        nrs_prekey_secret_wipe(&prekey->secret);
        free(prekey);
    }
}

nrs_own_prekey *nrs_own_prekey_by_id(const nrs_core *core, const uint8_t id[NRS_PREKEY_ID_SIZE])
{
    nrs_own_prekey *prekey;

    HASH_FIND(hh, core->own_prekeys, id, NRS_PREKEY_ID_SIZE, prekey);
    return prekey;
}

/* Keep a fresh secret: wrapped in the store, open in memory. Takes the secret over, also on failure. */
static nrs_error keep(nrs_core *core, nrs_prekey_secret *fresh)
{
    nrs_bytes wrapped = {0};
    nrs_prekey_row row = {.id = fresh->id, .owner = core->self.sign_key, .key = fresh->key, .from_ms = fresh->from_ms, .until_ms = fresh->until_ms};
    nrs_error error = nrs_vault_put(core, &row.segment, &wrapped, nrs_slice_of(fresh->id, NRS_PREKEY_ID_SIZE), fresh->secret);

    row.wrapped = nrs_slice_of_bytes(&wrapped);
    if (error == NRS_OK) {
        error = nrs_store_prekey_add(core->store, &row);
    }
    if (error == NRS_OK) {
        error = nrs_prekey_remember(core, &row, fresh->secret, false);
    }
    if (error == NRS_OK) {
        fresh->secret = NULL;
    }
    nrs_prekey_secret_wipe(fresh);
    nrs_bytes_wipe(&wrapped);
    return error;
}

/* ---- Which windows are due ---- */

/* The beginnings of the windows that a bundle made now has to have, ascending. For as long as peers accept a bundle from ahead
 * of their clock, the window before the current one stands in it too: whoever accepts the bundle finds a window in it. */
typedef struct windows {
    uint64_t from_ms[NRS_ORG_PREKEY_COUNT + 1];
    const nrs_own_prekey *held[NRS_ORG_PREKEY_COUNT + 1];
    size_t count;
} windows;

/* Nothing can be published at the ends of time, where windows have no dates that can be written. */
static bool clock_has_windows(uint64_t now_ms)
{
    return now_ms >= 2 * NRS_PREKEY_WINDOW_MS && now_ms <= NRS_TIME_MS_MAX - (NRS_ORG_PREKEY_COUNT + 1) * NRS_PREKEY_WINDOW_MS;
}

static windows windows_due(uint64_t now_ms)
{
    windows due = {0};
    uint64_t week = now_ms - now_ms % NRS_PREKEY_WINDOW_MS;

    if (now_ms - week < NRS_CLOCK_AHEAD_MS_MAX) {
        due.from_ms[due.count] = week - NRS_PREKEY_WINDOW_MS;
        due.count++;
    }
    for (size_t i = 0; i < NRS_ORG_PREKEY_COUNT; i++) {
        due.from_ms[due.count] = week + i * NRS_PREKEY_WINDOW_MS;
        due.count++;
    }
    return due;
}

static bool published(const nrs_bundle *bundle, const nrs_own_prekey *prekey)
{
    for (size_t i = 0; bundle != NULL && i < bundle->prekeys->n_prekeys; i++) {
        if (memcmp(bundle->prekeys->prekeys[i]->id.data, prekey->id, NRS_PREKEY_ID_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

/* One prekey for each window due, where one is held; of two, the one that peers know. */
static void find_held(const nrs_core *core, windows *due)
{
    const nrs_bundle *bundle = nrs_bundle_by_owner(core, core->self.sign_key);
    const nrs_own_prekey *prekey;

    memset(due->held, 0, sizeof due->held);
    for (prekey = core->own_prekeys; prekey != NULL; prekey = prekey->hh.next) {
        bool own = !prekey->person && memcmp(prekey->owner, core->self.sign_key, NRS_KEY_SIZE) == 0; /* not a former key's */
        for (size_t i = 0; i < due->count && own; i++) {
            if (prekey->secret.from_ms == due->from_ms[i] && (due->held[i] == NULL || published(bundle, prekey))) {
                due->held[i] = prekey;
            }
        }
    }
}

static nrs_error make_missing(nrs_core *core, windows *due)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < due->count && error == NRS_OK; i++) {
        nrs_prekey_secret fresh;
        if (due->held[i] != NULL) {
            continue;
        }
        error = nrs_prekeys_make(&fresh, 1, due->from_ms[i]);
        if (error == NRS_OK) {
            uint8_t id[NRS_PREKEY_ID_SIZE];
            memcpy(id, fresh.id, sizeof id);
            error = keep(core, &fresh);
            due->held[i] = nrs_own_prekey_by_id(core, id);
        }
    }
    return error;
}

static bool all_published(const nrs_core *core, const windows *due)
{
    const nrs_bundle *bundle = nrs_bundle_by_owner(core, core->self.sign_key);

    for (size_t i = 0; i < due->count; i++) {
        if (due->held[i] == NULL || !published(bundle, due->held[i])) {
            return false;
        }
    }
    return true;
}

/* ---- Publishing ---- */

/* The node's own doing, by the calendar. */
static nrs_error audit_keys(nrs_core *core, uint32_t event, const char *what_happened, size_t count)
{
    char detail[NRS_AUDIT_DETAIL_SIZE_MAX + 1];
    const nrs_audit_what what = {.event = event, .detail = detail};

    (void)snprintf(detail, sizeof detail, "%s: %zu", what_happened, count);
    return nrs_audit_add(core, &what);
}

static nrs_error log_bundle(nrs_core *core, const windows *due, uint64_t created_ms)
{
    nrs_prekey_secret list[NRS_ORG_PREKEY_COUNT + 1];
    nrs_bytes record = {0};
    nrs_record *decoded = NULL;
    nrs_error error;

    for (size_t i = 0; i < due->count; i++) {
        NRS_ASSERT(due->held[i] != NULL);
        list[i] = due->held[i]->secret; /* borrowed: its secret is not touched by signing */
    }
    error = nrs_prekeys_sign(&record, list, due->count, core->identity, core->self.sign_key, created_ms);
    if (error == NRS_OK) {
        error = nrs_record_decode(&decoded, nrs_slice_of_bytes(&record));
    }
    if (error == NRS_OK) {
        error = nrs_directory_take_prekeys(core, nrs_slice_of_bytes(&record), nrs_field(&decoded->payload), nrs_slice_of(NULL, 0));
    }
    nrs_record_free(&decoded);
    nrs_bytes_wipe(&record);
    return error;
}

/* Sign and log the bundle of the windows due: newer than the one held, or peers would not take it. One dated further ahead
 * than peers accept was made by a clock that was wrong, and peers whose clock is right have refused it: it gives way to one
 * dated now, which they take. */
static nrs_error publish(nrs_core *core, const windows *due)
{
    const nrs_bundle *held = nrs_bundle_by_owner(core, core->self.sign_key);
    uint64_t held_ms = held == NULL ? 0 : held->prekeys->created_ms;
    uint64_t created_ms = held_ms >= core->now_ms ? held_ms + 1 : core->now_ms;
    nrs_error error;

    if (held_ms > core->now_ms + NRS_CLOCK_AHEAD_MS_MAX) {
        nrs_core_log(core, NRS_ERROR_CLOCK, "prekeys: the bundle held is dated %llu hours ahead of the clock, one dated now takes its place",
                     (unsigned long long)((held_ms - core->now_ms) / NRS_HOUR_MS));
        created_ms = core->now_ms;
    }
    error = log_bundle(core, due, created_ms);
    return error == NRS_OK ? audit_keys(core, NRS_AUDIT_PREKEYS, "prekeys published", due->count) : error;
}

/* ---- Destroying ---- */

nrs_error nrs_prekeys_destroy(nrs_core *core, const uint8_t (*ids)[NRS_PREKEY_ID_SIZE], size_t count)
{
    nrs_error error;

    NRS_ASSERT(count <= NRS_PREKEYS_DESTROYED_MAX);
    if (count == 0) {
        return NRS_OK;
    }
    error = nrs_vault_destroy_entries(core, NULL, 0, ids, count);
    for (size_t i = 0; i < count && error == NRS_OK; i++) {
        nrs_own_prekey *prekey = nrs_own_prekey_by_id(core, ids[i]);
        if (prekey != NULL) {
            HASH_DEL(core->own_prekeys, prekey);
            nrs_prekey_secret_wipe(&prekey->secret);
            free(prekey);
        }
    }
    return error;
}

/* Secrets past their grace. Windows made by a clock that was far ahead stay until their time is over. */
static nrs_error destroy_old(nrs_core *core)
{
    uint8_t ids[NRS_PREKEYS_DESTROYED_MAX][NRS_PREKEY_ID_SIZE];
    size_t count = 0;
    nrs_own_prekey *prekey, *next;
    nrs_error error;

    if (!nrs_clock_trusted(core)) {
        return NRS_OK;
    }
    HASH_ITER (hh, core->own_prekeys, prekey, next) {
        if (prekey->secret.until_ms + NRS_PREKEY_GRACE_MS <= core->now_ms && count < NRS_PREKEYS_DESTROYED_MAX) {
            memcpy(ids[count], prekey->id, NRS_PREKEY_ID_SIZE);
            count++;
        }
    }
    error = nrs_prekeys_destroy(core, (const uint8_t(*)[NRS_PREKEY_ID_SIZE])ids, count);
    if (error == NRS_OK && count > 0) {
        nrs_core_log(core, NRS_OK, "prekeys: %zu destroyed, past their grace", count);
        error = audit_keys(core, NRS_AUDIT_KEY, "prekeys destroyed", count);
    }
    return error;
}

static nrs_error check(nrs_core *core)
{
    windows due;
    nrs_error error = destroy_old(core);

    if (error != NRS_OK) {
        return error;
    }
    if (!clock_has_windows(core->now_ms)) {
        nrs_core_log(core, NRS_ERROR_CLOCK, "prekeys: none can be published at the time the clock shows");
        return NRS_OK;
    }
    due = windows_due(core->now_ms);
    find_held(core, &due);
    error = make_missing(core, &due);
    return error != NRS_OK || all_published(core, &due) ? error : publish(core, &due);
}

nrs_error nrs_prekey_keeper_tick(nrs_core *core)
{
    nrs_error error;

    if (core->monotonic_ms != 0) { /* the start of the engine has no monotonic time yet */
        nrs_clock_observe(core);
    }
    if (core->prekeys_checked_ms != 0 && core->monotonic_ms < core->prekeys_checked_ms + CHECK_EVERY_MS) {
        return NRS_OK;
    }
    core->prekeys_checked_ms = core->monotonic_ms;
    error = check(core);
    if (error == NRS_OK || nrs_error_is_fatal(error)) {
        return error;
    }
    nrs_core_log(core, error, "prekeys: not published, tried again in ten minutes: %s", nrs_error_rule(error));
    return NRS_OK;
}

/* ---- By hand ---- */

static bool in_use(const windows *due, const nrs_own_prekey *prekey)
{
    for (size_t i = 0; i < due->count; i++) {
        if (due->held[i] == prekey) {
            return true;
        }
    }
    return false;
}

/* Every secret of the node's own that the bundle just published does not name. */
static nrs_error destroy_others(nrs_core *core, const windows *due, size_t *destroyed_out)
{
    uint8_t ids[NRS_PREKEYS_DESTROYED_MAX][NRS_PREKEY_ID_SIZE];
    size_t count = NRS_PREKEYS_DESTROYED_MAX;
    nrs_error error = NRS_OK;

    while (error == NRS_OK && count == NRS_PREKEYS_DESTROYED_MAX) {
        const nrs_own_prekey *prekey;

        count = 0;
        for (prekey = core->own_prekeys; prekey != NULL && count < NRS_PREKEYS_DESTROYED_MAX; prekey = prekey->hh.next) {
            if (!prekey->person && !in_use(due, prekey)) {
                memcpy(ids[count], prekey->id, NRS_PREKEY_ID_SIZE);
                count++;
            }
        }
        error = nrs_prekeys_destroy(core, (const uint8_t(*)[NRS_PREKEY_ID_SIZE])ids, count);
        *destroyed_out += error == NRS_OK ? count : 0;
    }
    return error;
}

nrs_error nrs_prekey_keeper_rotate(nrs_core *core, size_t *destroyed_out, bool destroy)
{
    windows due;
    size_t own = 0;
    nrs_error error;

    for (const nrs_own_prekey *prekey = core->own_prekeys; prekey != NULL; prekey = prekey->hh.next) {
        own += prekey->person ? 0 : 1;
    }
    if (!destroy && own > OWN_PREKEYS_MAX) {
        return NRS_ERROR_LIMIT;
    }
    if (!clock_has_windows(core->now_ms)) {
        return NRS_ERROR_CLOCK;
    }
    due = windows_due(core->now_ms);
    *destroyed_out = 0;
    error = make_missing(core, &due);
    if (error == NRS_OK) {
        error = publish(core, &due);
    }
    if (error == NRS_OK && destroy) {
        error = destroy_others(core, &due, destroyed_out);
    }
    if (error == NRS_OK) {
        nrs_core_log(core, NRS_OK, "prekeys: %zu new ones published by hand, %zu old ones destroyed", due.count, *destroyed_out);
    } else {
        core->must_reload = true; /* memory may have run ahead of the store */
    }
    return error;
}
