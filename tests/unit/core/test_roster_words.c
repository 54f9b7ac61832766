/* What members say of rosters (SPEC 7.11), said by whom it is not for: of heads that are old, of times to come, for another, and
 * that somebody has joined who was only entered. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "keys/card.h"
#include "keys/identity.h"
#include "mesh_look.h"
#include "mesh_records.h"
#include "mesh_second.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

enum { HUB, HUB_TOO, ALPHA, BRAVO };

static mesh net;
static uint64_t position = 1u << 20;

typedef struct search {
    const uint8_t *signer;
    uint64_t created_ms;
} search;

static nrs_error find_row(void *context, const nrs_word_row *row)
{
    search *found = context;

    if (memcmp(row->signer, found->signer, NRS_KEY_SIZE) == 0) {
        found->created_ms = row->created_ms;
    }
    return NRS_OK;
}

/* The time of the word of `signer` that a node keeps. */
static uint64_t word_at(size_t node, size_t signer)
{
    search found = {.signer = nrs_identity_public(net.nodes[signer].identity)->sign_key};

    OK(nrs_store_word_each(net.nodes[node].store, NULL, find_row, &found));
    return found.created_ms;
}

/* The word of `signer` on the head that the mesh holds, as `via` hands it to `to`. */
static void say(size_t signer, size_t via, size_t to, uint64_t version, uint64_t created_ms)
{
    nrs_freshness said = NRS__WIRE__FRESHNESS__INIT;
    nrs_roster *held = NULL;
    nrs_bytes statement = {0}, record = {0};
    uint8_t community[NRS_HASH_SIZE], hash[NRS_HASH_SIZE];

    OK(nrs_roster_decode(&held, nrs_slice_of_bytes(&net.statement)));
    nrs_roster_community(community, held, nrs_slice_of_bytes(&net.statement));
    nrs_roster_hash(hash, nrs_slice_of_bytes(&net.statement));
    said.suite = NRS_SUITE;
    said.community = nrs_field_of(nrs_slice_of(community, sizeof community));
    said.version = version == 0 ? held->version : version;
    said.hash = nrs_field_of(nrs_slice_of(hash, sizeof hash));
    said.created_ms = created_ms;
    OK(nrs_freshness_encode(&statement, &said));
    OK(nrs_signed_record(&record, NRS_RECORD_FRESHNESS, net.nodes[signer].identity, nrs_slice_of_bytes(&statement)));
    mesh_give_records(&net, via, to, position++, nrs_slice_of_bytes(&record), nrs_slice_of(NULL, 0));
    nrs_roster_free(&held);
    nrs_bytes_wipe(&record);
    nrs_bytes_wipe(&statement);
}

/* By when the roster here was vouched for last, as `status` says it. */
static const char *vouched_at(size_t node)
{
    OK(mesh_command(&net, node, "{\"command\":\"status\"}"));
    return mesh_text(json_array_get(json_object_get(mesh_row(&net, node, 0), "communities"), 0), "vouched_at");
}

static int start(void **state)
{
    (void)state;
    mesh_start(&net, 4, 2);
    mesh_settle(&net, 6);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    mesh_stop(&net);
    return 0;
}

