/* What an idle member costs a hub, against what its connection costs libzmq. */
#include "bare_router.h"
#include "crowd.h"
#include "process.h"

enum { MEMBER_COUNT = 500, QUICK_MEMBER_COUNT = 40, SETTLE_MS = 1500, QUICK_SETTLE_MS = 300 };

/* KiB for each of the crowd; below zero when it failed. */
static double grown(nrs_crowd *crowd, pid_t pid, const char *endpoint, const uint8_t *key, bool greet,
                    unsigned settle_ms)
{
    double before = nrs_process_memory_kib(pid);
    double after = -1.0;

    if (before >= 0.0 && nrs_crowd_connect(crowd, crowd->count, endpoint, key, greet) == 0 &&
        nrs_crowd_wait_up(crowd, crowd->count, greet) == 0) {
        nrs_bench_sleep_ms(settle_ms);
        after = nrs_process_memory_kib(pid);
    }
    nrs_crowd_disconnect(crowd);
    return after < 0.0 ? -1.0 : (after - before) / (double)crowd->count;
}

static int measure(nrs_mesh *mesh, nrs_crowd *crowd)
{
    unsigned settle_ms = mesh->bench->quick ? QUICK_SETTLE_MS : SETTLE_MS;
    nrs_bare_router router = {0};
    int failed;
    nrs_figure figure = {
        .name = "hub memory per idle member / bare ROUTER", .target = 1.3, .first_class = 1.15, .unit = "KiB"};

    failed = nrs_mesh_start(mesh, 0) || nrs_crowd_wait_known(crowd, mesh);
    if (failed == 0) {
        nrs_bench_sleep_ms(settle_ms);
        figure.value = grown(crowd, mesh->nodes[0].pid, mesh->endpoint, crowd->hub_curve_key, true, settle_ms);
        failed = nrs_bare_router_start(&router);
    }
    if (failed == 0) {
        figure.floor = grown(crowd, router.pid, router.endpoint, router.key, false, settle_ms);
    }
    nrs_bare_router_stop(&router);
    return failed || nrs_bench_print(mesh->bench->out, &figure);
}

int nrs_bench_memory(const nrs_bench *bench)
{
    static const char *const names[] = {"hub"};
    size_t count = bench->quick ? QUICK_MEMBER_COUNT : MEMBER_COUNT;
    nrs_mesh mesh = {.bench = bench};
    nrs_crowd crowd = {0};
    int failed;

    nrs_bench_note("memory: %zu idle members", count);
    failed = nrs_mesh_make(&mesh, bench, names, 1) || nrs_crowd_make(&crowd, &mesh, count) || measure(&mesh, &crowd);
    nrs_crowd_destroy(&crowd);
    nrs_mesh_destroy(&mesh);
    return failed;
}
