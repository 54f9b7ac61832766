/* What a draft of a roster changes, for the one who is asked to sign it. Nothing is left out: what a line does not say is as
 * it was. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "community/change.h"
#include "community/community_rules.h"
#include "language.h"
#include "proto/assert.h"
#include "proto/label.h"
#include "proto/time.h"
#include "proto/vocabulary.h"
#include "text.h"

static const char *role_of(const nrs_cli *cli, const Nrs__Wire__Member *member)
{
    const nrs_term *term = nrs_vocabulary_by_value(NRS_VOCABULARY_ROLE, member->role);

    return term == NULL ? "?" : cli != NULL && cli->language[0] == 'j' ? term->ja : cli != NULL ? term->en : term->code;
}

static const char *code_of(nrs_roster_change_type type)
{
    switch (type) {
    case NRS_CHANGE_MEMBER_IN:
        return "member-in";
    case NRS_CHANGE_MEMBER_OUT:
        return "member-out";
    case NRS_CHANGE_MEMBER_ROLE:
        return "member-role";
    case NRS_CHANGE_MEMBER_NAME:
        return "member-name";
    case NRS_CHANGE_MEMBER_KEYS:
        return "member-keys";
    case NRS_CHANGE_MEMBER_JOINED:
        return "member-joined";
    case NRS_CHANGE_MEMBER_DUTIES:
        return "member-duties";
    case NRS_CHANGE_KEY_IN:
        return "key-in";
    case NRS_CHANGE_KEY_OUT:
        return "key-out";
    case NRS_CHANGE_THRESHOLD:
        return "threshold";
    case NRS_CHANGE_RULES:
        return "rules";
    case NRS_CHANGE_NAME:
        return "name";
    case NRS_CHANGE_RECOGNISED:
        return "recognised";
    case NRS_CHANGE_FORKS:
        return "forks";
    }
    nrs_assert_failed("a type of change", __func__, __LINE__);
}

/* ---- JSON ---- */

static void put_hex(json_t *row, const char *name, nrs_slice bytes)
{
    char text[2 * NRS_HASH_SIZE + 1];

    if (bytes.size <= NRS_HASH_SIZE) {
        nrs_hex_encode(text, bytes.data, bytes.size);
        (void)json_object_set_new(row, name, json_string(text));
    }
}

static nrs_error add_json(void *context, const nrs_roster_change *change)
{
    json_t *row = json_pack("{s:s}", "change", code_of(change->type));
    const Nrs__Wire__Member *member = change->after != NULL ? change->after : change->before;
    char fingerprint[48];

    if (member != NULL) {
        nrs_fingerprint(fingerprint, member->sign_key.data);
        (void)json_object_set_new(row, "org", json_string(member->org));
        (void)json_object_set_new(row, "name", nrs_text_json(member->name));
        (void)json_object_set_new(row, "role", json_string(role_of(NULL, member)));
        (void)json_object_set_new(row, "fingerprint", json_string(fingerprint));
    }
    if (change->type == NRS_CHANGE_MEMBER_OUT) {
        const char *cause = change->tombstone == NULL ? NULL : change->tombstone->cause == NRS_TOMBSTONE_LEFT ? "left" : "revoked";

        (void)json_object_set_new(row, "cause", cause == NULL ? json_null() : json_string(cause));
    }
    if (change->type == NRS_CHANGE_MEMBER_ROLE) {
        (void)json_object_set_new(row, "role_before", json_string(role_of(NULL, change->before)));
    }
    if (change->key.size > 0) {
        put_hex(row, "key", change->key);
    }
    return json_array_append_new(context, row) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
}

static json_t *rules_json(const nrs_roster *roster)
{
    char withdrawn[16];
    json_t *labels = json_array();
    json_t *duties = json_array();
    json_t *disclaimers = json_array();

    for (unsigned label = NRS_LABEL_CLEAR; label <= NRS_LABEL_RED; label++) {
        if ((roster->rules->labels & (1u << label)) != 0) {
            (void)json_array_append_new(labels, json_string(nrs_label_name((nrs_label)label)));
        }
    }
    for (size_t i = 0; i < roster->rules->n_duties; i++) {
        (void)json_array_append_new(duties, json_string(roster->rules->duties[i]->duty));
    }
    for (size_t i = 0; i < roster->rules->n_disclaimers; i++) {
        (void)json_array_append_new(disclaimers, json_string(roster->rules->disclaimers[i]->name));
    }
    nrs_rules_withdrawn(withdrawn, roster->rules);
    return json_pack("{s:o, s:b, s:b, s:o, s:o, s:s}", "labels", labels, "red_relay", (roster->rules->flags & NRS_RULE_RED_RELAY) != 0,
                     "withheld", (roster->rules->flags & NRS_RULE_WITHHELD) != 0, "duties", duties, "disclaimers", disclaimers, "withdrawn", withdrawn);
}

