/* release ask (SPEC 6.12): a holder asks the source to share wider. */
#include <sodium.h>
#include <string.h>

#include "command/command_quote.h"
#include "command/command_release.h"
#include "rules/audience.h"
#include "report/onward.h"
#include "report/withdrawal.h"
#include "withheld/withheld.h"

static const char hint_own[] = "What this node has sent it may send to others as well: noroshi send, or noroshi forward.";
static const char hint_label[] = "TLP:CLEAR may be passed on without asking; TLP:RED stays with the persons whom its writer names.";
static const char hint_home[] = "It has not been let in by anybody either: reply to who sent it.";
static const char hint_to[] = "Write --to @community or --to ORGANISATION; one community at a time.";
static const char hint_recognise[] = "Both communities must recognise each other: noroshi community recognise.";
static const char hint_withheld[] = "Publish it with noroshi vouch.";
static const char hint_room[] = "Wait until some are answered, or over: noroshi release list.";
static const char hint_unlock[] = "A key that waits for acceptance is the sender's alone to give.";

typedef struct asking {
    nrs_bytes holder, detail, bytes;
    nrs_report_row row;
    nrs_header_seen seen;
    const nrs_community *home, *target;
    nrs_address addresses[NRS_TARGET_COUNT_MAX];
    size_t count;
    const char *reason, *person;
    uint8_t id[NRS_HASH_SIZE];
    nrs_let_in let_in; /* of another community: by whom, who asks in our place */
    bool through;
} asking;

static void asking_wipe(asking *it)
{
    nrs_header_seen_wipe(&it->seen);
    nrs_bytes_wipe(&it->bytes);
    nrs_bytes_wipe(&it->detail);
    nrs_bytes_wipe(&it->holder);
}

/* Who asks has read it, or could: nobody asks to share what it has not accepted the terms of. */
static nrs_error check_holder(nrs_core *core, nrs_answer *answer, asking *it, const json_t *request)
{
    nrs_error error = nrs_command_report(core, answer, &it->row, &it->holder, nrs_request_text(request, "id"));

    if (error == NRS_OK && it->row.part != NRS_PART_RECEIVED && (it->row.flags & NRS_REPORT_VOUCHED) == 0) {
        error = it->row.key_state == NRS_KEY_HELD ? nrs_passed_on_refuse_release(core, answer, &it->row) : NRS_OK;
        return error != NRS_OK ? error : nrs_refuse(answer, NRS_ERROR_USAGE, hint_own, "This node has sent the report itself.");
    }
    if (error == NRS_OK && (it->row.flags & NRS_REPORT_WITHHELD) != 0) {
        return nrs_refuse(answer, NRS_ERROR_SOURCE_WITHHELD, hint_withheld, "Its source is withheld: it is not released to others.");
    }
    if (error == NRS_OK && (it->row.label == NRS_LABEL_RED || it->row.label == NRS_LABEL_CLEAR)) {
        return nrs_refuse(answer, NRS_ERROR_LABEL_FORBIDS, hint_label, "TLP:%s is not released to others.", nrs_label_name((nrs_label)it->row.label));
    }
    if (error == NRS_OK && (it->row.flags & NRS_HEADER_UNLOCK_ON_ACCEPT) != 0) {
        return nrs_refuse(answer, NRS_ERROR_LABEL_FORBIDS, hint_unlock, "What unlocks on acceptance is not released to others.");
    }
    if (error == NRS_OK) { /* what was taken back goes to nobody else, although who has read it may still answer it */
        error = nrs_withdrawal_check(core, answer, &it->row, NRS_PLACE_EXPORT, nrs_request_text(request, "person"));
    }
    if (error == NRS_OK && nrs_clock_expired(core, it->row.expires_ms)) {
        return nrs_refuse(answer, NRS_ERROR_EXPIRED, NULL, "The report is past its expiry.");
    }
    if (error == NRS_OK && it->row.key_state != NRS_KEY_HELD) {
        return nrs_refuse(answer, NRS_ERROR_NO_SLOT, NULL, "The report does not open here.");
    }
    if (error == NRS_OK) {
        error = nrs_header_seen_load(core, &it->seen, &it->row);
    }
    if (error == NRS_OK) {
        error = nrs_edge_reading(core, answer, &it->row, it->seen.header, NRS_PLACE_QUOTE, nrs_request_text(request, "person"));
    }
    if (error == NRS_OK) {
        error = nrs_passed_on_refuse_release(core, answer, &it->row);
    }
    it->home = error == NRS_OK ? nrs_community_by_id(core, it->row.community) : NULL;
    if (error != NRS_OK || (it->home != NULL && it->home->member)) {
        return error;
    }
    error = it->home == NULL ? NRS_ERROR_NOT_FOUND : nrs_let_in_self(core, &it->let_in, it->row.position);
    it->through = error == NRS_OK;
    return error == NRS_ERROR_NOT_FOUND ? nrs_refuse(answer, NRS_ERROR_NOT_MEMBER, hint_home, "The source is in another community, of which this node is no member.")
                                        : error;
}

