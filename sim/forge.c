#include "forge.h"

#include <stdlib.h>
#include <string.h>

#include "hostile.h"
#include "keys/envelope.h"
#include "memory.h"
#include "person.h"
#include "proto/vocabulary.h"
#include "world.h"

/* What is wrong with a forged report. The subject of one that nobody may ever open begins with "bad". */
typedef enum fault {
    FAULT_NONE = 0,
    FAULT_EXPIRED,
    FAULT_FROM_AHEAD,      /* made further ahead of the clock than is taken */
    FAULT_ROSTER_AHEAD,    /* under a roster that is to come */
    FAULT_ROSTER_FAR_AHEAD,
    FAULT_AUDIENCE,        /* a slot for one whom the audience does not name */
    FAULT_LABEL,           /* label and address that do not suit each other, or a label that there is not */
    FAULT_BODY,
    FAULT_SIGNATURE,
    FAULT_COUNT
} fault;

typedef struct find { const uint8_t *owner; nrs_prekeys *prekeys; } find;

static nrs_error match(void *context, const nrs_published_row *row)
{
    find *search = context;

    if (memcmp(row->owner, search->owner, NRS_KEY_SIZE) != 0 || nrs_prekeys_verify(&search->prekeys, row->payload) != NRS_OK) {
        return NRS_OK;
    }
    return NRS_ERROR_LIMIT;
}

/* Somebody with the prekey that the maker's own store has of it. */
bool sim_forge_recipient(sim_world *world, sim_node *maker, const sim_node *victim, nrs_recipient *recipient_out)
{
    const nrs_public_keys *keys = nrs_identity_public(victim->identity);
    find search = {.owner = keys->sign_key};
    nrs_error error = nrs_store_prekeys_each(maker->store, match, &search);
    const Nrs__Wire__Prekey *prekey = search.prekeys == NULL ? NULL : nrs_prekeys_current(search.prekeys, sim_node_now_ms(world, maker));

    (void)error; /* the visitor ends the search with an error of its own */
    if (prekey != NULL) {
        memcpy(recipient_out->org_sign_key, keys->sign_key, NRS_KEY_SIZE);
        memcpy(recipient_out->sign_key, keys->sign_key, NRS_KEY_SIZE);
        memcpy(recipient_out->agree_key, keys->agree_key, NRS_KEY_SIZE);
        memcpy(recipient_out->prekey_id, prekey->id.data, NRS_PREKEY_ID_SIZE);
        memcpy(recipient_out->prekey, prekey->key.data, NRS_KEY_SIZE);
    }
    nrs_prekeys_free(&search.prekeys);
    return prekey != NULL;
}

const sim_node *sim_forge_victim(const sim_world *world, uint64_t pick)
{
    for (size_t i = 0; i < world->node_count; i++) {
        const sim_node *node = &world->nodes[(pick + i) % world->node_count];

        if (node->hostile == NULL && node->there) {
            return node;
        }
    }
    return NULL;
}

const sim_rosters *sim_forge_community(const sim_world *world, const sim_node *maker)
{
    const sim_rosters *rosters = &world->communities[maker->hostile->serial / 4 % world->community_count];

    return maker->held[rosters->index] != 0 ? rosters : &world->communities[0];
}

static void header_of(sim_world *world, const sim_node *maker, nrs_header *header, const sim_forgery *what)
{
    const sim_rosters *rosters = sim_forge_community(world, maker);
    uint64_t now_ms = sim_node_now_ms(world, maker);

    nrs__wire__header__init(header);
    header->label = what->label == 0 ? NRS_LABEL_AMBER : what->label;
    header->community = nrs_field_of(nrs_slice_of(rosters->community, NRS_HASH_SIZE));
    header->roster_version = maker->held[rosters->index] == 0 ? 1 : maker->held[rosters->index];
    header->roster_version += what->roster_ahead;
    header->created_ms = (uint64_t)((int64_t)now_ms + what->shift_ms);
    header->expires_ms = header->created_ms + (what->life_ms == 0 ? NRS_REPORT_LIFE_MS_DEFAULT : what->life_ms);
    header->attribution = NRS_ATTRIBUTION_NAMED;
}

