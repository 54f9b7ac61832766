#include "node_words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "language.h"
#include "proto/assert.h"
#include "proto/bytes.h"
#include "text.h"

enum { VALUE_COUNT_MAX = 4 };

/* The sentences into which node/core puts values, as it writes them; the more particular ones first. */
static const char *const templates[] = {
    N_("TLP:RED may not be addressed to %s."),
    N_("TLP:%s may not be addressed to %s."),
    N_("TLP:%s may not leave this node by the sink %s."),
    N_("TLP:%s: the rules of @%s do not allow this label."),
    N_("TLP:%s: the rules of @%s do not let hubs carry it."),
    N_("TLP:%s is lower than TLP:%s of the quoted report."),
    N_("TLP:%s is never passed on to others."),
    N_("%s was not among those TLP:%s was addressed to."),
    N_("@%s and @%s: a report belongs to one community."),
    N_("@%s: this node is in no such community."),
    N_("%s: no such organisation in this node's communities."),
    N_("%s: no such organisation in @%s."),
    N_("%s stands in @%s and in @%s under different keys."),
    N_("%s was removed from @%s; in @%s another has the name."),
    N_("%s: no such person in %s, as far as this node knows."),
    N_("%.64s: no such person in %s."),
    N_("%.64s: this node has not sent it."),
    N_("%.80s: not a report's ID."),
    N_("%.80s: not an address."),
    N_("%s: no prekey of this person is in force."),
    N_("%s: that organisation has not joined @%s."),
    N_("Nobody in @%s is left to receive it."),
    N_("%s is this node's own organisation."),
    N_("No slot is made for %s."),
    N_("prekeys published: %zu"),
    N_("prekeys destroyed: %zu"),
    N_("stale-roster @%s %s"),
    N_("not shown to be the audit log that %s has signed"),
    N_("the head of the audit log was changed: it was made anew from entries 1 to %llu"),
    N_("this node found its audit log changed %s: see noroshi audit verify"),
    N_("the audit log was set back from entry %llu to entry %llu"),
    N_("the audit log does not continue what was noted beside the store: entries 1 to %llu"),
    N_("entries behind the end of the audit log: %llu (number %llu to %llu)"),
    N_("%s reply to a source"),
    N_("%s given as %s, names kept"),
    N_("%s given as %s"),
    N_("%s, names kept"),
    N_("The report is not addressed to %s, or its prekey is destroyed."),
    N_("The roster of @%s is past its expiry: nothing above GREEN may be sealed."),
    N_("The roster of @%s has changed since."),
    N_("%.64s: not a word of the Permissible Actions Protocol."),
    N_("The field %s is neither yes nor no."),
    N_("The duty %s is not in force for %s."),
    N_("The duty %s is in force for none of those addressed: %s."),
    N_("The duties that the report demands are not in force for %s."),
    N_("TLP:%s is not released to others."),
    N_("An ask names one to %u addresses."),
    N_("At most %u asks of a node about one report are open, or agreed to and not over."),
    N_("@%s does not recognise @%s, whose report it is."),
    N_("@%s, whose report it is, does not recognise @%s."),
    N_("%.80s: no ask for wider sharing has this ID."),
    N_("The report stays closed: %s."),
    N_("Only %s, who sent the report, may withdraw it."),
    N_("TLP:%s of %s does not leave its community."),
    N_("The source has not agreed that %s is told."),
    N_("%s has withdrawn the report."),
    N_("Only %s, who began the series, says which report is its last."),
    N_("The report %.16s, whose text it passes on, was withdrawn."),
    N_("The report %.16s, whose text it passes on, may not leave this node by that sink."),
    N_("It passes on the report %.16s, which its originator alone can release."),
    N_("The report holds the text of %u others, and of more none may."),
    N_("Report number %llu does not come after number %lu."),
    N_("The disclaimers of the report: %s."),
    N_("%.64s: @%s has no such disclaimer."),
    N_("@%s has not the disclaimers of the quoted report."),
    N_("TLP:%s cannot wait for an acceptance before it is granted."),
    N_("A report names at most %u disclaimers."),
    N_("The reason has %zu bytes; at most %u are allowed."),
    N_("The body has %zu bytes; at most %u are allowed."),
    N_("The field %s has %zu bytes; at most %u are allowed."),
    N_("The quoted report does not open: %s."),
    N_("The report cannot be sealed: %s."),
    N_("The report does not open: %s."),
    N_("The report's audience: %s."),
    N_("What answers at the address of the hub %s is not that hub, or it has other keys now: ask the secretariat."),
    N_("The hub %s does not count this node as a member while a fork of the roster lasts: ask the secretariat."),
    N_("the fork of @%s leaves this node outside until it is healed: ask the secretariat"),
    N_("The hub %s refuses this node; it may have been removed from the community: ask the secretariat."),
    N_("The hub %s refuses this node's link key for now: ask its secretariat."),
    N_("no connection with the link key of %s is let in until %s, since one chose its routing id: ask whether its key was copied"),
    N_("the link key of %s is held back while too many connections with it say nothing, or come too often: ask what its node does"),
    N_("no TLP:RED can be sealed to %s, whose prekeys have ended: noroshi person unlock %s"),
    N_("the prekeys of %s end within 28 days: noroshi person unlock %s"),
    N_("%zu prekeys were to be destroyed since %s: let the node run for a day without a restart and without its clock being set"),
    N_("%s is on no card, and receives nothing, until noroshi person unlock %s; who has left: noroshi person remove %s"),
    N_("asks for wider sharing wait for an answer from here: %llu; see noroshi release list"),
    N_("persons elsewhere wait for TLP:RED from here: whoever wrote it runs noroshi person unlock"),
    N_("questions of hubs about reports whose source is withheld wait for an answer from here: %llu; see noroshi list --sent"),
    N_("the key of this node is revoked: it has no place in @%s any more"),
    N_("the key of %s is revoked: remove it from the roster of @%s"),
    N_("%s has announced new keys: bring them into the roster of @%s"),
    N_("this node is a hub of @%s and its card names no address: no member can reach it; a node is given one by noroshi card --listen"),
    N_("revoked in @%s"),
    N_("succeeded in @%s"),
    N_("a hub of @%s has refused since %s what this node sends there, as no member's: it reaches nobody; ask the secretariat"),
    N_("this node is no longer a member of @%s"),
    N_("@%s does not have the new keys of this node yet, and hears nothing of it until then: ask its secretariat for noroshi community succeed"),
    N_("one node can be in 64 communities, and more are held here: %zu rest and take no part, the first @%s; let a community that is not needed remove this node, and start it again"),
    N_("the roster of @%s has expired: nothing above GREEN can be sent without --stale-roster"),
    N_("the roster of @%s expires within 60 days"),
    N_("%llu records have waited since %s for version %llu of a roster of @%s that nobody hands over: get a new invite from the secretariat and run noroshi join"),
    N_("no hub has vouched for the roster of @%s for three days: nothing above GREEN can be sent without --stale-roster"),
    N_("ALARM: two rosters of @%s were signed as one version; members are only those in both: see noroshi community forks"),
    N_("ALARM: roster keys of @%s that were dropped since signed another roster of a past version; it changes nothing here: see noroshi community forks"),
    N_("No hub has vouched for the roster of @%s for three days: nothing above GREEN may be sealed."),
    N_("No roster that heals @%s has come."),
    N_("The healing roster of @%s has another fingerprint."),
    N_("no current prekeys are known of %zu organisations: %s"),
    N_("this node's clock is %llu hours ahead of those of most peers: check this machine's date and time"),
    N_("this node's clock is %llu hours behind those of most peers: check this machine's date and time"),
    N_("this node's clock shows a time before the roster of @%s was made: check this machine's date and time"),
    N_("the disk is almost full: %llu MiB are left, and without room nothing can be sent or received"),
    N_("the audit log of %s does not continue what this node has signed: compare with noroshi audit signed there"),
    N_("the audit log of %s does not show that it continues what hubs have signed: compare with noroshi audit signed there"),
    N_("no hub has signed this node's audit log for three days"),
    N_("this node began its audit log anew %s: the one before is gone or cannot be read"),
    N_("%s has begun its audit log anew: this is number %u; ask it what became of the one before"),
    N_("the pool of secrets is not locked into memory: raise LimitMEMLOCK"),
    N_("%llu reports of %s in @%s, missing since %s, have expired and can no longer come"),
    N_("%llu reports of %s in @%s are missing since %s; they have been asked for again"),
    N_("reports of %zu more organisations are missing or have expired; these are not listed"),
    N_("two reports of this node bear one number (%s and %s): see whether a copy of its folder is in use"),
    N_("%s has sent two different reports under one number (%s and %s): this is proven; ask it which one holds"),
    N_("an older copy of this node's folder was put in its place (noticed %s): what it knew since then comes again only as far as others still have it; persons run noroshi person unlock"),
    N_("Another report to the same persons has been sent meanwhile."),
    N_("The rules of @%s do not allow withheld sources."),
    N_("TLP:%s: its source cannot be withheld."),
    N_("%.64s: no other hub of @%s."),
    N_("@%s has no hub to vouch for it."),
    N_("No hub that has the report which it follows or answers is another hub of @%s now."),
    N_("A report goes to at most %u hubs to be vouched for."),
    N_("TLP:%s is looser than TLP:%s, which the source gave, or not for desks."),
    N_("%s is not among those whom the source named."),
    N_("The field %s names the source: %.80s."),
    N_("The reason names the source: %.80s."),
    N_("The source reported in @%s, and those it named are not all in it."),
    N_("The source has left, or its card is not known: whether the text names it cannot be told."),
    N_("The field %s is not of the part %s."),
    N_("%.64s: not a part of a report."),
    N_("%.64s: no kind of entry."),
    N_("%.64s: not a sink."),
    N_("%.64s: not a time."),
    N_("%.64s: not a word for onward consent."),
    N_("%.64s: unknown kind of report."),
    N_("%.64s: unknown label."),
    N_("%s has %zu bytes; at most %zu are allowed."),
    N_("%s is not valid UTF-8 text without control characters."),
    N_("%s must be one line."),
    N_("@%.40s: this node is in no such community."),
    N_("@%.64s: this node is in no such community."),
    N_("A report has at most %u addresses."),
    N_("A report has at most %u fields."),
    N_("TLP:%s is not sealed by a person."),
    N_("TLP:%s is opened by the node: show does it."),
    N_("The command %s has no field %.64s."),
    N_("The field %s is missing."),
    N_("The field %s is not base64."),
    N_("The field %s is not valid UTF-8 text without control characters."),
    N_("The field %s must be %s."),
    N_("The grant does not belong to the report: %s."),
    N_("The keys of %.64s: %s."),
    N_("The prekeys of %.64s: %s."),
    N_("The sealed report does not hold: %s."),
    N_("The slots do not belong to the report: %s."),
    N_("There are %zu slots for %zu recipients."),
    N_("There is no command %.64s."),
    N_("The rules of @%s do not allow withheld sources any more."),
    N_("Under TLP:%s the rules demand a disclaimer, which the report does not name."),
    N_("%.80s: %s."), /* fits much that others fit more closely */
};

