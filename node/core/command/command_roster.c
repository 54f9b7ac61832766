/* roster-history, roster-forks, roster-heal, roster-signer and roster-joined. */
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "prekeys/key_change.h"
#include "roster/roster.h"

#define HISTORY_COUNT_MAX 1000u
#define HISTORY_COUNT_DEFAULT 50u

static const char hint_communities[] = "noroshi status lists this node's communities.";
static const char hint_fingerprint[] = "Ask the secretariat to read the fingerprint of the healing roster out; noroshi community forks prints the one that has come.";

static nrs_error find_community(nrs_core *core, nrs_answer *answer, nrs_community **community_out, const json_t *request)
{
    const char *name = nrs_request_text(request, "community");

    *community_out = name == NULL ? NULL : nrs_community_by_name(core, name);
    return *community_out != NULL ? NRS_OK
                                  : nrs_refuse(answer, NRS_ERROR_UNKNOWN_COMMUNITY, hint_communities, "@%.40s: this node is in no such community.",
                                               name == NULL ? "" : name);
}

/* A recognised community can be forked as well, and who goes by its rosters without being in it has to heal it by hand too. A joined one of
 * that name comes first, and then one where there is something to heal. */
static nrs_error find_forked(nrs_core *core, nrs_answer *answer, nrs_community **community_out, const json_t *request)
{
    const char *name = nrs_request_text(request, "community");
    nrs_community *found = name == NULL ? NULL : nrs_community_by_name(core, name);

    for (size_t i = 0; name != NULL && found == NULL && i < core->community_count; i++) {
        nrs_community *one = &core->communities[i];

        if (strcmp(one->roster->id, name) == 0 && (one->pending_version != 0 || nrs_fork_is(one))) {
            found = one;
        }
    }
    if (found == NULL) {
        return find_community(core, answer, community_out, request);
    }
    *community_out = found;
    return NRS_OK;
}

/* ---- history ---- */

static nrs_error history_row(void *context, const nrs_roster_step_row *step)
{
    json_t *rows = context;
    char fingerprint[48];
    json_t *summary = json_loadb((const char *)step->summary.data, step->summary.size, JSON_REJECT_DUPLICATES, NULL);
    nrs_row row = nrs_row_begin();

    nrs_row_number(&row, "version", step->version);
    nrs_row_time(&row, "adopted_at", step->adopted_ms);
    nrs_row_time(&row, "created_at", (uint64_t)json_integer_value(json_object_get(summary, "created_ms")));
    nrs_row_time(&row, "expires_at", (uint64_t)json_integer_value(json_object_get(summary, "expires_ms")));
    nrs_row_hex(&row, "hash", step->hash, NRS_HASH_SIZE);
    nrs_fingerprint(fingerprint, step->hash);
    nrs_row_text(&row, "fingerprint", fingerprint);
    nrs_row_number(&row, "members", (uint64_t)json_integer_value(json_object_get(summary, "members")));
    nrs_row_json(&row, "signed_by", json_incref(json_object_get(summary, "signed_by")));
    nrs_row_number(&row, "since", step->base_version); /* what the changes are measured by; 0: by nothing */
    nrs_row_json(&row, "changes", json_incref(json_object_get(summary, "changes")));
    nrs_row_number(&row, "left_out", (uint64_t)json_integer_value(json_object_get(summary, "left_out")));
    json_decref(summary);
    return nrs_row_end(&row, rows);
}

nrs_error nrs_command_roster_history(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    nrs_community *community = NULL;
    uint64_t limit = nrs_request_number(request, "limit", HISTORY_COUNT_DEFAULT);
    uint64_t newest, after;
    nrs_error error = find_community(core, answer, &community, request);

    if (error != NRS_OK) {
        return error;
    }
    limit = limit > HISTORY_COUNT_MAX ? HISTORY_COUNT_MAX : limit;
    newest = community->roster->version;
    after = nrs_request_number(request, "after", newest > limit ? newest - limit : 0);
    return nrs_store_roster_step_each(core->store, community->id, after, newest, false, (size_t)limit, history_row, answer->rows);
}

/* ---- forks ---- */

/* The rows, and the versions of which there are two: each has a proof of its own. */
typedef struct fork_list {
    nrs_core *core;
    const nrs_community *community;
    json_t *rows;
    uint64_t versions[2 * NRS_FORK_COUNT_MAX];
    size_t version_count;
} fork_list;

static void note_version(fork_list *list, uint64_t version)
{
    for (size_t i = 0; i < list->version_count; i++) {
        if (list->versions[i] == version) {
            return;
        }
    }
    if (list->version_count < sizeof list->versions / sizeof list->versions[0]) {
        list->versions[list->version_count++] = version;
    }
}

