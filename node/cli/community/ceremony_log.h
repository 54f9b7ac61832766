/* The record of ceremonies that a machine without a node keeps beside its roster keys. */
#ifndef CLI_CEREMONY_LOG_H
#define CLI_CEREMONY_LOG_H

#include "command.h"
#include "keys/roster_draft.h"

typedef struct nrs_ceremony {
    const char *what;             /* "sign", "taken-back", "combine" */
    const char *file;             /* the draft, as it was given; or NULL */
    const char *beside;           /* the file (behind a symbolic link, that one) in whose folder the log stands, unless --log says otherwise */
    const nrs_proposal *proposal; /* NULL: the file could not be read as one */
    const uint8_t *key;           /* the roster key, or NULL */
    nrs_error rule;               /* NRS_OK: it was done; else what refused it */
    bool replace;                 /* a person gave up another draft that the key has signed of this version */
    char replaces[2 * NRS_HASH_SIZE + 1]; /* its hash; "" where none is known here */
} nrs_ceremony;

/** Before anything else: refuse a --log that is the result, a draft, a key, or the node's own and no log. Returns NRS_ERROR_EXISTS; recorded. */
NRS_MUST_USE nrs_error nrs_ceremony_check_log(nrs_cli *cli);

/** One process at a time signs with the key: from here to the end of this one no other looks up what it has signed. That the key's file has another name
 *  (a hard link), beside which nothing is looked up, is said. Returns NRS_ERROR_BUSY; recorded. */
NRS_MUST_USE nrs_error nrs_ceremony_begin(nrs_cli *cli, const char *key_path);

/** Add one line to the log and see it on the disk. What was signed goes beside the key as well where --log names another: that it could not, as on
 *  a medium that is read alone, is said. Returns NRS_ERROR_DISK; recorded, where nothing is recorded yet. */
NRS_MUST_USE nrs_error nrs_ceremony_log(nrs_cli *cli, const nrs_ceremony *ceremony);
/** What was signed and noted did not leave this process: a line takes it back. That it could not be noted is said. */
void nrs_ceremony_take_back(nrs_cli *cli, const nrs_ceremony *ceremony);
/** The same of what was refused, or done, already: that it could not be logged is said beside that, with what helps. */
void nrs_ceremony_log_refused(nrs_cli *cli, const nrs_ceremony *ceremony);

/** Refuse a second draft of a version by one roster key: with both signed in full whoever has them proves a fork. What was signed is looked up in
 *  that log, and in the one beside the key; one that bears the key's signature already is no other. A line that
 *  cannot be read may be such a one. With --replace it is told to the log alone.
 *  Returns NRS_ERROR_FORKED, DAMAGED, DISK; recorded. In-out: ceremony: with proposal and key. */
NRS_MUST_USE nrs_error nrs_ceremony_check_once(nrs_cli *cli, nrs_ceremony *ceremony);
/** The same as a word to the person and no refusal, where the key signs by itself what is made at its node. */
void nrs_ceremony_note_other(nrs_cli *cli, const nrs_ceremony *ceremony);

#endif
