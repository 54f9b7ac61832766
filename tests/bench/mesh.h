/* Real nodes in a folder of their own: a hub and its members, made with the commands that people type. */
#ifndef TESTS_BENCH_MESH_H
#define TESTS_BENCH_MESH_H

#include <stdint.h>
#include <sys/types.h>

#include "bench.h"
#include "process.h"

enum { NRS_MESH_NODE_COUNT_MAX = 3, NRS_MESH_PATH_SIZE = 256 };

typedef struct nrs_mesh_node {
    const char *name;
    char dir[NRS_MESH_PATH_SIZE];
    char control[NRS_MESH_PATH_SIZE]; /* its control socket */
    pid_t pid;                        /* 0: does not run */
} nrs_mesh_node;

typedef struct nrs_mesh {
    const nrs_bench *bench;
    char dir[NRS_MESH_PATH_SIZE];
    char noroshi[NRS_MESH_PATH_SIZE];
    char noroshid[NRS_MESH_PATH_SIZE];
    char endpoint[64]; /* of the hub */
    nrs_mesh_node nodes[NRS_MESH_NODE_COUNT_MAX];
    size_t node_count;
    nrs_cleaner cleaner;
} nrs_mesh;

/** Make the nodes, the first a hub of the community `bench`, the others its members. They do not run yet.
 *  Out: always to be destroyed. Returns 0, or 1. */
int nrs_mesh_make(nrs_mesh *mesh_out, const nrs_bench *bench, const char *const *names, size_t name_count);
/** Stop what runs and remove the folder. */
void nrs_mesh_destroy(nrs_mesh *mesh);
/** Start one node and wait until it answers. */
int nrs_mesh_start(nrs_mesh *mesh, size_t index);
/** Wait until a member's link to the hub is up and nothing waits to be sent there. */
int nrs_mesh_wait_settled(const nrs_mesh *mesh, size_t index);
/** dir/name. */
void nrs_mesh_path(char path_out[NRS_MESH_PATH_SIZE], const char *dir, const char *name);

#endif
