/* An answer says no more of what it answers than a forward might (SPEC 5.7): neither in its subject nor by its consent. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh.h"
#include "mesh_keys.h"
#include "mesh_look.h"
#include "mesh_persons.h"
#include "mesh_second.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define ID (2 * NRS_HASH_SIZE + 1)

enum { HUB = 0, SOURCE = 1, READER = 2, NATIONAL = 3 };

static mesh net;
static mesh_person sato = {"sato", SOURCE, NULL}, mori = {"mori", NATIONAL, NULL}, ito = {"ito", READER, NULL};

static void start(void)
{
    mesh_start(&net, 3, 1);
    assert_int_equal(mesh_add_node(&net, "org-3"), NATIONAL);
    mesh_join(&net, NATIONAL, NRS_ROLE_NATIONAL);
    mesh_settle(&net, 4);
}

static void send_to(char id[ID], const char *label, const char *to, const char *more)
{
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"label\":\"%s\",\"to\":[\"%s\"],\"kind\":\"incident\",\"subject\":\"変電所\",\"body\":\"本文\"%s}",
                label, to, more));
    (void)snprintf(id, ID, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    mesh_settle(&net, 3);
}

static void send_report(char id[ID], const char *more)
{
    send_to(id, "AMBER", "@electricity", more);
}

/* The subject that the answer of `from` has at `at`. */
static void assert_subject(size_t from, size_t at, const char *report, const char *more, const char *want)
{
    char id[ID], hidden[32];

    OK(mesh_ask(&net, from, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"返事\"%s}", report, more));
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, from, 0), "id"));
    (void)snprintf(hidden, sizeof hidden, "Re: %.16s", report);
    mesh_settle(&net, 3);
    OK(mesh_ask(&net, at, "{\"command\":\"show\",\"id\":\"%s\"}", id));
    assert_string_equal(mesh_text(mesh_row(&net, at, 0), "subject"), want == NULL ? hidden : want);
}

static void the_subject_goes_as_far_as_a_forward(void **state)
{
    char report[ID];

    (void)state;
    start();
    send_report(report, "");
    assert_subject(READER, SOURCE, report, "", "Re: 変電所");
    assert_subject(READER, HUB, report, ",\"to\":[\"@electricity\"]", "Re: 変電所");
    assert_int_equal(mesh_ask(&net, READER, "{\"command\":\"forward\",\"id\":\"%s\",\"to\":[\"org-3\"]}", report), NRS_ERROR_ONWARD);
    assert_subject(READER, NATIONAL, report, ",\"to\":[\"org-3\"]", NULL);
    assert_subject(READER, SOURCE, report, ",\"to\":[\"org-1\",\"org-3\"]", NULL); /* there is one subject for all */
    assert_subject(READER, NATIONAL, report, ",\"to\":[\"org-3\"],\"subject\":\"照会\"", "照会");
    assert_subject(SOURCE, NATIONAL, report, ",\"to\":[\"org-3\"]", "Re: 変電所"); /* its own to tell */
    send_report(report, ",\"onward\":[\"national\"]");
    assert_subject(READER, NATIONAL, report, ",\"to\":[\"org-3\"]", "Re: 変電所");
    mesh_stop(&net);
}

static void the_consent_is_the_sources(void **state)
{
    static const char reply[] = "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"返事\",\"to\":[\"@electricity\"],\"subject\":\"照会\",\"onward\":[\"national\"]%s}";
    char report[ID];

    (void)state;
    start();
    send_report(report, ",\"onward\":[\"ministry\"]");
    assert_int_equal(mesh_ask(&net, READER, reply, report, ""), NRS_ERROR_CONDITIONS);
    assert_int_equal(mesh_ask(&net, READER, reply, report, ",\"dry_run\":true"), NRS_ERROR_CONDITIONS);
    OK(mesh_ask(&net, SOURCE, reply, report, ""));
    send_report(report, ",\"onward\":[\"national\"]");
    OK(mesh_ask(&net, READER, reply, report, ""));
    mesh_stop(&net);
}

static void demand(void *context, nrs_roster *next)
{
    static Nrs__Wire__Rules kept;
    static Nrs__Wire__Disclaimer text, *texts[1] = {&text};
    static char name[] = "no-liability", ja[] = "責任を問わない";

    (void)context;
    kept = *next->rules;
    nrs__wire__disclaimer__init(&text);
    text.name = name;
    text.ja = ja;
    text.version = 1;
    kept.disclaimers = texts;
    kept.n_disclaimers = 1;
    next->rules = &kept;
}

static void what_waits_for_an_acceptance_is_named_by_its_id(void **state)
{
    char report[ID];

    (void)state;
    start();
    mesh_change(&net, demand, NULL);
    mesh_settle(&net, 3);
    send_report(report, ",\"disclaimers\":[\"no-liability\"],\"unlock_on_accept\":true");
    OK(mesh_ask(&net, READER, "{\"command\":\"accept\",\"id\":\"%s\"}", report));
    mesh_settle(&net, 6);
    OK(mesh_ask(&net, READER, "{\"command\":\"show\",\"id\":\"%s\"}", report));
    OK(mesh_ask(&net, READER, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"返事\",\"to\":[\"@electricity\"]}", report));
    mesh_settle(&net, 3);
    OK(mesh_ask(&net, HUB, "{\"command\":\"list\"}"));
    assert_int_equal(mesh_row_count(&net, HUB), 2);
    for (size_t i = 0; i < 2; i++) {
        assert_null(strstr(mesh_text(mesh_row(&net, HUB, i), "subject"), "変電所"));
    }
    assert_memory_equal(mesh_text(mesh_row(&net, HUB, 1), "subject") + 4, report, 16);
    mesh_stop(&net);
}

