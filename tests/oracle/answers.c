/* Replies and forwards that are really made (SPEC 5.7): whom they may go to, under which terms, what of the quoted report they carry: its subject, its
 * conditions, consent, flags, duty, disclaimers, and whose text they hold. A line each, for judge.py. */
#include "world.h"

#include "keys/export.h"
#include "proto/armour.h"
#include "proto/label.h"

enum { MINISTRY_TWO = NODE_COUNT, QUOTED_COUNT = 110, ANSWER_COUNT = 6, PASSED_ON_COUNT = 90, AGAIN_COUNT = 10 };

typedef struct words { const char *name, *json; } words;
static const char *const labels[] = {"CLEAR", "GREEN", "AMBER", "AMBER+STRICT"};
static const words addresses[] = {{"@electricity", "\"@electricity\""}, {"reader", "\"org-2\""}, {"reader+hub", "\"org-2\",\"org-0\""},
                                  {"reader+ministry", "\"org-2\",\"org-4\""}, {"reader+hub+source+ministry", "\"org-2\",\"org-0\",\"org-1\",\"org-4\""}};
static const words consents[] = {{"", ""}, {"ministry", ",\"onward\":[\"ministry\"]"}, {"communities", ",\"onward\":[\"communities\"]"},
                                 {"ministry+communities", ",\"onward\":[\"ministry\",\"communities\"]"}};
/* How the quoted report is: it, and what is done with it before it is answered. */
static const words states[] = {{"plain", ""}, {"marked", ",\"drill\":true,\"pap\":\"AMBER\",\"tell_affected\":\"no\",\"not_for_supervision\":true"},
                               {"terms", ",\"disclaimers\":[\"terms\"]"}, {"waiting", ",\"disclaimers\":[\"terms\"]"},
                               {"unlocked", ",\"disclaimers\":[\"terms\"],\"unlock_on_accept\":true"}, {"withdrawn", ""}};
static const words targets[] = {{"source", "\"org-1\""}, {"other", "\"org-3\""}, {"reader", "\"org-2\""}, {"hub", "\"org-0\""}, {"ministry", "\"org-4\""},
                                {"ministry-2", "\"org-8\""}, {"@electricity", "\"@electricity\""}, {"source+ministry", "\"org-1\",\"org-4\""},
                                {"other+hub", "\"org-3\",\"org-0\""}, {"gas-member", "\"org-6\""}, {"@gas", "\"@gas\""}};
static const words asked_conditions[] = {{"//", ""}, {"//", ""}, {"GREEN//", ",\"pap\":\"GREEN\""}, {"RED/no/no", ",\"pap\":\"RED\",\"tell_affected\":\"no\",\"name_source\":\"no\""},
                                         {"/yes/", ",\"tell_affected\":\"yes\""}};
static const words wanted_labels[] = {{"", ""}, {"GREEN", ",\"label\":\"GREEN\""}, {"AMBER", ",\"label\":\"AMBER\""}, {"AMBER", ",\"label\":\"AMBER\""},
                                      {"AMBER+STRICT", ",\"label\":\"AMBER+STRICT\""}};
static const size_t senders[] = {SOURCE, SOURCE, MINISTRY, HUB};
static const size_t writers[] = {READER, OTHER, MINISTRY, HUB, SOURCE, GAS_MEMBER, MINISTRY_TWO};

typedef struct quoted {
    char id[ID_SIZE];
    size_t by, label, to, consent, state;
    bool early; /* sent before its community recognised the other */
} quoted;

static quoted all[QUOTED_COUNT];
static struct passed_on { char id[ID_SIZE]; size_t by; } passed_on[PASSED_ON_COUNT];
static size_t passed_on_count;
static char nda[] = "nda", pledge[] = "pledge", terms[] = "terms", text[] = "条件", nothing[] = "", lacking[] = "org-3";

static size_t pick(size_t n)
{
    static uint32_t state = 20261101;

    return world_pick(&state, n);
}

static const char *name_of(size_t node)
{
    return node == MINISTRY_TWO ? "ministry-2" : who[node];
}

/* ---- The rules of both communities ---- */

