/* Records taken out of one node's log, and handed to another as a peer might. */
#ifndef TESTS_MESH_RECORDS_H
#define TESTS_MESH_RECORDS_H

#include "keys/seal.h"
#include "mesh.h"

#define MESH_RECORD_MAX 8
#define MESH_STATEMENT_MAX 64

/* The records of one type in a node's log, also those that share a row with another. */
typedef struct mesh_records {
    uint32_t type;
    nrs_bytes records[MESH_RECORD_MAX];
    size_t count;
} mesh_records;

/** The caller wipes it. */
mesh_records mesh_records_of(const mesh *net, size_t node, nrs_record_type type);
void mesh_records_wipe(mesh_records *set);
/** How many rows of a node's log have this type. */
size_t mesh_rows_of(const mesh *net, size_t node, nrs_record_type type);
/** Whether a record of its log has this id, in hex. */
bool mesh_holds(const mesh *net, size_t node, const char *id);
void mesh_frame(nrs_bytes *frame_out, nrs_frame_type type, nrs_slice payload);
/** One item with one or two records, from a node to another. second: may be empty. */
void mesh_give_records(mesh *net, size_t from, size_t to, uint64_t position, nrs_slice first, nrs_slice second);
/** To whom a node would seal now: its keys and the prekey in force. */
nrs_recipient mesh_recipient(const mesh *net, size_t node);
/** A statement of `from` in an envelope to `to`, as if `via` had handed it over. */
void mesh_post(mesh *net, size_t from, size_t to, size_t via, const nrs_statement *statement);
/** Several of them in one envelope. */
void mesh_post_all(mesh *net, size_t from, size_t to, size_t via, const nrs_statement *statements, size_t count);

#endif
