/* At the source: a report whose source is withheld is sealed to the hub that is to vouch for it, and to nobody else (SPEC 6.11). */
#include <string.h>

#include "withheld/withheld.h"
#include "prekeys/key_change.h"
#include "report/withdrawal.h"

static const char hint_hub[] = "The command noroshi community show lists the hubs of a community.";
static const char hint_another[] = "Name another hub with --via: it then learns who the source of that report is.";
static const char hint_self[] = "The node that withholds a source needs another hub than itself to vouch for it.";
static const char hint_name[] = "Leave --name-source out: the hub that vouches names no source.";
static const char hint_unlock[] = "Leave --unlock-on-accept out: the hub must read the report before it vouches.";
static const char hint_only[] = "Address it to those who are to read it: @community or organisations. The hub receives it in any case.";
static const char hint_follow[] = "What a source withheld is published with noroshi vouch, under an ID of its own.";

/* All who have it read to whom it is addressed. */
nrs_error nrs_withhold_warn(nrs_row *row, const nrs_address *addresses, size_t count)
{
    static const char words[] = "Who has it reads who else is named: the source is looked for among those not named or, where it names itself, among the others named. Address the community where the label allows it.";

    for (size_t i = 0; i < count; i++) {
        if (addresses[i].type == NRS_ADDRESS_COMMUNITY) {
            return NRS_OK;
        }
    }
    return nrs_array_text(json_object_get(row->object, "warnings"), words);
}

static nrs_error check(nrs_answer *answer, const nrs_draft *draft, const nrs_community *community)
{
    const nrs_verdict verdict = nrs_policy_withhold(draft->label, (community->roster->rules->flags & NRS_RULE_WITHHELD) != 0);

    if (verdict.error == NRS_ERROR_COMMUNITY_RULE) {
        return nrs_refuse(answer, verdict.error, verdict.allowed, "The rules of @%s do not allow withheld sources.", community->roster->id);
    }
    if (verdict.error != NRS_OK) {
        return nrs_refuse(answer, verdict.error, verdict.allowed, "TLP:%s: its source cannot be withheld.", nrs_label_name(draft->label));
    }
    if ((draft->conditions.flags & NRS_CONDITION_NAME_SOURCE) != 0) {
        return nrs_refuse(answer, NRS_ERROR_CONDITIONS, hint_name, "The source is to be withheld and may be named: both cannot be.");
    }
    if (draft->unlock_on_accept) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, hint_unlock, "A withheld report cannot wait for an acceptance before it is granted.");
    }
    return NRS_OK;
}

static bool usable(const nrs_core *core, const nrs_peer *peer, const nrs_community *community)
{
    return peer != NULL && !nrs_key_ours_or_next(core, peer->keys.sign_key) && nrs_peer_hub(core, peer, community);
}

static void add_hub(nrs_address *hubs, size_t *count, const Nrs__Wire__Member *member)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(hubs[i].name, member->org) == 0) {
            return;
        }
    }
    hubs[*count] = (nrs_address){.type = NRS_ADDRESS_ORG};
    memcpy(hubs[*count].name, member->org, strlen(member->org) + 1);
    (*count)++;
}

static nrs_error take_named(nrs_core *core, nrs_answer *answer, nrs_address *hubs, size_t *count, const nrs_draft *draft, const nrs_community *community)
{
    for (size_t i = 0; i < draft->via_count; i++) {
        const Nrs__Wire__Member *member = nrs_roster_member_by_org(community->roster, draft->via[i]);

        if (member == NULL || !usable(core, nrs_peer_by_sign(core, member->sign_key.data), community)) {
            return nrs_refuse(answer, NRS_ERROR_NOT_HUB, hint_hub, "%.64s: no other hub of @%s.", draft->via[i], community->roster->id);
        }
        add_hub(hubs, count, member);
    }
    return NRS_OK;
}

/* Those to whom a report of this node's went. */
typedef struct given_to {
    nrs_core *core;
    const nrs_community *community;
    const nrs_peer *peer; /* whether it was among them; or NULL: which of them are hubs of the community */
    nrs_address *hubs;
    size_t count;
    bool found;
} given_to;

