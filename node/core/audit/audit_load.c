/* Taking up the audit log at a start, and finding out whether somebody has changed it meanwhile (SPEC 13.3).
 *
 * The key that entries are sealed under is random and lies in the store, wrapped under the key of the vault file; the head says
 * where the log stands, sealed under that key, and so does a note beside the store (audit_note.c). A log whose key is gone, or whose head is and cannot be made anew, cannot be read any more: the
 * node begins a new one beside it, whose first entry says so. A new store is given its log before its vault, so that one with a vault and without
 * a log has lost it. */
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_own.h"
#include "command/command.h"

#define KEY_LABEL "audit log"

void nrs_audit_note_alarm(struct nrs_audit *audit, nrs_error rule, const char *format, ...)
{
    va_list arguments;

    if (audit->alarm_rule != NRS_OK) {
        return;
    }
    audit->alarm_rule = rule;
    va_start(arguments, format);
    (void)vsnprintf(audit->alarm, sizeof audit->alarm, format, arguments);
    va_end(arguments);
}

static nrs_error begin_log(nrs_core *core, struct nrs_audit *audit)
{
    nrs_secret_destroy(&audit->key);
    audit->head = (nrs_audit_head){.checkpoint_ms = core->now_ms};
    randombytes_buf(audit->head.log, sizeof audit->head.log);
    audit->fresh = true;
    audit->dirty = true;
    return nrs_secret_random(&audit->key, NRS_KEY_SIZE);
}

/* From the key that the vault file stands under, which outlives a change of identity. */
nrs_error nrs_audit_wrapping_key(const nrs_core *core, nrs_secret **key_out)
{
    uint8_t hash[NRS_KEY_SIZE];
    nrs_secret *vault_key = NULL;
    nrs_error error = nrs_vault_file_key(core, &vault_key);

    if (error == NRS_OK) {
        nrs_hash_one(hash, NRS_DOMAIN_AUDIT_KEY, nrs_secret_slice(vault_key));
        error = nrs_secret_copy(key_out, nrs_slice_of(hash, sizeof hash));
        nrs_memory_wipe(hash, sizeof hash);
    }
    nrs_secret_destroy(&vault_key);
    return error;
}

nrs_error nrs_audit_wrap_key(const nrs_core *core, nrs_bytes *wrapped_out, const nrs_secret *key)
{
    nrs_secret *wrap_key = NULL;
    nrs_error error = nrs_audit_wrapping_key(core, &wrap_key);

    if (error == NRS_OK) {
        error = nrs_vault_wrap(wrapped_out, wrap_key, nrs_slice_of_string(KEY_LABEL), key);
    }
    nrs_secret_destroy(&wrap_key);
    return error;
}

static nrs_error unwrap_key(const nrs_core *core, struct nrs_audit *audit, nrs_slice wrapped)
{
    nrs_secret *wrap_key = NULL;
    nrs_error error = nrs_audit_wrapping_key(core, &wrap_key);

    if (error == NRS_OK) {
        error = nrs_vault_unwrap(&audit->key, wrap_key, nrs_slice_of_string(KEY_LABEL), wrapped);
    }
    nrs_secret_destroy(&wrap_key);
    if (error == NRS_OK && nrs_secret_size(audit->key) != NRS_KEY_SIZE) {
        nrs_secret_destroy(&audit->key);
        error = NRS_ERROR_DAMAGED;
    }
    return error;
}

/* Put down at once, by itself: the store's vault comes behind it. */
static nrs_error commit_new(nrs_core *core)
{
    nrs_error error = nrs_store_begin(core->store);

    if (error != NRS_OK) {
        return error;
    }
    error = nrs_audit_settle(core);
    if (error != NRS_OK) {
        nrs_store_rollback(core->store);
        return error;
    }
    return nrs_store_commit(core->store);
}

