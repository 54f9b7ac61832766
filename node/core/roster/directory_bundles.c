/* Prekey bundles that nobody needs any more (SPEC 7.3): of a person whom the organisation's card names no longer, and of an organisation that
 * stands on no roster and whose own prekeys have ended. Only what others published goes; who made a bundle keeps its secrets as long as it says. */
#include <stdlib.h>
#include <string.h>

#include "link/log.h"
#include "roster/directory.h"

#define LOOKED_AT_EVERY_MS NRS_HOUR_MS

static nrs_error drop(nrs_core *core, nrs_bundle *bundle)
{
    nrs_error error = nrs_store_prekeys_drop(core->store, bundle->owner);

    if (error == NRS_OK && bundle->position != 0) {
        error = nrs_log_drop(core, bundle->position); /* sent again, it is passed over by its id */
    }
    HASH_DEL(core->bundles, bundle);
    nrs_prekeys_free(&bundle->prekeys);
    free(bundle);
    return error;
}

static bool names(const nrs_card *card, const uint8_t *owner)
{
    for (size_t i = 0; i < card->n_persons; i++) {
        if (memcmp(card->persons[i]->sign_key.data, owner, NRS_KEY_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

nrs_error nrs_bundles_settle(nrs_core *core, const nrs_card *before, const nrs_card *after)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; before != NULL && i < before->n_persons && error == NRS_OK; i++) {
        const uint8_t *owner = before->persons[i]->sign_key.data;
        nrs_bundle *bundle = names(after, owner) ? NULL : nrs_bundle_by_owner(core, owner);

        if (bundle != NULL && nrs_slice_equal(nrs_field(&bundle->prekeys->org), nrs_field(&after->sign_key))) {
            error = drop(core, bundle);
        }
    }
    return error;
}

/* Whether one of its windows is still to end. */
static bool serves(const nrs_core *core, const nrs_bundle *bundle)
{
    const nrs_prekeys *prekeys = bundle == NULL ? NULL : bundle->prekeys;

    return prekeys != NULL && prekeys->n_prekeys > 0 && prekeys->prekeys[prekeys->n_prekeys - 1]->until_ms > core->now_ms; /* they ascend */
}

static bool needed(const nrs_core *core, const nrs_bundle *bundle)
{
    const uint8_t *org = bundle->prekeys->org.data;
    const nrs_peer *peer = nrs_peer_by_sign(core, org);
    const bool person = memcmp(bundle->owner, org, NRS_KEY_SIZE) != 0;

    if (peer == NULL || (person && nrs_peer_person_by_key(peer, bundle->owner) == NULL)) {
        return false;
    }
    return memcmp(org, core->self.sign_key, NRS_KEY_SIZE) == 0 || nrs_peer_somewhere(peer) || (peer->side_of | peer->heir_of) != 0 ||
           serves(core, nrs_bundle_by_owner(core, org));
}

/* Who left may come back with the same keys, and its node publishes anew by the week alone: until then what is held serves. */
nrs_error nrs_bundles_tick(nrs_core *core)
{
    nrs_bundle *bundle, *next;
    nrs_error error = NRS_OK;

    if (!nrs_clock_trusted(core) || (core->bundles_checked_ms != 0 && core->monotonic_ms < core->bundles_checked_ms + LOOKED_AT_EVERY_MS)) {
        return NRS_OK;
    }
    core->bundles_checked_ms = core->monotonic_ms;
    HASH_ITER (hh, core->bundles, bundle, next) {
        if (error == NRS_OK && !needed(core, bundle)) {
            error = drop(core, bundle);
        }
    }
    return error;
}
