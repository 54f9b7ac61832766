/* Opening a RED report (SPEC 6): the node hands out what it stores, sealed; the person's key opens it here. */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "control.h"
#include "folder.h"
#include "key/keyring.h"
#include "key/person_subject.h"
#include "keys/seal.h"
#include "keys/vault.h"
#include "language.h"
#include "proto/assert.h"
#include "proto/time.h"
#include "red/red.h"
#include "red/red_open.h"
#include "red/red_row.h"
#include "report/shown.h"
#include "text.h"

typedef nrs_red_opening opening;

struct person_until {
    const char *id;
    uint64_t *until_ms;
};

void nrs_red_opening_wipe(nrs_red_opening *with)
{
    nrs_opened_wipe(&with->opened);
    nrs_secret_destroy(&with->file_key);
    nrs_identity_destroy(&with->former);
    nrs_sealed_view_free(&with->sealed);
    json_decref(with->row);
    *with = (opening){0};
}

/* The key that this report was sealed to. */
static nrs_identity *reader_of(const opening *with)
{
    return with->former != NULL ? with->former : with->person;
}

/* The payload of a record in base64. Out: payload_out: replaced. */
static nrs_error record_payload(nrs_bytes *payload_out, const json_t *text, nrs_record_type type)
{
    nrs_bytes bytes = {0};
    nrs_record *record = NULL;
    nrs_error error = nrs_red_base64(&bytes, text);

    if (error == NRS_OK) {
        error = nrs_record_decode(&record, nrs_slice_of_bytes(&bytes));
    }
    if (error == NRS_OK) {
        error = record->type == (uint32_t)type ? nrs_bytes_copy(payload_out, nrs_field(&record->payload)) : NRS_ERROR_MALFORMED;
    }
    nrs_record_free(&record);
    nrs_bytes_wipe(&bytes);
    return error;
}

static nrs_error read_sealed(opening *with)
{
    nrs_bytes payload = {0};
    nrs_error error = record_payload(&payload, json_object_get(with->row, "sealed"), NRS_RECORD_SEALED);

    if (error == NRS_OK) {
        error = nrs_sealed_verify(&with->sealed, nrs_slice_of_bytes(&payload));
    }
    nrs_bytes_wipe(&payload);
    return error;
}

nrs_error nrs_red_grantor(nrs_public_keys *keys_out, const nrs_red_opening *with, const nrs_grant *grant)
{
    const json_t *grantors = json_object_get(with->row, "grantors");

    for (size_t i = 0; i < json_array_size(grantors); i++) {
        const json_t *entry = json_array_get(grantors, i);
        nrs_public_keys keys;

        if (nrs_red_bytes(keys.sign_key, NRS_KEY_SIZE, entry, "sign_key") == NRS_OK &&
            nrs_red_bytes(keys.agree_key, NRS_KEY_SIZE, entry, "agree_key") == NRS_OK &&
            nrs_red_bytes(keys.curve_key, NRS_KEY_SIZE, entry, "curve_key") == NRS_OK &&
            nrs_slice_equal(nrs_slice_of(keys.sign_key, NRS_KEY_SIZE), nrs_field(&grant->grantor))) {
            *keys_out = keys;
            return NRS_OK;
        }
    }
    return NRS_ERROR_FORGED;
}

/* The prekey that the slot names, unwrapped with the person's key and the node's share. */
static nrs_error read_prekey(nrs_prekey_secret *prekey_out, const opening *with, const nrs_slot *slot)
{
    const json_t *prekeys = json_object_get(with->row, "prekeys");
    nrs_prekey_secret prekey = {0};
    uint8_t share_bytes[NRS_KEY_SIZE];
    nrs_secret *share = NULL;
    nrs_secret *key = NULL;
    nrs_bytes wrapped = {0};
    const json_t *entry = NULL;
    nrs_error error = NRS_ERROR_KEY_EXPIRED;

    for (size_t i = 0; entry == NULL && i < json_array_size(prekeys); i++) {
        const json_t *one = json_array_get(prekeys, i);

        if (nrs_red_bytes(prekey.id, NRS_PREKEY_ID_SIZE, one, "id") == NRS_OK &&
            nrs_slice_equal(nrs_slice_of(prekey.id, NRS_PREKEY_ID_SIZE), nrs_field(&slot->prekey_id))) {
            entry = one;
        }
    }
    if (entry == NULL) {
        return error;
    }
    error = nrs_red_bytes(prekey.key, NRS_KEY_SIZE, entry, "key");
    if (error == NRS_OK) {
        error = nrs_red_bytes(share_bytes, NRS_KEY_SIZE, entry, "share");
    }
    if (error == NRS_OK) {
        error = nrs_secret_copy(&share, nrs_slice_of(share_bytes, sizeof share_bytes));
        sodium_memzero(share_bytes, sizeof share_bytes);
    }
    if (error == NRS_OK) {
        error = nrs_red_base64(&wrapped, json_object_get(entry, "sealed_secret"));
    }
    if (error == NRS_OK) {
        error = nrs_person_prekey_key(&key, reader_of(with), share);
    }
    if (error == NRS_OK) {
        error = nrs_vault_unwrap(&prekey.secret, key, nrs_slice_of(prekey.id, NRS_PREKEY_ID_SIZE), nrs_slice_of_bytes(&wrapped));
    }
    if (error == NRS_OK) {
        *prekey_out = prekey;
    }
    nrs_bytes_wipe(&wrapped);
    nrs_secret_destroy(&share);
    nrs_secret_destroy(&key);
    return error;
}

