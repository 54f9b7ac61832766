#include "roster.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "proto/vocabulary.h"
#include "world.h"

#define MUST(expression) NRS_ASSERT((expression) == NRS_OK)
#define PURPOSE_SWORN 0x5303

static char *text_of(const char *text)
{
    union { const char *in; char *out; } cast = {.in = text};

    return cast.out; /* the generated structs want pointers to plain char; they are only read */
}

const sim_roster_version *sim_rosters_at(const sim_rosters *rosters, uint64_t version)
{
    return version == 0 || version > rosters->count ? NULL : &rosters->versions[version - 1];
}

const sim_roster_version *sim_rosters_newest(const sim_rosters *rosters)
{
    return sim_rosters_at(rosters, rosters->count);
}

uint64_t sim_roster_members(const sim_roster_version *version)
{
    return version->who.members | (version->forked ? version->rival : 0);
}

uint64_t sim_roster_sworn_at(const sim_roster_version *version, uint64_t at_ms)
{
    uint64_t set = version->who.sworn;

    for (size_t i = 0; i < SIM_NODES_MAX; i++) {
        set &= version->who.until_ms[i] != 0 && version->who.until_ms[i] <= at_ms ? ~(1ull << i) : UINT64_MAX;
    }
    return set;
}

uint64_t sim_roster_sworn_ever(const sim_roster_version *version)
{
    return sim_roster_sworn_at(version, UINT64_MAX);
}

uint64_t sim_roster_agreed(const sim_roster_version *version)
{
    return version->who.members & (version->forked ? version->rival : UINT64_MAX);
}

sim_rosters *sim_rosters_of(sim_world *world, const uint8_t community[NRS_HASH_SIZE])
{
    for (size_t i = 0; i < world->community_count; i++) {
        if (memcmp(world->communities[i].community, community, NRS_HASH_SIZE) == 0) {
            return &world->communities[i];
        }
    }
    return NULL;
}

bool sim_rosters_forked(const sim_rosters *rosters)
{
    return sim_rosters_newest(rosters)->forked;
}

/* ---- What a roster says ---- */

/* What a roster's lists point to while it is encoded. */
typedef struct entries {
    Nrs__Wire__Member members[SIM_NODES_MAX], *member_list[SIM_NODES_MAX];
    Nrs__Wire__Tombstone tombstones[SIM_NODES_MAX * SIM_KEYS_MAX], *tombstone_list[SIM_NODES_MAX * SIM_KEYS_MAX];
    ProtobufCBinaryData keys[SIM_ROSTER_KEYS], forks[2];
    Nrs__Wire__Recognised recognised, *recognised_list[1];
    Nrs__Wire__Duty duties[SIM_NODES_MAX], *duty_list[SIM_NODES_MAX];
    Nrs__Wire__Rules rules;
    Nrs__Wire__Disclaimer disclaimer, *disclaimer_list[1];
    Nrs__Wire__DutyRule duty_rule, *duty_rule_list[1];
} entries;

static void fill_member(entries *room, Nrs__Wire__Member *member, sim_node *node, const sim_rosters *rosters, const sim_members *who)
{
    sim_keys *of = &node->keys[who->key[node->index]];
    const nrs_public_keys *keys = nrs_identity_public(of->identity);

    nrs__wire__member__init(member);
    member->org = node->org;
    member->name = text_of("試験組織");
    member->sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
    member->agree_key = nrs_field_of(nrs_slice_of(keys->agree_key, NRS_KEY_SIZE));
    member->curve_key = nrs_field_of(nrs_slice_of(keys->curve_key, NRS_KEY_SIZE));
    member->role = (rosters->hubs & (1ull << node->index)) != 0         ? NRS_ROLE_HUB
                   : (rosters->ministries & (1ull << node->index)) != 0 ? NRS_ROLE_MINISTRY
                                                                        : NRS_ROLE_OPERATOR;
    member->proof = nrs_field_of(nrs_slice_of(of->proof, NRS_SIGNATURE_SIZE));
    if ((who->sworn & (1ull << node->index)) != 0) {
        Nrs__Wire__Duty *duty = &room->duties[node->index];

        nrs__wire__duty__init(duty);
        duty->name = text_of(SIM_DUTY);
        duty->until_ms = who->until_ms[node->index];
        room->duty_list[node->index] = duty;
        member->duties = &room->duty_list[node->index];
        member->n_duties = 1;
    }
}

