#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "roster_maker.h"

static nrs_slice none(void)
{
    return nrs_slice_of(NULL, 0);
}

/* A roster version as it travels, and its statement. */
typedef struct version {
    nrs_bytes statement;
    nrs_bytes many;
} version;

static void version_wipe(version *v)
{
    nrs_bytes_wipe(&v->statement);
    nrs_bytes_wipe(&v->many);
}

static void version_make(version *v, maker *m, uint64_t number, size_t first_key, size_t key_count, uint32_t threshold,
                         const char *signers, const uint8_t *community, const version *before)
{
    edition e;

    edition_init(&e, m, number, first_key, key_count, threshold);
    if (before != NULL) {
        edition_follow(&e, community, nrs_slice_of_bytes(&before->statement));
    }
    edition_pack(&v->statement, &e);
    maker_sign(&v->many, m, nrs_slice_of_bytes(&v->statement), signers);
    edition_wipe(&e);
}

/* ---- One version after another: the first lists the keys 0, 1, 2 with threshold 2 ---- */

static const struct chain_case {
    const char *name;
    uint64_t number;
    size_t first_key, key_count;
    uint32_t threshold;
    const char *signers;
    bool other_community, other_previous, without_statement;
    nrs_error want;
} chain_cases[] = {
    { "the next version", 2, 0, 3, 2, "12", false, false, false, NRS_OK },
    { "the next version, its chain not asked for", 2, 0, 3, 2, "12", false, true, true, NRS_OK },
    { "too few signatures", 2, 0, 3, 2, "1", false, false, false, NRS_ERROR_FORGED },
    { "a key added, by the old threshold", 2, 0, 4, 2, "01", false, false, false, NRS_OK },
    { "a key added, and it signs for an old one", 2, 0, 4, 2, "03", false, false, false, NRS_ERROR_FORGED },
    { "a key added, three signatures", 2, 0, 4, 2, "013", false, false, false, NRS_OK },
    { "threshold raised, by the new one", 2, 0, 3, 3, "012", false, false, false, NRS_OK },
    { "threshold raised, by the old one only", 2, 0, 3, 3, "01", false, false, false, NRS_ERROR_FORGED },
    { "threshold lowered, by the new one only", 2, 0, 3, 1, "1", false, false, false, NRS_ERROR_FORGED },
    { "threshold lowered, by the old one", 2, 0, 3, 1, "02", false, false, false, NRS_OK },
    { "two keys exchanged for one, both sides", 2, 2, 2, 2, "123", false, false, false, NRS_OK },
    { "two keys exchanged for one, the old side only", 2, 2, 2, 2, "012", false, false, false, NRS_ERROR_FORGED },
    { "two keys exchanged for one, the new side only", 2, 2, 2, 2, "23", false, false, false, NRS_ERROR_FORGED },
    { "all keys exchanged, both sides", 2, 3, 1, 1, "013", false, false, false, NRS_OK },
    { "all keys exchanged, the new side only", 2, 3, 1, 1, "3", false, false, false, NRS_ERROR_FORGED },
    { "a signature by a key of neither", 2, 0, 2, 2, "013", false, false, false, NRS_ERROR_FORGED },
    { "a gap", 3, 0, 3, 2, "01", false, false, false, NRS_ERROR_ROSTER_GAP },
    { "another community", 2, 0, 3, 2, "01", true, false, false, NRS_ERROR_FORGED },
    { "another version before it", 2, 0, 3, 2, "01", false, true, false, NRS_ERROR_FORKED },
};

