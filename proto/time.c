#include "proto/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "proto/assert.h"
#include "proto/limits.h"

#define JAPAN_OFFSET_MS (9ull * NRS_HOUR_MS)
#define DURATION_MS_MAX (1000ull * NRS_DAY_MS)

/* Days since 1970-01-01 of a date of the Gregorian calendar, and back: Howard Hinnant, "chrono-Compatible Low-Level
 * Date Algorithms". Years are counted from March, so that the leap day comes last. */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    int64_t shifted_year = month <= 2 ? year - 1 : year;
    int64_t era = shifted_year / 400;
    int64_t year_of_era = shifted_year - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static void date_from_days(int64_t days, unsigned *year_out, unsigned *month_out, unsigned *day_out)
{
    int64_t shifted = days + 719468;
    int64_t era = shifted / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;

    *day_out = (unsigned)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    *month_out = (unsigned)month;
    *year_out = (unsigned)(year_of_era + era * 400 + (month <= 2 ? 1 : 0));
}

void nrs_time_format(char text_out[32], uint64_t time_ms)
{
    unsigned year, month, day;
    uint64_t in_day_ms;

    NRS_ASSERT(text_out != NULL);

    if (time_ms > NRS_TIME_MS_MAX) { /* a hostile number still reads as a time, the latest there is */
        time_ms = NRS_TIME_MS_MAX;
    }
    date_from_days((int64_t)(time_ms / NRS_DAY_MS), &year, &month, &day);
    in_day_ms = time_ms % NRS_DAY_MS;
    snprintf(text_out, 32, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", year % 10000, month % 100, day % 100,
             (unsigned)(in_day_ms / NRS_HOUR_MS) % 100, (unsigned)(in_day_ms / NRS_MINUTE_MS % 60),
             (unsigned)(in_day_ms / NRS_SECOND_MS % 60), (unsigned)(in_day_ms % NRS_SECOND_MS));
}

/* Read exactly `count` digits and advance. */
static bool take_number(const char **cursor, size_t count, unsigned *value_out)
{
    unsigned value = 0;

    for (size_t i = 0; i < count; i++) {
        char c = (*cursor)[i];

        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (unsigned)(c - '0');
    }
    *cursor += count;
    *value_out = value;
    return true;
}

static bool take_character(const char **cursor, const char *allowed)
{
    if (**cursor == '\0' || strchr(allowed, **cursor) == NULL) {
        return false;
    }
    (*cursor)++;
    return true;
}

static bool take_date(const char **cursor, int64_t *days_out)
{
    static const unsigned month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned year, month, day, days_in_month;

    if (!take_number(cursor, 4, &year) || !take_character(cursor, "-") || !take_number(cursor, 2, &month) ||
        !take_character(cursor, "-") || !take_number(cursor, 2, &day)) {
        return false;
    }
    if (year < 1969 || month < 1 || month > 12) { /* an offset may bring the last day of 1969 past the epoch */
        return false;
    }
    days_in_month = month_days[month - 1];
    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) {
        days_in_month = 29;
    }
    if (day < 1 || day > days_in_month) {
        return false;
    }
    *days_out = days_from_date(year, month, day);
    return true;
}

/* "03:40:43.123"; digits past the millisecond are dropped. */
static bool take_clock(const char **cursor, int64_t *in_day_ms_out)
{
    unsigned hour, minute, second, milliseconds = 0, scale = 100;

    if (!take_number(cursor, 2, &hour) || !take_character(cursor, ":") || !take_number(cursor, 2, &minute) ||
        !take_character(cursor, ":") || !take_number(cursor, 2, &second)) {
        return false;
    }
    if (hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    if (take_character(cursor, ".")) {
        unsigned digit;
        size_t count = 0;

        while (count < 9 && take_number(cursor, 1, &digit)) {
            milliseconds += digit * scale;
            scale /= 10;
            count++;
        }
        if (count == 0) {
            return false;
        }
    }
    *in_day_ms_out = (int64_t)((hour * 60u + minute) * 60u + second) * 1000 + milliseconds;
    return true;
}

static bool take_offset(const char **cursor, int64_t *offset_ms_out)
{
    unsigned hours, minutes;
    int64_t sign;

    if (take_character(cursor, "Zz")) {
        *offset_ms_out = 0;
        return true;
    }
    sign = **cursor == '-' ? -1 : 1;
    if (!take_character(cursor, "+-") || !take_number(cursor, 2, &hours) || !take_character(cursor, ":") ||
        !take_number(cursor, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *offset_ms_out = sign * (int64_t)((hours * 60ull + minutes) * NRS_MINUTE_MS);
    return true;
}

nrs_error nrs_time_parse(uint64_t *time_ms_out, const char *text)
{
    int64_t days = 0, in_day_ms = 0, offset_ms = (int64_t)JAPAN_OFFSET_MS, time_ms;

    NRS_ASSERT(time_ms_out != NULL);
    NRS_ASSERT(text != NULL);

    if (!take_date(&text, &days)) {
        return NRS_ERROR_MALFORMED;
    }
    if (*text != '\0') {
        if (!take_character(&text, "Tt ") || !take_clock(&text, &in_day_ms) || !take_offset(&text, &offset_ms)) {
            return NRS_ERROR_MALFORMED;
        }
    }
    time_ms = days * (int64_t)NRS_DAY_MS + in_day_ms - offset_ms;
    if (*text != '\0' || time_ms < 0 || (uint64_t)time_ms > NRS_TIME_MS_MAX) {
        return NRS_ERROR_MALFORMED;
    }
    *time_ms_out = (uint64_t)time_ms;
    return NRS_OK;
}

nrs_error nrs_duration_parse(uint64_t *duration_ms_out, const char *text)
{
    static const struct {
        char letter;
        uint64_t unit_ms;
    } units[] = {{'d', NRS_DAY_MS}, {'h', NRS_HOUR_MS}, {'m', NRS_MINUTE_MS}, {'s', NRS_SECOND_MS}};
    uint64_t value = 0;
    bool large = false;
    size_t size;

    NRS_ASSERT(duration_ms_out != NULL);
    NRS_ASSERT(text != NULL);

    size = strspn(text, "0123456789");
    if (size == 0 || text[size] == '\0' || text[size + 1] != '\0') {
        return NRS_ERROR_MALFORMED;
    }
    for (size_t i = 0; i < size; i++) {
        value = value * 10 + (uint64_t)(text[i] - '0');
        large = large || value > DURATION_MS_MAX;
        value = large ? DURATION_MS_MAX : value; /* stays small enough not to wrap */
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (text[size] == units[i].letter) {
            if (large || value > DURATION_MS_MAX / units[i].unit_ms) {
                return NRS_ERROR_TOO_LARGE;
            }
            *duration_ms_out = value * units[i].unit_ms;
            return NRS_OK;
        }
    }
    return NRS_ERROR_MALFORMED;
}
