/* A series of reports (SPEC 6.9): anybody may follow it, and who began it says which is its last. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh.h"
#include "mesh_look.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define ID (2 * NRS_HASH_SIZE + 1)

enum { HUB = 0, SOURCE = 1, READER = 2 };

static mesh net;

static nrs_error follow(size_t node, char id[ID], const char *followed, bool final)
{
    const nrs_error error = mesh_ask(&net, node,
                                     "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"件名\",\"body\":\"本文\"%s%s%s%s}",
                                     followed == NULL ? "" : ",\"follows\":\"", followed == NULL ? "" : followed, followed == NULL ? "" : "\"",
                                     final ? ",\"final\":true" : "");

    if (error == NRS_OK) {
        (void)snprintf(id, ID, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
        mesh_settle(&net, 3);
    }
    return error;
}

static bool ends(size_t node, const char *id)
{
    OK(mesh_ask(&net, node, "{\"command\":\"show\",\"id\":\"%s\"}", id));
    return json_is_true(json_object_get(mesh_row(&net, node, 0), "final"));
}

static void who_began_it_ends_it(void **state)
{
    char first[ID], own[ID], last[ID], other[ID];

    (void)state;
    mesh_start(&net, 3, 1);
    OK(follow(SOURCE, first, NULL, false));
    assert_int_equal(follow(READER, own, first, true), NRS_ERROR_NOT_ORIGINATOR);
    OK(follow(READER, own, first, false));
    assert_int_equal(follow(READER, last, own, true), NRS_ERROR_NOT_ORIGINATOR); /* nor by way of its own */
    OK(follow(SOURCE, last, own, true)); /* its series, whoever added to it */
    assert_true(ends(READER, last));
    assert_true(ends(HUB, last));
    OK(follow(READER, other, NULL, false));
    OK(follow(READER, last, other, true));
    assert_true(ends(SOURCE, last));
    OK(follow(READER, last, NULL, true)); /* a series of one */
    assert_true(ends(SOURCE, last));
    mesh_stop(&net);
}

/* Who cannot tell any more what its own one followed is not refused, and is believed by nobody who can. */
static void another_is_not_believed(void **state)
{
    char first[ID], own[ID], last[ID];

    (void)state;
    mesh_start(&net, 3, 1);
    OK(follow(SOURCE, first, NULL, false));
    OK(follow(READER, own, first, false));
    OK(mesh_ask(&net, READER, "{\"command\":\"forget\",\"id\":\"%s\"}", own));
    mesh_settle(&net, 2);
    OK(follow(READER, last, own, true));
    assert_false(ends(SOURCE, last));
    assert_false(ends(HUB, last));
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"list\"}"));
    assert_int_equal(mesh_row_count(&net, SOURCE), 3);
    assert_true(json_is_false(json_object_get(mesh_row(&net, SOURCE, 2), "final")));
    mesh_stop(&net);
}

/* What it followed was withdrawn before anybody read that. */
static void what_cannot_be_looked_into_begins_nothing(void **state)
{
    char first[ID], own[ID], last[ID];

    (void)state;
    mesh_start(&net, 3, 1);
    OK(follow(SOURCE, first, NULL, false));
    OK(follow(READER, own, first, false));
    OK(mesh_ask(&net, READER, "{\"command\":\"forget\",\"id\":\"%s\"}", own));
    OK(mesh_ask(&net, READER, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤報\"}", own));
    mesh_settle(&net, 4);
    OK(follow(READER, last, own, true));
    assert_false(ends(SOURCE, last));
    assert_false(ends(HUB, last));
    mesh_stop(&net);
}

/* What was withdrawn before anybody read it does not say what it followed: neither beside itself nor beside the other. */
static void what_nobody_read_follows_nothing(void **state)
{
    char first[ID], own[ID];

    (void)state;
    mesh_start(&net, 3, 1);
    OK(follow(SOURCE, first, NULL, false));
    OK(follow(READER, own, first, false));
    mesh_settle(&net, 2);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"show\",\"id\":\"%s\"}", own));
    OK(mesh_ask(&net, READER, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤報\"}", own));
    mesh_settle(&net, 4);
    assert_non_null(mesh_listed_row(&net, HUB, own));
    assert_string_equal(mesh_text(mesh_listed_row(&net, HUB, own), "follows"), "");
    assert_string_equal(mesh_text(mesh_listed_row(&net, SOURCE, own), "follows"), first);
    assert_int_equal(json_array_size(json_object_get(mesh_listed_row(&net, HUB, first), "followed_by")), 0);
    assert_int_equal(json_array_size(json_object_get(mesh_listed_row(&net, SOURCE, first), "followed_by")), 1);
    assert_int_equal(json_array_size(json_object_get(mesh_listed_row(&net, READER, first), "followed_by")), 1);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(who_began_it_ends_it), cmocka_unit_test(another_is_not_believed),
                                       cmocka_unit_test(what_cannot_be_looked_into_begins_nothing),
                                       cmocka_unit_test(what_nobody_read_follows_nothing)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
