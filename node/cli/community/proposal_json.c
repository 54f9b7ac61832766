/* What a draft of a roster changes, for programs. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "community/community_rules.h"
#include "community/proposal.h"
#include "proto/assert.h"
#include "proto/time.h"
#include "proto/vocabulary.h"
#include "text.h"

static void put_hex(json_t *row, const char *name, nrs_slice bytes)
{
    char text[2 * NRS_SIGNATURE_SIZE + 1];

    if (bytes.size <= NRS_SIGNATURE_SIZE) {
        nrs_hex_encode(text, bytes.data, bytes.size);
        (void)json_object_set_new(row, name, json_string(text));
    }
}

static void put_time(json_t *row, const char *name, uint64_t time_ms)
{
    char text[32];

    nrs_time_format(text, time_ms);
    (void)json_object_set_new(row, name, json_string(text));
}

static void put_fingerprint(json_t *row, const char *name, const uint8_t key[NRS_KEY_SIZE])
{
    char fingerprint[48];

    nrs_fingerprint(fingerprint, key);
    (void)json_object_set_new(row, name, json_string(fingerprint));
}

static const char *role_of(const Nrs__Wire__Member *member)
{
    const nrs_term *term = nrs_vocabulary_by_value(NRS_VOCABULARY_ROLE, member->role);

    return term == NULL ? "?" : term->code;
}

static const char *cause_of(const Nrs__Wire__Tombstone *tombstone)
{
    return tombstone->cause == NRS_TOMBSTONE_LEFT ? "left" : "revoked";
}

/* ---- One change ---- */

static void put_member(json_t *row, const nrs_roster_change *change)
{
    const Nrs__Wire__Member *member = change->after != NULL ? change->after : change->before;

    (void)json_object_set_new(row, "org", json_string(member->org));
    (void)json_object_set_new(row, "name", nrs_text_json(member->name));
    (void)json_object_set_new(row, "role", json_string(role_of(member)));
    put_fingerprint(row, "fingerprint", member->sign_key.data);
    if (change->type == NRS_CHANGE_MEMBER_OUT) {
        (void)json_object_set_new(row, "cause", change->tombstone == NULL ? json_null() : json_string(cause_of(change->tombstone)));
    } else if (change->type == NRS_CHANGE_MEMBER_ROLE) {
        (void)json_object_set_new(row, "role_before", json_string(role_of(change->before)));
    } else if (change->type == NRS_CHANGE_MEMBER_NAME) {
        (void)json_object_set_new(row, "name_before", nrs_text_json(change->before->name));
    } else if (change->type == NRS_CHANGE_MEMBER_KEYS) {
        put_fingerprint(row, "fingerprint_before", change->before->sign_key.data);
        put_hex(row, "agree_key", nrs_field(&member->agree_key));
        put_hex(row, "link_key", nrs_field(&member->curve_key));
    } else if (change->type == NRS_CHANGE_MEMBER_PROOF) {
        put_hex(row, "proof", nrs_field(&member->proof));
    } else if (change->type == NRS_CHANGE_MEMBER_JOINED) {
        put_hex(row, "joined", nrs_field(&member->joined));
    } else if (change->type == NRS_CHANGE_MEMBER_DUTIES) {
        (void)json_object_set_new(row, "duties_before", change->before == NULL ? json_array() : nrs_member_duties_json(change->before));
        (void)json_object_set_new(row, "duties", nrs_member_duties_json(member));
    }
}

static void put_tombstone(json_t *row, const nrs_roster_change *change)
{
    const Nrs__Wire__Tombstone *tombstone = change->tombstone != NULL ? change->tombstone : change->tombstone_before;

    (void)json_object_set_new(row, "org", json_string(tombstone->org));
    (void)json_object_set_new(row, "cause", json_string(cause_of(tombstone)));
    put_time(row, "at", tombstone->at_ms);
    put_fingerprint(row, "fingerprint", tombstone->sign_key.data);
    put_hex(row, "link_key", nrs_field(&tombstone->curve_key));
    if (change->tombstone != NULL && change->tombstone_before != NULL) {
        (void)json_object_set_new(row, "cause_before", json_string(cause_of(change->tombstone_before)));
        put_time(row, "at_before", change->tombstone_before->at_ms);
    }
}

