/* Vectors of sealed reports and later grants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../fuzz/seeded_random.h"
#include "padded.h"
#include "sealing.h"
#include "sealing_fixture.h"
#include "vector_file.h"

enum { CROWD = 5 };

typedef enum delivery {
    BY_SLOT,         /* by a slot of the first grant; CLEAR by the grant itself */
    BY_GRANT,        /* by a slot of a later grant to the same audience */
    BY_OWN_AUDIENCE, /* by a slot of a later grant to an audience of its own, under the header's consent */
} delivery;

/* Everything a reader is given, and what it must find. */
typedef struct scene {
    party sender, reader, other, hub;
    party *person;
    sealing made;
    nrs_bytes grant;      /* a GRANT record, or empty */
    nrs_bytes slot_path;  /* a SLOT_PATH record, or empty */
    nrs_public_keys grantor;
    const party *as;      /* who reads */
    uint8_t prekey_id[NRS_PREKEY_ID_SIZE];
    uint8_t prekey_secret[NRS_KEY_SIZE];
    nrs_audience own_audience;
    uint8_t grant_id[NRS_HASH_SIZE];
} scene;

static scene it;

static void use_prekey(const party *who)
{
    memcpy(it.prekey_id, who->prekey.id, sizeof it.prekey_id);
    memcpy(it.prekey_secret, nrs_secret_view(who->prekey.secret), sizeof it.prekey_secret);
}

static void read_as(const party *who)
{
    it.as = who;
    use_prekey(who);
}

/* ---- Making ---- */

static void take_path(const nrs_bytes *table, const nrs_grant *grant, const uint8_t *grant_id, const uint8_t *org_sign_key)
{
    nrs_slots *slots = NULL;
    uint8_t org[NRS_KEY_HASH_SIZE];
    size_t index = 0;

    slots_of(&slots, table, grant, grant_id);
    nrs_key_hash(org, org_sign_key);
    assert_int_equal(nrs_slots_for(&index, 1, slots, org), 1);
    assert_int_equal(nrs_slots_path_record(&it.slot_path, slots, index), NRS_OK);
    nrs_slots_destroy(&slots);
}

/* Signs a grant statement and takes the reader's path from its table. */
static void publish_grant(const nrs_bytes *statement, const nrs_bytes *table, const party *by)
{
    nrs_grant *grant = NULL;
    nrs_record *record = NULL;
    nrs_signed *outer = NULL;

    assert_int_equal(nrs_signed_record(&it.grant, NRS_RECORD_GRANT, by->identity, nrs_slice_of_bytes(statement)), NRS_OK);
    assert_int_equal(nrs_grant_decode(&grant, nrs_slice_of_bytes(statement)), NRS_OK);
    nrs_hash_one(it.grant_id, NRS_DOMAIN_STATEMENT_ID, nrs_slice_of_bytes(statement));
    if (table != NULL) {
        take_path(table, grant, it.grant_id, it.reader.recipient.org_sign_key);
    }
    it.grantor = *nrs_identity_public(by->identity);
    nrs_signed_free(&outer);
    nrs_record_free(&record);
    nrs_grant_free(&grant);
}

static void make_later(delivery how)
{
    static Nrs__Wire__Target target;
    static Nrs__Wire__Target *targets[] = {&target};
    const bool own = how == BY_OWN_AUDIENCE;
    nrs_bytes statement = {0};
    nrs_bytes table = {0};
    nrs_grant_request request = {
        .sealed = it.made.view,
        .file_key = it.made.file_key,
        .authority = own ? NRS_AUTHORITY_CONSENT : NRS_AUTHORITY_ORIGINATOR,
        .recipients = &it.reader.recipient,
        .recipient_count = 1,
        .grantor = grantor_of(own ? &it.hub : &it.sender),
        .now_ms = FIXTURE_NOW_MS + NRS_HOUR_MS,
    };

    if (own) {
        nrs__wire__target__init(&target);
        target.org = nrs_field_of(nrs_slice_of(it.reader.recipient.org_sign_key, NRS_KEY_SIZE));
        nrs__wire__audience__init(&it.own_audience);
        it.own_audience.n_targets = 1;
        it.own_audience.targets = targets;
        request.audience = &it.own_audience;
        request.authority_ref = nrs_slice_of(it.made.view->grant_id, NRS_HASH_SIZE);
    }
    assert_int_equal(nrs_grant_make(&statement, &table, &request), NRS_OK);
    publish_grant(&statement, &table, own ? &it.hub : &it.sender);
    nrs_bytes_wipe(&statement);
    nrs_bytes_wipe(&table);
}

