/* The end of an own report (SPEC 8.4): the proof that it was withdrawn, and who is told: everybody who was sent it, whom this node let in
 * beside them, and the hubs that carry it. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "report/onward.h"
#include "prekeys/key_change.h"
#include "report/withdrawal.h"
#include "withheld/withheld.h"

void nrs_recall_wipe(nrs_recall *it)
{
    free(it->told);
    nrs_withdrawal_view_wipe(&it->view);
    nrs_sealed_view_free(&it->sealed);
    nrs_bytes_wipe(&it->proof);
    *it = (nrs_recall){.core = NULL};
}

/* What it tells, where that was not said yet. */
static nrs_error complete(nrs_recall *it, uint64_t at_ms)
{
    it->statement.type = NRS_STATEMENT_WITHDRAWAL;
    it->statement.sealed_id = nrs_field_of(nrs_slice_of(it->row->id, NRS_HASH_SIZE));
    it->statement.at_ms = at_ms;
    it->statement.detail = nrs_field_of(nrs_slice_of_bytes(&it->proof));
    return nrs_withdrawal_parse(&it->view, nrs_slice_of_bytes(&it->proof));
}

/* The reader of its words finds them signed: another who hands the withdrawal on cannot say them in its name. */
static nrs_error commit(nrs_recall *it, uint8_t words_out[NRS_HASH_SIZE], const nrs_withdrawal_words *given)
{
    static const nrs_withdrawal_words none = {"", "", ""};
    const nrs_withdrawal_words *words = given == NULL ? &none : given;

    it->words = given != NULL;
    randombytes_buf(it->salt, sizeof it->salt);
    it->statement.reason = (char *)(uintptr_t)words->reason; /* only read */
    it->statement.person = (char *)(uintptr_t)words->person;
    it->statement.user = (char *)(uintptr_t)words->user;
    return nrs_withdrawal_commit(words_out, it->salt, words);
}

nrs_error nrs_recall_begin(nrs_recall *it_out, nrs_core *core, const nrs_report_row *row, uint64_t at_ms, const nrs_withdrawal_words *words)
{
    const nrs_identity *identity = nrs_identity_for(core, row->originator); /* under the key that sealed it, while it is held */
    nrs_recall it = {.core = core, .row = row};
    uint8_t commitment[NRS_HASH_SIZE];
    uint64_t position = 0;
    nrs_error error = nrs_log_sealed(core, &it.sealed, &position, row->id);
    const nrs_error found = error;

    NRS_ASSERT(it_out != NULL && row->part == NRS_PART_SENT);
    nrs__wire__statement__init(&it.statement);
    if (error == NRS_OK || error == NRS_ERROR_NOT_FOUND) {
        error = commit(&it, commitment, words);
    }
    if (error == NRS_OK && found == NRS_OK) {
        error = nrs_withdrawal_make(&it.proof, identity == NULL ? core->identity : identity, it.sealed, at_ms, commitment);
    } else if (error == NRS_OK && row->key_state == NRS_KEY_FORGOTTEN && row->annex.size > 0) { /* what forgetting it has left */
        error = nrs_withdrawal_sign(&it.proof, identity == NULL ? core->identity : identity, row->annex, at_ms, commitment);
    } else if (error == NRS_OK) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK) {
        error = complete(&it, at_ms);
    }
    if (error == NRS_OK) {
        *it_out = it;
        it = (nrs_recall){.core = NULL};
        if (it_out->words) {
            it_out->statement.reference = nrs_field_of(nrs_slice_of(it_out->salt, NRS_HASH_SIZE));
        }
    }
    nrs_recall_wipe(&it);
    return error;
}

nrs_error nrs_recall_keep(nrs_recall *it, bool *new_out)
{
    return nrs_withdrawal_keep(it->core, new_out, &it->view, &it->statement);
}

nrs_error nrs_recall_wordless(nrs_recall *it_out, nrs_core *core, const nrs_report_row *row, uint64_t at_ms)
{
    const nrs_audit_what what = {.event = NRS_AUDIT_WITHDRAW, .about = nrs_slice_of(row->id, NRS_HASH_SIZE), .detail = nrs_label_name((nrs_label)row->label)};
    bool fresh = false;
    nrs_error error = nrs_recall_begin(it_out, core, row, at_ms, NULL);

    if (error == NRS_OK) {
        error = nrs_recall_keep(it_out, &fresh);
    }
    return error == NRS_OK && fresh ? nrs_audit_add(core, &what) : error;
}

