/* The control socket (node/CONTROL.md): one command a connection. */
#ifndef SHELL_CONTROL_H
#define SHELL_CONTROL_H

#include <sys/types.h>

#include "batch.h"
#include "pollset.h"
#include "users.h"

#define NRS_CALLER_COUNT_MAX 64u
#define NRS_HEARD_SIZE 16384u /* at once */
#define NRS_REQUEST_SIZE_MAX (1024u * 1024u)
#define NRS_ANSWER_SIZE_MAX (64u * 1024u * 1024u)

/*   reading ──(a line)──► asked ──(in a batch)──► stepping ──(reply)──► writing ──► gone */
typedef enum nrs_caller_state {
    NRS_CALLER_READING = 1,
    NRS_CALLER_ASKED,
    NRS_CALLER_STEPPING,
    NRS_CALLER_WRITING
} nrs_caller_state;

typedef struct nrs_caller {
    nrs_caller_state state;
    int fd;
    const char *refused; /* why it may not command the node; NULL: it may */
    uint64_t request;     /* never reused */
    uint64_t deadline_ms; /* monotonic */
    char user[NRS_USER_SIZE_MAX];
    json_t *command;
    nrs_bytes in; /* of a request that comes in parts */
    nrs_bytes out;
    size_t out_done;
} nrs_caller;

typedef struct nrs_control {
    int folder_fd, listener_fd;
    const char *listen; /* borrowed; what `status` says where core does not know it */
    uint64_t next_request;
    uint8_t heard[NRS_HEARD_SIZE]; /* what is read; empty between two calls */
    nrs_caller callers[NRS_CALLER_COUNT_MAX];
    size_t count;
    char user_name[NRS_USER_SIZE_MAX]; /* of user_id, once known */
    uid_t user_id;
    bool user_known;
    uid_t overflow_uid; /* the system's number for users that are not mapped here, as it was lately */
    uint64_t overflow_until_ms;
} nrs_control;

/** Listen in the folder, whose lock the caller holds. Returns NRS_ERROR_SYSTEM. folder_fd and listen are borrowed. */
NRS_MUST_USE nrs_error nrs_control_open(nrs_control *control_out, int folder_fd, const char *listen);
void nrs_control_close(nrs_control *control);
void nrs_control_poll(const nrs_control *control, nrs_pollset *set);
/** Accept, read and write what is ready; drop callers who are over time. */
void nrs_control_serve(nrs_control *control, const nrs_pollset *set, uint64_t monotonic_ms);
/** Put the commands that came into the batch, but those of the given name. */
void nrs_control_gather(nrs_control *control, nrs_batch *batch, const char *but);
/** The request number of the next waiting command of this name, which the caller must then answer; 0 for none. */
uint64_t nrs_control_take(nrs_control *control, const char *name);
/** Answer a request. rows: array of row objects, perhaps with the last line already. A caller who is gone is no error.
 */
void nrs_control_reply(nrs_control *control, uint64_t request, const json_t *rows, nrs_error error,
                       uint64_t monotonic_ms);
/** Whether a request is in the hands of the engine: after a step none may be. Answers those with `error`. */
void nrs_control_settle(nrs_control *control, nrs_error error, uint64_t monotonic_ms);

#endif
