/* What a record about a report may cost (SPEC 10.4). A grant, a release, a table of slots or a slot is small, and names a report that may be a
 * thousand times as large. So what can be told without the report is: of what a store's small rows say. What is left is read for, and where
 * nothing comes of it, because it is refused or brings nothing that is not here, that is counted: to who hands a record over, or granted what no
 * hub can tell the worth of; to who made a statement. A peer that has had many reports read for nothing waits with more of these, and what it
 * hands over does not count against what it says. It loses none of them, and what is taken counts for nothing. */
#include "link/look_up.h"

#include <string.h>

#include "link/log.h"
#include "prekeys/key_change.h"
#include "report/onward.h"

#define MUCH_RECORDS 4096u       /* within an hour */
#define MUCH_BYTES (32ull * 1024u * 1024u)
#define IDLE_PER_MINUTE 64u /* reports read for nothing at one peer's word */

bool nrs_look_ups_left(const nrs_core *core, const nrs_idle *idle)
{
    return idle->count < IDLE_PER_MINUTE || core->monotonic_ms >= idle->since_ms + NRS_MINUTE_MS;
}

void nrs_look_up_note(const nrs_core *core, nrs_idle *idle)
{
    if (core->retrying) {
        return; /* it was told that it is kept, and comes all at once */
    }
    if (idle->count == 0 || core->monotonic_ms >= idle->since_ms + NRS_MINUTE_MS) {
        *idle = (nrs_idle){.since_ms = core->monotonic_ms};
    }
    idle->count++;
}

void nrs_look_up_end(const nrs_core *core, nrs_idle *idle, nrs_error error, uint64_t read, uint64_t written)
{
    if (core->sealed_read != read && (nrs_error_is_verdict(error) || (error == NRS_OK && nrs_store_changes(core->store) == written))) {
        nrs_look_up_note(core, idle);
    }
}

/* Whoever it was that had too much read: a log is heard again for that no more than once a minute, and the first that waits is not made to wait
 * longer by those behind it. */
nrs_error nrs_look_up_put_off(nrs_core *core, nrs_peer *from)
{
    if (core->monotonic_ms >= from->put_off_ms) {
        from->put_off_ms = core->monotonic_ms + NRS_MINUTE_MS;
    }
    core->no_room = true;
    return NRS_ERROR_LIMIT;
}

nrs_error nrs_look_up_check(nrs_core *core, const uint8_t sealed_id[NRS_HASH_SIZE], nrs_peer *from, const nrs_idle *idle)
{
    bool far = false;
    nrs_error error;

    if (core->retrying || nrs_look_ups_left(core, idle)) {
        return NRS_OK;
    }
    error = nrs_log_sealed_far(core, &far, sealed_id);
    return error == NRS_OK && far ? nrs_look_up_put_off(core, from) : error;
}

/* What is right is taken, however much it is. Whoever looks why a node is busy, or its disk full, reads who brings so much. */
void nrs_amount_note(nrs_core *core, nrs_peer *from, uint64_t count, uint64_t bytes)
{
    if (from->came_count == 0 || core->monotonic_ms >= from->came_ms + NRS_HOUR_MS) {
        from->came_ms = core->monotonic_ms;
        from->came_count = from->came_bytes = 0;
        from->came_said = false;
    }
    from->came_count += count;
    from->came_bytes += bytes;
    if (!from->came_said && (from->came_count >= MUCH_RECORDS || from->came_bytes >= MUCH_BYTES)) {
        from->came_said = true;
        nrs_core_log(core, NRS_OK, "%s: %llu records and statements of it have come, %llu KiB, within %llu min", from->org,
                     (unsigned long long)from->came_count, (unsigned long long)(from->came_bytes / 1024),
                     (unsigned long long)((core->monotonic_ms - from->came_ms) / NRS_MINUTE_MS + 1));
    }
}

/* ---- Tables ---- */

/* One of the first grant, or of none: where the first slots are here, they are these or it is refused. */
static nrs_error first_table(nrs_core *core, bool *held_out, const nrs_slot_table *table, nrs_slice record)
{
    uint64_t position = 0, place = 0;
    bool any = false, same = false;
    nrs_error error = nrs_store_log_find(core->store, &position, table->sealed_id.data);

    if (error == NRS_OK && position != 0) { /* with the report */
        error = nrs_store_log_has_slots(core->store, &any, &same, position, record);
    }
    if (error == NRS_OK && !any) { /* by themselves: the same would have been found by its id */
        error = nrs_store_slot_place_get(core->store, &place, NULL, table->sealed_id.data, nrs_slice_of(NULL, 0));
    }
    if (error == NRS_OK && ((any && !same) || place != 0)) {
        return NRS_ERROR_NOT_FOUND;
    }
    *held_out = same;
    return error;
}

