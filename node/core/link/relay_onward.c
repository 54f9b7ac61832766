/* Grants by others than the originator, on their way (SPEC 6.10, 10.3): to the hubs that carry them, with the report where they may not
 * have it; to whom they let in; and to the originator, who so sees who was let in. */
#include <string.h>

#include "link/relay.h"
#include "prekeys/key_change.h"
#include "report/onward.h"
#include "report/withdrawal.h"

/* The report, and from the originator's own grant on each that the last stands on; or the release. That comes first where the report is
 * another community's, and lets it in. */
nrs_error nrs_relay_add_chain(nrs_core *core, nrs_relay_item *item, uint64_t sealed_position, const nrs_grant_terms *terms, uint64_t grant_position, bool home)
{
    nrs_error error = terms->released && !home ? nrs_relay_add_entry(core, item, terms->release_position) : NRS_OK;

    if (error == NRS_OK && sealed_position != 0) {
        error = nrs_relay_add_entry(core, item, sealed_position);
    }
    if (error == NRS_OK && terms->released && home) {
        error = nrs_relay_add_entry(core, item, terms->release_position);
    }
    for (size_t i = terms->parent_count; i > 0 && error == NRS_OK; i--) {
        if (terms->parents[i - 1].position != 0) {
            error = nrs_relay_add_entry(core, item, terms->parents[i - 1].position);
        }
    }
    return error == NRS_OK ? nrs_relay_add_entry(core, item, grant_position) : error;
}

static nrs_error to_reader(nrs_core *core, nrs_relay_item *item, const nrs_log_entry *entry, const nrs_grant_terms *terms, const nrs_peer *peer)
{
    const uint64_t sealed_position = entry->sealed_position, grant_position = entry->grant_position;
    const bool home = memcmp(entry->community, terms->target == NULL ? entry->id : terms->target->id, NRS_HASH_SIZE) == 0;
    nrs_bytes paths[NRS_RELAY_RECORDS_MAX] = {0};
    size_t count = 0;
    nrs_error error;

    const bool clear = entry->label == NRS_LABEL_CLEAR; /* its grant carries the key, and has no slots */

    if (entry->type != (clear ? NRS_RECORD_GRANT : NRS_RECORD_SLOT_TABLE) || terms->target == NULL || !nrs_peer_member(core, peer, terms->target) || (!entry->own && !terms->target->hub) ||
        nrs_terms_cover(core, entry->report->header, terms, peer->keys.sign_key) != NRS_OK ||
        nrs_onward_duty(core, entry->report->header, terms->label, NRS_PLACE_DELIVER, 0, terms->target, peer->keys.sign_key) != NRS_OK) {
        return NRS_OK;
    }
    if (clear) {
        return nrs_relay_add_chain(core, item, sealed_position, terms, entry->position, home);
    }
    error = nrs_relay_paths(core, paths, &count, NRS_RELAY_RECORDS_MAX - NRS_ONWARD_DEPTH_MAX - 2, entry->slots, peer);
    if (error == NRS_OK && count > 0) {
        error = nrs_relay_add_chain(core, item, sealed_position, terms, grant_position, home); /* `entry` may be gone from here on */
    }
    nrs_relay_add_paths(item, paths, count, error);
    return error;
}

nrs_error nrs_relay_onward(nrs_core *core, nrs_relay_item *item_out, const nrs_log_entry *entry, const nrs_peer *peer)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    const nrs_header *header = entry->report->header;
    const nrs_community *home = nrs_community_by_id(core, header->community.data);
    const uint64_t position = entry->position, sealed_position = entry->sealed_position;
    nrs_grant_terms terms;
    bool source, has_report;
    nrs_error error = nrs_grant_terms_of(core, &terms, entry->report, entry->grant);

    if (error != NRS_OK || terms.depth == 0 || home == NULL || nrs_withdrawn_at(core, sealed_position)) {
        return nrs_error_is_verdict(error) ? NRS_OK : error; /* not in force any more: whoever grants is no hub now */
    }
    if (!entry->own && (self->hub_of & terms.carriers & self->member_of) == 0) {
        return NRS_OK;
    }
    source = (nrs_key_follows(core, header->originator.data, peer->keys.sign_key) || memcmp(terms.parents[0].grantor, peer->keys.sign_key, NRS_KEY_SIZE) == 0) &&
             (entry->own || (self->hub_of & terms.carriers & peer->member_of) != 0);
    if (((peer->hub_of | peer->guest_hub_of) & terms.carriers) == 0 && !source) {
        error = to_reader(core, item_out, entry, &terms, peer);
    } else if (entry->type == NRS_RECORD_SLOT_TABLE) {
        nrs_relay_add(item_out, nrs_slice_of_bytes(&entry->record));
    } else {
        has_report = source || nrs_peer_hub(core, peer, home);
        error = nrs_relay_add_chain(core, item_out, has_report ? 0 : sealed_position, &terms, position, terms.target == home);
    }
    if (error == NRS_ERROR_NOT_FOUND) { /* dropped meanwhile */
        nrs_relay_item_wipe(item_out);
        error = NRS_OK;
    }
    return error;
}
