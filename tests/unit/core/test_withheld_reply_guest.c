/* Replies of those whom somebody let in from another community to what a hub vouches for: bound by duties and disclaimers as a member's are, of
 * either community; what its source may not have leaves as a filler, at the same time. And each part of what was published has its own count. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "mesh.h"
#include "mesh_forge.h"
#include "mesh_records.h"
#include "mesh_rosters.h"
#include "mesh_second.h"
#include "proto/label.h"
#include "proto/vocabulary.h"
#include "store/queue.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

/* As in test_withheld_ask.c. */
enum { HUB, OTHER_HUB, SOURCE, MEMBER, THIRD, GAS_HUB, GAS_MEMBER };

static mesh net;
static mesh_second gas;
static char report[2 * NRS_HASH_SIZE + 1], published[2 * NRS_HASH_SIZE + 1];
static char terms[] = "terms", words[] = "条件", none[] = "";

/* near: the hub is itself in gas; else the gas hub is a member here and passes it on. */
static void start(bool near)
{
    mesh_start(&net, 5, 2);
    mesh_second_beside(&net, &gas, near ? HUB : GAS_HUB, false);
}

static void stop(void)
{
    mesh_stop(&net);
    mesh_second_stop(&gas);
}

static void withhold(const char *more)
{
    OK(mesh_ask(&net, SOURCE,
                "{\"command\":\"send\",\"withhold_source\":true,\"via\":[\"org-0\"],\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\","
                "\"subject\":\"件名\",\"body\":\"本文\",\"onward\":[\"communities\"]%s}", more));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    mesh_settle(&net, 3);
}

static void vouch(char id_out[2 * NRS_HASH_SIZE + 1], const char *more)
{
    OK(mesh_ask(&net, HUB, "{\"command\":\"vouch\",\"id\":\"%s\"%s}", report, more));
    (void)snprintf(id_out, 2 * NRS_HASH_SIZE + 1, "%s", mesh_text(mesh_row(&net, HUB, 0), "id"));
}

static size_t reply_count(size_t node)
{
    OK(mesh_ask(&net, node, "{\"command\":\"show\",\"id\":\"%s\"}", report));
    return json_array_size(json_object_get(mesh_row(&net, node, 0), "replies"));
}

/* ---- What the rosters demand ---- */

static void demand_disclaimer(void *context, nrs_roster *next)
{
    static Nrs__Wire__Disclaimer text, *list[1] = {&text};
    static Nrs__Wire__Rules kept;

    (void)context;
    kept = *next->rules;
    nrs__wire__disclaimer__init(&text);
    text.name = terms;
    text.version = 1;
    text.ja = words;
    text.en = none;
    text.labels = NRS_LABEL_BIT(NRS_LABEL_AMBER);
    text.kinds = NRS_KIND_BIT(NRS_KIND_SITUATION);
    kept.disclaimers = list;
    kept.n_disclaimers = 1;
    next->rules = &kept;
}

typedef void edit_roster(void *context, nrs_roster *next);

static const struct reply_case {
    const char *name;
    edit_roster *here, *there; /* what changes electricity's roster, and gas's */
    bool without;              /* the source has not taken the duty */
    const char *kind;
    bool told;
} reply_cases[] = {
    {"nothing is demanded", NULL, NULL, false, "situation", true},
    {"the source's community demands a duty, which it has taken", mesh_demand_duty, NULL, false, "situation", true},
    {"or has not", mesh_demand_duty, NULL, true, "situation", false},
    {"or not for this kind", mesh_demand_duty, NULL, true, "incident", true},
    {"the writer's community demands a duty, which the source has taken", mesh_take_duty, mesh_demand_duty, false, "situation", true},
    {"or has not", mesh_take_duty, mesh_demand_duty, true, "situation", false},
    {"or not for this kind", mesh_take_duty, mesh_demand_duty, true, "incident", true},
    {"the writer's community demands a disclaimer, which is not the source's", NULL, demand_disclaimer, false, "situation", false},
};

