#include "community/restored.h"

#include <jansson.h>
#include <string.h>

#include "control.h"
#include "folder.h"
#include "language.h"
#include "run.h"

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

/* Whether the running node has a link to another member: the two have compared what they hold. */
static nrs_error has_heard(nrs_cli *cli, bool *heard_out, const nrs_roster *roster, const Nrs__Wire__Member *own)
{
    json_t *request = NULL, *row = NULL, *link;
    size_t index;
    nrs_error error = NRS_OK;

    *heard_out = false;
    if (!nrs_control_answers(cli)) {
        return NRS_OK;
    }
    request = nrs_control_request("status");
    error = request == NULL ? NRS_ERROR_NO_MEMORY : nrs_control_row(cli, &row, request);
    json_array_foreach(json_object_get(row, "links"), index, link) {
        const char *org = json_string_value(json_object_get(link, "org")), *state = json_string_value(json_object_get(link, "state"));

        *heard_out = *heard_out || (org != NULL && state != NULL && strcmp(state, "up") == 0 && strcmp(org, own->org) != 0 &&
                                    nrs_roster_member_by_org(roster, org) != NULL);
    }
    json_decref(row);
    json_decref(request);
    return error;
}

nrs_error nrs_restored_check(nrs_cli *cli, const nrs_roster *roster)
{
    const Nrs__Wire__Member *own = find_restored(cli, roster);
    bool heard = false;
    nrs_error error = NRS_OK;

    if (own == NULL || roster->n_members < 2) {
        return NRS_OK;
    }
    error = has_heard(cli, &heard, roster, own);
    if (error != NRS_OK || heard) {
        return error;
    }
    return nrs_cli_fail(cli, NRS_ERROR_ROSTER_STALE,
                        _("start the node and let it reach a member first, or join by an invite that a member makes: noroshi community invite, noroshi join"),
                        _("this node was restored from a backup of before its new keys: the roster of @%s may have followed since, and another of that version would be a fork"),
                        roster->id);
}
