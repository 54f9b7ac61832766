/* A sealed report and the table of its first slots: one row of the log when they come together, two when they do not. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "mesh_look.h"
#include "mesh_records.h"

#define POSITION (1ull << 20) /* past what the peers say by themselves */

static mesh net;

static void send_one(size_t node)
{
    assert_int_equal(mesh_command(&net, node, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\","
                                              "\"subject\":\"S\",\"body\":\"B\"}"), NRS_OK);
}

static void together_they_are_one_row(void **state)
{
    mesh_records tables;

    (void)state;
    mesh_start(&net, 4, 2);
    send_one(2);
    mesh_settle(&net, 3);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(mesh_rows_of(&net, i, NRS_RECORD_SEALED), 1);
        assert_int_equal(mesh_rows_of(&net, i, NRS_RECORD_SLOT_TABLE), 0);
        tables = mesh_records_of(&net, i, NRS_RECORD_SLOT_TABLE);
        assert_int_equal(tables.count, i != 3); /* a member gets its own slot, not the table */
        mesh_records_wipe(&tables);
        assert_int_equal(mesh_listed(&net, i), 1);
    }
    mesh_stop(&net);
}

/* A hub that starts again passes on what it reads back from the row. */
static void both_are_read_back(void **state)
{
    (void)state;
    mesh_start(&net, 3, 1);
    mesh_down(&net, 2);
    send_one(1);
    mesh_settle(&net, 3);
    mesh_crash(&net, 0);
    mesh_down(&net, 1);
    mesh_up(&net, 2);
    mesh_settle(&net, 3);
    assert_int_equal(mesh_listed(&net, 2), 1);
    mesh_stop(&net);
}

/* What was sealed a moment ago goes to the hub as it was written; a hub of its own takes it apart for its members, without the disk. */
static void what_was_just_sent_is_not_read_back(void **state)
{
    long long before;

    (void)state;
    mesh_start(&net, 4, 2);
    for (size_t sender = 0; sender < 3; sender += 2) {
        before = mesh_rows_read(&net, sender);
        send_one(sender);
        assert_int_equal(mesh_rows_read(&net, sender), before);
    }
    mesh_settle(&net, 3);
    assert_int_equal(mesh_listed(&net, 3), 2);
    mesh_stop(&net);
}

static void a_table_that_comes_again_changes_nothing(void **state)
{
    mesh_records tables;
    uint64_t end;

    (void)state;
    mesh_start(&net, 3, 1);
    send_one(1);
    mesh_settle(&net, 3);
    tables = mesh_records_of(&net, 1, NRS_RECORD_SLOT_TABLE);
    end = nrs_store_log_end(net.nodes[0].store);
    mesh_give_records(&net, 1, 0, POSITION, nrs_slice_of_bytes(&tables.records[0]), nrs_slice_of(NULL, 0));
    assert_int_equal(nrs_store_log_end(net.nodes[0].store), end);
    mesh_records_wipe(&tables);
    mesh_stop(&net);
}

/* What hub 0 is given in place of the frame in which member 2 sends its report: the report, and a table whose last wrapped
 * key is not the one of the tree. Hub 1 gets the true ones, and passes them on. */
typedef struct exchange {
    bool together, done;
} exchange;

static bool exchange_table(void *context, size_t from, size_t to, nrs_slice frame)
{
    exchange *it = context;
    mesh_records sealed, tables;
    bool hit;

    (void)frame;
    if (it->done || from != 2 || to != 0) {
        return true;
    }
    sealed = mesh_records_of(&net, 2, NRS_RECORD_SEALED);
    tables = mesh_records_of(&net, 2, NRS_RECORD_SLOT_TABLE);
    hit = sealed.count == 1 && tables.count == 1;
    if (hit) {
        nrs_bytes *table = &tables.records[0];
        it->done = true;
        table->data[table->size - 1] ^= 1;
        if (it->together) {
            mesh_give_records(&net, 2, 0, POSITION, nrs_slice_of_bytes(&sealed.records[0]), nrs_slice_of_bytes(table));
        } else {
            mesh_give_records(&net, 2, 0, POSITION, nrs_slice_of_bytes(&sealed.records[0]), nrs_slice_of(NULL, 0));
            mesh_give_records(&net, 2, 0, POSITION + 1, nrs_slice_of_bytes(table), nrs_slice_of(NULL, 0));
        }
        assert_int_equal(mesh_rows_of(&net, 0, NRS_RECORD_SEALED), 1);
        assert_int_equal(mesh_rows_of(&net, 0, NRS_RECORD_SLOT_TABLE), 0);
        assert_int_equal(mesh_listed(&net, 0), 0);
    }
    mesh_records_wipe(&sealed);
    mesh_records_wipe(&tables);
    return !hit;
}

static void check_exchanged(bool together)
{
    exchange it = {.together = together};

    mesh_start(&net, 4, 2);
    net.inspect = exchange_table;
    net.inspect_context = &it;
    send_one(2);
    mesh_settle(&net, 3);
    net.inspect = NULL;
    assert_true(it.done);
    assert_int_equal(mesh_rows_of(&net, 0, NRS_RECORD_SLOT_TABLE), 1);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(mesh_listed(&net, i), 1);
    }
    mesh_stop(&net);
}

static void a_false_table_behind_a_report_is_refused_and_the_report_kept(void **state)
{
    (void)state;
    check_exchanged(true);
}

static void a_table_that_comes_later_is_a_row_of_its_own(void **state)
{
    (void)state;
    check_exchanged(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(together_they_are_one_row),
        cmocka_unit_test(both_are_read_back),
        cmocka_unit_test(what_was_just_sent_is_not_read_back),
        cmocka_unit_test(a_table_that_comes_again_changes_nothing),
        cmocka_unit_test(a_false_table_behind_a_report_is_refused_and_the_report_kept),
        cmocka_unit_test(a_table_that_comes_later_is_a_row_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