/* Those of them whose last value is itself one of our sentences. Every other value is somebody's, and stays as it is: an organisation may be
 * called by a word that has a translation. */
static const char *const with_sentence[] = {
    "The report stays closed: %s.",      "The quoted report does not open: %s.", "The report cannot be sealed: %s.", "The report does not open: %s.",
    "The report's audience: %s.",        "The disclaimers of the report: %s.",   "%.80s: %s.",
    "The keys of %.64s: %s.",            "The prekeys of %.64s: %s.",            "The sealed report does not hold: %s.",
    "The grant does not belong to the report: %s.",                              "The slots do not belong to the report: %s.",
};

static bool takes_sentence(const char *template)
{
    bool found = false;

    for (size_t i = 0; i < sizeof with_sentence / sizeof with_sentence[0]; i++) {
        found = found || strcmp(with_sentence[i], template) == 0;
    }
    return found;
}

/* The size of the conversion at the head: '%' up to its letter. 0 when there is none. */
static size_t conversion_size(const char *at)
{
    return at[0] == '%' ? strcspn(at, "su") + 1 : 0;
}

/* The values that stand in text where the template has conversions. False when it is another sentence. */
static bool match(nrs_slice *values_out, size_t *count_out, const char *template, const char *text)
{
    size_t count = 0;

    for (;;) {
        size_t literal = strcspn(template, "%");
        size_t size = 0;
        const char *end = NULL;

        if (strncmp(template, text, literal) != 0) {
            return false;
        }
        template += literal;
        text += literal;
        if (template[0] == '\0') {
            *count_out = count;
            return text[0] == '\0';
        }
        template += conversion_size(template);
        size = strcspn(template, "%");
        NRS_ASSERT(count < VALUE_COUNT_MAX);
        for (end = text; end[0] != '\0'; end++) { /* the last literal must end the text as well */
            if (strncmp(end, template, size) == 0 && (template[size] != '\0' || strlen(end) == size)) {
                break;
            }
        }
        if (end[0] == '\0' && size > 0) {
            return false;
        }
        values_out[count++] = nrs_slice_of(text, (size_t)(end - text));
        text = end;
    }
}