static bool already_told(const nrs_recall *it, const uint8_t *org)
{
    for (size_t i = it->told_count; i > 0; i--) {
        if (memcmp(it->told[i - 1], org, NRS_KEY_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

/* community: in which an envelope reaches it. */
static nrs_error tell(nrs_recall *it, const uint8_t *org, const uint8_t *community)
{
    if (nrs_key_ours(it->core, org) || already_told(it, org)) {
        return NRS_OK;
    }
    if (it->told_count == it->told_capacity) {
        size_t capacity = it->told_capacity == 0 ? 64 : 2 * it->told_capacity;
        void *told = realloc(it->told, capacity * sizeof *it->told);

        if (told == NULL) {
            return NRS_ERROR_NO_MEMORY;
        }
        it->told = told;
        it->told_capacity = capacity;
    }
    memcpy(it->told[it->told_count], org, NRS_KEY_SIZE);
    it->told_count++;
    return (it->row->flags & NRS_REPORT_WITHHELD) != 0 ? nrs_direct_queue(it->core, org, it->view.header, &it->statement)
                                                       : nrs_statement_queue(it->core, org, community, &it->statement);
}

/* One of another community hears of it from whoever let it in (SPEC 6.10): */
static nrs_error tell_recipient(void *context, const nrs_recipient_row *row)
{
    nrs_recall *it = context;

    return strchr(row->address, '/') != NULL ? NRS_OK : tell(it, row->org, it->row->community);
}

/* which may be this node itself, as its own first hub. */
static nrs_error tell_let_in(void *context, const nrs_let_in_row *row)
{
    nrs_recall *it = context;

    return strchr(row->address, '/') == NULL || !nrs_key_ours(it->core, row->by) ? NRS_OK : tell(it, row->org, row->community);
}

/* A hub that only carries the report stops handing it out; why it was withdrawn is not for it. */
static nrs_error tell_hubs(nrs_recall *it)
{
    const nrs_community *community = nrs_community_by_id(it->core, it->row->community);
    const nrs_peer *peer, *next;
    static char none[] = "";
    nrs_error error = NRS_OK;

    it->statement.reason = it->statement.person = it->statement.user = none;
    it->statement.reference = (ProtobufCBinaryData){0};
    HASH_ITER (by_sign, it->core->peers_by_sign, peer, next) {
        if (error == NRS_OK && community != NULL && nrs_peer_hub(it->core, peer, community)) {
            error = tell(it, peer->keys.sign_key, it->row->community);
        }
    }
    return error;
}

nrs_error nrs_recall_tell(nrs_recall *it)
{
    nrs_error error = nrs_store_recipient_each(it->core->store, it->row->position, tell_recipient, it);

    if (error == NRS_OK && (it->row->flags & NRS_REPORT_WITHHELD) != 0) {
        return NRS_OK; /* the other hubs do not know of it */
    }
    if (error == NRS_OK) {
        error = nrs_store_let_in_each(it->core->store, it->row->position, NULL, tell_let_in, it);
    }
    return error == NRS_OK ? tell_hubs(it) : error;
}

nrs_error nrs_recall_tell_kept(nrs_core *core, const nrs_report_row *row)
{
    nrs_recall it = {.core = core, .row = row};
    nrs_withdrawal_row held;
    nrs_bytes holder = {0};
    nrs_error error = nrs_store_withdrawal_get(core->store, &held, &holder, row->id);

    nrs__wire__statement__init(&it.statement);
    if (error == NRS_OK) {
        error = nrs_bytes_copy(&it.proof, held.proof);
    }
    if (error == NRS_OK) {
        error = complete(&it, held.at_ms);
    }
    if (error == NRS_OK) {
        error = nrs_recall_tell(&it); /* without words: such a one has none */
    }
    nrs_recall_wipe(&it);
    nrs_bytes_wipe(&holder);
    return error;
}
