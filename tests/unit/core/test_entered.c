/* A secretariat enters whom it likes, by a public card: a community that an organisation stands in and never joined draws nothing away from
 * one that it is in (SPEC 5.2). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "mesh_second.h"
#include "mesh_persons.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

enum { HUB, DESK, OTHER, GAS_HUB };

static mesh net;
static mesh_second gas;
static mesh_person tanaka = {"tanaka", OTHER, NULL};

static void enter_other(void *context, nrs_roster *next)
{
    static Nrs__Wire__Member *members[3];
    static Nrs__Wire__Rules rules;

    (void)context;
    assert_int_equal(next->n_members, 2);
    members[0] = next->members[0];
    members[1] = mesh_member(&net.nodes[OTHER], NRS_ROLE_OPERATOR);
    members[2] = next->members[1];
    next->members = members;
    next->n_members = 3;
    rules = *next->rules;
    rules.flags |= NRS_RULE_RED_RELAY;
    next->rules = &rules;
}

static void enter_fourth(void *context, nrs_roster *next)
{
    static Nrs__Wire__Member *members[8];

    (void)context;
    memcpy(members, next->members, next->n_members * sizeof *members);
    members[next->n_members] = mesh_member(&net.nodes[4], NRS_ROLE_OPERATOR);
    next->members = members;
    next->n_members++;
}

/* The desk is in gas first. */
static int start(void **state)
{
    static const size_t nodes[] = {DESK, GAS_HUB};
    static const uint32_t roles[] = {NRS_ROLE_OPERATOR, NRS_ROLE_HUB};
    mesh_person *one[] = {&tanaka};

    (void)state;
    mesh_start(&net, 1, 1);
    assert_int_equal(mesh_add_node(&net, "org-1"), DESK);
    assert_int_equal(mesh_add_node(&net, "org-2"), OTHER);
    assert_int_equal(mesh_add_node(&net, "org-3"), GAS_HUB);
    mesh_second_start(&net, &gas, "gas", nodes, roles, 2, false);
    mesh_join(&net, DESK, NRS_ROLE_OPERATOR);
    mesh_join(&net, OTHER, NRS_ROLE_OPERATOR);
    mesh_settle(&net, 4);
    mesh_persons_card(&net, OTHER, one, 1);
    mesh_person_prekeys(&net, &tanaka);
    mesh_settle(&net, 4);
    mesh_second_change(&net, &gas, GAS_HUB, enter_other, NULL);
    mesh_settle(&net, 4);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    nrs_identity_destroy(&tanaka.identity);
    mesh_stop(&net);
    mesh_second_stop(&gas);
    return 0;
}

static void plan(const char *label, const char *to, const char *more)
{
    OK(mesh_ask(&net, DESK, "{\"command\":\"send\",\"label\":\"%s\",\"to\":[\"%s\"],\"kind\":\"incident\",\"subject\":\"S\",\"body\":\"B\",\"dry_run\":true%s}",
                label, to, more));
}

static void assert_in(const char *community, size_t waiting)
{
    assert_string_equal(mesh_text(mesh_row(&net, DESK, 0), "community"), community);
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, DESK, 0), "recipients")), 1);
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, DESK, 0), "waiting")), waiting);
}

static void what_is_sent_goes_where_it_has_joined(void **state)
{
    (void)state;
    plan("AMBER", "org-2", "");
    assert_in("electricity", 0);
    plan("RED", "tanaka@org-2", "");
    assert_in("electricity", 0);
    plan("AMBER", "org-2", ",\"community\":\"@gas\""); /* who says so */
    assert_in("gas", 1);
    mesh_crash(&net, DESK);
    mesh_settle(&net, 4);
    plan("AMBER", "org-2", "");
    assert_in("electricity", 0);
}

/* Nobody has to ask the person for anything. */
static void why_nothing_is_sealed_to_its_persons_there(void **state)
{
    (void)state;
    assert_int_equal(mesh_ask(&net, DESK, "{\"command\":\"red-prepare\",\"label\":\"RED\",\"to\":[\"tanaka@org-2\"],\"community\":\"gas\"}"),
                     NRS_ERROR_NO_PREKEY);
    assert_string_equal(mesh_text(json_array_get(net.nodes[DESK].reply, json_array_size(net.nodes[DESK].reply) - 1), "message"), "tanaka@org-2: that organisation has not joined @gas.");
}

/* It lives there, and mostly may not leave it. */
static void what_is_passed_on_stays_in_its_community(void **state)
{
    static const struct { const char *name, *label, *to, *community; size_t waiting; nrs_error want; } cases[] = {
        {"who has not joined waits", "AMBER", "org-2", "gas", 1, NRS_OK},
        {"what anyone may have is sealed to nobody, and stays there too", "CLEAR", "org-2", "gas", 0, NRS_OK},
        {"else as what is sent", "CLEAR", "org-0", "electricity", 0, NRS_OK},
        {"as far as its label lets it", "AMBER", "org-0", NULL, 0, NRS_ERROR_LABEL_FORBIDS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char id[2 * NRS_HASH_SIZE + 1];

        print_message("%s\n", cases[i].name);
        OK(mesh_ask(&net, GAS_HUB, "{\"command\":\"send\",\"label\":\"%s\",\"to\":[\"org-1\"],\"kind\":\"incident\",\"subject\":\"S\",\"body\":\"B\"}", cases[i].label));
        memcpy(id, mesh_text(mesh_row(&net, GAS_HUB, 0), "id"), sizeof id);
        mesh_settle(&net, 3);
        assert_int_equal(mesh_ask(&net, DESK, "{\"command\":\"forward\",\"id\":\"%s\",\"to\":[\"%s\"],\"body\":\"B\",\"dry_run\":true}", id, cases[i].to), cases[i].want);
        if (cases[i].want == NRS_OK) {
            assert_in(cases[i].community, cases[i].waiting);
        }
    }
}

/* Where it has not been heard in any, the first holds as ever. */
static void who_was_not_heard_anywhere_waits_in_the_first(void **state)
{
    (void)state;
    assert_int_equal(mesh_add_node(&net, "org-4"), 4);
    mesh_second_change(&net, &gas, GAS_HUB, enter_fourth, NULL);
    mesh_change(&net, enter_fourth, NULL);
    mesh_settle(&net, 4);
    plan("AMBER", "org-4", "");
    assert_in("gas", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_goes_where_it_has_joined),
        cmocka_unit_test(why_nothing_is_sealed_to_its_persons_there),
        cmocka_unit_test(what_is_passed_on_stays_in_its_community),
        cmocka_unit_test(who_was_not_heard_anywhere_waits_in_the_first),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
