/* What a node keeps of its communities' rosters: the newest whole, the first, those in which the roster keys changed, one in
 * so many besides, and of each version the step from the one before. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "prekeys/key_change.h"
#include "roster/directory.h"
#include "keys/roster_draft.h"
#include "proto/vocabulary.h"
#include "roster/roster.h"

#define WHOLE_EVERY 64u       /* versions */
#define SUMMARY_ENTRY_MAX 50u /* of one step */
#define CHAIN_MAX NRS_CHAIN_COUNT_MAX

void nrs_roster_parts_wipe(nrs_roster_parts *parts)
{
    nrs_roster_free(&parts->roster);
    nrs_signed_by_many_free(&parts->many);
    nrs_bytes_wipe(&parts->bytes);
}

nrs_error nrs_roster_parts_of(nrs_roster_parts *parts_out, nrs_slice many)
{
    nrs_roster_parts parts = {0};
    nrs_error error = nrs_bytes_copy(&parts.bytes, many);

    if (error == NRS_OK) {
        error = nrs_signed_by_many_decode(&parts.many, nrs_slice_of_bytes(&parts.bytes));
    }
    if (error == NRS_OK) {
        error = nrs_roster_decode(&parts.roster, nrs_field(&parts.many->statement));
    }
    if (error == NRS_OK) {
        *parts_out = parts;
        parts = (nrs_roster_parts){0};
    }
    nrs_roster_parts_wipe(&parts);
    return error;
}

/* ---- Reading versions back ---- */

static nrs_error take_hash(void *context, const nrs_roster_step_row *row)
{
    uint8_t **hash = context;

    memcpy(*hash, row->hash, NRS_HASH_SIZE);
    *hash = NULL;
    return NRS_OK;
}

nrs_error nrs_roster_hash_at(nrs_core *core, uint8_t hash_out[NRS_HASH_SIZE], const uint8_t community[NRS_HASH_SIZE], uint64_t version)
{
    uint8_t *found = hash_out;
    nrs_error error = version == 0 ? NRS_ERROR_NOT_FOUND
                                   : nrs_store_roster_step_each(core->store, community, version - 1, version, false, 1, take_hash, &found);

    return error != NRS_OK || found == NULL ? error : NRS_ERROR_NOT_FOUND;
}

typedef struct rebuild {
    nrs_bytes many;
    uint64_t version;
} rebuild;

/* One step further, where its delta stands on what has been put together. */
static nrs_error apply_step(void *context, const nrs_roster_step_row *row)
{
    rebuild *at = context;
    nrs_roster_delta *delta = NULL;
    nrs_signed_by_many *base = NULL;
    const nrs_roster_delta *pieces[1];
    nrs_error error;

    if (row->base_version != at->version || row->delta.size == 0) {
        return NRS_ERROR_NOT_FOUND;
    }
    error = nrs_roster_delta_decode(&delta, row->delta);
    if (error == NRS_OK) {
        error = nrs_signed_by_many_decode(&base, nrs_slice_of_bytes(&at->many));
    }
    if (error == NRS_OK) {
        pieces[0] = delta;
        error = nrs_roster_delta_apply(&at->many, pieces, 1, nrs_field(&base->statement));
    }
    if (error == NRS_OK) {
        at->version = row->version;
    }
    nrs_signed_by_many_free(&base);
    nrs_roster_delta_free(&delta);
    return nrs_error_is_verdict(error) ? NRS_ERROR_DAMAGED : error;
}

nrs_error nrs_roster_at(nrs_core *core, nrs_roster_parts *parts_out, const uint8_t community[NRS_HASH_SIZE], uint64_t version)
{
    rebuild at = {.version = 0};
    nrs_error error = nrs_store_roster_before(core->store, &at.version, community, version);

    if (error == NRS_OK) {
        error = nrs_store_roster_get(core->store, &at.many, community, at.version);
    }
    if (error == NRS_OK && at.version < version) {
        error = nrs_store_roster_step_each(core->store, community, at.version, version, false, 2 * WHOLE_EVERY, apply_step, &at);
    }
    if (error == NRS_OK && at.version != version) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK) {
        error = nrs_roster_parts_of(parts_out, nrs_slice_of_bytes(&at.many));
    }
    nrs_bytes_wipe(&at.many);
    return error;
}

/* ---- The chain of key changes, for the command line ---- */

