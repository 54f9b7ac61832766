/* What goes over a link, in words: a line of the trace and an arrow of the picture for each frame that leaves a node, as it left, and for
 * each that a hostile node keeps back. */
#ifndef SIM_FRAME_H
#define SIM_FRAME_H

#include "network.h"
#include "node.h"

#define SIM_FRAME_TEXT 112u
#define SIM_FRAME_ITEMS 144u /* what its items hold */

/** What a frame says. frame: NULL when it is none; then its size is told. */
void sim_frame_describe(char text_out[SIM_FRAME_TEXT], const nrs_frame *frame, size_t size);
/** It was sent from this side of the connection. deed: what a hostile node has done to it; NULL: it is as the engine made it. */
void sim_frame_sent(struct sim_world *world, const sim_node *node, const sim_connection *connection, unsigned side, const nrs_frame *frame, size_t size,
                    const char *deed);
/** The engine made it, and the hostile node around it has not sent it. */
void sim_frame_withheld(struct sim_world *world, const sim_node *node, const sim_connection *connection, unsigned side, const nrs_frame *frame,
                        const char *deed);

#endif
