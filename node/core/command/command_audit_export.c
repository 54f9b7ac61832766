/* audit-export, audit-checkpoint and audit-signed: the audit log as others check it, and what was signed of it. */
#include <string.h>

#include "audit/audit.h"
#include "audit/watch.h"
#include "command/command.h"
#include "keys/audit_check.h"
#include "prekeys/key_change.h"

#define ENTRIES_MAX 4096u
#define FOREIGN_MAX 4096u
#define FOREIGN_SIGNED_MAX 64u

/* ---- audit-export: entries with, behind the entry they end on, the checkpoints and cosignatures ---- */

typedef struct exporting {
    nrs_core *core;
    json_t *rows;
    uint64_t until;       /* what came while the export was under way stays out */
    uint64_t number;      /* of the entry written last */
    uint64_t signed_size; /* checkpoints up to here are written */
    size_t count;
} exporting;

static nrs_error put_bytes(json_t *rows, const char *name, nrs_slice bytes)
{
    nrs_row row = nrs_row_begin();

    nrs_row_base64(&row, name, bytes);
    return nrs_row_end(&row, rows);
}

/* Whether it was signed at another size than the one it stands under, or by another hub: somebody has put it there. What does not open at all its
 * reader sees. */
static bool misplaced(uint64_t size, const uint8_t *hub, nrs_slice payload)
{
    nrs_audit_checkpoint *checkpoint = NULL;
    nrs_audit_cosignature *cosignature = NULL;
    uint64_t signed_size = size;
    bool others = false;

    if (hub == NULL && nrs_audit_checkpoint_open(&checkpoint, payload) == NRS_OK) {
        signed_size = checkpoint->size;
    } else if (hub != NULL && nrs_audit_cosignature_open(&cosignature, payload) == NRS_OK) {
        signed_size = cosignature->size;
        others = !nrs_slice_equal(nrs_field(&cosignature->hub), nrs_slice_of(hub, NRS_KEY_SIZE));
    }
    nrs_audit_cosignature_free(&cosignature);
    nrs_audit_checkpoint_free(&checkpoint);
    return others || signed_size != size;
}

/* With the hub's name where it is one that this node knows: anybody can make a key. size 0: it stands under none. */
static nrs_error put_checkpoint(void *context, uint64_t size, const uint8_t *hub, nrs_slice payload)
{
    static const uint8_t nothing[1] = {0}; /* as what cannot be read at all */
    const exporting *to = context;
    const nrs_peer *peer = hub == NULL ? NULL : nrs_peer_by_sign(to->core, hub);
    char fingerprint[48];
    nrs_row row;

    if (size != 0 && misplaced(size, hub, payload)) {
        payload = nrs_slice_of(nothing, sizeof nothing);
    }
    if (hub == NULL) {
        return put_bytes(to->rows, "checkpoint", payload);
    }
    nrs_fingerprint(fingerprint, hub);
    row = nrs_row_begin();
    nrs_row_base64(&row, "cosignature", payload);
    nrs_row_text(&row, "hub", fingerprint);
    nrs_row_text(&row, "org", peer == NULL || peer->hub_of == 0 ? NULL : peer->org);
    return nrs_row_end(&row, to->rows);
}

/* Everything signed at sizes above what is written, up to this one; a size has one checkpoint, and its cosignatures follow it. */
static nrs_error put_signed(exporting *to, uint64_t last)
{
    nrs_error error = NRS_OK;

    if (last <= to->signed_size) {
        return NRS_OK;
    }
    error = nrs_store_audit_checkpoint_each(to->core->store, to->signed_size, last, put_checkpoint, to);
    if (error == NRS_OK) {
        error = nrs_store_audit_cosignature_each(to->core->store, to->signed_size, last, put_checkpoint, to);
    }
    to->signed_size = last;
    return error;
}

static nrs_error put_leaf(void *context, const nrs_audit_row *stored)
{
    const exporting *to = context;
    nrs_row row = nrs_row_begin();

    nrs_row_number(&row, "number", stored->number);
    nrs_row_hex(&row, "leaf", stored->leaf, NRS_HASH_SIZE);
    return nrs_row_end(&row, to->rows);
}

static nrs_error put_entry(void *context, const nrs_audit_row *stored)
{
    exporting *to = context;
    nrs_bytes bytes = {0};
    nrs_audit_entry *entry = NULL;
    nrs_error error;

    if (stored->number > to->until) {
        return NRS_ERROR_LIMIT;
    }
    error = put_signed(to, (stored->number - 1) / NRS_AUDIT_PAGE * NRS_AUDIT_PAGE);

    if (error != NRS_OK) {
        return error;
    }
    error = nrs_audit_row_open(to->core, &bytes, &entry, stored);
    if (error == NRS_OK) {
        error = put_bytes(to->rows, "entry", nrs_slice_of_bytes(&bytes));
    } else if (error == NRS_ERROR_DAMAGED) {
        error = put_leaf(to, stored);
    }
    to->number = stored->number;
    to->count++;
    nrs_audit_entry_free(&entry);
    nrs_bytes_wipe(&bytes);
    return error;
}

