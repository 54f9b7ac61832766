/* Extending (SPEC 6.10): a hub that has the key of a report gives it to whom the source's consent names, by grants of its own that stand on
 * the one it was let in by. The report goes as it is. Nobody is asked: the source has said beforehand what it agrees to, and the
 * roster who is meant. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "prekeys/key_change.h"
#include "report/onward.h"
#include "report/release.h"
#include "report/withdrawal.h"
#include "roster/roster.h"
#include "rules/edges.h"
#include "stream/stream.h"
#include "withheld/withheld.h"

#define NAMED_PER_GRANT 32u /* organisations by name: a grant with its sealed audience has 2,048 bytes */

typedef struct extending {
    nrs_core *core;
    const nrs_extension_of *of;
    const nrs_community *home;
    nrs_community *target;
    nrs_recipient *recipients; /* with a prekey; owned */
    const nrs_peer **peers;    /* of the same; owned */
    size_t count, waiting_count;
} extending;

static nrs_error note(extending *it, const nrs_peer *peer, const uint8_t *grant_id)
{
    static const uint8_t none[NRS_HASH_SIZE];
    const nrs_let_in_row row = {.report = it->of->position, .authority = NRS_AUTHORITY_CONSENT, .at_ms = it->core->now_ms, .version = it->target->roster->version,
                                .by = it->core->self.sign_key, .community = it->target->id, .grant = grant_id == NULL ? none : grant_id};

    return nrs_let_in_put(it->core, &row, it->home, it->target, (nrs_label)it->of->view->header->label, peer, it->of->only);
}

/* Whoever has a slot already, or the report itself, needs none. A slot that a holder has given on a release is only as good as that holder. */
static nrs_error candidate(extending *it, const Nrs__Wire__Member *member)
{
    nrs_core *core = it->core;
    const nrs_peer *peer = nrs_peer_by_sign(core, member->sign_key.data);
    nrs_recipient *recipient = &it->recipients[it->count];
    bool granted = false;
    nrs_error error, duty;

    if (!nrs_peer_member(core, peer, it->target) || nrs_key_ours_or_next(core, member->sign_key.data) ||
        nrs_key_follows(core, it->of->view->header->originator.data, member->sign_key.data) || !nrs_let_in_meant(core, it->of->only, member) ||
        nrs_onward_covers(core, it->of->view->header, it->target, member->sign_key.data) != NRS_OK) {
        return NRS_OK;
    }
    error = it->of->only != NULL ? NRS_OK : nrs_granted_to(core, &granted, it->of->view->id, peer, NRS_SLOT_CONSENTED);
    if (error != NRS_OK || granted) {
        return error;
    }
    duty = nrs_onward_duty(core, it->of->view->header, NRS_LABEL_NONE, NRS_PLACE_GRANT, it->of->kind, it->target, member->sign_key.data);
    if (duty == NRS_OK && it->of->view->header->label == NRS_LABEL_CLEAR) { /* the key stands in the grant */
        it->peers[it->count++] = peer;
        return NRS_OK;
    }
    if (duty != NRS_OK || !nrs_let_in_reachable(core, recipient, peer, it->target)) {
        it->waiting_count++;
        return it->of->only != NULL ? NRS_OK : note(it, peer, NULL);
    }
    it->peers[it->count] = peer;
    it->count++;
    return NRS_OK;
}

/* Of the header's community they are named one by one, since its address does not reach them; elsewhere the community is. */
static nrs_error make_grant(extending *it, nrs_bytes *grant_out, nrs_bytes *table_out, size_t first, size_t count)
{
    nrs_core *core = it->core;
    const bool home = it->target == it->home;
    Nrs__Wire__Target *targets = calloc(count, sizeof *targets);
    Nrs__Wire__Target **list = calloc(count, sizeof(Nrs__Wire__Target *));
    nrs_audience audience;
    const nrs_grant_request request = {
        .sealed = it->of->view,
        .file_key = it->of->file_key,
        .authority = NRS_AUTHORITY_CONSENT,
        .authority_ref = nrs_slice_of(it->of->parent_id, NRS_HASH_SIZE),
        .audience = &audience,
        .community = home ? nrs_slice_of(NULL, 0) : nrs_slice_of(it->target->id, NRS_HASH_SIZE),
        .recipients = &it->recipients[first],
        .recipient_count = it->of->view->header->label == NRS_LABEL_CLEAR ? 0 : count,
        .grantor = {.keys = &core->self, .agree = nrs_identity_agree_with, .agree_context = core->identity},
        .now_ms = core->now_ms,
    };
    nrs_error error = targets == NULL || list == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    nrs__wire__audience__init(&audience);
    for (size_t i = 0; error == NRS_OK && i < (home ? count : 1); i++) {
        nrs__wire__target__init(&targets[i]);
        list[i] = &targets[i];
        if (home) {
            targets[i].org = nrs_field_of(nrs_slice_of(it->peers[first + i]->keys.sign_key, NRS_KEY_SIZE));
        } else {
            targets[i].community = nrs_field_of(nrs_slice_of(it->target->id, NRS_HASH_SIZE));
            targets[i].roster_version = it->target->roster->version;
        }
        audience.n_targets++;
    }
    audience.targets = list;
    if (error == NRS_OK) {
        error = nrs_grant_make(grant_out, table_out, &request);
    }
    free(list);
    free(targets);
    return error;
}

