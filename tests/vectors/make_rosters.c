/* Vectors of rosters: two of three roster keys sign, and each version follows the one before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "roster_maker.h"
#include "vector_file.h"

enum { MEMBERS = 2, GONE = MEMBERS, LEAVER, PEOPLE };

/* The last ones are of a first version with two tombstones: of a revoked key and of one that left, which the next changes. */
typedef enum trouble {
    NONE, FLIP, PROOF_OTHER, JOINED_OTHER, GAP, PREVIOUS_OTHER, COMMUNITY_OTHER, ID_OTHER, KEPT, REVOKED_OUT, REVOKED_SOFTER, REVOKED_LATER, LEFT_OUT,
    LEFT_LATER, LEFT_SERVED, LEFT_HARDER, LEFT_BACK, LEFT_OTHER
} trouble;

static const struct roster_case {
    const char *name;
    const char *about;
    const char *step; /* NULL: all checks hold */
    nrs_error error;
    uint64_t version;
    size_t first_key; /* of the three that the second version lists */
    const char *signers;
    trouble what;
} cases[] = {
    {"roster-first", "a first version, signed by two of three", NULL, NRS_OK, 1, 0, "02", NONE},
    {"roster-second", "a second version, in which the members have joined", NULL, NRS_OK, 2, 0, "01", NONE},
    {"roster-all", "signed by all three", NULL, NRS_OK, 2, 0, "012", NONE},
    {"roster-key-change", "a second version with another key, signed by two of the old and two of the new", NULL,
     NRS_OK, 2, 1, "12", NONE},
    {"roster-one-signature", "signed by one of three", "threshold", NRS_ERROR_FORGED, 1, 0, "1", NONE},
    {"roster-key-twice", "one key signs twice", "signature-order", NRS_ERROR_NOT_CANONICAL, 1, 0, "11", NONE},
    {"roster-unordered", "the signatures do not ascend", "signature-order", NRS_ERROR_NOT_CANONICAL, 1, 0, "20", NONE},
    {"roster-outsider", "two of three, and a key that is none of them", "signature-key", NRS_ERROR_FORGED, 1, 0, "013",
     NONE},
    {"roster-flipped", "a bit of a signature", "signature", NRS_ERROR_FORGED, 1, 0, "02", FLIP},
    {"roster-member-proof", "a member's proof does not hold", "member-proof", NRS_ERROR_FORGED, 1, 0, "02",
     PROOF_OTHER},
    {"roster-joined-other", "a member joined another community", "joined", NRS_ERROR_FORGED, 2, 0, "02", JOINED_OTHER},
    {"roster-gap", "the third version after the first", "chain", NRS_ERROR_ROSTER_GAP, 3, 0, "02", GAP},
    {"roster-previous-other", "a second version after another first", "chain", NRS_ERROR_FORKED, 2, 0, "02",
     PREVIOUS_OTHER},
    {"roster-community-other", "the second version of another community", "chain", NRS_ERROR_FORGED, 2, 0, "02",
     COMMUNITY_OTHER},
    {"roster-id-other", "a second version under another id", "breach", NRS_ERROR_FORGED, 2, 0, "02", ID_OTHER},
    {"roster-tombstones-kept", "a second version with the tombstones of the first", NULL, NRS_OK, 2, 0, "02", KEPT},
    {"roster-revoked-left-out", "the tombstone of a revoked key is left out, after a year", "breach", NRS_ERROR_FORGED, 2, 0, "02", REVOKED_OUT},
    {"roster-revoked-softer", "the tombstone of a revoked key says that it left", "breach", NRS_ERROR_FORGED, 2, 0, "02", REVOKED_SOFTER},
    {"roster-revoked-later", "the tombstone of a revoked key is of another time", "breach", NRS_ERROR_FORGED, 2, 0, "02", REVOKED_LATER},
    {"roster-left-left-out", "the tombstone of who left is left out on the 90th day", "breach", NRS_ERROR_FORGED, 2, 0, "02", LEFT_OUT},
    {"roster-left-later", "the tombstone of who left is of another time", "breach", NRS_ERROR_FORGED, 2, 0, "02", LEFT_LATER},
    {"roster-left-served", "the tombstone of who left is left out after 90 days", NULL, NRS_OK, 2, 0, "02", LEFT_SERVED},
    {"roster-left-revoked", "who left is revoked", NULL, NRS_OK, 2, 0, "02", LEFT_HARDER},
    {"roster-left-back", "who left is a member again", NULL, NRS_OK, 2, 0, "02", LEFT_BACK},
    {"roster-far-left-again", "two versions on, who left has come back and left again", NULL, NRS_OK, 3, 0, "02", LEFT_LATER},
    {"roster-far-left-other", "two versions on, who left has come back under another id and was revoked", NULL, NRS_OK, 3, 0, "02", LEFT_OTHER},
    {"roster-far-left-out", "two versions on, the tombstone of who left is gone before it has served", NULL, NRS_OK, 3, 0, "02", LEFT_OUT},
    {"roster-far-revoked-left-out", "two versions on, the tombstone of a revoked key is left out", "breach", NRS_ERROR_FORGED, 3, 0, "02", REVOKED_OUT},
    {"roster-far-revoked-softer", "two versions on, it says that the revoked key left", "breach", NRS_ERROR_FORGED, 3, 0, "02", REVOKED_SOFTER},
    {"roster-far-id-other", "two versions on, another id", "breach", NRS_ERROR_FORGED, 3, 0, "02", ID_OTHER},
    {"roster-left-other", "who left is revoked under another id", "breach", NRS_ERROR_FORGED, 2, 0, "02", LEFT_OTHER},
    {"roster-key-change-old", "other keys, signed by two of the old and one of the new", "threshold", NRS_ERROR_FORGED,
     2, 2, "02", NONE},
    {"roster-key-change-new", "another key, signed by two of the new and one of the old", "threshold", NRS_ERROR_FORGED,
     2, 2, "23", NONE},
};