static void target_of(const sim_world *world, const sim_node *maker, const sim_node *named, Nrs__Wire__Target *target, const sim_forgery *what,
                      uint64_t version)
{
    nrs__wire__target__init(target);
    if (what->to == SIM_TO_COMMUNITY) {
        target->community = nrs_field_of(nrs_slice_of(sim_forge_community(world, maker)->community, NRS_HASH_SIZE));
        target->roster_version = version;
        return;
    }
    target->org = nrs_field_of(nrs_slice_of(nrs_identity_public(named->identity)->sign_key, NRS_KEY_SIZE));
    if (what->to == SIM_TO_PERSON) {
        target->person = nrs_field_of(nrs_slice_of(nrs_identity_public((named->person != NULL ? named->person : named->identity))->sign_key, NRS_KEY_SIZE));
    }
}

nrs_error sim_forge_seal(sim_world *world, sim_node *maker, const sim_node *victim, nrs_sealed_parts *parts, const nrs_recipient *recipient,
                         const sim_forgery *what)
{
    char subject[40];
    nrs_header header;
    nrs_report report;
    nrs_audience audience;
    Nrs__Wire__Target target, *targets[1] = {&target};
    nrs_secret *file_key = NULL;
    const sim_node *named = what->for_others ? maker : victim;
    nrs_seal_request request = {.header = &header, .report = &report, .audience = &audience, .recipients = recipient, .recipient_count = 1,
                                .stream = what->stream, .sequence = what->stream.size > 0 ? 1 : 0,
                                .grantor = {.keys = nrs_identity_public(maker->identity), .agree = nrs_identity_agree_with, .agree_context = maker->identity}};
    nrs_error error;

    (void)snprintf(subject, sizeof subject, "%s %zu/%llu", what->for_others || what->against_label ? "bad" : "odd", maker->index, (unsigned long long)maker->hostile->serial++);
    header_of(world, maker, &header, what);
    nrs__wire__report__init(&report);
    report.kind = 1;
    report.subject = subject;
    report.body = what->body != NULL ? what->body : subject;
    nrs__wire__audience__init(&audience);
    target_of(world, maker, named, &target, what, header.roster_version);
    audience.targets = targets;
    audience.n_targets = 1;
    error = nrs_seal(parts, &file_key, &request);
    nrs_secret_destroy(&file_key);
    return error;
}

/* Each is well made but for its label: what the table of SPEC 5.1 forbids, its receiver has to find out for itself. */
static void against_label(sim_forgery *what, uint64_t pick)
{
    static const struct { unsigned label; sim_addressee to; } pairs[] = {
        {NRS_LABEL_AMBER_STRICT, SIM_TO_COMMUNITY}, {NRS_LABEL_GREEN, SIM_TO_ORG}, {NRS_LABEL_RED, SIM_TO_ORG}, {NRS_LABEL_RED, SIM_TO_PERSON},
        {NRS_LABEL_RED, SIM_TO_COMMUNITY}, {NRS_LABEL_AMBER, SIM_TO_PERSON}, {NRS_LABEL_COUNT, SIM_TO_ORG},
    };
    const size_t which = (size_t)(pick % (sizeof pairs / sizeof pairs[0]));

    what->against_label = true;
    what->label = pairs[which].label;
    what->to = pairs[which].to;
}

