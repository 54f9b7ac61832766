/* Replies of those whom somebody let in from another community to what a hub vouches for (SPEC 6.11): handed on by who let them in, to the hub; and
 * the hub's word as it arrives at the source. */
#include <string.h>

#include "proto/address.h"
#include "report/letters.h"
#include "report/onward.h"
#include "rules/edges.h"
#include "withheld/reply.h"

/* A statement that cannot be sealed yet waits in the store in the clear (SPEC 8.2), which no text of a report may do: then it is not passed on. */
static nrs_error can_be_told(nrs_core *core, const nrs_report_row *row)
{
    const nrs_community *home = nrs_community_by_id(core, row->community);
    const uint8_t *to = row->originator, *community = row->community;
    const nrs_peer *peer;
    nrs_recipient reader;
    nrs_let_in let_in;
    nrs_error error = NRS_OK;

    if (home == NULL || !home->member) {
        error = nrs_let_in_self(core, &let_in, row->position);
        to = let_in.by;
        community = let_in.community;
    }
    peer = error == NRS_OK && nrs_letter_community(core, community) ? nrs_letter_peer(core, to, community) : NULL;
    return error != NRS_OK ? error : peer == NULL ? NRS_ERROR_NOT_MEMBER : nrs_letter_reader(core, &reader, peer);
}

/* Its terms go with it, since whoever stands before the source asks by them whether the source may have it. */
nrs_error nrs_reply_pass_on(nrs_core *core, const nrs_report_row *answered, const nrs_sealed_view *view, const nrs_report *report, const nrs_carried *it)
{
    const nrs_header *header = view->header;
    char text[NRS_QUESTION_SIZE_MAX + 1];
    nrs_statement statement;
    nrs_reply words;
    nrs_bytes detail = {0};
    nrs_error error = it->text.size > NRS_REPLY_TEXT_SIZE_MAX ? NRS_ERROR_TOO_LARGE : can_be_told(core, answered);

    nrs__wire__reply__init(&words);
    words.label = header->label;
    words.conditions = header->conditions;
    words.kind = report->kind;
    words.community = header->community;
    words.duty = header->duty;
    words.disclaimers = header->disclaimers;
    words.n_disclaimers = header->n_disclaimers;
    words.text = text;
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_REPLY;
    statement.sealed_id = nrs_field_of(nrs_slice_of(answered->id, NRS_HASH_SIZE));
    statement.at_ms = core->now_ms;
    statement.person = (char *)(uintptr_t)it->person; /* only read */
    statement.reference = nrs_field_of(nrs_slice_of(it->whose, NRS_KEY_SIZE));
    for (size_t at = 0; at < it->text.size && error == NRS_OK;) {
        const nrs_slice piece = nrs_reply_piece(it->text, at, NRS_QUESTION_SIZE_MAX);

        memcpy(text, piece.data, piece.size);
        text[piece.size] = '\0';
        error = nrs_reply_encode(&detail, &words);
        statement.detail = nrs_field_of(nrs_slice_of_bytes(&detail));
        error = error == NRS_OK ? nrs_statement_to_source(core, answered->originator, answered->community, answered->id, &statement) : error;
        at += piece.size;
    }
    nrs_memory_wipe(text, sizeof text);
    nrs_bytes_wipe(&detail);
    return error;
}

/* As a header may have them: known ones, and not yes and no at once. */
static bool sensible(nrs_conditions given)
{
    const uint32_t told = NRS_CONDITION_TELL_AFFECTED | NRS_CONDITION_AFFECTED_NOT_TOLD, named = NRS_CONDITION_NAME_SOURCE | NRS_CONDITION_SOURCE_NOT_NAMED;

    return given.permissible_actions <= 4 && (given.flags & ~(told | named | NRS_CONDITION_NOT_FOR_SUPERVISION)) == 0 && (given.flags & told) != told &&
           (given.flags & named) != named;
}

typedef char duty_names[NRS_DUTY_LIST_COUNT_MAX][NRS_NAME_SIZE_MAX + 1];

/* Out: size_out: of the names with their lengths. The list borrows from `names`. */
static nrs_error read_duties(nrs_duty_list *list_out, duty_names names, size_t *size_out, nrs_slice detail)
{
    const size_t count = detail.size < NRS_REPLY_TERMS_SIZE ? NRS_DUTY_LIST_COUNT_MAX + 1 : detail.data[NRS_REPLY_TERMS_SIZE - 1];
    size_t at = NRS_REPLY_TERMS_SIZE;

    *list_out = (nrs_duty_list){.count = 0};
    for (size_t i = 0; i < count; i++) {
        const size_t size = i < NRS_DUTY_LIST_COUNT_MAX && at < detail.size ? detail.data[at] : 0;

        if (size == 0 || size > NRS_NAME_SIZE_MAX || detail.size - at - 1 < size) {
            return NRS_ERROR_MALFORMED;
        }
        memcpy(names[i], detail.data + at + 1, size);
        names[i][size] = '\0';
        if (strlen(names[i]) != size || !nrs_name_valid(names[i])) {
            return NRS_ERROR_MALFORMED;
        }
        list_out->names[i] = names[i];
        list_out->count++;
        at += 1 + size;
    }
    *size_out = at - NRS_REPLY_TERMS_SIZE;
    return NRS_OK;
}

