#include "tamper.h"

#include <sqlite3.h>

#include "vfs.h"
#include "world.h"

#define DOWN_MS 5000u

/* An entry in the middle whose bytes are others, one that is not there, the last ones cut off, a leaf to go with other bytes. */
static const char *const changes[] = {
    "UPDATE audit SET sealed = zeroblob(length(sealed)) WHERE number = (SELECT max(number) FROM audit) - ?1 % (SELECT count(*) FROM audit)",
    "DELETE FROM audit WHERE number = (SELECT max(number) FROM audit) - ?1 % (SELECT count(*) FROM audit)",
    "DELETE FROM audit WHERE number > (SELECT max(number) FROM audit) - 1 - ?1 % (SELECT count(*) FROM audit)",
    ("UPDATE audit SET leaf = randomblob(32), sealed = randomblob(length(sealed))"
     " WHERE number = (SELECT max(number) FROM audit) - ?1 % (SELECT count(*) FROM audit)"),
};

static bool change(const sim_node *node, const char *sql, uint64_t pick)
{
    char path[24];
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    bool changed = false;

    (void)snprintf(path, sizeof path, "%zu/store.db", node->index);
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, SIM_VFS_NAME) == SQLITE_OK &&
        sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)(pick % 64)) == SQLITE_OK && sqlite3_step(statement) == SQLITE_DONE) {
        changed = sqlite3_changes(database) > 0;
    }
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(database);
    return changed;
}

void sim_tamper(sim_world *world, sim_node *node, const sim_act *act)
{
    if (node->hostile != NULL) {
        return;
    }
    sim_node_stop(world, node, DOWN_MS);
    sim_disk_hold(&node->disk, true);
    if (change(node, changes[act->a % (sizeof changes / sizeof changes[0])], act->b)) {
        node->tampered = true;
        sim_sometimes_hit(world, SIM_SOMETIMES_TAMPERED);
        sim_trace_line(world, node, "its audit log is changed behind its back");
    }
    sim_disk_hold(&node->disk, false);
}
