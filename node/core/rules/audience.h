/* From the addresses of a report to those who receive it: the community, its rules, and each recipient with its keys. */
#ifndef CORE_AUDIENCE_H
#define CORE_AUDIENCE_H

#include "command/command.h"

/* One who receives a report. */
typedef struct nrs_addressee {
    char address[NRS_ADDRESS_SIZE_MAX + 1];
    const nrs_peer *peer;
    const Nrs__Wire__PersonEntry *person; /* RED: borrowed from the peer's card; else NULL */
    nrs_recipient keys;                   /* when granted and a slot is made */
    bool granted;                         /* false: waits for its prekey, or has to accept first */
    bool locked;                          /* has to accept first */
} nrs_addressee;

/* One who was addressed but is left out. */
typedef struct nrs_left_out {
    char who[NRS_ADDRESS_SIZE_MAX + 1];
    const char *rule; /* static */
    const char *duty; /* by name, where that is the rule; borrowed */
    nrs_duty_state duty_state;
    bool unjoined;    /* of a person: its organisation has not joined the community */
} nrs_left_out;

/* What a report that is quoted, or whose text is passed on, demands of whoever is to read that. */
typedef struct nrs_inherited {
    const nrs_header *header;
    nrs_label label; /* the stricter of the header's and of a release's by which it is held */
    uint32_t kind;   /* 0 where it is not known here */
} nrs_inherited;

typedef struct nrs_delivery_request {
    nrs_label label;
    uint32_t kind;                  /* 0 where it is not known, as under RED whatever it is here: the node does not see its text */
    const nrs_address *addresses;
    size_t address_count;
    const char *const *disclaimers; /* names of those that the sender adds */
    size_t disclaimer_count;
    const nrs_inherited *inherited; /* whose disclaimers and duties hold for it too, the quoted report first */
    size_t inherited_count;
    uint32_t onward;                /* the sender's consent */
    bool locked;                    /* nobody is granted before it accepts */
    bool withheld;                  /* to the hub that is to vouch for it: never with an open key */
    bool stale_roster;              /* a person has decided to seal although the roster is stale or past its expiry */
    const char *community;          /* that the sender states beside the addresses, with or without @; or NULL */
    const nrs_community *preferred; /* of the quoted report: tried first when none is stated, and of an answer says whom a name means; or NULL */
    bool passed_on;                 /* a forward: the quoted report's community does not say whom a name means */
} nrs_delivery_request;

/** Who receives a report. Owned lists; nrs_delivery_wipe. Peers, cards and rosters are borrowed for the step. */
typedef struct nrs_delivery {
    nrs_community *community;
    const char *duty;               /* that the rules demand for it, or NULL; borrowed from the roster */
    uint8_t disclaimers[NRS_DISCLAIMER_COUNT_MAX][NRS_HASH_SIZE]; /* ascending */
    ProtobufCBinaryData disclaimer_fields[NRS_DISCLAIMER_COUNT_MAX]; /* as a header has them; borrow from the above: set at use */
    const Nrs__Wire__Disclaimer *disclaimer_texts[NRS_DISCLAIMER_COUNT_MAX]; /* borrowed from the roster, in the same order */
    size_t disclaimer_count;
    nrs_addressee *list;
    size_t count;
    nrs_left_out *excluded;
    size_t excluded_count;
    uint32_t onward;                /* of the request */
    ProtobufCBinaryData onward_communities[NRS_RECOGNISED_COUNT_MAX]; /* that the community recognises; borrowed from its roster */
    size_t onward_community_count;
    bool hub_reached;               /* a hub is among the recipients: without one nobody can pass it on */
    Nrs__Wire__Target *targets;     /* the audience: whom the report names and does not leave out */
    Nrs__Wire__Target **target_list;
    size_t target_count;
} nrs_delivery;
void nrs_delivery_wipe(nrs_delivery *delivery);

/** Resolve addresses that the label allows. Refuses with UNKNOWN_COMMUNITY, UNKNOWN_ORG, UNKNOWN_PERSON, COMMUNITY_RULE,
 *  DISCLAIMER; AUDIENCE when nobody is left. Out: delivery_out, also when it refuses; the caller wipes it. */
