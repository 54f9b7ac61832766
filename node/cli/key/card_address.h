/* noroshi card --advertise, --listen: where this node is reached from now on. */
#ifndef CLI_CARD_ADDRESS_H
#define CLI_CARD_ADDRESS_H

#include "command.h"

/** Set the address to listen on in node.json, and sign a card of a higher serial with the one for others to dial, which a running node takes up
 *  and tells its members. Both or neither. Recorded. */
NRS_MUST_USE nrs_error nrs_card_move(nrs_cli *cli);

#endif
