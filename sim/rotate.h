/* An organisation changes its keys (SPEC 7.10): it makes new ones and announces them under the old, and each community's roster follows when its
 * secretariat has heard of it. */
#ifndef SIM_ROTATE_H
#define SIM_ROTATE_H

#include "node.h"
#include "plan.h"

/** The acts ROTATE, as `noroshi key rotate` does it, and SUCCEED, as `noroshi community succeed` does. */
void sim_rotate_announce(struct sim_world *world, const sim_act *act);
void sim_rotate_follow(struct sim_world *world, const sim_act *act);
/** Its disk is an old one with the next keys on it: their announcement lies in the inbox folder, or is put there again. */
void sim_rotate_resume(struct sim_world *world, sim_node *node);
/** A node has written this file into its folder: an announcement, perhaps, for who keeps a roster. */
void sim_rotate_file(struct sim_world *world, const sim_node *node, const char *path);
/** A node has gone over to its next keys. */
void sim_rotate_taken_up(struct sim_world *world, sim_node *node);
/** Where one roster has followed and another has not, that one does. */
void sim_rotate_mend(struct sim_world *world);
/** Who cannot come to the new keys of its hubs by itself, or whom nobody knows under its own, is given an invite. */
void sim_rotate_invite(struct sim_world *world);

#endif
