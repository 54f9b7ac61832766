#include "routing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>
#include <zmq.h>

#include "proto/assert.h"

#define ID_SIZE 5u
#define ENDPOINT_SIZE 64
#define WAIT_MS 5000 /* both ends are in this process */

void nrs_routing_seed(void)
{
    srand(randombytes_random());
}

static bool number_of(uint32_t *number_out, nrs_slice id)
{
    if (id.size != ID_SIZE || id.data[0] != 0) {
        return false;
    }
    *number_out = (uint32_t)id.data[1] << 24 | (uint32_t)id.data[2] << 16 | (uint32_t)id.data[3] << 8 | id.data[4];
    return true;
}

bool nrs_routing_is_given(nrs_slice id, uint32_t counter, uint64_t count)
{
    uint32_t number = 0;

    return number_of(&number, id) && number - counter - 1u < count; /* the counter may turn over */
}

/* A peer of our own, within the process, which says one empty word: the id that it comes under is the counter. */
static nrs_error ask(uint32_t *counter_out, void *peer, void *router, const char *endpoint)
{
    zmq_pollitem_t item = {.socket = router, .events = ZMQ_POLLIN};
    uint8_t id[ID_SIZE + 1], word[1];
    const int linger = 0;
    int size = 0;

    if (zmq_setsockopt(peer, ZMQ_LINGER, &linger, sizeof(linger)) != 0 || zmq_connect(peer, endpoint) != 0 ||
        zmq_send(peer, "", 0, ZMQ_DONTWAIT) < 0 || zmq_poll(&item, 1, WAIT_MS) != 1) {
        return NRS_ERROR_SYSTEM;
    }
    size = zmq_recv(router, id, sizeof(id), ZMQ_DONTWAIT);
    if (size < 0 || zmq_recv(router, word, sizeof(word), ZMQ_DONTWAIT) != 0 || !number_of(counter_out, nrs_slice_of(id, (size_t)size))) {
        return NRS_ERROR_SYSTEM;
    }
    return NRS_OK;
}

nrs_error nrs_routing_learn(uint32_t *counter_out, void *zmq, void *router)
{
    char endpoint[ENDPOINT_SIZE];
    void *peer = NULL;
    uint32_t counter = 0;
    nrs_error error = NRS_ERROR_SYSTEM;

    NRS_ASSERT(counter_out != NULL && router != NULL);

    (void)snprintf(endpoint, sizeof(endpoint), "inproc://noroshi.routing.%" PRIxPTR, (uintptr_t)router);
    peer = zmq_socket(zmq, ZMQ_DEALER);
    if (peer == NULL || zmq_bind(router, endpoint) != 0) {
        goto out;
    }
    error = ask(&counter, peer, router, endpoint);
    if (zmq_unbind(router, endpoint) != 0) {
        error = NRS_ERROR_SYSTEM;
    }
    if (error == NRS_OK) {
        *counter_out = counter;
    }
out:
    if (peer != NULL) {
        (void)zmq_close(peer);
    }
    return error;
}
