/* The network between the nodes. A connection is what TCP and CURVE make of it: bytes arrive in their order and once, or the
 * connection ends and what was under way is gone. So a packet that is lost, doubled or overtaken shows as delay, and a
 * connection that is cut shows as frames that never came, one side knowing it long before the other. Single frames that vanish,
 * come twice or change places are the doing of a hostile node (hostile.h). */
#ifndef SIM_NETWORK_H
#define SIM_NETWORK_H

#include "core/core.h"
#include "random.h"

#define SIM_CONDITIONS_MAX 32

struct sim_world;
struct sim_node;

typedef struct sim_frame { nrs_bytes bytes; uint64_t due_ms; } sim_frame;

typedef struct sim_direction {
    sim_frame *frames; /* ring */
    size_t first, count, capacity;
    size_t size;       /* bytes */
    uint64_t free_ms;  /* when the line is free for the next frame */
    uint64_t blocked_ms; /* since when nothing gets through; SIM_NEVER: it does */
    bool scheduled;
} sim_direction;

/* What check/credit.c has seen of what one side sends. */
typedef struct sim_flight { uint64_t position, size; } sim_flight;
typedef struct sim_credit {
    uint64_t held, sent;
    bool greeted;
    uint8_t log[NRS_LOG_ID_SIZE];        /* what that side calls its log */
    uint8_t begins_log[NRS_LOG_ID_SIZE]; /* of which log the other side has said that it holds it up to there, when that was heard */
    uint64_t begins;
    uint64_t window;          /* what the other side wants at once; 0: it has not said */
    sim_flight *flight;       /* items that it has not confirmed, in their order */
    size_t flight_first, flight_count, flight_capacity;
    uint64_t flight_size;     /* bytes */
    uint64_t arrived;         /* of a hostile node: the highest position that has come to the other side */
} sim_credit;

/* Side 0 dialled. */
typedef struct sim_connection {
    uint64_t number;   /* 0: the slot is free */
    size_t node[2];
    nrs_link_id link[2];
    uint8_t curve[2][NRS_KEY_SIZE]; /* the keys that the two have shown each other */
    bool open[2];
    bool up;
    sim_direction to[2]; /* on the way to that side */
    sim_credit credit[2]; /* of what that side sends */
    uint8_t log[2][NRS_LOG_ID_SIZE]; /* what that side says its log is called */
} sim_connection;

/* Something that holds between nodes for a while. */
typedef struct sim_condition {
    uint64_t from, to; /* sets of nodes */
    uint64_t until_ms;
    uint64_t delay_ms; /* 0: nothing gets through */
    bool one_way;      /* what is said back gets through */
} sim_condition;

typedef struct sim_network {
    sim_connection *connections;
    size_t count, capacity;
    uint64_t next_number;
    sim_condition conditions[SIM_CONDITIONS_MAX];
    size_t condition_count;
    sim_random random;
    uint64_t latency_ms, jitter_ms, bytes_per_ms;
    unsigned loss_per_mille;
    uint64_t frames, bytes;
} sim_network;

void sim_network_init(struct sim_world *world);
void sim_network_wipe(sim_network *network);
/** Begin to connect to the node that is, or was, to be found under a link key; where it has others now no handshake succeeds. Returns: the number
 *  of the connection, 0 when it cannot be reached. */
uint64_t sim_network_connect(struct sim_world *world, size_t from, size_t to, const uint8_t curve_key[NRS_KEY_SIZE]);
void sim_network_connected(struct sim_world *world, size_t slot, uint64_t number);
/** One frame over a node's link. False when there is no such link. */
bool sim_network_send(struct sim_world *world, struct sim_node *node, nrs_link_id link, nrs_slice frame, uint64_t depart_ms);
void sim_network_deliver(struct sim_world *world, size_t slot, uint64_t number, unsigned side);
/** The node ends its own link; what it sent before still arrives. */
void sim_network_close(struct sim_world *world, struct sim_node *node, nrs_link_id link);
/** A side ends a connection now; what is under way is lost. The other side learns of it `after_ms` later. */
void sim_network_cut(struct sim_world *world, sim_connection *connection, unsigned side, uint64_t after_ms);
void sim_network_ended(struct sim_world *world, size_t slot, uint64_t number, unsigned side);
/** All of a node's connections, because it went down. told: the others learn of it at once. */
void sim_network_node_down(struct sim_world *world, struct sim_node *node, bool told);
/** Ends all of a node's connections and tells the node itself so, as after a step that failed. */
void sim_network_drop_all(struct sim_world *world, struct sim_node *node);
void sim_network_condition(struct sim_world *world, sim_condition condition);
/** Nothing is in the way any more. */
void sim_network_heal(struct sim_world *world);
sim_connection *sim_network_of_link(struct sim_world *world, const struct sim_node *node, nrs_link_id link);
/** The open connection that joins the two, NULL if there is none. */
sim_connection *sim_network_between(struct sim_world *world, size_t a, size_t b);
size_t sim_network_under_way(const sim_network *network);

#endif
