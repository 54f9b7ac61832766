/* Checkpoints, which a node signs, and cosignatures, which hubs add (SPEC 13.4). */
#include <string.h>

#include "keys/audit.h"
#include "proto/assert.h"
#include "signing.h"

nrs_error nrs_audit_checkpoint_open(nrs_audit_checkpoint **checkpoint_out, nrs_slice payload)
{
    nrs_signed *outer = NULL;
    nrs_audit_checkpoint *checkpoint = NULL;
    nrs_error error = nrs_signed_open(&outer, NRS_RECORD_AUDIT_CHECKPOINT, payload);

    NRS_ASSERT(checkpoint_out != NULL);
    if (error == NRS_OK) {
        error = nrs_audit_checkpoint_decode(&checkpoint, nrs_field(&outer->statement));
    }
    if (error == NRS_OK && !nrs_slice_equal(nrs_field(&outer->signer), nrs_field(&checkpoint->node))) {
        error = NRS_ERROR_FORGED;
    }
    if (error == NRS_OK) {
        *checkpoint_out = checkpoint;
        checkpoint = NULL;
    }
    nrs_audit_checkpoint_free(&checkpoint);
    nrs_signed_free(&outer);
    return error;
}

nrs_error nrs_audit_cosignature_open(nrs_audit_cosignature **cosignature_out, nrs_slice payload)
{
    nrs_signed *outer = NULL;
    nrs_audit_cosignature *cosignature = NULL;
    nrs_error error = nrs_signed_open(&outer, NRS_RECORD_AUDIT_COSIGNATURE, payload);

    NRS_ASSERT(cosignature_out != NULL);
    if (error == NRS_OK) {
        error = nrs_audit_cosignature_decode(&cosignature, nrs_field(&outer->statement));
    }
    if (error == NRS_OK && !nrs_slice_equal(nrs_field(&outer->signer), nrs_field(&cosignature->hub))) {
        error = NRS_ERROR_FORGED;
    }
    if (error == NRS_OK) {
        *cosignature_out = cosignature;
        cosignature = NULL;
    }
    nrs_audit_cosignature_free(&cosignature);
    nrs_signed_free(&outer);
    return error;
}

nrs_error nrs_audit_checkpoint_continues(const nrs_audit_checkpoint *checkpoint, uint64_t size, const uint8_t root[NRS_HASH_SIZE])
{
    if (checkpoint->size == size) {
        return nrs_slice_equal(nrs_field(&checkpoint->root), nrs_slice_of(root, NRS_HASH_SIZE)) ? NRS_OK : NRS_ERROR_REWRITTEN;
    }
    for (size_t i = 0; i < checkpoint->n_proofs; i++) {
        const Nrs__Wire__AuditProof *proof = checkpoint->proofs[i];

        if (proof->size == size) {
            return nrs_audit_consistency_verify(size, root, checkpoint->size, checkpoint->root.data, nrs_field(&proof->path)) == NRS_OK
                       ? NRS_OK
                       : NRS_ERROR_REWRITTEN;
        }
    }
    return NRS_ERROR_NOT_FOUND;
}
