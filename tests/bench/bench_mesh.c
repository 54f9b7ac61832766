/* A report's way from a sender over a hub to a member: what it costs, how many pass, how long one takes, and how fast a
 * member that was away catches up. Real processes; every step is durable at all three. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control_client.h"
#include "floors.h"
#include "mesh.h"
#include "process.h"

enum { HUB = 0, SENDER = 1, MEMBER = 2, STEP_MS = 3, SAMPLE_COUNT_MAX = 200, POLL_US = 100, RECEIPT_SECONDS_MAX = 10 };

#define BROKER "/usr/sbin/mosquitto"
#define BROKER_CLIENT "/usr/bin/mosquitto_pub"
#define BROKER_MEASURE NRS_BENCH_SOURCE "/broker.py"

typedef struct counts {
    size_t warm, samples, flood, missed;
} counts;

static const counts full_counts = {.warm = 2000, .samples = SAMPLE_COUNT_MAX, .flood = 5000, .missed = 10000};
static const counts quick_counts = {.warm = 20, .samples = 5, .flood = 100, .missed = 200};

typedef struct passage {
    nrs_mesh mesh;
    counts counts;
    nrs_floors floors;
    char *line;       /* the report that is sent */
    double live_rate; /* reports/s */
    const char *disk; /* nrs_bench_disk */
} passage;

/* ---- One at a time ---- */

/* The receipts of a recipient stand in the order of their stages. */
static bool stored(const nrs_mesh_node *sender, const char *question)
{
    json_t *row = NULL;
    const char *stage = NULL;
    bool is_stored = false;

    if (nrs_control_ask(&row, sender->control, question) == 0) {
        stage = json_string_value(json_object_get(row, "stage"));
        is_stored = stage != NULL && strcmp(stage, "stored") == 0;
    }
    json_decref(row);
    return is_stored;
}

/* Seconds from the answer to `send`, which follows its commit, to the receipt in the sender's store. */
static double sample_latency(const passage *run)
{
    const nrs_mesh_node *sender = &run->mesh.nodes[SENDER];
    char question[160];
    json_t *row = NULL;
    double start;

    if (nrs_control_ask(&row, sender->control, run->line) != 0) {
        return -1.0;
    }
    start = nrs_bench_now();
    (void)snprintf(question, sizeof question, "{\"command\":\"receipts\",\"id\":\"%s\"}\n",
                   json_string_value(json_object_get(row, "id")));
    json_decref(row);
    while (!stored(sender, question)) {
        if (nrs_bench_now() > start + RECEIPT_SECONDS_MAX) {
            nrs_bench_note("no receipt came");
            return -1.0;
        }
        nrs_bench_sleep_us(POLL_US);
    }
    return nrs_bench_now() - start;
}

static int measure_latency(passage *run)
{
    double latency[SAMPLE_COUNT_MAX];
    double synced[SAMPLE_COUNT_MAX];
    size_t count = run->counts.samples;
    nrs_sync_file file = {-1};
    char path[NRS_MESH_PATH_SIZE];
    int failed;
    nrs_figure p50 = {.name = "latency from the sender's commit to its receipt, p50 / fdatasync",
                      .target = 15.0,
                      .first_class = 10.0,
                      .unit = "us"};
    nrs_figure p99 = {.name = "latency from the sender's commit to its receipt, p99 / fdatasync", .unit = "us"};

    nrs_bench_note("latency: %zu reports, one at a time", count);
    nrs_mesh_path(path, run->mesh.dir, "synced");
    failed = nrs_sync_file_open(&file, path);
    for (size_t i = 0; failed == 0 && i < count; i++) {
        nrs_bench_sleep_ms(20); /* until what follows the receipt has passed too */
        synced[i] = nrs_sync_file_append(&file) * 1e6;
        latency[i] = sample_latency(run) * 1e6;
        failed = synced[i] < 0.0 || latency[i] < 0.0;
    }
    nrs_sync_file_close(&file);
    if (failed != 0) {
        return 1;
    }
    p50.floor = p99.floor = nrs_bench_median(synced, count);
    p50.disk = p99.disk = run->disk;
    p50.value = nrs_bench_median(latency, count);
    p99.value = nrs_bench_percentile(latency, count, 0.99);
    return nrs_bench_print(run->mesh.bench->out, &p50) | nrs_bench_print(run->mesh.bench->out, &p99);
}

/* ---- Many at a time ---- */

