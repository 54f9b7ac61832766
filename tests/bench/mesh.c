#include "mesh.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control_client.h"
#include "process.h"

enum { ANSWER_STEP_MS = 20, ANSWER_STEPS = 1500, LINE_SIZE = 128 };

void nrs_mesh_path(char path_out[NRS_MESH_PATH_SIZE], const char *dir, const char *name)
{
    if (snprintf(path_out, NRS_MESH_PATH_SIZE, "%s/%s", dir, name) >= NRS_MESH_PATH_SIZE) {
        abort(); /* the folder's own name is short, since a control socket's path must be */
    }
}

/* noroshi --dir DIR and the given words, up to a NULL. */
static void command(const char *line_out[NRS_ARGUMENT_COUNT_MAX], const nrs_mesh *mesh, const nrs_mesh_node *node,
                    const char *const *words)
{
    size_t count = 0;

    line_out[count++] = mesh->noroshi;
    line_out[count++] = "--dir";
    line_out[count++] = node->dir;
    for (size_t i = 0; words[i] != NULL && count + 1 < NRS_ARGUMENT_COUNT_MAX; i++) {
        line_out[count++] = words[i];
    }
    line_out[count] = NULL;
}

static int run(const nrs_mesh *mesh, const nrs_mesh_node *node, const char *out_path, const char *const *words)
{
    const char *line[NRS_ARGUMENT_COUNT_MAX];

    command(line, mesh, node, words);
    return nrs_process_run(line, out_path);
}

static int read_line(char text_out[LINE_SIZE], const nrs_mesh *mesh, const nrs_mesh_node *node,
                     const char *const *words)
{
    const char *line[NRS_ARGUMENT_COUNT_MAX];

    command(line, mesh, node, words);
    return nrs_process_read_line(text_out, LINE_SIZE, line);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static int make_hub(const nrs_mesh *mesh)
{
    const nrs_mesh_node *hub = &mesh->nodes[0];

    return run(mesh, hub, NULL,
               WORDS("init", "--org", hub->name, "--name", hub->name, "--listen", mesh->endpoint, "--no-passphrase")) |
           run(mesh, hub, NULL, WORDS("community", "create", "bench", "--name", "Bench"));
}

static int add_member(const nrs_mesh *mesh, const nrs_mesh_node *member)
{
    char card[NRS_MESH_PATH_SIZE];
    char fingerprint[LINE_SIZE];

    nrs_mesh_path(card, mesh->dir, "card");
    return run(mesh, member, NULL, WORDS("init", "--org", member->name, "--name", member->name, "--no-passphrase")) ||
           run(mesh, member, card, WORDS("card")) ||
           read_line(fingerprint, mesh, member, WORDS("card", "--fingerprint")) ||
           run(mesh, &mesh->nodes[0], NULL, WORDS("community", "add", "bench", card, "--fingerprint", fingerprint));
}

static int join_all(const nrs_mesh *mesh)
{
    char invite[NRS_MESH_PATH_SIZE];
    char fingerprint[LINE_SIZE];
    int failed;

    nrs_mesh_path(invite, mesh->dir, "invite");
    failed = run(mesh, &mesh->nodes[0], invite, WORDS("community", "invite", "bench")) ||
             read_line(fingerprint, mesh, &mesh->nodes[0], WORDS("community", "fingerprint", "bench"));
    for (size_t i = 1; failed == 0 && i < mesh->node_count; i++) {
        failed = run(mesh, &mesh->nodes[i], NULL, WORDS("join", invite, "--fingerprint", fingerprint));
    }
    return failed;
}

int nrs_mesh_make(nrs_mesh *mesh_out, const nrs_bench *bench, const char *const *names, size_t name_count)
{
    const char *base = getenv("TMPDIR");
    unsigned port = nrs_port_free();
    int failed = 0;

    *mesh_out = (nrs_mesh){.bench = bench};
    /* /var/tmp is on a disk where /tmp may be in memory, and durability in memory costs nothing. */
    nrs_mesh_path(mesh_out->dir, base != NULL && strlen(base) < 64 ? base : "/var/tmp", "noroshi-bench-XXXXXX");
    if (port == 0 || mkdtemp(mesh_out->dir) == NULL || nrs_cleaner_start(&mesh_out->cleaner, mesh_out->dir) != 0) {
        return 1;
    }
    nrs_mesh_path(mesh_out->noroshi, bench->bin, "noroshi");
    nrs_mesh_path(mesh_out->noroshid, bench->bin, "noroshid");
    (void)snprintf(mesh_out->endpoint, sizeof mesh_out->endpoint, "tcp://127.0.0.1:%u", port);
    for (size_t i = 0; i < name_count && i < NRS_MESH_NODE_COUNT_MAX; i++) {
        nrs_mesh_node *node = &mesh_out->nodes[i];

        node->name = names[i];
        nrs_mesh_path(node->dir, mesh_out->dir, node->name);
        nrs_mesh_path(node->control, node->dir, "control.sock");
        mesh_out->node_count++;
    }
    failed = make_hub(mesh_out);
    for (size_t i = 1; failed == 0 && i < mesh_out->node_count; i++) {
        failed = add_member(mesh_out, &mesh_out->nodes[i]);
    }
    return failed || (mesh_out->node_count > 1 && join_all(mesh_out) != 0) ? 1 : 0;
}

void nrs_mesh_destroy(nrs_mesh *mesh)
{
    for (size_t i = mesh->node_count; i-- > 0;) {
        nrs_process_stop(&mesh->nodes[i].pid);
    }
    nrs_cleaner_run(&mesh->cleaner);
}

int nrs_mesh_start(nrs_mesh *mesh, size_t index)
{
    nrs_mesh_node *node = &mesh->nodes[index];
    char path[NRS_MESH_PATH_SIZE];
    int log;
    int failed;

    nrs_mesh_path(path, node->dir, "log");
    log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    failed = nrs_process_start(&node->pid, WORDS(mesh->noroshid, "--dir", node->dir), &(nrs_streams){-1, -1, log});
    if (log >= 0) {
        (void)close(log);
    }
    for (int i = 0; failed == 0 && i < ANSWER_STEPS * 10; i++) {
        int fd = nrs_control_connect(node->control);

        if (fd >= 0) {
            (void)close(fd);
            return 0;
        }
        nrs_bench_sleep_ms(2);
    }
    nrs_bench_note("%s does not answer", node->name);
    return 1;
}

int nrs_mesh_wait_settled(const nrs_mesh *mesh, size_t index)
{
    for (int i = 0; i < ANSWER_STEPS; i++) {
        json_t *row = NULL;
        bool settled = false;

        if (nrs_control_ask(&row, mesh->nodes[index].control, "{\"command\":\"status\"}\n") != 0) {
            return 1;
        }
        const json_t *link = json_array_get(json_object_get(row, "links"), 0);
        const char *state = json_string_value(json_object_get(link, "state"));

        settled = state != NULL && strcmp(state, "up") == 0 &&
                  json_integer_value(json_object_get(row, "queued")) == 0 &&
                  json_integer_value(json_object_get(link, "queued")) == 0;
        json_decref(row);
        if (settled) {
            return 0;
        }
        nrs_bench_sleep_ms(ANSWER_STEP_MS);
    }
    nrs_bench_note("%s has not come to rest", mesh->nodes[index].name);
    return 1;
}