/* Into the log, as the hub's own records. */
static nrs_error put(extending *it, nrs_slice grant, nrs_slice table, size_t slot_count, uint8_t grant_id_out[NRS_HASH_SIZE])
{
    nrs_core *core = it->core;
    const nrs_slice none = nrs_slice_of(NULL, 0), owner = nrs_slice_of(it->of->view->id, NRS_HASH_SIZE);
    const uint64_t expires_ms = it->of->view->header->expires_ms;
    nrs_bytes record = {0};
    nrs_error error = nrs_signed_record(&record, NRS_RECORD_GRANT, core->identity, grant);

    if (error == NRS_OK) {
        error = nrs_grant_count(core, it->of->view, core->self.sign_key, (uint32_t)slot_count);
    }
    if (error == NRS_OK) {
        nrs_hash_one(grant_id_out, NRS_DOMAIN_STATEMENT_ID, grant);
        error = nrs_log_add(core, NULL, NRS_RECORD_GRANT, grant_id_out, nrs_slice_of_bytes(&record), owner, none, expires_ms);
    }
    if (error == NRS_OK && table.size > 0) {
        error = nrs_command_written(core, nrs_log_add_own_slots(core, grant, table, expires_ms));
    }
    nrs_bytes_wipe(&record);
    return error;
}

static nrs_error grant_all(extending *it)
{
    const size_t most = it->target == it->home ? NAMED_PER_GRANT : NRS_SLOT_COUNT_MAX;
    nrs_error error = NRS_OK;

    for (size_t first = 0; error == NRS_OK && first < it->count; first += most) {
        const size_t count = it->count - first < most ? it->count - first : most;
        uint8_t grant_id[NRS_HASH_SIZE];
        nrs_bytes grant = {0}, table = {0};
        bool written;

        error = make_grant(it, &grant, &table, first, count);
        if (error == NRS_OK) {
            error = put(it, nrs_slice_of_bytes(&grant), nrs_slice_of_bytes(&table), count, grant_id);
        }
        written = error == NRS_OK;
        for (size_t i = 0; error == NRS_OK && i < count; i++) {
            error = note(it, it->peers[first + i], grant_id);
        }
        error = written ? nrs_command_written(it->core, error) : error; /* what is in the log is there with a note of whom it lets in */
        nrs_bytes_wipe(&table);
        nrs_bytes_wipe(&grant);
    }
    return error;
}

static nrs_error audit_extension(const extending *it)
{
    char detail[NRS_AUDIT_DETAIL_SIZE_MAX + 1];
    const nrs_audit_what what = {.event = NRS_AUDIT_EXTEND, .about = nrs_slice_of(it->of->view->id, NRS_HASH_SIZE), .detail = detail};
    const char *label = nrs_label_name((nrs_label)it->of->view->header->label);

    (void)snprintf(detail, sizeof detail, "%s @%s %zu", label, it->target->roster->id, it->count);
    nrs_core_log(it->core, NRS_OK, "extended on the source's consent: TLP:%s to @%s, recipients: %zu, waiting: %zu", label, it->target->roster->id, it->count,
                 it->waiting_count);
    return nrs_audit_add(it->core, &what);
}

static nrs_error extend_into(nrs_core *core, const nrs_extension_of *of, nrs_community *target)
{
    extending it = {.core = core, .of = of, .home = nrs_community_by_id(core, of->view->header->community.data), .target = target};
    const size_t most = target->roster->n_members;
    nrs_error error;

    it.recipients = calloc(most, sizeof *it.recipients);
    it.peers = calloc(most, sizeof(const nrs_peer *));
    error = it.recipients == NULL || it.peers == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;
    for (size_t i = 0; error == NRS_OK && i < most; i++) {
        error = candidate(&it, target->roster->members[i]);
    }
    if (error == NRS_OK) {
        error = grant_all(&it);
    }
    if (error == NRS_OK && (it.count > 0 || (it.waiting_count > 0 && of->only == NULL))) {
        error = audit_extension(&it);
    }
    free(it.recipients);
    free(it.peers);
    return error;
}

static nrs_error note_failure(nrs_core *core, const nrs_extension_of *of, const nrs_community *target, nrs_error rule)
{
    char detail[NRS_AUDIT_DETAIL_SIZE_MAX + 1];
    const nrs_audit_what what = {.event = NRS_AUDIT_EXTEND, .rule = rule, .about = nrs_slice_of(of->view->id, NRS_HASH_SIZE), .detail = detail};

    (void)snprintf(detail, sizeof detail, "%s @%s", nrs_label_name((nrs_label)of->view->header->label), target->roster->id);
    nrs_core_log(core, rule, "a report cannot be extended: %s", nrs_error_rule(rule));
    return of->only != NULL ? NRS_OK : nrs_audit_add(core, &what); /* who waits is tried again each minute */
}

