/* The routing ids that a ROUTER gives out: a zero byte and a counter, where a peer claims none. libzmq lets a peer claim any that is
 * free, also one that the counter has yet to come to; when it does, it ends the process (an assertion). So nobody may know where the
 * counter stands, a claim is found out by the first frame that comes under it, and its key is held back (arrivals.h). */
#ifndef SHELL_ROUTING_H
#define SHELL_ROUTING_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/error.h"

/** libzmq draws the counter's start from the C library, whose numbers are the same in each process: give them a start of their own.
 *  To be called before a ROUTER is made. */
void nrs_routing_seed(void);
/** Returns NRS_ERROR_SYSTEM. Out: counter_out: the last number that this ROUTER gave; it must not have been bound, and is not
 *  afterwards. */
NRS_MUST_USE nrs_error nrs_routing_learn(uint32_t *counter_out, void *zmq, void *router);
/** Whether a ROUTER that gave `counter` when it was asked can have given this id, having let in `count` peers since. */
bool nrs_routing_is_given(nrs_slice id, uint32_t counter, uint64_t count);

#endif
