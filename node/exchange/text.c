#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/report.h"
#include "proto/assert.h"
#include "proto/bytes.h"
#include "proto/form.h"
#include "proto/label.h"
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
        if (to->style->time != NULL && text != NULL) {
            to->style->time(buffer, text);
            text = buffer;
        }
        break;
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

static void put_head(nrs_writer *to, const json_t *report)
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
        } else if (to->error == NRS_OK) {
            to->error = nrs_bytes_append(&to->text, entry);
        }
        list += size;
        if (list[0] == ',') {
            list++;
            nrs_put(to, to->japanese ? "、" : ", ");
        }
    }
}

static void put_fields(nrs_writer *to, const json_t *given)
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
                nrs_put(to, strchr(text, '\n') != NULL ? "\n" : "");
                nrs_put(to, text);
            }
            nrs_put(to, "\n");
        }
    }
}

static void put_attachments(nrs_writer *to, const json_t *attachments)
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

/* What a recipient may do, in the words of an agreement, right under the label. */
static void put_conditions(nrs_writer *to, const json_t *conditions)
{
    const char *pap = json_string_value(json_object_get(conditions, "permissible_actions"));
    const nrs_term *term = pap == NULL ? NULL : nrs_vocabulary_by_code(NRS_VOCABULARY_PAP, pap);
    static const struct {
        const char *key, *ja, *en;
    } answers[] = {
        {"affected_may_be_told", "影響を受ける当事者への通知", "Telling affected parties"},
        {"source_may_be_named", "情報源の明示", "Naming the source"},
    };
    bool any = term != NULL || json_is_true(json_object_get(conditions, "not_for_supervision"));

    if (term != NULL) {
        nrs_put(to, "PAP:");
        nrs_put(to, term->code);
        nrs_put(to, to->japanese ? "（" : " (");
        nrs_put(to, to->japanese ? term->ja : term->en);
        nrs_put(to, to->japanese ? "）\n" : ")\n");
    }
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        const json_t *answer = json_object_get(conditions, answers[i].key);

        if (json_is_boolean(answer)) {
            nrs_put_name(to, answers[i].ja, answers[i].en);
            nrs_put(to, to->japanese ? (json_is_true(answer) ? "可\n" : "不可\n") : (json_is_true(answer) ? "allowed\n" : "not allowed\n"));
            any = true;
        }
    }
    if (json_is_true(json_object_get(conditions, "not_for_supervision"))) {
        nrs_put(to, to->japanese ? "この情報は任意に提供されたものであり、監督、法執行その他の法的措置の根拠として用いてはなりません。\n"
                             : "This information was given voluntarily and must not be used for supervision, enforcement or legal action.\n");
    }
    nrs_put(to, any ? "\n" : "");
}

/* Whose word stands for a source that is not named, and how often it has been given. */
static void put_vouched(nrs_writer *to, const json_t *report)
{
    const json_t *vouched = json_object_get(report, "vouched");
    const char *from = json_string_value(json_object_get(report, "from"));
    const char *since = json_string_value(json_object_get(vouched, "since"));
    char count[32];

    if (!json_is_object(vouched) || from == NULL || since == NULL) {
        return;
    }
    snprintf(count, sizeof count, "%lld", (long long)json_integer_value(json_object_get(vouched, "count")));
    nrs_put(to, to->japanese ? "情報源は伏せられ、" : "The source is withheld; ");
    nrs_put_one_line(to, from);
    nrs_put(to, to->japanese ? "が保証しています（" : " vouches for it (number ");
    nrs_put(to, count);
    nrs_put(to, to->japanese ? "件目、" : " since ");
    to->error = to->error == NRS_OK ? nrs_bytes_append(&to->text, nrs_slice_of(since, strcspn(since, "T"))) : to->error;
    nrs_put(to, to->japanese ? "以降）。\n\n" : ").\n\n");
    if (json_is_string(json_object_get(report, "withdrawn_at")) && !json_is_string(json_object_get(report, "withdrawn_reason"))) { /* a hub of itself says why */
        nrs_put(to, to->japanese ? "情報源が取り下げたため、ハブが撤回しました。\n\n" : "Its source took it back, and so the hub has withdrawn it.\n\n");
    }
}

/* What the hub has asked about a report whose source is withheld. */
static void put_questions(nrs_writer *to, const json_t *questions)
{
    const json_t *one;
    size_t index;

    json_array_foreach(questions, index, one) {
        const char *text = json_string_value(json_object_get(one, "text"));

        nrs_put(to, to->japanese ? "質問（" : "Question (");
        nrs_put_one_line(to, json_string_value(json_object_get(one, "by")));
        nrs_put(to, to->japanese ? "）：\n" : "):\n");
        nrs_put(to, text);
        nrs_put(to, "\n\n");
    }
}