/* What was signed lies beside the log, in the open: whether some of it was taken away the head tells. */
static nrs_error look_at_signed(nrs_core *core, struct nrs_audit *audit)
{
    uint64_t checkpoint = 0, cosigned = 0;
    nrs_error error = nrs_store_audit_checkpoint_last(core->store, &checkpoint);

    if (error == NRS_OK) {
        error = nrs_store_audit_cosigned_last(core->store, &cosigned);
    }
    if (error == NRS_OK && (checkpoint < audit->head.checkpoint_size || cosigned < audit->head.cosigned_size)) {
        nrs_audit_note_alarm(audit, NRS_ERROR_DAMAGED, "what was signed of the audit log was removed");
    }
    return error;
}

/* What the head says of the log against what is there. */
static nrs_error look_at_end(nrs_core *core, struct nrs_audit *audit)
{
    nrs_audit_span span = {0};
    uint64_t last = 0;
    nrs_error error = nrs_store_audit_foreign_span(core->store, &span, audit->head.tree.size);

    if (error == NRS_OK) {
        error = nrs_store_audit_last(core->store, &last, audit->head.tree.size);
    }
    if (error != NRS_OK) {
        return error;
    }
    audit->foreign = span.count > 0;
    if (last < audit->head.tree.size) {
        nrs_audit_note_alarm(audit, NRS_ERROR_DAMAGED, "entries at the end of the audit log were removed");
        return NRS_OK;
    }
    return look_at_signed(core, audit);
}

/* What cannot be read any more stays where it is until the new log begins, and then beside it. */
static nrs_error begin_beside(nrs_core *core, struct nrs_audit *audit)
{
    audit->lost = true;
    nrs_audit_note_alarm(audit, NRS_ERROR_DAMAGED, "the audit log before this one cannot be read");
    return begin_log(core, audit);
}

/* The log goes on from where the note has it end, which is no older than what the store says. */
static nrs_error take_note(struct nrs_audit *audit, const nrs_audit_note *note)
{
    audit->head = note->head;
    audit->head.noted = 1;
    audit->restored = audit->dirty = true;
    nrs_secret_destroy(&audit->key);
    return nrs_secret_copy(&audit->key, nrs_secret_slice(note->key));
}

static nrs_error make_head_anew(nrs_core *core, struct nrs_audit *audit, const nrs_audit_note *note)
{
    nrs_error error;

    if (note->found) {
        error = take_note(audit, note);
        if (error == NRS_OK) {
            error = nrs_audit_grow(core, &audit->head, audit->key, UINT64_MAX, true);
        }
    } else {
        error = audit->key == NULL ? NRS_ERROR_NOT_FOUND : nrs_audit_rebuild(core, &audit->head, audit->key);
    }
    if (error == NRS_OK) {
        audit->dirty = true;
        nrs_audit_note_alarm(audit, NRS_ERROR_REWRITTEN, "the head of the audit log was changed: it was made anew from entries 1 to %llu",
                             (unsigned long long)audit->head.tree.size);
    }
    return error;
}

/* Whether the log that the store has is the one noted, or goes on from there. */
static nrs_error continues(nrs_core *core, bool *continues_out, const nrs_audit_head *noted, const nrs_audit_head *stored)
{
    nrs_audit_head grown = *noted;
    nrs_error error = NRS_OK;

    if (noted->tree.size < stored->tree.size) {
        error = nrs_audit_grow(core, &grown, NULL, stored->tree.size, false);
    }
    *continues_out = error == NRS_OK && memcmp(&grown.tree, &stored->tree, sizeof grown.tree) == 0;
    return error;
}

