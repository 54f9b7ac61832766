/* Unlock on accept (SPEC 8.3): the first slot tree is empty, so nobody can open what was sent. The originator tells each
 * recipient of the report in an envelope, without its body; who accepts is granted the key, and the report then comes with
 * the slot as every report does. */
#include <string.h>

#include "audit/audit.h"
#include "link/log.h"
#include "prekeys/key_change.h"
#include "rules/edges.h"
#include "link/receive.h"
#include "report/withdrawal.h"

nrs_error nrs_notice_queue(nrs_core *core, const nrs_sealed_view *view, const uint8_t to[NRS_KEY_SIZE])
{
    nrs_statement statement;
    nrs_bytes notice = {0};
    nrs_error error = nrs_notice_make(&notice, view);

    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_NOTICE;
    statement.sealed_id = nrs_field_of(nrs_slice_of(view->id, NRS_HASH_SIZE));
    statement.at_ms = core->now_ms;
    statement.detail = nrs_field_of(nrs_slice_of_bytes(&notice));
    if (error == NRS_OK) {
        error = nrs_statement_queue(core, to, view->header->community.data, &statement);
    }
    nrs_bytes_wipe(&notice);
    return error;
}

/* ---- In ---- */

static nrs_error check(nrs_core *core, const nrs_peer *from, const nrs_header *header)
{
    const nrs_community *community = nrs_community_by_id(core, header->community.data);

    if (!nrs_key_follows(core, header->originator.data, from->keys.sign_key) || (header->flags & NRS_HEADER_UNLOCK_ON_ACCEPT) == 0) {
        return NRS_ERROR_FORGED;
    }
    if (community == NULL || !community->member) {
        return NRS_ERROR_UNKNOWN_COMMUNITY;
    }
    if (!nrs_peer_member(core, from, community)) {
        return NRS_ERROR_NOT_MEMBER;
    }
    if (nrs_clock_expired(core, header->expires_ms)) {
        return NRS_ERROR_EXPIRED;
    }
    if (nrs_clock_ahead(core, header->created_ms)) {
        return NRS_ERROR_CLOCK;
    }
    if ((community->roster->rules->labels & NRS_LABEL_BIT(header->label)) == 0) {
        return NRS_ERROR_COMMUNITY_RULE;
    }
    if (header->attribution != NRS_ATTRIBUTION_NAMED) {
        return NRS_ERROR_NOT_RUNNING_HERE; /* what is vouched for is not announced before */
    }
    return nrs_disclaimers_check(core, header, NRS_PLACE_CARRY, 0);
}

/* The report's own place in the log; where it has not come yet, an empty one, which it leaves when it comes. */
static nrs_error place_for(nrs_core *core, uint64_t *position_out, const nrs_statement *statement, const uint8_t *id, uint64_t expires_ms)
{
    uint8_t place[NRS_HASH_SIZE];
    nrs_slice none = {0};
    nrs_error error = nrs_store_log_find(core->store, position_out, id);

    if (error != NRS_OK || *position_out != 0) {
        return error;
    }
    nrs_hash_one(place, NRS_DOMAIN_STATEMENT_ID, nrs_field(&statement->detail));
    return nrs_log_add(core, position_out, NRS_RECORD_ENVELOPE, place, none, none, none, expires_ms);
}

static nrs_error keep(nrs_core *core, const nrs_statement *statement, const nrs_header *header, const uint8_t *id)
{
    nrs_report_row row = {.id = id,
                          .community = header->community.data,
                          .originator = header->originator.data,
                          .label = header->label,
                          .urgency = header->urgency,
                          .flags = header->flags,
                          .created_ms = header->created_ms,
                          .expires_ms = header->expires_ms,
                          .received_ms = core->now_ms,
                          .part = NRS_PART_RECEIVED,
                          .key_state = NRS_KEY_NONE,
                          .annex = nrs_field(&statement->detail)};
    nrs_report_row held;
    nrs_bytes holder = {0};
    nrs_error error = nrs_store_report_get(core->store, &held, &holder, id);

    nrs_bytes_wipe(&holder);
    if (error != NRS_ERROR_NOT_FOUND) {
        return error; /* announced before */
    }
    error = place_for(core, &row.position, statement, id, header->expires_ms);
    if (error == NRS_OK) {
        error = nrs_store_report_add(core->store, &row);
    }
    return error == NRS_OK ? nrs_receipt_queue(core, header, id, NRS_STAGE_STORED, "", "") : error;
}

/* What comes late, or from who is no member now, happens of itself (SPEC 13). */
static bool is_attempt(nrs_error error)
{
    return error != NRS_ERROR_WITHDRAWN && error != NRS_ERROR_EXPIRED && error != NRS_ERROR_NOT_MEMBER && error != NRS_ERROR_CLOCK &&
           error != NRS_ERROR_UNKNOWN_COMMUNITY;
}

nrs_error nrs_notice_take(nrs_core *core, nrs_peer *from, const nrs_statement *statement)
{
    nrs_header *header = NULL;
    uint8_t id[NRS_HASH_SIZE];
    nrs_error error = nrs_notice_verify(&header, id, nrs_field(&statement->detail));

    if (error == NRS_OK && memcmp(id, statement->sealed_id.data, NRS_HASH_SIZE) != 0) {
        error = NRS_ERROR_FORGED;
    }
    if (error == NRS_OK && nrs_withdrawn(core, id)) {
        error = NRS_ERROR_WITHDRAWN;
    }
    if (error == NRS_OK) {
        error = check(core, from, header);
    }
    if (error == NRS_OK) {
        error = keep(core, statement, header, id);
    }
    if (nrs_error_is_verdict(error)) { /* as what is refused of a report that is handed over */
        const nrs_audit_what what = {.event = NRS_AUDIT_SEND, .rule = error, .about = nrs_field(&statement->sealed_id),
                                     .detail = header == NULL ? NULL : nrs_label_name((nrs_label)header->label)};

        nrs_core_complain(core, from, error, "its notice of a report is refused: %s", nrs_error_rule(error));
        error = is_attempt(error) ? nrs_audit_add_from(core, from, &what) : NRS_OK;
    }
    nrs_header_free(&header);
    return error;
}

nrs_error nrs_unlock_check(nrs_core *core, const nrs_sealed_view *view, const nrs_grant *grant)
{
    nrs_disclaimer_state state = NRS_DISCLAIMER_WAITING;
    bool ours = false;
    nrs_report_row row;
    nrs_bytes holder = {0};
    nrs_error error;

    if ((view->header->flags & NRS_HEADER_UNLOCK_ON_ACCEPT) == 0) {
        return NRS_OK;
    }
    error = nrs_store_report_get(core->store, &row, &holder, view->id);
    if (error == NRS_OK) {
        error = nrs_disclaimers_decided(core, &state, NULL, row.position, core->org);
    }
    if (error == NRS_OK) {
        error = nrs_acceptance_ours(core, &ours, &row, nrs_field(&grant->authority_ref));
    }
    nrs_bytes_wipe(&holder);
    if (error == NRS_ERROR_NOT_FOUND || (error == NRS_OK && (state != NRS_DISCLAIMER_ACCEPTED || !ours))) {
        error = NRS_ERROR_DISCLAIMER;
    }
    return error;
}
