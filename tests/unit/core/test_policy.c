/* The edge rules, cell by cell. What is expected is written out here a second time, from the design and not from policy.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/policy.h"

#define OK NRS_OK
#define FORBID NRS_ERROR_LABEL_FORBIDS
#define ONLY NRS_ERROR_PERSON_ONLY
#define CLEARANCE NRS_ERROR_CLEARANCE
#define RULE NRS_ERROR_COMMUNITY_RULE
#define MISSING NRS_ERROR_LABEL_MISSING
#define UNKNOWN NRS_ERROR_UNKNOWN_LABEL

/* One more than the last label: a value that no label has. */
#define NO_LABEL ((nrs_label)NRS_LABEL_COUNT)

/* A refusal says what would be allowed; a grant says nothing. */
static void check(const char *name, nrs_verdict got, nrs_error want)
{
    if (got.error != want) {
        fail_msg("%s: %s, not %s", name, nrs_error_rule(got.error), nrs_error_rule(want));
    }
    if (want == NRS_OK) {
        assert_null(got.allowed);
        return;
    }
    if (got.allowed == NULL || strlen(got.allowed) < 10 || got.allowed[strlen(got.allowed) - 1] != '.') {
        fail_msg("%s: the refusal does not say what would be allowed", name);
    }
}

static const struct address_case {
    const char *name;
    nrs_label label;
    nrs_address_type audience;
    nrs_error want;
} address_cases[] = {
    {"no label to a community", NRS_LABEL_NONE, NRS_ADDRESS_COMMUNITY, MISSING},
    {"no label to an organisation", NRS_LABEL_NONE, NRS_ADDRESS_ORG, MISSING},
    {"no label to a person", NRS_LABEL_NONE, NRS_ADDRESS_PERSON, MISSING},
    {"clear to a community", NRS_LABEL_CLEAR, NRS_ADDRESS_COMMUNITY, OK},
    {"clear to an organisation", NRS_LABEL_CLEAR, NRS_ADDRESS_ORG, OK},
    {"clear to a person", NRS_LABEL_CLEAR, NRS_ADDRESS_PERSON, OK},
    {"green to a community", NRS_LABEL_GREEN, NRS_ADDRESS_COMMUNITY, OK},
    {"green to an organisation", NRS_LABEL_GREEN, NRS_ADDRESS_ORG, FORBID},
    {"green to a person", NRS_LABEL_GREEN, NRS_ADDRESS_PERSON, FORBID},
    {"amber to a community", NRS_LABEL_AMBER, NRS_ADDRESS_COMMUNITY, OK},
    {"amber to an organisation", NRS_LABEL_AMBER, NRS_ADDRESS_ORG, OK},
    {"amber to a person", NRS_LABEL_AMBER, NRS_ADDRESS_PERSON, FORBID},
    {"strict to a community", NRS_LABEL_AMBER_STRICT, NRS_ADDRESS_COMMUNITY, FORBID},
    {"strict to an organisation", NRS_LABEL_AMBER_STRICT, NRS_ADDRESS_ORG, OK},
    {"strict to a person", NRS_LABEL_AMBER_STRICT, NRS_ADDRESS_PERSON, FORBID},
    {"red to a community", NRS_LABEL_RED, NRS_ADDRESS_COMMUNITY, FORBID},
    {"red to an organisation", NRS_LABEL_RED, NRS_ADDRESS_ORG, FORBID},
    {"red to a person", NRS_LABEL_RED, NRS_ADDRESS_PERSON, OK},
    {"an unknown label to a community", NO_LABEL, NRS_ADDRESS_COMMUNITY, UNKNOWN},
    {"an unknown label to an organisation", NO_LABEL, NRS_ADDRESS_ORG, UNKNOWN},
    {"an unknown label to a person", NO_LABEL, NRS_ADDRESS_PERSON, UNKNOWN},
    {"clear to no kind of address", NRS_LABEL_CLEAR, (nrs_address_type)0, FORBID},
    {"clear to an unknown kind of address", NRS_LABEL_CLEAR, (nrs_address_type)4, FORBID},
};

static void addressing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof address_cases / sizeof address_cases[0]; i++) {
        const struct address_case *it = &address_cases[i];
        check(it->name, nrs_policy_address(it->label, it->audience), it->want);
    }
}

