#include "command/command_quote.h"

#include "prekeys/key_change.h"
#include "report/onward.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/withdrawal.h"
#include "withheld/withheld.h"

static const char hint_onward[] = "Leave the consent out: it is for the source to give.";
static const char hint_dry_red[] = "Send it without --dry-run: it goes to who wrote that report and to those it names, and is refused for anybody else.";
static const char hint_tick[] = "Try again once it is published: noroshi show ID says when.";

static void wipe_one(nrs_quoted *quoted)
{
    nrs_opened_wipe(&quoted->opened);
    nrs_sealed_view_free(&quoted->view);
    nrs_header_seen_wipe(&quoted->seen);
    nrs_bytes_wipe(&quoted->holder);
}

void nrs_quoted_wipe(nrs_quoted *quoted)
{
    NRS_ASSERT(quoted != NULL);
    for (size_t i = 0; i < quoted->source_count; i++) {
        wipe_one(&quoted->sources[i]);
    }
    free(quoted->sources);
    quoted->sources = NULL;
    quoted->source_count = 0;
    wipe_one(quoted);
}

/* Who shares no community with the source answers to who let it in, whose node carries the answer on where the source is withheld. */
static nrs_error find_way(nrs_core *core, nrs_quoted *quoted)
{
    const nrs_community *home = nrs_community_by_id(core, quoted->row.community), *shared;
    nrs_let_in let_in;
    nrs_error error = home == NULL || home->member ? NRS_ERROR_NOT_FOUND : nrs_let_in_self(core, &let_in, quoted->row.position);

    memcpy(quoted->way, quoted->originator, sizeof quoted->way);
    memcpy(quoted->shared, quoted->community, sizeof quoted->shared);
    if (error == NRS_OK) {
        shared = nrs_community_by_id(core, let_in.community);
        nrs_command_org(core, quoted->way, let_in.community, let_in.by);
        memcpy(quoted->let_in_by, let_in.by, NRS_KEY_SIZE);
        if (shared != NULL) {
            (void)snprintf(quoted->shared + 1, NRS_NAME_SIZE_MAX + 1, "%s", shared->roster->id);
        }
    }
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

nrs_error nrs_quoted_name(nrs_core *core, nrs_quoted *quoted)
{
    const nrs_report *report = quoted->opened.report;
    const nrs_community *community = nrs_community_by_id(core, quoted->row.community);

    nrs_command_org(core, quoted->originator, quoted->row.community, quoted->row.originator);
    nrs_hex_encode(quoted->number, quoted->row.id, sizeof quoted->number / 2);
    quoted->community[0] = '@';
    if (community != NULL) {
        (void)snprintf(quoted->community + 1, NRS_NAME_SIZE_MAX + 1, "%s", community->roster->id);
    }
    if (report != NULL && report->person[0] != '\0') {
        (void)snprintf(quoted->writer, sizeof quoted->writer, "%.*s@%.*s", (int)NRS_NAME_SIZE_MAX, report->person, (int)NRS_NAME_SIZE_MAX, quoted->originator);
    }
    return find_way(core, quoted);
}

/* Of several the strictest, whatever the report says that quotes them. */
static nrs_label strictest(const nrs_quoted *quoted)
{
    nrs_label label = (nrs_label)quoted->row.label;

    for (size_t i = 0; i < quoted->source_count; i++) {
        label = nrs_policy_quote_label((nrs_label)quoted->sources[i].row.label, label);
    }
    return label;
}

static nrs_error take_defaults(nrs_core *core, nrs_quoted *quoted)
{
    const nrs_report *report = quoted->opened.report;
    nrs_draft_defaults *defaults = &quoted->defaults;
    nrs_error error = nrs_withdrawal_of(core, &quoted->withdrawn, quoted->row.id);

    error = error == NRS_OK ? nrs_quoted_name(core, quoted) : error;
    *defaults = (nrs_draft_defaults){
        .quoted_label = strictest(quoted),
        .kind = report == NULL ? 0 : report->kind,
        .drill = (quoted->row.flags & NRS_HEADER_DRILL) != 0,
        .conditions = quoted->conditions,
        .subject = report == NULL ? NULL : report->subject,
        .to = quoted->to,
        .writer = quoted->writer,
        .community = quoted->shared,
        .reach = nrs_quoted_reach,
        .context = quoted,
    };
    if (!nrs_key_ours(core, quoted->row.originator)) {
        quoted->to[0] = quoted->way;
        defaults->to_count = 1;
        return error;
    }
    for (size_t i = 0; report != NULL && i < report->n_to && i < NRS_TARGET_COUNT_MAX; i++) { /* more to say on our own */
        quoted->to[i] = report->to[i];
        defaults->to_count++;
    }
    return error;
}

/* Whoever had an answer before the tick would know when the secretariat has read. */
nrs_error nrs_quoted_published(const nrs_core *core, nrs_answer *answer, const nrs_report_row *row)
{
    return nrs_vouched_left(core, row) ? NRS_OK : nrs_refuse(answer, NRS_ERROR_BUSY, hint_tick, "What this hub vouches for has not left it yet.");
}

nrs_error nrs_quoted_open(nrs_core *core, nrs_answer *answer, nrs_quoted *quoted_out, const json_t *request, nrs_edge_place place)
{
    nrs_error error = nrs_command_report(core, answer, &quoted_out->row, &quoted_out->holder, nrs_request_text(request, "id"));

    if (error == NRS_OK) { /* of what was withdrawn, that which was read before may be answered: an answer holds none of its text */
        error = nrs_withdrawal_check(core, answer, &quoted_out->row, place, nrs_request_text(request, "person"));
    }
    if (error == NRS_OK) {
        error = nrs_quoted_published(core, answer, &quoted_out->row);
    }
    if (error == NRS_OK) {
        error = nrs_header_seen_load(core, &quoted_out->seen, &quoted_out->row);
    }
    if (error == NRS_OK) {
        error = nrs_edge_reading(core, answer, &quoted_out->row, quoted_out->seen.header, NRS_PLACE_QUOTE, nrs_request_text(request, "person"));
    }
    if (error == NRS_OK && quoted_out->row.label != NRS_LABEL_RED) {
        error = nrs_open_report(core, &quoted_out->view, &quoted_out->opened, &quoted_out->row);
        if (error != NRS_OK && error != NRS_ERROR_DISK && !nrs_error_is_passing(error)) {
            return nrs_refuse(answer, error, NULL, "The quoted report does not open: %s.", nrs_error_sentence(error));
        }
    }
    if (error == NRS_OK) {
        error = nrs_let_in_conditions(core, &quoted_out->conditions, &quoted_out->row, quoted_out->seen.header);
    }
    if (error == NRS_OK) {
        const nrs_report *report = quoted_out->opened.report; /* NULL under RED, which only its readers open */

        error = nrs_quoted_sources(core, answer, quoted_out, report == NULL ? NULL : report->passes_on, report == NULL ? 0 : report->n_passes_on, place,
                                   nrs_request_text(request, "person"));
    }
    if (error == NRS_OK) {
        error = take_defaults(core, quoted_out);
    }
    return error;
}

const nrs_quoted *nrs_quoted_bound(const nrs_core *core, const nrs_quoted *quoted, size_t index)
{
    const size_t first = quoted->source_gone || !nrs_sent_here(core, &quoted->row) ? 1 : 0;

    if (index < first) {
        return quoted;
    }
    return index - first < quoted->source_count ? &quoted->sources[index - first] : NULL;
}

bool nrs_quoted_own(const nrs_core *core, const nrs_quoted *quoted)
{
    return nrs_quoted_bound(core, quoted, 0) == NULL;
}

/* By the keys that it has now, or had before. */
bool nrs_quoted_names(const nrs_core *core, const nrs_quoted *quoted, const uint8_t sign_key[NRS_KEY_SIZE])
{
    const nrs_audience *audience = quoted->opened.audience;

    if (nrs_key_same_org(core, quoted->row.originator, sign_key)) {
        return true;
    }
    for (size_t i = 0; i < audience->n_targets; i++) {
        const ProtobufCBinaryData *org = &audience->targets[i]->org;

        if (org->len == NRS_KEY_SIZE && nrs_key_same_org(core, org->data, sign_key)) {
            return true;
        }
    }
    return false;
}

static nrs_error check_one(const nrs_core *core, nrs_answer *answer, const nrs_quoted *quoted, const char *address, const uint8_t sign_key[NRS_KEY_SIZE])
{
    const nrs_label label = (nrs_label)quoted->row.label;
    const nrs_verdict verdict = nrs_policy_quote_address(label, nrs_quoted_names(core, quoted, sign_key));

    return verdict.error == NRS_OK ? NRS_OK
                                   : nrs_refuse(answer, verdict.error, verdict.allowed, "%s was not among those TLP:%s was addressed to.", address, nrs_label_name(label));
}

nrs_error nrs_quoted_check(const nrs_core *core, nrs_answer *answer, const nrs_quoted *quoted, const nrs_delivery *delivery)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; quoted->view != NULL && i < delivery->count && error == NRS_OK; i++) {
        error = check_one(core, answer, quoted, delivery->list[i].address, delivery->list[i].peer->keys.sign_key);
    }
    return error;
}

