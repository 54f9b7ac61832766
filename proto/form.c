/* The fields of the report form, and how a filled one is read. */
#include "proto/form.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/address.h"
#include "proto/assert.h"
#include "proto/label.h"
#include "proto/limits.h"
#include "proto/vocabulary.h"

enum {
    FIELD_SUBJECT = 0,
    FIELD_KIND = 1,
    FIELD_TLP = 2,
    FIELD_SUMMARY = 3,
    FIELD_TO = 4,
    FIELD_NUMBER = 5,
    FIELD_FINAL = 6,
    FIELD_COUNT = 27
};

static const nrs_form_field fields[FIELD_COUNT] = {
    [FIELD_SUBJECT] = {"subject", "件名", "Subject", 1, 0, NRS_FORM_BOTH, 0},
    [FIELD_KIND] = {"kind", "種別", "Kind", 1, NRS_VOCABULARY_KIND, NRS_FORM_BOTH, 0},
    [FIELD_TLP] = {"tlp", "情報共有範囲（TLP）", "Sharing range (TLP)", 1, 0, NRS_FORM_BOTH, 0},
    [FIELD_SUMMARY] = {"summary", "概要", "Summary", 1, 0, NRS_FORM_BOTH, 0},
    [FIELD_TO] = {"to", "宛先", "Addressees", 0, 0, NRS_FORM_BOTH, 0},
    [FIELD_NUMBER] = {"number", "第n報", "Number of the report", 0, 0, NRS_FORM_BOTH, 0},
    [FIELD_FINAL] = {"final", "最終報", "Final report", 0, 0, NRS_FORM_BOTH, 0},
    {"reported_at", "連絡日時", "Reported at", 0, 0, NRS_FORM_DAMAGE, NRS_FORM_DATES_SOURCE},
    {"reporter", "連絡元・担当・連絡先", "Reporter, person in charge, contact", 0, 0, NRS_FORM_DAMAGE, NRS_FORM_NAMES_SOURCE},
    {"sector", "分野", "Sector", 0, 0, NRS_FORM_DAMAGE, 0},
    {"event_type", "事象の類型", "Type of event", 0, NRS_VOCABULARY_EVENT_TYPE, NRS_FORM_TECHNICAL, 0},
    {"cause", "原因の類型（複数可）", "Causes (several may be chosen)", 0, NRS_VOCABULARY_CAUSE, NRS_FORM_TECHNICAL, 0},
    {"occurred_at", "発生日時", "Occurred at", 0, 0, NRS_FORM_DAMAGE, 0},
    {"noticed_at", "認知日時", "Noticed at", 0, 0, NRS_FORM_DAMAGE, 0},
    {"system", "システム名", "System", 0, 0, NRS_FORM_DAMAGE, NRS_FORM_NAMES_SOURCE},
    {"impact", "影響（サービス維持レベルからの逸脱の有無）", "Impact (was the service level kept?)", 0, 0, NRS_FORM_DAMAGE, 0},
    {"spillover", "他の事業者等への波及可能性", "Possible spillover to others", 0, 0, NRS_FORM_TECHNICAL, 0},
    {"timeline", "時系列", "Timeline", 0, 0, NRS_FORM_DAMAGE, 0},
    {"response", "対応状況・復旧見込み", "Response, expected restoration", 0, 0, NRS_FORM_DAMAGE, 0},
    {"publication", "公表・報道の状況", "Publication and press", 0, 0, NRS_FORM_DAMAGE, NRS_FORM_NAMES_SOURCE},
    {"other_reports", "他機関への連絡状況", "Reports to other bodies", 0, 0, NRS_FORM_DAMAGE, NRS_FORM_NAMES_SOURCE},
    {"lessons", "教訓", "Lessons", 0, 0, NRS_FORM_TECHNICAL, 0},
    {"references", "参照", "References", 0, 0, NRS_FORM_TECHNICAL, NRS_FORM_NAMES_SOURCE},
    {"pap", "許容される措置（PAP）", "Permissible actions (PAP)", 0, NRS_VOCABULARY_PAP, NRS_FORM_BOTH, 0},
    {"tell_affected", "影響を受ける当事者への通知", "May affected parties be told?", 0, NRS_VOCABULARY_ANSWER, NRS_FORM_BOTH, 0},
    {"name_source", "情報源の明示", "May the source be named?", 0, NRS_VOCABULARY_ANSWER, NRS_FORM_BOTH, 0},
    {"not_for_supervision", "監督・執行等への不使用を求める", "Not to be used for supervision, enforcement or legal action", 0,
     NRS_VOCABULARY_ANSWER, NRS_FORM_BOTH, 0},
};

static const char ideographic_space[] = "\xe3\x80\x80"; /* U+3000, what a Japanese keyboard types */
static const char fullwidth_colon[] = "\xef\xbc\x9a";   /* U+FF1A */
static const char byte_order_mark[] = "\xef\xbb\xbf";   /* U+FEFF, what some editors put first */

