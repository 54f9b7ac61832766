/* What a person's process seals of another's text under TLP:RED: the node asks once more whether that may go on, when it is handed the report. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh_persons.h"
#include "proto/label.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define ID (2 * NRS_HASH_SIZE + 1)

enum { HUB, DESK, OTHER };

static mesh net;
static mesh_person sato = {"sato", DESK, NULL}, tanaka = {"tanaka", OTHER, NULL};
static const char *const to_tanaka = "tanaka@org-2";

static int start(void **state)
{
    mesh_person *at_desk[] = {&sato}, *at_other[] = {&tanaka};

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_persons_card(&net, DESK, at_desk, 1);
    mesh_persons_card(&net, OTHER, at_other, 1);
    mesh_person_prekeys(&net, &sato);
    mesh_person_prekeys(&net, &tanaka);
    mesh_settle(&net, 4);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    nrs_identity_destroy(&sato.identity);
    nrs_identity_destroy(&tanaka.identity);
    mesh_stop(&net);
    return 0;
}

static void report(char id[ID], const char *label, const char *to, const char *more)
{
    OK(mesh_ask(&net, HUB, "{\"command\":\"send\",\"label\":\"%s\",\"to\":[\"%s\"],\"kind\":\"incident\",\"subject\":\"件名\",\"body\":\"本文\"%s}", label, to, more));
    (void)snprintf(id, ID, "%s", mesh_text(mesh_row(&net, HUB, 0), "id"));
    mesh_settle(&net, 3);
}

static void withdraw(const char *id)
{
    OK(mesh_ask(&net, HUB, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤報\"}", id));
    mesh_settle(&net, 3);
}

static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text; /* only read */
}

/* The rules have a text, in one version after the other; context: in how many. */
static void put_texts(void *context, nrs_roster *next)
{
    static Nrs__Wire__Rules rules;
    static Nrs__Wire__Disclaimer texts[2], *places[2] = {&texts[0], &texts[1]};
    const uint32_t *versions = context;

    rules = *next->rules;
    rules.disclaimers = places;
    rules.n_disclaimers = *versions;
    for (uint32_t i = 0; i < *versions; i++) {
        nrs__wire__disclaimer__init(&texts[i]);
        texts[i].name = text_of("no-liability");
        texts[i].ja = text_of(i == 0 ? "責任を問わない" : "何の責任も問わない");
        texts[i].en = text_of("Without liability");
        texts[i].version = i + 1;
    }
    next->rules = &rules;
}

/* more: fields of the request. */
static json_t *sealed_for(const char *to, const char *more)
{
    json_t *request;

    OK(mesh_ask(&net, DESK, "{\"command\":\"red-prepare\",\"label\":\"RED\",\"to\":[\"%s\"],\"person\":\"sato\"%s}", to, more));
    request = mesh_red_sealed(mesh_row(&net, DESK, 0), NRS_LABEL_RED, "本文", &to, 1);
    OK(json_object_set_new(request, "person", json_string("sato")));
    return request;
}

static json_t *sealed_with(const char *more)
{
    return sealed_for(to_tanaka, more);
}

/* As a process that holds back from its node what it passes on until it has sealed it. */
static json_t *sealed(void)
{
    return sealed_with("");
}

static nrs_error submit(json_t *request, const char *forwards, const char *first, const char *second)
{
    json_t *ids = json_array();
    const bool in_order = second == NULL || strcmp(first, second) < 0;

    if (forwards != NULL) {
        OK(json_object_set_new(request, "forwards", json_string(forwards)));
    }
    if (first != NULL) {
        OK(json_array_append_new(ids, json_string(in_order ? first : second)));
    }
    if (second != NULL) {
        OK(json_array_append_new(ids, json_string(in_order ? second : first)));
    }
    OK(json_object_set_new(request, "passes_on", ids));
    return mesh_ask_json(&net, DESK, request);
}

static void what_may_go_on_goes(void **state)
{
    char id[ID], prefix[13];

    (void)state;
    report(id, "AMBER", "@electricity", "");
    OK(submit(sealed(), id, id, NULL));
    (void)snprintf(prefix, sizeof prefix, "%.12s", id); /* as a person may write it */
    OK(submit(sealed(), prefix, id, NULL));
    OK(submit(sealed(), NULL, NULL, NULL));
}

