/* The parts of the log: each opening of the store begins a new one, under random bytes of its own, at the end that the log has then
 * (SPEC 10.2). It is written down with what is first told or appended under its name: of a start that came to nothing nothing stays, and
 * no name is ever used by two openings. Whoever holds more of a part than this store has of it has seen a log that this store is an older copy of: what the two have in
 * common ends where the next part begins here, and no position above that means the same to both. */
#include <string.h>

#include "proto/assert.h"
#include "query.h"

#define PARTS_NAME "log-parts"

#define WITHIN_BIT (1ull << 63) /* of the position: the part began while the store was open */

enum { ENTRY_SIZE = NRS_LOG_ID_SIZE + 8 };

static void put_entry(uint8_t *out, const nrs_log_part *part)
{
    const uint64_t number = part->after | (part->within ? WITHIN_BIT : 0);

    memcpy(out, part->incarnation, NRS_LOG_ID_SIZE);
    for (size_t i = 0; i < 8; i++) {
        out[NRS_LOG_ID_SIZE + i] = (uint8_t)(number >> (8 * i));
    }
}

static nrs_log_part read_entry(const uint8_t *data)
{
    nrs_log_part part = {.after = 0};

    memcpy(part.incarnation, data, NRS_LOG_ID_SIZE);
    for (size_t i = 0; i < 8; i++) {
        part.after |= (uint64_t)data[NRS_LOG_ID_SIZE + i] << (8 * i);
    }
    part.within = (part.after & WITHIN_BIT) != 0;
    part.after &= ~WITHIN_BIT;
    return part;
}

nrs_error nrs_store_parts_load(nrs_store *store)
{
    nrs_bytes value = {0};
    nrs_log_parts parts = {.count = 0};
    nrs_error error = nrs_store_meta_get(store, PARTS_NAME, &value);

    if (error == NRS_OK && (value.size % ENTRY_SIZE != 0 || value.size / ENTRY_SIZE > NRS_LOG_PARTS_MAX)) {
        error = NRS_ERROR_DAMAGED;
    }
    for (size_t i = 0; error == NRS_OK && i < value.size / ENTRY_SIZE; i++) {
        parts.list[i] = read_entry(value.data + i * ENTRY_SIZE);
        parts.count++;
        if (parts.list[i].after > store->log_end || (i > 0 && parts.list[i].after < parts.list[i - 1].after)) {
            error = NRS_ERROR_DAMAGED;
        }
    }
    if (error == NRS_OK) {
        store->parts = store->parts_committed = parts;
    }
    nrs_bytes_wipe(&value);
    return error;
}

static nrs_error set_parts(nrs_store *store, const nrs_log_parts *parts)
{
    uint8_t value[NRS_LOG_PARTS_MAX * ENTRY_SIZE];
    nrs_error error;

    for (size_t i = 0; i < parts->count; i++) {
        put_entry(value + i * ENTRY_SIZE, &parts->list[i]);
    }
    error = nrs_store_meta_set(store, PARTS_NAME, nrs_slice_of(value, parts->count * ENTRY_SIZE));
    if (error == NRS_OK) {
        store->parts = *parts;
        store->part_unwritten = false;
    }
    return error;
}

/* Which goes when there are too many: the oldest under which nothing was appended, since what most hold is of those with something in
 * them; else the oldest. How the end of the one before it is read must stay as it was. */
static size_t least_needed(const nrs_log_parts *parts)
{
    for (size_t i = 1; i + 1 < parts->count; i++) {
        if (parts->list[i].after == parts->list[i + 1].after && parts->list[i].within == parts->list[i + 1].within) {
            return i;
        }
    }
    return 0;
}

static void add_part(nrs_log_parts *parts, const uint8_t incarnation[NRS_LOG_ID_SIZE], uint64_t after, bool within)
{
    if (parts->count == NRS_LOG_PARTS_MAX) { /* who holds something of it is sent everything again */
        const size_t gone = least_needed(parts);

        memmove(&parts->list[gone], &parts->list[gone + 1], (NRS_LOG_PARTS_MAX - 1 - gone) * sizeof parts->list[0]);
        parts->count--;
    }
    memcpy(parts->list[parts->count].incarnation, incarnation, NRS_LOG_ID_SIZE);
    parts->list[parts->count].after = after;
    parts->list[parts->count].within = within;
    parts->count++;
}

/* Whether this is the store that was closed, or an older copy of it, cannot be seen here: what is appended from now on has a name that
 * no other copy gave to anything. */
void nrs_store_part_open(nrs_store *store, const uint8_t incarnation[NRS_LOG_ID_SIZE])
{
    NRS_ASSERT(!store->in_transaction && !store->part_unwritten);
    add_part(&store->parts, incarnation, store->log_end, false);
    store->part_unwritten = store->part_unwritten_committed = true;
    store->parts_committed = store->parts;
}

nrs_error nrs_store_part_write(nrs_store *store)
{
    NRS_ASSERT(store != NULL && store->in_transaction);
    return store->part_unwritten ? set_parts(store, &store->parts) : NRS_OK;
}

nrs_error nrs_store_part_begin(nrs_store *store, const uint8_t incarnation[NRS_LOG_ID_SIZE], bool within)
{
    nrs_log_parts parts;

    NRS_ASSERT(store != NULL && store->in_transaction);
    NRS_ASSERT(incarnation != NULL);

    parts = store->parts;
    add_part(&parts, incarnation, store->log_end, within);
    return set_parts(store, &parts);
}

nrs_error nrs_store_part_disown(nrs_store *store, const uint8_t incarnation[NRS_LOG_ID_SIZE], const uint8_t instead[NRS_LOG_ID_SIZE])
{
    nrs_log_parts parts;

    NRS_ASSERT(store != NULL && store->in_transaction);
    NRS_ASSERT(incarnation != NULL && instead != NULL);
    parts = store->parts;
    for (size_t i = 0; i < parts.count; i++) {
        if (memcmp(parts.list[i].incarnation, incarnation, NRS_LOG_ID_SIZE) == 0) {
            memcpy(parts.list[i].incarnation, instead, NRS_LOG_ID_SIZE);
        }
    }
    return set_parts(store, &parts);
}

const uint8_t *nrs_store_incarnation(const nrs_store *store)
{
    NRS_ASSERT(store != NULL && store->parts.count > 0);
    return store->parts.list[store->parts.count - 1].incarnation;
}

nrs_log_claim nrs_store_log_claim(const nrs_store *store, uint64_t *position_out, const uint8_t incarnation[NRS_LOG_ID_SIZE], uint64_t position)
{
    const nrs_log_parts *parts;

    NRS_ASSERT(store != NULL && position_out != NULL && incarnation != NULL);
    parts = &store->parts;
    for (size_t i = parts->count; i > 0; i--) {
        uint64_t end = i == parts->count ? store->log_end : parts->list[i].after;

        if (memcmp(parts->list[i - 1].incarnation, incarnation, NRS_LOG_ID_SIZE) == 0) {
            bool open = i == parts->count || parts->list[i].within; /* what stands at its end may be of after the copy */

            *position_out = position <= end ? position : open ? 0 : end;
            return position <= end ? NRS_LOG_CLAIM_HELD : open ? NRS_LOG_CLAIM_AHEAD : NRS_LOG_CLAIM_OLDER;
        }
    }
    *position_out = 0;
    return parts->count == 1 || parts->count == NRS_LOG_PARTS_MAX ? NRS_LOG_CLAIM_NOTHING : NRS_LOG_CLAIM_UNKNOWN;
}
