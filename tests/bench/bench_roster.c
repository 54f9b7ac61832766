/* A roster of 2,000 members: what it weighs whole and as one change, and what it costs to verify the whole and to take that change, against
 * the verifications that the whole cannot do without: two for each member, who proves its keys and says that it joined. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "keys/card.h"
#include "keys/roster_delta.h"
#include "proto/label.h"
#include "proto/vocabulary.h"

enum { MEMBERS = 2000, MEMBERS_QUICK = 50, REPETITIONS = 5, FLOOR_OPERATIONS = 400, ORG_SIZE = 16, NAME_SIZE = 32 };

#define NOW_MS 1795392000000ull
#define WHOLE_SIZE_MAX 1000000.0 /* what a member has to receive once */
#define CHANGE_SIZE_MAX 2000.0   /* and each time */

typedef struct entry {
    nrs_identity *identity;
    char org[ORG_SIZE], name[NAME_SIZE];
    uint8_t proof[NRS_SIGNATURE_SIZE], joined[NRS_SIGNATURE_SIZE];
    Nrs__Wire__Member member;
} entry;

typedef struct workload {
    entry *entries;
    Nrs__Wire__Member **members;
    size_t count;
    nrs_identity *key;
    Nrs__Wire__Rules rules;
    char id[16], name[16];
    ProtobufCBinaryData keys[1];
    nrs_roster roster;
    uint8_t community[NRS_HASH_SIZE], previous[NRS_HASH_SIZE];
    nrs_bytes many[3]; /* the founding version, the whole, and what changes it; and their statements */
    nrs_bytes first_statement, whole_statement, next_statement;
} workload;

static void workload_wipe(workload *work)
{
    for (size_t i = 0; work->entries != NULL && i < work->count; i++) {
        nrs_identity_destroy(&work->entries[i].identity);
    }
    nrs_identity_destroy(&work->key);
    free(work->entries);
    free(work->members);
    for (size_t i = 0; i < 3; i++) {
        nrs_bytes_wipe(&work->many[i]);
    }
    nrs_bytes_wipe(&work->first_statement);
    nrs_bytes_wipe(&work->whole_statement);
    nrs_bytes_wipe(&work->next_statement);
}

static int make_entry(entry *one, size_t number)
{
    const nrs_public_keys *keys;

    if (nrs_identity_new(&one->identity) != NRS_OK) {
        return 1;
    }
    keys = nrs_identity_public(one->identity);
    (void)snprintf(one->org, sizeof one->org, "member-%04zu", number);
    (void)snprintf(one->name, sizeof one->name, "A member of the sector %04zu", number);
    nrs__wire__member__init(&one->member);
    one->member.org = one->org;
    one->member.name = one->name;
    one->member.sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
    one->member.agree_key = nrs_field_of(nrs_slice_of(keys->agree_key, NRS_KEY_SIZE));
    one->member.curve_key = nrs_field_of(nrs_slice_of(keys->curve_key, NRS_KEY_SIZE));
    one->member.role = number == 0 ? NRS_ROLE_HUB : NRS_ROLE_OPERATOR;
    if (nrs_member_prove(one->proof, one->identity, one->org) != NRS_OK) {
        return 1;
    }
    one->member.proof = nrs_field_of(nrs_slice_of(one->proof, NRS_SIGNATURE_SIZE));
    return 0;
}

static int sign_version(nrs_bytes *statement_out, nrs_bytes *many_out, workload *work)
{
    return nrs_roster_encode(statement_out, &work->roster) != NRS_OK ||
           nrs_roster_sign(many_out, nrs_slice_of_bytes(statement_out), nrs_slice_of(NULL, 0), work->key) != NRS_OK;
}

