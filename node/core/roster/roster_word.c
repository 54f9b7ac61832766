/* What members say of rosters (SPEC 7.11): a hub signs each day which head it holds, so that who hears of none for long knows that
 * its own may be old; and each member says once, by its own key, that it has joined. */
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "proto/vocabulary.h"
#include "link/log.h"
#include "link/receive.h"
#include "prekeys/key_change.h"
#include "roster/roster.h"

#define SAID_EVERY_MS NRS_DAY_MS

/* ---- What is kept ---- */

static nrs_hub_word *word_of(nrs_community *community, const uint8_t signer[NRS_KEY_SIZE])
{
    for (size_t i = 0; i < community->word_count; i++) {
        if (memcmp(community->words[i].signer, signer, NRS_KEY_SIZE) == 0) {
            return &community->words[i];
        }
    }
    return NULL;
}

/* Past the room for hubs the oldest word gives way. */
static void keep_hub_word(nrs_community *community, const uint8_t signer[NRS_KEY_SIZE], const nrs_freshness *said)
{
    nrs_hub_word *word = word_of(community, signer);

    if (word == NULL && community->word_count < NRS_HUB_WORD_MAX) {
        word = &community->words[community->word_count++];
    }
    for (size_t i = 0; word == NULL && i < community->word_count; i++) {
        if (word == NULL || community->words[i].created_ms < word->created_ms) {
            word = &community->words[i];
        }
    }
    memcpy(word->signer, signer, NRS_KEY_SIZE);
    word->version = said->version;
    memcpy(word->hash, said->hash.data, NRS_HASH_SIZE);
    word->created_ms = said->created_ms;
}

static void keep(nrs_core *core, nrs_community *community, nrs_peer *signer, const nrs_freshness *said)
{
    if (said->joined.len > 0) {
        signer->joined_in |= nrs_community_bit(core, community);
    }
    if (nrs_peer_hub(core, signer, community)) {
        keep_hub_word(community, signer->keys.sign_key, said);
    }
    if (memcmp(signer->keys.sign_key, core->self.sign_key, NRS_KEY_SIZE) == 0) {
        community->said_ms = said->created_ms;
    }
}

static nrs_error load_word(void *context, const nrs_word_row *row)
{
    nrs_core *core = context;
    nrs_community *community = nrs_community_by_id(core, row->community);
    nrs_peer *signer = nrs_peer_by_sign(core, row->signer);
    nrs_signed *outer = NULL;
    nrs_freshness *said = NULL;
    nrs_error error = NRS_OK;

    if (community == NULL || signer == NULL) {
        return NRS_OK; /* on no roster, and never known */
    }
    error = nrs_signed_decode(&outer, row->payload);
    if (error == NRS_OK) {
        error = nrs_freshness_decode(&said, nrs_field(&outer->statement));
    }
    if (error == NRS_OK) {
        keep(core, community, signer, said);
    }
    nrs_freshness_free(&said);
    nrs_signed_free(&outer);
    return nrs_error_is_verdict(error) ? NRS_ERROR_DAMAGED : error;
}

nrs_error nrs_roster_load_words(nrs_core *core)
{
    return nrs_store_word_each(core->store, NULL, load_word, core);
}

/* ---- How fresh a roster is ---- */

static bool vouches(const nrs_community *community, const nrs_hub_word *word)
{
    return word->version == community->roster->version && memcmp(word->hash, community->head, NRS_HASH_SIZE) == 0;
}

/* A hub beside another says with its own word nothing that it could be wrong about: it may be the one that is cut off. */
static bool has_other_hub(const nrs_core *core, const nrs_community *community)
{
    for (size_t i = 0; i < community->roster->n_members; i++) {
        const uint8_t *key = community->roster->members[i]->sign_key.data;

        if (community->roster->members[i]->role == NRS_ROLE_HUB && !nrs_key_ours(core, key) && nrs_peer_hub(core, nrs_peer_by_sign(core, key), community)) {
            return true;
        }
    }
    return false;
}