/* Send `count` at once and wait until the member has the last one; seconds, below zero when it failed. */
static double flood(const passage *run, size_t count)
{
    char last[65];
    double start = nrs_bench_now();

    if (nrs_control_flood(run->mesh.nodes[SENDER].control, run->line, count) != 0 ||
        nrs_control_newest(last, run->mesh.nodes[SENDER].control) != 0 ||
        nrs_control_wait_newest(run->mesh.nodes[MEMBER].control, last, STEP_MS) != 0) {
        return -1.0;
    }
    return nrs_bench_now() - start;
}

static bool read_cpu(double cpu_out[NRS_MESH_NODE_COUNT_MAX], const passage *run)
{
    bool good = true;

    for (size_t i = 0; i < NRS_MESH_NODE_COUNT_MAX; i++) {
        cpu_out[i] = nrs_process_cpu(run->mesh.nodes[i].pid);
        good = good && cpu_out[i] >= 0.0;
    }
    return good;
}

/* The floor is a broker's own rate, where one is installed: mosquitto over TLS, persisted at each message. */
static int print_rate(const passage *run)
{
    nrs_figure rate = {.name = "reports/s end to end, sealed and durable at all three / broker",
                       .disk = run->disk,
                       .value = run->live_rate,
                       .target = 1.3,
                       .first_class = 2.0,
                       .unit = "1/s"};
    const char *const quick[] = {NRS_PYTHON, BROKER_MEASURE, "--messages", "100", "--runs", "1", NULL};
    const char *const full[] = {NRS_PYTHON, BROKER_MEASURE, NULL};
    char line[64];

    if (access(BROKER, X_OK) != 0 || access(BROKER_CLIENT, X_OK) != 0) {
        rate.note = "no broker installed (mosquitto, mosquitto-clients)";
        return nrs_bench_print(run->mesh.bench->out, &rate);
    }
    nrs_bench_note("broker: the same through mosquitto");
    if (nrs_process_read_line(line, sizeof line, run->mesh.bench->quick ? quick : full) != 0) {
        return 1;
    }
    rate.floor = strtod(line, NULL);
    return nrs_bench_print(run->mesh.bench->out, &rate);
}

static int print_costs(const passage *run, const double cpu[NRS_MESH_NODE_COUNT_MAX])
{
    const nrs_floors *floors = &run->floors;
    FILE *out = run->mesh.bench->out;
    double signature_and_slot = floors->sign + floors->agree_base + floors->agree;
    double count = (double)run->counts.flood;
    const nrs_figure hub = {.name = "hub CPU per 1 KiB report to one member, as they come / V",
                            .value = cpu[HUB] / count * 1e6,
                            .floor = floors->verify * 1e6,
                            .target = 1.7,
                            .first_class = 1.4,
                            .unit = "us"};
    const nrs_figure all = {
        .name = "CPU of all three per 1 KiB report, commands in JSON included / all V, X and signatures",
        .value = (cpu[HUB] + cpu[SENDER] + cpu[MEMBER]) / count * 1e6,
        .floor = (signature_and_slot + 2.0 * floors->verify + floors->agree) * 1e6,
        .target = 1.5,
        .first_class = 1.25,
        .unit = "us"};
    nrs_bench_note("CPU per report: hub %.1f us, sender %.1f us, member %.1f us", hub.value, cpu[SENDER] / count * 1e6,
                   cpu[MEMBER] / count * 1e6);
    return nrs_bench_print(out, &hub) | nrs_bench_print(out, &all) | print_rate(run);
}

/* The floors of print_costs are those of the flood itself. */
static double flood_watched(passage *run)
{
    nrs_floors_watch *watch = nrs_floors_watch_start();
    double seconds = watch == NULL ? -1.0 : flood(run, run->counts.flood);

    return watch == NULL || nrs_floors_watch_end(&run->floors, watch) != 0 ? -1.0 : seconds;
}

static int measure_flood(passage *run)
{
    double before[NRS_MESH_NODE_COUNT_MAX];
    double after[NRS_MESH_NODE_COUNT_MAX];
    double seconds;

    nrs_bench_note("flood: %zu reports", run->counts.flood);
    if (flood(run, run->counts.warm) < 0.0) {
        return 1;
    }
    nrs_bench_sleep_ms(500);
    if (nrs_floors_measure(&run->floors) != 0 || !read_cpu(before, run)) {
        return 1;
    }
    nrs_bench_note("V %.1f us while the mesh is idle", run->floors.verify * 1e6);
    seconds = flood_watched(run);
    if (seconds < 0.0 || !read_cpu(after, run)) {
        return 1;
    }
    run->live_rate = (double)run->counts.flood / seconds;
    for (size_t i = 0; i < NRS_MESH_NODE_COUNT_MAX; i++) {
        after[i] -= before[i];
    }
    return print_costs(run, after);
}

