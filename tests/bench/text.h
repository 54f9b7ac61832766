/* A report whose sealed body is of the 1 KiB class, to a whole community, ready to be sealed. */
#ifndef TESTS_BENCH_TEXT_H
#define TESTS_BENCH_TEXT_H

#include "keys/seal.h"

typedef struct nrs_bench_text {
    nrs_header header;
    nrs_report report;
    nrs_audience audience;
    Nrs__Wire__Target target;
    Nrs__Wire__Target *targets[1];
    char subject[64];
    char body[601];
    uint8_t community[NRS_HASH_SIZE];
} nrs_bench_text;

/** Fills in place: it points into itself. */
void nrs_bench_text_init(nrs_bench_text *text, const uint8_t community[NRS_HASH_SIZE], uint64_t roster_version,
                         uint64_t now_ms);

#endif