/* By the words of hubs; with this node's own, or without. */
static uint64_t vouched_ms(nrs_core *core, const nrs_community *community, bool own)
{
    /* The roster keys' own word; one from a clock that is wrong, or that says so, vouches for nothing. */
    uint64_t fresh = nrs_clock_ahead(core, community->roster->created_ms) ? 0 : community->roster->created_ms;

    for (size_t i = 0; i < community->word_count; i++) {
        const nrs_hub_word *word = &community->words[i];

        if (vouches(community, word) && word->created_ms > fresh && (own || !nrs_key_ours(core, word->signer))) {
            fresh = word->created_ms;
        }
    }
    return fresh < core->now_ms ? fresh : core->now_ms;
}

uint64_t nrs_roster_fresh_ms(nrs_core *core, const nrs_community *community)
{
    return vouched_ms(core, community, !community->hub || !has_other_hub(core, community));
}

/* What the peer of a link has shown of the community by its hello; NULL: nothing. */
static const struct nrs_link_head *shown(const nrs_core *core, const nrs_community *community, const nrs_link *link)
{
    for (size_t i = 0; link->state == NRS_LINK_UP && nrs_peer_member(core, link->peer, community) && i < link->head_count; i++) {
        if (memcmp(link->heads[i].community, community->id, NRS_HASH_SIZE) == 0) {
            return &link->heads[i];
        }
    }
    return NULL;
}

bool nrs_roster_compared_by(const nrs_core *core, const nrs_community *community, const nrs_link *link)
{
    const struct nrs_link_head *head = shown(core, community, link);

    return head != NULL && head->version == community->roster->version && memcmp(head->hash, community->head, NRS_HASH_SIZE) == 0 &&
           (link->peer->told_of & nrs_community_bit(core, community)) == 0;
}

bool nrs_roster_compared(const nrs_core *core, const nrs_community *community)
{
    bool compared = false;

    for (const nrs_link *link = core->links; link != NULL; link = link->hh.next) {
        const struct nrs_link_head *head = shown(core, community, link);

        if (head != NULL && head->version > community->roster->version) {
            return false; /* it is on its way */
        }
        compared = compared || nrs_roster_compared_by(core, community, link);
    }
    return compared;
}

bool nrs_roster_stale(nrs_core *core, const nrs_community *community)
{
    return nrs_clock_expired(core, nrs_roster_fresh_ms(core, community) + NRS_ROSTER_FRESH_MS);
}

bool nrs_roster_expired(nrs_core *core, const nrs_community *community)
{
    return nrs_clock_expired(core, community->roster->expires_ms);
}

nrs_error nrs_roster_note_override(nrs_core *core, const nrs_community *community, nrs_label label, bool given, const char *person)
{
    bool expired = nrs_roster_expired(core, community);
    char detail[NRS_AUDIT_DETAIL_SIZE_MAX + 1];
    const nrs_audit_what what = {.event = NRS_AUDIT_OVERRIDE, .person = person, .about = nrs_slice_of(community->head, NRS_HASH_SIZE), .detail = detail};

    if (!given || label <= NRS_LABEL_GREEN || (!expired && !nrs_roster_stale(core, community))) {
        return NRS_OK;
    }
    nrs_core_log(core, NRS_ERROR_ROSTER_STALE, "override: TLP:%s was sealed for @%s although its roster %s", nrs_label_name(label), community->roster->id,
                 expired ? "is past its expiry" : "is stale");
    (void)snprintf(detail, sizeof detail, "stale-roster @%s %s", community->roster->id, nrs_label_name(label));
    return nrs_audit_add(core, &what);
}

/* ---- In ---- */

static nrs_error check_joined(const nrs_freshness *said, const uint8_t signer[NRS_KEY_SIZE])
{
    return said->joined.len == 0 ? NRS_OK
                                 : nrs_sign_verify(said->joined.data, signer, NRS_DOMAIN_MEMBER_JOINED, nrs_field(&said->community));
}

/* A word that another clock made too far ahead. Which clock is wrong cannot be told: as long as one of the same hub is held that
 * vouches for more than the day until its next, none from the future takes its place; where none is, the word of most peers lets it in. */
