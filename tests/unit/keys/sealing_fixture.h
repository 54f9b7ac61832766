/* Parties, a report and its header, for the tests of sealing. Include after <cmocka.h>. */
#ifndef SEALING_FIXTURE_H
#define SEALING_FIXTURE_H

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "keys/envelope.h"
#include "keys/seal.h"
#include "proto/vocabulary.h"

#define FIXTURE_NOW_MS 1700000000000ull

/* An organisation or a person with one prekey. */
typedef struct party {
    nrs_identity *identity;
    nrs_prekey_secret prekey;
    nrs_recipient recipient;
} party;

static inline void party_init(party *who)
{
    *who = (party){0};
    assert_int_equal(nrs_keys_start(), NRS_OK);
    assert_int_equal(nrs_identity_new(&who->identity), NRS_OK);
    assert_int_equal(nrs_prekeys_make(&who->prekey, 1, FIXTURE_NOW_MS), NRS_OK);
    memcpy(who->recipient.org_sign_key, nrs_identity_public(who->identity)->sign_key, NRS_KEY_SIZE);
    memcpy(who->recipient.sign_key, nrs_identity_public(who->identity)->sign_key, NRS_KEY_SIZE);
    memcpy(who->recipient.agree_key, nrs_identity_public(who->identity)->agree_key, NRS_KEY_SIZE);
    memcpy(who->recipient.prekey_id, who->prekey.id, NRS_PREKEY_ID_SIZE);
    memcpy(who->recipient.prekey, who->prekey.key, NRS_KEY_SIZE);
}

static inline void party_wipe(party *who)
{
    nrs_prekey_secret_wipe(&who->prekey);
    nrs_identity_destroy(&who->identity);
}

static inline nrs_grantor grantor_of(const party *who)
{
    return (nrs_grantor){nrs_identity_public(who->identity), nrs_identity_agree_with, who->identity};
}

/* A sealed report in all its forms. */
typedef struct sealing {
    uint8_t community[NRS_HASH_SIZE];
    nrs_header header;
    nrs_report report;
    Nrs__Wire__Target target;
    Nrs__Wire__Target *targets[1];
    nrs_audience audience;
    char body[NRS_BODY_TEXT_SIZE_MAX + 1];
    nrs_seal_request request;
    nrs_sealed_parts parts;
    nrs_secret *file_key;
    nrs_bytes record;
    nrs_record *outer;
    nrs_sealed_view *view;
} sealing;

static inline void sealing_init(sealing *it, const party *from, const nrs_recipient *recipients, size_t count,
                                nrs_label label)
{
    *it = (sealing){0};
    memset(it->community, 0x5c, sizeof it->community);
    nrs__wire__header__init(&it->header);
    it->header.label = (uint32_t)label;
    it->header.community = nrs_field_of(nrs_slice_of(it->community, NRS_HASH_SIZE));
    it->header.roster_version = 3;
    it->header.created_ms = FIXTURE_NOW_MS;
    it->header.expires_ms = FIXTURE_NOW_MS + NRS_REPORT_LIFE_MS_DEFAULT;
    it->header.attribution = NRS_ATTRIBUTION_NAMED;
    nrs__wire__report__init(&it->report);
    memset(it->body, 'b', 100);
    it->report.kind = NRS_KIND_INCIDENT;
    it->report.subject = (char *)(uintptr_t) "Unusual traffic at the remote stations";
    it->report.body = it->body;
    it->report.number = 2;
    nrs__wire__target__init(&it->target);
    it->target.community = it->header.community;
    it->target.roster_version = 3;
    it->targets[0] = &it->target;
    nrs__wire__audience__init(&it->audience);
    it->audience.targets = it->targets;
    it->audience.n_targets = 1;
    it->request = (nrs_seal_request){
        .header = &it->header,
        .report = &it->report,
        .audience = &it->audience,
        .recipients = recipients,
        .recipient_count = count,
        .grantor = grantor_of(from),
    };
}

