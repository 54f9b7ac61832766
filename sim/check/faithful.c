/* What a person is shown of a report is what its sender wrote: the whole text, under its label, from whom it is, on its conditions. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "send.h"
#include "world.h"

/* Of which act the words are: what is vouched for is its source's. */
static size_t written_as(const sim_world *world, const sim_report *report)
{
    return report->vouches ? report->quoted : (size_t)(report - world->oracle.reports);
}

/* What is passed on stands behind what was added, whole. */
static bool holds_quoted(const sim_world *world, const sim_report *first, const char *rest)
{
    char *text = sim_send_body(world, written_as(world, first));
    const bool held = strncmp(rest, "\n\n--------", 10) == 0 && strstr(rest, text) != NULL;

    free(text);
    return held;
}

static bool whole(const sim_world *world, const sim_report *report, const char *body)
{
    const size_t number = written_as(world, report);
    char red[64], *text;
    size_t size;
    bool held;

    if (report->label == NRS_LABEL_RED) {
        sim_send_text(red, sizeof red, number);
        return strcmp(body, red) == 0;
    }
    text = sim_send_body(world, number);
    size = strlen(text);
    held = strncmp(body, text, size) == 0 &&
           (report->forwards ? holds_quoted(world, &world->oracle.reports[report->quoted], body + size) : body[size] == '\0');
    free(text);
    return held;
}

/* Where the row has it at all. */
static bool says(const json_t *row, const char *key, const char *value)
{
    const char *text = json_string_value(json_object_get(row, key));

    return text == NULL || strcmp(text, value) == 0;
}

/* Who was let in by a release has it under the label of that. A source that was asked twice may have said two: under none that is looser than both. */
static bool under_its_label(const sim_world *world, const sim_node *node, const sim_report *report, const json_t *row)
{
    const char *name = json_string_value(json_object_get(row, "label"));
    nrs_label loosest = report->label, label = report->label;

    if (name == NULL || strcmp(name, nrs_label_name(report->label)) == 0) {
        return true;
    }
    return sim_released_permits(world, node, report, &loosest, false) && nrs_label_parse(&label, name) == NRS_OK && label >= loosest;
}

static bool urgent_as_sent(const sim_world *world, const sim_report *report, const json_t *row)
{
    const json_t *urgent = json_object_get(row, "urgent");

    return urgent == NULL || report->label == NRS_LABEL_RED || json_is_true(urgent) == sim_send_urgent(&world->plan.acts[written_as(world, report)]);
}

static bool on_its_conditions(const sim_report *report, const json_t *row)
{
    const json_t *conditions = json_object_get(row, "conditions");
    const json_t *told = json_object_get(conditions, "affected_may_be_told");
    const char *actions = json_string_value(json_object_get(conditions, "permissible_actions"));

    if (conditions == NULL || !report->plain) {
        return true;
    }
    if (report->conditions.actions == 0 && !report->conditions.not_told) {
        return json_is_null(conditions);
    }
    return (report->conditions.actions == 0 ? actions == NULL : actions != NULL && strcmp(actions, sim_actions_name(report->conditions.actions)) == 0) &&
           json_is_false(told) == report->conditions.not_told;
}

static void shown(sim_world *world, sim_node *node, sim_report *report, const json_t *row)
{
    const char *body = json_string_value(json_object_get(row, "body"));
    const size_t number = report == NULL ? 0 : (size_t)(report - world->oracle.reports);
    const char *wrong = NULL;

    if (report == NULL || report->version == 0 || node->hostile != NULL) {
        return;
    }
    if (body != NULL && !whole(world, report, body)) {
        wrong = "another text";
    } else if (!under_its_label(world, node, report, row)) {
        wrong = "another label";
    } else if (!says(row, "from", world->nodes[report->sender].org)) {
        wrong = "another source";
    } else if (!says(row, "attribution", report->withheld ? "withheld" : report->vouches ? "vouched" : "named")) {
        wrong = "another attribution";
    } else if (!urgent_as_sent(world, report, row)) {
        wrong = "another urgency";
    } else if (!on_its_conditions(report, row)) {
        wrong = "other conditions";
    }
    if (wrong != NULL) {
        char *text = json_dumps(row, JSON_COMPACT | JSON_SORT_KEYS);

        sim_world_fail(world, "faithful", "%s shows r%zu with %s: %.300s", node->org, number, wrong, text == NULL ? "" : text);
        free(text);
    }
}

const sim_checker sim_checker_faithful = {.name = "faithful", .shown = shown};
