#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sealing_fixture.h"

static party alice;
static party bob;
static sealing made; /* large: holds room for the longest body */

static int prepare(void **state)
{
    (void)state;
    party_init(&alice);
    party_init(&bob);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    party_wipe(&alice);
    party_wipe(&bob);
    return 0;
}

static nrs_error open_for_bob(nrs_secret **key_out)
{
    nrs_slots *slots = NULL;
    nrs_slot_path *path;
    nrs_error error;

    slots_of(&slots, &made.parts.slot_table, made.view->grant, made.view->grant_id);
    path = path_for(slots, bob.recipient.org_sign_key);
    error = nrs_slot_open(key_out, made.view, made.view->grant, path, bob.identity, &bob.prekey,
                          nrs_identity_public(alice.identity));
    nrs_slot_path_free(&path);
    nrs_slots_destroy(&slots);
    return error;
}

static void check_content(const nrs_secret *key)
{
    nrs_opened opened = {0};
    nrs_summary *summary = NULL;

    assert_int_equal(nrs_summary_open(&summary, made.view->header, nrs_field(&made.view->sealed->header), key), NRS_OK);
    assert_string_equal(summary->subject, made.report.subject);
    assert_int_equal(summary->kind, made.report.kind);
    assert_int_equal(summary->number, 2);
    nrs_summary_free(&summary);
    assert_int_equal(nrs_body_open(&opened, made.view, key), NRS_OK);
    assert_string_equal(opened.report->body, made.body);
    assert_int_equal(opened.audience->n_targets, 1);
    assert_memory_equal(opened.audience->targets[0]->community.data, made.community, NRS_HASH_SIZE);
    nrs_opened_wipe(&opened);
}

static const struct label_case {
    const char *name;
    nrs_label label;
} label_cases[] = {
    {"clear carries its key in the open", NRS_LABEL_CLEAR},
    {"green", NRS_LABEL_GREEN},
    {"amber", NRS_LABEL_AMBER},
    {"amber+strict", NRS_LABEL_AMBER_STRICT},
    {"red", NRS_LABEL_RED},
};

static void test_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof label_cases / sizeof label_cases[0]; i++) {
        nrs_secret *key = NULL;

        print_message("%s\n", label_cases[i].name);
        sealing_init(&made, &alice, &bob.recipient, 1, label_cases[i].label);
        sealing_make(&made, &alice);
        if (label_cases[i].label == NRS_LABEL_CLEAR) {
            assert_int_equal(made.view->grant->slot_count, 0);
            assert_int_equal(made.view->grant->epk.len, 0);
            assert_int_equal(made.parts.slot_table.size, 0);
            assert_int_equal(nrs_clear_open(&key, made.view, made.view->grant), NRS_OK);
        } else {
            assert_int_equal(made.view->grant->file_key.len, 0);
            assert_int_equal(nrs_clear_open(&key, made.view, made.view->grant), NRS_ERROR_FORGED);
            assert_int_equal(open_for_bob(&key), NRS_OK);
        }
        assert_same_secret(key, made.file_key);
        check_content(key);
        nrs_secret_destroy(&key);
        sealing_wipe(&made);
    }
}

/* RED goes to a person: the slot is delivered to the organisation, and opens for the person's keys alone. */
static void test_person(void **state)
{
    party person;
    nrs_secret *key = NULL;
    nrs_slots *slots = NULL;
    nrs_slot_path *path;
    const nrs_public_keys *from = nrs_identity_public(alice.identity);

    (void)state;
    party_init(&person);
    memcpy(person.recipient.org_sign_key, bob.recipient.org_sign_key, NRS_KEY_SIZE);
    sealing_init(&made, &alice, &person.recipient, 1, NRS_LABEL_RED);
    sealing_make(&made, &alice);
    slots_of(&slots, &made.parts.slot_table, made.view->grant, made.view->grant_id);
    path = path_for(slots, bob.recipient.org_sign_key);
    assert_int_equal(nrs_slot_open(&key, made.view, made.view->grant, path, bob.identity, &person.prekey, from),
                     NRS_ERROR_FORGED);
    assert_null(key);
    assert_int_equal(nrs_slot_open(&key, made.view, made.view->grant, path, person.identity, &person.prekey, from),
                     NRS_OK);
    check_content(key);
    nrs_secret_destroy(&key);
    nrs_slot_path_free(&path);
    nrs_slots_destroy(&slots);
    sealing_wipe(&made);
    party_wipe(&person);
}

