/* Who is who: communities with their newest rosters, the organisations in them, their cards and prekeys. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "proto/armour.h"

nrs_community *nrs_community_by_id(nrs_core *core, const uint8_t id[NRS_HASH_SIZE])
{
    for (size_t i = 0; i < core->community_count; i++) {
        if (memcmp(core->communities[i].id, id, NRS_HASH_SIZE) == 0) {
            return &core->communities[i];
        }
    }
    return NULL;
}

nrs_community *nrs_community_by_name(nrs_core *core, const char *name)
{
    for (size_t i = 0; i < core->community_count; i++) {
        if (strcmp(core->communities[i].roster->id, name) == 0) {
            return &core->communities[i];
        }
    }
    return NULL;
}

nrs_peer *nrs_peer_by_sign(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE])
{
    nrs_peer *peer;

    HASH_FIND(by_sign, core->peers_by_sign, sign_key, NRS_KEY_SIZE, peer);
    return peer;
}

nrs_peer *nrs_peer_by_curve(const nrs_core *core, const uint8_t curve_key[NRS_KEY_SIZE])
{
    nrs_peer *peer;

    HASH_FIND(by_curve, core->peers_by_curve, curve_key, NRS_KEY_SIZE, peer);
    return peer;
}

nrs_peer *nrs_peer_by_hash(const nrs_core *core, const uint8_t key_hash[NRS_KEY_HASH_SIZE])
{
    nrs_peer *peer;

    HASH_FIND(by_hash, core->peers_by_hash, key_hash, NRS_KEY_HASH_SIZE, peer);
    return peer;
}

static uint64_t community_bit(const nrs_core *core, const nrs_community *community)
{
    return 1ull << (size_t)(community - core->communities);
}

bool nrs_peer_member(const nrs_core *core, const nrs_peer *peer, const nrs_community *community)
{
    return peer != NULL && (peer->member_of & community_bit(core, community)) != 0;
}

bool nrs_peer_hub(const nrs_core *core, const nrs_peer *peer, const nrs_community *community)
{
    return peer != NULL && (peer->hub_of & community_bit(core, community)) != 0;
}

nrs_bundle *nrs_bundle_by_owner(const nrs_core *core, const uint8_t owner[NRS_KEY_SIZE])
{
    nrs_bundle *bundle;

    HASH_FIND(hh, core->bundles, owner, NRS_KEY_SIZE, bundle);
    return bundle;
}

const Nrs__Wire__PersonEntry *nrs_peer_person(const nrs_peer *peer, const char *person_id)
{
    for (size_t i = 0; peer != NULL && peer->card != NULL && i < peer->card->n_persons; i++) {
        if (strcmp(peer->card->persons[i]->id, person_id) == 0) {
            return peer->card->persons[i];
        }
    }
    return NULL;
}

const Nrs__Wire__PersonEntry *nrs_peer_person_by_key(const nrs_peer *peer, const uint8_t sign_key[NRS_KEY_SIZE])
{
    for (size_t i = 0; peer != NULL && peer->card != NULL && i < peer->card->n_persons; i++) {
        if (memcmp(peer->card->persons[i]->sign_key.data, sign_key, NRS_KEY_SIZE) == 0) {
            return peer->card->persons[i];
        }
    }
    return NULL;
}

nrs_error nrs_recipient_of(const nrs_core *core, nrs_recipient *recipient_out, const nrs_peer *peer, const Nrs__Wire__PersonEntry *person)
{
    const nrs_bundle *bundle = nrs_bundle_by_owner(core, person != NULL ? person->sign_key.data : peer->keys.sign_key);
    const Nrs__Wire__Prekey *prekey = bundle == NULL ? NULL : nrs_prekeys_current(bundle->prekeys, core->now_ms);

    if (prekey == NULL) {
        return NRS_ERROR_NOT_FOUND;
    }
    memcpy(recipient_out->org_sign_key, peer->keys.sign_key, NRS_KEY_SIZE);
    memcpy(recipient_out->sign_key, person != NULL ? person->sign_key.data : peer->keys.sign_key, NRS_KEY_SIZE);
    memcpy(recipient_out->agree_key, person != NULL ? person->agree_key.data : peer->keys.agree_key, NRS_KEY_SIZE);
    memcpy(recipient_out->prekey_id, prekey->id.data, NRS_PREKEY_ID_SIZE);
    memcpy(recipient_out->prekey, prekey->key.data, NRS_KEY_SIZE);
    return NRS_OK;
}

/* ---- Peers from rosters ---- */

