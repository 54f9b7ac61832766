/* Persons of the mesh's organisations: their cards and prekeys, and their own process, in which TLP:RED is sealed. */
#ifndef TESTS_MESH_PERSONS_H
#define TESTS_MESH_PERSONS_H

#include "mesh.h"

/* A person with its key, as its own process has it. */
typedef struct mesh_person {
    const char *id;
    size_t node;
    nrs_identity *identity; /* nrs_identity_destroy */
} mesh_person;

/** A new card of a node's organisation, with these persons and new keys of theirs; at most two. */
void mesh_persons_card(mesh *net, size_t node, mesh_person *const *persons, size_t count);
/** The same with the keys that they have already, where they have some. */
void mesh_persons_next_card(mesh *net, size_t node, mesh_person *const *persons, size_t count);
/** Prekeys of a person's, handed to its node. */
void mesh_person_prekeys(mesh *net, const mesh_person *who);
/** The same by a bundle of this time. Returns what the node said. */
nrs_error mesh_person_prekeys_made(mesh *net, const mesh_person *who, uint64_t created_ms);
/** Seal in the person's process what `red-prepare` has answered, for the first recipients of the row. Returns the request `red-submit`. */
json_t *mesh_red_sealed(const json_t *row, uint32_t label, const char *body, const char *const *to, size_t to_count);
/** A command; takes the request over. */
nrs_error mesh_ask_json(mesh *net, size_t node, json_t *request);
/** Bytes of a base64 text. */
void mesh_bytes_of(nrs_bytes *bytes_out, const json_t *value);
/** 32 of them, under a name in a row. */
void mesh_key_of(uint8_t *key_out, const json_t *row, const char *name);

#endif