/* One bit of any byte: header, body, grant, signature and the framing between them. */
static void test_every_byte(void **state)
{
    static const nrs_label labels[] = {NRS_LABEL_CLEAR, NRS_LABEL_AMBER};

    (void)state;
    for (size_t l = 0; l < sizeof labels / sizeof labels[0]; l++) {
        nrs_bytes payload = {0};

        sealing_init(&made, &alice, &bob.recipient, 1, labels[l]);
        sealing_make(&made, &alice);
        assert_int_equal(nrs_bytes_copy(&payload, nrs_field(&made.outer->payload)), NRS_OK);
        for (size_t i = 0; i < payload.size; i++) {
            nrs_sealed_view *view = NULL;

            payload.data[i] ^= (uint8_t)(1u << (i % 8));
            assert_int_not_equal(nrs_sealed_verify(&view, nrs_slice_of_bytes(&payload)), NRS_OK);
            assert_null(view);
            payload.data[i] ^= (uint8_t)(1u << (i % 8));
        }
        for (size_t size = 0; size < payload.size; size += 7) {
            nrs_sealed_view *view = NULL;

            assert_int_not_equal(nrs_sealed_verify(&view, nrs_slice_of(payload.data, size)), NRS_OK);
        }
        nrs_bytes_wipe(&payload);
        sealing_wipe(&made);
    }
}

static nrs_error verify_parts(nrs_sealed_view **view_out, const nrs_sealed_parts *parts, const party *by)
{
    nrs_bytes record = {0};
    nrs_record *outer = NULL;
    nrs_error error = nrs_seal_sign(&record, parts, by->identity);

    if (error == NRS_OK) {
        error = nrs_record_decode(&outer, nrs_slice_of_bytes(&record));
    }
    if (error == NRS_OK) {
        error = nrs_sealed_verify(view_out, nrs_field(&outer->payload));
    }
    nrs_record_free(&outer);
    nrs_bytes_wipe(&record);
    return error;
}

static void re_encode_header(nrs_header *header)
{
    nrs_bytes bytes = {0};

    assert_int_equal(nrs_header_encode(&bytes, header), NRS_OK);
    assert_int_equal(nrs_bytes_copy(&made.parts.header, nrs_slice_of_bytes(&bytes)), NRS_OK);
    nrs_bytes_wipe(&bytes);
}

/* Signatures are deterministic: signed as they were made or taken apart first, the same parts are the same record. */
static void test_signed_as_made(void **state)
{
    nrs_bytes made_record = {0}, record = {0};

    (void)state;
    sealing_init(&made, &alice, &bob.recipient, 1, NRS_LABEL_AMBER);
    sealing_make(&made, &alice);
    assert_int_equal(nrs_seal_sign_made(&made_record, &made.parts, alice.identity), NRS_OK);
    assert_int_equal(nrs_seal_sign(&record, &made.parts, alice.identity), NRS_OK);
    assert_int_equal(made_record.size, record.size);
    assert_memory_equal(made_record.data, record.data, record.size);
    nrs_bytes_wipe(&made_record);
    nrs_bytes_wipe(&record);
    sealing_wipe(&made);
}

