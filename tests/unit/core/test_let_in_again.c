/* Whoever was let in to a report and lost the prekey is granted anew by who let it in, and by nobody else (SPEC 6.7). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh.h"
#include "mesh_forge.h"
#include "mesh_records.h"
#include "mesh_rosters.h"
#include "mesh_second.h"
#include "proto/carrier.h"
#include "proto/label.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

/* In electricity: the hub, the source, a holder, and one more; in gas its hub, a member, and the hub of electricity. */
enum { HUB = 0, SOURCE = 1, HOLDER = 2, THIRD = 3, GAS_HUB = 4, GAS_MEMBER = 5 };

static mesh net;
static mesh_second gas;
static char report[2 * NRS_HASH_SIZE + 1];

static void send_it(size_t from, const char *label, const char *to, const char *onward)
{
    OK(mesh_ask(&net, from, "{\"command\":\"send\",\"label\":\"%s\",\"to\":[\"%s\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\",\"onward\":[%s]}",
                label, to, onward));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, from, 0), "id"));
    mesh_settle(&net, 6);
}

/* As a node does whose prekey is destroyed. community: the roster of the one that they share. */
static void ask_anew(nrs_slice community, size_t who, size_t whom)
{
    const uint8_t prekey[NRS_PREKEY_ID_SIZE] = {9};
    uint8_t id[NRS_HASH_SIZE];
    nrs_statement statement;

    OK(nrs_hex_decode(id, sizeof id, report));
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_REGRANT;
    statement.sealed_id = nrs_field_of(nrs_slice_of(id, sizeof id));
    statement.at_ms = net.now_ms;
    statement.reference = nrs_field_of(nrs_slice_of(prekey, sizeof prekey));
    mesh_say_in(&net, community, who, whom, &statement);
    mesh_settle(&net, 8);
}

static void a_release_that_is_over_is_not_renewed_by_the_source(void **state)
{
    char ask[2 * NRS_HASH_SIZE + 1];
    size_t before;

    (void)state;
    mesh_start(&net, 4, 1);
    mesh_settle(&net, 4);
    send_it(SOURCE, "AMBER+STRICT", "org-2", "");
    OK(mesh_ask(&net, HOLDER, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-3\"],\"reason\":\"r\"}", report));
    (void)snprintf(ask, sizeof ask, "%s", mesh_text(mesh_row(&net, HOLDER, 0), "id"));
    mesh_settle(&net, 4);
    mesh_down(&net, THIRD);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"release-grant\",\"id\":\"%s\",\"expires_in_ms\":120000}", ask));
    mesh_settle(&net, 8);
    net.now_ms += 10 * NRS_MINUTE_MS;
    net.monotonic_ms += 10 * NRS_MINUTE_MS;
    mesh_up(&net, THIRD);
    mesh_settle(&net, 10);
    before = mesh_rows_of(&net, SOURCE, NRS_RECORD_GRANT);
    ask_anew(nrs_slice_of_bytes(&net.statement), THIRD, SOURCE);
    assert_int_equal(mesh_rows_of(&net, SOURCE, NRS_RECORD_GRANT), before);
    ask_anew(nrs_slice_of_bytes(&net.statement), HOLDER, SOURCE); /* the one whom it addressed is granted anew */
    assert_int_equal(mesh_rows_of(&net, SOURCE, NRS_RECORD_GRANT), before + 1);
    mesh_stop(&net);
}

static void a_hub_grants_anew_to_whom_it_let_in_to_its_own_report(void **state)
{
    size_t before;

    (void)state;
    mesh_start(&net, 4, 1);
    mesh_second_beside(&net, &gas, HUB, false);
    send_it(HUB, "AMBER", "@electricity", "\"communities\"");
    OK(mesh_ask(&net, GAS_HUB, "{\"command\":\"show\",\"id\":\"%s\"}", report));
    before = mesh_rows_of(&net, HUB, NRS_RECORD_GRANT);
    ask_anew(nrs_slice_of_bytes(&gas.statement), GAS_HUB, HUB);
    mesh_settle(&net, 61); /* what waits is tried each minute */
    assert_int_equal(mesh_rows_of(&net, HUB, NRS_RECORD_GRANT), before + 1);
    mesh_stop(&net);
    mesh_second_stop(&gas);
}

/* A release to those who had it already, and is over, takes nothing from them. */
static void who_was_addressed_stays_so(void **state)
{
    size_t before;

    (void)state;
    mesh_start(&net, 4, 1);
    mesh_settle(&net, 4);
    send_it(SOURCE, "AMBER", "@electricity", "");
    OK(mesh_ask(&net, HOLDER, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"@electricity\"],\"reason\":\"r\"}", report));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"release-grant\",\"id\":\"%s\",\"expires_in_ms\":120000,\"label\":\"GREEN\"}", mesh_text(mesh_row(&net, HOLDER, 0), "id")));
    mesh_settle(&net, 8);
    mesh_change(&net, mesh_demand_duty, &(mesh_duty){.label = NRS_LABEL_AMBER_STRICT}); /* a version later */
    net.now_ms += 10 * NRS_MINUTE_MS;
    net.monotonic_ms += 10 * NRS_MINUTE_MS;
    mesh_settle(&net, 10);
    before = mesh_rows_of(&net, SOURCE, NRS_RECORD_GRANT);
    ask_anew(nrs_slice_of_bytes(&net.statement), THIRD, SOURCE);
    assert_int_equal(mesh_rows_of(&net, SOURCE, NRS_RECORD_GRANT), before + 1);
    mesh_stop(&net);
}

