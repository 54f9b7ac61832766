#include "oracle.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "memory.h"
#include "proto/vocabulary.h"
#include "world.h"

void sim_oracle_wipe(sim_oracle *oracle)
{
    for (size_t i = 0; i < SIM_REPORTS_MAX; i++) {
        json_decref(oracle->reports[i].waiting);
        oracle->reports[i].waiting = NULL;
    }
    free(oracle->sealed);
    oracle->sealed = NULL;
    oracle->sealed_count = oracle->sealed_capacity = 0;
    free(oracle->granted);
    oracle->granted = NULL;
    oracle->granted_count = oracle->granted_capacity = 0;
}

static void note_outside(const sim_world *world, const sim_node *node, sim_sealed *sealed)
{
    for (size_t c = 0; c < world->community_count; c++) {
        const sim_roster_version *held = sim_rosters_at(&world->communities[c], node->held[c]);

        sealed->outside[c] |= held != NULL && held->who.key[node->owner] < node->key ? 1ull << node->owner : 0;
    }
}

void sim_oracle_sealed(sim_world *world, const sim_node *node, const uint8_t id[NRS_HASH_SIZE], const nrs_header *header)
{
    sim_oracle *oracle = &world->oracle;
    const sim_rosters *rosters = sim_rosters_of(world, header->community.data);
    sim_sealed *sealed;
    size_t maker, key;

    if (rosters == NULL || !sim_check_key(world, &maker, &key, header->originator.data)) {
        return;
    }
    if (oracle->sealed_count == oracle->sealed_capacity) {
        oracle->sealed_capacity = oracle->sealed_capacity == 0 ? 64 : 2 * oracle->sealed_capacity;
        oracle->sealed = sim_grow(oracle->sealed, oracle->sealed_capacity * sizeof oracle->sealed[0]);
    }
    sealed = &oracle->sealed[oracle->sealed_count++];
    *sealed = (sim_sealed){.maker = node->owner, .revoked = node->revoked, .community = rosters->index, .label = header->label, .version = header->roster_version, .expires_ms = header->expires_ms, .sealed_ms = world->now_ms, .made_ms = sim_world_unix_ms(world), .key = key};
    memcpy(sealed->id, id, NRS_HASH_SIZE);
    note_outside(world, node, sealed);
    for (size_t i = 0; i < world->node_count && sim_rosters_at(rosters, sealed->version) != NULL; i++) {
        sealed->behind |= world->nodes[i].key < sim_rosters_at(rosters, sealed->version)->who.key[i] ? 1ull << i : 0;
    }
    for (size_t i = 0; i < header->n_onward_communities; i++) {
        const sim_rosters *listed = sim_rosters_of(world, header->onward_communities[i].data);

        sealed->listed |= listed == NULL ? 0 : 1ull << listed->index;
    }
    for (size_t c = 0; c < world->community_count; c++) {
        uint64_t bridges = sim_oracle_bridges(world);

        sealed->bridged[c] = bridges == 0 ? 0 : UINT64_MAX;
        for (size_t i = 0; i < world->node_count; i++) {
            if ((bridges & (1ull << i)) != 0 && world->nodes[i].held[c] < sealed->bridged[c]) {
                sealed->bridged[c] = world->nodes[i].held[c];
            }
        }
    }
}

void sim_oracle_taken(sim_world *world, const sim_node *node, const uint8_t id[NRS_HASH_SIZE])
{
    for (size_t i = 0; i < world->oracle.sealed_count; i++) {
        if (memcmp(world->oracle.sealed[i].id, id, NRS_HASH_SIZE) == 0) {
            world->oracle.sealed[i].taken |= 1ull << node->owner;
            note_outside(world, node, &world->oracle.sealed[i]);
        }
    }
}

void sim_oracle_granted(sim_world *world, const uint8_t id[NRS_HASH_SIZE], const nrs_grant *grant)
{
    sim_oracle *oracle = &world->oracle;
    const sim_sealed *sealed = sim_oracle_sealed_by_id(world, grant->sealed_id.data);
    const sim_rosters *elsewhere = grant->community.len == 0 ? NULL : sim_rosters_of(world, grant->community.data);

    if (sealed == NULL) {
        return;
    }
    if (oracle->granted_count == oracle->granted_capacity) {
        oracle->granted_capacity = oracle->granted_capacity == 0 ? 64 : 2 * oracle->granted_capacity;
        oracle->granted = sim_grow(oracle->granted, oracle->granted_capacity * sizeof oracle->granted[0]);
    }
    oracle->granted[oracle->granted_count] = (sim_granted){.authority = grant->authority, .community = elsewhere == NULL ? sealed->community : elsewhere->index};
    memcpy(oracle->granted[oracle->granted_count++].id, id, NRS_HASH_SIZE);
}

const sim_granted *sim_oracle_granted_by_id(const sim_world *world, const uint8_t *id)
{
    for (size_t i = 0; i < world->oracle.granted_count; i++) {
        if (memcmp(world->oracle.granted[i].id, id, NRS_HASH_SIZE) == 0) {
            return &world->oracle.granted[i];
        }
    }
    return NULL;
}