static void test_chain(void **state)
{
    maker m;
    version first = { 0 };
    nrs_roster *trusted = NULL;
    nrs_bytes trusted_statement = { 0 };
    uint8_t community[NRS_HASH_SIZE];

    (void)state;
    maker_init(&m, 2);
    version_make(&first, &m, 1, 0, 3, 2, "01", NULL, NULL);
    assert_int_equal(nrs_roster_verify(&trusted, &trusted_statement, nrs_slice_of_bytes(&first.many), NULL, none()),
                     NRS_OK);
    for (size_t i = 0; i < sizeof(chain_cases) / sizeof(chain_cases[0]); i++) {
        const struct chain_case *c = &chain_cases[i];
        version before = { 0 };
        version next = { 0 };
        nrs_roster *roster = NULL;
        nrs_bytes statement = { 0 };

        print_message("  %s\n", c->name);
        nrs_roster_community(community, trusted, nrs_slice_of_bytes(&trusted_statement));
        community[0] ^= c->other_community ? 1 : 0;
        assert_int_equal(nrs_bytes_copy(&before.statement, nrs_slice_of_bytes(&first.statement)), NRS_OK);
        before.statement.data[0] ^= c->other_previous ? 1 : 0;
        version_make(&next, &m, c->number, c->first_key, c->key_count, c->threshold, c->signers, community, &before);
        assert_int_equal(nrs_roster_verify(&roster, &statement, nrs_slice_of_bytes(&next.many), trusted,
                                           c->without_statement ? none() : nrs_slice_of_bytes(&trusted_statement)),
                         c->want);
        assert_int_equal(roster != NULL, c->want == NRS_OK);
        assert_int_equal(nrs_slice_equal(nrs_slice_of_bytes(&statement), nrs_slice_of_bytes(&next.statement)),
                         c->want == NRS_OK);
        nrs_roster_free(&roster);
        nrs_bytes_wipe(&statement);
        version_wipe(&before);
        version_wipe(&next);
    }
    nrs_roster_free(&trusted);
    nrs_bytes_wipe(&trusted_statement);
    version_wipe(&first);
    maker_wipe(&m);
}

/* ---- What no later version may change ---- */

enum { GONE, LEAVER, STONES };
typedef enum breach_edit { NOTHING, ID, DROP, SOFTEN, LATER, OTHER_ORG, HARDEN, HARDEN_OTHER, BACK, ADD } breach_edit;

/* The trusted version has two tombstones: of a revoked key, and of one that left at its created time. */
static const struct breach_case {
    const char *name;
    breach_edit edit;
    size_t stone;
    uint64_t after_ms; /* the next version's created time, after the trusted one's */
    nrs_error want;
} breach_cases[] = {
    { "nothing", NOTHING, 0, 1, NRS_OK },
    { "another id", ID, 0, 1, NRS_ERROR_FORGED },
    { "one more tombstone", ADD, 0, 1, NRS_OK },
    { "a revoked key dropped", DROP, GONE, 1, NRS_ERROR_FORGED },
    { "a revoked key dropped after a year", DROP, GONE, 366 * NRS_DAY_MS, NRS_ERROR_FORGED },
    { "a revoked key, now left", SOFTEN, GONE, 1, NRS_ERROR_FORGED },
    { "a revoked key at another time", LATER, GONE, 1, NRS_ERROR_FORGED },
    { "a revoked key of another organisation", OTHER_ORG, GONE, 1, NRS_ERROR_FORGED },
    { "a revoked key is a member again", BACK, GONE, 366 * NRS_DAY_MS, NRS_ERROR_FORGED },
    { "who left dropped at once", DROP, LEAVER, 1, NRS_ERROR_FORGED },
    { "who left dropped on the 90th day", DROP, LEAVER, 90 * NRS_DAY_MS, NRS_ERROR_FORGED },
    { "who left dropped after 90 days", DROP, LEAVER, 90 * NRS_DAY_MS + 1, NRS_OK },
    { "who left at another time", LATER, LEAVER, 1, NRS_ERROR_FORGED },
    { "who left, now another organisation", OTHER_ORG, LEAVER, 1, NRS_ERROR_FORGED },
    { "who left is revoked as another organisation", HARDEN_OTHER, LEAVER, 1, NRS_ERROR_FORGED },
    { "who left is revoked", HARDEN, LEAVER, 1, NRS_OK },
    { "who left is a member again", BACK, LEAVER, 1, NRS_OK },
};

static void stone_of(Nrs__Wire__Tombstone *stone, const maker *m, size_t member, uint32_t cause)
{
    nrs__wire__tombstone__init(stone);
    stone->sign_key = m->members[member].wire.sign_key;
    stone->curve_key = m->members[member].wire.curve_key;
    stone->org = m->members[member].wire.org;
    stone->cause = cause;
    stone->at_ms = MAKER_CREATED_MS;
}

