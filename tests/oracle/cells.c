/* Prints what the rules of node/core answer in every cell, a line each, for judge.py to compare with what cells.py makes of rules.py. */
#include <stdio.h>

#include "core/policy.h"
#include "proto/error.h"
#include "proto/vocabulary.h"
#include "proto/wire.h"

static const char *const places[] = {"", "send", "carry", "deliver", "grant", "open", "read", "quote", "export"};
static const char *const duties[] = {"none", "held", "absent", "expired", "not-begun"};
static const char *const disclaimers[] = {"none", "accepted", "waiting", "declined", "missing", "unknown", "two-versions"};
static const char *const sinks[] = {"", "screen", "own", "clients", "community", "public"};
static const char *const audiences[] = {"", "community", "org", "person"};
static const char *const paps[] = {"", "CLEAR", "GREEN", "AMBER", "RED"};
static const uint32_t told_flags[] = {0, NRS_CONDITION_TELL_AFFECTED, NRS_CONDITION_AFFECTED_NOT_TOLD};
static const uint32_t named_flags[] = {0, NRS_CONDITION_NAME_SOURCE, NRS_CONDITION_SOURCE_NOT_NAMED};
static const char *const answers[] = {"", "yes", "no"};

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static const char *word(nrs_verdict verdict)
{
    return nrs_error_rule(verdict.error);
}

/* Every duty and every disclaimer at one place of one label. */
static void print_beside(nrs_edge *edge, const char *about)
{
    for (size_t duty = 0; duty < COUNT(duties); duty++) {
        for (size_t disclaimer = 0; disclaimer < COUNT(disclaimers); disclaimer++) {
            edge->duty = (nrs_duty_state)duty;
            edge->disclaimer = (nrs_disclaimer_state)disclaimer;
            printf("edge place=%s label=%d %s duty=%s disclaimer=%s rule=%s\n", places[edge->place], (int)edge->label, about, duties[duty],
                   disclaimers[disclaimer], word(nrs_policy_edge(edge)));
        }
    }
}

static void print_sends(nrs_label label)
{
    char about[96];

    for (int audience = NRS_ADDRESS_COMMUNITY; audience <= NRS_ADDRESS_PERSON; audience++) {
        nrs_edge edge = {.place = NRS_PLACE_SEND, .label = label, .audience = (nrs_address_type)audience};

        (void)snprintf(about, sizeof about, "to=%s", audiences[audience]);
        print_beside(&edge, about);
    }
    for (int place = NRS_PLACE_CARRY; place <= NRS_PLACE_DELIVER; place++) {
        for (int relay = 0; relay < 2; relay++) {
            nrs_edge edge = {.place = (nrs_edge_place)place, .label = label, .red_relay = relay == 1};

            (void)snprintf(about, sizeof about, "relay=%d", relay);
            print_beside(&edge, about);
        }
    }
}

static void print_exports(nrs_edge edge, const char *reader)
{
    char about[160];

    for (int sink = NRS_SINK_SCREEN; sink <= NRS_SINK_PUBLIC; sink++) {
        for (uint32_t pap = 0; pap < COUNT(paps); pap++) {
            for (size_t told = 0; told < COUNT(told_flags); told++) {
                edge.sink = (nrs_sink)sink;
                edge.conditions = (nrs_conditions){pap, told_flags[told]};
                (void)snprintf(about, sizeof about, "%s sink=%s pap=%s told=%s", reader, sinks[sink], paps[pap], answers[told]);
                print_beside(&edge, about);
            }
        }
    }
}

static void print_readers(nrs_label label)
{
    char about[96];

    for (int place = NRS_PLACE_GRANT; place < NRS_PLACE_COUNT; place++) {
        for (unsigned facts = 0; facts < 16; facts++) {
            nrs_edge edge = {.place = (nrs_edge_place)place, .label = label,
                             .reader = {.person_named = (facts & 1) != 0, .org_named = (facts & 2) != 0, .community_named = (facts & 4) != 0,
                                        .as_person = (facts & 8) != 0}};

            (void)snprintf(about, sizeof about, "reader=%u", facts);
            if (place == NRS_PLACE_EXPORT) {
                print_exports(edge, about);
            } else {
                print_beside(&edge, about);
            }
        }
    }
}

static void print_quotes(nrs_label label)
{
    for (int other = NRS_LABEL_CLEAR; other < NRS_LABEL_COUNT; other++) {
        printf("quote-label label=%d wanted=%d result=%d\n", (int)label, other, (int)nrs_policy_quote_label(label, (nrs_label)other));
        for (int bits = 0; bits < 4; bits++) {
            printf("change label=%d after=%d wider=%d release=%d rule=%s\n", (int)label, other, bits & 1, bits >> 1,
                   word(nrs_policy_change(label, (nrs_label)other, (bits & 1) != 0, (bits & 2) != 0)));
        }
    }
    for (int named = 0; named < 2; named++) {
        printf("quote label=%d named=%d rule=%s\n", (int)label, named, word(nrs_policy_quote_address(label, named == 1)));
    }
}

