/* The audit log on a mesh of real engines: what becomes an entry, what an entry says and does not say, and what a start finds out
 * about a store that somebody has changed. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mesh.h"
#include "mesh_audit.h"
#include "mesh_disk.h"
#include "mesh_look.h"
#include "proto/vocabulary.h"
#include "store/audit.h"

static mesh net;

static int start(void **state)
{
    (void)state;
    mesh_start(&net, 3, 1);
    mesh_settle(&net, 4);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    mesh_stop(&net);
    return 0;
}

/* How many entries of a kind a node has. */
static size_t count_of(size_t node, const char *kind)
{
    assert_int_equal(mesh_ask(&net, node, "{\"command\":\"audit-list\",\"kind\":\"%s\"}", kind), NRS_OK);
    return mesh_row_count(&net, node);
}

/* The newest entry of a node. */
static const json_t *newest(size_t node)
{
    assert_int_equal(mesh_command(&net, node, "{\"command\":\"audit-list\",\"limit\":1}"), NRS_OK);
    assert_int_equal(mesh_row_count(&net, node), 1);
    return mesh_row(&net, node, 0);
}

static void send_report(size_t node, char id_out[65], const char *label, const char *to)
{
    assert_int_equal(mesh_ask(&net, node, "{\"command\":\"send\",\"label\":\"%s\",\"to\":[\"%s\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}",
                              label, to), NRS_OK);
    (void)snprintf(id_out, 65, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
}

static const char *rule_of(const json_t *row)
{
    return json_is_null(json_object_get(row, "rule")) ? "" : mesh_text(row, "rule");
}

static void expect(const json_t *row, const char *kind, const char *rule, const char *detail)
{
    assert_string_equal(mesh_text(row, "kind"), kind);
    assert_string_equal(rule_of(row), rule);
    assert_string_equal(mesh_text(row, "detail"), detail);
}

static void test_what_becomes_an_entry(void **state)
{
    char id[65];
    size_t opened;

    (void)state;
    send_report(1, id, "AMBER", "@electricity");
    mesh_settle(&net, 3);
    opened = count_of(2, "open");

    /* Each opening, not the first alone. */
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"show\",\"id\":\"%s\"}", id), NRS_OK);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"show\",\"id\":\"%s\"}", id), NRS_OK);
    assert_int_equal(count_of(2, "open"), opened + 2);
    expect(newest(2), "open", "", "AMBER");
    assert_string_equal(mesh_text(newest(2), "user"), "tester");

    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"export\",\"id\":\"%s\",\"sink\":\"clients\"}", id), NRS_OK);
    expect(newest(2), "export", "", "AMBER clients");
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"export\",\"id\":\"%s\",\"sink\":\"public\"}", id), NRS_ERROR_CLEARANCE);
    expect(newest(2), "export", "export-forbidden", "AMBER public");
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"forget\",\"id\":\"%s\"}", id), NRS_OK);
    expect(newest(2), "forget", "", "AMBER");

    /* A sending that a rule refuses; what is sent stands in the log of records, signed. */
    opened = count_of(2, "send");
    assert_int_equal(mesh_command(&net, 2, "{\"command\":\"send\",\"label\":\"RED\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"),
                     NRS_ERROR_LABEL_FORBIDS);
    assert_int_equal(count_of(2, "send"), opened + 1);
    expect(newest(2), "send", "label-forbids", "");
    send_report(2, id, "GREEN", "@electricity");
    assert_int_equal(count_of(2, "send"), opened + 1);
}

static const struct silent_case {
    const char *name, *request;
    nrs_error want;
} silent_cases[] = {
    {"wrong usage", "{\"command\":\"export\",\"id\":\"aaaaaa\",\"sink\":\"nowhere\"}", NRS_ERROR_USAGE},
    {"what does not exist", "{\"command\":\"show\",\"id\":\"0123456789\"}", NRS_ERROR_NOT_FOUND},
    {"a dry run", "{\"command\":\"send\",\"dry_run\":true,\"label\":\"RED\",\"to\":[\"@electricity\"],\"kind\":\"incident\"}", NRS_ERROR_LABEL_FORBIDS},
    {"looking", "{\"command\":\"status\"}", NRS_OK},
};

