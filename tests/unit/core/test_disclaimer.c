/* Disclaimers: demanded by the roster, accepted or declined by a person, and a body that stays closed until then; and keys
 * that are granted only for an acceptance. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "keys/seal.h"
#include "mesh.h"
#include "mesh_forge.h"
#include "mesh_records.h"
#include "proto/label.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define BODY "六時に監視端末が停止"

static mesh net;
static char report[2 * NRS_HASH_SIZE + 1];

static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text; /* only read */
}

/* Up to three texts as the rules of the next roster. */
typedef struct texts {
    struct {
        const char *name, *ja, *en;
        uint32_t version, labels, kinds;
    } list[3];
    size_t count;
} texts;

static void put_texts(void *context, nrs_roster *next)
{
    static Nrs__Wire__Disclaimer entries[3], *places[3];
    static Nrs__Wire__Rules rules;
    const texts *wanted = context;

    rules = *next->rules;
    rules.disclaimers = places;
    rules.n_disclaimers = wanted->count;
    for (size_t i = 0; i < wanted->count; i++) {
        nrs__wire__disclaimer__init(&entries[i]);
        entries[i].name = text_of(wanted->list[i].name);
        entries[i].ja = text_of(wanted->list[i].ja);
        entries[i].en = text_of(wanted->list[i].en);
        entries[i].version = wanted->list[i].version;
        entries[i].labels = wanted->list[i].labels;
        entries[i].kinds = wanted->list[i].kinds;
        places[i] = &entries[i];
    }
    next->rules = &rules;
}

static const texts amber_demands = {
    .list = {{"no-liability", "責任を問わない", "Without liability", 1, 0, 0},
             {"no-supervision", "監督・執行には使わない", "Not for supervision", 1, NRS_LABEL_BIT(NRS_LABEL_AMBER), 0}},
    .count = 2,
};

static void start(size_t nodes, const texts *wanted)
{
    texts held = *wanted;

    mesh_start(&net, nodes, 1);
    mesh_change(&net, put_texts, &held);
}

static nrs_error send_with(const char *label, const char *more)
{
    nrs_error error = mesh_ask(&net, 1,
                               "{\"command\":\"send\",\"label\":\"%s\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"件名\","
                               "\"body\":\"" BODY "\"%s}",
                               label, more);

    if (error == NRS_OK) {
        (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, 1, 0), "id"));
        mesh_settle(&net, 3);
    }
    return error;
}

static nrs_error about(size_t node, const char *command, const char *more)
{
    return mesh_ask(&net, node, "{\"command\":\"%s\",\"id\":\"%s\"%s}", command, report, more);
}

/* The row of receipts with this recipient and stage; NULL if there is none. */
static const json_t *receipt(const char *recipient, const char *stage)
{
    OK(about(1, "receipts", ""));
    for (size_t i = 0; i < mesh_row_count(&net, 1); i++) {
        const json_t *row = mesh_row(&net, 1, i);

        if (strcmp(mesh_text(row, "recipient"), recipient) == 0 && strcmp(mesh_text(row, "stage"), stage) == 0) {
            return row;
        }
    }
    return NULL;
}

