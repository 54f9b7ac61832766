/* What the daemon says to a person at its start, in English and in Japanese. The log is English. */
#ifndef SHELL_WORDS_H
#define SHELL_WORDS_H

#include "folder.h"
#include "proto/error.h"

typedef enum nrs_language { NRS_ENGLISH = 0, NRS_JAPANESE = 1 } nrs_language;

/** From the locale's variables. */
nrs_language nrs_language_of_locale(void);
const char *nrs_words_help(nrs_language language);
const char *nrs_words_prompt(nrs_language language);
const char *nrs_words_usage(nrs_language language);
/** That a passphrase is needed, and how to give it. */
const char *nrs_words_no_passphrase(nrs_language language);
const char *nrs_words_error(nrs_language language, nrs_error error);
/** Why the system refused: errno in words. */
const char *nrs_words_reason(nrs_language language, int reason);
/** What is wrong with the file in the folder; what nrs_words_error says where nothing closer is known. */
const char *nrs_words_trouble(nrs_language language, nrs_error error, nrs_trouble trouble);
/** What to do about it, or NULL. about: the file in the folder, or NULL. */
const char *nrs_words_remedy(nrs_language language, nrs_error error, nrs_trouble trouble, const char *about);

#endif
