#include "mesh_rosters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/armour.h"
#include "proto/vocabulary.h"
#include "store/store.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

void mesh_roster_wipe(mesh_roster *roster)
{
    nrs_bytes_wipe(&roster->statement);
    nrs_bytes_wipe(&roster->many);
}

static int compare_keys(const void *a, const void *b)
{
    return memcmp(((const ProtobufCBinaryData *)a)->data, ((const ProtobufCBinaryData *)b)->data, NRS_KEY_SIZE);
}

static size_t set_keys(ProtobufCBinaryData fields[MESH_SIGNER_MAX], const mesh_edit *edit)
{
    size_t count = 0;

    for (; count < MESH_SIGNER_MAX && edit->keys[count] != NULL; count++) {
        fields[count] = nrs_field_of(nrs_slice_of(nrs_identity_public(edit->keys[count])->sign_key, NRS_KEY_SIZE));
    }
    qsort(fields, count, sizeof fields[0], compare_keys);
    return count;
}

/* In: list: the tombstones before. Out: stone_out: borrows from the member. */
static void bury(Nrs__Wire__Tombstone *stone_out, nrs_roster *next, const nrs_roster *held, Nrs__Wire__Tombstone **list, const char *org)
{
    const Nrs__Wire__Member *member = nrs_roster_member_by_org(held, org);

    assert_non_null(member);
    nrs__wire__tombstone__init(stone_out);
    stone_out->sign_key = member->sign_key;
    stone_out->curve_key = member->curve_key;
    stone_out->org = member->org;
    stone_out->cause = NRS_TOMBSTONE_REVOKED;
    stone_out->at_ms = held->created_ms;
    for (size_t i = 0; i < next->n_tombstones; i++) {
        list[i] = held->tombstones[i];
    }
    list[next->n_tombstones++] = stone_out;
    next->tombstones = list;
}

static bool dropped(const mesh_edit *edit, const char *org)
{
    return (edit->without != NULL && strcmp(org, edit->without) == 0) || (edit->revoked != NULL && strcmp(org, edit->revoked) == 0);
}

mesh_roster mesh_follow(nrs_slice before, const mesh_edit *edit, const nrs_identity *const *signers)
{
    mesh_roster made = {{0}, {0}};
    nrs_roster *held = NULL;
    nrs_roster next;
    Nrs__Wire__Member *fresh = edit->with;
    Nrs__Wire__Member *members[MESH_NODE_MAX + 1];
    Nrs__Wire__Tombstone stone, *stones[MESH_NODE_MAX];
    ProtobufCBinaryData keys[MESH_SIGNER_MAX], forks[4];
    uint8_t community[NRS_HASH_SIZE], previous[NRS_HASH_SIZE], hashes[4][NRS_HASH_SIZE];

    OK(nrs_roster_decode(&held, before));
    nrs_roster_community(community, held, before);
    nrs_roster_hash(previous, before);
    next = *held;
    next.version = edit->version == 0 ? held->version + 1 : edit->version;
    next.expires_ms += edit->later_ms;
    next.community = nrs_field_of(nrs_slice_of(community, sizeof community));
    next.previous = nrs_field_of(nrs_slice_of(previous, sizeof previous));
    next.n_tombstones = edit->unburied ? 0 : held->n_tombstones;
    next.members = members;
    next.n_members = 0;
    for (size_t i = 0; i < held->n_members; i++) {
        if (fresh != NULL && strcmp(held->members[i]->org, fresh->org) > 0) {
            members[next.n_members++] = fresh;
            fresh = NULL;
        }
        if (!dropped(edit, held->members[i]->org)) {
            members[next.n_members++] = held->members[i];
        }
    }
    if (fresh != NULL) {
        members[next.n_members++] = fresh;
    }
    if (edit->revoked != NULL) {
        bury(&stone, &next, held, stones, edit->revoked);
    }
    if (edit->keys[0] != NULL) {
        next.n_keys = set_keys(keys, edit);
        next.keys = keys;
    }
    next.threshold = edit->threshold == 0 ? held->threshold : (uint32_t)edit->threshold;
    next.n_forks = edit->fork_count;
    next.forks = forks;
    for (size_t i = 0; i < edit->fork_count; i++) {
        nrs_roster_hash(hashes[i], edit->forks[i]);
        forks[i] = nrs_field_of(nrs_slice_of(hashes[i], NRS_HASH_SIZE));
    }
    OK(nrs_roster_encode(&made.statement, &next));
    for (size_t i = 0; signers[i] != NULL; i++) {
        nrs_bytes more = {0};

        OK(nrs_roster_sign(&more, nrs_slice_of_bytes(&made.statement), nrs_slice_of_bytes(&made.many), signers[i]));
        nrs_bytes_wipe(&made.many);
        made.many = more;
    }
    nrs_roster_free(&held);
    return made;
}

