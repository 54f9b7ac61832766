/* Between vault_keeper.c and vault_destroy.c. */
#ifndef CORE_VAULT_KEEPER_H
#define CORE_VAULT_KEEPER_H

#include "internal.h"

/** Write the roots held into the vault's file. A half whose root stays keeps its bytes. */
NRS_MUST_USE nrs_error nrs_vault_write_roots(nrs_core *core);
/** A segment's key, out of its wrapping under this root: no secret is held between two uses, so that there may be more segments than the pool
 *  has slots. Out: owned. */
NRS_MUST_USE nrs_error nrs_vault_segment_key(nrs_secret **key_out, const nrs_segment *segment, const nrs_secret *root);
/** Its key from now on, wrapped under this root; in memory. */
NRS_MUST_USE nrs_error nrs_vault_segment_set_key(nrs_segment *segment, const nrs_secret *key, const nrs_secret *root);
/** Write a segment's wrapped key and its count. */
NRS_MUST_USE nrs_error nrs_vault_store_segment(nrs_core *core, const nrs_segment *segment);
/** Name the generation in force, in the transaction at hand. */
NRS_MUST_USE nrs_error nrs_vault_set_generation(nrs_core *core, uint64_t generation);
/** Borrowed until segments are added; NULL if there is none of this number. */
nrs_segment *nrs_vault_segment(const nrs_core *core, uint64_t number);

#endif
