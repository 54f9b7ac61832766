/* Deltas: what comes out are the statement's very bytes, and little goes over the wire for one change among 2,000. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include <sodium.h>

#include "keys/roster_delta.h"
#include "roster_maker.h"

enum { MANY = 2000 };

/* Two versions of one community: the second is what a test makes of the first. */
typedef struct pair {
    maker m;
    edition e;
    nrs_bytes first, second;           /* statements */
    nrs_bytes first_many, second_many; /* signed */
    nrs_signed_by_many *decoded;
    nrs_roster *roster;
} pair;

static void pair_init(pair *p, size_t members)
{
    memset(p, 0, sizeof(*p));
    maker_init(&p->m, members);
    edition_init(&p->e, &p->m, 1, 0, 3, 2);
    edition_pack(&p->first, &p->e);
    maker_sign(&p->first_many, &p->m, nrs_slice_of_bytes(&p->first), "01");
}

static void pair_follow(pair *p)
{
    uint8_t community[NRS_HASH_SIZE];

    nrs_roster_hash(community, nrs_slice_of_bytes(&p->first));
    p->e.roster.version = 2;
    p->e.roster.created_ms += 1000;
    edition_follow(&p->e, community, nrs_slice_of_bytes(&p->first));
    edition_pack(&p->second, &p->e);
    maker_sign(&p->second_many, &p->m, nrs_slice_of_bytes(&p->second), "02");
    nrs_signed_by_many_free(&p->decoded);
    nrs_roster_free(&p->roster);
    assert_int_equal(nrs_signed_by_many_decode(&p->decoded, nrs_slice_of_bytes(&p->second_many)), NRS_OK);
    assert_int_equal(nrs_roster_decode(&p->roster, nrs_slice_of_bytes(&p->second)), NRS_OK);
}

static void pair_wipe(pair *p)
{
    nrs_signed_by_many_free(&p->decoded);
    nrs_roster_free(&p->roster);
    nrs_bytes_wipe(&p->first);
    nrs_bytes_wipe(&p->second);
    nrs_bytes_wipe(&p->first_many);
    nrs_bytes_wipe(&p->second_many);
    edition_wipe(&p->e);
    maker_wipe(&p->m);
}

static nrs_error apply(nrs_bytes *many_out, const nrs_roster_pieces *pieces, nrs_slice base)
{
    nrs_roster_delta *decoded[NRS_ROSTER_PIECE_COUNT_MAX] = { NULL };
    const nrs_roster_delta *list[NRS_ROSTER_PIECE_COUNT_MAX];
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < pieces->count; i++) {
        assert_int_equal(nrs_roster_delta_decode(&decoded[i], nrs_slice_of_bytes(&pieces->list[i])), NRS_OK);
        list[i] = decoded[i];
    }
    error = nrs_roster_delta_apply(many_out, list, pieces->count, base);
    for (size_t i = 0; i < pieces->count; i++) {
        nrs_roster_delta_free(&decoded[i]);
    }
    return error;
}

static void check_round_trip(pair *p, nrs_slice base, size_t pieces_wanted)
{
    nrs_roster_pieces pieces = { .count = 0 };
    nrs_bytes many = { 0 };

    assert_int_equal(nrs_roster_delta_make(&pieces, p->decoded, p->roster, base, base.size == 0 ? 0 : 1), NRS_OK);
    assert_int_equal(pieces.count, pieces_wanted);
    assert_int_equal(apply(&many, &pieces, base), NRS_OK);
    assert_true(nrs_slice_equal(nrs_slice_of_bytes(&many), nrs_slice_of_bytes(&p->second_many)));
    nrs_bytes_wipe(&many);
    nrs_roster_pieces_wipe(&pieces);
}

static void drop_member(pair *p, size_t index)
{
    memmove(&p->e.members[index], &p->e.members[index + 1], (p->e.roster.n_members - index - 1) * sizeof(Nrs__Wire__Member *));
    p->e.roster.n_members--;
}

static void test_changes(void **state)
{
    (void)state;
    for (int what = 0; what < 5; what++) {
        pair p;

        pair_init(&p, 5);
        switch (what) {
        case 0: /* nothing but the version */
            break;
        case 1:
            drop_member(&p, 2);
            break;
        case 2:
            p.m.members[4].wire.role = 2;
            break;
        case 3: /* in another order of its bytes: a member that was there comes back after one that was not */
            (void)snprintf(p.m.members[0].name, sizeof(p.m.members[0].name), "改名");
            break;
        default:
            drop_member(&p, 0);
            drop_member(&p, 3);
            break;
        }
        pair_follow(&p);
        check_round_trip(&p, nrs_slice_of_bytes(&p.first), 1);
        check_round_trip(&p, nrs_slice_of(NULL, 0), 1);
        pair_wipe(&p);
    }
}

