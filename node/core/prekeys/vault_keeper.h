/* Between vault_keeper.c and vault_destroy.c. */
#ifndef CORE_VAULT_KEEPER_H
#define CORE_VAULT_KEEPER_H

#include "internal.h"

/** Write the roots held into the vault's file. A half whose root stays keeps its bytes. */
NRS_MUST_USE nrs_error nrs_vault_write_roots(nrs_core *core);
/** Write a segment's key, wrapped under the root in force, and its count. */
NRS_MUST_USE nrs_error nrs_vault_store_segment(nrs_core *core, const nrs_segment *segment);
/** Name the generation in force, in the transaction at hand. */
NRS_MUST_USE nrs_error nrs_vault_set_generation(nrs_core *core, uint64_t generation);
/** Borrowed until segments are added; NULL if there is none of this number. */
nrs_segment *nrs_vault_segment(const nrs_core *core, uint64_t number);

#endif
