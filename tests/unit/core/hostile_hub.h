/* A hub that goes beyond what it may, the others about it, and another community beside them: what the tests of such hubs begin with. */
#ifndef TESTS_HOSTILE_HUB_H
#define TESTS_HOSTILE_HUB_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh.h"
#include "mesh_forge.h"
#include "mesh_records.h"
#include "mesh_second.h"
#include "proto/carrier.h"
#include "proto/label.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

/* Two hubs, of which the first is the hostile one; the source; an operator, a ministry. And in gas: its hub, with the hostile one as a member. */
enum { HOSTILE = 0, HONEST = 1, SOURCE = 2, OTHER = 3, MINISTRY = 4, GAS_HUB = 5 };

static mesh net;
static mesh_second gas;
static char report[2 * NRS_HASH_SIZE + 1];
static uint8_t report_id[NRS_HASH_SIZE];

static void start(bool with_gas)
{
    static const size_t nodes[] = {HOSTILE, GAS_HUB};
    static const uint32_t roles[] = {NRS_ROLE_OPERATOR, NRS_ROLE_HUB};

    mesh_start(&net, 4, 2);
    assert_int_equal(mesh_add_node(&net, "org-4"), MINISTRY);
    mesh_join(&net, MINISTRY, NRS_ROLE_MINISTRY);
    mesh_settle(&net, 4);
    if (with_gas) {
        assert_int_equal(mesh_add_node(&net, "org-5"), GAS_HUB);
        mesh_second_start(&net, &gas, "gas", nodes, roles, 2, true);
        mesh_second_recognised(&net, &gas);
        mesh_settle(&net, 4);
    }
    net.inspect = mesh_hear;
    net.inspect_context = &net;
}

static void stop(void)
{
    mesh_stop(&net);
    mesh_second_stop(&gas);
}

static void send_it(const char *label, const char *to, const char *onward)
{
    OK(mesh_ask(&net, SOURCE,
                "{\"command\":\"send\",\"label\":\"%s\",\"to\":[\"%s\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\",\"onward\":[%s]}", label, to,
                onward));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    OK(nrs_hex_decode(report_id, sizeof report_id, report));
    mesh_settle(&net, 6);
}

/* parent: NULL for the first grant. community: NULL for the header's. named: false leaves the audience out. */
static mesh_forged forge(size_t grantor, size_t to, const uint8_t *parent, const uint8_t *community, bool named)
{
    return mesh_forge(&(mesh_forging){.net = &net, .keeper = HOSTILE, .report = report_id, .grantor = grantor, .to = to, .named = to, .unnamed = !named,
                                      .authority = NRS_AUTHORITY_CONSENT, .ref = parent, .community = community});
}

/* What the hostile hub hands over, and how it is answered. */
static nrs_error give(size_t to, const nrs_bytes *record)
{
    return mesh_hand_over(&net, HOSTILE, to, record);
}

static bool has(size_t node)
{
    return mesh_ask(&net, node, "{\"command\":\"show\",\"id\":\"%s\"}", report) == NRS_OK;
}

static size_t audited(size_t node, const char *rule)
{
    size_t count = 0;

    OK(mesh_ask(&net, node, "{\"command\":\"audit-list\"}"));
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        count += strcmp(mesh_text(mesh_row(&net, node, i), "kind"), "extend") == 0 && strcmp(mesh_text(mesh_row(&net, node, i), "rule"), rule) == 0;
    }
    return count;
}

#endif