/* The later grant that a slot belongs to. Out: grant_out: owned. */
static nrs_error find_grant(nrs_grant **grant_out, const opening *with, nrs_slice grant_id)
{
    const json_t *grants = json_object_get(with->row, "grants");

    for (size_t i = 0; i < json_array_size(grants); i++) {
        nrs_bytes payload = {0};
        nrs_grant *grant = NULL;
        uint8_t id[NRS_HASH_SIZE];
        nrs_error error = record_payload(&payload, json_array_get(grants, i), NRS_RECORD_GRANT);

        if (error == NRS_OK) {
            error = nrs_grant_verify(&grant, id, nrs_slice_of_bytes(&payload));
        }
        nrs_bytes_wipe(&payload);
        if (error == NRS_OK && nrs_slice_equal(nrs_slice_of(id, sizeof id), grant_id)) {
            *grant_out = grant;
            return NRS_OK;
        }
        nrs_grant_free(&grant);
    }
    return NRS_ERROR_NO_SLOT;
}

static nrs_error open_with_slot(opening *with, const nrs_slot_path *path, const nrs_grant *grant)
{
    nrs_slot *slot = NULL;
    nrs_prekey_secret prekey = {0};
    nrs_public_keys grantor;
    nrs_error error = NRS_OK;

    /* Nobody but the originator lets a person in to RED. */
    if (grant->authority != NRS_AUTHORITY_ORIGINATOR ||
        !nrs_slice_equal(nrs_field(&grant->grantor), nrs_field(&with->sealed->header->originator))) {
        return NRS_ERROR_FORGED;
    }
    error = nrs_red_grantor(&grantor, with, grant);
    if (error == NRS_OK) {
        error = nrs_slot_decode(&slot, nrs_field(&path->slot));
    }
    if (error == NRS_OK) {
        error = read_prekey(&prekey, with, slot);
    }
    if (error == NRS_OK) {
        error = nrs_slot_open(&with->file_key, with->sealed, grant, path, reader_of(with), &prekey, &grantor);
    }
    nrs_prekey_secret_wipe(&prekey);
    nrs_slot_free(&slot);
    return error;
}

static nrs_error try_slot(opening *with, const json_t *text)
{
    nrs_bytes payload = {0};
    nrs_slot_path *path = NULL;
    nrs_grant *later = NULL;
    const nrs_grant *grant = NULL;
    nrs_error error = record_payload(&payload, text, NRS_RECORD_SLOT_PATH);

    if (error == NRS_OK) {
        error = nrs_slot_path_decode(&path, nrs_slice_of_bytes(&payload));
    }
    if (error == NRS_OK) {
        if (nrs_slice_equal(nrs_field(&path->grant_id), nrs_slice_of(with->sealed->grant_id, NRS_HASH_SIZE))) {
            grant = with->sealed->grant;
        } else {
            error = find_grant(&later, with, nrs_field(&path->grant_id));
            grant = later;
        }
    }
    if (error == NRS_OK) {
        error = open_with_slot(with, path, grant);
    }
    nrs_grant_free(&later);
    nrs_slot_path_free(&path);
    nrs_bytes_wipe(&payload);
    return error;
}

/* A slot of another person of the house does not open, and that is no fault: the last error tells when none does. */
static nrs_error try_slots(opening *with)
{
    const json_t *slots = json_object_get(with->row, "slots");
    nrs_error error = NRS_ERROR_NO_SLOT;

    for (size_t i = 0; error != NRS_OK && i < json_array_size(slots); i++) {
        error = try_slot(with, json_array_get(slots, i));
    }
    return error;
}