static void a_demanded_disclaimer_closes_the_body_until_it_is_accepted(void **state)
{
    const json_t *row;
    const json_t *text;

    (void)state;
    start(4, &amber_demands);
    OK(send_with("AMBER", ""));
    text = json_array_get(json_object_get(mesh_row(&net, 1, 0), "disclaimers"), 0);
    assert_string_equal(mesh_text(text, "name"), "no-supervision");
    assert_int_equal(about(2, "show", ""), NRS_ERROR_DISCLAIMER);
    row = mesh_row(&net, 2, 0); /* beside the refusal */
    assert_string_equal(mesh_text(row, "label"), "AMBER");
    assert_true(json_is_null(json_object_get(row, "body")));
    assert_true(json_is_null(json_object_get(row, "acceptance")));
    assert_int_equal(json_array_size(json_object_get(row, "disclaimers")), 1);
    text = json_array_get(json_object_get(row, "disclaimers"), 0);
    assert_string_equal(mesh_text(text, "ja"), "監督・執行には使わない");
    assert_int_equal(json_integer_value(json_object_get(text, "version")), 1);
    assert_int_equal(about(2, "export", ",\"sink\":\"own\""), NRS_ERROR_DISCLAIMER);
    assert_int_equal(mesh_row_count(&net, 2), 0);
    assert_int_equal(about(2, "reply", ",\"body\":\"返事\""), NRS_ERROR_DISCLAIMER);
    OK(about(1, "show", "")); /* what was sent is open to who sent it */
    assert_int_equal(about(1, "accept", ""), NRS_ERROR_USAGE);

    OK(about(2, "accept", ""));
    assert_true(json_is_true(json_object_get(mesh_row(&net, 2, 0), "changed")));
    OK(about(2, "accept", ""));
    assert_true(json_is_false(json_object_get(mesh_row(&net, 2, 0), "changed")));
    OK(about(2, "show", ""));
    row = mesh_row(&net, 2, 0);
    assert_string_equal(mesh_text(row, "body"), BODY);
    assert_string_equal(mesh_text(json_object_get(row, "acceptance"), "user"), "tester");
    OK(about(2, "export", ",\"sink\":\"own\""));
    assert_int_equal(about(2, "decline", ",\"reason\":\"遅い\""), NRS_ERROR_EXISTS);

    mesh_settle(&net, 3);
    row = receipt("org-2", "accepted");
    assert_non_null(row);
    assert_string_equal(mesh_text(row, "user"), "tester");
    assert_int_equal(json_array_size(json_object_get(row, "disclaimers")), 1);
    assert_null(receipt("org-3", "accepted"));
    mesh_stop(&net);
}

static void who_declines_reads_nothing_and_says_why(void **state)
{
    const json_t *row;

    (void)state;
    start(3, &amber_demands);
    OK(send_with("AMBER", ""));
    assert_int_equal(about(2, "decline", ""), NRS_ERROR_USAGE);
    OK(about(2, "decline", ",\"reason\":\"社内規程により受諾できない\""));
    assert_int_equal(about(2, "show", ""), NRS_ERROR_DISCLAIMER);
    assert_string_equal(mesh_text(json_object_get(mesh_row(&net, 2, 0), "acceptance"), "stage"), "declined");
    mesh_settle(&net, 3);
    row = receipt("org-2", "declined");
    assert_non_null(row);
    assert_string_equal(mesh_text(row, "reason"), "社内規程により受諾できない");
    mesh_crash(&net, 2);
    mesh_settle(&net, 3);
    assert_int_equal(about(2, "show", ""), NRS_ERROR_DISCLAIMER);
    OK(about(2, "accept", "")); /* a change of mind */
    OK(about(2, "show", ""));
    mesh_settle(&net, 3);
    assert_non_null(receipt("org-2", "accepted"));
    mesh_stop(&net);
}

/* What a node's newest entry of this kind says. */
static const char *entry_of(size_t node, const char *kind, const char *key)
{
    OK(mesh_ask(&net, node, "{\"command\":\"audit-list\",\"kind\":\"%s\",\"limit\":1}", kind));
    assert_true(mesh_row_count(&net, node) > 0);
    return mesh_text(mesh_row(&net, node, 0), key);
}

/* The originator's. */
static const char *audited(const char *kind, const char *key)
{
    return entry_of(1, kind, key);
}

