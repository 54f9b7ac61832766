#include "export/export_row.h"

#include <stdlib.h>
#include <string.h>

#include "exchange/report.h"
#include "keys/roster.h"
#include "proto/armour.h"
#include "proto/assert.h"
#include "proto/label.h"
#include "proto/time.h"
#include "proto/vocabulary.h"
#include "report/shown.h"
#include "text.h"

/* ---- The row ---- */

static json_t *time_of(uint64_t time_ms)
{
    char text[32];

    nrs_time_format(text, time_ms);
    return json_string(text);
}

static json_t *disclaimers_of(const nrs_export *value)
{
    json_t *list = json_array();

    for (size_t i = 0; list != NULL && i < value->n_disclaimers; i++) {
        const Nrs__Wire__Disclaimer *one = value->disclaimers[i];
        uint8_t hash[NRS_HASH_SIZE];
        char hash_text[2 * NRS_HASH_SIZE + 1] = "";

        if (nrs_disclaimer_hash(hash, one) == NRS_OK) {
            nrs_hex_encode(hash_text, hash, sizeof hash);
        }
        (void)json_array_append_new(list, json_pack("{s:s, s:I, s:s, s:o, s:o}", "name", one->name, "version", (json_int_t)one->version, "hash", hash_text,
                                                    "ja", nrs_shown_text(one->ja), "en", nrs_shown_text(one->en)));
    }
    return list;
}

static json_t *attachments_of(const nrs_report *report)
{
    json_t *list = json_array();

    for (size_t i = 0; i < report->n_attachments; i++) {
        char sum[2 * NRS_HASH_SIZE + 1] = "";

        if (report->attachments[i]->sha256.len == NRS_HASH_SIZE) {
            nrs_hex_encode(sum, report->attachments[i]->sha256.data, NRS_HASH_SIZE);
        }
        (void)json_array_append_new(list, json_pack("{s:s, s:I, s:s}", "name", report->attachments[i]->name, "size",
                                                    (json_int_t)report->attachments[i]->size, "sha256", sum));
    }
    return list;
}

static json_t *attribution_of(const nrs_export_view *view)
{
    const uint32_t attribution = view->header != NULL ? view->header->attribution : view->report->vouch != NULL ? NRS_ATTRIBUTION_VOUCHED : NRS_ATTRIBUTION_NAMED;

    return json_string(attribution == NRS_ATTRIBUTION_WITHHELD ? "withheld" : attribution == NRS_ATTRIBUTION_VOUCHED ? "vouched" : "named");
}

static json_t *vouched_of(const nrs_report *report)
{
    return report->vouch == NULL ? json_null() : json_pack("{s:I, s:o}", "count", (json_int_t)report->vouch->count, "since", time_of(report->vouch->since_ms));
}

/* Who it is from: the originator, or the community where only somebody's word for it is given. */
static json_t *source_of(const nrs_export_view *view)
{
    return view->attestation == NULL ? json_string(view->signer_org) : json_sprintf("@%s", view->community);
}

nrs_error nrs_export_row(json_t **row_out, const nrs_export_view *view)
{
    const nrs_report *report = view->report;
    const nrs_term *kind = nrs_vocabulary_by_value(NRS_VOCABULARY_KIND, report->kind);
    char id[2 * NRS_HASH_SIZE + 1];
    json_t *row = json_object();
    int failed = row == NULL;

    NRS_ASSERT(row_out != NULL);
    nrs_hex_encode(id, view->id, NRS_HASH_SIZE);
    failed |= json_object_set_new(row, "label", json_string(nrs_label_name((nrs_label)view->terms.label)));
    failed |= json_object_set_new(row, "id", json_string(id));
    failed |= json_object_set_new(row, "community", nrs_shown_text(view->community));
    failed |= json_object_set_new(row, "from", source_of(view));
    failed |= json_object_set_new(row, "person", nrs_shown_text(report->person));
    failed |= json_object_set_new(row, "to", nrs_shown_addresses(report));
    failed |= json_object_set_new(row, "kind", kind == NULL ? json_null() : json_string(kind->code));
    failed |= json_object_set_new(row, "urgent", json_boolean(view->terms.urgency != 0));
    failed |= json_object_set_new(row, "drill", json_boolean((view->terms.flags & NRS_HEADER_DRILL) != 0));
    failed |= json_object_set_new(row, "number", report->number == 0 ? json_null() : json_integer((json_int_t)report->number));
    failed |= json_object_set_new(row, "final", json_boolean(report->final));
    failed |= json_object_set_new(row, "follows", nrs_shown_hash(&report->follows));
    failed |= json_object_set_new(row, "quoted", nrs_shown_hash(&report->quoted));
    failed |= json_object_set_new(row, "created_at", time_of(view->terms.created_ms));
    failed |= json_object_set_new(row, "expires_at", time_of(view->terms.expires_ms));
    failed |= json_object_set_new(row, "subject", json_string(report->subject));
    failed |= json_object_set_new(row, "body", json_string(report->body));
    failed |= json_object_set_new(row, "fields", nrs_shown_fields(report));
    failed |= json_object_set_new(row, "attachments", attachments_of(report));
    failed |= json_object_set_new(row, "disclaimers", disclaimers_of(view->value));
    failed |= json_object_set_new(row, "conditions", nrs_shown_conditions(view->terms.conditions));
    failed |= json_object_set_new(row, "attribution", attribution_of(view));
    failed |= json_object_set_new(row, "vouched", vouched_of(report));
    failed |= json_object_set_new(row, "duty", nrs_shown_text(view->terms.duty));
    if (view->release != NULL) {
        failed |= json_object_set_new(row, "released", json_pack("{s:o, s:o, s:s}", "at", time_of(view->release->created_ms), "until",
                                                                 time_of(view->release->expires_ms), "label_before", nrs_label_name((nrs_label)view->header->label)));
    }
    if (view->attestation != NULL) {
        failed |= json_object_set_new(row, "source_hidden", json_true());
        failed |= json_object_set_new(row, "attested_by", json_string(view->attestation->org));
    }
    if (failed != 0) {
        json_decref(row);
        return NRS_ERROR_NO_MEMORY;
    }
    *row_out = row;
    return NRS_OK;
}

