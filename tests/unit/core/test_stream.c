/* Streams: what is withheld is noticed, shown, asked for by another path and cleared; who sends two reports under one number is
 * proven to. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mesh.h"
#include "mesh_disk.h"
#include "mesh_look.h"
#include "proto/vocabulary.h"

#define OK(call) assert_int_equal((call), NRS_OK)

static mesh net;

static void send_to(size_t node, const char *to, char id_out[65])
{
    OK(mesh_ask(&net, node, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"%s\"],\"kind\":\"incident\",\"subject\":\"数\",\"body\":\"本文\"}", to));
    (void)snprintf(id_out, 65, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
    assert_int_equal(strlen(id_out), 64);
}

static void send_report(size_t node, char id_out[65])
{
    send_to(node, "@electricity", id_out);
}

static size_t equivocations(size_t node)
{
    return json_array_size(json_object_get(mesh_status(&net, node), "equivocations"));
}

/* Reports missing before this one, as its row says. */
static long long before(size_t node, const char *id)
{
    OK(mesh_command(&net, node, "{\"command\":\"list\"}"));
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        const json_t *row = mesh_row(&net, node, i);

        if (strcmp(mesh_text(row, "id"), id) == 0) {
            assert_int_equal(json_integer_value(json_object_get(row, "missing_before")) > 0, mesh_text(row, "missing_since")[0] != '\0');
            return json_integer_value(json_object_get(row, "missing_before"));
        }
    }
    return -1;
}

/* A hub keeps a report to itself: as if it had come from the one who is not to have it. */
static void keep_from(size_t hub, const char *id, size_t member)
{
    char key[65];

    nrs_hex_encode(key, nrs_identity_public(net.nodes[member].identity)->sign_key, NRS_KEY_SIZE);
    mesh_down(&net, hub);
    mesh_sql(&net, hub, "UPDATE log SET source = x'%s' WHERE hex(substr(id, 1, 8)) = upper(substr('%s', 1, 16))", key, id);
    mesh_up(&net, hub);
}

static void a_withheld_report_is_missed_shown_and_brought(void **state)
{
    char ids[4][65];

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_down(&net, 2);
    for (size_t i = 0; i < 4; i++) {
        send_report(1, ids[i]);
    }
    mesh_settle(&net, 2);
    mesh_down(&net, 1);
    mesh_withhold(&net, 0, ids[1]);
    mesh_withhold(&net, 0, ids[2]);
    mesh_up(&net, 2);
    mesh_settle(&net, 5);
    assert_true(mesh_has(&net, 2, ids[0]) && !mesh_has(&net, 2, ids[1]) && !mesh_has(&net, 2, ids[2]) && mesh_has(&net, 2, ids[3]));
    assert_int_equal(mesh_missing(&net, 2, "org-1", "missing"), 0); /* within the grace time */
    assert_int_equal(before(2, ids[3]), 0);
    mesh_settle(&net, 10);
    assert_int_equal(mesh_missing(&net, 2, "org-1", "missing"), 2);
    assert_true(mesh_warned(&net, 2, "2 reports of org-1 in @electricity are missing since "));
    assert_int_equal(before(2, ids[3]), 2);
    assert_int_equal(before(2, ids[0]), 0);
    mesh_crash(&net, 2); /* nothing of it lives in memory alone */
    mesh_settle(&net, 3);
    assert_int_equal(mesh_missing(&net, 2, "org-1", "missing"), 2);
    mesh_up(&net, 1); /* the originator is asked, and sends them again */
    mesh_settle(&net, 8);
    for (size_t i = 0; i < 4; i++) {
        assert_true(mesh_has(&net, 2, ids[i]));
    }
    assert_int_equal(mesh_missing(&net, 2, "org-1", "missing"), 0);
    assert_int_equal(before(2, ids[3]), 0);
    assert_false(mesh_warned(&net, 2, "missing"));
    mesh_stop(&net);
}