static void take_duty(nrs_roster *next)
{
    static Nrs__Wire__Duty duty, *taken[1] = {&duty};

    nrs__wire__duty__init(&duty);
    duty.name = nda;
    for (size_t i = 0; i < next->n_members; i++) {
        next->members[i]->duties = taken;
        next->members[i]->n_duties = strcmp(next->members[i]->org, lacking) == 0 ? 0 : 1;
    }
}

static void take_duty_there(void *context, nrs_roster *next)
{
    (void)context;
    take_duty(next);
}

static void set_rules(void *context, nrs_roster *next)
{
    static Nrs__Wire__DutyRule rule, *rule_place[1] = {&rule};
    static Nrs__Wire__Disclaimer disclaimer, *disclaimer_place[1] = {&disclaimer};
    static Nrs__Wire__Rules kept;

    (void)context;
    kept = *next->rules;
    nrs__wire__duty_rule__init(&rule);
    rule.labels = NRS_LABEL_BIT(NRS_LABEL_AMBER_STRICT);
    rule.kinds = NRS_KIND_BIT(NRS_KIND_INCIDENT);
    rule.duty = nda;
    kept.duties = rule_place;
    kept.n_duties = 1;
    nrs__wire__disclaimer__init(&disclaimer);
    disclaimer.name = terms;
    disclaimer.version = 1;
    disclaimer.ja = text;
    disclaimer.en = nothing;
    kept.disclaimers = disclaimer_place;
    kept.n_disclaimers = 1;
    next->rules = &kept;
    take_duty(next);
}

/* The one duty for a label, the other for a kind, which one member has not taken. */
static void set_two_duties(void *context, nrs_roster *next)
{
    static Nrs__Wire__Duty duties[2], *both[2] = {&duties[0], &duties[1]};
    static Nrs__Wire__DutyRule of[2], *of_place[2] = {&of[0], &of[1]};
    static Nrs__Wire__Rules kept;

    (void)context;
    kept = *next->rules;
    nrs__wire__duty__init(&duties[0]);
    duties[0].name = nda;
    duties[1] = duties[0];
    duties[1].name = pledge;
    nrs__wire__duty_rule__init(&of[0]);
    of[0].duty = nda;
    of[1] = of[0];
    of[0].labels = NRS_LABEL_BIT(NRS_LABEL_AMBER);
    of[1].kinds = NRS_KIND_BIT(NRS_KIND_INCIDENT);
    of[1].duty = pledge;
    kept.duties = of_place;
    kept.n_duties = 2;
    next->rules = &kept;
    for (size_t i = 0; i < next->n_members; i++) {
        next->members[i]->duties = both;
        next->members[i]->n_duties = strcmp(next->members[i]->org, lacking) == 0 ? 1 : 2;
    }
}

/* ---- What is quoted ---- */

static void send_quoted(quoted *one, bool early)
{
    char more[256];
    nrs_error error;

    *one = (quoted){.by = senders[pick(COUNT(senders))], .label = pick(COUNT(labels)), .to = pick(COUNT(addresses)), .consent = pick(COUNT(consents)),
                    .state = pick(COUNT(states)), .early = early};
    if (strcmp(labels[one->label], "GREEN") == 0) {
        one->to = 0;
    }
    if (strcmp(labels[one->label], "AMBER+STRICT") == 0 || strcmp(states[one->state].name, "unlocked") == 0) {
        one->consent = 0;
    }
    (void)snprintf(more, sizeof more, "%s%s", consents[one->consent].json, states[one->state].json);
    error = world_send(one->by, labels[one->label], addresses[one->to].json, more, one->id);
    printf("answers-send id=%s by=%s label=%s to=%s consent=%s state=%s early=%d rule=%s\n", one->id[0] == '\0' ? "-" : one->id, name_of(one->by),
           labels[one->label], addresses[one->to].name, consents[one->consent].name, states[one->state].name, early, world_word(error));
}

static bool is(const quoted *one, const char *state)
{
    return strcmp(states[one->state].name, state) == 0;
}

