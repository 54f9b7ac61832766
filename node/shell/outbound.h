/* The links that we dial: one DEALER for each peer, made anew for each connection, so that no frame of an old
 * connection can be taken for one of the next. */
#ifndef SHELL_OUTBOUND_H
#define SHELL_OUTBOUND_H

#include "batch.h"
#include "intake.h"
#include "log.h"
#include "lookup.h"
#include "pollset.h"

#define NRS_DIAL_COUNT_MAX 256u

/*   waiting ──(time; a name)──► looking ──(address)──► connecting ──(handshake)──► up
 *     ▲  └────(time; a number)──────│──────────────────────▲ │                       │
 *     └───────(no address)──────────┴──(refused; a name: nobody answers)──(cut, closed)
 *
 * While nobody answers at a number, libzmq itself retries; a name is looked up again for each try. */
typedef enum nrs_dial_state { NRS_DIAL_WAITING = 1, NRS_DIAL_LOOKING, NRS_DIAL_CONNECTING, NRS_DIAL_UP } nrs_dial_state;

typedef struct nrs_dial {
    nrs_dial_state state;
    uint8_t curve_key[NRS_KEY_SIZE];
    char endpoint[NRS_ENDPOINT_SIZE_MAX + 1];
    void *dealer, *monitor;
    nrs_lookup *lookup; /* LOOKING */
    uint32_t attempt;   /* at a name: which of its addresses */
    nrs_link_id link;
    uint64_t retry_ms, looking_ms, connected_ms, up_ms;
    uint32_t backoff_ms;
    uint32_t handshakes_failed; /* one after the other */
    uint64_t failing_ms;        /* the first of these */
    nrs_error told;         /* why it does not succeed, as the engine knows it */
    nrs_log_gate gate;
} nrs_dial;

/* Of a name that nobody wants to know any more, while its thread still asks. */
typedef struct nrs_given_up {
    uint8_t curve_key[NRS_KEY_SIZE];
    nrs_lookup *lookup;
} nrs_given_up;

typedef struct nrs_outbound {
    void *zmq;
    const nrs_identity *identity;
    nrs_intakes *intakes; /* borrowed */
    uint32_t reconnect_ms_max;
    uint64_t monitor_number;
    nrs_dial dials[NRS_DIAL_COUNT_MAX];
    size_t count;
    size_t next; /* where the next step begins to gather */
    nrs_given_up given_up[2 * NRS_DIAL_COUNT_MAX];
    size_t given_up_count;
} nrs_outbound;

void nrs_outbound_init(nrs_outbound *outbound, void *zmq, const nrs_identity *identity, uint32_t reconnect_ms_max, nrs_intakes *intakes);
void nrs_outbound_wipe(nrs_outbound *outbound);
/** Keep a link to this peer; the same again changes nothing, another endpoint replaces the old.
 *  Returns NRS_ERROR_BAD_ADDRESS; NRS_ERROR_LIMIT. */
NRS_MUST_USE nrs_error nrs_outbound_dial(nrs_outbound *outbound, nrs_batch *batch,
                                         const uint8_t curve_key[NRS_KEY_SIZE], const char *endpoint);
void nrs_outbound_hang_up(nrs_outbound *outbound, nrs_batch *batch, const uint8_t curve_key[NRS_KEY_SIZE]);
void nrs_outbound_poll(const nrs_outbound *outbound, nrs_pollset *set, bool frames);
/** Note the links that came, went or were refused. To be called before nrs_outbound_gather. */
void nrs_outbound_watch(nrs_outbound *outbound, nrs_batch *batch, const nrs_pollset *set, nrs_link_id *next_link);
/** What the dials have received, in turn, and of each no more than a quarter of a step. */
void nrs_outbound_gather(nrs_outbound *outbound, nrs_batch *batch, const nrs_pollset *set);
/** As nrs_inbound_send. */
bool nrs_outbound_send(nrs_outbound *outbound, nrs_batch *batch, nrs_link_id id, nrs_bytes *bytes);
/** End the link; the peer is dialled again after a while. */
void nrs_outbound_close(nrs_outbound *outbound, nrs_link_id id, uint64_t monotonic_ms);
void nrs_outbound_drop_all(nrs_outbound *outbound, nrs_batch *batch);
/** Dial again those whose time has come, and those whose address is known now. To be called some times a second. */
void nrs_outbound_sweep(nrs_outbound *outbound, nrs_batch *batch);

#endif
