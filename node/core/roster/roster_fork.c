/* Forks (SPEC 7.12): two signed rosters of one version. Whoever holds one and meets the other keeps both, tells everyone, and
 * from then on counts as members only those in whom the last common version and all of them agree, until a roster that names
 * them all has come and a person has compared its fingerprint. A freeze never lets anyone back in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "roster/directory.h"
#include "keys/roster_delta.h"
#include "proto/vocabulary.h"
#include "link/receive.h"
#include "roster/roster.h"

void nrs_fork_wipe(nrs_community *community)
{
    for (size_t i = 0; i < community->branch_count; i++) {
        nrs_roster_free(&community->branches[i].roster);
    }
    nrs_roster_free(&community->fork_base);
    community->branch_count = 0;
    community->fork_version = 0;
    community->pending_version = 0;
    community->passed_over = false;
}

bool nrs_fork_is(const nrs_community *community)
{
    return community->branch_count > 0;
}

/* ---- Who is left ---- */

static bool same_keys(const Nrs__Wire__Member *a, const Nrs__Wire__Member *b)
{
    return nrs_slice_equal(nrs_field(&a->sign_key), nrs_field(&b->sign_key)) && nrs_slice_equal(nrs_field(&a->agree_key), nrs_field(&b->agree_key)) &&
           nrs_slice_equal(nrs_field(&a->curve_key), nrs_field(&b->curve_key));
}

static void agree_with(const nrs_roster *roster, const Nrs__Wire__Member *member, bool *member_out, bool *hub_out)
{
    const Nrs__Wire__Member *other = roster == NULL ? member : nrs_roster_member_by_org(roster, member->org);

    *member_out = *member_out && other != NULL && same_keys(other, member);
    *hub_out = *hub_out && *member_out && other->role == member->role;
}

void nrs_fork_agreed(const nrs_community *community, const Nrs__Wire__Member *member, bool *member_out, bool *hub_out)
{
    *member_out = true;
    *hub_out = true;
    if (!nrs_fork_is(community)) {
        return;
    }
    agree_with(community->fork_base, member, member_out, hub_out);
    for (size_t i = 0; i < community->branch_count; i++) {
        agree_with(community->branches[i].roster, member, member_out, hub_out);
    }
}

/* ---- The proof ---- */

typedef struct proof_list {
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

    return row->pending || list->count == NRS_FORK_COUNT_MAX ? NRS_OK
                                                              : nrs_roster_head_decode(&list->heads[list->count++], row->head);
}

