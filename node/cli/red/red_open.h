/* A RED report opened in this process, for reading it or for granting it anew. */
#ifndef CLI_RED_OPEN_H
#define CLI_RED_OPEN_H

#include <jansson.h>

#include "command.h"
#include "keys/seal.h"

/** What the node handed out, and the key that opens it. Zeroed but for `person`; nrs_red_opening_wipe. */
typedef struct nrs_red_opening {
    json_t *row;
    nrs_sealed_view *sealed;
    nrs_identity *person; /* borrowed: the key that the person has */
    nrs_identity *former; /* owned: one that the person had, when that opens the report; else NULL */
    nrs_secret *file_key;
    nrs_opened opened;
} nrs_red_opening;
void nrs_red_opening_wipe(nrs_red_opening *with);

/** Open by a slot of the person; its place in the audience is not looked at. What the node refused is recorded. */
NRS_MUST_USE nrs_error nrs_red_unseal(nrs_cli *cli, nrs_red_opening *with, const char *person_id, const char *id);
/** The keys of a grant's maker, as the node knows them. Returns NRS_ERROR_FORGED. */
NRS_MUST_USE nrs_error nrs_red_grantor(nrs_public_keys *keys_out, const nrs_red_opening *with, const nrs_grant *grant);
/** Grant anew what this person wrote and persons elsewhere wait for. A failure is noted, and costs nothing now. */
void nrs_red_grant_waiting(nrs_cli *cli, nrs_identity *person, const char *person_id);

#endif
