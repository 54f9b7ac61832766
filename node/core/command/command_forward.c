/* forward: what a report that passes on another's text takes from it, and how far it may go (SPEC 5.7). */
#include <stdio.h>
#include <string.h>

#include "command/command_quote.h"
#include "proto/forward.h"
#include "report/onward.h"

static const char hint_release[] = "Ask the source: noroshi release ask ID --to ADDRESS --reason TEXT.";
static const char hint_first[] = "Pass on the first report, or say it in your own words.";
static const char hint_shorter[] = "Write less beside it: the text that is passed on is not cut.";

/* Who may not be named as the source is not named by who passes it on either. */
static bool hides_source(const nrs_core *core, const nrs_quoted *quoted)
{
    return !nrs_quoted_own(core, quoted) && nrs_policy_hides_source(quoted->conditions);
}

static nrs_error compose(const nrs_core *core, nrs_bytes *text_out, const char *added, const nrs_quoted *quoted)
{
    const nrs_report *report = quoted->opened.report;
    const bool hidden = hides_source(core, quoted);
    char id[2 * NRS_HASH_SIZE + 1];
    const nrs_forwarded forwarded = {.label = (nrs_label)quoted->row.label,
                                     .from = hidden ? quoted->community : quoted->originator,
                                     .person = hidden || report->person[0] == '\0' ? NULL : report->person,
                                     .id = id,
                                     .created_ms = quoted->row.created_ms,
                                     .subject = report->subject,
                                     .body = report->body};
    nrs_error error;

    nrs_hex_encode(id, quoted->row.id, NRS_HASH_SIZE);
    error = nrs_forward_begin(text_out, added, &forwarded);
    for (size_t i = 0; i < report->n_fields && error == NRS_OK; i++) {
        error = nrs_forward_field(text_out, report->fields[i]->name, report->fields[i]->value, hidden);
    }
    return error == NRS_OK ? nrs_forward_end(text_out, &forwarded) : error;
}

/* Whoever hears that one of them was withdrawn closes the report. */
static nrs_error list_passed_on(nrs_answer *answer, nrs_quoted *quoted)
{
    const nrs_report *report = quoted->opened.report;
    const ProtobufCBinaryData own = nrs_field_of(nrs_slice_of(quoted->row.id, NRS_HASH_SIZE));
    size_t at = 0;

    if (report->n_passes_on == NRS_PASSED_ON_COUNT_MAX) {
        return nrs_refuse(answer, NRS_ERROR_TOO_LARGE, hint_first, "The report holds the text of %u others, and of more none may.", NRS_PASSED_ON_COUNT_MAX);
    }
    while (at < report->n_passes_on && memcmp(report->passes_on[at].data, own.data, NRS_HASH_SIZE) < 0) {
        at++;
    }
    for (size_t i = 0; i <= report->n_passes_on; i++) {
        quoted->passes_on[i] = i == at ? own : report->passes_on[i < at ? i : i - 1];
    }
    quoted->passes_on_count = report->n_passes_on + 1;
    return NRS_OK;
}

nrs_error nrs_forward_complete(nrs_core *core, nrs_answer *answer, nrs_bytes *text_out, nrs_draft *draft, nrs_quoted *quoted)
{
    const nrs_header *header = quoted->seen.header;
    nrs_error error = nrs_quoted_consent(core, answer, quoted, draft->onward);

    NRS_ASSERT(quoted->opened.report != NULL);
    if (error != NRS_OK) {
        return error;
    }
    draft->unlock_on_accept = draft->unlock_on_accept || (header->flags & NRS_HEADER_UNLOCK_ON_ACCEPT) != 0;
    if (draft->subject_inherited) {
        nrs_forward_subject(draft->subject, quoted->opened.report->subject);
    }
    error = list_passed_on(answer, quoted);
    if (error == NRS_OK) {
        error = compose(core, text_out, draft->body, quoted);
    }
    if (error == NRS_OK && text_out->size > NRS_BODY_TEXT_SIZE_MAX) {
        return nrs_refuse(answer, NRS_ERROR_TOO_LARGE, hint_shorter, "The body has %zu bytes; at most %u are allowed.", text_out->size, NRS_BODY_TEXT_SIZE_MAX);
    }
    draft->body = (const char *)text_out->data;
    return error;
}

