/* A source that is withheld: nobody but itself and the hub that it chose sees its report, and nothing of what the hub publishes leads to it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "work.h"
#include "world.h"

static bool holds_bytes(nrs_slice in, const void *bytes, size_t size)
{
    const uint8_t first = ((const uint8_t *)bytes)[0];
    size_t at = 0;

    while (in.size >= size && at <= in.size - size) {
        const uint8_t *found = memchr(in.data + at, first, in.size - size + 1 - at);

        if (found == NULL) {
            return false;
        }
        if (memcmp(found, bytes, size) == 0) {
            return true;
        }
        at = (size_t)(found - in.data) + 1;
    }
    return false;
}

/* The source's report as it is known to be withheld; NULL when this one is not. A source that keeps no rules may tell whom it likes. */
static const sim_report *withheld_at(const sim_world *world, size_t number, uint8_t id_out[NRS_HASH_SIZE])
{
    const sim_report *report = &world->oracle.reports[number];

    return report->withheld && report->version != 0 && world->nodes[report->sender].hostile == NULL && nrs_hex_decode(id_out, NRS_HASH_SIZE, report->id) == NRS_OK ? report : NULL;
}

static bool may_know(const sim_report *report, size_t node)
{
    return node == report->sender || (report->via & (1ull << node)) != 0;
}

/* Names and keys of a source, and its report's id, in bytes that others see. */
static const char *leads_to(const sim_world *world, nrs_slice bytes, const sim_report *source, const uint8_t id[NRS_HASH_SIZE])
{
    const sim_node *node = &world->nodes[source->sender];
    const char *what = holds_bytes(bytes, id, NRS_HASH_SIZE) ? "the id of its report" : holds_bytes(bytes, node->org, strlen(node->org)) ? "its name" : NULL;

    for (size_t i = 0; i < node->key_count && what == NULL; i++) {
        const nrs_public_keys *keys = nrs_identity_public(node->keys[i].identity);

        what = holds_bytes(bytes, keys->sign_key, NRS_KEY_SIZE)               ? "its signing key"
               : holds_bytes(bytes, keys->agree_key, NRS_KEY_SIZE)            ? "its agreement key"
               : holds_bytes(bytes, keys->curve_key, NRS_KEY_SIZE)            ? "its link key"
               : holds_bytes(bytes, node->keys[i].hash, NRS_KEY_HASH_SIZE)    ? "its key's hash"
                                                                              : NULL;
    }
    return what;
}

/* What a hub has published, by its id. */
static const sim_report *published_as(sim_world *world, const uint8_t id[NRS_HASH_SIZE])
{
    char text[2 * NRS_HASH_SIZE + 1];
    const sim_report *report;

    nrs_hex_encode(text, id, NRS_HASH_SIZE);
    report = sim_oracle_by_id(world, text);
    return report != NULL && report->vouches ? report : NULL;
}

/* It leaves at the tick that its header names and not before, and says nothing of whence it came. Its slots are for members, of whom the
 * source is one like any other. */
static void check_published(sim_world *world, const sim_node *node, nrs_slice record, const nrs_sealed_view *view)
{
    uint8_t id[NRS_HASH_SIZE];
    const sim_report *report = published_as(world, view->id);
    const sim_report *source = report == NULL ? NULL : withheld_at(world, report->quoted, id);
    const char *what = source == NULL ? NULL : leads_to(world, record, source, id);

    if (what != NULL) {
        sim_world_fail(world, "unlinked", "%s sends what it vouched for, and in it is %s, of %s", node->org, what, world->nodes[source->sender].org);
    } else if (source != NULL && report->sender == node->index && sim_clocks_right(world) &&
               view->header->created_ms > sim_node_now_ms(world, node) + sim_clocks_apart_ms(world)) { /* a clock that is set back makes later what has left before */
        sim_world_fail(world, "unlinked", "%s sends what it vouched for %llu ms before its tick", node->org,
                       (unsigned long long)(view->header->created_ms - sim_node_now_ms(world, node)));
    } else if (source != NULL && (view->header->label < source->label || view->header->created_ms % SIM_VOUCH_TICK_MS != 0)) {
        sim_world_fail(world, "unlinked", "%s vouches under a looser label, or at no tick", node->org);
    }
}

