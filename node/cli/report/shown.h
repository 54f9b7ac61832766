/* Parts of a report as JSON, the same ones as the node shows: of what this program opens itself, or reads from a file. */
#ifndef CLI_REPORT_SHOWN_H
#define CLI_REPORT_SHOWN_H

#include <jansson.h>

#include "proto/wire.h"

/** A hash in hexadecimal digits; null for a field that holds none. Each of these gives a new reference, or NULL without memory. */
json_t *nrs_shown_hash(const ProtobufCBinaryData *field);
/** The same of several, as an array. Owned. */
json_t *nrs_shown_hashes(const ProtobufCBinaryData *fields, size_t count);
/** The text; null for NULL and for an empty one. */
json_t *nrs_shown_text(const char *text);
/** The form's fields under their names. */
json_t *nrs_shown_fields(const nrs_report *report);
/** The addresses as the sender wrote them. */
json_t *nrs_shown_addresses(const nrs_report *report);
/** Conditions of use (SPEC 5.5); null for NULL. What is unstated is null. */
json_t *nrs_shown_conditions(const Nrs__Wire__Conditions *held);

#endif