nrs_error nrs_quoted_addresses(const nrs_core *core, nrs_answer *answer, const nrs_quoted *quoted, const nrs_community *community, const nrs_draft *draft)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; quoted->view != NULL && i < draft->address_count && error == NRS_OK; i++) {
        const nrs_address *address = &draft->addresses[i];
        const Nrs__Wire__Member *member = address->type == NRS_ADDRESS_COMMUNITY ? NULL : nrs_roster_member_by_org(community->roster, address->name);

        if (member != NULL && !nrs_key_ours_or_next(core, member->sign_key.data)) {
            error = check_one(core, answer, quoted, draft->address_texts[i], member->sign_key.data);
        }
    }
    return error;
}

nrs_error nrs_quoted_reach(void *context, nrs_core *core, nrs_answer *answer, const nrs_draft *draft)
{
    const nrs_quoted *quoted = context;
    nrs_delivery delivery = {0};
    const nrs_delivery_request request = {.label = draft->label, .addresses = draft->addresses, .address_count = draft->address_count,
                                          .community = draft->community, .passed_on = quoted->passed_on,
                                          .preferred = nrs_community_by_id(core, quoted->row.community)};
    nrs_error error = nrs_delivery_find_community(core, answer, &delivery, &request);

    if (error == NRS_OK) {
        error = quoted->passed_on ? nrs_forward_reach(core, answer, quoted, delivery.community, draft)
                                  : nrs_quoted_addresses(core, answer, quoted, delivery.community, draft);
    }
    nrs_delivery_wipe(&delivery);
    return error;
}

