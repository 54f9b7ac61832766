/* noroshi person rekey, reset: another key for a person. Who has the old one keeps it to read by; who lost it loses what it opened. */
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "key/keyring.h"
#include "key/person_subject.h"
#include "language.h"
#include "proto/time.h"
#include "run.h"
#include "text.h"

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

/* How many reports close unread; -1 when no node runs that could say. */
static json_int_t count_unread(const nrs_cli *cli, const char *id)
{
    struct unread_of of = {.id = id};
    nrs_cli silent = {.dir = cli->dir, .language = cli->language};
    json_t *request = nrs_control_request("persons");
    nrs_error error = nrs_control_call(&silent, request, note_unread, &of);

    json_decref(request);
    silent.dir = NULL;
    nrs_cli_wipe(&silent);
    return error == NRS_OK ? of.unread : -1;
}

static nrs_error set_base64(json_t *object, const char *name, const uint8_t key[NRS_KEY_SIZE])
{
    char *text = NULL;
    nrs_error error = nrs_base64_encode(&text, nrs_slice_of(key, NRS_KEY_SIZE));

    if (error == NRS_OK && json_object_set_new(object, name, json_string(text)) != 0) {
        error = NRS_ERROR_NO_MEMORY;
    }
    free(text);
    return error;
}

/* The node is told before it sees the next card: it keeps its shares of the old prekeys until their dates. */
static nrs_error announce(nrs_cli *cli, const nrs_subject *of, nrs_slice card, const nrs_identity *before, const nrs_identity *fresh)
{
    json_t *request = nrs_control_request("person-former");
    nrs_error error = request == NULL || json_object_set_new(request, "person", json_string(of->id)) != 0 ? NRS_ERROR_NO_MEMORY : NRS_OK;

    if (error == NRS_OK) {
        error = set_base64(request, "before", nrs_identity_public(before)->sign_key);
    }
    if (error == NRS_OK) {
        error = set_base64(request, "after", nrs_identity_public(fresh)->sign_key);
    }
    if (error == NRS_OK) {
        error = nrs_control_call(cli, request, NULL, NULL);
        error = nrs_subject_told(cli, error, card, request);
    }
    json_decref(request);
    return error;
}

static nrs_error sign_entry(nrs_subject *of, const nrs_identity *fresh)
{
    Nrs__Wire__PersonEntry entry = *of->card->persons[of->at];
    const nrs_public_keys *keys = nrs_identity_public(fresh);
    uint8_t proof[NRS_SIGNATURE_SIZE];
    nrs_error error = nrs_person_prove(proof, fresh, of->id, nrs_identity_public(of->org)->sign_key);

    if (error == NRS_OK) {
        entry.sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
        entry.agree_key = nrs_field_of(nrs_slice_of(keys->agree_key, NRS_KEY_SIZE));
        entry.proof = nrs_field_of(nrs_slice_of(proof, sizeof proof));
        error = nrs_subject_sign_card(of, &entry);
    }
    return error;
}

/* before: the key that ends, to read by from then on; NULL: it is destroyed. In this order a crash leaves nothing that another
 * rekey does not finish: until the card names the new key, the new key's file opens the old key. */
static nrs_error put_key(nrs_cli *cli, nrs_subject *of, const nrs_identity *before, const nrs_identity *fresh, nrs_slice passphrase, uint64_t now_ms)
{
    json_t *prekeys = NULL;
    nrs_bytes card = {0}; /* as it is until now */
    nrs_error error = nrs_bytes_copy(&card, nrs_slice_of_bytes(&of->card_bytes));

    if (error == NRS_OK) {
        error = sign_entry(of, fresh);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_prekeys(&prekeys, fresh, of->id, nrs_identity_public(of->org)->sign_key, now_ms);
    }
    if (error == NRS_OK && before != NULL) {
        error = nrs_person_keep_former(cli, before, fresh);
        if (error == NRS_OK) {
            error = announce(cli, of, nrs_slice_of_bytes(&card), before, fresh);
        }
    }
    if (error == NRS_OK && before == NULL) {
        nrs_person_erase_keys(cli, of);
    }
    if (error == NRS_OK) {
        error = nrs_person_replace_key(cli, of, fresh, passphrase);
    }
    if (error == NRS_OK) {
        error = nrs_subject_hand_over(cli, of, true, prekeys);
    }
    nrs_bytes_wipe(&card);
    json_decref(prekeys);
    return error;
}