static void prepare_quoted(void)
{
    for (size_t i = 0; i < QUOTED_COUNT; i++) {
        for (size_t node = 0; node <= MINISTRY_TWO && (is(&all[i], "terms") || is(&all[i], "unlocked")); node++) {
            (void)world_about(node, "accept", all[i].id, "");
        }
    }
    mesh_settle(&net, 6);
    for (size_t i = 0; i < QUOTED_COUNT; i++) {
        if (all[i].id[0] != '\0' && is(&all[i], "withdrawn")) { /* read by every second one before */
            for (size_t node = i % 2; node <= MINISTRY_TWO; node += 2) {
                printf("answers-show node=%s quoted=%s rule=%s\n", name_of(node), all[i].id, world_about(node, "show", all[i].id, ""));
            }
            OK(mesh_ask(&net, all[i].by, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤り\"}", all[i].id));
        }
    }
    mesh_settle(&net, 4);
}

/* ---- What is made of it ---- */

/* Of a header's flags only an export tells. */
static unsigned flags_of(size_t node, const char *id)
{
    unsigned flags = 0;
    nrs_bytes proof = {0};
    nrs_export_view view = {0};

    OK(mesh_ask(&net, node, "{\"command\":\"export\",\"id\":\"%s\",\"sink\":\"own\"}", id));
    OK(nrs_base64_decode(&proof, nrs_slice_of_string(mesh_text(mesh_row(&net, node, 0), "proof"))));
    OK(nrs_export_verify(&view, nrs_slice_of_bytes(&proof)));
    flags = view.terms.flags;
    nrs_export_view_wipe(&view);
    nrs_bytes_wipe(&proof);
    return flags;
}

static const char *subject_of(const quoted *one, const char *subject)
{
    char by_id[32];

    (void)snprintf(by_id, sizeof by_id, "Re: %.16s", one->id);
    return strcmp(subject, by_id) == 0 ? "id" : strncmp(subject, "Re: ", 4) == 0 && strstr(subject, "件名") != NULL ? "text" : subject;
}

static const char *yes_or_no(const json_t *row, const char *key)
{
    const json_t *value = json_object_get(json_object_get(row, "conditions"), key);

    return json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "";
}

static void print_texts(const json_t *list)
{
    const json_t *one;
    size_t index;

    json_array_foreach(list, index, one) {
        printf("%s%s", index == 0 ? "" : "+", json_is_object(one) ? mesh_text(one, "name") : json_string_value(one));
    }
}

static void print_made(const quoted *one, size_t node, bool forward)
{
    char id[ID_SIZE];
    const json_t *row = mesh_row(&net, node, 0);

    (void)snprintf(id, sizeof id, "%s", mesh_text(row, "id"));
    printf(" id=%s got=", id);
    print_texts(json_object_get(row, "recipients"));
    printf(" listed=%zu", json_array_size(json_object_get(json_object_get(row, "onward"), "communities")));
    printf(" flags=%u", flags_of(node, id));
    OK(mesh_ask(&net, node, "{\"command\":\"show\",\"id\":\"%s\"}", id));
    row = mesh_row(&net, node, 0);
    printf(" subject=%s under=%s terms=%s/%s/%s not_for_supervision=%d duty=%s onward=", forward ? "" : subject_of(one, mesh_text(row, "subject")), mesh_text(row, "label"),
           mesh_text(json_object_get(row, "conditions"), "permissible_actions"), yes_or_no(row, "affected_may_be_told"), yes_or_no(row, "source_may_be_named"),
           json_is_true(json_object_get(json_object_get(row, "conditions"), "not_for_supervision")), mesh_text(row, "duty"));
    print_texts(json_object_get(row, "onward"));
    printf(" disclaimers=");
    print_texts(json_object_get(row, "disclaimers"));
    printf(" passes_on=");
    print_texts(json_object_get(row, "passes_on"));
}

typedef struct asked {
    const words *to, *wanted, *consent, *conditions;
    bool forward, drill, advisory;
} asked;

/* Out: id_out: of what was made, or "". */
static void make(const quoted *one, size_t node, const asked *it, char id_out[ID_SIZE])
{
    const nrs_error error = mesh_ask(&net, node, "{\"command\":\"%s\",\"id\":\"%s\",\"to\":[%s],\"kind\":\"%s\",\"body\":\"本文\"%s%s%s%s}", it->forward ? "forward" : "reply",
                                     one->id, it->to->json, it->advisory ? "advisory" : "incident", it->wanted->json, it->consent->json, it->conditions->json,
                                     it->drill ? ",\"drill\":true" : "");

    printf("answers-%s quoted=%s node=%s whom=%s wanted=%s asked=%s conditions=%s drill=%d kind=%s", it->forward ? "forward" : "reply", one->id, name_of(node), it->to->name,
           it->wanted->name, it->consent->name, it->conditions->name, it->drill, it->advisory ? "advisory" : "incident");
    (void)snprintf(id_out, ID_SIZE, "%s", error == NRS_OK ? mesh_text(mesh_row(&net, node, 0), "id") : "");
    if (error == NRS_OK) {
        print_made(one, node, it->forward);
    }
    printf(" rule=%s\n", world_word(error));
}

