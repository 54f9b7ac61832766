/* A message sequence picture (SVG): a line for each node, an arrow for each frame that was sent, in red where a hostile node had its hand in it
 * and broken off where it kept one back, a mark where a node fell. */
#ifndef SIM_PICTURE_H
#define SIM_PICTURE_H

#include <stdbool.h>
#include <stddef.h>

struct sim_world;

typedef enum sim_arrow {
    SIM_ARROW_PLAIN = 0, /* as an engine made it */
    SIM_ARROW_HOSTILE,   /* altered, sent once more, or made up */
    SIM_ARROW_WITHHELD   /* never sent */
} sim_arrow;

void sim_picture_begin(struct sim_world *world);
/** Goes on at the end of what another process has written. */
void sim_picture_take_up(struct sim_world *world);
void sim_picture_arrow(struct sim_world *world, size_t from, size_t to, const char *text, sim_arrow how);
void sim_picture_mark(struct sim_world *world, size_t node, const char *text);
/** False when it could not be written. */
bool sim_picture_end(struct sim_world *world);

#endif
