/* Grants that nobody agreed to: by a hostile holder that takes the key of an honest report out of its own vault. */
#include "forge.h"

#include <string.h>

#include "check.h"
#include "hostile.h"
#include "keys/seal.h"
#include "keys/vault.h"
#include "proto/vocabulary.h"
#include "world.h"

/* What is wrong with it. */
typedef enum fault {
    FAULT_NO_RELEASE = 0,
    FAULT_OWN_RELEASE,  /* the holder has signed it itself */
    FAULT_REPLAYED,     /* the source has signed it, for another report */
    FAULT_EXPIRED,      /* it was this one's, and is over */
    FAULT_WIDER,        /* it is this one's, for others */
    FAULT_NO_HUB,       /* on the source's consent, which is a hub's to carry out */
    FAULT_COUNT
} fault;

/* ---- The key, as whoever has the disk and the identity finds it ---- */

typedef struct segment_find { const nrs_secret *root; uint64_t number; nrs_secret *key; } segment_find;

static nrs_error take_segment(void *context, uint64_t number, uint32_t entry_count, nrs_slice wrapped)
{
    segment_find *find = context;
    uint8_t label[8];

    (void)entry_count;
    for (size_t i = 0; i < sizeof label; i++) {
        label[i] = (uint8_t)(number >> (8 * i));
    }
    return number == find->number && find->key == NULL ? nrs_vault_unwrap(&find->key, find->root, nrs_slice_of(label, sizeof label), wrapped) : NRS_OK;
}

static nrs_error key_of(nrs_secret **key_out, sim_node *holder, const uint8_t id[NRS_HASH_SIZE])
{
    const sim_file *file = sim_disk_find(&holder->disk, "vault");
    nrs_report_row row;
    nrs_bytes bytes = {0};
    nrs_vault_roots roots = {0};
    nrs_secret *wrap = NULL;
    segment_find find = {0};
    nrs_error error = file == NULL ? NRS_ERROR_NOT_FOUND : nrs_store_report_get(holder->store, &row, &bytes, id);

    if (error == NRS_OK) {
        error = row.key_state == NRS_KEY_HELD ? nrs_identity_derive(&wrap, holder->keys[0].identity, NRS_DOMAIN_VAULT) : NRS_ERROR_NO_SLOT;
    }
    if (error == NRS_OK) {
        error = nrs_vault_file_decode(&roots, nrs_slice_of(file->cache.data, file->cache.size), wrap);
    }
    for (size_t i = 0; error == NRS_OK && i < 2 && find.key == NULL; i++) {
        find = (segment_find){.root = roots.root[i], .number = row.segment};
        error = roots.root[i] == NULL ? NRS_OK : nrs_store_segment_each(holder->store, take_segment, &find);
        error = error == NRS_ERROR_DAMAGED ? NRS_OK : error; /* under the other root */
    }
    if (error == NRS_OK) {
        error = find.key == NULL ? NRS_ERROR_NOT_FOUND : nrs_vault_unwrap(key_out, find.key, nrs_slice_of(id, NRS_HASH_SIZE), row.wrapped_key);
    }
    nrs_secret_destroy(&find.key);
    nrs_vault_roots_wipe(&roots);
    nrs_secret_destroy(&wrap);
    nrs_bytes_wipe(&bytes);
    return error;
}

static bool needs_release(fault wrong)
{
    return wrong == FAULT_REPLAYED || wrong == FAULT_EXPIRED || wrong == FAULT_WIDER;
}

/* ---- A release that is a real one ---- */

typedef struct release_find { const uint8_t *report, *source; bool this_one, over; uint64_t now_ms; nrs_bytes release, ask; } release_find;

static nrs_error take_release(void *context, const nrs_ask_row *row)
{
    release_find *find = context;
    const bool same = memcmp(row->report, find->report, NRS_HASH_SIZE) == 0;

    if (!row->mine || row->state != NRS_ASK_RELEASED || same != find->this_one || memcmp(row->org, find->source, NRS_KEY_SIZE) != 0 ||
        (row->expires_ms <= find->now_ms) != find->over) {
        return NRS_OK;
    }
    NRS_ASSERT(nrs_bytes_copy(&find->release, row->release) == NRS_OK && nrs_bytes_copy(&find->ask, row->ask) == NRS_OK);
    return NRS_OK;
}

