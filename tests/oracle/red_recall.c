/* What goes with a report that was taken back, under TLP:RED (SPEC 5.7, 8.4): of what a person's process seals or opens the node knows whose text it
 * holds by that process's word alone. A line each, for judge.py. */
#include "world.h"

#include "mesh_persons.h"
#include "proto/label.h"

enum { CASE_COUNT = 64 };

static mesh_person sato = {"sato", SOURCE, NULL}, tanaka = {"tanaka", READER, NULL}, mori = {"mori", OTHER, NULL};

typedef struct sealed {
    char id[ID_SIZE];
    const mesh_person *by; /* who wrote it */
    char passes_on[2][ID_SIZE];
    size_t passes_on_count;
} sealed;

/* A report of sato's, RED or not, to tanaka and maybe mori; tanaka's forward of it to mori; mori's of that to sato. */
typedef struct chain {
    sealed first, forward, second;
    bool red, both, early, answered, further, later; /* first: RED, to both; opened early; sato opened the second; there is one; the forward is what is withdrawn */
} chain;

static chain all[CASE_COUNT];

static const char *person_at(size_t node)
{
    return node == SOURCE ? "sato" : node == READER ? "tanaka" : node == OTHER ? "mori" : "";
}

static void print_ids(const sealed *one)
{
    for (size_t i = 0; i < one->passes_on_count; i++) {
        printf("%s%s", i == 0 ? "" : "+", one->passes_on[i]);
    }
}

static json_t *ids_of(const sealed *one)
{
    json_t *ids = json_array();
    const bool in_order = one->passes_on_count < 2 || strcmp(one->passes_on[0], one->passes_on[1]) < 0;

    for (size_t i = 0; i < one->passes_on_count; i++) {
        OK(json_array_append_new(ids, json_string(one->passes_on[in_order ? i : one->passes_on_count - 1 - i])));
    }
    return ids;
}

/* quoted: whose text it holds, with all that one holds; or NULL. */
static void seal(sealed *one, const mesh_person *by, const char *const *to, size_t count, const sealed *quoted)
{
    char list[96] = "", quotes[ID_SIZE + 32] = "";
    nrs_error error;
    json_t *request;

    *one = (sealed){.by = by};
    (void)snprintf(list, sizeof list, "\"%s\"%s%s%s", to[0], count > 1 ? ",\"" : "", count > 1 ? to[1] : "", count > 1 ? "\"" : "");
    if (quoted != NULL) {
        memcpy(one->passes_on, quoted->passes_on, sizeof one->passes_on);
        memcpy(one->passes_on[quoted->passes_on_count], quoted->id, ID_SIZE);
        one->passes_on_count = quoted->passes_on_count + 1;
        (void)snprintf(quotes, sizeof quotes, ",\"id\":\"%s\",\"forward\":true", quoted->id);
    }
    error = mesh_ask(&net, by->node, "{\"command\":\"red-prepare\",\"label\":\"RED\",\"to\":[%s],\"person\":\"%s\"%s}", list, by->id, quotes);
    if (error == NRS_OK) {
        request = mesh_red_sealed(mesh_row(&net, by->node, 0), NRS_LABEL_RED, "朱書き", to, count);
        OK(json_object_set_new(request, "person", json_string(by->id)));
        OK(json_object_set_new(request, "passes_on", ids_of(one)));
        if (quoted != NULL) {
            OK(json_object_set_new(request, "forwards", json_string(quoted->id)));
        }
        error = mesh_ask_json(&net, by->node, request);
    }
    if (error == NRS_OK) {
        (void)snprintf(one->id, sizeof one->id, "%s", mesh_text(mesh_row(&net, by->node, 0), "id"));
    }
    printf("red_recall-made report=%s who=%s person=%s to=%s%s%s quoted=%s passes_on=", error == NRS_OK ? one->id : "-", who[by->node], by->id, to[0], count > 1 ? "+" : "",
           count > 1 ? to[1] : "", quoted == NULL ? "-" : quoted->id);
    print_ids(one);
    printf(" rule=%s\n", world_word(error));
}

/* The process opens it, and says to the node whose text it holds before it shows that. */
static void opened(const sealed *one, size_t node)
{
    char rest[64];
    json_t *said;

    (void)snprintf(rest, sizeof rest, ",\"person\":\"%s\"", person_at(node));
    printf("red_recall-open report=%s who=%s person=%s rule=%s\n", one->id, who[node], person_at(node), world_about(node, "red-open", one->id, rest));
    said = json_pack("{s:s, s:s, s:s, s:o}", "command", "red-opened", "id", one->id, "person", person_at(node), "passes_on", ids_of(one));
    printf("red_recall-opened report=%s who=%s person=%s rule=%s\n", one->id, who[node], person_at(node), world_word(mesh_ask_json(&net, node, said)));
}

