#include "report/shown.h"

#include "proto/armour.h"
#include "proto/vocabulary.h"

json_t *nrs_shown_hash(const ProtobufCBinaryData *field)
{
    char text[2 * NRS_HASH_SIZE + 1];

    if (field->len != NRS_HASH_SIZE) {
        return json_null();
    }
    nrs_hex_encode(text, field->data, NRS_HASH_SIZE);
    return json_string(text);
}

json_t *nrs_shown_hashes(const ProtobufCBinaryData *fields, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(list, nrs_shown_hash(&fields[i]));
    }
    return list;
}

json_t *nrs_shown_text(const char *text)
{
    return text == NULL || text[0] == '\0' ? json_null() : json_string(text);
}

json_t *nrs_shown_fields(const nrs_report *report)
{
    json_t *fields = json_object();

    for (size_t i = 0; i < report->n_fields; i++) {
        (void)json_object_set_new(fields, report->fields[i]->name, json_string(report->fields[i]->value));
    }
    return fields;
}

json_t *nrs_shown_addresses(const nrs_report *report)
{
    json_t *to = json_array();

    for (size_t i = 0; i < report->n_to; i++) {
        (void)json_array_append_new(to, json_string(report->to[i]));
    }
    return to;
}

static json_t *answer_of(uint32_t flags, uint32_t yes, uint32_t no)
{
    return (flags & (yes | no)) == 0 ? json_null() : json_boolean((flags & yes) != 0);
}

json_t *nrs_shown_conditions(const Nrs__Wire__Conditions *held)
{
    const nrs_term *pap = held == NULL ? NULL : nrs_vocabulary_by_value(NRS_VOCABULARY_PAP, held->permissible_actions);

    if (held == NULL) {
        return json_null();
    }
    return json_pack("{s:s?, s:o, s:o, s:b}", "permissible_actions", pap == NULL ? NULL : pap->code, "affected_may_be_told",
                     answer_of(held->flags, NRS_CONDITION_TELL_AFFECTED, NRS_CONDITION_AFFECTED_NOT_TOLD), "source_may_be_named",
                     answer_of(held->flags, NRS_CONDITION_NAME_SOURCE, NRS_CONDITION_SOURCE_NOT_NAMED), "not_for_supervision",
                     (held->flags & NRS_CONDITION_NOT_FOR_SUPERVISION) != 0 ? 1 : 0);
}
