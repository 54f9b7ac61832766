#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sealing_fixture.h"

static party alice; /* originator */
static party hub;
static party carol; /* let in later */
static sealing made;
static const uint8_t parent[NRS_HASH_SIZE] = {7};

/* A later grant, signed and verified. */
typedef struct later {
    nrs_bytes statement;
    nrs_bytes table;
    nrs_bytes record;
    nrs_record *outer;
    nrs_grant *grant;
    uint8_t id[NRS_HASH_SIZE];
} later;

static int prepare(void **state)
{
    (void)state;
    party_init(&alice);
    party_init(&hub);
    party_init(&carol);
    sealing_init(&made, &alice, &hub.recipient, 1, NRS_LABEL_GREEN);
    sealing_make(&made, &alice);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    sealing_wipe(&made);
    party_wipe(&alice);
    party_wipe(&hub);
    party_wipe(&carol);
    return 0;
}

static nrs_grant_request request_by(const party *by, const nrs_audience *audience)
{
    return (nrs_grant_request){
        .sealed = made.view,
        .file_key = made.file_key,
        .authority = NRS_AUTHORITY_CONSENT,
        .authority_ref = nrs_slice_of(parent, sizeof parent),
        .audience = audience,
        .recipients = &carol.recipient,
        .recipient_count = 1,
        .grantor = grantor_of(by),
        .now_ms = FIXTURE_NOW_MS + 5,
    };
}

static void later_make(later *it, const party *by, const nrs_grant_request *request)
{
    *it = (later){0};
    assert_int_equal(nrs_grant_make(&it->statement, &it->table, request), NRS_OK);
    assert_int_equal(nrs_signed_record(&it->record, NRS_RECORD_GRANT, by->identity, nrs_slice_of_bytes(&it->statement)),
                     NRS_OK);
    assert_int_equal(nrs_record_decode(&it->outer, nrs_slice_of_bytes(&it->record)), NRS_OK);
    assert_int_equal(nrs_grant_verify(&it->grant, it->id, nrs_field(&it->outer->payload)), NRS_OK);
}

static void later_wipe(later *it)
{
    nrs_bytes_wipe(&it->statement);
    nrs_bytes_wipe(&it->table);
    nrs_bytes_wipe(&it->record);
    nrs_record_free(&it->outer);
    nrs_grant_free(&it->grant);
}

static nrs_error open_for_carol(nrs_secret **key_out, const later *it, const nrs_sealed_view *view,
                                const nrs_grant *grant)
{
    nrs_slots *slots = NULL;
    nrs_slot_path *path;
    nrs_error error;

    slots_of(&slots, &it->table, it->grant, it->id);
    path = path_for(slots, carol.recipient.org_sign_key);
    error = nrs_slot_open(key_out, view, grant, path, carol.identity, &carol.prekey, nrs_identity_public(hub.identity));
    nrs_slot_path_free(&path);
    nrs_slots_destroy(&slots);
    return error;
}

static void test_extension(void **state)
{
    const nrs_grant_request request = request_by(&hub, NULL);
    later it;
    nrs_secret *key = NULL;
    nrs_audience *audience = NULL;

    (void)state;
    later_make(&it, &hub, &request);
    assert_memory_equal(it.grant->sealed_id.data, made.view->id, NRS_HASH_SIZE);
    assert_memory_equal(it.grant->audience_commitment.data, made.view->header->audience_commitment.data,
                        NRS_HASH_SIZE);
    assert_int_equal(it.grant->sealed_audience.len, 0);
    assert_int_equal(open_for_carol(&key, &it, made.view, it.grant), NRS_OK);
    assert_same_secret(key, made.file_key);
    assert_int_equal(nrs_grant_audience_open(&audience, made.view, it.grant, key), NRS_ERROR_FORGED);
    nrs_secret_destroy(&key);
    later_wipe(&it);
}

