/* Making the head of the audit log anew (SPEC 13.3): where it cannot be read, what the node has signed says which log it was and what its first
 * entries were, and an entry behind that which opens under the log's key was written by this node. */
#include <string.h>

#include "audit/audit_own.h"
#include "command/command.h"

typedef struct growing {
    nrs_core *core;
    nrs_audit_head *head;
    const nrs_secret *key; /* NULL: the leaf that is noted will do */
    uint64_t size;
} growing;

static nrs_error take_row(void *context, const nrs_audit_row *row)
{
    growing *to = context;
    uint8_t leaf[NRS_HASH_SIZE];
    nrs_bytes bytes = {0};
    nrs_error error = NRS_OK;

    if (row->number != to->head->tree.size + 1 || row->number > to->size) {
        return NRS_ERROR_LIMIT;
    }
    if (to->key != NULL) {
        error = nrs_audit_open(&bytes, to->key, to->head->log, row->number, row->sealed);
        if (error == NRS_OK) {
            nrs_audit_leaf(leaf, nrs_slice_of_bytes(&bytes));
            error = memcmp(leaf, row->leaf, NRS_HASH_SIZE) == 0 ? NRS_OK : NRS_ERROR_DAMAGED;
        }
        nrs_bytes_wipe(&bytes);
        if (error == NRS_ERROR_DAMAGED) {
            return NRS_ERROR_LIMIT;
        }
    }
    return error == NRS_OK ? nrs_audit_append(&to->head->tree, row->leaf, NULL, NULL) : error;
}

nrs_error nrs_audit_grow(nrs_core *core, nrs_audit_head *head, const nrs_secret *key, uint64_t size, bool open)
{
    growing to = {core, head, open ? key : NULL, size};

    return nrs_store_audit_each(core->store, head->tree.size, SIZE_MAX, take_row, &to);
}

/* The newest checkpoint, where it is this node's own. Before the directory is loaded: keys before the last ones are not known yet. */
static nrs_error newest_checkpoint(nrs_core *core, nrs_audit_head *head_out, uint8_t root_out[NRS_HASH_SIZE])
{
    nrs_bytes payload = {0};
    nrs_audit_checkpoint *checkpoint = NULL;
    uint64_t size = 0;
    nrs_error error = nrs_store_audit_checkpoint_last(core->store, &size);

    if (error == NRS_OK) {
        error = size == 0 ? NRS_ERROR_NOT_FOUND : nrs_store_audit_checkpoint_get(core->store, &payload, size);
    }
    if (error == NRS_OK) {
        error = nrs_audit_checkpoint_open(&checkpoint, nrs_slice_of_bytes(&payload));
    }
    if (error == NRS_OK) {
        const nrs_slice node = nrs_field(&checkpoint->node);

        if (checkpoint->size == size && (nrs_slice_equal(node, nrs_slice_of(core->self.sign_key, NRS_KEY_SIZE)) ||
                                         (core->former != NULL && nrs_slice_equal(node, nrs_slice_of(core->former_keys.sign_key, NRS_KEY_SIZE))))) {
            *head_out = (nrs_audit_head){.checkpoint_size = size, .checkpoint_ms = checkpoint->created_ms};
            memcpy(head_out->log, checkpoint->log.data, NRS_AUDIT_LOG_ID_SIZE);
            memcpy(root_out, checkpoint->root.data, NRS_HASH_SIZE);
        } else {
            error = NRS_ERROR_NOT_FOUND;
        }
    }
    nrs_audit_checkpoint_free(&checkpoint);
    nrs_bytes_wipe(&payload);
    return error == NRS_OK || error == NRS_ERROR_DISK || nrs_error_is_passing(error) ? error : NRS_ERROR_NOT_FOUND;
}

nrs_error nrs_audit_rebuild(nrs_core *core, nrs_audit_head *head_out, const nrs_secret *key)
{
    uint8_t signed_root[NRS_HASH_SIZE], root[NRS_HASH_SIZE];
    nrs_audit_head head = {0};
    nrs_error error = newest_checkpoint(core, &head, signed_root);

    if (error == NRS_OK) {
        error = nrs_audit_grow(core, &head, key, head.checkpoint_size, false);
    }
    if (error == NRS_OK && head.tree.size == head.checkpoint_size) {
        nrs_audit_root(root, &head.tree);
        error = memcmp(root, signed_root, NRS_HASH_SIZE) == 0 ? nrs_audit_grow(core, &head, key, UINT64_MAX, true) : NRS_ERROR_NOT_FOUND;
    } else if (error == NRS_OK) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK) {
        error = nrs_store_audit_cosigned_last(core->store, &head.cosigned_size);
    }
    if (error == NRS_OK) {
        *head_out = head;
    }
    return error;
}
