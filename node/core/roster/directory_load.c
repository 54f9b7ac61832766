/* The directory from the store: rosters make communities and organisations (directory_index.c), cards and prekeys hang on these. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "roster/directory.h"
#include "prekeys/key_change.h"
#include "roster/roster.h"

nrs_error nrs_directory_room(nrs_core *core, const uint8_t id[NRS_HASH_SIZE])
{
    return nrs_community_by_id(core, id) == NULL && core->community_count == NRS_COMMUNITY_COUNT_MAX ? NRS_ERROR_LIMIT : NRS_OK;
}

/* A verified roster into its place in memory. Takes roster over; copies the bytes. */
nrs_error nrs_directory_install(nrs_core *core, const uint8_t id[NRS_HASH_SIZE], nrs_roster **roster, nrs_slice statement, nrs_slice many)
{
    nrs_community *community = nrs_community_by_id(core, id);
    nrs_error error = nrs_directory_room(core, id);

    if (error != NRS_OK) {
        return error;
    }
    if (community == NULL) {
        community = &core->communities[core->community_count];
        memset(community, 0, sizeof *community);
        memcpy(community->id, id, NRS_HASH_SIZE);
        core->community_count++;
    }
    error = nrs_guest_load(core, &community->guest, id);
    if (error != NRS_OK) {
        return error;
    }
    nrs_roster_free(&community->roster);
    community->roster = *roster;
    *roster = NULL;
    error = nrs_bytes_copy(&community->statement, statement);
    if (error == NRS_OK) {
        error = nrs_bytes_copy(&community->many, many);
    }
    if (error != NRS_OK) {
        return error;
    }
    nrs_roster_hash(community->head, statement);
    core->admission_changed = true;
    core->rosters_adopted = true;
    for (nrs_link *link = core->links; link != NULL; link = link->hh.next) {
        link->rosters_due = true;
    }
    return nrs_directory_index(core, community);
}

/* Which of the communities in the store are looked at: all, or those in which this node stands now, and then the others. */
typedef struct loading {
    nrs_core *core;
    enum { LOADED_ALL, LOADED_MEMBER, LOADED_OTHERS } which;
} loading;

/* One for which there is no place: it says nothing and is asked nothing, and its roster waits in the store. */
static void rest(nrs_core *core, const nrs_roster *roster)
{
    if (core->resting_count == 0) {
        (void)snprintf(core->resting, sizeof core->resting, "%s", roster->id);
    }
    core->resting_count++;
}

static nrs_error load_roster(void *context, const uint8_t *id, uint64_t version, nrs_slice many)
{
    const loading *into = context;
    nrs_core *core = into->core;
    nrs_signed_by_many *decoded = NULL;
    nrs_roster *roster = NULL;
    nrs_error error = nrs_signed_by_many_decode(&decoded, many);

    /* It was verified when it was stored; its place in the store is trusted like the rest of the node's folder. */
    if (error == NRS_OK) {
        error = nrs_roster_decode(&roster, nrs_field(&decoded->statement));
    }
    if (error == NRS_OK && roster->version != version) {
        error = NRS_ERROR_DAMAGED;
    }
    if (error == NRS_OK && into->which != LOADED_ALL && (nrs_roster_member_by_key(roster, core->self.sign_key) != NULL) != (into->which == LOADED_MEMBER)) {
        goto out;
    }
    if (error == NRS_OK && nrs_directory_room(core, id) != NRS_OK) {
        rest(core, roster);
        goto out;
    }
    if (error == NRS_OK) {
        error = nrs_directory_install(core, id, &roster, nrs_field(&decoded->statement), many);
    }
out:
    nrs_roster_free(&roster);
    nrs_signed_by_many_free(&decoded);
    return nrs_error_is_verdict(error) ? NRS_ERROR_DAMAGED : error;
}

/* A store with more communities than a node can be in (an earlier build could make one) is no reason not to start: those in which
 * this node stands have the first places, the older before the newer. */
static nrs_error load_rosters(nrs_core *core)
{
    loading into = {core, LOADED_ALL};
    size_t count = 0;
    nrs_error error = nrs_store_roster_communities(core->store, &count);

    core->resting_count = 0;
    if (error == NRS_OK && count > NRS_COMMUNITY_COUNT_MAX) {
        into.which = LOADED_MEMBER;
        error = nrs_store_roster_each_newest(core->store, load_roster, &into);
        into.which = LOADED_OTHERS;
    }
    return error == NRS_OK ? nrs_store_roster_each_newest(core->store, load_roster, &into) : error;
}

void nrs_directory_set_card(nrs_peer *peer, nrs_card **card, uint64_t position)
{
    nrs_card_free(&peer->card);
    peer->card = *card;
    *card = NULL;
    peer->card_position = position;
}