static void what_is_attached(void **state)
{
    static const struct {
        const char *label, *more;
        nrs_error want;
        size_t count;
    } cases[] = {
        {"AMBER", "", NRS_OK, 1},
        {"GREEN", "", NRS_OK, 0},
        {"GREEN", ",\"disclaimers\":[\"no-liability\"]", NRS_OK, 1},
        {"AMBER", ",\"disclaimers\":[\"no-liability\"]", NRS_OK, 2},
        {"AMBER", ",\"disclaimers\":[\"no-supervision\",\"no-supervision\"]", NRS_OK, 1},
        {"AMBER", ",\"disclaimers\":[\"nobody-knows\"]", NRS_ERROR_DISCLAIMER_UNKNOWN, 0},
        {"GREEN", ",\"unlock_on_accept\":true", NRS_ERROR_USAGE, 0},
        {"CLEAR", ",\"unlock_on_accept\":true,\"disclaimers\":[\"no-liability\"]", NRS_ERROR_LABEL_FORBIDS, 0},
    };

    (void)state;
    start(3, &amber_demands);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(send_with(cases[i].label, cases[i].more), cases[i].want);
        if (cases[i].want == NRS_ERROR_DISCLAIMER_UNKNOWN || cases[i].want == NRS_ERROR_LABEL_FORBIDS) { /* not what is wrong usage */
            assert_string_equal(audited("send", "rule"), nrs_error_rule(cases[i].want));
        }
        if (cases[i].want == NRS_OK) {
            (void)about(1, "show", "");
            assert_int_equal(json_array_size(json_object_get(mesh_row(&net, 1, 0), "disclaimers")), cases[i].count);
            assert_int_equal(about(2, "show", ""), cases[i].count == 0 ? NRS_OK : NRS_ERROR_DISCLAIMER);
        }
    }
    mesh_stop(&net);
}

/* The text that was sent under is the one that is accepted, whatever the roster says later; an answer takes the newest. */
static void a_newer_text_replaces_no_older_report(void **state)
{
    texts next = {.list = {{"no-supervision", "監督・執行には使わない", "Not for supervision", 1, 0, 0},
                           {"no-supervision", "第二版", "Second", 2, NRS_LABEL_BIT(NRS_LABEL_AMBER), 0}},
                  .count = 2};
    texts last = {.list = {{"no-supervision", "第三版", "Third", 3, NRS_LABEL_BIT(NRS_LABEL_AMBER), 0}}, .count = 1};
    const json_t *text;

    (void)state;
    start(3, &amber_demands);
    OK(send_with("AMBER", ""));
    mesh_change(&net, put_texts, &next);
    mesh_change(&net, put_texts, &last); /* now in an older roster only, which is held */
    assert_int_equal(about(2, "show", ""), NRS_ERROR_DISCLAIMER);
    text = json_array_get(json_object_get(mesh_row(&net, 2, 0), "disclaimers"), 0);
    assert_string_equal(mesh_text(text, "ja"), "監督・執行には使わない");
    OK(about(2, "accept", ""));
    OK(about(2, "show", ""));
    OK(about(2, "reply", ",\"body\":\"返事\""));
    text = json_object_get(mesh_row(&net, 2, 0), "disclaimers");
    assert_int_equal(json_array_size(text), 1);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(text, 0), "version")), 3);
    mesh_stop(&net);
}

/* ---- What a member that keeps to no rule sends ---- */

static const texts two_versions = {
    .list = {{"nda", "第一版", "", 1, 0, 0}, {"nda", "第二版", "", 2, NRS_LABEL_BIT(NRS_LABEL_AMBER), 0},
             {"no-liability", "責任を問わない", "", 1, 0, 0}},
    .count = 3,
};

static void hash_of(uint8_t *hash_out, size_t which)
{
    nrs_roster *roster = NULL;

    OK(nrs_roster_decode(&roster, nrs_slice_of_bytes(&net.statement)));
    OK(nrs_disclaimer_hash(hash_out, roster->rules->disclaimers[which]));
    nrs_roster_free(&roster);
}

