/* What becomes of a node's answers: what people now know, and what the checkers are shown. */
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "check.h"
#include "person.h"
#include "release.h"
#include "withheld.h"
#include "proto/vocabulary.h"
#include "world.h"

#define KIND_BITS 5u

_Static_assert(SIM_ASK_OTHER < 1 << KIND_BITS, "a kind fits into a request's number");

#define REPORT_BITS 12u
#define SINK_BITS 3u

_Static_assert(SIM_REPORTS_MAX <= 1 << REPORT_BITS && SIM_SINK_COUNT <= 1 << SINK_BITS && KIND_BITS + REPORT_BITS + SINK_BITS <= 24,
               "what was asked fits into a request's number");

static sim_sink sink_of(const json_t *command)
{
    const char *name = json_string_value(json_object_get(command, "sink"));
    sim_sink sink = SIM_SINK_NOWHERE;

    for (int i = SIM_SINK_OWN; name != NULL && i < SIM_SINK_COUNT; i++) {
        sink = strcmp(sim_sink_name((sim_sink)i), name) == 0 ? (sim_sink)i : sink;
    }
    return sink;
}

/* What a person's process takes over, and which of a node's two that is. */
static bool by_person(sim_ask_kind kind)
{
    return kind == SIM_ASK_RED_PREPARE || kind == SIM_ASK_RED_OPEN || kind == SIM_ASK_RED_AGAIN;
}

static bool second_of(const json_t *command)
{
    const char *person = json_string_value(json_object_get(command, "person"));

    return person != NULL && strcmp(person, SIM_PERSON_SECOND) == 0;
}

/* A request's number says what was asked, about which report, and where to that was to go, or by which person it was. */
static uint64_t request_of(sim_world *world, sim_ask_kind kind, size_t report, sim_sink sink)
{
    return (++world->next_request << 24) | ((uint64_t)sink << (KIND_BITS + REPORT_BITS)) | ((uint64_t)report << KIND_BITS) | kind;
}

void sim_ask(sim_world *world, sim_node *node, sim_ask_kind kind, size_t report, json_t *command)
{
    if (node->core == NULL) {
        json_decref(command);
        return;
    }
    sim_trace_line(world, node, "asks %s r%zu", json_string_value(json_object_get(command, "command")), report);
    sim_node_command(world, node, command, request_of(world, kind, report, by_person(kind) ? (sim_sink)second_of(command) : sink_of(command)));
}

const char *sim_text_at(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));

    return text == NULL ? "" : text;
}

static bool excluded_by(const json_t *row, const char *key, const char *word)
{
    size_t index;
    const json_t *entry;

    json_array_foreach(json_object_get(row, "excluded"), index, entry) {
        if (strcmp(sim_text_at(entry, key), word) == 0) {
            return true;
        }
    }
    return false;
}

static void answered_send(sim_world *world, sim_report *report, const json_t *rows, nrs_error error)
{
    static const sim_sometimes_name names[] = {SIM_SOMETIMES_SENT_CLEAR, SIM_SOMETIMES_SENT_GREEN, SIM_SOMETIMES_SENT_AMBER, SIM_SOMETIMES_SENT_STRICT,
                                               SIM_SOMETIMES_SENT_RED};

    if (error == NRS_ERROR_LABEL_FORBIDS && report->vouches) {
        sim_sometimes_hit(world, SIM_SOMETIMES_VOUCH_REFUSED);
    }
    if (error != NRS_OK) {
        report->state = nrs_error_exit_code(error) == 1 ? SIM_REPORT_ASKED : SIM_REPORT_REFUSED;
        return;
    }
    report->state = SIM_REPORT_SENT;
    sim_oracle_bind(world, report, sim_text_at(json_array_get(rows, 0), "id"));
    if (world->nodes[report->sender].stale_ms == world->now_ms && report->label > NRS_LABEL_GREEN) {
        sim_sometimes_hit(world, SIM_SOMETIMES_STALE_OVERRIDDEN);
    }
    if (report->withheld || report->vouches) {
        sim_withheld_sent(world, report);
    }
    if (report->unlocks) {
        sim_sometimes_hit(world, SIM_SOMETIMES_SENT_LOCKED);
    }
    if (report->onward != 0) {
        sim_sometimes_hit(world, SIM_SOMETIMES_SENT_ONWARD);
    }
    sim_sometimes_add(world, SIM_SOMETIMES_REPLIED, report->replies ? 1 : 0);
    if (report->forwards) {
        sim_check_forwarded(world, report);
        sim_sometimes_hit(world, SIM_SOMETIMES_FORWARDED);
    }
    sim_sometimes_add(world, SIM_SOMETIMES_LEFT_OUT, excluded_by(json_array_get(rows, 0), "rule", "duty") ? 1 : 0);
    sim_sometimes_add(world, SIM_SOMETIMES_DUTY_OVER_LEFT_OUT, excluded_by(json_array_get(rows, 0), "duty_state", "expired") ? 1 : 0);
    sim_sometimes_hit(world, names[report->label - NRS_LABEL_CLEAR]);
    if (json_array_size(json_object_get(json_array_get(rows, 0), "waiting")) > 0) {
        report->waits = true;
        sim_sometimes_hit(world, SIM_SOMETIMES_SENT_WAITING);
    }
}

