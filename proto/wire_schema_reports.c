/* Records, reports, grants and slots (SPEC 3, 5 and 6). */
#include <string.h>

#include "proto/label.h"
#include "proto/limits.h"
#include "proto/vocabulary.h"
#include "proto/wire.h"
#include "wire_schema.h"

#define KEY WIRE_SIZE, NRS_KEY_SIZE, NRS_KEY_SIZE
#define HASH WIRE_SIZE, NRS_HASH_SIZE, NRS_HASH_SIZE
#define OPTIONAL_HASH WIRE_OPTIONAL, 0, NRS_HASH_SIZE
#define SIGNATURE WIRE_SIZE, NRS_SIGNATURE_SIZE, NRS_SIGNATURE_SIZE

#define AUDIENCE_SIZE_MAX (32u * 1024u)
#define SUMMARY_SIZE_MAX (1024u + NRS_TAG_SIZE)

#define VOUCHED_SUMMARY_SIZE (768u + NRS_TAG_SIZE)

int wire_body_size_valid(uint64_t size)
{
    static const uint32_t padded_kib[] = {1, 4, 16, 64, 256};

    for (size_t i = 0; i < sizeof padded_kib / sizeof padded_kib[0]; i++) {
        if (size == padded_kib[i] * 1024u + NRS_TAG_SIZE) {
            return 1;
        }
    }
    return 0;
}

static const wire_rule record_rules[] = {
    {1, WIRE_CODE, NRS_RECORD_SEALED, NRS_RECORD_ATTESTATION, 0, 0, 0},
    {2, WIRE_SIZE, 1, NRS_RECORD_SIZE_MAX, 0, 0, 0},
};

/* The numbers have gaps. */
bool wire_record_type_known(uint32_t type)
{
    switch ((nrs_record_type)type) {
    case NRS_RECORD_SEALED:
    case NRS_RECORD_SLOT_TABLE:
    case NRS_RECORD_SLOT_PATH:
    case NRS_RECORD_GRANT:
    case NRS_RECORD_CARD:
    case NRS_RECORD_PREKEYS:
    case NRS_RECORD_ROSTER:
    case NRS_RECORD_ENVELOPE:
    case NRS_RECORD_FRESHNESS:
    case NRS_RECORD_ROSTER_DELTA:
    case NRS_RECORD_FORK:
    case NRS_RECORD_KEY_CHANGE:
    case NRS_RECORD_EQUIVOCATION:
    case NRS_RECORD_AUDIT_CHECKPOINT:
    case NRS_RECORD_AUDIT_COSIGNATURE:
    case NRS_RECORD_RELEASE:
        return true;
    case NRS_RECORD_WITHDRAWAL:
    case NRS_RECORD_ATTESTATION:
        break; /* a signed statement, but no record of its own */
    }
    return false;
}

static nrs_error check_record(const ProtobufCMessage *message)
{
    return wire_record_type_known(((const Nrs__Wire__Record *)message)->type) ? NRS_OK : NRS_ERROR_UNKNOWN_FLAG;
}

static const wire_rule signed_rules[] = {
    {1, WIRE_SIZE, 1, NRS_RECORD_SIZE_MAX, 0, 0, 0},
    {2, KEY, 0, 0, 0},
    {3, SIGNATURE, 0, 0, 0},
};

static const wire_rule roster_signature_rules[] = {
    {1, KEY, 0, 0, 0},
    {2, SIGNATURE, 0, 0, 0},
};

static const wire_rule signed_by_many_rules[] = {
    {1, WIRE_SIZE, 1, NRS_ROSTER_SIZE_MAX, 0, 0, 0},
    {2, WIRE_MESSAGE, 0, 0, 1, 2 * NRS_ROSTER_KEY_COUNT_MAX, 1}, /* old and new keys sign a change of keys */
};

static const wire_rule conditions_rules[] = {
    {1, WIRE_CODE, 0, 4, 0, 0, 0},
    {2, WIRE_BITS, 0, 31, 0, 0, 0},
};

