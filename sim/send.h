/* What people write. */
#ifndef SIM_SEND_H
#define SIM_SEND_H

#include <jansson.h>

#include "node.h"
#include "plan.h"

struct sim_report;

/** An act that sends: SEND, SEND_RED, REPLY, FORWARD. number: its place in the plan. */
void sim_send_do(struct sim_world *world, sim_node *node, const sim_act *act, size_t number);
/** Somebody's person writes TLP:RED to this node's, as the report of the act. False when it has written before, or nobody is there that can. */
bool sim_send_red_to(struct sim_world *world, const sim_node *to, const sim_act *act);
/** Whoever wakes first after a long sleep sends before it has heard from a hub: that it has to say so it is told first. */
void sim_send_at_once(struct sim_world *world, sim_node *node, const sim_act *act, size_t number);
/** A report that somebody has sent; most times one that the node may read. 0 … plan.count - 1; plan.count: none. */
size_t sim_send_some(struct sim_world *world, const sim_node *node, uint64_t pick, bool readable);
/** What is sent as a report with this number: label, subject, text, addresses. */
json_t *sim_send_draft(struct sim_world *world, const struct sim_report *report, const sim_act *act, size_t number);
/** The whole text of such a one, without what it quotes. Returns: free it. */
char *sim_send_body(const struct sim_world *world, size_t number);
/** Whether it is sent as urgent. */
bool sim_send_urgent(const sim_act *act);
/** What the text of a report begins with, and is all of it under RED; at most 63 characters. */
void sim_send_text(char *text_out, size_t size, size_t number);

#endif
