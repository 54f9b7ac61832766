/* What a peer can make a node read with records and statements about its reports (SPEC 8.1, 10.4), and who waits for that. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mesh_disk.h"
#include "mesh_forge.h"
#include "mesh_look.h"
#include "mesh_records.h"

#define FIRST_LIAR 2u    /* the node whose links are made by hand */
#define NODE_COUNT 4u
#define NAMED_COUNT 200u /* small ones, where rows are counted and not bytes: more than are at hand and may be read together */

#define ASKED_PER_MINUTE 64u
#define REFUSALS_ENTERED 8u /* into the audit log in a minute: something comes of these */
#define GARBAGE (ASKED_PER_MINUTE + 10u)
#define ASKS 58u            /* statements in an envelope */
#define ENVELOPES ((NAMED_COUNT + ASKS - 1) / ASKS) /* with a statement about each */

static mesh net;

/* A hub with reports, and a member of whom it hears nothing. */
static void start_to(const char *to)
{
    mesh_start(&net, NODE_COUNT, 1);
    for (size_t i = FIRST_LIAR; i < NODE_COUNT; i++) {
        mesh_down(&net, i);
    }
    for (size_t i = 0; i < NAMED_COUNT; i++) {
        assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"%s\"],\"kind\":\"incident\",\"subject\":\"S\",\"body\":\"B\"}", to), NRS_OK);
    }
    mesh_settle(&net, 20);
    assert_int_equal(mesh_rows_of(&net, 0, NRS_RECORD_SEALED), NAMED_COUNT);
}

/* A record of 150 bytes about the report in hand: a table of slots, or a slot for the hub itself, under a grant. */
static void name_report(nrs_record_type type, const uint8_t *sealed_id, const uint8_t *grant_id)
{
    static uint64_t position = 1ull << 30;
    uint8_t org[NRS_KEY_HASH_SIZE], wrapped[NRS_WRAPPED_KEY_SIZE] = {1}, prekey_id[NRS_PREKEY_ID_SIZE] = {1};
    ProtobufCBinaryData slots[1];
    nrs_slot slot;
    nrs_slot_table table;
    nrs_slot_path path;
    nrs_bytes slot_bytes = {0}, payload = {0}, record = {0};

    nrs_key_hash(org, nrs_identity_public(net.nodes[0].identity)->sign_key);
    nrs__wire__slot__init(&slot);
    slot.org = nrs_field_of(nrs_slice_of(org, sizeof org));
    slot.prekey_id = nrs_field_of(nrs_slice_of(prekey_id, sizeof prekey_id));
    slot.wrapped = nrs_field_of(nrs_slice_of(wrapped, sizeof wrapped));
    assert_int_equal(nrs_slot_encode(&slot_bytes, &slot), NRS_OK);
    slots[0] = nrs_field_of(nrs_slice_of_bytes(&slot_bytes));
    nrs__wire__slot_table__init(&table);
    nrs__wire__slot_path__init(&path);
    table.sealed_id = path.sealed_id = nrs_field_of(nrs_slice_of(sealed_id, NRS_HASH_SIZE));
    table.grant_id = path.grant_id = nrs_field_of(nrs_slice_of(grant_id, NRS_HASH_SIZE));
    table.slots = slots;
    table.n_slots = 1;
    path.slot = slots[0];
    assert_int_equal(type == NRS_RECORD_SLOT_TABLE ? nrs_slot_table_encode(&payload, &table) : nrs_slot_path_encode(&payload, &path), NRS_OK);
    assert_int_equal(nrs_record_wrap(&record, type, nrs_slice_of_bytes(&payload)), NRS_OK);
    assert_true(record.size < 300);
    mesh_give_records(&net, FIRST_LIAR, 0, position++, nrs_slice_of_bytes(&record), nrs_slice_of(NULL, 0));
    nrs_bytes_wipe(&record);
    nrs_bytes_wipe(&payload);
    nrs_bytes_wipe(&slot_bytes);
}

