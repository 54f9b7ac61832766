#include "key/leftover.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "proto/assert.h"

enum { SUFFIX_SIZE = 7 }; /* of mkstemp: a full stop and six signs */

/* .NAME.key.XXXXXX, as file.c makes them. */
static bool is_leftover(const char *name)
{
    const size_t size = strlen(name);

    return name[0] == '.' && size > SUFFIX_SIZE + 5 && name[size - SUFFIX_SIZE] == '.' && strncmp(name + size - SUFFIX_SIZE - 4, ".key", 4) == 0;
}

static void destroy(int folder, const char *name)
{
    const uint8_t zeros[4096] = {0};
    struct stat status;
    int file = openat(folder, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (file < 0) {
        return;
    }
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode)) {
        for (off_t left = status.st_size; left > 0; left -= (off_t)sizeof zeros) {
            if (write(file, zeros, left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros) <= 0) {
                break;
            }
        }
        (void)fsync(file);
        (void)unlinkat(folder, name, 0);
    }
    (void)close(file);
}

void nrs_leftover_destroy(const nrs_cli *cli)
{
    static const char *const folders[] = {".", "former", "persons", "rosters"};
    nrs_owner owner;

    NRS_ASSERT(cli != NULL && cli->dir != NULL);
    (void)nrs_owner_of(&owner, cli);
    if (!nrs_owner_begin(&owner)) {
        return;
    }
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char *path = nrs_folder_path(cli, NULL, folders[i], "");
        DIR *folder = path == NULL ? NULL : opendir(path);
        const struct dirent *entry = NULL;

        while (folder != NULL && (entry = readdir(folder)) != NULL) {
            if (is_leftover(entry->d_name)) {
                destroy(dirfd(folder), entry->d_name);
            }
        }
        if (folder != NULL) {
            (void)closedir(folder);
        }
        free(path);
    }
    nrs_owner_end(&owner);
}