_Static_assert(FIELD_COUNT <= sizeof(((nrs_form *)0)->values) / sizeof(char *), "a form holds every field");

typedef struct parser {
    nrs_form form;
    size_t lines[FIELD_COUNT]; /* where each field began; 0 when it has not */
    size_t line;
    size_t field;        /* whose value is being read; FIELD_COUNT before the first */
    nrs_bytes value;     /* of that field so far */
    size_t blank_count;  /* blank lines that belong to the value only if it goes on */
    size_t indent_count; /* taken off each further line of the value; 0 until the first of them */
    nrs_form_fault fault;
} parser;

const nrs_form_field *nrs_form_fields(size_t *count_out)
{
    NRS_ASSERT(count_out != NULL);
    *count_out = FIELD_COUNT;
    return fields;
}

bool nrs_form_is_plain(size_t index)
{
    static const char *const apart[] = {"subject", "kind",  "tlp",           "summary",     "to",
                                        "number",  "final", "pap", "tell_affected", "name_source", "not_for_supervision"};

    NRS_ASSERT(index < FIELD_COUNT);
    for (size_t i = 0; i < sizeof apart / sizeof apart[0]; i++) {
        if (strcmp(fields[index].name, apart[i]) == 0) {
            return false;
        }
    }
    return true;
}

const nrs_form_field *nrs_form_field_named(const char *name)
{
    NRS_ASSERT(name != NULL);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            return &fields[i];
        }
    }
    return NULL;
}

int nrs_form_part_parse(const char *word)
{
    NRS_ASSERT(word != NULL);
    return strcmp(word, "technical") == 0 ? NRS_FORM_TECHNICAL : strcmp(word, "damage") == 0 ? NRS_FORM_DAMAGE : NRS_FORM_BOTH;
}

static bool starts_with(nrs_slice text, const char *prefix)
{
    size_t size = strlen(prefix);

    return text.size >= size && memcmp(text.data, prefix, size) == 0;
}

static void advance(nrs_slice *text, size_t size)
{
    NRS_ASSERT(size <= text->size);
    if (size > 0) {
        text->data += size;
        text->size -= size;
    }
}

/* The size of the blank at the head of the text; 0 when there is none. */
static size_t blank_size(nrs_slice text)
{
    if (text.size > 0 && memchr(" \t\n", text.data[0], 3) != NULL) {
        return 1;
    }
    return starts_with(text, ideographic_space) ? sizeof ideographic_space - 1 : 0;
}

static nrs_slice trim(nrs_slice text)
{
    while (blank_size(text) > 0) {
        advance(&text, blank_size(text));
    }
    while (text.size > 0) {
        size_t size = text.size >= 3 && memcmp(text.data + text.size - 3, ideographic_space, 3) == 0 ? 3 : 1;

        if (blank_size(nrs_slice_of(text.data + text.size - size, size)) != size) {
            break;
        }
        text.size -= size;
    }
    return text;
}

