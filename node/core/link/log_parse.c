/* Rows of the log taken apart, by type of record. */
#include <string.h>

#include "link/log_parse.h"
#include "proto/carrier.h"
#include "roster/roster.h"
#include "stream/stream.h"

/* The first slots that stand in the row of their report. */
static nrs_error parse_first_slots(nrs_log_entry *entry, const nrs_sealed_view *view)
{
    nrs_slot_table *table = NULL;
    nrs_slice payload = {0};
    uint32_t type = 0;
    nrs_error error = nrs_record_read(&type, &payload, nrs_slice_of_bytes(&entry->slots_record));

    if (error == NRS_OK) {
        error = nrs_slot_table_decode(&table, payload);
    }
    if (error == NRS_OK) {
        error = nrs_slots_new(&entry->slots, table, view->grant, view->grant_id);
    }
    nrs_slot_table_free(&table);
    return error;
}

static nrs_error parse_sealed(nrs_log_entry *entry, nrs_slice payload)
{
    nrs_sealed_view *view = NULL;
    nrs_secret *file_key = NULL;
    nrs_opened opened = {0};
    nrs_error error = nrs_sealed_parse(&view, payload);

    if (error == NRS_OK) {
        memcpy(entry->community, view->header->community.data, NRS_HASH_SIZE);
        entry->label = (nrs_label)view->header->label;
        entry->attribution = view->header->attribution;
        if (nrs_header_key_open(view->header)) {
            error = nrs_clear_open(&file_key, view, view->grant);
            if (error == NRS_OK) {
                error = nrs_body_open(&opened, view, file_key);
            }
            if (error == NRS_OK) {
                entry->audience = opened.audience;
                opened.audience = NULL;
            }
        }
    }
    if (error == NRS_OK && entry->slots_record.size > 0) {
        error = parse_first_slots(entry, view);
    }
    if (error == NRS_OK) {
        entry->view = nrs_sealed_view_share(view);
    }
    nrs_opened_wipe(&opened);
    nrs_secret_destroy(&file_key);
    nrs_sealed_view_free(&view);
    return error;
}

nrs_error nrs_log_row_of(nrs_core *core, nrs_log_row *row_out, nrs_bytes *holder, nrs_record_type type, const uint8_t sealed_id[NRS_HASH_SIZE],
                         const uint8_t id[NRS_HASH_SIZE])
{
    uint64_t position = 0;
    bool is = false;
    nrs_error error = nrs_store_log_find(core->store, &position, id);

    if (error == NRS_OK && position != 0) { /* of another kind or report it is not read: whoever names it does not know what it costs */
        error = nrs_store_log_is(core->store, &is, position, (uint32_t)type, nrs_slice_of(sealed_id, NRS_HASH_SIZE));
    }
    if (error == NRS_OK && !is) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK) {
        error = nrs_store_log_get(core->store, row_out, holder, position);
    }
    return error == NRS_OK && row_out->record.size == 0 ? NRS_ERROR_NOT_FOUND : error;
}

nrs_error nrs_log_later_grant(nrs_core *core, nrs_grant **grant_out, uint64_t *position_out, const uint8_t sealed_id[NRS_HASH_SIZE],
                              const uint8_t grant_id[NRS_HASH_SIZE])
{
    nrs_log_row row;
    nrs_bytes holder = {0};
    nrs_record *record = NULL;
    nrs_signed *outer = NULL;
    nrs_error error = nrs_log_row_of(core, &row, &holder, NRS_RECORD_GRANT, sealed_id, grant_id);

    if (error == NRS_OK) {
        error = nrs_record_decode(&record, row.record);
    }
    if (error == NRS_OK) {
        error = nrs_signed_decode(&outer, nrs_field(&record->payload));
    }
    if (error == NRS_OK) {
        error = nrs_grant_decode(grant_out, nrs_field(&outer->statement));
    }
    if (error == NRS_OK) {
        *position_out = row.position;
    }
    nrs_signed_free(&outer);
    nrs_record_free(&record);
    nrs_bytes_wipe(&holder);
    return error;
}

/* The grant that a slot table or slot belongs to: the sealed report's own first one, or a later one in the log, which is found by
 * its id: a report has as many later grants as its originator likes. */
nrs_error nrs_log_grant(nrs_core *core, nrs_grant **grant_out, uint64_t *position_out, const nrs_sealed_view *view, const uint8_t grant_id[NRS_HASH_SIZE])
{
    *position_out = 0;
    return memcmp(grant_id, view->grant_id, NRS_HASH_SIZE) == 0 ? nrs_grant_decode(grant_out, nrs_field(&view->sealed->grant))
                                                                : nrs_log_later_grant(core, grant_out, position_out, view->id, grant_id);
}

