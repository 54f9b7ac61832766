/* The strict codec (SPEC 3). Values are the structs that protobuf-c generates from noroshi.proto, under shorter names;
 * `decode` gives one only when it is canonical and every field lies within its limits, so that whoever holds a decoded
 * value need not check sizes again. */
#ifndef PROTO_WIRE_H
#define PROTO_WIRE_H

#include <wire/noroshi.pb-c.h>

#include "proto/bytes.h"
#include "proto/error.h"
#include "proto/limits.h"

typedef enum nrs_record_type {
    NRS_RECORD_SEALED = 1,     /* Sealed */
    NRS_RECORD_SLOT_TABLE = 2, /* SlotTable */
    NRS_RECORD_SLOT_PATH = 3,  /* SlotPath */
    NRS_RECORD_GRANT = 4,      /* Signed Grant */
    NRS_RECORD_CARD = 5,       /* Signed Card */
    NRS_RECORD_PREKEYS = 6,    /* Signed Prekeys */
    NRS_RECORD_ROSTER = 7,     /* SignedByMany Roster */
    NRS_RECORD_ENVELOPE = 8,   /* Signed Envelope */
    NRS_RECORD_FRESHNESS = 9,  /* Signed Freshness */
    NRS_RECORD_ROSTER_DELTA = 10, /* RosterDelta */
    NRS_RECORD_FORK = 11,      /* ForkProof */
    NRS_RECORD_KEY_CHANGE = 12, /* Signed KeyChange */
    NRS_RECORD_EQUIVOCATION = 13, /* Equivocation */
    NRS_RECORD_AUDIT_CHECKPOINT = 14, /* Signed AuditCheckpoint */
    NRS_RECORD_AUDIT_COSIGNATURE = 15, /* Signed AuditCosignature */
    NRS_RECORD_WITHDRAWAL = 16, /* Signed Withdrawal: inside envelopes only, never by itself */
    NRS_RECORD_RELEASE = 17,    /* Signed Release */
    NRS_RECORD_ATTESTATION = 20 /* Signed Attestation: inside exported files only */
} nrs_record_type;

typedef enum nrs_frame_type {
    NRS_FRAME_HELLO = 1,
    NRS_FRAME_ITEMS = 2,
    NRS_FRAME_CONFIRM = 3,
    NRS_FRAME_PING = 4,
    NRS_FRAME_PONG = 5,
    NRS_FRAME_BYE = 6
} nrs_frame_type;

typedef enum nrs_statement_type {
    NRS_STATEMENT_RECEIPT = 1,
    NRS_STATEMENT_RELEASE = 2,
    NRS_STATEMENT_WITHDRAWAL = 3,
    NRS_STATEMENT_REQUEST = 4,
    NRS_STATEMENT_ACCEPTANCE = 5,
    NRS_STATEMENT_DENIAL = 6,
    NRS_STATEMENT_REGRANT = 7, /* asks for a new grant: the prekey that `reference` names is destroyed */
    NRS_STATEMENT_MISSING = 8, /* asks for reports that are missing from a stream */
    NRS_STATEMENT_NOTICE = 9, /* of a report whose key comes with the acceptance only */
    NRS_STATEMENT_FILLER = 10, /* brings a digest to the size of all others */
    NRS_STATEMENT_QUESTION = 11, /* of a hub to a source that it does not name */
    NRS_STATEMENT_VOUCHED = 12, /* as which report a withheld one was published */
    NRS_STATEMENT_HEAD = 13,  /* says up to which number a stream goes */
    NRS_STATEMENT_PASSED_ON = 18, /* a receipt of one whom this hub let in, for the originator, which shares no community with it */
    NRS_STATEMENT_REPLY = 19      /* to what a hub vouches for, on its way to the source */
} nrs_statement_type;

typedef enum nrs_stage { /* of a receipt, in the order in which a recipient passes through them */
    NRS_STAGE_STORED = 1,
    NRS_STAGE_OPENED = 2,
    NRS_STAGE_ACCEPTED = 3,
    NRS_STAGE_DECLINED = 4,
    NRS_STAGE_CANNOT_OPEN = 5,
    NRS_STAGE_WITHDRAWN = 6 /* has taken the withdrawal */
} nrs_stage;