/* A grant, or a release, of another's report, signed by who hands it over. */
static void sign_for_report(nrs_record_type type, const uint8_t *sealed_id)
{
    static const uint8_t some[NRS_HASH_SIZE] = {7};
    static uint64_t position = 1ull << 31;
    const nrs_identity *identity = net.nodes[FIRST_LIAR].identity;
    const nrs_slice key = nrs_slice_of(nrs_identity_public(identity)->sign_key, NRS_KEY_SIZE);
    nrs_bytes statement = {0}, record = {0};
    nrs_grant grant;
    nrs_release release;

    nrs__wire__grant__init(&grant);
    nrs__wire__release__init(&release);
    grant.suite = release.suite = NRS_SUITE;
    grant.sealed_id = release.sealed_id = nrs_field_of(nrs_slice_of(sealed_id, NRS_HASH_SIZE));
    grant.audience_commitment = release.audience_commitment = nrs_field_of(nrs_slice_of(some, sizeof some));
    grant.created_ms = release.created_ms = net.now_ms + (position & 0xffff);
    grant.grantor = release.holder = nrs_field_of(key);
    grant.authority = NRS_AUTHORITY_ORIGINATOR;
    grant.file_key = release.ask = nrs_field_of(nrs_slice_of(some, sizeof some));
    release.label = NRS_LABEL_AMBER;
    release.expires_ms = release.created_ms + NRS_DAY_MS;
    assert_int_equal(type == NRS_RECORD_GRANT ? nrs_grant_encode(&statement, &grant) : nrs_release_encode(&statement, &release), NRS_OK);
    assert_int_equal(nrs_signed_record(&record, type, identity, nrs_slice_of_bytes(&statement)), NRS_OK);
    assert_true(record.size < 400);
    mesh_give_records(&net, FIRST_LIAR, 0, position++, nrs_slice_of_bytes(&record), nrs_slice_of(NULL, 0));
    nrs_bytes_wipe(&record);
    nrs_bytes_wipe(&statement);
}

typedef struct report_list {
    uint8_t ids[NAMED_COUNT][NRS_HASH_SIZE], grants[NAMED_COUNT][NRS_HASH_SIZE];
    size_t count;
} report_list;

static nrs_error note_report(void *context, const nrs_log_row *row)
{
    report_list *list = context;
    nrs_record *record = NULL;
    nrs_sealed_view *view = NULL;

    if (row->type == NRS_RECORD_SEALED) {
        assert_int_equal(nrs_record_decode(&record, row->record), NRS_OK);
        assert_int_equal(nrs_sealed_parse(&view, nrs_field(&record->payload)), NRS_OK);
        assert_true(list->count < NAMED_COUNT);
        memcpy(list->ids[list->count], view->id, NRS_HASH_SIZE);
        memcpy(list->grants[list->count++], view->grant_id, NRS_HASH_SIZE);
    }
    nrs_sealed_view_free(&view);
    nrs_record_free(&record);
    return NRS_OK;
}

/* How many rows the hub reads when a member names each of its reports twice, under the grant that it has or, with none, under what is no grant. */
static long long name_all(nrs_record_type type, const report_list *list, const uint8_t *none)
{
    const long long before = mesh_rows_read(&net, 0);

    for (size_t i = 0; i < 2 * list->count; i++) {
        if (type == NRS_RECORD_GRANT || type == NRS_RECORD_RELEASE) {
            sign_for_report(type, list->ids[i % list->count]);
        } else {
            name_report(type, list->ids[i % list->count], none != NULL ? none : list->grants[i % list->count]);
        }
    }
    return mesh_rows_read(&net, 0) - before;
}

/* Tables cost no row: each is well made, and refused for what it says alone. Of each minute the first refusals are logged. */
static void name_tables(const report_list *list, const uint8_t *none)
{
    net.now_ms += NRS_MINUTE_MS;
    net.monotonic_ms += NRS_MINUTE_MS;
    net.nodes[0].last_log[0] = '\0';
    assert_int_equal(name_all(NRS_RECORD_SLOT_TABLE, list, none), 0);
    assert_non_null(strstr(net.nodes[0].last_log, "refused 1 of its records, the last: not-found"));
}

static void start_named(report_list *list, const char *to)
{
    list->count = 0;
    start_to(to);
    mesh_up(&net, FIRST_LIAR);
    mesh_settle(&net, 30);
    assert_int_equal(nrs_store_log_each(net.nodes[0].store, 0, 100000, note_report, list), NRS_OK);
    assert_int_equal(list->count, NAMED_COUNT);
}