static void print_key(const nrs_cli *cli, const nrs_subject *of, const nrs_identity *fresh, uint64_t now_ms, bool kept, json_int_t closed)
{
    char fingerprint[48];
    char until[64];

    nrs_fingerprint(fingerprint, nrs_identity_public(fresh)->sign_key);
    if (cli->json) {
        json_t *row = NULL;

        nrs_time_format(until, nrs_person_prekeys_until(now_ms));
        row = json_pack("{s:s, s:s, s:s, s:s, s:b, s:o}", "person", of->id, "org", of->card->org, "fingerprint", fingerprint, "prekeys_until", until,
                        "earlier_readable", kept ? 1 : 0, "unread_closed", closed < 0 ? json_null() : json_integer(closed));
        nrs_text_print_json(stdout, row);
        json_decref(row);
        return;
    }
    printf(_("%s@%s has a new key. Fingerprint: %s\n"), of->id, of->card->org, fingerprint);
    if (kept) {
        puts(_("TLP:RED that came before stays readable, with the new passphrase, until its prekeys end. If the old key was stolen: person reset, which destroys it."));
        return;
    }
    puts(_("TLP:RED that came before opens no more, for anybody. The senders of what was not read see it, and send it anew to the new key."));
    if (closed > 0) {
        printf(_("Closed unread: %lld reports.\n"), (long long)closed);
    }
}

/* The key that ends. Out: fresh_out: one that was made before and is not on the card yet, since that was interrupted; else NULL. */
static nrs_error load_before(nrs_cli *cli, nrs_identity **before_out, nrs_identity **fresh_out, const nrs_subject *of)
{
    const char *file = nrs_cli_option(cli, "old-passphrase-file");
    const uint8_t *on_card = of->card->persons[of->at]->sign_key.data;
    nrs_bytes old = {0};
    nrs_identity *held = NULL;
    nrs_error error = file == NULL ? NRS_OK : nrs_passphrase_read(cli, &old, file);

    if (error == NRS_OK) {
        error = nrs_keyring_load_with(cli, &held, nrs_slice_of_bytes(&old), "persons", of->id, NRS_ERROR_UNKNOWN_PERSON);
    }
    if (error == NRS_OK && memcmp(nrs_identity_public(held)->sign_key, on_card, NRS_KEY_SIZE) != 0) {
        error = nrs_person_former(cli, before_out, held);
        if (error != NRS_OK || memcmp(nrs_identity_public(*before_out)->sign_key, on_card, NRS_KEY_SIZE) != 0) {
            error = nrs_cli_fail(cli, NRS_ERROR_DAMAGED, _("noroshi person reset makes a new one"), _("the key of %s is not the one on the card"), of->id);
        } else {
            *fresh_out = held;
            held = NULL;
        }
    } else if (error == NRS_OK) {
        *before_out = held;
        held = NULL;
    }
    nrs_identity_destroy(&held);
    nrs_bytes_wipe(&old);
    return error;
}

static nrs_error change_key(nrs_cli *cli, bool keep)
{
    const uint64_t now_ms = nrs_now_ms();
    nrs_subject of = {0};
    nrs_identity *before = NULL;
    nrs_identity *fresh = NULL;
    nrs_bytes passphrase = {0};
    json_int_t closed = 0;
    nrs_error error = nrs_subject_read(cli, &of);

    if (error == NRS_OK && keep && !nrs_control_answers(cli)) {
        error = nrs_cli_fail(cli, NRS_ERROR_NO_NODE, _("start the node first: it keeps its part of what the old key reads"), "%s",
                             _(nrs_error_sentence(NRS_ERROR_NO_NODE)));
    }
    if (error == NRS_OK && keep) {
        error = load_before(cli, &before, &fresh, &of);
    } else if (error == NRS_OK) {
        closed = count_unread(cli, of.id);
    }
    if (error == NRS_OK) {
        error = nrs_subject_load_org(cli, &of);
    }
    if (error == NRS_OK) {
        error = nrs_passphrase_new(cli, &passphrase);
    }
    if (error == NRS_OK && fresh == NULL) {
        error = nrs_identity_new(&fresh);
    }
    if (error == NRS_OK) {
        error = put_key(cli, &of, before, fresh, nrs_slice_of_bytes(&passphrase), now_ms);
    }
    if (error == NRS_OK) {
        print_key(cli, &of, fresh, now_ms, keep, closed);
    }
    nrs_identity_destroy(&before);
    nrs_identity_destroy(&fresh);
    nrs_bytes_wipe(&passphrase);
    nrs_subject_wipe(&of);
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
