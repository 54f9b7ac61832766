/* Commands as a person's hand gives them to a node, and what each was about. */
#ifndef SIM_ASK_H
#define SIM_ASK_H

#include "node.h"

typedef enum sim_ask_kind {
    SIM_ASK_SEND = 1,     /* send, reply, forward, red-submit */
    SIM_ASK_SHOW,
    SIM_ASK_LIST,
    SIM_ASK_RECEIPTS,
    SIM_ASK_FORGET,
    SIM_ASK_ACCEPT,
    SIM_ASK_EXPORT,
    SIM_ASK_WITHDRAW,
    SIM_ASK_RED_PREPARE,
    SIM_ASK_RED_OPEN,
    SIM_ASK_RED_WAITING,  /* who waits for reports of the person's own */
    SIM_ASK_RED_AGAIN,    /* what opens such a one, for a new grant */
    SIM_ASK_RED_GRANT,
    SIM_ASK_AUDIT,
    SIM_ASK_CHECKPOINT,
    SIM_ASK_QUESTION,
    SIM_ASK_RELEASE_ASK,  /* report: number of the ask in the oracle, as with the two that follow */
    SIM_ASK_RELEASE_GRANT,
    SIM_ASK_RELEASE_DENY,
    SIM_ASK_RELEASE_LIST,
    SIM_ASK_STATUS,
    SIM_ASK_FORBIDDEN,    /* never to be done */
    SIM_ASK_OTHER         /* nothing follows from the answer */
} sim_ask_kind;

/** Nothing when the node is down. report: number of the act that sent it, or 0. command: taken over. */
void sim_ask(struct sim_world *world, sim_node *node, sim_ask_kind kind, size_t report, json_t *command);
/** What a node has answered: answer.c. */
void sim_answer(struct sim_world *world, sim_node *node, const nrs_effect *effect);

/** A text in a row of an answer; "" where it has none under this key. */
const char *sim_text_at(const json_t *row, const char *key);

#endif
