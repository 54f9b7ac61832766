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

/* Append pieces one after another, so that a failure is looked at once. */
typedef struct writer {
    nrs_bytes text;
    nrs_error error;
    bool japanese;
    const nrs_exchange_style *style;
} writer;

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

static void put(writer *to, const char *text)
{
    if (to->error == NRS_OK) {
        to->error = nrs_bytes_append(&to->text, nrs_slice_of_string(text));
    }
}

static void put_name(writer *to, const char *ja, const char *en)
{
    put(to, to->japanese ? ja : en);
    put(to, to->japanese ? "：" : ": ");
}

/* A line of the head is one line whatever stands in it, so that no value can pass for another line. */
static void put_one_line(writer *to, const char *text)
{
    for (const char *at = text; *at != '\0' && to->error == NRS_OK; at++) {
        to->error = nrs_bytes_append_u8(&to->text, (unsigned char)*at < 0x20 ? (uint8_t)' ' : (uint8_t)*at);
    }
}

static void put_list(writer *to, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));

        put(to, i > 0 ? ", " : "");
        put_one_line(to, text == NULL ? "" : text);
    }
}

static void put_value(writer *to, const struct head_line *line, const json_t *value)
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
        put_list(to, value);
        break;
    case LINE_PLAIN:
        break;
    }
    if (text != NULL) {
        put_one_line(to, text);
    }
}

/* Whether there is something to say: null, false, 0 and empty say nothing. */
static bool says_something(const json_t *value)
{
    return json_is_true(value) || json_integer_value(value) > 0 || json_string_length(value) > 0 || json_array_size(value) > 0;
}

/* "gas-hub（@gas）": an organisation, and its community where the row names one. */
static void put_org(writer *to, const json_t *row, const char *key)
{
    const char *org = json_string_value(json_object_get(row, key));
    const char *community = json_string_value(json_object_get(row, "community"));

    put_one_line(to, org == NULL ? "?" : org);
    if (community != NULL) {
        put(to, to->japanese ? "（@" : " (@");
        put_one_line(to, community);
        put(to, to->japanese ? "）" : ")");
    }
}

static const char *authority_in_words(const writer *to, const json_t *row)
{
    const char *authority = json_string_value(json_object_get(row, "authority"));

    if (authority != NULL && strcmp(authority, "release") == 0) {
        return to->japanese ? "発信元の許可による" : "on the sender's release";
    }
    return to->japanese ? "発信元の展開の同意による" : "on the sender's onward consent";
}

/* When the source signed its permission. */
static void put_released(writer *to, const json_t *row)
{
    const char *at = json_string_value(json_object_get(row, "released_at"));
    char buffer[64];

    if (at == NULL) {
        return;
    }
    if (to->style->time != NULL) {
        to->style->time(buffer, at);
        at = buffer;
    }
    put(to, to->japanese ? "（" : " (");
    put_one_line(to, at);
    put(to, to->japanese ? "）" : ")");
}

/* How this node came to have it, and who else was let in by whom, where that was not the sender. */
static void put_way(writer *to, const json_t *report)
{
    const json_t *by = json_object_get(report, "let_in_by");
    const json_t *others = json_object_get(report, "let_in");
    const char *separator = to->japanese ? "、" : ", ";

    if (says_something(json_object_get(report, "onward"))) {
        put_name(to, "展開の同意", "Onward consent");
        put_list(to, json_object_get(report, "onward"));
        put(to, "\n");
    }
    if (json_is_object(by)) {
        put_name(to, "展開元", "Passed on by");
        put_org(to, by, "by");
        put(to, separator);
        put(to, authority_in_words(to, by));
        put_released(to, by);
        put(to, "\n");
    }
    for (size_t i = 0; i < json_array_size(others); i++) {
        const json_t *one = json_array_get(others, i);
        const char *hub = json_string_value(json_object_get(one, "by"));

        put_name(to, "展開先", "Passed on to");
        put_org(to, one, "org");
        put(to, separator);
        put_name(to, "展開元", "by");
        put_one_line(to, hub == NULL ? "?" : hub);
        put(to, separator);
        put(to, authority_in_words(to, one));
        put_released(to, one);
        put(to, "\n");
    }
}

static void put_head(writer *to, const json_t *report)
{
    const bool drill = json_is_true(json_object_get(report, "drill"));

    for (size_t i = 0; i < sizeof head_lines / sizeof head_lines[0]; i++) {
        const json_t *value = json_object_get(report, head_lines[i].key);

        if (says_something(value)) {
            put_name(to, head_lines[i].ja, head_lines[i].en);
            if (drill && strcmp(head_lines[i].key, "subject") == 0) { /* nobody may take a drill for the real thing */
                put(to, to->japanese ? "【訓練】" : "[DRILL] ");
            }
            put_value(to, &head_lines[i], value);
            put(to, "\n");
        }
    }
    put_way(to, report);
}

