#include "member.h"

#include "rotate.h"
#include "world.h"

static uint64_t there(const sim_world *world)
{
    uint64_t set = 0;

    for (size_t i = 0; i < world->node_count; i++) {
        set |= world->nodes[i].there ? 1ull << i : 0;
    }
    return set;
}

static uint64_t operators(const sim_world *world)
{
    return ((1ull << world->options.members) - 1) << world->options.hubs;
}

/* The first of a set from this one on, in the order of the nodes; node_count when it is empty. */
static size_t one_of(const sim_world *world, uint64_t set, uint64_t pick)
{
    for (size_t i = 0; i < world->node_count; i++) {
        size_t node = (size_t)((pick + i) % world->node_count);

        if ((set & (1ull << node)) != 0) {
            return node;
        }
    }
    return world->node_count;
}

static uint64_t honest_hubs(const sim_world *world, const sim_rosters *rosters)
{
    uint64_t set = rosters->hubs & there(world);

    for (size_t i = 0; i < world->node_count; i++) {
        set &= world->nodes[i].hostile != NULL ? ~(1ull << i) : UINT64_MAX;
    }
    return set;
}

/* A hub that is there hears of it first; the others through it. */
static void publish(sim_world *world, const sim_rosters *rosters, uint64_t pick)
{
    size_t hub = one_of(world, honest_hubs(world, rosters), pick);

    if (hub < world->node_count) {
        sim_rosters_give(world, rosters, hub);
    }
}

/* Those that it has now; others that it had when it left stay buried. */
static void come_with_keys(const sim_world *world, sim_rosters *rosters, sim_members *who, size_t node, bool back)
{
    const size_t before = who->key[node], now = world->nodes[node].key;

    if (back && before != now) {
        who->served[node] |= (uint8_t)(1u << before);
        rosters->served_ms[node][before] = SIM_START_MS; /* as its tombstone has it already */
    }
    who->served[node] &= (uint8_t)~(1u << now);
    who->key[node] = (uint8_t)now;
}

static void admit(sim_world *world, sim_rosters *rosters, const sim_act *act)
{
    sim_members who = sim_rosters_newest(rosters)->who;
    size_t node = one_of(world, there(world) & operators(world) & ~who.members & ~who.revoked, act->who); /* a revoked key never comes back */
    uint64_t bit = 1ull << node;
    bool back = (who.left & bit) != 0;

    if (node == world->node_count) {
        return;
    }
    who.members |= bit;
    who.sworn |= act->c % 2 == 0 ? bit : 0;
    who.until_ms[node] = 0;
    come_with_keys(world, rosters, &who, node, back);
    if (sim_rosters_next(world, rosters, who)) {
        sim_sometimes_hit(world, back ? SIM_SOMETIMES_READMITTED : rosters->index == 1 ? SIM_SOMETIMES_JOINED_SECOND : SIM_SOMETIMES_JOINED);
        publish(world, rosters, act->a);
        sim_rosters_invite(world, rosters, node);
    }
}

/* One operator stays. */
static void dismiss(sim_world *world, sim_rosters *rosters, const sim_act *act)
{
    sim_members who = sim_rosters_newest(rosters)->who;
    size_t node = world->options.hubs + (size_t)(act->who % world->options.members);
    uint64_t bit = 1ull << node, left = who.members & operators(world) & ~bit;
    bool leaves = act->type == SIM_ACT_LEAVE;

    if ((who.members & bit) == 0 || left == 0) {
        return;
    }
    who.members &= ~bit;
    who.revoked |= leaves ? 0 : bit;
    who.left |= leaves ? bit : 0;
    if (sim_rosters_next(world, rosters, who)) {
        sim_sometimes_hit(world, leaves ? SIM_SOMETIMES_LEFT : SIM_SOMETIMES_REMOVED);
        publish(world, rosters, act->a);
    }
}

/* Whoever has the duty gives it up, or has it until a date now; whoever has none, or had it until one that is past, takes it. */
static void swear(sim_world *world, sim_rosters *rosters, const sim_act *act)
{
    const sim_roster_version *newest = sim_rosters_newest(rosters);
    const uint64_t now_ms = sim_world_unix_ms(world), has = sim_roster_sworn_at(newest, now_ms);
    sim_members who = newest->who;
    const size_t node = one_of(world, who.members, act->who);
    const uint64_t bit = node == world->node_count ? 0 : 1ull << node;
    const bool dated = act->c % 2 == 0, takes = dated || (has & bit) == 0;

    if (bit != 0) {
        who.sworn = takes ? who.sworn | bit : who.sworn & ~bit;
        who.until_ms[node] = takes && dated ? now_ms + (1 + act->c / 2 % 8) * SIM_DUTY_STEP_MS : 0;
    }
    if (sim_rosters_next(world, rosters, who)) {
        sim_sometimes_hit(world, takes ? SIM_SOMETIMES_SWORN : SIM_SOMETIMES_DUTY_ENDED);
        publish(world, rosters, act->a);
    }
}

