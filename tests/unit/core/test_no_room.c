/* The pool of secrets is full while something is taken in: a shortage that passes is no verdict, and loses nothing (SPEC 10.4). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "keys/secret.h"
#include "mesh_records.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define POOL 8192u

static mesh net;
static nrs_secret *taken[POOL];
static size_t taken_count;

static void fill_pool(void)
{
    while (taken_count < POOL && nrs_secret_new(&taken[taken_count], NRS_KEY_SIZE) == NRS_OK) {
        taken_count++;
    }
}

static void free_pool(void)
{
    while (taken_count > 0) {
        taken_count--;
        nrs_secret_destroy(&taken[taken_count]);
    }
}

/* The pool is full while the k-th thing that comes for this node is taken in. */
typedef struct shortage {
    size_t node, at, seen;
} shortage;

static void at_kth(void *context, size_t node, bool before)
{
    shortage *now = context;

    if (node != now->node) {
        return;
    }
    if (!before) {
        free_pool();
        return;
    }
    now->seen++;
    if (now->seen == now->at) {
        fill_pool();
    }
}

static void arm(shortage *now, size_t node, size_t at)
{
    *now = (shortage){.node = node, .at = at};
    net.deliver = at_kth;
    net.deliver_context = now;
}

static void send_report(size_t node, char id_out[65])
{
    OK(mesh_ask(&net, node, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"件名\",\"body\":\"本文\"}"));
    (void)snprintf(id_out, 65, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
}

static bool confirmed(size_t node, const char *id, const char *by, const char *stage)
{
    OK(mesh_ask(&net, node, "{\"command\":\"receipts\",\"id\":\"%s\"}", id));
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        const json_t *row = mesh_row(&net, node, i);
        if (strcmp(mesh_text(row, "recipient"), by) == 0 && strcmp(mesh_text(row, "stage"), stage) == 0) {
            return true;
        }
    }
    return false;
}

static void at_any_arrival_it_loses_nothing(void **state)
{
    (void)state;
    for (size_t node = 0; node < 3; node++) {
        shortage now = {.at = 1};

        for (size_t k = 1; now.seen + 1 >= now.at && k <= 40; k++) {
            char of_member[65], of_hub[65];

            mesh_start(&net, 3, 1);
            arm(&now, node, k);
            send_report(1, of_member);
            send_report(0, of_hub);
            mesh_settle(&net, 5);
            for (size_t i = 0; i < 3; i++) {
                OK(mesh_ask(&net, i, "{\"command\":\"show\",\"id\":\"%s\"}", of_member));
                OK(mesh_ask(&net, i, "{\"command\":\"show\",\"id\":\"%s\"}", of_hub));
            }
            mesh_settle(&net, 5);
            assert_true(confirmed(1, of_member, "org-0", "opened"));
            assert_true(confirmed(1, of_member, "org-2", "opened"));
            assert_true(confirmed(0, of_hub, "org-1", "opened"));
            assert_true(confirmed(0, of_hub, "org-2", "opened"));
            mesh_stop(&net);
        }
        assert_true(now.seen > 4);
    }
}

static long long deferred_count(void)
{
    OK(mesh_ask(&net, 0, "{\"command\":\"status\"}"));
    return json_integer_value(json_object_get(mesh_row(&net, 0, 0), "deferred"));
}

/* Its peer has been told that the record is kept, and never comes again with it. */
static void what_was_deferred_waits_for_room(void **state)
{
    const nrs_event tick = {.type = NRS_EVENT_TICK};
    mesh_records sealed, slots;
    char id[65];

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_bump(&net);
    mesh_bump(&net);
    mesh_give(&net, 1);
    send_report(1, id);
    sealed = mesh_records_of(&net, 1, NRS_RECORD_SEALED);
    slots = mesh_records_of(&net, 1, NRS_RECORD_SLOT_TABLE);
    assert_int_equal(slots.count, 1);
    mesh_give_records(&net, 1, 0, 1u << 20, nrs_slice_of_bytes(&sealed.records[0]), nrs_slice_of_bytes(&slots.records[0]));
    assert_int_equal(deferred_count(), 2);
    mesh_down(&net, 1);
    fill_pool();
    mesh_give(&net, 0);
    OK(mesh_step(&net, 0, &tick));
    free_pool();
    assert_int_equal(deferred_count(), 1); /* the report is carried, and its slots wait */
    mesh_crash(&net, 0); /* that it waits for no more than room is known after a start, too */
    OK(mesh_step(&net, 0, &tick));
    assert_int_equal(deferred_count(), 0);
    OK(mesh_ask(&net, 0, "{\"command\":\"show\",\"id\":\"%s\"}", id));
    mesh_records_wipe(&slots);
    mesh_records_wipe(&sealed);
    mesh_stop(&net);
}

static void a_question_waits_for_room(void **state)
{
    shortage now = {.at = 1};

    (void)state;
    for (size_t k = 1; now.seen + 1 >= now.at && k <= 12; k++) {
        char id[65];

        mesh_start(&net, 3, 1);
        OK(mesh_ask(&net, 1, "{\"command\":\"send\",\"withhold_source\":true,\"via\":[\"org-0\"],\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\","
                             "\"subject\":\"件名\",\"body\":\"本文\"}"));
        (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, 1, 0), "id"));
        mesh_settle(&net, 3);
        OK(mesh_ask(&net, 0, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"いつからですか\"}", id));
        mesh_settle(&net, 2);
        arm(&now, 1, k);
        mesh_settle(&net, MESH_VOUCH_TICK_MS / 1000 + 6);
        OK(mesh_ask(&net, 1, "{\"command\":\"show\",\"id\":\"%s\"}", id));
        assert_int_equal(json_array_size(json_object_get(mesh_row(&net, 1, 0), "questions")), 1);
        mesh_stop(&net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_any_arrival_it_loses_nothing),
        cmocka_unit_test(what_was_deferred_waits_for_room),
        cmocka_unit_test(a_question_waits_for_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
