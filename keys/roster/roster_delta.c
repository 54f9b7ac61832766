#include "keys/roster_delta.h"

#include <stdlib.h>
#include <string.h>

#include "proto/assert.h"
#include "signing.h"

/* ---- A statement as a row of its top-level fields ---- */

typedef struct token {
    const uint8_t *data;
    size_t size;
} token;

typedef struct tokens {
    token *list;
    size_t count, capacity;
} tokens;

static nrs_error token_add(tokens *out, const uint8_t *data, size_t size)
{
    if (out->count == out->capacity) {
        size_t capacity = out->capacity == 0 ? 64 : out->capacity * 2;
        token *list = realloc(out->list, capacity * sizeof *list);

        if (list == NULL) {
            return NRS_ERROR_NO_MEMORY;
        }
        out->list = list;
        out->capacity = capacity;
    }
    out->list[out->count++] = (token){ data, size };
    return NRS_OK;
}

static nrs_error read_varint(nrs_reader *reader, uint64_t *value_out)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = 0;
        nrs_error error = nrs_read_u8(reader, &byte);

        if (error != NRS_OK) {
            return error;
        }
        value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            *value_out = value;
            return NRS_OK;
        }
    }
    return NRS_ERROR_MALFORMED;
}

/* Varints and counted bytes are all that a roster has. */
static nrs_error split(tokens *out, nrs_slice statement)
{
    nrs_reader reader = nrs_reader_over(statement);
    nrs_error error = NRS_OK;

    while (error == NRS_OK && reader.left.size > 0) {
        const uint8_t *start = reader.left.data;
        uint64_t tag = 0;
        uint64_t value = 0;

        error = read_varint(&reader, &tag);
        if (error == NRS_OK) {
            error = read_varint(&reader, &value);
        }
        if (error == NRS_OK && (tag & 7) == 2) {
            if (value > reader.left.size) {
                return NRS_ERROR_MALFORMED;
            }
            reader.left.data += value;
            reader.left.size -= (size_t)value;
        } else if (error == NRS_OK && (tag & 7) != 0) {
            return NRS_ERROR_MALFORMED;
        }
        if (error == NRS_OK) {
            error = token_add(out, start, (size_t)(reader.left.data - start));
        }
    }
    return error;
}

static int compare_tokens(const void *a, const void *b)
{
    const token *left = a;
    const token *right = b;
    size_t size = left->size < right->size ? left->size : right->size;
    int order = memcmp(left->data, right->data, size);

    return order != 0 ? order : (left->size > right->size) - (left->size < right->size);
}

/* ---- Making ---- */

typedef struct edits {
    Nrs__Wire__RosterEdit *list;
    size_t count, capacity;
} edits;

static nrs_error edit_add(edits *out, const Nrs__Wire__RosterEdit *edit)
{
    if (out->count == out->capacity) {
        size_t capacity = out->capacity == 0 ? 64 : out->capacity * 2;
        Nrs__Wire__RosterEdit *list = realloc(out->list, capacity * sizeof *list);

        if (list == NULL) {
            return NRS_ERROR_NO_MEMORY;
        }
        out->list = list;
        out->capacity = capacity;
    }
    out->list[out->count++] = *edit;
    return NRS_OK;
}

/* Bytes of the base that follow on the last edit lengthen it. */
static nrs_error add_copy(edits *out, size_t offset, size_t size)
{
    Nrs__Wire__RosterEdit edit = NRS__WIRE__ROSTER_EDIT__INIT;
    Nrs__Wire__RosterEdit *last = out->count == 0 ? NULL : &out->list[out->count - 1];

    if (last != NULL && last->size > 0 && last->offset + last->size == offset) {
        last->size += (uint32_t)size;
        return NRS_OK;
    }
    edit.offset = (uint32_t)offset;
    edit.size = (uint32_t)size;
    return edit_add(out, &edit);
}

static nrs_error add_literal(edits *out, const token *from)
{
    Nrs__Wire__RosterEdit edit = NRS__WIRE__ROSTER_EDIT__INIT;
    Nrs__Wire__RosterEdit *last = out->count == 0 ? NULL : &out->list[out->count - 1];
    size_t done = 0;

    if (last != NULL && last->literal.len > 0 && last->literal.data + last->literal.len == from->data &&
        last->literal.len + from->size <= NRS_ROSTER_PIECE_SIZE_MAX) {
        last->literal.len += from->size; /* the new statement lies in one place */
        return NRS_OK;
    }
    while (done < from->size) {
        size_t size = from->size - done < NRS_ROSTER_PIECE_SIZE_MAX ? from->size - done : NRS_ROSTER_PIECE_SIZE_MAX;
        nrs_error error;

        edit.literal = nrs_field_of(nrs_slice_of(from->data + done, size));
        error = edit_add(out, &edit);
        if (error != NRS_OK) {
            return error;
        }
        done += size;
    }
    return NRS_OK;
}

