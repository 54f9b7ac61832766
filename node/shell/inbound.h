/* The links that peers dialled to us: one bound ROUTER. */
#ifndef SHELL_INBOUND_H
#define SHELL_INBOUND_H

#include "arrivals.h"
#include "batch.h"
#include "intake.h"
#include "log.h"
#include "pollset.h"
#include "routes.h"

typedef struct nrs_inbound {
    void *router, *monitor; /* NULL when the node does not listen */
    nrs_routes links;
    nrs_intakes *intakes; /* borrowed: of all connections, the dialled ones too */
    nrs_arrivals *arrivals; /* borrowed */
    uint32_t counter;       /* of the routing ids that the router gives, before the first peer came */
    uint64_t drained_ms;    /* when no frame waited in the router */
    nrs_log_gate gate, crowd_gate;
} nrs_inbound;

void nrs_inbound_init(nrs_inbound *inbound, nrs_intakes *intakes, nrs_arrivals *arrivals);
/** Bind. The ZAP handler must be there already. Returns NRS_ERROR_ADDRESS_IN_USE; BAD_ADDRESS; SYSTEM when an option of
 * the socket does not hold. */
NRS_MUST_USE nrs_error nrs_inbound_listen(nrs_inbound *inbound, void *zmq, const char *endpoint,
                                          const nrs_secret *curve_secret);
void nrs_inbound_wipe(nrs_inbound *inbound);
void nrs_inbound_poll(const nrs_inbound *inbound, nrs_pollset *set, bool frames);
/** A connection that began before has said nothing, though it had the time: what it might have said has been read, or a minute has
 * passed. */
uint64_t nrs_inbound_silent_before_ms(const nrs_inbound *inbound, uint64_t monotonic_ms);
/** Note the connections that began, and those that ended. To be called before nrs_inbound_gather. */
void nrs_inbound_watch(nrs_inbound *inbound, nrs_batch *batch);
/** Move the waiting frames of admitted keys into the batch, until it is full. Out: next_link: counts the links. */
void nrs_inbound_gather(nrs_inbound *inbound, nrs_batch *batch, const nrs_core *core, nrs_link_id *next_link);
/** False when there is no such link here. One that cannot be sent to is closed, and noted for the next step. Bytes may
 * be taken over. */
bool nrs_inbound_send(nrs_inbound *inbound, nrs_batch *batch, nrs_link_id id, nrs_bytes *bytes);
/** Read and send nothing more; what was sent just now still goes out before the connection ends. */
void nrs_inbound_close(nrs_inbound *inbound, nrs_link_id id, uint64_t monotonic_ms);
/** Close all, and note it for the next step. */
void nrs_inbound_drop_all(nrs_inbound *inbound, nrs_batch *batch);
/** Note links that turned out to have ended, end connections whose time has come, forget closed links. */
void nrs_inbound_sweep(nrs_inbound *inbound, nrs_batch *batch);

#endif