static void another_hub_brings_it_where_the_originator_is_gone(void **state)
{
    char ids[3][65];

    (void)state;
    mesh_start(&net, 4, 2); /* two hubs, org-2 sends, org-3 receives */
    mesh_settle(&net, 5);
    mesh_down(&net, 3);
    for (size_t i = 0; i < 3; i++) {
        send_report(2, ids[i]);
    }
    mesh_settle(&net, 4);
    keep_from(0, ids[1], 3);
    keep_from(1, ids[1], 3);
    mesh_down(&net, 2); /* for good */
    mesh_up(&net, 3);
    mesh_settle(&net, 6);
    assert_false(mesh_has(&net, 3, ids[1]));
    mesh_settle(&net, 20);
    assert_true(mesh_has(&net, 3, ids[1]));
    assert_int_equal(mesh_missing(&net, 3, "org-2", "missing"), 0);
    mesh_stop(&net);
}

/* Both hubs take items of one link back to front: the second report overtakes the first. */
static void overtaking_is_no_alarm(void **state)
{
    char ids[3][65];

    (void)state;
    mesh_start(&net, 4, 2);
    mesh_settle(&net, 5);
    send_report(2, ids[0]);
    mesh_settle(&net, 3);
    mesh_down(&net, 1);
    mesh_down(&net, 3);
    send_report(2, ids[1]); /* to the first hub alone */
    mesh_settle(&net, 2);
    mesh_down(&net, 0);
    mesh_up(&net, 1);
    mesh_settle(&net, 2);
    send_report(2, ids[2]);
    mesh_settle(&net, 2);
    mesh_down(&net, 2);
    mesh_withhold(&net, 1, ids[1]); /* the second hub has the third report only */
    mesh_up(&net, 3);
    mesh_settle(&net, 3);
    assert_true(!mesh_has(&net, 3, ids[1]) && mesh_has(&net, 3, ids[2]));
    assert_int_equal(mesh_missing(&net, 3, "org-2", "missing"), 0);
    mesh_up(&net, 0);
    for (size_t i = 0; i < 25; i++) {
        mesh_settle(&net, 1);
        assert_int_equal(mesh_missing(&net, 3, "org-2", "missing"), 0);
    }
    assert_true(mesh_has(&net, 3, ids[1]));
    mesh_stop(&net);
}

static void who_joins_late_misses_nothing(void **state)
{
    char id[65];
    size_t late;

    (void)state;
    mesh_start(&net, 3, 1);
    for (size_t i = 0; i < 5; i++) {
        send_report(1, id);
        send_to(1, "org-2", id); /* another audience: another count */
        send_to(1, "org-0", id);
    }
    mesh_settle(&net, 3);
    late = mesh_add_node(&net, "zz-late");
    mesh_join(&net, late, NRS_ROLE_OPERATOR);
    mesh_settle(&net, 4);
    send_report(1, id);
    send_report(1, id);
    mesh_settle(&net, 16);
    assert_true(mesh_has(&net, late, id));
    for (size_t i = 0; i <= late; i++) {
        assert_int_equal(mesh_missing(&net, i, "org-1", "missing"), 0);
    }
    mesh_remove(&net, late);
    mesh_settle(&net, 3);
    send_report(1, id);
    mesh_settle(&net, 16);
    assert_true(mesh_has(&net, 2, id));
    assert_int_equal(mesh_missing(&net, 2, "org-1", "missing"), 0);
    mesh_stop(&net);
}

static long long asked_for(size_t node)
{
    return json_integer_value(json_object_get(json_array_get(json_object_get(mesh_status(&net, node), "gaps"), 0), "asked"));
}

static void what_expires_is_said_to_have(void **state)
{
    char ids[3][65];
    long long asked;

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_down(&net, 2);
    for (size_t i = 0; i < 3; i++) {
        send_report(1, ids[i]);
    }
    mesh_settle(&net, 2);
    mesh_down(&net, 1);
    mesh_withhold(&net, 0, ids[1]);
    mesh_up(&net, 2);
    mesh_settle(&net, 15);
    assert_int_equal(mesh_missing(&net, 2, "org-1", "missing"), 1);
    net.now_ms += NRS_REPORT_LIFE_MS_MAX + NRS_HOUR_MS;
    mesh_settle(&net, 3);
    assert_int_equal(mesh_missing(&net, 2, "org-1", "missing"), 0);
    assert_int_equal(mesh_missing(&net, 2, "org-1", "expired"), 1);
    assert_true(mesh_warned(&net, 2, "have expired and can no longer come"));
    asked = asked_for(2);
    net.now_ms += 3 * NRS_DAY_MS;
    mesh_settle(&net, 3);
    assert_int_equal(asked_for(2), asked); /* nobody may send it any more */
    mesh_stop(&net);
}

