/* Releases that are none, or are used further than they go; and what a holder with a release does to others. */
#include "hostile_hub.h"

static const uint8_t salt[NRS_HASH_SIZE] = {5};
static nrs_label release_label = NRS_LABEL_AMBER_STRICT;
static const uint8_t *release_community; /* NULL: the report's own */
static bool prekey_unknown; /* the slot that is forged next is sealed to a prekey that its recipient never had */

/* A release for `named`, as the source might sign it. Out: record: owned. */
static void forge_release(nrs_bytes *record_out, uint8_t id_out[NRS_HASH_SIZE], size_t signer, size_t holder, size_t named, uint64_t expires_ms)
{
    mesh_forge_release(record_out, id_out, &(mesh_releasing){.net = &net, .report = report_id, .signer = signer, .holder = holder, .named = named,
                                                             .salt = salt, .community = release_community, .label = (uint32_t)release_label, .expires_ms = expires_ms});
}

/* A grant on it for `to`, over the audience that `named` is. */
static mesh_forged forge_on(size_t grantor, size_t to, size_t named, const uint8_t *release_id, bool other_salt)
{
    return mesh_forge(&(mesh_forging){.net = &net, .keeper = HOSTILE, .report = report_id, .grantor = grantor, .to = to, .named = named,
                                      .authority = NRS_AUTHORITY_RELEASE, .ref = release_id, .salt = other_salt ? NULL : salt, .community = release_community,
                                      .prekey_unknown = prekey_unknown});
}

static void a_release_goes_no_further_than_it_says(void **state)
{
    static const struct {
        const char *name;
        size_t grantor, named;
        bool other_salt;
        nrs_error want;
    } cases[] = {
        {"by another than the holder", OTHER, MINISTRY, false, NRS_ERROR_RELEASE},
        {"over another audience", HOSTILE, OTHER, false, NRS_ERROR_RELEASE},
        {"over the same people, committed to anew", HOSTILE, MINISTRY, true, NRS_ERROR_RELEASE},
        {"as it says", HOSTILE, MINISTRY, false, NRS_OK},
    };
    nrs_bytes release = {0}, late = {0}, own = {0}, longer = {0};
    uint8_t id[NRS_HASH_SIZE], longer_id[NRS_HASH_SIZE], late_id[NRS_HASH_SIZE], own_id[NRS_HASH_SIZE], nothing[NRS_HASH_SIZE] = {4};
    mesh_forged made;

    (void)state;
    start(false);
    send_it("AMBER+STRICT", "org-0", "");
    forge_release(&own, own_id, HOSTILE, HOSTILE, MINISTRY, net.now_ms + NRS_DAY_MS);
    assert_int_equal(give(HONEST, &own), NRS_ERROR_FORGED); /* signed by who wants it */
    forge_release(&late, late_id, SOURCE, HOSTILE, MINISTRY, net.now_ms - 60000);
    assert_int_equal(give(HONEST, &late), NRS_ERROR_EXPIRED);
    forge_release(&longer, longer_id, SOURCE, HOSTILE, MINISTRY, net.now_ms + 13 * NRS_DAY_MS); /* than the report lives */
    assert_int_equal(give(HONEST, &longer), NRS_ERROR_RELEASE);
    forge_release(&release, id, SOURCE, HOSTILE, MINISTRY, net.now_ms + NRS_DAY_MS);
    made = forge_on(HOSTILE, MINISTRY, MINISTRY, nothing, false);
    assert_int_equal(give(HONEST, &made.grant), NRS_ERROR_NOT_FOUND);
    mesh_forged_wipe(&made);
    assert_int_equal(give(HONEST, &release), NRS_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        made = forge_on(cases[i].grantor, MINISTRY, cases[i].named, id, cases[i].other_salt);
        if (give(HONEST, &made.grant) != cases[i].want) {
            fail_msg("%s", cases[i].name);
        }
        mesh_forged_wipe(&made);
    }
    assert_int_equal(audited(HONEST, "release"), 3);
    stop();
    nrs_bytes_wipe(&release);
    nrs_bytes_wipe(&late);
    nrs_bytes_wipe(&longer);
    nrs_bytes_wipe(&own);
}

