/* Which report follows which (SPEC 6.9). The one that follows names the other in its sealed text; to find it from the other, the
 * store keeps its position under a keyed hash of the id that it names, which says nothing to who has not this node's key. */
#include <string.h>

#include "prekeys/key_change.h"
#include "report/withdrawal.h"

#define FOLLOWERS_SHOWN_MAX 64u
#define SERIES_MAX 256u /* of one, that are looked back through */

nrs_error nrs_follows_tag(nrs_core *core, uint8_t tag_out[NRS_HASH_SIZE], nrs_domain domain, const uint8_t id[NRS_HASH_SIZE])
{
    nrs_secret *key = NULL;
    nrs_slice parts[2];
    nrs_error error = nrs_vault_file_key(core, &key);

    if (error == NRS_OK) {
        parts[0] = nrs_secret_slice(key);
        parts[1] = nrs_slice_of(id, NRS_HASH_SIZE);
        nrs_hash(tag_out, NRS_HASH_SIZE, domain, parts, sizeof parts / sizeof parts[0]);
    }
    nrs_secret_destroy(&key);
    return error;
}

nrs_error nrs_follows_load(nrs_core *core)
{
    return nrs_store_follows_any(core->store, &core->follows_any);
}

nrs_error nrs_follows_note(nrs_core *core, nrs_slice follows, uint64_t position)
{
    uint8_t tag[NRS_HASH_SIZE];
    nrs_error error;

    if (follows.size != NRS_HASH_SIZE) {
        return NRS_OK;
    }
    error = nrs_follows_tag(core, tag, NRS_DOMAIN_FOLLOWS, follows.data);
    if (error == NRS_OK) {
        error = nrs_store_follows_add(core->store, tag, position);
    }
    core->follows_any = core->follows_any || error == NRS_OK;
    return error;
}

static nrs_error add_id(void *context, const uint8_t *id)
{
    char text[2 * NRS_HASH_SIZE + 1];

    nrs_hex_encode(text, id, NRS_HASH_SIZE);
    return nrs_array_text(context, text);
}

nrs_error nrs_follows_describe(nrs_core *core, nrs_row *row, const uint8_t id[NRS_HASH_SIZE])
{
    uint8_t tag[NRS_HASH_SIZE];
    json_t *list = json_array();
    nrs_error error = list == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    if (error == NRS_OK && core->follows_any) {
        error = nrs_follows_tag(core, tag, NRS_DOMAIN_FOLLOWS, id);
        if (error == NRS_OK) {
            error = nrs_store_follows_each(core->store, tag, FOLLOWERS_SHOWN_MAX, add_id, list);
        }
    }
    if (error != NRS_OK) {
        json_decref(list);
        return error;
    }
    nrs_row_json(row, "followed_by", list);
    return NRS_OK;
}

enum { ANSWERS_MAX = 256 }; /* withheld reports that follow one, by whomever: the newest are looked at */

typedef struct newest {
    nrs_core *core;
    const nrs_report_row *about;
    uint64_t at_ms;
} newest;

/* Of the same source: others speak of what was published of it as well. */
static bool answers(const newest *search, const nrs_report_row *row)
{
    return nrs_key_same_org(search->core, row->originator, search->about->originator);
}

static nrs_error look_at(void *context, const uint8_t *id)
{
    newest *search = context;
    nrs_report_row row;
    nrs_bytes holder = {0};
    nrs_error error = nrs_store_report_get(search->core->store, &row, &holder, id);

    if (error == NRS_OK && row.received_ms > search->at_ms && answers(search, &row)) {
        search->at_ms = row.received_ms;
    }
    nrs_bytes_wipe(&holder);
    return error;
}

nrs_error nrs_follows_newest(nrs_core *core, uint64_t *at_ms, const uint8_t id[NRS_HASH_SIZE], const nrs_report_row *about)
{
    uint8_t tag[NRS_HASH_SIZE];
    newest search = {.core = core, .about = about, .at_ms = *at_ms};
    nrs_error error = core->follows_any ? nrs_follows_tag(core, tag, NRS_DOMAIN_FOLLOWS, id) : NRS_OK;

    if (error == NRS_OK && core->follows_any) {
        error = nrs_store_answers_each(core->store, tag, ANSWERS_MAX, NRS_REPORT_WITHHELD, look_at, &search); /* forgotten ones too */
    }
    if (error == NRS_OK) {
        *at_ms = search.at_ms;
    }
    return error;
}

/* ---- The end of a series ---- */

/* It says in this state what it follows to nobody here. What was forgotten here somebody of this node has read. */
static bool unread(const nrs_report_row *row)
{
    return row->key_state == NRS_KEY_NONE || row->key_state == NRS_KEY_CANNOT_OPEN || row->key_state == NRS_KEY_WITHDRAWN;
}

/* What this report says that it follows, where it can be read here. Out: id: replaced; more_out. */
static nrs_error step_back(nrs_core *core, uint8_t id[NRS_HASH_SIZE], bool *more_out, const nrs_report_row *row)
{
    nrs_opened opened = {0};
    nrs_error error = row->key_state == NRS_KEY_HELD ? nrs_annex_read(core, &opened, row) : NRS_OK;

    *more_out = opened.report != NULL && opened.report->follows.len == NRS_HASH_SIZE;
    if (error == NRS_OK && *more_out) {
        memcpy(id, opened.report->follows.data, NRS_HASH_SIZE);
    }
    nrs_opened_wipe(&opened);
    return error == NRS_ERROR_DISK || nrs_error_is_passing(error) ? error : NRS_OK;
}

nrs_error nrs_series_first(nrs_core *core, nrs_series *series_out, const uint8_t id[NRS_HASH_SIZE])
{
    uint8_t at[NRS_HASH_SIZE];
    bool more = true, of_one = true;
    nrs_error error = NRS_OK;

    *series_out = (nrs_series){.held = false};
    memcpy(at, id, sizeof at);
    for (size_t i = 0; i < SERIES_MAX && more && error == NRS_OK; i++) {
        nrs_bytes holder = {0};
        nrs_report_row row;

        error = nrs_store_report_get(core->store, &row, &holder, at);
        if (error == NRS_OK) {
            of_one = of_one && (!series_out->held || memcmp(series_out->originator, row.originator, NRS_KEY_SIZE) == 0);
            series_out->held = true;
            series_out->unread = unread(&row);
            series_out->vouched = (row.flags & NRS_REPORT_VOUCHED) != 0;
            memcpy(series_out->originator, row.originator, NRS_KEY_SIZE);
            memcpy(series_out->community, row.community, NRS_HASH_SIZE);
            core->looked_back++;
            error = step_back(core, at, &more, &row);
        }
        nrs_bytes_wipe(&holder);
    }
    series_out->unread = series_out->unread || (error == NRS_OK && more && !of_one); /* who began it lies further back */
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error; /* from there on it is not known here */
}

bool nrs_series_ends(const nrs_core *core, const nrs_series *series, const uint8_t originator[NRS_KEY_SIZE], bool vouched)
{
    return !series->held || (!series->unread && (nrs_key_same_org(core, series->originator, originator) || (series->vouched && vouched)));
}
