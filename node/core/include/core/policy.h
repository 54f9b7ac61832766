/* The edge rules (DESIGN 6; SPEC 5): one table for all labels, audiences and places, in policy.c and nowhere else. Pure
 * functions of their arguments. */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/address.h"
#include "proto/label.h"

typedef enum nrs_sink { NRS_SINK_SCREEN = 1, NRS_SINK_OWN, NRS_SINK_CLIENTS, NRS_SINK_COMMUNITY, NRS_SINK_PUBLIC } nrs_sink;

/** The answer to a question of the rules. */
typedef struct nrs_verdict {
    nrs_error error;        /* NRS_OK, or which rule refuses */
    const char *allowed;    /* what would be allowed instead: an English sentence, a msgid; static; NULL when NRS_OK */
} nrs_verdict;

/** Sending: may a report with this label be addressed so? */
nrs_verdict nrs_policy_address(nrs_label label, nrs_address_type audience);
/** Relaying: may a hub carry it sealed? red_relay: the community's rule for RED. */
nrs_verdict nrs_policy_carry(nrs_label label, bool red_relay);
/** Relaying: may a hub extend the audience? */
typedef enum nrs_extension { NRS_EXTENSION_NONE = 0, NRS_EXTENSION_CONSENT = 1, NRS_EXTENSION_OWN_COMMUNITIES = 2, NRS_EXTENSION_ANYONE = 3 } nrs_extension;
nrs_extension nrs_policy_extension(nrs_label label);
/** Receiving: may this reader open it? */
typedef struct nrs_reader_facts {
    bool person_named;      /* a person with its own key is named */
    bool org_named;         /* its organisation is named */
    bool community_named;   /* a community it is a member of is named */
    bool as_person;         /* the reader acts as that person, in its own process */
} nrs_reader_facts;
nrs_verdict nrs_policy_open(nrs_label label, const nrs_reader_facts *facts);
/** Exporting: may it leave the node by this sink? */
nrs_verdict nrs_policy_export(nrs_label label, nrs_sink sink);
/** The label that a reply or quote must have at least; the quoted audience bounds what RED and AMBER+STRICT may reach. */
nrs_label nrs_policy_quote_label(nrs_label quoted, nrs_label wanted);
/** Quoting: may the quote reach this address? in_quoted_audience: the address was among the quoted report's own. */
nrs_verdict nrs_policy_quote_address(nrs_label quoted, bool in_quoted_audience);
/** Changing: lower the label or widen the audience. Allowed only with a release. */
nrs_verdict nrs_policy_change(nrs_label from, nrs_label to, bool wider_audience, bool release);

/* ---- Beside the label: duties and disclaimers, by the place where they are asked about ---- */

typedef enum nrs_edge_place {
    NRS_PLACE_SEND = 1, /* sealing for a recipient */
    NRS_PLACE_CARRY,    /* taking from a peer, to keep and pass on */
    NRS_PLACE_DELIVER,  /* handing a member its slots */
    NRS_PLACE_GRANT,    /* a later grant */
    NRS_PLACE_OPEN,     /* when body and key are there: the checks to open */
    NRS_PLACE_READ,     /* a body on the screen */
    NRS_PLACE_QUOTE,    /* a reply */
    NRS_PLACE_EXPORT,
    NRS_PLACE_COUNT
} nrs_edge_place;

typedef enum nrs_duty_state {
    NRS_DUTY_NOT_DEMANDED = 0,
    NRS_DUTY_HELD,
    NRS_DUTY_ABSENT,
    NRS_DUTY_EXPIRED,
    NRS_DUTY_NOT_BEGUN,
    NRS_DUTY_STATE_COUNT
} nrs_duty_state;

typedef enum nrs_disclaimer_state {
    NRS_DISCLAIMER_NONE = 0,     /* none is named, and none demanded */
    NRS_DISCLAIMER_ACCEPTED,
    NRS_DISCLAIMER_WAITING,      /* known here, and neither accepted nor declined */
    NRS_DISCLAIMER_DECLINED,
    NRS_DISCLAIMER_MISSING,      /* the rules demand one that the header does not name */
    NRS_DISCLAIMER_UNKNOWN,      /* in no roster held */
    NRS_DISCLAIMER_TWO_VERSIONS, /* of one name */
    NRS_DISCLAIMER_STATE_COUNT
} nrs_disclaimer_state;

