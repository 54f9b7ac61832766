/* Records from peers: the checks to carry (SPEC 10.4), then the store. Whatever is refused leaves nothing behind. */
#include <string.h>

#include "audit/audit.h"
#include "prekeys/key_change.h"
#include "report/onward.h"
#include "rules/edges.h"
#include "link/look_up.h"
#include "link/receive.h"
#include "proto/carrier.h"
#include "report/withdrawal.h"
#include "roster/roster.h"
#include "stream/stream.h"
#include "withheld/withheld.h"

/* The peer that hands a record over must have made it or be a hub of its community. */
bool nrs_may_hand_over(const nrs_core *core, const nrs_peer *from, const nrs_community *community, const uint8_t *maker)
{
    return nrs_peer_member(core, from, community) &&
           (nrs_key_follows(core, maker, from->keys.sign_key) || nrs_peer_hub(core, from, community));
}

/* The maker of a record is a member now; what a hub stored of one that left counts still, of one removed not, under whichever of its keys. */
nrs_error nrs_check_maker(const nrs_core *core, const nrs_peer *from, const nrs_community *community, const uint8_t *maker)
{
    const Nrs__Wire__Tombstone *tombstone;

    if (nrs_key_revoked(core, maker)) {
        return NRS_ERROR_REVOKED;
    }
    if (nrs_peer_member(core, nrs_peer_by_sign(core, maker), community)) {
        return NRS_OK;
    }
    tombstone = nrs_roster_tombstone(community->roster, maker);
    if (tombstone == NULL) {
        return NRS_ERROR_NOT_MEMBER;
    }
    if (tombstone->cause != NRS_TOMBSTONE_LEFT || nrs_key_removed_since(core, community->roster, maker)) {
        return NRS_ERROR_REVOKED;
    }
    return nrs_peer_hub(core, from, community) ? NRS_OK : NRS_ERROR_REVOKED;
}

static nrs_error check_sealed(nrs_core *core, const nrs_sealed_view *view, const nrs_community *community, const nrs_peer *from)
{
    const nrs_header *header = view->header;
    const Nrs__Wire__Tombstone *tombstone;
    uint64_t ended_ms = 0;
    bool direct = nrs_key_follows(core, header->originator.data, from->keys.sign_key);
    nrs_error error;

    if (!community->member) { /* another community's: as far as its source agreed */
        error = nrs_onward_carry_check(core, view, from);
    } else {
        error = nrs_may_hand_over(core, from, community, header->originator.data) ? NRS_OK : NRS_ERROR_NOT_MEMBER;
    }
    if (error != NRS_OK) {
        return error;
    }
    if ((error = nrs_check_maker(core, from, community, header->originator.data)) != NRS_OK) {
        return error;
    }
    tombstone = nrs_roster_tombstone(community->roster, header->originator.data);
    if (tombstone != NULL && (error = nrs_key_ended_ms(core, &ended_ms, community, tombstone)) != NRS_OK) {
        return error;
    }
    if (tombstone != NULL && header->created_ms > ended_ms + NRS_CLOCK_AHEAD_MS_MAX) {
        return NRS_ERROR_REVOKED; /* a key that was succeeded seals nothing new */
    }
    if (nrs_clock_expired(core, header->expires_ms)) {
        return NRS_ERROR_EXPIRED;
    }
    if (nrs_clock_ahead(core, header->created_ms)) {
        return NRS_ERROR_CLOCK;
    }
    if ((community->roster->rules->labels & (1u << header->label)) == 0) {
        return NRS_ERROR_COMMUNITY_RULE;
    }
    if ((error = nrs_withheld_check_carry(core, header, community, from)) != NRS_OK) {
        return error;
    }
    if ((error = nrs_disclaimers_check(core, header, NRS_PLACE_CARRY, 0)) != NRS_OK) {
        return error;
    }
    return nrs_policy_carry((nrs_label)header->label, direct || (community->roster->rules->flags & NRS_RULE_RED_RELAY) != 0).error;
}

/* Kept until a version of the roster has come, and looked at again then. */
static nrs_error defer_until(nrs_core *core, uint64_t version, const nrs_sealed_view *view, const nrs_community *community, nrs_slice record,
                             const nrs_peer *from)
{
    const nrs_deferred_row row = {.waits_for = community->id, .version = version, .owner = view->id, .record = record,
                                  .expires_ms = view->header->expires_ms};
    nrs_error error;

    if (view->header->attribution == NRS_ATTRIBUTION_WITHHELD) { /* nobody keeps what is not for it, not even for a while */
        error = nrs_withheld_check_carry(core, view->header, community, from);
        if (error != NRS_OK) {
            return error;
        }
    }
    if (version - community->roster->version > NRS_ROSTER_AHEAD_MAX) {
        return NRS_ERROR_MALFORMED;
    }
    if (nrs_clock_expired(core, view->header->expires_ms)) {
        return NRS_ERROR_EXPIRED;
    }
    if (nrs_clock_ahead(core, view->header->created_ms)) {
        return NRS_ERROR_CLOCK; /* it would be kept until its own time is over */
    }
    error = nrs_sealed_check_signature(view);
    return error == NRS_OK ? nrs_receive_defer(core, &row, from, false) : error;
}

