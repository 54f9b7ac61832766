/* Rosters between peers (SPEC 10.3): each hello names what is held; whoever holds a later version pushes what changed since,
 * or the whole where the two share no version. Rosters stand in no log: a push that is lost is made good by the next hello. */
#include <stdlib.h>
#include <string.h>

#include "link/link.h"
#include "link/link_frame.h"
#include "link/receive.h"
#include "prekeys/key_change.h"
#include "roster/fork.h"

#define STEP_COUNT_MAX 64u               /* deltas of one push; further behind, the whole is shorter */
#define STEPS_SIZE_MAX (200u * 1024u)
#define PUSHES_PER_STEP 256u             /* links told in one step; the next step goes on */
#define ROOM_FOR_WRAPPING 1024u

/* ---- What is pushed: frames that several links may be given ---- */

typedef struct push {
    uint8_t community[NRS_HASH_SIZE];
    uint64_t from;        /* the version that the receiver holds */
    bool apart;           /* it holds another roster of that version */
    bool beside;          /* which is known here to stand on the same version before */
    nrs_bytes *payloads;  /* Items, each for a frame of its own */
    size_t count, capacity;
} push;

static void push_wipe(push *made)
{
    for (size_t i = 0; i < made->count; i++) {
        nrs_bytes_wipe(&made->payloads[i]);
    }
    free(made->payloads);
    *made = (push){0};
}

/* Takes records over as one item of position 0. */
static nrs_error add_payload(push *made, const nrs_bytes *records, size_t record_count)
{
    ProtobufCBinaryData fields[STEP_COUNT_MAX];
    Nrs__Wire__Item item = NRS__WIRE__ITEM__INIT;
    Nrs__Wire__Item *list[1] = {&item};
    nrs_items items = NRS__WIRE__ITEMS__INIT;

    NRS_ASSERT(record_count >= 1 && record_count <= STEP_COUNT_MAX);
    if (made->count == made->capacity) {
        size_t capacity = made->capacity == 0 ? 8 : made->capacity * 2;
        nrs_bytes *payloads = realloc(made->payloads, capacity * sizeof *payloads);

        if (payloads == NULL) {
            return NRS_ERROR_NO_MEMORY;
        }
        made->payloads = payloads;
        made->capacity = capacity;
    }
    for (size_t i = 0; i < record_count; i++) {
        fields[i] = nrs_field_of(nrs_slice_of_bytes(&records[i]));
    }
    item.records = fields;
    item.n_records = record_count;
    items.items = list;
    items.n_items = 1;
    made->payloads[made->count] = (nrs_bytes){0};
    nrs_error error = nrs_items_encode(&made->payloads[made->count], &items);
    made->count += error == NRS_OK ? 1 : 0;
    return error;
}

static nrs_error add_record(push *made, nrs_record_type type, nrs_slice payload)
{
    nrs_bytes record = {0};
    nrs_error error = nrs_record_wrap(&record, type, payload);

    if (error == NRS_OK) {
        error = add_payload(made, &record, 1);
    }
    nrs_bytes_wipe(&record);
    return error;
}

static nrs_error add_whole(nrs_core *core, push *made, uint64_t version)
{
    nrs_roster_parts parts = {0};
    nrs_roster_pieces pieces = {.count = 0};
    nrs_error error = nrs_roster_at(core, &parts, made->community, version);

    if (error == NRS_OK && parts.bytes.size + ROOM_FOR_WRAPPING <= NRS_RECORD_SIZE_MAX) {
        error = add_record(made, NRS_RECORD_ROSTER, nrs_slice_of_bytes(&parts.bytes));
    } else if (error == NRS_OK) {
        error = nrs_roster_delta_make(&pieces, parts.many, parts.roster, nrs_slice_of(NULL, 0), 0);
        for (size_t i = 0; error == NRS_OK && i < pieces.count; i++) {
            error = add_record(made, NRS_RECORD_ROSTER_DELTA, nrs_slice_of_bytes(&pieces.list[i]));
        }
    }
    nrs_roster_pieces_wipe(&pieces);
    nrs_roster_parts_wipe(&parts);
    return error;
}

