/* Grants by others than the originator (SPEC 6.5, 6.10): whose authority they rest on, who was let in, and what becomes of their
 * receipts. */
#ifndef CORE_ONWARD_H
#define CORE_ONWARD_H

#include "rules/edges.h"

#define NRS_ONWARD_DEPTH_MAX 2u

/** What a grant rests on. Borrowed for the step. */
typedef struct nrs_grant_terms {
    nrs_community *target;  /* of those it is for; NULL: not held here, where it can only be passed on */
    uint64_t carriers;      /* a bit for each community whose hubs carry it, of those held here */
    unsigned depth;         /* 0: the originator's own */
    struct {
        uint8_t id[NRS_HASH_SIZE];
        uint8_t grantor[NRS_KEY_SIZE];
        uint64_t position;  /* in our log; 0: the first grant, which stands in the report */
    } parents[NRS_ONWARD_DEPTH_MAX]; /* the nearest first */
    size_t parent_count;
    bool released;             /* on a release of the originator's */
    uint64_t release_position; /* in our log */
    nrs_label label;           /* under which it is had: the header's, or the release's */
    nrs_conditions conditions; /* likewise */
    uint64_t released_ms;      /* when the release was signed */
    uint64_t until_ms;         /* how long it lasts */
    uint8_t release[NRS_HASH_SIZE]; /* its id */
} nrs_grant_terms;
/** Check the authority of a grant down to the originator's. Returns NRS_ERROR_FORGED, ONWARD, LABEL_FORBIDS, COMMUNITY_RULE,
 *  NOT_MEMBER; NOT_FOUND when a grant that it stands on is not held. */
NRS_MUST_USE nrs_error nrs_grant_terms_of(nrs_core *core, nrs_grant_terms *terms_out, const nrs_sealed_view *view, const nrs_grant *grant);
/** Whether a member of the target may be let in by such a grant: the consent covers its role. */
NRS_MUST_USE nrs_error nrs_onward_covers(const nrs_core *core, const nrs_header *header, const nrs_community *target, const uint8_t sign_key[NRS_KEY_SIZE]);
/** Whether a grant with these terms may let in an organisation: as the consent covers it, or on a release any member of the target. */
NRS_MUST_USE nrs_error nrs_terms_cover(const nrs_core *core, const nrs_header *header, const nrs_grant_terms *terms, const uint8_t sign_key[NRS_KEY_SIZE]);
/** The same for each slot of a table; who is in no roster any more is passed over, as its slot will be. */
NRS_MUST_USE nrs_error nrs_onward_check_slots(const nrs_core *core, const nrs_header *header, const nrs_grant_terms *terms, const nrs_slot_table *table);
/** Whether a community's address or the consent names this one at all: the header's own, or one that it lists. */
bool nrs_onward_lists(const nrs_header *header, const uint8_t community[NRS_HASH_SIZE]);
/** Whether a report of a community that this node has not joined may be carried here: a joined one recognises it, the consent
 *  names a joined one, and who hands it over is a hub of either. */
NRS_MUST_USE nrs_error nrs_onward_carry_check(nrs_core *core, const nrs_sealed_view *view, const nrs_peer *from);
/** Duties, for one who is let in: those of the header's community and of its own, as its own community's roster records them.
 *  under: the label by which it is had; what it or the header's demands, whichever is stricter. */
NRS_MUST_USE nrs_error nrs_onward_duty(const nrs_core *core, const nrs_header *header, nrs_label under, nrs_edge_place place, uint32_t kind,
                                       const nrs_community *target, const uint8_t sign_key[NRS_KEY_SIZE]);

/** A CLEAR report that another than its originator let this node in to: keep it. position: of the report. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_open_clear_onward(nrs_core *core, const nrs_sealed_view *view, uint64_t position, const nrs_grant *grant,
                                             const uint8_t grant_id[NRS_HASH_SIZE], const nrs_grant_terms *terms);

/* ---- extend.c: at a hub ---- */

/** What a hub knows of a report that it may pass on. Borrowed. */
typedef struct nrs_extension_of {
    const nrs_sealed_view *view;
    const nrs_secret *file_key;
    const nrs_grant *parent;       /* the one that gave this node its key */
    const uint8_t *parent_id;
    uint64_t position;             /* of the report in our log */
    uint32_t kind;
    const nrs_peer *only;          /* this one alone, which waited for its prekey; or NULL */
} nrs_extension_of;
/** Let in whom the consent names: as soon as this node has the key. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_onward_extend(nrs_core *core, const nrs_extension_of *extension);
/** The same for one that waited. position: of the report. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_onward_extend_late(nrs_core *core, const nrs_report_row *row, const nrs_peer *peer);

/* ---- let_in.c ---- */

/** Whether what this node sent was addressed to `org`, which stands among its recipients: so do others, once somebody has let them in. org: its
 *  signing key as it stands there. */
NRS_MUST_USE nrs_error nrs_sent_to(nrs_core *core, bool *addressed_out, const nrs_report_row *row, const uint8_t org[NRS_KEY_SIZE]);