/* Members 0 and 1 are there, 2 was revoked and 3 left; 4 is nobody yet. */
static void breach_version(version *v, maker *m, const struct breach_case *c, uint64_t number, const uint8_t *community, const version *before)
{
    edition e;
    Nrs__Wire__Tombstone stones[STONES + 1], *list[STONES + 1];
    char other[] = "another";

    edition_init(&e, m, number, 0, 3, 2);
    e.roster.n_members = 2;
    e.roster.tombstones = list;
    for (size_t i = 0; i < STONES; i++) {
        stone_of(&stones[i], m, 2 + i, i == GONE ? NRS_TOMBSTONE_REVOKED : NRS_TOMBSTONE_LEFT);
        if (!(before != NULL && i == c->stone && (c->edit == DROP || c->edit == BACK))) {
            list[e.roster.n_tombstones++] = &stones[i];
        }
    }
    if (before != NULL) {
        edition_follow(&e, community, nrs_slice_of_bytes(&before->statement));
        e.roster.created_ms = MAKER_CREATED_MS + c->after_ms;
        e.roster.expires_ms = e.roster.created_ms + NRS_ROSTER_LIFE_MS_DEFAULT;
        stones[c->stone].cause = c->edit == SOFTEN ? NRS_TOMBSTONE_LEFT : c->edit == HARDEN || c->edit == HARDEN_OTHER ? NRS_TOMBSTONE_REVOKED : stones[c->stone].cause;
        stones[c->stone].at_ms += c->edit == LATER || c->edit == HARDEN_OTHER ? 1 : 0;
        stones[c->stone].org = c->edit == OTHER_ORG || c->edit == HARDEN_OTHER ? other : stones[c->stone].org;
        e.id[0] = c->edit == ID ? 'f' : e.id[0];
        if (c->edit == ADD) {
            stone_of(&stones[STONES], m, 4, NRS_TOMBSTONE_REVOKED);
            list[e.roster.n_tombstones++] = &stones[STONES];
        }
        if (c->edit == BACK) {
            e.members[e.roster.n_members++] = &m->members[2 + c->stone].wire;
        }
    }
    edition_pack(&v->statement, &e);
    maker_sign(&v->many, m, nrs_slice_of_bytes(&v->statement), "01");
    edition_wipe(&e);
}

/* The same answer to the next version, before it has its signatures, to one of which those between are missing, and to one in an invite. */
static void breach_judge(const struct breach_case *c, const version *first, const version *next, const nrs_roster *trusted)
{
    nrs_slice statement = nrs_slice_of_bytes(&first->statement);
    nrs_roster *roster = NULL;
    nrs_bytes out = { 0 };
    nrs_invite invite = NRS__WIRE__INVITE__INIT;
    uint8_t community[NRS_HASH_SIZE];

    assert_int_equal(nrs_roster_verify(&roster, &out, nrs_slice_of_bytes(&next->many), trusted, statement), c->want);
    nrs_roster_free(&roster);
    assert_int_equal(nrs_roster_verify_unsigned(&roster, nrs_slice_of_bytes(&next->statement), trusted, statement), c->want);
    nrs_roster_free(&roster);
    assert_int_equal(nrs_roster_verify_later(&roster, &out, nrs_slice_of_bytes(&next->many), trusted, statement), c->want);
    nrs_roster_free(&roster);
    invite.first = nrs_field_of(nrs_slice_of_bytes(&first->many));
    invite.current = nrs_field_of(nrs_slice_of_bytes(&next->many));
    assert_int_equal(nrs_invite_verify(&roster, &out, community, &invite), c->want);
    nrs_roster_free(&roster);
    assert_int_equal(nrs_invite_verify_after(&invite, trusted, statement), c->want);
    nrs_bytes_wipe(&out);
}

