#include "picture.h"

#include <inttypes.h>

#include "world.h"

#define LEFT 110
#define COLUMN 130
#define ROW 16
#define ROWS_MAX 4000u

static int column(size_t node)
{
    return LEFT + (int)node * COLUMN;
}

static int row(const sim_world *world)
{
    return 60 + (int)world->trace.arrow_count * ROW;
}

/* Whoever runs from a stolen disk stands behind all others. */
static size_t columns(const sim_world *world)
{
    return world->thief == 0 ? world->node_count : world->thief + 1;
}

/* What finds no room is counted, and the picture says so at its end. */
static bool room(sim_world *world)
{
    const bool full = world->trace.arrow_count >= ROWS_MAX;

    world->trace.arrows_cut += full ? 1 : 0;
    return world->trace.picture != NULL && !full;
}

/* The height is known at the end only; the head is written again then, in the same number of characters. */
static void head(sim_world *world)
{
    (void)fprintf(world->trace.picture,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%6d\" height=\"%6d\" font-family=\"sans-serif\" font-size=\"10\">\n",
                  column(columns(world)), row(world) + 40);
}

void sim_picture_begin(sim_world *world)
{
    if (world->options.picture == NULL) {
        return;
    }
    world->trace.picture = fopen(world->options.picture, "w");
    if (world->trace.picture == NULL) {
        (void)fprintf(stderr, "cannot write %s\n", world->options.picture);
        return;
    }
    (void)setvbuf(world->trace.picture, NULL, _IOLBF, BUFSIZ); /* whole up to the row before a fall */
    head(world);
    (void)fprintf(world->trace.picture, "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
                                        "<defs><marker id=\"a\" markerWidth=\"8\" markerHeight=\"6\" refX=\"8\" refY=\"3\" orient=\"auto\">"
                                        "<path d=\"M0,0 L8,3 L0,6 z\"/></marker>"
                                        "<marker id=\"x\" markerWidth=\"8\" markerHeight=\"8\" refX=\"4\" refY=\"4\">"
                                        "<path d=\"M0,0 L8,8 M8,0 L0,8\" stroke=\"#a00\"/></marker></defs>\n");
}

void sim_picture_take_up(sim_world *world)
{
    world->trace.picture = world->options.picture == NULL ? NULL : fopen(world->options.picture, "r+");
    if (world->trace.picture != NULL) {
        (void)fseek(world->trace.picture, 0, SEEK_END);
    }
}

static void time_of_row(sim_world *world, const char *colour)
{
    (void)fprintf(world->trace.picture, "<text x=\"4\" y=\"%d\" fill=\"%s\">%02" PRIu64 ":%02" PRIu64 ".%03" PRIu64 "</text>", row(world) + 3,
                  colour, world->now_ms / 60000, world->now_ms / 1000 % 60, world->now_ms % 1000);
}

void sim_picture_arrow(sim_world *world, size_t from, size_t to, const char *text, sim_arrow how)
{
    const char *colour = how == SIM_ARROW_PLAIN ? "#246" : "#a00";
    const int middle = (column(from) + column(to)) / 2;

    if (from >= columns(world) || to >= columns(world) || !room(world)) {
        return;
    }
    time_of_row(world, "#666");
    (void)fprintf(world->trace.picture,
                  "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"%s\" %s/>"
                  "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" fill=\"%s\">%s</text>\n",
                  column(from), row(world), how == SIM_ARROW_WITHHELD ? middle : column(to), row(world), colour,
                  how == SIM_ARROW_WITHHELD ? "stroke-dasharray=\"4 3\" marker-end=\"url(#x)\"" : "marker-end=\"url(#a)\"", middle, row(world) - 2,
                  how == SIM_ARROW_PLAIN ? "#000" : colour, text);
    world->trace.arrow_count++;
}

void sim_picture_mark(sim_world *world, size_t node, const char *text)
{
    if (!room(world)) {
        return;
    }
    time_of_row(world, "#a00");
    (void)fprintf(world->trace.picture, "<circle cx=\"%d\" cy=\"%d\" r=\"4\" fill=\"#a00\"/><text x=\"%d\" y=\"%d\" fill=\"#a00\">%s</text>\n",
                  column(node), row(world), column(node) + 7, row(world) + 3, text);
    world->trace.arrow_count++;
}

bool sim_picture_end(sim_world *world)
{
    FILE *file = world->trace.picture;

    if (file == NULL) {
        return world->options.picture == NULL;
    }
    for (size_t i = 0; i < columns(world); i++) {
        (void)fprintf(file, "<text x=\"%d\" y=\"30\" text-anchor=\"middle\" font-weight=\"bold\">%s</text>"
                            "<line x1=\"%d\" y1=\"36\" x2=\"%d\" y2=\"%d\" stroke=\"#bbb\"/>\n",
                      column(i), world->nodes[i].called, column(i), column(i), row(world));
    }
    if (world->trace.arrows_cut > 0) {
        (void)fprintf(file, "<text x=\"4\" y=\"%d\" fill=\"#a00\">%zu more rows are left out: a picture has %u at most. The trace has them all.</text>\n", row(world) + 20,
                      world->trace.arrows_cut, ROWS_MAX);
    }
    (void)fprintf(file, "</svg>\n");
    rewind(file);
    head(world);
    world->trace.picture = NULL;
    return sim_trace_close(file, world->options.picture);
}