nrs_error nrs_fork_prove(nrs_core *core, nrs_bytes *proof_out, const nrs_community *community)
{
    proof_list list = {.count = 0};
    nrs_fork_proof proof = NRS__WIRE__FORK_PROOF__INIT;
    nrs_error error = nrs_store_fork_each(core->store, community->id, take_head, &list);

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

static nrs_error encode_head(nrs_bytes *head_out, const nrs_community *community, const nrs_roster_parts *parts, const uint8_t hash[NRS_HASH_SIZE])
{
    nrs_roster_head head = NRS__WIRE__ROSTER_HEAD__INIT;

    head.community = nrs_field_of(nrs_slice_of(community->id, NRS_HASH_SIZE));
    head.version = parts->roster->version;
    head.hash = nrs_field_of(nrs_slice_of(hash, NRS_HASH_SIZE));
    head.signatures = parts->many->signatures;
    head.n_signatures = parts->many->n_signatures;
    return nrs_roster_head_encode(head_out, &head);
}

static nrs_error store_branch(nrs_core *core, const nrs_community *community, const nrs_roster_parts *parts, bool pending)
{
    uint8_t hash[NRS_HASH_SIZE];
    nrs_bytes head = {0};
    nrs_fork_row row = {.community = community->id, .hash = hash, .version = parts->roster->version, .pending = pending,
                        .many = nrs_slice_of_bytes(&parts->bytes)};
    nrs_error error;

    nrs_roster_hash(hash, nrs_field(&parts->many->statement));
    error = encode_head(&head, community, parts, hash);
    if (error == NRS_OK) {
        row.head = nrs_slice_of_bytes(&head);
        error = nrs_store_fork_set(core->store, &row);
    }
    nrs_bytes_wipe(&head);
    return error;
}

/* ---- Telling others: each branch as what it changes against the common version, and the proof for who has not even that ---- */

static nrs_error log_evidence(nrs_core *core, const nrs_community *community, nrs_record_type type, nrs_slice payload)
{
    nrs_bytes record = {0};
    uint8_t id[NRS_HASH_SIZE];
    uint64_t position = 0;
    nrs_error error = nrs_record_wrap(&record, type, payload);

    if (error == NRS_OK) {
        nrs_record_id(id, nrs_slice_of_bytes(&record));
        error = nrs_store_log_find(core->store, &position, id);
    }
    if (error == NRS_OK && position == 0) {
        error = nrs_log_add(core, NULL, type, id, nrs_slice_of_bytes(&record), nrs_slice_of(community->id, NRS_HASH_SIZE), nrs_slice_of(NULL, 0), 0);
    }
    nrs_bytes_wipe(&record);
    return error;
}

static nrs_error spread_branch(nrs_core *core, const nrs_community *community, const nrs_roster_parts *parts, const nrs_roster_parts *base)
{
    nrs_roster_pieces pieces = {.count = 0};
    nrs_error error = nrs_roster_delta_make(&pieces, parts->many, parts->roster, nrs_field(&base->many->statement), base->roster->version);

    if (error == NRS_OK && pieces.count == 1) {
        error = log_evidence(core, community, NRS_RECORD_ROSTER_DELTA, nrs_slice_of_bytes(&pieces.list[0]));
    }
    nrs_roster_pieces_wipe(&pieces);
    return error;
}

static nrs_error spread(nrs_core *core, const nrs_community *community, const nrs_roster_parts *ours, const nrs_roster_parts *theirs,
                        const nrs_roster_parts *base)
{
    nrs_bytes proof = {0};
    nrs_error error = NRS_OK;

    if (base->roster != NULL) {
        error = spread_branch(core, community, ours, base);
        error = error != NRS_OK ? error : spread_branch(core, community, theirs, base);
    }
    if (error == NRS_OK) {
        error = nrs_fork_prove(core, &proof, community);
    }
    if (error == NRS_OK) {
        error = log_evidence(core, community, NRS_RECORD_FORK, nrs_slice_of_bytes(&proof));
    }
    if (error == NRS_OK && !community->guest) { /* of a recognised one no file is written (SPEC 7.13) */
        error = nrs_write_armoured(core, "communities", community->roster->id, ".fork", "FORK", nrs_slice_of_bytes(&proof));
    }
    nrs_bytes_wipe(&proof);
    return error;
}

/* ---- In memory ---- */

static nrs_branch *branch_of(nrs_community *community, const uint8_t hash[NRS_HASH_SIZE])
{
    for (size_t i = 0; i < community->branch_count; i++) {
        if (memcmp(community->branches[i].hash, hash, NRS_HASH_SIZE) == 0) {
            return &community->branches[i];
        }
    }
    return NULL;
}

/* Takes *roster over; NULL where only its head is known. */
static void keep_branch(nrs_community *community, const uint8_t hash[NRS_HASH_SIZE], uint64_t version, nrs_roster **roster)
{
    nrs_branch *branch = branch_of(community, hash);

    if (branch == NULL) {
        NRS_ASSERT(community->branch_count < NRS_FORK_COUNT_MAX);
        branch = &community->branches[community->branch_count++];
        memcpy(branch->hash, hash, NRS_HASH_SIZE);
        branch->roster = NULL;
    }
    if (branch->roster == NULL) {
        branch->roster = *roster;
        *roster = NULL;
    }
    branch->version = version;
    if (community->fork_version == 0 || version < community->fork_version) {
        community->fork_version = version;
    }
}

static nrs_error load_base(nrs_core *core, nrs_community *community)
{
    nrs_roster_parts base = {0};
    nrs_error error = NRS_OK;

    nrs_roster_free(&community->fork_base);
    if (community->fork_version > 1) {
        error = nrs_roster_at(core, &base, community->id, community->fork_version - 1);
    }
    if (error == NRS_OK) {
        community->fork_base = base.roster;
        base.roster = NULL;
    }
    nrs_roster_parts_wipe(&base);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

typedef struct loading {
    nrs_core *core;
    nrs_community *community;
} loading;

static nrs_error load_fork(void *context, const nrs_fork_row *row)
{
    loading *into = context;
    nrs_roster_parts parts = {0};
    uint8_t ours[NRS_HASH_SIZE];
    nrs_error error = NRS_OK;

    if (row->pending) {
        into->community->pending_version = row->version;
        memcpy(into->community->pending_hash, row->hash, NRS_HASH_SIZE);
        return NRS_OK;
    }
    error = nrs_roster_hash_at(into->core, ours, into->community->id, row->version);
    if (error == NRS_OK && memcmp(ours, row->hash, NRS_HASH_SIZE) == 0) {
        return NRS_OK; /* our own side */
    }
    error = error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
    if (error == NRS_OK && row->many.size > 0) {
        error = nrs_roster_parts_of(&parts, row->many);
    }
    if (error == NRS_OK) {
        keep_branch(into->community, row->hash, row->version, &parts.roster);
    }
    nrs_roster_parts_wipe(&parts);
    return nrs_error_is_verdict(error) ? NRS_ERROR_DAMAGED : error;
}

nrs_error nrs_fork_load(nrs_core *core)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < core->community_count; i++) {
        loading into = {core, &core->communities[i]};

        error = nrs_store_fork_each(core->store, into.community->id, load_fork, &into);
        if (error == NRS_OK && nrs_fork_is(into.community)) {
            error = load_base(core, into.community);
        }
        if (error == NRS_OK && nrs_fork_is(into.community)) {
            error = nrs_directory_index(core, into.community);
        }
    }
    return error;
}

