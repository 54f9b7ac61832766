/* Who the source was cannot be told: the same story is played with one operator and with another as the source, who differ in their clock, in
 * when they write, in how long their report lives and in the duties that they have taken. All frames are recorded
 * and afterwards the stores of those who are not to know are read. What is compared is all that is not random: who spoke to whom and
 * when, sizes, types and each field of each record; in stores each number and text, and how long each blob is, or whose key it is. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../fuzz/seeded_random.h"
#include "mesh.h"
#include "mesh_records.h"
#include "mesh_rosters.h"
#include "proto/label.h"
#include "proto/vocabulary.h"
#include "proto/wire.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
/* Four readers: with any other number a path to a slot is as long as chance has it, since slots stand in a random order. The national centre is
 * none before it is let in. */
enum { HUB, OTHER_HUB, ONE, ANOTHER, MEMBER, NATIONAL, NODES };
enum { STORES = NODES };

/* What somebody could see of one run: a text for each line and direction, and for each store. */
typedef struct seen {
    FILE *lines[NODES][NODES];
    char *text[NODES][NODES];
    size_t size[NODES][NODES];
    FILE *own[NODES]; /* what the operators say to the hub, from the tick on, each as if it were any */
    char *own_text[NODES];
    size_t own_size[NODES];
    char *stores[STORES];
    bool begun, published;
    size_t items, early;
} seen;

static mesh net;
static seen runs[2];
static char report[2 * NRS_HASH_SIZE + 1], published[2 * NRS_HASH_SIZE + 1];
static uint8_t report_id[NRS_HASH_SIZE];

/* ---- Writing down what is not random ---- */

static void put_bytes(FILE *to, const uint8_t *data, size_t size, bool whose)
{
    for (size_t i = 0; i < NODES && whose; i++) {
        const uint8_t *key = nrs_identity_public(net.nodes[i].identity)->sign_key;
        uint8_t hash[NRS_KEY_HASH_SIZE];

        nrs_key_hash(hash, key);
        if ((size == NRS_KEY_SIZE && memcmp(data, key, size) == 0) || (size == NRS_KEY_HASH_SIZE && memcmp(data, hash, size) == 0)) {
            (void)fprintf(to, "org-%zu", i);
            return;
        }
    }
    for (size_t i = 0; i + NRS_HASH_SIZE <= size; i++) {
        assert_true(memcmp(data + i, report_id, NRS_HASH_SIZE) != 0 || !whose); /* not even its id */
    }
    (void)fprintf(to, "%zu bytes", size);
}

static void put_message(FILE *to, const ProtobufCMessage *message, bool whose);

static void put_value(FILE *to, const ProtobufCFieldDescriptor *field, const void *value, bool whose)
{
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        put_bytes(to, ((const ProtobufCBinaryData *)value)->data, ((const ProtobufCBinaryData *)value)->len, whose);
    } else if (field->type == PROTOBUF_C_TYPE_STRING) {
        (void)fprintf(to, "'%s'", *(char *const *)value);
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        if (*(ProtobufCMessage *const *)value != NULL) {
            put_message(to, *(ProtobufCMessage *const *)value, whose);
        }
    } else if (field->type == PROTOBUF_C_TYPE_UINT64) {
        (void)fprintf(to, "%" PRIu64, *(const uint64_t *)value);
    } else {
        (void)fprintf(to, "%" PRIu32, *(const uint32_t *)value);
    }
}

static void put_message(FILE *to, const ProtobufCMessage *message, bool whose)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;

    (void)fprintf(to, "{");
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        const uint8_t *at = (const uint8_t *)message + field->offset;
        size_t width = field->type == PROTOBUF_C_TYPE_BYTES ? sizeof(ProtobufCBinaryData) : field->type == PROTOBUF_C_TYPE_UINT64 ? 8 : field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE ? sizeof(void *) : 4;

        (void)fprintf(to, " %s ", field->name);
        if (field->label != PROTOBUF_C_LABEL_REPEATED) {
            put_value(to, field, at, whose);
            continue;
        }
        for (size_t k = 0; k < *(const size_t *)((const uint8_t *)message + field->quantifier_offset); k++) {
            put_value(to, field, *(const uint8_t *const *)at + k * width, whose);
            (void)fprintf(to, ",");
        }
    }
    (void)fprintf(to, "}");
}

