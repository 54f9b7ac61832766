/* prekeys and prekeys-rotate: the node's own prekeys, for a person who looks after them. */
#include <stdlib.h>
#include <string.h>

#include "command/command.h"

static const char hint_destroy[] = "Destroy the replaced ones (--destroy), or wait until the older ones are past their grace.";

static bool named_by(const nrs_bundle *bundle, const nrs_own_prekey *prekey)
{
    for (size_t i = 0; bundle != NULL && i < bundle->prekeys->n_prekeys; i++) {
        if (memcmp(bundle->prekeys->prekeys[i]->id.data, prekey->id, NRS_PREKEY_ID_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static int by_window(const void *a, const void *b)
{
    const nrs_own_prekey *const *x = a;
    const nrs_own_prekey *const *y = b;

    if ((*x)->secret.from_ms != (*y)->secret.from_ms) {
        return (*x)->secret.from_ms < (*y)->secret.from_ms ? -1 : 1;
    }
    return memcmp((*x)->id, (*y)->id, NRS_PREKEY_ID_SIZE);
}

static nrs_error put_prekey(const nrs_core *core, json_t *rows, const nrs_own_prekey *prekey)
{
    nrs_row row = nrs_row_begin();

    nrs_row_hex(&row, "id", prekey->id, NRS_PREKEY_ID_SIZE);
    nrs_row_time(&row, "from_at", prekey->secret.from_ms == 0 ? 1 : prekey->secret.from_ms);
    nrs_row_time(&row, "until", prekey->secret.until_ms);
    nrs_row_time(&row, "destroyed_after", prekey->secret.until_ms + NRS_PREKEY_GRACE_MS);
    nrs_row_flag(&row, "published", named_by(nrs_bundle_by_owner(core, core->self.sign_key), prekey));
    return nrs_row_end(&row, rows);
}

nrs_error nrs_command_prekeys(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    const nrs_own_prekey **list = calloc(HASH_COUNT(core->own_prekeys) + 1, sizeof *list);
    size_t count = 0;
    nrs_error error = list == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    (void)request;
    for (const nrs_own_prekey *prekey = core->own_prekeys; prekey != NULL && error == NRS_OK; prekey = prekey->hh.next) {
        if (!prekey->person) {
            list[count] = prekey;
            count++;
        }
    }
    if (count > 0) {
        qsort(list, count, sizeof *list, by_window);
    }
    for (size_t i = 0; i < count && error == NRS_OK; i++) {
        error = put_prekey(core, answer->rows, list[i]);
    }
    free(list);
    return error;
}

nrs_error nrs_command_prekeys_rotate(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    size_t destroyed = 0;
    nrs_row row = nrs_row_begin();
    nrs_error error = nrs_prekey_keeper_rotate(core, &destroyed, nrs_request_flag(request, "destroy"));

    if (error == NRS_ERROR_LIMIT) {
        error = nrs_refuse(answer, error, hint_destroy, "Too many prekeys are held already.");
    } else if (error == NRS_ERROR_CLOCK) {
        error = nrs_refuse(answer, error, NULL, "No prekey can be published at the time the clock shows.");
    } else if (error != NRS_OK) {
        error = nrs_command_written(core, error);
    } else {
        nrs_row_number(&row, "destroyed", destroyed);
        error = nrs_row_end(&row, answer->rows);
    }
    nrs_row_discard(&row);
    return error;
}