static nrs_error check_role(nrs_core *core, nrs_answer *answer, const nrs_quoted *quoted, const nrs_delivery *delivery, const nrs_addressee *one)
{
    return nrs_quoted_covers(core, quoted, delivery, one) ? NRS_OK : nrs_refuse(answer, NRS_ERROR_ONWARD, hint_release, "The source has not agreed that %s is told.", one->address);
}

static nrs_error check_stays(nrs_answer *answer, const nrs_quoted *quoted, const nrs_community *community)
{
    const nrs_label label = (nrs_label)quoted->row.label;
    const bool elsewhere = memcmp(community->id, quoted->row.community, NRS_HASH_SIZE) != 0;

    return nrs_policy_change(label, label, elsewhere, false).error == NRS_OK
               ? NRS_OK
               : nrs_refuse(answer, NRS_ERROR_LABEL_FORBIDS, hint_release, "TLP:%s of %s does not leave its community.", nrs_label_name(label), quoted->community);
}

/* Under RED whoever seals says of which report the text is only when it has sealed it for these. */
static nrs_error check_duties(const nrs_core *core, nrs_answer *answer, const nrs_quoted *quoted, const nrs_delivery *delivery)
{
    for (size_t i = 0; i < delivery->count; i++) {
        const nrs_addressee *to = &delivery->list[i];
        const Nrs__Wire__Member *member = nrs_roster_member_by_key(delivery->community->roster, to->peer->keys.sign_key);
        const char *name = NULL;
        const nrs_verdict verdict = nrs_policy_duty(
            NRS_PLACE_SEND, nrs_inherited_duty(core, delivery->community, quoted->inherited, quoted->inherited_count, member, &name));

        if (verdict.error != NRS_OK) {
            return nrs_refuse(answer, verdict.error, verdict.allowed, "The duty %s is not in force for %s.", name, to->address);
        }
    }
    return NRS_OK;
}

nrs_error nrs_forward_sealed(const nrs_core *core, nrs_answer *answer, const nrs_quoted *quoted, const nrs_delivery *delivery)
{
    const nrs_quoted *one;
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && (one = nrs_quoted_bound(core, quoted, i)) != NULL; i++) {
        error = check_stays(answer, one, delivery->community);
        error = error == NRS_OK ? nrs_quoted_check(core, answer, one, delivery) : error;
    }
    return error == NRS_OK ? check_duties(core, answer, quoted, delivery) : error;
}

nrs_error nrs_forward_reach(const nrs_core *core, nrs_answer *answer, const nrs_quoted *quoted, const nrs_community *community, const nrs_draft *draft)
{
    const nrs_quoted *one; /* none: the source itself decides */
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && (one = nrs_quoted_bound(core, quoted, i)) != NULL; i++) {
        error = check_stays(answer, one, community);
        error = error == NRS_OK ? nrs_quoted_addresses(core, answer, one, community, draft) : error;
    }
    if (error != NRS_OK && answer->refused) {
        answer->hint = hint_release;
    }
    return error;
}

nrs_error nrs_forward_check(nrs_core *core, nrs_answer *answer, const nrs_quoted *quoted, nrs_delivery *delivery)
{
    const nrs_quoted *one;
    nrs_error error = NRS_OK;

    for (size_t k = 0; error == NRS_OK && (one = nrs_quoted_bound(core, quoted, k)) != NULL; k++) {
        for (size_t i = 0; one->view != NULL && i < delivery->count && error == NRS_OK; i++) {
            error = check_role(core, answer, one, delivery, &delivery->list[i]);
        }
    }
    nrs_quoted_keep_listed(core, quoted, delivery); /* the roster may recognise more of them than when the source agreed */
    return error;
}
