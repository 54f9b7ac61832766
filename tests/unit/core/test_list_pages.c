/* A list that is longer than one answer (node/CONTROL.md). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "mesh.h"

#define PAGE 1024u
#define REPORT_COUNT (PAGE + 30u)
#define RARE 20u /* the one of its kind */

static mesh net;

static const char *id_of(const json_t *row)
{
    return mesh_text(row, "id");
}

/* The next page begins behind this; 0: there is none. The rows of the answer are counted without that line. */
static json_int_t next_of(size_t *count_out)
{
    size_t count = mesh_row_count(&net, 1);
    const json_t *next = count == 0 ? NULL : json_object_get(mesh_row(&net, 1, count - 1), "next");

    *count_out = count - (next != NULL ? 1 : 0);
    return json_integer_value(next);
}

static int set_up(void **state)
{
    (void)state;
    mesh_start(&net, 2, 1);
    for (size_t i = 0; i < REPORT_COUNT; i++) {
        assert_int_equal(mesh_ask(&net, 1,
                                  "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"%s\",\"subject\":\"%zu\",\"body\":\"B\"}",
                                  i == RARE ? "survey" : i % 2 == 0 ? "incident" : "lesson", i), NRS_OK);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mesh_stop(&net);
    return 0;
}

static void pages_follow_one_another(void **state)
{
    char last[65];
    size_t count;
    json_int_t next;

    (void)state;
    assert_int_equal(mesh_command(&net, 1, "{\"command\":\"list\",\"page\":true}"), NRS_OK);
    next = next_of(&count);
    assert_int_equal(count, PAGE);
    assert_true(next > 0);
    assert_string_equal(mesh_text(mesh_row(&net, 1, 0), "subject"), "0");
    (void)strcpy(last, id_of(mesh_row(&net, 1, PAGE - 1)));
    assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"list\",\"page\":true,\"after\":%lld}", (long long)next), NRS_OK);
    assert_int_equal(next_of(&count), 0);
    assert_int_equal(count, REPORT_COUNT - PAGE);
    assert_string_equal(mesh_text(mesh_row(&net, 1, 0), "subject"), "1024");
    assert_string_not_equal(last, id_of(mesh_row(&net, 1, 0)));
}

static void a_limit_above_a_page_begins_where_it_should(void **state)
{
    size_t count;
    json_int_t next;

    (void)state;
    assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"list\",\"page\":true,\"limit\":%u}", PAGE + 10), NRS_OK);
    next = next_of(&count);
    assert_int_equal(count, 0);
    assert_int_equal(json_integer_value(json_object_get(mesh_row(&net, 1, 0), "left")), 10);
    assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"list\",\"page\":true,\"limit\":10,\"before\":%lld}", (long long)next), NRS_OK);
    next = next_of(&count);
    assert_int_equal(count, PAGE);
    assert_string_equal(mesh_text(mesh_row(&net, 1, 0), "subject"), "20");
    assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"list\",\"page\":true,\"after\":%lld}", (long long)next), NRS_OK);
    assert_int_equal(next_of(&count), 0);
    assert_int_equal(count, 10);
}