/* The report's community if it has them all, else the first joined one that does. */
static bool has_all(const nrs_community *community, const asking *it)
{
    for (size_t i = 0; i < it->count; i++) {
        const nrs_address *address = &it->addresses[i];

        if (address->type == NRS_ADDRESS_COMMUNITY ? strcmp(community->roster->id, address->name) != 0
                                                   : nrs_roster_member_by_org(community->roster, address->name) == NULL) {
            return false;
        }
    }
    return true;
}

static nrs_error find_target(nrs_core *core, nrs_answer *answer, asking *it, const json_t *request)
{
    nrs_community *given = NULL;
    bool stated = false;
    nrs_error error = nrs_draft_addresses(answer, it->addresses, &it->count, request, "to");

    if (error == NRS_OK) {
        error = nrs_address_community(core, answer, &given, nrs_request_text(request, "community"));
    }
    if (error != NRS_OK) {
        return error;
    }
    stated = given != NULL;
    if (it->count == 0 || it->count > NRS_ASK_TARGET_COUNT_MAX) {
        return nrs_refuse(answer, it->count == 0 ? NRS_ERROR_USAGE : NRS_ERROR_TOO_LARGE, hint_to, "An ask names one to %u addresses.", NRS_ASK_TARGET_COUNT_MAX);
    }
    for (size_t i = 0; i < it->count; i++) {
        if (it->addresses[i].type == NRS_ADDRESS_PERSON) {
            return nrs_refuse(answer, NRS_ERROR_LABEL_FORBIDS, hint_to, "A release names organisations and communities, not persons.");
        }
        stated = stated || it->addresses[i].type == NRS_ADDRESS_COMMUNITY;
    }
    if (given != NULL) {
        it->target = has_all(given, it) ? given : NULL;
    } else {
        it->target = has_all(it->home, it) ? it->home : NULL;
    }
    for (size_t i = 0; i < core->community_count && given == NULL && it->target == NULL; i++) {
        it->target = core->communities[i].member && has_all(&core->communities[i], it) ? &core->communities[i] : NULL;
    }
    if (it->target == NULL) {
        return nrs_refuse(answer, NRS_ERROR_UNKNOWN_ORG, hint_to, "No single community of this node has all these organisations.");
    }
    error = stated ? NRS_OK : nrs_address_check(core, answer, it->target, it->home, it->addresses, it->count);
    if (error != NRS_OK) {
        return error;
    }
    if (it->target != it->home && !nrs_roster_recognises(it->home->roster, it->target->id)) { /* else the source could not tell who was let in */
        return nrs_refuse(answer, NRS_ERROR_COMMUNITY_RULE, hint_recognise, "@%s, whose report it is, does not recognise @%s.", it->home->roster->id,
                          it->target->roster->id);
    }
    if (it->target != it->home && !nrs_roster_recognises(it->target->roster, it->home->id)) {
        return nrs_refuse(answer, NRS_ERROR_COMMUNITY_RULE, hint_recognise, "@%s does not recognise @%s, whose report it is.", it->target->roster->id,
                          it->home->roster->id);
    }
    return NRS_OK;
}

