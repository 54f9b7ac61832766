/* Whose authority a grant rests on (SPEC 6.5): the originator's own, or its consent by way of hubs that had the key before. */
#include <string.h>

#include "link/log.h"
#include "prekeys/key_change.h"
#include "report/onward.h"
#include "rules/edges.h"
#include "link/receive.h"

static nrs_error check_originator(const nrs_sealed_view *view, const nrs_grant *grant)
{
    if ((grant->authority_ref.len != 0) != ((view->header->flags & NRS_HEADER_UNLOCK_ON_ACCEPT) != 0 && grant->sealed_id.len != 0)) {
        return NRS_ERROR_FORGED; /* what unlocks cites an acceptance, and nothing else does */
    }
    return memcmp(grant->grantor.data, view->header->originator.data, NRS_KEY_SIZE) == 0 ? NRS_OK : NRS_ERROR_FORGED;
}

bool nrs_onward_lists(const nrs_header *header, const uint8_t community[NRS_HASH_SIZE])
{
    for (size_t i = 0; i < header->n_onward_communities; i++) {
        if (memcmp(header->onward_communities[i].data, community, NRS_HASH_SIZE) == 0) {
            return true;
        }
    }
    return memcmp(header->community.data, community, NRS_HASH_SIZE) == 0;
}

nrs_error nrs_onward_covers(const nrs_core *core, const nrs_header *header, const nrs_community *target, const uint8_t sign_key[NRS_KEY_SIZE])
{
    const bool home = memcmp(target->id, header->community.data, NRS_HASH_SIZE) == 0;
    const Nrs__Wire__Member *member = nrs_roster_member_by_key(target->roster, sign_key);
    const nrs_peer *successor = member == NULL ? nrs_key_successor(core, sign_key) : NULL;

    if (successor != NULL) {
        member = nrs_roster_member_by_key(target->roster, successor->keys.sign_key);
    }
    if (member == NULL) {
        return NRS_ERROR_NOT_MEMBER;
    }
    return nrs_policy_onward((nrs_label)header->label, header->onward, home, member->role).error;
}

nrs_error nrs_terms_cover(const nrs_core *core, const nrs_header *header, const nrs_grant_terms *terms, const uint8_t sign_key[NRS_KEY_SIZE])
{
    if (!terms->released) {
        return nrs_onward_covers(core, header, terms->target, sign_key);
    }
    return nrs_peer_member(core, nrs_peer_by_sign(core, sign_key), terms->target) ? NRS_OK : NRS_ERROR_NOT_MEMBER;
}

nrs_error nrs_onward_check_slots(const nrs_core *core, const nrs_header *header, const nrs_grant_terms *terms, const nrs_slot_table *table)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < table->n_slots && error == NRS_OK; i++) {
        nrs_slot *slot = NULL;
        const nrs_peer *peer = NULL;

        error = nrs_slot_decode(&slot, nrs_field(&table->slots[i]));
        if (error == NRS_OK) {
            peer = nrs_peer_by_hash(core, slot->org.data);
        }
        if (terms->target != NULL && peer != NULL && nrs_peer_somewhere(peer) && nrs_roster_tombstone(terms->target->roster, peer->keys.sign_key) == NULL) {
            error = nrs_terms_cover(core, header, terms, peer->keys.sign_key);
            error = error == NRS_ERROR_NOT_MEMBER ? (terms->released ? NRS_ERROR_RELEASE : NRS_ERROR_ONWARD) : error;
        }
        nrs_slot_free(&slot);
    }
    return error;
}

/* By a hub of the header's community, or of one that the consent names. */
static nrs_error check_grantor(nrs_core *core, const nrs_header *header, const nrs_grant *grant)
{
    const bool home_only = grant->community.len == 0;
    nrs_error error = NRS_OK;
    bool hub = false;

    for (size_t i = 0; i < core->community_count && error == NRS_OK && !hub; i++) {
        const nrs_community *one = &core->communities[i];
        const bool home = memcmp(one->id, header->community.data, NRS_HASH_SIZE) == 0;

        if (home || (!home_only && nrs_onward_lists(header, one->id))) {
            error = nrs_key_hub_then(core, &hub, grant->grantor.data, one, grant->created_ms);
        }
    }
    return error == NRS_OK && !hub ? NRS_ERROR_NOT_MEMBER : error;
}

