#include "sealing/sealing.h"

#include <stdlib.h>
#include <string.h>

#include "proto/assert.h"

/* One leaf, found by the organisation it is delivered to. */
typedef struct leaf_entry {
    uint8_t org[NRS_KEY_HASH_SIZE];
    uint32_t index;
} leaf_entry;

struct nrs_slots {
    nrs_merkle *tree;
    uint8_t *bytes;     /* all slots, one after the other */
    nrs_slice *leaves;  /* into bytes */
    leaf_entry *by_org; /* ascending by organisation, then index */
    size_t count;
    uint8_t sealed_id[NRS_HASH_SIZE];
    uint8_t grant_id[NRS_HASH_SIZE];
};

static int compare_entries(const void *a, const void *b)
{
    const leaf_entry *left = a;
    const leaf_entry *right = b;
    int order = memcmp(left->org, right->org, NRS_KEY_HASH_SIZE);

    if (order != 0) {
        return order;
    }
    return (left->index > right->index) - (left->index < right->index);
}

/* Copies the slots, so that the table need not outlive them. */
static nrs_error take_slots(nrs_slots *slots, const nrs_slot_table *table)
{
    size_t size = 0;
    size_t taken = 0;

    slots->count = table->n_slots;
    for (size_t i = 0; i < table->n_slots; i++) {
        if (table->slots[i].len > NRS_SLOT_SIZE_MAX) {
            return NRS_ERROR_TOO_LARGE;
        }
        size += table->slots[i].len;
    }
    slots->bytes = malloc(size + 1);
    slots->leaves = calloc(slots->count, sizeof *slots->leaves);
    slots->by_org = calloc(slots->count, sizeof *slots->by_org);
    if (slots->bytes == NULL || slots->leaves == NULL || slots->by_org == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < slots->count; i++) {
        nrs_slot *slot = NULL;
        nrs_error error = nrs_slot_decode(&slot, nrs_field(&table->slots[i]));

        if (error == NRS_OK && slot->org.len != NRS_KEY_HASH_SIZE) {
            error = NRS_ERROR_MALFORMED;
        }
        if (error != NRS_OK) {
            nrs_slot_free(&slot);
            return error;
        }
        memcpy(slots->by_org[i].org, slot->org.data, NRS_KEY_HASH_SIZE);
        slots->by_org[i].index = (uint32_t)i;
        nrs_slot_free(&slot);
        memcpy(slots->bytes + taken, table->slots[i].data, table->slots[i].len);
        slots->leaves[i] = nrs_slice_of(slots->bytes + taken, table->slots[i].len);
        taken += table->slots[i].len;
    }
    qsort(slots->by_org, slots->count, sizeof *slots->by_org, compare_entries);
    return NRS_OK;
}

nrs_error nrs_slots_new(nrs_slots **slots_out, const nrs_slot_table *table, const nrs_grant *grant,
                        const uint8_t grant_id[NRS_HASH_SIZE])
{
    nrs_error error = NRS_ERROR_FORGED;
    nrs_slots *slots = NULL;

    NRS_ASSERT(slots_out != NULL && table != NULL && grant != NULL && grant_id != NULL);

    if (table->n_slots == 0 || table->n_slots != grant->slot_count || table->n_slots > NRS_SLOT_COUNT_MAX ||
        grant->slot_root.len != NRS_HASH_SIZE || table->sealed_id.len != NRS_HASH_SIZE ||
        !nrs_slice_equal(nrs_field(&table->grant_id), nrs_slice_of(grant_id, NRS_HASH_SIZE)) ||
        (grant->sealed_id.len != 0 && !nrs_slice_equal(nrs_field(&table->sealed_id), nrs_field(&grant->sealed_id)))) {
        goto out;
    }
    slots = calloc(1, sizeof *slots);
    if (slots == NULL) {
        error = NRS_ERROR_NO_MEMORY;
        goto out;
    }
    error = take_slots(slots, table);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_merkle_new(&slots->tree, slots->leaves, slots->count);
    if (error != NRS_OK) {
        goto out;
    }
    if (memcmp(nrs_merkle_root(slots->tree), grant->slot_root.data, NRS_HASH_SIZE) != 0) {
        error = NRS_ERROR_FORGED;
        goto out;
    }
    memcpy(slots->sealed_id, table->sealed_id.data, NRS_HASH_SIZE);
    memcpy(slots->grant_id, grant_id, NRS_HASH_SIZE);
    *slots_out = slots;
    slots = NULL;
out:
    nrs_slots_destroy(&slots);
    return error;
}

void nrs_slots_destroy(nrs_slots **slots)
{
    NRS_ASSERT(slots != NULL);

    if (*slots != NULL) {
        nrs_merkle_destroy(&(*slots)->tree);
        free((*slots)->bytes);
        free((*slots)->leaves);
        free((*slots)->by_org);
        free(*slots);
        *slots = NULL;
    }
}

size_t nrs_slots_count(const nrs_slots *slots)
{
    NRS_ASSERT(slots != NULL);

    return slots->count;
}

size_t nrs_slots_for(size_t *indices_out, size_t index_count_max, const nrs_slots *slots,
                     const uint8_t org_key_hash[NRS_KEY_HASH_SIZE])
{
    size_t low = 0;
    size_t high;
    size_t found = 0;

    NRS_ASSERT(slots != NULL && org_key_hash != NULL);
    NRS_ASSERT(indices_out != NULL || index_count_max == 0);

    high = slots->count;
    while (low < high) { /* the first entry that is not below the organisation */
        size_t middle = low + (high - low) / 2;

        if (memcmp(slots->by_org[middle].org, org_key_hash, NRS_KEY_HASH_SIZE) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    while (low + found < slots->count &&
           memcmp(slots->by_org[low + found].org, org_key_hash, NRS_KEY_HASH_SIZE) == 0) {
        if (found < index_count_max) {
            indices_out[found] = slots->by_org[low + found].index;
        }
        found++;
    }
    return found;
}

nrs_error nrs_slots_path_record(nrs_bytes *record_out, const nrs_slots *slots, size_t index)
{
    nrs_error error;
    nrs_slot_path value = NRS__WIRE__SLOT_PATH__INIT;
    nrs_bytes payload = {0};
    uint8_t path[NRS_SLOT_PATH_DEPTH_MAX * NRS_HASH_SIZE];

    NRS_ASSERT(record_out != NULL && slots != NULL);
    NRS_ASSERT(index < slots->count);

    value.sealed_id = nrs_field_of(nrs_slice_of(slots->sealed_id, NRS_HASH_SIZE));
    value.grant_id = nrs_field_of(nrs_slice_of(slots->grant_id, NRS_HASH_SIZE));
    value.index = (uint32_t)index;
    value.slot = nrs_field_of(slots->leaves[index]);
    value.path = nrs_field_of(nrs_slice_of(path, nrs_merkle_path(path, slots->tree, index)));
    error = nrs_slot_path_encode(&payload, &value);
    if (error == NRS_OK) {
        error = nrs_record_wrap(record_out, NRS_RECORD_SLOT_PATH, nrs_slice_of_bytes(&payload));
    }
    nrs_bytes_wipe(&payload);
    return error;
}