static void join(maker *m, const nrs_identity *const *who, const uint8_t community[NRS_HASH_SIZE])
{
    for (size_t i = 0; i < MEMBERS; i++) {
        nrs_sign(m->members[i].joined, who[i], NRS_DOMAIN_MEMBER_JOINED, nrs_slice_of(community, NRS_HASH_SIZE));
        m->members[i].wire.joined = nrs_field_of(nrs_slice_of(m->members[i].joined, NRS_SIGNATURE_SIZE));
    }
}

/* The fixture forgets its members' secrets; here they are needed for joining. */
static void own_members(maker *m, nrs_identity **who)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        made_member *member = &m->members[i];

        assert_int_equal(nrs_identity_new(&who[i]), NRS_OK);
        member->keys = *nrs_identity_public(who[i]);
        assert_int_equal(nrs_member_prove(member->proof, who[i], member->org), NRS_OK);
    }
}

typedef struct stones {
    Nrs__Wire__Tombstone entries[2], *list[2];
} stones;

static void bury(stones *room, edition *e, const maker *m, const struct roster_case *one)
{
    const bool second = e->roster.version > 1;
    static char other[] = "another";

    e->roster.n_members = MEMBERS;
    if (one->what < KEPT) {
        return;
    }
    e->roster.tombstones = room->list;
    for (size_t i = 0; i < 2; i++) {
        Nrs__Wire__Tombstone *stone = &room->entries[i];
        const Nrs__Wire__Member *who = &m->members[GONE + i].wire;
        const bool out = second && (i == 0 ? one->what == REVOKED_OUT : one->what == LEFT_OUT || one->what == LEFT_SERVED || one->what == LEFT_BACK);

        nrs__wire__tombstone__init(stone);
        stone->sign_key = who->sign_key;
        stone->curve_key = who->curve_key;
        stone->org = second && i == 1 && one->what == LEFT_OTHER ? other : who->org;
        stone->cause = i == 0 ? NRS_TOMBSTONE_REVOKED : NRS_TOMBSTONE_LEFT;
        stone->at_ms = MAKER_CREATED_MS;
        if (second) {
            stone->cause = i == 0 && one->what == REVOKED_SOFTER ? NRS_TOMBSTONE_LEFT : i == 1 && (one->what == LEFT_HARDER || one->what == LEFT_OTHER) ? NRS_TOMBSTONE_REVOKED : stone->cause;
            stone->at_ms += (i == 0 && one->what == REVOKED_LATER) || (i == 1 && (one->what == LEFT_LATER || one->what == LEFT_OTHER)) ? 1 : 0;
        }
        if (!out) {
            room->list[e->roster.n_tombstones++] = stone;
        }
    }
    if (second && one->what == LEFT_BACK) {
        e->members[MEMBERS] = e->members[LEAVER];
        e->roster.n_members++;
    }
    if (second) {
        e->roster.created_ms += one->what == REVOKED_OUT ? 366 * NRS_DAY_MS : one->what == LEFT_OUT ? 90 * NRS_DAY_MS : 90 * NRS_DAY_MS + 1;
        e->roster.expires_ms = e->roster.created_ms + NRS_ROSTER_LIFE_MS_DEFAULT;
    }
}

