/* Vouching when the roster has changed since the source reported (SPEC 6.11). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "mesh.h"
#include "mesh_second.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

/* In electricity: the hub, the source, one who is in gas as well, and one more. In gas: the hub, and that one. */
enum { HUB = 0, SOURCE = 1, BOTH = 2, MEMBER = 3 };

static mesh net;
static mesh_second gas;
static char report[2 * NRS_HASH_SIZE + 1];

static void start(void)
{
    static const size_t nodes[] = {HUB, BOTH};
    static const uint32_t roles[] = {NRS_ROLE_HUB, NRS_ROLE_OPERATOR};

    mesh_start(&net, 4, 1);
    mesh_second_start(&net, &gas, "gas", nodes, roles, 2, true);
    mesh_second_recognised(&net, &gas);
    mesh_settle(&net, 4);
}

static void stop(void)
{
    mesh_stop(&net);
    mesh_second_stop(&gas);
}

static void send_withheld(const char *to)
{
    OK(mesh_ask(&net, SOURCE,
                "{\"command\":\"send\",\"withhold_source\":true,\"via\":[\"org-0\"],\"label\":\"AMBER\",\"to\":[\"%s\"],\"kind\":\"incident\","
                "\"subject\":\"件名\",\"body\":\"ORG-1の停止\"}", to));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    mesh_settle(&net, 3);
}

static nrs_error vouch(const char *more)
{
    return mesh_ask(&net, HUB, "{\"command\":\"vouch\",\"id\":\"%s\"%s}", report, more);
}

/* Whom the source named has left its community, and is still in another one of the hub's. */
static void nothing_is_published_in_another_community(void **state)
{
    (void)state;
    start();
    send_withheld("org-2");
    mesh_remove(&net, BOTH);
    mesh_settle(&net, 4);
    assert_int_equal(vouch(",\"keep_names\":true"), NRS_ERROR_AUDIENCE);
    stop();
    start();
    send_withheld("org-2\",\"org-3");
    mesh_remove(&net, BOTH);
    mesh_settle(&net, 4);
    assert_int_equal(vouch(",\"keep_names\":true,\"to\":[\"org-2\"]"), NRS_ERROR_AUDIENCE);
    OK(vouch(",\"keep_names\":true,\"to\":[\"org-3\"]"));
    assert_string_equal(mesh_text(mesh_row(&net, HUB, 0), "community"), "electricity");
    stop();
}

/* The hub's store has lost the card: what would name the source is not known any more. */
static void lose_card(void)
{
    char path[128], text[128], key[2 * NRS_KEY_SIZE + 1];
    sqlite3 *database = NULL;

    nrs_hex_encode(key, nrs_identity_public(net.nodes[SOURCE].identity)->sign_key, NRS_KEY_SIZE);
    (void)snprintf(text, sizeof text, "DELETE FROM card WHERE owner = x'%s'", key);
    mesh_down(&net, HUB);
    (void)snprintf(path, sizeof path, "%s/store.db", net.nodes[HUB].folder);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    mesh_up(&net, HUB);
    mesh_settle(&net, 4);
}

static void a_source_of_whom_no_card_is_known_is_not_overlooked(void **state)
{
    (void)state;
    start();
    send_withheld("@electricity");
    assert_int_equal(vouch(""), NRS_ERROR_SOURCE_NAMED);
    OK(vouch(",\"dry_run\":true,\"subject\":\"s\",\"body\":\"b\",\"fields\":{}"));
    assert_int_equal(vouch(",\"dry_run\":true,\"subject\":\"s\",\"body\":\" \\u3000\",\"fields\":{}"), NRS_ERROR_USAGE); /* SPEC 5.2 */
    mesh_remove(&net, SOURCE); /* what it was known by holds on */
    mesh_settle(&net, 4);
    assert_int_equal(vouch(""), NRS_ERROR_SOURCE_NAMED);
    OK(vouch(",\"dry_run\":true,\"subject\":\"s\",\"body\":\"b\",\"fields\":{}"));
    lose_card();
    assert_int_equal(vouch(",\"subject\":\"s\",\"body\":\"b\",\"fields\":{}"), NRS_ERROR_SOURCE_NAMED);
    OK(vouch(",\"keep_names\":true,\"subject\":\"s\",\"body\":\"b\",\"fields\":{}"));
    stop();
}

