/* In which community a report is sent, and so whose rules hold and whom a bare name means (SPEC 5.2). */
#include <string.h>

#include "rules/audience.h"
#include "prekeys/key_change.h"

static const char hint_separately[] = "Send the report to each community separately.";
static const char hint_members[] = "The command noroshi community show lists the members.";
static const char hint_joined[] = "The command noroshi status lists the communities that this node is in.";
static const char hint_which[] = "Say which one is meant with --community ID.";

/* The address whose organisation does not stand in the roster; NULL when all do. */
static const nrs_address *missing_from(const nrs_community *community, const nrs_delivery_request *request)
{
    for (size_t i = 0; i < request->address_count; i++) {
        const nrs_address *address = &request->addresses[i];

        if (address->type != NRS_ADDRESS_COMMUNITY && nrs_roster_member_by_org(community->roster, address->name) == NULL) {
            return address;
        }
    }
    return NULL;
}

/* The one community that is named; NULL when none is. */
static nrs_error named_community(nrs_core *core, nrs_answer *answer, nrs_community **community_out, const nrs_delivery_request *request)
{
    const nrs_address *named = NULL;
    nrs_community *community;

    for (size_t i = 0; i < request->address_count; i++) {
        const nrs_address *address = &request->addresses[i];

        if (address->type != NRS_ADDRESS_COMMUNITY) {
            continue;
        }
        community = nrs_community_by_name(core, address->name);
        if (community == NULL || !community->member) {
            return nrs_refuse(answer, NRS_ERROR_UNKNOWN_COMMUNITY, hint_joined, "@%s: this node is in no such community.", address->name);
        }
        if (named != NULL && strcmp(named->name, address->name) != 0) {
            return nrs_refuse(answer, NRS_ERROR_COMMUNITY_RULE, hint_separately, "@%s and @%s: a report belongs to one community.", named->name,
                              address->name);
        }
        named = address;
        *community_out = community;
    }
    return NRS_OK;
}

static nrs_error refuse_stranger(const nrs_core *core, nrs_answer *answer, const nrs_delivery_request *request)
{
    for (size_t i = 0; i < request->address_count; i++) {
        bool somewhere = false;

        for (size_t j = 0; j < core->community_count && !somewhere; j++) {
            somewhere = core->communities[j].member && nrs_roster_member_by_org(core->communities[j].roster, request->addresses[i].name) != NULL;
        }
        if (!somewhere) {
            return nrs_refuse(answer, NRS_ERROR_UNKNOWN_ORG, hint_members, "%s: no such organisation in this node's communities.",
                              request->addresses[i].name);
        }
    }
    return nrs_refuse(answer, NRS_ERROR_UNKNOWN_ORG, hint_separately, "No single community of this node has all these organisations.");
}

/* Who is removed here and stands in the other community under the same name is not silently the other one. Of several tombstones under the
 * name none may be another's. */
static bool removed_another(const nrs_core *core, const nrs_roster *roster, const Nrs__Wire__Member *member)
{
    for (size_t i = 0; i < roster->n_tombstones; i++) {
        const Nrs__Wire__Tombstone *one = roster->tombstones[i];

        if (strcmp(one->org, member->org) == 0 && !nrs_key_same_org(core, one->sign_key.data, member->sign_key.data)) {
            return true;
        }
    }
    return false;
}

nrs_error nrs_address_check(const nrs_core *core, nrs_answer *answer, const nrs_community *chosen, const nrs_community *quoted,
                            const nrs_address *addresses, size_t count)
{
    for (size_t i = 0; i < count * core->community_count; i++) {
        const nrs_address *address = &addresses[i / core->community_count];
        const nrs_community *other = &core->communities[i % core->community_count];
        const Nrs__Wire__Member *member, *namesake;

        if (address->type == NRS_ADDRESS_COMMUNITY || other == chosen || (!other->member && other != quoted)) {
            continue;
        }
        member = nrs_roster_member_by_org(chosen->roster, address->name);
        namesake = nrs_roster_member_by_org(other->roster, address->name);
        NRS_ASSERT(member != NULL); /* the community was chosen by it */
        if (namesake != NULL && !nrs_key_same_org(core, member->sign_key.data, namesake->sign_key.data)) {
            return nrs_refuse(answer, NRS_ERROR_ORG_AMBIGUOUS, hint_which, "%s stands in @%s and in @%s under different keys.", address->name,
                              chosen->roster->id, other->roster->id);
        }
        if (namesake == NULL && removed_another(core, other->roster, member)) {
            return nrs_refuse(answer, NRS_ERROR_ORG_AMBIGUOUS, hint_which, "%s was removed from @%s; in @%s another has the name.", address->name,
                              other->roster->id, chosen->roster->id);
        }
    }
    return NRS_OK;
}

