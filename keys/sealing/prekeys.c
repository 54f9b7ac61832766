#include <string.h>

#include <sodium.h>

#include "keys/card.h"
#include "proto/assert.h"
#include "signing.h"

static nrs_error prekey_make(nrs_prekey_secret *secret_out, uint64_t from_ms)
{
    nrs_prekey_secret made = { .from_ms = from_ms, .until_ms = from_ms + NRS_PREKEY_WINDOW_MS };
    nrs_error error = nrs_secret_new(&made.secret, NRS_KEY_SIZE);

    if (error != NRS_OK) {
        return error;
    }
    randombytes_buf(made.id, sizeof(made.id));
    if (crypto_box_keypair(made.key, nrs_secret_data(made.secret)) != 0) {
        nrs_secret_destroy(&made.secret);
        return NRS_ERROR_INTERNAL;
    }
    *secret_out = made;
    return NRS_OK;
}

nrs_error nrs_prekeys_make(nrs_prekey_secret *secrets_out, size_t count, uint64_t from_ms)
{
    nrs_prekey_secret made[NRS_PREKEY_COUNT_MAX] = { 0 };
    nrs_error error = NRS_OK;

    NRS_ASSERT(secrets_out != NULL || count == 0);

    if (count > NRS_PREKEY_COUNT_MAX || from_ms > UINT64_MAX - count * NRS_PREKEY_WINDOW_MS) {
        return NRS_ERROR_LIMIT;
    }
    for (size_t i = 0; error == NRS_OK && i < count; i++) {
        error = prekey_make(&made[i], from_ms + i * NRS_PREKEY_WINDOW_MS);
    }
    for (size_t i = 0; i < count; i++) {
        if (error == NRS_OK) {
            secrets_out[i] = made[i];
        } else {
            nrs_prekey_secret_wipe(&made[i]);
        }
    }
    return error;
}

void nrs_prekey_secret_wipe(nrs_prekey_secret *secret)
{
    NRS_ASSERT(secret != NULL);
    nrs_secret_destroy(&secret->secret);
    *secret = (nrs_prekey_secret){ 0 };
}

nrs_error nrs_prekeys_sign(nrs_bytes *record_out, const nrs_prekey_secret *secrets, size_t count,
                           const nrs_identity *owner, const uint8_t org_sign_key[NRS_KEY_SIZE], uint64_t now_ms)
{
    nrs_error error = NRS_OK;
    nrs_prekeys bundle = NRS__WIRE__PREKEYS__INIT;
    Nrs__Wire__Prekey prekeys[NRS_PREKEY_COUNT_MAX];
    Nrs__Wire__Prekey *places[NRS_PREKEY_COUNT_MAX];
    nrs_bytes statement = { 0 };

    NRS_ASSERT(record_out != NULL && secrets != NULL);
    NRS_ASSERT(owner != NULL && org_sign_key != NULL);

    if (count == 0 || count > NRS_PREKEY_COUNT_MAX) {
        return NRS_ERROR_LIMIT;
    }
    for (size_t i = 0; i < count; i++) {
        nrs__wire__prekey__init(&prekeys[i]);
        prekeys[i].id = nrs_field_of(nrs_slice_of(secrets[i].id, NRS_PREKEY_ID_SIZE));
        prekeys[i].key = nrs_field_of(nrs_slice_of(secrets[i].key, NRS_KEY_SIZE));
        prekeys[i].from_ms = secrets[i].from_ms;
        prekeys[i].until_ms = secrets[i].until_ms;
        places[i] = &prekeys[i];
    }
    bundle.suite = NRS_SUITE;
    bundle.owner = nrs_field_of(nrs_slice_of(nrs_identity_public(owner)->sign_key, NRS_KEY_SIZE));
    bundle.org = nrs_field_of(nrs_slice_of(org_sign_key, NRS_KEY_SIZE));
    bundle.created_ms = now_ms;
    bundle.n_prekeys = count;
    bundle.prekeys = places;
    error = nrs_prekeys_encode(&statement, &bundle);
    if (error == NRS_OK) {
        error = nrs_signed_record(record_out, NRS_RECORD_PREKEYS, owner, nrs_slice_of_bytes(&statement));
    }
    nrs_bytes_wipe(&statement);
    return error;
}

/* Windows ascend and are no longer than a week (a longer one would outlive forward secrecy), and no id names two keys. */
static nrs_error prekeys_check(const nrs_prekeys *bundle)
{
    for (size_t i = 0; i < bundle->n_prekeys; i++) {
        const Nrs__Wire__Prekey *prekey = bundle->prekeys[i];

        if (prekey->id.len != NRS_PREKEY_ID_SIZE || prekey->key.len != NRS_KEY_SIZE ||
            prekey->until_ms <= prekey->from_ms || prekey->until_ms - prekey->from_ms > NRS_PREKEY_WINDOW_MS) {
            return NRS_ERROR_MALFORMED;
        }
        if (i > 0 && bundle->prekeys[i - 1]->from_ms >= prekey->from_ms) {
            return NRS_ERROR_NOT_CANONICAL;
        }
        if (nrs_agree_key_check(prekey->key.data) != NRS_OK) {
            return NRS_ERROR_FORGED;
        }
        for (size_t j = 0; j < i; j++) {
            if (memcmp(bundle->prekeys[j]->id.data, prekey->id.data, NRS_PREKEY_ID_SIZE) == 0) {
                return NRS_ERROR_MALFORMED;
            }
        }
    }
    return NRS_OK;
}

nrs_error nrs_prekeys_verify(nrs_prekeys **prekeys_out, nrs_slice payload)
{
    nrs_error error = NRS_OK;
    nrs_signed *signed_value = NULL;
    nrs_prekeys *bundle = NULL;

    NRS_ASSERT(prekeys_out != NULL);

    error = nrs_signed_open(&signed_value, NRS_RECORD_PREKEYS, payload);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_prekeys_decode(&bundle, nrs_field(&signed_value->statement));
    if (error != NRS_OK) {
        goto out;
    }
    if (!nrs_slice_equal(nrs_field(&bundle->owner), nrs_field(&signed_value->signer))) {
        error = NRS_ERROR_FORGED;
        goto out;
    }
    error = prekeys_check(bundle);
    if (error != NRS_OK) {
        goto out;
    }
    *prekeys_out = bundle;
    bundle = NULL;
out:
    nrs_prekeys_free(&bundle);
    nrs_signed_free(&signed_value);
    return error;
}

const Nrs__Wire__Prekey *nrs_prekeys_current(const nrs_prekeys *prekeys, uint64_t now_ms)
{
    NRS_ASSERT(prekeys != NULL);
    for (size_t i = 0; i < prekeys->n_prekeys; i++) {
        const Nrs__Wire__Prekey *prekey = prekeys->prekeys[i];

        if (prekey->from_ms <= now_ms && now_ms < prekey->until_ms) {
            return prekey;
        }
    }
    return NULL;
}
