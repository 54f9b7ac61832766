/* Onward consent (SPEC 5.6, 6.10): whom a hub lets in on the source's word, and that nobody takes more than that. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh.h"
#include "mesh_records.h"
#include "mesh_second.h"
#include "proto/label.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

/* In electricity: the hub, two operators, the national centre and a ministry. In gas: its own hub, an operator; the hub of electricity is a
 * member there. */
enum { HUB = 0, SOURCE = 1, OTHER = 2, NATIONAL = 3, MINISTRY = 4, GAS_HUB = 5, GAS_MEMBER = 6 };

static mesh net;
static mesh_second gas;
static char report[2 * NRS_HASH_SIZE + 1];

static void start(void)
{
    mesh_start(&net, 3, 1);
    assert_int_equal(mesh_add_node(&net, "org-3"), NATIONAL);
    assert_int_equal(mesh_add_node(&net, "org-4"), MINISTRY);
    mesh_join(&net, NATIONAL, NRS_ROLE_NATIONAL);
    mesh_join(&net, MINISTRY, NRS_ROLE_MINISTRY);
    mesh_settle(&net, 4);
}

static void start_two(bool gas_recognises, bool recognised)
{
    static const size_t nodes[] = {HUB, GAS_HUB, GAS_MEMBER};
    static const uint32_t roles[] = {NRS_ROLE_OPERATOR, NRS_ROLE_HUB, NRS_ROLE_OPERATOR};

    start();
    assert_int_equal(mesh_add_node(&net, "org-5"), GAS_HUB);
    assert_int_equal(mesh_add_node(&net, "org-6"), GAS_MEMBER);
    mesh_second_start(&net, &gas, "gas", nodes, roles, 3, gas_recognises);
    if (recognised) {
        mesh_second_recognised(&net, &gas);
    }
    mesh_settle(&net, 4);
}

static void stop(void)
{
    mesh_stop(&net);
    mesh_second_stop(&gas);
}

static nrs_error send_from(size_t node, const char *label, const char *to, const char *onward, const char *more)
{
    nrs_error error = mesh_ask(&net, node,
                               "{\"command\":\"send\",\"label\":\"%s\",\"to\":[\"%s\"],\"kind\":\"incident\",\"subject\":\"変電所\",\"body\":\"本文\""
                               ",\"onward\":[%s]%s}", label, to, onward, more);

    if (error == NRS_OK && json_object_get(mesh_row(&net, node, 0), "id") != NULL) {
        (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
    }
    return error;
}

static nrs_error show(size_t node)
{
    return mesh_ask(&net, node, "{\"command\":\"show\",\"id\":\"%s\"}", report);
}

static bool has(size_t node)
{
    return show(node) == NRS_OK;
}

/* The stage that the source's receipts give for an organisation; "" where it does not stand in them. */
static const char *reached(size_t node, const char *org)
{
    const char *stage = "";

    OK(mesh_ask(&net, node, "{\"command\":\"receipts\",\"id\":\"%s\"}", report));
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        if (strcmp(mesh_text(mesh_row(&net, node, i), "recipient"), org) == 0) {
            stage = mesh_text(mesh_row(&net, node, i), "stage");
        }
    }
    return stage;
}

static const json_t *receipt_of(size_t node, const char *org)
{
    OK(mesh_ask(&net, node, "{\"command\":\"receipts\",\"id\":\"%s\"}", report));
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        if (strcmp(mesh_text(mesh_row(&net, node, i), "recipient"), org) == 0) {
            return mesh_row(&net, node, i);
        }
    }
    return NULL;
}

static const char *excluded_rule(size_t node, const char *org)
{
    const json_t *one;
    size_t index;

    json_array_foreach(json_object_get(mesh_row(&net, node, 0), "excluded"), index, one) {
        if (strcmp(mesh_text(one, "who"), org) == 0) {
            return mesh_text(one, "rule");
        }
    }
    return "";
}