nrs_error nrs_log_release(nrs_core *core, nrs_release **release_out, uint8_t signer_out[NRS_KEY_SIZE], uint64_t *position_out,
                          const uint8_t sealed_id[NRS_HASH_SIZE], const uint8_t release_id[NRS_HASH_SIZE])
{
    nrs_log_row row;
    nrs_bytes holder = {0};
    nrs_record *record = NULL;
    nrs_signed *outer = NULL;
    nrs_error error = nrs_log_row_of(core, &row, &holder, NRS_RECORD_RELEASE, sealed_id, release_id);

    if (error == NRS_OK) {
        error = nrs_record_decode(&record, row.record);
    }
    if (error == NRS_OK) { /* its signature was checked when it came */
        error = nrs_signed_decode(&outer, nrs_field(&record->payload));
    }
    if (error == NRS_OK) {
        error = nrs_release_decode(release_out, nrs_field(&outer->statement));
    }
    if (error == NRS_OK) {
        memcpy(signer_out, outer->signer.data, NRS_KEY_SIZE);
        *position_out = row.position;
    }
    nrs_signed_free(&outer);
    nrs_record_free(&record);
    nrs_bytes_wipe(&holder);
    return error;
}

nrs_error nrs_log_payload(nrs_core *core, nrs_bytes *payload_out, nrs_record_type type, const uint8_t sealed_id[NRS_HASH_SIZE], const uint8_t id[NRS_HASH_SIZE])
{
    nrs_log_row row;
    nrs_bytes holder = {0};
    nrs_record *record = NULL;
    nrs_error error = nrs_log_row_of(core, &row, &holder, type, sealed_id, id);

    if (error == NRS_OK) {
        error = nrs_record_decode(&record, row.record);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_copy(payload_out, nrs_field(&record->payload));
    }
    nrs_record_free(&record);
    nrs_bytes_wipe(&holder);
    return error;
}

/* Where another than the originator grants, whom it goes to depends on what it rests on. */
static void keep_grant(nrs_log_entry *entry, nrs_grant **grant, nrs_sealed_view **view)
{
    if ((*grant)->authority != NRS_AUTHORITY_ORIGINATOR) {
        entry->grant = *grant;
        *grant = NULL;
        entry->report = *view;
        *view = NULL;
    }
}

static nrs_error parse_slot_table(nrs_core *core, nrs_log_entry *entry, nrs_slice payload)
{
    nrs_slot_table *table = NULL;
    nrs_sealed_view *view = NULL;
    nrs_grant *grant = NULL;
    nrs_error error = nrs_slot_table_decode(&table, payload);

    if (error == NRS_OK) {
        error = nrs_log_sealed(core, &view, &entry->sealed_position, table->sealed_id.data);
    }
    if (error == NRS_OK) {
        memcpy(entry->community, view->header->community.data, NRS_HASH_SIZE);
        entry->label = (nrs_label)view->header->label;
        entry->attribution = view->header->attribution;
        error = nrs_log_grant(core, &grant, &entry->grant_position, view, table->grant_id.data);
    }
    if (error == NRS_OK) {
        error = nrs_slots_new(&entry->slots, table, grant, table->grant_id.data);
    }
    if (error == NRS_OK) {
        keep_grant(entry, &grant, &view);
    }
    nrs_grant_free(&grant);
    nrs_sealed_view_free(&view);
    nrs_slot_table_free(&table);
    return error;
}

static nrs_error parse_grant(nrs_core *core, nrs_log_entry *entry, nrs_slice payload)
{
    nrs_sealed_view *view = NULL;
    nrs_signed *outer = NULL;
    nrs_grant *grant = NULL;
    nrs_error error = nrs_log_sealed(core, &view, &entry->sealed_position, entry->owner);

    if (error == NRS_OK) {
        memcpy(entry->community, view->header->community.data, NRS_HASH_SIZE);
        entry->label = (nrs_label)view->header->label;
        entry->attribution = view->header->attribution;
        error = nrs_signed_decode(&outer, payload);
    }
    if (error == NRS_OK) {
        error = nrs_grant_decode(&grant, nrs_field(&outer->statement));
    }
    if (error == NRS_OK) {
        keep_grant(entry, &grant, &view);
    }
    nrs_grant_free(&grant);
    nrs_signed_free(&outer);
    nrs_sealed_view_free(&view);
    return error;
}

