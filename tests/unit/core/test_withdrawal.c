/* Withdrawals: who may, what hubs stop handing out, what comes too late, what is forged, and keys that go by their date. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "keys/withdrawal.h"
#include "mesh.h"
#include "mesh_records.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

static mesh net;
static char report[2 * NRS_HASH_SIZE + 1];

static void send_to(const char *label, const char *more)
{
    OK(mesh_ask(&net, 1,
                "{\"command\":\"send\",\"label\":\"%s\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"件名\",\"body\":\"本文\"%s}",
                label, more));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, 1, 0), "id"));
}

static nrs_error about(size_t node, const char *command, const char *more)
{
    return mesh_ask(&net, node, "{\"command\":\"%s\",\"id\":\"%s\"%s}", command, report, more);
}

static nrs_error withdraw(size_t node)
{
    return about(node, "withdraw", ",\"reason\":\"誤報\"");
}

/* The row of receipts with this recipient and stage; false if there is none. */
static bool has_receipt(const char *recipient, const char *stage)
{
    OK(about(1, "receipts", ""));
    for (size_t i = 0; i < mesh_row_count(&net, 1); i++) {
        if (strcmp(mesh_text(mesh_row(&net, 1, i), "recipient"), recipient) == 0 && strcmp(mesh_text(mesh_row(&net, 1, i), "stage"), stage) == 0) {
            return true;
        }
    }
    return false;
}

/* The newest entry of a node's audit log of this kind: its rule, "" when it was done; "none" without one. */
static const char *audited(size_t node, const char *kind)
{
    OK(mesh_ask(&net, node, "{\"command\":\"audit-list\",\"kind\":\"%s\",\"limit\":1}", kind));
    return mesh_row_count(&net, node) == 0 ? "none" : mesh_text(mesh_row(&net, node, 0), "rule");
}

static nrs_sealed_view *sealed_of(size_t node)
{
    mesh_records sealed = mesh_records_of(&net, node, NRS_RECORD_SEALED);
    nrs_record *record = NULL;
    nrs_sealed_view *view = NULL;

    assert_true(sealed.count > 0);
    OK(nrs_record_decode(&record, nrs_slice_of_bytes(&sealed.records[sealed.count - 1])));
    OK(nrs_sealed_parse(&view, nrs_field(&record->payload)));
    nrs_record_free(&record);
    mesh_records_wipe(&sealed);
    return view;
}

/* A withdrawal of `view`, signed by one node over `words`, and posted by another with what it says; NULL: without words. */
static void post_words(size_t signer, size_t from, size_t to, size_t via, const nrs_sealed_view *view, const uint8_t *id, const nrs_withdrawal_words *words,
                       const nrs_withdrawal_words *said)
{
    uint8_t salt[NRS_HASH_SIZE] = {9}, commitment[NRS_HASH_SIZE] = {0};
    nrs_bytes proof = {0};
    nrs_statement statement;

    if (words != NULL) {
        OK(nrs_withdrawal_commit(commitment, salt, words));
    }
    OK(nrs_withdrawal_make(&proof, net.nodes[signer].identity, view, net.now_ms, commitment));
    nrs__wire__statement__init(&statement);
    if (said != NULL) {
        statement.reason = (char *)(uintptr_t)said->reason;
        statement.person = (char *)(uintptr_t)said->person;
        statement.user = (char *)(uintptr_t)said->user;
        statement.reference = nrs_field_of(nrs_slice_of(salt, sizeof salt));
    }
    statement.type = NRS_STATEMENT_WITHDRAWAL;
    statement.sealed_id = nrs_field_of(nrs_slice_of(id, NRS_HASH_SIZE));
    statement.at_ms = net.now_ms;
    statement.detail = nrs_field_of(nrs_slice_of_bytes(&proof));
    mesh_post(&net, from, to, via, &statement);
    nrs_bytes_wipe(&proof);
}

static void post(size_t signer, size_t from, size_t to, size_t via, const nrs_sealed_view *view, const uint8_t *id)
{
    post_words(signer, from, to, via, view, id, NULL, NULL);
}

