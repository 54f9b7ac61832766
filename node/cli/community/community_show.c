/* noroshi community show and fingerprint: what the roster file says, whether the node runs or not. */
#include <jansson.h>
#include <stdlib.h>

#include "community/change.h"
#include "community/community_rules.h"
#include "folder.h"
#include "key/keyring.h"
#include "language.h"
#include "proto/time.h"
#include "proto/vocabulary.h"
#include "community/roster_file.h"
#include "run.h"
#include "text.h"

/* By the roster, or by the member's own word, which a running node has; null where none answers. */
static json_t *known_to_have_joined(const Nrs__Wire__Member *member, const nrs_member_words *words)
{
    return member->joined.len > 0 ? json_true() : words->joined == NULL ? json_null() : json_boolean(json_object_get(words->joined, member->org) != NULL);
}

static bool is_revoked(const Nrs__Wire__Member *member, const nrs_member_words *words)
{
    char key[2 * NRS_KEY_SIZE + 1];

    nrs_hex_encode(key, member->sign_key.data, NRS_KEY_SIZE);
    return json_object_get(words->revoked, key) != NULL;
}

static json_t *member_json(const Nrs__Wire__Member *member, const nrs_member_words *words)
{
    const nrs_term *role = nrs_vocabulary_by_value(NRS_VOCABULARY_ROLE, member->role);
    char fingerprint[48];

    nrs_fingerprint(fingerprint, member->sign_key.data);
    return json_pack("{s:s, s:s, s:s?, s:s, s:b, s:o, s:o, s:o}", "org", member->org, "name", member->name, "role",
                     role == NULL ? NULL : role->code, "fingerprint", fingerprint, "joined", member->joined.len > 0, "known_to_have_joined",
                     known_to_have_joined(member, words), "revoked", words->revoked == NULL ? json_null() : json_boolean(is_revoked(member, words)), "duties", nrs_member_duties_json(member));
}

static json_t *recognised_json(const nrs_roster *roster)
{
    json_t *list = json_array();

    for (size_t i = 0; i < roster->n_recognised; i++) {
        char hash[2 * NRS_HASH_SIZE + 1];
        char fingerprint[48];

        nrs_hex_encode(hash, roster->recognised[i]->community.data, NRS_HASH_SIZE);
        nrs_fingerprint(fingerprint, roster->recognised[i]->community.data);
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "id", roster->recognised[i]->id, "community", hash, "fingerprint", fingerprint));
    }
    return list;
}

static size_t key_changes(const nrs_held *held)
{
    return held->chain == NULL ? 0 : held->chain->n_chain;
}

static nrs_error print_json(nrs_cli *cli, const nrs_held *held)
{
    const nrs_roster *roster = held->roster;
    json_t *members = json_array();
    json_t *row = NULL;
    nrs_member_words words = {0};
    nrs_error error = nrs_member_words_ask(cli, &words, held->roster->id);
    uint8_t hash[NRS_HASH_SIZE];
    char hash_text[2 * NRS_HASH_SIZE + 1];
    char community[2 * NRS_HASH_SIZE + 1];
    char created[32];
    char expires[32];

    nrs_roster_hash(hash, nrs_slice_of_bytes(&held->statement));
    nrs_hex_encode(hash_text, hash, sizeof hash);
    nrs_hex_encode(community, held->community, NRS_HASH_SIZE);
    nrs_time_format(created, roster->created_ms);
    nrs_time_format(expires, roster->expires_ms);
    for (size_t i = 0; i < roster->n_members; i++) {
        (void)json_array_append_new(members, member_json(roster->members[i], &words));
    }
    nrs_member_words_wipe(&words);
    row = json_pack("{s:s, s:s, s:I, s:o, s:s, s:s, s:s, s:s, s:o}", "id", roster->id, "name", roster->name, "version",
                    (json_int_t)roster->version, "members", members, "created_at", created, "expires_at", expires, "hash",
                    hash_text, "community", community, "rules", nrs_rules_json(roster->rules));
    if (error != NRS_OK || row == NULL) {
        json_decref(row);
        return NRS_ERROR_NO_MEMORY;
    }
    (void)json_object_set_new(row, "recognised", recognised_json(roster));
    (void)json_object_set_new(row, "forked", json_boolean(nrs_held_forked(cli, roster->id)));
    (void)json_object_set_new(row, "threshold", json_integer((json_int_t)roster->threshold));
    (void)json_object_set_new(row, "keys", json_integer((json_int_t)roster->n_keys));
    (void)json_object_set_new(row, "key_changes", json_integer((json_int_t)key_changes(held)));
    nrs_text_print_json(stdout, row);
    json_decref(row);
    return NRS_OK;
}

