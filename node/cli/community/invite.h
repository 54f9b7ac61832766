/* Invites as a ceremony and a restored backup make them. */
#ifndef CLI_INVITE_H
#define CLI_INVITE_H

#include "folder.h"
#include "community/roster_file.h"

/** The roster held and the cards of its hubs that are here. Out: invite_out: replaced. */
NRS_MUST_USE nrs_error nrs_invite_make(nrs_cli *cli, nrs_bytes *invite_out, const nrs_held *held, const nrs_node_settings *settings);

/** Whether this node stands in a roster with the keys that it has. Returns NRS_ERROR_NOT_MEMBER, REVOKED; recorded. */
NRS_MUST_USE nrs_error nrs_roster_names_us(nrs_cli *cli, const nrs_roster *roster, const char *hint);

#endif
