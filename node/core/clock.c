/* Whether the clock may be trusted with what cannot be undone (SPEC 10.5). A wall clock can be set wrong and right again; the monotonic
 * clock cannot. While the two run side by side for a day, the wall clock has not been set, and secrets may be destroyed and
 * expired records dropped by it. Nothing of this is kept over a restart: a start begins the day anew, so that destruction may
 * come a day late, but never by a clock that has just been set.
 *
 * A clock that was wrong from the start never jumps. So each hello says what the peer's clock shows, and where most peers say
 * otherwise than this clock, what would be refused for good is not. Peers are asked for nothing else: they could make a node
 * believe any time, and what they can gain here is a week for a secret, and room for a record that has expired. */
#include <stdlib.h>

#include "internal.h"

#define JUMP_MS NRS_HOUR_MS
#define TRUSTED_AFTER_MS NRS_DAY_MS
#define TRUSTED_ALONE_AFTER_MS NRS_WEEK_MS
#define ERROR_MS ((int64_t)NRS_HOUR_MS) /* peers whose clocks differ by less agree */

static void begin_day(nrs_core *core, uint64_t offset)
{
    core->clock_seen = true;
    core->clock_offset_ms = offset;
    core->clock_since_ms = core->monotonic_ms;
}

void nrs_clock_news(nrs_core *core)
{
    core->peers_clock_fresh = false;
    core->letters_due = core->letters_due || core->letters_await_clock;
    core->letters_await_clock = false;
}

void nrs_clock_observe(nrs_core *core)
{
    uint64_t offset = core->now_ms - core->monotonic_ms; /* wraps like the difference below, which is small either way */
    uint64_t ahead = offset - core->clock_offset_ms;
    bool back = ahead > UINT64_MAX / 2;
    uint64_t distance = back ? 0 - ahead : ahead;

    if (!core->clock_seen || core->monotonic_ms < core->clock_since_ms) {
        begin_day(core, offset);
        return;
    }
    if (distance < JUMP_MS) {
        return;
    }
    begin_day(core, offset);
    core->clock_jumped = true;
    nrs_clock_news(core);
    /* What was put off or made under the other clock is looked at again at once. */
    core->prekeys_checked_ms = 0;
    core->waiting_checked_ms = 0;
    nrs_core_log(core, NRS_ERROR_CLOCK, "the clock jumped %s by %llu minutes: nothing is destroyed by it for a day",
                 back ? "back" : "ahead", (unsigned long long)(distance / NRS_MINUTE_MS));
}

/* ---- What the peers' clocks say ---- */

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Offsets to monotonic time do not age: this is worked out only when links have come or gone, and somebody asks; without a link
 * the last word of the peers stands. */
static void ask_peers(nrs_core *core)
{
    int64_t *offsets = calloc((size_t)HASH_COUNT(core->links) + 1, sizeof *offsets);
    size_t count = 0;
    nrs_link *link, *next;

    core->peers_clock_fresh = true;
    if (offsets == NULL) {
        return;
    }
    HASH_ITER (hh, core->links, link, next) {
        if (link->state == NRS_LINK_UP && !link->told_only) { /* who is no member here would have a member's second say by its next key */
            offsets[count] = link->clock_offset_ms;
            count++;
        }
    }
    if (count > 0) {
        qsort(offsets, count, sizeof offsets[0], by_value);
        core->peers_early_ms = offsets[(count - 1) / 2];
        core->peers_late_ms = offsets[count / 2];
        core->peers_clock_known = true;
    }
    free(offsets);
}

/* False before the first link. The two times are the same unless the peers are of even number and two minds. */
static bool peers_now(nrs_core *core, int64_t *early_out, int64_t *late_out)
{
    if (!core->peers_clock_fresh) {
        ask_peers(core);
    }
    if (core->peers_clock_known) {
        *early_out = core->peers_early_ms + (int64_t)core->monotonic_ms;
        *late_out = core->peers_late_ms + (int64_t)core->monotonic_ms;
    }
    return core->peers_clock_known;
}

uint64_t nrs_clock_past_ms(nrs_core *core)
{
    int64_t early = 0, late = 0;

    return !peers_now(core, &early, &late) || early >= (int64_t)core->now_ms ? core->now_ms : early < 0 ? 0 : (uint64_t)early;
}

bool nrs_clock_expired(nrs_core *core, uint64_t expires_ms)
{
    return expires_ms <= nrs_clock_past_ms(core);
}

bool nrs_clock_ahead(nrs_core *core, uint64_t created_ms)
{
    int64_t early = 0, late = 0;

    return created_ms > core->now_ms + NRS_CLOCK_AHEAD_MS_MAX &&
           (!peers_now(core, &early, &late) || (int64_t)created_ms > late + (int64_t)NRS_CLOCK_AHEAD_MS_MAX);
}

bool nrs_clock_refused_by_peers(nrs_core *core, uint64_t expires_ms)
{
    int64_t early = 0, late = 0;

    return peers_now(core, &early, &late) &&
           ((int64_t)core->now_ms > late + (int64_t)NRS_CLOCK_AHEAD_MS_MAX || (int64_t)expires_ms <= early);
}

int64_t nrs_clock_error_ms(nrs_core *core)
{
    int64_t early = 0, late = 0, now = (int64_t)core->now_ms;

    if (!peers_now(core, &early, &late)) {
        return 0;
    }
    return now > late + ERROR_MS ? now - late : now < early - ERROR_MS ? now - early : 0;
}

const nrs_community *nrs_clock_before_roster(nrs_core *core)
{
    const nrs_community *newest = NULL;
    int64_t early = 0, late = 0;

    if (peers_now(core, &early, &late)) {
        return NULL;
    }
    for (size_t i = 0; i < core->community_count; i++) {
        const nrs_community *community = &core->communities[i];

        if (!community->guest && (newest == NULL || community->roster->created_ms > newest->roster->created_ms)) {
            newest = community;
        }
    }
    return newest != NULL && newest->roster->created_ms > core->now_ms + (uint64_t)ERROR_MS ? newest : NULL;
}

bool nrs_clock_trusted(nrs_core *core)
{
    uint64_t after_ms = nrs_clock_error_ms(core) == 0 ? TRUSTED_AFTER_MS : TRUSTED_ALONE_AFTER_MS;

    return core->clock_seen && core->monotonic_ms - core->clock_since_ms >= after_ms;
}
