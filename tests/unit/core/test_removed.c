/* Who was removed from one community and keeps its link by another (SPEC 10.3): the link is no way to the first one's reports. What a removed
 * member made under the keys before its own is no more taken than what it made under those. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

#include "mesh_keys.h"
#include "mesh_look.h"
#include "mesh_records.h"
#include "mesh_second.h"
#include "proto/vocabulary.h"

enum { HUB, SENDER, BOTH, REMOVED, NODE_COUNT };

#define OK(expression) assert_int_equal((expression), NRS_OK)

static mesh net;
static mesh_second gas;

static void send_in(size_t from, const char *label, const char *community)
{
    OK(mesh_ask(&net, from,
                "{\"command\":\"send\",\"label\":\"%s\",\"to\":[\"@%s\"],\"kind\":\"incident\",\"subject\":\"S\",\"body\":\"b\"}",
                label, community));
    mesh_settle(&net, 3);
}

static void what_was_sent_while_it_was_away_does_not_reach_who_was_removed_meanwhile(void **state)
{
    static const size_t nodes[] = {HUB, BOTH, REMOVED};
    static const uint32_t roles[] = {NRS_ROLE_HUB, NRS_ROLE_OPERATOR, NRS_ROLE_OPERATOR};
    size_t records;

    (void)state;
    mesh_start(&net, NODE_COUNT, 1);
    mesh_second_start(&net, &gas, "gas", nodes, roles, 3, false);
    records = mesh_rows_of(&net, REMOVED, NRS_RECORD_SEALED);
    mesh_down(&net, REMOVED);
    send_in(SENDER, "AMBER", "electricity"); /* with a slot for it */
    send_in(SENDER, "GREEN", "electricity");
    send_in(SENDER, "CLEAR", "electricity");
    assert_int_equal(mesh_listed(&net, BOTH), 3);
    mesh_remove(&net, REMOVED);
    mesh_settle(&net, 3);
    mesh_up(&net, REMOVED);
    mesh_settle(&net, 6);
    assert_true(mesh_linked(&net, HUB, REMOVED));
    assert_int_equal(mesh_listed(&net, REMOVED), 0);
    assert_int_equal(mesh_rows_of(&net, REMOVED, NRS_RECORD_SEALED), records);
    send_in(BOTH, "AMBER", "gas"); /* the link carries what is for it */
    mesh_settle(&net, 3);
    assert_int_equal(mesh_listed(&net, REMOVED), 1);
    assert_int_equal(mesh_rows_of(&net, REMOVED, NRS_RECORD_SEALED), records + 1);
    mesh_stop(&net);
    mesh_second_stop(&gas);
}

/* Removed as revoked, or gone. Returns how many of the reports that it made before are taken by who was away. */
static size_t taken_of_a_former_key(void (*end)(mesh *net, size_t node))
{
    nrs_identity *after;
    size_t listed;

    mesh_start(&net, NODE_COUNT, 1);
    after = mesh_announce_change(&net, REMOVED);
    mesh_down(&net, BOTH);
    send_in(REMOVED, "GREEN", "electricity");
    mesh_follow_change(&net, REMOVED, after);
    mesh_settle(&net, 4);
    mesh_take_over(&net, REMOVED, after);
    mesh_settle(&net, 4);
    end(&net, REMOVED);
    mesh_settle(&net, 3);
    mesh_up(&net, BOTH);
    mesh_settle(&net, 6);
    listed = mesh_listed(&net, BOTH);
    mesh_stop(&net);
    return listed;
}

static void nothing_is_taken_of_the_keys_before_those_that_were_removed(void **state)
{
    (void)state;
    assert_int_equal(taken_of_a_former_key(mesh_let_go), 1);
    assert_int_equal(taken_of_a_former_key(mesh_remove), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sent_while_it_was_away_does_not_reach_who_was_removed_meanwhile),
        cmocka_unit_test(nothing_is_taken_of_the_keys_before_those_that_were_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
