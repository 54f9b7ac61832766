#include "writer.h"

#include <string.h>

void nrs_put(nrs_writer *to, const char *text)
{
    if (to->error == NRS_OK) {
        to->error = nrs_bytes_append(&to->text, nrs_slice_of_string(text));
    }
}

void nrs_put_name(nrs_writer *to, const char *ja, const char *en)
{
    nrs_put(to, to->japanese ? ja : en);
    nrs_put(to, to->japanese ? "：" : ": ");
}

/* A line of the head is one line whatever stands in it, so that no value can pass for another line. */
void nrs_put_one_line(nrs_writer *to, const char *text)
{
    for (const char *at = text; *at != '\0' && to->error == NRS_OK; at++) {
        to->error = nrs_bytes_append_u8(&to->text, (unsigned char)*at < 0x20 ? (uint8_t)' ' : (uint8_t)*at);
    }
}

/* A text of somebody's over several lines. Set apart, none of its lines can pass for the label or a line of the head, which begin at the margin;
 * by spaces, so that what is copied from a terminal has nothing else in it. */
void nrs_put_text(nrs_writer *to, const char *text)
{
    while (text[0] != '\0' && to->error == NRS_OK) {
        const char *end = strchr(text, '\n');
        const size_t size = end == NULL ? strlen(text) : (size_t)(end - text) + 1;

        nrs_put(to, to->apart && text[0] != '\n' ? "    " : "");
        to->error = to->error == NRS_OK ? nrs_bytes_append(&to->text, nrs_slice_of(text, size)) : to->error;
        text += size;
    }
}

void nrs_put_list(nrs_writer *to, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));

        nrs_put(to, i > 0 ? ", " : "");
        nrs_put_one_line(to, text == NULL ? "" : text);
    }
}

void nrs_put_time(nrs_writer *to, const char *at)
{
    char buffer[64];

    if (to->style->time != NULL) {
        to->style->time(buffer, at);
        at = buffer;
    }
    nrs_put_one_line(to, at);
}

/* Whether there is something to say: null, false, 0 and empty say nothing. */
bool nrs_says_something(const json_t *value)
{
    return json_is_true(value) || json_integer_value(value) > 0 || json_string_length(value) > 0 || json_array_size(value) > 0;
}
