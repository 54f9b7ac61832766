/* Envelopes with their statements, and what travels on a link (SPEC 8 and 10). */
#include "proto/label.h"
#include "proto/limits.h"
#include "proto/vocabulary.h"
#include "proto/wire.h"
#include "wire_schema.h"

#define KEY WIRE_SIZE, NRS_KEY_SIZE, NRS_KEY_SIZE
#define HASH WIRE_SIZE, NRS_HASH_SIZE, NRS_HASH_SIZE
#define BOX_SIZE_MAX (64u * 1024u + NRS_TAG_SIZE)

static const wire_rule envelope_rules[] = {
    {1, WIRE_SUITE, 0, 0, 0, 0, 0},
    {2, KEY, 0, 0, 0},
    {3, WIRE_SIZE, NRS_KEY_HASH_SIZE, NRS_KEY_HASH_SIZE, 0, 0, 0},
    {4, HASH, 0, 0, 0},
    {5, WIRE_TIME, 0, 0, 0, 0, 0},
    {6, WIRE_TIME, 0, 0, 0, 0, 0},
    {7, KEY, 0, 0, 0},
    {8, WIRE_SIZE, NRS_PREKEY_ID_SIZE, NRS_PREKEY_ID_SIZE, 0, 0, 0},
    {9, WIRE_SIZE, NRS_TAG_SIZE + 1, BOX_SIZE_MAX, 0, 0, 0},
};

static nrs_error check_envelope(const ProtobufCMessage *message)
{
    const Nrs__Wire__Envelope *envelope = (const Nrs__Wire__Envelope *)message;

    return envelope->created_ms < envelope->expires_ms ? NRS_OK : NRS_ERROR_MALFORMED;
}

static const wire_rule letter_rules[] = {
    {1, WIRE_SIZE, 1, NRS_STATEMENT_SIZE_MAX, 1, NRS_STATEMENT_COUNT_MAX, 0},
};

static const wire_rule statement_rules[] = {
    {1, WIRE_CODE, NRS_STATEMENT_RECEIPT, NRS_STATEMENT_REPLY, 0, 0, 0},
    {2, HASH, 0, 0, 0},
    {3, WIRE_TIME, 0, 0, 0, 0, 0},
    {4, WIRE_CODE, 0, NRS_STAGE_WITHDRAWN, 0, 0, 0},
    {5, WIRE_OPTIONAL_NAME, 0, 0, 0, 0, 0},
    {6, WIRE_SIZE, 0, NRS_REASON_SIZE_MAX, 0, 0, 0},
    {7, WIRE_SIZE, 0, NRS_HASH_SIZE, 0, 0, 0},
    {8, WIRE_SIZE, 0, NRS_STATEMENT_SIZE_MAX, 0, 0, 0},
    {9, WIRE_LINE, 0, NRS_USER_SIZE_MAX, 0, 0, 0},
};

static const wire_rule ask_rules[] = {
    {1, HASH, 0, 0, 0},
    {2, WIRE_SIZE, 1, NRS_ASK_SIZE_MAX, 0, 0, 0},
    {3, WIRE_OPTIONAL, 0, NRS_HASH_SIZE, 0, 0, 0},
};

static const wire_rule reply_rules[] = {
    {1, WIRE_CODE, NRS_LABEL_CLEAR, NRS_LABEL_AMBER, 0, 0, 0}, /* the stricter ones go to those named alone */
    {2, WIRE_MESSAGE, 0, 0, 0, 0, 0},
    {3, WIRE_CODE, NRS_KIND_INCIDENT, NRS_KIND_SURVEY, 0, 0, 0},
    {4, HASH, 0, 0, 0},
    {5, WIRE_OPTIONAL_NAME, 0, 0, 0, 0, 0},
    {6, HASH, 0, NRS_DISCLAIMER_COUNT_MAX, 1},
    {7, WIRE_SIZE, 1, NRS_QUESTION_SIZE_MAX, 0, 0, 0},
};

