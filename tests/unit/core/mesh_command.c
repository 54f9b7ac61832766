#include "mesh.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

nrs_error mesh_command(mesh *net, size_t node, const char *command)
{
    json_error_t where;
    json_t *parsed = json_loads(command, 0, &where);
    nrs_event event = {.type = NRS_EVENT_COMMAND, .user = "tester", .command = parsed, .request = 1};
    const json_t *last;
    const char *rule;
    nrs_error error;

    assert_non_null(parsed);
    json_decref(net->nodes[node].reply);
    net->nodes[node].reply = NULL;
    error = mesh_step(net, node, &event);
    json_decref(parsed);
    assert_non_null(net->nodes[node].reply);
    last = json_array_get(net->nodes[node].reply, json_array_size(net->nodes[node].reply) - 1);
    rule = json_string_value(json_object_get(last, "rule"));
    return rule == NULL ? error : nrs_error_from_rule(rule);
}

size_t mesh_row_count(const mesh *net, size_t node)
{
    return json_array_size(net->nodes[node].reply) - 1;
}

json_int_t mesh_number(const json_t *row, const char *key)
{
    return json_integer_value(json_object_get(row, key));
}

const json_t *mesh_row(const mesh *net, size_t node, size_t index)
{
    assert_true(index < mesh_row_count(net, node));
    return json_array_get(net->nodes[node].reply, index);
}

nrs_error mesh_ask(mesh *net, size_t node, const char *format, ...)
{
    char request[2048];
    va_list arguments;

    va_start(arguments, format);
    assert_true(vsnprintf(request, sizeof request, format, arguments) < (int)sizeof request);
    va_end(arguments);
    return mesh_command(net, node, request);
}

const char *mesh_text(const json_t *row, const char *key)
{
    const char *value = json_string_value(json_object_get(row, key));

    return value == NULL ? "" : value;
}
