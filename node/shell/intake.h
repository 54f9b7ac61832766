/* The connections that stand, and what they have brought and nobody has taken out of the sockets yet. libzmq counts whole messages: a peer that sends part upon
 * part and never the last one is held in memory without a bound. So the bytes of each connection are counted by the kernel, those that
 * were taken by the daemon, and a connection that is too far ahead ends. So does one that has said nothing for long, whose handshake
 * may have succeeded (libzmq ends what does not get that far), and, where descriptors run short, some that have said nothing yet. */
#ifndef SHELL_INTAKE_H
#define SHELL_INTAKE_H

#include "connection.h"
#include "log.h"

/* More than an honest peer's: what the high water mark lets libzmq hold (64 frames of 512 KiB), and the kernel's own buffer. */
#define NRS_INTAKE_SIZE_MAX (64u * 1024u * 1024u)
/* Of all connections together; beyond it the furthest of the address that is furthest ahead end, one after the other. */
#define NRS_INTAKE_TOTAL_MAX (512u * 1024u * 1024u)

typedef struct nrs_intake {
    nrs_connection connection; /* fd -1: none */
    uint64_t taken;            /* bytes on the wire of the frames that were taken */
    uint64_t began_ms;
    uint64_t waiting;          /* bytes that it was ahead when it was last looked at */
    bool spoke;                /* a frame of it was taken, or it was dialled from here: its age is no reason to end it */
} nrs_intake;

/** Zeroed is empty; nrs_intakes_wipe. */
typedef struct nrs_intakes {
    nrs_intake *list; /* by descriptor */
    size_t size;
    size_t count;      /* that stand, as far as was looked */
    size_t count_max;  /* beyond it those that said nothing end; 0: no such bound */
    uint64_t silent_before_ms; /* what began before and has said nothing ends */
    size_t next;       /* where the next sweep goes on */
    size_t held_pages; /* resident when all were last looked at */
    uint64_t total;    /* of all `waiting` */
    bool swollen;      /* much was held, and is to be given back to the system */
    nrs_log_gate gate, silent_gate, crowd_gate;
} nrs_intakes;

void nrs_intakes_wipe(nrs_intakes *intakes);
/** A connection stands. Without memory for it, it is ended. fd: borrowed from libzmq. */
void nrs_intakes_began(nrs_intakes *intakes, int fd, uint64_t monotonic_ms);
/** A frame of this connection was taken for a link, or we dialled it. */
void nrs_intakes_spoke(nrs_intakes *intakes, int fd);
/** The library says that a connection with this descriptor ended; its number may be another's by now. */
void nrs_intakes_ended(nrs_intakes *intakes, int fd);
/** Make room for newer ones: while more stand than count_max, those that have said nothing end, of the address that has the most of
 *  them the oldest first. Returns how many were ended. */
size_t nrs_intakes_make_room(nrs_intakes *intakes, uint64_t monotonic_ms);
/** A frame of frame_size bytes was taken out of a socket; fd as the frame states it. */
void nrs_intakes_took(nrs_intakes *intakes, int fd, size_t frame_size);
/** The bytes that a connection has brought and nobody has taken; 0 where there is none. */
uint64_t nrs_intakes_ahead(nrs_intakes *intakes, int fd, uint64_t monotonic_ms);
/** End the connections that are too far ahead, or silent for too long. To be called each tenth of a second: a tenth of the connections are looked at, and all
 *  when the process has grown or much is held. Returns how many were ended. */
size_t nrs_intakes_sweep(nrs_intakes *intakes, uint64_t monotonic_ms);

#endif
