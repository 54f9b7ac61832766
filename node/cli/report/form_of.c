/* show --form: what a secretariat edits before it vouches for a report, or anybody before a next one (SPEC 4.4). */
#include "report/form_of.h"

#include <stdio.h>
#include <string.h>

#include "language.h"
#include "proto/form.h"
#include "text.h"

static const char intro_withheld[] =
    N_("What tells whose report it is stands behind comment signs: take them away to publish it.");
static const char intro_part[] = N_("Write the summary for this part alone.");

/* A value over indented lines; hidden: each line behind a comment sign. Each is cut out of the value where it stands, so that none drives
 * the terminal that the form is shown on. */
static void print_value(const char *name, char *value, bool hidden)
{
    fputs(hidden ? "# " : "", stdout);
    fputs(name, stdout);
    fputs(": ", stdout);
    for (char *line = value; line != NULL;) {
        char *end = strchr(line, '\n');

        if (end != NULL) {
            *end = '\0';
            if (end > line && end[-1] == '\r') {
                end[-1] = '\0';
            }
        }
        nrs_text_print(stdout, line, NRS_TEXT_BODY);
        fputc('\n', stdout);
        line = end == NULL ? NULL : end + 1;
        if (line != NULL) {
            fputs(hidden ? "#   " : "  ", stdout);
        }
    }
}

static char *value_of(const json_t *row, const char *name)
{
    static const struct {
        const char *field, *key;
    } keys[] = {{"tlp", "label"}, {"summary", "body"}};
    const json_t *conditions = json_object_get(row, "conditions");
    const json_t *value = json_object_get(json_object_get(row, "fields"), name);

    if (strcmp(name, "pap") == 0) {
        value = json_object_get(conditions, "permissible_actions");
    } else if (strcmp(name, "tell_affected") == 0) {
        value = json_object_get(conditions, "affected_may_be_told");
    } else if (strcmp(name, "name_source") == 0) {
        value = json_object_get(conditions, "source_may_be_named");
    } else if (strcmp(name, "not_for_supervision") == 0) {
        value = json_object_get(conditions, name);
        value = json_is_true(value) ? value : NULL;
    } else if (value == NULL) {
        value = json_object_get(row, name);
    }
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        value = strcmp(keys[i].field, name) == 0 ? json_object_get(row, keys[i].key) : value;
    }
    if (json_is_boolean(value)) {
        return strcmp(name, "final") == 0 && json_is_false(value) ? NULL : nrs_text_format("%s", json_is_true(value) ? "yes" : "no");
    }
    if (json_is_integer(value)) {
        return nrs_text_format("%lld", (long long)json_integer_value(value));
    }
    return json_string_value(value) == NULL ? NULL : nrs_text_format("%s", json_string_value(value));
}

static void print_addresses(const json_t *to)
{
    size_t index;
    const json_t *address;

    fputs("to: ", stdout);
    json_array_foreach(to, index, address) {
        printf("%s%s", index > 0 ? ", " : "", json_string_value(address) == NULL ? "" : json_string_value(address));
    }
    fputc('\n', stdout);
}

nrs_error nrs_form_of_report(nrs_cli *cli, const json_t *row)
{
    const char *word = nrs_cli_option(cli, "part");
    const int part = word == NULL ? NRS_FORM_BOTH : nrs_form_part_parse(word);
    const char *attribution = nrs_json_text(row, "attribution");
    const bool withheld = attribution != NULL && strcmp(attribution, "withheld") == 0;
    size_t count = 0;
    const nrs_form_field *fields = nrs_form_fields(&count);

    if (word != NULL && part == NRS_FORM_BOTH) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, _("the parts are technical and damage"), _("not a part of a report: %s"), word);
    }
    if (withheld) {
        printf("# %s\n", _(intro_withheld));
    }
    if (part != NRS_FORM_BOTH) {
        printf("# %s\n", _(intro_part));
    }
    for (size_t i = 0; i < count; i++) {
        char *value = value_of(row, fields[i].name);

        if (strcmp(fields[i].name, "to") == 0) {
            print_addresses(json_object_get(row, "to"));
        } else if (value != NULL && (part == NRS_FORM_BOTH || fields[i].part == NRS_FORM_BOTH || fields[i].part == part)) {
            print_value(fields[i].name, value, withheld && fields[i].source != 0);
        }
        free(value);
    }
    return NRS_OK;
}
