/* Whether the clock may be trusted with what cannot be undone. A wall clock can be set wrong and right again; the monotonic
 * clock cannot. While the two run side by side for a day, the wall clock has not been set, and secrets may be destroyed and
 * expired records dropped by it. Nothing of this is kept over a restart: a start begins the day anew, so that destruction may
 * come a day late, but never by a clock that has just been set. */
#include "internal.h"

#define JUMP_MS NRS_HOUR_MS
#define TRUSTED_AFTER_MS NRS_DAY_MS

static void begin_day(nrs_core *core, uint64_t offset)
{
    core->clock_seen = true;
    core->clock_offset_ms = offset;
    core->clock_since_ms = core->monotonic_ms;
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
    /* What was put off or made under the other clock is looked at again at once. */
    core->prekeys_checked_ms = 0;
    core->waiting_checked_ms = 0;
    nrs_core_log(core, NRS_ERROR_CLOCK, "the clock jumped %s by %llu minutes: nothing is destroyed by it for a day",
                 back ? "back" : "ahead", (unsigned long long)(distance / NRS_MINUTE_MS));
}

bool nrs_clock_trusted(const nrs_core *core)
{
    return core->clock_seen && core->monotonic_ms - core->clock_since_ms >= TRUSTED_AFTER_MS;
}
