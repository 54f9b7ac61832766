/* The table of SPEC 5.1 and that of 5.5, stated a second time: from the paper, and never from core/rules, which it is here to judge. */
#ifndef SIM_TLP_H
#define SIM_TLP_H

#include <stdbool.h>

#include "proto/label.h"

/** Whom an address names. */
typedef enum sim_addressee { SIM_TO_ORG = 0, SIM_TO_COMMUNITY, SIM_TO_PERSON } sim_addressee;

/** Where an export goes. Nowhere is what is read on the screen. */
typedef enum sim_sink { SIM_SINK_NOWHERE = 0, SIM_SINK_OWN, SIM_SINK_CLIENTS, SIM_SINK_COMMUNITY, SIM_SINK_PUBLIC, SIM_SINK_COUNT } sim_sink;

/** What the source lays down: permissible actions, 0 unstated, else 1 (CLEAR) to 4 (RED); and that affected parties may not be told. */
typedef struct sim_conditions { unsigned actions; bool not_told; } sim_conditions;

/** Whether a label is one at all, may be addressed so, may leave a node that way. */
bool sim_tlp_known(unsigned label);
bool sim_tlp_addressed(unsigned label, sim_addressee to);
bool sim_tlp_exported(unsigned label, sim_sink sink);
/** Whether the conditions let whoever received it export it that way. */
bool sim_tlp_used(sim_conditions conditions, sim_sink sink);
/** What binds a quote: of each the stricter. */
sim_conditions sim_tlp_both(sim_conditions a, sim_conditions b);
const char *sim_sink_name(sim_sink sink);
const char *sim_actions_name(unsigned actions);

#endif