static void look(const sealed *one, size_t node, const json_t *rows)
{
    const json_t *const found = world_row_of(rows, one->id);
    char rest[96];

    printf("red_recall-listed report=%s who=%s listed=%d marked=%d for=%s rule=ok\n", one->id, who[node], found != NULL,
           found != NULL && (mesh_text(found, "withdrawn_at")[0] != '\0' || mesh_text(found, "withdrawn_for")[0] != '\0'),
           found == NULL ? "" : mesh_text(found, "withdrawn_for"));
    if (found == NULL || person_at(node)[0] == '\0') {
        return;
    }
    opened(one, node);
    for (int forward = 0; forward < 2; forward++) {
        (void)snprintf(rest, sizeof rest, ",\"label\":\"RED\",\"to\":[\"%s@org-%zu\"],\"person\":\"%s\",\"forward\":%s", one->by->id, one->by->node, person_at(node), forward == 1 ? "true" : "false");
        printf("red_recall-quote report=%s who=%s person=%s forward=%d rule=%s\n", one->id, who[node], person_at(node), forward, world_about(node, "red-prepare", one->id, rest));
    }
}

static void look_all(size_t node)
{
    json_t *rows;

    OK(mesh_command(&net, node, "{\"command\":\"list\"}"));
    rows = json_incref(net.nodes[node].reply);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        look(&all[i].forward, node, rows);
        if (all[i].further) {
            look(&all[i].second, node, rows);
        }
    }
    json_decref(rows);
}

static void make_chain(chain *one)
{
    static const char *const to_both[] = {"tanaka@org-2", "mori@org-3"};

    if (one->red) {
        seal(&one->first, &sato, to_both, one->both ? 2 : 1, NULL);
        return;
    }
    one->first = (sealed){.by = &sato};
    OK(world_send(SOURCE, "AMBER", one->both ? "\"org-2\",\"org-3\"" : "\"org-2\"", "", one->first.id));
    printf("red_recall-sent report=%s to=%s rule=ok\n", one->first.id, one->both ? "reader+other" : "reader");
    mesh_settle(&net, 1);
}

static void run(bool away)
{
    static const char *const to_mori[] = {"mori@org-3"}, *const to_sato[] = {"sato@org-1"};
    static const size_t nodes[] = {HUB, SOURCE, READER, OTHER};

    for (size_t i = 0; i < CASE_COUNT; i++) {
        all[i] = (chain){.red = (i & 1) != 0, .both = (i & 2) != 0, .early = (i & 4) != 0, .further = (i & 8) != 0, .answered = (i & 16) != 0, .later = !away && (i & 32) != 0};
        make_chain(&all[i]);
    }
    mesh_settle(&net, 4);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        if (all[i].red) {
            opened(&all[i].first, READER);
        }
        seal(&all[i].forward, &tanaka, to_mori, 1, &all[i].first);
    }
    mesh_settle(&net, 4);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        if (all[i].early || all[i].further) {
            opened(&all[i].forward, OTHER);
        }
        if (all[i].further) {
            seal(&all[i].second, &mori, to_sato, 1, &all[i].forward);
        }
    }
    mesh_settle(&net, 4);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        if (all[i].further && all[i].answered) {
            opened(&all[i].second, SOURCE);
        }
    }
    if (away) {
        printf("red_recall-down who=reader rule=ok\n");
        mesh_down(&net, READER);
    }
    for (size_t i = 0; i < CASE_COUNT; i++) {
        const sealed *const of = all[i].later ? &all[i].forward : &all[i].first;
        char rest[64];

        (void)snprintf(rest, sizeof rest, ",\"reason\":\"誤報\",\"person\":\"%s\"", of->by->id);
        printf("red_recall-withdraw report=%s who=%s rule=%s\n", of->id, who[of->by->node], world_about(of->by->node, "withdraw", of->id, rest));
    }
    mesh_settle(&net, 6);
    for (int turn = away ? 0 : 1; turn < 2; turn++) {
        for (size_t n = 0; n < COUNT(nodes); n++) {
            if (net.nodes[nodes[n]].core != NULL) {
                look_all(nodes[n]);
            }
        }
        if (turn == 0) {
            printf("red_recall-up who=reader rule=ok\n");
            mesh_up(&net, READER);
            mesh_settle(&net, 12);
        }
    }
}

int main(void)
{
    mesh_person *at_source[] = {&sato}, *at_reader[] = {&tanaka}, *at_other[] = {&mori};

    mesh_start(&net, 4, 1);
    mesh_persons_card(&net, SOURCE, at_source, 1);
    mesh_persons_card(&net, READER, at_reader, 1);
    mesh_persons_card(&net, OTHER, at_other, 1);
    mesh_person_prekeys(&net, &sato);
    mesh_person_prekeys(&net, &tanaka);
    mesh_person_prekeys(&net, &mori);
    mesh_settle(&net, 4);
    run(false);
    run(true);
    mesh_stop(&net);
    nrs_identity_destroy(&sato.identity);
    nrs_identity_destroy(&tanaka.identity);
    nrs_identity_destroy(&mori.identity);
    return ferror(stdout) != 0;
}
