#include "trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "picture.h"
#include "world.h"

void sim_trace_begin(sim_world *world)
{
    sim_trace *trace = &world->trace;

    (void)crypto_generichash_init(&trace->hash, NULL, 0, 32);
    if (world->options.trace != NULL) {
        trace->file = fopen(world->options.trace, "w");
        if (trace->file == NULL) {
            (void)fprintf(stderr, "cannot write %s\n", world->options.trace);
        } else {
            (void)setvbuf(trace->file, NULL, _IOLBF, BUFSIZ); /* whole up to the line before a fall */
        }
    }
    sim_picture_begin(world);
}

void sim_trace_take_up(sim_world *world)
{
    world->trace.file = world->options.trace == NULL ? NULL : fopen(world->options.trace, "a");
    sim_picture_take_up(world);
}

#define LINE_SIZE 768u

/* When, and whose. Returns: the characters. */
static int begin(char line_out[LINE_SIZE], const sim_world *world, const sim_node *node)
{
    return snprintf(line_out, LINE_SIZE, "%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ".%03" PRIu64 " %-10s ", world->now_ms / 3600000,
                    world->now_ms / 60000 % 60, world->now_ms / 1000 % 60, world->now_ms % 1000, node == NULL ? "-" : node->called);
}

static void put(sim_world *world, const char *line, const char *shown)
{
    (void)crypto_generichash_update(&world->trace.hash, (const unsigned char *)line, strlen(line));
    world->trace.lines++;
    if (world->trace.file != NULL) {
        (void)fprintf(world->trace.file, "%s\n", shown);
    }
}

void sim_trace_line(sim_world *world, const sim_node *node, const char *format, ...)
{
    char line[LINE_SIZE];
    const int size = begin(line, world, node);
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(line + size, sizeof line - (size_t)size, format, arguments);
    va_end(arguments);
    put(world, line, line);
}

void sim_trace_frame(sim_world *world, const sim_node *node, const char *said, const char *shown)
{
    char line[LINE_SIZE], other[LINE_SIZE];
    const int size = begin(line, world, node);

    memcpy(other, line, (size_t)size);
    (void)snprintf(line + size, sizeof line - (size_t)size, "%s", said);
    (void)snprintf(other + size, sizeof other - (size_t)size, "%s", shown);
    put(world, line, other);
}

void sim_trace_bytes(sim_world *world, const void *data, size_t size)
{
    (void)crypto_generichash_update(&world->trace.hash, data, size);
}

bool sim_trace_close(FILE *file, const char *path)
{
    const bool whole = path == NULL || (file != NULL && ferror(file) == 0);
    const bool closed = file == NULL || fclose(file) == 0; /* what was held back is written here */

    if (!whole || !closed) {
        (void)fprintf(stderr, "noroshi-sim: %s could not be written\n", path);
    }
    return whole && closed;
}

bool sim_trace_end(sim_world *world, char hash_out[65])
{
    uint8_t hash[32];
    bool whole;

    (void)crypto_generichash_final(&world->trace.hash, hash, sizeof hash);
    nrs_hex_encode(hash_out, hash, sizeof hash);
    whole = sim_trace_close(world->trace.file, world->options.trace);
    world->trace.file = NULL;
    return sim_picture_end(world) && whole;
}
