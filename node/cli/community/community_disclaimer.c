/* noroshi community disclaimer: put a disclaimer's text into the roster's rules, or say where it is required. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"
#include "report/given.h"
#include "key/keyring.h"
#include "language.h"
#include "proto/address.h"
#include "proto/vocabulary.h"
#include "community/roster_file.h"
#include "run.h"
#include "text.h"

typedef struct change {
    nrs_bytes ja, en;        /* zero-terminated; empty: not given */
    uint32_t labels, kinds;
    bool required_given;
    Nrs__Wire__Disclaimer texts[NRS_DISCLAIMER_COUNT_MAX + 1];
    Nrs__Wire__Disclaimer *places[NRS_DISCLAIMER_COUNT_MAX + 1];
    size_t count;
    uint32_t version;        /* of the disclaimer */
    bool changed;
} change;

static void change_wipe(change *with)
{
    nrs_bytes_wipe(&with->ja);
    nrs_bytes_wipe(&with->en);
}

static nrs_error read_text(nrs_cli *cli, nrs_bytes *text_out, const char *option)
{
    const char *path = nrs_cli_option(cli, option);
    nrs_error error = path == NULL ? NRS_OK : nrs_file_read_given(cli, text_out, path, NRS_FIELD_VALUE_SIZE_MAX);

    if (path == NULL || error != NRS_OK) {
        return error;
    }
    error = nrs_given_text(cli, path, nrs_slice_of_bytes(text_out), NRS_FIELD_VALUE_SIZE_MAX, true);
    if (error == NRS_OK && text_out->size == 0) {
        error = nrs_cli_fail(cli, NRS_ERROR_MALFORMED, NULL, _("the text is empty: %s"), path);
    }
    return error == NRS_OK ? nrs_bytes_append_u8(text_out, 0) : error;
}

static nrs_error read_requirement(nrs_cli *cli, change *with)
{
    const char *given = NULL;
    const nrs_term *kind = NULL;
    const bool optional = nrs_cli_option(cli, "optional") != NULL;

    for (size_t i = 0; (given = nrs_cli_option_at(cli, "require-label", i)) != NULL; i++) {
        if (nrs_given_labels(cli, &with->labels, given) != NRS_OK) {
            return cli->error;
        }
    }
    for (size_t i = 0; (given = nrs_cli_option_at(cli, "require-kind", i)) != NULL; i++) {
        if (nrs_given_word(cli, &kind, NRS_VOCABULARY_KIND, given, NRS_ERROR_UNKNOWN_KIND) != NRS_OK) {
            return cli->error;
        }
        with->kinds |= NRS_KIND_BIT(kind->value);
    }
    if (optional && (with->labels != 0 || with->kinds != 0)) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("give --optional or where it is required, not both"));
    }
    with->required_given = optional || with->labels != 0 || with->kinds != 0;
    return NRS_OK;
}

static nrs_error read_change(nrs_cli *cli, change *with, const char *name)
{
    nrs_error error = NRS_OK;

    if (!nrs_name_valid(name)) {
        return nrs_cli_fail_about(cli, NRS_ERROR_BAD_NAME, name);
    }
    error = read_text(cli, &with->ja, "ja");
    if (error == NRS_OK) {
        error = read_text(cli, &with->en, "en");
    }
    return error == NRS_OK ? read_requirement(cli, with) : error;
}

static char *text_of(nrs_bytes *text, char *otherwise)
{
    return text->size > 0 ? (char *)text->data : otherwise;
}

/* Where the roster has no more room, the oldest text that another version has replaced goes. */
static nrs_error make_room(nrs_cli *cli, change *with)
{
    for (size_t i = 0; with->count > NRS_DISCLAIMER_COUNT_MAX && i + 1 < with->count; i++) {
        if (strcmp(with->places[i]->name, with->places[i + 1]->name) == 0) {
            memmove(&with->places[i], &with->places[i + 1], (with->count - i - 1) * sizeof with->places[0]);
            with->count--;
        }
    }
    if (with->count > NRS_DISCLAIMER_COUNT_MAX) {
        return nrs_cli_fail(cli, NRS_ERROR_LIMIT, NULL, _("a community has at most %u disclaimers"), NRS_DISCLAIMER_COUNT_MAX);
    }
    return NRS_OK;
}