/* Numbers are committed with their reports: neither a crash nor a refused report skips or repeats one. */
static void a_crash_skips_and_repeats_no_number(void **state)
{
    char id[65];

    (void)state;
    mesh_start(&net, 3, 1);
    for (size_t i = 0; i < 4; i++) {
        send_report(1, id);
        mesh_crash(&net, 1);
        assert_int_not_equal(mesh_command(&net, 1, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\","
                                                   "\"subject\":\"\",\"body\":\"x\"}"), NRS_OK);
        mesh_settle(&net, 2);
    }
    mesh_settle(&net, 14);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(mesh_missing(&net, i, "org-1", "missing"), 0);
        assert_int_equal(equivocations(i), 0);
    }
    mesh_down(&net, 2);
    /* each start counts in a new stream, since it may be that of an older copy */
    mesh_sql(&net, 2, "UPDATE stream_item SET created_ms = created_ms WHERE (SELECT count(*) = 4 AND count(DISTINCT key) = 4 AND max(sequence) = 1 FROM stream_item)");
    mesh_stop(&net);
}

/* Of commands that are taken in one step. */
static void send_in_one_step(size_t node, const char *const *to, size_t count)
{
    nrs_event events[8];
    json_t *commands[8];
    nrs_effects effects = {0};

    assert_true(count <= 8);
    for (size_t i = 0; i < count; i++) {
        commands[i] = json_pack("{s:s, s:s, s:[s], s:s, s:s, s:s}", "command", "send", "label", "AMBER", "to", to[i], "kind", "incident", "subject", "数",
                                "body", "本文");
        assert_non_null(commands[i]);
        events[i] = (nrs_event){.type = NRS_EVENT_COMMAND, .user = "tester", .command = commands[i], .request = 100 + i, .now_ms = net.now_ms,
                                .monotonic_ms = net.monotonic_ms};
    }
    OK(nrs_core_step(net.nodes[node].core, &effects, events, count));
    nrs_effects_wipe(&effects);
    for (size_t i = 0; i < count; i++) {
        json_decref(commands[i]);
    }
}

/* However many are sent in a step, and to whomever by turns, each has the number after the one before to the same recipients, in this step and
 * in the next. */
static void many_of_one_step_are_counted_one_by_one(void **state)
{
    static const char *const to[] = {"@electricity", "@electricity", "org-2", "@electricity", "org-2", "org-2", "org-2"};
    char text[65];

    (void)state;
    mesh_start(&net, 4, 1);
    send_in_one_step(1, to, sizeof to / sizeof to[0]);
    send_in_one_step(1, to, 1);
    mesh_sql_one(&net, 1, text, "SELECT group_concat(n) FROM (SELECT count(*) || ' of ' || max(sequence) AS n FROM stream_item GROUP BY key ORDER BY 1)");
    assert_string_equal(text, "4 of 4,4 of 4");
    mesh_sql_one(&net, 1, text, "SELECT count(*) || ' streams, ' || sum(sequence) FROM sent_stream AS s WHERE last = (SELECT id FROM stream_item AS i"
                      " WHERE i.sequence = s.sequence AND i.id = s.last)");
    assert_string_equal(text, "2 streams, 8");
    mesh_stop(&net);
}

/* The store of a node that is down as it is now; and back again. */
static void copy(size_t node, bool back)
{
    char command[256];
    const char *folder = net.nodes[node].folder;

    (void)snprintf(command, sizeof command, back ? "rm -f %s/store.db-* && cp %s/copy %s/store.db" : "true %s && cp %s/store.db %s/copy", folder, folder, folder);
    assert_int_equal(system(command), 0);
}

/* The newest stream of a node becomes an older one again, of which `last` was the first report: what it sends next bears a number
 * that was given already. A node does not do this by itself, not even out of a copy. */