static void scene_init(nrs_label label, delivery how, size_t crowd)
{
    static nrs_recipient recipients[CROWD];
    size_t count = 0;

    it = (scene){0};
    party_init(&it.sender);
    party_init(&it.reader);
    party_init(&it.other);
    party_init(&it.hub);
    if (label == NRS_LABEL_RED) { /* the slot is a person's of the other organisation */
        memcpy(it.reader.recipient.org_sign_key, it.other.recipient.sign_key, NRS_KEY_SIZE);
    }
    if (how == BY_SLOT && label != NRS_LABEL_CLEAR) {
        recipients[count++] = it.reader.recipient;
    }
    if (label == NRS_LABEL_AMBER) {
        recipients[count++] = it.other.recipient;
    }
    while (count < crowd) {
        stranger_init(&recipients[count], (uint32_t)count);
        count++;
    }
    sealing_init(&it.made, &it.sender, recipients, count, label);
    it.made.request.stream = nrs_slice_of(it.made.community, NRS_HASH_SIZE);
    it.made.request.sequence = 1;
    if (label == NRS_LABEL_GREEN) { /* a body of the second class */
        memset(it.made.body, 'g', 1500);
    }
    sealing_make(&it.made, &it.sender);
    it.grantor = *nrs_identity_public(it.sender.identity);
    memcpy(it.grant_id, it.made.view->grant_id, NRS_HASH_SIZE);
    read_as(&it.reader);
    if (how != BY_SLOT) {
        make_later(how);
    } else if (count > 0) {
        take_path(&it.made.parts.slot_table, it.made.view->grant, it.grant_id, it.reader.recipient.org_sign_key);
    }
}

static void scene_wipe(void)
{
    sealing_wipe(&it.made);
    nrs_bytes_wipe(&it.grant);
    nrs_bytes_wipe(&it.slot_path);
    party_wipe(&it.sender);
    party_wipe(&it.reader);
    party_wipe(&it.other);
    party_wipe(&it.hub);
}

/* ---- Writing ---- */

static void write_wanted(FILE *file)
{
    nrs_bytes bytes = {0};
    nrs_summary summary = NRS__WIRE__SUMMARY__INIT;

    vector_hex(file, "sealed_id", nrs_slice_of(it.made.view->id, NRS_HASH_SIZE));
    vector_hex(file, "grant_id", nrs_slice_of(it.grant_id, NRS_HASH_SIZE));
    vector_hex(file, "file_key", nrs_secret_slice(it.made.file_key));
    summary.subject = it.made.report.subject;
    summary.kind = it.made.report.kind;
    summary.number = it.made.report.number;
    assert_int_equal(nrs_summary_encode(&bytes, &summary), NRS_OK);
    vector_hex(file, "summary", nrs_slice_of_bytes(&bytes));
    assert_int_equal(nrs_report_encode(&bytes, &it.made.report), NRS_OK);
    vector_hex(file, "report", nrs_slice_of_bytes(&bytes));
    assert_int_equal(nrs_audience_encode(&bytes, &it.made.audience), NRS_OK);
    vector_hex(file, "audience", nrs_slice_of_bytes(&bytes));
    if (it.own_audience.n_targets > 0) {
        assert_int_equal(nrs_audience_encode(&bytes, &it.own_audience), NRS_OK);
        vector_hex(file, "grant_audience", nrs_slice_of_bytes(&bytes));
    }
    nrs_bytes_wipe(&bytes);
}

