/* What a hub may not do with what it vouches for: it holds the report as its members do, and is not its source (SPEC 6.11). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh.h"
#include "mesh_second.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

/* In electricity: the hub, the source, a member whom it names, one more, and a ministry. In gas: the hub, and another. */
enum { HUB = 0, SOURCE = 1, NAMED = 2, OTHER = 3, MINISTRY = 4, GAS_ONE = 5 };

static mesh net;
static mesh_second gas;
static char published[2 * NRS_HASH_SIZE + 1];

static void start(void)
{
    static const size_t nodes[] = {HUB, GAS_ONE};
    static const uint32_t roles[] = {NRS_ROLE_HUB, NRS_ROLE_OPERATOR};

    mesh_start(&net, 4, 1);
    assert_int_equal(mesh_add_node(&net, "org-4"), MINISTRY);
    mesh_join(&net, MINISTRY, NRS_ROLE_MINISTRY);
    assert_int_equal(mesh_add_node(&net, "org-5"), GAS_ONE);
    mesh_second_start(&net, &gas, "gas", nodes, roles, 2, true);
    mesh_second_recognised(&net, &gas);
    mesh_settle(&net, 4);
}

static void stop(void)
{
    mesh_stop(&net);
    mesh_second_stop(&gas);
}

static void send_withheld(const char *label, const char *to)
{
    OK(mesh_ask(&net, SOURCE,
                "{\"command\":\"send\",\"withhold_source\":true,\"label\":\"%s\",\"to\":[\"%s\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\","
                "\"pap\":\"RED\",\"tell_affected\":\"no\"}", label, to));
    (void)snprintf(published, sizeof published, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    mesh_settle(&net, 3);
}

static void vouch(const char *label, const char *to)
{
    send_withheld(label, to);
    OK(mesh_ask(&net, HUB, "{\"command\":\"vouch\",\"id\":\"%s\"}", published));
    (void)snprintf(published, sizeof published, "%s", mesh_text(mesh_row(&net, HUB, 0), "id"));
}

static nrs_error forward(const char *to, const char *more)
{
    return mesh_ask(&net, HUB, "{\"command\":\"forward\",\"id\":\"%s\",\"to\":[\"%s\"]%s}", published, to, more);
}

/* Who has the report before the others knows when the secretariat has read it. */
static void nothing_of_it_leaves_before_the_tick(void **state)
{
    (void)state;
    start();
    vouch("AMBER", "@electricity");
    assert_int_equal(forward("org-3", ""), NRS_ERROR_BUSY);
    assert_int_equal(mesh_ask(&net, HUB, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"b\"}", published), NRS_ERROR_BUSY);
    assert_int_equal(mesh_ask(&net, HUB, "{\"command\":\"export\",\"id\":\"%s\",\"sink\":\"own\"}", published), NRS_ERROR_BUSY);
    OK(mesh_ask(&net, HUB, "{\"command\":\"show\",\"id\":\"%s\"}", published));
    mesh_wait_for_tick(&net, 4);
    OK(forward("org-3", ""));
    OK(mesh_ask(&net, HUB, "{\"command\":\"export\",\"id\":\"%s\",\"sink\":\"own\"}", published));
    stop();
}

static void it_goes_no_further_than_the_source_let_it(void **state)
{
    (void)state;
    start();
    vouch("AMBER+STRICT", "org-2");
    mesh_wait_for_tick(&net, 4);
    assert_int_equal(forward("org-3", ""), NRS_ERROR_LABEL_FORBIDS);
    OK(forward("org-2", ""));
    vouch("AMBER", "@electricity");
    mesh_wait_for_tick(&net, 4);
    assert_int_equal(forward("@gas", ""), NRS_ERROR_LABEL_FORBIDS);
    assert_int_equal(forward("org-5", ""), NRS_ERROR_LABEL_FORBIDS);
    assert_int_equal(forward("org-4", ""), NRS_ERROR_ONWARD);
    assert_int_equal(forward("@electricity", ",\"onward\":[\"ministry\"]"), NRS_ERROR_CONDITIONS);
    OK(forward("org-3", ""));
    stop();
}

static void its_source_binds_the_hub(void **state)
{
    (void)state;
    start();
    vouch("AMBER", "@electricity");
    mesh_wait_for_tick(&net, 4);
    for (size_t node = 0; node < 3; node++) {
        if (node == SOURCE) {
            continue;
        }
        assert_int_equal(mesh_ask(&net, node, "{\"command\":\"export\",\"id\":\"%s\",\"sink\":\"clients\"}", published), NRS_ERROR_CONDITIONS);
        OK(mesh_ask(&net, node, "{\"command\":\"export\",\"id\":\"%s\",\"sink\":\"own\"}", published));
    }
    stop();
}

static void no_more_withheld(void *context, nrs_roster *next)
{
    (void)context;
    next->rules->flags &= ~(uint32_t)NRS_RULE_WITHHELD;
}

/* All members would refuse it, while the source reads that it was published. */
static void the_rules_of_the_day_hold(void **state)
{
    (void)state;
    start();
    send_withheld("AMBER", "@electricity");
    mesh_change(&net, no_more_withheld, NULL);
    mesh_settle(&net, 4);
    assert_int_equal(mesh_ask(&net, HUB, "{\"command\":\"vouch\",\"id\":\"%s\"}", published), NRS_ERROR_COMMUNITY_RULE);
    stop();
}

/* Under which label it was given on, and whether a person let names stand. */
static void the_log_says_what_the_secretariat_decided(void **state)
{
    static const struct { const char *more, *detail, *rule; bool taken_back; } cases[] = {
        {"", "AMBER", "", false},
        {",\"label\":\"AMBER+STRICT\",\"to\":[\"org-2\"]", "AMBER given as AMBER+STRICT", "", false},
        {",\"keep_names\":true", "AMBER, names kept", "", true},
        {",\"label\":\"AMBER+STRICT\",\"to\":[\"org-2\"],\"keep_names\":true", "AMBER given as AMBER+STRICT, names kept", "", false},
        {",\"label\":\"GREEN\"", "AMBER given as GREEN", "label-forbids", false},
    };

    (void)state;
    start();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        send_withheld("AMBER", "org-2\",\"org-3");
        assert_int_equal(mesh_ask(&net, HUB, "{\"command\":\"vouch\",\"id\":\"%s\"%s}", published, cases[i].more),
                         cases[i].rule[0] == '\0' ? NRS_OK : nrs_error_from_rule(cases[i].rule));
        (void)snprintf(published, sizeof published, "%s", cases[i].taken_back ? mesh_text(mesh_row(&net, HUB, 0), "id") : "");
        OK(mesh_command(&net, HUB, "{\"command\":\"audit-list\",\"kind\":\"vouch\",\"limit\":1}"));
        assert_string_equal(mesh_text(mesh_row(&net, HUB, 0), "detail"), cases[i].detail);
        assert_string_equal(mesh_text(mesh_row(&net, HUB, 0), "rule"), cases[i].rule);
        if (cases[i].taken_back) {
            mesh_wait_for_tick(&net, 4);
            OK(mesh_ask(&net, HUB, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤報\",\"keep_names\":true}", published));
            OK(mesh_command(&net, HUB, "{\"command\":\"audit-list\",\"kind\":\"withdraw\",\"limit\":1}"));
            assert_string_equal(mesh_text(mesh_row(&net, HUB, 0), "detail"), "AMBER, names kept");
        }
    }
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_of_it_leaves_before_the_tick),
        cmocka_unit_test(it_goes_no_further_than_the_source_let_it),
        cmocka_unit_test(its_source_binds_the_hub),
        cmocka_unit_test(the_rules_of_the_day_hold),
        cmocka_unit_test(the_log_says_what_the_secretariat_decided),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
