/* noroshi person remove, rename, rekey, reset, unlock, list: what becomes of a person after it was added. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "report/given.h"
#include "key/keyring.h"
#include "language.h"
#include "proto/address.h"
#include "proto/time.h"
#include "red/red_open.h"
#include "run.h"
#include "text.h"

/* The person that a command is about, and the organisation's card. */
typedef struct subject {
    const char *id;
    nrs_identity *org;
    nrs_bytes card_bytes; /* Signed, as it was, then as it becomes */
    nrs_card *card;       /* as it was */
    size_t at;            /* of the person in it */
} subject;

static void subject_wipe(subject *of)
{
    nrs_identity_destroy(&of->org);
    nrs_bytes_wipe(&of->card_bytes);
    nrs_card_free(&of->card);
}

static nrs_error subject_read(nrs_cli *cli, subject *of)
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
    return of->at < of->card->n_persons ? NRS_OK : nrs_cli_fail_about(cli, NRS_ERROR_UNKNOWN_PERSON, of->id);
}

static nrs_error load_org(nrs_cli *cli, subject *of)
{
    return nrs_keyring_load(cli, &of->org, NULL, NULL, "identity", NRS_ERROR_NOT_A_NODE);
}

/* The next card: the person's entry as given, or none. */
static nrs_error sign_card(subject *of, Nrs__Wire__PersonEntry *entry)
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

/* A running node takes both up at once; another finds them in its inbox. prekeys may be NULL. */
static nrs_error hand_over(nrs_cli *cli, const subject *of, bool card, json_t *prekeys)
{
    char file[NRS_NAME_SIZE_MAX + 16];
    char *text = NULL;
    nrs_error error = NRS_OK;

    if (card) {
        error = nrs_folder_write_armour(cli, "CARD", NULL, "own", ".card", nrs_slice_of_bytes(&of->card_bytes));
        if (error == NRS_OK) {
            error = nrs_inbox_put(cli, "own.card", "CARD", nrs_slice_of_bytes(&of->card_bytes));
        }
        if (error == NRS_OK) {
            error = nrs_inbox_poke(cli, "own.card");
        }
    }
    if (error != NRS_OK || prekeys == NULL) {
        return error;
    }
    if (nrs_control_answers(cli)) {
        return nrs_control_call(cli, prekeys, NULL, NULL);
    }
    text = json_dumps(prekeys, JSON_COMPACT);
    if (text == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    snprintf(file, sizeof file, "%s.prekeys", of->id);
    error = nrs_inbox_put(cli, file, NULL, nrs_slice_of_string(text));
    nrs_json_free(text);
    return error;
}

static uint64_t prekeys_until(uint64_t now_ms)
{
    return now_ms - now_ms % NRS_WEEK_MS + NRS_PERSON_PREKEY_COUNT * NRS_WEEK_MS;
}

/* ---- remove, rename ---- */

/* The key is overwritten where it stands before its name goes: it opens what the person was sent. */
static void erase_key(nrs_cli *cli, const char *id)
{
    char *path = nrs_folder_path(cli, "persons", id, ".key");
    nrs_bytes zeros = {0};

    if (path != NULL && nrs_bytes_resize(&zeros, 4096) == NRS_OK) {
        FILE *file = fopen(path, "r+");

        if (file != NULL) {
            (void)fwrite(zeros.data, 1, zeros.size, file);
            (void)fflush(file);
            (void)fsync(fileno(file));
            (void)fclose(file);
        }
    }
    nrs_bytes_wipe(&zeros);
    free(path);
    nrs_folder_remove(cli, "persons", id, ".key");
}

nrs_error nrs_run_person_remove(nrs_cli *cli)
{
    subject of = {0};
    nrs_error error = subject_read(cli, &of);

    if (error == NRS_OK) {
        error = load_org(cli, &of);
    }
    if (error == NRS_OK) {
        error = sign_card(&of, NULL);
    }
    if (error == NRS_OK) {
        error = hand_over(cli, &of, true, NULL);
    }
    if (error == NRS_OK) {
        erase_key(cli, of.id);
    }
    if (error == NRS_OK && cli->json) {
        json_t *row = json_pack("{s:s, s:s, s:b}", "person", of.id, "org", of.card->org, "removed", 1);

        nrs_text_print_json(stdout, row);
        json_decref(row);
    } else if (error == NRS_OK) {
        printf(_("Removed %s@%s. What was sent to this person and not read closes; the senders see it.\n"), of.id, of.card->org);
    }
    subject_wipe(&of);
    return error;
}

nrs_error nrs_run_person_rename(nrs_cli *cli)
{
    const char *name = nrs_cli_option(cli, "name");
    char text[NRS_DISPLAY_NAME_SIZE_MAX + 1];
    subject of = {0};
    nrs_error error = NRS_OK;

    if (name == NULL) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("person rename needs --name"));
    }
    error = nrs_given_name(cli, name);
    if (error == NRS_OK) {
        error = subject_read(cli, &of);
    }
    if (error == NRS_OK) {
        error = load_org(cli, &of);
    }
    if (error == NRS_OK) {
        Nrs__Wire__PersonEntry entry = *of.card->persons[of.at]; /* its proof speaks of the key and the id, not of the name */

        snprintf(text, sizeof text, "%s", name);
        entry.name = text;
        error = sign_card(&of, &entry);
    }
    if (error == NRS_OK) {
        error = hand_over(cli, &of, true, NULL);
    }
    if (error == NRS_OK && cli->json) {
        json_t *row = json_pack("{s:s, s:s, s:s}", "person", of.id, "org", of.card->org, "name", name);

        nrs_text_print_json(stdout, row);
        json_decref(row);
    } else if (error == NRS_OK) {
        printf(_("%s@%s is now called %s.\n"), of.id, of.card->org, name);
    }
    subject_wipe(&of);
    return error;
}