static void the_sources_duties_are_asked(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * sizeof reply_cases / sizeof reply_cases[0]; i++) {
        const struct reply_case *one = &reply_cases[i / 2];
        const bool near = i % 2 == 1;
        mesh_duty here = {NRS_LABEL_AMBER, NRS_KIND_BIT(NRS_KIND_SITUATION), one->without ? "org-2" : NULL}, there = {.label = here.label, .kinds = here.kinds};
        size_t letters;

        print_message("%s, %s\n", one->name, near ? "by the hub itself" : "by a member");
        start(near);
        withhold("");
        vouch(published, "");
        mesh_wait_for_tick(&net, 5);
        mesh_settle(&net, 6);
        if (one->here != NULL) {
            mesh_change(&net, one->here, &here);
        }
        if (one->there != NULL) {
            mesh_second_change(&net, &gas, GAS_HUB, one->there, &there);
        }
        mesh_settle(&net, 6);
        letters = mesh_rows_of(&net, THIRD, NRS_RECORD_ENVELOPE);
        OK(mesh_ask(&net, GAS_MEMBER, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"ガスでも\",\"kind\":\"%s\"}", published, one->kind));
        mesh_settle(&net, 8);
        mesh_wait_for_tick(&net, 5);
        assert_int_equal(reply_count(SOURCE), one->told ? 1 : 0);
        assert_int_equal(reply_count(HUB), one->told ? 1 : 0);
        assert_int_equal(mesh_rows_of(&net, THIRD, NRS_RECORD_ENVELOPE), letters + 1); /* a digest leaves, whatever the source may have */
        stop();
    }
}

static const char *text_at_source(void)
{
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"show\",\"id\":\"%s\"}", report));
    return mesh_text(json_array_get(json_object_get(mesh_row(&net, SOURCE, 0), "replies"), 0), "text");
}

/* Its own community demands none: that the writer's did is not forgotten. */
static void it_is_read_while_the_duty_of_its_writers_community_is_held(void **state)
{
    (void)state;
    start(false);
    withhold("");
    vouch(published, "");
    mesh_wait_for_tick(&net, 5);
    mesh_settle(&net, 6);
    mesh_change(&net, mesh_take_duty, &(mesh_duty){.without = NULL});
    mesh_second_change(&net, &gas, GAS_HUB, mesh_demand_duty, &(mesh_duty){NRS_LABEL_AMBER, NRS_KIND_BIT(NRS_KIND_SITUATION), NULL});
    mesh_settle(&net, 6);
    OK(mesh_ask(&net, GAS_MEMBER, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"守秘\",\"kind\":\"situation\"}", published));
    mesh_settle(&net, 5);
    mesh_wait_for_tick(&net, 5);
    mesh_settle(&net, 4);
    assert_string_equal(text_at_source(), "守秘");
    mesh_change(&net, mesh_take_duty, &(mesh_duty){.without = "org-2"});
    mesh_settle(&net, 6);
    assert_string_equal(text_at_source(), "");
    assert_int_equal(reply_count(SOURCE), 1);
    mesh_change(&net, mesh_take_duty, &(mesh_duty){.without = NULL});
    mesh_settle(&net, 6);
    assert_string_equal(text_at_source(), "守秘");
    stop();
}

/* ---- Several duties ---- */

typedef struct two_duties {
    bool demanded;   /* by the roster that is changed, of what tells of a situation */
    bool first_only; /* the source's second has ended */
} two_duties;

static void set_two_duties(void *context, nrs_roster *next)
{
    static char first[] = "nda", second[] = "vetted";
    static Nrs__Wire__Duty duties[2], *taken[2] = {&duties[0], &duties[1]};
    static Nrs__Wire__DutyRule rules[2], *list[2] = {&rules[0], &rules[1]};
    static Nrs__Wire__Rules kept;
    const two_duties *given = context;

    kept = *next->rules;
    for (size_t i = 0; i < 2; i++) {
        nrs__wire__duty__init(&duties[i]);
        nrs__wire__duty_rule__init(&rules[i]);
        duties[i].name = rules[i].duty = i == 0 ? first : second;
        rules[i].labels = NRS_LABEL_BIT(NRS_LABEL_AMBER);
        rules[i].kinds = NRS_KIND_BIT(NRS_KIND_SITUATION);
    }
    kept.duties = given->demanded ? list : NULL;
    kept.n_duties = given->demanded ? 2 : 0;
    next->rules = &kept;
    for (size_t i = 0; i < next->n_members; i++) {
        next->members[i]->duties = taken;
        next->members[i]->n_duties = given->first_only && strcmp(next->members[i]->org, "org-2") == 0 ? 1 : 2;
    }
}

