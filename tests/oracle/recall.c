/* What goes with a report that was taken back (SPEC 8.4): forwards, forwards of those, what a release or a consent let in, and what a hub published
 * of it; who hears of it when, and what each node shows and allows. A line each, for judge.py. */
#include "world.h"

enum { CASE_COUNT = 60, COPY_MAX = 400 };

typedef struct words { const char *name, *json; } words;
static const char *const labels[] = {"CLEAR", "GREEN", "AMBER", "AMBER+STRICT"};
static const words consents[] = {{"", ""}, {"ministry", ",\"onward\":[\"ministry\"]"}, {"communities", ",\"onward\":[\"communities\"]"},
                                 {"ministry+communities", ",\"onward\":[\"ministry\",\"communities\"]"}};
static const words first_to[] = {{"reader", "\"org-2\""}, {"reader+hub", "\"org-2\",\"org-0\""}, {"reader+other", "\"org-2\",\"org-3\""},
                                 {"reader+hub+other", "\"org-2\",\"org-0\",\"org-3\""}, {"@electricity", "\"@electricity\""}};
static const words forward_to[] = {{"other", "\"org-3\""}, {"hub", "\"org-0\""}, {"other+hub", "\"org-3\",\"org-0\""}, {"@electricity", "\"@electricity\""},
                                   {"ministry", "\"org-4\""}};
static const words second_to[] = {{"hub", "\"org-0\""}, {"source", "\"org-1\""}, {"reader+hub", "\"org-2\",\"org-0\""}, {"@electricity", "\"@electricity\""}};

typedef struct copy {
    char id[ID_SIZE];
    size_t by, label; /* under which it was sent */
    bool withheld;
} copy;

typedef struct chain {
    copy *first, *forward, *second; /* NULL: was refused, or has nothing to quote */
    size_t consent;
    char ask[ID_SIZE];
    size_t asker, answerer;
} chain;

static copy copies[COPY_MAX];
static size_t copy_count;
static chain chains[CASE_COUNT];

static size_t pick(size_t n)
{
    static uint32_t state = 19260817;

    return world_pick(&state, n);
}

/* quoted: NULL for a report that stands by itself. Returns NULL where it was refused. */
static copy *make(size_t by, size_t label, const words *to, const words *consent, const copy *quoted, const char *more)
{
    copy *one = &copies[copy_count];
    nrs_error error;

    assert_true(copy_count < COPY_MAX);
    *one = (copy){.by = by, .label = label, .withheld = strstr(more, "withhold_source") != NULL};
    error = mesh_ask(&net, by, "{\"command\":\"%s\"%s%s%s,\"label\":\"%s\",\"to\":[%s],\"kind\":\"incident\",\"body\":\"本文\"%s%s}", quoted == NULL ? "send" : "forward",
                     quoted == NULL ? ",\"subject\":\"件名" : ",\"id\":\"", quoted == NULL ? "" : quoted->id, "\"", labels[label], to->json, consent->json, more);
    if (error == NRS_OK) {
        (void)snprintf(one->id, sizeof one->id, "%s", mesh_text(mesh_row(&net, by, 0), "id"));
        copy_count++;
    }
    printf("recall-send id=%s by=%s label=%s to=%s consent=%s quoted=%s withheld=%d rule=%s\n", error == NRS_OK ? one->id : "-", who[by], labels[label], to->name,
           consent->name, quoted == NULL ? "-" : quoted->id, one->withheld, world_word(error));
    return error == NRS_OK ? one : NULL;
}

static void show(size_t node, const copy *one)
{
    printf("recall-show node=%s id=%s rule=%s\n", who[node], one->id, world_about(node, "show", one->id, ""));
}

/* Half of the nodes read it, others each time. */
static void some_show(const copy *one)
{
    for (size_t node = 0; node < NODE_COUNT; node++) {
        if (one != NULL && pick(2) == 0 && net.nodes[node].core != NULL) {
            show(node, one);
        }
    }
}

static const words *suiting(const words *list, size_t count, size_t label)
{
    return &list[strcmp(labels[label], "GREEN") == 0 ? count - 1 : pick(count)];
}

