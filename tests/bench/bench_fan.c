/* A flooded hub and its hundred members: deliveries a second, against a bare ROUTER that sends the same bytes to as
 * many. Every report is sealed beforehand, so that no sender is waited for. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bare_router.h"
#include "crowd.h"
#include "process.h"
#include "text.h"

enum {
    MEMBER_COUNT_MAX = 100,
    QUICK_MEMBER_COUNT = 8,
    ROUNDS = 3,
    ROUND_REPORTS = 400,
    QUICK_ROUND_REPORTS = 20,
    FRAME_REPORTS = 16,
    IN_FLIGHT_REPORTS = 128, /* stays below the smallest window with slots for a hundred */
    WAIT_SECONDS = 60,
    ITEM_OVERHEAD = 24
};

typedef struct fan {
    nrs_mesh mesh;
    nrs_crowd crowd; /* the last of it is the sender */
    size_t member_count;
    size_t round_reports;
    nrs_recipient recipients[MEMBER_COUNT_MAX];
    nrs_bytes *sealed; /* one round of them */
    nrs_bytes *tables;
    uint64_t position;    /* of the sender's log */
    size_t delivery_size; /* bytes that one member is sent for one report */
    nrs_bare_router router;
} fan;

static void reports_wipe(fan *of)
{
    for (size_t i = 0; i < of->round_reports; i++) {
        nrs_bytes_wipe(&of->sealed[i]);
        nrs_bytes_wipe(&of->tables[i]);
    }
}

static int make_recipients(fan *of)
{
    uint8_t secret[NRS_KEY_SIZE];

    for (size_t i = 0; i < of->member_count; i++) {
        const nrs_public_keys *keys = nrs_identity_public(of->crowd.members[i].identity);
        nrs_recipient *recipient = &of->recipients[i];

        memcpy(recipient->sign_key, keys->sign_key, NRS_KEY_SIZE);
        memcpy(recipient->org_sign_key, keys->sign_key, NRS_KEY_SIZE);
        memcpy(recipient->agree_key, keys->agree_key, NRS_KEY_SIZE);
        randombytes_buf(recipient->prekey_id, NRS_PREKEY_ID_SIZE);
        if (crypto_box_keypair(recipient->prekey, secret) != 0) {
            return 1;
        }
    }
    return 0;
}

/* What a member is sent: the report and its own slot with a path as deep as the tree. */
static size_t size_of_delivery(size_t sealed_size, size_t member_count)
{
    size_t depth = 0;

    while ((1u << depth) < member_count) {
        depth++;
    }
    return sealed_size + 2 * NRS_HASH_SIZE + NRS_SLOT_SIZE_MAX + depth * NRS_HASH_SIZE + ITEM_OVERHEAD;
}

static int seal_round(fan *of)
{
    nrs_identity *sender = of->crowd.members[of->member_count].identity;
    nrs_bench_text text;
    int failed = 0;

    nrs_bench_text_init(&text, of->crowd.community, of->crowd.roster_version, (uint64_t)time(NULL) * NRS_SECOND_MS);
    for (size_t i = 0; failed == 0 && i < of->round_reports; i++) {
        nrs_sealed_parts parts = {0};
        nrs_secret *file_key = NULL;
        const nrs_seal_request request = {
            .header = &text.header,
            .report = &text.report,
            .audience = &text.audience,
            .recipients = of->recipients,
            .recipient_count = of->member_count,
            .grantor = {nrs_identity_public(sender), nrs_identity_agree_with, sender},
        };

        failed = nrs_seal(&parts, &file_key, &request) != NRS_OK ||
                 nrs_seal_sign(&of->sealed[i], &parts, sender) != NRS_OK ||
                 nrs_bytes_copy(&of->tables[i], nrs_slice_of_bytes(&parts.slot_table)) != NRS_OK;
        nrs_secret_destroy(&file_key);
        nrs_sealed_parts_wipe(&parts);
    }
    of->delivery_size = size_of_delivery(of->sealed[0].size, of->member_count);
    return failed;
}

/* A frame of the reports from `first` on: each is two entries of the sender's log. */
static int send_reports(fan *of, size_t first, size_t count)
{
    Nrs__Wire__Item items[2 * FRAME_REPORTS];
    Nrs__Wire__Item *list[2 * FRAME_REPORTS];
    ProtobufCBinaryData records[2 * FRAME_REPORTS];
    nrs_items frame = NRS__WIRE__ITEMS__INIT;
    nrs_bytes payload = {0};
    int failed;

    for (size_t i = 0; i < 2 * count; i++) {
        const nrs_bytes *record = i % 2 == 0 ? &of->sealed[first + i / 2] : &of->tables[first + i / 2];

        nrs__wire__item__init(&items[i]);
        records[i] = nrs_field_of(nrs_slice_of_bytes(record));
        items[i].position = ++of->position;
        items[i].records = &records[i];
        items[i].n_records = 1;
        list[i] = &items[i];
    }
    frame.items = list;
    frame.n_items = 2 * count;
    failed = nrs_items_encode(&payload, &frame) != NRS_OK ||
             nrs_crowd_send(&of->crowd, of->member_count, NRS_FRAME_ITEMS, nrs_slice_of_bytes(&payload)) != 0;
    nrs_bytes_wipe(&payload);
    return failed;
}