static void what_was_withdrawn_meanwhile_does_not(void **state)
{
    char id[ID], before[ID];
    json_t *request;

    (void)state;
    report(id, "AMBER", "@electricity", "");
    request = sealed();
    withdraw(id);
    assert_int_equal(submit(request, id, id, NULL), NRS_ERROR_WITHDRAWN);
    assert_int_equal(submit(sealed(), NULL, id, NULL), NRS_ERROR_WITHDRAWN);
    report(before, "AMBER", "@electricity", "");
    report(id, "AMBER", "@electricity", "");
    withdraw(before);
    assert_int_equal(submit(sealed(), id, id, before), NRS_ERROR_WITHDRAWN); /* whose text the other holds */
    OK(submit(sealed(), id, id, NULL));
}

/* Whose text it holds: not less than the node knows of. */
static void what_it_passes_on_is_said(void **state)
{
    char id[ID], forward[ID];

    (void)state;
    report(id, "AMBER", "@electricity", "");
    OK(mesh_ask(&net, HUB, "{\"command\":\"forward\",\"id\":\"%s\",\"to\":[\"@electricity\"],\"body\":\"参考\"}", id));
    (void)snprintf(forward, sizeof forward, "%s", mesh_text(mesh_row(&net, HUB, 0), "id"));
    mesh_settle(&net, 3);
    assert_int_equal(submit(sealed(), id, NULL, NULL), NRS_ERROR_MALFORMED);
    assert_int_equal(submit(sealed(), NULL, id, NULL), NRS_ERROR_USAGE);
    assert_int_equal(submit(sealed(), forward, forward, NULL), NRS_ERROR_MALFORMED);
    OK(submit(sealed(), forward, forward, id));
}

static void what_the_rules_do_not_let_pass(void **state)
{
    static const struct { const char *name, *label, *to, *more; nrs_error want; } cases[] = {
        {"to one who was not named", "AMBER+STRICT", "org-1", "", NRS_ERROR_LABEL_FORBIDS},
        {"under looser conditions", "AMBER", "@electricity", ",\"pap\":\"RED\"", NRS_ERROR_CONDITIONS},
        {"to one who was", "AMBER+STRICT", "org-1\",\"org-2", "", NRS_OK},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char id[ID];

        print_message("%s\n", cases[i].name);
        report(id, cases[i].label, cases[i].to, cases[i].more);
        assert_int_equal(submit(sealed(), id, id, NULL), cases[i].want);
    }
}

/* Each in its newest version: the one that the quoted report names may not stand beside it. */
static void disclaimers_are_inherited_as_they_stand_now(void **state)
{
    char id[ID], forward[2 * ID];
    uint32_t versions = 1;

    (void)state;
    mesh_change(&net, put_texts, &versions);
    report(id, "AMBER", "@electricity", ",\"disclaimers\":[\"no-liability\"]");
    OK(mesh_ask(&net, DESK, "{\"command\":\"accept\",\"id\":\"%s\"}", id));
    (void)snprintf(forward, sizeof forward, ",\"id\":\"%s\",\"forward\":true", id);
    OK(submit(sealed_with(forward), id, id, NULL));
    versions = 2;
    mesh_change(&net, put_texts, &versions);
    assert_int_equal(submit(sealed(), id, id, NULL), NRS_ERROR_CONDITIONS);
    OK(submit(sealed_with(forward), id, id, NULL));
}

/* What the person has passed on itself goes no further than the first report lets it. */
static void what_was_passed_on_under_red_is_bound_on(void **state)
{
    static const struct { const char *name, *label, *to; nrs_error want; } cases[] = {
        {"to one who was not named", "AMBER+STRICT", "org-1", NRS_ERROR_LABEL_FORBIDS},
        {"to one who was", "AMBER+STRICT", "org-1\",\"org-2", NRS_OK},
        {"to one of the community", "AMBER", "@electricity", NRS_OK},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char id[ID], first[ID];

        print_message("%s\n", cases[i].name);
        report(id, cases[i].label, cases[i].to, "");
        OK(submit(sealed_for("sato@org-1", ""), id, id, NULL));
        (void)snprintf(first, sizeof first, "%s", mesh_text(mesh_row(&net, DESK, 0), "id"));
        assert_int_equal(submit(sealed(), first, first, id), cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_go_on_goes),
        cmocka_unit_test(what_was_withdrawn_meanwhile_does_not),
        cmocka_unit_test(what_it_passes_on_is_said),
        cmocka_unit_test(what_the_rules_do_not_let_pass),
        cmocka_unit_test(disclaimers_are_inherited_as_they_stand_now),
        cmocka_unit_test(what_was_passed_on_under_red_is_bound_on),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
