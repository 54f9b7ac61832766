/* Releases and grants that a holder made up (SPEC 6.12): how a hub that carries them answers to each, and that nobody reads by what it refuses; and
 * withdrawals that are none (8.4). A line each, for judge.py. */
#include "world.h"

#include "keys/withdrawal.h"
#include "mesh_forge.h"
#include "mesh_records.h"
#include "proto/label.h"
#include "proto/wire.h"

typedef struct chain {
    bool held, signer, holder, named, community, member; /* true: as it should be */
    unsigned ends;                                       /* 0 in time, 1 past, 2 later than the report, 3 at the grant's own time, which the hub's clock has not reached */
} chain;

static char report[ID_SIZE];
static uint8_t report_id[NRS_HASH_SIZE];
static uint64_t report_ends_ms, position = WORLD_GIVEN_POSITION;

/* What the hub answers to a record of the reader's. */
static const char *give(const nrs_bytes *record)
{
    world_refusal = NRS_OK;
    mesh_give_records(&net, READER, HUB, position++, nrs_slice_of_bytes(record), nrs_slice_of(NULL, 0));
    return world_word(world_refusal);
}

/* The reader grants to one alone, named by it: to a member, or to somebody who is none. */
static void run(const chain *it, uint32_t number)
{
    const uint64_t ends[] = {net.now_ms + NRS_HOUR_MS, net.now_ms - NRS_HOUR_MS / 2, report_ends_ms + 1, net.now_ms};
    uint8_t salt[NRS_HASH_SIZE] = {(uint8_t)number, (uint8_t)(number >> 8), 1}, other[NRS_HASH_SIZE] = {5}, release_id[NRS_HASH_SIZE];
    const size_t to = it->member ? OTHER : GAS_MEMBER;
    nrs_bytes release = {0};
    mesh_forged made;
    const mesh_releasing releasing = {.net = &net, .report = report_id, .signer = it->signer ? SOURCE : MINISTRY, .holder = it->holder ? READER : OTHER,
                                      .named = it->named ? to : MINISTRY, .salt = salt, .community = it->community ? NULL : other, .label = NRS_LABEL_AMBER,
                                      .expires_ms = ends[it->ends]};
    const char *release_word = "-", *grant_word, *table_word;
    char about[160];

    mesh_forge_release(&release, release_id, &releasing);
    made = mesh_forge(&(mesh_forging){.net = &net, .keeper = READER, .report = report_id, .grantor = READER, .to = to, .named = to,
                                      .authority = NRS_AUTHORITY_RELEASE, .ref = release_id, .salt = salt});
    (void)snprintf(about, sizeof about, "held=%d signer=%d holder=%d named=%d community=%d member=%d ends=%u", it->held, it->signer, it->holder, it->named,
                   it->community, it->member, it->ends);
    if (it->held) {
        release_word = give(&release);
        printf("chain-release %s rule=%s\n", about, release_word);
    }
    grant_word = give(&made.grant);
    printf("chain-grant %s release=%s rule=%s\n", about, release_word, grant_word);
    table_word = give(&made.table);
    printf("chain-table %s release=%s grant=%s rule=%s\n", about, release_word, grant_word, table_word);
    nrs_bytes_wipe(&release);
    mesh_forged_wipe(&made);
}

/* ---- Withdrawals that somebody else signs, says or names another report in (SPEC 8.4) ---- */

/* As the reader holds it. */
static nrs_sealed_view *report_held(void)
{
    mesh_forged made = mesh_forge(&(mesh_forging){.net = &net, .keeper = READER, .report = report_id, .grantor = READER, .to = OTHER, .named = OTHER,
                                                  .authority = NRS_AUTHORITY_CONSENT});
    nrs_record *record = NULL;
    nrs_sealed_view *view = NULL;

    OK(nrs_record_decode(&record, nrs_slice_of_bytes(&made.sealed)));
    OK(nrs_sealed_parse(&view, nrs_field(&record->payload)));
    nrs_record_free(&record);
    mesh_forged_wipe(&made);
    return view;
}