static void bury(entries *room, nrs_roster *roster, sim_node *node, size_t key, uint32_t cause, uint64_t at_ms)
{
    const nrs_public_keys *keys = nrs_identity_public(node->keys[key].identity);
    Nrs__Wire__Tombstone *tombstone = &room->tombstones[roster->n_tombstones];

    nrs__wire__tombstone__init(tombstone);
    tombstone->sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
    tombstone->curve_key = nrs_field_of(nrs_slice_of(keys->curve_key, NRS_KEY_SIZE));
    tombstone->cause = cause;
    tombstone->at_ms = at_ms;
    tombstone->org = node->org;
    roster->tombstones[roster->n_tombstones++] = tombstone;
}

/* Nodes stand in the order of their names, so that members ascend. */
static void fill_entries(sim_world *world, entries *room, nrs_roster *roster, const sim_rosters *rosters, const sim_members *who)
{
    roster->members = room->member_list;
    roster->tombstones = room->tombstone_list;
    for (size_t i = 0; i < world->node_count; i++) {
        uint64_t bit = 1ull << i;

        if ((who->members & bit) != 0) {
            fill_member(room, &room->members[i], &world->nodes[i], rosters, who);
            roster->members[roster->n_members++] = &room->members[i];
        } else if (((who->revoked | who->left) & bit) != 0) {
            bury(room, roster, &world->nodes[i], who->key[i], (who->revoked & bit) != 0 ? NRS_TOMBSTONE_REVOKED : NRS_TOMBSTONE_LEFT, SIM_START_MS);
        }
        for (size_t key = 0; key < SIM_KEYS_MAX; key++) {
            if ((who->served[i] & (1u << key)) != 0) {
                bury(room, roster, &world->nodes[i], key, NRS_TOMBSTONE_LEFT, rosters->served_ms[i][key]);
            }
        }
    }
}

static void fill_rules(entries *room, const sim_rosters *rosters)
{
    nrs__wire__rules__init(&room->rules);
    room->rules.labels = rosters->labels;
    room->rules.flags = (rosters->red_relay ? NRS_RULE_RED_RELAY : 0) | NRS_RULE_WITHHELD;
    if (rosters->closed_labels != 0) {
        nrs__wire__disclaimer__init(&room->disclaimer);
        room->disclaimer.name = text_of(SIM_DISCLAIMER);
        room->disclaimer.version = 1;
        room->disclaimer.ja = text_of("本情報は参考であり、正確さを保証しない。");
        room->disclaimer.en = text_of("For reference only.");
        room->disclaimer.labels = rosters->closed_labels;
        room->disclaimer_list[0] = &room->disclaimer;
        room->rules.disclaimers = room->disclaimer_list;
        room->rules.n_disclaimers = 1;
    }
    if (rosters->duty_labels != 0) {
        nrs__wire__duty_rule__init(&room->duty_rule);
        room->duty_rule.labels = rosters->duty_labels;
        room->duty_rule.duty = text_of(SIM_DUTY);
        room->duty_rule_list[0] = &room->duty_rule;
        room->rules.duties = room->duty_rule_list;
        room->rules.n_duties = 1;
    }
}

/* There are two communities at most, so that the one recognised is the other one. */
static void fill_recognised(const sim_world *world, entries *room, nrs_roster *roster, const sim_rosters *rosters)
{
    const sim_rosters *other = &world->communities[1 - rosters->index];

    nrs__wire__recognised__init(&room->recognised);
    room->recognised.community = nrs_field_of(nrs_slice_of(other->community, NRS_HASH_SIZE));
    room->recognised.id = text_of(other->id);
    room->recognised_list[0] = &room->recognised;
    roster->recognised = room->recognised_list;
    roster->n_recognised = 1;
}

static int by_key(const void *a, const void *b)
{
    const ProtobufCBinaryData *x = a, *y = b;

    return memcmp(x->data, y->data, NRS_KEY_SIZE);
}