static void answered_receipts(sim_world *world, sim_node *node, sim_report *report, const json_t *rows)
{
    size_t index;
    const json_t *row;

    sim_check_receipts(world, node, report, rows);
    json_array_foreach(rows, index, row) {
        const char *stage = sim_text_at(row, "stage");

        const char *at = strchr(sim_text_at(row, "recipient"), '@'), *org = at == NULL ? sim_text_at(row, "recipient") : at + 1;

        for (size_t i = 0; i < world->node_count; i++) {
            if (strcmp(world->nodes[i].org, org) == 0) {
                report->stored_receipt |= strcmp(stage, "stored") == 0 ? 1ull << i : 0;
                report->opened_receipt |= strcmp(stage, "opened") == 0 ? 1ull << i : 0;
                report->withdrawn_receipt |= strcmp(stage, "withdrawn") == 0 ? 1ull << i : 0;
                report->accepted_receipt |= strcmp(stage, "accepted") == 0 ? 1ull << i : 0;
            }
        }
        if (strcmp(stage, "stored") == 0) {
            sim_sometimes_hit(world, SIM_SOMETIMES_RECEIPT);
        }
    }
}

/* What a list or an opened report says about who sees what. The last row of an answer is its end. */
static void answered_rows(sim_world *world, sim_node *node, const json_t *rows, bool by_person)
{
    size_t index;
    const json_t *row;

    json_array_foreach(rows, index, row) {
        const char *subject = sim_text_at(row, "subject");
        const char *body = json_string_value(json_object_get(row, "body"));
        sim_report *report = subject[0] == '\0' ? sim_oracle_by_id(world, sim_text_at(row, "id")) : sim_oracle_by_subject(world, subject);

        if (sim_text_at(row, "id")[0] == '\0') {
            continue;
        }
        if (report != NULL) {
            sim_oracle_bind(world, report, sim_text_at(row, "id"));
        }
        sim_check_shown(world, node, report, row);
        if (report != NULL && body != NULL && report->label == NRS_LABEL_RED && !by_person) {
            sim_world_fail(world, "disclosure", "the desk of %s opens r%zu, which is RED", node->org, (size_t)(report - world->oracle.reports));
        }
        if (report != NULL && body != NULL) {
            report->shown |= 1ull << node->index;
            sim_sometimes_hit(world, SIM_SOMETIMES_SHOWN);
        }
    }
}

/* What opens a report is handed to whom it is for; the other one of a node's two has nothing of it. */
static void check_person(sim_world *world, const sim_node *node, const sim_report *report, bool second)
{
    if (node->hostile != NULL || node->second == NULL || report->state == SIM_REPORT_NONE) {
        return;
    }
    if (!sim_person_may_open(report, node->owner, second)) {
        sim_world_fail(world, "disclosure", "%s hands %s what opens r%zu, which is for another person", node->org, sim_person_id(second),
                       (size_t)(report - world->oracle.reports));
    } else if (second) {
        sim_sometimes_hit(world, SIM_SOMETIMES_RED_SECOND);
    }
}

