/* Proofs of forks (SPEC 7.12): the signed heads of two rosters of one version, which whoever knows the keys of that time believes without
 * the rosters themselves. */
#include <stdlib.h>
#include <string.h>

#include "keys/roster_delta.h"
#include "link/link_frame.h"
#include "link/receive.h"
#include "proto/vocabulary.h"
#include "roster/directory.h"
#include "roster/fork.h"

/* ---- Out ---- */

typedef struct proof_list {
    uint64_t version;
    nrs_roster_head *heads[NRS_FORK_COUNT_MAX];
    size_t count;
} proof_list;

static int compare_heads(const void *a, const void *b)
{
    nrs_roster_head *const *left = a;
    nrs_roster_head *const *right = b;

    return memcmp((*left)->hash.data, (*right)->hash.data, NRS_HASH_SIZE);
}

static nrs_error take_head(void *context, const nrs_fork_row *row)
{
    proof_list *list = context;

    nrs_error error = NRS_OK;

    if (row->state != NRS_FORK_PENDING && row->version == list->version && list->count < NRS_FORK_COUNT_MAX) {
        error = nrs_roster_head_decode(&list->heads[list->count], row->head);
        list->count += error == NRS_OK ? 1 : 0;
    }
    return error;
}

/* Our own, where no row has it any more: a roster has named it since. */
static nrs_error add_ours(nrs_core *core, proof_list *list, const nrs_community *community)
{
    nrs_roster_parts ours = {0};
    nrs_bytes head = {0};
    uint8_t hash[NRS_HASH_SIZE];
    nrs_error error = nrs_roster_hash_at(core, hash, community->id, list->version);

    for (size_t i = 0; error == NRS_OK && i < list->count; i++) {
        if (memcmp(list->heads[i]->hash.data, hash, NRS_HASH_SIZE) == 0) {
            return NRS_OK;
        }
    }
    if (error == NRS_OK) {
        error = nrs_roster_at(core, &ours, community->id, list->version);
    }
    if (error == NRS_OK) {
        error = nrs_fork_head_of(&head, community, &ours);
    }
    if (error == NRS_OK && list->count < NRS_FORK_COUNT_MAX) {
        error = nrs_roster_head_decode(&list->heads[list->count], nrs_slice_of_bytes(&head));
        list->count += error == NRS_OK ? 1 : 0;
    }
    nrs_bytes_wipe(&head);
    nrs_roster_parts_wipe(&ours);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

nrs_error nrs_fork_prove(nrs_core *core, nrs_bytes *proof_out, const nrs_community *community, uint64_t version)
{
    proof_list list = {.version = version};
    nrs_fork_proof proof = NRS__WIRE__FORK_PROOF__INIT;
    nrs_error error = nrs_store_fork_each(core->store, community->id, take_head, &list);

    if (error == NRS_OK) {
        error = add_ours(core, &list, community);
    }
    if (error == NRS_OK) {
        qsort(list.heads, list.count, sizeof list.heads[0], compare_heads);
        proof.heads = list.heads;
        proof.n_heads = list.count;
        error = nrs_fork_proof_encode(proof_out, &proof);
    }
    for (size_t i = 0; i < list.count; i++) {
        nrs_roster_head_free(&list.heads[i]);
    }
    return error;
}

nrs_error nrs_fork_tell(nrs_core *core, const nrs_community *community, uint64_t version)
{
    nrs_bytes proof = {0};
    nrs_error error = nrs_fork_prove(core, &proof, community, version);

    if (error == NRS_OK) {
        error = nrs_fork_log(core, community, NRS_RECORD_FORK, nrs_slice_of_bytes(&proof));
    }
    if (error == NRS_OK && !community->guest && nrs_fork_is(community)) {
        error = nrs_write_armoured(core, "communities", community->roster->id, ".fork", "FORK", nrs_slice_of_bytes(&proof));
    }
    nrs_bytes_wipe(&proof);
    return error;
}

/* ---- To those it leaves outside ---- */

static nrs_error send_loose(nrs_core *core, nrs_link *link, nrs_record_type type, nrs_slice payload)
{
    Nrs__Wire__Item item = NRS__WIRE__ITEM__INIT;
    Nrs__Wire__Item *list[1] = {&item};
    nrs_items items = NRS__WIRE__ITEMS__INIT;
    ProtobufCBinaryData fields[1];
    nrs_bytes record = {0}, bytes = {0};
    nrs_error error = nrs_record_wrap(&record, type, payload);

    if (error == NRS_OK) {
        fields[0] = nrs_field_of(nrs_slice_of_bytes(&record));
        item.records = fields;
        item.n_records = 1;
        items.items = list;
        items.n_items = 1;
        error = nrs_items_encode(&bytes, &items);
    }
    if (error == NRS_OK) {
        error = nrs_link_send_payload(core, link, NRS_FRAME_ITEMS, nrs_slice_of_bytes(&bytes));
        nrs_link_repeated(link->peer, bytes.size); /* it comes again until the fork is over */
    }
    nrs_bytes_wipe(&bytes);
    nrs_bytes_wipe(&record);
    return error;
}

typedef struct telling {
    nrs_core *core;
    nrs_link *link;
    const nrs_community *community;
    bool with;                 /* first the sides that it is in: who holds none goes on with one of them, and still hears the others */
    uint64_t versions[NRS_FORK_COUNT_MAX];
    size_t version_count;
} telling;

static nrs_error note_version(void *context, const nrs_fork_row *row)
{
    telling *to = context;
    bool noted = row->state != NRS_FORK_SIDE || to->version_count == NRS_FORK_COUNT_MAX;

    for (size_t i = 0; i < to->version_count; i++) {
        noted = noted || to->versions[i] == row->version;
    }
    if (!noted) {
        to->versions[to->version_count++] = row->version;
    }
    return NRS_OK;
}

static nrs_error tell_proofs(telling *to)
{
    nrs_error error = nrs_store_fork_each(to->core->store, to->community->id, note_version, to);

    for (size_t i = 0; error == NRS_OK && i < to->version_count; i++) {
        nrs_bytes proof = {0};

        error = nrs_fork_prove(to->core, &proof, to->community, to->versions[i]);
        if (error == NRS_OK) {
            error = send_loose(to->core, to->link, NRS_RECORD_FORK, nrs_slice_of_bytes(&proof));
        }
        nrs_bytes_wipe(&proof);
    }
    return error;
}

static nrs_error tell_side(void *context, const nrs_fork_row *row)
{
    telling *to = context;
    nrs_roster_parts side = {0}, before = {0};
    nrs_roster_pieces pieces = {.count = 0};
    nrs_error error = row->state != NRS_FORK_SIDE || row->many.size == 0 ? NRS_ERROR_NOT_FOUND : nrs_roster_parts_of(&side, row->many);

    if (error == NRS_OK && (nrs_roster_member_by_key(side.roster, to->link->peer->keys.sign_key) != NULL) == to->with) {
        error = nrs_roster_at(to->core, &before, to->community->id, row->version - 1);
        error = error == NRS_OK ? nrs_roster_delta_make(&pieces, side.many, side.roster, nrs_field(&before.many->statement), before.roster->version) : error;
        if (error == NRS_OK && pieces.count == 1) {
            error = send_loose(to->core, to->link, NRS_RECORD_ROSTER_DELTA, nrs_slice_of_bytes(&pieces.list[0]));
        }
    }
    nrs_roster_pieces_wipe(&pieces);
    nrs_roster_parts_wipe(&before);
    nrs_roster_parts_wipe(&side);
    return error == NRS_ERROR_NOT_FOUND || error == NRS_ERROR_TOO_LARGE ? NRS_OK : error;
}

nrs_error nrs_fork_tell_link(nrs_core *core, nrs_link *link)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    nrs_error error = NRS_OK;

    if (!nrs_link_may_repeat(core, link->peer)) {
        return NRS_OK;
    }
    for (size_t i = 0; error == NRS_OK && i < core->community_count; i++) {
        telling to = {.core = core, .link = link, .community = &core->communities[i]};

        if ((link->peer->side_of & self->member_of & nrs_community_bit(core, to.community)) == 0) {
            continue;
        }
        error = tell_proofs(&to);
        for (int pass = 0; error == NRS_OK && pass < 2; pass++) {
            to.with = pass == 0;
            error = nrs_store_fork_each(core->store, to.community->id, tell_side, &to);
        }
    }
    return nrs_error_is_verdict(error) ? NRS_OK : error; /* what cannot be told ends nothing but this */
}