/* The hub works at its own pace, with all it needs at hand: it was held still while the reports were sent. */
static int measure_backlog(passage *run)
{
    nrs_mesh_node *nodes = run->mesh.nodes;
    size_t count = run->counts.flood;
    char last[65];
    double before;
    nrs_floors_watch *watch;
    int failed;
    nrs_figure figure = {.name = "hub CPU per 1 KiB report to one member, from a backlog / V", .target = 1.7, .first_class = 1.4, .unit = "us"};

    nrs_bench_note("backlog: %zu reports while the hub is held still", count);
    if (nrs_mesh_wait_settled(&run->mesh, SENDER) != 0 || kill(nodes[HUB].pid, SIGSTOP) != 0) {
        return 1;
    }
    before = nrs_process_cpu(nodes[HUB].pid);
    if (nrs_control_flood(nodes[SENDER].control, run->line, count) != 0 || nrs_control_newest(last, nodes[SENDER].control) != 0) {
        return 1;
    }
    watch = nrs_floors_watch_start();
    failed = watch == NULL || kill(nodes[HUB].pid, SIGCONT) != 0 || nrs_control_wait_newest(nodes[MEMBER].control, last, STEP_MS) != 0;
    if (watch == NULL || nrs_floors_watch_end(&run->floors, watch) != 0 || failed) {
        return 1;
    }
    figure.value = (nrs_process_cpu(nodes[HUB].pid) - before) / (double)count * 1e6;
    figure.floor = run->floors.verify * 1e6;
    return nrs_bench_print(run->mesh.bench->out, &figure);
}

static int measure_catching_up(passage *run)
{
    nrs_mesh_node *nodes = run->mesh.nodes;
    size_t count = run->counts.missed;
    char last[65];
    double start;
    nrs_figure figure = {.name = "catching up on missed reports, from the member's start / live rate",
                         .disk = run->disk,
                         .floor = run->live_rate,
                         .target = 1.0,
                         .first_class = 2.0,
                         .unit = "1/s"};

    nrs_bench_note("catching up: %zu reports", count);
    if (nrs_mesh_wait_settled(&run->mesh, SENDER) != 0) {
        return 1;
    }
    nrs_process_stop(&nodes[MEMBER].pid);
    if (nrs_control_flood(nodes[SENDER].control, run->line, count) != 0 ||
        nrs_control_newest(last, nodes[SENDER].control) != 0 || nrs_mesh_wait_settled(&run->mesh, SENDER) != 0) {
        return 1;
    }
    start = nrs_bench_now();
    if (nrs_mesh_start(&run->mesh, MEMBER) != 0 || nrs_control_wait_newest(nodes[MEMBER].control, last, STEP_MS) != 0) {
        return 1;
    }
    figure.value = (double)count / (nrs_bench_now() - start);
    return nrs_bench_print(run->mesh.bench->out, &figure);
}

/* What was measured must have been done. */
static int check_all_arrived(const passage *run)
{
    const counts *of = &run->counts;
    long long sent = (long long)(of->samples + of->warm + 2 * of->flood + of->missed);
    long long held = nrs_control_report_count(run->mesh.nodes[MEMBER].control);

    if (held != sent) {
        nrs_bench_note("%lld reports were sent, the member has %lld", sent, held);
        return 1;
    }
    return 0;
}

static int measure(passage *run)
{
    static const char *const names[] = {"hub", "sender", "member"};
    int failed;

    nrs_bench_note("mesh: a hub, a sender and a member");
    failed = nrs_mesh_make(&run->mesh, run->mesh.bench, names, 3);
    run->disk = failed == 0 ? nrs_bench_disk(run->mesh.dir) : NULL;
    for (size_t i = 0; failed == 0 && i < 3; i++) {
        failed = nrs_mesh_start(&run->mesh, i);
    }
    for (size_t i = 1; failed == 0 && i < 3; i++) {
        failed = nrs_mesh_wait_settled(&run->mesh, i);
    }
    return failed || measure_latency(run) || measure_flood(run) || measure_backlog(run) || measure_catching_up(run) || check_all_arrived(run);
}

int nrs_bench_mesh(const nrs_bench *bench)
{
    passage run = {.mesh = {.bench = bench}, .counts = bench->quick ? quick_counts : full_counts};
    int failed = 1;

    run.line = nrs_control_send_line("member");
    if (run.line != NULL) {
        failed = measure(&run);
    }
    nrs_mesh_destroy(&run.mesh);
    free(run.line);
    return failed;
}