static void write_scene(FILE *file, bool good)
{
    nrs_bytes key_file = {0};

    vector_hex(file, "sealed", nrs_slice_of_bytes(&it.made.record));
    vector_hex(file, "grant", nrs_slice_of_bytes(&it.grant));
    vector_hex(file, "slot_path", nrs_slice_of_bytes(&it.slot_path));
    assert_int_equal(nrs_identity_save(&key_file, it.as->identity, nrs_slice_of(NULL, 0)), NRS_OK);
    vector_hex(file, "reader", nrs_slice_of_bytes(&key_file));
    vector_hex(file, "prekey_id", nrs_slice_of(it.prekey_id, sizeof it.prekey_id));
    vector_hex(file, "prekey_secret", nrs_slice_of(it.prekey_secret, sizeof it.prekey_secret));
    vector_hex(file, "grantor_sign", nrs_slice_of(it.grantor.sign_key, NRS_KEY_SIZE));
    vector_hex(file, "grantor_agree", nrs_slice_of(it.grantor.agree_key, NRS_KEY_SIZE));
    if (good) {
        write_wanted(file);
    }
    nrs_bytes_wipe(&key_file);
}

/* ---- Failures ---- */

static void sign_again(const party *by)
{
    assert_int_equal(nrs_seal_sign(&it.made.record, &it.made.parts, by->identity), NRS_OK);
}

/* What a sealed body holds, padding and all. */
static void body_plain(nrs_bytes *plain_out)
{
    uint8_t hash[NRS_LONG_HASH_SIZE];
    uint8_t key[NRS_KEY_SIZE];

    nrs_long_hash(hash, NRS_DOMAIN_HEADER, nrs_slice_of_bytes(&it.made.parts.header));
    nrs_file_key_derive(key, NRS_DOMAIN_BODY_KEY, it.made.file_key);
    assert_int_equal(nrs_bytes_resize(plain_out, it.made.parts.body.size - NRS_TAG_SIZE), NRS_OK);
    assert_int_equal(nrs_box_open(plain_out->data, nrs_slice_of_bytes(&it.made.parts.body),
                                  &(nrs_box_terms){key, it.made.view->header->nonce.data,
                                                   nrs_slice_of(hash, sizeof hash)}),
                     NRS_OK);
}

/* Seal, under another header, a body of which the caller chose every byte, and sign it all. */
static void seal_again(const nrs_header *header, const nrs_bytes *plain)
{
    uint8_t hash[NRS_LONG_HASH_SIZE];
    uint8_t key[NRS_KEY_SIZE];

    assert_int_equal(nrs_header_encode(&it.made.parts.header, header), NRS_OK);
    nrs_long_hash(hash, NRS_DOMAIN_HEADER, nrs_slice_of_bytes(&it.made.parts.header));
    nrs_file_key_derive(key, NRS_DOMAIN_BODY_KEY, it.made.file_key);
    assert_int_equal(nrs_bytes_resize(&it.made.parts.body, plain->size + NRS_TAG_SIZE), NRS_OK);
    nrs_box_seal(it.made.parts.body.data, nrs_slice_of_bytes(plain),
                 &(nrs_box_terms){key, header->nonce.data, nrs_slice_of(hash, sizeof hash)});
    sign_again(&it.sender);
}

static void seal_again_with(const nrs_header *header)
{
    nrs_bytes plain = {0};

    body_plain(&plain);
    seal_again(header, &plain);
    nrs_bytes_wipe(&plain);
}

static void body_flipped(void)
{
    nrs_record *record = NULL;
    nrs_sealed *sealed = NULL;
    nrs_bytes payload = {0};

    assert_int_equal(nrs_record_decode(&record, nrs_slice_of_bytes(&it.made.record)), NRS_OK);
    assert_int_equal(nrs_sealed_decode(&sealed, nrs_field(&record->payload)), NRS_OK);
    sealed->body.data[100] ^= 4;
    assert_int_equal(nrs_sealed_encode(&payload, sealed), NRS_OK);
    assert_int_equal(nrs_record_wrap(&it.made.record, NRS_RECORD_SEALED, nrs_slice_of_bytes(&payload)), NRS_OK);
    nrs_bytes_wipe(&payload);
    nrs_sealed_free(&sealed);
    nrs_record_free(&record);
}

