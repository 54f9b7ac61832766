#include "identity/agree_cache.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "proto/assert.h"

#define COUNT_FIRST 64u
#define PROBE_COUNT 8u /* a peer stands within so many places of its own: a bound on every call, whatever keys peers choose */

_Static_assert((NRS_AGREE_CACHE_COUNT_MAX & (NRS_AGREE_CACHE_COUNT_MAX - 1)) == 0, "places are found with a mask");
_Static_assert((COUNT_FIRST & (COUNT_FIRST - 1)) == 0, "places are found with a mask");

typedef struct place {
    uint8_t peer[NRS_KEY_SIZE];
    bool used;
} place;

struct nrs_agree_cache {
    place *places;   /* public keys: ordinary memory */
    uint8_t *shared; /* guarded memory, NRS_KEY_SIZE for each place */
    size_t count;    /* of places; a power of two */
};

static size_t home_of(const uint8_t peer[NRS_KEY_SIZE], size_t count)
{
    return ((size_t)peer[0] | (size_t)peer[1] << 8) & (count - 1);
}

/* The place of the peer, else a free one near its home, else count. */
static size_t find(const nrs_agree_cache *cache, const uint8_t peer[NRS_KEY_SIZE], bool *found_out)
{
    size_t free_index = cache->count;

    *found_out = false;
    for (size_t i = 0; i < PROBE_COUNT; i++) {
        const size_t index = (home_of(peer, cache->count) + i) & (cache->count - 1);

        if (!cache->places[index].used) {
            free_index = free_index == cache->count ? index : free_index;
        } else if (memcmp(cache->places[index].peer, peer, NRS_KEY_SIZE) == 0) {
            *found_out = true;
            return index;
        }
    }
    return free_index;
}

static nrs_error table_new(nrs_agree_cache *table_out, size_t count)
{
    nrs_agree_cache table = { .count = count };

    table.places = calloc(count, sizeof(*table.places));
    table.shared = sodium_allocarray(count, NRS_KEY_SIZE);
    if (table.places == NULL || table.shared == NULL) {
        free(table.places);
        sodium_free(table.shared);
        return NRS_ERROR_NO_MEMORY;
    }
    *table_out = table;
    return NRS_OK;
}

static void table_wipe(nrs_agree_cache *table)
{
    sodium_free(table->shared); /* wipes what it frees */
    free(table->places);
    *table = (nrs_agree_cache){ 0 };
}

nrs_error nrs_agree_cache_new(nrs_agree_cache **cache_out)
{
    nrs_agree_cache *cache = calloc(1, sizeof(*cache));
    nrs_error error = cache == NULL ? NRS_ERROR_NO_MEMORY : table_new(cache, COUNT_FIRST);

    NRS_ASSERT(cache_out != NULL);
    if (error != NRS_OK) {
        free(cache);
        return error;
    }
    *cache_out = cache;
    return NRS_OK;
}

void nrs_agree_cache_destroy(nrs_agree_cache **cache)
{
    NRS_ASSERT(cache != NULL);
    if (*cache == NULL) {
        return;
    }
    table_wipe(*cache);
    free(*cache);
    *cache = NULL;
}

const uint8_t *nrs_agree_cache_get(const nrs_agree_cache *cache, const uint8_t peer[NRS_KEY_SIZE])
{
    bool found = false;
    const size_t index = find(cache, peer, &found);

    return found ? cache->shared + index * NRS_KEY_SIZE : NULL;
}

static void table_put(nrs_agree_cache *table, const uint8_t peer[NRS_KEY_SIZE], const uint8_t shared[NRS_KEY_SIZE])
{
    bool found = false;
    size_t index = find(table, peer, &found);

    if (index == table->count) {
        index = home_of(peer, table->count);
    }
    NRS_ASSERT(index < table->count);
    memcpy(table->places[index].peer, peer, NRS_KEY_SIZE);
    table->places[index].used = true;
    memcpy(table->shared + index * NRS_KEY_SIZE, shared, NRS_KEY_SIZE);
}

/* Without memory for a larger table the old one goes on serving: it only forgets more often. */
static void grow(nrs_agree_cache *cache)
{
    nrs_agree_cache larger = { 0 };

    if (table_new(&larger, 2 * cache->count) != NRS_OK) {
        return;
    }
    for (size_t i = 0; i < cache->count; i++) {
        if (cache->places[i].used) {
            table_put(&larger, cache->places[i].peer, cache->shared + i * NRS_KEY_SIZE);
        }
    }
    table_wipe(cache);
    *cache = larger;
}

void nrs_agree_cache_put(nrs_agree_cache *cache, const uint8_t peer[NRS_KEY_SIZE], const uint8_t shared[NRS_KEY_SIZE])
{
    bool found = false;

    NRS_ASSERT(cache != NULL);
    if (find(cache, peer, &found) == cache->count && cache->count < NRS_AGREE_CACHE_COUNT_MAX) {
        grow(cache);
    }
    table_put(cache, peer, shared);
}
