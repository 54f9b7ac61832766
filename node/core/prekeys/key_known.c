/* What is known here of keys: which came before which, whose they are, which ended (SPEC 7.7, 7.10). */
#include <string.h>

#include "prekeys/key_change.h"
#include "roster/roster.h"

const nrs_key_end *nrs_key_end_of(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE])
{
    nrs_key_end *end;

    HASH_FIND(hh, core->key_ends, sign_key, NRS_KEY_SIZE, end);
    return end;
}

bool nrs_key_revoked(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE])
{
    const nrs_key_end *end = nrs_key_end_of(core, sign_key);

    /* The keys before lie in the same folder, so what took the newest took them all (SPEC 7.10). Hostile keys can announce each
     * other in a circle, hence the limit. */
    for (size_t steps = 0; end != NULL && end->cause == NRS_KEY_SUCCEEDED && steps < NRS_KEY_CHAIN_MAX; steps++) {
        end = nrs_key_end_of(core, end->successor);
    }
    return end != NULL && end->cause == NRS_KEY_REVOKED;
}

bool nrs_key_removed_since(const nrs_core *core, const nrs_roster *roster, const uint8_t sign_key[NRS_KEY_SIZE])
{
    const nrs_key_end *end = nrs_key_end_of(core, sign_key);
    bool removed = false;

    for (size_t steps = 0; end != NULL && end->cause == NRS_KEY_SUCCEEDED && !removed && steps < NRS_KEY_CHAIN_MAX; steps++) {
        const Nrs__Wire__Tombstone *tombstone = nrs_roster_tombstone(roster, end->successor);

        removed = tombstone != NULL && tombstone->cause != NRS_TOMBSTONE_LEFT;
        end = nrs_key_end_of(core, end->successor);
    }
    return removed;
}

const nrs_key_end *nrs_key_before(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE])
{
    for (const nrs_key_end *end = core->key_ends; end != NULL; end = end->hh.next) {
        if (end->cause == NRS_KEY_SUCCEEDED && memcmp(end->successor, sign_key, NRS_KEY_SIZE) == 0) {
            return end;
        }
    }
    return NULL;
}

const nrs_peer *nrs_key_successor(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE])
{
    const nrs_key_end *end = nrs_key_end_of(core, sign_key);
    const nrs_peer *peer = end == NULL || end->cause != NRS_KEY_SUCCEEDED ? NULL : nrs_peer_by_sign(core, end->successor);

    return peer != NULL && nrs_peer_somewhere(peer) ? peer : NULL;
}

const nrs_peer *nrs_peer_in_force(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE], const nrs_community *community)
{
    const nrs_peer *successor = community == NULL ? NULL : nrs_key_successor(core, sign_key);

    return nrs_peer_member(core, successor, community) ? successor : nrs_peer_by_sign(core, sign_key);
}

bool nrs_key_hub_here(const nrs_core *core, const nrs_community *community)
{
    return !community->guest && nrs_peer_hub(core, nrs_peer_in_force(core, core->self.sign_key, community), community);
}

bool nrs_key_follows(const nrs_core *core, const uint8_t before[NRS_KEY_SIZE], const uint8_t after[NRS_KEY_SIZE])
{
    const nrs_peer *successor = NULL;

    if (memcmp(before, after, NRS_KEY_SIZE) == 0) {
        return true;
    }
    successor = nrs_key_successor(core, before);
    return successor != NULL && memcmp(successor->keys.sign_key, after, NRS_KEY_SIZE) == 0;
}

/* Over any number of changes, of which the last is in force. */
static bool leads_to(const nrs_core *core, const uint8_t before[NRS_KEY_SIZE], const uint8_t after[NRS_KEY_SIZE])
{
    const nrs_key_end *end = nrs_key_end_of(core, before);
    const nrs_peer *peer = end == NULL ? NULL : nrs_peer_by_sign(core, after);
    bool found = false;

    for (size_t steps = 0; end != NULL && end->cause == NRS_KEY_SUCCEEDED && !found && steps < NRS_KEY_CHAIN_MAX; steps++) {
        found = memcmp(end->successor, after, NRS_KEY_SIZE) == 0;
        end = nrs_key_end_of(core, end->successor);
    }
    return found && peer != NULL && nrs_peer_somewhere(peer);
}

bool nrs_key_same_org(const nrs_core *core, const uint8_t a[NRS_KEY_SIZE], const uint8_t b[NRS_KEY_SIZE])
{
    return memcmp(a, b, NRS_KEY_SIZE) == 0 || leads_to(core, a, b) || leads_to(core, b, a);
}

bool nrs_key_hash_before(const nrs_core *core, uint8_t hash_out[NRS_KEY_HASH_SIZE], const uint8_t sign_key[NRS_KEY_SIZE])
{
    const nrs_key_end *before = nrs_key_before(core, sign_key);

    if (before != NULL) {
        nrs_key_hash(hash_out, before->sign_key);
    }
    return before != NULL;
}

bool nrs_key_ours(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE])
{
    return memcmp(sign_key, core->self.sign_key, NRS_KEY_SIZE) == 0 ||
           (core->former != NULL && memcmp(sign_key, core->former_keys.sign_key, NRS_KEY_SIZE) == 0);
}

bool nrs_key_ours_or_next(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE])
{
    return nrs_key_ours(core, sign_key) || nrs_key_follows(core, core->self.sign_key, sign_key);
}

bool nrs_hash_ours(const nrs_core *core, const uint8_t key_hash[NRS_KEY_HASH_SIZE])
{
    return memcmp(key_hash, core->self_hash, NRS_KEY_HASH_SIZE) == 0 ||
           (core->former != NULL && memcmp(key_hash, core->former_hash, NRS_KEY_HASH_SIZE) == 0);
}

bool nrs_key_ever_ours(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE])
{
    const uint8_t *key = sign_key;
    bool ours = nrs_key_ours(core, key);

    for (size_t steps = 0; !ours && steps < NRS_KEY_CHAIN_MAX; steps++) {
        const nrs_key_end *end = nrs_key_end_of(core, key);

        if (end == NULL || end->cause != NRS_KEY_SUCCEEDED) {
            return false;
        }
        key = end->successor;
        ours = nrs_key_ours(core, key);
    }
    return ours;
}

nrs_identity *nrs_identity_for(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE])
{
    return core->former != NULL && memcmp(sign_key, core->former_keys.sign_key, NRS_KEY_SIZE) == 0 ? core->former : core->identity;
}