static void test_breaches(void **state)
{
    maker m;

    (void)state;
    maker_init(&m, 5);
    for (size_t i = 0; i < sizeof(breach_cases) / sizeof(breach_cases[0]); i++) {
        const struct breach_case *c = &breach_cases[i];
        version first = { 0 }, next = { 0 };
        nrs_roster *trusted = NULL;
        nrs_bytes statement = { 0 };
        uint8_t community[NRS_HASH_SIZE];

        print_message("  %s\n", c->name);
        breach_version(&first, &m, c, 1, NULL, NULL);
        assert_int_equal(nrs_roster_verify(&trusted, &statement, nrs_slice_of_bytes(&first.many), NULL, none()), NRS_OK);
        nrs_roster_community(community, trusted, nrs_slice_of_bytes(&statement));
        breach_version(&next, &m, c, 2, community, &first);
        breach_judge(c, &first, &next, trusted);
        nrs_roster_free(&trusted);
        nrs_bytes_wipe(&statement);
        version_wipe(&first);
        version_wipe(&next);
    }
    maker_wipe(&m);
}

/* Who has missed the version between: who left may have come back in it, and gone again since. */
static const struct breach_case far_cases[] = {
    { "far: another id", ID, 0, 1, NRS_ERROR_FORGED },
    { "far: a revoked key dropped", DROP, GONE, 366 * NRS_DAY_MS, NRS_ERROR_FORGED },
    { "far: a revoked key, now left", SOFTEN, GONE, 1, NRS_ERROR_FORGED },
    { "far: a revoked key at another time", LATER, GONE, 1, NRS_ERROR_FORGED },
    { "far: a revoked key of another organisation", OTHER_ORG, GONE, 1, NRS_ERROR_FORGED },
    { "far: a revoked key is a member again", BACK, GONE, 1, NRS_ERROR_FORGED },
    { "far: who left has left again, or changed keys", LATER, LEAVER, 1, NRS_OK },
    { "far: who left, now another organisation", OTHER_ORG, LEAVER, 1, NRS_OK },
    { "far: who left has come back under another id and was revoked", HARDEN_OTHER, LEAVER, 1, NRS_OK },
    { "far: who left has come back, and no tombstone says that it went", DROP, LEAVER, 1, NRS_OK },
    { "far: who left is a member again", BACK, LEAVER, 1, NRS_OK },
};

static void test_far_breaches(void **state)
{
    maker m;

    (void)state;
    maker_init(&m, 5);
    for (size_t i = 0; i < sizeof(far_cases) / sizeof(far_cases[0]); i++) {
        const struct breach_case *c = &far_cases[i];
        version first = { 0 }, far = { 0 };
        nrs_roster *trusted = NULL, *roster = NULL;
        nrs_bytes statement = { 0 }, out = { 0 };
        nrs_invite invite = NRS__WIRE__INVITE__INIT;
        uint8_t community[NRS_HASH_SIZE];

        print_message("  %s\n", c->name);
        breach_version(&first, &m, c, 1, NULL, NULL);
        assert_int_equal(nrs_roster_verify(&trusted, &statement, nrs_slice_of_bytes(&first.many), NULL, none()), NRS_OK);
        nrs_roster_community(community, trusted, nrs_slice_of_bytes(&statement));
        breach_version(&far, &m, c, 3, community, &first);
        assert_int_equal(nrs_roster_verify_later(&roster, &out, nrs_slice_of_bytes(&far.many), trusted, nrs_slice_of_bytes(&statement)), c->want);
        invite.first = nrs_field_of(nrs_slice_of_bytes(&first.many));
        invite.current = nrs_field_of(nrs_slice_of_bytes(&far.many));
        assert_int_equal(nrs_invite_verify_after(&invite, trusted, nrs_slice_of_bytes(&statement)), c->want);
        nrs_roster_free(&roster);
        nrs_roster_free(&trusted);
        nrs_bytes_wipe(&out);
        nrs_bytes_wipe(&statement);
        version_wipe(&first);
        version_wipe(&far);
    }
    maker_wipe(&m);
}