/* The header of a reply names one; the others are demanded by rules, of a kind that the source is not told, or of a community that is not its own. */
static void every_duty_that_is_demanded_is_asked(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const bool there = i == 1; /* in the writer's community, which is another */

        print_message("%s\n", there ? "by another community" : "by the source's own");
        start(true);
        withhold("");
        vouch(published, "");
        mesh_wait_for_tick(&net, 5);
        mesh_settle(&net, 6);
        mesh_change(&net, set_two_duties, &(two_duties){.demanded = !there});
        if (there) {
            mesh_second_change(&net, &gas, GAS_HUB, set_two_duties, &(two_duties){.demanded = true});
        }
        mesh_settle(&net, 6);
        OK(mesh_ask(&net, there ? GAS_MEMBER : MEMBER, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"守秘\",\"kind\":\"situation\"}", published));
        mesh_settle(&net, 5);
        mesh_wait_for_tick(&net, 5);
        mesh_settle(&net, 4);
        assert_string_equal(text_at_source(), "守秘");
        mesh_change(&net, set_two_duties, &(two_duties){.demanded = !there, .first_only = true});
        mesh_settle(&net, 6);
        assert_string_equal(text_at_source(), "");
        assert_int_equal(reply_count(SOURCE), 1);
        mesh_change(&net, set_two_duties, &(two_duties){.demanded = !there});
        mesh_settle(&net, 6);
        assert_string_equal(text_at_source(), "守秘");
        stop();
    }
}

/* As a member's does: the hub's taking back of what is answered takes back no answer, whoever brings it. */
static void it_reaches_the_source_of_what_is_withdrawn_meanwhile(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        print_message("%s\n", i == 1 ? "by the hub itself" : "by a member");
        start(i == 1);
        withhold("");
        vouch(published, "");
        mesh_wait_for_tick(&net, 5);
        mesh_settle(&net, 6);
        OK(mesh_ask(&net, GAS_MEMBER, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"返信\"}", published));
        mesh_settle(&net, 5);
        OK(mesh_ask(&net, HUB, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤り\"}", published));
        mesh_wait_for_tick(&net, 5);
        mesh_settle(&net, 4);
        assert_string_equal(text_at_source(), "返信");
        stop();
    }
}

static nrs_error look_at_letter(void *context, const nrs_letter_row *row)
{
    size_t *count = context;
    nrs_statement *statement = NULL;

    OK(nrs_statement_decode(&statement, row->statement));
    *count += statement->type == NRS_STATEMENT_REPLY ? 1 : 0;
    nrs_statement_free(&statement);
    return NRS_OK;
}

static size_t replies_waiting(size_t node)
{
    size_t count = 0;

    OK(nrs_store_letter_each_of(net.nodes[node].store, nrs_identity_public(net.nodes[HUB].identity)->sign_key, 1000, look_at_letter, &count));
    return count;
}

/* ---- Bad words on the way ---- */

static void post(size_t from, size_t to, nrs_slice detail)
{
    uint8_t id[NRS_HASH_SIZE];
    nrs_statement statement;

    OK(nrs_hex_decode(id, sizeof id, published));
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_REPLY;
    statement.sealed_id = nrs_field_of(nrs_slice_of(id, sizeof id));
    statement.at_ms = net.now_ms;
    statement.reference = nrs_field_of(nrs_slice_of(nrs_identity_public(net.nodes[GAS_MEMBER].identity)->sign_key, NRS_KEY_SIZE));
    statement.detail = nrs_field_of(detail);
    mesh_post(&net, from, to, from, &statement);
}

static void only_who_let_it_in_brings_it_and_whole(void **state)
{
    nrs_reply reply;
    nrs_bytes detail = {0};

    (void)state;
    start(false);
    withhold("");
    vouch(published, "");
    mesh_wait_for_tick(&net, 5);
    mesh_settle(&net, 6);
    nrs__wire__reply__init(&reply);
    reply.label = NRS_LABEL_AMBER;
    reply.kind = NRS_KIND_SITUATION;
    reply.community = nrs_field_of(nrs_slice_of(gas.id, NRS_HASH_SIZE));
    reply.text = words;
    OK(nrs_reply_encode(&detail, &reply));
    post(MEMBER, HUB, nrs_slice_of_bytes(&detail)); /* it has let in nobody */
    post(GAS_HUB, HUB, nrs_slice_of((const uint8_t *)"\3\0\0\0x", 5)); /* as a hub writes it to the source: without the terms nobody asks */
    post(GAS_HUB, HUB, nrs_slice_of(detail.data, detail.size - 1));
    mesh_wait_for_tick(&net, 5);
    assert_int_equal(reply_count(HUB), 0);
    post(GAS_HUB, HUB, nrs_slice_of_bytes(&detail));
    mesh_wait_for_tick(&net, 5);
    assert_int_equal(reply_count(SOURCE), 1);
    nrs_bytes_wipe(&detail);
    stop();
}