/* Yes and no at once say nothing. */
static nrs_error check_conditions(const ProtobufCMessage *message)
{
    const uint32_t flags = ((const Nrs__Wire__Conditions *)message)->flags;
    const uint32_t told = NRS_CONDITION_TELL_AFFECTED | NRS_CONDITION_AFFECTED_NOT_TOLD;
    const uint32_t named = NRS_CONDITION_NAME_SOURCE | NRS_CONDITION_SOURCE_NOT_NAMED;

    return (flags & told) == told || (flags & named) == named ? NRS_ERROR_NOT_CANONICAL : NRS_OK;
}

static const wire_rule header_rules[] = {
    {1, WIRE_SUITE, 0, 0, 0, 0, 0},
    {2, WIRE_CODE, 1, 5, 0, 0, 0},
    {3, WIRE_CODE, 0, 1, 0, 0, 0},
    {4, WIRE_BITS, 0, NRS_HEADER_DRILL | NRS_HEADER_UNLOCK_ON_ACCEPT, 0, 0, 0},
    {5, KEY, 0, 0, 0},
    {6, HASH, 0, 0, 0},
    {7, WIRE_ANY, 0, 0, 0, 0, 0},
    {8, WIRE_TIME, 0, 0, 0, 0, 0},
    {9, WIRE_TIME, 0, 0, 0, 0, 0},
    {10, WIRE_BITS, 0, NRS_ONWARD_BITS_ALL, 0, 0, 0},
    {11, HASH, 0, NRS_RECOGNISED_COUNT_MAX, 0},
    {12, WIRE_CODE, NRS_ATTRIBUTION_NAMED, NRS_ATTRIBUTION_VOUCHED, 0, 0, 0},
    {13, HASH, 0, NRS_DISCLAIMER_COUNT_MAX, 1},
    {14, WIRE_OPTIONAL_NAME, 0, 0, 0, 0, 0},
    {15, WIRE_MESSAGE, 0, 0, 0, 0, 0},
    {16, WIRE_SIZE, NRS_NONCE_SIZE, NRS_NONCE_SIZE, 0, 0, 0},
    {17, HASH, 0, 0, 0},
    {18, HASH, 0, 0, 0},
    {19, HASH, 0, 0, 0},
    {20, OPTIONAL_HASH, 0, 0, 0},
    {21, WIRE_ANY, 0, 0, 0, 0, 0},
    {22, WIRE_SIZE, NRS_TAG_SIZE, SUMMARY_SIZE_MAX, 0, 0, 0},
    {23, OPTIONAL_HASH, 0, 0, 0},
};

/* What is withheld is counted in no stream, has the size of what is, and is open to its hub; what is vouched for has sizes that do not follow from the source's. */
static nrs_error check_attribution(const Nrs__Wire__Header *header)
{
    const bool withheld = header->attribution == NRS_ATTRIBUTION_WITHHELD;
    const bool vouched = header->attribution == NRS_ATTRIBUTION_VOUCHED;

    if ((withheld || vouched) && header->label == NRS_LABEL_RED) {
        return NRS_ERROR_NOT_CANONICAL;
    }
    if (withheld && (header->place.len == 0 || (header->flags & NRS_HEADER_UNLOCK_ON_ACCEPT) != 0)) {
        return NRS_ERROR_NOT_CANONICAL;
    }
    if (vouched && (header->body_size < NRS_VOUCHED_BODY_SIZE_MIN + NRS_TAG_SIZE || header->summary.len != VOUCHED_SUMMARY_SIZE)) {
        return NRS_ERROR_NOT_CANONICAL;
    }
    return NRS_OK;
}

static nrs_error check_header(const ProtobufCMessage *message)
{
    const Nrs__Wire__Header *header = (const Nrs__Wire__Header *)message;
    const nrs_term *communities = nrs_vocabulary_by_code(NRS_VOCABULARY_ONWARD, "communities");

    if (header->roster_version == 0 || !wire_body_size_valid(header->body_size)) {
        return NRS_ERROR_MALFORMED;
    }
    if (header->expires_ms <= header->created_ms || header->expires_ms - header->created_ms > NRS_REPORT_LIFE_MS_MAX) {
        return NRS_ERROR_TOO_LONG_LIVED;
    }
    if (header->n_onward_communities > 0 && (header->onward & communities->value) == 0) {
        return NRS_ERROR_NOT_CANONICAL;
    }
    if ((header->flags & NRS_HEADER_UNLOCK_ON_ACCEPT) != 0 &&
        (header->n_disclaimers == 0 || header->label == NRS_LABEL_CLEAR || header->label == NRS_LABEL_RED)) {
        return NRS_ERROR_NOT_CANONICAL; /* nothing to accept, or nobody who could grant it later */
    }
    return check_attribution(header);
}

