#include "key/rotate_grace.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "folder.h"
#include "keys/change.h"
#include "keys/rotation.h"
#include "language.h"
#include "proto/time.h"
#include "proto/vocabulary.h"
#include "text.h"

/* Whether the key of the tombstone has announced this one as the next. */
static nrs_error leads_to(nrs_cli *cli, bool *leads_out, const Nrs__Wire__Tombstone *tombstone, nrs_slice sign_key)
{
    nrs_card *card = NULL;
    nrs_error error = nrs_held_next_card(cli, &card, tombstone->org, nrs_field(&tombstone->sign_key));

    *leads_out = card != NULL && nrs_slice_equal(nrs_field(&card->sign_key), sign_key);
    nrs_card_free(&card);
    return error;
}

/* When the key of a tombstone ended. Its time is of a clock that may have been ahead: no later than the roster that it stands in was made; and
 * where that is to come by this clock too, no later than this folder has heard of the change, or it would bar the next for years. */
static uint64_t ended_ms(const nrs_cli *cli, const nrs_roster *roster, const Nrs__Wire__Tombstone *tombstone, uint64_t now_ms)
{
    const uint64_t at_ms = tombstone->at_ms < roster->created_ms ? tombstone->at_ms : roster->created_ms;
    char name[NRS_KEY_NAME_SIZE];
    struct stat status;
    char *path = NULL;
    uint64_t heard_ms = at_ms;

    if (at_ms <= now_ms + NRS_CLOCK_AHEAD_MS_MAX || !nrs_held_announced(cli, name, nrs_field(&tombstone->sign_key))) {
        return at_ms;
    }
    path = nrs_folder_path(cli, "changes", name, ".succession");
    if (path != NULL && stat(path, &status) == 0 && status.st_mtime > 0) {
        heard_ms = (uint64_t)status.st_mtime * NRS_SECOND_MS;
    }
    free(path);
    return heard_ms < at_ms ? heard_ms : at_ms;
}

/* Whether it is revoked since: then what was on its way to it reaches nobody. */
static nrs_error is_revoked(nrs_cli *cli, bool *revoked_out, const Nrs__Wire__Tombstone *tombstone)
{
    char name[NRS_KEY_NAME_SIZE];
    nrs_bytes payload = {0};
    nrs_key_change *change = NULL;
    nrs_card *card = NULL;
    nrs_error error = NRS_OK;

    *revoked_out = false;
    nrs_key_name(name, tombstone->sign_key.data);
    if (!nrs_folder_has(cli, "changes", name, ".revocation")) {
        return NRS_OK;
    }
    error = nrs_folder_read_armour(cli, &payload, "REVOCATION", "changes", name, ".revocation", NRS_ERROR_DAMAGED);
    if (error == NRS_OK) {
        error = nrs_change_verify(&change, &card, nrs_slice_of_bytes(&payload));
        error = error == NRS_OK ? NRS_OK : nrs_cli_fail_about(cli, error == NRS_ERROR_NO_MEMORY ? error : NRS_ERROR_DAMAGED, tombstone->org);
    }
    *revoked_out = error == NRS_OK && change->cause == NRS_KEY_REVOKED && nrs_slice_equal(nrs_field(&change->sign_key), nrs_field(&tombstone->sign_key));
    nrs_key_change_free(&change);
    nrs_card_free(&card);
    nrs_bytes_wipe(&payload);
    return error;
}

nrs_error nrs_rotate_grace_check(nrs_cli *cli, const nrs_roster *roster, const Nrs__Wire__Member *member)
{
    const uint64_t now_ms = nrs_now_ms();
    uint64_t until_ms = 0;
    char until[32];

    for (size_t i = 0; i < roster->n_tombstones; i++) {
        const Nrs__Wire__Tombstone *one = roster->tombstones[i];
        const uint64_t end_ms = ended_ms(cli, roster, one, now_ms) + NRS_SUCCEEDED_GRACE_MS;
        bool leads = false, revoked = false;
        nrs_error error = NRS_OK;

        if (one->cause != NRS_TOMBSTONE_LEFT || end_ms <= now_ms || end_ms <= until_ms) {
            continue;
        }
        error = leads_to(cli, &leads, one, nrs_field(&member->sign_key));
        if (error == NRS_OK && leads) {
            error = is_revoked(cli, &revoked, one);
        }
        if (error != NRS_OK) {
            return error;
        }
        until_ms = leads && !revoked ? end_ms : until_ms;
    }
    if (until_ms == 0) {
        return NRS_OK;
    }
    nrs_time_format(until, until_ms);
    return nrs_cli_fail(cli, NRS_ERROR_LIMIT,
                        _("wait until then; if the key in force was stolen, end it now (noroshi key paper > FILE, noroshi key revoke FILE --submit) "
                          "and come anew: noroshi init in another folder, whose card the secretariat compares and adds (noroshi community remove, "
                          "noroshi community add)"),
                        _("%s: an earlier key still receives in @%s until %s, and what is on its way to it would be lost by another change"), member->org,
                        roster->id, until);
}

typedef struct own_key {
    nrs_cli *cli;
    const nrs_identity *identity;
} own_key;

/* One community. What stands in the folder and does not verify says nothing here. */
static nrs_error check_community(void *context, const char *slug)
{
    const own_key *own = context;
    nrs_cli quiet = {.dir = own->cli->dir};
    nrs_held held = {0};
    nrs_error error = nrs_held_read(&quiet, &held, slug);

    if (error == NRS_OK) {
        const Nrs__Wire__Member *member = nrs_roster_member_by_key(held.roster, nrs_identity_public(own->identity)->sign_key);

        error = member == NULL ? NRS_OK : nrs_rotate_grace_check(own->cli, held.roster, member);
    } else if (error != NRS_ERROR_NO_MEMORY) {
        error = NRS_OK;
    }
    nrs_held_wipe(&held);
    quiet.dir = NULL;
    nrs_cli_wipe(&quiet);
    return error;
}

nrs_error nrs_rotate_grace_own(nrs_cli *cli, const nrs_identity *identity)
{
    char name[NRS_KEY_NAME_SIZE];
    own_key own = {cli, identity};

    nrs_rotation_name(name, identity);
    /* The first keys of this node: no others are before them. */
    return nrs_folder_has(cli, "former", name, ".key") ? nrs_held_each(cli, check_community, &own) : NRS_OK;
}
