/* Digests (SPEC 6.11): what a hub has to say to the sources it does not name leaves in envelopes of one size to all members at once,
 * most of which say nothing. Who reads the wire, or carries them, cannot tell for whom one was. Where a tick has several, each step of the engine
 * makes one of them, for all, and the store says which tick they are of and how many are left. */
#include "withheld/withheld.h"

#include "prekeys/key_change.h"
#include "report/letters.h"
#include "report/release.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELD_COUNT_MAX 4096u       /* statements looked at for one tick */
#define HELD_CARRIED_MAX 2048u     /* of them what members have said: it leaves room for the hub's own words */
#define HELD_EACH_MAX 64u          /* of those that wait for something else to leave, for one reader: none crowds out what others are told */
#define DIGEST_SAID_SIZE_MAX 2900u /* bytes of statements in one digest: beside the filler they stay in its class */
#define DIGESTS_AT_ONCE_MAX 32u    /* to each member, at one tick */

typedef struct held {
    uint64_t number;
    bool due;      /* it is what the digests leave for */
    bool carried;  /* a member's words, which this hub carries */
    bool done;     /* it has left, or leaves later */
    bool now;      /* it is due, and leaves in the digest in hand */
    size_t room;   /* as much as it takes at most */
    uint8_t to[NRS_KEY_SIZE];
    nrs_bytes statement;
} held;

typedef struct held_list {
    held *list;
    size_t count, carried;
    size_t digests; /* that what is due takes */
} held_list;

/* The digests of one tick, in one community. */
typedef struct digest_round {
    uint64_t tick_ms;
    uint64_t left; /* 0: none is under way */
} digest_round;

static void held_wipe(held_list *all)
{
    for (size_t i = 0; i < all->count; i++) {
        nrs_bytes_wipe(&all->list[i].statement);
    }
    free(all->list);
    *all = (held_list){0};
}

static nrs_error is_carried(bool *carried_out, nrs_slice bytes)
{
    nrs_statement *statement = NULL;
    nrs_error error = nrs_statement_decode(&statement, bytes);

    *carried_out = error == NRS_OK && (statement->type == NRS_STATEMENT_REPLY || statement->type == NRS_STATEMENT_REQUEST);
    nrs_statement_free(&statement);
    return nrs_error_is_fatal(error) ? error : NRS_OK;
}

static nrs_error gather(void *context, const nrs_digest_row *row)
{
    held_list *all = context;
    bool carried = false;
    held *one;
    nrs_error error;

    if (all->count == HELD_COUNT_MAX) {
        return NRS_ERROR_LIMIT; /* no other is looked at */
    }
    error = is_carried(&carried, row->statement);
    if (error != NRS_OK || (carried && all->carried == HELD_CARRIED_MAX)) {
        return error;
    }
    one = &all->list[all->count];
    *one = (held){.number = row->number, .due = row->due_ms != 0, .carried = carried, .room = row->statement.size + 8};
    memcpy(one->to, row->recipient, NRS_KEY_SIZE);
    error = nrs_bytes_copy(&one->statement, row->statement);
    all->count += error == NRS_OK ? 1 : 0;
    all->carried += error == NRS_OK && carried ? 1 : 0;
    return error;
}

/* What leaves in the next digest, and how many it takes in all, as if everything were for one reader: how many there are tells nothing of whose they are,
 * nor of whether these can be told. What this hub says itself goes first. Once the next one has left, the rest is packed as it would have been behind it. */
static void pack(const nrs_core *core, held_list *all)
{
    size_t size = 0, count = 0, number = 1;

    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < all->count; i++) {
            held *one = &all->list[i];

            if (!one->due || one->carried != (pass == 1)) {
                continue;
            }
            if (count > 0 && (size + one->room > DIGEST_SAID_SIZE_MAX || count + 1 == NRS_STATEMENT_COUNT_MAX)) {
                number++;
                size = count = 0;
            }
            one->done = number > 1 || nrs_key_ours(core, one->to); /* later */
            one->now = !one->done;
            size += one->room;
            count++;
        }
    }
    all->digests = number > DIGESTS_AT_ONCE_MAX ? DIGESTS_AT_ONCE_MAX : number;
}

static nrs_error fill(nrs_core *core, nrs_bytes *statement)
{
    nrs_error error = nrs_question_fill(core, statement);

    error = error == NRS_OK ? nrs_ask_fill(core, statement) : error;
    return error == NRS_OK ? nrs_reply_fill(core, statement) : error;
}

/* Questions wait as numbers, asks as their ids. One whose report is forgotten is not asked, and takes its room all the same; one that finds no room for a
 * secret now leaves later. */
