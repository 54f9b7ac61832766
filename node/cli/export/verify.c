/* noroshi verify: an exported report, offline: who wrote it, under which label, and whether it is as it was signed. */
#include <stdlib.h>
#include <string.h>

#include "export/export_row.h"
#include "export/signer.h"
#include "folder.h"
#include "keys/hash.h"
#include "language.h"
#include "proto/armour.h"
#include "proto/assert.h"
#include "proto/label.h"
#include "proto/time.h"
#include "run.h"
#include "text.h"

static const char border[] = "-----BEGIN NOROSHI EXPORT-----";

/* A file taken apart. Owned; exported_wipe. */
typedef struct exported {
    nrs_bytes file, proof;
    size_t readable_size;  /* of a text: what stands before the proof */
    json_t *object;        /* of JSON: without the proof; NULL for a text */
    nrs_export_view view;
    nrs_signer signer;
} exported;

static void exported_wipe(exported *it)
{
    nrs_export_view_wipe(&it->view);
    json_decref(it->object);
    nrs_bytes_wipe(&it->proof);
    nrs_bytes_wipe(&it->file);
}

/* ---- Reading ---- */

/* Mail and editors end lines with CR LF. */
static void drop_returns(nrs_bytes *file)
{
    size_t kept = 0;

    for (size_t i = 0; i < file->size; i++) {
        if (file->data[i] != '\r' || i + 1 == file->size || file->data[i + 1] != '\n') {
            file->data[kept] = file->data[i];
            kept++;
        }
    }
    file->size = kept;
}

/* The last block is the proof: a text may hold what looks like one. */
static bool find_block(size_t *at_out, const nrs_bytes *file)
{
    const size_t size = sizeof border - 1;
    bool found = false;

    for (size_t i = 0; i + size <= file->size; i++) {
        if ((i == 0 || file->data[i - 1] == '\n') && memcmp(file->data + i, border, size) == 0) {
            *at_out = i;
            found = true;
        }
    }
    return found;
}

static nrs_error read_text(nrs_cli *cli, exported *it)
{
    size_t at = 0;
    nrs_error error;

    if (!find_block(&at, &it->file)) {
        return nrs_cli_fail(cli, NRS_ERROR_MALFORMED, _("the proof is a block at the end of a text, or the key proof of a JSON object"), "%s",
                            _("the file holds no proof"));
    }
    it->readable_size = at;
    error = nrs_armour_decode(&it->proof, "EXPORT", nrs_slice_of(it->file.data + at, it->file.size - at));
    return error == NRS_OK || error == NRS_ERROR_NO_MEMORY ? error : nrs_cli_fail(cli, error, NULL, "%s", _("the proof in the file is damaged or cut off"));
}

static nrs_error read_json(nrs_cli *cli, exported *it)
{
    const char *base64;
    nrs_error error;

    it->object = json_loadb((const char *)it->file.data, it->file.size, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(it->object)) {
        return nrs_cli_fail(cli, NRS_ERROR_MALFORMED, NULL, "%s", _("the file is not one whole JSON object"));
    }
    base64 = nrs_json_text(it->object, "proof");
    if (base64 == NULL) {
        return nrs_cli_fail(cli, NRS_ERROR_MALFORMED, _("the proof is a block at the end of a text, or the key proof of a JSON object"), "%s",
                            _("the file holds no proof"));
    }
    error = nrs_base64_decode(&it->proof, nrs_slice_of_string(base64));
    (void)json_object_del(it->object, "proof");
    return error == NRS_OK || error == NRS_ERROR_NO_MEMORY ? error : nrs_cli_fail(cli, error, NULL, "%s", _("the proof in the file is damaged or cut off"));
}

static nrs_error read_file(nrs_cli *cli, exported *it, const char *path)
{
    size_t at = 0;
    nrs_error error = nrs_file_read_given(cli, &it->file, path, NRS_EXPORT_FILE_SIZE_MAX);

    if (error != NRS_OK) {
        return error;
    }
    drop_returns(&it->file);
    while (at < it->file.size && memchr(" \t\n", it->file.data[at], 3) != NULL) {
        at++;
    }
    error = at < it->file.size && it->file.data[at] == '{' ? read_json(cli, it) : read_text(cli, it);
    if (error != NRS_OK) {
        return error;
    }
    error = nrs_export_verify(&it->view, nrs_slice_of_bytes(&it->proof));
    if (error == NRS_OK || error == NRS_ERROR_NO_MEMORY) {
        return error;
    }
    return nrs_cli_fail(cli, error, NULL, _("the proof does not hold: %s"), _(nrs_error_sentence(error)));
}

