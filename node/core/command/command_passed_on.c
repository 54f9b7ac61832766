/* What others sent and a report of this node's own passes on (SPEC 5.7): what they laid down holds for it as for the first reports, so that a
 * forward is no way around it. */
#include <stdlib.h>
#include <string.h>

#include "command/command_quote.h"
#include "prekeys/key_change.h"
#include "report/onward.h"
#include "report/withdrawal.h"

static const char hint_first[] = "Ask about that report, where this node has it: noroshi release ask ID; to refuse what was asked here: noroshi release deny.";

bool nrs_sent_here(const nrs_core *core, const nrs_report_row *row)
{
    return (row->flags & NRS_REPORT_VOUCHED) == 0 && nrs_key_ours(core, row->originator);
}

/* ---- Loading ---- */

/* Whom it reached counts only where its text goes on. */
static nrs_error read_source(nrs_core *core, nrs_quoted *source, bool on_screen)
{
    nrs_error error = on_screen ? nrs_annex_read(core, &source->opened, &source->row) : NRS_ERROR_NOT_FOUND;

    return nrs_error_of_one_record(error) ? nrs_open_report(core, &source->view, &source->opened, &source->row) : error;
}

/* NRS_ERROR_NOT_FOUND: not held any more, or not so that it can be read. */
static nrs_error open_source(nrs_core *core, nrs_quoted *source, bool on_screen)
{
    nrs_error error = nrs_header_seen_load(core, &source->seen, &source->row);

    if (error == NRS_OK && source->row.label != NRS_LABEL_RED) {
        error = read_source(core, source, on_screen);
    }
    error = nrs_error_of_one_record(error) ? NRS_ERROR_NOT_FOUND : error;
    if (error == NRS_OK) {
        error = nrs_let_in_conditions(core, &source->conditions, &source->row, source->seen.header);
    }
    if (error == NRS_OK) {
        error = nrs_quoted_name(core, source);
    }
    return error;
}

