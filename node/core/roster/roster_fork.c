/* Forks (SPEC 7.12): two signed rosters of one version. Whoever holds one and meets the other keeps both, tells everyone, and
 * from then on counts as members only those in whom the last common version and all of them agree, until a roster that names
 * them all has come and a person has compared its fingerprint. A freeze never lets anyone back in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "roster/directory.h"
#include "keys/roster_delta.h"
#include "link/receive.h"
#include "roster/fork.h"

/* Of the past, beside our own: a roster that ends the fork can name them and all sides. */
#define PAST_COUNT_MAX (NRS_FORK_COUNT_MAX / 2u - 1u)

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

/* ---- What is kept ---- */

nrs_error nrs_fork_head_of(nrs_bytes *head_out, const nrs_community *community, const nrs_roster_parts *parts)
{
    nrs_roster_head head = NRS__WIRE__ROSTER_HEAD__INIT;
    uint8_t hash[NRS_HASH_SIZE];

    nrs_roster_hash(hash, nrs_field(&parts->many->statement));
    head.community = nrs_field_of(nrs_slice_of(community->id, NRS_HASH_SIZE));
    head.version = parts->roster->version;
    head.hash = nrs_field_of(nrs_slice_of(hash, NRS_HASH_SIZE));
    head.signatures = parts->many->signatures;
    head.n_signatures = parts->many->n_signatures;
    return nrs_roster_head_encode(head_out, &head);
}

/* A row by its hash. */
typedef struct search {
    const uint8_t *hash;
    bool found;
    nrs_fork_state state;
    nrs_bytes head, many;
} search;

static nrs_error match(void *context, const nrs_fork_row *row)
{
    search *wanted = context;
    nrs_error error = NRS_OK;

    if (memcmp(row->hash, wanted->hash, NRS_HASH_SIZE) == 0 && row->state != NRS_FORK_PENDING) {
        wanted->found = true;
        wanted->state = row->state;
        error = nrs_bytes_copy(&wanted->head, row->head);
        error = error == NRS_OK ? nrs_bytes_copy(&wanted->many, row->many) : error;
    }
    return error;
}

static void search_wipe(search *wanted)
{
    nrs_bytes_wipe(&wanted->head);
    nrs_bytes_wipe(&wanted->many);
}

nrs_error nrs_fork_known(nrs_core *core, bool *known_out, nrs_community *community, const nrs_roster_head *head, bool whole, bool binds)
{
    search row = {.hash = head->hash.data};
    bool healed = false;
    nrs_error error = nrs_store_fork_healed(core->store, &healed, community->id, row.hash);

    if (error == NRS_OK) {
        error = nrs_store_fork_each(core->store, community->id, match, &row);
    }
    if (error == NRS_OK) { /* one of the past is judged again by signatures that it had not then */
        *known_out = healed || head->version < community->settled_version || (row.found && (row.state == NRS_FORK_PAST ? !binds : row.many.size > 0 || !whole));
    }
    search_wipe(&row);
    return error;
}

nrs_error nrs_fork_many(nrs_core *core, nrs_bytes *many_out, const nrs_community *community, const uint8_t hash[NRS_HASH_SIZE])
{
    search row = {.hash = hash};
    nrs_error error = nrs_store_fork_each(core->store, community->id, match, &row);

    if (error == NRS_OK) {
        error = nrs_bytes_copy(many_out, nrs_slice_of_bytes(&row.many));
    }
    search_wipe(&row);
    return error;
}

static nrs_error store(nrs_core *core, const nrs_community *community, const nrs_roster_parts *parts, nrs_fork_state state)
{
    uint8_t hash[NRS_HASH_SIZE];
    nrs_bytes head = {0};
    search held = {.hash = hash};
    nrs_fork_row row = {.community = community->id, .hash = hash, .version = parts->roster->version, .state = state,
                        .many = nrs_slice_of_bytes(&parts->bytes)};
    nrs_error error = nrs_fork_head_of(&head, community, parts);

    nrs_roster_hash(hash, nrs_field(&parts->many->statement));
    if (error == NRS_OK) {
        error = nrs_store_fork_each(core->store, community->id, match, &held);
    }
    if (error == NRS_OK) { /* the head that made it a side stays: this roster may have come with fewer signatures */
        row.head = nrs_slice_of_bytes(held.found && held.state == NRS_FORK_SIDE && held.head.size > 0 ? &held.head : &head);
        error = nrs_store_fork_set(core->store, &row);
    }
    search_wipe(&held);
    nrs_bytes_wipe(&head);
    return error;
}

