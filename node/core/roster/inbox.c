/* Files left in the inbox folder by the command line: rosters signed here, invites accepted by a person, cards, persons'
 * prekeys (SPEC 7.6). The folder is the owner's alone; each file is verified all the same. */
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "command/command.h"
#include "prekeys/key_change.h"
#include "proto/armour.h"
#include "keys/roster_draft.h"
#include "link/receive.h"
#include "roster/inbox.h"
#include "roster/roster.h"

static nrs_error take_fork(nrs_core *core, nrs_slice proof)
{
    return nrs_fork_take_proof(core, proof, NULL);
}

static nrs_error take_roster(nrs_core *core, nrs_slice many_bytes)
{
    nrs_roster *roster = NULL;
    nrs_bytes statement = {0};
    nrs_signed_by_many *many = NULL;
    nrs_community *community = NULL;
    uint8_t id[NRS_HASH_SIZE];
    nrs_error error = nrs_signed_by_many_decode(&many, many_bytes);

    if (error == NRS_OK) {
        error = nrs_roster_decode(&roster, nrs_field(&many->statement));
    }
    if (error != NRS_OK) {
        goto out;
    }
    nrs_roster_community(id, roster, nrs_field(&many->statement));
    community = nrs_community_by_id(core, id);
    if (community != NULL && !community->guest) {
        error = roster->version <= community->roster->version ? nrs_inbox_take_rival(core, community, many_bytes)
                : nrs_fork_is(community)                      ? nrs_fork_heal(core, community, many_bytes)
                                                              : nrs_take_later_roster(core, community, many_bytes, nrs_inbox_source());
        goto out;
    }
    if (community != NULL && roster->version < community->roster->version) {
        error = NRS_ERROR_ROSTER_OLD; /* a guest joins by an invite, and goes back to nothing earlier */
        goto out;
    }
    if (nrs_community_by_name(core, roster->id) != NULL) {
        error = NRS_ERROR_EXISTS;
        goto out;
    }
    nrs_roster_free(&roster);
    error = nrs_roster_verify(&roster, &statement, many_bytes, NULL, nrs_slice_of(NULL, 0));
    if (error == NRS_OK) {
        error = nrs_inbox_check_self(core, roster);
    }
    if (error == NRS_OK) {
        error = nrs_directory_adopt(core, id, many_bytes, nrs_inbox_source());
    }
out:
    nrs_bytes_wipe(&statement);
    nrs_roster_free(&roster);
    nrs_signed_by_many_free(&many);
    return error;
}

static nrs_error take_card(nrs_core *core, nrs_slice payload)
{
    nrs_card *card = NULL;
    nrs_bytes record = {0}, own = {0};
    bool mine = false;
    nrs_error error = nrs_card_verify(&card, payload);

    if (error == NRS_OK) {
        mine = memcmp(card->sign_key.data, core->self.sign_key, NRS_KEY_SIZE) == 0;
        error = nrs_record_wrap(&record, NRS_RECORD_CARD, payload);
    }
    if (error == NRS_OK && mine) {
        error = nrs_bytes_copy(&own, payload);
    }
    if (error == NRS_OK) {
        error = nrs_directory_take_card(core, nrs_slice_of_bytes(&record), payload, nrs_inbox_source());
    }
    if (error == NRS_OK && mine) {
        nrs_bytes swap = core->own_card;
        core->own_card = own;
        own = swap;
    }
    nrs_bytes_wipe(&own);
    nrs_bytes_wipe(&record);
    nrs_card_free(&card);
    return error;
}

/* Which rule keeps a card out: the roster decides whose cards count, also by a person's hand (SPEC 7.6). Who stands on a side of a fork
 * is still named. */
