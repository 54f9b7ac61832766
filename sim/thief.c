#include "thief.h"

#include <string.h>

#include "ask.h"
#include "check.h"
#include "hostile.h"
#include "keys/change.h"
#include "memory.h"
#include "vfs.h"
#include "world.h"

#define PURPOSE_THIEF 0x7415
#define COMES_AFTER_MS 2000u

sim_node *sim_thief(sim_world *world)
{
    return world->thief == 0 ? NULL : &world->nodes[world->thief];
}

/* The same keys, and everything that the checkers know of its log up to here. */
static void become(sim_world *world, sim_node *thief, const sim_node *owner)
{
    thief->index = world->thief;
    thief->owner = owner->index;
    memcpy(thief->org, owner->org, sizeof thief->org);
    (void)snprintf(thief->called, sizeof thief->called, "thief-%02zu", owner->index);
    memcpy(thief->keys, owner->keys, sizeof thief->keys);
    thief->key_count = owner->key_count;
    thief->key = owner->key;
    thief->identity = owner->identity;
    NRS_ASSERT(owner->vault_key == NULL || nrs_secret_copy(&thief->vault_key, nrs_secret_slice(owner->vault_key)) == NRS_OK);
    memcpy(thief->heard, owner->heard, sizeof thief->heard);
    memcpy(thief->held, owner->held, sizeof thief->held);
    memcpy(thief->held_before, owner->held, sizeof thief->held_before);
    memcpy(thief->frozen, owner->frozen, sizeof thief->frozen);
    thief->seen_position = owner->seen_position;
    thief->random = sim_random_of(world->options.seed, PURPOSE_THIEF, 0);
    thief->clock = owner->clock;
    thief->wake_ms = SIM_NEVER;
    thief->next_link = 1;
    sim_clock_boot(world, &thief->clock, SIM_MONOTONIC_MS);
    thief->there = true;
    thief->hostile = sim_alloc(1, sizeof *thief->hostile); /* it keeps to the rules of its engine: nothing more is needed */
    sim_disk_clone(&thief->disk, &owner->disk);
    thief->disk.random = sim_random_of(world->options.seed, PURPOSE_THIEF, 1);
    sim_vfs_attach(thief->index, &thief->disk);
}

void sim_thief_come(sim_world *world, const sim_act *act)
{
    sim_node *owner = &world->nodes[world->options.hubs + (size_t)(act->who % world->options.members)];

    if (world->thief != 0 || world->node_count == SIM_NODES_MAX || owner->core == NULL || owner->hostile != NULL || owner->forsaken) {
        return;
    }
    world->thief = world->node_count;
    become(world, &world->nodes[world->thief], owner);
    owner->forsaken = owner->put_back = true; /* two that speak as one: nothing is promised to them any more */
    sim_trace_line(world, owner, "its disk is stolen");
    sim_sometimes_hit(world, SIM_SOMETIMES_DISK_STOLEN);
    sim_world_put(world, COMES_AFTER_MS, (sim_event){.type = SIM_EVENT_START, .subject = world->thief, .token = world->nodes[world->thief].start});
}

static void show(sim_world *world, sim_node *thief, size_t number)
{
    const sim_report *report = &world->oracle.reports[number];

    if (report->state != SIM_REPORT_NONE && report->id[0] != '\0' && report->label != NRS_LABEL_RED) {
        sim_ask(world, thief, SIM_ASK_SHOW, number, json_pack("{s:s, s:s}", "command", "show", "id", report->id));
    }
}

static void send(sim_world *world, sim_node *node, const sim_rosters *rosters, uint64_t times)
{
    for (uint64_t i = 0; i < times && node->core != NULL; i++) {
        sim_ask(world, node, SIM_ASK_OTHER, 0,
            json_pack("{s:s, s:s, s:[o], s:s, s:o, s:s}", "command", "send", "label", "AMBER", "to", json_sprintf("@%s", rosters->id), "kind", "incident", "subject",
                      json_sprintf("odd %zu %llu", node->index, (unsigned long long)sim_thief(world)->hostile->serial++), "body", "odd"));
    }
}

/* Both count on from where the disk was copied. */
void sim_thief_do(sim_world *world, const sim_act *act)
{
    sim_node *thief = sim_thief(world);
    const sim_rosters *rosters = &world->communities[act->b % world->community_count];

    if (thief == NULL || thief->core == NULL) {
        return;
    }
    if (act->a % 3 == 0) {
        show(world, thief, (size_t)(act->a / 3 % world->plan.count));
    } else {
        send(world, thief, rosters, 1 + act->c % 3);
        send(world, &world->nodes[thief->owner], rosters, act->c / 3 % 3);
    }
}

void sim_thief_read_all(sim_world *world)
{
    sim_node *thief = sim_thief(world);

    for (size_t number = 0; thief != NULL && number < world->plan.count; number++) {
        show(world, thief, number);
    }
}

void sim_thief_wipe(sim_world *world)
{
    sim_node *thief = sim_thief(world);

    if (thief != NULL) {
        thief->key_count = 0; /* its owner's */
        sim_once_forget(thief);
        sim_node_wipe(world, thief);
    }
}

/* All that there are: whoever has the disk has them as well. told: by the organisation's own hand, at its own node too, which no hub tells. */
static void revoke(sim_world *world, sim_node *node, size_t key, bool told)
{
    char name[32];
    nrs_bytes payload = {0};

    (void)snprintf(name, sizeof name, "revoked-%zu.revocation", key);
    NRS_ASSERT(nrs_change_revoke(&payload, node->keys[key].identity, node->org, sim_world_unix_ms(world)) == NRS_OK);
    for (size_t i = 0; i < world->node_count; i++) {
        if (world->nodes[i].hostile == NULL && (i < world->options.hubs || (told && i == node->index))) {
            sim_node_leave_file(world, &world->nodes[i], name, "REVOCATION", nrs_slice_of_bytes(&payload));
        }
    }
    nrs_bytes_wipe(&payload);
}

void sim_thief_revoke(sim_world *world, const sim_act *act)
{
    sim_node *node = sim_thief(world) != NULL ? &world->nodes[sim_thief(world)->owner] : &world->nodes[world->options.hubs + (size_t)(act->who % world->options.members)];

    if (!node->there || node->hostile != NULL || world->revoked != 0 || (sim_thief(world) == NULL && act->c % 3 != 0)) {
        return;
    }
    world->revoked |= 1ull << node->index;
    node->forsaken = node->put_back = true;
    sim_sometimes_hit(world, SIM_SOMETIMES_KEY_REVOKED);
    sim_trace_line(world, node, "its key is revoked");
    for (size_t key = 0; key < node->key_count; key++) {
        revoke(world, node, key, act->a % 2 == 0);
    }
}
