/* Segments of the vault (SPEC 9): however many there are, they take no room from other secrets, and an empty one goes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "keys/vault.h"
#include "mesh.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define KEEPER 1u
#define POOL_SLOTS 8192u

static mesh net;

/* As many reports as fill them would have left them, in the store of a node that is down: from number `first` on, none with an entry. */
static void add_segments(uint64_t first, size_t count, uint32_t entries)
{
    mesh_node *node = &net.nodes[KEEPER];
    nrs_vault_roots roots = {0};
    nrs_secret *file_key = NULL, *key = NULL;
    nrs_bytes wrapped = {0};
    char path[128];
    const nrs_store_options options = {.path = path, .synchronous_off = 1};
    const uint8_t incarnation[NRS_LOG_ID_SIZE] = {1};
    nrs_store *store = NULL;

    OK(nrs_identity_derive(&file_key, node->identity, NRS_DOMAIN_VAULT));
    OK(nrs_vault_file_decode(&roots, nrs_slice_of_bytes(&node->vault), file_key));
    (void)snprintf(path, sizeof path, "%s/store.db", node->folder);
    OK(nrs_store_open(&store, &options, incarnation));
    OK(nrs_store_begin(store));
    for (uint64_t number = first; number < first + count; number++) {
        uint8_t label[8];

        for (size_t i = 0; i < sizeof label; i++) {
            label[i] = (uint8_t)(number >> (8 * i));
        }
        OK(nrs_secret_random(&key, NRS_KEY_SIZE));
        OK(nrs_vault_wrap(&wrapped, roots.root[0] != NULL ? roots.root[0] : roots.root[1], nrs_slice_of(label, sizeof label), key));
        OK(nrs_store_segment_set(store, number, entries, nrs_slice_of_bytes(&wrapped)));
        nrs_secret_destroy(&key);
    }
    OK(nrs_store_commit(store));
    nrs_store_close(&store);
    nrs_bytes_wipe(&wrapped);
    nrs_vault_roots_wipe(&roots);
    nrs_secret_destroy(&file_key);
}

static int64_t number_of(const char *sql)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    char path[128];
    int64_t found;

    (void)snprintf(path, sizeof path, "%s/store.db", net.nodes[KEEPER].folder);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    found = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(database);
    return found;
}

/* A report to the keeper, and its id there. */
static void receive(char id_out[72])
{
    OK(mesh_ask(&net, 0, "{\"command\":\"send\",\"label\":\"AMBER\",\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\",\"to\":[\"org-1\"]}"));
    (void)snprintf(id_out, 72, "%s", mesh_text(mesh_row(&net, 0, 0), "id"));
    mesh_settle(&net, 3);
}

static void show(const char *id, nrs_error want)
{
    assert_int_equal(mesh_ask(&net, KEEPER, "{\"command\":\"show\",\"id\":\"%s\"}", id), want);
}

static void forget(const char *id)
{
    OK(mesh_ask(&net, KEEPER, "{\"command\":\"forget\",\"id\":\"%s\"}", id));
    mesh_settle(&net, 2);
}

/* Eight million reports and more: the node starts, takes, opens and forgets. */
static void more_segments_than_the_pool_has_slots(void **state)
{
    char before[72], after[72];

    (void)state;
    mesh_start(&net, 2, 1);
    receive(before);
    mesh_down(&net, KEEPER);
    add_segments(2, POOL_SLOTS + 100, NRS_VAULT_SEGMENT_ENTRIES_MAX);
    mesh_up(&net, KEEPER);
    assert_true(nrs_secret_room(POOL_SLOTS - 1000));
    receive(after);
    show(before, NRS_OK);
    show(after, NRS_OK);
    forget(before);
    show(after, NRS_OK);
    mesh_crash(&net, KEEPER);
    mesh_settle(&net, 2);
    show(after, NRS_OK);
    assert_int_equal(number_of("SELECT count(*) FROM segment"), POOL_SLOTS + 102);
    mesh_stop(&net);
}

/* What holds nothing more goes with its last entry; the newest stays, to be filled on. */
static void an_empty_segment_goes(void **state)
{
    char in_two[72], in_three[72], again[72];

    (void)state;
    mesh_start(&net, 2, 1);
    mesh_down(&net, KEEPER);
    add_segments(2, 1, 0);
    mesh_up(&net, KEEPER);
    receive(in_two);
    mesh_down(&net, KEEPER);
    add_segments(3, 1, 0);
    mesh_up(&net, KEEPER);
    receive(in_three);
    assert_int_equal(number_of("SELECT count(*) FROM report WHERE segment = 2"), 1);
    assert_int_equal(number_of("SELECT count(*) FROM report WHERE segment = 3"), 1);
    forget(in_two);
    assert_int_equal(number_of("SELECT count(*) FROM segment WHERE segment = 2"), 0);
    assert_int_equal(number_of("SELECT count(*) FROM segment"), 2);
    show(in_three, NRS_OK);
    forget(in_three);
    assert_int_equal(number_of("SELECT count(*) FROM segment WHERE segment = 3"), 1);
    receive(again);
    mesh_crash(&net, KEEPER);
    mesh_settle(&net, 2);
    show(again, NRS_OK);
    assert_int_equal(number_of("SELECT count(*) FROM report WHERE segment = 3"), 1);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_segments_than_the_pool_has_slots),
        cmocka_unit_test(an_empty_segment_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
