#include "mesh_look.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

size_t mesh_listed(mesh *net, size_t node)
{
    assert_int_equal(mesh_command(net, node, "{\"command\":\"list\"}"), NRS_OK);
    return mesh_row_count(net, node);
}

/* Of the last answer. */
static const json_t *row_with_id(const mesh *net, size_t node, const char *id)
{
    for (size_t i = 0; i < mesh_row_count(net, node); i++) {
        const json_t *row = mesh_row(net, node, i);

        if (strcmp(mesh_text(row, "id"), id) == 0) {
            return row;
        }
    }
    return NULL;
}

const json_t *mesh_listed_row(mesh *net, size_t node, const char *id)
{
    (void)mesh_listed(net, node);
    return row_with_id(net, node, id);
}

const json_t *mesh_ask_row(mesh *net, size_t node, const char *id)
{
    assert_int_equal(mesh_command(net, node, "{\"command\":\"release-list\"}"), NRS_OK);
    return row_with_id(net, node, id);
}

bool mesh_has(mesh *net, size_t node, const char *id)
{
    return mesh_listed_row(net, node, id) != NULL;
}

const json_t *mesh_status(mesh *net, size_t node)
{
    assert_int_equal(mesh_command(net, node, "{\"command\":\"status\"}"), NRS_OK);
    return mesh_row(net, node, 0);
}

long long mesh_rows_read(mesh *net, size_t node)
{
    return mesh_number(json_object_get(mesh_status(net, node), "log_read"), "rows");
}

bool mesh_warned(mesh *net, size_t node, const char *words)
{
    const json_t *warnings = json_object_get(mesh_status(net, node), "warnings");

    assert_true(json_is_array(warnings));
    for (size_t i = 0; i < json_array_size(warnings); i++) {
        if (strstr(json_string_value(json_array_get(warnings, i)), words) != NULL) {
            return true;
        }
    }
    return false;
}

long long mesh_missing(mesh *net, size_t node, const char *from, const char *state)
{
    const json_t *gaps = json_object_get(mesh_status(net, node), "gaps");
    long long count = 0;

    assert_non_null(gaps);
    for (size_t i = 0; i < json_array_size(gaps); i++) {
        const json_t *gap = json_array_get(gaps, i);

        if (strcmp(mesh_text(gap, "from"), from) == 0 && strcmp(mesh_text(gap, "state"), state) == 0) {
            count += mesh_number(gap, "count");
        }
    }
    return count;
}

size_t mesh_alarms(mesh *net, size_t node)
{
    assert_int_equal(mesh_command(net, node, "{\"command\":\"audit-list\",\"kind\":\"alarm\"}"), NRS_OK);
    return mesh_row_count(net, node);
}
