#include "command/command_draft.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "proto/vocabulary.h"
#include "report/withdrawal.h"
#include "withheld/withheld.h"

static const char hint_kinds[] =
    "The kinds are incident, early-sign, near-miss, advisory, lesson, situation, restoration, request, standard and survey.";
static const char hint_labels[] = "The labels are CLEAR, GREEN, AMBER, AMBER+STRICT and RED.";
static const char hint_addresses[] = "An address is @community, organisation or person@organisation.";
static const char hint_final[] = "Leave --final out: the report then stands beside those that it follows.";
static const char hint_lower[] = "Leave the label out, or give one that is not lower than the quoted one.";
static const char hint_life[] = "A report lives 14 days at most, 7 when nothing is said.";
static const char hint_onward[] = "This label stays with those it is addressed to: leave the consent out.";
static const char hint_pap[] = "The words are CLEAR, GREEN, AMBER and RED.";
static const char hint_answers[] = "Say yes or no, or leave it out.";
static const char hint_number[] = "Leave the number out: it is counted from the report that this one follows.";
static const char hint_via[] = "Say --withhold-source as well, or leave --via out.";
static const char hint_onward_words[] = "The words are council, ministry, national, response and communities.";

/* ---- Label and kind ---- */

nrs_error nrs_draft_label(nrs_answer *answer, nrs_label *label_out, const json_t *request, const nrs_draft_defaults *defaults)
{
    const char *text = nrs_request_text(request, "label");
    nrs_label wanted = NRS_LABEL_NONE;
    nrs_label label;
    nrs_error error = nrs_label_parse(&wanted, text);

    if (error == NRS_ERROR_LABEL_MISSING && defaults != NULL) {
        error = NRS_OK;
    }
    if (error == NRS_ERROR_LABEL_MISSING) {
        return nrs_refuse(answer, error, hint_labels, "The report has no label.");
    }
    if (error != NRS_OK) {
        return nrs_refuse(answer, error, hint_labels, "%.64s: unknown label.", text);
    }
    label = defaults == NULL ? wanted : nrs_policy_quote_label(defaults->quoted_label, wanted);
    if (wanted != NRS_LABEL_NONE && label != wanted) {
        return nrs_refuse(answer, NRS_ERROR_LABEL_FORBIDS, hint_lower, "TLP:%s is lower than TLP:%s of the quoted report.", nrs_label_name(wanted),
                          nrs_label_name(defaults->quoted_label));
    }
    *label_out = label;
    return NRS_OK;
}

nrs_draft *nrs_draft_new(void)
{
    nrs_draft *draft = malloc(sizeof *draft);

    if (draft != NULL) {
        memset(draft, 0, offsetof(nrs_draft, addresses));
    }
    return draft;
}

static nrs_error read_kind(nrs_answer *answer, nrs_draft *draft, const json_t *request, const nrs_draft_defaults *defaults, bool needed)
{
    const char *text = nrs_request_text(request, "kind");
    const nrs_term *term;

    if (text == NULL) {
        draft->kind = defaults == NULL ? 0 : defaults->kind;
        if (draft->kind == 0 && needed) {
            return nrs_refuse(answer, NRS_ERROR_USAGE, hint_kinds, "The report has no kind.");
        }
        return NRS_OK;
    }
    term = nrs_vocabulary_by_code(NRS_VOCABULARY_KIND, text);
    if (term == NULL) {
        return nrs_refuse(answer, NRS_ERROR_UNKNOWN_KIND, hint_kinds, "%.64s: unknown kind of report.", text);
    }
    draft->kind = term->value;
    return NRS_OK;
}

/* ---- Addresses ---- */

static nrs_error take_address(nrs_answer *answer, nrs_address *addresses, size_t *count, const char *text)
{
    nrs_address address = {0};
    char written[NRS_ADDRESS_SIZE_MAX + 1];
    char other[NRS_ADDRESS_SIZE_MAX + 1];

    if (nrs_address_parse(&address, text) != NRS_OK) {
        return nrs_refuse(answer, NRS_ERROR_BAD_ADDRESS, hint_addresses, "%.80s: not an address.", text);
    }
    nrs_address_format(written, &address);
    for (size_t i = 0; i < *count; i++) {
        nrs_address_format(other, &addresses[i]);
        if (strcmp(other, written) == 0) {
            return NRS_OK;
        }
    }
    if (*count == NRS_TARGET_COUNT_MAX) {
        return nrs_refuse(answer, NRS_ERROR_TOO_LARGE, NULL, "A report has at most %u addresses.", NRS_TARGET_COUNT_MAX);
    }
    addresses[*count] = address;
    (*count)++;
    return NRS_OK;
}

