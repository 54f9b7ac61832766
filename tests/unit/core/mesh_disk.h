/* The database of a node of a mesh, looked at and changed behind its back. */
#ifndef TESTS_MESH_DISK_H
#define TESTS_MESH_DISK_H

#include "mesh.h"

/** Change something in the database of a node that is down, by a statement of at most 511 characters; it must change a row at least. */
void mesh_sql(mesh *net, size_t node, const char *format, ...) __attribute__((format(printf, 3, 4)));
/** The one value of a query on a node's database, as text of at most 64 characters. */
void mesh_sql_one(mesh *net, size_t node, char text_out[65], const char *query);
/** A hub forgets a report, with its slots, as if it had never had it; it is started anew. */
void mesh_withhold(mesh *net, size_t hub, const char *id);
/** Keep a copy of a node's database under a name in its folder, and put it back; it is started anew. */
void mesh_keep_copy(mesh *net, size_t node, const char *name);
void mesh_bring_back(mesh *net, size_t node, const char *name);

#endif
