/* People at work: commands as a person's hand gives them, and what becomes of the answers. */
#ifndef SIM_WORK_H
#define SIM_WORK_H

#include <jansson.h>

#include "node.h"
#include "plan.h"

struct sim_report;

/** The person of a node makes prekeys for the weeks to come. */
void sim_work_unlock(struct sim_world *world, sim_node *node);
/** An act of people. number: its place in the plan. */
void sim_work_do(struct sim_world *world, const sim_act *act, size_t number);
/** Where a roster that heals a fork has come and waits for a person, that person compares its fingerprint. All sign their audit logs. */
void sim_work_compare_all(struct sim_world *world);
/** At the end everyone lists what is there, accepts what is to be accepted, and tries to open everything; later the senders look at their receipts. */
void sim_work_list_all(struct sim_world *world);
void sim_work_accept_all(struct sim_world *world);
void sim_work_read_all(struct sim_world *world);
void sim_work_receipts_all(struct sim_world *world);
/** What is sent as a report with this number: label, subject, text, addresses. */
json_t *sim_work_draft(struct sim_world *world, const struct sim_report *report, const sim_act *act, size_t number);
/** What the text of a report begins with; at most 63 characters. */
void sim_work_text(char *text_out, size_t size, size_t number);

#endif