static void fill_keys(entries *room, nrs_roster *roster, const sim_rosters *rosters, size_t first_key)
{
    for (size_t i = 0; i < SIM_ROSTER_KEYS; i++) {
        room->keys[i] = nrs_field_of(nrs_slice_of(nrs_identity_public(rosters->keys[first_key + i])->sign_key, NRS_KEY_SIZE));
    }
    qsort(room->keys, SIM_ROSTER_KEYS, sizeof room->keys[0], by_key);
    roster->keys = room->keys;
    roster->n_keys = SIM_ROSTER_KEYS;
    roster->threshold = SIM_ROSTER_THRESHOLD;
}

/* ---- Signing ---- */

/* As many as are needed of the keys of the version before, and of its own; who they are changes from version to version. */
static void sign_by_some(sim_rosters *rosters, nrs_bytes *many, const nrs_bytes *statement, size_t first_before, size_t first_own, uint64_t version)
{
    bool signs[SIM_ROSTER_KEYS_MAX] = {false};

    for (size_t i = 0; i < SIM_ROSTER_THRESHOLD; i++) {
        signs[first_before + (version + i) % SIM_ROSTER_KEYS] = true;
        signs[first_own + (version + i) % SIM_ROSTER_KEYS] = true;
    }
    for (size_t i = 0; i < rosters->key_count; i++) {
        if (signs[i]) {
            nrs_bytes before = *many;

            *many = (nrs_bytes){0};
            MUST(nrs_roster_sign(many, nrs_slice_of_bytes(statement), nrs_slice_of_bytes(&before), rosters->keys[i]));
            nrs_bytes_wipe(&before);
        }
    }
}

typedef struct wanted {
    const sim_members *who;
    size_t first_key;
    const char *name;
    bool heals;
    const nrs_identity *own;   /* its one key, in place of the secretariat's; or NULL */
} wanted;

static void state(sim_world *world, const sim_rosters *rosters, nrs_bytes *statement_out, const wanted *want)
{
    const sim_roster_version *before = sim_rosters_newest(rosters);
    entries *room = sim_alloc(1, sizeof *room);
    nrs_roster roster;

    nrs__wire__roster__init(&roster);
    roster.suite = NRS_SUITE;
    roster.id = text_of(rosters->id);
    roster.name = text_of(want->name);
    roster.version = rosters->count + 1;
    roster.created_ms = sim_world_unix_ms(world);
    roster.expires_ms = roster.created_ms + NRS_ROSTER_LIFE_MS_DEFAULT;
    fill_rules(room, rosters);
    roster.rules = &room->rules;
    if (want->own == NULL) {
        fill_keys(room, &roster, rosters, want->first_key);
    } else {
        room->keys[0] = nrs_field_of(nrs_slice_of(nrs_identity_public(want->own)->sign_key, NRS_KEY_SIZE));
        roster.keys = room->keys;
        roster.n_keys = roster.threshold = 1;
    }
    if (before != NULL) {
        roster.community = nrs_field_of(nrs_slice_of(rosters->community, NRS_HASH_SIZE));
        roster.previous = nrs_field_of(nrs_slice_of(before->hash, NRS_HASH_SIZE));
    }
    if (want->heals) {
        bool rival_first = memcmp(rosters->rival_hash, before->hash, NRS_HASH_SIZE) < 0;

        room->forks[0] = nrs_field_of(nrs_slice_of(rival_first ? rosters->rival_hash : before->hash, NRS_HASH_SIZE));
        room->forks[1] = nrs_field_of(nrs_slice_of(rival_first ? before->hash : rosters->rival_hash, NRS_HASH_SIZE));
        roster.forks = room->forks;
        roster.n_forks = 2;
    }
    fill_entries(world, room, &roster, rosters, want->who);
    if (want->who->recognises) {
        fill_recognised(world, room, &roster, rosters);
    }
    MUST(nrs_roster_encode(statement_out, &roster));
    free(room);
}

static void sign(sim_world *world, sim_rosters *rosters, nrs_bytes *statement_out, nrs_bytes *many_out, uint8_t hash_out[NRS_HASH_SIZE], const wanted *want)
{
    const sim_roster_version *before = sim_rosters_newest(rosters);

    state(world, rosters, statement_out, want);
    sign_by_some(rosters, many_out, statement_out, before == NULL ? want->first_key : before->first_key, want->first_key, rosters->count + 1);
    nrs_roster_hash(hash_out, nrs_slice_of_bytes(statement_out));
}

