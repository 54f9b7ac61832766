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
#include "mesh_persons.h"
#include "proto/armour.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define SECRET "朱書きの本文"

static mesh net;
static const char *const to_tanaka = "tanaka@org-2";
static mesh_person sato = {"sato", 1, NULL}, kato = {"kato", 1, NULL}, ito = {"ito", 2, NULL}, tanaka = {"tanaka", 2, NULL};

static int start(void **state)
{
    mesh_person *at_one[] = {&kato, &sato}, *at_two[] = {&ito, &tanaka};

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_persons_card(&net, 1, at_one, 2);
    mesh_persons_card(&net, 2, at_two, 2);
    mesh_person_prekeys(&net, &sato);
    mesh_person_prekeys(&net, &tanaka); /* ito has none yet */
    mesh_settle(&net, 4);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    nrs_identity_destroy(&sato.identity);
    nrs_identity_destroy(&kato.identity);
    nrs_identity_destroy(&ito.identity);
    nrs_identity_destroy(&tanaka.identity);
    mesh_stop(&net);
    return 0;
}

static json_t *prepared(void)
{
    OK(mesh_ask(&net, 1, "{\"command\":\"red-prepare\",\"label\":\"RED\",\"to\":[\"tanaka@org-2\"],\"person\":\"sato\"}"));
    return mesh_red_sealed(mesh_row(&net, 1, 0), NRS_LABEL_RED, SECRET, &to_tanaka, 1);
}

static void payload_of(nrs_bytes *payload_out, const json_t *value, uint32_t type)
{
    nrs_bytes bytes = {0};
    nrs_record *record = NULL;

    mesh_bytes_of(&bytes, value);
    OK(nrs_record_decode(&record, nrs_slice_of_bytes(&bytes)));
    assert_int_equal(record->type, type);
    OK(nrs_bytes_copy(payload_out, nrs_field(&record->payload)));
    nrs_record_free(&record);
    nrs_bytes_wipe(&bytes);
}

/* What the row of red-open opens with the person's key. */
static void assert_opens(const mesh_person *who, const json_t *row)
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
    mesh_key_of(prekey.key, given, "key");
    mesh_bytes_of(&share_bytes, json_object_get(given, "share"));
    mesh_bytes_of(&wrapped, json_object_get(given, "sealed_secret"));
    OK(nrs_secret_copy(&share, nrs_slice_of_bytes(&share_bytes)));
    OK(nrs_person_prekey_key(&key, who->identity, share));
    OK(nrs_vault_unwrap(&prekey.secret, key, nrs_slice_of(prekey.id, NRS_PREKEY_ID_SIZE), nrs_slice_of_bytes(&wrapped)));
    mesh_key_of(grantor.sign_key, keys, "sign_key");
    mesh_key_of(grantor.agree_key, keys, "agree_key");
    mesh_key_of(grantor.curve_key, keys, "curve_key");
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
    OK(mesh_ask_json(&net, 1, prepared()));
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
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"reply\",\"id\":\"%s\",\"dry_run\":true}", id), NRS_ERROR_PERSON_ONLY);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"reply\",\"id\":\"%s\",\"dry_run\":true,\"to\":[\"sato@org-1\"]}", id), NRS_ERROR_PERSON_ONLY);
    OK(mesh_ask(&net, 2, "{\"command\":\"reply\",\"id\":\"%s\",\"dry_run\":true,\"question\":true}", id));
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
        error = mesh_ask_json(&net, 1, request);
        if (strcmp(mixed[i], "body") != 0) { /* another body of the same size is another report: the id and the slots differ */
            assert_true(error == NRS_ERROR_FORGED || error == NRS_ERROR_MALFORMED);
        }
        assert_int_not_equal(error, NRS_OK);
        json_decref(other);
    }
    request = prepared();
    OK(json_object_set_new(request, "recipients", json_pack("[s]", "sato@org-1")));
    assert_int_equal(mesh_ask_json(&net, 1, request), NRS_ERROR_FORGED); /* two slots, one of them a stranger's */
    request = prepared();
    OK(json_object_set_new(request, "to", json_pack("[s]", "@electricity")));
    assert_int_equal(mesh_ask_json(&net, 1, request), NRS_ERROR_LABEL_FORBIDS);
    request = prepared();
    assert_int_equal(mesh_ask_json(&net, 2, request), NRS_ERROR_FORGED); /* another node's header */
    OK(mesh_ask(&net, 1, "{\"command\":\"red-prepare\",\"label\":\"RED\",\"to\":[\"tanaka@org-2\"],\"person\":\"sato\"}"));
    request = mesh_red_sealed(mesh_row(&net, 1, 0), NRS_LABEL_AMBER, SECRET, &to_tanaka, 1);
    assert_int_equal(mesh_ask_json(&net, 1, request), NRS_ERROR_USAGE);
    request = prepared();
    net.now_ms += 11 * NRS_MINUTE_MS;
    assert_int_equal(mesh_ask_json(&net, 1, request), NRS_ERROR_CLOCK);
    assert_int_equal(nrs_store_log_end(net.nodes[1].store), end);
    request = prepared();
    OK(mesh_ask_json(&net, 1, json_deep_copy(request)));
    assert_int_equal(mesh_ask_json(&net, 1, request), NRS_ERROR_EXISTS);
}

