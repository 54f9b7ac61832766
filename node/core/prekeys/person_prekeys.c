/* Prekeys of this organisation's persons (SPEC 7.3): each secret is sealed under the person's key and a share; the node keeps
 * the share under its vault, and so holds nothing that opens. */
#include <string.h>

#include "command/command.h"
#include "prekeys/prekeys.h"

static nrs_error decode_field(nrs_bytes *bytes_out, const json_t *object, const char *name, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));
    nrs_error error;

    if (text == NULL) {
        return NRS_ERROR_MALFORMED;
    }
    error = nrs_base64_decode(bytes_out, nrs_slice_of_string(text));
    return error == NRS_OK && size != 0 && bytes_out->size != size ? NRS_ERROR_MALFORMED : error;
}

static nrs_error keep_person_prekey(nrs_core *core, const json_t *entry, const nrs_prekeys *bundle, const Nrs__Wire__Prekey *published)
{
    nrs_bytes share = {0}, sealed = {0}, wrapped = {0};
    nrs_secret *secret = NULL;
    nrs_prekey_row row = {.id = published->id.data, .owner = bundle->owner.data, .key = published->key.data, .from_ms = published->from_ms, .until_ms = published->until_ms};
    nrs_error error = NRS_OK;

    if (nrs_own_prekey_by_id(core, published->id.data) != NULL) {
        return NRS_OK; /* taken up before */
    }
    if ((error = decode_field(&share, entry, "share", NRS_KEY_SIZE)) == NRS_OK) {
        error = decode_field(&sealed, entry, "sealed_secret", NRS_KEY_SIZE + NRS_VAULT_WRAP_OVERHEAD);
    }
    if (error == NRS_OK) {
        error = nrs_secret_copy(&secret, nrs_slice_of_bytes(&share));
    }
    if (error == NRS_OK) {
        error = nrs_vault_put(core, &row.segment, &wrapped, nrs_slice_of(row.id, NRS_PREKEY_ID_SIZE), secret);
    }
    if (error == NRS_OK) {
        row.wrapped = nrs_slice_of_bytes(&wrapped);
        row.sealed_secret = nrs_slice_of_bytes(&sealed);
        error = nrs_store_prekey_add(core->store, &row);
    }
    if (error == NRS_OK) {
        error = nrs_prekey_remember(core, &row, NULL, true);
    }
    nrs_secret_destroy(&secret);
    nrs_bytes_wipe(&share);
    nrs_bytes_wipe(&sealed);
    nrs_bytes_wipe(&wrapped);
    return error;
}

/* Everything is checked before anything is written. */
static nrs_error entry_well_formed(const json_t *entry)
{
    nrs_bytes share = {0}, sealed = {0};
    nrs_error error = decode_field(&share, entry, "share", NRS_KEY_SIZE);

    if (error == NRS_OK) {
        error = decode_field(&sealed, entry, "sealed_secret", NRS_KEY_SIZE + NRS_VAULT_WRAP_OVERHEAD);
    }
    nrs_bytes_wipe(&share);
    nrs_bytes_wipe(&sealed);
    return error;
}

/* The entry of the request whose id (hexadecimal or base64 as CONTROL.md has it: hexadecimal) names this prekey. */
static const json_t *entry_of(const json_t *entries, const Nrs__Wire__Prekey *prekey)
{
    char hex[2 * NRS_PREKEY_ID_SIZE + 1];
    size_t index;
    const json_t *entry;

    nrs_hex_encode(hex, prekey->id.data, NRS_PREKEY_ID_SIZE);
    json_array_foreach(entries, index, entry) {
        const char *id = json_string_value(json_object_get(entry, "id"));
        if (id != NULL && strcmp(id, hex) == 0) {
            return entry;
        }
    }
    return NULL;
}

nrs_error nrs_prekey_keeper_add_person(nrs_core *core, const json_t *request)
{
    const char *person_id = json_string_value(json_object_get(request, "person"));
    const json_t *entries = json_object_get(request, "prekeys");
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    nrs_bytes bundle_bytes = {0};
    nrs_record *record = NULL;
    nrs_prekeys *bundle = NULL;
    const Nrs__Wire__PersonEntry *person;
    nrs_error error;

    if (person_id == NULL || !json_is_array(entries) || json_array_size(entries) > NRS_PREKEY_COUNT_MAX) {
        return NRS_ERROR_MALFORMED;
    }
    person = self == NULL ? NULL : nrs_peer_person(self, person_id);
    if (person == NULL) {
        return NRS_ERROR_UNKNOWN_PERSON;
    }
    error = decode_field(&bundle_bytes, request, "bundle", 0);
    if (error == NRS_OK) {
        error = nrs_record_decode(&record, nrs_slice_of_bytes(&bundle_bytes));
    }
    if (error == NRS_OK && record->type != NRS_RECORD_PREKEYS) {
        error = NRS_ERROR_MALFORMED;
    }
    if (error == NRS_OK) {
        error = nrs_prekeys_verify(&bundle, nrs_field(&record->payload));
    }
    if (error == NRS_OK && (memcmp(bundle->owner.data, person->sign_key.data, NRS_KEY_SIZE) != 0 ||
                            memcmp(bundle->org.data, core->self.sign_key, NRS_KEY_SIZE) != 0)) {
        error = NRS_ERROR_FORGED;
    }
    for (size_t i = 0; error == NRS_OK && i < bundle->n_prekeys; i++) {
        const json_t *entry = entry_of(entries, bundle->prekeys[i]);
        if (nrs_own_prekey_by_id(core, bundle->prekeys[i]->id.data) == NULL) {
            error = entry_well_formed(entry);
        }
    }
    if (error == NRS_OK) { /* before anything is kept: the bundle's own rules may refuse it */
        error = nrs_directory_take_prekeys(core, nrs_slice_of_bytes(&bundle_bytes), nrs_field(&record->payload), nrs_slice_of(NULL, 0));
    }
    for (size_t i = 0; error == NRS_OK && i < bundle->n_prekeys; i++) {
        const json_t *entry = entry_of(entries, bundle->prekeys[i]);
        error = entry == NULL ? NRS_OK : keep_person_prekey(core, entry, bundle, bundle->prekeys[i]);
        core->half_done = core->half_done || error == NRS_ERROR_BUSY;
        error = error == NRS_ERROR_BUSY ? error : nrs_command_written(core, error);
    }
    nrs_prekeys_free(&bundle);
    nrs_record_free(&record);
    nrs_bytes_wipe(&bundle_bytes);
    return error;
}