/* ---- In ---- */

/* Of the version before, whose keys signed the heads; where it is not held, those held are what there is to go by. */
static nrs_error verify_heads(nrs_core *core, const nrs_community *community, const nrs_fork_proof *proof)
{
    nrs_roster_parts before = {0};
    const uint64_t version = proof->heads[0]->version;
    nrs_error error = version < 2 ? NRS_ERROR_FORGED : nrs_roster_at(core, &before, community->id, version - 1);

    error = error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
    for (size_t i = 0; error == NRS_OK && i < proof->n_heads; i++) {
        error = nrs_roster_head_verify(proof->heads[i], before.roster != NULL ? before.roster : community->roster);
    }
    nrs_roster_parts_wipe(&before);
    return error;
}

/* All of one community and version, each signed in full, and one of them ours: else it proves nothing here. */
static nrs_error check_proof(nrs_core *core, const nrs_fork_proof *proof, nrs_community **community_out, nrs_roster_parts *ours_out,
                             const nrs_peer *from)
{
    const nrs_roster_head *first = proof->heads[0];
    nrs_community *community = nrs_community_by_id(core, first->community.data);
    uint8_t ours[NRS_HASH_SIZE];
    bool names_ours = false;
    nrs_error error;

    if (community == NULL && from == NULL) {
        return NRS_ERROR_UNKNOWN_COMMUNITY;
    }
    if (community == NULL || (from != NULL && !nrs_peer_member(core, from, community) && (from->side_of & nrs_community_bit(core, community)) == 0)) {
        return NRS_ERROR_NOT_MEMBER;
    }
    for (size_t i = 0; i < proof->n_heads; i++) {
        const nrs_roster_head *head = proof->heads[i];

        if (head->version != first->version || !nrs_slice_equal(nrs_field(&head->community), nrs_field(&first->community))) {
            return NRS_ERROR_MALFORMED;
        }
    }
    error = nrs_roster_hash_at(core, ours, community->id, first->version);
    for (size_t i = 0; error == NRS_OK && i < proof->n_heads; i++) {
        names_ours = names_ours || memcmp(proof->heads[i]->hash.data, ours, NRS_HASH_SIZE) == 0;
    }
    if (error == NRS_OK) {
        error = verify_heads(core, community, proof);
    }
    if (error == NRS_OK && !names_ours) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK) {
        error = nrs_roster_at(core, ours_out, community->id, first->version);
    }
    *community_out = community;
    return error;
}