static void print_onward(nrs_label label)
{
    for (uint32_t consent = 0; consent <= NRS_ONWARD_BITS_ALL; consent++) {
        for (int home = 0; home < 2; home++) {
            for (uint32_t role = NRS_ROLE_OPERATOR; role <= NRS_ROLE_COUNCIL; role++) {
                printf("onward label=%d consent=%u home=%d role=%u rule=%s\n", (int)label, consent, home, role,
                       word(nrs_policy_onward(label, consent, home == 1, role)));
            }
        }
    }
    for (uint32_t own = NRS_ROLE_OPERATOR; own <= NRS_ROLE_COUNCIL; own++) {
        for (uint32_t role = NRS_ROLE_OPERATOR; role <= NRS_ROLE_COUNCIL; role++) {
            printf("community label=%d own=%u role=%u reaches=%d\n", (int)label, own, role, nrs_policy_community_covers(label, own, role));
        }
    }
}

static void print_demands(nrs_label label)
{
    static const uint32_t sets[] = {0, 1, 2};

    for (int place = NRS_PLACE_SEND; place < NRS_PLACE_COUNT; place++) {
        for (size_t labels = 0; labels < COUNT(sets); labels++) {
            for (size_t kinds = 0; kinds < COUNT(sets); kinds++) {
                for (uint32_t kind = 0; kind < 3; kind++) {
                    const uint32_t label_bits = sets[labels] == 0 ? 0 : sets[labels] == 1 ? NRS_LABEL_BIT(label) : NRS_LABEL_BITS_ALL & ~NRS_LABEL_BIT(label);
                    const uint32_t kind_bits = sets[kinds] == 0 ? 0 : NRS_KIND_BIT(sets[kinds]);

                    printf("demands place=%s label=%d labels=%u kinds=%u kind=%u demanded=%d\n", places[place], (int)label, sets[labels], sets[kinds], kind,
                           nrs_policy_demands((nrs_edge_place)place, label_bits, kind_bits, label, kind));
                }
            }
        }
    }
}

static nrs_conditions conditions_at(size_t at)
{
    return (nrs_conditions){(uint32_t)(at % 5), told_flags[at / 5 % 3] | named_flags[at / 15 % 3] | (at / 45 % 2 == 1 ? (uint32_t)NRS_CONDITION_NOT_FOR_SUPERVISION : 0u)};
}

static void print_conditions(void)
{
    for (size_t one = 0; one < 90; one++) {
        for (size_t other = 0; other < 90; other++) {
            const nrs_conditions both = nrs_policy_conditions_of_both(conditions_at(one), conditions_at(other));

            printf("conditions one=%zu other=%zu pap=%s flags=%u rule=%s\n", one, other, paps[both.permissible_actions], both.flags,
                   word(nrs_policy_conditions_quote(conditions_at(one), conditions_at(other))));
        }
    }
}

/* Who is the source (SPEC 5.8): sealing, taking from a peer, opening, vouching. */
static void print_sources(void)
{
    for (uint32_t value = NRS_ATTRIBUTION_NAMED; value <= NRS_ATTRIBUTION_VOUCHED; value++) {
        for (unsigned bits = 0; bits < 16; bits++) {
            const nrs_attribution_facts facts = {.attribution = value, .rule_allows = (bits & 1) != 0, .direct = (bits & 2) != 0,
                                                 .here_hub = (bits & 4) != 0, .originator_hub = (bits & 8) != 0};

            printf("attribution value=%u rule_allows=%u direct=%u here=%u originator=%u rule=%s\n", value, bits & 1, bits >> 1 & 1, bits >> 2 & 1, bits >> 3,
                   word(nrs_policy_attribution(&facts)));
        }
    }
    for (unsigned bits = 0; bits < 4; bits++) {
        const nrs_reader_facts facts = {.org_named = (bits & 1) != 0};

        printf("withheld-open named=%u here=%u rule=%s\n", bits & 1, bits >> 1, word(nrs_policy_withheld_open(&facts, (bits & 2) != 0)));
    }
    for (int label = NRS_LABEL_CLEAR; label < NRS_LABEL_COUNT; label++) {
        for (int allowed = 0; allowed < 2; allowed++) {
            printf("withhold label=%d rule_allows=%d rule=%s\n", label, allowed, word(nrs_policy_withhold((nrs_label)label, allowed == 1)));
        }
        for (int wanted = NRS_LABEL_CLEAR; wanted < NRS_LABEL_COUNT; wanted++) {
            printf("vouch-label given=%d wanted=%d rule=%s\n", label, wanted, word(nrs_policy_vouch_label((nrs_label)label, (nrs_label)wanted)));
        }
        printf("extends label=%d may=%d\n", label, nrs_policy_extension((nrs_label)label) != NRS_EXTENSION_NONE);
    }
    for (size_t one = 0; one < 90; one++) {
        printf("hides conditions=%zu hidden=%d\n", one, nrs_policy_hides_source(conditions_at(one)));
    }
}

int main(void)
{
    for (int label = NRS_LABEL_CLEAR; label < NRS_LABEL_COUNT; label++) {
        print_sends((nrs_label)label);
        print_readers((nrs_label)label);
        print_quotes((nrs_label)label);
        print_onward((nrs_label)label);
        print_demands((nrs_label)label);
    }
    print_conditions();
    print_sources();
    return ferror(stdout) != 0;
}