static void nothing_reaches_public_bodies_without_consent(void **state)
{
    (void)state;
    start();
    OK(send_from(SOURCE, "AMBER", "@electricity", "", ""));
    assert_string_equal(excluded_rule(SOURCE, "org-3"), "onward");
    assert_string_equal(excluded_rule(SOURCE, "org-4"), "onward");
    mesh_settle(&net, 6);
    assert_true(has(OTHER) && has(HUB));
    assert_int_equal(show(NATIONAL), NRS_ERROR_NOT_FOUND);
    assert_int_equal(show(MINISTRY), NRS_ERROR_NOT_FOUND);
    OK(send_from(SOURCE, "GREEN", "@electricity", "", ""));
    mesh_settle(&net, 6);
    assert_true(has(OTHER) && !has(NATIONAL) && !has(MINISTRY));
    OK(send_from(SOURCE, "AMBER", "org-3", "", "")); /* by its own name it is addressed like anybody */
    mesh_settle(&net, 6);
    assert_true(has(NATIONAL) && !has(HUB));
    OK(send_from(SOURCE, "CLEAR", "@electricity", "", ""));
    mesh_settle(&net, 6);
    assert_true(has(NATIONAL) && has(MINISTRY));
    stop();
}

static void a_hub_lets_in_whom_the_consent_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        start();
        OK(send_from(SOURCE, i == 0 ? "AMBER" : "GREEN", "@electricity", "\"national\"", ""));
        assert_string_equal(excluded_rule(SOURCE, "org-3"), "");
        assert_string_equal(excluded_rule(SOURCE, "org-4"), "onward");
        mesh_settle(&net, 6);
        assert_true(has(NATIONAL));
        assert_string_equal(mesh_text(mesh_row(&net, NATIONAL, 0), "from"), "org-1");
        assert_string_equal(mesh_text(json_object_get(mesh_row(&net, NATIONAL, 0), "let_in_by"), "by"), "org-0");
        assert_string_equal(mesh_text(json_object_get(mesh_row(&net, NATIONAL, 0), "let_in_by"), "authority"), "consent");
        assert_int_equal(show(MINISTRY), NRS_ERROR_NOT_FOUND);
        mesh_settle(&net, 4);
        assert_string_equal(reached(SOURCE, "org-3"), "opened");
        assert_string_equal(mesh_text(receipt_of(SOURCE, "org-3"), "let_in_by"), "org-0");
        assert_string_equal(mesh_text(receipt_of(SOURCE, "org-2"), "let_in_by"), "");
        assert_string_equal(reached(SOURCE, "org-4"), "");
        OK(show(SOURCE));
        assert_int_equal(json_array_size(json_object_get(mesh_row(&net, SOURCE, 0), "let_in")), 1);
        stop();
    }
}

static void what_is_never_passed_on_takes_no_consent(void **state)
{
    static const char *const strict[] = {"AMBER+STRICT", "RED"};

    (void)state;
    start();
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(send_from(SOURCE, strict[i], "org-2", "\"national\"", ""), NRS_ERROR_LABEL_FORBIDS);
    }
    OK(send_from(SOURCE, "AMBER", "org-2", "\"national\"", "")); /* no hub has it: a warning */
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, SOURCE, 0), "warnings")), 1);
    mesh_settle(&net, 6);
    assert_true(has(OTHER) && !has(NATIONAL));
    stop();
}

/* A hub addresses in its own community whom it wants: what it says beside lets nobody in there, and it is told so. */
static void a_hubs_own_consent_is_its_addresses(void **state)
{
    (void)state;
    start();
    OK(send_from(HUB, "AMBER", "org-2", "\"national\"", ""));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, HUB, 0), "warnings")), 1);
    mesh_settle(&net, 6);
    assert_true(has(OTHER) && !has(NATIONAL));
    OK(send_from(HUB, "AMBER", "@electricity", "\"national\"", ""));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, HUB, 0), "warnings")), 0);
    mesh_settle(&net, 6);
    assert_true(has(OTHER) && has(NATIONAL) && !has(MINISTRY));
    stop();
}

static void a_dry_run_says_who_could_be_reached(void **state)
{
    const json_t *onward;

    (void)state;
    start_two(true, true);
    OK(send_from(SOURCE, "AMBER", "@electricity", "\"ministry\",\"communities\"", ",\"dry_run\":true"));
    onward = json_object_get(mesh_row(&net, SOURCE, 0), "onward");
    assert_int_equal(json_array_size(json_object_get(onward, "members")), 1);
    assert_string_equal(json_string_value(json_array_get(json_object_get(onward, "members"), 0)), "org-4");
    assert_int_equal(json_array_size(json_object_get(onward, "communities")), 1);
    assert_string_equal(mesh_text(json_array_get(json_object_get(onward, "communities"), 0), "id"), "gas");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(json_object_get(onward, "communities"), 0), "members")), 3);
    assert_true(json_is_true(json_object_get(json_array_get(json_object_get(onward, "communities"), 0), "recognises")));
    stop();
}

