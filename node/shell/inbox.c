#include "inbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "log.h"
#include "proto/assert.h"

#define FOLDER "inbox"
#define ASIDE "refused"
#define REFUSED FOLDER "/" ASIDE
#define PATH_SIZE_MAX 512

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool nrs_inbox_changed(nrs_inbox *inbox)
{
    struct stat status;
    struct timespec now = {0};

    if (fstatat(inbox->folder_fd, FOLDER, &status, 0) != 0) {
        return false;
    }
    if (!inbox->again && same_time(&status.st_mtim, &inbox->seen)) {
        return false;
    }
    inbox->seen = status.st_mtim;
    /* A second file may come within the same tick of the file system's clock. */
    inbox->again = clock_gettime(CLOCK_REALTIME, &now) == 0 && now.tv_sec - status.st_mtim.tv_sec < 2;
    return true;
}

static int compare(const void *left, const void *right)
{
    const nrs_inbox_file *a = left;
    const nrs_inbox_file *b = right;

    if (a->changed.tv_sec != b->changed.tv_sec) {
        return a->changed.tv_sec < b->changed.tv_sec ? -1 : 1;
    }
    if (a->changed.tv_nsec != b->changed.tv_nsec) {
        return a->changed.tv_nsec < b->changed.tv_nsec ? -1 : 1;
    }
    return strcmp(a->name, b->name);
}

static nrs_error add_file(nrs_inbox_files *files, int inbox_fd, const char *name)
{
    struct stat status;

    if (name[0] == '.' || strcmp(name, ASIDE) == 0 || strlen(name) + sizeof(REFUSED) + 1 > PATH_SIZE_MAX ||
        fstatat(inbox_fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return NRS_OK;
    }
    files->list[files->count].name = strdup(name);
    if (files->list[files->count].name == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    files->list[files->count].changed = status.st_mtim;
    files->list[files->count].owner = status.st_uid;
    files->list[files->count].not_plain = !S_ISREG(status.st_mode);
    files->list[files->count].too_large = status.st_size > (off_t)NRS_CEREMONY_FILE_SIZE_MAX;
    files->count++;
    return NRS_OK;
}

nrs_error nrs_inbox_list(nrs_inbox_files *files_out, nrs_inbox *inbox)
{
    nrs_inbox_files files = {.list = calloc(NRS_INBOX_FILE_COUNT_MAX, sizeof(nrs_inbox_file))};
    nrs_error error = files.list == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;
    int fd = openat(inbox->folder_fd, FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);

    if (folder == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        error = NRS_ERROR_SYSTEM;
    }
    while (error == NRS_OK) {
        const struct dirent *entry = readdir(folder);

        if (entry == NULL) {
            break;
        }
        if (files.count == NRS_INBOX_FILE_COUNT_MAX) {
            inbox->again = true;
            break;
        }
        error = add_file(&files, fd, entry->d_name);
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    if (error == NRS_OK) {
        qsort(files.list, files.count, sizeof(files.list[0]), compare);
        *files_out = files;
        files = (nrs_inbox_files){0};
    }
    nrs_inbox_files_wipe(&files);
    return error;
}

void nrs_inbox_files_wipe(nrs_inbox_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->list[i].name);
    }
    free(files->list);
    *files = (nrs_inbox_files){0};
}

nrs_error nrs_inbox_read(nrs_bytes *bytes_out, const nrs_inbox *inbox, const char *name)
{
    char path[PATH_SIZE_MAX];

    (void)snprintf(path, sizeof(path), FOLDER "/%s", name);
    return nrs_file_read(bytes_out, inbox->folder_fd, path, NRS_CEREMONY_FILE_SIZE_MAX);
}

static bool holds_secrets(const char *name)
{
    static const char ending[] = ".prekeys";
    size_t size = strlen(name);

    return size >= sizeof(ending) - 1 && strcmp(name + size - (sizeof(ending) - 1), ending) == 0;
}

void nrs_inbox_done(nrs_inbox *inbox, const char *name, nrs_error error)
{
    char path[PATH_SIZE_MAX];
    char aside[PATH_SIZE_MAX];

    NRS_ASSERT(name != NULL);

    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL ||
        snprintf(aside, sizeof(aside), REFUSED "/%s", name) >= (int)sizeof(aside)) {
        return;
    }
    (void)snprintf(path, sizeof(path), FOLDER "/%s", name);
    if (error == NRS_OK) {
        if (holds_secrets(name) && nrs_file_erase(inbox->folder_fd, path) != NRS_OK) {
            nrs_log(NRS_LOG_WARNING, "inbox: could not overwrite %s before removing it", name);
        }
        if (unlinkat(inbox->folder_fd, path, 0) != 0) {
            nrs_log(NRS_LOG_WARNING, "inbox: could not remove %s", name);
        }
        return;
    }
    if (renameat(inbox->folder_fd, path, inbox->folder_fd, aside) != 0) {
        nrs_log(NRS_LOG_WARNING, "inbox: could not set %s aside", name);
    }
}
