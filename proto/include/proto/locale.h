/* In which of the two languages people are spoken to, by the variables that a locale is made of. */
#ifndef PROTO_LOCALE_H
#define PROTO_LOCALE_H

#include <stdbool.h>

/** Whether that is Japanese. Of the first three, which are the variables of POSIX of these names, the first that is set is the locale; `list`,
 *  $LANGUAGE, goes before it as it does for gettext: names with colons between, of which the first that is Japanese or English counts, and
 *  neither makes it English. It does not count in the plain C locale. In: each may be NULL. */
bool nrs_locale_is_japanese(const char *lc_all, const char *lc_messages, const char *lang, const char *list);

#endif
