#include "frame.h"

#include <string.h>

#include "keys/seal.h"
#include "picture.h"
#include "proto/carrier.h"
#include "world.h"

static const char *frame_name(uint32_t type)
{
    static const char *const names[] = {"?", "hello", "items", "confirm", "ping", "pong", "bye"};

    return names[type < sizeof names / sizeof names[0] ? type : 0];
}

void sim_frame_describe(char text_out[SIM_FRAME_TEXT], const nrs_frame *frame, size_t size)
{
    nrs_slice payload = frame == NULL ? nrs_slice_of(NULL, 0) : nrs_field(&frame->payload);
    nrs_items *items = NULL;
    nrs_confirm *confirm = NULL;
    nrs_hello *hello = NULL;
    nrs_bye *bye = NULL;

    if (frame == NULL) {
        (void)snprintf(text_out, SIM_FRAME_TEXT, "%zu bytes that are no frame", size);
        return;
    }
    (void)snprintf(text_out, SIM_FRAME_TEXT, "%s", frame_name(frame->type));
    if (frame->type == NRS_FRAME_ITEMS && nrs_items_decode(&items, payload) == NRS_OK) {
        (void)snprintf(text_out, SIM_FRAME_TEXT, "items %llu…%llu", (unsigned long long)items->items[0]->position,
                       (unsigned long long)items->items[items->n_items - 1]->position);
    } else if (frame->type == NRS_FRAME_CONFIRM && nrs_confirm_decode(&confirm, payload) == NRS_OK) {
        (void)snprintf(text_out, SIM_FRAME_TEXT, "confirm %llu, %zu refused, %zu deferred", (unsigned long long)confirm->position, confirm->n_refusals,
                       confirm->n_deferred);
    } else if (frame->type == NRS_FRAME_HELLO && nrs_hello_decode(&hello, payload) == NRS_OK) {
        (void)snprintf(text_out, SIM_FRAME_TEXT, "hello, holds %llu, roster %llu", (unsigned long long)hello->position,
                       (unsigned long long)(hello->n_heads == 0 ? 0 : hello->heads[0]->version));
    } else if (frame->type == NRS_FRAME_BYE && nrs_bye_decode(&bye, payload) == NRS_OK) {
        (void)snprintf(text_out, SIM_FRAME_TEXT, "bye: %s", nrs_error_rule((nrs_error)bye->error));
    }
    nrs_items_free(&items);
    nrs_confirm_free(&confirm);
    nrs_hello_free(&hello);
    nrs_bye_free(&bye);
}

/* ---- What its items hold ---- */

static const char *record_name(uint32_t type)
{
    static const char *const names[NRS_RECORD_RELEASE + 1] = {
        [NRS_RECORD_SEALED] = "report",           [NRS_RECORD_SLOT_TABLE] = "slots",        [NRS_RECORD_SLOT_PATH] = "slot",
        [NRS_RECORD_GRANT] = "grant",             [NRS_RECORD_CARD] = "card",               [NRS_RECORD_PREKEYS] = "prekeys",
        [NRS_RECORD_ROSTER] = "roster",           [NRS_RECORD_ENVELOPE] = "envelope",       [NRS_RECORD_FRESHNESS] = "freshness",
        [NRS_RECORD_ROSTER_DELTA] = "roster's piece", [NRS_RECORD_FORK] = "fork",           [NRS_RECORD_KEY_CHANGE] = "change of keys",
        [NRS_RECORD_EQUIVOCATION] = "two under one number", [NRS_RECORD_AUDIT_CHECKPOINT] = "checkpoint", [NRS_RECORD_AUDIT_COSIGNATURE] = "cosignature",
        [NRS_RECORD_RELEASE] = "release",
    };

    return type < sizeof names / sizeof names[0] && names[type] != NULL ? names[type] : "?";
}

/* A report is told by the beginning of its id, and by its act once it is known which that was. */
static size_t put_record(sim_world *world, char *text_out, size_t size, nrs_slice bytes)
{
    nrs_record *record = NULL;
    nrs_sealed_view *view = NULL;
    char id[2 * NRS_HASH_SIZE + 1];
    const sim_report *report = NULL;
    int used;

    if (nrs_record_decode(&record, bytes) != NRS_OK) {
        return (size_t)snprintf(text_out, size, "?");
    }
    used = snprintf(text_out, size, "%s", record_name(record->type));
    if (record->type == NRS_RECORD_SEALED && nrs_sealed_parse(&view, nrs_field(&record->payload)) == NRS_OK) {
        nrs_hex_encode(id, view->id, NRS_HASH_SIZE);
        report = sim_oracle_by_id(world, id);
        used = snprintf(text_out, size, "report %.8s", id);
        used += report == NULL ? 0 : snprintf(text_out + used, size - (size_t)used, " (r%zu)", (size_t)(report - world->oracle.reports));
    }
    nrs_sealed_view_free(&view);
    nrs_record_free(&record);
    return (size_t)used;
}

