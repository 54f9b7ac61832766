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

/* In: name: of a file in the folder of persons' keys. */
static nrs_error add_person(json_t *warnings, const nrs_card *card, const char *name)
{
    char id[NRS_NAME_SIZE_MAX + 1] = "";
    const size_t size = nrs_text_ends_with(name, ENDING) ? strlen(name) - strlen(ENDING) : 0;
    char *text = NULL;
    nrs_error error = NRS_OK;

    if (size == 0 || size >= sizeof id) {
        return NRS_OK;
    }
    memcpy(id, name, size);
    if (!nrs_name_valid(id) || on_card(card, id)) {
        return NRS_OK;
    }
    text = nrs_text_format("%s is on no card, and receives nothing, until noroshi person unlock %s; who has left: noroshi person remove %s", id, id, id);
    error = text == NULL || json_array_append_new(warnings, json_string(text)) != 0 ? NRS_ERROR_NO_MEMORY : NRS_OK;
    free(text);
    return error;
}

nrs_error nrs_persons_waiting(const nrs_cli *cli, json_t *warnings)
{
    nrs_cli silent = {.dir = cli->dir, .language = cli->language};
    char *path = nrs_folder_path(cli, NULL, "persons", "");
    DIR *folder = path == NULL ? NULL : opendir(path);
    const struct dirent *entry = NULL;
    nrs_bytes signed_card = {0};
    nrs_card *card = NULL;
    nrs_error error = NRS_OK;

    NRS_ASSERT(warnings != NULL);
    if (folder != NULL && nrs_keyring_start(&silent) == NRS_OK && nrs_keyring_own_card(&silent, &signed_card, &card) == NRS_OK) {
        while (error == NRS_OK && (entry = readdir(folder)) != NULL) {
            error = add_person(warnings, card, entry->d_name);
        }
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
