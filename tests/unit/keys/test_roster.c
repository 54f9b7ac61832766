#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <time.h>

#include "roster_maker.h"

static nrs_slice none(void)
{
    return nrs_slice_of(NULL, 0);
}

static nrs_error verify_first(nrs_slice many)
{
    nrs_roster *roster = NULL;
    nrs_bytes statement = { 0 };
    const nrs_error error = nrs_roster_verify(&roster, &statement, many, NULL, none());

    assert_int_equal(roster != NULL, error == NRS_OK);
    assert_int_equal(statement.size > 0, error == NRS_OK);
    nrs_roster_free(&roster);
    nrs_bytes_wipe(&statement);
    return error;
}

/* ---- First versions and their signatures ---- */

static const struct signers_case {
    const char *name;
    const char *signers; /* of the listed keys 0, 1, 2; 3 is not listed */
    uint32_t threshold;
    nrs_error want;
} signers_cases[] = {
    { "two of three", "02", 2, NRS_OK },
    { "the other two of three", "12", 2, NRS_OK },
    { "all of them", "012", 2, NRS_OK },
    { "one where one is enough", "1", 1, NRS_OK },
    { "too few", "1", 2, NRS_ERROR_FORGED },
    { "none", "", 1, NRS_ERROR_MALFORMED },
    { "the same twice", "11", 2, NRS_ERROR_NOT_CANONICAL },
    { "out of order", "20", 2, NRS_ERROR_NOT_CANONICAL },
    { "a key that is on no list", "03", 2, NRS_ERROR_FORGED },
    { "enough, and one that is on no list", "013", 2, NRS_ERROR_FORGED },
};

static void test_signers(void **state)
{
    maker m;

    (void)state;
    maker_init(&m, 2);
    for (size_t i = 0; i < sizeof(signers_cases) / sizeof(signers_cases[0]); i++) {
        const struct signers_case *c = &signers_cases[i];
        edition e;
        nrs_bytes statement = { 0 };
        nrs_bytes many = { 0 };

        print_message("  %s\n", c->name);
        edition_init(&e, &m, 1, 0, 3, c->threshold);
        edition_pack(&statement, &e);
        maker_sign(&many, &m, nrs_slice_of_bytes(&statement), c->signers);
        assert_int_equal(verify_first(nrs_slice_of_bytes(&many)), c->want);
        edition_wipe(&e);
        nrs_bytes_wipe(&statement);
        nrs_bytes_wipe(&many);
    }
    maker_wipe(&m);
}

/* A ceremony: signatures are added in any order, a second one by the same key changes nothing. */
static void test_ceremony(void **state)
{
    maker m;
    edition e;
    nrs_bytes statement = { 0 };
    nrs_bytes many = { 0 };
    nrs_bytes more = { 0 };
    nrs_bytes foreign = { 0 };

    (void)state;
    maker_init(&m, 2);
    edition_init(&e, &m, 1, 0, 3, 2);
    edition_pack(&statement, &e);
    assert_int_equal(nrs_roster_sign(&many, nrs_slice_of_bytes(&statement), none(), m.keys[2]), NRS_OK);
    assert_int_equal(verify_first(nrs_slice_of_bytes(&many)), NRS_ERROR_FORGED);
    assert_int_equal(nrs_roster_sign(&more, nrs_slice_of_bytes(&statement), nrs_slice_of_bytes(&many), m.keys[2]),
                     NRS_OK);
    assert_true(nrs_slice_equal(nrs_slice_of_bytes(&many), nrs_slice_of_bytes(&more)));
    assert_int_equal(nrs_roster_sign(&more, nrs_slice_of_bytes(&statement), nrs_slice_of_bytes(&many), m.keys[0]),
                     NRS_OK);
    assert_int_equal(verify_first(nrs_slice_of_bytes(&more)), NRS_OK);

    e.roster.created_ms++;
    edition_pack(&foreign, &e);
    assert_int_equal(nrs_roster_sign(&more, nrs_slice_of_bytes(&foreign), nrs_slice_of_bytes(&many), m.keys[0]),
                     NRS_ERROR_FORGED);
    assert_int_not_equal(nrs_roster_sign(&more, nrs_slice_of_string("no roster"), none(), m.keys[0]), NRS_OK);
    assert_int_equal(verify_first(nrs_slice_of_bytes(&more)), NRS_OK); /* untouched */
    edition_wipe(&e);
    nrs_bytes_wipe(&statement);
    nrs_bytes_wipe(&foreign);
    nrs_bytes_wipe(&many);
    nrs_bytes_wipe(&more);
    maker_wipe(&m);
}

/* ---- What a roster says ---- */

static const uint8_t zero_hash[NRS_HASH_SIZE];
static const uint8_t zero_signature[NRS_SIGNATURE_SIZE];