static const wire_rule grant_rules[] = {
    {1, WIRE_SUITE, 0, 0, 0, 0, 0},
    {2, KEY, 0, 0, 0},
    {3, WIRE_CODE, NRS_AUTHORITY_ORIGINATOR, NRS_AUTHORITY_RELEASE, 0, 0, 0},
    {4, OPTIONAL_HASH, 0, 0, 0},
    {5, HASH, 0, 0, 0},
    {6, WIRE_OPTIONAL, 0, NRS_KEY_SIZE, 0, 0, 0},
    {7, OPTIONAL_HASH, 0, 0, 0},
    {8, WIRE_ANY, 0, 0, 0, 0, 0},
    {9, WIRE_TIME, 0, 0, 0, 0, 0},
    {10, OPTIONAL_HASH, 0, 0, 0},
    {11, WIRE_SIZE, 0, NRS_GRANT_SIZE_MAX, 0, 0, 0},
    {12, WIRE_OPTIONAL, 0, NRS_KEY_SIZE, 0, 0, 0},
    {13, OPTIONAL_HASH, 0, 0, 0},
};

static nrs_error check_grant(const ProtobufCMessage *message)
{
    const Nrs__Wire__Grant *grant = (const Nrs__Wire__Grant *)message;
    bool slots = grant->slot_count > 0;
    bool later = grant->sealed_id.len > 0;
    bool own = grant->authority == NRS_AUTHORITY_ORIGINATOR;

    if (grant->slot_count > NRS_SLOT_COUNT_MAX) {
        return NRS_ERROR_TOO_LARGE;
    }
    if (grant->file_key.len > 0 && (slots || grant->slot_root.len > 0 || grant->epk.len > 0)) {
        return NRS_ERROR_NOT_CANONICAL; /* an open key and slots exclude each other */
    }
    if ((own && !later && grant->authority_ref.len > 0) || (!later && grant->sealed_audience.len > 0)) {
        return NRS_ERROR_NOT_CANONICAL;
    }
    if (own && grant->community.len > 0) {
        return NRS_ERROR_NOT_CANONICAL; /* the originator grants in the header's community */
    }
    if (!slots && grant->slot_root.len > 0) {
        return NRS_ERROR_NOT_CANONICAL;
    }
    if (slots && (grant->slot_root.len == 0 || grant->epk.len == 0)) {
        return NRS_ERROR_MALFORMED;
    }
    if (!own && (grant->authority_ref.len == 0 || !later)) { /* only the originator's first grant names no report */
        return NRS_ERROR_MALFORMED;
    }
    return NRS_OK;
}

static const wire_rule sealed_rules[] = {
    {1, WIRE_SIZE, 1, NRS_HEADER_SIZE_MAX, 0, 0, 0},
    {2, WIRE_SIZE, 1, NRS_BODY_SIZE_MAX, 0, 0, 0},
    {3, WIRE_SIZE, 1, NRS_GRANT_SIZE_MAX, 0, 0, 0},
    {4, SIGNATURE, 0, 0, 0},
};

static nrs_error check_sealed(const ProtobufCMessage *message)
{
    const Nrs__Wire__Sealed *sealed = (const Nrs__Wire__Sealed *)message;

    return wire_body_size_valid(sealed->body.len) ? NRS_OK : NRS_ERROR_MALFORMED;
}

static const wire_rule slot_rules[] = {
    {1, WIRE_SIZE, NRS_KEY_HASH_SIZE, NRS_KEY_HASH_SIZE, 0, 0, 0},
    {2, WIRE_SIZE, NRS_PREKEY_ID_SIZE, NRS_PREKEY_ID_SIZE, 0, 0, 0},
    {3, WIRE_SIZE, NRS_WRAPPED_KEY_SIZE, NRS_WRAPPED_KEY_SIZE, 0, 0, 0},
};

static const wire_rule slot_table_rules[] = {
    {1, HASH, 0, 0, 0},
    {2, HASH, 0, 0, 0},
    {3, WIRE_SIZE, 1, NRS_SLOT_SIZE_MAX, 1, NRS_SLOT_COUNT_MAX, 0},
};