/* A zero-terminated copy, for what takes strings. The text is valid UTF-8, so it holds no zero. */
static nrs_error copy_string(char **string_out, nrs_slice text)
{
    char *string = malloc(text.size + 1);

    if (string == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    if (text.size > 0) {
        memcpy(string, text.data, text.size);
    }
    string[text.size] = '\0';
    *string_out = string;
    return NRS_OK;
}

static void wipe_string(char **string)
{
    if (*string != NULL) {
        size_t size = strlen(*string);
        nrs_bytes bytes = {(uint8_t *)*string, size, size};

        nrs_bytes_wipe(&bytes);
        *string = NULL;
    }
}

/* One entry of a list, or the whole value of a field that is no list. */
static nrs_error check_entry(size_t field, const char *entry)
{
    nrs_address address;

    if (field == FIELD_TO) {
        return nrs_address_parse(&address, entry);
    }
    if (nrs_vocabulary_by_code((nrs_vocabulary)fields[field].vocabulary, entry) != NULL) {
        return NRS_OK;
    }
    return field == FIELD_KIND ? NRS_ERROR_UNKNOWN_KIND : NRS_ERROR_UNKNOWN_FLAG;
}

static nrs_error check_list(size_t field, nrs_slice list)
{
    nrs_error error = NRS_OK;
    bool more = true;

    while (error == NRS_OK && more) {
        const uint8_t *comma = list.size == 0 ? NULL : memchr(list.data, ',', list.size);
        size_t size = comma == NULL ? list.size : (size_t)(comma - list.data);
        char *entry = NULL;

        error = copy_string(&entry, trim(nrs_slice_of(list.data, size)));
        if (error == NRS_OK) {
            error = check_entry(field, entry);
        }
        wipe_string(&entry);
        more = comma != NULL;
        advance(&list, more ? size + 1 : size);
    }
    return error;
}

static nrs_error check_number(const char *value)
{
    uint64_t number = 0;
    size_t size = strspn(value, "0123456789");

    if (size == 0 || size > 10 || value[size] != '\0') {
        return NRS_ERROR_MALFORMED;
    }
    for (size_t i = 0; i < size; i++) {
        number = number * 10 + (uint64_t)(value[i] - '0');
    }
    return number >= 1 && number <= UINT32_MAX ? NRS_OK : NRS_ERROR_MALFORMED;
}

static nrs_error check_value(size_t field, const char *value)
{
    size_t size = strlen(value);
    bool lists = field == FIELD_TO || (fields[field].vocabulary != 0 && field != FIELD_KIND);
    nrs_label label;

    if (size > (field == FIELD_SUBJECT   ? NRS_SUBJECT_SIZE_MAX
                : field == FIELD_SUMMARY ? NRS_BODY_TEXT_SIZE_MAX
                                         : NRS_FIELD_VALUE_SIZE_MAX)) {
        return NRS_ERROR_TOO_LARGE;
    }
    if (field == FIELD_SUBJECT) {
        return strchr(value, '\n') == NULL ? NRS_OK : NRS_ERROR_MALFORMED;
    }
    if (field == FIELD_TLP) {
        return nrs_label_parse(&label, value);
    }
    if (field == FIELD_NUMBER) {
        return check_number(value);
    }
    if (field == FIELD_FINAL) {
        return strcmp(value, "yes") == 0 || strcmp(value, "no") == 0 ? NRS_OK : NRS_ERROR_UNKNOWN_FLAG;
    }
    if (fields[field].vocabulary == NRS_VOCABULARY_KIND || fields[field].vocabulary == NRS_VOCABULARY_PAP ||
        fields[field].vocabulary == NRS_VOCABULARY_ANSWER) { /* one word */
        return check_entry(field, value);
    }
    return lists ? check_list(field, nrs_slice_of_string(value)) : NRS_OK;
}

static nrs_error fail_at(parser *at, nrs_error error, nrs_form_reason reason, size_t field)
{
    at->fault.reason = reason;
    at->fault.field = field < FIELD_COUNT ? &fields[field] : NULL;
    return error;
}

/* The value of the current field is complete. */
static nrs_error finish_field(parser *at)
{
    nrs_slice value = trim(nrs_slice_of_bytes(&at->value));
    nrs_error error = NRS_OK;

    if (at->field < FIELD_COUNT && value.size > 0) {
        error = copy_string(&at->form.values[at->field], value);
        if (error == NRS_OK) {
            error = check_value(at->field, at->form.values[at->field]);
        }
        if (error != NRS_OK) {
            at->line = at->lines[at->field];
            error = fail_at(at, error, NRS_FORM_BAD_VALUE, at->field);
        }
    }
    nrs_bytes_wipe(&at->value);
    at->blank_count = 0;
    at->indent_count = 0;
    return error;
}

/* What fits of the name, up to a whole code point. */
static void keep_name(parser *at, nrs_slice name)
{
    size_t size = name.size < sizeof at->fault.name ? name.size : sizeof at->fault.name - 1;

    while (size > 0 && size < name.size && (name.data[size] & 0xc0) == 0x80) {
        size--;
    }
    if (size > 0) {
        memcpy(at->fault.name, name.data, size);
    }
    at->fault.name[size] = '\0';
}

/* "name: value" begins a field. */
static nrs_error begin_field(parser *at, nrs_slice line)
{
    nrs_error error = finish_field(at);
    size_t field = 0;
    nrs_slice name = line;
    size_t separator_size = 0;

    if (error != NRS_OK) {
        return error;
    }
    for (size_t i = 0; i < line.size && separator_size == 0; i++) {
        nrs_slice rest = nrs_slice_of(line.data + i, line.size - i);

        separator_size = rest.data[0] == ':' ? 1 : starts_with(rest, fullwidth_colon) ? sizeof fullwidth_colon - 1 : 0;
        name.size = i;
    }
    if (separator_size == 0) {
        return fail_at(at, NRS_ERROR_MALFORMED, NRS_FORM_NO_FIELD, FIELD_COUNT);
    }
    advance(&line, name.size + separator_size);
    name = trim(name);
    while (field < FIELD_COUNT && !nrs_slice_equal(name, nrs_slice_of_string(fields[field].name))) {
        field++;
    }
    if (field == FIELD_COUNT) {
        keep_name(at, name);
        return fail_at(at, NRS_ERROR_MALFORMED, NRS_FORM_UNKNOWN_FIELD, FIELD_COUNT);
    }
    if (at->lines[field] != 0) {
        return fail_at(at, NRS_ERROR_MALFORMED, NRS_FORM_TWICE, field);
    }
    at->field = field;
    at->lines[field] = at->line;
    return nrs_bytes_append(&at->value, trim(line));
}

/* An indented line goes on with the value; the indentation of the first such line is taken off all of them. */
static nrs_error continue_field(parser *at, nrs_slice line)
{
    size_t taken = 0;
    nrs_error error = NRS_OK;

    if (at->field == FIELD_COUNT) {
        return fail_at(at, NRS_ERROR_MALFORMED, NRS_FORM_NO_FIELD, FIELD_COUNT);
    }
    while (blank_size(line) > 0 && (at->indent_count == 0 || taken < at->indent_count)) {
        advance(&line, blank_size(line));
        taken++;
    }
    at->indent_count = at->indent_count == 0 ? taken : at->indent_count;
    for (size_t i = 0; error == NRS_OK && i < at->blank_count + 1 && at->value.size > 0; i++) {
        error = nrs_bytes_append_u8(&at->value, '\n');
    }
    at->blank_count = 0;
    return error == NRS_OK ? nrs_bytes_append(&at->value, line) : error;
}

static nrs_error parse_line(parser *at, nrs_slice line)
{
    if (line.size > 0 && line.data[line.size - 1] == '\r') {
        line.size--;
    }
    if (!nrs_utf8_valid(line)) {
        return NRS_ERROR_BAD_UTF8;
    }
    if (line.size > 0 && memchr(line.data, '\r', line.size) != NULL) {
        return NRS_ERROR_MALFORMED;
    }
    if (starts_with(line, "#")) {
        return NRS_OK;
    }
    if (trim(line).size == 0) {
        at->blank_count++;
        return NRS_OK;
    }
    return blank_size(line) > 0 ? continue_field(at, line) : begin_field(at, line);
}

static nrs_error parse_lines(parser *at, nrs_slice text)
{
    nrs_error error = NRS_OK;

    if (starts_with(text, byte_order_mark)) {
        advance(&text, sizeof byte_order_mark - 1);
    }
    while (error == NRS_OK && text.size > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        size_t size = end == NULL ? text.size : (size_t)(end - text.data);

        at->line++;
        error = parse_line(at, nrs_slice_of(text.data, size));
        advance(&text, end == NULL ? size : size + 1);
    }
    return error == NRS_OK ? finish_field(at) : error;
}

static nrs_error check_required(parser *at)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (fields[i].required && at->form.values[i] == NULL) {
            at->line = at->lines[i] != 0 ? at->lines[i] : at->line; /* where it stands empty, else the end */
            return fail_at(at, i == FIELD_TLP ? NRS_ERROR_LABEL_MISSING : NRS_ERROR_MALFORMED, NRS_FORM_MISSING, i);
        }
    }
    return NRS_OK;
}

