/* The audit log (SPEC 13): who did what, when, by which rule it was refused. An entry is committed in the transaction of what it
 * tells of, and costs the same however long the log is. */
#ifndef CORE_AUDIT_H
#define CORE_AUDIT_H

#include "internal.h"
#include "keys/audit.h"
#include "store/audit.h"

/* Only subtrees of at least so many leaves are stored: checkpoints end on them. */
#define NRS_AUDIT_PAGE_LEVEL 6u
_Static_assert(NRS_AUDIT_PAGE == 1u << NRS_AUDIT_PAGE_LEVEL, "a page is a complete subtree");

typedef struct nrs_audit_what {
    uint32_t event;      /* NRS_AUDIT_… of proto/vocabulary.h */
    nrs_error rule;      /* NRS_OK: it was done; else what refused it */
    const char *person;  /* id of the person who acts, of this organisation or of org, or NULL */
    const char *org;     /* organisation that did it over the mesh, or NULL */
    bool unnamed;        /* who did it is the source of a withheld report: no entry names it, since others read the log */
    nrs_slice about;     /* the id or hash of what it is about, or empty: only a salted hash of it is kept */
    const char *detail;  /* or NULL: words of the program (a label, a sink, a version), never a person's */
} nrs_audit_what;

/** Add one entry, within the step in hand; who asked for it (the system user of the command or of the inbox file) is known. For
 *  commands command.c does it by the table, with what the answer says it is about; others call this where they change
 *  something. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_audit_add(nrs_core *core, const nrs_audit_what *what);

/** The same for what came over the mesh; org may say that it is another's than the peer's who brought it. What was refused of one peer is kept a few times a minute, so that none fills the log. */
NRS_MUST_USE nrs_error nrs_audit_add_from(nrs_core *core, nrs_peer *from, const nrs_audit_what *what);

/** The detail of what gave a report on under a label: its own label, the one given where that is another, and whether a person has kept names in it
 *  that may tell a withheld source. Out: detail_out: NRS_AUDIT_DETAIL_SIZE_MAX + 1 bytes. */
void nrs_audit_terms(char *detail_out, uint32_t label, uint32_t given, bool names_kept);

NRS_MUST_USE nrs_error nrs_audit_load(nrs_core *core);
void nrs_audit_wipe(nrs_core *core);
/** Before the commit: put down where the log stands. */
NRS_MUST_USE nrs_error nrs_audit_settle(nrs_core *core);

/** After the commit: say so beside the store as well. What fails is tried again the next time. */
NRS_MUST_USE nrs_error nrs_audit_file_settle(nrs_core *core);

/** Where the log stands. Borrowed. */
const nrs_audit_head *nrs_audit_head_of(const nrs_core *core);
/** The bytes and value of a stored entry. Returns NRS_ERROR_DAMAGED when it is not what was written. Out: bytes_out: replaced;
 *  entry_out: nrs_audit_entry_free. */
NRS_MUST_USE nrs_error nrs_audit_row_open(const nrs_core *core, nrs_bytes *bytes_out, nrs_audit_entry **entry_out, const nrs_audit_row *row);

/** What `status` warns of: that the log was begun anew, or found changed. Appended. */
NRS_MUST_USE nrs_error nrs_audit_warn_lost(const nrs_core *core, json_t *warnings);

/* audit_checkpoint.c */
/** With each tick: a checkpoint once a day. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_audit_tick(nrs_core *core);
/** Make one now: pad the log to a whole page, sign where it stands, give it to the hubs. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_audit_checkpoint_make(nrs_core *core);
/** The root that this node signed at a size. NRS_ERROR_NOT_FOUND, FORGED … */
NRS_MUST_USE nrs_error nrs_audit_signed_root(nrs_core *core, uint8_t root_out[NRS_HASH_SIZE], uint64_t size);
/** What `status` warns of: logs of others that were rewritten, and an own one that nobody signs. Texts are appended. */
NRS_MUST_USE nrs_error nrs_audit_warn(const nrs_core *core, json_t *warnings);
/** Note in the head that there is a checkpoint of this size. */
void nrs_audit_checkpointed(nrs_core *core, uint64_t size, uint64_t at_ms);
/** Note in the head that a hub has signed this size. */
void nrs_audit_cosigned(nrs_core *core, uint64_t size);
/** The root of this node's log at a size that is a multiple of NRS_AUDIT_PAGE: what was signed there, or where that is gone what the log itself says.
 *  NRS_ERROR_NOT_FOUND: the log was never so long, or its nodes are gone. */
NRS_MUST_USE nrs_error nrs_audit_own_root(nrs_core *core, uint8_t root_out[NRS_HASH_SIZE], uint64_t size);
/** An audit log is not the one that was signed, by the word of `whose` or in its own: said in the log and entered here. */
NRS_MUST_USE nrs_error nrs_audit_alarm(nrs_core *core, const nrs_peer *whose, const char *detail);

#endif