static const wire_rule slot_path_rules[] = {
    {1, HASH, 0, 0, 0},
    {2, HASH, 0, 0, 0},
    {3, WIRE_RANGE, 0, NRS_SLOT_COUNT_MAX - 1, 0, 0, 0},
    {4, WIRE_SIZE, 1, NRS_SLOT_SIZE_MAX, 0, 0, 0},
    {5, WIRE_SIZE, 0, NRS_SLOT_PATH_DEPTH_MAX *NRS_HASH_SIZE, 0, 0, 0},
};

static nrs_error check_slot_path(const ProtobufCMessage *message)
{
    const Nrs__Wire__SlotPath *path = (const Nrs__Wire__SlotPath *)message;

    return path->path.len % NRS_HASH_SIZE == 0 ? NRS_OK : NRS_ERROR_MALFORMED;
}

static const wire_rule summary_rules[] = {
    {1, WIRE_LINE, 1, NRS_SUBJECT_SIZE_MAX, 0, 0, 0},
    {2, WIRE_CODE, NRS_KIND_INCIDENT, NRS_KIND_SURVEY, 0, 0, 0},
    {3, WIRE_ANY, 0, 0, 0, 0, 0},
    {4, OPTIONAL_HASH, 0, 0, 0},
};

static const wire_rule target_rules[] = {
    {1, OPTIONAL_HASH, 0, 0, 0},
    {2, WIRE_ANY, 0, 0, 0, 0, 0},
    {3, WIRE_OPTIONAL, 0, NRS_KEY_SIZE, 0, 0, 0},
    {4, WIRE_OPTIONAL, 0, NRS_KEY_SIZE, 0, 0, 0},
};

/* A community with its roster version, an organisation, or a person with the organisation. */
static nrs_error check_target(const ProtobufCMessage *message)
{
    const Nrs__Wire__Target *target = (const Nrs__Wire__Target *)message;

    if (target->community.len > 0) {
        if (target->org.len > 0 || target->person.len > 0) {
            return NRS_ERROR_NOT_CANONICAL;
        }
        return target->roster_version > 0 ? NRS_OK : NRS_ERROR_MALFORMED;
    }
    if (target->org.len == 0) {
        return NRS_ERROR_MALFORMED;
    }
    return target->roster_version == 0 ? NRS_OK : NRS_ERROR_NOT_CANONICAL;
}

static const wire_rule audience_rules[] = {
    {1, WIRE_MESSAGE, 0, 0, 0, NRS_TARGET_COUNT_MAX, 0},
};

static const wire_rule audience_opening_rules[] = {
    {1, HASH, 0, 0, 0},
    {2, WIRE_SIZE, 0, AUDIENCE_SIZE_MAX, 0, 0, 0},
};

static const wire_rule field_rules[] = {
    {1, WIRE_LINE, 1, NRS_FIELD_NAME_SIZE_MAX, 0, 0, 0},
    {2, WIRE_SIZE, 0, NRS_FIELD_VALUE_SIZE_MAX, 0, 0, 0},
};

static const wire_rule attachment_rules[] = {
    {1, WIRE_LINE, 1, NRS_DISPLAY_NAME_SIZE_MAX, 0, 0, 0},
    {2, WIRE_ANY, 0, 0, 0, 0, 0},
    {3, HASH, 0, 0, 0},
    {4, KEY, 0, 0, 0},
    {5, HASH, 0, 0, 0},
};

static const wire_rule report_rules[] = {
    {1, WIRE_CODE, NRS_KIND_INCIDENT, NRS_KIND_SURVEY, 0, 0, 0},
    {2, WIRE_LINE, 1, NRS_SUBJECT_SIZE_MAX, 0, 0, 0},
    {3, WIRE_SIZE, 0, NRS_BODY_TEXT_SIZE_MAX, 0, 0, 0},
    {4, WIRE_ADDRESS, 0, 0, 0, NRS_TARGET_COUNT_MAX, 0},
    {5, WIRE_OPTIONAL_NAME, 0, 0, 0, 0, 0},
    {6, WIRE_MESSAGE, 0, 0, 0, NRS_FIELD_COUNT_MAX, 1},
    {7, OPTIONAL_HASH, 0, 0, 0},
    {8, WIRE_ANY, 0, 0, 0, 0, 0},
    {9, WIRE_ANY, 0, 0, 0, 0, 0},
    {10, WIRE_MESSAGE, 0, 0, 0, NRS_ATTACHMENT_COUNT_MAX, 0},
    {11, OPTIONAL_HASH, 0, 0, 0},
    {12, WIRE_MESSAGE, 0, 0, 0, 0, 0},
    {13, HASH, 0, NRS_PASSED_ON_COUNT_MAX, 1},
};

