/* A report as the command line and the form describe it, checked as far as this program can. */
#ifndef CLI_DRAFT_H
#define CLI_DRAFT_H

#include <jansson.h>

#include "command.h"
#include "proto/bytes.h"
#include "proto/form.h"
#include "proto/label.h"
#include "proto/limits.h"

typedef struct nrs_draft {
    nrs_label label;     /* NONE: not given (a reply) */
    json_t *to;          /* array of addresses; may be empty (a reply) */
    const char *kind;    /* code, or NULL (a reply) */
    const char *subject; /* or NULL (a reply) */
    nrs_bytes body;      /* zero-terminated */
    nrs_form form;
    json_t *onward;      /* array of words */
    json_t *disclaimers; /* array of names */
    const char *pap, *tell_affected, *name_source; /* words, or NULL */
    bool not_for_supervision;
    const char *follows, *community; /* or NULL */
    bool urgent, drill, final, dry_run, stale_roster, unlock_on_accept, withhold_source;
    bool whole;          /* nothing may be missing: false of a dry run that is given no text */
    bool text_optional;  /* set before it is read: the text may come from elsewhere (vouch) */
    json_t *via;         /* array of names of hubs */
    uint32_t number;
    uint64_t expires_in_ms; /* 0: the node's choice */
    char *answer_subject; /* owned: the subject of a reply, where none was given */
    const char *quoted;  /* the report that a reply answers, or whose text is passed on; NULL otherwise */
    char *writer;        /* owned: an answer that names nobody goes to who wrote the quoted TLP:RED, by this address and */
    uint8_t writer_key[NRS_KEY_SIZE]; /* this key of the organisation; NULL where somebody is named */
    bool forward;        /* the latter */
    json_t *passes_on;   /* ids of those whose text a forward of TLP:RED holds, ascending; owned */
    bool question;       /* what label it will have, before its text is handed over */
} nrs_draft;
void nrs_draft_wipe(nrs_draft *draft);

/** From the options; quoted: NULL for a new report. Recorded. Out: nrs_draft_wipe, also on failure. */
NRS_MUST_USE nrs_error nrs_draft_read(nrs_cli *cli, nrs_draft *draft, const char *quoted);
/** The draft as fields of a request; with_text: subject, body and fields too. */
NRS_MUST_USE nrs_error nrs_draft_request(json_t **request_out, const nrs_cli *cli, const nrs_draft *draft, const char *command,
                                         bool with_text);
/** An ID or a prefix: 6 to 64 hexadecimal digits. Recorded. */
NRS_MUST_USE nrs_error nrs_draft_check_id(nrs_cli *cli, const char *id);

#endif