static void lie(size_t node, const char *stream, const char *last)
{
    mesh_sql(&net, node, "UPDATE sent_stream SET stream = x'%s', sequence = 1, last = x'%s' WHERE last = (SELECT id FROM report ORDER BY position DESC LIMIT 1)", stream, last);
}

/* Two reports under one number, each to another hub. */
static void who_sends_two_reports_under_one_number_is_proven_to(void **state)
{
    char one[65], other[65], first[65], next[65], count[65], stream[65];

    (void)state;
    mesh_start(&net, 5, 2); /* hubs 0 and 1, org-2 sends, org-3 and org-4 receive */
    mesh_settle(&net, 5);
    mesh_down(&net, 2);
    copy(2, false);
    mesh_up(&net, 2);
    mesh_settle(&net, 2);
    send_report(2, first);
    mesh_settle(&net, 4);
    mesh_sql_one(&net, 2, stream, "SELECT lower(hex(stream)) FROM sent_stream");
    mesh_down(&net, 1);
    mesh_settle(&net, 2);
    send_to(2, "org-3", one);
    send_report(2, one);
    mesh_settle(&net, 3);
    mesh_down(&net, 2);
    mesh_down(&net, 0);
    copy(2, true);
    mesh_up(&net, 1);
    mesh_up(&net, 2);
    mesh_settle(&net, 2);
    send_report(2, other);
    assert_int_equal(equivocations(3), 0);
    lie(2, stream, first);
    send_report(2, other);
    mesh_settle(&net, 3);
    assert_int_equal(equivocations(3), 1); /* it opened both; the hub that is up took one, and has the proof from it */
    assert_int_equal(equivocations(1), 1);
    mesh_up(&net, 0);
    mesh_settle(&net, 8);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(equivocations(i), 1);
        assert_true(mesh_warned(&net, i, i == 2 ? "two reports of this node bear one number" : "org-2 has sent two different reports under one number"));
    }
    assert_true(mesh_has(&net, 3, one) && mesh_has(&net, 3, other) && mesh_has(&net, 4, one) && mesh_has(&net, 4, other));
    mesh_crash(&net, 4);
    mesh_settle(&net, 2);
    assert_int_equal(equivocations(4), 1);
    send_report(2, next); /* which it now counts anew: */
    mesh_sql_one(&net, 2, count, "SELECT count(*) || ' stream, number ' || max(sequence) FROM sent_stream");
    assert_string_equal(count, "1 stream, number 1");
    mesh_settle(&net, 14);
    assert_true(mesh_has(&net, 4, next));
    assert_int_equal(mesh_missing(&net, 4, "org-2", "missing"), 0);
    assert_int_equal(equivocations(4), 1);
    mesh_stop(&net);
}

/* org-2 sends one report to org-3 through each hub, out of two copies of its folder, whose numbers are the same when it lies; then the
 * hubs meet. */
static void send_twice(bool lies)
{
    char id[65], first[65], stream[65];

    mesh_down(&net, 2);
    copy(2, false);
    mesh_up(&net, 2);
    mesh_settle(&net, 2);
    send_to(2, "org-3", first);
    mesh_settle(&net, 3);
    mesh_sql_one(&net, 2, stream, "SELECT lower(hex(stream)) FROM sent_stream WHERE last = (SELECT id FROM report ORDER BY position DESC LIMIT 1)");
    mesh_down(&net, 1);
    mesh_settle(&net, 2);
    send_to(2, "org-3", id);
    mesh_settle(&net, 3);
    mesh_down(&net, 2);
    mesh_down(&net, 0);
    copy(2, true);
    mesh_up(&net, 1);
    mesh_up(&net, 2);
    mesh_settle(&net, 2);
    send_to(2, "org-3", id);
    if (lies) {
        lie(2, stream, first);
        send_to(2, "org-3", id);
    }
    mesh_settle(&net, 3);
    mesh_up(&net, 0);
    mesh_settle(&net, 8);
}

