#include "tamper.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "check.h"
#include "memory.h"
#include "store/audit.h"
#include "vfs.h"
#include "world.h"

#define DOWN_MS 5000u
#define LATER_MS 40000u /* until what was signed meanwhile has come back with the hubs' signatures */
#define NOTE "audit-end"

/* What is done to the rows; ?1 picks one. */
typedef enum change { CHANGE_ENTRY = 0, CHANGE_GONE, CHANGE_CUT, CHANGE_LEAF, CHANGE_INSERTED, CHANGE_SET_BACK, CHANGE_SET_BACK_WITH_NOTE, CHANGE_COUNT } change;

/* An entry in the middle whose bytes are others, one that is not there, the last ones cut off, a leaf to go with other bytes, one that the node has
 * not written, behind the end or before the beginning. */
static const char *const changes[CHANGE_SET_BACK] = {
    "UPDATE audit SET sealed = zeroblob(length(sealed)) WHERE number = (SELECT max(number) FROM audit) - ?1 % (SELECT count(*) FROM audit)",
    "DELETE FROM audit WHERE number = (SELECT max(number) FROM audit) - ?1 % (SELECT count(*) FROM audit)",
    "DELETE FROM audit WHERE number > (SELECT max(number) FROM audit) - 1 - ?1 % (SELECT count(*) FROM audit)",
    ("UPDATE audit SET leaf = randomblob(32), sealed = randomblob(length(sealed))"
     " WHERE number = (SELECT max(number) FROM audit) - ?1 % (SELECT count(*) FROM audit)"),
    "INSERT INTO audit(number, leaf, sealed) SELECT CASE ?1 % 3 WHEN 0 THEN -?1 ELSE max(number) + 1 + ?1 END, randomblob(32), sealed FROM audit",
};

/* All that came behind entry ?1, and its head as it stood there. */
static const char *const set_backs[] = {
    "DELETE FROM audit WHERE number > ?1", "DELETE FROM audit_checkpoint WHERE size > ?1", "DELETE FROM audit_cosignature WHERE size > ?1",
    "DELETE FROM audit_node WHERE (place + 1) << level > ?1", "UPDATE meta SET value = ?2 WHERE name = 'audit-head' AND ?1 > 0",
};

/* Where the log ended when somebody had a look at the disk. */
struct sim_seen_log {
    uint64_t size;
    nrs_bytes head, note;
};

void sim_tamper_wipe(sim_node *node)
{
    if (node->seen_log != NULL) {
        nrs_bytes_wipe(&node->seen_log->head);
        nrs_bytes_wipe(&node->seen_log->note);
        free(node->seen_log);
        node->seen_log = NULL;
    }
}

static sqlite3 *open_store(const sim_node *node)
{
    char path[24];
    sqlite3 *database = NULL;

    (void)snprintf(path, sizeof path, "%zu/store.db", node->index);
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, SIM_VFS_NAME) != SQLITE_OK) {
        (void)sqlite3_close(database);
        database = NULL;
    }
    return database;
}

/* How many rows it changed. */
static int run(sqlite3 *database, const char *sql, uint64_t number, nrs_slice bytes)
{
    sqlite3_stmt *statement = NULL;
    int changed = 0;

    if (database != NULL && sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_bind_int64(statement, 1, (sqlite3_int64)number) == SQLITE_OK &&
        (sqlite3_bind_parameter_count(statement) < 2 || sqlite3_bind_blob(statement, 2, bytes.data, (int)bytes.size, SQLITE_STATIC) == SQLITE_OK) &&
        sqlite3_step(statement) == SQLITE_DONE) {
        changed = sqlite3_changes(database);
    }
    (void)sqlite3_finalize(statement);
    return changed;
}

static void mark(sim_world *world, sim_node *node, const char *what)
{
    node->tampered++;
    sim_sometimes_hit(world, SIM_SOMETIMES_TAMPERED);
    sim_trace_line(world, node, "its audit log is changed behind its back: %s", what);
}

static void change_rows(sim_world *world, sim_node *node, change kind, uint64_t pick)
{
    static const char *const words[CHANGE_SET_BACK] = {"an entry", "one is gone", "its end is cut off", "an entry and its leaf", "one is inserted"};
    sqlite3 *database = open_store(node);

    if (run(database, changes[kind], pick % 64, nrs_slice_of(NULL, 0)) > 0) {
        mark(world, node, words[kind]);
        node->has_to_say = node->has_to_say || kind == CHANGE_CUT || kind == CHANGE_INSERTED;
    }
    (void)sqlite3_close(database);
}