static void withdraw(size_t signer, size_t from, bool same, bool opened, bool told)
{
    uint8_t other[NRS_HASH_SIZE] = {7};
    const nrs_withdrawal_words words = {"誤報", "", ""};
    const uint8_t salt[NRS_HASH_SIZE] = {9};
    uint8_t commitment[NRS_HASH_SIZE];
    nrs_bytes proof = {0};
    nrs_statement statement;
    nrs_sealed_view *view;
    const char *word, *shown;
    char rule[32];

    if (opened) {
        assert_string_equal(world_about(READER, "show", report, ""), "ok");
    }
    OK(nrs_hex_decode(report_id, sizeof report_id, report));
    view = report_held();
    OK(nrs_withdrawal_commit(commitment, salt, &words));
    OK(nrs_withdrawal_make(&proof, net.nodes[signer].identity, view, net.now_ms, commitment));
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_WITHDRAWAL;
    statement.sealed_id = nrs_field_of(nrs_slice_of(same ? view->id : other, NRS_HASH_SIZE));
    statement.at_ms = net.now_ms;
    statement.detail = nrs_field_of(nrs_slice_of_bytes(&proof));
    statement.reason = (char *)(uintptr_t)(told ? words.reason : "原因は貴社");
    statement.reference = nrs_field_of(nrs_slice_of(salt, sizeof salt));
    mesh_post(&net, from, READER, HUB, &statement);
    OK(mesh_command(&net, READER, "{\"command\":\"audit-list\",\"kind\":\"withdraw\",\"limit\":1}"));
    word = mesh_row_count(&net, READER) == 0 ? "none" : mesh_text(mesh_row(&net, READER, 0), "rule");
    (void)snprintf(rule, sizeof rule, "%s", word[0] == '\0' ? "ok" : word);
    shown = world_about(READER, "show", report, "");
    printf("chain-withdraw by=%s from=%s same=%d opened=%d words=%d shown=%s marked=%d rule=%s\n", who[signer], who[from], same, opened, told, shown,
           strcmp(shown, "ok") == 0 && mesh_text(mesh_row(&net, READER, 0), "withdrawn_at")[0] != '\0', rule);
    nrs_bytes_wipe(&proof);
    nrs_sealed_view_free(&view);
    mesh_settle(&net, 10); /* of what one peer is refused, eight in a minute are kept */
}

static void withdraw_all(void)
{
    static const size_t nodes[] = {SOURCE, OTHER, HUB};
    static char reports[COUNT(nodes) * COUNT(nodes) * 8][ID_SIZE];
    size_t count = 0;

    for (size_t i = 0; i < COUNT(reports); i++) { /* all before: the reader takes the hub's log for read up to what is handed over below */
        OK(world_send(SOURCE, "AMBER", "\"org-2\"", "", reports[i]));
    }
    mesh_settle(&net, 6);
    for (size_t signer = 0; signer < COUNT(nodes); signer++) {
        for (size_t from = 0; from < COUNT(nodes); from++) {
            for (unsigned bits = 0; bits < 8; bits++) {
                memcpy(report, reports[count++], ID_SIZE);
                withdraw(nodes[signer], nodes[from], (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0);
            }
        }
    }
}

int main(void)
{
    world_start(true, true);
    net.nodes[HUB].skew_ms = -2000;
    for (uint32_t number = 0; number < 4 * 64; number++) {
        const chain it = {(number & 1) != 0, (number & 2) != 0, (number & 4) != 0, (number & 8) != 0, (number & 16) != 0, (number & 32) != 0, number / 64};

        if (number % 16 == 0) { /* at most so many grants on one report */
            OK(world_send(SOURCE, "AMBER", "\"org-2\"", ",\"expires_in_ms\":86400000", report));
            OK(nrs_hex_decode(report_id, sizeof report_id, report));
            report_ends_ms = net.now_ms + NRS_DAY_MS;
            mesh_settle(&net, 5);
        }
        run(&it, number);
        mesh_settle(&net, 3);
        printf("chain-reads held=%d signer=%d holder=%d named=%d community=%d member=%d ends=%u number=%u other=%d gas=%d rule=ok\n", it.held, it.signer, it.holder,
               it.named, it.community, it.member, it.ends, number, world_lists(OTHER, report), world_lists(GAS_MEMBER, report));
    }
    withdraw_all();
    world_stop();
    return ferror(stdout) != 0;
}
