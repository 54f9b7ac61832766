#include "red/red_row.h"

#include <string.h>

#include "keys/roster.h"
#include "proto/assert.h"
#include "proto/time.h"
#include "proto/vocabulary.h"
#include "report/shown.h"

static char *text_of(const json_t *object, const char *name, char *none)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text == NULL ? none : (char *)(uintptr_t)text; /* only read */
}

nrs_error nrs_red_check_disclaimers(const json_t *listed, const nrs_header *header)
{
    const json_t *list = json_object_get(listed, "disclaimers");
    const json_t *acceptance = json_object_get(listed, "acceptance");
    const char *stage = json_string_value(json_object_get(acceptance, "stage"));

    if (json_array_size(list) != header->n_disclaimers) {
        return NRS_ERROR_FORGED;
    }
    for (size_t i = 0; i < header->n_disclaimers; i++) {
        const json_t *one = json_array_get(list, i);
        Nrs__Wire__Disclaimer text;
        uint8_t hash[NRS_HASH_SIZE];
        nrs_error error = NRS_OK;

        nrs__wire__disclaimer__init(&text);
        text.name = text_of(one, "name", text.name);
        text.version = (uint32_t)json_integer_value(json_object_get(one, "version"));
        text.ja = text_of(one, "ja", text.ja);
        text.en = text_of(one, "en", text.en);
        error = nrs_disclaimer_hash(hash, &text);
        if (error != NRS_OK || !nrs_slice_equal(nrs_slice_of(hash, sizeof hash), nrs_field(&header->disclaimers[i]))) {
            return error != NRS_OK ? error : NRS_ERROR_FORGED;
        }
    }
    if (header->n_disclaimers > 0 && !json_is_true(json_object_get(listed, "sent")) && (stage == NULL || strcmp(stage, "accepted") != 0)) {
        return NRS_ERROR_DISCLAIMER;
    }
    return NRS_OK;
}

/* What the sealed report itself says wins over what the node says about it. */
nrs_error nrs_red_row(json_t **row_out, const json_t *listed, const nrs_sealed_view *sealed, const nrs_opened *opened)
{
    static const char *const from_node[] = {"community", "from", "received_at", "expired", "sent", "disclaimers", "acceptance", "withdrawn_at",
                                            "withdrawn_reason", "withdrawn_for", "followed_by", "missing_before", "missing_since", "let_in", "let_in_by",
                                            "attribution", "to_vouch", "vouched", "vouched_as", "questions", "replies", "carried",
                                            "asks_to_answer", "asks_open", "questions_to_answer", "questions_open"};
    const nrs_report *report = opened->report;
    const nrs_header *header = sealed->header;
    const nrs_term *kind = nrs_vocabulary_by_value(NRS_VOCABULARY_KIND, report->kind);
    char id[2 * NRS_HASH_SIZE + 1];
    char created[32];
    char expires[32];
    char signer[2 * NRS_KEY_SIZE + 1] = "";
    json_t *row = NULL;

    NRS_ASSERT(row_out != NULL && report != NULL);

    nrs_hex_encode(id, sealed->id, NRS_HASH_SIZE);
    nrs_time_format(created, header->created_ms);
    nrs_time_format(expires, header->expires_ms);
    row = json_pack("{s:s, s:s, s:s?, s:n, s:n, s:o, s:s, s:s, s:n, s:b, s:b, s:b, s:o, s:s, s:s, s:o, s:o, s:o, s:o}", "id", id,
                    "label", nrs_label_name(NRS_LABEL_RED), "kind", kind == NULL ? NULL : kind->code, "community", "from", "to",
                    nrs_shown_addresses(report), "subject", report->subject, "created_at", created, "received_at", "opened", 1, "drill",
                    (header->flags & NRS_HEADER_DRILL) != 0 ? 1 : 0, "urgent", header->urgency == 1 ? 1 : 0, "follows",
                    nrs_shown_hash(&report->follows), "expires_at", expires, "body", report->body, "fields", nrs_shown_fields(report),
                    "attachments", json_array(), "disclaimers", json_array(), "onward", json_array());
    if (row == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < sizeof from_node / sizeof from_node[0]; i++) {
        json_t *value = json_object_get(listed, from_node[i]);

        if (value != NULL) {
            (void)json_object_set(row, from_node[i], value);
        }
    }
    if (header->originator.len == NRS_KEY_SIZE) {
        nrs_hex_encode(signer, header->originator.data, NRS_KEY_SIZE);
    }
    (void)json_object_set_new(row, "signed_by", nrs_shown_text(signer));
    (void)json_object_set_new(row, "person", nrs_shown_text(report->person));
    (void)json_object_set_new(row, "number", report->number > 0 ? json_integer((json_int_t)report->number) : json_null());
    (void)json_object_set_new(row, "final", json_boolean(report->final));
    (void)json_object_set_new(row, "quoted", nrs_shown_hash(&report->quoted));
    (void)json_object_set_new(row, "passes_on", nrs_shown_hashes(report->passes_on, report->n_passes_on));
    (void)json_object_set_new(row, "conditions", nrs_shown_conditions(header->conditions));
    (void)json_object_set_new(row, "duty", nrs_shown_text(header->duty));
    *row_out = row;
    return NRS_OK;
}