nrs_error nrs_look_up_table(nrs_core *core, bool *held_out, nrs_slots **slots_out, const nrs_slot_table *table, nrs_slice record)
{
    nrs_grant *grant = NULL;
    uint64_t position = 0;
    nrs_error error = nrs_log_later_grant(core, &grant, &position, table->sealed_id.data, table->grant_id.data);

    NRS_ASSERT(held_out != NULL && slots_out != NULL);
    *held_out = false;
    if (error == NRS_ERROR_NOT_FOUND) {
        return first_table(core, held_out, table, record);
    }
    if (error == NRS_OK) {
        error = nrs_slots_new(slots_out, table, grant, table->grant_id.data);
    }
    nrs_grant_free(&grant);
    return error;
}

/* ---- Slots for this node ---- */

typedef struct kept_slot {
    const nrs_slot_path *path;
    nrs_slice record;
    bool found;
} kept_slot;

static nrs_error compare_slot(void *context, const uint8_t *grant_id, uint32_t index, nrs_slice kept)
{
    kept_slot *it = context;

    it->found = it->found || (index == it->path->index && memcmp(grant_id, it->path->grant_id.data, NRS_HASH_SIZE) == 0 && nrs_slice_equal(kept, it->record));
    return NRS_OK;
}

/* What is open was opened by a slot of the originator's, which is all that there is to it, or by one of another's: then the originator's own are
 * still worth something. later: NULL for the first grant. */
static nrs_error open_already(nrs_core *core, bool *open_out, const nrs_report_row *row, const nrs_grant *later)
{
    nrs_let_in let_in;
    nrs_error error = nrs_let_in_self(core, &let_in, row->position);
    const bool by_originator = error == NRS_ERROR_NOT_FOUND || (error == NRS_OK && let_in.authority == NRS_AUTHORITY_ORIGINATOR);

    if (error == NRS_OK || error == NRS_ERROR_NOT_FOUND) {
        *open_out = by_originator || (later != NULL && later->authority != NRS_AUTHORITY_ORIGINATOR);
        error = NRS_OK;
    }
    return error;
}

static nrs_error held_already(nrs_core *core, bool *held_out, const nrs_report_row *row, const nrs_slot_path *path, const nrs_slot *slot, nrs_slice record,
                              const nrs_grant *later)
{
    const nrs_regrant_row asked = {.report = row->position, .org = core->self.sign_key, .prekey = slot->prekey_id.data};
    kept_slot kept = {.path = path, .record = record};
    nrs_error error = NRS_OK;

    if (nrs_key_ours(core, row->originator)) {
        *held_out = true; /* our own report came back */
        return NRS_OK;
    }
    switch ((nrs_key_state)row->key_state) {
    case NRS_KEY_HELD:
    case NRS_KEY_FORGOTTEN:
        error = open_already(core, held_out, row, later);
        break;
    case NRS_KEY_PERSON:
        error = nrs_store_slot_each(core->store, row->id, compare_slot, &kept);
        *held_out = error == NRS_OK && kept.found;
        break;
    case NRS_KEY_CANNOT_OPEN: /* for a prekey that is destroyed: it was asked for another then */
        error = nrs_own_prekey_by_id(core, slot->prekey_id.data) != NULL ? NRS_OK : nrs_store_regrant_has(core->store, held_out, &asked);
        break;
    case NRS_KEY_NONE:
    case NRS_KEY_WITHDRAWN:
        break;
    }
    return error;
}

nrs_error nrs_look_up_path(nrs_core *core, bool *held_out, nrs_peer **grantor_out, const nrs_slot_path *path, const nrs_slot *slot, nrs_slice record)
{
    nrs_grant *later = NULL;
    nrs_report_row row;
    nrs_bytes holder = {0};
    uint64_t position = 0;
    nrs_error error = nrs_log_later_grant(core, &later, &position, path->sealed_id.data, path->grant_id.data);

    NRS_ASSERT(held_out != NULL && grantor_out != NULL);
    *held_out = false;
    *grantor_out = NULL;
    if (error == NRS_OK) {
        error = nrs_merkle_verify(later->slot_root.data, nrs_field(&path->slot), path->index, later->slot_count, nrs_field(&path->path));
        *grantor_out = error == NRS_OK ? nrs_peer_by_sign(core, later->grantor.data) : NULL;
    } else if (error == NRS_ERROR_NOT_FOUND) { /* of the first grant, which stands in the report, or of none */
        error = NRS_OK;
    }
    if (error == NRS_OK) {
        error = nrs_store_report_get(core->store, &row, &holder, path->sealed_id.data);
        error = error == NRS_OK ? held_already(core, held_out, &row, path, slot, record, later) : error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
    }
    nrs_bytes_wipe(&holder);
    nrs_grant_free(&later);
    return error;
}
