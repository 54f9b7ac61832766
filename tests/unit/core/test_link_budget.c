/* What all links hold unconfirmed (SPEC 10.3): links that come one after the other, each taking what it may and confirming nothing. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "internal.h"
#include "link/link_frame.h"
#include "proto/limits.h"

#define MIB (1024ull * 1024u)
#define TOTAL (256 * MIB)
#define ITEM (64ull * 1024u)
#define LINK_COUNT 2000u /* as many as a hub has members */

typedef struct links {
    nrs_core *core;
    nrs_link *list;
    size_t count;
} links;

static int prepare(void **state)
{
    static links all;

    all = (links){.core = calloc(1, sizeof(nrs_core)), .list = calloc(LINK_COUNT, sizeof(nrs_link))};
    assert_non_null(all.core);
    assert_non_null(all.list);
    *state = &all;
    return 0;
}

static int finish(void **state)
{
    links *all = *state;

    HASH_CLEAR(hh, all->core->links);
    free(all->list);
    free(all->core);
    return 0;
}

static nrs_link *come(links *all)
{
    nrs_link *link = &all->list[all->count++];

    link->id = all->count;
    link->window = NRS_LINK_WINDOW_MAX;
    HASH_ADD(hh, all->core->links, id, sizeof link->id, link);
    return link;
}

/* As the pump fills it: whole items, the first of them in any case. Returns what it took. */
static uint64_t fill(links *all, nrs_link *link)
{
    const uint64_t before = link->flight_bytes;

    while (link->flight_bytes == 0 || link->flight_bytes + ITEM <= nrs_link_room(all->core, link)) {
        link->flight_bytes += ITEM;
        all->core->flight_bytes += ITEM;
    }
    return link->flight_bytes - before;
}

static void what_all_links_hold_is_bounded_in_whatever_order_they_come(void **state)
{
    links *all = *state;

    for (size_t i = 0; i < LINK_COUNT; i++) {
        assert_true(fill(all, come(all)) <= NRS_LINK_WINDOW_MAX);
    }
    assert_true(all->core->flight_bytes > TOTAL / 2);
    assert_true(all->core->flight_bytes <= TOTAL + LINK_COUNT * ITEM); /* the least of each may be beyond it */
}

static void a_link_has_its_whole_window_while_half_is_free_and_then_its_part(void **state)
{
    links *all = *state;
    nrs_link *last = NULL;

    for (size_t i = 0; i < 4; i++) {
        last = come(all);
    }
    all->core->flight_bytes = TOTAL / 2 - 1;
    assert_int_equal(nrs_link_room(all->core, last), NRS_LINK_WINDOW_MAX);
    all->core->flight_bytes = TOTAL / 2;
    assert_int_equal(nrs_link_room(all->core, last), TOTAL / 2 / 4);
    last->window = NRS_LINK_WINDOW_MIN;
    assert_int_equal(nrs_link_room(all->core, last), NRS_LINK_WINDOW_MIN);
    all->core->flight_bytes = TOTAL;
    last->window = NRS_LINK_WINDOW_MAX;
    assert_int_equal(nrs_link_room(all->core, last), ITEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_all_links_hold_is_bounded_in_whatever_order_they_come, prepare, finish),
        cmocka_unit_test_setup_teardown(a_link_has_its_whole_window_while_half_is_free_and_then_its_part, prepare, finish),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
