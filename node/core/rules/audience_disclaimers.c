/* Which disclaimers a report names: those the rules demand, those the sender adds, and those of a report it quotes. Of each
 * name the newest version, so that there are never two at once. */
#include <string.h>

#include "rules/audience.h"
#include "rules/edges.h"

static const char hint_names[] = "The command noroshi community show --json lists the disclaimers of a community.";
static const char hint_inherited[] = "Answer within the community of the quoted report, whose disclaimers the answer inherits.";
static const char hint_unlock[] = "Name a disclaimer with --disclaimer, or leave --unlock-on-accept out.";

static nrs_error attach(nrs_delivery *delivery, const Nrs__Wire__Disclaimer *text)
{
    uint8_t hash[NRS_HASH_SIZE];
    size_t at = 0;
    nrs_error error = nrs_disclaimer_hash(hash, text);

    if (error != NRS_OK) {
        return error;
    }
    while (at < delivery->disclaimer_count && memcmp(delivery->disclaimers[at], hash, NRS_HASH_SIZE) < 0) {
        at++;
    }
    if (at < delivery->disclaimer_count && memcmp(delivery->disclaimers[at], hash, NRS_HASH_SIZE) == 0) {
        return NRS_OK;
    }
    NRS_ASSERT(delivery->disclaimer_count < NRS_DISCLAIMER_COUNT_MAX); /* a roster has no more */
    for (size_t i = delivery->disclaimer_count; i > at; i--) {
        memcpy(delivery->disclaimers[i], delivery->disclaimers[i - 1], NRS_HASH_SIZE);
        delivery->disclaimer_texts[i] = delivery->disclaimer_texts[i - 1];
    }
    memcpy(delivery->disclaimers[at], hash, NRS_HASH_SIZE);
    delivery->disclaimer_texts[at] = text;
    delivery->disclaimer_count++;
    return NRS_OK;
}

static nrs_error attach_demanded(nrs_delivery *delivery, const nrs_delivery_request *request)
{
    const nrs_roster *roster = delivery->community->roster;
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < roster->rules->n_disclaimers && error == NRS_OK; i++) {
        const Nrs__Wire__Disclaimer *one = roster->rules->disclaimers[i];

        if (nrs_policy_demands(NRS_PLACE_SEND, one->labels, one->kinds, request->label, request->kind)) {
            error = attach(delivery, one);
        }
    }
    return error;
}

static nrs_error attach_named(nrs_answer *answer, nrs_delivery *delivery, const nrs_delivery_request *request)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < request->disclaimer_count && error == NRS_OK; i++) {
        const Nrs__Wire__Disclaimer *one = nrs_roster_disclaimer(delivery->community->roster, request->disclaimers[i]);

        if (one == NULL) {
            return nrs_refuse(answer, NRS_ERROR_DISCLAIMER_UNKNOWN, hint_names, "%.64s: @%s has no such disclaimer.", request->disclaimers[i],
                              delivery->community->roster->id);
        }
        error = attach(delivery, one);
    }
    return error;
}

nrs_error nrs_delivery_inherit(nrs_core *core, nrs_answer *answer, nrs_delivery *delivery, const nrs_header *quoted)
{
    nrs_rules_seen seen = {0};
    nrs_error error = quoted->n_disclaimers == 0 ? NRS_OK : nrs_rules_seen_load(core, &seen, quoted);

    for (size_t i = 0; i < quoted->n_disclaimers && error == NRS_OK; i++) {
        const Nrs__Wire__Disclaimer *text = NULL;
        const Nrs__Wire__Disclaimer *newest = NULL;

        error = nrs_rules_seen_disclaimer(&seen, &text, nrs_field(&quoted->disclaimers[i]));
        if (error == NRS_OK && text != NULL && memcmp(quoted->community.data, delivery->community->id, NRS_HASH_SIZE) == 0) {
            newest = nrs_roster_disclaimer(delivery->community->roster, text->name);
        }
        if (error == NRS_OK) {
            error = newest != NULL ? attach(delivery, newest)
                                   : nrs_refuse(answer, NRS_ERROR_DISCLAIMER_UNKNOWN, hint_inherited,
                                                "@%s has not the disclaimers of the quoted report.", delivery->community->roster->id);
        }
    }
    nrs_rules_seen_wipe(&seen);
    return error;
}

nrs_error nrs_delivery_attach(nrs_core *core, nrs_answer *answer, nrs_delivery *delivery, const nrs_delivery_request *request)
{
    nrs_verdict verdict;
    nrs_error error = attach_demanded(delivery, request);

    if (error == NRS_OK) {
        error = attach_named(answer, delivery, request);
    }
    for (size_t i = 0; i < request->inherited_count && error == NRS_OK; i++) {
        error = nrs_delivery_inherit(core, answer, delivery, request->inherited[i].header);
    }
    if (error != NRS_OK || !request->locked) {
        return error;
    }
    verdict = nrs_policy_unlock(request->label);
    if (verdict.error != NRS_OK) {
        return nrs_refuse(answer, verdict.error, verdict.allowed, "TLP:%s cannot wait for an acceptance before it is granted.",
                          nrs_label_name(request->label));
    }
    if (delivery->disclaimer_count == 0) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, hint_unlock, "There is no disclaimer that could be accepted.");
    }
    return NRS_OK;
}

void nrs_delivery_disclaimers(nrs_delivery *delivery, nrs_header *header)
{
    for (size_t i = 0; i < delivery->disclaimer_count; i++) {
        delivery->disclaimer_fields[i] = nrs_field_of(nrs_slice_of(delivery->disclaimers[i], NRS_HASH_SIZE));
    }
    header->disclaimers = delivery->disclaimer_fields;
    header->n_disclaimers = delivery->disclaimer_count;
}

json_t *nrs_delivery_disclaimer_rows(const nrs_delivery *delivery)
{
    json_t *list = json_array();

    for (size_t i = 0; list != NULL && i < delivery->disclaimer_count; i++) {
        nrs_row one = nrs_row_begin();

        nrs_row_text(&one, "name", delivery->disclaimer_texts[i]->name);
        nrs_row_number(&one, "version", delivery->disclaimer_texts[i]->version);
        nrs_row_hex(&one, "hash", delivery->disclaimers[i], NRS_HASH_SIZE);
        if (nrs_row_end(&one, list) != NRS_OK) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}
