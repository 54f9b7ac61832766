/* export: what leaves with a report is its originator's proof, with the release that let it be had where there is one, or where the source
 * may not be named this organisation's word (SPEC 14). */
#include "command/command_export.h"

#include <stdio.h>

#include "keys/export.h"
#include "proto/forward.h"
#include "report/onward.h"
#include "rules/edges.h"

static const char hint_text[] = "The roster that its header names, or a newer one with that text, has to be held.";

/* The texts of the disclaimers that the header names: an export without them would say less than was agreed. */
static nrs_error find_texts(nrs_answer *answer, const Nrs__Wire__Disclaimer **texts, const nrs_rules_seen *seen, const nrs_header *header)
{
    for (size_t i = 0; i < header->n_disclaimers; i++) {
        nrs_error error = nrs_rules_seen_disclaimer(seen, &texts[i], nrs_field(&header->disclaimers[i]));

        if (error == NRS_OK && texts[i] == NULL) {
            return nrs_refuse(answer, NRS_ERROR_DISCLAIMER_UNKNOWN, hint_text, "The text of a disclaimer is not held here.");
        }
        if (error != NRS_OK) {
            return error;
        }
    }
    return NRS_OK;
}

/* The community stands in the source's place, and what the form says about it is left out. What the text itself tells no program
 * can take away. */
static void hide_source(const nrs_community *community, nrs_row *row, const nrs_report *report)
{
    json_t *fields = json_object_get(row->object, "fields");
    char name[NRS_NAME_SIZE_MAX + 2];

    (void)snprintf(name, sizeof name, "@%s", community == NULL ? "" : community->roster->id);
    nrs_row_text(row, "from", name);
    nrs_row_text(row, "person", NULL);
    nrs_row_flag(row, "source_hidden", true);
    for (size_t i = 0; i < report->n_fields; i++) {
        if (nrs_field_tells_source(report->fields[i]->name)) {
            (void)json_object_del(fields, report->fields[i]->name);
            (void)json_object_del(row->object, report->fields[i]->name);
        }
    }
}

nrs_error nrs_export_put(nrs_core *core, nrs_answer *answer, nrs_row *row, const nrs_export_source *source)
{
    const nrs_header *header = source->view->header;
    const nrs_community *community = nrs_community_by_id(core, header->community.data);
    const nrs_conditions sent = nrs_header_conditions(header);
    nrs_conditions conditions = {0};
    Nrs__Wire__Conditions released;
    bool hidden = false, replaced = false;
    nrs_bytes release = {0}, grant = {0};
    const Nrs__Wire__Disclaimer *texts[NRS_DISCLAIMER_COUNT_MAX] = {0};
    char from[NRS_ADDRESS_SIZE_MAX + 1];
    nrs_rules_seen seen = {0};
    nrs_bytes proof = {0};
    nrs_export_request request = {.sealed = source->view, .opened = source->opened, .org = core->org,
                                  .community = community == NULL ? "" : community->roster->id,
                                  .disclaimers = (Nrs__Wire__Disclaimer *const *)(uintptr_t)texts, .disclaimer_count = header->n_disclaimers};
    nrs_error error = nrs_rules_seen_load(core, &seen, header);

    if (error == NRS_OK) {
        error = nrs_let_in_conditions(core, &conditions, source->row, header);
    }
    if (error == NRS_OK) {
        hidden = source->row->part == NRS_PART_RECEIVED && nrs_policy_hides_source(conditions);
        replaced = source->row->label != header->label || conditions.permissible_actions != sent.permissible_actions || conditions.flags != sent.flags;
    }
    if (error == NRS_OK && !hidden) { /* of a source that is not to be named its release would tell */
        error = nrs_let_in_chain(core, &release, &grant, source->row->position);
    }
    if (replaced) { /* whoever attests says what the release has set, not what stands in the header */
        nrs__wire__conditions__init(&released);
        released.permissible_actions = conditions.permissible_actions;
        released.flags = conditions.flags;
        request.label = source->row->label;
        request.conditions = conditions.permissible_actions != 0 || conditions.flags != 0 ? &released : NULL;
    }
    if (error == NRS_OK) {
        error = find_texts(answer, texts, &seen, header);
    }
    if (error == NRS_OK && hidden) {
        error = nrs_export_attest(&proof, &request, core->identity, nrs_field_tells_source, core->now_ms);
    } else if (error == NRS_OK) {
        nrs_command_org(core, from, header->community.data, header->originator.data);
        request.org = from;
        request.release = nrs_slice_of_bytes(&release);
        request.grant = nrs_slice_of_bytes(&grant);
        error = nrs_export_make(&proof, &request);
    }
    if (error == NRS_OK) {
        nrs_row_base64(row, "proof", nrs_slice_of_bytes(&proof));
        if (hidden) {
            hide_source(community, row, source->opened->report);
        }
    }
    nrs_bytes_wipe(&proof);
    nrs_bytes_wipe(&grant);
    nrs_bytes_wipe(&release);
    nrs_rules_seen_wipe(&seen);
    return error;
}
