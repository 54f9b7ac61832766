/* The engine that holds a message against the tables of wire_schema.h. */
#include <stdbool.h>
#include <string.h>

#include "proto/address.h"
#include "proto/assert.h"
#include "proto/bytes.h"
#include "proto/limits.h"
#include "wire_schema.h"

static size_t value_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_UINT32:
        return sizeof(uint32_t);
    case PROTOBUF_C_TYPE_UINT64:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_ENUM:
        break;
    }
    nrs_assert_failed("a type that noroshi.proto uses", __func__, __LINE__);
}

static const void *member_of(const ProtobufCMessage *message, unsigned offset)
{
    return (const char *)message + offset;
}

static const ProtobufCMessage *message_at(const void *place)
{
    return *(const ProtobufCMessage *const *)place;
}

size_t wire_value_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return *(const size_t *)member_of(message, field->quantifier_offset);
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return message_at(member_of(message, field->offset)) != NULL ? 1 : 0;
    }
    return 1;
}

const void *wire_value_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t index)
{
    const void *member = member_of(message, field->offset);

    NRS_ASSERT(index < wire_value_count(message, field));
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        return member;
    }
    return *(const char *const *)member + index * value_size(field->type);
}

/* A text that is not set is NULL or empty, which mean the same. */
static const char *text_at(const void *place)
{
    const char *text = *(const char *const *)place;

    return text == NULL ? "" : text;
}

static nrs_error check_value_form(const ProtobufCFieldDescriptor *field, const void *place)
{
    const ProtobufCBinaryData *binary = place;

    if (field->type == PROTOBUF_C_TYPE_STRING && !nrs_utf8_valid(nrs_slice_of_string(text_at(place)))) {
        return NRS_ERROR_BAD_UTF8;
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES && binary->data == NULL && binary->len > 0) {
        return NRS_ERROR_MALFORMED;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE &&
        (message_at(place) == NULL || message_at(place)->descriptor != field->descriptor)) {
        return NRS_ERROR_MALFORMED;
    }
    return NRS_OK;
}

nrs_error wire_check_form(const ProtobufCMessage *message)
{
    NRS_ASSERT(message != NULL);

    if (message->n_unknown_fields > 0) {
        return NRS_ERROR_UNKNOWN_FIELD;
    }
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        size_t count = wire_value_count(message, field);

        if (field->label == PROTOBUF_C_LABEL_REPEATED && count > 0 &&
            *(const void *const *)member_of(message, field->offset) == NULL) {
            return NRS_ERROR_MALFORMED;
        }
        for (size_t j = 0; j < count; j++) {
            nrs_error error = check_value_form(field, wire_value_at(message, field, j));

            if (error != NRS_OK) {
                return error;
            }
        }
    }
    return NRS_OK;
}

static uint64_t number_at(const ProtobufCFieldDescriptor *field, const void *place)
{
    NRS_ASSERT(field->type == PROTOBUF_C_TYPE_UINT32 || field->type == PROTOBUF_C_TYPE_UINT64);
    return field->type == PROTOBUF_C_TYPE_UINT32 ? *(const uint32_t *)place : *(const uint64_t *)place;
}

static size_t size_at(const ProtobufCFieldDescriptor *field, const void *place)
{
    const ProtobufCBinaryData *binary = place;

    NRS_ASSERT(field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BYTES);
    return field->type == PROTOBUF_C_TYPE_STRING ? strlen(text_at(place)) : binary->len;
}

static nrs_error check_size(const wire_rule *rule, size_t size)
{
    if (rule->check == WIRE_OPTIONAL) {
        return size == 0 || size == rule->max ? NRS_OK : NRS_ERROR_MALFORMED;
    }
    if (size < rule->min) {
        return NRS_ERROR_MALFORMED;
    }
    if (size > rule->max) { /* the wrong size of a key is not a matter of limits */
        return rule->min == rule->max ? NRS_ERROR_MALFORMED : NRS_ERROR_TOO_LARGE;
    }
    return NRS_OK;
}

static nrs_error check_text(const wire_rule *rule, const char *text)
{
    bool empty = text[0] == '\0';

    if (rule->check == WIRE_LINE) {
        nrs_error error = check_size(rule, strlen(text));

        return error != NRS_OK || text[strcspn(text, "\r\n")] == '\0' ? error : NRS_ERROR_MALFORMED;
    }
    if (rule->check == WIRE_ADDRESS) {
        nrs_address address;

        return nrs_address_parse(&address, text);
    }
    if (rule->check == WIRE_ENDPOINT) {
        return nrs_endpoint_valid(text) ? NRS_OK : NRS_ERROR_BAD_ADDRESS;
    }
    if (rule->check == WIRE_OPTIONAL_NAME && empty) {
        return NRS_OK;
    }
    return nrs_name_valid(text) ? NRS_OK : NRS_ERROR_BAD_NAME;
}

static nrs_error check_number(const wire_rule *rule, uint64_t value)
{
    if (rule->check == WIRE_SUITE) {
        return value == NRS_SUITE ? NRS_OK : NRS_ERROR_UNKNOWN_SUITE;
    }
    if (rule->check == WIRE_CODE) {
        return value >= rule->min && value <= rule->max ? NRS_OK : NRS_ERROR_UNKNOWN_FLAG;
    }
    if (rule->check == WIRE_BITS) {
        return (value & ~(uint64_t)rule->max) == 0 ? NRS_OK : NRS_ERROR_UNKNOWN_FLAG;
    }
    if (rule->check == WIRE_RANGE) {
        return value >= rule->min && value <= rule->max ? NRS_OK : NRS_ERROR_MALFORMED;
    }
    if (value == 0) {
        return rule->check == WIRE_OPTIONAL_TIME ? NRS_OK : NRS_ERROR_MALFORMED;
    }
    return value <= NRS_TIME_MS_MAX ? NRS_OK : NRS_ERROR_MALFORMED;
}

