#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/assert.h"
#include "proto/time.h"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

char *nrs_text_vformat(const char *format, va_list values)
{
    va_list again;
    char *text = NULL;
    int size = 0;

    NRS_ASSERT(format != NULL);

    va_copy(again, values);
    size = vsnprintf(NULL, 0, format, values);
    if (size >= 0) {
        text = malloc((size_t)size + 1);
    }
    if (text != NULL) {
        (void)vsnprintf(text, (size_t)size + 1, format, again);
    }
    va_end(again);
    return text;
}

bool nrs_text_ends_with(const char *name, const char *suffix)
{
    size_t size = strlen(name);
    size_t end = strlen(suffix);

    return size > end && strcmp(name + size - end, suffix) == 0;
}

char *nrs_text_format(const char *format, ...)
{
    va_list values;
    char *text = NULL;

    va_start(values, format);
    text = nrs_text_vformat(format, values);
    va_end(values);
    return text;
}

/* The next code point, and how many bytes it takes; a byte that begins none reads as U+FFFD and takes one. */
static uint32_t next_code_point(const char *text, size_t *size_out)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t size = at[0] < 0x80 ? 1 : at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : at[0] >= 0xc2 ? 2 : 0;
    uint32_t code_point = size == 1 ? at[0] : size == 0 ? 0 : at[0] & (0x7fu >> size);

    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80) { /* the terminating zero stops here too */
            size = 0;
            break;
        }
        code_point = code_point << 6 | (at[i] & 0x3fu);
    }
    if (size == 0 || code_point > 0x10ffff || (code_point >= 0xd800 && code_point <= 0xdfff) ||
        (size == 3 && code_point < 0x800) || (size == 4 && code_point < 0x10000)) {
        *size_out = 1;
        return 0xfffd;
    }
    *size_out = size;
    return code_point;
}

/* What could move the cursor, change colours or make a line read other than it is written. */
static bool is_dangerous(uint32_t code_point)
{
    return code_point < 0x20 || (code_point >= 0x7f && code_point <= 0x9f) || code_point == 0x61c ||
           (code_point >= 0x200e && code_point <= 0x200f) || (code_point >= 0x2028 && code_point <= 0x202e) ||
           (code_point >= 0x2066 && code_point <= 0x2069) || code_point == 0xfffd;
}

void nrs_text_print(FILE *file, const char *text, nrs_text_form form)
{
    NRS_ASSERT(file != NULL && text != NULL);

    while (text[0] != '\0') {
        size_t size = 0;
        uint32_t code_point;

        while (text[size] >= 0x20 && text[size] < 0x7f) { /* most of what is printed */
            size++;
        }
        if (size > 0) {
            fwrite(text, 1, size, file);
            text += size;
            continue;
        }
        code_point = next_code_point(text, &size);

        if (code_point == '\n' || code_point == '\t') {
            fputc(form == NRS_TEXT_BODY ? (int)code_point : ' ', file);
        } else if (code_point == '\r' && text[1] == '\n') {
            /* the line feed that follows says it all */
        } else if (is_dangerous(code_point)) {
            fputs(replacement, file);
        } else {
            fwrite(text, 1, size, file);
        }
        text += size;
    }
}

/* Columns of one code point, after Unicode's East Asian Width (W and F take two). */
static size_t columns_of(uint32_t code_point)
{
    static const struct {
        uint32_t first, last;
    } wide[] = {
        {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},
        {0xa000, 0xa4cf},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff01, 0xff60},
        {0xffe0, 0xffe6},   {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
    };

    if (code_point < 0x300) {
        return 1;
    }
    if (code_point <= 0x36f || (code_point >= 0x200b && code_point <= 0x200d) ||
        (code_point >= 0x3099 && code_point <= 0x309a) || (code_point >= 0xfe00 && code_point <= 0xfe0f)) {
        return 0;
    }
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
        if (code_point >= wide[i].first && code_point <= wide[i].last) {
            return 2;
        }
    }
    return 1;
}

size_t nrs_text_width(const char *text)
{
    size_t width = 0;

    NRS_ASSERT(text != NULL);
    while (text[0] != '\0') {
        size_t size = 1;

        width += (unsigned char)text[0] < 0x80 ? 1 : columns_of(next_code_point(text, &size));
        text += size;
    }
    return width;
}

void nrs_text_pad(FILE *file, const char *text, size_t width)
{
    nrs_text_print(file, text, NRS_TEXT_LINE);
    for (size_t i = nrs_text_width(text); i < width; i++) {
        fputc(' ', file);
    }
}

void nrs_text_time(char text_out[64], uint64_t time_ms)
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm local;

    NRS_ASSERT(text_out != NULL);
    if (localtime_r(&seconds, &local) == NULL || strftime(text_out, 64, "%Y-%m-%d %H:%M:%S %Z", &local) == 0) {
        snprintf(text_out, 64, "%llu", (unsigned long long)time_ms);
    }
}

void nrs_text_time_of(char text_out[64], const char *rfc3339)
{
    uint64_t time_ms = 0;

    NRS_ASSERT(text_out != NULL);
    if (rfc3339 == NULL) {
        text_out[0] = '\0';
    } else if (nrs_time_parse(&time_ms, rfc3339) == NRS_OK) {
        nrs_text_time(text_out, time_ms);
    } else {
        snprintf(text_out, 64, "%.60s", rfc3339);
    }
}

void nrs_table_add(nrs_table *table, const char *cell)
{
    char *copy = NULL;

    NRS_ASSERT(table != NULL);
    NRS_ASSERT(table->column_count > 0 && table->column_count <= NRS_TABLE_COLUMN_COUNT_MAX);

    if (table->error != NRS_OK) {
        return;
    }
    if (table->cell_count == table->capacity) {
        size_t capacity = table->capacity == 0 ? 64 : table->capacity * 2;
        char **cells = realloc(table->cells, capacity * sizeof *cells);

        if (cells == NULL) {
            table->error = NRS_ERROR_NO_MEMORY;
            return;
        }
        table->cells = cells;
        table->capacity = capacity;
    }
    copy = strdup(cell == NULL ? "" : cell);
    if (copy == NULL) {
        table->error = NRS_ERROR_NO_MEMORY;
        return;
    }
    table->cells[table->cell_count++] = copy;
}

nrs_error nrs_table_print(nrs_table *table)
{
    size_t widths[NRS_TABLE_COLUMN_COUNT_MAX] = {0};
    nrs_error error = table->error;

    NRS_ASSERT(error != NRS_OK || table->column_count == 0 || table->cell_count % table->column_count == 0);

    for (size_t i = 0; error == NRS_OK && i < table->cell_count; i++) {
        size_t width = nrs_text_width(table->cells[i]);
        size_t *column = &widths[i % table->column_count];

        *column = width > *column ? width : *column;
    }
    for (size_t row = 0; error == NRS_OK && row < table->cell_count; row += table->column_count) {
        size_t end = table->column_count;

        while (end > 0 && table->cells[row + end - 1][0] == '\0') {
            end--; /* nothing follows, so nothing is filled up with spaces */
        }
        for (size_t i = 0; i < end; i++) {
            nrs_text_pad(stdout, table->cells[row + i], i + 1 == end ? 0 : widths[i] + 2);
        }
        fputc('\n', stdout);
    }
    for (size_t i = 0; i < table->cell_count; i++) {
        free(table->cells[i]);
    }
    free(table->cells);
    *table = (nrs_table){0};
    return error;
}
