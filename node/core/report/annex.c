/* The annex of a report's row: what list shows (subject, kind, addresses, number), sealed under the report's file key. */
#include <string.h>

#include "internal.h"

nrs_error nrs_annex_of(nrs_bytes *annex_out, const nrs_report *report, const nrs_secret *file_key)
{
    nrs_report shown;
    nrs_bytes text = {0};
    nrs_error error;

    nrs__wire__report__init(&shown);
    shown.kind = report->kind;
    shown.subject = report->subject;
    shown.n_to = report->n_to;
    shown.to = report->to;
    shown.person = report->person;
    shown.follows = report->follows;
    shown.quoted = report->quoted;
    shown.passes_on = report->passes_on;
    shown.n_passes_on = report->n_passes_on;
    shown.number = report->number;
    shown.final = report->final;
    shown.vouch = report->vouch;
    error = nrs_report_encode(&text, &shown);
    if (error == NRS_OK && text.size <= NRS_ANNEX_TEXT_SIZE_MAX) { /* a longer one is left out, and list opens the body instead */
        error = nrs_annex_seal(annex_out, file_key, nrs_slice_of_bytes(&text));
    }
    nrs_bytes_wipe(&text);
    return error;
}

nrs_error nrs_annex_read(nrs_core *core, nrs_opened *opened_out, const nrs_report_row *row)
{
    nrs_sealed_view *view = NULL;
    nrs_secret *file_key = NULL;
    nrs_bytes text = {0};
    nrs_error error;

    if (row->annex.size == 0) {
        error = nrs_open_report(core, &view, opened_out, row);
        nrs_sealed_view_free(&view);
        return error;
    }
    error = nrs_open_file_key(core, &file_key, row);
    if (error == NRS_OK) {
        error = nrs_annex_open(&text, file_key, row->annex);
    }
    if (error == NRS_OK) {
        error = nrs_report_decode(&opened_out->report, nrs_slice_of_bytes(&text));
    }
    nrs_bytes_wipe(&text);
    nrs_secret_destroy(&file_key);
    return error;
}
