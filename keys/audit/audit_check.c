/* Checks an audit log as it is read, entry by entry (SPEC 13.5). Memory does not grow with the log. */
#include "keys/audit_check.h"

#include <string.h>

#include "keys/change.h"
#include "proto/assert.h"

static void find(nrs_audit_check *check, nrs_audit_fault fault, uint64_t first, uint64_t last, const uint8_t *key)
{
    const nrs_audit_finding finding = {fault, first, last, key};

    check->finding_count++;
    if (check->on_finding != NULL) {
        check->on_finding(check->context, &finding);
    }
}

void nrs_audit_check_init(nrs_audit_check *check, nrs_audit_finder on_finding, void *context)
{
    NRS_ASSERT(check != NULL);
    *check = (nrs_audit_check){.on_finding = on_finding, .context = context};
}

static void end_inserted(nrs_audit_check *check)
{
    if (check->inserted_first != 0) {
        find(check, NRS_AUDIT_FAULT_INSERTED, check->inserted_first, check->inserted_last, NULL);
    }
    check->inserted_first = 0;
}

static void find_inserted(nrs_audit_check *check, uint64_t number)
{
    if (check->inserted_first == 0 || (number != check->inserted_last && number != check->inserted_last + 1)) {
        end_inserted(check);
        check->inserted_first = number;
    }
    check->inserted_last = number;
}

/* False when the entry has no place in the tree: its number was there already, or lies behind the end that the node knows. */
static bool place_entry(nrs_audit_check *check, uint64_t number)
{
    if (number <= check->last_number || (check->end_size != 0 && number > check->end_size)) {
        find_inserted(check, number);
        return false;
    }
    if (number > check->last_number + 1) {
        find(check, NRS_AUDIT_FAULT_MISSING, check->last_number + 1, number - 1, NULL);
        check->broken = true;
    }
    check->last_number = number;
    return true;
}

/* NRS_ERROR_LIMIT cannot come: a log that long would not have been read. */
static void grow(nrs_audit_check *check, const uint8_t leaf[NRS_HASH_SIZE])
{
    if (!check->broken && nrs_audit_append(&check->tree, leaf, NULL, NULL) != NRS_OK) {
        check->broken = true;
    }
}

/* Nobody is accused because the machine that looks has no memory left: whatever cannot be looked at ends the check. */
nrs_error nrs_audit_check_entry(nrs_audit_check *check, nrs_slice bytes)
{
    uint8_t leaf[NRS_HASH_SIZE];
    nrs_audit_entry *entry = NULL;
    nrs_error error = nrs_audit_entry_decode(&entry, bytes);

    if (error == NRS_ERROR_NO_MEMORY) {
        return error;
    }
    if (error != NRS_OK) {
        check->last_number++;
        find(check, NRS_AUDIT_FAULT_CHANGED, check->last_number, check->last_number, NULL);
        check->broken = true;
        return NRS_OK;
    }
    if (place_entry(check, entry->number)) {
        nrs_audit_leaf(leaf, bytes);
        grow(check, leaf);
        check->entry_count += entry->event == NRS_AUDIT_PADDING ? 0 : 1;
        check->begun_anew = check->begun_anew || nrs_audit_begun_anew(entry);
        if (nrs_audit_tells_of_itself(entry)) {
            find(check, NRS_AUDIT_FAULT_ALARM, entry->number, entry->number, NULL);
        }
    }
    nrs_audit_entry_free(&entry);
    return NRS_OK;
}

void nrs_audit_check_leaf(nrs_audit_check *check, uint64_t number, const uint8_t leaf[NRS_HASH_SIZE])
{
    if (place_entry(check, number)) {
        find(check, NRS_AUDIT_FAULT_CHANGED, number, number, NULL);
        grow(check, leaf);
    }
}

/* Whether what was signed at `size` is what was read up to there. */
static bool holds(const nrs_audit_check *check, uint64_t size, nrs_slice root)
{
    uint8_t own[NRS_HASH_SIZE];

    if (check->broken || check->tree.size != size || size == 0) {
        return false;
    }
    nrs_audit_root(own, &check->tree);
    return nrs_slice_equal(nrs_slice_of(own, sizeof own), root);
}

/* Said once for each stretch: behind the first leaf that is not known nothing can be compared. */
static void find_differing(nrs_audit_check *check, nrs_audit_fault fault, uint64_t good_size, uint64_t size, const uint8_t *key)
{
    if (size > check->last_number) {
        if (!check->cut) {
            find(check, NRS_AUDIT_FAULT_CUT, check->last_number + 1, size, key);
        }
        check->cut = true;
    } else if (!check->broken) {
        find(check, fault, good_size + 1, size, key);
        check->broken = true;
    }
}

/* Up to where some hub has signed what was read. */
static uint64_t cosigned_size(const nrs_audit_check *check)
{
    uint64_t size = 0;

    for (size_t i = 0; i < check->cosigner_count; i++) {
        size = check->cosigners[i].size > size ? check->cosigners[i].size : size;
    }
    return size;
}

/* Whether what names this log and this key was signed of this node's log: a node that has changed its keys goes on with the log, and a
 * log of another node says nothing of this one. */
static bool of_this_log(const nrs_audit_check *check, nrs_slice node, nrs_slice log)
{
    bool known = false;

    for (size_t i = 0; i < check->key_count; i++) {
        known = known || nrs_slice_equal(node, nrs_slice_of(check->keys[i], NRS_KEY_SIZE));
    }
    return known && nrs_slice_equal(log, nrs_slice_of(check->log, NRS_AUDIT_LOG_ID_SIZE));
}

