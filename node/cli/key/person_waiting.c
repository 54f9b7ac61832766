#include "key/person_waiting.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"
#include "key/keyring.h"
#include "proto/address.h"
#include "proto/assert.h"
#include "text.h"

#define ENDING ".key"

static bool on_card(const nrs_card *card, const char *id)
{
    bool found = false;

    for (size_t i = 0; i < card->n_persons; i++) {
        found = found || strcmp(card->persons[i]->id, id) == 0;
    }
    return found;
}

/* What a file in the folder of persons' keys is named for. Returns whether that is a person. */
static bool person_of(char id_out[NRS_NAME_SIZE_MAX + 1], const char *name)
{
    const size_t size = nrs_text_ends_with(name, ENDING) ? strlen(name) - strlen(ENDING) : 0;

    if (size == 0 || size > NRS_NAME_SIZE_MAX) {
        return false;
    }
    memcpy(id_out, name, size);
    id_out[size] = '\0';
    return nrs_name_valid(id_out);
}

static nrs_error add_person(json_t *warnings, const char *id)
{
    char *text = nrs_text_format("%s is on no card, and receives nothing, until noroshi person unlock %s; who has left: noroshi person remove %s", id, id, id);
    nrs_error error = text == NULL || json_array_append_new(warnings, json_string(text)) != 0 ? NRS_ERROR_NO_MEMORY : NRS_OK;

    free(text);
    return error;
}

nrs_error nrs_persons_waiting(const nrs_cli *cli, json_t *warnings)
{
    nrs_cli silent = {.dir = cli->dir, .language = cli->language};
    char id[NRS_NAME_SIZE_MAX + 1];
    char *path = nrs_folder_path(cli, NULL, "persons", "");
    DIR *folder = path == NULL ? NULL : opendir(path);
    const struct dirent *entry = NULL;
    nrs_bytes signed_card = {0};
    nrs_card *card = NULL;
    nrs_error error = NRS_OK;

    NRS_ASSERT(warnings != NULL);
    while (folder != NULL && error == NRS_OK && (entry = readdir(folder)) != NULL) {
        if (!person_of(id, entry->d_name)) {
            continue;
        }
        if (card == NULL && /* only now: a status of who has no persons does not wait for it */
            (nrs_keyring_start(&silent) != NRS_OK || nrs_keyring_own_card(&silent, &signed_card, &card) != NRS_OK)) {
            break;
        }
        error = on_card(card, id) ? NRS_OK : add_person(warnings, id);
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    free(path);
    nrs_bytes_wipe(&signed_card);
    nrs_card_free(&card);
    silent.dir = NULL;
    nrs_cli_wipe(&silent);
    return error;
}
