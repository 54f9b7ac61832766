/* A hub and two members, each a whole engine with a store of its own, for a fuzzer of event sequences: it says when each frame
 * arrives, what breaks, and what the clocks show. Every run begins with the same bytes. */
#ifndef FUZZ_CORE_WORLD_H
#define FUZZ_CORE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "mesh.h"

enum {
    WORLD_NODE_COUNT = 3, /* 0 is the hub */
    WORLD_QUEUE_MAX = 512,
    WORLD_DOWN_COUNT_MAX = 64
};

#define HOLDS(condition)                                                                                                    \
    do {                                                                                                                    \
        if (!(condition)) {                                                                                                 \
            (void)fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                             \
            abort();                                                                                                        \
        }                                                                                                                   \
    } while (0)

typedef struct world_frames {
    nrs_bytes list[WORLD_QUEUE_MAX];
    size_t count;
} world_frames;

/* The link of member i with the hub; the member dials. */
typedef struct world_line {
    bool up, tainted;
    nrs_link_id id[2];  /* as the hub numbers it, as the member does */
    world_frames to[2];       /* on their way to the hub, to the member */
} world_line;

typedef struct world {
    world_line lines[WORLD_NODE_COUNT];  /* [0] is unused */
    bool dials[WORLD_NODE_COUNT];
    nrs_link_id next_link;
    uint64_t confirmed[WORLD_NODE_COUNT][WORLD_NODE_COUNT]; /* of the second's log, as the first told it */
    unsigned failing[WORLD_NODE_COUNT];               /* steps whose disk fails */
    uint8_t room[WORLD_NODE_COUNT];                   /* KiB that can be written before it does */
    struct { size_t node; nrs_link_id link; } downs[WORLD_DOWN_COUNT_MAX]; /* ends of links that their other side has not heard of */
    size_t down_count;
    json_t *reply;
    uint64_t passed_ms;
} world;

extern mesh world_net;  /* identities, folders, engines, the time */
extern world world_now; /* of the run in hand */

/** Once: three nodes that know each other's keys, as every run finds them. */
void world_make(void);
void world_begin(void);
void world_end(void);

/** One event to a node, and what follows for the links. Times are filled in. */
void world_step(size_t node, nrs_event *event);
void world_tick(size_t node);
void world_pass(uint64_t ms);
/** A command, which is used up; the answer is world_now.reply. */
nrs_error world_ask(size_t node, json_t *command);

/** The link of a member with the hub. side: 0 towards the hub, 1 towards the member. */
void world_connect(size_t member);
/** It ends for both, and what was on its way is lost. by: who needs no telling, or WORLD_NODE_COUNT. */
void world_cut(size_t member, size_t by);
void world_receive(size_t member, size_t side, nrs_slice bytes);
/** The next frame on its way; false if there is none. */
bool world_deliver(size_t member, size_t side);
void world_deliver_all(void);
/** Tell of the links that ended. */
void world_tell_downs(void);
/** A node dies in between two steps, and starts again. */
void world_crash(size_t node);

#endif
