/* What stands in an envelope, read behind its reader's back: with the keys that its node keeps. */
#ifndef SIM_LETTER_H
#define SIM_LETTER_H

#include "keys/envelope.h"
#include "node.h"

/** What a node says to another. False when that one is down, or has not got the prekey any more. Out: letter_out: nrs_letter_free. */
bool sim_letter_open(nrs_letter **letter_out, sim_node *reader, const nrs_public_keys *from, nrs_slice payload);

#endif