/** By what this node was let in: the row, with its own copies. NRS_ERROR_NOT_FOUND: by the originator. */
typedef struct nrs_let_in {
    uint32_t authority;
    uint64_t at_ms, version;
    uint8_t by[NRS_KEY_SIZE], community[NRS_HASH_SIZE], grant[NRS_HASH_SIZE];
    nrs_conditions conditions; /* of a release */
    uint64_t released_ms;
} nrs_let_in;
/** The conditions under which this node has a report: its header's, or those of the release that let it in. */
NRS_MUST_USE nrs_error nrs_let_in_conditions(nrs_core *core, nrs_conditions *conditions_out, const nrs_report_row *row, const nrs_header *header);
NRS_MUST_USE nrs_error nrs_let_in_self(nrs_core *core, nrs_let_in *let_in_out, uint64_t report);
/** What an export proves a release with that has let this node in: the Signed Release, and the Signed Grant on it. Empty where none has.
 *  Out: both: replaced. */
NRS_MUST_USE nrs_error nrs_let_in_chain(nrs_core *core, nrs_bytes *release_out, nrs_bytes *grant_out, uint64_t report);
/** What one who was let in may read, by the row and the roster then held. */
NRS_MUST_USE nrs_error nrs_let_in_facts(nrs_core *core, nrs_reader_facts *facts_out, const nrs_let_in *let_in);
/** One whom somebody lets in stands among those whose receipts are awaited; under CLEAR once, however many let it in and wherever.
 *  Returns NRS_ERROR_EXISTS where it stands there. home: the report's community. org: its name. */
NRS_MUST_USE nrs_error nrs_let_in_add_recipient(nrs_core *core, const nrs_community *home, nrs_label label, const char *org,
                                                const nrs_recipient_row *recipient);
/** Where this node lets members of `target` in: `only` is the one whose turn it is, who stands among the recipients under that key and may have a later one
 *  now; NULL: all. Whether a member is meant. */
bool nrs_let_in_meant(const nrs_core *core, const nrs_peer *only, const Nrs__Wire__Member *member);
/** Whether a member can be sealed to now; else it waits. Out: recipient_out. */
bool nrs_let_in_reachable(const nrs_core *core, nrs_recipient *recipient_out, const nrs_peer *peer, const nrs_community *target);
/** Note that one of `target` has the grant that the row names, or, where that is all zeros, waits for one. row: but for its address and org. home: the
 *  report's community. */
NRS_MUST_USE nrs_error nrs_let_in_put(nrs_core *core, const nrs_let_in_row *row, const nrs_community *home, const nrs_community *target, nrs_label label,
                                      const nrs_peer *peer, const nrs_peer *only);
/** Whether somebody who was let in, or is to be, has a grant. address: as it stands in the row of let_in, or made by nrs_let_in_address. */
NRS_MUST_USE nrs_error nrs_let_in_granted(nrs_core *core, bool *granted_out, uint64_t report, const char *address);
/** The address under which somebody of another community stands among the recipients: "org", or "org/community". Out: address_out holds
 *  NRS_ADDRESS_SIZE_MAX + 1. */
void nrs_let_in_address(char *address_out, const nrs_community *home, const nrs_community *target, const char *org);
/** At the originator and at the hub below: note whom the slots of another's grant let in. table: NULL under CLEAR, whose grant lets in all
 *  whom the consent covers. */
NRS_MUST_USE nrs_error nrs_let_in_note(nrs_core *core, const nrs_sealed_view *view, const nrs_grant *grant, const uint8_t grant_id[NRS_HASH_SIZE],
                                       const nrs_grant_terms *terms, const nrs_slot_table *table);
/** Queue a statement for the originator, or where this node shares no community with it, for the hub that let it in. */
NRS_MUST_USE nrs_error nrs_statement_to_source(nrs_core *core, const uint8_t originator[NRS_KEY_SIZE], const uint8_t community[NRS_HASH_SIZE],
                                               const uint8_t sealed_id[NRS_HASH_SIZE], const nrs_statement *statement);
/** Queue a statement for all whom this node let in to a report. */
NRS_MUST_USE nrs_error nrs_let_in_tell(nrs_core *core, const uint8_t sealed_id[NRS_HASH_SIZE], const nrs_statement *statement);
/** NRS_OK when this node was let in to a report by `by`; else NRS_ERROR_NOT_MEMBER. */
NRS_MUST_USE nrs_error nrs_let_in_by(nrs_core *core, const uint8_t sealed_id[NRS_HASH_SIZE], const uint8_t by[NRS_KEY_SIZE]);
/** Hand on a receipt of one whom this node let in. whose: its signing key. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_receipt_pass_on(nrs_core *core, const nrs_report_row *row, const uint8_t whose[NRS_KEY_SIZE], const nrs_statement *statement);
/** Whether `from` may speak for `whose` about a report: it let it in, or let in who did. */
NRS_MUST_USE nrs_error nrs_let_in_speaks(nrs_core *core, bool *speaks_out, uint64_t report, const uint8_t from[NRS_KEY_SIZE], const uint8_t whose[NRS_KEY_SIZE]);

#endif