static sim_forgery forgery_of(fault wrong, uint64_t pick)
{
    sim_forgery what = {.roster_ahead = wrong == FAULT_ROSTER_AHEAD ? 2 : wrong == FAULT_ROSTER_FAR_AHEAD ? 5000 : 0,
                         .shift_ms = wrong == FAULT_EXPIRED ? -(int64_t)(3 * NRS_DAY_MS) : wrong == FAULT_FROM_AHEAD ? (int64_t)(3 * NRS_DAY_MS) : 0,
                         .life_ms = wrong == FAULT_EXPIRED ? NRS_DAY_MS + NRS_DAY_MS / 2 : 0, .for_others = wrong == FAULT_AUDIENCE};

    if (wrong == FAULT_LABEL) {
        against_label(&what, pick);
    }
    return what;
}

/* Our own encoder writes no label that there is not: the header is packed by hand. Its signature is that of the header before. */
static nrs_error relabel(nrs_sealed_parts *parts, unsigned label)
{
    nrs_header *header = NULL;
    nrs_bytes packed = {0};
    nrs_error error = nrs_header_decode(&header, nrs_slice_of_bytes(&parts->header));

    if (error == NRS_OK) {
        header->label = label;
        error = nrs_bytes_resize(&packed, nrs__wire__header__get_packed_size(header));
    }
    if (error == NRS_OK) {
        (void)nrs__wire__header__pack(header, packed.data);
        nrs_bytes_wipe(&parts->header);
        parts->header = packed;
    }
    nrs_header_free(&header);
    return error;
}

/* A decoder that let such a label pass would let the encoder write it. */
static nrs_error seal(sim_world *world, sim_node *maker, const sim_node *victim, nrs_sealed_parts *parts, const nrs_recipient *recipient, sim_forgery what)
{
    const unsigned label = what.label;
    nrs_error error = sim_forge_seal(world, maker, victim, parts, recipient, &what);

    if (error != NRS_OK && !sim_tlp_known(label) && label != 0) {
        what.label = NRS_LABEL_AMBER;
        error = sim_forge_seal(world, maker, victim, parts, recipient, &what);
        error = error == NRS_OK ? relabel(parts, label) : error;
    }
    return error;
}

static void forge_report(sim_world *world, sim_node *maker, sim_node *carrier, const sim_act *act)
{
    const sim_node *victim = sim_forge_victim(world, act->b);
    fault wrong = (fault)(act->a % FAULT_COUNT);
    const sim_forgery what = forgery_of(wrong, act->a / FAULT_COUNT);
    nrs_sealed_parts parts = {0};
    nrs_bytes record = {0};
    nrs_recipient recipient;

    if (victim == NULL || !sim_forge_recipient(world, maker, victim, &recipient) || seal(world, maker, victim, &parts, &recipient, what) != NRS_OK) {
        return;
    }
    if (wrong == FAULT_BODY) {
        parts.body.data[parts.body.size / 2] ^= 1;
    }
    if ((wrong == FAULT_LABEL ? nrs_seal_sign_made : nrs_seal_sign)(&record, &parts, maker->identity) == NRS_OK) {
        nrs_slice records[2];

        if (wrong == FAULT_SIGNATURE) {
            record.data[record.size - 1] ^= 1;
        }
        records[0] = nrs_slice_of_bytes(&record);
        records[1] = nrs_slice_of_bytes(&parts.slot_table);
        if (sim_hostile_give(world, carrier, act->other, records, 2, wrong == FAULT_LABEL ? SIM_SOMETIMES_FORGED_LABEL : SIM_SOMETIMES_FORGED_REPORT)) {
            sim_trace_line(world, maker, "forges a report, fault %d, handed over by %s", (int)wrong, carrier->org);
        }
    }
    nrs_bytes_wipe(&record);
    nrs_sealed_parts_wipe(&parts);
}

