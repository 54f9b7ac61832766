/* Who was let in beside those that the originator addressed, by whom, and what becomes of their receipts (SPEC 6.10). */
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "audit/audit.h"
#include "prekeys/key_change.h"
#include "report/onward.h"
#include "roster/roster.h"
#include "rules/edges.h"
#include "stream/stream.h"

#define WAYS_MAX 8u      /* noted of one organisation on releases; those of hubs are always */
#define SPEAKERS_MAX 16u

typedef struct found {
    nrs_let_in let_in;
    bool any;
} found;

static nrs_error take_row(void *context, const nrs_let_in_row *row)
{
    found *it = context;

    it->let_in = (nrs_let_in){.authority = row->authority, .at_ms = row->at_ms, .version = row->version, .released_ms = row->released_ms,
                              .conditions = {.permissible_actions = row->actions, .flags = row->flags}};
    memcpy(it->let_in.by, row->by, NRS_KEY_SIZE);
    memcpy(it->let_in.community, row->community, NRS_HASH_SIZE);
    memcpy(it->let_in.grant, row->grant, NRS_HASH_SIZE);
    it->any = true;
    return NRS_OK;
}

nrs_error nrs_let_in_self(nrs_core *core, nrs_let_in *let_in_out, uint64_t report)
{
    found it = {.any = false};
    nrs_error error = nrs_store_let_in_each(core->store, report, "", take_row, &it);

    if (error == NRS_OK && !it.any) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK) {
        *let_in_out = it.let_in;
    }
    return error;
}

/* As for the originator's audience (5.4): who was named by itself goes on reading, a community's members as they were in the version
 * that the grant names, where that roster is held. */
nrs_error nrs_let_in_facts(nrs_core *core, nrs_reader_facts *facts_out, const nrs_let_in *let_in)
{
    const nrs_community *target = nrs_community_by_id(core, let_in->community);
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    nrs_roster_parts parts = {0};
    nrs_reader_facts facts = {.org_named = let_in->version == 0, .community_named = target != NULL && nrs_peer_member(core, self, target)};
    nrs_error error = NRS_OK;

    if (target != NULL && let_in->version != 0 && let_in->version != target->roster->version) {
        error = nrs_roster_at(core, &parts, target->id, let_in->version);
        if (error == NRS_OK) {
            facts.community_named = nrs_roster_named_us(core, parts.roster);
        }
        error = error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
    }
    nrs_roster_parts_wipe(&parts);
    if (error == NRS_OK && let_in->authority == NRS_AUTHORITY_RELEASE) {
        facts.org_named = facts.org_named || facts.community_named;
    }
    if (error == NRS_OK) {
        *facts_out = facts;
    }
    return error;
}

nrs_error nrs_let_in_conditions(nrs_core *core, nrs_conditions *conditions_out, const nrs_report_row *row, const nrs_header *header)
{
    nrs_let_in let_in;
    nrs_error error = nrs_let_in_self(core, &let_in, row->position);

    if (error == NRS_OK || error == NRS_ERROR_NOT_FOUND) {
        *conditions_out = error == NRS_OK && let_in.authority == NRS_AUTHORITY_RELEASE ? let_in.conditions : nrs_header_conditions(header);
        error = NRS_OK;
    }
    return error;
}

typedef struct chain {
    nrs_bytes *release, *grant;
} chain;

static nrs_error take_chain(void *context, const nrs_let_in_row *row)
{
    const chain *it = context;
    nrs_error error = nrs_bytes_copy(it->release, row->release);

    return error == NRS_OK ? nrs_bytes_copy(it->grant, row->grant_signed) : error;
}

nrs_error nrs_let_in_chain(nrs_core *core, nrs_bytes *release_out, nrs_bytes *grant_out, uint64_t report)
{
    chain it = {release_out, grant_out};

    return nrs_store_let_in_each(core->store, report, "", take_chain, &it);
}

void nrs_let_in_address(char *address_out, const nrs_community *home, const nrs_community *target, const char *org)
{
    memset(address_out, 0, NRS_ADDRESS_SIZE_MAX + 1);
    if (home == target) {
        (void)snprintf(address_out, NRS_ADDRESS_SIZE_MAX + 1, "%s", org);
    } else {
        (void)snprintf(address_out, NRS_ADDRESS_SIZE_MAX + 1, "%.32s/%.32s", org, target->roster->id);
    }
}

