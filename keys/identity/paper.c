/* A revocation on paper (SPEC 7.8): few signs, each line with a check of its own, so that a slip of the hand is found where
 * it happened. The text holds the organisation's id, the key, the time and the signature; the statement is made of them again. */
#include <stdlib.h>
#include <string.h>

#include "keys/change.h"
#include "proto/assert.h"
#include "signing.h"

#define LINE_SIZE 10u                                       /* bytes in a line: 16 signs of 5 bits */
#define SIGNS_IN_LINE 16u
#define CHECK_SIGNS 2u
#define LINE_COUNT_MAX 16u
#define FIXED_SIZE (2u + NRS_KEY_SIZE + 8u + NRS_SIGNATURE_SIZE) /* form, size of the id; key; time; signature */
#define FORM 1u

_Static_assert(FIXED_SIZE + NRS_NAME_SIZE_MAX <= LINE_COUNT_MAX * LINE_SIZE, "a paper holds the longest id");

/* Without I, L, O and U, which the hand and the eye mistake. */
static const char signs[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Two signs that depend on the line's number, so that lines cannot change places. */
static void check_signs(char out[CHECK_SIGNS], size_t line, const uint8_t data[LINE_SIZE])
{
    uint8_t number = (uint8_t)line;
    uint8_t hash[NRS_KEY_HASH_SIZE];
    const nrs_slice parts[] = {nrs_slice_of(&number, 1), nrs_slice_of(data, LINE_SIZE)};

    nrs_hash(hash, sizeof hash, NRS_DOMAIN_PAPER, parts, sizeof parts / sizeof parts[0]);
    out[0] = signs[hash[0] & 31u];
    out[1] = signs[hash[1] & 31u];
}

static nrs_error pack(nrs_bytes *bytes, const nrs_signed *outer, const nrs_key_change *change)
{
    const uint8_t head[] = {FORM, (uint8_t)strlen(change->org)};
    nrs_error error = nrs_bytes_append(bytes, nrs_slice_of(head, sizeof head));

    if (error == NRS_OK) {
        error = nrs_bytes_append(bytes, nrs_slice_of_string(change->org));
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append(bytes, nrs_field(&change->sign_key));
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append_u64(bytes, change->at_ms);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append(bytes, nrs_field(&outer->signature));
    }
    return error == NRS_OK ? nrs_bytes_resize(bytes, (bytes->size + LINE_SIZE - 1) / LINE_SIZE * LINE_SIZE) : error;
}

/* "XXXX XXXX XXXX XXXX  XX" */
static nrs_error append_line(nrs_bytes *text, size_t line, const uint8_t data[LINE_SIZE])
{
    char out[4 * 5 + 1 + CHECK_SIGNS + 1];
    char check[CHECK_SIGNS];
    size_t size = 0;

    for (size_t i = 0; i < SIGNS_IN_LINE; i++) {
        size_t bit = i * 5;
        unsigned pair = (unsigned)data[bit / 8] << 8 | (bit / 8 + 1 < LINE_SIZE ? data[bit / 8 + 1] : 0u);

        out[size++] = signs[(pair >> (11 - bit % 8)) & 31u];
        if (i % 4 == 3) {
            out[size++] = ' ';
        }
    }
    check_signs(check, line, data);
    out[size++] = ' ';
    memcpy(out + size, check, sizeof check);
    size += sizeof check;
    out[size++] = '\n';
    return nrs_bytes_append(text, nrs_slice_of(out, size));
}

nrs_error nrs_paper_write(char **text_out, nrs_slice payload)
{
    nrs_signed *outer = NULL;
    nrs_key_change *change = NULL;
    nrs_bytes packed = {0};
    nrs_bytes text = {0};
    nrs_error error = nrs_signed_decode(&outer, payload);

    NRS_ASSERT(text_out != NULL);

    if (error == NRS_OK) {
        error = nrs_key_change_decode(&change, nrs_field(&outer->statement));
    }
    if (error == NRS_OK && change->cause != NRS_KEY_REVOKED) {
        error = NRS_ERROR_MALFORMED;
    }
    if (error == NRS_OK) {
        error = pack(&packed, outer, change);
    }
    for (size_t i = 0; error == NRS_OK && i < packed.size / LINE_SIZE; i++) {
        error = append_line(&text, i + 1, packed.data + i * LINE_SIZE);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append(&text, nrs_slice_of("", 1));
    }
    if (error == NRS_OK) {
        *text_out = (char *)text.data;
        text = (nrs_bytes){0};
    }
    nrs_bytes_wipe(&packed);
    nrs_bytes_wipe(&text);
    nrs_key_change_free(&change);
    nrs_signed_free(&outer);
    return error;
}

/* The value of a sign, 32 for none. */
static unsigned value_of(uint8_t sign)
{
    const char *found = NULL;

    if (sign >= 'a' && sign <= 'z') {
        sign = (uint8_t)(sign - 'a' + 'A');
    }
    sign = sign == 'O' ? '0' : sign == 'I' || sign == 'L' ? '1' : sign;
    found = sign == 0 ? NULL : strchr(signs, sign);
    return found == NULL ? 32u : (unsigned)(found - signs);
}

static nrs_error read_line(uint8_t data_out[LINE_SIZE], size_t line, nrs_slice text)
{
    unsigned values[SIGNS_IN_LINE + CHECK_SIGNS];
    char check[CHECK_SIGNS];
    size_t count = 0;

    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == ' ' || text.data[i] == '\t' || text.data[i] == '-' || text.data[i] == '\r') {
            continue;
        }
        if (count == SIGNS_IN_LINE + CHECK_SIGNS || value_of(text.data[i]) > 31) {
            return NRS_ERROR_MALFORMED;
        }
        values[count++] = value_of(text.data[i]);
    }
    if (count != SIGNS_IN_LINE + CHECK_SIGNS) {
        return NRS_ERROR_MALFORMED;
    }
    memset(data_out, 0, LINE_SIZE);
    for (size_t i = 0; i < SIGNS_IN_LINE * 5; i++) {
        data_out[i / 8] |= (uint8_t)((values[i / 5] >> (4 - i % 5) & 1u) << (7 - i % 8));
    }
    check_signs(check, line, data_out);
    return signs[values[SIGNS_IN_LINE]] == check[0] && signs[values[SIGNS_IN_LINE + 1]] == check[1] ? NRS_OK : NRS_ERROR_MALFORMED;
}