typedef struct chain_list {
    nrs_core *core;
    nrs_bytes list[CHAIN_MAX];
    size_t count;
} chain_list;

static nrs_error take_version(void *context, const nrs_roster_step_row *row)
{
    chain_list *chain = context;
    nrs_error error;

    if (chain->count == CHAIN_MAX) {
        return NRS_ERROR_LIMIT;
    }
    error = nrs_store_roster_get(chain->core->store, &chain->list[chain->count], row->community, row->version);
    chain->count += error == NRS_OK ? 1 : 0;
    return error;
}

nrs_error nrs_roster_write_chain(nrs_core *core, const uint8_t community[NRS_HASH_SIZE], const char *name)
{
    chain_list *chain = calloc(1, sizeof *chain);
    nrs_invite invite = NRS__WIRE__INVITE__INIT;
    ProtobufCBinaryData fields[CHAIN_MAX];
    nrs_bytes first = {0}, bytes = {0};
    nrs_error error = chain == NULL ? NRS_ERROR_NO_MEMORY : nrs_store_roster_get(core->store, &first, community, 1);

    if (error == NRS_OK) {
        chain->core = core;
        error = nrs_store_roster_step_each(core->store, community, 1, UINT64_MAX, true, CHAIN_MAX, take_version, chain);
    }
    if (error == NRS_OK && chain->count > 0) {
        for (size_t i = 0; i < chain->count; i++) {
            fields[i] = nrs_field_of(nrs_slice_of_bytes(&chain->list[i]));
        }
        invite.first = nrs_field_of(nrs_slice_of_bytes(&first));
        invite.current = fields[chain->count - 1];
        invite.chain = fields;
        invite.n_chain = chain->count;
        error = nrs_invite_encode(&bytes, &invite);
    }
    if (error == NRS_OK && chain->count > 0) {
        error = nrs_write_armoured(core, "communities", name, ".chain", "INVITE", nrs_slice_of_bytes(&bytes));
    }
    for (size_t i = 0; chain != NULL && i < chain->count; i++) {
        nrs_bytes_wipe(&chain->list[i]);
    }
    free(chain);
    nrs_bytes_wipe(&first);
    nrs_bytes_wipe(&bytes);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error; /* a community joined before its first roster was kept */
}

/* ---- Adopting ---- */

static bool keys_differ(const nrs_roster *a, const nrs_roster *b)
{
    bool differ = a->threshold != b->threshold || a->n_keys != b->n_keys;

    for (size_t i = 0; !differ && i < a->n_keys; i++) {
        differ = !nrs_slice_equal(nrs_field(&a->keys[i]), nrs_field(&b->keys[i]));
    }
    return differ;
}

typedef struct summary {
    const nrs_roster *after;
    json_t *list;
    size_t left_out;
} summary;

static const char *cause_of(const nrs_roster_change *change)
{
    const Nrs__Wire__Tombstone *tombstone = change->tombstone != NULL ? change->tombstone : change->tombstone_before;

    return tombstone == NULL ? NULL : tombstone->cause == NRS_TOMBSTONE_LEFT ? "left" : "revoked";
}

/* Whose it is: an organisation, or what the rules or another community are called. */
static const char *whose(const nrs_roster_change *change)
{
    const Nrs__Wire__Member *member = change->after != NULL ? change->after : change->before;
    const Nrs__Wire__Tombstone *tombstone = change->tombstone != NULL ? change->tombstone : change->tombstone_before;

    return member != NULL               ? member->org
           : tombstone != NULL          ? tombstone->org
           : change->disclaimer != NULL ? change->disclaimer->name
           : change->duty_rule != NULL  ? change->duty_rule->duty
           : change->recognised != NULL ? change->recognised->id
                                        : NULL;
}

static nrs_error note_change(void *context, const nrs_roster_change *change)
{
    summary *out = context;
    const char *name = whose(change);
    const bool org = change->after != NULL || change->before != NULL || change->tombstone != NULL || change->tombstone_before != NULL;
    nrs_slice bytes = change->recognised != NULL ? nrs_field(&change->recognised->community) : change->key;
    char key[2 * NRS_KEY_SIZE + 1] = "";
    json_t *row;

    if (json_array_size(out->list) == SUMMARY_ENTRY_MAX) {
        out->left_out++;
        return NRS_OK;
    }
    if (bytes.size == NRS_KEY_SIZE) {
        nrs_hex_encode(key, bytes.data, NRS_KEY_SIZE);
    }
    row = json_pack("{s:s, s:s*, s:s*, s:s*, s:o*, s:s*}", "change", nrs_roster_change_code(change->type), "org", org ? name : NULL, "id",
                    org ? NULL : name, change->recognised != NULL ? "community" : "key", key[0] == '\0' ? NULL : key, "threshold",
                    change->type == NRS_CHANGE_THRESHOLD ? json_integer((json_int_t)out->after->threshold) : NULL, "cause", cause_of(change));
    return row == NULL || json_array_append_new(out->list, row) != 0 ? NRS_ERROR_NO_MEMORY : NRS_OK;
}

