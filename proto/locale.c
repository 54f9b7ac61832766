#include "proto/locale.h"

#include <stddef.h>
#include <string.h>

static bool is_set(const char *value)
{
    return value != NULL && value[0] != '\0';
}

static bool is_plain(const char *locale)
{
    return strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0;
}

/* ja, ja_JP, ja_JP.UTF-8, ja@anything; not what only begins so, as jam. (The end of the text is found by strchr, too.) */
static bool names(const char *locale, const char *code)
{
    const size_t size = strlen(code);

    return strncmp(locale, code, size) == 0 && strchr("_.@:", locale[size]) != NULL;
}

static bool list_is_japanese(const char *list)
{
    for (const char *at = list; at != NULL; at = strchr(at, ':')) {
        at += *at == ':' ? 1 : 0;
        if (names(at, "ja")) {
            return true;
        }
        if (names(at, "en") || names(at, "C") || names(at, "POSIX")) {
            return false;
        }
    }
    return false;
}

bool nrs_locale_is_japanese(const char *lc_all, const char *lc_messages, const char *lang, const char *list)
{
    const char *locale = is_set(lc_all) ? lc_all : is_set(lc_messages) ? lc_messages : is_set(lang) ? lang : "C";

    return is_set(list) && !is_plain(locale) ? list_is_japanese(list) : names(locale, "ja");
}
