/* Appending to the audit log, and finding out at a start whether somebody has changed it meanwhile (SPEC 13).
 *
 * The key that entries are sealed under is random and lies in the store, wrapped under the key of the vault file; the head says
 * where the log stands, sealed under that key. A log whose key or head is gone cannot be read any more: the node begins a new
 * one, whose first entry says so. A new store is given its log before its vault, so that one with a vault and without a log has
 * lost it. */
#include "audit/audit.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "proto/address.h"
#include "proto/time.h"

#define REFUSALS_KEPT_PER_MINUTE 8u /* entries that one peer can cause by what is refused */

#define KEY_NAME "audit-key"
#define HEAD_NAME "audit-head"
#define KEY_LABEL "audit log"

struct nrs_audit {
    nrs_secret *key;
    nrs_audit_head head;
    bool fresh;          /* key and log are new and not in the store yet */
    bool lost;           /* what the store holds belongs to a log that cannot be read */
    bool dirty;          /* the head has moved */
    bool foreign;        /* there are rows which this node did not write */
    const char *alarm;   /* to be said in the first entry from now on, or NULL */
};

void nrs_audit_wipe(nrs_core *core)
{
    if (core->audit != NULL) {
        nrs_secret_destroy(&core->audit->key);
        free(core->audit);
        core->audit = NULL;
    }
}

const nrs_audit_head *nrs_audit_head_of(const nrs_core *core)
{
    NRS_ASSERT(core != NULL && core->audit != NULL);
    return &core->audit->head;
}

/* ---- Loading ---- */

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
static nrs_error wrap_key_of(const nrs_core *core, nrs_secret **key_out)
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

static nrs_error unwrap_key(const nrs_core *core, struct nrs_audit *audit, nrs_slice wrapped)
{
    nrs_secret *wrap_key = NULL;
    nrs_error error = wrap_key_of(core, &wrap_key);

    if (error == NRS_OK) {
        error = nrs_vault_unwrap(&audit->key, wrap_key, nrs_slice_of_string(KEY_LABEL), wrapped);
    }
    nrs_secret_destroy(&wrap_key);
    if (error == NRS_OK && nrs_secret_size(audit->key) != NRS_KEY_SIZE) {
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
        audit->alarm = "what was signed of the audit log was removed";
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
        audit->alarm = "entries at the end of the audit log were removed";
        return NRS_OK;
    }
    return look_at_signed(core, audit);
}