/* What even the originator cannot do: change a part after sealing and keep the rest. */
static void test_changed_by_originator(void **state)
{
    nrs_sealed_view *view = NULL;
    nrs_opened opened = {0};
    nrs_summary *summary = NULL;
    nrs_header header;

    (void)state;
    sealing_init(&made, &alice, &bob.recipient, 1, NRS_LABEL_AMBER);
    sealing_make(&made, &alice);
    assert_int_equal(verify_parts(&view, &made.parts, &bob), NRS_ERROR_FORGED);

    made.parts.body.data[5] ^= 1;
    assert_int_equal(verify_parts(&view, &made.parts, &alice), NRS_OK);
    assert_memory_not_equal(view->id, made.view->id, NRS_HASH_SIZE);
    assert_int_equal(nrs_body_open(&opened, view, made.file_key), NRS_ERROR_FORGED);
    nrs_sealed_view_free(&view);
    made.parts.body.data[5] ^= 1;

    header = *made.view->header;
    header.urgency = 1;
    re_encode_header(&header);
    assert_int_equal(verify_parts(&view, &made.parts, &alice), NRS_OK);
    assert_int_equal(nrs_body_open(&opened, view, made.file_key), NRS_ERROR_FORGED);
    nrs_sealed_view_free(&view);

    header = *made.view->header;
    header.created_ms += 1; /* no longer the grant's */
    re_encode_header(&header);
    assert_int_equal(verify_parts(&view, &made.parts, &alice), NRS_ERROR_FORGED);

    header = *made.view->header;
    header.body_size = 4096 + NRS_TAG_SIZE;
    re_encode_header(&header);
    assert_int_not_equal(verify_parts(&view, &made.parts, &alice), NRS_OK);

    header = *made.view->header;
    header.label = NRS_LABEL_CLEAR; /* its grant has slots and no key */
    re_encode_header(&header);
    assert_int_not_equal(verify_parts(&view, &made.parts, &alice), NRS_OK);

    header = *made.view->header;
    header.community.data[0] ^= 1; /* bound by the summary's seal */
    assert_int_equal(nrs_summary_open(&summary, &header, (nrs_slice){0}, made.file_key), NRS_ERROR_FORGED);
    header.community.data[0] ^= 1;
    header.summary.data[3] ^= 1;
    assert_int_equal(nrs_summary_open(&summary, &header, (nrs_slice){0}, made.file_key), NRS_ERROR_FORGED);
    assert_null(summary);
    assert_null(opened.body);
    sealing_wipe(&made);
}

static void test_wrong_key(void **state)
{
    nrs_secret *key = NULL;
    nrs_opened opened = {0};
    nrs_summary *summary = NULL;

    (void)state;
    sealing_init(&made, &alice, &bob.recipient, 1, NRS_LABEL_GREEN);
    sealing_make(&made, &alice);
    assert_int_equal(nrs_secret_random(&key, NRS_KEY_SIZE), NRS_OK);
    assert_int_equal(nrs_body_open(&opened, made.view, key), NRS_ERROR_FORGED);
    assert_int_equal(nrs_summary_open(&summary, made.view->header, (nrs_slice){0}, key), NRS_ERROR_FORGED);
    nrs_secret_destroy(&key);
    sealing_wipe(&made);
}

/* The largest text of each class and one byte more. */
static void test_size_classes(void **state)
{
    static const size_t classes[] = {1024, 4096, 16384, 65536};
    size_t text_size;

    (void)state;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        nrs_opened opened = {0};
        size_t used;

        /* Learn from one body of this class what surrounds the text, then fill the class to its last byte. */
        text_size = classes[i] - 400;
        sealing_init(&made, &alice, NULL, 0, NRS_LABEL_GREEN);
        memset(made.body, 'x', text_size);
        sealing_make(&made, &alice);
        assert_int_equal(made.view->header->body_size, classes[i] + NRS_TAG_SIZE);
        assert_int_equal(nrs_body_open(&opened, made.view, made.file_key), NRS_OK);
        used = nrs__wire__body__get_packed_size(opened.body) + 4;
        nrs_opened_wipe(&opened);
        sealing_wipe(&made);
        text_size += classes[i] - used;
        for (size_t more = 0; more < 2; more++) {
            sealing_init(&made, &alice, NULL, 0, NRS_LABEL_GREEN);
            memset(made.body, 'x', text_size + more);
            sealing_make(&made, &alice);
            assert_int_equal(made.view->header->body_size, (more == 0 ? classes[i] : 4 * classes[i]) + NRS_TAG_SIZE);
            assert_int_equal(nrs_body_open(&opened, made.view, made.file_key), NRS_OK);
            assert_int_equal(strlen(opened.report->body), text_size + more);
            nrs_opened_wipe(&opened);
            sealing_wipe(&made);
        }
    }
    sealing_init(&made, &alice, NULL, 0, NRS_LABEL_GREEN);
    memset(made.body, 'x', NRS_BODY_TEXT_SIZE_MAX);
    sealing_make(&made, &alice);
    assert_int_equal(made.view->header->body_size, 262144 + NRS_TAG_SIZE);
    sealing_wipe(&made);
}