static void records_about_reports_have_them_read_only_so_often(void **state)
{
    static report_list list;
    static const uint8_t none[NRS_HASH_SIZE] = {7};

    (void)state;
    start_named(&list, "@electricity");
    name_tables(&list, none); /* the first slots are here: no other grant has any */
    name_tables(&list, list.ids[0]); /* nor is a report one */
    name_tables(&list, NULL);
    assert_int_equal(name_all(NRS_RECORD_SLOT_PATH, &list, NULL), 0); /* the hub has them open */
    mesh_stop(&net);
    start_named(&list, "org-3"); /* of these it has but the bytes */
    name_tables(&list, none);
    assert_in_range(name_all(NRS_RECORD_SLOT_PATH, &list, none), 1, ASKED_PER_MINUTE);
    assert_int_equal(name_all(NRS_RECORD_SLOT_PATH, &list, NULL), 0);
    net.now_ms += NRS_MINUTE_MS;
    net.monotonic_ms += NRS_MINUTE_MS;
    assert_in_range(name_all(NRS_RECORD_SLOT_PATH, &list, NULL), 1, ASKED_PER_MINUTE);
    net.now_ms += NRS_MINUTE_MS;
    net.monotonic_ms += NRS_MINUTE_MS;
    assert_in_range(name_all(NRS_RECORD_GRANT, &list, NULL), 1, ASKED_PER_MINUTE);
    net.now_ms += NRS_MINUTE_MS;
    net.monotonic_ms += NRS_MINUTE_MS;
    assert_in_range(name_all(NRS_RECORD_RELEASE, &list, NULL), 1, ASKED_PER_MINUTE);
    mesh_stop(&net);
}

/* How many rows a node reads when another makes a statement about each of its reports, in envelopes that the hub hands over. */
static long long say_of_all(size_t node, size_t other, const report_list *list, const nrs_statement *said)
{
    const long long before = mesh_rows_read(&net, node);
    nrs_statement statements[ASKS];

    for (size_t first = 0; first < list->count; first += ASKS) {
        const size_t count = list->count - first < ASKS ? list->count - first : ASKS;

        for (size_t i = 0; i < count; i++) {
            statements[i] = *said;
            statements[i].sealed_id = nrs_field_of(nrs_slice_of(list->ids[first + i], NRS_HASH_SIZE));
        }
        mesh_post_all(&net, other, node, node == 0 ? other : 0, statements, count);
    }
    return mesh_rows_read(&net, node) - before;
}

/* That it is the last report of a stream. */
static void head_of(nrs_statement *said)
{
    static uint8_t head[NRS_STREAM_HEAD_SIZE] = {7, [NRS_HASH_SIZE] = 1};

    for (size_t i = 0; i < 8; i++) {
        head[NRS_HASH_SIZE + 8 + i] = (uint8_t)((net.now_ms + NRS_DAY_MS) >> (8 * i));
    }
    nrs__wire__statement__init(said);
    said->type = NRS_STATEMENT_HEAD;
    said->at_ms = net.now_ms;
    said->detail = nrs_field_of(nrs_slice_of(head, sizeof head));
}

static void statements_about_reports_have_them_read_only_so_often(void **state)
{
    static report_list list;
    static uint8_t hashes[NRS_HASH_SIZE] = {7};
    nrs_statement said;

    (void)state;
    start_named(&list, "@electricity");
    nrs__wire__statement__init(&said);
    said.type = NRS_STATEMENT_RECEIPT;
    said.stage = NRS_STAGE_ACCEPTED;
    said.at_ms = net.now_ms;
    said.detail = nrs_field_of(nrs_slice_of(hashes, sizeof hashes)); /* of a text that none of them names */
    assert_in_range(say_of_all(1, FIRST_LIAR, &list, &said), ASKED_PER_MINUTE, ASKED_PER_MINUTE + ASKS + 2 * ENVELOPES);
    assert_in_range(say_of_all(0, FIRST_LIAR, &list, &said), 0, 2 * ENVELOPES); /* it received them as well, and let nobody in */
    head_of(&said);
    assert_in_range(say_of_all(0, 1, &list, &said), 0, 2 * ENVELOPES); /* those that came, and those that leave with the answers */
    mesh_stop(&net);
}

/* What the hub has for the source when something else leaves. */
static long receipts_waiting(void)
{
    char count[65];

    mesh_sql_one(&net, 0, count, "SELECT count(*) FROM digest");
    return strtol(count, NULL, 10);
}

