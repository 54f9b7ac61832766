#include "disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

void sim_disk_init(sim_disk *disk, sim_random random)
{
    memset(disk, 0, sizeof *disk);
    disk->random = random;
}

static void blob_reserve(sim_blob *blob, size_t size)
{
    if (size > blob->capacity) {
        size_t capacity = blob->capacity == 0 ? 8192 : blob->capacity;

        while (capacity < size) {
            capacity *= 2;
        }
        blob->data = sim_grow(blob->data, capacity);
        blob->capacity = capacity;
    }
}

static void blob_resize(sim_blob *blob, size_t size)
{
    blob_reserve(blob, size);
    if (size > blob->size) {
        memset(blob->data + blob->size, 0, size - blob->size);
    }
    blob->size = size;
}

static void blob_put(sim_blob *blob, const void *data, size_t size, size_t offset)
{
    if (offset > blob->size) {
        blob_resize(blob, offset); /* a gap reads as zeros */
    }
    if (offset + size > blob->size) {
        blob_reserve(blob, offset + size);
        blob->size = offset + size;
    }
    if (size > 0) {
        memcpy(blob->data + offset, data, size);
    }
}

static void blob_wipe(sim_blob *blob)
{
    free(blob->data);
    *blob = (sim_blob){0};
}

static void blob_copy(sim_blob *to, const sim_blob *from)
{
    blob_resize(to, from->size);
    if (from->size > 0) {
        memcpy(to->data, from->data, from->size);
    }
}

void sim_disk_unshare(sim_file *file)
{
    for (size_t i = 0; i < file->shared_count; i++) {
        free(file->shared[i]);
    }
    free(file->shared);
    file->shared = NULL;
    file->shared_count = 0;
}

void sim_disk_wipe(sim_disk *disk)
{
    for (size_t i = 0; i < disk->file_count; i++) {
        sim_file *file = &disk->files[i];

        blob_wipe(&file->cache);
        blob_wipe(&file->durable);
        blob_wipe(&file->bytes);
        free(file->pending);
        sim_disk_unshare(file);
    }
    disk->file_count = 0;
}

/* Whether this call fails, and the count of calls that may cut the power. */
static bool fails(sim_disk *disk, sim_disk_call call)
{
    if (disk->held) {
        return false;
    }
    if (disk->dead) {
        return true;
    }
    if (disk->fail[call].count == 0) {
        return false;
    }
    if (disk->fail[call].in > 0) {
        disk->fail[call].in--;
        return false;
    }
    disk->fail[call].count--;
    disk->reached[call]++;
    return true;
}

void sim_disk_hold(sim_disk *disk, bool held)
{
    disk->held = held;
}

static bool cuts(sim_disk *disk)
{
    if (disk->held) {
        return false;
    }
    disk->calls++;
    if (disk->cut_at == 0 || disk->calls < disk->cut_at) {
        return false;
    }
    disk->dead = true;
    return true;
}

sim_file *sim_disk_find(sim_disk *disk, const char *name)
{
    for (size_t i = 0; i < disk->file_count; i++) {
        if (strcmp(disk->files[i].name, name) == 0) {
            return disk->files[i].there ? &disk->files[i] : NULL;
        }
    }
    return NULL;
}

sim_disk_result sim_disk_read(sim_disk *disk, const sim_file *file, void *out, size_t size, size_t offset, size_t *read_out)
{
    size_t there = offset >= file->cache.size ? 0 : file->cache.size - offset;

    if (fails(disk, SIM_DISK_READ)) {
        return SIM_DISK_EIO;
    }
    *read_out = there < size ? there : size;
    if (*read_out > 0) {
        memcpy(out, file->cache.data + offset, *read_out);
    }
    return SIM_DISK_OK;
}

static void remember(sim_file *file, sim_pending pending)
{
    if (file->pending_count == file->pending_capacity) {
        file->pending_capacity = file->pending_capacity == 0 ? 64 : 2 * file->pending_capacity;
        file->pending = sim_grow(file->pending, file->pending_capacity * sizeof file->pending[0]);
    }
    file->pending[file->pending_count++] = pending;
}

