/* The write-ahead log of a process that did not end in order. Where a sync of it had failed, the system may show bytes that the disk
 * never took and count them as written (fsync(2)): SQLite would read whole transactions from them, copy these into the database, and a
 * power cut in between would leave it with half of each. So it is written once more and synced before SQLite reads it. */
#include "query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_SIZE 65536

static int rewrite(sqlite3_file *file)
{
    uint8_t *piece = malloc(PIECE_SIZE);
    sqlite3_int64 size = 0;
    int code = piece == NULL ? SQLITE_NOMEM : file->pMethods->xFileSize(file, &size);

    for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size; at += PIECE_SIZE) {
        const int part = size - at < PIECE_SIZE ? (int)(size - at) : PIECE_SIZE;

        code = file->pMethods->xRead(file, piece, part, at);
        if (code == SQLITE_OK) {
            code = file->pMethods->xWrite(file, piece, part, at);
        }
    }
    if (code == SQLITE_OK && size > 0) {
        code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
    }
    free(piece); /* what stands in the log is what stands on the disk: nothing to wipe */
    return code;
}

nrs_error nrs_store_settle_wal(const char *path, const char *vfs_name)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(vfs_name);
    const size_t size = strlen(path) + sizeof "-wal";
    char *wal = malloc(size);
    const char *name = NULL;
    sqlite3_file *file = vfs == NULL ? NULL : calloc(1, (size_t)vfs->szOsFile);
    int there = 0;
    int code = vfs == NULL ? SQLITE_ERROR : SQLITE_NOMEM;

    if (wal == NULL || file == NULL) {
        goto out;
    }
    (void)snprintf(wal, size, "%s-wal", path);
    code = vfs->xAccess(vfs, wal, SQLITE_ACCESS_EXISTS, &there);
    if (code != SQLITE_OK || there == 0) {
        goto out;
    }
    name = sqlite3_create_filename(path, "", wal, 0, NULL); /* with the zeros behind it that a VFS may look for */
    if (name == NULL) {
        code = SQLITE_NOMEM;
        goto out;
    }
    code = vfs->xOpen(vfs, sqlite3_filename_wal(name), file, SQLITE_OPEN_WAL | SQLITE_OPEN_READWRITE, NULL);
    if (code == SQLITE_OK) {
        code = rewrite(file);
    }
    if (file->pMethods != NULL) {
        (void)file->pMethods->xClose(file);
    }
out:
    sqlite3_free_filename((char *)(uintptr_t)name);
    free(file);
    free(wal);
    return nrs_store_error_of(code);
}
