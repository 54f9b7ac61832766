/* The process of a person: what seals and opens TLP:RED outside the node, with the person's own key (SPEC 6.7). One person to a node, or two. */
#ifndef SIM_PERSON_H
#define SIM_PERSON_H

#include <jansson.h>

#include "keys/card.h"

#define SIM_PERSON "p"
#define SIM_PERSON_SECOND "q"

struct sim_world;
struct sim_node;
struct sim_report;

/** The address of one of a node's two without its organisation; the keys: NULL when it has no such person. */
const char *sim_person_id(bool second);
nrs_identity *sim_person_of(const struct sim_node *node, bool second);
/** Whom of a node's two a TLP:RED report is for; whether it may be opened by this one: it is for that one, or was written by it. */
bool sim_person_addressed(const struct sim_report *report, size_t node);
bool sim_person_may_open(const struct sim_report *report, size_t node, bool second);
/** What a card says of the person. org: the keys of the node that the card is of. proof_out: stays until the card is signed. */
void sim_person_fill(Nrs__Wire__PersonEntry *entry_out, uint8_t proof_out[NRS_SIGNATURE_SIZE], const struct sim_node *node, const nrs_identity *org,
                     bool second);
/** The request that gives the node the person's prekeys for the weeks to come. */
json_t *sim_person_prekeys(const struct sim_world *world, const struct sim_node *node, bool second);
/** Seal what the node has prepared, for exactly those whom it names. Out: report->to: who they are. NULL when the answer is
 *  not what it should be. */
json_t *sim_person_seal(struct sim_world *world, struct sim_report *report, size_t number, const json_t *prepared);
/** Grant a report of the person's own to those who wait for it. given: what the node hands out to open it. NULL when it does not open. */
json_t *sim_person_grant(struct sim_world *world, const struct sim_node *node, bool second, const json_t *waiting, const json_t *given);
/** Open what the node hands out. Out: row_out: id, subject and body, as show gives them; said_out: what to tell the node. Both
 *  NULL when it does not open. True when it was a later grant that opened it. */
bool sim_person_open(const struct sim_node *node, bool second, json_t **row_out, json_t **said_out, const json_t *given);

#endif
