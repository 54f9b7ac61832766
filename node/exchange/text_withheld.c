/* What stands with a report whose source is withheld: who vouches for it, what was asked and answered, and where an answer goes. */
#include <stdio.h>
#include <string.h>

#include "writer.h"

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
        nrs_put_text(to, text);
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
        nrs_put_conditions(to, json_object_get(one, "conditions"));
        if (json_is_null(json_object_get(one, "text"))) {
            nrs_put(to, to->japanese ? "（このラベルが求める守秘義務を、この組織は今は負っていません。本文は表示しません）" : "(This organisation does not hold now the duty that the label demands: the text stays closed)");
        } else {
            nrs_put_text(to, json_string_value(json_object_get(one, "text")));
        }
        nrs_put(to, "\n\n");
    }
}

/* At a hub, of a reply to what it vouches for: whether its node carries it to the source. */
static void put_carried(nrs_writer *to, const json_t *carried)
{
    const char *at = json_string_value(json_object_get(carried, "at")), *source = json_string_value(json_object_get(carried, "source_report"));

    if (!json_is_object(carried) || source == NULL) {
        return;
    }
    if (at != NULL) {
        nrs_put(to, to->japanese ? "このノードが、名を伏せた情報源に取り次ぎます（" : "This node passes it on to the source, which it does not name (");
        nrs_put_time(to, at);
        nrs_put(to, to->japanese ? "）。\n\n" : ").\n\n");
        return;
    }
    nrs_put(to, to->japanese ? "情報源には取り次がれません。言葉を選んで尋ねるには：noroshi reply " : "It is not passed on to the source. To ask in your own words: noroshi reply ");
    nrs_put(to, source);
    nrs_put(to, "\n\n");
}

void nrs_put_withheld(nrs_writer *to, const json_t *report)
{
    put_vouched(to, report);
    put_questions(to, json_object_get(report, "questions"));
    put_replies(to, json_object_get(report, "replies"));
    put_carried(to, json_object_get(report, "carried"));
}