static void spoil_nothing(edition *e, maker *m)
{
    (void)e;
    (void)m;
}
static void spoil_version_zero(edition *e, maker *m)
{
    (void)m;
    e->roster.version = 0;
}
static void spoil_version_two(edition *e, maker *m)
{
    (void)m;
    edition_follow(e, zero_hash, nrs_slice_of_string("before"));
    e->roster.version = 2;
}
static void spoil_community(edition *e, maker *m)
{
    (void)m;
    e->roster.community = nrs_field_of(nrs_slice_of(zero_hash, NRS_HASH_SIZE));
}
static void spoil_previous(edition *e, maker *m)
{
    (void)m;
    e->roster.previous = nrs_field_of(nrs_slice_of(zero_hash, NRS_HASH_SIZE));
}
static void spoil_threshold_zero(edition *e, maker *m)
{
    (void)m;
    e->roster.threshold = 0;
}
static void spoil_threshold_four(edition *e, maker *m)
{
    (void)m;
    e->roster.threshold = 4;
}
static void spoil_keys_twice(edition *e, maker *m)
{
    (void)m;
    e->keys[1] = e->keys[0];
}
static void spoil_keys_order(edition *e, maker *m)
{
    const ProtobufCBinaryData first = e->keys[0];

    (void)m;
    e->keys[0] = e->keys[1];
    e->keys[1] = first;
}
static void spoil_member_order(edition *e, maker *m)
{
    (void)m;
    e->members[0] = e->roster.members[1];
    e->members[1] = &m->members[0].wire;
}
static void spoil_member_twice(edition *e, maker *m)
{
    (void)m;
    e->members[1] = e->members[0];
}
static void spoil_member_shared_sign_key(edition *e, maker *m)
{
    (void)e;
    memcpy(m->members[1].keys.sign_key, m->members[0].keys.sign_key, NRS_KEY_SIZE);
}
static void spoil_member_shared_curve_key(edition *e, maker *m)
{
    (void)e;
    memcpy(m->members[1].keys.curve_key, m->members[0].keys.curve_key, NRS_KEY_SIZE);
}
static void spoil_proof_copied(edition *e, maker *m)
{
    (void)e;
    memcpy(m->members[1].proof, m->members[0].proof, NRS_SIGNATURE_SIZE);
}
static void spoil_proof_of_other_id(edition *e, maker *m)
{
    (void)e;
    m->members[2].org[10] = '7';
}
static void spoil_agree_key(edition *e, maker *m)
{
    (void)e;
    m->members[1].keys.agree_key[5] ^= 1;
}
static void spoil_joined(edition *e, maker *m)
{
    (void)e;
    m->members[1].wire.joined = nrs_field_of(nrs_slice_of(zero_signature, NRS_SIGNATURE_SIZE));
}
static void spoil_expiry(edition *e, maker *m)
{
    (void)m;
    e->roster.expires_ms = e->roster.created_ms;
}

static const struct spoil_case {
    const char *name;
    void (*spoil)(edition *e, maker *m);
    nrs_error want;
} spoil_cases[] = {
    { "nothing spoilt", spoil_nothing, NRS_OK },
    { "version 0", spoil_version_zero, NRS_ERROR_MALFORMED },
    { "version 2 with nothing before it", spoil_version_two, NRS_ERROR_MALFORMED },
    { "a first version with a community", spoil_community, NRS_ERROR_NOT_CANONICAL },
    { "a first version with one before", spoil_previous, NRS_ERROR_NOT_CANONICAL },
    { "threshold 0", spoil_threshold_zero, NRS_ERROR_MALFORMED },
    { "threshold above the keys", spoil_threshold_four, NRS_ERROR_MALFORMED },
    { "a roster key twice", spoil_keys_twice, NRS_ERROR_NOT_CANONICAL },
    { "roster keys out of order", spoil_keys_order, NRS_ERROR_NOT_CANONICAL },
    { "members out of order", spoil_member_order, NRS_ERROR_NOT_CANONICAL },
    { "a member twice", spoil_member_twice, NRS_ERROR_NOT_CANONICAL },
    { "two members with one signing key", spoil_member_shared_sign_key, NRS_ERROR_MALFORMED },
    { "two members with one CURVE key", spoil_member_shared_curve_key, NRS_ERROR_MALFORMED },
    { "a copied proof", spoil_proof_copied, NRS_ERROR_FORGED },
    { "a proof for another id", spoil_proof_of_other_id, NRS_ERROR_FORGED },
    { "an agreement key without proof", spoil_agree_key, NRS_ERROR_FORGED },
    { "joined without a signature", spoil_joined, NRS_ERROR_FORGED },
    { "expired when it was made", spoil_expiry, NRS_ERROR_MALFORMED },
};

