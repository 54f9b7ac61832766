/* Permission from the source (SPEC 6.12): who may ask for whom, what the source may answer, who is let in by it, and under which label and
 * conditions they have it; then answers that are none. A line each, for judge.py. */
#include "world.h"

#include "keys/export.h"
#include "proto/armour.h"
#include "proto/label.h"

#include "keys/seal.h"
#include "mesh_records.h"

static const char *const labels[] = {"CLEAR", "GREEN", "AMBER", "AMBER+STRICT"};
static const struct to { const char *name, *json; } addresses[] = {
    {"@electricity", "\"@electricity\""}, {"reader", "\"org-2\""}, {"reader+hub", "\"org-2\",\"org-0\""},
};
static const struct to targets[] = {
    {"other", "\"org-3\""}, {"ministry", "\"org-4\""}, {"other+ministry", "\"org-3\",\"org-4\""}, {"@electricity", "\"@electricity\""},
    {"@gas", "\"@gas\""}, {"gas-member", "\"org-6\""}, {"other+gas-member", "\"org-3\",\"org-6\""}, {"nobody", "\"org-9\""},
};
/* What the source answers, in turn. */
static const struct terms { const char *label, *conditions, *command, *json; } answers[] = {
    {"", "//", "release-grant", ""},
    {"GREEN", "GREEN//", "release-grant", ",\"label\":\"GREEN\",\"pap\":\"GREEN\""},
    {"AMBER+STRICT", "//no", "release-grant", ",\"label\":\"AMBER+STRICT\",\"name_source\":\"no\""},
    {"CLEAR", "AMBER/no/", "release-grant", ",\"label\":\"CLEAR\",\"pap\":\"AMBER\",\"tell_affected\":\"no\""},
    {"RED", "//", "release-grant", ",\"label\":\"RED\""},
    {"", "//", "release-deny", ",\"reason\":\"否\""},
    {"-", "//", "", ""}, /* no answer: it is withdrawn first */
};
static const size_t askers[] = {READER, HUB, OTHER};

typedef struct asked {
    char report[ID_SIZE], ask[ID_SIZE];
    size_t label, to, asker, target, answer;
    bool both;
} asked;

static asked all[COUNT(labels) * COUNT(addresses) * COUNT(askers) * COUNT(targets)];
static size_t count;

static void print_cell(const char *what, const asked *one, const char *more, const char *rule)
{
    printf("release-%s ask=%s recognise=%s label=%s to=%s asker=%s for=%s answer=%s/%s conditions=%s %s rule=%s\n", what, one->ask[0] == '\0' ? "-" : one->ask,
           one->both ? "both" : "there", labels[one->label], addresses[one->to].name, who[one->asker], targets[one->target].name, answers[one->answer].command,
           answers[one->answer].label, answers[one->answer].conditions, more, rule);
}

static void ask_for(asked *one)
{
    const nrs_error error = mesh_ask(&net, one->asker, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[%s],\"reason\":\"対処のため\"}", one->report,
                                     targets[one->target].json);

    one->ask[0] = '\0';
    if (error == NRS_OK) {
        (void)snprintf(one->ask, sizeof one->ask, "%s", mesh_text(mesh_row(&net, one->asker, 0), "id"));
    }
    print_cell("ask", one, "-=", world_word(error));
}

static void send_all(size_t label, bool both)
{
    count = 0;
    for (size_t to = 0; to < COUNT(addresses); to++) {
        for (size_t asker = 0; asker < COUNT(askers); asker++) {
            for (size_t target = 0; target < COUNT(targets); target++) {
                asked *one = &all[count];

                *one = (asked){.label = label, .to = to, .asker = askers[asker], .target = target, .both = both, .answer = (count * 3 + label) % COUNT(answers)};
                count += world_send(SOURCE, labels[label], addresses[to].json, "", one->report) == NRS_OK;
            }
        }
    }
}

static void answer(asked *one)
{
    if (one->ask[0] != '\0' && answers[one->answer].command[0] != '\0') {
        print_cell("answer", one, "-=", world_about(SOURCE, answers[one->answer].command, one->ask, answers[one->answer].json));
    }
}

/* Who stands for an export, by what it proves, and under which label. */
static const char *proof_of(const json_t *row, const char **label_out)
{
    const char *by = "none";
    nrs_bytes proof = {0};
    nrs_export_view view = {0};

    *label_out = "none";
    OK(nrs_base64_decode(&proof, nrs_slice_of_string(mesh_text(row, "proof"))));
    if (nrs_export_verify(&view, nrs_slice_of_bytes(&proof)) == NRS_OK) {
        by = view.attestation != NULL ? "exporter" : view.release != NULL ? "released" : "originator";
        *label_out = nrs_label_name((nrs_label)view.terms.label);
    }
    nrs_export_view_wipe(&view);
    nrs_bytes_wipe(&proof);
    return by;
}

