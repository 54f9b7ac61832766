/* What happened, line by line: a file to read, and a hash that two runs of the same options share. */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct sim_world;
struct sim_node;

typedef struct sim_trace {
    FILE *file;    /* NULL: only the hash is kept */
    FILE *picture;
    size_t arrow_count, arrows_cut; /* in the picture, and those for which it had no room any more */
    crypto_generichash_state hash;
    uint64_t lines;
} sim_trace;

void sim_trace_begin(struct sim_world *world);
/** Goes on with the files of a run whose process has ended, at their ends. */
void sim_trace_take_up(struct sim_world *world);
/** One line about a node, or about none. */
void sim_trace_line(struct sim_world *world, const struct sim_node *node, const char *format, ...) __attribute__((format(printf, 3, 4)));
/** The same of what a frame says: said counts for the hash, shown stands in the file. */
void sim_trace_frame(struct sim_world *world, const struct sim_node *node, const char *said, const char *shown);
/** Closes a file that a run wrote. path: NULL for none. False, and a word on standard error, when not all of it could be written. */
bool sim_trace_close(FILE *file, const char *path);
/** Bytes that count for the hash and are not shown. */
void sim_trace_bytes(struct sim_world *world, const void *data, size_t size);
/** Ends the trace, and the picture. hash_out: 64 hexadecimal digits and a zero. False when one of them could not be written. */
bool sim_trace_end(struct sim_world *world, char hash_out[65]);

#endif
