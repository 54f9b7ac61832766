/* noroshi key rotate, community succeed: new keys for an organisation, announced and signed by the old ones (SPEC 7.10). */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "control.h"
#include "key/keyring.h"
#include "key/rotate_grace.h"
#include "keys/change.h"
#include "keys/rotation.h"
#include "language.h"
#include "proto/armour.h"
#include "community/roster_file.h"
#include "run.h"
#include "text.h"

/* The identity that ends and the one that comes after it. */
typedef struct rotation {
    nrs_identity *before, *after;
    nrs_bytes passphrase;
    nrs_bytes own_bytes; /* the card that ends */
    nrs_card *own;
    nrs_bytes card;      /* Signed, of the new keys */
    nrs_bytes payload;   /* the succession */
    char name[NRS_KEY_NAME_SIZE];
    bool resumed;
} rotation;

static void rotation_wipe(rotation *of)
{
    nrs_identity_destroy(&of->before);
    nrs_identity_destroy(&of->after);
    nrs_bytes_wipe(&of->passphrase);
    nrs_bytes_wipe(&of->own_bytes);
    nrs_card_free(&of->own);
    nrs_bytes_wipe(&of->card);
    nrs_bytes_wipe(&of->payload);
}

/* The file of --person-passphrase-file ID=FILE for this person; NULL when none was given. */
static const char *passphrase_file_of(const nrs_cli *cli, const char *id)
{
    const char *given = NULL;
    size_t size = strlen(id);

    for (size_t i = 0; (given = nrs_cli_option_at(cli, "person-passphrase-file", i)) != NULL; i++) {
        if (strncmp(given, id, size) == 0 && given[size] == '=') {
            return given + size + 1;
        }
    }
    return NULL;
}

/* What was given is of persons on the card, before anything is made. */
static nrs_error check_given(nrs_cli *cli, const rotation *of)
{
    const char *given = NULL;

    for (size_t i = 0; (given = nrs_cli_option_at(cli, "person-passphrase-file", i)) != NULL; i++) {
        size_t size = strcspn(given, "=");
        bool known = false;

        if (given[size] != '=' || given[size + 1] == '\0') {
            return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, _("write it as ID=FILE: %s"), given);
        }
        for (size_t k = 0; k < of->own->n_persons; k++) {
            known = known || (strlen(of->own->persons[k]->id) == size && strncmp(of->own->persons[k]->id, given, size) == 0);
        }
        if (!known) {
            return nrs_cli_fail_about(cli, NRS_ERROR_UNKNOWN_PERSON, given);
        }
    }
    return NRS_OK;
}

/* A person's entry names the organisation's key and is signed by the person: who has a passphrase, and does not give it here, comes
 * back by person add. Out: done_out: whether the entry is signed anew. */
static nrs_error carry_over(nrs_cli *cli, bool *done_out, Nrs__Wire__PersonEntry *entry, uint8_t proof_out[NRS_SIGNATURE_SIZE], const rotation *of)
{
    const char *path = passphrase_file_of(cli, entry->id);
    nrs_bytes file = {0};
    nrs_bytes passphrase = {0};
    nrs_identity *person = NULL;
    bool held = nrs_folder_has(cli, "persons", entry->id, ".key") &&
                nrs_folder_read_armour(cli, &file, "KEY", "persons", entry->id, ".key", NRS_ERROR_UNKNOWN_PERSON) == NRS_OK;
    nrs_error error = path == NULL ? NRS_OK : nrs_passphrase_read(cli, &passphrase, path);

    *done_out = false;
    if (error == NRS_OK && held && (path != NULL || !nrs_identity_file_locked(nrs_slice_of_bytes(&file)))) {
        error = nrs_identity_load(&person, nrs_slice_of_bytes(&file), nrs_slice_of_bytes(&passphrase));
        if (error == NRS_OK) {
            error = nrs_person_prove(proof_out, person, entry->id, nrs_identity_public(of->after)->sign_key);
        }
        *done_out = error == NRS_OK;
        error = error == NRS_OK || path == NULL ? NRS_OK : nrs_cli_fail_about(cli, error, entry->id); /* a passphrase that was given must be right */
    }
    if (*done_out) {
        entry->proof = nrs_field_of(nrs_slice_of(proof_out, NRS_SIGNATURE_SIZE));
    } else if (error == NRS_OK) {
        nrs_cli_note(cli, _("%s is not on the new card; when the new keys are in force: noroshi person add %s, which keeps the person's key"),
                     entry->id, entry->id);
    }
    nrs_identity_destroy(&person);
    nrs_bytes_wipe(&passphrase);
    nrs_bytes_wipe(&file);
    return error;
}

