#include "mesh_records.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "keys/envelope.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

static void keep(mesh_records *set, nrs_slice record)
{
    if (set->count < MESH_RECORD_MAX) {
        assert_int_equal(nrs_bytes_copy(&set->records[set->count], record), NRS_OK);
        set->count++;
    }
}

static nrs_error find(void *context, const nrs_log_row *row)
{
    mesh_records *set = context;

    if (row->type == set->type) {
        keep(set, row->record);
    } else if (set->type == NRS_RECORD_SLOT_TABLE && row->slots.size > 0) {
        keep(set, row->slots);
    }
    return NRS_OK;
}

mesh_records mesh_records_of(const mesh *net, size_t node, nrs_record_type type)
{
    mesh_records set = {.type = (uint32_t)type};

    assert_int_equal(nrs_store_log_each(net->nodes[node].store, 0, 100000, find, &set), NRS_OK);
    return set;
}

void mesh_records_wipe(mesh_records *set)
{
    for (size_t i = 0; i < set->count; i++) {
        nrs_bytes_wipe(&set->records[i]);
    }
}

typedef struct counting {
    uint32_t type;
    size_t count;
} counting;

static nrs_error count_row(void *context, const nrs_log_row *row)
{
    counting *it = context;

    it->count += row->type == it->type;
    return NRS_OK;
}

size_t mesh_rows_of(const mesh *net, size_t node, nrs_record_type type)
{
    counting it = {.type = (uint32_t)type};

    assert_int_equal(nrs_store_log_each(net->nodes[node].store, 0, 100000, count_row, &it), NRS_OK);
    return it.count;
}

bool mesh_holds(const mesh *net, size_t node, const char *id)
{
    uint8_t bytes[NRS_HASH_SIZE];
    uint64_t position = 0;

    OK(nrs_hex_decode(bytes, sizeof bytes, id));
    OK(nrs_store_log_find(net->nodes[node].store, &position, bytes));
    return position != 0;
}

void mesh_frame(nrs_bytes *frame_out, nrs_frame_type type, nrs_slice payload)
{
    nrs_frame frame;

    nrs__wire__frame__init(&frame);
    frame.type = (uint32_t)type;
    frame.payload = nrs_field_of(payload);
    assert_int_equal(nrs_frame_encode(frame_out, &frame), NRS_OK);
}

void mesh_give_records(mesh *net, size_t from, size_t to, uint64_t position, nrs_slice first, nrs_slice second)
{
    nrs_items items;
    Nrs__Wire__Item item, *list[1] = {&item};
    ProtobufCBinaryData records[2] = {nrs_field_of(first), nrs_field_of(second)};
    nrs_bytes payload = {0}, frame = {0};

    nrs__wire__items__init(&items);
    nrs__wire__item__init(&item);
    item.position = position;
    item.n_records = second.size > 0 ? 2 : 1;
    item.records = records;
    items.n_items = 1;
    items.items = list;
    assert_int_equal(nrs_items_encode(&payload, &items), NRS_OK);
    mesh_frame(&frame, NRS_FRAME_ITEMS, nrs_slice_of_bytes(&payload));
    assert_int_equal(mesh_inject(net, from, to, nrs_slice_of_bytes(&frame)), NRS_OK);
    nrs_bytes_wipe(&frame);
    nrs_bytes_wipe(&payload);
}

typedef struct bundle_search {
    const uint8_t *owner;
    nrs_prekeys *found;
} bundle_search;

static nrs_error find_bundle(void *context, const nrs_published_row *row)
{
    bundle_search *search = context;

    return memcmp(row->owner, search->owner, NRS_KEY_SIZE) == 0 ? nrs_prekeys_verify(&search->found, row->payload) : NRS_OK;
}

nrs_recipient mesh_recipient(const mesh *net, size_t node)
{
    const nrs_public_keys *keys = nrs_identity_public(net->nodes[node].identity);
    bundle_search search = {.owner = keys->sign_key};
    const Nrs__Wire__Prekey *prekey;
    nrs_recipient reader = {0};

    OK(nrs_store_prekeys_each(net->nodes[node].store, find_bundle, &search));
    assert_non_null(search.found);
    prekey = nrs_prekeys_current(search.found, net->now_ms);
    assert_non_null(prekey);
    memcpy(reader.org_sign_key, keys->sign_key, NRS_KEY_SIZE);
    memcpy(reader.sign_key, keys->sign_key, NRS_KEY_SIZE);
    memcpy(reader.agree_key, keys->agree_key, NRS_KEY_SIZE);
    memcpy(reader.prekey_id, prekey->id.data, NRS_PREKEY_ID_SIZE);
    memcpy(reader.prekey, prekey->key.data, NRS_KEY_SIZE);
    nrs_prekeys_free(&search.found);
    return reader;
}

void mesh_post_all(mesh *net, size_t from, size_t to, size_t via, const nrs_statement *statements, size_t count)
{
    static uint64_t position = 1u << 24;
    nrs_roster *roster = NULL;
    nrs_bytes bytes[MESH_STATEMENT_MAX] = {{0}}, record = {0};
    nrs_slice list[MESH_STATEMENT_MAX];
    nrs_recipient reader = mesh_recipient(net, to);
    nrs_envelope_request request = {.statements = list, .statement_count = count, .to = &reader, .now_ms = net->now_ms,
                                    .expires_ms = net->now_ms + NRS_DAY_MS};

    assert_in_range(count, 1, MESH_STATEMENT_MAX);
    OK(nrs_roster_decode(&roster, nrs_slice_of_bytes(&net->statement)));
    request.community = nrs_field(&roster->community);
    for (size_t i = 0; i < count; i++) {
        OK(nrs_statement_encode(&bytes[i], &statements[i]));
        list[i] = nrs_slice_of_bytes(&bytes[i]);
    }
    OK(nrs_envelope_seal(&record, net->nodes[from].identity, &request));
    mesh_give_records(net, via, to, position++, nrs_slice_of_bytes(&record), nrs_slice_of(NULL, 0));
    nrs_bytes_wipe(&record);
    for (size_t i = 0; i < count; i++) {
        nrs_bytes_wipe(&bytes[i]);
    }
    nrs_roster_free(&roster);
}

void mesh_post(mesh *net, size_t from, size_t to, size_t via, const nrs_statement *statement)
{
    mesh_post_all(net, from, to, via, statement, 1);
}
