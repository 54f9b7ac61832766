/* Reports of this node that a test picks, by their ids: so that the store can be asked and changed while they are walked. */
#ifndef CORE_REPORT_IDS_H
#define CORE_REPORT_IDS_H

#include "internal.h"

/** Zeroed is empty; nrs_id_list_wipe. */
typedef struct nrs_id_list {
    uint8_t (*ids)[NRS_HASH_SIZE];
    size_t count, capacity;
} nrs_id_list;
NRS_MUST_USE nrs_error nrs_id_list_add(nrs_id_list *list, const uint8_t id[NRS_HASH_SIZE]);
typedef bool (*nrs_report_test)(const nrs_report_row *row);
NRS_MUST_USE nrs_error nrs_report_ids(nrs_core *core, nrs_id_list *list_out, const nrs_report_filter *filter, nrs_report_test wanted);
void nrs_id_list_wipe(nrs_id_list *list);

#endif