/* A relay cannot see whom the audience names; whoever is not named finds out. */
static void who_is_not_named_takes_no_slot(void **state)
{
    nrs_bytes release = {0};
    uint8_t id[NRS_HASH_SIZE];
    mesh_forged made, sealed;

    (void)state;
    start(false);
    send_it("AMBER+STRICT", "org-0", "");
    forge_release(&release, id, SOURCE, HOSTILE, OTHER, net.now_ms + NRS_DAY_MS);
    made = forge_on(HOSTILE, MINISTRY, OTHER, id, false);
    sealed = forge(HOSTILE, MINISTRY, NULL, NULL, true);
    assert_int_equal(give(MINISTRY, &sealed.sealed), NRS_OK);
    assert_int_equal(give(MINISTRY, &release), NRS_OK);
    assert_int_equal(give(MINISTRY, &made.grant), NRS_OK);
    assert_int_equal(give(MINISTRY, &made.path), NRS_ERROR_LABEL_FORBIDS);
    assert_true(!has(MINISTRY));
    assert_int_equal(audited(MINISTRY, "label-forbids"), 1);
    mesh_forged_wipe(&sealed);
    mesh_forged_wipe(&made);
    nrs_bytes_wipe(&release);
    stop();
}

/* Where the report has not come yet nobody can tell whose word a release is. The holder's own words come first, and are not taken for the
 * source's. */
static void two_signers_of_one_release(void **state)
{
    nrs_bytes own = {0}, release = {0};
    uint8_t id[NRS_HASH_SIZE], own_id[NRS_HASH_SIZE];
    mesh_forged made;

    (void)state;
    start(true);
    send_it("AMBER", "org-0", "");
    release_community = gas.id;
    forge_release(&own, own_id, HOSTILE, HOSTILE, GAS_HUB, net.now_ms + NRS_DAY_MS);
    forge_release(&release, id, SOURCE, HOSTILE, GAS_HUB, net.now_ms + NRS_DAY_MS);
    assert_memory_not_equal(own_id, id, sizeof id);
    assert_int_equal(give(GAS_HUB, &own), NRS_OK);
    assert_int_equal(give(GAS_HUB, &release), NRS_OK);
    assert_int_equal(mesh_rows_of(&net, GAS_HUB, NRS_RECORD_RELEASE), 2);
    made = forge_on(HOSTILE, GAS_HUB, GAS_HUB, own_id, false);
    assert_int_equal(give(GAS_HUB, &made.sealed), NRS_OK);
    assert_int_equal(give(GAS_HUB, &made.grant), NRS_ERROR_FORGED);
    mesh_forged_wipe(&made);
    made = forge_on(HOSTILE, GAS_HUB, GAS_HUB, id, false);
    assert_int_equal(give(GAS_HUB, &made.grant), NRS_OK);
    assert_int_equal(give(GAS_HUB, &made.path), NRS_OK);
    assert_true(has(GAS_HUB));
    release_community = NULL;
    mesh_forged_wipe(&made);
    nrs_bytes_wipe(&release);
    nrs_bytes_wipe(&own);
    stop();
}

static bool keep_from_source(void *context, size_t from, size_t to, nrs_slice bytes)
{
    nrs_frame *frame = NULL;

    net.swallow = to == SOURCE && nrs_frame_decode(&frame, bytes) == NRS_OK && frame->type == NRS_FRAME_ITEMS;
    nrs_frame_free(&frame);
    return net.swallow || mesh_hear(context, from, to, bytes);
}

static bool reached_at_source(const char *org, const char *stage)
{
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"receipts\",\"id\":\"%s\"}", report));
    for (size_t i = 0; i < mesh_row_count(&net, SOURCE); i++) {
        if (strcmp(mesh_text(mesh_row(&net, SOURCE, i), "recipient"), org) == 0 && strcmp(mesh_text(mesh_row(&net, SOURCE, i), "stage"), stage) == 0) {
            return true;
        }
    }
    return false;
}

/* A holder that says first that it has let somebody in does not silence the hub that has. */
/* The source has two asks, of two who ask: whoever has the words of an ask and says them again does not become it, nor keep it away. */
static void two_who_ask_in_the_same_words(void **state)
{
    static const uint8_t words[NRS_HASH_SIZE] = {0x61};
    static const size_t askers[] = {OTHER, HOSTILE};
    Nrs__Wire__Target target = NRS__WIRE__TARGET__INIT;
    nrs_bytes detail = {0};
    uint8_t id[NRS_HASH_SIZE];
    nrs_statement statement;
    bool other = false, hostile = false;

    (void)state;
    start(false);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-3\",\"org-0\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    mesh_settle(&net, 6);
    OK(nrs_hex_decode(id, sizeof id, report));
    target.org = nrs_field_of(nrs_slice_of(nrs_identity_public(net.nodes[MINISTRY].identity)->sign_key, NRS_KEY_SIZE));
    mesh_forge_ask(&detail, &target, words, NULL);
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_REQUEST;
    statement.sealed_id = nrs_field_of(nrs_slice_of(id, sizeof id));
    statement.at_ms = net.now_ms;
    statement.detail = nrs_field_of(nrs_slice_of_bytes(&detail));
    for (size_t i = 0; i < 2; i++) {
        mesh_post(&net, askers[i], SOURCE, i == 0 ? HONEST : HOSTILE, &statement);
    }
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"release-list\"}"));
    assert_int_equal(mesh_row_count(&net, SOURCE), 2);
    for (size_t i = 0; i < 2; i++) {
        other = other || strcmp(mesh_text(mesh_row(&net, SOURCE, i), "asked_by"), "org-3") == 0;
        hostile = hostile || strcmp(mesh_text(mesh_row(&net, SOURCE, i), "asked_by"), "org-0") == 0;
    }
    assert_true(other && hostile);
    nrs_bytes_wipe(&detail);
    stop();
}