static void test_older_version(void **state)
{
    maker m;
    version first = { 0 };
    version second = { 0 };
    nrs_roster *one = NULL;
    nrs_roster *two = NULL;
    nrs_roster *roster = NULL;
    nrs_bytes one_statement = { 0 };
    nrs_bytes two_statement = { 0 };
    nrs_bytes statement = { 0 };
    uint8_t community[NRS_HASH_SIZE];

    (void)state;
    maker_init(&m, 2);
    version_make(&first, &m, 1, 0, 3, 2, "01", NULL, NULL);
    nrs_roster_hash(community, nrs_slice_of_bytes(&first.statement));
    version_make(&second, &m, 2, 0, 3, 2, "01", community, &first);
    assert_int_equal(nrs_roster_verify(&one, &one_statement, nrs_slice_of_bytes(&first.many), NULL, none()), NRS_OK);
    assert_int_equal(nrs_roster_verify(&two, &two_statement, nrs_slice_of_bytes(&second.many), one,
                                       nrs_slice_of_bytes(&one_statement)),
                     NRS_OK);
    assert_int_equal(nrs_roster_verify(&roster, &statement, nrs_slice_of_bytes(&second.many), two,
                                       nrs_slice_of_bytes(&two_statement)),
                     NRS_ERROR_ROSTER_OLD);
    assert_int_equal(nrs_roster_verify(&roster, &statement, nrs_slice_of_bytes(&first.many), two,
                                       nrs_slice_of_bytes(&two_statement)),
                     NRS_ERROR_ROSTER_OLD);
    assert_null(roster);
    nrs_roster_free(&one);
    nrs_roster_free(&two);
    nrs_bytes_wipe(&one_statement);
    nrs_bytes_wipe(&two_statement);
    version_wipe(&first);
    version_wipe(&second);
    maker_wipe(&m);
}

/* ---- Invites ----
 * The community: version 1 by 0, 1, 2; version 2 adds key 3; version 3 drops 0 and 1; 5 is current, by 2 and 3. */

enum { FIRST, ADDED, DROPPED, CURRENT, FOREIGN, FOREIGN_SECOND, VERSION_COUNT };

static const struct invite_case {
    const char *name;
    int first;
    int chain[3]; /* -1 ends it */
    int current;
    nrs_error want;
} invite_cases[] = {
    { "the whole chain", FIRST, { ADDED, DROPPED, -1 }, CURRENT, NRS_OK },
    { "only the change that the current one needs", FIRST, { ADDED, -1 }, CURRENT, NRS_OK },
    { "the wrong change only", FIRST, { DROPPED, -1 }, CURRENT, NRS_ERROR_FORGED },
    { "no chain", FIRST, { -1 }, CURRENT, NRS_ERROR_FORGED },
    { "a chain out of order", FIRST, { DROPPED, ADDED, -1 }, CURRENT, NRS_ERROR_FORGED },
    { "a version twice in the chain", FIRST, { ADDED, ADDED, -1 }, CURRENT, NRS_ERROR_ROSTER_OLD },
    { "the first again in the chain", FIRST, { FIRST, -1 }, FIRST, NRS_ERROR_ROSTER_OLD },
    { "the current one ends the chain as well", FIRST, { ADDED, DROPPED, -1 }, DROPPED, NRS_OK },
    { "an older one as current", FIRST, { ADDED, DROPPED, -1 }, ADDED, NRS_ERROR_ROSTER_OLD },
    { "a community of one version", FIRST, { -1 }, FIRST, NRS_OK },
    { "a first version that is not one", ADDED, { DROPPED, -1 }, CURRENT, NRS_ERROR_MALFORMED },
    { "the first of another community as current", FIRST, { -1 }, FOREIGN, NRS_ERROR_FORGED },
    { "a later one of another community, by the same keys", FIRST, { -1 }, FOREIGN_SECOND, NRS_ERROR_FORGED },
    { "another community's in the chain", FIRST, { FOREIGN_SECOND, -1 }, CURRENT, NRS_ERROR_FORGED },
    { "the other community by itself", FOREIGN, { -1 }, FOREIGN_SECOND, NRS_OK },
};

static void versions_make(version versions[VERSION_COUNT], maker *m)
{
    uint8_t community[NRS_HASH_SIZE];
    maker other = *m;

    version_make(&versions[FIRST], m, 1, 0, 3, 2, "01", NULL, NULL);
    nrs_roster_hash(community, nrs_slice_of_bytes(&versions[FIRST].statement));
    version_make(&versions[ADDED], m, 2, 0, 4, 2, "01", community, &versions[FIRST]);
    version_make(&versions[DROPPED], m, 3, 2, 2, 2, "23", community, &versions[ADDED]);
    version_make(&versions[CURRENT], m, 5, 2, 2, 2, "23", community, &versions[DROPPED]);
    other.member_count = 1; /* so that it is another community */
    version_make(&versions[FOREIGN], &other, 1, 0, 3, 2, "01", NULL, NULL);
    nrs_roster_hash(community, nrs_slice_of_bytes(&versions[FOREIGN].statement));
    version_make(&versions[FOREIGN_SECOND], &other, 2, 0, 3, 2, "01", community, &versions[FOREIGN]);
}

