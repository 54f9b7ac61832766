/* A report that passes on another's text (SPEC 5.7): no hub takes it further than the source has let the first one go. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh.h"
#include "mesh_second.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

/* In electricity: the hub, the source, who passes it on. */
enum { HUB = 0, SOURCE = 1, READER = 2 };

static mesh net;
static mesh_second gas, water;

static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text; /* only read */
}

/* The mesh's own community recognises the first `count` of gas and water. */
static void recognise(void *context, nrs_roster *next)
{
    static Nrs__Wire__Recognised entries[2], *list[2] = {&entries[0], &entries[1]};
    const size_t count = *(const size_t *)context;
    const mesh_second *sorted[2] = {&gas, &water};

    if (count == 2 && memcmp(gas.id, water.id, NRS_HASH_SIZE) > 0) {
        sorted[0] = &water;
        sorted[1] = &gas;
    }
    for (size_t i = 0; i < count; i++) {
        nrs__wire__recognised__init(&entries[i]);
        entries[i].community = nrs_field_of(nrs_slice_of(sorted[i]->id, NRS_HASH_SIZE));
        entries[i].id = text_of(sorted[i]->name);
    }
    next->recognised = list;
    next->n_recognised = count;
}

static void start(void)
{
    static const size_t nodes[] = {HUB};
    static const uint32_t roles[] = {NRS_ROLE_HUB};

    mesh_start(&net, 3, 1);
    mesh_second_make(&net, &gas, "gas", nodes, roles, 1, true);
    mesh_second_make(&net, &water, "water", nodes, roles, 1, true);
}

static void stop(void)
{
    mesh_stop(&net);
    mesh_second_stop(&gas);
    mesh_second_stop(&water);
}

/* The other communities that a forward of one report may go on to, as the answer to it says. */
static const json_t *communities_of(size_t node, const char *report)
{
    OK(mesh_ask(&net, node, "{\"command\":\"forward\",\"id\":\"%s\",\"to\":[\"@electricity\"],\"onward\":[\"communities\"],\"body\":\"参考\"}", report));
    return json_object_get(json_object_get(mesh_row(&net, node, 0), "onward"), "communities");
}

static void a_forward_names_no_community_that_the_source_did_not(void **state)
{
    char report[2 * NRS_HASH_SIZE + 1];
    size_t count = 1;

    (void)state;
    start();
    mesh_change(&net, recognise, &count);
    OK(mesh_command(&net, SOURCE,
                    "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"件名\",\"body\":\"本文\""
                    ",\"onward\":[\"communities\"]}"));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    count = 2; /* which the source has not heard of when it agreed */
    mesh_change(&net, recognise, &count);
    mesh_settle(&net, 3);
    assert_int_equal(json_array_size(communities_of(READER, report)), 1);
    assert_string_equal(mesh_text(json_array_get(communities_of(READER, report), 0), "id"), "gas");
    assert_int_equal(json_array_size(communities_of(SOURCE, report)), 2); /* its own, to agree to anew */
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_forward_names_no_community_that_the_source_did_not)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
