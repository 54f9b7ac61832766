/* What the command line refused or did by itself: a ceremony's file, a text under RED that only the person's process reads, a key that did not
 * open, what was done with the node's keys. Only that, and by which rule. */
#include <string.h>

#include "audit/audit.h"
#include "command/command.h"

static bool done_there(const nrs_term *event)
{
    static const uint32_t events[] = {NRS_AUDIT_JOIN,   NRS_AUDIT_CARD,   NRS_AUDIT_ROSTER,   NRS_AUDIT_KEY,    NRS_AUDIT_PREKEYS, NRS_AUDIT_OPEN,
                                      NRS_AUDIT_ACCEPT, NRS_AUDIT_DECLINE, NRS_AUDIT_EXPORT, NRS_AUDIT_FORGET, NRS_AUDIT_EXTEND, NRS_AUDIT_SEND,    NRS_AUDIT_WITHDRAW,
                                      NRS_AUDIT_VOUCH,  NRS_AUDIT_ASK,     NRS_AUDIT_RELEASE, NRS_AUDIT_DENY};
    bool found = false;

    for (size_t i = 0; event != NULL && i < sizeof events / sizeof events[0]; i++) {
        found = found || event->value == events[i];
    }
    return found;
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
    const char *word = nrs_request_text(request, "event"), *about = nrs_request_text(request, "about");
    const nrs_term *event = word == NULL ? NULL : nrs_vocabulary_by_code(NRS_VOCABULARY_AUDIT, word);
    nrs_audit_what what = {.rule = rule_of(nrs_request_text(request, "rule")), .person = nrs_request_text(request, "person"), .detail = "by the command line"};
    uint8_t id[NRS_HASH_SIZE];
    nrs_error error;

    if (!done_there(event) || what.rule == NRS_OK) {
        return nrs_refuse(answer, NRS_ERROR_MALFORMED, NULL, "Nothing of this kind is noted.");
    }
    what.event = event->value;
    error = about == NULL ? NRS_ERROR_NOT_FOUND : nrs_store_report_find(core->store, id, about);
    if (error == NRS_OK) {
        what.about = nrs_slice_of(id, sizeof id);
    } else if (!nrs_error_is_verdict(error)) {
        return error;
    }
    return nrs_audit_add(core, &what);
}

nrs_error nrs_command_done(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    static const struct {
        const char *word;
        nrs_audit_what what;
    } deeds[] = {
        {"backup", {.event = NRS_AUDIT_KEY, .detail = "the keys were written into a backup"}},
        {"paper", {.event = NRS_AUDIT_KEY, .detail = "the paper that revokes the key was printed"}},
        {"passphrase", {.event = NRS_AUDIT_KEY, .detail = "the passphrase of a key was changed"}},
    };
    const char *word = nrs_request_text(request, "what");

    for (size_t i = 0; word != NULL && i < sizeof deeds / sizeof deeds[0]; i++) {
        if (strcmp(deeds[i].word, word) == 0) {
            nrs_audit_what what = deeds[i].what;

            what.person = nrs_request_text(request, "person");
            return nrs_audit_add(core, &what);
        }
    }
    return nrs_refuse(answer, NRS_ERROR_MALFORMED, NULL, "Nothing of this kind is noted.");
}