static void test_invites(void **state)
{
    maker m;
    version versions[VERSION_COUNT] = { 0 };

    (void)state;
    maker_init(&m, 2);
    versions_make(versions, &m);
    for (size_t i = 0; i < sizeof(invite_cases) / sizeof(invite_cases[0]); i++) {
        const struct invite_case *c = &invite_cases[i];
        nrs_invite invite = NRS__WIRE__INVITE__INIT;
        ProtobufCBinaryData chain[3];
        nrs_roster *roster = NULL;
        nrs_bytes statement = { 0 };
        uint8_t community[NRS_HASH_SIZE] = { 0 };
        uint8_t want_community[NRS_HASH_SIZE] = { 0 };

        print_message("  %s\n", c->name);
        invite.first = nrs_field_of(nrs_slice_of_bytes(&versions[c->first].many));
        invite.current = nrs_field_of(nrs_slice_of_bytes(&versions[c->current].many));
        while (c->chain[invite.n_chain] >= 0) {
            chain[invite.n_chain] = nrs_field_of(nrs_slice_of_bytes(&versions[c->chain[invite.n_chain]].many));
            invite.n_chain++;
        }
        invite.chain = chain;
        assert_int_equal(nrs_invite_verify(&roster, &statement, community, &invite), c->want);
        assert_int_equal(roster != NULL, c->want == NRS_OK);
        if (c->want == NRS_OK) {
            nrs_roster_hash(want_community, nrs_slice_of_bytes(&versions[c->first].statement));
            assert_true(nrs_slice_equal(nrs_slice_of_bytes(&statement),
                                        nrs_slice_of_bytes(&versions[c->current].statement)));
        }
        assert_memory_equal(community, want_community, sizeof(community)); /* untouched on failure */
        nrs_roster_free(&roster);
        nrs_bytes_wipe(&statement);
    }
    for (size_t i = 0; i < VERSION_COUNT; i++) {
        version_wipe(&versions[i]);
    }
    maker_wipe(&m);
}

/* ---- The current roster's own signatures, where it is the very roster that was followed last ---- */

static const struct copy_case {
    const char *name;
    int chain[2]; /* -1 ends it */
    int current;
    const char *signers;
    nrs_error want;
} copy_cases[] = {
    { "a change of keys, by others of its signers", { ADDED, -1 }, ADDED, "12", NRS_OK },
    { "a change of keys, one of the old keys and the new one", { ADDED, -1 }, ADDED, "13", NRS_ERROR_FORGED },
    { "a change of keys, too few", { ADDED, -1 }, ADDED, "0", NRS_ERROR_FORGED },
    { "a change of keys, none", { ADDED, -1 }, ADDED, "", NRS_ERROR_MALFORMED },
    { "two keys dropped, with the old side too", { ADDED, DROPPED }, DROPPED, "123", NRS_OK },
    { "two keys dropped, by the old side alone", { ADDED, DROPPED }, DROPPED, "01", NRS_ERROR_FORGED },
    { "a first version, by others of its signers", { -1 }, FIRST, "12", NRS_OK },
    { "a first version, too few", { -1 }, FIRST, "2", NRS_ERROR_FORGED },
    { "a first version, none", { -1 }, FIRST, "", NRS_ERROR_MALFORMED },
    { "a first version, and a key that is none of its own", { -1 }, FIRST, "013", NRS_ERROR_FORGED },
};

/* Borrows. */
static nrs_invite invite_of(ProtobufCBinaryData fields[2], const version *versions, const int chain[2], nrs_slice current)
{
    nrs_invite invite = NRS__WIRE__INVITE__INIT;

    invite.first = nrs_field_of(nrs_slice_of_bytes(&versions[FIRST].many));
    invite.current = nrs_field_of(current);
    invite.chain = fields;
    while (invite.n_chain < 2 && chain[invite.n_chain] >= 0) {
        fields[invite.n_chain] = nrs_field_of(nrs_slice_of_bytes(&versions[chain[invite.n_chain]].many));
        invite.n_chain++;
    }
    return invite;
}

