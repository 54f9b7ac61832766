/* To whom a hub publishes what it vouches for: to those whom the source named, or to some of them (SPEC 6.11). */
#include <stdlib.h>
#include <string.h>

#include "report/onward.h"
#include "withheld/vouch.h"

static const char hint_addresses[] = "Name those who are to read it with --to; they must be among those whom the source named.";
static const char hint_community[] = "Name with --to those who are; other communities are reached by the consent that the source has given.";
static const char hint_within[] = "Leave out who is not among those whom the source named.";

/* Whether an address is of the community in which the source reported. */
static bool of_community(const nrs_community *community, const nrs_address *address)
{
    return address->type == NRS_ADDRESS_COMMUNITY ? strcmp(community->roster->id, address->name) == 0
                                                  : nrs_roster_member_by_org(community->roster, address->name) != NULL;
}

static nrs_error refuse_elsewhere(nrs_answer *answer, const vouching *it)
{
    return nrs_refuse(answer, NRS_ERROR_AUDIENCE, hint_community, "The source reported in @%s, and those it named are not all in it.", it->community->roster->id);
}

static nrs_error take_source_addresses(nrs_answer *answer, nrs_address *addresses, size_t *count, const nrs_report *source)
{
    for (size_t i = 0; i < source->n_to && i < NRS_TARGET_COUNT_MAX; i++) {
        if (nrs_address_parse(&addresses[*count], source->to[i]) != NRS_OK) {
            return nrs_refuse(answer, NRS_ERROR_BAD_ADDRESS, NULL, "%.80s: not an address.", source->to[i]);
        }
        (*count)++;
    }
    return *count > 0 ? NRS_OK : nrs_refuse(answer, NRS_ERROR_AUDIENCE, NULL, "The source named nobody.");
}

/* Who has left since is left out where the secretariat names others. */
static nrs_error keep_community(nrs_answer *answer, vouching *it)
{
    size_t kept = 0;

    for (size_t i = 0; i < it->source_count; i++) {
        if (of_community(it->community, &it->source[i])) {
            it->source[kept] = it->source[i];
            kept++;
        }
    }
    if (kept == 0 || (kept < it->source_count && !it->narrower)) {
        return refuse_elsewhere(answer, it);
    }
    it->source_count = kept;
    return NRS_OK;
}

static nrs_error plan_for(nrs_core *core, nrs_answer *answer, nrs_delivery *delivery, const vouching *it, const nrs_address *addresses, size_t count)
{
    const nrs_inherited source = {it->view->header, (nrs_label)it->row.label, it->opened.report->kind};
    const nrs_delivery_request request = {
        .label = it->draft.label,
        .kind = it->draft.kind,
        .addresses = addresses,
        .address_count = count,
        .stale_roster = it->draft.stale_roster,
        .onward = it->draft.onward,
        .inherited = &source,
        .inherited_count = 1,
        .preferred = it->community,
    };

    nrs_error error = nrs_delivery_plan(core, answer, delivery, &request);

    if (error == NRS_OK && delivery->community != it->community) { /* of another of this hub's: they may have left the source's */
        return refuse_elsewhere(answer, it);
    }
    nrs_delivery_keep_listed(delivery, it->view->header);
    return error;
}

/* Each is among those whom the source named. */
static nrs_error check_within(nrs_answer *answer, const vouching *it)
{
    for (size_t i = 0; i < it->chosen.count; i++) {
        bool among = false;

        for (size_t j = 0; j < it->named.count && !among; j++) {
            among = it->named.list[j].peer == it->chosen.list[i].peer;
        }
        if (!among) {
            return nrs_refuse(answer, NRS_ERROR_AUDIENCE, hint_within, "%s is not among those whom the source named.", it->chosen.list[i].address);
        }
    }
    return NRS_OK;
}

/* All read them: their order must not tell who put itself among them. */
static int by_name(const void *a, const void *b)
{
    char texts[2][NRS_ADDRESS_SIZE_MAX + 1];

    nrs_address_format(texts[0], a);
    nrs_address_format(texts[1], b);
    return strcmp(texts[0], texts[1]);
}

static nrs_error check_addresses(nrs_answer *answer, vouching *it)
{
    for (size_t i = 0; i < it->draft.address_count; i++) {
        const nrs_verdict verdict = nrs_policy_address(it->draft.label, it->draft.addresses[i].type);

        nrs_address_format(it->draft.address_texts[i], &it->draft.addresses[i]);
        it->draft.to[i] = it->draft.address_texts[i];
        if (verdict.error != NRS_OK) {
            return nrs_refuse(answer, verdict.error, hint_addresses, "TLP:%s may not be addressed to %s.", nrs_label_name(it->draft.label),
                              it->draft.to[i]);
        }
    }
    return NRS_OK;
}

nrs_error nrs_vouch_addresses(nrs_answer *answer, vouching *it, const json_t *request)
{
    nrs_error error = take_source_addresses(answer, it->source, &it->source_count, it->opened.report);

    qsort(it->source, it->source_count, sizeof it->source[0], by_name);
    if (error == NRS_OK) {
        error = nrs_draft_addresses(answer, it->draft.addresses, &it->draft.address_count, request, "to");
    }
    it->narrower = it->draft.address_count > 0;
    if (error == NRS_OK && !it->narrower) {
        memcpy(it->draft.addresses, it->source, it->source_count * sizeof it->source[0]);
        it->draft.address_count = it->source_count;
    }
    qsort(it->draft.addresses, it->draft.address_count, sizeof it->draft.addresses[0], by_name);
    return error == NRS_OK ? check_addresses(answer, it) : error;
}

nrs_error nrs_vouch_plan(nrs_core *core, nrs_answer *answer, vouching *it)
{
    nrs_error error = keep_community(answer, it);

    if (error == NRS_OK) {
        error = plan_for(core, answer, &it->named, it, it->source, it->source_count);
    }
    it->delivery = &it->named;
    if (error == NRS_OK && it->narrower) {
        error = plan_for(core, answer, &it->chosen, it, it->draft.addresses, it->draft.address_count);
        it->delivery = &it->chosen;
        error = error == NRS_OK ? check_within(answer, it) : error;
    }
    return error;
}