nrs_error nrs_draft_addresses(nrs_answer *answer, nrs_address *addresses_out, size_t *count_out, const json_t *request, const char *name)
{
    const json_t *list = json_object_get(request, name);
    size_t count = 0;
    size_t index;
    const json_t *entry;

    json_array_foreach(list, index, entry) {
        nrs_error error = take_address(answer, addresses_out, &count, json_string_value(entry));
        if (error != NRS_OK) {
            return error;
        }
    }
    *count_out = count;
    return NRS_OK;
}

static nrs_error read_addresses(nrs_answer *answer, nrs_draft *draft, const json_t *request, const nrs_draft_defaults *defaults)
{
    nrs_error error = nrs_draft_addresses(answer, draft->addresses, &draft->address_count, request, "to");

    if (error == NRS_OK && draft->address_count == 0 && defaults != NULL) {
        /* To the desk it came from where the label lets a desk be addressed, but an open word is answered in the open. */
        if (draft->label > NRS_LABEL_GREEN && nrs_policy_address(draft->label, NRS_ADDRESS_ORG).error == NRS_OK) {
            for (size_t i = 0; i < defaults->to_count && error == NRS_OK; i++) {
                error = take_address(answer, draft->addresses, &draft->address_count, defaults->to[i]);
            }
        } else if (draft->label <= NRS_LABEL_GREEN) {
            error = take_address(answer, draft->addresses, &draft->address_count, defaults->community);
        } else if (defaults->to_count > 0) { /* to the person who wrote it; a desk is refused below, by its name */
            error = take_address(answer, draft->addresses, &draft->address_count, defaults->writer[0] != '\0' ? defaults->writer : defaults->to[0]);
        }
    }
    if (error != NRS_OK) {
        return error;
    }
    if (draft->address_count == 0) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, hint_addresses, "The report is addressed to nobody.");
    }
    for (size_t i = 0; i < draft->address_count; i++) {
        nrs_verdict verdict = nrs_policy_address(draft->label, draft->addresses[i].type);

        nrs_address_format(draft->address_texts[i], &draft->addresses[i]);
        draft->to[i] = draft->address_texts[i];
        if (verdict.error != NRS_OK) {
            return nrs_refuse(answer, verdict.error, verdict.allowed, "TLP:%s may not be addressed to %s.", nrs_label_name(draft->label),
                              draft->to[i]);
        }
    }
    return NRS_OK;
}

/* ---- Expiry, series, consent ---- */

/* 第n報: one more than that of the report which it follows, where this node can read it. */
static nrs_error number_after(nrs_core *core, nrs_answer *answer, nrs_draft *draft, const json_t *request)
{
    const uint64_t given = nrs_request_number(request, "number", 0);
    nrs_bytes holder = {0};
    nrs_report_row row;
    nrs_opened opened = {0};
    uint32_t before = 0;
    nrs_error error = nrs_store_report_get(core->store, &row, &holder, draft->follows);

    if (error == NRS_OK && row.key_state == NRS_KEY_HELD) {
        error = nrs_annex_read(core, &opened, &row);
        before = error != NRS_OK ? 0 : opened.report->number == 0 ? 1 : opened.report->number;
        error = nrs_error_is_verdict(error) ? NRS_OK : error;
    }
    nrs_opened_wipe(&opened);
    nrs_bytes_wipe(&holder);
    if (error == NRS_OK && before > 0 && given > 0 && given <= before) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, hint_number, "Report number %llu does not come after number %lu.", (unsigned long long)given,
                          (unsigned long)before);
    }
    draft->number = before == 0 || before == UINT32_MAX ? 0 : before + 1;
    return error;
}

static nrs_error read_follows(nrs_core *core, nrs_answer *answer, nrs_draft *draft, const json_t *request)
{
    const char *text = nrs_request_text(request, "follows");
    nrs_error error;

    if (text == NULL) {
        return NRS_OK;
    }
    draft->has_follows = true;
    error = nrs_store_report_find(core->store, draft->follows, text);
    if (error == NRS_OK) {
        error = nrs_withhold_inherit(core, answer, draft, draft->follows);
        error = error == NRS_OK ? nrs_withhold_follows(core, draft, draft->follows) : error;
        return error == NRS_OK ? number_after(core, answer, draft, request) : error;
    }
    if (!nrs_error_is_verdict(error)) {
        return error;
    }
    if (error == NRS_ERROR_MALFORMED) {
        error = NRS_ERROR_USAGE;
    }
    return nrs_refuse(answer, error, NULL, "%.80s: %s.", text, error == NRS_ERROR_USAGE ? "not a report's ID" : nrs_error_sentence(error));
}

