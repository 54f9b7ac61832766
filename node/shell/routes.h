/* The table of accepted links: found by the routing id that the ROUTER gave a connection, and by the engine's number. A
 * routing id alone names nobody, since a peer may claim any: a link is a routing id, a key and a connection together.
 */
#ifndef SHELL_ROUTES_H
#define SHELL_ROUTES_H

#include "connection.h"
#include "core/core.h"

#define NRS_ROUTE_COUNT_MAX 16384u
#define NRS_ROUTE_COUNT_OF_KEY_MAX 8u /* a peer needs one, and a few more while old connections run out */
#define NRS_ROUTING_ID_SIZE_MAX 255u
#define NRS_ROUTE_BUCKET_COUNT 4096u

/*   open ──(closed by the engine, cut, cannot be sent to)──► closed ──(its connection has ended)──► gone
 *     └──────────────(room is needed for a newer link)──────────┴───────────────────────────────────► gone
 * A closed link stays until its connection has ended and for a moment more, so that frames of that connection that were
 * on their way are known and dropped. */
typedef struct nrs_route {
    struct nrs_route *next_by_route, *next_by_id, *next_by_key;
    nrs_link_id id;
    uint8_t curve_key[NRS_KEY_SIZE];
    nrs_connection connection;
    uint64_t suspect_until_ms; /* open: the library says that a connection with its descriptor ended */
    bool closed;
    uint64_t end_ms;    /* closed: when its connection is ended; 0 once it is */
    uint64_t forget_ms; /* closed, the connection ended: when it leaves the table */
    uint8_t route_size;
    uint8_t route[];
} nrs_route;

typedef struct nrs_routes {
    nrs_route *by_route[NRS_ROUTE_BUCKET_COUNT];
    nrs_route *by_id[NRS_ROUTE_BUCKET_COUNT];
    nrs_route *by_key[NRS_ROUTE_BUCKET_COUNT];
    size_t count;
    uint8_t hash_key[16]; /* routing ids and keys are the peers' choice: their buckets must not be */
} nrs_routes;

void nrs_routes_init(nrs_routes *links);
void nrs_routes_wipe(nrs_routes *links);
nrs_route *nrs_routes_by_route(const nrs_routes *links, nrs_slice route);
nrs_route *nrs_routes_by_id(const nrs_routes *links, nrs_link_id id);
/** The link that must go before one of this key can be added: the oldest of the key when it has its number; when the
 * table is full the oldest closed one, else the oldest of the key that has the most. NULL when there is room. */
nrs_route *nrs_routes_in_the_way(const nrs_routes *links, const uint8_t curve_key[NRS_KEY_SIZE]);
/** There must be room. Returns NULL without memory, and for a routing id of a wrong size. */
nrs_route *nrs_routes_add(nrs_routes *links, nrs_link_id id, nrs_slice route, const uint8_t curve_key[NRS_KEY_SIZE]);
void nrs_routes_remove(nrs_routes *links, nrs_route *link);
/** Calls visit for every link, which may remove the link it is given. */
void nrs_routes_each(nrs_routes *links, void (*visit)(void *context, nrs_route *link), void *context);

#endif
