/* Checkpoints (SPEC 13.4): once a day the node signs where its log stands and gives it to its hubs, who sign that it continues
 * what they signed before. What they have signed no longer changes or goes without being seen. */
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "audit/watch.h"
#include "command/command.h"
#include "link/log.h"

#define PROOF_COUNT_MAX NRS_AUDIT_PROOF_COUNT_MAX

/* ---- The sizes from which a proof is needed: the checkpoint before, and what each hub signed last. A hub that gets a checkpoint without
 * a proof from there signs once more what it holds, so that it is among these: where there is room for some alone, for those who
 * signed last. ---- */

typedef struct sizes {
    const nrs_core *core;
    struct {
        uint64_t size, position;
    } list[PROOF_COUNT_MAX]; /* ascending by size */
    size_t count;
} sizes;

static void drop_oldest(sizes *to)
{
    size_t oldest = 0;

    for (size_t i = 1; i < to->count; i++) {
        oldest = to->list[i].position < to->list[oldest].position ? i : oldest;
    }
    to->count--;
    memmove(&to->list[oldest], &to->list[oldest + 1], (to->count - oldest) * sizeof to->list[0]);
}

static void add_size(sizes *to, uint64_t size, uint64_t position)
{
    size_t at = 0;

    if (size == 0 || size >= nrs_audit_head_of(to->core)->tree.size) {
        return;
    }
    for (size_t i = 0; i < to->count; i++) {
        if (to->list[i].size == size) {
            to->list[i].position = position > to->list[i].position ? position : to->list[i].position;
            return;
        }
    }
    if (to->count == PROOF_COUNT_MAX) {
        drop_oldest(to);
    }
    while (at < to->count && to->list[at].size < size) {
        at++;
    }
    memmove(&to->list[at + 1], &to->list[at], (to->count - at) * sizeof to->list[0]);
    to->list[at].size = size;
    to->list[at].position = position;
    to->count++;
}

static nrs_error gather_sizes(nrs_core *core, sizes *to)
{
    nrs_error error = NRS_OK;

    to->core = core;
    add_size(to, nrs_audit_head_of(core)->checkpoint_size, UINT64_MAX);
    for (const nrs_peer *peer = core->peers_by_sign; peer != NULL && error == NRS_OK; peer = peer->by_sign.next) {
        uint64_t size = 0, position = 0;

        if (peer->hub_of != 0) {
            error = nrs_store_audit_cosigned_size(core->store, &size, &position, peer->keys.sign_key);
            add_size(to, size, position);
        }
    }
    return error;
}

/* ---- Proofs ---- */

static nrs_error stored_node(void *context, uint32_t level, uint64_t place, uint8_t hash_out[NRS_HASH_SIZE])
{
    nrs_core *core = context;

    return nrs_store_audit_node_get(core->store, hash_out, level, place);
}

nrs_error nrs_audit_signed_root(nrs_core *core, uint8_t root_out[NRS_HASH_SIZE], uint64_t size)
{
    nrs_bytes payload = {0};
    nrs_audit_checkpoint *checkpoint = NULL;
    nrs_error error = nrs_store_audit_checkpoint_get(core->store, &payload, size);

    if (error == NRS_OK) {
        error = nrs_audit_checkpoint_open(&checkpoint, nrs_slice_of_bytes(&payload));
    }
    if (error == NRS_OK) {
        memcpy(root_out, checkpoint->root.data, NRS_HASH_SIZE);
    }
    nrs_audit_checkpoint_free(&checkpoint);
    nrs_bytes_wipe(&payload);
    return error;
}

nrs_error nrs_audit_own_root(nrs_core *core, uint8_t root_out[NRS_HASH_SIZE], uint64_t size)
{
    nrs_error error = nrs_audit_signed_root(core, root_out, size);

    if (error == NRS_ERROR_NOT_FOUND && size <= nrs_audit_head_of(core)->tree.size) {
        NRS_ASSERT(size > 0 && size % NRS_AUDIT_PAGE == 0);
        error = nrs_audit_root_at(root_out, size, stored_node, core);
    }
    return error;
}

/* A proof that does not hold is left out: the log is then not what was signed, which is for `audit verify` to say where. Where what was signed
 * is gone it can be shown to go on from there all the same. */
static nrs_error prove(nrs_core *core, nrs_bytes *path_out, uint64_t from, uint64_t to, const uint8_t to_root[NRS_HASH_SIZE])
{
    uint8_t from_root[NRS_HASH_SIZE];
    nrs_error error = nrs_audit_own_root(core, from_root, from);

    if (error == NRS_OK) {
        error = nrs_audit_consistency_make(path_out, from, to, stored_node, core);
    }
    if (error == NRS_OK) {
        error = nrs_audit_consistency_verify(from, from_root, to, to_root, nrs_slice_of_bytes(path_out));
    }
    return error;
}

