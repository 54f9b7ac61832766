/* Sealing to many and opening one, against the two operations that they cannot do without: X, one X25519, and V, one
 * Ed25519 verification. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "keys/seal.h"
#include "text.h"

enum {
    RECIPIENT_COUNT = 2000,
    FEW = 100,
    REPETITIONS_MAX = 11,
    FLOOR_OPERATIONS = 400,
    OPENINGS = 200,
    GROWTH_RECIPIENTS = RECIPIENT_COUNT - FEW
};

#define NOW_MS 1700000000000ull

typedef struct workload {
    nrs_identity *sender;
    nrs_identity *reader;
    size_t repetitions;
    nrs_prekey_secret prekey;
    nrs_recipient recipients[RECIPIENT_COUNT];
    nrs_bench_text text;
    uint8_t verify_key[NRS_KEY_SIZE]; /* for the floor V */
    uint8_t signature[NRS_SIGNATURE_SIZE];
    uint8_t scalar[NRS_KEY_SIZE]; /* for the floor X */
} workload;

/* A sealed report as its reader receives it. */
typedef struct delivery {
    nrs_bytes sealed;
    nrs_bytes path;
} delivery;

static const uint8_t message[NRS_LONG_HASH_SIZE] = {1};

static int make_recipients(workload *work)
{
    uint8_t secret[NRS_KEY_SIZE];
    const nrs_public_keys *reader = nrs_identity_public(work->reader);

    for (size_t i = 0; i < RECIPIENT_COUNT; i++) {
        nrs_recipient *recipient = &work->recipients[i];

        randombytes_buf(recipient->sign_key, NRS_KEY_SIZE);
        memcpy(recipient->org_sign_key, recipient->sign_key, NRS_KEY_SIZE);
        randombytes_buf(recipient->prekey_id, NRS_PREKEY_ID_SIZE);
        if (crypto_box_keypair(recipient->agree_key, secret) != 0 ||
            crypto_box_keypair(recipient->prekey, secret) != 0) {
            return 1;
        }
    }
    memcpy(work->recipients[0].sign_key, reader->sign_key, NRS_KEY_SIZE);
    memcpy(work->recipients[0].org_sign_key, reader->sign_key, NRS_KEY_SIZE);
    memcpy(work->recipients[0].agree_key, reader->agree_key, NRS_KEY_SIZE);
    memcpy(work->recipients[0].prekey_id, work->prekey.id, NRS_PREKEY_ID_SIZE);
    memcpy(work->recipients[0].prekey, work->prekey.key, NRS_KEY_SIZE);
    return 0;
}

static int workload_init(workload *work)
{
    static const uint8_t community[NRS_HASH_SIZE] = {0x5c};
    uint8_t sign_secret[crypto_sign_SECRETKEYBYTES];

    if (nrs_keys_start() != NRS_OK || nrs_identity_new(&work->sender) != NRS_OK ||
        nrs_identity_new(&work->reader) != NRS_OK || nrs_prekeys_make(&work->prekey, 1, NOW_MS) != NRS_OK ||
        make_recipients(work) != 0) {
        return 1;
    }
    nrs_bench_text_init(&work->text, community, 1, NOW_MS);
    randombytes_buf(work->scalar, sizeof work->scalar);
    if (crypto_sign_keypair(work->verify_key, sign_secret) != 0 ||
        crypto_sign_detached(work->signature, NULL, message, sizeof message, sign_secret) != 0) {
        return 1;
    }
    return 0;
}

static void workload_wipe(workload *work)
{
    nrs_prekey_secret_wipe(&work->prekey);
    nrs_identity_destroy(&work->sender);
    nrs_identity_destroy(&work->reader);
}

static int seal_to(nrs_sealed_parts *parts, const workload *work, size_t count)
{
    nrs_secret *key = NULL;
    const nrs_seal_request request = {
        .header = &work->text.header,
        .report = &work->text.report,
        .audience = &work->text.audience,
        .recipients = work->recipients,
        .recipient_count = count,
        .grantor = {nrs_identity_public(work->sender), nrs_identity_agree_with, work->sender},
    };
    nrs_error error = nrs_seal(parts, &key, &request);

    nrs_secret_destroy(&key);
    return error == NRS_OK ? 0 : 1;
}

/* Seconds for sealing to `count`; below zero when it failed. */
static double time_seal(const workload *work, size_t count)
{
    nrs_sealed_parts parts = {0};
    double start = nrs_bench_now();
    int failed = seal_to(&parts, work, count);
    double end = nrs_bench_now();

    nrs_sealed_parts_wipe(&parts);
    return failed ? -1.0 : end - start;
}

/* Seconds for one X25519 and one verification; below zero when one failed. */
static double time_agreement(const workload *work)
{
    uint8_t shared[NRS_KEY_SIZE];
    double start = nrs_bench_now();

    for (size_t i = 0; i < FLOOR_OPERATIONS; i++) {
        if (crypto_scalarmult(shared, work->scalar, work->recipients[i % RECIPIENT_COUNT].prekey) != 0) {
            return -1.0;
        }
    }
    return (nrs_bench_now() - start) / FLOOR_OPERATIONS;
}

static double time_verification(const workload *work)
{
    double start = nrs_bench_now();

    for (size_t i = 0; i < FLOOR_OPERATIONS; i++) {
        if (crypto_sign_verify_detached(work->signature, message, sizeof message, work->verify_key) != 0) {
            return -1.0;
        }
    }
    return (nrs_bench_now() - start) / FLOOR_OPERATIONS;
}

