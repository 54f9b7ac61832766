/* Rosters from peers (SPEC 7.4, 10.4): the next one, or a later one that the roster keys held vouch for. */
#include <string.h>

#include "link/receive.h"
#include "roster/roster.h"

/* One that is held already, another of the same version, or one of which nothing is known here any more. */
static nrs_error take_earlier(nrs_core *core, nrs_community *community, uint64_t version, const uint8_t head[NRS_HASH_SIZE], nrs_slice many)
{
    uint8_t held[NRS_HASH_SIZE];
    nrs_error error = nrs_roster_hash_at(core, held, community->id, version);

    if (error == NRS_ERROR_NOT_FOUND) {
        return NRS_ERROR_ROSTER_OLD;
    }
    if (error == NRS_OK && memcmp(held, head, NRS_HASH_SIZE) != 0) {
        error = nrs_fork_take(core, community, many);
    }
    return error;
}

nrs_error nrs_roster_answer(const nrs_core *core, nrs_error error, const nrs_community *community, const nrs_peer *from)
{
    bool known = !nrs_error_is_verdict(error) || (community != NULL && (nrs_peer_member(core, from, community) || nrs_guest_recognised(core, from, community->id)));

    return known ? error : NRS_ERROR_NOT_MEMBER;
}

nrs_error nrs_receive_roster(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_peer *from)
{
    nrs_signed_by_many *many = NULL;
    nrs_roster *claimed = NULL;
    nrs_community *community;
    uint8_t id[NRS_HASH_SIZE], head[NRS_HASH_SIZE];
    bool later = false;
    nrs_error error = nrs_signed_by_many_decode(&many, payload);

    if (error == NRS_OK) {
        error = nrs_roster_decode(&claimed, nrs_field(&many->statement));
    }
    if (error != NRS_OK) {
        goto out;
    }
    nrs_roster_community(id, claimed, nrs_field(&many->statement));
    nrs_roster_hash(head, nrs_field(&many->statement));
    community = nrs_community_by_id(core, id);
    later = community == NULL || claimed->version > community->roster->version;
    if (community == NULL) {
        error = nrs_guest_take(core, id, payload, from); /* a community is joined by a person, never by a record */
        community = error == NRS_OK ? nrs_community_by_id(core, id) : NULL;
    } else if (claimed->version <= community->roster->version) {
        error = take_earlier(core, community, claimed->version, head, payload);
    } else if (nrs_fork_needs_person(community, claimed)) {
        error = nrs_fork_wait(core, community, claimed->version, nrs_fork_hold(core, community, payload));
    } else {
        error = nrs_take_later_roster(core, community, payload, nrs_slice_of(from->keys.sign_key, NRS_KEY_SIZE));
    }
    if (error == NRS_OK && community != NULL && memcmp(head, community->head, NRS_HASH_SIZE) == 0) {
        nrs_roster_note_held(from, id, claimed->version, head);
        from->told_of &= later ? ~nrs_community_bit(core, community) : UINT64_MAX; /* it knew of one that was none from here */
    }
    if (error == NRS_ERROR_FORGED && community != NULL && record.size > 0 && claimed->version > community->roster->version + 1 &&
        claimed->version - community->roster->version <= NRS_ROSTER_AHEAD_MAX && nrs_peer_member(core, from, community)) {
        /* Signed by keys that a version between may bring; or it leaves out what a side says that a version between has abandoned (SPEC 7.4). */
        const nrs_deferred_row row = {.waits_for = id, .version = claimed->version - 1, .owner = head, .record = record,
                                      .expires_ms = core->now_ms + NRS_REPORT_LIFE_MS_MAX};
        error = nrs_receive_defer(core, &row, from, true);
    }
    error = nrs_roster_answer(core, error, community, from);
out:
    nrs_roster_free(&claimed);
    nrs_signed_by_many_free(&many);
    return error;
}

nrs_error nrs_take_later_roster(nrs_core *core, nrs_community *community, nrs_slice many, nrs_slice source)
{
    nrs_roster *roster = NULL;
    nrs_bytes statement = {0};
    uint8_t id[NRS_HASH_SIZE];
    nrs_error error = nrs_roster_verify_later(&roster, &statement, many, community->roster, nrs_slice_of_bytes(&community->statement));

    memcpy(id, community->id, sizeof id);
    if (error == NRS_OK) {
        error = nrs_fork_keeps(core, community, roster);
    }
    if (error == NRS_OK) {
        error = nrs_directory_adopt(core, id, many, source);
    }
    nrs_roster_free(&roster);
    nrs_bytes_wipe(&statement);
    return error;
}
