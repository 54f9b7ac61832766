/* noroshi community sign, combine and apply: a roster's way from a draft to force, over files. sign and combine need neither
 * a network nor a node. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "community/ceremony_log.h"
#include "community/change.h"
#include "community/invite.h"
#include "community/restored.h"
#include "control.h"
#include "folder.h"
#include "key/keyring.h"
#include "language.h"
#include "key/passphrase.h"
#include "proto/armour.h"
#include "run.h"
#include "text.h"

/* ---- sign ---- */

static nrs_error load_key_file(nrs_cli *cli, nrs_identity **key_out, const char *path)
{
    nrs_bytes text = {0};
    nrs_bytes file = {0};
    nrs_bytes passphrase = {0};
    nrs_error error = nrs_file_read_given(cli, &text, path, NRS_FILE_SIZE_MAX);

    if (error == NRS_OK) {
        error = nrs_armour_decode(&file, "KEY", nrs_slice_of_bytes(&text));
        error = error == NRS_OK ? NRS_OK : nrs_cli_fail(cli, NRS_ERROR_DAMAGED, NULL, _("%s: not a whole key file"), path);
    }
    if (error == NRS_OK && cli->passphrase_file != NULL) {
        error = nrs_passphrase_read(cli, &passphrase, cli->passphrase_file);
    } else if (error == NRS_OK && nrs_identity_file_locked(nrs_slice_of_bytes(&file))) {
        error = nrs_passphrase_ask(cli, &passphrase, path);
    }
    if (error == NRS_OK) {
        error = nrs_identity_load(key_out, nrs_slice_of_bytes(&file), nrs_slice_of_bytes(&passphrase));
        error = error == NRS_ERROR_MALFORMED ? NRS_ERROR_DAMAGED : error;
        error = error == NRS_OK ? NRS_OK : nrs_cli_fail_about(cli, error, path);
    }
    nrs_bytes_wipe(&passphrase);
    nrs_bytes_wipe(&file);
    nrs_bytes_wipe(&text);
    return error;
}

static nrs_error sign(nrs_cli *cli, nrs_bytes *draft_out, uint8_t key_out[NRS_KEY_SIZE], const nrs_proposal *proposal, const char *key_path)
{
    nrs_identity *key = NULL;
    nrs_error error = load_key_file(cli, &key, key_path);

    if (error == NRS_OK) {
        memcpy(key_out, nrs_identity_public(key)->sign_key, NRS_KEY_SIZE);
        error = nrs_proposal_sign(draft_out, proposal, key);
        if (error == NRS_ERROR_NOT_MEMBER) {
            error = nrs_cli_fail(cli, error, _("the keys that may sign are those of the roster before and of this one"),
                                 _("%s: not a roster key of @%s"), key_path, proposal->next->id);
        }
    }
    nrs_identity_destroy(&key);
    return error;
}

/* What a rule or check refuses is logged, as at a node (SPEC 13); a log that cannot be written does not hide why. */
static nrs_error refused(nrs_cli *cli, nrs_ceremony *ceremony, nrs_error error)
{
    int code = nrs_error_exit_code(error);

    if (code == 3 || code == 5) {
        ceremony->rule = error;
        nrs_ceremony_log_refused(cli, ceremony);
    }
    return error;
}

/* The signature leaves this process only when the log has it. */
static nrs_error sign_file(nrs_cli *cli, nrs_proposal *proposal, nrs_ceremony *ceremony, const char *key_path)
{
    const char *output = nrs_cli_option(cli, "output");
    uint8_t key[NRS_KEY_SIZE] = {0};
    nrs_proposal after = {0};
    nrs_proposal_file file = {0};
    nrs_bytes draft = {0};
    nrs_error error = sign(cli, &draft, key, proposal, key_path);

    ceremony->key = key;
    if (error == NRS_OK) {
        error = nrs_ceremony_begin(cli, key_path);
    }
    if (error == NRS_OK) {
        error = nrs_ceremony_check_once(cli, ceremony);
    }
    if (error != NRS_OK) {
        ceremony->key = nrs_slice_equal(nrs_slice_of(key, sizeof key), nrs_slice_of((const uint8_t[NRS_KEY_SIZE]){0}, sizeof key)) ? NULL : key;
        error = refused(cli, ceremony, error);
        goto out;
    }
    error = nrs_proposal_read(&after, nrs_slice_of_bytes(&draft));
    if (error == NRS_OK) {
        error = nrs_proposal_file_open(cli, &file, output != NULL ? output : ceremony->file, nrs_slice_of_bytes(&draft));
    }
    if (error == NRS_OK) {
        error = nrs_ceremony_log(cli, ceremony);
    }
    if (error == NRS_OK) {
        error = nrs_proposal_file_fill(cli, &file);
        if (error != NRS_OK && !file.given.left) {
            nrs_ceremony_take_back(cli, ceremony);
        }
    }
    if (error == NRS_OK) {
        error = nrs_proposal_print(cli, &after, "signed");
    }
out:
    ceremony->key = NULL;
    nrs_proposal_file_wipe(&file);
    nrs_proposal_wipe(&after);
    nrs_bytes_wipe(&draft);
    return error;
}