static void body_flipped_signed(void)
{
    it.made.parts.body.data[100] ^= 4;
    sign_again(&it.sender);
}

static void padding_not_zero(void)
{
    nrs_bytes plain = {0};

    body_plain(&plain);
    plain.data[plain.size - 1] = 1;
    seal_again(it.made.view->header, &plain);
    nrs_bytes_wipe(&plain);
}

static void class_too_large(void)
{
    nrs_bytes plain = {0};
    nrs_header header = *it.made.view->header;

    body_plain(&plain);
    assert_int_equal(plain.size, 1024);
    assert_int_equal(nrs_bytes_resize(&plain, 4096), NRS_OK);
    header.body_size = 4096 + NRS_TAG_SIZE;
    seal_again(&header, &plain);
    nrs_bytes_wipe(&plain);
}

static void content_size_past_end(void)
{
    nrs_bytes plain = {0};

    body_plain(&plain);
    plain.data[2] = 1;
    seal_again(it.made.view->header, &plain);
    nrs_bytes_wipe(&plain);
}

static void other_report_commitment(void)
{
    nrs_header header = *it.made.view->header;

    header.report_commitment.data[0] ^= 1;
    seal_again_with(&header);
}

static void edit_first_grant(nrs_grant *grant)
{
    assert_int_equal(nrs_grant_encode(&it.made.parts.grant, grant), NRS_OK);
}

static void other_audience_commitment(void)
{
    nrs_header header = *it.made.view->header;

    header.audience_commitment.data[0] ^= 1;
    it.made.view->grant->audience_commitment.data[0] ^= 1;
    edit_first_grant(it.made.view->grant);
    seal_again_with(&header);
}

static void other_file_key(void)
{
    it.made.view->grant->file_key.data[0] ^= 1;
    edit_first_grant(it.made.view->grant);
    sign_again(&it.sender);
}

static void grant_of_another_time(void)
{
    it.made.view->grant->created_ms += 1;
    edit_first_grant(it.made.view->grant);
    sign_again(&it.sender);
}

static void grant_of_another_sender(void)
{
    it.made.view->grant->grantor = nrs_field_of(nrs_slice_of(it.hub.recipient.sign_key, NRS_KEY_SIZE));
    edit_first_grant(it.made.view->grant);
    it.made.view->grant->grantor = nrs_field_of(nrs_slice_of(NULL, 0));
    sign_again(&it.sender);
}

/* The fixture's view still owns the field that was replaced. */
static void body_size_other(void)
{
    nrs_header header = *it.made.view->header;
    nrs_bytes plain = {0};

    body_plain(&plain);
    header.body_size = 4096 + NRS_TAG_SIZE;
    seal_again(&header, &plain);
    nrs_bytes_wipe(&plain);
}

static void summary_flipped(void)
{
    nrs_header header = *it.made.view->header;

    header.summary.data[7] ^= 1;
    seal_again_with(&header);
}

static void summary_padding_not_zero(void)
{
    static const uint8_t nonce[NRS_NONCE_SIZE];
    nrs_header header = *it.made.view->header;
    nrs_bytes bound = {0};
    uint8_t key[NRS_KEY_SIZE];
    uint8_t plain[256];

    assert_int_equal(header.summary.len, sizeof plain + NRS_TAG_SIZE);
    nrs_file_key_derive(key, NRS_DOMAIN_SUMMARY_KEY, it.made.file_key);
    assert_int_equal(nrs_summary_bound(&bound, &header), NRS_OK);
    assert_int_equal(nrs_box_open(plain, nrs_field(&header.summary),
                                  &(nrs_box_terms){key, nonce, nrs_slice_of_bytes(&bound)}),
                     NRS_OK);
    plain[sizeof plain - 1] = 7;
    nrs_box_seal(header.summary.data, nrs_slice_of(plain, sizeof plain),
                 &(nrs_box_terms){key, nonce, nrs_slice_of_bytes(&bound)});
    nrs_bytes_wipe(&bound);
    seal_again_with(&header);
}