static nrs_error add_source(nrs_core *core, nrs_quoted *quoted, const uint8_t *id)
{
    nrs_quoted *source = &quoted->sources[quoted->source_count];
    nrs_error error = nrs_store_report_get(core->store, &source->row, &source->holder, id);

    if (error == NRS_OK && nrs_sent_here(core, &source->row)) { /* whose own sources are named beside it */
        nrs_quoted_wipe(source);
        *source = (nrs_quoted){.source_count = 0};
        return NRS_OK;
    }
    if (error == NRS_OK) {
        error = open_source(core, source, quoted->on_screen);
    }
    if (error == NRS_OK) {
        quoted->source_count++;
        return NRS_OK;
    }
    nrs_quoted_wipe(source);
    *source = (nrs_quoted){.source_count = 0};
    quoted->source_gone = quoted->source_gone || error == NRS_ERROR_NOT_FOUND;
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

static bool names_as_passed_on(const nrs_quoted *later, const nrs_quoted *first)
{
    const nrs_report *report = later->opened.report;

    for (size_t i = 0; report != NULL && i < report->n_passes_on; i++) {
        if (nrs_slice_equal(nrs_field(&report->passes_on[i]), nrs_slice_of(first->row.id, NRS_HASH_SIZE))) {
            return true;
        }
    }
    return false;
}

/* Whoever has passed on its own report since has said anew how far that goes. */
static bool said_anew(const nrs_core *core, const nrs_quoted *quoted, const nrs_quoted *first)
{
    for (size_t i = 0; i < quoted->source_count; i++) {
        const nrs_quoted *later = &quoted->sources[i];

        if (nrs_key_same_org(core, first->row.originator, later->row.originator) && names_as_passed_on(later, first)) {
            return true;
        }
    }
    return false;
}

static void leave_out_superseded(const nrs_core *core, nrs_quoted *quoted)
{
    bool superseded[NRS_PASSED_ON_COUNT_MAX] = {false};
    size_t kept = 0;

    for (size_t i = 0; i < quoted->source_count; i++) {
        superseded[i] = said_anew(core, quoted, &quoted->sources[i]);
    }
    for (size_t i = 0; i < quoted->source_count; i++) {
        if (superseded[i]) {
            nrs_quoted_wipe(&quoted->sources[i]);
        } else {
            if (kept < i) {
                quoted->sources[kept] = quoted->sources[i];
            }
            kept++;
        }
    }
    quoted->source_count = kept;
}

static nrs_error load(nrs_core *core, nrs_quoted *quoted, const ProtobufCBinaryData *ids, size_t count)
{
    nrs_error error = NRS_OK;

    NRS_ASSERT(count <= NRS_PASSED_ON_COUNT_MAX && quoted->sources == NULL);
    quoted->sources = calloc(count, sizeof *quoted->sources);
    if (quoted->sources == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < count && error == NRS_OK; i++) {
        if (!nrs_slice_equal(nrs_field(&ids[i]), nrs_slice_of(quoted->row.id, NRS_HASH_SIZE))) {
            error = add_source(core, quoted, ids[i].data);
        }
    }
    if (error == NRS_OK) {
        leave_out_superseded(core, quoted);
    }
    return error;
}

/* ---- What they ask for ---- */

static nrs_inherited inherited_of(const nrs_quoted *one)
{
    const nrs_header *header = one->seen.header;
    const nrs_label label = one->row.label > header->label ? (nrs_label)one->row.label : (nrs_label)header->label;

    return (nrs_inherited){.header = header, .label = label, .kind = one->opened.report == NULL ? 0 : one->opened.report->kind};
}

/* An ended duty closes the subject too: that is asked of all before anything that waits at one of them. */
static nrs_error check_reader(nrs_core *core, nrs_answer *answer, const nrs_quoted *quoted, nrs_edge_place place, const char *person)
{
    nrs_error error = quoted->source_gone ? nrs_edge_duty(core, answer, &quoted->row, quoted->seen.header, place) : NRS_OK;

    for (size_t i = 0; i < quoted->source_count && error == NRS_OK; i++) {
        error = nrs_edge_reader_duty(core, answer, &quoted->sources[i].row, quoted->sources[i].seen.header, place);
    }
    for (size_t i = 0; i < quoted->source_count && error == NRS_OK; i++) {
        error = nrs_edge_reading(core, answer, &quoted->sources[i].row, quoted->sources[i].seen.header, place, person);
    }
    return error;
}

nrs_error nrs_quoted_sources(nrs_core *core, nrs_answer *answer, nrs_quoted *quoted, const ProtobufCBinaryData *ids, size_t count,
                             nrs_edge_place place, const char *person)
{
    nrs_error error = count == 0 || !nrs_sent_here(core, &quoted->row) ? NRS_OK : load(core, quoted, ids, count);

    if (error == NRS_OK) {
        error = check_reader(core, answer, quoted, place, person);
    }
    if (error != NRS_OK) {
        return error;
    }
    quoted->inherited[0] = inherited_of(quoted);
    for (size_t i = 0; i < quoted->source_count; i++) {
        quoted->inherited[i + 1] = inherited_of(&quoted->sources[i]);
        quoted->conditions = nrs_policy_conditions_of_both(quoted->conditions, quoted->sources[i].conditions);
    }
    quoted->inherited_count = quoted->source_count + 1;
    return NRS_OK;
}

static nrs_error check_sink(nrs_core *core, nrs_answer *answer, const nrs_quoted *quoted, nrs_sink sink)
{
    const nrs_quoted *one;

    for (size_t i = 0; (one = nrs_quoted_bound(core, quoted, i)) != NULL; i++) {
        const nrs_verdict label = nrs_policy_export((nrs_label)one->row.label, sink);
        const nrs_verdict verdict = label.error == NRS_OK ? nrs_policy_conditions_export(one->conditions, sink) : label;

        if (verdict.error != NRS_OK) {
            return nrs_refuse(answer, verdict.error, verdict.allowed, "The report %.16s, whose text it passes on, may not leave this node by that sink.", one->number);
        }
    }
    return NRS_OK;
}

nrs_error nrs_passed_on_reading(nrs_core *core, nrs_answer *answer, const nrs_report_row *row, const nrs_header *header,
                                const ProtobufCBinaryData *ids, size_t count, nrs_edge_place place, const char *person, nrs_sink sink)
{
    nrs_quoted *quoted;
    nrs_error error;

    if (count == 0 || !nrs_sent_here(core, row)) {
        return NRS_OK;
    }
    quoted = calloc(1, sizeof *quoted);
    if (quoted == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    quoted->row = *row;
    quoted->seen.header = header;
    quoted->conditions = nrs_header_conditions(header);
    quoted->on_screen = sink == NRS_SINK_SCREEN;
    nrs_hex_encode(quoted->number, row->id, sizeof quoted->number / 2);
    error = nrs_quoted_sources(core, answer, quoted, ids, count, place, person);
    if (error == NRS_OK && sink != NRS_SINK_SCREEN) {
        error = check_sink(core, answer, quoted, sink);
    }
    nrs_quoted_wipe(quoted);
    free(quoted);
    return error;
}

/* ---- Releases ---- */

/* The one that passes on no other itself, where it is held; else the one that is quoted. */
static nrs_error find_first(nrs_core *core, const uint8_t **first_out, const nrs_report *report)
{
    nrs_error error = NRS_OK;

    *first_out = report->quoted.data;
    for (size_t i = 0; i < report->n_passes_on && error == NRS_OK; i++) {
        nrs_bytes holder = {0};
        nrs_opened opened = {0};
        nrs_sealed_view *view = NULL;
        nrs_report_row row;

        error = nrs_store_report_get(core->store, &row, &holder, report->passes_on[i].data);
        if (error == NRS_OK && row.label != NRS_LABEL_RED) {
            error = nrs_open_report(core, &view, &opened, &row);
        }
        if (error == NRS_OK && opened.report != NULL && opened.report->n_passes_on == 0) {
            *first_out = report->passes_on[i].data;
        }
        error = nrs_error_of_one_record(error) ? NRS_OK : error; /* of what is not held, or does not open, nothing is known */
        nrs_opened_wipe(&opened);
        nrs_sealed_view_free(&view);
        nrs_bytes_wipe(&holder);
    }
    return error;
}

nrs_error nrs_passed_on_refuse_release(nrs_core *core, nrs_answer *answer, const nrs_report_row *row)
{
    nrs_sealed_view *view = NULL;
    nrs_opened opened = {0};
    const uint8_t *first = NULL;
    char id[2 * NRS_HASH_SIZE + 1];
    nrs_error error = nrs_open_report(core, &view, &opened, row);

    if (nrs_error_of_one_record(error)) {
        error = nrs_refuse(answer, error, NULL, "The report does not open: %s.", nrs_error_sentence(error));
    }
    if (error == NRS_OK && opened.report->n_passes_on > 0) {
        error = find_first(core, &first, opened.report);
    }
    if (error == NRS_OK && first != NULL) {
        nrs_hex_encode(id, first, NRS_HASH_SIZE);
        error = nrs_refuse(answer, NRS_ERROR_NOT_ORIGINATOR, hint_first, "It passes on the report %.16s, which its originator alone can release.", id);
    }
    nrs_opened_wipe(&opened);
    nrs_sealed_view_free(&view);
    return error;
}
