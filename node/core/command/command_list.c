/* list and receipts: what this node has, and who has what it sent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/withdrawal.h"
#include "rules/edges.h"
#include "proto/time.h"
#include "proto/vocabulary.h"

static const char hint_time[] = "A time is RFC 3339, such as 2026-11-23T09:00:00+09:00, or a date.";
static const char hint_sent[] = "Receipts exist for what this node has sent: noroshi list --sent.";

/* ---- list ---- */

#define LOOK_MAX (1u << 20) /* of the newest; if that is not enough, all are looked at */
#define PAGE_ROWS 1024u /* of one answer, where pages are asked for: at its largest a row is some 20 KiB */

/* The reports that a filter lets through, oldest first: cheap, so that only what is shown is opened. */
typedef struct id_list {
    nrs_core *core;
    struct listed_id { uint8_t id[NRS_HASH_SIZE]; uint64_t position; } *list;
    size_t count, capacity;
    size_t seen; /* with those that are left out */
    uint64_t oldest; /* position, of all that were seen */
    bool unread;
} id_list;

/* unread: what is withdrawn, or passes on what was, nobody is to read any more. */
static nrs_error is_left_out(nrs_core *core, bool *out_out, const nrs_report_row *row, bool unread)
{
    *out_out = row->key_state == NRS_KEY_FORGOTTEN || (unread && row->key_state == NRS_KEY_WITHDRAWN);
    return *out_out || !unread ? NRS_OK : nrs_withdrawal_of(core, out_out, row->id);
}

static nrs_error add_id(void *context, const nrs_report_row *row)
{
    id_list *list = context;
    bool left_out = false;
    nrs_error error = is_left_out(list->core, &left_out, row, list->unread);

    list->oldest = list->seen++ == 0 ? row->position : list->oldest;
    if (error != NRS_OK || left_out) {
        return error;
    }
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 64 : 2 * list->capacity;
        struct listed_id *grown = realloc(list->list, capacity * sizeof *grown);

        if (grown == NULL) {
            return NRS_ERROR_NO_MEMORY;
        }
        list->list = grown;
        list->capacity = capacity;
    }
    memcpy(list->list[list->count].id, row->id, NRS_HASH_SIZE);
    list->list[list->count].position = row->position;
    list->count++;
    return NRS_OK;
}

/* What is asked for of each. */
typedef struct form {
    uint32_t kind; /* 0: any */
    bool brief;
    bool written; /* row by row as text: a page, whose rows only one caller reads, and there are many */
} form;

/* A report that does not open is listed all the same; only a machine that fails ends the list. */
static nrs_error list_row(nrs_core *core, json_t *rows, bool *listed_out, const nrs_report_row *report, const form *as)
{
    nrs_opened opened = {0};
    bool open = false;
    nrs_row row = as->written ? nrs_row_begin_written() : nrs_row_begin();
    nrs_error error = NRS_OK;

    row.brief = as->brief;
    if (report->key_state == NRS_KEY_HELD) {
        nrs_error failure = nrs_annex_read(core, &opened, report);

        error = failure == NRS_ERROR_DISK || nrs_error_is_passing(failure) ? failure : NRS_OK;
        if (failure == NRS_OK) {
            error = nrs_edge_listed(core, &open, report, opened.report);
        }
    }
    *listed_out = error == NRS_OK && (as->kind == 0 || (open && opened.report->kind == as->kind));
    if (*listed_out) {
        error = as->brief ? nrs_command_describe_line(core, &row, report, open ? &opened : NULL)
                          : nrs_command_describe(core, &row, report, open ? &opened : NULL, false);
    }
    if (error == NRS_OK && *listed_out) {
        error = nrs_row_end(&row, rows);
    }
    nrs_row_discard(&row);
    nrs_opened_wipe(&opened);
    return error;
}

static nrs_error list_id(nrs_core *core, json_t *rows, bool *listed_out, const uint8_t id[NRS_HASH_SIZE], const form *as)
{
    nrs_bytes holder = {0};
    nrs_report_row report;
    nrs_error error = nrs_store_report_get(core->store, &report, &holder, id);

    if (error == NRS_OK) {
        error = list_row(core, rows, listed_out, &report, as);
    }
    nrs_bytes_wipe(&holder);
    return error;
}