/* Behind a commit that a power cut let stand the note may be older than the store, never the other way. */
static nrs_error compare_with_note(nrs_core *core, struct nrs_audit *audit, const nrs_audit_note *note)
{
    const uint64_t size = audit->head.tree.size;
    bool goes_on = false;
    nrs_error error;

    if (!note->found) {
        if (audit->head.noted != 0) {
            nrs_audit_note_alarm(audit, NRS_ERROR_REWRITTEN, note->there ? "what is noted beside the store of where the audit log ends does not open"
                                                                         : "what was noted beside the store of where the audit log ends is gone");
        }
        return NRS_OK;
    }
    audit->head.noted = 1;
    if (memcmp(note->head.log, audit->head.log, NRS_AUDIT_LOG_ID_SIZE) != 0) {
        nrs_audit_note_alarm(audit, NRS_ERROR_REWRITTEN, "the audit log is not the one noted beside the store");
        return NRS_OK;
    }
    error = continues(core, &goes_on, &note->head, &audit->head);
    if (error != NRS_OK || goes_on) {
        return error;
    }
    if (size < note->head.tree.size) {
        nrs_audit_note_alarm(audit, NRS_ERROR_REWRITTEN, "the audit log was set back from entry %llu to entry %llu", (unsigned long long)note->head.tree.size,
                             (unsigned long long)size);
    } else {
        nrs_audit_note_alarm(audit, NRS_ERROR_REWRITTEN, "the audit log does not continue what was noted beside the store: entries 1 to %llu",
                             (unsigned long long)note->head.tree.size);
    }
    return take_note(audit, note);
}

static nrs_error take_up(nrs_core *core, struct nrs_audit *audit, const nrs_audit_note *note, nrs_slice wrapped, nrs_slice head)
{
    nrs_error error = unwrap_key(core, audit, wrapped);

    if (error == NRS_OK) {
        error = nrs_audit_head_open(&audit->head, audit->key, head);
    }
    if (error == NRS_ERROR_DAMAGED) {
        error = make_head_anew(core, audit, note);
        if (error == NRS_ERROR_NOT_FOUND) {
            return begin_beside(core, audit);
        }
    } else if (error == NRS_OK) {
        error = compare_with_note(core, audit, note);
    }
    return error == NRS_OK ? look_at_end(core, audit) : error;
}

nrs_error nrs_audit_load(nrs_core *core)
{
    struct nrs_audit *audit = calloc(1, sizeof *audit);
    nrs_bytes wrapped = {0}, head = {0};
    nrs_audit_note note = {0};
    uint64_t last = 0;
    bool begun = false, first = false;
    nrs_error error = audit == NULL ? NRS_ERROR_NO_MEMORY : nrs_store_meta_bytes(core->store, NRS_AUDIT_KEY_NAME, &wrapped);

    if (error == NRS_OK) {
        error = nrs_store_meta_bytes(core->store, NRS_AUDIT_HEAD_NAME, &head);
    }
    if (error == NRS_OK) {
        error = nrs_store_audit_last(core->store, &last, UINT64_MAX);
    }
    if (error == NRS_OK) {
        error = nrs_vault_begun(core, &begun);
    }
    if (error == NRS_OK) {
        error = nrs_audit_note_read(core, audit, &note);
    }
    if (error == NRS_OK && (wrapped.size > 0 || head.size > 0 || last > 0)) {
        error = take_up(core, audit, &note, nrs_slice_of_bytes(&wrapped), nrs_slice_of_bytes(&head));
    } else if (error == NRS_OK) {
        first = !begun;
        audit->lost = begun;
        if (begun) {
            nrs_audit_note_alarm(audit, NRS_ERROR_DAMAGED, "the audit log that this node kept is gone");
        }
        error = begin_log(core, audit);
    }
    if (error == NRS_OK) { /* a start at which nothing is new writes nothing */
        audit->note_due = audit->note_due || audit->dirty || !note.found || memcmp(note.head.log, audit->head.log, NRS_AUDIT_LOG_ID_SIZE) != 0 ||
                          memcmp(&note.head.tree, &audit->head.tree, sizeof note.head.tree) != 0;
    }
    nrs_secret_destroy(&note.key);
    nrs_bytes_wipe(&head);
    nrs_bytes_wipe(&wrapped);
    if (error == NRS_OK) {
        core->audit = audit;
        audit = NULL;
    }
    if (audit != NULL) {
        nrs_secret_destroy(&audit->key);
        free(audit);
    }
    return error == NRS_OK && first ? commit_new(core) : error;
}