static void only_the_originator(void **state)
{
    nrs_sealed_view *view;
    const uint8_t other[NRS_HASH_SIZE] = {7};

    (void)state;
    mesh_start(&net, 4, 1);
    send_to("AMBER", "");
    mesh_settle(&net, 3);
    assert_int_equal(withdraw(2), NRS_ERROR_NOT_ORIGINATOR);
    assert_string_equal(audited(2, "withdraw"), "not-originator");
    assert_int_equal(about(1, "withdraw", ""), NRS_ERROR_USAGE);
    view = sealed_of(0);
    post(3, 3, 0, 3, view, view->id); /* another member signs it, and says so itself */
    assert_string_equal(audited(0, "withdraw"), "not-originator");
    post(3, 3, 2, 0, view, view->id);
    assert_string_equal(audited(2, "withdraw"), "not-originator");
    post(1, 1, 0, 1, view, other); /* the originator's, of another report than it says */
    assert_string_equal(audited(0, "withdraw"), "forged");
    post(1, 3, 2, 0, view, view->id); /* its word is signed: but a member that is no hub does not pass it on */
    assert_string_equal(audited(2, "withdraw"), "not-member");
    OK(about(2, "show", ""));
    assert_true(json_is_null(json_object_get(mesh_row(&net, 2, 0), "withdrawn_at")));
    OK(about(1, "export", ",\"sink\":\"own\""));
    post(1, 0, 3, 0, view, view->id); /* a hub does */
    assert_int_equal(about(3, "show", ""), NRS_ERROR_WITHDRAWN);
    nrs_sealed_view_free(&view);
    mesh_stop(&net);
}

/* A hub has the signed withdrawal and may hand it on: what it says beside in its originator's name is refused, and the originator's own words,
 * which come later, are shown. */
static void words_are_the_originators(void **state)
{
    static const nrs_withdrawal_words told = {"誤報", "sato", "security"};
    static const nrs_withdrawal_words lies[] = {{"原因は貴社", "sato", "security"}, {"誤報", "suzuki", "security"}, {"誤報", "sato", "root"}, {"", "", "security"}};
    nrs_sealed_view *view;

    (void)state;
    mesh_start(&net, 4, 1);
    send_to("AMBER", "");
    mesh_settle(&net, 3);
    OK(about(2, "show", ""));
    view = sealed_of(0);
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        post_words(1, 0, 2, 0, view, view->id, &told, &lies[i]);
        assert_string_equal(audited(2, "withdraw"), "forged");
        OK(about(2, "show", ""));
        assert_true(json_is_null(json_object_get(mesh_row(&net, 2, 0), "withdrawn_at")));
    }
    post_words(1, 0, 2, 0, view, view->id, &told, NULL); /* the withdrawal stands without them */
    OK(about(2, "show", ""));
    assert_string_not_equal(mesh_text(mesh_row(&net, 2, 0), "withdrawn_at"), "");
    assert_true(json_is_null(json_object_get(mesh_row(&net, 2, 0), "withdrawn_reason")));
    post_words(1, 0, 2, 0, view, view->id, &told, &told);
    OK(about(2, "show", ""));
    assert_string_equal(mesh_text(mesh_row(&net, 2, 0), "withdrawn_reason"), "誤報");
    nrs_sealed_view_free(&view);
    mesh_stop(&net);
}

static void the_word_may_come_first(void **state)
{
    mesh_records sealed, tables;
    nrs_sealed_view *view;

    (void)state;
    mesh_start(&net, 4, 1);
    mesh_down(&net, 2);
    send_to("AMBER", "");
    mesh_settle(&net, 3);
    sealed = mesh_records_of(&net, 0, NRS_RECORD_SEALED);
    tables = mesh_records_of(&net, 0, NRS_RECORD_SLOT_TABLE);
    view = sealed_of(0);
    OK(withdraw(1));
    mesh_settle(&net, 3);
    assert_int_equal(about(3, "show", ""), NRS_ERROR_WITHDRAWN);
    mesh_up(&net, 2);
    mesh_settle(&net, 5);
    assert_int_equal(mesh_rows_of(&net, 2, NRS_RECORD_SEALED), 0); /* the hub has stopped handing it out */
    assert_true(has_receipt("org-2", "withdrawn"));
    mesh_crash(&net, 2);
    mesh_settle(&net, 10);
    mesh_give_records(&net, 0, 2, 1u << 20, nrs_slice_of_bytes(&sealed.records[0]), nrs_slice_of_bytes(&tables.records[0]));
    assert_int_equal(mesh_rows_of(&net, 2, NRS_RECORD_SEALED), 0); /* and it is not taken from a hub that goes on */
    assert_int_equal(about(2, "show", ""), NRS_ERROR_WITHDRAWN);
    assert_string_equal(mesh_text(mesh_row(&net, 2, 0), "label"), "AMBER");
    nrs_sealed_view_free(&view);
    mesh_records_wipe(&tables);
    mesh_records_wipe(&sealed);
    mesh_stop(&net);
}