/* Under GREEN nobody but a community is addressed: an organisation gets it under the next label. */
static size_t label_for(size_t label, const words *to)
{
    return strcmp(labels[label], "GREEN") == 0 && to->name[0] != '@' ? label + 1 : label;
}

static void ask_and_answer(chain *one)
{
    const copy *of = NULL;
    nrs_error error;

    one->ask[0] = '\0';
    switch (pick(3)) {
    case 0:
        of = one->first;
        one->asker = READER;
        one->answerer = SOURCE;
        break;
    case 1:
        of = one->forward;
        one->asker = OTHER;
        one->answerer = READER;
        break;
    default:
        break;
    }
    if (of == NULL) {
        return;
    }
    error = mesh_ask(&net, one->asker, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-4\"],\"reason\":\"対処\"}", of->id);
    if (error == NRS_OK) {
        (void)snprintf(one->ask, sizeof one->ask, "%s", mesh_text(mesh_row(&net, one->asker, 0), "id"));
    }
    printf("recall-ask node=%s id=%s ask=%s of=%s rule=%s\n", who[one->asker], of->id, error == NRS_OK ? one->ask : "-", who[one->answerer], world_word(error));
}

static void answer(const chain *one, bool grant)
{
    const char *const command = grant ? "release-grant" : "release-deny";

    if (one->ask[0] != '\0') {
        printf("recall-%s ask=%s rule=%s\n", grant ? "grant" : "deny", one->ask, world_about(one->answerer, command, one->ask, grant ? "" : ",\"reason\":\"否\""));
    }
}

/* ---- What a node says of all of them ---- */

static void act(size_t node, const copy *one, const char *name, const char *command, const char *rest)
{
    printf("recall-%s node=%s id=%s rule=%s\n", name, who[node], one->id, world_about(node, command, one->id, rest));
}

static void observe_one(size_t node, const copy *one, const json_t *row)
{
    const bool marked = row != NULL && (mesh_text(row, "withdrawn_at")[0] != '\0' || mesh_text(row, "withdrawn_for")[0] != '\0');
    char rest[160];

    printf("recall-listed node=%s id=%s listed=%d marked=%d for=%s reason=%d missing=%d rule=ok\n", who[node], one->id, row != NULL, marked,
           row == NULL ? "" : mesh_text(row, "withdrawn_for"), row != NULL && mesh_text(row, "withdrawn_reason")[0] != '\0',
           (int)json_integer_value(json_object_get(row, "missing_before")));
    if (row == NULL) {
        return;
    }
    show(node, one);
    if (node >= GAS_HUB) {
        return;
    }
    act(node, one, "export", "export", ",\"sink\":\"own\"");
    (void)snprintf(rest, sizeof rest, ",\"body\":\"参考\",\"dry_run\":true,\"to\":[\"org-%zu\"],\"label\":\"AMBER+STRICT\"", one->by == node ? (node == HUB ? READER : HUB) : one->by);
    act(node, one, "forward", "forward", rest);
    if (one->by != node && !one->withheld) {
        act(node, one, "reply", "reply", ",\"body\":\"返事\",\"dry_run\":true");
    }
    if (marked) {
        act(node, one, "ask-late", "release-ask", ",\"to\":[\"org-4\"],\"reason\":\"x\"");
    }
}

static void observe(size_t node)
{
    json_t *rows;

    if (net.nodes[node].core == NULL) {
        return;
    }
    OK(mesh_command(&net, node, "{\"command\":\"list\"}"));
    rows = json_incref(net.nodes[node].reply);
    for (size_t i = 0; i < copy_count; i++) {
        observe_one(node, &copies[i], world_row_of(rows, copies[i].id));
    }
    json_decref(rows);
}

static void observe_asks(size_t node)
{
    if (net.nodes[node].core == NULL) {
        return;
    }
    OK(mesh_command(&net, node, "{\"command\":\"release-list\"}"));
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        const json_t *row = mesh_row(&net, node, i);

        printf("recall-ask-state node=%s ask=%s state=%s rule=ok\n", who[node], mesh_text(row, "id"), mesh_text(row, "state"));
    }
}

static void observe_all(void)
{
    for (size_t node = 0; node < NODE_COUNT; node++) {
        observe(node);
    }
    observe_asks(SOURCE);
    observe_asks(READER);
    observe_asks(OTHER);
}

/* ---- Withdrawing ---- */

