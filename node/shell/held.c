#include "held.h"

#include <stdio.h>
#include <string.h>

#include "files.h"
#include "keys/card.h"
#include "keys/roster.h"
#include "proto/armour.h"
#include "proto/assert.h"

#define PATH_SIZE_MAX 512

static nrs_error read_armoured(nrs_bytes *data_out, const nrs_folder *folder, const char *path, const char *type)
{
    nrs_bytes text = {0};
    nrs_error error = nrs_file_read(&text, folder->fd, path, NRS_CEREMONY_FILE_SIZE_MAX);

    if (error == NRS_OK) {
        error = nrs_armour_decode(data_out, type, nrs_slice_of_bytes(&text));
    }
    nrs_bytes_wipe(&text);
    return error;
}

static uint64_t roster_version(const nrs_folder *folder, const char *path)
{
    nrs_bytes bytes = {0};
    nrs_signed_by_many *many = NULL;
    nrs_roster *roster = NULL;
    uint64_t version = 0;
    nrs_error error = read_armoured(&bytes, folder, path, "ROSTER");

    if (error == NRS_OK) {
        error = nrs_signed_by_many_decode(&many, nrs_slice_of_bytes(&bytes));
    }
    if (error == NRS_OK) {
        error = nrs_roster_decode(&roster, nrs_field(&many->statement));
    }
    if (error == NRS_OK) {
        version = roster->version;
    }
    nrs_roster_free(&roster);
    nrs_signed_by_many_free(&many);
    nrs_bytes_wipe(&bytes);
    return version;
}

static uint64_t card_serial(const nrs_folder *folder, const char *path)
{
    nrs_bytes bytes = {0};
    nrs_card *card = NULL;
    uint64_t serial = 0;
    nrs_error error = read_armoured(&bytes, folder, path, "CARD");

    if (error == NRS_OK) {
        error = nrs_card_verify(&card, nrs_slice_of_bytes(&bytes));
    }
    if (error == NRS_OK) {
        serial = card->serial;
    }
    nrs_card_free(&card);
    nrs_bytes_wipe(&bytes);
    return serial;
}

bool nrs_folder_is_newer(nrs_folder *folder, const char *path, uint64_t held_version)
{
    char roster[PATH_SIZE_MAX];
    const char *slash = strchr(path, '/');
    const char *dot = strrchr(path, '.');

    NRS_ASSERT(folder != NULL && slash != NULL && dot != NULL && dot > slash);
    if (strncmp(path, "cards/", strlen("cards/")) == 0) {
        return card_serial(folder, path) > held_version;
    }
    (void)snprintf(roster, sizeof roster, "%.*s.roster", (int)(dot - path), path);
    return roster_version(folder, roster) > held_version;
}
