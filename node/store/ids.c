#include "ids.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "proto/assert.h"

enum { ENTRY_COUNT_FIRST = 64, SLOTS_PER_ENTRY = 2 }; /* at most half of the slots are taken */

/* Ids are hashes already, but somebody may have made many until enough of them begin as it suits him. The highest bits of the product with
 * an odd factor that is drawn anew for each opening: two keys meet by chance alone, whichever they are. */
static size_t home_of(const nrs_ids *ids, int64_t key)
{
    return (size_t)(((uint64_t)key * ids->factor) >> ids->shift);
}

static void spread(nrs_ids *ids, size_t slot_count)
{
    if (ids->factor == 0) {
        sqlite3_randomness(sizeof ids->factor, &ids->factor);
        ids->factor |= 1;
    }
    ids->slot_count = slot_count;
    ids->shift = 64;
    for (size_t i = slot_count; i > 1; i /= 2) {
        ids->shift--;
    }
}

static size_t after(const nrs_ids *ids, size_t slot)
{
    return (slot + 1) & (ids->slot_count - 1);
}

/* The slot of an entry of the key, from `slot` on, or the free one behind them all. */
static size_t seek(const nrs_ids *ids, size_t slot, int64_t key)
{
    while (ids->slots[slot] != 0 && ids->entries[ids->slots[slot] - 1].key != key) {
        slot = after(ids, slot);
    }
    return slot;
}

static size_t slot_of(const nrs_ids *ids, uint32_t entry)
{
    size_t slot = home_of(ids, ids->entries[entry - 1].key);

    while (ids->slots[slot] != entry) {
        NRS_ASSERT(ids->slots[slot] != 0);
        slot = after(ids, slot);
    }
    return slot;
}

/* Behind all that were put before: entries of one key are met in the order in which they came. */
static void put(nrs_ids *ids, uint32_t entry)
{
    size_t slot = home_of(ids, ids->entries[entry - 1].key);

    while (ids->slots[slot] != 0) {
        slot = after(ids, slot);
    }
    ids->slots[slot] = entry;
}

static nrs_error grow(nrs_ids *ids)
{
    size_t capacity = ids->capacity == 0 ? ENTRY_COUNT_FIRST : 2 * ids->capacity;
    nrs_id_entry *entries = NULL;
    uint32_t *slots = NULL;

    if (capacity >= UINT32_MAX / SLOTS_PER_ENTRY) {
        return NRS_ERROR_LIMIT;
    }
    slots = calloc(SLOTS_PER_ENTRY * capacity, sizeof *slots);
    entries = slots == NULL ? NULL : realloc(ids->entries, capacity * sizeof *entries);
    if (entries == NULL) {
        free(slots);
        return NRS_ERROR_NO_MEMORY;
    }
    free(ids->slots);
    ids->entries = entries;
    ids->capacity = capacity;
    ids->slots = slots;
    spread(ids, SLOTS_PER_ENTRY * capacity);
    for (size_t i = 0; i < ids->count; i++) {
        put(ids, (uint32_t)(i + 1));
    }
    return NRS_OK;
}

nrs_error nrs_ids_add(nrs_ids *ids, int64_t key, uint64_t position)
{
    nrs_error error = ids->count == ids->capacity ? grow(ids) : NRS_OK;

    NRS_ASSERT(position > 0);
    if (error == NRS_OK) {
        ids->entries[ids->count] = (nrs_id_entry){.key = key, .position = position};
        ids->count++;
        put(ids, (uint32_t)ids->count);
    }
    return error;
}

uint32_t nrs_ids_first(const nrs_ids *ids, int64_t key)
{
    return ids->slot_count == 0 ? 0 : ids->slots[seek(ids, home_of(ids, key), key)];
}

uint32_t nrs_ids_next(const nrs_ids *ids, uint32_t entry)
{
    NRS_ASSERT(entry > 0 && entry <= ids->count);
    return ids->slots[seek(ids, after(ids, slot_of(ids, entry)), ids->entries[entry - 1].key)];
}

bool nrs_ids_have(const nrs_ids *ids, int64_t key, uint64_t position)
{
    uint32_t entry = nrs_ids_first(ids, key);

    while (entry != 0 && ids->entries[entry - 1].position != position) {
        entry = nrs_ids_next(ids, entry);
    }
    return entry != 0;
}

/* The newest first: when an entry goes, its slot is as free as it was before the entry came, and nothing behind it was put
 * there because of it. */
void nrs_ids_cut(nrs_ids *ids, size_t count)
{
    NRS_ASSERT(count <= ids->count);
    while (ids->count > count) {
        ids->slots[slot_of(ids, (uint32_t)ids->count)] = 0;
        ids->count--;
    }
}

void nrs_ids_wipe(nrs_ids *ids)
{
    free(ids->entries);
    free(ids->slots);
    *ids = (nrs_ids){0};
}
