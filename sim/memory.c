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
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);

#define KEPT_BYTES (64 * 1024 * 1024)

static struct {
    uint64_t calls;
    uint64_t in, count; /* count 0: not armed */
    uint64_t failed;
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

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

static void *sqlite_malloc(int size)
{
    return fails() ? NULL : sqlite_methods.xMalloc(size);
}

static void *sqlite_realloc(void *memory, int size)
{
    return fails() ? NULL : sqlite_methods.xRealloc(memory, size);
}

static void *json_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
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
    NRS_ASSERT(sqlite3_config(SQLITE_CONFIG_MALLOC, &mine) == SQLITE_OK);
    json_object_seed(1); /* the order of keys never depends on it; their addresses might */
    json_set_alloc_funcs(json_malloc, free);
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