static inline void sealing_make(sealing *it, const party *from)
{
    assert_int_equal(nrs_seal(&it->parts, &it->file_key, &it->request), NRS_OK);
    assert_int_equal(nrs_seal_sign(&it->record, &it->parts, from->identity), NRS_OK);
    assert_int_equal(nrs_record_decode(&it->outer, nrs_slice_of_bytes(&it->record)), NRS_OK);
    assert_int_equal(it->outer->type, NRS_RECORD_SEALED);
    assert_int_equal(nrs_sealed_verify(&it->view, nrs_field(&it->outer->payload)), NRS_OK);
    assert_memory_equal(it->view->id, it->parts.id, NRS_HASH_SIZE);
    assert_memory_equal(it->view->grant_id, it->parts.grant_id, NRS_HASH_SIZE);
}

static inline void sealing_wipe(sealing *it)
{
    nrs_sealed_parts_wipe(&it->parts);
    nrs_secret_destroy(&it->file_key);
    nrs_bytes_wipe(&it->record);
    nrs_record_free(&it->outer);
    nrs_sealed_view_free(&it->view);
}

/* The table of a SLOT_TABLE record, checked against its grant. */
static inline void slots_of(nrs_slots **slots_out, const nrs_bytes *record, const nrs_grant *grant,
                            const uint8_t *grant_id)
{
    nrs_record *outer = NULL;
    nrs_slot_table *table = NULL;

    assert_int_equal(nrs_record_decode(&outer, nrs_slice_of_bytes(record)), NRS_OK);
    assert_int_equal(outer->type, NRS_RECORD_SLOT_TABLE);
    assert_int_equal(nrs_slot_table_decode(&table, nrs_field(&outer->payload)), NRS_OK);
    assert_int_equal(nrs_slots_new(slots_out, table, grant, grant_id), NRS_OK);
    nrs_slot_table_free(&table);
    nrs_record_free(&outer);
}

static inline nrs_slot_path *path_at(const nrs_slots *slots, size_t index)
{
    nrs_bytes record = {0};
    nrs_record *outer = NULL;
    nrs_slot_path *path = NULL;

    assert_int_equal(nrs_slots_path_record(&record, slots, index), NRS_OK);
    assert_int_equal(nrs_record_decode(&outer, nrs_slice_of_bytes(&record)), NRS_OK);
    assert_int_equal(outer->type, NRS_RECORD_SLOT_PATH);
    assert_int_equal(nrs_slot_path_decode(&path, nrs_field(&outer->payload)), NRS_OK);
    nrs_record_free(&outer);
    nrs_bytes_wipe(&record);
    return path;
}

/* The one slot of an organisation, with its path. */
static inline nrs_slot_path *path_for(const nrs_slots *slots, const uint8_t *org_sign_key)
{
    uint8_t org[NRS_KEY_HASH_SIZE];
    size_t index = 0;

    nrs_key_hash(org, org_sign_key);
    assert_int_equal(nrs_slots_for(&index, 1, slots, org), 1);
    return path_at(slots, index);
}

static inline void assert_same_secret(const nrs_secret *a, const nrs_secret *b)
{
    assert_int_equal(nrs_secret_size(a), nrs_secret_size(b));
    assert_memory_equal(nrs_secret_view(a), nrs_secret_view(b), nrs_secret_size(a));
}

/* A recipient of whom nobody holds the secrets: for large grants. */
static inline void stranger_init(nrs_recipient *recipient, uint32_t number)
{
    uint8_t scalar[NRS_KEY_SIZE];

    memset(recipient, 0, sizeof *recipient);
    randombytes_buf(scalar, sizeof scalar);
    assert_int_equal(crypto_scalarmult_base(recipient->prekey, scalar), 0);
    memcpy(recipient->agree_key, recipient->prekey, NRS_KEY_SIZE);
    recipient->agree_key[0] ^= 1; /* another u: on the curve or its twist, and of high order all the same */
    memcpy(recipient->sign_key, &number, sizeof number);
    memcpy(recipient->org_sign_key, recipient->sign_key, NRS_KEY_SIZE);
    memcpy(recipient->prekey_id, &number, sizeof number);
}

#endif
