#include "keys/roster_draft.h"

#include <stdlib.h>
#include <string.h>

#include "proto/assert.h"
#include "signing.h"

void nrs_proposal_wipe(nrs_proposal *proposal)
{
    NRS_ASSERT(proposal != NULL);
    nrs_roster_draft_free(&proposal->draft);
    nrs_roster_free(&proposal->before);
    nrs_bytes_wipe(&proposal->before_statement);
    nrs_roster_free(&proposal->next);
    *proposal = (nrs_proposal){ 0 };
}

/* The version before, as a joiner would verify it. */
static nrs_error read_before(nrs_proposal *proposal)
{
    const nrs_roster_draft *draft = proposal->draft;
    nrs_invite chain = NRS__WIRE__INVITE__INIT;
    uint8_t community[NRS_HASH_SIZE];

    if (draft->first.len == 0) {
        return NRS_OK;
    }
    chain.first = draft->first;
    chain.current = draft->current;
    chain.chain = draft->chain;
    chain.n_chain = draft->n_chain;
    return nrs_invite_verify(&proposal->before, &proposal->before_statement, community, &chain);
}

/* Cards are there for the members that the roster names, and for nobody else. */
static nrs_error check_cards(const nrs_proposal *proposal)
{
    for (size_t i = 0; i < proposal->draft->n_cards; i++) {
        nrs_card *card = NULL;
        const Nrs__Wire__Member *member;
        nrs_error error = nrs_card_verify(&card, nrs_field(&proposal->draft->cards[i]));

        if (error == NRS_OK) {
            member = nrs_roster_member_by_key(proposal->next, card->sign_key.data);
            error = member != NULL && strcmp(member->org, card->org) == 0 ? NRS_OK : NRS_ERROR_FORGED;
        }
        nrs_card_free(&card);
        if (error != NRS_OK) {
            return error;
        }
    }
    return NRS_OK;
}

nrs_error nrs_proposal_read(nrs_proposal *proposal_out, nrs_slice draft)
{
    nrs_proposal proposal = { 0 };
    nrs_slice statement;
    nrs_error error = nrs_roster_draft_decode(&proposal.draft, draft);

    NRS_ASSERT(proposal_out != NULL);
    if (error != NRS_OK) {
        goto out;
    }
    statement = nrs_field(&proposal.draft->statement);
    error = read_before(&proposal);
    if (error == NRS_OK) {
        error = nrs_roster_verify_unsigned(&proposal.next, statement, proposal.before, nrs_slice_of_bytes(&proposal.before_statement));
    }
    if (error == NRS_OK) {
        error = nrs_roster_signatures_count(&proposal.signed_by, proposal.draft->signatures, proposal.draft->n_signatures,
                                            proposal.next, statement, proposal.before);
    }
    if (error == NRS_OK) {
        error = check_cards(&proposal);
    }
    if (error == NRS_OK) {
        nrs_roster_community(proposal.community, proposal.next, statement);
        nrs_roster_hash(proposal.hash, statement);
        *proposal_out = proposal;
        proposal = (nrs_proposal){ 0 };
    }
out:
    nrs_proposal_wipe(&proposal);
    return error;
}

nrs_roster_breach nrs_proposal_breach(char org_out[NRS_NAME_SIZE_MAX + 1], nrs_slice draft)
{
    nrs_proposal proposal = { 0 };
    const Nrs__Wire__Tombstone *which = NULL;
    nrs_roster_breach breach = NRS_BREACH_NONE;

    NRS_ASSERT(org_out != NULL);
    org_out[0] = '\0';
    if (nrs_roster_draft_decode(&proposal.draft, draft) == NRS_OK && read_before(&proposal) == NRS_OK && proposal.before != NULL &&
        nrs_roster_decode(&proposal.next, nrs_field(&proposal.draft->statement)) == NRS_OK) {
        breach = nrs_roster_breach_of(&which, proposal.before, proposal.next);
    }
    if (which != NULL) { /* a roster that verified: no longer than a name may be */
        NRS_ASSERT(strlen(which->org) <= NRS_NAME_SIZE_MAX);
        memcpy(org_out, which->org, strlen(which->org) + 1);
    }
    nrs_proposal_wipe(&proposal);
    return breach;
}

