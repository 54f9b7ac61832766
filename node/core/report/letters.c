/* Letters (SPEC 8): statements that are kept in the store until they can leave. They are looked for by reader, so that one whose
 * prekeys do not come costs a single look, however many wait for it; and one reader has so many at most, for so long at most. */
#include <string.h>

#include "report/letters.h"
#include "prekeys/key_change.h"
#include "store/queue.h"

#define LETTERS_TAKEN_MAX 4096u       /* into memory at once */
#define LETTERS_OF_READER_MAX 16384u
#define LETTER_LIFE_MS (2 * NRS_REPORT_LIFE_MS_MAX) /* what they speak of has expired long since, at the reader too */
#define LETTERS_PER_SWEEP 512u
#define LOOKED_NAME "letters-looked" /* the number up to which this round has looked for those whose time is over */

static nrs_error note_count(void *context, const uint8_t *to, uint64_t count)
{
    nrs_core *core = context;
    nrs_peer *peer = nrs_peer_by_sign(core, to);

    if (peer != NULL) {
        peer->letters = count;
    }
    core->letter_count += count;
    return NRS_OK;
}

nrs_error nrs_letters_load(nrs_core *core)
{
    core->letter_count = 0;
    return nrs_store_letter_counts(core->store, note_count, core);
}

nrs_error nrs_letters_keep(nrs_core *core, nrs_pending_statement *list, size_t count)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < count && error == NRS_OK; i++) {
        nrs_peer *peer = list[i].number == 0 ? nrs_peer_by_sign(core, list[i].to) : NULL;

        if (peer != NULL && peer->letters >= LETTERS_OF_READER_MAX) {
            nrs_core_complain(core, peer, NRS_ERROR_LIMIT, "too much waits for a prekey of it: it is not told more");
            continue;
        }
        if (list[i].number == 0) {
            error = nrs_store_letter_add(core->store, list[i].to, list[i].community, nrs_slice_of_bytes(&list[i].statement));
            list[i].number = nrs_store_letter_last(core->store);
            core->letter_count++;
        }
        if (peer != NULL) {
            peer->letters++;
        }
    }
    return error;
}

static nrs_error delete_one(nrs_core *core, const uint8_t to[NRS_KEY_SIZE], uint64_t number)
{
    nrs_peer *peer = nrs_peer_by_sign(core, to);

    if (peer != NULL && peer->letters > 0) {
        peer->letters--;
    }
    core->letter_count -= core->letter_count > 0 ? 1 : 0;
    return nrs_store_letter_delete(core->store, number);
}

nrs_error nrs_letters_delete(nrs_core *core, const nrs_pending_statement *list, size_t count)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < count && error == NRS_OK; i++) {
        error = list[i].number == 0 ? NRS_OK : delete_one(core, list[i].to, list[i].number);
    }
    return error;
}

/* What is safe in the store leaves memory, to be read again with the rest. */
static void drop_kept(nrs_core *core)
{
    size_t left = 0;

    for (size_t i = 0; i < core->statement_count; i++) {
        if (core->statements[i].number == 0) {
            core->statements[left] = core->statements[i];
            left++;
        } else {
            nrs_bytes_wipe(&core->statements[i].statement);
        }
    }
    core->statement_count = left;
}

typedef struct letters {
    nrs_core *core;
    size_t taken;
} letters;

static bool can_read(nrs_core *core, const nrs_peer *peer)
{
    nrs_recipient to;

    return peer != NULL && nrs_letter_reader(core, &to, peer) == NRS_OK;
}

/* Where nobody reads it, it goes. */
static bool leaves(nrs_core *core, const nrs_letter_row *row)
{
    const nrs_peer *peer = nrs_letter_peer(core, row->to, row->community);

    if (nrs_letter_outside(core, row->to, row->community)) {
        return false;
    }
    return peer == NULL || (nrs_letter_community(core, row->community) && can_read(core, peer));
}

