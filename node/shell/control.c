#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "disk.h"
#include "exchange/plain.h"
#include "linux.h"
#include "proto/assert.h"

#define SOCKET_NAME "control.sock"
#define REQUEST_MS_MAX 10000u
#define REFUSED_MS_MAX 2000u /* for who may not ask: its place is for others */
#define ANSWER_MS_MAX 60000u
#define OVERFLOW_UID_MS 1000u /* so long the system's number for users it does not map is taken to stay what it is */

nrs_error nrs_control_open(nrs_control *control_out, int folder_fd, const char *listen)
{
    memset(control_out, 0, sizeof(*control_out));
    control_out->folder_fd = folder_fd;
    control_out->listen = listen;
    control_out->next_request = 1;
    /* We hold the folder's lock, so a socket that is there belongs to nobody. */
    if (unlinkat(folder_fd, SOCKET_NAME, 0) != 0 && errno != ENOENT) {
        control_out->listener_fd = -1;
        return NRS_ERROR_SYSTEM;
    }
    control_out->listener_fd = nrs_linux_listen_in(folder_fd, SOCKET_NAME);
    return control_out->listener_fd < 0 ? NRS_ERROR_SYSTEM : NRS_OK;
}

static void drop_caller(nrs_control *control, size_t index)
{
    nrs_caller *caller = &control->callers[index];

    (void)close(caller->fd);
    json_decref(caller->command);
    nrs_bytes_wipe(&caller->in);
    nrs_bytes_wipe(&caller->out);
    *caller = control->callers[--control->count];
    memset(&control->callers[control->count], 0, sizeof(*caller));
}

void nrs_control_close(nrs_control *control)
{
    while (control->count > 0) {
        drop_caller(control, control->count - 1);
    }
    if (control->listener_fd >= 0) {
        (void)unlinkat(control->folder_fd, SOCKET_NAME, 0);
        (void)close(control->listener_fd);
    }
    control->listener_fd = -1;
}

void nrs_control_poll(const nrs_control *control, nrs_pollset *set)
{
    if (control->count < NRS_CALLER_COUNT_MAX) {
        nrs_pollset_add_fd(set, control->listener_fd, true, false);
    }
    for (size_t i = 0; i < control->count; i++) {
        const nrs_caller *caller = &control->callers[i];

        if (caller->state == NRS_CALLER_READING || caller->state == NRS_CALLER_WRITING) {
            nrs_pollset_add_fd(set, caller->fd, caller->state == NRS_CALLER_READING,
                               caller->state == NRS_CALLER_WRITING);
        }
    }
}

/* ---- Answers ---- */

/* A string is a row that is written already. */
static nrs_error append_line(nrs_bytes *out, const json_t *row)
{
    nrs_error error = json_is_string(row) ? nrs_bytes_append(out, nrs_slice_of(json_string_value(row), json_string_length(row)))
                                          : nrs_plain_write(out, row);

    if (error == NRS_OK) {
        error = nrs_bytes_append_u8(out, '\n');
    }
    if (error == NRS_OK && out->size > NRS_ANSWER_SIZE_MAX) {
        error = NRS_ERROR_TOO_LARGE;
    }
    return error;
}

static nrs_error append_last_line(nrs_bytes *out, nrs_error given)
{
    json_t *line = given == NRS_OK
                       ? json_pack("{s:b}", "end", 1)
                       : json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "error", nrs_error_rule(given), "rule",
                                   nrs_error_rule(given), "message", nrs_error_sentence(given), "message_id",
                                   nrs_error_sentence(given), "hint", "", "exit", nrs_error_exit_code(given));
    nrs_error error = line == NULL ? NRS_ERROR_NO_MEMORY : append_line(out, line);

    json_decref(line);
    return error;
}

static bool is_last_line(const json_t *row)
{
    return json_object_get(row, "end") != NULL || json_object_get(row, "error") != NULL;
}

/* What core, which knows neither sockets nor files, cannot say of this node. */
static void complete_status(json_t *row, const nrs_control *control)
{
    if (json_is_null(json_object_get(row, "listen"))) {
        (void)json_object_set_new(row, "listen", control->listen == NULL ? json_null() : json_string(control->listen));
    }
    nrs_disk_describe(row, control->folder_fd);
}

static nrs_error append_rows(nrs_bytes *out, const nrs_control *control, const nrs_caller *caller, const json_t *rows)
{
    const char *name = json_string_value(json_object_get(caller->command, "command"));
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i);

        if (name != NULL && strcmp(name, "status") == 0 && !is_last_line(row)) {
            complete_status(row, control);
        }
        error = append_line(out, row);
    }
    return error;
}