static nrs_error add_parent(nrs_core *core, nrs_grant_terms *terms, nrs_grant **parent_out, const nrs_sealed_view *view, const nrs_grant *grant)
{
    uint64_t position = 0;
    nrs_error error = terms->parent_count == NRS_ONWARD_DEPTH_MAX ? NRS_ERROR_ONWARD
                                                                  : nrs_log_grant(core, parent_out, &position, view, grant->authority_ref.data);

    if (error == NRS_OK) {
        memcpy(terms->parents[terms->parent_count].id, grant->authority_ref.data, NRS_HASH_SIZE);
        memcpy(terms->parents[terms->parent_count].grantor, (*parent_out)->grantor.data, NRS_KEY_SIZE);
        terms->parents[terms->parent_count].position = position;
        terms->parent_count++;
        terms->depth++;
    }
    return error;
}

/* Down to a grant of the originator's own; a release is the end of a way, not a step on it. */
static nrs_error follow(nrs_core *core, nrs_grant_terms *terms, const nrs_sealed_view *view, const nrs_grant *grant)
{
    nrs_grant *held = NULL;
    const nrs_grant *at = grant;
    nrs_error error = NRS_OK;

    while (error == NRS_OK && at->authority == NRS_AUTHORITY_CONSENT) {
        nrs_grant *parent = NULL;

        error = check_grantor(core, view->header, at);
        if (error != NRS_OK) {
            break;
        }
        error = add_parent(core, terms, &parent, view, at);
        nrs_grant_free(&held);
        held = parent;
        at = parent;
    }
    if (error == NRS_OK) {
        error = at->authority == NRS_AUTHORITY_ORIGINATOR ? check_originator(view, at) : NRS_ERROR_ONWARD;
    }
    nrs_grant_free(&held);
    return error;
}

static nrs_error check_consent(nrs_core *core, nrs_grant_terms *terms, const nrs_sealed_view *view, const nrs_grant *grant)
{
    const nrs_header *header = view->header;
    const bool home = grant->community.len == 0;

    if (nrs_policy_extension((nrs_label)header->label) == NRS_EXTENSION_NONE) {
        return NRS_ERROR_LABEL_FORBIDS;
    }
    if (header->attribution == NRS_ATTRIBUTION_WITHHELD) {
        return NRS_ERROR_SOURCE_WITHHELD; /* it goes to its hub and no further, whatever is to become of what that publishes */
    }
    if ((header->flags & NRS_HEADER_UNLOCK_ON_ACCEPT) != 0) {
        return NRS_ERROR_ONWARD; /* its key is the originator's alone to give */
    }
    if (home ? (header->onward & ~(uint32_t)NRS_ONWARD_COMMUNITIES) == 0
             : header->label != NRS_LABEL_CLEAR && ((header->onward & NRS_ONWARD_COMMUNITIES) == 0 || !nrs_onward_lists(header, grant->community.data))) {
        return NRS_ERROR_ONWARD;
    }
    if (grant->sealed_audience.len == 0) {
        return NRS_ERROR_FORGED; /* another audience than the originator's, so it says which */
    }
    if (terms->target != NULL && (terms->target->roster->rules->labels & NRS_LABEL_BIT(header->label)) == 0) {
        return NRS_ERROR_COMMUNITY_RULE;
    }
    return follow(core, terms, view, grant);
}

