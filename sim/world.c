#include "world.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fate.h"
#include "hostile.h"
#include "member.h"
#include "rotate.h"
#include "thief.h"
#include "vfs.h"
#include "work.h"

#define HEAL_MS (4 * SIM_MINUTE_MS)  /* links come back within a minute, recipients that wait are looked at each minute */
#define LAST_MS 15000u               /* for each of four rounds: list, accept, open, receipts */
#define EVENTS_MAX 20000000ull       /* a world that never comes to rest is a failure too */
#define PURPOSE_SHAPE 0x5a9e
#define UNLOCK_MS 3000u               /* by when each person has unlocked its key for the first time */
#define LABELS_CLOSED (1u << NRS_LABEL_CLEAR | 1u << NRS_LABEL_GREEN | 1u << NRS_LABEL_AMBER | 1u << NRS_LABEL_AMBER_STRICT)
#define LABELS_ALL 0x3eu
#define LABELS_WITH_DUTY (1u << NRS_LABEL_AMBER | 1u << NRS_LABEL_AMBER_STRICT)

void sim_world_put(sim_world *world, uint64_t in_ms, sim_event event)
{
    event.at_ms = world->now_ms + in_ms;
    sim_queue_put(&world->queue, event);
}

void sim_world_fail(sim_world *world, const char *checker, const char *format, ...)
{
    va_list arguments;

    if (world->failure.failed) {
        return;
    }
    world->failure.failed = true;
    world->failure.at_ms = world->now_ms;
    (void)snprintf(world->failure.checker, sizeof world->failure.checker, "%s", checker);
    va_start(arguments, format);
    (void)vsnprintf(world->failure.text, sizeof world->failure.text, format, arguments);
    va_end(arguments);
    sim_trace_line(world, NULL, "FAILED %s: %s", checker, world->failure.text);
}

sim_node *sim_world_node(sim_world *world, uint64_t pick)
{
    sim_node *node = &world->nodes[pick % world->node_count];

    return node->there ? node : NULL;
}

uint64_t sim_world_unix_ms(const sim_world *world)
{
    return SIM_START_MS + world->leap_ms + world->now_ms;
}

/* What the options leave open is chosen by the seed. */
void sim_world_choose_shape(sim_options *options)
{
    sim_random random = sim_random_of(options->seed, PURPOSE_SHAPE, 0);
    size_t hubs = 1 + (size_t)sim_random_below(&random, 2);
    size_t members = 2 + (size_t)sim_random_below(&random, 3);
    uint64_t minutes = sim_random_between(&random, 4, 10);
    unsigned faults = 0;

    for (unsigned i = 0; (1u << i) <= SIM_FAULTS_ALL; i++) {
        faults |= sim_random_chance(&random, 400) ? 1u << i : 0;
    }
    options->hubs = options->hubs == 0 ? hubs : options->hubs;
    options->members = options->members == 0 ? members : options->members;
    options->minutes = options->minutes == 0 ? minutes : options->minutes;
    options->faults = (options->faults & SIM_FAULTS_SWARM) != 0 ? faults : options->faults;
}

/* A member is hostile from the beginning, and now and then a hub with it; one of the hubs stays honest, most times. */
static void choose_hostile(sim_world *world)
{
    sim_random random = sim_random_of(world->options.seed, PURPOSE_SHAPE, 2);
    size_t member = world->options.hubs + (size_t)sim_random_below(&random, world->options.members);
    size_t hub = (size_t)sim_random_below(&random, world->options.hubs);
    bool with_hub = sim_random_chance(&random, 350);

    if ((world->options.faults & SIM_FAULTS_HOSTILE) == 0) {
        return;
    }
    if (world->nodes[member].there) {
        sim_hostile_turn(world, &world->nodes[member]);
    }
    if (with_hub && world->nodes[hub].there) {
        sim_hostile_turn(world, &world->nodes[hub]);
    }
}

/* Labels that need the disclaimer, or the duty, in about a third of all communities. */
static void choose_rules(sim_rosters *rosters, sim_random *random)
{
    unsigned closed = (unsigned)sim_random_next(random) & LABELS_CLOSED, duty = (unsigned)sim_random_next(random) & LABELS_WITH_DUTY;

    rosters->closed_labels = sim_random_chance(random, 350) ? closed : 0;
    rosters->duty_labels = sim_random_chance(random, 350) ? duty : 0;
}

/* All five in most communities; one label is missing in some, and in some no hub carries TLP:RED. */
static void choose_labels(const sim_world *world, sim_rosters *rosters)
{
    static const nrs_label some[] = {NRS_LABEL_GREEN, NRS_LABEL_AMBER, NRS_LABEL_AMBER_STRICT, NRS_LABEL_RED};
    sim_random random = sim_random_of(world->options.seed, PURPOSE_SHAPE, 3 + rosters->index);
    const unsigned missing = 1u << some[sim_random_below(&random, 4)];

    rosters->labels = LABELS_ALL & ~(sim_random_chance(&random, 120) ? missing : 0);
    rosters->red_relay = !sim_random_chance(&random, 200);
}

