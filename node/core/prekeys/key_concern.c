/* Whom the end of a key concerns (SPEC 7.7): the rosters in which it stands; of a revocation, also those in which a key stands that has announced it,
 * at once or over others. */
#include <string.h>

#include "keys/change.h"
#include "prekeys/key_change.h"
#include "roster/directory.h"

/* The first roster that has the key under this name, one that is joined before others; or NULL. A key that has signed what it likes speaks of
 * itself alone. */
static const nrs_community *named_in(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE], const char *org)
{
    const nrs_community *found = NULL;

    for (size_t i = 0; i < core->community_count; i++) {
        const nrs_roster *roster = core->communities[i].roster;
        const Nrs__Wire__Member *member = nrs_roster_member_by_key(roster, sign_key);
        const Nrs__Wire__Tombstone *tombstone = nrs_roster_tombstone(roster, sign_key);

        if ((found == NULL || (found->guest && !core->communities[i].guest)) &&
            ((member != NULL && strcmp(member->org, org) == 0) || (tombstone != NULL && strcmp(tombstone->org, org) == 0))) {
            found = &core->communities[i];
        }
    }
    return found;
}

static uint64_t stands_in(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE])
{
    uint64_t bits = 0;

    for (size_t i = 0; i < core->community_count; i++) {
        const nrs_roster *roster = core->communities[i].roster;
        if (nrs_roster_member_by_key(roster, sign_key) != NULL || nrs_roster_tombstone(roster, sign_key) != NULL) {
            bits |= nrs_community_bit(core, &core->communities[i]);
        }
    }
    return bits;
}

/* The key that has announced this one, also where it was revoked since; or NULL. */
static const uint8_t *announced_by(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE])
{
    for (const nrs_key_end *end = core->key_ends; end != NULL; end = end->hh.next) {
        if (memcmp(end->successor, sign_key, NRS_KEY_SIZE) == 0) {
            return end->sign_key;
        }
    }
    return NULL;
}

/* The end of a key for good concerns as well who has the keys that announced it: a roster may follow yet, and it ends those before with it. */
static uint64_t revocation_concerns(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE])
{
    uint64_t bits = 0;

    for (size_t steps = 0; sign_key != NULL && steps < NRS_KEY_CHAIN_MAX; steps++) {
        bits |= stands_in(core, sign_key);
        sign_key = announced_by(core, sign_key);
    }
    return bits;
}

const nrs_community *nrs_key_change_named_in(const nrs_core *core, const nrs_key_change *change)
{
    const uint8_t *key = change->sign_key.data;
    const nrs_community *found = named_in(core, key, change->org);

    for (size_t steps = 0; found == NULL && change->cause == NRS_KEY_REVOKED && key != NULL && steps < NRS_KEY_CHAIN_MAX; steps++) {
        key = announced_by(core, key);
        found = key == NULL ? NULL : named_in(core, key, change->org);
    }
    return found;
}

uint64_t nrs_key_change_would_concern(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE], uint32_t cause)
{
    return cause == NRS_KEY_REVOKED ? revocation_concerns(core, sign_key) : stands_in(core, sign_key);
}

uint64_t nrs_key_change_concerns(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE])
{
    const nrs_key_end *end = nrs_key_end_of(core, sign_key);

    return nrs_key_change_would_concern(core, sign_key, end == NULL ? NRS_KEY_SUCCEEDED : end->cause);
}
