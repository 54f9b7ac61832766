/* Two communities of real engines that each recognise the other or not, for what is passed on between them. Electricity: a hub, the source, a
 * reader, another operator, a ministry. Gas: its own hub, an operator, a ministry, and the hub of electricity as an operator. */
#ifndef TESTS_ORACLE_WORLD_H
#define TESTS_ORACLE_WORLD_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh.h"
#include "mesh_second.h"
#include "proto/vocabulary.h"

#define COUNT(list) (sizeof(list) / sizeof(list)[0])
#define OK(expression) assert_int_equal((expression), NRS_OK)
#define ID_SIZE (2 * NRS_HASH_SIZE + 1)

enum { HUB, SOURCE, READER, OTHER, MINISTRY, GAS_HUB, GAS_MEMBER, GAS_MINISTRY, NODE_COUNT };

#define WORLD_GIVEN_POSITION (1u << 20) /* and above: of items that a test hands over in a node's name */

extern mesh net;
extern nrs_error world_refusal; /* the last that was answered to one of those */
extern const char *const who[NODE_COUNT]; /* as judge.py names them; the organisations are org-0 … */

/** here: electricity recognises gas. there: gas recognises electricity. */
void world_start(bool here, bool there);
void world_stop(void);
/** Let electricity recognise gas from now on. */
void world_recognise(void);
/** A next version of gas's roster that `edit` has changed. */
void world_gas_change(void (*edit)(void *context, nrs_roster *next), void *context);
/** A report of one node; more: further fields. Out: id_out, "" where it is refused. */
nrs_error world_send(size_t node, const char *label, const char *to, const char *more, char id_out[ID_SIZE]);
/** Below n, alike at each run. In-out: state: not 0. */
size_t world_pick(uint32_t *state, size_t n);
/** The row with this id of what `list` has answered, also where that is kept; NULL: none. Borrowed from it. */
const json_t *world_row_of(const json_t *rows, const char *id);
bool world_lists(size_t node, const char *id);
const char *world_word(nrs_error error);
/** A command about a report, and its answer as a word. */
const char *world_about(size_t node, const char *command, const char *id, const char *more);
/** How many entries of the audit log of this kind have this rule. */
size_t world_audited(size_t node, const char *kind, const char *rule);

#endif
