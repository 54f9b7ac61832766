#include "keys/secret.h"

#include <sys/mman.h>

#include <sodium.h>

#include "proto/assert.h"

#define SLOT_COUNT 8192u
#define SLOT_NONE UINT32_MAX

_Static_assert(SLOT_COUNT < SLOT_NONE, "an index says that there is no slot");

struct nrs_secret {
    uint32_t size;      /* 0 while the slot is free */
    uint32_t next_free; /* while the slot is free */
};

/* The one state of the process: sizes stand outside the arena, so that the arena holds nothing but secrets. It belongs to
 * the thread that called nrs_keys_start; verification, which other threads may do, needs no secret. */
static struct {
    uint8_t *arena;
    uint32_t first_free;
    uint32_t free_count;
    bool started;
    bool locked;
    nrs_secret slots[SLOT_COUNT];
} pool;

static size_t slot_index(const nrs_secret *secret)
{
    NRS_ASSERT(pool.started);
    NRS_ASSERT(secret >= pool.slots && secret < pool.slots + SLOT_COUNT);
    return (size_t)(secret - pool.slots);
}

nrs_error nrs_keys_start(void)
{
    const size_t arena_size = (size_t)SLOT_COUNT * NRS_SECRET_SIZE_MAX;
    uint8_t *arena = NULL;

    if (pool.started) {
        return NRS_OK;
    }
    if (sodium_init() < 0) {
        return NRS_ERROR_SYSTEM;
    }
    arena = sodium_allocarray(SLOT_COUNT, NRS_SECRET_SIZE_MAX);
    if (arena == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    /* sodium_malloc locks as well, and hides whether it could; locking twice counts once. */
    pool.locked = mlock(arena, arena_size) == 0;
    sodium_memzero(arena, arena_size);
    pool.arena = arena;
    for (uint32_t i = 0; i < SLOT_COUNT; i++) {
        pool.slots[i].size = 0;
        pool.slots[i].next_free = i + 1 < SLOT_COUNT ? i + 1 : SLOT_NONE;
    }
    pool.first_free = 0;
    pool.free_count = SLOT_COUNT;
    pool.started = true;
    return NRS_OK;
}

bool nrs_secret_pool_locked(void)
{
    return pool.started && pool.locked;
}

bool nrs_secret_room(size_t count)
{
    NRS_ASSERT(pool.started);
    return pool.free_count >= count;
}

nrs_error nrs_secret_new(nrs_secret **secret_out, size_t size)
{
    nrs_secret *secret = NULL;

    NRS_ASSERT(secret_out != NULL);
    NRS_ASSERT(pool.started);

    if (size == 0) {
        return NRS_ERROR_MALFORMED;
    }
    if (size > NRS_SECRET_SIZE_MAX) {
        return NRS_ERROR_TOO_LARGE;
    }
    if (pool.first_free == SLOT_NONE) {
        return NRS_ERROR_BUSY;
    }
    secret = &pool.slots[pool.first_free];
    NRS_ASSERT(secret->size == 0);
    pool.first_free = secret->next_free;
    pool.free_count--;
    secret->next_free = SLOT_NONE;
    secret->size = (uint32_t)size;
    *secret_out = secret;
    return NRS_OK;
}

nrs_error nrs_secret_random(nrs_secret **secret_out, size_t size)
{
    nrs_secret *secret = NULL;
    nrs_error error = nrs_secret_new(&secret, size);

    if (error != NRS_OK) {
        return error;
    }
    randombytes_buf(nrs_secret_data(secret), size);
    *secret_out = secret;
    return NRS_OK;
}

nrs_error nrs_secret_copy(nrs_secret **secret_out, nrs_slice bytes)
{
    nrs_secret *secret = NULL;
    nrs_error error = nrs_secret_new(&secret, bytes.size);
    uint8_t *data = NULL;

    if (error != NRS_OK) {
        return error;
    }
    data = nrs_secret_data(secret);
    for (size_t i = 0; i < bytes.size; i++) {
        data[i] = bytes.data[i];
    }
    *secret_out = secret;
    return NRS_OK;
}

void nrs_secret_destroy(nrs_secret **secret)
{
    size_t index = 0;

    NRS_ASSERT(secret != NULL);
    if (*secret == NULL) {
        return;
    }
    index = slot_index(*secret);
    NRS_ASSERT((*secret)->size > 0); /* a second destroy of one slot would give it to two owners */
    sodium_memzero(pool.arena + index * NRS_SECRET_SIZE_MAX, NRS_SECRET_SIZE_MAX);
    (*secret)->size = 0;
    (*secret)->next_free = pool.first_free;
    pool.first_free = (uint32_t)index;
    pool.free_count++;
    *secret = NULL;
}

uint8_t *nrs_secret_data(nrs_secret *secret)
{
    NRS_ASSERT(secret != NULL);
    NRS_ASSERT(secret->size > 0);
    return pool.arena + slot_index(secret) * NRS_SECRET_SIZE_MAX;
}

const uint8_t *nrs_secret_view(const nrs_secret *secret)
{
    NRS_ASSERT(secret != NULL);
    NRS_ASSERT(secret->size > 0);
    return pool.arena + slot_index(secret) * NRS_SECRET_SIZE_MAX;
}

size_t nrs_secret_size(const nrs_secret *secret)
{
    NRS_ASSERT(secret != NULL);
    NRS_ASSERT(secret->size > 0);
    return secret->size;
}

nrs_slice nrs_secret_slice(const nrs_secret *secret)
{
    return nrs_slice_of(nrs_secret_view(secret), nrs_secret_size(secret));
}