/* A source that is withheld answers asks that nobody has made: its hub looks at what it has of each. */
static void answers_to_no_ask_have_reports_read_only_so_often(void **state)
{
    static report_list list;
    static uint8_t ask[NRS_HASH_SIZE] = {7};
    nrs_statement said;

    (void)state;
    list.count = 0;
    mesh_start(&net, 3, 1);
    for (size_t i = 0; i < NAMED_COUNT; i++) {
        assert_int_equal(mesh_command(&net, 1, "{\"command\":\"send\",\"withhold_source\":true,\"via\":[\"org-0\"],\"label\":\"AMBER+STRICT\",\"to\":[\"org-2\"],"
                                               "\"kind\":\"incident\",\"subject\":\"S\",\"body\":\"B\"}"), NRS_OK);
    }
    mesh_settle(&net, 20);
    assert_int_equal(nrs_store_log_each(net.nodes[0].store, 0, 100000, note_report, &list), NRS_OK);
    assert_int_equal(list.count, NAMED_COUNT);
    nrs__wire__statement__init(&said);
    said.type = NRS_STATEMENT_DENIAL;
    said.at_ms = net.now_ms;
    said.reference = nrs_field_of(nrs_slice_of(ask, sizeof ask));
    assert_in_range(say_of_all(0, 1, &list, &said), 1, ASKED_PER_MINUTE + ASKS + REFUSALS_ENTERED + 2 * ENVELOPES);
    net.now_ms += NRS_MINUTE_MS;
    net.monotonic_ms += NRS_MINUTE_MS;
    head_of(&said);
    assert_int_equal(receipts_waiting(), NAMED_COUNT);
    (void)say_of_all(0, 1, &list, &said);
    assert_int_equal(receipts_waiting(), NAMED_COUNT); /* nor does it keep what it has to say more than once */
    mesh_stop(&net);
}

/* As the third does of the second's report: the second is asked whether it may go further. */
static void ask_further(char ask[2 * NRS_HASH_SIZE + 1], const char *id)
{
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-3\"],\"reason\":\"R\"}", id), NRS_OK);
    (void)snprintf(ask, 2 * NRS_HASH_SIZE + 1, "%s", mesh_text(mesh_row(&net, 2, 0), "id"));
    mesh_settle(&net, 4);
}

/* It is said once. */
static void what_a_member_says_is_heard_when_the_minute_is_over(void **state)
{
    char id[2 * NRS_HASH_SIZE + 1], ask[2 * NRS_HASH_SIZE + 1];

    (void)state;
    mesh_start(&net, NODE_COUNT, 1);
    assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"send\",\"label\":\"AMBER+STRICT\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"S\",\"body\":\"B\"}"), NRS_OK);
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, 1, 0), "id"));
    mesh_settle(&net, 5);
    mesh_exhaust(&net, 1, 0, false); /* what the hub hands over, and said itself, is not the third's */
    mesh_exhaust(&net, 1, 0, true);
    mesh_exhaust(&net, 1, 2, false);
    ask_further(ask, id);
    assert_non_null(mesh_ask_row(&net, 1, ask));
    mesh_settle(&net, 70);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-0\"],\"reason\":\"R\"}", id), NRS_OK);
    (void)snprintf(ask, sizeof ask, "%s", mesh_text(mesh_row(&net, 2, 0), "id"));
    mesh_exhaust(&net, 1, 2, true);
    mesh_settle(&net, 10);
    assert_null(mesh_ask_row(&net, 1, ask));
    assert_true(mesh_linked(&net, 1, 0));
    mesh_settle(&net, 65);
    assert_non_null(mesh_ask_row(&net, 1, ask));
    mesh_stop(&net);
}

static uint64_t position = 1ull << 32; /* in what the hub hands over */

