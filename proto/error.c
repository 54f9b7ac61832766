/* The tables behind nrs_error; they come from the one list in the header, so that they cannot drift apart. */
#include "proto/error.h"

#include <stddef.h>
#include <string.h>

typedef struct error_entry {
    const char *rule;
    const char *sentence;
    int exit_code;
} error_entry;

static const error_entry entries[NRS_ERROR_COUNT] = {
#define ERROR_ENTRY(name, rule, exit_code, sentence) [NRS_ERROR_##name] = {rule, sentence, exit_code},
    NRS_ERRORS(ERROR_ENTRY)
#undef ERROR_ENTRY
};

/* A number may come from a peer's Refusal, so any value is taken. */
static const error_entry *entry_of(nrs_error error)
{
    size_t index = (size_t)error;

    return index < (size_t)NRS_ERROR_COUNT ? &entries[index] : &entries[NRS_ERROR_INTERNAL];
}

const char *nrs_error_rule(nrs_error error)
{
    return entry_of(error)->rule;
}

const char *nrs_error_sentence(nrs_error error)
{
    return entry_of(error)->sentence;
}

int nrs_error_exit_code(nrs_error error)
{
    return entry_of(error)->exit_code;
}

nrs_error nrs_error_from_rule(const char *rule)
{
    if (rule == NULL) {
        return NRS_ERROR_INTERNAL;
    }
    for (size_t i = 0; i < (size_t)NRS_ERROR_COUNT; i++) {
        if (strcmp(entries[i].rule, rule) == 0) {
            return (nrs_error)i;
        }
    }
    return NRS_ERROR_INTERNAL;
}