static void another_community_reads_what_it_is_let_in_to(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        start_two(true, true);
        OK(send_from(SOURCE, i == 0 ? "AMBER" : "GREEN", "@electricity", "\"communities\"", ""));
        mesh_settle(&net, 8);
        assert_true(has(GAS_HUB));
        OK(show(GAS_MEMBER));
        assert_string_equal(mesh_text(mesh_row(&net, GAS_MEMBER, 0), "from"), "org-1");
        assert_string_equal(mesh_text(mesh_row(&net, GAS_MEMBER, 0), "body"), "本文");
        assert_string_equal(mesh_text(mesh_row(&net, GAS_MEMBER, 0), "community"), "electricity");
        assert_string_equal(mesh_text(json_object_get(mesh_row(&net, GAS_MEMBER, 0), "let_in_by"), "by"), "org-0");
        assert_true(!has(NATIONAL));
        mesh_settle(&net, 6);
        assert_string_equal(reached(SOURCE, "org-6"), "opened"); /* its receipts go back by way of the hub */
        assert_string_equal(mesh_text(receipt_of(SOURCE, "org-6"), "let_in_by"), "org-0");
        assert_string_equal(mesh_text(receipt_of(SOURCE, "org-6"), "community"), "gas");
        assert_string_equal(reached(HUB, "org-6"), "opened");
        mesh_crash(&net, GAS_MEMBER); /* all of it stands in the store */
        mesh_settle(&net, 2);
        assert_true(has(GAS_MEMBER));
        stop();
    }
}

static void neither_side_alone_opens_the_way(void **state)
{
    static const struct { bool gas_recognises, recognised; const char *onward; } cases[] = {
        {false, true, "\"communities\""}, {true, false, "\"communities\""}, {true, true, ""}, {true, true, "\"national\""}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        start_two(cases[i].gas_recognises, cases[i].recognised);
        OK(send_from(SOURCE, "AMBER", "@electricity", cases[i].onward, ""));
        mesh_settle(&net, 8);
        assert_true(has(HUB) && !has(GAS_HUB) && !has(GAS_MEMBER));
        stop();
    }
}

/* ---- Late, forgotten, removed ---- */

static void who_waits_for_its_prekey_is_let_in_later(void **state)
{
    (void)state;
    start_two(true, true);
    net.now_ms += 5 * NRS_WEEK_MS; /* its bundle has run out at the hub, and it is away */
    mesh_down(&net, GAS_MEMBER);
    mesh_down(&net, NATIONAL);
    mesh_settle(&net, 6);
    OK(send_from(SOURCE, "AMBER", "@electricity", "\"communities\",\"national\"", ",\"stale_roster\":true"));
    mesh_settle(&net, 6);
    assert_string_equal(reached(HUB, "org-6"), "waiting");
    assert_string_equal(reached(HUB, "org-3"), "waiting");
    mesh_up(&net, GAS_MEMBER);
    mesh_up(&net, NATIONAL);
    mesh_settle(&net, 12);
    assert_true(has(GAS_MEMBER) && has(NATIONAL));
    mesh_settle(&net, 6);
    assert_string_equal(reached(SOURCE, "org-6"), "opened");
    assert_string_equal(reached(SOURCE, "org-3"), "opened");
    stop();
}

static void drop_gas_member(void *context, nrs_roster *next)
{
    static Nrs__Wire__Tombstone gone, *list[1] = {&gone};
    const nrs_public_keys *keys = nrs_identity_public(net.nodes[GAS_MEMBER].identity);

    (void)context;
    next->n_members--; /* the last by name */
    nrs__wire__tombstone__init(&gone);
    gone.sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
    gone.curve_key = nrs_field_of(nrs_slice_of(keys->curve_key, NRS_KEY_SIZE));
    gone.cause = NRS_TOMBSTONE_REVOKED;
    gone.at_ms = net.now_ms;
    gone.org = net.nodes[GAS_MEMBER].org;
    next->tombstones = list;
    next->n_tombstones = 1;
}