/* ---- The readable part ---- */

/* Which line is the first that differs; 0 when they are the same. */
static size_t differing_line(nrs_slice given, const char *wanted)
{
    const size_t size = strlen(wanted);
    size_t line = 1;

    for (size_t i = 0; i < given.size && i < size; i++) {
        if (given.data[i] != (uint8_t)wanted[i]) {
            return line;
        }
        line += wanted[i] == '\n';
    }
    return given.size == size ? 0 : line;
}

/* A text is what one of the two languages makes of the proof, and the blank line before the block. */
static nrs_error compare_text(nrs_cli *cli, const exported *it)
{
    static const char *const languages[] = {"ja", "en"};
    const nrs_slice given = nrs_slice_of(it->file.data, it->readable_size == 0 ? 0 : it->readable_size - 1);
    size_t furthest = 1;

    for (size_t i = 0; i < sizeof languages / sizeof languages[0]; i++) {
        char *text = NULL;
        size_t line = 0;
        nrs_error error = nrs_export_text(&text, &it->view, languages[i]);

        if (error != NRS_OK) {
            return error;
        }
        line = it->readable_size > 0 && it->file.data[it->readable_size - 1] == '\n' ? differing_line(given, text) : 1;
        nrs_memory_wipe(text, strlen(text));
        free(text);
        if (line == 0) {
            return NRS_OK;
        }
        furthest = line > furthest ? line : furthest;
    }
    return nrs_cli_fail(cli, NRS_ERROR_FORGED, _("the text was changed after it was exported; the proof itself holds"),
                        _("line %zu of the text is not what the proof says"), furthest);
}

static nrs_error compare_json(nrs_cli *cli, const exported *it)
{
    json_t *wanted = NULL;
    const char *changed = NULL;
    const char *key = NULL;
    json_t *value = NULL;
    nrs_error error = nrs_export_object(&wanted, &it->view);

    if (error != NRS_OK) {
        return error;
    }
    json_object_foreach(wanted, key, value) {
        changed = changed == NULL && !json_equal(value, json_object_get(it->object, key)) ? key : changed;
    }
    json_object_foreach(it->object, key, value) {
        changed = changed == NULL && json_object_get(wanted, key) == NULL ? key : changed;
    }
    if (changed != NULL) {
        error = nrs_cli_fail(cli, NRS_ERROR_FORGED, _("the text was changed after it was exported; the proof itself holds"),
                             _("the key %s is not what the proof says"), changed);
    }
    json_decref(wanted);
    return error;
}

/* ---- Who ---- */

static nrs_error check_signer(nrs_cli *cli, const exported *it)
{
    char fingerprint[48];

    nrs_fingerprint(fingerprint, it->view.signer);
    if (it->signer.revoked) {
        return nrs_cli_fail(cli, NRS_ERROR_UNKNOWN_SIGNER, _("ask the organisation itself whether it wrote this"),
                            _("the key that signed it was revoked: %s"), fingerprint);
    }
    if (it->signer.known_by == NULL) {
        return nrs_cli_fail(cli, NRS_ERROR_UNKNOWN_SIGNER, _("give --card, --roster or --invite of who is said to have signed it, or compare the fingerprint by telephone"),
                            _("unchanged since it was signed, by a key that is not known here: %s"), fingerprint);
    }
    if (strcmp(it->signer.org, it->view.signer_org) != 0) {
        return nrs_cli_fail(cli, NRS_ERROR_FORGED, NULL, _("the file names %s, and the key that signed it is that of %s"), it->view.signer_org, it->signer.org);
    }
    if (it->signer.community_known && strcmp(it->signer.community, it->view.community) != 0) {
        return nrs_cli_fail(cli, NRS_ERROR_FORGED, NULL, _("the file names the community %s, and the report was sent in %s"), it->view.community, it->signer.community);
    }
    if (!it->signer.community_known && it->signer.community_other) {
        return nrs_cli_fail(cli, NRS_ERROR_FORGED, NULL, _("the file names the community %s, and the report was sent in another one of that name"), it->view.community);
    }
    return NRS_OK;
}

