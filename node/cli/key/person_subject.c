#include "key/person_subject.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "key/keyring.h"
#include "keys/rotation.h"
#include "language.h"
#include "proto/address.h"
#include "proto/assert.h"
#include "text.h"

void nrs_subject_wipe(nrs_subject *of)
{
    nrs_identity_destroy(&of->org);
    nrs_bytes_wipe(&of->card_bytes);
    nrs_card_free(&of->card);
}

nrs_error nrs_subject_read(nrs_cli *cli, nrs_subject *of)
{
    nrs_node_settings settings;
    nrs_error error = NRS_OK;

    of->id = cli->arguments[0];
    if (!nrs_name_valid(of->id)) {
        return nrs_cli_fail_about(cli, NRS_ERROR_BAD_NAME, of->id);
    }
    error = nrs_folder_settings(cli, &settings);
    if (error == NRS_OK) {
        error = nrs_keyring_start(cli);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_own_card(cli, &of->card_bytes, &of->card);
    }
    if (error != NRS_OK) {
        return error;
    }
    while (of->at < of->card->n_persons && strcmp(of->card->persons[of->at]->id, of->id) != 0) {
        of->at++;
    }
    if (of->at == of->card->n_persons && nrs_folder_has(cli, "persons", of->id, ".key")) { /* of a backup, or of the organisation's key before */
        return nrs_cli_fail(cli, NRS_ERROR_UNKNOWN_PERSON,
                            _("noroshi person unlock puts the person on the card again by the key that is here; noroshi person remove destroys that key"),
                            _("%s is on no card, though a key of that name is here"), of->id);
    }
    return of->at < of->card->n_persons ? NRS_OK : nrs_cli_fail_about(cli, NRS_ERROR_UNKNOWN_PERSON, of->id);
}

nrs_error nrs_subject_load_org(nrs_cli *cli, nrs_subject *of)
{
    return nrs_keyring_load(cli, &of->org, NULL, NULL, "identity", NRS_ERROR_NOT_A_NODE);
}

nrs_error nrs_subject_sign_card(nrs_subject *of, Nrs__Wire__PersonEntry *entry)
{
    Nrs__Wire__PersonEntry *persons[NRS_PERSON_COUNT_MAX];
    nrs_card next = *of->card;
    size_t count = 0;

    for (size_t i = 0; i < of->card->n_persons; i++) {
        if (i != of->at) {
            persons[count++] = of->card->persons[i];
        } else if (entry != NULL) {
            persons[count++] = entry;
        }
    }
    next.persons = persons;
    next.n_persons = count;
    next.serial = of->card->serial + 1;
    next.created_ms = nrs_now_ms();
    return nrs_card_sign(&of->card_bytes, &next, of->org);
}

nrs_error nrs_card_with_person(nrs_bytes *card_out, const nrs_card *card, const nrs_identity *org, const nrs_identity *person, const char *id, const char *name)
{
    Nrs__Wire__PersonEntry entry;
    Nrs__Wire__PersonEntry *persons[NRS_PERSON_COUNT_MAX];
    nrs_card next = *card;
    const nrs_public_keys *keys = nrs_identity_public(person);
    uint8_t proof[NRS_SIGNATURE_SIZE];
    char id_text[NRS_NAME_SIZE_MAX + 1];
    char name_text[NRS_DISPLAY_NAME_SIZE_MAX + 1];
    size_t at = 0;
    nrs_error error = card->n_persons >= NRS_PERSON_COUNT_MAX ? NRS_ERROR_LIMIT : nrs_person_prove(proof, person, id, nrs_identity_public(org)->sign_key);

    if (error != NRS_OK) {
        return error;
    }
    snprintf(id_text, sizeof id_text, "%s", id);
    snprintf(name_text, sizeof name_text, "%s", name);
    nrs__wire__person_entry__init(&entry);
    entry.id = id_text;
    entry.name = name_text;
    entry.sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
    entry.agree_key = nrs_field_of(nrs_slice_of(keys->agree_key, NRS_KEY_SIZE));
    entry.proof = nrs_field_of(nrs_slice_of(proof, sizeof proof));
    while (at < card->n_persons && strcmp(card->persons[at]->id, id) < 0) {
        persons[at] = card->persons[at];
        at++;
    }
    persons[at] = &entry;
    for (size_t i = at; i < card->n_persons; i++) {
        persons[i + 1] = card->persons[i];
    }
    next.persons = persons;
    next.n_persons = card->n_persons + 1;
    next.serial = card->serial + 1;
    next.created_ms = nrs_now_ms();
    return nrs_card_sign(card_out, &next, org);
}

nrs_error nrs_subject_put_card(nrs_cli *cli, nrs_slice card)
{
    nrs_error error = nrs_folder_write_armour(cli, "CARD", NULL, "own", ".card", card);

    return error == NRS_OK ? nrs_inbox_put(cli, "own.card", "CARD", card) : error;
}

nrs_error nrs_subject_told(nrs_cli *cli, nrs_error error, nrs_slice card, json_t *request)
{
    if (error != NRS_ERROR_FORGED && error != NRS_ERROR_UNKNOWN_PERSON) {
        return error;
    }
    nrs_cli_forget_failure(cli);
    error = nrs_subject_tell_card(cli, card);
    return error == NRS_OK ? nrs_control_call(cli, request, NULL, NULL) : error;
}