static void who_is_removed_gets_nothing_more(void **state)
{
    (void)state;
    start_two(true, true);
    mesh_down(&net, GAS_MEMBER);
    OK(send_from(SOURCE, "AMBER", "@electricity", "\"communities\"", ""));
    mesh_settle(&net, 6);
    assert_true(has(GAS_HUB)); /* the slot of the member that is away waits at both hubs */
    mesh_second_change(&net, &gas, GAS_HUB, drop_gas_member, NULL);
    mesh_up(&net, GAS_MEMBER);
    mesh_settle(&net, 6);
    assert_true(!has(GAS_MEMBER));
    stop();
}

static void expiry_holds_for_all(void **state)
{
    (void)state;
    start_two(true, true);
    mesh_down(&net, GAS_MEMBER);
    OK(send_from(SOURCE, "AMBER", "@electricity", "\"communities\"", ",\"expires_in_ms\":3600000"));
    mesh_settle(&net, 6);
    net.now_ms += 2 * NRS_HOUR_MS;
    mesh_up(&net, GAS_MEMBER);
    mesh_settle(&net, 8);
    assert_true(!has(GAS_MEMBER));
    stop();
}

/* ---- Duties and disclaimers of both communities ---- */

typedef struct duty_plan {
    const char *holder; /* who has it in the roster that is changed; or NULL */
    bool rule;
    uint32_t kinds; /* that it is for; 0: AMBER, of any kind */
} duty_plan;

static void put_duty(void *context, nrs_roster *next)
{
    static Nrs__Wire__Duty duty, *duties[1] = {&duty};
    static Nrs__Wire__DutyRule rule, *rules[1] = {&rule};
    static Nrs__Wire__Rules kept;
    const duty_plan *plan = context;

    nrs__wire__duty__init(&duty);
    duty.name = (char *)(uintptr_t)"nda";
    duty.since_ms = net.now_ms - NRS_DAY_MS;
    for (size_t i = 0; i < next->n_members; i++) {
        bool holds = plan->holder != NULL && strstr(plan->holder, next->members[i]->org) != NULL;

        next->members[i]->duties = duties;
        next->members[i]->n_duties = holds ? 1 : 0;
    }
    kept = *next->rules;
    nrs__wire__duty_rule__init(&rule);
    rule.labels = plan->kinds == 0 ? NRS_LABEL_BIT(NRS_LABEL_AMBER) : 0;
    rule.kinds = plan->kinds;
    rule.duty = duty.name;
    kept.duties = rules;
    kept.n_duties = plan->rule ? 1 : 0;
    next->rules = &kept;
}

static void a_duty_is_asked_of_whoever_is_let_in(void **state)
{
    duty_plan here = {"org-0 org-1 org-2", true, 0}, there = {"org-5", false, 0};

    (void)state;
    start_two(true, true);
    mesh_change(&net, put_duty, &here);
    mesh_second_change(&net, &gas, GAS_HUB, put_duty, &there);
    mesh_settle(&net, 6);
    OK(send_from(SOURCE, "AMBER", "@electricity", "\"communities\",\"national\"", ""));
    mesh_settle(&net, 8);
    assert_true(has(GAS_HUB));                    /* gas has it recorded */
    assert_true(!has(GAS_MEMBER) && !has(NATIONAL)); /* nobody has */
    there.holder = NULL;
    mesh_second_change(&net, &gas, GAS_HUB, put_duty, &there);
    mesh_settle(&net, 4);
    assert_int_equal(show(GAS_HUB), NRS_ERROR_DUTY); /* it ran out: closed again */
    here.kinds = NRS_KIND_BIT(NRS_KIND_INCIDENT);
    mesh_change(&net, put_duty, &here);
    mesh_settle(&net, 4);
    assert_int_equal(show(GAS_HUB), NRS_ERROR_DUTY);
    net.nodes[GAS_HUB].no_secrets = true; /* what cannot be looked at is no duty that is missing */
    assert_int_equal(show(GAS_HUB), NRS_ERROR_BUSY);
    assert_string_equal(mesh_text(json_array_get(net.nodes[GAS_HUB].reply, 0), "message"), nrs_error_sentence(NRS_ERROR_BUSY));
    net.nodes[GAS_HUB].no_secrets = false;
    stop();
}