static void put_record(FILE *to, nrs_slice bytes, bool whose)
{
    nrs_record *record = NULL;
    nrs_sealed *sealed = NULL;
    nrs_header *header = NULL;
    nrs_envelope *envelope = NULL;
    nrs_signed *outer = NULL;
    nrs_release *release = NULL;

    OK(nrs_record_decode(&record, bytes));
    (void)fprintf(to, " [type %" PRIu32 ", %zu bytes", record->type, record->type == NRS_RECORD_SLOT_PATH ? 0 : bytes.size);
    if (record->type == NRS_RECORD_SEALED && nrs_sealed_decode(&sealed, nrs_field(&record->payload)) == NRS_OK) {
        put_message(to, &sealed->base, whose);
        OK(nrs_header_decode(&header, nrs_field(&sealed->header)));
        put_message(to, &header->base, whose);
    } else if (record->type == NRS_RECORD_ENVELOPE && nrs_signed_decode(&outer, nrs_field(&record->payload)) == NRS_OK &&
               nrs_envelope_decode(&envelope, nrs_field(&outer->statement)) == NRS_OK) {
        put_message(to, &envelope->base, whose);
    } else if (record->type == NRS_RECORD_RELEASE && nrs_signed_decode(&outer, nrs_field(&record->payload)) == NRS_OK &&
               nrs_release_decode(&release, nrs_field(&outer->statement)) == NRS_OK) {
        put_message(to, &release->base, whose);
    }
    (void)fprintf(to, "]");
    nrs_release_free(&release);
    nrs_envelope_free(&envelope);
    nrs_signed_free(&outer);
    nrs_header_free(&header);
    nrs_sealed_free(&sealed);
    nrs_record_free(&record);
}

/* A slot's place among the others is drawn by lot, and written with two bytes more where it is not the first. */
static size_t path_size(nrs_slice bytes)
{
    nrs_record *record = NULL;
    size_t size;

    OK(nrs_record_decode(&record, bytes));
    size = record->type == NRS_RECORD_SLOT_PATH ? bytes.size : 0;
    nrs_record_free(&record);
    return size;
}

/* position: whether it is said where the record stands in the log of who sends it. */
static void put_frame(FILE *to, const nrs_frame *frame, size_t size, bool position, bool whose)
{
    nrs_items *items = NULL;

    if (frame->type == NRS_FRAME_ITEMS) {
        OK(nrs_items_decode(&items, nrs_field(&frame->payload)));
        for (size_t i = 0; i < items->n_items; i++) {
            for (size_t k = 0; k < items->items[i]->n_records; k++) {
                size -= path_size(nrs_field(&items->items[i]->records[k]));
            }
        }
    }
    (void)fprintf(to, "%" PRIu64 ": frame %" PRIu32 ", %zu bytes", net.now_ms, frame->type, position ? size : 0);
    if (items != NULL) {
        for (size_t i = 0; i < items->n_items; i++) {
            (void)fprintf(to, " at %" PRIu64, position ? items->items[i]->position : 0);
            for (size_t k = 0; k < items->items[i]->n_records; k++) {
                put_record(to, nrs_field(&items->items[i]->records[k]), whose);
            }
        }
    }
    (void)fprintf(to, "\n");
    nrs_items_free(&items);
}

/* The hub's line with an operator, where the source sends what is withheld: what the hub hands on there (not its confirmations and pings); and what
 * the operator says there once it is published. */
