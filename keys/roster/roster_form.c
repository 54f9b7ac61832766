#include "roster/roster_form.h"

#include <stdlib.h>
#include <string.h>

#include "proto/assert.h"
#include "signing.h"

static nrs_error keys_check(const nrs_roster *roster)
{
    if (roster->n_keys == 0 || roster->n_keys > NRS_ROSTER_KEY_COUNT_MAX || roster->threshold < 1 ||
        roster->threshold > roster->n_keys) {
        return NRS_ERROR_MALFORMED;
    }
    for (size_t i = 0; i < roster->n_keys; i++) {
        if (roster->keys[i].len != NRS_KEY_SIZE) {
            return NRS_ERROR_MALFORMED;
        }
        if (i > 0 && memcmp(roster->keys[i - 1].data, roster->keys[i].data, NRS_KEY_SIZE) >= 0) {
            return NRS_ERROR_NOT_CANONICAL;
        }
    }
    return NRS_OK;
}

static nrs_error chain_fields_check(const nrs_roster *roster)
{
    const size_t want = roster->version == 1 ? 0 : NRS_HASH_SIZE;

    if (roster->version < 1 || roster->community.len != want || roster->previous.len != want) {
        return NRS_ERROR_MALFORMED;
    }
    return NRS_OK;
}

static nrs_error members_check(const nrs_roster *roster)
{
    if (roster->n_members > NRS_MEMBER_COUNT_MAX || roster->n_tombstones > NRS_TOMBSTONE_COUNT_MAX) {
        return NRS_ERROR_TOO_LARGE;
    }
    for (size_t i = 0; i < roster->n_members; i++) {
        const Nrs__Wire__Member *member = roster->members[i];

        if (member->sign_key.len != NRS_KEY_SIZE || member->agree_key.len != NRS_KEY_SIZE ||
            member->curve_key.len != NRS_KEY_SIZE) {
            return NRS_ERROR_MALFORMED;
        }
        if (i > 0 && strcmp(roster->members[i - 1]->org, member->org) >= 0) {
            return NRS_ERROR_NOT_CANONICAL;
        }
    }
    for (size_t i = 0; i < roster->n_tombstones; i++) {
        if (roster->tombstones[i]->sign_key.len != NRS_KEY_SIZE) {
            return NRS_ERROR_MALFORMED;
        }
    }
    return NRS_OK;
}

static int compare_keys(const void *a, const void *b)
{
    const uint8_t *const *left = a;
    const uint8_t *const *right = b;

    return memcmp(*left, *right, NRS_KEY_SIZE);
}

/* Sorts `keys`. NRS_ERROR_MALFORMED when one is there twice. */
static nrs_error once_each(const uint8_t **keys, size_t count)
{
    if (count == 0) {
        return NRS_OK;
    }
    qsort(keys, count, sizeof(*keys), compare_keys);
    for (size_t i = 1; i < count; i++) {
        if (memcmp(keys[i - 1], keys[i], NRS_KEY_SIZE) == 0) {
            return NRS_ERROR_MALFORMED;
        }
    }
    return NRS_OK;
}

/* A signing key is a member's or a tombstone's, and of one only; a CURVE key names one member to the link. */
static nrs_error unique_check(const nrs_roster *roster)
{
    const uint8_t **keys = calloc(roster->n_members + roster->n_tombstones + 1, sizeof(*keys));
    nrs_error error = NRS_OK;
    size_t count = 0;

    if (keys == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < roster->n_members; i++) {
        keys[count++] = roster->members[i]->curve_key.data;
    }
    error = once_each(keys, count);
    if (error != NRS_OK) {
        goto out;
    }
    count = 0;
    for (size_t i = 0; i < roster->n_members; i++) {
        keys[count++] = roster->members[i]->sign_key.data;
    }
    for (size_t i = 0; i < roster->n_tombstones; i++) {
        keys[count++] = roster->tombstones[i]->sign_key.data;
    }
    error = once_each(keys, count);
out:
    free(keys);
    return error;
}

nrs_error nrs_roster_form_check(const nrs_roster *roster)
{
    nrs_error error = NRS_OK;

    NRS_ASSERT(roster != NULL);
    error = chain_fields_check(roster);
    if (error == NRS_OK) {
        error = keys_check(roster);
    }
    if (error == NRS_OK) {
        error = members_check(roster);
    }
    if (error == NRS_OK) {
        error = unique_check(roster);
    }
    if (error == NRS_OK) {
        error = nrs_roster_rules_check(roster->rules);
    }
    return error;
}

static bool same_proofs(const Nrs__Wire__Member *a, const Nrs__Wire__Member *b)
{
    return strcmp(a->org, b->org) == 0 && nrs_slice_equal(nrs_field(&a->sign_key), nrs_field(&b->sign_key)) &&
           nrs_slice_equal(nrs_field(&a->agree_key), nrs_field(&b->agree_key)) &&
           nrs_slice_equal(nrs_field(&a->curve_key), nrs_field(&b->curve_key)) &&
           nrs_slice_equal(nrs_field(&a->proof), nrs_field(&b->proof)) &&
           nrs_slice_equal(nrs_field(&a->joined), nrs_field(&b->joined));
}

static nrs_error member_check(const Nrs__Wire__Member *member, const uint8_t community[NRS_HASH_SIZE])
{
    nrs_public_keys keys;
    nrs_error error = NRS_OK;

    memcpy(keys.sign_key, member->sign_key.data, NRS_KEY_SIZE);
    memcpy(keys.agree_key, member->agree_key.data, NRS_KEY_SIZE);
    memcpy(keys.curve_key, member->curve_key.data, NRS_KEY_SIZE);
    error = nrs_member_proof_verify(nrs_field(&member->proof), member->org, &keys);
    if (error != NRS_OK || member->joined.len == 0) {
        return error;
    }
    if (member->joined.len != NRS_SIGNATURE_SIZE) {
        return NRS_ERROR_FORGED;
    }
    return nrs_sign_verify(member->joined.data, keys.sign_key, NRS_DOMAIN_MEMBER_JOINED,
                           nrs_slice_of(community, NRS_HASH_SIZE));
}

nrs_error nrs_roster_proofs_check(const nrs_roster *roster, const nrs_roster *trusted,
                                  const uint8_t community[NRS_HASH_SIZE])
{
    NRS_ASSERT(roster != NULL);
    NRS_ASSERT(community != NULL);
    for (size_t i = 0; i < roster->n_members; i++) {
        const Nrs__Wire__Member *member = roster->members[i];
        const Nrs__Wire__Member *before = trusted == NULL ? NULL : nrs_roster_member_by_org(trusted, member->org);
        nrs_error error = NRS_OK;

        if (before != NULL && same_proofs(before, member)) {
            continue;
        }
        error = member_check(member, community);
        if (error != NRS_OK) {
            return error;
        }
    }
    return NRS_OK;
}