static int measure_growth(FILE *out, const workload *work)
{
    double growth[REPETITIONS_MAX];
    double floor[REPETITIONS_MAX];
    nrs_figure figure = {.name = "sealing growth per recipient / X", .target = 1.15, .first_class = 1.05, .unit = "us"};

    if (time_seal(work, RECIPIENT_COUNT) < 0.0) { /* agreements of the identities are kept per pair: fill them */
        return 1;
    }
    for (size_t i = 0; i < work->repetitions; i++) {
        double before = time_agreement(work);
        double few = time_seal(work, FEW);
        double many = time_seal(work, RECIPIENT_COUNT);
        double after = time_agreement(work);

        if (before < 0.0 || few < 0.0 || many < 0.0 || after < 0.0) {
            return 1;
        }
        growth[i] = (many - few) / GROWTH_RECIPIENTS * 1e6;
        floor[i] = (before + after) / 2.0 * 1e6;
    }
    figure.value = nrs_bench_median(growth, work->repetitions);
    figure.floor = nrs_bench_median(floor, work->repetitions);
    return nrs_bench_print(out, &figure);
}

/* Seal to FEW, sign, and take the reader's own slot out of the table, as a hub would. */
static int deliver(delivery *delivery_out, const workload *work)
{
    nrs_sealed_parts parts = {0};
    nrs_record *outer = NULL;
    nrs_slot_table *table = NULL;
    nrs_grant *grant = NULL;
    nrs_slots *slots = NULL;
    size_t index = 0;
    uint8_t org[NRS_KEY_HASH_SIZE];
    int failed = 1;

    nrs_key_hash(org, nrs_identity_public(work->reader)->sign_key);
    if (seal_to(&parts, work, FEW) == 0 && nrs_seal_sign(&delivery_out->sealed, &parts, work->sender) == NRS_OK &&
        nrs_record_decode(&outer, nrs_slice_of_bytes(&parts.slot_table)) == NRS_OK &&
        nrs_slot_table_decode(&table, nrs_field(&outer->payload)) == NRS_OK &&
        nrs_grant_decode(&grant, nrs_slice_of_bytes(&parts.grant)) == NRS_OK &&
        nrs_slots_new(&slots, table, grant, parts.grant_id) == NRS_OK && nrs_slots_for(&index, 1, slots, org) == 1 &&
        nrs_slots_path_record(&delivery_out->path, slots, index) == NRS_OK) {
        failed = 0;
    }
    nrs_slots_destroy(&slots);
    nrs_grant_free(&grant);
    nrs_slot_table_free(&table);
    nrs_record_free(&outer);
    nrs_sealed_parts_wipe(&parts);
    return failed;
}

/* All of it, from two records to the report and its summary. */
static int open_delivery(const delivery *sent, const workload *work)
{
    nrs_record *sealed = NULL;
    nrs_record *slot = NULL;
    nrs_sealed_view *view = NULL;
    nrs_slot_path *path = NULL;
    nrs_secret *key = NULL;
    nrs_opened opened = {0};
    int failed = 1;

    if (nrs_record_decode(&sealed, nrs_slice_of_bytes(&sent->sealed)) == NRS_OK &&
        nrs_record_decode(&slot, nrs_slice_of_bytes(&sent->path)) == NRS_OK &&
        nrs_sealed_verify(&view, nrs_field(&sealed->payload)) == NRS_OK &&
        nrs_slot_path_decode(&path, nrs_field(&slot->payload)) == NRS_OK &&
        nrs_slot_open(&key, view, view->grant, path, work->reader, &work->prekey, nrs_identity_public(work->sender)) ==
            NRS_OK &&
        nrs_body_open(&opened, view, key) == NRS_OK) {
        failed = 0;
    }
    nrs_opened_wipe(&opened);
    nrs_secret_destroy(&key);
    nrs_slot_path_free(&path);
    nrs_sealed_view_free(&view);
    nrs_record_free(&slot);
    nrs_record_free(&sealed);
    return failed;
}

static double time_opening(const delivery *sent, const workload *work)
{
    double start = nrs_bench_now();

    for (size_t i = 0; i < OPENINGS; i++) {
        if (open_delivery(sent, work) != 0) {
            return -1.0;
        }
    }
    return (nrs_bench_now() - start) / OPENINGS;
}

static int measure_opening(FILE *out, const workload *work)
{
    delivery sent = {0};
    double opening[REPETITIONS_MAX];
    double floor[REPETITIONS_MAX];
    int failed = 1;
    nrs_figure figure = {.name = "opening 1 KiB / (V + X)", .target = 1.25, .first_class = 1.1, .unit = "us"};

    if (deliver(&sent, work) != 0 || open_delivery(&sent, work) != 0) {
        goto out;
    }
    for (size_t i = 0; i < work->repetitions; i++) {
        double agreement = time_agreement(work);
        double whole = time_opening(&sent, work);
        double verification = time_verification(work);

        if (agreement < 0.0 || whole < 0.0 || verification < 0.0) {
            goto out;
        }
        opening[i] = whole * 1e6;
        floor[i] = (agreement + verification) * 1e6;
    }
    figure.value = nrs_bench_median(opening, work->repetitions);
    figure.floor = nrs_bench_median(floor, work->repetitions);
    failed = nrs_bench_print(out, &figure);
out:
    nrs_bytes_wipe(&sent.sealed);
    nrs_bytes_wipe(&sent.path);
    return failed;
}

int nrs_bench_seal(const nrs_bench *bench)
{
    workload *work = calloc(1, sizeof *work);
    int failed = 1;

    if (work == NULL) {
        return 1;
    }
    if (workload_init(work) == 0) {
        work->repetitions = bench->quick ? 1 : REPETITIONS_MAX;
        nrs_bench_note("seal: to %d and %d recipients", FEW, RECIPIENT_COUNT);
        failed = measure_growth(bench->out, work) | measure_opening(bench->out, work);
    }
    workload_wipe(work);
    free(work);
    return failed;
}