/* Out: text_out: JSON, owned by jansson's allocator (free). */
static nrs_error summarise(char **text_out, const nrs_roster *before, const nrs_roster_parts *after)
{
    summary out = {.after = after->roster, .list = json_array()};
    json_t *signers = json_array();
    json_t *all = NULL;
    nrs_error error = out.list == NULL || signers == NULL ? NRS_ERROR_NO_MEMORY
                                                          : nrs_roster_diff(before, after->roster, note_change, &out);

    for (size_t i = 0; error == NRS_OK && i < after->many->n_signatures; i++) {
        char key[2 * NRS_KEY_SIZE + 1];

        nrs_hex_encode(key, after->many->signatures[i]->key.data, NRS_KEY_SIZE);
        (void)json_array_append_new(signers, json_string(key));
    }
    if (error == NRS_OK) {
        all = json_pack("{s:O, s:O, s:I, s:I, s:I, s:I}", "changes", out.list, "signed_by", signers, "left_out", (json_int_t)out.left_out,
                        "members", (json_int_t)after->roster->n_members, "created_ms", (json_int_t)after->roster->created_ms,
                        "expires_ms", (json_int_t)after->roster->expires_ms);
        *text_out = all == NULL ? NULL : json_dumps(all, JSON_COMPACT);
        error = *text_out == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;
    }
    json_decref(all);
    json_decref(signers);
    json_decref(out.list);
    return error;
}

/* What a step is measured by: the newest version before it that is kept whole, so what is held, or of a community that is new here what its
 * invite brought. Out: before_out: empty when there is none. */
