/* audit-list: the entries of the audit log, newest first, a bounded number looked at for each request. */
#include <string.h>

#include "audit/audit.h"
#include "command/command.h"
#include "proto/time.h"

#define LOOKED_AT_MAX 16384u

static const char hint_kind[] = "The kinds of entries are open, red-open, accept, decline, export, extend, ask, release, deny, vouch, withdraw, forget, send, "
                                "roster, join, card, prekeys, key, override, alarm, log-export and padding.";
static const char hint_time[] = "A time is RFC 3339, such as 2026-11-23T09:00:00+09:00, or a date.";

typedef struct listing {
    nrs_core *core;
    json_t *rows;
    uint64_t since_ms, until_ms;
    uint32_t event;      /* 0: all but padding */
    bool has_about;
    uint8_t about[NRS_HASH_SIZE];
    uint64_t limit;
    uint64_t looked_at, last_number;
} listing;

static const char *text_or_null(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

static nrs_error put_entry(json_t *rows, const nrs_audit_entry *entry)
{
    const nrs_term *event = nrs_vocabulary_by_value(NRS_VOCABULARY_AUDIT, entry->event);
    nrs_row row = nrs_row_begin();

    nrs_row_number(&row, "number", entry->number);
    nrs_row_time(&row, "at", entry->at_ms);
    nrs_row_text(&row, "kind", event == NULL ? NULL : event->code);
    nrs_row_text(&row, "rule", entry->rule == 0 ? NULL : nrs_error_rule((nrs_error)entry->rule));
    nrs_row_text(&row, "user", text_or_null(entry->user));
    nrs_row_text(&row, "person", text_or_null(entry->person));
    nrs_row_text(&row, "org", text_or_null(entry->org));
    if (entry->about.len == NRS_HASH_SIZE) {
        nrs_row_hex(&row, "about", entry->about.data, NRS_HASH_SIZE);
    } else {
        nrs_row_text(&row, "about", NULL);
    }
    nrs_row_text(&row, "detail", text_or_null(entry->detail));
    return nrs_row_end(&row, rows);
}

/* One that was changed on the disk is listed as such, so that a list shows it too. */
static nrs_error put_damaged(json_t *rows, uint64_t number)
{
    nrs_row row = nrs_row_begin();

    nrs_row_number(&row, "number", number);
    nrs_row_flag(&row, "damaged", true);
    return nrs_row_end(&row, rows);
}

static bool wanted(const listing *list, const nrs_audit_entry *entry)
{
    uint8_t about[NRS_HASH_SIZE];

    if (list->has_about) {
        nrs_audit_about(about, entry->salt.data, nrs_slice_of(list->about, NRS_HASH_SIZE));
        if (!nrs_slice_equal(nrs_field(&entry->about), nrs_slice_of(about, NRS_HASH_SIZE))) {
            return false;
        }
    }
    return entry->at_ms >= list->since_ms && entry->at_ms <= list->until_ms &&
           (list->event == 0 ? entry->event != NRS_AUDIT_PADDING : entry->event == list->event);
}

static nrs_error look_at(void *context, const nrs_audit_row *row)
{
    listing *list = context;
    nrs_bytes bytes = {0};
    nrs_audit_entry *entry = NULL;
    nrs_error error;

    if (json_array_size(list->rows) >= list->limit) {
        return NRS_ERROR_LIMIT;
    }
    list->looked_at++;
    list->last_number = row->number;
    error = nrs_audit_row_open(list->core, &bytes, &entry, row);
    if (error == NRS_ERROR_DAMAGED) {
        error = put_damaged(list->rows, row->number);
    } else if (error == NRS_OK && wanted(list, entry)) {
        error = put_entry(list->rows, entry);
    }
    nrs_audit_entry_free(&entry);
    nrs_bytes_wipe(&bytes);
    return error;
}

static nrs_error read_filter(nrs_core *core, nrs_answer *answer, listing *list, const json_t *request)
{
    const char *since = nrs_request_text(request, "since");
    const char *until = nrs_request_text(request, "until");
    const char *kind = nrs_request_text(request, "kind");
    const char *about = nrs_request_text(request, "about");
    const nrs_term *event = kind == NULL ? NULL : nrs_vocabulary_by_code(NRS_VOCABULARY_AUDIT, kind);
    nrs_report_row report;
    nrs_bytes holder = {0};
    nrs_error error;

    if (since != NULL && nrs_time_parse(&list->since_ms, since) != NRS_OK) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, hint_time, "%.64s: not a time.", since);
    }
    if (until != NULL && nrs_time_parse(&list->until_ms, until) != NRS_OK) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, hint_time, "%.64s: not a time.", until);
    }
    if (kind != NULL && event == NULL) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, hint_kind, "%.64s: no kind of entry.", kind);
    }
    list->event = event == NULL ? 0 : event->value;
    if (about == NULL || (strlen(about) == (size_t)2 * NRS_HASH_SIZE && nrs_hex_decode(list->about, NRS_HASH_SIZE, about) == NRS_OK)) {
        list->has_about = about != NULL; /* a whole id also of what is forgotten, or was never a report */
        return NRS_OK;
    }
    error = nrs_command_report(core, answer, &report, &holder, about);
    if (error == NRS_OK) {
        memcpy(list->about, report.id, NRS_HASH_SIZE);
        list->has_about = true;
    }
    nrs_bytes_wipe(&holder);
    return error;
}

nrs_error nrs_command_audit_list(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    listing list = {.core = core, .rows = answer->rows, .until_ms = UINT64_MAX, .limit = nrs_request_number(request, "limit", UINT64_MAX)};
    uint64_t end = nrs_audit_head_of(core)->tree.size + 1; /* what somebody has put behind it is no entry of this log */
    uint64_t before = nrs_request_number(request, "before", end);
    nrs_error error = read_filter(core, answer, &list, request);
    nrs_row row;

    if (error == NRS_OK) {
        error = nrs_store_audit_back(core->store, before < end ? before : end, LOOKED_AT_MAX, look_at, &list);
    }
    if (error == NRS_OK && list.looked_at == LOOKED_AT_MAX) { /* there may be more: ask again from here */
        row = nrs_row_begin();
        nrs_row_number(&row, "next", list.last_number);
        error = nrs_row_end(&row, answer->rows);
    }
    return error;
}
