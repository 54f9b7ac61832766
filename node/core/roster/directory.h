/* What the files of the directory share. */
#ifndef CORE_DIRECTORY_H
#define CORE_DIRECTORY_H

#include "internal.h"

/** An organisation that is not known yet. Out: peer_out: borrowed from the directory; after a failure it is to be read again as a whole. */
NRS_MUST_USE nrs_error nrs_directory_peer(nrs_core *core, nrs_peer **peer_out, const char *org, const uint8_t *sign_key, const uint8_t *agree_key,
                                          const uint8_t *curve_key);
/** Set the membership bits of every community anew. */
NRS_MUST_USE nrs_error nrs_directory_reindex(nrs_core *core);
/** A verified roster into its place in memory. Takes *roster over; copies the bytes. */
NRS_MUST_USE nrs_error nrs_directory_install(nrs_core *core, const uint8_t id[NRS_HASH_SIZE], nrs_roster **roster, nrs_slice statement, nrs_slice many);
/** Both take the value over and free the one it replaces. */
void nrs_directory_set_card(nrs_peer *peer, nrs_card **card, uint64_t position);
NRS_MUST_USE nrs_error nrs_directory_set_bundle(nrs_core *core, nrs_prekeys **prekeys, uint64_t position);
/** directory_bundles.c: what this card of an organisation does not name any more of the persons on the one before it goes: its bundles. */
NRS_MUST_USE nrs_error nrs_bundles_settle(nrs_core *core, const nrs_card *before, const nrs_card *after);
/** After a start: the files that the command line reads, as they are held. Reads the store; the step writes them after its commit. */
NRS_MUST_USE nrs_error nrs_directory_write_again(nrs_core *core);

#endif