/* The other one has a member less, or one more, or the same; another hub, or a member, hears of it. */
static void fork_rosters(sim_world *world, sim_rosters *rosters, const sim_act *act)
{
    const sim_members *now = &sim_rosters_newest(rosters)->who;
    uint64_t members = now->members;
    size_t less = one_of(world, members & operators(world), act->who);
    size_t more = one_of(world, there(world) & operators(world) & ~members & ~now->revoked, act->who);
    uint64_t rival = act->b % 3 == 0 ? members : act->b % 3 == 1 ? members & ~(1ull << less) : members | (more < world->node_count ? 1ull << more : 0);
    size_t first = one_of(world, honest_hubs(world, rosters), act->a);
    size_t second;

    second = first == world->node_count ? first : one_of(world, rival & there(world) & ~(1ull << first), act->other);
    if (second < world->node_count && (rival & operators(world)) != 0 && sim_rosters_fork(world, rosters, rival)) {
        sim_sometimes_hit(world, SIM_SOMETIMES_FORKED);
        sim_rosters_give(world, rosters, first);
        sim_rosters_give_rival(world, rosters, second);
    }
}

/* Each member's own person compares the fingerprint and takes it up. */
static void heal(sim_world *world, sim_rosters *rosters)
{
    if (sim_rosters_heal(world, rosters)) {
        sim_sometimes_hit(world, SIM_SOMETIMES_HEALED);
        for (size_t i = 0; i < world->node_count; i++) {
            if ((sim_rosters_newest(rosters)->who.members & (1ull << i)) != 0) {
                sim_rosters_give(world, rosters, i);
            }
        }
    }
}

bool sim_member_recognise(sim_world *world, sim_rosters *rosters, bool recognises)
{
    sim_members who = sim_rosters_newest(rosters)->who;

    who.recognises = recognises;
    return sim_rosters_next(world, rosters, who);
}

/* Most times it is to recognise the other: that it once did not is the rarer case already. */
static void recognise(sim_world *world, sim_rosters *rosters, const sim_act *act)
{
    const bool recognises = act->c % 4 != 0;

    if (world->community_count == 2 && sim_member_recognise(world, rosters, recognises)) {
        sim_sometimes_hit(world, recognises ? SIM_SOMETIMES_RECOGNISED : SIM_SOMETIMES_UNRECOGNISED);
        publish(world, rosters, act->a);
    }
}

void sim_member_do(sim_world *world, const sim_act *act)
{
    sim_rosters *rosters = &world->communities[act->b / 3 % world->community_count];

    if (act->type == SIM_ACT_ADMIT) {
        admit(world, rosters, act);
    } else if (act->type == SIM_ACT_REMOVE || act->type == SIM_ACT_LEAVE) {
        dismiss(world, rosters, act);
    } else if (act->type == SIM_ACT_SWEAR) {
        swear(world, rosters, act);
    } else if (act->type == SIM_ACT_RECOGNISE) {
        recognise(world, rosters, act);
    } else if (act->type == SIM_ACT_FORK) {
        fork_rosters(world, rosters, act);
    } else if (act->type == SIM_ACT_HEAL) {
        heal(world, rosters);
    } else if (act->type == SIM_ACT_REKEY) {
        if (sim_rosters_rekey(world, rosters)) {
            sim_sometimes_hit(world, SIM_SOMETIMES_REKEYED);
            publish(world, rosters, act->a);
        }
    } else if (sim_rosters_next(world, rosters, sim_rosters_newest(rosters)->who)) {
        publish(world, rosters, act->a);
    }
}

void sim_member_mend(sim_world *world)
{
    for (size_t i = 0; i < world->community_count; i++) {
        sim_rosters *rosters = &world->communities[i];

        heal(world, rosters);
        for (size_t k = 0; k < world->node_count; k++) { /* a copy may be older than the invite */
            if (world->nodes[k].put_back && (sim_rosters_newest(rosters)->who.members & (1ull << k)) != 0) {
                sim_rosters_invite(world, rosters, k);
            }
        }
    }
    sim_rotate_mend(world);
}
