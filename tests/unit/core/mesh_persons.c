#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "keys/seal.h"
#include "keys/vault.h"
#include "mesh_persons.h"
#include "proto/armour.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

enum { PREKEYS = 2, RECIPIENT_MAX = 4 };

nrs_error mesh_ask_json(mesh *net, size_t node, json_t *request)
{
    char *line = json_dumps(request, JSON_COMPACT);
    nrs_error error;

    assert_non_null(line);
    error = mesh_command(net, node, line);
    free(line);
    json_decref(request);
    return error;
}

static json_t *base64(nrs_slice bytes)
{
    char *line = NULL;
    json_t *value;

    OK(nrs_base64_encode(&line, bytes));
    value = json_string(line);
    free(line);
    return value;
}

void mesh_bytes_of(nrs_bytes *bytes_out, const json_t *value)
{
    assert_true(json_is_string(value));
    OK(nrs_base64_decode(bytes_out, nrs_slice_of_string(json_string_value(value))));
}

void mesh_key_of(uint8_t *key_out, const json_t *row, const char *name)
{
    nrs_bytes bytes = {0};

    mesh_bytes_of(&bytes, json_object_get(row, name));
    assert_int_equal(bytes.size, NRS_KEY_SIZE);
    memcpy(key_out, bytes.data, NRS_KEY_SIZE);
    nrs_bytes_wipe(&bytes);
}

/* ---- Persons ---- */

static uint64_t next_serial(const mesh_node *at)
{
    nrs_card *held = NULL;
    uint64_t serial;

    OK(nrs_card_verify(&held, nrs_slice_of_bytes(&at->card)));
    serial = held->serial + 1;
    nrs_card_free(&held);
    return serial;
}

void mesh_persons_card(mesh *net, size_t node, mesh_person *const *persons, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        nrs_identity_destroy(&persons[i]->identity);
    }
    mesh_persons_next_card(net, node, persons, count);
}

void mesh_persons_next_card(mesh *net, size_t node, mesh_person *const *persons, size_t count)
{
    mesh_node *at = &net->nodes[node];
    Nrs__Wire__PersonEntry entries[2], *list[2];
    uint8_t proofs[2][NRS_SIGNATURE_SIZE];
    nrs_card card;
    nrs_event event = {.type = NRS_EVENT_INBOX, .name = "own.card"};
    char *armoured = NULL;

    nrs__wire__card__init(&card);
    card.org = at->org;
    card.name = at->org;
    card.serial = next_serial(at);
    card.created_ms = net->now_ms;
    card.n_persons = count;
    card.persons = list;
    for (size_t i = 0; i < count; i++) {
        const nrs_public_keys *keys;

        if (persons[i]->identity == NULL) {
            OK(nrs_identity_new(&persons[i]->identity));
        }
        keys = nrs_identity_public(persons[i]->identity);
        OK(nrs_person_prove(proofs[i], persons[i]->identity, persons[i]->id, nrs_identity_public(at->identity)->sign_key));
        nrs__wire__person_entry__init(&entries[i]);
        entries[i].id = (char *)(uintptr_t)persons[i]->id;
        entries[i].name = entries[i].id;
        entries[i].sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
        entries[i].agree_key = nrs_field_of(nrs_slice_of(keys->agree_key, NRS_KEY_SIZE));
        entries[i].proof = nrs_field_of(nrs_slice_of(proofs[i], NRS_SIGNATURE_SIZE));
        list[i] = &entries[i];
    }
    OK(nrs_card_sign(&at->card, &card, at->identity));
    OK(nrs_armour_encode(&armoured, "CARD", nrs_slice_of_bytes(&at->card)));
    event.bytes = nrs_slice_of_string(armoured);
    OK(mesh_step(net, node, &event));
    free(armoured);
}