sim_file *sim_disk_open(sim_disk *disk, const char *name, bool create)
{
    sim_file *file = NULL;

    if (fails(disk, SIM_DISK_OPEN)) {
        return NULL;
    }
    for (size_t i = 0; i < disk->file_count && file == NULL; i++) {
        file = strcmp(disk->files[i].name, name) == 0 ? &disk->files[i] : NULL;
    }
    if (file != NULL && file->there) {
        return file;
    }
    if (!create || (file == NULL && disk->file_count == SIM_DISK_FILES_MAX)) {
        return NULL;
    }
    if (file == NULL) {
        file = &disk->files[disk->file_count++];
        (void)snprintf(file->name, sizeof file->name, "%s", name);
    }
    file->there = true;
    if (file->durable.size > 0) { /* one of that name was there before, and its bytes may still be */
        remember(file, (sim_pending){.truncate = true});
    }
    return file;
}

static void put(sim_file *file, const void *data, size_t size, size_t offset)
{
    sim_pending pending = {.offset = offset, .size = size, .kept = file->bytes.size};

    blob_put(&file->cache, data, size, offset);
    blob_put(&file->bytes, data, size, file->bytes.size);
    remember(file, pending);
}

size_t sim_disk_used(const sim_disk *disk)
{
    size_t used = 0;

    for (size_t i = 0; i < disk->file_count; i++) {
        used += disk->files[i].there ? disk->files[i].cache.size : 0;
    }
    return used;
}

sim_disk_result sim_disk_write(sim_disk *disk, sim_file *file, const void *data, size_t size, size_t offset)
{
    size_t part = size;
    sim_disk_result result = SIM_DISK_OK;

    if (disk->dead) {
        return SIM_DISK_EIO;
    }
    if (cuts(disk)) { /* some of it may still have reached the cache, and with it the disk */
        disk->torn = size > 0;
        part = size == 0 ? 0 : (size_t)sim_random_below(&disk->random, size + 1);
        result = SIM_DISK_EIO;
    } else if (fails(disk, SIM_DISK_WRITE)) { /* a short write: the rest is not there */
        part = size == 0 ? 0 : (size_t)sim_random_below(&disk->random, size);
        disk->reached_short += part > 0 ? 1 : 0;
        result = SIM_DISK_EIO;
    } else if (disk->capacity != 0 && offset + size > file->cache.size && sim_disk_used(disk) + (offset + size - file->cache.size) > disk->capacity) {
        disk->reached_full++;
        part = 0;
        result = SIM_DISK_FULL;
    }
    if (part > 0) {
        put(file, data, part, offset);
    }
    return result;
}

sim_disk_result sim_disk_truncate(sim_disk *disk, sim_file *file, size_t size)
{
    if (disk->dead || cuts(disk) || fails(disk, SIM_DISK_WRITE)) {
        return SIM_DISK_EIO;
    }
    blob_resize(&file->cache, size);
    remember(file, (sim_pending){.size = size, .truncate = true});
    return SIM_DISK_OK;
}

static void settle(sim_file *file, const sim_pending *pending, size_t from, size_t size)
{
    if (pending->truncate) {
        blob_resize(&file->durable, pending->size);
    } else {
        blob_put(&file->durable, file->bytes.data + pending->kept + from, size, pending->offset + from);
    }
}

static void forget_pending(sim_file *file)
{
    file->pending_count = 0;
    file->bytes.size = 0;
}

