/* A bounded cache of static agreements: peer agreement key → shared value. */
#ifndef KEYS_AGREE_CACHE_H
#define KEYS_AGREE_CACHE_H

#include "proto/bytes.h"
#include "proto/limits.h"

#define NRS_AGREE_CACHE_COUNT_MAX 4096u

typedef struct nrs_agree_cache nrs_agree_cache;

NRS_MUST_USE nrs_error nrs_agree_cache_new(nrs_agree_cache **cache_out);
void nrs_agree_cache_destroy(nrs_agree_cache **cache);
/** The value kept for a peer, borrowed until the next call; NULL if none is. */
const uint8_t *nrs_agree_cache_get(const nrs_agree_cache *cache, const uint8_t peer[NRS_KEY_SIZE]);
/** Keep a value, in the place of another when there is no room. */
void nrs_agree_cache_put(nrs_agree_cache *cache, const uint8_t peer[NRS_KEY_SIZE], const uint8_t shared[NRS_KEY_SIZE]);

#endif