static nrs_error invite_try(const version *versions, const int chain[2], nrs_slice current)
{
    ProtobufCBinaryData fields[2];
    const nrs_invite invite = invite_of(fields, versions, chain, current);
    nrs_roster *roster = NULL;
    nrs_bytes statement = { 0 };
    uint8_t community[NRS_HASH_SIZE];
    nrs_error error = nrs_invite_verify(&roster, &statement, community, &invite);
    assert_int_equal(roster != NULL, error == NRS_OK);
    nrs_roster_free(&roster);
    nrs_bytes_wipe(&statement);
    return error;
}

/* What the holder of the first version says of the same invite. */
static nrs_error invite_try_after(const version *versions, const int chain[2], nrs_slice current)
{
    ProtobufCBinaryData fields[2];
    const nrs_invite invite = invite_of(fields, versions, chain, current);
    nrs_roster *held = NULL;
    nrs_bytes statement = { 0 };
    nrs_error error = nrs_roster_verify(&held, &statement, nrs_slice_of_bytes(&versions[FIRST].many), NULL, none());

    assert_int_equal(error, NRS_OK);
    error = nrs_invite_verify_after(&invite, held, nrs_slice_of_bytes(&statement));
    nrs_roster_free(&held);
    nrs_bytes_wipe(&statement);
    return error;
}

static void test_copies(void **state)
{
    maker m;
    version versions[VERSION_COUNT] = { 0 };

    (void)state;
    maker_init(&m, 2);
    versions_make(versions, &m);
    for (size_t i = 0; i < sizeof(copy_cases) / sizeof(copy_cases[0]); i++) {
        const struct copy_case *c = &copy_cases[i];
        nrs_bytes many = { 0 };

        print_message("  %s\n", c->name);
        maker_sign(&many, &m, nrs_slice_of_bytes(&versions[c->current].statement), c->signers);
        assert_int_equal(invite_try(versions, c->chain, nrs_slice_of_bytes(&many)), c->want);
        if (c->current != FIRST) {
            assert_int_equal(invite_try_after(versions, c->chain, nrs_slice_of_bytes(&many)), c->want);
        }
        nrs_bytes_wipe(&many);
    }
    for (size_t i = 0; i < VERSION_COUNT; i++) {
        version_wipe(&versions[i]);
    }
    maker_wipe(&m);
}

/* Each byte of the signatures, which stand behind the statement. */
static void test_copies_flipped(void **state)
{
    static const struct { int chain[2]; int current; } tries[] = { { { -1 }, FIRST }, { { ADDED, -1 }, ADDED } };
    maker m;
    version versions[VERSION_COUNT] = { 0 };

    (void)state;
    maker_init(&m, 2);
    versions_make(versions, &m);
    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        version *current = &versions[tries[i].current];
        nrs_bytes many = { 0 };
        size_t at = current->many.size - 2 * (NRS_KEY_SIZE + NRS_SIGNATURE_SIZE);

        assert_int_equal(nrs_bytes_copy(&many, nrs_slice_of_bytes(&current->many)), NRS_OK);
        assert_int_equal(invite_try(versions, tries[i].chain, nrs_slice_of_bytes(&many)), NRS_OK);
        for (; at < many.size; at++) {
            many.data[at] ^= 1;
            assert_int_not_equal(invite_try(versions, tries[i].chain, nrs_slice_of_bytes(&many)), NRS_OK);
            many.data[at] ^= 1;
        }
        nrs_bytes_wipe(&many);
    }
    for (size_t i = 0; i < VERSION_COUNT; i++) {
        version_wipe(&versions[i]);
    }
    maker_wipe(&m);
}

static int start(void **state)
{
    (void)state;
    return nrs_keys_start() == NRS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_breaches), cmocka_unit_test(test_far_breaches), cmocka_unit_test(test_older_version),
        cmocka_unit_test(test_invites),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_copies_flipped),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
