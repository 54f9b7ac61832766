#include "community/change.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "community/ceremony_log.h"
#include "community/restored.h"
#include "control.h"
#include "key/keyring.h"
#include "language.h"
#include "proto/armour.h"
#include "proto/assert.h"
#include "proto/vocabulary.h"
#include "text.h"

/* ---- Draft files ---- */

/* A draft that a signature or proof spoils, or what no later version may change (SPEC 7.4). */
static nrs_error fail_forged(nrs_cli *cli, const char *path, nrs_slice draft)
{
    char org[NRS_NAME_SIZE_MAX + 1];
    const char *hint = _("make the change anew on the roster that is in force, and sign no such draft");

    switch (nrs_proposal_breach(org, draft)) {
    case NRS_BREACH_NONE:
        break;
    case NRS_BREACH_ID:
        return nrs_cli_fail(cli, NRS_ERROR_FORGED, hint, _("%s: the draft changes the id of the community, which its first version gave for good"), path);
    case NRS_BREACH_REVOKED:
        return nrs_cli_fail(cli, NRS_ERROR_FORGED, hint, _("%s: the draft drops or changes the entry that says that the key of %s was revoked, which stays for good"), path, org);
    case NRS_BREACH_LEFT:
        return nrs_cli_fail(cli, NRS_ERROR_FORGED, hint, _("%s: the draft drops or changes the entry that says that %s left, which stays for 90 days"), path, org);
    }
    return nrs_cli_fail(cli, NRS_ERROR_FORGED, _("ask for the file again; a key that was removed from the roster signs no more"),
                        _("%s: a signature or proof in the draft does not hold"), path);
}

nrs_error nrs_proposal_read_file(nrs_cli *cli, nrs_proposal *proposal_out, const char *path)
{
    nrs_bytes text = {0};
    nrs_bytes bytes = {0};
    nrs_error error = nrs_file_read_given(cli, &text, path, NRS_CEREMONY_FILE_SIZE_MAX);

    if (error != NRS_OK) {
        return error;
    }
    error = nrs_armour_decode(&bytes, "DRAFT", nrs_slice_of_bytes(&text));
    if (error == NRS_OK) {
        error = nrs_proposal_read(proposal_out, nrs_slice_of_bytes(&bytes));
    }
    if (nrs_error_exit_code(error) == 8) {
        error = nrs_cli_fail(cli, NRS_ERROR_DAMAGED, _("ask for the file again"), _("%s: not a whole draft of a roster (%s)"), path,
                             _(nrs_error_sentence(error)));
    } else if (error == NRS_ERROR_FORGED) {
        error = fail_forged(cli, path, nrs_slice_of_bytes(&bytes));
    } else if (error != NRS_OK) {
        error = nrs_cli_fail_about(cli, error, path);
    }
    nrs_bytes_wipe(&bytes);
    nrs_bytes_wipe(&text);
    return error;
}

nrs_error nrs_proposal_file_open(nrs_cli *cli, nrs_proposal_file *file_out, const char *path, nrs_slice draft)
{
    nrs_error error = nrs_armour_encode(&file_out->text, "DRAFT", draft);

    if (error == NRS_OK) {
        error = nrs_file_open_given(cli, &file_out->given, path);
    }
    return error == NRS_OK ? nrs_file_reserve_given(cli, &file_out->given, strlen(file_out->text)) : error;
}

nrs_error nrs_proposal_file_fill(nrs_cli *cli, nrs_proposal_file *file)
{
    return nrs_file_fill_given(cli, &file->given, nrs_slice_of_string(file->text));
}

void nrs_proposal_file_wipe(nrs_proposal_file *file)
{
    nrs_given_file_wipe(&file->given);
    free(file->text);
    file->text = NULL;
}

nrs_error nrs_proposal_write_file(nrs_cli *cli, const char *path, nrs_slice draft)
{
    nrs_proposal_file file = {0};
    nrs_error error = nrs_proposal_file_open(cli, &file, path, draft);

    if (error == NRS_OK) {
        error = nrs_proposal_file_fill(cli, &file);
    }
    nrs_proposal_file_wipe(&file);
    return error;
}

