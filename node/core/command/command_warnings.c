/* What a person has to be told with `status`: what ends soon, what is refused, what is missing. */
#include <stdio.h>

#include "audit/audit.h"
#include "link/link.h"
#include "prekeys/key_change.h"
#include "stream/stream.h"
#include "roster/roster.h"
#include "withheld/withheld.h"
#include "proto/time.h"

#define PERSON_PREKEYS_END_SOON_MS (28ull * NRS_DAY_MS)
#define PREKEYS_OVERDUE_MS (2 * NRS_DAY_MS)
#define ROSTER_EXPIRES_SOON_MS (NRS_ROSTER_EXPIRES_SOON_DAYS * NRS_DAY_MS)
#define NAMED_IN_WARNING_MAX 5u

/* What became of this node's place in the community; NULL: it has it. */
static const char *place_lost(nrs_core *core, const nrs_community *community)
{
    if (nrs_key_revoked(core, core->self.sign_key)) {
        return "the key of this node is revoked: it has no place in @%s any more";
    }
    if (!community->member && nrs_fork_is(community) && nrs_roster_member_by_key(community->roster, core->self.sign_key) != NULL) {
        return "the fork of @%s leaves this node outside until it is healed: ask the secretariat";
    }
    if (!community->member && (nrs_own_member_of(core) & nrs_community_bit(core, community)) != 0) {
        return "@%s does not have the new keys of this node yet, and hears nothing of it until then: ask its secretariat for noroshi community succeed";
    }
    return community->member ? NULL : "this node is no longer a member of @%s";
}

/* NULL where it is not soon. */
static const char *expiry_of(nrs_core *core, const nrs_community *community)
{
    if (nrs_roster_expired(core, community)) {
        return "the roster of @%s has expired: nothing above GREEN can be sent without --stale-roster";
    }
    return community->roster->expires_ms < core->now_ms + ROSTER_EXPIRES_SOON_MS ? "the roster of @%s expires within 60 days" : NULL;
}

static const char *staleness_of(nrs_core *core, const nrs_community *community)
{
    return nrs_roster_stale(core, community) ? "no hub has vouched for the roster of @%s for three days: nothing above GREEN can be sent without --stale-roster"
                                             : NULL;
}

/* format: names the community alone; NULL says nothing. */
static nrs_error warn_of(json_t *warnings, const char *format, const nrs_community *community)
{
    char text[NRS_MESSAGE_SIZE_MAX];

    if (format == NULL) {
        return NRS_OK;
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)snprintf(text, sizeof text, format, community->roster->id);
#pragma GCC diagnostic pop
    return nrs_array_text(warnings, text);
}

static nrs_error warn_roster(nrs_core *core, json_t *warnings, const nrs_community *community)
{
    const char *lost = place_lost(core, community);
    nrs_error error = warn_of(warnings, lost, community);

    if (error == NRS_OK && lost == NULL) {
        error = warn_of(warnings, expiry_of(core, community), community);
    }
    if (error == NRS_OK && lost == NULL) {
        error = warn_of(warnings, staleness_of(core, community), community);
    }
    if (error == NRS_OK && lost == NULL) {
        error = nrs_refused_there_warn(core, warnings, community);
    }
    if (error == NRS_OK && nrs_fork_is(community)) {
        error = warn_of(warnings, "ALARM: two rosters of @%s were signed as one version; members are only those in both: see noroshi community forks", community);
    }
    if (error == NRS_OK && community->past_count > 0) {
        error = warn_of(warnings, "ALARM: roster keys of @%s that were dropped since signed another roster of a past version; it changes nothing here: see noroshi community forks",
                        community);
    }
    return error;
}

static nrs_error warn_rosters(nrs_core *core, json_t *warnings)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < core->community_count && error == NRS_OK; i++) {
        error = core->communities[i].guest ? NRS_OK : warn_roster(core, warnings, &core->communities[i]);
    }
    return error;
}

