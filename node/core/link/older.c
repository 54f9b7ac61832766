/* A store that was put back: a copy of the node's folder, or a snapshot of its machine, took the place of what came after it (SPEC 10.2).
 * Nothing in it tells; those who have seen what came after can tell. What is sent from then on has a name of its own in any case,
 * since every opening of the store begins a new part of the log, and with it new streams: so nothing is passed over, and no number is
 * given twice. What is done here mends the rest, and tells the people. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "command/command.h"
#include "proto/time.h"

#define SHOWN_MS NRS_REPORT_LIFE_MS_MAX
#define FOUND_NAME "store-older"

/* One that was put back is mended by the first who shows it. That a peer holds more is its bare word: who only says so would else end the
 * links of everybody again and again. */
#define DISOWN_MS NRS_HOUR_MS
#define DISOWN_PEER_MS NRS_DAY_MS

enum { FOUND_SIZE = 8 };

static nrs_error put_down(nrs_core *core)
{
    uint8_t at[FOUND_SIZE];

    for (size_t i = 0; i < sizeof at; i++) {
        at[i] = (uint8_t)(core->now_ms >> (8 * i));
    }
    return nrs_store_meta_set(core->store, FOUND_NAME, nrs_slice_of(at, sizeof at));
}

nrs_error nrs_older_found(nrs_core *core, const nrs_peer *peer)
{
    const nrs_audit_what what = {.event = NRS_AUDIT_ALARM, .rule = NRS_ERROR_REWRITTEN, .org = peer->org,
                                 .detail = "it holds more of this node's records than there are: an older store was put in place"};
    size_t destroyed = 0;
    nrs_error error;

    NRS_ASSERT(peer != NULL);
    if (core->older_said) {
        return NRS_OK;
    }
    core->older_said = true;
    nrs_core_log(core, what.rule, "%s: %s", peer->org, what.detail);
    error = nrs_audit_add(core, &what);
    if (error == NRS_OK) {
        error = put_down(core);
    }
    if (error == NRS_OK) { /* others may hold prekeys whose secrets were made after the copy: nothing sealed to them opens here */
        error = nrs_prekey_keeper_rotate(core, &destroyed, false);
    }
    if (error == NRS_ERROR_LIMIT || error == NRS_ERROR_CLOCK) {
        nrs_core_log(core, error, "no new prekeys were published");
        error = NRS_OK;
    }
    return error;
}

static void close_all(nrs_core *core, const nrs_link *keep)
{
    nrs_link *link, *next;

    HASH_ITER (hh, core->links, link, next) {
        if (link != keep) {
            nrs_link_close(core, link, NRS_OK);
        }
    }
}

nrs_error nrs_log_part_begin(nrs_core *core)
{
    uint8_t fresh[NRS_LOG_ID_SIZE];

    randombytes_buf(fresh, sizeof fresh);
    close_all(core, NULL);
    return nrs_store_part_begin(core->store, fresh, true);
}

nrs_error nrs_log_part_disown(nrs_core *core, const uint8_t *incarnation, const nrs_link *keep)
{
    uint8_t fresh[NRS_LOG_ID_SIZE];

    NRS_ASSERT(incarnation != NULL && keep != NULL);
    if (core->monotonic_ms < core->disown_after_ms || core->monotonic_ms < keep->peer->disown_after_ms) {
        return NRS_ERROR_BUSY;
    }
    core->disown_after_ms = core->monotonic_ms + DISOWN_MS;
    keep->peer->disown_after_ms = core->monotonic_ms + DISOWN_PEER_MS;
    randombytes_buf(fresh, sizeof fresh);
    close_all(core, keep);
    return nrs_store_part_disown(core->store, incarnation, fresh);
}

nrs_error nrs_older_warn(nrs_core *core, json_t *warnings)
{
    nrs_bytes value = {0};
    char text[NRS_MESSAGE_SIZE_MAX], at[32];
    uint64_t at_ms = 0;
    nrs_error error = nrs_store_meta_get(core->store, FOUND_NAME, &value);

    for (size_t i = 0; error == NRS_OK && i < value.size && i < FOUND_SIZE; i++) {
        at_ms |= (uint64_t)value.data[i] << (8 * i);
    }
    if (error == NRS_OK && at_ms != 0 && core->now_ms < at_ms + SHOWN_MS) {
        nrs_time_format(at, at_ms);
        (void)snprintf(text, sizeof text,
                       "an older copy of this node's folder was put in its place (noticed %s): what it knew since then comes again only as far as others still have it; persons run noroshi person unlock", at);
        error = nrs_array_text(warnings, text);
    }
    nrs_bytes_wipe(&value);
    return error;
}
