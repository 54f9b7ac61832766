/* Our own count (SPEC 6.8). A stream belongs to one set of recipients under one label, so that whoever receives one of its
 * reports receives all of them: a recipient knows that a number it does not have is missing, and learns nothing of what was
 * sent to others. The log's incarnation and our key are part of what a stream belongs to: a store that was restored counts anew, as new keys do. */
#include "stream/stream.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static int by_key(const void *a, const void *b)
{
    return memcmp(a, b, NRS_KEY_SIZE);
}

static nrs_error audience_of(uint8_t audience_out[NRS_HASH_SIZE], const nrs_core *core, const nrs_delivery *delivery, nrs_label label, bool vouched)
{
    uint8_t (*keys)[NRS_KEY_SIZE] = calloc(delivery->count + 1, sizeof *keys);
    const uint8_t label_byte = (uint8_t)((unsigned)label | (vouched ? 0x80u : 0u));
    nrs_slice parts[5];

    if (keys == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < delivery->count; i++) {
        const nrs_addressee *one = &delivery->list[i];

        memcpy(keys[i], one->person != NULL ? one->person->sign_key.data : one->peer->keys.sign_key, NRS_KEY_SIZE);
    }
    qsort(keys, delivery->count, sizeof *keys, by_key);
    parts[0] = nrs_slice_of(nrs_store_incarnation(core->store), NRS_LOG_ID_SIZE);
    parts[1] = nrs_slice_of(delivery->community->id, NRS_HASH_SIZE);
    parts[2] = nrs_slice_of(&label_byte, 1);
    parts[3] = nrs_slice_of(core->self.sign_key, NRS_KEY_SIZE);
    parts[4] = nrs_slice_of((const uint8_t *)keys, delivery->count * sizeof *keys);
    nrs_hash(audience_out, NRS_HASH_SIZE, NRS_DOMAIN_STREAM_AUDIENCE, parts, sizeof parts / sizeof parts[0]);
    free(keys);
    return NRS_OK;
}

nrs_error nrs_numbers_settle(nrs_core *core)
{
    if (!core->sent_held) {
        return NRS_OK;
    }
    core->sent_held = false;
    return nrs_store_sent_stream_set(core->store, core->sent_audience, &core->sent);
}

static nrs_error read_sent(nrs_core *core, nrs_sent_stream *sent_out, const uint8_t audience[NRS_HASH_SIZE])
{
    if (core->sent_held && memcmp(core->sent_audience, audience, NRS_HASH_SIZE) == 0) {
        *sent_out = core->sent;
        return NRS_OK;
    }
    return nrs_store_sent_stream_get(core->store, sent_out, audience);
}

nrs_error nrs_number_next(nrs_core *core, nrs_number *number_out, const nrs_delivery *delivery, nrs_label label, bool vouched)
{
    nrs_sent_stream sent;
    nrs_number number;
    nrs_error error = audience_of(number.audience, core, delivery, label, vouched);

    if (error == NRS_OK) {
        error = read_sent(core, &sent, number.audience);
    }
    if (error == NRS_ERROR_NOT_FOUND) {
        sent = (nrs_sent_stream){.sequence = 0, .tell_ms = UINT64_MAX};
        randombytes_buf(sent.stream, sizeof sent.stream);
        error = NRS_OK;
    }
    if (error != NRS_OK) {
        return error;
    }
    memcpy(number.stream, sent.stream, NRS_HASH_SIZE);
    memcpy(number.previous, sent.last, NRS_HASH_SIZE);
    number.sequence = sent.sequence + 1;
    number.tell_ms = sent.tell_ms;
    *number_out = number;
    return NRS_OK;
}

nrs_slice nrs_number_previous(const nrs_number *number)
{
    return nrs_slice_of(number->previous, number->sequence > 1 ? NRS_HASH_SIZE : 0);
}

/* Many reports of one step are sent to the same recipients: the count of their stream is written once. */
static nrs_error set(nrs_core *core, const nrs_number *number, uint64_t sequence, const uint8_t last[NRS_HASH_SIZE], uint64_t tell_ms)
{
    if (core->sent_held && memcmp(core->sent_audience, number->audience, NRS_HASH_SIZE) != 0) {
        nrs_error error = nrs_numbers_settle(core);

        if (error != NRS_OK) {
            return error;
        }
    }
    core->sent = (nrs_sent_stream){.sequence = sequence, .tell_ms = tell_ms};
    memcpy(core->sent.stream, number->stream, NRS_HASH_SIZE);
    memcpy(core->sent.last, last, NRS_HASH_SIZE);
    memcpy(core->sent_audience, number->audience, NRS_HASH_SIZE);
    core->sent_held = true;
    return NRS_OK;
}

nrs_error nrs_number_reserve(nrs_core *core, const nrs_number *number)
{
    return set(core, number, number->sequence - 1, number->previous, number->tell_ms);
}

void nrs_stream_key(uint8_t key_out[NRS_HASH_SIZE], const uint8_t originator[NRS_KEY_SIZE], const uint8_t community[NRS_HASH_SIZE],
                    const uint8_t stream[NRS_HASH_SIZE])
{
    const nrs_slice parts[] = {nrs_slice_of(originator, NRS_KEY_SIZE), nrs_slice_of(community, NRS_HASH_SIZE), nrs_slice_of(stream, NRS_HASH_SIZE)};

    nrs_hash(key_out, NRS_HASH_SIZE, NRS_DOMAIN_STREAM, parts, sizeof parts / sizeof parts[0]);
}

nrs_error nrs_number_use(nrs_core *core, const nrs_number *number, const nrs_delivery *delivery, const uint8_t id[NRS_HASH_SIZE], uint64_t created_ms)
{
    nrs_stream_item item = {.sequence = number->sequence, .created_ms = created_ms};
    uint8_t key[NRS_HASH_SIZE];
    const uint64_t leaves_ms = created_ms > core->now_ms ? created_ms : core->now_ms; /* what a hub vouches for leaves at its tick */
    nrs_error error = set(core, number, number->sequence, id, leaves_ms + core->head_after_ms);

    if (error == NRS_OK) {
        memcpy(item.id, id, NRS_HASH_SIZE);
        nrs_stream_key(key, core->self.sign_key, delivery->community->id, number->stream);
        error = nrs_store_item_add(core->store, key, &item);
    }
    return error;
}
