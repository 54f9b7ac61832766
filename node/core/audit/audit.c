/* Appending to the audit log, and putting down where it stands (SPEC 13). How a start takes it up: audit_load.c. */
#include "audit/audit_own.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "proto/address.h"
#include "proto/time.h"

#define REFUSALS_KEPT_PER_MINUTE 8u /* entries that one peer can cause by what is refused */

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
        audit->head.alarm_ms = nrs_audit_tells_of_itself(&entry) ? entry.at_ms : audit->head.alarm_ms;
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

/* What was there before stays, beside the log that begins: rows, signatures, and what its key and its head were. */
static nrs_error put_lost_aside(nrs_core *core)
{
    static const char *const names[][2] = {{NRS_AUDIT_KEY_NAME, NRS_AUDIT_KEY_BEFORE_NAME}, {NRS_AUDIT_HEAD_NAME, NRS_AUDIT_HEAD_BEFORE_NAME}};
    nrs_bytes value = {0};
    nrs_error error = nrs_store_audit_put_aside(core->store);

    for (size_t i = 0; i < 2 && error == NRS_OK; i++) {
        error = nrs_store_meta_bytes(core->store, names[i][0], &value);
        if (error == NRS_OK && value.size > 0) {
            error = nrs_store_meta_set(core->store, names[i][1], nrs_slice_of_bytes(&value));
        }
    }
    nrs_bytes_wipe(&value);
    return error;
}

/* What is known of the tree without the rows, for proofs from there. */
static nrs_error keep_edge(nrs_core *core)
{
    const nrs_audit_tree *tree = &core->audit->head.tree;
    nrs_error error = NRS_OK;

    for (uint32_t level = NRS_AUDIT_PAGE_LEVEL; level < NRS_AUDIT_LEVEL_COUNT && error == NRS_OK; level++) {
        if (((tree->size >> level) & 1u) != 0) {
            error = nrs_store_audit_node_set(core->store, level, (tree->size >> level) - 1, tree->peaks[level]);
        }
    }
    return error;
}

/* A new log puts its key down first; what was found at the start is the first thing said. */
static nrs_error prepare(nrs_core *core)
{
    struct nrs_audit *audit = core->audit;
    nrs_audit_what alarm = {.event = NRS_AUDIT_ALARM, .rule = audit->alarm_rule, .detail = audit->alarm};
    nrs_bytes wrapped = {0};
    nrs_error error = NRS_OK;

    if (audit->restored) {
        error = keep_edge(core);
    }
    if (error == NRS_OK && (audit->fresh || audit->restored)) {
        error = audit->lost ? put_lost_aside(core) : NRS_OK;
        if (error == NRS_OK) {
            error = nrs_audit_wrap_key(core, &wrapped, audit->key);
        }
        if (error == NRS_OK) {
            error = nrs_store_meta_set(core->store, NRS_AUDIT_KEY_NAME, nrs_slice_of_bytes(&wrapped));
        }
        audit->fresh = audit->restored = false; /* a step that fails loads everything again */
        nrs_bytes_wipe(&wrapped);
    }
    if (error == NRS_OK && audit->foreign) {
        error = put_aside(core);
    }
    if (error == NRS_OK && audit->alarm_rule != NRS_OK) {
        nrs_core_log(core, audit->alarm_rule, "audit: %s", audit->alarm);
        audit->alarm_rule = NRS_OK;
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

void nrs_audit_terms(char *detail_out, uint32_t label, uint32_t given, bool names_kept)
{
    const bool other = given != label;

    (void)snprintf(detail_out, NRS_AUDIT_DETAIL_SIZE_MAX + 1, "%s%s%s%s", nrs_label_name((nrs_label)label), other ? " given as " : "",
                   other ? nrs_label_name((nrs_label)given) : "", names_kept ? ", names kept" : "");
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
            error = nrs_store_meta_set(core->store, NRS_AUDIT_HEAD_NAME, nrs_slice_of_bytes(&sealed));
        }
        audit->dirty = error != NRS_OK;
        audit->note_due = true;
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
    const nrs_audit_head *head = nrs_audit_head_of(core);
    first_entry first = {core, 0};
    char at[32], text[160];
    nrs_error error = nrs_store_audit_each(core->store, 0, 1, look_at_first, &first);

    if (error == NRS_OK && first.lost_ms != 0) {
        nrs_time_format(at, first.lost_ms);
        (void)snprintf(text, sizeof text, "this node began its audit log anew %s: the one before is gone or cannot be read", at);
        error = nrs_array_text(warnings, text);
    }
    if (error == NRS_OK && head->alarm_ms != 0 && first.lost_ms != head->alarm_ms) {
        nrs_time_format(at, head->alarm_ms);
        (void)snprintf(text, sizeof text, "this node found its audit log changed %s: see noroshi audit verify", at);
        error = nrs_array_text(warnings, text);
    }
    return error;
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