/* What holds another's text quotes it. */
static nrs_error check_report(const ProtobufCMessage *message)
{
    const Nrs__Wire__Report *report = (const Nrs__Wire__Report *)message;
    nrs_error error = report->n_passes_on == 0 ? NRS_OK : NRS_ERROR_MALFORMED;

    for (size_t i = 0; i < report->n_passes_on && report->quoted.len == NRS_HASH_SIZE; i++) {
        if (memcmp(report->passes_on[i].data, report->quoted.data, NRS_HASH_SIZE) == 0) {
            error = NRS_OK;
        }
    }
    return error;
}

static const wire_rule vouch_rules[] = {
    {1, WIRE_ANY, 0, 0, 0, 0, 0},
    {2, WIRE_TIME, 0, 0, 0, 0, 0},
};

static nrs_error check_vouch(const ProtobufCMessage *message)
{
    return ((const Nrs__Wire__Vouch *)message)->count > 0 ? NRS_OK : NRS_ERROR_MALFORMED;
}

static const wire_rule body_rules[] = {
    {1, HASH, 0, 0, 0},          {2, WIRE_SIZE, 1, NRS_BODY_SIZE_MAX, 0, 0, 0},
    {3, HASH, 0, 0, 0},          {4, WIRE_SIZE, 0, AUDIENCE_SIZE_MAX, 0, 0, 0},
    {5, OPTIONAL_HASH, 0, 0, 0}, {6, WIRE_ANY, 0, 0, 0, 0, 0},
    {7, OPTIONAL_HASH, 0, 0, 0},
};

static nrs_error check_body(const ProtobufCMessage *message)
{
    const Nrs__Wire__Body *body = (const Nrs__Wire__Body *)message;

    if (body->stream.len == 0 && (body->sequence > 0 || body->previous.len > 0)) {
        return NRS_ERROR_NOT_CANONICAL; /* a place in no stream */
    }
    if (body->stream.len > 0 && (body->sequence == 0 || (body->sequence == 1) != (body->previous.len == 0))) {
        return NRS_ERROR_MALFORMED; /* all but the first have one before them */
    }
    return NRS_OK;
}

static const wire_rule signed_header_rules[] = {
    {1, WIRE_SIZE, 1, NRS_HEADER_SIZE_MAX, 0, 0, 0},
    {2, WIRE_SIZE, NRS_LONG_HASH_SIZE, NRS_LONG_HASH_SIZE, 0, 0, 0},
    {3, WIRE_SIZE, NRS_LONG_HASH_SIZE, NRS_LONG_HASH_SIZE, 0, 0, 0},
    {4, SIGNATURE, 0, 0, 0},
};

static const wire_rule export_rules[] = {
    {1, WIRE_SUITE, 0, 0, 0, 0, 0},
    {2, WIRE_OPTIONAL_NAME, 0, 0, 0, 0, 0},
    {3, WIRE_OPTIONAL_NAME, 0, 0, 0, 0, 0},
    {4, WIRE_MESSAGE, 0, 0, 0, NRS_DISCLAIMER_COUNT_MAX, 0},
    {5, WIRE_MESSAGE, 0, 0, 0, 0, 0},
    {6, OPTIONAL_HASH, 0, 0, 0},
    {7, WIRE_SIZE, 0, NRS_BODY_SIZE_MAX, 0, 0, 0},
    {8, WIRE_SIZE, 0, NRS_RECORD_SIZE_MAX, 0, 0, 0},
    {9, WIRE_SIZE, 0, NRS_RELEASE_SIZE_MAX + NRS_SIGNED_EXTRA_SIZE, 0, 0, 0},
    {10, WIRE_SIZE, 0, NRS_GRANT_SIZE_MAX + NRS_SIGNED_EXTRA_SIZE, 0, 0, 0},
};