static void put_disclaimer(void *context, nrs_roster *next)
{
    static Nrs__Wire__Disclaimer text, *list[1] = {&text};
    static Nrs__Wire__Rules kept;

    (void)context;
    nrs__wire__disclaimer__init(&text);
    text.name = (char *)(uintptr_t)"no-supervision";
    text.version = 1;
    text.ja = (char *)(uintptr_t)"免責";
    text.labels = NRS_LABEL_BIT(NRS_LABEL_AMBER);
    kept = *next->rules;
    kept.disclaimers = list;
    kept.n_disclaimers = 1;
    next->rules = &kept;
}

static void a_disclaimer_is_accepted_over_there_and_known_here(void **state)
{
    (void)state;
    start_two(true, true);
    mesh_change(&net, put_disclaimer, NULL);
    mesh_settle(&net, 6);
    OK(send_from(SOURCE, "AMBER", "@electricity", "\"communities\"", ""));
    mesh_settle(&net, 8);
    assert_int_equal(show(GAS_MEMBER), NRS_ERROR_DISCLAIMER);
    OK(mesh_ask(&net, GAS_MEMBER, "{\"command\":\"accept\",\"id\":\"%s\"}", report));
    assert_true(has(GAS_MEMBER));
    mesh_settle(&net, 6);
    assert_string_equal(reached(SOURCE, "org-6"), "accepted");
    assert_string_equal(mesh_text(receipt_of(SOURCE, "org-6"), "let_in_by"), "org-0");
    stop();
}

static void clear_is_passed_on_with_its_open_key(void **state)
{
    (void)state;
    start_two(true, true);
    OK(send_from(SOURCE, "CLEAR", "@electricity", "\"communities\"", ""));
    mesh_settle(&net, 8);
    assert_true(has(GAS_HUB) && has(GAS_MEMBER));
    mesh_settle(&net, 6);
    assert_string_equal(reached(SOURCE, "org-6"), "opened");
    assert_string_equal(mesh_text(receipt_of(SOURCE, "org-6"), "let_in_by"), "org-0");
    OK(send_from(SOURCE, "CLEAR", "@electricity", "", ""));
    mesh_settle(&net, 8);
    assert_true(has(NATIONAL) && !has(GAS_MEMBER));
    OK(send_from(SOURCE, "CLEAR", "org-0", "\"national\"", "")); /* to whom its address alone does not bring it */
    assert_string_equal(json_string_value(json_array_get(json_object_get(json_object_get(mesh_row(&net, SOURCE, 0), "onward"), "members"), 0)), "org-3");
    assert_int_equal(json_array_size(json_object_get(json_object_get(mesh_row(&net, SOURCE, 0), "onward"), "members")), 1);
    mesh_settle(&net, 8);
    assert_true(has(NATIONAL) && !has(MINISTRY));
    stop();
}

/* Under CLEAR the grant has no slots that would say for whom it was made: who stands in both communities has the report already. */
static void clear_lets_in_nobody_who_was_addressed(void **state)
{
    static const size_t nodes[] = {HUB, SOURCE, OTHER, GAS_MEMBER};
    static const uint32_t roles[] = {NRS_ROLE_HUB, NRS_ROLE_OPERATOR, NRS_ROLE_OPERATOR, NRS_ROLE_OPERATOR};

    (void)state;
    start();
    assert_int_equal(mesh_add_node(&net, "org-5"), GAS_HUB);
    assert_int_equal(mesh_add_node(&net, "org-6"), GAS_MEMBER);
    mesh_second_start(&net, &gas, "gas", nodes, roles, 4, true);
    mesh_second_recognised(&net, &gas);
    mesh_settle(&net, 4);
    OK(send_from(SOURCE, "CLEAR", "@electricity", "\"communities\"", ""));
    mesh_settle(&net, 8);
    assert_true(has(OTHER) && has(GAS_MEMBER));
    mesh_settle(&net, 6);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"receipts\",\"id\":\"%s\"}", report));
    for (size_t i = 0; i < mesh_row_count(&net, SOURCE); i++) {
        const bool let_in = strcmp(mesh_text(mesh_row(&net, SOURCE, i), "authority"), "consent") == 0;

        assert_true(!let_in || strcmp(mesh_text(mesh_row(&net, SOURCE, i), "recipient"), "org-6") == 0);
    }
    assert_string_equal(mesh_text(receipt_of(SOURCE, "org-6"), "authority"), "consent");
    stop();
}