static nrs_error read_filter(nrs_core *core, nrs_answer *answer, nrs_report_filter *filter_out, uint32_t *kind_out, const json_t *request)
{
    const char *community_name = nrs_request_text(request, "community");
    const char *kind_code = nrs_request_text(request, "kind");
    const char *since = nrs_request_text(request, "since");
    const nrs_community *community = community_name == NULL ? NULL : nrs_community_by_name(core, community_name + (community_name[0] == '@'));
    const nrs_term *kind = kind_code == NULL ? NULL : nrs_vocabulary_by_code(NRS_VOCABULARY_KIND, kind_code);

    *filter_out = (nrs_report_filter){.unread = nrs_request_flag(request, "unread"), .sent_only = nrs_request_flag(request, "sent")};
    if (community_name != NULL && community == NULL) {
        return nrs_refuse(answer, NRS_ERROR_UNKNOWN_COMMUNITY, NULL, "%.64s: %s.", community_name, nrs_error_sentence(NRS_ERROR_UNKNOWN_COMMUNITY));
    }
    if (kind_code != NULL && kind == NULL) {
        return nrs_refuse(answer, NRS_ERROR_UNKNOWN_KIND, NULL, "%.64s: %s.", kind_code, nrs_error_sentence(NRS_ERROR_UNKNOWN_KIND));
    }
    if (since != NULL && nrs_time_parse(&filter_out->since_ms, since) != NRS_OK) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, hint_time, "%.64s: not a time.", since);
    }
    filter_out->community = community == NULL ? NULL : community->id;
    *kind_out = kind == NULL ? 0 : kind->value;
    return NRS_OK;
}

/* Rows were gathered from the newest back. */
static nrs_error reverse(json_t *rows, const json_t *newest_first)
{
    for (size_t i = json_array_size(newest_first); i > 0; i--) {
        if (json_array_append(rows, json_array_get(newest_first, i - 1)) != 0) {
            return NRS_ERROR_NO_MEMORY;
        }
    }
    return NRS_OK;
}

/* The newest `limit` of them, oldest first. */
static nrs_error newest(nrs_core *core, nrs_answer *answer, const id_list *list, uint64_t limit, const form *as)
{
    json_t *newest_first = json_array();
    nrs_error error = newest_first == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    for (size_t i = list->count; i > 0 && error == NRS_OK && json_array_size(newest_first) < limit; i--) {
        bool listed = false;

        error = list_id(core, newest_first, &listed, list->list[i - 1].id, as);
    }
    if (error == NRS_OK) {
        error = reverse(answer->rows, newest_first);
    }
    json_decref(newest_first);
    return error;
}

/* The last row of a page that is not the last: where the next one begins. left: so many more of the newest begin before it; 0: they begin here. */
static nrs_error put_next(json_t *rows, uint64_t position, uint64_t left)
{
    nrs_row row = nrs_row_begin();
    nrs_error error;

    nrs_row_number(&row, "next", position);
    if (left > 0) {
        nrs_row_number(&row, "left", left);
    }
    error = nrs_row_end(&row, rows);
    nrs_row_discard(&row);
    return error;
}

/* From the oldest that the filter lets through: each is shown as the store gives it, in one pass. */
typedef struct page_walk {
    nrs_core *core;
    json_t *rows;
    const form *as;
    bool unread;
    size_t count;
    uint64_t last; /* position */
    bool more;
} page_walk;

static nrs_error page_row(void *context, const nrs_report_row *row)
{
    page_walk *walk = context;
    bool listed = false, left_out = false;
    nrs_error error = is_left_out(walk->core, &left_out, row, walk->unread);

    if (error != NRS_OK || left_out) {
        return error;
    }
    if (walk->count == PAGE_ROWS) {
        walk->more = true;
        return NRS_ERROR_LIMIT;
    }
    walk->count++;
    walk->last = row->position;
    return list_row(walk->core, walk->rows, &listed, row, walk->as);
}

static nrs_error page(nrs_core *core, nrs_answer *answer, const nrs_report_filter *filter, const form *as)
{
    page_walk walk = {.core = core, .rows = answer->rows, .as = as, .unread = filter->unread};
    nrs_error error = nrs_store_report_each(core->store, filter, page_row, &walk);

    return error == NRS_OK && walk.more ? put_next(answer->rows, walk.last, 0) : error;
}