/* ---- rekey, reset ---- */

struct unread_of {
    const char *id;
    json_int_t unread;
};

static nrs_error note_unread(void *context, json_t *row)
{
    struct unread_of *of = context;
    const char *id = nrs_json_text(row, "person");

    if (id != NULL && strcmp(id, of->id) == 0) {
        of->unread = json_integer_value(json_object_get(row, "unread"));
    }
    return NRS_OK;
}

/* Who still has the old key reads first what only that key opens. */
static nrs_error check_nothing_unread(nrs_cli *cli, const char *id)
{
    struct unread_of of = {.id = id};
    json_t *request = NULL;
    nrs_error error = NRS_OK;

    if (!nrs_control_answers(cli)) {
        return nrs_cli_fail(cli, NRS_ERROR_NO_NODE, _("start the node; or person reset, for which nothing is looked up"), "%s",
                            _(nrs_error_sentence(NRS_ERROR_NO_NODE)));
    }
    request = nrs_control_request("persons");
    error = nrs_control_call(cli, request, note_unread, &of);
    json_decref(request);
    if (error == NRS_OK && of.unread > 0) {
        error = nrs_cli_fail(cli, NRS_ERROR_PERSON_ONLY, _("read them first: the new key does not open them"),
                             _("%s has %lld unread reports under TLP:RED"), id, (long long)of.unread);
    }
    return error;
}

static nrs_error make_key(nrs_cli *cli, subject *of, nrs_slice passphrase, uint64_t now_ms, nrs_identity **fresh_out)
{
    Nrs__Wire__PersonEntry entry = *of->card->persons[of->at];
    uint8_t proof[NRS_SIGNATURE_SIZE];
    json_t *prekeys = NULL;
    nrs_identity *fresh = NULL;
    const nrs_public_keys *keys = NULL;
    nrs_error error = nrs_identity_new(&fresh);

    if (error == NRS_OK) {
        error = nrs_person_prove(proof, fresh, of->id, nrs_identity_public(of->org)->sign_key);
    }
    if (error == NRS_OK) {
        keys = nrs_identity_public(fresh);
        entry.sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
        entry.agree_key = nrs_field_of(nrs_slice_of(keys->agree_key, NRS_KEY_SIZE));
        entry.proof = nrs_field_of(nrs_slice_of(proof, sizeof proof));
        error = sign_card(of, &entry);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_prekeys(&prekeys, fresh, of->id, nrs_identity_public(of->org)->sign_key, now_ms);
    }
    if (error == NRS_OK) {
        erase_key(cli, of->id);
        error = nrs_keyring_save(cli, fresh, passphrase, "persons", of->id);
    }
    if (error == NRS_OK) {
        error = hand_over(cli, of, true, prekeys);
    }
    if (error == NRS_OK) {
        *fresh_out = fresh;
        fresh = NULL;
    }
    nrs_identity_destroy(&fresh);
    json_decref(prekeys);
    return error;
}

static void print_key(const nrs_cli *cli, const subject *of, const nrs_identity *fresh, uint64_t now_ms)
{
    char fingerprint[48];
    char until[64];

    nrs_fingerprint(fingerprint, nrs_identity_public(fresh)->sign_key);
    if (cli->json) {
        json_t *row = NULL;

        nrs_time_format(until, prekeys_until(now_ms));
        row = json_pack("{s:s, s:s, s:s, s:s}", "person", of->id, "org", of->card->org, "fingerprint", fingerprint, "prekeys_until", until);
        nrs_text_print_json(stdout, row);
        json_decref(row);
        return;
    }
    printf(_("%s@%s has a new key. Fingerprint: %s\n"), of->id, of->card->org, fingerprint);
    puts(_("TLP:RED that came before opens no more; the senders of what was not read see it, and can send it anew."));
}