static void whoever_lets_in_speaks_for_whom_it_let_in(void **state)
{
    const uint8_t *key;
    nrs_bytes release = {0};
    uint8_t id[NRS_HASH_SIZE];
    nrs_statement statement;
    mesh_forged made;
    const nrs_bytes *given[3];

    (void)state;
    start(false);
    key = nrs_identity_public(net.nodes[MINISTRY].identity)->sign_key;
    net.inspect = keep_from_source;
    send_it("AMBER", "org-0\",\"org-3", "\"ministry\"");
    net.inspect = mesh_hear;
    assert_false(reached_at_source("org-4", "sent"));
    forge_release(&release, id, SOURCE, OTHER, MINISTRY, net.now_ms + NRS_DAY_MS);
    made = forge_on(OTHER, MINISTRY, MINISTRY, id, false);
    given[0] = &release;
    given[1] = &made.grant;
    given[2] = &made.table;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(mesh_hand_over(&net, HONEST, SOURCE, given[i]), NRS_OK);
    }
    assert_true(reached_at_source("org-4", "sent"));
    mesh_down(&net, SOURCE);
    mesh_up(&net, SOURCE);
    mesh_settle(&net, 8);
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_PASSED_ON;
    statement.sealed_id = nrs_field_of(nrs_slice_of(report_id, NRS_HASH_SIZE));
    statement.reference = nrs_field_of(nrs_slice_of(key, NRS_KEY_SIZE));
    statement.stage = NRS_STAGE_OPENED;
    statement.at_ms = net.now_ms;
    assert_false(reached_at_source("org-4", "opened"));
    mesh_post(&net, HONEST, SOURCE, HONEST, &statement); /* which has let in nobody */
    assert_false(reached_at_source("org-4", "opened"));
    mesh_post(&net, HOSTILE, SOURCE, HONEST, &statement);
    assert_true(reached_at_source("org-4", "opened"));
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"show\",\"id\":\"%s\"}", report));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, SOURCE, 0), "let_in")), 2); /* both are told of */
    mesh_forged_wipe(&made);
    nrs_bytes_wipe(&release);
    stop();
}

/* Whose slots the honest hub sends to an organisation that says it has missed the report. */
static uint8_t path_grant[NRS_HASH_SIZE];
static size_t paths_seen;

static bool see_paths(void *context, size_t from, size_t to, nrs_slice bytes)
{
    nrs_frame *frame = NULL;
    nrs_items *items = NULL;

    if (from == HONEST && to == OTHER && nrs_frame_decode(&frame, bytes) == NRS_OK && frame->type == NRS_FRAME_ITEMS &&
        nrs_items_decode(&items, nrs_field(&frame->payload)) == NRS_OK) {
        for (size_t i = 0; i < items->n_items; i++) {
            for (size_t j = 0; j < items->items[i]->n_records; j++) {
                nrs_slot_path *path = NULL;
                nrs_slice payload;
                uint32_t type;

                if (nrs_record_read(&type, &payload, nrs_field(&items->items[i]->records[j])) == NRS_OK && type == NRS_RECORD_SLOT_PATH &&
                    nrs_slot_path_decode(&path, payload) == NRS_OK) {
                    memcpy(path_grant, path->grant_id.data, NRS_HASH_SIZE);
                    paths_seen++;
                }
                nrs_slot_path_free(&path);
            }
        }
    }
    nrs_items_free(&items);
    nrs_frame_free(&frame);
    return mesh_hear(context, from, to, bytes);
}

static void miss_it(void)
{
    nrs_statement statement;

    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_MISSING;
    statement.sealed_id = statement.reference = statement.detail = nrs_field_of(nrs_slice_of(report_id, NRS_HASH_SIZE));
    statement.at_ms = net.now_ms;
    paths_seen = 0;
    net.inspect = see_paths;
    mesh_post(&net, OTHER, HONEST, OTHER, &statement);
    mesh_settle(&net, 3);
    net.inspect = mesh_hear;
    net.now_ms += 6 * NRS_MINUTE_MS; /* the same is not sent twice within five */
}