static void test_what_does_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof silent_cases / sizeof silent_cases[0]; i++) {
        json_int_t before = json_integer_value(json_object_get(newest(1), "number"));

        assert_int_equal(mesh_command(&net, 1, silent_cases[i].request), silent_cases[i].want);
        assert_int_equal(json_integer_value(json_object_get(newest(1), "number")), before);
    }
}

/* The id itself stands nowhere; who has it finds the entries about it. */
static void test_about(void **state)
{
    char id[65], other[65];

    (void)state;
    send_report(1, id, "GREEN", "@electricity");
    send_report(1, other, "GREEN", "@electricity");
    mesh_settle(&net, 3);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"show\",\"id\":\"%s\"}", id), NRS_OK);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"show\",\"id\":\"%s\"}", other), NRS_OK);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"show\",\"id\":\"%s\"}", other), NRS_OK);
    assert_string_not_equal(mesh_text(newest(2), "about"), other);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"audit-list\",\"about\":\"%s\"}", id), NRS_OK);
    assert_int_equal(mesh_row_count(&net, 2), 1);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"audit-list\",\"about\":\"%.10s\"}", other), NRS_OK);
    assert_int_equal(mesh_row_count(&net, 2), 2);
    assert_string_not_equal(mesh_text(mesh_row(&net, 2, 0), "about"), mesh_text(mesh_row(&net, 2, 1), "about"));
    /* Also once it is forgotten, for who has kept the whole id. */
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"forget\",\"id\":\"%s\"}", other), NRS_OK);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"audit-list\",\"about\":\"%s\"}", other), NRS_OK);
    assert_int_equal(mesh_row_count(&net, 2), 3);
}

static void test_rosters_and_keys(void **state)
{
    size_t before = count_of(2, "roster");

    (void)state;
    assert_true(count_of(1, "prekeys") > 0); /* the node's own, at its start */
    assert_true(count_of(1, "join") > 0);
    mesh_bump(&net);
    mesh_give(&net, 0);
    expect(newest(0), "roster", "", "@electricity 4");
    assert_string_equal(mesh_text(newest(0), "user"), "tester");
    mesh_settle(&net, 3);
    assert_int_equal(count_of(2, "roster"), before + 1);
    assert_string_equal(mesh_text(mesh_row(&net, 2, 0), "org"), "org-0"); /* the hub that brought it */
    assert_string_equal(mesh_text(mesh_row(&net, 2, 0), "user"), "");
}

static void test_bounds(void **state)
{
    (void)state;
    assert_int_equal(mesh_command(&net, 1, "{\"command\":\"audit-list\",\"kind\":\"nonsense\"}"), NRS_ERROR_USAGE);
    assert_int_equal(mesh_command(&net, 1, "{\"command\":\"audit-list\",\"since\":\"yesterday\"}"), NRS_ERROR_USAGE);
    assert_int_equal(mesh_command(&net, 1, "{\"command\":\"audit-list\",\"since\":\"9000-01-01\"}"), NRS_OK);
    assert_int_equal(mesh_row_count(&net, 1), 0);
    assert_int_equal(mesh_command(&net, 1, "{\"command\":\"audit-list\",\"until\":\"1999-01-01\"}"), NRS_OK);
    assert_int_equal(mesh_row_count(&net, 1), 0);
    assert_int_equal(mesh_command(&net, 1, "{\"command\":\"audit-list\",\"before\":3}"), NRS_OK);
    assert_int_equal(mesh_row_count(&net, 1), 2);
    assert_int_equal(json_integer_value(json_object_get(mesh_row(&net, 1, 0), "number")), 2);
}

/* ---- Somebody at the store while the node is down ---- */

static void tamper(size_t node, void (*change)(nrs_store *store))
{
    const uint8_t incarnation[NRS_LOG_ID_SIZE] = {0};
    char path[128];
    nrs_store_options options = {.path = path, .synchronous_off = 1};
    nrs_store *store = NULL;

    mesh_down(&net, node);
    (void)snprintf(path, sizeof path, "%s/store.db", net.nodes[node].folder);
    assert_int_equal(nrs_store_open(&store, &options, incarnation), NRS_OK);
    assert_int_equal(nrs_store_begin(store), NRS_OK);
    change(store);
    assert_int_equal(nrs_store_commit(store), NRS_OK);
    nrs_store_close(&store);
    mesh_up(&net, node);
}