/* The originator's proof whole, with both parts of the way by which its release came or neither, or somebody's word for it. */
static nrs_error check_export(const ProtobufCMessage *message)
{
    const Nrs__Wire__Export *value = (const Nrs__Wire__Export *)message;
    const bool proof = value->report != NULL && value->report_salt.len > 0 && value->content.len > 0 && value->from[0] != '\0';
    const bool released = value->release.len > 0 || value->grant.len > 0;
    const bool any = value->report != NULL || value->report_salt.len > 0 || value->content.len > 0 || value->from[0] != '\0' || value->community[0] != '\0';

    if (value->attestation.len > 0) {
        return any || released ? NRS_ERROR_NOT_CANONICAL : NRS_OK;
    }
    return proof && released == (value->release.len > 0 && value->grant.len > 0) ? NRS_OK : NRS_ERROR_MALFORMED;
}

static const wire_rule attestation_rules[] = {
    {1, WIRE_SUITE, 0, 0, 0, 0, 0},
    {2, HASH, 0, 0, 0},
    {3, WIRE_TIME, 0, 0, 0, 0, 0},
    {4, WIRE_NAME, 0, 0, 0, 0, 0},
    {5, WIRE_OPTIONAL_NAME, 0, 0, 0, 0, 0},
    {6, WIRE_CODE, 1, 5, 0, 0, 0},
    {7, WIRE_CODE, 0, 1, 0, 0, 0},
    {8, WIRE_BITS, 0, NRS_HEADER_DRILL | NRS_HEADER_UNLOCK_ON_ACCEPT, 0, 0, 0},
    {9, WIRE_TIME, 0, 0, 0, 0, 0},
    {10, WIRE_TIME, 0, 0, 0, 0, 0},
    {11, WIRE_MESSAGE, 0, 0, 0, 0, 0},
    {12, WIRE_OPTIONAL_NAME, 0, 0, 0, 0, 0},
    {13, HASH, 0, NRS_DISCLAIMER_COUNT_MAX, 1},
    {14, WIRE_SIZE, 1, NRS_BODY_SIZE_MAX, 0, 0, 0},
};

static const wire_rule equivocation_rules[] = {
    {1, WIRE_MESSAGE, 1, 0, 0, 0, 0},
    {2, WIRE_MESSAGE, 1, 0, 0, 0, 0},
};

static const wire_schema schemas[] = {
    WIRE_SCHEMA(record, record_rules, check_record),
    WIRE_SCHEMA(signed, signed_rules, NULL),
    WIRE_SCHEMA(roster_signature, roster_signature_rules, NULL),
    WIRE_SCHEMA(signed_by_many, signed_by_many_rules, NULL),
    WIRE_SCHEMA(conditions, conditions_rules, check_conditions),
    WIRE_SCHEMA(header, header_rules, check_header),
    WIRE_SCHEMA(grant, grant_rules, check_grant),
    WIRE_SCHEMA(sealed, sealed_rules, check_sealed),
    WIRE_SCHEMA(slot, slot_rules, NULL),
    WIRE_SCHEMA(slot_table, slot_table_rules, NULL),
    WIRE_SCHEMA(slot_path, slot_path_rules, check_slot_path),
    WIRE_SCHEMA(summary, summary_rules, NULL),
    WIRE_SCHEMA(target, target_rules, check_target),
    WIRE_SCHEMA(audience, audience_rules, NULL),
    WIRE_SCHEMA(audience_opening, audience_opening_rules, NULL),
    WIRE_SCHEMA(field, field_rules, NULL),
    WIRE_SCHEMA(attachment, attachment_rules, NULL),
    WIRE_SCHEMA(report, report_rules, check_report),
    WIRE_SCHEMA(vouch, vouch_rules, check_vouch),
    WIRE_SCHEMA(body, body_rules, check_body),
    WIRE_SCHEMA(signed_header, signed_header_rules, NULL),
    WIRE_SCHEMA(equivocation, equivocation_rules, NULL),
    WIRE_SCHEMA(export, export_rules, check_export),
    WIRE_SCHEMA(attestation, attestation_rules, NULL),
};

wire_schemas wire_schemas_of_reports(void)
{
    return (wire_schemas){schemas, sizeof schemas / sizeof schemas[0]};
}