/* All are in the first but one, now and then, who comes later. The second has one of the hubs, and some of the same members. */
static void found_communities(sim_world *world, sim_random *random, uint64_t there)
{
    static const char *const ids[SIM_COMMUNITIES_MAX] = {"electricity", "water"};
    uint64_t hubs = (1ull << world->options.hubs) - 1;
    size_t late = world->options.hubs + (size_t)sim_random_below(random, world->options.members);
    size_t shared = (size_t)sim_random_below(random, world->options.hubs);
    uint64_t some = sim_random_next(random) & there & ~hubs;
    bool one_waits = world->options.members > 1 && sim_random_chance(random, 500);

    bool recognise, minister = sim_random_chance(random, 300);
    uint64_t ministry = 1ull << (world->options.hubs + (size_t)sim_random_below(random, world->options.members));

    world->community_count = world->options.members > 1 && sim_random_chance(random, 500) ? 2 : 1;
    recognise = world->community_count == 2 && sim_random_chance(random, 800);
    (void)sim_random_use(NULL);
    for (size_t i = 0; i < world->community_count; i++) {
        sim_rosters *rosters = &world->communities[i];

        *rosters = (sim_rosters){.id = ids[i], .index = i, .hubs = i == 0 ? hubs : 1ull << shared, .ministries = minister ? ministry : 0};
        choose_rules(rosters, random);
        choose_labels(world, rosters);
        sim_rosters_create(world, rosters, i == 0 ? (one_waits ? there & ~(1ull << late) : there) : some | (rosters->hubs & there));
    }
    for (size_t i = 0; i < world->community_count; i++) { /* what they are known by is the hash of their first rosters */
        if (recognise) {
            sim_member_recognise(world, &world->communities[i], true);
        }
        sim_rosters_invite_all(world, &world->communities[i]);
    }
}

static void make(sim_world *world)
{
    sim_random random = sim_random_of(world->options.seed, PURPOSE_SHAPE, 1), pairs = sim_random_of(world->options.seed, PURPOSE_SHAPE, 3 + SIM_COMMUNITIES_MAX);
    uint64_t there = 0;

    world->node_count = world->options.hubs + world->options.members;
    world->persons = sim_random_chance(&random, 400);
    world->pairs = world->persons && sim_random_chance(&pairs, 500);
    for (size_t i = 0; i < world->node_count; i++) {
        sim_node_make(world, i, i < world->options.hubs);
        there |= world->nodes[i].there ? 1ull << i : 0;
    }
    choose_hostile(world);
    found_communities(world, &random, there);
    for (size_t i = 0; i < world->node_count; i++) {
        sim_world_put(world, sim_random_below(&random, 2000), (sim_event){.type = SIM_EVENT_START, .subject = i});
    }
    for (size_t i = 0; i < world->node_count && world->persons; i++) {
        sim_world_put(world, UNLOCK_MS + sim_random_below(&random, UNLOCK_MS), (sim_event){.type = SIM_EVENT_UNLOCK, .subject = i});
    }
    for (size_t i = 0; i < world->plan.count; i++) {
        if (!world->options.without[i]) {
            sim_world_put(world, world->plan.acts[i].at_ms, (sim_event){.type = SIM_EVENT_ACT, .subject = i});
        }
    }
    sim_world_put(world, world->end_ms, (sim_event){.type = SIM_EVENT_PHASE, .subject = SIM_PHASE_HEALING});
    for (uint64_t quarter = 2; quarter <= 3; quarter++) { /* twice, since one roster that heals may wait behind another */
        sim_world_put(world, world->end_ms + HEAL_MS * quarter / 4, (sim_event){.type = SIM_EVENT_PHASE, .subject = SIM_PHASE_COMPARING});
    }
    for (sim_phase phase = SIM_PHASE_LISTING; phase <= SIM_PHASE_OVER; phase++) {
        sim_world_put(world, world->end_ms + HEAL_MS + LAST_MS * (phase - SIM_PHASE_LISTING), (sim_event){.type = SIM_EVENT_PHASE, .subject = phase});
    }
}

/* Who has a node has its keys, its disk and its place in the mesh, until the others hear of it. */
static void steal(sim_world *world, const sim_act *chosen)
{
    sim_node *node = &world->nodes[world->options.hubs + chosen->who % world->options.members];

    if (node->there && node->hostile == NULL) {
        sim_hostile_turn(world, node);
        sim_sometimes_hit(world, SIM_SOMETIMES_STOLEN);
    }
}