static bool from_the_future(nrs_core *core, nrs_community *community, const nrs_peer *signer, const nrs_freshness *said)
{
    const uint64_t latest_ms = core->now_ms + NRS_CLOCK_AHEAD_MS_MAX;
    const nrs_hub_word *held = word_of(community, signer->keys.sign_key);

    if (held != NULL && vouches(community, held) && held->created_ms <= latest_ms &&
        held->created_ms + NRS_ROSTER_FRESH_MS > core->now_ms + SAID_EVERY_MS) {
        return said->created_ms > latest_ms;
    }
    return nrs_clock_ahead(core, said->created_ms);
}

/* One held from the far future, taken under a clock that was wrong, does not shut out what is made now. */
static bool gives_way(const nrs_core *core, uint64_t held_ms, const nrs_freshness *said)
{
    const uint64_t latest_ms = core->now_ms + NRS_CLOCK_AHEAD_MS_MAX;

    return held_ms > latest_ms && said->created_ms <= latest_ms;
}

/* Stored, and logged for those it goes to; the one that it replaces is dropped from the log. */
static nrs_error store_word(nrs_core *core, nrs_slice record, nrs_slice payload, const nrs_freshness *said, const uint8_t signer[NRS_KEY_SIZE],
                            nrs_slice source, uint64_t replaced_position)
{
    uint8_t id[NRS_HASH_SIZE];
    nrs_word_row row = {.community = said->community.data, .signer = signer, .created_ms = said->created_ms, .payload = payload};
    nrs_error error;

    nrs_record_id(id, record);
    error = nrs_log_add(core, &row.position, NRS_RECORD_FRESHNESS, id, record, nrs_slice_of(signer, NRS_KEY_SIZE), source, 0);
    if (error == NRS_OK && replaced_position != 0) {
        error = nrs_log_drop(core, replaced_position);
    }
    return error == NRS_OK ? nrs_store_word_set(core->store, &row) : error;
}

nrs_error nrs_roster_take_word(nrs_core *core, nrs_slice record, nrs_slice payload, const nrs_peer *from)
{
    nrs_signed *outer = NULL;
    nrs_freshness *said = NULL;
    nrs_community *community = NULL;
    nrs_peer *signer = NULL;
    uint64_t held_ms = 0, held_position = 0;
    bool joined_before = false;
    nrs_error error = nrs_signed_open(&outer, NRS_RECORD_FRESHNESS, payload);

    if (error == NRS_OK) {
        error = nrs_freshness_decode(&said, nrs_field(&outer->statement));
    }
    if (error != NRS_OK) {
        goto out;
    }
    community = nrs_community_by_id(core, said->community.data);
    signer = nrs_peer_by_sign(core, outer->signer.data);
    if (community == NULL || !nrs_peer_member(core, signer, community) ||
        (from != NULL && !nrs_may_hand_over(core, from, community, signer->keys.sign_key))) {
        error = NRS_ERROR_NOT_MEMBER;
    } else if (from_the_future(core, community, signer, said)) {
        error = NRS_ERROR_CLOCK;
    } else {
        error = check_joined(said, signer->keys.sign_key);
    }
    if (error == NRS_OK) {
        error = nrs_store_word_find(core->store, &held_ms, &held_position, said->community.data, signer->keys.sign_key);
    }
    if (error != NRS_OK || (held_position != 0 && held_ms >= said->created_ms && !gives_way(core, held_ms, said))) {
        goto out;
    }
    joined_before = (signer->joined_in & nrs_community_bit(core, community)) != 0;
    if (from != NULL && nrs_peer_hub(core, signer, community) && said->version < community->roster->version &&
        (joined_before || said->joined.len == 0)) {
        error = NRS_ERROR_ROSTER_OLD; /* a hub that holds an older head vouches for nothing here */
        goto out;
    }
    error = store_word(core, record, payload, said, signer->keys.sign_key,
                       from == NULL ? nrs_slice_of(NULL, 0) : nrs_slice_of(from->keys.sign_key, NRS_KEY_SIZE), held_position);
    if (error == NRS_OK) {
        keep(core, community, signer, said);
    }
    if (error == NRS_OK && !joined_before && said->joined.len > 0) {
        error = nrs_directory_arrived(core, signer->keys.sign_key); /* what waited for it may be granted now */
        error = error == NRS_OK ? nrs_roster_joined(core, community, signer) : error;
    }
out:
    nrs_freshness_free(&said);
    nrs_signed_free(&outer);
    return error;
}

