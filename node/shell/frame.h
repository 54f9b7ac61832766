/* Frames on their way in and out of a socket. */
#ifndef SHELL_FRAME_H
#define SHELL_FRAME_H

#include <zmq.h>

#include "proto/bytes.h"

/** Make a message of the bytes; large ones are taken over without a copy. Returns NRS_ERROR_NO_MEMORY. */
NRS_MUST_USE nrs_error nrs_frame_make(zmq_msg_t *frame_out, nrs_bytes *bytes);
/** Read away the parts that follow. Returns how many there were. */
size_t nrs_frame_skip_rest(void *socket);

#endif
