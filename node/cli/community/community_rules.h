/* The rules of a roster as community show prints them. */
#ifndef CLI_COMMUNITY_RULES_H
#define CLI_COMMUNITY_RULES_H

#include <jansson.h>
#include <stdbool.h>

#include "proto/wire.h"

/** A new reference; NULL without memory. */
json_t *nrs_rules_json(const Nrs__Wire__Rules *rules);
json_t *nrs_disclaimer_json(const Nrs__Wire__Disclaimer *disclaimer);
json_t *nrs_duty_rule_json(const Nrs__Wire__DutyRule *rule);
/** "TLP:AMBER / incident": the labels and kinds that a rule names. */
void nrs_rules_print_where(uint32_t labels, uint32_t kinds, bool japanese);
json_t *nrs_member_duties_json(const Nrs__Wire__Member *member);
/** What becomes of withdrawn reports that were opened: "keep", "forget" or days such as "30d". text_out holds 16 bytes. */
void nrs_rules_withdrawn(char *text_out, const Nrs__Wire__Rules *rules);
/** One line for each disclaimer and each duty that is needed. */
void nrs_rules_print(const Nrs__Wire__Rules *rules, bool japanese);

#endif