static nrs_error check_named(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE])
{
    const nrs_peer *peer = nrs_peer_by_sign(core, sign_key);

    if (memcmp(sign_key, core->self.sign_key, NRS_KEY_SIZE) == 0 || (peer != NULL && ((peer->member_of | peer->guest_of | peer->side_of) != 0))) {
        return NRS_OK;
    }
    for (size_t i = 0; i < core->community_count; i++) {
        const Nrs__Wire__Tombstone *tombstone = nrs_roster_tombstone(core->communities[i].roster, sign_key);

        if (tombstone != NULL && tombstone->cause == NRS_TOMBSTONE_REVOKED) {
            return NRS_ERROR_REVOKED;
        }
    }
    return nrs_key_revoked(core, sign_key) ? NRS_ERROR_REVOKED : NRS_ERROR_NOT_MEMBER;
}

nrs_error nrs_inbox_take_cards(nrs_core *core, const nrs_roster *roster, const ProtobufCBinaryData *cards, size_t card_count)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < card_count; i++) {
        nrs_card *card = NULL;
        bool named = false;

        error = nrs_card_verify(&card, nrs_field(&cards[i]));
        if (error == NRS_OK) {
            named = nrs_roster_member_by_key(roster, card->sign_key.data) != NULL;
            error = take_card(core, nrs_field(&cards[i]));
        }
        error = error == NRS_ERROR_NOT_MEMBER && named ? NRS_OK : error;
        nrs_card_free(&card);
    }
    return error;
}

static nrs_error take_card_file(nrs_core *core, nrs_slice payload)
{
    nrs_card *card = NULL;
    nrs_error error = nrs_card_verify(&card, payload);

    if (error == NRS_OK) {
        error = check_named(core, card->sign_key.data);
    }
    nrs_card_free(&card);
    return error == NRS_OK ? take_card(core, payload) : error;
}

/* A draft that has its signatures. */
static nrs_error take_draft(nrs_core *core, nrs_slice bytes)
{
    nrs_proposal proposal = {0};
    nrs_bytes many = {0};
    nrs_error error = nrs_proposal_read(&proposal, bytes);

    if (error == NRS_OK) {
        error = nrs_proposal_finish(&many, &proposal);
    }
    if (error == NRS_OK) {
        error = take_roster(core, nrs_slice_of_bytes(&many));
    }
    if (error == NRS_OK) {
        error = nrs_inbox_take_cards(core, proposal.next, proposal.draft->cards, proposal.draft->n_cards);
    }
    nrs_bytes_wipe(&many);
    nrs_proposal_wipe(&proposal);
    return error;
}

static nrs_error take_key_change(nrs_core *core, nrs_slice payload)
{
    nrs_bytes record = {0};
    nrs_error error = nrs_record_wrap(&record, NRS_RECORD_KEY_CHANGE, payload);

    if (error == NRS_OK) {
        error = nrs_key_change_take(core, nrs_slice_of_bytes(&record), payload, nrs_inbox_source());
    }
    nrs_bytes_wipe(&record);
    return error;
}

static nrs_error take_json(nrs_core *core, nrs_slice bytes)
{
    json_error_t where;
    json_t *request = json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, &where);
    nrs_error error = request == NULL ? NRS_ERROR_MALFORMED : nrs_prekey_keeper_add_person(core, request);

    json_decref(request);
    return error;
}

/* By the armour's first line; what has none is a request in JSON. Out: event: what the audit log calls it, 0 when it is nothing
 * that this node knows. */
