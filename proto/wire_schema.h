/* What each message of noroshi.proto allows, as tables (SPEC 3): one rule for each field, and a check of how fields
 * depend on each other. Private to this box. */
#ifndef WIRE_SCHEMA_H
#define WIRE_SCHEMA_H

#include <wire/noroshi.pb-c.h>

#include "proto/error.h"

typedef enum wire_check {
    WIRE_ANY = 1,       /* every value of the type */
    WIRE_SIZE,          /* bytes or text of min to max bytes */
    WIRE_LINE,          /* text of min to max bytes without a line break */
    WIRE_OPTIONAL,      /* bytes: exactly max of them, or none */
    WIRE_NAME,          /* text: a valid name */
    WIRE_OPTIONAL_NAME, /* text: a valid name, or empty */
    WIRE_ADDRESS,       /* text: an address */
    WIRE_ENDPOINT,      /* text: an endpoint */
    WIRE_SUITE,         /* number: the suite */
    WIRE_CODE,          /* number: min to max, else an unknown value */
    WIRE_BITS,          /* number: no bit outside max */
    WIRE_RANGE,         /* number: min to max */
    WIRE_TIME,          /* number: a time that can be written */
    WIRE_OPTIONAL_TIME, /* number: such a time, or 0 */
    WIRE_MESSAGE        /* a message that may be absent (never empty instead); min 1: must be there */
} wire_check;

typedef struct wire_rule {
    uint32_t number; /* of the field; checked against the descriptor */
    wire_check check;
    uint32_t min, max;
    uint32_t count_min, count_max; /* of a repeated field */
    uint32_t ascending; /* 0: any order; of messages: the number of the field that orders them; of bytes: 1 */
} wire_rule;

typedef struct wire_schema {
    const ProtobufCMessageDescriptor *descriptor;
    const wire_rule *rules; /* as many as the descriptor has fields, in their order */
    size_t rule_count;
    nrs_error (*check)(const ProtobufCMessage *message); /* of fields that depend on each other; or NULL */
} wire_schema;

typedef struct wire_schemas {
    const wire_schema *schemas;
    size_t count;
} wire_schemas;

wire_schemas wire_schemas_of_reports(void);
wire_schemas wire_schemas_of_membership(void);
wire_schemas wire_schemas_of_links(void);
wire_schemas wire_schemas_of_audit(void);

#define WIRE_SCHEMA(name, rules, check)                                                                                \
    {                                                                                                                  \
        &nrs__wire__##name##__descriptor, (rules), sizeof(rules) / sizeof((rules)[0]), (check)                         \
    }

/** NRS_OK; NRS_ERROR_UNKNOWN_FIELD, BAD_UTF8, MALFORMED (a pointer is missing). For one message without those inside
 * it. */
NRS_MUST_USE nrs_error wire_check_form(const ProtobufCMessage *message);
/** The rules of one message, without those inside it, which must have passed wire_check_form. */
NRS_MUST_USE nrs_error wire_check_rules(const ProtobufCMessage *message);
/** Whether a record of this type travels by itself. */
bool wire_record_type_known(uint32_t type);

/** How many values a field of a message has, and the place of one of them; 0 for an absent message. */
size_t wire_value_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);
const void *wire_value_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t index);

/** Whether a sealed body may have this size: one of the padded sizes and the tag. */
int wire_body_size_valid(uint64_t size);

#endif