/* ---- Meeting the other side ---- */

static nrs_error verify_branch(const nrs_community *community, const nrs_roster_parts *theirs, const nrs_roster_parts *base)
{
    nrs_roster *checked = NULL;
    nrs_bytes statement = {0}, head_bytes = {0};
    nrs_roster_head *head = NULL;
    uint8_t hash[NRS_HASH_SIZE];
    nrs_error error;

    if (base->roster != NULL) {
        error = nrs_roster_verify(&checked, &statement, nrs_slice_of_bytes(&theirs->bytes), base->roster, nrs_field(&base->many->statement));
    } else { /* the common version is not held: the keys are what binds */
        nrs_roster_hash(hash, nrs_field(&theirs->many->statement));
        error = encode_head(&head_bytes, community, theirs, hash);
        if (error == NRS_OK) {
            error = nrs_roster_head_decode(&head, nrs_slice_of_bytes(&head_bytes));
        }
        if (error == NRS_OK) {
            error = nrs_roster_head_verify(head, community->roster);
        }
    }
    nrs_roster_head_free(&head);
    nrs_bytes_wipe(&head_bytes);
    nrs_bytes_wipe(&statement);
    nrs_roster_free(&checked);
    return error;
}

static nrs_error alarm(nrs_core *core, const nrs_community *community, uint64_t version, const uint8_t hash[NRS_HASH_SIZE])
{
    char detail[NRS_AUDIT_DETAIL_SIZE_MAX + 1];
    const nrs_audit_what what = {.event = NRS_AUDIT_ALARM, .rule = NRS_ERROR_FORKED, .about = nrs_slice_of(hash, NRS_HASH_SIZE), .detail = detail};

    (void)snprintf(detail, sizeof detail, "@%s %llu", community->roster->id, (unsigned long long)version);
    nrs_core_log(core, NRS_ERROR_FORKED,
                 "ALARM: two rosters of @%s were signed as version %llu; members are now only those in both: see noroshi community forks %s",
                 community->roster->id, (unsigned long long)version, community->roster->id);
    return nrs_audit_add(core, &what);
}

nrs_error nrs_fork_take(nrs_core *core, nrs_community *community, nrs_slice many)
{
    nrs_roster_parts theirs = {0}, ours = {0}, base = {0};
    uint8_t hash[NRS_HASH_SIZE];
    uint64_t version = 0;
    bool healed = false;
    nrs_error error = nrs_roster_parts_of(&theirs, many);

    if (error == NRS_OK) {
        version = theirs.roster->version;
        nrs_roster_hash(hash, nrs_field(&theirs.many->statement));
        error = nrs_store_fork_healed(core->store, &healed, community->id, hash);
    }
    if (error == NRS_OK) {
        if (healed) {
            goto out; /* over already */
        }
        if (branch_of(community, hash) != NULL && branch_of(community, hash)->roster != NULL) {
            goto out; /* known */
        }
        error = version < 2 ? NRS_ERROR_FORGED : NRS_OK;
    }
    if (error == NRS_OK && branch_of(community, hash) == NULL && community->branch_count + 1 >= NRS_FORK_COUNT_MAX) {
        error = NRS_ERROR_LIMIT;
    }
    if (error == NRS_OK) {
        error = nrs_roster_at(core, &base, community->id, version - 1);
        error = error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
    }
    if (error == NRS_OK) {
        error = verify_branch(community, &theirs, &base);
    }
    if (error == NRS_OK) {
        error = nrs_roster_at(core, &ours, community->id, version);
    }
    if (error == NRS_OK) {
        error = store_branch(core, community, &ours, false);
    }
    if (error == NRS_OK) {
        error = store_branch(core, community, &theirs, false);
    }
    if (error == NRS_OK) {
        error = spread(core, community, &ours, &theirs, &base);
    }
    if (error == NRS_OK) {
        keep_branch(community, hash, version, &theirs.roster);
        error = load_base(core, community);
    }
    if (error == NRS_OK) {
        error = alarm(core, community, version, hash);
    }
    if (error == NRS_OK) {
        core->admission_changed = true;
        error = nrs_directory_index(core, community);
    }
out:
    nrs_roster_parts_wipe(&base);
    nrs_roster_parts_wipe(&ours);
    nrs_roster_parts_wipe(&theirs);
    return error;
}