static bool record_frame(void *context, size_t from, size_t to, nrs_slice bytes)
{
    seen *it = context;
    const bool operators = from == ONE || from == ANOTHER || to == ONE || to == ANOTHER;
    nrs_frame *frame = NULL;

    if (!it->begun) {
        return true;
    }
    OK(nrs_frame_decode(&frame, bytes));
    if (from != HUB && to != HUB ? true : !operators || (frame->type == NRS_FRAME_ITEMS && (from == HUB || it->published))) {
        put_frame(it->lines[from][to], frame, bytes.size, from != ONE && from != ANOTHER, true);
        it->items += frame->type == NRS_FRAME_ITEMS ? 1 : 0;
        it->early += frame->type == NRS_FRAME_ITEMS && from == HUB && !it->published ? 1 : 0;
    }
    if (to == HUB && it->published && frame->type == NRS_FRAME_ITEMS) {
        put_frame(it->own[from], frame, bytes.size, false, false);
    }
    nrs_frame_free(&frame);
    return true;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void put_row(FILE *to, sqlite3_stmt *statement)
{
    for (int i = 0; i < sqlite3_column_count(statement); i++) {
        const char *name = sqlite3_column_name(statement, i);

        (void)fprintf(to, " %s ", name);
        if (strcmp(name, "id64") == 0 || strcmp(name, "owner64") == 0) { /* the beginnings of hashes */
            continue;
        }
        switch (sqlite3_column_type(statement, i)) {
        case SQLITE_INTEGER:
            (void)fprintf(to, "%lld", (long long)sqlite3_column_int64(statement, i));
            break;
        case SQLITE_BLOB:
            put_bytes(to, sqlite3_column_blob(statement, i), (size_t)sqlite3_column_bytes(statement, i), true);
            break;
        case SQLITE_NULL:
            (void)fprintf(to, "null");
            break;
        default: /* the id of a community, in a name, is random too */
            (void)fprintf(to, "%.*s", (int)strcspn((const char *)sqlite3_column_text(statement, i), ":"), (const char *)sqlite3_column_text(statement, i));
            break;
        }
    }
}

/* The rows of all tables, in an order that no random id decides. */
static char *read_store(size_t node)
{
    char path[128], *text = NULL, *rows[4096];
    size_t size = 0, count;
    sqlite3 *database = NULL;
    sqlite3_stmt *tables = NULL, *statement = NULL;
    FILE *to = open_memstream(&text, &size);

    assert_non_null(to);
    (void)snprintf(path, sizeof path, "%s/store.db", net.nodes[node].folder);
    assert_int_equal(sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name", -1, &tables, NULL), SQLITE_OK);
    while (sqlite3_step(tables) == SQLITE_ROW) {
        char query[128];

        (void)fprintf(to, "%s\n", (const char *)sqlite3_column_text(tables, 0));
        /* How far a source's log reaches is seen on its own lines, and no secret (SECURITY.md). */
        (void)snprintf(query, sizeof query, "SELECT %s FROM %s", strcmp((const char *)sqlite3_column_text(tables, 0), "held") == 0 ? "peer" : "*",
                       (const char *)sqlite3_column_text(tables, 0));
        assert_int_equal(sqlite3_prepare_v2(database, query, -1, &statement, NULL), SQLITE_OK);
        for (count = 0; sqlite3_step(statement) == SQLITE_ROW; count++) {
            size_t row_size = 0;
            FILE *row = open_memstream(&rows[count], &row_size);

            assert_true(row != NULL && count + 1 < sizeof rows / sizeof rows[0]);
            put_row(row, statement);
            (void)fclose(row);
        }
        qsort(rows, count, sizeof rows[0], by_text);
        for (size_t i = 0; i < count; i++) {
            (void)fprintf(to, "  %s\n", rows[i]);
            free(rows[i]);
        }
        (void)sqlite3_finalize(statement);
    }
    (void)sqlite3_finalize(tables);
    (void)sqlite3_close(database);
    (void)fclose(to);
    return text;
}

/* ---- The story ---- */

/* The source says something on its own line; the hub hands on nothing of it before its tick. */
static void in_private(seen *it, size_t source, const char *command, const char *id, const char *more)
{
    const size_t before = it->early;

    it->published = false;
    mesh_settle(&net, source == ANOTHER ? 7 : 0);
    OK(mesh_ask(&net, source, "{\"command\":\"%s\",\"id\":\"%s\"%s}", command, id, more));
    mesh_settle(&net, (size_t)((net.now_ms / MESH_VOUCH_TICK_MS + 1) * MESH_VOUCH_TICK_MS - net.now_ms) / 1000 - 1);
    assert_int_equal(it->early, before);
    it->published = true;
    mesh_settle(&net, 10);
}

static void begin(seen *it)
{
    nrs_seeded_restart("withheld linkage");
    mesh_start(&net, NATIONAL, 2);
    assert_int_equal(mesh_add_node(&net, "org-5"), NATIONAL);
    mesh_join(&net, NATIONAL, NRS_ROLE_NATIONAL);
    mesh_settle(&net, 6);
    /* Of the two ANOTHER alone has taken the duty that a situation under AMBER needs. */
    mesh_change(&net, mesh_demand_duty, &(mesh_duty){NRS_LABEL_AMBER, NRS_KIND_BIT(NRS_KIND_SITUATION), "org-2"});
    net.nodes[ANOTHER].skew_ms = 4321;
    mesh_settle(&net, 6);
    for (size_t from = 0; from < NODES; from++) {
        for (size_t to = 0; to < NODES; to++) {
            it->lines[from][to] = open_memstream(&it->text[from][to], &it->size[from][to]);
        }
        it->own[from] = open_memstream(&it->own_text[from], &it->own_size[from]);
    }
    net.inspect = record_frame;
    net.inspect_context = it;
    it->begun = true;
    mesh_settle(&net, 2);
}

/* Up to where the hub has vouched for it, and waits for its tick. */
static void give(size_t source)
{
    mesh_settle(&net, (size_t)((net.now_ms / MESH_VOUCH_TICK_MS + 1) * MESH_VOUCH_TICK_MS - net.now_ms) / 1000 + (source == ANOTHER ? 6 : 3));
    OK(mesh_ask(&net, source, "{\"command\":\"send\",\"withhold_source\":true,\"via\":[\"org-0\"],\"label\":\"AMBER\",\"to\":[\"@electricity\"],"
                              "\"kind\":\"incident\",\"subject\":\"件名\",\"body\":\"本文\",\"fields\":{\"reporter\":\"佐藤\",\"impact\":\"停止\"},\"expires_in_ms\":%llu}",
                source == ANOTHER ? 700000000ull : 650000000ull));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, source, 0), "id"));
    OK(nrs_hex_decode(report_id, sizeof report_id, report));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, HUB, "{\"command\":\"show\",\"id\":\"%s\"}", report));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, HUB, "{\"command\":\"vouch\",\"id\":\"%s\"}", report));
    (void)snprintf(published, sizeof published, "%s", mesh_text(mesh_row(&net, HUB, 0), "id"));
}