static void put_times(json_t *row, const nrs_proposal *proposal)
{
    char text[32];

    nrs_time_format(text, proposal->next->created_ms);
    (void)json_object_set_new(row, "created_at", json_string(text));
    nrs_time_format(text, proposal->next->expires_ms);
    (void)json_object_set_new(row, "expires_at", json_string(text));
    if (proposal->before != NULL) {
        nrs_time_format(text, proposal->before->expires_ms);
        (void)json_object_set_new(row, "expires_before", json_string(text));
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

static nrs_error print_json(const nrs_proposal *proposal, const char *done)
{
    json_t *changes = json_array();
    nrs_error error = nrs_roster_diff(proposal->before, proposal->next, add_json, changes);
    const nrs_roster_signed_by *by = &proposal->signed_by;
    char fingerprint[48];
    json_t *row = NULL;

    nrs_fingerprint(fingerprint, proposal->community);
    row = json_pack("{s:s?, s:s, s:s, s:I, s:i, s:o, s:o, s:o, s:b, s:{s:i, s:i, s:i, s:i}}", "result", done, "id", proposal->next->id,
                    "fingerprint", fingerprint, "version", (json_int_t)proposal->next->version, "threshold",
                    (int)proposal->next->threshold, "keys", keys_json(proposal, false), "signed_by", keys_json(proposal, true),
                    "changes", changes, "complete", nrs_proposal_complete(proposal), "signatures", "given", (int)by->before_count,
                    "needed", (int)by->before_threshold, "given_new", (int)by->own_count, "needed_new", (int)by->own_threshold);
    if (row == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    (void)json_object_set_new(row, "name", nrs_text_json(proposal->next->name));
    (void)json_object_set_new(row, "rules", rules_json(proposal->next));
    put_hex(row, "community", nrs_slice_of(proposal->community, NRS_HASH_SIZE));
    put_hex(row, "hash", nrs_slice_of(proposal->hash, NRS_HASH_SIZE));
    put_times(row, proposal);
    nrs_text_print_json(stdout, row);
    json_decref(row);
    return error;
}

/* ---- For people ---- */

static void print_member(const nrs_cli *cli, const Nrs__Wire__Member *member)
{
    char fingerprint[48];

    nrs_fingerprint(fingerprint, member->sign_key.data);
    printf("%s ", member->org);
    nrs_text_print(stdout, member->name, NRS_TEXT_LINE);
    printf(" (%s)  %s", role_of(cli, member), fingerprint);
}

static void print_rules(const nrs_roster *roster)
{
    char withdrawn[16];

    printf("    ");
    for (unsigned label = NRS_LABEL_CLEAR; label <= NRS_LABEL_RED; label++) {
        if ((roster->rules->labels & (1u << label)) != 0) {
            printf("%s ", nrs_label_name((nrs_label)label));
        }
    }
    nrs_rules_withdrawn(withdrawn, roster->rules);
    printf(_("| hubs carry RED sealed: %s | withheld sources: %s | disclaimers: %zu | duties: %zu | withdrawn: %s\n"),
           (roster->rules->flags & NRS_RULE_RED_RELAY) != 0 ? _("yes") : _("no"),
           (roster->rules->flags & NRS_RULE_WITHHELD) != 0 ? _("yes") : _("no"), roster->rules->n_disclaimers,
           roster->rules->n_duties, withdrawn);
}

typedef struct text_context {
    const nrs_cli *cli;
    const nrs_proposal *proposal;
    size_t count;
} text_context;

static nrs_error print_change(void *context, const nrs_roster_change *change)
{
    text_context *to = context;
    char key[2 * NRS_KEY_SIZE + 1] = "";

    to->count++;
    if (change->key.size == NRS_KEY_SIZE) {
        nrs_hex_encode(key, change->key.data, NRS_KEY_SIZE);
    }
    switch (change->type) {
    case NRS_CHANGE_MEMBER_IN:
        printf("  + ");
        print_member(to->cli, change->after);
        break;
    case NRS_CHANGE_MEMBER_OUT:
        printf("  - ");
        print_member(to->cli, change->before);
        printf("  %s", change->tombstone == NULL                              ? _("dropped without a tombstone")
                       : change->tombstone->cause == NRS_TOMBSTONE_LEFT ? _("left")
                                                                              : _("removed: revoked"));
        break;
    case NRS_CHANGE_MEMBER_ROLE:
        printf(_("  ~ %s: role %s, now %s"), change->after->org, role_of(to->cli, change->before), role_of(to->cli, change->after));
        break;
    case NRS_CHANGE_MEMBER_NAME:
        printf(_("  ~ %s: name, now "), change->after->org);
        nrs_text_print(stdout, change->after->name, NRS_TEXT_LINE);
        break;
    case NRS_CHANGE_MEMBER_KEYS:
        printf(_("  ~ %s: OTHER KEYS, now "), change->after->org);
        print_member(to->cli, change->after);
        break;
    case NRS_CHANGE_MEMBER_JOINED:
        printf(_("  ~ %s: has joined, by its own signature"), change->after->org);
        break;
    case NRS_CHANGE_MEMBER_DUTIES:
        printf(_("  ~ %s: duties, now %zu"), change->after->org, change->after->n_duties);
        break;
    case NRS_CHANGE_KEY_IN:
        printf(_("  + roster key %s"), key);
        break;
    case NRS_CHANGE_KEY_OUT:
        printf(_("  - roster key %s"), key);
        break;
    case NRS_CHANGE_THRESHOLD:
        if (to->proposal->before == NULL) {
            printf(_("  + signatures needed: %u of %zu"), to->proposal->next->threshold, to->proposal->next->n_keys);
        } else {
            printf(_("  ~ signatures needed: %u, now %u of %zu"), to->proposal->before->threshold, to->proposal->next->threshold,
                   to->proposal->next->n_keys);
        }
        break;
    case NRS_CHANGE_RULES:
        printf(_("  ~ rules, before and now:\n"));
        print_rules(to->proposal->before);
        print_rules(to->proposal->next);
        return NRS_OK;
    case NRS_CHANGE_NAME:
        printf(_("  ~ the community's name, now "));
        nrs_text_print(stdout, to->proposal->next->name, NRS_TEXT_LINE);
        break;
    case NRS_CHANGE_RECOGNISED:
        printf(_("  ~ the communities that it recognises, now %zu"), to->proposal->next->n_recognised);
        break;
    case NRS_CHANGE_FORKS:
        printf(_("  ! heals a fork: it takes the place of %zu rosters of one version"), to->proposal->next->n_forks);
        break;
    }
    printf("\n");
    return NRS_OK;
}

static void print_hash(const char *label, const uint8_t hash[NRS_HASH_SIZE])
{
    char text[2 * NRS_HASH_SIZE + 1];

    nrs_hex_encode(text, hash, NRS_HASH_SIZE);
    printf("%s %s\n", label, text);
}

static void print_signatures(const nrs_proposal *proposal)
{
    const nrs_roster_signed_by *by = &proposal->signed_by;
    bool change = proposal->before != NULL;

    printf(_("Signatures: %zu of %zu needed"), by->before_count, by->before_threshold);
    for (size_t i = 0; change && i < proposal->next->n_keys; i++) {
        change = i < proposal->before->n_keys &&
                 nrs_slice_equal(nrs_field(&proposal->next->keys[i]), nrs_field(&proposal->before->keys[i]));
    }
    if (proposal->before != NULL && !change) {
        printf(_("; of the new keys: %zu of %zu needed"), by->own_count, by->own_threshold);
    }
    printf("\n");
    for (size_t i = 0; i < proposal->draft->n_signatures; i++) {
        print_hash(_("  signed by"), proposal->draft->signatures[i]->key.data);
    }
    printf("%s\n", nrs_proposal_complete(proposal) ? _("Complete: it can be put in force with noroshi community apply.")
                                                   : _("Not complete yet."));
}

static nrs_error print_text(const nrs_cli *cli, const nrs_proposal *proposal)
{
    text_context context = {.cli = cli, .proposal = proposal};
    char fingerprint[48];
    char expires[64];
    char before[64] = "";
    nrs_error error = NRS_OK;

    nrs_fingerprint(fingerprint, proposal->community);
    printf("@%s  ", proposal->next->id);
    nrs_text_print(stdout, proposal->next->name, NRS_TEXT_LINE);
    printf("\n%s %s\n", _("Fingerprint of the community:"), fingerprint);
    if (proposal->before == NULL) {
        printf("%s\n", _("Version 1: it founds the community. Who signs it compares the fingerprint above with the other signers."));
    } else {
        printf(_("Version %llu, after version %llu\n"), (unsigned long long)proposal->next->version, (unsigned long long)proposal->before->version);
        print_hash(_("Hash before:"), proposal->next->previous.data);
        nrs_text_time(before, proposal->before->expires_ms);
    }
    print_hash(_("Hash of this:"), proposal->hash);
    nrs_text_time(expires, proposal->next->expires_ms);
    if (proposal->before == NULL) {
        printf(_("Valid until %s\n"), expires);
    } else {
        printf(_("Valid until %s (before: %s)\n"), expires, before);
        printf(_("Members: %zu (before: %zu)\n"), proposal->next->n_members, proposal->before->n_members);
    }
    printf("%s\n", _("Changes:"));
    error = nrs_roster_diff(proposal->before, proposal->next, print_change, &context);
    if (context.count == 0) {
        printf("%s\n", _("  none but version, times and expiry"));
    }
    if (proposal->before == NULL) {
        print_rules(proposal->next);
    }
    print_signatures(proposal);
    return error;
}

nrs_error nrs_proposal_print(const nrs_cli *cli, const nrs_proposal *proposal, const char *done)
{
    NRS_ASSERT(cli != NULL && proposal != NULL && proposal->next != NULL);
    return cli->json ? print_json(proposal, done) : print_text(cli, proposal);
}
