/* Commands that people type, against starting a program that does nothing. */
#include <stdlib.h>

#include "control_client.h"
#include "mesh.h"
#include "process.h"

enum { REPORT_COUNT = 100, START_COUNT_MAX = 60, QUICK_START_COUNT = 5, WARM_COUNT = 5 };

typedef struct timed {
    const char *arguments[8];
    double seconds[START_COUNT_MAX];
} timed;

static int time_all(timed *of, size_t of_count, size_t start_count)
{
    for (size_t i = 0; i < start_count + WARM_COUNT; i++) {
        for (size_t j = 0; j < of_count; j++) { /* by turns, so that they share what else the machine does */
            double seconds = nrs_process_time(of[j].arguments);

            if (seconds < 0.0) {
                return 1;
            }
            if (i >= WARM_COUNT) {
                of[j].seconds[i - WARM_COUNT] = seconds;
            }
        }
    }
    return 0;
}

static int measure(const nrs_mesh *mesh)
{
    const char *dir = mesh->nodes[1].dir;
    size_t count = mesh->bench->quick ? QUICK_START_COUNT : START_COUNT_MAX;
    timed of[] = {
        {.arguments = {"/bin/true", NULL}},
        {.arguments = {mesh->noroshi, "--dir", dir, "status", NULL}},
        {.arguments = {mesh->noroshi, "--dir", dir, "list", NULL}},
    };
    nrs_figure status = {.name = "noroshi status / starting true", .target = 1.5, .first_class = 1.2, .unit = "us"};
    nrs_figure list = {
        .name = "noroshi list of 100 reports / starting true", .target = 3.0, .first_class = 2.0, .unit = "us"};

    if (time_all(of, sizeof of / sizeof of[0], count) != 0) {
        return 1;
    }
    status.floor = list.floor = nrs_bench_median(of[0].seconds, count) * 1e6;
    status.value = nrs_bench_median(of[1].seconds, count) * 1e6;
    list.value = nrs_bench_median(of[2].seconds, count) * 1e6;
    return nrs_bench_print(mesh->bench->out, &status) | nrs_bench_print(mesh->bench->out, &list);
}

int nrs_bench_cli(const nrs_bench *bench)
{
    static const char *const names[] = {"hub", "sender", "member"};
    nrs_mesh mesh = {.bench = bench};
    char *line = nrs_control_send_line("member");
    int failed = line == NULL;

    nrs_bench_note("cli: status, and list of %d reports", REPORT_COUNT);
    failed = failed || nrs_mesh_make(&mesh, bench, names, 3);
    for (size_t i = 0; failed == 0 && i < 3; i++) {
        failed = nrs_mesh_start(&mesh, i);
    }
    failed = failed || nrs_mesh_wait_settled(&mesh, 1) || nrs_mesh_wait_settled(&mesh, 2) ||
             nrs_control_flood(mesh.nodes[1].control, line, REPORT_COUNT) || nrs_mesh_wait_settled(&mesh, 1) ||
             nrs_control_report_count(mesh.nodes[1].control) != REPORT_COUNT;
    if (failed == 0) {
        nrs_bench_sleep_ms(bench->quick ? 0 : 1000);
        failed = measure(&mesh);
    }
    nrs_mesh_destroy(&mesh);
    free(line);
    return failed;
}
