/* noroshi community show --history: the versions of a roster that the running node knows of, and what each changed. */
#include <jansson.h>
#include <string.h>

#include "community/change.h"
#include "control.h"
#include "language.h"
#include "text.h"

enum { HISTORY_PAGE = 50 };

static const char *change_words(const char *code)
{
    static const struct {
        const char *code, *words;
    } all[] = {
        {"member-in", N_("joins the roster")}, {"member-out", N_("leaves the roster")}, {"member-role", N_("another role")},
        {"member-name", N_("another name")},   {"member-keys", N_("other keys")},       {"member-proof", N_("another proof of its keys")},
        {"member-joined", N_("its word that it has joined")}, {"member-duties", N_("duties")},
        {"tombstone-in", N_("entry of a key that went, new")}, {"tombstone-out", N_("entry of a key that went, dropped")},
        {"tombstone", N_("entry of a key that went, changed")}, {"key-in", N_("roster key added")}, {"key-out", N_("roster key dropped")},
        {"threshold", N_("signatures needed")}, {"rules", N_("rules")}, {"disclaimer-in", N_("disclaimer added")},
        {"disclaimer-out", N_("disclaimer dropped")}, {"duty-rule-in", N_("rule for a duty added")}, {"duty-rule-out", N_("rule for a duty dropped")},
        {"name", N_("name of the community")}, {"recognised-in", N_("recognises a community")},
        {"recognised-out", N_("recognises a community no more")}, {"forks", N_("heals a fork")}, {"order", N_("the order of entries")},
    };

    for (size_t i = 0; code != NULL && i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i].code, code) == 0) {
            return _(all[i].words);
        }
    }
    return code == NULL ? "?" : code;
}

static void print_change(const json_t *change)
{
    const char *org = nrs_json_text(change, "org");
    const char *id = nrs_json_text(change, "id");
    const char *key = nrs_json_text(change, "key");
    const char *cause = nrs_json_text(change, "cause");
    const json_t *threshold = json_object_get(change, "threshold");

    printf("    %s", change_words(nrs_json_text(change, "change")));
    if (json_is_integer(threshold)) {
        printf(": %lld", (long long)json_integer_value(threshold));
    }
    if (org != NULL || id != NULL || key != NULL) {
        printf(": ");
        nrs_text_print(stdout, org != NULL ? org : id != NULL ? id : key, NRS_TEXT_LINE);
    }
    if (cause != NULL) {
        printf(" (%s)", strcmp(cause, "left") == 0 ? _("left") : _("removed: revoked"));
    }
    printf("\n");
}

/* Versions are asked for page by page, the oldest first. */
typedef struct history {
    const nrs_cli *cli;
    json_int_t last;  /* version printed */
    size_t row_count; /* of this page */
} history;

static nrs_error print_step(void *context, json_t *row)
{
    history *to = context;
    const nrs_cli *cli = to->cli;
    const json_t *changes = json_object_get(row, "changes");
    const json_t *signers = json_object_get(row, "signed_by");
    const long long version = (long long)json_integer_value(json_object_get(row, "version"));
    const long long since = (long long)json_integer_value(json_object_get(row, "since"));
    char created[64];
    char adopted[64];

    to->last = version > to->last ? version : to->last;
    to->row_count++;
    if (cli->json) {
        nrs_text_print_json(stdout, row);
        return NRS_OK;
    }
    nrs_text_time_of(created, nrs_json_text(row, "created_at"));
    nrs_text_time_of(adopted, nrs_json_text(row, "adopted_at"));
    printf(_("version %lld, made %s, held here since %s, members: %lld\n"), version, created, adopted,
           (long long)json_integer_value(json_object_get(row, "members")));
    if (since > 0 && since + 1 < version) { /* not all of it is this version's doing */
        printf(_("  what differs from version %lld, the one before it that is held here:\n"), since);
    } else if (since == 0 && version > 1) {
        printf("%s\n", _("  all that it names: no version before it is held here:"));
    }
    for (size_t i = 0; i < json_array_size(changes); i++) {
        const char *code = nrs_json_text(json_array_get(changes, i), "change");

        print_change(json_array_get(changes, i));
        if (code != NULL && strcmp(code, "forks") == 0 && nrs_json_text(row, "fingerprint") != NULL) {
            printf("      %s %s\n", _("fingerprint of the roster:"), nrs_json_text(row, "fingerprint"));
        }
    }
    if (json_integer_value(json_object_get(row, "left_out")) > 0) {
        printf(_("    and %lld more changes\n"), (long long)json_integer_value(json_object_get(row, "left_out")));
    }
    for (size_t i = 0; i < json_array_size(signers); i++) {
        const char *key = json_string_value(json_array_get(signers, i));

        printf("  %s %s\n", _("  signed by"), key == NULL ? "?" : key);
    }
    return NRS_OK;
}

nrs_error nrs_history_print(nrs_cli *cli, const char *slug)
{
    history to = {.cli = cli};
    json_t *request = nrs_control_request("roster-history");
    nrs_error error = NRS_OK;

    if (request == NULL || json_object_set_new(request, "community", json_string(slug)) != 0 ||
        json_object_set_new(request, "limit", json_integer(HISTORY_PAGE)) != 0) {
        json_decref(request);
        return NRS_ERROR_NO_MEMORY;
    }
    do {
        to.row_count = 0;
        error = json_object_set_new(request, "after", json_integer(to.last)) == 0 ? nrs_control_call(cli, request, print_step, &to) : NRS_ERROR_NO_MEMORY;
    } while (error == NRS_OK && to.row_count == HISTORY_PAGE);
    json_decref(request);
    return error;
}
