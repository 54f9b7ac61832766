/* Makes rosters for the tests, right ones and wrong ones: it packs and signs without any check of keys/. */
#ifndef ROSTER_MAKER_H
#define ROSTER_MAKER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/roster.h"

#define MAKER_KEY_COUNT 4u
#define MAKER_CREATED_MS 1700000000000ull

typedef struct made_member {
    char org[24];
    char name[64];
    nrs_public_keys keys;
    uint8_t proof[NRS_SIGNATURE_SIZE];
    uint8_t joined[NRS_SIGNATURE_SIZE];
    Nrs__Wire__Member wire;
} made_member;

typedef struct maker {
    nrs_identity *keys[MAKER_KEY_COUNT]; /* ascending by signing key */
    made_member *members;
    size_t member_count;
} maker;

/* One version: which roster keys it lists, and what it says. A test changes what it wants to before packing. */
typedef struct edition {
    nrs_roster roster;
    Nrs__Wire__Rules rules;
    ProtobufCBinaryData keys[MAKER_KEY_COUNT];
    Nrs__Wire__Member **members; /* owned; into maker.members */
    char id[16], name[16];
    uint8_t community[NRS_HASH_SIZE], previous[NRS_HASH_SIZE];
} edition;

static inline nrs_slice maker_key(const uint8_t key[NRS_KEY_SIZE])
{
    return nrs_slice_of(key, NRS_KEY_SIZE);
}

static inline int maker_compare(const void *a, const void *b)
{
    nrs_identity *const *left = a;
    nrs_identity *const *right = b;

    return memcmp(nrs_identity_public(*left)->sign_key, nrs_identity_public(*right)->sign_key, NRS_KEY_SIZE);
}

static inline void maker_member(made_member *member, size_t index)
{
    nrs_identity *identity = NULL;

    assert_int_equal(nrs_identity_new(&identity), NRS_OK);
    (void)snprintf(member->org, sizeof(member->org), "member-%04zu", index);
    (void)snprintf(member->name, sizeof(member->name), "Regional Power Company %04zu", index);
    member->keys = *nrs_identity_public(identity);
    assert_int_equal(nrs_member_prove(member->proof, identity, member->org), NRS_OK);
    nrs__wire__member__init(&member->wire);
    member->wire.org = member->org;
    member->wire.name = member->name;
    member->wire.sign_key = nrs_field_of(maker_key(member->keys.sign_key));
    member->wire.agree_key = nrs_field_of(maker_key(member->keys.agree_key));
    member->wire.curve_key = nrs_field_of(maker_key(member->keys.curve_key));
    member->wire.role = 1;
    member->wire.proof = nrs_field_of(nrs_slice_of(member->proof, NRS_SIGNATURE_SIZE));
    nrs_identity_destroy(&identity);
}

static inline void maker_init(maker *m, size_t member_count)
{
    memset(m, 0, sizeof(*m));
    for (size_t i = 0; i < MAKER_KEY_COUNT; i++) {
        assert_int_equal(nrs_identity_new(&m->keys[i]), NRS_OK);
    }
    qsort(m->keys, MAKER_KEY_COUNT, sizeof(m->keys[0]), maker_compare);
    m->members = calloc(member_count, sizeof(*m->members));
    assert_non_null(m->members);
    m->member_count = member_count;
    for (size_t i = 0; i < member_count; i++) {
        maker_member(&m->members[i], i);
    }
}

static inline void maker_wipe(maker *m)
{
    for (size_t i = 0; i < MAKER_KEY_COUNT; i++) {
        nrs_identity_destroy(&m->keys[i]);
    }
    free(m->members);
}