/* What another began it does not end. */
static nrs_error check_final(nrs_core *core, nrs_answer *answer, const nrs_draft *draft)
{
    char from[NRS_ADDRESS_SIZE_MAX + 1];
    nrs_series series;
    nrs_error error = nrs_series_first(core, &series, draft->follows);

    if (error != NRS_OK || series.unread || nrs_series_ends(core, &series, core->self.sign_key, draft->withhold_source)) { /* of a withheld source the hub judges */
        return error;
    }
    nrs_command_org(core, from, series.community, series.originator);
    return nrs_refuse(answer, NRS_ERROR_NOT_ORIGINATOR, hint_final, "Only %s, who began the series, says which report is its last.", from);
}

static nrs_error read_onward(nrs_answer *answer, nrs_draft *draft, const json_t *request)
{
    const json_t *words = json_object_get(request, "onward");
    size_t index;
    const json_t *word;

    json_array_foreach(words, index, word) {
        const nrs_term *term = nrs_vocabulary_by_code(NRS_VOCABULARY_ONWARD, json_string_value(word));

        if (term == NULL) {
            return nrs_refuse(answer, NRS_ERROR_USAGE, hint_onward_words, "%.64s: not a word for onward consent.", json_string_value(word));
        }
        draft->onward |= term->value;
    }
    if (draft->onward != 0 && nrs_policy_extension(draft->label) == NRS_EXTENSION_NONE) {
        return nrs_refuse(answer, NRS_ERROR_LABEL_FORBIDS, hint_onward, "TLP:%s is never passed on to others.", nrs_label_name(draft->label));
    }
    return NRS_OK;
}

static nrs_error read_disclaimers(nrs_answer *answer, nrs_draft *draft, const json_t *request)
{
    const nrs_verdict verdict = nrs_policy_unlock(draft->label);
    const json_t *names = json_object_get(request, "disclaimers");
    size_t index;
    const json_t *name;

    if (json_array_size(names) > NRS_DISCLAIMER_COUNT_MAX) {
        return nrs_refuse(answer, NRS_ERROR_TOO_LARGE, NULL, "A report names at most %u disclaimers.", NRS_DISCLAIMER_COUNT_MAX);
    }
    json_array_foreach(names, index, name) {
        draft->disclaimers[index] = json_string_value(name);
        draft->disclaimer_count = index + 1;
    }
    draft->unlock_on_accept = nrs_request_flag(request, "unlock_on_accept");
    if (draft->unlock_on_accept && verdict.error != NRS_OK) {
        return nrs_refuse(answer, verdict.error, verdict.allowed, "TLP:%s cannot wait for an acceptance before it is granted.",
                          nrs_label_name(draft->label));
    }
    return NRS_OK;
}

/* "yes" and "no" to one of two flags; nothing said is neither. */
static nrs_error read_answer(nrs_answer *answer, uint32_t *flags, const json_t *request, const char *name, uint32_t yes, uint32_t no)
{
    const char *text = nrs_request_text(request, name);
    const nrs_term *term = text == NULL ? NULL : nrs_vocabulary_by_code(NRS_VOCABULARY_ANSWER, text);

    if (text != NULL && term == NULL) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, hint_answers, "The field %s is neither yes nor no.", name);
    }
    if (term != NULL) {
        *flags |= term->value == NRS_ANSWER_YES ? yes : no;
    }
    return NRS_OK;
}

nrs_error nrs_draft_inherit(nrs_answer *answer, nrs_draft *draft, nrs_conditions quoted)
{
    const nrs_verdict verdict = nrs_policy_conditions_quote(quoted, draft->conditions);

    if (verdict.error != NRS_OK) {
        return nrs_refuse(answer, verdict.error, verdict.allowed, "The conditions are looser than those of the quoted report.");
    }
    draft->conditions = nrs_policy_conditions_of_both(quoted, draft->conditions);
    return NRS_OK;
}

nrs_error nrs_draft_conditions(nrs_answer *answer, nrs_conditions *conditions_out, const json_t *request)
{
    const char *pap = nrs_request_text(request, "pap");
    const nrs_term *term = pap == NULL ? NULL : nrs_vocabulary_by_code(NRS_VOCABULARY_PAP, pap);
    nrs_conditions given = {.permissible_actions = term == NULL ? 0 : term->value,
                            .flags = nrs_request_flag(request, "not_for_supervision") ? NRS_CONDITION_NOT_FOR_SUPERVISION : 0u};
    nrs_error error = NRS_OK;

    if (pap != NULL && term == NULL) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, hint_pap, "%.64s: not a word of the Permissible Actions Protocol.", pap);
    }
    error = read_answer(answer, &given.flags, request, "tell_affected", NRS_CONDITION_TELL_AFFECTED, NRS_CONDITION_AFFECTED_NOT_TOLD);
    if (error == NRS_OK) {
        error = read_answer(answer, &given.flags, request, "name_source", NRS_CONDITION_NAME_SOURCE, NRS_CONDITION_SOURCE_NOT_NAMED);
    }
    if (error == NRS_OK) {
        *conditions_out = given;
    }
    return error;
}

