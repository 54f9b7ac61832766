#include <stdlib.h>
#include <string.h>

#include "exchange/report.h"
#include "proto/assert.h"
#include "proto/form.h"
#include "proto/label.h"

/* What belongs to the report, in the order in which it is written. When and by whom it was read here stays here. */
static const char *const keys[] = {
    "id",      "community", "from",       "person",     "to",   "kind",   "urgent",      "drill",       "number",
    "final",   "follows",   "quoted",     "created_at", "expires_at", "subject", "body", "fields", "attachments",
    "disclaimers", "conditions", "attribution", "vouched", "duty", "released", "source_hidden", "attested_by",
};

nrs_error nrs_exchange_all_fields(json_t *fields)
{
    size_t count = 0;
    const nrs_form_field *form = nrs_form_fields(&count);
    bool failed = false;

    NRS_ASSERT(json_is_object(fields));
    for (size_t i = 0; i < count; i++) {
        if (nrs_form_is_plain(i) && json_object_get(fields, form[i].name) == NULL) {
            failed = json_object_set_new(fields, form[i].name, json_null()) != 0 || failed;
        }
    }
    return failed ? NRS_ERROR_NO_MEMORY : NRS_OK;
}

nrs_error nrs_exchange_json(char **text_out, const json_t *report)
{
    const char *label = json_string_value(json_object_get(report, "label"));
    nrs_label parsed = NRS_LABEL_NONE;
    json_t *out = NULL;
    char *text = NULL;
    nrs_error error = NRS_ERROR_NO_MEMORY;

    NRS_ASSERT(text_out != NULL);

    if (nrs_label_parse(&parsed, label) != NRS_OK) {
        return NRS_ERROR_MALFORMED;
    }
    out = json_object();
    if (out == NULL || json_object_set_new(out, "label", json_string(nrs_label_name(parsed))) != 0) {
        goto out;
    }
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        json_t *value = json_object_get(report, keys[i]);

        if (value != NULL && json_object_set(out, keys[i], value) != 0) {
            goto out;
        }
    }
    text = json_dumps(out, JSON_INDENT(2));
    if (text == NULL) {
        goto out;
    }
    *text_out = text;
    error = NRS_OK;
out:
    json_decref(out);
    return error;
}