nrs_error nrs_audit_check_succession(nrs_audit_check *check, nrs_slice payload)
{
    nrs_key_change *change = NULL;
    nrs_card *card = NULL;
    nrs_error error = nrs_change_verify(&change, &card, payload);

    NRS_ASSERT(check->key_count > 0);
    if (error == NRS_OK && check->key_count == NRS_AUDIT_KEY_COUNT_MAX) {
        error = NRS_ERROR_LIMIT;
    } else if (error == NRS_OK && card != NULL && nrs_slice_equal(nrs_field(&card->sign_key), nrs_slice_of(check->keys[check->key_count - 1], NRS_KEY_SIZE))) {
        memcpy(check->keys[check->key_count], change->sign_key.data, NRS_KEY_SIZE);
        check->key_count++;
    } else if (error != NRS_ERROR_NO_MEMORY && error != NRS_ERROR_BUSY) {
        find(check, NRS_AUDIT_FAULT_SUCCESSION, check->last_number, check->last_number, NULL);
        error = NRS_OK;
    }
    nrs_key_change_free(&change);
    nrs_card_free(&card);
    return error;
}

nrs_error nrs_audit_check_checkpoint(nrs_audit_check *check, nrs_slice payload)
{
    nrs_audit_checkpoint *checkpoint = NULL;
    nrs_error error = nrs_audit_checkpoint_open(&checkpoint, payload);

    if (error == NRS_ERROR_NO_MEMORY) {
        return error;
    }
    if (error != NRS_OK || !of_this_log(check, nrs_field(&checkpoint->node), nrs_field(&checkpoint->log))) {
        find(check, NRS_AUDIT_FAULT_CHECKPOINT, check->last_number, check->last_number, NULL);
    } else if (holds(check, checkpoint->size, nrs_field(&checkpoint->root))) {
        check->checkpoint_count++;
        check->good_size = checkpoint->size;
        check->checkpoint_ms = checkpoint->created_ms;
    } else {
        find_differing(check, NRS_AUDIT_FAULT_REWRITTEN, check->good_size, checkpoint->size, NULL);
    }
    nrs_audit_checkpoint_free(&checkpoint);
    return NRS_OK;
}

static nrs_audit_cosigner *cosigner_of(nrs_audit_check *check, const uint8_t *key)
{
    for (size_t i = 0; i < check->cosigner_count; i++) {
        if (memcmp(check->cosigners[i].key, key, NRS_KEY_SIZE) == 0) {
            return &check->cosigners[i];
        }
    }
    if (check->cosigner_count == NRS_AUDIT_COSIGNER_COUNT_MAX) {
        return NULL;
    }
    memcpy(check->cosigners[check->cosigner_count].key, key, NRS_KEY_SIZE);
    return &check->cosigners[check->cosigner_count++];
}

nrs_error nrs_audit_check_cosignature(nrs_audit_check *check, nrs_slice payload)
{
    nrs_audit_cosignature *cosignature = NULL;
    nrs_audit_cosigner *cosigner = NULL;
    uint8_t key[NRS_KEY_SIZE];
    nrs_error error = nrs_audit_cosignature_open(&cosignature, payload);

    if (error == NRS_ERROR_NO_MEMORY) {
        return error;
    }
    if (error != NRS_OK || !of_this_log(check, nrs_field(&cosignature->node), nrs_field(&cosignature->log))) {
        find(check, NRS_AUDIT_FAULT_COSIGNATURE, check->last_number, check->last_number, NULL);
    } else if (!holds(check, cosignature->size, nrs_field(&cosignature->root))) {
        memcpy(key, cosignature->hub.data, NRS_KEY_SIZE);
        find_differing(check, NRS_AUDIT_FAULT_SIGNED_OTHERWISE, cosigned_size(check), cosignature->size, key);
    } else if ((cosigner = cosigner_of(check, cosignature->hub.data)) == NULL) {
        find(check, NRS_AUDIT_FAULT_COSIGNATURE, check->last_number, check->last_number, NULL);
    } else {
        cosigner->size = cosignature->size;
        cosigner->at_ms = cosignature->created_ms;
        cosigner->logs = cosignature->logs;
    }
    nrs_audit_cosignature_free(&cosignature);
    return NRS_OK;
}

void nrs_audit_check_end(nrs_audit_check *check)
{
    end_inserted(check);
    if (check->broken || check->cut) {
        return;
    }
    if (check->good_size < check->end_checkpoint) { /* somebody took out what was signed */
        find(check, NRS_AUDIT_FAULT_CHECKPOINT, check->end_checkpoint, check->end_checkpoint, NULL);
    }
    if (cosigned_size(check) < check->end_cosigned) {
        find(check, NRS_AUDIT_FAULT_COSIGNATURE, check->end_cosigned, check->end_cosigned, NULL);
    }
    if (check->end_size == 0) {
        return;
    }
    if (check->last_number < check->end_size) {
        find(check, NRS_AUDIT_FAULT_CUT, check->last_number + 1, check->end_size, NULL);
    } else if (!holds(check, check->end_size, nrs_slice_of(check->end_root, NRS_HASH_SIZE))) {
        find(check, NRS_AUDIT_FAULT_REWRITTEN, check->good_size + 1, check->end_size, NULL);
    }
}