NRS_MUST_USE nrs_error nrs_delivery_plan(nrs_core *core, nrs_answer *answer, nrs_delivery *delivery_out, const nrs_delivery_request *request);
/** The community of a report, part of the plan: the one that is stated, else that of the quoted report which is answered, else the first that
 *  all who are addressed have joined, else the first that has them. Refuses with UNKNOWN_COMMUNITY, COMMUNITY_RULE, UNKNOWN_ORG, ORG_AMBIGUOUS. */
NRS_MUST_USE nrs_error nrs_delivery_find_community(nrs_core *core, nrs_answer *answer, nrs_delivery *delivery, const nrs_delivery_request *request);
/** A name that no community is stated for means the same organisation in all that this node is in, and in the quoted report's (or NULL): else
 *  refused as ORG_AMBIGUOUS, also where it was removed from one and another bears its name elsewhere. In: chosen: has them all. */
NRS_MUST_USE nrs_error nrs_address_check(const nrs_core *core, nrs_answer *answer, const nrs_community *chosen, const nrs_community *quoted,
                                         const nrs_address *addresses, size_t count);
/** A joined community by what `community` of a request says; NULL for NULL. Refuses with UNKNOWN_COMMUNITY. */
NRS_MUST_USE nrs_error nrs_address_community(nrs_core *core, nrs_answer *answer, nrs_community **community_out, const char *given);
/** The state of the first duty that is not in force for a member, of all that these demand; else HELD or NOT_DEMANDED. Out: name_out: as of nrs_duty_state_of. */
nrs_duty_state nrs_inherited_duty(const nrs_core *core, const nrs_community *community, const nrs_inherited *list, size_t count, const Nrs__Wire__Member *member,
                                  const char **name_out);
/** Attach the disclaimers that the community's rules, the sender and the quoted report ask for; part of the plan. Refuses with
 *  DISCLAIMER_UNKNOWN, LABEL_FORBIDS, USAGE. */
NRS_MUST_USE nrs_error nrs_delivery_attach(nrs_core *core, nrs_answer *answer, nrs_delivery *delivery, const nrs_delivery_request *request);
/** Of these, those of the quoted report alone, each in its newest version; NULL: none. Refuses with DISCLAIMER_UNKNOWN. */
NRS_MUST_USE nrs_error nrs_delivery_inherit(nrs_core *core, nrs_answer *answer, nrs_delivery *delivery, const nrs_header *quoted);
/** Their names, versions and hashes; NULL without memory. */
json_t *nrs_delivery_disclaimer_rows(const nrs_delivery *delivery);
/** Leave out whose prekey allows no agreement, which sealing found out. Returns whether anyone was left out. */
bool nrs_delivery_drop_forged(nrs_core *core, nrs_delivery *delivery);
/** Set `community`, `recipients`, `waiting`, `excluded` and `label` of an answer to send. */
void nrs_delivery_row(nrs_row *row, const nrs_delivery *delivery, nrs_label label);
/** audience_onward.c: whether `@community` reaches a member with this role: by the label, as one of the sender's own kind, or where a
 *  hub sends by its own consent. */
bool nrs_delivery_covers(const nrs_core *core, const nrs_delivery *delivery, const nrs_delivery_request *request, const Nrs__Wire__Member *member);
/** Put the consent into the plan: the communities it names. Refuses what cannot be passed on. */
NRS_MUST_USE nrs_error nrs_delivery_consent(nrs_core *core, nrs_answer *answer, nrs_delivery *delivery, const nrs_delivery_request *request);
/** Set `onward` of the answer: whom a hub may let in on this consent, as far as is known here; null without consent. */
void nrs_delivery_onward_row(nrs_core *core, nrs_row *row, const nrs_delivery *delivery, nrs_label label);
/** Of the communities that the consent names, leave those that another report's header lists as well (SPEC 5.7, 6.11). */
void nrs_delivery_keep_listed(nrs_delivery *delivery, const nrs_header *header);
/** The communities of the consent as a header has them; borrows from the delivery. */
void nrs_delivery_onward(nrs_delivery *delivery, nrs_header *header);
/** `warnings`: what a person should know who sends now. delivery: NULL for RED, which is not passed on. */
void nrs_delivery_warn(nrs_core *core, nrs_row *row, const nrs_delivery *delivery, uint64_t expires_ms);
/** The disclaimers as a header has them; borrows from the delivery, which stays where it is. */
void nrs_delivery_disclaimers(nrs_delivery *delivery, nrs_header *header);
/** The audience as it is sealed into the report; borrows from the delivery. */
nrs_audience nrs_delivery_audience(const nrs_delivery *delivery);

#endif