/* Whose log, where it ends, and how far entries and signatures were there at this moment: before the first entry. */
static nrs_error put_head(nrs_core *core, json_t *rows, uint64_t *until_out, uint64_t *signed_out)
{
    const nrs_audit_head *head = nrs_audit_head_of(core);
    uint8_t root[NRS_HASH_SIZE] = {0};
    uint64_t cosigned = 0;
    nrs_row row;
    nrs_error error = nrs_store_audit_checkpoint_last(core->store, signed_out);

    *until_out = head->tree.size;
    if (error == NRS_OK) {
        error = nrs_store_audit_cosigned_last(core->store, &cosigned);
    }
    if (error != NRS_OK) {
        return error;
    }
    *signed_out = cosigned > *signed_out ? cosigned : *signed_out;
    if (head->tree.size > 0) {
        nrs_audit_root(root, &head->tree);
    }
    row = nrs_row_begin();
    nrs_row_base64(&row, "node", nrs_slice_of(core->self.sign_key, NRS_KEY_SIZE));
    nrs_row_hex(&row, "log", head->log, NRS_AUDIT_LOG_ID_SIZE);
    nrs_row_number(&row, "size", head->tree.size);
    nrs_row_hex(&row, "root", root, NRS_HASH_SIZE);
    nrs_row_number(&row, "checkpointed", head->checkpoint_size);
    nrs_row_number(&row, "cosigned", head->cosigned_size);
    nrs_row_number(&row, "until", *until_out);
    nrs_row_number(&row, "signed", *signed_out);
    return nrs_row_end(&row, rows);
}

/* The statement by which a key was followed by the one after it. */
typedef struct former_key {
    const uint8_t *key;
    json_t *rows;
} former_key;

static nrs_error put_succession(void *context, const nrs_published_row *row)
{
    const former_key *before = context;

    return row->serial == NRS_KEY_SUCCEEDED && memcmp(row->owner, before->key, NRS_KEY_SIZE) == 0 ? put_bytes(before->rows, "succession", row->payload) : NRS_OK;
}

/* What was signed under former keys is this node's, as they themselves have said. */
static nrs_error put_successions(nrs_core *core, json_t *rows)
{
    const nrs_key_end *end = nrs_key_before(core, core->self.sign_key);
    nrs_error error = NRS_OK;

    for (size_t i = 1; i < NRS_AUDIT_KEY_COUNT_MAX && end != NULL && error == NRS_OK; i++) {
        former_key before = {end->sign_key, rows};

        error = nrs_store_key_change_each(core->store, put_succession, &before);
        end = nrs_key_before(core, end->sign_key);
    }
    return error;
}

nrs_error nrs_command_audit_export(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    uint64_t after = nrs_request_number(request, "after", 0);
    uint64_t until = nrs_request_number(request, "until", 0), last_signed = nrs_request_number(request, "signed", 0);
    const nrs_audit_what what = {.event = NRS_AUDIT_LOG_EXPORT, .person = nrs_request_text(request, "person")};
    exporting to = {.core = core, .rows = answer->rows, .number = after, .signed_size = after == 0 ? 0 : (after - 1) / NRS_AUDIT_PAGE * NRS_AUDIT_PAGE};
    nrs_row row;
    nrs_error error = NRS_OK;

    if (after == 0 && nrs_request_flag(request, "keep")) {
        error = nrs_command_written(core, nrs_audit_add(core, &what));
    }
    if (error == NRS_OK && after == 0) {
        error = put_head(core, answer->rows, &until, &last_signed);
        error = error == NRS_OK ? put_successions(core, answer->rows) : error;
    }
    to.until = until;
    if (error == NRS_OK) {
        error = nrs_store_audit_each(core->store, after, ENTRIES_MAX, put_entry, &to);
    }
    if (error == NRS_OK && to.count == ENTRIES_MAX) {
        row = nrs_row_begin();
        nrs_row_number(&row, "next", to.number);
        return nrs_row_end(&row, answer->rows);
    }
    if (error == NRS_OK) {
        error = put_signed(&to, last_signed);
    }
    if (error == NRS_OK) {
        error = nrs_store_audit_foreign_each(core->store, nrs_audit_head_of(core)->tree.size, FOREIGN_MAX, put_leaf, &to);
    }
    return error == NRS_OK ? nrs_store_audit_signed_foreign_each(core->store, FOREIGN_SIGNED_MAX, put_checkpoint, &to) : error;
}