static nrs_error make_card(nrs_cli *cli, rotation *of)
{
    uint8_t proofs[NRS_PERSON_COUNT_MAX][NRS_SIGNATURE_SIZE];
    Nrs__Wire__PersonEntry entries[NRS_PERSON_COUNT_MAX];
    Nrs__Wire__PersonEntry *persons[NRS_PERSON_COUNT_MAX];
    nrs_card next = *of->own;
    nrs_error error = NRS_OK;

    next.n_persons = 0;
    next.persons = persons;
    for (size_t i = 0; i < of->own->n_persons && error == NRS_OK; i++) {
        bool done = false;

        entries[i] = *of->own->persons[i];
        error = carry_over(cli, &done, &entries[i], proofs[i], of);
        if (done) {
            persons[next.n_persons++] = &entries[i];
        }
    }
    if (error != NRS_OK) {
        return error;
    }
    next.serial = of->own->serial + 1;
    next.created_ms = nrs_now_ms();
    return nrs_card_sign(&of->card, &next, of->after);
}

/* The key that the vault file stands under: handed on from identity to identity. */
static nrs_error vault_key_of(nrs_cli *cli, nrs_secret **key_out, const nrs_identity *identity)
{
    char name[NRS_KEY_NAME_SIZE];
    nrs_bytes wrapped = {0};
    nrs_error error = NRS_OK;

    nrs_rotation_name(name, identity);
    if (!nrs_folder_has(cli, "former", name, ".vault")) {
        return nrs_identity_derive(key_out, identity, NRS_DOMAIN_VAULT);
    }
    error = nrs_folder_read_armour(cli, &wrapped, "VAULT", "former", name, ".vault", NRS_ERROR_DAMAGED);
    if (error == NRS_OK) {
        error = nrs_rotation_unwrap_vault(key_out, nrs_slice_of_bytes(&wrapped), identity);
    }
    nrs_bytes_wipe(&wrapped);
    return error;
}

/* identity.next.key goes last: without it nothing of the rest is looked at. */
static nrs_error write_prepared(nrs_cli *cli, const rotation *of)
{
    nrs_bytes file = {0};
    nrs_secret *vault_key = NULL;
    nrs_error error = NRS_OK;

    (void)nrs_folder_make(cli, "former"); /* it may be there; what is wrong with it shows at the first file */
    error = nrs_rotation_save(&file, of->before, of->after, NRS_DOMAIN_FORMER_KEY);
    if (error == NRS_OK) {
        error = nrs_folder_write_armour(cli, "KEY", "former", of->name, ".key", nrs_slice_of_bytes(&file));
    }
    if (error == NRS_OK) {
        error = vault_key_of(cli, &vault_key, of->before);
    }
    if (error == NRS_OK) {
        error = nrs_rotation_wrap_vault(&file, vault_key, of->after);
    }
    if (error == NRS_OK) {
        error = nrs_folder_write_armour(cli, "VAULT", "former", of->name, ".vault", nrs_slice_of_bytes(&file));
    }
    if (error == NRS_OK) {
        error = nrs_folder_write_armour(cli, "CARD", "former", of->name, ".card", nrs_slice_of_bytes(&of->card));
    }
    if (error == NRS_OK) {
        error = nrs_rotation_save(&file, of->after, of->before, NRS_DOMAIN_NEXT_KEY);
    }
    if (error == NRS_OK) {
        error = nrs_folder_write_armour(cli, "KEY", NULL, "next", ".key", nrs_slice_of_bytes(&file));
    }
    if (error == NRS_OK) {
        error = nrs_keyring_save(cli, of->after, nrs_slice_of_bytes(&of->passphrase), NULL, "identity.next");
    }
    nrs_secret_destroy(&vault_key);
    nrs_bytes_wipe(&file);
    return error;
}

