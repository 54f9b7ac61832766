#include "mesh_disk.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

static sqlite3 *open_store(const mesh *net, size_t node)
{
    char path[128];
    sqlite3 *database = NULL;

    (void)snprintf(path, sizeof path, "%s/store.db", net->nodes[node].folder);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    return database;
}

void mesh_sql(mesh *net, size_t node, const char *format, ...)
{
    char text[512];
    sqlite3 *database = open_store(net, node);
    va_list arguments;

    va_start(arguments, format);
    assert_true(vsnprintf(text, sizeof text, format, arguments) < (int)sizeof text);
    va_end(arguments);
    assert_int_equal(sqlite3_exec(database, text, NULL, NULL, NULL), SQLITE_OK);
    assert_true(sqlite3_changes(database) > 0);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

void mesh_sql_one(mesh *net, size_t node, char text_out[65], const char *query)
{
    sqlite3 *database = open_store(net, node);
    sqlite3_stmt *statement = NULL;

    assert_int_equal(sqlite3_prepare_v2(database, query, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    (void)snprintf(text_out, 65, "%s", (const char *)sqlite3_column_text(statement, 0));
    assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

void mesh_withhold(mesh *net, size_t hub, const char *id)
{
    mesh_down(net, hub);
    mesh_sql(net, hub, "DELETE FROM log WHERE hex(substr(id, 1, 8)) = upper(substr('%s', 1, 16))", id);
    mesh_up(net, hub);
}

static void copy_store(const mesh *net, size_t node, const char *from, const char *to)
{
    char command[512];

    (void)snprintf(command, sizeof command, "cd %s && rm -f %s %s-wal %s-shm && cp %s %s", net->nodes[node].folder, to, to, to, from, to);
    assert_int_equal(system(command), 0);
}

/* A copy of a store comes with the note beside it: what is put back is the folder. */
static void copy_note(const mesh *net, size_t node, const char *from, const char *to)
{
    char command[512];

    (void)snprintf(command, sizeof command, "cd %s && cp %s %s", net->nodes[node].folder, from, to);
    assert_int_equal(system(command), 0);
}

void mesh_keep_copy(mesh *net, size_t node, const char *name)
{
    char note[64];

    mesh_down(net, node);
    copy_store(net, node, "store.db", name);
    (void)snprintf(note, sizeof note, "%s.end", name);
    copy_note(net, node, "audit-end", note);
    mesh_up(net, node);
}

void mesh_bring_back(mesh *net, size_t node, const char *name)
{
    char note[64];

    mesh_down(net, node);
    copy_store(net, node, name, "store.db");
    (void)snprintf(note, sizeof note, "%s.end", name);
    copy_note(net, node, note, "audit-end");
    mesh_up(net, node);
}
