/* The files that the command line reads, written again at each start: a node that was killed between the commit and the file would leave an
 * older one in its place for ever. The shell writes only what differs. */
#include <string.h>

#include "keys/change.h"
#include "prekeys/key_change.h"
#include "roster/directory.h"
#include "roster/roster.h"

/* The effects since `from` write what this run found: what a person has made since the node was last heard of is newer. */
static void mark(nrs_core *core, size_t from, uint64_t version)
{
    for (size_t i = from; i < core->effects->count; i++) {
        core->effects->list[i].held_version = version;
    }
}

static nrs_error write_first(nrs_core *core, const nrs_community *community)
{
    nrs_bytes first = {0};
    nrs_error error = nrs_store_roster_get(core->store, &first, community->id, 1);

    if (error == NRS_OK) {
        error = nrs_write_armoured(core, "communities", community->roster->id, ".first", "ROSTER", nrs_slice_of_bytes(&first));
    }
    nrs_bytes_wipe(&first);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error; /* joined before its first roster was kept */
}

static nrs_error write_fork(nrs_core *core, const nrs_community *community)
{
    nrs_bytes proof = {0};
    nrs_error error = nrs_fork_prove(core, &proof, community, community->fork_version);

    if (error == NRS_OK) {
        error = nrs_write_armoured(core, "communities", community->roster->id, ".fork", "FORK", nrs_slice_of_bytes(&proof));
    }
    nrs_bytes_wipe(&proof);
    return error;
}

static nrs_error write_community(nrs_core *core, const nrs_community *community)
{
    size_t from = core->effects->count;
    nrs_error error = nrs_write_armoured(core, "communities", community->roster->id, ".roster", "ROSTER", nrs_slice_of_bytes(&community->many));

    if (error == NRS_OK) {
        error = write_first(core, community);
    }
    if (error == NRS_OK) {
        error = nrs_roster_write_chain(core, community->id, community->roster->id);
    }
    if (error == NRS_OK && nrs_fork_is(community)) {
        error = write_fork(core, community);
    }
    mark(core, from, community->roster->version);
    return error;
}

static nrs_error write_card(void *context, const nrs_published_row *row)
{
    nrs_core *core = context;
    size_t from = core->effects->count;
    const nrs_peer *peer = nrs_peer_by_sign(core, row->owner);
    nrs_error error = NRS_OK;

    if (peer != NULL && peer->hub_of != 0) { /* as when it was taken: an invite has the cards of the hubs */
        error = nrs_directory_write_card(core, row->owner, row->payload);
        mark(core, from, row->serial);
    }
    return error;
}

/* A succession that no roster has followed waits for the person who keeps the roster. Of a key that is revoked nothing is on its way any more: it
 * bars no other change. */
static nrs_error write_change(void *context, const nrs_published_row *row)
{
    nrs_core *core = context;
    const nrs_key_end *end = nrs_key_end_of(core, row->owner);

    if (end == NULL || end->cause != row->serial || (end->cause == NRS_KEY_SUCCEEDED && nrs_key_successor(core, row->owner) != NULL) ||
        nrs_key_change_concerns(core, row->owner) == 0) {
        return NRS_OK;
    }
    return nrs_key_change_write(core, row->owner, end->cause, row->payload);
}

nrs_error nrs_directory_write_again(nrs_core *core)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < core->community_count; i++) {
        if (!core->communities[i].guest) { /* the command line's files are of communities joined */
            error = write_community(core, &core->communities[i]);
        }
    }
    if (error == NRS_OK) {
        error = nrs_store_card_each(core->store, write_card, core);
    }
    return error == NRS_OK ? nrs_store_key_change_each(core->store, write_change, core) : error;
}
