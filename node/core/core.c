/* The step: events in, one transaction, effects out. */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "link/link.h"
#include "link/receive.h"
#include "prekeys/key_change.h"
#include "report/letters.h"
#include "report/withdrawal.h"
#include "roster/directory.h"
#include "roster/roster.h"
#include "stream/stream.h"
#include "withheld/withheld.h"

#define EVENT_COUNT_MAX 1024u
#define SENT_STORED_EVERY_MS 5000u

static nrs_error load(nrs_core *core)
{
    nrs_error error = nrs_audit_load(core); /* before the vault: a store with a vault has a log, or lost it */

    if (error == NRS_OK) {
        error = nrs_vault_keeper_load(core);
    }
    if (error == NRS_OK) {
        error = nrs_prekey_keeper_load(core);
    }
    if (error == NRS_OK) {
        error = nrs_directory_load(core);
    }
    if (error == NRS_OK) {
        error = nrs_letters_load(core);
    }
    if (error == NRS_OK) {
        error = nrs_gap_load(core);
    }
    if (error == NRS_OK) {
        error = nrs_withheld_load(core);
    }
    if (error == NRS_OK) {
        error = nrs_withdrawals_load(core);
    }
    nrs_roster_nobody_came(core); /* who was here before the start has not come in */
    core->newcomers_left = true;  /* some may wait in the store from then */
    core->admission_changed = true;
    core->switch_due = core->switch_said = false; /* what a step that failed had said of it nobody heard */
    core->letters_due = true;
    core->letters_await_clock = false;
    core->must_reload = core->half_done = false;
    core->deferred_again = true; /* whether any waits for no more than room is not known now */
    return error;
}

static void unload(nrs_core *core)
{
    nrs_link_wipe_all(core);
    nrs_link_pump_wipe(core);
    nrs_log_cache_wipe(core);
    nrs_equivocation_wipe(core);
    nrs_statements_wipe(core);
    core->sent_held = false;
    free(core->arrived);
    core->arrived = NULL;
    core->arrived_count = core->arrived_capacity = 0;
    nrs_directory_wipe(core);
    nrs_prekey_keeper_wipe(core);
    nrs_vault_keeper_wipe(core);
    nrs_audit_wipe(core);
    nrs_withdrawals_wipe(core);
    nrs_published_wipe(core);
}

static nrs_error take_own_card(nrs_core *core)
{
    nrs_bytes record = {0}, payload = {0};
    nrs_error error = nrs_bytes_copy(&payload, nrs_slice_of_bytes(&core->own_card));

    if (error == NRS_OK) {
        error = nrs_record_wrap(&record, NRS_RECORD_CARD, nrs_slice_of_bytes(&payload));
    }
    if (error == NRS_OK) {
        error = nrs_directory_take_card(core, nrs_slice_of_bytes(&record), nrs_slice_of_bytes(&payload), nrs_slice_of(NULL, 0));
    }
    nrs_bytes_wipe(&payload);
    nrs_bytes_wipe(&record);
    return error;
}

/* The card and the first prekeys are published in a transaction of their own, before any event. */
static nrs_error start(nrs_core *core)
{
    nrs_effects discarded = {0};
    nrs_error error = nrs_store_begin(core->store);

    if (error != NRS_OK) {
        return error;
    }
    core->effects = &discarded; /* log lines of the start; its files are written with the first step, as all that are held */
    core->files_due = true;
    error = take_own_card(core);
    if (error == NRS_OK) {
        error = nrs_prekey_keeper_tick(core);
    }
    if (error == NRS_OK) {
        error = nrs_statement_flush(core); /* a card changed while the node was down may have something to say */
    }
    if (error == NRS_OK) {
        error = nrs_audit_settle(core);
    }
    if (error == NRS_OK) {
        error = nrs_store_commit(core->store);
    }
    if (error == NRS_OK) {
        nrs_error noted = nrs_audit_file_settle(core);

        (void)noted; /* the next step tries again, and what it says is heard */
        error = nrs_vault_settle(core);
    } else {
        nrs_store_rollback(core->store);
    }
    core->effects = NULL;
    core->arrived_count = 0;
    nrs_effects_wipe(&discarded);
    return error;
}