/* ---- A proof without the rosters ---- */

static nrs_error take_proven(nrs_core *core, nrs_community *community, const nrs_roster_head *head, nrs_roster_parts *ours)
{
    nrs_bytes bytes = {0};
    nrs_roster *none = NULL;
    nrs_fork_row row = {.community = community->id, .hash = head->hash.data, .version = head->version};
    bool healed = false;
    nrs_error error = nrs_store_fork_healed(core->store, &healed, community->id, head->hash.data);

    if (error != NRS_OK || healed || branch_of(community, head->hash.data) != NULL) {
        return error;
    }
    if (community->branch_count + 1 >= NRS_FORK_COUNT_MAX) {
        return NRS_ERROR_LIMIT;
    }
    error = nrs_roster_head_encode(&bytes, head);
    if (error == NRS_OK) {
        error = store_branch(core, community, ours, false);
    }
    if (error == NRS_OK) {
        row.head = nrs_slice_of_bytes(&bytes);
        error = nrs_store_fork_set(core->store, &row);
    }
    if (error == NRS_OK) {
        keep_branch(community, head->hash.data, head->version, &none);
        error = alarm(core, community, head->version, head->hash.data);
    }
    nrs_bytes_wipe(&bytes);
    return error;
}

/* All of one community and version, each signed by the keys held, and one of them ours: else it proves nothing here. */
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
    if (community == NULL || (from != NULL && !nrs_peer_member(core, from, community))) {
        return NRS_ERROR_NOT_MEMBER;
    }
    error = nrs_roster_hash_at(core, ours, community->id, first->version);
    for (size_t i = 0; error == NRS_OK && i < proof->n_heads; i++) {
        const nrs_roster_head *head = proof->heads[i];

        if (head->version != first->version || !nrs_slice_equal(nrs_field(&head->community), nrs_field(&first->community))) {
            return NRS_ERROR_MALFORMED;
        }
        names_ours = names_ours || memcmp(head->hash.data, ours, NRS_HASH_SIZE) == 0;
        error = nrs_roster_head_verify(head, community->roster);
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

nrs_error nrs_fork_take_proof(nrs_core *core, nrs_slice payload, const nrs_peer *from)
{
    nrs_fork_proof *proof = NULL;
    nrs_community *community = NULL;
    nrs_roster_parts ours = {0};
    nrs_bytes whole = {0};
    size_t before = 0;
    nrs_error error = nrs_fork_proof_decode(&proof, payload);

    if (error == NRS_OK) {
        error = check_proof(core, proof, &community, &ours, from);
    }
    if (error == NRS_OK) {
        before = community->branch_count;
    }
    for (size_t i = 0; error == NRS_OK && i < proof->n_heads; i++) {
        uint8_t hash[NRS_HASH_SIZE];

        nrs_roster_hash(hash, nrs_field(&ours.many->statement));
        if (memcmp(proof->heads[i]->hash.data, hash, NRS_HASH_SIZE) != 0) {
            error = take_proven(core, community, proof->heads[i], &ours);
        }
    }
    if (error == NRS_OK && community->branch_count > before) {
        error = load_base(core, community);
        if (error == NRS_OK) {
            error = nrs_fork_prove(core, &whole, community);
        }
        if (error == NRS_OK) {
            error = log_evidence(core, community, NRS_RECORD_FORK, nrs_slice_of_bytes(&whole));
        }
        if (error == NRS_OK && !community->guest) {
            error = nrs_write_armoured(core, "communities", community->roster->id, ".fork", "FORK", nrs_slice_of_bytes(&whole));
        }
        core->admission_changed = true;
        error = error == NRS_OK ? nrs_directory_index(core, community) : error;
    }
    nrs_bytes_wipe(&whole);
    nrs_roster_parts_wipe(&ours);
    nrs_fork_proof_free(&proof);
    return error;
}