static void nothing(nrs_store *store)
{
    (void)store;
}

static void add_behind(nrs_store *store)
{
    const uint8_t leaf[NRS_HASH_SIZE] = {1};
    nrs_audit_row row = {.leaf = leaf, .sealed = nrs_slice_of_string("made up")};

    assert_int_equal(nrs_store_audit_last(store, &row.number, UINT64_MAX), NRS_OK);
    row.number++;
    assert_int_equal(nrs_store_audit_add(store, &row), NRS_OK);
}

/* What `audit verify` is given of rows whose entries cannot be read: their numbers, in their order. */
static size_t leaves_of(size_t node, json_int_t numbers_out[8])
{
    size_t count = 0;

    assert_int_equal(mesh_command(&net, node, "{\"command\":\"audit-export\"}"), NRS_OK);
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        if (json_object_get(mesh_row(&net, node, i), "leaf") != NULL) {
            assert_true(count < 8);
            numbers_out[count++] = json_integer_value(json_object_get(mesh_row(&net, node, i), "number"));
        }
    }
    return count;
}

static void tamper_sql(size_t node, const char *sql)
{
    mesh_down(&net, node);
    mesh_sql(&net, node, "%s", sql);
    mesh_up(&net, node);
    mesh_settle(&net, 1);
}

/* Where its log ends. */
static json_int_t size_of(size_t node)
{
    assert_int_equal(mesh_command(&net, node, "{\"command\":\"audit-export\"}"), NRS_OK);
    return json_integer_value(json_object_get(mesh_row(&net, node, 0), "size"));
}

static void drop_note(size_t node)
{
    char path[128];

    (void)snprintf(path, sizeof path, "%s/audit-end", net.nodes[node].folder);
    assert_int_equal(unlink(path), 0);
}

/* And there is no note beside the store. */
static void tamper_unnoted(size_t node, const char *sql)
{
    drop_note(node);
    tamper_sql(node, sql);
}

static const char spoilt_head[] = "UPDATE meta SET value = zeroblob(length(value)) WHERE name = 'audit-head'";
static const char spoilt_key[] = "UPDATE meta SET value = x'01' WHERE name = 'audit-key'";

/* How many rows of what a node exports have this name. */
static size_t exported(size_t node, const char *name)
{
    size_t count = 0;

    assert_int_equal(mesh_command(&net, node, "{\"command\":\"audit-export\"}"), NRS_OK);
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        count += json_object_get(mesh_row(&net, node, i), name) != NULL ? 1 : 0;
    }
    return count;
}

static void test_what_a_start_finds(void **state)
{
    json_int_t number, numbers[8];
    char words[96];

    (void)state;
    number = json_integer_value(json_object_get(newest(1), "number"));
    tamper(1, nothing);
    assert_int_equal(json_integer_value(json_object_get(newest(1), "number")), number);

    tamper(1, add_behind);
    mesh_settle(&net, 1);
    (void)snprintf(words, sizeof words, "entries behind the end of the audit log: 1 (number %lld to %lld)", (long long)number + 1, (long long)number + 1);
    expect(newest(1), "alarm", "damaged", words);
    assert_int_equal(json_integer_value(json_object_get(newest(1), "number")), number + 1);
    assert_int_equal(leaves_of(1, numbers), 1); /* the row itself has not gone with it */
    assert_int_equal(numbers[0], number + 1);

    mesh_sql(&net, 1, "UPDATE audit SET leaf = zeroblob(32), sealed = 'made up' WHERE number = 2");
    tamper(1, nothing);
    assert_int_equal(mesh_command(&net, 1, "{\"command\":\"audit-list\",\"before\":3,\"limit\":1}"), NRS_OK);
    assert_true(json_is_true(json_object_get(mesh_row(&net, 1, 0), "damaged")));

    tamper_sql(1, "DELETE FROM audit_node; DELETE FROM audit");
    expect(newest(1), "alarm", "damaged", "entries at the end of the audit log were removed");
    assert_int_equal(json_integer_value(json_object_get(newest(1), "number")), number + 2); /* the gap stays to be seen */

    tamper_unnoted(1, spoilt_head);
    expect(newest(1), "alarm", "damaged", "the audit log before this one cannot be read");
    tamper_unnoted(1, spoilt_key);
    expect(newest(1), "alarm", "damaged", "the audit log before this one cannot be read");
    tamper(1, nothing);
    mesh_settle(&net, 1);
    assert_int_equal(count_of(1, "alarm"), 1);
}