/* The statement anew, with the signature that was typed. */
static nrs_error unpack(nrs_bytes *payload_out, nrs_slice packed)
{
    nrs_key_change change;
    nrs_signed outer = NRS__WIRE__SIGNED__INIT;
    nrs_reader reader = nrs_reader_over(packed);
    char org[NRS_NAME_SIZE_MAX + 1] = "";
    uint8_t head[2] = {0}, key[NRS_KEY_SIZE], signature[NRS_SIGNATURE_SIZE];
    nrs_bytes statement = {0};
    nrs_error error = nrs_read_copy(&reader, head, sizeof head);

    nrs__wire__key_change__init(&change);
    if (error == NRS_OK && (head[0] != FORM || head[1] == 0 || head[1] > NRS_NAME_SIZE_MAX)) {
        error = NRS_ERROR_FORGED;
    }
    if (error == NRS_OK) {
        error = nrs_read_copy(&reader, (uint8_t *)org, head[1]);
    }
    if (error == NRS_OK) {
        error = nrs_read_copy(&reader, key, sizeof key);
    }
    if (error == NRS_OK) {
        error = nrs_read_u64(&reader, &change.at_ms);
    }
    if (error == NRS_OK) {
        error = nrs_read_copy(&reader, signature, sizeof signature);
    }
    if (error == NRS_OK) {
        change.suite = NRS_SUITE;
        change.cause = NRS_KEY_REVOKED;
        change.org = org;
        change.sign_key = nrs_field_of(nrs_slice_of(key, sizeof key));
        error = nrs_key_change_encode(&statement, &change);
    }
    if (error == NRS_OK) {
        outer.statement = nrs_field_of(nrs_slice_of_bytes(&statement));
        outer.signer = change.sign_key;
        outer.signature = nrs_field_of(nrs_slice_of(signature, sizeof signature));
        error = nrs_signed_encode(payload_out, &outer);
    }
    nrs_bytes_wipe(&statement);
    return error == NRS_OK || error == NRS_ERROR_NO_MEMORY ? error : NRS_ERROR_FORGED;
}

static nrs_error check_whole(nrs_slice payload)
{
    nrs_key_change *change = NULL;
    nrs_card *card = NULL;
    nrs_error error = nrs_change_verify(&change, &card, payload);

    nrs_key_change_free(&change);
    nrs_card_free(&card);
    return error == NRS_OK || error == NRS_ERROR_NO_MEMORY ? error : NRS_ERROR_FORGED;
}

static bool is_blank(nrs_slice line)
{
    for (size_t i = 0; i < line.size; i++) {
        if (line.data[i] == '#') {
            return true;
        }
        if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r') {
            return false;
        }
    }
    return true;
}

nrs_error nrs_paper_read(nrs_bytes *payload_out, size_t *line_out, nrs_slice text)
{
    uint8_t packed[LINE_COUNT_MAX * LINE_SIZE];
    nrs_bytes payload = {0};
    size_t count = 0;
    nrs_error error = NRS_OK;

    NRS_ASSERT(payload_out != NULL && line_out != NULL);

    *line_out = 0;
    while (error == NRS_OK && text.size > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        nrs_slice line = nrs_slice_of(text.data, end == NULL ? text.size : (size_t)(end - text.data));

        text = nrs_slice_of(text.data + line.size + (end != NULL), text.size - line.size - (end != NULL));
        if (is_blank(line)) {
            continue;
        }
        if (count == LINE_COUNT_MAX) {
            return NRS_ERROR_MALFORMED;
        }
        error = read_line(packed + count * LINE_SIZE, count + 1, line);
        count++;
        *line_out = error == NRS_OK ? 0 : count;
    }
    if (error == NRS_OK && (count == 0 || count != (FIXED_SIZE + packed[1] + LINE_SIZE - 1) / LINE_SIZE)) {
        error = NRS_ERROR_MALFORMED; /* the first line says how many there are */
    }
    if (error == NRS_OK) {
        error = unpack(&payload, nrs_slice_of(packed, count * LINE_SIZE));
    }
    if (error == NRS_OK) {
        error = check_whole(nrs_slice_of_bytes(&payload));
    }
    if (error == NRS_OK) {
        nrs_bytes_replace(payload_out, &payload);
    }
    nrs_bytes_wipe(&payload);
    return error;
}
