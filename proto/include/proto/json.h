/* Plain JSON text, read value by value without building anything: what the programs of this house write to one another. It is
 * the faster way past a whole parser, never another opinion: whatever is not plain (an escape by number or in a name, a fraction,
 * bytes that are not UTF-8, more than NRS_JSON_DEPTH_MAX deep) is NRS_ERROR_MALFORMED, and a whole parser then decides. */
#ifndef PROTO_JSON_H
#define PROTO_JSON_H

#include "proto/bytes.h"

enum { NRS_JSON_DEPTH_MAX = 16 };

typedef enum nrs_json_kind {
    NRS_JSON_NULL = 1,
    NRS_JSON_FALSE,
    NRS_JSON_TRUE,
    NRS_JSON_NUMBER,
    NRS_JSON_TEXT,
    NRS_JSON_OBJECT, /* its members follow, then END */
    NRS_JSON_ARRAY,  /* likewise its values */
    NRS_JSON_END,
    NRS_JSON_DONE    /* nothing is left */
} nrs_json_kind;

typedef struct nrs_json_value {
    nrs_json_kind kind;
    nrs_slice name; /* of a member of an object; borrowed from what is read, as is text */
    nrs_slice text; /* as it stands there */
    bool escaped;   /* nrs_json_unescape has yet to be asked what the text says */
    int64_t number;
} nrs_json_value;

typedef struct nrs_json_reader {
    nrs_slice left;
    size_t depth;
    bool in_object[NRS_JSON_DEPTH_MAX];
    bool begun; /* something stands before in the innermost object or array */
    bool done;  /* the one value is read */
} nrs_json_reader;

nrs_json_reader nrs_json_over(nrs_slice text);
/** The next value, name and all. Returns NRS_ERROR_MALFORMED for what is not plain or not JSON; the reader is then of no more use. */
NRS_MUST_USE nrs_error nrs_json_next(nrs_json_reader *reader, nrs_json_value *value_out);
/** Read on until what has just begun (OBJECT or ARRAY) has ended. Out: count_out: how many values stand right in it. */
NRS_MUST_USE nrs_error nrs_json_skip(nrs_json_reader *reader, size_t *count_out);
bool nrs_json_is(nrs_slice name, const char *text);
/** Append a text in its quotation marks, byte for byte as jansson writes it. In: text: UTF-8, of any characters. */
NRS_MUST_USE nrs_error nrs_json_write_text(nrs_bytes *out, nrs_slice text);
/** What an escaped text says. Out: text_out holds text.size bytes. Returns how many were written. */
size_t nrs_json_unescape(char *text_out, nrs_slice text);

#endif