/* A report of org-1 as its own program would not make it: with these hashes. */
static void forge(nrs_bytes *record_out, uint8_t hashes[][NRS_HASH_SIZE], size_t count, uint32_t flags)
{
    nrs_roster *roster = NULL;
    nrs_header header;
    nrs_report text;
    nrs_audience audience = NRS__WIRE__AUDIENCE__INIT;
    Nrs__Wire__Target target = NRS__WIRE__TARGET__INIT, *targets[1] = {&target};
    ProtobufCBinaryData fields[3];
    char *to[1] = {text_of("@electricity")};
    nrs_sealed_parts parts = {0};
    nrs_secret *file_key = NULL;
    nrs_identity *self = net.nodes[1].identity;
    nrs_seal_request request = {.header = &header, .report = &text, .audience = &audience,
                                .grantor = {nrs_identity_public(self), nrs_identity_agree_with, self}};

    OK(nrs_roster_decode(&roster, nrs_slice_of_bytes(&net.statement)));
    if (count == 2 && memcmp(hashes[0], hashes[1], NRS_HASH_SIZE) > 0) {
        uint8_t kept[NRS_HASH_SIZE];

        memcpy(kept, hashes[0], sizeof kept);
        memcpy(hashes[0], hashes[1], sizeof kept);
        memcpy(hashes[1], kept, sizeof kept);
    }
    for (size_t i = 0; i < count; i++) {
        fields[i] = nrs_field_of(nrs_slice_of(hashes[i], NRS_HASH_SIZE));
    }
    nrs__wire__header__init(&header);
    header.label = NRS_LABEL_AMBER;
    header.community = roster->community;
    header.roster_version = roster->version;
    header.created_ms = net.now_ms;
    header.expires_ms = net.now_ms + NRS_DAY_MS;
    header.attribution = NRS_ATTRIBUTION_NAMED;
    header.disclaimers = fields;
    header.n_disclaimers = count;
    header.flags = flags;
    nrs__wire__report__init(&text);
    text.kind = NRS_KIND_INCIDENT;
    text.subject = text_of("s");
    text.body = text_of("b");
    text.n_to = 1;
    text.to = to;
    target.community = roster->community;
    target.roster_version = roster->version;
    audience.n_targets = 1;
    audience.targets = targets;
    OK(nrs_seal(&parts, &file_key, &request));
    OK(nrs_seal_sign(record_out, &parts, self));
    nrs_secret_destroy(&file_key);
    nrs_sealed_parts_wipe(&parts);
    nrs_roster_free(&roster);
}

static nrs_error sealed_count(void *context, const nrs_log_row *row)
{
    *(size_t *)context += row->type == NRS_RECORD_SEALED ? 1 : 0;
    return NRS_OK;
}

static void a_hub_takes_no_report_against_the_rules(void **state)
{
    static const struct {
        const char *name, *rule;
        int first, second; /* which text; -1 none, 9 one that nobody knows */
        size_t want;
    } cases[] = {
        {"the demanded one is missing", "community-rule", -1, -1, 0}, {"another in its place", "community-rule", 2, -1, 0},
        {"an older version in its place", "community-rule", 0, -1, 0}, {"no roster knows it", "disclaimer-unknown", 1, 9, 0},
        {"two versions at once", "disclaimer-versions", 0, 1, 0},      {"as it should be", NULL, 1, -1, 1},
        {"one more than demanded", NULL, 1, 2, 2},
    };
    uint64_t position = 1u << 20;

    (void)state;
    start(3, &two_versions);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t hashes[2][NRS_HASH_SIZE] = {{9}, {9}};
        const int chosen[] = {cases[i].first, cases[i].second};
        size_t count = 0, held = 0;
        nrs_bytes record = {0};

        for (size_t k = 0; k < 2 && chosen[k] >= 0; k++) {
            if (chosen[k] != 9) {
                hash_of(hashes[k], (size_t)chosen[k]);
            }
            count++;
        }
        forge(&record, hashes, count, 0);
        mesh_give_records(&net, 1, 0, position++, nrs_slice_of_bytes(&record), nrs_slice_of(NULL, 0));
        OK(nrs_store_log_each(net.nodes[0].store, 0, 100000, sealed_count, &held));
        if (held != cases[i].want) {
            fail_msg("%s: %zu reports at the hub", cases[i].name, held);
        }
        if (cases[i].rule != NULL && strstr(net.nodes[0].last_log, cases[i].rule) == NULL) {
            fail_msg("%s: logged as: %s", cases[i].name, net.nodes[0].last_log);
        }
        if (cases[i].rule != NULL) {
            assert_string_equal(entry_of(0, "send", "rule"), cases[i].rule);
            assert_string_equal(entry_of(0, "send", "org"), "org-1");
        }
        nrs_bytes_wipe(&record);
    }
    mesh_stop(&net);
}

