/* A change of identity in the node's folder (SPEC 7.10); used by folder.c alone. */
#ifndef SHELL_SWITCH_H
#define SHELL_SWITCH_H

#include "folder.h"

/** A file of the folder, out of its armour. folder->about is set. Returns NRS_ERROR_NOT_A_NODE when it is missing; DAMAGED. */
NRS_MUST_USE nrs_error nrs_folder_read_armoured(nrs_bytes *data_out, nrs_folder *folder, const char *name, const char *type);
/** What an identity that came after another finds: both outputs stay NULL when it is the first. */
NRS_MUST_USE nrs_error nrs_folder_read_former(nrs_folder *folder, const nrs_identity *identity, nrs_identity **former_out, nrs_secret **vault_key_out);
/** After a crash between the switch and the card: the card of the identity in force takes the other's place. */
NRS_MUST_USE nrs_error nrs_folder_settle_card(nrs_folder *folder);

#endif
