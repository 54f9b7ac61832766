#include "scene.h"

#include "sealing/padded.h"
#include "sealing/sealing.h"

enum { CROWD = 5 };

scene it;

void scene_use_prekey(const party *who)
{
    memcpy(it.prekey_id, who->prekey.id, sizeof it.prekey_id);
    memcpy(it.prekey_secret, nrs_secret_view(who->prekey.secret), sizeof it.prekey_secret);
}

static void read_as(const party *who)
{
    it.as = who;
    scene_use_prekey(who);
}

/* ---- Making ---- */

static void take_path(const nrs_bytes *table, const nrs_grant *grant, const uint8_t *grant_id,
                      const uint8_t *org_sign_key)
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
void scene_publish_grant(const nrs_bytes *statement, const nrs_bytes *table, const party *by)
{
    nrs_grant *grant = NULL;

    assert_int_equal(nrs_signed_record(&it.grant, NRS_RECORD_GRANT, by->identity, nrs_slice_of_bytes(statement)),
                     NRS_OK);
    assert_int_equal(nrs_grant_decode(&grant, nrs_slice_of_bytes(statement)), NRS_OK);
    nrs_hash_one(it.grant_id, NRS_DOMAIN_STATEMENT_ID, nrs_slice_of_bytes(statement));
    if (table != NULL) {
        take_path(table, grant, it.grant_id, it.reader.recipient.org_sign_key);
    }
    it.grantor = *nrs_identity_public(by->identity);
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
    scene_publish_grant(&statement, &table, own ? &it.hub : &it.sender);
    nrs_bytes_wipe(&statement);
    nrs_bytes_wipe(&table);
}

static uint32_t attribution;
static bool numbered;

void scene_attribute(uint32_t wanted, bool with_number)
{
    attribution = wanted;
    numbered = with_number;
}

/* What is withheld stands in no stream, unless it is to be wrong, and its key never in the open. */
static void attribute(void)
{
    static Nrs__Wire__Vouch vouch;

    if (attribution != 0) {
        it.made.header.attribution = attribution;
    }
    if (numbered && attribution != NRS_ATTRIBUTION_WITHHELD) {
        nrs__wire__vouch__init(&vouch);
        vouch.count = 3;
        vouch.since_ms = FIXTURE_NOW_MS - NRS_DAY_MS;
        it.made.report.vouch = &vouch;
    }
    if (attribution == NRS_ATTRIBUTION_WITHHELD && !numbered) {
        it.made.request.stream = nrs_slice_of(NULL, 0);
        it.made.request.sequence = 0;
    }
}

void scene_init(nrs_label label, delivery how, size_t crowd)
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
    if (how == BY_SLOT && (label != NRS_LABEL_CLEAR || attribution == NRS_ATTRIBUTION_WITHHELD)) {
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
    attribute();
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

void scene_wipe(void)
{
    sealing_wipe(&it.made);
    nrs_bytes_wipe(&it.grant);
    nrs_bytes_wipe(&it.slot_path);
    party_wipe(&it.sender);
    party_wipe(&it.reader);
    party_wipe(&it.other);
    party_wipe(&it.hub);
}

void scene_take_path(const uint8_t *org_sign_key)
{
    take_path(&it.made.parts.slot_table, it.made.view->grant, it.made.view->grant_id, org_sign_key);
}

/* ---- Making again ---- */

void scene_sign_again(const party *by)
{
    assert_int_equal(nrs_seal_sign(&it.made.record, &it.made.parts, by->identity), NRS_OK);
}

void scene_body_plain(nrs_bytes *plain_out)
{
    uint8_t hash[NRS_LONG_HASH_SIZE];
    uint8_t key[NRS_KEY_SIZE];

    nrs_long_hash(hash, NRS_DOMAIN_HEADER, nrs_slice_of_bytes(&it.made.parts.header));
    nrs_file_key_derive(key, NRS_DOMAIN_BODY_KEY, it.made.file_key);
    assert_int_equal(nrs_bytes_resize(plain_out, it.made.parts.body.size - NRS_TAG_SIZE), NRS_OK);
    assert_int_equal(
        nrs_box_open(plain_out->data, nrs_slice_of_bytes(&it.made.parts.body),
                     &(nrs_box_terms){key, it.made.view->header->nonce.data, nrs_slice_of(hash, sizeof hash)}),
        NRS_OK);
}

void scene_reseal(const nrs_header *header, const nrs_bytes *plain)
{
    uint8_t hash[NRS_LONG_HASH_SIZE];
    uint8_t key[NRS_KEY_SIZE];

    assert_int_equal(nrs_header_encode(&it.made.parts.header, header), NRS_OK);
    nrs_long_hash(hash, NRS_DOMAIN_HEADER, nrs_slice_of_bytes(&it.made.parts.header));
    nrs_file_key_derive(key, NRS_DOMAIN_BODY_KEY, it.made.file_key);
    assert_int_equal(nrs_bytes_resize(&it.made.parts.body, plain->size + NRS_TAG_SIZE), NRS_OK);
    nrs_box_seal(it.made.parts.body.data, nrs_slice_of_bytes(plain),
                 &(nrs_box_terms){key, header->nonce.data, nrs_slice_of(hash, sizeof hash)});
    scene_sign_again(&it.sender);
}

void scene_reseal_with(const nrs_header *header)
{
    nrs_bytes plain = {0};

    scene_body_plain(&plain);
    scene_reseal(header, &plain);
    nrs_bytes_wipe(&plain);
}

void scene_edit_grant(void (*change)(nrs_grant *grant), const party *by)
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
    scene_publish_grant(&statement, NULL, by);
    nrs_bytes_wipe(&statement);
    nrs_grant_free(&grant);
    nrs_signed_free(&outer);
    nrs_record_free(&record);
}

void scene_build_grant(nrs_grant_plan *plan, const party *by)
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
    scene_publish_grant(&statement, &table, by);
    nrs_bytes_wipe(&statement);
    nrs_bytes_wipe(&table);
}

/* ---- Writing ---- */

static void write_wanted(FILE *file)
{
    nrs_bytes bytes = {0};
    nrs_summary summary;

    nrs__wire__summary__init(&summary);
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

void scene_write(FILE *file, bool good)
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
