#include "floors.h"

#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

enum { ROUNDS = 9, OPERATIONS = 50, MESSAGE_SIZE = 64, BLOCK_SIZE = 4096, OPERATION_COUNT = 4, PAUSE_MS = 10 };

typedef struct operands {
    uint8_t sign_key[crypto_sign_PUBLICKEYBYTES];
    uint8_t sign_secret[crypto_sign_SECRETKEYBYTES];
    uint8_t signature[crypto_sign_BYTES];
    uint8_t message[MESSAGE_SIZE];
    uint8_t scalar[crypto_scalarmult_SCALARBYTES];
    uint8_t point[crypto_scalarmult_BYTES];
    uint8_t result[crypto_scalarmult_BYTES];
} operands;

static int verify(operands *of)
{
    return crypto_sign_verify_detached(of->signature, of->message, MESSAGE_SIZE, of->sign_key);
}

static int agree(operands *of)
{
    return crypto_scalarmult(of->result, of->scalar, of->point);
}

static int agree_base(operands *of)
{
    return crypto_scalarmult_base(of->result, of->scalar);
}

static int sign(operands *of)
{
    return crypto_sign_detached(of->signature, NULL, of->message, MESSAGE_SIZE, of->sign_secret);
}

/* The process's own time, since it is compared with the time that other processes were given. */
static double cpu_now(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int measure(double *seconds_out, operands *of, int (*operation)(operands *))
{
    double rounds[ROUNDS];

    for (size_t i = 0; i < ROUNDS; i++) {
        double start = cpu_now();

        for (size_t j = 0; j < OPERATIONS; j++) {
            if (operation(of) != 0) {
                return 1;
            }
        }
        rounds[i] = (cpu_now() - start) / OPERATIONS;
    }
    *seconds_out = nrs_bench_median(rounds, ROUNDS);
    return 0;
}

static int prepare(operands *of)
{
    if (sodium_init() < 0 || crypto_sign_keypair(of->sign_key, of->sign_secret) != 0) {
        return 1;
    }
    randombytes_buf(of->message, sizeof of->message);
    randombytes_buf(of->scalar, sizeof of->scalar);
    return crypto_scalarmult_base(of->point, of->scalar) != 0 || sign(of) != 0 ? 1 : 0;
}

int nrs_floors_measure(nrs_floors *floors_out)
{
    operands of;

    if (prepare(&of) != 0) {
        return 1;
    }
    return measure(&floors_out->verify, &of, verify) | measure(&floors_out->agree, &of, agree) |
           measure(&floors_out->agree_base, &of, agree_base) | measure(&floors_out->sign, &of, sign);
}

/* ---- While others work ---- */

struct nrs_floors_watch {
    pthread_t thread;
    atomic_bool over;
    operands of;
    double sums[OPERATION_COUNT];
    size_t rounds;
    int failed;
};

/* Each operation once for nothing, so that its code is at hand as it is in a daemon that has more than one to do, and once for its time. */
static void *watch(void *context)
{
    static int (*const operations[OPERATION_COUNT])(operands *) = {verify, agree, agree_base, sign};
    nrs_floors_watch *it = context;

    while (!atomic_load(&it->over)) {
        for (size_t i = 0; i < OPERATION_COUNT; i++) {
            double start;

            it->failed |= operations[i](&it->of);
            start = cpu_now();
            it->failed |= operations[i](&it->of);
            it->sums[i] += cpu_now() - start;
        }
        it->rounds++;
        nrs_bench_sleep_ms(PAUSE_MS);
    }
    return NULL;
}

nrs_floors_watch *nrs_floors_watch_start(void)
{
    nrs_floors_watch *it = calloc(1, sizeof *it);

    if (it == NULL || prepare(&it->of) != 0 || pthread_create(&it->thread, NULL, watch, it) != 0) {
        free(it);
        return NULL;
    }
    return it;
}

int nrs_floors_watch_end(nrs_floors *floors_out, nrs_floors_watch *it)
{
    int failed;

    atomic_store(&it->over, true);
    failed = pthread_join(it->thread, NULL) != 0 || it->failed != 0 || it->rounds == 0;
    if (failed == 0) {
        *floors_out = (nrs_floors){.verify = it->sums[0] / (double)it->rounds,
                                   .agree = it->sums[1] / (double)it->rounds,
                                   .agree_base = it->sums[2] / (double)it->rounds,
                                   .sign = it->sums[3] / (double)it->rounds};
    }
    free(it);
    return failed;
}

int nrs_sync_file_open(nrs_sync_file *file_out, const char *path)
{
    file_out->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return file_out->fd < 0 ? 1 : 0;
}

double nrs_sync_file_append(const nrs_sync_file *file)
{
    uint8_t block[BLOCK_SIZE];
    double start;

    memset(block, 0x5a, sizeof block);
    start = nrs_bench_now();
    if (write(file->fd, block, sizeof block) != (ssize_t)sizeof block || fdatasync(file->fd) != 0) {
        return -1.0;
    }
    return nrs_bench_now() - start;
}

void nrs_sync_file_close(nrs_sync_file *file)
{
    if (file->fd >= 0) {
        (void)close(file->fd);
    }
    file->fd = -1;
}
