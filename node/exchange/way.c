#include <string.h>

#include "writer.h"

/* "gas-hub（@gas）": an organisation, and its community where the row names one. */
static void put_org(nrs_writer *to, const json_t *row, const char *key)
{
    const char *org = json_string_value(json_object_get(row, key));
    const char *community = json_string_value(json_object_get(row, "community"));

    nrs_put_one_line(to, org == NULL ? "?" : org);
    if (community != NULL) {
        nrs_put(to, to->japanese ? "（@" : " (@");
        nrs_put_one_line(to, community);
        nrs_put(to, to->japanese ? "）" : ")");
    }
}

static const char *authority_in_words(const nrs_writer *to, const json_t *row)
{
    const char *authority = json_string_value(json_object_get(row, "authority"));

    if (authority != NULL && strcmp(authority, "release") == 0) {
        return to->japanese ? "発信元の許可による" : "on the sender's release";
    }
    return to->japanese ? "発信元の展開の同意による" : "on the sender's onward consent";
}

/* When the source signed its permission, and how long that lasts. */
static void put_released(nrs_writer *to, const json_t *row)
{
    const char *at = json_string_value(json_object_get(row, "released_at"));
    const char *until = json_string_value(json_object_get(row, "released_until"));

    if (at == NULL) {
        return;
    }
    nrs_put(to, to->japanese ? "（" : " (signed ");
    nrs_put_time(to, at);
    nrs_put(to, to->japanese ? " 署名" : "");
    if (until != NULL) {
        nrs_put(to, to->japanese ? "、" : ", until ");
        nrs_put_time(to, until);
        nrs_put(to, to->japanese ? " まで" : "");
    }
    nrs_put(to, to->japanese ? "）" : ")");
}

/* In an export: what the sender has permitted, and under which label it had sent it. */
static void put_permission(nrs_writer *to, const json_t *released)
{
    const char *at = json_string_value(json_object_get(released, "at"));
    const char *until = json_string_value(json_object_get(released, "until"));
    const char *before = json_string_value(json_object_get(released, "label_before"));

    if (at == NULL || until == NULL || before == NULL) {
        return;
    }
    nrs_put_name(to, "発信元の許可", "Sender's release");
    nrs_put(to, to->japanese ? "" : "signed ");
    nrs_put_time(to, at);
    nrs_put(to, to->japanese ? " 署名、" : ", until ");
    nrs_put_time(to, until);
    nrs_put(to, to->japanese ? " まで（発信時は TLP:" : " (sent as TLP:");
    nrs_put_one_line(to, before);
    nrs_put(to, to->japanese ? "）\n" : ")\n");
}

/* How this node came to have it, and who else was let in by whom, where that was not the sender. */
void nrs_put_way(nrs_writer *to, const json_t *report)
{
    const json_t *by = json_object_get(report, "let_in_by");
    const json_t *others = json_object_get(report, "let_in");
    const char *separator = to->japanese ? "、" : ", ";

    if (nrs_says_something(json_object_get(report, "onward"))) {
        nrs_put_name(to, "展開の同意", "Onward consent");
        nrs_put_list(to, json_object_get(report, "onward"));
        nrs_put(to, "\n");
    }
    if (json_is_object(by)) {
        nrs_put_name(to, "展開元", "Passed on by");
        put_org(to, by, "by");
        nrs_put(to, separator);
        nrs_put(to, authority_in_words(to, by));
        put_released(to, by);
        nrs_put(to, "\n");
    }
    put_permission(to, json_object_get(report, "released"));
    for (size_t i = 0; i < json_array_size(others); i++) {
        const json_t *one = json_array_get(others, i);
        const char *hub = json_string_value(json_object_get(one, "by"));

        nrs_put_name(to, "展開先", "Passed on to");
        put_org(to, one, "org");
        nrs_put(to, separator);
        nrs_put_name(to, "展開元", "by");
        nrs_put_one_line(to, hub == NULL ? "?" : hub);
        nrs_put(to, separator);
        nrs_put(to, authority_in_words(to, one));
        put_released(to, one);
        nrs_put(to, "\n");
    }
}