/* What the node cannot seal it tells the person's process: whether all may know what is answered. */
static void a_person_is_told_whether_all_may_know(void **state)
{
    mesh_person *at_source[] = {&sato}, *at_national[] = {&mori}, *at_reader[] = {&ito};
    char report[ID];

    (void)state;
    start();
    mesh_persons_card(&net, SOURCE, at_source, 1);
    mesh_persons_card(&net, NATIONAL, at_national, 1);
    mesh_persons_card(&net, READER, at_reader, 1);
    mesh_person_prekeys(&net, &sato);
    mesh_person_prekeys(&net, &mori);
    mesh_settle(&net, 4);
    send_report(report, "");
    OK(mesh_ask(&net, READER, "{\"command\":\"red-prepare\",\"id\":\"%s\",\"label\":\"RED\",\"to\":[\"sato@org-1\"],\"person\":\"ito\"}", report));
    assert_true(json_is_true(json_object_get(mesh_row(&net, READER, 0), "quoted_known")));
    OK(mesh_ask(&net, READER, "{\"command\":\"red-prepare\",\"id\":\"%s\",\"label\":\"RED\",\"to\":[\"sato@org-1\",\"mori@org-3\"],\"person\":\"ito\"}", report));
    assert_true(json_is_false(json_object_get(mesh_row(&net, READER, 0), "quoted_known")));
    OK(mesh_ask(&net, READER, "{\"command\":\"show\",\"id\":\"%s\"}", report));
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤報\"}", report));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, READER, "{\"command\":\"red-prepare\",\"id\":\"%s\",\"label\":\"RED\",\"to\":[\"sato@org-1\"],\"person\":\"ito\"}", report));
    assert_true(json_is_false(json_object_get(mesh_row(&net, READER, 0), "quoted_known"))); /* it is told to nobody any more */
    nrs_identity_destroy(&sato.identity);
    nrs_identity_destroy(&mori.identity);
    nrs_identity_destroy(&ito.identity);
    mesh_stop(&net);
}

/* The label is asked first: of all that forbids, it says which. */
static void beyond_the_quoted_audience_the_label_is_named(void **state)
{
    char report[ID];

    (void)state;
    start();
    send_to(report, "AMBER+STRICT", "org-2", ",\"pap\":\"RED\"");
    assert_int_equal(mesh_ask(&net, READER, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"返事\",\"pap\":\"CLEAR\"}", report), NRS_ERROR_CONDITIONS);
    assert_int_equal(mesh_ask(&net, READER, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"返事\",\"pap\":\"CLEAR\",\"to\":[\"org-0\"]}", report),
                     NRS_ERROR_LABEL_FORBIDS);
    assert_int_equal(mesh_ask(&net, READER, "{\"command\":\"forward\",\"id\":\"%s\",\"disclaimers\":[\"none\"],\"to\":[\"org-1\",\"org-0\"]}", report),
                     NRS_ERROR_LABEL_FORBIDS);
    mesh_stop(&net);
}

/* A guest hears what the hub was sent, and answers it there: the community that it came from is not told by that. */
static void a_guests_answer_goes_no_further_back(void **state)
{
    enum { MEMBER = 4 };
    char report[ID], answer[ID];
    mesh_second gas;

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_second_beside(&net, &gas, HUB, false);
    send_to(report, "AMBER", "org-0", ",\"onward\":[\"communities\"]");
    mesh_settle(&net, 3);
    assert_true(mesh_has(&net, MEMBER, report));
    assert_false(mesh_has(&net, READER, report));
    OK(mesh_ask(&net, MEMBER, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"返事\",\"to\":[\"org-0\"],\"onward\":[\"communities\"]}", report));
    (void)snprintf(answer, sizeof answer, "%s", mesh_text(mesh_row(&net, MEMBER, 0), "id"));
    mesh_settle(&net, 6);
    assert_true(mesh_has(&net, HUB, answer));
    assert_false(mesh_has(&net, READER, answer));
    mesh_stop(&net);
    mesh_second_stop(&gas);
}

/* Who was named, and who wrote it, are answered under the keys that they have now, over two changes. */
static void who_has_other_keys_now_was_among_them_all_the_same(void **state)
{
    char report[ID];

    (void)state;
    start();
    send_to(report, "AMBER+STRICT", "org-0\",\"org-2", "");
    for (size_t i = 0; i < 2; i++) {
        mesh_change_keys(&net, SOURCE);
        mesh_settle(&net, 4);
        OK(mesh_ask(&net, READER, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"返事\"}", report));
        OK(mesh_ask(&net, HUB, "{\"command\":\"forward\",\"id\":\"%s\",\"to\":[\"org-1\",\"org-2\"]}", report));
    }
    mesh_change_keys(&net, READER);
    mesh_settle(&net, 4);
    assert_subject(HUB, READER, report, ",\"to\":[\"org-1\",\"org-2\"]", "Re: 変電所");
    assert_int_equal(mesh_ask(&net, HUB, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"返事\",\"to\":[\"org-3\"]}", report), NRS_ERROR_LABEL_FORBIDS);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_subject_goes_as_far_as_a_forward),
        cmocka_unit_test(the_consent_is_the_sources),
        cmocka_unit_test(what_waits_for_an_acceptance_is_named_by_its_id),
        cmocka_unit_test(a_person_is_told_whether_all_may_know),
        cmocka_unit_test(beyond_the_quoted_audience_the_label_is_named),
        cmocka_unit_test(a_guests_answer_goes_no_further_back),
        cmocka_unit_test(who_has_other_keys_now_was_among_them_all_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