/* ---- Making one ---- */

typedef struct proofs {
    Nrs__Wire__AuditProof values[PROOF_COUNT_MAX];
    Nrs__Wire__AuditProof *list[PROOF_COUNT_MAX];
    nrs_bytes paths[PROOF_COUNT_MAX];
    size_t count;
} proofs;

static nrs_error make_proofs(nrs_core *core, proofs *to, const uint8_t root[NRS_HASH_SIZE])
{
    const nrs_audit_what alarm = {.event = NRS_AUDIT_ALARM, .rule = NRS_ERROR_REWRITTEN, .detail = "the audit log does not continue what was signed"};
    uint64_t size = nrs_audit_head_of(core)->tree.size;
    sizes from = {0};
    nrs_error error = gather_sizes(core, &from);

    for (size_t i = 0; i < from.count && error == NRS_OK; i++) {
        Nrs__Wire__AuditProof *proof = &to->values[to->count];

        error = prove(core, &to->paths[to->count], from.list[i].size, size, root);
        if (error == NRS_OK) {
            nrs__wire__audit_proof__init(proof);
            proof->size = from.list[i].size;
            proof->path = nrs_field_of(nrs_slice_of_bytes(&to->paths[to->count]));
            to->list[to->count] = proof;
            to->count++;
        } else if (error != NRS_ERROR_DISK && !nrs_error_is_passing(error)) {
            nrs_core_log(core, NRS_ERROR_REWRITTEN, "audit: no proof from entry %llu: the log does not continue what was signed", (unsigned long long)from.list[i].size);
            error = nrs_audit_add(core, &alarm);
        }
    }
    return error;
}

static nrs_error publish(nrs_core *core, const nrs_audit_checkpoint *checkpoint)
{
    nrs_bytes statement = {0}, record = {0};
    nrs_record *decoded = NULL;
    uint8_t id[NRS_HASH_SIZE];
    nrs_error error = nrs_audit_checkpoint_encode(&statement, checkpoint);

    if (error == NRS_OK) {
        error = nrs_signed_record(&record, NRS_RECORD_AUDIT_CHECKPOINT, core->identity, nrs_slice_of_bytes(&statement));
    }
    if (error == NRS_OK) {
        error = nrs_record_decode(&decoded, nrs_slice_of_bytes(&record));
    }
    if (error == NRS_OK) {
        nrs_record_id(id, nrs_slice_of_bytes(&record));
        error = nrs_log_add(core, NULL, NRS_RECORD_AUDIT_CHECKPOINT, id, nrs_slice_of_bytes(&record), nrs_slice_of(core->self.sign_key, NRS_KEY_SIZE),
                            nrs_slice_of(NULL, 0), core->now_ms + NRS_REPORT_LIFE_MS_MAX);
    }
    if (error == NRS_OK) {
        error = nrs_store_audit_checkpoint_add(core->store, checkpoint->size, nrs_field(&decoded->payload));
    }
    nrs_record_free(&decoded);
    nrs_bytes_wipe(&record);
    nrs_bytes_wipe(&statement);
    return error;
}

/* At least one entry of padding where nothing has happened, and up to a whole page: nobody sees how much did. */
static nrs_error pad(nrs_core *core)
{
    const nrs_audit_what padding = {.event = NRS_AUDIT_PADDING};
    nrs_error error = NRS_OK;

    while (error == NRS_OK && (nrs_audit_head_of(core)->tree.size % NRS_AUDIT_PAGE != 0 ||
                               nrs_audit_head_of(core)->tree.size == nrs_audit_head_of(core)->checkpoint_size)) {
        error = nrs_audit_add(core, &padding);
    }
    return error;
}

