/* Tables of slots in the log, found by whom they are for: however many later grants a report has, one look-up is enough; and how
 * many it may have (SPEC 10.4), since any member could make them without end for a report of its own. */
#include <string.h>

#include "internal.h"

nrs_error nrs_grant_count(nrs_core *core, const uint8_t sealed_id[NRS_HASH_SIZE], uint32_t slot_count)
{
    uint64_t slots = 0;
    nrs_error error = nrs_store_granted_get(core->store, &slots, sealed_id);

    slots += slot_count == 0 ? 1 : slot_count;
    if (error == NRS_OK && slots > NRS_LATER_SLOT_COUNT_MAX) {
        error = NRS_ERROR_TOO_LARGE;
    }
    return error == NRS_OK ? nrs_store_granted_set(core->store, sealed_id, slots) : error;
}

static nrs_error place_slot(nrs_core *core, const nrs_slot_table *table, nrs_slice bytes, uint64_t position)
{
    nrs_slot *slot = NULL;
    nrs_error error = nrs_slot_decode(&slot, bytes);

    if (error == NRS_OK) {
        error = nrs_store_slot_place_set(core->store, table->sealed_id.data, nrs_field(&slot->org), position);
    }
    nrs_slot_free(&slot);
    return error;
}

nrs_error nrs_log_add_slots(nrs_core *core, uint64_t *position_out, const nrs_slot_table *table, nrs_slice record, bool first, nrs_slice source,
                            uint64_t expires_ms)
{
    uint8_t id[NRS_HASH_SIZE];
    uint64_t position = 0;
    nrs_error error;

    nrs_record_id(id, record);
    error = nrs_log_add(core, &position, NRS_RECORD_SLOT_TABLE, id, record, nrs_slice_of(NULL, 0), source, expires_ms);
    if (error == NRS_OK && first) {
        error = nrs_store_slot_place_set(core->store, table->sealed_id.data, nrs_slice_of(NULL, 0), position);
    }
    for (size_t i = 0; error == NRS_OK && !first && i < table->n_slots; i++) {
        error = place_slot(core, table, nrs_field(&table->slots[i]), position);
    }
    if (error == NRS_OK && position_out != NULL) {
        *position_out = position;
    }
    return error;
}

nrs_error nrs_log_add_own_slots(nrs_core *core, nrs_slice record, uint64_t expires_ms)
{
    nrs_record *decoded = NULL;
    nrs_slot_table *table = NULL;
    nrs_error error = nrs_record_decode(&decoded, record);

    if (error == NRS_OK) {
        error = nrs_slot_table_decode(&table, nrs_field(&decoded->payload));
    }
    if (error == NRS_OK) {
        error = nrs_log_add_slots(core, NULL, table, record, false, nrs_slice_of(NULL, 0), expires_ms);
    }
    nrs_slot_table_free(&table);
    nrs_record_free(&decoded);
    return error;
}