static nrs_error add_change(void *context, const nrs_roster_change *change)
{
    json_t *row = json_pack("{s:s}", "change", nrs_roster_change_code(change->type));

    if (change->after != NULL || change->before != NULL) {
        put_member(row, change);
    } else if (change->tombstone != NULL || change->tombstone_before != NULL) {
        put_tombstone(row, change);
    } else if (change->disclaimer != NULL) {
        (void)json_object_set_new(row, "disclaimer", nrs_disclaimer_json(change->disclaimer));
    } else if (change->duty_rule != NULL) {
        (void)json_object_set_new(row, "duty_rule", nrs_duty_rule_json(change->duty_rule));
    } else if (change->recognised != NULL) {
        (void)json_object_set_new(row, "id", json_string(change->recognised->id));
        put_hex(row, "community", nrs_field(&change->recognised->community));
        put_fingerprint(row, "fingerprint", change->recognised->community.data);
    } else if (change->list != NULL) {
        (void)json_object_set_new(row, "list", json_string(change->list));
    } else if (change->key.size > 0) {
        put_hex(row, "key", change->key);
    }
    return json_array_append_new(context, row) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
}

/* ---- The draft ---- */

static void put_times(json_t *row, const nrs_proposal *proposal)
{
    put_time(row, "created_at", proposal->next->created_ms);
    put_time(row, "expires_at", proposal->next->expires_ms);
    (void)json_object_set_new(row, "created_ahead", json_boolean(nrs_proposal_ahead(proposal)));
    if (proposal->before != NULL) {
        put_time(row, "created_before", proposal->before->created_ms);
        put_time(row, "expires_before", proposal->before->expires_ms);
        (void)json_object_set_new(row, "rules_before", nrs_rules_json(proposal->before->rules));
        put_hex(row, "previous", nrs_field(&proposal->next->previous));
    }
}

static json_t *keys_json(const nrs_proposal *proposal, bool signers)
{
    json_t *list = json_array();
    size_t count = signers ? proposal->draft->n_signatures : proposal->next->n_keys;

    for (size_t i = 0; i < count; i++) {
        char text[2 * NRS_KEY_SIZE + 1];

        nrs_hex_encode(text, signers ? proposal->draft->signatures[i]->key.data : proposal->next->keys[i].data, NRS_KEY_SIZE);
        (void)json_array_append_new(list, json_string(text));
    }
    return list;
}

static json_t *forks_json(const nrs_roster *roster)
{
    json_t *list = json_array();

    for (size_t i = 0; i < roster->n_forks; i++) {
        char text[2 * NRS_HASH_SIZE + 1];

        nrs_hex_encode(text, roster->forks[i].data, NRS_HASH_SIZE);
        (void)json_array_append_new(list, json_string(text));
    }
    return list;
}

nrs_error nrs_proposal_print_json(const nrs_proposal *proposal, const char *done)
{
    json_t *changes = json_array();
    nrs_error error = nrs_roster_diff(proposal->before, proposal->next, add_change, changes);
    const nrs_roster_signed_by *by = &proposal->signed_by;
    json_t *row = json_pack("{s:s?, s:s, s:I, s:i, s:o, s:o, s:o, s:b, s:{s:i, s:i, s:i, s:i}}", "result", done, "id", proposal->next->id,
                            "version", (json_int_t)proposal->next->version, "threshold", (int)proposal->next->threshold, "keys",
                            keys_json(proposal, false), "signed_by", keys_json(proposal, true), "changes", changes, "complete",
                            nrs_proposal_complete(proposal), "signatures", "given", (int)by->before_count, "needed",
                            (int)by->before_threshold, "given_new", (int)by->own_count, "needed_new", (int)by->own_threshold);

    if (error != NRS_OK || row == NULL) { /* half a list of changes is none */
        json_decref(row);
        return error != NRS_OK ? error : NRS_ERROR_NO_MEMORY;
    }
    (void)json_object_set_new(row, "name", nrs_text_json(proposal->next->name));
    (void)json_object_set_new(row, "rules", nrs_rules_json(proposal->next->rules));
    (void)json_object_set_new(row, "forks", forks_json(proposal->next));
    (void)json_object_set_new(row, "key_changes", json_integer((json_int_t)nrs_held_key_changes(proposal->before, proposal->next, proposal->draft->n_chain)));
    put_fingerprint(row, "fingerprint", proposal->community);
    put_hex(row, "community", nrs_slice_of(proposal->community, NRS_HASH_SIZE));
    put_hex(row, "hash", nrs_slice_of(proposal->hash, NRS_HASH_SIZE));
    put_fingerprint(row, "roster_fingerprint", proposal->hash);
    put_times(row, proposal);
    nrs_text_print_json(stdout, row);
    json_decref(row);
    return NRS_OK;
}
