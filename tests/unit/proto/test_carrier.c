/* The carriers read in place and written in one go say the same as the strict codec, of good bytes and of spoiled ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "proto/carrier.h"

enum { ROUNDS = 20000, SIZE_MAX_TRIED = 400 };

/* xorshift: the same bytes in each run. */
static uint32_t draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 24);
}

static void same_record(nrs_slice bytes)
{
    nrs_record *record = NULL;
    nrs_slice payload = {0};
    uint32_t type = 0;
    nrs_error want = nrs_record_decode(&record, bytes);

    assert_int_equal(nrs_record_read(&type, &payload, bytes), want);
    if (want == NRS_OK) {
        assert_int_equal(type, record->type);
        assert_true(nrs_slice_equal(payload, nrs_field(&record->payload)));
    }
    nrs_record_free(&record);
}

static void same_frame(nrs_slice bytes)
{
    nrs_frame *frame = NULL;
    nrs_slice payload = {0};
    uint32_t type = 0;
    nrs_error want = nrs_frame_decode(&frame, bytes);

    assert_int_equal(nrs_frame_read(&type, &payload, bytes), want);
    if (want == NRS_OK) {
        assert_int_equal(type, frame->type);
        assert_true(nrs_slice_equal(payload, nrs_field(&frame->payload)));
    }
    nrs_frame_free(&frame);
}

static void same_items(nrs_slice bytes)
{
    nrs_items *items = NULL;
    nrs_item item;
    nrs_error want = nrs_items_decode(&items, bytes);

    assert_int_equal(nrs_items_check(bytes), want);
    for (size_t i = 0; want == NRS_OK && i < items->n_items; i++) {
        assert_true(nrs_items_next(&item, &bytes));
        assert_int_equal(item.position, items->items[i]->position);
        assert_int_equal(item.record_count, items->items[i]->n_records);
        for (size_t j = 0; j < item.record_count; j++) {
            assert_true(nrs_slice_equal(item.records[j], nrs_field(&items->items[i]->records[j])));
        }
    }
    if (want == NRS_OK) {
        assert_false(nrs_items_next(&item, &bytes));
    }
    nrs_items_free(&items);
}

static void same(nrs_slice bytes)
{
    same_record(bytes);
    same_frame(bytes);
    same_items(bytes);
}

/* Some bytes that mean something to the one or the other. */
static size_t make(uint8_t *out, uint64_t *state)
{
    static const uint8_t words[] = {0x08, 0x12, 0x0a, 0x00, 0x01, 0x02, 0x03, 0x05, 0x06, 0x07, 0x10, 0x14, 0x7f, 0x80, 0x81, 0xff, 0x1a, 0x20};
    size_t size = draw(state) % 24;

    for (size_t i = 0; i < size; i++) {
        out[i] = draw(state) % 4 == 0 ? (uint8_t)draw(state) : words[draw(state) % sizeof words];
    }
    return size;
}

static void whatever_comes_is_judged_alike(void **unused)
{
    uint8_t bytes[SIZE_MAX_TRIED];
    uint64_t state = 88172645463325252u;

    (void)unused;
    for (size_t i = 0; i < ROUNDS; i++) {
        same(nrs_slice_of(bytes, make(bytes, &state)));
    }
}

/* Good ones, then each with a byte changed, added or cut off. */
static void spoil(nrs_slice good, uint64_t *state)
{
    uint8_t bytes[SIZE_MAX_TRIED + 1];

    same(good);
    assert_true(good.size > 0 && good.size <= SIZE_MAX_TRIED);
    for (size_t i = 0; i < 60; i++) {
        size_t size = good.size;

        memcpy(bytes, good.data, size);
        if (i % 3 == 0) {
            bytes[draw(state) % (size < 16 ? size : 16)] = (uint8_t)draw(state);
        } else if (i % 3 == 1) {
            size = draw(state) % size;
        } else {
            size_t at = draw(state) % size;

            memmove(bytes + at + 1, bytes + at, size - at);
            bytes[at] = (uint8_t)draw(state);
            size++;
        }
        same(nrs_slice_of(bytes, size));
    }
}

