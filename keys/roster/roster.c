#include "keys/roster.h"

#include <string.h>

#include "proto/assert.h"
#include "signing.h"

/* Old and new roster keys may be two lists without a key in common. */
#define SIGNATURE_COUNT_MAX (2u * NRS_ROSTER_KEY_COUNT_MAX)

void nrs_roster_hash(uint8_t hash_out[NRS_HASH_SIZE], nrs_slice statement)
{
    nrs_hash_one(hash_out, NRS_DOMAIN_ROSTER_HASH, statement);
}

void nrs_roster_community(uint8_t community_out[NRS_HASH_SIZE], const nrs_roster *roster, nrs_slice statement)
{
    NRS_ASSERT(roster != NULL);
    if (roster->version == 1) {
        nrs_roster_hash(community_out, statement);
        return;
    }
    NRS_ASSERT(roster->community.len == NRS_HASH_SIZE);
    memcpy(community_out, roster->community.data, NRS_HASH_SIZE);
}

bool nrs_roster_names_fork(const nrs_roster *roster, const uint8_t hash[NRS_HASH_SIZE])
{
    NRS_ASSERT(roster != NULL);
    for (size_t i = 0; i < roster->n_forks; i++) {
        if (nrs_slice_equal(nrs_field(&roster->forks[i]), nrs_slice_of(hash, NRS_HASH_SIZE))) {
            return true;
        }
    }
    return false;
}

nrs_error nrs_roster_version_of(uint64_t *version_out, nrs_slice many)
{
    nrs_signed_by_many *outer = NULL;
    nrs_roster *roster = NULL;
    nrs_error error = nrs_signed_by_many_decode(&outer, many);

    NRS_ASSERT(version_out != NULL);
    if (error == NRS_OK) {
        error = nrs_roster_decode(&roster, nrs_field(&outer->statement));
    }
    if (error == NRS_OK) {
        *version_out = roster->version;
    }
    nrs_roster_free(&roster);
    nrs_signed_by_many_free(&outer);
    return error;
}

/* Put a signature among the earlier ones, ascending by key, in the place of an older one by the same key. */
static nrs_error insert_signature(Nrs__Wire__RosterSignature **places, size_t *count, Nrs__Wire__RosterSignature *added)
{
    size_t at = 0;

    while (at < *count && memcmp(places[at]->key.data, added->key.data, NRS_KEY_SIZE) < 0) {
        at++;
    }
    if (at < *count && nrs_slice_equal(nrs_field(&places[at]->key), nrs_field(&added->key))) {
        places[at] = added;
        return NRS_OK;
    }
    if (*count == SIGNATURE_COUNT_MAX) {
        return NRS_ERROR_LIMIT;
    }
    for (size_t i = *count; i > at; i--) {
        places[i] = places[i - 1];
    }
    places[at] = added;
    *count += 1;
    return NRS_OK;
}

/* The signatures given so far; none when `many` is empty. Out: earlier_out: owned, may stay NULL. */
static nrs_error earlier_signatures(nrs_signed_by_many **earlier_out, nrs_slice statement, nrs_slice many)
{
    nrs_signed_by_many *earlier = NULL;
    nrs_error error = NRS_OK;

    if (many.size == 0) {
        return NRS_OK;
    }
    error = nrs_signed_by_many_decode(&earlier, many);
    if (error != NRS_OK) {
        return error;
    }
    if (!nrs_slice_equal(nrs_field(&earlier->statement), statement)) {
        error = NRS_ERROR_FORGED; /* signatures of another roster */
    } else if (earlier->n_signatures > SIGNATURE_COUNT_MAX) {
        error = NRS_ERROR_LIMIT;
    }
    for (size_t i = 0; error == NRS_OK && i < earlier->n_signatures; i++) {
        if (earlier->signatures[i]->key.len != NRS_KEY_SIZE) {
            error = NRS_ERROR_MALFORMED;
        }
    }
    if (error != NRS_OK) {
        nrs_signed_by_many_free(&earlier);
        return error;
    }
    *earlier_out = earlier;
    return NRS_OK;
}

