#include "withheld.h"

#include "ask.h"
#include "check.h"
#include "send.h"
#include "world.h"

static size_t number_of(const sim_world *world, const sim_report *report)
{
    return (size_t)(report - world->oracle.reports);
}

/* Of those that were sent with their source withheld, from this one on; from this node, or to it. */
static sim_report *some_withheld(sim_world *world, uint64_t pick, const sim_node *source, const sim_node *hub)
{
    for (size_t i = 0; i < world->plan.count; i++) {
        sim_report *report = &world->oracle.reports[(pick + i) % world->plan.count];

        if (report->withheld && report->id[0] != '\0' && (source == NULL || report->sender == source->index) &&
            (hub == NULL || (report->via & (1ull << hub->index)) != 0)) {
            return report;
        }
    }
    return NULL;
}

/* To a hub of the community, which is another than the source. Now and then it goes on from one that was sent before, as an answer to a
 * question does. */
static void withhold(sim_world *world, sim_node *node, const sim_act *act, size_t number)
{
    static const nrs_label labels[] = {NRS_LABEL_CLEAR, NRS_LABEL_GREEN, NRS_LABEL_AMBER, NRS_LABEL_AMBER_STRICT};
    sim_report *report = &world->oracle.reports[number];
    const sim_report *before = act->c % 3 == 0 ? some_withheld(world, act->b, node, NULL) : NULL;
    const sim_rosters *rosters = &world->communities[before != NULL ? before->community : act->b / 7 % world->community_count];
    const uint64_t hubs = rosters->hubs & ~(1ull << node->index);
    size_t via = (size_t)(act->other % world->options.hubs);
    json_t *command;

    via = (hubs & (1ull << via)) != 0 ? via : world->options.hubs - 1 - via;
    if ((hubs & (1ull << via)) == 0) {
        return;
    }
    *report = (sim_report){.state = SIM_REPORT_ASKED, .sender = node->index, .label = labels[act->a % 4], .patient = act->c % 5 != 0, .withheld = true,
                           .via = 1ull << via, .community = rosters->index, .quoted = before == NULL ? number : number_of(world, before)};
    report->to_community = report->label == NRS_LABEL_GREEN || (report->label != NRS_LABEL_AMBER_STRICT && (act->a >> 8) % 2 == 0);
    report->to = report->to_community ? 0 : (1ull << act->who / 7 % world->node_count) & ~(1ull << node->index);
    if (!report->to_community && report->to == 0) {
        report->state = SIM_REPORT_NONE;
        return;
    }
    command = sim_send_draft(world, report, act, number);
    (void)json_object_set_new(command, "command", json_string("send"));
    (void)json_object_set_new(command, "withhold_source", json_true());
    (void)json_object_set_new(command, "via", json_pack("[s]", world->nodes[via].org));
    if (before != NULL) {
        (void)json_object_set_new(command, "follows", json_string(before->id));
    }
    sim_ask(world, node, SIM_ASK_SEND, number, command);
}

/* Under the source's label, or another one: a looser one is refused. The subject says which report it is; the text is the source's. */
static void vouch(sim_world *world, sim_node *hub, const sim_act *act, size_t number)
{
    const sim_report *source = some_withheld(world, act->a, NULL, hub);
    sim_report *report = &world->oracle.reports[number];
    const nrs_label other = (nrs_label)(NRS_LABEL_CLEAR + act->c / 4 % 4);
    json_t *command;

    if (source == NULL) {
        return;
    }
    *report = (sim_report){.state = SIM_REPORT_ASKED, .sender = hub->index, .label = act->c % 4 == 0 ? other : source->label, .patient = source->patient,
                           .vouches = true, .quoted = number_of(world, source), .community = source->community, .to_community = source->to_community,
                           .to = source->to, .withdrawing = source->withdrawing, .conditions = source->conditions};
    report->inherits_closed = sim_oracle_closed(world, source);
    report->inherits_duty = sim_oracle_duty(world, source);
    command = json_pack("{s:s, s:s, s:s, s:o}", "command", "vouch", "id", source->id, "label", nrs_label_name(report->label), "subject",
                        json_sprintf("r%zu", number));
    sim_ask(world, hub, SIM_ASK_SEND, number, command);
}

static void question(sim_world *world, sim_node *hub, const sim_act *act)
{
    const sim_report *source = some_withheld(world, act->a, NULL, hub);

    if (source != NULL) {
        sim_ask(world, hub, SIM_ASK_QUESTION, number_of(world, source), json_pack("{s:s, s:s, s:s}", "command", "reply", "id", source->id, "body", "いつからか。"));
    }
}

size_t sim_withheld_published(const sim_world *world, const sim_node *node, uint64_t pick)
{
    for (size_t i = 0; i < world->plan.count; i++) {
        const size_t number = (size_t)((pick + i) % world->plan.count);
        const sim_report *report = &world->oracle.reports[number];

        if (report->vouches && report->version != 0 && report->sender != node->index && sim_check_may_read(world, node, report)) {
            return number;
        }
    }
    return world->plan.count;
}

void sim_withheld_do(sim_world *world, const sim_act *act, size_t number)
{
    sim_node *hub = &world->nodes[act->who % world->options.hubs];
    sim_node *node = act->type == SIM_ACT_WITHHOLD ? sim_world_node(world, act->who) : hub->there ? hub : NULL;

    if (node == NULL || node->core == NULL) {
        return;
    }
    if (act->type == SIM_ACT_WITHHOLD) {
        withhold(world, node, act, number);
    } else if (act->type == SIM_ACT_VOUCH) {
        vouch(world, node, act, number);
    } else {
        question(world, node, act);
    }
}

void sim_withheld_sent(sim_world *world, const sim_report *report)
{
    const sim_report *source = &world->oracle.reports[report->quoted];

    if (report->withheld) {
        sim_sometimes_hit(world, SIM_SOMETIMES_SOURCE_WITHHELD);
        sim_sometimes_add(world, SIM_SOMETIMES_SOURCE_WENT_ON, source == report ? 0 : 1);
    } else if (report->vouches) {
        sim_sometimes_hit(world, report->label > source->label ? SIM_SOMETIMES_VOUCHED_STRICTER : SIM_SOMETIMES_VOUCHED);
        if (report->label < source->label && world->nodes[report->sender].hostile == NULL) {
            sim_world_fail(world, "unlinked", "%s vouches for r%zu as r%zu under a looser label", world->nodes[report->sender].org, report->quoted,
                           number_of(world, report));
        }
    }
}

void sim_withheld_withdrawn(sim_world *world, const sim_report *report)
{
    for (bool more = report->withdrawing; more;) {
        more = false;
        for (size_t i = 0; i < world->plan.count; i++) {
            sim_report *one = &world->oracle.reports[i];

            if (!one->withdrawing && (one->vouches || one->forwards) && world->oracle.reports[one->quoted].withdrawing) {
                one->withdrawing = more = true;
            }
        }
    }
}
