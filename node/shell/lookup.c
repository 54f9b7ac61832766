#include "lookup.h"

#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "proto/address.h"
#include "proto/assert.h"

#define SCHEME_SIZE (sizeof("tcp://") - 1)
#define STACK_SIZE (1024u * 1024u)
#define HOST_SIZE 80u /* a numeric address with its zone */

struct nrs_lookup {
    atomic_int holder_count; /* the thread and the owner: whoever lets go last frees it */
    atomic_bool done;        /* what follows is complete, and changes no more */
    char host[NRS_ENDPOINT_SIZE_MAX + 1];
    const char *port; /* in host, behind the name */
    char endpoints[NRS_LOOKUP_ADDRESS_COUNT_MAX][NRS_LOOKUP_ENDPOINT_SIZE];
    size_t count;
};

static void let_go(nrs_lookup *lookup)
{
    if (atomic_fetch_sub(&lookup->holder_count, 1) == 1) {
        free(lookup);
    }
}

static void keep(nrs_lookup *lookup, const struct addrinfo *found)
{
    char host[HOST_SIZE];
    char *endpoint = lookup->endpoints[lookup->count];
    int size = 0;

    if (getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof(host), NULL, 0, NI_NUMERICHOST) != 0) {
        return;
    }
    size = snprintf(endpoint, NRS_LOOKUP_ENDPOINT_SIZE, found->ai_family == AF_INET6 ? "tcp://[%s]:%s" : "tcp://%s:%s", host, lookup->port);
    lookup->count += size > 0 && (size_t)size < NRS_LOOKUP_ENDPOINT_SIZE ? 1 : 0;
}

static void *ask(void *context)
{
    nrs_lookup *lookup = context;
    const struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;

    if (getaddrinfo(lookup->host, NULL, &wanted, &found) == 0) {
        for (const struct addrinfo *each = found; each != NULL && lookup->count < NRS_LOOKUP_ADDRESS_COUNT_MAX; each = each->ai_next) {
            if (each->ai_family == AF_INET || each->ai_family == AF_INET6) {
                keep(lookup, each);
            }
        }
        freeaddrinfo(found);
    }
    atomic_store(&lookup->done, true);
    let_go(lookup);
    return NULL;
}

static nrs_error begin(nrs_lookup *lookup)
{
    pthread_attr_t attributes;
    pthread_t thread;
    nrs_error error = NRS_ERROR_SYSTEM;

    if (pthread_attr_init(&attributes) != 0) {
        return NRS_ERROR_SYSTEM;
    }
    if (pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 && pthread_attr_setstacksize(&attributes, STACK_SIZE) == 0 &&
        pthread_create(&thread, &attributes, ask, lookup) == 0) {
        error = NRS_OK;
    }
    (void)pthread_attr_destroy(&attributes);
    return error;
}

nrs_error nrs_lookup_new(nrs_lookup **lookup_out, const char *endpoint)
{
    nrs_lookup *lookup = NULL;
    char *colon = NULL;
    nrs_error error = NRS_OK;

    NRS_ASSERT(lookup_out != NULL);
    NRS_ASSERT(nrs_endpoint_valid(endpoint) && !nrs_endpoint_is_number(endpoint));

    lookup = calloc(1, sizeof(*lookup));
    if (lookup == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    (void)snprintf(lookup->host, sizeof(lookup->host), "%s", endpoint + SCHEME_SIZE);
    colon = strrchr(lookup->host, ':');
    *colon = '\0';
    lookup->port = colon + 1;
    atomic_init(&lookup->holder_count, 2);
    atomic_init(&lookup->done, false);
    error = begin(lookup);
    if (error != NRS_OK) {
        free(lookup);
        return error;
    }
    *lookup_out = lookup;
    return NRS_OK;
}

bool nrs_lookup_done(const nrs_lookup *lookup)
{
    NRS_ASSERT(lookup != NULL);
    return atomic_load(&lookup->done);
}

bool nrs_lookup_endpoint(char endpoint_out[NRS_LOOKUP_ENDPOINT_SIZE], const nrs_lookup *lookup, size_t attempt)
{
    NRS_ASSERT(nrs_lookup_done(lookup));
    if (lookup->count == 0) {
        return false;
    }
    memcpy(endpoint_out, lookup->endpoints[attempt % lookup->count], NRS_LOOKUP_ENDPOINT_SIZE);
    return true;
}

void nrs_lookup_destroy(nrs_lookup **lookup)
{
    NRS_ASSERT(lookup != NULL);
    if (*lookup != NULL) {
        let_go(*lookup);
        *lookup = NULL;
    }
}
