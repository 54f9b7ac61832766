#include "routes.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "proto/assert.h"

_Static_assert(crypto_shorthash_KEYBYTES == 16, "the key of the hash");
_Static_assert(crypto_shorthash_BYTES == sizeof(uint64_t), "the hash fills a number");

void nrs_routes_init(nrs_routes *links)
{
    memset(links, 0, sizeof(*links));
    crypto_shorthash_keygen(links->hash_key);
}

static void free_link(void *context, nrs_route *link)
{
    nrs_routes_remove(context, link);
}

void nrs_routes_wipe(nrs_routes *links)
{
    nrs_routes_each(links, free_link, links);
    NRS_ASSERT(links->count == 0);
}

static size_t bucket_of(const nrs_routes *links, nrs_slice name)
{
    uint8_t hash[crypto_shorthash_BYTES];
    uint64_t number = 0;

    (void)crypto_shorthash(hash, name.data, name.size, links->hash_key);
    memcpy(&number, hash, sizeof(number));
    return (size_t)(number % NRS_ROUTE_BUCKET_COUNT);
}

static size_t bucket_of_id(nrs_link_id id)
{
    return (size_t)(id % NRS_ROUTE_BUCKET_COUNT);
}

nrs_route *nrs_routes_by_route(const nrs_routes *links, nrs_slice route)
{
    nrs_route *link = links->by_route[bucket_of(links, route)];

    while (link != NULL && !nrs_slice_equal(nrs_slice_of(link->route, link->route_size), route)) {
        link = link->next_by_route;
    }
    return link;
}

nrs_route *nrs_routes_by_id(const nrs_routes *links, nrs_link_id id)
{
    nrs_route *link = links->by_id[bucket_of_id(id)];

    while (link != NULL && link->id != id) {
        link = link->next_by_id;
    }
    return link;
}

/* A link's id is the next number when it comes, so the lower one is the older one. */
static nrs_route *older(nrs_route *a, nrs_route *b)
{
    return a == NULL || (b != NULL && b->id < a->id) ? b : a;
}

/* The links of a key: how many, the oldest. All of them stand in one bucket. */
static nrs_route *oldest_of_key(const nrs_routes *links, const uint8_t curve_key[NRS_KEY_SIZE], size_t *count_out)
{
    nrs_route *found = NULL;

    *count_out = 0;
    for (nrs_route *link = links->by_key[bucket_of(links, nrs_slice_of(curve_key, NRS_KEY_SIZE))]; link != NULL;
         link = link->next_by_key) {
        if (memcmp(link->curve_key, curve_key, NRS_KEY_SIZE) == 0) {
            found = older(found, link);
            (*count_out)++;
        }
    }
    return found;
}

nrs_route *nrs_routes_in_the_way(const nrs_routes *links, const uint8_t curve_key[NRS_KEY_SIZE])
{
    nrs_route *closed = NULL;
    nrs_route *of_most = NULL;
    size_t most = 0;
    size_t count = 0;
    nrs_route *own = oldest_of_key(links, curve_key, &count);

    if (count >= NRS_ROUTE_COUNT_OF_KEY_MAX) {
        return own;
    }
    if (links->count < NRS_ROUTE_COUNT_MAX) {
        return NULL;
    }
    for (size_t i = 0; i < NRS_ROUTE_BUCKET_COUNT; i++) {
        for (nrs_route *link = links->by_key[i]; link != NULL; link = link->next_by_key) {
            nrs_route *oldest = oldest_of_key(links, link->curve_key, &count);

            closed = link->closed ? older(closed, link) : closed;
            of_most = count > most ? oldest : of_most;
            most = count > most ? count : most;
        }
    }
    return closed != NULL ? closed : of_most;
}

nrs_route *nrs_routes_add(nrs_routes *links, nrs_link_id id, nrs_slice route, const uint8_t curve_key[NRS_KEY_SIZE])
{
    nrs_route *link = NULL;
    size_t by_route = bucket_of(links, route);
    size_t by_id = bucket_of_id(id);
    size_t by_key = bucket_of(links, nrs_slice_of(curve_key, NRS_KEY_SIZE));

    NRS_ASSERT(id != 0);
    NRS_ASSERT(links->count < NRS_ROUTE_COUNT_MAX);
    NRS_ASSERT(nrs_routes_by_route(links, route) == NULL);

    if (route.size == 0 || route.size > NRS_ROUTING_ID_SIZE_MAX) {
        return NULL;
    }
    link = calloc(1, sizeof(*link) + route.size);
    if (link == NULL) {
        return NULL;
    }
    link->id = id;
    link->connection.fd = -1;
    link->route_size = (uint8_t)route.size;
    memcpy(link->route, route.data, route.size);
    memcpy(link->curve_key, curve_key, NRS_KEY_SIZE);
    link->next_by_route = links->by_route[by_route];
    links->by_route[by_route] = link;
    link->next_by_id = links->by_id[by_id];
    links->by_id[by_id] = link;
    link->next_by_key = links->by_key[by_key];
    links->by_key[by_key] = link;
    links->count++;
    return link;
}

void nrs_routes_remove(nrs_routes *links, nrs_route *link)
{
    nrs_route **at = &links->by_route[bucket_of(links, nrs_slice_of(link->route, link->route_size))];

    while (*at != NULL && *at != link) {
        at = &(*at)->next_by_route;
    }
    NRS_ASSERT(*at == link);
    *at = link->next_by_route;
    at = &links->by_id[bucket_of_id(link->id)];
    while (*at != NULL && *at != link) {
        at = &(*at)->next_by_id;
    }
    NRS_ASSERT(*at == link);
    *at = link->next_by_id;
    at = &links->by_key[bucket_of(links, nrs_slice_of(link->curve_key, NRS_KEY_SIZE))];
    while (*at != NULL && *at != link) {
        at = &(*at)->next_by_key;
    }
    NRS_ASSERT(*at == link);
    *at = link->next_by_key;
    links->count--;
    free(link);
}

void nrs_routes_each(nrs_routes *links, void (*visit)(void *context, nrs_route *link), void *context)
{
    for (size_t i = 0; i < NRS_ROUTE_BUCKET_COUNT; i++) {
        nrs_route *link = links->by_id[i];

        while (link != NULL) {
            nrs_route *next = link->next_by_id;

            visit(context, link);
            link = next;
        }
    }
}
