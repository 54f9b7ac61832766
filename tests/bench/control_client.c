#include "control_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench.h"
#include "process.h"

/* Fewer than the daemon serves at a time, so that there is room for a question in between. */
enum { CALL_COUNT = 48, ANSWER_SIZE = 4096, WAIT_MS_MAX = 120000, BODY_SIZE = 600, TRIES_MAX = 100000 };

typedef struct call {
    int fd; /* -1: none open */
    size_t sent;
    size_t answered;
    char answer[ANSWER_SIZE];
} call;

int nrs_control_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof address.sun_path) {
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        return -1;
    }
    if (fd >= 0) {
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    return fd;
}

static int write_all(int fd, const char *text, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t wrote = send(fd, text + done, size - done, MSG_NOSIGNAL);

        if (wrote <= 0) {
            return 1;
        }
        done += (size_t)wrote;
    }
    return 0;
}

int nrs_control_ask(json_t **row_out, const char *path, const char *line)
{
    int fd = nrs_control_connect(path);
    FILE *stream;
    json_t *row = NULL;
    json_t *last = NULL;
    bool done = false;

    if (fd < 0) {
        return 1;
    }
    stream = write_all(fd, line, strlen(line)) == 0 ? fdopen(fd, "r") : NULL;
    if (stream == NULL) {
        (void)close(fd);
        return 1;
    }
    do {
        json_decref(last);
        last = json_loadf(stream, JSON_DISABLE_EOF_CHECK, NULL);
        if (last != NULL && json_object_get(last, "end") == NULL) {
            json_decref(row);
            row = json_incref(last);
        }
    } while (last != NULL && json_object_get(last, "end") == NULL && json_object_get(last, "error") == NULL);
    done = last != NULL && json_is_true(json_object_get(last, "end"));
    if (!done && last != NULL) {
        nrs_bench_note("refused: %s", json_string_value(json_object_get(last, "error")));
    }
    json_decref(last);
    (void)fclose(stream);
    if (!done) {
        json_decref(row);
        return 1;
    }
    *row_out = row;
    return 0;
}

static void call_open(call *one, const char *path)
{
    one->fd = nrs_control_connect(path);
    one->sent = one->answered = 0;
    if (one->fd >= 0) {
        (void)fcntl(one->fd, F_SETFL, O_NONBLOCK);
    }
}

/* 1 when the answer is there and good, 0 when there is more to wait for, -1 when it failed. */
static int call_go_on(call *one, const char *line, size_t line_size)
{
    const bool asked = one->sent == line_size;

    while (one->sent < line_size) {
        ssize_t wrote = send(one->fd, line + one->sent, line_size - one->sent, MSG_NOSIGNAL);

        if (wrote < 0) {
            return errno == EAGAIN || errno == EINTR ? 0 : -1;
        }
        one->sent += (size_t)wrote;
    }
    while (asked) { /* the answer is not there yet when the question has just left */
        ssize_t got = read(one->fd, one->answer + one->answered, sizeof one->answer - 1 - one->answered);

        if (got < 0) {
            return errno == EAGAIN || errno == EINTR ? 0 : -1;
        }
        if (got == 0) {
            one->answer[one->answered] = '\0';
            return strstr(one->answer, "{\"end\":true}") != NULL ? 1 : -1;
        }
        one->answered += (size_t)got;
    }
    return 0;
}

static void calls_close(call *calls)
{
    for (size_t i = 0; i < CALL_COUNT; i++) {
        if (calls[i].fd >= 0) {
            (void)close(calls[i].fd);
        }
    }
}

/* Wait for some of them. Out: polled_out: of each what may go on; of one that is not open, nothing. */
static void poll_calls(struct pollfd polled_out[CALL_COUNT], const call *calls, size_t line_size)
{
    for (size_t i = 0; i < CALL_COUNT; i++) {
        polled_out[i] = (struct pollfd){.fd = calls[i].fd, .events = calls[i].sent < line_size ? POLLOUT : POLLIN};
    }
    (void)poll(polled_out, CALL_COUNT, 1000);
}