static nrs_error parse_signed(nrs_log_entry *entry, nrs_slice payload)
{
    nrs_signed *outer = NULL;
    nrs_prekeys *prekeys = NULL;
    nrs_envelope *envelope = NULL;
    nrs_audit_cosignature *cosignature = NULL;
    nrs_freshness *said = NULL;
    nrs_error error = nrs_signed_decode(&outer, payload);

    if (error == NRS_OK && entry->type == NRS_RECORD_PREKEYS) {
        error = nrs_prekeys_decode(&prekeys, nrs_field(&outer->statement));
        if (error == NRS_OK) {
            memcpy(entry->org, prekeys->org.data, NRS_KEY_SIZE);
        }
    } else if (error == NRS_OK && (entry->type == NRS_RECORD_ENVELOPE || entry->type == NRS_LOG_DIRECT)) {
        error = nrs_envelope_decode(&envelope, nrs_field(&outer->statement));
        if (error == NRS_OK) {
            memcpy(entry->community, envelope->community.data, NRS_HASH_SIZE);
            memcpy(entry->to, envelope->to.data, NRS_KEY_HASH_SIZE);
        }
    } else if (error == NRS_OK && entry->type == NRS_RECORD_FRESHNESS) {
        error = nrs_freshness_decode(&said, nrs_field(&outer->statement));
        if (error == NRS_OK) {
            memcpy(entry->community, said->community.data, NRS_HASH_SIZE);
        }
    } else if (error == NRS_OK) { /* a card, a key change, a checkpoint, a cosignature */
        memcpy(entry->org, outer->signer.data, NRS_KEY_SIZE);
    }
    if (error == NRS_OK && entry->type == NRS_RECORD_AUDIT_COSIGNATURE) {
        error = nrs_audit_cosignature_decode(&cosignature, nrs_field(&outer->statement));
        if (error == NRS_OK) {
            nrs_key_hash(entry->to, cosignature->node.data);
        }
    }
    nrs_audit_cosignature_free(&cosignature);
    nrs_freshness_free(&said);
    nrs_envelope_free(&envelope);
    nrs_prekeys_free(&prekeys);
    nrs_signed_free(&outer);
    return error;
}

nrs_error nrs_log_entry_parse(nrs_core *core, nrs_log_entry *entry)
{
    nrs_slice payload = {0};
    uint32_t type = 0;
    nrs_error error;

    if (entry->type == NRS_LOG_RESEND || entry->type == NRS_LOG_TOLD_AGAIN || entry->type == NRS_LOG_PUBLISH) {
        return NRS_OK; /* no record: read where it is routed */
    }
    error = nrs_record_read(&type, &payload, nrs_slice_of_bytes(&entry->record));
    if (error != NRS_OK) {
        return error;
    }
    if (entry->type == NRS_LOG_DIRECT) {
        return parse_signed(entry, payload);
    }
    switch ((nrs_record_type)entry->type) {
    case NRS_RECORD_SEALED:
        error = parse_sealed(entry, payload);
        break;
    case NRS_RECORD_SLOT_TABLE:
        error = parse_slot_table(core, entry, payload);
        break;
    case NRS_RECORD_GRANT:
        error = parse_grant(core, entry, payload);
        break;
    case NRS_RECORD_CARD:
    case NRS_RECORD_PREKEYS:
    case NRS_RECORD_ENVELOPE:
    case NRS_RECORD_KEY_CHANGE:
    case NRS_RECORD_AUDIT_CHECKPOINT:
    case NRS_RECORD_AUDIT_COSIGNATURE:
        error = parse_signed(entry, payload);
        break;
    case NRS_RECORD_FRESHNESS:
        error = parse_signed(entry, payload);
        break;
    case NRS_RECORD_EQUIVOCATION:
        break; /* read where it is routed */
    case NRS_RECORD_ROSTER_DELTA:
    case NRS_RECORD_FORK:
        memcpy(entry->community, entry->owner, NRS_HASH_SIZE);
        break;
    case NRS_RECORD_RELEASE: /* goes with the grants that stand on it */
    case NRS_RECORD_ROSTER:
    case NRS_RECORD_SLOT_PATH:
    case NRS_RECORD_ATTESTATION:
    case NRS_RECORD_WITHDRAWAL:
        entry->dropped = true; /* never routed */
        break;
    }
    return error;
}