static nrs_error read_statement(nrs_carried *it_out, duty_names names, const nrs_statement *statement)
{
    const nrs_slice detail = nrs_field(&statement->detail);
    nrs_duty_list duties;
    size_t size = 0;
    nrs_error error = read_duties(&duties, names, &size, detail);

    if (error != NRS_OK || detail.size <= NRS_REPLY_TERMS_SIZE + size) {
        return NRS_ERROR_MALFORMED;
    }
    *it_out = (nrs_carried){.id = statement->sealed_id.data, .to = statement->sealed_id.data, .whose = statement->reference.data, .person = statement->person, .conditions = {detail.data[1], detail.data[2]},
                      .duties = duties, .text = nrs_slice_of(detail.data + NRS_REPLY_TERMS_SIZE + size, detail.size - NRS_REPLY_TERMS_SIZE - size)};
    if (nrs_label_from_wire(&it_out->label, detail.data[0]) != NRS_OK || nrs_policy_extension(it_out->label) == NRS_EXTENSION_NONE) {
        return NRS_ERROR_LABEL_FORBIDS;
    }
    if (!sensible(it_out->conditions)) {
        return NRS_ERROR_MALFORMED;
    }
    return it_out->text.size > NRS_QUESTION_SIZE_MAX ? NRS_ERROR_TOO_LARGE : nrs_utf8_valid(it_out->text) ? NRS_OK : NRS_ERROR_BAD_UTF8;
}

/* At the source: its hub's word. */
nrs_error nrs_reply_keep(nrs_core *core, nrs_peer *from, const nrs_report_row *row, const nrs_statement *statement)
{
    nrs_carried it;
    duty_names names;
    nrs_reply_tally so_far;
    nrs_error error = read_statement(&it, names, statement);

    if (error == NRS_OK) {
        error = nrs_reply_count(core, &so_far, row, &it);
    }
    if (error == NRS_OK) {
        error = so_far.all >= NRS_REPLIES_MAX ? NRS_ERROR_LIMIT : nrs_reply_keep_note(core, row, &it, it.text, statement->at_ms);
    }
    if (nrs_error_is_verdict(error)) {
        nrs_core_complain(core, from, error, "a reply that cannot be kept: %s", nrs_error_rule(error));
        return NRS_OK;
    }
    nrs_core_log(core, error, "%s brings a reply to a report whose source is withheld", from->org);
    return error;
}

/* As the node that opened the reply says it: what nrs_reply_terms looks at of a header. */
static nrs_header header_of(const nrs_reply *words)
{
    nrs_header header;

    nrs__wire__header__init(&header);
    header.label = words->label;
    header.attribution = NRS_ATTRIBUTION_NAMED;
    header.community = words->community;
    header.duty = words->duty;
    header.disclaimers = words->disclaimers;
    header.n_disclaimers = words->n_disclaimers;
    return header;
}

static nrs_error to_source(nrs_core *core, const nrs_report_row *row, const nrs_reply *words, const nrs_statement *statement)
{
    const nrs_header header = header_of(words);
    const nrs_published *entry = nrs_published_of(core, row->id);
    nrs_source_report source = {.row = {.label = 0}};
    nrs_carried it = {.label = (nrs_label)words->label, .whose = statement->reference.data, .person = statement->person, .text = nrs_slice_of_string(words->text),
                      .id = row->id, .to = row->id};
    nrs_error refused = NRS_OK, error = entry == NULL ? NRS_ERROR_NOT_FOUND : nrs_source_load_late(core, &source, entry->source);

    if (words->conditions != NULL) {
        it.conditions = (nrs_conditions){words->conditions->permissible_actions, words->conditions->flags};
    }
    if (error == NRS_OK) { /* what is answered here decides nothing that others see */
        nrs_reply_duties(core, &it.duties, &source, &header, words->kind);
        refused = nrs_reply_terms(core, &source, &header, words->kind);
        error = nrs_error_is_verdict(refused) ? NRS_OK : refused;
        it.blank = refused != NRS_OK || nrs_clock_expired(core, source.row.expires_ms);
        error = error == NRS_OK ? nrs_reply_carry(core, &source, &it) : error;
    }
    nrs_source_wipe(&source);
    return error == NRS_OK ? refused : error;
}

/* On its way: of one whom `from` let in, or who did. */
nrs_error nrs_reply_pass(nrs_core *core, nrs_peer *from, const nrs_statement *statement)
{
    nrs_reply *words = NULL;
    nrs_report_row row;
    nrs_bytes holder = {0};
    bool speaks = false;
    nrs_error error = nrs_store_report_get(core->store, &row, &holder, statement->sealed_id.data);

    if (error == NRS_OK) {
        error = nrs_reply_decode(&words, nrs_field(&statement->detail));
    }
    if (error == NRS_OK) {
        error = nrs_let_in_speaks(core, &speaks, row.position, from->keys.sign_key, statement->reference.data);
    }
    if (error == NRS_OK && (!speaks || (row.flags & NRS_REPORT_VOUCHED) == 0)) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK && row.part == NRS_PART_SENT) {
        error = to_source(core, &row, words, statement);
    } else if (error == NRS_OK) {
        error = can_be_told(core, &row);
        error = error != NRS_OK ? error : nrs_statement_to_source(core, row.originator, row.community, row.id, statement);
    }
    if (nrs_error_is_verdict(error)) {
        nrs_core_complain(core, from, error, "a reply for a source that is not carried on: %s", nrs_error_rule(error));
        error = NRS_OK;
    }
    nrs_reply_free(&words);
    nrs_bytes_wipe(&holder);
    return error;
}