/* A hub that nobody can dial serves nobody. */
static nrs_error warn_address(const nrs_core *core, json_t *warnings)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    char text[NRS_MESSAGE_SIZE_MAX];
    nrs_error error = NRS_OK;

    if (self == NULL || self->card == NULL || self->card->n_endpoints > 0) {
        return NRS_OK;
    }
    for (size_t i = 0; i < core->community_count && error == NRS_OK; i++) {
        const nrs_community *community = &core->communities[i];

        if (!community->guest && community->member && community->hub) {
            (void)snprintf(text, sizeof text, "this node is a hub of @%s and its card names no address: no member can reach it; a node is given one by noroshi card --listen",
                           community->roster->id);
            error = nrs_array_text(warnings, text);
        }
    }
    return error;
}

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

/* Members to whom nothing can be sealed now; a few of them by name. To a key that was succeeded, this node's own or another's, nothing is
 * sealed anyway while it stands in its grace. */
static nrs_error warn_prekeys(const nrs_core *core, json_t *warnings)
{
    char text[NRS_MESSAGE_SIZE_MAX];
    char names[NAMED_IN_WARNING_MAX * (NRS_NAME_SIZE_MAX + 2) + 1] = "";
    size_t size = 0;
    size_t count = 0;

    for (const nrs_peer *peer = core->peers_by_sign; peer != NULL; peer = peer->by_sign.next) {
        const nrs_bundle *bundle = nrs_bundle_by_owner(core, peer->keys.sign_key);

        if (peer->member_of == 0 || nrs_key_ours(core, peer->keys.sign_key) || nrs_key_successor(core, peer->keys.sign_key) != NULL || (bundle != NULL && nrs_prekeys_current(bundle->prekeys, core->now_ms) != NULL)) {
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

/* Destroyed only when the node has run a day at a stretch, which one that is restarted every day never does. */
static nrs_error warn_overdue(const nrs_core *core, json_t *warnings)
{
    char text[NRS_MESSAGE_SIZE_MAX], since[32];
    uint64_t since_ms = UINT64_MAX;
    size_t count = 0;

    for (const nrs_own_prekey *prekey = core->own_prekeys; prekey != NULL; prekey = prekey->hh.next) {
        const uint64_t due_ms = prekey->secret.until_ms + NRS_PREKEY_GRACE_MS;

        if (due_ms + PREKEYS_OVERDUE_MS <= core->now_ms) {
            since_ms = due_ms < since_ms ? due_ms : since_ms;
            count++;
        }
    }
    if (count == 0) {
        return NRS_OK;
    }
    nrs_time_format(since, since_ms);
    (void)snprintf(text, sizeof text, "%zu prekeys were to be destroyed since %s: let the node run for a day without a restart and without its clock being set",
                   count, since);
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

/* Nobody else can answer. What a hub vouches for its node has put before the source. */
static nrs_error warn_asks(nrs_core *core, nrs_row *row, json_t *warnings)
{
    char text[NRS_MESSAGE_SIZE_MAX];
    uint64_t count = 0;
    nrs_error error = nrs_store_ask_waiting(core->store, &count, core->now_ms, NRS_REPORT_VOUCHED);

    nrs_row_number(row, "asks_to_answer", count);
    if (error != NRS_OK || count == 0) {
        return error;
    }
    (void)snprintf(text, sizeof text, "asks for wider sharing wait for an answer from here: %llu; see noroshi release list", (unsigned long long)count);
    return nrs_array_text(warnings, text);
}

/* At a source: what its hub asks it. */
static nrs_error warn_questions(nrs_core *core, nrs_row *row, json_t *warnings)
{
    char text[NRS_MESSAGE_SIZE_MAX];
    uint64_t count = 0;
    nrs_error error = nrs_questions_waiting(core, &count);

    nrs_row_number(row, "questions_to_answer", count);
    if (error != NRS_OK || count == 0) {
        return error;
    }
    (void)snprintf(text, sizeof text, "questions of hubs about reports whose source is withheld wait for an answer from here: %llu; see noroshi list --sent", (unsigned long long)count);
    return nrs_array_text(warnings, text);
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

        if (!nrs_peer_refuses(peer) || nrs_key_successor(core, peer->keys.sign_key) != NULL || up || (peer->link == NULL && !peer->dialled)) {
            continue;
        }
        (void)snprintf(text, sizeof text,
                       peer->failure == NRS_ERROR_FORKED   ? "The hub %s does not count this node as a member while a fork of the roster lasts: ask the secretariat."
                       : peer->failure == NRS_ERROR_BUSY   ? "The hub %s refuses this node's link key for now: ask its secretariat."
                       : peer->failure == NRS_ERROR_FORGED ? "What answers at the address of the hub %s is not that hub, or it has other keys now: ask the secretariat."
                                                         : "The hub %s refuses this node; it may have been removed from the community: ask the secretariat.",
                       peer->org);
        error = nrs_array_text(warnings, text);
    }
    return error;
}

/* Its node cannot tell what was done with its key, and whoever holds the hub is asked. */
static nrs_error warn_held_back(const nrs_core *core, json_t *warnings)
{
    char text[NRS_MESSAGE_SIZE_MAX], until[32];
    nrs_error error = NRS_OK;

    for (const nrs_peer *peer = core->peers_by_sign; peer != NULL && error == NRS_OK; peer = peer->by_sign.next) {
        if (peer->shut_until_ms > core->monotonic_ms) {
            nrs_time_format(until, core->now_ms + (peer->shut_until_ms - core->monotonic_ms));
            (void)snprintf(text, sizeof text, "no connection with the link key of %s is let in until %s, since one chose its routing id: ask whether its key was copied",
                           peer->org, until);
            error = nrs_array_text(warnings, text);
        } else if (peer->held_until_ms > core->monotonic_ms) {
            (void)snprintf(text, sizeof text, "the link key of %s is held back while too many connections with it say nothing, or come too often: ask what its node does",
                           peer->org);
            error = nrs_array_text(warnings, text);
        }
    }
    return error;
}

nrs_error nrs_warn_clock(nrs_core *core, json_t *warnings)
{
    char text[NRS_MESSAGE_SIZE_MAX];
    const nrs_community *before = nrs_clock_before_roster(core);
    int64_t error_ms = nrs_clock_error_ms(core);

    if (error_ms == 0 && before == NULL) {
        return NRS_OK;
    }
    if (before != NULL) {
        (void)snprintf(text, sizeof text, "this node's clock shows a time before the roster of @%s was made: check this machine's date and time",
                       before->roster->id);
    } else if (error_ms > 0) {
        (void)snprintf(text, sizeof text, "this node's clock is %llu hours ahead of those of most peers: check this machine's date and time",
                       (unsigned long long)error_ms / NRS_HOUR_MS);
    } else {
        (void)snprintf(text, sizeof text, "this node's clock is %llu hours behind those of most peers: check this machine's date and time",
                       (unsigned long long)-error_ms / NRS_HOUR_MS);
    }
    return nrs_array_text(warnings, text);
}

nrs_error nrs_command_put_warnings(nrs_core *core, nrs_row *row)
{
    json_t *warnings = json_array();
    nrs_error error = warn_rosters(core, warnings);

    if (error == NRS_OK) {
        error = nrs_awaited_warn(core, warnings);
    }
    if (error == NRS_OK) {
        error = warn_address(core, warnings);
    }
    if (error == NRS_OK) {
        error = warn_resting(core, warnings);
    }
    if (error == NRS_OK) {
        error = warn_refusals(core, warnings);
    }
    if (error == NRS_OK) {
        error = warn_held_back(core, warnings);
    }
    if (error == NRS_OK) {
        error = warn_persons(core, warnings);
    }
    if (error == NRS_OK) {
        error = warn_overdue(core, warnings);
    }
    if (error == NRS_OK) {
        error = warn_asks(core, row, warnings);
    }
    if (error == NRS_OK) {
        error = warn_questions(core, row, warnings);
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