nrs_error nrs_core_new(nrs_core **core_out, const nrs_core_options *options, uint64_t now_ms)
{
    nrs_core *core = calloc(1, sizeof *core);
    nrs_card *card = NULL;
    nrs_error error;

    NRS_ASSERT(options != NULL && options->store != NULL && options->identity != NULL);
    if (core == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    core->store = options->store;
    core->identity = options->identity;
    core->vault_file = options->vault;
    core->audit_file = options->audit_file;
    core->vault_key = options->vault_key;
    if (options->former != NULL) {
        core->former = options->former;
        core->former_keys = *nrs_identity_public(options->former);
        nrs_key_hash(core->former_hash, core->former_keys.sign_key);
    }
    core->self = *nrs_identity_public(options->identity);
    core->link_window = options->link_window != 0 ? options->link_window : NRS_LINK_WINDOW_DEFAULT;
    core->gap_grace_ms = options->gap_grace_ms != 0 ? options->gap_grace_ms : NRS_GAP_GRACE_MS_DEFAULT;
    core->head_after_ms = options->head_after_ms != 0 ? options->head_after_ms : NRS_HEAD_AFTER_MS_DEFAULT;
    core->vouch_tick_ms = options->vouch_tick_ms != 0 ? options->vouch_tick_ms : NRS_VOUCH_TICK_MS_DEFAULT;
    core->now_ms = now_ms;
    nrs_key_hash(core->self_hash, core->self.sign_key);
    error = nrs_card_verify(&card, options->own_card);
    if (error == NRS_OK && memcmp(card->sign_key.data, core->self.sign_key, NRS_KEY_SIZE) != 0) {
        error = NRS_ERROR_DAMAGED;
    }
    if (error == NRS_OK) {
        (void)snprintf(core->org, NRS_NAME_SIZE_MAX + 1, "%s", card->org);
        error = nrs_bytes_copy(&core->own_card, options->own_card);
    }
    if (error == NRS_OK) {
        error = load(core);
    }
    if (error == NRS_OK) {
        error = start(core);
    }
    nrs_card_free(&card);
    if (error != NRS_OK) {
        nrs_core_destroy(&core);
        return error;
    }
    *core_out = core;
    return NRS_OK;
}

void nrs_core_destroy(nrs_core **core)
{
    if (core == NULL || *core == NULL) {
        return;
    }
    unload(*core);
    nrs_bytes_wipe(&(*core)->own_card);
    free(*core);
    *core = NULL;
}

bool nrs_core_busy(const nrs_core *core)
{
    return core->more_to_send || core->rosters_to_push || core->newcomers_left || core->digests_go_on;
}

/* How far peers have confirmed is told by their next hello; the stored copy serves `status` after a restart. */
static nrs_error store_sent(nrs_core *core)
{
    nrs_peer *peer, *next;

    if (core->monotonic_ms < core->sent_stored_ms + SENT_STORED_EVERY_MS) {
        return NRS_OK;
    }
    core->sent_stored_ms = core->monotonic_ms;
    HASH_ITER (by_sign, core->peers_by_sign, peer, next) {
        nrs_error error = peer->sent_dirty ? nrs_store_sent_set(core->store, peer->keys.sign_key, peer->sent_position) : NRS_OK;
        if (error != NRS_OK) {
            return error;
        }
        peer->sent_dirty = false;
    }
    return NRS_OK;
}

static nrs_error tick(nrs_core *core)
{
    nrs_error error = nrs_prekey_keeper_tick(core);

    core->rosters_adopted = core->rosters_adopted || core->deferred_again;
    if (error == NRS_OK) {
        error = nrs_key_changes_tick(core);
    }
    if (error == NRS_OK) {
        error = nrs_roster_tick(core);
    }
    if (error == NRS_OK) {
        error = nrs_link_tick(core);
    }
    if (error == NRS_OK) {
        error = nrs_sweep_tick(core);
    }
    if (error == NRS_OK) {
        error = nrs_bundles_tick(core);
    }
    if (error == NRS_OK) {
        error = nrs_stream_sweep(core);
    }
    if (error == NRS_OK) {
        error = nrs_gap_tick(core);
    }
    if (error == NRS_OK) {
        error = nrs_withdrawal_tick(core);
    }
    if (error == NRS_OK) {
        error = nrs_head_tick(core);
    }
    if (error == NRS_OK) {
        error = nrs_withheld_tick(core);
    }
    if (error == NRS_OK) {
        error = nrs_audit_tick(core);
    }
    return error == NRS_OK ? store_sent(core) : error;
}

static nrs_error take_event(nrs_core *core, const nrs_event *event, size_t event_count)
{
    core->now_ms = event->now_ms;
    core->monotonic_ms = event->monotonic_ms;
    core->user = event->user;
    core->person = NULL;
    switch (event->type) {
    case NRS_EVENT_TICK:
        return tick(core);
    case NRS_EVENT_LINK_UP:
    case NRS_EVENT_LINK_DOWN:
    case NRS_EVENT_LINK_REFUSED:
    case NRS_EVENT_LINK_HELD_BACK:
    case NRS_EVENT_FRAME:
        return nrs_link_event(core, event);
    case NRS_EVENT_COMMAND:
        return nrs_command_take(core, event);
    case NRS_EVENT_INBOX:
        NRS_ASSERT(event_count == 1);
        return nrs_inbox_take(core, event);
    }
    nrs_assert_failed("a known event", __func__, __LINE__);
}

/* A changed roster binds at once: links of those it no longer names end within this step. */
static nrs_error settle_admission(nrs_core *core)
{
    nrs_effect *effect;
    nrs_link *link, *next;
    nrs_error error;

    if (!core->admission_changed) {
        return core->dial_due ? nrs_directory_dial(core) : NRS_OK;
    }
    core->admission_changed = false;
    core->letters_due = true; /* some may have waited for this roster */
    error = nrs_key_changes_settle(core);
    if (error != NRS_OK) {
        return error;
    }
    error = nrs_effect_add(core, &effect, NRS_EFFECT_ADMISSION);
    if (error != NRS_OK) {
        return error;
    }
    HASH_ITER (hh, core->links, link, next) {
        bool admitted = nrs_link_admitted(core, link->peer);

        if (!nrs_link_greeted(core, link->peer)) {
            nrs_core_log(core, NRS_ERROR_REVOKED, "link to %s ended: removed from the roster", link->peer->org);
            nrs_link_close(core, link, NRS_ERROR_REVOKED);
        } else if (!admitted && !link->told_only) { /* what flies is heard again, once the fork is over */
            nrs_core_log(core, NRS_ERROR_FORKED, "link to %s ended: not all sides of the fork have both", link->peer->org);
            error = link->state == NRS_LINK_UP && nrs_link_leaves_out(core, link->peer) ? nrs_fork_tell_link(core, link) : NRS_OK;
            nrs_link_close(core, link, NRS_ERROR_FORKED);
            if (error != NRS_OK) {
                return error;
            }
        } else if (admitted && link->told_only) {
            nrs_link_close(core, link, NRS_OK); /* the next goes on where the last as members ended */
        }
    }
    return nrs_directory_dial(core);
}

static nrs_error run(nrs_core *core, const nrs_event *events, size_t event_count)
{
    nrs_error error = nrs_store_begin(core->store);

    for (size_t i = 0; error == NRS_OK && i < event_count; i++) {
        error = take_event(core, &events[i], event_count);
    }
    if (error == NRS_OK) {
        error = nrs_receive_deferred(core);
    }
    if (error == NRS_OK) {
        error = nrs_roster_tell_again(core);
    }
    if (error == NRS_OK) {
        error = settle_admission(core);
    }
    if (error == NRS_OK) {
        error = nrs_grant_waiting(core);
    }
    if (error == NRS_OK) {
        error = nrs_statement_flush(core);
    }
    if (error == NRS_OK) {
        error = nrs_link_confirm_all(core);
    }
    core->user = core->person = NULL;
    if (error == NRS_OK) {
        error = nrs_numbers_settle(core);
    }
    if (error == NRS_OK) {
        error = nrs_audit_settle(core);
    }
    core->arrived_count = 0;
    if (error == NRS_OK && (core->must_reload || core->half_done)) {
        error = core->half_done ? NRS_ERROR_BUSY : NRS_ERROR_INTERNAL;
    }
    return error == NRS_OK ? nrs_store_commit(core->store) : error;
}

/* Nothing of the step is done, and nothing that it wanted to say is said, but for the links, which end. */
static void undo(nrs_core *core, nrs_effects *effects, size_t kept)
{
    nrs_link *link, *next;

    nrs_store_rollback(core->store);
    while (effects->count > kept) {
        nrs_effect *last = &effects->list[effects->count - 1];
        nrs_bytes_wipe(&last->bytes);
        free(last->text);
        json_decref(last->reply);
        effects->count--;
    }
    HASH_ITER (hh, core->links, link, next) {
        nrs_link_close(core, link, NRS_OK);
    }
}

/* After a transaction that was undone memory may be ahead of the disk: it is thrown away and read again. */
static nrs_error read_again(nrs_core *core)
{
    unload(core);
    core->prekeys_checked_ms = core->waiting_checked_ms = core->swept_ms = core->bundles_checked_ms = 0; /* what this step had looked after is not done */
    return load(core);
}

/* The commands are told of the failure. */
static void fail(nrs_core *core, nrs_effects *effects, size_t kept, const nrs_event *events, size_t event_count, nrs_error cause)
{
    nrs_error error;

    undo(core, effects, kept);
    for (size_t i = 0; i < event_count; i++) {
        if (events[i].type == NRS_EVENT_COMMAND &&
            nrs_core_reply(core, events[i].request, NULL, cause, NULL, NULL) != NRS_OK) {
            break; /* out of memory: the caller's own time limit ends its wait */
        }
    }
    error = read_again(core);
    if (error != NRS_OK) {
        nrs_core_log(core, error, "the store could not be read again: %s", nrs_error_rule(error));
        core->must_reload = true;
    }
}

/* Once for as long as it fails: until then the node runs as ever, but an older store put in its place would not be found out. */
static void settle_note(nrs_core *core)
{
    nrs_error error = nrs_audit_file_settle(core);

    if (error != NRS_OK && !core->audit_note_failed) {
        nrs_core_log(core, error, "where the audit log ends could not be written into audit-end: %s; it is tried again with each entry", nrs_error_rule(error));
    }
    core->audit_note_failed = error != NRS_OK;
}

nrs_error nrs_core_step(nrs_core *core, nrs_effects *effects_out, const nrs_event *events, size_t event_count)
{
    size_t kept = effects_out->count;
    nrs_error error = NRS_OK;

    NRS_ASSERT(event_count <= EVENT_COUNT_MAX);
    core->effects = effects_out;
    if (core->must_reload) {
        unload(core);
        error = load(core);
        core->must_reload = error != NRS_OK;
    }
    if (error == NRS_OK) {
        error = run(core, events, event_count);
    }
    if (core->refused.file == NRS_FILE_UNDONE) { /* once more, as the refusal alone */
        const size_t link_count = HASH_COUNT(core->links);

        undo(core, effects_out, kept);
        error = read_again(core);
        nrs_core_log(core, core->refused.rule, "inbox: what a refused file had written is undone (%s); %zu links end and begin anew", nrs_error_rule(core->refused.rule),
                     link_count);
        core->refused.file = NRS_FILE_REFUSED;
        error = error == NRS_OK ? run(core, events, event_count) : error;
    }
    core->refused = (nrs_refused_file){.file = NRS_FILE_NONE};
    if (error != NRS_OK) {
        fail(core, effects_out, kept, events, event_count, error);
    } else {
        nrs_error settled;

        settle_note(core);
        settled = nrs_vault_settle(core);
        error = nrs_roster_push_all(core); /* before the reports that may need them */
        if (error == NRS_OK) {
            error = nrs_link_pump_all(core); /* a vault that cannot be written stops no report */
        }
        if (error == NRS_OK && core->files_due) {
            error = nrs_directory_write_again(core);
            core->files_due = error != NRS_OK;
        }
        error = error == NRS_OK ? settled : error;
        if (error != NRS_OK) { /* committed, but not all could be sent: the next step goes on */
            nrs_core_log(core, error, "after the commit: %s", nrs_error_rule(error));
            error = NRS_OK;
        }
    }
    core->effects = NULL;
    return error;
}
