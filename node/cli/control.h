/* The control socket of the running node (node/CONTROL.md). */
#ifndef CLI_CONTROL_H
#define CLI_CONTROL_H

#include <jansson.h>

#include "command.h"
#include "proto/bytes.h"

typedef nrs_error (*nrs_row_function)(void *context, json_t *row);

/** One command: send `request`, hand each row (borrowed) to on_row. Returns what the node answered, recorded;
 *  NRS_ERROR_NO_NODE when it does not answer or closes early. */
NRS_MUST_USE nrs_error nrs_control_call(nrs_cli *cli, const json_t *request, nrs_row_function on_row, void *context);
/** The same without reading the rows: each is handed over as the node wrote it, one JSON object without the line feed, to be
 *  passed on. Borrowed. */
typedef nrs_error (*nrs_line_function)(void *context, nrs_slice line);
NRS_MUST_USE nrs_error nrs_control_lines(nrs_cli *cli, const json_t *request, nrs_line_function on_line, void *context);
/** A visitor for nrs_control_lines: each line to standard output, as it is. context: unused. */
NRS_MUST_USE nrs_error nrs_control_print_line(void *context, nrs_slice line);
/** The same for an answer of one row. Out: row_out: a new reference. */
NRS_MUST_USE nrs_error nrs_control_row(nrs_cli *cli, json_t **row_out, const json_t *request);
/** The same where a refusal may come with a row: what the node shows all the same. Out: row_out: a new reference, or NULL. */
NRS_MUST_USE nrs_error nrs_control_row_beside(nrs_cli *cli, json_t **row_out, const json_t *request);
struct nrs_table;
/** A list for people or programs: each row as the node wrote it with --json, else through add_row into the table, whose head stands in it; it
 *  is printed and wiped. request: taken over. */
NRS_MUST_USE nrs_error nrs_control_table(nrs_cli *cli, json_t *request, struct nrs_table *table, nrs_row_function add_row);
/** A request with its command named: {"command": …}. NULL without memory. */
json_t *nrs_control_request(const char *command);
/** Whether a node listens on the socket. */
bool nrs_control_answers(const nrs_cli *cli);
/** What the running node's status says of one of its communities. Recorded. Out: one_out: a new reference, or NULL: no node runs, or it is not in
 *  it. In: slug: its id. */
NRS_MUST_USE nrs_error nrs_control_community(nrs_cli *cli, json_t **one_out, const char *slug);

/** Whether --as, where it is given, names a person of this node. Returns NRS_ERROR_UNKNOWN_PERSON; recorded. */
NRS_MUST_USE nrs_error nrs_inbox_person(nrs_cli *cli);
/** The name of a file in the inbox folder, which also says who acts: a person that nrs_inbox_person has found. */
void nrs_inbox_name(const nrs_cli *cli, char *name_out, size_t size, const char *stem, const char *ending);
/** Leave a file in the inbox folder. Recorded. */
NRS_MUST_USE nrs_error nrs_inbox_put(nrs_cli *cli, const char *name, const char *armour_type, nrs_slice bytes);
/** Ask a running node to take up the inbox at once; nothing when none runs. Returns why it refused the file of that name,
 *  recorded; other files' refusals are noted. */
NRS_MUST_USE nrs_error nrs_inbox_poke(nrs_cli *cli, const char *name);
/** Show the node a roster that was refused here and is signed in full: it may prove a fork (SPEC 7.12), which the node keeps, at its next start
 *  where it does not run. What it answers changes nothing here. */
void nrs_inbox_show_rival(nrs_cli *cli, const char *slug, nrs_slice many);

#endif