/* A head that does not open takes no entry with it: it is made anew out of what was signed and what opens behind that. */
static void test_a_head_that_was_changed(void **state)
{
    json_int_t number;
    char words[96];
    size_t entries;

    (void)state;
    mesh_audit_checkpoint(&net, 0);
    mesh_settle(&net, 2);
    assert_int_equal(mesh_command(&net, 0, "{\"command\":\"send\",\"label\":\"RED\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"),
                     NRS_ERROR_LABEL_FORBIDS);
    number = size_of(0);
    entries = exported(0, "entry");
    assert_false(mesh_warned(&net, 0, "found its audit log changed"));
    tamper_unnoted(0, spoilt_head);
    (void)snprintf(words, sizeof words, "the head of the audit log was changed: it was made anew from entries 1 to %lld", (long long)number);
    expect(newest(0), "alarm", "rewritten", words);
    assert_int_equal(size_of(0), number + 1);
    assert_int_equal(exported(0, "entry"), entries + 1);
    assert_int_equal(exported(0, "leaf"), 0);
    assert_true(mesh_warned(&net, 0, "found its audit log changed"));
    mesh_audit_checkpoint(&net, 0);
    mesh_settle(&net, 2);
    assert_int_equal(exported(0, "checkpoint"), 2); /* the log goes on for its hubs as well */
    mesh_crash(&net, 0); /* said once, to be seen as long as the log lasts */
    mesh_settle(&net, 1);
    assert_int_equal(count_of(0, "alarm"), 1);
    assert_true(mesh_warned(&net, 0, "found its audit log changed"));

    /* Not what was signed: another log begins, and all of this one stays beside it. */
    mesh_sql(&net, 0, "UPDATE audit SET leaf = zeroblob(32) WHERE number = 7");
    entries = exported(0, "entry");
    tamper_unnoted(0, spoilt_head);
    expect(newest(0), "alarm", "damaged", "the audit log before this one cannot be read");
    assert_int_equal(exported(0, "entry"), 1);
    assert_int_equal(exported(0, "leaf"), entries + 1);
    assert_int_equal(exported(0, "checkpoint"), 2);
    mesh_crash(&net, 0);
    mesh_settle(&net, 1);
    assert_int_equal(exported(0, "leaf"), entries + 1);
    assert_true(mesh_warned(&net, 0, "this node began its audit log anew"));
}

/* With the note neither a changed leaf nor a key that is gone keeps the log from going on. */
static void test_a_head_with_its_note(void **state)
{
    json_int_t number = size_of(2);
    size_t entries = exported(2, "entry"), leaves = exported(2, "leaf");
    char words[96];

    (void)state;
    mesh_sql(&net, 2, "UPDATE audit SET leaf = zeroblob(32) WHERE number = 2");
    tamper_sql(2, spoilt_head);
    (void)snprintf(words, sizeof words, "the head of the audit log was changed: it was made anew from entries 1 to %lld", (long long)number);
    expect(newest(2), "alarm", "rewritten", words);
    assert_int_equal(size_of(2), number + 1);
    tamper_sql(2, spoilt_key);
    (void)snprintf(words, sizeof words, "the head of the audit log was changed: it was made anew from entries 1 to %lld", (long long)number + 1);
    expect(newest(2), "alarm", "rewritten", words);
    assert_int_equal(exported(2, "entry"), entries + 1); /* two more, and the changed one as a leaf */
    assert_int_equal(exported(2, "leaf"), leaves + 1);
}

/* All that the store has of the log is put back as it was, with the head that belongs to it: the note beside the store tells. */
static const char keep_sql[] = "CREATE TABLE k1 AS SELECT * FROM audit; CREATE TABLE k2 AS SELECT * FROM audit_node; CREATE TABLE k3 AS SELECT * FROM meta WHERE name = 'audit-head';"
                               " CREATE TABLE k0(x); INSERT INTO k0 VALUES(1)";
