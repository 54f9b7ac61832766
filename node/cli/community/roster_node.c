/* noroshi community forks and heal, and who has joined: what the running node knows of a community's rosters. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "community/change.h"
#include "control.h"
#include "key/keyring.h"
#include "language.h"
#include "node_words.h"
#include "proto/armour.h"
#include "proto/assert.h"
#include "run.h"
#include "text.h"

static json_t *request_about(const char *command, const char *slug)
{
    json_t *request = nrs_control_request(command);

    if (request != NULL) {
        (void)json_object_set_new(request, "community", json_string(slug));
    }
    return request;
}

/* ---- forks ---- */

static void print_roster(const json_t *roster)
{
    const char *hash = nrs_json_text(roster, "hash");
    const json_t *signers = json_object_get(roster, "signed_by");
    bool heals = json_is_true(json_object_get(roster, "heals"));

    printf(_("version %lld, hash %s\n"), (long long)json_integer_value(json_object_get(roster, "version")), hash == NULL ? "?" : hash);
    printf("    %s %s\n", _("fingerprint of the roster:"), nrs_json_text(roster, "fingerprint"));
    if (heals) {
        printf("    %s\n", _("it heals the fork and waits: compare its fingerprint with the secretariat, then noroshi community heal --fingerprint"));
    } else if (json_is_true(json_object_get(roster, "ours"))) {
        printf("    %s\n", _("the one that this node held first"));
    } else if (json_is_true(json_object_get(roster, "past"))) {
        printf("    %s\n", _("signed by roster keys that were dropped since: it changes nothing here"));
    } else if (!json_is_true(json_object_get(roster, "held"))) {
        printf("    %s\n", _("only its signatures are known here yet"));
    }
    for (size_t i = 0; i < json_array_size(signers); i++) {
        const char *key = json_string_value(json_array_get(signers, i));

        printf("  %s %s\n", _("  signed by"), key == NULL ? "?" : key);
    }
}

static bool any_heals(const json_t *rosters)
{
    bool any = false;

    for (size_t i = 0; i < json_array_size(rosters); i++) {
        any = any || json_is_true(json_object_get(json_array_get(rosters, i), "heals"));
    }
    return any;
}

static void print_healed(const char *slug, uint64_t version, const char *fingerprint)
{
    printf(_("@%s is healed at version %llu.\n"), slug, (unsigned long long)version);
    if (fingerprint != NULL) {
        printf(_("Read this fingerprint out to the members: %s\n"), fingerprint);
    }
}

static void print_forks(const json_t *row)
{
    const json_t *rosters = json_object_get(row, "rosters");
    const json_t *members = json_object_get(row, "members");
    const json_t *healed_by = json_object_get(row, "healed_by");
    const bool forked = json_is_true(json_object_get(row, "forked"));

    if (!forked && json_is_object(healed_by)) {
        print_healed(nrs_json_text(row, "id"), (uint64_t)json_integer_value(json_object_get(healed_by, "version")), nrs_json_text(healed_by, "fingerprint"));
    } else if (!forked && json_array_size(rosters) == 0) {
        printf(_("@%s: no fork is known.\n"), nrs_json_text(row, "id"));
    }
    if (forked) {
        printf(_("@%s IS FORKED: the roster keys signed more than one roster of one version.\n"), nrs_json_text(row, "id"));
    } else if (json_array_size(rosters) > 0 && !any_heals(rosters)) {
        printf(_("@%s is not forked, but roster keys that were dropped since signed another roster of a past version: whoever has them is no friend.\n"),
               nrs_json_text(row, "id"));
    }
    for (size_t i = 0; i < json_array_size(rosters); i++) {
        print_roster(json_array_get(rosters, i));
    }
    if (!forked && !any_heals(rosters)) {
        return;
    }
    printf("%s", _("Until it is healed, members are those in whom all sides agree:"));
    for (size_t i = 0; i < json_array_size(members); i++) {
        printf(" %s", json_string_value(json_array_get(members, i)));
    }
    printf("\n");
}

/* Out: row_out: a new reference. */
static nrs_error ask_forks(nrs_cli *cli, json_t **row_out, const char *slug)
{
    json_t *request = request_about("roster-forks", slug);
    nrs_error error = request == NULL ? NRS_ERROR_NO_MEMORY : nrs_control_row(cli, row_out, request);

    json_decref(request);
    return error;
}

