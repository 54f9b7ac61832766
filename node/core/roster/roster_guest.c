/* Communities that a joined one recognises (SPEC 7.13): their rosters come through its members and say whose reports may be passed on to
 * it, and to whom. They give nobody a link, a prekey or a place among the members. */
#include <stdio.h>
#include <string.h>

#include "roster/roster.h"

#define NAME_PREFIX "guest:"

static void name_of(char name_out[sizeof NAME_PREFIX + 2 * NRS_HASH_SIZE], const uint8_t community[NRS_HASH_SIZE])
{
    memcpy(name_out, NAME_PREFIX, sizeof NAME_PREFIX);
    nrs_hex_encode(name_out + sizeof NAME_PREFIX - 1, community, NRS_HASH_SIZE);
}

nrs_error nrs_guest_load(nrs_core *core, bool *guest_out, const uint8_t community[NRS_HASH_SIZE])
{
    char name[sizeof NAME_PREFIX + 2 * NRS_HASH_SIZE];
    nrs_bytes value = {0};
    nrs_error error;

    name_of(name, community);
    error = nrs_store_meta_get(core->store, name, &value);
    *guest_out = error == NRS_OK && value.size > 0;
    nrs_bytes_wipe(&value);
    return error;
}

nrs_error nrs_guest_set(nrs_core *core, const uint8_t community[NRS_HASH_SIZE], bool guest)
{
    static const uint8_t yes[1] = {1};
    char name[sizeof NAME_PREFIX + 2 * NRS_HASH_SIZE];

    name_of(name, community);
    return nrs_store_meta_set(core->store, name, nrs_slice_of(yes, guest ? 1 : 0));
}

bool nrs_guest_recognised(const nrs_core *core, const nrs_peer *peer, const uint8_t community[NRS_HASH_SIZE])
{
    for (size_t i = 0; i < core->community_count; i++) {
        const nrs_community *joined = &core->communities[i];

        if (joined->member && nrs_peer_member(core, peer, joined) && nrs_roster_recognises(joined->roster, community)) {
            return true;
        }
    }
    return false;
}

uint64_t nrs_guest_told(const nrs_core *core, const nrs_peer *peer)
{
    uint64_t told = 0;

    for (size_t i = 0; i < core->community_count; i++) {
        const nrs_community *one = &core->communities[i];

        /* Its roster may name a peer that never joined it, which goes on holding it as a guest. */
        for (size_t k = 0; k < core->community_count && !(nrs_peer_member(core, peer, one) && nrs_peer_joined(core, peer, one)); k++) {
            const nrs_community *joined = &core->communities[k];

            if (joined->member && nrs_peer_member(core, peer, joined) && nrs_roster_recognises(joined->roster, one->id) && (one->member || joined->hub)) {
                told |= nrs_community_bit(core, one);
            }
        }
    }
    return told;
}

nrs_error nrs_guest_take(nrs_core *core, const uint8_t id[NRS_HASH_SIZE], nrs_slice many, const nrs_peer *from)
{
    nrs_roster *roster = NULL;
    nrs_bytes statement = {0};
    uint8_t first[NRS_HASH_SIZE];
    nrs_error error = nrs_guest_recognised(core, from, id) ? nrs_roster_verify(&roster, &statement, many, NULL, nrs_slice_of(NULL, 0))
                                                           : NRS_ERROR_NOT_MEMBER;

    if (error == NRS_OK) { /* the pin is the hash of the first */
        nrs_roster_hash(first, nrs_slice_of_bytes(&statement));
        error = roster->version == 1 && memcmp(first, id, NRS_HASH_SIZE) == 0 ? NRS_OK : NRS_ERROR_NOT_MEMBER;
    }
    if (error == NRS_OK) {
        error = nrs_directory_room(core, id);
    }
    if (error == NRS_OK) {
        error = nrs_guest_set(core, id, true);
    }
    if (error == NRS_OK) {
        error = nrs_directory_adopt(core, id, many, nrs_slice_of(from->keys.sign_key, NRS_KEY_SIZE));
    }
    nrs_bytes_wipe(&statement);
    nrs_roster_free(&roster);
    return error;
}
