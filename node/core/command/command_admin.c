/* status, forget, persons and person-prekeys. */
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "link/link.h"
#include "prekeys/prekeys.h"
#include "store/queue.h"
#include "stream/stream.h"
#include "proto/vocabulary.h"
#include "report/withdrawal.h"
#include "roster/roster.h"
#include "withheld/withheld.h"

#define PERSON_PREKEYS_END_SOON_MS (28ull * NRS_DAY_MS)
#define ROSTER_EXPIRES_SOON_MS (NRS_ROSTER_EXPIRES_SOON_DAYS * NRS_DAY_MS)
#define NAMED_IN_WARNING_MAX 5u

/* ---- status ---- */

static nrs_error put_communities(const nrs_core *core, nrs_row *row)
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
        nrs_row_time(&one, "vouched_at", nrs_roster_fresh_ms(core, community));
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
        bool outgoing = peer->link != NULL ? peer->link->outgoing : peer->dialled;
        nrs_row one;

        next = peer->by_sign.next;
        if (peer->link == NULL && !peer->dialled) {
            continue;
        }
        one = nrs_row_begin();
        nrs_row_text(&one, "org", peer->org);
        nrs_row_text(&one, "state", up ? "up" : nrs_peer_refuses(peer) ? "refused" : "connecting");
        nrs_row_text(&one, "reason", up || peer->failure == NRS_OK ? NULL : nrs_error_rule(peer->failure));
        if (up) {
            nrs_row_time(&one, "since", peer->link->up_ms);
        } else {
            nrs_row_text(&one, "since", NULL);
        }
        nrs_row_text(&one, "direction", outgoing ? "out" : "in");
        nrs_row_number(&one, "queued", queued_for(core, peer));
        *queued += queued_for(core, peer);
        error = nrs_row_end(&one, links);
    }
    nrs_row_json(row, "links", links);
    return error;
}

static nrs_error warn_rosters(nrs_core *core, json_t *warnings)
{
    char text[NRS_MESSAGE_SIZE_MAX];
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < core->community_count && error == NRS_OK; i++) {
        const nrs_roster *roster = core->communities[i].roster;
        const char *format = NULL;

        if (core->communities[i].guest) {
            continue;
        }
        if (nrs_key_revoked(core, core->self.sign_key)) {
            format = "the key of this node is revoked: it has no place in @%s any more";
        } else if (!core->communities[i].member && nrs_fork_is(&core->communities[i]) &&
                   nrs_roster_member_by_key(roster, core->self.sign_key) != NULL) {
            format = "the fork of @%s leaves this node outside until it is healed: ask the secretariat";
        } else if (!core->communities[i].member) {
            format = "this node is no longer a member of @%s";
        } else if (nrs_roster_expired(core, &core->communities[i])) {
            format = "the roster of @%s has expired: nothing above GREEN can be sent";
        } else if (roster->expires_ms < core->now_ms + ROSTER_EXPIRES_SOON_MS) {
            format = "the roster of @%s expires within 60 days";
        } else if (nrs_roster_stale(core, &core->communities[i])) {
            format = "no hub has vouched for the roster of @%s for three days: nothing above GREEN can be sent without --stale-roster";
        }
        if (format != NULL) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            (void)snprintf(text, sizeof text, format, roster->id);
#pragma GCC diagnostic pop
            error = nrs_array_text(warnings, text);
        }
        if (error == NRS_OK && nrs_fork_is(&core->communities[i])) {
            (void)snprintf(text, sizeof text, "ALARM: two rosters of @%s were signed as one version; members are only those in both: see noroshi community forks",
                           roster->id);
            error = nrs_array_text(warnings, text);
        }
        if (error == NRS_OK && core->communities[i].past_count > 0) {
            (void)snprintf(text, sizeof text, "ALARM: roster keys of @%s that were dropped since signed another roster of a past version; it changes nothing here: see noroshi community forks",
                           roster->id);
            error = nrs_array_text(warnings, text);
        }
    }
    return error;
}

