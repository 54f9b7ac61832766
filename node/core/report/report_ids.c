#include "report/report_ids.h"

#include <stdlib.h>
#include <string.h>

nrs_error nrs_id_list_add(nrs_id_list *list, const uint8_t id[NRS_HASH_SIZE])
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 64 : 2 * list->capacity;
        void *ids = realloc(list->ids, capacity * sizeof *list->ids);

        if (ids == NULL) {
            return NRS_ERROR_NO_MEMORY;
        }
        list->ids = ids;
        list->capacity = capacity;
    }
    memcpy(list->ids[list->count], id, NRS_HASH_SIZE);
    list->count++;
    return NRS_OK;
}

typedef struct picking {
    nrs_id_list list;
    nrs_report_test wanted;
} picking;

static nrs_error pick(void *context, const nrs_report_row *row)
{
    picking *all = context;

    return all->wanted(row) ? nrs_id_list_add(&all->list, row->id) : NRS_OK;
}

nrs_error nrs_report_ids(nrs_core *core, nrs_id_list *list_out, const nrs_report_filter *filter, nrs_report_test wanted)
{
    picking all = {.wanted = wanted};
    nrs_error error;

    NRS_ASSERT(list_out != NULL && filter != NULL);
    NRS_ASSERT(wanted != NULL);
    error = nrs_store_report_each(core->store, filter, pick, &all);
    if (error != NRS_OK) {
        nrs_id_list_wipe(&all.list);
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
