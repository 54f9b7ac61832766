/* Bytes as text: hexadecimal, base64 and Z85, and the check of UTF-8. Written here because the libraries that have
 * them hold secrets too, and this box links none of those. */
#include <stdlib.h>
#include <string.h>

#include "proto/assert.h"
#include "proto/bytes.h"

enum { Z85_KEY_TEXT_SIZE = 40, Z85_BASE = 85 };

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char z85_digits[] =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

_Static_assert(sizeof base64_digits == 65, "base64 has 64 digits");
_Static_assert(sizeof z85_digits == Z85_BASE + 1, "Z85 has 85 digits");

void nrs_hex_encode(char *text_out, const uint8_t *data, size_t size)
{
    NRS_ASSERT(text_out != NULL);
    NRS_ASSERT(data != NULL || size == 0);

    for (size_t i = 0; i < size; i++) {
        text_out[2 * i] = hex_digits[data[i] >> 4];
        text_out[2 * i + 1] = hex_digits[data[i] & 15];
    }
    text_out[2 * size] = '\0';
}

/* The value of a digit, or -1. The terminating zero is no digit. */
static int digit_value(const char *digits, char digit)
{
    const char *found = digit == '\0' ? NULL : strchr(digits, digit);

    return found == NULL ? -1 : (int)(found - digits);
}

nrs_error nrs_hex_decode(uint8_t *data_out, size_t size, const char *text)
{
    NRS_ASSERT(data_out != NULL || size == 0);
    NRS_ASSERT(text != NULL);

    if (size > SIZE_MAX / 2 || strlen(text) != 2 * size) {
        return NRS_ERROR_MALFORMED;
    }
    if (strspn(text, hex_digits) != 2 * size) {
        return NRS_ERROR_MALFORMED;
    }
    for (size_t i = 0; i < size; i++) {
        int high = digit_value(hex_digits, text[2 * i]);
        int low = digit_value(hex_digits, text[2 * i + 1]);

        data_out[i] = (uint8_t)((unsigned)high << 4 | (unsigned)low);
    }
    return NRS_OK;
}

nrs_error nrs_base64_encode(char **text_out, nrs_slice data)
{
    char *text;
    size_t used = 0;

    NRS_ASSERT(text_out != NULL);
    NRS_ASSERT(data.data != NULL || data.size == 0);

    if (data.size > SIZE_MAX / 2 - 8) {
        return NRS_ERROR_NO_MEMORY;
    }
    text = malloc((data.size + 2) / 3 * 4 + 1);
    if (text == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < data.size; i += 3) {
        size_t given = data.size - i < 3 ? data.size - i : 3;
        uint32_t group = (uint32_t)data.data[i] << 16;

        group |= given > 1 ? (uint32_t)data.data[i + 1] << 8 : 0;
        group |= given > 2 ? (uint32_t)data.data[i + 2] : 0;
        text[used++] = base64_digits[group >> 18 & 63];
        text[used++] = base64_digits[group >> 12 & 63];
        text[used++] = given > 1 ? base64_digits[group >> 6 & 63] : '=';
        text[used++] = given > 2 ? base64_digits[group & 63] : '=';
    }
    text[used] = '\0';
    *text_out = text;
    return NRS_OK;
}

static int base64_value(uint8_t digit)
{
    if (digit >= 'A' && digit <= 'Z') {
        return digit - 'A';
    }
    if (digit >= 'a' && digit <= 'z') {
        return digit - 'a' + 26;
    }
    if (digit >= '0' && digit <= '9') {
        return digit - '0' + 52;
    }
    return digit == '+' ? 62 : digit == '/' ? 63 : -1;
}

/* Decode `text`, whose last `padding` characters are '=', into data. */
static nrs_error base64_fill(uint8_t *data, nrs_slice text, size_t padding)
{
    size_t used = 0;

    for (size_t i = 0; i < text.size; i += 4) {
        size_t pad = i + 4 == text.size ? padding : 0;
        uint32_t group = 0;

        for (size_t j = 0; j < 4; j++) {
            int value = j < 4 - pad ? base64_value(text.data[i + j]) : 0;

            if (value < 0) {
                return NRS_ERROR_MALFORMED;
            }
            group = group << 6 | (uint32_t)value;
        }
        /* Bits under the padding that are set would be a second spelling of the same bytes. */
        if ((pad == 1 && (group & 0xff) != 0) || (pad == 2 && (group & 0xffff) != 0)) {
            return NRS_ERROR_MALFORMED;
        }
        for (size_t j = 0; j < 3 - pad; j++) {
            data[used++] = (uint8_t)(group >> (16 - 8 * j));
        }
    }
    return NRS_OK;
}

nrs_error nrs_base64_decode(nrs_bytes *data_out, nrs_slice text)
{
    nrs_error error = NRS_ERROR_MALFORMED;
    nrs_bytes data = {0};
    size_t padding = 0;

    NRS_ASSERT(data_out != NULL);
    NRS_ASSERT(text.data != NULL || text.size == 0);

    if (text.size % 4 != 0) {
        goto out;
    }
    while (padding < 2 && padding < text.size && text.data[text.size - 1 - padding] == '=') {
        padding++;
    }
    error = nrs_bytes_resize(&data, text.size / 4 * 3 - padding);
    if (error != NRS_OK) {
        goto out;
    }
    error = base64_fill(data.data, text, padding);
    if (error != NRS_OK) {
        goto out;
    }
    nrs_bytes_wipe(data_out);
    *data_out = data;
    data = (nrs_bytes){0};
out:
    nrs_bytes_wipe(&data);
    return error;
}

