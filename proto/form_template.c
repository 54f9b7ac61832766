/* The empty form: every field with its name and the codes it takes, so that no manual is needed beside the editor. */
#include <stdbool.h>
#include <string.h>

#include "proto/assert.h"
#include "proto/form.h"
#include "proto/vocabulary.h"

/* What a field's comment says beyond its name. */
static const struct {
    const char *field;
    const char *ja;
    const char *en;
} hints[] = {
    {"tlp",
     "#   CLEAR         公開\n"
     "#   GREEN         重要インフラ関係主体限り\n"
     "#   AMBER         関係者限り\n"
     "#   AMBER+STRICT  関係者限り（宛先の組織内のみ）\n"
     "#   RED           宛先限り（個人）\n",
     "#   CLEAR         public\n"
     "#   GREEN         the community\n"
     "#   AMBER         the recipients' organisations and their clients, need to know\n"
     "#   AMBER+STRICT  the recipients' organisations only, need to know\n"
     "#   RED           the named persons only\n"},
    {"to", "#   @コミュニティ、組織、個人@組織をコンマで区切る\n",
     "#   @community, organisation or person@organisation, separated by commas\n"},
    {"number", "#   1から始まる数字\n", "#   a number from 1\n"},
    {"final", "#   yes または no\n", "#   yes or no\n"},
    {"reported_at", "#   例: 2026-11-23T12:40:00+09:00（言葉でもよい）\n", "#   such as 2026-11-23T12:40:00+09:00, or in words\n"},
    {"occurred_at", "#   例: 2026-11-23T12:40:00+09:00（不明、6時頃など、言葉でもよい）\n", "#   such as 2026-11-23T12:40:00+09:00, or in words: unknown, about 6\n"},
    {"noticed_at", "#   例: 2026-11-23T12:40:00+09:00（言葉でもよい）\n", "#   such as 2026-11-23T12:40:00+09:00, or in words\n"},
    {"cause", "#   コンマで区切る\n", "#   separated by commas\n"},
};

static const char intro_ja[] = "# 情報連絡様式\n"
                               "# 「項目: 値」の形で書き、続きの行は字下げする。「#」で始まる行は読まれない。\n"
                               "# 必須でない項目は空のままでよい。\n";
static const char intro_en[] =
    "# Report form\n"
    "# Write \"field: value\"; a value goes on over indented lines. Lines that begin with # are not read.\n"
    "# Leave empty what is not required.\n";

/* Append strings one after another, so that a failure is looked at once. */
typedef struct writer {
    nrs_bytes text;
    nrs_error error;
} writer;

static void put(writer *to, const char *text)
{
    if (to->error == NRS_OK) {
        to->error = nrs_bytes_append(&to->text, nrs_slice_of_string(text));
    }
}

static void put_terms(writer *to, nrs_vocabulary vocabulary, bool japanese)
{
    static const char padding[] = "                         ";
    size_t count;
    const nrs_term *terms = nrs_vocabulary_terms(vocabulary, &count);

    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(terms[i].code);

        put(to, "#   ");
        put(to, terms[i].code);
        put(to, size < sizeof padding - 1 ? padding + size : " ");
        put(to, japanese ? terms[i].ja : terms[i].en);
        put(to, "\n");
    }
}

static void put_field(writer *to, const nrs_form_field *field, const char *kind_code, bool japanese)
{
    put(to, "\n# ");
    put(to, japanese ? field->ja : field->en);
    if (field->required) {
        put(to, japanese ? "【必須】" : " (required)");
    }
    put(to, "\n");
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        if (strcmp(hints[i].field, field->name) == 0) {
            put(to, japanese ? hints[i].ja : hints[i].en);
        }
    }
    if (field->vocabulary != 0) {
        put_terms(to, (nrs_vocabulary)field->vocabulary, japanese);
    }
    put(to, field->name);
    put(to, ": ");
    put(to, strcmp(field->name, "kind") == 0 ? kind_code : "");
    put(to, "\n");
}

nrs_error nrs_form_template(char **text_out, const char *kind_code, const char *language)
{
    writer to = {{0}, NRS_OK};
    size_t count;
    const nrs_form_field *fields = nrs_form_fields(&count);
    bool japanese;

    NRS_ASSERT(text_out != NULL);

    if (nrs_vocabulary_by_code(NRS_VOCABULARY_KIND, kind_code) == NULL) {
        return NRS_ERROR_UNKNOWN_KIND;
    }
    if (language == NULL || (strcmp(language, "ja") != 0 && strcmp(language, "en") != 0)) {
        return NRS_ERROR_USAGE;
    }
    japanese = strcmp(language, "ja") == 0;
    put(&to, japanese ? intro_ja : intro_en);
    for (size_t i = 0; i < count; i++) {
        put_field(&to, &fields[i], kind_code, japanese);
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