/* The announcement of a report whose key comes with the acceptance, as org-1's own program would not make it. */
static void announce(uint8_t hashes[][NRS_HASH_SIZE], size_t count)
{
    nrs_bytes bytes = {0}, notice = {0};
    nrs_record *record = NULL;
    nrs_sealed_view *view = NULL;
    nrs_statement statement;

    forge(&bytes, hashes, count, NRS_HEADER_UNLOCK_ON_ACCEPT);
    OK(nrs_record_decode(&record, nrs_slice_of_bytes(&bytes)));
    OK(nrs_sealed_parse(&view, nrs_field(&record->payload)));
    OK(nrs_notice_make(&notice, view));
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_NOTICE;
    statement.sealed_id = nrs_field_of(nrs_slice_of(view->id, NRS_HASH_SIZE));
    statement.at_ms = net.now_ms;
    statement.detail = nrs_field_of(nrs_slice_of_bytes(&notice));
    mesh_post(&net, 1, 2, 0, &statement);
    nrs_sealed_view_free(&view);
    nrs_record_free(&record);
    nrs_bytes_wipe(&notice);
    nrs_bytes_wipe(&bytes);
}

static void a_notice_against_the_rules_is_written_down(void **state)
{
    static const struct {
        const char *rule;
        int first, second;
    } cases[] = {{"community-rule", 2, -1}, {"disclaimer-unknown", 1, 9}, {"disclaimer-versions", 0, 1}, {NULL, 1, -1}};

    (void)state;
    start(3, &two_versions);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t hashes[2][NRS_HASH_SIZE] = {{9}, {9}};
        const size_t count = cases[i].second >= 0 ? 2 : 1;

        hash_of(hashes[0], (size_t)cases[i].first);
        if (cases[i].second >= 0 && cases[i].second != 9) {
            hash_of(hashes[1], (size_t)cases[i].second);
        }
        announce(hashes, count);
        OK(mesh_command(&net, 2, "{\"command\":\"list\"}"));
        assert_int_equal(mesh_row_count(&net, 2), cases[i].rule == NULL ? 1 : 0);
        if (cases[i].rule != NULL) {
            assert_string_equal(entry_of(2, "send", "rule"), cases[i].rule);
            assert_string_equal(entry_of(2, "send", "org"), "org-1");
            assert_string_equal(entry_of(2, "send", "detail"), "AMBER");
        }
    }
    OK(mesh_command(&net, 2, "{\"command\":\"audit-list\",\"kind\":\"send\"}"));
    assert_int_equal(mesh_row_count(&net, 2), 3);
    mesh_stop(&net);
}

/* org-2's word, in an envelope to org-1 as the hub hands it over. */
static void say(nrs_stage stage, const char *id, nrs_slice hashes)
{
    uint8_t sealed_id[NRS_HASH_SIZE];
    nrs_statement statement;

    OK(nrs_hex_decode(sealed_id, sizeof sealed_id, id));
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_RECEIPT;
    statement.sealed_id = nrs_field_of(nrs_slice_of(sealed_id, sizeof sealed_id));
    statement.at_ms = net.now_ms;
    statement.stage = (uint32_t)stage;
    statement.person = text_of("sato");
    statement.detail = nrs_field_of(hashes);
    mesh_post(&net, 2, 1, 0, &statement);
}

