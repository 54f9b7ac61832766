/* What every node asks of reports whose source is withheld, or vouched for (SPEC 5.8, 10.4). */
#include "withheld/withheld.h"

#include <string.h>

#include "audit/audit.h"
#include "prekeys/key_change.h"

uint32_t nrs_report_flags(const nrs_header *header)
{
    NRS_ASSERT(header != NULL);
    return header->flags | (header->attribution == NRS_ATTRIBUTION_WITHHELD ? NRS_REPORT_WITHHELD : 0u) |
           (header->attribution == NRS_ATTRIBUTION_VOUCHED ? NRS_REPORT_VOUCHED : 0u) | (header->duty[0] != '\0' ? NRS_REPORT_DUTY : 0u);
}

/* By the key that the header names, or the one that came after it. */
static bool made_by_hub(nrs_core *core, const nrs_header *header, const nrs_community *community)
{
    const nrs_peer *peer = nrs_peer_by_sign(core, header->originator.data);
    const nrs_peer *successor = nrs_key_successor(core, header->originator.data);

    return nrs_peer_hub(core, peer, community) || nrs_peer_hub(core, successor, community);
}

nrs_error nrs_withheld_check_carry(nrs_core *core, const nrs_header *header, const nrs_community *community, const nrs_peer *from)
{
    const nrs_attribution_facts facts = {
        .attribution = header->attribution,
        .rule_allows = (community->roster->rules->flags & NRS_RULE_WITHHELD) != 0,
        .direct = nrs_key_follows(core, header->originator.data, from->keys.sign_key),
        .here_hub = community->hub,
        .originator_hub = header->attribution == NRS_ATTRIBUTION_VOUCHED && made_by_hub(core, header, community),
    };

    return nrs_policy_attribution(&facts).error;
}

nrs_verdict nrs_withheld_verdict_open(nrs_core *core, const nrs_header *header, nrs_label label, const nrs_reader_facts *facts)
{
    const nrs_community *community = nrs_community_by_id(core, header->community.data);

    return header->attribution == NRS_ATTRIBUTION_WITHHELD ? nrs_policy_withheld_open(facts, community != NULL && nrs_key_hub_here(core, community))
                                                           : nrs_policy_open(label, facts);
}

nrs_error nrs_withheld_refuse_export(nrs_answer *answer, const nrs_report_row *row)
{
    static const char hint[] = "Publish it with noroshi vouch, and export what is published.";

    if ((row->flags & NRS_REPORT_WITHHELD) == 0 || row->part == NRS_PART_SENT) {
        return NRS_OK;
    }
    return nrs_refuse(answer, NRS_ERROR_SOURCE_WITHHELD, hint, "Its source is withheld: it does not leave this node.");
}

bool nrs_withheld_may_resend(const nrs_core *core, const nrs_header *header)
{
    return header->attribution == NRS_ATTRIBUTION_NAMED || (header->attribution == NRS_ATTRIBUTION_VOUCHED && header->created_ms <= core->now_ms);
}

bool nrs_withheld_may_extend(const nrs_core *core, const nrs_header *header)
{
    return header->attribution == NRS_ATTRIBUTION_NAMED ||
           (header->attribution == NRS_ATTRIBUTION_VOUCHED && (header->created_ms <= core->now_ms || !nrs_key_ours(core, header->originator.data)));
}

bool nrs_vouched_left(const nrs_core *core, const nrs_report_row *report)
{
    return (report->flags & NRS_REPORT_VOUCHED) == 0 || report->created_ms <= core->now_ms;
}

bool nrs_withheld_may_grant(nrs_core *core, const nrs_report_row *row, const nrs_peer *peer)
{
    if ((row->flags & NRS_REPORT_WITHHELD) != 0) {
        return nrs_peer_hub(core, peer, nrs_community_by_id(core, row->community));
    }
    return row->label != NRS_LABEL_CLEAR && nrs_vouched_left(core, row);
}

nrs_error nrs_vouched_take(nrs_core *core, const nrs_sealed_view *view, const nrs_report *report)
{
    const nrs_header *header = view->header;
    nrs_vouched_row row = {.originator = header->originator.data, .community = header->community.data, .id = view->id};
    nrs_peer *hub = nrs_peer_by_sign(core, header->originator.data);
    uint8_t first[NRS_HASH_SIZE];
    nrs_error error;

    if (report->vouch == NULL) {
        return NRS_OK;
    }
    row.count = (nrs_vouch_count){.count = report->vouch->count, .since_ms = report->vouch->since_ms};
    error = nrs_store_vouched_take(core->store, first, &row);
    if (error == NRS_OK && memcmp(first, view->id, NRS_HASH_SIZE) != 0) {
        const nrs_audit_what what = {.event = NRS_AUDIT_ALARM, .rule = NRS_ERROR_FORGED, .org = hub == NULL ? NULL : hub->org,
                                     .about = nrs_slice_of(view->id, NRS_HASH_SIZE), .detail = "one number of two vouched reports"};

        if (hub != NULL) {
            nrs_core_complain(core, hub, NRS_ERROR_FORGED, "it has given one number to two reports that it vouches for");
        }
        error = nrs_audit_add(core, &what);
    }
    return error;
}
