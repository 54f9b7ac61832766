#include "keys/withdrawal.h"

#include <string.h>

#include "proto/assert.h"
#include "sealing/sealing.h"
#include "signing.h"

void nrs_withdrawal_view_wipe(nrs_withdrawal_view *view)
{
    NRS_ASSERT(view != NULL);
    nrs_header_free(&view->header);
    nrs_withdrawal_free(&view->value);
    nrs_signed_free(&view->outer);
    *view = (nrs_withdrawal_view){0};
}

nrs_error nrs_withdrawal_commit(uint8_t words_out[NRS_HASH_SIZE], const uint8_t salt[NRS_HASH_SIZE], const nrs_withdrawal_words *words)
{
    nrs_bytes bytes = {0};
    nrs_error error = nrs_bytes_append_prefixed(&bytes, nrs_slice_of_string(words->reason));

    if (error == NRS_OK) {
        error = nrs_bytes_append_prefixed(&bytes, nrs_slice_of_string(words->person));
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append_prefixed(&bytes, nrs_slice_of_string(words->user));
    }
    if (error == NRS_OK) {
        const nrs_slice parts[] = {nrs_slice_of(salt, NRS_HASH_SIZE), nrs_slice_of_bytes(&bytes)};

        nrs_hash(words_out, NRS_HASH_SIZE, NRS_DOMAIN_WITHDRAWAL_WORDS, parts, sizeof parts / sizeof parts[0]);
    }
    nrs_bytes_wipe(&bytes);
    return error;
}

static nrs_error encode(nrs_bytes *statement_out, const nrs_sealed_view *view, uint64_t at_ms, const uint8_t words[NRS_HASH_SIZE])
{
    Nrs__Wire__SignedHeader report = NRS__WIRE__SIGNED_HEADER__INIT;
    nrs_withdrawal value = NRS__WIRE__WITHDRAWAL__INIT;
    uint8_t grant_hash[NRS_LONG_HASH_SIZE];

    nrs_signed_header_of(&report, grant_hash, view);
    value.suite = NRS_SUITE;
    value.sealed_id = nrs_field_of(nrs_slice_of(view->id, NRS_HASH_SIZE));
    value.at_ms = at_ms;
    value.report = &report;
    value.words = nrs_field_of(nrs_slice_of(words, NRS_HASH_SIZE));
    return nrs_withdrawal_encode(statement_out, &value);
}

nrs_error nrs_withdrawal_make(nrs_bytes *signed_out, const nrs_identity *identity, const nrs_sealed_view *view, uint64_t at_ms,
                              const uint8_t words[NRS_HASH_SIZE])
{
    nrs_bytes statement = {0};
    nrs_error error;

    NRS_ASSERT(signed_out != NULL && identity != NULL && view != NULL);
    error = encode(&statement, view, at_ms, words);
    if (error == NRS_OK) {
        error = nrs_signed_payload(signed_out, NRS_RECORD_WITHDRAWAL, identity, nrs_slice_of_bytes(&statement));
    }
    nrs_bytes_wipe(&statement);
    return error;
}

nrs_error nrs_withdrawal_prepare(nrs_bytes *statement_out, const nrs_sealed_view *view)
{
    static const uint8_t none[NRS_HASH_SIZE]; /* said when it is signed */

    NRS_ASSERT(statement_out != NULL && view != NULL);
    return encode(statement_out, view, view->header->created_ms, none);
}

nrs_error nrs_withdrawal_sign(nrs_bytes *signed_out, const nrs_identity *identity, nrs_slice prepared, uint64_t at_ms,
                              const uint8_t words[NRS_HASH_SIZE])
{
    nrs_withdrawal *value = NULL;
    nrs_bytes statement = {0};
    nrs_error error = nrs_withdrawal_decode(&value, prepared);

    NRS_ASSERT(signed_out != NULL && identity != NULL);
    if (error == NRS_OK) {
        value->at_ms = at_ms;
        memcpy(value->words.data, words, NRS_HASH_SIZE); /* as many bytes, by the schema */
        error = nrs_withdrawal_encode(&statement, value);
    }
    if (error == NRS_OK) {
        error = nrs_signed_payload(signed_out, NRS_RECORD_WITHDRAWAL, identity, nrs_slice_of_bytes(&statement));
    }
    nrs_bytes_wipe(&statement);
    nrs_withdrawal_free(&value);
    return error;
}

/* outer_out: owned by the view from here on. */
static nrs_error take_apart(nrs_withdrawal_view *view, nrs_signed **outer)
{
    nrs_error error = nrs_withdrawal_decode(&view->value, nrs_field(&(*outer)->statement));

    view->outer = *outer;
    *outer = NULL;
    if (error == NRS_OK) {
        error = nrs_signed_header_parse(&view->header, view->id, view->value->report);
    }
    if (error == NRS_OK && !nrs_slice_equal(nrs_field(&view->value->sealed_id), nrs_slice_of(view->id, NRS_HASH_SIZE))) {
        error = NRS_ERROR_FORGED;
    }
    return error;
}

static nrs_error give(nrs_withdrawal_view *view_out, nrs_withdrawal_view *view, nrs_signed **outer, nrs_error error)
{
    nrs_signed_free(outer);
    if (error != NRS_OK) {
        nrs_withdrawal_view_wipe(view);
        return error;
    }
    *view_out = *view;
    return NRS_OK;
}

nrs_error nrs_withdrawal_parse(nrs_withdrawal_view *view_out, nrs_slice bytes)
{
    nrs_withdrawal_view view = {0};
    nrs_signed *outer = NULL;
    nrs_error error = nrs_signed_decode(&outer, bytes);

    NRS_ASSERT(view_out != NULL);
    if (error == NRS_OK) {
        error = take_apart(&view, &outer);
    }
    return give(view_out, &view, &outer, error);
}

nrs_error nrs_withdrawal_verify(nrs_withdrawal_view *view_out, nrs_slice bytes)
{
    nrs_withdrawal_view view = {0};
    nrs_signed *outer = NULL;
    nrs_error error = nrs_signed_open(&outer, NRS_RECORD_WITHDRAWAL, bytes);

    NRS_ASSERT(view_out != NULL);
    if (error == NRS_OK) {
        error = take_apart(&view, &outer);
    }
    if (error == NRS_OK) {
        error = nrs_signed_header_check(view.value->report, view.header);
    }
    return give(view_out, &view, &outer, error);
}