/* The release has named it; what is missing is its duty, and it has the report when that is recorded. */
static void who_lacks_a_duty_waits_for_it(void **state)
{
    char ask[2 * NRS_HASH_SIZE + 1];

    (void)state;
    mesh_start(&net, 4, 1);
    mesh_settle(&net, 4);
    mesh_change(&net, mesh_demand_duty, &(mesh_duty){.label = NRS_LABEL_AMBER_STRICT, .without = "org-3"});
    mesh_settle(&net, 4);
    send_it(SOURCE, "AMBER+STRICT", "org-2", "");
    OK(mesh_ask(&net, HOLDER, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-3\"],\"reason\":\"r\"}", report));
    (void)snprintf(ask, sizeof ask, "%s", mesh_text(mesh_row(&net, HOLDER, 0), "id"));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"release-grant\",\"id\":\"%s\"}", ask));
    mesh_settle(&net, 70);
    assert_int_equal(mesh_ask(&net, THIRD, "{\"command\":\"show\",\"id\":\"%s\"}", report), NRS_ERROR_NOT_FOUND);
    mesh_change(&net, mesh_demand_duty, &(mesh_duty){.label = NRS_LABEL_AMBER_STRICT});
    mesh_settle(&net, 70);
    OK(mesh_ask(&net, THIRD, "{\"command\":\"show\",\"id\":\"%s\"}", report));
    mesh_stop(&net);
}

/* The time of a stage of who was let in, as a node's receipts give it; "" where it has not come to that. */
static void time_of(char at_out[64], size_t node, const char *org, const char *stage)
{
    at_out[0] = '\0';
    OK(mesh_ask(&net, node, "{\"command\":\"receipts\",\"id\":\"%s\"}", report));
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        const json_t *row = mesh_row(&net, node, i);

        if (strcmp(mesh_text(row, "recipient"), org) == 0 && strcmp(mesh_text(row, "stage"), stage) == 0) {
            (void)snprintf(at_out, 64, "%s", mesh_text(row, "at"));
        }
    }
}

/* At who let it in it waits since then, and was let in when it was granted, which is the time at the source too; not when it is granted anew. */
static void who_waited_was_let_in_when_it_was_granted(void **state)
{
    char waiting[64], sent[64], again[64], at_source[64];

    (void)state;
    mesh_start(&net, 4, 1);
    mesh_second_beside(&net, &gas, HUB, false);
    net.now_ms += 5 * NRS_WEEK_MS; /* its bundle has run out at the hub, and it is away */
    mesh_down(&net, GAS_MEMBER);
    mesh_settle(&net, 6);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\","
                              "\"onward\":[\"communities\"],\"stale_roster\":true}"));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    mesh_settle(&net, 6);
    time_of(waiting, HUB, "org-5", "waiting");
    assert_string_not_equal(waiting, "");
    net.now_ms += NRS_HOUR_MS;
    net.monotonic_ms += NRS_HOUR_MS;
    mesh_up(&net, GAS_MEMBER);
    mesh_settle(&net, 12);
    time_of(sent, HUB, "org-5", "sent");
    time_of(at_source, SOURCE, "org-5", "sent");
    assert_string_not_equal(sent, waiting);
    assert_string_equal(sent, at_source);
    OK(mesh_ask(&net, HUB, "{\"command\":\"show\",\"id\":\"%s\"}", report));
    assert_string_equal(mesh_text(json_array_get(json_object_get(mesh_row(&net, HUB, 0), "let_in"), 1), "org"), "org-5");
    assert_string_equal(mesh_text(json_array_get(json_object_get(mesh_row(&net, HUB, 0), "let_in"), 1), "at"), sent);
    net.now_ms += NRS_HOUR_MS;
    net.monotonic_ms += NRS_HOUR_MS;
    ask_anew(nrs_slice_of_bytes(&gas.statement), GAS_MEMBER, HUB);
    time_of(again, HUB, "org-5", "sent");
    assert_string_equal(again, sent);
    mesh_stop(&net);
    mesh_second_stop(&gas);
}

/* Under AMBER and under GREEN another duty each; the last that was added has taken as many of them, the rest both. */
static void demand_two(void *context, nrs_roster *next)
{
    static Nrs__Wire__DutyRule entries[2], *rules[2] = {&entries[0], &entries[1]};
    static Nrs__Wire__Rules kept;
    static Nrs__Wire__Duty duties[2], *taken[2] = {&duties[0], &duties[1]};
    static char names[2][4] = {"aaa", "nda"};
    const size_t *count = context;

    kept = *next->rules;
    for (size_t i = 0; i < 2; i++) {
        nrs__wire__duty_rule__init(&entries[i]);
        entries[i].labels = NRS_LABEL_BIT(i == 0 ? NRS_LABEL_GREEN : NRS_LABEL_AMBER);
        entries[i].duty = names[i];
        nrs__wire__duty__init(&duties[i]);
        duties[i].name = names[i];
    }
    kept.duties = rules;
    kept.n_duties = 2;
    next->rules = &kept;
    for (size_t i = 0; i < next->n_members; i++) {
        next->members[i]->duties = taken;
        next->members[i]->n_duties = strcmp(next->members[i]->org, "org-4") == 0 ? *count : 2;
    }
}

