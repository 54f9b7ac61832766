/* A source takes back what its hub has published (SPEC 6.11, 8.4): the hub withdraws that in its own name, at its tick, as if nobody had asked
 * it to; what still waits for the tick does not leave at all. The source's reason stays with the hub: it may tell who wrote it. */
#include "withheld/withheld.h"

#include <string.h>

#include "report/withdrawal.h"
#include "stream/stream.h"

static nrs_error has_left(nrs_core *core, bool *left_out, const uint8_t sealed_id[NRS_HASH_SIZE])
{
    uint8_t id[NRS_HASH_SIZE];
    uint64_t position = 0;
    nrs_error error;

    nrs_hash_one(id, NRS_DOMAIN_PUBLISH, nrs_slice_of(sealed_id, NRS_HASH_SIZE));
    error = nrs_store_log_find(core->store, &position, id);
    *left_out = position != 0;
    return error;
}

/* One that was published. Out: at_tick: something leaves with the tick. */
static nrs_error take_back(nrs_core *core, bool *at_tick, const uint8_t id[NRS_HASH_SIZE], uint64_t due_ms)
{
    nrs_report_row row;
    nrs_bytes holder = {0};
    nrs_recall it = {.core = NULL};
    bool left = false, withdrawn = false;
    nrs_error error = nrs_store_report_get(core->store, &row, &holder, id);

    if (error == NRS_OK) {
        error = nrs_withdrawal_of(core, &withdrawn, id);
    }
    if (error == NRS_OK && !withdrawn) {
        error = has_left(core, &left, id);
    }
    if (error == NRS_OK && !withdrawn && left) {
        error = nrs_publish_at(core, row.position, due_ms);
    } else if (error == NRS_OK && !withdrawn) { /* its row waits for the tick already */
        error = nrs_recall_wordless(&it, core, &row, due_ms); /* from now on nobody is handed it */
    }
    if (error == NRS_OK && !withdrawn) {
        *at_tick = true;
        nrs_core_log(core, NRS_OK, "what was published under TLP:%s was withdrawn by its source, or passes on what was: this hub withdraws it, at its tick", nrs_label_name((nrs_label)row.label));
    }
    nrs_recall_wipe(&it);
    nrs_bytes_wipe(&holder);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error; /* its bytes are gone, at everybody's */
}

/* The hub's receipt would wait for something else to leave; here something does. */
static nrs_error answer(nrs_core *core, const nrs_withdrawal_view *view, uint64_t due_ms)
{
    nrs_statement statement;

    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_RECEIPT;
    statement.sealed_id = nrs_field_of(nrs_slice_of(view->id, NRS_HASH_SIZE));
    statement.at_ms = due_ms;
    statement.stage = NRS_STAGE_WITHDRAWN;
    return nrs_digest_hold(core, view->header, &statement, due_ms);
}

nrs_error nrs_take_back_of(nrs_core *core, bool *at_tick_out, const uint8_t source[NRS_HASH_SIZE])
{
    const uint64_t due_ms = nrs_withheld_next_tick(core);
    const nrs_published *entry, *next;
    nrs_error error = NRS_OK;

    *at_tick_out = false;
    HASH_ITER (by_id, core->published_by_id, entry, next) {
        if (error == NRS_OK && memcmp(entry->source, source, NRS_HASH_SIZE) == 0) {
            error = take_back(core, at_tick_out, entry->id, due_ms);
        }
    }
    return error;
}

nrs_error nrs_take_back(nrs_core *core, bool *answered_out, const nrs_withdrawal_view *view)
{
    const uint64_t due_ms = nrs_withheld_next_tick(core);
    bool at_tick = false;
    nrs_error error = nrs_take_back_of(core, &at_tick, view->id);

    if (error == NRS_OK && at_tick) {
        error = answer(core, view, due_ms);
        *answered_out = error == NRS_OK;
    }
    return error;
}

nrs_error nrs_take_back_due(nrs_core *core, bool *done_out, const uint8_t sealed_id[NRS_HASH_SIZE], uint64_t position)
{
    nrs_report_row row;
    nrs_bytes holder = {0};
    nrs_recall it = {.core = NULL};
    const bool kept = nrs_withdrawn_at(core, position);
    bool left = false;
    nrs_error error = has_left(core, &left, sealed_id);

    *done_out = left || kept;
    if (error != NRS_OK || !*done_out || (left && kept)) { /* of what was withdrawn by hand meanwhile all know */
        return error;
    }
    error = nrs_store_report_get(core->store, &row, &holder, sealed_id);
    if (error == NRS_OK && !kept) {
        error = nrs_recall_wordless(&it, core, &row, core->now_ms);
        error = error == NRS_OK ? nrs_recall_tell(&it) : error;
    } else if (error == NRS_OK) {
        error = nrs_recall_tell_kept(core, &row);
    }
    nrs_recall_wipe(&it);
    nrs_bytes_wipe(&holder);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}
