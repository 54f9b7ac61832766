#include "community/restored.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "folder.h"
#include "language.h"
#include "run.h"
#include "text.h"

nrs_error nrs_restored_mark(nrs_cli *cli, const uint8_t sign_key[NRS_KEY_SIZE])
{
    char name[NRS_KEY_NAME_SIZE];

    nrs_key_name(name, sign_key);
    return nrs_folder_write(cli, "changes", name, ".restored", nrs_slice_of_string("restored\n"));
}

/* The member whose key was restored, which is this node's own; NULL if there is none. */
static const Nrs__Wire__Member *find_restored(const nrs_cli *cli, const nrs_roster *roster)
{
    for (size_t i = 0; i < roster->n_members; i++) {
        char name[NRS_KEY_NAME_SIZE];

        nrs_key_name(name, roster->members[i]->sign_key.data);
        if (nrs_folder_has(cli, "changes", name, ".restored")) {
            return roster->members[i];
        }
    }
    return NULL;
}

/* The mark lists the communities of which that is over, a line each. */
static nrs_error read_mark(nrs_cli *cli, nrs_bytes *lines_out, const Nrs__Wire__Member *own)
{
    char name[NRS_KEY_NAME_SIZE];

    nrs_key_name(name, own->sign_key.data);
    return nrs_folder_read(cli, lines_out, "changes", name, ".restored", NRS_ERROR_NOT_FOUND);
}

static nrs_error line_of(char line_out[NRS_NAME_SIZE_MAX + 3], const char *slug)
{
    const int size = snprintf(line_out, NRS_NAME_SIZE_MAX + 3, "\n%s\n", slug);

    return size > 0 && (size_t)size < NRS_NAME_SIZE_MAX + 3 ? NRS_OK : NRS_ERROR_BAD_NAME;
}

static bool lists(const nrs_bytes *lines, const char *line)
{
    const size_t size = strlen(line);

    for (size_t i = 0; i + size <= lines->size; i++) {
        if (memcmp(lines->data + i, line, size) == 0) {
            return true;
        }
    }
    return false;
}

static nrs_error is_over(nrs_cli *cli, bool *over_out, const nrs_roster *roster, const Nrs__Wire__Member *own)
{
    char line[NRS_NAME_SIZE_MAX + 3];
    nrs_bytes lines = {0};
    nrs_error error = line_of(line, roster->id);

    if (error == NRS_OK) {
        error = read_mark(cli, &lines, own);
    }
    *over_out = error == NRS_OK && lists(&lines, line);
    nrs_bytes_wipe(&lines);
    return error;
}

nrs_error nrs_restored_over(nrs_cli *cli, const nrs_roster *roster)
{
    const Nrs__Wire__Member *own = find_restored(cli, roster);
    char line[NRS_NAME_SIZE_MAX + 3], name[NRS_KEY_NAME_SIZE];
    nrs_bytes lines = {0};
    nrs_error error = own == NULL ? NRS_OK : line_of(line, roster->id);

    if (own == NULL || error != NRS_OK) {
        return error;
    }
    error = read_mark(cli, &lines, own);
    if (error == NRS_OK && !lists(&lines, line)) {
        nrs_key_name(name, own->sign_key.data);
        error = nrs_bytes_append(&lines, nrs_slice_of_string(line));
        error = error == NRS_OK ? nrs_folder_write(cli, "changes", name, ".restored", nrs_slice_of_bytes(&lines)) : error;
    }
    nrs_bytes_wipe(&lines);
    return error;
}

void nrs_restored_settle(nrs_cli *cli, const nrs_roster *roster)
{
    if (nrs_restored_over(cli, roster) != NRS_OK) {
        nrs_cli_forget_failure(cli); /* it is asked once more */
    }
}

/* By whom the running node has heard of the community's roster: a member that it is linked to holds the same, by no word of this node, and none a
 * later. It is named: whoever was itself away since before the backup knows of nothing newer. */
static nrs_error has_heard(nrs_cli *cli, bool *heard_out, const nrs_roster *roster)
{
    json_t *one = NULL;
    nrs_error error = nrs_control_community(cli, &one, roster->id);

    *heard_out = error == NRS_OK && json_is_true(json_object_get(one, "compared"));
    if (*heard_out) {
        const json_t *orgs = json_object_get(one, "compared_with");
        char *names = nrs_text_joined(orgs);

        nrs_cli_note(cli, _("@%s: version %llu is the newest that these know of: %s. Who was itself away since the backup was made knows of no later one: where that may be so of all of them, ask others as well"),
                     roster->id, (unsigned long long)json_integer_value(json_object_get(one, "roster_version")), names == NULL ? "?" : names);
        free(names);
    }
    json_decref(one);
    return error;
}

nrs_error nrs_restored_check(nrs_cli *cli, const nrs_roster *roster)
{
    const Nrs__Wire__Member *own = find_restored(cli, roster);
    const char *hint = _("start the node and let it reach a member first, or join by an invite that a member makes: noroshi community invite, noroshi join. Where nobody is there and the roster was surely not changed since the backup: --nothing-newer");
    char name[NRS_KEY_NAME_SIZE];
    bool over = false;
    nrs_error error = NRS_OK;

    if (own == NULL || roster->n_members < 2) {
        return NRS_OK;
    }
    error = is_over(cli, &over, roster, own);
    if (error == NRS_OK && !over && nrs_cli_option(cli, "nothing-newer") == NULL) {
        error = has_heard(cli, &over, roster);
    } else {
        over = true;
    }
    if (error != NRS_OK || over) {
        return error;
    }
    nrs_key_name(name, own->sign_key.data);
    return nrs_folder_has(cli, "changes", name, ".succession")
               ? nrs_cli_fail(cli, NRS_ERROR_ROSTER_STALE, hint,
                              _("this node was restored from a backup of before its new keys: the roster of @%s may have followed since, and another of that version would be a fork"),
                              roster->id)
               : nrs_cli_fail(cli, NRS_ERROR_ROSTER_STALE, hint,
                              _("this node was restored from a backup: the roster of @%s may have been changed since, and another of that version would be a fork"), roster->id);
}
