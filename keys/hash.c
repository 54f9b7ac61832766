#include "keys/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "proto/assert.h"
#include "signing.h"

#define FINGERPRINT_GROUP_COUNT 8u
#define FINGERPRINT_GROUP_DIGITS 5u
#define FINGERPRINT_GROUP_MODULUS 100000u
#define FINGERPRINT_DIGITS (FINGERPRINT_GROUP_COUNT * FINGERPRINT_GROUP_DIGITS)
#define FINGERPRINT_TEXT_SIZE 48u

_Static_assert(FINGERPRINT_DIGITS + FINGERPRINT_GROUP_COUNT == FINGERPRINT_TEXT_SIZE,
               "the groups, the spaces between them and a zero");
_Static_assert(FINGERPRINT_GROUP_COUNT * 8u == NRS_LONG_HASH_SIZE, "each group has eight bytes of the hash");

nrs_slice nrs_domain_text(nrs_domain domain)
{
    static const nrs_slice texts[NRS_DOMAIN_COUNT] = {
#define DOMAIN_TEXT(name, text) [NRS_DOMAIN_##name] = { (const uint8_t *)(text), sizeof(text) - 1 },
        NRS_DOMAINS(DOMAIN_TEXT)
#undef DOMAIN_TEXT
    };

    NRS_ASSERT((unsigned)domain < (unsigned)NRS_DOMAIN_COUNT);
    return texts[domain];
}

void nrs_bytes_replace(nrs_bytes *bytes_out, nrs_bytes *from)
{
    NRS_ASSERT(bytes_out != NULL);
    NRS_ASSERT(from != NULL && from != bytes_out);
    nrs_bytes_wipe(bytes_out);
    *bytes_out = *from;
    *from = (nrs_bytes){ 0 };
}

void nrs_hash(uint8_t *hash_out, size_t size, nrs_domain domain, const nrs_slice *parts, size_t part_count)
{
    const nrs_slice text = nrs_domain_text(domain);
    const uint8_t prefix[4] = { (uint8_t)text.size, 0, 0, 0 };
    crypto_generichash_state state;

    NRS_ASSERT(size >= crypto_generichash_BYTES_MIN && size <= crypto_generichash_BYTES_MAX);
    NRS_ASSERT(text.size <= UINT8_MAX);

    /* None of these calls can fail: the size is within its bounds and there is no key. */
    (void)crypto_generichash_init(&state, NULL, 0, size);
    (void)crypto_generichash_update(&state, prefix, sizeof(prefix));
    (void)crypto_generichash_update(&state, text.data, text.size);
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].size > 0) {
            (void)crypto_generichash_update(&state, parts[i].data, parts[i].size);
        }
    }
    (void)crypto_generichash_final(&state, hash_out, size);
    sodium_memzero(&state, sizeof(state)); /* the parts may be secrets */
}

void nrs_hash_one(uint8_t hash_out[NRS_HASH_SIZE], nrs_domain domain, nrs_slice part)
{
    nrs_hash(hash_out, NRS_HASH_SIZE, domain, &part, 1);
}

void nrs_record_id(uint8_t id_out[NRS_HASH_SIZE], nrs_slice record)
{
    nrs_hash_one(id_out, NRS_DOMAIN_RECORD_ID, record);
}

void nrs_key_hash(uint8_t hash_out[NRS_KEY_HASH_SIZE], const uint8_t sign_key[NRS_KEY_SIZE])
{
    const nrs_slice part = nrs_slice_of(sign_key, NRS_KEY_SIZE);

    nrs_hash(hash_out, NRS_KEY_HASH_SIZE, NRS_DOMAIN_KEY_HASH, &part, 1);
}

void nrs_key_name(char name_out[NRS_KEY_NAME_SIZE], const uint8_t sign_key[NRS_KEY_SIZE])
{
    uint8_t hash[NRS_KEY_HASH_SIZE];

    nrs_key_hash(hash, sign_key);
    nrs_hex_encode(name_out, hash, sizeof hash);
}

void nrs_fingerprint(char text_out[48], const uint8_t key[NRS_KEY_SIZE])
{
    const nrs_slice part = nrs_slice_of(key, NRS_KEY_SIZE);
    uint8_t hash[NRS_LONG_HASH_SIZE];
    char group_text[FINGERPRINT_GROUP_DIGITS + 1];

    nrs_hash(hash, sizeof(hash), NRS_DOMAIN_FINGERPRINT, &part, 1);
    for (size_t i = 0; i < FINGERPRINT_GROUP_COUNT; i++) {
        char *place = text_out + i * (FINGERPRINT_GROUP_DIGITS + 1);
        uint64_t number = 0;

        for (size_t j = 0; j < 8; j++) {
            number = number << 8 | hash[8 * i + j];
        }
        (void)snprintf(group_text, sizeof(group_text), "%05" PRIu32, (uint32_t)(number % FINGERPRINT_GROUP_MODULUS));
        memcpy(place, group_text, FINGERPRINT_GROUP_DIGITS);
        place[FINGERPRINT_GROUP_DIGITS] = i + 1 < FINGERPRINT_GROUP_COUNT ? ' ' : '\0';
    }
}

/* The next digit of what a person typed or pasted, '\0' at the end. Blanks of any width, line breaks and hyphens are passed over, full-width
 * digits read as digits. */
static char next_digit(const char **at)
{
    for (;;) {
        const unsigned char *c = (const unsigned char *)*at;

        if (c[0] == 0xe3 && c[1] == 0x80 && c[2] == 0x80) { /* U+3000 */
            *at += 3;
        } else if (c[0] == 0xc2 && c[1] == 0xa0) { /* U+00A0 */
            *at += 2;
        } else if (c[0] == 0xef && c[1] == 0xbc && c[2] >= 0x90 && c[2] <= 0x99) { /* U+FF10 to U+FF19 */
            *at += 3;
            return (char)('0' + (c[2] - 0x90));
        } else if (c[0] == ' ' || c[0] == '-' || (c[0] >= '\t' && c[0] <= '\r')) {
            *at += 1;
        } else {
            *at += c[0] == '\0' ? 0 : 1;
            return (char)c[0];
        }
    }
}

nrs_error nrs_fingerprint_check(const char *given, const uint8_t key[NRS_KEY_SIZE])
{
    char want[FINGERPRINT_TEXT_SIZE];
    const char *at = given;
    size_t next = 0;

    if (given == NULL) {
        return NRS_ERROR_FINGERPRINT;
    }
    nrs_fingerprint(want, key);
    for (char digit = next_digit(&at); digit != '\0'; digit = next_digit(&at)) {
        if (want[next] == ' ') {
            next++;
        }
        if (want[next] == '\0' || want[next] != digit) {
            return NRS_ERROR_FINGERPRINT;
        }
        next++;
    }
    return want[next] == '\0' ? NRS_OK : NRS_ERROR_FINGERPRINT;
}