/* person: NULL for the desk. */
static nrs_error forget(size_t node, const char *id, const char *person)
{
    return person == NULL ? mesh_ask(&net, node, "{\"command\":\"forget\",\"id\":\"%s\"}", id)
                          : mesh_ask(&net, node, "{\"command\":\"forget\",\"id\":\"%s\",\"person\":\"%s\"}", id, person);
}

/* Who writes a report to herself as well: that she is a recipient does not make her another. */
static void who_wrote_it_takes_it_back(void **state)
{
    static const char *const both[] = {"sato@org-1", "tanaka@org-2"};

    (void)state;
    for (int forgotten = 0; forgotten < 2; forgotten++) {
        json_t *request;
        char id[65];

        OK(mesh_ask(&net, 1, "{\"command\":\"red-prepare\",\"label\":\"RED\",\"to\":[\"sato@org-1\",\"tanaka@org-2\"],\"person\":\"sato\"}"));
        request = mesh_red_sealed(mesh_row(&net, 1, 0), NRS_LABEL_RED, SECRET, both, 2);
        OK(json_object_set_new(request, "person", json_string("mori")));
        assert_int_equal(mesh_ask_json(&net, 1, json_deep_copy(request)), NRS_ERROR_UNKNOWN_PERSON);
        OK(json_object_set_new(request, "person", json_string("sato")));
        OK(mesh_ask_json(&net, 1, request));
        (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, 1, 0), "id"));
        mesh_settle(&net, 4);
        if (forgotten == 1) {
            assert_int_equal(forget(1, id, NULL), NRS_ERROR_PERSON_ONLY);
            OK(forget(1, id, "sato"));
        }
        assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"r\"}", id), NRS_ERROR_PERSON_ONLY);
        assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"r\",\"person\":\"kato\"}", id), NRS_ERROR_PERSON_ONLY);
        OK(mesh_ask(&net, 1, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"r\",\"person\":\"sato\"}", id));
        mesh_settle(&net, 4);
        assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"red-open\",\"id\":\"%s\",\"person\":\"tanaka\"}", id), NRS_ERROR_WITHDRAWN);
        OK(forget(2, id, NULL)); /* its slots went with the withdrawal: there is no text left to destroy */
    }
}

static void sent_to_tanaka(char id_out[65])
{
    OK(mesh_ask_json(&net, 1, prepared()));
    (void)snprintf(id_out, 65, "%s", mesh_text(mesh_row(&net, 1, 0), "id"));
    mesh_settle(&net, 4);
}

static void its_readers_alone_forget_it(void **state)
{
    char id[65];

    (void)state;
    sent_to_tanaka(id);
    assert_int_equal(forget(2, id, NULL), NRS_ERROR_PERSON_ONLY);
    assert_int_equal(forget(2, id, "ito"), NRS_ERROR_PERSON_ONLY);
    assert_int_equal(forget(2, id, "sato"), NRS_ERROR_UNKNOWN_PERSON);
    OK(mesh_ask(&net, 2, "{\"command\":\"audit-list\",\"kind\":\"forget\",\"limit\":10}"));
    assert_int_equal(mesh_row_count(&net, 2), 2); /* who is nobody here is no attempt */
    assert_string_equal(mesh_text(mesh_row(&net, 2, 0), "rule"), "person-only");
    OK(mesh_ask(&net, 2, "{\"command\":\"red-open\",\"id\":\"%s\",\"person\":\"tanaka\"}", id));
    assert_opens(&tanaka, mesh_row(&net, 2, 0));
    OK(forget(2, id, "tanaka"));
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"red-open\",\"id\":\"%s\",\"person\":\"tanaka\"}", id), NRS_ERROR_NOT_FOUND);

    assert_int_equal(forget(1, id, NULL), NRS_ERROR_PERSON_ONLY);
    assert_int_equal(forget(1, id, "kato"), NRS_ERROR_PERSON_ONLY);
    OK(forget(1, id, "sato"));
}