nrs_error nrs_roster_sign(nrs_bytes *many_out, nrs_slice statement, nrs_slice many, const nrs_identity *roster_key)
{
    nrs_error error = NRS_OK;
    nrs_roster *roster = NULL;
    nrs_signed_by_many *earlier = NULL;
    nrs_signed_by_many value = NRS__WIRE__SIGNED_BY_MANY__INIT;
    Nrs__Wire__RosterSignature added = NRS__WIRE__ROSTER_SIGNATURE__INIT;
    Nrs__Wire__RosterSignature *places[SIGNATURE_COUNT_MAX] = { 0 };
    uint8_t head[NRS_ROSTER_HEAD_SIZE];
    uint8_t signature[NRS_SIGNATURE_SIZE];
    size_t count = 0;

    NRS_ASSERT(many_out != NULL);
    NRS_ASSERT(roster_key != NULL);

    error = nrs_roster_decode(&roster, statement); /* a roster key signs nothing but rosters */
    if (error != NRS_OK) {
        goto out;
    }
    error = earlier_signatures(&earlier, statement, many);
    if (error != NRS_OK) {
        goto out;
    }
    for (size_t i = 0; earlier != NULL && i < earlier->n_signatures; i++) {
        places[count++] = earlier->signatures[i];
    }
    nrs_roster_head_bytes_of(head, roster, statement);
    nrs_sign(signature, roster_key, NRS_DOMAIN_ROSTER_SIGN, nrs_slice_of(head, sizeof head));
    added.key = nrs_field_of(nrs_slice_of(nrs_identity_public(roster_key)->sign_key, NRS_KEY_SIZE));
    added.signature = nrs_field_of(nrs_slice_of(signature, sizeof(signature)));
    error = insert_signature(places, &count, &added);
    if (error != NRS_OK) {
        goto out;
    }
    value.statement = nrs_field_of(statement);
    value.n_signatures = count;
    value.signatures = places;
    error = nrs_signed_by_many_encode(many_out, &value);
out:
    nrs_signed_by_many_free(&earlier);
    nrs_roster_free(&roster);
    return error;
}

const Nrs__Wire__Member *nrs_roster_member_by_org(const nrs_roster *roster, const char *org)
{
    size_t low = 0;
    size_t high = 0;

    NRS_ASSERT(roster != NULL);
    NRS_ASSERT(org != NULL);
    high = roster->n_members;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(roster->members[middle]->org, org);

        if (order == 0) {
            return roster->members[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const Nrs__Wire__Member *nrs_roster_member_by_key(const nrs_roster *roster, const uint8_t sign_key[NRS_KEY_SIZE])
{
    NRS_ASSERT(roster != NULL);
    for (size_t i = 0; i < roster->n_members; i++) {
        if (nrs_slice_equal(nrs_field(&roster->members[i]->sign_key), nrs_slice_of(sign_key, NRS_KEY_SIZE))) {
            return roster->members[i];
        }
    }
    return NULL;
}

bool nrs_roster_recognises(const nrs_roster *roster, const uint8_t community[NRS_HASH_SIZE])
{
    NRS_ASSERT(roster != NULL && community != NULL);
    for (size_t i = 0; i < roster->n_recognised; i++) {
        if (memcmp(roster->recognised[i]->community.data, community, NRS_HASH_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

size_t nrs_roster_tombstone_from(const nrs_roster *roster, size_t from, const uint8_t sign_key[NRS_KEY_SIZE])
{
    NRS_ASSERT(roster != NULL);
    for (size_t i = 0; i < roster->n_tombstones; i++) {
        const size_t place = (from + i) % roster->n_tombstones;

        if (nrs_slice_equal(nrs_field(&roster->tombstones[place]->sign_key), nrs_slice_of(sign_key, NRS_KEY_SIZE))) {
            return place;
        }
    }
    return roster->n_tombstones;
}

const Nrs__Wire__Tombstone *nrs_roster_tombstone(const nrs_roster *roster, const uint8_t sign_key[NRS_KEY_SIZE])
{
    const size_t place = nrs_roster_tombstone_from(roster, 0, sign_key);

    return place == roster->n_tombstones ? NULL : roster->tombstones[place];
}

size_t nrs_roster_tombstone_served(const nrs_roster *roster, uint64_t now_ms)
{
    size_t oldest;

    NRS_ASSERT(roster != NULL);
    oldest = roster->n_tombstones;
    for (size_t i = 0; i < roster->n_tombstones; i++) {
        const Nrs__Wire__Tombstone *tombstone = roster->tombstones[i];

        if (nrs_tombstone_has_served(tombstone, now_ms) && (oldest == roster->n_tombstones || tombstone->at_ms < roster->tombstones[oldest]->at_ms)) {
            oldest = i;
        }
    }
    return oldest;
}
