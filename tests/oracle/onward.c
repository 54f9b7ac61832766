/* Several communities: which one a report belongs to, whom hubs let in on the source's consent, and what those may do with it (SPEC 5.2, 5.6,
 * 5.7, 6.10). A line each, for judge.py. */
#include "world.h"

static const char *const labels[] = {"CLEAR", "GREEN", "AMBER", "AMBER+STRICT"};
static const struct to { const char *name, *json; } addresses[] = {
    {"@electricity", "\"@electricity\""}, {"reader", "\"org-2\""}, {"reader+hub", "\"org-2\",\"org-0\""},
};
static const struct consent { const char *name, *json; } consents[] = {
    {"", ""}, {"ministry", ",\"onward\":[\"ministry\"]"}, {"communities", ",\"onward\":[\"communities\"]"},
    {"ministry+communities", ",\"onward\":[\"ministry\",\"communities\"]"},
};
static const struct recognition { const char *name; bool here, there; } recognitions[] = {
    {"both", true, true}, {"here", true, false}, {"there", false, true},
};

typedef struct sent {
    char id[ID_SIZE];
    size_t label, to, consent, recognition;
} sent;

static void print_cell(const char *what, const sent *one, const char *more, const char *rule)
{
    printf("onward-%s report=%s recognise=%s label=%s to=%s consent=%s %s rule=%s\n", what, one->id[0] == '\0' ? "-" : one->id,
           recognitions[one->recognition].name, labels[one->label], addresses[one->to].name, consents[one->consent].name, more, rule);
}

/* ---- Which community ---- */

static void choose(size_t node)
{
    static const struct { const char *name, *json; } lists[] = {
        {"@electricity", "\"@electricity\""}, {"@gas", "\"@gas\""}, {"@water", "\"@water\""}, {"@electricity+@gas", "\"@electricity\",\"@gas\""},
        {"reader", "\"org-2\""}, {"gas-member", "\"org-6\""}, {"reader+gas-member", "\"org-2\",\"org-6\""}, {"nobody", "\"org-9\""},
        {"@gas+reader", "\"@gas\",\"org-2\""}, {"@gas+gas-member", "\"@gas\",\"org-6\""}, {"@electricity+gas-member", "\"@electricity\",\"org-6\""},
        {"", ""},
    };

    for (size_t label = 0; label < COUNT(labels); label++) {
        for (size_t i = 0; i < COUNT(lists); i++) {
            char id[ID_SIZE];
            const nrs_error error = world_send(node, labels[label], lists[i].json, ",\"dry_run\":true", id);

            printf("onward-choose node=%s label=%s to=%s community=%s rule=%s\n", who[node], labels[label], lists[i].name,
                   error == NRS_OK ? mesh_text(mesh_row(&net, node, 0), "community") : "", world_word(error));
        }
    }
}

/* ---- Who has it, and what for ---- */

static void print_lists(const sent *one)
{
    char more[64];

    for (size_t node = 0; node < NODE_COUNT; node++) {
        if (node != SOURCE) {
            (void)snprintf(more, sizeof more, "who=%s listed=%d", who[node], world_lists(node, one->id));
            print_cell("listed", one, more, "ok");
        }
    }
}

static void observe(const sent *one, size_t node)
{
    static const char *const sinks[] = {"own", "clients", "community", "public"};
    static const struct { const char *whom, *json; } targets[] = {
        {"source", "\"org-1\""}, {"other", "\"org-3\""}, {"ministry", "\"org-4\""}, {"@electricity", "\"@electricity\""}, {"gas-hub", "\"org-5\""},
        {"@gas", "\"@gas\""},
    };
    char rest[160], more[96];

    (void)snprintf(more, sizeof more, "who=%s", who[node]);
    print_cell("show", one, more, world_about(node, "show", one->id, ""));
    for (size_t i = 0; i < COUNT(sinks); i++) {
        (void)snprintf(rest, sizeof rest, ",\"sink\":\"%s\"", sinks[i]);
        (void)snprintf(more, sizeof more, "who=%s sink=%s", who[node], sinks[i]);
        print_cell("export", one, more, world_about(node, "export", one->id, rest));
    }
    for (size_t i = 0; i < COUNT(targets); i++) {
        const char *const label = targets[i].whom[0] == '@' || strcmp(labels[one->label], "GREEN") != 0 ? labels[one->label] : "AMBER";

        (void)snprintf(rest, sizeof rest, ",\"body\":\"参考\",\"dry_run\":true,\"to\":[%s],\"label\":\"%s\"", targets[i].json, label);
        (void)snprintf(more, sizeof more, "who=%s whom=%s wanted=%s", who[node], targets[i].whom, label);
        print_cell("forward", one, more, world_about(node, "forward", one->id, rest));
        print_cell("reply", one, more, world_about(node, "reply", one->id, rest));
    }
}

static void run(size_t recognition)
{
    static sent reports[COUNT(labels) * COUNT(addresses) * COUNT(consents)];
    size_t count = 0;

    world_start(recognitions[recognition].here, recognitions[recognition].there);
    choose(HUB);
    choose(SOURCE);
    for (size_t label = 0; label < COUNT(labels); label++) {
        for (size_t to = 0; to < COUNT(addresses); to++) {
            for (size_t consent = 0; consent < COUNT(consents); consent++) {
                sent *one = &reports[count];
                nrs_error error;

                *one = (sent){.label = label, .to = to, .consent = consent, .recognition = recognition};
                error = world_send(SOURCE, labels[label], addresses[to].json, consents[consent].json, one->id);
                print_cell("send", one, "-=", world_word(error));
                count += one->id[0] != '\0';
            }
        }
    }
    mesh_settle(&net, 8);
    for (size_t i = 0; i < count; i++) {
        print_lists(&reports[i]);
        observe(&reports[i], READER);
        observe(&reports[i], MINISTRY);
        observe(&reports[i], GAS_MEMBER);
    }
    for (size_t i = 0; i < count; i++) {
        print_cell("withdraw", &reports[i], "who=hub", world_about(HUB, "withdraw", reports[i].id, ",\"reason\":\"x\""));
        print_cell("withdraw", &reports[i], "who=source", world_about(SOURCE, "withdraw", reports[i].id, ",\"reason\":\"誤報\""));
    }
    mesh_settle(&net, 8);
    for (size_t i = 0; i < count; i++) { /* of whom it was opened at, and of whom not */
        observe(&reports[i], READER);
        observe(&reports[i], OTHER);
        observe(&reports[i], GAS_MEMBER);
        observe(&reports[i], GAS_MINISTRY);
    }
    world_stop();
}

int main(void)
{
    for (size_t i = 0; i < COUNT(recognitions); i++) {
        run(i);
    }
    return ferror(stdout) != 0;
}