static void a_withdrawal_reaches_whom_a_hub_let_in(void **state)
{
    (void)state;
    start_two(true, true);
    OK(send_from(SOURCE, "AMBER", "@electricity", "\"communities\",\"national\"", ""));
    mesh_settle(&net, 8);
    assert_true(has(GAS_HUB));
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤報\"}", report));
    mesh_settle(&net, 8);
    assert_int_equal(show(GAS_MEMBER), NRS_ERROR_WITHDRAWN); /* it had not opened it */
    assert_int_equal(show(NATIONAL), NRS_ERROR_WITHDRAWN);
    assert_string_equal(reached(SOURCE, "org-6"), "withdrawn");
    assert_string_equal(reached(SOURCE, "org-3"), "withdrawn");
    stop();
}

/* ---- Two steps: by way of the council, of which both hubs are members ---- */

enum { COUNCIL_HUB = 5, FAR_HUB = 6, FAR_MEMBER = 7 };

static void recognise_both(void *context, nrs_roster *next)
{
    static Nrs__Wire__Recognised others[2], *list[2] = {&others[0], &others[1]};
    mesh_second *const *seconds = context;

    for (size_t i = 0; i < 2; i++) {
        nrs__wire__recognised__init(&others[i]);
        others[i].community = nrs_field_of(nrs_slice_of(seconds[i]->id, NRS_HASH_SIZE));
        others[i].id = (char *)(uintptr_t)seconds[i]->name;
    }
    next->recognised = list;
    next->n_recognised = 2;
}

/* A council knows those whose hubs meet in it. */
static void recognise_gas_too(void *context, nrs_roster *next)
{
    static Nrs__Wire__Recognised other, *list[2];
    const mesh_second *second = context;

    nrs__wire__recognised__init(&other);
    other.community = nrs_field_of(nrs_slice_of(second->id, NRS_HASH_SIZE));
    other.id = (char *)(uintptr_t)second->name;
    assert_int_equal(next->n_recognised, 1);
    list[0] = next->recognised[0];
    list[1] = &other;
    next->recognised = list;
    next->n_recognised = 2;
}

static void two_steps_and_no_more(void **state)
{
    static const size_t council_nodes[] = {HUB, COUNCIL_HUB, FAR_HUB}, far_nodes[] = {FAR_HUB, FAR_MEMBER};
    static const uint32_t council_roles[] = {NRS_ROLE_OPERATOR, NRS_ROLE_HUB, NRS_ROLE_OPERATOR}, far_roles[] = {NRS_ROLE_HUB, NRS_ROLE_OPERATOR};
    mesh_second council;
    mesh_second *seconds[2] = {&council, &gas};

    (void)state;
    start();
    assert_int_equal(mesh_add_node(&net, "org-5"), COUNCIL_HUB);
    assert_int_equal(mesh_add_node(&net, "org-6"), FAR_HUB);
    assert_int_equal(mesh_add_node(&net, "org-7"), FAR_MEMBER);
    mesh_second_start(&net, &council, "council", council_nodes, council_roles, 3, true);
    mesh_second_start(&net, &gas, "gas", far_nodes, far_roles, 2, true);
    mesh_change(&net, recognise_both, seconds);
    mesh_second_change(&net, &council, COUNCIL_HUB, recognise_gas_too, &gas);
    mesh_settle(&net, 6);
    OK(send_from(SOURCE, "AMBER", "@electricity", "\"communities\"", ""));
    mesh_settle(&net, 12);
    assert_true(has(COUNCIL_HUB) && has(FAR_HUB));
    assert_true(has(FAR_MEMBER));
    assert_string_equal(mesh_text(json_object_get(mesh_row(&net, FAR_MEMBER, 0), "let_in_by"), "by"), "org-6");
    mesh_settle(&net, 8);
    assert_string_equal(reached(SOURCE, "org-6"), "opened");
    assert_string_equal(reached(SOURCE, "org-7"), "opened");
    assert_string_equal(mesh_text(receipt_of(SOURCE, "org-7"), "let_in_by"), "org-6");
    stop();
    mesh_second_stop(&council);
}

static size_t receipts_with(size_t node, const char *org, const char *stage)
{
    size_t count = 0;

    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        const json_t *row = mesh_row(&net, node, i);

        count += json_object_get(row, "recipient") != NULL && strcmp(mesh_text(row, "recipient"), org) == 0 && strcmp(mesh_text(row, "stage"), stage) == 0 ? 1 : 0;
    }
    return count;
}