/* The deltas that lead from what the receiver holds to the newest, when there are few and none is missing. */
typedef struct steps {
    nrs_bytes records[STEP_COUNT_MAX];
    size_t count, size;
    uint64_t version; /* so far */
    bool broken;
} steps;

static nrs_error take_step(void *context, const nrs_roster_step_row *row)
{
    steps *taken = context;
    nrs_error error;

    if (row->delta.size == 0 || row->base_version != taken->version || taken->count == STEP_COUNT_MAX ||
        taken->size + row->delta.size > STEPS_SIZE_MAX) {
        taken->broken = true;
        return NRS_ERROR_LIMIT;
    }
    error = nrs_record_wrap(&taken->records[taken->count], NRS_RECORD_ROSTER_DELTA, row->delta);
    if (error == NRS_OK) {
        taken->size += row->delta.size;
        taken->count++;
        taken->version = row->version;
    }
    return error;
}

typedef struct versions {
    uint64_t list[NRS_CHAIN_COUNT_MAX];
    size_t count;
} versions;

static nrs_error take_version(void *context, const nrs_roster_step_row *row)
{
    versions *taken = context;

    if (taken->count == NRS_CHAIN_COUNT_MAX) {
        return NRS_ERROR_LIMIT;
    }
    taken->list[taken->count++] = row->version;
    return NRS_OK;
}

/* The newest, after those by whose keys it can be told to be right. */
static nrs_error make_wholes(nrs_core *core, push *made, uint64_t newest)
{
    versions changes = {.count = 0};
    nrs_error error = nrs_store_roster_step_each(core->store, made->community, made->from, newest - 1, true, NRS_CHAIN_COUNT_MAX, take_version,
                                                 &changes);

    if (error == NRS_OK && made->from == 0 && newest > 1) { /* who holds none begins with the one that its hash names */
        error = add_whole(core, made, 1);
        error = error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
    }
    for (size_t i = 0; error == NRS_OK && i < changes.count; i++) {
        error = add_whole(core, made, changes.list[i]);
    }
    return error == NRS_OK ? add_whole(core, made, newest) : error;
}

/* Two of one version, and what the receiver's stands on is not known, so it may be another as well: no delta would find its base there. Ours of
 * that version is shown whole, which proves the fork (SPEC 7.12), and then what came after it. */
static nrs_error make_apart(nrs_core *core, push *made, uint64_t newest)
{
    nrs_error error = add_whole(core, made, made->from);

    error = error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
    return error == NRS_OK && newest > made->from ? make_wholes(core, made, newest) : error;
}

