/* Replies and forwards that are really made (SPEC 5.7): whom they may go to, under which terms, what of the quoted report they carry: its subject, its
 * conditions, consent, flags, duty, disclaimers, and whose text they hold. A line each, for judge.py. */
#include "world.h"

#include "keys/export.h"
#include "proto/armour.h"
#include "proto/label.h"

enum { MINISTRY_TWO = NODE_COUNT, QUOTED_COUNT = 110, ANSWER_COUNT = 6 };

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
static char nda[] = "nda", terms[] = "terms", text[] = "条件", nothing[] = "", lacking[] = "org-3";

/* Below n, alike at each run. */
static size_t pick(size_t n)
{
    static uint32_t state = 20261101;

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % n;
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
    return strcmp(subject, "Re: 件名") == 0 ? "text" : strcmp(subject, by_id) == 0 ? "id" : subject;
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

static void answer(const quoted *one, size_t node, bool forward)
{
    const asked it = {.forward = forward, .to = &targets[node == GAS_MEMBER ? (pick(2) == 0 ? 3 : 10) : pick(COUNT(targets))],
                      .wanted = &wanted_labels[pick(COUNT(wanted_labels))], .consent = &consents[pick(2) == 0 ? 0 : pick(COUNT(consents))],
                      .conditions = &asked_conditions[pick(COUNT(asked_conditions))], .drill = pick(4) == 0, .advisory = pick(2) == 0};
    char made[ID_SIZE];

    make(one, node, &it, made);
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

int main(void)
{
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
    answer_released();
    pass_on_many();
    world_stop();
    return ferror(stdout) != 0;
}
