/* A reply to what a hub has vouched for comes to the source that the hub does not name: whole or in pieces, once, under its own label, and as it
 * was written (SPEC 6.11). */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "send.h"
#include "world.h"

#define TEXT_BEGINS "text of r" /* as sim_send_text has it */
#define PIECE_MIN (NRS_QUESTION_SIZE_MAX - sizeof SIM_DUTY) /* what is not the end of a text fills a statement, beside the name of a duty */
#define PIECES_MAX 2u /* so many leave in the time that there is */

static const sim_report *published_of(const sim_world *world, const sim_report *reply)
{
    const sim_report *published = &world->oracle.reports[reply->quoted];

    return reply->replies && published->vouches ? published : NULL;
}

/* Ends where the whole text does, or where a statement is full: of its own hub, under duties that it names, or of one that has passed it on. */
static bool ends_rightly(size_t end, size_t size, size_t whole)
{
    return end == whole || size >= PIECE_MIN || end % NRS_QUESTION_SIZE_MAX == 0;
}

/* Whether a text stands in what was written from here on, up to where a piece ends. */
static bool is_next(const sim_world *world, const sim_report *reply, const char *text)
{
    char *body = sim_send_body(world, (size_t)(reply - world->oracle.reports));
    const size_t size = strlen(text), whole = strlen(body);
    const bool fits = size > 0 && reply->reading + size <= whole && memcmp(body + reply->reading, text, size) == 0 &&
                      ends_rightly(reply->reading + size, size, whole);

    free(body);
    return fits;
}

static bool is_somewhere(const sim_world *world, const sim_report *reply, const char *text)
{
    char *body = sim_send_body(world, (size_t)(reply - world->oracle.reports));
    const bool found = strstr(body, text) != NULL;

    free(body);
    return found;
}

/* The reply that this is a piece of; NULL: nobody wrote it about what was published of this source's report. next: it follows what came of it before. */
static sim_report *reply_of(sim_world *world, size_t source, const json_t *row, bool next)
{
    for (size_t number = 0; number < world->plan.count; number++) {
        sim_report *reply = &world->oracle.reports[number];
        const sim_report *published = reply->state == SIM_REPORT_NONE ? NULL : published_of(world, reply);

        if (published != NULL && published->quoted == source && strcmp(world->nodes[reply->sender].org, sim_text_at(row, "by")) == 0 &&
            (next ? is_next : is_somewhere)(world, reply, sim_text_at(row, "text"))) {
            return reply;
        }
    }
    return NULL;
}

/* Pieces leave in their order and come by one way after the other: only who keeps no rules turns them round, and only a clock that is wrong, or a disk
 * that was put back, loses one of them. */
static bool in_order(const sim_world *world, const sim_report *source, const sim_report *published)
{
    return sim_clocks_right(world) && world->leap_ms == 0 && (world->communities[source->community].hubs & sim_check_hostile(world)) == 0 &&
           sim_check_undisturbed(&world->nodes[published->sender]) && sim_check_undisturbed(&world->nodes[source->sender]);
}

static void check_one(sim_world *world, const sim_node *node, size_t source, const json_t *row)
{
    sim_report *next = reply_of(world, source, row, true), *reply = next != NULL ? next : reply_of(world, source, row, false);
    const sim_report *published = reply == NULL ? NULL : published_of(world, reply);
    const char *text = sim_text_at(row, "text");

    if (reply == NULL) {
        sim_world_fail(world, "carried", "%s reads a reply to r%zu by %s that this one has not written", node->org, source, sim_text_at(row, "by"));
        return;
    }
    if (strcmp(sim_text_at(row, "label"), nrs_label_name(reply->label)) != 0 || reply->label < published->label || reply->label > NRS_LABEL_AMBER) {
        sim_world_fail(world, "carried", "%s reads r%zu, a reply under %s, as %s", node->org, (size_t)(reply - world->oracle.reports),
                       nrs_label_name(reply->label), sim_text_at(row, "label"));
    }
    if (next == NULL && in_order(world, &world->oracle.reports[source], published)) {
        sim_world_fail(world, "carried", "%s reads %zu bytes of r%zu, which are no piece of it behind the %zu before", node->org, strlen(text),
                       (size_t)(reply - world->oracle.reports), reply->reading);
    }
    reply->reading += next == NULL ? 0 : strlen(text);
    sim_sometimes_add(world, SIM_SOMETIMES_REPLY_CARRIED, reply->carried == 0 ? 1 : 0);
    sim_sometimes_add(world, SIM_SOMETIMES_PIECES_CARRIED, reply->carried != 0 && reply->reading > reply->carried ? 1 : 0);
    reply->carried = reply->reading > reply->carried ? reply->reading : reply->carried;
}

/* Whatever else may be lost, nothing comes twice. */
static void check_twice(sim_world *world, const sim_node *node, const json_t *replies)
{
    for (size_t i = 0; i < json_array_size(replies); i++) {
        const json_t *row = json_array_get(replies, i);

        for (size_t k = 0; k < i; k++) {
            if (strncmp(sim_text_at(row, "text"), TEXT_BEGINS, strlen(TEXT_BEGINS)) == 0 &&
                strcmp(sim_text_at(json_array_get(replies, k), "text"), sim_text_at(row, "text")) == 0) {
                sim_world_fail(world, "carried", "a reply of %s is carried to %s twice", sim_text_at(row, "by"), node->org);
            }
        }
    }
}

/* What a hub that keeps no rules says, nobody else has signed. */
static void shown(sim_world *world, sim_node *node, sim_report *report, const json_t *row)
{
    const json_t *replies = json_object_get(row, "replies");

    if (report == NULL || !report->withheld || report->sender != node->index || node->hostile != NULL || (report->via & sim_check_hostile(world)) != 0) {
        return;
    }
    for (size_t number = 0; number < world->plan.count; number++) {
        world->oracle.reports[number].reading = 0;
    }
    for (size_t i = 0; i < json_array_size(replies); i++) {
        if (json_string_value(json_object_get(json_array_get(replies, i), "text")) != NULL) {
            check_one(world, node, (size_t)(report - world->oracle.reports), json_array_get(replies, i));
        }
    }
    check_twice(world, node, replies);
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

static size_t size_of(const sim_world *world, const sim_report *reply)
{
    char *body = sim_send_body(world, (size_t)(reply - world->oracle.reports));
    const size_t size = strlen(body);

    free(body);
    return size;
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
           sim_arrives_stayed(home, source->version, from, sim_oracle_duty(world, reply)) && size_of(world, reply) <= PIECES_MAX * PIECE_MIN && only_one(world, reply);
}

static void end(sim_world *world)
{
    for (size_t number = 0; number < world->plan.count; number++) {
        const sim_report *reply = &world->oracle.reports[number];
        const sim_report *published = reply->version == 0 ? NULL : published_of(world, reply);

        if (published != NULL && promised(world, reply, published) && reply->carried != size_of(world, reply)) {
            sim_world_fail(world, "carried", "of r%zu, a reply of %s to r%zu, %zu bytes of %zu come to the source", number, world->nodes[reply->sender].org,
                           reply->quoted, reply->carried, size_of(world, reply));
        }
    }
}

const sim_checker sim_checker_carried = {.name = "carried", .shown = shown, .end = end};
