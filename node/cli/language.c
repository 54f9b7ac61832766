#include "language.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linux.h"
#include "proto/assert.h"
#include "proto/locale.h"

enum { CATALOGUE_FOLDER_SIZE = 4096 };

const char nrs_language_missing[] = "日本語の文言（share/locale/ja/LC_MESSAGES/noroshi.mo）がプログラムのフォルダーの隣に見つからないため、英語で表示します / "
                                    "the Japanese sentences (share/locale/ja/LC_MESSAGES/noroshi.mo) are not found next to the folder of the program: they are in English";

const char *nrs_language_choose(const char *given)
{
    if (given != NULL) {
        return strcmp(given, "ja") == 0 ? "ja" : strcmp(given, "en") == 0 ? "en" : NULL;
    }
    return nrs_locale_is_japanese(getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG"), getenv("LANGUAGE")) ? "ja" : "en";
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

bool nrs_language_start(const char *language)
{
    char program[CATALOGUE_FOLDER_SIZE];
    char folder[CATALOGUE_FOLDER_SIZE + 32];

    NRS_ASSERT(language != NULL);

    if (strcmp(language, "en") == 0) {
        (void)setlocale(LC_ALL, "C");
        return true;
    }
    start_locale();
    if (setenv("LANGUAGE", language, 1) != 0 || !nrs_linux_program_folder(program, sizeof program)) {
        return false;
    }
    snprintf(folder, sizeof folder, "%s/../share/locale", program);
    (void)bindtextdomain("noroshi", folder);
    (void)bind_textdomain_codeset("noroshi", "UTF-8");
    (void)textdomain("noroshi");
    return gettext("")[0] != '\0'; /* the head of the catalogue */
}
