#include "memory.h"

#include <jansson.h>
#include <malloc.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "proto/assert.h"

/* The linker gives these names: what the wrapped ones stand for, and what is called in their place. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *memory);

#define KEPT_BYTES (64 * 1024 * 1024)

static struct {
    uint64_t calls;
    uint64_t in, count; /* count 0: not armed */
    uint64_t failed;
    sim_account *account; /* NULL: the simulator's own */
} memory_state;

static sqlite3_mem_methods sqlite_methods;

static bool fails(void)
{
    memory_state.calls++;
    if (memory_state.count == 0) {
        return false;
    }
    if (memory_state.in > 0) {
        memory_state.in--;
        return false;
    }
    memory_state.count--;
    memory_state.failed++;
    return true;
}

/* ---- Whose it is ---- */

/* Each block that is on an account, by its address: open addressing, at most half full. */
typedef struct block { const void *memory; sim_account *account; uint64_t life; size_t size; } block;
static struct { block *slots; size_t capacity, count; } blocks;

static size_t place_of(const void *memory)
{
    size_t at = (size_t)(((uintptr_t)memory >> 4) * 0x9e3779b97f4a7c15ull) & (blocks.capacity - 1);

    while (blocks.slots[at].memory != NULL && blocks.slots[at].memory != memory) {
        at = (at + 1) & (blocks.capacity - 1);
    }
    return at;
}

static void make_room(void)
{
    block *before = blocks.slots;
    const size_t count = blocks.capacity;

    if (2 * blocks.count < blocks.capacity) {
        return;
    }
    blocks.capacity = count == 0 ? 1u << 14 : 2 * count;
    blocks.slots = sim_alloc(blocks.capacity, sizeof *blocks.slots);
    for (size_t i = 0; i < count; i++) {
        if (before[i].memory != NULL) {
            blocks.slots[place_of(before[i].memory)] = before[i];
        }
    }
    __real_free(before);
}

static void took(const void *memory, size_t size)
{
    sim_account *account = memory_state.account;

    if (account == NULL || memory == NULL) {
        return;
    }
    make_room();
    blocks.slots[place_of(memory)] = (block){.memory = memory, .account = account, .life = account->life, .size = size};
    blocks.count++;
    account->bytes += (int64_t)size;
    account->peak = account->bytes > account->peak ? account->bytes : account->peak;
}

/* What stood behind it in the table moves up. */
static void close_gap(size_t at)
{
    blocks.slots[at] = (block){.memory = NULL};
    for (size_t next = (at + 1) & (blocks.capacity - 1); blocks.slots[next].memory != NULL; next = (next + 1) & (blocks.capacity - 1)) {
        const block moved = blocks.slots[next];

        blocks.slots[next].memory = NULL;
        blocks.slots[place_of(moved.memory)] = moved;
    }
}

static void gave_back(const void *memory)
{
    size_t at;

    if (memory == NULL || blocks.count == 0) {
        return;
    }
    at = place_of(memory);
    if (blocks.slots[at].memory == NULL) {
        return;
    }
    if (blocks.slots[at].life == blocks.slots[at].account->life) {
        blocks.slots[at].account->bytes -= (int64_t)blocks.slots[at].size;
    }
    blocks.count--;
    close_gap(at);
}

int64_t sim_memory_settle(sim_account *account)
{
    const int64_t left = account->bytes;

    account->bytes = 0;
    account->life++;
    return left;
}

static size_t size_of(void *memory)
{
    return memory == NULL ? 0 : malloc_usable_size(memory);
}

sim_account *sim_memory_use(sim_account *account)
{
    sim_account *before = memory_state.account;

    memory_state.account = account;
    return before;
}

/* ---- In place of malloc and its kin ---- */

void *__wrap_malloc(size_t size)
{
    void *memory = fails() ? NULL : __real_malloc(size);

    took(memory, size_of(memory));
    return memory;
}

void *__wrap_calloc(size_t count, size_t size)
{
    void *memory = fails() ? NULL : __real_calloc(count, size);

    took(memory, size_of(memory));
    return memory;
}

void *__wrap_realloc(void *memory, size_t size)
{
    const void *before = memory;
    void *grown = fails() ? NULL : __real_realloc(memory, size);

    if (grown != NULL) {
        gave_back(before);
        took(grown, size_of(grown));
    }
    return grown;
}

char *__wrap_strdup(const char *text)
{
    char *copy = fails() ? NULL : __real_strdup(text);

    took(copy, size_of(copy));
    return copy;
}

void __wrap_free(void *memory)
{
    gave_back(memory);
    __real_free(memory);
}

static void *sqlite_malloc(int size)
{
    void *memory = fails() ? NULL : sqlite_methods.xMalloc(size);

    took(memory, memory == NULL ? 0 : (size_t)sqlite_methods.xSize(memory));
    return memory;
}

static void *sqlite_realloc(void *memory, int size)
{
    const void *before = memory;
    void *grown = fails() ? NULL : sqlite_methods.xRealloc(memory, size);

    if (grown != NULL) {
        gave_back(before);
        took(grown, (size_t)sqlite_methods.xSize(grown));
    }
    return grown;
}

static void sqlite_free(void *memory)
{
    gave_back(memory);
    sqlite_methods.xFree(memory);
}

void sim_memory_install(void)
{
    sqlite3_mem_methods mine;

    /* Memory that is given back to the kernel and fetched again costs more than all the rest of a small world. */
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    (void)mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
    (void)mallopt(M_TOP_PAD, KEPT_BYTES / 8);
    NRS_ASSERT(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK);
    NRS_ASSERT(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_methods) == SQLITE_OK);
    mine = sqlite_methods;
    mine.xMalloc = sqlite_malloc;
    mine.xRealloc = sqlite_realloc;
    mine.xFree = sqlite_free;
    NRS_ASSERT(sqlite3_config(SQLITE_CONFIG_MALLOC, &mine) == SQLITE_OK);
    json_object_seed(1); /* the order of keys never depends on it; their addresses might */
    json_set_alloc_funcs(__wrap_malloc, __wrap_free);
}

void sim_memory_arm(uint64_t in, uint64_t count)
{
    memory_state.in = in;
    memory_state.count = count;
    memory_state.failed = 0;
}

uint64_t sim_memory_disarm(void)
{
    memory_state.count = 0;
    return memory_state.failed;
}

uint64_t sim_memory_calls(void)
{
    return memory_state.calls;
}

void *sim_alloc(size_t count, size_t size)
{
    void *memory = __real_calloc(count == 0 ? 1 : count, size);

    NRS_ASSERT(memory != NULL);
    return memory;
}

void *sim_grow(void *memory, size_t size)
{
    void *grown = __real_realloc(memory, size);

    NRS_ASSERT(grown != NULL);
    return grown;
}

char *sim_text(const char *text)
{
    char *copy = __real_strdup(text);

    NRS_ASSERT(copy != NULL);
    return copy;
}
