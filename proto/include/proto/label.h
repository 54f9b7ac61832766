/* Traffic Light Protocol 2.0 labels (FIRST). Order is strictness: a later label is stricter than an earlier one. */
#ifndef PROTO_LABEL_H
#define PROTO_LABEL_H

#include "proto/error.h"

typedef enum nrs_label {
    NRS_LABEL_NONE = 0, /* never on a record: stands for a label not given */
    NRS_LABEL_CLEAR = 1,
    NRS_LABEL_GREEN = 2,
    NRS_LABEL_AMBER = 3,
    NRS_LABEL_AMBER_STRICT = 4,
    NRS_LABEL_RED = 5,
    NRS_LABEL_COUNT = 6
} nrs_label;

/* How a set of labels stands in the bits of Rules, Disclaimer and DutyRule. */
#define NRS_LABEL_BIT(label) (1u << (unsigned)(label))
#define NRS_LABEL_BITS_ALL                                                                                             \
    (NRS_LABEL_BIT(NRS_LABEL_CLEAR) | NRS_LABEL_BIT(NRS_LABEL_GREEN) | NRS_LABEL_BIT(NRS_LABEL_AMBER) |                \
     NRS_LABEL_BIT(NRS_LABEL_AMBER_STRICT) | NRS_LABEL_BIT(NRS_LABEL_RED))

/** "AMBER+STRICT"; labels are never translated. */
const char *nrs_label_name(nrs_label label);
/** Takes the name with or without "TLP:", in any case; "WHITE" is refused, the hint names CLEAR.
 *  Returns NRS_ERROR_UNKNOWN_LABEL; NRS_ERROR_LABEL_MISSING for NULL or an empty text. */
NRS_MUST_USE nrs_error nrs_label_parse(nrs_label *label_out, const char *text);
/** NRS_ERROR_UNKNOWN_LABEL unless value is CLEAR … RED. For values from the wire. */
NRS_MUST_USE nrs_error nrs_label_from_wire(nrs_label *label_out, unsigned value);
/** Of two labels the stricter one holds. */
nrs_label nrs_label_stricter(nrs_label a, nrs_label b);

#endif