/* Whether the key could sign it, and what it would put in force. */
static nrs_error try_sign(nrs_cli *cli, nrs_proposal *proposal, nrs_ceremony *ceremony, const char *key_path)
{
    uint8_t key[NRS_KEY_SIZE];
    nrs_bytes draft = {0};
    nrs_error error = key_path == NULL ? NRS_OK : sign(cli, &draft, key, proposal, key_path);

    if (error == NRS_OK && key_path != NULL) {
        ceremony->key = key;
        error = nrs_ceremony_check_once(cli, ceremony);
        ceremony->key = NULL;
    }
    if (error == NRS_OK) {
        error = nrs_proposal_print(cli, proposal, "dry-run");
    }
    nrs_bytes_wipe(&draft);
    return error;
}

nrs_error nrs_run_community_sign(nrs_cli *cli)
{
    const char *key_path = nrs_cli_option(cli, "key");
    bool dry = nrs_cli_option(cli, "dry-run") != NULL;
    nrs_proposal proposal = {0};
    nrs_ceremony ceremony = {.what = "sign", .file = cli->arguments[0], .beside = key_path};
    nrs_error error = NRS_OK;

    if (key_path == NULL && !dry) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, _("to see what it changes first: --dry-run"), "%s", _("community sign needs --key"));
    }
    error = nrs_ceremony_check_log(cli);
    if (error == NRS_OK) {
        error = nrs_keyring_start(cli);
    }
    if (error == NRS_OK) {
        error = nrs_proposal_read_file(cli, &proposal, ceremony.file);
        error = error == NRS_OK || dry ? error : refused(cli, &ceremony, error);
    }
    ceremony.proposal = &proposal;
    if (error == NRS_OK && key_path != NULL) {
        error = nrs_held_check_key_changes(cli, proposal.before, proposal.next, proposal.draft->n_chain);
    }
    if (error == NRS_OK) {
        error = dry ? try_sign(cli, &proposal, &ceremony, key_path) : sign_file(cli, &proposal, &ceremony, key_path);
    }
    nrs_proposal_wipe(&proposal);
    return error;
}

/* ---- combine ---- */

nrs_error nrs_run_community_combine(nrs_cli *cli)
{
    const char *output = nrs_cli_option(cli, "output");
    nrs_proposal proposal = {0};
    nrs_bytes draft = {0};
    nrs_ceremony ceremony = {.what = "combine", .file = cli->arguments[0], .beside = output};
    nrs_error error = NRS_OK;

    if (output == NULL) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("community combine needs --output"));
    }
    error = nrs_ceremony_check_log(cli);
    if (error == NRS_OK) {
        error = nrs_keyring_start(cli);
    }
    if (error == NRS_OK) {
        error = nrs_proposal_read_file(cli, &proposal, cli->arguments[0]);
    }
    for (size_t i = 1; error == NRS_OK && i < cli->argument_count; i++) {
        nrs_proposal other = {0};

        ceremony.file = cli->arguments[i];
        error = nrs_proposal_read_file(cli, &other, cli->arguments[i]);
        if (error == NRS_OK) {
            error = nrs_proposal_merge(&draft, &proposal, &other);
            if (error == NRS_ERROR_FORGED) {
                error = nrs_cli_fail(cli, error, NULL, _("%s: the draft of another roster than %s"), cli->arguments[i], cli->arguments[0]);
            }
        }
        nrs_proposal_wipe(&other);
        if (error == NRS_OK) {
            nrs_proposal_wipe(&proposal);
            error = nrs_proposal_read(&proposal, nrs_slice_of_bytes(&draft));
        }
    }
    if (error != NRS_OK) {
        error = refused(cli, &ceremony, error);
    }
    if (error == NRS_OK) {
        error = nrs_proposal_write_file(cli, output, nrs_slice_of_bytes(&draft));
    }
    if (error == NRS_OK) {
        error = nrs_proposal_print(cli, &proposal, "combined");
    }
    nrs_proposal_wipe(&proposal);
    nrs_bytes_wipe(&draft);
    return error;
}

