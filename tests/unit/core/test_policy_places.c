/* Label × audience × place × duty × disclaimer, every combination, against a second statement of the rules: strings and masks
 * taken from SPEC 5.1 to 5.3, not from policy.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/policy.h"
#include "proto/vocabulary.h"
#include "proto/wire.h"

enum { READER_COUNT = 16, SINK_COUNT = 5 };

/* For each label: whom it may be addressed to (community, organisation, person), who opens it (bits of a reader: 1 person named,
 * 2 organisation named, 4 community named, 8 as that person: any listed set of bits together suffices), and the last sink. */
static const struct label_row {
    const char *addressed, *opened;
    int last_sink; /* 0 the screen … 4 public */
    bool carried_by_rule;
} labels[NRS_LABEL_COUNT] = {
    [NRS_LABEL_NONE] = {"", "", -1, false},
    [NRS_LABEL_CLEAR] = {"cop", "0", 4, false},
    [NRS_LABEL_GREEN] = {"c", "4", 3, false},
    [NRS_LABEL_AMBER] = {"co", "24", 2, false},
    [NRS_LABEL_AMBER_STRICT] = {"o", "2", 1, false},
    [NRS_LABEL_RED] = {"p", "9", 0, true},
};

/* For each place: whether a duty is asked for, and what each state of the disclaimers leads to: . goes on, a accept first,
 * d demanded, u unknown, v two versions. States: none, accepted, waiting, declined, missing, unknown, two versions. */
static const struct place_row {
    const char *name;
    bool duty;
    const char *disclaimers;
} places[NRS_PLACE_COUNT] = {
    [NRS_PLACE_SEND] = {"send", true, "....duv"},   [NRS_PLACE_CARRY] = {"carry", false, "....duv"},
    [NRS_PLACE_DELIVER] = {"deliver", true, "....duv"}, [NRS_PLACE_GRANT] = {"grant", true, "..aaduv"},
    [NRS_PLACE_OPEN] = {"open", true, "....d.v"},   [NRS_PLACE_READ] = {"read", true, "..aaduv"},
    [NRS_PLACE_QUOTE] = {"quote", true, "..aaduv"}, [NRS_PLACE_EXPORT] = {"export", true, "..aaduv"},
};

static bool opens(const char *sets, unsigned reader)
{
    for (; *sets != '\0'; sets++) {
        unsigned needed = (unsigned)(*sets - '0');

        if ((reader & needed) == needed) {
            return true;
        }
    }
    return false;
}

static nrs_error label_wants(const nrs_edge *edge, unsigned reader)
{
    const struct label_row *row = &labels[edge->label];
    const bool red = edge->label == NRS_LABEL_RED;

    if (edge->label == NRS_LABEL_NONE) {
        return NRS_ERROR_LABEL_MISSING;
    }
    if (edge->place == NRS_PLACE_SEND) {
        return strchr(row->addressed, "-cop"[edge->audience]) != NULL ? NRS_OK : NRS_ERROR_LABEL_FORBIDS;
    }
    if (edge->place == NRS_PLACE_CARRY || edge->place == NRS_PLACE_DELIVER) {
        return row->carried_by_rule && !edge->red_relay ? NRS_ERROR_COMMUNITY_RULE : NRS_OK;
    }
    if (edge->place == NRS_PLACE_EXPORT && (int)edge->sink - 1 > row->last_sink) {
        return NRS_ERROR_CLEARANCE;
    }
    return opens(row->opened, reader) ? NRS_OK : red ? NRS_ERROR_PERSON_ONLY : NRS_ERROR_LABEL_FORBIDS;
}