/* A later grant of the third's for the second, which the hub hands over. Out: path_out: a slot that belongs to it and does not open. */
static void grant_garbage(nrs_bytes *path_out, const nrs_sealed_view *view, uint8_t number)
{
    const nrs_recipient reader = mesh_recipient(&net, 1);
    uint8_t org[NRS_KEY_HASH_SIZE], wrapped[NRS_WRAPPED_KEY_SIZE] = {number}, epk[NRS_KEY_SIZE] = {9}, grant_id[NRS_HASH_SIZE];
    nrs_bytes slot_bytes = {0}, payload = {0}, grant_record = {0};
    nrs_merkle *tree = NULL;
    nrs_record *decoded = NULL;
    nrs_grant grant, *read = NULL;
    nrs_slot slot;
    nrs_slot_path path;
    nrs_slice leaf;

    nrs_key_hash(org, reader.org_sign_key);
    nrs__wire__slot__init(&slot);
    slot.org = nrs_field_of(nrs_slice_of(org, sizeof org));
    slot.prekey_id = nrs_field_of(nrs_slice_of(reader.prekey_id, sizeof reader.prekey_id));
    slot.wrapped = nrs_field_of(nrs_slice_of(wrapped, sizeof wrapped));
    assert_int_equal(nrs_slot_encode(&slot_bytes, &slot), NRS_OK);
    leaf = nrs_slice_of_bytes(&slot_bytes);
    assert_int_equal(nrs_merkle_new(&tree, &leaf, 1), NRS_OK);
    nrs__wire__grant__init(&grant);
    grant.suite = NRS_SUITE;
    grant.grantor = nrs_field_of(nrs_slice_of(nrs_identity_public(net.nodes[2].identity)->sign_key, NRS_KEY_SIZE));
    grant.authority = NRS_AUTHORITY_ORIGINATOR;
    grant.audience_commitment = view->header->audience_commitment;
    grant.epk = nrs_field_of(nrs_slice_of(epk, sizeof epk));
    grant.slot_root = nrs_field_of(nrs_slice_of(nrs_merkle_root(tree), NRS_HASH_SIZE));
    grant.slot_count = 1;
    grant.created_ms = net.now_ms;
    grant.sealed_id = nrs_field_of(nrs_slice_of(view->id, NRS_HASH_SIZE));
    assert_int_equal(nrs_grant_encode(&payload, &grant), NRS_OK);
    assert_int_equal(nrs_signed_record(&grant_record, NRS_RECORD_GRANT, net.nodes[2].identity, nrs_slice_of_bytes(&payload)), NRS_OK);
    assert_int_equal(nrs_record_decode(&decoded, nrs_slice_of_bytes(&grant_record)), NRS_OK);
    assert_int_equal(nrs_grant_verify(&read, grant_id, nrs_field(&decoded->payload)), NRS_OK);
    nrs_bytes_wipe(&payload);
    nrs__wire__slot_path__init(&path);
    path.sealed_id = grant.sealed_id;
    path.grant_id = nrs_field_of(nrs_slice_of(grant_id, sizeof grant_id));
    path.slot = nrs_field_of(leaf);
    assert_int_equal(nrs_slot_path_encode(&payload, &path), NRS_OK);
    assert_int_equal(nrs_record_wrap(path_out, NRS_RECORD_SLOT_PATH, nrs_slice_of_bytes(&payload)), NRS_OK);
    mesh_give_records(&net, 0, 1, position++, nrs_slice_of_bytes(&grant_record), nrs_slice_of(NULL, 0));
    nrs_grant_free(&read);
    nrs_record_free(&decoded);
    nrs_merkle_destroy(&tree);
    nrs_bytes_wipe(&grant_record);
    nrs_bytes_wipe(&payload);
    nrs_bytes_wipe(&slot_bytes);
}

/* A hub cannot tell whether a slot opens: it hands over what its grantor made. */
static void who_grants_what_does_not_open_answers_for_it(void **state)
{
    static nrs_bytes paths[GARBAGE];
    mesh_records sealed;
    nrs_record *record = NULL;
    nrs_sealed_view *view = NULL;

    (void)state;
    mesh_start(&net, NODE_COUNT, 1);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-3\"],\"kind\":\"incident\",\"subject\":\"S\",\"body\":\"B\"}"), NRS_OK);
    mesh_settle(&net, 5);
    sealed = mesh_records_of(&net, 2, NRS_RECORD_SEALED);
    assert_int_equal(nrs_record_decode(&record, nrs_slice_of_bytes(&sealed.records[0])), NRS_OK);
    assert_int_equal(nrs_sealed_parse(&view, nrs_field(&record->payload)), NRS_OK);
    mesh_give_records(&net, 0, 1, 1u << 31, nrs_slice_of_bytes(&sealed.records[0]), nrs_slice_of(NULL, 0));
    assert_int_equal(mesh_rows_of(&net, 1, NRS_RECORD_SEALED), 1);
    for (size_t i = 0; i < GARBAGE; i++) {
        grant_garbage(&paths[i], view, (uint8_t)(i + 1));
    }
    mesh_give_records(&net, 0, 1, position++, nrs_slice_of_bytes(&paths[0]), nrs_slice_of(NULL, 0)); /* told once that it does not open */
    for (size_t i = 1; i < GARBAGE; i++) {
        mesh_not_at_hand(&net, 1);
        mesh_give_records(&net, 0, 1, position++, nrs_slice_of_bytes(&paths[i]), nrs_slice_of(NULL, 0));
        nrs_bytes_wipe(&paths[i]);
    }
    nrs_bytes_wipe(&paths[0]);
    assert_true(mesh_rows_of(&net, 1, NRS_RECORD_GRANT) > ASKED_PER_MINUTE);
    assert_false(mesh_look_ups_left(&net, 1, 2));
    assert_true(mesh_look_ups_left(&net, 1, 0));
    nrs_sealed_view_free(&view);
    nrs_record_free(&record);
    mesh_records_wipe(&sealed);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_about_reports_have_them_read_only_so_often),
        cmocka_unit_test(statements_about_reports_have_them_read_only_so_often),
        cmocka_unit_test(answers_to_no_ask_have_reports_read_only_so_often),
        cmocka_unit_test(what_a_member_says_is_heard_when_the_minute_is_over),
        cmocka_unit_test(who_grants_what_does_not_open_answers_for_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
