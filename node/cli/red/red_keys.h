/* Whose keys RED is sealed to: what the organisation and the person have signed, never what the node says (SPEC 6.7). */
#ifndef CLI_RED_KEYS_H
#define CLI_RED_KEYS_H

#include <jansson.h>

#include "community/roster_file.h"
#include "keys/seal.h"

/** The cards that came with one answer of the node, each verified. Zeroed is empty; nrs_red_cards_wipe. */
typedef struct nrs_red_cards {
    nrs_card **list;
    size_t count;
} nrs_red_cards;
/** `cards` of a row, without those that their organisation has not signed. */
NRS_MUST_USE nrs_error nrs_red_cards_read(nrs_red_cards *cards_out, const json_t *row);
void nrs_red_cards_wipe(nrs_red_cards *cards);

/** A person as an entry of `recipients` names it, with the keys that stand on the organisation's card by the person's own signature and the
 *  prekey of the person's own bundle, whose window holds now; and the node's half of the agreement. Returns NRS_ERROR_FORGED when the
 *  entry's keys are not these, MALFORMED. Out: recipient_out, agreement_out: the caller clears it; person_out: borrowed from cards. */
NRS_MUST_USE nrs_error nrs_red_recipient(nrs_recipient *recipient_out, uint8_t agreement_out[NRS_KEY_SIZE], const Nrs__Wire__PersonEntry **person_out,
                                         const nrs_red_cards *cards, const json_t *entry, uint64_t now_ms);
/** Whether an address means this person: the organisation stands in the roster under that name and key, the person on its card. */
bool nrs_red_addressed(const nrs_held *held, const char *address, const nrs_recipient *recipient, const Nrs__Wire__PersonEntry *person);

#endif