static const struct carry_case {
    const char *name;
    nrs_label label;
    bool red_relay;
    nrs_error want;
    nrs_extension extension;
} carry_cases[] = {
    {"no label, rule off", NRS_LABEL_NONE, false, MISSING, NRS_EXTENSION_NONE},
    {"no label, rule on", NRS_LABEL_NONE, true, MISSING, NRS_EXTENSION_NONE},
    {"clear, rule off", NRS_LABEL_CLEAR, false, OK, NRS_EXTENSION_ANYONE},
    {"clear, rule on", NRS_LABEL_CLEAR, true, OK, NRS_EXTENSION_ANYONE},
    {"green, rule off", NRS_LABEL_GREEN, false, OK, NRS_EXTENSION_OWN_COMMUNITIES},
    {"green, rule on", NRS_LABEL_GREEN, true, OK, NRS_EXTENSION_OWN_COMMUNITIES},
    {"amber, rule off", NRS_LABEL_AMBER, false, OK, NRS_EXTENSION_CONSENT},
    {"amber, rule on", NRS_LABEL_AMBER, true, OK, NRS_EXTENSION_CONSENT},
    {"strict, rule off", NRS_LABEL_AMBER_STRICT, false, OK, NRS_EXTENSION_NONE},
    {"strict, rule on", NRS_LABEL_AMBER_STRICT, true, OK, NRS_EXTENSION_NONE},
    {"red, rule off", NRS_LABEL_RED, false, RULE, NRS_EXTENSION_NONE},
    {"red, rule on", NRS_LABEL_RED, true, OK, NRS_EXTENSION_NONE},
    {"unknown, rule off", NO_LABEL, false, UNKNOWN, NRS_EXTENSION_NONE},
    {"unknown, rule on", NO_LABEL, true, UNKNOWN, NRS_EXTENSION_NONE},
};

static void relaying(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof carry_cases / sizeof carry_cases[0]; i++) {
        const struct carry_case *it = &carry_cases[i];
        check(it->name, nrs_policy_carry(it->label, it->red_relay), it->want);
        if (nrs_policy_extension(it->label) != it->extension) {
            fail_msg("%s: extension", it->name);
        }
    }
}

/* All sixteen readers, by number: 8 as person, 4 community named, 2 organisation named, 1 person named. */
static const struct open_case {
    const char *name;
    nrs_label label;
    nrs_error want[16];
} open_cases[] = {
    {"no label", NRS_LABEL_NONE,
     {MISSING, MISSING, MISSING, MISSING, MISSING, MISSING, MISSING, MISSING,
      MISSING, MISSING, MISSING, MISSING, MISSING, MISSING, MISSING, MISSING}},
    {"clear: anyone", NRS_LABEL_CLEAR,
     {OK, OK, OK, OK, OK, OK, OK, OK, OK, OK, OK, OK, OK, OK, OK, OK}},
    {"green: members", NRS_LABEL_GREEN,
     {FORBID, FORBID, FORBID, FORBID, OK, OK, OK, OK, FORBID, FORBID, FORBID, FORBID, OK, OK, OK, OK}},
    {"amber: the desk of a named organisation", NRS_LABEL_AMBER,
     {FORBID, FORBID, OK, OK, OK, OK, OK, OK, FORBID, FORBID, OK, OK, OK, OK, OK, OK}},
    {"strict: the desk of an organisation named itself", NRS_LABEL_AMBER_STRICT,
     {FORBID, FORBID, OK, OK, FORBID, FORBID, OK, OK, FORBID, FORBID, OK, OK, FORBID, FORBID, OK, OK}},
    {"red: the named person as itself", NRS_LABEL_RED,
     {ONLY, ONLY, ONLY, ONLY, ONLY, ONLY, ONLY, ONLY, ONLY, OK, ONLY, OK, ONLY, OK, ONLY, OK}},
    {"an unknown label", NO_LABEL,
     {UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN,
      UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN}},
};

static void opening(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof open_cases / sizeof open_cases[0]; i++) {
        for (unsigned reader = 0; reader < 16; reader++) {
            const nrs_reader_facts facts = {.person_named = (reader & 1) != 0,
                                            .org_named = (reader & 2) != 0,
                                            .community_named = (reader & 4) != 0,
                                            .as_person = (reader & 8) != 0};
            char name[128];

            (void)snprintf(name, sizeof name, "%s, reader %u", open_cases[i].name, reader);
            check(name, nrs_policy_open(open_cases[i].label, &facts), open_cases[i].want[reader]);
        }
    }
}