/* Our own side stands beside it: what is shown and proven is the two. A side of an open fork stays one. */
nrs_error nrs_fork_begin(nrs_core *core, const nrs_community *community, const nrs_roster_parts *ours, bool binds)
{
    uint8_t hash[NRS_HASH_SIZE];
    search row = {.hash = hash};
    nrs_error error = NRS_OK;

    if (binds ? community->branch_count + 1 >= NRS_FORK_COUNT_MAX : community->past_count >= PAST_COUNT_MAX) {
        return NRS_ERROR_LIMIT;
    }
    nrs_roster_hash(hash, nrs_field(&ours->many->statement));
    error = nrs_store_fork_each(core->store, community->id, match, &row);
    if (error == NRS_OK && (!row.found || (binds && row.state != NRS_FORK_SIDE))) {
        error = store(core, community, ours, binds ? NRS_FORK_SIDE : NRS_FORK_PAST);
    }
    search_wipe(&row);
    return error;
}

/* ---- Telling others: each side as what it changes against the common version, and the proof for who has not even that ---- */

nrs_error nrs_fork_log(nrs_core *core, const nrs_community *community, nrs_record_type type, nrs_slice payload)
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
        error = nrs_fork_log(core, community, NRS_RECORD_ROSTER_DELTA, nrs_slice_of_bytes(&pieces.list[0]));
    }
    nrs_roster_pieces_wipe(&pieces);
    return error;
}

/* ---- In memory ---- */

nrs_branch *nrs_fork_branch(nrs_community *community, const uint8_t hash[NRS_HASH_SIZE])
{
    for (size_t i = 0; i < community->branch_count; i++) {
        if (memcmp(community->branches[i].hash, hash, NRS_HASH_SIZE) == 0) {
            return &community->branches[i];
        }
    }
    return NULL;
}

void nrs_fork_keep(nrs_community *community, const uint8_t hash[NRS_HASH_SIZE], uint64_t version, nrs_roster **roster)
{
    nrs_branch *branch = nrs_fork_branch(community, hash);

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

nrs_error nrs_fork_load_base(nrs_core *core, nrs_community *community)
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

    if (row->state == NRS_FORK_PAST) {
        return NRS_OK; /* it binds nobody */
    }
    if (row->state == NRS_FORK_PENDING) {
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
        nrs_fork_keep(into->community, row->hash, row->version, &parts.roster);
    }
    nrs_roster_parts_wipe(&parts);
    return nrs_error_is_verdict(error) ? NRS_ERROR_DAMAGED : error;
}

typedef struct past_count {
    nrs_core *core;
    const nrs_community *community;
    size_t count;
} past_count;

/* Of the past, but for our own side. */
static nrs_error count_past(void *context, const nrs_fork_row *row)
{
    past_count *counted = context;
    uint8_t ours[NRS_HASH_SIZE];
    nrs_error error = row->state != NRS_FORK_PAST ? NRS_OK : nrs_roster_hash_at(counted->core, ours, counted->community->id, row->version);

    if (row->state == NRS_FORK_PAST && (error == NRS_ERROR_NOT_FOUND || (error == NRS_OK && memcmp(ours, row->hash, NRS_HASH_SIZE) != 0))) {
        counted->count++;
    }
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

nrs_error nrs_fork_load(nrs_core *core)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < core->community_count; i++) {
        loading into = {core, &core->communities[i]};

        error = nrs_store_fork_each(core->store, into.community->id, load_fork, &into);
        if (error == NRS_OK) {
            error = nrs_fork_load_settled(core, into.community);
        }
        if (error == NRS_OK) {
            error = nrs_fork_count_past(core, into.community);
        }
        if (error == NRS_OK && nrs_fork_is(into.community)) {
            error = nrs_fork_load_base(core, into.community);
        }
        if (error == NRS_OK && nrs_fork_is(into.community)) {
            error = nrs_directory_index(core, into.community);
        }
    }
    return error;
}

nrs_error nrs_fork_count_past(nrs_core *core, nrs_community *community)
{
    past_count counted = {core, community, 0};
    nrs_error error = nrs_store_fork_each(core->store, community->id, count_past, &counted);

    if (error == NRS_OK) {
        community->past_count = counted.count;
    }
    return error;
}

/* ---- Meeting the other side ---- */

bool nrs_fork_binds(const nrs_community *community, const nrs_roster_head *head)
{
    return head->version >= community->roster->version || nrs_roster_head_verify(head, community->roster) == NRS_OK;
}

static nrs_error verify_branch(const nrs_community *community, const nrs_roster_parts *theirs, const nrs_roster_head *head,
                               const nrs_roster_parts *base)
{
    nrs_roster *checked = NULL;
    nrs_bytes statement = {0};
    /* The keys of the version before are what binds, whichever roster of that version it follows: rivals may stand on rivals. */
    nrs_error error = base->roster != NULL ? nrs_roster_verify(&checked, &statement, nrs_slice_of_bytes(&theirs->bytes), base->roster,
                                                               nrs_slice_of(NULL, 0))
                                           : nrs_roster_head_verify(head, community->roster); /* the keys held are what binds */

    nrs_bytes_wipe(&statement);
    nrs_roster_free(&checked);
    return error;
}