/* Each is refused by its rule, and what was known of its signer stays. */
static void test_words_that_do_not_count(void **state)
{
    const struct {
        const char *name;
        size_t signer, via, to;
        uint64_t version, created_ms;
        bool taken;
    } cases[] = {
        {"a member hands over another's word", BRAVO, ALPHA, HUB, 0, net.now_ms + 1, false},
        {"a member hands over a hub's word", HUB, ALPHA, HUB, 0, net.now_ms + 1, false},
        {"a hub's word dated ahead", HUB, HUB, ALPHA, 0, net.now_ms + NRS_CLOCK_AHEAD_MS_MAX + NRS_MINUTE_MS, false},
        {"a member's own word dated ahead", ALPHA, ALPHA, HUB, 0, net.now_ms + NRS_CLOCK_AHEAD_MS_MAX + NRS_MINUTE_MS, false},
        {"a hub's word on an older head", HUB, HUB, ALPHA, 1, net.now_ms + 2, false},
        {"a member's own word", ALPHA, ALPHA, HUB, 0, net.now_ms + 3, true},
        {"a member's word, handed over by a hub", BRAVO, HUB, ALPHA, 0, net.now_ms + 4, true},
        {"a hub's own word", HUB, HUB, ALPHA, 0, net.now_ms + 5, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const uint64_t before = word_at(cases[i].to, cases[i].signer);
        char vouched[64];

        assert_true(before != 0 && before != cases[i].created_ms);
        (void)snprintf(vouched, sizeof vouched, "%s", vouched_at(cases[i].to));
        say(cases[i].signer, cases[i].via, cases[i].to, cases[i].version, cases[i].created_ms);
        if (word_at(cases[i].to, cases[i].signer) != (cases[i].taken ? cases[i].created_ms : before)) {
            fail_msg("%s", cases[i].name);
        }
        if (!cases[i].taken) {
            assert_string_equal(vouched_at(cases[i].to), vouched);
        }
    }
}

/* An organisation of another community, whose prekeys are known from there, is entered in a roster that it knows nothing of: nothing is
 * sealed to it until it says itself that it belongs there. */
static void test_copied_key_with_known_prekeys(void **state)
{
    static const size_t nodes[] = {HUB, ALPHA, 4};
    static const uint32_t roles[] = {NRS_ROLE_HUB, NRS_ROLE_OPERATOR, NRS_ROLE_OPERATOR};
    static mesh_second gas;
    const size_t stranger = mesh_add_node(&net, "stranger");
    const json_t *waiting;

    (void)state;
    assert_int_equal(stranger, 4);
    mesh_second_start(&net, &gas, "gas", nodes, roles, 3, false);
    mesh_settle(&net, 6);
    mesh_down(&net, stranger);
    OK(mesh_command(&net, ALPHA, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@gas\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, ALPHA, 0), "waiting")), 0); /* its prekeys are known */
    mesh_up(&net, stranger);
    mesh_join(&net, stranger, NRS_ROLE_OPERATOR);
    mesh_down(&net, stranger); /* before it says a word to anybody */
    mesh_settle(&net, 4);
    OK(mesh_command(&net, ALPHA, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    waiting = json_object_get(mesh_row(&net, ALPHA, 0), "waiting");
    assert_int_equal(json_array_size(waiting), 1);
    assert_string_equal(json_string_value(json_array_get(waiting, 0)), "stranger");
    mesh_second_stop(&gas);
}

/* Linked for one community's sake they are invited to another one after the other: what the first says, and the hub, comes while the second does not hold
 * it, and it refuses that. Once it has joined it is told. */
static void test_members_that_join_a_second_community_one_by_one(void **state)
{
    static const size_t nodes[] = {HUB, ALPHA, BRAVO};
    static const uint32_t roles[] = {NRS_ROLE_HUB, NRS_ROLE_OPERATOR, NRS_ROLE_OPERATOR};
    static mesh_second gas;

    for (size_t down = 0; down < 2; down++) { /* the hub goes on, or falls as the second joins */
        stop(state);
        start(state);
        mesh_second_make(&net, &gas, "gas", nodes, roles, 3, false);
        for (size_t i = 0; i < 3; i++) {
            mesh_second_invite(&net, &gas, &nodes[i], &roles[i], 1);
            mesh_settle(&net, i == 2 && down == 1 ? 1 : 4);
        }
        if (down == 1) {
            mesh_crash(&net, HUB);
            mesh_settle(&net, 6);
        }
        for (size_t from = 0; from < 3; from++) {
            OK(mesh_command(&net, nodes[from], "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@gas\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
            assert_int_equal(json_array_size(json_object_get(mesh_row(&net, nodes[from], 0), "recipients")), 2);
            assert_int_equal(json_array_size(json_object_get(mesh_row(&net, nodes[from], 0), "waiting")), 0);
        }
        mesh_second_stop(&gas);
    }
}

static nrs_error find_card(void *context, const nrs_published_row *row)
{
    search *found = context;

    if (memcmp(row->owner, found->signer, NRS_KEY_SIZE) == 0) {
        found->created_ms = row->serial;
    }
    return NRS_OK;
}

static uint64_t serial_at(size_t node, size_t owner)
{
    search found = {.signer = nrs_identity_public(net.nodes[owner].identity)->sign_key};

    OK(nrs_store_card_each(net.nodes[node].store, find_card, &found));
    return found.created_ms;
}

/* A newer card of an organisation, good in itself: taken from its owner or a hub, and from no other member. */
static void test_cards_that_are_handed_over(void **state)
{
    const uint64_t held = serial_at(HUB, BRAVO);
    nrs_bytes payload = {0}, record = {0};
    nrs_card value;

    (void)state;
    assert_int_equal(serial_at(ALPHA, BRAVO), held);
    nrs__wire__card__init(&value);
    value.org = net.nodes[BRAVO].org;
    value.name = net.nodes[BRAVO].org;
    value.serial = held + 1;
    value.created_ms = net.now_ms;
    OK(nrs_card_sign(&payload, &value, net.nodes[BRAVO].identity));
    OK(nrs_record_wrap(&record, NRS_RECORD_CARD, nrs_slice_of_bytes(&payload)));
    mesh_give_records(&net, ALPHA, HUB, position++, nrs_slice_of_bytes(&record), nrs_slice_of(NULL, 0));
    assert_int_equal(serial_at(HUB, BRAVO), held);
    mesh_give_records(&net, HUB, ALPHA, position++, nrs_slice_of_bytes(&record), nrs_slice_of(NULL, 0));
    assert_int_equal(serial_at(ALPHA, BRAVO), held + 1);
    mesh_give_records(&net, BRAVO, HUB, position++, nrs_slice_of_bytes(&record), nrs_slice_of(NULL, 0));
    assert_int_equal(serial_at(HUB, BRAVO), held + 1);
    nrs_bytes_wipe(&record);
    nrs_bytes_wipe(&payload);
}

static void of_a_time_to_come(void *context, nrs_roster *next)
{
    (void)context;
    next->created_ms += 400 * NRS_DAY_MS;
    next->expires_ms = next->created_ms + NRS_ROSTER_LIFE_MS_DEFAULT;
}

static nrs_error amber_from(size_t node)
{
    return mesh_command(&net, node, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}");
}

/* Made by a clock that is wrong it is in force as any; but hubs' words alone keep it fresh, and a hub says one at once. */
static void test_a_roster_of_a_time_to_come(void **state)
{
    (void)state;
    mesh_change(&net, of_a_time_to_come, NULL);
    mesh_settle(&net, 4);
    OK(amber_from(ALPHA));
    mesh_down(&net, HUB);
    mesh_down(&net, HUB_TOO);
    for (int day = 0; day < 4; day++) {
        net.now_ms += NRS_DAY_MS;
        net.monotonic_ms += NRS_DAY_MS;
        mesh_settle(&net, 1);
    }
    assert_int_equal(amber_from(ALPHA), NRS_ERROR_ROSTER_STALE);
    mesh_up(&net, HUB);
    mesh_settle(&net, 4);
    OK(amber_from(ALPHA));
}

static void of_thirty_days(void *context, nrs_roster *next)
{
    (void)context;
    next->expires_ms = next->created_ms + 30 * NRS_DAY_MS;
}

/* That it ends soon, or has ended, hides nothing of that nobody vouches for it. */
static void test_near_its_expiry_and_stale(void **state)
{
    (void)state;
    mesh_change(&net, of_thirty_days, NULL);
    mesh_settle(&net, 4);
    assert_true(mesh_warned(&net, ALPHA, "expires within 60 days"));
    assert_false(mesh_warned(&net, ALPHA, "no hub has vouched"));
    mesh_down(&net, HUB);
    mesh_down(&net, HUB_TOO);
    for (int day = 0; day < 4; day++) {
        net.now_ms += NRS_DAY_MS;
        net.monotonic_ms += NRS_DAY_MS;
        mesh_settle(&net, 1);
    }
    assert_true(mesh_warned(&net, ALPHA, "expires within 60 days"));
    assert_true(mesh_warned(&net, ALPHA, "no hub has vouched"));
    for (int day = 0; day < 30; day++) {
        net.now_ms += NRS_DAY_MS;
        net.monotonic_ms += NRS_DAY_MS;
        mesh_settle(&net, 1);
    }
    assert_int_equal(amber_from(ALPHA), NRS_ERROR_COMMUNITY_RULE);
    assert_true(mesh_warned(&net, ALPHA, "has expired: nothing above GREEN can be sent without --stale-roster"));
    assert_true(mesh_warned(&net, ALPHA, "no hub has vouched"));
}

/* Its own word every day says nothing of whether it is cut off from the other hub. */
static void test_a_hub_beside_another_does_not_vouch_for_itself(void **state)
{
    (void)state;
    OK(amber_from(HUB));
    mesh_down(&net, HUB_TOO);
    for (int day = 0; day < 4; day++) {
        net.now_ms += NRS_DAY_MS;
        net.monotonic_ms += NRS_DAY_MS;
        mesh_settle(&net, 2);
    }
    assert_int_equal(amber_from(HUB), NRS_ERROR_ROSTER_STALE);
    OK(amber_from(ALPHA)); /* it hears a hub */
    mesh_up(&net, HUB_TOO);
    mesh_settle(&net, 4);
    OK(amber_from(HUB));
    mesh_down(&net, HUB_TOO);
    mesh_remove(&net, HUB_TOO); /* the only hub */
    for (int day = 0; day < 4; day++) {
        net.now_ms += NRS_DAY_MS;
        net.monotonic_ms += NRS_DAY_MS;
        mesh_settle(&net, 2);
    }
    OK(amber_from(HUB));
}

static bool is_word_of(nrs_slice bytes, size_t signer)
{
    nrs_record *record = NULL;
    nrs_signed *outer = NULL;
    bool is = false;

    OK(nrs_record_decode(&record, bytes));
    if (record->type == NRS_RECORD_FRESHNESS) {
        OK(nrs_signed_decode(&outer, nrs_field(&record->payload)));
        is = memcmp(outer->signer.data, nrs_identity_public(net.nodes[signer].identity)->sign_key, NRS_KEY_SIZE) == 0;
    }
    nrs_signed_free(&outer);
    nrs_record_free(&record);
    return is;
}

/* How many words of ALPHA's the hub sends to BRAVO. */
static bool count_words(void *context, size_t from, size_t to, nrs_slice bytes)
{
    size_t *count = context;
    nrs_frame *frame = NULL;
    nrs_items *items = NULL;

    if (from == HUB && to == BRAVO && nrs_frame_decode(&frame, bytes) == NRS_OK && frame->type == NRS_FRAME_ITEMS &&
        nrs_items_decode(&items, nrs_field(&frame->payload)) == NRS_OK) {
        for (size_t i = 0; i < items->n_items; i++) {
            for (size_t j = 0; j < items->items[i]->n_records; j++) {
                *count += is_word_of(nrs_field(&items->items[i]->records[j]), ALPHA) ? 1 : 0;
            }
        }
    }
    nrs_items_free(&items);
    nrs_frame_free(&frame);
    return true;
}

/* Also one that the hub has just passed on to others. */
static void test_a_word_that_was_replaced_goes_to_nobody(void **state)
{
    size_t count = 0;

    (void)state;
    mesh_down(&net, BRAVO);
    say(ALPHA, ALPHA, HUB, 0, net.now_ms + 1);
    say(ALPHA, ALPHA, HUB, 0, net.now_ms + 2);
    net.inspect = count_words;
    net.inspect_context = &count;
    mesh_up(&net, BRAVO);
    mesh_settle(&net, 6);
    assert_int_equal(count, 1);
    assert_int_equal(word_at(BRAVO, ALPHA), word_at(HUB, ALPHA));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_words_that_do_not_count, start, stop),
        cmocka_unit_test_setup_teardown(test_cards_that_are_handed_over, start, stop),
        cmocka_unit_test_setup_teardown(test_copied_key_with_known_prekeys, start, stop),
        cmocka_unit_test_setup_teardown(test_a_roster_of_a_time_to_come, start, stop),
        cmocka_unit_test_setup_teardown(test_near_its_expiry_and_stale, start, stop),
        cmocka_unit_test_setup_teardown(test_a_hub_beside_another_does_not_vouch_for_itself, start, stop),
        cmocka_unit_test_setup_teardown(test_a_word_that_was_replaced_goes_to_nobody, start, stop),
        cmocka_unit_test_setup_teardown(test_members_that_join_a_second_community_one_by_one, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