static void make_second(nrs_bytes *statement_out, const struct roster_case *one, maker *m, nrs_identity **who,
                        const nrs_bytes *first)
{
    edition second;
    stones room;
    uint8_t community[NRS_HASH_SIZE];
    uint8_t joined[NRS_HASH_SIZE];
    /* A roster lists at most the keys that the maker has. */
    const size_t key_count = one->first_key + 3 <= MAKER_KEY_COUNT ? 3 : MAKER_KEY_COUNT - one->first_key;

    nrs_roster_hash(community, nrs_slice_of_bytes(first));
    memcpy(joined, community, sizeof joined);
    joined[0] ^= one->what == JOINED_OTHER ? 1 : 0;
    community[0] ^= one->what == COMMUNITY_OTHER ? 1 : 0;
    join(m, (const nrs_identity *const *)who, joined);
    edition_init(&second, m, one->version, one->first_key, key_count, 2);
    edition_follow(&second, community, nrs_slice_of_bytes(first));
    second.previous[0] ^= one->what == PREVIOUS_OTHER ? 1 : 0;
    second.id[0] = one->what == ID_OTHER ? 'f' : second.id[0];
    bury(&room, &second, m, one);
    edition_pack(statement_out, &second);
    edition_wipe(&second);
}

static void make_roster(FILE *file, const struct roster_case *one)
{
    maker m;
    edition first;
    stones room;
    nrs_identity *who[MEMBERS] = {NULL};
    nrs_bytes statement = {0};
    nrs_bytes second = {0};
    nrs_bytes many = {0};
    const nrs_bytes *judged = one->version == 1 ? &statement : &second;
    uint8_t community[NRS_HASH_SIZE];

    maker_init(&m, one->what < KEPT ? MEMBERS : PEOPLE);
    own_members(&m, who);
    m.members[0].proof[5] ^= one->what == PROOF_OTHER ? 1 : 0;
    edition_init(&first, &m, 1, 0, 3, 2);
    bury(&room, &first, &m, one);
    edition_pack(&statement, &first);
    if (one->version > 1) {
        maker_sign(&many, &m, nrs_slice_of_bytes(&statement), "01");
        vector_hex(file, "trusted", nrs_slice_of_bytes(&many));
        make_second(&second, one, &m, who, &statement);
    }
    maker_sign(&many, &m, nrs_slice_of_bytes(judged), one->signers);
    if (one->what == FLIP) {
        many.data[many.size - 1] ^= 1;
    }
    vector_hex(file, "roster", nrs_slice_of_bytes(&many));
    if (one->step == NULL) {
        nrs_roster_hash(community, nrs_slice_of_bytes(&statement));
        vector_hex(file, "statement", nrs_slice_of_bytes(judged));
        vector_hex(file, "community", nrs_slice_of(community, sizeof community));
    }
    for (size_t i = 0; i < MEMBERS; i++) {
        nrs_identity_destroy(&who[i]);
    }
    edition_wipe(&first);
    nrs_bytes_wipe(&many);
    nrs_bytes_wipe(&second);
    nrs_bytes_wipe(&statement);
    maker_wipe(&m);
}

void make_rosters(const char *folder)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct roster_case *one = &cases[i];
        FILE *file = vector_open(folder, &(vector_head){.name = one->name,
                                                        .about = one->about,
                                                        .kind = one->version > 2 && one->what != GAP ? "roster-later" : "roster",
                                                        .step = one->step,
                                                        .rule = one->step == NULL ? NULL : nrs_error_rule(one->error)});

        make_roster(file, one);
        vector_close(file);
    }
}