static json_t *prekey_entry(const mesh_person *who, const nrs_prekey_secret *prekey)
{
    char id[2 * NRS_PREKEY_ID_SIZE + 1];
    nrs_secret *share = NULL, *key = NULL;
    nrs_bytes wrapped = {0};
    json_t *entry;

    nrs_hex_encode(id, prekey->id, NRS_PREKEY_ID_SIZE);
    OK(nrs_secret_random(&share, NRS_KEY_SIZE));
    OK(nrs_person_prekey_key(&key, who->identity, share));
    OK(nrs_vault_wrap(&wrapped, key, nrs_slice_of(prekey->id, NRS_PREKEY_ID_SIZE), prekey->secret));
    entry = json_pack("{s:s, s:o, s:o}", "id", id, "share", base64(nrs_secret_slice(share)), "sealed_secret",
                      base64(nrs_slice_of_bytes(&wrapped)));
    nrs_bytes_wipe(&wrapped);
    nrs_secret_destroy(&key);
    nrs_secret_destroy(&share);
    return entry;
}

nrs_error mesh_person_prekeys_made(mesh *net, const mesh_person *who, uint64_t created_ms)
{
    nrs_prekey_secret prekeys[PREKEYS];
    nrs_bytes bundle = {0};
    json_t *entries = json_array();
    nrs_error error;

    OK(nrs_prekeys_make(prekeys, PREKEYS, net->now_ms - net->now_ms % NRS_WEEK_MS));
    OK(nrs_prekeys_sign(&bundle, prekeys, PREKEYS, who->identity, nrs_identity_public(net->nodes[who->node].identity)->sign_key, created_ms));
    for (size_t i = 0; i < PREKEYS; i++) {
        OK(json_array_append_new(entries, prekey_entry(who, &prekeys[i])));
        nrs_prekey_secret_wipe(&prekeys[i]);
    }
    error = mesh_ask_json(net, who->node, json_pack("{s:s, s:s, s:o, s:o}", "command", "person-prekeys", "person", who->id, "bundle",
                                     base64(nrs_slice_of_bytes(&bundle)), "prekeys", entries));
    nrs_bytes_wipe(&bundle);
    return error;
}

void mesh_person_prekeys(mesh *net, const mesh_person *who)
{
    OK(mesh_person_prekeys_made(net, who, net->now_ms));
}

/* ---- The person's process ---- */

typedef struct lent {
    nrs_recipient recipients[RECIPIENT_MAX];
    uint8_t agreements[RECIPIENT_MAX][NRS_KEY_SIZE];
    size_t count;
} lent;

static nrs_error agree(void *context, uint8_t shared_out[NRS_KEY_SIZE], const uint8_t peer_agree_key[NRS_KEY_SIZE])
{
    const lent *from = context;

    for (size_t i = 0; i < from->count; i++) {
        if (memcmp(from->recipients[i].agree_key, peer_agree_key, NRS_KEY_SIZE) == 0) {
            memcpy(shared_out, from->agreements[i], NRS_KEY_SIZE);
            return NRS_OK;
        }
    }
    return NRS_ERROR_FORGED;
}

static void read_recipients(lent *lent_out, const json_t *row)
{
    const json_t *list = json_object_get(row, "recipients");
    size_t index;
    const json_t *one;

    *lent_out = (lent){0};
    assert_in_range(json_array_size(list), 1, RECIPIENT_MAX);
    json_array_foreach(list, index, one) {
        nrs_recipient *to = &lent_out->recipients[index];

        mesh_key_of(to->org_sign_key, one, "org_sign_key");
        mesh_key_of(to->sign_key, one, "sign_key");
        mesh_key_of(to->agree_key, one, "agree_key");
        mesh_key_of(to->prekey, one, "prekey");
        mesh_key_of(lent_out->agreements[index], one, "agreement");
        OK(nrs_hex_decode(to->prekey_id, NRS_PREKEY_ID_SIZE, mesh_text(one, "prekey_id")));
        lent_out->count++;
    }
}