static nrs_error fill_questions(nrs_core *core, held_list *all)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < all->count && error == NRS_OK; i++) {
        held *one = &all->list[i];
        const nrs_error filled = one->done ? NRS_OK : fill(core, &one->statement);

        one->done = one->done || filled != NRS_OK;
        error = nrs_error_is_verdict(filled) ? nrs_store_digest_delete(core->store, one->number) : nrs_error_is_fatal(filled) ? filled : NRS_OK;
    }
    return error;
}

static nrs_error filler(nrs_bytes *bytes_out, uint64_t now_ms)
{
    static const uint8_t zeros[NRS_DIGEST_FILLER_SIZE] = {0};
    nrs_statement statement;

    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_FILLER;
    statement.sealed_id = nrs_field_of(nrs_slice_of(zeros, NRS_HASH_SIZE));
    statement.at_ms = now_ms;
    statement.detail = nrs_field_of(nrs_slice_of(zeros, sizeof zeros));
    return nrs_statement_encode(bytes_out, &statement);
}

/* Those of one digest for one reader, and of what waits for something else to leave as much as still fits. */
static void collect(const nrs_core *core, nrs_slice *statements, held **which, size_t *count, const held_list *all, const nrs_peer *peer)
{
    size_t size = 0;

    for (size_t i = 0; i < all->count && *count < NRS_STATEMENT_COUNT_MAX; i++) {
        held *one = &all->list[i];

        if (one->done || size + one->statement.size + 8 > DIGEST_SAID_SIZE_MAX ||
            !nrs_key_same_org(core, one->to, peer->keys.sign_key)) {
            continue;
        }
        size += one->statement.size + 8;
        statements[*count] = nrs_slice_of_bytes(&one->statement);
        which[*count] = one;
        (*count)++;
    }
}

static nrs_error send_one(nrs_core *core, const nrs_community *community, const held_list *all, const nrs_peer *peer, nrs_slice padding)
{
    nrs_slice statements[NRS_STATEMENT_COUNT_MAX];
    held *which[NRS_STATEMENT_COUNT_MAX];
    nrs_recipient to;
    nrs_envelope_request request = {.statements = statements, .statement_count = 1, .community = nrs_slice_of(community->id, NRS_HASH_SIZE), .to = &to,
                                    .now_ms = nrs_letter_time(core)};
    nrs_bytes record = {0};
    uint8_t id[NRS_HASH_SIZE];
    nrs_error error = nrs_letter_reader(core, &to, peer);

    request.expires_ms = request.now_ms + NRS_REPORT_LIFE_MS_MAX;
    if (error != NRS_OK) {
        return nrs_error_is_fatal(error) ? error : NRS_OK; /* what it is to be told waits */
    }
    statements[0] = padding;
    collect(core, statements, which, &request.statement_count, all, peer);
    error = nrs_envelope_seal(&record, core->identity, &request);
    if (error == NRS_OK) {
        nrs_record_id(id, nrs_slice_of_bytes(&record));
        error = nrs_log_add(core, NULL, NRS_RECORD_ENVELOPE, id, nrs_slice_of_bytes(&record), nrs_slice_of(core->self.sign_key, NRS_KEY_SIZE),
                            nrs_slice_of(NULL, 0), request.expires_ms);
    }
    for (size_t i = 1; i < request.statement_count && error == NRS_OK; i++) { /* all but the filler */
        which[i]->done = true;
        error = nrs_store_digest_delete(core->store, which[i]->number);
    }
    nrs_bytes_wipe(&record);
    return error;
}

/* What was due to one who cannot be told waits for something else to leave: else nothing would leave, over and over, for a reader that is gone. Its digest
 * has left all the same, and what is due to it with later ticks is due then, so that such a source does not stand out. */
static nrs_error put_off(nrs_core *core, const held_list *all)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < all->count && error == NRS_OK; i++) {
        if (all->list[i].now && !all->list[i].done) {
            error = nrs_store_digest_wait(core->store, all->list[i].number);
        }
    }
    return error;
}

/* What this hub owes itself, as a holder: it acts at the tick, as others do to whom it says so. */
nrs_error nrs_digest_take_own(nrs_core *core, const nrs_community *community)
{
    held_list all = {.list = calloc(HELD_COUNT_MAX, sizeof *all.list)};
    nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    nrs_error error = all.list == NULL ? NRS_ERROR_NO_MEMORY : nrs_store_digest_each(core->store, community->id, core->now_ms, HELD_EACH_MAX, gather, &all);

    for (size_t i = 0; i < all.count && error == NRS_OK; i++) {
        nrs_statement *statement = NULL;

        if (!all.list[i].due || !nrs_key_ours(core, all.list[i].to) || self == NULL || nrs_room_for_secrets() != NRS_OK) { /* else with a later tick */
            continue;
        }
        error = nrs_statement_decode(&statement, nrs_slice_of_bytes(&all.list[i].statement));
        if (error == NRS_OK) {
            error = statement->type == NRS_STATEMENT_RELEASE ? nrs_release_take(core, self, statement) : nrs_denial_take(core, self, statement);
        }
        error = error == NRS_OK || nrs_error_is_verdict(error) ? nrs_store_digest_delete(core->store, all.list[i].number) : error;
        nrs_statement_free(&statement);
    }
    held_wipe(&all);
    return error;
}