nrs_error nrs_audit_load(nrs_core *core)
{
    struct nrs_audit *audit = calloc(1, sizeof *audit);
    nrs_bytes wrapped = {0}, head = {0};
    uint64_t last = 0;
    bool begun = false, first = false;
    nrs_error error = audit == NULL ? NRS_ERROR_NO_MEMORY : nrs_store_meta_get(core->store, KEY_NAME, &wrapped);

    if (error == NRS_OK) {
        error = nrs_store_meta_get(core->store, HEAD_NAME, &head);
    }
    if (error == NRS_OK) {
        error = nrs_store_audit_last(core->store, &last, UINT64_MAX);
    }
    if (error == NRS_OK) {
        error = nrs_vault_begun(core, &begun);
    }
    if (error != NRS_OK) {
        goto out;
    }
    if (wrapped.size == 0 && head.size == 0 && last == 0) {
        first = !begun;
        audit->lost = begun;
        audit->alarm = begun ? "the audit log that this node kept is gone" : NULL;
        error = begin_log(core, audit);
        goto out;
    }
    error = unwrap_key(core, audit, nrs_slice_of_bytes(&wrapped));
    if (error == NRS_OK) {
        error = nrs_audit_head_open(&audit->head, audit->key, nrs_slice_of_bytes(&head));
    }
    if (error == NRS_ERROR_DAMAGED) {
        audit->lost = true;
        audit->alarm = "the audit log before this one cannot be read";
        error = begin_log(core, audit);
    } else if (error == NRS_OK) {
        error = look_at_end(core, audit);
    }
out:
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

/* ---- Appending ---- */

/* Names that come from outside this program are kept as printable ASCII: an entry never fails for its text. */
static void clean(char *text_out, size_t size, const char *text)
{
    size_t count = 0;

    for (; text != NULL && text[count] != '\0' && count < size; count++) {
        text_out[count] = text[count] >= 0x20 && text[count] < 0x7f ? text[count] : '?';
    }
    text_out[count] = '\0';
}

static nrs_error keep_node(void *context, uint32_t level, uint64_t place, const uint8_t hash[NRS_HASH_SIZE])
{
    nrs_core *core = context;

    return level < NRS_AUDIT_PAGE_LEVEL ? NRS_OK : nrs_store_audit_node_set(core->store, level, place, hash);
}

/* NRS_ERROR_EXISTS: somebody has put a row where this entry belongs. */
static nrs_error append_once(nrs_core *core, const nrs_audit_what *what)
{
    struct nrs_audit *audit = core->audit;
    uint8_t salt[NRS_HASH_SIZE], about[NRS_HASH_SIZE], leaf[NRS_HASH_SIZE];
    char user[NRS_AUDIT_USER_SIZE_MAX + 1], person[NRS_NAME_SIZE_MAX + 1], org[NRS_NAME_SIZE_MAX + 1], detail[NRS_AUDIT_DETAIL_SIZE_MAX + 1];
    nrs_audit_entry entry;
    nrs_audit_row row = {.number = audit->head.tree.size + 1, .leaf = leaf};
    nrs_bytes bytes = {0}, sealed = {0};
    nrs_error error;

    randombytes_buf(salt, sizeof salt);
    clean(user, NRS_AUDIT_USER_SIZE_MAX, what->event == NRS_AUDIT_PADDING || what->org != NULL ? NULL : core->user);
    clean(person, NRS_NAME_SIZE_MAX, what->person != NULL && nrs_name_valid(what->person) ? what->person : NULL);
    clean(org, NRS_NAME_SIZE_MAX, what->org != NULL && nrs_name_valid(what->org) ? what->org : NULL);
    clean(detail, NRS_AUDIT_DETAIL_SIZE_MAX, what->detail);
    nrs__wire__audit_entry__init(&entry);
    entry.suite = NRS_SUITE;
    entry.salt = nrs_field_of(nrs_slice_of(salt, sizeof salt));
    entry.number = row.number;
    entry.at_ms = core->now_ms == 0 ? 1 : core->now_ms > NRS_TIME_MS_MAX ? NRS_TIME_MS_MAX : core->now_ms;
    entry.event = what->event;
    entry.rule = (uint32_t)what->rule;
    entry.user = user;
    entry.person = person;
    entry.org = org;
    entry.detail = detail;
    if (what->about.size > 0) {
        nrs_audit_about(about, salt, what->about);
        entry.about = nrs_field_of(nrs_slice_of(about, sizeof about));
    }
    error = nrs_audit_entry_encode(&bytes, &entry);
    NRS_ASSERT(error == NRS_OK || error == NRS_ERROR_NO_MEMORY);
    if (error == NRS_OK) {
        nrs_audit_leaf(leaf, nrs_slice_of_bytes(&bytes));
        error = nrs_audit_seal(&sealed, audit->key, audit->head.log, row.number, nrs_slice_of_bytes(&bytes));
    }
    if (error == NRS_OK) {
        row.sealed = nrs_slice_of_bytes(&sealed);
        error = nrs_store_audit_add(core->store, &row);
    }
    if (error == NRS_OK) {
        error = nrs_audit_append(&audit->head.tree, leaf, keep_node, core);
        audit->dirty = true;
    }
    nrs_bytes_wipe(&sealed);
    nrs_bytes_wipe(&bytes);
    return error == NRS_OK || error == NRS_ERROR_EXISTS || nrs_error_is_fatal(error) ? error : NRS_ERROR_INTERNAL;
}

/* Rows that this node did not write are put aside, where `audit verify` finds them, and the log goes on from the head: its next entry says
 * how many they were and where. */
static nrs_error put_aside(nrs_core *core)
{
    struct nrs_audit *audit = core->audit;
    char detail[NRS_AUDIT_DETAIL_SIZE_MAX + 1];
    const nrs_audit_what alarm = {.event = NRS_AUDIT_ALARM, .rule = NRS_ERROR_DAMAGED, .detail = detail};
    nrs_audit_span span = {0};
    nrs_error error = nrs_store_audit_foreign_span(core->store, &span, audit->head.tree.size);

    if (error == NRS_OK) {
        error = nrs_store_audit_foreign_keep(core->store, audit->head.tree.size);
    }
    if (error != NRS_OK) {
        return error;
    }
    (void)snprintf(detail, sizeof detail, "entries behind the end of the audit log: %llu (number %llu to %llu)", (unsigned long long)span.count,
                   (unsigned long long)span.first, (unsigned long long)span.last);
    nrs_core_log(core, NRS_ERROR_DAMAGED, "audit: %s", detail);
    audit->foreign = false;
    error = append_once(core, &alarm);
    return error == NRS_ERROR_EXISTS ? NRS_ERROR_INTERNAL : error;
}

static nrs_error append(nrs_core *core, const nrs_audit_what *what)
{
    nrs_error error = append_once(core, what);

    if (error == NRS_ERROR_EXISTS) {
        error = put_aside(core);
        error = error == NRS_OK ? append_once(core, what) : error;
    }
    return error == NRS_ERROR_EXISTS ? NRS_ERROR_INTERNAL : error;
}

/* A new log puts its key down first; what was found at the start is the first thing said. */
static nrs_error prepare(nrs_core *core)
{
    struct nrs_audit *audit = core->audit;
    nrs_audit_what alarm = {.event = NRS_AUDIT_ALARM, .rule = NRS_ERROR_DAMAGED, .detail = audit->alarm};
    nrs_secret *wrap_key = NULL;
    nrs_bytes wrapped = {0};
    nrs_error error = NRS_OK;

    if (audit->fresh) {
        error = audit->lost ? nrs_store_audit_clear(core->store) : NRS_OK;
        if (error == NRS_OK) {
            error = wrap_key_of(core, &wrap_key);
        }
        if (error == NRS_OK) {
            error = nrs_vault_wrap(&wrapped, wrap_key, nrs_slice_of_string(KEY_LABEL), audit->key);
        }
        if (error == NRS_OK) {
            error = nrs_store_meta_set(core->store, KEY_NAME, nrs_slice_of_bytes(&wrapped));
        }
        audit->fresh = false; /* a step that fails loads everything again */
        nrs_bytes_wipe(&wrapped);
        nrs_secret_destroy(&wrap_key);
    }
    if (error == NRS_OK && audit->foreign) {
        error = put_aside(core);
    }
    if (error == NRS_OK && audit->alarm != NULL) {
        nrs_core_log(core, NRS_ERROR_DAMAGED, "audit: %s", audit->alarm);
        audit->alarm = NULL;
        error = append(core, &alarm);
    }
    return error;
}

nrs_error nrs_audit_add(nrs_core *core, const nrs_audit_what *what)
{
    nrs_error error;

    NRS_ASSERT(core != NULL && core->audit != NULL);
    NRS_ASSERT(what != NULL && what->event >= NRS_AUDIT_PADDING && what->event <= NRS_AUDIT_EVENT_LAST);

    error = prepare(core);
    return error == NRS_OK ? append(core, what) : error;
}

nrs_error nrs_audit_add_from(nrs_core *core, nrs_peer *from, const nrs_audit_what *what)
{
    nrs_audit_what entry = *what;

    NRS_ASSERT(from != NULL);
    if (what->rule != NRS_OK) {
        if (core->monotonic_ms >= from->refused_ms + NRS_MINUTE_MS) {
            from->refused_ms = core->monotonic_ms;
            from->refused_count = 0;
        }
        if (from->refused_count == REFUSALS_KEPT_PER_MINUTE) {
            return NRS_OK;
        }
        from->refused_count++;
    }
    entry.org = what->unnamed ? NULL : what->org == NULL ? from->org : what->org;
    return nrs_audit_add(core, &entry);
}

nrs_error nrs_audit_settle(nrs_core *core)
{
    struct nrs_audit *audit = core->audit;
    nrs_bytes sealed = {0};
    nrs_error error;

    NRS_ASSERT(audit != NULL);

    error = prepare(core);
    if (error == NRS_OK && audit->dirty) {
        error = nrs_audit_head_seal(&sealed, audit->key, &audit->head);
        if (error == NRS_OK) {
            error = nrs_store_meta_set(core->store, HEAD_NAME, nrs_slice_of_bytes(&sealed));
        }
        audit->dirty = error != NRS_OK;
    }
    nrs_bytes_wipe(&sealed);
    return error;
}

void nrs_audit_checkpointed(nrs_core *core, uint64_t size, uint64_t at_ms)
{
    core->audit->head.checkpoint_size = size;
    core->audit->head.checkpoint_ms = at_ms;
    core->audit->dirty = true;
}

nrs_error nrs_audit_alarm(nrs_core *core, const nrs_peer *whose, const char *detail)
{
    const nrs_audit_what what = {.event = NRS_AUDIT_ALARM, .rule = NRS_ERROR_REWRITTEN, .org = whose->org, .detail = detail};

    nrs_core_log(core, NRS_ERROR_REWRITTEN, "audit: %s: %s", whose->org, detail);
    return nrs_audit_add(core, &what);
}

void nrs_audit_cosigned(nrs_core *core, uint64_t size)
{
    if (size > core->audit->head.cosigned_size) {
        core->audit->head.cosigned_size = size;
        core->audit->dirty = true;
    }
}

/* ---- Reading ---- */

typedef struct first_entry {
    const nrs_core *core;
    uint64_t lost_ms; /* when it was noticed that the log before is lost; 0: it is not */
} first_entry;

static nrs_error look_at_first(void *context, const nrs_audit_row *row)
{
    first_entry *first = context;
    nrs_bytes bytes = {0};
    nrs_audit_entry *entry = NULL;
    nrs_error error = nrs_audit_row_open(first->core, &bytes, &entry, row);

    if (error == NRS_OK && nrs_audit_begun_anew(entry)) {
        first->lost_ms = entry->at_ms;
    }
    nrs_audit_entry_free(&entry);
    nrs_bytes_wipe(&bytes);
    return error == NRS_ERROR_DAMAGED ? NRS_OK : error; /* for `audit verify` to say */
}

nrs_error nrs_audit_warn_lost(const nrs_core *core, json_t *warnings)
{
    first_entry first = {core, 0};
    char at[32], text[160];
    nrs_error error = nrs_store_audit_each(core->store, 0, 1, look_at_first, &first);

    if (error != NRS_OK || first.lost_ms == 0) {
        return error;
    }
    nrs_time_format(at, first.lost_ms);
    (void)snprintf(text, sizeof text, "this node began its audit log anew %s: the one before is gone or cannot be read", at);
    return nrs_array_text(warnings, text);
}

nrs_error nrs_audit_row_open(const nrs_core *core, nrs_bytes *bytes_out, nrs_audit_entry **entry_out, const nrs_audit_row *row)
{
    uint8_t leaf[NRS_HASH_SIZE];
    nrs_bytes bytes = {0};
    nrs_audit_entry *entry = NULL;
    nrs_error error = nrs_audit_open(&bytes, core->audit->key, core->audit->head.log, row->number, row->sealed);

    if (error == NRS_OK) {
        nrs_audit_leaf(leaf, nrs_slice_of_bytes(&bytes));
        error = nrs_audit_entry_decode(&entry, nrs_slice_of_bytes(&bytes));
    }
    if (error == NRS_OK && (memcmp(leaf, row->leaf, NRS_HASH_SIZE) != 0 || entry->number != row->number)) {
        error = NRS_ERROR_DAMAGED;
    }
    if (error == NRS_OK) {
        nrs_bytes_wipe(bytes_out);
        *bytes_out = bytes;
        bytes = (nrs_bytes){0};
        *entry_out = entry;
        entry = NULL;
    }
    nrs_audit_entry_free(&entry);
    nrs_bytes_wipe(&bytes);
    return error == NRS_OK || error == NRS_ERROR_NO_MEMORY ? error : NRS_ERROR_DAMAGED;
}
