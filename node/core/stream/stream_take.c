/* The counts of others (SPEC 6.8): each report that is opened takes its place in its stream, and what lies between two of them and
 * is not here becomes a gap. */
#include "stream/stream.h"

#include <string.h>

#define SEARCHED_MAX 64u /* numbers of a gap looked for among the reports that the node does not open; gaps of one originator */

nrs_told_place nrs_place_of(const nrs_body *body)
{
    return (nrs_told_place){.stream = nrs_field(&body->stream), .sequence = body->sequence, .previous = nrs_field(&body->previous)};
}

/* A report on its way to its place. */
typedef struct arrival {
    nrs_stream_row stream;
    nrs_stream_item item;
    nrs_slice previous; /* empty: not known */
} arrival;

static nrs_gap gap_before_item(const nrs_core *core, const arrival *it, uint64_t first, uint64_t last)
{
    nrs_gap gap = {
        .first = first,
        .last = last,
        .seen_ms = core->now_ms,
        .until_ms = it->item.created_ms + NRS_REPORT_LIFE_MS_MAX,
        .next_ms = core->now_ms + core->gap_grace_ms,
        .last_known = it->previous.size == NRS_HASH_SIZE,
    };

    memcpy(gap.key, it->stream.key, NRS_HASH_SIZE);
    memcpy(gap.next_id, it->item.id, NRS_HASH_SIZE);
    if (gap.last_known) {
        memcpy(gap.last_id, it->previous.data, NRS_HASH_SIZE);
    }
    return gap;
}

