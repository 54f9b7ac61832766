/* A store that was put back: a copy of the node's folder, or a snapshot of its machine, took the place of what came after it (SPEC 10.2).
 * Nothing in it tells; those who have seen what came after can tell. What is sent from then on has a name of its own in any case,
 * since every opening of the store begins a new part of the log, and with it new streams: so nothing is passed over, and no number is
 * given twice. What is done here mends the rest, and tells the people. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "command/command.h"
#include "link/link.h"
#include "proto/time.h"

#define SHOWN_MS NRS_REPORT_LIFE_MS_MAX
#define FOUND_NAME "store-older"
#define DISOWNED_NAME "disowned" /* and with a peer's key behind it: when a part was renamed by its word */

/* One that was put back is mended by the first who shows it. That a peer holds more is its bare word: who only says so would else end the
 * links of everybody again and again. */
#define DISOWN_MS NRS_HOUR_MS
#define DISOWN_PEER_MS NRS_DAY_MS

/* When: in the store, since the engine may read all of it again at any time, and a peer may have its part in why. */
static nrs_error put_down(nrs_core *core, const char *name)
{
    return nrs_store_meta_number_set(core->store, name, core->now_ms);
}

/* Not so long ago; a time ahead of the clock, which was set back since, counts as long as it is not further. */
static nrs_error lately(nrs_core *core, bool *lately_out, const char *name, uint64_t within_ms)
{
    uint64_t at_ms = 0, apart_ms;
    nrs_error error = nrs_store_meta_number_get(core->store, name, &at_ms, NULL);

    apart_ms = core->now_ms > at_ms ? core->now_ms - at_ms : at_ms - core->now_ms;
    *lately_out = error == NRS_OK && at_ms != 0 && apart_ms < within_ms;
    return error;
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
        error = put_down(core, FOUND_NAME);
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
    char of_peer[sizeof DISOWNED_NAME + 2 * NRS_KEY_SIZE];
    bool by_any = false, by_it = false;
    nrs_error error;

    NRS_ASSERT(incarnation != NULL && keep != NULL);
    memcpy(of_peer, DISOWNED_NAME, sizeof DISOWNED_NAME);
    nrs_hex_encode(of_peer + sizeof DISOWNED_NAME - 1, keep->peer->keys.sign_key, NRS_KEY_SIZE);
    error = lately(core, &by_any, DISOWNED_NAME, DISOWN_MS);
    if (error == NRS_OK) {
        error = lately(core, &by_it, of_peer, DISOWN_PEER_MS);
    }
    if (error == NRS_OK && (by_any || by_it)) {
        return NRS_ERROR_BUSY;
    }
    if (error == NRS_OK) {
        error = put_down(core, DISOWNED_NAME);
    }
    if (error == NRS_OK) {
        error = put_down(core, of_peer);
    }
    if (error != NRS_OK) {
        return error;
    }
    randombytes_buf(fresh, sizeof fresh);
    close_all(core, keep);
    return nrs_store_part_disown(core->store, incarnation, fresh);
}

nrs_error nrs_older_warn(nrs_core *core, json_t *warnings)
{
    char text[NRS_MESSAGE_SIZE_MAX], at[32];
    uint64_t at_ms = 0;
    nrs_error error = nrs_store_meta_number_get(core->store, FOUND_NAME, &at_ms, NULL);

    if (error == NRS_OK && at_ms != 0 && core->now_ms < at_ms + SHOWN_MS) {
        nrs_time_format(at, at_ms);
        (void)snprintf(text, sizeof text,
                       "an older copy of this node's folder was put in its place (noticed %s): what it knew since then comes again only as far as others still have it; persons run noroshi person unlock", at);
        error = nrs_array_text(warnings, text);
    }
    return error;
}
