#include "process.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "linux.h"

enum { STOP_STEP_MS = 10, STOP_STEPS = 1000, CLOSE_FROM = 3 };

/* exec and posix_spawn ask for arguments that they promise not to change. */
static char *const *arguments_of(const char *const *arguments)
{
    return (char *const *)(uintptr_t)arguments;
}

static void connect_streams(const nrs_streams *streams)
{
    const int given[3] = {streams->in, streams->out, streams->err};
    int null = open("/dev/null", O_RDWR);

    for (int i = 0; i < 3; i++) {
        if (dup2(given[i] < 0 ? null : given[i], i) < 0) {
            _exit(127);
        }
    }
    if (null >= CLOSE_FROM) {
        (void)close(null);
    }
}

int nrs_process_start(pid_t *pid_out, const char *const *arguments, const nrs_streams *streams)
{
    pid_t pid = fork();

    if (pid < 0) {
        return 1;
    }
    if (pid == 0) {
        nrs_linux_die_with_parent();
        connect_streams(streams);
        (void)execv(arguments[0], arguments_of(arguments));
        _exit(127);
    }
    *pid_out = pid;
    return 0;
}

int nrs_process_wait(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int nrs_process_run(const char *const *arguments, const char *out_path)
{
    nrs_streams streams = {-1, -1, STDERR_FILENO};
    pid_t pid = 0;
    int failed;

    if (out_path != NULL) {
        streams.out = open(out_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (streams.out < 0) {
            return 1;
        }
    }
    failed = nrs_process_start(&pid, arguments, &streams);
    if (streams.out >= 0) {
        (void)close(streams.out);
    }
    return failed != 0 || nrs_process_wait(pid) != 0 ? 1 : 0;
}

int nrs_process_read_line(char *line_out, size_t line_size, const char *const *arguments)
{
    int ends[2];
    pid_t pid = 0;
    FILE *in = NULL;
    int failed = 1;

    if (pipe(ends) != 0) {
        return 1;
    }
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    failed = nrs_process_start(&pid, arguments, &(nrs_streams){-1, ends[1], STDERR_FILENO});
    (void)close(ends[1]);
    in = fdopen(ends[0], "r");
    if (in == NULL) {
        (void)close(ends[0]);
        failed = 1;
    } else {
        failed |= fgets(line_out, (int)line_size, in) == NULL;
        (void)fclose(in);
    }
    if (pid != 0 && nrs_process_wait(pid) != 0) {
        failed = 1;
    }
    if (failed == 0) {
        line_out[strcspn(line_out, "\n")] = '\0';
    }
    return failed;
}

void nrs_process_stop(pid_t *pid)
{
    int status = 0;

    if (*pid == 0) {
        return;
    }
    (void)kill(*pid, SIGTERM);
    for (int i = 0; i < STOP_STEPS; i++) {
        if (waitpid(*pid, &status, WNOHANG) != 0) {
            *pid = 0;
            return;
        }
        nrs_bench_sleep_ms(STOP_STEP_MS);
    }
    (void)kill(*pid, SIGKILL);
    (void)nrs_process_wait(*pid);
    *pid = 0;
}

int nrs_cleaner_start(nrs_cleaner *cleaner_out, const char *folder)
{
    int ends[2];
    uint8_t byte;
    pid_t pid;

    if (pipe(ends) != 0) {
        return 1;
    }
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC); /* so that nobody but this process holds it open */
    pid = fork();
    if (pid == 0) {
        (void)setsid(); /* what a terminal ends does not end it */
        (void)close(ends[1]);
        while (read(ends[0], &byte, 1) > 0) {
        }
        (void)execl("/bin/rm", "rm", "-rf", "--", folder, (char *)NULL);
        _exit(127);
    }
    (void)close(ends[0]);
    if (pid < 0) {
        (void)close(ends[1]);
        return 1;
    }
    *cleaner_out = (nrs_cleaner){.pid = pid, .fd = ends[1]};
    return 0;
}

void nrs_cleaner_run(nrs_cleaner *cleaner)
{
    if (cleaner->pid != 0) {
        (void)close(cleaner->fd);
        (void)nrs_process_wait(cleaner->pid);
    }
    *cleaner = (nrs_cleaner){0};
}

static double thread_cpu(pid_t pid, const char *thread)
{
    char path[320];
    unsigned long long nanoseconds = 0;
    FILE *in;
    int got;

    (void)snprintf(path, sizeof path, "/proc/%ld/task/%s/schedstat", (long)pid, thread);
    in = fopen(path, "r");
    if (in == NULL) {
        return 0.0; /* a thread that has just ended */
    }
    got = fscanf(in, "%llu", &nanoseconds);
    (void)fclose(in);
    return got == 1 ? (double)nanoseconds / 1e9 : 0.0;
}

double nrs_process_cpu(pid_t pid)
{
    char path[64];
    double sum = 0.0;
    DIR *threads;

    (void)snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
    threads = opendir(path);
    if (threads == NULL) {
        return -1.0;
    }
    for (const struct dirent *entry = readdir(threads); entry != NULL; entry = readdir(threads)) {
        if (entry->d_name[0] != '.') {
            sum += thread_cpu(pid, entry->d_name);
        }
    }
    (void)closedir(threads);
    return sum;
}

double nrs_process_memory_kib(pid_t pid)
{
    char path[64];
    char line[256];
    double kib = -1.0;
    FILE *in;

    (void)snprintf(path, sizeof path, "/proc/%ld/smaps_rollup", (long)pid); /* exact, unlike the counters of `status` */
    in = fopen(path, "r");
    if (in == NULL) {
        return -1.0;
    }
    while (kib < 0.0 && fgets(line, sizeof line, in) != NULL) {
        if (strncmp(line, "Rss:", 4) == 0) {
            kib = strtod(line + 4, NULL);
        }
    }
    (void)fclose(in);
    return kib;
}

double nrs_process_time(const char *const *arguments)
{
    static char *const environment[] = {NULL}; /* the same for all programs that are compared */
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;
    double start;
    double seconds = -1.0;

    if (posix_spawn_file_actions_init(&actions) != 0) {
        return -1.0;
    }
    if (posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0) == 0 &&
        posix_spawn_file_actions_adddup2(&actions, 0, 1) == 0 &&
        posix_spawn_file_actions_adddup2(&actions, 0, 2) == 0) {
        start = nrs_bench_now();
        if (posix_spawn(&pid, arguments[0], &actions, NULL, arguments_of(arguments), environment) == 0 &&
            nrs_process_wait(pid) == 0) {
            seconds = nrs_bench_now() - start;
        }
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return seconds;
}

unsigned nrs_port_free(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    unsigned port = 0;

    if (fd < 0) {
        return 0;
    }
    if (bind(fd, (const struct sockaddr *)&address, size) == 0 &&
        getsockname(fd, (struct sockaddr *)&address, &size) == 0) {
        port = ntohs(address.sin_port);
    }
    (void)close(fd);
    return port;
}