static const struct export_case {
    const char *name;
    nrs_label label;
    nrs_sink sink;
    nrs_error want;
} export_cases[] = {
    {"no label on the screen", NRS_LABEL_NONE, NRS_SINK_SCREEN, MISSING},
    {"no label in the organisation", NRS_LABEL_NONE, NRS_SINK_OWN, MISSING},
    {"no label to clients", NRS_LABEL_NONE, NRS_SINK_CLIENTS, MISSING},
    {"no label to the community", NRS_LABEL_NONE, NRS_SINK_COMMUNITY, MISSING},
    {"no label to the public", NRS_LABEL_NONE, NRS_SINK_PUBLIC, MISSING},
    {"clear on the screen", NRS_LABEL_CLEAR, NRS_SINK_SCREEN, OK},
    {"clear in the organisation", NRS_LABEL_CLEAR, NRS_SINK_OWN, OK},
    {"clear to clients", NRS_LABEL_CLEAR, NRS_SINK_CLIENTS, OK},
    {"clear to the community", NRS_LABEL_CLEAR, NRS_SINK_COMMUNITY, OK},
    {"clear to the public", NRS_LABEL_CLEAR, NRS_SINK_PUBLIC, OK},
    {"green on the screen", NRS_LABEL_GREEN, NRS_SINK_SCREEN, OK},
    {"green in the organisation", NRS_LABEL_GREEN, NRS_SINK_OWN, OK},
    {"green to clients", NRS_LABEL_GREEN, NRS_SINK_CLIENTS, OK},
    {"green to the community", NRS_LABEL_GREEN, NRS_SINK_COMMUNITY, OK},
    {"green never to the public", NRS_LABEL_GREEN, NRS_SINK_PUBLIC, CLEARANCE},
    {"amber on the screen", NRS_LABEL_AMBER, NRS_SINK_SCREEN, OK},
    {"amber in the organisation", NRS_LABEL_AMBER, NRS_SINK_OWN, OK},
    {"amber to clients", NRS_LABEL_AMBER, NRS_SINK_CLIENTS, OK},
    {"amber never to the community", NRS_LABEL_AMBER, NRS_SINK_COMMUNITY, CLEARANCE},
    {"amber never to the public", NRS_LABEL_AMBER, NRS_SINK_PUBLIC, CLEARANCE},
    {"strict on the screen", NRS_LABEL_AMBER_STRICT, NRS_SINK_SCREEN, OK},
    {"strict in the organisation", NRS_LABEL_AMBER_STRICT, NRS_SINK_OWN, OK},
    {"strict never to clients", NRS_LABEL_AMBER_STRICT, NRS_SINK_CLIENTS, CLEARANCE},
    {"strict never to the community", NRS_LABEL_AMBER_STRICT, NRS_SINK_COMMUNITY, CLEARANCE},
    {"strict never to the public", NRS_LABEL_AMBER_STRICT, NRS_SINK_PUBLIC, CLEARANCE},
    {"red on the screen", NRS_LABEL_RED, NRS_SINK_SCREEN, OK},
    {"red never in the organisation's systems", NRS_LABEL_RED, NRS_SINK_OWN, CLEARANCE},
    {"red never to clients", NRS_LABEL_RED, NRS_SINK_CLIENTS, CLEARANCE},
    {"red never to the community", NRS_LABEL_RED, NRS_SINK_COMMUNITY, CLEARANCE},
    {"red never to the public", NRS_LABEL_RED, NRS_SINK_PUBLIC, CLEARANCE},
    {"an unknown label on the screen", NO_LABEL, NRS_SINK_SCREEN, UNKNOWN},
    {"an unknown label to the public", NO_LABEL, NRS_SINK_PUBLIC, UNKNOWN},
    {"clear to no sink", NRS_LABEL_CLEAR, (nrs_sink)0, NRS_ERROR_USAGE},
    {"clear to an unknown sink", NRS_LABEL_CLEAR, (nrs_sink)6, NRS_ERROR_USAGE},
};

static void exporting(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof export_cases / sizeof export_cases[0]; i++) {
        const struct export_case *it = &export_cases[i];
        check(it->name, nrs_policy_export(it->label, it->sink), it->want);
    }
}

static const struct quote_case {
    const char *name;
    nrs_label quoted;
    nrs_error inside, outside;
    nrs_label label[NRS_LABEL_COUNT]; /* for each wanted one */
} quote_cases[] = {
    {"clear", NRS_LABEL_CLEAR, OK, OK,
     {NRS_LABEL_CLEAR, NRS_LABEL_CLEAR, NRS_LABEL_GREEN, NRS_LABEL_AMBER, NRS_LABEL_AMBER_STRICT, NRS_LABEL_RED}},
    {"green", NRS_LABEL_GREEN, OK, OK,
     {NRS_LABEL_GREEN, NRS_LABEL_GREEN, NRS_LABEL_GREEN, NRS_LABEL_AMBER, NRS_LABEL_AMBER_STRICT, NRS_LABEL_RED}},
    {"amber", NRS_LABEL_AMBER, OK, OK,
     {NRS_LABEL_AMBER, NRS_LABEL_AMBER, NRS_LABEL_AMBER, NRS_LABEL_AMBER, NRS_LABEL_AMBER_STRICT, NRS_LABEL_RED}},
    {"strict", NRS_LABEL_AMBER_STRICT, OK, FORBID,
     {NRS_LABEL_AMBER_STRICT, NRS_LABEL_AMBER_STRICT, NRS_LABEL_AMBER_STRICT, NRS_LABEL_AMBER_STRICT, NRS_LABEL_AMBER_STRICT, NRS_LABEL_RED}},
    {"red", NRS_LABEL_RED, OK, FORBID,
     {NRS_LABEL_RED, NRS_LABEL_RED, NRS_LABEL_RED, NRS_LABEL_RED, NRS_LABEL_RED, NRS_LABEL_RED}},
};

