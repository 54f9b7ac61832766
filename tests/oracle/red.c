/* TLP:RED (SPEC 5.1, 5.2, 6.7, 8.4): which persons it may be sealed for, under which rules, and what the node hands out of it to whom. What the
 * person's own process decides is in tests/e2e/test_red.py. A line each, for judge.py. */
#include "world.h"

#include "mesh_persons.h"
#include "proto/label.h"

static mesh_person sato = {"sato", SOURCE, NULL}, ito = {"ito", READER, NULL}, tanaka = {"tanaka", READER, NULL}, mori = {"mori", OTHER, NULL},
                   kato = {"kato", GAS_MEMBER, NULL}, suzuki = {"suzuki", MINISTRY, NULL};

/* What the next roster's rules are, and whether the reader has the duty that they may demand. */
static struct setting { const char *name; bool relay, label, duty, kind, held, text; } settings[] = {
    {"carried", true, true, false, false, false, false},  {"not-carried", false, true, false, false, false, false}, {"label-not-allowed", true, false, false, false, false, false},
    {"duty-held", true, true, true, false, true, false},  {"duty-absent", true, true, true, false, false, false},   {"kind-held", true, true, true, true, true, false},
    {"kind-absent", true, true, true, true, false, false}, {"text-demanded", true, true, false, false, false, true}, {"carried", true, true, false, false, false, false},
};

static void put_rules(void *context, nrs_roster *next)
{
    static Nrs__Wire__Duty held, *held_place[1] = {&held};
    static Nrs__Wire__DutyRule rule, *rule_place[1] = {&rule};
    static Nrs__Wire__Disclaimer text, *text_place[1] = {&text};
    static Nrs__Wire__Rules kept;
    static char nda[] = "nda", ja[] = "責任を問わない";
    const struct setting *wanted = context;

    kept = *next->rules;
    kept.labels = wanted->label ? (uint32_t)NRS_LABEL_BITS_ALL : (uint32_t)NRS_LABEL_BITS_ALL & ~(uint32_t)NRS_LABEL_BIT(NRS_LABEL_RED);
    kept.flags = wanted->relay ? (uint32_t)NRS_RULE_RED_RELAY : 0u;
    nrs__wire__duty__init(&held);
    held.name = nda;
    held.since_ms = 1;
    nrs__wire__duty_rule__init(&rule);
    rule.labels = NRS_LABEL_BIT(NRS_LABEL_RED);
    rule.kinds = wanted->kind ? NRS_KIND_BIT(NRS_KIND_INCIDENT) : 0; /* which no node knows */
    rule.duty = nda;
    kept.duties = rule_place;
    kept.n_duties = wanted->duty ? 1 : 0;
    nrs__wire__disclaimer__init(&text);
    text.name = nda;
    text.ja = ja;
    text.version = 1;
    text.kinds = wanted->text ? NRS_KIND_BIT(NRS_KIND_INCIDENT) : 0;
    kept.disclaimers = text_place;
    kept.n_disclaimers = 1;
    next->rules = &kept;
    for (size_t i = 0; i < next->n_members; i++) {
        const bool reader = strcmp(next->members[i]->org, "org-2") == 0;

        next->members[i]->duties = held_place;
        next->members[i]->n_duties = !wanted->duty || (reader && !wanted->held) ? 0 : 1;
    }
}

/* ---- Whom it may be sealed for ---- */

static bool names(const char *key, const char *address)
{
    size_t index;
    const json_t *one;

    json_array_foreach(json_object_get(mesh_row(&net, SOURCE, 0), key), index, one) {
        const char *text = json_is_object(one) ? mesh_text(one, key[0] == 'e' ? "who" : "address") : json_string_value(one);

        if (text != NULL && strcmp(text, address) == 0) {
            return true;
        }
    }
    return false;
}

/* What a person says of the kind decides nothing. */
static const struct { const char *name, *json; } kinds[] = {{"", ""}, {"incident", ",\"kind\":\"incident\""}, {"advisory", ",\"kind\":\"advisory\""}};