/* The newer roster may bring in the originator: membership is looked at again when it has come. */
static nrs_error defer_sealed(nrs_core *core, const nrs_sealed_view *view, const nrs_community *community, nrs_slice record, const nrs_peer *from)
{
    nrs_error error = NRS_OK;

    if (!community->member) {
        error = nrs_onward_carry_check(core, view, from);
    } else if (!nrs_may_hand_over(core, from, community, view->header->originator.data)) {
        error = NRS_ERROR_NOT_MEMBER;
    }
    if (error != NRS_OK) {
        return nrs_error_is_verdict(error) ? NRS_ERROR_NOT_MEMBER : error;
    }
    return defer_until(core, view->header->roster_version, view, community, record, from);
}

/* Its maker hands it over on a link of another community, and stands outside of this one for no more than a fork: the roster that heals
 * decides (SPEC 7.12). */
static bool waits_for_healing(const nrs_core *core, const nrs_sealed_view *view, const nrs_community *community, const nrs_peer *from)
{
    return community->member && nrs_fork_is(community) && !nrs_peer_member(core, from, community) &&
           (from->side_of & nrs_community_bit(core, community)) != 0 && memcmp(view->header->originator.data, from->keys.sign_key, NRS_KEY_SIZE) == 0;
}

/* The table of its first slots, which comes with a report to a hub. What is anything else is left for its own turn, which
 * also names what is wrong with it. Out: slots_out: owned by the caller; NULL if there is none. */
static nrs_error first_slots(nrs_slots **slots_out, const nrs_sealed_view *view, nrs_slice record)
{
    nrs_slot_table *table = NULL;
    nrs_slice payload = {0};
    uint32_t type = 0;
    nrs_error error = record.size == 0 ? NRS_ERROR_NOT_FOUND : nrs_record_read(&type, &payload, record);

    if (error == NRS_OK && type != NRS_RECORD_SLOT_TABLE) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK) {
        error = nrs_slot_table_decode(&table, payload);
    }
    if (error == NRS_OK && (!nrs_slice_equal(nrs_field(&table->sealed_id), nrs_slice_of(view->id, NRS_HASH_SIZE)) ||
                            !nrs_slice_equal(nrs_field(&table->grant_id), nrs_slice_of(view->grant_id, NRS_HASH_SIZE)))) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK) {
        error = nrs_slots_new(slots_out, table, view->grant, view->grant_id);
    }
    nrs_slot_table_free(&table);
    return nrs_error_is_verdict(error) ? NRS_OK : error;
}

/* In-out: *slots: taken over, or NULL. */
static nrs_error store_sealed(nrs_core *core, nrs_log_row *row, nrs_sealed_view *view, nrs_slots **slots)
{
    nrs_error error;

    row->id = view->id;
    row->owner = nrs_slice_of(view->id, NRS_HASH_SIZE);
    row->expires_ms = view->header->expires_ms;
    error = nrs_store_log_append_not_found(core->store, &row->position, row);
    if (error == NRS_OK) {
        error = nrs_log_remember_sealed(core, row, view);
    }
    if (error == NRS_OK && nrs_header_key_open(view->header)) {
        error = nrs_open_clear(core, view, row->position);
    }
    if (error == NRS_OK && *slots != NULL) {
        error = nrs_receive_own_slots(core, *slots);
    }
    if (error == NRS_OK && *slots != NULL) {
        error = nrs_log_remember_slots(core, row, view, row->position, 0, slots);
    }
    return error;
}

/* What the rules refuse is an attempt (SPEC 13), and worth more than a line in the log; what comes late, or from who is no member now, happens
 * of itself. Returns the rule, or why it could not be entered. */
static nrs_error audit_refusal(nrs_core *core, const nrs_sealed_view *view, nrs_error rule, nrs_peer *from)
{
    static const nrs_error attempts[] = {NRS_ERROR_COMMUNITY_RULE, NRS_ERROR_DISCLAIMER_UNKNOWN, NRS_ERROR_DISCLAIMER_VERSIONS, NRS_ERROR_LABEL_FORBIDS,
                                         NRS_ERROR_ONWARD,         NRS_ERROR_SOURCE_WITHHELD,    NRS_ERROR_NOT_HUB,             NRS_ERROR_FORGED};
    const nrs_audit_what what = {.event = NRS_AUDIT_SEND, .rule = rule, .about = nrs_slice_of(view->id, NRS_HASH_SIZE),
                                 .detail = nrs_label_name((nrs_label)view->header->label)};

    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        if (attempts[i] == rule) {
            const nrs_error error = nrs_audit_add_from(core, from, &what);

            return error == NRS_OK ? rule : error;
        }
    }
    return rule;
}

