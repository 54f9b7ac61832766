#include "keys/merkle.h"

#include <stdlib.h>
#include <string.h>

#include "keys/hash.h"
#include "proto/assert.h"

enum { LEVEL_COUNT_MAX = NRS_SLOT_PATH_DEPTH_MAX + 1 };

typedef uint8_t node[NRS_HASH_SIZE];

/* Level 0 holds the leaves' hashes. A node without a right neighbour moves up as it is, which gives exactly the shape of
 * RFC 6962, where the left part holds the largest power of two. */
struct nrs_merkle {
    node *nodes; /* all levels, one after the other */
    size_t level_start[LEVEL_COUNT_MAX];
    size_t level_size[LEVEL_COUNT_MAX];
    size_t level_count;
};

static const uint8_t leaf_prefix[] = {0x00};
static const uint8_t node_prefix[] = {0x01};

static void hash_leaf(node hash_out, nrs_slice data)
{
    const nrs_slice parts[] = {nrs_slice_of(leaf_prefix, sizeof leaf_prefix), data};

    nrs_hash(hash_out, NRS_HASH_SIZE, NRS_DOMAIN_TREE_LEAF, parts, 2);
}

static void hash_node(node hash_out, const uint8_t *left, const uint8_t *right)
{
    const nrs_slice parts[] = {nrs_slice_of(node_prefix, sizeof node_prefix), nrs_slice_of(left, NRS_HASH_SIZE),
                               nrs_slice_of(right, NRS_HASH_SIZE)};

    node hash; /* hash_out may be left or right */

    nrs_hash(hash, NRS_HASH_SIZE, NRS_DOMAIN_TREE_NODE, parts, 3);
    memcpy(hash_out, hash, NRS_HASH_SIZE);
}

static void lay_out_levels(nrs_merkle *tree, size_t leaf_count)
{
    size_t start = 0;
    size_t size = leaf_count;

    for (;;) {
        NRS_ASSERT(tree->level_count < LEVEL_COUNT_MAX);
        tree->level_start[tree->level_count] = start;
        tree->level_size[tree->level_count] = size;
        tree->level_count++;
        start += size;
        if (size == 1) {
            return;
        }
        size = (size + 1) / 2;
    }
}

nrs_error nrs_merkle_new(nrs_merkle **tree_out, const nrs_slice *leaves, size_t leaf_count)
{
    nrs_error error = NRS_ERROR_NO_MEMORY;
    nrs_merkle *tree = NULL;

    NRS_ASSERT(tree_out != NULL);

    if (leaf_count == 0 || leaf_count > NRS_SLOT_COUNT_MAX) {
        return NRS_ERROR_LIMIT;
    }
    NRS_ASSERT(leaves != NULL);
    tree = calloc(1, sizeof *tree);
    if (tree == NULL) {
        goto out;
    }
    lay_out_levels(tree, leaf_count);
    tree->nodes = calloc(2 * leaf_count + LEVEL_COUNT_MAX, sizeof *tree->nodes);
    if (tree->nodes == NULL) {
        goto out;
    }
    for (size_t i = 0; i < leaf_count; i++) {
        hash_leaf(tree->nodes[i], leaves[i]);
    }
    for (size_t level = 1; level < tree->level_count; level++) {
        node *below = tree->nodes + tree->level_start[level - 1];
        node *here = tree->nodes + tree->level_start[level];
        size_t below_size = tree->level_size[level - 1];

        for (size_t i = 0; i < tree->level_size[level]; i++) {
            if (2 * i + 1 < below_size) {
                hash_node(here[i], below[2 * i], below[2 * i + 1]);
            } else {
                memcpy(here[i], below[2 * i], NRS_HASH_SIZE);
            }
        }
    }
    *tree_out = tree;
    tree = NULL;
    error = NRS_OK;
out:
    nrs_merkle_destroy(&tree);
    return error;
}

void nrs_merkle_destroy(nrs_merkle **tree)
{
    NRS_ASSERT(tree != NULL);

    if (*tree != NULL) {
        free((*tree)->nodes);
        free(*tree);
        *tree = NULL;
    }
}

const uint8_t *nrs_merkle_root(const nrs_merkle *tree)
{
    NRS_ASSERT(tree != NULL);

    return tree->nodes[tree->level_start[tree->level_count - 1]];
}

size_t nrs_merkle_path(uint8_t *path_out, const nrs_merkle *tree, size_t index)
{
    size_t path_size = 0;

    NRS_ASSERT(path_out != NULL && tree != NULL);
    NRS_ASSERT(index < tree->level_size[0]);

    for (size_t level = 0; level + 1 < tree->level_count; level++) {
        size_t sibling = index ^ 1u;

        if (sibling < tree->level_size[level]) {
            memcpy(path_out + path_size, tree->nodes[tree->level_start[level] + sibling], NRS_HASH_SIZE);
            path_size += NRS_HASH_SIZE;
        }
        index >>= 1;
    }
    NRS_ASSERT(path_size <= (size_t)NRS_SLOT_PATH_DEPTH_MAX * NRS_HASH_SIZE);
    return path_size;
}

/* RFC 9162, section 2.1.3.2. */
nrs_error nrs_merkle_verify(const uint8_t root[NRS_HASH_SIZE], nrs_slice leaf, size_t index, size_t leaf_count,
                            nrs_slice path)
{
    nrs_reader reader = nrs_reader_over(path);
    size_t position = index;
    size_t last = leaf_count - 1;
    node hash;

    /* A grant without slots has no root: it comes from outside like the rest. */
    if (root == NULL || leaf_count == 0 || leaf_count > NRS_SLOT_COUNT_MAX || index >= leaf_count || path.size % NRS_HASH_SIZE != 0 ||
        path.size > (size_t)NRS_SLOT_PATH_DEPTH_MAX * NRS_HASH_SIZE) {
        return NRS_ERROR_FORGED;
    }
    hash_leaf(hash, leaf);
    while (reader.left.size > 0) {
        node sibling;

        if (last == 0 || nrs_read_copy(&reader, sibling, sizeof sibling) != NRS_OK) {
            return NRS_ERROR_FORGED;
        }
        if ((position & 1u) != 0 || position == last) {
            hash_node(hash, sibling, hash);
            while ((position & 1u) == 0 && position != 0) { /* levels on which this node had no right neighbour */
                position >>= 1;
                last >>= 1;
            }
        } else {
            hash_node(hash, hash, sibling);
        }
        position >>= 1;
        last >>= 1;
    }
    return last == 0 && memcmp(hash, root, NRS_HASH_SIZE) == 0 ? NRS_OK : NRS_ERROR_FORGED;
}
