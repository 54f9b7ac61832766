/* The community of a mesh: its rosters, one after the other. For mesh.c; tests take what mesh.h has. */
#ifndef TESTS_MESH_MEMBERS_H
#define TESTS_MESH_MEMBERS_H

#include "mesh.h"

/** Sign the first roster, of node 0 alone, and leave it in its inbox. */
void mesh_found(mesh *net);
void mesh_members_wipe(void);
/** A literal for a field of a message, which is only read. */
char *mesh_writable(const char *text);

#endif