/* ---- audit-checkpoint ---- */

nrs_error nrs_command_audit_checkpoint(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    uint8_t root[NRS_HASH_SIZE];
    nrs_row row = nrs_row_begin();
    nrs_error error = nrs_command_written(core, nrs_audit_checkpoint_make(core));

    (void)request;
    if (error == NRS_OK) {
        error = nrs_audit_signed_root(core, root, nrs_audit_head_of(core)->checkpoint_size);
    }
    if (error == NRS_OK) {
        nrs_row_number(&row, "size", nrs_audit_head_of(core)->checkpoint_size);
        nrs_row_hex(&row, "root", root, NRS_HASH_SIZE);
        nrs_row_time(&row, "at", nrs_audit_head_of(core)->checkpoint_ms);
        error = nrs_command_written(core, nrs_row_end(&row, answer->rows));
    }
    nrs_row_discard(&row);
    return error;
}

/* ---- audit-signed: this node's checkpoints, who has signed them, and at a hub what it follows of others ---- */

typedef struct signed_list {
    nrs_core *core;
    json_t *rows;
    json_t *cosigners; /* of the checkpoint in hand */
} signed_list;

static nrs_error add_cosigner(void *context, uint64_t size, const uint8_t *hub, nrs_slice payload)
{
    const signed_list *list = context;
    const nrs_peer *peer = nrs_peer_by_sign(list->core, hub);
    char text[17];

    (void)size;
    (void)payload;
    nrs_hex_encode(text, hub, 8);
    return nrs_array_text(list->cosigners, peer == NULL ? text : peer->org);
}

static nrs_error add_checkpoint(void *context, uint64_t size, const uint8_t *hub, nrs_slice payload)
{
    signed_list *list = context;
    nrs_audit_checkpoint *checkpoint = NULL;
    nrs_row row = nrs_row_begin();
    nrs_error error = NRS_OK;

    (void)hub;
    list->cosigners = json_array();
    error = list->cosigners == NULL ? NRS_ERROR_NO_MEMORY : nrs_store_audit_cosignature_each(list->core->store, size - 1, size, add_cosigner, list);
    nrs_row_text(&row, "org", list->core->org);
    nrs_row_number(&row, "size", size);
    if (nrs_audit_checkpoint_open(&checkpoint, payload) == NRS_OK) {
        nrs_row_hex(&row, "root", checkpoint->root.data, NRS_HASH_SIZE);
        nrs_row_time(&row, "at", checkpoint->created_ms);
        nrs_row_text(&row, "state", "own");
    } else {
        nrs_row_text(&row, "root", NULL);
        nrs_row_text(&row, "at", NULL);
        nrs_row_text(&row, "state", "damaged");
    }
    nrs_row_json(&row, "cosigned_by", list->cosigners);
    nrs_row_number(&row, "logs", 1);
    if (error == NRS_OK) {
        error = nrs_row_end(&row, list->rows);
    }
    nrs_row_discard(&row);
    nrs_audit_checkpoint_free(&checkpoint);
    return error;
}

static nrs_error add_watched(void *context, const uint8_t *node, const nrs_audit_watch *watch)
{
    const signed_list *list = context;
    const nrs_peer *peer = nrs_audit_watched(list->core, node);
    char text[17];
    nrs_row row = nrs_row_begin();

    nrs_hex_encode(text, node, 8);
    nrs_row_text(&row, "org", peer == NULL ? text : peer->org);
    nrs_row_number(&row, "size", watch->size);
    nrs_row_hex(&row, "root", watch->root, NRS_HASH_SIZE);
    nrs_row_time(&row, "at", watch->at_ms);
    nrs_row_text(&row, "state", watch->state == NRS_AUDIT_WATCH_REWRITTEN ? "rewritten" : watch->state == NRS_AUDIT_WATCH_UNPROVEN ? "unproven" : "followed");
    nrs_row_json(&row, "cosigned_by", json_pack("[s]", list->core->org));
    nrs_row_number(&row, "logs", watch->logs);
    return nrs_row_end(&row, list->rows);
}

nrs_error nrs_command_audit_signed(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    signed_list list = {.core = core, .rows = answer->rows};
    nrs_error error;

    (void)request;
    error = nrs_store_audit_checkpoint_each(core->store, 0, UINT64_MAX, add_checkpoint, &list);
    return error == NRS_OK ? nrs_store_audit_watch_each(core->store, add_watched, &list) : error;
}
