#include "switch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "keys/card.h"
#include "keys/rotation.h"
#include "proto/armour.h"
#include "proto/assert.h"

#define NAME_SIZE_MAX 64

static void name_former(char path_out[NAME_SIZE_MAX], const nrs_identity *identity, const char *suffix)
{
    char name[NRS_KEY_NAME_SIZE];

    nrs_rotation_name(name, identity);
    (void)snprintf(path_out, NAME_SIZE_MAX, "former/%s%s", name, suffix);
}

nrs_error nrs_folder_read_former(nrs_folder *folder, const nrs_identity *identity, nrs_identity **former_out, nrs_secret **vault_key_out)
{
    char path[NAME_SIZE_MAX];
    nrs_bytes bytes = {0};
    nrs_identity *former = NULL;
    nrs_secret *vault_key = NULL;
    nrs_error error = NRS_OK;

    name_former(path, identity, ".vault");
    if (faccessat(folder->fd, path, F_OK, 0) != 0) {
        return errno == ENOENT ? NRS_OK : NRS_ERROR_SYSTEM; /* the first identity of this node */
    }
    error = nrs_folder_read_armoured(&bytes, folder, path, "VAULT");
    if (error == NRS_OK) {
        error = nrs_rotation_unwrap_vault(&vault_key, nrs_slice_of_bytes(&bytes), identity);
    }
    if (error == NRS_OK) {
        name_former(path, identity, ".key");
        error = nrs_folder_read_armoured(&bytes, folder, path, "KEY");
    }
    if (error == NRS_OK) {
        error = nrs_rotation_load(&former, nrs_slice_of_bytes(&bytes), identity, NRS_DOMAIN_FORMER_KEY);
    }
    if (error == NRS_OK) {
        folder->about = NULL;
        *former_out = former;
        *vault_key_out = vault_key;
        former = NULL;
        vault_key = NULL;
    } else if (error == NRS_ERROR_PASSPHRASE || error == NRS_ERROR_MALFORMED || error == NRS_ERROR_DAMAGED) {
        folder->about = "former";
        error = NRS_ERROR_DAMAGED;
    }
    nrs_identity_destroy(&former);
    nrs_secret_destroy(&vault_key);
    nrs_bytes_wipe(&bytes);
    return error;
}

static bool is_card_of(nrs_slice bytes, const nrs_identity *identity)
{
    nrs_card *card = NULL;
    bool same = nrs_card_verify(&card, bytes) == NRS_OK &&
                memcmp(card->sign_key.data, nrs_identity_public(identity)->sign_key, NRS_KEY_SIZE) == 0;

    nrs_card_free(&card);
    return same;
}

/* The card that was prepared for this identity becomes the node's. */
static nrs_error take_prepared_card(nrs_folder *folder, const nrs_identity *identity)
{
    char path[NAME_SIZE_MAX];
    nrs_bytes card = {0};
    char *text = NULL;
    nrs_error error = NRS_OK;

    name_former(path, identity, ".card");
    error = nrs_folder_read_armoured(&card, folder, path, "CARD");
    if (error == NRS_OK && !is_card_of(nrs_slice_of_bytes(&card), identity)) {
        error = NRS_ERROR_DAMAGED;
    }
    if (error == NRS_OK) {
        error = nrs_armour_encode(&text, "CARD", nrs_slice_of_bytes(&card));
    }
    if (error == NRS_OK) {
        error = nrs_file_publish(folder->fd, "own.card", nrs_slice_of_string(text));
    }
    if (error == NRS_OK) {
        nrs_bytes_wipe(&folder->card);
        folder->card = card;
        card = (nrs_bytes){0};
        folder->about = NULL;
    }
    free(text);
    nrs_bytes_wipe(&card);
    return error;
}

nrs_error nrs_folder_settle_card(nrs_folder *folder)
{
    if (is_card_of(nrs_slice_of_bytes(&folder->card), folder->identity)) {
        return NRS_OK;
    }
    if (folder->former != NULL) {
        return take_prepared_card(folder, folder->identity);
    }
    folder->about = "own.card";
    folder->trouble = NRS_TROUBLE_OTHERS;
    return NRS_ERROR_DAMAGED;
}

nrs_error nrs_folder_switch(nrs_folder *folder)
{
    nrs_bytes bytes = {0};
    nrs_identity *next = NULL;
    nrs_identity *former = NULL;
    nrs_secret *vault_key = NULL;
    nrs_error error = NRS_OK;

    NRS_ASSERT(folder->identity != NULL);

    if (faccessat(folder->fd, "next.key", F_OK, 0) != 0 || faccessat(folder->fd, "identity.next.key", F_OK, 0) != 0) {
        return NRS_ERROR_NOT_FOUND;
    }
    error = nrs_folder_read_armoured(&bytes, folder, "next.key", "KEY");
    if (error == NRS_OK) {
        error = nrs_rotation_load(&next, nrs_slice_of_bytes(&bytes), folder->identity, NRS_DOMAIN_NEXT_KEY);
    }
    if (error == NRS_OK) {
        error = nrs_folder_read_former(folder, next, &former, &vault_key);
    }
    if (error == NRS_OK && (former == NULL || vault_key == NULL)) {
        error = NRS_ERROR_DAMAGED;
    }
    if (error == NRS_OK && (renameat(folder->fd, "identity.next.key", folder->fd, "identity.key") != 0 || fsync(folder->fd) != 0)) {
        error = NRS_ERROR_DISK;
    }
    if (error != NRS_OK) {
        goto out;
    }
    /* From here on the new identity is the node's, also after a crash. */
    nrs_identity_destroy(&folder->identity);
    nrs_identity_destroy(&folder->former);
    nrs_secret_destroy(&folder->vault_key);
    folder->identity = next;
    folder->former = former;
    folder->vault_key = vault_key;
    next = NULL;
    former = NULL;
    vault_key = NULL;
    if (nrs_file_erase(folder->fd, "next.key") == NRS_OK) {
        (void)unlinkat(folder->fd, "next.key", 0);
    }
    error = take_prepared_card(folder, folder->identity);
out:
    nrs_identity_destroy(&next);
    nrs_identity_destroy(&former);
    nrs_secret_destroy(&vault_key);
    nrs_bytes_wipe(&bytes);
    return error;
}
