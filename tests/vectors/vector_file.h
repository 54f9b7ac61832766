/* Writing a vector: lines "name: value" in a text file of its own. Values are hexadecimal but for kind, about, expect,
 * step and fingerprint. */
#ifndef VECTOR_FILE_H
#define VECTOR_FILE_H

#include <stdio.h>

#include "proto/bytes.h"

/* What every vector says first. step and rule name the check that must fail, and how; both NULL when all hold. */
typedef struct vector_head {
    const char *name; /* of the file, without its suffix */
    const char *about;
    const char *kind;
    const char *step;
    const char *rule;
} vector_head;

/** Ends the program when the file cannot be made. */
FILE *vector_open(const char *folder, const vector_head *head);
/** Writes nothing for an empty value. */
void vector_hex(FILE *file, const char *name, nrs_slice value);
void vector_text(FILE *file, const char *name, const char *value);
/** Ends the program when a write failed. */
void vector_close(FILE *file);

/** The parts of make_sealing. */
void make_reports(const char *folder);
void make_statements(const char *folder);
void make_rosters(const char *folder);
void make_streams(const char *folder);
void make_withdrawals(const char *folder);
void make_exports(const char *folder);
void make_changes(const char *folder);
void make_invites(const char *folder);

#endif