/* The newest `look`, anew; 0: all. Out: all_out: there are no more. */
static nrs_error look_back(id_list *list, bool *all_out, nrs_report_filter *filter, size_t look)
{
    nrs_error error;

    list->count = list->seen = 0;
    filter->limit = look;
    error = nrs_store_report_each(list->core->store, filter, add_id, list);
    *all_out = look == 0 || list->seen < look;
    return error;
}

/* As many of the newest as it takes for `limit` that are not left out: how long it takes is not to grow with the store. */
static nrs_error gather_ids(id_list *list, nrs_report_filter *filter, uint64_t limit)
{
    size_t look = limit < LOOK_MAX ? (size_t)limit : 0;
    bool all = false;
    nrs_error error = look_back(list, &all, filter, look);

    while (error == NRS_OK && !all && list->count < limit) {
        look = look < LOOK_MAX ? 2 * look : 0;
        error = look_back(list, &all, filter, look);
    }
    return error;
}

/* Where the newest `limit` of them begin, looked for from the newest back, no further than a page. Which kind a report is stands in it. Out:
 * first_out: where they begin, or how far was looked; left_out: how many are not found yet. */
static nrs_error first_of_newest(nrs_core *core, uint64_t *first_out, uint64_t *left_out, const id_list *list, uint64_t limit, uint32_t kind)
{
    const form counted = {.kind = kind, .brief = true, .written = true};
    json_t *rows = json_array();
    uint64_t left = limit;
    nrs_error error = rows == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    *first_out = list->oldest;
    for (size_t i = list->count; i > 0 && left > 0 && error == NRS_OK; i--) {
        bool listed = kind == 0;

        if (kind != 0) {
            error = list_id(core, rows, &listed, list->list[i - 1].id, &counted);
            (void)json_array_clear(rows);
        }
        left -= listed ? 1 : 0;
        *first_out = left == 0 ? list->list[i - 1].position : *first_out;
    }
    json_decref(rows);
    *left_out = left;
    return error;
}

/* From the oldest of the newest `limit` on; until that is found, how far was looked and how many are left: no answer keeps the node from others for
 * longer than a page. */
static nrs_error page_of_newest(nrs_core *core, nrs_answer *answer, nrs_report_filter *filter, uint64_t limit, const form *as)
{
    const size_t wanted = as->kind == 0 && limit < PAGE_ROWS ? (size_t)limit : PAGE_ROWS;
    id_list list = {.core = core, .unread = filter->unread};
    uint64_t first = 0, left = 0;
    bool all = false;
    nrs_error error = look_back(&list, &all, filter, wanted);

    if (error == NRS_OK && !all && list.count < limit && wanted < PAGE_ROWS) { /* some of them are left out */
        error = look_back(&list, &all, filter, PAGE_ROWS);
    }
    if (error == NRS_OK) {
        error = first_of_newest(core, &first, &left, &list, limit, as->kind);
    }
    free(list.list);
    if (error == NRS_OK && left > 0 && !all) {
        return put_next(answer->rows, first, left);
    }
    if (error == NRS_OK) {
        filter->limit = 0;
        filter->before_position = 0;
        filter->after_position = left > 0 ? filter->after_position : first - 1; /* all that there are, or from the first that is wanted */
        error = page(core, answer, filter, as);
    }
    return error;
}

nrs_error nrs_command_list(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    uint64_t limit = nrs_request_number(request, "limit", UINT64_MAX);
    bool paged = nrs_request_flag(request, "page");
    form as = {.brief = nrs_request_flag(request, "brief"), .written = paged};
    nrs_report_filter filter;
    id_list list = {.core = core, .unread = nrs_request_flag(request, "unread")};
    nrs_error error = read_filter(core, answer, &filter, &as.kind, request);

    if (error == NRS_OK && limit == 0) {
        error = nrs_refuse(answer, NRS_ERROR_USAGE, NULL, "The field %s must be %s.", "limit", "a number from 1");
    }
    filter.after_position = nrs_request_number(request, "after", 0);
    filter.before_position = nrs_request_number(request, "before", 0);
    if (error == NRS_OK && paged) {
        return limit == UINT64_MAX ? page(core, answer, &filter, &as) : page_of_newest(core, answer, &filter, limit, &as);
    }
    if (error == NRS_OK) {
        error = gather_ids(&list, &filter, as.kind == 0 ? limit : UINT64_MAX);
    }
    if (error == NRS_OK) {
        error = newest(core, answer, &list, limit, &as);
    }
    free(list.list);
    return error;
}