static void test_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(spoil_cases) / sizeof(spoil_cases[0]); i++) {
        maker m;
        edition e;
        nrs_bytes statement = { 0 };
        nrs_bytes many = { 0 };

        print_message("  %s\n", spoil_cases[i].name);
        maker_init(&m, 3);
        edition_init(&e, &m, 1, 0, 3, 2);
        spoil_cases[i].spoil(&e, &m);
        edition_pack(&statement, &e);
        maker_sign(&many, &m, nrs_slice_of_bytes(&statement), "012");
        assert_int_equal(verify_first(nrs_slice_of_bytes(&many)), spoil_cases[i].want);
        edition_wipe(&e);
        nrs_bytes_wipe(&statement);
        nrs_bytes_wipe(&many);
        maker_wipe(&m);
    }
}

/* A tombstone names nobody who is a member, and each key once. */
static void test_tombstones(void **state)
{
    static const struct tombstone_case {
        const char *name;
        size_t members[2]; /* whose signing keys the tombstones name */
        nrs_error want;
    } cases[] = {
        { "two that are gone", { 2, 3 }, NRS_OK },
        { "one that is still a member", { 0, 3 }, NRS_ERROR_MALFORMED },
        { "one twice", { 3, 3 }, NRS_ERROR_MALFORMED },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        maker m;
        edition e;
        Nrs__Wire__Tombstone stones[2];
        Nrs__Wire__Tombstone *places[2] = { &stones[0], &stones[1] };
        nrs_bytes statement = { 0 };
        nrs_bytes many = { 0 };
        nrs_roster *roster = NULL;

        print_message("  %s\n", cases[i].name);
        maker_init(&m, 4);
        edition_init(&e, &m, 1, 0, 1, 1);
        e.roster.n_members = 2;
        for (size_t j = 0; j < 2; j++) {
            made_member *gone = &m.members[cases[i].members[j]];

            nrs__wire__tombstone__init(&stones[j]);
            stones[j].sign_key = nrs_field_of(maker_key(gone->keys.sign_key));
            stones[j].curve_key = nrs_field_of(maker_key(gone->keys.curve_key));
            stones[j].org = gone->org;
            stones[j].cause = NRS_TOMBSTONE_REVOKED;
            stones[j].at_ms = MAKER_CREATED_MS;
        }
        e.roster.n_tombstones = 2;
        e.roster.tombstones = places;
        edition_pack(&statement, &e);
        maker_sign(&many, &m, nrs_slice_of_bytes(&statement), "0");
        assert_int_equal(verify_first(nrs_slice_of_bytes(&many)), cases[i].want);
        if (cases[i].want == NRS_OK) {
            assert_int_equal(nrs_roster_decode(&roster, nrs_slice_of_bytes(&statement)), NRS_OK);
            assert_string_equal(nrs_roster_tombstone(roster, m.members[3].keys.sign_key)->org, "member-0003");
            assert_null(nrs_roster_tombstone(roster, m.members[0].keys.sign_key));
            nrs_roster_free(&roster);
        }
        edition_wipe(&e);
        nrs_bytes_wipe(&statement);
        nrs_bytes_wipe(&many);
        maker_wipe(&m);
    }
}

static void test_damaged_bytes(void **state)
{
    maker m;
    edition e;
    nrs_bytes statement = { 0 };
    nrs_bytes many = { 0 };

    (void)state;
    maker_init(&m, 2);
    edition_init(&e, &m, 1, 0, 3, 2);
    edition_pack(&statement, &e);
    maker_sign(&many, &m, nrs_slice_of_bytes(&statement), "01");
    for (size_t i = 0; i < many.size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            many.data[i] ^= (uint8_t)(1u << bit);
            assert_int_not_equal(verify_first(nrs_slice_of_bytes(&many)), NRS_OK);
            many.data[i] ^= (uint8_t)(1u << bit);
        }
    }
    for (size_t size = 0; size < many.size; size++) {
        assert_int_not_equal(verify_first(nrs_slice_of(many.data, size)), NRS_OK);
    }
    assert_int_equal(verify_first(nrs_slice_of_bytes(&many)), NRS_OK);
    edition_wipe(&e);
    nrs_bytes_wipe(&statement);
    nrs_bytes_wipe(&many);
    maker_wipe(&m);
}

static uint64_t elapsed_us(const struct timespec *since)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)((now.tv_sec - since->tv_sec) * 1000000 + (now.tv_nsec - since->tv_nsec) / 1000);
}

