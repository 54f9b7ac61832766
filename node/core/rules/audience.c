#include "rules/audience.h"

#include <sodium.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "prekeys/key_change.h"
#include "rules/edges.h"
#include "proto/vocabulary.h"
#include "roster/roster.h"

#define NAMED_MAX 4u /* of those left out, in a sentence */

static const char hint_rules[] = "Ask the community's secretariat which labels its rules allow.";
static const char hint_roster[] =
    "Ask the community's secretariat for a new roster; or seal all the same with --stale-roster, which is written into the log. Up to GREEN may be sent.";
static const char hint_stale[] =
    "Let the node reach a hub; or seal all the same with --stale-roster, which is written into the log. Up to GREEN may be sent.";
static const char hint_card[] = "The organisation's card lists its persons; it comes through the community's hub.";
static const char hint_nobody[] = "A report goes to others than this node itself, and each must be known with its keys, which come through the community's hub.";
static const char hint_unjoined[] =
    "Nothing is sealed to it there before its own node has joined. Another community that both are in is named with --community.";
static const char hint_unlock[] = "Ask the person to unlock the key there: noroshi person unlock. Until then nothing can be sealed to it.";

void nrs_delivery_wipe(nrs_delivery *delivery)
{
    NRS_ASSERT(delivery != NULL);
    free(delivery->list);
    free(delivery->excluded);
    free(delivery->targets);
    free(delivery->target_list);
    *delivery = (nrs_delivery){0};
}

nrs_audience nrs_delivery_audience(const nrs_delivery *delivery)
{
    nrs_audience audience;

    nrs__wire__audience__init(&audience);
    audience.targets = delivery->target_list;
    audience.n_targets = delivery->target_count;
    return audience;
}

/* ---- Its rules ---- */

static nrs_error check_rules(nrs_core *core, nrs_answer *answer, nrs_delivery *delivery, const nrs_delivery_request *request)
{
    const nrs_roster *roster = delivery->community->roster;
    const Nrs__Wire__Rules *rules_held = roster->rules;
    nrs_verdict carry;

    if (rules_held == NULL || (rules_held->labels & NRS_LABEL_BIT(request->label)) == 0) {
        return nrs_refuse(answer, NRS_ERROR_COMMUNITY_RULE, hint_rules, "TLP:%s: the rules of @%s do not allow this label.",
                          nrs_label_name(request->label), roster->id);
    }
    if (nrs_roster_expired(core, delivery->community) && request->label > NRS_LABEL_GREEN && !request->stale_roster) {
        return nrs_refuse(answer, NRS_ERROR_COMMUNITY_RULE, hint_roster, "The roster of @%s is past its expiry: nothing above GREEN may be sealed.",
                          roster->id);
    }
    if (nrs_roster_stale(core, delivery->community) && request->label > NRS_LABEL_GREEN && !request->stale_roster) {
        return nrs_refuse(answer, NRS_ERROR_ROSTER_STALE, hint_stale, "No hub has vouched for the roster of @%s for three days: nothing above GREEN may be sealed.",
                          roster->id);
    }
    carry = nrs_policy_carry(request->label, (rules_held->flags & NRS_RULE_RED_RELAY) != 0);
    if (carry.error != NRS_OK) {
        return nrs_refuse(answer, carry.error, carry.allowed, "TLP:%s: the rules of @%s do not let hubs carry it.", nrs_label_name(request->label),
                          roster->id);
    }
    return nrs_delivery_attach(core, answer, delivery, request);
}

static bool lacks(nrs_duty_state state)
{
    return nrs_policy_duty(NRS_PLACE_SEND, state).error != NRS_OK;
}

