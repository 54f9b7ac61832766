/* People, keys, membership (SPEC 7). */
#include "proto/label.h"
#include "proto/limits.h"
#include "proto/vocabulary.h"
#include "proto/wire.h"
#include "wire_schema.h"

#define KEY WIRE_SIZE, NRS_KEY_SIZE, NRS_KEY_SIZE
#define HASH WIRE_SIZE, NRS_HASH_SIZE, NRS_HASH_SIZE
#define OPTIONAL_HASH WIRE_OPTIONAL, 0, NRS_HASH_SIZE
#define SIGNATURE WIRE_SIZE, NRS_SIGNATURE_SIZE, NRS_SIGNATURE_SIZE
#define DISPLAY_NAME WIRE_LINE, 0, NRS_DISPLAY_NAME_SIZE_MAX

static const wire_rule person_entry_rules[] = {
    {1, WIRE_NAME, 0, 0, 0, 0, 0}, {2, DISPLAY_NAME, 0, 0, 0}, {3, KEY, 0, 0, 0}, {4, KEY, 0, 0, 0},
    {5, SIGNATURE, 0, 0, 0},
};

static const wire_rule card_rules[] = {
    {1, WIRE_SUITE, 0, 0, 0, 0, 0},
    {2, WIRE_NAME, 0, 0, 0, 0, 0},
    {3, DISPLAY_NAME, 0, 0, 0},
    {4, KEY, 0, 0, 0},
    {5, KEY, 0, 0, 0},
    {6, KEY, 0, 0, 0},
    {7, WIRE_ENDPOINT, 0, 0, 0, NRS_ENDPOINT_COUNT_MAX, 0},
    {8, WIRE_MESSAGE, 0, 0, 0, NRS_CONTACT_COUNT_MAX, 0},
    {9, WIRE_MESSAGE, 0, 0, 0, NRS_PERSON_COUNT_MAX, 1},
    {10, WIRE_ANY, 0, 0, 0, 0, 0},
    {11, WIRE_TIME, 0, 0, 0, 0, 0},
    {12, SIGNATURE, 0, 0, 0},
};

static const wire_rule prekey_rules[] = {
    {1, WIRE_SIZE, NRS_PREKEY_ID_SIZE, NRS_PREKEY_ID_SIZE, 0, 0, 0},
    {2, KEY, 0, 0, 0},
    {3, WIRE_OPTIONAL_TIME, 0, 0, 0, 0, 0},
    {4, WIRE_TIME, 0, 0, 0, 0, 0},
};

static nrs_error check_prekey(const ProtobufCMessage *message)
{
    const Nrs__Wire__Prekey *prekey = (const Nrs__Wire__Prekey *)message;

    return prekey->from_ms < prekey->until_ms ? NRS_OK : NRS_ERROR_MALFORMED;
}

static const wire_rule prekeys_rules[] = {
    {1, WIRE_SUITE, 0, 0, 0, 0, 0},
    {2, KEY, 0, 0, 0},
    {3, KEY, 0, 0, 0},
    {4, WIRE_TIME, 0, 0, 0, 0, 0},
    {5, WIRE_MESSAGE, 0, 0, 1, NRS_PREKEY_COUNT_MAX, 3},
};

static const wire_rule duty_rules[] = {
    {1, WIRE_NAME, 0, 0, 0, 0, 0},
    {2, WIRE_OPTIONAL_TIME, 0, 0, 0, 0, 0},
    {3, WIRE_OPTIONAL_TIME, 0, 0, 0, 0, 0},
};

static nrs_error check_duty(const ProtobufCMessage *message)
{
    const Nrs__Wire__Duty *duty = (const Nrs__Wire__Duty *)message;

    return duty->until_ms == 0 || duty->since_ms < duty->until_ms ? NRS_OK : NRS_ERROR_MALFORMED;
}

static const wire_rule member_rules[] = {
    {1, WIRE_NAME, 0, 0, 0, 0, 0},
    {2, DISPLAY_NAME, 0, 0, 0},
    {3, KEY, 0, 0, 0},
    {4, KEY, 0, 0, 0},
    {5, KEY, 0, 0, 0},
    {6, WIRE_CODE, NRS_ROLE_OPERATOR, NRS_ROLE_COUNCIL, 0, 0, 0},
    {7, SIGNATURE, 0, 0, 0},
    {8, WIRE_OPTIONAL, 0, NRS_SIGNATURE_SIZE, 0, 0, 0},
    {9, WIRE_MESSAGE, 0, 0, 0, NRS_DUTY_COUNT_MAX, 0},
};

