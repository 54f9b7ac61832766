#include "vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/assert.h"

#define DAYS_OF_JULIAN_EPOCH_MS 210866760000000ll
#define SQLITE_SECTOR_SIZE 4096

typedef struct handle {
    sqlite3_file base;
    sim_disk *disk;
    sim_file *file;
} handle;

static sim_disk *disks[SIM_VFS_DISKS_MAX];
static uint64_t time_ms;
static sim_random salts;

void sim_vfs_attach(size_t number, sim_disk *disk)
{
    NRS_ASSERT(number < SIM_VFS_DISKS_MAX);
    disks[number] = disk;
}

void sim_vfs_set_time(uint64_t unix_ms)
{
    time_ms = unix_ms;
}

/* ---- Files ---- */

static int code_of(sim_disk_result result, int otherwise)
{
    return result == SIM_DISK_OK ? SQLITE_OK : result == SIM_DISK_FULL ? SQLITE_FULL : otherwise;
}

static int vfs_close(sqlite3_file *file)
{
    (void)file;
    return SQLITE_OK;
}

static int vfs_read(sqlite3_file *file, void *out, int size, sqlite3_int64 offset)
{
    const handle *self = (const handle *)file;
    size_t read = 0;

    if (sim_disk_read(self->disk, self->file, out, (size_t)size, (size_t)offset, &read) != SIM_DISK_OK) {
        return SQLITE_IOERR_READ;
    }
    if (read < (size_t)size) {
        memset((char *)out + read, 0, (size_t)size - read);
        return SQLITE_IOERR_SHORT_READ;
    }
    return SQLITE_OK;
}

static int vfs_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
    const handle *self = (const handle *)file;

    return code_of(sim_disk_write(self->disk, self->file, data, (size_t)size, (size_t)offset), SQLITE_IOERR_WRITE);
}

static int vfs_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    const handle *self = (const handle *)file;

    return code_of(sim_disk_truncate(self->disk, self->file, (size_t)size), SQLITE_IOERR_TRUNCATE);
}

static int vfs_sync(sqlite3_file *file, int flags)
{
    const handle *self = (const handle *)file;

    (void)flags;
    return code_of(sim_disk_sync(self->disk, self->file), SQLITE_IOERR_FSYNC);
}

static int vfs_size(sqlite3_file *file, sqlite3_int64 *size_out)
{
    *size_out = (sqlite3_int64)((const handle *)file)->file->cache.size;
    return SQLITE_OK;
}

/* One process has one connection to each database: nobody else could hold a lock. */
static int vfs_lock(sqlite3_file *file, int level)
{
    (void)file, (void)level;
    return SQLITE_OK;
}

static int vfs_check_lock(sqlite3_file *file, int *held_out)
{
    (void)file;
    *held_out = 0;
    return SQLITE_OK;
}

static int vfs_control(sqlite3_file *file, int operation, void *argument)
{
    (void)file, (void)operation, (void)argument;
    return SQLITE_NOTFOUND;
}

static int vfs_sector_size(sqlite3_file *file)
{
    (void)file;
    return SQLITE_SECTOR_SIZE;
}

static int vfs_characteristics(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE; /* as the VFS of the daemon says */
}

static int vfs_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **memory_out)
{
    *memory_out = sim_disk_shared(((handle *)file)->file, (size_t)region, (size_t)size, extend != 0);
    return SQLITE_OK;
}

static int vfs_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    (void)file, (void)offset, (void)count, (void)flags;
    return SQLITE_OK;
}

static void vfs_shm_barrier(sqlite3_file *file)
{
    (void)file;
}

static int vfs_shm_unmap(sqlite3_file *file, int delete)
{
    (void)delete; /* with the last connection, and there is one */
    sim_disk_unshare(((handle *)file)->file);
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = vfs_close,
    .xRead = vfs_read,
    .xWrite = vfs_write,
    .xTruncate = vfs_truncate,
    .xSync = vfs_sync,
    .xFileSize = vfs_size,
    .xLock = vfs_lock,
    .xUnlock = vfs_lock,
    .xCheckReservedLock = vfs_check_lock,
    .xFileControl = vfs_control,
    .xSectorSize = vfs_sector_size,
    .xDeviceCharacteristics = vfs_characteristics,
    .xShmMap = vfs_shm_map,
    .xShmLock = vfs_shm_lock,
    .xShmBarrier = vfs_shm_barrier,
    .xShmUnmap = vfs_shm_unmap,
};

/* ---- Folders ---- */

static sim_disk *disk_of(const char **name_out, const char *path)
{
    char *end = NULL;
    unsigned long number = strtoul(path, &end, 10);

    if (end == path || *end != '/' || number >= SIM_VFS_DISKS_MAX) {
        return NULL;
    }
    *name_out = end + 1;
    return disks[number];
}

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *flags_out)
{
    handle *self = (handle *)file;
    const char *name = NULL;

    (void)vfs;
    memset(self, 0, sizeof *self);
    self->disk = path == NULL ? NULL : disk_of(&name, path); /* temporary files are kept in memory: none is asked for */
    self->file = self->disk == NULL ? NULL : sim_disk_open(self->disk, name, (flags & SQLITE_OPEN_CREATE) != 0);
    if (self->file == NULL) {
        return SQLITE_CANTOPEN;
    }
    self->base.pMethods = &methods;
    if (flags_out != NULL) {
        *flags_out = flags;
    }
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int synced)
{
    const char *name = NULL;
    sim_disk *disk = disk_of(&name, path);
    sim_file *file = disk == NULL ? NULL : sim_disk_find(disk, name);

    (void)vfs;
    if (file == NULL) {
        return SQLITE_IOERR_DELETE_NOENT;
    }
    return code_of(sim_disk_delete(disk, file, synced != 0), SQLITE_IOERR_DELETE);
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *there_out)
{
    const char *name = NULL;
    sim_disk *disk = disk_of(&name, path);
    const sim_file *file = disk == NULL ? NULL : sim_disk_find(disk, name);

    (void)vfs;
    *there_out = file != NULL && (flags != SQLITE_ACCESS_EXISTS || file->cache.size > 0); /* as the unix VFS counts empty files */
    return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int size, char *out)
{
    (void)vfs;
    return snprintf(out, (size_t)size, "%s", path) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs;
    sim_random_fill(&salts, out, (size_t)size);
    return size;
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return microseconds;
}

static int vfs_time_ms(sqlite3_vfs *vfs, sqlite3_int64 *julian_ms_out)
{
    (void)vfs;
    *julian_ms_out = DAYS_OF_JULIAN_EPOCH_MS + (sqlite3_int64)time_ms;
    return SQLITE_OK;
}

static int vfs_time(sqlite3_vfs *vfs, double *julian_days_out)
{
    sqlite3_int64 julian_ms = 0;

    (void)vfs_time_ms(vfs, &julian_ms);
    *julian_days_out = (double)julian_ms / 86400000.0;
    return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs, (void)size, (void)out;
    return 0;
}

void sim_vfs_install(void)
{
    static sqlite3_vfs vfs = {
        .iVersion = 2,
        .szOsFile = sizeof(handle),
        .mxPathname = 64,
        .zName = SIM_VFS_NAME,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_time,
        .xGetLastError = vfs_last_error,
        .xCurrentTimeInt64 = vfs_time_ms,
    };

    NRS_ASSERT(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}

void sim_vfs_seed(uint64_t seed)
{
    salts = sim_random_of(seed, 0x5a17, 0);
    sqlite3_randomness(0, NULL); /* it fills its pool anew, from here */
}