/* Members to whom nothing can be sealed now; a few of them by name. */
/* Names the rule and what helps. */
static nrs_error warn_resting(const nrs_core *core, json_t *warnings)
{
    char text[NRS_MESSAGE_SIZE_MAX];

    if (core->resting_count == 0) {
        return NRS_OK;
    }
    (void)snprintf(text, sizeof text, "one node can be in 64 communities, and more are held here: %zu rest and take no part, the first @%s; let a community that is not needed remove this node, and start it again",
                   core->resting_count, core->resting);
    return nrs_array_text(warnings, text);
}

static nrs_error warn_prekeys(const nrs_core *core, json_t *warnings)
{
    char text[NRS_MESSAGE_SIZE_MAX];
    char names[NAMED_IN_WARNING_MAX * (NRS_NAME_SIZE_MAX + 2) + 1] = "";
    size_t size = 0;
    size_t count = 0;

    for (const nrs_peer *peer = core->peers_by_sign; peer != NULL; peer = peer->by_sign.next) {
        const nrs_bundle *bundle = nrs_bundle_by_owner(core, peer->keys.sign_key);

        if (peer->member_of == 0 || (bundle != NULL && nrs_prekeys_current(bundle->prekeys, core->now_ms) != NULL)) {
            continue;
        }
        if (count < NAMED_IN_WARNING_MAX) {
            size += (size_t)snprintf(names + size, sizeof names - size, "%s%s", count == 0 ? "" : ", ", peer->org);
        }
        count++;
    }
    if (count == 0) {
        return NRS_OK;
    }
    (void)snprintf(text, sizeof text, "no current prekeys are known of %zu organisations: %s%s", count, names,
                   count > NAMED_IN_WARNING_MAX ? " …" : "");
    return nrs_array_text(warnings, text);
}

/* A person of ours whose prekeys end: soon no TLP:RED can be sealed to it. */
static nrs_error warn_persons(const nrs_core *core, json_t *warnings)
{
    uint64_t waiting = 0;
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    char text[NRS_MESSAGE_SIZE_MAX];
    nrs_error error = NRS_OK;

    for (size_t i = 0; self != NULL && self->card != NULL && i < self->card->n_persons && error == NRS_OK; i++) {
        const Nrs__Wire__PersonEntry *person = self->card->persons[i];
        const nrs_bundle *bundle = nrs_bundle_by_owner(core, person->sign_key.data);
        uint64_t until_ms = bundle == NULL || bundle->prekeys->n_prekeys == 0 ? 0 : bundle->prekeys->prekeys[bundle->prekeys->n_prekeys - 1]->until_ms;

        if (until_ms > core->now_ms + PERSON_PREKEYS_END_SOON_MS) {
            continue;
        }
        (void)snprintf(text, sizeof text,
                       until_ms <= core->now_ms ? "no TLP:RED can be sealed to %s, whose prekeys have ended: noroshi person unlock %s"
                                                : "the prekeys of %s end within 28 days: noroshi person unlock %s",
                       person->id, person->id);
        error = nrs_array_text(warnings, text);
    }
    if (error == NRS_OK) {
        error = nrs_store_waiting_persons(core->store, &waiting, core->now_ms);
    }
    if (error == NRS_OK && waiting > 0) {
        error = nrs_array_text(warnings, "persons elsewhere wait for TLP:RED from here: whoever wrote it runs noroshi person unlock");
    }
    return error;
}

/* Where the roster still names a key that its owner has revoked, whoever keeps the roster has to follow. */
static nrs_error warn_revoked(const nrs_core *core, json_t *warnings)
{
    char text[NRS_MESSAGE_SIZE_MAX];
    nrs_error error = NRS_OK;

    for (const nrs_key_end *end = core->key_ends; end != NULL && error == NRS_OK; end = end->hh.next) {
        for (size_t i = 0; i < core->community_count && error == NRS_OK; i++) {
            const nrs_community *community = &core->communities[i];
            if (!community->hub || nrs_roster_member_by_key(community->roster, end->sign_key) == NULL) {
                continue;
            }
            (void)snprintf(text, sizeof text,
                           end->cause == NRS_KEY_REVOKED ? "the key of %s is revoked: remove it from the roster of @%s"
                                                         : "%s has announced new keys: bring them into the roster of @%s",
                           end->org, community->roster->id);
            error = nrs_array_text(warnings, text);
        }
    }
    return error;
}