json_t *mesh_red_sealed(const json_t *row, uint32_t label, const char *body, const char *const *to, size_t to_count)
{
    lent from;
    uint8_t community[NRS_HASH_SIZE];
    nrs_public_keys node;
    nrs_header header;
    nrs_report report;
    nrs_audience audience;
    Nrs__Wire__Target target[RECIPIENT_MAX], *targets[RECIPIENT_MAX];
    json_t *addresses = json_array();
    nrs_seal_request request = {.header = &header, .report = &report, .audience = &audience};
    nrs_sealed_parts parts = {0};
    nrs_secret *file_key = NULL;
    uint8_t stream[NRS_HASH_SIZE], previous[NRS_HASH_SIZE];
    uint8_t hashes[NRS_DISCLAIMER_COUNT_MAX][NRS_HASH_SIZE];
    ProtobufCBinaryData disclaimers[NRS_DISCLAIMER_COUNT_MAX];
    const json_t *texts = json_object_get(row, "disclaimers");
    json_t *submit;

    nrs__wire__header__init(&header);
    nrs__wire__report__init(&report);
    nrs__wire__audience__init(&audience);
    read_recipients(&from, row);
    OK(nrs_hex_decode(community, sizeof community, mesh_text(row, "community")));
    mesh_key_of(node.sign_key, row, "originator");
    mesh_key_of(node.agree_key, row, "agree_key");
    mesh_key_of(node.curve_key, row, "curve_key");
    header.label = label;
    header.community = nrs_field_of(nrs_slice_of(community, sizeof community));
    header.roster_version = (uint64_t)json_integer_value(json_object_get(row, "roster_version"));
    header.created_ms = (uint64_t)json_integer_value(json_object_get(row, "created_at_ms"));
    header.expires_ms = (uint64_t)json_integer_value(json_object_get(row, "expires_at_ms"));
    header.attribution = NRS_ATTRIBUTION_NAMED;
    header.disclaimers = disclaimers;
    header.n_disclaimers = json_array_size(texts);
    assert_in_range(header.n_disclaimers, 0, NRS_DISCLAIMER_COUNT_MAX);
    for (size_t i = 0; i < header.n_disclaimers; i++) {
        OK(nrs_hex_decode(hashes[i], NRS_HASH_SIZE, mesh_text(json_array_get(texts, i), "hash")));
        disclaimers[i] = nrs_field_of(nrs_slice_of(hashes[i], NRS_HASH_SIZE));
    }
    report.kind = NRS_KIND_INCIDENT;
    report.subject = (char *)(uintptr_t)"朱";
    report.body = (char *)(uintptr_t)body; /* only read */
    assert_in_range(to_count, 1, from.count); /* behind them may stand the sender's own slot */
    for (size_t i = 0; i < to_count; i++) {
        nrs__wire__target__init(&target[i]);
        target[i].org = nrs_field_of(nrs_slice_of(from.recipients[i].org_sign_key, NRS_KEY_SIZE));
        target[i].person = nrs_field_of(nrs_slice_of(from.recipients[i].sign_key, NRS_KEY_SIZE));
        targets[i] = &target[i];
        OK(json_array_append_new(addresses, json_string(to[i])));
    }
    audience.n_targets = to_count;
    audience.targets = targets;
    mesh_key_of(stream, row, "stream");
    request.stream = nrs_slice_of(stream, sizeof stream);
    request.sequence = (uint64_t)json_integer_value(json_object_get(row, "sequence"));
    if (request.sequence > 1) {
        mesh_key_of(previous, row, "previous");
        request.previous = nrs_slice_of(previous, sizeof previous);
    }
    request.recipients = from.recipients;
    request.recipient_count = from.count;
    request.grantor = (nrs_grantor){&node, agree, &from};
    OK(nrs_seal(&parts, &file_key, &request));
    submit = json_pack("{s:s, s:o, s:o, s:o, s:o, s:O, s:o}", "command", "red-submit", "header", base64(nrs_slice_of_bytes(&parts.header)),
                       "body", base64(nrs_slice_of_bytes(&parts.body)), "grant", base64(nrs_slice_of_bytes(&parts.grant)), "slot_table",
                       base64(nrs_slice_of_bytes(&parts.slot_table)), "to", addresses, "recipients", addresses);
    assert_non_null(submit);
    nrs_secret_destroy(&file_key);
    nrs_sealed_parts_wipe(&parts);
    return submit;
}