static nrs_error check_value(const wire_rule *rule, const ProtobufCFieldDescriptor *field, const void *place)
{
    switch (rule->check) {
    case WIRE_ANY: /* what counts or numbers is stored as a signed 64-bit integer */
        return field->type == PROTOBUF_C_TYPE_UINT64 && *(const uint64_t *)place > INT64_MAX ? NRS_ERROR_TOO_LARGE : NRS_OK;
    case WIRE_SIZE:
    case WIRE_OPTIONAL:
        return check_size(rule, size_at(field, place));
    case WIRE_LINE:
    case WIRE_NAME:
    case WIRE_OPTIONAL_NAME:
    case WIRE_ADDRESS:
    case WIRE_ENDPOINT:
        NRS_ASSERT(field->type == PROTOBUF_C_TYPE_STRING);
        return check_text(rule, text_at(place));
    case WIRE_SUITE:
    case WIRE_CODE:
    case WIRE_BITS:
    case WIRE_RANGE:
    case WIRE_TIME:
    case WIRE_OPTIONAL_TIME:
        return check_number(rule, number_at(field, place));
    case WIRE_MESSAGE:
        NRS_ASSERT(field->type == PROTOBUF_C_TYPE_MESSAGE);
        if (field->label != PROTOBUF_C_LABEL_REPEATED && rule->min == 0 &&
            protobuf_c_message_get_packed_size(message_at(place)) == 0) {
            return NRS_ERROR_NOT_CANONICAL; /* an empty message is an absent one */
        }
        return NRS_OK;
    }
    nrs_assert_failed("a rule of the table", __func__, __LINE__);
}

static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessageDescriptor *descriptor, uint32_t number)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(descriptor, number);

    NRS_ASSERT(field != NULL);
    return field;
}

/* Negative, zero or positive, as the value at `a` stands before, at or after that at `b`. */
static int compare(const ProtobufCFieldDescriptor *field, const void *a, const void *b)
{
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        return strcmp(text_at(a), text_at(b));
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        const ProtobufCBinaryData *left = a;
        const ProtobufCBinaryData *right = b;
        size_t size = left->len < right->len ? left->len : right->len;
        int order = size == 0 ? 0 : memcmp(left->data, right->data, size);

        return order != 0 ? order : (left->len > right->len) - (left->len < right->len);
    }
    return (number_at(field, a) > number_at(field, b)) - (number_at(field, a) < number_at(field, b));
}

static nrs_error check_order(const wire_rule *rule, const ProtobufCMessage *message,
                             const ProtobufCFieldDescriptor *field, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const void *before = wire_value_at(message, field, i - 1);
        const void *after = wire_value_at(message, field, i);
        const ProtobufCFieldDescriptor *key = field;

        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            key = field_of(field->descriptor, rule->ascending);
            before = wire_value_at(message_at(before), key, 0);
            after = wire_value_at(message_at(after), key, 0);
        }
        if (compare(key, before, after) >= 0) {
            return NRS_ERROR_NOT_CANONICAL;
        }
    }
    return NRS_OK;
}

static const wire_schema *schema_of(const ProtobufCMessageDescriptor *descriptor)
{
    const wire_schemas all[] = {wire_schemas_of_reports(), wire_schemas_of_membership(), wire_schemas_of_links(), wire_schemas_of_audit()};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        for (size_t j = 0; j < all[i].count; j++) {
            if (all[i].schemas[j].descriptor == descriptor) {
                return &all[i].schemas[j];
            }
        }
    }
    return NULL;
}

static nrs_error check_field(const wire_rule *rule, const ProtobufCMessage *message,
                             const ProtobufCFieldDescriptor *field)
{
    size_t count = wire_value_count(message, field);
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;

    NRS_ASSERT(rule->number == field->id);
    NRS_ASSERT(repeated == (rule->count_max > 0));

    if (repeated && count > rule->count_max) {
        return NRS_ERROR_TOO_LARGE;
    }
    if ((repeated && count < rule->count_min) || (rule->check == WIRE_MESSAGE && count < rule->min)) {
        return NRS_ERROR_MALFORMED;
    }
    for (size_t i = 0; i < count; i++) {
        nrs_error error = check_value(rule, field, wire_value_at(message, field, i));

        if (error != NRS_OK) {
            return error;
        }
    }
    return rule->ascending > 0 ? check_order(rule, message, field, count) : NRS_OK;
}

nrs_error wire_check_rules(const ProtobufCMessage *message)
{
    const wire_schema *schema = schema_of(message->descriptor);

    NRS_ASSERT(schema != NULL);
    NRS_ASSERT(schema->rule_count == message->descriptor->n_fields);

    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        nrs_error error = check_field(&schema->rules[i], message, &message->descriptor->fields[i]);

        if (error != NRS_OK) {
            return error;
        }
    }
    return schema->check == NULL ? NRS_OK : schema->check(message);
}