static const wire_rule release_rules[] = {
    {1, WIRE_SUITE, 0, 0, 0, 0, 0},
    {2, HASH, 0, 0, 0},
    {3, KEY, 0, 0, 0},
    {4, HASH, 0, 0, 0},
    {5, WIRE_OPTIONAL, 0, NRS_HASH_SIZE, 0, 0, 0},
    {6, WIRE_CODE, NRS_LABEL_CLEAR, NRS_LABEL_AMBER_STRICT, 0, 0, 0}, /* RED is granted by its writer's process alone */
    {7, WIRE_MESSAGE, 0, 0, 0, 0, 0},
    {8, WIRE_TIME, 0, 0, 0, 0, 0},
    {9, WIRE_TIME, 0, 0, 0, 0, 0},
    {10, HASH, 0, 0, 0},
};

static nrs_error check_release(const ProtobufCMessage *message)
{
    const Nrs__Wire__Release *release = (const Nrs__Wire__Release *)message;

    if (release->created_ms >= release->expires_ms) {
        return NRS_ERROR_MALFORMED;
    }
    return release->expires_ms - release->created_ms > NRS_REPORT_LIFE_MS_MAX ? NRS_ERROR_TOO_LONG_LIVED : NRS_OK; /* no report lives longer */
}

static const wire_rule withdrawal_rules[] = {
    {1, WIRE_SUITE, 0, 0, 0, 0, 0},
    {2, HASH, 0, 0, 0},
    {3, WIRE_TIME, 0, 0, 0, 0, 0},
    {4, WIRE_MESSAGE, 1, 0, 0, 0, 0},
    {5, HASH, 0, 0, 0},
};

static const wire_rule notice_rules[] = {
    {1, WIRE_SIZE, 1, NRS_NOTICE_SIZE_MAX, 0, 0, 0},
    {2, WIRE_SIZE, NRS_LONG_HASH_SIZE, NRS_LONG_HASH_SIZE, 0, 0, 0},
    {3, WIRE_SIZE, 1, NRS_GRANT_SIZE_MAX, 0, 0, 0},
    {4, WIRE_SIZE, NRS_SIGNATURE_SIZE, NRS_SIGNATURE_SIZE, 0, 0, 0},
};

/* A stream with the first and last number that are missing, for its originator; places, for a hub. */
static bool missing_detail_valid(size_t size)
{
    return size == NRS_MISSING_RANGE_SIZE || (size > 0 && size % NRS_HASH_SIZE == 0 && size / NRS_HASH_SIZE <= NRS_MISSING_COUNT_MAX);
}

/* Words are bound by the originator's signature, by the salt that comes with them (SPEC 8.4). */
static bool withdrawal_words_valid(const Nrs__Wire__Statement *statement)
{
    const bool words = statement->reason[0] != '\0' || statement->person[0] != '\0' || statement->user[0] != '\0';

    return statement->reference.len == (words ? NRS_HASH_SIZE : 0);
}

