/* The cards of hubs, kept for invites: cards/KEY.card, where KEY is the hash of the signing key. Names are a community's own, so the hubs of
 * two communities may have one name. */
#ifndef CLI_HUB_CARD_H
#define CLI_HUB_CARD_H

#include "command.h"
#include "keys/card.h"
#include "keys/roster.h"

/** Keep the card of a member that is a hub in this roster; another's is not needed, and nothing is written, nor over a card of a
 *  higher serial. In: bytes: Signed. Recorded. */
NRS_MUST_USE nrs_error nrs_hub_card_keep(nrs_cli *cli, const nrs_roster *roster, const nrs_card *card, nrs_slice bytes);
/** Whether it is of a hub in this roster, and later than the one that is held. */
bool nrs_hub_card_is_news(nrs_cli *cli, const nrs_roster *roster, const nrs_card *card);
/** The card of a hub, by its key. One that is not held is told to the person, and leaves card_out as it is. Recorded. Out: card_out: replaced. */
NRS_MUST_USE nrs_error nrs_hub_card_read(nrs_cli *cli, nrs_bytes *card_out, const Nrs__Wire__Member *hub);

#endif