/* ---- receipts ---- */

static const char *const stage_names[] = {
    [NRS_STAGE_STORED] = "stored",     [NRS_STAGE_OPENED] = "opened",           [NRS_STAGE_ACCEPTED] = "accepted",
    [NRS_STAGE_DECLINED] = "declined", [NRS_STAGE_CANNOT_OPEN] = "cannot-open", [NRS_STAGE_WITHDRAWN] = "withdrawn",
};

typedef struct receipt_list {
    nrs_core *core;
    json_t *rows;
    const nrs_report_row *report;
    json_t *reached; /* address → array of rows, in the order of the stages */
    bool missing, withdrawn;
} receipt_list;

/* One of another community stands with it behind a stroke. at_ms: 0 where the stage was reached as soon as the report was meant for the recipient. */
static nrs_error stage_row(const receipt_list *list, json_t *rows, const char *recipient, const char *stage, uint64_t at_ms, const char *person)
{
    char org[NRS_ADDRESS_SIZE_MAX + 1];
    uint64_t since_ms = list->report->created_ms;
    nrs_row row = nrs_row_begin();
    nrs_error error = nrs_command_put_way(list->core, &row, &since_ms, list->report->position, recipient);

    if (error != NRS_OK) {
        nrs_row_discard(&row);
        return error;
    }
    (void)snprintf(org, sizeof org, "%s", recipient);
    org[strcspn(org, "/")] = '\0';
    nrs_row_text(&row, "recipient", org);
    nrs_row_text(&row, "stage", stage);
    nrs_row_time(&row, "at", at_ms == 0 ? since_ms : at_ms);
    nrs_row_text(&row, "person", person == NULL || person[0] == '\0' ? NULL : person);
    return nrs_row_end(&row, rows);
}

/* The store gives an address's stages in their order. */
static nrs_error gather_receipt(void *context, const char *address, uint32_t stage, uint64_t at_ms, const char *person)
{
    receipt_list *list = context;
    json_t *reached = json_object_get(list->reached, address);

    if (stage < NRS_STAGE_STORED || stage > NRS_STAGE_WITHDRAWN) {
        return NRS_OK; /* written by a newer version */
    }
    if (reached == NULL) {
        reached = json_array();
        if (json_object_set_new(list->reached, address, reached) != 0) {
            return NRS_ERROR_NO_MEMORY;
        }
    }
    return stage_row(list, reached, address, stage_names[stage], at_ms, person);
}

/* What was decided, beside the stage of the same name: by which system user, why, and on which texts. */
static nrs_error gather_decision(void *context, const nrs_decision_row *decision)
{
    receipt_list *list = context;
    json_t *reached = json_object_get(list->reached, decision->address);
    json_t *hashes = json_array();
    size_t index;
    json_t *row;
    nrs_error error = hashes == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    for (size_t at = 0; at + NRS_HASH_SIZE <= decision->hashes.size && error == NRS_OK; at += NRS_HASH_SIZE) {
        char hash[2 * NRS_HASH_SIZE + 1];

        nrs_hex_encode(hash, decision->hashes.data + at, NRS_HASH_SIZE);
        error = nrs_array_text(hashes, hash);
    }
    json_array_foreach(reached, index, row) {
        if (error == NRS_OK && strcmp(json_string_value(json_object_get(row, "stage")), stage_names[decision->stage == NRS_STAGE_ACCEPTED ? NRS_STAGE_ACCEPTED : NRS_STAGE_DECLINED]) == 0 &&
            (json_object_set_new(row, "user", decision->user[0] == '\0' ? json_null() : json_string(decision->user)) != 0 ||
             json_object_set_new(row, "reason", decision->reason[0] == '\0' ? json_null() : json_string(decision->reason)) != 0 ||
             json_object_set(row, "disclaimers", hashes) != 0)) {
            error = NRS_ERROR_NO_MEMORY;
        }
    }
    json_decref(hashes);
    return error;
}

static bool has_stage(const json_t *reached, nrs_stage stage)
{
    size_t index;
    const json_t *row;

    json_array_foreach(reached, index, row) {
        if (strcmp(json_string_value(json_object_get(row, "stage")), stage_names[stage]) == 0) {
            return true;
        }
    }
    return false;
}