/* A hub whose grant the others take: so is one that is about to go over to its next keys, while it is not late for that. */
static nrs_error grants_as_hub(nrs_core *core, bool *hub_out, const nrs_header *header, const nrs_community *target, const nrs_community *home)
{
    nrs_error error = nrs_key_hub_then(core, hub_out, core->self.sign_key, home, core->now_ms);

    for (size_t i = 0; target != home && i < core->community_count && error == NRS_OK && !*hub_out; i++) {
        const nrs_community *one = &core->communities[i];

        if (!one->guest && nrs_onward_lists(header, one->id)) {
            error = nrs_key_hub_then(core, hub_out, core->self.sign_key, one, core->now_ms);
        }
    }
    return error;
}

/* The way so far leaves room for one grant more, and does not lead back where it came from. */
static bool may_go_on(const nrs_core *core, const nrs_extension_of *of, const nrs_grant_terms *terms, const nrs_community *target, const nrs_community *home)
{
    const nrs_header *header = of->view->header;

    if (terms->depth >= NRS_ONWARD_DEPTH_MAX || (terms->depth > 0 && terms->target == target)) {
        return false;
    }
    if (target == home) { /* what this node sends itself has reached whom it may */
        return !nrs_key_ours(core, header->originator.data);
    }
    return nrs_onward_lists(header, target->id) && nrs_roster_recognises(target->roster, header->community.data) &&
           (target->roster->rules->labels & NRS_LABEL_BIT(header->label)) != 0;
}

/* In force or not is an answer; a store that cannot be read is none. */
static nrs_error may_extend(nrs_core *core, bool *may_out, const nrs_extension_of *of, const nrs_community *target)
{
    const nrs_community *home = nrs_community_by_id(core, of->view->header->community.data);
    nrs_grant_terms terms;
    bool hub = false;
    nrs_error error;

    *may_out = false;
    if (!nrs_onward_lists(of->view->header, target->id) || !target->member || of->parent->authority == NRS_AUTHORITY_RELEASE) {
        return NRS_OK;
    }
    error = nrs_grant_terms_of(core, &terms, of->view, of->parent);
    if (error == NRS_OK && may_go_on(core, of, &terms, target, home)) {
        error = grants_as_hub(core, &hub, of->view->header, target, home);
    }
    *may_out = error == NRS_OK && hub;
    return nrs_error_is_verdict(error) ? NRS_OK : error;
}

nrs_error nrs_onward_extend(nrs_core *core, const nrs_extension_of *extension)
{
    const nrs_header *header = extension->view->header;
    bool withdrawn = false; /* or it holds the text of what was */
    nrs_error error = nrs_withdrawal_of(core, &withdrawn, extension->view->id);

    if (error != NRS_OK || header->onward == 0 || withdrawn || !nrs_withheld_may_extend(core, header) || (header->flags & NRS_HEADER_UNLOCK_ON_ACCEPT) != 0 || nrs_policy_extension((nrs_label)header->label) == NRS_EXTENSION_NONE ||
        nrs_community_by_id(core, header->community.data) == NULL) {
        return error;
    }
    for (size_t i = 0; i < core->community_count && error == NRS_OK; i++) {
        nrs_community *target = &core->communities[i];
        bool may = false;

        error = may_extend(core, &may, extension, target);
        if (error == NRS_OK && may) {
            error = extend_into(core, extension, target);
        }
        if (nrs_error_is_verdict(error)) { /* no reason to lose the report itself, nor to pass over the next community */
            error = note_failure(core, extension, target, error);
        }
    }
    return error;
}

nrs_error nrs_onward_extend_late(nrs_core *core, const nrs_report_row *row, const nrs_peer *peer)
{
    nrs_extension_of extension = {.position = row->position, .only = peer};
    nrs_sealed_view *view = NULL;
    nrs_secret *file_key = NULL;
    nrs_grant *parent = NULL;
    nrs_opened opened = {0};
    nrs_let_in let_in;
    uint64_t position = 0;
    nrs_error error = nrs_release_grant_late(core, row, peer);

    if (error == NRS_OK) {
        error = nrs_let_in_self(core, &let_in, row->position);
    }
    if (error == NRS_OK) {
        error = nrs_log_sealed(core, &view, &position, row->id);
    }
    if (error == NRS_OK) {
        error = nrs_log_grant(core, &parent, &position, view, let_in.grant);
    }
    if (error == NRS_OK) {
        error = nrs_open_file_key(core, &file_key, row);
    }
    if (error == NRS_OK) {
        error = nrs_annex_read(core, &opened, row);
    }
    if (error == NRS_OK) {
        extension.view = view;
        extension.file_key = file_key;
        extension.parent = parent;
        extension.parent_id = let_in.grant;
        extension.kind = opened.report->kind;
        error = nrs_onward_extend(core, &extension);
    }
    nrs_opened_wipe(&opened);
    nrs_grant_free(&parent);
    nrs_secret_destroy(&file_key);
    nrs_sealed_view_free(&view);
    return nrs_error_is_verdict(error) ? NRS_OK : error; /* it goes on waiting */
}