/* A list of codes, each with its name; what is no code of the vocabulary stands as it is. */
static void put_codes(writer *to, nrs_vocabulary vocabulary, const char *list)
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
            put(to, to->japanese ? term->ja : term->en);
            put(to, to->japanese ? "（" : " (");
            put(to, term->code);
            put(to, to->japanese ? "）" : ")");
        } else if (to->error == NRS_OK) {
            to->error = nrs_bytes_append(&to->text, entry);
        }
        list += size;
        if (list[0] == ',') {
            list++;
            put(to, to->japanese ? "、" : ", ");
        }
    }
}

static void put_fields(writer *to, const json_t *given)
{
    size_t count = 0;
    const nrs_form_field *fields = nrs_form_fields(&count);

    if (json_object_size(given) > 0) {
        put(to, "\n");
    }
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_object_get(given, fields[i].name));

        if (text != NULL) {
            put_name(to, fields[i].ja, fields[i].en);
            if (fields[i].vocabulary != 0) {
                put_codes(to, (nrs_vocabulary)fields[i].vocabulary, text);
            } else {
                put(to, strchr(text, '\n') != NULL ? "\n" : "");
                put(to, text);
            }
            put(to, "\n");
        }
    }
}

static void put_attachments(writer *to, const json_t *attachments)
{
    for (size_t i = 0; i < json_array_size(attachments); i++) {
        const json_t *one = json_array_get(attachments, i);
        const char *name = json_string_value(json_object_get(one, "name"));
        char size[32];

        put_name(to, "添付", "Attachment");
        put_one_line(to, name == NULL ? "?" : name);
        snprintf(size, sizeof size, " (%lld)\n", (long long)json_integer_value(json_object_get(one, "size")));
        put(to, size);
    }
}

/* What a recipient may do, in the words of an agreement, right under the label. */
static void put_conditions(writer *to, const json_t *conditions)
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
        put(to, "PAP:");
        put(to, term->code);
        put(to, to->japanese ? "（" : " (");
        put(to, to->japanese ? term->ja : term->en);
        put(to, to->japanese ? "）\n" : ")\n");
    }
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        const json_t *answer = json_object_get(conditions, answers[i].key);

        if (json_is_boolean(answer)) {
            put_name(to, answers[i].ja, answers[i].en);
            put(to, to->japanese ? (json_is_true(answer) ? "可\n" : "不可\n") : (json_is_true(answer) ? "allowed\n" : "not allowed\n"));
            any = true;
        }
    }
    if (json_is_true(json_object_get(conditions, "not_for_supervision"))) {
        put(to, to->japanese ? "この情報は任意に提供されたものであり、監督、法執行その他の法的措置の根拠として用いてはなりません。\n"
                             : "This information was given voluntarily and must not be used for supervision, enforcement or legal action.\n");
    }
    put(to, any ? "\n" : "");
}

/* Whose word stands for a source that is not named, and how often it has been given. */
static void put_vouched(writer *to, const json_t *report)
{
    const json_t *vouched = json_object_get(report, "vouched");
    const char *from = json_string_value(json_object_get(report, "from"));
    const char *since = json_string_value(json_object_get(vouched, "since"));
    char count[32];

    if (!json_is_object(vouched) || from == NULL || since == NULL) {
        return;
    }
    snprintf(count, sizeof count, "%lld", (long long)json_integer_value(json_object_get(vouched, "count")));
    put(to, to->japanese ? "情報源は伏せられ、" : "The source is withheld; ");
    put_one_line(to, from);
    put(to, to->japanese ? "が保証しています（" : " vouches for it (number ");
    put(to, count);
    put(to, to->japanese ? "件目、" : " since ");
    to->error = to->error == NRS_OK ? nrs_bytes_append(&to->text, nrs_slice_of(since, strcspn(since, "T"))) : to->error;
    put(to, to->japanese ? "以降）。\n\n" : ").\n\n");
    if (json_is_string(json_object_get(report, "withdrawn_at")) && !json_is_string(json_object_get(report, "withdrawn_reason"))) { /* a hub of itself says why */
        put(to, to->japanese ? "情報源が取り下げたため、ハブが撤回しました。\n\n" : "Its source took it back, and so the hub has withdrawn it.\n\n");
    }
}