/* Two different reports under one number, one after the other over the same connection: whoever takes both can prove it. */
static void equivocate(sim_world *world, sim_node *maker, sim_node *carrier, const sim_act *act)
{
    const sim_node *victim = sim_forge_victim(world, act->b);
    sim_pair *pair = &world->oracle.pairs[world->oracle.pair_count];
    uint8_t stream[NRS_HASH_SIZE] = {0};
    const sim_forgery what = {.stream = nrs_slice_of(stream, sizeof stream)};
    nrs_recipient recipient;
    size_t given = 0;

    if (victim == NULL || world->oracle.pair_count == SIM_PAIRS_MAX || !sim_forge_recipient(world, maker, victim, &recipient)) {
        return;
    }
    sim_random_fill(&maker->hostile->random, stream, sizeof stream);
    maker->hostile->serial = (maker->hostile->serial + 3) / 4 * 4; /* both in one community */
    *pair = (sim_pair){.maker = maker->index, .victim = victim->index, .community = sim_forge_community(world, maker)->index, .given_ms = world->now_ms};
    for (size_t i = 0; i < 2; i++) {
        nrs_sealed_parts parts = {0};
        nrs_bytes record = {0};

        if (sim_forge_seal(world, maker, victim, &parts, &recipient, &what) == NRS_OK &&
            nrs_seal_sign(&record, &parts, maker->identity) == NRS_OK) {
            const nrs_slice records[2] = {nrs_slice_of_bytes(&record), nrs_slice_of_bytes(&parts.slot_table)};

            memcpy(pair->id[i], parts.id, NRS_HASH_SIZE);
            given += sim_hostile_give(world, carrier, act->other, records, 2, i == 0 ? SIM_UNCOUNTED : SIM_SOMETIMES_EQUIVOCATED) ? 1 : 0;
        }
        nrs_bytes_wipe(&record);
        nrs_sealed_parts_wipe(&parts);
    }
    if (given == 2) {
        world->oracle.pair_count++;
        sim_trace_line(world, maker, "sends two reports under one number, by way of %s", carrier->org);
    }
}

bool sim_forge_letter(sim_world *world, sim_node *maker, const sim_node *to, const nrs_statement *statement, uint64_t life_ms, nrs_bytes *record_out)
{
    nrs_recipient recipient;
    nrs_bytes bytes = {0};
    nrs_slice statements[1];
    nrs_envelope_request request = {.statements = statements, .statement_count = 1, .to = &recipient, .now_ms = sim_node_now_ms(world, maker),
                                    .community = nrs_slice_of(sim_forge_community(world, maker)->community, NRS_HASH_SIZE)};
    bool made = sim_forge_recipient(world, maker, to, &recipient) && nrs_statement_encode(&bytes, statement) == NRS_OK;

    request.expires_ms = request.now_ms + life_ms;
    statements[0] = nrs_slice_of_bytes(&bytes);
    made = made && nrs_envelope_seal(record_out, maker->identity, &request) == NRS_OK;
    nrs_bytes_wipe(&bytes);
    return made;
}

/* A word about a report that was never for it, or about one that it only carries. */
static void forge_receipt(sim_world *world, sim_node *maker, sim_node *carrier, const sim_act *act)
{
    const sim_sealed *sealed = world->oracle.sealed_count == 0 ? NULL : &world->oracle.sealed[act->b % world->oracle.sealed_count];
    nrs_statement statement;
    nrs_bytes record = {0};

    if (sealed == NULL) {
        return;
    }
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_RECEIPT;
    statement.sealed_id = nrs_field_of(nrs_slice_of(sealed->id, NRS_HASH_SIZE));
    statement.at_ms = sim_node_now_ms(world, maker);
    statement.stage = 1 + (uint32_t)(act->a % 5);
    if (sim_forge_letter(world, maker, &world->nodes[sealed->maker], &statement, act->a % 3 == 0 ? 1 : NRS_DAY_MS, &record)) {
        const nrs_slice records[1] = {nrs_slice_of_bytes(&record)};

        (void)sim_hostile_give(world, carrier, act->other, records, 1, SIM_SOMETIMES_FORGED_RECEIPT);
    }
    nrs_bytes_wipe(&record);
}

