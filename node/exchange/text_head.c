/* The head of a report's text, and what stands behind its body: the form's fields and the attachments. */
#include <stdio.h>
#include <string.h>

#include "proto/form.h"
#include "proto/vocabulary.h"
#include "writer.h"

/* The lines of the head, in their order. */
typedef enum line_form { LINE_PLAIN = 1, LINE_TIME, LINE_KIND, LINE_FLAG, LINE_LIST, LINE_NUMBER } line_form;
static const struct head_line {
    const char *key, *ja, *en;
    line_form form;
} head_lines[] = {
    {"withdrawn_at", "撤回", "Withdrawn", LINE_TIME},
    {"withdrawn_reason", "撤回の理由", "Why withdrawn", LINE_PLAIN},
    {"withdrawn_for", "撤回された引用元", "Withdrawn with", LINE_PLAIN},
    {"id", "識別子", "ID", LINE_PLAIN},
    {"community", "コミュニティ", "Community", LINE_PLAIN},
    {"from", "発信元", "From", LINE_PLAIN},
    {"attested_by", "内容を証明する組織", "Attested by", LINE_PLAIN},
    {"person", "発信者", "Written by", LINE_PLAIN},
    {"to", "宛先", "To", LINE_LIST},
    {"kind", "種別", "Kind", LINE_KIND},
    {"urgent", "緊急", "Urgent", LINE_FLAG},
    {"drill", "訓練", "Drill", LINE_FLAG},
    {"number", "報番号", "Report number", LINE_NUMBER},
    {"final", "最終報", "Final report", LINE_FLAG},
    {"follows", "前の報告", "Follows", LINE_PLAIN},
    {"followed_by", "続報", "Followed by", LINE_LIST},
    {"quoted", "引用元", "Quotes", LINE_PLAIN},
    {"created_at", "作成", "Created", LINE_TIME},
    {"received_at", "受信", "Received", LINE_TIME},
    {"expires_at", "有効期限", "Expires", LINE_TIME},
    {"subject", "件名", "Subject", LINE_PLAIN},
};

static void put_value(nrs_writer *to, const struct head_line *line, const json_t *value)
{
    const char *text = json_string_value(value);
    const nrs_term *term = NULL;
    char buffer[64];

    switch (line->form) {
    case LINE_TIME:
        if (text != NULL) {
            nrs_put_time(to, text);
        }
        return;
    case LINE_KIND:
        term = text == NULL ? NULL : nrs_vocabulary_by_code(NRS_VOCABULARY_KIND, text);
        text = term == NULL ? text : to->japanese ? term->ja : term->en;
        break;
    case LINE_FLAG:
        text = to->japanese ? "はい" : "yes";
        break;
    case LINE_NUMBER:
        snprintf(buffer, sizeof buffer, "%lld", (long long)json_integer_value(value));
        text = buffer;
        break;
    case LINE_LIST:
        nrs_put_list(to, value);
        break;
    case LINE_PLAIN:
        break;
    }
    if (text != NULL) {
        nrs_put_one_line(to, text);
    }
}

void nrs_put_head(nrs_writer *to, const json_t *report)
{
    const bool drill = json_is_true(json_object_get(report, "drill"));

    for (size_t i = 0; i < sizeof head_lines / sizeof head_lines[0]; i++) {
        const json_t *value = json_object_get(report, head_lines[i].key);

        if (nrs_says_something(value)) {
            nrs_put_name(to, head_lines[i].ja, head_lines[i].en);
            if (drill && strcmp(head_lines[i].key, "subject") == 0) { /* nobody may take a drill for the real thing */
                nrs_put(to, to->japanese ? "【訓練】" : "[DRILL] ");
            }
            put_value(to, &head_lines[i], value);
            nrs_put(to, "\n");
        }
    }
    nrs_put_way(to, report);
}

/* What another node took for a code may have lines. */
static void put_unknown(nrs_writer *to, nrs_slice entry)
{
    for (size_t i = 0; i < entry.size && to->error == NRS_OK; i++) {
        to->error = nrs_bytes_append_u8(&to->text, to->apart && entry.data[i] == '\n' ? (uint8_t)' ' : entry.data[i]);
    }
}

/* A list of codes, each with its name; what is no code of the vocabulary stands as it is. */
static void put_codes(nrs_writer *to, nrs_vocabulary vocabulary, const char *list)
{
    while (list[0] != '\0' && to->error == NRS_OK) {
        const size_t size = strcspn(list, ",");
        char code[64] = "";
        const nrs_term *term = NULL;
        nrs_slice entry = nrs_slice_of(list, size);

        while (entry.size > 0 && memchr(" \t\r\n", entry.data[0], 4) != NULL) {
            entry.data++;
            entry.size--;
        }
        while (entry.size > 0 && memchr(" \t\r\n", entry.data[entry.size - 1], 4) != NULL) {
            entry.size--;
        }
        if (entry.size < sizeof code) {
            memcpy(code, entry.data, entry.size);
            term = nrs_vocabulary_by_code(vocabulary, code);
        }
        if (term != NULL) {
            nrs_put(to, to->japanese ? term->ja : term->en);
            nrs_put(to, to->japanese ? "（" : " (");
            nrs_put(to, term->code);
            nrs_put(to, to->japanese ? "）" : ")");
        } else {
            put_unknown(to, entry);
        }
        list += size;
        if (list[0] == ',') {
            list++;
            nrs_put(to, to->japanese ? "、" : ", ");
        }
    }
}

static void put_value_of_field(nrs_writer *to, const char *text)
{
    if (strchr(text, '\n') != NULL) {
        nrs_put(to, "\n");
        nrs_put_text(to, text);
    } else {
        nrs_put(to, text);
    }
}

void nrs_put_fields(nrs_writer *to, const json_t *given)
{
    size_t count = 0;
    const nrs_form_field *fields = nrs_form_fields(&count);

    if (json_object_size(given) > 0) {
        nrs_put(to, "\n");
    }
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_object_get(given, fields[i].name));

        if (text != NULL) {
            nrs_put_name(to, fields[i].ja, fields[i].en);
            if (fields[i].vocabulary != 0) {
                put_codes(to, (nrs_vocabulary)fields[i].vocabulary, text);
            } else {
                put_value_of_field(to, text);
            }
            nrs_put(to, "\n");
        }
    }
}

void nrs_put_attachments(nrs_writer *to, const json_t *attachments)
{
    for (size_t i = 0; i < json_array_size(attachments); i++) {
        const json_t *one = json_array_get(attachments, i);
        const char *name = json_string_value(json_object_get(one, "name"));
        char size[32];

        nrs_put_name(to, "添付", "Attachment");
        nrs_put_one_line(to, name == NULL ? "?" : name);
        snprintf(size, sizeof size, " (%lld)\n", (long long)json_integer_value(json_object_get(one, "size")));
        nrs_put(to, size);
    }
}
