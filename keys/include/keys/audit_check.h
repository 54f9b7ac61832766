/* Checking an audit log (SPEC 13.5): fed in its order with entries, checkpoints and cosignatures, it says what does not hold and
 * where. What a node checks itself with and what a reviewer checks an exported file with are the same. */
#ifndef KEYS_AUDIT_CHECK_H
#define KEYS_AUDIT_CHECK_H

#include "keys/audit.h"
#include "proto/vocabulary.h"

#define NRS_AUDIT_FILE_NAME "NOROSHI AUDIT LOG "
#define NRS_AUDIT_FILE_HEAD NRS_AUDIT_FILE_NAME "2"
#define NRS_AUDIT_FILE_FORM 2u /* what it ends with */
#define NRS_AUDIT_LINE_SIZE_MAX (32u * 1024u)
#define NRS_AUDIT_COSIGNER_COUNT_MAX 64u
#define NRS_AUDIT_KEY_COUNT_MAX 64u /* keys of one node, one after the other */

typedef enum nrs_audit_fault {
    NRS_AUDIT_FAULT_CHANGED = 1,      /* these entries are not what was written; their leaves still are */
    NRS_AUDIT_FAULT_MISSING,          /* numbers that are left out */
    NRS_AUDIT_FAULT_INSERTED,         /* a number that was there already, or past the end */
    NRS_AUDIT_FAULT_CUT,              /* signed or noted once, and not there any more */
    NRS_AUDIT_FAULT_REWRITTEN,        /* among these are entries other than those the node signed */
    NRS_AUDIT_FAULT_SIGNED_OTHERWISE, /* among these are entries other than those the hub signed */
    NRS_AUDIT_FAULT_CHECKPOINT,       /* a checkpoint behind this entry is not of this log or node, its signature does not hold, or it is gone */
    NRS_AUDIT_FAULT_COSIGNATURE,      /* a cosignature behind this entry does not hold, or is another node's, or one is gone */
    NRS_AUDIT_FAULT_SUCCESSION,       /* a change of the node's keys does not hold, or leads nowhere */
    NRS_AUDIT_FAULT_ALARM             /* in this entry the node says itself that its log was changed */
} nrs_audit_fault;

typedef struct nrs_audit_finding {
    nrs_audit_fault fault;
    uint64_t first, last; /* numbers of entries */
    const uint8_t *key;   /* the hub's, or NULL */
} nrs_audit_finding;
typedef void (*nrs_audit_finder)(void *context, const nrs_audit_finding *finding);

typedef struct nrs_audit_cosigner {
    uint8_t key[NRS_KEY_SIZE];
    uint64_t size;  /* the largest it has signed that holds; 0: none */
    uint64_t at_ms;
    uint32_t logs;  /* logs of the node that it has seen: more than one tells that the log was begun anew */
} nrs_audit_cosigner;

typedef struct nrs_audit_check {
    nrs_audit_tree tree;
    uint8_t keys[NRS_AUDIT_KEY_COUNT_MAX][NRS_KEY_SIZE]; /* the node's signing key, and those before it as successions say */
    size_t key_count;
    uint8_t log[NRS_AUDIT_LOG_ID_SIZE];
    uint64_t last_number;
    uint64_t good_size;       /* of the newest checkpoint that holds */
    uint64_t checkpoint_ms;
    uint64_t entry_count;     /* without padding */
    uint64_t checkpoint_count;
    uint64_t finding_count;
    uint64_t inserted_first, inserted_last; /* found and not said yet, so that a stretch is said as one; 0: none */
    bool cut;                 /* the end is missing */
    bool begun_anew;          /* the node itself says that a log before this one is lost */
    bool broken;              /* a leaf is not known: nothing after it can be compared */
    nrs_audit_cosigner cosigners[NRS_AUDIT_COSIGNER_COUNT_MAX];
    size_t cosigner_count;
    uint64_t end_size;        /* where the node says that its log ends; 0: nothing is said */
    uint8_t end_root[NRS_HASH_SIZE];
    uint64_t end_checkpoint;  /* up to where the node says that it has made a checkpoint, and that a hub has signed it; 0: nowhere */
    uint64_t end_cosigned;
    uint64_t line_count;
    uint64_t form;            /* that the first line names; 0: none */
    nrs_audit_finder on_finding;
    void *context;
} nrs_audit_check;

void nrs_audit_check_init(nrs_audit_check *check, nrs_audit_finder on_finding, void *context);
/** One line of the exported form, without its line end. Returns NRS_ERROR_MALFORMED for what is no such line; UNKNOWN_SUITE: the
 *  first names another form; NO_MEMORY: it was not looked
 *  at (nor with BUSY), and the check is over. */
NRS_MUST_USE nrs_error nrs_audit_check_line(nrs_audit_check *check, nrs_slice line);
/** Behind the last line. */
void nrs_audit_check_end(nrs_audit_check *check);

/* What lines are made of, in their order. Returns NRS_OK, whatever is found, or NRS_ERROR_NO_MEMORY. */

/** A Signed KeyChange by which the oldest key known came after another one; before the first entry. NRS_ERROR_LIMIT: too many. */
NRS_MUST_USE nrs_error nrs_audit_check_succession(nrs_audit_check *check, nrs_slice payload);
/** An entry's bytes. */
NRS_MUST_USE nrs_error nrs_audit_check_entry(nrs_audit_check *check, nrs_slice bytes);
/** An entry that cannot be read any more, with the leaf that was noted for it. */
void nrs_audit_check_leaf(nrs_audit_check *check, uint64_t number, const uint8_t leaf[NRS_HASH_SIZE]);
/** Signed bytes, after the entries up to their size. */
NRS_MUST_USE nrs_error nrs_audit_check_checkpoint(nrs_audit_check *check, nrs_slice payload);
NRS_MUST_USE nrs_error nrs_audit_check_cosignature(nrs_audit_check *check, nrs_slice payload);

#endif