/* The first version has the hub alone; the second everybody, with their word that they joined; the third one member's other role. */
static int workload_init(workload *work, size_t count)
{

    work->entries = calloc(count, sizeof *work->entries);
    work->members = calloc(count, sizeof *work->members);
    if (work->entries == NULL || work->members == NULL || nrs_keys_start() != NRS_OK || nrs_identity_new(&work->key) != NRS_OK) {
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        work->count++;
        if (make_entry(&work->entries[i], i) != 0) {
            return 1;
        }
        work->members[i] = &work->entries[i].member;
    }
    nrs__wire__rules__init(&work->rules);
    work->rules.labels = NRS_LABEL_BITS_ALL;
    nrs__wire__roster__init(&work->roster);
    (void)snprintf(work->id, sizeof work->id, "electricity");
    (void)snprintf(work->name, sizeof work->name, "Electricity");
    work->keys[0] = nrs_field_of(nrs_slice_of(nrs_identity_public(work->key)->sign_key, NRS_KEY_SIZE));
    work->roster.suite = NRS_SUITE;
    work->roster.id = work->id;
    work->roster.name = work->name;
    work->roster.version = 1;
    work->roster.created_ms = NOW_MS;
    work->roster.expires_ms = NOW_MS + NRS_DAY_MS;
    work->roster.keys = work->keys;
    work->roster.n_keys = work->roster.threshold = 1;
    work->roster.members = work->members;
    work->roster.n_members = 1;
    work->roster.rules = &work->rules;
    if (sign_version(&work->first_statement, &work->many[0], work) != 0) {
        return 1;
    }
    nrs_roster_community(work->community, &work->roster, nrs_slice_of_bytes(&work->first_statement));
    nrs_roster_hash(work->previous, nrs_slice_of_bytes(&work->first_statement));
    for (size_t i = 0; i < count; i++) {
        nrs_sign(work->entries[i].joined, work->entries[i].identity, NRS_DOMAIN_MEMBER_JOINED, nrs_slice_of(work->community, NRS_HASH_SIZE));
        work->entries[i].member.joined = nrs_field_of(nrs_slice_of(work->entries[i].joined, NRS_SIGNATURE_SIZE));
    }
    work->roster.community = nrs_field_of(nrs_slice_of(work->community, NRS_HASH_SIZE));
    work->roster.previous = nrs_field_of(nrs_slice_of(work->previous, NRS_HASH_SIZE));
    work->roster.version = 2;
    work->roster.n_members = count;
    if (sign_version(&work->whole_statement, &work->many[1], work) != 0) {
        return 1;
    }
    nrs_roster_hash(work->previous, nrs_slice_of_bytes(&work->whole_statement));
    work->roster.version = 3;
    work->roster.created_ms++;
    work->entries[count / 2].member.role = NRS_ROLE_RELATED;
    return sign_version(&work->next_statement, &work->many[2], work);
}

static double time_floor(size_t verifications)
{
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES], signature[NRS_SIGNATURE_SIZE];
    static const uint8_t message[NRS_LONG_HASH_SIZE] = {1};
    double start;

    if (crypto_sign_keypair(public_key, secret) != 0 || crypto_sign_detached(signature, NULL, message, sizeof message, secret) != 0) {
        return -1.0;
    }
    start = nrs_bench_now();
    for (size_t i = 0; i < FLOOR_OPERATIONS; i++) {
        if (crypto_sign_verify_detached(signature, message, sizeof message, public_key) != 0) {
            return -1.0;
        }
    }
    return (nrs_bench_now() - start) / FLOOR_OPERATIONS * (double)verifications;
}

/* The whole, on the founding version. */
static double time_whole(const workload *work, const nrs_roster *founding)
{
    nrs_roster *roster = NULL;
    nrs_bytes statement = {0};
    double start = nrs_bench_now();
    nrs_error error = nrs_roster_verify(&roster, &statement, nrs_slice_of_bytes(&work->many[1]), founding, nrs_slice_of_bytes(&work->first_statement));
    double took = nrs_bench_now() - start;

    nrs_roster_free(&roster);
    nrs_bytes_wipe(&statement);
    return error == NRS_OK ? took : -1.0;
}