/* A proof goes to nobody whom it does not concern. */
static void others_learn_nothing(void **state)
{
    (void)state;
    mesh_start(&net, 5, 2);
    mesh_settle(&net, 5);
    send_twice(false);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(equivocations(i), 0); /* a copy that was put back is no liar: it counts in streams of its own */
    }
    assert_true(mesh_warned(&net, 2, "an older copy of this node's folder was put in its place"));
    send_twice(true);
    assert_int_equal(equivocations(0), 1); /* hubs, though they cannot read either report */
    assert_int_equal(equivocations(1), 1);
    assert_int_equal(equivocations(2), 1);
    assert_int_equal(equivocations(3), 1);
    assert_int_equal(equivocations(4), 0); /* no business of it */
    mesh_stop(&net);
}

/* How many rows of a node's log are reports to be sent again. */
static long resends(size_t node)
{
    char count[65];

    mesh_sql_one(&net, node, count, "SELECT count(*) FROM log WHERE type = 200");
    return strtol(count, NULL, 10);
}

/* Leaves a request for a report among a node's letters, to the hub or to the originator, as a program of its own would. */
static void ask(size_t node, size_t whom, const char *id, const char *stream)
{
    char key[65], text[2 * 256 + 1], range[97] = "";
    uint8_t bytes[NRS_HASH_SIZE], detail[NRS_MISSING_RANGE_SIZE] = {0};
    nrs_statement statement;
    nrs_bytes encoded = {0};

    OK(nrs_hex_decode(bytes, sizeof bytes, id));
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_MISSING;
    statement.sealed_id = statement.reference = nrs_field_of(nrs_slice_of(bytes, sizeof bytes));
    statement.at_ms = net.now_ms;
    statement.detail = nrs_field_of(nrs_slice_of(bytes, sizeof bytes));
    if (stream != NULL) {
        (void)snprintf(range, sizeof range, "%s0100000000000000ffffffffffffffff", stream);
        OK(nrs_hex_decode(detail, sizeof detail, range));
        statement.detail = nrs_field_of(nrs_slice_of(detail, sizeof detail));
    }
    OK(nrs_statement_encode(&encoded, &statement));
    assert_true(encoded.size <= 256);
    nrs_hex_encode(text, encoded.data, encoded.size);
    nrs_hex_encode(key, nrs_identity_public(net.nodes[whom].identity)->sign_key, NRS_KEY_SIZE);
    mesh_down(&net, node);
    mesh_sql(&net, node, "INSERT INTO letter(recipient, community, statement) SELECT x'%s', community, x'%s' FROM roster LIMIT 1", key, text);
    mesh_up(&net, node);
    mesh_settle(&net, 5);
    nrs_bytes_wipe(&encoded);
}

static void only_who_was_granted_it_is_sent_it_again(void **state)
{
    char id[65], stream[65];

    (void)state;
    mesh_start(&net, 4, 1);
    send_to(1, "org-2", id);
    mesh_settle(&net, 4);
    mesh_sql_one(&net, 1, stream, "SELECT lower(hex(stream)) FROM sent_stream");
    ask(3, 0, id, NULL);
    ask(3, 1, id, stream);
    assert_int_equal(resends(0), 0);
    assert_int_equal(resends(1), 0);
    ask(2, 0, id, NULL);
    assert_int_equal(resends(0), 1);
    ask(2, 1, id, stream);
    assert_int_equal(resends(1), 1);
    ask(2, 1, id, stream); /* too soon: nothing more */
    ask(2, 0, id, NULL);
    assert_int_equal(resends(0), 1);
    assert_int_equal(resends(1), 1);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_withheld_report_is_missed_shown_and_brought),
        cmocka_unit_test(another_hub_brings_it_where_the_originator_is_gone),
        cmocka_unit_test(overtaking_is_no_alarm),
        cmocka_unit_test(who_joins_late_misses_nothing),
        cmocka_unit_test(what_expires_is_said_to_have),
        cmocka_unit_test(a_crash_skips_and_repeats_no_number),
        cmocka_unit_test(many_of_one_step_are_counted_one_by_one),
        cmocka_unit_test(who_sends_two_reports_under_one_number_is_proven_to),
        cmocka_unit_test(others_learn_nothing),
        cmocka_unit_test(only_who_was_granted_it_is_sent_it_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
