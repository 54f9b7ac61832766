/* A message sequence picture (SVG): a line for each node, an arrow for each frame that arrived, a mark where a node fell. */
#ifndef SIM_PICTURE_H
#define SIM_PICTURE_H

#include <stdbool.h>
#include <stddef.h>

struct sim_world;

void sim_picture_begin(struct sim_world *world);
void sim_picture_arrow(struct sim_world *world, size_t from, size_t to, const char *text);
void sim_picture_mark(struct sim_world *world, size_t node, const char *text);
/** False when it could not be written. */
bool sim_picture_end(struct sim_world *world);

#endif
