/* RED between persons of two nodes: prepared by the node, sealed and opened outside it, signed and relayed by it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/seal.h"
#include "keys/vault.h"
#include "mesh.h"
#include "proto/armour.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define PREKEYS 2
#define SECRET "朱書きの本文"

/* A person with its key, as its own process has it. */
typedef struct person {
    const char *id;
    size_t node;
    nrs_identity *identity;
} person;

static mesh net;
static person sato = {"sato", 1, NULL}, ito = {"ito", 2, NULL}, tanaka = {"tanaka", 2, NULL};

static nrs_error ask_json(size_t node, json_t *request)
{
    char *line = json_dumps(request, JSON_COMPACT);
    nrs_error error;

    assert_non_null(line);
    error = mesh_command(&net, node, line);
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

static void bytes_of(nrs_bytes *bytes_out, const json_t *value)
{
    assert_true(json_is_string(value));
    OK(nrs_base64_decode(bytes_out, nrs_slice_of_string(json_string_value(value))));
}

static void key_of(uint8_t *key_out, const json_t *row, const char *name)
{
    nrs_bytes bytes = {0};

    bytes_of(&bytes, json_object_get(row, name));
    assert_int_equal(bytes.size, NRS_KEY_SIZE);
    memcpy(key_out, bytes.data, NRS_KEY_SIZE);
    nrs_bytes_wipe(&bytes);
}

/* ---- Persons ---- */

static void publish_card(size_t node, person *const *persons, size_t count)
{
    mesh_node *at = &net.nodes[node];
    Nrs__Wire__PersonEntry entries[2], *list[2];
    uint8_t proofs[2][NRS_SIGNATURE_SIZE];
    nrs_card card;
    nrs_event event = {.type = NRS_EVENT_INBOX, .name = "own.card"};
    char *armoured = NULL;

    nrs__wire__card__init(&card);
    card.org = at->org;
    card.name = at->org;
    card.serial = 2;
    card.created_ms = net.now_ms;
    card.n_persons = count;
    card.persons = list;
    for (size_t i = 0; i < count; i++) {
        const nrs_public_keys *keys;

        OK(nrs_identity_new(&persons[i]->identity));
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
    OK(mesh_step(&net, node, &event));
    free(armoured);
}

static json_t *prekey_entry(const person *who, const nrs_prekey_secret *prekey)
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

static void publish_prekeys(const person *who)
{
    nrs_prekey_secret prekeys[PREKEYS];
    nrs_bytes bundle = {0};
    json_t *entries = json_array();

    OK(nrs_prekeys_make(prekeys, PREKEYS, net.now_ms - net.now_ms % NRS_WEEK_MS));
    OK(nrs_prekeys_sign(&bundle, prekeys, PREKEYS, who->identity, nrs_identity_public(net.nodes[who->node].identity)->sign_key, net.now_ms));
    for (size_t i = 0; i < PREKEYS; i++) {
        OK(json_array_append_new(entries, prekey_entry(who, &prekeys[i])));
        nrs_prekey_secret_wipe(&prekeys[i]);
    }
    OK(ask_json(who->node, json_pack("{s:s, s:s, s:o, s:o}", "command", "person-prekeys", "person", who->id, "bundle",
                                     base64(nrs_slice_of_bytes(&bundle)), "prekeys", entries)));
    nrs_bytes_wipe(&bundle);
}

static int start(void **state)
{
    person *at_one[] = {&sato}, *at_two[] = {&ito, &tanaka};

    (void)state;
    mesh_start(&net, 3, 1);
    publish_card(1, at_one, 1);
    publish_card(2, at_two, 2);
    publish_prekeys(&sato);
    publish_prekeys(&tanaka); /* ito has none yet */
    mesh_settle(&net, 4);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    nrs_identity_destroy(&sato.identity);
    nrs_identity_destroy(&ito.identity);
    nrs_identity_destroy(&tanaka.identity);
    mesh_stop(&net);
    return 0;
}

/* ---- The person's process ---- */

typedef struct lent {
    nrs_recipient recipients[4];
    uint8_t agreements[4][NRS_KEY_SIZE];
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
    json_array_foreach(list, index, one) {
        nrs_recipient *to = &lent_out->recipients[index];

        key_of(to->org_sign_key, one, "org_sign_key");
        key_of(to->sign_key, one, "sign_key");
        key_of(to->agree_key, one, "agree_key");
        key_of(to->prekey, one, "prekey");
        key_of(lent_out->agreements[index], one, "agreement");
        OK(nrs_hex_decode(to->prekey_id, NRS_PREKEY_ID_SIZE, mesh_text(one, "prekey_id")));
        lent_out->count++;
    }
}

/* Seal what was prepared for tanaka, the first recipient. Returns the request to submit it. */
static json_t *sealed_request(const json_t *row, uint32_t label)
{
    lent from;
    uint8_t community[NRS_HASH_SIZE];
    nrs_public_keys node;
    nrs_header header;
    nrs_report report;
    nrs_audience audience;
    Nrs__Wire__Target target, *targets[1] = {&target};
    nrs_seal_request request = {.header = &header, .report = &report, .audience = &audience};
    nrs_sealed_parts parts = {0};
    nrs_secret *file_key = NULL;
    uint8_t stream[NRS_HASH_SIZE], previous[NRS_HASH_SIZE];
    json_t *submit;

    nrs__wire__header__init(&header);
    nrs__wire__report__init(&report);
    nrs__wire__audience__init(&audience);
    nrs__wire__target__init(&target);
    read_recipients(&from, row);
    OK(nrs_hex_decode(community, sizeof community, mesh_text(row, "community")));
    key_of(node.sign_key, row, "originator");
    key_of(node.agree_key, row, "agree_key");
    key_of(node.curve_key, row, "curve_key");
    header.label = label;
    header.community = nrs_field_of(nrs_slice_of(community, sizeof community));
    header.roster_version = (uint64_t)json_integer_value(json_object_get(row, "roster_version"));
    header.created_ms = (uint64_t)json_integer_value(json_object_get(row, "created_at_ms"));
    header.expires_ms = (uint64_t)json_integer_value(json_object_get(row, "expires_at_ms"));
    header.attribution = NRS_ATTRIBUTION_NAMED;
    report.kind = NRS_KIND_INCIDENT;
    report.subject = (char *)(uintptr_t)"朱";
    report.body = (char *)(uintptr_t)SECRET;
    target.org = nrs_field_of(nrs_slice_of(from.recipients[0].org_sign_key, NRS_KEY_SIZE));
    target.person = nrs_field_of(nrs_slice_of(from.recipients[0].sign_key, NRS_KEY_SIZE));
    audience.n_targets = 1;
    audience.targets = targets;
    key_of(stream, row, "stream");
    request.stream = nrs_slice_of(stream, sizeof stream);
    request.sequence = (uint64_t)json_integer_value(json_object_get(row, "sequence"));
    if (request.sequence > 1) {
        key_of(previous, row, "previous");
        request.previous = nrs_slice_of(previous, sizeof previous);
    }
    request.recipients = from.recipients;
    request.recipient_count = from.count;
    request.grantor = (nrs_grantor){&node, agree, &from};
    OK(nrs_seal(&parts, &file_key, &request));
    submit = json_pack("{s:s, s:o, s:o, s:o, s:o, s:[s], s:[s]}", "command", "red-submit", "header", base64(nrs_slice_of_bytes(&parts.header)),
                       "body", base64(nrs_slice_of_bytes(&parts.body)), "grant", base64(nrs_slice_of_bytes(&parts.grant)), "slot_table",
                       base64(nrs_slice_of_bytes(&parts.slot_table)), "to", "tanaka@org-2", "recipients", "tanaka@org-2");
    assert_non_null(submit);
    nrs_secret_destroy(&file_key);
    nrs_sealed_parts_wipe(&parts);
    return submit;
}

static json_t *prepared(void)
{
    OK(mesh_ask(&net, 1, "{\"command\":\"red-prepare\",\"label\":\"RED\",\"to\":[\"tanaka@org-2\"],\"person\":\"sato\"}"));
    return sealed_request(mesh_row(&net, 1, 0), NRS_LABEL_RED);
}

static void payload_of(nrs_bytes *payload_out, const json_t *value, uint32_t type)
{
    nrs_bytes bytes = {0};
    nrs_record *record = NULL;

    bytes_of(&bytes, value);
    OK(nrs_record_decode(&record, nrs_slice_of_bytes(&bytes)));
    assert_int_equal(record->type, type);
    OK(nrs_bytes_copy(payload_out, nrs_field(&record->payload)));
    nrs_record_free(&record);
    nrs_bytes_wipe(&bytes);
}

/* What the row of red-open opens with the person's key. */
static void assert_opens(const person *who, const json_t *row)
{
    const json_t *given = json_array_get(json_object_get(row, "prekeys"), 0);
    const json_t *keys = json_array_get(json_object_get(row, "grantors"), 0);
    nrs_bytes sealed = {0}, slot = {0}, wrapped = {0}, share_bytes = {0};
    nrs_secret *share = NULL, *key = NULL, *file_key = NULL;
    nrs_prekey_secret prekey = {0};
    nrs_public_keys grantor;
    nrs_sealed_view *view = NULL;
    nrs_slot_path *path = NULL;
    nrs_opened opened = {0};

    payload_of(&sealed, json_object_get(row, "sealed"), NRS_RECORD_SEALED);
    payload_of(&slot, json_array_get(json_object_get(row, "slots"), 0), NRS_RECORD_SLOT_PATH);
    OK(nrs_sealed_verify(&view, nrs_slice_of_bytes(&sealed)));
    OK(nrs_slot_path_decode(&path, nrs_slice_of_bytes(&slot)));
    OK(nrs_hex_decode(prekey.id, NRS_PREKEY_ID_SIZE, mesh_text(given, "id")));
    key_of(prekey.key, given, "key");
    bytes_of(&share_bytes, json_object_get(given, "share"));
    bytes_of(&wrapped, json_object_get(given, "sealed_secret"));
    OK(nrs_secret_copy(&share, nrs_slice_of_bytes(&share_bytes)));
    OK(nrs_person_prekey_key(&key, who->identity, share));
    OK(nrs_vault_unwrap(&prekey.secret, key, nrs_slice_of(prekey.id, NRS_PREKEY_ID_SIZE), nrs_slice_of_bytes(&wrapped)));
    key_of(grantor.sign_key, keys, "sign_key");
    key_of(grantor.agree_key, keys, "agree_key");
    key_of(grantor.curve_key, keys, "curve_key");
    OK(nrs_slot_open(&file_key, view, view->grant, path, who->identity, &prekey, &grantor));
    OK(nrs_body_open(&opened, view, file_key));
    assert_string_equal(opened.report->body, SECRET);
    nrs_opened_wipe(&opened);
    nrs_prekey_secret_wipe(&prekey);
    nrs_secret_destroy(&file_key);
    nrs_secret_destroy(&key);
    nrs_secret_destroy(&share);
    nrs_slot_path_free(&path);
    nrs_sealed_view_free(&view);
    nrs_bytes_wipe(&share_bytes);
    nrs_bytes_wipe(&wrapped);
    nrs_bytes_wipe(&slot);
    nrs_bytes_wipe(&sealed);
}

/* ---- Tests ---- */

static size_t stages(const char *id, const char *stage)
{
    size_t count = 0;

    OK(mesh_ask(&net, 1, "{\"command\":\"receipts\",\"id\":\"%s\"}", id));
    for (size_t i = 0; i < mesh_row_count(&net, 1); i++) {
        assert_string_equal(mesh_text(mesh_row(&net, 1, i), "recipient"), "tanaka@org-2");
        count += strcmp(mesh_text(mesh_row(&net, 1, i), "stage"), stage) == 0;
    }
    return count;
}

static void from_person_to_person(void **state)
{
    char id[65];

    (void)state;
    OK(ask_json(1, prepared()));
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, 1, 0), "id"));
    assert_int_equal(strlen(id), 64);
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, 1, 0), "recipients")), 1);
    mesh_settle(&net, 4);

    OK(mesh_ask(&net, 2, "{\"command\":\"list\"}"));
    assert_int_equal(mesh_row_count(&net, 2), 1);
    assert_true(json_is_null(json_object_get(mesh_row(&net, 2, 0), "subject")));
    assert_true(json_is_null(json_object_get(mesh_row(&net, 2, 0), "kind")));
    assert_string_equal(json_string_value(json_array_get(json_object_get(mesh_row(&net, 2, 0), "to"), 0)), "tanaka@org-2");
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"show\",\"id\":\"%s\"}", id), NRS_ERROR_PERSON_ONLY);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"show\",\"id\":\"%s\",\"person\":\"tanaka\"}", id), NRS_ERROR_PERSON_ONLY);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"export\",\"id\":\"%s\",\"sink\":\"own\",\"person\":\"tanaka\"}", id), NRS_ERROR_CLEARANCE);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"red-open\",\"id\":\"%s\",\"person\":\"ito\"}", id), NRS_ERROR_PERSON_ONLY);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"red-open\",\"id\":\"%s\",\"person\":\"sato\"}", id), NRS_ERROR_UNKNOWN_PERSON);
    assert_int_equal(mesh_ask(&net, 0, "{\"command\":\"red-open\",\"id\":\"%s\",\"person\":\"tanaka\"}", id), NRS_ERROR_NOT_FOUND);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"red-opened\",\"id\":\"%s\",\"person\":\"ito\"}", id), NRS_ERROR_PERSON_ONLY);

    OK(mesh_ask(&net, 2, "{\"command\":\"red-open\",\"id\":\"%s\",\"person\":\"tanaka\"}", id));
    assert_opens(&tanaka, mesh_row(&net, 2, 0));
    assert_int_equal(stages(id, "opened"), 0);
    OK(mesh_ask(&net, 2, "{\"command\":\"red-opened\",\"id\":\"%s\",\"person\":\"tanaka\"}", id));
    OK(mesh_ask(&net, 2, "{\"command\":\"red-opened\",\"id\":\"%s\",\"person\":\"tanaka\"}", id));
    mesh_settle(&net, 3);
    assert_int_equal(stages(id, "stored"), 1);
    assert_int_equal(stages(id, "opened"), 1);

    OK(mesh_ask(&net, 1, "{\"command\":\"red-open\",\"id\":\"%s\",\"person\":\"sato\"}", id)); /* the sender keeps a slot of its own */
    assert_opens(&sato, mesh_row(&net, 1, 0));
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"x\"}", id), NRS_ERROR_PERSON_ONLY);
    OK(mesh_ask(&net, 2, "{\"command\":\"reply\",\"id\":\"%s\",\"dry_run\":true}", id));
    assert_string_equal(mesh_text(mesh_row(&net, 2, 0), "label"), "RED");
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"reply\",\"id\":\"%s\",\"dry_run\":true,\"label\":\"AMBER\",\"to\":[\"@electricity\"]}", id),
                     NRS_ERROR_LABEL_FORBIDS);
}