/* One after the other: each version of which there are two has a proof of its own. */
static nrs_error print_proofs(nrs_cli *cli, const json_t *row)
{
    const json_t *proofs = json_object_get(row, "proofs");
    nrs_error error = NRS_OK;

    if (json_array_size(proofs) == 0) {
        return nrs_cli_fail(cli, NRS_ERROR_NOT_FOUND, NULL, _("@%s: no fork is known"), nrs_json_text(row, "id"));
    }
    for (size_t i = 0; error == NRS_OK && i < json_array_size(proofs); i++) {
        const char *base64 = nrs_json_text(json_array_get(proofs, i), "proof");
        nrs_bytes proof = {0};
        char *text = NULL;

        error = nrs_base64_decode(&proof, nrs_slice_of_string(base64 == NULL ? "" : base64));
        if (error == NRS_OK) {
            error = nrs_armour_encode(&text, "FORK", nrs_slice_of_bytes(&proof));
        }
        if (error == NRS_OK) {
            fputs(text, stdout);
        }
        free(text);
        nrs_bytes_wipe(&proof);
    }
    return error;
}

nrs_error nrs_run_community_forks(nrs_cli *cli)
{
    const char *slug = NULL;
    json_t *row = NULL;
    nrs_error error = nrs_held_slug(cli, &slug, cli->arguments[0]);

    if (error == NRS_OK) {
        error = ask_forks(cli, &row, slug);
    }
    if (error == NRS_OK && nrs_cli_option(cli, "proof") != NULL) {
        error = print_proofs(cli, row);
    } else if (error == NRS_OK && cli->json) {
        nrs_text_print_json(stdout, row);
    } else if (error == NRS_OK) {
        print_forks(row);
    }
    json_decref(row);
    return error;
}

/* ---- heal ---- */

static bool is_side(const json_t *one)
{
    return !json_is_true(json_object_get(one, "heals")) && nrs_json_text(one, "hash") != NULL;
}

/* The hashes of all sides, each once; after them, as far as there is room, what dropped keys signed. */
static size_t sides(uint8_t (*hashes_out)[NRS_HASH_SIZE], const json_t *row)
{
    const json_t *rosters = json_object_get(row, "rosters");
    size_t count = 0;

    for (int past = 0; past < 2; past++) {
        for (size_t i = 0; i < json_array_size(rosters) && count < NRS_FORK_COUNT_MAX; i++) {
            const json_t *one = json_array_get(rosters, i);
            const char *hash = nrs_json_text(one, "hash");

            if (json_is_true(json_object_get(one, "past")) == (past == 1) && is_side(one) &&
                nrs_hex_decode(hashes_out[count], NRS_HASH_SIZE, hash) == NRS_OK) {
                count++;
            }
        }
    }
    return count;
}

/* A heal that was cut off has left its roster here: the node is handed that one, and no second is made for members to choose from. */
static bool made_before(const nrs_roster *held, const json_t *row)
{
    const json_t *rosters = json_object_get(row, "rosters");
    bool all = held->n_forks >= 2;

    for (size_t i = 0; all && i < json_array_size(rosters); i++) {
        const json_t *one = json_array_get(rosters, i);
        uint8_t hash[NRS_HASH_SIZE];
        bool named = json_is_true(json_object_get(one, "past")) || !is_side(one);

        if (!named && nrs_hex_decode(hash, sizeof hash, nrs_json_text(one, "hash")) == NRS_OK) {
            for (size_t k = 0; k < held->n_forks && !named; k++) {
                named = nrs_slice_equal(nrs_field(&held->forks[k]), nrs_slice_of(hash, sizeof hash));
            }
        }
        all = named;
    }
    return all;
}

static nrs_error make_healing(nrs_cli *cli, uint64_t *version_out, nrs_held *held, const json_t *row)
{
    Nrs__Wire__Member **members = calloc(held->roster->n_members + 1, sizeof(Nrs__Wire__Member *));
    uint8_t hashes[NRS_FORK_COUNT_MAX][NRS_HASH_SIZE];
    ProtobufCBinaryData forks[NRS_FORK_COUNT_MAX];
    uint8_t previous[NRS_HASH_SIZE];
    nrs_roster next = nrs_held_successor(held, previous);
    nrs_error error = members == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    next.n_forks = sides(hashes, row);
    for (size_t i = 0; i < next.n_forks; i++) {
        forks[i] = nrs_field_of(nrs_slice_of(hashes[i], NRS_HASH_SIZE));
    }
    next.forks = forks;
    next.n_members = 0;
    for (size_t i = 0; error == NRS_OK && i < held->roster->n_members; i++) {
        if (nrs_json_lists(json_object_get(row, "members"), held->roster->members[i]->org)) {
            members[next.n_members++] = held->roster->members[i];
        }
    }
    next.members = members;
    if (error == NRS_OK) {
        error = nrs_change_make(cli, version_out, held, &next, NULL, nrs_slice_of(NULL, 0));
    }
    free(members);
    return error;
}

