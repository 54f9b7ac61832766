/* Changes of keys in a mesh: announced, left in an inbox, and followed by the roster. */
#ifndef TESTS_MESH_KEYS_H
#define TESTS_MESH_KEYS_H

#include "mesh.h"

/** Leave it in a node's inbox. Returns what the node said of it; "" when it took it. Borrowed, until its next step. */
const char *mesh_give_change(mesh *net, size_t node, const char *type, const nrs_bytes *payload);
/** A signed change to `after`, with the card of an organisation of this name, or of its own. */
void mesh_make_succession_as(const mesh *net, nrs_bytes *payload_out, size_t node, const nrs_identity *after, const char *org);
void mesh_make_succession(const mesh *net, nrs_bytes *payload_out, size_t node, const nrs_identity *after);
/** The same with the card of a hub, at an address. */
void mesh_make_succession_at(const mesh *net, nrs_bytes *payload_out, size_t node, const nrs_identity *after, const char *endpoint);
/** What a roster is to say of a node whose keys have changed. */
typedef struct mesh_new_keys {
    mesh_node *node;
    const nrs_identity *after;
    uint64_t at_ms;
} mesh_new_keys;
/** For mesh_change, with mesh_new_keys: the new keys in the member's place, and a tombstone that says that the old one left. */
void mesh_put_keys(void *context, nrs_roster *next);
/** The roster follows. Handed to the first node. */
void mesh_follow_change(mesh *net, size_t node, const nrs_identity *after);
/** A node announces that its keys change. Returns those after: the caller's, or mesh_take_over's. */
nrs_identity *mesh_announce_change(mesh *net, size_t node);
/** Announced, followed by the roster, and taken over. */
void mesh_change_keys(mesh *net, size_t node);

#endif