/* The largest hub of the design: 2,000 members fit, and a new version does not check again what did not change. */
static void test_two_thousand_members(void **state)
{
    enum { MEMBER_COUNT = 2000 };
    maker m;
    edition e;
    nrs_bytes statement = { 0 };
    nrs_bytes many = { 0 };
    nrs_bytes trusted_statement = { 0 };
    nrs_bytes next_statement = { 0 };
    nrs_roster *trusted = NULL;
    nrs_roster *next = NULL;
    uint8_t community[NRS_HASH_SIZE];
    struct timespec since;

    (void)state;
    maker_init(&m, MEMBER_COUNT);
    edition_init(&e, &m, 1, 0, 3, 2);
    edition_pack(&statement, &e);
    assert_true(statement.size <= NRS_ROSTER_SIZE_MAX);
    maker_sign(&many, &m, nrs_slice_of_bytes(&statement), "02");
    (void)clock_gettime(CLOCK_MONOTONIC, &since);
    assert_int_equal(nrs_roster_verify(&trusted, &trusted_statement, nrs_slice_of_bytes(&many), NULL, none()), NRS_OK);
    print_message("  %d members: %zu bytes, verified in %llu us\n", MEMBER_COUNT, statement.size,
                  (unsigned long long)elapsed_us(&since));
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        assert_string_equal(nrs_roster_member_by_org(trusted, m.members[i].org)->org, m.members[i].org);
    }
    assert_null(nrs_roster_member_by_org(trusted, "member-2000"));
    assert_null(nrs_roster_member_by_org(trusted, ""));
    assert_string_equal(nrs_roster_member_by_key(trusted, m.members[1999].keys.sign_key)->org, "member-1999");
    assert_null(nrs_roster_member_by_key(trusted, zero_hash));

    nrs_roster_community(community, trusted, nrs_slice_of_bytes(&trusted_statement));
    e.roster.version = 2;
    edition_follow(&e, community, nrs_slice_of_bytes(&trusted_statement));
    edition_pack(&statement, &e);
    maker_sign(&many, &m, nrs_slice_of_bytes(&statement), "01");
    (void)clock_gettime(CLOCK_MONOTONIC, &since);
    assert_int_equal(nrs_roster_verify(&next, &next_statement, nrs_slice_of_bytes(&many), trusted,
                                       nrs_slice_of_bytes(&trusted_statement)),
                     NRS_OK);
    print_message("  the next version in %llu us\n", (unsigned long long)elapsed_us(&since));
    nrs_roster_free(&next);
    m.members[1000].proof[3] ^= 1; /* a member that did change is checked */
    edition_pack(&statement, &e);
    maker_sign(&many, &m, nrs_slice_of_bytes(&statement), "01");
    assert_int_equal(nrs_roster_verify(&next, &next_statement, nrs_slice_of_bytes(&many), trusted,
                                       nrs_slice_of_bytes(&trusted_statement)),
                     NRS_ERROR_FORGED);
    nrs_roster_free(&trusted);
    edition_wipe(&e);
    nrs_bytes_wipe(&statement);
    nrs_bytes_wipe(&many);
    nrs_bytes_wipe(&trusted_statement);
    nrs_bytes_wipe(&next_statement);
    maker_wipe(&m);
}

static int start(void **state)
{
    (void)state;
    return nrs_keys_start() == NRS_OK ? 0 : -1;
}

/* Which tombstone makes room: the oldest of who left, once it has served; never a revoked key's. */
static void test_tombstone_served(void **state)
{
    const uint64_t now_ms = 1000 * NRS_DAY_MS;
    const uint64_t at_ms[] = {1, now_ms - NRS_TOMBSTONE_LEFT_KEEP_MS - 2, now_ms - NRS_TOMBSTONE_LEFT_KEEP_MS - 1, now_ms - NRS_TOMBSTONE_LEFT_KEEP_MS, now_ms};
    Nrs__Wire__Tombstone tombstones[5], *list[5];
    nrs_roster roster;

    (void)state;
    nrs__wire__roster__init(&roster);
    for (size_t i = 0; i < 5; i++) {
        nrs__wire__tombstone__init(&tombstones[i]);
        tombstones[i].cause = i == 0 ? NRS_TOMBSTONE_REVOKED : NRS_TOMBSTONE_LEFT;
        tombstones[i].at_ms = at_ms[i];
        list[i] = &tombstones[i];
    }
    roster.tombstones = list;
    roster.n_tombstones = 5;
    assert_int_equal(nrs_roster_tombstone_served(&roster, now_ms), 1);
    tombstones[1].cause = NRS_TOMBSTONE_REVOKED;
    assert_int_equal(nrs_roster_tombstone_served(&roster, now_ms), 2);
    tombstones[2].cause = NRS_TOMBSTONE_REVOKED;
    assert_int_equal(nrs_roster_tombstone_served(&roster, now_ms), 5);
    assert_int_equal(nrs_roster_tombstone_served(&roster, 5), 5); /* a clock before it all */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signers),       cmocka_unit_test(test_ceremony),
        cmocka_unit_test(test_forms),         cmocka_unit_test(test_tombstones),
        cmocka_unit_test(test_damaged_bytes), cmocka_unit_test(test_two_thousand_members),
        cmocka_unit_test(test_tombstone_served),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
