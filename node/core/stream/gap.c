/* What is missing (SPEC 6.8): shown after a grace time, since two hubs may overtake each other, and asked for: from its
 * originator by stream and number, from the community's hubs by place and id, which tell a hub nothing it does not know. */
#include <stdio.h>
#include <string.h>

#include "proto/time.h"
#include "stream/stream.h"

#define CHECKED_EVERY_MS NRS_SECOND_MS
#define EXPIRED_EVERY_MS NRS_HOUR_MS
#define ASKED_AT_ONCE 32u
#define HUBS_ASKED_MAX 4u
#define PLACES_ASKED 4u /* of one hub at once: the letter stays in the smallest class of size, as a receipt's does */
#define ASK_AGAIN_MS (5ull * NRS_MINUTE_MS) /* four times as long each time, a day at most */
#define EXPIRED_SHOWN_MS NRS_REPORT_LIFE_MS_MAX
#define SUMS_MAX 256u
#define NEVER_MS (UINT64_MAX / 2)

nrs_error nrs_gap_load(nrs_core *core)
{
    return nrs_store_gap_any(core->store, &core->gaps);
}

/* ---- Asking ---- */

static void append_u64(uint8_t *out, uint64_t value)
{
    for (size_t i = 0; i < 8; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

static nrs_error ask(nrs_core *core, const nrs_peer *whom, const nrs_stream_row *stream, const nrs_gap *gap, nrs_slice detail)
{
    nrs_statement statement;

    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_MISSING;
    statement.sealed_id = nrs_field_of(nrs_slice_of(gap->next_id, NRS_HASH_SIZE));
    statement.at_ms = core->now_ms;
    if (gap->last_known) {
        statement.reference = nrs_field_of(nrs_slice_of(gap->last_id, NRS_HASH_SIZE));
    }
    statement.detail = nrs_field_of(detail);
    return nrs_statement_queue(core, whom->keys.sign_key, stream->community, &statement);
}

static nrs_error ask_originator(nrs_core *core, const nrs_peer *originator, const nrs_stream_row *stream, const nrs_gap *gap)
{
    uint8_t range[NRS_MISSING_RANGE_SIZE];

    memcpy(range, stream->stream, NRS_HASH_SIZE);
    append_u64(range + NRS_HASH_SIZE, gap->first);
    append_u64(range + NRS_HASH_SIZE + 8, gap->last);
    return ask(core, originator, stream, gap, nrs_slice_of(range, sizeof range));
}

static nrs_error ask_hubs(nrs_core *core, const nrs_community *community, const nrs_stream_row *stream, const nrs_gap *gap)
{
    uint8_t places[PLACES_ASKED][NRS_HASH_SIZE];
    size_t count = 0, hubs = 0;
    nrs_peer *peer, *next;
    nrs_error error = NRS_OK;

    for (uint64_t number = gap->last; count < PLACES_ASKED && number >= gap->first; number--) {
        nrs_place(places[count], &(nrs_place_terms){stream->originator, stream->community, stream->stream, number});
        count++;
    }
    HASH_ITER (by_sign, core->peers_by_sign, peer, next) {
        if (error == NRS_OK && hubs < HUBS_ASKED_MAX && nrs_peer_hub(core, peer, community) &&
            memcmp(peer->keys.sign_key, core->self.sign_key, NRS_KEY_SIZE) != 0 &&
            memcmp(peer->keys.sign_key, stream->originator, NRS_KEY_SIZE) != 0) {
            error = ask(core, peer, stream, gap, nrs_slice_of((const uint8_t *)places, count * NRS_HASH_SIZE));
            hubs++;
        }
    }
    return error;
}

static uint64_t pause_of(uint32_t asked)
{
    uint64_t pause = ASK_AGAIN_MS;

    for (uint32_t i = 0; i < asked && pause < NRS_DAY_MS; i++) {
        pause *= 4;
    }
    return pause < NRS_DAY_MS ? pause : NRS_DAY_MS;
}

static nrs_error ask_for(void *context, const nrs_stream_row *stream, const nrs_gap *due)
{
    nrs_core *core = context;
    const nrs_community *community = nrs_community_by_id(core, stream->community);
    const nrs_peer *originator = nrs_peer_by_sign(core, stream->originator);
    nrs_gap gap = *due;
    nrs_error error = NRS_OK;

    if (gap.until_ms <= core->now_ms) {
        gap.next_ms = NEVER_MS; /* expired: nobody may send it any more */
        return nrs_store_gap_set(core->store, &gap);
    }
    if (gap.asked == 0) {
        nrs_core_log(core, NRS_OK, "%llu reports of %s are missing: asked for again", (unsigned long long)(gap.last - gap.first + 1),
                     originator == NULL ? "an organisation that is gone" : originator->org);
    }
    if (community != NULL && community->member && nrs_peer_member(core, originator, community)) {
        error = ask_originator(core, originator, stream, &gap);
        if (error == NRS_OK) {
            error = ask_hubs(core, community, stream, &gap);
        }
    }
    gap.next_ms = core->now_ms + pause_of(gap.asked);
    gap.asked += gap.asked < UINT32_MAX ? 1 : 0;
    return error == NRS_OK ? nrs_store_gap_set(core->store, &gap) : error;
}

/* What expired stays in sight for as long again. */
static nrs_error forget_old(nrs_core *core)
{
    nrs_error error = NRS_OK;

    if (nrs_clock_trusted(core) && core->now_ms > EXPIRED_SHOWN_MS) {
        error = nrs_store_gap_expire(core->store, core->now_ms - EXPIRED_SHOWN_MS);
    }
    return error == NRS_OK ? nrs_gap_load(core) : error;
}

nrs_error nrs_gap_tick(nrs_core *core)
{
    nrs_error error = NRS_OK;

    if (!core->gaps || core->monotonic_ms < core->gaps_checked_ms + CHECKED_EVERY_MS) {
        return NRS_OK;
    }
    core->gaps_checked_ms = core->monotonic_ms;
    if (core->monotonic_ms >= core->gaps_expired_ms + EXPIRED_EVERY_MS) {
        core->gaps_expired_ms = core->monotonic_ms;
        error = forget_old(core);
    }
    return error == NRS_OK ? nrs_store_gap_each_due(core->store, core->now_ms, ASKED_AT_ONCE, ask_for, core) : error;
}

/* ---- Showing ---- */

typedef struct sums {
    nrs_gap_sum list[SUMS_MAX];
    size_t count, more; /* those for which there is no place in the list are counted */
} sums;

static nrs_error gather(void *context, const nrs_gap_sum *sum)
{
    sums *all = context;

    if (all->count == SUMS_MAX) {
        all->more++;
        return NRS_OK;
    }
    all->list[all->count] = *sum;
    all->count++;
    return NRS_OK;
}

/* Two hubs may overtake each other: a gap is shown when the grace time is over. */
static nrs_error gather_all(nrs_core *core, sums *all)
{
    all->count = all->more = 0;
    if (!core->gaps || core->now_ms < core->gap_grace_ms) {
        return NRS_OK;
    }
    return nrs_store_gap_each_sum(core->store, core->now_ms - core->gap_grace_ms, core->now_ms, gather, all);
}

static const char *community_name(nrs_core *core, const uint8_t id[NRS_HASH_SIZE])
{
    const nrs_community *community = nrs_community_by_id(core, id);

    return community == NULL ? "?" : community->roster->id;
}

nrs_error nrs_gap_rows(nrs_core *core, json_t *rows)
{
    sums all;
    nrs_error error = gather_all(core, &all);

    for (size_t i = 0; error == NRS_OK && i < all.count; i++) {
        const nrs_gap_sum *sum = &all.list[i];
        char from[NRS_ADDRESS_SIZE_MAX + 1];
        nrs_row row = nrs_row_begin();

        nrs_command_org(core, from, sum->community, sum->originator);
        nrs_row_text(&row, "from", from);
        nrs_row_text(&row, "community", community_name(core, sum->community));
        nrs_row_number(&row, "count", sum->count);
        nrs_row_time(&row, "since", sum->seen_ms);
        nrs_row_text(&row, "state", sum->expired ? "expired" : "missing");
        nrs_row_number(&row, "asked", sum->asked);
        error = nrs_row_end(&row, rows);
    }
    return error;
}

nrs_error nrs_gap_warn(nrs_core *core, json_t *warnings)
{
    sums all;
    nrs_error error = gather_all(core, &all);

    for (size_t i = 0; error == NRS_OK && i < all.count; i++) {
        const nrs_gap_sum *sum = &all.list[i];
        char from[NRS_ADDRESS_SIZE_MAX + 1], since[32], text[NRS_MESSAGE_SIZE_MAX];

        nrs_command_org(core, from, sum->community, sum->originator);
        nrs_time_format(since, sum->seen_ms);
        (void)snprintf(text, sizeof text,
                       sum->expired ? "%llu reports of %s in @%s, missing since %s, have expired and can no longer come"
                                    : "%llu reports of %s in @%s are missing since %s; they have been asked for again",
                       (unsigned long long)sum->count, from, community_name(core, sum->community), since);
        error = nrs_array_text(warnings, text);
    }
    if (error == NRS_OK && all.more > 0) {
        char text[NRS_MESSAGE_SIZE_MAX];

        (void)snprintf(text, sizeof text, "reports of %zu more organisations are missing or have expired; these are not listed", all.more);
        error = nrs_array_text(warnings, text);
    }
    return error;
}

nrs_error nrs_gap_before(nrs_core *core, uint64_t *count_out, uint64_t *since_ms_out, const uint8_t id[NRS_HASH_SIZE])
{
    nrs_gap gap;
    nrs_error error;

    *count_out = *since_ms_out = 0;
    if (!core->gaps) {
        return NRS_OK;
    }
    error = nrs_store_gap_before(core->store, &gap, id);
    if (error == NRS_OK && gap.seen_ms + core->gap_grace_ms <= core->now_ms) {
        *count_out = gap.last - gap.first + 1;
        *since_ms_out = gap.seen_ms;
    }
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}
