/* Whom an audience names: by the keys in force, those before and those that a roster names after them (SPEC 5.4, 7.10). */
#include <string.h>

#include "link/receive.h"
#include "prekeys/key_change.h"
#include "roster/roster.h"

/* Whether the reader stood in a community when the report was sealed. An older roster than any held says nothing: then
 * membership now decides. */
static nrs_error member_at(nrs_core *core, bool *member_out, const nrs_community *community, uint64_t version, const nrs_peer *reader)
{
    nrs_roster_parts parts = {0};
    nrs_error error;

    *member_out = nrs_peer_member(core, reader, community);
    if (version == community->roster->version || !nrs_key_ours(core, reader->keys.sign_key)) {
        return NRS_OK;
    }
    error = nrs_roster_at(core, &parts, community->id, version);
    if (error == NRS_ERROR_NOT_FOUND) {
        return NRS_OK;
    }
    if (error == NRS_OK) {
        *member_out = nrs_roster_member_by_key(parts.roster, reader->keys.sign_key) != NULL;
    }
    nrs_roster_parts_wipe(&parts);
    return error;
}

nrs_error nrs_audience_names(nrs_core *core, nrs_reader_facts *facts_out, const nrs_audience *audience, const nrs_peer *reader)
{
    nrs_reader_facts facts = {0};

    for (size_t i = 0; i < audience->n_targets; i++) {
        const Nrs__Wire__Target *target = audience->targets[i];
        if (target->community.len != 0) {
            nrs_community *community = nrs_community_by_id(core, target->community.data);
            bool member = false;
            nrs_error error = community == NULL ? NRS_OK : member_at(core, &member, community, target->roster_version, reader);
            if (error != NRS_OK) {
                return error;
            }
            facts.community_named = facts.community_named || member;
        } else if (memcmp(target->org.data, reader->keys.sign_key, NRS_KEY_SIZE) == 0) {
            facts.person_named = facts.person_named || target->person.len != 0;
            facts.org_named = facts.org_named || target->person.len == 0;
        }
    }
    *facts_out = facts;
    return NRS_OK;
}

/* By this one as well; NULL: nobody. */
static nrs_error name_also(nrs_core *core, nrs_reader_facts *facts, const nrs_audience *audience, const nrs_peer *reader)
{
    nrs_reader_facts more = {0};
    nrs_error error = reader == NULL ? NRS_OK : nrs_audience_names(core, &more, audience, reader);

    facts->org_named = facts->org_named || more.org_named;
    facts->community_named = facts->community_named || more.community_named;
    facts->person_named = facts->person_named || more.person_named;
    return error;
}

nrs_error nrs_audience_names_org(nrs_core *core, nrs_reader_facts *facts_out, const nrs_audience *audience, const nrs_peer *reader)
{
    const nrs_key_end *end = nrs_key_before(core, reader->keys.sign_key);
    nrs_error error = nrs_audience_names(core, facts_out, audience, reader);

    if (error == NRS_OK && end != NULL) {
        error = name_also(core, facts_out, audience, nrs_peer_by_sign(core, end->sign_key));
    }
    return error == NRS_OK ? name_also(core, facts_out, audience, nrs_key_successor(core, reader->keys.sign_key)) : error;
}

bool nrs_roster_named_us(const nrs_core *core, const nrs_roster *roster)
{
    for (size_t i = 0; i < roster->n_members; i++) {
        if (nrs_key_ever_ours(core, roster->members[i]->sign_key.data)) {
            return true;
        }
    }
    return false;
}

/* Whether one of our keys stood in the roster of then; one that is held no more says nothing. */
static nrs_error stood_in(nrs_core *core, bool *stood_out, const nrs_community *community, uint64_t version)
{
    nrs_roster_parts parts = {0};
    nrs_error error = nrs_roster_at(core, &parts, community->id, version);

    *stood_out = error == NRS_OK && nrs_roster_named_us(core, parts.roster);
    nrs_roster_parts_wipe(&parts);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

/* By a key from before the former one: nothing is made or taken under it any more, but what it was addressed in stays ours to read. */
static nrs_error name_earlier(nrs_core *core, nrs_reader_facts *facts, const nrs_audience *audience)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < audience->n_targets && error == NRS_OK; i++) {
        const Nrs__Wire__Target *target = audience->targets[i];
        const nrs_community *community = target->community.len == 0 ? NULL : nrs_community_by_id(core, target->community.data);
        bool stood = false;

        if (target->org.len == NRS_KEY_SIZE && nrs_key_ever_ours(core, target->org.data)) {
            facts->person_named = facts->person_named || target->person.len != 0;
            facts->org_named = facts->org_named || target->person.len == 0;
        } else if (community != NULL && !facts->community_named && target->roster_version != community->roster->version) {
            error = stood_in(core, &stood, community, target->roster_version);
            facts->community_named = facts->community_named || stood;
        }
    }
    return error;
}

nrs_error nrs_audience_names_us(nrs_core *core, nrs_reader_facts *facts_out, const nrs_audience *audience)
{
    nrs_error error = nrs_audience_names_org(core, facts_out, audience, nrs_peer_by_sign(core, core->self.sign_key));

    if (error == NRS_OK && core->former != NULL) {
        error = name_also(core, facts_out, audience, nrs_peer_by_sign(core, core->former_keys.sign_key));
    }
    return error == NRS_OK ? name_earlier(core, facts_out, audience) : error;
}
