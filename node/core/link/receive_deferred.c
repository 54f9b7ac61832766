/* Records that came before the roster they need: kept, and tried again when it has come (SPEC 10.4). */
#include <string.h>

#include "link/receive.h"

#define RETRIED_AT_ONCE 64u

nrs_error nrs_receive_defer(nrs_core *core, const nrs_deferred_row *wanted, const nrs_peer *from, bool roster)
{
    const size_t most = NRS_DEFERRED_COUNT_MAX - (roster ? 0 : NRS_DEFERRED_ROSTER_ROOM);
    const size_t most_of_one = NRS_DEFERRED_PER_PEER_MAX - (roster ? 0 : NRS_DEFERRED_ROSTER_ROOM_PER_PEER);
    nrs_deferred_row row = *wanted;
    bool kept = false;
    nrs_error error = nrs_store_deferred_has(core->store, &kept, row.owner, row.record);

    if (error != NRS_OK || kept) {
        return kept ? NRS_ERROR_DEFERRED : error;
    }
    if (nrs_store_deferred_count(core->store) >= most || nrs_store_deferred_count_of(core->store, from->keys.sign_key) >= most_of_one) {
        core->no_room = true; /* another limit may be one that no waiting helps against */
        return NRS_ERROR_LIMIT;
    }
    row.peer = from->keys.sign_key;
    row.at_ms = core->now_ms;
    error = nrs_store_deferred_add(core->store, &row);
    return error == NRS_OK ? NRS_ERROR_DEFERRED : error;
}

nrs_error nrs_receive_defer_with_report(nrs_core *core, const uint8_t sealed_id[NRS_HASH_SIZE], nrs_slice record, const nrs_peer *from)
{
    uint8_t community[NRS_HASH_SIZE];
    nrs_deferred_row row = {.waits_for = community, .owner = sealed_id, .record = record};
    nrs_error error = nrs_store_deferred_find(core->store, community, &row.version, &row.expires_ms, sealed_id);
    const nrs_community *held = error == NRS_OK ? nrs_community_by_id(core, community) : NULL;

    if (held != NULL && row.version <= held->roster->version) {
        return NRS_ERROR_NOT_FOUND; /* its roster has come, and what waits is tried again now: nothing waits for itself */
    }
    return error == NRS_OK ? nrs_receive_defer(core, &row, from, false) : error;
}

bool nrs_deferred_room(nrs_core *core, const nrs_peer *from)
{
    return nrs_store_deferred_count(core->store) < NRS_DEFERRED_COUNT_MAX - NRS_DEFERRED_ROSTER_ROOM - NRS_DEFERRED_PER_PEER_MAX &&
           nrs_store_deferred_count_of(core->store, from->keys.sign_key) <= NRS_DEFERRED_PER_PEER_MAX / 2;
}

typedef struct waiting {
    struct { uint64_t number; uint8_t peer[NRS_KEY_SIZE]; nrs_bytes record; } list[RETRIED_AT_ONCE];
    size_t count;
} waiting;

static nrs_error collect(void *context, uint64_t number, const uint8_t *peer, nrs_slice record)
{
    waiting *set = context;
    nrs_error error = nrs_bytes_copy(&set->list[set->count].record, record);

    set->list[set->count].number = number;
    memcpy(set->list[set->count].peer, peer, NRS_KEY_SIZE);
    set->count++;
    return error;
}

/* It is kept again where it still waits (for another roster); a rule that refuses it now ends it. */
static nrs_error retry(nrs_core *core, uint64_t number, const uint8_t peer[NRS_KEY_SIZE], nrs_slice record)
{
    nrs_peer *from = nrs_peer_by_sign(core, peer);
    nrs_error error = nrs_store_deferred_delete(core->store, number);

    if (error == NRS_OK && from != NULL) {
        nrs_error taken = nrs_receive_record(core, record, from);
        if (taken != NRS_OK && taken != NRS_ERROR_DEFERRED) {
            nrs_core_complain(core, from, taken, "a record that was deferred is refused: %s", nrs_error_rule(taken));
        }
        error = nrs_error_is_fatal(taken) ? taken : NRS_OK;
    }
    return error;
}

static nrs_error retry_community(nrs_core *core, const uint8_t community_id[NRS_HASH_SIZE], uint64_t version)
{
    uint64_t after = 0;
    size_t found = RETRIED_AT_ONCE;
    nrs_error error = NRS_OK;

    while (found == RETRIED_AT_ONCE && error == NRS_OK) {
        waiting set = {.count = 0};
        error = nrs_store_deferred_each(core->store, community_id, version, after, RETRIED_AT_ONCE, collect, &set);
        found = set.count;
        for (size_t i = 0; i < set.count; i++) {
            if (error == NRS_OK) {
                error = retry(core, set.list[i].number, set.list[i].peer, nrs_slice_of_bytes(&set.list[i].record));
            }
            after = set.list[i].number;
            nrs_bytes_wipe(&set.list[i].record);
        }
    }
    return error;
}

/* What those who are no members any more handed over is refused whenever its roster comes, so it takes no room until then. */
static nrs_error drop_of_removed(nrs_core *core)
{
    uint8_t peer[NRS_KEY_SIZE] = {0};
    nrs_error error = nrs_store_deferred_next_peer(core->store, peer);

    while (error == NRS_OK) {
        const nrs_peer *from = nrs_peer_by_sign(core, peer);
        bool ended = nrs_key_revoked(core, peer);

        for (size_t i = 0; i < core->community_count && error == NRS_OK; i++) {
            if (from == NULL || ended || !nrs_peer_member(core, from, &core->communities[i])) {
                error = nrs_store_deferred_delete_of(core->store, peer, core->communities[i].id);
            }
        }
        if (error == NRS_OK) {
            error = nrs_store_deferred_next_peer(core->store, peer);
        }
    }
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

nrs_error nrs_receive_deferred(nrs_core *core)
{
    bool adopted = core->rosters_adopted;
    nrs_error error = NRS_OK;

    /* A deferred roster may itself be adopted, and then more can be tried: at most once for each version. */
    while (core->rosters_adopted && error == NRS_OK) {
        core->rosters_adopted = false;
        for (size_t i = 0; i < core->community_count && error == NRS_OK; i++) {
            uint8_t id[NRS_HASH_SIZE];
            memcpy(id, core->communities[i].id, sizeof id);
            error = retry_community(core, id, core->communities[i].roster->version);
        }
    }
    if (error == NRS_OK && adopted && nrs_store_deferred_count(core->store) > 0) {
        error = drop_of_removed(core);
    }
    return error;
}
