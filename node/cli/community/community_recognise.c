/* noroshi community recognise: which other communities a roster knows by their hash (SPEC 7.13). Their members count here for what is passed
 * on between the two, once the other recognises this one as well. */
#include <stdlib.h>
#include <string.h>

#include "key/keyring.h"
#include "language.h"
#include "proto/armour.h"
#include "proto/assert.h"
#include "community/change.h"
#include "run.h"
#include "text.h"

/* The roster's list with one more, or one fewer. Borrows. */
typedef struct wanted {
    Nrs__Wire__Recognised *list[NRS_RECOGNISED_COUNT_MAX + 1];
    size_t count;
    Nrs__Wire__Recognised other;
    uint8_t community[NRS_HASH_SIZE];
    char id[NRS_NAME_SIZE_MAX + 1];
    bool changed;
} wanted;

static nrs_error read_invite(nrs_cli *cli, wanted *with, const char *path)
{
    nrs_bytes bytes = {0}, statement = {0};
    nrs_invite *invite = NULL;
    nrs_roster *roster = NULL;
    nrs_error error = nrs_file_read_armour_given(cli, &bytes, path, "INVITE", NRS_CEREMONY_FILE_SIZE_MAX);

    if (error != NRS_OK) {
        return error;
    }
    error = nrs_invite_decode(&invite, nrs_slice_of_bytes(&bytes));
    if (error == NRS_OK) {
        error = nrs_invite_verify(&roster, &statement, with->community, invite);
    }
    if (error == NRS_OK) {
        snprintf(with->id, sizeof with->id, "%s", roster->id);
    }
    nrs_roster_free(&roster);
    nrs_invite_free(&invite);
    nrs_bytes_wipe(&statement);
    nrs_bytes_wipe(&bytes);
    return error == NRS_OK ? NRS_OK : nrs_cli_fail_given(cli, error, path);
}

/* Two of one id would be told apart by nobody: neither in an address nor when one of them is ended. */
static nrs_error check_id(nrs_cli *cli, const wanted *with, const nrs_held *held)
{
    bool taken = strcmp(held->roster->id, with->id) == 0;

    for (size_t i = 0; i < held->roster->n_recognised; i++) {
        taken = taken || (strcmp(held->roster->recognised[i]->id, with->id) == 0 && memcmp(held->roster->recognised[i]->community.data, with->community, NRS_HASH_SIZE) != 0);
    }
    return !taken ? NRS_OK
                  : nrs_cli_fail(cli, NRS_ERROR_EXISTS, _("end that first, if this one has taken its place: noroshi community recognise --end"),
                                 _("@%s is called so itself, or recognises another community of this name: %s"), held->roster->id, with->id);
}

static nrs_error add(nrs_cli *cli, wanted *with, const nrs_held *held)
{
    const char *fingerprint = nrs_cli_option(cli, "fingerprint");
    nrs_error error = NRS_OK;

    if (fingerprint == NULL) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, _("ask the other secretariat to read out: noroshi community fingerprint"), "%s",
                            _("community recognise needs --fingerprint, or --end"));
    }
    error = read_invite(cli, with, cli->arguments[1]);
    if (error != NRS_OK) {
        return error;
    }
    error = nrs_fingerprint_check(fingerprint, with->community);
    if (error != NRS_OK) {
        return nrs_cli_fail(cli, error, _("ask the other secretariat to read out: noroshi community fingerprint"), "%s: %s", with->id,
                            _(nrs_error_sentence(error)));
    }
    if (memcmp(with->community, held->community, NRS_HASH_SIZE) == 0) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, _("%s: a community does not recognise itself"), with->id);
    }
    error = check_id(cli, with, held);
    if (error != NRS_OK) {
        return error;
    }
    with->changed = !nrs_roster_recognises(held->roster, with->community);
    if (with->changed && held->roster->n_recognised == NRS_RECOGNISED_COUNT_MAX) {
        return nrs_cli_fail(cli, NRS_ERROR_LIMIT, NULL, _("a community recognises at most %u others"), NRS_RECOGNISED_COUNT_MAX);
    }
    for (size_t i = 0; i < held->roster->n_recognised; i++) {
        with->list[with->count++] = held->roster->recognised[i];
    }
    nrs__wire__recognised__init(&with->other);
    with->other.community.data = with->community;
    with->other.community.len = NRS_HASH_SIZE;
    with->other.id = with->id;
    with->list[with->count] = &with->other;
    with->count += with->changed ? 1 : 0;
    return NRS_OK;
}

/* A roster made elsewhere may have two of one id: then the fingerprint says which. */
static nrs_error end(nrs_cli *cli, wanted *with, const nrs_held *held)
{
    const char *name = cli->arguments[1][0] == '@' ? cli->arguments[1] + 1 : cli->arguments[1];
    const char *fingerprint = nrs_cli_option(cli, "fingerprint");
    size_t ended = 0, named = 0;

    for (size_t i = 0; i < held->roster->n_recognised; i++) {
        const Nrs__Wire__Recognised *one = held->roster->recognised[i];
        const bool called = strcmp(one->id, name) == 0;

        named += called ? 1 : 0;
        if (called && (fingerprint == NULL || nrs_fingerprint_check(fingerprint, one->community.data) == NRS_OK)) {
            ended++;
        } else {
            with->list[with->count++] = held->roster->recognised[i];
        }
    }
    if (ended > 1) {
        return nrs_cli_fail(cli, NRS_ERROR_AMBIGUOUS, _("say which with --fingerprint; noroshi community show prints them"),
                            _("@%s recognises more than one community of this name: %s"), held->roster->id, name);
    }
    if (named > 0 && ended == 0) {
        return nrs_cli_fail(cli, NRS_ERROR_FINGERPRINT, _("noroshi community show prints them"), "%s: %s", name, _(nrs_error_sentence(NRS_ERROR_FINGERPRINT)));
    }
    with->changed = ended == 1;
    return with->changed ? NRS_OK
                         : nrs_cli_fail(cli, NRS_ERROR_UNKNOWN_COMMUNITY, NULL, _("@%s does not recognise %s"), held->roster->id, name);
}

static nrs_error change(nrs_cli *cli, nrs_held *held, const wanted *with)
{
    uint8_t previous[NRS_HASH_SIZE];
    uint64_t version = 0;
    nrs_roster next = nrs_held_successor(held, previous);
    nrs_error error = nrs_change_allowed(cli, next.id);

    next.recognised = (Nrs__Wire__Recognised **)(uintptr_t)with->list;
    next.n_recognised = with->count;
    return error == NRS_OK ? nrs_change_make(cli, &version, held, &next, NULL, nrs_slice_of(NULL, 0)) : error;
}

nrs_error nrs_run_community_recognise(nrs_cli *cli)
{
    const char *slug = NULL;
    nrs_held held = {0};
    wanted with = {.count = 0};
    nrs_error error = nrs_held_slug(cli, &slug, cli->arguments[0]);

    if (error == NRS_OK) {
        error = nrs_keyring_start(cli);
    }
    if (error == NRS_OK) {
        error = nrs_held_read(cli, &held, slug);
    }
    if (error == NRS_OK) {
        error = nrs_cli_option(cli, "end") != NULL ? end(cli, &with, &held) : add(cli, &with, &held);
    }
    if (error == NRS_OK && with.changed) {
        error = change(cli, &held, &with);
    }
    if (error == NRS_OK) {
        nrs_change_print_rules(cli, slug, &held, with.changed);
    }
    nrs_held_wipe(&held);
    return error;
}