static void check_item(sim_world *world, const sim_node *node, const Nrs__Wire__Item *item)
{
    for (size_t i = 0; i < item->n_records; i++) {
        nrs_record *record = NULL;
        nrs_sealed_view *view = NULL;

        if (nrs_record_decode(&record, nrs_field(&item->records[i])) == NRS_OK && record->type == NRS_RECORD_SEALED &&
            nrs_sealed_parse(&view, nrs_field(&record->payload)) == NRS_OK && view->header->attribution == NRS_ATTRIBUTION_VOUCHED) {
            check_published(world, node, nrs_field(&item->records[i]), view);
        }
        nrs_sealed_view_free(&view);
        nrs_record_free(&record);
    }
}

static void frame(sim_world *world, sim_node *node, sim_connection *connection, unsigned side, const nrs_frame *frame)
{
    const size_t peer = world->nodes[connection->node[1 - side]].owner;
    const nrs_slice payload = nrs_field(&frame->payload);
    nrs_items *items = NULL;

    if (frame->type != NRS_FRAME_ITEMS) {
        return;
    }
    for (size_t number = 0; number < world->plan.count; number++) {
        uint8_t id[NRS_HASH_SIZE];
        const sim_report *report = withheld_at(world, number, id);

        if (report != NULL && !(may_know(report, node->index) && may_know(report, peer)) && holds_bytes(payload, id, sizeof id)) {
            sim_world_fail(world, "unlinked", "%s sends %s something with the id of r%zu, whose source is withheld", node->org, world->nodes[peer].org, number);
        }
    }
    if (nrs_items_decode(&items, payload) == NRS_OK) {
        for (size_t i = 0; i < items->n_items; i++) {
            check_item(world, node, items->items[i]);
        }
    }
    nrs_items_free(&items);
}

/* A hub takes it from its source alone, and nobody else takes it at all. */
static void record(sim_world *world, sim_node *node, const nrs_log_row *row, const nrs_record *record)
{
    (void)record;
    if (node->hostile != NULL) {
        return;
    }
    for (size_t number = 0; number < world->plan.count; number++) {
        uint8_t id[NRS_HASH_SIZE];
        const sim_report *report = withheld_at(world, number, id);

        if (report == NULL) {
            continue;
        }
        if (!may_know(report, node->index) && (memcmp(row->id, id, sizeof id) == 0 || holds_bytes(row->record, id, sizeof id))) {
            sim_world_fail(world, "unlinked", "the log of %s holds something with the id of r%zu, whose source is withheld", node->org, number);
        } else if (node->index != report->sender && memcmp(row->id, id, sizeof id) == 0 && sim_check_node_of_key(world, row->source.data) != report->sender) {
            sim_world_fail(world, "unlinked", "%s takes r%zu, whose source is withheld, from another than that", node->org, number);
        }
    }
}

/* The withheld report behind what was published of it, or behind a reply to that; NULL for all else. */
static const sim_report *behind(const sim_world *world, const sim_report *report, uint8_t id_out[NRS_HASH_SIZE])
{
    const sim_report *published = report != NULL && report->replies ? &world->oracle.reports[report->quoted] : report;

    return published == NULL || !published->vouches ? NULL : withheld_at(world, published->quoted, id_out);
}

static bool names(const json_t *rows, const char *what)
{
    char *text = json_dumps(rows, JSON_COMPACT | JSON_SORT_KEYS);
    const bool found = text != NULL && strstr(text, what) != NULL;

    free(text);
    return found;
}

#define PLACES_OF_REPORT 2u
#define PLACES_OF_ASK 4u

/* But for these places, where the source may stand as any other does: let in by a release, or letting in; in an ask also whom it is for, or by. */
static bool names_apart(const json_t *row, const char *what, size_t count)
{
    static const char *const places[PLACES_OF_ASK] = {"let_in", "let_in_by", "to", "asked_for"};
    json_t *rest = json_copy((json_t *)(uintptr_t)row);
    bool found;

    for (size_t i = 0; i < count; i++) {
        (void)json_object_del(rest, places[i]);
    }
    found = names(rest, what);
    json_decref(rest);
    return found;
}

