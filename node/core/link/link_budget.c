/* What a peer may cost (SPEC 10.3). A hello is small and can make a node look through its whole log; a peer that takes and never
 * confirms leaves what it was sent in memory. So what is looked through in one step is bounded for all links together
 * (link_pump.c), what one peer has looked through again and again by an allowance that grows back, and what all links hold
 * unconfirmed by a total that they share. */
#include <stdlib.h>

#include "link/link_frame.h"

#define FLIGHT_BYTES_MAX (256ull * 1024u * 1024u) /* unconfirmed, on all links together; the least of each may be beyond it */
#define FLIGHT_SHARE_MIN (64ull * 1024u)                 /* or one item */
#define REPEAT_BYTES_BASE (64ull * 1024u * 1024u)
#define REPEAT_BYTES_PER_ROW 4096ull /* the more there is in the log, the more an honest peer needs that lost its store */
#define REPEAT_MS (15ull * NRS_MINUTE_MS)

/* While half of the total is free each link has what its peer wants; else its part of the other half, so that those who
 * confirm nothing take no room from those who do. The part of who comes early is larger than that of who comes late, so that all
 * may be taken before each has its own: then nobody has more than the least. */
uint64_t nrs_link_room(const nrs_core *core, const nrs_link *link)
{
    uint64_t share = FLIGHT_BYTES_MAX / 2 / HASH_COUNT(core->links);

    if (core->flight_bytes < FLIGHT_BYTES_MAX / 2) {
        return link->window;
    }
    if (core->flight_bytes >= FLIGHT_BYTES_MAX || share < FLIGHT_SHARE_MIN) {
        share = FLIGHT_SHARE_MIN;
    }
    return share < link->window ? share : link->window;
}

/* About the size of the log: so much more in each REPEAT_MS, twice as much at once. */
static int64_t repeat_unit(const nrs_core *core)
{
    return (int64_t)(REPEAT_BYTES_BASE + REPEAT_BYTES_PER_ROW * nrs_store_log_end(core->store));
}

bool nrs_link_may_repeat(const nrs_core *core, nrs_peer *peer)
{
    int64_t unit = repeat_unit(core);
    uint64_t elapsed_ms = core->monotonic_ms - peer->again_ms;

    if (peer->again_ms == 0 || elapsed_ms >= 3 * REPEAT_MS) {
        peer->again_left = 2 * unit;
    } else {
        peer->again_left += unit / (int64_t)REPEAT_MS * (int64_t)elapsed_ms;
        peer->again_left = peer->again_left > 2 * unit ? 2 * unit : peer->again_left;
    }
    peer->again_ms = core->monotonic_ms == 0 ? 1 : core->monotonic_ms;
    return peer->again_left > 0;
}

void nrs_link_repeated(nrs_peer *peer, size_t size)
{
    peer->again_left -= (int64_t)size;
}

void nrs_link_flight_clear(nrs_core *core, nrs_link *link)
{
    NRS_ASSERT(core->flight_bytes >= link->flight_bytes);
    core->flight_bytes -= link->flight_bytes;
    free(link->flight);
    link->flight = NULL;
    link->flight_first = link->flight_count = link->flight_capacity = 0;
    link->flight_bytes = 0;
    link->next_size = 0;
}
