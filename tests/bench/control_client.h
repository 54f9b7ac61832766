/* The control socket (node/CONTROL.md) from the caller's side: one command, or very many at a time. */
#ifndef TESTS_BENCH_CONTROL_CLIENT_H
#define TESTS_BENCH_CONTROL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/** A connected socket, or -1. */
int nrs_control_connect(const char *path);
/** One command (a line with its end) and the last row of its answer; NULL when the answer has none.
 *  Returns 0 when the command was done. Out: json_decref. */
int nrs_control_ask(json_t **row_out, const char *path, const char *line);
/** The same line `count` times over many connections at once; 0 when each was done. */
int nrs_control_flood(const char *path, const char *line, size_t count);
/** A report for `to` whose sealed body is of the 1 KiB class. Owned (free); NULL without memory. */
char *nrs_control_send_line(const char *to);
/** The id of the newest report that a node has sent or received; 0 when there is one. */
int nrs_control_newest(char id_out[65], const char *path);
/** How many reports a node has, or -1. */
long long nrs_control_report_count(const char *path);
/** Wait until a node's newest report is this one, by asking every `step_ms`. */
int nrs_control_wait_newest(const char *path, const char *id, unsigned step_ms);

#endif
