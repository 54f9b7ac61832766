/* A person's prekeys as the node keeps them: each secret wrapped so that it opens only with the person's key and a share
 * that the node destroys on time (SPEC 7.3). */
#include <jansson.h>
#include <string.h>

#include "control.h"
#include "key/keyring.h"
#include "keys/vault.h"
#include "proto/assert.h"

static json_t *base64(nrs_slice bytes)
{
    char *text = NULL;
    json_t *value = NULL;

    if (nrs_base64_encode(&text, bytes) == NRS_OK) {
        nrs_bytes owned = {(uint8_t *)text, strlen(text), strlen(text)};

        value = json_string(text);
        nrs_bytes_wipe(&owned);
    }
    return value;
}

static nrs_error wrap_one(json_t *list, const nrs_prekey_secret *prekey, const nrs_identity *person)
{
    nrs_secret *share = NULL;
    nrs_secret *key = NULL;
    nrs_bytes wrapped = {0};
    char id[2 * NRS_PREKEY_ID_SIZE + 1];
    json_t *entry = NULL;
    nrs_error error = nrs_secret_random(&share, NRS_KEY_SIZE);

    if (error == NRS_OK) {
        error = nrs_person_prekey_key(&key, person, share);
    }
    if (error == NRS_OK) {
        error = nrs_vault_wrap(&wrapped, key, nrs_slice_of(prekey->id, NRS_PREKEY_ID_SIZE), prekey->secret);
    }
    if (error == NRS_OK) {
        nrs_hex_encode(id, prekey->id, NRS_PREKEY_ID_SIZE);
        entry = json_pack("{s:s, s:o, s:I, s:I, s:o, s:o}", "id", id, "key", base64(nrs_slice_of(prekey->key, NRS_KEY_SIZE)),
                          "from_ms", (json_int_t)prekey->from_ms, "until_ms", (json_int_t)prekey->until_ms, "share",
                          base64(nrs_secret_slice(share)), "sealed_secret", base64(nrs_slice_of_bytes(&wrapped)));
        error = entry != NULL && json_array_append_new(list, entry) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
    }
    nrs_secret_destroy(&share);
    nrs_secret_destroy(&key);
    nrs_bytes_wipe(&wrapped);
    return error;
}

nrs_error nrs_keyring_prekeys(json_t **request_out, const nrs_identity *person, const char *person_id,
                              const uint8_t org_sign_key[NRS_KEY_SIZE], uint64_t now_ms)
{
    nrs_prekey_secret prekeys[NRS_PERSON_PREKEY_COUNT] = {0};
    nrs_bytes bundle = {0};
    json_t *list = json_array();
    json_t *request = NULL;
    nrs_error error = NRS_OK;

    NRS_ASSERT(request_out != NULL && person != NULL);
    NRS_ASSERT(person_id != NULL && org_sign_key != NULL);

    error = nrs_prekeys_make(prekeys, NRS_PERSON_PREKEY_COUNT, now_ms - now_ms % NRS_WEEK_MS);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_prekeys_sign(&bundle, prekeys, NRS_PERSON_PREKEY_COUNT, person, org_sign_key, now_ms);
    for (size_t i = 0; error == NRS_OK && i < NRS_PERSON_PREKEY_COUNT; i++) {
        error = wrap_one(list, &prekeys[i], person);
    }
    if (error != NRS_OK) {
        goto out;
    }
    request = nrs_control_request("person-prekeys");
    if (request == NULL || json_object_set_new(request, "person", json_string(person_id)) != 0 ||
        json_object_set_new(request, "bundle", base64(nrs_slice_of_bytes(&bundle))) != 0 ||
        json_object_set(request, "prekeys", list) != 0) {
        error = NRS_ERROR_NO_MEMORY;
        goto out;
    }
    *request_out = request;
    request = NULL;
out:
    for (size_t i = 0; i < NRS_PERSON_PREKEY_COUNT; i++) {
        nrs_prekey_secret_wipe(&prekeys[i]);
    }
    json_decref(request);
    json_decref(list);
    nrs_bytes_wipe(&bundle);
    return error;
}
