/* How often a key may come, and how many of its connections may have said nothing yet. The handler of handshakes is not told which
 * connection asks, and the socket's monitor not which key a connection has: so a silent connection is ended by its age (intake.h),
 * and a key is held back here, by what it was answered. */
#ifndef SHELL_ARRIVALS_H
#define SHELL_ARRIVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/limits.h"

#define NRS_ARRIVAL_SILENT_COUNT_MAX 8u /* of one key at once; a node that dials again and again, and never gets a word through, has seven */
/* What coming costs a key, of the time that goes by, and how much of it may be spent ahead: so some come at once, and then as many as
 * the time allows. Who says nothing and is ended for it has cost more. */
#define NRS_ARRIVAL_COST_MS 100u
#define NRS_ARRIVAL_SILENT_COST_MS 10000u
#define NRS_ARRIVAL_AHEAD_MS_MAX 100000u
/* A key that chose a routing id: each that is heard of tells its owner whether the counter has been there, so that they are a few in a year. */
#define NRS_ARRIVAL_SHUT_OUT_MS NRS_DAY_MS
#define NRS_ARRIVAL_BUCKET_COUNT 1024u
#define NRS_ARRIVAL_KEY_COUNT_MAX 16384u

typedef struct nrs_arrival {
    struct nrs_arrival *next;
    uint8_t curve_key[NRS_KEY_SIZE];
    uint64_t spent_ms; /* the time up to which it has spent */
    uint64_t shut_until_ms; /* 0: it never was */
    uint64_t told_ms;       /* when it was last told that it is held back; 0: never */
    uint64_t silent_ms[NRS_ARRIVAL_SILENT_COUNT_MAX]; /* when those were let in that have said nothing, the oldest first */
    size_t silent_count;
} nrs_arrival;

typedef struct nrs_arrivals {
    nrs_arrival *by_key[NRS_ARRIVAL_BUCKET_COUNT];
    size_t count;
    uint64_t admitted_count; /* of all keys, ever */
    uint8_t hash_key[16];
} nrs_arrivals;

void nrs_arrivals_init(nrs_arrivals *arrivals);
void nrs_arrivals_wipe(nrs_arrivals *arrivals);
/** Whether a connection of this key may come in now, which is counted then. */
bool nrs_arrivals_admit(nrs_arrivals *arrivals, const uint8_t curve_key[NRS_KEY_SIZE], uint64_t monotonic_ms);
/** One of its connections has said its first word. */
void nrs_arrivals_heard(nrs_arrivals *arrivals, const uint8_t curve_key[NRS_KEY_SIZE]);
/** It keeps to no rule: let nothing of it in for a while. */
void nrs_arrivals_shut_out(nrs_arrivals *arrivals, const uint8_t curve_key[NRS_KEY_SIZE], uint64_t monotonic_ms);
/** Whether that while lasts. What was let in before and speaks first now is ended, whatever it claims: of several at once it tells one. */
bool nrs_arrivals_is_shut_out(nrs_arrivals *arrivals, const uint8_t curve_key[NRS_KEY_SIZE], uint64_t monotonic_ms);
/** Whether it is to be told now that this key is held back: once a minute while it is. Out: until_ms_out: how long nothing of it comes in; 0: not
 *  for a given time, but for what it does. */
bool nrs_arrivals_tell(nrs_arrivals *arrivals, uint64_t *until_ms_out, const uint8_t curve_key[NRS_KEY_SIZE], uint64_t monotonic_ms);
/** Those that were let in before silent_before_ms and said nothing have all been ended. Forget the keys of which there is nothing to
 *  remember. */
void nrs_arrivals_sweep(nrs_arrivals *arrivals, uint64_t silent_before_ms, uint64_t monotonic_ms);

#endif