/* ---- Set back ---- */

/* It is signed then, so that there is a hub that knows better. */
static void look(sim_world *world, sim_node *node, const sim_act *act)
{
    const sim_file *note = sim_disk_find(&node->disk, NOTE);
    struct sim_seen_log *seen = sim_alloc(1, sizeof *seen);
    nrs_error error;

    sim_disk_hold(&node->disk, true);
    error = nrs_store_audit_last(node->store, &seen->size, UINT64_MAX);
    if (error == NRS_OK) {
        error = nrs_store_meta_get(node->store, "audit-head", &seen->head);
    }
    if (error == NRS_OK && note != NULL) {
        error = nrs_bytes_copy(&seen->note, nrs_slice_of(note->cache.data, note->cache.size));
    }
    sim_disk_hold(&node->disk, false);
    node->seen_log = seen;
    if (error != NRS_OK || seen->size == 0) {
        sim_tamper_wipe(node);
        return;
    }
    sim_trace_line(world, node, "somebody looks where its audit log ends: %llu", (unsigned long long)seen->size);
    sim_ask(world, node, SIM_ASK_OTHER, 0, json_pack("{s:s}", "command", "audit-checkpoint"));
    sim_world_put(world, LATER_MS, (sim_event){.type = SIM_EVENT_ACT, .subject = (size_t)(act - world->plan.acts)});
}

/* Set of nodes: the hubs that have signed what comes behind this. */
static uint64_t signers(const sim_world *world, sqlite3 *database, uint64_t size)
{
    sqlite3_stmt *statement = NULL;
    uint64_t set = 0;

    if (sqlite3_prepare_v2(database, "SELECT hub FROM audit_cosignature WHERE size > ?1", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)size) == SQLITE_OK) {
        while (sqlite3_step(statement) == SQLITE_ROW) {
            const size_t hub = sqlite3_column_bytes(statement, 0) == NRS_KEY_SIZE ? sim_check_node_of_key(world, sqlite3_column_blob(statement, 0)) : world->node_count;

            set |= hub < world->node_count ? 1ull << hub : 0;
        }
    }
    (void)sqlite3_finalize(statement);
    return set;
}

/* As it was then; the file is as long as ever. */
static void put_note_back(sim_node *node, const nrs_bytes *note)
{
    sim_file *file = sim_disk_open(&node->disk, NOTE, true);

    if (file != NULL && sim_disk_write(&node->disk, file, note->data, note->size, 0) == SIM_DISK_OK) {
        (void)sim_disk_sync(&node->disk, file);
    }
}

static void set_back(sim_world *world, sim_node *node, bool with_note)
{
    const struct sim_seen_log *seen = node->seen_log;
    sqlite3 *database = open_store(node);
    const uint64_t signed_by = database == NULL ? 0 : signers(world, database, seen->size);

    if (run(database, set_backs[0], seen->size, nrs_slice_of(NULL, 0)) > 0) { /* else it was itself put back since */
        for (size_t i = 1; i < sizeof set_backs / sizeof set_backs[0]; i++) {
            (void)run(database, set_backs[i], seen->size, nrs_slice_of_bytes(&seen->head));
        }
        sim_sometimes_hit(world, SIM_SOMETIMES_AUDIT_SET_BACK);
        if (with_note) { /* of itself it cannot know */
            put_note_back(node, &seen->note);
            node->signed_by |= signed_by;
            node->rewound = true;
            sim_trace_line(world, node, "its audit log is set back to entry %llu, and what is noted of it", (unsigned long long)seen->size);
        } else {
            node->has_to_say = true;
            mark(world, node, "it is set back");
        }
    }
    (void)sqlite3_close(database);
}

void sim_tamper(sim_world *world, sim_node *node, const sim_act *act)
{
    const uint64_t pick = act->a % (CHANGE_COUNT + 2);
    const change kind = (change)(pick < CHANGE_COUNT ? pick : pick - 2); /* the last two, which take longer and come to less, twice as often */

    if (node->hostile != NULL || world->phase != SIM_PHASE_FAULTY) {
        return;
    }
    if (kind >= CHANGE_SET_BACK && node->seen_log == NULL) {
        look(world, node, act);
        return;
    }
    sim_node_stop(world, node, DOWN_MS);
    sim_disk_hold(&node->disk, true);
    if (kind < CHANGE_SET_BACK) {
        change_rows(world, node, kind, act->b);
    } else {
        set_back(world, node, kind == CHANGE_SET_BACK_WITH_NOTE);
        sim_tamper_wipe(node);
    }
    sim_disk_hold(&node->disk, false);
}
