#include "arrivals.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "proto/assert.h"

_Static_assert(NRS_ARRIVAL_SILENT_COUNT_MAX * NRS_ARRIVAL_SILENT_COST_MS < NRS_ARRIVAL_AHEAD_MS_MAX, "whoever was cut off before each word is let in");
_Static_assert(crypto_shorthash_KEYBYTES == sizeof(((nrs_arrivals *)NULL)->hash_key), "the key of the hash");
_Static_assert(crypto_shorthash_BYTES == sizeof(uint64_t), "the hash fills a number");

void nrs_arrivals_init(nrs_arrivals *arrivals)
{
    memset(arrivals, 0, sizeof(*arrivals));
    crypto_shorthash_keygen(arrivals->hash_key);
}

void nrs_arrivals_wipe(nrs_arrivals *arrivals)
{
    for (size_t i = 0; i < NRS_ARRIVAL_BUCKET_COUNT; i++) {
        while (arrivals->by_key[i] != NULL) {
            nrs_arrival *arrival = arrivals->by_key[i];

            arrivals->by_key[i] = arrival->next;
            free(arrival);
        }
    }
    arrivals->count = 0;
}

static nrs_arrival **bucket_of(nrs_arrivals *arrivals, const uint8_t curve_key[NRS_KEY_SIZE])
{
    uint8_t hash[crypto_shorthash_BYTES];
    uint64_t number = 0;

    (void)crypto_shorthash(hash, curve_key, NRS_KEY_SIZE, arrivals->hash_key);
    memcpy(&number, hash, sizeof(number));
    return &arrivals->by_key[number % NRS_ARRIVAL_BUCKET_COUNT];
}

static nrs_arrival *find_in(nrs_arrival *arrival, const uint8_t curve_key[NRS_KEY_SIZE])
{
    while (arrival != NULL && memcmp(arrival->curve_key, curve_key, NRS_KEY_SIZE) != 0) {
        arrival = arrival->next;
    }
    return arrival;
}

/* NULL without memory, or with more keys than there can be links. */
static nrs_arrival *find_or_add(nrs_arrivals *arrivals, const uint8_t curve_key[NRS_KEY_SIZE])
{
    nrs_arrival **bucket = bucket_of(arrivals, curve_key);
    nrs_arrival *arrival = find_in(*bucket, curve_key);

    if (arrival != NULL || arrivals->count >= NRS_ARRIVAL_KEY_COUNT_MAX) {
        return arrival;
    }
    arrival = calloc(1, sizeof(*arrival));
    if (arrival != NULL) {
        memcpy(arrival->curve_key, curve_key, NRS_KEY_SIZE);
        arrival->next = *bucket;
        *bucket = arrival;
        arrivals->count++;
    }
    return arrival;
}

static void spend(nrs_arrival *arrival, uint64_t cost_ms, uint64_t monotonic_ms)
{
    arrival->spent_ms = (arrival->spent_ms > monotonic_ms ? arrival->spent_ms : monotonic_ms) + cost_ms;
}

bool nrs_arrivals_admit(nrs_arrivals *arrivals, const uint8_t curve_key[NRS_KEY_SIZE], uint64_t monotonic_ms)
{
    nrs_arrival *arrival = find_or_add(arrivals, curve_key);

    NRS_ASSERT(arrivals != NULL);
    if (arrival == NULL) {
        return false;
    }
    if (arrival->silent_count >= NRS_ARRIVAL_SILENT_COUNT_MAX || arrival->spent_ms > monotonic_ms + NRS_ARRIVAL_AHEAD_MS_MAX) {
        return false;
    }
    spend(arrival, NRS_ARRIVAL_COST_MS, monotonic_ms);
    arrivals->admitted_count++;
    arrival->silent_ms[arrival->silent_count++] = monotonic_ms;
    return true;
}

static void forget_oldest(nrs_arrival *arrival)
{
    NRS_ASSERT(arrival->silent_count > 0);
    arrival->silent_count--;
    memmove(arrival->silent_ms, arrival->silent_ms + 1, arrival->silent_count * sizeof(arrival->silent_ms[0]));
}

void nrs_arrivals_heard(nrs_arrivals *arrivals, const uint8_t curve_key[NRS_KEY_SIZE])
{
    nrs_arrival *arrival = find_in(*bucket_of(arrivals, curve_key), curve_key);

    if (arrival != NULL && arrival->silent_count > 0) {
        forget_oldest(arrival);
    }
}

void nrs_arrivals_shut_out(nrs_arrivals *arrivals, const uint8_t curve_key[NRS_KEY_SIZE], uint64_t monotonic_ms)
{
    nrs_arrival *arrival = find_or_add(arrivals, curve_key);

    if (arrival != NULL) {
        arrival->shut_until_ms = monotonic_ms + NRS_ARRIVAL_SHUT_OUT_MS;
        arrival->told_ms = 0;
        arrival->spent_ms = arrival->shut_until_ms + NRS_ARRIVAL_AHEAD_MS_MAX;
    }
}

bool nrs_arrivals_is_shut_out(nrs_arrivals *arrivals, const uint8_t curve_key[NRS_KEY_SIZE], uint64_t monotonic_ms)
{
    const nrs_arrival *arrival = find_in(*bucket_of(arrivals, curve_key), curve_key);

    return arrival != NULL && monotonic_ms < arrival->shut_until_ms;
}

bool nrs_arrivals_tell(nrs_arrivals *arrivals, uint64_t *until_ms_out, const uint8_t curve_key[NRS_KEY_SIZE], uint64_t monotonic_ms)
{
    nrs_arrival *arrival = find_in(*bucket_of(arrivals, curve_key), curve_key);

    if (arrival == NULL || (arrival->told_ms != 0 && monotonic_ms < arrival->told_ms + NRS_MINUTE_MS)) {
        return false;
    }
    arrival->told_ms = monotonic_ms;
    *until_ms_out = arrival->shut_until_ms > monotonic_ms ? arrival->shut_until_ms : 0;
    return true;
}

void nrs_arrivals_sweep(nrs_arrivals *arrivals, uint64_t silent_before_ms, uint64_t monotonic_ms)
{
    for (size_t i = 0; i < NRS_ARRIVAL_BUCKET_COUNT; i++) {
        for (nrs_arrival **at = &arrivals->by_key[i]; *at != NULL;) {
            nrs_arrival *arrival = *at;

            while (arrival->silent_count > 0 && arrival->silent_ms[0] < silent_before_ms) {
                forget_oldest(arrival);
                spend(arrival, NRS_ARRIVAL_SILENT_COST_MS, monotonic_ms);
            }
            if (arrival->silent_count > 0 || arrival->spent_ms > monotonic_ms) {
                at = &arrival->next;
                continue;
            }
            *at = arrival->next;
            free(arrival);
            arrivals->count--;
        }
    }
}
