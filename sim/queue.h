/* What is to happen, in the order of its time; of one time, in the order in which it was put in. */
#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum sim_event_type {
    SIM_EVENT_ACT = 1,   /* subject: number of the act */
    SIM_EVENT_WAKE,      /* subject: node; token: its start */
    SIM_EVENT_START,     /* subject: node; token: its start */
    SIM_EVENT_UNLOCK,    /* subject: node */
    SIM_EVENT_DIAL,      /* subject: node; token: number of the dial */
    SIM_EVENT_CONNECTED, /* subject: slot of a connection; token: its number */
    SIM_EVENT_DELIVER,   /* likewise; side: who receives */
    SIM_EVENT_ENDED,     /* likewise; side: who learns of it */
    SIM_EVENT_PHASE      /* subject: the phase that begins */
} sim_event_type;

typedef struct sim_event {
    uint64_t at_ms, sequence;
    sim_event_type type;
    size_t subject;
    unsigned side;
    uint64_t token;
} sim_event;

typedef struct sim_queue {
    sim_event *heap;
    size_t count, capacity;
    uint64_t sequence;
} sim_queue;

void sim_queue_put(sim_queue *queue, sim_event event);
/** False when it is empty. */
bool sim_queue_take(sim_queue *queue, sim_event *event_out);
void sim_queue_wipe(sim_queue *queue);

#endif
