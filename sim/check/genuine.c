/* What a node goes by was made by whom it says: the secretariat's rosters, on either side of a fork; revocations and cards of the owners of
 * their keys; prekeys of theirs. */
#include <string.h>

#include "check.h"
#include "keys/roster.h"
#include "person.h"
#include "world.h"

typedef struct job { sim_world *world; sim_node *node; const sim_rosters *rosters; } job;

static void must_read(sim_world *world, const sim_node *node, nrs_error error)
{
    if (error != NRS_OK) {
        sim_world_fail(world, "steady", "%s: what it goes by cannot be read: %s", node->org, nrs_error_rule(error));
    }
}

static void check_roster(sim_world *world, const sim_node *node, const sim_rosters *rosters, uint64_t version, nrs_slice many)
{
    nrs_signed_by_many *held = NULL;
    uint8_t hash[NRS_HASH_SIZE];

    if (nrs_signed_by_many_decode(&held, many) != NRS_OK) {
        sim_world_fail(world, "genuine", "%s holds a roster %llu of @%s that cannot be read", node->org, (unsigned long long)version, rosters->id);
        return;
    }
    nrs_roster_hash(hash, nrs_field(&held->statement));
    if (!sim_rosters_made(rosters, version, hash)) {
        sim_world_fail(world, "genuine", "%s holds a roster %llu of @%s that its secretariat never made", node->org, (unsigned long long)version, rosters->id);
    }
    nrs_signed_by_many_free(&held);
}

/* The side of a fork that a node does not go by stands beside its roster. */
static nrs_error check_side(void *context, const nrs_fork_row *row)
{
    const job *it = context;

    if (!sim_rosters_made(it->rosters, row->version, row->hash)) {
        sim_world_fail(it->world, "genuine", "%s keeps a side of roster %llu of @%s that its secretariat never made", it->node->org,
                       (unsigned long long)row->version, it->rosters->id);
    }
    return NRS_OK;
}

static void look(sim_world *world, sim_node *node, bool sides)
{
    nrs_bytes many = {0};

    sim_disk_hold(&node->disk, true);
    for (size_t i = 0; i < world->community_count; i++) {
        job it = {.world = world, .node = node, .rosters = &world->communities[i]};

        if (node->held[i] != 0 && (sides || node->held[i] != node->genuine[i]) &&
            nrs_store_roster_get(node->store, &many, it.rosters->community, node->held[i]) == NRS_OK) {
            check_roster(world, node, it.rosters, node->held[i], nrs_slice_of_bytes(&many));
            node->genuine[i] = node->held[i];
        }
        if (sides) {
            must_read(world, node, nrs_store_fork_each(node->store, it.rosters->community, check_side, &it));
        }
    }
    sim_disk_hold(&node->disk, false);
    nrs_bytes_wipe(&many);
}

static void stepped(sim_world *world, sim_node *node)
{
    if (node->hostile == NULL) {
        look(world, node, false);
    }
}

static void started(sim_world *world, sim_node *node)
{
    if (node->hostile == NULL) {
        look(world, node, true);
    }
}

/* That it goes over to the keys that it has made. */
static bool said_by(const sim_node *node, size_t key, nrs_slice change)
{
    return key + 1 < node->key_count && nrs_slice_equal(change, nrs_slice_of_bytes(&node->keys[key + 1].succession));
}

/* Whose prekeys these are: the node of an organisation's key, or of a person's; node_count: nobody's. */
static size_t owner_of(const sim_world *world, const uint8_t *key)
{
    size_t whose = sim_check_node_of_key(world, key);

    for (size_t i = 0; whose == world->node_count && i < 2 * world->node_count; i++) {
        const nrs_identity *person = sim_person_of(&world->nodes[i / 2], i % 2 != 0);

        if (person != NULL && memcmp(nrs_identity_public(person)->sign_key, key, NRS_KEY_SIZE) == 0) {
            return i / 2;
        }
    }
    return whose;
}

/* Byte for byte, whatever its signature says: what its owner has made stands in that one's log (carry.c keeps it). */
static void check_bundle(sim_world *world, const sim_node *node, nrs_slice payload)
{
    uint8_t hash[NRS_HASH_SIZE];
    nrs_signed *envelope = NULL;
    nrs_prekeys *bundle = NULL;

    (void)crypto_generichash(hash, sizeof hash, payload.data, payload.size, NULL, 0);
    if (nrs_signed_decode(&envelope, payload) == NRS_OK && nrs_prekeys_decode(&bundle, nrs_field(&envelope->statement)) == NRS_OK) {
        const size_t whose = owner_of(world, bundle->owner.data);

        if (whose < world->node_count && world->nodes[whose].hostile == NULL && !world->nodes[whose].forsaken && !world->nodes[whose].put_back &&
            !sim_once_knows(&world->made, hash)) {
            sim_world_fail(world, "genuine", "%s holds prekeys of %s that this one never made", node->org, world->nodes[whose].org);
        }
    }
    nrs_prekeys_free(&bundle);
    nrs_signed_free(&envelope);
}

static nrs_error check_held_bundle(void *context, const nrs_published_row *row)
{
    const job *it = context;

    check_bundle(it->world, it->node, row->payload);
    return NRS_OK;
}

static void record(sim_world *world, sim_node *node, const nrs_log_row *row, const nrs_record *record)
{
    nrs_signed *envelope = NULL;
    nrs_key_change *change = NULL;

    if (node->hostile == NULL && row->source.size > 0 && record->type == NRS_RECORD_PREKEYS) {
        check_bundle(world, node, nrs_field(&record->payload));
    }
    if (node->hostile == NULL && record->type == NRS_RECORD_KEY_CHANGE && nrs_signed_decode(&envelope, nrs_field(&record->payload)) == NRS_OK &&
        nrs_key_change_decode(&change, nrs_field(&envelope->statement)) == NRS_OK) {
        size_t whose, key;

        if (sim_check_key(world, &whose, &key, change->sign_key.data) && world->nodes[whose].hostile == NULL && (world->revoked & (1ull << whose)) == 0 &&
            !said_by(&world->nodes[whose], key, nrs_field(&record->payload))) {
            sim_world_fail(world, "genuine", "%s takes it that the key of %s has ended, and that one never said so", node->org, world->nodes[whose].org);
        }
    }
    nrs_key_change_free(&change);
    nrs_signed_free(&envelope);
}

static nrs_error check_card(void *context, const nrs_published_row *row)
{
    const job *it = context;
    size_t whose, key;

    if (sim_check_key(it->world, &whose, &key, row->owner) && it->world->nodes[whose].hostile == NULL &&
        !nrs_slice_equal(row->payload, nrs_slice_of_bytes(&it->world->nodes[whose].keys[key].card))) {
        sim_world_fail(it->world, "genuine", "%s holds a card of %s that this one never made", it->node->org, it->world->nodes[whose].org);
    }
    return NRS_OK;
}

static void end(sim_world *world)
{
    for (size_t i = 0; i < world->node_count; i++) {
        sim_node *node = &world->nodes[i];
        job it = {.world = world, .node = node};

        if (node->core != NULL && node->hostile == NULL) {
            look(world, node, true);
            sim_disk_hold(&node->disk, true);
            must_read(world, node, nrs_store_card_each(node->store, check_card, &it));
            must_read(world, node, nrs_store_prekeys_each(node->store, check_held_bundle, &it));
            sim_disk_hold(&node->disk, false);
        }
    }
}

const sim_checker sim_checker_genuine = {.name = "genuine", .stepped = stepped, .started = started, .record = record, .end = end};