static nrs_error wanted(const nrs_edge *edge, unsigned reader)
{
    const struct place_row *row = &places[edge->place];
    nrs_error error = label_wants(edge, reader);

    if (error != NRS_OK) {
        return error;
    }
    if (row->duty && edge->duty != NRS_DUTY_NOT_DEMANDED && edge->duty != NRS_DUTY_HELD) {
        return NRS_ERROR_DUTY;
    }
    switch (row->disclaimers[edge->disclaimer]) {
    case 'a':
        return NRS_ERROR_DISCLAIMER;
    case 'd':
        return NRS_ERROR_COMMUNITY_RULE;
    case 'u':
        return NRS_ERROR_DISCLAIMER_UNKNOWN;
    case 'v':
        return NRS_ERROR_DISCLAIMER_VERSIONS;
    default:
        break;
    }
    if (edge->place == NRS_PLACE_EXPORT) {
        static const char *const open_to[] = {"socmp", "socmp", "socm", "soc", "so"}; /* unstated, CLEAR, GREEN, AMBER, RED */
        const char sink = "-socmp"[edge->sink]; /* screen, own, clients, community, public */
        const bool hidden_from_affected = (edge->conditions.flags & NRS_CONDITION_AFFECTED_NOT_TOLD) != 0;

        if (strchr(open_to[edge->conditions.permissible_actions], sink) == NULL || (hidden_from_affected && strchr("cp", sink) != NULL)) {
            return NRS_ERROR_CONDITIONS;
        }
    }
    return NRS_OK;
}

static void check(const nrs_edge *edge, unsigned reader)
{
    const nrs_verdict got = nrs_policy_edge(edge);
    const nrs_error want = wanted(edge, reader);

    if (got.error != want || (want == NRS_OK) != (got.allowed == NULL)) {
        fail_msg("%s, %s, audience %d, reader %u, sink %d, duty %d, disclaimer %d: %s, not %s", places[edge->place].name,
                 nrs_label_name(edge->label), (int)edge->audience, reader, (int)edge->sink, (int)edge->duty, (int)edge->disclaimer,
                 nrs_error_rule(got.error), nrs_error_rule(want));
    }
}

/* One place and label: all that the label's question depends on there, times duties and disclaimers. */
static size_t check_all_at(nrs_edge_place place, nrs_label label)
{
    const unsigned audiences = place == NRS_PLACE_SEND ? NRS_ADDRESS_PERSON : 1;
    const unsigned relays = place == NRS_PLACE_CARRY || place == NRS_PLACE_DELIVER ? 2 : 1;
    const unsigned readers = place >= NRS_PLACE_GRANT ? READER_COUNT : 1;
    const unsigned sinks = place == NRS_PLACE_EXPORT ? SINK_COUNT : 1;
    const unsigned conditions = place == NRS_PLACE_EXPORT ? 2 * (NRS_PAP_RED + 1) : 1;
    const unsigned inner = NRS_DUTY_STATE_COUNT * NRS_DISCLAIMER_STATE_COUNT;
    const unsigned outer = audiences * relays * readers * sinks * conditions;

    for (unsigned i = 0; i < outer * inner; i++) {
        unsigned rest = i / inner;
        nrs_edge edge = {.place = place, .label = label};
        unsigned reader;

        edge.duty = (nrs_duty_state)(i % NRS_DUTY_STATE_COUNT);
        edge.disclaimer = (nrs_disclaimer_state)(i / NRS_DUTY_STATE_COUNT % NRS_DISCLAIMER_STATE_COUNT);
        edge.audience = (nrs_address_type)(NRS_ADDRESS_COMMUNITY + rest % audiences);
        rest /= audiences;
        edge.red_relay = rest % relays == 1;
        rest /= relays;
        reader = rest % readers;
        rest /= readers;
        edge.sink = (nrs_sink)(NRS_SINK_SCREEN + rest % sinks);
        rest /= sinks;
        edge.conditions.permissible_actions = rest % (NRS_PAP_RED + 1);
        edge.conditions.flags = rest > NRS_PAP_RED ? NRS_CONDITION_AFFECTED_NOT_TOLD : NRS_CONDITION_NAME_SOURCE;
        edge.reader = (nrs_reader_facts){.person_named = (reader & 1) != 0, .org_named = (reader & 2) != 0,
                                         .community_named = (reader & 4) != 0, .as_person = (reader & 8) != 0};
        check(&edge, reader);
    }
    return (size_t)outer * inner;
}

