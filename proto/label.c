#include "proto/label.h"

#include <stddef.h>
#include <strings.h>

#include "proto/assert.h"

static const char *const names[NRS_LABEL_COUNT] = {
    [NRS_LABEL_NONE] = "",
    [NRS_LABEL_CLEAR] = "CLEAR",
    [NRS_LABEL_GREEN] = "GREEN",
    [NRS_LABEL_AMBER] = "AMBER",
    [NRS_LABEL_AMBER_STRICT] = "AMBER+STRICT",
    [NRS_LABEL_RED] = "RED",
};

const char *nrs_label_name(nrs_label label)
{
    NRS_ASSERT((unsigned)label < (unsigned)NRS_LABEL_COUNT);
    return names[label];
}

nrs_error nrs_label_parse(nrs_label *label_out, const char *text)
{
    static const char prefix[] = "TLP:";

    NRS_ASSERT(label_out != NULL);

    if (text == NULL || text[0] == '\0') {
        return NRS_ERROR_LABEL_MISSING;
    }
    if (strncasecmp(text, prefix, sizeof prefix - 1) == 0) {
        text += sizeof prefix - 1;
    }
    for (unsigned i = NRS_LABEL_CLEAR; i < NRS_LABEL_COUNT; i++) {
        if (strcasecmp(text, names[i]) == 0) {
            *label_out = (nrs_label)i;
            return NRS_OK;
        }
    }
    return NRS_ERROR_UNKNOWN_LABEL;
}

nrs_error nrs_label_from_wire(nrs_label *label_out, unsigned value)
{
    NRS_ASSERT(label_out != NULL);
    if (value < NRS_LABEL_CLEAR || value > NRS_LABEL_RED) {
        return NRS_ERROR_UNKNOWN_LABEL;
    }
    *label_out = (nrs_label)value;
    return NRS_OK;
}

nrs_label nrs_label_stricter(nrs_label a, nrs_label b)
{
    return a > b ? a : b;
}