/* To open TLP:RED is an entry of the audit log, and a dry run leaves none. */
nrs_error nrs_quoted_tells(nrs_answer *answer, const nrs_quoted *quoted, const json_t *request)
{
    const bool asked = nrs_request_flag(request, "dry_run") && !nrs_request_flag(request, "question");

    return quoted->view != NULL || !asked
               ? NRS_OK
               : nrs_refuse(answer, NRS_ERROR_PERSON_ONLY, hint_dry_red,
                            "A dry run does not open TLP:RED, and that report alone says who may receive an answer to it.");
}

/* ---- How far what it says may go ---- */

nrs_error nrs_quoted_consent(const nrs_core *core, nrs_answer *answer, const nrs_quoted *quoted, uint32_t onward)
{
    const nrs_quoted *one;

    for (size_t i = 0; (one = nrs_quoted_bound(core, quoted, i)) != NULL; i++) {
        if ((onward & ~one->seen.header->onward) != 0) {
            return nrs_refuse(answer, NRS_ERROR_CONDITIONS, hint_onward, "The source has not agreed that hubs pass it on so.");
        }
    }
    return NRS_OK;
}

/* Ministries, the national centre, response agencies and the Council hear of it as far as the source agreed, or was itself the one to
 * address them: a quote is no way around its consent. */
bool nrs_quoted_covers(const nrs_core *core, const nrs_quoted *quoted, const nrs_delivery *delivery, const nrs_addressee *one)
{
    const nrs_label label = (nrs_label)quoted->row.label;
    const Nrs__Wire__Member *member = nrs_roster_member_by_key(delivery->community->roster, one->peer->keys.sign_key);
    const uint32_t role = member == NULL ? NRS_ROLE_OPERATOR : member->role;

    return nrs_policy_community_covers(label, NRS_ROLE_OPERATOR, role) || nrs_quoted_names(core, quoted, one->peer->keys.sign_key) ||
           nrs_onward_covers(core, quoted->seen.header, delivery->community, one->peer->keys.sign_key) == NRS_OK;
}

static bool may_know(const nrs_core *core, const nrs_quoted *quoted, const nrs_delivery *delivery, const nrs_addressee *one)
{
    const nrs_label label = (nrs_label)quoted->row.label;
    const bool elsewhere = memcmp(delivery->community->id, quoted->row.community, NRS_HASH_SIZE) != 0;

    if (nrs_quoted_names(core, quoted, one->peer->keys.sign_key) || memcmp(one->peer->keys.sign_key, quoted->let_in_by, NRS_KEY_SIZE) == 0) {
        return true; /* it was theirs, or came from them */
    }
    return nrs_policy_change(label, label, elsewhere, false).error == NRS_OK && nrs_policy_quote_address(label, false).error == NRS_OK &&
           nrs_quoted_covers(core, quoted, delivery, one);
}

bool nrs_quoted_known(const nrs_core *core, const nrs_quoted *quoted, const nrs_delivery *delivery)
{
    bool known = !quoted->withdrawn && quoted->seen.header != NULL && (quoted->seen.header->flags & NRS_HEADER_UNLOCK_ON_ACCEPT) == 0;
    const nrs_quoted *one;

    for (size_t k = 0; known && (one = nrs_quoted_bound(core, quoted, k)) != NULL; k++) {
        for (size_t i = 0; i < delivery->count && known && one->view != NULL; i++) {
            known = may_know(core, one, delivery, &delivery->list[i]);
        }
    }
    return known;
}

void nrs_quoted_keep_listed(const nrs_core *core, const nrs_quoted *quoted, nrs_delivery *delivery)
{
    const nrs_quoted *one;

    for (size_t i = 0; (one = nrs_quoted_bound(core, quoted, i)) != NULL; i++) {
        nrs_delivery_keep_listed(delivery, one->seen.header);
    }
}

nrs_error nrs_reply_complete(const nrs_core *core, nrs_answer *answer, nrs_draft *draft, const nrs_quoted *quoted, nrs_delivery *delivery)
{
    nrs_error error = nrs_quoted_consent(core, answer, quoted, draft->onward);

    if (error != NRS_OK) {
        return error;
    }
    nrs_quoted_keep_listed(core, quoted, delivery);
    if (draft->subject_inherited && !nrs_quoted_known(core, quoted, delivery)) {
        (void)snprintf(draft->subject, sizeof draft->subject, "Re: %s", quoted->number);
    }
    return NRS_OK;
}
