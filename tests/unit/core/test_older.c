/* A machine that was put back to a snapshot while it ran: its store began no new part, and a peer holds more of the newest than there is. And a
 * clock that jumps, by which such a machine is noticed before anybody is asked. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "mesh.h"
#include "mesh_disk.h"
#include "mesh_look.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define SEND "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"S\",\"body\":\"B\"}"

static const char older[] = "an older copy of this node's folder"; /* of the warning */
static mesh net;

/* Changes the database of a node that is down. */
static void part_of(size_t node, uint8_t part_out[NRS_LOG_ID_SIZE])
{
    memcpy(part_out, nrs_store_incarnation(net.nodes[node].store), NRS_LOG_ID_SIZE);
}

static void a_peer_that_holds_more_of_the_newest_part_is_heard(void **state)
{
    uint8_t before[NRS_LOG_ID_SIZE], after[NRS_LOG_ID_SIZE];

    (void)state;
    mesh_start(&net, 3, 1);
    OK(mesh_command(&net, 1, SEND));
    mesh_settle(&net, 4);
    assert_int_equal(mesh_listed(&net, 2), 1);
    part_of(1, before);
    mesh_down(&net, 0);
    mesh_sql(&net, 0, "UPDATE held SET position = position + 3"); /* what the hub has of all of them, as if they had gone on and been put back */
    OK(mesh_command(&net, 1, SEND));
    mesh_up(&net, 0);
    mesh_settle(&net, 6);
    part_of(1, after);
    assert_memory_not_equal(after, before, NRS_LOG_ID_SIZE);
    OK(mesh_command(&net, 1, SEND));
    mesh_settle(&net, 4);
    assert_int_equal(mesh_listed(&net, 2), 3);
    assert_true(mesh_warned(&net, 1, older));
    assert_false(mesh_warned(&net, 0, older));
    mesh_settle(&net, 20);
    part_of(1, before);
    assert_memory_equal(after, before, NRS_LOG_ID_SIZE); /* once, not for ever */
    assert_true(mesh_linked(&net, 0, 1) && mesh_linked(&net, 0, 2));
    mesh_stop(&net);
}

/* Of node 0's log, `node` says that it holds far more than there is: its bare word. */
static void claim_ahead(size_t node, size_t rounds)
{
    mesh_down(&net, node);
    mesh_sql(&net, node, "UPDATE held SET position = position + 1099511627776");
    mesh_up(&net, node);
    mesh_settle(&net, rounds);
}

static void who_claims_again_and_again_ends_no_link_but_its_own(void **state)
{
    uint8_t before[NRS_LOG_ID_SIZE], after[NRS_LOG_ID_SIZE];
    nrs_link_id third;

    (void)state;
    mesh_start(&net, 4, 1);
    OK(mesh_command(&net, 1, SEND));
    mesh_settle(&net, 4);
    part_of(0, before);
    claim_ahead(2, 6);
    part_of(0, after);
    assert_memory_not_equal(after, before, NRS_LOG_ID_SIZE); /* the first is believed: it costs a link that comes again */
    OK(mesh_command(&net, 1, SEND));
    mesh_settle(&net, 4);
    assert_int_equal(mesh_listed(&net, 2), 2);
    assert_true(mesh_linked(&net, 0, 1) && mesh_linked(&net, 0, 2) && mesh_linked(&net, 0, 3));
    third = mesh_link_id(&net, 1, 0);
    for (size_t i = 0; i < 20; i++) {
        claim_ahead(2, 2);
    }
    claim_ahead(3, 2); /* nor two who take turns */
    part_of(0, before);
    assert_memory_equal(after, before, NRS_LOG_ID_SIZE);
    assert_false(mesh_linked(&net, 0, 2));
    assert_false(mesh_linked(&net, 0, 3));
    assert_true(mesh_linked(&net, 0, 1));
    assert_true(mesh_link_id(&net, 1, 0) == third);
    net.now_ms += NRS_HOUR_MS;
    net.monotonic_ms += NRS_HOUR_MS;
    mesh_down(&net, 3);
    mesh_up(&net, 3);
    mesh_settle(&net, 6);
    part_of(0, before);
    assert_memory_not_equal(after, before, NRS_LOG_ID_SIZE); /* after an hour another is heard */
    assert_true(mesh_linked(&net, 0, 3));
    mesh_stop(&net);
}

/* A step that fails, whatever for: the engine reads all again from its store. */
static void fail_a_step(size_t node)
{
    const nrs_event tick = {.type = NRS_EVENT_TICK};
    char path[128];
    sqlite3 *database = NULL;

    (void)snprintf(path, sizeof path, "%s/store.db", net.nodes[node].folder);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_not_equal(mesh_step(&net, node, &tick), NRS_OK);
    assert_int_equal(sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    mesh_settle(&net, 4);
}

static void a_failed_step_gives_nobody_another_hearing(void **state)
{
    uint8_t before[NRS_LOG_ID_SIZE], after[NRS_LOG_ID_SIZE];

    (void)state;
    mesh_start(&net, 4, 1);
    OK(mesh_command(&net, 1, SEND));
    mesh_settle(&net, 4);
    part_of(0, before);
    claim_ahead(2, 6);
    part_of(0, after);
    assert_memory_not_equal(after, before, NRS_LOG_ID_SIZE);
    fail_a_step(0);
    net.now_ms += NRS_HOUR_MS;
    net.monotonic_ms += NRS_HOUR_MS;
    mesh_settle(&net, 4);
    claim_ahead(2, 4); /* its day is not over */
    part_of(0, before);
    assert_memory_equal(after, before, NRS_LOG_ID_SIZE);
    claim_ahead(3, 6);
    part_of(0, before);
    assert_memory_not_equal(after, before, NRS_LOG_ID_SIZE);
    mesh_stop(&net);
}

static void a_jump_of_the_clock_begins_a_part(void **state)
{
    uint8_t before[NRS_LOG_ID_SIZE], after[NRS_LOG_ID_SIZE];

    (void)state;
    mesh_start(&net, 3, 1);
    OK(mesh_command(&net, 1, SEND));
    mesh_settle(&net, 4);
    part_of(1, before);
    net.nodes[1].skew_ms = 3 * (int64_t)NRS_HOUR_MS;
    mesh_settle(&net, 4);
    part_of(1, after);
    assert_memory_not_equal(after, before, NRS_LOG_ID_SIZE);
    OK(mesh_command(&net, 1, SEND));
    mesh_settle(&net, 4);
    assert_int_equal(mesh_listed(&net, 2), 2);
    assert_false(mesh_warned(&net, 1, older));
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_that_holds_more_of_the_newest_part_is_heard),
        cmocka_unit_test(who_claims_again_and_again_ends_no_link_but_its_own),
        cmocka_unit_test(a_failed_step_gives_nobody_another_hearing),
        cmocka_unit_test(a_jump_of_the_clock_begins_a_part),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
