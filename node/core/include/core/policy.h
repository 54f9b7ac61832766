/* The edge rules (DESIGN 6; SPEC 5): one table for all labels, audiences and places, in policy.c and nowhere else. Pure
 * functions of their arguments. */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include <stdbool.h>

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

/** "own", "clients", "community", "public". Returns NRS_ERROR_USAGE. */
NRS_MUST_USE nrs_error nrs_sink_parse(nrs_sink *sink_out, const char *text);

#endif