static nrs_error find_edits(edits *out, nrs_slice statement, nrs_slice base)
{
    tokens old = { 0 };
    tokens fresh = { 0 };
    nrs_error error = split(&fresh, statement);

    if (error == NRS_OK) {
        error = split(&old, base);
    }
    if (error == NRS_OK && old.count > 0) {
        qsort(old.list, old.count, sizeof *old.list, compare_tokens);
    }
    for (size_t i = 0; error == NRS_OK && i < fresh.count; i++) {
        const token *same =
            old.count == 0 ? NULL : bsearch(&fresh.list[i], old.list, old.count, sizeof *old.list, compare_tokens);

        error = same != NULL ? add_copy(out, (size_t)(same->data - base.data), same->size) : add_literal(out, &fresh.list[i]);
    }
    free(old.list);
    free(fresh.list);
    return error;
}

/* How many edits, from the first on, one piece holds. */
static size_t piece_length(const edits *all, size_t first)
{
    size_t count = 0;
    size_t size = 0;

    while (first + count < all->count && count < NRS_ROSTER_EDIT_COUNT_MAX) {
        size += all->list[first + count].literal.len;
        if (size > NRS_ROSTER_PIECE_SIZE_MAX) {
            break;
        }
        count++;
    }
    return count;
}

static nrs_error encode_piece(nrs_bytes *piece_out, nrs_roster_delta *delta, const edits *all, size_t first, size_t count)
{
    Nrs__Wire__RosterEdit **places = calloc(count, sizeof(Nrs__Wire__RosterEdit *));
    nrs_error error;

    if (places == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        places[i] = &all->list[first + i];
    }
    delta->edits = places;
    delta->n_edits = count;
    error = nrs_roster_delta_encode(piece_out, delta);
    free(places);
    return error;
}

static nrs_error encode_pieces(nrs_roster_pieces *pieces, nrs_roster_delta *delta, const edits *all)
{
    nrs_error error = NRS_OK;
    size_t count = 0;

    for (size_t first = 0; first < all->count; first += piece_length(all, first)) {
        count++;
    }
    if (count > NRS_ROSTER_PIECE_COUNT_MAX) {
        return NRS_ERROR_TOO_LARGE;
    }
    delta->count = (uint32_t)count;
    for (size_t first = 0; error == NRS_OK && first < all->count;) {
        size_t length = piece_length(all, first);

        delta->index = (uint32_t)pieces->count;
        error = encode_piece(&pieces->list[pieces->count], delta, all, first, length);
        pieces->count += error == NRS_OK ? 1 : 0;
        first += length;
    }
    return error;
}

nrs_error nrs_roster_delta_make(nrs_roster_pieces *pieces_out, const nrs_signed_by_many *many, const nrs_roster *roster,
                                nrs_slice base_statement, uint64_t base_version)
{
    nrs_slice statement = nrs_field(&many->statement);
    nrs_roster_delta delta = NRS__WIRE__ROSTER_DELTA__INIT;
    Nrs__Wire__RosterHead head = NRS__WIRE__ROSTER_HEAD__INIT;
    nrs_roster_pieces pieces = { .count = 0 };
    edits all = { 0 };
    uint8_t community[NRS_HASH_SIZE];
    uint8_t hash[NRS_HASH_SIZE];
    uint8_t base_hash[NRS_HASH_SIZE];
    nrs_error error = find_edits(&all, statement, base_statement);

    NRS_ASSERT(pieces_out != NULL && roster != NULL);
    nrs_roster_community(community, roster, statement);
    nrs_roster_hash(hash, statement);
    head.community = nrs_field_of(nrs_slice_of(community, sizeof community));
    head.version = roster->version;
    head.hash = nrs_field_of(nrs_slice_of(hash, sizeof hash));
    head.signatures = many->signatures;
    head.n_signatures = many->n_signatures;
    delta.head = &head;
    if (base_statement.size > 0) {
        nrs_roster_hash(base_hash, base_statement);
        delta.base_version = base_version;
        delta.base_hash = nrs_field_of(nrs_slice_of(base_hash, sizeof base_hash));
    }
    if (error == NRS_OK) {
        error = encode_pieces(&pieces, &delta, &all);
    }
    if (error == NRS_OK) {
        nrs_roster_pieces_wipe(pieces_out);
        *pieces_out = pieces;
        pieces = (nrs_roster_pieces){ .count = 0 };
    }
    nrs_roster_pieces_wipe(&pieces);
    free(all.list);
    return error;
}

