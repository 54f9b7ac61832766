/* Disclaimers in a roster's rules (SPEC 7.4): named, versioned texts. Older versions stay, so that what was sent under them
 * can still be read and accepted; the newest of a name alone may be required. */
#include <string.h>

#include "keys/hash.h"
#include "keys/roster.h"
#include "proto/assert.h"
#include "roster/roster_form.h"

nrs_error nrs_disclaimer_hash(uint8_t hash_out[NRS_HASH_SIZE], const Nrs__Wire__Disclaimer *disclaimer)
{
    nrs_bytes text = {0};
    nrs_error error = NRS_OK;

    NRS_ASSERT(hash_out != NULL && disclaimer != NULL);
    error = nrs_bytes_append_prefixed(&text, nrs_slice_of_string(disclaimer->name));
    if (error == NRS_OK) {
        error = nrs_bytes_append_u32(&text, disclaimer->version);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append_prefixed(&text, nrs_slice_of_string(disclaimer->ja));
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append_prefixed(&text, nrs_slice_of_string(disclaimer->en));
    }
    if (error == NRS_OK) {
        nrs_hash_one(hash_out, NRS_DOMAIN_DISCLAIMER, nrs_slice_of_bytes(&text));
    }
    nrs_bytes_wipe(&text);
    return error;
}

const Nrs__Wire__Disclaimer *nrs_roster_disclaimer(const nrs_roster *roster, const char *name)
{
    const Nrs__Wire__Disclaimer *newest = NULL;

    NRS_ASSERT(roster != NULL && name != NULL);
    for (size_t i = 0; roster->rules != NULL && i < roster->rules->n_disclaimers; i++) {
        if (strcmp(roster->rules->disclaimers[i]->name, name) == 0) {
            newest = roster->rules->disclaimers[i]; /* versions ascend */
        }
    }
    return newest;
}

nrs_error nrs_roster_rules_check(const Nrs__Wire__Rules *rules)
{
    for (size_t i = 1; rules != NULL && i < rules->n_disclaimers; i++) {
        const Nrs__Wire__Disclaimer *before = rules->disclaimers[i - 1];
        int order = strcmp(before->name, rules->disclaimers[i]->name);

        if (order > 0 || (order == 0 && before->version >= rules->disclaimers[i]->version)) {
            return NRS_ERROR_NOT_CANONICAL;
        }
        if (order == 0 && (before->labels != 0 || before->kinds != 0)) {
            return NRS_ERROR_MALFORMED; /* two versions at once */
        }
    }
    return NRS_OK;
}
