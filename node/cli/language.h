/* The language in which people are spoken to: Japanese or English, through the gettext catalogue `noroshi`. */
#ifndef CLI_LANGUAGE_H
#define CLI_LANGUAGE_H

#include <libintl.h>
#include <stdbool.h>

#define _(text) gettext(text)
#define N_(text) text /* marks a msgid that is looked up later */

/** "ja" or "en": `given` when it is one of them, else what the locale and $LANGUAGE say when given is NULL; NULL when given is neither. */
const char *nrs_language_choose(const char *given);
/** Speak it from now on. English needs no catalogue, so nothing is loaded for it. Returns false where the catalogue is not to be had: it is
 *  English then, and who wanted Japanese is told by nrs_language_missing. */
bool nrs_language_start(const char *language);
extern const char nrs_language_missing[];

#endif