static void answer(const nrs_control *control, nrs_caller *caller, const json_t *rows, nrs_error given,
                   uint64_t monotonic_ms)
{
    size_t row_count = json_array_size(rows);
    bool complete = row_count > 0 && is_last_line(json_array_get(rows, row_count - 1));
    nrs_error error = append_rows(&caller->out, control, caller, rows);

    if (error == NRS_OK && !complete) {
        error = append_last_line(&caller->out, given);
    }
    if (error != NRS_OK) {
        nrs_bytes_wipe(&caller->out); /* the connection then closes without a last line, which the caller understands */
    }
    caller->state = NRS_CALLER_WRITING;
    caller->deadline_ms = monotonic_ms + ANSWER_MS_MAX;
}

/* ---- Requests ---- */

/* Looked up once for each caller's id: the system's list of users may be far away. */
static void name_user(nrs_control *control, char name_out[NRS_USER_SIZE_MAX], uid_t uid)
{
    if (control->user_known && control->user_id == uid) {
        (void)snprintf(name_out, NRS_USER_SIZE_MAX, "%s", control->user_name);
        return;
    }
    nrs_user_name(name_out, uid);
    (void)snprintf(control->user_name, sizeof control->user_name, "%s", name_out);
    control->user_id = uid;
    control->user_known = true;
}

/* Why this user may not command the node; NULL when it may. In a user namespace everybody whom it does not map has one number, the
 * node's own user perhaps too (PrivateUsers=, unshare): by that number nobody is told from anybody. */
static const char *refusal(const nrs_control *control, uid_t uid)
{
    if (uid == control->overflow_uid) {
        return "This node cannot tell its caller from other users: run it under a user of its own that its user namespace maps (no PrivateUsers= "
               "without it).";
    }
    return uid == geteuid() || uid == 0 ? NULL : "Only the node's own user or root may command it.";
}

static void accept_callers(nrs_control *control, uint64_t monotonic_ms)
{
    if (monotonic_ms >= control->overflow_until_ms) {
        control->overflow_uid = nrs_linux_overflow_uid();
        control->overflow_until_ms = monotonic_ms + OVERFLOW_UID_MS;
    }
    while (control->count < NRS_CALLER_COUNT_MAX) {
        uid_t uid = 0;
        int fd = nrs_linux_accept(control->listener_fd, &uid);
        nrs_caller *caller = NULL;

        if (fd < 0) {
            return;
        }
        caller = &control->callers[control->count++];
        memset(caller, 0, sizeof(*caller));
        caller->fd = fd;
        caller->state = NRS_CALLER_READING;
        caller->request = control->next_request++;
        caller->deadline_ms = monotonic_ms + REQUEST_MS_MAX;
        name_user(control, caller->user, uid);
        caller->refused = refusal(control, uid);
        if (caller->refused != NULL) {
            caller->deadline_ms = monotonic_ms + REFUSED_MS_MAX;
        }
    }
}

/* It is answered when it has asked: a connection that is closed with something unread takes the answer along. */
static void answer_refused(const nrs_control *control, nrs_caller *caller, uint64_t monotonic_ms)
{
    json_t *rows = json_pack("[{s:s, s:s, s:s, s:s, s:s, s:i}]", "error", "refused", "rule", "refused", "message", caller->refused, "message_id",
                             caller->refused, "hint", "", "exit", 3);

    answer(control, caller, rows, NRS_OK, monotonic_ms);
    json_decref(rows);
}

static void parse(const nrs_control *control, nrs_caller *caller, nrs_slice line, uint64_t monotonic_ms)
{
    json_t *command = caller->refused != NULL ? NULL : nrs_plain_load(line);

    if (caller->refused != NULL) {
        answer_refused(control, caller, monotonic_ms);
        return;
    }
    if (!json_is_object(command)) {
        json_decref(command);
        answer(control, caller, NULL, NRS_ERROR_MALFORMED, monotonic_ms);
        return;
    }
    caller->command = command;
    caller->state = NRS_CALLER_ASKED;
}

/* One part of a request, most often the whole. False without memory for it. */
static bool take_part(const nrs_control *control, nrs_caller *caller, nrs_slice part, uint64_t monotonic_ms)
{
    const size_t size_before = caller->in.size;
    const uint8_t *end = memchr(part.data, '\n', part.size);
    nrs_slice whole = part;

    if (size_before > 0 || end == NULL) {
        if (nrs_bytes_append(&caller->in, part) != NRS_OK) {
            return false;
        }
        whole = nrs_slice_of_bytes(&caller->in);
    }
    if (end != NULL && size_before + (size_t)(end - part.data) <= NRS_REQUEST_SIZE_MAX) {
        parse(control, caller, nrs_slice_of(whole.data, size_before + (size_t)(end - part.data)), monotonic_ms);
    } else if (whole.size > NRS_REQUEST_SIZE_MAX) {
        answer(control, caller, NULL, NRS_ERROR_TOO_LARGE, monotonic_ms);
    }
    if (caller->state != NRS_CALLER_READING) {
        nrs_bytes_wipe(&caller->in); /* the text of a report stays nowhere longer than it must */
    }
    return true;
}

