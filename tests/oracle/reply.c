/* Replies to what a hub vouches for (SPEC 6.11), of a member and of one whom the hub let in from another community: label × kind × addresses ×
 * what either community demands × what the source has taken; whether the text reaches the source. A line each, for judge.py. */
#include "world.h"

#include "proto/label.h"

static const char *const labels[] = {"AMBER", "AMBER+STRICT"};
static const char *const kinds[] = {"incident", "situation"};
static const struct to { const char *name, *json; } addresses[] = {{"hub", ""}, {"@electricity", ",\"to\":[\"@electricity\"]"}};

typedef struct demands {
    bool here, there; /* the rules of electricity, or of gas, demand the duty of a situation above GREEN */
    bool taken;       /* the source has taken it */
    bool terms;       /* the rules of gas demand a disclaimer of a situation under AMBER */
} demands;

static char nda[] = "nda", terms[] = "terms", words[] = "条件", none[] = "", source_org[] = "org-1";

static void all_take(nrs_roster *next, bool source_too)
{
    static Nrs__Wire__Duty duty, *taken[1] = {&duty};

    nrs__wire__duty__init(&duty);
    duty.name = nda;
    for (size_t i = 0; i < next->n_members; i++) {
        const bool without = !source_too && strcmp(next->members[i]->org, source_org) == 0;

        next->members[i]->duties = without ? NULL : taken;
        next->members[i]->n_duties = without ? 0 : 1;
    }
}

static void demand(Nrs__Wire__Rules *rules)
{
    static Nrs__Wire__DutyRule rule, *list[1] = {&rule};

    nrs__wire__duty_rule__init(&rule);
    rule.labels = NRS_LABEL_BIT(NRS_LABEL_AMBER) | NRS_LABEL_BIT(NRS_LABEL_AMBER_STRICT);
    rule.kinds = NRS_KIND_BIT(NRS_KIND_SITUATION);
    rule.duty = nda;
    rules->duties = list;
    rules->n_duties = 1;
}

static void set_here(void *context, nrs_roster *next)
{
    static Nrs__Wire__Rules kept;
    const demands *it = context;

    kept = *next->rules;
    if (it->here) {
        demand(&kept);
    }
    next->rules = &kept;
    all_take(next, it->taken);
}

static void set_there(void *context, nrs_roster *next)
{
    static Nrs__Wire__Disclaimer text, *list[1] = {&text};
    static Nrs__Wire__Rules kept;
    const demands *it = context;

    kept = *next->rules;
    if (it->there) {
        demand(&kept);
    }
    if (it->terms) {
        nrs__wire__disclaimer__init(&text);
        text.name = terms;
        text.version = 1;
        text.ja = words;
        text.en = none;
        text.labels = NRS_LABEL_BIT(NRS_LABEL_AMBER) | NRS_LABEL_BIT(NRS_LABEL_AMBER_STRICT);
        text.kinds = NRS_KIND_BIT(NRS_KIND_SITUATION);
        kept.disclaimers = list;
        kept.n_disclaimers = 1;
    }
    next->rules = &kept;
    all_take(next, true);
}

static bool told(const char *report, const char *text)
{
    const json_t *replies, *one;
    size_t index;
    bool found = false;

    OK(mesh_ask(&net, SOURCE, "{\"command\":\"show\",\"id\":\"%s\"}", report));
    replies = json_object_get(mesh_row(&net, SOURCE, 0), "replies");
    json_array_foreach(replies, index, one) {
        found = found || strcmp(mesh_text(one, "text"), text) == 0;
    }
    return found;
}

/* Each reply is told from the others by its text. */
static void run(const demands *it)
{
    static const size_t writers[] = {READER, GAS_MEMBER};
    char report[ID_SIZE], published[ID_SIZE], text[96], sent[2][COUNT(labels)][COUNT(kinds)][COUNT(addresses)] = {{{{0}}}};
    demands given = *it;

    world_start(true, true);
    mesh_change(&net, set_here, &given);
    world_gas_change(set_there, &given);
    mesh_settle(&net, 6);
    OK(world_send(SOURCE, "AMBER", "\"org-2\",\"org-3\"", ",\"withhold_source\":true,\"onward\":[\"communities\"]", report));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, HUB, "{\"command\":\"vouch\",\"id\":\"%s\"}", report));
    (void)snprintf(published, sizeof published, "%s", mesh_text(mesh_row(&net, HUB, 0), "id"));
    mesh_wait_for_tick(&net, 5);
    mesh_settle(&net, 6);
    for (size_t who_writes = 0; who_writes < COUNT(writers); who_writes++) {
        for (size_t label = 0; label < COUNT(labels); label++) {
            for (size_t kind = 0; kind < COUNT(kinds); kind++) {
                for (size_t to = 0; to < COUNT(addresses); to++) {
                    const bool can = to == 0 || (who_writes == 0 && label == 0); /* gas has no such address, AMBER+STRICT names no community */

                    (void)snprintf(text, sizeof text, "%zu%zu%zu%zu", who_writes, label, kind, to);
                    sent[who_writes][label][kind][to] = can;
                    if (can) {
                        OK(mesh_ask(&net, writers[who_writes], "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"%s\",\"label\":\"%s\",\"kind\":\"%s\"%s}", published,
                                    text, labels[label], kinds[kind], addresses[to].json));
                    }
                }
            }
        }
    }
    mesh_settle(&net, 8);
    for (size_t i = 0; i < 8; i++) { /* of one organisation one leaves in an hour */
        net.now_ms += NRS_HOUR_MS / 2;
        mesh_wait_for_tick(&net, 5);
    }
    for (size_t who_writes = 0; who_writes < COUNT(writers); who_writes++) {
        for (size_t label = 0; label < COUNT(labels); label++) {
            for (size_t kind = 0; kind < COUNT(kinds); kind++) {
                for (size_t to = 0; to < COUNT(addresses); to++) {
                    (void)snprintf(text, sizeof text, "%zu%zu%zu%zu", who_writes, label, kind, to);
                    if (sent[who_writes][label][kind][to] != 0) {
                        printf("reply-told writer=%s label=%s kind=%s to=%s here=%d there=%d taken=%d terms=%d told=%d rule=ok\n", who[writers[who_writes]], labels[label],
                               kinds[kind], addresses[to].name, it->here, it->there, it->taken, it->terms, told(report, text));
                    }
                }
            }
        }
    }
    world_stop();
}

int main(void)
{
    for (unsigned bits = 0; bits < 16; bits++) {
        const demands it = {.here = (bits & 1) != 0, .there = (bits & 2) != 0, .taken = (bits & 4) != 0, .terms = (bits & 8) != 0};

        run(&it);
    }
    return ferror(stdout) != 0;
}