/* org-2 passes on an acceptance of the hub, which it never let in. */
static void pass_on(const char *id, nrs_slice hashes)
{
    uint8_t sealed_id[NRS_HASH_SIZE];
    nrs_statement statement;

    OK(nrs_hex_decode(sealed_id, sizeof sealed_id, id));
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_PASSED_ON;
    statement.sealed_id = nrs_field_of(nrs_slice_of(sealed_id, sizeof sealed_id));
    statement.at_ms = net.now_ms;
    statement.stage = NRS_STAGE_ACCEPTED;
    statement.detail = nrs_field_of(hashes);
    statement.reference = nrs_field_of(nrs_slice_of(nrs_identity_public(net.nodes[0].identity)->sign_key, NRS_KEY_SIZE));
    mesh_post(&net, 2, 1, 0, &statement);
}

static void an_acceptance_of_something_else_is_refused(void **state)
{
    uint8_t other[NRS_HASH_SIZE] = {7};
    uint8_t named[NRS_HASH_SIZE];
    char unknown[2 * NRS_HASH_SIZE + 1];

    (void)state;
    start(3, &amber_demands);
    OK(send_with("AMBER", ""));
    hash_of(named, 1);
    say(NRS_STAGE_ACCEPTED, report, nrs_slice_of(other, sizeof other)); /* texts that the report does not name */
    assert_non_null(strstr(net.nodes[1].last_log, "disclaimer-unknown"));
    assert_string_equal(audited("accept", "rule"), "disclaimer-unknown");
    assert_string_equal(audited("accept", "org"), "org-2");
    assert_null(receipt("org-2", "accepted"));
    memset(unknown, 'a', sizeof unknown - 1);
    unknown[sizeof unknown - 1] = '\0';
    say(NRS_STAGE_ACCEPTED, unknown, nrs_slice_of(named, sizeof named)); /* another report */
    assert_non_null(strstr(net.nodes[1].last_log, "not-found"));
    assert_null(receipt("org-2", "accepted"));
    assert_string_equal(audited("accept", "rule"), "not-found");
    pass_on(report, nrs_slice_of(named, sizeof named)); /* of the hub, for which org-2 may not speak */
    assert_string_equal(audited("accept", "rule"), "not-member");
    assert_string_equal(audited("accept", "org"), "org-2");
    assert_null(receipt("org-0", "accepted"));
    OK(mesh_command(&net, 1, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-0\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    say(NRS_STAGE_ACCEPTED, mesh_text(mesh_row(&net, 1, 0), "id"), nrs_slice_of(named, sizeof named)); /* one that was for somebody else */
    assert_string_equal(audited("accept", "rule"), "not-found");
    assert_string_equal(audited("accept", "org"), "org-2");
    say(NRS_STAGE_ACCEPTED, report, nrs_slice_of(named, sizeof named));
    assert_non_null(receipt("org-2", "accepted"));
    assert_string_equal(audited("accept", "rule"), "");
    assert_string_equal(audited("accept", "person"), "sato"); /* as the receipt says */
    for (size_t i = 0; i < 20; i++) { /* nobody fills the log by what is refused */
        say(NRS_STAGE_DECLINED, report, nrs_slice_of(other, sizeof other));
    }
    OK(mesh_command(&net, 1, "{\"command\":\"audit-list\",\"kind\":\"decline\"}"));
    assert_in_range(mesh_row_count(&net, 1), 4, 9); /* the earlier one of this minute counts too */
    mesh_stop(&net);
}

/* ---- Unlock on accept ---- */

static uint64_t position_of(size_t node)
{
    uint8_t id[NRS_HASH_SIZE];
    uint64_t position = 0;

    OK(nrs_hex_decode(id, sizeof id, report));
    OK(nrs_store_log_find(net.nodes[node].store, &position, id));
    return position;
}

static void the_key_comes_with_the_acceptance_alone(void **state)
{
    (void)state;
    start(4, &amber_demands);
    OK(send_with("AMBER", ",\"unlock_on_accept\":true"));
    assert_true(position_of(0) != 0);                     /* the hub carries it, */
    assert_true(position_of(2) == 0 && position_of(3) == 0); /* and who has not accepted has no byte of its body */
    for (size_t node = 0; node < 4; node++) {
        if (node != 1) {
            OK(mesh_command(&net, node, "{\"command\":\"list\"}"));
            assert_int_equal(mesh_row_count(&net, node), 1);
            assert_true(json_is_null(json_object_get(mesh_row(&net, node, 0), "subject")));
            assert_int_equal(about(node, "show", ""), NRS_ERROR_DISCLAIMER);
            assert_int_equal(json_array_size(json_object_get(mesh_row(&net, node, 0), "disclaimers")), 1);
        }
    }
    assert_non_null(receipt("org-2", "stored"));
    mesh_settle(&net, 70); /* nobody who waits is let in by the round over those without a prekey */
    assert_int_equal(position_of(3), 0);

    mesh_down(&net, 1); /* the acceptance is given while the originator is away */
    OK(about(2, "accept", ""));
    mesh_settle(&net, 3);
    assert_int_equal(about(2, "show", ""), NRS_ERROR_BUSY);
    mesh_crash(&net, 2);
    mesh_up(&net, 1);
    mesh_settle(&net, 8);
    OK(about(2, "show", ""));
    assert_string_equal(mesh_text(mesh_row(&net, 2, 0), "body"), BODY);
    mesh_settle(&net, 2);
    assert_non_null(receipt("org-2", "accepted"));
    assert_non_null(receipt("org-2", "opened"));
    assert_int_equal(position_of(3), 0);
    assert_int_equal(about(0, "show", ""), NRS_ERROR_DISCLAIMER);
    OK(about(0, "accept", "")); /* the hub is a recipient like any other */
    mesh_settle(&net, 4);
    OK(about(0, "show", ""));
    OK(about(3, "decline", ",\"reason\":\"不要\""));
    mesh_settle(&net, 4);
    assert_int_equal(position_of(3), 0);
    assert_non_null(receipt("org-3", "declined"));
    mesh_stop(&net);
}

/* Accepted after its expiry, or before while the originator was away until then: nobody waits for a key that never comes. */
static void no_key_comes_after_the_expiry(void **state)
{
    static const char *const stages[] = {"sent", "stored", "accepted", "expired"};
    const json_t *last;
    size_t count;

    (void)state;
    start(4, &amber_demands);
    OK(send_with("AMBER", ",\"unlock_on_accept\":true,\"expires_in_ms\":600000"));
    mesh_down(&net, 1);
    OK(about(2, "accept", ""));
    mesh_settle(&net, 620);
    mesh_up(&net, 1);
    mesh_settle(&net, 8);
    assert_int_equal(about(2, "show", ""), NRS_ERROR_EXPIRED);
    assert_int_equal(about(2, "export", ",\"sink\":\"own\""), NRS_ERROR_EXPIRED);
    assert_int_equal(about(3, "accept", ""), NRS_ERROR_EXPIRED);
    OK(about(3, "decline", ",\"reason\":\"遅い\""));
    mesh_settle(&net, 4);
    OK(about(1, "receipts", ""));
    count = 0;
    for (size_t i = 0; i < mesh_row_count(&net, 1); i++) {
        const json_t *row = mesh_row(&net, 1, i);

        if (strcmp(mesh_text(row, "recipient"), "org-2") == 0) {
            assert_true(count < sizeof stages / sizeof stages[0]);
            assert_string_equal(mesh_text(row, "stage"), stages[count++]);
        }
    }
    assert_int_equal(count, sizeof stages / sizeof stages[0]);
    OK(about(1, "receipts", ",\"missing\":true"));
    assert_int_equal(mesh_row_count(&net, 1), 3); /* the hub, and both */
    for (size_t i = 0; i < 3; i++) {
        last = mesh_row(&net, 1, i);
        assert_string_equal(mesh_text(last, "stage"), "expired");
    }
    mesh_stop(&net);
}

/* An originator that keeps to no rule hands out the key before an acceptance, or on one that was never given: it opens nothing. */
static void no_key_but_for_ones_own_acceptance(void **state)
{
    static const uint8_t never_given[NRS_HASH_SIZE] = {7};
    uint8_t id[NRS_HASH_SIZE];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        mesh_forged made;

        start(4, &amber_demands);
        net.inspect = mesh_hear;
        net.inspect_context = &net;
        OK(send_with("AMBER", ",\"unlock_on_accept\":true"));
        OK(nrs_hex_decode(id, sizeof id, report));
        made = mesh_forge(&(mesh_forging){.net = &net, .keeper = 1, .report = id, .grantor = 1, .to = 2, .named = 2, .authority = NRS_AUTHORITY_ORIGINATOR,
                                          .ref = i == 0 ? NULL : never_given});
        mesh_down(&net, 1); /* nothing else comes from it */
        (void)mesh_hand_over(&net, 0, 2, &made.sealed);
        (void)mesh_hand_over(&net, 0, 2, &made.grant);
        (void)mesh_hand_over(&net, 0, 2, &made.path);
        assert_true(position_of(2) != 0); /* all of it is there */
        assert_int_equal(about(2, "show", ""), NRS_ERROR_DISCLAIMER);
        OK(about(2, "accept", ""));
        assert_int_equal(about(2, "show", ""), NRS_ERROR_BUSY);
        (void)mesh_hand_over(&net, 0, 2, &made.path);
        assert_int_equal(about(2, "show", ""), NRS_ERROR_BUSY);
        mesh_forged_wipe(&made);
        mesh_stop(&net);
    }
}

/* What is said for nothing has a bound (SPEC 8.1); an acceptance is not said for nothing. */
static void however_many_are_accepted_each_counts(void **state)
{
    static char ids[140][sizeof report];
    const size_t count = sizeof ids / sizeof ids[0];

    (void)state;
    start(3, &amber_demands);
    for (size_t i = 0; i < count; i++) {
        OK(mesh_ask(&net, 1, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"S\",\"body\":\"B\"}"));
        (void)snprintf(ids[i], sizeof ids[i], "%s", mesh_text(mesh_row(&net, 1, 0), "id"));
    }
    mesh_settle(&net, 5);
    for (size_t i = 0; i < count; i++) {
        OK(mesh_ask(&net, 2, "{\"command\":\"accept\",\"id\":\"%s\"}", ids[i]));
    }
    mesh_settle(&net, 5);
    for (size_t i = 0; i < count; i++) {
        memcpy(report, ids[i], sizeof report);
        assert_non_null(receipt("org-2", "accepted"));
    }
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_demanded_disclaimer_closes_the_body_until_it_is_accepted),
        cmocka_unit_test(who_declines_reads_nothing_and_says_why),
        cmocka_unit_test(what_is_attached),
        cmocka_unit_test(a_newer_text_replaces_no_older_report),
        cmocka_unit_test(a_hub_takes_no_report_against_the_rules),
        cmocka_unit_test(an_acceptance_of_something_else_is_refused),
        cmocka_unit_test(the_key_comes_with_the_acceptance_alone),
        cmocka_unit_test(no_key_but_for_ones_own_acceptance),
        cmocka_unit_test(no_key_comes_after_the_expiry),
        cmocka_unit_test(a_notice_against_the_rules_is_written_down),
        cmocka_unit_test(however_many_are_accepted_each_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