static sim_roster_version *next(sim_world *world, sim_rosters *rosters, const wanted *want)
{
    sim_roster_version *version = &rosters->versions[rosters->count];
    const sim_members *who = want->who;

    *version = (sim_roster_version){.who = *who, .first_key = want->first_key, .heals = want->heals};
    sign(world, rosters, &version->statement, &version->many, version->hash, want);
    rosters->count++;
    sim_trace_line(world, NULL, "@%s: roster version %zu: members %llx, revoked %llx, left %llx, sworn %llx%s", rosters->id, rosters->count,
                   (unsigned long long)who->members, (unsigned long long)who->revoked, (unsigned long long)who->left, (unsigned long long)who->sworn,
                   who->recognises ? ", recognises the other" : "");
    return version;
}

bool sim_rosters_next(sim_world *world, sim_rosters *rosters, sim_members who)
{
    const sim_roster_version *newest = sim_rosters_newest(rosters);
    const wanted want = {.who = &who, .first_key = newest == NULL ? 0 : newest->first_key, .name = "試験CEPTOAR"};

    if (rosters->count == SIM_ROSTERS_MAX || (newest != NULL && newest->forked)) {
        return false;
    }
    who.revoked &= ~who.members;
    who.left &= ~who.members & ~who.revoked;
    who.sworn &= who.members;
    (void)next(world, rosters, &want);
    return true;
}

bool sim_rosters_succeed(sim_world *world, sim_rosters *rosters, size_t node, size_t key)
{
    sim_members who = sim_rosters_newest(rosters)->who;
    const size_t before = who.key[node];

    NRS_ASSERT(key == before + 1 && key < SIM_KEYS_MAX);
    who.key[node] = (uint8_t)key;
    who.served[node] |= (uint8_t)(1u << before);
    rosters->served_ms[node][before] = sim_world_unix_ms(world);
    return sim_rosters_next(world, rosters, who);
}

bool sim_rosters_bridged(const sim_rosters *rosters, size_t node, size_t key, uint64_t until_ms)
{
    const size_t newest = sim_rosters_newest(rosters)->who.key[node];

    return key == newest || (key + 1 == newest && rosters->served_ms[node][key] + NRS_SUCCEEDED_GRACE_MS > until_ms);
}

bool sim_rosters_rekey(sim_world *world, sim_rosters *rosters)
{
    const sim_roster_version *newest = sim_rosters_newest(rosters);
    const sim_members who = newest->who;
    const wanted want = {.who = &who, .first_key = newest->first_key + 1, .name = "試験CEPTOAR"};

    if (rosters->count == SIM_ROSTERS_MAX || rosters->key_count == SIM_ROSTER_KEYS_MAX || newest->forked) {
        return false;
    }
    (void)sim_random_use(NULL);
    MUST(nrs_identity_new(&rosters->keys[rosters->key_count++]));
    (void)next(world, rosters, &want);
    return true;
}

/* ---- Forks ---- */

bool sim_rosters_fork(sim_world *world, sim_rosters *rosters, uint64_t rival)
{
    const sim_roster_version *newest = sim_rosters_newest(rosters);
    const sim_members who = newest->who;
    sim_members other = newest->who;
    const wanted want = {.who = &who, .first_key = newest->first_key, .name = "試験CEPTOAR"};
    const wanted want_other = {.who = &other, .first_key = newest->first_key, .name = "試験CEPTOAR (2)"};
    nrs_bytes statement = {0};
    sim_roster_version *version;

    if (rosters->count + 1 >= SIM_ROSTERS_MAX || newest->forked) {
        return false;
    }
    other.members = rival;
    other.revoked = (other.revoked | who.members) & ~rival;
    other.left &= ~rival & ~other.revoked;
    other.sworn &= rival;
    nrs_bytes_wipe(&rosters->rival_many);
    sign(world, rosters, &statement, &rosters->rival_many, rosters->rival_hash, &want_other);
    nrs_bytes_wipe(&statement);
    version = next(world, rosters, &want);
    version->forked = true;
    version->rival = rival;
    memcpy(version->rival_hash, rosters->rival_hash, NRS_HASH_SIZE);
    sim_trace_line(world, NULL, "@%s: and another of version %zu: members %llx", rosters->id, rosters->count, (unsigned long long)rival);
    return true;
}

