/* The terms under which a report is read: the sender's conditions, and the disclaimers with what was decided about them. */
#include <stdio.h>
#include <string.h>

#include "proto/vocabulary.h"
#include "writer.h"

/* What a recipient may do, in the words of an agreement, right under the label. */
void nrs_put_conditions(nrs_writer *to, const json_t *conditions)
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

    if (stage == NULL || at == NULL) {
        return;
    }
    nrs_put_name(to, accepted ? "受諾" : "辞退", accepted ? "Accepted" : "Declined");
    nrs_put_one_line(to, person != NULL ? person : user != NULL ? user : "-");
    nrs_put(to, to->japanese ? "　" : ", ");
    nrs_put_time(to, at);
    nrs_put(to, "\n");
}

/* The texts under which the report is read, in the reader's language where it exists, before the body. */
void nrs_put_disclaimers(nrs_writer *to, const json_t *report)
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
