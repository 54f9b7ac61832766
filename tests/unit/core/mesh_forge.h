/* Grants and releases as somebody might make them who does not keep to the rules. */
#ifndef TESTS_MESH_FORGE_H
#define TESTS_MESH_FORGE_H

#include "keys/seal.h"
#include "mesh.h"

/** A grant with its table, the path of its only slot, and the report. The caller wipes it. */
typedef struct mesh_forged {
    nrs_bytes sealed, grant, table, path;
    uint8_t id[NRS_HASH_SIZE];
} mesh_forged;

typedef struct mesh_forging {
    const mesh *net;
    size_t keeper;            /* whose engine has the key of the report */
    const uint8_t *report;    /* its id */
    size_t grantor;
    size_t to;                /* whom the slot is for */
    size_t named;             /* whom the audience names */
    bool unnamed;             /* no audience of its own */
    uint32_t authority;
    const uint8_t *ref;       /* what it stands on; NULL: the first grant */
    const uint8_t *community; /* NULL: the header's */
    const uint8_t *salt;      /* of the audience; NULL: a fresh one */
    bool prekey_unknown;      /* the slot is sealed to a prekey that its reader never had */
    uint32_t slot_count;      /* as the statement says, over any root; 0: as it is */
    const uint8_t *file_key;  /* in the clear in the statement, in place of slots; NULL: as it is */
} mesh_forging;

mesh_forged mesh_forge(const mesh_forging *how);
void mesh_forged_wipe(mesh_forged *made);

typedef struct mesh_releasing {
    const mesh *net;
    const uint8_t *report;
    size_t signer, holder, named;
    const uint8_t *salt;      /* of the audience */
    const uint8_t *community; /* NULL: the report's own */
    uint32_t label;
    uint64_t expires_ms;
} mesh_releasing;

/** A RELEASE record. Out: record_out: owned; id_out. */
void mesh_forge_release(nrs_bytes *record_out, uint8_t id_out[NRS_HASH_SIZE], const mesh_releasing *how);

/** The detail of a REQUEST that asks for one target. Out: detail_out: owned. community: of the ask; NULL: the report's own. */
void mesh_forge_ask(nrs_bytes *detail_out, const Nrs__Wire__Target *target, const uint8_t salt[NRS_HASH_SIZE], const uint8_t *community);

/** Hand a record over as `from` might, at a position that its log does not have, and settle. Returns how that was answered. */
nrs_error mesh_hand_over(mesh *net, size_t from, size_t to, const nrs_bytes *record);
/** net.inspect while that goes on, with the net as its context: the engine of `from` hears nothing of such positions. */
bool mesh_hear(void *context, size_t from, size_t to, nrs_slice bytes);
/** A statement that a node's engine sends with its next step, as if it had thought of it itself: to another node, in the mesh's own
 *  community. */
void mesh_say(const mesh *net, size_t from, size_t to, const nrs_statement *statement);
/** The same in another community than the first. roster: its bytes. */
void mesh_say_in(const mesh *net, nrs_slice roster, size_t from, size_t to, const nrs_statement *statement);
/** What a hub knows of what it published as what, read again from its store, as after a start; the pool of secrets is full meanwhile, or not. */
nrs_error mesh_read_published(const mesh *net, size_t node, bool no_secrets);
/** Whether a hub finds a report by a place, among all that bear it. */
bool mesh_recalls(const mesh *net, size_t hub, const uint8_t *place, const uint8_t *id);
/** As if a peer had had a node read as many reports for nothing as it may in a minute: by records, or by statements. */
void mesh_exhaust(const mesh *net, size_t node, size_t peer, bool statements);
/** As if it had been long since a node looked at its log: whatever it needs of it is read. */
void mesh_not_at_hand(const mesh *net, size_t node);
/** Whether it may have it read more, by records. */
bool mesh_look_ups_left(const mesh *net, size_t node, size_t peer);
/** Whether a node keeps room for the pieces of a roster that `from` hands over. */
bool mesh_gathers(const mesh *net, size_t node, size_t from);

#endif
