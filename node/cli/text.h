/* Text for people and for programs: nothing that stands in it can drive a terminal. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/bytes.h"

/** printf into a fresh string (free); NULL without memory. */
char *nrs_text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *nrs_text_vformat(const char *format, va_list values) __attribute__((format(printf, 1, 0)));

typedef enum nrs_text_form {
    NRS_TEXT_LINE = 1, /* line ends and tabs become spaces */
    NRS_TEXT_BODY      /* line ends and tabs stay */
} nrs_text_form;

/** Print with every control character, bidirectional override and malformed byte replaced by U+FFFD. */
void nrs_text_print(FILE *file, const char *text, nrs_text_form form);
/** How many columns the text takes on a terminal. */
size_t nrs_text_width(const char *text);
/** Print as a line and fill up with spaces to `width` columns. */
void nrs_text_pad(FILE *file, const char *text, size_t width);

/** Whether something stands before this ending. */
bool nrs_text_ends_with(const char *name, const char *suffix);
/** The texts of a list, with commas between (free); NULL without memory. */
char *nrs_text_joined(const json_t *list);
/** A JSON string; malformed UTF-8 becomes U+FFFD. */
json_t *nrs_text_json(const char *text);
/** One object on one line. Overrides of direction and the C1 controls are written as \u escapes. */
void nrs_text_print_json(FILE *file, const json_t *value);
/** The same for a value that is written already, on one line. */
void nrs_text_print_json_line(FILE *file, nrs_slice line);

/** A time as people read it: "2026-11-23 12:40:43 JST", in the zone of this machine. */
void nrs_text_time(char text_out[64], uint64_t time_ms);
/** The same from RFC 3339 text; what is no time comes back as it is, cut to fit. */
void nrs_text_time_of(char text_out[64], const char *rfc3339);

/** Rows of a table; cells are copied. Zeroed is empty. */
enum { NRS_TABLE_COLUMN_COUNT_MAX = 8 };
typedef struct nrs_table {
    char **cells;
    size_t column_count, cell_count, capacity;
    nrs_error error;
} nrs_table;
/** Append one cell; column_count of them make a row. NULL reads "". */
void nrs_table_add(nrs_table *table, const char *cell);
/** Print with aligned columns, and wipe. Returns NRS_ERROR_NO_MEMORY when a cell was lost. */
NRS_MUST_USE nrs_error nrs_table_print(nrs_table *table);

/** From now on JSON values are wiped when they are freed. */
void nrs_json_wipe_on_free(void);
/** A string member of a row, or NULL. */
const char *nrs_json_text(const json_t *object, const char *name);
/** Whether an array has the string in it. */
bool nrs_json_lists(const json_t *list, const char *text);
/** Free a string that json_dumps gave. */
void nrs_json_free(char *text);

#endif