sim_report *sim_oracle_by_subject(sim_world *world, const char *subject)
{
    const char *digits = strncmp(subject, "Re: ", 4) == 0 ? subject + 4 : subject;
    unsigned long number;
    char *end = NULL;

    if (digits[0] != 'r') {
        return NULL;
    }
    number = strtoul(digits + 1, &end, 10);
    if (end == digits + 1 || *end != '\0' || number >= SIM_REPORTS_MAX || world->oracle.reports[number].state == SIM_REPORT_NONE) {
        return NULL;
    }
    return &world->oracle.reports[number];
}

sim_report *sim_oracle_by_id(sim_world *world, const char *id)
{
    for (size_t i = 0; i < world->plan.count; i++) {
        if (world->oracle.reports[i].state != SIM_REPORT_NONE && strcmp(world->oracle.reports[i].id, id) == 0) {
            return &world->oracle.reports[i];
        }
    }
    return NULL;
}

bool sim_oracle_closed(const sim_world *world, const sim_report *report)
{
    return report->inherits_closed || (world->communities[report->community].closed_labels & (1u << report->label)) != 0;
}

bool sim_oracle_duty(const sim_world *world, const sim_report *report)
{
    return report->inherits_duty || (world->communities[report->community].duty_labels & (1u << report->label)) != 0;
}

const sim_report *sim_oracle_bound(const sim_world *world, const sim_report *report, size_t node)
{
    while (report->sender == node && !report->vouches) {
        if (!report->forwards) {
            return NULL;
        }
        report = &world->oracle.reports[report->quoted];
    }
    return report;
}

const sim_report *sim_oracle_asked_of(const sim_world *world, const sim_report *report)
{
    return report->vouches ? &world->oracle.reports[report->quoted] : report;
}

bool sim_oracle_consents(const sim_world *world, const sim_report *report, size_t community)
{
    const sim_roster_version *roster = sim_rosters_at(&world->communities[report->community], report->version);

    return community < world->community_count && community != report->community && (report->onward & NRS_ONWARD_COMMUNITIES) != 0 && roster != NULL &&
           roster->who.recognises;
}

uint64_t sim_oracle_bridges(const sim_world *world)
{
    uint64_t set = world->community_count == 2 ? world->communities[0].hubs & world->communities[1].hubs : 0;

    for (size_t i = 0; i < world->node_count; i++) {
        set &= world->nodes[i].there ? UINT64_MAX : ~(1ull << i);
    }
    return set;
}

/* Whom the community's address does not reach, unless one of their own writes, or a hub that agrees to them itself (SPEC 5.2). */
static uint64_t not_addressed(const sim_rosters *rosters, const sim_report *report)
{
    const uint64_t sender = 1ull << report->sender;
    const bool reaches = report->label == NRS_LABEL_CLEAR || (rosters->ministries & sender) != 0 ||
                         ((rosters->hubs & sender) != 0 && (report->onward & NRS_ONWARD_MINISTRY) != 0 && report->label < NRS_LABEL_AMBER_STRICT);

    return reaches ? 0 : rosters->ministries;
}

uint64_t sim_oracle_readers(sim_world *world, const sim_report *report, uint64_t version)
{
    const sim_roster_version *roster = sim_rosters_at(&world->communities[report->community], version);
    uint64_t sender = 1ull << report->sender;
    uint64_t members = roster == NULL ? 0 : sim_roster_members(roster) & (sim_oracle_duty(world, report) ? roster->who.sworn : UINT64_MAX);

    if (report->withheld) {
        return (report->via & members) | sender;
    }
    return (report->to_community ? members & ~not_addressed(&world->communities[report->community], report) : report->to & members) | sender;
}

const sim_sealed *sim_oracle_sealed_by_id(const sim_world *world, const uint8_t id[NRS_HASH_SIZE])
{
    for (size_t i = 0; i < world->oracle.sealed_count; i++) {
        if (memcmp(world->oracle.sealed[i].id, id, NRS_HASH_SIZE) == 0) {
            return &world->oracle.sealed[i];
        }
    }
    return NULL;
}

void sim_oracle_bind(sim_world *world, sim_report *report, const char *id)
{
    uint8_t bytes[NRS_HASH_SIZE];
    const sim_sealed *sealed;

    if (report->version != 0 || nrs_hex_decode(bytes, sizeof bytes, id) != NRS_OK) {
        return;
    }
    sealed = sim_oracle_sealed_by_id(world, bytes);
    if (sealed == NULL || sealed->maker != report->sender) {
        return;
    }
    memcpy(report->id, id, 2 * NRS_HASH_SIZE);
    report->community = sealed->community;
    report->version = sealed->version;
    report->expires_ms = sealed->expires_ms;
    report->sealed_ms = sealed->sealed_ms;
    report->made_ms = sealed->made_ms;
    report->key = sealed->key;
    report->behind = sealed->behind;
    report->revoked = sealed->revoked;
    report->readers = sim_oracle_readers(world, report, sealed->version) & (~report->revoked | 1ull << report->sender); /* who has sealed it reads it, with a key that is revoked as well */
    memcpy(report->bridged, sealed->bridged, sizeof report->bridged);
}
