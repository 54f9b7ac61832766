/* What the routes of a log entry share. */
#ifndef CORE_RELAY_H
#define CORE_RELAY_H

#include "internal.h"
#include "link/log.h"

void nrs_relay_add(nrs_relay_item *item, nrs_slice record);
/** The record of a log entry, copied, since the cache may drop one when the next is asked for. NRS_ERROR_NOT_FOUND when its bytes are dropped. */
NRS_MUST_USE nrs_error nrs_relay_add_entry(nrs_core *core, nrs_relay_item *item, uint64_t position);
/** The peer's slots; where it has none, those of the key that it came after (SPEC 7.10). Out: indices: at most room. */
size_t nrs_relay_slots_of(const nrs_core *core, size_t *indices, size_t room, const nrs_slots *slots, const nrs_peer *peer);
/** Their SLOT_PATH records. Out: paths_out[room], owned by the caller, on failure too; count_out. */
NRS_MUST_USE nrs_error nrs_relay_paths(nrs_core *core, nrs_bytes *paths_out, size_t *count_out, size_t room, const nrs_slots *slots, const nrs_peer *peer);
/** Takes the paths over into the item, or wipes them where `error` says so. */
void nrs_relay_add_paths(nrs_relay_item *item, nrs_bytes *paths, size_t count, nrs_error error);
/** The report (position 0: it is there already), what a grant of another authority than the originator's stands on, and that grant, in the
 *  order in which they are taken. home: it is for the report's own community. NRS_ERROR_NOT_FOUND when one is dropped (relay_onward.c). */
struct nrs_grant_terms;
NRS_MUST_USE nrs_error nrs_relay_add_chain(nrs_core *core, nrs_relay_item *item, uint64_t sealed_position, const struct nrs_grant_terms *terms,
                                           uint64_t grant_position, bool home);
/** A GRANT or SLOT_TABLE of another authority than the originator's (relay_onward.c). */
NRS_MUST_USE nrs_error nrs_relay_onward(nrs_core *core, nrs_relay_item *item_out, const nrs_log_entry *entry, const nrs_peer *peer);

#endif