static nrs_error put_value(nrs_bytes *out, nrs_slice value, bool translated)
{
    char sentence[256];

    if (!translated || value.size == 0 || value.size >= sizeof sentence) {
        return nrs_bytes_append(out, value);
    }
    memcpy(sentence, value.data, value.size);
    sentence[value.size] = '\0';
    return nrs_bytes_append(out, nrs_slice_of_string(_(sentence)));
}

/* The translated template with the values in their places. NULL without memory. */
static char *fill(const char *original, const nrs_slice *values, size_t count)
{
    const char *template = _(original);
    const bool last_translated = takes_sentence(original);
    nrs_bytes out = {0};
    nrs_error error = NRS_OK;
    size_t used = 0;

    while (error == NRS_OK && template[0] != '\0') {
        size_t literal = strcspn(template, "%");

        error = nrs_bytes_append(&out, nrs_slice_of(template, literal));
        template += literal;
        if (error == NRS_OK && template[0] == '%') {
            template += conversion_size(template);
            error = used < count ? put_value(&out, values[used], last_translated && used + 1 == count) : NRS_ERROR_INTERNAL;
            used++;
        }
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append_u8(&out, 0);
    }
    if (error != NRS_OK) {
        nrs_bytes_wipe(&out);
        return NULL;
    }
    return (char *)out.data;
}

char *nrs_node_words(const char *text, const char *id)
{
    const char *fixed = id == NULL || id[0] == '\0' ? NULL : _(id);
    nrs_slice values[VALUE_COUNT_MAX];
    size_t count = 0;

    if (text == NULL || text[0] == '\0') {
        return fixed == NULL ? NULL : strdup(fixed);
    }
    if (_(text) != text) {
        return strdup(_(text));
    }
    for (size_t i = 0; i < sizeof templates / sizeof templates[0]; i++) {
        if (_(templates[i]) != templates[i] && match(values, &count, templates[i], text)) {
            return fill(templates[i], values, count);
        }
    }
    if (fixed == NULL || fixed == id) {
        return strdup(text);
    }
    return nrs_text_format("%s (%s)", fixed, text);
}
