/* Nodes that do not keep the rules. A hostile node runs an honest engine, so that it is believed; what leaves it is held back,
 * doubled, put in another order, altered or denied here, and records of its own making (forge.h) go along. What it does to the
 * order of frames is its own doing: its connection stays a connection. */
#ifndef SIM_HOSTILE_H
#define SIM_HOSTILE_H

#include "node.h"
#include "plan.h"

#define SIM_KEPT_FRAMES 8u

struct sim_connection;

typedef struct sim_hostile {
    sim_random random;
    struct { nrs_bytes frame; uint64_t connection; } kept[SIM_KEPT_FRAMES]; /* to be sent once more */
    size_t kept_next;
    unsigned per_mille;   /* how often it does not keep the rules */
    uint64_t serial;      /* of what it has forged */
    uint64_t deaf_ms;     /* until then it confirms nothing */
} sim_hostile;

/** From now on the node is hostile. */
void sim_hostile_turn(struct sim_world *world, sim_node *node);
void sim_hostile_wipe(sim_node *node);
/** A frame of the node's engine on its way out. */
void sim_hostile_send(struct sim_world *world, sim_node *node, nrs_link_id link, nrs_slice frame);
/** One of the acts of hostile nodes. */
void sim_hostile_do(struct sim_world *world, const sim_act *act);
/** One item of these records over any connection of the node to an honest one. False when there is none. */
bool sim_hostile_give(struct sim_world *world, sim_node *node, uint64_t pick, const nrs_slice *records, size_t count);

/** The same, each record as an item of its own. */
bool sim_hostile_give_each(struct sim_world *world, sim_node *node, uint64_t pick, const nrs_slice *records, size_t count);
/** Who would get it; NULL for nobody. */
sim_node *sim_hostile_across(struct sim_world *world, const sim_node *node, uint64_t pick);

/** Whether it has the key of this report in its vault. report: its id, as text. */
bool sim_hostile_holds(sim_node *node, const char *report);

#endif
