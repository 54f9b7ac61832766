#include "intake.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "crowd.h"
#include "linux.h"
#include "proto/assert.h"
#include "socket_options.h"

#define FD_COUNT_MAX (1u << 20)
#define SHARE 10u                /* of the connections, at each sweep */
#define GROWN_PAGES 4096u        /* 16 MiB: something came, so all are looked at */
#define KEPT_ALIVE_PER_SECOND 6u /* heartbeats: bytes that are no frame's, a PING and a PONG of some 42 in 15 seconds */

/* RFC 23/ZMTP 3.1 with CURVE (RFC 26): a MESSAGE command of 33 bytes around the body, in a frame with a header of 2 bytes, or 9. */
#define SHORT_BODY_MAX 255u

static uint64_t wire_size(size_t frame_size)
{
    uint64_t body = (uint64_t)frame_size + NRS_CURVE_MESSAGE_OVERHEAD;

    return body + (body <= SHORT_BODY_MAX ? 2u : 9u);
}

void nrs_intakes_wipe(nrs_intakes *intakes)
{
    free(intakes->list);
    *intakes = (nrs_intakes){0};
}

static bool make_room(nrs_intakes *intakes, size_t size)
{
    size_t wanted = intakes->size == 0 ? 64 : intakes->size;
    nrs_intake *list = NULL;

    while (wanted < size) {
        wanted *= 2;
    }
    list = realloc(intakes->list, wanted * sizeof(*list));
    if (list == NULL) {
        return false;
    }
    for (size_t i = intakes->size; i < wanted; i++) {
        list[i] = (nrs_intake){.connection = {.fd = -1}};
    }
    intakes->list = list;
    intakes->size = wanted;
    return true;
}

static void forget(nrs_intakes *intakes, nrs_intake *intake)
{
    intakes->total -= intake->waiting;
    intake->waiting = 0;
    if (intake->connection.fd >= 0) {
        NRS_ASSERT(intakes->count > 0);
        intakes->count--;
    }
    intake->connection.fd = -1;
}

void nrs_intakes_began(nrs_intakes *intakes, int fd, uint64_t monotonic_ms)
{
    nrs_connection connection = nrs_connection_at(fd);

    NRS_ASSERT(intakes != NULL);

    if (connection.fd < 0) {
        return; /* it has ended already */
    }
    if ((size_t)fd >= FD_COUNT_MAX || ((size_t)fd >= intakes->size && !make_room(intakes, (size_t)fd + 1))) {
        nrs_connection_end(&connection);
        return;
    }
    forget(intakes, &intakes->list[fd]);
    intakes->list[fd] = (nrs_intake){.connection = connection, .began_ms = monotonic_ms};
    intakes->count++;
}

void nrs_intakes_spoke(nrs_intakes *intakes, int fd)
{
    NRS_ASSERT(intakes != NULL);
    if (fd >= 0 && (size_t)fd < intakes->size) {
        nrs_intake *intake = &intakes->list[fd];

        intake->spoke = intake->spoke || (intake->connection.fd >= 0 && nrs_connection_alive(&intake->connection));
    }
}

void nrs_intakes_ended(nrs_intakes *intakes, int fd)
{
    NRS_ASSERT(intakes != NULL);
    if (fd >= 0 && (size_t)fd < intakes->size && intakes->list[fd].connection.fd >= 0 && !nrs_connection_alive(&intakes->list[fd].connection)) {
        forget(intakes, &intakes->list[fd]);
    }
}

void nrs_intakes_took(nrs_intakes *intakes, int fd, size_t frame_size)
{
    if (fd >= 0 && (size_t)fd < intakes->size && intakes->list[fd].connection.fd == fd) {
        intakes->list[fd].taken += wire_size(frame_size);
    }
}

/* The bytes that this connection has brought and nobody has taken. One that has ended leaves the table. */
static uint64_t ahead(nrs_intakes *intakes, nrs_intake *intake, uint64_t monotonic_ms)
{
    uint64_t brought = 0;
    uint64_t accounted = intake->taken + (monotonic_ms - intake->began_ms) / 1000u * KEPT_ALIVE_PER_SECOND;

    if (!nrs_connection_alive(&intake->connection) || !nrs_linux_bytes_received(&brought, intake->connection.fd)) {
        forget(intakes, intake);
        return 0;
    }
    return brought > accounted ? brought - accounted : 0;
}

/* One line a minute for each reason. */
static void say(nrs_log_gate *gate, const nrs_intake *intake, uint64_t monotonic_ms, const char *why)
{
    uint64_t held = 0;

    if (nrs_log_gate_pass(gate, &held, monotonic_ms)) {
        char host[NRS_CONNECTION_HOST_SIZE] = "";

        nrs_connection_host(host, &intake->connection);
        nrs_log(NRS_LOG_WARNING, "ended a connection from %s: %s (%" PRIu64 " more before)", host, why, held);
    }
}

static void end(nrs_intakes *intakes, nrs_intake *intake)
{
    nrs_connection connection = intake->connection;

    forget(intakes, intake);
    nrs_connection_end(&connection);
}

