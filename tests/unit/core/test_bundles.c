/* Prekey bundles that nobody needs are let go of everywhere, whatever order the records come in, and none comes back (SPEC 7.3). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "mesh_persons.h"
#include "mesh_rosters.h"
#include "proto/vocabulary.h"
#include "proto/wire.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

enum { HUB, DESK, OTHER, LATE };
#define GIVEN_POSITION 1000000u

static mesh net;
static mesh_person ito = {"ito", OTHER, NULL}, tanaka = {"tanaka", OTHER, NULL};

static int start(void **state)
{
    mesh_person *both[] = {&ito, &tanaka};

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_persons_card(&net, OTHER, both, 2);
    mesh_person_prekeys(&net, &ito);
    mesh_person_prekeys(&net, &tanaka);
    mesh_settle(&net, 4);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    nrs_identity_destroy(&ito.identity);
    nrs_identity_destroy(&tanaka.identity);
    mesh_stop(&net);
    return 0;
}

static nrs_error count_row(void *context, const nrs_published_row *row)
{
    (void)row;
    (*(size_t *)context)++;
    return NRS_OK;
}

static size_t bundles(size_t node)
{
    size_t count = 0;

    OK(nrs_store_prekeys_each(net.nodes[node].store, count_row, &count));
    return count;
}

static nrs_error count_whole(void *context, const nrs_log_row *row)
{
    *(size_t *)context += row->type == NRS_RECORD_PREKEYS && row->record.size > 0;
    return NRS_OK;
}

/* Those of which the log has more than the id. */
static size_t logged(size_t node)
{
    size_t count = 0;

    OK(nrs_store_log_each(net.nodes[node].store, 0, 1000, count_whole, &count));
    return count;
}

/* What one finds of a bundle: its bytes. */
typedef struct wanted { const uint8_t *owner; nrs_bytes payload; } wanted;

static nrs_error find_payload(void *context, const nrs_published_row *row)
{
    wanted *it = context;

    return memcmp(row->owner, it->owner, NRS_KEY_SIZE) == 0 ? nrs_bytes_copy(&it->payload, row->payload) : NRS_OK;
}

static bool sealed_to(size_t node, const char *person)
{
    OK(mesh_ask(&net, node, "{\"command\":\"send\",\"label\":\"RED\",\"to\":[\"%s\",\"tanaka@org-2\"],\"dry_run\":true}", person));
    return json_array_size(json_object_get(mesh_row(&net, node, 0), "recipients")) == 2;
}

/* The hub's engine knows nothing of what a test hands over in its name. */
static bool swallow_confirms(void *context, size_t from, size_t to, nrs_slice bytes)
{
    nrs_frame *frame = NULL;
    nrs_confirm *confirm = NULL;

    (void)context;
    (void)from;
    (void)to;
    if (nrs_frame_decode(&frame, bytes) == NRS_OK && frame->type == NRS_FRAME_CONFIRM && nrs_confirm_decode(&confirm, nrs_field(&frame->payload)) == NRS_OK) {
        net.swallow = confirm->position >= GIVEN_POSITION;
    }
    nrs_confirm_free(&confirm);
    nrs_frame_free(&frame);
    return true;
}

static void a_person_who_is_off_the_card(void **state)
{
    mesh_person *left[] = {&tanaka};
    wanted old_bundle = {.owner = nrs_identity_public(ito.identity)->sign_key};
    nrs_bytes old_card = {0};

    (void)state;
    assert_true(sealed_to(DESK, "ito@org-2"));
    OK(nrs_store_prekeys_each(net.nodes[HUB].store, find_payload, &old_bundle));
    OK(nrs_bytes_copy(&old_card, nrs_slice_of_bytes(&net.nodes[OTHER].card)));
    for (size_t node = 0; node < 3; node++) {
        assert_int_equal(bundles(node), 5);
        assert_int_equal(logged(node), 5);
    }
    mesh_persons_next_card(&net, OTHER, left, 1);
    mesh_settle(&net, 4);
    for (size_t node = 0; node < 3; node++) {
        assert_int_equal(bundles(node), 4);
        assert_int_equal(logged(node), 4);
    }
    mesh_crash(&net, DESK);
    mesh_settle(&net, 4);
    assert_int_equal(mesh_ask(&net, DESK, "{\"command\":\"red-prepare\",\"label\":\"RED\",\"to\":[\"ito@org-2\"]}"), NRS_ERROR_UNKNOWN_PERSON);
    net.inspect = swallow_confirms; /* sent again, by whoever kept them */
    mesh_show_record(&net, HUB, DESK, NRS_RECORD_CARD, nrs_slice_of_bytes(&old_card), GIVEN_POSITION);
    mesh_show_record(&net, HUB, DESK, NRS_RECORD_PREKEYS, nrs_slice_of_bytes(&old_bundle.payload), GIVEN_POSITION + 1);
    mesh_settle(&net, 2);
    assert_int_equal(bundles(DESK), 4);
    assert_int_equal(mesh_ask(&net, DESK, "{\"command\":\"red-prepare\",\"label\":\"RED\",\"to\":[\"ito@org-2\"]}"), NRS_ERROR_UNKNOWN_PERSON);
    nrs_bytes_wipe(&old_bundle.payload);
    nrs_bytes_wipe(&old_card);
}

