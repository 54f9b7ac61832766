#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "exchange/plain.h"
#include "folder.h"
#include "language.h"
#include "node_words.h"
#include "proto/assert.h"
#include "text.h"

#define REQUEST_SIZE_MAX (1024u * 1024u)
#define LINE_SIZE_MAX (16u * 1024u * 1024u)
#define READ_STEP 65536u
#define SILENCE_SECONDS_MAX 60

/* The answer as it comes in. */
typedef struct answer {
    int socket;
    char *buffer;
    size_t start, used, capacity; /* what is not read yet: from start, `used` bytes */
    size_t touched;               /* so much of it has ever been written to */
} answer;

nrs_error nrs_control_table(nrs_cli *cli, json_t *request, struct nrs_table *table, nrs_row_function add_row)
{
    nrs_error error = NRS_OK;

    NRS_ASSERT(table != NULL && add_row != NULL);
    error = cli->json ? nrs_control_lines(cli, request, nrs_control_print_line, NULL) : nrs_control_call(cli, request, add_row, table);
    json_decref(request);
    if (error != NRS_OK) {
        table->error = error;
        (void)!nrs_table_print(table);
        return error;
    }
    return nrs_table_print(table);
}

json_t *nrs_control_request(const char *command)
{
    json_t *request = json_object();

    if (request != NULL && json_object_set_new(request, "command", json_string(command)) != 0) {
        json_decref(request);
        request = NULL;
    }
    return request;
}

/* A path too long for a socket address is reached from inside its folder. */
static int connect_in(const char *dir)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval silence = {.tv_sec = SILENCE_SECONDS_MAX};
    int connection = socket(AF_UNIX, SOCK_STREAM, 0);
    int before = -1;
    bool done = false;

    if (connection < 0) {
        return -1;
    }
    (void)setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
    (void)setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &silence, sizeof silence); /* of connect as well, where the queue of a node that stands still is full */
    if (strlen(dir) + sizeof "/control.sock" <= sizeof address.sun_path) {
        snprintf(address.sun_path, sizeof address.sun_path, "%s/control.sock", dir);
        done = connect(connection, (const struct sockaddr *)&address, sizeof address) == 0;
    } else {
        memcpy(address.sun_path, "control.sock", sizeof "control.sock");
        before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        done = before >= 0 && chdir(dir) == 0;
        if (done) {
            done = connect(connection, (const struct sockaddr *)&address, sizeof address) == 0;
            done = fchdir(before) == 0 && done;
        }
    }
    if (before >= 0) {
        (void)close(before);
    }
    if (!done) {
        (void)close(connection);
        return -1;
    }
    return connection;
}

bool nrs_control_answers(const nrs_cli *cli)
{
    int connection = connect_in(cli->dir);

    if (connection >= 0) {
        (void)close(connection);
    }
    return connection >= 0;
}

static nrs_error no_node(nrs_cli *cli)
{
    char *hint = NULL;
    nrs_error error = NRS_OK;

    if (nrs_folder_is_closed(cli)) {
        return nrs_cli_fail(cli, NRS_ERROR_NO_NODE, _("the folder belongs to another user: give the command as that user"), "%s: %s", cli->dir,
                            strerror(EACCES));
    }
    if (!nrs_folder_has(cli, NULL, "node", ".json")) {
        return nrs_cli_fail_about(cli, NRS_ERROR_NOT_A_NODE, cli->dir);
    }
    hint = nrs_text_format(_("start it: noroshid --dir %s"), cli->dir);
    error = nrs_cli_fail(cli, NRS_ERROR_NO_NODE, hint, "%s", _(nrs_error_sentence(NRS_ERROR_NO_NODE)));
    free(hint);
    return error;
}

/* It has the request: whether it is done, or will be, cannot be told. */
static nrs_error no_answer(nrs_cli *cli)
{
    return nrs_cli_fail(cli, NRS_ERROR_NO_NODE, _("before the command is given again, see whether it was done: noroshi status, noroshi list --sent"), "%s",
                        _("the node has the request and has not answered; it may have been done, or be done later"));
}

static bool send_all(int connection, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t put = send(connection, text, size, MSG_NOSIGNAL);

        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return false;
        }
        text += put;
        size -= (size_t)put;
    }
    return true;
}