/* ---- apply ---- */

static nrs_error check_signed(nrs_cli *cli, const nrs_proposal *proposal)
{
    const nrs_roster_signed_by *by = &proposal->signed_by;

    if (nrs_proposal_complete(proposal)) {
        return NRS_OK;
    }
    return nrs_cli_fail(cli, NRS_ERROR_FORGED, _("have it signed with noroshi community sign by more holders of roster keys"),
                        _("too few signatures: %zu of %zu of the roster keys in force, %zu of %zu of the new ones"), by->before_count,
                        by->before_threshold, by->own_count, by->own_threshold);
}

/* Signed in full, and no longer, or not, what can be put in force: whoever has the file can freeze the community with it (SPEC 7.12). */
static const char *hint_of_rival(const nrs_cli *cli)
{
    return nrs_cli_option(cli, "prove-fork") != NULL
               ? _("it is shown to the node, which keeps and tells the proof where there is a fork: noroshi community forks")
               : _("nothing was changed here; unless it is the very one that is or was in force, this file, signed in full, proves a fork to whoever has it, and freezes the community: destroy every copy of it, and make the change anew on the roster that is in force (--prove-fork: let everybody know of it)");
}

/* Against what is held here. Out: known_out: it is in force already. */
static nrs_error check_held(nrs_cli *cli, bool *known_out, const nrs_held *held, const nrs_proposal *proposal)
{
    const char *slug = proposal->next->id;
    const uint64_t version = proposal->next->version;
    uint8_t head[NRS_HASH_SIZE];

    *known_out = false;
    if (held->roster == NULL) {
        return version == 1 ? nrs_roster_names_us(cli, proposal->next, _("a community begins at the node whose draft it is"))
                            : nrs_cli_fail(cli, NRS_ERROR_NOT_MEMBER, _("a community is joined by its invite: noroshi join"),
                                           _("this node holds no community @%s"), slug);
    }
    if (memcmp(held->community, proposal->community, NRS_HASH_SIZE) != 0) {
        return nrs_cli_fail(cli, NRS_ERROR_FORGED, _("compare the fingerprints: noroshi community fingerprint"),
                            _("the draft is of another community than the @%s held here"), slug);
    }
    nrs_roster_hash(head, nrs_slice_of_bytes(&held->statement));
    if (version == held->roster->version && memcmp(head, proposal->hash, NRS_HASH_SIZE) == 0) {
        *known_out = true;
        return NRS_OK;
    }
    if (version == held->roster->version) {
        return nrs_cli_fail(cli, NRS_ERROR_FORKED, hint_of_rival(cli), _("@%s: a different version %llu is held here"), slug, (unsigned long long)version);
    }
    if (version < held->roster->version) {
        return nrs_cli_fail(cli, NRS_ERROR_ROSTER_OLD, hint_of_rival(cli),
                            _("@%s: version %llu is in force here, the draft is of version %llu"), slug,
                            (unsigned long long)held->roster->version, (unsigned long long)version);
    }
    if (version > held->roster->version + 1) {
        return nrs_cli_fail(cli, NRS_ERROR_ROSTER_GAP, _("apply the versions between first"),
                            _("@%s: version %llu is in force here, the draft is of version %llu"), slug,
                            (unsigned long long)held->roster->version, (unsigned long long)version);
    }
    return NRS_OK;
}