/* ---- At the originator, and at the hub whose grant the other's stands on ---- */

typedef struct noted {
    const uint8_t *by;
    size_t count;
    bool same; /* by this one before */
} noted;

static nrs_error look_at_noted(void *context, const nrs_let_in_row *row)
{
    noted *it = context;

    it->same = it->same || memcmp(row->by, it->by, NRS_KEY_SIZE) == 0;
    it->count++;
    return NRS_OK;
}

/* A community's address means its members of then, by a roster that who addressed it held. */
static nrs_error was_member(nrs_core *core, bool *member_out, const Nrs__Wire__Target *target, const uint8_t org[NRS_KEY_SIZE])
{
    const nrs_community *community = target->community.len == NRS_HASH_SIZE ? nrs_community_by_id(core, target->community.data) : NULL;
    const bool newest = community != NULL && community->roster->version == target->roster_version;
    nrs_roster_parts parts = {0};
    nrs_error error = community == NULL ? NRS_ERROR_NOT_FOUND : newest ? NRS_OK : nrs_roster_at(core, &parts, community->id, target->roster_version);

    *member_out = error == NRS_OK && nrs_roster_member_by_key(newest ? community->roster : parts.roster, org) != NULL;
    nrs_roster_parts_wipe(&parts);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

typedef struct entrance {
    const uint8_t *org;
    bool stands;
} entrance;

static nrs_error look_at_entrance(void *context, const nrs_let_in_row *row)
{
    entrance *it = context;

    it->stands = it->stands || memcmp(row->org, it->org, NRS_KEY_SIZE) == 0;
    return NRS_OK;
}

/* Whoever stands among the recipients and was let in by nobody was addressed: the report is opened for the others alone, and never under RED, which
 * lets nobody in. */
nrs_error nrs_sent_to(nrs_core *core, bool *addressed_out, const nrs_report_row *row, const uint8_t org[NRS_KEY_SIZE])
{
    nrs_sealed_view *view = NULL;
    nrs_opened opened = {0};
    entrance it = {.org = org};
    bool member = false;
    nrs_error error = nrs_store_let_in_each(core->store, row->position, NULL, look_at_entrance, &it);

    *addressed_out = error == NRS_OK && !it.stands;
    if (error == NRS_OK && it.stands) {
        error = nrs_open_report(core, &view, &opened, row);
    }
    for (size_t i = 0; error == NRS_OK && opened.audience != NULL && i < opened.audience->n_targets; i++) {
        const Nrs__Wire__Target *target = opened.audience->targets[i];

        error = was_member(core, &member, target, org);
        *addressed_out = *addressed_out || member || nrs_slice_equal(nrs_field(&target->org), nrs_slice_of(org, NRS_KEY_SIZE));
    }
    nrs_opened_wipe(&opened);
    nrs_sealed_view_free(&view);
    return error;
}

typedef struct standing {
    const uint8_t *org;
    bool stands;
} standing;

static nrs_error look_at_standing(void *context, const nrs_recipient_row *row)
{
    standing *it = context;

    it->stands = it->stands || memcmp(row->org, it->org, NRS_KEY_SIZE) == 0;
    return NRS_OK;
}

/* Under CLEAR the key is open, and who opens it has it by every way at once. */
nrs_error nrs_let_in_add_recipient(nrs_core *core, const nrs_community *home, nrs_label label, const char *org, const nrs_recipient_row *recipient)
{
    standing it = {.org = recipient->org};
    nrs_error error = NRS_OK;

    for (size_t i = 0; label == NRS_LABEL_CLEAR && i < core->community_count && error == NRS_OK && !it.stands; i++) {
        char address[NRS_ADDRESS_SIZE_MAX + 1];

        nrs_let_in_address(address, home, &core->communities[i], org);
        error = nrs_store_recipient_at(core->store, recipient->report, address, look_at_standing, &it);
    }
    return error != NRS_OK ? error : it.stands ? NRS_ERROR_EXISTS : nrs_store_recipient_add(core->store, recipient);
}

/* ---- Whom this node lets in ---- */

bool nrs_let_in_meant(const nrs_core *core, const nrs_peer *only, const Nrs__Wire__Member *member)
{
    return only == NULL || nrs_key_follows(core, only->keys.sign_key, member->sign_key.data);
}

static bool usable(const nrs_core *core, const uint8_t key[NRS_KEY_SIZE])
{
    uint8_t shared[NRS_KEY_SIZE];
    nrs_error error = nrs_identity_agree(shared, core->identity, key);

    sodium_memzero(shared, sizeof shared);
    return error == NRS_OK;
}

bool nrs_let_in_reachable(const nrs_core *core, nrs_recipient *recipient_out, const nrs_peer *peer, const nrs_community *target)
{
    return nrs_peer_joined(core, peer, target) && nrs_recipient_of(core, recipient_out, peer, NULL) == NRS_OK && usable(core, recipient_out->agree_key) &&
           usable(core, recipient_out->prekey);
}

nrs_error nrs_let_in_put(nrs_core *core, const nrs_let_in_row *row, const nrs_community *home, const nrs_community *target, nrs_label label, const nrs_peer *peer,
                         const nrs_peer *only)
{
    static const uint8_t none[NRS_HASH_SIZE];
    const bool granted = memcmp(row->grant, none, sizeof none) != 0;
    char address[NRS_ADDRESS_SIZE_MAX + 1];
    nrs_let_in_row one = *row;
    const nrs_recipient_row recipient = {.report = row->report, .address = address, .org = peer->keys.sign_key, .granted = granted};
    nrs_error error;

    nrs_let_in_address(address, home, target, peer->org);
    one.address = address;
    if (only != NULL) { /* as it stands there: the key before, perhaps. It waited until now; who is granted anew was let in before */
        error = nrs_store_let_in_granted(core->store, &one);
        return error == NRS_OK ? nrs_store_recipient_granted(core->store, row->report, only->keys.sign_key) : error;
    }
    one.org = peer->keys.sign_key;
    error = nrs_store_let_in_add(core->store, &one);
    if (error == NRS_OK) {
        error = nrs_let_in_add_recipient(core, home, label, peer->org, &recipient);
    }
    if (error == NRS_ERROR_EXISTS) { /* it waited before, on a release perhaps */
        error = granted ? nrs_store_recipient_granted(core->store, row->report, peer->keys.sign_key) : NRS_OK;
    }
    return error;
}

/* ---- Whom others say that they have let in ---- */

/* Whoever says that it has let somebody in is noted beside the others, and in nobody's place: whom it speaks for is decided by that. */
static nrs_error note_one(nrs_core *core, const nrs_let_in_row *row, const nrs_community *home, nrs_label label, const char *org)
{
    const nrs_recipient_row recipient = {.report = row->report, .address = row->address, .org = row->org, .granted = true};
    noted before = {.by = row->by};
    nrs_error error = nrs_store_let_in_each(core->store, row->report, row->address, look_at_noted, &before);

    if (error == NRS_OK && !before.same && (before.count < WAYS_MAX || row->authority == NRS_AUTHORITY_CONSENT)) {
        error = nrs_store_let_in_add(core->store, row);
        if (error == NRS_OK) {
            error = nrs_let_in_add_recipient(core, home, label, org, &recipient);
            error = error == NRS_ERROR_EXISTS ? NRS_OK : error; /* it was addressed as well */
        }
    }
    return error;
}

static nrs_error audit_note(nrs_core *core, const nrs_sealed_view *view, const nrs_grant *grant, const nrs_community *target, size_t count)
{
    const nrs_peer *by = nrs_peer_by_sign(core, grant->grantor.data);
    char detail[NRS_AUDIT_DETAIL_SIZE_MAX + 1];
    const nrs_audit_what what = {.event = NRS_AUDIT_EXTEND, .org = by == NULL ? NULL : by->org, .about = nrs_slice_of(view->id, NRS_HASH_SIZE), .detail = detail};

    (void)snprintf(detail, sizeof detail, "%s @%s %zu", nrs_label_name((nrs_label)view->header->label), target->roster->id, count);
    return nrs_audit_add(core, &what);
}

/* Whom a grant without slots is for: under CLEAR it says only of which community, and who was addressed has the report already. */
static nrs_error let_in_openly(nrs_core *core, const nrs_peer **peer_out, const nrs_sealed_view *view, const nrs_grant *grant, const nrs_grant_terms *terms,
                               const uint8_t key[NRS_KEY_SIZE])
{
    const nrs_peer *peer = nrs_peer_by_sign(core, key);
    bool granted = false;
    nrs_error error = NRS_OK;

    if (peer == NULL || nrs_terms_cover(core, view->header, terms, key) != NRS_OK || memcmp(key, grant->grantor.data, NRS_KEY_SIZE) == 0 ||
        nrs_key_follows(core, view->header->originator.data, key)) {
        *peer_out = NULL;
        return NRS_OK;
    }
    error = nrs_granted_to(core, &granted, view->id, peer, NRS_SLOT_CONSENTED);
    if (error == NRS_OK) {
        *peer_out = granted ? NULL : peer;
    }
    return error;
}

nrs_error nrs_let_in_note(nrs_core *core, const nrs_sealed_view *view, const nrs_grant *grant, const uint8_t grant_id[NRS_HASH_SIZE],
                          const nrs_grant_terms *terms, const nrs_slot_table *table)
{
    const nrs_community *home = nrs_community_by_id(core, view->header->community.data);
    const size_t count = terms->target == NULL ? 0 : table == NULL ? terms->target->roster->n_members : table->n_slots;
    const bool ours = nrs_key_ours(core, view->header->originator.data) || nrs_key_ours(core, terms->parents[0].grantor);
    nrs_report_row report;
    nrs_bytes holder = {0};
    size_t passed_over = 0;
    nrs_error error;

    if (terms->depth == 0 || !ours || home == NULL || terms->target == NULL) { /* of a community that is not held nobody has a name here */
        return NRS_OK;
    }
    error = nrs_store_report_get(core->store, &report, &holder, view->id);
    for (size_t i = 0; i < count && error == NRS_OK; i++) {
        char address[NRS_ADDRESS_SIZE_MAX + 1];
        nrs_slot *slot = NULL;
        const nrs_peer *peer = NULL;

        if (table == NULL) {
            error = let_in_openly(core, &peer, view, grant, terms, terms->target->roster->members[i]->sign_key.data);
            passed_over += error == NRS_OK && peer == NULL ? 1 : 0;
        } else {
            error = nrs_slot_decode(&slot, nrs_field(&table->slots[i]));
            peer = error == NRS_OK ? nrs_peer_by_hash(core, slot->org.data) : NULL;
        }
        if (error == NRS_OK && peer != NULL) { /* one whom no roster held here names is counted below, without a name */
            const nrs_let_in_row row = {.report = report.position, .address = address, .authority = grant->authority, .at_ms = grant->created_ms,
                                        .version = terms->target->roster->version, .org = peer->keys.sign_key, .by = grant->grantor.data,
                                        .community = terms->target->id, .grant = grant_id, .released_ms = terms->released_ms, .until_ms = terms->until_ms};
            nrs_let_in_address(address, home, terms->target, peer->org);
            error = note_one(core, &row, home, (nrs_label)view->header->label, peer->org);
        }
        nrs_slot_free(&slot);
    }
    if (error == NRS_OK) {
        error = audit_note(core, view, grant, terms->target, count - passed_over);
    }
    nrs_bytes_wipe(&holder);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

/* ---- Receipts ---- */

nrs_error nrs_statement_to_source(nrs_core *core, const uint8_t originator[NRS_KEY_SIZE], const uint8_t community[NRS_HASH_SIZE],
                                  const uint8_t sealed_id[NRS_HASH_SIZE], const nrs_statement *statement)
{
    const nrs_community *home = nrs_community_by_id(core, community);
    nrs_report_row row;
    nrs_bytes holder = {0};
    nrs_let_in let_in;
    nrs_error error;

    if (home == NULL || home->member) {
        return nrs_statement_queue(core, originator, community, statement);
    }
    error = nrs_store_report_get(core->store, &row, &holder, sealed_id);
    if (error == NRS_OK) {
        error = nrs_let_in_self(core, &let_in, row.position);
    }
    if (error == NRS_OK) {
        error = nrs_statement_queue(core, let_in.by, let_in.community, statement);
    }
    nrs_bytes_wipe(&holder);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error; /* nobody to tell */
}

nrs_error nrs_receipt_pass_on(nrs_core *core, const nrs_report_row *row, const uint8_t whose[NRS_KEY_SIZE], const nrs_statement *statement)
{
    nrs_statement passed = *statement;

    passed.type = NRS_STATEMENT_PASSED_ON;
    passed.reference = nrs_field_of(nrs_slice_of(whose, NRS_KEY_SIZE));
    return nrs_statement_to_source(core, row->originator, row->community, row->id, &passed);
}

typedef struct speaker {
    const nrs_core *core;
    const uint8_t *from, *whose;
    uint8_t by[SPEAKERS_MAX][NRS_KEY_SIZE]; /* who let `whose` in */
    size_t count;
    bool speaks;
} speaker;

static nrs_error find_grantor(void *context, const nrs_let_in_row *row)
{
    speaker *it = context;

    if (memcmp(row->org, it->whose, NRS_KEY_SIZE) == 0) {
        it->speaks = it->speaks || nrs_key_follows(it->core, row->by, it->from);
        if (it->count < SPEAKERS_MAX) {
            memcpy(it->by[it->count], row->by, NRS_KEY_SIZE);
            it->count++;
        }
    }
    return NRS_OK;
}

static nrs_error find_chain(void *context, const nrs_let_in_row *row)
{
    speaker *it = context;

    for (size_t i = 0; i < it->count && !it->speaks; i++) {
        it->speaks = memcmp(row->org, it->by[i], NRS_KEY_SIZE) == 0 && memcmp(row->by, it->from, NRS_KEY_SIZE) == 0;
    }
    return NRS_OK;
}

nrs_error nrs_let_in_speaks(nrs_core *core, bool *speaks_out, uint64_t report, const uint8_t from[NRS_KEY_SIZE], const uint8_t whose[NRS_KEY_SIZE])
{
    speaker it = {.core = core, .from = from, .whose = whose};
    nrs_error error = nrs_store_let_in_each(core->store, report, NULL, find_grantor, &it);

    if (error == NRS_OK && !it.speaks && it.count > 0) {
        error = nrs_store_let_in_each(core->store, report, NULL, find_chain, &it);
    }
    if (error == NRS_OK) {
        *speaks_out = it.speaks;
    }
    return error;
}

/* ---- Who waits ---- */

static nrs_error look_at_granted(void *context, const nrs_recipient_row *row)
{
    bool *granted = context;

    *granted = *granted || row->granted;
    return NRS_OK;
}

nrs_error nrs_let_in_granted(nrs_core *core, bool *granted_out, uint64_t report, const char *address)
{
    *granted_out = false;
    return nrs_store_recipient_at(core->store, report, address, look_at_granted, granted_out);
}

/* ---- What the originator says to all ---- */

typedef struct telling {
    nrs_core *core;
    const nrs_statement *statement;
} telling;

/* Who still waits, for a duty perhaps, has not heard of the report, and does not now. */
static nrs_error tell_one(void *context, const nrs_let_in_row *row)
{
    const telling *it = context;
    const bool told = row->address[0] != '\0' && nrs_key_ours(it->core, row->by);
    bool granted = false;
    nrs_error error = told ? nrs_let_in_granted(it->core, &granted, row->report, row->address) : NRS_OK;

    return error == NRS_OK && granted ? nrs_statement_queue(it->core, row->org, row->community, it->statement) : error;
}

nrs_error nrs_let_in_tell(nrs_core *core, const uint8_t sealed_id[NRS_HASH_SIZE], const nrs_statement *statement)
{
    telling it = {core, statement};
    nrs_report_row row;
    nrs_bytes holder = {0};
    nrs_error error = nrs_store_report_get(core->store, &row, &holder, sealed_id);

    if (error == NRS_OK) {
        error = nrs_store_let_in_each(core->store, row.position, NULL, tell_one, &it);
    }
    nrs_bytes_wipe(&holder);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

nrs_error nrs_let_in_by(nrs_core *core, const uint8_t sealed_id[NRS_HASH_SIZE], const uint8_t by[NRS_KEY_SIZE])
{
    nrs_report_row row;
    nrs_bytes holder = {0};
    nrs_let_in let_in = {.authority = 0};
    nrs_error error = nrs_store_report_get(core->store, &row, &holder, sealed_id);

    if (error == NRS_OK) {
        error = nrs_let_in_self(core, &let_in, row.position);
    }
    nrs_bytes_wipe(&holder);
    if (error == NRS_OK) {
        return nrs_key_follows(core, let_in.by, by) ? NRS_OK : NRS_ERROR_NOT_MEMBER;
    }
    return error == NRS_ERROR_NOT_FOUND ? NRS_ERROR_NOT_MEMBER : error;
}