/* Who was to have it finds it in its list as one that stays closed, until it would have been forgotten anyway. */
static void what_never_came_is_listed(void **state)
{
    (void)state;
    mesh_start(&net, 4, 2);
    mesh_down(&net, 2);
    mesh_down(&net, 1);
    OK(mesh_ask(&net, 0, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"件名\",\"body\":\"本文\"}"));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, 0, 0), "id"));
    OK(withdraw(0));
    mesh_settle(&net, 3);
    mesh_up(&net, 1); /* another hub, which would only have carried it */
    mesh_up(&net, 2);
    mesh_settle(&net, 6);
    mesh_crash(&net, 2);
    mesh_settle(&net, 3);
    OK(mesh_command(&net, 2, "{\"command\":\"list\"}"));
    assert_int_equal(mesh_row_count(&net, 2), 1);
    assert_string_equal(mesh_text(mesh_row(&net, 2, 0), "id"), report);
    assert_string_equal(mesh_text(mesh_row(&net, 2, 0), "from"), "org-0");
    assert_string_equal(mesh_text(mesh_row(&net, 2, 0), "label"), "AMBER");
    assert_string_equal(mesh_text(mesh_row(&net, 2, 0), "withdrawn_reason"), "誤報");
    assert_string_equal(mesh_text(mesh_row(&net, 2, 0), "subject"), "");
    OK(mesh_command(&net, 2, "{\"command\":\"list\",\"unread\":true}"));
    assert_int_equal(mesh_row_count(&net, 2), 0);
    assert_int_equal(about(2, "show", ""), NRS_ERROR_WITHDRAWN);
    OK(mesh_command(&net, 1, "{\"command\":\"list\"}"));
    assert_int_equal(mesh_row_count(&net, 1), 0);
    assert_int_equal(mesh_rows_of(&net, 2, NRS_RECORD_SEALED), 0);
    OK(about(2, "forget", ""));
    OK(mesh_command(&net, 2, "{\"command\":\"list\"}"));
    assert_int_equal(mesh_row_count(&net, 2), 0);
    mesh_stop(&net);
}

/* Forgetting is no reason why the others should keep it; a person has the ID in its notes. */
static void what_was_forgotten_can_be_taken_back(void **state)
{
    (void)state;
    for (size_t late = 0; late < 2; late++) {
        mesh_start(&net, 3, 1);
        send_to("AMBER", ",\"expires_in_ms\":3600000");
        mesh_settle(&net, 3);
        OK(about(2, "show", ""));
        if (late == 1) { /* past its expiry nobody needs its bytes any more, and they go */
            net.now_ms += 2 * NRS_HOUR_MS;
        }
        OK(about(1, "forget", ""));
        mesh_crash(&net, 1);
        mesh_settle(&net, 3);
        assert_int_equal(about(1, "show", ""), NRS_ERROR_NOT_FOUND);
        assert_int_equal(about(2, "withdraw", ",\"reason\":\"x\""), NRS_ERROR_NOT_ORIGINATOR);
        OK(withdraw(1));
        assert_true(json_is_true(json_object_get(mesh_row(&net, 1, 0), "changed")));
        mesh_settle(&net, 5);
        OK(about(2, "show", ""));
        assert_string_equal(mesh_text(mesh_row(&net, 2, 0), "withdrawn_reason"), "誤報");
        assert_int_equal(about(1, "show", ""), NRS_ERROR_NOT_FOUND); /* it does not come back */
        OK(mesh_command(&net, 1, "{\"command\":\"list\"}"));
        assert_int_equal(mesh_row_count(&net, 1), 0);
        OK(withdraw(1));
        assert_false(json_is_true(json_object_get(mesh_row(&net, 1, 0), "changed")));
        assert_int_equal(about(0, "withdraw", ",\"reason\":\"x\""), NRS_ERROR_NOT_ORIGINATOR);
        mesh_stop(&net);
    }
}

/* Within the community and beyond it: whom a release let in is told. */
static void whom_a_release_let_in_hears_of_it(void **state)
{
    char ask[2 * NRS_HASH_SIZE + 1];

    (void)state;
    mesh_start(&net, 4, 1);
    OK(mesh_ask(&net, 1, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"件名\",\"body\":\"本文\"}"));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, 1, 0), "id"));
    mesh_settle(&net, 4);
    OK(about(2, "release-ask", ",\"to\":[\"org-3\"],\"reason\":\"対処\""));
    (void)snprintf(ask, sizeof ask, "%s", mesh_text(mesh_row(&net, 2, 0), "id"));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, 1, "{\"command\":\"release-grant\",\"id\":\"%s\"}", ask));
    mesh_settle(&net, 8);
    OK(about(3, "show", ""));
    OK(withdraw(1));
    mesh_settle(&net, 6);
    OK(about(3, "show", ""));
    assert_string_not_equal(mesh_text(mesh_row(&net, 3, 0), "withdrawn_at"), "");
    assert_int_equal(about(3, "export", ",\"sink\":\"own\""), NRS_ERROR_WITHDRAWN);
    assert_true(has_receipt("org-3", "withdrawn"));
    mesh_stop(&net);
}