static nrs_error load_card(void *context, const nrs_published_row *row)
{
    nrs_core *core = context;
    nrs_signed *outer = NULL;
    nrs_card *card = NULL;
    nrs_peer *peer = nrs_peer_by_sign(core, row->owner);
    nrs_error error = nrs_signed_decode(&outer, row->payload);

    if (error == NRS_OK) {
        error = nrs_card_decode(&card, nrs_field(&outer->statement));
    }
    if (error == NRS_OK && peer == NULL) { /* on no roster now: should it come back, what it published will not come again */
        error = nrs_directory_peer(core, &peer, card->org, card->sign_key.data, card->agree_key.data, card->curve_key.data);
    }
    if (error == NRS_OK) {
        nrs_directory_set_card(peer, &card, row->position);
    }
    nrs_signed_free(&outer);
    nrs_card_free(&card);
    return nrs_error_is_verdict(error) ? NRS_ERROR_DAMAGED : error;
}

nrs_error nrs_directory_set_bundle(nrs_core *core, nrs_prekeys **prekeys, uint64_t position)
{
    nrs_bundle *bundle = nrs_bundle_by_owner(core, (*prekeys)->owner.data);

    if (bundle == NULL) {
        bundle = calloc(1, sizeof *bundle);
        if (bundle == NULL) {
            return NRS_ERROR_NO_MEMORY;
        }
        memcpy(bundle->owner, (*prekeys)->owner.data, NRS_KEY_SIZE);
        HASH_ADD(hh, core->bundles, owner, NRS_KEY_SIZE, bundle);
        if (bundle->hh.tbl == NULL) {
            free(bundle);
            return NRS_ERROR_NO_MEMORY;
        }
    }
    nrs_prekeys_free(&bundle->prekeys);
    bundle->prekeys = *prekeys;
    *prekeys = NULL;
    bundle->position = position;
    return NRS_OK;
}

static nrs_error load_bundle(void *context, const nrs_published_row *row)
{
    nrs_signed *outer = NULL;
    nrs_prekeys *prekeys = NULL;
    nrs_error error = nrs_signed_decode(&outer, row->payload);

    if (error == NRS_OK) {
        error = nrs_prekeys_decode(&prekeys, nrs_field(&outer->statement));
    }
    if (error == NRS_OK) {
        error = nrs_directory_set_bundle(context, &prekeys, row->position);
    }
    nrs_signed_free(&outer);
    nrs_prekeys_free(&prekeys);
    return nrs_error_is_verdict(error) ? NRS_ERROR_DAMAGED : error;
}

nrs_error nrs_directory_load(nrs_core *core)
{
    nrs_signed *outer = NULL;
    nrs_card *card = NULL;
    nrs_peer *self = NULL;
    nrs_error error = nrs_directory_peer(core, &self, core->org, core->self.sign_key, core->self.agree_key, core->self.curve_key);

    if (error == NRS_OK) {
        error = nrs_key_changes_load(core); /* before the rosters: it decides who of them counts */
    }
    if (error == NRS_OK) {
        error = load_rosters(core);
    }
    if (error == NRS_OK) {
        error = nrs_store_card_each(core->store, load_card, core);
    }
    if (error == NRS_OK) {
        error = nrs_roster_load_words(core);
    }
    if (error == NRS_OK) {
        error = nrs_fork_load(core);
    }
    if (error == NRS_OK) {
        error = nrs_store_prekeys_each(core->store, load_bundle, core);
    }
    if (error == NRS_OK && self->card == NULL) { /* before the first start's card is logged */
        error = nrs_signed_decode(&outer, nrs_slice_of_bytes(&core->own_card));
        if (error == NRS_OK) {
            error = nrs_card_decode(&card, nrs_field(&outer->statement));
        }
        if (error == NRS_OK) {
            nrs_directory_set_card(self, &card, 0);
        }
    }
    nrs_signed_free(&outer);
    nrs_card_free(&card);
    return error;
}

void nrs_directory_wipe(nrs_core *core)
{
    nrs_peer *peer, *next_peer;
    nrs_bundle *bundle, *next_bundle;

    HASH_CLEAR(by_curve, core->peers_by_curve);
    HASH_CLEAR(by_hash, core->peers_by_hash);
    HASH_ITER (by_sign, core->peers_by_sign, peer, next_peer) {
        HASH_DELETE(by_sign, core->peers_by_sign, peer);
        nrs_card_free(&peer->card);
        free(peer);
    }
    HASH_ITER (hh, core->bundles, bundle, next_bundle) {
        HASH_DEL(core->bundles, bundle);
        nrs_prekeys_free(&bundle->prekeys);
        free(bundle);
    }
    nrs_key_changes_wipe(core);
    core->curve_shared = false;
    for (size_t i = 0; i < core->community_count; i++) {
        nrs_fork_wipe(&core->communities[i]);
        nrs_roster_free(&core->communities[i].roster);
        nrs_bytes_wipe(&core->communities[i].statement);
        nrs_bytes_wipe(&core->communities[i].many);
    }
    core->community_count = 0;
}