/* As after a restore: the key is on the card again, and only what is made then counts. */
static void a_person_who_comes_back(void **state)
{
    mesh_person *both[] = {&ito, &tanaka};

    (void)state;
    mesh_persons_next_card(&net, OTHER, both + 1, 1);
    mesh_persons_next_card(&net, OTHER, both, 2);
    mesh_settle(&net, 4);
    assert_false(sealed_to(DESK, "ito@org-2"));
    net.now_ms++; /* a bundle is newer than the one before it */
    mesh_person_prekeys(&net, &ito);
    mesh_settle(&net, 4);
    assert_true(sealed_to(DESK, "ito@org-2"));
}

/* The card in force stands behind the bundle in the log of who hands both on. */
static void who_catches_up_has_the_newest_of_all(void **state)
{
    mesh_person *both[] = {&ito, &tanaka};

    (void)state;
    mesh_persons_next_card(&net, OTHER, both, 2);
    mesh_settle(&net, 4);
    mesh_crash(&net, HUB); /* of the cards before it has the ids alone */
    mesh_settle(&net, 4);
    assert_int_equal(mesh_add_node(&net, "org-3"), LATE);
    mesh_join(&net, LATE, NRS_ROLE_OPERATOR);
    mesh_settle(&net, 6);
    assert_true(sealed_to(LATE, "ito@org-2"));
}

static void a_member_that_left(void **state)
{
    size_t before = bundles(HUB);

    (void)state;
    mesh_down(&net, OTHER);
    mesh_let_go(&net, OTHER);
    mesh_settle(&net, 4);
    for (size_t day = 0; day < 36; day++) {
        if (day == 3) { /* it may come back */
            assert_int_equal(bundles(HUB), before);
        }
        net.now_ms += NRS_DAY_MS;
        net.monotonic_ms += NRS_DAY_MS;
        mesh_settle(&net, 1);
    }
    for (size_t node = 0; node < 2; node++) {
        assert_int_equal(bundles(node), before - 3);
        assert_int_equal(logged(node), before - 3);
        mesh_crash(&net, node);
        mesh_settle(&net, 2);
        assert_int_equal(bundles(node), before - 3);
    }
}

static nrs_error count_prekey(void *context, const nrs_prekey_row *row)
{
    (void)row;
    (*(size_t *)context)++;
    return NRS_OK;
}

static size_t secrets(size_t node)
{
    size_t count = 0;

    OK(nrs_store_prekey_each(net.nodes[node].store, count_prekey, &count));
    return count;
}

/* Prekeys whose bundle is refused leave no secrets behind. */
static void what_is_refused_leaves_nothing(void **state)
{
    const size_t before = secrets(OTHER);

    (void)state;
    assert_int_equal(mesh_person_prekeys_made(&net, &ito, net.now_ms + NRS_CLOCK_AHEAD_MS_MAX + NRS_DAY_MS), NRS_ERROR_CLOCK);
    assert_int_equal(secrets(OTHER), before);
    OK(mesh_person_prekeys_made(&net, &ito, net.now_ms));
    assert_true(secrets(OTHER) > before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_person_who_is_off_the_card, start, stop),
        cmocka_unit_test_setup_teardown(a_person_who_comes_back, start, stop),
        cmocka_unit_test_setup_teardown(who_catches_up_has_the_newest_of_all, start, stop),
        cmocka_unit_test_setup_teardown(a_member_that_left, start, stop),
        cmocka_unit_test_setup_teardown(what_is_refused_leaves_nothing, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