/* A holder has a release of the source's, and with it slots that nobody can open for whom the source has given better ones. */
static void a_holders_slots_do_not_take_the_place_of_the_sources(void **state)
{
    nrs_bytes release = {0};
    uint8_t id[NRS_HASH_SIZE];
    mesh_forged bad, good;

    (void)state;
    start(false);
    send_it("AMBER", "@electricity", "");
    prekey_unknown = true;
    forge_release(&release, id, SOURCE, HOSTILE, OTHER, net.now_ms + NRS_DAY_MS);
    bad = forge_on(HOSTILE, OTHER, OTHER, id, false);
    prekey_unknown = false;
    assert_int_equal(give(HONEST, &release), NRS_OK);
    assert_int_equal(give(HONEST, &bad.grant), NRS_OK);
    assert_int_equal(give(HONEST, &bad.table), NRS_OK);
    mesh_settle(&net, 4);
    miss_it(); /* in place of its first slot */
    assert_true(paths_seen > 0);
    assert_memory_not_equal(path_grant, bad.id, NRS_HASH_SIZE);
    mesh_forged_wipe(&bad);
    good = mesh_forge(&(mesh_forging){.net = &net, .keeper = HOSTILE, .report = report_id, .grantor = SOURCE, .to = OTHER, .unnamed = true,
                                      .authority = NRS_AUTHORITY_ORIGINATOR});
    assert_int_equal(give(HONEST, &good.grant), NRS_OK);
    assert_int_equal(give(HONEST, &good.table), NRS_OK);
    prekey_unknown = true;
    bad = forge_on(HOSTILE, OTHER, OTHER, id, false);
    prekey_unknown = false;
    assert_int_equal(give(HONEST, &bad.grant), NRS_OK);
    assert_int_equal(give(HONEST, &bad.table), NRS_OK);
    mesh_settle(&net, 4);
    miss_it(); /* and of a later one */
    assert_true(paths_seen > 0);
    assert_memory_equal(path_grant, good.id, NRS_HASH_SIZE);
    mesh_forged_wipe(&good);
    mesh_forged_wipe(&bad);
    nrs_bytes_wipe(&release);
    stop();
}

static bool keep_from_ministry(void *context, size_t from, size_t to, nrs_slice bytes)
{
    nrs_frame *frame = NULL;
    const bool items = to == MINISTRY && nrs_frame_decode(&frame, bytes) == NRS_OK && frame->type == NRS_FRAME_ITEMS;

    nrs_frame_free(&frame);
    if (items) {
        net.swallow = true;
        return true;
    }
    return mesh_hear(context, from, to, bytes);
}

/* The source agreed to GREEN for somebody else. A slot on that which does not open leaves nothing of it behind. */
static void a_release_that_opened_nothing_changes_no_label(void **state)
{
    nrs_bytes release = {0};
    uint8_t id[NRS_HASH_SIZE];
    mesh_forged made, sealed;
    const json_t *row;

    (void)state;
    start(false);
    net.inspect = keep_from_ministry;
    send_it("AMBER", "org-0\",\"org-4", "");
    release_label = NRS_LABEL_GREEN;
    prekey_unknown = true;
    forge_release(&release, id, SOURCE, HOSTILE, OTHER, net.now_ms + NRS_DAY_MS);
    made = forge_on(HOSTILE, MINISTRY, OTHER, id, false);
    sealed = forge(HOSTILE, MINISTRY, NULL, NULL, true);
    release_label = NRS_LABEL_AMBER_STRICT;
    prekey_unknown = false;
    assert_int_equal(give(MINISTRY, &sealed.sealed), NRS_OK);
    assert_int_equal(give(MINISTRY, &release), NRS_OK);
    assert_int_equal(give(MINISTRY, &made.grant), NRS_OK);
    assert_int_equal(give(MINISTRY, &made.path), NRS_OK);
    assert_int_equal(mesh_ask(&net, MINISTRY, "{\"command\":\"show\",\"id\":\"%s\"}", report), NRS_ERROR_KEY_EXPIRED);
    net.inspect = mesh_hear;
    mesh_down(&net, MINISTRY);
    mesh_up(&net, MINISTRY);
    mesh_settle(&net, 8);
    OK(mesh_ask(&net, MINISTRY, "{\"command\":\"show\",\"id\":\"%s\"}", report));
    row = mesh_row(&net, MINISTRY, 0);
    assert_string_equal(mesh_text(row, "label"), "AMBER");
    assert_true(json_is_null(json_object_get(row, "let_in_by")));
    mesh_forged_wipe(&sealed);
    mesh_forged_wipe(&made);
    nrs_bytes_wipe(&release);
    stop();
}

