/* What about a report waits for an answer: asks for wider sharing (SPEC 6.12), and what a hub asks a source that it does not name (6.11). */
#include "command/command.h"
#include "report/withdrawal.h"
#include "withheld/withheld.h"

typedef struct pending {
    uint64_t asks_to_answer, asks_open;           /* here; of this node's, or which it has put before a source */
    uint64_t questions_to_answer, questions_open; /* likewise */
} pending;

/* What this hub vouches for its source is asked about, and answers. */
static nrs_error gather(nrs_core *core, pending *to, const nrs_report_row *report)
{
    const bool sent = report->part == NRS_PART_SENT, vouched = (report->flags & NRS_REPORT_VOUCHED) != 0;
    uint64_t theirs = 0, own = 0;
    nrs_error error = nrs_store_ask_pending(core->store, &theirs, &own, report->id, core->now_ms);

    to->asks_to_answer = sent && !vouched ? theirs : 0;
    to->asks_open = own + (sent && vouched ? theirs : 0);
    if (error == NRS_OK && (report->flags & NRS_REPORT_WITHHELD) != 0) {
        error = nrs_questions_open(core, sent ? &to->questions_to_answer : &to->questions_open, report);
    }
    return error;
}

/* Of what is over, or was withdrawn, nobody waits for anything. */
nrs_error nrs_command_describe_pending(nrs_core *core, nrs_row *row, const nrs_report_row *report)
{
    pending it = {0};
    bool withdrawn = false;
    nrs_error error = report->expires_ms > core->now_ms ? gather(core, &it, report) : NRS_OK;

    if (error == NRS_OK && (it.asks_to_answer | it.asks_open | it.questions_to_answer | it.questions_open) != 0) {
        error = nrs_withdrawal_of(core, &withdrawn, report->id);
    }
    if (withdrawn) {
        it = (pending){0};
    }
    nrs_row_number(row, "asks_to_answer", it.asks_to_answer);
    nrs_row_number(row, "asks_open", it.asks_open);
    nrs_row_number(row, "questions_to_answer", it.questions_to_answer);
    nrs_row_number(row, "questions_open", it.questions_open);
    return error;
}