/* Beside the last stage. Of one of another community, which its hub lets in, nothing is known here. */
static nrs_error say_what_for(const receipt_list *list, const json_t *rows, const nrs_recipient_row *recipient)
{
    const nrs_community *community = nrs_community_by_id(list->core, list->report->community);
    const char *what = community == NULL || strchr(recipient->address, '/') != NULL ? NULL
                                                                                  : nrs_grant_waits_for(list->core, community, recipient->org, recipient->person);

    return json_object_set_new(json_array_get(rows, json_array_size(rows) - 1), "waits_for", what == NULL ? json_null() : json_string(what)) == 0
               ? NRS_OK : NRS_ERROR_NO_MEMORY;
}

static nrs_error receipts_of(void *context, const nrs_recipient_row *recipient)
{
    receipt_list *list = context;
    const json_t *reached = json_object_get(list->reached, recipient->address);
    const bool over = list->report->expires_ms <= list->core->now_ms;
    const bool late = over && !recipient->granted && (list->report->flags & NRS_HEADER_UNLOCK_ON_ACCEPT) != 0; /* it got no key, and gets none */
    const bool expired = late || (over && !has_stage(reached, NRS_STAGE_STORED));
    /* who has to accept first was told of it */
    const char *first = recipient->granted || recipient->locked || (late && has_stage(reached, NRS_STAGE_ACCEPTED)) ? "sent" : "waiting";
    json_t *rows = list->missing ? json_array() : list->rows; /* of one recipient alone, when only the last counts */
    nrs_error error;

    if (list->missing && (list->withdrawn ? has_stage(reached, NRS_STAGE_WITHDRAWN)
                                          : has_stage(reached, NRS_STAGE_OPENED) || (has_stage(reached, NRS_STAGE_ACCEPTED) && !late))) {
        json_decref(rows);
        return NRS_OK;
    }
    error = stage_row(list, rows, recipient->address, first, 0, NULL);
    if (error == NRS_OK && strcmp(first, "waiting") == 0) {
        error = say_what_for(list, rows, recipient);
    }
    if (error == NRS_OK && json_array_size(reached) > 0 && json_array_extend(rows, (json_t *)(uintptr_t)reached) != 0) {
        error = NRS_ERROR_NO_MEMORY;
    }
    if (error == NRS_OK && expired) {
        error = stage_row(list, rows, recipient->address, "expired", list->report->expires_ms, NULL);
    }
    if (!list->missing) {
        return error;
    }
    if (error == NRS_OK && json_array_append(list->rows, json_array_get(rows, json_array_size(rows) - 1)) != 0) {
        error = NRS_ERROR_NO_MEMORY;
    }
    json_decref(rows);
    return error;
}

static nrs_error count_one(void *context, const nrs_recipient_row *row)
{
    (void)row;
    *(size_t *)context += 1;
    return NRS_OK;
}

nrs_error nrs_command_receipts(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    size_t let_in = 0;
    nrs_bytes holder = {0};
    nrs_report_row report;
    receipt_list list = {.core = core, .rows = answer->rows, .report = &report, .missing = nrs_request_flag(request, "missing")};
    nrs_error error = nrs_command_report(core, answer, &report, &holder, nrs_request_text(request, "id"));

    if (error == NRS_OK && report.part != NRS_PART_SENT) { /* but a hub knows of those that it let in */
        error = nrs_store_recipient_each(core->store, report.position, count_one, &let_in);
    }
    if (error == NRS_OK && report.part != NRS_PART_SENT && let_in == 0) {
        error = nrs_refuse(answer, NRS_ERROR_NOT_FOUND, hint_sent, "%.64s: this node has not sent it.", nrs_request_text(request, "id"));
    }
    if (error == NRS_OK) {
        error = nrs_withdrawal_of(core, &list.withdrawn, report.id);
    }
    if (error == NRS_OK) {
        list.reached = json_object();
        error = list.reached == NULL ? NRS_ERROR_NO_MEMORY : nrs_store_receipt_each(core->store, report.position, gather_receipt, &list);
    }
    if (error == NRS_OK) {
        error = nrs_store_decision_each(core->store, report.position, gather_decision, &list);
    }
    if (error == NRS_OK) {
        error = nrs_store_recipient_each(core->store, report.position, receipts_of, &list);
    }
    json_decref(list.reached);
    nrs_bytes_wipe(&holder);
    return error;
}
