#include "frame.h"

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

void sim_frame_sent(sim_world *world, const sim_node *node, const sim_connection *connection, unsigned side, const nrs_frame *frame, size_t size,
                    const char *deed)
{
    const sim_node *to = &world->nodes[connection->node[1 - side]];
    char text[SIM_FRAME_TEXT], whole[3 * SIM_FRAME_TEXT];

    sim_frame_describe(text, frame, size);
    (void)snprintf(whole, sizeof whole, deed == NULL ? "%s" : "%s [%s]", text, deed);
    sim_trace_line(world, node, "→ %s: %s", to->called, whole);
    sim_picture_arrow(world, node->index, to->index, whole, deed == NULL ? SIM_ARROW_PLAIN : SIM_ARROW_HOSTILE);
}

void sim_frame_withheld(sim_world *world, const sim_node *node, const sim_connection *connection, unsigned side, const nrs_frame *frame, const char *deed)
{
    const sim_node *to = &world->nodes[connection->node[1 - side]];
    char text[SIM_FRAME_TEXT], whole[3 * SIM_FRAME_TEXT];

    sim_frame_describe(text, frame, 0);
    (void)snprintf(whole, sizeof whole, "%s [%s]", text, deed);
    sim_trace_line(world, node, "↛ %s: %s", to->called, whole);
    sim_picture_arrow(world, node->index, to->index, whole, SIM_ARROW_WITHHELD);
}