static void test_audience(void **state)
{
    Nrs__Wire__Target target = NRS__WIRE__TARGET__INIT;
    Nrs__Wire__Target *targets[] = {&target};
    nrs_audience audience = NRS__WIRE__AUDIENCE__INIT;
    nrs_audience *opened = NULL;
    nrs_grant_request request = request_by(&hub, &audience);
    nrs_secret *key = NULL;
    later it;

    (void)state;
    target.org = nrs_field_of(nrs_slice_of(carol.recipient.sign_key, NRS_KEY_SIZE));
    audience.targets = targets;
    audience.n_targets = 1;
    later_make(&it, &hub, &request);
    assert_memory_not_equal(it.grant->audience_commitment.data, made.view->header->audience_commitment.data,
                            NRS_HASH_SIZE);
    assert_int_equal(open_for_carol(&key, &it, made.view, it.grant), NRS_OK);
    assert_int_equal(nrs_grant_audience_open(&opened, made.view, it.grant, key), NRS_OK);
    assert_int_equal(opened->n_targets, 1);
    assert_memory_equal(opened->targets[0]->org.data, carol.recipient.sign_key, NRS_KEY_SIZE);
    nrs_audience_free(&opened);
    for (size_t i = 0; i < it.grant->sealed_audience.len; i++) {
        it.grant->sealed_audience.data[i] ^= 8;
        assert_int_equal(nrs_grant_audience_open(&opened, made.view, it.grant, key), NRS_ERROR_FORGED);
        it.grant->sealed_audience.data[i] ^= 8;
    }
    for (size_t size = 0; size < it.grant->sealed_audience.len; size++) {
        nrs_grant cut = *it.grant;

        cut.sealed_audience.len = size;
        assert_int_equal(nrs_grant_audience_open(&opened, made.view, &cut, key), NRS_ERROR_FORGED);
    }
    it.grant->grantor.data[0] ^= 1;
    assert_int_equal(nrs_grant_audience_open(&opened, made.view, it.grant, key), NRS_ERROR_FORGED);
    it.grant->grantor.data[0] ^= 1;
    it.grant->audience_commitment.data[0] ^= 1;
    assert_int_equal(nrs_grant_audience_open(&opened, made.view, it.grant, key), NRS_ERROR_FORGED);
    assert_null(opened);
    nrs_secret_destroy(&key);
    later_wipe(&it);
}

/* Each field that the transcript or the path holds, changed under an otherwise good slot. */
static void test_fields_are_bound(void **state)
{
    const nrs_grant_request request = request_by(&hub, NULL);
    const nrs_public_keys *from = nrs_identity_public(hub.identity);
    later it;
    nrs_slots *slots = NULL;
    nrs_slot_path *path;
    nrs_secret *key = NULL;
    ProtobufCBinaryData *fields[5];

    (void)state;
    later_make(&it, &hub, &request);
    slots_of(&slots, &it.table, it.grant, it.id);
    path = path_for(slots, carol.recipient.org_sign_key);
    fields[0] = &it.grant->epk;
    fields[1] = &it.grant->authority_ref;
    fields[2] = &it.grant->audience_commitment;
    fields[3] = &it.grant->slot_root;
    fields[4] = &made.view->header->community;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        fields[i]->data[3] ^= 1;
        assert_int_equal(nrs_slot_open(&key, made.view, it.grant, path, carol.identity, &carol.prekey, from),
                         NRS_ERROR_FORGED);
        fields[i]->data[3] ^= 1;
    }
    it.grant->authority = NRS_AUTHORITY_RELEASE;
    assert_int_equal(nrs_slot_open(&key, made.view, it.grant, path, carol.identity, &carol.prekey, from),
                     NRS_ERROR_FORGED);
    it.grant->authority = NRS_AUTHORITY_CONSENT;
    it.grant->slot_count = 2;
    assert_int_equal(nrs_slot_open(&key, made.view, it.grant, path, carol.identity, &carol.prekey, from),
                     NRS_ERROR_FORGED);
    it.grant->slot_count = 1;
    made.view->header->key_commitment.data[0] ^= 1;
    assert_int_equal(nrs_slot_open(&key, made.view, it.grant, path, carol.identity, &carol.prekey, from),
                     NRS_ERROR_FORGED);
    made.view->header->key_commitment.data[0] ^= 1;
    assert_null(key);
    assert_int_equal(nrs_slot_open(&key, made.view, it.grant, path, carol.identity, &carol.prekey, from), NRS_OK);
    nrs_secret_destroy(&key);
    nrs_slot_path_free(&path);
    nrs_slots_destroy(&slots);
    later_wipe(&it);
}

