/* A report that came for a destroyed prekey (SPEC 6.7): its reader asks the originator once for each report and prekey, and
 * the originator grants anew while the rules still allow it. */
#include <string.h>

#include "report/onward.h"
#include "prekeys/key_change.h"
#include "withheld/withheld.h"

#define ASKED_FOR_ONE_REPORT_MAX 8u /* by one organisation: more than a report's life of rotations by hand */

/* Who was let in asks the hub that did it: the originator granted it nothing. */
static nrs_error ask_grantor(nrs_core *core, const nrs_sealed_view *view, const nrs_report_row *row, const nrs_statement *statement)
{
    nrs_let_in let_in;
    nrs_error error = nrs_let_in_self(core, &let_in, row->position);

    if (error == NRS_OK && let_in.authority != NRS_AUTHORITY_ORIGINATOR) {
        return nrs_statement_queue(core, let_in.by, let_in.community, statement);
    }
    return error == NRS_OK || error == NRS_ERROR_NOT_FOUND
               ? nrs_statement_queue(core, view->header->originator.data, view->header->community.data, statement)
               : error;
}

nrs_error nrs_regrant_ask(nrs_core *core, const nrs_sealed_view *view, uint64_t position, const uint8_t prekey_id[NRS_PREKEY_ID_SIZE])
{
    const nrs_regrant_row asked = {.report = position, .org = core->self.sign_key, .prekey = prekey_id, .at_ms = core->now_ms};
    nrs_report_row row;
    nrs_bytes holder = {0};
    nrs_statement statement;
    bool fresh = false;
    nrs_error error = nrs_store_report_get(core->store, &row, &holder, view->id);

    if (error == NRS_OK && row.key_state == NRS_KEY_CANNOT_OPEN && !nrs_clock_expired(core, view->header->expires_ms)) {
        error = nrs_store_regrant_add(core->store, &fresh, &asked);
    }
    if (error == NRS_OK && fresh) {
        nrs__wire__statement__init(&statement);
        statement.type = NRS_STATEMENT_REGRANT;
        statement.sealed_id = nrs_field_of(nrs_slice_of(view->id, NRS_HASH_SIZE));
        statement.at_ms = core->now_ms;
        statement.reference = nrs_field_of(nrs_slice_of(prekey_id, NRS_PREKEY_ID_SIZE));
        error = view->header->attribution == NRS_ATTRIBUTION_WITHHELD ? nrs_statement_to_originator(core, view->header, &statement) : ask_grantor(core, view, &row, &statement);
        nrs_core_log(core, NRS_OK, "a report for a destroyed prekey came: a new grant is asked for");
    }
    nrs_bytes_wipe(&holder);
    return error;
}

/* ---- At the originator ---- */

typedef struct addressee {
    const nrs_core *core;
    const nrs_peer *from;
    uint8_t org[NRS_KEY_SIZE]; /* as the report was sent: the key before, perhaps */
    char addresses[NRS_PERSON_COUNT_MAX][NRS_ADDRESS_SIZE_MAX + 1];
    size_t count;
} addressee;

static nrs_error find_addressee(void *context, const nrs_recipient_row *row)
{
    addressee *found = context;

    if (nrs_key_follows(found->core, row->org, found->from->keys.sign_key) && found->count < NRS_PERSON_COUNT_MAX) {
        memcpy(found->addresses[found->count], row->address, strnlen(row->address, NRS_ADDRESS_SIZE_MAX));
        memcpy(found->org, row->org, NRS_KEY_SIZE);
        found->count++;
    }
    return NRS_OK;
}

/* Of what this node sent: who was let in asks who let it in. Whom this node let in itself is looked at where it grants. */
static nrs_error check_sent(nrs_core *core, const nrs_report_row *row, const nrs_peer *from, const addressee *found)
{
    const nrs_community *community = nrs_community_by_id(core, row->community);
    bool addressed = false, let_in = false;
    nrs_error error = nrs_sent_to(core, &addressed, row, found->org);

    if (error == NRS_OK && !addressed) {
        error = nrs_let_in_speaks(core, &let_in, row->position, core->self.sign_key, found->org);
    }
    if (error != NRS_OK || let_in) {
        return error;
    }
    if (!addressed) {
        return NRS_ERROR_NOT_FOUND;
    }
    return community != NULL && community->member && nrs_peer_member(core, from, community) ? NRS_OK : NRS_ERROR_NOT_MEMBER;
}

/* Why a request is not honoured now; the rules are those of a first grant. */
static nrs_error check_request(nrs_core *core, const nrs_report_row *row, const nrs_peer *from, const addressee *found)
{
    if (row->part == NRS_PART_CARRIED || found->count == 0) {
        return NRS_ERROR_NOT_FOUND;
    }
    if (nrs_clock_expired(core, row->expires_ms)) {
        return NRS_ERROR_EXPIRED;
    }
    if (row->label == NRS_LABEL_CLEAR && (row->flags & NRS_REPORT_WITHHELD) == 0) {
        return NRS_ERROR_LABEL_FORBIDS; /* its key stands open: there is nothing to grant */
    }
    if (row->key_state != NRS_KEY_HELD && row->key_state != NRS_KEY_PERSON) {
        return NRS_ERROR_KEY_EXPIRED;
    }
    return row->part == NRS_PART_SENT ? check_sent(core, row, from, found) : NRS_OK;
}

static nrs_error honour(nrs_core *core, const nrs_report_row *row, const addressee *found, const nrs_statement *statement)
{
    const nrs_regrant_row asked = {.report = row->position, .org = found->org, .prekey = statement->reference.data, .at_ms = core->now_ms};
    uint64_t count = 0;
    bool fresh = false;
    nrs_error error = nrs_store_regrant_count(core->store, &count, row->position, found->org);

    if (error == NRS_OK && count >= ASKED_FOR_ONE_REPORT_MAX) {
        return NRS_ERROR_LIMIT;
    }
    if (error == NRS_OK) {
        error = nrs_store_regrant_add(core->store, &fresh, &asked);
    }
    if (error != NRS_OK || !fresh) {
        return error; /* honoured before */
    }
    error = nrs_store_recipient_wait(core->store, row->position, found->org, "");
    if (error == NRS_OK) {
        nrs_core_log(core, NRS_OK, "%s asks for a new grant of TLP:%s: its prekey is destroyed", found->from->org, nrs_label_name((nrs_label)row->label));
        error = nrs_directory_arrived(core, found->org);
    }
    return error;
}

nrs_error nrs_regrant_take(nrs_core *core, nrs_peer *from, const nrs_statement *statement)
{
    addressee found = {.core = core, .from = from};
    nrs_report_row row;
    nrs_bytes holder = {0};
    nrs_error error = nrs_store_report_get(core->store, &row, &holder, statement->sealed_id.data);

    if (error == NRS_OK) {
        error = nrs_store_recipient_each(core->store, row.position, find_addressee, &found);
    }
    if (error == NRS_OK) {
        error = check_request(core, &row, from, &found);
    }
    if (error == NRS_OK) {
        error = honour(core, &row, &found, statement);
    }
    if (nrs_error_is_verdict(error)) {
        nrs_core_complain(core, from, error, "a request for a new grant is not honoured: %s", nrs_error_rule(error));
        error = NRS_OK;
        for (size_t i = 0; i < found.count && error == NRS_OK; i++) { /* what the receipts of it have to say */
            bool fresh;
            error = nrs_store_receipt_add(core->store, &fresh, row.position, found.addresses[i], NRS_STAGE_CANNOT_OPEN, core->now_ms, "");
        }
    }
    nrs_bytes_wipe(&holder);
    return error;
}