/* Sector by sector, each kept with this chance; one of those lost may be half there. */
static void keep_some(sim_disk *disk, sim_file *file, unsigned per_mille)
{
    for (size_t i = 0; i < file->pending_count; i++) {
        const sim_pending *pending = &file->pending[i];

        if (pending->truncate) {
            if (sim_random_chance(&disk->random, per_mille)) {
                settle(file, pending, 0, 0);
            }
            continue;
        }
        for (size_t from = 0; from < pending->size;) {
            size_t sector_end = SIM_SECTOR_SIZE - (pending->offset + from) % SIM_SECTOR_SIZE;
            size_t size = pending->size - from < sector_end ? pending->size - from : sector_end;

            if (sim_random_chance(&disk->random, per_mille)) {
                settle(file, pending, from, size);
            } else if (sim_random_chance(&disk->random, 30)) {
                settle(file, pending, from, (size_t)sim_random_below(&disk->random, size));
                disk->reached_torn++;
            } else {
                disk->reached_lost++;
            }
            from += size;
        }
    }
    forget_pending(file);
}

/* The folder's own changes are journalled in their order, as ext4 and XFS do: any later sync brings them along. */
static void settle_folder(sim_disk *disk)
{
    for (size_t i = 0; i < disk->file_count; i++) {
        sim_file *file = &disk->files[i];

        if (!file->there && file->there_durably) {
            file->there_durably = false;
            file->durable.size = 0;
        }
    }
}

sim_disk_result sim_disk_sync(sim_disk *disk, sim_file *file)
{
    if (disk->dead || cuts(disk)) {
        return SIM_DISK_EIO;
    }
    disk->took_ms += disk->slow_ms;
    if (fails(disk, SIM_DISK_SYNC)) {
        keep_some(disk, file, 500);
        return SIM_DISK_EIO;
    }
    for (size_t i = 0; i < file->pending_count; i++) {
        settle(file, &file->pending[i], 0, file->pending[i].size);
    }
    forget_pending(file);
    file->there_durably = true;
    settle_folder(disk);
    return SIM_DISK_OK;
}

sim_disk_result sim_disk_delete(sim_disk *disk, sim_file *file, bool synced)
{
    if (disk->dead || cuts(disk)) {
        return SIM_DISK_EIO;
    }
    file->there = false;
    file->cache.size = 0;
    forget_pending(file);
    if (synced) {
        settle_folder(disk);
    }
    return SIM_DISK_OK;
}

uint8_t *sim_disk_shared(sim_file *file, size_t index, size_t size, bool make)
{
    if (index >= file->shared_count && make) {
        file->shared = sim_grow(file->shared, (index + 1) * sizeof file->shared[0]);
        while (file->shared_count <= index) {
            file->shared[file->shared_count++] = sim_alloc(1, size);
        }
        file->shared_size = size;
    }
    return index < file->shared_count ? file->shared[index] : NULL;
}

void sim_disk_restart(sim_disk *disk)
{
    static const unsigned kept_per_mille[] = {0, 1000, 500, 900, 100};
    unsigned kept = kept_per_mille[sim_random_below(&disk->random, sizeof kept_per_mille / sizeof kept_per_mille[0])];

    for (size_t i = 0; i < disk->file_count; i++) {
        sim_file *file = &disk->files[i];

        if (file->there_durably != file->there && sim_random_chance(&disk->random, kept)) {
            file->there_durably = file->there; /* the folder's own write came through */
        }
        keep_some(disk, file, kept);
        file->there = file->there_durably;
        if (!file->there) {
            file->durable.size = 0;
        }
        blob_copy(&file->cache, &file->durable);
        sim_disk_unshare(file);
    }
    disk->dead = false;
    disk->torn = false;
    disk->cut_at = 0;
    memset(disk->fail, 0, sizeof disk->fail);
}

void sim_disk_clone(sim_disk *copy, const sim_disk *disk)
{
    sim_disk_init(copy, disk->random);
    copy->file_count = disk->file_count;
    for (size_t i = 0; i < disk->file_count; i++) {
        const sim_file *from = &disk->files[i];
        sim_file *to = &copy->files[i];

        memcpy(to->name, from->name, sizeof to->name);
        to->there = to->there_durably = from->there;
        blob_copy(&to->cache, &from->cache);
        blob_copy(&to->durable, &from->cache);
    }
}
