/* What is shown of replies to what a hub vouches for (SPEC 6.11): at their source, and at the hub. */
#include <string.h>

#include "report/onward.h"
#include "withheld/withheld.h"

/* A reply is carried under the duties that it demanded then, by its kind and maybe by the rules of another community, and read while all of them are
 * held, and those that its label demands now. Its kind is not carried: that is judged by rules without kinds, as all is whose kind is sealed. */
static bool may_read(const nrs_core *core, const uint8_t community[NRS_HASH_SIZE], nrs_label label, const json_t *duties)
{
    const nrs_community *home = nrs_community_by_id((nrs_core *)(uintptr_t)core, community);
    const json_t *duty;
    nrs_header header;
    size_t index;
    bool held;

    nrs__wire__header__init(&header);
    header.label = (uint32_t)label;
    header.community = nrs_field_of(nrs_slice_of(community, NRS_HASH_SIZE));
    held = home != NULL && json_is_array(duties) && nrs_onward_duty(core, &header, label, NRS_PLACE_READ, 0, home, core->self.sign_key) == NRS_OK;
    json_array_foreach(duties, index, duty) {
        header.duty = (char *)(uintptr_t)json_string_value(duty); /* only read */
        held = held && header.duty != NULL && nrs_onward_duty(core, &header, label, NRS_PLACE_READ, 0, home, core->self.sign_key) == NRS_OK;
    }
    return held;
}

void nrs_reply_put(nrs_core *core, nrs_row *row, const json_t *notes, const uint8_t community[NRS_HASH_SIZE], bool texts)
{
    json_t *list = json_array();
    const json_t *note;
    size_t index;
    bool failed = list == NULL;

    json_array_foreach(notes, index, note) {
        char org[NRS_ADDRESS_SIZE_MAX + 1] = "?";
        uint8_t whose[NRS_KEY_SIZE];
        nrs_row one = nrs_row_begin();
        const nrs_label label = (nrs_label)json_integer_value(json_object_get(note, "label"));
        const char *by = json_string_value(json_object_get(note, "by")), *person = json_string_value(json_object_get(note, "person"));

        if (!nrs_reply_note(note) || json_object_get(note, "blank") != NULL) {
            nrs_row_discard(&one);
            continue;
        }
        if (by != NULL && nrs_hex_decode(whose, sizeof whose, by) == NRS_OK) {
            nrs_command_org(core, org, community, whose);
        }
        nrs_row_text(&one, "by", org);
        nrs_row_text(&one, "person", person == NULL || person[0] == '\0' ? NULL : person);
        nrs_row_text(&one, "label", nrs_label_name(label));
        nrs_conditions_put(&one, (nrs_conditions){(uint32_t)json_integer_value(json_object_get(note, "pap")), (uint32_t)json_integer_value(json_object_get(note, "flags"))});
        nrs_row_time(&one, "at", (uint64_t)json_integer_value(json_object_get(note, "at")));
        one.failed = one.failed || nrs_note_show_text(&one, note, texts && may_read(core, community, label, json_object_get(note, "duties"))) != NRS_OK;
        failed = nrs_row_end(&one, list) != NRS_OK || failed;
    }
    nrs_row_json(row, "replies", list);
    row->failed = row->failed || failed;
}

/* Whether the source was addressed as well. */
static bool addressed(nrs_core *core, const nrs_report_row *source, const nrs_report *text)
{
    const nrs_community *home = nrs_community_by_id(core, source->community);
    char org[NRS_ADDRESS_SIZE_MAX + 1];

    nrs_command_org(core, org, source->community, source->originator);
    for (size_t i = 0; i < text->n_to; i++) {
        const char *to = text->to[i];

        if (strcmp(to, org) == 0 || (to[0] == '@' && home != NULL && strcmp(to + 1, home->roster->id) == 0)) {
            return true;
        }
    }
    return false;
}

/* Of a report that replies to what this hub vouches for: which report it is about, and when it leaves for its source. */
nrs_error nrs_reply_describe(nrs_core *core, nrs_row *row, const nrs_report_row *report, const nrs_report *text)
{
    const nrs_published *entry =
        text == NULL || text->quoted.len != NRS_HASH_SIZE || report->part != NRS_PART_RECEIVED ? NULL : nrs_published_of(core, text->quoted.data);
    char id[2 * NRS_HASH_SIZE + 1];
    nrs_source_report source = {.row = {.label = 0}};
    nrs_row carried = nrs_row_begin();
    json_t *notes = NULL;
    const json_t *note;
    uint64_t at_ms = 0;
    size_t index;
    nrs_error error = entry == NULL ? NRS_ERROR_NOT_FOUND : nrs_source_load(core, &source, entry->source);

    nrs_hex_encode(id, report->id, NRS_HASH_SIZE);
    if (error == NRS_OK) {
        error = nrs_withheld_notes_shown(core, &notes, &source.row);
    }
    json_array_foreach(notes, index, note) {
        const char *of = json_string_value(json_object_get(note, "id"));

        if (nrs_reply_note(note) && json_object_get(note, "blank") == NULL && of != NULL && strcmp(of, id) == 0 && at_ms == 0) {
            at_ms = (uint64_t)json_integer_value(json_object_get(note, "at"));
        }
    }
    if (error == NRS_OK && !addressed(core, &source.row, text)) {
        nrs_row_hex(&carried, "source_report", source.row.id, NRS_HASH_SIZE);
        nrs_row_time_or_null(&carried, "at", at_ms);
        row->failed = row->failed || carried.failed;
        nrs_row_json(row, "carried", json_incref(carried.object));
    } else {
        nrs_row_text(row, "carried", NULL);
    }
    nrs_row_discard(&carried);
    json_decref(notes);
    nrs_source_wipe(&source);
    return error == NRS_OK || nrs_error_is_verdict(error) ? NRS_OK : error;
}
