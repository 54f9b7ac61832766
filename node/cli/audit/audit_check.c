/* noroshi audit verify, export, checkpoint, signed: the audit log checked here, and written out for who checks it elsewhere. */
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "folder.h"
#include "keys/audit_check.h"
#include "language.h"
#include "proto/time.h"
#include "run.h"
#include "text.h"

static const char unreadable[] = N_("the node's answer cannot be read");

/* One walk over the log: rows come in pages, in the order in which they are checked and written. */
typedef struct walk {
    nrs_cli *cli;
    nrs_audit_check *check; /* or NULL */
    nrs_bytes *file;        /* or NULL: the export in the making */
    json_t *hubs;           /* fingerprint → organisation, of hubs that the node knows */
    json_int_t next, until, last_signed;
} walk;

/* ---- From rows to lines ---- */

static nrs_error take_line(walk *to, char *line)
{
    nrs_error error = line == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    if (error == NRS_OK && to->check != NULL) {
        error = nrs_audit_check_line(to->check, nrs_slice_of_string(line));
    }
    if (error == NRS_OK && to->file != NULL) {
        error = nrs_bytes_append(to->file, nrs_slice_of_string(line));
    }
    if (error == NRS_OK && to->file != NULL) {
        error = nrs_bytes_append_u8(to->file, '\n');
    }
    free(line);
    return error;
}

static nrs_error take_head(walk *to, const json_t *row)
{
    const char *node = nrs_json_text(row, "node"), *log = nrs_json_text(row, "log"), *root = nrs_json_text(row, "root");
    nrs_error error = node == NULL || log == NULL || root == NULL ? NRS_ERROR_MALFORMED : NRS_OK;

    to->until = json_integer_value(json_object_get(row, "until"));
    to->last_signed = json_integer_value(json_object_get(row, "signed"));
    if (error == NRS_OK) {
        error = take_line(to, nrs_text_format("%s", NRS_AUDIT_FILE_HEAD));
    }
    if (error == NRS_OK) {
        error = take_line(to, nrs_text_format("node %s", node));
    }
    if (error == NRS_OK) {
        error = take_line(to, nrs_text_format("log %s", log));
    }
    return error == NRS_OK ? take_line(to, nrs_text_format("end %lld %s %lld %lld", (long long)json_integer_value(json_object_get(row, "size")), root,
                                                           (long long)json_integer_value(json_object_get(row, "checkpointed")),
                                                           (long long)json_integer_value(json_object_get(row, "cosigned"))))
                           : error;
}

static nrs_error take_row(void *context, json_t *row)
{
    static const char *const words[] = {"entry", "checkpoint", "cosignature", "succession"};
    walk *to = context;
    const char *leaf = nrs_json_text(row, "leaf");

    if (json_object_get(row, "next") != NULL) {
        to->next = json_integer_value(json_object_get(row, "next"));
        return NRS_OK;
    }
    if (nrs_json_text(row, "hub") != NULL && nrs_json_text(row, "org") != NULL) {
        (void)json_object_set(to->hubs, nrs_json_text(row, "hub"), json_object_get(row, "org"));
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (nrs_json_text(row, words[i]) != NULL) {
            return take_line(to, nrs_text_format("%s %s", words[i], nrs_json_text(row, words[i])));
        }
    }
    return leaf == NULL ? take_head(to, row)
                        : take_line(to, nrs_text_format("leaf %lld %s", (long long)json_integer_value(json_object_get(row, "number")), leaf));
}

static nrs_error walk_log(walk *to, bool keep)
{
    json_t *request = nrs_control_request("audit-export");
    nrs_error error = NRS_OK;

    to->hubs = json_object();
    if (request == NULL || to->hubs == NULL) {
        error = NRS_ERROR_NO_MEMORY;
    }
    if (error == NRS_OK && keep) {
        (void)json_object_set_new(request, "keep", json_true());
        if (to->cli->person != NULL) {
            (void)json_object_set_new(request, "person", json_string(to->cli->person));
        }
    }
    while (error == NRS_OK) {
        to->next = 0;
        error = nrs_control_call(to->cli, request, take_row, to);
        if (error != NRS_OK && to->cli->error == NRS_OK) {
            error = nrs_cli_fail(to->cli, NRS_ERROR_NO_NODE, NULL, "%s", _(unreadable));
        }
        if (to->next == 0) {
            break;
        }
        (void)json_object_set_new(request, "after", json_integer(to->next));
        (void)json_object_set_new(request, "until", json_integer(to->until));
        (void)json_object_set_new(request, "signed", json_integer(to->last_signed));
    }
    json_decref(request);
    return error;
}

/* ---- verify ---- */