static nrs_error own_release(nrs_bytes *release_out, const sim_node *holder, const uint8_t id[NRS_HASH_SIZE], const nrs_ask *ask, uint64_t now_ms)
{
    uint8_t commitment[NRS_HASH_SIZE];
    nrs_release release;

    nrs_ask_commitment(commitment, ask);
    nrs__wire__release__init(&release);
    release.suite = NRS_SUITE;
    release.sealed_id = nrs_field_of(nrs_slice_of(id, NRS_HASH_SIZE));
    release.holder = nrs_field_of(nrs_slice_of(nrs_identity_public(holder->identity)->sign_key, NRS_KEY_SIZE));
    release.audience_commitment = nrs_field_of(nrs_slice_of(commitment, sizeof commitment));
    release.community = ask->community;
    release.label = NRS_LABEL_AMBER;
    release.created_ms = now_ms;
    release.expires_ms = now_ms + NRS_HOUR_MS;
    release.ask = nrs_field_of(nrs_slice_of(id, NRS_HASH_SIZE));
    return nrs_release_sign(release_out, &release, holder->identity);
}

/* ---- The grant ---- */

typedef struct forging {
    sim_node *holder;
    const sim_node *victim;
    uint8_t id[NRS_HASH_SIZE], community[NRS_HASH_SIZE], salt[NRS_HASH_SIZE];
    bool elsewhere;
    bool backdated;    /* it says that it was made while the release lasted */
    fault wrong;
    nrs_bytes sealed, release, signed_release, asked, audience, grant, table;
    nrs_sealed_view *view;
    nrs_secret *key;
    nrs_ask ask, *own_ask;
} forging;

static void forging_wipe(forging *it)
{
    nrs_sealed_view_free(&it->view);
    nrs_secret_destroy(&it->key);
    nrs_bytes_wipe(&it->sealed);
    nrs_bytes_wipe(&it->release);
    nrs_bytes_wipe(&it->signed_release);
    nrs_bytes_wipe(&it->asked);
    nrs_ask_free(&it->own_ask);
    nrs_bytes_wipe(&it->audience);
    nrs_bytes_wipe(&it->grant);
    nrs_bytes_wipe(&it->table);
}

static nrs_error read_sealed(forging *it)
{
    nrs_log_row row;
    nrs_bytes bytes = {0};
    nrs_record *record = NULL;
    uint64_t position = 0;
    nrs_error error = nrs_store_log_find(it->holder->store, &position, it->id);

    if (error == NRS_OK) {
        error = position == 0 ? NRS_ERROR_NOT_FOUND : nrs_store_log_get(it->holder->store, &row, &bytes, position);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_copy(&it->sealed, row.record);
    }
    if (error == NRS_OK) {
        error = nrs_record_decode(&record, nrs_slice_of_bytes(&it->sealed));
    }
    if (error == NRS_OK) {
        error = nrs_sealed_parse(&it->view, nrs_field(&record->payload));
    }
    nrs_record_free(&record);
    nrs_bytes_wipe(&bytes);
    return error;
}

/* What was asked for, word for word, so that nothing but the fault itself is wrong. */
static nrs_error as_asked(forging *it, nrs_slice bytes)
{
    nrs_error error = nrs_bytes_copy(&it->asked, bytes);

    if (error == NRS_OK) {
        nrs_ask_free(&it->own_ask);
        error = nrs_ask_decode(&it->own_ask, nrs_slice_of_bytes(&it->asked));
    }
    if (error == NRS_OK) {
        it->ask = *it->own_ask;
    }
    return error;
}

/* Which release goes with it. */
static nrs_error find_release(forging *it, uint64_t now_ms)
{
    release_find find = {.report = it->id, .source = it->view->header->originator.data, .this_one = it->wrong != FAULT_REPLAYED,
                         .over = it->wrong == FAULT_EXPIRED, .now_ms = now_ms};
    nrs_error error = NRS_OK;

    if (needs_release(it->wrong)) {
        error = nrs_store_ask_each(it->holder->store, NULL, take_release, &find);
        error = error == NRS_OK && find.release.size == 0 ? NRS_ERROR_NOT_FOUND : error;
    }
    if (error == NRS_OK && (it->wrong == FAULT_REPLAYED || it->wrong == FAULT_EXPIRED)) {
        error = as_asked(it, nrs_slice_of_bytes(&find.ask));
    }
    if (error == NRS_OK && it->wrong == FAULT_OWN_RELEASE) {
        error = own_release(&find.release, it->holder, it->id, &it->ask, now_ms);
    }
    if (error == NRS_OK && find.release.size > 0) {
        error = nrs_record_wrap(&it->release, NRS_RECORD_RELEASE, nrs_slice_of_bytes(&find.release));
    }
    if (error == NRS_OK) {
        error = nrs_bytes_copy(&it->signed_release, nrs_slice_of_bytes(&find.release));
    }
    nrs_bytes_wipe(&find.release);
    nrs_bytes_wipe(&find.ask);
    return error;
}