nrs_error nrs_audit_checkpoint_make(nrs_core *core)
{
    nrs_audit_checkpoint checkpoint;
    proofs with = {0};
    uint8_t root[NRS_HASH_SIZE];
    uint64_t created_ms = core->now_ms == 0 ? 1 : core->now_ms > NRS_TIME_MS_MAX ? NRS_TIME_MS_MAX : core->now_ms;
    nrs_error error = pad(core);

    if (error != NRS_OK) {
        return error;
    }
    nrs_audit_root(root, &nrs_audit_head_of(core)->tree);
    nrs__wire__audit_checkpoint__init(&checkpoint);
    checkpoint.suite = NRS_SUITE;
    checkpoint.node = nrs_field_of(nrs_slice_of(core->self.sign_key, NRS_KEY_SIZE));
    checkpoint.log = nrs_field_of(nrs_slice_of(nrs_audit_head_of(core)->log, NRS_AUDIT_LOG_ID_SIZE));
    checkpoint.size = nrs_audit_head_of(core)->tree.size;
    checkpoint.root = nrs_field_of(nrs_slice_of(root, sizeof root));
    checkpoint.created_ms = created_ms;
    error = make_proofs(core, &with, root); /* an alarm in there is an entry behind this checkpoint */
    if (error == NRS_OK) {
        checkpoint.n_proofs = with.count;
        checkpoint.proofs = with.list;
        error = publish(core, &checkpoint);
    }
    if (error == NRS_OK) {
        nrs_audit_checkpointed(core, checkpoint.size, created_ms);
    }
    for (size_t i = 0; i < PROOF_COUNT_MAX; i++) {
        nrs_bytes_wipe(&with.paths[i]);
    }
    return error;
}

/* A clock that was far ahead does not put the next one off for as long. */
nrs_error nrs_audit_tick(nrs_core *core)
{
    uint64_t last_ms = nrs_audit_head_of(core)->checkpoint_ms;
    bool due = core->now_ms >= last_ms ? core->now_ms - last_ms >= NRS_AUDIT_CHECKPOINT_EVERY_MS : last_ms - core->now_ms > NRS_AUDIT_CHECKPOINT_EVERY_MS;

    return due ? nrs_audit_checkpoint_make(core) : NRS_OK;
}

/* ---- status ---- */

typedef struct warning_list {
    const nrs_core *core;
    json_t *warnings;
} warning_list;

static nrs_error warn_of_log(void *context, const uint8_t *node, const nrs_audit_watch *watch)
{
    const warning_list *list = context;
    const nrs_peer *peer = nrs_audit_watched(list->core, node);
    nrs_error error = NRS_OK;
    char text[192];

    if (peer == NULL) {
        return NRS_OK;
    }
    if (watch->logs > 1) {
        (void)snprintf(text, sizeof text, "%s has begun its audit log anew: this is number %u; ask it what became of the one before", peer->org, watch->logs);
        error = nrs_array_text(list->warnings, text);
    }
    if (error != NRS_OK || watch->state == NRS_AUDIT_WATCH_GOOD) {
        return error;
    }
    (void)snprintf(text, sizeof text, watch->state == NRS_AUDIT_WATCH_REWRITTEN ? "the audit log of %s does not continue what this node has signed: compare with noroshi audit signed there"
                                                                                : "the audit log of %s does not show that it continues what hubs have signed: compare with noroshi audit signed there", peer->org);
    return nrs_array_text(list->warnings, text);
}

/* The first one that no hub has signed. */
static nrs_error note_unsigned(void *context, uint64_t size, const uint8_t *hub, nrs_slice payload)
{
    uint64_t *made_ms = context;
    nrs_audit_checkpoint *checkpoint = NULL;

    (void)size;
    (void)hub;
    if (nrs_audit_checkpoint_open(&checkpoint, payload) == NRS_OK) {
        *made_ms = checkpoint->created_ms;
    }
    nrs_audit_checkpoint_free(&checkpoint);
    return NRS_ERROR_LIMIT;
}

/* A checkpoint that has waited for days, while there is a hub that could sign it. */
nrs_error nrs_audit_warn(const nrs_core *core, json_t *warnings)
{
    warning_list list = {core, warnings};
    uint64_t best = 0, waits_since_ms = UINT64_MAX;
    bool any_hub = false;
    nrs_error error = nrs_audit_warn_lost(core, warnings);

    if (error == NRS_OK) {
        error = nrs_store_audit_watch_each(core->store, warn_of_log, &list);
    }

    for (const nrs_peer *peer = core->peers_by_sign; peer != NULL && error == NRS_OK; peer = peer->by_sign.next) {
        uint64_t size = 0;

        if (peer->hub_of != 0 && memcmp(peer->keys.sign_key, core->self.sign_key, NRS_KEY_SIZE) != 0) {
            any_hub = true;
            error = nrs_store_audit_cosigned_size(core->store, &size, NULL, peer->keys.sign_key);
            best = size > best ? size : best;
        }
    }
    if (error == NRS_OK && any_hub) {
        error = nrs_store_audit_checkpoint_each(core->store, best, UINT64_MAX, note_unsigned, &waits_since_ms);
    }
    if (error == NRS_OK && waits_since_ms < core->now_ms && core->now_ms - waits_since_ms > 3 * NRS_DAY_MS) {
        error = nrs_array_text(warnings, "no hub has signed this node's audit log for three days");
    }
    return error;
}