/* ---- The file ---- */

/* As it would be printed: nothing in it drives a terminal, and it reads the same wherever it is written. */
static nrs_error cleaned(char **text_out, const char *text)
{
    char *clean = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&clean, &size);

    if (file == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    nrs_text_print(file, text, NRS_TEXT_BODY);
    if (fclose(file) != 0) {
        free(clean);
        return NRS_ERROR_NO_MEMORY;
    }
    *text_out = clean;
    return NRS_OK;
}

static void wipe_text(char **text)
{
    if (*text != NULL) {
        nrs_memory_wipe(*text, strlen(*text));
        free(*text);
        *text = NULL;
    }
}

nrs_error nrs_export_text(char **text_out, const nrs_export_view *view, const char *language)
{
    const nrs_exchange_style style = {language, NULL};
    json_t *row = NULL;
    char *text = NULL;
    nrs_error error = nrs_export_row(&row, view);

    if (error == NRS_OK) {
        error = nrs_exchange_text(&text, row, &style);
    }
    if (error == NRS_OK) {
        error = cleaned(text_out, text);
    }
    wipe_text(&text);
    json_decref(row);
    return error;
}

nrs_error nrs_export_object(json_t **object_out, const nrs_export_view *view)
{
    json_t *row = NULL;
    char *text = NULL;
    nrs_error error = nrs_export_row(&row, view);

    if (error == NRS_OK) {
        error = nrs_exchange_json(&text, row);
    }
    if (error == NRS_OK) {
        *object_out = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        error = *object_out == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;
    }
    if (text != NULL) {
        nrs_json_free(text);
    }
    json_decref(row);
    return error;
}

static nrs_error text_file(nrs_bytes *file, const nrs_export_view *view, nrs_slice proof, const char *language)
{
    char *text = NULL;
    char *block = NULL;
    nrs_error error = nrs_export_text(&text, view, language);

    if (error == NRS_OK) {
        error = nrs_armour_encode(&block, "EXPORT", proof);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append(file, nrs_slice_of_string(text));
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append_u8(file, '\n');
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append(file, nrs_slice_of_string(block));
    }
    wipe_text(&block);
    wipe_text(&text);
    return error;
}

static nrs_error json_file(nrs_bytes *file, const nrs_export_view *view, nrs_slice proof)
{
    json_t *object = NULL;
    char *base64 = NULL;
    char *text = NULL;
    char *printed = NULL;
    size_t size = 0;
    FILE *stream = NULL;
    nrs_error error = nrs_export_object(&object, view);

    if (error == NRS_OK) {
        error = nrs_base64_encode(&base64, proof);
    }
    if (error == NRS_OK) {
        text = json_object_set_new(object, "proof", json_string(base64)) == 0 ? json_dumps(object, JSON_INDENT(2)) : NULL;
        stream = text == NULL ? NULL : open_memstream(&printed, &size);
        error = stream == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;
    }
    if (stream != NULL) {
        nrs_text_print_json_line(stream, nrs_slice_of_string(text));
        error = fclose(stream) == 0 ? nrs_bytes_append(file, nrs_slice_of(printed, size)) : NRS_ERROR_NO_MEMORY;
    }
    wipe_text(&printed);
    if (text != NULL) {
        nrs_json_free(text);
    }
    wipe_text(&base64);
    json_decref(object);
    return error;
}

nrs_error nrs_export_file(nrs_bytes *file_out, const nrs_export_view *view, nrs_slice proof, nrs_export_format format, const char *language)
{
    nrs_bytes file = {0};
    nrs_error error = format == NRS_EXPORT_JSON ? json_file(&file, view, proof) : text_file(&file, view, proof, language);

    NRS_ASSERT(file_out != NULL);
    if (error != NRS_OK) {
        nrs_bytes_wipe(&file);
        return error;
    }
    nrs_bytes_wipe(file_out);
    *file_out = file;
    return NRS_OK;
}