nrs_error nrs_subject_tell_card(nrs_cli *cli, nrs_slice card)
{
    nrs_error error = NRS_OK;

    if (nrs_control_answers(cli)) {
        error = nrs_inbox_put(cli, "own.card", "CARD", card);
        error = error == NRS_OK ? nrs_inbox_poke(cli, "own.card") : error;
    }
    return error;
}

nrs_error nrs_subject_hand_over(nrs_cli *cli, const nrs_subject *of, bool card, json_t *prekeys)
{
    char file[NRS_NAME_SIZE_MAX + 16];
    nrs_error error = NRS_OK;

    if (card) {
        nrs_folder_begin(cli);
        error = nrs_folder_end(cli, nrs_subject_put_card(cli, nrs_slice_of_bytes(&of->card_bytes)));
        if (error == NRS_OK) {
            error = nrs_inbox_poke(cli, "own.card");
        }
    }
    if (error != NRS_OK || prekeys == NULL) {
        return error;
    }
    snprintf(file, sizeof file, "%s.prekeys", of->id);
    error = nrs_person_tell(cli, file, prekeys);
    return nrs_subject_told(cli, error, nrs_slice_of_bytes(&of->card_bytes), prekeys);
}

uint64_t nrs_person_prekeys_until(uint64_t now_ms)
{
    return now_ms - now_ms % NRS_WEEK_MS + NRS_PERSON_PREKEY_COUNT * NRS_WEEK_MS;
}

nrs_error nrs_person_leave(nrs_cli *cli, const char *file, json_t *request)
{
    char *text = json_dumps(request, JSON_COMPACT);
    nrs_error error = text == NULL ? NRS_ERROR_NO_MEMORY : nrs_inbox_put(cli, file, NULL, nrs_slice_of_string(text));

    nrs_json_free(text);
    return error;
}

nrs_error nrs_person_tell(nrs_cli *cli, const char *file, json_t *request)
{
    return nrs_control_answers(cli) ? nrs_control_call(cli, request, NULL, NULL) : nrs_person_leave(cli, file, request);
}

/* ---- Key files ---- */

/* Overwritten where it stands; a name that stands for another file by now is left alone. */
static void overwrite(FILE *file)
{
    uint8_t zeros[4096] = {0};

    if (file != NULL) {
        (void)fwrite(zeros, 1, sizeof zeros, file);
        (void)fflush(file);
        (void)fsync(fileno(file));
        (void)fclose(file);
    }
}

static FILE *open_old(nrs_cli *cli, const char *sub, const char *name)
{
    char *path = nrs_folder_path(cli, sub, name, ".key");
    FILE *file = NULL;
    nrs_owner owner;

    (void)nrs_owner_of(&owner, cli);
    if (path != NULL && nrs_owner_begin(&owner)) {
        file = fopen(path, "r+");
        nrs_owner_end(&owner);
    }
    free(path);
    return file;
}

/* What opened what the person was sent, and what opens that in turn: without the one the other opens no more. */
void nrs_person_erase_keys(nrs_cli *cli, const nrs_subject *of)
{
    char former[NRS_KEY_NAME_SIZE];

    overwrite(open_old(cli, "persons", of->id));
    nrs_folder_remove(cli, "persons", of->id, ".key");
    if (of->at == of->card->n_persons) {
        return; /* on no card: which key it was is not known, and that key alone opens one before it */
    }
    nrs_key_name(former, of->card->persons[of->at]->sign_key.data);
    if (nrs_folder_has(cli, "former", former, ".key")) {
        overwrite(open_old(cli, "former", former));
        nrs_folder_remove(cli, "former", former, ".key");
    }
}

nrs_error nrs_person_replace_key(nrs_cli *cli, const nrs_subject *of, const nrs_identity *fresh, nrs_slice passphrase)
{
    FILE *old = open_old(cli, "persons", of->id);
    nrs_error error = nrs_keyring_save(cli, fresh, passphrase, "persons", of->id);

    if (error == NRS_OK) {
        overwrite(old);
    } else if (old != NULL) {
        (void)fclose(old);
    }
    return error;
}

nrs_error nrs_person_keep_former(nrs_cli *cli, const nrs_identity *before, const nrs_identity *after)
{
    char name[NRS_KEY_NAME_SIZE];
    nrs_bytes file = {0};
    nrs_error error = nrs_rotation_save(&file, before, after, NRS_DOMAIN_FORMER_KEY);

    nrs_rotation_name(name, after);
    if (error == NRS_OK) {
        error = nrs_folder_write_armour(cli, "KEY", "former", name, ".key", nrs_slice_of_bytes(&file));
    }
    nrs_bytes_wipe(&file);
    return error;
}

nrs_error nrs_person_former(nrs_cli *cli, nrs_identity **before_out, const nrs_identity *after)
{
    char name[NRS_KEY_NAME_SIZE];
    nrs_bytes file = {0};
    nrs_error error = NRS_ERROR_NOT_FOUND;

    nrs_rotation_name(name, after);
    if (nrs_folder_has(cli, "former", name, ".key")) {
        error = nrs_folder_read_armour(cli, &file, "KEY", "former", name, ".key", NRS_ERROR_NOT_FOUND);
    }
    if (error == NRS_OK) {
        error = nrs_rotation_load(before_out, nrs_slice_of_bytes(&file), after, NRS_DOMAIN_FORMER_KEY);
    }
    nrs_bytes_wipe(&file);
    return error;
}
