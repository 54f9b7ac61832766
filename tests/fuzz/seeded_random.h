/* A seeded randombytes of libsodium, for test tools alone: the same seed draws the same bytes. Install it before
 * libsodium starts. */
#ifndef SEEDED_RANDOM_H
#define SEEDED_RANDOM_H

#include <sodium.h>
#include <stdint.h>
#include <string.h>

static struct {
    uint8_t key[crypto_stream_chacha20_KEYBYTES];
    uint64_t draw_count;
} nrs_seeded;

static inline const char *nrs_seeded_name(void)
{
    return "seeded";
}

/* Each draw has a nonce of its own, so its bytes do not depend on the sizes of the draws before it. */
static inline void nrs_seeded_fill(void *const data, const size_t size)
{
    uint8_t nonce[crypto_stream_chacha20_NONCEBYTES] = {0};

    for (size_t i = 0; i < 8; i++) {
        nonce[i] = (uint8_t)(nrs_seeded.draw_count >> (8 * i));
    }
    nrs_seeded.draw_count++;
    (void)crypto_stream_chacha20(data, size, nonce, nrs_seeded.key);
}

static inline uint32_t nrs_seeded_word(void)
{
    uint32_t word = 0;

    nrs_seeded_fill(&word, sizeof word);
    return word;
}

/* Begin a stream of its own, named by at most 32 characters. */
static inline void nrs_seeded_restart(const char *seed)
{
    const size_t size = strlen(seed);

    memset(&nrs_seeded, 0, sizeof nrs_seeded);
    memcpy(nrs_seeded.key, seed, size < sizeof nrs_seeded.key ? size : sizeof nrs_seeded.key);
}

static inline int nrs_seeded_install(const char *seed)
{
    static randombytes_implementation implementation;

    implementation.implementation_name = nrs_seeded_name;
    implementation.random = nrs_seeded_word;
    implementation.buf = nrs_seeded_fill;
    nrs_seeded_restart(seed);
    return randombytes_set_implementation(&implementation);
}

#endif