static nrs_error receive_sealed(nrs_core *core, bool *both_out, nrs_slice record, nrs_slice payload, nrs_slice following, nrs_peer *from)
{
    nrs_sealed_view *view = NULL;
    nrs_slots *slots = NULL;
    nrs_community *community;
    nrs_log_row row = {.type = NRS_RECORD_SEALED, .record = record, .source = nrs_slice_of(from->keys.sign_key, NRS_KEY_SIZE), .received_ms = core->now_ms};
    uint64_t position = 0;
    nrs_error error = nrs_sealed_parse(&view, payload);

    if (error == NRS_OK) {
        error = nrs_store_log_find(core->store, &position, view->id);
    }
    if (error != NRS_OK || position != 0) {
        goto out; /* a duplicate by another path */
    }
    if (nrs_withdrawn(core, view->id)) {
        error = NRS_ERROR_WITHDRAWN; /* the word came first */
        goto out;
    }
    community = nrs_community_by_id(core, view->header->community.data);
    if (community == NULL) {
        error = NRS_ERROR_NOT_MEMBER; /* whoever asks does not learn which communities there are here */
        goto out;
    }
    if (view->header->roster_version > community->roster->version) {
        error = defer_sealed(core, view, community, record, from);
        goto out;
    }
    if (waits_for_healing(core, view, community, from)) {
        error = defer_until(core, community->roster->version + 1, view, community, record, from);
        goto out;
    }
    error = check_sealed(core, view, community, from);
    if (error == NRS_OK) {
        error = nrs_sealed_check_signature(view);
    }
    if (nrs_error_is_verdict(error)) {
        error = audit_refusal(core, view, error, from);
    }
    if (error == NRS_OK && community->hub) {
        error = first_slots(&slots, view, following);
    }
    if (error == NRS_OK && (nrs_slots_name_us(core, slots) || nrs_header_key_open(view->header))) {
        error = nrs_room_for_secrets();
    }
    if (error == NRS_OK) {
        *both_out = slots != NULL;
        row.slots = slots != NULL ? following : nrs_slice_of(NULL, 0);
        error = store_sealed(core, &row, view, &slots);
    }
    if (error == NRS_OK && community->hub) {
        error = nrs_equivocation_watch(core, view, row.position);
    }
out:
    nrs_slots_destroy(&slots);
    nrs_sealed_view_free(&view);
    return error;
}

static nrs_error receive_envelope(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_peer *from)
{
    nrs_envelope *envelope = NULL;
    nrs_community *community;
    uint8_t id[NRS_HASH_SIZE];
    uint64_t position = 0;
    bool mine;
    nrs_error error;

    nrs_record_id(id, record);
    error = nrs_store_log_find(core->store, &position, id);
    if (error != NRS_OK || position != 0) {
        return error;
    }
    error = nrs_envelope_verify(&envelope, payload);
    if (error != NRS_OK) {
        return error;
    }
    community = nrs_community_by_id(core, envelope->community.data);
    mine = nrs_hash_ours(core, envelope->to.data);
    if (community == NULL || !nrs_may_hand_over(core, from, community, envelope->from.data)) {
        error = NRS_ERROR_NOT_MEMBER;
    } else if ((error = nrs_check_maker(core, from, community, envelope->from.data)) != NRS_OK) {
        goto out;
    } else if (nrs_clock_expired(core, envelope->expires_ms)) {
        error = NRS_ERROR_EXPIRED;
    } else if (nrs_clock_ahead(core, envelope->created_ms)) {
        error = NRS_ERROR_CLOCK;
    } else if (envelope->expires_ms - envelope->created_ms > NRS_REPORT_LIFE_MS_MAX) {
        error = NRS_ERROR_TOO_LONG_LIVED;
    } else if (!mine && (!community->hub || !nrs_peer_member(core, nrs_peer_by_hash(core, envelope->to.data), community))) {
        error = NRS_ERROR_UNKNOWN_ORG;
    } else if (mine && !nrs_statements_heard(core, envelope)) {
        error = nrs_look_up_put_off(core, from); /* all that is in it, and not a word of it is lost */
    } else if (mine) {
        error = nrs_room_for_secrets();
    }
    if (error == NRS_OK) {
        error = nrs_log_add(core, NULL, NRS_RECORD_ENVELOPE, id, record, nrs_field(&envelope->from),
                            nrs_slice_of(from->keys.sign_key, NRS_KEY_SIZE), envelope->expires_ms);
    }
    if (error == NRS_OK && mine) {
        error = nrs_statement_take_envelope(core, envelope);
    }
out:
    nrs_envelope_free(&envelope);
    return error;
}