static void test_other_report(void **state)
{
    const nrs_grant_request request = request_by(&hub, NULL);
    sealing other;
    later it;
    nrs_secret *key = NULL;
    nrs_grant_request wrong;

    (void)state;
    later_make(&it, &hub, &request);
    sealing_init(&other, &alice, &hub.recipient, 1, NRS_LABEL_GREEN);
    sealing_make(&other, &alice);
    assert_int_equal(open_for_carol(&key, &it, other.view, it.grant), NRS_ERROR_FORGED);
    wrong = request;
    wrong.sealed = other.view; /* a file key that is not this report's */
    assert_int_equal(nrs_grant_make(&it.statement, &it.table, &wrong), NRS_ERROR_FORGED);
    assert_null(key);
    sealing_wipe(&other);
    later_wipe(&it);
}

static nrs_error verify_signed_by(const party *by, const nrs_bytes *statement)
{
    nrs_bytes record = {0};
    nrs_record *outer = NULL;
    nrs_grant *grant = NULL;
    uint8_t id[NRS_HASH_SIZE];
    nrs_error error;

    assert_int_equal(nrs_signed_record(&record, NRS_RECORD_GRANT, by->identity, nrs_slice_of_bytes(statement)), NRS_OK);
    assert_int_equal(nrs_record_decode(&outer, nrs_slice_of_bytes(&record)), NRS_OK);
    error = nrs_grant_verify(&grant, id, nrs_field(&outer->payload));
    nrs_grant_free(&grant);
    nrs_record_free(&outer);
    nrs_bytes_wipe(&record);
    return error;
}

static void test_verify(void **state)
{
    const nrs_grant_request request = request_by(&hub, NULL);
    later it;
    nrs_grant *grant = NULL;
    uint8_t id[NRS_HASH_SIZE];
    nrs_slice payload;

    (void)state;
    later_make(&it, &hub, &request);
    payload = nrs_field(&it.outer->payload);
    for (size_t i = 0; i < payload.size; i++) {
        it.outer->payload.data[i] ^= (uint8_t)(1u << (i % 8));
        assert_int_not_equal(nrs_grant_verify(&grant, id, payload), NRS_OK);
        it.outer->payload.data[i] ^= (uint8_t)(1u << (i % 8));
    }
    assert_null(grant);
    assert_int_equal(verify_signed_by(&hub, &it.statement), NRS_OK);
    assert_int_equal(verify_signed_by(&carol, &it.statement), NRS_ERROR_FORGED);
    /* The first grant travels inside its report and never alone. */
    assert_int_equal(verify_signed_by(&alice, &made.parts.grant), NRS_ERROR_FORGED);
    later_wipe(&it);
}

static void test_counts(void **state)
{
    static nrs_recipient many[NRS_SLOT_COUNT_MAX + 1];
    nrs_grant_request request = request_by(&hub, NULL);
    later it;

    (void)state;
    request.recipient_count = 0;
    later_make(&it, &hub, &request);
    assert_int_equal(it.grant->slot_count, 0);
    assert_int_equal(it.grant->epk.len, 0);
    assert_int_equal(it.table.size, 0);
    later_wipe(&it);
    request.recipients = many;
    request.recipient_count = NRS_SLOT_COUNT_MAX + 1;
    assert_int_equal(nrs_grant_make(&it.statement, &it.table, &request), NRS_ERROR_LIMIT);
    assert_null(it.statement.data);
}

static void test_clear(void **state)
{
    sealing open;
    later it;
    nrs_grant_request request = request_by(&hub, NULL);
    nrs_secret *key = NULL;

    (void)state;
    sealing_init(&open, &alice, NULL, 0, NRS_LABEL_CLEAR);
    sealing_make(&open, &alice);
    request.sealed = open.view;
    request.file_key = open.file_key;
    later_make(&it, &hub, &request);
    assert_int_equal(it.grant->slot_count, 0);
    assert_int_equal(nrs_clear_open(&key, open.view, it.grant), NRS_OK);
    assert_same_secret(key, open.file_key);
    nrs_secret_destroy(&key);
    assert_int_equal(nrs_clear_open(&key, made.view, it.grant), NRS_ERROR_FORGED);
    it.grant->file_key.data[0] ^= 1;
    assert_int_equal(nrs_clear_open(&key, open.view, it.grant), NRS_ERROR_FORGED);
    assert_null(key);
    later_wipe(&it);
    sealing_wipe(&open);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_extension),        cmocka_unit_test(test_audience),
        cmocka_unit_test(test_fields_are_bound), cmocka_unit_test(test_other_report),
        cmocka_unit_test(test_verify),           cmocka_unit_test(test_counts),
        cmocka_unit_test(test_clear),
    };

    return cmocka_run_group_tests(tests, prepare, finish);
}
