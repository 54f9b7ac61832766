/* Keys that persons of this organisation had before (SPEC 7.3): a person who changed the key and has the old one still reads by it what
 * was sealed to it, so that the node keeps its shares of those prekeys until their dates. Who is to lose the old key
 * (left, or forgot its passphrase) has no entry here. */
#include <string.h>

#include "prekeys/prekeys.h"

#define STORED_NAME "person-formers"

nrs_error nrs_person_formers_load(nrs_core *core)
{
    nrs_bytes value = {0};
    nrs_error error = nrs_store_meta_get(core->store, STORED_NAME, &value);

    core->person_former_count = 0;
    if (error == NRS_OK && (value.size % sizeof core->person_formers[0] != 0 || value.size > sizeof core->person_formers)) {
        error = NRS_ERROR_DAMAGED;
    }
    if (error == NRS_OK && value.size > 0) {
        memcpy(core->person_formers, value.data, value.size);
        core->person_former_count = value.size / sizeof core->person_formers[0];
    }
    nrs_bytes_wipe(&value);
    return error;
}

const uint8_t *nrs_person_key_now(const nrs_core *core, const uint8_t *sign_key)
{
    const uint8_t *now = sign_key;

    for (size_t i = 0; i < core->person_former_count; i++) { /* in the order in which they were made */
        if (memcmp(core->person_formers[i].before, now, NRS_KEY_SIZE) == 0) {
            now = core->person_formers[i].after;
        }
    }
    return now;
}

static bool has_prekeys(const nrs_core *core, const uint8_t *owner)
{
    for (const nrs_own_prekey *prekey = core->own_prekeys; prekey != NULL; prekey = prekey->hh.next) {
        if (prekey->person && memcmp(prekey->owner, owner, NRS_KEY_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

/* Those whose prekeys are all destroyed go, unless they are on the way from one that has some; and so does what was said of this key
 * before and not followed by a card. */
static void drop_over(nrs_core *core, const uint8_t *superseded)
{
    size_t left = 0;

    for (size_t i = 0; i < core->person_former_count; i++) {
        const struct nrs_person_former one = core->person_formers[i];
        bool wanted = has_prekeys(core, one.before);

        for (size_t k = 0; k < left && !wanted; k++) {
            wanted = memcmp(core->person_formers[k].after, one.before, NRS_KEY_SIZE) == 0;
        }
        if (wanted && memcmp(one.before, superseded, NRS_KEY_SIZE) != 0) {
            core->person_formers[left] = one;
            left++;
        }
    }
    core->person_former_count = left;
}

static nrs_error decode_key(uint8_t key_out[NRS_KEY_SIZE], const json_t *request, const char *name)
{
    const char *text = json_string_value(json_object_get(request, name));
    nrs_bytes bytes = {0};
    nrs_error error = text == NULL ? NRS_ERROR_MALFORMED : nrs_base64_decode(&bytes, nrs_slice_of_string(text));

    if (error == NRS_OK && bytes.size != NRS_KEY_SIZE) {
        error = NRS_ERROR_MALFORMED;
    }
    if (error == NRS_OK) {
        memcpy(key_out, bytes.data, NRS_KEY_SIZE);
    }
    nrs_bytes_wipe(&bytes);
    return error;
}

nrs_error nrs_person_former_take(nrs_core *core, const json_t *request)
{
    const char *id = json_string_value(json_object_get(request, "person"));
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    const Nrs__Wire__PersonEntry *person = id == NULL || self == NULL ? NULL : nrs_peer_person(self, id);
    struct nrs_person_former added;
    nrs_error error = decode_key(added.before, request, "before");

    if (error == NRS_OK) {
        error = decode_key(added.after, request, "after");
    }
    if (error != NRS_OK) {
        return error;
    }
    if (person == NULL) {
        return NRS_ERROR_UNKNOWN_PERSON;
    }
    if (memcmp(person->sign_key.data, added.before, NRS_KEY_SIZE) != 0 || memcmp(nrs_person_key_now(core, added.after), added.before, NRS_KEY_SIZE) == 0) {
        return NRS_ERROR_FORGED; /* the key that ends is the one on the card */
    }
    drop_over(core, added.before);
    if (core->person_former_count == NRS_PERSON_FORMER_COUNT_MAX) {
        return NRS_ERROR_LIMIT;
    }
    core->person_formers[core->person_former_count] = added;
    core->person_former_count++;
    return nrs_store_meta_set(core->store, STORED_NAME,
                              nrs_slice_of((const uint8_t *)core->person_formers, core->person_former_count * sizeof core->person_formers[0]));
}
