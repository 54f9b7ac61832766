/* Grants that find no room: of secrets for a while, or among those that a report may have (SPEC 6.10, 6.12, 10.4). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh_forge.h"
#include "mesh_records.h"
#include "proto/label.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

enum { HUB = 0, SOURCE = 1, HOLDER = 2, THIRD = 3, MINISTRY = 4, EXTRA_1 = 5, EXTRA_2 = 6, EXTRA_3 = 7 };

static mesh net;
static char report[2 * NRS_HASH_SIZE + 1];
static uint8_t report_id[NRS_HASH_SIZE];
static const uint8_t salt[NRS_HASH_SIZE] = {5};

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
    OK(nrs_hex_decode(report_id, sizeof report_id, report));
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

/* ---- Slots of one report ---- */

static uint64_t position = 1u << 20;

static void give(size_t from, const nrs_bytes *record)
{
    mesh_give_records(&net, from, HUB, position++, nrs_slice_of_bytes(record), nrs_slice_of(NULL, 0));
}

/* A holder with a release says that it grants to as many as it can. What the source and the hub may give is not touched by that. */
static void one_holder_uses_up_its_own_alone(void **state)
{
    mesh_forging how = {.net = &net, .keeper = HOLDER, .report = report_id, .grantor = HOLDER, .to = THIRD, .named = THIRD, .authority = NRS_AUTHORITY_RELEASE,
                        .salt = salt, .slot_count = NRS_SLOT_COUNT_MAX};
    mesh_releasing releasing = {.net = &net, .report = report_id, .signer = SOURCE, .holder = HOLDER, .named = THIRD, .salt = salt, .label = NRS_LABEL_AMBER};
    nrs_bytes release = {0};
    uint8_t id[NRS_HASH_SIZE];
    size_t before;

    (void)state;
    start();
    mesh_down(&net, MINISTRY);
    send_it("@electricity", "\"ministry\"");
    before = mesh_rows_of(&net, HUB, NRS_RECORD_GRANT);
    releasing.expires_ms = net.now_ms + NRS_DAY_MS;
    mesh_forge_release(&release, id, &releasing);
    how.ref = id;
    give(HOLDER, &release);
    for (size_t i = 0; i < 12; i++) {
        mesh_forged made = mesh_forge(&how);

        give(HOLDER, &made.grant);
        mesh_forged_wipe(&made);
    }
    assert_int_equal(mesh_rows_of(&net, HUB, NRS_RECORD_GRANT) - before, NRS_LATER_SLOT_COUNT_OTHER_MAX / NRS_SLOT_COUNT_MAX);
    assert_non_null(strstr(net.nodes[HUB].last_log, "too-large"));
    before = mesh_rows_of(&net, HUB, NRS_RECORD_GRANT);
    how = (mesh_forging){.net = &net, .keeper = HOLDER, .report = report_id, .grantor = SOURCE, .to = THIRD, .unnamed = true, .authority = NRS_AUTHORITY_ORIGINATOR,
                         .slot_count = NRS_SLOT_COUNT_MAX};
    for (size_t i = 0; i < 12; i++) {
        mesh_forged made = mesh_forge(&how);

        give(SOURCE, &made.grant);
        mesh_forged_wipe(&made);
    }
    assert_int_equal(mesh_rows_of(&net, HUB, NRS_RECORD_GRANT) - before, NRS_LATER_SLOT_COUNT_MAX / NRS_SLOT_COUNT_MAX);
    mesh_up(&net, MINISTRY); /* and the hub goes on by its own count */
    mesh_settle(&net, 90);
    OK(show(MINISTRY));
    nrs_bytes_wipe(&release);
    mesh_stop(&net);
}

