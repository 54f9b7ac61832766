/* A second community beside the mesh's own: what one recognises of the other, and reports that pass between them. */
#ifndef TESTS_MESH_SECOND_H
#define TESTS_MESH_SECOND_H

#include "mesh.h"

typedef struct mesh_second {
    const char *name;
    nrs_identity *key;
    nrs_bytes first, statement, many;
    uint8_t id[NRS_HASH_SIZE];
} mesh_second;

/** Make it, and hand it to nobody. */
void mesh_second_make(mesh *net, mesh_second *second, const char *name, const size_t *nodes, const uint32_t *roles, size_t count, bool recognises);
/** Make it, with these members (`roles` by their side), and hand it to each as an invite. recognises: the mesh's own, or not. */
void mesh_second_start(mesh *net, mesh_second *second, const char *name, const size_t *nodes, const uint32_t *roles, size_t count, bool recognises);
/** Hand it as an invite to these of its members alone. */
void mesh_second_invite(mesh *net, const mesh_second *second, const size_t *nodes, const uint32_t *roles, size_t count);
/** A next version that `edit` has changed, handed to one node. */
void mesh_second_change(mesh *net, mesh_second *second, size_t node, void (*edit)(void *context, nrs_roster *next), void *context);
/** Let the mesh's own community recognise it. */
void mesh_second_recognised(mesh *net, const mesh_second *second);
/** "gas", whose hub and member (and ministry) are the next nodes of the mesh. `between` is in both communities, as an operator of the one that is
 *  not its own: a node of the mesh, or the hub of gas, which has the next number. Each recognises the other. */
void mesh_second_beside(mesh *net, mesh_second *second, size_t between, bool with_ministry);
/** Leaves it zeroed, as where none was started. */
void mesh_second_stop(mesh_second *second);

#endif