static void test_wrong(void **state)
{
    pair p;
    nrs_roster_pieces pieces = { .count = 0 };
    nrs_roster_delta *delta = NULL;
    const nrs_roster_delta *list[2];
    nrs_bytes many = { 0 };

    (void)state;
    pair_init(&p, 3);
    drop_member(&p, 1);
    pair_follow(&p);
    assert_int_equal(nrs_roster_delta_make(&pieces, p.decoded, p.roster, nrs_slice_of_bytes(&p.first), 1), NRS_OK);
    assert_int_equal(apply(&many, &pieces, nrs_slice_of_bytes(&p.second)), NRS_ERROR_FORGED);
    assert_int_equal(apply(&many, &pieces, nrs_slice_of(NULL, 0)), NRS_ERROR_FORGED);
    assert_int_equal(nrs_roster_delta_decode(&delta, nrs_slice_of_bytes(&pieces.list[0])), NRS_OK);
    list[0] = list[1] = delta;
    assert_int_equal(nrs_roster_delta_apply(&many, list, 0, nrs_slice_of_bytes(&p.first)), NRS_ERROR_MALFORMED);
    assert_int_equal(nrs_roster_delta_apply(&many, list, 2, nrs_slice_of_bytes(&p.first)), NRS_ERROR_MALFORMED);
    for (size_t i = 0; i < delta->n_edits; i++) {
        Nrs__Wire__RosterEdit *edit = delta->edits[i];

        if (edit->size > 0) {
            edit->size += 1; /* other bytes, or past the end */
            assert_int_not_equal(nrs_roster_delta_apply(&many, list, 1, nrs_slice_of_bytes(&p.first)), NRS_OK);
            edit->size -= 1;
            edit->offset += (uint32_t)p.first.size;
            assert_int_equal(nrs_roster_delta_apply(&many, list, 1, nrs_slice_of_bytes(&p.first)), NRS_ERROR_MALFORMED);
            edit->offset -= (uint32_t)p.first.size;
        } else {
            edit->literal.data[0] ^= 1;
            assert_int_equal(nrs_roster_delta_apply(&many, list, 1, nrs_slice_of_bytes(&p.first)), NRS_ERROR_FORGED);
            edit->literal.data[0] ^= 1;
        }
    }
    assert_null(many.data);
    assert_int_equal(nrs_roster_delta_apply(&many, list, 1, nrs_slice_of_bytes(&p.first)), NRS_OK);
    nrs_roster_delta_free(&delta);
    nrs_bytes_wipe(&many);
    nrs_roster_pieces_wipe(&pieces);
    pair_wipe(&p);
}

static uint64_t now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

/* One Ed25519 verification, the floor V: the median of some. */
static double verification_us(void)
{
    uint8_t key[32], secret[64], signature[64], message[64] = { 1 };
    uint64_t start;

    (void)crypto_sign_keypair(key, secret);
    (void)crypto_sign_detached(signature, NULL, message, sizeof(message), secret);
    start = now_us();
    for (int i = 0; i < 200; i++) {
        assert_int_equal(crypto_sign_verify_detached(signature, message, sizeof(message), key), 0);
    }
    return (double)(now_us() - start) / 200.0;
}

/* The largest community of the design. A member that gave its word that it joined has 66 bytes more. */
static void test_two_thousand(void **state)
{
    pair p;
    nrs_roster_pieces pieces = { .count = 0 };
    nrs_roster *before = NULL, *next = NULL;
    nrs_bytes many = { 0 }, statement = { 0 }, next_statement = { 0 };
    uint64_t start, verified, made, applied;
    double v = verification_us();

    (void)state;
    memset(&p, 0, sizeof(p));
    pair_init(&p, MANY);
    start = now_us();
    assert_int_equal(nrs_roster_verify(&before, &statement, nrs_slice_of_bytes(&p.first_many), NULL, nrs_slice_of(NULL, 0)), NRS_OK);
    verified = now_us() - start;
    drop_member(&p, 1234);
    pair_follow(&p);
    check_round_trip(&p, nrs_slice_of(NULL, 0), 2);
    start = now_us();
    assert_int_equal(nrs_roster_delta_make(&pieces, p.decoded, p.roster, nrs_slice_of_bytes(&p.first), 1), NRS_OK);
    made = now_us() - start;
    assert_int_equal(pieces.count, 1);
    start = now_us();
    assert_int_equal(apply(&many, &pieces, nrs_slice_of_bytes(&p.first)), NRS_OK);
    assert_int_equal(nrs_roster_verify(&next, &next_statement, nrs_slice_of_bytes(&many), before, nrs_slice_of_bytes(&statement)), NRS_OK);
    applied = now_us() - start;
    assert_true(nrs_slice_equal(nrs_slice_of_bytes(&many), nrs_slice_of_bytes(&p.second_many)));
    print_message("  %d members: whole %zu bytes, one change %zu bytes; V %.0f us; verified in %.0f V, that is %.2f V a member; "
                  "delta made in %.0f V, applied and verified in %.0f V\n",
                  MANY, p.second_many.size, pieces.list[0].size, v, (double)verified / v, (double)verified / v / MANY, (double)made / v,
                  (double)applied / v);
    assert_true(p.second_many.size + MANY * 66u < 1000000);
    assert_true(pieces.list[0].size < 2048);
    nrs_roster_free(&before);
    nrs_roster_free(&next);
    nrs_bytes_wipe(&many);
    nrs_bytes_wipe(&statement);
    nrs_bytes_wipe(&next_statement);
    nrs_roster_pieces_wipe(&pieces);
    pair_wipe(&p);
}

static int start(void **state)
{
    (void)state;
    return nrs_keys_start() == NRS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_two_thousand),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