static nrs_error find_before(nrs_core *core, nrs_roster_parts *before_out, const uint8_t id[NRS_HASH_SIZE], uint64_t version)
{
    uint64_t whole = 0;
    nrs_bytes many = {0};
    nrs_error error = version < 2 ? NRS_ERROR_NOT_FOUND : nrs_store_roster_before(core->store, &whole, id, version - 1);

    if (error == NRS_OK) {
        error = nrs_store_roster_get(core->store, &many, id, whole);
    }
    if (error == NRS_OK) {
        error = nrs_roster_parts_of(before_out, nrs_slice_of_bytes(&many));
    }
    nrs_bytes_wipe(&many);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

/* The step from the version before; with the delta when one record holds it. */
static nrs_error add_step(nrs_core *core, const nrs_roster_parts *before, const uint8_t id[NRS_HASH_SIZE], const nrs_roster_parts *parts,
                          bool key_change, bool *delta_out)
{
    nrs_slice statement = nrs_field(&parts->many->statement);
    nrs_roster_pieces pieces = {.count = 0};
    uint8_t hash[NRS_HASH_SIZE];
    nrs_roster_step_row row = {.community = id, .version = parts->roster->version, .key_change = key_change, .adopted_ms = core->now_ms, .hash = hash};
    char *text = NULL;
    nrs_error error = summarise(&text, before->roster, parts);

    nrs_roster_hash(hash, statement);
    if (error == NRS_OK && before->roster != NULL) {
        error = nrs_roster_delta_make(&pieces, parts->many, parts->roster, nrs_field(&before->many->statement), before->roster->version);
        row.base_version = before->roster->version;
        error = error == NRS_ERROR_TOO_LARGE ? NRS_OK : error;
    }
    if (error == NRS_OK) {
        row.summary = nrs_slice_of_string(text);
        row.delta = pieces.count == 1 ? nrs_slice_of_bytes(&pieces.list[0]) : nrs_slice_of(NULL, 0);
        *delta_out = pieces.count == 1;
        error = nrs_store_roster_step_add(core->store, &row);
    }
    free(text);
    nrs_roster_pieces_wipe(&pieces);
    return error;
}

/* A version that its own delta gives again need not be kept whole, but for those that are asked for by themselves. */
static nrs_error note_whole(void *context, const nrs_roster_step_row *row)
{
    bool *whole = context;

    *whole = row->version == 1 || row->key_change || row->delta.size == 0 || row->version % WHOLE_EVERY == 0;
    return NRS_OK;
}

static nrs_error count_step(void *context, const nrs_roster_step_row *row)
{
    (void)row;
    ++*(size_t *)context;
    return NRS_OK;
}

/* One more than the chain beside the roster holds, and the command line could not verify it any more (SPEC 7.5). */
static nrs_error room_for_key_change(nrs_core *core, const uint8_t id[NRS_HASH_SIZE])
{
    size_t count = 0;
    nrs_error error = nrs_store_roster_step_each(core->store, id, 1, UINT64_MAX, true, CHAIN_MAX, count_step, &count);

    return error == NRS_OK && count == CHAIN_MAX ? NRS_ERROR_LIMIT : error;
}

nrs_error nrs_roster_keys_fit(nrs_core *core, const nrs_community *community, const nrs_roster *next)
{
    return keys_differ(community->roster, next) ? room_for_key_change(core, community->id) : NRS_OK;
}

static nrs_error store_roster(nrs_core *core, const uint8_t id[NRS_HASH_SIZE], const nrs_roster_parts *parts, bool *key_change_out)
{
    const nrs_community *held = nrs_community_by_id(core, id);
    nrs_roster_parts before = {0};
    bool delta = false;
    bool keep_whole = true; /* of one without a step nothing is known */
    nrs_error error = find_before(core, &before, id, parts->roster->version);

    if (error == NRS_OK) {
        *key_change_out = before.roster != NULL && keys_differ(before.roster, parts->roster);
        error = *key_change_out ? room_for_key_change(core, id) : NRS_OK;
    }
    if (error == NRS_OK) {
        error = nrs_store_roster_add(core->store, id, parts->roster->version, nrs_slice_of_bytes(&parts->bytes));
    }
    if (error == NRS_OK && held != NULL) {
        error = nrs_store_roster_step_each(core->store, id, held->roster->version - 1, held->roster->version, false, 1, note_whole,
                                           &keep_whole);
    }
    if (error == NRS_OK) {
        error = add_step(core, &before, id, parts, *key_change_out, &delta);
    }
    if (error == NRS_OK && held != NULL && delta && !keep_whole && before.roster->version == held->roster->version) {
        error = nrs_store_roster_drop(core->store, id, held->roster->version);
    }
    nrs_roster_parts_wipe(&before);
    return error;
}

/* source: the peer it came from, or empty: this node's own inbox. */
static nrs_error audit_adopted(nrs_core *core, const char *name, uint64_t version, nrs_slice statement, nrs_slice source)
{
    const nrs_peer *from = source.size == NRS_KEY_SIZE ? nrs_peer_by_sign(core, source.data) : NULL;
    uint8_t hash[NRS_HASH_SIZE];
    char detail[NRS_AUDIT_DETAIL_SIZE_MAX + 1];
    const nrs_audit_what what = {.event = NRS_AUDIT_ROSTER, .org = from == NULL ? NULL : from->org, .person = source.size == 0 ? core->person : NULL,
                                 .about = nrs_slice_of(hash, sizeof hash), .detail = detail};

    nrs_roster_hash(hash, statement);
    (void)snprintf(detail, sizeof detail, "@%s %llu", name, (unsigned long long)version);
    return nrs_audit_add(core, &what);
}

/* By the keys in force, or by those that it has announced. */
static bool names_us(const nrs_core *core, const nrs_roster *roster)
{
    const nrs_key_end *end = nrs_key_end_of(core, core->self.sign_key);

    return nrs_roster_member_by_key(roster, core->self.sign_key) != NULL ||
           (end != NULL && end->cause == NRS_KEY_SUCCEEDED && nrs_roster_member_by_key(roster, end->successor) != NULL);
}

nrs_error nrs_directory_adopt(nrs_core *core, const uint8_t community[NRS_HASH_SIZE], nrs_slice many, nrs_slice source)
{
    nrs_roster_parts parts = {0};
    char name[NRS_NAME_SIZE_MAX + 1];
    uint64_t version = 0;
    const nrs_community *held = nrs_community_by_id(core, community);
    bool key_change = false, skips = false, names_forks = false;
    nrs_error error = nrs_directory_room(core, community); /* before it is stored: one that is has its place at the next start */

    if (error == NRS_OK) {
        error = nrs_roster_parts_of(&parts, many);
    }

    if (error == NRS_OK) {
        version = parts.roster->version;
        names_forks = parts.roster->n_forks > 0;
        skips = held != NULL && version > held->roster->version + 1;
        (void)snprintf(name, sizeof name, "%s", parts.roster->id);
        error = store_roster(core, community, &parts, &key_change);
    }
    if (error == NRS_OK && source.size == 0 && names_us(core, parts.roster)) {
        error = nrs_guest_set(core, community, false); /* by a person's hand it is joined */
    }
    for (size_t i = 0; error == NRS_OK && i < parts.roster->n_forks; i++) { /* what it heals is over, whoever tells of it later */
        error = nrs_store_fork_healed_set(core->store, community, parts.roster->forks[i].data, version);
    }
    if (error == NRS_OK) {
        error = nrs_directory_install(core, community, &parts.roster, nrs_field(&parts.many->statement), many);
    }
    if (error == NRS_OK && names_forks) {
        error = nrs_fork_count_past(core, nrs_community_by_id(core, community));
    }
    if (error == NRS_OK && skips) {
        nrs_community_by_id(core, community)->say_again = core->members_came = true;
    }
    if (error == NRS_OK && nrs_community_by_id(core, community)->guest) {
        goto adopted; /* the command line's files are of communities joined, by their names */
    }
    if (error == NRS_OK) {
        error = nrs_write_armoured(core, "communities", name, ".roster", "ROSTER", many);
    }
    if (error == NRS_OK && version == 1) {
        error = nrs_write_armoured(core, "communities", name, ".first", "ROSTER", many);
    }
    if (error == NRS_OK && key_change) {
        error = nrs_roster_write_chain(core, community, name);
    }
adopted:
    if (error == NRS_OK) {
        error = audit_adopted(core, name, version, nrs_field(&parts.many->statement), source);
    }
    if (error == NRS_OK) {
        nrs_core_log(core, NRS_OK, "community %s: roster version %llu adopted", name, (unsigned long long)version);
    }
    nrs_roster_parts_wipe(&parts);
    return error;
}

/* ---- Invites ---- */

static nrs_error keep_one(nrs_core *core, const uint8_t community[NRS_HASH_SIZE], const nrs_roster_parts *parts, bool key_change, uint64_t after)
{
    nrs_roster_parts before = {0};
    const uint64_t version = parts->roster->version;
    uint8_t hash[NRS_HASH_SIZE];
    bool delta = false;
    nrs_error error = version > after ? nrs_roster_hash_at(core, hash, community, version) : NRS_OK;

    if (error == NRS_ERROR_NOT_FOUND) {
        error = find_before(core, &before, community, version);
        error = error != NRS_OK ? error : nrs_store_roster_add(core->store, community, version, nrs_slice_of_bytes(&parts->bytes));
        error = error != NRS_OK ? error : add_step(core, &before, community, parts, key_change, &delta);
    }
    nrs_roster_parts_wipe(&before);
    return error;
}

/* The current roster, whichever copy of it: it is stored where it is put in force. */
static nrs_error keep_unless_current(nrs_core *core, const uint8_t community[NRS_HASH_SIZE], nrs_slice many, bool key_change, uint64_t after, nrs_slice current)
{
    nrs_roster_parts parts = {0};
    nrs_error error = nrs_roster_parts_of(&parts, many);

    if (error == NRS_OK && !nrs_slice_equal(nrs_field(&parts.many->statement), current)) {
        error = keep_one(core, community, &parts, key_change, after);
    }
    nrs_roster_parts_wipe(&parts);
    return error;
}

nrs_error nrs_roster_keep_chain(nrs_core *core, const uint8_t community[NRS_HASH_SIZE], const nrs_invite *invite, uint64_t after)
{
    nrs_signed_by_many *current = NULL;
    nrs_error error = nrs_signed_by_many_decode(&current, nrs_field(&invite->current));

    if (error == NRS_OK) {
        error = keep_unless_current(core, community, nrs_field(&invite->first), false, after, nrs_field(&current->statement));
    }
    for (size_t i = 0; error == NRS_OK && i < invite->n_chain; i++) {
        error = keep_unless_current(core, community, nrs_field(&invite->chain[i]), true, after, nrs_field(&current->statement));
    }
    nrs_signed_by_many_free(&current);
    return error;
}
