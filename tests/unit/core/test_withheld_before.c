/* A report in the store that is not of the form which this version takes, as a withheld one without a place: it is as one that is not there, and neither
 * the node nor who names it fails by it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "keys/seal.h"
#include "mesh_look.h"
#include "mesh_records.h"
#include "proto/carrier.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

enum { HUB, OTHER_HUB, SOURCE, MEMBER, NODES };

static mesh net;
static char report[2 * NRS_HASH_SIZE + 1];

/* The same report, without its place. */
static void without_place(nrs_bytes *record_out, nrs_slice record)
{
    nrs_sealed_view *view = NULL;
    nrs_sealed *sealed = NULL;
    nrs_header *header = NULL;
    nrs_slice payload = {0};
    nrs_bytes packed = {0}, whole = {0};
    ProtobufCBinaryData place, before; /* theirs to free */
    uint32_t type = 0;

    OK(nrs_record_read(&type, &payload, record));
    OK(nrs_sealed_decode(&sealed, payload));
    OK(nrs_header_decode(&header, nrs_field(&sealed->header)));
    assert_int_equal(header->place.len, NRS_HASH_SIZE);
    place = header->place;
    header->place = (ProtobufCBinaryData){0};
    packed.size = nrs__wire__header__get_packed_size(header);
    packed.data = malloc(packed.size);
    assert_non_null(packed.data);
    packed.capacity = packed.size;
    assert_int_equal(nrs__wire__header__pack(header, packed.data), packed.size);
    before = sealed->header;
    sealed->header = nrs_field_of(nrs_slice_of_bytes(&packed));
    OK(nrs_sealed_encode(&whole, sealed));
    assert_int_equal(nrs_sealed_parse(&view, nrs_slice_of_bytes(&whole)), NRS_ERROR_NOT_CANONICAL);
    OK(nrs_record_wrap(record_out, NRS_RECORD_SEALED, nrs_slice_of_bytes(&whole)));
    sealed->header = before;
    header->place = place;
    nrs_bytes_wipe(&whole);
    nrs_bytes_wipe(&packed);
    nrs_header_free(&header);
    nrs_sealed_free(&sealed);
}

/* As if a build that took that form had stored it; the node starts anew. */
static void age(size_t node)
{
    mesh_records set = mesh_records_of(&net, node, NRS_RECORD_SEALED);
    nrs_bytes old = {0};
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    char path[96];

    assert_int_equal(set.count, 1);
    without_place(&old, nrs_slice_of_bytes(&set.records[0]));
    mesh_down(&net, node);
    (void)snprintf(path, sizeof path, "%s/store.db", net.nodes[node].folder);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, "UPDATE log SET record = ?1 WHERE type = ?2", -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_bind_blob(statement, 1, old.data, (int)old.size, SQLITE_TRANSIENT), SQLITE_OK);
    assert_int_equal(sqlite3_bind_int(statement, 2, NRS_RECORD_SEALED), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
    assert_int_equal(sqlite3_changes(database), 1);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    mesh_up(&net, node);
    mesh_settle(&net, 4);
    nrs_bytes_wipe(&old);
    mesh_records_wipe(&set);
}

static nrs_error ask(size_t node, const char *command)
{
    return mesh_ask(&net, node, "{\"command\":\"%s\",\"id\":\"%s\"}", command, report);
}

static void it_is_as_one_that_is_not_there(void **state)
{
    static const size_t holders[] = {HUB, SOURCE};

    (void)state;
    mesh_start(&net, NODES, 2);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"withhold_source\":true,\"via\":[\"org-0\"],\"label\":\"AMBER\",\"to\":[\"org-3\"],\"kind\":\"incident\","
                              "\"subject\":\"件名\",\"body\":\"本文\"}"));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    mesh_settle(&net, 3);
    assert_int_equal(mesh_listed(&net, HUB), 1);
    for (size_t i = 0; i < sizeof holders / sizeof holders[0]; i++) {
        age(holders[i]);
        assert_int_equal(ask(holders[i], "show"), NRS_ERROR_NOT_FOUND);
        (void)mesh_listed(&net, holders[i]);
        assert_non_null(mesh_status(&net, holders[i]));
    }
    assert_int_equal(ask(HUB, "vouch"), NRS_ERROR_NOT_FOUND);
    assert_int_equal(mesh_ask(&net, SOURCE, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤報\"}", report), NRS_ERROR_NOT_FOUND);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"withhold_source\":true,\"via\":[\"org-0\"],\"label\":\"AMBER\",\"to\":[\"org-3\"],\"kind\":\"incident\","
                              "\"subject\":\"二件目\",\"body\":\"本文\"}"));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    mesh_settle(&net, 3);
    OK(ask(HUB, "vouch"));
    mesh_settle(&net, MESH_VOUCH_TICK_MS / 1000 + 5);
    assert_int_equal(mesh_listed(&net, MEMBER), 1);
    net.now_ms += 8 * NRS_DAY_MS; /* and it expires as others do */
    net.monotonic_ms += 8 * NRS_DAY_MS;
    mesh_settle(&net, 4);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_as_one_that_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
