#include "crowd.h"

#include <stdlib.h>

#include "proto/assert.h"

static int compare(const void *a, const void *b)
{
    const nrs_crowd_one *one = a, *other = b;
    int host = nrs_connection_compare_host(&one->intake->connection, &other->intake->connection);

    if (host != 0) {
        return host;
    }
    if (one->weight != other->weight) {
        return one->weight > other->weight ? -1 : 1;
    }
    return (one->intake->began_ms > other->intake->began_ms) - (one->intake->began_ms < other->intake->began_ms);
}

static void part_hosts(nrs_crowd *crowd)
{
    for (size_t i = 0; i < crowd->count; i++) {
        const nrs_connection *connection = &crowd->list[i].intake->connection;

        if (i == 0 || nrs_connection_compare_host(&crowd->list[i - 1].intake->connection, connection) != 0) {
            crowd->hosts[crowd->host_count++] = (nrs_crowd_host){.next = i};
        }
        crowd->hosts[crowd->host_count - 1].end = i + 1;
        crowd->hosts[crowd->host_count - 1].weight += crowd->list[i].weight;
    }
}

nrs_error nrs_crowd_gather(nrs_crowd *crowd_out, const nrs_intakes *intakes, uint64_t (*weigh)(const nrs_intake *intake))
{
    nrs_crowd crowd = {0};
    size_t count = 0;

    NRS_ASSERT(crowd_out != NULL && crowd_out->list == NULL);
    NRS_ASSERT(intakes != NULL && weigh != NULL);

    for (size_t i = 0; i < intakes->size; i++) {
        count += intakes->list[i].connection.fd >= 0 && weigh(&intakes->list[i]) > 0 ? 1 : 0;
    }
    if (count == 0) {
        return NRS_OK;
    }
    crowd.list = calloc(count, sizeof(*crowd.list));
    crowd.hosts = calloc(count, sizeof(*crowd.hosts));
    if (crowd.list == NULL || crowd.hosts == NULL) {
        nrs_crowd_wipe(&crowd);
        return NRS_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < intakes->size; i++) {
        nrs_intake *intake = &intakes->list[i];
        uint64_t weight = intake->connection.fd >= 0 ? weigh(intake) : 0;

        if (weight > 0) {
            crowd.list[crowd.count++] = (nrs_crowd_one){.intake = intake, .weight = weight};
        }
    }
    NRS_ASSERT(crowd.count == count);
    qsort(crowd.list, crowd.count, sizeof(*crowd.list), compare);
    part_hosts(&crowd);
    *crowd_out = crowd;
    return NRS_OK;
}

/* Of those that weigh the same the one whose next has stood longest: an order of addresses would have the newcomer of a low one go, whenever
 * others hold one connection each. */
static bool goes_before(const nrs_crowd *crowd, const nrs_crowd_host *host, const nrs_crowd_host *other)
{
    if (host->weight != other->weight) {
        return host->weight > other->weight;
    }
    return crowd->list[host->next].intake->began_ms < crowd->list[other->next].intake->began_ms;
}

nrs_intake *nrs_crowd_next(nrs_crowd *crowd)
{
    nrs_crowd_host *most = NULL;
    const nrs_crowd_one *one = NULL;

    NRS_ASSERT(crowd != NULL);
    for (size_t i = 0; i < crowd->host_count; i++) {
        nrs_crowd_host *host = &crowd->hosts[i];

        most = host->next < host->end && (most == NULL || goes_before(crowd, host, most)) ? host : most;
    }
    if (most == NULL) {
        return NULL;
    }
    one = &crowd->list[most->next++];
    most->weight -= one->weight;
    return one->intake;
}

void nrs_crowd_wipe(nrs_crowd *crowd)
{
    free(crowd->list);
    free(crowd->hosts);
    *crowd = (nrs_crowd){0};
}