/* The release says who may grant, to which audience, until when; whoever grants is a member still, and nobody grants further on it. */
static nrs_error check_release(nrs_core *core, nrs_grant_terms *terms, const nrs_sealed_view *view, const nrs_grant *grant)
{
    const nrs_community *home = nrs_community_by_id(core, view->header->community.data);
    nrs_release *release = NULL;
    uint8_t signer[NRS_KEY_SIZE];
    nrs_error error = nrs_log_release(core, &release, signer, &terms->release_position, view->id, grant->authority_ref.data);

    if (error != NRS_OK) {
        return error;
    }
    if (!nrs_key_follows(core, view->header->originator.data, signer) || grant->sealed_audience.len == 0) {
        error = NRS_ERROR_FORGED;
    } else if (view->header->attribution == NRS_ATTRIBUTION_WITHHELD) {
        error = NRS_ERROR_SOURCE_WITHHELD;
    } else if (view->header->label == NRS_LABEL_RED || (view->header->flags & NRS_HEADER_UNLOCK_ON_ACCEPT) != 0 ||
               release->expires_ms > view->header->expires_ms || !nrs_slice_equal(nrs_field(&release->holder), nrs_field(&grant->grantor)) ||
               !nrs_slice_equal(nrs_field(&release->audience_commitment), nrs_field(&grant->audience_commitment)) ||
               !nrs_slice_equal(nrs_field(&release->community), nrs_field(&grant->community))) {
        error = NRS_ERROR_RELEASE;
    } else if (grant->created_ms >= release->expires_ms || nrs_clock_expired(core, release->expires_ms)) {
        error = NRS_ERROR_EXPIRED;
    } else if (!nrs_peer_member(core, nrs_peer_by_sign(core, grant->grantor.data), home)) {
        error = NRS_ERROR_NOT_MEMBER;
    } else if (terms->target != NULL && (terms->target->roster->rules->labels & NRS_LABEL_BIT(release->label)) == 0) {
        error = NRS_ERROR_COMMUNITY_RULE;
    }
    if (error == NRS_OK) {
        terms->released = true;
        terms->released_ms = release->created_ms;
        terms->until_ms = release->expires_ms;
        memcpy(terms->release, grant->authority_ref.data, NRS_HASH_SIZE);
        terms->label = (nrs_label)release->label;
        if (release->conditions != NULL) {
            terms->conditions = (nrs_conditions){release->conditions->permissible_actions, release->conditions->flags};
        }
        terms->depth = 1;
        terms->parent_count = 1;
        memcpy(terms->parents[0].grantor, view->header->originator.data, NRS_KEY_SIZE);
    }
    nrs_release_free(&release);
    return error;
}

static uint64_t carriers_of(nrs_core *core, const nrs_header *header, const nrs_community *target)
{
    uint64_t carriers = target == NULL ? 0 : nrs_community_bit(core, target);

    for (size_t i = 0; i < core->community_count; i++) {
        if (nrs_onward_lists(header, core->communities[i].id)) {
            carriers |= nrs_community_bit(core, &core->communities[i]);
        }
    }
    return carriers;
}

nrs_error nrs_grant_terms_of(nrs_core *core, nrs_grant_terms *terms_out, const nrs_sealed_view *view, const nrs_grant *grant)
{
    const bool elsewhere = grant->community.len != 0 && memcmp(grant->community.data, view->header->community.data, NRS_HASH_SIZE) != 0;
    nrs_grant_terms terms = {.target = nrs_community_by_id(core, elsewhere ? grant->community.data : view->header->community.data)};
    nrs_error error = NRS_ERROR_NOT_RUNNING_HERE;

    NRS_ASSERT(terms_out != NULL);
    terms.label = (nrs_label)view->header->label;
    terms.conditions = nrs_header_conditions(view->header);
    if (nrs_community_by_id(core, view->header->community.data) == NULL) {
        return NRS_ERROR_NOT_MEMBER;
    }
    if (grant->community.len != 0 && !elsewhere) {
        return NRS_ERROR_FORGED; /* written out where it says nothing */
    }
    switch (grant->authority) {
    case NRS_AUTHORITY_ORIGINATOR:
        terms.carriers = nrs_community_bit(core, terms.target);
        error = check_originator(view, grant);
        break;
    case NRS_AUTHORITY_CONSENT:
        terms.carriers = carriers_of(core, view->header, terms.target);
        error = check_consent(core, &terms, view, grant);
        break;
    case NRS_AUTHORITY_RELEASE:
        terms.carriers = nrs_community_bit(core, nrs_community_by_id(core, view->header->community.data)) |
                         (terms.target == NULL ? 0 : nrs_community_bit(core, terms.target));
        error = check_release(core, &terms, view, grant);
        break;
    default:
        break;
    }
    if (error == NRS_OK) {
        *terms_out = terms;
    }
    return error;
}