static nrs_error look_at_recipient(void *context, const nrs_recipient_row *row)
{
    given_to *all = context;
    const nrs_roster *roster = all->community->roster;

    all->found = all->found || (all->peer != NULL && nrs_key_same_org(all->core, row->org, all->peer->keys.sign_key));
    for (size_t i = 0; i < roster->n_members && all->peer == NULL && all->count < NRS_VIA_COUNT_MAX; i++) {
        const nrs_peer *peer = nrs_peer_by_sign(all->core, roster->members[i]->sign_key.data);

        if (usable(all->core, peer, all->community) && nrs_key_same_org(all->core, row->org, peer->keys.sign_key)) {
            add_hub(all->hubs, &all->count, roster->members[i]);
        }
    }
    return NRS_OK;
}

static nrs_error look_at_recipients(given_to *all, const uint8_t id[NRS_HASH_SIZE])
{
    nrs_report_row row;
    nrs_bytes holder = {0};
    nrs_error error = nrs_store_report_get(all->core->store, &row, &holder, id);

    if (error == NRS_OK) {
        error = nrs_store_recipient_each(all->core->store, row.position, look_at_recipient, all);
    }
    nrs_bytes_wipe(&holder);
    return error;
}

/* Who has the one knows its source already; whoever else is told learns it. Linked or not: it waits for them. */
static nrs_error take_those_before(nrs_core *core, nrs_answer *answer, nrs_address *hubs, size_t *count, const nrs_draft *draft, const nrs_community *community)
{
    given_to all = {.core = core, .community = community, .hubs = hubs};
    nrs_error error = look_at_recipients(&all, draft->goes_on[0]);

    *count = all.count;
    if (error == NRS_OK && all.count == 0) {
        return nrs_refuse(answer, NRS_ERROR_NOT_HUB, hint_another, "No hub that has the report which it follows or answers is another hub of @%s now.",
                          community->roster->id);
    }
    return error;
}

static nrs_error take_any(nrs_core *core, nrs_answer *answer, nrs_address *hubs, size_t *count, const nrs_community *community)
{
    const nrs_roster *roster = community->roster;
    const nrs_peer *chosen = NULL;

    for (size_t i = 0; i < roster->n_members; i++) {
        const nrs_peer *peer = nrs_peer_by_sign(core, roster->members[i]->sign_key.data);

        if (usable(core, peer, community) && (chosen == NULL || (chosen->link == NULL && peer->link != NULL))) {
            chosen = peer;
            *count = 0;
            add_hub(hubs, count, roster->members[i]);
        }
    }
    return *count > 0 ? NRS_OK : nrs_refuse(answer, NRS_ERROR_AUDIENCE, hint_self, "@%s has no hub to vouch for it.", roster->id);
}

/* The hubs that were named; else those that have what it follows or answers; else the first one that is linked now, or the first of all. One
 * hub that knows is enough. */
static nrs_error choose(nrs_core *core, nrs_answer *answer, nrs_address *hubs, size_t *count, const nrs_draft *draft, const nrs_community *community)
{
    if (draft->via_count > 0) {
        return take_named(core, answer, hubs, count, draft, community);
    }
    return draft->goes_on_count > 0 ? take_those_before(core, answer, hubs, count, draft, community) : take_any(core, answer, hubs, count, community);
}

nrs_error nrs_withhold_warn_hubs(nrs_core *core, nrs_row *row, const nrs_draft *draft, const nrs_delivery *hubs)
{
    static const char words[] = "A hub that does not have what it follows or answers learns who the source of that is.";
    bool all_know = true;
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < hubs->count; i++) {
        for (size_t k = 0; k < draft->goes_on_count && error == NRS_OK; k++) {
            given_to all = {.core = core, .community = hubs->community, .peer = hubs->list[i].peer};

            error = look_at_recipients(&all, draft->goes_on[k]);
            all_know = all_know && all.found;
        }
    }
    return error != NRS_OK || all_know ? error : nrs_array_text(json_object_get(row->object, "warnings"), words);
}