static void withdraw(size_t node, const copy *one)
{
    printf("recall-withdraw node=%s id=%s rule=%s\n", who[node], one->id, world_about(node, "withdraw", one->id, ",\"reason\":\"誤り\""));
}

static void cut(size_t node, bool down)
{
    printf("recall-%s node=%s rule=ok\n", down ? "down" : "up", who[node]);
    (down ? mesh_down : mesh_up)(&net, node);
}

static void build(void)
{
    static const words none = {"", ""};

    copy_count = 0;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        const size_t label = pick(COUNT(labels));

        chains[i] = (chain){.consent = strcmp(labels[label], "AMBER+STRICT") == 0 ? 0 : pick(COUNT(consents))};
        chains[i].first = make(SOURCE, label, suiting(first_to, COUNT(first_to), label), &consents[chains[i].consent], NULL, "");
    }
    mesh_settle(&net, 6);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        const words *const to = &forward_to[pick(COUNT(forward_to))];
        chain *one = &chains[i];

        some_show(one->first);
        if (one->first != NULL) {
            one->forward = make(READER, label_for(one->first->label, to), to, pick(2) == 0 ? &consents[one->consent] : &none, one->first, "");
        }
    }
    mesh_settle(&net, 6);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        const words *const to = &second_to[pick(COUNT(second_to))];
        chain *one = &chains[i];

        some_show(one->forward);
        if (one->forward != NULL) {
            one->second = make(OTHER, label_for(one->forward->label, to), to, &none, one->forward, "");
        }
        ask_and_answer(one);
    }
    mesh_settle(&net, 4);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        const size_t word = pick(4);

        if (word < 3) {
            answer(&chains[i], word < 2);
        }
    }
    mesh_settle(&net, 8);
    for (size_t i = 0; i < copy_count; i++) {
        if (pick(3) == 0) {
            some_show(&copies[i]);
        }
    }
}

/* Withdrawn here and there: the first, or what was made of it; by whom it is not, too. */
static void withdraw_some(bool first_alone)
{
    for (size_t i = 0; i < CASE_COUNT; i++) {
        const chain *one = &chains[i];
        const size_t which = pick(first_alone ? 1 : 3);

        if (one->first != NULL && which == 0) {
            withdraw(SOURCE, one->first);
        } else if (one->forward != NULL && which == 1) {
            withdraw(pick(3) == 0 ? OTHER : READER, one->forward);
        }
    }
}

/* All hear of it; or the reader, who has passed most of it on, does later. */
static void run(bool away)
{
    build();
    if (away) {
        cut(READER, true);
    }
    withdraw_some(away);
    mesh_settle(&net, 8);
    observe_all();
    if (away) {
        cut(READER, false);
        mesh_settle(&net, 12);
        observe_all();
    }
    for (size_t i = 0; i < CASE_COUNT; i++) {
        answer(&chains[i], true);
    }
    for (size_t i = 0; i < copy_count; i += 3) {
        withdraw(copies[i].by, &copies[i]);
    }
}

/* Passed on while its withdrawal is on its way; and by who forgets what it had, or what it made of it. */
static void run_late(void)
{
    static const words none = {"", ""};

    build();
    for (size_t i = 0; i < CASE_COUNT; i++) {
        const chain *one = &chains[i];
        const copy *const gone = pick(2) == 0 ? one->first : one->forward;

        if (gone != NULL && i % 3 == 0) {
            act(READER, gone, "forget", "forget", "");
        }
    }
    cut(HUB, true);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        const words *const to = &forward_to[pick(COUNT(forward_to))];

        if (chains[i].first != NULL) {
            withdraw(SOURCE, chains[i].first);
            if (i % 3 == 1) {
                (void)make(READER, label_for(chains[i].first->label, to), to, &none, chains[i].first, "");
            }
        }
    }
    cut(HUB, false);
    mesh_settle(&net, 16);
    observe_all();
}

/* ---- What a hub has published ---- */

typedef struct published {
    copy *first, *report, *parts[2]; /* first: what the withheld report passes on, or NULL */
    size_t label, by;
    bool early; /* withdrawn before the tick */
} published;