static nrs_error check_statement(const ProtobufCMessage *message)
{
    const Nrs__Wire__Statement *statement = (const Nrs__Wire__Statement *)message;
    bool receipt = statement->type == NRS_STATEMENT_RECEIPT || statement->type == NRS_STATEMENT_PASSED_ON;
    bool decision = statement->stage == NRS_STAGE_ACCEPTED || statement->stage == NRS_STAGE_DECLINED;
    size_t reference_size = statement->reference.len;

    if (statement->type > NRS_STATEMENT_HEAD && statement->type != NRS_STATEMENT_PASSED_ON && statement->type != NRS_STATEMENT_REPLY) { /* the numbers have gaps */
        return NRS_ERROR_UNKNOWN_FLAG;
    }
    if (receipt && statement->stage == 0) {
        return NRS_ERROR_MALFORMED;
    }
    if (statement->type == NRS_STATEMENT_MISSING && !missing_detail_valid(statement->detail.len)) {
        return NRS_ERROR_MALFORMED;
    }
    if (statement->type == NRS_STATEMENT_HEAD && statement->detail.len != NRS_STREAM_HEAD_SIZE) {
        return NRS_ERROR_MALFORMED;
    }
    if (!receipt && statement->stage != 0) {
        return NRS_ERROR_NOT_CANONICAL;
    }
    if ((statement->type == NRS_STATEMENT_REQUEST || statement->type == NRS_STATEMENT_RELEASE) && statement->detail.len == 0) {
        return NRS_ERROR_MALFORMED; /* it asks for something, or agrees to it */
    }
    if ((statement->type == NRS_STATEMENT_RELEASE || statement->type == NRS_STATEMENT_DENIAL) && reference_size != NRS_HASH_SIZE) {
        return NRS_ERROR_MALFORMED; /* it answers an ask */
    }
    if (statement->type == NRS_STATEMENT_WITHDRAWAL && statement->detail.len == 0) {
        return NRS_ERROR_MALFORMED; /* the originator's signature */
    }
    if (statement->type == NRS_STATEMENT_WITHDRAWAL && !withdrawal_words_valid(statement)) {
        return NRS_ERROR_MALFORMED;
    }
    if (decision && (statement->detail.len == 0 || statement->detail.len % NRS_HASH_SIZE != 0)) {
        return NRS_ERROR_MALFORMED; /* what was accepted or declined */
    }
    if (reference_size != 0 && reference_size != NRS_PREKEY_ID_SIZE && reference_size != NRS_HASH_SIZE) {
        return NRS_ERROR_MALFORMED;
    }
    if (statement->type == NRS_STATEMENT_REGRANT && reference_size != NRS_PREKEY_ID_SIZE) {
        return NRS_ERROR_MALFORMED; /* it names the prekey that is gone */
    }
    if (statement->type == NRS_STATEMENT_PASSED_ON && reference_size != NRS_KEY_SIZE) {
        return NRS_ERROR_MALFORMED; /* it says whose receipt it is */
    }
    if (statement->type == NRS_STATEMENT_VOUCHED && reference_size != NRS_HASH_SIZE) {
        return NRS_ERROR_MALFORMED; /* it names the report that was published */
    }
    if (statement->type == NRS_STATEMENT_QUESTION && statement->detail.len == 0) {
        return NRS_ERROR_MALFORMED;
    }
    if (statement->type == NRS_STATEMENT_REPLY && (reference_size != NRS_KEY_SIZE || statement->detail.len < 4)) {
        return NRS_ERROR_MALFORMED; /* whose, under which label and conditions, and what */
    }
    return NRS_OK;
}

static const wire_rule head_rules[] = {
    {1, HASH, 0, 0, 0},
    {2, WIRE_ANY, 0, 0, 0, 0, 0},
    {3, HASH, 0, 0, 0},
};

static nrs_error check_head(const ProtobufCMessage *message)
{
    return ((const Nrs__Wire__Head *)message)->version > 0 ? NRS_OK : NRS_ERROR_MALFORMED;
}

static const wire_rule hello_rules[] = {
    {1, WIRE_RANGE, 1, UINT32_MAX, 0, 0, 0},
    {2, WIRE_RANGE, 1, UINT32_MAX, 0, 0, 0},
    {3, KEY, 0, 0, 0},
    {4, WIRE_SIZE, NRS_LOG_ID_SIZE, NRS_LOG_ID_SIZE, 0, 0, 0},
    {5, WIRE_OPTIONAL, 0, NRS_LOG_ID_SIZE, 0, 0, 0},
    {6, WIRE_ANY, 0, 0, 0, 0, 0},
    {7, WIRE_RANGE, NRS_LINK_WINDOW_MIN, NRS_LINK_WINDOW_MAX, 0, 0, 0},
    {8, WIRE_MESSAGE, 0, 0, 0, NRS_COMMUNITY_COUNT_MAX, 0},
    {9, WIRE_TIME, 0, 0, 0, 0, 0},
    {10, WIRE_ANY, 0, 0, 0, 0, 0},
};