static const char back_sql[] = "DELETE FROM audit; DELETE FROM audit_node; INSERT INTO audit_node SELECT * FROM k2; INSERT INTO audit SELECT * FROM k1;"
                               " UPDATE meta SET value = (SELECT value FROM k3) WHERE name = 'audit-head'";

static void test_a_log_that_was_set_back(void **state)
{
    const size_t leaves = exported(0, "leaf");
    json_int_t kept, number;
    char words[96];

    (void)state;
    mesh_settle(&net, 2);
    mesh_down(&net, 0);
    mesh_sql(&net, 0, keep_sql);
    mesh_up(&net, 0);
    mesh_settle(&net, 1);
    kept = size_of(0);
    mesh_audit_act(&net, 0, 3);
    mesh_crash(&net, 0); /* killed: the note is there all the same */
    mesh_settle(&net, 1);
    number = size_of(0);
    assert_int_equal(number, kept + 3);
    tamper_sql(0, back_sql);
    (void)snprintf(words, sizeof words, "the audit log was set back from entry %lld to entry %lld", (long long)number, (long long)kept);
    expect(newest(0), "alarm", "rewritten", words);
    assert_int_equal(size_of(0), number + 1); /* the gap stays to be seen */
    assert_true(mesh_warned(&net, 0, "found its audit log changed"));
    mesh_audit_checkpoint(&net, 0);
    mesh_settle(&net, 2);
    mesh_crash(&net, 0);
    mesh_settle(&net, 1);

    /* Another time, with the rows that were left behind in place: they are no part of the log, and are kept. */
    mesh_down(&net, 0);
    mesh_sql(&net, 0, "DELETE FROM k0; DROP TABLE k0; DROP TABLE k1; DROP TABLE k2; DROP TABLE k3");
    mesh_sql(&net, 0, keep_sql);
    mesh_up(&net, 0);
    mesh_settle(&net, 1);
    kept = size_of(0);
    mesh_audit_act(&net, 0, 1);
    mesh_down(&net, 0);
    mesh_sql(&net, 0, "UPDATE meta SET value = (SELECT value FROM k3) WHERE name = 'audit-head'");
    mesh_up(&net, 0);
    mesh_settle(&net, 1);
    (void)snprintf(words, sizeof words, "the audit log was set back from entry %lld to entry %lld", (long long)kept + 1, (long long)kept);
    expect(newest(0), "alarm", "rewritten", words);
    assert_int_equal(exported(0, "leaf"), leaves); /* all rows are there: only the head was put back */

    mesh_down(&net, 0);
    drop_note(0);
    mesh_up(&net, 0);
    mesh_settle(&net, 1);
    expect(newest(0), "alarm", "rewritten", "what was noted beside the store of where the audit log ends is gone");
    mesh_crash(&net, 0);
    mesh_settle(&net, 1);
    assert_int_equal(size_of(0), kept + 3); /* said once */
}

/* Two that do not lie side by side, and one of a number that no entry has. */
static void add_here_and_there(nrs_store *store)
{
    const uint8_t leaf[NRS_HASH_SIZE] = {1};
    nrs_audit_row row = {.leaf = leaf, .sealed = nrs_slice_of_string("made up")};

    add_behind(store);
    assert_int_equal(nrs_store_audit_last(store, &row.number, UINT64_MAX), NRS_OK);
    row.number += 4;
    assert_int_equal(nrs_store_audit_add(store, &row), NRS_OK);
}