/* Below the table, where nobody overlooks it. */
static void print_revoked(const nrs_roster *roster, const nrs_member_words *words)
{
    for (size_t i = 0; i < roster->n_members; i++) {
        if (is_revoked(roster->members[i], words)) {
            printf(_("REVOKED: the key of %s; nothing of it counts, and it receives nothing. The secretariat removes it: noroshi community remove\n"), roster->members[i]->org);
        }
    }
}

static nrs_error print_table(nrs_cli *cli, const nrs_held *held)
{
    const nrs_roster *roster = held->roster;
    const bool japanese = cli->language[0] == 'j';
    nrs_table table = {.column_count = 4};
    char *warning = nrs_held_key_changes_warning(key_changes(held));
    char expires[64];
    char fingerprint[48];
    nrs_member_words words = {0};
    nrs_error error = nrs_member_words_ask(cli, &words, roster->id);

    nrs_text_time(expires, roster->expires_ms);
    printf("@%s  ", roster->id);
    nrs_text_print(stdout, roster->name, NRS_TEXT_LINE);
    printf("\n");
    printf(_("version %llu, valid until %s, members: %zu\n"), (unsigned long long)roster->version, expires, roster->n_members);
    printf(_("signed by %u of %zu roster keys\n"), roster->threshold, roster->n_keys);
    if (warning != NULL) {
        printf("%s\n", warning);
    }
    if (nrs_held_forked(cli, roster->id)) {
        printf("%s\n", _("FORKED: another roster of one version was signed as well; see noroshi community forks"));
    }
    nrs_rules_print(roster->rules, japanese);
    for (size_t i = 0; i < roster->n_recognised; i++) {
        nrs_fingerprint(fingerprint, roster->recognised[i]->community.data);
        printf(_("recognises @%s (%s)\n"), roster->recognised[i]->id, fingerprint);
    }
    nrs_table_add(&table, _("organisation"));
    nrs_table_add(&table, _("role"));
    nrs_table_add(&table, _("name"));
    nrs_table_add(&table, _("fingerprint"));
    for (size_t i = 0; i < roster->n_members; i++) {
        const nrs_term *role = nrs_vocabulary_by_value(NRS_VOCABULARY_ROLE, roster->members[i]->role);

        nrs_fingerprint(fingerprint, roster->members[i]->sign_key.data);
        nrs_table_add(&table, roster->members[i]->org);
        nrs_table_add(&table, role == NULL ? "?" : japanese ? role->ja : role->en);
        nrs_table_add(&table, roster->members[i]->name);
        nrs_table_add(&table, fingerprint);
    }
    if (error == NRS_OK) {
        error = nrs_table_print(&table);
        print_revoked(roster, &words);
    }
    nrs_member_words_wipe(&words);
    free(warning);
    return error;
}

nrs_error nrs_run_community_show(nrs_cli *cli)
{
    const char *slug = NULL;
    nrs_held held = {0};
    nrs_error error = NRS_OK;

    if (nrs_cli_option(cli, "history") != NULL) {
        error = nrs_held_slug(cli, &slug, cli->arguments[0]);
        return error == NRS_OK ? nrs_history_print(cli, slug) : error;
    }
    error = nrs_held_open(cli, &slug, &held);
    if (error == NRS_OK) {
        error = cli->json ? print_json(cli, &held) : print_table(cli, &held);
    }
    nrs_held_wipe(&held);
    return error;
}

nrs_error nrs_run_community_fingerprint(nrs_cli *cli)
{
    const char *slug = NULL;
    nrs_held held = {0};
    char fingerprint[48];
    char community[2 * NRS_HASH_SIZE + 1];
    nrs_error error = nrs_held_open(cli, &slug, &held);

    if (error != NRS_OK) {
        return error;
    }
    nrs_fingerprint(fingerprint, held.community);
    nrs_hex_encode(community, held.community, NRS_HASH_SIZE);
    if (cli->json) {
        json_t *row = json_pack("{s:s, s:s, s:s}", "id", slug, "fingerprint", fingerprint, "community", community);

        nrs_text_print_json(stdout, row);
        json_decref(row);
    } else {
        puts(fingerprint);
    }
    nrs_held_wipe(&held);
    return NRS_OK;
}