/* A gap that begins where one is known goes on from it: noticed then, and asked for so often. */
static nrs_error widen(nrs_core *core, nrs_gap *gap)
{
    nrs_gap known;
    nrs_error error = nrs_store_gap_at(core->store, &known, gap->key, gap->first);

    if (error == NRS_OK && known.first == gap->first) {
        gap->seen_ms = known.seen_ms;
        gap->asked = known.asked;
    }
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

static nrs_error set_gap(nrs_core *core, const nrs_gap *gap)
{
    core->gaps = true;
    return nrs_store_gap_set(core->store, gap);
}

/* The report lies in a gap: what is left of it stays, in up to two parts. The report after the gap may have named another one than
 * this as the last: then that one is still missing. */
static nrs_error shrink(nrs_core *core, const arrival *it, const nrs_gap *gap)
{
    const uint64_t at = it->item.sequence;
    nrs_gap left = gap_before_item(core, it, gap->first, at > gap->first ? at - 1 : gap->first);
    nrs_gap right = *gap;
    bool other = at == gap->last && gap->last_known && memcmp(gap->last_id, it->item.id, NRS_HASH_SIZE) != 0;
    nrs_error error = nrs_store_gap_delete(core->store, gap->key, gap->first);

    left.seen_ms = gap->seen_ms;
    left.asked = gap->asked;
    right.first = other ? at : at + 1;
    right.next_ms = left.next_ms = gap->next_ms < left.next_ms ? gap->next_ms : left.next_ms; /* it moves: ask on soon */
    if (error == NRS_OK && at > gap->first) {
        error = set_gap(core, &left);
    }
    if (error == NRS_OK && (at < gap->last || other)) {
        error = set_gap(core, &right);
    }
    return error;
}

/* What this report says of the one before it, where that is held. */
static nrs_error check_chain(nrs_core *core, const arrival *it, const nrs_stream_item *below)
{
    nrs_gap gap;

    if (it->previous.size == 0 || memcmp(below->id, it->previous.data, NRS_HASH_SIZE) == 0) {
        return NRS_OK;
    }
    gap = gap_before_item(core, it, below->sequence, below->sequence); /* another one was meant: it is missing */
    return set_gap(core, &gap);
}

/* Out: gap_out: the gap that is new, or first 0. */
static nrs_error place(nrs_core *core, nrs_gap *gap_out, const arrival *it, const nrs_stream_item *below)
{
    const uint64_t lowest = below == NULL ? 1 : below->sequence + 1;
    nrs_stream_item above;
    nrs_gap gap;
    nrs_error error = nrs_store_item_add(core->store, it->stream.key, &it->item);

    if (error == NRS_OK && core->gaps) {
        error = nrs_store_gap_at(core->store, &gap, it->stream.key, it->item.sequence);
        if (error == NRS_OK) {
            error = shrink(core, it, &gap);
        } else if (error == NRS_ERROR_NOT_FOUND) {
            error = NRS_OK;
        }
    }
    if (error == NRS_OK && below != NULL && lowest == it->item.sequence) {
        return check_chain(core, it, below);
    }
    if (error != NRS_OK || lowest == it->item.sequence) {
        return error;
    }
    error = nrs_store_item_above(core->store, &above, it->stream.key, it->item.sequence);
    if (error == NRS_ERROR_NOT_FOUND) { /* the newest so far: what it skipped was not missed before */
        *gap_out = gap_before_item(core, it, lowest, it->item.sequence - 1);
        error = widen(core, gap_out);
        if (error == NRS_OK) {
            error = set_gap(core, gap_out);
        }
    }
    return error;
}

/* One arrival. Out: gap_out as place; known_out: whether it was there. */
static nrs_error take(nrs_core *core, nrs_gap *gap_out, nrs_stream_item *held_out, bool *known_out, const arrival *it)
{
    nrs_stream_item below;
    nrs_error error = nrs_store_item_below(core->store, &below, it->stream.key, it->item.sequence);

    *known_out = error == NRS_OK && below.sequence == it->item.sequence;
    if (*known_out) {
        *held_out = below;
        return NRS_OK;
    }
    if (error == NRS_OK) {
        return place(core, gap_out, it, &below);
    }
    if (error == NRS_ERROR_NOT_FOUND) {
        error = nrs_store_stream_add(core->store, &it->stream);
        if (error == NRS_OK) {
            error = place(core, gap_out, it, NULL);
        }
    }
    return error;
}

static void place_in(uint8_t place_out[NRS_HASH_SIZE], const nrs_stream_row *stream, uint64_t sequence)
{
    nrs_place(place_out, &(nrs_place_terms){stream->originator, stream->community, stream->stream, sequence});
}

/* What is here unopened is found by who says so as well as by the place: a place is no secret of its originator's, since whoever was granted
 * one report of a stream can work out those of all others. */
static void unopened_key(uint8_t key_out[NRS_HASH_SIZE], const uint8_t *originator, const uint8_t *community, const uint8_t *place_bytes)
{
    nrs_stream_key(key_out, originator, community, place_bytes);
}

/* Reports of a new gap that are here unopened. */
static nrs_error fill_from_unopened(nrs_core *core, const nrs_stream_row *stream, const nrs_gap *gap)
{
    const uint64_t lowest = gap->last - gap->first < SEARCHED_MAX ? gap->first : gap->last - SEARCHED_MAX + 1;
    nrs_error error = NRS_OK;

    for (uint64_t number = gap->last; error == NRS_OK && number >= lowest; number--) {
        arrival it = {.stream = *stream, .item = {.sequence = number}};
        uint8_t place_bytes[NRS_HASH_SIZE], key[NRS_HASH_SIZE];
        nrs_unopened found;
        nrs_stream_item held;
        nrs_gap none = {.first = 0};
        bool known = false;

        place_in(place_bytes, stream, number);
        unopened_key(key, stream->originator, stream->community, place_bytes);
        error = nrs_store_unopened_get(core->store, &found, key);
        if (error == NRS_OK) {
            it.item.created_ms = found.created_ms;
            memcpy(it.item.id, found.id, NRS_HASH_SIZE);
            error = take(core, &none, &held, &known, &it);
        } else if (error == NRS_ERROR_NOT_FOUND) {
            error = NRS_OK;
        }
    }
    return error;
}

/* Another report is held under this number. A gap that waits for this one, since it was named by the next, is filled. */
static nrs_error take_other(nrs_core *core, const nrs_sealed_view *view, const arrival *it, const nrs_stream_item *held)
{
    nrs_gap gap;
    nrs_error error = nrs_store_gap_at(core->store, &gap, it->stream.key, it->item.sequence);

    if (error == NRS_OK && gap.first == gap.last && gap.last_known && memcmp(gap.last_id, view->id, NRS_HASH_SIZE) == 0) {
        error = nrs_store_gap_delete(core->store, gap.key, gap.first);
    }
    return error == NRS_OK || error == NRS_ERROR_NOT_FOUND ? nrs_equivocation_found(core, view, held->id) : error;
}

nrs_error nrs_stream_take(nrs_core *core, const nrs_sealed_view *view, const nrs_told_place *told)
{
    arrival it = {.item = {.sequence = told->sequence, .created_ms = view->header->created_ms}, .previous = told->previous};
    nrs_stream_item held;
    nrs_gap gap = {.first = 0};
    bool known = false;
    nrs_error error;

    if (told->stream.size != NRS_HASH_SIZE || told->sequence == 0) {
        return NRS_OK;
    }
    memcpy(it.stream.stream, told->stream.data, NRS_HASH_SIZE);
    memcpy(it.stream.originator, view->header->originator.data, NRS_KEY_SIZE);
    memcpy(it.stream.community, view->header->community.data, NRS_HASH_SIZE);
    memcpy(it.item.id, view->id, NRS_HASH_SIZE);
    nrs_stream_key(it.stream.key, it.stream.originator, it.stream.community, it.stream.stream);
    error = take(core, &gap, &held, &known, &it);
    if (error == NRS_OK && known && memcmp(held.id, view->id, NRS_HASH_SIZE) != 0) {
        error = take_other(core, view, &it, &held);
    }
    return error == NRS_OK && gap.first != 0 ? fill_from_unopened(core, &it.stream, &gap) : error;
}

/* ---- The last report ---- */

nrs_error nrs_stream_take_head(nrs_core *core, bool *had_out, const nrs_stream_row *stream, uint64_t sequence, const uint8_t id[NRS_HASH_SIZE], uint64_t expires_ms)
{
    nrs_stream_item below = {.sequence = 0}, above;
    nrs_gap gap = {.last = sequence, .seen_ms = core->now_ms, .until_ms = expires_ms, .next_ms = core->now_ms + core->gap_grace_ms, .last_known = true}, known;
    nrs_error error = nrs_store_item_below(core->store, &below, stream->key, sequence);

    *had_out = error == NRS_OK && below.sequence == sequence;
    if (*had_out) {
        return NRS_OK;
    }
    if (error == NRS_ERROR_NOT_FOUND) { /* nothing up to it, but later ones: those before were let go of, or are not missed any more */
        error = nrs_store_item_above(core->store, &above, stream->key, sequence);
        if (error == NRS_OK) {
            return NRS_OK;
        }
    }
    if (error == NRS_OK || error == NRS_ERROR_NOT_FOUND) {
        error = nrs_store_gap_at(core->store, &known, stream->key, sequence);
    }
    if (error != NRS_ERROR_NOT_FOUND) {
        return error; /* it is missed already */
    }
    gap.first = below.sequence + 1;
    memcpy(gap.key, stream->key, NRS_HASH_SIZE);
    memcpy(gap.next_id, id, NRS_HASH_SIZE); /* nothing comes after it: it is asked for by itself */
    memcpy(gap.last_id, id, NRS_HASH_SIZE);
    error = nrs_store_stream_add(core->store, stream);
    if (error == NRS_OK) {
        error = widen(core, &gap);
    }
    if (error == NRS_OK) {
        error = set_gap(core, &gap);
    }
    return error == NRS_OK ? fill_from_unopened(core, stream, &gap) : error;
}

/* ---- Unopened ---- */

typedef struct search {
    nrs_core *core;
    const nrs_sealed_view *view;
    arrival it;
    bool found;
} search;

static nrs_error look_into(void *context, const nrs_stream_row *stream, const nrs_gap *gap)
{
    search *job = context;
    const uint64_t lowest = gap->last - gap->first < SEARCHED_MAX ? gap->first : gap->last - SEARCHED_MAX + 1;
    uint8_t place_bytes[NRS_HASH_SIZE];

    for (uint64_t number = gap->last; !job->found && number >= lowest; number--) {
        place_in(place_bytes, stream, number);
        if (memcmp(place_bytes, job->view->header->place.data, NRS_HASH_SIZE) == 0) {
            job->it.stream = *stream;
            job->it.item.sequence = number;
            job->found = true;
        }
    }
    return job->found ? NRS_ERROR_LIMIT : NRS_OK;
}

nrs_error nrs_stream_take_unopened(nrs_core *core, const nrs_sealed_view *view)
{
    search job = {.core = core, .view = view};
    nrs_unopened row = {.created_ms = view->header->created_ms};
    uint8_t key[NRS_HASH_SIZE];
    nrs_stream_item held;
    nrs_gap gap = {.first = 0};
    bool known = false;
    nrs_error error;

    if (!nrs_header_counted(view->header)) {
        return NRS_OK;
    }
    memcpy(row.id, view->id, NRS_HASH_SIZE);
    unopened_key(key, view->header->originator.data, view->header->community.data, view->header->place.data);
    error = nrs_store_unopened_add(core->store, key, &row);
    if (error == NRS_OK && core->gaps) {
        error = nrs_store_gap_each(core->store, view->header->originator.data, SEARCHED_MAX, look_into, &job);
    }
    if (error == NRS_OK && job.found) {
        job.it.item.created_ms = row.created_ms;
        memcpy(job.it.item.id, view->id, NRS_HASH_SIZE);
        error = take(core, &gap, &held, &known, &job.it);
    }
    return error;
}
