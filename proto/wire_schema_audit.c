/* The audit log (SPEC 13). */
#include "proto/limits.h"
#include "proto/vocabulary.h"
#include "proto/wire.h"
#include "wire_schema.h"

#define HASH WIRE_SIZE, NRS_HASH_SIZE, NRS_HASH_SIZE
#define OPTIONAL_HASH WIRE_OPTIONAL, 0, NRS_HASH_SIZE

static const wire_rule audit_entry_rules[] = {
    {1, WIRE_SUITE, 0, 0, 0, 0, 0},
    {2, HASH, 0, 0, 0},
    {3, WIRE_ANY, 0, 0, 0, 0, 0},
    {4, WIRE_TIME, 0, 0, 0, 0, 0},
    {5, WIRE_CODE, NRS_AUDIT_PADDING, NRS_AUDIT_EVENT_LAST, 0, 0, 0},
    {6, WIRE_RANGE, 0, UINT16_MAX, 0, 0, 0},
    {7, WIRE_LINE, 0, NRS_AUDIT_USER_SIZE_MAX, 0, 0, 0},
    {8, WIRE_OPTIONAL_NAME, 0, 0, 0, 0, 0},
    {9, WIRE_OPTIONAL_NAME, 0, 0, 0, 0, 0},
    {10, OPTIONAL_HASH, 0, 0, 0},
    {11, WIRE_LINE, 0, NRS_AUDIT_DETAIL_SIZE_MAX, 0, 0, 0},
};

static nrs_error check_audit_entry(const ProtobufCMessage *message)
{
    const Nrs__Wire__AuditEntry *entry = (const Nrs__Wire__AuditEntry *)message;
    bool empty = entry->rule == 0 && (entry->user == NULL || entry->user[0] == '\0') && (entry->person == NULL || entry->person[0] == '\0') &&
                 (entry->org == NULL || entry->org[0] == '\0') && entry->about.len == 0 && (entry->detail == NULL || entry->detail[0] == '\0');

    if (entry->number == 0) {
        return NRS_ERROR_MALFORMED;
    }
    return entry->event != NRS_AUDIT_PADDING || empty ? NRS_OK : NRS_ERROR_NOT_CANONICAL;
}

static const wire_rule audit_proof_rules[] = {
    {1, WIRE_ANY, 0, 0, 0, 0, 0},
    {2, WIRE_SIZE, 0, NRS_AUDIT_PROOF_SIZE_MAX, 0, 0, 0},
};

static nrs_error check_audit_proof(const ProtobufCMessage *message)
{
    const Nrs__Wire__AuditProof *proof = (const Nrs__Wire__AuditProof *)message;

    return proof->size > 0 && proof->path.len % NRS_HASH_SIZE == 0 ? NRS_OK : NRS_ERROR_MALFORMED;
}

static const wire_rule audit_checkpoint_rules[] = {
    {1, WIRE_SUITE, 0, 0, 0, 0, 0},
    {2, HASH, 0, 0, 0},
    {3, WIRE_SIZE, NRS_LOG_ID_SIZE, NRS_LOG_ID_SIZE, 0, 0, 0},
    {4, WIRE_ANY, 0, 0, 0, 0, 0},
    {5, HASH, 0, 0, 0},
    {6, WIRE_TIME, 0, 0, 0, 0, 0},
    {7, WIRE_MESSAGE, 0, 0, 0, NRS_AUDIT_PROOF_COUNT_MAX, 1},
};

static nrs_error check_audit_checkpoint(const ProtobufCMessage *message)
{
    const Nrs__Wire__AuditCheckpoint *checkpoint = (const Nrs__Wire__AuditCheckpoint *)message;

    if (checkpoint->size == 0 || checkpoint->size % NRS_AUDIT_PAGE != 0) {
        return NRS_ERROR_MALFORMED;
    }
    /* They ascend. */
    return checkpoint->n_proofs == 0 || checkpoint->proofs[checkpoint->n_proofs - 1]->size < checkpoint->size ? NRS_OK : NRS_ERROR_MALFORMED;
}

static const wire_rule audit_cosignature_rules[] = {
    {1, WIRE_SUITE, 0, 0, 0, 0, 0},
    {2, HASH, 0, 0, 0},
    {3, HASH, 0, 0, 0},
    {4, WIRE_SIZE, NRS_LOG_ID_SIZE, NRS_LOG_ID_SIZE, 0, 0, 0},
    {5, WIRE_ANY, 0, 0, 0, 0, 0},
    {6, HASH, 0, 0, 0},
    {7, WIRE_TIME, 0, 0, 0, 0, 0},
    {8, WIRE_RANGE, 1, NRS_AUDIT_LOG_COUNT_MAX, 0, 0, 0},
};

static nrs_error check_audit_cosignature(const ProtobufCMessage *message)
{
    const Nrs__Wire__AuditCosignature *cosignature = (const Nrs__Wire__AuditCosignature *)message;

    return cosignature->size > 0 && cosignature->size % NRS_AUDIT_PAGE == 0 ? NRS_OK : NRS_ERROR_MALFORMED;
}

static const wire_schema schemas[] = {
    WIRE_SCHEMA(audit_proof, audit_proof_rules, check_audit_proof),
    WIRE_SCHEMA(audit_checkpoint, audit_checkpoint_rules, check_audit_checkpoint),
    WIRE_SCHEMA(audit_cosignature, audit_cosignature_rules, check_audit_cosignature),
    WIRE_SCHEMA(audit_entry, audit_entry_rules, check_audit_entry),
};

wire_schemas wire_schemas_of_audit(void)
{
    return (wire_schemas){schemas, sizeof schemas / sizeof schemas[0]};
}