/* A release is the originator's, or of who came after it: the same organisation, by the roster of the report's community. Who bears its name
 * elsewhere is another, and a card speaks of one key. */
static nrs_error check_release_signer(nrs_cli *cli, const exported *it)
{
    nrs_export_view later = it->view; /* borrows all of it */
    nrs_signer signer = {0};
    char fingerprint[48];
    nrs_error error;

    if (it->view.release == NULL || memcmp(it->view.release_signer, it->view.signer, NRS_KEY_SIZE) == 0) {
        return NRS_OK;
    }
    later.signer = it->view.release_signer;
    error = nrs_signer_find(cli, &signer, &later);
    if (error != NRS_OK) {
        return error;
    }
    nrs_fingerprint(fingerprint, it->view.release_signer);
    if (signer.revoked) {
        return nrs_cli_fail(cli, NRS_ERROR_UNKNOWN_SIGNER, _("ask the organisation itself whether it wrote this"),
                            _("the key that signed its release was revoked: %s"), fingerprint);
    }
    if (signer.known_by == NULL) {
        return nrs_cli_fail(cli, NRS_ERROR_UNKNOWN_SIGNER, _("give --card, --roster or --invite of who is said to have signed it, or compare the fingerprint by telephone"),
                            _("its release is signed by a key that is not known here: %s"), fingerprint);
    }
    if (it->signer.home_org[0] == '\0') {
        return nrs_cli_fail(cli, NRS_ERROR_UNKNOWN_SIGNER, _("give --roster or --invite of the community that the report was sent in"),
                            _("its release is signed by another key than the report; no roster at hand says that they are of one organisation: %s"), fingerprint);
    }
    if (!it->signer.home_former || strcmp(signer.home_org, it->signer.home_org) != 0) {
        return nrs_cli_fail(cli, NRS_ERROR_FORGED, NULL, _("the report is of %s, and its release is signed by another: %s, %s"), it->signer.org, signer.org, fingerprint);
    }
    return NRS_OK;
}

/* ---- The answer ---- */

/* An organisation attests also what a release has put under other terms than the originator signed: then nobody is withheld. */
static bool source_withheld(const exported *it)
{
    const Nrs__Wire__Conditions *conditions = it->view.terms.conditions;

    return it->view.attestation != NULL && conditions != NULL && (conditions->flags & NRS_CONDITION_SOURCE_NOT_NAMED) != 0;
}

static json_t *vouched_of(const exported *it)
{
    char since[32];

    if (it->view.report->vouch == NULL) {
        return json_null();
    }
    nrs_time_format(since, it->view.report->vouch->since_ms);
    return json_pack("{s:I, s:s}", "count", (json_int_t)it->view.report->vouch->count, "since", since);
}

static json_t *released_of(const exported *it)
{
    char at[32], until[32], holder[48];

    if (it->view.release == NULL) {
        return json_null();
    }
    nrs_time_format(at, it->view.release->created_ms);
    nrs_time_format(until, it->view.release->expires_ms);
    nrs_fingerprint(holder, it->view.release->holder.data);
    return json_pack("{s:s, s:s, s:s, s:s}", "at", at, "until", until, "label_before", nrs_label_name((nrs_label)it->view.header->label), "holder", holder);
}

static json_t *answer_row(const exported *it)
{
    char fingerprint[48], id[2 * NRS_HASH_SIZE + 1], created[32], expires[32];
    json_t *row;

    nrs_fingerprint(fingerprint, it->view.signer);
    nrs_hex_encode(id, it->view.id, NRS_HASH_SIZE);
    nrs_time_format(created, it->view.terms.created_ms);
    nrs_time_format(expires, it->view.terms.expires_ms);
    row = json_pack("{s:b, s:s, s:s, s:s, s:s?, s:s, s:s, s:b, s:s?, s:b, s:s, s:s}", "verified", 1, "id", id, "label",
                    nrs_label_name((nrs_label)it->view.terms.label), "org", it->signer.org, "name", it->signer.name[0] == '\0' ? NULL : it->signer.name,
                    "fingerprint", fingerprint, "known_by", it->signer.known_by, "former_key", it->signer.former ? 1 : 0, "community",
                    it->view.community[0] == '\0' ? NULL : it->view.community, "community_verified", it->signer.community_known ? 1 : 0, "created_at", created,
                    "expires_at", expires);
    (void)json_object_set_new(row, "known_in", it->signer.known_in[0] == '\0' ? json_null() : json_string(it->signer.known_in));
    (void)json_object_set_new(row, "signed_by", json_string(it->view.attestation == NULL ? "originator" : "exporter"));
    (void)json_object_set_new(row, "source_withheld", json_boolean(source_withheld(it) || it->view.report->vouch != NULL));
    (void)json_object_set_new(row, "vouched", vouched_of(it));
    (void)json_object_set_new(row, "released", released_of(it));
    return row;
}