/* However many holders there are, together they take no more than one source may. */
static void all_holders_together_have_an_end(void **state)
{
    static const size_t holders[] = {HOLDER, THIRD, EXTRA_1, EXTRA_2, EXTRA_3};
    size_t before;

    (void)state;
    start();
    for (size_t i = EXTRA_1; i <= EXTRA_3; i++) {
        char org[32];

        (void)snprintf(org, sizeof org, "org-%zu", i);
        assert_int_equal(mesh_add_node(&net, org), i);
        mesh_join(&net, i, NRS_ROLE_OPERATOR);
    }
    mesh_settle(&net, 6);
    send_it("@electricity", "");
    before = mesh_rows_of(&net, HUB, NRS_RECORD_GRANT);
    for (size_t h = 0; h < sizeof holders / sizeof holders[0]; h++) {
        mesh_forging how = {.net = &net, .keeper = HOLDER, .report = report_id, .grantor = holders[h], .to = THIRD, .named = THIRD,
                            .authority = NRS_AUTHORITY_RELEASE, .salt = salt, .slot_count = NRS_SLOT_COUNT_MAX};
        nrs_bytes release = {0};
        uint8_t id[NRS_HASH_SIZE];

        mesh_forge_release(&release, id, &(mesh_releasing){.net = &net, .report = report_id, .signer = SOURCE, .holder = holders[h], .named = THIRD, .salt = salt,
                                                          .label = NRS_LABEL_AMBER, .expires_ms = net.now_ms + NRS_DAY_MS});
        how.ref = id;
        give(holders[h], &release);
        for (size_t i = 0; i < NRS_LATER_SLOT_COUNT_OTHER_MAX / NRS_SLOT_COUNT_MAX; i++) {
            mesh_forged made = mesh_forge(&how);

            give(holders[h], &made.grant);
            mesh_forged_wipe(&made);
        }
        nrs_bytes_wipe(&release);
    }
    assert_int_equal(mesh_rows_of(&net, HUB, NRS_RECORD_GRANT) - before, NRS_LATER_SLOT_COUNT_MAX / NRS_SLOT_COUNT_MAX);
    mesh_stop(&net);
}

/* An answer whose grants cannot be made is an answer all the same, and says why in the audit log. */
static void a_release_that_is_too_large_is_answered(void **state)
{
    char ask[2 * NRS_HASH_SIZE + 1];
    size_t refused = 0;

    (void)state;
    start();
    send_it("org-2", "");
    OK(mesh_ask(&net, HOLDER, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-3\"],\"reason\":\"r\"}", report));
    (void)snprintf(ask, sizeof ask, "%s", mesh_text(mesh_row(&net, HOLDER, 0), "id"));
    mesh_settle(&net, 4);
    OK(nrs_store_begin(net.nodes[HOLDER].store));
    OK(nrs_store_granted_set(net.nodes[HOLDER].store, report_id, nrs_slice_of(nrs_identity_public(net.nodes[HOLDER].identity)->sign_key, NRS_KEY_SIZE),
                             NRS_LATER_SLOT_COUNT_OTHER_MAX));
    OK(nrs_store_commit(net.nodes[HOLDER].store));
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"release-grant\",\"id\":\"%s\"}", ask));
    mesh_settle(&net, 8);
    OK(mesh_ask(&net, HOLDER, "{\"command\":\"release-list\"}"));
    assert_string_equal(mesh_text(mesh_row(&net, HOLDER, 0), "state"), "released");
    OK(mesh_ask(&net, HOLDER, "{\"command\":\"audit-list\",\"kind\":\"release\"}"));
    for (size_t i = 0; i < mesh_row_count(&net, HOLDER); i++) {
        refused += strcmp(mesh_text(mesh_row(&net, HOLDER, i), "rule"), "too-large") == 0;
    }
    assert_int_equal(refused, 1);
    assert_int_equal(show(THIRD), NRS_ERROR_NOT_FOUND);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whom_the_consent_names_is_let_in_later),
        cmocka_unit_test(one_holder_uses_up_its_own_alone),
        cmocka_unit_test(all_holders_together_have_an_end),
        cmocka_unit_test(a_release_that_is_too_large_is_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