enum { NRS_AUTHORITY_ORIGINATOR = 1, NRS_AUTHORITY_CONSENT = 2, NRS_AUTHORITY_RELEASE = 3 };
enum { NRS_ATTRIBUTION_NAMED = 1, NRS_ATTRIBUTION_WITHHELD = 2, NRS_ATTRIBUTION_VOUCHED = 3 };
enum { NRS_HEADER_DRILL = 1u << 0, NRS_HEADER_UNLOCK_ON_ACCEPT = 1u << 1 };
enum { NRS_RULE_RED_RELAY = 1u << 0, NRS_RULE_WITHHELD = 1u << 1 };
enum { NRS_KEY_SUCCEEDED = 1, NRS_KEY_REVOKED = 2 };
enum {
    NRS_CONDITION_TELL_AFFECTED = 1u << 0,
    NRS_CONDITION_NAME_SOURCE = 1u << 1,
    NRS_CONDITION_NOT_FOR_SUPERVISION = 1u << 2,
    NRS_CONDITION_AFFECTED_NOT_TOLD = 1u << 3,
    NRS_CONDITION_SOURCE_NOT_NAMED = 1u << 4
};
enum { NRS_TOMBSTONE_REVOKED = 1, NRS_TOMBSTONE_LEFT = 2 };

/* X(short name, generated type, generated prefix, maximum size in bytes) */
#define NRS_MESSAGES(X)                                                                                                \
    X(record, Nrs__Wire__Record, nrs__wire__record, NRS_RECORD_SIZE_MAX)                                               \
    X(signed, Nrs__Wire__Signed, nrs__wire__signed, NRS_RECORD_SIZE_MAX)                                               \
    X(signed_by_many, Nrs__Wire__SignedByMany, nrs__wire__signed_by_many, NRS_ROSTER_SIGNED_SIZE_MAX)                  \
    X(header, Nrs__Wire__Header, nrs__wire__header, NRS_HEADER_SIZE_MAX)                                               \
    X(grant, Nrs__Wire__Grant, nrs__wire__grant, NRS_GRANT_SIZE_MAX)                                                   \
    X(sealed, Nrs__Wire__Sealed, nrs__wire__sealed, NRS_RECORD_SIZE_MAX)                                               \
    X(slot, Nrs__Wire__Slot, nrs__wire__slot, NRS_SLOT_SIZE_MAX)                                                       \
    X(slot_table, Nrs__Wire__SlotTable, nrs__wire__slot_table, NRS_RECORD_SIZE_MAX)                                    \
    X(slot_path, Nrs__Wire__SlotPath, nrs__wire__slot_path, 1024u)                                                     \
    X(summary, Nrs__Wire__Summary, nrs__wire__summary, 1024u)                                                          \
    X(audience, Nrs__Wire__Audience, nrs__wire__audience, 32u * 1024u)                                                 \
    X(audience_opening, Nrs__Wire__AudienceOpening, nrs__wire__audience_opening, 33u * 1024u)                          \
    X(report, Nrs__Wire__Report, nrs__wire__report, NRS_BODY_SIZE_MAX)                                                 \
    X(body, Nrs__Wire__Body, nrs__wire__body, NRS_BODY_SIZE_MAX)                                                       \
    X(equivocation, Nrs__Wire__Equivocation, nrs__wire__equivocation, NRS_EQUIVOCATION_SIZE_MAX)                       \
    X(export, Nrs__Wire__Export, nrs__wire__export, NRS_EXPORT_SIZE_MAX)                                               \
    X(attestation, Nrs__Wire__Attestation, nrs__wire__attestation, NRS_ATTESTATION_SIZE_MAX)                           \
    X(card, Nrs__Wire__Card, nrs__wire__card, NRS_CARD_SIZE_MAX)                                                       \
    X(prekeys, Nrs__Wire__Prekeys, nrs__wire__prekeys, NRS_PREKEYS_SIZE_MAX)                                           \
    X(roster, Nrs__Wire__Roster, nrs__wire__roster, NRS_ROSTER_SIZE_MAX)                                               \
    X(key_change, Nrs__Wire__KeyChange, nrs__wire__key_change, 2 * NRS_CARD_SIZE_MAX)                                  \
    X(invite, Nrs__Wire__Invite, nrs__wire__invite, NRS_CEREMONY_SIZE_MAX)                                             \
    X(roster_head, Nrs__Wire__RosterHead, nrs__wire__roster_head, 8192u)                                               \
    X(roster_delta, Nrs__Wire__RosterDelta, nrs__wire__roster_delta, NRS_RECORD_SIZE_MAX)                              \
    X(fork_proof, Nrs__Wire__ForkProof, nrs__wire__fork_proof, 96u * 1024u)                                            \
    X(freshness, Nrs__Wire__Freshness, nrs__wire__freshness, 512u)                                                     \
    X(roster_draft, Nrs__Wire__RosterDraft, nrs__wire__roster_draft, NRS_CEREMONY_SIZE_MAX)                            \
    X(envelope, Nrs__Wire__Envelope, nrs__wire__envelope, NRS_ENVELOPE_SIZE_MAX)                                       \
    X(letter, Nrs__Wire__Letter, nrs__wire__letter, NRS_ENVELOPE_SIZE_MAX)                                             \
    X(statement, Nrs__Wire__Statement, nrs__wire__statement, NRS_STATEMENT_SIZE_MAX)                                   \
    X(ask, Nrs__Wire__Ask, nrs__wire__ask, NRS_ASK_SIZE_MAX)                                                           \
    X(reply, Nrs__Wire__Reply, nrs__wire__reply, NRS_REPLY_SIZE_MAX)                                                   \
    X(release, Nrs__Wire__Release, nrs__wire__release, NRS_RELEASE_SIZE_MAX)                                           \
    X(withdrawal, Nrs__Wire__Withdrawal, nrs__wire__withdrawal, NRS_WITHDRAWAL_SIZE_MAX)                               \
    X(notice, Nrs__Wire__Notice, nrs__wire__notice, NRS_NOTICE_SIZE_MAX)                                               \
    X(audit_entry, Nrs__Wire__AuditEntry, nrs__wire__audit_entry, NRS_AUDIT_ENTRY_SIZE_MAX)                            \
    X(audit_checkpoint, Nrs__Wire__AuditCheckpoint, nrs__wire__audit_checkpoint, NRS_AUDIT_CHECKPOINT_SIZE_MAX)        \
    X(audit_cosignature, Nrs__Wire__AuditCosignature, nrs__wire__audit_cosignature, NRS_AUDIT_COSIGNATURE_SIZE_MAX)    \
    X(hello, Nrs__Wire__Hello, nrs__wire__hello, 8192u)                                                                \
    X(items, Nrs__Wire__Items, nrs__wire__items, NRS_FRAME_SIZE_MAX)                                                   \
    X(confirm, Nrs__Wire__Confirm, nrs__wire__confirm, NRS_FRAME_SIZE_MAX)                                             \
    X(bye, Nrs__Wire__Bye, nrs__wire__bye, 64u)                                                                        \
    X(frame, Nrs__Wire__Frame, nrs__wire__frame, NRS_FRAME_SIZE_MAX)

