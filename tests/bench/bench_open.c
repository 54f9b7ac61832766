/* Opening a report in the engine, with the entry of the audit log that says who opened it: all that a member's node does for one report from the
 * frame that brings it to the body on the screen. Reports come many at a time, as after a night, and are shown one by one, each entry on the
 * disk before the body is told (SPEC 13). The floor is what no engine can do without: V, X, and one append that is synced. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "core/mesh.h"
#include "floors.h"

enum { HUB, SENDER, READER, NODE_COUNT, REPORTS_MAX = 256, QUICK_REPORTS = 4, ID_SIZE = 2 * NRS_HASH_SIZE + 1, BODY_SIZE = 600 };

typedef struct opening {
    mesh net;
    size_t count;
    char ids[REPORTS_MAX][ID_SIZE];
    double began, arriving; /* seconds of the reader's steps */
    double shown[REPORTS_MAX], synced[REPORTS_MAX];
} opening;

static void time_step(void *context, size_t node, bool before)
{
    opening *it = context;

    if (node != READER) {
        return;
    }
    if (before) {
        it->began = nrs_bench_now();
    } else {
        it->arriving += nrs_bench_now() - it->began;
    }
}

/* While the reader is away, so that they come together. */
static int send_all(opening *it)
{
    char body[BODY_SIZE + 1];

    memset(body, 'b', BODY_SIZE);
    body[BODY_SIZE] = '\0';
    for (size_t i = 0; i < it->count; i++) {
        if (mesh_ask(&it->net, SENDER,
                     "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"%s\"}", body) != NRS_OK) {
            return 1;
        }
        (void)snprintf(it->ids[i], ID_SIZE, "%s", mesh_text(mesh_row(&it->net, SENDER, 0), "id"));
    }
    return 0;
}

static int show_all(opening *it)
{
    nrs_sync_file file = {-1};
    char path[128];
    int failed;

    (void)snprintf(path, sizeof path, "%s/synced", it->net.nodes[READER].folder);
    failed = nrs_sync_file_open(&file, path);
    for (size_t i = 0; failed == 0 && i < it->count; i++) { /* by turns, so that both share what else the disk does */
        double began = nrs_bench_now();

        failed = mesh_ask(&it->net, READER, "{\"command\":\"show\",\"id\":\"%s\"}", it->ids[i]) != NRS_OK;
        it->shown[i] = (nrs_bench_now() - began) * 1e6;
        it->synced[i] = nrs_sync_file_append(&file) * 1e6;
        failed = failed || it->synced[i] < 0.0;
    }
    nrs_sync_file_close(&file);
    return failed;
}

static size_t entries(opening *it)
{
    return mesh_command(&it->net, READER, "{\"command\":\"audit-list\",\"kind\":\"open\"}") == NRS_OK ? mesh_row_count(&it->net, READER) : 0;
}

static int report(const nrs_bench *bench, opening *it)
{
    nrs_floors floors;
    double synced;
    nrs_figure whole = {.name = "opening 1 KiB in the engine, audit entry on the disk / (V + X + one synced append)", .target = 1.5, .first_class = 1.25, .unit = "us"};
    nrs_figure show = {.name = "showing 1 KiB in the engine, audit entry on the disk / one synced append", .unit = "us"};

    if (nrs_floors_measure(&floors) != 0) {
        return 1;
    }
    synced = nrs_bench_median(it->synced, it->count);
    show.disk = whole.disk = nrs_bench_disk(it->net.nodes[READER].folder);
    show.value = nrs_bench_median(it->shown, it->count);
    show.floor = synced;
    whole.value = it->arriving * 1e6 / (double)it->count + show.value;
    whole.floor = (floors.verify + floors.agree) * 1e6 + synced;
    return nrs_bench_print(bench->out, &whole) | nrs_bench_print(bench->out, &show);
}

int nrs_bench_open(const nrs_bench *bench)
{
    static opening it;
    int failed;

    it = (opening){.count = bench->quick ? QUICK_REPORTS : REPORTS_MAX};
    nrs_bench_note("open: %zu reports", it.count);
    mesh_start(&it.net, NODE_COUNT, 1);
    mesh_settle(&it.net, 4);
    mesh_down(&it.net, READER);
    failed = send_all(&it);
    mesh_settle(&it.net, 4);
    it.net.durable = true;
    mesh_up(&it.net, READER);
    it.net.deliver = time_step;
    it.net.deliver_context = &it;
    mesh_settle(&it.net, 4);
    it.net.deliver = NULL;
    failed = failed || show_all(&it);
    if (failed == 0 && entries(&it) != it.count) {
        nrs_bench_note("open: %zu entries for %zu reports", entries(&it), it.count);
        failed = 1;
    }
    failed = failed || report(bench, &it);
    mesh_stop(&it.net);
    return failed;
}
