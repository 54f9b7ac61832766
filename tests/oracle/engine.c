/* Real engines, every combination of label, address, disclaimer, decision, consent, conditions and duty: what they answer where a
 * report is sent, carried, listed, shown, exported, answered, passed on and withdrawn. A line each, for judge.py. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mesh.h"
#include "proto/label.h"
#include "proto/vocabulary.h"

#define COUNT(list) (sizeof(list) / sizeof(list)[0])
#define OK(expression) assert_int_equal((expression), NRS_OK)

enum { HUB, SENDER, READER, OTHER, MINISTRY_NODE, NODE_COUNT };
enum { REPORT_MAX = 512 };

static const char *const labels[] = {"CLEAR", "GREEN", "AMBER", "AMBER+STRICT"};
static const struct to { const char *name, *json; } addresses[] = {
    {"community", "\"@electricity\""}, {"reader", "\"org-2\""}, {"reader+hub", "\"org-2\",\"org-0\""},
};
static const char *const decisions[] = {"none", "waiting", "accepted", "declined"};
static const char *const duty_states[] = {"none", "held", "absent", "expired", "not-begun"};
static const struct conditions { const char *name, *json; } conditions[] = {
    {"//", ""}, {"GREEN//", ",\"pap\":\"GREEN\""}, {"AMBER/no/", ",\"pap\":\"AMBER\",\"tell_affected\":\"no\""}, {"RED/yes/no", ",\"pap\":\"RED\",\"tell_affected\":\"yes\",\"name_source\":\"no\""},
};
static const struct consent { const char *name, *json; } consents[] = {{"", ""}, {"ministry", ",\"onward\":[\"ministry\"]"}};

/* What the next roster's rules and members' duties are. */
typedef struct rules {
    bool disclaimer;
    size_t duty; /* of duty_states: the reader's; everybody else has it */
    uint64_t now_ms;
} rules;

typedef struct sent {
    char id[2 * NRS_HASH_SIZE + 1];
    size_t label, to, conditions, consent;
} sent;

static mesh net;
static sent reports[REPORT_MAX];
static size_t report_count;

static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text; /* only read */
}

static void put_rules(void *context, nrs_roster *next)
{
    static Nrs__Wire__Duty held, own, *held_place[1] = {&held}, *own_place[1] = {&own};
    static Nrs__Wire__DutyRule rule, *rule_place[1] = {&rule};
    static Nrs__Wire__Disclaimer text, *text_place[1] = {&text};
    static Nrs__Wire__Rules kept;
    const rules *wanted = context;

    nrs__wire__duty__init(&held);
    held.name = text_of("nda");
    held.since_ms = wanted->now_ms - NRS_DAY_MS;
    own = held;
    own.until_ms = strcmp(duty_states[wanted->duty], "expired") == 0 ? wanted->now_ms - 1 : 0;
    own.since_ms = strcmp(duty_states[wanted->duty], "not-begun") == 0 ? wanted->now_ms + 10 * NRS_DAY_MS : own.since_ms;
    for (size_t i = 0; i < next->n_members; i++) {
        const bool reader = strcmp(next->members[i]->org, "org-2") == 0;

        next->members[i]->duties = reader ? own_place : held_place;
        next->members[i]->n_duties = reader && strcmp(duty_states[wanted->duty], "absent") == 0 ? 0 : 1;
    }
    kept = *next->rules;
    nrs__wire__duty_rule__init(&rule);
    rule.labels = NRS_LABEL_BITS_ALL;
    rule.duty = text_of("nda");
    kept.duties = rule_place;
    kept.n_duties = wanted->duty == 0 ? 0 : 1;
    nrs__wire__disclaimer__init(&text);
    text.name = text_of("no-liability");
    text.version = 1;
    text.ja = text_of("責任を問わない");
    text.labels = wanted->disclaimer ? (uint32_t)NRS_LABEL_BITS_ALL : 0;
    kept.disclaimers = text_place;
    kept.n_disclaimers = 1;
    next->rules = &kept;
}

static void set_rules(bool disclaimer, size_t duty)
{
    rules wanted = {.disclaimer = disclaimer, .duty = duty, .now_ms = net.now_ms};

    mesh_change(&net, put_rules, &wanted);
}