typedef struct released {
    nrs_core *core;
    const nrs_sealed_view *view;
    const nrs_peer *from;
    bool here;        /* for a community that this node has joined */
    bool handed_over; /* by the holder itself */
} released;

static nrs_error look_at_release(void *context, const nrs_log_row *row)
{
    released *it = context;
    nrs_release *release = NULL;
    uint8_t signer[NRS_KEY_SIZE];
    uint64_t position = 0;
    nrs_error error = row->record.size == 0 ? NRS_ERROR_NOT_FOUND : nrs_log_release(it->core, &release, signer, &position, it->view->id, row->id);
    const nrs_community *target = error == NRS_OK && release->community.len != 0 ? nrs_community_by_id(it->core, release->community.data) : NULL;

    if (target != NULL && target->member && nrs_key_follows(it->core, it->view->header->originator.data, signer) &&
        !nrs_clock_expired(it->core, release->expires_ms)) {
        it->here = true;
        it->handed_over = it->handed_over || nrs_key_follows(it->core, release->holder.data, it->from->keys.sign_key);
    }
    nrs_release_free(&release);
    return nrs_error_is_verdict(error) ? NRS_OK : error;
}

nrs_error nrs_onward_carry_check(nrs_core *core, const nrs_sealed_view *view, const nrs_peer *from)
{
    const nrs_header *header = view->header;
    const nrs_community *home = nrs_community_by_id(core, header->community.data);
    const bool may = nrs_policy_extension((nrs_label)header->label) != NRS_EXTENSION_NONE;
    released found = {.core = core, .view = view, .from = from};
    bool consented = header->label == NRS_LABEL_CLEAR;
    bool handed_over;
    nrs_error error = nrs_store_log_each_of(core->store, nrs_slice_of(view->id, NRS_HASH_SIZE), NRS_RECORD_RELEASE, look_at_release, &found);

    if (error != NRS_OK) {
        return error;
    }
    handed_over = found.handed_over;
    for (size_t i = 0; i < core->community_count; i++) {
        const nrs_community *joined = &core->communities[i];

        if (!joined->member || !nrs_peer_member(core, from, joined) || !nrs_roster_recognises(joined->roster, header->community.data)) {
            continue;
        }
        consented = consented || ((header->onward & NRS_ONWARD_COMMUNITIES) != 0 && nrs_onward_lists(header, joined->id));
        handed_over = handed_over || nrs_peer_hub(core, from, joined) || (home != NULL && nrs_peer_hub(core, from, home));
    }
    if (!handed_over) {
        return NRS_ERROR_NOT_MEMBER;
    }
    return found.here ? NRS_OK : !may ? NRS_ERROR_LABEL_FORBIDS : consented ? NRS_OK : NRS_ERROR_ONWARD;
}

static nrs_error check_duty(const nrs_roster *rules, nrs_label label, nrs_edge_place place, uint32_t kind, const Nrs__Wire__Member *member,
                            uint64_t now_ms, const char *named)
{
    const nrs_duty_question question = {.roster = rules, .place = place, .label = label, .kind = kind, .named = named, .now_ms = now_ms};
    const char *name = NULL;

    return nrs_policy_duty(place, nrs_duty_state_of(&question, member, &name)).error;
}

nrs_error nrs_onward_duty(const nrs_core *core, const nrs_header *header, nrs_label under, nrs_edge_place place, uint32_t kind,
                          const nrs_community *target, const uint8_t sign_key[NRS_KEY_SIZE])
{
    const nrs_label label = under > (nrs_label)header->label ? under : (nrs_label)header->label; /* the stricter */
    const nrs_community *home = nrs_community_by_id((nrs_core *)(uintptr_t)core, header->community.data);
    const Nrs__Wire__Member *member = nrs_roster_member_by_key(target->roster, sign_key);
    nrs_error error = home == NULL ? NRS_OK : check_duty(home->roster, label, place, kind, member, core->now_ms, header->duty);

    return error == NRS_OK && home != target ? check_duty(target->roster, label, place, kind, member, core->now_ms, "") : error;
}
