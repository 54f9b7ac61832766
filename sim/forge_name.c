/* What is signed by somebody who may not say it: rosters, and what only an originator or the owner of a key says. */
#include <string.h>

#include "check.h"
#include "forge.h"
#include "hostile.h"
#include "keys/card.h"
#include "keys/change.h"
#include "keys/withdrawal.h"
#include "proto/carrier.h"
#include "proto/vocabulary.h"
#include "world.h"

/* ---- Rosters ---- */

/* The maker comes in, or somebody honest goes. */
static sim_members members_of(const sim_world *world, const sim_rosters *rosters, const sim_node *maker, const sim_act *act)
{
    const sim_node *victim = sim_forge_victim(world, act->b);
    sim_members who = sim_rosters_newest(rosters)->who;
    const uint64_t own = 1ull << maker->owner;

    if ((who.members & own) == 0) {
        who.members |= own;
        who.revoked &= ~own;
        who.left &= ~own;
    } else if (victim != NULL && victim->owner < world->node_count) {
        who.members &= ~(1ull << victim->owner);
        who.sworn &= who.members;
        who.revoked |= 1ull << victim->owner;
    }
    return who;
}

void sim_forge_roster(sim_world *world, sim_node *maker, sim_node *carrier, const sim_act *act)
{
    static const sim_sometimes_name counters[SIM_FORGED_ROSTERS] = {
        [SIM_ROSTER_BY_FEW] = SIM_SOMETIMES_FORGED_ROSTER_FEW, [SIM_ROSTER_BY_OTHERS] = SIM_SOMETIMES_FORGED_ROSTER_OWN,
        [SIM_ROSTER_BY_STRANGER] = SIM_SOMETIMES_FORGED_ROSTER_STRANGER, [SIM_ROSTER_RIVAL] = SIM_SOMETIMES_FORGED_ROSTER_RIVAL};
    sim_rosters *rosters = &world->communities[act->c / 2 % world->community_count];
    const sim_forged_roster how = (sim_forged_roster)(act->a % SIM_FORGED_ROSTERS);
    nrs_bytes many = {0}, record = {0};

    if (rosters->count < SIM_ROSTERS_MAX && sim_rosters_forge(world, rosters, members_of(world, rosters, maker, act), how, maker->identity, &many) &&
        nrs_record_wrap(&record, NRS_RECORD_ROSTER, nrs_slice_of_bytes(&many)) == NRS_OK &&
        sim_hostile_give_loose(world, carrier, act->other, nrs_slice_of_bytes(&record), counters[how])) {
        sim_trace_line(world, maker, "forges a roster of @%s, way %d, handed over by %s", rosters->id, (int)how, carrier->org);
    }
    nrs_bytes_wipe(&record);
    nrs_bytes_wipe(&many);
}

/* ---- Withdrawals ---- */

typedef struct search { sim_world *world; sim_node *maker; nrs_sealed_view *view; uint64_t left; } search;

static nrs_error find_sealed(void *context, const nrs_log_row *row)
{
    search *job = context;
    nrs_record *record = NULL;
    nrs_sealed_view *view = NULL;
    nrs_error error = NRS_OK;

    if (row->type != NRS_RECORD_SEALED || row->record.size == 0 || nrs_record_decode(&record, row->record) != NRS_OK) {
        return NRS_OK;
    }
    if (nrs_sealed_parse(&view, nrs_field(&record->payload)) == NRS_OK) {
        const size_t whose = sim_check_node_of_key(job->world, view->header->originator.data);

        if (whose < job->world->node_count && job->world->nodes[whose].hostile == NULL) {
            nrs_sealed_view_free(&job->view);
            job->view = view;
            view = NULL;
            error = job->left-- == 0 ? NRS_ERROR_LIMIT : NRS_OK; /* that one, or the last */
        }
    }
    nrs_sealed_view_free(&view);
    nrs_record_free(&record);
    return error;
}

/* Letters to everybody who is honest. Returns how many there are. */
static size_t letters(sim_world *world, sim_node *maker, const nrs_statement *statement, nrs_bytes *bytes, nrs_slice *records)
{
    size_t count = 0;

    for (size_t i = 0; i < world->node_count; i++) {
        const sim_node *to = &world->nodes[i];

        if (to->hostile == NULL && to->there && sim_forge_letter(world, maker, to, statement, NRS_DAY_MS, &bytes[count])) {
            records[count] = nrs_slice_of_bytes(&bytes[count]);
            count++;
        }
    }
    return count;
}