nrs_error nrs_address_community(nrs_core *core, nrs_answer *answer, nrs_community **community_out, const char *given)
{
    nrs_community *community;

    *community_out = NULL;
    if (given == NULL) {
        return NRS_OK;
    }
    given += given[0] == '@' ? 1 : 0;
    community = nrs_community_by_name(core, given);
    if (community == NULL || !community->member) {
        return nrs_refuse(answer, NRS_ERROR_UNKNOWN_COMMUNITY, hint_joined, "@%.64s: this node is in no such community.", given);
    }
    *community_out = community;
    return NRS_OK;
}

/* The community that the sender states: by @, by --community, or both, which are then one. */
static nrs_error stated_community(nrs_core *core, nrs_answer *answer, nrs_community **community_out, const nrs_delivery_request *request)
{
    nrs_community *given = NULL;
    nrs_error error = nrs_address_community(core, answer, &given, request->community);

    if (error == NRS_OK) {
        error = named_community(core, answer, community_out, request);
    }
    if (error == NRS_OK && given != NULL && *community_out != NULL && given != *community_out) {
        return nrs_refuse(answer, NRS_ERROR_COMMUNITY_RULE, hint_separately, "@%s and @%s: a report belongs to one community.",
                          (*community_out)->roster->id, given->roster->id);
    }
    *community_out = *community_out == NULL ? given : *community_out;
    return error;
}

static bool has_all(const nrs_community *community, const nrs_delivery_request *request)
{
    return community != NULL && community->member && missing_from(community, request) == NULL;
}

/* Whether each of them has said by its own key that it belongs there. A secretariat enters whom it likes, by a public card: what is meant for
 * who never joined would wait there for good. */
static bool all_joined(const nrs_core *core, const nrs_community *community, const nrs_delivery_request *request)
{
    for (size_t i = 0; i < request->address_count; i++) {
        const Nrs__Wire__Member *member = nrs_roster_member_by_org(community->roster, request->addresses[i].name);

        if (!nrs_peer_joined(core, nrs_peer_by_sign(core, member->sign_key.data), community)) {
            return false;
        }
    }
    return true;
}

/* In the order of joining; NULL where none will do. */
static nrs_community *first_of(nrs_core *core, const nrs_delivery_request *request, bool joined)
{
    for (size_t i = 0; i < core->community_count; i++) {
        if (has_all(&core->communities[i], request) && (!joined || all_joined(core, &core->communities[i], request))) {
            return &core->communities[i];
        }
    }
    return NULL;
}

nrs_error nrs_delivery_find_community(nrs_core *core, nrs_answer *answer, nrs_delivery *delivery, const nrs_delivery_request *request)
{
    const nrs_address *missing;
    nrs_error error = stated_community(core, answer, &delivery->community, request);

    if (error != NRS_OK) {
        return error;
    }
    if (delivery->community != NULL) {
        missing = missing_from(delivery->community, request);
        return missing == NULL ? NRS_OK
                               : nrs_refuse(answer, NRS_ERROR_UNKNOWN_ORG, hint_members, "%s: no such organisation in @%s.", missing->name,
                                            delivery->community->roster->id);
    }
    if (has_all(request->preferred, request)) {
        delivery->community = nrs_community_by_id(core, request->preferred->id);
        if (!request->passed_on) {
            return NRS_OK; /* who answers means whom the report's own community has under the name */
        }
    }
    delivery->community = delivery->community == NULL ? first_of(core, request, true) : delivery->community;
    delivery->community = delivery->community == NULL ? first_of(core, request, false) : delivery->community;
    if (delivery->community != NULL) {
        return nrs_address_check(core, answer, delivery->community, request->preferred, request->addresses, request->address_count);
    }
    return refuse_stranger(core, answer, request);
}
