/* What the files of audit/ share of this node's own log: where it stands in memory. Private to them. */
#ifndef CORE_AUDIT_OWN_H
#define CORE_AUDIT_OWN_H

#include "audit/audit.h"

#define NRS_AUDIT_KEY_NAME "audit-key"
#define NRS_AUDIT_HEAD_NAME "audit-head"
/* What stood there when a log was begun anew beside one that could not be read. */
#define NRS_AUDIT_KEY_BEFORE_NAME "audit-key-before"
#define NRS_AUDIT_HEAD_BEFORE_NAME "audit-head-before"

struct nrs_audit {
    nrs_secret *key;
    nrs_audit_head head;
    bool fresh;          /* key and log are new and not in the store yet */
    bool lost;           /* what the store holds belongs to a log that cannot be read */
    bool dirty;          /* the head has moved */
    bool foreign;        /* there are rows which this node did not write */
    bool restored;       /* the head is that of the note: key and right edge of the tree may not be in the store */
    bool note_due;       /* the head has moved since it was noted beside the store */
    bool note_settled;   /* the place in that file which is not written to is on the disk */
    size_t note_place;   /* that is written to, 0 or 1 */
    uint64_t note_serial;
    nrs_error alarm_rule; /* to be said in the first entry from now on, with `alarm`; NRS_OK: nothing */
    char alarm[NRS_AUDIT_DETAIL_SIZE_MAX + 1];
};

/** What a start has found: said in the first entry from now on. The first one stands. */
__attribute__((format(printf, 3, 4))) void nrs_audit_note_alarm(struct nrs_audit *audit, nrs_error rule, const char *format, ...);

/* audit_note.c: what is noted beside the store. */
typedef struct nrs_audit_note {
    bool there, found;   /* there is something; it opens */
    nrs_audit_head head;
    nrs_secret *key;
} nrs_audit_note;
/** Only fatal errors. Out: note_out: the caller destroys its key. */
NRS_MUST_USE nrs_error nrs_audit_note_read(nrs_core *core, struct nrs_audit *audit, nrs_audit_note *note_out);

/* audit_load.c: the key is wrapped under one that comes from what the vault file stands under, which outlives a change of identity. */
NRS_MUST_USE nrs_error nrs_audit_wrap_key(const nrs_core *core, nrs_bytes *wrapped_out, const nrs_secret *key);
NRS_MUST_USE nrs_error nrs_audit_wrapping_key(const nrs_core *core, nrs_secret **key_out);

/* audit_rebuild.c */
/** Grow a tree by the stored rows behind it, up to one that is missing, or does not open with this key where `open`; `size` at most. */
NRS_MUST_USE nrs_error nrs_audit_grow(nrs_core *core, nrs_audit_head *head, const nrs_secret *key, uint64_t size, bool open);
/** A head that cannot be read, made anew out of leaves that agree with the newest checkpoint and of entries behind it that open.
 *  NRS_ERROR_NOT_FOUND: there are none. */
NRS_MUST_USE nrs_error nrs_audit_rebuild(nrs_core *core, nrs_audit_head *head_out, const nrs_secret *key);

#endif