static nrs_error peer_new(nrs_core *core, nrs_peer **peer_out, const char *org, const uint8_t *sign_key, const uint8_t *agree_key, const uint8_t *curve_key)
{
    nrs_peer *peer = calloc(1, sizeof *peer);
    nrs_error error;

    if (peer == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    memcpy(peer->keys.sign_key, sign_key, NRS_KEY_SIZE);
    memcpy(peer->keys.agree_key, agree_key, NRS_KEY_SIZE);
    memcpy(peer->keys.curve_key, curve_key, NRS_KEY_SIZE);
    nrs_key_hash(peer->key_hash, sign_key);
    (void)strncpy(peer->org, org, NRS_NAME_SIZE_MAX);
    error = nrs_store_sent_get(core->store, &peer->sent_position, sign_key);
    if (error != NRS_OK) {
        free(peer);
        return error;
    }
    HASH_ADD(by_sign, core->peers_by_sign, keys.sign_key, NRS_KEY_SIZE, peer);
    HASH_ADD(by_hash, core->peers_by_hash, key_hash, NRS_KEY_HASH_SIZE, peer);
    if (nrs_peer_by_curve(core, curve_key) == NULL) {
        HASH_ADD(by_curve, core->peers_by_curve, keys.curve_key, NRS_KEY_SIZE, peer);
    }
    *peer_out = peer;
    return NRS_OK;
}

/* Set the membership bits of one community from its roster. Members it no longer names lose theirs. */
static nrs_error index_members(nrs_core *core, nrs_community *community)
{
    uint64_t bit = community_bit(core, community);
    nrs_peer *peer, *next;

    HASH_ITER (by_sign, core->peers_by_sign, peer, next) {
        peer->member_of &= ~bit;
        peer->hub_of &= ~bit;
    }
    for (size_t i = 0; i < community->roster->n_members; i++) {
        const Nrs__Wire__Member *member = community->roster->members[i];
        peer = nrs_peer_by_sign(core, member->sign_key.data);
        if (peer == NULL) {
            nrs_error error = peer_new(core, &peer, member->org, member->sign_key.data, member->agree_key.data, member->curve_key.data);
            if (error != NRS_OK) {
                return error;
            }
        }
        peer->member_of |= bit;
        if (member->role == NRS_ROLE_HUB) {
            peer->hub_of |= bit;
        }
    }
    peer = nrs_peer_by_sign(core, core->self.sign_key);
    community->member = nrs_peer_member(core, peer, community);
    community->hub = nrs_peer_hub(core, peer, community);
    return NRS_OK;
}

/* A verified roster into its place in memory. Takes roster over; copies the bytes. */
static nrs_error install(nrs_core *core, const uint8_t id[NRS_HASH_SIZE], nrs_roster **roster, nrs_slice statement, nrs_slice many)
{
    nrs_community *community = nrs_community_by_id(core, id);
    nrs_error error;

    if (community == NULL) {
        if (core->community_count == NRS_COMMUNITY_COUNT_MAX) {
            return NRS_ERROR_LIMIT;
        }
        community = &core->communities[core->community_count];
        memset(community, 0, sizeof *community);
        memcpy(community->id, id, NRS_HASH_SIZE);
        core->community_count++;
    }
    nrs_roster_free(&community->roster);
    community->roster = *roster;
    *roster = NULL;
    error = nrs_bytes_copy(&community->statement, statement);
    if (error == NRS_OK) {
        error = nrs_bytes_copy(&community->many, many);
    }
    if (error != NRS_OK) {
        return error;
    }
    nrs_roster_hash(community->head, statement);
    core->admission_changed = true;
    return index_members(core, community);
}

static nrs_error load_roster(void *context, const uint8_t *id, uint64_t version, nrs_slice many)
{
    nrs_core *core = context;
    nrs_signed_by_many *decoded = NULL;
    nrs_roster *roster = NULL;
    nrs_error error = nrs_signed_by_many_decode(&decoded, many);

    /* It was verified when it was stored; its place in the store is trusted like the rest of the node's folder. */
    if (error == NRS_OK) {
        error = nrs_roster_decode(&roster, nrs_field(&decoded->statement));
    }
    if (error == NRS_OK && roster->version != version) {
        error = NRS_ERROR_DAMAGED;
    }
    if (error == NRS_OK) {
        error = install(core, id, &roster, nrs_field(&decoded->statement), many);
    }
    nrs_roster_free(&roster);
    nrs_signed_by_many_free(&decoded);
    return error == NRS_OK || nrs_error_is_fatal(error) ? error : NRS_ERROR_DAMAGED;
}

static nrs_error set_card(nrs_core *core, nrs_peer *peer, nrs_card **card, uint64_t position)
{
    (void)core;
    nrs_card_free(&peer->card);
    peer->card = *card;
    *card = NULL;
    peer->card_position = position;
    return NRS_OK;
}

static nrs_error load_card(void *context, const nrs_published_row *row)
{
    nrs_core *core = context;
    nrs_signed *outer = NULL;
    nrs_card *card = NULL;
    nrs_peer *peer = nrs_peer_by_sign(core, row->owner);
    nrs_error error;

    if (peer == NULL) {
        return NRS_OK; /* no longer on any roster */
    }
    error = nrs_signed_decode(&outer, row->payload);
    if (error == NRS_OK) {
        error = nrs_card_decode(&card, nrs_field(&outer->statement));
    }
    if (error == NRS_OK) {
        error = set_card(core, peer, &card, row->position);
    }
    nrs_signed_free(&outer);
    nrs_card_free(&card);
    return error == NRS_OK || nrs_error_is_fatal(error) ? error : NRS_ERROR_DAMAGED;
}

static nrs_error set_bundle(nrs_core *core, nrs_prekeys **prekeys, uint64_t position)
{
    nrs_bundle *bundle = nrs_bundle_by_owner(core, (*prekeys)->owner.data);

    if (bundle == NULL) {
        bundle = calloc(1, sizeof *bundle);
        if (bundle == NULL) {
            return NRS_ERROR_NO_MEMORY;
        }
        memcpy(bundle->owner, (*prekeys)->owner.data, NRS_KEY_SIZE);
        HASH_ADD(hh, core->bundles, owner, NRS_KEY_SIZE, bundle);
    }
    nrs_prekeys_free(&bundle->prekeys);
    bundle->prekeys = *prekeys;
    *prekeys = NULL;
    bundle->position = position;
    return NRS_OK;
}

static nrs_error load_bundle(void *context, const nrs_published_row *row)
{
    nrs_signed *outer = NULL;
    nrs_prekeys *prekeys = NULL;
    nrs_error error = nrs_signed_decode(&outer, row->payload);

    if (error == NRS_OK) {
        error = nrs_prekeys_decode(&prekeys, nrs_field(&outer->statement));
    }
    if (error == NRS_OK) {
        error = set_bundle(context, &prekeys, row->position);
    }
    nrs_signed_free(&outer);
    nrs_prekeys_free(&prekeys);
    return error == NRS_OK || nrs_error_is_fatal(error) ? error : NRS_ERROR_DAMAGED;
}

nrs_error nrs_directory_load(nrs_core *core)
{
    nrs_signed *outer = NULL;
    nrs_card *card = NULL;
    nrs_peer *self = NULL;
    nrs_error error = peer_new(core, &self, core->org, core->self.sign_key, core->self.agree_key, core->self.curve_key);

    if (error == NRS_OK) {
        error = nrs_store_roster_each_newest(core->store, load_roster, core);
    }
    if (error == NRS_OK) {
        error = nrs_store_card_each(core->store, load_card, core);
    }
    if (error == NRS_OK) {
        error = nrs_store_prekeys_each(core->store, load_bundle, core);
    }
    if (error == NRS_OK && self->card == NULL) { /* before the first start's card is logged */
        error = nrs_signed_decode(&outer, nrs_slice_of_bytes(&core->own_card));
        if (error == NRS_OK) {
            error = nrs_card_decode(&card, nrs_field(&outer->statement));
        }
        if (error == NRS_OK) {
            error = set_card(core, self, &card, 0);
        }
    }
    nrs_signed_free(&outer);
    nrs_card_free(&card);
    return error;
}

void nrs_directory_wipe(nrs_core *core)
{
    nrs_peer *peer, *next_peer;
    nrs_bundle *bundle, *next_bundle;

    HASH_CLEAR(by_curve, core->peers_by_curve);
    HASH_CLEAR(by_hash, core->peers_by_hash);
    HASH_ITER (by_sign, core->peers_by_sign, peer, next_peer) {
        HASH_DELETE(by_sign, core->peers_by_sign, peer);
        nrs_card_free(&peer->card);
        free(peer);
    }
    HASH_ITER (hh, core->bundles, bundle, next_bundle) {
        HASH_DEL(core->bundles, bundle);
        nrs_prekeys_free(&bundle->prekeys);
        free(bundle);
    }
    for (size_t i = 0; i < core->community_count; i++) {
        nrs_roster_free(&core->communities[i].roster);
        nrs_bytes_wipe(&core->communities[i].statement);
        nrs_bytes_wipe(&core->communities[i].many);
    }
    core->community_count = 0;
}

/* ---- Changes ---- */

nrs_error nrs_write_armoured(nrs_core *core, const char *folder, const char *name, const char *suffix, const char *type, nrs_slice bytes)
{
    nrs_effect *effect;
    char *text = NULL;
    char path[96];
    nrs_error error = nrs_armour_encode(&text, type, bytes);

    if (error == NRS_OK) {
        error = nrs_effect_add(core, &effect, NRS_EFFECT_WRITE_FILE);
    }
    if (error == NRS_OK) {
        (void)snprintf(path, sizeof path, "%s/%s%s", folder, name, suffix);
        effect->text = strdup(path);
        error = effect->text == NULL ? NRS_ERROR_NO_MEMORY : nrs_bytes_copy(&effect->bytes, nrs_slice_of_string(text));
    }
    free(text);
    return error;
}

nrs_error nrs_directory_adopt(nrs_core *core, const uint8_t community[NRS_HASH_SIZE], nrs_slice many, nrs_slice source)
{
    nrs_signed_by_many *decoded = NULL;
    nrs_roster *roster = NULL;
    nrs_bytes record = {0};
    uint8_t record_id[NRS_HASH_SIZE];
    char name[NRS_NAME_SIZE_MAX + 1];
    uint64_t version = 0;
    nrs_error error = nrs_signed_by_many_decode(&decoded, many);

    if (error == NRS_OK) {
        error = nrs_roster_decode(&roster, nrs_field(&decoded->statement));
    }
    if (error == NRS_OK) {
        version = roster->version;
        (void)snprintf(name, sizeof name, "%s", roster->id);
        error = nrs_record_wrap(&record, NRS_RECORD_ROSTER, many);
    }
    if (error == NRS_OK) {
        nrs_record_id(record_id, nrs_slice_of_bytes(&record));
        error = nrs_store_roster_add(core->store, community, version, many);
    }
    if (error == NRS_OK) {
        error = nrs_log_add(core, NULL, NRS_RECORD_ROSTER, record_id, nrs_slice_of_bytes(&record), nrs_slice_of(community, NRS_HASH_SIZE), source, 0);
    }
    if (error == NRS_OK) {
        error = install(core, community, &roster, nrs_field(&decoded->statement), many);
    }
    if (error == NRS_OK) {
        error = nrs_write_armoured(core, "communities", name, ".roster", "ROSTER", many);
    }
    if (error == NRS_OK && version == 1) {
        error = nrs_write_armoured(core, "communities", name, ".first", "ROSTER", many);
    }
    if (error == NRS_OK) {
        nrs_core_log(core, NRS_OK, "community %s: roster version %llu adopted", name, (unsigned long long)version);
    }
    nrs_roster_free(&roster);
    nrs_signed_by_many_free(&decoded);
    nrs_bytes_wipe(&record);
    return error;
}

/* Log a published record, drop the bytes of the one it replaces. */
static nrs_error log_published(nrs_core *core, uint64_t *position_out, nrs_record_type type, nrs_slice record, const uint8_t *owner,
                               nrs_slice source, uint64_t replaced_position)
{
    uint8_t id[NRS_HASH_SIZE];
    nrs_error error;

    nrs_record_id(id, record);
    error = nrs_log_add(core, position_out, type, id, record, nrs_slice_of(owner, NRS_KEY_SIZE), source, 0);
    if (error == NRS_OK && replaced_position != 0) {
        error = nrs_store_log_drop(core->store, replaced_position);
    }
    return error;
}

nrs_error nrs_directory_take_card(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_slice source)
{
    nrs_card *card = NULL;
    nrs_peer *peer = NULL;
    nrs_published_row row = {.payload = payload};
    uint64_t seen = 0;
    nrs_error error = nrs_card_verify(&card, payload);

    if (error == NRS_OK) {
        peer = nrs_peer_by_sign(core, card->sign_key.data);
        if (peer == NULL) {
            error = NRS_ERROR_NOT_MEMBER;
        } else if (memcmp(card->curve_key.data, peer->keys.curve_key, NRS_KEY_SIZE) != 0 ||
                   memcmp(card->agree_key.data, peer->keys.agree_key, NRS_KEY_SIZE) != 0 || strcmp(card->org, peer->org) != 0) {
            error = NRS_ERROR_FORGED; /* the roster decides which keys count */
        }
    }
    if (error != NRS_OK || (peer->card != NULL && peer->card_position != 0 && card->serial <= peer->card->serial)) {
        goto out;
    }
    row.owner = card->sign_key.data;
    row.serial = card->serial;
    error = log_published(core, &row.position, NRS_RECORD_CARD, record, row.owner, source, peer->card_position);
    if (error == NRS_OK) {
        error = nrs_store_card_set(core->store, &row);
    }
    if (error == NRS_OK && peer->hub_of != 0) {
        error = nrs_write_armoured(core, "cards", peer->org, ".card", "CARD", payload);
    }
    if (error == NRS_OK) {
        seen = row.position;
        error = set_card(core, peer, &card, seen);
        core->admission_changed = true; /* endpoints may have changed: dial again */
    }
out:
    nrs_card_free(&card);
    return error;
}

static nrs_error arrived(nrs_core *core, const uint8_t org[NRS_KEY_SIZE])
{
    if (core->arrived_count == core->arrived_capacity) {
        size_t capacity = core->arrived_capacity == 0 ? 16 : core->arrived_capacity * 2;
        uint8_t(*list)[NRS_KEY_SIZE] = realloc(core->arrived, capacity * sizeof *list);
        if (list == NULL) {
            return NRS_ERROR_NO_MEMORY;
        }
        core->arrived = list;
        core->arrived_capacity = capacity;
    }
    memcpy(core->arrived[core->arrived_count], org, NRS_KEY_SIZE);
    core->arrived_count++;
    return NRS_OK;
}

nrs_error nrs_directory_take_prekeys(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_slice source)
{
    nrs_prekeys *prekeys = NULL;
    const nrs_peer *peer = NULL;
    const nrs_bundle *held = NULL;
    nrs_published_row row = {.payload = payload};
    nrs_error error = nrs_prekeys_verify(&prekeys, payload);

    if (error == NRS_OK) {
        peer = nrs_peer_by_sign(core, prekeys->org.data);
        held = nrs_bundle_by_owner(core, prekeys->owner.data);
        if (peer == NULL) {
            error = NRS_ERROR_NOT_MEMBER;
        } else if (memcmp(prekeys->owner.data, prekeys->org.data, NRS_KEY_SIZE) != 0 &&
                   nrs_peer_person_by_key(peer, prekeys->owner.data) == NULL) {
            error = NRS_ERROR_UNKNOWN_PERSON;
        } else if (prekeys->created_ms > core->now_ms + NRS_DAY_MS) {
            error = NRS_ERROR_CLOCK; /* a bundle from the future would shut out every later one */
        }
    }
    if (error != NRS_OK || (held != NULL && prekeys->created_ms <= held->prekeys->created_ms)) {
        goto out;
    }
    row.owner = prekeys->owner.data;
    row.serial = prekeys->created_ms;
    error = log_published(core, &row.position, NRS_RECORD_PREKEYS, record, row.owner, source, held == NULL ? 0 : held->position);
    if (error == NRS_OK) {
        error = nrs_store_prekeys_set(core->store, &row);
    }
    if (error == NRS_OK) {
        error = arrived(core, prekeys->org.data);
    }
    if (error == NRS_OK) {
        error = set_bundle(core, &prekeys, row.position);
    }
out:
    nrs_prekeys_free(&prekeys);
    return error;
}

/* ---- Dialling ---- */

bool nrs_peer_dials_us(const nrs_core *core, const nrs_peer *peer)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);

    return (self->hub_of & peer->member_of) != 0 && (peer->hub_of & self->member_of) != 0 &&
           memcmp(core->self.sign_key, peer->keys.sign_key, NRS_KEY_SIZE) > 0;
}

