/* Heads of rosters, and the signatures over them (SPEC 7.4). What a roster key signs is the head, so that two signed heads
 * of one version prove a fork to whoever knows the keys, without either statement. */
#include <string.h>

#include "keys/roster.h"
#include "proto/assert.h"
#include "roster/roster_form.h"
#include "signing.h"

void nrs_roster_head_bytes(uint8_t head_out[NRS_ROSTER_HEAD_SIZE], const uint8_t community[NRS_HASH_SIZE], uint64_t version,
                           const uint8_t hash[NRS_HASH_SIZE])
{
    NRS_ASSERT(head_out != NULL && community != NULL && hash != NULL);
    memcpy(head_out, community, NRS_HASH_SIZE);
    for (size_t i = 0; i < 8; i++) {
        head_out[NRS_HASH_SIZE + i] = (uint8_t)(version >> (8 * i));
    }
    memcpy(head_out + NRS_HASH_SIZE + 8, hash, NRS_HASH_SIZE);
}

void nrs_roster_head_bytes_of(uint8_t head_out[NRS_ROSTER_HEAD_SIZE], const nrs_roster *roster, nrs_slice statement)
{
    uint8_t community[NRS_HASH_SIZE];
    uint8_t hash[NRS_HASH_SIZE];

    nrs_roster_community(community, roster, statement);
    nrs_roster_hash(hash, statement);
    nrs_roster_head_bytes(head_out, community, roster->version, hash);
}

static bool holds_key(const nrs_roster *roster, const uint8_t key[NRS_KEY_SIZE])
{
    for (size_t i = 0; i < roster->n_keys; i++) {
        if (memcmp(roster->keys[i].data, key, NRS_KEY_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

/* Ascending, so that one key cannot count twice. */
static nrs_error check_form(Nrs__Wire__RosterSignature *const *signatures, size_t count)
{
    if (count > 2u * NRS_ROSTER_KEY_COUNT_MAX) {
        return NRS_ERROR_TOO_LARGE;
    }
    for (size_t i = 0; i < count; i++) {
        if (signatures[i]->key.len != NRS_KEY_SIZE || signatures[i]->signature.len != NRS_SIGNATURE_SIZE) {
            return NRS_ERROR_MALFORMED;
        }
        if (i > 0 && memcmp(signatures[i - 1]->key.data, signatures[i]->key.data, NRS_KEY_SIZE) >= 0) {
            return NRS_ERROR_NOT_CANONICAL;
        }
    }
    return NRS_OK;
}

nrs_error nrs_roster_signatures_count(nrs_roster_signed_by *count_out, Nrs__Wire__RosterSignature *const *signatures,
                                      size_t signature_count, const nrs_roster *roster, nrs_slice statement,
                                      const nrs_roster *trusted)
{
    const nrs_roster *before = trusted == NULL ? roster : trusted;
    nrs_roster_signed_by count = {.before_threshold = before->threshold, .own_threshold = roster->threshold};
    uint8_t head[NRS_ROSTER_HEAD_SIZE];
    nrs_error error = check_form(signatures, signature_count);

    NRS_ASSERT(count_out != NULL);
    nrs_roster_head_bytes_of(head, roster, statement);
    for (size_t i = 0; error == NRS_OK && i < signature_count; i++) {
        bool by_own = holds_key(roster, signatures[i]->key.data);
        bool by_before = holds_key(before, signatures[i]->key.data);

        if (!by_own && !by_before) {
            return NRS_ERROR_FORGED;
        }
        error = nrs_sign_verify(signatures[i]->signature.data, signatures[i]->key.data, NRS_DOMAIN_ROSTER_SIGN,
                                nrs_slice_of(head, sizeof head));
        count.own_count += by_own ? 1 : 0;
        count.before_count += by_before ? 1 : 0;
    }
    if (error == NRS_OK) {
        *count_out = count;
    }
    return error;
}

nrs_error nrs_roster_head_verify(const nrs_roster_head *head, const nrs_roster *trusted)
{
    uint8_t bytes[NRS_ROSTER_HEAD_SIZE];
    size_t count = 0;
    nrs_error error = NRS_OK;

    NRS_ASSERT(head != NULL && trusted != NULL);
    error = check_form(head->signatures, head->n_signatures);
    nrs_roster_head_bytes(bytes, head->community.data, head->version, head->hash.data);
    for (size_t i = 0; error == NRS_OK && i < head->n_signatures; i++) {
        const Nrs__Wire__RosterSignature *one = head->signatures[i];

        /* Keys that are not trusted may be those that this version brings; what they sign is good as well, or who trusts them later would
         * take this head for less than it is (SPEC 7.12). */
        error = nrs_sign_verify(one->signature.data, one->key.data, NRS_DOMAIN_ROSTER_SIGN, nrs_slice_of(bytes, sizeof bytes));
        count += holds_key(trusted, one->key.data) ? 1 : 0;
    }
    return error == NRS_OK && count < trusted->threshold ? NRS_ERROR_FORGED : error;
}