/* What the hub has asked about a report whose source is withheld. */
static void put_questions(writer *to, const json_t *questions)
{
    const json_t *one;
    size_t index;

    json_array_foreach(questions, index, one) {
        const char *text = json_string_value(json_object_get(one, "text"));

        put(to, to->japanese ? "質問（" : "Question (");
        put_one_line(to, json_string_value(json_object_get(one, "by")));
        put(to, to->japanese ? "）：\n" : "):\n");
        put(to, text);
        put(to, "\n\n");
    }
}

/* What others have answered to what the hub published of it, each under its own label and conditions. Who wrote it, and what, no signature but the hub's shows. */
static void put_replies(writer *to, const json_t *replies)
{
    const json_t *one;
    size_t index;

    json_array_foreach(replies, index, one) {
        const char *person = json_string_value(json_object_get(one, "person"));

        put(to, to->japanese ? "返信（" : "Reply (");
        put_one_line(to, json_string_value(json_object_get(one, "by")));
        if (person != NULL) {
            put(to, to->japanese ? "、" : ", ");
            put_one_line(to, person);
        }
        put(to, to->japanese ? "、TLP:" : ", TLP:");
        put_one_line(to, json_string_value(json_object_get(one, "label")));
        put(to, to->japanese ? "、ハブの言による）：\n" : ", as the hub says):\n");
        put_conditions(to, json_object_get(one, "conditions"));
        put(to, json_string_value(json_object_get(one, "text")));
        put(to, "\n\n");
    }
}

/* At a hub, of a reply to what it vouches for: whether its node carries it to the source. */
static void put_carried(writer *to, const json_t *carried)
{
    const char *at = json_string_value(json_object_get(carried, "at")), *source = json_string_value(json_object_get(carried, "source_report"));
    char buffer[64];

    if (!json_is_object(carried) || source == NULL) {
        return;
    }
    if (at != NULL) {
        put(to, to->japanese ? "このノードが、名を伏せた情報源に取り次ぎます（" : "This node passes it on to the source, which it does not name (");
        if (to->style->time != NULL) {
            to->style->time(buffer, at);
        }
        put(to, to->style->time != NULL ? buffer : at);
        put(to, to->japanese ? "）。\n\n" : ").\n\n");
        return;
    }
    put(to, to->japanese ? "情報源には取り次がれません。言葉を選んで尋ねるには：noroshi reply " : "It is not passed on to the source. To ask in your own words: noroshi reply ");
    put(to, source);
    put(to, "\n\n");
}

static const char *in_language(const json_t *object, bool japanese)
{
    const char *first = json_string_value(json_object_get(object, japanese ? "ja" : "en"));
    const char *second = json_string_value(json_object_get(object, japanese ? "en" : "ja"));

    return first != NULL ? first : second;
}

static void put_acceptance(writer *to, const json_t *acceptance)
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
    put_name(to, accepted ? "受諾" : "辞退", accepted ? "Accepted" : "Declined");
    put_one_line(to, person != NULL ? person : user != NULL ? user : "-");
    put(to, to->japanese ? "　" : ", ");
    put_one_line(to, at);
    put(to, "\n");
}

/* The texts under which the report is read, in the reader's language where it exists, before the body. */
static void put_disclaimers(writer *to, const json_t *report)
{
    const json_t *list = json_object_get(report, "disclaimers");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(one, "name"));
        const char *text = in_language(one, to->japanese);
        char version[48];

        put(to, "\n");
        put_name(to, "免責事項", "Disclaimer");
        put_one_line(to, name == NULL ? "?" : name);
        snprintf(version, sizeof version, to->japanese ? "（第%lld版）\n" : " (version %lld)\n",
                 (long long)json_integer_value(json_object_get(one, "version")));
        put(to, name == NULL ? "\n" : version);
        if (text == NULL) {
            put(to, to->japanese ? "（本文はこのノードの名簿にありません）" : "(its text is in no roster held here)");
        } else {
            put(to, text);
        }
        put(to, text != NULL && text[0] != '\0' && text[strlen(text) - 1] == '\n' ? "" : "\n");
    }
    put_acceptance(to, json_object_get(report, "acceptance"));
}

static void put_inner(writer *to, const json_t *report)
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
        put(to, "\n");
        put(to, body);
        put(to, body[size - 1] == '\n' ? "" : "\n");
    }
    put_fields(to, json_object_get(report, "fields"));
    put_attachments(to, json_object_get(report, "attachments"));
}

static nrs_error write_text(char **text_out, const json_t *report, const nrs_exchange_style *style, bool with_label)
{
    const char *label = json_string_value(json_object_get(report, "label"));
    nrs_label parsed = NRS_LABEL_NONE;
    writer to = {.style = style};

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
            put(&to, line == 1 ? "\nTLP:" : "TLP:");
            put(&to, nrs_label_name(parsed));
            put(&to, line == 1 ? "\n" : "\n\n");
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