/* Under its own label and kind, whatever those are of what quotes it. */
nrs_duty_state nrs_inherited_duty(const nrs_core *core, const nrs_community *community, const nrs_inherited *list, size_t count, const Nrs__Wire__Member *member,
                                  const char **name_out)
{
    nrs_duty_state state = NRS_DUTY_NOT_DEMANDED;

    for (size_t i = 0; i < count && !lacks(state); i++) {
        const nrs_duty_question question = {.roster = community->roster, .place = NRS_PLACE_SEND, .label = list[i].label, .kind = list[i].kind,
                                            .named = list[i].header->duty, .now_ms = core->now_ms};

        state = nrs_duty_state_of(&question, member, name_out);
    }
    return state;
}

/* What the rules, and those whose text it quotes, demand of a member. */
static nrs_duty_state duty_of(const nrs_core *core, const nrs_delivery *delivery, const nrs_delivery_request *request,
                              const Nrs__Wire__Member *member, const char **name_out)
{
    const nrs_duty_question question = {
        .roster = delivery->community->roster,
        .place = NRS_PLACE_SEND,
        .label = request->label,
        .kind = request->kind,
        .named = "",
        .now_ms = core->now_ms,
    };
    const nrs_duty_state state = nrs_inherited_duty(core, delivery->community, request->inherited, request->inherited_count, member, name_out);

    return lacks(state) ? state : nrs_duty_state_of(&question, member, name_out);
}

static const char *first_demanded(const Nrs__Wire__Rules *held, nrs_label label, uint32_t kind)
{
    for (size_t i = 0; i < held->n_duties; i++) {
        if (nrs_policy_demands(NRS_PLACE_SEND, held->duties[i]->labels, held->duties[i]->kinds, label, kind)) {
            return held->duties[i]->duty;
        }
    }
    return NULL;
}

static void find_duty(nrs_delivery *delivery, const nrs_delivery_request *request)
{
    const Nrs__Wire__Rules *rules_held = delivery->community->roster->rules;

    for (size_t i = 0; i < request->inherited_count && delivery->duty == NULL; i++) {
        delivery->duty = request->inherited[i].header->duty[0] == '\0' ? NULL : request->inherited[i].header->duty;
    }
    delivery->duty = delivery->duty == NULL ? first_demanded(rules_held, request->label, request->kind) : delivery->duty;
    for (size_t i = 0; i < request->inherited_count && delivery->duty == NULL; i++) {
        delivery->duty = first_demanded(rules_held, request->inherited[i].label, request->inherited[i].kind);
    }
}

/* ---- The recipients ---- */

static bool listed(const nrs_delivery *delivery, const nrs_peer *peer, const Nrs__Wire__PersonEntry *person)
{
    for (size_t i = 0; i < delivery->count; i++) {
        if (delivery->list[i].peer == peer && delivery->list[i].person == person) {
            return true;
        }
    }
    return false;
}

static nrs_left_out *leave_out(nrs_delivery *delivery, const char *who, const char *rule)
{
    nrs_left_out *one = &delivery->excluded[delivery->excluded_count];

    for (size_t i = 0; i < delivery->excluded_count; i++) {
        if (strcmp(delivery->excluded[i].who, who) == 0) {
            return &delivery->excluded[i];
        }
    }
    (void)snprintf(one->who, NRS_ADDRESS_SIZE_MAX + 1, "%s", who);
    one->rule = rule;
    delivery->excluded_count++;
    return one;
}

/* A key with which no agreement is possible shuts out its owner, never the others. */
static bool agrees(const nrs_core *core, const uint8_t key[NRS_KEY_SIZE])
{
    uint8_t shared[NRS_KEY_SIZE];
    nrs_error error = nrs_identity_agree(shared, core->identity, key);

    sodium_memzero(shared, sizeof shared);
    return error == NRS_OK;
}

