/* release list, and the row of an ask (SPEC 6.12). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command_release.h"
#include "prekeys/key_change.h"
#include "report/report_ids.h"

static const char hint_reason[] = "Say why, for the other side to read: --reason TEXT.";

/* ---- Texts ---- */

nrs_error nrs_release_reason(nrs_answer *answer, const char **reason_out, const json_t *request)
{
    return nrs_request_reason(answer, reason_out, request, hint_reason);
}

nrs_error nrs_release_person(nrs_core *core, nrs_answer *answer, const char **person_out, const json_t *request)
{
    const Nrs__Wire__PersonEntry *entry = NULL;
    const char *person = nrs_request_text(request, "person");
    nrs_error error = person == NULL ? NRS_OK : nrs_command_person(core, answer, &entry, person);

    *person_out = person == NULL ? "" : person;
    return error;
}

/* ---- Rows ---- */

static nrs_error put_targets(nrs_core *core, nrs_row *row, const nrs_ask *ask, const uint8_t *home)
{
    const nrs_community *target = nrs_ask_target(core, ask, home);
    nrs_audience *audience = NULL;
    json_t *to = json_array();
    nrs_error error = to == NULL ? NRS_ERROR_NO_MEMORY : nrs_audience_decode(&audience, nrs_field(&ask->audience));

    for (size_t i = 0; error == NRS_OK && i < audience->n_targets; i++) {
        const Nrs__Wire__Target *one = audience->targets[i];
        char text[NRS_ADDRESS_SIZE_MAX + 1] = "@";

        if (one->community.len != 0) {
            const nrs_community *named = nrs_community_by_id(core, one->community.data);

            if (named != NULL) {
                (void)snprintf(text + 1, sizeof text - 1, "%s", named->roster->id);
            } else {
                nrs_hex_encode(text + 1, one->community.data, 8);
            }
        } else {
            nrs_command_org(core, text, target == NULL ? home : target->id, one->org.data);
        }
        error = nrs_array_text(to, text);
    }
    nrs_row_json(row, "to", to);
    nrs_row_text(row, "community", target == NULL ? NULL : target->roster->id);
    nrs_audience_free(&audience);
    return error;
}

static const char *const state_words[] = {[NRS_ASK_OPEN] = "open", [NRS_ASK_RELEASED] = "released", [NRS_ASK_DENIED] = "denied"};

static nrs_error put_ask(nrs_core *core, json_t *rows, const nrs_ask_row *held)
{
    nrs_row row = nrs_row_begin();
    nrs_report_row report;
    nrs_bytes holder = {0};
    nrs_ask *ask = NULL;
    char org[NRS_ADDRESS_SIZE_MAX + 1], whom[NRS_ADDRESS_SIZE_MAX + 1];
    nrs_ask_note note;
    bool lapsed = false, another = false;
    nrs_error error = nrs_ask_decode(&ask, held->ask);

    if (error == NRS_OK) {
        error = nrs_ask_lapsed(core, &lapsed, held);
    }
    if (error == NRS_OK) {
        error = nrs_store_report_get(core->store, &report, &holder, held->report);
    }
    if (error == NRS_OK) {
        error = nrs_ask_note_find(core, &note, &another, &report, held->id);
    }
    if (error == NRS_OK) {
        nrs_command_org(core, org, report.community, held->org);
        if (another) {
            nrs_command_org(core, whom, report.community, note.by);
        }
        nrs_row_hex(&row, "id", held->id, NRS_HASH_SIZE);
        nrs_row_hex(&row, "report", held->report, NRS_HASH_SIZE);
        nrs_row_flag(&row, "sent", held->mine);
        nrs_row_text(&row, "state", lapsed ? "lapsed" : state_words[held->state]);
        nrs_row_text(&row, held->mine ? "asked_of" : "asked_by", held->mine && nrs_key_ours(core, held->org) ? NULL : org); /* the source that we vouch for */
        nrs_row_text(&row, "asked_for", another ? whom : NULL);
        nrs_row_text(&row, "person", held->person[0] == '\0' ? NULL : held->person);
        nrs_row_text(&row, "reason", held->reason);
        nrs_row_time(&row, "at", held->at_ms);
        nrs_row_text(&row, "label", held->state == NRS_ASK_RELEASED ? nrs_label_name((nrs_label)held->label) : nrs_label_name((nrs_label)report.label));
        nrs_row_text(&row, "answer", held->answer[0] == '\0' ? NULL : held->answer);
        nrs_row_text(&row, "answered_by", held->answerer[0] == '\0' ? NULL : held->answerer);
        nrs_row_time_or_null(&row, "answered_at", held->state == NRS_ASK_OPEN ? 0 : held->answered_ms);
        nrs_row_time_or_null(&row, "lapses_at", held->state == NRS_ASK_OPEN && !lapsed ? held->expires_ms : 0);
        nrs_row_time_or_null(&row, "expires_at", held->state == NRS_ASK_RELEASED ? held->expires_ms : 0);
        error = put_targets(core, &row, ask, report.community);
    }
    error = error == NRS_OK ? nrs_row_end(&row, rows) : error;
    nrs_row_discard(&row);
    nrs_ask_free(&ask);
    nrs_bytes_wipe(&holder);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error; /* its report is forgotten */
}

nrs_error nrs_release_answer(nrs_core *core, nrs_answer *answer, const uint8_t id[NRS_HASH_SIZE])
{
    nrs_ask_held held = {.found = false};
    nrs_error error = nrs_ask_load(core, &held, id);

    if (error == NRS_OK) {
        error = put_ask(core, answer->rows, &held.row);
    }
    nrs_ask_held_wipe(&held);
    return nrs_command_written(core, error);
}

/* ---- list ---- */

static nrs_error add_id(void *context, const nrs_ask_row *row)
{
    return nrs_id_list_add(context, row->id);
}

nrs_error nrs_command_release_list(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    nrs_id_list list = {.count = 0};
    nrs_error error = nrs_store_ask_each(core->store, NULL, add_id, &list);

    (void)request;
    for (size_t i = 0; i < list.count && error == NRS_OK; i++) {
        error = nrs_release_answer(core, answer, list.ids[i]);
    }
    nrs_id_list_wipe(&list);
    return error;
}
