/* Merkle trees with RFC 6962 prefixes and shape over BLAKE2b-256 (SPEC 6.4): leaf = H(0x00 || data), node = H(0x01 || l || r). */
#ifndef KEYS_MERKLE_H
#define KEYS_MERKLE_H

#include "proto/bytes.h"
#include "proto/limits.h"

/** All levels of a tree, so that a relay gives out paths without hashing again. */
typedef struct nrs_merkle nrs_merkle;
/** leaf_count 1 … NRS_SLOT_COUNT_MAX. */
NRS_MUST_USE nrs_error nrs_merkle_new(nrs_merkle **tree_out, const nrs_slice *leaves, size_t leaf_count);
void nrs_merkle_destroy(nrs_merkle **tree);
const uint8_t *nrs_merkle_root(const nrs_merkle *tree);
/** path_out holds NRS_SLOT_PATH_DEPTH_MAX * 32 bytes. Returns the path's size in bytes. */
size_t nrs_merkle_path(uint8_t *path_out, const nrs_merkle *tree, size_t index);
/** NRS_ERROR_FORGED unless the leaf stands at index of a tree of leaf_count with that root. */
NRS_MUST_USE nrs_error nrs_merkle_verify(const uint8_t root[NRS_HASH_SIZE], nrs_slice leaf, size_t index, size_t leaf_count, nrs_slice path);

#endif
