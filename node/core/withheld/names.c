/* Whether a text that is to be published names its source: the organisation's id and name, its persons, the contacts and hosts of its
 * card. What a text tells in other words no program finds. */
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "prekeys/key_change.h"
#include "withheld/withheld.h"

static const char hint_names[] = "Take it out of the reason; or give it all the same with --keep-names, when the source has agreed.";
static const char hint_unknown[] = "Read the reason with care; then give it with --keep-names.";

#define ID_SIZE_MIN 3u   /* of a person's id: shorter ones are words of any text */
#define NAME_SIZE_MIN 6u /* bytes of a person's name or a contact: two Japanese characters */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool ascii(const char *text)
{
    return (unsigned char)text[0] < 0x80;
}

/* words: only where no letter or digit stands on either side. ASCII letters in any case. */
static bool contains(const char *text, const char *what, size_t what_size, bool words)
{
    const size_t text_size = strlen(text);

    for (size_t i = 0; what_size > 0 && i + what_size <= text_size; i++) {
        size_t same = 0;

        while (same < what_size && lower(text[i + same]) == lower(what[same])) {
            same++;
        }
        if (same == what_size && (!words || ((i == 0 || !word_char(text[i - 1])) && !word_char(text[i + what_size])))) {
            return true;
        }
    }
    return false;
}

/* The name without the words that only say what kind of company it is. */
static bool contains_name(const char *text, const char *name)
{
    static const char *const kinds[] = {"株式会社", "（株）", "(株)", "有限会社", " Co., Ltd.", " Inc.", " Corporation"};
    size_t size = strlen(name);

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const size_t kind_size = strlen(kinds[i]);

        if (size > kind_size && strncmp(name, kinds[i], kind_size) == 0) {
            name += kind_size;
            size -= kind_size;
        }
        if (size > kind_size && strncmp(name + size - kind_size, kinds[i], kind_size) == 0) {
            size -= kind_size;
        }
    }
    while (size > 0 && (name[size - 1] == ' ' || name[size - 1] == ',')) {
        size--;
    }
    return contains(text, name, size, ascii(name));
}

static bool card_names(const char **found_out, const nrs_card *card, const char *text)
{
    for (size_t i = 0; i < card->n_persons; i++) {
        const Nrs__Wire__PersonEntry *person = card->persons[i];

        if ((strlen(person->name) >= NAME_SIZE_MIN && contains(text, person->name, strlen(person->name), ascii(person->name))) ||
            (strlen(person->id) >= ID_SIZE_MIN && contains(text, person->id, strlen(person->id), true))) {
            *found_out = person->id;
            return true;
        }
    }
    for (size_t i = 0; i < card->n_contacts; i++) {
        const char *value = card->contacts[i]->value;

        if (strlen(value) >= NAME_SIZE_MIN && contains(text, value, strlen(value), false)) {
            *found_out = value;
            return true;
        }
    }
    for (size_t i = 0; i < card->n_endpoints; i++) {
        const char *host = card->endpoints[i] + strlen("tcp://");
        const char *port = strrchr(host, ':');

        if (port != NULL && contains(text, host, (size_t)(port - host), true)) {
            *found_out = card->endpoints[i];
            return true;
        }
    }
    return false;
}

bool nrs_names_source(const nrs_core *core, const char **found_out, const nrs_community *community, const nrs_peer *source, const char *text)
{
    const Nrs__Wire__Member *member = nrs_roster_member_by_key(community->roster, source->keys.sign_key);

    (void)core;
    NRS_ASSERT(found_out != NULL && text != NULL);
    if (contains(text, source->org, strlen(source->org), true)) {
        *found_out = source->org;
        return true;
    }
    if (member != NULL && contains_name(text, member->name)) {
        *found_out = member->name;
        return true;
    }
    if (source->card != NULL && contains_name(text, source->card->name)) {
        *found_out = source->card->name;
        return true;
    }
    return source->card != NULL && card_names(found_out, source->card, text);
}

/* ---- What a hub says of what it has published ---- */

/* NULL: it has left, or which report was published as this one is not known here any more. */
static nrs_error source_of(nrs_core *core, const nrs_peer **source_out, const nrs_community *community, const uint8_t published[NRS_HASH_SIZE])
{
    const nrs_published *entry = nrs_published_of(core, published);
    nrs_report_row row;
    nrs_bytes holder = {0};
    nrs_error error = entry == NULL ? NRS_ERROR_NOT_FOUND : nrs_store_report_get(core->store, &row, &holder, entry->source);

    *source_out = error == NRS_OK ? nrs_peer_in_force(core, row.originator, community) : NULL;
    nrs_bytes_wipe(&holder);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

nrs_error nrs_vouched_reason(nrs_core *core, nrs_answer *answer, const nrs_report_row *row, const char *reason, const json_t *request)
{
    const nrs_community *community = nrs_community_by_id(core, row->community);
    const nrs_peer *source = NULL;
    const char *found = NULL;
    nrs_error error;

    if ((row->flags & NRS_REPORT_VOUCHED) == 0 || row->part != NRS_PART_SENT || community == NULL) {
        return NRS_OK;
    }
    if (nrs_request_flag(request, "keep_names")) {
        nrs_audit_terms(answer->detail, row->label, row->label, true);
        return NRS_OK;
    }
    error = source_of(core, &source, community, row->id);
    if (error == NRS_OK && (source == NULL || source->card == NULL)) {
        return nrs_refuse(answer, NRS_ERROR_SOURCE_NAMED, hint_unknown, "The source has left, or is not known any more: whether the reason names it cannot be told.");
    }
    if (error == NRS_OK && nrs_names_source(core, &found, community, source, reason)) {
        return nrs_refuse(answer, NRS_ERROR_SOURCE_NAMED, hint_names, "The reason names the source: %.80s.", found);
    }
    return error;
}
