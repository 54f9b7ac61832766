#include <stdbool.h>
#include <string.h>

#include "exchange/report.h"
#include "proto/assert.h"
#include "proto/label.h"
#include "writer.h"

static void put_inner(nrs_writer *to, const json_t *report)
{
    const char *body = json_string_value(json_object_get(report, "body"));
    size_t size = body == NULL ? 0 : strlen(body);

    nrs_put_conditions(to, json_object_get(report, "conditions"));
    nrs_put_withheld(to, report);
    nrs_put_head(to, report);
    nrs_put_disclaimers(to, report);
    if (size > 0) {
        nrs_put(to, "\n");
        nrs_put_text(to, body);
        nrs_put(to, body[size - 1] == '\n' ? "" : "\n");
    }
    nrs_put_fields(to, json_object_get(report, "fields"));
    nrs_put_attachments(to, json_object_get(report, "attachments"));
}

static nrs_error write_text(char **text_out, const json_t *report, const nrs_exchange_style *style, bool with_label)
{
    const char *label = json_string_value(json_object_get(report, "label"));
    nrs_label parsed = NRS_LABEL_NONE;
    nrs_writer to = {.style = style, .apart = !with_label};

    NRS_ASSERT(text_out != NULL);
    NRS_ASSERT(style != NULL && style->language != NULL);

    if (nrs_label_parse(&parsed, label) != NRS_OK) {
        return NRS_ERROR_MALFORMED;
    }
    to.japanese = strcmp(style->language, "ja") == 0;
    for (int line = 0; line < 2; line++) {
        if (line == 1) {
            put_inner(&to, report);
        }
        if (with_label) {
            nrs_put(&to, line == 1 ? "\nTLP:" : "TLP:");
            nrs_put(&to, nrs_label_name(parsed));
            nrs_put(&to, line == 1 ? "\n" : "\n\n");
        }
    }
    if (to.error == NRS_OK) {
        to.error = nrs_bytes_append_u8(&to.text, 0);
    }
    if (to.error != NRS_OK) {
        nrs_bytes_wipe(&to.text);
        return to.error;
    }
    *text_out = (char *)to.text.data;
    return NRS_OK;
}

nrs_error nrs_exchange_text_inner(char **text_out, const json_t *report, const nrs_exchange_style *style)
{
    return write_text(text_out, report, style, false);
}

nrs_error nrs_exchange_text(char **text_out, const json_t *report, const nrs_exchange_style *style)
{
    return write_text(text_out, report, style, true);
}