static nrs_error receive_published(nrs_core *core, nrs_record_type type, nrs_slice record, nrs_slice payload, const nrs_peer *from)
{
    nrs_slice source = nrs_slice_of(from->keys.sign_key, NRS_KEY_SIZE);
    uint8_t id[NRS_HASH_SIZE];
    uint64_t position = 0;
    nrs_error error;

    nrs_record_id(id, record);
    error = nrs_store_log_find(core->store, &position, id);
    if (error != NRS_OK || position != 0) {
        return error;
    }
    if (type == NRS_RECORD_KEY_CHANGE) {
        return nrs_key_change_take(core, record, payload, source);
    }
    return type == NRS_RECORD_CARD ? nrs_directory_take_card(core, record, payload, source)
                                   : nrs_directory_take_prekeys(core, record, payload, source);
}

typedef nrs_error (*receiver)(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_peer *from);

/* Whoever has a report read, and nothing comes of it, has it counted. */
static nrs_error about_report(nrs_core *core, receiver receive, nrs_slice record, nrs_slice payload, nrs_peer *from)
{
    const uint64_t read = core->sealed_read, written = nrs_store_changes(core->store);
    const nrs_error error = receive(core, record, payload, from);

    nrs_look_up_end(core, &from->idle_records, error, read, written);
    return error;
}

nrs_error nrs_receive_loose(nrs_core *core, nrs_slice record, nrs_peer *from)
{
    nrs_slice payload = {0};
    uint32_t type = 0;
    nrs_error error = nrs_record_read(&type, &payload, record);

    if (error == NRS_OK) {
        error = type == NRS_RECORD_ROSTER || type == NRS_RECORD_ROSTER_DELTA || type == NRS_RECORD_FORK ? nrs_receive_record(core, record, from) : NRS_ERROR_MALFORMED;
    }
    return error;
}

nrs_error nrs_receive_record(nrs_core *core, nrs_slice record, nrs_peer *from)
{
    bool both = false;

    return nrs_receive_records(core, &both, record, nrs_slice_of(NULL, 0), from);
}

nrs_error nrs_receive_records(nrs_core *core, bool *both_out, nrs_slice record, nrs_slice following, nrs_peer *from)
{
    nrs_slice payload = {0};
    uint32_t type = 0;
    nrs_error error = nrs_record_read(&type, &payload, record);

    if (error != NRS_OK) {
        return error;
    }
    error = NRS_ERROR_UNKNOWN_FLAG; /* a number between ours that this version gives no meaning */
    switch ((nrs_record_type)type) {
    case NRS_RECORD_SEALED:
        error = receive_sealed(core, both_out, record, payload, following, from);
        break;
    case NRS_RECORD_SLOT_TABLE:
        error = about_report(core, nrs_receive_slot_table, record, payload, from);
        break;
    case NRS_RECORD_SLOT_PATH:
        error = nrs_receive_slot_path(core, record, payload, from); /* it says itself whose it is */
        break;
    case NRS_RECORD_GRANT:
        error = about_report(core, nrs_receive_grant, record, payload, from);
        break;
    case NRS_RECORD_CARD:
    case NRS_RECORD_PREKEYS:
    case NRS_RECORD_KEY_CHANGE:
        error = receive_published(core, (nrs_record_type)type, record, payload, from);
        break;
    case NRS_RECORD_ROSTER:
        error = nrs_receive_roster(core, record, payload, from);
        break;
    case NRS_RECORD_ENVELOPE:
        error = receive_envelope(core, record, payload, from);
        break;
    case NRS_RECORD_EQUIVOCATION:
        error = nrs_equivocation_receive(core, record, payload, from);
        break;
    case NRS_RECORD_AUDIT_CHECKPOINT:
        error = nrs_receive_audit_checkpoint(core, record, payload, from);
        break;
    case NRS_RECORD_AUDIT_COSIGNATURE:
        error = nrs_receive_audit_cosignature(core, record, payload, from);
        break;
    case NRS_RECORD_ROSTER_DELTA:
        error = nrs_receive_roster_delta(core, record, payload, from);
        break;
    case NRS_RECORD_FRESHNESS:
        error = nrs_roster_take_word(core, record, payload, from);
        break;
    case NRS_RECORD_FORK:
        error = nrs_fork_take_proof(core, payload, from);
        break;
    case NRS_RECORD_RELEASE:
        error = about_report(core, nrs_receive_release, record, payload, from);
        break;
    case NRS_RECORD_ATTESTATION:
    case NRS_RECORD_WITHDRAWAL: /* never by itself: the decoder has refused it */
        break;
    }
    return error;
}
