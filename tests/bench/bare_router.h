/* A ROUTER that speaks CURVE and nothing else, in a process of its own: libzmq's own share of what a hub costs. */
#ifndef TESTS_BENCH_BARE_ROUTER_H
#define TESTS_BENCH_BARE_ROUTER_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define NRS_BARE_ROUTER "--bare-router"

/** The process itself. Reads a line `COUNT SIZE` at a time from standard input and then sends COUNT messages of SIZE
 * bytes to each peer that has said hello, in bursts. Returns its exit status. */
int nrs_bare_router_run(void);

typedef struct nrs_bare_router {
    pid_t pid;
    FILE *to;
    char endpoint[64];
    uint8_t key[32]; /* its CURVE key */
} nrs_bare_router;
int nrs_bare_router_start(nrs_bare_router *router_out);
void nrs_bare_router_stop(nrs_bare_router *router);

#endif