/* The endpoint at which this node should dial the peer: members dial the hubs of their communities. Of two hubs the one
 * with the lower key dials; the other does so only while no link has come from there, since the first may not know its
 * card yet. */
static const char *endpoint_to_dial(const nrs_core *core, const nrs_peer *peer, const nrs_peer *self)
{
    if (peer == self || peer->card == NULL || peer->card->n_endpoints == 0 || (peer->hub_of & self->member_of) == 0) {
        return NULL;
    }
    if (nrs_peer_dials_us(core, peer) && peer->link != NULL && !peer->link->outgoing) {
        return NULL;
    }
    return peer->card->endpoints[0];
}

nrs_error nrs_directory_dial(nrs_core *core)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    nrs_peer *peer, *next;

    core->dial_due = false;
    HASH_ITER (by_sign, core->peers_by_sign, peer, next) {
        const char *endpoint = endpoint_to_dial(core, peer, self);
        nrs_effect *effect;
        nrs_error error;

        if (peer->dialled && (endpoint == NULL || strcmp(endpoint, peer->endpoint) != 0)) {
            if (peer->link != NULL && peer->link->outgoing) {
                nrs_link_close(core, peer->link, NRS_OK);
            }
            error = nrs_effect_add(core, &effect, NRS_EFFECT_HANGUP);
            if (error != NRS_OK) {
                return error;
            }
            memcpy(effect->curve_key, peer->keys.curve_key, NRS_KEY_SIZE);
            peer->dialled = false;
        }
        if (!peer->dialled && endpoint != NULL) {
            error = nrs_effect_add(core, &effect, NRS_EFFECT_DIAL);
            if (error != NRS_OK) {
                return error;
            }
            memcpy(effect->curve_key, peer->keys.curve_key, NRS_KEY_SIZE);
            effect->text = strdup(endpoint);
            (void)strncpy(peer->endpoint, endpoint, NRS_ENDPOINT_SIZE_MAX);
            peer->dialled = true;
            peer->refused = false;
        }
    }
    return NRS_OK;
}