/* It is awaited once, and is not missing because another way has brought it. */
static void clear_that_lets_one_in_at_home_and_elsewhere_awaits_it_once(void **state)
{
    static const size_t nodes[] = {HUB, SOURCE, NATIONAL, GAS_MEMBER};
    static const uint32_t roles[] = {NRS_ROLE_HUB, NRS_ROLE_OPERATOR, NRS_ROLE_NATIONAL, NRS_ROLE_OPERATOR};

    (void)state;
    start();
    assert_int_equal(mesh_add_node(&net, "org-5"), GAS_HUB);
    assert_int_equal(mesh_add_node(&net, "org-6"), GAS_MEMBER);
    mesh_second_start(&net, &gas, "gas", nodes, roles, 4, true);
    mesh_second_recognised(&net, &gas);
    mesh_settle(&net, 4);
    OK(send_from(SOURCE, "CLEAR", "org-0", "\"communities\",\"national\"", ""));
    mesh_settle(&net, 8);
    assert_true(has(NATIONAL) && has(GAS_MEMBER));
    mesh_settle(&net, 6);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"receipts\",\"id\":\"%s\"}", report));
    assert_int_equal(receipts_with(SOURCE, "org-3", "sent"), 1);
    assert_int_equal(receipts_with(SOURCE, "org-3", "opened"), 1);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"receipts\",\"id\":\"%s\",\"missing\":true}", report));
    assert_int_equal(receipts_with(SOURCE, "org-3", "sent") + receipts_with(SOURCE, "org-3", "stored"), 0);
    OK(mesh_ask(&net, HUB, "{\"command\":\"receipts\",\"id\":\"%s\"}", report)); /* its word goes to the source alone */
    assert_int_equal(receipts_with(HUB, "org-3", "sent"), 1);
    stop();
}

/* The hub's own report is extended to it: it was not addressed, although it could have been. */
static void who_is_a_member_at_home_too_is_let_in_elsewhere(void **state)
{
    static const size_t nodes[] = {HUB, OTHER};
    static const uint32_t roles[] = {NRS_ROLE_HUB, NRS_ROLE_OPERATOR};

    (void)state;
    start();
    mesh_second_start(&net, &gas, "gas", nodes, roles, 2, true);
    mesh_second_recognised(&net, &gas);
    mesh_settle(&net, 4);
    net.now_ms += 5 * NRS_WEEK_MS; /* its bundle has run out at the hub, and it is away */
    mesh_down(&net, OTHER);
    mesh_settle(&net, 6);
    OK(send_from(HUB, "AMBER", "org-1", "\"communities\"", ",\"stale_roster\":true"));
    mesh_settle(&net, 6);
    assert_string_equal(reached(HUB, "org-2"), "waiting");
    mesh_up(&net, OTHER);
    mesh_settle(&net, 12);
    assert_true(has(OTHER));
    mesh_settle(&net, 6);
    assert_string_equal(reached(HUB, "org-2"), "opened");
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_reaches_public_bodies_without_consent),
        cmocka_unit_test(a_hub_lets_in_whom_the_consent_names),
        cmocka_unit_test(what_is_never_passed_on_takes_no_consent),
        cmocka_unit_test(a_hubs_own_consent_is_its_addresses),
        cmocka_unit_test(a_dry_run_says_who_could_be_reached),
        cmocka_unit_test(another_community_reads_what_it_is_let_in_to),
        cmocka_unit_test(neither_side_alone_opens_the_way),
        cmocka_unit_test(who_waits_for_its_prekey_is_let_in_later),
        cmocka_unit_test(who_is_a_member_at_home_too_is_let_in_elsewhere),
        cmocka_unit_test(who_is_removed_gets_nothing_more),
        cmocka_unit_test(expiry_holds_for_all),
        cmocka_unit_test(a_duty_is_asked_of_whoever_is_let_in),
        cmocka_unit_test(a_disclaimer_is_accepted_over_there_and_known_here),
        cmocka_unit_test(clear_is_passed_on_with_its_open_key),
        cmocka_unit_test(clear_lets_in_nobody_who_was_addressed),
        cmocka_unit_test(clear_that_lets_one_in_at_home_and_elsewhere_awaits_it_once),
        cmocka_unit_test(a_withdrawal_reaches_whom_a_hub_let_in),
        cmocka_unit_test(two_steps_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