void nrs_roster_pieces_wipe(nrs_roster_pieces *pieces)
{
    NRS_ASSERT(pieces != NULL);
    for (size_t i = 0; i < NRS_ROSTER_PIECE_COUNT_MAX; i++) {
        nrs_bytes_wipe(&pieces->list[i]);
    }
    pieces->count = 0;
}

/* ---- Applying ---- */

static bool same_head(const nrs_roster_delta *a, const nrs_roster_delta *b)
{
    return a->count == b->count && a->base_version == b->base_version && a->head->version == b->head->version &&
           nrs_slice_equal(nrs_field(&a->base_hash), nrs_field(&b->base_hash)) &&
           nrs_slice_equal(nrs_field(&a->head->community), nrs_field(&b->head->community)) &&
           nrs_slice_equal(nrs_field(&a->head->hash), nrs_field(&b->head->hash));
}

static nrs_error check_pieces(const nrs_roster_delta *const *pieces, size_t piece_count, nrs_slice base)
{
    uint8_t hash[NRS_HASH_SIZE];

    if (piece_count == 0 || pieces[0]->count != piece_count) {
        return NRS_ERROR_MALFORMED;
    }
    for (size_t i = 0; i < piece_count; i++) {
        if (pieces[i]->index != i || !same_head(pieces[0], pieces[i])) {
            return NRS_ERROR_MALFORMED;
        }
    }
    if (pieces[0]->base_version == 0) {
        return base.size == 0 ? NRS_OK : NRS_ERROR_FORGED;
    }
    nrs_roster_hash(hash, base);
    return nrs_slice_equal(nrs_field(&pieces[0]->base_hash), nrs_slice_of(hash, sizeof hash)) ? NRS_OK : NRS_ERROR_FORGED;
}

static nrs_error apply_edit(nrs_bytes *statement, const Nrs__Wire__RosterEdit *edit, nrs_slice base)
{
    size_t size = edit->literal.len > 0 ? edit->literal.len : edit->size;

    if (size > NRS_ROSTER_SIZE_MAX - statement->size) {
        return NRS_ERROR_TOO_LARGE;
    }
    if (edit->literal.len > 0) {
        return nrs_bytes_append(statement, nrs_field(&edit->literal));
    }
    if (edit->offset > base.size || edit->size > base.size - edit->offset) {
        return NRS_ERROR_MALFORMED;
    }
    return nrs_bytes_append(statement, nrs_slice_of(base.data + edit->offset, edit->size));
}

nrs_error nrs_roster_delta_apply(nrs_bytes *many_out, const nrs_roster_delta *const *pieces, size_t piece_count,
                                 nrs_slice base_statement)
{
    nrs_bytes statement = { 0 };
    nrs_signed_by_many many = NRS__WIRE__SIGNED_BY_MANY__INIT;
    uint8_t hash[NRS_HASH_SIZE];
    nrs_error error = check_pieces(pieces, piece_count, base_statement);

    NRS_ASSERT(many_out != NULL);
    for (size_t i = 0; error == NRS_OK && i < piece_count; i++) {
        for (size_t j = 0; error == NRS_OK && j < pieces[i]->n_edits; j++) {
            error = apply_edit(&statement, pieces[i]->edits[j], base_statement);
        }
    }
    if (error != NRS_OK) {
        goto out;
    }
    nrs_roster_hash(hash, nrs_slice_of_bytes(&statement));
    if (!nrs_slice_equal(nrs_field(&pieces[0]->head->hash), nrs_slice_of(hash, sizeof hash))) {
        error = NRS_ERROR_FORGED;
        goto out;
    }
    many.statement = nrs_field_of(nrs_slice_of_bytes(&statement));
    many.signatures = pieces[0]->head->signatures;
    many.n_signatures = pieces[0]->head->n_signatures;
    error = nrs_signed_by_many_encode(many_out, &many);
out:
    nrs_bytes_wipe(&statement);
    return error;
}