static void end(seen *it)
{
    const size_t apart[] = {OTHER_HUB, MEMBER, NATIONAL};

    net.inspect = NULL;
    for (size_t node = 0; node < NODES; node++) {
        for (size_t to = 0; to < NODES; to++) {
            (void)fclose(it->lines[node][to]);
        }
        (void)fclose(it->own[node]);
    }
    for (size_t i = 0; i < sizeof apart / sizeof apart[0]; i++) {
        mesh_down(&net, apart[i]);
        it->stores[apart[i]] = read_store(apart[i]);
        mesh_up(&net, apart[i]);
    }
    mesh_stop(&net);
}

/* A long one goes in two pieces, with two ticks. */
static void replied(size_t source, bool is_long, const char *more, size_t carried_count)
{
    static char body[3001], command[4000];
    const size_t before = mesh_rows_of(&net, OTHER_HUB, NRS_RECORD_ENVELOPE);

    net.now_ms += NRS_HOUR_MS; /* of one member it leaves once an hour */
    net.monotonic_ms += NRS_HOUR_MS;
    mesh_settle(&net, 4);
    memset(body, 'x', is_long ? 3000 : 20);
    body[is_long ? 3000 : 20] = '\0';
    (void)snprintf(command, sizeof command, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"%s\"%s}", published, body, more);
    OK(mesh_command(&net, MEMBER, command));
    mesh_settle(&net, 2 * MESH_VOUCH_TICK_MS / 1000 + 8);
    OK(mesh_ask(&net, source, "{\"command\":\"show\",\"id\":\"%s\"}", report));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, source, 0), "replies")), carried_count);
    /* to each of five members, and to who wrote it what is confirmed to it */
    assert_int_equal((mesh_rows_of(&net, OTHER_HUB, NRS_RECORD_ENVELOPE) - before) / (NODES - 1), is_long ? 2 : 1);
}