/* An edition that lists the roster keys first_key … first_key + key_count - 1 and all members. */
static inline void edition_init(edition *e, maker *m, uint64_t version, size_t first_key, size_t key_count,
                                uint32_t threshold)
{
    memset(e, 0, sizeof(*e));
    nrs__wire__roster__init(&e->roster);
    nrs__wire__rules__init(&e->rules);
    (void)snprintf(e->id, sizeof(e->id), "electricity");
    (void)snprintf(e->name, sizeof(e->name), "Electricity");
    e->rules.labels = 1u << 2;
    e->members = calloc(m->member_count + 1, sizeof(Nrs__Wire__Member *));
    assert_non_null(e->members);
    for (size_t i = 0; i < m->member_count; i++) {
        e->members[i] = &m->members[i].wire;
    }
    for (size_t i = 0; i < key_count; i++) {
        e->keys[i] = nrs_field_of(maker_key(nrs_identity_public(m->keys[first_key + i])->sign_key));
    }
    e->roster.suite = NRS_SUITE;
    e->roster.id = e->id;
    e->roster.name = e->name;
    e->roster.version = version;
    e->roster.created_ms = MAKER_CREATED_MS;
    e->roster.expires_ms = MAKER_CREATED_MS + NRS_ROSTER_LIFE_MS_DEFAULT;
    e->roster.n_keys = key_count;
    e->roster.keys = e->keys;
    e->roster.threshold = threshold;
    e->roster.n_members = m->member_count;
    e->roster.members = e->members;
    e->roster.rules = &e->rules;
}

/* Make it follow an earlier statement of a community. */
static inline void edition_follow(edition *e, const uint8_t community[NRS_HASH_SIZE], nrs_slice before)
{
    memcpy(e->community, community, NRS_HASH_SIZE);
    nrs_roster_hash(e->previous, before);
    e->roster.community = nrs_field_of(nrs_slice_of(e->community, NRS_HASH_SIZE));
    e->roster.previous = nrs_field_of(nrs_slice_of(e->previous, NRS_HASH_SIZE));
}

static inline void edition_pack(nrs_bytes *statement_out, const edition *e)
{
    assert_int_equal(nrs_bytes_resize(statement_out, nrs__wire__roster__get_packed_size(&e->roster)), NRS_OK);
    (void)nrs__wire__roster__pack(&e->roster, statement_out->data);
}

static inline void edition_wipe(edition *e)
{
    free(e->members);
}

/* Signatures by the keys named in `signers` ("013"), in that order, right or not. */
static inline void maker_sign(nrs_bytes *many_out, const maker *m, nrs_slice statement, const char *signers)
{
    nrs_signed_by_many value = NRS__WIRE__SIGNED_BY_MANY__INIT;
    Nrs__Wire__RosterSignature signatures[8];
    Nrs__Wire__RosterSignature *places[8];
    uint8_t bytes[8][NRS_SIGNATURE_SIZE];
    uint8_t head[NRS_ROSTER_HEAD_SIZE] = { 0 };
    nrs_roster *roster = NULL; /* one of a wrong form has no head, and is refused before its signatures are looked at */

    value.statement = nrs_field_of(statement);
    value.signatures = places;
    assert_true(strlen(signers) <= 8);
    if (nrs_roster_decode(&roster, statement) == NRS_OK) {
        nrs_roster_head_bytes_of(head, roster, statement);
    }
    nrs_roster_free(&roster);
    for (size_t i = 0; signers[i] != '\0'; i++) {
        const nrs_identity *key = m->keys[signers[i] - '0'];

        nrs_sign(bytes[i], key, NRS_DOMAIN_ROSTER_SIGN, nrs_slice_of(head, sizeof(head)));
        nrs__wire__roster_signature__init(&signatures[i]);
        signatures[i].key = nrs_field_of(maker_key(nrs_identity_public(key)->sign_key));
        signatures[i].signature = nrs_field_of(nrs_slice_of(bytes[i], NRS_SIGNATURE_SIZE));
        places[i] = &signatures[i];
        value.n_signatures++;
    }
    assert_int_equal(nrs_bytes_resize(many_out, nrs__wire__signed_by_many__get_packed_size(&value)), NRS_OK);
    (void)nrs__wire__signed_by_many__pack(&value, many_out->data);
}

#endif