static void act(sim_world *world, size_t number)
{
    const sim_act *chosen = &world->plan.acts[number];

    sim_trace_line(world, NULL, "act %zu: %s", number, sim_act_words(chosen->type));
    if (chosen->type < SIM_ACT_CUT) {
        sim_work_do(world, chosen, number);
    } else if (chosen->type == SIM_ACT_STEAL) {
        steal(world, chosen);
    } else if (chosen->type == SIM_ACT_STEAL_DISK || chosen->type == SIM_ACT_THIEF) {
        (chosen->type == SIM_ACT_THIEF ? sim_thief_do : sim_thief_come)(world, chosen);
    } else if (chosen->type >= SIM_ACT_FLOOD) {
        sim_hostile_do(world, chosen);
    } else {
        sim_fate_do(world, chosen);
    }
}

/* Who lost its prekeys makes new ones, and has asked when the others unlock theirs a second time. */
static void unlock_all(sim_world *world)
{
    for (size_t i = 0; i < world->node_count && world->persons; i++) {
        for (uint64_t eighth = 1; eighth <= 5; eighth += 4) {
            sim_world_put(world, HEAL_MS * eighth / 8, (sim_event){.type = SIM_EVENT_UNLOCK, .subject = i});
        }
    }
}

static void begin_phase(sim_world *world, sim_phase phase)
{
    world->phase = phase;
    sim_trace_line(world, NULL, "phase %d", (int)phase);
    switch (phase) {
    case SIM_PHASE_FAULTY:
        break;
    case SIM_PHASE_HEALING:
        sim_fate_mend(world);
        sim_member_mend(world);
        unlock_all(world);
        break;
    case SIM_PHASE_COMPARING:
        sim_rotate_invite(world);
        sim_work_compare_all(world);
        break;
    case SIM_PHASE_LISTING:
        sim_work_list_all(world);
        break;
    case SIM_PHASE_ACCEPTING:
        sim_work_accept_all(world);
        break;
    case SIM_PHASE_READING:
        sim_work_read_all(world);
        sim_thief_read_all(world);
        break;
    case SIM_PHASE_RECEIPTS:
        sim_work_receipts_all(world);
        break;
    case SIM_PHASE_OVER:
        sim_check_end(world);
        break;
    }
}

static void happen(sim_world *world, const sim_event *event)
{
    sim_node *node = &world->nodes[event->subject < SIM_NODES_MAX ? event->subject : 0];

    switch (event->type) {
    case SIM_EVENT_ACT:
        act(world, event->subject);
        return;
    case SIM_EVENT_WAKE:
        if (node->core != NULL && node->start == event->token && node->wake_ms == event->at_ms) {
            sim_node_step(world, node);
        }
        return;
    case SIM_EVENT_START:
        if (node->start == event->token) {
            sim_node_start(world, node);
        }
        return;
    case SIM_EVENT_UNLOCK:
        sim_work_unlock(world, node);
        return;
    case SIM_EVENT_DIAL:
        sim_node_dial(world, node, event->token);
        return;
    case SIM_EVENT_CONNECTED:
        sim_network_connected(world, event->subject, event->token);
        return;
    case SIM_EVENT_DELIVER:
        sim_network_deliver(world, event->subject, event->token, event->side);
        return;
    case SIM_EVENT_ENDED:
        sim_network_ended(world, event->subject, event->token, event->side);
        return;
    case SIM_EVENT_PHASE:
        begin_phase(world, (sim_phase)event->subject);
        return;
    }
}

void sim_world_run(sim_world *world, const sim_options *options)
{
    sim_event event;

    memset(world, 0, sizeof *world);
    world->options = *options;
    sim_world_choose_shape(&world->options);
    world->end_ms = world->options.minutes * SIM_MINUTE_MS;
    world->phase = SIM_PHASE_FAULTY;
    sim_trace_begin(world);
    sim_vfs_seed(world->options.seed);
    sim_network_init(world);
    sim_plan_make(&world->plan, &world->options);
    make(world);
    while (!world->failure.failed && world->phase != SIM_PHASE_OVER && sim_queue_take(&world->queue, &event)) {
        NRS_ASSERT(event.at_ms >= world->now_ms);
        world->now_ms = event.at_ms;
        world->events++;
        happen(world, &event);
        if (world->events > EVENTS_MAX) {
            sim_world_fail(world, "steady", "no rest after %llu events", (unsigned long long)EVENTS_MAX);
        }
    }
    for (size_t i = 0; i < world->node_count && !world->failure.failed; i++) {
        sim_node_end(world, &world->nodes[i]);
    }
    world->written = sim_trace_end(world, world->hash);
}

void sim_world_wipe(sim_world *world)
{
    for (size_t i = 0; i < world->node_count; i++) {
        sim_node_wipe(world, &world->nodes[i]);
    }
    sim_thief_wipe(world);
    sim_check_wipe(world);
    sim_network_wipe(&world->network);
    for (size_t i = 0; i < world->community_count; i++) {
        sim_rosters_wipe(&world->communities[i]);
    }
    sim_oracle_wipe(&world->oracle);
    sim_queue_wipe(&world->queue);
    (void)sim_random_use(NULL);
}