void nrs_z85_encode_key(char text_out[41], const uint8_t key[32])
{
    NRS_ASSERT(text_out != NULL);
    NRS_ASSERT(key != NULL);

    for (size_t i = 0; i < 8; i++) {
        uint32_t value = 0;

        for (size_t j = 0; j < 4; j++) {
            value = value << 8 | key[4 * i + j]; /* Z85 is big-endian */
        }
        for (size_t j = 5; j-- > 0;) {
            text_out[5 * i + j] = z85_digits[value % Z85_BASE];
            value /= Z85_BASE;
        }
    }
    text_out[Z85_KEY_TEXT_SIZE] = '\0';
}

nrs_error nrs_z85_decode_key(uint8_t key_out[32], const char *text)
{
    uint8_t key[32];

    NRS_ASSERT(key_out != NULL);
    NRS_ASSERT(text != NULL);

    if (strlen(text) != Z85_KEY_TEXT_SIZE) {
        return NRS_ERROR_MALFORMED;
    }
    for (size_t i = 0; i < 8; i++) {
        uint64_t value = 0;

        for (size_t j = 0; j < 5; j++) {
            int digit = digit_value(z85_digits, text[5 * i + j]);

            if (digit < 0) {
                return NRS_ERROR_MALFORMED;
            }
            value = value * Z85_BASE + (uint64_t)digit;
        }
        if (value > UINT32_MAX) { /* five digits reach past 32 bits */
            return NRS_ERROR_MALFORMED;
        }
        for (size_t j = 0; j < 4; j++) {
            key[4 * i + j] = (uint8_t)(value >> (24 - 8 * j));
        }
    }
    memcpy(key_out, key, sizeof key);
    return NRS_OK;
}

/* How many bytes the code point at the head of `text` takes; 0 when it is not well formed (Unicode 15, table 3-7).
 * Out: code_point_out. */
static size_t utf8_next(uint32_t *code_point_out, nrs_slice text)
{
    static const struct {
        uint8_t first_min, first_max, second_min, second_max, size;
    } forms[] = {
        {0x00, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    uint8_t first = text.data[0];

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        uint32_t code_point;

        if (first < forms[i].first_min || first > forms[i].first_max) {
            continue;
        }
        if (forms[i].size > text.size) {
            return 0;
        }
        if (forms[i].size > 1 && (text.data[1] < forms[i].second_min || text.data[1] > forms[i].second_max)) {
            return 0;
        }
        code_point = forms[i].size == 1 ? first : first & (0x7fu >> forms[i].size);
        for (size_t j = 1; j < forms[i].size; j++) {
            if ((text.data[j] & 0xc0) != 0x80) {
                return 0;
            }
            code_point = code_point << 6 | (text.data[j] & 0x3fu);
        }
        *code_point_out = code_point;
        return forms[i].size;
    }
    return 0;
}

bool nrs_utf8_valid(nrs_slice text)
{
    NRS_ASSERT(text.data != NULL || text.size == 0);

    while (text.size > 0) {
        uint32_t code_point = ' ';
        size_t size = 0;

        while (size < text.size && text.data[size] >= 0x20 && text.data[size] < 0x7f) { /* most of most texts */
            size++;
        }
        size = size > 0 ? size : utf8_next(&code_point, text);
        if (size == 0) {
            return false;
        }
        if (code_point < 0x20 && code_point != '\t' && code_point != '\n' && code_point != '\r') {
            return false;
        }
        if (code_point >= 0x7f && code_point <= 0x9f) { /* DEL and the C1 controls */
            return false;
        }
        text.data += size;
        text.size -= size;
    }
    return true;
}

/* White_Space, or Default_Ignorable_Code_Point, which is shown as nothing at all (Unicode 15). Ascending. */
static bool is_blank(uint32_t code_point)
{
    static const struct {
        uint32_t first, last;
    } blanks[] = {
        {0x0009, 0x000d}, {0x0020, 0x0020}, {0x0085, 0x0085}, {0x00a0, 0x00a0}, {0x00ad, 0x00ad},   {0x034f, 0x034f},   {0x061c, 0x061c},
        {0x115f, 0x1160}, {0x1680, 0x1680}, {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x2000, 0x200f},   {0x2028, 0x202f},   {0x205f, 0x206f},
        {0x3000, 0x3000}, {0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0},   {0xfff0, 0xfff8},   {0x1bca0, 0x1bca3},
        {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
    };

    for (size_t i = 0; i < sizeof blanks / sizeof blanks[0] && code_point >= blanks[i].first; i++) {
        if (code_point <= blanks[i].last) {
            return true;
        }
    }
    return false;
}

bool nrs_utf8_blank(nrs_slice text)
{
    NRS_ASSERT(text.data != NULL || text.size == 0);

    while (text.size > 0) {
        uint32_t code_point = 0;
        const size_t size = utf8_next(&code_point, text);

        if (size == 0 || !is_blank(code_point)) {
            return false;
        }
        text.data += size;
        text.size -= size;
    }
    return true;
}