/* A path record with one thing changed. */
static void edit_path(void (*change)(nrs_slot_path *path))
{
    nrs_record *record = NULL;
    nrs_slot_path *path = NULL;
    nrs_bytes payload = {0};

    assert_int_equal(nrs_record_decode(&record, nrs_slice_of_bytes(&it.slot_path)), NRS_OK);
    assert_int_equal(nrs_slot_path_decode(&path, nrs_field(&record->payload)), NRS_OK);
    change(path);
    assert_int_equal(nrs_slot_path_encode(&payload, path), NRS_OK);
    assert_int_equal(nrs_record_wrap(&it.slot_path, NRS_RECORD_SLOT_PATH, nrs_slice_of_bytes(&payload)), NRS_OK);
    nrs_bytes_wipe(&payload);
    nrs_slot_path_free(&path);
    nrs_record_free(&record);
}

static void flip_path(nrs_slot_path *path)
{
    path->path.data[0] ^= 1;
}

static void shift_index(nrs_slot_path *path)
{
    path->index ^= 1;
}

static void shorten_path(nrs_slot_path *path)
{
    path->path.len -= NRS_HASH_SIZE;
}

static void flip_slot(nrs_slot_path *path)
{
    path->slot.data[path->slot.len - 1] ^= 1;
}

static void other_report(nrs_slot_path *path)
{
    path->sealed_id.data[0] ^= 1;
}

static void path_flipped(void)
{
    edit_path(flip_path);
}

static void path_index_other(void)
{
    edit_path(shift_index);
}

static void path_short(void)
{
    edit_path(shorten_path);
}

static void slot_flipped(void)
{
    edit_path(flip_slot);
}

static void path_of_another_report(void)
{
    edit_path(other_report);
}

static void prekey_not_named(void)
{
    use_prekey(&it.other);
}

static void prekey_secret_other(void)
{
    memcpy(it.prekey_secret, nrs_secret_view(it.other.prekey.secret), NRS_KEY_SIZE);
}

static void reader_other(void)
{
    it.as = &it.other;
}

static void grantor_agree_other(void)
{
    memcpy(it.grantor.agree_key, it.other.recipient.agree_key, NRS_KEY_SIZE);
}

static void grantor_other(void)
{
    it.grantor = *nrs_identity_public(it.other.identity);
}

/* The later grant's statement, changed and signed again; its slots stay. */
static void edit_grant(void (*change)(nrs_grant *grant), const party *by)
{
    nrs_record *record = NULL;
    nrs_signed *outer = NULL;
    nrs_grant *grant = NULL;
    nrs_bytes statement = {0};

    assert_int_equal(nrs_record_decode(&record, nrs_slice_of_bytes(&it.grant)), NRS_OK);
    assert_int_equal(nrs_signed_decode(&outer, nrs_field(&record->payload)), NRS_OK);
    assert_int_equal(nrs_grant_decode(&grant, nrs_field(&outer->statement)), NRS_OK);
    change(grant);
    assert_int_equal(nrs_grant_encode(&statement, grant), NRS_OK);
    publish_grant(&statement, NULL, by);
    nrs_bytes_wipe(&statement);
    nrs_grant_free(&grant);
    nrs_signed_free(&outer);
    nrs_record_free(&record);
}

static void zero_epk(nrs_grant *grant)
{
    memset(grant->epk.data, 0, grant->epk.len);
}

static void name_another_report(nrs_grant *grant)
{
    grant->sealed_id.data[0] ^= 1;
}

static void flip_audience(nrs_grant *grant)
{
    grant->sealed_audience.data[grant->sealed_audience.len - 1] ^= 1;
}

static void change_nothing(nrs_grant *grant)
{
    (void)grant;
}

static void grant_low_order(void)
{
    edit_grant(zero_epk, &it.sender);
}

static void grant_of_another_report(void)
{
    edit_grant(name_another_report, &it.sender);
}

static void grant_signed_by_other(void)
{
    const nrs_public_keys kept = it.grantor;

    edit_grant(change_nothing, &it.other);
    it.grantor = kept;
}