static void keep_id(char *to, size_t node)
{
    (void)snprintf(to, 2 * NRS_HASH_SIZE + 1, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
}

static void send_by(size_t node, const char *follows, const char *more)
{
    OK(mesh_ask(&net, node, "{\"command\":\"send\",\"withhold_source\":true,\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\","
                            "\"subject\":\"件名\",\"body\":\"本文\",\"follows\":\"%s\"%s}", follows, more));
    keep_id(report, node);
    mesh_settle(&net, 3);
}

/* Another member says that its report is the last one of the source's series. */
static void nobody_goes_on_with_anothers_series(void **state)
{
    char first[2 * NRS_HASH_SIZE + 1], published[2 * NRS_HASH_SIZE + 1];

    (void)state;
    for (size_t other = 0; other < 2; other++) {
        const json_t *row;

        start();
        send_withheld("@electricity");
        OK(vouch(",\"keep_names\":true"));
        keep_id(first, HUB);
        mesh_wait_for_tick(&net, 4);
        send_by(other == 1 ? MEMBER : SOURCE, first, ",\"final\":true");
        OK(vouch(""));
        keep_id(published, HUB);
        assert_int_equal(json_array_size(json_object_get(mesh_row(&net, HUB, 0), "dropped")), other);
        mesh_wait_for_tick(&net, 4);
        OK(mesh_ask(&net, BOTH, "{\"command\":\"show\",\"id\":\"%s\"}", published));
        row = mesh_row(&net, BOTH, 0);
        assert_int_equal(json_is_null(json_object_get(row, "follows")), other == 1);
        assert_int_equal(json_is_null(json_object_get(row, "number")), other == 1);
        assert_int_equal(json_is_true(json_object_get(row, "final")), other == 0);
        stop();
    }
}

/* All read who is named: who withholds a source, and who vouches for it, is told what that tells; and the order is nobody's. */
static void a_list_of_names_is_warned_of(void **state)
{
    const json_t *to;

    (void)state;
    start();
    send_withheld("@electricity");
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, SOURCE, 0), "warnings")), 0);
    OK(vouch(",\"keep_names\":true,\"dry_run\":true"));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, HUB, 0), "warnings")), 0);
    OK(vouch(",\"keep_names\":true,\"dry_run\":true,\"to\":[\"org-3\"]"));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, HUB, 0), "warnings")), 1);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"withhold_source\":true,\"label\":\"AMBER\",\"to\":[\"org-3\",\"org-1\"],\"kind\":\"incident\","
                              "\"subject\":\"件名\",\"body\":\"本文\"}"));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, SOURCE, 0), "warnings")), 1);
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, SOURCE, 0), "audience")), 2); /* itself, too */
    keep_id(report, SOURCE);
    mesh_settle(&net, 3);
    OK(vouch(""));
    keep_id(report, HUB);
    mesh_wait_for_tick(&net, 4);
    OK(mesh_ask(&net, MEMBER, "{\"command\":\"show\",\"id\":\"%s\"}", report));
    to = json_object_get(mesh_row(&net, MEMBER, 0), "to");
    assert_string_equal(json_string_value(json_array_get(to, 0)), "org-1");
    assert_string_equal(json_string_value(json_array_get(to, 1)), "org-3");
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_published_in_another_community),
        cmocka_unit_test(a_source_of_whom_no_card_is_known_is_not_overlooked),
        cmocka_unit_test(nobody_goes_on_with_anothers_series),
        cmocka_unit_test(a_list_of_names_is_warned_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