static nrs_error take_file(nrs_core *core, uint32_t *event, nrs_slice file)
{
    static const struct {
        const char *type;
        nrs_error (*take)(nrs_core *core, nrs_slice bytes);
        uint32_t event;
    } types[] = {{"ROSTER", take_roster, NRS_AUDIT_ROSTER}, {"CARD", take_card_file, NRS_AUDIT_CARD}, {"INVITE", nrs_inbox_take_invite, NRS_AUDIT_JOIN},
                 {"DRAFT", take_draft, NRS_AUDIT_ROSTER}, {"FORK", take_fork, NRS_AUDIT_ALARM},
                 {"REVOCATION", take_key_change, NRS_AUDIT_KEY}, {"SUCCESSION", take_key_change, NRS_AUDIT_KEY}};
    nrs_bytes bytes = {0};
    nrs_error error = NRS_ERROR_MALFORMED;

    if (file.size > NRS_CEREMONY_FILE_SIZE_MAX) {
        return NRS_ERROR_TOO_LARGE;
    }
    if (file.size > 0 && file.data[0] == '{') {
        *event = NRS_AUDIT_PREKEYS;
        return take_json(core, file);
    }
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        nrs_error decoded = nrs_armour_decode(&bytes, types[i].type, file);
        if (decoded == NRS_OK) {
            *event = types[i].event;
            error = types[i].take(core, nrs_slice_of_bytes(&bytes));
            break;
        }
        if (decoded != NRS_OK && !nrs_error_is_verdict(decoded)) { /* the machine's fault, not the file's: it is tried again */
            error = decoded;
            break;
        }
    }
    nrs_bytes_wipe(&bytes);
    return error;
}

/* A roster that was taken up has said so itself. */
static nrs_error audit_file(nrs_core *core, uint32_t event, nrs_error taken)
{
    const nrs_audit_what what = {.event = event, .rule = taken, .person = core->person};

    return event == 0 || (event == NRS_AUDIT_ROSTER && taken == NRS_OK) ? NRS_OK : nrs_audit_add(core, &what);
}

/* Who acted stands between the last @ of the file's name and its ending. What is no person of this node names nobody. */
static const char *person_named(nrs_core *core, char id_out[NRS_NAME_SIZE_MAX + 1], const char *file)
{
    const char *at = strrchr(file, '@');
    const size_t size = at == NULL ? 0 : strcspn(at + 1, ".");

    if (size == 0 || size > NRS_NAME_SIZE_MAX) {
        return NULL;
    }
    memcpy(id_out, at + 1, size);
    id_out[size] = '\0';
    return nrs_own_person(core, id_out) == NULL ? NULL : id_out;
}

/* Of what is refused nothing stays, but what it proved of a fork (SPEC 7.6, 7.12). Out: event: as of take_file. */
static nrs_error take_whole_or_nothing(nrs_core *core, uint32_t *event, nrs_slice file)
{
    const uint64_t written = nrs_store_changes(core->store);
    nrs_bytes own = {0};
    nrs_error taken = nrs_bytes_copy(&own, nrs_slice_of_bytes(&core->own_card));

    if (taken == NRS_OK) {
        taken = take_file(core, event, file);
    }
    if (nrs_error_is_verdict(taken) && taken != NRS_ERROR_FORKED && nrs_store_changes(core->store) != written) {
        nrs_bytes swap = core->own_card; /* memory's alone: it is not read again */

        core->own_card = own;
        own = swap;
        core->refused = (nrs_refused_file){.file = NRS_FILE_UNDONE, .rule = taken, .event = *event};
        taken = NRS_ERROR_BUSY;
    }
    nrs_bytes_wipe(&own);
    return taken;
}

nrs_error nrs_inbox_take(nrs_core *core, const nrs_event *event)
{
    nrs_effect *effect;
    const bool refused = core->refused.file == NRS_FILE_REFUSED;
    uint32_t audited_as = refused ? core->refused.event : 0;
    char person[NRS_NAME_SIZE_MAX + 1];
    nrs_error taken, error;

    core->person = person_named(core, person, event->name);
    taken = refused ? core->refused.rule : take_whole_or_nothing(core, &audited_as, event->bytes);
    if (taken != NRS_OK && !nrs_error_is_verdict(taken)) { /* the file lies where it is, and is tried again */
        core->person = NULL;
        return taken;
    }
    nrs_core_log(core, taken, "inbox: %.64s %s", event->name, taken == NRS_OK ? "taken up" : nrs_error_rule(taken));
    error = audit_file(core, audited_as, taken);
    core->person = NULL;
    if (error == NRS_OK) {
        error = nrs_effect_add(core, &effect, NRS_EFFECT_INBOX_DONE);
    }
    if (error == NRS_OK) {
        effect->error = taken;
        effect->text = strdup(event->name);
    }
    return error;
}
