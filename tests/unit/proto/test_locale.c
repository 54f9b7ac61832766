/* The language by the variables of the locale, as gettext reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "proto/locale.h"

static const struct locale_case {
    const char *name, *lc_all, *lc_messages, *lang, *list;
    bool japanese;
} locale_cases[] = {
    {"nothing is set", NULL, NULL, NULL, NULL, false},
    {"LANG", NULL, NULL, "ja_JP.UTF-8", NULL, true},
    {"the language alone", NULL, NULL, "ja", NULL, true},
    {"another that begins so", NULL, NULL, "jam_JM", NULL, false},
    {"LC_MESSAGES before LANG", NULL, "ja_JP.UTF-8", "en_US.UTF-8", NULL, true},
    {"LC_ALL before both", "en_US.UTF-8", "ja_JP.UTF-8", "ja_JP.UTF-8", NULL, false},
    {"what is empty is not set", "", "", "ja_JP.UTF-8", "", true},
    {"LANGUAGE before the locale", NULL, NULL, "en_US.UTF-8", "ja:en", true},
    {"also of LC_ALL", "en_US.UTF-8", NULL, NULL, "ja", true},
    {"English before Japanese", NULL, NULL, "ja_JP.UTF-8", "en:ja", false},
    {"a territory and a codeset", NULL, NULL, "en_US.UTF-8", "ja_JP.UTF-8:en", true},
    {"others before it are passed over", NULL, NULL, "en_US.UTF-8", "fr:de_DE:ja:en", true},
    {"an empty place is passed over", NULL, NULL, "en_US.UTF-8", ":ja", true},
    {"neither of the two is English", NULL, NULL, "ja_JP.UTF-8", "fr:jam", false},
    {"C in the list ends it", NULL, NULL, "ja_JP.UTF-8", "C:ja", false},
    {"not in the C locale", "C", NULL, "en_US.UTF-8", "ja", false},
    {"nor in POSIX", NULL, NULL, "POSIX", "ja", false},
    {"nor where no locale is set", NULL, NULL, NULL, "ja", false},
    {"C.UTF-8 is a locale", "C.UTF-8", NULL, NULL, "ja", true},
};

static void as_gettext_reads_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof locale_cases / sizeof locale_cases[0]; i++) {
        const struct locale_case *it = &locale_cases[i];

        if (nrs_locale_is_japanese(it->lc_all, it->lc_messages, it->lang, it->list) != it->japanese) {
            fail_msg("%s", it->name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_gettext_reads_them)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