static copy *vouch(const copy *report, const char *part)
{
    copy *one = &copies[copy_count];
    nrs_error error;

    assert_true(copy_count < COPY_MAX);
    *one = (copy){.by = HUB, .label = report->label};
    error = mesh_ask(&net, HUB, "{\"command\":\"vouch\",\"id\":\"%s\"%s}", report->id, part);
    if (error == NRS_OK) {
        (void)snprintf(one->id, sizeof one->id, "%s", mesh_text(mesh_row(&net, HUB, 0), "id"));
        copy_count++;
    }
    printf("recall-vouch id=%s of=%s rule=%s\n", error == NRS_OK ? one->id : "-", report->id, world_word(error));
    return error == NRS_OK ? one : NULL;
}

static void publish(published *one, bool in_parts)
{
    one->parts[0] = vouch(one->report, in_parts ? ",\"part\":\"technical\",\"body\":\"手口\",\"fields\":{\"cause\":\"vulnerability\"}" : "");
    one->parts[1] = in_parts ? vouch(one->report, ",\"part\":\"damage\",\"body\":\"被害\",\"fields\":{\"impact\":\"停止\"}") : NULL;
}

static void withdraw_published(const published *one)
{
    const copy *const of = one->by == HUB ? one->parts[0] : one->by == SOURCE ? one->report : one->first;

    if (of != NULL) {
        withdraw(one->by, of);
    }
}

static void run_published(void)
{
    static const size_t by[] = {SOURCE, OTHER, HUB};
    static const words none = {"", ""}, community = {"@electricity", "\"@electricity\""}, both = {"source+reader", "\"org-1\",\"org-2\""},
                       all_three = {"source+reader+hub", "\"org-1\",\"org-2\",\"org-0\""}, reader = {"reader", "\"org-2\""}, hub = {"hub", "\"org-0\""}, other = {"other", "\"org-3\""};
    static published all[COUNT(labels) * 2 * 2 * 2 * COUNT(by)];
    size_t count = 0;

    copy_count = 0;
    for (size_t i = 0; i < COUNT(all); i++) {
        const bool passed_on = i / 4 % 2 != 0;
        published *one = &all[count];

        *one = (published){.label = i % 4, .early = i / 8 % 2 != 0, .by = by[i / 16 % COUNT(by)]};
        if (one->by != OTHER || passed_on) {
            const words *const to = strcmp(labels[one->label], "GREEN") == 0 ? &community : i % 3 == 0 ? &both : &all_three; /* AMBER+STRICT reaches no other hub */

            one->first = passed_on ? make(OTHER, one->label, to, &none, NULL, "") : NULL;
            count++;
        }
    }
    mesh_settle(&net, 4);
    for (size_t i = 0; i < count; i++) {
        all[i].report = make(SOURCE, all[i].label, strcmp(labels[all[i].label], "GREEN") == 0 ? &community : &reader, &none, all[i].first,
                             ",\"withhold_source\":true,\"fields\":{\"cause\":\"vulnerability\",\"impact\":\"停止\"}");
    }
    mesh_settle(&net, 4);
    mesh_wait_for_tick(&net, 8);
    for (size_t i = 0; i < count; i++) {
        if (all[i].report != NULL) {
            publish(&all[i], i % 3 == 0);
        }
        if (all[i].early) {
            withdraw_published(&all[i]);
        }
    }
    mesh_wait_for_tick(&net, 8);
    mesh_wait_for_tick(&net, 8);
    for (size_t i = 0; i < count; i++) {
        if (!all[i].early && all[i].parts[0] != NULL) {
            const words *const to = strcmp(labels[all[i].label], "AMBER+STRICT") == 0 ? &hub : &other;

            (void)make(READER, label_for(all[i].label, to), to, &none, all[i].parts[0], "");
        }
    }
    mesh_settle(&net, 4);
    for (size_t i = 0; i < copy_count; i++) {
        some_show(&copies[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (!all[i].early && i % 5 != 4) { /* some stay */
            withdraw_published(&all[i]);
        }
    }
    mesh_wait_for_tick(&net, 8);
    mesh_wait_for_tick(&net, 8);
    mesh_settle(&net, 6);
    observe_all();
}

int main(void)
{
    world_start(true, true);
    run(false);
    run(true);
    run_late();
    run_published();
    world_stop();
    return ferror(stdout) != 0;
}