/* ---- Making ---- */

static nrs_error no_key(nrs_cli *cli, const char *slug)
{
    return nrs_cli_fail(cli, NRS_ERROR_NOT_RUNNING_HERE,
                        _("write a draft with --draft FILE, and have it signed with noroshi community sign where the roster keys are"),
                        _("this node does not hold the roster key of %s"), slug);
}

/* A key lies here, and more are needed than that one; or it is none of those that sign. */
static nrs_error too_few(nrs_cli *cli, const nrs_proposal *proposal)
{
    const nrs_roster_signed_by *by = &proposal->signed_by;
    const bool of_before = by->before_count < by->before_threshold;
    const size_t count = of_before ? by->before_count : by->own_count, needed = of_before ? by->before_threshold : by->own_threshold;

    if (by->before_count + by->own_count == 0) {
        return no_key(cli, proposal->next->id);
    }
    return nrs_cli_fail(cli, NRS_ERROR_NOT_RUNNING_HERE,
                        _("write a draft with --draft FILE, and have it signed with noroshi community sign where the other roster keys are"),
                        _("@%s: this node holds %zu of the roster keys, and %zu must sign"), proposal->next->id, count, needed);
}

nrs_error nrs_change_allowed(nrs_cli *cli, const char *slug)
{
    if (nrs_cli_option(cli, "draft") == NULL && !nrs_folder_has(cli, "rosters", slug, ".key")) {
        return no_key(cli, slug);
    }
    return NRS_OK;
}

static nrs_error encode_draft(nrs_bytes *draft_out, const nrs_held *held, nrs_slice statement, nrs_slice card)
{
    nrs_roster_draft draft = NRS__WIRE__ROSTER_DRAFT__INIT;
    ProtobufCBinaryData cards[1] = {nrs_field_of(card)};

    if (held->roster != NULL) {
        draft.first = nrs_field_of(nrs_slice_of_bytes(&held->first));
        draft.current = nrs_field_of(nrs_slice_of_bytes(&held->current));
    }
    if (held->chain != NULL) {
        draft.chain = held->chain->chain;
        draft.n_chain = held->chain->n_chain;
    }
    draft.statement = nrs_field_of(statement);
    draft.cards = cards;
    draft.n_cards = card.size > 0 ? 1 : 0;
    return nrs_roster_draft_encode(draft_out, &draft);
}

static nrs_error begin_signing(nrs_cli *cli, const char *slug)
{
    char *key_path = nrs_folder_path(cli, "rosters", slug, ".key");
    nrs_error error = key_path == NULL ? NRS_ERROR_NO_MEMORY : nrs_ceremony_begin(cli, key_path);

    free(key_path);
    return error;
}

static bool has_signed(const uint8_t own[NRS_KEY_SIZE])
{
    const uint8_t none[NRS_KEY_SIZE] = {0};

    return memcmp(own, none, sizeof none) != 0;
}

/* With the key held here, where it is one of those that may sign. Out: own_out: the key in the folder, where it has; else zeros. */
static nrs_error sign_here(nrs_cli *cli, nrs_bytes *draft, nrs_proposal *proposal, uint8_t own_out[NRS_KEY_SIZE], const nrs_identity *given)
{
    nrs_identity *loaded = NULL;
    const nrs_identity *key = given;
    nrs_error error = NRS_OK;

    if (key == NULL && nrs_folder_has(cli, "rosters", proposal->next->id, ".key")) {
        error = nrs_keyring_load(cli, &loaded, NULL, "rosters", proposal->next->id, NRS_ERROR_UNKNOWN_COMMUNITY);
        key = loaded;
    }
    if (error == NRS_OK && key != NULL && nrs_proposal_wants(proposal, nrs_identity_public(key)->sign_key)) {
        error = nrs_proposal_sign(draft, proposal, key);
        if (error == NRS_OK) {
            nrs_proposal_wipe(proposal);
            error = nrs_proposal_read(proposal, nrs_slice_of_bytes(draft));
        }
        if (error == NRS_OK && loaded != NULL) {
            memcpy(own_out, nrs_identity_public(loaded)->sign_key, NRS_KEY_SIZE);
            error = begin_signing(cli, proposal->next->id); /* of what was read again */
        }
    }
    nrs_identity_destroy(&loaded);
    return error;
}

