#include "keys/place.h"

#include <string.h>

#include "proto/assert.h"
#include "sealing/sealing.h"

void nrs_place(uint8_t place_out[NRS_HASH_SIZE], const nrs_place_terms *terms)
{
    uint8_t sequence[8];
    const nrs_slice parts[] = {
        nrs_slice_of(terms->originator, NRS_KEY_SIZE),
        nrs_slice_of(terms->community, NRS_HASH_SIZE),
        nrs_slice_of(terms->stream, NRS_HASH_SIZE),
        nrs_slice_of(sequence, sizeof sequence),
    };

    for (size_t i = 0; i < sizeof sequence; i++) {
        sequence[i] = (uint8_t)(terms->sequence >> (8 * i));
    }
    nrs_hash(place_out, NRS_HASH_SIZE, NRS_DOMAIN_PLACE, parts, sizeof parts / sizeof parts[0]);
}

void nrs_equivocation_view_wipe(nrs_equivocation_view *view)
{
    NRS_ASSERT(view != NULL);

    nrs_header_free(&view->headers[0]);
    nrs_header_free(&view->headers[1]);
    nrs_equivocation_free(&view->value);
    *view = (nrs_equivocation_view){0};
}

/* Both are of one originator and community, under one place of a stream, and not the same report. */
static nrs_error check_pair(const nrs_header *one, const nrs_header *other, const uint8_t *one_id, const uint8_t *other_id)
{
    if (!nrs_header_counted(one) || !nrs_header_counted(other) || !nrs_slice_equal(nrs_field(&one->place), nrs_field(&other->place)) ||
        !nrs_slice_equal(nrs_field(&one->originator), nrs_field(&other->originator)) ||
        !nrs_slice_equal(nrs_field(&one->community), nrs_field(&other->community)) ||
        memcmp(one_id, other_id, NRS_HASH_SIZE) == 0) {
        return NRS_ERROR_FORGED;
    }
    return NRS_OK;
}

nrs_error nrs_equivocation_make(nrs_bytes *record_out, const nrs_sealed_view *one, const nrs_sealed_view *other)
{
    Nrs__Wire__SignedHeader first = NRS__WIRE__SIGNED_HEADER__INIT, second = NRS__WIRE__SIGNED_HEADER__INIT;
    nrs_equivocation value = NRS__WIRE__EQUIVOCATION__INIT;
    uint8_t first_grant[NRS_LONG_HASH_SIZE], second_grant[NRS_LONG_HASH_SIZE];
    nrs_bytes payload = {0};
    bool ascending;
    nrs_error error;

    NRS_ASSERT(record_out != NULL && one != NULL && other != NULL);
    error = check_pair(one->header, other->header, one->id, other->id);
    if (error != NRS_OK) {
        return error;
    }
    ascending = memcmp(one->id, other->id, NRS_HASH_SIZE) < 0;
    nrs_signed_header_of(&first, first_grant, ascending ? one : other);
    nrs_signed_header_of(&second, second_grant, ascending ? other : one);
    value.first = &first;
    value.second = &second;
    error = nrs_equivocation_encode(&payload, &value);
    if (error == NRS_OK) {
        error = nrs_record_wrap(record_out, NRS_RECORD_EQUIVOCATION, nrs_slice_of_bytes(&payload));
    }
    nrs_bytes_wipe(&payload);
    return error;
}

nrs_error nrs_equivocation_parse(nrs_equivocation_view *view_out, nrs_slice payload)
{
    nrs_equivocation_view view = {0};
    nrs_error error;

    NRS_ASSERT(view_out != NULL);
    error = nrs_equivocation_decode(&view.value, payload);
    if (error == NRS_OK) {
        error = nrs_signed_header_parse(&view.headers[0], view.ids[0], view.value->first);
    }
    if (error == NRS_OK) {
        error = nrs_signed_header_parse(&view.headers[1], view.ids[1], view.value->second);
    }
    if (error == NRS_OK) {
        error = check_pair(view.headers[0], view.headers[1], view.ids[0], view.ids[1]);
    }
    if (error == NRS_OK && memcmp(view.ids[0], view.ids[1], NRS_HASH_SIZE) > 0) {
        error = NRS_ERROR_NOT_CANONICAL;
    }
    if (error != NRS_OK) {
        nrs_equivocation_view_wipe(&view);
        return error;
    }
    *view_out = view;
    return NRS_OK;
}

nrs_error nrs_equivocation_verify(nrs_equivocation_view *view_out, nrs_slice payload)
{
    nrs_equivocation_view view = {0};
    nrs_error error = nrs_equivocation_parse(&view, payload);

    if (error == NRS_OK) {
        error = nrs_signed_header_check(view.value->first, view.headers[0]);
    }
    if (error == NRS_OK) {
        error = nrs_signed_header_check(view.value->second, view.headers[1]);
    }
    if (error != NRS_OK) {
        nrs_equivocation_view_wipe(&view);
        return error;
    }
    *view_out = view;
    return NRS_OK;
}