/* The request as it is sent. */
static nrs_error write_request(nrs_cli *cli, nrs_bytes *text, const json_t *request)
{
    nrs_error error = nrs_plain_write(text, request);

    if (error == NRS_OK) {
        error = nrs_bytes_append_u8(text, '\n');
    }
    if (error == NRS_OK && text->size > REQUEST_SIZE_MAX) {
        error = nrs_cli_fail(cli, NRS_ERROR_TOO_LARGE, NULL, "%s", _("the report is larger than the node takes"));
    }
    return error;
}

/* Not the pages that the answer never reached: to touch them is what costs. */
static void drop_buffer(answer *from)
{
    nrs_memory_wipe(from->buffer, from->touched);
    free(from->buffer);
    from->buffer = NULL;
}

/* Room for more: first where lines were read already. */
static bool make_room(answer *from)
{
    size_t capacity = from->capacity == 0 ? READ_STEP : from->capacity * 2;
    char *buffer = NULL;

    if (from->start > 0) {
        memmove(from->buffer, from->buffer + from->start, from->used);
        from->start = 0;
    }
    if (from->used < from->capacity) {
        return true;
    }
    buffer = capacity > LINE_SIZE_MAX ? NULL : malloc(capacity);
    if (buffer == NULL) {
        return false;
    }
    if (from->used > 0) {
        memcpy(buffer, from->buffer, from->used);
    }
    drop_buffer(from);
    from->buffer = buffer;
    from->capacity = capacity;
    from->touched = from->used;
    return true;
}

/* The next line is at the head of the buffer. Out: size_out without the line feed. False when the node fell silent or
 * closed. */
static bool next_line(answer *from, size_t *size_out)
{
    size_t searched = 0;

    for (;;) {
        char *end = from->used == searched ? NULL : memchr(from->buffer + from->start + searched, '\n', from->used - searched);
        ssize_t got = 0;

        if (end != NULL) {
            *size_out = (size_t)(end - from->buffer) - from->start;
            return true;
        }
        searched = from->used;
        if (!make_room(from)) {
            return false;
        }
        got = recv(from->socket, from->buffer + from->used, from->capacity - from->used, 0); /* start is 0 now */
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        from->used += (size_t)got;
        from->touched = from->used > from->touched ? from->used : from->touched;
    }
}

static void drop_line(answer *from, size_t size)
{
    NRS_ASSERT(size < from->used);
    from->start += size + 1;
    from->used -= size + 1;
}

/* The last line. True when this is one. */
static bool is_end(nrs_cli *cli, const json_t *line, nrs_error *error_out)
{
    const char *word = nrs_json_text(line, "error");
    char *message = NULL;
    char *hint = NULL;

    if (json_is_true(json_object_get(line, "end"))) {
        *error_out = NRS_OK;
        return true;
    }
    if (word == NULL) {
        return false;
    }
    message = nrs_node_words(nrs_json_text(line, "message"), nrs_json_text(line, "message_id"));
    hint = nrs_node_words(nrs_json_text(line, "hint"), nrs_json_text(line, "hint_id"));
    *error_out = nrs_error_from_rule(word);
    if (*error_out == NRS_OK) {
        *error_out = NRS_ERROR_INTERNAL;
    }
    cli->by_node = true;
    nrs_cli_fail_as(cli, word, (int)json_integer_value(json_object_get(line, "exit")),
                    message != NULL ? message : _(nrs_error_sentence(*error_out)), hint);
    free(message);
    free(hint);
    return true;
}

/* What is done with the rows: read, or passed on as they are. */
typedef struct row_taker {
    nrs_row_function on_row;
    nrs_line_function on_line;
    void *context;
} row_taker;

static bool begins(const char *line, size_t size, const char *text)
{
    return size > strlen(text) && memcmp(line, text, strlen(text)) == 0;
}

/* Every line but the last, which begins with one of two keys (node/CONTROL.md). */
static bool is_row(const char *line, size_t size)
{
    return begins(line, size, "{\"") && line[size - 1] == '}' && !begins(line, size, "{\"end\"") && !begins(line, size, "{\"error\"");
}

