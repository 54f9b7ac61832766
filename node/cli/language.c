#include "language.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linux.h"
#include "proto/assert.h"

enum { CATALOGUE_FOLDER_SIZE = 4096 };

/* The first of the variables that is set decides, as POSIX orders them. */
static const char *locale_of_messages(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);

        if (value != NULL && value[0] != '\0') {
            return value;
        }
    }
    return "C";
}

const char *nrs_language_choose(const char *given)
{
    const char *locale = NULL;

    if (given != NULL) {
        return strcmp(given, "ja") == 0 ? "ja" : strcmp(given, "en") == 0 ? "en" : NULL;
    }
    locale = locale_of_messages();
    return strncmp(locale, "ja", 2) == 0 && strchr("_.@", locale[2]) != NULL ? "ja" : "en";
}

/* gettext looks nothing up in the plain C locale, and a Japanese locale may not be installed: any UTF-8 locale will do,
 * since LANGUAGE names the catalogue. */
static void start_locale(void)
{
    const char *locale = setlocale(LC_ALL, "");

    if (locale == NULL || strcmp(setlocale(LC_MESSAGES, NULL), "C") == 0 ||
        strcmp(setlocale(LC_MESSAGES, NULL), "POSIX") == 0 || strcmp(nl_langinfo(CODESET), "UTF-8") != 0) {
        (void)setlocale(LC_ALL, "C.UTF-8");
    }
}

void nrs_language_start(const char *language)
{
    char program[CATALOGUE_FOLDER_SIZE];
    char folder[CATALOGUE_FOLDER_SIZE + 32];

    NRS_ASSERT(language != NULL);

    if (strcmp(language, "en") == 0) {
        (void)setlocale(LC_ALL, "C");
        return;
    }
    start_locale();
    if (setenv("LANGUAGE", language, 1) != 0 || !nrs_linux_program_folder(program, sizeof program)) {
        return; /* English is better than nothing */
    }
    snprintf(folder, sizeof folder, "%s/../share/locale", program);
    (void)bindtextdomain("noroshi", folder);
    (void)bind_textdomain_codeset("noroshi", "UTF-8");
    (void)textdomain("noroshi");
}
