/* status, persons and person-prekeys. */

#include "audit/audit.h"
#include "link/link.h"
#include "prekeys/prekeys.h"
#include "store/queue.h"
#include "stream/stream.h"
#include "proto/vocabulary.h"
#include "report/withdrawal.h"
#include "roster/roster.h"
#include "withheld/withheld.h"

/* ---- status ---- */

enum { NAMED_COUNT_MAX = 5 };

/* Members with whose rosters the one held was compared; a few of them by name. */
static json_t *compared_with(const nrs_core *core, const nrs_community *community)
{
    json_t *orgs = json_array();

    for (const nrs_link *link = core->links; link != NULL && json_array_size(orgs) < NAMED_COUNT_MAX; link = link->hh.next) {
        if (nrs_roster_compared_by(core, community, link)) {
            (void)json_array_append_new(orgs, json_string(link->peer->org));
        }
    }
    return orgs;
}

static nrs_error put_communities(nrs_core *core, nrs_row *row)
{
    json_t *communities = json_array();
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < core->community_count && error == NRS_OK; i++) {
        const nrs_community *community = &core->communities[i];
        if (community->guest) {
            continue;
        }
        const Nrs__Wire__Member *self = nrs_roster_member_by_key(community->roster, core->self.sign_key);
        const nrs_term *role = self == NULL ? NULL : nrs_vocabulary_by_value(NRS_VOCABULARY_ROLE, self->role);
        nrs_row one = nrs_row_begin();

        nrs_row_text(&one, "id", community->roster->id);
        nrs_row_text(&one, "name", community->roster->name);
        nrs_row_number(&one, "roster_version", community->roster->version);
        nrs_row_hex(&one, "hash", community->head, NRS_HASH_SIZE);
        nrs_row_time(&one, "expires_at", community->roster->expires_ms);
        nrs_row_time_or_null(&one, "vouched_at", nrs_roster_fresh_ms(core, community)); /* 0: of a time to come, and no hub has said a word for it */
        nrs_row_flag(&one, "compared", nrs_roster_compared(core, community));
        nrs_row_json(&one, "compared_with", compared_with(core, community));
        nrs_row_flag(&one, "forked", nrs_fork_is(community));
        nrs_row_text(&one, "role", role == NULL ? NULL : role->code);
        error = nrs_row_end(&one, communities);
    }
    nrs_row_json(row, "communities", communities);
    return error;
}

/* Records that wait for a peer, roughly: what of our log it has not confirmed. On a live link only what is in flight or not
 * looked at, since most of a log is not for everyone. */
static uint64_t queued_for(const nrs_core *core, const nrs_peer *peer)
{
    uint64_t end = nrs_store_log_end(core->store);

    if (peer->link != NULL && peer->link->state == NRS_LINK_UP) {
        return peer->link->flight_count + (end > peer->link->scan_position ? end - peer->link->scan_position : 0);
    }
    return end > peer->sent_position ? end - peer->sent_position : 0;
}

static nrs_error put_links(const nrs_core *core, nrs_row *row, uint64_t *queued)
{
    json_t *links = json_array();
    const nrs_peer *peer;
    const nrs_peer *next;
    nrs_error error = NRS_OK;

    for (peer = core->peers_by_sign; peer != NULL && error == NRS_OK; peer = next) {
        bool up = peer->link != NULL && peer->link->state == NRS_LINK_UP;
        bool outgoing = peer->link != NULL ? peer->link->outgoing : nrs_directory_dials(core, peer);
        nrs_row one;

        next = peer->by_sign.next;
        if (peer->link == NULL && !outgoing) {
            continue;
        }
        one = nrs_row_begin();
        nrs_row_text(&one, "org", peer->org);
        nrs_row_text(&one, "state", up ? "up" : nrs_peer_refuses(peer) ? "refused" : "connecting");
        nrs_row_text(&one, "reason", up || peer->failure == NRS_OK ? NULL : nrs_error_rule(peer->failure));
        nrs_row_time_or_null(&one, "since", up ? peer->link->up_ms : 0);
        nrs_row_text(&one, "direction", outgoing ? "out" : "in");
        nrs_row_number(&one, "queued", queued_for(core, peer));
        *queued += queued_for(core, peer);
        error = nrs_row_end(&one, links);
    }
    nrs_row_json(row, "links", links);
    return error;
}

/* What has not come: rosters that records wait for, reports; and who sent two reports under one number. */
static nrs_error put_missing(nrs_core *core, nrs_row *row)
{
    json_t *rosters = json_array(), *gaps = json_array(), *equivocations = json_array();
    nrs_error error = nrs_awaited_rows(core, rosters);

    if (error == NRS_OK) {
        error = nrs_gap_rows(core, gaps);
    }
    if (error == NRS_OK) {
        error = nrs_equivocation_rows(core, equivocations);
    }
    nrs_row_json(row, "rosters_awaited", rosters);
    nrs_row_json(row, "gaps", gaps);
    nrs_row_json(row, "equivocations", equivocations);
    return error;
}

