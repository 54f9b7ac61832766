/* Root may command a node that is another user's. What it makes in the node's folder is given to whose the folder is: the node reads it, and
 * wipes what holds secrets. In the inbox a file stays its writer's, by whom the audit log names who changed something, and the node has it by
 * its group. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "proto/assert.h"

/* Whose the folder is that the path lies in. Returns whether that is somebody else than the root that acts. */
static bool folder_is_anothers(struct stat *status_out, char **folder_out, const char *path)
{
    char *folder = geteuid() == 0 ? nrs_file_folder_of(path) : NULL;

    if (folder == NULL || stat(folder, status_out) != 0 || status_out->st_uid == 0) {
        free(folder);
        return false;
    }
    *folder_out = folder;
    return true;
}

bool nrs_file_give(int file, const char *path)
{
    struct stat status;
    char *folder = NULL;
    bool given = true;

    NRS_ASSERT(file >= 0 && path != NULL);
    if (folder_is_anothers(&status, &folder, path)) {
        const char *slash = strrchr(folder, '/');

        given = strcmp(slash == NULL ? folder : slash + 1, "inbox") == 0
                    ? fchown(file, (uid_t)-1, status.st_gid) == 0 && fchmod(file, S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP) == 0
                    : fchown(file, status.st_uid, status.st_gid) == 0;
    }
    free(folder);
    return given;
}

bool nrs_folder_make(const char *path)
{
    struct stat status;
    char *folder = NULL;
    bool made = mkdir(path, S_IRWXU) == 0;

    if (made && folder_is_anothers(&status, &folder, path)) {
        made = chown(path, status.st_uid, status.st_gid) == 0;
    }
    free(folder);
    return made;
}
