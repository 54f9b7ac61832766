#include "command/command_quote.h"

#include "prekeys/key_change.h"
#include "report/onward.h"

#include <stdio.h>
#include <string.h>

#include "report/withdrawal.h"
#include "withheld/withheld.h"

static const char hint_tick[] = "Try again once it is published: noroshi show ID says when.";

void nrs_quoted_wipe(nrs_quoted *quoted)
{
    NRS_ASSERT(quoted != NULL);
    nrs_opened_wipe(&quoted->opened);
    nrs_sealed_view_free(&quoted->view);
    nrs_header_seen_wipe(&quoted->seen);
    nrs_bytes_wipe(&quoted->holder);
}

/* Who shares no community with the source answers to who let it in, whose node carries the answer on where the source is withheld. */
static nrs_error find_way(nrs_core *core, nrs_quoted *quoted)
{
    const nrs_community *home = nrs_community_by_id(core, quoted->row.community), *shared;
    nrs_let_in let_in;
    nrs_error error = home == NULL || home->member ? NRS_ERROR_NOT_FOUND : nrs_let_in_self(core, &let_in, quoted->row.position);

    memcpy(quoted->way, quoted->originator, sizeof quoted->way);
    memcpy(quoted->shared, quoted->community, sizeof quoted->shared);
    if (error == NRS_OK) {
        shared = nrs_community_by_id(core, let_in.community);
        nrs_command_org(core, quoted->way, let_in.community, let_in.by);
        if (shared != NULL) {
            (void)snprintf(quoted->shared + 1, NRS_NAME_SIZE_MAX + 1, "%s", shared->roster->id);
        }
    }
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

static nrs_error take_defaults(nrs_core *core, nrs_quoted *quoted)
{
    const nrs_report *report = quoted->opened.report;
    const nrs_community *community = nrs_community_by_id(core, quoted->row.community);
    nrs_draft_defaults *defaults = &quoted->defaults;
    nrs_error error;

    nrs_command_org(core, quoted->originator, quoted->row.community, quoted->row.originator);
    nrs_hex_encode(quoted->number, quoted->row.id, sizeof quoted->number / 2);
    quoted->community[0] = '@';
    if (community != NULL) {
        (void)snprintf(quoted->community + 1, NRS_NAME_SIZE_MAX + 1, "%s", community->roster->id);
    }
    if (report != NULL && report->person[0] != '\0') {
        (void)snprintf(quoted->writer, sizeof quoted->writer, "%.*s@%.*s", (int)NRS_NAME_SIZE_MAX, report->person, (int)NRS_NAME_SIZE_MAX, quoted->originator);
    }
    error = find_way(core, quoted);
    *defaults = (nrs_draft_defaults){
        .quoted_label = (nrs_label)quoted->row.label,
        .kind = report == NULL ? 0 : report->kind,
        .drill = (quoted->row.flags & NRS_HEADER_DRILL) != 0,
        .conditions = quoted->conditions,
        .subject = report == NULL ? NULL : nrs_withdrawn(core, quoted->row.id) ? quoted->number : report->subject,
        .to = quoted->to,
        .writer = quoted->writer,
        .community = quoted->shared,
    };
    if (!nrs_key_ours(core, quoted->row.originator)) {
        quoted->to[0] = quoted->way;
        defaults->to_count = 1;
        return error;
    }
    for (size_t i = 0; report != NULL && i < report->n_to && i < NRS_TARGET_COUNT_MAX; i++) { /* more to say on our own */
        quoted->to[i] = report->to[i];
        defaults->to_count++;
    }
    return error;
}

/* Whoever had an answer before the tick would know when the secretariat has read. */
nrs_error nrs_quoted_published(const nrs_core *core, nrs_answer *answer, const nrs_report_row *row)
{
    return nrs_vouched_left(core, row) ? NRS_OK : nrs_refuse(answer, NRS_ERROR_BUSY, hint_tick, "What this hub vouches for has not left it yet.");
}

nrs_error nrs_quoted_open(nrs_core *core, nrs_answer *answer, nrs_quoted *quoted_out, const json_t *request, nrs_edge_place place)
{
    nrs_error error = nrs_command_report(core, answer, &quoted_out->row, &quoted_out->holder, nrs_request_text(request, "id"));

    if (error == NRS_OK) { /* of what was withdrawn, that which was read before may be answered: an answer holds none of its text */
        error = nrs_withdrawal_check(core, answer, &quoted_out->row, place, nrs_request_text(request, "person"));
    }
    if (error == NRS_OK) {
        error = nrs_quoted_published(core, answer, &quoted_out->row);
    }
    if (error == NRS_OK) {
        error = nrs_header_seen_load(core, &quoted_out->seen, &quoted_out->row);
    }
    if (error == NRS_OK) {
        error = nrs_edge_reading(core, answer, &quoted_out->row, quoted_out->seen.header, NRS_PLACE_QUOTE, nrs_request_text(request, "person"));
    }
    if (error == NRS_OK && quoted_out->row.label != NRS_LABEL_RED) {
        error = nrs_open_report(core, &quoted_out->view, &quoted_out->opened, &quoted_out->row);
        if (error != NRS_OK && error != NRS_ERROR_DISK && !nrs_error_is_passing(error)) {
            return nrs_refuse(answer, error, NULL, "The quoted report does not open: %s.", nrs_error_sentence(error));
        }
    }
    if (error == NRS_OK) {
        error = nrs_let_in_conditions(core, &quoted_out->conditions, &quoted_out->row, quoted_out->seen.header);
    }
    if (error == NRS_OK) {
        error = take_defaults(core, quoted_out);
    }
    return error;
}

bool nrs_quoted_own(const nrs_core *core, const nrs_quoted *quoted)
{
    return (quoted->row.flags & NRS_REPORT_VOUCHED) == 0 && nrs_key_ours(core, quoted->row.originator);
}

bool nrs_quoted_names(const nrs_quoted *quoted, const nrs_addressee *addressee)
{
    const nrs_audience *audience = quoted->opened.audience;
    const nrs_slice org = nrs_slice_of(addressee->peer->keys.sign_key, NRS_KEY_SIZE);

    if (nrs_slice_equal(nrs_slice_of(quoted->row.originator, NRS_KEY_SIZE), org)) {
        return true;
    }
    for (size_t i = 0; i < audience->n_targets; i++) {
        if (nrs_slice_equal(nrs_field(&audience->targets[i]->org), org)) {
            return true;
        }
    }
    return false;
}

nrs_error nrs_quoted_check(nrs_answer *answer, const nrs_quoted *quoted, const nrs_delivery *delivery)
{
    const nrs_label label = (nrs_label)quoted->row.label;

    for (size_t i = 0; quoted->view != NULL && i < delivery->count; i++) {
        nrs_verdict verdict = nrs_policy_quote_address(label, nrs_quoted_names(quoted, &delivery->list[i]));

        if (verdict.error != NRS_OK) {
            return nrs_refuse(answer, verdict.error, verdict.allowed, "%s was not among those TLP:%s was addressed to.",
                              delivery->list[i].address, nrs_label_name(label));
        }
    }
    return NRS_OK;
}
