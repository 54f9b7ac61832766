/* Nodes that do not keep the rules. A hostile node runs an honest engine, so that it is believed; what leaves it is held back,
 * doubled, put in another order, altered or denied here, and records of its own making (forge.h) go along. What it does to the
 * order of frames is its own doing: its connection stays a connection. */
#ifndef SIM_HOSTILE_H
#define SIM_HOSTILE_H

#include "network.h"
#include "node.h"
#include "plan.h"
#include "sometimes.h"

#define SIM_KEPT_FRAMES 8u
#define SIM_REPLAYS_OF_ONE 4u  /* times that one frame is sent once more, and how many a node sends in all: the others get to rest */
#define SIM_REPLAYS_MAX 96u
#define SIM_FORGED_MAX 64u
#define SIM_UNCOUNTED SIM_SOMETIMES_COUNT

/* Something that it made and that is on its way: it counts once the other side has looked at it. */
typedef struct sim_forged {
    uint64_t connection;
    uint64_t position;
    bool arrived;
    sim_sometimes_name counter;
} sim_forged;

typedef struct sim_hostile {
    sim_random random;
    struct { nrs_bytes frame; uint64_t connection; unsigned times; } kept[SIM_KEPT_FRAMES]; /* to be sent once more */
    size_t kept_next;
    unsigned replays;     /* that it has sent */
    unsigned per_mille;   /* how often it does not keep the rules */
    uint64_t serial;      /* of what it has forged */
    uint64_t deaf_ms;     /* until then it confirms nothing */
    sim_forged forged[SIM_FORGED_MAX];
    size_t forged_next;
} sim_hostile;

/** From now on the node is hostile. */
void sim_hostile_turn(struct sim_world *world, sim_node *node);
void sim_hostile_wipe(sim_node *node);
/** A frame of the node's engine on its way out. */
void sim_hostile_send(struct sim_world *world, sim_node *node, nrs_link_id link, nrs_slice frame);
/** One of the acts of hostile nodes. */
void sim_hostile_do(struct sim_world *world, const sim_act *act);
/** All that a hostile node sends goes out here, so that the trace tells of it as it left; and what it keeps back is told here. deed: what it
 *  has done; NULL: it is as its engine made it. */
void sim_hostile_leave(struct sim_world *world, sim_node *node, nrs_link_id link, nrs_slice frame, const char *deed);
void sim_hostile_withhold(struct sim_world *world, const sim_node *node, nrs_link_id link, const nrs_frame *frame, const char *deed);
/** A frame of its own; what goes over a link, whoever has made it: what is made up next is numbered behind that. */
void sim_hostile_put(struct sim_world *world, sim_node *node, nrs_link_id link, nrs_frame_type type, const nrs_bytes *payload, const char *deed);
void sim_hostile_note(struct sim_world *world, const sim_node *node, nrs_link_id link, nrs_slice frame);
/** One to somebody honest on which both have greeted: before that nothing is looked at. NULL when there is none. */
sim_connection *sim_hostile_connection(struct sim_world *world, const sim_node *node, uint64_t pick, unsigned *side_out);
/** One item of these records over any connection of the node to an honest one. False when there is none. counter: of what happens now and
 *  then; hit when the other side has judged it. SIM_UNCOUNTED: none. */
bool sim_hostile_give(struct sim_world *world, sim_node *node, uint64_t pick, const nrs_slice *records, size_t count, sim_sometimes_name counter);
/** The same, each record as an item of its own. */
bool sim_hostile_give_each(struct sim_world *world, sim_node *node, uint64_t pick, const nrs_slice *records, size_t count, sim_sometimes_name counter);
/** The same, outside the order, as rosters go. */
bool sim_hostile_give_loose(struct sim_world *world, sim_node *node, uint64_t pick, nrs_slice record, sim_sometimes_name counter);
/** A frame of a hostile node reaches an honest one, on this side of the connection. */
void sim_hostile_arrived(struct sim_world *world, sim_connection *connection, unsigned side, nrs_slice frame);
/** An honest node on this side has confirmed what came up to here. */
void sim_hostile_judged(struct sim_world *world, const sim_connection *connection, unsigned side, uint64_t position);
/** Who would get it; NULL for nobody. */
sim_node *sim_hostile_across(struct sim_world *world, const sim_node *node, uint64_t pick);

/** Whether it has the key of this report in its vault. report: its id, as text. */
bool sim_hostile_holds(sim_node *node, const char *report);

#endif
