/* What a hostile node changes in a record that somebody else has signed, so that its id stays what it was: a signature, or the grant in a report. */
#ifndef SIM_ALTER_H
#define SIM_ALTER_H

#include "node.h"
#include "proto/wire.h"
#include "random.h"

/** Turns a bit of the signature of a report, a later grant or an envelope. False, and nothing is changed, when it is none, or the node's own. */
bool sim_alter_signature(ProtobufCBinaryData *record, const sim_node *node, sim_random *random);
/** Turns a bit of the public key by which the slots of a report's grant are opened. */
bool sim_alter_grant(ProtobufCBinaryData *record, const sim_node *node, sim_random *random);

#endif