const char *nrs_heal_hint(void)
{
    return _("see its sides with noroshi community forks; the roster that heals it is made with noroshi community heal, with --draft where the roster keys are elsewhere");
}

void nrs_heal_print_invite(const char *slug)
{
    printf(_("Make an invite now, and keep it until every member has healed: noroshi community invite %s. A member that stands on another side may need it to come back, and no invite serves for that once the roster was changed again.\n"),
           slug);
}

static void report_healed(nrs_cli *cli, const char *slug, uint64_t version, const char *fingerprint, bool changed)
{
    if (cli->json) {
        json_t *row = json_pack("{s:s, s:I, s:b, s:s?}", "id", slug, "version", (json_int_t)version, "changed", changed ? 1 : 0, "fingerprint", fingerprint);

        nrs_text_print_json(stdout, row);
        json_decref(row);
        return;
    }
    print_healed(slug, version, fingerprint);
    if (fingerprint != NULL) {
        nrs_heal_print_invite(slug);
    }
}

static void report_roster(nrs_cli *cli, const nrs_held *held, bool changed)
{
    uint8_t hash[NRS_HASH_SIZE];
    char fingerprint[48];

    nrs_roster_hash(hash, nrs_slice_of_bytes(&held->statement));
    nrs_fingerprint(fingerprint, hash);
    report_healed(cli, held->roster->id, held->roster->version, fingerprint, changed);
}

static nrs_error heal_here(nrs_cli *cli, const char *slug)
{
    nrs_held held = {0};
    nrs_held after = {0};
    json_t *row = NULL;
    uint64_t version = 0;
    bool over = false;
    nrs_error error = nrs_keyring_start(cli);

    if (error == NRS_OK) {
        error = nrs_held_read(cli, &held, slug);
    }
    if (error == NRS_OK) {
        error = ask_forks(cli, &row, slug);
    }
    over = error == NRS_OK && json_array_size(json_object_get(row, "proofs")) == 0;
    if (over && held.roster->n_forks > 0 && nrs_cli_option(cli, "draft") == NULL) { /* a draft, say, that was put in force since: what is read out is told again */
        report_roster(cli, &held, false);
        goto out;
    }
    if (over) {
        error = nrs_cli_fail(cli, NRS_ERROR_NOT_FOUND, NULL, _("@%s: no fork is known"), slug);
    }
    if (error == NRS_OK) {
        error = nrs_change_allowed(cli, slug);
    }
    if (error == NRS_OK && made_before(held.roster, row)) {
        version = held.roster->version;
        error = nrs_held_deliver_again(cli, &held, nrs_slice_of(NULL, 0));
    } else if (error == NRS_OK) {
        error = make_healing(cli, &version, &held, row);
    }
    if (error == NRS_OK && version != 0) {
        error = nrs_held_read(cli, &after, slug);
        if (error == NRS_OK) {
            report_roster(cli, &after, true);
        }
    }
out:
    json_decref(row);
    nrs_held_wipe(&after);
    nrs_held_wipe(&held);
    return error;
}

nrs_error nrs_run_community_heal(nrs_cli *cli)
{
    const char *fingerprint = nrs_cli_option(cli, "fingerprint");
    const char *slug = NULL;
    json_t *request = NULL;
    json_t *row = NULL;
    nrs_error error = nrs_held_slug(cli, &slug, cli->arguments[0]);

    if (error != NRS_OK || fingerprint == NULL) {
        return error != NRS_OK ? error : heal_here(cli, slug);
    }
    request = request_about("roster-heal", slug);
    if (request != NULL) {
        (void)json_object_set_new(request, "fingerprint", json_string(fingerprint));
        if (cli->person != NULL) {
            (void)json_object_set_new(request, "person", json_string(cli->person));
        }
    }
    error = request == NULL ? NRS_ERROR_NO_MEMORY : nrs_control_row(cli, &row, request);
    if (error == NRS_OK) {
        report_healed(cli, slug, (uint64_t)json_integer_value(json_object_get(row, "version")), NULL, true);
    }
    json_decref(row);
    json_decref(request);
    return error;
}