/* ---- Observing ---- */

static size_t current_duty, current_decision;

static const char *answer_of(nrs_error error)
{
    return error == NRS_OK ? "ok" : nrs_error_rule(error);
}

static void print_cell(const char *what, const sent *one, const char *more, nrs_error error)
{
    printf("engine-%s report=%s label=%s to=%s decision=%s duty=%s conditions=%s consent=%s %s rule=%s\n", what, one->id[0] == '\0' ? "-" : one->id,
           labels[one->label], addresses[one->to].name, decisions[current_decision], duty_states[current_duty], conditions[one->conditions].name,
           consents[one->consent].name, more, answer_of(error));
}

static bool lists(size_t node, const char *id)
{
    OK(mesh_command(&net, node, "{\"command\":\"list\"}"));
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        if (strcmp(mesh_text(mesh_row(&net, node, i), "id"), id) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether an organisation is among those that an answer to send names under a key. */
static bool named(const char *key, const char *who)
{
    size_t index;
    const json_t *one;

    json_array_foreach(json_object_get(mesh_row(&net, SENDER, 0), key), index, one) {
        const char *text = json_is_object(one) ? mesh_text(one, "who") : json_string_value(one);

        if (text != NULL && strcmp(text, who) == 0) {
            return true;
        }
    }
    return false;
}

static void send_one(sent *one, bool dry_run)
{
    char more[96];
    nrs_error error = mesh_ask(&net, SENDER,
                               "{\"command\":\"send\",\"label\":\"%s\",\"to\":[%s],\"kind\":\"incident\",\"subject\":\"件名\",\"body\":\"本文\"%s%s%s}",
                               labels[one->label], addresses[one->to].json, conditions[one->conditions].json, consents[one->consent].json,
                               dry_run ? ",\"dry_run\":true" : "");

    one->id[0] = '\0';
    if (error == NRS_OK && !dry_run) {
        (void)snprintf(one->id, sizeof one->id, "%s", mesh_text(mesh_row(&net, SENDER, 0), "id"));
    }
    (void)snprintf(more, sizeof more, "reader=%d hub=%d other=%d ministry=%d left=%d", error == NRS_OK && named("recipients", "org-2"),
                   error == NRS_OK && named("recipients", "org-0"), error == NRS_OK && named("recipients", "org-3"),
                   error == NRS_OK && named("recipients", "org-ministry"), error == NRS_OK && named("excluded", "org-2"));
    print_cell("send", one, more, error);
}

/* rest: what the request has beside the report. */
static void about(const char *what, const sent *one, const char *more, const char *command, const char *rest)
{
    print_cell(what, one, more, mesh_ask(&net, READER, "{\"command\":\"%s\",\"id\":\"%s\"%s}", command, one->id, rest));
}

/* A dry run asks every rule and sends nothing. */
#define TEXT ",\"body\":\"返事\",\"dry_run\":true"

/* What the reader may do with a report, the duty being what it is now. */
static void observe(const sent *one)
{
    static const char *const sinks[] = {"own", "clients", "community", "public"};
    char rest[64], more[64];

    about("show", one, "-=", "show", "");
    for (size_t i = 0; i < COUNT(sinks); i++) {
        (void)snprintf(rest, sizeof rest, ",\"sink\":\"%s\"", sinks[i]);
        (void)snprintf(more, sizeof more, "sink=%s", sinks[i]);
        about("export", one, more, "export", rest);
    }
    about("reply", one, "whom=sender wanted=", "reply", TEXT);
    about("reply", one, "whom=other wanted=AMBER+STRICT", "reply", TEXT ",\"to\":[\"org-3\"],\"label\":\"AMBER+STRICT\"");
    about("reply", one, "whom=sender wanted=CLEAR", "reply", TEXT ",\"to\":[\"org-1\"],\"label\":\"CLEAR\"");
    about("reply-looser", one, "pap=CLEAR", "reply", TEXT ",\"pap\":\"CLEAR\"");
    about("forward", one, "whom=other wanted=AMBER+STRICT", "forward", TEXT ",\"to\":[\"org-3\"],\"label\":\"AMBER+STRICT\"");
    about("forward", one, "whom=hub wanted=AMBER+STRICT", "forward", TEXT ",\"to\":[\"org-0\"],\"label\":\"AMBER+STRICT\"");
    about("forward", one, "whom=ministry wanted=AMBER+STRICT", "forward", TEXT ",\"to\":[\"org-ministry\"],\"label\":\"AMBER+STRICT\"");
    about("forward", one, "whom=other wanted=CLEAR", "forward", TEXT ",\"to\":[\"org-3\"],\"label\":\"CLEAR\"");
}

static void decide(const sent *one)
{
    if (strcmp(decisions[current_decision], "accepted") == 0) {
        OK(mesh_ask(&net, READER, "{\"command\":\"accept\",\"id\":\"%s\"}", one->id));
    } else if (strcmp(decisions[current_decision], "declined") == 0) {
        OK(mesh_ask(&net, READER, "{\"command\":\"decline\",\"id\":\"%s\",\"reason\":\"否\"}", one->id));
    }
}

/* Each combination sent once, while nobody lacks a duty. */
static void send_all(void)
{
    report_count = 0;
    current_duty = 0;
    for (size_t label = 0; label < COUNT(labels); label++) {
        for (size_t to = 0; to < COUNT(addresses); to++) {
            for (size_t terms = 0; terms < COUNT(conditions); terms++) {
                for (size_t consent = 0; consent < COUNT(consents); consent++) {
                    sent *one = &reports[report_count];

                    assert_true(report_count < REPORT_MAX);
                    *one = (sent){.label = label, .to = to, .conditions = terms, .consent = consent};
                    send_one(one, false);
                    report_count += one->id[0] != '\0';
                }
            }
        }
    }
    mesh_settle(&net, 6);
}

static void print_lists(void)
{
    static const char *const who[] = {"hub", "", "reader", "other", "ministry"};
    char more[64];

    for (size_t i = 0; i < report_count; i++) {
        for (size_t node = 0; node < NODE_COUNT; node++) {
            if (node != SENDER) {
                (void)snprintf(more, sizeof more, "who=%s listed=%d", who[node], lists(node, reports[i].id));
                print_cell("listed", &reports[i], more, NRS_OK);
            }
        }
    }
}

static void run(size_t decision)
{
    current_decision = decision;
    set_rules(decision != 0, 0);
    send_all();
    print_lists();
    for (size_t i = 0; i < report_count; i++) {
        decide(&reports[i]);
    }
    mesh_settle(&net, 3);
    for (current_duty = COUNT(duty_states); current_duty-- > 0;) { /* without any last, so that what was closed opens again */
        set_rules(decision != 0, current_duty);
        for (size_t i = 0; i < report_count; i++) {
            observe(&reports[i]);
        }
        for (size_t label = 0; label < COUNT(labels); label++) {
            for (size_t to = 0; to < COUNT(addresses); to++) {
                sent dry = {.label = label, .to = to};

                send_one(&dry, true);
            }
        }
    }
    current_duty = 0;
    for (size_t i = 0; i < report_count; i += 2) { /* the others stay, so that the same run shows both */
        OK(mesh_ask(&net, SENDER, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤り\"}", reports[i].id));
        print_cell("withdraw", &reports[i], "-=", NRS_OK);
        about("withdraw-other", &reports[i], "-=", "withdraw", ",\"reason\":\"x\"");
    }
    mesh_settle(&net, 4);
    for (size_t i = 0; i < report_count; i++) {
        observe(&reports[i]);
    }
}

int main(void)
{
    size_t ministry;

    mesh_start(&net, NODE_COUNT - 1, 1);
    ministry = mesh_add_node(&net, "org-ministry");
    assert_int_equal(ministry, MINISTRY_NODE);
    mesh_join(&net, ministry, NRS_ROLE_MINISTRY);
    mesh_settle(&net, 6);
    for (size_t decision = 0; decision < COUNT(decisions); decision++) {
        run(decision);
    }
    mesh_stop(&net);
    return ferror(stdout) != 0;
}
