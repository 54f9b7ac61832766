/* Changes to the directory: rosters adopted, cards and prekeys taken, the files that the command line reads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "link/log.h"
#include "roster/directory.h"
#include "prekeys/prekeys.h"
#include "proto/armour.h"

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

/* Log a published record, drop the bytes of the one it replaces. */
static nrs_error log_published(nrs_core *core, uint64_t *position_out, nrs_record_type type, nrs_slice record, const uint8_t *owner,
                               nrs_slice source, uint64_t replaced_position)
{
    uint8_t id[NRS_HASH_SIZE];
    nrs_error error;

    nrs_record_id(id, record);
    error = nrs_log_add(core, position_out, type, id, record, nrs_slice_of(owner, NRS_KEY_SIZE), source, 0);
    if (error == NRS_OK && replaced_position != 0) {
        error = nrs_log_drop(core, replaced_position);
    }
    return error;
}

/* A card or bundle comes from its owner, or from a hub of a community that owner, hub and this node share; an empty source
 * is this node's own hand. */
static nrs_error check_source(const nrs_core *core, const nrs_peer *owner, nrs_slice source)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    const nrs_peer *from = source.size == 0 ? self : nrs_peer_by_sign(core, source.data);

    if (owner == NULL || from == NULL) {
        return NRS_ERROR_NOT_MEMBER;
    }
    if (owner == self || from == self) {
        return from == self ? NRS_OK : NRS_ERROR_NOT_MEMBER; /* nobody else speaks of our own keys */
    }
    if ((owner->member_of & self->member_of) == 0) {
        return NRS_ERROR_NOT_MEMBER;
    }
    return from == owner || (from->hub_of & owner->member_of & self->member_of) != 0 ? NRS_OK : NRS_ERROR_NOT_MEMBER;
}

nrs_error nrs_directory_write_card(nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE], nrs_slice payload)
{
    char name[NRS_KEY_NAME_SIZE];

    nrs_key_name(name, sign_key);
    return nrs_write_armoured(core, "cards", name, ".card", "CARD", payload);
}

nrs_error nrs_directory_take_card(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_slice source)
{
    nrs_card *card = NULL;
    nrs_peer *peer = NULL;
    nrs_published_row row = {.payload = payload};
    nrs_error error = nrs_card_verify(&card, payload);

    if (error == NRS_OK) {
        peer = nrs_peer_by_sign(core, card->sign_key.data);
        error = check_source(core, peer, source);
        if (error == NRS_OK && (memcmp(card->curve_key.data, peer->keys.curve_key, NRS_KEY_SIZE) != 0 ||
                   memcmp(card->agree_key.data, peer->keys.agree_key, NRS_KEY_SIZE) != 0 || strcmp(card->org, peer->org) != 0)) {
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
        error = nrs_directory_write_card(core, row.owner, payload);
    }
    if (error == NRS_OK && memcmp(row.owner, core->self.sign_key, NRS_KEY_SIZE) == 0) {
        error = nrs_persons_settle(core, peer->card, card);
    }
    if (error == NRS_OK) {
        error = nrs_bundles_settle(core, peer->card, card);
    }
    if (error == NRS_OK) {
        nrs_directory_set_card(peer, &card, row.position);
        core->admission_changed = true; /* endpoints may have changed: dial again */
    }
out:
    nrs_card_free(&card);
    return error;
}

nrs_error nrs_directory_arrived(nrs_core *core, const uint8_t org[NRS_KEY_SIZE])
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

/* A bundle that another clock made too far ahead. Which clock is wrong cannot be told: as long as one is held that serves now, none
 * from the future takes its place; where none is, the word of most peers lets it in. */
static bool from_the_future(nrs_core *core, const nrs_prekeys *prekeys, const nrs_bundle *held)
{
    if (held != NULL && nrs_prekeys_current(held->prekeys, core->now_ms) != NULL) {
        return prekeys->created_ms > core->now_ms + NRS_CLOCK_AHEAD_MS_MAX;
    }
    return nrs_clock_ahead(core, prekeys->created_ms);
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
        error = check_source(core, peer, source);
        if (error == NRS_OK && memcmp(prekeys->owner.data, prekeys->org.data, NRS_KEY_SIZE) != 0 &&
                   nrs_peer_person_by_key(peer, prekeys->owner.data) == NULL) {
            error = NRS_ERROR_UNKNOWN_PERSON;
        } else if (error == NRS_OK && from_the_future(core, prekeys, held)) {
            error = NRS_ERROR_CLOCK; /* a bundle from the future would shut out every later one */
        }
    }
    /* One held from the far future, taken under a clock that was wrong, does not shut out what is made now. */
    if (error != NRS_OK || (held != NULL && held->prekeys->created_ms <= core->now_ms + NRS_CLOCK_AHEAD_MS_MAX &&
                            prekeys->created_ms <= held->prekeys->created_ms)) {
        goto out;
    }
    row.owner = prekeys->owner.data;
    row.serial = prekeys->created_ms;
    error = log_published(core, &row.position, NRS_RECORD_PREKEYS, record, row.owner, source, held == NULL ? 0 : held->position);
    if (error == NRS_OK) {
        error = nrs_store_prekeys_set(core->store, &row);
    }
    if (error == NRS_OK) {
        error = nrs_directory_arrived(core, prekeys->org.data);
    }
    if (error == NRS_OK) {
        error = nrs_directory_set_bundle(core, &prekeys, row.position);
    }
out:
    nrs_prekeys_free(&prekeys);
    return error;
}
