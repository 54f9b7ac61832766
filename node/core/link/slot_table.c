/* Tables of slots in the log, found by whom they are for: however many later grants a report has, one look-up is enough; and how
 * many it may have (SPEC 10.4), since any member could make them without end for a report of its own. */
#include <string.h>

#include "internal.h"
#include "link/log.h"
#include "prekeys/key_change.h"

/* The originator and the hubs of its community have a count each, so that nobody uses up what they may give. */
static bool counts_alone(nrs_core *core, const nrs_header *header, const uint8_t grantor[NRS_KEY_SIZE])
{
    const nrs_community *home = nrs_community_by_id(core, header->community.data);

    return memcmp(header->originator.data, grantor, NRS_KEY_SIZE) == 0 || (home != NULL && nrs_peer_hub(core, nrs_peer_by_sign(core, grantor), home));
}

nrs_error nrs_grant_count(nrs_core *core, const nrs_sealed_view *view, const uint8_t grantor[NRS_KEY_SIZE], uint32_t slot_count)
{
    const nrs_slice own = nrs_slice_of(grantor, NRS_KEY_SIZE), others = nrs_slice_of(NULL, 0);
    const bool alone = counts_alone(core, view->header, grantor);
    const uint64_t added = slot_count == 0 ? 1 : slot_count;
    uint64_t slots = 0, together = 0;
    nrs_error error = nrs_store_granted_get(core->store, &slots, view->id, own);

    if (error == NRS_OK && !alone) {
        error = nrs_store_granted_get(core->store, &together, view->id, others);
    }
    if (error == NRS_OK && (slots + added > (alone ? NRS_LATER_SLOT_COUNT_MAX : NRS_LATER_SLOT_COUNT_OTHER_MAX) ||
                            (!alone && together + added > NRS_LATER_SLOT_COUNT_MAX))) {
        error = NRS_ERROR_TOO_LARGE;
    }
    if (error == NRS_OK) {
        error = nrs_store_granted_set(core->store, view->id, own, slots + added);
    }
    return error == NRS_OK && !alone ? nrs_store_granted_set(core->store, view->id, others, together + added) : error;
}

static nrs_slot_rank rank_of(const nrs_grant *grant)
{
    return grant->authority == NRS_AUTHORITY_ORIGINATOR ? NRS_SLOT_ORIGINAL : grant->authority == NRS_AUTHORITY_CONSENT ? NRS_SLOT_CONSENTED : NRS_SLOT_RELEASED;
}

static nrs_error place_slot(nrs_core *core, const nrs_slot_table *table, nrs_slice bytes, const nrs_slot_place *place)
{
    nrs_slot *slot = NULL;
    nrs_error error = nrs_slot_decode(&slot, bytes);

    if (error == NRS_OK) {
        error = nrs_store_slot_place_set(core->store, table->sealed_id.data, nrs_field(&slot->org), place);
    }
    nrs_slot_free(&slot);
    return error;
}

nrs_error nrs_log_add_slots(nrs_core *core, uint64_t *position_out, const nrs_slot_table *table, nrs_slice record, const nrs_grant *grant, bool first,
                            nrs_slice source, uint64_t expires_ms)
{
    const nrs_key_end *before = nrs_key_before(core, grant->grantor.data);
    nrs_slot_place place = {.rank = (uint32_t)rank_of(grant), .grantor = nrs_field(&grant->grantor),
                            .before = nrs_slice_of(before == NULL ? NULL : before->sign_key, before == NULL ? 0 : NRS_KEY_SIZE)};
    uint8_t id[NRS_HASH_SIZE];
    nrs_error error;

    nrs_record_id(id, record);
    error = nrs_log_add(core, &place.position, NRS_RECORD_SLOT_TABLE, id, record, nrs_slice_of(NULL, 0), source, expires_ms);
    if (error == NRS_OK && first) {
        error = nrs_store_slot_place_set(core->store, table->sealed_id.data, nrs_slice_of(NULL, 0), &place);
    }
    for (size_t i = 0; error == NRS_OK && !first && i < table->n_slots; i++) {
        error = place_slot(core, table, nrs_field(&table->slots[i]), &place);
    }
    if (error == NRS_OK && position_out != NULL) {
        *position_out = place.position;
    }
    return error;
}

nrs_error nrs_log_add_own_slots(nrs_core *core, nrs_slice grant, nrs_slice record, uint64_t expires_ms)
{
    nrs_record *decoded = NULL;
    nrs_slot_table *table = NULL;
    nrs_grant *made = NULL;
    nrs_error error = nrs_record_decode(&decoded, record);

    if (error == NRS_OK) {
        error = nrs_slot_table_decode(&table, nrs_field(&decoded->payload));
    }
    if (error == NRS_OK) {
        error = nrs_grant_decode(&made, grant);
    }
    if (error == NRS_OK) {
        error = nrs_log_add_slots(core, NULL, table, record, made, false, nrs_slice_of(NULL, 0), expires_ms);
    }
    nrs_grant_free(&made);
    nrs_slot_table_free(&table);
    nrs_record_free(&decoded);
    return error;
}
