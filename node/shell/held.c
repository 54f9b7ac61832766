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

static nrs_error roster_version(uint64_t *version_out, const nrs_folder *folder, const char *path)
{
    nrs_bytes bytes = {0};
    nrs_error error = read_armoured(&bytes, folder, path, "ROSTER");

    if (error == NRS_OK) {
        error = nrs_roster_version_of(version_out, nrs_slice_of_bytes(&bytes));
    }
    nrs_bytes_wipe(&bytes);
    return error;
}

static nrs_error card_serial(uint64_t *serial_out, const nrs_folder *folder, const char *path)
{
    nrs_bytes bytes = {0};
    nrs_card *card = NULL;
    nrs_error error = read_armoured(&bytes, folder, path, "CARD");

    if (error == NRS_OK) {
        error = nrs_card_verify(&card, nrs_slice_of_bytes(&bytes));
    }
    if (error == NRS_OK) {
        *serial_out = card->serial;
    }
    nrs_card_free(&card);
    nrs_bytes_wipe(&bytes);
    return error;
}

bool nrs_folder_is_newer(nrs_folder *folder, const char *path, uint64_t held_version)
{
    char roster[PATH_SIZE_MAX];
    uint64_t found = 0;
    nrs_error error;
    const char *slash = strchr(path, '/');
    const char *dot = strrchr(path, '.');

    NRS_ASSERT(folder != NULL && slash != NULL && dot != NULL && dot > slash);
    if (strncmp(path, "cards/", strlen("cards/")) == 0) {
        error = card_serial(&found, folder, path);
    } else {
        (void)snprintf(roster, sizeof roster, "%.*s.roster", (int)(dot - path), path);
        error = roster_version(&found, folder, roster);
    }
    if (error == NRS_ERROR_SYSTEM || error == NRS_ERROR_DISK || error == NRS_ERROR_NO_MEMORY) {
        return true; /* what could not be looked at may be newer */
    }
    return error == NRS_OK && found > held_version;
}
