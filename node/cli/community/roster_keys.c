/* noroshi community key, keys and renew: roster keys and what they stand for. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "community/change.h"
#include "folder.h"
#include "key/keyring.h"
#include "language.h"
#include "proto/armour.h"
#include "proto/time.h"
#include "run.h"
#include "text.h"

/* ---- key ---- */

static void print_key(const nrs_cli *cli, const char *path, const uint8_t key[NRS_KEY_SIZE], bool made)
{
    char hex[2 * NRS_KEY_SIZE + 1];
    char fingerprint[48];

    nrs_hex_encode(hex, key, NRS_KEY_SIZE);
    nrs_fingerprint(fingerprint, key);
    if (cli->json) {
        json_t *row = json_pack("{s:s, s:s, s:s, s:b}", "file", path, "key", hex, "fingerprint", fingerprint, "made", made ? 1 : 0);

        nrs_text_print_json(stdout, row);
        json_decref(row);
        return;
    }
    printf(_("Roster key: %s\n"), hex);
    printf(_("Fingerprint: %s\n"), fingerprint);
}

nrs_error nrs_run_community_key(nrs_cli *cli)
{
    const char *path = cli->arguments[0];
    nrs_identity *key = NULL;
    nrs_bytes passphrase = {0};
    nrs_bytes file = {0};
    nrs_owner owner;
    nrs_error error = nrs_keyring_start(cli);

    if (error == NRS_OK && access(path, F_OK) == 0) {
        error = nrs_cli_fail_about(cli, NRS_ERROR_EXISTS, path);
    }
    if (error == NRS_OK) {
        error = nrs_passphrase_new_alone(cli, &passphrase);
    }
    if (error == NRS_OK) {
        error = nrs_identity_new(&key);
    }
    if (error == NRS_OK) {
        error = nrs_identity_save(&file, key, nrs_slice_of_bytes(&passphrase));
    }
    if (error == NRS_OK) {
        (void)nrs_owner_within(&owner, cli, path); /* one elsewhere is who gave the command's */
        error = nrs_file_write_armour(path, "KEY", nrs_slice_of_bytes(&file), &owner);
        error = error == NRS_OK ? NRS_OK : nrs_cli_fail_about(cli, error, path);
    }
    if (error == NRS_OK) {
        print_key(cli, path, nrs_identity_public(key)->sign_key, true);
    }
    nrs_bytes_wipe(&file);
    nrs_bytes_wipe(&passphrase);
    nrs_identity_destroy(&key);
    return error;
}

/* ---- keys ---- */

static size_t find_key(const nrs_key_list *list, const uint8_t key[NRS_KEY_SIZE])
{
    size_t at = 0;

    while (at < list->count && memcmp(list->keys[at], key, NRS_KEY_SIZE) != 0) {
        at++;
    }
    return at;
}

static nrs_error read_key(nrs_cli *cli, uint8_t key_out[NRS_KEY_SIZE], const char *text)
{
    if (nrs_hex_decode(key_out, NRS_KEY_SIZE, text) == NRS_OK) {
        return NRS_OK;
    }
    return nrs_cli_fail(cli, NRS_ERROR_USAGE, _("64 hexadecimal digits, as noroshi community key prints them"),
                        _("not a roster key: %s"), text);
}

static nrs_error drop_keys(nrs_cli *cli, nrs_key_list *list)
{
    uint8_t key[NRS_KEY_SIZE];

    for (size_t i = 0; nrs_cli_option_at(cli, "drop-key", i) != NULL; i++) {
        const char *text = nrs_cli_option_at(cli, "drop-key", i);
        nrs_error error = read_key(cli, key, text);
        size_t at;

        if (error != NRS_OK) {
            return error;
        }
        at = find_key(list, key);
        if (at == list->count) {
            return nrs_cli_fail(cli, NRS_ERROR_NOT_FOUND, NULL, _("the roster has no such key: %s"), text);
        }
        list->count--;
        memmove(list->keys[at], list->keys[at + 1], (list->count - at) * NRS_KEY_SIZE);
    }
    return NRS_OK;
}

nrs_error nrs_key_list_add(nrs_cli *cli, nrs_key_list *list)
{
    uint8_t key[NRS_KEY_SIZE];

    for (size_t i = 0; nrs_cli_option_at(cli, "add-key", i) != NULL; i++) {
        const char *text = nrs_cli_option_at(cli, "add-key", i);
        nrs_error error = read_key(cli, key, text);

        if (error != NRS_OK) {
            return error;
        }
        if (!nrs_sign_key_valid(key)) {
            return nrs_cli_fail(cli, NRS_ERROR_MALFORMED, _("give it as noroshi community key prints it where it was made"), _("no key whose signature could hold: %s"), text);
        }
        if (find_key(list, key) < list->count) {
            return nrs_cli_fail(cli, NRS_ERROR_EXISTS, NULL, _("the roster has this key already: %s"), text);
        }
        if (list->count == NRS_ROSTER_KEY_COUNT_MAX) {
            return nrs_cli_fail(cli, NRS_ERROR_LIMIT, NULL, _("a roster has at most %u keys"), NRS_ROSTER_KEY_COUNT_MAX);
        }
        memcpy(list->keys[list->count++], key, NRS_KEY_SIZE);
    }
    return NRS_OK;
}