/* Returns whether the recipient is in the list now. */
static bool add(const nrs_core *core, nrs_delivery *delivery, const nrs_delivery_request *request, const Nrs__Wire__Member *member,
                const Nrs__Wire__PersonEntry *person, const char *who)
{
    const nrs_peer *peer = nrs_peer_by_sign(core, member->sign_key.data);
    const bool open = request->label == NRS_LABEL_CLEAR && !request->withheld;
    nrs_addressee *addressee = &delivery->list[delivery->count];
    const char *name = NULL;
    nrs_duty_state duty;
    nrs_left_out *left_out;

    NRS_ASSERT(peer != NULL); /* every member of a roster held is a peer */
    if (listed(delivery, peer, person)) {
        return true;
    }
    if (nrs_key_revoked(core, member->sign_key.data)) {
        (void)leave_out(delivery, who, nrs_error_rule(NRS_ERROR_REVOKED));
        return false;
    }
    if (!nrs_peer_member(core, peer, delivery->community)) { /* the sides of a fork do not agree on it */
        (void)leave_out(delivery, who, nrs_error_rule(NRS_ERROR_FORKED));
        return false;
    }
    duty = duty_of(core, delivery, request, member, &name);
    if (nrs_policy_duty(NRS_PLACE_SEND, duty).error != NRS_OK) {
        left_out = leave_out(delivery, who, nrs_error_rule(NRS_ERROR_DUTY));
        left_out->duty = name;
        left_out->duty_state = duty;
        return false;
    }
    *addressee = (nrs_addressee){.peer = peer, .person = person};
    (void)snprintf(addressee->address, NRS_ADDRESS_SIZE_MAX + 1, "%s", who);
    addressee->granted = open || (nrs_peer_joined(core, peer, delivery->community) && nrs_recipient_of(core, &addressee->keys, peer, person) == NRS_OK);
    if (person != NULL && !addressee->granted) { /* nobody can grant it later: the node holds no key to RED */
        left_out = leave_out(delivery, who, nrs_error_rule(NRS_ERROR_NO_PREKEY));
        left_out->unjoined = !nrs_peer_joined(core, peer, delivery->community);
        return false;
    }
    if (!open && addressee->granted && !agrees(core, addressee->keys.agree_key)) {
        (void)leave_out(delivery, who, nrs_error_rule(NRS_ERROR_FORGED));
        return false;
    }
    if (request->locked) { /* its keys are looked up when it has accepted */
        addressee->locked = true;
        addressee->granted = false;
    }
    delivery->count++;
    return true;
}

static Nrs__Wire__Target *next_target(nrs_delivery *delivery)
{
    Nrs__Wire__Target *target = &delivery->targets[delivery->target_count];

    NRS_ASSERT(delivery->target_count < NRS_TARGET_COUNT_MAX);
    nrs__wire__target__init(target);
    delivery->target_list[delivery->target_count] = target;
    delivery->target_count++;
    return target;
}

static void add_community(const nrs_core *core, nrs_delivery *delivery, const nrs_delivery_request *request)
{
    const nrs_roster *roster = delivery->community->roster;
    Nrs__Wire__Target *target = next_target(delivery);

    target->community = nrs_field_of(nrs_slice_of(delivery->community->id, NRS_HASH_SIZE));
    target->roster_version = roster->version;
    for (size_t i = 0; i < roster->n_members; i++) {
        const Nrs__Wire__Member *member = roster->members[i];

        if (nrs_key_ours_or_next(core, member->sign_key.data)) {
            continue;
        }
        if (nrs_delivery_covers(core, delivery, request, member)) {
            (void)add(core, delivery, request, member, NULL, member->org);
        } else if (nrs_policy_onward(request->label, request->onward, true, member->role).error != NRS_OK) {
            (void)leave_out(delivery, member->org, nrs_error_rule(NRS_ERROR_ONWARD));
        }
    }
}

