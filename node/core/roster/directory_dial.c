/* Whom this node dials. */
#include <stdio.h>
#include <string.h>

#include "link/link.h"
#include "prekeys/key_change.h"
#include "roster/directory.h"

static bool waits_for_heir(const nrs_core *core, const nrs_peer *peer, uint64_t own)
{
    const nrs_key_end *end = (peer->heir_of & own) == 0 ? NULL : nrs_key_before(core, peer->keys.sign_key);
    const nrs_peer *before = end == NULL ? NULL : nrs_peer_by_sign(core, end->sign_key);

    /* The hub answers to the one key or to the other. A member dials by itself. */
    return before != NULL && before->link == NULL && (before->hub_of & peer->heir_of & own) != 0;
}

/* A hub that was restored from a backup of before it went over answers by the key before, in whose grace its members can tell it of the roster
 * that has followed (SPEC 7.10). */
static bool may_be_restored(const nrs_core *core, const nrs_peer *peer, uint64_t own)
{
    const nrs_peer *successor = nrs_key_successor(core, peer->keys.sign_key);

    return successor != NULL && successor->link == NULL && successor->failure == NRS_ERROR_FORGED && (successor->hub_of & peer->member_of & own) != 0;
}

/* Under any key that this node has had or is to have: nobody else answers by it. */
static bool is_ourselves(const nrs_core *core, const nrs_peer *peer)
{
    const nrs_key_end *before = nrs_key_before(core, peer->keys.sign_key);

    return nrs_key_ours(core, peer->keys.sign_key) || (before != NULL && nrs_key_ours(core, before->sign_key));
}

/* The endpoint at which this node should dial the peer: members dial the hubs of their communities, also of those that know it by the key before
 * only: once one has followed, its roster comes that way. Of two hubs the one
 * with the lower key dials; the other does so only while no link has come from there, since the first may not know its
 * card yet. */
static const char *endpoint_to_dial(const nrs_core *core, const nrs_peer *peer, const nrs_peer *self)
{
    const uint64_t own = nrs_own_member_of(core);

    if (is_ourselves(core, peer) || peer->card == NULL || peer->card->n_endpoints == 0 ||
        (((peer->hub_of & own) | (peer->side_hub_of & self->side_of)) == 0 && !waits_for_heir(core, peer, own) &&
         !may_be_restored(core, peer, own))) {
        return NULL;
    }
    if (nrs_peer_dials_us(core, peer) && peer->link != NULL && !peer->link->outgoing) {
        return NULL;
    }
    return peer->card->endpoints[0];
}

bool nrs_directory_dials(const nrs_core *core, const nrs_peer *peer)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);

    return peer->dialled || (self != NULL && endpoint_to_dial(core, peer, self) != NULL);
}

nrs_error nrs_directory_dial(nrs_core *core)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    nrs_peer *peer, *next;

    core->dial_due = false;
    HASH_ITER (by_sign, core->peers_by_sign, peer, next) {
        const char *endpoint = endpoint_to_dial(core, peer, self);
        nrs_effect *effect;
        nrs_error error;

        if (peer->dialled && (endpoint == NULL || strcmp(endpoint, peer->endpoint) != 0)) {
            if (peer->link != NULL && peer->link->outgoing) {
                nrs_link_close(core, peer->link, NRS_OK);
            }
            error = nrs_effect_add(core, &effect, NRS_EFFECT_HANGUP);
            if (error != NRS_OK) {
                return error;
            }
            memcpy(effect->curve_key, peer->keys.curve_key, NRS_KEY_SIZE);
            peer->dialled = false;
        }
        if (!peer->dialled && endpoint != NULL) {
            error = nrs_effect_add(core, &effect, NRS_EFFECT_DIAL);
            if (error != NRS_OK) {
                return error;
            }
            memcpy(effect->curve_key, peer->keys.curve_key, NRS_KEY_SIZE);
            effect->text = strdup(endpoint);
            (void)snprintf(peer->endpoint, NRS_ENDPOINT_SIZE_MAX + 1, "%s", endpoint);
            peer->dialled = true;
            peer->failure = NRS_OK;
        }
    }
    return NRS_OK;
}
