/* Secrets: slots of one guarded, locked pool (sodium_malloc costs 15 µs and 4 KiB each and fails silently to lock past
 * RLIMIT_MEMLOCK; so there is one arena for all). */
#ifndef KEYS_SECRET_H
#define KEYS_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"

/** One secret of at most NRS_SECRET_SIZE_MAX bytes in the pool. */
typedef struct nrs_secret nrs_secret;
#define NRS_SECRET_SIZE_MAX 64u

/** Start libsodium and the pool. Call once, before anything else of keys/. Not thread-safe; later calls do nothing.
 *  Returns NRS_ERROR_NO_MEMORY; NRS_ERROR_SYSTEM when libsodium does not start. */
NRS_MUST_USE nrs_error nrs_keys_start(void);
/** False when the pool could not be locked into memory (RLIMIT_MEMLOCK): for a warning in `status`. */
bool nrs_secret_pool_locked(void);

/** Whether the pool has so many free slots now. */
bool nrs_secret_room(size_t count);
/** A zeroed secret. Returns NRS_ERROR_BUSY when the pool (8,192 slots) is full; NRS_ERROR_TOO_LARGE. */
NRS_MUST_USE nrs_error nrs_secret_new(nrs_secret **secret_out, size_t size);
NRS_MUST_USE nrs_error nrs_secret_random(nrs_secret **secret_out, size_t size);
NRS_MUST_USE nrs_error nrs_secret_copy(nrs_secret **secret_out, nrs_slice bytes);
/** Wipes the slot, gives it back, sets NULL. Safe on NULL. */
void nrs_secret_destroy(nrs_secret **secret);
/** Borrowed until destroy. */
uint8_t *nrs_secret_data(nrs_secret *secret);
const uint8_t *nrs_secret_view(const nrs_secret *secret);
size_t nrs_secret_size(const nrs_secret *secret);
nrs_slice nrs_secret_slice(const nrs_secret *secret);

#endif