/* What its rules demand nobody here can tell. */
static void one_of_a_community_that_is_not_known_says_nothing(void **state)
{
    const uint8_t nowhere[NRS_HASH_SIZE] = {7};
    nrs_reply reply;
    nrs_bytes detail = {0};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const bool known = i == 1;

        start(false);
        withhold("");
        vouch(published, "");
        mesh_wait_for_tick(&net, 5);
        mesh_settle(&net, 6);
        nrs__wire__reply__init(&reply);
        reply.label = NRS_LABEL_AMBER;
        reply.kind = NRS_KIND_SITUATION;
        reply.community = nrs_field_of(nrs_slice_of(known ? gas.id : nowhere, NRS_HASH_SIZE));
        reply.text = words;
        OK(nrs_reply_encode(&detail, &reply));
        post(GAS_HUB, HUB, nrs_slice_of_bytes(&detail));
        mesh_wait_for_tick(&net, 5);
        assert_int_equal(reply_count(SOURCE), known ? 1 : 0);
        nrs_bytes_wipe(&detail);
        stop();
    }
}

/* What waits for a reader's prekey lies in the store as it is: no text of a report may. */
static void it_does_not_wait_in_the_clear(void **state)
{
    char file[128], key[2 * NRS_KEY_SIZE + 1], text[160];
    sqlite3 *database = NULL;

    (void)state;
    start(false);
    withhold("");
    vouch(published, "");
    mesh_wait_for_tick(&net, 5);
    mesh_settle(&net, 6);
    nrs_hex_encode(key, nrs_identity_public(net.nodes[HUB].identity)->sign_key, NRS_KEY_SIZE);
    (void)snprintf(text, sizeof text, "DELETE FROM prekeys WHERE owner = x'%s'", key);
    (void)snprintf(file, sizeof file, "%s/store.db", net.nodes[GAS_HUB].folder);
    mesh_down(&net, GAS_HUB);
    assert_int_equal(sqlite3_open(file, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    mesh_up(&net, GAS_HUB);
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, GAS_MEMBER, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"ガスでも\"}", published));
    mesh_settle(&net, 6);
    assert_int_equal(replies_waiting(GAS_HUB), 0);
    stop();
}

/* ---- Parts ---- */

/* 18,000 bytes, which go in eight pieces. */
static void reply_at_length(size_t node, const char *to)
{
    static char text[6000 * 3 + 1], command[sizeof text + 256];

    for (size_t i = 0; i < 6000; i++) {
        memcpy(text + 3 * i, "あ", 3);
    }
    (void)snprintf(command, sizeof command, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"%s\"}", to, text);
    OK(mesh_command(&net, node, command));
    mesh_settle(&net, 4);
}

/* Whether a short one leaves for the source, as the hub's secretariat is told. */
static bool leaves(size_t node, const char *to)
{
    char answer[2 * NRS_HASH_SIZE + 1];

    OK(mesh_ask(&net, node, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"まだある\"}", to));
    (void)snprintf(answer, sizeof answer, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, HUB, "{\"command\":\"show\",\"id\":\"%s\"}", answer));
    return mesh_text(json_object_get(mesh_row(&net, HUB, 0), "carried"), "at")[0] != '\0';
}

/* Else a member who fills the one would see by the digests that the other is of the same report. */
static void one_part_does_not_use_up_the_other(void **state)
{
    static const size_t writers[] = {MEMBER, THIRD, OTHER_HUB, GAS_HUB};
    char technical[2 * NRS_HASH_SIZE + 1], damage[2 * NRS_HASH_SIZE + 1];

    (void)state;
    start(false);
    withhold("");
    vouch(technical, ",\"part\":\"technical\",\"body\":\"手口\",\"fields\":{\"cause\":\"vulnerability\"}");
    vouch(damage, ",\"part\":\"damage\",\"body\":\"被害\",\"fields\":{\"impact\":\"停止\"}");
    mesh_wait_for_tick(&net, 5);
    mesh_settle(&net, 6);
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 9; j++) { /* one more than is carried of it */
            reply_at_length(writers[i], technical);
        }
    }
    assert_int_equal(reply_count(HUB), 256);
    assert_false(leaves(MEMBER, technical));
    assert_true(leaves(MEMBER, damage));
    assert_int_equal(reply_count(HUB), 257);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sources_duties_are_asked),
        cmocka_unit_test(it_is_read_while_the_duty_of_its_writers_community_is_held),
        cmocka_unit_test(every_duty_that_is_demanded_is_asked),
        cmocka_unit_test(it_reaches_the_source_of_what_is_withdrawn_meanwhile),
        cmocka_unit_test(only_who_let_it_in_brings_it_and_whole),
        cmocka_unit_test(one_of_a_community_that_is_not_known_says_nothing),
        cmocka_unit_test(it_does_not_wait_in_the_clear),
        cmocka_unit_test(one_part_does_not_use_up_the_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