static void prepare_as(const struct setting *setting, size_t kind)
{
    static const struct { const char *name, *json; } lists[] = {
        {"tanaka@reader", "\"tanaka@org-2\""}, {"ito@reader", "\"ito@org-2\""}, {"tanaka@reader+ito@reader", "\"tanaka@org-2\",\"ito@org-2\""},
        {"tanaka@reader+mori@other", "\"tanaka@org-2\",\"mori@org-3\""}, {"mori@other", "\"mori@org-3\""}, {"nobody@reader", "\"nobody@org-2\""},
        {"tanaka@nowhere", "\"tanaka@org-9\""}, {"kato@gas-member", "\"kato@org-6\""}, {"mori@other+kato@gas-member", "\"mori@org-3\",\"kato@org-6\""},
        {"@electricity", "\"@electricity\""}, {"reader", "\"org-2\""}, {"@electricity+tanaka@reader", "\"@electricity\",\"tanaka@org-2\""},
        {"reader+mori@other", "\"org-2\",\"mori@org-3\""},
    };
    static const struct { const char *name, *json; } more[] = {
        {"", ""}, {"onward", ",\"onward\":[\"ministry\"]"}, {"withheld", ",\"withhold_source\":true"}, {"unlock", ",\"unlock_on_accept\":true"},
    };

    for (size_t list = 0; list < COUNT(lists); list++) {
        for (size_t k = 0; k < COUNT(more); k++) {
            const nrs_error error = mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"label\":\"RED\",\"to\":[%s],\"person\":\"sato\",\"dry_run\":true%s%s}",
                                             lists[list].json, more[k].json, kinds[kind].json);

            printf("red-send setting=%s to=%s more=%s kind=%s texts=%zu tanaka=%d ito=%d mori=%d rule=%s\n", setting->name, lists[list].name, more[k].name, kinds[kind].name,
                   error == NRS_OK ? json_array_size(json_object_get(mesh_row(&net, SOURCE, 0), "disclaimers")) : 0,
                   error == NRS_OK && names("recipients", "tanaka@org-2"), error == NRS_OK && names("recipients", "ito@org-2"),
                   error == NRS_OK && names("recipients", "mori@org-3"), world_word(error));
        }
    }
}

static void prepare(const struct setting *setting)
{
    for (size_t kind = 0; kind < COUNT(kinds); kind++) {
        prepare_as(setting, kind);
    }
}

/* And sealed by the person's process: for whom the node has prepared it, under what it has put on it. */
static void seal_under(const struct setting *setting)
{
    for (size_t kind = 0; kind < COUNT(kinds); kind++) {
        const char *to[4];
        size_t count = 0, index;
        const json_t *one;
        nrs_error error = mesh_ask(&net, SOURCE, "{\"command\":\"red-prepare\",\"label\":\"RED\",\"to\":[\"tanaka@org-2\",\"mori@org-3\"],\"person\":\"sato\"%s}", kinds[kind].json);

        if (error == NRS_OK) {
            json_array_foreach(json_object_get(mesh_row(&net, SOURCE, 0), "recipients"), index, one) {
                if (strcmp(mesh_text(one, "address"), "sato@org-1") != 0 && count < COUNT(to)) {
                    to[count] = mesh_text(one, "address");
                    count++;
                }
            }
            error = mesh_ask_json(&net, SOURCE, mesh_red_sealed(mesh_row(&net, SOURCE, 0), NRS_LABEL_RED, "朱書き", to, count));
        }
        printf("red-send setting=%s to=tanaka@reader+mori@other more= kind=%s texts=%zu tanaka=%d ito=0 mori=%d rule=%s\n", setting->name, kinds[kind].name,
               error == NRS_OK ? json_array_size(json_object_get(mesh_row(&net, SOURCE, 0), "disclaimers")) : 0, error == NRS_OK && names("recipients", "tanaka@org-2"),
               error == NRS_OK && names("recipients", "mori@org-3"), world_word(error));
    }
}

/* ---- Who opens it ---- */

typedef struct sealed {
    const char *name;
    const char *to[2];
    size_t count;
    char id[ID_SIZE];
} sealed;

static void seal(sealed *it)
{
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"red-prepare\",\"label\":\"RED\",\"to\":[\"%s\"%s%s%s],\"person\":\"sato\"}", it->to[0], it->count > 1 ? ",\"" : "",
                it->count > 1 ? it->to[1] : "", it->count > 1 ? "\"" : ""));
    OK(mesh_ask_json(&net, SOURCE, mesh_red_sealed(mesh_row(&net, SOURCE, 0), NRS_LABEL_RED, "朱書き", it->to, it->count)));
    (void)snprintf(it->id, sizeof it->id, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    mesh_settle(&net, 4);
}

static void print_cell(const char *what, const sealed *it, const char *setting, size_t node, const char *person, const char *more, const char *rule)
{
    printf("red-%s report=%s to=%s setting=%s who=%s person=%s %s rule=%s\n", what, it->id, it->name, setting, who[node], person, more, rule);
}