/** May it go on at this place with the duty in that state? */
nrs_verdict nrs_policy_duty(nrs_edge_place place, nrs_duty_state duty);
nrs_verdict nrs_policy_disclaimer(nrs_edge_place place, nrs_disclaimer_state disclaimer);
/** Sending: may the key wait for an acceptance under this label? */
nrs_verdict nrs_policy_unlock(nrs_label label);
/** Whether a rule that names these labels and kinds (an empty set names all, two empty ones nothing) is meant. kind 0: sealed
 *  from whoever asks; a sender then takes every such rule as meant, anyone else only those that name no kinds. */
bool nrs_policy_demands(nrs_edge_place place, uint32_t labels, uint32_t kinds, nrs_label label, uint32_t kind);

/** Conditions of use, as a header has them; zeroed: unstated. */
typedef struct nrs_conditions {
    uint32_t permissible_actions; /* NRS_PAP_…, 0 unstated */
    uint32_t flags;               /* NRS_CONDITION_… */
} nrs_conditions;
/** What holds where two meet: of each the stricter. */
nrs_conditions nrs_policy_conditions_of_both(nrs_conditions a, nrs_conditions b);
/** Whether a quote may say `wanted` of what was sent under `quoted`: nothing looser. */
nrs_verdict nrs_policy_conditions_quote(nrs_conditions quoted, nrs_conditions wanted);
/** Whether the conditions let it leave by this sink. */
nrs_verdict nrs_policy_conditions_export(nrs_conditions conditions, nrs_sink sink);
/** Whether what leaves must not tell whose report it is. */
bool nrs_policy_hides_source(nrs_conditions conditions);

/* ---- Onward consent (policy_onward.c) ---- */

/** Whether `@community` reaches a member. Ministries, the national centre, response agencies and the Council stand in a community
 *  and are reached by their own address or by consent alone; among themselves, and by CLEAR, they are reached like any other.
 *  from, to: roles of sender and member. */
bool nrs_policy_community_covers(nrs_label label, uint32_t from, uint32_t to);
/** Whether a hub may pass a report on to a member with this role. onward: the header's bits. home: in the header's own
 *  community, whose other members were the originator's to address. */
nrs_verdict nrs_policy_onward(nrs_label label, uint32_t onward, bool home, uint32_t role);

/* ---- Sources that are withheld (policy_withheld.c) ---- */

/** What is asked about a report whose source is withheld, or vouched for. */
typedef struct nrs_attribution_facts {
    uint32_t attribution;   /* NRS_ATTRIBUTION_… */
    bool rule_allows;       /* the community's rules allow withheld sources */
    bool direct;            /* its originator hands it over itself */
    bool here_hub;          /* this node is a hub of the community */
    bool originator_hub;
} nrs_attribution_facts;
/** Sending: may the source be withheld under this label? */
nrs_verdict nrs_policy_withhold(nrs_label label, bool rule_allows);
/** Taking from a peer: withheld goes from its source to a hub and no further; only a hub vouches. */
nrs_verdict nrs_policy_attribution(const nrs_attribution_facts *facts);
/** Opening what is withheld: the desk of a hub that it names. */
nrs_verdict nrs_policy_withheld_open(const nrs_reader_facts *facts, bool here_hub);
/** Vouching: never under a looser label than the source gave. */
nrs_verdict nrs_policy_vouch_label(nrs_label given, nrs_label wanted);

/** One question about everything at once. The label is asked first, then the duty, then the disclaimer. */
typedef struct nrs_edge {
    nrs_edge_place place;
    nrs_label label;
    nrs_address_type audience;  /* SEND */
    bool red_relay;             /* CARRY, DELIVER */
    nrs_reader_facts reader;    /* GRANT, OPEN, READ, QUOTE, EXPORT: whom it is for */
    nrs_sink sink;              /* EXPORT */
    nrs_conditions conditions;  /* EXPORT */
    nrs_duty_state duty;
    nrs_disclaimer_state disclaimer;
} nrs_edge;
nrs_verdict nrs_policy_edge(const nrs_edge *edge);

/** "own", "clients", "community", "public". Returns NRS_ERROR_USAGE. */
NRS_MUST_USE nrs_error nrs_sink_parse(nrs_sink *sink_out, const char *text);

#endif