nrs_error nrs_fork_alarm(nrs_core *core, const nrs_community *community, uint64_t version, const uint8_t hash[NRS_HASH_SIZE], bool binds)
{
    char detail[NRS_AUDIT_DETAIL_SIZE_MAX + 1];
    const nrs_audit_what what = {.event = NRS_AUDIT_ALARM, .rule = NRS_ERROR_FORKED, .about = nrs_slice_of(hash, NRS_HASH_SIZE), .detail = detail};

    (void)snprintf(detail, sizeof detail, "@%s %llu", community->roster->id, (unsigned long long)version);
    if (binds) {
        nrs_core_log(core, NRS_ERROR_FORKED,
                     "ALARM: two rosters of @%s were signed as version %llu; members are now only those in both: see noroshi community forks %s",
                     community->roster->id, (unsigned long long)version, community->roster->id);
    } else {
        nrs_core_log(core, NRS_ERROR_FORKED,
                     "ALARM: roster keys of @%s that were dropped since signed another version %llu; it changes nothing here: see noroshi community forks %s",
                     community->roster->id, (unsigned long long)version, community->roster->id);
    }
    return nrs_audit_add(core, &what);
}

/* Members are now those in whom all sides agree. */
static nrs_error take_side(nrs_core *core, nrs_community *community, nrs_roster_parts *theirs, const nrs_roster_parts *ours, const nrs_roster_parts *base)
{
    const uint64_t version = theirs->roster->version;
    uint8_t hash[NRS_HASH_SIZE];
    nrs_error error = store(core, community, theirs, NRS_FORK_SIDE);

    nrs_roster_hash(hash, nrs_field(&theirs->many->statement));
    if (error == NRS_OK && base->roster != NULL) {
        error = spread_branch(core, community, ours, base);
        error = error != NRS_OK ? error : spread_branch(core, community, theirs, base);
    }
    if (error == NRS_OK) {
        nrs_fork_keep(community, hash, version, &theirs->roster);
        error = nrs_fork_load_base(core, community);
    }
    if (error == NRS_OK) {
        core->admission_changed = true;
        error = nrs_directory_index(core, community);
    }
    return error;
}

static nrs_error take_verified(nrs_core *core, nrs_community *community, nrs_roster_parts *theirs, const nrs_roster_parts *base, bool binds)
{
    const uint64_t version = theirs->roster->version;
    uint8_t hash[NRS_HASH_SIZE];
    nrs_roster_parts ours = {0};
    nrs_error error = nrs_roster_at(core, &ours, community->id, version);

    nrs_roster_hash(hash, nrs_field(&theirs->many->statement));
    if (error == NRS_OK && nrs_fork_branch(community, hash) == NULL) { /* else its head is known already */
        error = nrs_fork_begin(core, community, &ours, binds);
    }
    if (error == NRS_OK && binds) {
        error = take_side(core, community, theirs, &ours, base);
    } else if (error == NRS_OK) {
        error = store(core, community, theirs, NRS_FORK_PAST);
    }
    if (error == NRS_OK) {
        error = nrs_fork_count_past(core, community);
    }
    if (error == NRS_OK) {
        error = nrs_fork_tell(core, community, version);
    }
    if (error == NRS_OK) {
        error = nrs_fork_alarm(core, community, version, hash, binds);
    }
    nrs_roster_parts_wipe(&ours);
    return error;
}

nrs_error nrs_fork_take(nrs_core *core, nrs_community *community, nrs_slice many)
{
    nrs_roster_parts theirs = {0}, base = {0};
    nrs_bytes head_bytes = {0};
    nrs_roster_head *head = NULL;
    bool known = false, binds = false;
    nrs_error error = nrs_roster_parts_of(&theirs, many);

    if (error == NRS_OK) {
        error = nrs_fork_head_of(&head_bytes, community, &theirs);
    }
    if (error == NRS_OK) {
        error = nrs_roster_head_decode(&head, nrs_slice_of_bytes(&head_bytes));
    }
    if (error == NRS_OK) {
        binds = nrs_fork_binds(community, head) || nrs_fork_branch(community, head->hash.data) != NULL; /* a side stays one */
        error = nrs_fork_known(core, &known, community, head, true, binds);
    }
    if (error != NRS_OK || known) {
        goto out;
    }
    error = head->version < 2 ? NRS_ERROR_FORGED : nrs_roster_at(core, &base, community->id, head->version - 1);
    error = error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
    if (error == NRS_OK) {
        error = verify_branch(community, &theirs, head, &base);
    }
    if (error == NRS_OK) {
        error = take_verified(core, community, &theirs, &base, binds);
    }
out:
    nrs_roster_head_free(&head);
    nrs_bytes_wipe(&head_bytes);
    nrs_roster_parts_wipe(&base);
    nrs_roster_parts_wipe(&theirs);
    return error;
}