/* Whose signature it is said to be. */
static nrs_error name_signer(nrs_bytes *record, nrs_slice key)
{
    nrs_record *inner = NULL;
    nrs_signed *envelope = NULL;
    nrs_bytes payload = {0};
    nrs_error error = nrs_record_decode(&inner, nrs_slice_of_bytes(record));

    error = error == NRS_OK ? nrs_signed_decode(&envelope, nrs_field(&inner->payload)) : error;
    if (error == NRS_OK) {
        memcpy(envelope->signer.data, key.data, key.size);
        error = nrs_signed_encode(&payload, envelope);
    }
    error = error == NRS_OK ? nrs_record_wrap(record, NRS_RECORD_PREKEYS, nrs_slice_of_bytes(&payload)) : error;
    nrs_signed_free(&envelope);
    nrs_record_free(&inner);
    nrs_bytes_wipe(&payload);
    return error;
}

/* The owner is another, and the signature the maker's. signer: the maker says so; else it stands under the owner's key. */
static nrs_error sign_in_name(nrs_bytes *record_out, const nrs_prekey_secret *secret, const sim_node *maker, const sim_node *victim, const nrs_identity *person,
                              uint64_t created_ms, bool signer)
{
    const uint8_t *org = nrs_identity_public(victim->identity)->sign_key;
    const nrs_slice owner = nrs_slice_of(person == NULL ? org : nrs_identity_public(person)->sign_key, NRS_KEY_SIZE);
    nrs_record *record = NULL;
    nrs_signed *envelope = NULL;
    nrs_prekeys *bundle = NULL;
    nrs_bytes made = {0}, payload = {0};
    nrs_error error = nrs_prekeys_sign(&made, secret, 1, maker->identity, org, created_ms);

    error = error == NRS_OK ? nrs_record_decode(&record, nrs_slice_of_bytes(&made)) : error;
    error = error == NRS_OK ? nrs_signed_decode(&envelope, nrs_field(&record->payload)) : error;
    error = error == NRS_OK ? nrs_prekeys_decode(&bundle, nrs_field(&envelope->statement)) : error;
    if (error == NRS_OK) {
        memcpy(bundle->owner.data, owner.data, NRS_KEY_SIZE);
        error = nrs_prekeys_encode(&payload, bundle);
    }
    error = error == NRS_OK ? nrs_signed_record(record_out, NRS_RECORD_PREKEYS, maker->identity, nrs_slice_of_bytes(&payload)) : error;
    if (error == NRS_OK && !signer) {
        error = name_signer(record_out, owner);
    }
    nrs_prekeys_free(&bundle);
    nrs_signed_free(&envelope);
    nrs_record_free(&record);
    nrs_bytes_wipe(&payload);
    nrs_bytes_wipe(&made);
    return error;
}

#define FORGED_BUNDLES 16u

/* Prekeys in the name of others, of their organisations or of their persons, so that what is sealed to them could be opened here. */
static void forge_prekeys(sim_world *world, sim_node *maker, sim_node *carrier, const sim_act *act)
{
    const uint64_t now_ms = sim_node_now_ms(world, maker);
    const bool persons = act->c / 2 % 2 != 0;
    nrs_bytes bundles[FORGED_BUNDLES] = {0};
    nrs_slice records[FORGED_BUNDLES];
    size_t count = 0;

    for (size_t i = 0; i < world->node_count && count < FORGED_BUNDLES; i++) {
        const sim_node *victim = &world->nodes[(act->b + i) % world->node_count];
        const nrs_identity *person = persons ? sim_person_of(victim, (act->a + i) % 3 == 0) : NULL;
        const uint64_t created_ms = now_ms + ((act->a + i) % 4 == 0 ? 2 * NRS_DAY_MS : 0); /* from the future, now and then */
        nrs_prekey_secret secret;

        if (victim->hostile != NULL || !victim->there || (persons && person == NULL) ||
            nrs_prekeys_make(&secret, 1, now_ms - now_ms % NRS_PREKEY_WINDOW_MS) != NRS_OK) {
            continue;
        }
        if (sign_in_name(&bundles[count], &secret, maker, victim, person, created_ms, (act->a / 4 + i) % 3 != 0) == NRS_OK) {
            records[count] = nrs_slice_of_bytes(&bundles[count]);
            count++;
        }
        nrs_prekey_secret_wipe(&secret);
    }
    if (count > 0 && sim_hostile_give_each(world, carrier, act->other, records, count, persons ? SIM_SOMETIMES_FORGED_PREKEYS_PERSON : SIM_SOMETIMES_FORGED_PREKEYS)) {
        sim_trace_line(world, maker, "publishes prekeys in the name of %s, handed over by %s", persons ? "others' persons" : "others", carrier->org);
    }
    for (size_t i = 0; i < count; i++) {
        nrs_bytes_wipe(&bundles[i]);
    }
}