/* Who stands for what is below; the name follows. */
static void print_standing(const exported *it)
{
    if (it->view.attestation == NULL && it->view.report->vouch != NULL) {
        puts(_("Verified: unchanged since the hub that vouches for it signed it."));
        fputs(_("Vouched for by: "), stdout);
    } else if (it->view.attestation == NULL) {
        puts(_("Verified: unchanged since its originator signed it."));
        fputs(_("Originator: "), stdout);
    } else if (!source_withheld(it)) {
        puts(_("Attested: the report goes under other terms than its originator signed, by its release; the organisation that exported it stands for text and terms."));
        fputs(_("Attested by: "), stdout);
    } else {
        puts(_("Attested: the source is withheld at its wish; the organisation that exported it stands for the text."));
        fputs(_("Attested by: "), stdout);
    }
}

static void print_vouched(const exported *it)
{
    char since[64];

    if (it->view.report->vouch != NULL) {
        nrs_text_time(since, it->view.report->vouch->since_ms);
        printf(_("The source is withheld; a hub vouches for the report (number %lld since %s)\n"), (long long)it->view.report->vouch->count, since);
    }
}

/* On whose word it is had under other terms than it was sent, or by others. */
static void print_release(const exported *it)
{
    char from[64], until[64], holder[48];

    if (it->view.release == NULL) {
        return;
    }
    nrs_text_time(from, it->view.release->created_ms);
    nrs_text_time(until, it->view.release->expires_ms);
    nrs_fingerprint(holder, it->view.release->holder.data);
    printf(_("Released by the originator on %s, until %s; sent as TLP:%s\n"), from, until, nrs_label_name((nrs_label)it->view.header->label));
    printf(_("Passed on by the holder of the release: %s\n"), holder);
}

static void print_answer(const exported *it)
{
    char fingerprint[48], created[64];
    const char *name = it->signer.name[0] == '\0' ? it->signer.org : it->signer.name;

    nrs_fingerprint(fingerprint, it->view.signer);
    nrs_text_time(created, it->view.terms.created_ms);
    print_standing(it);
    nrs_text_print(stdout, name, NRS_TEXT_LINE);
    printf(" (%s)  %s%s\n", it->signer.org, fingerprint, it->signer.former ? _("  (a former key)") : "");
    if (it->signer.known_in[0] != '\0') {
        printf(_("Its key is in the roster of @%s\n"), it->signer.known_in);
    }
    printf("TLP:%s\n", nrs_label_name((nrs_label)it->view.terms.label));
    print_vouched(it);
    print_release(it);
    printf(_("Created: %s\n"), created);
    if (it->view.community[0] != '\0') {
        printf(it->signer.community_known ? _("Community: @%s\n") : _("Community: @%s (as the file says; its roster is not at hand)\n"), it->view.community);
    }
}

nrs_error nrs_run_verify(nrs_cli *cli)
{
    exported it = {0};
    nrs_error error = read_file(cli, &it, cli->arguments[0]);

    if (error == NRS_OK) {
        error = it.object != NULL ? compare_json(cli, &it) : compare_text(cli, &it);
    }
    if (error == NRS_OK) {
        error = nrs_signer_find(cli, &it.signer, &it.view);
    }
    if (error == NRS_OK) {
        error = check_signer(cli, &it);
    }
    if (error == NRS_OK) {
        error = check_release_signer(cli, &it);
    }
    if (error == NRS_OK && cli->json) {
        json_t *row = answer_row(&it);

        nrs_text_print_json(stdout, row);
        json_decref(row);
    } else if (error == NRS_OK) {
        print_answer(&it);
    }
    exported_wipe(&it);
    return error;
}
