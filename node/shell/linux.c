#define _GNU_SOURCE
#include "linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <malloc.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "proto/assert.h"
#include "proto/bytes.h"

#define LISTEN_BACKLOG 64
#define KEPT_FILES 80   /* for callers at the control socket */
#define OTHER_FILES 256 /* the store, what is dialled, files that come and go */
#define HEAP_BLOCK_MAX (4 * 1024 * 1024) /* larger ones than a frame are mapped by themselves */
#define HEAP_KEPT (64 * 1024 * 1024)
#define HEAP_TRIMMED_KEPT (1024 * 1024)

nrs_error nrs_linux_hide_memory(void)
{
    const struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) != 0) {
        return NRS_ERROR_SYSTEM;
    }
    return NRS_OK;
}

void nrs_linux_wipe_free(void *block)
{
    if (block != NULL) {
        nrs_memory_wipe(block, malloc_usable_size(block));
        free(block);
    }
}

void nrs_linux_keep_heap(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, HEAP_BLOCK_MAX);
    (void)mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
}

void nrs_linux_trim_heap(void)
{
    (void)malloc_trim(HEAP_TRIMMED_KEPT);
}

size_t nrs_linux_resident_pages(void)
{
    char text[128] = "";
    unsigned long whole = 0;
    unsigned long resident = 0;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (fd >= 0) {
        (void)close(fd);
    }
    return size > 0 && sscanf(text, "%lu %lu", &whole, &resident) == 2 ? (size_t)resident : 0;
}

uint64_t nrs_linux_monotonic_ms(void)
{
    struct timespec now = {0};

    return clock_gettime(CLOCK_BOOTTIME, &now) == 0 && now.tv_sec >= 0 ? (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u : 0;
}

bool nrs_linux_bytes_received(uint64_t *size_out, int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof(info);

    NRS_ASSERT(size_out != NULL);

    memset(&info, 0, sizeof(info));
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || size < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof(info.tcpi_bytes_received)) {
        return false;
    }
    *size_out = info.tcpi_bytes_received;
    return true;
}

static rlim_t least(rlim_t a, rlim_t b)
{
    return a < b ? a : b;
}

/* Sets the limit of open files to all but `kept` of what the system allows. Returns what it is then. */
static rlim_t limit_files(rlim_t kept)
{
    struct rlimit limit;
    rlim_t before = 0;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 0;
    }
    before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max - least(kept, limit.rlim_max / 8);
    return limit.rlim_cur == before || setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

size_t nrs_linux_keep_files(void)
{
    rlim_t allowed = limit_files(KEPT_FILES);

    return (size_t)(allowed - least(OTHER_FILES, allowed / 4));
}

nrs_error nrs_linux_lock(int fd)
{
    NRS_ASSERT(fd >= 0);

    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        return NRS_OK;
    }
    return errno == EWOULDBLOCK ? NRS_ERROR_LOCKED : NRS_ERROR_SYSTEM;
}

int nrs_linux_signals_open(void)
{
    sigset_t signals;

    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0) {
        return -1;
    }
    return signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

int nrs_linux_signals_read(int fd)
{
    struct signalfd_siginfo info;

    NRS_ASSERT(fd >= 0);

    return read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info) ? (int)info.ssi_signo : 0;
}

int nrs_linux_listen_in(int folder_fd, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    mode_t mask = 0;
    int bound = -1;
    int fd = -1;

    NRS_ASSERT(folder_fd >= 0);
    NRS_ASSERT(name != NULL);

    /* A path through /proc stays short, where the folder's own could pass the 107 bytes of an address. */
    if (snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", folder_fd, name) >=
        (int)sizeof(address.sun_path)) {
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    mask = umask(0177);
    bound = bind(fd, (const struct sockaddr *)&address, sizeof(address));
    (void)umask(mask);
    if (bound != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

uid_t nrs_linux_overflow_uid(void)
{
    char text[32] = "";
    unsigned long uid = 65534;
    int fd = open("/proc/sys/kernel/overflowuid", O_RDONLY | O_CLOEXEC);

    if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0) {
        (void)sscanf(text, "%lu", &uid);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return (uid_t)uid;
}

int nrs_linux_accept(int listener_fd, uid_t *uid_out)
{
    struct ucred caller;
    socklen_t size = sizeof(caller);
    int fd = -1;

    NRS_ASSERT(listener_fd >= 0);
    NRS_ASSERT(uid_out != NULL);

    fd = accept4(listener_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && errno == EMFILE) {
        (void)limit_files(0);
        fd = accept4(listener_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        (void)limit_files(KEPT_FILES);
    }
    if (fd < 0) {
        return -1;
    }
    memset(&caller, 0, sizeof(caller));
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &caller, &size) != 0 || size != sizeof(caller)) {
        (void)close(fd);
        return -1;
    }
    *uid_out = caller.uid;
    return fd;
}
