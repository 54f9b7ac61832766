/* JSON as it leaves and enters the program. */
#include <stdlib.h>
#include <string.h>

#include "proto/assert.h"
#include "text.h"

/* Each block keeps its size before it, so that all of it can be wiped: a RED body passes through JSON values. */
typedef union block_head {
    size_t size;
    max_align_t align;
} block_head;

static void *block_new(size_t size)
{
    block_head *head = size > SIZE_MAX - sizeof *head ? NULL : malloc(sizeof *head + size);

    if (head == NULL) {
        return NULL;
    }
    head->size = sizeof *head + size;
    return head + 1;
}

static void block_free(void *block)
{
    if (block != NULL) {
        block_head *head = (block_head *)block - 1;
        nrs_bytes bytes = {(uint8_t *)head, head->size, head->size};

        nrs_bytes_wipe(&bytes);
    }
}

void nrs_json_wipe_on_free(void)
{
    json_set_alloc_funcs(block_new, block_free);
}

void nrs_json_free(char *text)
{
    block_free(text);
}

const char *nrs_json_text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

bool nrs_json_lists(const json_t *list, const char *text)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *one = json_string_value(json_array_get(list, i));

        if (one != NULL && strcmp(one, text) == 0) {
            return true;
        }
    }
    return false;
}

char *nrs_text_joined(const json_t *list)
{
    char *text = strdup("");

    for (size_t i = 0; text != NULL && i < json_array_size(list); i++) {
        const char *one = json_string_value(json_array_get(list, i));
        char *longer = nrs_text_format("%s%s%s", text, i > 0 ? ", " : "", one == NULL ? "?" : one);

        free(text);
        text = longer;
    }
    return text;
}

json_t *nrs_text_json(const char *text)
{
    json_t *value = NULL;
    char *clean = NULL;

    NRS_ASSERT(text != NULL);

    value = json_string(text);
    if (value != NULL) {
        return value;
    }
    clean = strdup(text);
    for (char *at = clean; at != NULL && *at != '\0'; at++) {
        *at = (unsigned char)*at >= 0x80 ? '?' : *at;
    }
    value = json_string(clean == NULL ? "" : clean);
    free(clean);
    return value;
}

/* How many of the bytes at the head stand for a C1 control or a change of direction; 0 when they do not. left: at least 1. */
static size_t escaped_size(const uint8_t *at, size_t left, unsigned *code_point_out)
{
    if (at[0] == 0x7f) {
        *code_point_out = 0x7f;
        return 1;
    }
    if (left >= 2 && at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f) {
        *code_point_out = at[1];
        return 2;
    }
    if (left >= 2 && at[0] == 0xd8 && at[1] == 0x9c) {
        *code_point_out = 0x61c;
        return 2;
    }
    if (left >= 3 && at[0] == 0xe2 && (at[1] == 0x80 || at[1] == 0x81) && at[2] >= 0x80) {
        unsigned code_point = 0x2000u + (at[1] - 0x80u) * 64u + (at[2] - 0x80u);

        if ((code_point >= 0x200e && code_point <= 0x200f) || (code_point >= 0x2028 && code_point <= 0x202e) ||
            (code_point >= 0x2066 && code_point <= 0x2069)) {
            *code_point_out = code_point;
            return 3;
        }
    }
    return 0;
}

void nrs_text_print_json_line(FILE *file, nrs_slice line)
{
    size_t done = 0;

    NRS_ASSERT(file != NULL);
    for (size_t at = 0; at < line.size;) {
        unsigned code_point = 0;
        size_t size = line.data[at] < 0x7f ? 0 : escaped_size(line.data + at, line.size - at, &code_point);

        if (size > 0) {
            fwrite(line.data + done, 1, at - done, file);
            fprintf(file, "\\u%04x", code_point);
            done = at + size;
        }
        at += size > 0 ? size : 1;
    }
    fwrite(line.data + done, 1, line.size - done, file);
    fputc('\n', file);
}

void nrs_text_print_json(FILE *file, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);

    if (text == NULL) {
        return;
    }
    nrs_text_print_json_line(file, nrs_slice_of_string(text));
    nrs_json_free(text);
}