bool sim_rosters_heal(sim_world *world, sim_rosters *rosters)
{
    const sim_roster_version *newest = sim_rosters_newest(rosters);
    const sim_members who = newest->who;
    const wanted want = {.who = &who, .first_key = newest->first_key, .name = "試験CEPTOAR", .heals = true};

    if (!newest->forked) {
        return false;
    }
    NRS_ASSERT(rosters->count < SIM_ROSTERS_MAX); /* a fork leaves room for it */
    (void)next(world, rosters, &want);
    return true;
}

/* ---- What the secretariat never made ---- */

bool sim_rosters_forge(sim_world *world, sim_rosters *rosters, sim_members who, sim_forged_roster how, const nrs_identity *own, nrs_bytes *many_out)
{
    const sim_roster_version *newest = sim_rosters_newest(rosters);
    const wanted want = {.who = &who, .first_key = newest->first_key, .name = "試験CEPTOAR (?)", .own = how == SIM_ROSTER_BY_OTHERS ? own : NULL};
    const bool beside = how == SIM_ROSTER_RIVAL;
    const nrs_identity *signer = how == SIM_ROSTER_BY_OTHERS ? own : rosters->keys[newest->first_key];
    nrs_bytes statement = {0}, first = {0};

    if (beside && (rosters->count < 2 || rosters->versions[rosters->count - 2].forked || newest->first_key != rosters->versions[rosters->count - 2].first_key)) {
        return false;
    }
    rosters->count -= beside ? 1 : 0;
    state(world, rosters, &statement, &want);
    rosters->count += beside ? 1 : 0;
    if (how == SIM_ROSTER_BY_STRANGER) {
        MUST(nrs_roster_sign(&first, nrs_slice_of_bytes(&statement), nrs_slice_of(NULL, 0), own));
    }
    MUST(nrs_roster_sign(many_out, nrs_slice_of_bytes(&statement), nrs_slice_of_bytes(&first), signer));
    nrs_bytes_wipe(&first);
    nrs_bytes_wipe(&statement);
    return true;
}

bool sim_rosters_made(const sim_rosters *rosters, uint64_t version, const uint8_t hash[NRS_HASH_SIZE])
{
    const sim_roster_version *made = sim_rosters_at(rosters, version);

    return made != NULL && (memcmp(made->hash, hash, NRS_HASH_SIZE) == 0 || (made->forked && memcmp(made->rival_hash, hash, NRS_HASH_SIZE) == 0));
}

/* ---- Beginning and end ---- */

void sim_rosters_create(sim_world *world, sim_rosters *rosters, uint64_t members)
{
    sim_random random = sim_random_of(world->options.seed, PURPOSE_SWORN, rosters->index);
    sim_members who = {.members = members, .sworn = members & (sim_random_next(&random) | rosters->hubs)};

    for (size_t i = 0; i < SIM_NODES_MAX; i++) { /* of some who are no hubs it ends while the run lasts */
        const uint64_t life_ms = sim_random_between(&random, 1, 16) * SIM_DUTY_STEP_MS;

        who.until_ms[i] = (who.sworn & ~rosters->hubs & (1ull << i)) != 0 && sim_random_chance(&random, 300) ? SIM_START_MS + life_ms : 0;
    }

    for (size_t i = 0; i < SIM_ROSTER_KEYS; i++) {
        MUST(nrs_identity_new(&rosters->keys[rosters->key_count++]));
    }
    NRS_ASSERT(sim_rosters_next(world, rosters, who));
    memcpy(rosters->community, rosters->versions[0].hash, NRS_HASH_SIZE);
}

void sim_rosters_wipe(sim_rosters *rosters)
{
    for (size_t i = 0; i < rosters->key_count; i++) {
        nrs_identity_destroy(&rosters->keys[i]);
    }
    for (size_t i = 0; i < rosters->count; i++) {
        nrs_bytes_wipe(&rosters->versions[i].statement);
        nrs_bytes_wipe(&rosters->versions[i].many);
    }
    nrs_bytes_wipe(&rosters->rival_many);
    rosters->count = rosters->key_count = 0;
}