/* What people read of it: every word of the answer. */
static void shown(sim_world *world, sim_node *node, sim_report *report, const json_t *row)
{
    uint8_t id[NRS_HASH_SIZE];
    const sim_report *source = behind(world, report, id);

    if (report != NULL && report->withheld && world->nodes[report->sender].hostile == NULL && !may_know(report, node->index) && node->hostile == NULL) {
        sim_world_fail(world, "unlinked", "%s shows r%zu, whose source is withheld", node->org, (size_t)(report - world->oracle.reports));
    }
    if (source == NULL || may_know(source, node->index) || node->hostile != NULL) {
        return;
    }
    if (names(row, source->id) || (report->vouches && names_apart(row, world->nodes[source->sender].org, PLACES_OF_REPORT))) {
        sim_world_fail(world, "unlinked", "%s reads in r%zu of its source %s", node->org, (size_t)(report - world->oracle.reports),
                       world->nodes[source->sender].org);
    } else if (report->vouches && json_string_value(json_object_get(row, "body")) != NULL) {
        sim_sometimes_hit(world, SIM_SOMETIMES_VOUCHED_READ);
    }
}

/* As one who was let in, by a release or a consent of who wrote it, it stands there as any other does. */
static bool names_among_readers(const sim_world *world, const json_t *rows, const sim_report *report, const sim_node *source)
{
    nrs_label label;
    const bool let_in = sim_released_permits(world, source, report, &label, false) || sim_onward_permits(world, source, report, false);
    size_t index;
    const json_t *row;

    json_array_foreach(rows, index, row) {
        if (!(let_in && json_is_string(json_object_get(row, "let_in_by"))) && names(row, source->org)) {
            return true;
        }
    }
    return false;
}

/* Who has answered to the hub alone has a word of the hub alone, and of whom it has let in since. */
static void receipts(sim_world *world, sim_node *node, sim_report *report, const json_t *rows)
{
    uint8_t id[NRS_HASH_SIZE];
    const sim_report *source = behind(world, report, id);

    if (source == NULL || may_know(source, node->index) || node->hostile != NULL) {
        return;
    }
    if (names(rows, source->id) || (report->replies && !report->to_community && report->to != 1ull << source->sender && names_among_readers(world, rows, report, &world->nodes[source->sender]))) {
        sim_world_fail(world, "unlinked", "%s reads in the receipts of r%zu of the source %s", node->org, (size_t)(report - world->oracle.reports),
                       world->nodes[source->sender].org);
    }
}

/* Who asks what a hub vouches for reads nothing of whom the hub asks. */
static void asks(sim_world *world, sim_node *node, const json_t *rows)
{
    size_t index;
    const json_t *row;

    json_array_foreach(rows, index, row) {
        const char *about = json_string_value(json_object_get(row, "report"));
        uint8_t id[NRS_HASH_SIZE];
        const sim_report *source = about == NULL ? NULL : behind(world, sim_oracle_by_id(world, about), id);

        if (source == NULL || may_know(source, node->index) || !json_is_true(json_object_get(row, "sent"))) {
            continue;
        }
        if (names(row, source->id) || names_apart(row, world->nodes[source->sender].org, PLACES_OF_ASK)) {
            sim_world_fail(world, "unlinked", "%s reads in its ask about %.8s of the source %s", node->org, about, world->nodes[source->sender].org);
        }
    }
}

static void forwarded(sim_world *world, sim_report *report)
{
    if (world->oracle.reports[report->quoted].withheld && world->nodes[report->sender].hostile == NULL) {
        sim_world_fail(world, "unlinked", "%s passes on r%zu, whose source is withheld", world->nodes[report->sender].org, report->quoted);
    }
}

const sim_checker sim_checker_unlinked = {.name = "unlinked", .frame = frame, .record = record, .shown = shown, .receipts = receipts, .asks = asks, .forwarded = forwarded};