static void play(seen *it, size_t source)
{
    char ask[2 * NRS_HASH_SIZE + 1];

    begin(it);
    give(source);
    mesh_settle(&net, (size_t)((net.now_ms / MESH_VOUCH_TICK_MS + 1) * MESH_VOUCH_TICK_MS - net.now_ms) / 1000 - 1);
    assert_int_equal(it->early, 0); /* until its tick the hub hands on nothing at all */
    it->published = true;
    mesh_settle(&net, 8);
    for (size_t node = ONE; node <= MEMBER; node++) {
        OK(mesh_ask(&net, node, "{\"command\":\"show\",\"id\":\"%s\"}", published));
    }
    OK(mesh_ask(&net, HUB, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"どの版ですか\"}", report));
    mesh_settle(&net, MESH_VOUCH_TICK_MS / 1000 + 8);
    OK(mesh_ask(&net, source, "{\"command\":\"show\",\"id\":\"%s\"}", report));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, source, 0), "questions")), 1);
    /* somebody replies to what was published: to the hub, and to an audience or under terms that suit one of the two alone */
    replied(source, false, "", 1);
    replied(source, true, ",\"to\":[\"org-0\",\"org-2\"]", source == ONE ? 1 : 3);
    replied(source, false, ",\"kind\":\"situation\"", source == ONE ? 1 : 4);
    replied(source, true, ",\"to\":[\"org-0\",\"org-3\"]", source == ONE ? 3 : 4);
    /* somebody asks to share it wider, and the source agrees */
    OK(mesh_ask(&net, MEMBER, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-5\"],\"reason\":\"対処のため\"}", published));
    mesh_settle(&net, MESH_VOUCH_TICK_MS / 1000 + 8);
    OK(mesh_ask(&net, source, "{\"command\":\"release-list\"}"));
    (void)snprintf(ask, sizeof ask, "%s", mesh_text(mesh_row(&net, source, 0), "id"));
    in_private(it, source, "release-grant", ask, source == ANOTHER ? ",\"expires_in_ms\":90000000" : ",\"expires_in_ms\":100000000");
    OK(mesh_ask(&net, NATIONAL, "{\"command\":\"show\",\"id\":\"%s\"}", published));
    in_private(it, source, "withdraw", report, ",\"reason\":\"誤報\"");
    OK(mesh_ask(&net, MEMBER, "{\"command\":\"show\",\"id\":\"%s\"}", published));
    assert_true(mesh_text(mesh_row(&net, MEMBER, 0), "withdrawn_at")[0] != '\0');
    end(it);
}

/* It is taken back before it could leave. */
static void play_too_late(seen *it, size_t source)
{
    begin(it);
    give(source);
    in_private(it, source, "withdraw", report, ",\"reason\":\"誤報\"");
    assert_int_equal(mesh_ask(&net, MEMBER, "{\"command\":\"show\",\"id\":\"%s\"}", published), NRS_ERROR_WITHDRAWN);
    end(it);
}

static void forget(seen *it)
{
    for (size_t node = 0; node < NODES; node++) {
        for (size_t to = 0; to < NODES; to++) {
            free(it->text[node][to]);
        }
        free(it->own_text[node]);
        free(it->stores[node]);
    }
}

/* Says where two texts part, which a comparison of long texts does not. */
static void same(const char *what, const char *a, const char *b)
{
    size_t at = 0, line = 0;

    while (a[at] != '\0' && a[at] == b[at]) {
        line = a[at] == '\n' ? at + 1 : line;
        at++;
    }
    if (a[at] != b[at]) {
        fail_msg("%s differs:\n%.*s\n%.*s", what, (int)strcspn(a + line, "\n"), a + line, (int)strcspn(b + line, "\n"), b + line);
    }
}

static void compare(void (*story)(seen *it, size_t source), size_t items_min)
{
    char what[64];

    mesh_start(&net, 2, 1); /* what is drawn once for the whole process: then both runs draw the same keys */
    mesh_stop(&net);
    story(&runs[0], ONE);
    story(&runs[1], ANOTHER);
    if (getenv("NRS_TEST_LOG") != NULL) {
        for (size_t from = 0; from < NODES * NODES; from++) {
            (void)fprintf(stderr, "%zu to %zu\n%s", from / NODES, from % NODES, runs[0].text[from / NODES][from % NODES]);
        }
    }
    assert_true(runs[0].items > items_min);
    for (size_t from = 0; from < NODES; from++) {
        for (size_t to = 0; to < NODES; to++) {
            (void)snprintf(what, sizeof what, "the line from org-%zu to org-%zu", from, to);
            same(what, runs[0].text[from][to], runs[1].text[from][to]);
        }
        if (runs[0].stores[from] != NULL) {
            (void)snprintf(what, sizeof what, "the store of org-%zu", from);
            same(what, runs[0].stores[from], runs[1].stores[from]);
        }
    }
    /* and the source answers as where it is none */
    same("what the source says", runs[0].own_text[ONE], runs[1].own_text[ONE]);
    same("what the source says", runs[1].own_text[ANOTHER], runs[0].own_text[ANOTHER]);
    assert_true(strlen(runs[0].own_text[ONE]) > 0);
    forget(&runs[0]);
    forget(&runs[1]);
    memset(runs, 0, sizeof runs);
}

static void nobody_can_tell_which_of_two_it_was(void **state)
{
    (void)state;
    compare(play, 20);
}

static void nor_of_what_never_left(void **state)
{
    (void)state;
    compare(play_too_late, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_can_tell_which_of_two_it_was),
        cmocka_unit_test(nor_of_what_never_left),
    };

    if (nrs_seeded_install("withheld linkage") != 0) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