/* Who waits for a prekey, and who was to accept first, are granted nothing any more. */
static void nobody_is_granted_it_later(void **state)
{
    size_t late;

    (void)state;
    mesh_start(&net, 3, 1);
    late = mesh_add_node(&net, "org-late");
    mesh_join(&net, late, NRS_ROLE_OPERATOR);
    mesh_down(&net, late);
    mesh_settle(&net, 3);
    send_to("AMBER", "");
    mesh_settle(&net, 3);
    assert_true(has_receipt("org-late", "waiting"));
    OK(withdraw(1));
    mesh_up(&net, late);
    mesh_settle(&net, 90);
    assert_int_equal(mesh_rows_of(&net, late, NRS_RECORD_SEALED), 0);
    assert_int_equal(mesh_rows_of(&net, 1, NRS_RECORD_GRANT), 0);
    assert_int_equal(about(late, "show", ""), NRS_ERROR_WITHDRAWN); /* it is told all the same */
    assert_true(has_receipt("org-late", "withdrawn"));
    mesh_stop(&net);
}

static void after_days(void *context, nrs_roster *next)
{
    static Nrs__Wire__Rules rules;

    rules = *next->rules;
    rules.withdrawn = *(const uint32_t *)context;
    next->rules = &rules;
}

static bool opens(size_t node)
{
    return about(node, "show", "") == NRS_OK;
}

static void keys_go_by_their_date(void **state)
{
    uint32_t rule = 4; /* three days */

    (void)state;
    mesh_start(&net, 4, 1);
    mesh_change(&net, after_days, &rule);
    mesh_settle(&net, 3);
    for (size_t hour = 0; hour < 25; hour++) { /* until the clock is trusted */
        net.now_ms += NRS_HOUR_MS;
        net.monotonic_ms += NRS_HOUR_MS;
        mesh_settle(&net, 2);
    }
    send_to("GREEN", "");
    mesh_settle(&net, 3);
    assert_true(opens(2));
    OK(withdraw(1));
    mesh_settle(&net, 3);
    assert_int_equal(about(3, "show", ""), NRS_ERROR_WITHDRAWN);
    assert_true(opens(2));
    assert_string_not_equal(mesh_text(mesh_row(&net, 2, 0), "withdrawn_at"), "");
    assert_string_equal(audited(2, "forget"), "none");
    for (size_t hour = 0; hour < 71; hour++) {
        net.now_ms += NRS_HOUR_MS;
        net.monotonic_ms += NRS_HOUR_MS;
        mesh_settle(&net, 2);
    }
    assert_true(opens(2));
    for (size_t hour = 0; hour < 2; hour++) {
        net.now_ms += NRS_HOUR_MS;
        net.monotonic_ms += NRS_HOUR_MS;
        mesh_settle(&net, 2);
    }
    assert_int_equal(about(2, "show", ""), NRS_ERROR_WITHDRAWN);
    assert_string_equal(audited(2, "forget"), "");
    assert_true(opens(1)); /* the sender's own copy */
    mesh_stop(&net);
}

/* Forgotten by hand between the withdrawal and the destruction of its key: it does not come back into the list. */
static void what_was_forgotten_stays_so(void **state)
{
    nrs_sealed_view *view;

    (void)state;
    mesh_start(&net, 3, 1);
    send_to("AMBER", "");
    mesh_settle(&net, 3);
    view = sealed_of(0);
    post(1, 1, 2, 0, view, view->id); /* no tick comes between this, */
    OK(about(2, "forget", ""));       /* and this */
    mesh_settle(&net, 3);
    OK(mesh_command(&net, 2, "{\"command\":\"list\"}"));
    assert_int_equal(mesh_row_count(&net, 2), 0);
    nrs_sealed_view_free(&view);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_originator),
        cmocka_unit_test(words_are_the_originators),
        cmocka_unit_test(the_word_may_come_first),
        cmocka_unit_test(what_never_came_is_listed),
        cmocka_unit_test(what_was_forgotten_can_be_taken_back),
        cmocka_unit_test(whom_a_release_let_in_hears_of_it),
        cmocka_unit_test(nobody_is_granted_it_later),
        cmocka_unit_test(keys_go_by_their_date),
        cmocka_unit_test(what_was_forgotten_stays_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