static nrs_error branch_row(void *context, const nrs_fork_row *fork)
{
    fork_list *list = context;
    uint8_t ours[NRS_HASH_SIZE];
    bool held_then = nrs_roster_hash_at(list->core, ours, list->community->id, fork->version) == NRS_OK && memcmp(ours, fork->hash, NRS_HASH_SIZE) == 0;
    nrs_roster_head *head = NULL;
    json_t *signers = json_array();
    char fingerprint[48];
    nrs_row row = nrs_row_begin();
    nrs_error error = fork->head.size == 0 ? NRS_OK : nrs_roster_head_decode(&head, fork->head);

    for (size_t i = 0; head != NULL && i < head->n_signatures; i++) {
        char key[2 * NRS_KEY_SIZE + 1];

        nrs_hex_encode(key, head->signatures[i]->key.data, NRS_KEY_SIZE);
        (void)json_array_append_new(signers, json_string(key));
    }
    nrs_fingerprint(fingerprint, fork->hash);
    nrs_row_number(&row, "version", fork->version);
    nrs_row_hex(&row, "hash", fork->hash, NRS_HASH_SIZE);
    nrs_row_text(&row, "fingerprint", fingerprint);
    nrs_row_flag(&row, "heals", fork->state == NRS_FORK_PENDING);
    nrs_row_flag(&row, "past", fork->state == NRS_FORK_PAST);
    nrs_row_flag(&row, "ours", held_then);
    nrs_row_flag(&row, "held", fork->many.size > 0);
    nrs_row_json(&row, "signed_by", signers);
    nrs_roster_head_free(&head);
    if (error != NRS_OK) {
        nrs_row_discard(&row);
        return error;
    }
    if (fork->state != NRS_FORK_PENDING) {
        note_version(list, fork->version);
    }
    return nrs_row_end(&row, list->rows);
}

/* The first is that of the fork, where there is one. */
static nrs_error put_proofs(nrs_core *core, nrs_row *row, const fork_list *list)
{
    json_t *proofs = json_array();
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < list->version_count; i++) {
        nrs_bytes proof = {0};
        nrs_row one = nrs_row_begin();

        error = nrs_fork_prove(core, &proof, list->community, list->versions[i]);
        if (error == NRS_OK) {
            nrs_row_number(&one, "version", list->versions[i]);
            nrs_row_base64(&one, "proof", nrs_slice_of_bytes(&proof));
            if (i == 0) {
                nrs_row_base64(row, "proof", nrs_slice_of_bytes(&proof));
            }
            error = nrs_row_end(&one, proofs);
        }
        nrs_row_discard(&one);
        nrs_bytes_wipe(&proof);
    }
    if (list->version_count == 0) {
        nrs_row_text(row, "proof", NULL);
    }
    nrs_row_json(row, "proofs", proofs);
    return error;
}

static json_t *members_left(const nrs_core *core, const nrs_community *community)
{
    json_t *members = json_array();

    for (size_t i = 0; i < community->roster->n_members; i++) {
        const Nrs__Wire__Member *member = community->roster->members[i];

        if (nrs_peer_member(core, nrs_peer_by_sign(core, member->sign_key.data), community)) {
            (void)json_array_append_new(members, json_string(member->org));
        }
    }
    return members;
}

/* The roster in force, where it has ended a fork: members compare its fingerprint before they take it. Else null. */
static void put_healed_by(nrs_row *row, const nrs_community *community)
{
    char hash[2 * NRS_HASH_SIZE + 1];
    char fingerprint[48];

    if (community->roster->n_forks == 0) {
        nrs_row_text(row, "healed_by", NULL);
        return;
    }
    nrs_hex_encode(hash, community->head, NRS_HASH_SIZE);
    nrs_fingerprint(fingerprint, community->head);
    nrs_row_json(row, "healed_by", json_pack("{s:I, s:s, s:s}", "version", (json_int_t)community->roster->version, "hash", hash, "fingerprint", fingerprint));
}

nrs_error nrs_command_roster_forks(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    nrs_community *community = NULL;
    fork_list list = {.core = core, .rows = json_array()};
    nrs_row row = nrs_row_begin();
    nrs_error error = find_forked(core, answer, &community, request);

    if (error == NRS_OK) {
        list.community = community;
        if (nrs_fork_is(community)) {
            note_version(&list, community->fork_version);
        }
        error = nrs_store_fork_each(core->store, community->id, branch_row, &list);
    }
    if (error == NRS_OK) {
        nrs_row_text(&row, "id", community->roster->id);
        nrs_row_flag(&row, "forked", nrs_fork_is(community));
        nrs_row_number(&row, "version", community->roster->version);
        nrs_row_hex(&row, "hash", community->head, NRS_HASH_SIZE);
        nrs_row_json(&row, "rosters", list.rows);
        list.rows = NULL;
        nrs_row_json(&row, "members", members_left(core, community));
        put_healed_by(&row, community);
        error = put_proofs(core, &row, &list);
    }
    if (error == NRS_OK) {
        error = nrs_row_end(&row, answer->rows);
    }
    json_decref(list.rows);
    nrs_row_discard(&row);
    return error;
}

