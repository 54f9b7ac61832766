#include "letter.h"

#include <string.h>

#include "keys/vault.h"
#include "world.h"

/* In the vault: the root opens the segments, and one of these the prekey. */
typedef struct search {
    sim_node *reader;
    nrs_vault_roots roots;
    const uint8_t *id;
    nrs_bytes wrapped;
    uint64_t segment;
    nrs_prekey_secret found;
} search;

static nrs_error match(void *context, const nrs_prekey_row *row)
{
    search *it = context;

    if (memcmp(row->id, it->id, NRS_PREKEY_ID_SIZE) == 0 && row->sealed_secret.size == 0) {
        memcpy(it->found.id, row->id, NRS_PREKEY_ID_SIZE);
        memcpy(it->found.key, row->key, NRS_KEY_SIZE);
        it->segment = row->segment;
        return nrs_bytes_copy(&it->wrapped, row->wrapped);
    }
    return NRS_OK;
}

static nrs_error unwrap(void *context, uint64_t number, uint32_t entry_count, nrs_slice bytes)
{
    search *it = context;
    uint8_t label[8];
    nrs_secret *segment = NULL;

    (void)entry_count;
    for (size_t i = 0; i < sizeof label; i++) {
        label[i] = (uint8_t)(number >> (8 * i));
    }
    for (size_t i = 0; i < 2 && number == it->segment && it->found.secret == NULL; i++) {
        if (it->roots.root[i] != NULL && nrs_vault_unwrap(&segment, it->roots.root[i], nrs_slice_of(label, sizeof label), bytes) == NRS_OK &&
            nrs_vault_unwrap(&it->found.secret, segment, nrs_slice_of(it->id, NRS_PREKEY_ID_SIZE), nrs_slice_of_bytes(&it->wrapped)) != NRS_OK) {
            it->found.secret = NULL;
        }
        nrs_secret_destroy(&segment);
    }
    return NRS_OK;
}

static bool open_vault(search *it)
{
    const sim_file *file = sim_disk_find(&it->reader->disk, "vault");
    nrs_secret *key = NULL;
    bool opens = file != NULL && nrs_identity_derive(&key, it->reader->keys[0].identity, NRS_DOMAIN_VAULT) == NRS_OK &&
                 nrs_vault_file_decode(&it->roots, nrs_slice_of(file->cache.data, file->cache.size), key) == NRS_OK;

    nrs_secret_destroy(&key);
    return opens;
}

static bool find_prekey(search *it)
{
    bool found;

    sim_disk_hold(&it->reader->disk, true);
    found = open_vault(it) && nrs_store_prekey_each(it->reader->store, match, it) == NRS_OK && it->wrapped.size > 0 &&
            nrs_store_segment_each(it->reader->store, unwrap, it) == NRS_OK && it->found.secret != NULL;
    sim_disk_hold(&it->reader->disk, false);
    return found;
}

bool sim_letter_open(nrs_letter **letter_out, sim_node *reader, const nrs_public_keys *from, nrs_slice payload)
{
    nrs_envelope *envelope = NULL;
    search it = {.reader = reader};
    bool opens = reader->core != NULL && nrs_envelope_verify(&envelope, payload) == NRS_OK;

    if (opens) {
        it.id = envelope->prekey_id.data;
        opens = find_prekey(&it) && nrs_envelope_open(letter_out, envelope, reader->identity, &it.found, from) == NRS_OK;
    }
    nrs_prekey_secret_wipe(&it.found);
    nrs_vault_roots_wipe(&it.roots);
    nrs_bytes_wipe(&it.wrapped);
    nrs_envelope_free(&envelope);
    return opens;
}