static void whom_it_may_reach(void **state)
{
    (void)state;
    OK(mesh_ask(&net, 1, "{\"command\":\"send\",\"label\":\"RED\",\"to\":[\"tanaka@org-2\",\"ito@org-2\"],\"dry_run\":true}"));
    assert_string_equal(json_string_value(json_array_get(json_object_get(mesh_row(&net, 1, 0), "recipients"), 0)), "tanaka@org-2");
    assert_string_equal(mesh_text(json_array_get(json_object_get(mesh_row(&net, 1, 0), "excluded"), 0), "who"), "ito@org-2");
    assert_string_equal(mesh_text(json_array_get(json_object_get(mesh_row(&net, 1, 0), "excluded"), 0), "rule"), "no-prekey");
    assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"red-prepare\",\"label\":\"RED\",\"to\":[\"ito@org-2\"]}"), NRS_ERROR_NO_PREKEY);
    assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"red-prepare\",\"label\":\"RED\",\"to\":[\"mori@org-2\"]}"), NRS_ERROR_UNKNOWN_PERSON);
    assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"send\",\"label\":\"RED\",\"to\":[\"tanaka@org-2\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"),
                     NRS_ERROR_PERSON_ONLY);
    OK(mesh_ask(&net, 2, "{\"command\":\"persons\"}"));
    assert_int_equal(mesh_row_count(&net, 2), 2);
    assert_true(json_is_null(json_object_get(mesh_row(&net, 2, 0), "prekeys_until")));
    assert_true(json_is_string(json_object_get(mesh_row(&net, 2, 1), "prekeys_until")));
}

