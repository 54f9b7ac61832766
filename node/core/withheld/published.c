/* Which report of a source this hub published as which (SPEC 6.11). The notes say so, under their report's file key; here it is found the other
 * way round, in memory, so that no row of the store joins the two, and forgetting the one still parts them for good. */
#include <stdlib.h>
#include <string.h>

#include "withheld/withheld.h"

const nrs_published *nrs_published_of(const nrs_core *core, const uint8_t id[NRS_HASH_SIZE])
{
    nrs_published *found = NULL;

    HASH_FIND(by_id, core->published_by_id, id, NRS_HASH_SIZE, found);
    return found;
}

nrs_error nrs_published_add(nrs_core *core, const uint8_t id[NRS_HASH_SIZE], const uint8_t source[NRS_HASH_SIZE])
{
    nrs_published *entry;

    if (nrs_published_of(core, id) != NULL) {
        return NRS_OK;
    }
    entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    memcpy(entry->id, id, NRS_HASH_SIZE);
    memcpy(entry->source, source, NRS_HASH_SIZE);
    HASH_ADD(by_id, core->published_by_id, id, NRS_HASH_SIZE, entry);
    return NRS_OK;
}

void nrs_published_part(nrs_core *core, const uint8_t source[NRS_HASH_SIZE])
{
    nrs_published *entry, *next;

    HASH_ITER (by_id, core->published_by_id, entry, next) {
        if (memcmp(entry->source, source, NRS_HASH_SIZE) == 0) {
            HASH_DELETE(by_id, core->published_by_id, entry);
            free(entry);
        }
    }
}

void nrs_published_wipe(nrs_core *core)
{
    nrs_published *entry, *next;

    HASH_ITER (by_id, core->published_by_id, entry, next) {
        HASH_DELETE(by_id, core->published_by_id, entry);
        free(entry);
    }
}

/* ---- After a start ---- */

/* Notes that do not open any more join nothing. */
static nrs_error load_notes(nrs_core *core, const uint8_t source[NRS_HASH_SIZE])
{
    nrs_report_row row;
    nrs_bytes holder = {0};
    json_t *notes = NULL;
    const json_t *note;
    size_t index;
    nrs_error error = nrs_store_report_get(core->store, &row, &holder, source);

    if (error == NRS_OK) {
        error = nrs_withheld_notes(core, &notes, &row);
        error = nrs_error_of_one_record(error) ? NRS_ERROR_NOT_FOUND : error; /* no room for a secret now: all is read again, or the two would stay parted */
    }
    json_array_foreach(notes, index, note) {
        const char *what = json_string_value(json_object_get(note, "note"));
        const char *text = json_string_value(json_object_get(note, "id"));
        uint8_t id[NRS_HASH_SIZE];

        if (error == NRS_OK && what != NULL && text != NULL && strcmp(what, "vouched") == 0 && nrs_hex_decode(id, sizeof id, text) == NRS_OK) {
            error = nrs_published_add(core, id, source);
        }
    }
    json_decref(notes);
    nrs_bytes_wipe(&holder);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

/* What is published lives at most as long again as its source's report lived. */
nrs_error nrs_published_load(nrs_core *core)
{
    nrs_id_list list = {.count = 0};
    nrs_error error;

    nrs_published_wipe(core);
    error = nrs_noted_reports(core, &list, NRS_PART_RECEIVED, core->now_ms > NRS_REPORT_LIFE_MS_MAX ? core->now_ms - NRS_REPORT_LIFE_MS_MAX : 0);
    for (size_t i = 0; i < list.count && error == NRS_OK; i++) {
        error = load_notes(core, list.ids[i]);
    }
    nrs_id_list_wipe(&list);
    return error;
}
