/* Grants that find no room: of secrets for a while, or among those that a report may have (SPEC 6.10, 6.12, 10.4). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh_records.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

enum { HUB = 0, SOURCE = 1, HOLDER = 2, THIRD = 3, MINISTRY = 4 };

static mesh net;
static char report[2 * NRS_HASH_SIZE + 1];

static void start(void)
{
    mesh_start(&net, 4, 1);
    assert_int_equal(mesh_add_node(&net, "org-4"), MINISTRY);
    mesh_join(&net, MINISTRY, NRS_ROLE_MINISTRY);
    mesh_settle(&net, 4);
}

static void send_it(const char *to, const char *onward)
{
    OK(mesh_ask(&net, SOURCE,
                "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"%s\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\",\"onward\":[%s]}", to, onward));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    mesh_settle(&net, 6);
}

static nrs_error show(size_t node)
{
    return mesh_ask(&net, node, "{\"command\":\"show\",\"id\":\"%s\"}", report);
}

static void whom_the_consent_names_is_let_in_later(void **state)
{
    (void)state;
    start();
    net.nodes[HUB].no_secrets = true;
    send_it("@electricity", "\"ministry\"");
    assert_int_equal(show(MINISTRY), NRS_ERROR_NOT_FOUND);
    net.nodes[HUB].no_secrets = false;
    mesh_settle(&net, 90);
    OK(show(MINISTRY));
    assert_int_equal(mesh_rows_of(&net, HUB, NRS_RECORD_GRANT), 1);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whom_the_consent_names_is_let_in_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