static void observe(const asked *one, size_t node)
{
    static const char *const sinks[] = {"own", "clients", "community", "public"};
    char rest[160], more[160];
    const char *word = world_about(node, "show", one->report, "");

    (void)snprintf(more, sizeof more, "who=%s shown=%s", who[node], strcmp(word, "ok") == 0 ? mesh_text(mesh_row(&net, node, 0), "label") : "");
    print_cell("show", one, more, word);
    for (size_t i = 0; i < COUNT(sinks); i++) {
        const char *label = "", *proof = "";

        (void)snprintf(rest, sizeof rest, ",\"sink\":\"%s\"", sinks[i]);
        word = world_about(node, "export", one->report, rest);
        if (strcmp(word, "ok") == 0) {
            proof = proof_of(mesh_row(&net, node, 0), &label);
        }
        (void)snprintf(more, sizeof more, "who=%s sink=%s from=%s proof=%s under=%s", who[node], sinks[i],
                       strcmp(word, "ok") == 0 ? mesh_text(mesh_row(&net, node, 0), "from") : "", proof, label);
        print_cell("export", one, more, word);
    }
    (void)snprintf(rest, sizeof rest, ",\"body\":\"参考\",\"dry_run\":true,\"to\":[\"org-0\"],\"label\":\"AMBER+STRICT\"");
    (void)snprintf(more, sizeof more, "who=%s whom=hub wanted=AMBER+STRICT", who[node]);
    print_cell("forward", one, more, world_about(node, "forward", one->report, rest));
    (void)snprintf(rest, sizeof rest, ",\"body\":\"参考\",\"dry_run\":true,\"to\":[\"org-2\"],\"label\":\"AMBER\"");
    (void)snprintf(more, sizeof more, "who=%s whom=reader wanted=AMBER", who[node]);
    print_cell("forward", one, more, world_about(node, "forward", one->report, rest));
}

static void run(size_t label, bool both)
{
    static const size_t readers[] = {READER, OTHER, MINISTRY, GAS_MEMBER};
    char more[64];

    send_all(label, both);
    mesh_settle(&net, 6);
    for (size_t i = 0; i < count; i++) {
        ask_for(&all[i]);
    }
    mesh_settle(&net, 6);
    for (size_t i = 0; i < count; i++) {
        answer(&all[i]);
    }
    mesh_settle(&net, 10);
    for (size_t i = 0; i < count; i++) {
        for (size_t node = 0; node < NODE_COUNT; node++) {
            if (node != SOURCE) {
                (void)snprintf(more, sizeof more, "who=%s listed=%d", who[node], world_lists(node, all[i].report));
                print_cell("listed", &all[i], more, "ok");
            }
        }
        for (size_t k = 0; k < COUNT(readers); k++) {
            observe(&all[i], readers[k]);
        }
        if (all[i].ask[0] != '\0') {
            print_cell("again", &all[i], "-=", world_about(SOURCE, "release-grant", all[i].ask, ",\"expires_in_ms\":0"));
        }
    }
    for (size_t i = 0; i < count; i += 2) {
        print_cell("withdraw", &all[i], "-=", world_about(SOURCE, "withdraw", all[i].report, ",\"reason\":\"誤報\""));
    }
    mesh_settle(&net, 8);
    for (size_t i = 0; i < count; i += 2) {
        if (all[i].ask[0] != '\0') {
            print_cell("late", &all[i], "-=", world_about(SOURCE, "release-grant", all[i].ask, ""));
        }
        print_cell("ask-withdrawn", &all[i], "-=", world_about(all[i].asker, "release-ask", all[i].report, ",\"to\":[\"org-3\"],\"reason\":\"x\""));
        for (size_t k = 0; k < COUNT(readers); k++) {
            observe(&all[i], readers[k]);
        }
    }
}

/* ---- Answers that are none ---- */

typedef struct forged {
    bool signer, sender, report, holder, commitment, reference; /* true: as it should be */
    unsigned ends; /* 0 in time, 1 past, 2 later than the report */
} forged;

static nrs_error take_ask(void *context, const nrs_ask_row *row)
{
    nrs_ask **ask_out = context;

    return nrs_ask_decode(ask_out, row->ask);
}