/* Reports whose duty it never takes do not hold up the one whose duty it has taken since; and of what it does not have it hears nothing. */
static void what_waits_holds_up_nothing(void **state)
{
    char secret[2 * NRS_HASH_SIZE + 1];
    size_t count = 0;

    (void)state;
    mesh_start(&net, 4, 1);
    assert_int_equal(mesh_add_node(&net, "org-4"), GAS_HUB);
    mesh_join(&net, GAS_HUB, NRS_ROLE_MINISTRY);
    mesh_settle(&net, 4);
    mesh_change(&net, demand_two, &count);
    mesh_settle(&net, 4);
    for (size_t i = 0; i < 70; i++) {
        send_it(SOURCE, "AMBER", "org-0", "\"ministry\"");
    }
    (void)snprintf(secret, sizeof secret, "%s", report);
    send_it(SOURCE, "GREEN", "@electricity", "\"ministry\"");
    count = 1;
    mesh_change(&net, demand_two, &count);
    mesh_settle(&net, 200);
    OK(mesh_ask(&net, GAS_HUB, "{\"command\":\"show\",\"id\":\"%s\"}", report));
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"r\"}", secret));
    mesh_settle(&net, 6);
    assert_int_equal(mesh_ask(&net, GAS_HUB, "{\"command\":\"show\",\"id\":\"%s\"}", secret), NRS_ERROR_NOT_FOUND);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"r\"}", report));
    mesh_settle(&net, 6);
    OK(mesh_ask(&net, GAS_HUB, "{\"command\":\"list\"}"));
    assert_string_equal(mesh_text(mesh_row(&net, GAS_HUB, 0), "withdrawn_reason"), "r");
    mesh_stop(&net);
}

/* Of a situation under AMBER. */
static void demand_disclaimer(void *context, nrs_roster *next)
{
    static Nrs__Wire__Disclaimer text, *list[1] = {&text};
    static Nrs__Wire__Rules kept;
    static char name[] = "menseki", words[] = "本文";

    (void)context;
    kept = *next->rules;
    nrs__wire__disclaimer__init(&text);
    text.name = name;
    text.version = 1;
    text.ja = words;
    text.labels = NRS_LABEL_BIT(NRS_LABEL_AMBER);
    text.kinds = NRS_KIND_BIT(NRS_KIND_SITUATION);
    kept.disclaimers = list;
    kept.n_disclaimers = 1;
    next->rules = &kept;
}

/* Nobody reads under a label, by a release, what that label's rules keep closed until somebody accepts. */
static void a_release_brings_no_label_without_its_disclaimer(void **state)
{
    static const char *const kinds[] = {"situation", "incident"};
    static const char *const labels[] = {"AMBER", "AMBER+STRICT", "GREEN"};

    (void)state;
    mesh_start(&net, 4, 1);
    mesh_settle(&net, 4);
    mesh_change(&net, demand_disclaimer, NULL);
    mesh_settle(&net, 4);
    for (size_t kind = 0; kind < 2; kind++) {
        for (size_t label = 0; label < 3; label++) {
            const bool refused = kind == 0 && label == 0;

            OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"label\":\"AMBER+STRICT\",\"to\":[\"org-2\"],\"kind\":\"%s\",\"subject\":\"s\",\"body\":\"b\"}", kinds[kind]));
            (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
            mesh_settle(&net, 6);
            OK(mesh_ask(&net, HOLDER, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-3\"],\"reason\":\"r\"}", report));
            mesh_settle(&net, 4);
            assert_int_equal(mesh_ask(&net, SOURCE, "{\"command\":\"release-grant\",\"id\":\"%s\",\"label\":\"%s\"}", mesh_text(mesh_row(&net, HOLDER, 0), "id"), labels[label]),
                             refused ? NRS_ERROR_DISCLAIMER : NRS_OK);
            mesh_settle(&net, 8);
            assert_int_equal(mesh_ask(&net, THIRD, "{\"command\":\"show\",\"id\":\"%s\"}", report), refused ? NRS_ERROR_NOT_FOUND : NRS_OK);
        }
    }
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_release_that_is_over_is_not_renewed_by_the_source),
        cmocka_unit_test(who_lacks_a_duty_waits_for_it), cmocka_unit_test(who_waited_was_let_in_when_it_was_granted),
        cmocka_unit_test(what_waits_holds_up_nothing),
        cmocka_unit_test(a_release_brings_no_label_without_its_disclaimer),
        cmocka_unit_test(who_was_addressed_stays_so),
        cmocka_unit_test(a_hub_grants_anew_to_whom_it_let_in_to_its_own_report),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