static void end_of_size(nrs_intakes *intakes, nrs_intake *intake, uint64_t size, uint64_t monotonic_ms)
{
    char why[64];

    (void)snprintf(why, sizeof(why), "%" PRIu64 " MiB of a message that does not end", size >> 20);
    say(&intakes->gate, intake, monotonic_ms, why);
    end(intakes, intake);
}

/* One of the table: what it is ahead is kept in the sum of all. True when it was ended. */
static bool look_at(nrs_intakes *intakes, nrs_intake *intake, uint64_t monotonic_ms)
{
    uint64_t size = intake->connection.fd < 0 ? 0 : ahead(intakes, intake, monotonic_ms);

    if (intake->connection.fd < 0) {
        return false;
    }
    if (size > NRS_INTAKE_SIZE_MAX) {
        end_of_size(intakes, intake, size, monotonic_ms);
        return true;
    }
    if (!intake->spoke && intake->began_ms < intakes->silent_before_ms) {
        say(&intakes->silent_gate, intake, monotonic_ms, "it said nothing");
        end(intakes, intake);
        return true;
    }
    intakes->total = intakes->total - intake->waiting + size;
    intake->waiting = size;
    return false;
}

static uint64_t weigh_waiting(const nrs_intake *intake)
{
    return intake->waiting;
}

static uint64_t weigh_silent(const nrs_intake *intake)
{
    return intake->spoke ? 0 : 1;
}

/* Too much waits in all. Without memory to find out whose, nobody pays: it is tried again in a tenth of a second. */
static size_t end_furthest(nrs_intakes *intakes, uint64_t monotonic_ms)
{
    nrs_crowd crowd = {0};
    nrs_intake *intake = NULL;
    size_t ended = 0;

    if (nrs_crowd_gather(&crowd, intakes, weigh_waiting) != NRS_OK) {
        return 0;
    }
    while (intakes->total > NRS_INTAKE_TOTAL_MAX && (intake = nrs_crowd_next(&crowd)) != NULL) {
        end_of_size(intakes, intake, intake->waiting, monotonic_ms);
        ended++;
    }
    nrs_crowd_wipe(&crowd);
    return ended;
}

size_t nrs_intakes_make_room(nrs_intakes *intakes, uint64_t monotonic_ms)
{
    nrs_crowd crowd = {0};
    nrs_intake *intake = NULL;
    size_t ended = 0;

    NRS_ASSERT(intakes != NULL);
    if (intakes->count_max == 0 || intakes->count <= intakes->count_max) {
        return 0;
    }
    for (size_t i = 0; i < intakes->size; i++) { /* those that went by themselves first */
        nrs_intakes_ended(intakes, (int)i);
    }
    if (intakes->count <= intakes->count_max || nrs_crowd_gather(&crowd, intakes, weigh_silent) != NRS_OK) {
        return 0;
    }
    while (intakes->count > intakes->count_max && (intake = nrs_crowd_next(&crowd)) != NULL) {
        say(&intakes->crowd_gate, intake, monotonic_ms, "too many for the open files that the system allows, and it has said nothing yet");
        end(intakes, intake);
        ended++;
    }
    nrs_crowd_wipe(&crowd);
    return ended;
}

uint64_t nrs_intakes_ahead(nrs_intakes *intakes, int fd, uint64_t monotonic_ms)
{
    NRS_ASSERT(intakes != NULL);
    return fd < 0 || (size_t)fd >= intakes->size || intakes->list[fd].connection.fd < 0 ? 0 : ahead(intakes, &intakes->list[fd], monotonic_ms);
}

size_t nrs_intakes_sweep(nrs_intakes *intakes, uint64_t monotonic_ms)
{
    const size_t pages = nrs_linux_resident_pages();
    const bool grown = pages == 0 || pages > intakes->held_pages + GROWN_PAGES; /* 0: the system does not say */
    const bool all = grown || intakes->total > NRS_INTAKE_TOTAL_MAX / 2;
    const size_t count = all ? intakes->size : intakes->size / SHARE + 1;
    size_t ended = 0;

    for (size_t i = 0; i < count && intakes->size > 0; i++) {
        ended += look_at(intakes, &intakes->list[intakes->next % intakes->size], monotonic_ms) ? 1 : 0;
        intakes->next = (intakes->next + 1) % intakes->size;
    }
    ended += intakes->total > NRS_INTAKE_TOTAL_MAX ? end_furthest(intakes, monotonic_ms) : 0;
    intakes->swollen = intakes->swollen || ended > 0 || intakes->total > NRS_INTAKE_SIZE_MAX;
    if (intakes->swollen && intakes->total < NRS_INTAKE_SIZE_MAX / 4) { /* what they held has been freed by now, or soon */
        intakes->swollen = ended > 0;
        nrs_linux_trim_heap();
    }
    if (all || pages < intakes->held_pages) {
        intakes->held_pages = pages;
    }
    return ended;
}