/* While the node runs somebody puts a row where its next entry belongs, and one further on; nothing is written over. */
static void test_behind_the_end_of_a_running_node(void **state)
{
    json_int_t number, numbers[8];
    char words[96];

    (void)state;
    number = json_integer_value(json_object_get(newest(2), "number"));
    mesh_sql(&net, 2, "INSERT INTO audit(number, leaf, sealed) VALUES(%lld, x'01', 'made up'), (%lld, x'01', 'made up'), (0, x'02', x''), (-5, x'02', x'')", (long long)number + 1,
             (long long)number + 9);
    assert_int_equal(json_integer_value(json_object_get(newest(2), "number")), number); /* a list has what the node wrote */
    assert_int_equal(leaves_of(2, numbers), 4);
    assert_true(numbers[0] == 1 && numbers[1] == 1 && numbers[2] == number + 1 && numbers[3] == number + 9);
    assert_int_equal(count_of(2, "padding"), 0); /* all of it is looked through, down to what is none */

    assert_int_equal(mesh_command(&net, 2, "{\"command\":\"send\",\"label\":\"RED\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"),
                     NRS_ERROR_LABEL_FORBIDS);
    expect(newest(2), "send", "label-forbids", "");
    assert_int_equal(json_integer_value(json_object_get(newest(2), "number")), number + 2);
    (void)snprintf(words, sizeof words, "entries behind the end of the audit log: 4 (number 1 to %lld)", (long long)number + 9);
    assert_int_equal(mesh_command(&net, 2, "{\"command\":\"audit-list\",\"kind\":\"alarm\",\"limit\":1}"), NRS_OK);
    expect(mesh_row(&net, 2, 0), "alarm", "damaged", words);
    assert_int_equal(leaves_of(2, numbers), 4);

    tamper(2, add_here_and_there);
    mesh_settle(&net, 1);
    (void)snprintf(words, sizeof words, "entries behind the end of the audit log: 2 (number %lld to %lld)", (long long)number + 3, (long long)number + 7);
    expect(newest(2), "alarm", "damaged", words);
    assert_int_equal(leaves_of(2, numbers), 6);
    mesh_audit_checkpoint(&net, 2); /* and the hub goes on with the log */
    mesh_settle(&net, 2);
    assert_string_equal(mesh_text(mesh_audit_watched(&net, 0, 2), "state"), "followed");
}

/* A log that is wiped as a whole is no new node's: its store has a vault. */
static void test_a_wiped_log_is_noticed(void **state)
{
    (void)state;
    assert_false(mesh_warned(&net, 2, "audit log anew"));
    tamper_sql(2, "DELETE FROM audit_node; DELETE FROM audit; DELETE FROM meta WHERE name IN ('audit-key', 'audit-head')");
    expect(newest(2), "alarm", "damaged", "the audit log that this node kept is gone");
    assert_int_equal(json_integer_value(json_object_get(newest(2), "number")), 1);
    assert_true(mesh_warned(&net, 2, "this node began its audit log anew"));
    tamper(2, nothing); /* said once, and to be seen as long as the log lasts */
    mesh_settle(&net, 1);
    assert_int_equal(count_of(2, "alarm"), 1);
    assert_true(mesh_warned(&net, 2, "this node began its audit log anew"));
}

/* A first start that was cut off before anything was written is none that lost its log. */
static void test_a_new_node_has_no_alarm(void **state)
{
    const size_t late = mesh_add_node(&net, "org-late");

    (void)state;
    mesh_crash(&net, late);
    mesh_crash(&net, late);
    mesh_settle(&net, 1);
    assert_int_equal(count_of(late, "alarm"), 0);
}

/* An entry is there with what it tells of, or neither is. */
static void test_with_its_transaction(void **state)
{
    char id[65];
    size_t opened;

    (void)state;
    send_report(0, id, "GREEN", "@electricity");
    mesh_settle(&net, 3);
    opened = count_of(2, "open");
    net.nodes[2].vault_fails = true;
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"forget\",\"id\":\"%s\"}", id), NRS_ERROR_DISK);
    net.nodes[2].vault_fails = false;
    assert_int_equal(count_of(2, "forget"), 2); /* those of the tests before */
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"show\",\"id\":\"%s\"}", id), NRS_OK);
    mesh_crash(&net, 2);
    assert_int_equal(count_of(2, "open"), opened + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_becomes_an_entry), cmocka_unit_test(test_what_does_not),      cmocka_unit_test(test_about),
        cmocka_unit_test(test_rosters_and_keys),      cmocka_unit_test(test_bounds),             cmocka_unit_test(test_with_its_transaction),
        cmocka_unit_test(test_a_new_node_has_no_alarm), cmocka_unit_test(test_behind_the_end_of_a_running_node), cmocka_unit_test(test_what_a_start_finds), cmocka_unit_test(test_a_head_that_was_changed), cmocka_unit_test(test_a_log_that_was_set_back), cmocka_unit_test(test_a_head_with_its_note), cmocka_unit_test(test_a_wiped_log_is_noticed),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