static bool hub_alone(const nrs_delivery *audience, const nrs_delivery *hubs)
{
    for (size_t i = 0; i < audience->count; i++) {
        bool among = false;

        for (size_t j = 0; j < hubs->count; j++) {
            among = among || audience->list[i].peer == hubs->list[j].peer;
        }
        if (!among) {
            return false;
        }
    }
    return true;
}

nrs_error nrs_withhold_plan(nrs_core *core, nrs_answer *answer, nrs_delivery *hubs_out, const nrs_draft *draft, const nrs_delivery *audience,
                            const nrs_inherited *inherited, size_t inherited_count)
{
    nrs_address hubs[NRS_VIA_COUNT_MAX] = {0};
    nrs_delivery_request request = {
        .label = draft->label,
        .kind = draft->kind,
        .addresses = hubs,
        .disclaimers = draft->disclaimers,
        .disclaimer_count = draft->disclaimer_count,
        .inherited = inherited,
        .inherited_count = inherited_count,
        .stale_roster = draft->stale_roster,
        .withheld = true,
        .onward = draft->onward,
        .preferred = audience->community,
    };
    nrs_error error = check(answer, draft, audience->community);

    if (error == NRS_OK) {
        error = choose(core, answer, hubs, &request.address_count, draft, audience->community);
    }
    if (error == NRS_OK) {
        error = nrs_delivery_plan(core, answer, hubs_out, &request);
    }
    if (error == NRS_OK && hub_alone(audience, hubs_out)) {
        error = nrs_refuse(answer, NRS_ERROR_AUDIENCE, hint_only, "It is addressed to nobody but the hub that is to vouch for it.");
    }
    return error;
}

/* ---- What follows it ---- */

/* How often it was vouched for so far, and whether as this id. */
static nrs_error vouched_so_far(nrs_core *core, size_t *count_out, bool *there_out, const nrs_report_row *row, const char *id)
{
    json_t *notes = NULL;
    const json_t *note;
    size_t index;
    nrs_error error = nrs_withheld_notes(core, &notes, row);

    *count_out = 0;
    *there_out = false;
    json_array_foreach(notes, index, note) {
        const char *what = json_string_value(json_object_get(note, "note"));
        const char *as = json_string_value(json_object_get(note, "id"));

        if (what != NULL && as != NULL && strcmp(what, "vouched") == 0) {
            (*count_out)++;
            *there_out = *there_out || strcmp(as, id) == 0;
        }
    }
    json_decref(notes);
    return error;
}

static nrs_error keep_id(void *context, const uint8_t *id)
{
    nrs_draft *draft = context;

    draft->withhold_source = true;
    if (draft->goes_on_count < sizeof draft->goes_on / sizeof draft->goes_on[0]) {
        memcpy(draft->goes_on[draft->goes_on_count++], id, NRS_HASH_SIZE);
    }
    return NRS_OK;
}

/* The store tells it also of what was forgotten, or withdrawn: what was published of it is read by others all the same. A hub may have named
 * any id as one that it has published: what no hub vouches for is none, and what is sent after it does not go to that hub instead. */