/* Adds to done_out those that are answered. Only those are touched that have begun just now or were reported: to ask the others as well
 * would cost this program, which shares the machine, more than it costs the node that is measured. */
static int calls_go_on(call *calls, size_t *started, size_t *done_out, const struct pollfd polled[CALL_COUNT], const char *path, const char *line,
                       size_t line_size, size_t count)
{
    int failed = 0;

    for (size_t i = 0; failed == 0 && i < CALL_COUNT; i++) {
        call *one = &calls[i];
        bool ready = polled[i].revents != 0;
        int state;

        if (one->fd < 0 && *started < count) {
            call_open(one, path);
            (*started)++;
            failed = one->fd < 0;
            ready = true;
        }
        state = one->fd < 0 || !ready ? 0 : call_go_on(one, line, line_size);
        if (state != 0) {
            (void)close(one->fd);
            one->fd = -1;
            *done_out += state > 0;
            failed |= state < 0;
        }
    }
    return failed;
}

int nrs_control_flood(const char *path, const char *line, size_t count)
{
    call *calls = calloc(CALL_COUNT, sizeof *calls);
    struct pollfd polled[CALL_COUNT] = {{.fd = -1}};
    size_t line_size = strlen(line);
    size_t started = 0;
    size_t done = 0;
    int failed = 0;

    if (calls == NULL) {
        return 1;
    }
    for (size_t i = 0; i < CALL_COUNT; i++) {
        calls[i].fd = -1;
    }
    while (failed == 0 && done < count) {
        failed = calls_go_on(calls, &started, &done, polled, path, line, line_size, count);
        if (failed == 0 && done < count) {
            poll_calls(polled, calls, line_size);
        }
    }
    if (failed != 0) {
        nrs_bench_note("a call failed after %zu of %zu", done, count);
    }
    calls_close(calls);
    free(calls);
    return failed;
}

char *nrs_control_send_line(const char *to)
{
    char body[BODY_SIZE + 1];
    json_t *request;
    char *text;
    char *line = NULL;

    memset(body, 'b', BODY_SIZE);
    body[BODY_SIZE] = '\0';
    request = json_pack("{s:s, s:s, s:[s], s:s, s:s, s:s}", "command", "send", "label", "AMBER", "to", to, "kind",
                        "incident", "subject", "Unusual traffic at the remote stations", "body", body);
    text = request == NULL ? NULL : json_dumps(request, JSON_COMPACT);
    if (text != NULL) {
        size_t size = strlen(text);

        line = malloc(size + 2);
        if (line != NULL) {
            memcpy(line, text, size);
            memcpy(line + size, "\n", 2);
        }
    }
    free(text);
    json_decref(request);
    return line;
}

int nrs_control_newest(char id_out[65], const char *path)
{
    json_t *row = NULL;
    const char *id = NULL;
    int failed = nrs_control_ask(&row, path, "{\"command\":\"list\",\"limit\":1}\n");

    id = json_string_value(json_object_get(row, "id"));
    if (failed == 0 && id != NULL && strlen(id) == 64) {
        memcpy(id_out, id, 65);
    } else {
        failed = 1;
    }
    json_decref(row);
    return failed;
}

long long nrs_control_report_count(const char *path)
{
    json_t *row = NULL;
    long long count = -1;

    if (nrs_control_ask(&row, path, "{\"command\":\"status\"}\n") == 0) {
        count = json_integer_value(json_object_get(row, "reports"));
    }
    json_decref(row);
    return count;
}

int nrs_control_wait_newest(const char *path, const char *id, unsigned step_ms)
{
    char newest[65];

    for (unsigned waited = 0; waited < WAIT_MS_MAX; waited += step_ms) {
        if (nrs_control_newest(newest, path) == 0 && strcmp(newest, id) == 0) {
            return 0;
        }
        nrs_bench_sleep_ms(step_ms);
    }
    nrs_bench_note("the last report did not arrive");
    return 1;
}