static void grant_audience_flipped(void)
{
    edit_grant(flip_audience, &it.hub);
}

static void build_grant(nrs_grant_plan *plan, const party *by)
{
    nrs_bytes statement = {0};
    nrs_bytes table = {0};
    uint8_t grant_id[NRS_HASH_SIZE];

    plan->sealed_id = it.made.view->id;
    plan->community = nrs_field(&it.made.view->header->community);
    plan->created_ms = FIXTURE_NOW_MS + NRS_HOUR_MS;
    plan->recipients = &it.reader.recipient;
    plan->recipient_count = 1;
    plan->grantor = grantor_of(by);
    assert_int_equal(nrs_grant_build(&statement, &table, grant_id, plan), NRS_OK);
    publish_grant(&statement, &table, by);
    nrs_bytes_wipe(&statement);
    nrs_bytes_wipe(&table);
}

static void grant_wraps_other_key(void)
{
    nrs_secret *key = NULL;

    assert_int_equal(nrs_secret_random(&key, NRS_KEY_SIZE), NRS_OK);
    build_grant(&(nrs_grant_plan){.authority = NRS_AUTHORITY_ORIGINATOR,
                                  .audience_commitment = nrs_field(&it.made.view->header->audience_commitment),
                                  .file_key = key},
                &it.sender);
    nrs_secret_destroy(&key);
}

/* An audience sealed under its commitment, which is another audience's. */
static void grant_audience_other(void)
{
    nrs_audience_opening opening = NRS__WIRE__AUDIENCE_OPENING__INIT;
    uint8_t commitment[NRS_HASH_SIZE] = {9};
    uint8_t salt[NRS_KEY_SIZE] = {8};
    uint8_t nonce[NRS_NONCE_SIZE] = {7};
    uint8_t key[NRS_KEY_SIZE];
    nrs_bytes audience = {0};
    nrs_bytes plain = {0};
    nrs_bytes bound = {0};
    nrs_bytes sealed = {0};

    assert_int_equal(nrs_audience_encode(&audience, &it.own_audience), NRS_OK);
    opening.salt = nrs_field_of(nrs_slice_of(salt, sizeof salt));
    opening.audience = nrs_field_of(nrs_slice_of_bytes(&audience));
    assert_int_equal(nrs_audience_opening_encode(&plain, &opening), NRS_OK);
    assert_int_equal(nrs_bytes_append(&bound, nrs_slice_of(it.made.view->id, NRS_HASH_SIZE)), NRS_OK);
    assert_int_equal(nrs_bytes_append(&bound, nrs_slice_of(it.hub.recipient.sign_key, NRS_KEY_SIZE)), NRS_OK);
    assert_int_equal(nrs_bytes_append(&bound, nrs_slice_of(commitment, sizeof commitment)), NRS_OK);
    nrs_file_key_derive(key, NRS_DOMAIN_GRANT_AUDIENCE_KEY, it.made.file_key);
    assert_int_equal(nrs_bytes_append(&sealed, nrs_slice_of(nonce, sizeof nonce)), NRS_OK);
    assert_int_equal(nrs_bytes_resize(&sealed, sizeof nonce + plain.size + NRS_TAG_SIZE), NRS_OK);
    nrs_box_seal(sealed.data + sizeof nonce, nrs_slice_of_bytes(&plain),
                 &(nrs_box_terms){key, nonce, nrs_slice_of_bytes(&bound)});
    build_grant(&(nrs_grant_plan){.authority = NRS_AUTHORITY_CONSENT,
                                  .authority_ref = nrs_slice_of(it.made.view->grant_id, NRS_HASH_SIZE),
                                  .audience_commitment = nrs_slice_of(commitment, sizeof commitment),
                                  .sealed_audience = nrs_slice_of_bytes(&sealed),
                                  .file_key = it.made.file_key},
                &it.hub);
    nrs_bytes_wipe(&sealed);
    nrs_bytes_wipe(&bound);
    nrs_bytes_wipe(&plain);
    nrs_bytes_wipe(&audience);
}