void sim_forge(sim_world *world, sim_node *maker, sim_node *carrier, const sim_act *act)
{
    if (act->type == SIM_ACT_FORGE_RECEIPT) {
        forge_receipt(world, maker, carrier, act);
    } else if (act->type == SIM_ACT_FORGE_PREKEYS) {
        forge_prekeys(world, maker, carrier, act);
    } else if (act->type == SIM_ACT_EQUIVOCATE) {
        equivocate(world, maker, carrier, act);
    } else if (act->type == SIM_ACT_FORGE_ROSTER) {
        sim_forge_roster(world, maker, carrier, act);
    } else if (act->type == SIM_ACT_FORGE_WITHDRAWAL) {
        sim_forge_withdrawal(world, maker, carrier, act);
    } else if (act->type == SIM_ACT_FORGE_NAME) {
        sim_forge_name(world, maker, carrier, act);
    } else {
        forge_report(world, maker, carrier, act);
    }
}

void sim_forge_old_roster(sim_world *world, sim_node *carrier, const sim_act *act)
{
    const sim_rosters *rosters = &world->communities[act->c % world->community_count];
    const sim_roster_version *version = sim_rosters_at(rosters, 1 + act->a % rosters->count);
    nrs_bytes record = {0};

    if (version != NULL && nrs_record_wrap(&record, NRS_RECORD_ROSTER, nrs_slice_of_bytes(&version->many)) == NRS_OK) {
        if (sim_hostile_give_loose(world, carrier, act->other, nrs_slice_of_bytes(&record), SIM_SOMETIMES_OLD_ROSTER)) {
            sim_trace_line(world, carrier, "serves roster %llu of @%s", (unsigned long long)(1 + act->a % rosters->count), rosters->id);
        }
    }
    nrs_bytes_wipe(&record);
}

typedef struct collected { nrs_bytes sealed, table; uint64_t left; } collected;

static nrs_error collect(void *context, const nrs_log_row *row)
{
    collected *set = context;

    if (row->type != NRS_RECORD_SEALED || row->record.size == 0 || row->slots.size == 0) {
        return NRS_OK;
    }
    NRS_ASSERT(nrs_bytes_copy(&set->sealed, row->record) == NRS_OK);
    NRS_ASSERT(nrs_bytes_copy(&set->table, row->slots) == NRS_OK);
    return set->left-- == 0 ? NRS_ERROR_LIMIT : NRS_OK;
}

void sim_forge_reveal(sim_world *world, sim_node *carrier, const sim_act *act)
{
    collected set = {.left = act->a % 8};
    nrs_error error;

    sim_disk_hold(&carrier->disk, true);
    error = nrs_store_log_each(carrier->store, 0, 4096, collect, &set);
    sim_disk_hold(&carrier->disk, false);
    if (error == NRS_OK && set.table.size > 0) {
        const nrs_slice records[2] = {nrs_slice_of_bytes(&set.sealed), nrs_slice_of_bytes(&set.table)};

        (void)sim_hostile_give(world, carrier, act->other, records, 2, SIM_SOMETIMES_REVEALED);
    }
    nrs_bytes_wipe(&set.sealed);
    nrs_bytes_wipe(&set.table);
}
