/* What the command line refused by itself, with a ceremony's file in its hands: only that, and by which rule. */
#include <string.h>

#include "audit/audit.h"
#include "command/command.h"

static bool of_a_ceremony(const nrs_term *event)
{
    return event != NULL && (event->value == NRS_AUDIT_JOIN || event->value == NRS_AUDIT_CARD || event->value == NRS_AUDIT_ROSTER || event->value == NRS_AUDIT_KEY);
}

/* NRS_OK for no rule that refuses. */
static nrs_error rule_of(const char *word)
{
    nrs_error rule = nrs_error_from_rule(word);
    int code = nrs_error_exit_code(rule);

    return code == 3 || code == 5 ? rule : NRS_OK;
}

nrs_error nrs_command_refused(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    const char *word = nrs_request_text(request, "event");
    const nrs_term *event = word == NULL ? NULL : nrs_vocabulary_by_code(NRS_VOCABULARY_AUDIT, word);
    nrs_audit_what what = {.rule = rule_of(nrs_request_text(request, "rule")), .detail = "by the command line"};

    if (!of_a_ceremony(event) || what.rule == NRS_OK) {
        return nrs_refuse(answer, NRS_ERROR_MALFORMED, NULL, "No refusal of a ceremony.");
    }
    what.event = event->value;
    return nrs_audit_add(core, &what);
}