/* The person's process takes over, with what the node has handed out. */
static void answered_red(sim_world *world, sim_node *node, sim_ask_kind kind, size_t number, bool second, const json_t *given)
{
    sim_report *report = &world->oracle.reports[number];
    json_t *row = NULL, *said = NULL, *submit = NULL, *rows;

    (void)sim_random_use(&node->random);
    if (kind != SIM_ASK_RED_PREPARE) {
        check_person(world, node, report, second);
    }
    if (kind == SIM_ASK_RED_PREPARE) {
        submit = sim_person_seal(world, report, number, given);
        if (submit != NULL) {
            sim_ask(world, node, SIM_ASK_SEND, number, submit);
        }
        return;
    }
    if (kind == SIM_ASK_RED_AGAIN) {
        submit = sim_person_grant(world, node, second, report->waiting, given);
        if (submit != NULL) {
            sim_ask(world, node, SIM_ASK_RED_GRANT, number, submit);
        }
        return;
    }
    if (sim_person_open(node, second, &row, &said, given)) {
        sim_sometimes_hit(world, SIM_SOMETIMES_RED_OPENED_ANEW);
    }
    if (row != NULL) {
        rows = json_pack("[o]", row);
        sim_sometimes_hit(world, SIM_SOMETIMES_RED_OPENED);
        answered_rows(world, node, rows, true);
        json_decref(rows);
        sim_ask(world, node, SIM_ASK_OTHER, number, said);
    }
}

/* The person who wrote them grants them anew, each with what opens it. */
static void answered_waiting(sim_world *world, sim_node *node, const json_t *rows)
{
    size_t index;
    const json_t *row;

    json_array_foreach(rows, index, row) {
        sim_report *report = sim_text_at(row, "id")[0] == '\0' ? NULL : sim_oracle_by_id(world, sim_text_at(row, "id"));

        if (report != NULL) {
            json_decref(report->waiting);
            report->waiting = json_deep_copy(json_object_get(row, "recipients"));
            sim_ask(world, node, SIM_ASK_RED_AGAIN, (size_t)(report - world->oracle.reports),
                json_pack("{s:s, s:s, s:s}", "command", "red-open", "id", report->id, "person", sim_person_id(report->by_second)));
        }
    }
}

/* By the roster that the node holds: it had taken the duty until a date, which is past. */
static bool duty_over(const sim_world *world, const sim_node *node, const sim_report *report)
{
    const sim_rosters *rosters = &world->communities[report->community];
    const sim_roster_version *held = sim_rosters_at(rosters, node->held[rosters->index]);
    const uint64_t bit = 1ull << node->index;

    return held != NULL && (held->who.sworn & bit) != 0 && (sim_roster_sworn_at(held, sim_node_now_ms(world, node)) & bit) == 0;
}

