#include "world.h"

#include "mesh_look.h"
#include "proto/wire.h"

mesh net;
const char *const who[NODE_COUNT] = {"hub", "source", "reader", "other", "ministry", "gas-hub", "gas-member", "gas-ministry"};
nrs_error world_refusal;
static mesh_second gas;

/* What a test hands over in a node's name, that node's engine knows nothing of: it is not to hear how it was answered. */
static bool swallow_confirms(void *context, size_t from, size_t to, nrs_slice bytes)
{
    nrs_frame *frame = NULL;
    nrs_confirm *confirm = NULL;

    (void)context;
    (void)from;
    (void)to;
    if (nrs_frame_decode(&frame, bytes) == NRS_OK && frame->type == NRS_FRAME_CONFIRM && nrs_confirm_decode(&confirm, nrs_field(&frame->payload)) == NRS_OK) {
        net.swallow = confirm->position >= WORLD_GIVEN_POSITION;
        world_refusal = net.swallow && confirm->n_refusals > 0 ? (nrs_error)confirm->refusals[confirm->n_refusals - 1]->error : world_refusal;
    }
    nrs_confirm_free(&confirm);
    nrs_frame_free(&frame);
    return true;
}

void world_recognise(void)
{
    mesh_second_recognised(&net, &gas);
}

void world_start(bool here, bool there)
{
    static const size_t nodes[] = {HUB, GAS_HUB, GAS_MEMBER, GAS_MINISTRY};
    static const uint32_t roles[] = {NRS_ROLE_OPERATOR, NRS_ROLE_HUB, NRS_ROLE_OPERATOR, NRS_ROLE_MINISTRY};

    mesh_start(&net, 4, 1);
    for (size_t node = MINISTRY; node < NODE_COUNT; node++) {
        char org[16];

        (void)snprintf(org, sizeof org, "org-%zu", node);
        assert_int_equal(mesh_add_node(&net, org), node);
    }
    mesh_join(&net, MINISTRY, NRS_ROLE_MINISTRY);
    mesh_settle(&net, 4);
    mesh_second_start(&net, &gas, "gas", nodes, roles, COUNT(nodes), there);
    if (here) {
        world_recognise();
    }
    mesh_settle(&net, 4);
    net.inspect = swallow_confirms;
}

void world_stop(void)
{
    mesh_stop(&net);
    mesh_second_stop(&gas);
    gas = (mesh_second){0};
}

void world_gas_change(void (*edit)(void *context, nrs_roster *next), void *context)
{
    mesh_second_change(&net, &gas, GAS_HUB, edit, context);
    mesh_settle(&net, 4);
}

nrs_error world_send(size_t node, const char *label, const char *to, const char *more, char id_out[ID_SIZE])
{
    nrs_error error = mesh_ask(&net, node, "{\"command\":\"send\",\"label\":\"%s\",\"to\":[%s],\"kind\":\"incident\",\"subject\":\"件名\",\"body\":\"本文\"%s}",
                               label, to, more);

    id_out[0] = '\0';
    if (error == NRS_OK) {
        (void)snprintf(id_out, ID_SIZE, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
    }
    return error;
}

size_t world_pick(uint32_t *state, size_t n)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state % n;
}

const json_t *world_row_of(const json_t *rows, const char *id)
{
    for (size_t i = 0; i + 1 < json_array_size(rows); i++) { /* the last says how it went */
        const json_t *row = json_array_get(rows, i);

        if (strcmp(mesh_text(row, "id"), id) == 0) {
            return row;
        }
    }
    return NULL;
}

bool world_lists(size_t node, const char *id)
{
    return mesh_has(&net, node, id);
}

const char *world_word(nrs_error error)
{
    return error == NRS_OK ? "ok" : nrs_error_rule(error);
}

const char *world_about(size_t node, const char *command, const char *id, const char *more)
{
    return world_word(mesh_ask(&net, node, "{\"command\":\"%s\",\"id\":\"%s\"%s}", command, id, more));
}

size_t world_audited(size_t node, const char *kind, const char *rule)
{
    size_t count = 0;

    OK(mesh_ask(&net, node, "{\"command\":\"audit-list\",\"kind\":\"%s\"}", kind));
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        count += strcmp(mesh_text(mesh_row(&net, node, i), "rule"), rule) == 0;
    }
    return count;
}
