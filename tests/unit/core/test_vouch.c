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
    gas = (mesh_second){0};
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
    mesh_remove(&net, SOURCE); /* what it was known by holds on */
    mesh_settle(&net, 4);
    assert_int_equal(vouch(""), NRS_ERROR_SOURCE_NAMED);
    OK(vouch(",\"dry_run\":true,\"subject\":\"s\",\"body\":\"b\",\"fields\":{}"));
    lose_card();
    assert_int_equal(vouch(",\"subject\":\"s\",\"body\":\"b\",\"fields\":{}"), NRS_ERROR_SOURCE_NAMED);
    OK(vouch(",\"keep_names\":true,\"subject\":\"s\",\"body\":\"b\",\"fields\":{}"));
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_published_in_another_community),
        cmocka_unit_test(a_source_of_whom_no_card_is_known_is_not_overlooked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