/* ---- joined ---- */

typedef struct joined_context {
    nrs_roster *roster;
    nrs_joined *into;
} joined_context;

static nrs_error take_joined(void *context, json_t *row)
{
    joined_context *to = context;
    const char *org = nrs_json_text(row, "org");
    const char *base64 = nrs_json_text(row, "joined");
    nrs_bytes bytes = {0};

    if (org == NULL || base64 == NULL || to->into->count == NRS_MEMBER_COUNT_MAX ||
        nrs_base64_decode(&bytes, nrs_slice_of_string(base64)) != NRS_OK) {
        return NRS_OK;
    }
    for (size_t i = 0; i < to->roster->n_members && bytes.size == NRS_SIGNATURE_SIZE; i++) {
        Nrs__Wire__Member *member = to->roster->members[i];

        /* By the key that stands in the roster to be: another one may stand there than the node's roster has. */
        if (strcmp(member->org, org) == 0 && member->joined.len == 0 &&
            nrs_sign_verify(bytes.data, member->sign_key.data, NRS_DOMAIN_MEMBER_JOINED, nrs_field(&to->roster->community)) == NRS_OK) {
            memcpy(to->into->signatures[to->into->count], bytes.data, NRS_SIGNATURE_SIZE);
            member->joined = nrs_field_of(nrs_slice_of(to->into->signatures[to->into->count], NRS_SIGNATURE_SIZE));
            to->into->count++;
        }
    }
    nrs_bytes_wipe(&bytes);
    return NRS_OK;
}

nrs_error nrs_joined_ask(nrs_cli *cli, nrs_joined *joined, nrs_roster *roster)
{
    joined_context to = {roster, joined};
    nrs_cli silent = {.dir = cli->dir, .language = cli->language};
    json_t *request = NULL;

    if (!nrs_control_answers(cli)) {
        return NRS_OK;
    }
    joined->signatures = calloc(NRS_MEMBER_COUNT_MAX, sizeof *joined->signatures);
    request = request_about("roster-joined", roster->id);
    if (joined->signatures == NULL || request == NULL) {
        json_decref(request);
        return NRS_ERROR_NO_MEMORY;
    }
    (void)!nrs_control_call(&silent, request, take_joined, &to); /* what it cannot say now is said at the next change */
    silent.dir = NULL;
    nrs_cli_wipe(&silent);
    json_decref(request);
    return NRS_OK;
}

void nrs_joined_wipe(nrs_joined *joined)
{
    free(joined->signatures);
    *joined = (nrs_joined){0};
}

static nrs_error take_word(void *context, json_t *row)
{
    nrs_member_words *words = context;
    const char *org = nrs_json_text(row, "org");
    const char *revoked = nrs_json_text(row, "revoked");
    int set = 0;

    if (revoked != NULL) {
        set = json_object_set_new(words->revoked, revoked, json_true());
    } else if (org != NULL) {
        set = json_object_set_new(words->joined, org, json_true());
    }
    return set == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
}

nrs_error nrs_member_words_ask(nrs_cli *cli, nrs_member_words *words_out, const char *slug)
{
    nrs_cli silent = {.dir = cli->dir, .language = cli->language};
    nrs_member_words words = {0};
    json_t *request = NULL;
    nrs_error error;

    NRS_ASSERT(words_out != NULL && slug != NULL);
    *words_out = (nrs_member_words){0};
    if (!nrs_control_answers(cli)) {
        return NRS_OK;
    }
    request = request_about("roster-joined", slug);
    words = (nrs_member_words){.joined = json_object(), .revoked = json_object()};
    error = request == NULL || words.joined == NULL || words.revoked == NULL ? NRS_ERROR_NO_MEMORY : nrs_control_call(&silent, request, take_word, &words);
    if (error == NRS_OK) {
        *words_out = words;
        words = (nrs_member_words){0};
    }
    silent.dir = NULL;
    nrs_cli_wipe(&silent);
    nrs_member_words_wipe(&words);
    json_decref(request);
    return error == NRS_ERROR_NO_MEMORY ? error : NRS_OK; /* what it cannot say now is not known */
}

void nrs_member_words_wipe(nrs_member_words *words)
{
    json_decref(words->joined);
    json_decref(words->revoked);
    *words = (nrs_member_words){0};
}