/* What was prepared before, when the command is given again. */
static nrs_error read_prepared(nrs_cli *cli, rotation *of)
{
    nrs_error error = nrs_keyring_load_with(cli, &of->after, nrs_slice_of_bytes(&of->passphrase), NULL, "identity.next", NRS_ERROR_DAMAGED);

    if (error == NRS_OK) {
        nrs_rotation_name(of->name, of->after);
        error = nrs_folder_read_armour(cli, &of->card, "CARD", "former", of->name, ".card", NRS_ERROR_DAMAGED);
    }
    return error;
}

static nrs_error prepare(nrs_cli *cli, rotation *of)
{
    nrs_error error = NRS_OK;

    of->resumed = nrs_folder_has(cli, NULL, "identity.next", ".key");
    if (of->resumed) {
        return read_prepared(cli, of);
    }
    error = nrs_rotate_grace_own(cli, of->before);
    if (error == NRS_OK) {
        error = nrs_identity_new(&of->after);
    }
    if (error == NRS_OK) {
        nrs_rotation_name(of->name, of->after);
        error = make_card(cli, of);
    }
    return error;
}

/* What was prepared, and its announcement. */
static nrs_error announce(nrs_cli *cli, const rotation *of)
{
    char name[NRS_NAME_SIZE_MAX + 16];
    nrs_error error = NRS_OK;

    snprintf(name, sizeof name, "%s.succession", of->own->org);
    nrs_folder_begin(cli);
    error = of->resumed ? NRS_OK : write_prepared(cli, of);
    if (error == NRS_OK) {
        error = nrs_inbox_put(cli, name, "SUCCESSION", nrs_slice_of_bytes(&of->payload));
    }
    error = nrs_folder_end(cli, error);
    return error == NRS_OK ? nrs_inbox_poke(cli, name) : error;
}

static void print_rotation(const nrs_cli *cli, const rotation *of, const char *armoured)
{
    char fingerprint[48];

    nrs_fingerprint(fingerprint, nrs_identity_public(of->after)->sign_key);
    if (cli->json) {
        json_t *row = json_pack("{s:s, s:s, s:b, s:s}", "org", of->own->org, "fingerprint", fingerprint, "resumed", of->resumed ? 1 : 0,
                                "succession", armoured);

        nrs_text_print_json(stdout, row);
        json_decref(row);
        return;
    }
    printf(_("New keys of %s are made and announced. New fingerprint: %s\n"), of->own->org, fingerprint);
    puts(_("They come into force when the secretariat has run: noroshi community succeed. Until then the node goes on under the old ones."));
    if (of->own->n_persons > 0) {
        puts(_("Each person then runs noroshi person unlock: TLP:RED goes to prekeys made under the new keys."));
    }
    puts(_("Print a new paper afterwards: noroshi key paper"));
}

nrs_error nrs_run_key_rotate(nrs_cli *cli)
{
    const char *output = nrs_cli_option(cli, "output");
    nrs_node_settings settings;
    rotation of = {0};
    nrs_given_file file = {0};
    char *armoured = NULL;
    nrs_error error = nrs_folder_settings(cli, &settings);

    if (error == NRS_OK) {
        error = nrs_keyring_start(cli);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_own_card(cli, &of.own_bytes, &of.own);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_load(cli, &of.before, &of.passphrase, NULL, "identity", NRS_ERROR_NOT_A_NODE);
    }
    if (error == NRS_OK) {
        error = check_given(cli, &of);
    }
    if (error == NRS_OK) {
        error = prepare(cli, &of);
    }
    if (error == NRS_OK) {
        error = nrs_change_succeed(&of.payload, of.before, of.after, nrs_slice_of_bytes(&of.card), nrs_now_ms());
    }
    if (error == NRS_OK) {
        error = nrs_armour_encode(&armoured, "SUCCESSION", nrs_slice_of_bytes(&of.payload));
    }
    if (error == NRS_OK && output != NULL) {
        error = nrs_file_open_given(cli, &file, output);
    }
    if (error == NRS_OK) {
        error = announce(cli, &of);
    }
    if (error == NRS_OK && output != NULL) { /* it speaks of keys that are on the disk by now */
        error = nrs_file_fill_given(cli, &file, nrs_slice_of_string(armoured));
    }
    if (error == NRS_OK) {
        print_rotation(cli, &of, armoured);
    }
    nrs_given_file_wipe(&file);
    free(armoured);
    rotation_wipe(&of);
    return error;
}