/* ---- Out ---- */

nrs_error nrs_roster_say(nrs_core *core, const nrs_community *community)
{
    const Nrs__Wire__Member *self = nrs_roster_member_by_key(community->roster, core->self.sign_key);
    nrs_freshness said = NRS__WIRE__FRESHNESS__INIT;
    uint8_t joined[NRS_SIGNATURE_SIZE];
    nrs_bytes statement = {0}, record = {0};
    nrs_record *decoded = NULL;
    nrs_error error;

    said.suite = NRS_SUITE;
    said.community = nrs_field_of(nrs_slice_of(community->id, NRS_HASH_SIZE));
    said.version = community->roster->version;
    said.hash = nrs_field_of(nrs_slice_of(community->head, NRS_HASH_SIZE));
    said.created_ms = core->now_ms;
    if (self != NULL && self->joined.len == 0) {
        nrs_sign(joined, core->identity, NRS_DOMAIN_MEMBER_JOINED, nrs_slice_of(community->id, NRS_HASH_SIZE));
        said.joined = nrs_field_of(nrs_slice_of(joined, sizeof joined));
    }
    error = nrs_freshness_encode(&statement, &said);
    if (error == NRS_OK) {
        error = nrs_signed_record(&record, NRS_RECORD_FRESHNESS, core->identity, nrs_slice_of_bytes(&statement));
    }
    if (error == NRS_OK) {
        error = nrs_record_decode(&decoded, nrs_slice_of_bytes(&record));
    }
    if (error == NRS_OK) {
        error = nrs_roster_take_word(core, nrs_slice_of_bytes(&record), nrs_field(&decoded->payload), NULL);
    }
    nrs_record_free(&decoded);
    nrs_bytes_wipe(&record);
    nrs_bytes_wipe(&statement);
    return error;
}

/* A line in the log each day of the last weeks, and more rarely before; status warns as well. */
static void warn_of_expiry(nrs_core *core, nrs_community *community)
{
    const nrs_roster *roster = community->roster;
    uint64_t days = roster->expires_ms > core->now_ms ? (roster->expires_ms - core->now_ms) / NRS_DAY_MS : 0;
    bool told = community->expiry_told_version == roster->version && community->expiry_told_days <= days;

    if (days > NRS_ROSTER_EXPIRES_SOON_DAYS || told || (days > 14 && days % 15 != 0)) {
        return;
    }
    community->expiry_told_version = roster->version;
    community->expiry_told_days = days;
    if (roster->expires_ms <= core->now_ms) {
        nrs_core_log(core, NRS_ERROR_EXPIRED, "the roster of @%s has expired: nothing above GREEN can be sent", roster->id);
    } else {
        nrs_core_log(core, NRS_OK, "the roster of @%s expires in %llu days: renew it with noroshi community renew", roster->id,
                     (unsigned long long)days);
    }
}

nrs_error nrs_roster_tick(nrs_core *core)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < core->community_count; i++) {
        nrs_community *community = &core->communities[i];
        bool ahead = community->said_ms > core->now_ms + NRS_CLOCK_AHEAD_MS_MAX; /* under a clock that was wrong */
        bool unvouched = community->hub && vouched_ms(core, community, true) == 0; /* of a time to come: it waits for no day to pass */
        bool due = community->said_ms == 0 || ahead || unvouched || (community->hub && core->now_ms >= community->said_ms + SAID_EVERY_MS);

        if (!community->member) {
            continue;
        }
        warn_of_expiry(core, community);
        if (due) {
            error = nrs_roster_say(core, community);
        }
    }
    return nrs_error_is_verdict(error) ? NRS_OK : error;
}
