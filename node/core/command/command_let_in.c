/* What is said of those who were let in beside whom the sender addressed: at whom it is, and by whom (SPEC 6.10). */
#include <string.h>

#include "command/command.h"
#include "report/onward.h"
#include "proto/vocabulary.h"

static const char *const authority_words[] = {
    [NRS_AUTHORITY_ORIGINATOR] = "originator", [NRS_AUTHORITY_CONSENT] = "consent", [NRS_AUTHORITY_RELEASE] = "release"};

typedef struct let_in_list {
    nrs_core *core;
    const uint8_t *community; /* of the report */
    json_t *others;
    json_t *self;             /* owned; NULL: by the originator */
} let_in_list;

static void put_time(nrs_row *row, const char *key, uint64_t time_ms)
{
    if (time_ms != 0) {
        nrs_row_time(row, key, time_ms);
    } else {
        nrs_row_text(row, key, NULL);
    }
}

static nrs_error take(void *context, const nrs_let_in_row *row)
{
    let_in_list *list = context;
    const nrs_community *target = nrs_community_by_id(list->core, row->community);
    const bool ours = row->address[0] == '\0';
    char org[NRS_ADDRESS_SIZE_MAX + 1], by[NRS_ADDRESS_SIZE_MAX + 1];
    bool granted = false;
    nrs_error error = NRS_OK;
    nrs_row one;

    if (!ours) { /* who waits, for a prekey or a duty, has not been let in: receipts tell of it */
        error = nrs_let_in_granted(list->core, &granted, row->report, row->address);
    }
    if (error != NRS_OK || (!ours && !granted)) {
        return error;
    }
    if (row->authority < NRS_AUTHORITY_ORIGINATOR || row->authority > NRS_AUTHORITY_RELEASE || (ours && row->authority == NRS_AUTHORITY_ORIGINATOR)) {
        return NRS_OK;
    }
    one = nrs_row_begin();
    nrs_command_org(list->core, org, row->community, row->org);
    nrs_command_org(list->core, by, row->community, row->by);
    if (!ours) {
        nrs_row_text(&one, "org", org);
    }
    nrs_row_text(&one, "community", target == NULL ? NULL : target->roster->id);
    nrs_row_text(&one, "by", by);
    nrs_row_text(&one, "authority", authority_words[row->authority]);
    nrs_row_time(&one, "at", row->at_ms);
    put_time(&one, "released_at", row->released_ms);
    put_time(&one, "released_until", row->until_ms);
    if (ours) {
        list->self = one.object;
        return one.failed ? NRS_ERROR_NO_MEMORY : NRS_OK;
    }
    return nrs_row_end(&one, list->others);
}

nrs_error nrs_command_describe_let_in(nrs_core *core, nrs_row *row, const nrs_report_row *report)
{
    let_in_list list = {.core = core, .community = report->community, .others = json_array()};
    nrs_error error = list.others == NULL ? NRS_ERROR_NO_MEMORY : nrs_store_let_in_each(core->store, report->position, NULL, take, &list);

    if (error == NRS_OK) {
        nrs_row_json(row, "let_in", list.others);
        nrs_row_json(row, "let_in_by", list.self == NULL ? json_null() : list.self);
        return NRS_OK;
    }
    json_decref(list.others);
    json_decref(list.self);
    return error;
}

typedef struct let_in_search {
    nrs_core *core;
    nrs_row *row;
    uint64_t at_ms;
    bool found;
} let_in_search;

static nrs_error put_way(void *context, const nrs_let_in_row *let_in)
{
    let_in_search *search = context;
    const nrs_community *target = nrs_community_by_id(search->core, let_in->community);
    char by[NRS_ADDRESS_SIZE_MAX + 1];

    if (search->found) {
        return NRS_OK; /* in more ways than one: `show` has them all */
    }
    nrs_command_org(search->core, by, let_in->community, let_in->by);
    nrs_row_text(search->row, "let_in_by", by);
    nrs_row_text(search->row, "authority", authority_words[let_in->authority == NRS_AUTHORITY_RELEASE ? NRS_AUTHORITY_RELEASE : NRS_AUTHORITY_CONSENT]);
    nrs_row_text(search->row, "community", target == NULL ? NULL : target->roster->id);
    search->at_ms = let_in->at_ms;
    search->found = true;
    return NRS_OK;
}

nrs_error nrs_command_put_way(nrs_core *core, nrs_row *row, uint64_t *since_ms, uint64_t report, const char *address)
{
    let_in_search search = {.core = core, .row = row};
    nrs_error error = address[0] == '\0' ? NRS_OK : nrs_store_let_in_each(core->store, report, address, put_way, &search);

    if (error == NRS_OK && !search.found) {
        nrs_row_text(row, "let_in_by", NULL);
        nrs_row_text(row, "authority", authority_words[NRS_AUTHORITY_ORIGINATOR]);
    }
    if (error == NRS_OK && search.found) {
        *since_ms = search.at_ms;
    }
    return error;
}

void nrs_command_put_onward(nrs_row *row, uint32_t onward)
{
    size_t count = 0;
    const nrs_term *terms = nrs_vocabulary_terms(NRS_VOCABULARY_ONWARD, &count);
    json_t *words = json_array();

    for (size_t i = 0; i < count; i++) {
        if ((onward & terms[i].value) != 0) {
            row->failed = nrs_array_text(words, terms[i].code) != NRS_OK || row->failed;
        }
    }
    nrs_row_json(row, "onward", words);
}