static const wire_rule tombstone_rules[] = {
    {1, KEY, 0, 0, 0},
    {2, WIRE_CODE, NRS_TOMBSTONE_REVOKED, NRS_TOMBSTONE_LEFT, 0, 0, 0},
    {3, WIRE_TIME, 0, 0, 0, 0, 0},
    {4, KEY, 0, 0, 0},
    {5, WIRE_NAME, 0, 0, 0, 0, 0},
};

static const wire_rule disclaimer_rules[] = {
    {1, WIRE_NAME, 0, 0, 0, 0, 0},
    {2, WIRE_RANGE, 1, UINT32_MAX, 0, 0, 0},
    {3, WIRE_SIZE, 0, NRS_FIELD_VALUE_SIZE_MAX, 0, 0, 0},
    {4, WIRE_SIZE, 0, NRS_FIELD_VALUE_SIZE_MAX, 0, 0, 0},
    {5, WIRE_BITS, 0, NRS_LABEL_BITS_ALL, 0, 0, 0},
    {6, WIRE_BITS, 0, NRS_KIND_BITS_ALL, 0, 0, 0},
};

static nrs_error check_disclaimer(const ProtobufCMessage *message)
{
    const Nrs__Wire__Disclaimer *disclaimer = (const Nrs__Wire__Disclaimer *)message;

    if ((disclaimer->ja == NULL || disclaimer->ja[0] == '\0') &&
        (disclaimer->en == NULL || disclaimer->en[0] == '\0')) {
        return NRS_ERROR_MALFORMED; /* nobody can accept what says nothing */
    }
    return NRS_OK;
}

static const wire_rule duty_rule_rules[] = {
    {1, WIRE_BITS, 0, NRS_LABEL_BITS_ALL, 0, 0, 0},
    {2, WIRE_BITS, 0, NRS_KIND_BITS_ALL, 0, 0, 0},
    {3, WIRE_NAME, 0, 0, 0, 0, 0},
};

static const wire_rule rules_rules[] = {
    {1, WIRE_BITS, 0, NRS_LABEL_BITS_ALL, 0, 0, 0},
    {2, WIRE_BITS, 0, NRS_RULE_RED_RELAY | NRS_RULE_WITHHELD, 0, 0, 0},
    {3, WIRE_MESSAGE, 0, 0, 0, NRS_DISCLAIMER_COUNT_MAX, 0},
    {4, WIRE_MESSAGE, 0, 0, 0, NRS_DUTY_COUNT_MAX, 0},
    {5, WIRE_RANGE, 0, NRS_WITHDRAWN_DAYS_MAX + 1, 0, 0, 0},
};

static const wire_rule recognised_rules[] = {
    {1, HASH, 0, 0, 0},
    {2, WIRE_NAME, 0, 0, 0, 0, 0},
};

static const wire_rule roster_rules[] = {
    {1, WIRE_SUITE, 0, 0, 0, 0, 0},
    {2, OPTIONAL_HASH, 0, 0, 0},
    {3, WIRE_NAME, 0, 0, 0, 0, 0},
    {4, DISPLAY_NAME, 0, 0, 0},
    {5, WIRE_ANY, 0, 0, 0, 0, 0},
    {6, OPTIONAL_HASH, 0, 0, 0},
    {7, WIRE_TIME, 0, 0, 0, 0, 0},
    {8, WIRE_TIME, 0, 0, 0, 0, 0},
    {9, KEY, 1, NRS_ROSTER_KEY_COUNT_MAX, 1},
    {10, WIRE_RANGE, 1, NRS_ROSTER_KEY_COUNT_MAX, 0, 0, 0},
    {11, WIRE_MESSAGE, 0, 0, 0, NRS_MEMBER_COUNT_MAX, 1},
    {12, WIRE_MESSAGE, 0, 0, 0, NRS_TOMBSTONE_COUNT_MAX, 0},
    {13, WIRE_MESSAGE, 1, 0, 0, 0, 0},
    {14, WIRE_MESSAGE, 0, 0, 0, NRS_RECOGNISED_COUNT_MAX, 0},
    {15, HASH, 0, NRS_FORK_COUNT_MAX, 0},
};

