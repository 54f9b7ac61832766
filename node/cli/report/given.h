/* What a person wrote on the command line, checked with the reason told. */
#ifndef CLI_GIVEN_H
#define CLI_GIVEN_H

#include "command.h"
#include "proto/bytes.h"
#include "proto/vocabulary.h"

/** A name as people write it (--name). Recorded: NRS_ERROR_USAGE, TOO_LARGE, BAD_UTF8, MALFORMED. */
NRS_MUST_USE nrs_error nrs_given_name(nrs_cli *cli, const char *name);
/** Text within its limit: UTF-8 without control characters; line ends and tabs only when `lines`. what: an option or a file. */
NRS_MUST_USE nrs_error nrs_given_text(nrs_cli *cli, const char *what, nrs_slice text, size_t size_max, bool lines);
/** That a text says something (SPEC 5.2). Recorded: NRS_ERROR_USAGE. */
NRS_MUST_USE nrs_error nrs_given_not_blank(nrs_cli *cli, const char *what, nrs_slice text);
/** Record that a text is larger than its limit. */
NRS_MUST_USE nrs_error nrs_given_too_large(nrs_cli *cli, const char *what, size_t size_max);
/** A word of a vocabulary. Out: term_out, static. Recorded, with the words that are allowed. */
NRS_MUST_USE nrs_error nrs_given_word(nrs_cli *cli, const nrs_term **term_out, nrs_vocabulary vocabulary, const char *given,
                                      nrs_error unknown);
/** A label's bit added to a set. Recorded. */
NRS_MUST_USE nrs_error nrs_given_labels(nrs_cli *cli, uint32_t *labels_out, const char *given);
/** "Allowed: a, b, c": the words of a vocabulary. Owned (free); NULL without memory. */
char *nrs_given_allowed(nrs_vocabulary vocabulary);

#endif