static const struct fault_words {
    const char *code, *words;
} faults[] = {
    [NRS_AUDIT_FAULT_CHANGED] = {"changed", N_("entries that have been changed")},
    [NRS_AUDIT_FAULT_MISSING] = {"missing", N_("entries that have been removed")},
    [NRS_AUDIT_FAULT_INSERTED] = {"inserted", N_("entries that have been inserted")},
    [NRS_AUDIT_FAULT_CUT] = {"cut", N_("the end of the log has been cut off; gone are the entries")},
    [NRS_AUDIT_FAULT_REWRITTEN] = {"rewritten", N_("not what this node has signed is among the entries")},
    [NRS_AUDIT_FAULT_SIGNED_OTHERWISE] = {"signed-otherwise", N_("not what a hub has signed is among the entries")},
    [NRS_AUDIT_FAULT_CHECKPOINT] = {"checkpoint", N_("a checkpoint that does not hold or is gone, behind entry")},
    [NRS_AUDIT_FAULT_COSIGNATURE] = {"cosignature", N_("a hub's signature that does not hold or is gone, behind entry")},
    [NRS_AUDIT_FAULT_SUCCESSION] = {"succession", N_("a change of this node's keys that does not hold, behind entry")},
    [NRS_AUDIT_FAULT_ALARM] = {"alarm", N_("the node itself found this log changed; it says how in entry")},
};

typedef struct findings {
    json_t *list;
    bool json;
} findings;

static void take_finding(void *context, const nrs_audit_finding *finding)
{
    findings *to = context;
    char hub[48] = "";

    if (finding->key != NULL) {
        nrs_fingerprint(hub, finding->key);
    }
    (void)json_array_append_new(to->list, json_pack("{s:s, s:I, s:I, s:o}", "finding", faults[finding->fault].code, "first", (json_int_t)finding->first, "last",
                                                    (json_int_t)finding->last, "hub", finding->key == NULL ? json_null() : json_string(hub)));
    if (to->json) {
        return;
    }
    printf("%s: %llu", _(faults[finding->fault].words), (unsigned long long)finding->first);
    if (finding->last != finding->first) {
        printf("–%llu", (unsigned long long)finding->last);
    }
    printf("%s%s\n", hub[0] == '\0' ? "" : "  ", hub);
}

/* Signatures count when they are of a hub that this node knows: anybody can make a key. */
static json_t *cosigners_of(const nrs_audit_check *check, const json_t *hubs, uint64_t *size_out)
{
    json_t *list = json_array();

    for (size_t i = 0; i < check->cosigner_count; i++) {
        const nrs_audit_cosigner *one = &check->cosigners[i];
        char fingerprint[48], at[32];
        const char *org;

        nrs_fingerprint(fingerprint, one->key);
        nrs_time_format(at, one->at_ms);
        org = json_string_value(json_object_get(hubs, fingerprint));
        *size_out = org != NULL && one->size > *size_out ? one->size : *size_out;
        (void)json_array_append_new(list, json_pack("{s:s?, s:s, s:I, s:s, s:i}", "org", org, "fingerprint", fingerprint, "size", (json_int_t)one->size, "at", at,
                                                    "logs", (int)one->logs));
    }
    return list;
}

static void print_check(const nrs_audit_check *check, const json_t *cosigners, uint64_t cosigned_size)
{
    printf(_("Entries: %llu, of which %llu of padding. Checkpoints: %llu.\n"), (unsigned long long)check->last_number,
           (unsigned long long)(check->last_number - check->entry_count), (unsigned long long)check->checkpoint_count);
    if (check->begun_anew) {
        printf(_("This log was begun anew: the one before it is gone or could not be read (entry 1).\n"));
    }
    for (size_t i = 0; i < json_array_size(cosigners); i++) {
        const json_t *one = json_array_get(cosigners, i);
        const char *org = nrs_json_text(one, "org");
        char at[64];

        nrs_text_time_of(at, nrs_json_text(one, "at"));
        printf(_("Signed up to entry %lld by %s (%s), %s\n"), (long long)json_integer_value(json_object_get(one, "size")), org == NULL ? _("a key unknown here") : org,
               nrs_json_text(one, "fingerprint"), at);
        if (json_integer_value(json_object_get(one, "logs")) > 1) {
            printf(_("  It has seen this node begin a new log: this is number %lld.\n"), (long long)json_integer_value(json_object_get(one, "logs")));
        }
    }
    if (cosigned_size < check->last_number) {
        printf(_("From entry %llu on nobody else has signed yet.\n"), (unsigned long long)cosigned_size + 1);
    }
}