nrs_error nrs_withhold_follows(nrs_core *core, nrs_draft *draft, const uint8_t id[NRS_HASH_SIZE])
{
    uint8_t tag[NRS_HASH_SIZE];
    nrs_report_row row;
    nrs_bytes holder = {0};
    nrs_error error = nrs_store_report_get(core->store, &row, &holder, id);
    const bool published = error == NRS_OK && (row.flags & NRS_REPORT_VOUCHED) != 0 && row.part != NRS_PART_SENT;

    nrs_bytes_wipe(&holder);
    if (error == NRS_OK && published) {
        error = nrs_follows_tag(core, tag, NRS_DOMAIN_PUBLISHED, id);
        error = error == NRS_OK ? nrs_store_tagged_each(core->store, tag, 1, keep_id, draft) : error;
    }
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

nrs_error nrs_withhold_inherit(nrs_core *core, nrs_answer *answer, nrs_draft *draft, const uint8_t id[NRS_HASH_SIZE])
{
    nrs_report_row row;
    nrs_bytes holder = {0};
    nrs_error error = nrs_store_report_get(core->store, &row, &holder, id);

    if (error == NRS_OK && (row.flags & NRS_REPORT_WITHHELD) != 0) {
        error = row.part == NRS_PART_SENT
                    ? keep_id(draft, id)
                    : nrs_refuse(answer, NRS_ERROR_SOURCE_WITHHELD, hint_follow, "Its ID would tell others of a report that its source withheld.");
    }
    nrs_bytes_wipe(&holder);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

/* ---- What became of it ---- */

typedef struct hub_search {
    nrs_core *core;
    const nrs_peer *from;
    bool found;
} hub_search;

static nrs_error look_at(void *context, const nrs_recipient_row *row)
{
    hub_search *search = context;

    search->found = search->found || nrs_key_same_org(search->core, row->org, search->from->keys.sign_key);
    return NRS_OK;
}

/* What follows it by that id is withheld too, from now on. */
static nrs_error tag_published(nrs_core *core, const nrs_report_row *row, const nrs_statement *statement)
{
    uint8_t tag[NRS_HASH_SIZE];
    nrs_error error = nrs_follows_tag(core, tag, NRS_DOMAIN_PUBLISHED, statement->reference.data);

    return error == NRS_OK ? nrs_store_tagged_add(core->store, tag, row->position, 2 * NRS_NOTES_FROM_HUB_MAX) : error;
}

static nrs_error note_vouched(nrs_core *core, const nrs_report_row *row, nrs_peer *from, const nrs_statement *statement)
{
    char id[2 * NRS_HASH_SIZE + 1];
    size_t count = 0;
    bool there = false;
    json_t *note;
    nrs_error error;

    if (row->key_state != NRS_KEY_HELD) {
        return tag_published(core, row, statement);
    }
    nrs_hex_encode(id, statement->reference.data, NRS_HASH_SIZE);
    error = vouched_so_far(core, &count, &there, row, id);
    if (error != NRS_OK || there) {
        return error;
    }
    if (count >= NRS_NOTES_FROM_HUB_MAX) {
        nrs_core_complain(core, from, NRS_ERROR_LIMIT, "it says of one report too often what it was published as");
        return NRS_OK;
    }
    note = json_pack("{s:s, s:s, s:s, s:I}", "note", "vouched", "by", from->org, "id", id, "at", (json_int_t)statement->at_ms);
    error = note == NULL ? NRS_ERROR_NO_MEMORY : nrs_withheld_note(core, row, note);
    json_decref(note);
    return error == NRS_OK ? tag_published(core, row, statement) : error;
}

nrs_error nrs_source_take(nrs_core *core, nrs_peer *from, const nrs_statement *statement)
{
    hub_search search = {.core = core, .from = from};
    nrs_report_row row;
    nrs_bytes holder = {0};
    nrs_error error = nrs_store_report_get(core->store, &row, &holder, statement->sealed_id.data);

    if (error == NRS_OK && (row.part != NRS_PART_SENT || (row.flags & NRS_REPORT_WITHHELD) == 0 ||
                            (row.key_state != NRS_KEY_HELD && statement->type != NRS_STATEMENT_VOUCHED))) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK) {
        error = nrs_store_recipient_each(core->store, row.position, look_at, &search);
    }
    if (error == NRS_OK && search.found) {
        error = statement->type == NRS_STATEMENT_QUESTION ? nrs_question_take(core, from, &row, statement)
                : statement->type == NRS_STATEMENT_REPLY  ? nrs_reply_keep(core, from, &row, statement)
                                                          : note_vouched(core, &row, from, statement);
    } else if (error == NRS_OK || error == NRS_ERROR_NOT_FOUND) {
        nrs_core_complain(core, from, NRS_ERROR_NOT_FOUND, "a word on a report that it was not given to vouch for");
        error = NRS_OK;
    }
    nrs_bytes_wipe(&holder);
    return error;
}