static void exchange(json_t *request, const char *field, const json_t *other)
{
    OK(json_object_set(request, field, json_object_get(other, field)));
}

static void what_was_not_sealed_right_is_not_signed(void **state)
{
    static const char *const mixed[] = {"header", "body", "grant", "slot_table"};
    uint64_t end = nrs_store_log_end(net.nodes[1].store);
    json_t *request;
    nrs_error error;

    (void)state;
    for (size_t i = 0; i < sizeof mixed / sizeof mixed[0]; i++) {
        json_t *other = prepared();

        request = prepared();
        exchange(request, mixed[i], other);
        error = ask_json(1, request);
        if (strcmp(mixed[i], "body") != 0) { /* another body of the same size is another report: the id and the slots differ */
            assert_true(error == NRS_ERROR_FORGED || error == NRS_ERROR_MALFORMED);
        }
        assert_int_not_equal(error, NRS_OK);
        json_decref(other);
    }
    request = prepared();
    OK(json_object_set_new(request, "recipients", json_pack("[s]", "sato@org-1")));
    assert_int_equal(ask_json(1, request), NRS_ERROR_FORGED); /* two slots, one of them a stranger's */
    request = prepared();
    OK(json_object_set_new(request, "to", json_pack("[s]", "@electricity")));
    assert_int_equal(ask_json(1, request), NRS_ERROR_LABEL_FORBIDS);
    request = prepared();
    assert_int_equal(ask_json(2, request), NRS_ERROR_FORGED); /* another node's header */
    OK(mesh_ask(&net, 1, "{\"command\":\"red-prepare\",\"label\":\"RED\",\"to\":[\"tanaka@org-2\"],\"person\":\"sato\"}"));
    request = sealed_request(mesh_row(&net, 1, 0), NRS_LABEL_AMBER);
    assert_int_equal(ask_json(1, request), NRS_ERROR_USAGE);
    request = prepared();
    net.now_ms += 11 * NRS_MINUTE_MS;
    assert_int_equal(ask_json(1, request), NRS_ERROR_CLOCK);
    assert_int_equal(nrs_store_log_end(net.nodes[1].store), end);
    request = prepared();
    OK(ask_json(1, json_deep_copy(request)));
    assert_int_equal(ask_json(1, request), NRS_ERROR_EXISTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(from_person_to_person, start, stop),
        cmocka_unit_test_setup_teardown(whom_it_may_reach, start, stop),
        cmocka_unit_test_setup_teardown(what_was_not_sealed_right_is_not_signed, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