#define ITEM_SIZE 96u

static void item_text(sim_world *world, char text_out[ITEM_SIZE], const Nrs__Wire__Item *item)
{
    size_t used = 0;

    text_out[0] = '\0';
    for (size_t i = 0; i < item->n_records && used + 48 < ITEM_SIZE; i++) {
        used += (size_t)snprintf(text_out + used, ITEM_SIZE - used, "%s", i == 0 ? "" : " + ");
        used += put_record(world, text_out + used, ITEM_SIZE - used, nrs_field(&item->records[i]));
    }
}

/* " {report 1a2b3c4d (r7) + slots, envelope ×3}"; nothing for a frame without items, and where nobody reads it. */
static void contents(sim_world *world, char text_out[SIM_FRAME_ITEMS], const nrs_frame *frame)
{
    nrs_items *items = NULL;
    size_t used = 0, next;

    text_out[0] = '\0';
    if ((world->trace.file == NULL && world->trace.picture == NULL) || frame == NULL || frame->type != NRS_FRAME_ITEMS ||
        nrs_items_decode(&items, nrs_field(&frame->payload)) != NRS_OK) {
        return;
    }
    for (size_t i = 0; i < items->n_items; i = next) {
        char text[ITEM_SIZE], other[ITEM_SIZE];

        item_text(world, text, items->items[i]);
        for (next = i + 1; next < items->n_items; next++) {
            item_text(world, other, items->items[next]);
            if (strcmp(text, other) != 0) {
                break;
            }
        }
        if (used + strlen(text) + 40 > SIM_FRAME_ITEMS && i > 0) {
            used += (size_t)snprintf(text_out + used, SIM_FRAME_ITEMS - used, ", … %zu more", items->n_items - i);
            break;
        }
        used += (size_t)snprintf(text_out + used, SIM_FRAME_ITEMS - used, next == i + 1 ? "%s%s" : "%s%s ×%zu", i == 0 ? " {" : ", ", text, next - i);
    }
    (void)snprintf(text_out + used, SIM_FRAME_ITEMS - used, "}");
    nrs_items_free(&items);
}

#define WHOLE_SIZE (3 * SIM_FRAME_TEXT + SIM_FRAME_ITEMS)

static void tell(sim_world *world, const sim_node *node, const sim_node *to, const nrs_frame *frame, size_t size, const char *deed, sim_arrow how)
{
    const char *arrow = how == SIM_ARROW_WITHHELD ? "↛" : "→", *before = deed == NULL ? "" : " [", *behind = deed == NULL ? "" : "]";
    char text[SIM_FRAME_TEXT], items[SIM_FRAME_ITEMS], said[WHOLE_SIZE], shown[WHOLE_SIZE], drawn[WHOLE_SIZE];

    deed = deed == NULL ? "" : deed;
    sim_frame_describe(text, frame, size);
    contents(world, items, frame);
    (void)snprintf(said, sizeof said, "%s %s: %s%s%s%s", arrow, to->called, text, before, deed, behind);
    (void)snprintf(shown, sizeof shown, "%s %s: %s%s%s%s%s", arrow, to->called, text, items, before, deed, behind);
    (void)snprintf(drawn, sizeof drawn, "%s%s%s%s%s", text, items, before, deed, behind);
    sim_trace_frame(world, node, said, shown);
    sim_picture_arrow(world, node->index, to->index, drawn, how);
}

void sim_frame_sent(sim_world *world, const sim_node *node, const sim_connection *connection, unsigned side, const nrs_frame *frame, size_t size,
                    const char *deed)
{
    tell(world, node, &world->nodes[connection->node[1 - side]], frame, size, deed, deed == NULL ? SIM_ARROW_PLAIN : SIM_ARROW_HOSTILE);
}

void sim_frame_withheld(sim_world *world, const sim_node *node, const sim_connection *connection, unsigned side, const nrs_frame *frame, const char *deed)
{
    tell(world, node, &world->nodes[connection->node[1 - side]], frame, 0, deed, SIM_ARROW_WITHHELD);
}