/* Whether another roster of a version that is held, kept here as a side, follows the version before that is held. */
static nrs_error stands_beside(nrs_core *core, bool *beside_out, const nrs_community *community, const struct nrs_link_head *head)
{
    uint8_t before[NRS_HASH_SIZE];
    nrs_bytes many = {0};
    nrs_roster_parts parts = {0};
    nrs_error error = nrs_fork_many(core, &many, community, head->hash);

    *beside_out = false;
    if (error == NRS_OK && many.size > 0) {
        error = nrs_roster_parts_of(&parts, nrs_slice_of_bytes(&many));
        error = error == NRS_OK ? nrs_roster_hash_at(core, before, community->id, head->version - 1) : error;
        *beside_out = error == NRS_OK && nrs_slice_equal(nrs_field(&parts.roster->previous), nrs_slice_of(before, sizeof before));
    }
    nrs_roster_parts_wipe(&parts);
    nrs_bytes_wipe(&many);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

static nrs_error make_push(nrs_core *core, push *made, const nrs_community *community, uint64_t from, bool known, bool apart, bool beside)
{
    uint64_t newest = community->roster->version;
    uint64_t after = apart ? from - 1 : from; /* two of one version: the receiver is shown ours, from what both stand on */
    steps *taken = calloc(1, sizeof *taken);
    nrs_error error = taken == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    push_wipe(made);
    memcpy(made->community, community->id, NRS_HASH_SIZE);
    made->from = from;
    made->apart = apart;
    made->beside = beside;
    if (error == NRS_OK && apart && !beside) {
        error = make_apart(core, made, newest);
        goto out;
    }
    if (error == NRS_OK && known && after > 0) {
        taken->version = after;
        error = nrs_store_roster_step_each(core->store, community->id, after, newest, false, STEP_COUNT_MAX + 1, take_step, taken);
    }
    if (error == NRS_OK && taken->count > 0 && !taken->broken) {
        error = add_payload(made, taken->records, taken->count);
    } else if (error == NRS_OK) {
        made->from = after;
        error = make_wholes(core, made, newest);
        made->from = from;
    }
out:
    for (size_t i = 0; taken != NULL && i < taken->count; i++) {
        nrs_bytes_wipe(&taken->records[i]);
    }
    free(taken);
    return error;
}

/* ---- To whom ---- */

/* What the peer holds of a community, as far as is known; an entry of version 0 where nothing is. NULL without memory. */
static struct nrs_link_head *head_of(nrs_link *link, const uint8_t community[NRS_HASH_SIZE])
{
    struct nrs_link_head *heads;

    for (size_t i = 0; i < link->head_count; i++) {
        if (memcmp(link->heads[i].community, community, NRS_HASH_SIZE) == 0) {
            return &link->heads[i];
        }
    }
    heads = realloc(link->heads, (link->head_count + 1) * sizeof *heads);
    if (heads == NULL) {
        return NULL;
    }
    link->heads = heads;
    memset(&heads[link->head_count], 0, sizeof *heads);
    memcpy(heads[link->head_count].community, community, NRS_HASH_SIZE);
    return &heads[link->head_count++];
}

void nrs_roster_note_held(nrs_peer *peer, const uint8_t community[NRS_HASH_SIZE], uint64_t version, const uint8_t hash[NRS_HASH_SIZE])
{
    struct nrs_link_head *head = peer->link == NULL ? NULL : head_of(peer->link, community);

    if (head != NULL && head->version <= version) { /* without memory it is told again what it knows */
        head->version = version;
        memcpy(head->hash, hash, NRS_HASH_SIZE);
    }
}

static nrs_error push_community(nrs_core *core, nrs_link *link, const nrs_community *community, push *made)
{
    struct nrs_link_head *head = head_of(link, community->id);
    uint8_t ours[NRS_HASH_SIZE];
    bool known = false;
    bool apart = false, beside = false;
    nrs_error error;

    if (head == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    if (head->version > community->roster->version || memcmp(head->hash, community->head, NRS_HASH_SIZE) == 0) {
        return NRS_OK;
    }
    error = nrs_roster_hash_at(core, ours, community->id, head->version);
    if (error != NRS_OK && error != NRS_ERROR_NOT_FOUND) {
        return error;
    }
    known = error == NRS_OK;
    apart = known && memcmp(ours, head->hash, NRS_HASH_SIZE) != 0;
    error = apart ? stands_beside(core, &beside, community, head) : NRS_OK;
    if (error != NRS_OK) {
        return error;
    }
    if (made->count == 0 || made->from != head->version || made->apart != apart || made->beside != beside ||
        memcmp(made->community, community->id, NRS_HASH_SIZE) != 0) {
        error = make_push(core, made, community, head->version, known, apart, beside);
    }
    for (size_t i = 0; error == NRS_OK && i < made->count; i++) {
        error = nrs_link_send_payload(core, link, NRS_FRAME_ITEMS, nrs_slice_of_bytes(&made->payloads[i]));
        nrs_link_repeated(link->peer, made->payloads[i].size); /* its next hello may ask for it all again */
    }
    if (error == NRS_OK) {
        head->version = community->roster->version;
        memcpy(head->hash, community->head, NRS_HASH_SIZE);
        link->peer->told_of |= nrs_community_bit(core, community);
    }
    return error;
}

/* A hub whose next key this roster names: its members hear of that before it goes over to it (SPEC 7.10). */
static bool was_hub(const nrs_core *core, const nrs_community *community)
{
    return nrs_peer_hub(core, nrs_key_successor(core, core->self.sign_key), community);
}

/* A hub by its next key, which was restored to the one before: it does not know yet. */
static bool is_hub_next(const nrs_core *core, const nrs_peer *peer, const nrs_community *community)
{
    return core->key_ends != NULL && nrs_peer_hub(core, nrs_key_successor(core, peer->keys.sign_key), community);
}

static nrs_error push_link(nrs_core *core, nrs_link *link, push *made)
{
    const uint64_t told = nrs_guest_told(core, link->peer);
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < core->community_count; i++) {
        const nrs_community *community = &core->communities[i];

        if (nrs_peer_member(core, link->peer, community) && (community->hub || was_hub(core, community) || nrs_peer_hub(core, link->peer, community) || is_hub_next(core, link->peer, community))) {
            error = push_community(core, link, community, made);
        }
    }
    for (size_t i = 0; error == NRS_OK && i < core->community_count; i++) { /* after those by which they are recognised */
        if ((told & nrs_community_bit(core, &core->communities[i])) != 0) {
            error = push_community(core, link, &core->communities[i], made);
        }
    }
    return error;
}

nrs_error nrs_roster_push_all(nrs_core *core)
{
    push made = {0};
    nrs_link *link, *next;
    size_t told = 0;

    core->rosters_to_push = false;
    HASH_ITER (hh, core->links, link, next) {
        nrs_error error;

        if (link->state != NRS_LINK_UP || !link->rosters_due || !nrs_link_may_repeat(core, link->peer)) {
            continue;
        }
        if (told == PUSHES_PER_STEP) {
            core->rosters_to_push = true;
            break;
        }
        told++;
        link->rosters_due = false;
        error = push_link(core, link, &made);
        if (error != NRS_OK) {
            nrs_core_complain(core, link->peer, error, "could not be told of a roster: %s", nrs_error_rule(error));
            nrs_link_close(core, link, NRS_OK);
        }
    }
    push_wipe(&made);
    return NRS_OK;
}

/* ---- In ---- */

struct nrs_roster_gathering {
    nrs_roster_delta *pieces[NRS_ROSTER_PIECE_COUNT_MAX];
    size_t count;
};

void nrs_roster_gathering_wipe(struct nrs_roster_gathering **gathering)
{
    for (size_t i = 0; *gathering != NULL && i < (*gathering)->count; i++) {
        nrs_roster_delta_free(&(*gathering)->pieces[i]);
    }
    free(*gathering);
    *gathering = NULL;
}

/* Pieces come in their order, on one link, and only of a roster whose signed head is good: room is not given for less. */
static nrs_error gather(nrs_core *core, nrs_bytes *many_out, nrs_roster_delta **delta, const nrs_community *community, nrs_peer *from)
{
    struct nrs_roster_gathering **place = from->link == NULL ? NULL : &from->link->gathering;
    nrs_error error = NRS_OK;

    (void)core;
    if (place == NULL) {
        return NRS_ERROR_MALFORMED;
    }
    if ((*delta)->index == 0) {
        nrs_roster_gathering_wipe(place);
        error = nrs_roster_head_verify((*delta)->head, community->roster);
        if (error == NRS_OK) {
            *place = calloc(1, sizeof **place);
            error = *place == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;
        }
    }
    if (error != NRS_OK) {
        return error;
    }
    if (*place == NULL || (*place)->count != (*delta)->index) {
        nrs_roster_gathering_wipe(place);
        return NRS_ERROR_MALFORMED;
    }
    (*place)->pieces[(*place)->count++] = *delta;
    *delta = NULL;
    if ((*place)->count < (*place)->pieces[0]->count) {
        return NRS_ERROR_DEFERRED;
    }
    error = nrs_roster_delta_apply(many_out, (const nrs_roster_delta *const *)(*place)->pieces, (*place)->count, nrs_slice_of(NULL, 0));
    nrs_roster_gathering_wipe(place);
    return error;
}

typedef struct base_search {
    const uint8_t *hash;
    nrs_bytes many;
} base_search;

static nrs_error match_branch(void *context, const nrs_fork_row *row)
{
    base_search *search = context;

    return row->many.size > 0 && memcmp(row->hash, search->hash, NRS_HASH_SIZE) == 0 ? nrs_bytes_copy(&search->many, row->many) : NRS_OK;
}

/* A version held now or before, or a side of a fork. */
static nrs_error find_base(nrs_core *core, nrs_roster_parts *base_out, const nrs_community *community, const nrs_roster_delta *delta)
{
    base_search search = {.hash = delta->base_hash.data};
    uint8_t held[NRS_HASH_SIZE];
    nrs_error error = nrs_roster_hash_at(core, held, community->id, delta->base_version);

    if (error == NRS_OK && memcmp(held, search.hash, NRS_HASH_SIZE) == 0) {
        error = nrs_roster_at(core, base_out, community->id, delta->base_version);
    } else if (error == NRS_OK || error == NRS_ERROR_NOT_FOUND) {
        error = nrs_store_fork_each(core->store, community->id, match_branch, &search);
        if (error == NRS_OK) {
            error = search.many.size == 0 ? NRS_ERROR_NOT_FOUND : nrs_roster_parts_of(base_out, nrs_slice_of_bytes(&search.many));
        }
    }
    nrs_bytes_wipe(&search.many);
    return error == NRS_ERROR_NOT_FOUND ? NRS_ERROR_ROSTER_GAP : error;
}

static nrs_error apply_to_base(nrs_core *core, nrs_bytes *many_out, const nrs_roster_delta *delta, const nrs_community *community)
{
    const nrs_roster_delta *pieces[1] = {delta};
    nrs_roster_parts base = {0};
    nrs_error error;

    if (delta->count != 1) {
        return NRS_ERROR_MALFORMED; /* what does not fit one record travels whole */
    }
    if (memcmp(delta->base_hash.data, community->head, NRS_HASH_SIZE) == 0) {
        return nrs_roster_delta_apply(many_out, pieces, 1, nrs_slice_of_bytes(&community->statement));
    }
    error = find_base(core, &base, community, delta);
    if (error == NRS_OK) {
        error = nrs_roster_delta_apply(many_out, pieces, 1, nrs_field(&base.many->statement));
    }
    nrs_roster_parts_wipe(&base);
    return error;
}

nrs_error nrs_receive_roster_delta(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_peer *from)
{
    nrs_roster_delta *delta = NULL;
    nrs_community *community = NULL;
    uint8_t held[NRS_HASH_SIZE];
    nrs_bytes many = {0};
    bool whole = false;
    nrs_error error = nrs_roster_delta_decode(&delta, payload);

    if (error == NRS_OK) {
        community = nrs_community_by_id(core, delta->head->community.data);
        error = community == NULL ? NRS_ERROR_NOT_MEMBER : NRS_OK;
    }
    if (error == NRS_OK && delta->head->version <= community->roster->version) {
        error = nrs_roster_hash_at(core, held, community->id, delta->head->version);
        if (error == NRS_OK && memcmp(held, delta->head->hash.data, NRS_HASH_SIZE) == 0) {
            goto out; /* held already */
        }
        if (error == NRS_ERROR_NOT_FOUND) {
            error = NRS_ERROR_ROSTER_OLD;
        }
    }
    if (error == NRS_OK) {
        whole = delta->base_version == 0;
        error = whole ? gather(core, &many, &delta, community, from) : apply_to_base(core, &many, delta, community);
        if (error == NRS_ERROR_ROSTER_GAP && nrs_fork_wait(core, community, delta->head->version, error) == NRS_OK) {
            error = NRS_OK;
            goto out;
        }
    }
    if (community != NULL) {
        error = nrs_roster_answer(core, error, community, from);
    }
    if (error == NRS_OK) {
        error = nrs_receive_roster(core, whole ? nrs_slice_of(NULL, 0) : record, nrs_slice_of_bytes(&many), from);
    }
out:
    nrs_bytes_wipe(&many);
    nrs_roster_delta_free(&delta);
    return error;
}