/* Some of what was passed on, within its community, for who made it to do more with. */
static void keep_passed_on(const char id[ID_SIZE], size_t by, const asked *it)
{
    const bool elsewhere = strcmp(it->to->name, "gas-member") == 0 || strcmp(it->to->name, "@gas") == 0;

    if (id[0] != '\0' && it->forward && !elsewhere && by != GAS_MEMBER && passed_on_count < PASSED_ON_COUNT && pick(4) == 0) {
        memcpy(passed_on[passed_on_count].id, id, ID_SIZE);
        passed_on[passed_on_count].by = by;
        passed_on_count++;
    }
}

static void answer(const quoted *one, size_t node, bool forward)
{
    const asked it = {.forward = forward, .to = &targets[node == GAS_MEMBER ? (pick(2) == 0 ? 3 : 10) : pick(COUNT(targets))],
                      .wanted = &wanted_labels[pick(COUNT(wanted_labels))], .consent = &consents[pick(2) == 0 ? 0 : pick(COUNT(consents))],
                      .conditions = &asked_conditions[pick(COUNT(asked_conditions))], .drill = pick(4) == 0, .advisory = pick(2) == 0};
    char made[ID_SIZE];

    make(one, node, &it, made);
    if (!is(one, "unlocked")) {
        keep_passed_on(made, node, &it);
    }
}

/* What whoever passed it on does with that: passes it on again, answers it, exports it, asks to share it wider; and so do others. */
static void go_on_with(const struct passed_on *of)
{
    static const char *const sinks[] = {"own", "clients", "community", "public"};
    quoted one = {.by = of->by};
    char rest[64];

    memcpy(one.id, of->id, sizeof one.id);
    for (size_t k = 0; k < AGAIN_COUNT; k++) {
        answer(&one, of->by, k % 2 == 0);
    }
    for (size_t i = 0; i < COUNT(sinks); i++) {
        (void)snprintf(rest, sizeof rest, ",\"sink\":\"%s\"", sinks[i]);
        printf("answers-export quoted=%s node=%s sink=%s rule=%s\n", one.id, name_of(of->by), sinks[i], world_about(of->by, "export", one.id, rest));
    }
    for (size_t i = 0; i < COUNT(writers); i++) {
        if (writers[i] != GAS_MEMBER) {
            answer(&one, writers[i], i % 2 == 0);
            printf("answers-ask quoted=%s node=%s rule=%s\n", one.id, name_of(writers[i]),
                   world_about(writers[i], "release-ask", one.id, ",\"to\":[\"org-8\"],\"reason\":\"対処\""));
        }
    }
}

static void pass_on_again(size_t *done)
{
    for (; *done < passed_on_count; (*done)++) {
        mesh_settle(&net, 3);
        go_on_with(&passed_on[*done]);
    }
}

/* Who was let in by a release has it under the terms of that. */
static void answer_released(void)
{
    static const words released[] = {{"", ""}, {"GREEN", ",\"label\":\"GREEN\",\"pap\":\"GREEN\""}, {"AMBER+STRICT", ",\"label\":\"AMBER+STRICT\",\"name_source\":\"no\""},
                                     {"CLEAR", ",\"label\":\"CLEAR\",\"pap\":\"AMBER\",\"tell_affected\":\"no\""}};
    static const char *const conditions[] = {"//", "GREEN//", "//no", "AMBER/no/"};
    static quoted list[2 * COUNT(released)];

    for (size_t i = 0; i < COUNT(list); i++) {
        list[i] = (quoted){.by = SOURCE, .label = 2 + i % 2, .to = 1};
        OK(world_send(SOURCE, labels[list[i].label], addresses[1].json, "", list[i].id));
        printf("answers-send id=%s by=source label=%s to=reader consent= state=plain early=0 rule=ok\n", list[i].id, labels[list[i].label]);
    }
    mesh_settle(&net, 4);
    for (size_t i = 0; i < COUNT(list); i++) {
        char ask[ID_SIZE];

        OK(mesh_ask(&net, READER, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-8\"],\"reason\":\"対処\"}", list[i].id));
        (void)snprintf(ask, sizeof ask, "%s", mesh_text(mesh_row(&net, READER, 0), "id"));
        mesh_settle(&net, 2);
        printf("answers-released quoted=%s node=ministry-2 label=%s conditions=%s rule=%s\n", list[i].id, released[i / 2].name, conditions[i / 2],
               world_about(SOURCE, "release-grant", ask, released[i / 2].json));
    }
    mesh_settle(&net, 6);
    for (size_t i = 0; i < COUNT(list) * 24; i++) {
        answer(&list[i % COUNT(list)], MINISTRY_TWO, i / COUNT(list) % 2 != 0);
    }
}

