#define _GNU_SOURCE
#include "linux.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "proto/assert.h"

bool nrs_linux_program_folder(char *folder_out, size_t size)
{
    ssize_t used = 0;
    char *last = NULL;

    NRS_ASSERT(folder_out != NULL && size > 1);

    used = readlink("/proc/self/exe", folder_out, size - 1);
    if (used <= 0 || (size_t)used >= size - 1) {
        return false;
    }
    folder_out[used] = '\0';
    last = strrchr(folder_out, '/');
    if (last == NULL) {
        return false;
    }
    *last = '\0';
    return true;
}

unsigned nrs_linux_columns(int terminal)
{
    struct winsize window = {0};

    return ioctl(terminal, TIOCGWINSZ, &window) == 0 ? window.ws_col : 0;
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NRS_LEAKS_ARE_SOUGHT
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define NRS_LEAKS_ARE_SOUGHT
#endif

void nrs_linux_hide(void)
{
#ifndef NRS_LEAKS_ARE_SOUGHT /* the leak sanitizer traces its own process */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

bool nrs_linux_act_as(uid_t uid, gid_t gid)
{
    if (getgroups(0, NULL) != 0 && setgroups(0, NULL) != 0) {
        return false;
    }
    (void)setfsgid(gid);
    (void)setfsuid(uid); /* neither says whether it did; what is no user changes nothing and tells */
    return (gid_t)setfsgid((gid_t)-1) == gid && (uid_t)setfsuid((uid_t)-1) == uid;
}

/* Where the kernel shows a file that is open. */
static void path_of_file(char path_out[32], int file)
{
    (void)snprintf(path_out, 32, "/proc/self/fd/%d", file);
}

int nrs_linux_unnamed_file(const char *folder)
{
    char shown[32];
    int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);

    if (file >= 0) {
        path_of_file(shown, file);
    }
    if (file >= 0 && access(shown, F_OK) != 0) { /* it could not be named */
        (void)close(file);
        file = -1;
    }
    return file;
}

bool nrs_linux_name_file(int file, const char *path)
{
    char shown[32];

    path_of_file(shown, file);
    return linkat(AT_FDCWD, shown, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
}

/* Whether the folder that is open has not been taken away, and perhaps made anew, meanwhile. */
static bool is_still_there(int folder, const char *path)
{
    struct stat opened, named;

    return fstat(folder, &opened) == 0 && stat(path, &named) == 0 && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/* On the folder itself, so that nothing is left in one that is not a node's. The kernel lets go when the process ends. */
bool nrs_linux_lock_folder(const char *path, unsigned wait_ms)
{
    const struct timespec step = {.tv_nsec = 20000000};
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (unsigned waited_ms = 0; folder >= 0 && (flock(folder, LOCK_EX | LOCK_NB) != 0 || !is_still_there(folder, path)); waited_ms += 20) {
        if (waited_ms >= wait_ms) {
            (void)close(folder);
            return false;
        }
        (void)nanosleep(&step, NULL);
        if (!is_still_there(folder, path)) {
            (void)close(folder);
            folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        }
    }
    return true; /* a folder that is not there is the command's to speak of */
}

bool nrs_linux_lock_file(const char *path, unsigned wait_ms)
{
    const struct timespec step = {.tv_nsec = 20000000};
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    for (unsigned waited_ms = 0; file >= 0 && flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK; waited_ms += 20) {
        if (waited_ms >= wait_ms) {
            (void)close(file);
            return false;
        }
        (void)nanosleep(&step, NULL);
    }
    return true; /* open until the end of the process */
}

const struct passwd *nrs_linux_user(uid_t uid)
{
    FILE *file = fopen("/etc/passwd", "re");
    const struct passwd *user = NULL;

    if (file == NULL) {
        return NULL;
    }
    do {
        user = fgetpwent(file);
    } while (user != NULL && user->pw_uid != uid);
    (void)fclose(file);
    return user;
}