/* What the node prepares for a person who answers or passes it on: of the quoted audience that person's process knows. */
static void quote(const sealed *it, const char *setting, size_t node)
{
    static const struct { const char *name, *json; } whom[] = {{"mori@other", "mori@org-3"}, {"tanaka@reader", "tanaka@org-2"}, {"other", "org-3"}};
    char more[96], rest[160];

    for (size_t i = 0; i < COUNT(whom); i++) {
        for (int forward = 0; forward < 2; forward++) {
            (void)snprintf(rest, sizeof rest, ",\"label\":\"RED\",\"to\":[\"%s\"],\"person\":\"%s\",\"forward\":%s", whom[i].json,
                           node == SOURCE ? "sato" : node == READER ? "tanaka" : node == OTHER ? "mori" : "kato", forward == 1 ? "true" : "false");
            (void)snprintf(more, sizeof more, "whom=%s forward=%d", whom[i].name, forward);
            print_cell("quote", it, setting, node, node == SOURCE ? "sato" : node == READER ? "tanaka" : node == OTHER ? "mori" : "kato", more,
                       world_about(node, "red-prepare", it->id, rest));
        }
    }
}

static void observe(const sealed *it, const char *setting)
{
    static const size_t nodes[] = {HUB, SOURCE, READER, OTHER, GAS_MEMBER};
    static const char *const persons[] = {"", "sato", "tanaka", "ito", "mori", "nobody"};
    static const char *const sinks[] = {"own", "clients", "community", "public"};
    char more[96], rest[192];

    for (size_t n = 0; n < COUNT(nodes); n++) {
        const size_t node = nodes[n];

        (void)snprintf(more, sizeof more, "listed=%d", world_lists(node, it->id));
        print_cell("listed", it, setting, node, "", more, "ok");
        for (size_t p = 0; p < COUNT(persons); p++) {
            const char *person = persons[p];

            (void)snprintf(rest, sizeof rest, person[0] == '\0' ? "%s" : ",\"person\":\"%s\"", person);
            print_cell("show", it, setting, node, person, "-=", world_about(node, "show", it->id, rest));
            print_cell("open", it, setting, node, person, "-=", world_about(node, "red-open", it->id, rest));
            for (size_t i = 0; i < COUNT(sinks); i++) {
                (void)snprintf(rest, sizeof rest, ",\"sink\":\"%s\"%s%s%s", sinks[i], person[0] == '\0' ? "" : ",\"person\":\"", person, person[0] == '\0' ? "" : "\"");
                (void)snprintf(more, sizeof more, "sink=%s", sinks[i]);
                print_cell("export", it, setting, node, person, more, world_about(node, "export", it->id, rest));
            }
        }
        (void)snprintf(rest, sizeof rest, ",\"to\":[\"org-3\"],\"reason\":\"x\"");
        print_cell("ask", it, setting, node, "", "-=", world_about(node, "release-ask", it->id, rest));
        if (node != SOURCE) {
            print_cell("withdraw", it, setting, node, "", "-=", world_about(node, "withdraw", it->id, ",\"reason\":\"x\""));
        }
        print_cell("looser", it, setting, node, "", "-=", world_about(node, "reply", it->id, ",\"dry_run\":true,\"label\":\"AMBER\",\"to\":[\"org-1\"]"));
        quote(it, setting, node);
    }
}

static void opened(const sealed *it, size_t node, const char *person)
{
    char rest[64];

    (void)snprintf(rest, sizeof rest, ",\"person\":\"%s\"", person);
    print_cell("opened", it, "carried", node, person, "-=", world_about(node, "red-opened", it->id, rest));
}

/* ---- What answers or passes on a report of another label under RED ---- */

static struct raised { const char *label, *to, *json, *onward; char id[ID_SIZE]; } raised[] = {
    {"CLEAR", "@electricity", "\"@electricity\"", "", ""},        {"GREEN", "@electricity", "\"@electricity\"", "", ""}, {"AMBER", "reader", "\"org-2\"", "", ""},
    {"AMBER", "@electricity", "\"@electricity\"", "ministry", ""}, {"AMBER+STRICT", "reader", "\"org-2\"", "", ""},
};

static void send_raised(void)
{
    for (size_t i = 0; i < COUNT(raised); i++) {
        OK(world_send(SOURCE, raised[i].label, raised[i].json, raised[i].onward[0] == '\0' ? "" : ",\"onward\":[\"ministry\"]", raised[i].id));
    }
    mesh_settle(&net, 6);
}

static void raise_one(const struct raised *it, const char *setting, const mesh_person *by, const char *whom, const char *json, bool forward)
{
    static size_t turn;
    const char *const kind = kinds[turn++ % COUNT(kinds)].json;
    const nrs_error error = mesh_ask(&net, by->node, "{\"command\":\"red-prepare\",\"label\":\"RED\",\"id\":\"%s\",\"to\":[%s],\"person\":\"%s\",\"forward\":%s%s}", it->id, json, by->id,
                                     forward ? "true" : "false", kind);
    const json_t *row = error == NRS_OK ? mesh_row(&net, by->node, 0) : NULL, *one;
    size_t index;

    printf("red-raised label=%s to=%s onward=%s setting=%s who=%s person=%s whom=%s forward=%d known=%d got=", it->label, it->to, it->onward, setting, who[by->node], by->id, whom,
           forward, json_is_true(json_object_get(row, "quoted_known")));
    json_array_foreach(json_object_get(row, "recipients"), index, one) {
        printf("%s%s", index == 0 ? "" : "+", mesh_text(one, "address"));
    }
    printf(" rule=%s\n", world_word(error));
}