static nrs_error encode_ask(asking *it)
{
    Nrs__Wire__Target targets[NRS_ASK_TARGET_COUNT_MAX], *list[NRS_ASK_TARGET_COUNT_MAX];
    nrs_audience audience;
    nrs_bytes bytes = {0};
    uint8_t salt[NRS_HASH_SIZE];
    nrs_ask ask;
    nrs_error error;

    nrs__wire__audience__init(&audience);
    for (size_t i = 0; i < it->count; i++) {
        nrs__wire__target__init(&targets[i]);
        list[i] = &targets[i];
        if (it->addresses[i].type == NRS_ADDRESS_COMMUNITY) {
            targets[i].community = nrs_field_of(nrs_slice_of(it->target->id, NRS_HASH_SIZE));
            targets[i].roster_version = it->target->roster->version;
        } else {
            targets[i].org = nrs_roster_member_by_org(it->target->roster, it->addresses[i].name)->sign_key;
        }
    }
    audience.targets = list;
    audience.n_targets = it->count;
    error = nrs_audience_encode(&bytes, &audience);
    randombytes_buf(salt, sizeof salt);
    nrs__wire__ask__init(&ask);
    ask.salt = nrs_field_of(nrs_slice_of(salt, sizeof salt));
    ask.audience = nrs_field_of(nrs_slice_of_bytes(&bytes));
    ask.community = nrs_field_of(nrs_slice_of(it->target->id, it->target == it->home ? 0 : NRS_HASH_SIZE));
    if (error == NRS_OK) {
        error = nrs_ask_encode(&it->detail, &ask);
    }
    nrs_bytes_wipe(&bytes);
    return error;
}

/* Whoever waits is looked for in all that were agreed to, each time. */
static nrs_error check_room(nrs_core *core, nrs_answer *answer, const asking *it)
{
    nrs_error error = nrs_ask_room(core, &it->row, NRS_ASK_OWN_COUNT_MAX);

    return error == NRS_ERROR_LIMIT ? nrs_refuse(answer, error, hint_room, "At most %u asks of a node about one report are open, or agreed to and not over.", NRS_ASK_OWN_COUNT_MAX)
                                    : error;
}

/* Kept, and on its way to the originator, in one transaction. */
static nrs_error write_ask(nrs_core *core, asking *it)
{
    nrs_statement statement;
    bool fresh = false;
    const nrs_ask_row row = {.id = it->id, .report = it->row.id, .mine = true, .at_ms = core->now_ms, .expires_ms = it->row.expires_ms, .org = it->through ? it->let_in.by : it->row.originator, .person = it->person,
                             .reason = it->reason, .answerer = "", .answer = "", .ask = nrs_slice_of_bytes(&it->detail)};
    nrs_error error = nrs_ask_compose(&it->bytes, &statement, it->row.id, core->now_ms, &row, NULL);

    if (error == NRS_OK) {
        nrs_statement_by(it->id, core->self.sign_key, nrs_slice_of_bytes(&it->bytes));
        error = nrs_store_ask_add(core->store, &fresh, &row);
    }
    if (error == NRS_OK && it->row.part == NRS_PART_SENT) { /* what this hub vouches for */
        error = nrs_ask_source(core, &it->row, &row);
    } else if (error == NRS_OK) {
        error = nrs_statement_queue(core, row.org, it->through ? it->let_in.community : it->row.community, &statement);
    }
    return nrs_command_written(core, error);
}

nrs_error nrs_command_release_ask(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    asking it = {.count = 0};
    nrs_error error = check_holder(core, answer, &it, request);

    if (error == NRS_OK) {
        error = find_target(core, answer, &it, request);
    }
    if (error == NRS_OK) {
        error = check_room(core, answer, &it);
    }
    if (error == NRS_OK) {
        error = nrs_release_reason(answer, &it.reason, request);
    }
    if (error == NRS_OK) {
        error = nrs_release_person(core, answer, &it.person, request);
    }
    if (error == NRS_OK) {
        error = encode_ask(&it);
    }
    if (error == NRS_OK) {
        error = write_ask(core, &it);
    }
    if (error == NRS_OK) {
        error = nrs_release_answer(core, answer, it.id);
    }
    asking_wipe(&it);
    return error;
}
