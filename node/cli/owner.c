#include "owner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "linux.h"
#include "proto/assert.h"
#include "text.h"

bool nrs_owner_of(nrs_owner *owner_out, const nrs_cli *cli)
{
    struct stat status;
    const struct passwd *user = NULL;

    NRS_ASSERT(owner_out != NULL && cli != NULL && cli->dir != NULL);
    *owner_out = (nrs_owner){0};
    if (geteuid() != 0 || stat(cli->dir, &status) != 0 || status.st_uid == 0) {
        return false;
    }
    *owner_out = (nrs_owner){.uid = status.st_uid, .gid = status.st_gid};
    if (status.st_gid == 0) { /* given by a chown that left the group out: that is no right of the user's */
        user = nrs_linux_user(status.st_uid);
        owner_out->gid = user == NULL ? status.st_gid : user->pw_gid;
    }
    return true;
}

static const char *skip_steps(const char *path)
{
    while (path[0] == '/' || (path[0] == '.' && (path[1] == '/' || path[1] == '\0'))) {
        path++;
    }
    return path;
}

/* What is left of a path behind the folder's, both as they are written; NULL when it does not begin so. */
static const char *rest_of(const char *path, const char *folder)
{
    if ((path[0] == '/') != (folder[0] == '/')) {
        return NULL;
    }
    path = skip_steps(path);
    folder = skip_steps(folder);
    while (folder[0] != '\0') {
        const size_t size = strcspn(folder, "/");

        if (strncmp(path, folder, size) != 0 || (path[size] != '/' && path[size] != '\0')) {
            return NULL;
        }
        path = skip_steps(path + size);
        folder = skip_steps(folder + size);
    }
    return path;
}

/* Owned (free). NULL without memory, or where the place is not known. */
static char *absolute(const char *path)
{
    char place[4096];

    return path[0] == '/' ? strdup(path) : getcwd(place, sizeof place) == NULL ? NULL : nrs_text_format("%s/%s", place, path);
}

/* As it is written, since links would be another's word on where it lies. */
static bool is_within(const char *path, const char *folder)
{
    char *whole_path = absolute(path);
    char *whole_folder = absolute(folder);
    const char *rest = whole_path == NULL || whole_folder == NULL ? NULL : rest_of(whole_path, whole_folder);
    bool within = rest != NULL && rest[0] != '\0';

    while (within && rest[0] != '\0') {
        const size_t size = strcspn(rest, "/");

        within = size != 2 || strncmp(rest, "..", 2) != 0;
        rest = skip_steps(rest + size);
    }
    free(whole_path);
    free(whole_folder);
    return within;
}

bool nrs_owner_within(nrs_owner *owner_out, const nrs_cli *cli, const char *path)
{
    bool found = nrs_owner_of(owner_out, cli) && is_within(path, cli->dir);

    if (!found) {
        *owner_out = (nrs_owner){0};
    }
    return found;
}

bool nrs_owner_begin(const nrs_owner *owner)
{
    if (owner == NULL || owner->uid == 0) {
        return true;
    }
    if (nrs_linux_act_as(owner->uid, owner->gid)) {
        return true;
    }
    nrs_owner_end(owner);
    errno = EPERM;
    return false;
}

void nrs_owner_end(const nrs_owner *owner)
{
    const int kept = errno;

    if (owner != NULL && owner->uid != 0) {
        const bool done = nrs_linux_act_as(geteuid(), getegid());

        NRS_ASSERT(done);
    }
    errno = kept;
}

bool nrs_owner_mark(const nrs_owner *owner, int file)
{
    NRS_ASSERT(file >= 0);
    return owner == NULL || owner->uid == 0 || !owner->inbox ||
           (fchown(file, 0, (gid_t)-1) == 0 && fchmod(file, S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP) == 0);
}

static bool do_as_owner(const nrs_cli *cli, const char *path, int (*call)(const char *path, mode_t mode), mode_t mode)
{
    nrs_owner owner;
    bool done = false;

    (void)nrs_owner_of(&owner, cli);
    if (nrs_owner_begin(&owner)) {
        done = call(path, mode) == 0;
        nrs_owner_end(&owner);
    }
    return done;
}

static int unmake(const char *path, mode_t mode)
{
    (void)mode;
    return rmdir(path);
}

static bool do_in_folder(const nrs_cli *cli, const char *name, int (*call)(const char *path, mode_t mode))
{
    char *path = nrs_folder_path(cli, NULL, name, "");
    bool done = path != NULL && do_as_owner(cli, path, call, S_IRWXU);
    const int kept = path == NULL ? ENOMEM : errno;

    free(path);
    errno = kept;
    return done;
}

bool nrs_folder_make(const nrs_cli *cli, const char *name)
{
    return do_in_folder(cli, name, mkdir);
}

bool nrs_folder_unmake(const nrs_cli *cli, const char *name)
{
    return do_in_folder(cli, name, unmake);
}

bool nrs_folder_mode(const nrs_cli *cli, mode_t mode)
{
    return do_as_owner(cli, cli->dir, chmod, mode);
}
