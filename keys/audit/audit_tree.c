/* The tree of an audit log (SPEC 13.2): shape and hashes as RFC 6962, in domains of its own. Only the right edge is held:
 * appending and the root cost as many hashes as the tree is deep, however long the log is. */
#include <string.h>

#include "audit/audit_tree.h"
#include "proto/assert.h"

static const uint8_t leaf_prefix[] = {0x00};
static const uint8_t node_prefix[] = {0x01};

void nrs_audit_leaf(uint8_t leaf_out[NRS_HASH_SIZE], nrs_slice entry)
{
    const nrs_slice parts[] = {nrs_slice_of(leaf_prefix, sizeof leaf_prefix), entry};

    nrs_hash(leaf_out, NRS_HASH_SIZE, NRS_DOMAIN_AUDIT_LEAF, parts, 2);
}

void nrs_audit_node(uint8_t node_out[NRS_HASH_SIZE], const uint8_t *left, const uint8_t *right)
{
    const nrs_slice parts[] = {nrs_slice_of(node_prefix, sizeof node_prefix), nrs_slice_of(left, NRS_HASH_SIZE), nrs_slice_of(right, NRS_HASH_SIZE)};
    uint8_t hash[NRS_HASH_SIZE];

    nrs_hash(hash, NRS_HASH_SIZE, NRS_DOMAIN_AUDIT_NODE, parts, 3);
    memcpy(node_out, hash, NRS_HASH_SIZE);
}

nrs_error nrs_audit_append(nrs_audit_tree *tree, const uint8_t leaf[NRS_HASH_SIZE], nrs_audit_node_taker take, void *context)
{
    uint8_t hash[NRS_HASH_SIZE];
    uint32_t level = 0;

    NRS_ASSERT(tree != NULL && leaf != NULL);

    if (tree->size >= (UINT64_C(1) << (NRS_AUDIT_LEVEL_COUNT - 1))) {
        return NRS_ERROR_LIMIT;
    }
    memcpy(hash, leaf, NRS_HASH_SIZE);
    for (; ((tree->size >> level) & 1u) != 0; level++) {
        nrs_error error;

        nrs_audit_node(hash, tree->peaks[level], hash);
        error = take == NULL ? NRS_OK : take(context, level + 1, tree->size >> (level + 1), hash);
        if (error != NRS_OK) {
            return error;
        }
    }
    for (uint32_t below = 0; below < level; below++) {
        memset(tree->peaks[below], 0, NRS_HASH_SIZE);
    }
    memcpy(tree->peaks[level], hash, NRS_HASH_SIZE);
    tree->size++;
    return NRS_OK;
}

void nrs_audit_root(uint8_t root_out[NRS_HASH_SIZE], const nrs_audit_tree *tree)
{
    uint8_t root[NRS_HASH_SIZE] = {0};
    bool any = false;

    NRS_ASSERT(tree != NULL && tree->size > 0);

    for (uint32_t level = 0; level < NRS_AUDIT_LEVEL_COUNT; level++) {
        if (((tree->size >> level) & 1u) == 0) {
            continue;
        }
        if (any) {
            nrs_audit_node(root, tree->peaks[level], root);
        } else {
            memcpy(root, tree->peaks[level], NRS_HASH_SIZE);
            any = true;
        }
    }
    memcpy(root_out, root, NRS_HASH_SIZE);
}

void nrs_audit_about(uint8_t about_out[NRS_HASH_SIZE], const uint8_t salt[NRS_HASH_SIZE], nrs_slice id)
{
    const nrs_slice parts[] = {nrs_slice_of(salt, NRS_HASH_SIZE), id};

    nrs_hash(about_out, NRS_HASH_SIZE, NRS_DOMAIN_AUDIT_ABOUT, parts, 2);
}