static nrs_error check_roster(const ProtobufCMessage *message)
{
    const Nrs__Wire__Roster *roster = (const Nrs__Wire__Roster *)message;
    bool first = roster->version == 1;

    if (roster->version == 0 || roster->expires_ms <= roster->created_ms || roster->threshold > roster->n_keys) {
        return NRS_ERROR_MALFORMED;
    }
    if (first && (roster->community.len > 0 || roster->previous.len > 0)) {
        return NRS_ERROR_NOT_CANONICAL; /* nothing comes before the first */
    }
    if (!first && (roster->community.len == 0 || roster->previous.len == 0)) {
        return NRS_ERROR_MALFORMED;
    }
    return NRS_OK;
}

static const wire_rule key_change_rules[] = {
    {1, WIRE_SUITE, 0, 0, 0, 0, 0},
    {2, WIRE_CODE, NRS_KEY_SUCCEEDED, NRS_KEY_REVOKED, 0, 0, 0},
    {3, WIRE_NAME, 0, 0, 0, 0, 0},
    {4, KEY, 0, 0, 0},
    {5, WIRE_OPTIONAL, 0, NRS_KEY_SIZE, 0, 0, 0},
    {6, WIRE_TIME, 0, 0, 0, 0, 0},
    {7, WIRE_SIZE, 0, NRS_CARD_SIZE_MAX + 1024u, 0, 0, 0},
    {8, WIRE_OPTIONAL, 0, NRS_SIGNATURE_SIZE, 0, 0, 0},
};

/* What comes after a key stands with a succession whole, and with a revocation not at all. */
static nrs_error check_key_change(const ProtobufCMessage *message)
{
    const Nrs__Wire__KeyChange *change = (const Nrs__Wire__KeyChange *)message;

    if (change->cause == NRS_KEY_SUCCEEDED) {
        return change->agree_key.len == 0 || change->card.len == 0 || change->consent.len == 0 ? NRS_ERROR_MALFORMED : NRS_OK;
    }
    return change->agree_key.len == 0 && change->card.len == 0 && change->consent.len == 0 ? NRS_OK : NRS_ERROR_NOT_CANONICAL;
}

static const wire_rule invite_rules[] = {
    {1, WIRE_SIZE, 1, NRS_ROSTER_SIGNED_SIZE_MAX, 0, 0, 0},
    {2, WIRE_SIZE, 1, NRS_ROSTER_SIGNED_SIZE_MAX, 0, 0, 0},
    {3, WIRE_SIZE, 1, NRS_ROSTER_SIGNED_SIZE_MAX, 0, NRS_CHAIN_COUNT_MAX, 0},
    {4, WIRE_SIZE, 1, 2 * NRS_CARD_SIZE_MAX, 0, NRS_MEMBER_COUNT_MAX, 0},
};

static const wire_rule roster_head_rules[] = {
    {1, HASH, 0, 0, 0},
    {2, WIRE_ANY, 0, 0, 0, 0, 0},
    {3, HASH, 0, 0, 0},
    {4, WIRE_MESSAGE, 0, 0, 1, 2 * NRS_ROSTER_KEY_COUNT_MAX, 1},
};

static nrs_error check_roster_head(const ProtobufCMessage *message)
{
    return ((const Nrs__Wire__RosterHead *)message)->version > 0 ? NRS_OK : NRS_ERROR_MALFORMED;
}

static const wire_rule fork_proof_rules[] = {
    {1, WIRE_MESSAGE, 0, 0, 2, NRS_FORK_COUNT_MAX, 3},
};

static const wire_rule freshness_rules[] = {
    {1, WIRE_SUITE, 0, 0, 0, 0, 0},
    {2, HASH, 0, 0, 0},
    {3, WIRE_ANY, 0, 0, 0, 0, 0},
    {4, HASH, 0, 0, 0},
    {5, WIRE_TIME, 0, 0, 0, 0, 0},
    {6, WIRE_OPTIONAL, 0, NRS_SIGNATURE_SIZE, 0, 0, 0},
};

static nrs_error check_freshness(const ProtobufCMessage *message)
{
    return ((const Nrs__Wire__Freshness *)message)->version > 0 ? NRS_OK : NRS_ERROR_MALFORMED;
}

static const wire_rule roster_edit_rules[] = {
    {1, WIRE_RANGE, 0, NRS_ROSTER_SIZE_MAX, 0, 0, 0},
    {2, WIRE_RANGE, 0, NRS_ROSTER_SIZE_MAX, 0, 0, 0},
    {3, WIRE_SIZE, 0, NRS_ROSTER_PIECE_SIZE_MAX, 0, 0, 0},
};

