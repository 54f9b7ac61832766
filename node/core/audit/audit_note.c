/* The note of where the audit log ends, in a file beside the store (SPEC 13.3): who puts older rows of the store in place, with the head that
 * belongs to them, has not put back this.
 *
 * It is written in place behind each commit that moved the head, without a sync: a power cut may leave an older one, or one that is torn.
 * So there are two places. The one not written to has been synced; at a start the other way round: first one place is written and synced, over
 * what is torn or, where both can be read, over the newer one, which may not be on the disk yet; then the other is the one written to. */
#include <string.h>

#include "audit/audit_own.h"

#define PLACE_SIZE (NRS_AUDIT_FILE_SIZE_MAX / 2u)

/* u16 size ‖ what is sealed. */
static nrs_slice sealed_at(nrs_slice file, size_t place)
{
    const size_t from = place * PLACE_SIZE;
    size_t size;

    if (file.size < from + 2) {
        return nrs_slice_of(NULL, 0);
    }
    size = (size_t)file.data[from] | (size_t)file.data[from + 1] << 8;
    return size > PLACE_SIZE - 2 || file.size < from + 2 + size ? nrs_slice_of(NULL, 0) : nrs_slice_of(file.data + from + 2, size);
}

static nrs_error open_places(struct nrs_audit *audit, nrs_audit_note *note, const nrs_secret *wrap_key, nrs_slice file)
{
    bool opens[2] = {false, false};
    size_t newest = 0;

    for (size_t place = 0; place < 2; place++) {
        nrs_secret *key = NULL;
        nrs_audit_head head;
        uint64_t serial = 0;
        nrs_error error = nrs_audit_note_open(&serial, &key, &head, wrap_key, sealed_at(file, place));

        if (error != NRS_OK && error != NRS_ERROR_DAMAGED) {
            return error;
        }
        opens[place] = error == NRS_OK;
        if (opens[place] && (!note->found || serial > audit->note_serial)) {
            note->found = true;
            note->head = head;
            nrs_secret_destroy(&note->key);
            note->key = key;
            key = NULL;
            audit->note_serial = serial;
            newest = place;
        }
        nrs_secret_destroy(&key);
    }
    audit->note_place = opens[0] && opens[1] ? newest : opens[0] ? 1 : 0;
    return NRS_OK;
}

nrs_error nrs_audit_note_read(nrs_core *core, struct nrs_audit *audit, nrs_audit_note *note_out)
{
    nrs_secret *wrap_key = NULL;
    nrs_bytes file = {0};
    nrs_error error = core->audit_file.read(core->audit_file.context, &file);

    note_out->there = error == NRS_ERROR_DAMAGED || file.size > 0;
    if (error == NRS_OK && file.size > 0) {
        error = nrs_audit_wrapping_key(core, &wrap_key);
        if (error == NRS_OK) {
            error = open_places(audit, note_out, wrap_key, nrs_slice_of_bytes(&file));
        }
    }
    nrs_secret_destroy(&wrap_key);
    nrs_bytes_wipe(&file);
    return error == NRS_ERROR_DAMAGED ? NRS_OK : error;
}

nrs_error nrs_audit_file_settle(nrs_core *core)
{
    struct nrs_audit *audit = core->audit;
    nrs_secret *wrap_key = NULL;
    nrs_bytes sealed = {0}, bytes = {0};
    nrs_error error;

    if (!audit->note_due) {
        return NRS_OK;
    }
    error = nrs_audit_wrapping_key(core, &wrap_key);
    if (error == NRS_OK) {
        error = nrs_audit_note_seal(&sealed, wrap_key, ++audit->note_serial, audit->key, &audit->head);
    }
    if (error == NRS_OK) {
        const uint8_t size[2] = {(uint8_t)sealed.size, (uint8_t)(sealed.size >> 8)};

        NRS_ASSERT(sealed.size <= PLACE_SIZE - 2);
        error = nrs_bytes_append(&bytes, nrs_slice_of(size, sizeof size));
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append(&bytes, nrs_slice_of_bytes(&sealed));
    }
    if (error == NRS_OK) {
        error = core->audit_file.write(core->audit_file.context, audit->note_place * PLACE_SIZE, nrs_slice_of_bytes(&bytes), !audit->note_settled);
    }
    if (error == NRS_OK) {
        audit->note_due = false;
        if (!audit->note_settled) {
            audit->note_settled = true;
            audit->note_place = 1 - audit->note_place;
        }
        if (audit->head.noted == 0) { /* from now on it may not be missing */
            audit->head.noted = 1;
            audit->dirty = true;
        }
    }
    nrs_secret_destroy(&wrap_key);
    nrs_bytes_wipe(&bytes);
    nrs_bytes_wipe(&sealed);
    return error;
}