static nrs_error take_proven(nrs_core *core, nrs_community *community, const nrs_roster_head *head, const nrs_roster_parts *ours, bool *taken_out)
{
    nrs_bytes bytes = {0}, many = {0};
    nrs_roster_parts theirs = {0};
    bool known = false, binds = nrs_fork_binds(community, head);
    nrs_error error = nrs_fork_known(core, &known, community, head, false, binds);

    if (error != NRS_OK || known) {
        return error;
    }
    error = nrs_fork_many(core, &many, community, head->hash.data); /* of one that was of the past so far */
    if (error == NRS_OK && many.size > 0) {
        error = nrs_roster_parts_of(&theirs, nrs_slice_of_bytes(&many));
    }
    if (error == NRS_OK) {
        error = nrs_fork_begin(core, community, ours, binds);
    }
    if (error == NRS_OK) {
        error = nrs_roster_head_encode(&bytes, head);
    }
    if (error == NRS_OK) {
        nrs_fork_row row = {.community = community->id, .hash = head->hash.data, .version = head->version, .state = binds ? NRS_FORK_SIDE : NRS_FORK_PAST,
                            .head = nrs_slice_of_bytes(&bytes), .many = nrs_slice_of_bytes(&many)};
        error = nrs_store_fork_set(core->store, &row);
    }
    if (error == NRS_OK && binds) {
        nrs_fork_keep(community, head->hash.data, head->version, &theirs.roster);
    }
    if (error == NRS_OK) {
        error = nrs_fork_count_past(core, community);
    }
    if (error == NRS_OK) {
        *taken_out = true;
        error = nrs_fork_alarm(core, community, head->version, head->hash.data, binds);
    }
    nrs_roster_parts_wipe(&theirs);
    nrs_bytes_wipe(&many);
    nrs_bytes_wipe(&bytes);
    return error;
}

nrs_error nrs_fork_take_proof(nrs_core *core, nrs_slice payload, const nrs_peer *from)
{
    nrs_fork_proof *proof = NULL;
    nrs_community *community = NULL;
    nrs_roster_parts ours = {0};
    uint8_t hash[NRS_HASH_SIZE];
    size_t before = 0;
    bool taken = false;
    nrs_error error = nrs_fork_proof_decode(&proof, payload);

    if (error == NRS_OK) {
        error = check_proof(core, proof, &community, &ours, from);
    }
    if (error == NRS_OK) {
        before = community->branch_count;
        nrs_roster_hash(hash, nrs_field(&ours.many->statement));
    }
    for (size_t i = 0; error == NRS_OK && i < proof->n_heads; i++) {
        if (memcmp(proof->heads[i]->hash.data, hash, NRS_HASH_SIZE) != 0) {
            error = take_proven(core, community, proof->heads[i], &ours, &taken);
        }
    }
    if (error == NRS_OK && community->branch_count > before) {
        core->admission_changed = true;
        error = nrs_fork_load_base(core, community);
        if (error == NRS_OK) {
            error = nrs_directory_index(core, community);
        }
    }
    if (error == NRS_OK && taken) {
        error = nrs_fork_tell(core, community, ours.roster->version);
    }
    nrs_roster_parts_wipe(&ours);
    nrs_fork_proof_free(&proof);
    return error;
}