/* What people know from it. */
static void take(sim_world *world, sim_node *node, const nrs_effect *effect, const sim_answered *answered)
{
    const sim_ask_kind kind = answered->kind;
    const size_t number = answered->number;
    const nrs_error error = answered->error;
    sim_report *report = &world->oracle.reports[number];

    if (nrs_error_exit_code(error) == 3) {
        sim_sometimes_hit(world, SIM_SOMETIMES_REFUSED_BY_RULE);
    }
    if (error == NRS_ERROR_ROSTER_STALE) {
        node->stale_ms = world->now_ms;
        sim_sometimes_hit(world, SIM_SOMETIMES_STALE_REFUSED);
    }
    if (kind >= SIM_ASK_RELEASE_ASK && kind <= SIM_ASK_RELEASE_DENY) {
        sim_release_answered(world, kind, number, error, effect->reply);
    } else if (kind == SIM_ASK_FORBIDDEN) {
        sim_sometimes_add(world, SIM_SOMETIMES_HUB_MAY_NOT_RELEASE, error == NRS_ERROR_SOURCE_WITHHELD ? 1 : 0);
        sim_sometimes_add(world, SIM_SOMETIMES_SOURCE_NOT_NAMED, error == NRS_ERROR_SOURCE_NAMED ? 1 : 0);
    } else if (kind == SIM_ASK_SEND) {
        answered_send(world, report, effect->reply, error);
    } else if (kind == SIM_ASK_SHOW && error == NRS_ERROR_WITHDRAWN) {
        report->withdrawn_at |= 1ull << node->index;
        sim_sometimes_hit(world, SIM_SOMETIMES_WITHDRAWN_CLOSED);
        answered_rows(world, node, effect->reply, false);
    } else if (kind == SIM_ASK_SHOW && error == NRS_ERROR_DISCLAIMER) {
        sim_sometimes_hit(world, SIM_SOMETIMES_CLOSED);
        answered_rows(world, node, effect->reply, false); /* the row without its text */
    } else if (error != NRS_OK) {
        sim_sometimes_add(world, SIM_SOMETIMES_DUTY_OVER_CLOSED, kind == SIM_ASK_SHOW && error == NRS_ERROR_DUTY && duty_over(world, node, report) ? 1 : 0);
        return;
    } else if (kind == SIM_ASK_ACCEPT) {
        report->accepted |= 1ull << node->index;
        sim_sometimes_hit(world, SIM_SOMETIMES_ACCEPTED);
    } else if (kind == SIM_ASK_QUESTION) {
        sim_sometimes_hit(world, SIM_SOMETIMES_QUESTION_ASKED);
    } else if (kind == SIM_ASK_SHOW) {
        answered_rows(world, node, effect->reply, false);
    } else if (kind == SIM_ASK_RED_WAITING) {
        answered_waiting(world, node, effect->reply);
    } else if (kind == SIM_ASK_RED_GRANT) {
        sim_sometimes_hit(world, SIM_SOMETIMES_RED_GRANTED_ANEW);
    } else if (kind == SIM_ASK_RED_PREPARE || kind == SIM_ASK_RED_OPEN || kind == SIM_ASK_RED_AGAIN) {
        answered_red(world, node, kind, number, answered->sink != SIM_SINK_NOWHERE, json_array_get(effect->reply, 0));
    } else if (kind == SIM_ASK_EXPORT) {
        answered_rows(world, node, effect->reply, false);
    } else if (kind == SIM_ASK_WITHDRAW) {
        sim_check_withdrawn(world, node, report);
        report->withdrawn = true;
        sim_sometimes_add(world, SIM_SOMETIMES_WITHDRAWN_RED, report->label == NRS_LABEL_RED ? 1 : 0);
        sim_sometimes_hit(world, SIM_SOMETIMES_WITHDRAWN);
    } else if (kind == SIM_ASK_AUDIT) {
        sim_check_audited(world, node, effect->reply);
    } else if (kind == SIM_ASK_CHECKPOINT) {
        node->checkpointed = true;
        memcpy(node->checkpoint_roster, node->held, sizeof node->held);
    } else if (kind == SIM_ASK_LIST) {
        sim_check_listed(world, node, effect->reply);
        answered_rows(world, node, effect->reply, false);
    } else if (kind == SIM_ASK_STATUS) {
        sim_check_status(world, node, json_array_get(effect->reply, 0));
    } else if (kind == SIM_ASK_RELEASE_LIST) {
        sim_check_asks(world, node, effect->reply);
        sim_release_listed(world, node, number, effect->reply);
    } else if (kind == SIM_ASK_RECEIPTS) {
        answered_receipts(world, node, report, effect->reply);
    } else if (kind == SIM_ASK_FORGET) {
        report->forgotten |= 1ull << node->index;
        sim_sometimes_hit(world, SIM_SOMETIMES_FORGOTTEN);
    }
}

void sim_answer(sim_world *world, sim_node *node, const nrs_effect *effect)
{
    const sim_ask_kind kind = (sim_ask_kind)(effect->request & ((1u << KIND_BITS) - 1));
    const size_t number = (size_t)(effect->request >> KIND_BITS & ((1u << REPORT_BITS) - 1));
    const sim_sink sink = (sim_sink)(effect->request >> (KIND_BITS + REPORT_BITS) & ((1u << SINK_BITS) - 1));
    const json_t *last = json_array_get(effect->reply, json_array_size(effect->reply) - 1);
    const char *rule = json_string_value(json_object_get(last, "rule"));
    const sim_answered answered = {kind, number, sink, rule == NULL ? NRS_OK : nrs_error_from_rule(rule)};

    sim_trace_line(world, node, "answers r%zu: %s", number, rule == NULL ? "done" : rule);
    take(world, node, effect, &answered);
    sim_check_answered(world, node, &answered);
}