static nrs_error send_all(nrs_core *core, const nrs_community *community, const held_list *all)
{
    nrs_bytes padding = {0};
    nrs_error error = filler(&padding, core->now_ms);

    for (size_t i = 0; i < community->roster->n_members && error == NRS_OK; i++) {
        const nrs_peer *peer = nrs_peer_by_sign(core, community->roster->members[i]->sign_key.data);

        if (peer != NULL && !nrs_key_ours(core, peer->keys.sign_key) && nrs_peer_member(core, peer, community)) {
            error = send_one(core, community, all, peer, nrs_slice_of_bytes(&padding));
        }
    }
    nrs_bytes_wipe(&padding);
    core->half_done = core->half_done || error == NRS_ERROR_BUSY; /* some have it, and nobody is to have it twice */
    return error;
}

/* ---- A tick's digests, one in each step ---- */

#define ROUND_NAME_SIZE (32 + 2 * NRS_HASH_SIZE)

static void name_of(char name_out[ROUND_NAME_SIZE], const char *what, const nrs_community *community)
{
    char id[2 * NRS_HASH_SIZE + 1];

    nrs_hex_encode(id, community->id, NRS_HASH_SIZE);
    (void)snprintf(name_out, ROUND_NAME_SIZE, "digests-%s %s", what, id);
}

static nrs_error read_round(nrs_core *core, digest_round *round_out, const nrs_community *community)
{
    char name[ROUND_NAME_SIZE];
    digest_round found = {.left = 0};
    nrs_error error;

    name_of(name, "left", community);
    error = nrs_store_meta_number_get(core->store, name, &found.left, NULL);
    if (error == NRS_OK && found.left > 0) {
        name_of(name, "tick", community);
        error = nrs_store_meta_number_get(core->store, name, &found.tick_ms, NULL);
    }
    if (error == NRS_OK) {
        *round_out = found;
    }
    return error;
}

static nrs_error write_round(nrs_core *core, const digest_round *round, const nrs_community *community)
{
    char name[ROUND_NAME_SIZE];
    nrs_error error;

    name_of(name, "left", community);
    error = nrs_store_meta_number_set(core->store, name, round->left);
    if (error == NRS_OK && round->left > 0) {
        name_of(name, "tick", community);
        error = nrs_store_meta_number_set(core->store, name, round->tick_ms);
    }
    return error;
}

/* In-out: round: one less is left. */
static nrs_error send_next(nrs_core *core, const nrs_community *community, digest_round *round)
{
    held_list all = {.list = calloc(HELD_COUNT_MAX, sizeof *all.list)};
    nrs_error error = all.list == NULL ? NRS_ERROR_NO_MEMORY : nrs_store_digest_each(core->store, community->id, round->tick_ms, HELD_EACH_MAX, gather, &all);

    if (error == NRS_OK) {
        pack(core, &all);
        round->left = round->left == 0 ? all.digests : round->left;
        error = fill_questions(core, &all);
    }
    error = error == NRS_OK ? send_all(core, community, &all) : error;
    error = error == NRS_OK ? put_off(core, &all) : error;
    held_wipe(&all);
    if (error == NRS_OK) {
        round->left--;
        error = write_round(core, round, community);
    }
    return error;
}

nrs_error nrs_digest_send(nrs_core *core, const nrs_community *community, bool *left_out)
{
    const bool may = !nrs_letter_no_time(core) && nrs_room_for_secrets() == NRS_OK;
    digest_round round = {.left = 0};
    bool leaves = false;
    nrs_error error = read_round(core, &round, community);

    if (error == NRS_OK && round.left == 0) {
        round.tick_ms = core->now_ms;
        error = nrs_store_digest_due(core->store, &leaves, community->id, core->now_ms);
    }
    if (error != NRS_OK || (round.left == 0 && !leaves)) {
        return error;
    }
    if (may) {
        error = send_next(core, community, &round);
        core->digests_go_on = core->digests_go_on || round.left > 0;
    }
    *left_out = *left_out || round.left > 0;
    if (error == NRS_OK && round.left == 0) { /* what found no room, and where nothing could leave, all of it */
        error = nrs_store_digest_defer(core->store, community->id, round.tick_ms, nrs_withheld_next_tick(core));
    }
    return error == NRS_ERROR_BUSY ? NRS_OK : error;
}