static void every_combination(void **state)
{
    size_t count = 0;

    (void)state;
    for (unsigned place = NRS_PLACE_SEND; place < NRS_PLACE_COUNT; place++) {
        for (unsigned label = NRS_LABEL_NONE; label < NRS_LABEL_COUNT; label++) {
            count += check_all_at((nrs_edge_place)place, (nrs_label)label);
        }
    }
    assert_true(count > 30000);
    printf("%zu combinations\n", count);
}

static void what_a_rule_means(void **state)
{
    static const uint32_t amber = NRS_LABEL_BIT(NRS_LABEL_AMBER), incident = NRS_KIND_BIT(NRS_KIND_INCIDENT);
    static const struct {
        const char *name;
        uint32_t labels, kinds, kind;
        bool at_sending, elsewhere;
    } cases[] = {
        {"nothing named", 0, 0, NRS_KIND_INCIDENT, false, false},
        {"the label", amber, 0, NRS_KIND_INCIDENT, true, true},
        {"another label", amber << 1, 0, NRS_KIND_INCIDENT, false, false},
        {"the kind", 0, incident, NRS_KIND_INCIDENT, true, true},
        {"another kind", 0, incident << 1, NRS_KIND_INCIDENT, false, false},
        {"both", amber, incident, NRS_KIND_INCIDENT, true, true},
        {"the label and another kind", amber, incident << 1, NRS_KIND_INCIDENT, false, false},
        {"the label, the kind is sealed", amber, 0, 0, true, true},
        {"a kind, which is sealed", amber, incident, 0, true, false},
        {"another label, the kind is sealed", amber << 1, incident, 0, false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (unsigned place = NRS_PLACE_SEND; place < NRS_PLACE_COUNT; place++) {
            bool want = place == NRS_PLACE_SEND ? cases[i].at_sending : cases[i].elsewhere;

            if (nrs_policy_demands((nrs_edge_place)place, cases[i].labels, cases[i].kinds, NRS_LABEL_AMBER, cases[i].kind) != want) {
                fail_msg("%s, %s", cases[i].name, places[place].name);
            }
        }
    }
}

/* Each pair of answers, of permissible actions and of the flag: the stricter holds, and a quote says nothing looser. */
static void conditions_that_meet(void **state)
{
    static const uint32_t told[] = {0, NRS_CONDITION_TELL_AFFECTED, NRS_CONDITION_AFFECTED_NOT_TOLD};
    static const uint32_t named[] = {0, NRS_CONDITION_NAME_SOURCE, NRS_CONDITION_SOURCE_NOT_NAMED};
    static const uint32_t supervision[] = {0, NRS_CONDITION_NOT_FOR_SUPERVISION};
    enum { ONE = 5 * 3 * 3 * 2 };

    (void)state;
    for (unsigned i = 0; i < ONE * ONE; i++) {
        const unsigned a = i % ONE, b = i / ONE; /* ranks: nothing said, yes, no ascend in strictness, as the actions do */
        const unsigned of_a[] = {a % 5, a / 5 % 3, a / 15 % 3, a / 45}, of_b[] = {b % 5, b / 5 % 3, b / 15 % 3, b / 45};
        const nrs_conditions first = {of_a[0], told[of_a[1]] | named[of_a[2]] | supervision[of_a[3]]};
        const nrs_conditions second = {of_b[0], told[of_b[1]] | named[of_b[2]] | supervision[of_b[3]]};
        const nrs_conditions both = nrs_policy_conditions_of_both(first, second);
        unsigned want[4];
        bool looser;

        for (size_t k = 0; k < 4; k++) {
            want[k] = of_a[k] > of_b[k] ? of_a[k] : of_b[k];
        }
        assert_int_equal(both.permissible_actions, want[0]);
        assert_int_equal(both.flags, told[want[1]] | named[want[2]] | supervision[want[3]]);
        assert_int_equal(nrs_policy_hides_source(both), want[2] == 2);
        looser = (of_b[0] != 0 && of_b[0] < of_a[0]) || (of_a[1] == 2 && of_b[1] == 1) || (of_a[2] == 2 && of_b[2] == 1);
        assert_int_equal(nrs_policy_conditions_quote(first, second).error, looser ? NRS_ERROR_CONDITIONS : NRS_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_combination), cmocka_unit_test(what_a_rule_means), cmocka_unit_test(conditions_that_meet)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