static nrs_error add_address(const nrs_core *core, nrs_answer *answer, nrs_delivery *delivery, const nrs_delivery_request *request,
                             const nrs_address *address)
{
    const Nrs__Wire__Member *member = nrs_roster_member_by_org(delivery->community->roster, address->name);
    const Nrs__Wire__PersonEntry *person = NULL;
    size_t count = delivery->count;
    char who[NRS_ADDRESS_SIZE_MAX + 1] = {0};
    Nrs__Wire__Target *target;

    NRS_ASSERT(member != NULL); /* find_community has looked */
    nrs_address_format(who, address);
    if (address->type == NRS_ADDRESS_PERSON) {
        person = nrs_peer_person(nrs_peer_by_sign(core, member->sign_key.data), address->person);
        if (person == NULL) {
            return nrs_refuse(answer, NRS_ERROR_UNKNOWN_PERSON, hint_card, "%s: no such person in %s, as far as this node knows.", who,
                              address->name);
        }
        if (request->label != NRS_LABEL_RED) { /* the organisation's desk receives it for the person */
            person = NULL;
            (void)snprintf(who, NRS_ADDRESS_SIZE_MAX + 1, "%s", address->name);
        }
    }
    if (person == NULL && nrs_key_ours_or_next(core, member->sign_key.data)) {
        return NRS_OK; /* this node has what it sends */
    }
    if (add(core, delivery, request, member, person, who) && delivery->count > count) {
        target = next_target(delivery);
        target->org = nrs_field_of(nrs_slice_of(member->sign_key.data, NRS_KEY_SIZE));
        if (person != NULL) {
            target->person = nrs_field_of(nrs_slice_of(person->sign_key.data, NRS_KEY_SIZE));
        }
    }
    return NRS_OK;
}