/* A hub turns away whom its roster no longer has, and a member cannot tell so from its own roster. */
static nrs_error warn_refusals(const nrs_core *core, json_t *warnings)
{
    char text[NRS_MESSAGE_SIZE_MAX];
    nrs_error error = NRS_OK;

    for (const nrs_peer *peer = core->peers_by_sign; peer != NULL && error == NRS_OK; peer = peer->by_sign.next) {
        bool up = peer->link != NULL && peer->link->state == NRS_LINK_UP;

        if (!nrs_peer_refuses(peer) || up || (peer->link == NULL && !peer->dialled)) {
            continue;
        }
        (void)snprintf(text, sizeof text,
                       peer->failure == NRS_ERROR_FORKED   ? "The hub %s does not count this node as a member while a fork of the roster lasts: ask the secretariat."
                       : peer->failure == NRS_ERROR_FORGED ? "What answers at the address of the hub %s is not that hub, or it has other keys now: ask the secretariat."
                                                         : "The hub %s refuses this node; it may have been removed from the community: ask the secretariat.",
                       peer->org);
        error = nrs_array_text(warnings, text);
    }
    return error;
}

nrs_error nrs_warn_clock(nrs_core *core, json_t *warnings)
{
    char text[NRS_MESSAGE_SIZE_MAX];
    int64_t error_ms = nrs_clock_error_ms(core);

    if (error_ms == 0) {
        return NRS_OK;
    }
    if (error_ms > 0) {
        (void)snprintf(text, sizeof text, "this node's clock is %llu hours ahead of those of most peers: check this machine's date and time",
                       (unsigned long long)error_ms / NRS_HOUR_MS);
    } else {
        (void)snprintf(text, sizeof text, "this node's clock is %llu hours behind those of most peers: check this machine's date and time",
                       (unsigned long long)-error_ms / NRS_HOUR_MS);
    }
    return nrs_array_text(warnings, text);
}

/* What is missing, and who sent two reports under one number. */
static nrs_error put_streams(nrs_core *core, nrs_row *row)
{
    json_t *gaps = json_array(), *equivocations = json_array();
    nrs_error error = nrs_gap_rows(core, gaps);

    if (error == NRS_OK) {
        error = nrs_equivocation_rows(core, equivocations);
    }
    nrs_row_json(row, "gaps", gaps);
    nrs_row_json(row, "equivocations", equivocations);
    return error;
}

static nrs_error put_warnings(nrs_core *core, nrs_row *row)
{
    json_t *warnings = json_array();
    nrs_error error = warn_rosters(core, warnings);

    if (error == NRS_OK) {
        error = warn_resting(core, warnings);
    }

    if (error == NRS_OK) {
        error = warn_refusals(core, warnings);
    }
    if (error == NRS_OK) {
        error = warn_persons(core, warnings);
    }
    if (error == NRS_OK) {
        error = warn_revoked(core, warnings);
    }
    if (error == NRS_OK) {
        error = warn_prekeys(core, warnings);
    }
    if (error == NRS_OK) {
        error = nrs_warn_clock(core, warnings);
    }
    if (error == NRS_OK) {
        error = nrs_gap_warn(core, warnings);
    }
    if (error == NRS_OK) {
        error = nrs_equivocation_warn(core, warnings);
    }
    if (error == NRS_OK) {
        error = nrs_older_warn(core, warnings);
    }
    if (error == NRS_OK) {
        error = nrs_audit_warn(core, warnings);
    }
    if (error == NRS_OK && !nrs_secret_pool_locked()) {
        error = nrs_array_text(warnings, "the pool of secrets is not locked into memory: raise LimitMEMLOCK");
    }
    nrs_row_json(row, "warnings", warnings);
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
    if (until_ms == 0) {
        nrs_row_text(&prekeys, "until", NULL);
    } else {
        nrs_row_time(&prekeys, "until", until_ms);
    }
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
        error = put_streams(core, &row);
    }
    if (error == NRS_OK) {
        error = put_warnings(core, &row);
    }
    if (error == NRS_OK) {
        error = nrs_row_end(&row, answer->rows);
    }
    nrs_row_discard(&row);
    return error;
}

