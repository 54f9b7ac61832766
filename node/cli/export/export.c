/* noroshi export: a report that the rules let leave this node, with what proves it. */
#include <string.h>

#include "control.h"
#include "community/draft.h"
#include "export/export_row.h"
#include "folder.h"
#include "key/keyring.h"
#include "language.h"
#include "run.h"
#include "text.h"

/* With --json the answer is one object: the report itself, or what was written where; a text stands in it. */
static nrs_error print_written(nrs_cli *cli, const json_t *row, const char *path, nrs_slice file)
{
    json_t *out = json_pack("{s:O?, s:O?, s:s, s:s, s:s?}", "id", json_object_get(row, "id"), "label", json_object_get(row, "label"),
                            "format", nrs_cli_option(cli, "format"), "sink", nrs_cli_option(cli, "sink"), "file", path);
    nrs_error error = out == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    if (error == NRS_OK && path == NULL) {
        error = json_object_set_new(out, "text", json_stringn((const char *)file.data, file.size)) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
    }
    if (error == NRS_OK) {
        nrs_text_print_json(stdout, out);
    }
    json_decref(out);
    return error;
}

/* output: the file to fill; none for the screen. */
static nrs_error write_export(nrs_cli *cli, const json_t *row, nrs_export_format format, nrs_given_file *output, nrs_slice file)
{
    const char *path = output->name;
    const bool screen = path == NULL;
    nrs_error error = screen ? NRS_OK : nrs_file_fill_given(cli, output, file);

    if (error == NRS_OK && cli->json && !(screen && format == NRS_EXPORT_JSON)) {
        error = print_written(cli, row, screen ? NULL : path, file);
    } else if (error == NRS_OK && screen) {
        (void)fwrite(file.data, 1, file.size, stdout); /* nothing in it drives a terminal; a failure shows at the end */
    }
    return error;
}

static nrs_error check_options(nrs_cli *cli, nrs_export_format *format_out)
{
    static const char *const sinks[] = {"own", "clients", "community", "public"};
    const char *sink = nrs_cli_option(cli, "sink");
    const char *format = nrs_cli_option(cli, "format");
    bool known = false;

    for (size_t i = 0; sink != NULL && i < sizeof sinks / sizeof sinks[0]; i++) {
        known = known || strcmp(sinks[i], sink) == 0;
    }
    if (!known) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("export needs --sink own, clients, community or public"));
    }
    if (format == NULL || (strcmp(format, "text") != 0 && strcmp(format, "json") != 0)) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("export needs --format text or json"));
    }
    *format_out = strcmp(format, "json") == 0 ? NRS_EXPORT_JSON : NRS_EXPORT_TEXT;
    return NRS_OK;
}

static nrs_error ask(nrs_cli *cli, json_t **row_out)
{
    json_t *request = nrs_control_request("export");
    nrs_error error = NRS_ERROR_NO_MEMORY;

    if (request != NULL && json_object_set_new(request, "id", json_string(cli->arguments[0])) == 0 &&
        json_object_set_new(request, "sink", json_string(nrs_cli_option(cli, "sink"))) == 0 &&
        (cli->person == NULL || json_object_set_new(request, "person", json_string(cli->person)) == 0)) {
        error = nrs_control_row(cli, row_out, request);
    }
    json_decref(request);
    return error;
}

/* What is written is what the proof says, and nothing else that the node answered. */
static nrs_error make_file(nrs_cli *cli, nrs_bytes *file_out, const json_t *row, nrs_export_format format)
{
    const char *base64 = nrs_json_text(row, "proof");
    nrs_bytes proof = {0};
    nrs_export_view view = {0};
    nrs_error error = base64 == NULL ? NRS_ERROR_MALFORMED : nrs_base64_decode(&proof, nrs_slice_of_string(base64));

    if (error == NRS_OK) {
        error = nrs_export_verify(&view, nrs_slice_of_bytes(&proof));
    }
    if (error == NRS_OK) {
        error = nrs_export_file(file_out, &view, nrs_slice_of_bytes(&proof), format, cli->language);
    }
    nrs_export_view_wipe(&view);
    nrs_bytes_wipe(&proof);
    return error == NRS_OK || error == NRS_ERROR_NO_MEMORY ? error : nrs_cli_fail(cli, NRS_ERROR_NO_NODE, NULL, "%s", _("the node's answer cannot be read"));
}

nrs_error nrs_run_export(nrs_cli *cli)
{
    nrs_export_format format = NRS_EXPORT_TEXT;
    const char *path = nrs_cli_option(cli, "output");
    nrs_given_file output = {0};
    json_t *row = NULL;
    nrs_bytes file = {0};
    nrs_error error = nrs_draft_check_id(cli, cli->arguments[0]);

    if (error == NRS_OK) {
        error = check_options(cli, &format);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_act(cli);
    }
    if (error == NRS_OK && path != NULL && strcmp(path, "-") != 0) {
        error = nrs_file_open_given(cli, &output, path); /* what the node answers counts as opened, and as let out */
        if (error == NRS_OK) {
            error = nrs_file_reserve_given(cli, &output, NRS_EXPORT_FILE_SIZE_MAX);
        }
    }
    if (error == NRS_OK) {
        error = ask(cli, &row);
    }
    if (error == NRS_OK) {
        error = make_file(cli, &file, row, format);
    }
    if (error == NRS_OK) {
        error = write_export(cli, row, format, &output, nrs_slice_of_bytes(&file));
    }
    nrs_given_file_wipe(&output);
    nrs_bytes_wipe(&file);
    json_decref(row);
    return error;
}
