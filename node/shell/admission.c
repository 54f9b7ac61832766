#include "admission.h"

#include <string.h>

#include <zmq.h>

#include "proto/assert.h"
#include "socket_options.h"

#define ENDPOINT "inproc://zeromq.zap.01"
#define ANSWER_COUNT_MAX 256
#define PART_SIZE_MAX 256

/* version, request id, domain, address, routing id, mechanism, credentials */
enum { PART_VERSION, PART_REQUEST, PART_DOMAIN, PART_ADDRESS, PART_ROUTING_ID, PART_MECHANISM, PART_KEY, PART_COUNT };

typedef struct zap_request {
    uint8_t parts[PART_COUNT][PART_SIZE_MAX];
    size_t sizes[PART_COUNT];
    size_t count;
    bool oversized;
} zap_request;

void *nrs_admission_open(void *zmq)
{
    const int linger = 0;
    void *handler = zmq_socket(zmq, ZMQ_REP);

    if (handler == NULL) {
        return NULL;
    }
    if (zmq_setsockopt(handler, ZMQ_LINGER, &linger, sizeof(linger)) != 0 || zmq_bind(handler, ENDPOINT) != 0) {
        (void)zmq_close(handler);
        return NULL;
    }
    return handler;
}

/* All parts of one request; those past the seventh are counted and not kept. */
static bool receive(zap_request *request_out, void *handler)
{
    memset(request_out, 0, sizeof(*request_out));
    for (bool more = true; more;) {
        uint8_t spare[1];
        bool kept = request_out->count < PART_COUNT;
        uint8_t *into = kept ? request_out->parts[request_out->count] : spare;
        int held = 0;
        size_t held_size = sizeof(held);
        int size = zmq_recv(handler, into, kept ? PART_SIZE_MAX : sizeof(spare), ZMQ_DONTWAIT);

        if (size < 0) {
            return false;
        }
        if (kept) {
            request_out->oversized = request_out->oversized || (size_t)size > PART_SIZE_MAX;
            request_out->sizes[request_out->count] = (size_t)size;
        }
        request_out->count++;
        if (zmq_getsockopt(handler, ZMQ_RCVMORE, &held, &held_size) != 0) {
            return false;
        }
        more = held != 0;
    }
    return true;
}

static bool part_is(const zap_request *request, size_t part, const char *text)
{
    return request->sizes[part] == strlen(text) && memcmp(request->parts[part], text, strlen(text)) == 0;
}

static bool well_formed(const zap_request *request)
{
    return request->count == PART_COUNT && !request->oversized && part_is(request, PART_VERSION, "1.0") &&
           part_is(request, PART_DOMAIN, NRS_ZAP_DOMAIN) && part_is(request, PART_MECHANISM, "CURVE") &&
           request->sizes[PART_KEY] == NRS_KEY_SIZE;
}

static void answer(void *handler, const zap_request *request, const char *status, const char *text, const char *user)
{
    size_t id_size = request->count > PART_REQUEST && !request->oversized ? request->sizes[PART_REQUEST] : 0;

    if (zmq_send(handler, "1.0", 3, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
        zmq_send(handler, request->parts[PART_REQUEST], id_size, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
        zmq_send(handler, status, 3, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
        zmq_send(handler, text, strlen(text), ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
        zmq_send(handler, user, strlen(user), ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
        return; /* the connection that asked is gone */
    }
    (void)zmq_send(handler, "", 0, ZMQ_DONTWAIT);
}

void nrs_admission_answer(void *handler, const nrs_core *core)
{
    zap_request request;

    NRS_ASSERT(handler != NULL);
    NRS_ASSERT(core != NULL);

    for (int i = 0; i < ANSWER_COUNT_MAX && receive(&request, handler); i++) {
        char user[41] = "";

        if (!well_formed(&request)) {
            answer(handler, &request, "500", "not a request of ours", "");
        } else if (!nrs_core_admits(core, request.parts[PART_KEY])) {
            answer(handler, &request, "400", "the key is on no roster", "");
        } else {
            nrs_z85_encode_key(user, request.parts[PART_KEY]);
            answer(handler, &request, "200", "OK", user);
        }
    }
}
