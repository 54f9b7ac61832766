#include "community/hub_card.h"

#include <stdlib.h>

#include "folder.h"
#include "keys/hash.h"
#include "language.h"
#include "proto/armour.h"
#include "proto/vocabulary.h"

/* One that cannot be read is as none: an invite could not have it. Returns 0 then. */
static uint64_t held_serial(nrs_cli *cli, const char *name, const nrs_card *card)
{
    char *path = nrs_folder_path(cli, "cards", name, ".card");
    nrs_bytes text = {0}, bytes = {0};
    nrs_card *held = NULL;
    bool found = path != NULL && nrs_file_read(&text, path, NRS_CEREMONY_FILE_SIZE_MAX) == NRS_OK &&
                 nrs_armour_decode(&bytes, "CARD", nrs_slice_of_bytes(&text)) == NRS_OK && nrs_card_verify(&held, nrs_slice_of_bytes(&bytes)) == NRS_OK &&
                 nrs_slice_equal(nrs_field(&held->sign_key), nrs_field(&card->sign_key));
    uint64_t serial = found ? held->serial : 0;

    nrs_card_free(&held);
    nrs_bytes_wipe(&bytes);
    nrs_bytes_wipe(&text);
    free(path);
    return serial;
}

bool nrs_hub_card_is_news(nrs_cli *cli, const nrs_roster *roster, const nrs_card *card)
{
    const Nrs__Wire__Member *member = nrs_roster_member_by_key(roster, card->sign_key.data);
    char name[NRS_KEY_NAME_SIZE];

    nrs_key_name(name, card->sign_key.data);
    return member != NULL && member->role == NRS_ROLE_HUB && card->serial > held_serial(cli, name, card);
}

nrs_error nrs_hub_card_keep(nrs_cli *cli, const nrs_roster *roster, const nrs_card *card, nrs_slice bytes)
{
    const Nrs__Wire__Member *member = nrs_roster_member_by_key(roster, card->sign_key.data);
    char name[NRS_KEY_NAME_SIZE];

    if (member == NULL || member->role != NRS_ROLE_HUB) {
        return NRS_OK;
    }
    nrs_key_name(name, card->sign_key.data);
    return held_serial(cli, name, card) > card->serial ? NRS_OK : nrs_folder_write_armour(cli, "CARD", "cards", name, ".card", bytes);
}

/* Before files were called by keys, this one was called by a name, which may be another's as well. */
static nrs_error read_by_name(nrs_cli *cli, nrs_bytes *card_out, const Nrs__Wire__Member *hub)
{
    nrs_bytes bytes = {0};
    nrs_card *card = NULL;
    nrs_error error = nrs_folder_has(cli, "cards", hub->org, ".card")
                          ? nrs_folder_read_armour(cli, &bytes, "CARD", "cards", hub->org, ".card", NRS_ERROR_UNKNOWN_ORG)
                          : NRS_OK;

    if (error == NRS_OK && bytes.size > 0 && nrs_card_verify(&card, nrs_slice_of_bytes(&bytes)) == NRS_OK &&
        nrs_slice_equal(nrs_field(&card->sign_key), nrs_field(&hub->sign_key))) {
        nrs_bytes_wipe(card_out);
        *card_out = bytes;
        bytes = (nrs_bytes){0};
    } else if (error == NRS_OK) {
        nrs_cli_note(cli, _("the invite lacks the card of the hub %s, which is not held here"), hub->org);
    }
    nrs_card_free(&card);
    nrs_bytes_wipe(&bytes);
    return error;
}

nrs_error nrs_hub_card_read(nrs_cli *cli, nrs_bytes *card_out, const Nrs__Wire__Member *hub)
{
    char name[NRS_KEY_NAME_SIZE];

    nrs_key_name(name, hub->sign_key.data);
    return nrs_folder_has(cli, "cards", name, ".card") ? nrs_folder_read_armour(cli, card_out, "CARD", "cards", name, ".card", NRS_ERROR_UNKNOWN_ORG)
                                                       : read_by_name(cli, card_out, hub);
}