/* ---- forget ---- */

/* Whether others still need the sealed bytes from this node: it relays for the community, or it is the source. */
static bool needed_by_others(nrs_core *core, const nrs_report_row *report)
{
    const nrs_community *community = nrs_community_by_id(core, report->community);
    bool source = nrs_key_ours(core, report->originator);

    if (!source && (report->flags & NRS_REPORT_WITHHELD) != 0) {
        return false;
    }
    return report->expires_ms > core->now_ms && (source || (community != NULL && community->hub));
}

/* What is forgotten here may still have to be taken back from those who have it: its signed header stays, which holds no text. */
static nrs_error what_withdraws(nrs_core *core, nrs_bytes *left_out, const nrs_report_row *report)
{
    nrs_sealed_view *view = NULL;
    uint64_t position = 0;
    nrs_error error = nrs_log_sealed(core, &view, &position, report->id);

    if (error == NRS_OK) {
        error = nrs_withdrawal_prepare(left_out, view);
    }
    nrs_sealed_view_free(&view);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error; /* its bytes had gone before */
}

/* NULL: it is not RED. Borrowed from the card. */
static nrs_error writer_of(nrs_core *core, const char **writer_out, const nrs_report_row *report)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    bool wrote = false;
    nrs_error error = NRS_OK;

    for (size_t i = 0; report->label == NRS_LABEL_RED && self != NULL && self->card != NULL && i < self->card->n_persons && error == NRS_OK && !wrote; i++) {
        error = nrs_red_writer(core, &wrote, report, self->card->persons[i]);
        if (error == NRS_OK && wrote) {
            *writer_out = self->card->persons[i]->id;
        }
    }
    return error;
}

nrs_error nrs_command_forget(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    uint8_t ids[1][NRS_HASH_SIZE];
    nrs_bytes holder = {0}, left = {0};
    nrs_report_row report;
    nrs_row row = nrs_row_begin();
    const char *writer = NULL;
    bool keep = true;
    nrs_error error = nrs_command_report(core, answer, &report, &holder, nrs_request_text(request, "id"));

    if (error != NRS_OK) {
        goto out;
    }
    memcpy(ids[0], report.id, NRS_HASH_SIZE);
    keep = needed_by_others(core, &report);
    error = nrs_vault_destroy_entries(core, (const uint8_t(*)[NRS_HASH_SIZE])ids, 1, NULL, 0);
    if (error == NRS_ERROR_BUSY) {
        goto out;
    }
    if (error == NRS_OK && report.part == NRS_PART_SENT) {
        error = what_withdraws(core, &left, &report);
        error = error == NRS_OK ? writer_of(core, &writer, &report) : error;
    }
    if (error == NRS_OK) {
        report.key_state = NRS_KEY_FORGOTTEN;
        report.annex = nrs_slice_of_bytes(&left);
        report.segment = 0;
        report.wrapped_key = nrs_slice_of_string(writer == NULL ? "" : writer);
        error = nrs_store_report_update(core->store, &report);
    }
    if (error == NRS_OK) {
        error = nrs_store_slot_delete(core->store, report.id);
    }
    if (error == NRS_OK) {
        nrs_published_part(core, report.id);
        error = nrs_store_note_delete(core->store, report.position);
    }
    if (error == NRS_OK && !keep) {
        error = nrs_store_log_drop(core->store, report.position);
        nrs_log_cache_wipe(core);
    }
    error = nrs_command_written(core, error);
    nrs_core_log(core, error, "forgotten: TLP:%s", nrs_label_name((nrs_label)report.label));
    if (error == NRS_OK) {
        nrs_row_hex(&row, "id", ids[0], NRS_HASH_SIZE);
        error = nrs_row_end(&row, answer->rows);
    }
out:
    nrs_row_discard(&row);
    nrs_bytes_wipe(&left);
    nrs_bytes_wipe(&holder);
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