static void quoting(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof quote_cases / sizeof quote_cases[0]; i++) {
        const struct quote_case *it = &quote_cases[i];

        check(it->name, nrs_policy_quote_address(it->quoted, true), it->inside);
        check(it->name, nrs_policy_quote_address(it->quoted, false), it->outside);
        for (unsigned wanted = NRS_LABEL_NONE; wanted < NRS_LABEL_COUNT; wanted++) {
            if (nrs_policy_quote_label(it->quoted, (nrs_label)wanted) != it->label[wanted]) {
                fail_msg("quoting %s, wanted label %u", it->name, wanted);
            }
        }
    }
    check("no label", nrs_policy_quote_address(NRS_LABEL_NONE, true), MISSING);
    check("an unknown label", nrs_policy_quote_address(NO_LABEL, true), UNKNOWN);
}

/* want[to - CLEAR]: without a release, the audience as it was; then with a wider one. With a release all is allowed. */
static const struct change_case {
    const char *name;
    nrs_label from;
    nrs_error same[5], wider[5];
} change_cases[] = {
    {"from clear", NRS_LABEL_CLEAR, {OK, OK, OK, OK, OK}, {OK, OK, OK, OK, OK}},
    {"from green", NRS_LABEL_GREEN, {FORBID, OK, OK, OK, OK}, {FORBID, FORBID, FORBID, FORBID, FORBID}},
    {"from amber", NRS_LABEL_AMBER, {FORBID, FORBID, OK, OK, OK}, {FORBID, FORBID, FORBID, FORBID, FORBID}},
    {"from strict", NRS_LABEL_AMBER_STRICT, {FORBID, FORBID, FORBID, OK, OK}, {FORBID, FORBID, FORBID, FORBID, FORBID}},
    {"from red", NRS_LABEL_RED, {FORBID, FORBID, FORBID, FORBID, OK}, {FORBID, FORBID, FORBID, FORBID, FORBID}},
};

static void changing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof change_cases / sizeof change_cases[0]; i++) {
        const struct change_case *it = &change_cases[i];

        for (unsigned to = NRS_LABEL_CLEAR; to < NRS_LABEL_COUNT; to++) {
            check(it->name, nrs_policy_change(it->from, (nrs_label)to, false, false), it->same[to - NRS_LABEL_CLEAR]);
            check(it->name, nrs_policy_change(it->from, (nrs_label)to, true, false), it->wider[to - NRS_LABEL_CLEAR]);
            check(it->name, nrs_policy_change(it->from, (nrs_label)to, false, true), OK);
            check(it->name, nrs_policy_change(it->from, (nrs_label)to, true, true), OK);
        }
        check(it->name, nrs_policy_change(it->from, NRS_LABEL_NONE, false, true), MISSING);
        check(it->name, nrs_policy_change(NO_LABEL, it->from, false, true), UNKNOWN);
    }
}

static void sinks_by_name(void **state)
{
    static const struct {
        const char *text;
        nrs_error want;
        nrs_sink sink;
    } cases[] = {
        {"own", OK, NRS_SINK_OWN},          {"clients", OK, NRS_SINK_CLIENTS},
        {"community", OK, NRS_SINK_COMMUNITY}, {"public", OK, NRS_SINK_PUBLIC},
        {"screen", NRS_ERROR_USAGE, 0},     {"Own", NRS_ERROR_USAGE, 0},
        {"", NRS_ERROR_USAGE, 0},           {NULL, NRS_ERROR_USAGE, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nrs_sink sink = NRS_SINK_SCREEN;

        assert_int_equal(nrs_sink_parse(&sink, cases[i].text), cases[i].want);
        assert_int_equal(sink, cases[i].want == OK ? cases[i].sink : NRS_SINK_SCREEN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addressing), cmocka_unit_test(relaying), cmocka_unit_test(opening),  cmocka_unit_test(exporting),
        cmocka_unit_test(quoting),    cmocka_unit_test(changing), cmocka_unit_test(sinks_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