/* By the key that the person has, then by those that it had, one after the other: as many as the node keeps shares for. */
static nrs_error find_file_key(nrs_cli *cli, opening *with)
{
    nrs_error error = try_slots(with);

    for (size_t i = 0; error != NRS_OK && i < NRS_PERSON_FORMER_COUNT_MAX; i++) {
        nrs_identity *before = NULL;

        if (nrs_person_former(cli, &before, reader_of(with)) != NRS_OK) {
            break;
        }
        nrs_identity_destroy(&with->former);
        with->former = before;
        if (try_slots(with) == NRS_OK) {
            return NRS_OK;
        }
    }
    if (error != NRS_OK) {
        nrs_identity_destroy(&with->former);
    }
    return error;
}

/* The reader must be named, unless it wrote the report itself: the sender's own slot is no part of the audience. */
static nrs_error check_audience(const opening *with, const nrs_card *own, const char *person_id)
{
    const nrs_audience *audience = with->opened.audience;
    const nrs_slice self = nrs_slice_of(nrs_identity_public(reader_of(with))->sign_key, NRS_KEY_SIZE);

    for (size_t i = 0; i < audience->n_targets; i++) {
        if (nrs_slice_equal(nrs_field(&audience->targets[i]->person), self)) {
            return NRS_OK;
        }
    }
    if (nrs_slice_equal(nrs_field(&with->sealed->header->originator), nrs_field(&own->sign_key)) &&
        strcmp(with->opened.report->person, person_id) == 0) {
        return NRS_OK;
    }
    return NRS_ERROR_FORGED;
}

static nrs_error note_until(void *context, json_t *row)
{
    const struct person_until *person = context;
    const char *id = nrs_json_text(row, "person");
    const char *until = nrs_json_text(row, "prekeys_until");

    if (id != NULL && until != NULL && strcmp(id, person->id) == 0 && nrs_time_parse(person->until_ms, until) != NRS_OK) {
        *person->until_ms = 0;
    }
    return NRS_OK;
}

/* Each unlocking of a person's key renews the prekeys, when a week of them has passed. A failure costs nothing now, so it
 * is noted beside the report and not recorded. */
static void renew_prekeys(nrs_cli *cli, const opening *with, const nrs_card *own)
{
    const uint64_t now_ms = nrs_now_ms();
    uint64_t until_ms = 0;
    struct person_until person = {cli->person, &until_ms};
    json_t *request = nrs_control_request("persons");
    nrs_cli quiet = {.dir = cli->dir};
    nrs_error error = nrs_control_call(&quiet, request, note_until, &person);

    json_decref(request);
    request = NULL;
    if (error == NRS_OK && until_ms < now_ms - now_ms % NRS_WEEK_MS + NRS_PERSON_PREKEY_COUNT * NRS_WEEK_MS) {
        error = nrs_keyring_prekeys(&request, with->person, cli->person, own->sign_key.data, now_ms);
        if (error == NRS_OK) {
            error = nrs_control_call(&quiet, request, NULL, NULL);
        }
    }
    if (error != NRS_OK) {
        nrs_cli_note(cli, "%s", _("the person's prekeys could not be renewed"));
    }
    json_decref(request);
    quiet.dir = NULL;
    nrs_cli_wipe(&quiet);
}

static json_t *about(const char *person, const char *command, const char *id)
{
    json_t *request = nrs_control_request(command);

    if (request != NULL) {
        (void)json_object_set_new(request, "id", json_string(id));
        (void)json_object_set_new(request, "person", json_string(person));
    }
    return request;
}

/* The node counts what has come; where the report stands in the count is sealed with its text, and told alone. */
static nrs_error tell_place(json_t *request, const nrs_body *body)
{
    nrs_error error = NRS_OK;

    if (body->stream.len == 0) {
        return NRS_OK;
    }
    error = nrs_red_set(request, "stream", nrs_field(&body->stream));
    if (error == NRS_OK && json_object_set_new(request, "sequence", json_integer((json_int_t)body->sequence)) != 0) {
        error = NRS_ERROR_NO_MEMORY;
    }
    if (error == NRS_OK && body->previous.len > 0) {
        error = nrs_red_set(request, "previous", nrs_field(&body->previous));
    }
    return error;
}

nrs_error nrs_red_unseal(nrs_cli *cli, nrs_red_opening *with, const char *person_id, const char *id)
{
    json_t *request = about(person_id, "red-open", id);
    nrs_error error = nrs_control_row_beside(cli, &with->row, request);

    if (error == NRS_OK && with->row == NULL) {
        error = nrs_cli_fail(cli, NRS_ERROR_NO_NODE, NULL, "%s", _("the node's answer cannot be read"));
    }
    if (error == NRS_OK) {
        error = read_sealed(with);
    }
    if (error == NRS_OK) {
        error = nrs_red_check_disclaimers(with->row, with->sealed->header);
    }
    if (error == NRS_OK) {
        error = find_file_key(cli, with);
    }
    if (error == NRS_OK) {
        error = nrs_body_open(&with->opened, with->sealed, with->file_key);
    }
    json_decref(request);
    return error;
}

