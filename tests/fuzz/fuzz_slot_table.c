/* Slot tables and paths. The grant is made to fit the table where it can, so that looking up and opening are reached. */
#include <stdlib.h>
#include <string.h>

#include "keys/seal.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    if (nrs_keys_start() != NRS_OK) {
        abort();
    }
    return 0;
}

static void try_paths(const nrs_slots *slots, const uint8_t *root)
{
    for (size_t i = 0; i < nrs_slots_count(slots); i += 1 + nrs_slots_count(slots) / 4) {
        nrs_bytes bytes = {0};
        nrs_record *record = NULL;
        nrs_slot_path *path = NULL;

        if (nrs_slots_path_record(&bytes, slots, i) != NRS_OK ||
            nrs_record_decode(&record, nrs_slice_of_bytes(&bytes)) != NRS_OK ||
            nrs_slot_path_decode(&path, nrs_field(&record->payload)) != NRS_OK ||
            nrs_merkle_verify(root, nrs_field(&path->slot), i, nrs_slots_count(slots), nrs_field(&path->path)) !=
                NRS_OK) {
            abort(); /* every path of a good table is good */
        }
        nrs_slot_path_free(&path);
        nrs_record_free(&record);
        nrs_bytes_wipe(&bytes);
    }
}

static void try_table(const nrs_slot_table *table)
{
    nrs_grant grant = NRS__WIRE__GRANT__INIT;
    nrs_merkle *tree = NULL;
    nrs_slots *slots = NULL;
    nrs_slice *leaves = calloc(table->n_slots, sizeof *leaves);
    uint8_t root[NRS_HASH_SIZE];
    size_t index = 0;

    if (leaves == NULL) {
        return;
    }
    for (size_t i = 0; i < table->n_slots; i++) {
        leaves[i] = nrs_field(&table->slots[i]);
    }
    if (nrs_merkle_new(&tree, leaves, table->n_slots) == NRS_OK) {
        memcpy(root, nrs_merkle_root(tree), sizeof root);
        grant.slot_root = nrs_field_of(nrs_slice_of(root, sizeof root));
        grant.slot_count = (uint32_t)table->n_slots;
        if (nrs_slots_new(&slots, table, &grant, table->grant_id.data) == NRS_OK) {
            (void)nrs_slots_for(&index, 1, slots, root);
            try_paths(slots, root);
            nrs_slots_destroy(&slots);
        }
        nrs_merkle_destroy(&tree);
    }
    free(leaves);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nrs_slot_table *table = NULL;
    nrs_slot_path *path = NULL;

    if (nrs_slot_table_decode(&table, nrs_slice_of(data, size)) == NRS_OK) {
        try_table(table);
        nrs_slot_table_free(&table);
    }
    if (nrs_slot_path_decode(&path, nrs_slice_of(data, size)) == NRS_OK) {
        if (nrs_merkle_verify(path->grant_id.data, nrs_field(&path->slot), path->index, NRS_SLOT_COUNT_MAX,
                              nrs_field(&path->path)) == NRS_OK) {
            abort(); /* a hash of which somebody knew the preimage */
        }
        nrs_slot_path_free(&path);
    }
    return 0;
}