/* The texts of the next roster: those held, and the new one as the newest version of its name, which alone is required. */
static nrs_error plan(nrs_cli *cli, change *with, nrs_roster *roster, char *name)
{
    const Nrs__Wire__Disclaimer *newest = nrs_roster_disclaimer(roster, name);
    Nrs__Wire__Disclaimer next;
    bool same_text = false;
    size_t at = 0;

    nrs__wire__disclaimer__init(&next);
    next.name = name;
    next.ja = text_of(&with->ja, newest == NULL ? next.ja : newest->ja);
    next.en = text_of(&with->en, newest == NULL ? next.en : newest->en);
    next.labels = with->required_given || newest == NULL ? with->labels : newest->labels;
    next.kinds = with->required_given || newest == NULL ? with->kinds : newest->kinds;
    if (newest == NULL && next.ja[0] == '\0' && next.en[0] == '\0') {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("a new disclaimer needs a text: --ja FILE, --en FILE or both"));
    }
    same_text = newest != NULL && strcmp(newest->ja, next.ja) == 0 && strcmp(newest->en, next.en) == 0;
    next.version = newest == NULL ? 1 : newest->version + (same_text ? 0 : 1);
    with->version = next.version;
    with->changed = !same_text || newest->labels != next.labels || newest->kinds != next.kinds;
    for (size_t i = 0; i < roster->rules->n_disclaimers; i++) {
        Nrs__Wire__Disclaimer *text = &with->texts[with->count];

        if (same_text && roster->rules->disclaimers[i] == newest) {
            continue;
        }
        *text = *roster->rules->disclaimers[i];
        if (strcmp(text->name, name) == 0) {
            text->labels = text->kinds = 0;
        }
        with->places[with->count++] = text;
    }
    while (at < with->count && strcmp(with->places[at]->name, name) <= 0) {
        at++;
    }
    memmove(&with->places[at + 1], &with->places[at], (with->count - at) * sizeof with->places[0]);
    with->texts[with->count] = next;
    with->places[at] = &with->texts[with->count];
    with->count++;
    return make_room(cli, with);
}

static nrs_error print_done(const nrs_cli *cli, const char *slug, uint64_t version, const char *name, const change *with)
{
    if (with->changed && nrs_cli_option(cli, "draft") != NULL) {
        return NRS_OK; /* the draft has been shown, and nothing is in force */
    }
    if (cli->json) {
        json_t *row = json_pack("{s:s, s:I, s:s, s:I, s:b}", "id", slug, "version", (json_int_t)version, "disclaimer", name,
                                "disclaimer_version", (json_int_t)with->version, "changed", with->changed ? 1 : 0);

        nrs_text_print_json(stdout, row);
        json_decref(row);
    } else if (!with->changed) {
        printf(_("@%s has this disclaimer already; nothing was changed.\n"), slug);
    } else {
        printf(_("@%s is now at version %llu.\n"), slug, (unsigned long long)version);
    }
    return NRS_OK;
}

nrs_error nrs_run_community_disclaimer(nrs_cli *cli)
{
    const char *slug = NULL;
    char name[NRS_NAME_SIZE_MAX + 1];
    nrs_held held = {0};
    change *with = calloc(1, sizeof *with);
    Nrs__Wire__Rules rules;
    nrs_error error = with == NULL ? NRS_ERROR_NO_MEMORY : read_change(cli, with, cli->arguments[1]);

    if (error == NRS_OK) {
        error = nrs_held_open(cli, &slug, &held);
    }
    if (error == NRS_OK) {
        snprintf(name, sizeof name, "%s", cli->arguments[1]);
        error = plan(cli, with, held.roster, name);
    }
    if (error == NRS_OK && with->changed) {
        rules = *held.roster->rules;
        rules.disclaimers = with->places;
        rules.n_disclaimers = with->count;
        error = nrs_held_change_rules(cli, &held, &rules);
    }
    if (error == NRS_OK) {
        error = print_done(cli, slug, held.roster->version + (with->changed ? 1 : 0), name, with);
    }
    if (with != NULL) {
        change_wipe(with);
    }
    free(with);
    nrs_held_wipe(&held);
    return error;
}
