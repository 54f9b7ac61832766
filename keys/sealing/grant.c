#include "sealing/sealing.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "identity/agreement.h"
#include "sealing/padded.h"
#include "proto/assert.h"

/* Slots of one grant on the way into its tree and table. */
typedef struct slot_set {
    nrs_bytes *slots;
    nrs_slice *leaves;
    uint32_t *order;
    size_t count;
    uint8_t epk[NRS_KEY_SIZE];
    uint8_t root[NRS_HASH_SIZE];
} slot_set;

static void slot_set_wipe(slot_set *set)
{
    for (size_t i = 0; set->slots != NULL && i < set->count; i++) {
        nrs_bytes_wipe(&set->slots[i]);
    }
    free(set->slots);
    free(set->leaves);
    free(set->order);
    *set = (slot_set){0};
}

/* Fisher and Yates, so that a leaf's place says nothing about the order in which the grantor listed its recipients. */
static void shuffle(uint32_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        order[i] = (uint32_t)i;
    }
    for (size_t i = count; i > 1; i--) {
        uint32_t other = randombytes_uniform((uint32_t)i);
        uint32_t kept = order[i - 1];

        order[i - 1] = order[other];
        order[other] = kept;
    }
}

/* set is the caller's to wipe, on failure too. */
static nrs_error slot_set_fill(slot_set *set, const nrs_grant_plan *plan)
{
    nrs_error error = NRS_ERROR_NO_MEMORY;
    nrs_secret *ephemeral = NULL;
    nrs_merkle *tree = NULL;
    nrs_slot_terms terms = {
        .sealed_id = plan->sealed_id,
        .community = plan->community,
        .grantor_sign_key = plan->grantor.keys->sign_key,
        .grantor_agree_key = plan->grantor.keys->agree_key,
        .authority = plan->authority,
        .authority_ref = plan->authority_ref,
        .audience_commitment = plan->audience_commitment,
        .leaf_count = (uint32_t)plan->recipient_count,
    };

    NRS_ASSERT(plan->recipient_count > 0 && plan->recipient_count <= NRS_SLOT_COUNT_MAX);

    set->count = plan->recipient_count;
    set->slots = calloc(set->count, sizeof *set->slots);
    set->leaves = calloc(set->count, sizeof *set->leaves);
    set->order = calloc(set->count, sizeof *set->order);
    if (set->slots == NULL || set->leaves == NULL || set->order == NULL) {
        goto out;
    }
    error = nrs_ephemeral_new(&ephemeral, set->epk);
    if (error != NRS_OK) {
        goto out;
    }
    shuffle(set->order, set->count);
    terms.epk = nrs_slice_of(set->epk, sizeof set->epk);
    error = nrs_slots_wrap(set->slots, &terms, plan->recipients, set->order, &plan->grantor, ephemeral, plan->file_key);
    if (error != NRS_OK) {
        goto out;
    }
    for (size_t i = 0; i < set->count; i++) {
        set->leaves[i] = nrs_slice_of_bytes(&set->slots[i]);
    }
    error = nrs_merkle_new(&tree, set->leaves, set->count);
    if (error != NRS_OK) {
        goto out;
    }
    memcpy(set->root, nrs_merkle_root(tree), NRS_HASH_SIZE);
out:
    nrs_merkle_destroy(&tree);
    nrs_secret_destroy(&ephemeral);
    return error;
}

static nrs_error slot_table_record(nrs_bytes *record_out, const slot_set *set, const uint8_t *sealed_id,
                                   const uint8_t *grant_id)
{
    nrs_error error = NRS_ERROR_NO_MEMORY;
    nrs_slot_table table = NRS__WIRE__SLOT_TABLE__INIT;
    nrs_bytes payload = {0};

    table.slots = calloc(set->count, sizeof *table.slots);
    if (table.slots == NULL) {
        goto out;
    }
    table.n_slots = set->count;
    for (size_t i = 0; i < set->count; i++) {
        table.slots[i] = nrs_field_of(set->leaves[i]);
    }
    table.sealed_id = nrs_field_of(nrs_slice_of(sealed_id, NRS_HASH_SIZE));
    table.grant_id = nrs_field_of(nrs_slice_of(grant_id, NRS_HASH_SIZE));
    error = nrs_slot_table_encode(&payload, &table);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_record_wrap(record_out, NRS_RECORD_SLOT_TABLE, nrs_slice_of_bytes(&payload));
out:
    free(table.slots);
    nrs_bytes_wipe(&payload);
    return error;
}

static nrs_error grant_bytes(nrs_bytes *grant_out, const nrs_grant_plan *plan, const slot_set *set)
{
    nrs_grant grant = NRS__WIRE__GRANT__INIT;

    grant.suite = NRS_SUITE;
    grant.grantor = nrs_field_of(nrs_slice_of(plan->grantor.keys->sign_key, NRS_KEY_SIZE));
    grant.authority = plan->authority;
    grant.authority_ref = nrs_field_of(plan->authority_ref);
    grant.audience_commitment = nrs_field_of(plan->audience_commitment);
    grant.created_ms = plan->created_ms;
    grant.sealed_audience = nrs_field_of(plan->sealed_audience);
    grant.community = nrs_field_of(plan->target);
    if (!plan->first) {
        grant.sealed_id = nrs_field_of(nrs_slice_of(plan->sealed_id, NRS_HASH_SIZE));
    }
    if (plan->clear) {
        grant.file_key = nrs_field_of(nrs_secret_slice(plan->file_key));
    }
    if (set->count > 0) {
        grant.epk = nrs_field_of(nrs_slice_of(set->epk, NRS_KEY_SIZE));
        grant.slot_root = nrs_field_of(nrs_slice_of(set->root, NRS_HASH_SIZE));
        grant.slot_count = (uint32_t)set->count;
    }
    return nrs_grant_encode(grant_out, &grant);
}

nrs_error nrs_grant_build(nrs_bytes *grant_out, nrs_bytes *slot_table_out, uint8_t grant_id_out[NRS_HASH_SIZE],
                          const nrs_grant_plan *plan)
{
    nrs_error error = NRS_OK;
    slot_set set = {0};
    nrs_bytes grant = {0};
    nrs_bytes table = {0};
    uint8_t grant_id[NRS_HASH_SIZE];

    NRS_ASSERT(grant_out != NULL && slot_table_out != NULL && grant_id_out != NULL && plan != NULL);

    if (plan->recipient_count > NRS_SLOT_COUNT_MAX) {
        return NRS_ERROR_LIMIT;
    }
    if (!plan->clear && plan->recipient_count > 0) {
        error = slot_set_fill(&set, plan);
    }
    if (error != NRS_OK) {
        goto out;
    }
    error = grant_bytes(&grant, plan, &set);
    if (error != NRS_OK) {
        goto out;
    }
    nrs_hash_one(grant_id, NRS_DOMAIN_STATEMENT_ID, nrs_slice_of_bytes(&grant));
    if (set.count > 0) {
        error = slot_table_record(&table, &set, plan->sealed_id, grant_id);
        if (error != NRS_OK) {
            goto out;
        }
    }
    memcpy(grant_id_out, grant_id, NRS_HASH_SIZE);
    nrs_bytes_wipe(grant_out);
    nrs_bytes_wipe(slot_table_out);
    *grant_out = grant;
    *slot_table_out = table;
    grant = (nrs_bytes){0};
    table = (nrs_bytes){0};
out:
    slot_set_wipe(&set);
    nrs_bytes_wipe(&grant);
    nrs_bytes_wipe(&table);
    return error;
}