nrs_error nrs_command_roster_heal(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    const char *fingerprint = nrs_request_text(request, "fingerprint");
    const Nrs__Wire__PersonEntry *person = NULL;
    nrs_community *community = NULL;
    char name[NRS_NAME_SIZE_MAX + 1];
    uint8_t id[NRS_HASH_SIZE];
    nrs_row row = nrs_row_begin();
    nrs_error error = find_forked(core, answer, &community, request);

    if (error == NRS_OK && nrs_request_text(request, "person") != NULL) {
        error = nrs_command_person(core, answer, &person, nrs_request_text(request, "person"));
    }
    if (error != NRS_OK) {
        goto out;
    }
    core->person = nrs_request_text(request, "person");
    (void)snprintf(name, sizeof name, "%s", community->roster->id);
    memcpy(id, community->id, sizeof id);
    error = nrs_fork_accept(core, community, fingerprint);
    if (error == NRS_ERROR_NOT_FOUND) {
        error = nrs_refuse(answer, NRS_ERROR_NOT_FOUND, hint_fingerprint, "No roster that heals @%s has come.", name);
    } else if (error == NRS_ERROR_FINGERPRINT) {
        nrs_core_log(core, error, "healing @%s was refused: another fingerprint was given", name);
        error = nrs_refuse(answer, error, hint_fingerprint, "The healing roster of @%s has another fingerprint.", name);
    } else if (error == NRS_OK) {
        nrs_row_text(&row, "id", name);
        nrs_row_number(&row, "version", nrs_community_by_id(core, id)->roster->version);
        nrs_row_flag(&row, "changed", true);
        error = nrs_row_end(&row, answer->rows);
    }
out:
    core->person = NULL;
    nrs_row_discard(&row);
    return error;
}

/* ---- joined ---- */

typedef struct joined_list {
    const nrs_community *community;
    json_t *rows;
} joined_list;

static nrs_error joined_row(void *context, const nrs_word_row *word)
{
    joined_list *list = context;
    const Nrs__Wire__Member *member = nrs_roster_member_by_key(list->community->roster, word->signer);
    nrs_signed *outer = NULL;
    nrs_freshness *said = NULL;
    nrs_row row = nrs_row_begin();
    nrs_error error = NRS_OK;

    if (member != NULL && member->joined.len == 0) {
        error = nrs_signed_decode(&outer, word->payload);
        if (error == NRS_OK) {
            error = nrs_freshness_decode(&said, nrs_field(&outer->statement));
        }
    }
    if (error == NRS_OK && said != NULL && said->joined.len > 0) {
        nrs_row_text(&row, "org", member->org);
        nrs_row_base64(&row, "joined", nrs_field(&said->joined));
        error = nrs_row_end(&row, list->rows);
    }
    nrs_row_discard(&row);
    nrs_freshness_free(&said);
    nrs_signed_free(&outer);
    return error;
}

/* The other word that a member gives by its own key. */
static nrs_error revoked_rows(const nrs_core *core, const nrs_community *community, json_t *rows)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < community->roster->n_members && error == NRS_OK; i++) {
        const Nrs__Wire__Member *member = community->roster->members[i];
        nrs_row row;

        if (!nrs_key_revoked(core, member->sign_key.data)) {
            continue;
        }
        row = nrs_row_begin();
        nrs_row_text(&row, "org", member->org);
        nrs_row_hex(&row, "revoked", member->sign_key.data, NRS_KEY_SIZE);
        error = nrs_row_end(&row, rows);
        nrs_row_discard(&row);
    }
    return error;
}

nrs_error nrs_command_roster_joined(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    joined_list list = {.rows = answer->rows};
    nrs_community *community = NULL;
    nrs_error error = find_community(core, answer, &community, request);

    list.community = community;
    if (error == NRS_OK) {
        error = nrs_store_word_each(core->store, community->id, joined_row, &list);
    }
    return error == NRS_OK ? revoked_rows(core, community, answer->rows) : error;
}

/* ---- signer ---- */

/* Whose key it is, by each roster that this node goes by: also those of communities that it only recognises, which no file of the folder has. */
nrs_error nrs_command_roster_signer(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    const char *text = nrs_request_text(request, "key");
    uint8_t key[NRS_KEY_SIZE];
    nrs_error error = NRS_OK;

    if (text == NULL || strlen(text) != (size_t)2 * NRS_KEY_SIZE || nrs_hex_decode(key, sizeof key, text) != NRS_OK) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, NULL, "A signing key has 64 hexadecimal digits.");
    }
    for (size_t i = 0; i < core->community_count && error == NRS_OK; i++) {
        const nrs_roster *roster = core->communities[i].roster;
        const Nrs__Wire__Member *member = nrs_roster_member_by_key(roster, key);
        const Nrs__Wire__Tombstone *gone = nrs_roster_tombstone(roster, key);
        nrs_row row;

        if (member == NULL && gone == NULL) {
            continue;
        }
        row = nrs_row_begin();
        nrs_row_hex(&row, "community", core->communities[i].id, NRS_HASH_SIZE);
        nrs_row_text(&row, "id", roster->id);
        nrs_row_text(&row, "org", member != NULL ? member->org : gone->org);
        nrs_row_text(&row, "name", member != NULL ? member->name : NULL);
        nrs_row_flag(&row, "member", member != NULL);
        nrs_row_flag(&row, "revoked", gone != NULL && gone->cause == NRS_TOMBSTONE_REVOKED);
        error = nrs_row_end(&row, answer->rows);
    }
    return error;
}
