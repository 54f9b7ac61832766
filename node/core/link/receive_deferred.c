/* Records that came before the roster they need: kept, and tried again when it has come (SPEC 10.4). */
#include <string.h>

#include "link/receive.h"
#include "prekeys/key_change.h"

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
        /* Its roster has come. Either what waits is tried again now: nothing waits for itself. Or it waits for no more than room. */
        return core->deferred_again ? NRS_ERROR_BUSY : NRS_ERROR_NOT_FOUND;
    }
    return error == NRS_OK ? nrs_receive_defer(core, &row, from, false) : error;
}

bool nrs_deferred_room(nrs_core *core, const nrs_peer *from)
{
    return core->monotonic_ms >= from->put_off_ms && nrs_store_deferred_count(core->store) < NRS_DEFERRED_COUNT_MAX - NRS_DEFERRED_ROSTER_ROOM - NRS_DEFERRED_PER_PEER_MAX &&
           nrs_store_deferred_count_of(core->store, from->keys.sign_key) <= NRS_DEFERRED_PER_PEER_MAX / 2;
}

typedef struct waiting {
    struct waiting_one { nrs_deferred_row row; uint8_t waits_for[NRS_HASH_SIZE], owner[NRS_HASH_SIZE], peer[NRS_KEY_SIZE]; nrs_bytes record; } list[RETRIED_AT_ONCE];
    size_t count;
} waiting;

static nrs_error collect(void *context, const nrs_deferred_row *row)
{
    waiting *set = context;
    struct waiting_one *one = &set->list[set->count];
    nrs_error error = nrs_bytes_copy(&one->record, row->record);

    memcpy(one->waits_for, row->waits_for, NRS_HASH_SIZE);
    memcpy(one->owner, row->owner, NRS_HASH_SIZE);
    memcpy(one->peer, row->peer, NRS_KEY_SIZE);
    one->row = *row;
    one->row.waits_for = one->waits_for;
    one->row.owner = one->owner;
    one->row.peer = one->peer;
    one->row.record = nrs_slice_of_bytes(&one->record);
    set->count++;
    return error;
}

/* A shortage is no verdict on a record that its peer has been told is kept: it goes back to its place, and those behind it, which may
 * belong to it, wait too. Where something of it was written already, the whole step is done again. */
static nrs_error put_back(nrs_core *core, const nrs_deferred_row *row, bool written)
{
    if (written) {
        core->half_done = true;
        return NRS_OK;
    }
    core->deferred_again = true;
    return nrs_store_deferred_add(core->store, row);
}

static nrs_error take_from(nrs_core *core, nrs_slice record, nrs_peer *from)
{
    nrs_error taken;

    core->retrying = true;
    taken = nrs_receive_record(core, record, from);
    core->retrying = false;
    return taken;
}

/* A hub may have changed its keys since it handed the record over, by the very roster that was waited for: the key before is a member's then,
 * and no hub's, and the one that came after would hand it over rightly (SPEC 7.10). */
static nrs_error take_again(nrs_core *core, const nrs_deferred_row *row, nrs_peer *from)
{
    const nrs_peer *successor = nrs_key_successor(core, row->peer);
    const nrs_error taken = take_from(core, row->record, from);
    const bool by_whom = taken == NRS_ERROR_NOT_MEMBER || taken == NRS_ERROR_REVOKED; /* it may be refused for who hands it over */

    return by_whom && successor != NULL ? take_from(core, row->record, nrs_peer_by_sign(core, successor->keys.sign_key)) : taken;
}

/* It is kept again where it still waits (for another roster); a rule that refuses it now ends it. */
static nrs_error retry(nrs_core *core, const nrs_deferred_row *row)
{
    nrs_peer *from = nrs_peer_by_sign(core, row->peer);
    nrs_error error = nrs_store_deferred_delete(core->store, row->number);

    if (error == NRS_OK && from != NULL) {
        const uint64_t before = nrs_store_changes(core->store);
        const nrs_error taken = take_again(core, row, from);

        if (taken != NRS_ERROR_DEFERRED && nrs_error_is_verdict(taken)) {
            nrs_core_complain(core, from, taken, "a record that was deferred is refused: %s", nrs_error_rule(taken));
        }
        error = nrs_error_is_fatal(taken) ? taken : nrs_error_is_passing(taken) ? put_back(core, row, nrs_store_changes(core->store) != before) : NRS_OK;
    }
    return error;
}

static nrs_error retry_community(nrs_core *core, const uint8_t community_id[NRS_HASH_SIZE], uint64_t version)
{
    uint64_t after = 0;
    size_t found = RETRIED_AT_ONCE;
    nrs_error error = NRS_OK;

    while (found == RETRIED_AT_ONCE && error == NRS_OK && !core->deferred_again) {
        waiting set = {.count = 0};
        error = nrs_store_deferred_each(core->store, community_id, version, after, RETRIED_AT_ONCE, collect, &set);
        found = set.count;
        for (size_t i = 0; i < set.count; i++) {
            if (error == NRS_OK && !core->deferred_again) {
                error = retry(core, &set.list[i].row);
            }
            after = set.list[i].row.number;
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
            const uint64_t in = from == NULL ? 0 : (from->member_of | from->guest_of | from->side_of) & nrs_community_bit(core, &core->communities[i]);

            if (in == 0 || ended) {
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

    if (adopted) {
        core->deferred_again = false;
    }
    /* A deferred roster may itself be adopted, and then more can be tried: at most once for each version. */
    while (core->rosters_adopted && error == NRS_OK) {
        core->rosters_adopted = false;
        for (size_t i = 0; i < core->community_count && error == NRS_OK && !core->deferred_again; i++) {
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