/* One that holds the text of another, and so on: of sixteen it may be, and of one more it may not. */
static void pass_on_many(void)
{
    static const words to = {"@electricity", "\"@electricity\""}, none = {"", ""}, whom = {"other", "\"org-3\""};
    const asked it = {.to = &whom, .wanted = &none, .consent = &none, .conditions = &asked_conditions[0], .forward = true};
    quoted one = {.by = SOURCE, .label = 2};

    OK(world_send(SOURCE, labels[one.label], to.json, "", one.id));
    printf("answers-send id=%s by=source label=%s to=%s consent= state=plain early=0 rule=ok\n", one.id, labels[one.label], to.name);
    mesh_settle(&net, 4);
    for (size_t i = 0; i < 18 && one.id[0] != '\0'; i++) {
        char made[ID_SIZE];

        make(&one, READER, &it, made);
        memcpy(one.id, made, sizeof one.id);
    }
}

/* Under rules that demand one duty for a label and another for a kind. */
static void answer_under_two_duties(size_t *done)
{
    static quoted list[8];

    mesh_change(&net, set_two_duties, NULL);
    printf("answers-rules rule=ok\n");
    passed_on_count = 0;
    *done = 0;
    for (size_t i = 0; i < COUNT(list); i++) {
        list[i] = (quoted){.by = SOURCE, .label = 1 + i % 3, .to = i % 3 == 2 ? 2 : 0};
        OK(world_send(SOURCE, labels[list[i].label], addresses[list[i].to].json, "", list[i].id));
        printf("answers-send id=%s by=source label=%s to=%s consent= state=plain early=0 rule=ok\n", list[i].id, labels[list[i].label], addresses[list[i].to].name);
    }
    mesh_settle(&net, 4);
    for (size_t i = 0; i < COUNT(list) * 16; i++) {
        answer(&list[i % COUNT(list)], i / COUNT(list) % 4 == 3 ? SOURCE : READER, i / COUNT(list) % 2 != 0);
    }
    pass_on_again(done);
}

int main(void)
{
    size_t done = 0;

    world_start(false, true);
    assert_int_equal(mesh_add_node(&net, "org-8"), MINISTRY_TWO);
    mesh_join(&net, MINISTRY_TWO, NRS_ROLE_MINISTRY);
    mesh_settle(&net, 4);
    mesh_change(&net, set_rules, NULL);
    world_gas_change(take_duty_there, NULL);
    for (size_t i = 0; i < QUOTED_COUNT / 3; i++) {
        send_quoted(&all[i], true);
    }
    mesh_settle(&net, 4);
    world_recognise();
    for (size_t i = QUOTED_COUNT / 3; i < QUOTED_COUNT; i++) {
        send_quoted(&all[i], false);
    }
    mesh_settle(&net, 6);
    prepare_quoted();
    for (size_t i = 0; i < QUOTED_COUNT; i++) {
        for (size_t writer = 0; writer < COUNT(writers) && all[i].id[0] != '\0'; writer++) {
            for (size_t k = 0; k < ANSWER_COUNT; k++) {
                answer(&all[i], writers[writer], k % 2 != 0);
            }
        }
    }
    pass_on_again(&done);
    answer_released();
    pass_on_many();
    answer_under_two_duties(&done);
    world_stop();
    return ferror(stdout) != 0;
}
