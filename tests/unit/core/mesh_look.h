/* What a node of a mesh shows a person: asked by the same commands as the program asks. Each asks anew and leaves its answer in
 * node.reply. */
#ifndef TESTS_MESH_LOOK_H
#define TESTS_MESH_LOOK_H

#include "mesh.h"

/** How many reports `list` shows. */
size_t mesh_listed(mesh *net, size_t node);
/** The row of a report in `list`; NULL if it is not there. Borrowed until the node's next command. */
const json_t *mesh_listed_row(mesh *net, size_t node, const char *id);
/** Whether `list` shows it. */
bool mesh_has(mesh *net, size_t node, const char *id);
/** The answer of `status`. Borrowed likewise. */
const json_t *mesh_status(mesh *net, size_t node);
/** How many rows of its log a node says that it has read. */
long long mesh_rows_read(mesh *net, size_t node);
/** Whether one of the warnings of `status` has these words in it. */
bool mesh_warned(mesh *net, size_t node, const char *words);
/** How many reports of an organisation `status` shows as missing, in a state (`missing`, `expired`). */
long long mesh_missing(mesh *net, size_t node, const char *from, const char *state);
/** The row of an ask for wider sharing, by its id; NULL: there is none. Borrowed likewise. */
const json_t *mesh_ask_row(mesh *net, size_t node, const char *id);
/** How many alarms the audit log has. */
size_t mesh_alarms(mesh *net, size_t node);

#endif
