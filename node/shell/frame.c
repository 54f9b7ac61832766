#include "frame.h"

#include <stdlib.h>
#include <string.h>

#include "proto/assert.h"

#define COPY_SIZE_MAX 4096u

/* libzmq hands the buffer to its own thread and frees it there. Its queues order the two, but libzmq is not built with the
 * thread sanitizer, so the sanitizer is told. */
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#define HAND_OVER(data) __tsan_release(data)
#define TAKE_OVER(data) __tsan_acquire(data)
#else
#define HAND_OVER(data) ((void)(data))
#define TAKE_OVER(data) ((void)(data))
#endif

static void free_data(void *data, void *hint)
{
    (void)hint;
    TAKE_OVER(data);
    free(data);
}

nrs_error nrs_frame_make(zmq_msg_t *frame_out, nrs_bytes *bytes)
{
    NRS_ASSERT(frame_out != NULL);
    NRS_ASSERT(bytes != NULL);

    if (bytes->size <= COPY_SIZE_MAX) {
        if (zmq_msg_init_size(frame_out, bytes->size) != 0) {
            return NRS_ERROR_NO_MEMORY;
        }
        if (bytes->size > 0) {
            memcpy(zmq_msg_data(frame_out), bytes->data, bytes->size);
        }
        return NRS_OK;
    }
    HAND_OVER(bytes->data);
    if (zmq_msg_init_data(frame_out, bytes->data, bytes->size, free_data, NULL) != 0) {
        return NRS_ERROR_NO_MEMORY;
    }
    *bytes = (nrs_bytes){0};
    return NRS_OK;
}

size_t nrs_frame_skip_rest(void *socket)
{
    size_t count = 0;

    for (;;) {
        zmq_msg_t part;
        bool more = false;

        (void)zmq_msg_init(&part);
        if (zmq_msg_recv(&part, socket, ZMQ_DONTWAIT) < 0) {
            (void)zmq_msg_close(&part);
            return count;
        }
        more = zmq_msg_more(&part) != 0;
        (void)zmq_msg_close(&part);
        count++;
        if (!more) {
            return count;
        }
    }
}
