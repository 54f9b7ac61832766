#include "alter.h"

#include <string.h>

#include "keys/seal.h"
#include "world.h"

/* Where a part of a record stands in it; NULL when it is nowhere. */
static uint8_t *inside(const ProtobufCBinaryData *record, nrs_slice part)
{
    for (size_t at = 0; part.size > 0 && at + part.size <= record->len; at++) {
        if (memcmp(record->data + at, part.data, part.size) == 0) {
            return record->data + at;
        }
    }
    return NULL;
}

static bool is_own(const sim_node *node, const uint8_t *key)
{
    return memcmp(nrs_identity_public(node->identity)->sign_key, key, NRS_KEY_SIZE) == 0;
}

static bool turn(uint8_t *part, size_t size, sim_random *random)
{
    if (part != NULL) {
        sim_random_turn(random, part, size);
    }
    return part != NULL;
}

/* The part of a record by somebody else that is to be changed; NULL: none. */
static uint8_t *part_of(const ProtobufCBinaryData *bytes, const sim_node *node, bool grant, size_t *size_out)
{
    nrs_record *record = NULL;
    nrs_sealed_view *view = NULL;
    nrs_signed *outer = NULL;
    uint8_t *part = NULL;

    if (nrs_record_decode(&record, nrs_field(bytes)) != NRS_OK) {
        return NULL;
    }
    if (record->type == NRS_RECORD_SEALED && nrs_sealed_parse(&view, nrs_field(&record->payload)) == NRS_OK && !is_own(node, view->header->originator.data)) {
        const nrs_slice of = grant ? nrs_field(&view->grant->epk) : nrs_field(&view->sealed->signature);

        part = inside(bytes, of);
        *size_out = of.size;
    } else if (!grant && (record->type == NRS_RECORD_GRANT || record->type == NRS_RECORD_ENVELOPE || record->type == NRS_RECORD_PREKEYS) &&
               nrs_signed_decode(&outer, nrs_field(&record->payload)) == NRS_OK && !is_own(node, outer->signer.data)) {
        part = inside(bytes, nrs_field(&outer->signature));
        *size_out = outer->signature.len;
    }
    nrs_signed_free(&outer);
    nrs_sealed_view_free(&view);
    nrs_record_free(&record);
    return part;
}

bool sim_alter_signature(ProtobufCBinaryData *record, const sim_node *node, sim_random *random)
{
    size_t size = 0;
    uint8_t *part = part_of(record, node, false, &size);

    return turn(part, size, random);
}

bool sim_alter_grant(ProtobufCBinaryData *record, const sim_node *node, sim_random *random)
{
    size_t size = 0;
    uint8_t *part = part_of(record, node, true, &size);

    return turn(part, size, random);
}
