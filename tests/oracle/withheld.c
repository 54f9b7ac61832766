/* Sources that are withheld (SPEC 5.8, 6.11): what may be sent so, who has it, what its hub may do with it and publish, and what the others may do
 * with that. A line each, for judge.py. */
#include "world.h"

static const char *const labels[] = {"CLEAR", "GREEN", "AMBER", "AMBER+STRICT"};
static const struct to { const char *name, *json; } addresses[] = {
    {"@electricity", "\"@electricity\""}, {"reader", "\"org-2\""}, {"reader+other", "\"org-2\",\"org-3\""}, {"hub", "\"org-0\""},
};
static const struct conditions { const char *name, *json; } conditions[] = {
    {"//", ""}, {"AMBER/no/", ",\"pap\":\"AMBER\",\"tell_affected\":\"no\""}, {"/yes/no", ",\"tell_affected\":\"yes\",\"name_source\":\"no\""},
    {"//yes", ",\"name_source\":\"yes\""},
};
static const struct consent { const char *name, *json; } consents[] = {{"", ""}, {"ministry", ",\"onward\":[\"ministry\"]"}};

typedef struct sent {
    char id[ID_SIZE], published[ID_SIZE];
    size_t label, to, conditions, consent;
    bool rule;
} sent;

static sent reports[COUNT(labels) * COUNT(addresses) * COUNT(conditions) * COUNT(consents)];
static size_t count;

static void print_cell(const char *what, const sent *one, const char *more, const char *rule)
{
    printf("withheld-%s report=%s allowed=%d label=%s to=%s conditions=%s consent=%s %s rule=%s\n", what, one->id[0] == '\0' ? "-" : one->id, one->rule,
           labels[one->label], addresses[one->to].name, conditions[one->conditions].name, consents[one->consent].name, more, rule);
}

static void set_rule(void *context, nrs_roster *next)
{
    next->rules->flags = *(const bool *)context ? (uint32_t)(NRS_RULE_RED_RELAY | NRS_RULE_WITHHELD) : (uint32_t)NRS_RULE_RED_RELAY;
}

static void send_all(bool rule)
{
    char more[160], id[ID_SIZE];

    count = 0;
    for (size_t label = 0; label < COUNT(labels); label++) {
        for (size_t to = 0; to < COUNT(addresses); to++) {
            for (size_t terms = 0; terms < COUNT(conditions); terms++) {
                for (size_t consent = 0; consent < COUNT(consents); consent++) {
                    sent *one = &reports[count];

                    *one = (sent){.label = label, .to = to, .conditions = terms, .consent = consent, .rule = rule};
                    (void)snprintf(more, sizeof more, ",\"withhold_source\":true%s%s", conditions[terms].json, consents[consent].json);
                    print_cell("send", one, "-=", world_word(world_send(SOURCE, labels[label], addresses[to].json, more, id)));
                    memcpy(one->id, id, sizeof id);
                    count += id[0] != '\0';
                }
            }
        }
    }
    mesh_settle(&net, 6);
}

static void print_lists(const char *what, const sent *one, const char *id)
{
    char more[64];

    for (size_t node = 0; node < NODE_COUNT; node++) {
        if (node != SOURCE && !(node == HUB && id == one->published)) {
            (void)snprintf(more, sizeof more, "who=%s listed=%d", who[node], world_lists(node, id));
            print_cell(what, one, more, "ok");
        }
    }
}

/* What one node may do with the source's own report, or with what was published of it. */
static void observe(const char *what, const sent *one, const char *id, size_t node)
{
    static const char *const sinks[] = {"own", "clients", "community", "public"};
    static const struct to whom[] = {{"reader", "\"org-2\""}, {"other", "\"org-3\""}, {"ministry", "\"org-4\""}, {"hub", "\"org-0\""}};
    char rest[160], more[96];

    (void)snprintf(more, sizeof more, "who=%s act=show", who[node]);
    print_cell(what, one, more, world_about(node, "show", id, ""));
    for (size_t i = 0; i < COUNT(sinks); i++) {
        (void)snprintf(rest, sizeof rest, ",\"sink\":\"%s\"", sinks[i]);
        (void)snprintf(more, sizeof more, "who=%s act=export sink=%s", who[node], sinks[i]);
        print_cell(what, one, more, world_about(node, "export", id, rest));
    }
    for (size_t i = 0; i < COUNT(whom); i++) {
        (void)snprintf(rest, sizeof rest, ",\"body\":\"参考\",\"dry_run\":true,\"to\":[%s],\"label\":\"AMBER+STRICT\"", whom[i].json);
        (void)snprintf(more, sizeof more, "who=%s act=forward whom=%s", who[node], whom[i].name);
        print_cell(what, one, more, world_about(node, "forward", id, rest));
    }
    (void)snprintf(rest, sizeof rest, ",\"to\":[\"org-3\"],\"reason\":\"x\"");
    (void)snprintf(more, sizeof more, "who=%s act=ask", who[node]);
    if (id == one->id) {
        print_cell(what, one, more, world_about(node, "release-ask", id, rest));
        if (node != SOURCE) {
            (void)snprintf(more, sizeof more, "who=%s act=withdraw", who[node]);
            print_cell(what, one, more, world_about(node, "withdraw", id, ",\"reason\":\"x\""));
        }
        (void)snprintf(more, sizeof more, "who=%s act=vouch", who[node]);
        if (node != HUB) {
            print_cell(what, one, more, world_about(node, "vouch", id, ",\"dry_run\":true"));
        }
    }
}