/* False when the caller is gone. */
static bool read_caller(nrs_control *control, nrs_caller *caller, uint64_t monotonic_ms)
{
    while (caller->state == NRS_CALLER_READING) {
        ssize_t got = read(caller->fd, control->heard, sizeof(control->heard));
        bool taken = false;

        if (got < 0) {
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        }
        if (got == 0) {
            return false;
        }
        taken = take_part(control, caller, nrs_slice_of(control->heard, (size_t)got), monotonic_ms);
        nrs_memory_wipe(control->heard, (size_t)got);
        if (!taken) {
            return false;
        }
    }
    return true;
}

/* False when all is written, or the caller is gone. */
static bool write_caller(nrs_caller *caller)
{
    while (caller->out_done < caller->out.size) {
        ssize_t wrote =
            send(caller->fd, caller->out.data + caller->out_done, caller->out.size - caller->out_done, MSG_NOSIGNAL);

        if (wrote < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
            return true;
        }
        if (wrote <= 0) {
            return false;
        }
        caller->out_done += (size_t)wrote;
    }
    return false;
}

/* False when the caller is to be dropped. */
static bool serve_caller(nrs_control *control, nrs_caller *caller, bool ready, uint64_t monotonic_ms)
{
    switch (caller->state) {
    case NRS_CALLER_READING:
        if (ready && !read_caller(control, caller, monotonic_ms)) {
            return false;
        }
        if (caller->state == NRS_CALLER_READING && monotonic_ms >= caller->deadline_ms) {
            return false;
        }
        return true;
    case NRS_CALLER_ASKED:
    case NRS_CALLER_STEPPING:
        return true;
    case NRS_CALLER_WRITING:
        return write_caller(caller) && monotonic_ms < caller->deadline_ms;
    }
    return false;
}

void nrs_control_serve(nrs_control *control, const nrs_pollset *set, uint64_t monotonic_ms)
{
    for (size_t i = control->count; i-- > 0;) {
        nrs_caller *caller = &control->callers[i];

        if (!serve_caller(control, caller, nrs_pollset_fd_ready(set, caller->fd), monotonic_ms)) {
            drop_caller(control, i);
        }
    }
    if (nrs_pollset_fd_ready(set, control->listener_fd)) {
        size_t before = control->count;

        accept_callers(control, monotonic_ms);
        for (size_t i = control->count; i-- > before;) { /* a request usually stands right behind its connection */
            if (!serve_caller(control, &control->callers[i], true, monotonic_ms)) {
                drop_caller(control, i);
            }
        }
    }
}

static bool has_name(const nrs_caller *caller, const char *name)
{
    const char *own = json_string_value(json_object_get(caller->command, "command"));

    return own != NULL && strcmp(own, name) == 0;
}

void nrs_control_gather(nrs_control *control, nrs_batch *batch, const char *but)
{
    for (size_t i = 0; i < control->count && !nrs_batch_full(batch); i++) {
        nrs_caller *caller = &control->callers[i];

        if (caller->state == NRS_CALLER_ASKED && !has_name(caller, but)) {
            nrs_batch_add_command(batch, caller->command, caller->user, caller->request);
            caller->state = NRS_CALLER_STEPPING;
        }
    }
}

uint64_t nrs_control_take(nrs_control *control, const char *name)
{
    for (size_t i = 0; i < control->count; i++) {
        if (control->callers[i].state == NRS_CALLER_ASKED && has_name(&control->callers[i], name)) {
            control->callers[i].state = NRS_CALLER_STEPPING;
            return control->callers[i].request;
        }
    }
    return 0;
}

void nrs_control_reply(nrs_control *control, uint64_t request, const json_t *rows, nrs_error error,
                       uint64_t monotonic_ms)
{
    for (size_t i = 0; i < control->count; i++) {
        nrs_caller *caller = &control->callers[i];

        if (caller->request == request && caller->state == NRS_CALLER_STEPPING) {
            answer(control, caller, rows, error, monotonic_ms);
            if (!write_caller(caller)) { /* what the socket takes at once need not wait for the loop */
                drop_caller(control, i);
            }
            return;
        }
    }
}

void nrs_control_settle(nrs_control *control, nrs_error error, uint64_t monotonic_ms)
{
    for (size_t i = control->count; i-- > 0;) {
        if (control->callers[i].state == NRS_CALLER_STEPPING) {
            nrs_control_reply(control, control->callers[i].request, NULL, error, monotonic_ms);
        }
    }
}