/* However few are wanted, and however far back they stand: no answer looks at more than a page. */
static void kinds_are_looked_for_page_by_page(void **state)
{
    json_int_t next, left;
    size_t count;

    (void)state;
    assert_int_equal(mesh_command(&net, 1, "{\"command\":\"list\",\"page\":true,\"kind\":\"survey\",\"limit\":2}"), NRS_OK);
    next = next_of(&count);
    assert_int_equal(count, 0);
    left = json_integer_value(json_object_get(mesh_row(&net, 1, 0), "left"));
    assert_true(next > 0);
    assert_int_equal(left, 2);
    assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"list\",\"page\":true,\"kind\":\"survey\",\"limit\":%lld,\"before\":%lld}", (long long)left, (long long)next), NRS_OK);
    next = next_of(&count); /* there is but one: all are looked through, from the first on */
    assert_int_equal(count, 1);
    assert_string_equal(mesh_text(mesh_row(&net, 1, 0), "subject"), "20");
    assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"list\",\"page\":true,\"kind\":\"survey\",\"after\":%lld}", (long long)next), NRS_OK);
    assert_int_equal(next_of(&count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(mesh_command(&net, 1, "{\"command\":\"list\",\"page\":true,\"kind\":\"lesson\",\"limit\":3}"), NRS_OK);
    assert_int_equal(next_of(&count), 0);
    assert_int_equal(count, 3);
    assert_string_equal(mesh_text(mesh_row(&net, 1, 0), "subject"), "1049");
}

static void a_small_limit_and_no_pages_are_one_answer(void **state)
{
    size_t count;

    (void)state;
    assert_int_equal(mesh_command(&net, 1, "{\"command\":\"list\",\"page\":true,\"limit\":3}"), NRS_OK);
    assert_int_equal(next_of(&count), 0);
    assert_int_equal(count, 3);
    assert_int_equal(mesh_command(&net, 1, "{\"command\":\"list\",\"page\":true,\"limit\":0}"), NRS_ERROR_USAGE);
    assert_int_equal(mesh_command(&net, 1, "{\"command\":\"list\",\"limit\":0}"), NRS_ERROR_USAGE);
    assert_int_equal(mesh_command(&net, 1, "{\"command\":\"list\"}"), NRS_OK);
    assert_int_equal(next_of(&count), 0);
    assert_int_equal(count, REPORT_COUNT);
}

/* The rows of a page are written out by hand; those of a list without pages are jansson's. */
static void a_page_says_what_a_list_says(void **state)
{
    static const char *const asked[] = {"", ",\"brief\":true", ",\"unread\":false,\"since\":\"2020-01-01\""};
    const json_t *first;

    (void)state;
    assert_int_equal(mesh_command(&net, 1, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\","
                                           "\"subject\":\"\\\"停電\\\" \\\\ /half\\\\\",\"body\":\"B\",\"urgent\":true,\"number\":2}"), NRS_OK);
    first = mesh_row(&net, 1, 0);
    assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"send\",\"label\":\"GREEN\",\"to\":[\"@electricity\"],\"kind\":\"lesson\",\"subject\":\"After\",\"body\":\"B\","
                                       "\"follows\":\"%s\"}", id_of(first)), NRS_OK);
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        json_t *whole;

        assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"list\",\"limit\":3%s}", asked[i]), NRS_OK);
        assert_int_equal(mesh_row_count(&net, 1), 3);
        whole = json_deep_copy(net.nodes[1].reply);
        assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"list\",\"page\":true,\"limit\":3%s}", asked[i]), NRS_OK);
        assert_true(json_equal(whole, net.nodes[1].reply));
        json_decref(whole);
    }
}

static void what_is_forgotten_takes_no_place(void **state)
{
    char id[65], third[65];

    (void)state;
    assert_int_equal(mesh_command(&net, 1, "{\"command\":\"list\",\"limit\":5}"), NRS_OK);
    (void)strcpy(third, id_of(mesh_row(&net, 1, 0)));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(mesh_command(&net, 1, "{\"command\":\"list\",\"limit\":1}"), NRS_OK);
        (void)strcpy(id, id_of(mesh_row(&net, 1, 0)));
        assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"forget\",\"id\":\"%s\"}", id), NRS_OK);
    }
    for (size_t page = 0; page < 2; page++) {
        assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"list\",\"limit\":3,\"page\":%s}", page == 0 ? "false" : "true"), NRS_OK);
        assert_int_equal(mesh_row_count(&net, 1), 3);
        assert_string_equal(id_of(mesh_row(&net, 1, 0)), third);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_follow_one_another),
        cmocka_unit_test(a_limit_above_a_page_begins_where_it_should),
        cmocka_unit_test(kinds_are_looked_for_page_by_page),
        cmocka_unit_test(a_small_limit_and_no_pages_are_one_answer),
        cmocka_unit_test(a_page_says_what_a_list_says),
        cmocka_unit_test(what_is_forgotten_takes_no_place),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