static nrs_error check_hello(const ProtobufCMessage *message)
{
    const Nrs__Wire__Hello *hello = (const Nrs__Wire__Hello *)message;

    if (hello->version_min > hello->version_max) {
        return NRS_ERROR_MALFORMED;
    }
    if (hello->peer_log.len == 0 && hello->position > 0) {
        return NRS_ERROR_NOT_CANONICAL; /* a position in no log */
    }
    return NRS_OK;
}

static const wire_rule item_rules[] = {
    {1, WIRE_ANY, 0, 0, 0, 0, 0},
    {2, WIRE_SIZE, 1, NRS_RECORD_SIZE_MAX, 0, NRS_RECORDS_PER_ITEM_MAX, 0},
};

static const wire_rule items_rules[] = {
    {1, WIRE_MESSAGE, 0, 0, 1, NRS_ITEM_COUNT_MAX, 0},
};

/* A peer of a later version may refuse for a reason that this one has no name for. */
static const wire_rule refusal_rules[] = {
    {1, WIRE_ANY, 0, 0, 0, 0, 0},
    {2, WIRE_RANGE, 1, UINT16_MAX, 0, 0, 0},
};

static const wire_rule confirm_rules[] = {
    {1, WIRE_ANY, 0, 0, 0, 0, 0},
    {2, WIRE_MESSAGE, 0, 0, 0, NRS_ITEM_COUNT_MAX, 0},
    {3, WIRE_ANY, 0, 0, 0, NRS_DEFERRED_COUNT_MAX, 0},
};

static const wire_rule bye_rules[] = {
    {1, WIRE_RANGE, 0, UINT16_MAX, 0, 0, 0},
};

static const wire_rule frame_rules[] = {
    {1, WIRE_CODE, NRS_FRAME_HELLO, NRS_FRAME_BYE, 0, 0, 0},
    {2, WIRE_SIZE, 0, NRS_FRAME_SIZE_MAX, 0, 0, 0},
};

static nrs_error check_frame(const ProtobufCMessage *message)
{
    const Nrs__Wire__Frame *frame = (const Nrs__Wire__Frame *)message;
    bool empty = frame->payload.len == 0;

    if ((frame->type == NRS_FRAME_PING || frame->type == NRS_FRAME_PONG) && !empty) {
        return NRS_ERROR_NOT_CANONICAL;
    }
    if ((frame->type == NRS_FRAME_HELLO || frame->type == NRS_FRAME_ITEMS) && empty) {
        return NRS_ERROR_MALFORMED;
    }
    return NRS_OK;
}

static const wire_schema schemas[] = {
    WIRE_SCHEMA(envelope, envelope_rules, check_envelope),
    WIRE_SCHEMA(letter, letter_rules, NULL),
    WIRE_SCHEMA(statement, statement_rules, check_statement),
    WIRE_SCHEMA(ask, ask_rules, NULL),
    WIRE_SCHEMA(reply, reply_rules, NULL),
    WIRE_SCHEMA(release, release_rules, check_release),
    WIRE_SCHEMA(withdrawal, withdrawal_rules, NULL),
    WIRE_SCHEMA(notice, notice_rules, NULL),
    WIRE_SCHEMA(head, head_rules, check_head),
    WIRE_SCHEMA(hello, hello_rules, check_hello),
    WIRE_SCHEMA(item, item_rules, NULL),
    WIRE_SCHEMA(items, items_rules, NULL),
    WIRE_SCHEMA(refusal, refusal_rules, NULL),
    WIRE_SCHEMA(confirm, confirm_rules, NULL),
    WIRE_SCHEMA(bye, bye_rules, NULL),
    WIRE_SCHEMA(frame, frame_rules, check_frame),
};

wire_schemas wire_schemas_of_links(void)
{
    return (wire_schemas){schemas, sizeof schemas / sizeof schemas[0]};
}
