/* Consistency of two sizes of one audit log (SPEC 13.2): made as RFC 6962, 2.1.2, checked as RFC 9162, 2.1.4.2. */
#include <string.h>

#include "audit/audit_tree.h"
#include "proto/assert.h"

enum { RANGE_COUNT_MAX = 2 * NRS_AUDIT_LEVEL_COUNT };

typedef struct range {
    uint64_t first, end;
} range;

/* The root of leaves first … end - 1, of which the complete subtrees are known. `first` is a multiple of the largest power of
 * two within the range, as every range of a proof is. */
static nrs_error root_of(uint8_t root_out[NRS_HASH_SIZE], range leaves, nrs_audit_node_source source, void *context)
{
    uint8_t parts[NRS_AUDIT_LEVEL_COUNT][NRS_HASH_SIZE];
    size_t count = 0;
    uint64_t first = leaves.first;

    for (uint32_t level = NRS_AUDIT_LEVEL_COUNT; level-- > 0;) {
        if ((((leaves.end - leaves.first) >> level) & 1u) != 0) {
            nrs_error error = source(context, level, first >> level, parts[count]);

            if (error != NRS_OK) {
                return error;
            }
            first += UINT64_C(1) << level;
            count++;
        }
    }
    NRS_ASSERT(count > 0);
    while (count > 1) {
        nrs_audit_node(parts[count - 2], parts[count - 2], parts[count - 1]);
        count--;
    }
    memcpy(root_out, parts[0], NRS_HASH_SIZE);
    return NRS_OK;
}

nrs_error nrs_audit_root_at(uint8_t root_out[NRS_HASH_SIZE], uint64_t size, nrs_audit_node_source source, void *context)
{
    NRS_ASSERT(root_out != NULL && source != NULL && size > 0);
    return root_of(root_out, (range){0, size}, source, context);
}

/* The largest power of two below a size of at least two. */
static uint64_t split_of(uint64_t size)
{
    uint64_t split = 1;

    while (2 * split < size) {
        split *= 2;
    }
    return split;
}

/* The ranges whose roots make the proof, the outermost first. Returns how many. */
static size_t ranges_of(range ranges_out[RANGE_COUNT_MAX], uint64_t from, uint64_t to)
{
    range at = {0, to};
    uint64_t kept = from;
    bool whole = true; /* the part at hand is the old tree itself, whose root the reader has */
    size_t count = 0;

    while (kept < at.end - at.first) {
        uint64_t split = split_of(at.end - at.first);

        NRS_ASSERT(count < RANGE_COUNT_MAX - 1);
        if (kept <= split) {
            ranges_out[count++] = (range){at.first + split, at.end};
            at.end = at.first + split;
        } else {
            ranges_out[count++] = (range){at.first, at.first + split};
            at.first += split;
            kept -= split;
            whole = false;
        }
    }
    if (!whole) {
        ranges_out[count++] = at;
    }
    return count;
}

nrs_error nrs_audit_consistency_make(nrs_bytes *path_out, uint64_t from, uint64_t to, nrs_audit_node_source source, void *context)
{
    range ranges[RANGE_COUNT_MAX];
    nrs_bytes path = {0};
    size_t count;
    nrs_error error = NRS_OK;

    NRS_ASSERT(path_out != NULL && source != NULL);
    NRS_ASSERT(from > 0 && from < to);

    count = ranges_of(ranges, from, to);
    for (size_t i = count; i > 0 && error == NRS_OK; i--) {
        uint8_t root[NRS_HASH_SIZE];

        error = root_of(root, ranges[i - 1], source, context);
        if (error == NRS_OK) {
            error = nrs_bytes_append(&path, nrs_slice_of(root, sizeof root));
        }
    }
    if (error != NRS_OK) {
        nrs_bytes_wipe(&path);
        return error;
    }
    nrs_bytes_wipe(path_out);
    *path_out = path;
    return NRS_OK;
}

nrs_error nrs_audit_consistency_verify(uint64_t from, const uint8_t from_root[NRS_HASH_SIZE], uint64_t to, const uint8_t to_root[NRS_HASH_SIZE], nrs_slice path)
{
    nrs_reader reader = nrs_reader_over(path);
    uint64_t old_node = from - 1, last = to - 1;
    uint8_t old_hash[NRS_HASH_SIZE], new_hash[NRS_HASH_SIZE], next[NRS_HASH_SIZE];

    if (from == 0 || from >= to || path.size % NRS_HASH_SIZE != 0) {
        return NRS_ERROR_FORGED;
    }
    while ((old_node & 1u) != 0) {
        old_node >>= 1;
        last >>= 1;
    }
    if (old_node == 0) { /* the old tree is a complete subtree of the new one */
        memcpy(old_hash, from_root, NRS_HASH_SIZE);
    } else if (nrs_read_copy(&reader, old_hash, sizeof old_hash) != NRS_OK) {
        return NRS_ERROR_FORGED;
    }
    memcpy(new_hash, old_hash, NRS_HASH_SIZE);
    while (reader.left.size > 0) {
        if (last == 0 || nrs_read_copy(&reader, next, sizeof next) != NRS_OK) {
            return NRS_ERROR_FORGED;
        }
        if ((old_node & 1u) != 0 || old_node == last) {
            nrs_audit_node(old_hash, next, old_hash);
            nrs_audit_node(new_hash, next, new_hash);
            while ((old_node & 1u) == 0 && old_node != 0) {
                old_node >>= 1;
                last >>= 1;
            }
        } else {
            nrs_audit_node(new_hash, new_hash, next);
        }
        old_node >>= 1;
        last >>= 1;
    }
    return last == 0 && memcmp(old_hash, from_root, NRS_HASH_SIZE) == 0 && memcmp(new_hash, to_root, NRS_HASH_SIZE) == 0 ? NRS_OK : NRS_ERROR_FORGED;
}
