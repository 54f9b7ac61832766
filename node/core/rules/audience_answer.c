/* What is answered of a delivery: who receives it, who waits, who is left out and why, and what its sender is warned of. */
#include "rules/audience.h"

#include "prekeys/key_change.h"
#include "proto/label.h"
#include "rules/edges.h"

static const char *const duty_words[NRS_DUTY_STATE_COUNT] = {
    [NRS_DUTY_NOT_DEMANDED] = "not-demanded", [NRS_DUTY_HELD] = "held", [NRS_DUTY_ABSENT] = "absent",
    [NRS_DUTY_EXPIRED] = "expired", [NRS_DUTY_NOT_BEGUN] = "not-begun",
};

void nrs_delivery_row(nrs_row *row, const nrs_delivery *delivery, nrs_label label)
{
    json_t *recipients = json_array();
    json_t *waiting = json_array();
    json_t *excluded = json_array();
    bool failed = false;

    for (size_t i = 0; i < delivery->count; i++) {
        failed = failed || nrs_array_text(recipients, delivery->list[i].address) != NRS_OK;
        if (!delivery->list[i].granted && !delivery->list[i].locked) {
            failed = failed || nrs_array_text(waiting, delivery->list[i].address) != NRS_OK;
        }
    }
    for (size_t i = 0; i < delivery->excluded_count; i++) {
        json_t *one = json_pack("{s:s, s:s}", "who", delivery->excluded[i].who, "rule", delivery->excluded[i].rule);
        if (one != NULL && delivery->excluded[i].duty != NULL) {
            failed = json_object_set_new(one, "duty", json_string(delivery->excluded[i].duty)) != 0 ||
                     json_object_set_new(one, "duty_state", json_string(duty_words[delivery->excluded[i].duty_state])) != 0 || failed;
        }
        failed = json_array_append_new(excluded, one) != 0 || failed;
    }
    nrs_row_text(row, "label", nrs_label_name(label));
    nrs_row_text(row, "community", delivery->community->roster->id);
    nrs_row_json(row, "recipients", recipients);
    nrs_row_json(row, "waiting", waiting);
    nrs_row_json(row, "excluded", excluded);
    nrs_row_json(row, "disclaimers", nrs_delivery_disclaimer_rows(delivery));
    row->failed = row->failed || failed;
}

/* Where nobody carries the consent out: a hub its own in its community neither, since it addresses whom it wants (SPEC 6.10). In: row: with `onward`. */
static bool warn_onward(const nrs_core *core, json_t *warnings, const nrs_row *row, const nrs_delivery *delivery)
{
    const json_t *members = json_object_get(json_object_get(row->object, "onward"), "members");

    if (delivery->onward == 0 || delivery->hub_reached) {
        return true;
    }
    if (!nrs_key_hub_here(core, delivery->community)) {
        return nrs_array_text(warnings, "No hub is among the recipients: nobody is there to pass it on.") == NRS_OK;
    }
    return json_array_size(members) == 0 ||
           nrs_array_text(warnings, "What this hub sends itself reaches in its own community those it is addressed to, and nobody by consent.") == NRS_OK;
}

/* The sealed report says when it was made. It cannot be told whose clock is wrong, so it is sent all the same. */
void nrs_delivery_warn(nrs_core *core, nrs_row *row, const nrs_delivery *delivery, uint64_t expires_ms)
{
    json_t *warnings = json_array();

    if (warnings != NULL && delivery != NULL) {
        row->failed = !warn_onward(core, warnings, row, delivery) || row->failed;
    }
    if (warnings != NULL && delivery != NULL && (delivery->onward & NRS_ONWARD_COMMUNITIES) != 0 && delivery->onward_community_count == 0) {
        row->failed = nrs_array_text(warnings, "The community recognises no other: there is none to pass it on to.") != NRS_OK || row->failed;
    }

    if (warnings != NULL && (nrs_clock_refused_by_peers(core, expires_ms) || nrs_clock_before_roster(core) != NULL)) {
        row->failed = nrs_warn_clock(core, warnings) != NRS_OK || row->failed;
    }
    nrs_row_json(row, "warnings", warnings);
}