/* An address is one target and, but for that of a community, one recipient at most. */
static nrs_error make_room(nrs_delivery *delivery, const nrs_delivery_request *request)
{
    size_t most = request->address_count;
    bool community = false;

    for (size_t i = 0; i < request->address_count; i++) {
        community = community || request->addresses[i].type == NRS_ADDRESS_COMMUNITY;
    }
    most += community ? delivery->community->roster->n_members : 0;
    delivery->list = calloc(most, sizeof *delivery->list);
    delivery->excluded = calloc(most, sizeof *delivery->excluded);
    delivery->targets = calloc(request->address_count, sizeof *delivery->targets);
    delivery->target_list = calloc(request->address_count, sizeof *delivery->target_list);
    if (delivery->list == NULL || delivery->excluded == NULL || delivery->targets == NULL || delivery->target_list == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    return NRS_OK;
}

static bool left_out_for(const nrs_delivery *delivery, nrs_error rule)
{
    for (size_t i = 0; i < delivery->excluded_count; i++) {
        if (strcmp(delivery->excluded[i].rule, nrs_error_rule(rule)) != 0) {
            return false;
        }
    }
    return delivery->excluded_count > 0;
}

/* Where the duty left nobody: by that rule, with who lacks it, the first by name and all of them beside the refusal. */
static nrs_error refuse_for_duty(nrs_answer *answer, const nrs_delivery *delivery, nrs_label label)
{
    const nrs_left_out *first = &delivery->excluded[0];
    char who[NAMED_MAX * (NRS_ADDRESS_SIZE_MAX + 2) + 8];
    size_t size = 0;
    nrs_row row = nrs_row_begin();
    nrs_error error;

    for (size_t i = 0; i < delivery->excluded_count && i < NAMED_MAX; i++) {
        size += (size_t)snprintf(who + size, sizeof who - size, "%s%s", i == 0 ? "" : ", ", delivery->excluded[i].who);
    }
    (void)snprintf(who + size, sizeof who - size, "%s", delivery->excluded_count > NAMED_MAX ? " …" : "");
    nrs_delivery_row(&row, delivery, label);
    error = nrs_row_end(&row, answer->rows);
    nrs_row_discard(&row);
    answer->rows_beside = error == NRS_OK;
    return error != NRS_OK ? error
                           : nrs_refuse(answer, NRS_ERROR_DUTY, nrs_policy_duty(NRS_PLACE_SEND, first->duty_state).allowed,
                                        "The duty %s is in force for none of those addressed: %s.", first->duty, who);
}

static nrs_error plan(nrs_core *core, nrs_answer *answer, nrs_delivery *delivery_out, const nrs_delivery_request *request)
{
    bool community_added = false;
    nrs_error error;

    if (request->address_count == 0) { /* the addresses may be another node's */
        return nrs_refuse(answer, NRS_ERROR_AUDIENCE, hint_nobody, "The report is addressed to nobody.");
    }
    error = nrs_delivery_find_community(core, answer, delivery_out, request);
    if (error == NRS_OK) {
        error = check_rules(core, answer, delivery_out, request);
    }
    if (error == NRS_OK) {
        error = make_room(delivery_out, request);
    }
    if (error != NRS_OK) {
        return error;
    }
    error = nrs_delivery_consent(core, answer, delivery_out, request);
    find_duty(delivery_out, request);
    for (size_t i = 0; i < request->address_count && error == NRS_OK; i++) {
        if (request->addresses[i].type != NRS_ADDRESS_COMMUNITY) {
            error = add_address(core, answer, delivery_out, request, &request->addresses[i]);
        } else if (!community_added) {
            add_community(core, delivery_out, request);
            community_added = true;
        }
    }
    if (error == NRS_OK && delivery_out->count == 0 && delivery_out->excluded_count > 0 &&
        strcmp(delivery_out->excluded[0].rule, nrs_error_rule(NRS_ERROR_NO_PREKEY)) == 0) {
        if (delivery_out->excluded[0].unjoined) {
            return nrs_refuse(answer, NRS_ERROR_NO_PREKEY, hint_unjoined, "%s: that organisation has not joined @%s.", delivery_out->excluded[0].who,
                              delivery_out->community->roster->id);
        }
        return nrs_refuse(answer, NRS_ERROR_NO_PREKEY, hint_unlock, "%s: no prekey of this person is in force.", delivery_out->excluded[0].who);
    }
    for (size_t i = 0; i < delivery_out->count; i++) {
        delivery_out->hub_reached = delivery_out->hub_reached || nrs_peer_hub(core, delivery_out->list[i].peer, delivery_out->community);
    }
    if (error == NRS_OK && delivery_out->count == 0 && !community_added && delivery_out->excluded_count == 0) { /* add_address leaves out no other */
        return nrs_refuse(answer, NRS_ERROR_AUDIENCE, hint_nobody, "%s is this node's own organisation.", request->addresses[0].name);
    }
    if (error == NRS_OK && delivery_out->count == 0 && left_out_for(delivery_out, NRS_ERROR_DUTY)) {
        return refuse_for_duty(answer, delivery_out, request->label);
    }
    if (error == NRS_OK && delivery_out->count == 0) {
        return nrs_refuse(answer, NRS_ERROR_AUDIENCE, hint_nobody, "Nobody in @%s is left to receive it.", delivery_out->community->roster->id);
    }
    return error;
}

/* Of RED the node knows no kind, whatever a request says of it: the sealed report may say another (SPEC 5.3). */
nrs_error nrs_delivery_plan(nrs_core *core, nrs_answer *answer, nrs_delivery *delivery_out, const nrs_delivery_request *request)
{
    nrs_delivery_request known = *request;

    NRS_ASSERT(delivery_out != NULL && delivery_out->list == NULL);
    NRS_ASSERT(request->address_count <= NRS_TARGET_COUNT_MAX);
    known.kind = request->label == NRS_LABEL_RED ? 0 : request->kind;
    return plan(core, answer, delivery_out, &known);
}

bool nrs_delivery_drop_forged(nrs_core *core, nrs_delivery *delivery)
{
    size_t kept = 0;
    bool dropped;

    for (size_t i = 0; i < delivery->count; i++) {
        if (delivery->list[i].granted && !agrees(core, delivery->list[i].keys.prekey)) {
            (void)leave_out(delivery, delivery->list[i].address, nrs_error_rule(NRS_ERROR_FORGED));
        } else {
            delivery->list[kept] = delivery->list[i];
            kept++;
        }
    }
    dropped = kept < delivery->count;
    delivery->count = kept;
    return dropped;
}
