/* The text of a report that passes on another's (SPEC 5.7): what its sender adds, then the other's, marked as such. */
#ifndef PROTO_FORWARD_H
#define PROTO_FORWARD_H

#include "proto/bytes.h"
#include "proto/label.h"

/* What is passed on. Borrowed; texts are never NULL but for `person`. */
typedef struct nrs_forwarded {
    nrs_label label;
    const char *from;     /* the source, or "@community" where it may not be named */
    const char *person;   /* who wrote it, or NULL */
    const char *id;       /* hexadecimal */
    uint64_t created_ms;
    const char *subject;
    const char *body;
} nrs_forwarded;

/** Begin the text: what the sender adds (may be empty), then the head of the other's and its body. In-out: *text is empty. */
NRS_MUST_USE nrs_error nrs_forward_begin(nrs_bytes *text, const char *added, const nrs_forwarded *forwarded);
/** One of its form's fields, by its name in both languages. A field that tells the source is left out where hidden is set. */
NRS_MUST_USE nrs_error nrs_forward_field(nrs_bytes *text, const char *name, const char *value, bool hidden);
/** Close it. *text ends with a zero byte. */
NRS_MUST_USE nrs_error nrs_forward_end(nrs_bytes *text, const nrs_forwarded *forwarded);
/** Whether a field of the form tells whose report it is (SPEC 5.5). */
bool nrs_field_tells_source(const char *name);
/** "Fwd: " and the subject, cut between characters to fit. subject_out holds NRS_SUBJECT_SIZE_MAX + 1. */
void nrs_forward_subject(char *subject_out, const char *subject);

#endif