static void post(const forged *it, const char *report, const char *ask, uint64_t report_ends_ms)
{
    const uint64_t ends[] = {net.now_ms + NRS_HOUR_MS, net.now_ms - 1, report_ends_ms + 1};
    uint8_t report_id[NRS_HASH_SIZE], ask_id[NRS_HASH_SIZE], commitment[NRS_HASH_SIZE] = {3}, other[NRS_HASH_SIZE] = {9};
    nrs_bytes payload = {0};
    nrs_ask *value = NULL;
    nrs_release release;
    nrs_statement statement;

    OK(nrs_hex_decode(report_id, sizeof report_id, report));
    OK(nrs_hex_decode(ask_id, sizeof ask_id, ask));
    OK(nrs_store_ask_get(net.nodes[READER].store, ask_id, take_ask, &value));
    if (it->commitment) {
        nrs_ask_commitment(commitment, value);
    }
    nrs__wire__release__init(&release);
    release.suite = NRS_SUITE;
    release.sealed_id = nrs_field_of(nrs_slice_of(it->report ? report_id : other, NRS_HASH_SIZE));
    release.holder = nrs_field_of(nrs_slice_of(nrs_identity_public(net.nodes[it->holder ? READER : OTHER].identity)->sign_key, NRS_KEY_SIZE));
    release.audience_commitment = nrs_field_of(nrs_slice_of(commitment, sizeof commitment));
    release.label = NRS_LABEL_AMBER;
    release.created_ms = net.now_ms - NRS_HOUR_MS;
    release.expires_ms = ends[it->ends];
    release.ask = nrs_field_of(nrs_slice_of(it->reference ? ask_id : other, NRS_HASH_SIZE));
    OK(nrs_release_sign(&payload, &release, net.nodes[it->signer ? SOURCE : OTHER].identity));
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_RELEASE;
    statement.sealed_id = nrs_field_of(nrs_slice_of(report_id, sizeof report_id));
    statement.at_ms = net.now_ms;
    statement.reference = nrs_field_of(nrs_slice_of(it->reference ? ask_id : other, NRS_HASH_SIZE));
    statement.detail = nrs_field_of(nrs_slice_of_bytes(&payload));
    mesh_post(&net, it->sender ? SOURCE : OTHER, READER, HUB, &statement);
    nrs_bytes_wipe(&payload);
    nrs_ask_free(&value);
}

/* The rule of the newest entry about a release, which stands first; "ok" where it was taken. */
static const char *last_word(char word_out[32])
{
    OK(mesh_command(&net, READER, "{\"command\":\"audit-list\",\"kind\":\"release\"}"));
    assert_true(mesh_row_count(&net, READER) > 0);
    (void)snprintf(word_out, 32, "%s", mesh_text(mesh_row(&net, READER, 0), "rule"));
    return word_out[0] == '\0' ? "ok" : word_out;
}

static size_t entries(void)
{
    OK(mesh_command(&net, READER, "{\"command\":\"audit-list\",\"kind\":\"release\"}"));
    return mesh_row_count(&net, READER);
}

static void forge_answers(void)
{
    char report[ID_SIZE], ask[ID_SIZE], word[32];
    uint64_t ends_ms;

    OK(world_send(SOURCE, "AMBER", "\"org-2\"", ",\"expires_in_ms\":172800000", report));
    ends_ms = net.now_ms + 2 * NRS_DAY_MS;
    mesh_settle(&net, 4);
    for (unsigned bits = 0; bits < 3 * 64; bits++) {
        const forged it = {(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0, (bits & 16) != 0, (bits & 32) != 0, bits / 64};
        const size_t before = entries();

        OK(mesh_ask(&net, READER, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-3\"],\"reason\":\"対処\"}", report));
        (void)snprintf(ask, sizeof ask, "%s", mesh_text(mesh_row(&net, READER, 0), "id"));
        post(&it, report, ask, ends_ms);
        printf("release-forged signer=%d sender=%d report=%d holder=%d commitment=%d reference=%d ends=%u entries=%zu rule=%s\n", it.signer, it.sender, it.report,
               it.holder, it.commitment, it.reference, it.ends, entries() - before, last_word(word));
        if (it.reference) { /* what it was answered with or not, a second answer finds no open ask, or is as bad as the first */
            const size_t then = entries();

            post(&it, report, ask, ends_ms);
            printf("release-replayed signer=%d sender=%d report=%d holder=%d commitment=%d reference=%d ends=%u entries=%zu rule=%s\n", it.signer, it.sender,
                   it.report, it.holder, it.commitment, it.reference, it.ends, entries() - then, last_word(word));
        }
        mesh_settle(&net, 20); /* of what one peer is refused, eight in a minute are kept */
    }
}

int main(void)
{
    for (int both = 0; both < 2; both++) {
        world_start(both == 1, true);
        for (size_t label = 0; label < COUNT(labels); label++) {
            run(label, both == 1);
        }
        world_stop();
    }
    world_start(false, false);
    forge_answers();
    world_stop();
    return ferror(stdout) != 0;
}
