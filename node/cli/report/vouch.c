/* noroshi vouch: at a hub, publish what a source sent that is not to be named. */
#include <stdlib.h>

#include "community/draft.h"
#include "control.h"
#include "key/keyring.h"
#include "language.h"
#include "red/red.h"
#include "run.h"
#include "text.h"

static nrs_error make_request(nrs_cli *cli, json_t **request_out, const nrs_draft *draft)
{
    json_t *request = NULL;
    const char *part = nrs_cli_option(cli, "part");
    nrs_error error = nrs_draft_request(&request, cli, draft, "vouch", true);

    if (error == NRS_OK && nrs_cli_option(cli, "form") == NULL) { /* the texts are the source's */
        (void)json_object_del(request, "fields");
        (void)json_object_del(request, "body");
    }
    if (error == NRS_OK && ((part != NULL && json_object_set_new(request, "part", json_string(part)) != 0) ||
                            (nrs_cli_option(cli, "keep-names") != NULL && json_object_set_new(request, "keep_names", json_true()) != 0))) {
        json_decref(request);
        return NRS_ERROR_NO_MEMORY;
    }
    if (error == NRS_OK) {
        *request_out = request;
    }
    return error;
}

/* What was left out of the form, and when it leaves. */
static void note(const nrs_cli *cli, const json_t *row)
{
    const json_t *dropped = json_object_get(row, "dropped");
    const json_t *name;
    size_t index;
    char at[64];

    json_array_foreach(dropped, index, name) {
        nrs_cli_note(cli, _("not published: the field %s"), json_string_value(name) == NULL ? "?" : json_string_value(name));
    }
    if (json_object_get(row, "id") != NULL) {
        nrs_text_time_of(at, nrs_json_text(row, "leaves_at"));
        nrs_cli_note(cli, _("it leaves at %s"), at);
    }
}

nrs_error nrs_run_vouch(nrs_cli *cli)
{
    nrs_draft draft = {.text_optional = true};
    json_t *request = NULL;
    json_t *row = NULL;
    nrs_error error = nrs_draft_read(cli, &draft, cli->arguments[0]);

    if (error == NRS_OK) {
        error = nrs_keyring_act(cli);
    }
    if (error == NRS_OK) {
        error = make_request(cli, &request, &draft);
    }
    if (error == NRS_OK) {
        error = nrs_control_row(cli, &row, request);
    }
    if (error == NRS_OK) {
        note(cli, row);
        error = nrs_sent_print(cli, row, draft.dry_run);
    }
    json_decref(row);
    json_decref(request);
    nrs_draft_wipe(&draft);
    return error;
}