/* With its person off the card nobody reads it any more. */
static void what_nobody_reads_any_more_the_desk_forgets(void **state)
{
    mesh_person *left[] = {&ito};
    char id[65];

    (void)state;
    sent_to_tanaka(id);
    net.now_ms += 1000; /* a card of a later serial */
    mesh_persons_card(&net, 2, left, 1);
    OK(forget(2, id, NULL));
}

/* Both rules are for a kind that the report is not of, and the second leaves out whoever has not the duty. */
static void demand_of_advisories(void *context, nrs_roster *next)
{
    static Nrs__Wire__Rules kept;
    static Nrs__Wire__Disclaimer text, *texts[1] = {&text};
    static Nrs__Wire__DutyRule rule, *rules[1] = {&rule};
    static Nrs__Wire__Duty taken, *held[1] = {&taken};
    static char name[] = "no-liability", ja[] = "責任を問わない", nda[] = "nda";

    (void)context;
    kept = *next->rules;
    nrs__wire__disclaimer__init(&text);
    text.name = name;
    text.ja = ja;
    text.version = 1;
    text.kinds = NRS_KIND_BIT(NRS_KIND_ADVISORY);
    kept.disclaimers = texts;
    kept.n_disclaimers = 1;
    nrs__wire__duty_rule__init(&rule);
    rule.kinds = NRS_KIND_BIT(NRS_KIND_ADVISORY);
    rule.duty = nda;
    kept.duties = rules;
    kept.n_duties = 1;
    next->rules = &kept;
    nrs__wire__duty__init(&taken);
    taken.name = nda;
    taken.since_ms = 1;
    for (size_t i = 0; i < next->n_members; i++) {
        next->members[i]->duties = held;
        next->members[i]->n_duties = strcmp(next->members[i]->org, "org-2") == 0 ? 1 : 0;
    }
}

/* SPEC 5.3: whatever kind a person says, and in a dry run too: the node seals what it does not know the kind of. */
static void what_is_demanded_of_another_kind_is_meant(void **state)
{
    static const char *const more[] = {"", ",\"kind\":\"incident\"", ",\"kind\":\"advisory\""};

    (void)state;
    mesh_person_prekeys(&net, &kato);
    mesh_settle(&net, 2);
    mesh_change(&net, demand_of_advisories, NULL);
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        const json_t *row;

        OK(mesh_ask(&net, 1, "{\"command\":\"send\",\"label\":\"RED\",\"to\":[\"tanaka@org-2\",\"kato@org-1\"],\"dry_run\":true%s}", more[i]));
        row = mesh_row(&net, 1, 0);
        assert_int_equal(json_array_size(json_object_get(row, "disclaimers")), 1);
        assert_int_equal(json_array_size(json_object_get(row, "recipients")), 1);
        assert_string_equal(mesh_text(json_array_get(json_object_get(row, "excluded"), 0), "who"), "kato@org-1");
        assert_string_equal(mesh_text(json_array_get(json_object_get(row, "excluded"), 0), "rule"), "duty");
        OK(mesh_ask(&net, 1, "{\"command\":\"red-prepare\",\"label\":\"RED\",\"to\":[\"tanaka@org-2\",\"kato@org-1\"],\"person\":\"sato\"%s}", more[i]));
        row = mesh_row(&net, 1, 0);
        assert_string_equal(mesh_text(row, "duty"), "nda");
        OK(mesh_ask_json(&net, 1, mesh_red_sealed(row, NRS_LABEL_RED, SECRET, &to_tanaka, 1)));
        mesh_settle(&net, 2);
    }
    OK(mesh_ask(&net, 2, "{\"command\":\"list\"}"));
    assert_int_equal(mesh_row_count(&net, 2), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(from_person_to_person, start, stop),
        cmocka_unit_test_setup_teardown(whom_it_may_reach, start, stop),
        cmocka_unit_test_setup_teardown(what_was_not_sealed_right_is_not_signed, start, stop),
        cmocka_unit_test_setup_teardown(who_wrote_it_takes_it_back, start, stop),
        cmocka_unit_test_setup_teardown(its_readers_alone_forget_it, start, stop),
        cmocka_unit_test_setup_teardown(what_nobody_reads_any_more_the_desk_forgets, start, stop),
        cmocka_unit_test_setup_teardown(what_is_demanded_of_another_kind_is_meant, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
