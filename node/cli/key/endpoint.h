/* Addresses that a person gives for a node: where it listens, and what its card tells others to dial. */
#ifndef CLI_ENDPOINT_H
#define CLI_ENDPOINT_H

#include "command.h"

/** One that others can dial; NULL, one that was not given, is well. Recorded. */
NRS_MUST_USE nrs_error nrs_endpoint_check(nrs_cli *cli, const char *endpoint);
/** One that a node can listen on: a name is dialled well, but cannot be listened on. NULL likewise. Recorded. */
NRS_MUST_USE nrs_error nrs_listen_check(nrs_cli *cli, const char *endpoint);
/** A host that only this machine can listen on is no address to give to others. */
bool nrs_endpoint_is_wildcard(const char *endpoint);

#endif