/* What others have answered to what the hub published of it, each under its own label and conditions. Who wrote it, and what, no signature but the hub's shows. */
static void put_replies(nrs_writer *to, const json_t *replies)
{
    const json_t *one;
    size_t index;

    json_array_foreach(replies, index, one) {
        const char *person = json_string_value(json_object_get(one, "person"));

        nrs_put(to, to->japanese ? "返信（" : "Reply (");
        nrs_put_one_line(to, json_string_value(json_object_get(one, "by")));
        if (person != NULL) {
            nrs_put(to, to->japanese ? "、" : ", ");
            nrs_put_one_line(to, person);
        }
        nrs_put(to, to->japanese ? "、TLP:" : ", TLP:");
        nrs_put_one_line(to, json_string_value(json_object_get(one, "label")));
        nrs_put(to, to->japanese ? "、ハブの言による）：\n" : ", as the hub says):\n");
        put_conditions(to, json_object_get(one, "conditions"));
        nrs_put(to, json_string_value(json_object_get(one, "text")));
        nrs_put(to, "\n\n");
    }
}

/* At a hub, of a reply to what it vouches for: whether its node carries it to the source. */
static void put_carried(nrs_writer *to, const json_t *carried)
{
    const char *at = json_string_value(json_object_get(carried, "at")), *source = json_string_value(json_object_get(carried, "source_report"));
    char buffer[64];

    if (!json_is_object(carried) || source == NULL) {
        return;
    }
    if (at != NULL) {
        nrs_put(to, to->japanese ? "このノードが、名を伏せた情報源に取り次ぎます（" : "This node passes it on to the source, which it does not name (");
        if (to->style->time != NULL) {
            to->style->time(buffer, at);
        }
        nrs_put(to, to->style->time != NULL ? buffer : at);
        nrs_put(to, to->japanese ? "）。\n\n" : ").\n\n");
        return;
    }
    nrs_put(to, to->japanese ? "情報源には取り次がれません。言葉を選んで尋ねるには：noroshi reply " : "It is not passed on to the source. To ask in your own words: noroshi reply ");
    nrs_put(to, source);
    nrs_put(to, "\n\n");
}

static const char *in_language(const json_t *object, bool japanese)
{
    const char *first = json_string_value(json_object_get(object, japanese ? "ja" : "en"));
    const char *second = json_string_value(json_object_get(object, japanese ? "en" : "ja"));

    return first != NULL ? first : second;
}

static void put_acceptance(nrs_writer *to, const json_t *acceptance)
{
    const char *stage = json_string_value(json_object_get(acceptance, "stage"));
    const char *person = json_string_value(json_object_get(acceptance, "person"));
    const char *user = json_string_value(json_object_get(acceptance, "user"));
    const char *at = json_string_value(json_object_get(acceptance, "at"));
    bool accepted = stage != NULL && strcmp(stage, "accepted") == 0;
    char buffer[64];

    if (stage == NULL || at == NULL) {
        return;
    }
    if (to->style->time != NULL) {
        to->style->time(buffer, at);
        at = buffer;
    }
    nrs_put_name(to, accepted ? "受諾" : "辞退", accepted ? "Accepted" : "Declined");
    nrs_put_one_line(to, person != NULL ? person : user != NULL ? user : "-");
    nrs_put(to, to->japanese ? "　" : ", ");
    nrs_put_one_line(to, at);
    nrs_put(to, "\n");
}

/* The texts under which the report is read, in the reader's language where it exists, before the body. */
static void put_disclaimers(nrs_writer *to, const json_t *report)
{
    const json_t *list = json_object_get(report, "disclaimers");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(one, "name"));
        const char *text = in_language(one, to->japanese);
        char version[48];

        nrs_put(to, "\n");
        nrs_put_name(to, "免責事項", "Disclaimer");
        nrs_put_one_line(to, name == NULL ? "?" : name);
        snprintf(version, sizeof version, to->japanese ? "（第%lld版）\n" : " (version %lld)\n",
                 (long long)json_integer_value(json_object_get(one, "version")));
        nrs_put(to, name == NULL ? "\n" : version);
        if (text == NULL) {
            nrs_put(to, to->japanese ? "（本文はこのノードの名簿にありません）" : "(its text is in no roster held here)");
        } else {
            nrs_put(to, text);
        }
        nrs_put(to, text != NULL && text[0] != '\0' && text[strlen(text) - 1] == '\n' ? "" : "\n");
    }
    put_acceptance(to, json_object_get(report, "acceptance"));
}

static void put_inner(nrs_writer *to, const json_t *report)
{
    const char *body = json_string_value(json_object_get(report, "body"));
    size_t size = body == NULL ? 0 : strlen(body);

    put_conditions(to, json_object_get(report, "conditions"));
    put_vouched(to, report);
    put_questions(to, json_object_get(report, "questions"));
    put_replies(to, json_object_get(report, "replies"));
    put_carried(to, json_object_get(report, "carried"));
    put_head(to, report);
    put_disclaimers(to, report);
    if (size > 0) {
        nrs_put(to, "\n");
        nrs_put(to, body);
        nrs_put(to, body[size - 1] == '\n' ? "" : "\n");
    }
    put_fields(to, json_object_get(report, "fields"));
    put_attachments(to, json_object_get(report, "attachments"));
}

static nrs_error write_text(char **text_out, const json_t *report, const nrs_exchange_style *style, bool with_label)
{
    const char *label = json_string_value(json_object_get(report, "label"));
    nrs_label parsed = NRS_LABEL_NONE;
    nrs_writer to = {.style = style};

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
