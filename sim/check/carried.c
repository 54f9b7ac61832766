/* A reply to what a hub has vouched for comes to the source that the hub does not name: whole or in pieces, once, under its own label, and as it
 * was written (SPEC 6.11). */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "send.h"
#include "world.h"

#define ONE_PIECE 2000u /* a text of so many bytes fits into one statement */

static const sim_report *published_of(const sim_world *world, const sim_report *reply)
{
    const sim_report *published = &world->oracle.reports[reply->quoted];

    return reply->replies && published->vouches ? published : NULL;
}

/* Whether a text is a piece of what was written. first_out: its beginning. */
static bool is_piece(const sim_world *world, size_t number, const char *text, bool *first_out, bool *whole_out)
{
    char *body = sim_send_body(world, number);
    const char *at = strstr(body, text);
    const bool found = at != NULL;

    *first_out = at == body;
    *whole_out = strcmp(body, text) == 0;
    free(body);
    return found;
}

/* The reply that this is a piece of; NULL: nobody wrote it about what was published of this source's report. */
static sim_report *reply_of(sim_world *world, size_t source, const json_t *row, bool *first_out, bool *whole_out)
{
    for (size_t number = 0; number < world->plan.count; number++) {
        sim_report *reply = &world->oracle.reports[number];
        const sim_report *published = reply->state == SIM_REPORT_NONE ? NULL : published_of(world, reply);

        if (published != NULL && published->quoted == source && strcmp(world->nodes[reply->sender].org, sim_text_at(row, "by")) == 0 &&
            is_piece(world, number, sim_text_at(row, "text"), first_out, whole_out)) {
            return reply;
        }
    }
    return NULL;
}

static void check_one(sim_world *world, const sim_node *node, size_t source, const json_t *replies, size_t index)
{
    const json_t *row = json_array_get(replies, index);
    bool first = false, whole = false;
    sim_report *reply = reply_of(world, source, row, &first, &whole);
    const sim_report *published = reply == NULL ? NULL : published_of(world, reply);

    if (reply == NULL) {
        sim_world_fail(world, "carried", "%s reads a reply to r%zu by %s that this one has not written", node->org, source, sim_text_at(row, "by"));
        return;
    }
    if (strcmp(sim_text_at(row, "label"), nrs_label_name(reply->label)) != 0 || reply->label < published->label || reply->label > NRS_LABEL_AMBER) {
        sim_world_fail(world, "carried", "%s reads r%zu, a reply under %s, as %s", node->org, (size_t)(reply - world->oracle.reports),
                       nrs_label_name(reply->label), sim_text_at(row, "label"));
    }
    for (size_t i = 0; i < index && first; i++) {
        if (strcmp(sim_text_at(json_array_get(replies, i), "text"), sim_text_at(row, "text")) == 0) {
            sim_world_fail(world, "carried", "r%zu is carried to %s twice", (size_t)(reply - world->oracle.reports), node->org);
        }
    }
    sim_sometimes_add(world, SIM_SOMETIMES_REPLY_CARRIED, reply->carried ? 0 : 1);
    sim_sometimes_add(world, SIM_SOMETIMES_PIECES_CARRIED, first || whole ? 0 : 1);
    reply->carried = true;
}

/* What a hub that keeps no rules says, nobody else has signed. */
static void shown(sim_world *world, sim_node *node, sim_report *report, const json_t *row)
{
    const json_t *replies = json_object_get(row, "replies");

    if (report == NULL || !report->withheld || report->sender != node->index || node->hostile != NULL || (report->via & sim_check_hostile(world)) != 0) {
        return;
    }
    for (size_t i = 0; i < json_array_size(replies); i++) {
        if (json_string_value(json_object_get(json_array_get(replies, i), "text")) != NULL) {
            check_one(world, node, (size_t)(report - world->oracle.reports), replies, i);
        }
    }
}

/* Of one organisation what it writes about one report within an hour waits for the end of that. */
static bool only_one(const sim_world *world, const sim_report *reply)
{
    for (size_t number = 0; number < world->plan.count; number++) {
        const sim_report *other = &world->oracle.reports[number];

        if (other != reply && other->state != SIM_REPORT_NONE && other->state != SIM_REPORT_REFUSED && other->replies && other->quoted == reply->quoted &&
            other->sender == reply->sender) {
            return false;
        }
    }
    return true;
}

static bool short_enough(const sim_world *world, const sim_report *reply)
{
    char *body = sim_send_body(world, (size_t)(reply - world->oracle.reports));
    const bool fits = strlen(body) <= ONE_PIECE;

    free(body);
    return fits;
}

/* It is sent to the hub alone, which carries it at its next tick: while all of them have what it is about, and nobody changes keys or sleeps over the
 * tick. Where the source may not read it, for want of a duty or behind a disclaimer of its own, or has left, it is not. */
static bool promised(const sim_world *world, const sim_report *reply, const sim_report *published)
{
    const sim_report *source = &world->oracle.reports[published->quoted];
    const sim_rosters *home = &world->communities[source->community];
    const size_t hub = published->sender, from = source->sender;
    const uint64_t both = 1ull << hub | 1ull << from;

    return sim_clocks_right(world) && world->leap_ms == 0 && sim_check_undisturbed(&world->nodes[hub]) && sim_check_undisturbed(&world->nodes[from]) &&
           sim_check_undisturbed(&world->nodes[reply->sender]) && reply->sender != hub && reply->label <= NRS_LABEL_AMBER && reply->to == 1ull << hub &&
           !reply->to_community && reply->community == source->community && sim_arrives_promised(world, reply, hub) &&
           (published->readers & (1ull << reply->sender)) != 0 && !(reply->withdrawing || published->withdrawing || source->withdrawing) &&
           ((reply->forgetting | published->forgetting | source->forgetting) & both) == 0 && sim_arrives_had_time(world, source) &&
           sim_arrives_had_time(world, published) && !sim_oracle_closed(world, reply) &&
           sim_arrives_stayed(home, source->version, from, sim_oracle_duty(world, reply)) && short_enough(world, reply) && only_one(world, reply);
}

static void end(sim_world *world)
{
    for (size_t number = 0; number < world->plan.count; number++) {
        const sim_report *reply = &world->oracle.reports[number];
        const sim_report *published = reply->version == 0 ? NULL : published_of(world, reply);

        if (published != NULL && !reply->carried && promised(world, reply, published)) {
            sim_world_fail(world, "carried", "r%zu, a reply of %s to r%zu, does not come to the source", number, world->nodes[reply->sender].org, reply->quoted);
        }
    }
}

const sim_checker sim_checker_carried = {.name = "carried", .shown = shown, .end = end};