/* In-out: now_ms. */
static nrs_error refer_to(const forging *it, uint8_t reference_out[NRS_HASH_SIZE], uint64_t *now_ms)
{
    uint8_t signer[NRS_KEY_SIZE];
    nrs_release *release = NULL;
    nrs_error error;

    if (it->signed_release.size == 0) {
        nrs_hash_one(reference_out, NRS_DOMAIN_STATEMENT_ID, nrs_field(&it->view->sealed->grant)); /* of the first grant, as consent would cite it */
        return NRS_OK;
    }
    error = nrs_release_verify(&release, signer, reference_out, nrs_slice_of_bytes(&it->signed_release));
    if (error == NRS_OK && it->backdated) {
        *now_ms = release->expires_ms - 1;
    }
    nrs_release_free(&release);
    return error;
}

/* To the victim alone. */
static nrs_error own_ask(forging *it)
{
    Nrs__Wire__Target target, *targets[1] = {&target};
    nrs_audience audience;

    sim_random_fill(&it->holder->hostile->random, it->salt, sizeof it->salt);
    nrs__wire__audience__init(&audience);
    nrs__wire__target__init(&target);
    target.org = nrs_field_of(nrs_slice_of(nrs_identity_public(it->victim->identity)->sign_key, NRS_KEY_SIZE));
    audience.targets = targets;
    audience.n_targets = 1;
    nrs__wire__ask__init(&it->ask);
    it->ask.salt = nrs_field_of(nrs_slice_of(it->salt, sizeof it->salt));
    it->ask.community = nrs_field_of(nrs_slice_of(it->community, it->elsewhere ? NRS_HASH_SIZE : 0));
    return nrs_audience_encode(&it->audience, &audience);
}

static nrs_error make(sim_world *world, forging *it)
{
    const uint64_t now_ms = sim_node_now_ms(world, it->holder);
    nrs_audience *audience = NULL;
    nrs_recipient recipient;
    uint8_t reference[NRS_HASH_SIZE];
    nrs_bytes statement = {0};
    nrs_grant_request request = {.sealed = it->view, .file_key = it->key, .authority_ref = nrs_slice_of(reference, sizeof reference),
                                 .recipients = &recipient, .recipient_count = 1, .now_ms = now_ms,
                                 .grantor = {.keys = nrs_identity_public(it->holder->identity), .agree = nrs_identity_agree_with, .agree_context = it->holder->identity}};
    nrs_error error = own_ask(it);

    if (error == NRS_OK) {
        it->ask.audience = nrs_field_of(nrs_slice_of_bytes(&it->audience));
        error = find_release(it, now_ms);
    }
    if (error == NRS_OK) {
        error = refer_to(it, reference, &request.now_ms);
    }
    if (error == NRS_OK) {
        error = nrs_audience_decode(&audience, nrs_field(&it->ask.audience));
    }
    request.audience = audience;
    request.community = nrs_field(&it->ask.community);
    request.audience_salt = nrs_field(&it->ask.salt);
    request.authority = it->wrong == FAULT_NO_HUB ? NRS_AUTHORITY_CONSENT : NRS_AUTHORITY_RELEASE;
    if (error == NRS_OK) {
        error = sim_forge_recipient(world, it->holder, it->victim, &recipient) ? nrs_grant_make(&statement, &it->table, &request) : NRS_ERROR_NO_PREKEY;
    }
    if (error == NRS_OK) {
        error = nrs_signed_record(&it->grant, NRS_RECORD_GRANT, it->holder->identity, nrs_slice_of_bytes(&statement));
    }
    nrs_audience_free(&audience);
    nrs_bytes_wipe(&statement);
    return error;
}

/* A release that the source has given the holder and that can be misused in this way, as far as people know; NULL for none. */
static const sim_release *misusable(const sim_world *world, const forging *it, const sim_report *report)
{
    for (size_t i = 0; i < world->oracle.release_count; i++) {
        const sim_release *release = &world->oracle.releases[i];
        const sim_report *released = &world->oracle.reports[release->report];

        if (release->granted && release->holder == it->holder->index && (it->wrong == FAULT_REPLAYED) == (released != report) &&
            released->sender == report->sender && released->community == report->community && (it->wrong != FAULT_EXPIRED || release->expires_ms < world->now_ms)) {
            return release;
        }
    }
    return NULL;
}

