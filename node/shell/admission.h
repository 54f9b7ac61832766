/* The ZAP handler (ZeroMQ RFC 27): answers every handshake of a peer that dials us from the rosters in memory. */
#ifndef SHELL_ADMISSION_H
#define SHELL_ADMISSION_H

#include <stddef.h>
#include <stdint.h>

#include "pollset.h"
#include "proto/error.h"
#include "proto/limits.h"

/* For each connection libzmq keeps two pipes to the handler that admitted it for as long as both live, a third of what a
 * connection takes. So after a burst of handshakes another handler takes this one's place:
 *
 *     ONE --quiet after many answers--> TWO --quiet--> ONE, the pipes go --100 ms--> their memory is given back
 *
 * In TWO the newer stands under the name that libzmq asks for, and the older answers what had reached it. */
typedef struct nrs_admission {
    void *zmq, *handler;
    void *retiring;        /* TWO: the older handler; else NULL */
    size_t admitted_count; /* by the handler, since it took its place */
    uint64_t answered_ms;  /* monotonic: the last answer, or change */
    uint64_t changed_ms;
    bool trim_due;
} nrs_admission;

typedef enum nrs_admitted { NRS_ADMITTED_NOT = 0, NRS_ADMITTED, NRS_ADMITTED_LATER, NRS_ADMITTED_SHUT_OUT } nrs_admitted;

/** Whether a key may connect, now. */
typedef nrs_admitted (*nrs_admits)(void *context, const uint8_t curve_key[NRS_KEY_SIZE]);

/** Open the handler's socket; to be done before any server socket is bound. Returns NRS_ERROR_SYSTEM. */
NRS_MUST_USE nrs_error nrs_admission_open(nrs_admission *admission_out, void *zmq);
void nrs_admission_close(nrs_admission *admission);
void nrs_admission_poll(const nrs_admission *admission, nrs_pollset *set);
/** Answer the handshakes that wait: 200 with User-Id = Z85 of the key when it is admitted, 300 when it may come later, 400 when not,
 * 500 for a request that is not one of CURVE's. At most 256 at a time and handler. */
void nrs_admission_answer(nrs_admission *admission, nrs_admits admits, void *context, uint64_t monotonic_ms);
/** Take the next step of the drawing if it is time; to be called some times a second. */
void nrs_admission_renew(nrs_admission *admission, uint64_t monotonic_ms);

#endif
