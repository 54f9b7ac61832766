#include "mesh_audit.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

void mesh_audit_act(mesh *net, size_t node, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        assert_int_equal(mesh_command(net, node, "{\"command\":\"send\",\"label\":\"RED\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"),
                         NRS_ERROR_LABEL_FORBIDS);
    }
}

void mesh_audit_checkpoint(mesh *net, size_t node)
{
    assert_int_equal(mesh_command(net, node, "{\"command\":\"audit-checkpoint\"}"), NRS_OK);
}

const json_t *mesh_audit_own(mesh *net, size_t node)
{
    const json_t *found = NULL;

    assert_int_equal(mesh_command(net, node, "{\"command\":\"audit-signed\"}"), NRS_OK);
    for (size_t i = 0; i < mesh_row_count(net, node); i++) {
        if (strcmp(mesh_text(mesh_row(net, node, i), "state"), "own") == 0) {
            found = mesh_row(net, node, i);
        }
    }
    assert_non_null(found);
    return found;
}

size_t mesh_audit_cosigners(mesh *net, size_t node)
{
    return json_array_size(json_object_get(mesh_audit_own(net, node), "cosigned_by"));
}

const json_t *mesh_audit_watched(mesh *net, size_t hub, size_t node)
{
    assert_int_equal(mesh_command(net, hub, "{\"command\":\"audit-signed\"}"), NRS_OK);
    for (size_t i = 0; i < mesh_row_count(net, hub); i++) {
        const json_t *row = mesh_row(net, hub, i);

        if (strcmp(mesh_text(row, "org"), net->nodes[node].org) == 0 && strcmp(mesh_text(row, "state"), "own") != 0) {
            return row;
        }
    }
    return NULL;
}
