/* The addresses of a host's name. libzmq would ask for them in its I/O thread, which carries all links, and an answer may take minutes:
 * so they are asked for here, each in a thread of its own, and libzmq is given numbers. */
#ifndef SHELL_LOOKUP_H
#define SHELL_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/error.h"
#include "proto/limits.h"

#define NRS_LOOKUP_ADDRESS_COUNT_MAX 8u
#define NRS_LOOKUP_ENDPOINT_SIZE 96u /* "tcp://[", a numeric address with its zone, "]:", a port */

/** Lives until both the thread and its owner have let go of it. */
typedef struct nrs_lookup nrs_lookup;

/** Begin to ask for the addresses of a valid endpoint. Returns NRS_ERROR_NO_MEMORY; NRS_ERROR_SYSTEM without a thread. Out:
 *  lookup_out: caller owns, nrs_lookup_destroy. */
NRS_MUST_USE nrs_error nrs_lookup_new(nrs_lookup **lookup_out, const char *endpoint);
/** Whether the answer is there. */
bool nrs_lookup_done(const nrs_lookup *lookup);
/** After nrs_lookup_done: the endpoint with the address for this try, each in turn. False when the name has none. */
bool nrs_lookup_endpoint(char endpoint_out[NRS_LOOKUP_ENDPOINT_SIZE], const nrs_lookup *lookup, size_t attempt);
/** Waits for nothing: a thread that is still asking ends by itself. */
void nrs_lookup_destroy(nrs_lookup **lookup);

#endif
