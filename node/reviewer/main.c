/* noroshi-audit-verify: checks an exported audit log without a node, with nothing but the file and the fingerprints of those who
 * signed it (SPEC 13.5). It reads line by line, so the log may be of any length. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/audit_check.h"
#include "language.h"
#include "proto/time.h"

/* The codes are those of `audit verify --json`; scripts read them in every language. */
static const char *const fault_words[] = {
    [NRS_AUDIT_FAULT_CHANGED] = "changed",          [NRS_AUDIT_FAULT_MISSING] = "missing",
    [NRS_AUDIT_FAULT_INSERTED] = "inserted",        [NRS_AUDIT_FAULT_CUT] = "cut",
    [NRS_AUDIT_FAULT_REWRITTEN] = "rewritten",      [NRS_AUDIT_FAULT_SIGNED_OTHERWISE] = "signed-otherwise",
    [NRS_AUDIT_FAULT_CHECKPOINT] = "checkpoint",    [NRS_AUDIT_FAULT_COSIGNATURE] = "cosignature",
    [NRS_AUDIT_FAULT_SUCCESSION] = "succession",    [NRS_AUDIT_FAULT_ALARM] = "alarm",
};

static void print_finding(void *context, const nrs_audit_finding *finding)
{
    (void)context;
    printf(_("FAULT %s entries %llu to %llu\n"), fault_words[finding->fault], (unsigned long long)finding->first, (unsigned long long)finding->last);
}

/* Returns 0; 1 when the machine fails; 8 when it is no such file. */
static int read_log(nrs_audit_check *check, FILE *file)
{
    static char line[NRS_AUDIT_LINE_SIZE_MAX];

    while (fgets(line, sizeof line, file) != NULL) {
        const size_t size = strlen(line);
        const bool whole = size > 0 && line[size - 1] == '\n';
        const nrs_error error = whole ? nrs_audit_check_line(check, nrs_slice_of(line, size - 1)) : NRS_ERROR_MALFORMED;

        if (error == NRS_ERROR_NO_MEMORY || error == NRS_ERROR_BUSY) {
            fprintf(stderr, "noroshi-audit-verify: %s\n", _(nrs_error_sentence(error)));
            return 1;
        }
        if (error == NRS_ERROR_UNKNOWN_SUITE) {
            fprintf(stderr, _("noroshi-audit-verify: the file has form %llu of an exported audit log, this program reads form %u: have it exported again, or use the program of the build that wrote it\n"),
                    (unsigned long long)check->form, NRS_AUDIT_FILE_FORM);
            return 8;
        }
        if (error != NRS_OK) {
            fprintf(stderr, _("noroshi-audit-verify: line %llu is not one of an exported audit log\n"), (unsigned long long)check->line_count + 1);
            return 8;
        }
    }
    if (ferror(file) != 0) {
        perror("noroshi-audit-verify");
        return 1;
    }
    if (check->line_count < 4) {
        fputs(_("noroshi-audit-verify: the file ends before an exported audit log begins\n"), stderr);
        return 8;
    }
    return 0;
}

/* Up to where each of the keys named has signed what was read. Returns false when one of them has signed nothing of it, or the
 * node is another. */
static bool check_keys(const nrs_audit_check *check, char **given, int count)
{
    bool good = true;
    char fingerprint[48], at[32];

    nrs_fingerprint(fingerprint, check->keys[0]);
    printf(_("node %s\n"), fingerprint);
    for (size_t i = 1; i < check->key_count; i++) {
        nrs_fingerprint(fingerprint, check->keys[i]);
        printf(_("before that %s\n"), fingerprint);
    }
    for (int i = 0; i < count; i++) {
        const nrs_audit_cosigner *found = NULL;

        for (size_t j = 0; j < check->cosigner_count && found == NULL; j++) {
            found = nrs_fingerprint_check(given[i], check->cosigners[j].key) == NRS_OK ? &check->cosigners[j] : NULL;
        }
        if (found == NULL || found->size == 0) {
            printf(_("FAULT unsigned by %s\n"), given[i]);
            good = false;
            continue;
        }
        nrs_time_format(at, found->at_ms);
        printf(_("signed entries 1 to %llu of log number %u by %s at %s\n"), (unsigned long long)found->size, found->logs, given[i], at);
    }
    return good;
}

int main(int count, char **words)
{
    nrs_audit_check *check = NULL;
    FILE *file = NULL;
    bool good;
    int status;

    if (!nrs_language_start(nrs_language_choose(NULL))) {
        fprintf(stderr, "noroshi-audit-verify: %s\n", nrs_language_missing);
    }
    if (count < 3 || nrs_keys_start() != NRS_OK) {
        fputs(_("usage: noroshi-audit-verify FILE FINGERPRINT-OF-A-COSIGNER…\n"
                "exit status: 0 what was signed is what stands there; 5 it is not; 8 no exported audit log\n"), stderr);
        return 2;
    }
    check = calloc(1, sizeof *check);
    file = strcmp(words[1], "-") == 0 ? stdin : fopen(words[1], "r");
    if (check == NULL || file == NULL) {
        perror("noroshi-audit-verify");
        free(check);
        return 1;
    }
    nrs_audit_check_init(check, print_finding, NULL);
    status = read_log(check, file);
    if (status == 0) {
        nrs_audit_check_end(check);
        if (check->begun_anew) {
            puts(_("begun anew: the log before this one is gone or could not be read"));
        }
        good = check_keys(check, words + 2, count - 2);
        printf(_("%s: %llu entries, %llu of them padding\n"), good && check->finding_count == 0 ? _("good") : _("NOT GOOD"), (unsigned long long)check->last_number,
               (unsigned long long)(check->last_number - check->entry_count));
        status = good && check->finding_count == 0 ? 0 : 5;
    }
    if (file != stdin) {
        (void)fclose(file);
    }
    free(check);
    return status;
}