static nrs_error read_answer(nrs_cli *cli, answer *from, const row_taker *taker)
{
    nrs_error error = NRS_OK;
    size_t size = 0;
    bool ended = false;

    while (error == NRS_OK && !ended) {
        json_t *line = NULL;

        if (!next_line(from, &size)) {
            return no_answer(cli);
        }
        if (taker->on_line != NULL && is_row(from->buffer + from->start, size)) {
            error = taker->on_line(taker->context, nrs_slice_of(from->buffer + from->start, size));
            drop_line(from, size);
            continue;
        }
        line = nrs_plain_load(nrs_slice_of(from->buffer + from->start, size));
        drop_line(from, size);
        if (!json_is_object(line)) {
            error = nrs_cli_fail(cli, NRS_ERROR_NO_NODE, NULL, "%s", _("the node's answer cannot be read"));
        } else {
            ended = is_end(cli, line, &error);
            if (!ended) {
                error = taker->on_row == NULL ? NRS_OK : taker->on_row(taker->context, line);
            }
        }
        json_decref(line);
    }
    return error;
}

/* The request is written out before the node is called: one that stands right behind its connection wakes the node once. */
static nrs_error call(nrs_cli *cli, const json_t *request, const row_taker *taker)
{
    answer from = {.socket = -1};
    nrs_bytes text = {0};
    nrs_error error = NRS_OK;

    NRS_ASSERT(cli != NULL);

    if (request == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    error = write_request(cli, &text, request);
    if (error == NRS_OK) {
        from.socket = connect_in(cli->dir);
        error = from.socket >= 0 && send_all(from.socket, (const char *)text.data, text.size) ? NRS_OK : no_node(cli);
    }
    if (error == NRS_OK) {
        error = read_answer(cli, &from, taker);
    }
    nrs_bytes_wipe(&text);
    drop_buffer(&from);
    if (from.socket >= 0) {
        (void)close(from.socket);
    }
    return error;
}

nrs_error nrs_control_call(nrs_cli *cli, const json_t *request, nrs_row_function on_row, void *context)
{
    const row_taker taker = {.on_row = on_row, .context = context};

    return call(cli, request, &taker);
}

nrs_error nrs_control_lines(nrs_cli *cli, const json_t *request, nrs_line_function on_line, void *context)
{
    const row_taker taker = {.on_line = on_line, .context = context};

    NRS_ASSERT(on_line != NULL);
    return call(cli, request, &taker);
}

static nrs_error keep_first(void *context, json_t *row)
{
    json_t **kept = context;

    if (*kept == NULL) {
        *kept = json_incref(row);
    }
    return NRS_OK;
}

nrs_error nrs_control_row_beside(nrs_cli *cli, json_t **row_out, const json_t *request)
{
    NRS_ASSERT(row_out != NULL && *row_out == NULL);
    return nrs_control_call(cli, request, keep_first, row_out);
}

nrs_error nrs_control_row(nrs_cli *cli, json_t **row_out, const json_t *request)
{
    json_t *row = NULL;
    nrs_error error = nrs_control_call(cli, request, keep_first, &row);

    NRS_ASSERT(row_out != NULL);

    if (error == NRS_OK && row == NULL) {
        error = nrs_cli_fail(cli, NRS_ERROR_NO_NODE, NULL, "%s", _("the node's answer cannot be read"));
    }
    if (error != NRS_OK) {
        json_decref(row);
        return error;
    }
    *row_out = row;
    return NRS_OK;
}

nrs_error nrs_control_community(nrs_cli *cli, json_t **one_out, const char *slug)
{
    json_t *request = NULL, *row = NULL, *one;
    size_t index;
    nrs_error error = NRS_OK;

    NRS_ASSERT(one_out != NULL && slug != NULL);

    *one_out = NULL;
    if (!nrs_control_answers(cli)) {
        return NRS_OK;
    }
    request = nrs_control_request("status");
    error = request == NULL ? NRS_ERROR_NO_MEMORY : nrs_control_row(cli, &row, request);
    json_array_foreach(json_object_get(row, "communities"), index, one) {
        const char *id = nrs_json_text(one, "id");

        if (*one_out == NULL && id != NULL && strcmp(id, slug) == 0) {
            *one_out = json_incref(one);
        }
    }
    json_decref(row);
    json_decref(request);
    return error;
}

nrs_error nrs_control_print_line(void *context, nrs_slice line)
{
    (void)context;
    nrs_text_print_json_line(stdout, line);
    return NRS_OK;
}
