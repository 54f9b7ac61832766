/* noroshi status: the running node at a glance. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "key/person_waiting.h"
#include "language.h"
#include "node_words.h"
#include "proto/vocabulary.h"
#include "run.h"
#include "text.h"

static const char *state_in_words(const char *state)
{
    static const struct {
        const char *code, *words;
    } states[] = {{"up", N_("up")}, {"connecting", N_("connecting")}, {"refused", N_("refused")}};

    for (size_t i = 0; state != NULL && i < sizeof states / sizeof states[0]; i++) {
        if (strcmp(states[i].code, state) == 0) {
            return _(states[i].words);
        }
    }
    return state;
}

/* Why a link does not stand, as far as this side can tell. */
static const char *reason_in_words(const char *reason)
{
    static const struct {
        const char *code, *words;
    } reasons[] = {{"no-node", N_("nobody answers")}, {"forged", N_("another key, or no node at all")},
                   {"unknown-peer", N_("it does not know this node")}, {"revoked", N_("this node was removed")},
                   {"busy", N_("this node's link key is refused for now")}};

    for (size_t i = 0; reason != NULL && i < sizeof reasons / sizeof reasons[0]; i++) {
        if (strcmp(reasons[i].code, reason) == 0) {
            return _(reasons[i].words);
        }
    }
    return reason;
}

static void add_number(nrs_table *table, const char *name, const json_t *value)
{
    char *text = nrs_text_format("%lld", (long long)json_integer_value(value));

    nrs_table_add(table, name);
    nrs_table_add(table, text);
    free(text);
}

static void add_text(nrs_table *table, const char *name, const char *text)
{
    if (text != NULL) {
        nrs_table_add(table, name);
        nrs_table_add(table, text);
    }
}

/* Bytes for people, in the unit that suits them; a disk's size needs no more than three figures. */
static char *size_in_words(const json_t *bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    double size = (double)json_integer_value(bytes) / 1024;
    size_t unit = 0;

    while (size >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        size /= 1024;
        unit++;
    }
    return nrs_text_format("%.*f %s", size < 10 ? 1 : 0, size, units[unit]);
}

static void add_disk(nrs_table *table, const json_t *disk)
{
    char *left = size_in_words(json_object_get(disk, "free_bytes"));
    char *database = size_in_words(json_object_get(disk, "database_bytes"));
    char *wal = size_in_words(json_object_get(disk, "wal_bytes"));
    char *text = nrs_text_format(_("%s free; database %s + %s"), left, database, wal);

    if (json_is_integer(json_object_get(disk, "free_bytes"))) {
        add_text(table, _("disk"), text);
    }
    free(text);
    free(wal);
    free(database);
    free(left);
}

static nrs_error print_node(const json_t *row)
{
    nrs_table table = {.column_count = 2};
    const json_t *prekeys = json_object_get(row, "prekeys");
    char until[64];

    add_text(&table, _("organisation"), nrs_json_text(row, "org"));
    add_text(&table, _("name"), nrs_json_text(row, "name"));
    add_text(&table, _("fingerprint"), nrs_json_text(row, "fingerprint"));
    add_text(&table, _("version"), nrs_json_text(row, "version"));
    add_text(&table, _("listens on"), nrs_json_text(row, "listen"));
    add_number(&table, _("reports"), json_object_get(row, "reports"));
    add_number(&table, _("queued"), json_object_get(row, "queued"));
    add_number(&table, _("deferred"), json_object_get(row, "deferred"));
    if (nrs_json_text(prekeys, "until") != NULL) {
        nrs_text_time_of(until, nrs_json_text(prekeys, "until"));
        add_text(&table, _("prekeys until"), until);
    }
    add_disk(&table, json_object_get(row, "disk"));
    return nrs_table_print(&table);
}

static nrs_error print_communities(const json_t *list, bool japanese)
{
    nrs_table table = {.column_count = 5};

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *role = nrs_json_text(one, "role");
        const nrs_term *term = role == NULL ? NULL : nrs_vocabulary_by_code(NRS_VOCABULARY_ROLE, role);
        char *slug = nrs_text_format("@%s", nrs_json_text(one, "id") == NULL ? "?" : nrs_json_text(one, "id"));
        char *version =
            nrs_text_format(_("version %lld"), (long long)json_integer_value(json_object_get(one, "roster_version")));
        char expires[64];

        nrs_text_time_of(expires, nrs_json_text(one, "expires_at"));
        nrs_table_add(&table, slug);
        nrs_table_add(&table, nrs_json_text(one, "name"));
        nrs_table_add(&table, version);
        nrs_table_add(&table, term == NULL ? role : japanese ? term->ja : term->en);
        nrs_table_add(&table, expires);
        free(slug);
        free(version);
    }
    if (table.cell_count > 0) {
        printf("\n%s\n", _("Communities:"));
    }
    return nrs_table_print(&table);
}

static nrs_error print_links(const json_t *list)
{
    nrs_table table = {.column_count = 4};

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        char *queued = nrs_text_format(_("queued %lld"), (long long)json_integer_value(json_object_get(one, "queued")));
        const char *reason = reason_in_words(nrs_json_text(one, "reason"));
        char since[64];

        nrs_text_time_of(since, nrs_json_text(one, "since"));
        nrs_table_add(&table, nrs_json_text(one, "org"));
        nrs_table_add(&table, state_in_words(nrs_json_text(one, "state")));
        nrs_table_add(&table, reason != NULL ? reason : since);
        nrs_table_add(&table, queued);
        free(queued);
    }
    if (table.cell_count > 0) {
        printf("\n%s\n", _("Links:"));
    }
    return nrs_table_print(&table);
}

nrs_error nrs_run_status(nrs_cli *cli)
{
    json_t *request = nrs_control_request("status");
    json_t *row = NULL;
    const json_t *warnings = NULL;
    nrs_error error = nrs_control_row(cli, &row, request);

    json_decref(request);
    if (error == NRS_OK && json_is_array(json_object_get(row, "warnings"))) { /* the node has no part in persons' keys */
        error = nrs_persons_waiting(cli, json_object_get(row, "warnings"));
    }
    if (error != NRS_OK) {
        json_decref(row);
        return error;
    }
    if (cli->json) {
        nrs_text_print_json(stdout, row);
        json_decref(row);
        return NRS_OK;
    }
    error = print_node(row);
    if (error == NRS_OK) {
        error = print_communities(json_object_get(row, "communities"), cli->language[0] == 'j');
    }
    if (error == NRS_OK) {
        error = print_links(json_object_get(row, "links"));
    }
    warnings = json_object_get(row, "warnings");
    for (size_t i = 0; i < json_array_size(warnings); i++) {
        const char *text = json_string_value(json_array_get(warnings, i));

        char *words = nrs_node_words(text, NULL);

        printf("%s%s: ", i == 0 ? "\n" : "", _("warning"));
        nrs_text_print(stdout, words == NULL ? "?" : words, NRS_TEXT_LINE);
        fputc('\n', stdout);
        free(words);
    }
    json_decref(row);
    return error;
}