void mesh_show_record(mesh *net, size_t from, size_t to, nrs_record_type type, nrs_slice payload, uint64_t position)
{
    nrs_bytes record = {0}, items_bytes = {0}, frame_bytes = {0};
    Nrs__Wire__Item item = NRS__WIRE__ITEM__INIT;
    Nrs__Wire__Item *list[1] = {&item};
    nrs_items items = NRS__WIRE__ITEMS__INIT;
    nrs_frame frame = NRS__WIRE__FRAME__INIT;
    ProtobufCBinaryData fields[1];

    OK(nrs_record_wrap(&record, type, payload));
    fields[0] = nrs_field_of(nrs_slice_of_bytes(&record));
    item.position = position;
    item.records = fields;
    item.n_records = 1;
    items.items = list;
    items.n_items = 1;
    OK(nrs_items_encode(&items_bytes, &items));
    frame.type = NRS_FRAME_ITEMS;
    frame.payload = nrs_field_of(nrs_slice_of_bytes(&items_bytes));
    OK(nrs_frame_encode(&frame_bytes, &frame));
    OK(mesh_inject(net, from, to, nrs_slice_of_bytes(&frame_bytes)));
    nrs_bytes_wipe(&frame_bytes);
    nrs_bytes_wipe(&items_bytes);
    nrs_bytes_wipe(&record);
}

void mesh_show(mesh *net, size_t from, size_t to, nrs_slice many)
{
    mesh_show_record(net, from, to, NRS_RECORD_ROSTER, many, 0);
}

void mesh_put(mesh *net, size_t node, const char *type, nrs_slice bytes)
{
    char *text = NULL;
    nrs_event event = {.type = NRS_EVENT_INBOX, .name = "given", .user = "tester"};

    net->nodes[node].last_log[0] = '\0';
    OK(nrs_armour_encode(&text, type, bytes));
    event.bytes = nrs_slice_of_string(text);
    OK(mesh_step(net, node, &event));
    free(text);
}

void mesh_invite(mesh *net, size_t node, const mesh_roster *const *chain, size_t chain_count, const mesh_roster *current)
{
    nrs_invite invite = NRS__WIRE__INVITE__INIT;
    ProtobufCBinaryData fields[4];
    nrs_roster *roster = NULL;
    nrs_bytes first = {0}, bytes = {0};

    assert_true(chain_count <= 4);
    OK(nrs_roster_decode(&roster, nrs_slice_of_bytes(&current->statement)));
    OK(nrs_store_roster_get(net->nodes[net->nodes[0].store == NULL ? node : 0].store, &first, roster->community.data, 1));
    for (size_t i = 0; i < chain_count; i++) {
        fields[i] = nrs_field_of(nrs_slice_of_bytes(&chain[i]->many));
    }
    invite.first = nrs_field_of(nrs_slice_of_bytes(&first));
    invite.current = nrs_field_of(nrs_slice_of_bytes(&current->many));
    invite.chain = fields;
    invite.n_chain = chain_count;
    OK(nrs_invite_encode(&bytes, &invite));
    mesh_put(net, node, "INVITE", nrs_slice_of_bytes(&bytes));
    nrs_bytes_wipe(&bytes);
    nrs_bytes_wipe(&first);
    nrs_roster_free(&roster);
}

const json_t *mesh_community(mesh *net, size_t node)
{
    OK(mesh_command(net, node, "{\"command\":\"status\"}"));
    return json_array_get(json_object_get(mesh_row(net, node, 0), "communities"), 0);
}

long long mesh_version(mesh *net, size_t node)
{
    return json_integer_value(json_object_get(mesh_community(net, node), "roster_version"));
}

bool mesh_forked(mesh *net, size_t node)
{
    return json_is_true(json_object_get(mesh_community(net, node), "forked"));
}

const json_t *mesh_forks(mesh *net, size_t node)
{
    OK(mesh_command(net, node, "{\"command\":\"roster-forks\",\"community\":\"electricity\"}"));
    return mesh_row(net, node, 0);
}

static char duty_name[] = "nda";

void mesh_take_duty(void *context, nrs_roster *next)
{
    static Nrs__Wire__Duty duty, *taken[1] = {&duty};
    const mesh_duty *given = context;

    nrs__wire__duty__init(&duty);
    duty.name = duty_name;
    for (size_t i = 0; i < next->n_members; i++) {
        const bool without = given->without != NULL && strcmp(next->members[i]->org, given->without) == 0;

        next->members[i]->duties = without ? NULL : taken;
        next->members[i]->n_duties = without ? 0 : 1;
    }
}

void mesh_demand_duty(void *context, nrs_roster *next)
{
    static Nrs__Wire__DutyRule rule, *rules[1] = {&rule};
    static Nrs__Wire__Rules kept;
    const mesh_duty *given = context;

    kept = *next->rules;
    nrs__wire__duty_rule__init(&rule);
    rule.labels = NRS_LABEL_BIT(given->label);
    rule.kinds = given->kinds;
    rule.duty = duty_name;
    kept.duties = rules;
    kept.n_duties = 1;
    next->rules = &kept;
    mesh_take_duty(context, next);
}