static nrs_error check_roster_edit(const ProtobufCMessage *message)
{
    const Nrs__Wire__RosterEdit *edit = (const Nrs__Wire__RosterEdit *)message;

    if (edit->literal.len > 0) {
        return edit->offset == 0 && edit->size == 0 ? NRS_OK : NRS_ERROR_NOT_CANONICAL;
    }
    return edit->size > 0 ? NRS_OK : NRS_ERROR_MALFORMED;
}

static const wire_rule roster_delta_rules[] = {
    {1, WIRE_MESSAGE, 1, 0, 0, 0, 0},
    {2, WIRE_ANY, 0, 0, 0, 0, 0},
    {3, OPTIONAL_HASH, 0, 0, 0},
    {4, WIRE_RANGE, 0, NRS_ROSTER_PIECE_COUNT_MAX - 1, 0, 0, 0},
    {5, WIRE_RANGE, 1, NRS_ROSTER_PIECE_COUNT_MAX, 0, 0, 0},
    {6, WIRE_MESSAGE, 0, 0, 1, NRS_ROSTER_EDIT_COUNT_MAX, 0},
};

static nrs_error check_roster_delta(const ProtobufCMessage *message)
{
    const Nrs__Wire__RosterDelta *delta = (const Nrs__Wire__RosterDelta *)message;

    if (delta->index >= delta->count || (delta->base_version == 0) != (delta->base_hash.len == 0) ||
        delta->base_version >= delta->head->version) {
        return NRS_ERROR_MALFORMED;
    }
    return NRS_OK;
}

static const wire_rule roster_draft_rules[] = {
    {1, WIRE_SIZE, 0, NRS_ROSTER_SIGNED_SIZE_MAX, 0, 0, 0},
    {2, WIRE_SIZE, 0, NRS_ROSTER_SIGNED_SIZE_MAX, 0, 0, 0},
    {3, WIRE_SIZE, 1, NRS_ROSTER_SIGNED_SIZE_MAX, 0, NRS_CHAIN_COUNT_MAX, 0},
    {4, WIRE_SIZE, 1, NRS_ROSTER_SIZE_MAX, 0, 0, 0},
    {5, WIRE_MESSAGE, 0, 0, 0, 2 * NRS_ROSTER_KEY_COUNT_MAX, 1},
    {6, WIRE_SIZE, 1, 2 * NRS_CARD_SIZE_MAX, 0, NRS_MEMBER_COUNT_MAX, 0},
};

/* What a later version is checked against comes with it; before a first one there is nothing. */
static nrs_error check_roster_draft(const ProtobufCMessage *message)
{
    const Nrs__Wire__RosterDraft *draft = (const Nrs__Wire__RosterDraft *)message;
    const bool later = draft->first.len > 0;

    if (later != (draft->current.len > 0)) {
        return NRS_ERROR_MALFORMED;
    }
    return later || draft->n_chain == 0 ? NRS_OK : NRS_ERROR_NOT_CANONICAL;
}

static const wire_schema schemas[] = {
    WIRE_SCHEMA(person_entry, person_entry_rules, NULL),
    WIRE_SCHEMA(card, card_rules, NULL),
    WIRE_SCHEMA(prekey, prekey_rules, check_prekey),
    WIRE_SCHEMA(prekeys, prekeys_rules, NULL),
    WIRE_SCHEMA(duty, duty_rules, check_duty),
    WIRE_SCHEMA(member, member_rules, NULL),
    WIRE_SCHEMA(tombstone, tombstone_rules, NULL),
    WIRE_SCHEMA(disclaimer, disclaimer_rules, check_disclaimer),
    WIRE_SCHEMA(duty_rule, duty_rule_rules, NULL),
    WIRE_SCHEMA(rules, rules_rules, NULL),
    WIRE_SCHEMA(recognised, recognised_rules, NULL),
    WIRE_SCHEMA(roster, roster_rules, check_roster),
    WIRE_SCHEMA(key_change, key_change_rules, check_key_change),
    WIRE_SCHEMA(invite, invite_rules, NULL),
    WIRE_SCHEMA(roster_head, roster_head_rules, check_roster_head),
    WIRE_SCHEMA(fork_proof, fork_proof_rules, NULL),
    WIRE_SCHEMA(freshness, freshness_rules, check_freshness),
    WIRE_SCHEMA(roster_edit, roster_edit_rules, check_roster_edit),
    WIRE_SCHEMA(roster_delta, roster_delta_rules, check_roster_delta),
    WIRE_SCHEMA(roster_draft, roster_draft_rules, check_roster_draft),
};

wire_schemas wire_schemas_of_membership(void)
{
    return (wire_schemas){schemas, sizeof schemas / sizeof schemas[0]};
}
