#include "intake.h"

#include <inttypes.h>
#include <stdlib.h>

#include "linux.h"
#include "proto/assert.h"
#include "socket_options.h"

#define FD_COUNT_MAX (1u << 20)
#define SHARE 10u                /* of the connections, at each sweep */
#define GROWN_PAGES 4096u        /* 16 MiB: something came, so all are looked at */
#define KEPT_ALIVE_PER_SECOND 16u /* heartbeats: bytes that are no frame's, two of some 50 in 15 seconds */

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
    intakes->list[fd] = (nrs_intake){.connection = connection, .began_ms = monotonic_ms};
}

void nrs_intakes_took(nrs_intakes *intakes, int fd, size_t frame_size)
{
    if (fd >= 0 && (size_t)fd < intakes->size && intakes->list[fd].connection.fd == fd) {
        intakes->list[fd].taken += wire_size(frame_size);
    }
}

/* The bytes that this connection has brought and nobody has taken. One that has ended leaves the table. */
static uint64_t ahead(nrs_intake *intake, uint64_t monotonic_ms)
{
    uint64_t brought = 0;
    uint64_t accounted = intake->taken + (monotonic_ms - intake->began_ms) / 1000u * KEPT_ALIVE_PER_SECOND;

    if (!nrs_connection_alive(&intake->connection) || !nrs_linux_bytes_received(&brought, intake->connection.fd)) {
        intake->connection.fd = -1;
        return 0;
    }
    return brought > accounted ? brought - accounted : 0;
}

static void end(nrs_intakes *intakes, nrs_intake *intake, uint64_t size, uint64_t monotonic_ms)
{
    uint64_t held = 0;

    if (nrs_log_gate_pass(&intakes->gate, &held, monotonic_ms)) {
        char host[NRS_CONNECTION_HOST_SIZE] = "";

        nrs_connection_host(host, &intake->connection);
        nrs_log(NRS_LOG_WARNING, "ended a connection from %s: %" PRIu64 " MiB of a message that does not end (%" PRIu64 " more before)", host,
                size >> 20, held);
    }
    nrs_connection_end(&intake->connection);
}

/* All of them; the furthest ahead is ended as long as they are too much together. */
static size_t look_at_all(nrs_intakes *intakes, uint64_t monotonic_ms)
{
    uint64_t total = 0;
    uint64_t most = 0;
    nrs_intake *furthest = NULL;
    size_t ended = 0;

    for (size_t i = 0; i < intakes->size; i++) {
        nrs_intake *intake = &intakes->list[i];
        uint64_t size = intake->connection.fd < 0 ? 0 : ahead(intake, monotonic_ms);

        if (size > NRS_INTAKE_SIZE_MAX) {
            end(intakes, intake, size, monotonic_ms);
            ended++;
            continue;
        }
        total += size;
        if (size > most) {
            most = size;
            furthest = intake;
        }
    }
    if (total > NRS_INTAKE_TOTAL_MAX && furthest != NULL) {
        end(intakes, furthest, most, monotonic_ms);
        ended++;
    }
    return ended;
}

uint64_t nrs_intakes_ahead(nrs_intakes *intakes, int fd, uint64_t monotonic_ms)
{
    NRS_ASSERT(intakes != NULL);
    return fd < 0 || (size_t)fd >= intakes->size || intakes->list[fd].connection.fd < 0 ? 0 : ahead(&intakes->list[fd], monotonic_ms);
}

static size_t look_at_some(nrs_intakes *intakes, uint64_t monotonic_ms)
{
    size_t count = intakes->size / SHARE + 1;
    size_t ended = 0;

    for (size_t i = 0; i < count && intakes->size > 0; i++) {
        nrs_intake *intake = &intakes->list[intakes->next % intakes->size];
        uint64_t size = intake->connection.fd < 0 ? 0 : ahead(intake, monotonic_ms);

        intakes->next = (intakes->next + 1) % intakes->size;
        if (size > NRS_INTAKE_SIZE_MAX) {
            end(intakes, intake, size, monotonic_ms);
            ended++;
        }
    }
    return ended;
}

size_t nrs_intakes_sweep(nrs_intakes *intakes, uint64_t monotonic_ms)
{
    size_t pages = nrs_linux_resident_pages();
    bool grown = pages == 0 || pages > intakes->held_pages + GROWN_PAGES; /* 0: the system does not say */
    size_t ended = grown ? look_at_all(intakes, monotonic_ms) : look_at_some(intakes, monotonic_ms);

    if (ended > 0) {
        nrs_linux_trim_heap();
    }
    if (grown || pages < intakes->held_pages) {
        intakes->held_pages = pages;
    }
    return ended;
}