/* Whether any does: those of one reader differ by their communities, where its keys change in one before another. */
static bool some_leave(nrs_core *core, const uint8_t reader[NRS_KEY_SIZE])
{
    const nrs_peer *peer = nrs_peer_by_sign(core, reader), *successor = nrs_key_successor(core, reader);

    return can_read(core, peer) || can_read(core, successor) || (successor == NULL && (peer == NULL || !nrs_peer_somewhere(peer)));
}

static nrs_error take(void *context, const nrs_letter_row *row)
{
    letters *found = context;
    nrs_core *core = found->core;
    nrs_statement *statement = NULL;
    nrs_error error;

    if (found->taken == LETTERS_TAKEN_MAX) {
        return NRS_ERROR_LIMIT;
    }
    if (!leaves(core, row)) {
        return NRS_OK;
    }
    error = nrs_statement_decode(&statement, row->statement);

    if (error == NRS_OK) {
        error = nrs_statement_queue(core, row->to, row->community, statement);
    }
    nrs_statement_free(&statement);
    if (error == NRS_OK) {
        core->statements[core->statement_count - 1].number = row->number;
        found->taken++;
    }
    return error;
}

nrs_error nrs_letters_requeue(nrs_core *core)
{
    letters found = {.core = core};
    uint8_t reader[NRS_KEY_SIZE];
    nrs_error error;

    drop_kept(core);
    core->letters_due = false;
    error = nrs_store_letter_reader(core->store, reader, nrs_slice_of(NULL, 0));
    while (error == NRS_OK && found.taken < LETTERS_TAKEN_MAX) {
        if (some_leave(core, reader)) {
            error = nrs_store_letter_each_of(core->store, reader, SIZE_MAX, take, &found);
        }
        if (error == NRS_OK) {
            error = nrs_store_letter_reader(core->store, reader, nrs_slice_of(reader, sizeof reader));
        }
    }
    core->letters_due = found.taken == LETTERS_TAKEN_MAX; /* there may be more of the last reader's, or more readers */
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

typedef struct expired {
    nrs_core *core;
    uint8_t readers[LETTERS_PER_SWEEP][NRS_KEY_SIZE];
    uint64_t numbers[LETTERS_PER_SWEEP];
    size_t count, seen;
    uint64_t last;
} expired;

/* One of further ahead than it may wait was made by a clock that was wrong. */
static bool is_over(const nrs_core *core, uint64_t at_ms)
{
    const uint64_t apart_ms = at_ms < core->now_ms ? core->now_ms - at_ms : at_ms - core->now_ms;

    return apart_ms > LETTER_LIFE_MS;
}

static nrs_error note_old(void *context, const nrs_letter_row *row)
{
    expired *old = context;
    nrs_statement *statement = NULL;
    nrs_error error = nrs_statement_decode(&statement, row->statement);

    old->seen++;
    old->last = row->number;
    if (error == NRS_OK && is_over(old->core, statement->at_ms)) {
        memcpy(old->readers[old->count], row->to, NRS_KEY_SIZE);
        old->numbers[old->count] = row->number;
        old->count++;
    }
    nrs_statement_free(&statement);
    return nrs_error_is_verdict(error) ? NRS_ERROR_DAMAGED : error;
}

/* So many in a sweep, in the order in which they were written; the next goes on behind them, and at the end begins anew: those that stay
 * hold up nobody's behind them. */
nrs_error nrs_letters_expire(nrs_core *core)
{
    expired old = {.core = core};
    uint64_t after = 0, looked;
    nrs_error error = nrs_store_meta_number_get(core->store, LOOKED_NAME, &after, NULL);

    if (error == NRS_OK) {
        error = nrs_store_letter_each(core->store, after, LETTERS_PER_SWEEP, note_old, &old);
    }
    for (size_t i = 0; error == NRS_OK && i < old.count; i++) {
        error = delete_one(core, old.readers[i], old.numbers[i]);
    }
    looked = old.seen < LETTERS_PER_SWEEP ? 0 : old.last;
    return error == NRS_OK && looked != after ? nrs_store_meta_number_set(core->store, LOOKED_NAME, looked) : error;
}