static bool lists(const nrs_roster *roster, const uint8_t key[NRS_KEY_SIZE])
{
    for (size_t i = 0; roster != NULL && i < roster->n_keys; i++) {
        if (memcmp(roster->keys[i].data, key, NRS_KEY_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

bool nrs_proposal_wants(const nrs_proposal *proposal, const uint8_t key[NRS_KEY_SIZE])
{
    return lists(proposal->before, key) || lists(proposal->next, key);
}

bool nrs_proposal_complete(const nrs_proposal *proposal)
{
    const nrs_roster_signed_by *by = &proposal->signed_by;

    return by->before_count >= by->before_threshold && by->own_count >= by->own_threshold;
}

/* The draft with these signatures among its own, ascending, each key once. */
static nrs_error with_signatures(nrs_bytes *draft_out, const nrs_roster_draft *draft, Nrs__Wire__RosterSignature *const *added,
                                 size_t added_count)
{
    Nrs__Wire__RosterSignature *places[4 * NRS_ROSTER_KEY_COUNT_MAX];
    nrs_roster_draft next = *draft;
    size_t count = 0;

    NRS_ASSERT(draft->n_signatures + added_count <= 4 * NRS_ROSTER_KEY_COUNT_MAX);
    for (size_t i = 0, k = 0; i < draft->n_signatures || k < added_count;) {
        int order = i == draft->n_signatures ? 1
                    : k == added_count       ? -1
                                             : memcmp(draft->signatures[i]->key.data, added[k]->key.data, NRS_KEY_SIZE);

        places[count++] = order <= 0 ? draft->signatures[i] : added[k];
        i += order <= 0 ? 1 : 0;
        k += order >= 0 ? 1 : 0;
    }
    next.signatures = places;
    next.n_signatures = count;
    return nrs_roster_draft_encode(draft_out, &next);
}

nrs_error nrs_proposal_sign(nrs_bytes *draft_out, const nrs_proposal *proposal, const nrs_identity *roster_key)
{
    const uint8_t *key = nrs_identity_public(roster_key)->sign_key;
    Nrs__Wire__RosterSignature added = NRS__WIRE__ROSTER_SIGNATURE__INIT;
    Nrs__Wire__RosterSignature *list[1] = { &added };
    uint8_t head[NRS_ROSTER_HEAD_SIZE];
    uint8_t signature[NRS_SIGNATURE_SIZE];

    NRS_ASSERT(draft_out != NULL && proposal != NULL);
    if (!nrs_proposal_wants(proposal, key)) {
        return NRS_ERROR_NOT_MEMBER;
    }
    nrs_roster_head_bytes(head, proposal->community, proposal->next->version, proposal->hash);
    nrs_sign(signature, roster_key, NRS_DOMAIN_ROSTER_SIGN, nrs_slice_of(head, sizeof head));
    added.key = nrs_field_of(nrs_slice_of(key, NRS_KEY_SIZE));
    added.signature = nrs_field_of(nrs_slice_of(signature, sizeof signature));
    return with_signatures(draft_out, proposal->draft, list, 1);
}

nrs_error nrs_proposal_merge(nrs_bytes *draft_out, const nrs_proposal *proposal, const nrs_proposal *other)
{
    NRS_ASSERT(draft_out != NULL && proposal != NULL && other != NULL);
    if (memcmp(proposal->hash, other->hash, NRS_HASH_SIZE) != 0) {
        return NRS_ERROR_FORGED;
    }
    return with_signatures(draft_out, proposal->draft, other->draft->signatures, other->draft->n_signatures);
}

nrs_error nrs_proposal_finish(nrs_bytes *many_out, const nrs_proposal *proposal)
{
    nrs_signed_by_many many = NRS__WIRE__SIGNED_BY_MANY__INIT;

    NRS_ASSERT(many_out != NULL && proposal != NULL);
    if (!nrs_proposal_complete(proposal)) {
        return NRS_ERROR_FORGED;
    }
    many.statement = proposal->draft->statement;
    many.signatures = proposal->draft->signatures;
    many.n_signatures = proposal->draft->n_signatures;
    return nrs_signed_by_many_encode(many_out, &many);
}