nrs_error nrs_run_audit_verify(nrs_cli *cli)
{
    nrs_audit_check *check = calloc(1, sizeof *check);
    findings found = {json_array(), cli->json};
    walk to = {.cli = cli, .check = check};
    json_t *cosigners = NULL, *row = NULL;
    uint64_t cosigned_size = 0;
    nrs_error error = check == NULL || found.list == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    if (error == NRS_OK) {
        nrs_audit_check_init(check, take_finding, &found);
        error = walk_log(&to, false);
    }
    if (error != NRS_OK) {
        goto out;
    }
    nrs_audit_check_end(check);
    cosigners = cosigners_of(check, to.hubs, &cosigned_size);
    if (cli->json) {
        row = json_pack("{s:b, s:b, s:I, s:I, s:I, s:I, s:O, s:O}", "ok", check->finding_count == 0, "begun_anew", check->begun_anew, "size", (json_int_t)check->last_number, "entries",
                        (json_int_t)check->entry_count, "checkpoints", (json_int_t)check->checkpoint_count, "cosigned_size", (json_int_t)cosigned_size, "cosigners",
                        cosigners, "findings", found.list);
        nrs_text_print_json(stdout, row);
    } else {
        print_check(check, cosigners, cosigned_size);
    }
    if (check->finding_count > 0) {
        error = nrs_cli_fail(cli, NRS_ERROR_REWRITTEN, _("keep a copy of the node's folder as it is, and compare with what the hubs hold: noroshi audit signed"),
                             "%s", _("the audit log is not as it was written"));
    }
out:
    json_decref(row);
    json_decref(cosigners);
    json_decref(to.hubs);
    json_decref(found.list);
    free(check);
    return error;
}

/* ---- export ---- */

nrs_error nrs_run_audit_export(nrs_cli *cli)
{
    const char *path = nrs_cli_option(cli, "output");
    nrs_bytes file = {0};
    walk to = {.cli = cli, .file = &file};
    nrs_error error = walk_log(&to, true);

    if (error == NRS_OK && (path == NULL || strcmp(path, "-") == 0)) {
        error = fwrite(file.data, 1, file.size, stdout) == file.size ? NRS_OK : NRS_ERROR_DISK;
    } else if (error == NRS_OK) {
        error = nrs_file_write_given(cli, path, nrs_slice_of_bytes(&file));
    }
    json_decref(to.hubs);
    nrs_bytes_wipe(&file);
    return error;
}

/* ---- checkpoint, signed ---- */

nrs_error nrs_run_audit_checkpoint(nrs_cli *cli)
{
    json_t *request = nrs_control_request("audit-checkpoint");
    json_t *row = NULL;
    nrs_error error = nrs_control_row(cli, &row, request);

    json_decref(request);
    if (error != NRS_OK) {
        return error;
    }
    if (cli->json) {
        nrs_text_print_json(stdout, row);
    } else {
        printf(_("Checkpoint at entry %lld; the hubs sign it when it reaches them.\n"), (long long)json_integer_value(json_object_get(row, "size")));
    }
    json_decref(row);
    return NRS_OK;
}

typedef struct signed_table {
    nrs_table table;
    bool json;
} signed_table;

static nrs_error add_signed(void *context, json_t *row)
{
    static const struct {
        const char *code, *words;
    } states[] = {{"own", N_("own")}, {"followed", N_("continues what was signed")}, {"rewritten", N_("REWRITTEN")}, {"unproven", N_("NOT PROVEN")}, {"damaged", N_("changed")}};
    signed_table *to = context;
    const char *state = nrs_json_text(row, "state");
    const json_t *by = json_object_get(row, "cosigned_by");
    char *size, *names = nrs_text_format("%s", "");
    char at[64] = "";

    if (to->json) {
        nrs_text_print_json(stdout, row);
        free(names);
        return NRS_OK;
    }
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (state != NULL && strcmp(states[i].code, state) == 0) {
            state = _(states[i].words);
            break;
        }
    }
    for (size_t i = 0; i < json_array_size(by); i++) {
        char *longer = nrs_text_format("%s%s%s", names == NULL ? "" : names, i > 0 ? ", " : "", json_string_value(json_array_get(by, i)));

        free(names);
        names = longer;
    }
    size = nrs_text_format("%lld", (long long)json_integer_value(json_object_get(row, "size")));
    nrs_text_time_of(at, nrs_json_text(row, "at"));
    nrs_table_add(&to->table, nrs_json_text(row, "org"));
    nrs_table_add(&to->table, size);
    nrs_table_add(&to->table, at);
    nrs_table_add(&to->table, state);
    nrs_table_add(&to->table, names);
    free(size);
    free(names);
    return to->table.error;
}

nrs_error nrs_run_audit_signed(nrs_cli *cli)
{
    signed_table to = {.table = {.column_count = 5}, .json = cli->json};
    json_t *request = nrs_control_request("audit-signed");
    nrs_error error = nrs_control_call(cli, request, add_signed, &to);

    json_decref(request);
    if (error != NRS_OK) {
        to.table.error = error;
        (void)!nrs_table_print(&to.table);
        return error;
    }
    return nrs_table_print(&to.table);
}
