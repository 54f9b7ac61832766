/* The sender's consent, when it sends (SPEC 5.6): whom the community's address reaches, whom a hub may let in, and what the header says. */
#include <string.h>

#include "report/onward.h"
#include "prekeys/key_change.h"
#include "rules/audience.h"
#include "proto/vocabulary.h"

static const char hint_unlock[] = "Leave out --onward or --unlock-on-accept: a key that waits for acceptance is the sender's alone to give.";

static uint32_t own_role(const nrs_core *core, const nrs_community *community)
{
    const nrs_peer *in_force = nrs_peer_in_force(core, core->self.sign_key, community);
    const Nrs__Wire__Member *self = nrs_roster_member_by_key(community->roster, in_force->keys.sign_key);

    return self == NULL ? 0 : self->role;
}

bool nrs_delivery_covers(const nrs_core *core, const nrs_delivery *delivery, const nrs_delivery_request *request, const Nrs__Wire__Member *member)
{
    return nrs_policy_community_covers(request->label, own_role(core, delivery->community), member->role) ||
           (nrs_key_hub_here(core, delivery->community) && nrs_policy_onward(request->label, request->onward, true, member->role).error == NRS_OK);
}

nrs_error nrs_delivery_consent(nrs_core *core, nrs_answer *answer, nrs_delivery *delivery, const nrs_delivery_request *request)
{
    const nrs_roster *roster = delivery->community->roster;

    (void)core;
    if (request->onward != 0 && request->locked) {
        return nrs_refuse(answer, NRS_ERROR_ONWARD, hint_unlock, "What unlocks on acceptance is not passed on.");
    }
    delivery->onward = request->onward;
    for (size_t i = 0; (request->onward & NRS_ONWARD_COMMUNITIES) != 0 && i < roster->n_recognised && i < NRS_RECOGNISED_COUNT_MAX; i++) {
        delivery->onward_communities[i] = roster->recognised[i]->community;
        delivery->onward_community_count++;
    }
    return NRS_OK;
}

void nrs_delivery_keep_listed(nrs_delivery *delivery, const nrs_header *header)
{
    size_t count = 0;

    for (size_t i = 0; i < delivery->onward_community_count; i++) {
        const uint8_t *const community = delivery->onward_communities[i].data;

        /* Its own it names no more than others: who is let in there, its consent says by their roles. */
        if (nrs_onward_lists(header, community) && memcmp(header->community.data, community, NRS_HASH_SIZE) != 0) {
            delivery->onward_communities[count] = delivery->onward_communities[i];
            count++;
        }
    }
    delivery->onward_community_count = count;
}

void nrs_delivery_onward(nrs_delivery *delivery, nrs_header *header)
{
    header->onward = delivery->onward;
    header->onward_communities = delivery->onward_communities;
    header->n_onward_communities = delivery->onward_community_count;
}

/* Members of the community that only a hub reaches. */
static bool put_members(json_t *members, const nrs_core *core, const nrs_delivery *delivery, nrs_label label)
{
    const nrs_roster *roster = delivery->community->roster;
    bool failed = false;

    for (size_t i = 0; i < roster->n_members; i++) {
        const Nrs__Wire__Member *member = roster->members[i];
        bool addressed = nrs_key_ours_or_next(core, member->sign_key.data);

        for (size_t k = 0; k < delivery->count && !addressed; k++) {
            addressed = memcmp(delivery->list[k].peer->keys.sign_key, member->sign_key.data, NRS_KEY_SIZE) == 0;
        }
        if (!addressed && nrs_policy_onward(label, delivery->onward, true, member->role).error == NRS_OK) {
            failed = nrs_array_text(members, member->org) != NRS_OK || failed;
        }
    }
    return !failed;
}

/* The list may be shorter than the roster's: whoever vouches keeps those that the source has named as well. */
static const char *recognised_as(const nrs_roster *roster, const uint8_t community[NRS_HASH_SIZE])
{
    for (size_t i = 0; i < roster->n_recognised; i++) {
        if (memcmp(roster->recognised[i]->community.data, community, NRS_HASH_SIZE) == 0) {
            return roster->recognised[i]->id;
        }
    }
    return NULL;
}

static bool put_communities(json_t *communities, nrs_core *core, const nrs_delivery *delivery, nrs_label label)
{
    const nrs_roster *roster = delivery->community->roster;
    bool failed = false;

    for (size_t i = 0; i < delivery->onward_community_count; i++) {
        const ProtobufCBinaryData *community = &delivery->onward_communities[i];
        const nrs_community *held = nrs_community_by_id(core, community->data);
        nrs_row one = nrs_row_begin();
        uint64_t count = 0;

        for (size_t k = 0; held != NULL && k < held->roster->n_members; k++) {
            count += nrs_policy_onward(label, delivery->onward, false, held->roster->members[k]->role).error == NRS_OK ? 1 : 0;
        }
        nrs_row_text(&one, "id", recognised_as(roster, community->data));
        if (held != NULL) {
            nrs_row_number(&one, "members", count);
            nrs_row_flag(&one, "recognises", nrs_roster_recognises(held->roster, delivery->community->id));
        } else {
            nrs_row_text(&one, "members", NULL);
            nrs_row_text(&one, "recognises", NULL);
        }
        failed = nrs_row_end(&one, communities) != NRS_OK || failed;
    }
    return !failed;
}

void nrs_delivery_onward_row(nrs_core *core, nrs_row *row, const nrs_delivery *delivery, nrs_label label)
{
    json_t *members = json_array();
    json_t *communities = json_array();
    nrs_row onward = nrs_row_begin();

    if (delivery->onward == 0) {
        json_decref(members);
        json_decref(communities);
        nrs_row_discard(&onward);
        nrs_row_text(row, "onward", NULL);
        return;
    }
    row->failed = members == NULL || communities == NULL || !put_members(members, core, delivery, label) || !put_communities(communities, core, delivery, label) ||
                  row->failed;
    nrs_row_json(&onward, "members", members);
    nrs_row_json(&onward, "communities", communities);
    nrs_row_json(row, "onward", onward.object);
    row->failed = row->failed || onward.failed;
}