static int compare_keys(const void *a, const void *b)
{
    return memcmp(a, b, NRS_KEY_SIZE);
}

static nrs_error read_threshold(nrs_cli *cli, uint32_t *threshold, size_t key_count)
{
    const char *text = nrs_cli_option(cli, "threshold");
    char *end = NULL;
    unsigned long number = text == NULL ? *threshold : strtoul(text, &end, 10);

    if ((text != NULL && (text[0] < '0' || text[0] > '9' || end[0] != '\0')) || number < 1 || number > key_count) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, _("the signatures needed are 1 to the number of keys, which is %zu"), key_count);
    }
    *threshold = (uint32_t)number;
    return NRS_OK;
}

nrs_error nrs_key_list_put(nrs_cli *cli, nrs_key_list *list, nrs_roster *next)
{
    nrs_error error = read_threshold(cli, &next->threshold, list->count);

    if (error != NRS_OK) {
        return error;
    }
    qsort(list->keys, list->count, NRS_KEY_SIZE, compare_keys);
    for (size_t i = 0; i < list->count; i++) {
        list->fields[i] = nrs_field_of(nrs_slice_of(list->keys[i], NRS_KEY_SIZE));
    }
    next->keys = list->fields;
    next->n_keys = list->count;
    return NRS_OK;
}

static nrs_error change_keys(nrs_cli *cli, uint64_t *version_out, nrs_held *held)
{
    nrs_key_list list = {.count = held->roster->n_keys};
    uint8_t previous[NRS_HASH_SIZE];
    nrs_roster next = nrs_held_successor(held, previous);
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < list.count; i++) {
        memcpy(list.keys[i], held->roster->keys[i].data, NRS_KEY_SIZE);
    }
    error = drop_keys(cli, &list);
    if (error == NRS_OK) {
        error = nrs_key_list_add(cli, &list);
    }
    if (error == NRS_OK) {
        error = nrs_key_list_put(cli, &list, &next);
    }
    if (error != NRS_OK) {
        return error;
    }
    if (!nrs_held_keys_differ(held->roster, &next)) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("give --add-key, --drop-key or --threshold"));
    }
    return nrs_change_make(cli, version_out, held, &next, NULL, nrs_slice_of(NULL, 0));
}

/* ---- renew ---- */

static nrs_error renew(nrs_cli *cli, uint64_t *version_out, nrs_held *held)
{
    const char *text = nrs_cli_option(cli, "expires");
    uint8_t previous[NRS_HASH_SIZE];
    nrs_roster next = nrs_held_successor(held, previous);
    uint64_t life = NRS_ROSTER_LIFE_MS_DEFAULT;

    if (text != NULL && nrs_duration_parse(&life, text) != NRS_OK) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, _("write it as 366d"), _("not a duration: %s"), text);
    }
    if (life < NRS_DAY_MS || life > NRS_ROSTER_LIFE_MS_DEFAULT) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("a roster is valid for 1 to 366 days"));
    }
    next.expires_ms = next.created_ms + life;
    return nrs_change_make(cli, version_out, held, &next, NULL, nrs_slice_of(NULL, 0));
}

static void print_version(const nrs_cli *cli, const char *slug, uint64_t version)
{
    if (cli->json) {
        json_t *row = json_pack("{s:s, s:I, s:b}", "id", slug, "version", (json_int_t)version, "changed", 1);

        nrs_text_print_json(stdout, row);
        json_decref(row);
    } else {
        printf(_("@%s is now at version %llu.\n"), slug, (unsigned long long)version);
    }
}

static nrs_error run_change(nrs_cli *cli, nrs_error (*change)(nrs_cli *cli, uint64_t *version_out, nrs_held *held))
{
    const char *slug = NULL;
    nrs_held held = {0};
    uint64_t version = 0;
    nrs_error error = nrs_held_open(cli, &slug, &held);

    if (error == NRS_OK) {
        error = nrs_change_allowed(cli, slug);
    }
    if (error == NRS_OK) {
        error = change(cli, &version, &held);
    }
    if (error == NRS_OK && version != 0) {
        print_version(cli, slug, version);
    }
    nrs_held_wipe(&held);
    return error;
}

nrs_error nrs_run_community_keys(nrs_cli *cli)
{
    return run_change(cli, change_keys);
}

nrs_error nrs_run_community_renew(nrs_cli *cli)
{
    return run_change(cli, renew);
}