static nrs_error read_conditions(nrs_answer *answer, nrs_draft *draft, const json_t *request, const nrs_draft_defaults *defaults)
{
    nrs_error error = nrs_draft_conditions(answer, &draft->conditions, request);

    return error == NRS_OK && defaults != NULL ? nrs_draft_inherit(answer, draft, defaults->conditions) : error;
}

/* Whether the source is to be withheld, and by which hubs. */
static nrs_error read_withheld(nrs_answer *answer, nrs_draft *draft, const json_t *request)
{
    const json_t *names = json_object_get(request, "via");
    size_t index;
    const json_t *name;

    draft->withhold_source = draft->withhold_source || nrs_request_flag(request, "withhold_source");
    if (draft->withhold_source && nrs_policy_withhold(draft->label, true).error != NRS_OK) { /* before a person's process seals anything */
        return nrs_refuse(answer, NRS_ERROR_LABEL_FORBIDS, nrs_policy_withhold(draft->label, true).allowed, "TLP:%s: its source cannot be withheld.",
                          nrs_label_name(draft->label));
    }
    if (json_array_size(names) > NRS_VIA_COUNT_MAX) {
        return nrs_refuse(answer, NRS_ERROR_TOO_LARGE, NULL, "A report goes to at most %u hubs to be vouched for.", NRS_VIA_COUNT_MAX);
    }
    json_array_foreach(names, index, name) {
        draft->via[index] = json_string_value(name);
        draft->via_count = index + 1;
    }
    if (draft->via_count > 0 && !draft->withhold_source) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, hint_via, "A hub to vouch is named, and the source is not to be withheld.");
    }
    return NRS_OK;
}

nrs_error nrs_draft_read(nrs_core *core, nrs_answer *answer, nrs_draft *draft_out, const json_t *request, const nrs_draft_defaults *defaults,
                         bool kind_needed)
{
    const char *person = nrs_request_text(request, "person");
    uint64_t number = nrs_request_number(request, "number", 0);
    nrs_error error;

    NRS_ASSERT(draft_out != NULL && draft_out->address_count == 0);

    error = nrs_draft_label(answer, &draft_out->label, request, defaults);
    if (error == NRS_OK) {
        error = read_kind(answer, draft_out, request, defaults, kind_needed && !nrs_request_flag(request, "dry_run"));
    }
    if (error == NRS_OK) {
        error = read_addresses(answer, draft_out, request, defaults);
    }
    draft_out->community = nrs_request_text(request, "community");
    if (error == NRS_OK && defaults != NULL && defaults->reach != NULL) {
        error = defaults->reach(defaults->context, core, answer, draft_out);
    }
    if (error == NRS_OK && person != NULL) {
        error = nrs_command_person(core, answer, &draft_out->person, person);
    }
    if (error == NRS_OK) {
        error = read_follows(core, answer, draft_out, request);
    }
    if (error == NRS_OK) {
        error = read_onward(answer, draft_out, request);
    }
    if (error == NRS_OK) {
        error = read_disclaimers(answer, draft_out, request);
    }
    if (error == NRS_OK) {
        error = read_conditions(answer, draft_out, request, defaults);
    }
    if (error == NRS_OK) {
        error = read_withheld(answer, draft_out, request);
    }
    if (error != NRS_OK) {
        return error;
    }
    if (number > UINT32_MAX) {
        return nrs_refuse(answer, NRS_ERROR_TOO_LARGE, NULL, "The number of a report in its series is too large.");
    }
    draft_out->number = number != 0 ? (uint32_t)number : draft_out->number;
    draft_out->expires_in_ms = nrs_request_number(request, "expires_in_ms", NRS_REPORT_LIFE_MS_DEFAULT);
    if (draft_out->expires_in_ms == 0 || draft_out->expires_in_ms > NRS_REPORT_LIFE_MS_MAX) {
        return nrs_refuse(answer, NRS_ERROR_TOO_LONG_LIVED, hint_life, "The report's life is not within 14 days.");
    }
    draft_out->final = nrs_request_flag(request, "final");
    if (draft_out->final && draft_out->has_follows) {
        error = check_final(core, answer, draft_out);
    }
    draft_out->urgent = nrs_request_flag(request, "urgent");
    draft_out->dry_run = nrs_request_flag(request, "dry_run");
    draft_out->stale_roster = nrs_request_flag(request, "stale_roster");
    draft_out->drill = nrs_request_flag(request, "drill") || (defaults != NULL && defaults->drill); /* an answer stays in its exercise */
    return error;
}
