#include "admission.h"

#include <string.h>

#include <zmq.h>

#include "linux.h"
#include "proto/assert.h"
#include "proto/bytes.h"
#include "socket_options.h"

#define ENDPOINT "inproc://zeromq.zap.01"
#define ANSWER_COUNT_MAX 256
#define PART_SIZE_MAX 256
#define QUIET_MS 300u            /* a handshake asks within microseconds of finding the handler */
#define RENEWED_AFTER 16u        /* admitted: below, there is little to gain; who is refused leaves no pipes */
#define RENEWED_MS_MIN 2000u     /* from one change to the next */

/* version, request id, domain, address, routing id, mechanism, credentials */
enum { PART_VERSION, PART_REQUEST, PART_DOMAIN, PART_ADDRESS, PART_ROUTING_ID, PART_MECHANISM, PART_KEY, PART_COUNT };

typedef struct zap_request {
    uint8_t parts[PART_COUNT][PART_SIZE_MAX];
    size_t sizes[PART_COUNT];
    size_t count;
    bool oversized;
} zap_request;

static void *open_handler(void *zmq)
{
    const int linger_ms = 1000; /* an answer that is given is read, though its handler retires */
    void *handler = zmq_socket(zmq, ZMQ_REP);

    if (handler == NULL) {
        return NULL;
    }
    if (zmq_setsockopt(handler, ZMQ_LINGER, &linger_ms, sizeof(linger_ms)) != 0 || zmq_bind(handler, ENDPOINT) != 0) {
        (void)zmq_close(handler);
        return NULL;
    }
    return handler;
}

nrs_error nrs_admission_open(nrs_admission *admission_out, void *zmq)
{
    *admission_out = (nrs_admission){.zmq = zmq, .handler = open_handler(zmq)};
    return admission_out->handler == NULL ? NRS_ERROR_SYSTEM : NRS_OK;
}

static void close_handler(void **handler)
{
    if (*handler != NULL) {
        (void)zmq_close(*handler);
        *handler = NULL;
    }
}

void nrs_admission_close(nrs_admission *admission)
{
    close_handler(&admission->retiring);
    close_handler(&admission->handler);
}

void nrs_admission_poll(const nrs_admission *admission, nrs_pollset *set)
{
    nrs_pollset_add_socket(set, admission->handler);
    if (admission->retiring != NULL) {
        nrs_pollset_add_socket(set, admission->retiring);
    }
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

/* True when it was admitted. */
static bool answer_key(void *handler, const zap_request *request, nrs_admitted admitted)
{
    char user[41] = "";

    switch (admitted) {
    case NRS_ADMITTED_NOT:
        answer(handler, request, "400", "the key is on no roster", "");
        return false;
    case NRS_ADMITTED_LATER:
        answer(handler, request, "300", "too many connections", ""); /* which the peer is not told, so that its library tries again */
        return false;
    case NRS_ADMITTED_SHUT_OUT:
        answer(handler, request, "500", "held back for now", ""); /* told to who holds the key */
        return false;
    case NRS_ADMITTED:
        nrs_z85_encode_key(user, request->parts[PART_KEY]);
        answer(handler, request, "200", "OK", user);
        return true;
    }
    return false;
}

/* Returns how many were answered. */
static size_t answer_all(size_t *admitted, void *handler, nrs_admits admits, void *context)
{
    zap_request request;
    size_t count = 0;

    while (count < ANSWER_COUNT_MAX && receive(&request, handler)) {
        if (well_formed(&request)) {
            *admitted += answer_key(handler, &request, admits(context, request.parts[PART_KEY])) ? 1 : 0;
        } else {
            answer(handler, &request, "500", "not a request of ours", "");
        }
        count++;
    }
    return count;
}

void nrs_admission_answer(nrs_admission *admission, nrs_admits admits, void *context, uint64_t monotonic_ms)
{
    size_t count = 0, elsewhere = 0;

    NRS_ASSERT(admission->handler != NULL && admits != NULL);

    count = answer_all(&admission->admitted_count, admission->handler, admits, context);
    if (admission->retiring != NULL) {
        count += answer_all(&elsewhere, admission->retiring, admits, context);
    }
    if (count > 0) {
        admission->answered_ms = monotonic_ms;
    }
}

/* Between the two calls no handler stands under the name: whose handshake comes to ask just then is refused, since admission
 * is enforced, and dials again. */
static void change(nrs_admission *admission, uint64_t monotonic_ms)
{
    void *newer = NULL;

    if (zmq_unbind(admission->handler, ENDPOINT) == 0) {
        newer = open_handler(admission->zmq);
    }
    if (newer != NULL) {
        admission->retiring = admission->handler;
        admission->handler = newer;
        admission->admitted_count = 0;
    } else {
        (void)zmq_bind(admission->handler, ENDPOINT); /* the old one goes on; where the name was never given up, it is taken */
    }
    admission->answered_ms = admission->changed_ms = monotonic_ms;
}

void nrs_admission_renew(nrs_admission *admission, uint64_t monotonic_ms)
{
    if (admission->trim_due) {
        nrs_linux_trim_heap();
        admission->trim_due = false;
    }
    if (monotonic_ms < admission->answered_ms + QUIET_MS) {
        return;
    }
    if (admission->retiring != NULL) {
        close_handler(&admission->retiring);
        admission->trim_due = true;
    } else if (admission->admitted_count >= RENEWED_AFTER && monotonic_ms >= admission->changed_ms + RENEWED_MS_MIN) {
        change(admission, monotonic_ms);
    }
}