/* One change, from its bytes on the wire to the verified roster. */
static double time_change(const workload *work, const nrs_roster *whole, nrs_slice piece)
{
    nrs_roster_delta *delta = NULL;
    nrs_roster *roster = NULL;
    nrs_bytes many = {0}, statement = {0};
    double start = nrs_bench_now(), took;
    nrs_error error = nrs_roster_delta_decode(&delta, piece);

    if (error == NRS_OK) {
        error = nrs_roster_delta_apply(&many, (const nrs_roster_delta *const[]){delta}, 1, nrs_slice_of_bytes(&work->whole_statement));
    }
    if (error == NRS_OK) {
        error = nrs_roster_verify(&roster, &statement, nrs_slice_of_bytes(&many), whole, nrs_slice_of_bytes(&work->whole_statement));
    }
    took = nrs_bench_now() - start;
    nrs_roster_delta_free(&delta);
    nrs_roster_free(&roster);
    nrs_bytes_wipe(&many);
    nrs_bytes_wipe(&statement);
    return error == NRS_OK ? took : -1.0;
}

static int print_all(FILE *out, double whole_size, double change_size, double *whole, double *change, double *floor, size_t repetitions)
{
    const nrs_figure figures[] = {
        {.name = "roster of 2,000: size whole / 1 MB", .value = whole_size, .floor = WHOLE_SIZE_MAX, .target = 1.0, .first_class = 0.6, .unit = "bytes"},
        {.name = "roster of 2,000: size of one change / 2 KB", .value = change_size, .floor = CHANGE_SIZE_MAX, .target = 1.0, .first_class = 0.5, .unit = "bytes"},
        {.name = "roster of 2,000: verifying the whole / two V a member", .value = nrs_bench_median(whole, repetitions) * 1e3,
         .floor = nrs_bench_median(floor, repetitions) * 1e3, .target = 1.25, .first_class = 1.1, .unit = "ms"},
        {.name = "roster of 2,000: taking one change / verifying the whole", .value = nrs_bench_median(change, repetitions) * 1e3,
         .floor = nrs_bench_median(whole, repetitions) * 1e3, .target = 0.1, .first_class = 0.05, .unit = "ms"},
    };
    int failed = 0;

    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        failed |= nrs_bench_print(out, &figures[i]);
    }
    return failed;
}

static int measure(FILE *out, const workload *work, size_t repetitions)
{
    nrs_roster *founding = NULL, *whole = NULL;
    nrs_signed_by_many *many = NULL;
    nrs_roster_pieces pieces = {0};
    nrs_bytes statement = {0};
    double times[3][REPETITIONS];
    int failed = 1;

    if (nrs_roster_verify(&founding, &statement, nrs_slice_of_bytes(&work->many[0]), NULL, nrs_slice_of(NULL, 0)) != NRS_OK ||
        nrs_roster_verify(&whole, &statement, nrs_slice_of_bytes(&work->many[1]), founding, nrs_slice_of_bytes(&work->first_statement)) != NRS_OK ||
        nrs_signed_by_many_decode(&many, nrs_slice_of_bytes(&work->many[2])) != NRS_OK ||
        nrs_roster_delta_make(&pieces, many, &work->roster, nrs_slice_of_bytes(&work->whole_statement), 2) != NRS_OK || pieces.count != 1) {
        goto out;
    }
    for (size_t i = 0; i < repetitions; i++) {
        times[0][i] = time_whole(work, founding);
        times[1][i] = time_change(work, whole, nrs_slice_of_bytes(&pieces.list[0]));
        times[2][i] = time_floor(2 * work->count);
        if (times[0][i] < 0.0 || times[1][i] < 0.0 || times[2][i] < 0.0) {
            goto out;
        }
    }
    failed = print_all(out, (double)work->many[1].size, (double)pieces.list[0].size, times[0], times[1], times[2], repetitions);
out:
    nrs_roster_pieces_wipe(&pieces);
    nrs_signed_by_many_free(&many);
    nrs_bytes_wipe(&statement);
    nrs_roster_free(&founding);
    nrs_roster_free(&whole);
    return failed;
}

int nrs_bench_roster(const nrs_bench *bench)
{
    workload work = {.count = 0};
    int failed;

    nrs_bench_note("roster: %d members", bench->quick ? MEMBERS_QUICK : MEMBERS);
    failed = workload_init(&work, bench->quick ? MEMBERS_QUICK : MEMBERS) != 0 || measure(bench->out, &work, bench->quick ? 1 : REPETITIONS) != 0;
    workload_wipe(&work);
    return failed;
}