static void put_prekeys(const nrs_core *core, nrs_row *row)
{
    const nrs_own_prekey *prekey;
    uint64_t until_ms = 0;
    nrs_row prekeys = nrs_row_begin();

    for (prekey = core->own_prekeys; prekey != NULL; prekey = prekey->hh.next) {
        if (!prekey->person && prekey->secret.until_ms > until_ms) {
            until_ms = prekey->secret.until_ms;
        }
    }
    nrs_row_time_or_null(&prekeys, "until", until_ms);
    nrs_row_json(row, "prekeys", prekeys.object);
    row->failed = row->failed || prekeys.failed;
}

/* What peers made this node read of its log. */
static void put_log_read(const nrs_core *core, nrs_row *row)
{
    nrs_row read = nrs_row_begin();

    nrs_row_number(&read, "rows", core->read_rows);
    nrs_row_number(&read, "bytes", core->read_bytes);
    nrs_row_json(row, "log_read", read.object);
    row->failed = row->failed || read.failed;
}

nrs_error nrs_command_status(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    const nrs_card *card = self == NULL ? NULL : self->card;
    char fingerprint[48];
    uint64_t queued = core->letter_count;
    uint64_t reports = 0;
    nrs_row row = nrs_row_begin();
    nrs_error error = nrs_store_report_count(core->store, &reports);

    (void)request;
    if (error == NRS_OK) {
        nrs_fingerprint(fingerprint, core->self.sign_key);
        nrs_row_text(&row, "org", core->org);
        nrs_row_text(&row, "name", card == NULL ? core->org : card->name);
        nrs_row_text(&row, "fingerprint", fingerprint);
        nrs_row_text(&row, "version", NRS_VERSION);
        nrs_row_text(&row, "listen", card == NULL || card->n_endpoints == 0 ? NULL : card->endpoints[0]);
        error = put_communities(core, &row);
    }
    if (error == NRS_OK) {
        error = put_links(core, &row, &queued);
    }
    if (error == NRS_OK) {
        nrs_row_number(&row, "queued", queued);
        nrs_row_number(&row, "deferred", nrs_store_deferred_count(core->store));
        nrs_row_number(&row, "reports", reports);
        put_log_read(core, &row);
        put_prekeys(core, &row);
        error = put_missing(core, &row);
    }
    if (error == NRS_OK) {
        error = nrs_command_put_warnings(core, &row);
    }
    if (error == NRS_OK) {
        error = nrs_row_end(&row, answer->rows);
    }
    nrs_row_discard(&row);
    return error;
}

/* ---- persons ---- */

nrs_error nrs_command_persons(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    nrs_error error = NRS_OK;

    (void)request;
    for (size_t i = 0; self != NULL && self->card != NULL && i < self->card->n_persons && error == NRS_OK; i++) {
        const Nrs__Wire__PersonEntry *person = self->card->persons[i];
        const nrs_bundle *bundle = nrs_bundle_by_owner(core, person->sign_key.data);
        size_t unread = 0;
        nrs_row row = nrs_row_begin();

        nrs_row_text(&row, "person", person->id);
        nrs_row_text(&row, "name", person->name);
        error = nrs_person_unread(core, &unread, person->id, person->sign_key.data, false);
        nrs_row_number(&row, "unread", unread);
        if (error != NRS_OK) {
            nrs_row_discard(&row);
            return error;
        }
        if (bundle == NULL || bundle->prekeys->n_prekeys == 0) {
            nrs_row_text(&row, "prekeys_until", NULL);
        } else { /* ascending */
            nrs_row_time(&row, "prekeys_until", bundle->prekeys->prekeys[bundle->prekeys->n_prekeys - 1]->until_ms);
        }
        error = nrs_row_end(&row, answer->rows);
    }
    return error;
}

nrs_error nrs_command_person_former(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    const char *person = nrs_request_text(request, "person");
    nrs_error error = nrs_person_former_take(core, request);

    if (!nrs_error_is_verdict(error)) {
        return error;
    }
    return nrs_refuse(answer, error, NULL, "The keys of %.64s: %s.", person == NULL ? "?" : person, nrs_error_sentence(error));
}

nrs_error nrs_command_person_prekeys(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    const char *person = nrs_request_text(request, "person");
    nrs_error error = nrs_prekey_keeper_add_person(core, request);

    if (!nrs_error_is_verdict(error)) {
        return error;
    }
    return nrs_refuse(answer, error, NULL, "The prekeys of %.64s: %s.", person == NULL ? "?" : person, nrs_error_sentence(error));
}
