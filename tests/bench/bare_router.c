#include "bare_router.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "bench.h"
#include "process.h"
#include "proto/bytes.h"

enum { PEER_COUNT_MAX = 1024, ROUTING_ID_SIZE_MAX = 16, MESSAGE_SIZE_MAX = 65536, BURST = 64, BACKLOG = 4096 };

typedef struct peers {
    uint8_t ids[PEER_COUNT_MAX][ROUTING_ID_SIZE_MAX];
    int sizes[PEER_COUNT_MAX];
    size_t count;
} peers;

/* A DEALER's only message makes its routing id known. It is answered, so that the connection has been used both ways.
 */
static void take_hello(peers *of, void *router)
{
    uint8_t hello[16];
    int size;

    while (of->count < PEER_COUNT_MAX &&
           (size = zmq_recv(router, of->ids[of->count], ROUTING_ID_SIZE_MAX, ZMQ_DONTWAIT)) > 0) {
        if (zmq_recv(router, hello, sizeof hello, 0) >= 0 &&
            zmq_send(router, of->ids[of->count], (size_t)size, ZMQ_SNDMORE) >= 0 && zmq_send(router, "", 1, 0) >= 0) {
            of->sizes[of->count] = size;
            of->count++;
        }
    }
}

static int send_bursts(const peers *to, void *router, size_t message_count, size_t message_size)
{
    static const uint8_t message[MESSAGE_SIZE_MAX];

    for (size_t sent = 0; sent < message_count; sent += BURST) {
        for (size_t i = 0; i < to->count; i++) {
            for (size_t j = sent; j < message_count && j < sent + BURST; j++) {
                if (zmq_send(router, to->ids[i], (size_t)to->sizes[i], ZMQ_SNDMORE) < 0 ||
                    zmq_send(router, message, message_size, 0) < 0) {
                    return 1;
                }
            }
        }
    }
    return 0;
}

static int serve(void *router)
{
    peers *known = calloc(1, sizeof *known);
    zmq_pollitem_t items[2] = {{.socket = router, .events = ZMQ_POLLIN}, {.fd = STDIN_FILENO, .events = ZMQ_POLLIN}};
    char line[64];
    int failed = known == NULL;

    while (failed == 0 && zmq_poll(items, 2, -1) >= 0) {
        take_hello(known, router);
        if (items[1].revents != 0) {
            ssize_t got = read(STDIN_FILENO, line, sizeof line - 1);
            char *rest = line;

            if (got <= 0) {
                break;
            }
            line[got] = '\0';
            size_t count = strtoul(line, &rest, 10);
            size_t size = strtoul(rest, NULL, 10);

            failed = size > MESSAGE_SIZE_MAX || send_bursts(known, router, count, size);
        }
    }
    free(known);
    return failed;
}

int nrs_bare_router_run(void)
{
    const int on = 1;
    const int unbounded = 0;
    const int backlog = BACKLOG;
    char public_key[41];
    char secret_key[41];
    char endpoint[64];
    size_t endpoint_size = sizeof endpoint;
    void *context = zmq_ctx_new();
    void *router = context == NULL ? NULL : zmq_socket(context, ZMQ_ROUTER);
    int failed = router == NULL || zmq_curve_keypair(public_key, secret_key) != 0 ||
                 zmq_setsockopt(router, ZMQ_CURVE_SERVER, &on, sizeof on) != 0 ||
                 zmq_setsockopt(router, ZMQ_CURVE_SECRETKEY, secret_key, sizeof secret_key) != 0 ||
                 zmq_setsockopt(router, ZMQ_BACKLOG, &backlog, sizeof backlog) != 0 ||
                 zmq_setsockopt(router, ZMQ_SNDHWM, &unbounded, sizeof unbounded) != 0 ||
                 zmq_setsockopt(router, ZMQ_LINGER, &unbounded, sizeof unbounded) != 0 ||
                 zmq_bind(router, "tcp://127.0.0.1:*") != 0 ||
                 zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, endpoint, &endpoint_size) != 0;

    if (failed == 0) {
        (void)printf("%s %s\n", endpoint, public_key);
        (void)fflush(stdout);
        failed = serve(router);
    }
    if (router != NULL) {
        (void)zmq_close(router);
    }
    if (context != NULL) {
        (void)zmq_ctx_term(context);
    }
    return failed;
}

static int read_greeting(nrs_bare_router *router, int fd)
{
    FILE *in = fdopen(fd, "r");
    char key[64] = "";
    int failed;

    if (in == NULL) {
        (void)close(fd);
        return 1;
    }
    failed = fscanf(in, "%63s %63s", router->endpoint, key) != 2 || nrs_z85_decode_key(router->key, key) != NRS_OK;
    (void)fclose(in);
    return failed;
}

int nrs_bare_router_start(nrs_bare_router *router_out)
{
    const char *const arguments[] = {"/proc/self/exe", NRS_BARE_ROUTER, NULL};
    int in[2];
    int out[2];
    int failed;

    *router_out = (nrs_bare_router){0};
    if (pipe(in) != 0 || pipe(out) != 0) {
        return 1;
    }
    for (int i = 0; i < 2; i++) {
        (void)fcntl(in[i], F_SETFD, FD_CLOEXEC);
        (void)fcntl(out[i], F_SETFD, FD_CLOEXEC);
    }
    failed = nrs_process_start(&router_out->pid, arguments, &(nrs_streams){in[0], out[1], STDERR_FILENO});
    (void)close(in[0]);
    (void)close(out[1]);
    router_out->to = fdopen(in[1], "w");
    return read_greeting(router_out, out[0]) | failed | (router_out->to == NULL);
}

void nrs_bare_router_stop(nrs_bare_router *router)
{
    if (router->to != NULL) {
        (void)fclose(router->to); /* the end of its input ends it */
        router->to = NULL;
    }
    nrs_process_stop(&router->pid);
}