static void raise_all(const char *setting)
{
    static const struct { const char *name, *json; } whom[] = {
        {"tanaka@reader", "\"tanaka@org-2\""}, {"sato@source", "\"sato@org-1\""}, {"mori@other", "\"mori@org-3\""}, {"suzuki@ministry", "\"suzuki@org-4\""},
        {"kato@gas-member", "\"kato@org-6\""}, {"sato@source+mori@other", "\"sato@org-1\",\"mori@org-3\""}, {"mori@other+suzuki@ministry", "\"mori@org-3\",\"suzuki@org-4\""},
        {"other", "\"org-3\""},
    };
    const mesh_person *const by[] = {&sato, &tanaka, &mori};

    for (size_t i = 0; i < COUNT(raised); i++) {
        for (size_t k = 0; k < COUNT(by) * COUNT(whom); k++) {
            raise_one(&raised[i], setting, by[k % COUNT(by)], whom[k / COUNT(by)].name, whom[k / COUNT(by)].json, false);
            raise_one(&raised[i], setting, by[k % COUNT(by)], whom[k / COUNT(by)].name, whom[k / COUNT(by)].json, true);
        }
    }
}

static void persons(void)
{
    mesh_person *at_source[] = {&sato}, *at_reader[] = {&ito, &tanaka}, *at_other[] = {&mori}, *at_gas[] = {&kato}, *at_ministry[] = {&suzuki};

    mesh_persons_card(&net, SOURCE, at_source, 1);
    mesh_persons_card(&net, READER, at_reader, 2);
    mesh_persons_card(&net, OTHER, at_other, 1);
    mesh_persons_card(&net, GAS_MEMBER, at_gas, 1);
    mesh_persons_card(&net, MINISTRY, at_ministry, 1);
    mesh_person_prekeys(&net, &sato);
    mesh_person_prekeys(&net, &tanaka); /* ito has none */
    mesh_person_prekeys(&net, &mori);
    mesh_person_prekeys(&net, &kato);
    mesh_person_prekeys(&net, &suzuki);
    mesh_settle(&net, 4);
}

int main(void)
{
    static sealed reports[] = {
        {"tanaka@reader", {"tanaka@org-2", NULL}, 1, ""}, {"tanaka@reader+mori@other", {"tanaka@org-2", "mori@org-3"}, 2, ""}, {"mori@other", {"mori@org-3", NULL}, 1, ""},
    };

    world_start(true, true);
    persons();
    send_raised();
    for (size_t i = 0; i < COUNT(reports); i++) {
        seal(&reports[i]);
    }
    for (size_t i = 0; i < COUNT(settings); i++) {
        mesh_change(&net, put_rules, &settings[i]);
        prepare(&settings[i]);
        seal_under(&settings[i]);
        raise_all(settings[i].name);
        for (size_t k = 0; k < COUNT(reports); k++) {
            observe(&reports[k], settings[i].name);
        }
    }
    opened(&reports[0], READER, "ito");
    opened(&reports[0], READER, "tanaka");
    opened(&reports[1], OTHER, "mori");
    opened(&reports[2], READER, "tanaka");
    for (size_t k = 0; k < COUNT(reports); k++) {
        print_cell("take-back", &reports[k], "carried", SOURCE, "", "-=", world_about(SOURCE, "withdraw", reports[k].id, ",\"reason\":\"誤報\""));
        print_cell("take-back", &reports[k], "carried", SOURCE, "sato", "-=", world_about(SOURCE, "withdraw", reports[k].id, ",\"reason\":\"誤報\",\"person\":\"sato\""));
    }
    mesh_settle(&net, 6);
    for (size_t k = 0; k < COUNT(reports); k++) {
        observe(&reports[k], "withdrawn");
    }
    for (size_t i = 0; i < COUNT(raised); i++) { /* read by the one, and not by the other */
        OK(mesh_ask(&net, READER, "{\"command\":\"show\",\"id\":\"%s\"}", raised[i].id));
        OK(mesh_ask(&net, SOURCE, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤報\"}", raised[i].id));
    }
    mesh_settle(&net, 4);
    raise_all("withdrawn");
    world_stop();
    for (size_t i = 0; i < 6; i++) {
        mesh_person *const all[] = {&sato, &ito, &tanaka, &mori, &kato, &suzuki};

        nrs_identity_destroy(&all[i]->identity);
    }
    return ferror(stdout) != 0;
}
