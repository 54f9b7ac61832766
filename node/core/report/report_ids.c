#include "report/report_ids.h"

#include <stdlib.h>
#include <string.h>

typedef struct picking {
    nrs_id_list list;
    size_t capacity;
    nrs_report_test wanted;
} picking;

static nrs_error pick(void *context, const nrs_report_row *row)
{
    picking *all = context;

    if (!all->wanted(row)) {
        return NRS_OK;
    }
    if (all->list.count == all->capacity) {
        size_t capacity = all->capacity == 0 ? 64 : 2 * all->capacity;
        uint8_t(*ids)[NRS_HASH_SIZE] = realloc(all->list.ids, capacity * sizeof *ids);

        if (ids == NULL) {
            return NRS_ERROR_NO_MEMORY;
        }
        all->list.ids = ids;
        all->capacity = capacity;
    }
    memcpy(all->list.ids[all->list.count], row->id, NRS_HASH_SIZE);
    all->list.count++;
    return NRS_OK;
}

nrs_error nrs_report_ids(nrs_core *core, nrs_id_list *list_out, const nrs_report_filter *filter, nrs_report_test wanted)
{
    picking all = {.wanted = wanted};
    nrs_error error;

    NRS_ASSERT(list_out != NULL && filter != NULL);
    NRS_ASSERT(wanted != NULL);
    error = nrs_store_report_each(core->store, filter, pick, &all);
    if (error != NRS_OK) {
        free(all.list.ids);
        return error;
    }
    *list_out = all.list;
    return NRS_OK;
}

void nrs_id_list_wipe(nrs_id_list *list)
{
    free(list->ids);
    *list = (nrs_id_list){.count = 0};
}