nrs_error nrs_change_install(nrs_cli *cli, bool *left_out, const nrs_held *held, const nrs_roster *next, nrs_slice many, const nrs_roster_draft *draft)
{
    nrs_error error = nrs_held_install(cli, left_out, held, next, many, draft->cards, draft->n_cards);

    if (error == NRS_ERROR_FORKED) {
        nrs_cli_advise(cli, nrs_heal_hint());
    }
    return error;
}

/* Verified as every member will: what this node would refuse never leaves it. Out: left_out: set unless nobody can have it. */
static nrs_error install(nrs_cli *cli, bool *left_out, const nrs_held *held, const nrs_proposal *proposal)
{
    nrs_bytes many = {0};
    nrs_error error = nrs_proposal_finish(&many, proposal);

    if (error == NRS_OK) {
        error = nrs_change_install(cli, left_out, held, proposal->next, nrs_slice_of_bytes(&many), proposal->draft);
    }
    nrs_bytes_wipe(&many);
    return error;
}

nrs_error nrs_change_check_fork(nrs_cli *cli, const nrs_roster *next)
{
    return next->n_forks > 0 || !nrs_held_forked(cli, next->id)
               ? NRS_OK
               : nrs_cli_fail(cli, NRS_ERROR_FORKED, nrs_heal_hint(), _("@%s is forked: the next roster that counts is one that heals it"), next->id);
}

/* The node may have taken a later roster from a member since the files were read: another of that version would be a fork. What ends a fork is
 * judged by the node itself. */
static nrs_error check_running(nrs_cli *cli, const nrs_roster *next)
{
    json_t *one = NULL;
    char hash[2 * NRS_HASH_SIZE + 1] = "";
    const char *held = NULL;
    bool other = false;
    nrs_error error = NRS_OK;

    if (next->n_forks > 0 || next->previous.len != NRS_HASH_SIZE) {
        return NRS_OK;
    }
    nrs_hex_encode(hash, next->previous.data, NRS_HASH_SIZE);
    error = nrs_control_community(cli, &one, next->id);
    held = nrs_json_text(one, "hash");
    other = held != NULL && json_integer_value(json_object_get(one, "roster_version")) >= (json_int_t)next->version - 1 && strcmp(held, hash) != 0;
    json_decref(one);
    return error != NRS_OK || !other ? error
                                     : nrs_cli_fail(cli, NRS_ERROR_ROSTER_OLD, _("give the command again"),
                                                    _("the running node holds another roster of @%s by now than the one that was to be changed"), next->id);
}

/* What the key in the folder signs is kept in mind before it leaves, as where a key is alone; what was not written, or put in force, is not: into the draft's
 * file, or, where there is none, to the node. */
static nrs_error remember_and_hand_out(nrs_cli *cli, nrs_proposal_file *file, const nrs_held *held, const nrs_proposal *proposal, const uint8_t key[NRS_KEY_SIZE])
{
    char *key_path = has_signed(key) ? nrs_folder_path(cli, "rosters", proposal->next->id, ".key") : NULL;
    const nrs_ceremony ceremony = {.what = "sign", .file = nrs_cli_option(cli, "draft"), .beside = key_path, .proposal = proposal, .key = key};
    bool left = false;
    nrs_error error = key_path != NULL ? nrs_ceremony_log(cli, &ceremony) : has_signed(key) ? NRS_ERROR_NO_MEMORY : NRS_OK;

    if (error == NRS_OK) {
        error = file != NULL ? nrs_proposal_file_fill(cli, file) : install(cli, &left, held, proposal);
        left = file != NULL ? file->given.left : left;
        if (error != NRS_OK && key_path != NULL && !left) {
            nrs_ceremony_take_back(cli, &ceremony);
        }
    }
    free(key_path);
    return error;
}

static size_t chain_count(const nrs_held *held)
{
    return held->chain == NULL ? 0 : held->chain->n_chain;
}

