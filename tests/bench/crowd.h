/* Many members in one process that do the least that the link protocol asks for (SPEC 10): they greet, count what they
 * are given and confirm it. So a hub can be measured with a hundred members on a machine that could not run them. */
#ifndef TESTS_BENCH_CROWD_H
#define TESTS_BENCH_CROWD_H

#include "keys/identity.h"
#include "mesh.h"

typedef struct nrs_crowd_member {
    char org[NRS_NAME_SIZE_MAX + 1];
    nrs_identity *identity;
    void *socket;                     /* NULL: not connected */
    bool up;                          /* the hub answered its hello */
    uint8_t log[NRS_LOG_ID_SIZE];     /* our log */
    uint8_t hub_log[NRS_LOG_ID_SIZE]; /* the hub's, as it said when the link came up */
    uint64_t held;                    /* the hub's log, up to here */
    uint64_t confirmed;               /* our log, as far as the hub confirmed it */
    size_t deliveries;                /* items of reports */
    size_t messages;                  /* all messages, whatever they hold */
} nrs_crowd_member;

typedef struct nrs_crowd {
    nrs_crowd_member *members;
    size_t count;
    void *context;
    uint8_t hub_curve_key[NRS_KEY_SIZE];
    uint8_t community[NRS_HASH_SIZE];
    uint64_t roster_version;
    uint8_t roster_hash[NRS_HASH_SIZE];
} nrs_crowd;

/** Make `count` identities and name them in the community's next roster, signed with the hub's roster key and laid into
 * its inbox. The hub does not run yet. Out: always to be destroyed. */
int nrs_crowd_make(nrs_crowd *crowd_out, const nrs_mesh *mesh, size_t count);
void nrs_crowd_destroy(nrs_crowd *crowd);
/** Wait until the running hub has taken that roster up. */
int nrs_crowd_wait_known(const nrs_crowd *crowd, const nrs_mesh *mesh);
/** Dial an endpoint with this CURVE key, the first `count` of the crowd. With `greet`, the link's hello is sent, else
 * one byte. */
int nrs_crowd_connect(nrs_crowd *crowd, size_t count, const char *endpoint, const uint8_t curve_key[NRS_KEY_SIZE],
                      bool greet);
void nrs_crowd_disconnect(nrs_crowd *crowd);
/** Wait up to `timeout_ms` for messages and take all that are there, as frames of the link or only as messages. */
int nrs_crowd_take(nrs_crowd *crowd, long timeout_ms, bool frames);
/** Wait until everybody's hello, or byte, was answered and what there was to be sent to them has come. */
int nrs_crowd_wait_up(nrs_crowd *crowd, size_t count, bool frames);
/** Send one frame as member `index`. */
int nrs_crowd_send(nrs_crowd *crowd, size_t index, nrs_frame_type type, nrs_slice payload);
size_t nrs_crowd_deliveries(const nrs_crowd *crowd, size_t count);
size_t nrs_crowd_messages(const nrs_crowd *crowd, size_t count);

#endif