static void what_is_written_reads_and_encodes_alike(void **unused)
{
    static const uint64_t positions[] = {0, 1, 127, 128, 16384, INT64_MAX};
    uint8_t content[150];
    uint64_t state = 7;

    (void)unused;
    memset(content, 0xab, sizeof content);
    for (size_t round = 0; round < 200; round++) {
        const nrs_slice records[] = {nrs_slice_of(content, 1 + draw(&state) % 20), nrs_slice_of(content, 1 + draw(&state) % 150)};
        ProtobufCBinaryData fields[] = {nrs_field_of(records[0]), nrs_field_of(records[1])};
        Nrs__Wire__Item one, other;
        Nrs__Wire__Item *list[] = {&one, &other};
        nrs_items items;
        nrs_frame frame;
        nrs_bytes appended = {0}, encoded = {0}, written = {0};

        nrs__wire__items__init(&items);
        nrs__wire__item__init(&one);
        nrs__wire__item__init(&other);
        one.position = positions[draw(&state) % 6];
        one.n_records = draw(&state) % 3;
        one.records = fields;
        other.position = positions[draw(&state) % 6];
        other.n_records = draw(&state) % 2;
        other.records = fields;
        items.n_items = 2;
        items.items = list;
        assert_int_equal(nrs_items_append(&appended, one.position, records, one.n_records), NRS_OK);
        assert_int_equal(nrs_items_append(&appended, other.position, records, other.n_records), NRS_OK);
        assert_int_equal(nrs_items_encode(&encoded, &items), NRS_OK);
        assert_true(nrs_slice_equal(nrs_slice_of_bytes(&appended), nrs_slice_of_bytes(&encoded)));
        spoil(nrs_slice_of_bytes(&appended), &state);

        nrs__wire__frame__init(&frame);
        frame.type = NRS_FRAME_ITEMS;
        frame.payload = nrs_field_of(nrs_slice_of_bytes(&appended));
        assert_int_equal(nrs_frame_write(&written, NRS_FRAME_ITEMS, nrs_slice_of_bytes(&appended)), NRS_OK);
        assert_int_equal(nrs_frame_encode(&encoded, &frame), NRS_OK);
        assert_true(nrs_slice_equal(nrs_slice_of_bytes(&written), nrs_slice_of_bytes(&encoded)));
        spoil(nrs_slice_of_bytes(&written), &state);

        assert_int_equal(nrs_record_wrap(&encoded, (nrs_record_type)(1 + round % 15), records[1]), NRS_OK);
        spoil(nrs_slice_of_bytes(&encoded), &state);
        nrs_bytes_wipe(&appended);
        nrs_bytes_wipe(&encoded);
        nrs_bytes_wipe(&written);
    }
}

static void frames_without_a_payload(void **unused)
{
    nrs_bytes frame = {0};

    (void)unused;
    for (uint32_t type = 0; type < 9; type++) {
        const uint8_t bare[] = {0x08, (uint8_t)type}, empty[] = {0x08, (uint8_t)type, 0x12, 0x00}, full[] = {0x08, (uint8_t)type, 0x12, 0x01, 0x00};

        same(nrs_slice_of(bare, sizeof bare));
        same(nrs_slice_of(empty, sizeof empty));
        same(nrs_slice_of(full, sizeof full));
    }
    assert_int_equal(nrs_frame_write(&frame, NRS_FRAME_PING, nrs_slice_of(NULL, 0)), NRS_OK);
    assert_int_equal(frame.size, 2);
    same_frame(nrs_slice_of_bytes(&frame));
    nrs_bytes_wipe(&frame);
}

static void sizes_at_their_limits(void **unused)
{
    uint8_t *large = calloc(1, NRS_FRAME_SIZE_MAX + 8);
    nrs_bytes bytes = {0};

    (void)unused;
    assert_non_null(large);
    assert_int_equal(nrs_frame_write(&bytes, NRS_FRAME_ITEMS, nrs_slice_of(large, NRS_FRAME_SIZE_MAX)), NRS_ERROR_TOO_LARGE);
    assert_null(bytes.data);
    assert_int_equal(nrs_frame_write(&bytes, NRS_FRAME_ITEMS, nrs_slice_of(large, NRS_FRAME_SIZE_MAX - 6)), NRS_OK);
    same_frame(nrs_slice_of_bytes(&bytes));
    same_frame(nrs_slice_of(large, NRS_FRAME_SIZE_MAX + 1));
    same_record(nrs_slice_of(large, NRS_RECORD_SIZE_MAX + 1));
    bytes.size = 0;
    for (uint64_t i = 0; i <= NRS_ITEM_COUNT_MAX; i++) {
        same_items(nrs_slice_of_bytes(&bytes));
        for (size_t j = 0; j < (i < 1000 ? 100 : 1); j++, i++) {
            assert_int_equal(nrs_items_append(&bytes, i + 1, &(nrs_slice){large, 1}, 1), NRS_OK);
        }
        i--;
    }
    same_items(nrs_slice_of_bytes(&bytes)); /* one too many */
    bytes.size = 0;
    for (size_t i = 0; i <= NRS_RECORDS_PER_ITEM_MAX; i++) { /* by hand: the writer takes no more than fit */
        assert_int_equal(nrs_bytes_append(&bytes, nrs_slice_of((const uint8_t[]){0x12, 0x01, 0x00}, 3)), NRS_OK);
    }
    memcpy(large, (const uint8_t[]){0x0a, (uint8_t)(0x80 | (bytes.size & 0x7f)), (uint8_t)(bytes.size >> 7)}, 3);
    memcpy(large + 3, bytes.data, bytes.size);
    same_items(nrs_slice_of(large, 3 + bytes.size));
    nrs_bytes_wipe(&bytes);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_comes_is_judged_alike),
        cmocka_unit_test(what_is_written_reads_and_encodes_alike),
        cmocka_unit_test(frames_without_a_payload),
        cmocka_unit_test(sizes_at_their_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