static void test_too_large(void **state)
{
    enum { FIELD_COUNT = 6 };
    static char value[NRS_FIELD_VALUE_SIZE_MAX + 1];
    Nrs__Wire__Field fields[FIELD_COUNT];
    Nrs__Wire__Field *list[FIELD_COUNT];
    char names[FIELD_COUNT][2];

    (void)state;
    memset(value, 'v', NRS_FIELD_VALUE_SIZE_MAX);
    sealing_init(&made, &alice, &bob.recipient, 1, NRS_LABEL_GREEN);
    memset(made.body, 'x', NRS_BODY_TEXT_SIZE_MAX);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        nrs__wire__field__init(&fields[i]);
        names[i][0] = (char)('a' + i);
        names[i][1] = '\0';
        fields[i].name = names[i];
        fields[i].value = value;
        list[i] = &fields[i];
    }
    made.report.fields = list;
    made.report.n_fields = 4; /* 192 and 64 KiB, and what surrounds them */
    assert_int_equal(nrs_seal(&made.parts, &made.file_key, &made.request), NRS_ERROR_TOO_LARGE);
    made.report.n_fields = FIELD_COUNT;
    assert_int_equal(nrs_seal(&made.parts, &made.file_key, &made.request), NRS_ERROR_TOO_LARGE);
    assert_null(made.file_key);
    assert_null(made.parts.header.data);
    sealing_wipe(&made);
}

static void test_recipients(void **state)
{
    static nrs_recipient many[NRS_SLOT_COUNT_MAX + 1];
    nrs_secret *key = NULL;
    nrs_sealed_parts parts = {0};

    (void)state;
    sealing_init(&made, &alice, NULL, 0, NRS_LABEL_AMBER); /* all waiting for their prekeys */
    sealing_make(&made, &alice);
    assert_int_equal(made.view->grant->slot_count, 0);
    assert_int_equal(made.view->grant->slot_root.len, 0);
    assert_int_equal(made.parts.slot_table.size, 0);
    check_content(made.file_key);
    sealing_wipe(&made);

    for (uint32_t i = 0; i < NRS_SLOT_COUNT_MAX + 1; i++) {
        stranger_init(&many[i], i + 1);
    }
    sealing_init(&made, &alice, many, NRS_SLOT_COUNT_MAX + 1, NRS_LABEL_AMBER);
    assert_int_equal(nrs_seal(&parts, &key, &made.request), NRS_ERROR_LIMIT);
    many[700] = bob.recipient;
    made.request.recipient_count = NRS_SLOT_COUNT_MAX;
    sealing_make(&made, &alice);
    assert_int_equal(made.view->grant->slot_count, NRS_SLOT_COUNT_MAX);
    assert_int_equal(open_for_bob(&key), NRS_OK);
    check_content(key);
    nrs_secret_destroy(&key);
    sealing_wipe(&made);
}

/* Low-order keys would make an agreement that anybody can compute. */
static void test_low_order(void **state)
{
    nrs_recipient recipients[2] = {bob.recipient, bob.recipient};

    (void)state;
    memset(recipients[1].prekey, 0, NRS_KEY_SIZE);
    sealing_init(&made, &alice, recipients, 2, NRS_LABEL_AMBER);
    assert_int_equal(nrs_seal(&made.parts, &made.file_key, &made.request), NRS_ERROR_FORGED);
    recipients[1] = bob.recipient;
    memset(recipients[1].agree_key, 0, NRS_KEY_SIZE);
    recipients[1].agree_key[0] = 1;
    assert_int_equal(nrs_seal(&made.parts, &made.file_key, &made.request), NRS_ERROR_FORGED);
    assert_null(made.file_key);
    sealing_wipe(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),   cmocka_unit_test(test_person),
        cmocka_unit_test(test_every_byte),   cmocka_unit_test(test_changed_by_originator),
        cmocka_unit_test(test_signed_as_made),
        cmocka_unit_test(test_wrong_key),    cmocka_unit_test(test_size_classes),
        cmocka_unit_test(test_too_large),    cmocka_unit_test(test_recipients),
        cmocka_unit_test(test_low_order),
    };

    return cmocka_run_group_tests(tests, prepare, finish);
}
