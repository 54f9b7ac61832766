/* What a source has to say to the hub that it gave a report to goes on the link between the two alone: other hubs, which carry
 * letters of members, would learn that there is something between them. */
#include "withheld/withheld.h"

#include <string.h>

#include "link/relay.h"
#include "prekeys/key_change.h"
#include "report/letters.h"
#include "stream/stream.h"

#define AT_ONCE 64u
#define SEEN_AT_ONCE 1024u
#define DUE_NOW 1u /* a time that is past by any clock */

nrs_error nrs_direct_queue(nrs_core *core, const uint8_t to[NRS_KEY_SIZE], const nrs_header *header, const nrs_statement *statement)
{
    nrs_digest_row row = {.due_ms = DUE_NOW, .expires_ms = header->expires_ms + NRS_REPORT_LIFE_MS_MAX, .direct = true, .recipient = to,
                          .community = header->community.data};
    nrs_bytes bytes = {0};
    nrs_error error = nrs_statement_encode(&bytes, statement);

    row.statement = nrs_slice_of_bytes(&bytes);
    if (error == NRS_OK) {
        error = nrs_store_digest_add(core->store, &row);
    }
    if (error == NRS_OK) {
        core->publish_due_ms = DUE_NOW;
    }
    nrs_bytes_wipe(&bytes);
    return error;
}

typedef struct waiting {
    nrs_core *core;
    const nrs_community *community;
    struct {
        uint64_t number;
        nrs_recipient to;
        nrs_bytes statement;
    } list[AT_ONCE];
    size_t count, seen;
    uint64_t last;
} waiting;

/* To the key in force in this community, or the one that came after it there; while both stand in it. */
static bool reachable(const waiting *all, nrs_recipient *to_out, const uint8_t *to)
{
    const nrs_peer *peer = nrs_peer_in_force(all->core, to, all->community);

    return all->community->member && nrs_peer_member(all->core, peer, all->community) && nrs_letter_reader(all->core, to_out, peer) == NRS_OK;
}

/* What nobody can be told yet waits, and holds up nothing behind it. */
static nrs_error gather(void *context, const nrs_digest_row *row)
{
    waiting *all = context;
    nrs_error error = NRS_OK;

    if (all->count == AT_ONCE) {
        return NRS_ERROR_LIMIT;
    }
    all->seen++;
    all->last = row->number;
    if (reachable(all, &all->list[all->count].to, row->recipient)) {
        error = nrs_bytes_copy(&all->list[all->count].statement, row->statement);
        all->list[all->count].number = row->number;
        all->count += error == NRS_OK ? 1 : 0;
    }
    return error;
}

static nrs_error post(nrs_core *core, const nrs_community *community, const nrs_recipient *to, nrs_slice statement, uint64_t number)
{
    nrs_envelope_request request = {.statements = &statement, .statement_count = 1, .community = nrs_slice_of(community->id, NRS_HASH_SIZE),
                                    .to = to, .now_ms = nrs_letter_time(core)};
    nrs_bytes record = {0};
    uint8_t id[NRS_HASH_SIZE];
    uint64_t position = 0;
    nrs_error error;

    request.expires_ms = request.now_ms + NRS_REPORT_LIFE_MS_MAX;
    error = nrs_envelope_seal(&record, core->identity, &request);

    if (error == NRS_OK) {
        nrs_record_id(id, nrs_slice_of_bytes(&record));
        error = nrs_store_log_append(core->store, &position,
                                     &(nrs_log_row){.type = NRS_LOG_DIRECT, .id = id, .owner = nrs_slice_of(id, sizeof id),
                                                    .record = nrs_slice_of_bytes(&record), .received_ms = core->now_ms, .expires_ms = request.expires_ms});
    }
    nrs_bytes_wipe(&record);
    if (error == NRS_ERROR_BUSY) {
        return NRS_OK; /* no room for a secret now: it waits too */
    }
    return error == NRS_OK ? nrs_store_digest_delete(core->store, number) : error;
}

/* A page with each tick, from where the last one ended: turn by turn all are looked at, however many wait for somebody who is away. */
nrs_error nrs_direct_send(nrs_core *core, nrs_community *community)
{
    waiting all = {.core = core, .community = community};
    nrs_error error = nrs_store_direct_each(core->store, community->id, community->direct_after, SEEN_AT_ONCE, gather, &all);

    for (size_t i = 0; i < all.count; i++) {
        if (error == NRS_OK) {
            error = post(core, community, &all.list[i].to, nrs_slice_of_bytes(&all.list[i].statement), all.list[i].number);
        }
        nrs_bytes_wipe(&all.list[i].statement);
    }
    community->direct_after = all.count == AT_ONCE || all.seen == SEEN_AT_ONCE ? all.last : 0;
    return error;
}

void nrs_direct_route(nrs_core *core, nrs_relay_item *item, const nrs_log_entry *entry, const nrs_peer *peer)
{
    const nrs_community *community = nrs_community_by_id(core, entry->community);
    uint8_t former[NRS_KEY_HASH_SIZE];

    if (community != NULL && nrs_peer_member(core, peer, community) &&
        (memcmp(entry->to, peer->key_hash, NRS_KEY_HASH_SIZE) == 0 ||
         (nrs_key_hash_before(core, former, peer->keys.sign_key) && memcmp(entry->to, former, NRS_KEY_HASH_SIZE) == 0))) {
        nrs_relay_add(item, nrs_slice_of_bytes(&entry->record));
    }
}