static nrs_error change_key(nrs_cli *cli, bool prove)
{
    const uint64_t now_ms = nrs_now_ms();
    subject of = {0};
    nrs_identity *before = NULL;
    nrs_identity *fresh = NULL;
    nrs_bytes old = {0};
    nrs_bytes passphrase = {0};
    nrs_error error = subject_read(cli, &of);

    if (error == NRS_OK && prove) {
        const char *file = nrs_cli_option(cli, "old-passphrase-file");

        error = file == NULL ? NRS_OK : nrs_passphrase_read(cli, &old, file);
        if (error == NRS_OK) {
            error = nrs_keyring_load_with(cli, &before, nrs_slice_of_bytes(&old), "persons", of.id, NRS_ERROR_UNKNOWN_PERSON);
        }
        if (error == NRS_OK) {
            error = check_nothing_unread(cli, of.id);
        }
    }
    if (error == NRS_OK) {
        error = load_org(cli, &of);
    }
    if (error == NRS_OK) {
        error = nrs_passphrase_new(cli, &passphrase);
    }
    if (error == NRS_OK) {
        error = make_key(cli, &of, nrs_slice_of_bytes(&passphrase), now_ms, &fresh);
    }
    if (error == NRS_OK) {
        print_key(cli, &of, fresh, now_ms);
    }
    nrs_identity_destroy(&before);
    nrs_identity_destroy(&fresh);
    nrs_bytes_wipe(&old);
    nrs_bytes_wipe(&passphrase);
    subject_wipe(&of);
    return error;
}

nrs_error nrs_run_person_rekey(nrs_cli *cli)
{
    return change_key(cli, true);
}

nrs_error nrs_run_person_reset(nrs_cli *cli)
{
    return change_key(cli, false);
}

/* ---- unlock, list ---- */

nrs_error nrs_run_person_unlock(nrs_cli *cli)
{
    const uint64_t now_ms = nrs_now_ms();
    subject of = {0};
    nrs_identity *person = NULL;
    json_t *prekeys = NULL;
    char until[64];
    nrs_error error = subject_read(cli, &of);

    if (error == NRS_OK) {
        error = nrs_keyring_load(cli, &person, NULL, "persons", of.id, NRS_ERROR_UNKNOWN_PERSON);
    }
    if (error == NRS_OK &&
        memcmp(nrs_identity_public(person)->sign_key, of.card->persons[of.at]->sign_key.data, NRS_KEY_SIZE) != 0) {
        error = nrs_cli_fail(cli, NRS_ERROR_DAMAGED, _("noroshi person reset makes a new one"), _("the key of %s is not the one on the card"), of.id);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_prekeys(&prekeys, person, of.id, of.card->sign_key.data, now_ms);
    }
    if (error == NRS_OK) {
        error = hand_over(cli, &of, false, prekeys);
    }
    if (error == NRS_OK && nrs_control_answers(cli)) {
        nrs_red_grant_waiting(cli, person, of.id);
    }
    if (error == NRS_OK && cli->json) {
        json_t *row = NULL;

        nrs_time_format(until, prekeys_until(now_ms));
        row = json_pack("{s:s, s:s, s:s}", "person", of.id, "org", of.card->org, "prekeys_until", until);
        nrs_text_print_json(stdout, row);
        json_decref(row);
    } else if (error == NRS_OK) {
        nrs_text_time(until, prekeys_until(now_ms));
        printf(_("Published prekeys of %s@%s until %s.\n"), of.id, of.card->org, until);
    }
    json_decref(prekeys);
    nrs_identity_destroy(&person);
    subject_wipe(&of);
    return error;
}

static nrs_error print_row(void *context, json_t *row)
{
    (void)context;
    nrs_text_print_json(stdout, row);
    return NRS_OK;
}

static nrs_error add_person(void *context, json_t *row)
{
    nrs_table *table = context;
    char until[64];
    char unread[32];

    nrs_text_time_of(until, nrs_json_text(row, "prekeys_until"));
    snprintf(unread, sizeof unread, "%lld", (long long)json_integer_value(json_object_get(row, "unread")));
    nrs_table_add(table, nrs_json_text(row, "person"));
    nrs_table_add(table, nrs_json_text(row, "name"));
    nrs_table_add(table, until);
    nrs_table_add(table, unread);
    return table->error;
}

nrs_error nrs_run_person_list(nrs_cli *cli)
{
    nrs_table table = {.column_count = 4};
    json_t *request = nrs_control_request("persons");
    nrs_error error = NRS_OK;

    if (!cli->json) {
        nrs_table_add(&table, _("person"));
        nrs_table_add(&table, _("name"));
        nrs_table_add(&table, _("prekeys until"));
        nrs_table_add(&table, _("unread"));
    }
    error = nrs_control_call(cli, request, cli->json ? print_row : add_person, &table);
    json_decref(request);
    if (error != NRS_OK) {
        table.error = error;
        (void)!nrs_table_print(&table);
        return error;
    }
    return nrs_table_print(&table);
}