/* Every label, audience and condition that the secretariat might publish it under. */
static void vouch_all(const sent *one)
{
    static const char *const wanted[] = {"", "CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"};
    static const struct to audiences[] = {
        {"", ""}, {"@electricity", ",\"to\":[\"@electricity\"]"}, {"reader", ",\"to\":[\"org-2\"]"}, {"other", ",\"to\":[\"org-3\"]"},
        {"ministry", ",\"to\":[\"org-4\"]"},
    };
    static const struct conditions given[] = {{"//", ""}, {"CLEAR//", ",\"pap\":\"CLEAR\""}, {"RED//", ",\"pap\":\"RED\""}, {"/yes/", ",\"tell_affected\":\"yes\""}};
    static const struct to texts[] = {{"clean", ""}, {"named", ",\"body\":\"ORG-1の停止\",\"fields\":{}"}, {"kept", ",\"body\":\"org-1\",\"fields\":{},\"keep_names\":true"}};

    for (size_t label = 0; label < COUNT(wanted); label++) {
        for (size_t to = 0; to < COUNT(audiences); to++) {
            for (size_t terms = 0; terms < COUNT(given); terms++) {
                const struct to *text = &texts[(label + to + terms) % COUNT(texts)];
                char rest[320], more[160];

                (void)snprintf(rest, sizeof rest, ",\"dry_run\":true%s%s%s%s%s%s", wanted[label][0] == '\0' ? "" : ",\"label\":\"", wanted[label],
                               wanted[label][0] == '\0' ? "" : "\"", audiences[to].json, given[terms].json, text->json);
                (void)snprintf(more, sizeof more, "wanted=%s audience=%s given=%s text=%s", wanted[label], audiences[to].name, given[terms].name, text->name);
                print_cell("vouch", one, more, world_about(HUB, "vouch", one->id, rest));
            }
        }
    }
}

static void run(void)
{
    static const size_t readers[] = {READER, OTHER, MINISTRY};
    const uint64_t due_ms = (net.now_ms / MESH_VOUCH_TICK_MS + 2) * MESH_VOUCH_TICK_MS;

    send_all(true);
    for (size_t i = 0; i < count; i++) {
        print_lists("listed", &reports[i], reports[i].id);
        observe("own", &reports[i], reports[i].id, HUB);
        observe("own", &reports[i], reports[i].id, READER);
        observe("own", &reports[i], reports[i].id, SOURCE);
        if (i % 4 == 0) {
            vouch_all(&reports[i]);
        }
    }
    for (size_t i = 0; i < count; i++) { /* a quarter is taken back before */
        if (i % 4 == 3) {
            print_cell("withdraw", &reports[i], "-=", world_about(SOURCE, "withdraw", reports[i].id, ",\"reason\":\"誤り\""));
        }
    }
    mesh_settle(&net, 4);
    for (size_t i = 0; i < count; i++) {
        print_cell("publish", &reports[i], "-=", world_about(HUB, "vouch", reports[i].id, ""));
        (void)snprintf(reports[i].published, ID_SIZE, "%s", i % 4 == 3 ? "" : mesh_text(mesh_row(&net, HUB, 0), "id"));
        print_cell("again", &reports[i], "-=", world_about(HUB, "vouch", reports[i].id, ""));
    }
    mesh_settle(&net, (size_t)((due_ms - net.now_ms) / 1000 + 8));
    for (size_t i = 0; i < count; i++) {
        if (reports[i].published[0] != '\0') {
            print_lists("published", &reports[i], reports[i].published);
            for (size_t k = 0; k < COUNT(readers); k++) {
                observe("reader", &reports[i], reports[i].published, readers[k]);
            }
            print_cell("published-again", &reports[i], "-=", world_about(HUB, "vouch", reports[i].published, ""));
        }
    }
}

int main(void)
{
    bool rule = false;

    world_start(false, false);
    mesh_change(&net, set_rule, &rule);
    send_all(false);
    rule = true;
    mesh_change(&net, set_rule, &rule);
    run();
    world_stop();
    return ferror(stdout) != 0;
}
