/* Audit logs over a mesh: entries, checkpoints, and what hubs say of them. */
#ifndef TESTS_MESH_AUDIT_H
#define TESTS_MESH_AUDIT_H

#include "mesh.h"

/** A few entries: refused attempts. */
void mesh_audit_act(mesh *net, size_t node, size_t times);
void mesh_audit_checkpoint(mesh *net, size_t node);
/** The newest checkpoint of a node's own, as `audit signed` shows it. Borrowed until the node's next command. */
const json_t *mesh_audit_own(mesh *net, size_t node);
/** How many hubs have signed that one. */
size_t mesh_audit_cosigners(mesh *net, size_t node);
/** What a hub says of another node's log; NULL if nothing. Borrowed until the hub's next command. */
const json_t *mesh_audit_watched(mesh *net, size_t hub, size_t node);

#endif
