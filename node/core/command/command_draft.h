/* What a request to send says, checked: label, kind, addresses, texts and flags. */
#ifndef CORE_COMMAND_DRAFT_H
#define CORE_COMMAND_DRAFT_H

#include "rules/audience.h"

struct nrs_draft;

/* What a reply takes from the quoted report where the request says nothing. */
typedef struct nrs_draft_defaults {
    nrs_label quoted_label;
    uint32_t kind;
    bool drill;
    nrs_conditions conditions; /* of the quoted report */
    const char *subject;    /* the quoted one; "Re: " is put before it; NULL where the node may not read it */
    const char *const *to;  /* addresses of a report with a label for organisations */
    size_t to_count;
    const char *writer;     /* person@organisation, or "" where no person wrote it; for a label for persons only */
    const char *community;  /* "@community", for a label that is addressed to communities only */
    /* Asked before any rule but the label's own, of the addresses that it allows: refuses those that it does not let a quote reach. */
    nrs_error (*reach)(void *context, nrs_core *core, nrs_answer *answer, const struct nrs_draft *draft);
    void *context;
} nrs_draft_defaults;

/** Strings are borrowed from the request for the command. */
typedef struct nrs_draft {
    nrs_label label;
    uint32_t kind; /* 0: not given, where that is allowed */
    size_t address_count;
    const char *community; /* that was stated beside the addresses, or NULL */
    char subject[NRS_SUBJECT_SIZE_MAX + 1];
    const char *body;
    Nrs__Wire__Field fields[NRS_FIELD_COUNT_MAX];
    Nrs__Wire__Field *field_list[NRS_FIELD_COUNT_MAX];
    size_t field_count;
    uint64_t expires_in_ms;
    uint32_t number, onward;
    bool final, urgent, drill, dry_run, stale_roster, unlock_on_accept;
    bool withhold_source;                              /* sealed to a hub, which vouches for it */
    const char *via[NRS_VIA_COUNT_MAX];                /* the hubs, by name; none: the node chooses */
    size_t via_count;
    uint8_t goes_on[2][NRS_HASH_SIZE];                 /* this node's own withheld reports that it answers and follows */
    size_t goes_on_count;
    const char *disclaimers[NRS_DISCLAIMER_COUNT_MAX]; /* names */
    size_t disclaimer_count;
    nrs_conditions conditions;
    bool has_follows;
    uint8_t follows[NRS_HASH_SIZE];
    const Nrs__Wire__PersonEntry *person; /* who acts, or NULL */
    bool subject_inherited; /* from the quoted report */
    /* As many of each as address_count says; what stands behind them is not set. */
    nrs_address addresses[NRS_TARGET_COUNT_MAX];
    char address_texts[NRS_TARGET_COUNT_MAX][NRS_ADDRESS_SIZE_MAX + 1];
    char *to[NRS_TARGET_COUNT_MAX];
} nrs_draft;

/** An empty one, without the 40 KB of its lists being cleared. NULL without memory for it. Owned by the caller: free. */
nrs_draft *nrs_draft_new(void);

/** Everything but the texts. defaults: NULL unless it is a reply. kind_needed: false for RED, whose kind the node does not
 *  see; a dry run needs none either. Out: draft_out, which was empty. Refuses. */
NRS_MUST_USE nrs_error nrs_draft_read(nrs_core *core, nrs_answer *answer, nrs_draft *draft_out, const json_t *request,
                                      const nrs_draft_defaults *defaults, bool kind_needed);
/** Put the conditions of a quoted report on a draft, of each the stricter. Refuses looser ones with CONDITIONS. */
NRS_MUST_USE nrs_error nrs_draft_inherit(nrs_answer *answer, nrs_draft *draft, nrs_conditions quoted);
/** The conditions of use that a request states; unstated ones are 0. Refuses. */
NRS_MUST_USE nrs_error nrs_draft_conditions(nrs_answer *answer, nrs_conditions *conditions_out, const json_t *request);
/** The label alone. Refuses. */
NRS_MUST_USE nrs_error nrs_draft_label(nrs_answer *answer, nrs_label *label_out, const json_t *request, const nrs_draft_defaults *defaults);
/** Subject, body and fields; a dry run need not have them. Refuses. */
NRS_MUST_USE nrs_error nrs_draft_read_texts(nrs_answer *answer, nrs_draft *draft, const json_t *request, const nrs_draft_defaults *defaults);
/** Behind that, where the text is the report's own (SPEC 5.2): it says something, or nothing at all. Refuses. */
NRS_MUST_USE nrs_error nrs_draft_check_body(nrs_answer *answer, const nrs_draft *draft);
/** An address list, parsed and without doubles; at most NRS_TARGET_COUNT_MAX. Refuses. Out: addresses_out, count_out. */
NRS_MUST_USE nrs_error nrs_draft_addresses(nrs_answer *answer, nrs_address *addresses_out, size_t *count_out, const json_t *request, const char *name);

#endif
