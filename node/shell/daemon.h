/* The loop around the engine: gather what came, step once, carry out the effects. */
#ifndef SHELL_DAEMON_H
#define SHELL_DAEMON_H

#include "admission.h"
#include "control.h"
#include "folder.h"
#include "inbound.h"
#include "inbox.h"
#include "log.h"
#include "outbound.h"

#define NRS_UNWRITTEN_COUNT_MAX 64u

typedef struct nrs_daemon {
    nrs_folder *folder; /* borrowed: opened and unlocked */
    int signal_fd;
    void *zmq;
    nrs_admission admission;
    nrs_store *store;
    nrs_core *core;
    nrs_intakes intakes;
    nrs_arrivals arrivals;
    nrs_inbound inbound;
    nrs_outbound outbound;
    nrs_control control;
    nrs_inbox inbox;
    nrs_batch batch;
    nrs_pollset set;
    nrs_link_id next_link;
    uint64_t tick_ms, sweep_ms, inbox_ms, checkpoint_ms, watchdog_ms; /* monotonic, when due */
    uint64_t watchdog_interval_ms;                                    /* 0: nobody asked */
    bool switch_due;         /* a roster names the next identity: the run ends, to begin again with it */
    uint64_t pause_until_ms; /* after a failed step, and for a moment under load: no frame is read until then */
    uint64_t frames_ms;      /* when the last step that took frames ended, and the pause after it */
    uint32_t busy_steps;     /* that followed one another without a pause worth the name */
    bool inbound_first;      /* whose frames this step gathers first */
    bool stepped;            /* since the last checkpoint */
    nrs_log_gate disk_gate, write_gate;
    json_t *taken, *refused; /* what the files of the inbox came to, while someone asks; borrowed */
    nrs_effect unwritten[NRS_UNWRITTEN_COUNT_MAX]; /* files that could not be published yet; owned */
    size_t unwritten_count;
} nrs_daemon;

/** Start everything and say that the node is ready. Returns NRS_ERROR_ADDRESS_IN_USE, BAD_ADDRESS (the address to
 * listen on), the errors of the store and of core. Out: daemon_out, nrs_daemon_stop, also after an error. */
NRS_MUST_USE nrs_error nrs_daemon_start(nrs_daemon *daemon_out, nrs_folder *folder);
/** Run until a signal asks to stop, or switch_due. */
void nrs_daemon_run(nrs_daemon *daemon);
void nrs_daemon_stop(nrs_daemon *daemon);

/** One step with the batch as it stands, and its effects (effects.c). */
void nrs_daemon_step(nrs_daemon *daemon);
/** Write again what could not be published. */
void nrs_daemon_publish_again(nrs_daemon *daemon);
/** Take up the files of the inbox, one step each (effects.c). taken and refused: for whoever asked, or NULL: then what takes long
 *  goes on in a later turn. */
void nrs_daemon_take_inbox(nrs_daemon *daemon, json_t *taken, json_t *refused);

#endif
