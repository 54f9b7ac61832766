/* Who is who: looking up communities, organisations, persons and their prekeys. Loading is directory_load.c, changes are
 * directory_take.c, whom to dial is directory_dial.c. */
#include <string.h>

#include "roster/directory.h"

nrs_community *nrs_community_by_id(nrs_core *core, const uint8_t id[NRS_HASH_SIZE])
{
    for (size_t i = 0; i < core->community_count; i++) {
        if (memcmp(core->communities[i].id, id, NRS_HASH_SIZE) == 0) {
            return &core->communities[i];
        }
    }
    return NULL;
}

nrs_community *nrs_community_by_name(nrs_core *core, const char *name)
{
    for (size_t i = 0; i < core->community_count; i++) {
        if (!core->communities[i].guest && strcmp(core->communities[i].roster->id, name) == 0) {
            return &core->communities[i];
        }
    }
    return NULL;
}

nrs_peer *nrs_peer_by_sign(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE])
{
    nrs_peer *peer;

    HASH_FIND(by_sign, core->peers_by_sign, sign_key, NRS_KEY_SIZE, peer);
    return peer;
}

/* A roster names the link key of each member, without proof that the member has it: two organisations may name the same
 * one, and then only what the peer says of itself, on a link that needs the key, tells which of them it is. */
nrs_peer *nrs_peer_by_curve(const nrs_core *core, const uint8_t curve_key[NRS_KEY_SIZE], nrs_peer_test test, const void *context)
{
    nrs_peer *peer, *next;

    HASH_FIND(by_curve, core->peers_by_curve, curve_key, NRS_KEY_SIZE, peer);
    if (peer == NULL || test(core, peer, context) || !core->curve_shared) {
        return peer == NULL || test(core, peer, context) ? peer : NULL;
    }
    HASH_ITER (by_sign, core->peers_by_sign, peer, next) {
        if (memcmp(peer->keys.curve_key, curve_key, NRS_KEY_SIZE) == 0 && test(core, peer, context)) {
            return peer;
        }
    }
    return NULL;
}

nrs_peer *nrs_peer_by_hash(const nrs_core *core, const uint8_t key_hash[NRS_KEY_HASH_SIZE])
{
    nrs_peer *peer;

    HASH_FIND(by_hash, core->peers_by_hash, key_hash, NRS_KEY_HASH_SIZE, peer);
    return peer;
}

uint64_t nrs_community_bit(const nrs_core *core, const nrs_community *community)
{
    return 1ull << (size_t)(community - core->communities);
}

bool nrs_peer_member(const nrs_core *core, const nrs_peer *peer, const nrs_community *community)
{
    return peer != NULL && ((community->guest ? peer->guest_of : peer->member_of) & nrs_community_bit(core, community)) != 0;
}

bool nrs_peer_hub(const nrs_core *core, const nrs_peer *peer, const nrs_community *community)
{
    return peer != NULL && ((community->guest ? peer->guest_hub_of : peer->hub_of) & nrs_community_bit(core, community)) != 0;
}

/* Our own key from before, where it stands as it did: not in the grace of the one in force. */
static uint64_t stands_alone(const nrs_core *core, uint64_t bits)
{
    return bits & ~nrs_peer_by_sign(core, core->self.sign_key)->member_of;
}

uint64_t nrs_own_member_of(const nrs_core *core)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key), *former = core->former == NULL ? NULL : nrs_peer_by_sign(core, core->former_keys.sign_key);

    return former == NULL ? self->member_of : self->member_of | former->member_of;
}

uint64_t nrs_own_hub_of(const nrs_core *core)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key), *former = core->former == NULL ? NULL : nrs_peer_by_sign(core, core->former_keys.sign_key);

    return former == NULL ? self->hub_of : self->hub_of | stands_alone(core, former->hub_of);
}

bool nrs_peer_somewhere(const nrs_peer *peer)
{
    return (peer->member_of | peer->guest_of) != 0;
}

bool nrs_peer_joined(const nrs_core *core, const nrs_peer *peer, const nrs_community *community)
{
    return peer != NULL && (peer->joined_in & nrs_community_bit(core, community)) != 0;
}

nrs_bundle *nrs_bundle_by_owner(const nrs_core *core, const uint8_t owner[NRS_KEY_SIZE])
{
    nrs_bundle *bundle;

    HASH_FIND(hh, core->bundles, owner, NRS_KEY_SIZE, bundle);
    return bundle;
}

const Nrs__Wire__PersonEntry *nrs_peer_person(const nrs_peer *peer, const char *person_id)
{
    for (size_t i = 0; peer != NULL && peer->card != NULL && i < peer->card->n_persons; i++) {
        if (strcmp(peer->card->persons[i]->id, person_id) == 0) {
            return peer->card->persons[i];
        }
    }
    return NULL;
}

const Nrs__Wire__PersonEntry *nrs_peer_person_by_key(const nrs_peer *peer, const uint8_t sign_key[NRS_KEY_SIZE])
{
    for (size_t i = 0; peer != NULL && peer->card != NULL && i < peer->card->n_persons; i++) {
        if (memcmp(peer->card->persons[i]->sign_key.data, sign_key, NRS_KEY_SIZE) == 0) {
            return peer->card->persons[i];
        }
    }
    return NULL;
}

nrs_error nrs_recipient_of(const nrs_core *core, nrs_recipient *recipient_out, const nrs_peer *peer, const Nrs__Wire__PersonEntry *person)
{
    return nrs_recipient_at(core, recipient_out, peer, person, core->now_ms);
}

nrs_error nrs_recipient_at(const nrs_core *core, nrs_recipient *recipient_out, const nrs_peer *peer, const Nrs__Wire__PersonEntry *person, uint64_t at_ms)
{
    const nrs_bundle *bundle = nrs_bundle_by_owner(core, person != NULL ? person->sign_key.data : peer->keys.sign_key);
    const Nrs__Wire__Prekey *prekey = bundle == NULL ? NULL : nrs_prekeys_current(bundle->prekeys, at_ms);

    if (prekey == NULL) {
        return NRS_ERROR_NOT_FOUND;
    }
    memcpy(recipient_out->org_sign_key, peer->keys.sign_key, NRS_KEY_SIZE);
    memcpy(recipient_out->sign_key, person != NULL ? person->sign_key.data : peer->keys.sign_key, NRS_KEY_SIZE);
    memcpy(recipient_out->agree_key, person != NULL ? person->agree_key.data : peer->keys.agree_key, NRS_KEY_SIZE);
    memcpy(recipient_out->prekey_id, prekey->id.data, NRS_PREKEY_ID_SIZE);
    memcpy(recipient_out->prekey, prekey->key.data, NRS_KEY_SIZE);
    return NRS_OK;
}

bool nrs_peer_dials_us(const nrs_core *core, const nrs_peer *peer)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);

    return (self->hub_of & peer->member_of) != 0 && (peer->hub_of & self->member_of) != 0 &&
           memcmp(core->self.sign_key, peer->keys.sign_key, NRS_KEY_SIZE) > 0;
}