/* ---- Of what passes a text on, by who passes it on ---- */

/* What another sent to the source is in the hands of the hostile hub as the source's own report. */
static void send_passed_on(void)
{
    char first[2 * NRS_HASH_SIZE + 1];

    OK(mesh_ask(&net, OTHER, "{\"command\":\"send\",\"label\":\"AMBER+STRICT\",\"to\":[\"org-0\",\"org-2\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    (void)snprintf(first, sizeof first, "%s", mesh_text(mesh_row(&net, OTHER, 0), "id"));
    mesh_settle(&net, 6);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"forward\",\"id\":\"%s\",\"to\":[\"org-0\"]}", first));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    OK(nrs_hex_decode(report_id, sizeof report_id, report));
    mesh_settle(&net, 6);
}

/* Only whoever has opened it sees that it passes a text on, and nobody is let in on the word of who does. */
static void who_passes_a_text_on_lets_nobody_in(void **state)
{
    nrs_bytes release = {0};
    uint8_t id[NRS_HASH_SIZE];
    mesh_forged made, sealed;

    (void)state;
    start(false);
    send_passed_on();
    forge_release(&release, id, SOURCE, HOSTILE, MINISTRY, net.now_ms + NRS_DAY_MS);
    made = forge_on(HOSTILE, MINISTRY, MINISTRY, id, false);
    sealed = forge(HOSTILE, MINISTRY, NULL, NULL, true);
    assert_int_equal(give(MINISTRY, &sealed.sealed), NRS_OK);
    assert_int_equal(give(MINISTRY, &release), NRS_OK);
    assert_int_equal(give(MINISTRY, &made.grant), NRS_OK);
    assert_int_equal(give(MINISTRY, &made.path), NRS_ERROR_RELEASE);
    assert_true(!has(MINISTRY));
    assert_int_equal(audited(MINISTRY, "release"), 1);
    mesh_forged_wipe(&sealed);
    mesh_forged_wipe(&made);
    nrs_bytes_wipe(&release);
    stop();
}

static void post_ask(void)
{
    static char reason[] = "r";
    Nrs__Wire__Target target = NRS__WIRE__TARGET__INIT;
    nrs_bytes detail = {0};
    nrs_statement statement;

    target.org = nrs_field_of(nrs_slice_of(nrs_identity_public(net.nodes[MINISTRY].identity)->sign_key, NRS_KEY_SIZE));
    mesh_forge_ask(&detail, &target, salt, NULL);
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_REQUEST;
    statement.sealed_id = nrs_field_of(nrs_slice_of(report_id, sizeof report_id));
    statement.at_ms = net.now_ms;
    statement.reason = reason;
    statement.detail = nrs_field_of(nrs_slice_of_bytes(&detail));
    mesh_post(&net, HOSTILE, SOURCE, HOSTILE, &statement);
    nrs_bytes_wipe(&detail);
}

/* Whoever is asked all the same agrees to nothing, and can say no. */
static void who_passes_a_text_on_agrees_to_nothing(void **state)
{
    char ask[2 * NRS_HASH_SIZE + 1];

    (void)state;
    start(false);
    send_passed_on();
    post_ask();
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"release-list\"}"));
    (void)snprintf(ask, sizeof ask, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    assert_int_equal(mesh_ask(&net, SOURCE, "{\"command\":\"release-grant\",\"id\":\"%s\"}", ask), NRS_ERROR_NOT_ORIGINATOR);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"release-list\"}"));
    assert_string_equal(mesh_text(mesh_row(&net, SOURCE, 0), "state"), "open");
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"release-deny\",\"id\":\"%s\",\"reason\":\"r\"}", ask));
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_release_goes_no_further_than_it_says),
        cmocka_unit_test(who_is_not_named_takes_no_slot),
        cmocka_unit_test(two_signers_of_one_release),
        cmocka_unit_test(two_who_ask_in_the_same_words),
        cmocka_unit_test(whoever_lets_in_speaks_for_whom_it_let_in),
        cmocka_unit_test(a_holders_slots_do_not_take_the_place_of_the_sources),
        cmocka_unit_test(a_release_that_opened_nothing_changes_no_label),
        cmocka_unit_test(who_passes_a_text_on_lets_nobody_in),
        cmocka_unit_test(who_passes_a_text_on_agrees_to_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