/** For each message `x`: the type nrs_x, and
 *    nrs_x_decode: strict decoding with all checks of SPEC 3. Out: *value_out, caller owns, nrs_x_free.
 *      Returns NRS_ERROR_TOO_LARGE, MALFORMED, NOT_CANONICAL (also: a field is set that the others leave no use for),
 *      UNKNOWN_FIELD, UNKNOWN_SUITE, UNKNOWN_FLAG, BAD_UTF8, BAD_NAME, BAD_ADDRESS, TOO_LONG_LIVED (header) or
 *      NO_MEMORY; *value_out is untouched then.
 *    nrs_x_encode: canonical bytes of a value that keeps the same rules (else the same errors). Out: bytes_out is
 *      replaced; the caller wipes it.
 *    nrs_x_free: wipes and frees a value that decode gave; sets NULL. Safe on NULL. */
#define NRS_MESSAGE_DECLARE(name, type, prefix, size_max)                                                              \
    typedef type nrs_##name;                                                                                           \
    NRS_MUST_USE nrs_error nrs_##name##_decode(nrs_##name **value_out, nrs_slice bytes);                               \
    NRS_MUST_USE nrs_error nrs_##name##_encode(nrs_bytes *bytes_out, const nrs_##name *value);                         \
    void nrs_##name##_free(nrs_##name **value);
NRS_MESSAGES(NRS_MESSAGE_DECLARE)
#undef NRS_MESSAGE_DECLARE

/** The slice of a generated bytes field, borrowed from its message. */
nrs_slice nrs_field(const ProtobufCBinaryData *field);
/** A bytes field that borrows from `slice`, for values that are about to be encoded and never freed by decode's free. */
ProtobufCBinaryData nrs_field_of(nrs_slice slice);

/** Wrap a payload as a Record. */
NRS_MUST_USE nrs_error nrs_record_wrap(nrs_bytes *record_out, nrs_record_type type, nrs_slice payload);

#endif