/* One who may not read it; of a release that is over, whom it named and who has nothing of it. */
static bool may_be_victim(const sim_world *world, const forging *it, const sim_node *node, const sim_report *report, const sim_release *release)
{
    const uint64_t bit = 1ull << node->index;

    if (!node->there || node->hostile != NULL) {
        return false;
    }
    if (it->wrong == FAULT_EXPIRED) {
        return (release->to & bit) != 0 && ((report->readers | report->shown) & bit) == 0 && report->label != NRS_LABEL_CLEAR;
    }
    return !sim_check_may_read(world, node, report);
}

/* An honest one's report that the holder reads, and an honest one that may not. */
static bool choose(sim_world *world, forging *it, const sim_act *act, bool with_release)
{
    for (size_t i = 0; i < world->plan.count; i++) {
        const sim_report *report = &world->oracle.reports[(act->a + i) % world->plan.count];
        const sim_rosters *home = &world->communities[report->community];
        const sim_release *release = with_release ? misusable(world, it, report) : NULL;

        if (report->version == 0 || report->label < NRS_LABEL_GREEN || report->label > NRS_LABEL_AMBER_STRICT || world->nodes[report->sender].hostile != NULL ||
            report->withheld || report->unlocks || (report->readers & (1ull << it->holder->index)) == 0 || (with_release && release == NULL) || !sim_hostile_holds(it->holder, report->id) ||
            nrs_hex_decode(it->id, sizeof it->id, report->id) != NRS_OK) {
            continue;
        }
        for (size_t k = 0; k < world->node_count; k++) {
            const sim_node *node = &world->nodes[(act->b + k) % world->node_count];

            if (may_be_victim(world, it, node, report, release)) {
                it->victim = node;
                it->elsewhere = (sim_roster_members(sim_rosters_newest(home)) & (1ull << node->index)) == 0 && world->community_count == 2;
                memcpy(it->community, world->communities[1 - report->community].community, NRS_HASH_SIZE);
                return true;
            }
        }
    }
    return false;
}

static void forge_one(sim_world *world, sim_node *holder, const sim_act *act, fault wrong)
{
    static const sim_sometimes_name counters[FAULT_COUNT] = {
        [FAULT_NO_RELEASE] = SIM_SOMETIMES_FORGED_GRANT,       [FAULT_OWN_RELEASE] = SIM_SOMETIMES_RELEASE_SELF_SIGNED,
        [FAULT_REPLAYED] = SIM_SOMETIMES_RELEASE_REPLAYED,     [FAULT_EXPIRED] = SIM_SOMETIMES_RELEASE_OVER,
        [FAULT_WIDER] = SIM_SOMETIMES_RELEASE_FOR_OTHERS,      [FAULT_NO_HUB] = SIM_SOMETIMES_FORGED_CONSENT};
    forging it = {.holder = holder, .wrong = wrong, .backdated = wrong == FAULT_EXPIRED && act->b % 2 == 0};
    nrs_error error;

    if (!choose(world, &it, act, needs_release(wrong))) {
        return;
    }
    sim_disk_hold(&holder->disk, true);
    error = read_sealed(&it);
    if (error == NRS_OK) {
        error = key_of(&it.key, holder, it.id);
    }
    if (error == NRS_OK) {
        error = make(world, &it);
    }
    sim_disk_hold(&holder->disk, false);
    if (error == NRS_OK) {
        const bool with = it.release.size > 0;
        const nrs_slice records[4] = {with ? nrs_slice_of_bytes(&it.release) : nrs_slice_of_bytes(&it.sealed),
                                      with ? nrs_slice_of_bytes(&it.sealed) : nrs_slice_of_bytes(&it.grant),
                                      with ? nrs_slice_of_bytes(&it.grant) : nrs_slice_of_bytes(&it.table), nrs_slice_of_bytes(&it.table)};

        if (sim_hostile_give(world, holder, act->other, records, with ? 4 : 3, counters[it.wrong])) {
            sim_trace_line(world, holder, "grants to %s what it may not read, fault %d", it.victim->org, (int)it.wrong);
        }
    }
    forging_wipe(&it);
}

/* In every way that there is. */
void sim_forge_grant(sim_world *world, sim_node *holder, const sim_act *act)
{
    for (unsigned i = 0; i < FAULT_COUNT; i++) {
        forge_one(world, holder, act, (fault)((act->c + i) % FAULT_COUNT));
    }
}