static nrs_error parse(nrs_form *form_out, nrs_form_fault *fault_out, nrs_slice text, bool whole)
{
    parser at = {.field = FIELD_COUNT, .fault = {.reason = NRS_FORM_BAD_TEXT}};
    nrs_error error = text.size > NRS_FILE_SIZE_MAX ? NRS_ERROR_TOO_LARGE : parse_lines(&at, text);

    if (error == NRS_OK && whole) {
        error = check_required(&at);
    }
    if (error == NRS_OK) {
        *form_out = at.form;
        at.form = (nrs_form){{0}};
    } else {
        at.fault.line = at.line > 0 ? at.line : 1;
        *fault_out = at.fault;
    }
    nrs_bytes_wipe(&at.value);
    nrs_form_wipe(&at.form);
    return error;
}

nrs_error nrs_form_parse(nrs_form *form_out, size_t *line_out, nrs_slice text)
{
    nrs_form_fault fault = {0};
    nrs_error error;

    NRS_ASSERT(form_out != NULL);
    NRS_ASSERT(line_out != NULL);
    NRS_ASSERT(text.data != NULL || text.size == 0);

    error = parse(form_out, &fault, text, true);
    if (error != NRS_OK) {
        *line_out = fault.line;
    }
    return error;
}

nrs_error nrs_form_parse_partial(nrs_form *form_out, nrs_form_fault *fault_out, nrs_slice text)
{
    NRS_ASSERT(form_out != NULL);
    NRS_ASSERT(fault_out != NULL);
    NRS_ASSERT(text.data != NULL || text.size == 0);

    return parse(form_out, fault_out, text, false);
}

const char *nrs_form_get(const nrs_form *form, const char *name)
{
    NRS_ASSERT(form != NULL);
    NRS_ASSERT(name != NULL);

    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            return form->values[i];
        }
    }
    return NULL;
}

void nrs_form_wipe(nrs_form *form)
{
    NRS_ASSERT(form != NULL);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        wipe_string(&form->values[i]);
    }
}
