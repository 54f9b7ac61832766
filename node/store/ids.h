/* The ids of records and reports in memory. Private to this box.
 *
 * An id is a hash, so an index over ids in the file would take each insertion at another leaf, and the cost of a report would
 * grow with what the store holds. In the file the ids therefore stand in the order in which they came, many in one row of the
 * table `ids`, which is read once when the store opens; they are found in memory. An entry says no more than that a row at
 * this position may have an id with these first eight bytes: the row itself is always asked. */
#ifndef STORE_IDS_H
#define STORE_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"

typedef struct nrs_id_entry {
    int64_t key; /* nrs_key64 */
    uint64_t position;
} nrs_id_entry;

typedef struct nrs_ids {
    nrs_id_entry *entries; /* in the order in which they came */
    size_t count, capacity;
    size_t committed;  /* so many of them stand in the file */
    uint32_t *slots;   /* open addressing: the number of an entry, from 1; 0: free */
    size_t slot_count; /* a power of two, or 0 */
    uint64_t factor;   /* odd, and nobody's to foresee; 0 as long as there are no slots */
    unsigned shift;    /* 64 less the bits of a slot's number */
} nrs_ids;

/** Add an entry. NRS_ERROR_NO_MEMORY, LIMIT. */
NRS_MUST_USE nrs_error nrs_ids_add(nrs_ids *ids, int64_t key, uint64_t position);
/** The entries of a key in the order in which they came: the number of the first, or of the next after `entry`, which must be
 *  of this key; 0: none. Numbers stay valid until the ids are cut; ids->entries[number - 1]. */
uint32_t nrs_ids_first(const nrs_ids *ids, int64_t key);
uint32_t nrs_ids_next(const nrs_ids *ids, uint32_t entry);
/** Whether there is an entry of this key and position. */
bool nrs_ids_have(const nrs_ids *ids, int64_t key, uint64_t position);
/** Forget all entries but the first `count`. */
void nrs_ids_cut(nrs_ids *ids, size_t count);
void nrs_ids_wipe(nrs_ids *ids);

#endif