/* Another's report, under its true header: the maker signs alone, as whoever holds the report can. */
void sim_forge_withdrawal(sim_world *world, sim_node *maker, sim_node *carrier, const sim_act *act)
{
    search job = {.world = world, .maker = maker, .left = act->a % 6};
    const uint8_t words[NRS_HASH_SIZE] = {0};
    nrs_bytes proof = {0}, bytes[SIM_NODES_MAX] = {0};
    nrs_slice records[SIM_NODES_MAX];
    size_t count = 0;
    nrs_statement statement;
    nrs_error error;

    sim_disk_hold(&maker->disk, true);
    error = nrs_store_log_each(maker->store, 0, 4096, find_sealed, &job);
    sim_disk_hold(&maker->disk, false);
    if (error == NRS_OK && job.view != NULL &&
        nrs_withdrawal_make(&proof, maker->identity, job.view, sim_node_now_ms(world, maker), words) == NRS_OK) {
        nrs__wire__statement__init(&statement);
        statement.type = NRS_STATEMENT_WITHDRAWAL;
        statement.sealed_id = nrs_field_of(nrs_slice_of(job.view->id, NRS_HASH_SIZE));
        statement.at_ms = sim_node_now_ms(world, maker);
        statement.detail = nrs_field_of(nrs_slice_of_bytes(&proof));
        count = letters(world, maker, &statement, bytes, records);
        if (count > 0 && sim_hostile_give_each(world, carrier, act->other, records, count, SIM_SOMETIMES_FORGED_WITHDRAWAL)) {
            sim_trace_line(world, maker, "takes back another's report, handed over by %s", carrier->org);
        }
    }
    nrs_sealed_view_free(&job.view);
    for (size_t i = 0; i < count; i++) {
        nrs_bytes_wipe(&bytes[i]);
    }
    nrs_bytes_wipe(&proof);
}

/* ---- Keys and cards ---- */

static nrs_error revocation(nrs_bytes *record_out, const sim_world *world, sim_node *maker, const sim_node *victim)
{
    char org[NRS_NAME_SIZE_MAX + 1];
    nrs_key_change change;
    nrs_bytes statement = {0};
    nrs_error error;

    memcpy(org, victim->org, sizeof org);
    nrs__wire__key_change__init(&change);
    change.suite = NRS_SUITE;
    change.cause = NRS_KEY_REVOKED;
    change.org = org;
    change.sign_key = nrs_field_of(nrs_slice_of(nrs_identity_public(victim->identity)->sign_key, NRS_KEY_SIZE));
    change.at_ms = sim_node_now_ms(world, maker);
    error = nrs_key_change_encode(&statement, &change);
    if (error == NRS_OK) {
        error = nrs_signed_record(record_out, NRS_RECORD_KEY_CHANGE, maker->identity, nrs_slice_of_bytes(&statement));
    }
    nrs_bytes_wipe(&statement);
    return error;
}

/* Its card, as if it had made a newer one. */
static nrs_error card(nrs_bytes *record_out, sim_node *maker, const sim_node *victim)
{
    nrs_signed *envelope = NULL;
    nrs_card *value = NULL;
    nrs_bytes statement = {0};
    nrs_error error = nrs_signed_decode(&envelope, nrs_slice_of_bytes(&sim_node_keys(victim)->card));

    if (error == NRS_OK) {
        error = nrs_card_decode(&value, nrs_field(&envelope->statement));
    }
    if (error == NRS_OK) {
        value->serial += 1000;
        error = nrs_card_encode(&statement, value);
    }
    if (error == NRS_OK) {
        error = nrs_signed_record(record_out, NRS_RECORD_CARD, maker->identity, nrs_slice_of_bytes(&statement));
    }
    nrs_bytes_wipe(&statement);
    nrs_card_free(&value);
    nrs_signed_free(&envelope);
    return error;
}

static void speak(sim_world *world, sim_node *maker, sim_node *carrier, const sim_node *victim, const sim_act *act, bool ends)
{
    nrs_bytes record = {0};

    if ((ends ? revocation(&record, world, maker, victim) : card(&record, maker, victim)) == NRS_OK) {
        const nrs_slice records[1] = {nrs_slice_of_bytes(&record)};

        if (sim_hostile_give(world, carrier, act->other, records, 1, ends ? SIM_SOMETIMES_FORGED_REVOCATION : SIM_SOMETIMES_FORGED_CARD)) {
            sim_trace_line(world, maker, "%s in the name of %s, handed over by %s", ends ? "revokes a key" : "publishes a card", victim->org, carrier->org);
        }
    }
    nrs_bytes_wipe(&record);
}

/* The one, and then the other. */
void sim_forge_name(sim_world *world, sim_node *maker, sim_node *carrier, const sim_act *act)
{
    const sim_node *victim = sim_forge_victim(world, act->b);
    const bool ends = act->a % 2 == 0;

    if (victim != NULL) {
        speak(world, maker, carrier, victim, act, ends);
        speak(world, maker, carrier, victim, act, !ends);
    }
}