static nrs_error verify_and_install(nrs_cli *cli, const nrs_held *held, const nrs_proposal *proposal)
{
    nrs_bytes many = {0};
    nrs_bytes statement = {0};
    nrs_roster *checked = NULL;
    bool left = false;
    nrs_error error = nrs_proposal_finish(&many, proposal);

    if (error == NRS_OK) {
        error = nrs_roster_verify(&checked, &statement, nrs_slice_of_bytes(&many), held->roster, nrs_slice_of_bytes(&held->statement));
    }
    if (error != NRS_OK) {
        error = nrs_cli_fail_about(cli, error, proposal->next->id);
    }
    if (error == NRS_OK) {
        error = nrs_change_install(cli, &left, held, checked, nrs_slice_of_bytes(&many), proposal->draft);
    }
    nrs_roster_free(&checked);
    nrs_bytes_wipe(&statement);
    nrs_bytes_wipe(&many);
    return error;
}

/* Signed in full, and another roster of a version that is held here: it proves a fork, which the node keeps and tells of (SPEC 7.12). A draft
 * that was merely overtaken would freeze the community by a slip: only where a person wants that. */
static void show_rival(nrs_cli *cli, const nrs_proposal *proposal, bool older)
{
    nrs_bytes many = {0};

    if (nrs_cli_option(cli, "prove-fork") == NULL || nrs_cli_option(cli, "dry-run") != NULL) {
        return;
    }
    if (older && !nrs_control_answers(cli)) { /* the node knows the older ones */
        nrs_cli_note(cli, "%s", _("the node could not be shown it"));
    } else if (nrs_proposal_finish(&many, proposal) == NRS_OK) {
        nrs_inbox_show_rival(cli, proposal->next->id, nrs_slice_of_bytes(&many));
    }
    nrs_bytes_wipe(&many);
}

static nrs_error apply(nrs_cli *cli, nrs_proposal *proposal, const char *path)
{
    nrs_held held = {0};
    bool known = false;
    nrs_error error = nrs_proposal_read_file(cli, proposal, path);

    if (error == NRS_OK) {
        error = check_signed(cli, proposal);
    }
    if (error == NRS_OK && nrs_folder_has(cli, "communities", proposal->next->id, ".first")) {
        error = nrs_held_read(cli, &held, proposal->next->id);
    }
    if (error == NRS_OK) {
        error = check_held(cli, &known, &held, proposal);
        if (error == NRS_ERROR_FORKED || error == NRS_ERROR_ROSTER_OLD) {
            show_rival(cli, proposal, error == NRS_ERROR_ROSTER_OLD);
        } else if (error == NRS_OK && nrs_cli_option(cli, "prove-fork") != NULL) {
            error = nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, _("@%s: this draft proves no fork: version %llu is in force here"), proposal->next->id,
                                 (unsigned long long)(held.roster == NULL ? 0 : held.roster->version));
        }
    }
    if (error == NRS_OK && !known) {
        error = nrs_held_check_key_changes(cli, held.roster, proposal->next, held.chain == NULL ? 0 : held.chain->n_chain);
    }
    if (error == NRS_OK && !known && held.roster != NULL) { /* by the one that is to come: what has followed this node's new keys is what it waits for */
        error = nrs_restored_check(cli, proposal->next);
    }
    if (error == NRS_OK && !known) {
        error = nrs_change_check_fork(cli, proposal->next);
    }
    if (error == NRS_OK && !known && nrs_cli_option(cli, "dry-run") == NULL) {
        error = verify_and_install(cli, &held, proposal);
        if (error == NRS_OK) {
            nrs_restored_settle(cli, proposal->next);
        }
    }
    if (error == NRS_OK) {
        error = nrs_proposal_print(cli, proposal, known ? "in-force-already" : nrs_cli_option(cli, "dry-run") != NULL ? "dry-run" : "in-force");
    }
    nrs_held_wipe(&held);
    return error;
}

nrs_error nrs_run_community_apply(nrs_cli *cli)
{
    nrs_proposal proposal = {0};
    nrs_node_settings settings;
    nrs_error error = nrs_folder_settings(cli, &settings);

    if (error == NRS_OK) {
        error = nrs_keyring_start(cli);
    }
    if (error != NRS_OK) {
        return error;
    }
    error = apply(cli, &proposal, cli->arguments[0]);
    if (error == NRS_OK && !cli->json && nrs_cli_option(cli, "dry-run") == NULL) {
        printf(_("@%s is now at version %llu.\n"), proposal.next->id, (unsigned long long)proposal.next->version);
        if (proposal.next->n_forks > 0) {
            nrs_heal_print_invite(proposal.next->id);
        }
    }
    nrs_proposal_wipe(&proposal);
    return error;
}