static nrs_error open_report(nrs_cli *cli, opening *with, const nrs_card *own, const char *id)
{
    nrs_error error = nrs_red_unseal(cli, with, cli->person, id);

    if (error == NRS_OK) {
        error = check_audience(with, own, cli->person);
    }
    return error == NRS_OK || cli->error != NRS_OK ? error : nrs_cli_fail(cli, error, NULL, "%s", _(nrs_error_sentence(error)));
}

/* A person reads it now: the node is told, and the prekeys are looked after. */
static nrs_error note_read(nrs_cli *cli, opening *with, const nrs_card *own)
{
    char whole_id[2 * NRS_HASH_SIZE + 1];
    json_t *request = NULL;
    nrs_error error = NRS_OK;

    renew_prekeys(cli, with, own);
    nrs_red_grant_waiting(cli, with->person, cli->person);
    nrs_hex_encode(whole_id, with->sealed->id, NRS_HASH_SIZE);
    request = about(cli->person, "red-opened", whole_id);
    error = tell_place(request, with->opened.body);
    if (error == NRS_OK && with->opened.report->follows.len == NRS_HASH_SIZE) {
        nrs_hex_encode(whole_id, with->opened.report->follows.data, NRS_HASH_SIZE);
        error = json_object_set_new(request, "follows", json_string(whole_id)) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
    }
    if (error == NRS_OK && json_object_set_new(request, "passes_on", nrs_shown_hashes(with->opened.report->passes_on, with->opened.report->n_passes_on)) != 0) {
        error = NRS_ERROR_NO_MEMORY;
    }
    if (error == NRS_OK) { /* which refuses what holds the text of a report that was withdrawn */
        error = nrs_control_call(cli, request, NULL, NULL);
    }
    json_decref(request);
    return error;
}

static nrs_error red_open(nrs_cli *cli, json_t **row_out, const char *id, bool read)
{
    opening with = {0};
    nrs_bytes own_bytes = {0};
    nrs_card *own = NULL;
    nrs_error error = NRS_OK;

    NRS_ASSERT(cli != NULL && row_out != NULL);
    NRS_ASSERT(cli->person != NULL);

    error = nrs_keyring_act(cli);
    if (error == NRS_OK) {
        with.person = cli->acting;
        error = nrs_keyring_own_card(cli, &own_bytes, &own);
    }
    if (error == NRS_OK) {
        error = open_report(cli, &with, own, id);
        if (error != NRS_OK && with.row != NULL && json_object_get(with.row, "sealed") == NULL) {
            *row_out = json_incref(with.row); /* all but the body, for who has not accepted yet */
        }
    }
    if (error == NRS_OK && read) {
        error = note_read(cli, &with, own);
    }
    if (error == NRS_OK) {
        error = nrs_red_row(row_out, with.row, with.sealed, &with.opened);
    }
    nrs_card_free(&own);
    nrs_bytes_wipe(&own_bytes);
    nrs_red_opening_wipe(&with);
    return error;
}

nrs_error nrs_red_open(nrs_cli *cli, json_t **row_out, const char *id)
{
    return red_open(cli, row_out, id, true);
}

nrs_error nrs_red_fill(nrs_cli *cli, json_t *rows)
{
    size_t index;
    json_t *row;
    nrs_error error = NRS_OK;

    NRS_ASSERT(cli != NULL && rows != NULL);
    error = nrs_keyring_act(cli);
    if (error != NRS_OK) {
        return error;
    }
    json_array_foreach(rows, index, row) {
        const char *label = nrs_json_text(row, "label");
        nrs_cli quiet = {.dir = cli->dir, .person = cli->person, .acting = cli->acting};
        json_t *opened = NULL;

        if (label == NULL || strcmp(label, "RED") != 0 || nrs_json_text(row, "subject") != NULL) {
            continue;
        }
        /* One that is not this person's, or does not open, is listed as it is. */
        if (red_open(&quiet, &opened, nrs_json_text(row, "id"), false) == NRS_OK) {
            (void)json_object_set(row, "subject", json_object_get(opened, "subject"));
            (void)json_object_set(row, "kind", json_object_get(opened, "kind"));
        }
        json_decref(opened);
        quiet.dir = NULL;
        quiet.person = NULL;
        quiet.acting = NULL;
        nrs_cli_wipe(&quiet);
    }
    return NRS_OK;
}