/* Deliveries a second of the hub; below zero when it failed. */
static double flood_hub(fan *of)
{
    const nrs_crowd_member *sender = &of->crowd.members[of->member_count];
    size_t want = nrs_crowd_deliveries(&of->crowd, of->member_count) + of->round_reports * of->member_count;
    size_t sent = 0;
    uint64_t first = of->position;
    double start = nrs_bench_now();

    while (nrs_crowd_deliveries(&of->crowd, of->member_count) < want) {
        size_t confirmed = sender->confirmed > first ? (size_t)(sender->confirmed - first) / 2 : 0;
        size_t count = of->round_reports - sent < FRAME_REPORTS ? of->round_reports - sent : FRAME_REPORTS;

        if (count > 0 && sent - confirmed + count <= IN_FLIGHT_REPORTS) {
            if (send_reports(of, sent, count) != 0) {
                return -1.0;
            }
            sent += count;
        } else if (nrs_crowd_take(&of->crowd, 100, true) != 0 || nrs_bench_now() > start + WAIT_SECONDS) {
            nrs_bench_note("%zu of %zu deliveries", nrs_crowd_deliveries(&of->crowd, of->member_count), want);
            return -1.0;
        }
    }
    return (double)(of->round_reports * of->member_count) / (nrs_bench_now() - start);
}

/* The same of the bare ROUTER. */
static double flood_bare(fan *of)
{
    size_t want = of->member_count + of->round_reports * of->member_count; /* one greeting each */
    double start = 0.0;
    double end = -1.0;

    if (nrs_crowd_connect(&of->crowd, of->member_count, of->router.endpoint, of->router.key, false) == 0 &&
        nrs_crowd_wait_up(&of->crowd, of->member_count, false) == 0) {
        start = nrs_bench_now();
        (void)fprintf(of->router.to, "%zu %zu\n", of->round_reports, of->delivery_size);
        (void)fflush(of->router.to);
        while (nrs_crowd_messages(&of->crowd, of->member_count) < want && nrs_bench_now() < start + WAIT_SECONDS &&
               nrs_crowd_take(&of->crowd, 100, false) == 0) {
        }
        end = nrs_crowd_messages(&of->crowd, of->member_count) == want ? nrs_bench_now() : -1.0;
    }
    nrs_crowd_disconnect(&of->crowd);
    return end < 0.0 ? -1.0 : (double)(of->round_reports * of->member_count) / (end - start);
}

static double flood_hub_once(fan *of)
{
    double rate = -1.0;

    if (nrs_crowd_connect(&of->crowd, of->member_count + 1, of->mesh.endpoint, of->crowd.hub_curve_key, true) == 0 &&
        nrs_crowd_wait_up(&of->crowd, of->member_count + 1, true) == 0) {
        rate = flood_hub(of);
    }
    nrs_crowd_disconnect(&of->crowd);
    return rate;
}

static int measure(fan *of)
{
    double hub[ROUNDS];
    double bare[ROUNDS];
    nrs_figure figure = {.name = "deliveries/s of a flooded hub to 100 members / bare ROUTER",
                         .target = 0.6,
                         .first_class = 0.75,
                         .unit = "1/s"};

    for (size_t i = 0; i < ROUNDS; i++) {
        int failed = seal_round(of) || nrs_bare_router_start(&of->router);

        if (failed == 0) {
            bare[i] = flood_bare(of);
        }
        nrs_bare_router_stop(&of->router);
        if (failed == 0) {
            hub[i] = flood_hub_once(of);
            nrs_bench_note("round %zu: hub %.0f, bare %.0f deliveries/s", i + 1, hub[i], bare[i]);
        }
        reports_wipe(of);
        if (failed != 0 || bare[i] < 0.0 || hub[i] < 0.0) {
            return 1;
        }
    }
    figure.value = nrs_bench_median(hub, ROUNDS);
    figure.floor = nrs_bench_median(bare, ROUNDS);
    figure.disk = nrs_bench_disk(of->mesh.dir);
    return nrs_bench_print(of->mesh.bench->out, &figure);
}

int nrs_bench_fan(const nrs_bench *bench)
{
    static const char *const names[] = {"hub"};
    fan *of = calloc(1, sizeof *of);
    int failed = 1;

    if (of == NULL) {
        return 1;
    }
    of->mesh.bench = bench;
    of->member_count = bench->quick ? QUICK_MEMBER_COUNT : MEMBER_COUNT_MAX;
    of->round_reports = bench->quick ? QUICK_ROUND_REPORTS : ROUND_REPORTS;
    of->sealed = calloc(of->round_reports, sizeof *of->sealed);
    of->tables = calloc(of->round_reports, sizeof *of->tables);
    nrs_bench_note("fan: %d rounds of %zu reports to %zu members", ROUNDS, of->round_reports, of->member_count);
    if (of->sealed != NULL && of->tables != NULL && nrs_mesh_make(&of->mesh, bench, names, 1) == 0 &&
        nrs_crowd_make(&of->crowd, &of->mesh, of->member_count + 1) == 0 && make_recipients(of) == 0 &&
        nrs_mesh_start(&of->mesh, 0) == 0 && nrs_crowd_wait_known(&of->crowd, &of->mesh) == 0) {
        failed = measure(of);
    }
    nrs_crowd_destroy(&of->crowd);
    nrs_mesh_destroy(&of->mesh);
    free(of->sealed);
    free(of->tables);
    free(of);
    return failed;
}