/* In: own: zeros where no key of this folder has signed. */
static void tell_other(nrs_cli *cli, const nrs_proposal *proposal, const uint8_t own[NRS_KEY_SIZE])
{
    char *key_path = nrs_folder_path(cli, "rosters", proposal->next->id, ".key");
    const nrs_ceremony ceremony = {.what = "sign", .beside = key_path, .proposal = proposal, .key = own};

    if (key_path != NULL && has_signed(own)) {
        nrs_ceremony_note_other(cli, &ceremony);
    }
    free(key_path);
}

/* What a person has to know of a change that is about to be made, when nothing here refuses it any more. A draft says itself how often the keys were
 * changed. */
static void tell_before(nrs_cli *cli, const nrs_held *held, const nrs_proposal *proposal, const uint8_t own[NRS_KEY_SIZE])
{
    const nrs_roster *next = proposal->next;
    const size_t count = nrs_held_key_changes(held->roster, next, chain_count(held));
    char *warning = count > chain_count(held) && nrs_cli_option(cli, "draft") == NULL ? nrs_held_key_changes_warning(count) : NULL;

    if (warning != NULL) {
        nrs_cli_note(cli, "@%s: %s", next->id, warning);
    }
    free(warning);
    if (held->roster != NULL && held->roster->n_forks > 0 && next->n_forks == 0) {
        nrs_cli_note(cli, _("@%s: the roster before this one heals a fork: only an invite that is made while that one is in force brings back members of another side (noroshi community invite %s)"),
                     next->id, next->id);
    }
    tell_other(cli, proposal, own);
}

/* The draft's line stands in the log before it is written, and the file is there, with its room, before that line: what cannot be written was not
 * signed. */
static nrs_error write_draft(nrs_cli *cli, const nrs_held *held, const nrs_proposal *proposal, nrs_slice draft, const uint8_t own[NRS_KEY_SIZE])
{
    nrs_proposal_file file = {0};
    nrs_error error = nrs_proposal_file_open(cli, &file, nrs_cli_option(cli, "draft"), draft);

    if (error == NRS_OK) {
        tell_before(cli, held, proposal, own);
        error = remember_and_hand_out(cli, &file, held, proposal, own);
    }
    if (error == NRS_OK) {
        error = nrs_proposal_print(cli, proposal, "drafted");
    }
    nrs_proposal_file_wipe(&file);
    return error;
}

static nrs_error put_in_force(nrs_cli *cli, const nrs_held *held, const nrs_proposal *proposal, const uint8_t own[NRS_KEY_SIZE])
{
    if (!nrs_proposal_complete(proposal)) {
        return too_few(cli, proposal);
    }
    tell_before(cli, held, proposal, own);
    return remember_and_hand_out(cli, NULL, held, proposal, own);
}

nrs_error nrs_change_make(nrs_cli *cli, uint64_t *version_out, const nrs_held *held, const nrs_roster *next,
                          const nrs_identity *key, nrs_slice card)
{
    const bool is_draft = nrs_cli_option(cli, "draft") != NULL;
    nrs_bytes statement = {0};
    nrs_bytes draft = {0};
    nrs_proposal proposal = {0};
    nrs_joined joined = {0};
    nrs_roster roster = *next; /* its members are shared, and get the signatures in their entries */
    uint8_t own[NRS_KEY_SIZE] = {0};
    nrs_error error = nrs_inbox_person(cli);

    NRS_ASSERT(version_out != NULL && held != NULL);

    if (error == NRS_OK) {
        error = nrs_held_check_key_changes(cli, held->roster, next, chain_count(held));
    }
    if (error == NRS_OK) {
        error = nrs_change_check_fork(cli, next);
    }
    if (error == NRS_OK && held->roster != NULL) {
        error = nrs_restored_check(cli, held->roster);
    }
    if (error == NRS_OK && held->roster != NULL) {
        error = check_running(cli, next);
    }
    if (error == NRS_OK && held->roster != NULL) {
        error = nrs_joined_ask(cli, &joined, &roster);
    }
    if (error == NRS_OK) {
        error = nrs_roster_encode(&statement, &roster);
    }
    nrs_joined_wipe(&joined);
    if (error == NRS_OK) {
        error = encode_draft(&draft, held, nrs_slice_of_bytes(&statement), card);
    }
    if (error == NRS_OK) {
        error = nrs_proposal_read(&proposal, nrs_slice_of_bytes(&draft));
    }
    if (error != NRS_OK) {
        error = cli->error != NRS_OK ? error : nrs_cli_fail_about(cli, error, next->id);
        goto out;
    }
    error = sign_here(cli, &draft, &proposal, own, key);
    if (error == NRS_OK) {
        error = is_draft ? write_draft(cli, held, &proposal, nrs_slice_of_bytes(&draft), own) : put_in_force(cli, held, &proposal, own);
    }
    if (error == NRS_OK) {
        *version_out = is_draft ? 0 : next->version;
        nrs_restored_settle(cli, held->roster == NULL ? next : held->roster);
    }
    error = error == NRS_OK || cli->error != NRS_OK ? error : nrs_cli_fail_about(cli, error, next->id);
out:
    nrs_proposal_wipe(&proposal);
    nrs_bytes_wipe(&draft);
    nrs_bytes_wipe(&statement);
    return error;
}

