#include "community/community_rules.h"

#include <string.h>

#include "keys/roster.h"
#include "language.h"
#include "proto/label.h"
#include "proto/time.h"
#include "proto/vocabulary.h"
#include "proto/wire.h"
#include "text.h"

/* ---- For programs ---- */

static json_t *labels_json(uint32_t labels)
{
    json_t *list = json_array();

    for (unsigned label = NRS_LABEL_CLEAR; label < NRS_LABEL_COUNT; label++) {
        if ((labels & NRS_LABEL_BIT(label)) != 0) {
            (void)json_array_append_new(list, json_string(nrs_label_name((nrs_label)label)));
        }
    }
    return list;
}

static json_t *kinds_json(uint32_t kinds)
{
    size_t count = 0;
    const nrs_term *terms = nrs_vocabulary_terms(NRS_VOCABULARY_KIND, &count);
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        if ((kinds & NRS_KIND_BIT(terms[i].value)) != 0) {
            (void)json_array_append_new(list, json_string(terms[i].code));
        }
    }
    return list;
}

static json_t *text_or_null(const char *text)
{
    return text[0] == '\0' ? json_null() : json_string(text);
}

json_t *nrs_disclaimer_json(const Nrs__Wire__Disclaimer *disclaimer)
{
    uint8_t hash[NRS_HASH_SIZE];
    char hash_text[2 * NRS_HASH_SIZE + 1] = "";

    if (nrs_disclaimer_hash(hash, disclaimer) == NRS_OK) {
        nrs_hex_encode(hash_text, hash, sizeof hash);
    }
    return json_pack("{s:s, s:I, s:s, s:o, s:o, s:o, s:o}", "name", disclaimer->name, "version", (json_int_t)disclaimer->version, "hash",
                     hash_text, "ja", text_or_null(disclaimer->ja), "en", text_or_null(disclaimer->en), "labels",
                     labels_json(disclaimer->labels), "kinds", kinds_json(disclaimer->kinds));
}

json_t *nrs_duty_rule_json(const Nrs__Wire__DutyRule *rule)
{
    return json_pack("{s:s, s:o, s:o}", "duty", rule->duty, "labels", labels_json(rule->labels), "kinds", kinds_json(rule->kinds));
}

void nrs_rules_withdrawn(char *text_out, const Nrs__Wire__Rules *rules)
{
    if (rules->withdrawn < 2) {
        snprintf(text_out, 16, "%s", rules->withdrawn == 0 ? "keep" : "forget");
    } else {
        snprintf(text_out, 16, "%lud", (unsigned long)rules->withdrawn - 1);
    }
}

json_t *nrs_rules_json(const Nrs__Wire__Rules *rules)
{
    json_t *disclaimers = json_array();
    json_t *duties = json_array();
    char withdrawn[16];

    nrs_rules_withdrawn(withdrawn, rules);
    for (size_t i = 0; i < rules->n_disclaimers; i++) {
        (void)json_array_append_new(disclaimers, nrs_disclaimer_json(rules->disclaimers[i]));
    }
    for (size_t i = 0; i < rules->n_duties; i++) {
        (void)json_array_append_new(duties, nrs_duty_rule_json(rules->duties[i]));
    }
    return json_pack("{s:o, s:b, s:b, s:o, s:o, s:s}", "labels", labels_json(rules->labels), "red_relay",
                     (rules->flags & NRS_RULE_RED_RELAY) != 0 ? 1 : 0, "withheld", (rules->flags & NRS_RULE_WITHHELD) != 0 ? 1 : 0,
                     "disclaimers", disclaimers, "duties", duties, "withdrawn", withdrawn);
}

static json_t *time_or_null(uint64_t time_ms)
{
    char text[32];

    if (time_ms == 0) {
        return json_null();
    }
    nrs_time_format(text, time_ms);
    return json_string(text);
}

json_t *nrs_member_duties_json(const Nrs__Wire__Member *member)
{
    json_t *list = json_array();

    for (size_t i = 0; i < member->n_duties; i++) {
        (void)json_array_append_new(list, json_pack("{s:s, s:o, s:o}", "name", member->duties[i]->name, "since",
                                                    time_or_null(member->duties[i]->since_ms), "until",
                                                    time_or_null(member->duties[i]->until_ms)));
    }
    return list;
}

/* ---- For people ---- */

void nrs_rules_print_where(uint32_t labels, uint32_t kinds, bool japanese)
{
    size_t count = 0;
    const nrs_term *terms = nrs_vocabulary_terms(NRS_VOCABULARY_KIND, &count);
    const char *between = "";

    for (unsigned label = NRS_LABEL_CLEAR; label < NRS_LABEL_COUNT; label++) {
        if ((labels & NRS_LABEL_BIT(label)) != 0) {
            printf("%sTLP:%s", between, nrs_label_name((nrs_label)label));
            between = ", ";
        }
    }
    between = labels != 0 ? " / " : "";
    for (size_t i = 0; i < count; i++) {
        if ((kinds & NRS_KIND_BIT(terms[i].value)) != 0) {
            printf("%s%s", between, japanese ? terms[i].ja : terms[i].en);
            between = ", ";
        }
    }
}

void nrs_rules_print(const Nrs__Wire__Rules *rules, bool japanese)
{
    if (rules->withdrawn == 1) {
        fputs(_("withdrawn reports: the key is forgotten at once\n"), stdout);
    } else if (rules->withdrawn > 1) {
        printf(_("withdrawn reports: the key is forgotten after %lu days\n"), (unsigned long)rules->withdrawn - 1);
    }
    for (size_t i = 0; i < rules->n_disclaimers; i++) {
        const Nrs__Wire__Disclaimer *one = rules->disclaimers[i];
        const bool replaced = i + 1 < rules->n_disclaimers && strcmp(rules->disclaimers[i + 1]->name, one->name) == 0;

        printf(_("disclaimer %s, version %lu: "), one->name, (unsigned long)one->version);
        if (one->labels == 0 && one->kinds == 0) {
            fputs(replaced ? _("replaced by a newer version") : _("where a sender adds it"), stdout);
        } else {
            nrs_rules_print_where(one->labels, one->kinds, japanese);
        }
        fputc('\n', stdout);
    }
    for (size_t i = 0; i < rules->n_duties; i++) {
        printf(_("duty %s is needed for: "), rules->duties[i]->duty);
        nrs_rules_print_where(rules->duties[i]->labels, rules->duties[i]->kinds, japanese);
        fputc('\n', stdout);
    }
}
