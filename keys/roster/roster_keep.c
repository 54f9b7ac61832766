/* What no later version of a roster may change or leave out (SPEC 7.4). */
#include <string.h>

#include "keys/roster.h"
#include "proto/assert.h"

static bool same_entry(const Nrs__Wire__Tombstone *a, const Nrs__Wire__Tombstone *b)
{
    return nrs_slice_equal(nrs_field(&a->sign_key), nrs_field(&b->sign_key)) && nrs_slice_equal(nrs_field(&a->curve_key), nrs_field(&b->curve_key)) &&
           strcmp(a->org, b->org) == 0;
}

/* *at: behind where the one before was found. */
static const Nrs__Wire__Tombstone *find_next(const nrs_roster *roster, size_t *at, const uint8_t sign_key[NRS_KEY_SIZE])
{
    const size_t place = nrs_roster_tombstone_from(roster, *at, sign_key);

    if (place == roster->n_tombstones) {
        return NULL;
    }
    *at = place + 1;
    return roster->tombstones[place];
}

bool nrs_tombstone_has_served(const Nrs__Wire__Tombstone *tombstone, uint64_t now_ms)
{
    NRS_ASSERT(tombstone != NULL);
    return tombstone->cause == NRS_TOMBSTONE_LEFT && now_ms > NRS_TOMBSTONE_LEFT_KEEP_MS && tombstone->at_ms < now_ms - NRS_TOMBSTONE_LEFT_KEEP_MS;
}

/* Who left may come back in one version and leave again, or change keys, or be revoked, in the next: whoever has missed the one between sees
 * another tombstone, or none. So that of who left binds the very next version alone; that of a revoked key binds all. */
static nrs_roster_breach tombstone_breach(const Nrs__Wire__Tombstone *before, const Nrs__Wire__Tombstone *after, const nrs_roster *next, bool far)
{
    if (before->cause == NRS_TOMBSTONE_LEFT && far) {
        return NRS_BREACH_NONE;
    }
    if (after != NULL) {
        bool same = same_entry(before, after) && before->cause == after->cause && before->at_ms == after->at_ms;
        bool harder = same_entry(before, after) && before->cause == NRS_TOMBSTONE_LEFT && after->cause == NRS_TOMBSTONE_REVOKED;

        return same || harder                           ? NRS_BREACH_NONE
               : before->cause == NRS_TOMBSTONE_REVOKED ? NRS_BREACH_REVOKED
                                                        : NRS_BREACH_LEFT;
    }
    if (before->cause == NRS_TOMBSTONE_REVOKED) {
        return NRS_BREACH_REVOKED;
    }
    return nrs_tombstone_has_served(before, next->created_ms) || nrs_roster_member_by_key(next, before->sign_key.data) != NULL ? NRS_BREACH_NONE
                                                                                                                              : NRS_BREACH_LEFT;
}

nrs_roster_breach nrs_roster_breach_of(const Nrs__Wire__Tombstone **which_out, const nrs_roster *before, const nrs_roster *next)
{
    size_t at = 0;
    bool far = false;

    NRS_ASSERT(before != NULL && next != NULL);
    far = next->version > before->version && next->version - before->version > 1;
    if (strcmp(before->id, next->id) != 0) {
        return NRS_BREACH_ID;
    }
    for (size_t i = 0; i < before->n_tombstones; i++) {
        const Nrs__Wire__Tombstone *tombstone = before->tombstones[i];
        nrs_roster_breach breach = tombstone_breach(tombstone, find_next(next, &at, tombstone->sign_key.data), next, far);

        if (breach != NRS_BREACH_NONE) {
            if (which_out != NULL) {
                *which_out = tombstone;
            }
            return breach;
        }
    }
    return NRS_BREACH_NONE;
}