/* ---- Changes of one part ---- */

static nrs_error change(nrs_cli *cli, const nrs_held *held, const nrs_roster *next)
{
    uint64_t version = 0;
    nrs_error error = nrs_change_allowed(cli, next->id);

    return error == NRS_OK ? nrs_change_make(cli, &version, held, next, NULL, nrs_slice_of(NULL, 0)) : error;
}

nrs_error nrs_held_change_rules(nrs_cli *cli, nrs_held *held, Nrs__Wire__Rules *rules)
{
    uint8_t previous[NRS_HASH_SIZE];
    nrs_roster next = nrs_held_successor(held, previous);

    next.rules = rules;
    return change(cli, held, &next);
}

nrs_error nrs_held_change_members(nrs_cli *cli, nrs_held *held, Nrs__Wire__Member **members)
{
    uint8_t previous[NRS_HASH_SIZE];
    nrs_roster next = nrs_held_successor(held, previous);

    next.members = members;
    return change(cli, held, &next);
}

/* ---- What changes of members share ---- */

Nrs__Wire__Member nrs_change_member_of(const nrs_card *card, uint32_t role)
{
    Nrs__Wire__Member member;

    nrs__wire__member__init(&member);
    member.org = card->org;
    member.name = card->name;
    member.sign_key = card->sign_key;
    member.agree_key = card->agree_key;
    member.curve_key = card->curve_key;
    member.proof = card->proof;
    member.role = role;
    return member;
}

void nrs_change_print(const nrs_cli *cli, const char *slug, uint64_t version, const char *org, uint32_t role, bool changed)
{
    const nrs_term *term = nrs_vocabulary_by_value(NRS_VOCABULARY_ROLE, role);

    if (cli->json) {
        json_t *row = json_pack("{s:s, s:I, s:s, s:s?, s:b}", "id", slug, "version", (json_int_t)version, "org", org, "role",
                                term == NULL ? NULL : term->code, "changed", changed ? 1 : 0);

        nrs_text_print_json(stdout, row);
        json_decref(row);
    } else if (!changed) {
        printf(_("%s is a member of @%s already; nothing was changed.\n"), org, slug);
    } else {
        printf(_("@%s is now at version %llu.\n"), slug, (unsigned long long)version);
    }
}

void nrs_change_print_rules(const nrs_cli *cli, const char *slug, const nrs_held *held, bool changed)
{
    const uint64_t version = held->roster->version + (changed ? 1 : 0);

    if (changed && nrs_cli_option(cli, "draft") != NULL) {
        return; /* the draft has been shown, and nothing is in force */
    }
    if (cli->json) {
        json_t *row = json_pack("{s:s, s:I, s:b}", "id", slug, "version", (json_int_t)version, "changed", changed ? 1 : 0);

        nrs_text_print_json(stdout, row);
        json_decref(row);
    } else if (!changed) {
        printf(_("@%s has it so already; nothing was changed.\n"), slug);
    } else {
        printf(_("@%s is now at version %llu.\n"), slug, (unsigned long long)version);
    }
}
