/* What a draft of a roster changes, for the one who is asked to sign it. Nothing is left out: what a line does not say is as
 * it was. */
#include "community/proposal.h"

#include <stdlib.h>

#include "language.h"
#include "proto/assert.h"
#include "folder.h"
#include "text.h"

bool nrs_proposal_ahead(const nrs_proposal *proposal)
{
    NRS_ASSERT(proposal != NULL);
    return proposal->next->created_ms > nrs_now_ms() + NRS_CLOCK_AHEAD_MS_MAX;
}

static void print_hash(const char *label, const uint8_t hash[NRS_HASH_SIZE])
{
    char text[2 * NRS_HASH_SIZE + 1];

    nrs_hex_encode(text, hash, NRS_HASH_SIZE);
    printf("%s %s\n", label, text);
}

/* Where keys and threshold stay the two counts are one. */
static void print_signatures(const nrs_proposal *proposal)
{
    const nrs_roster_signed_by *by = &proposal->signed_by;

    printf(_("Signatures: %zu of %zu needed"), by->before_count, by->before_threshold);
    if (proposal->before != NULL && nrs_held_keys_differ(proposal->before, proposal->next)) {
        printf(_("; of the new keys: %zu of %zu needed"), by->own_count, by->own_threshold);
    }
    printf("\n");
    for (size_t i = 0; i < proposal->draft->n_signatures; i++) {
        print_hash(_("  signed by"), proposal->draft->signatures[i]->key.data);
    }
    printf("%s\n", nrs_proposal_complete(proposal) ? _("Complete: it can be put in force with noroshi community apply.")
                                                   : _("Not complete yet."));
}

static void print_times(const nrs_proposal *proposal)
{
    char created[64], expires[64], now[64], before[64];

    nrs_text_time(created, proposal->next->created_ms);
    nrs_text_time(expires, proposal->next->expires_ms);
    if (proposal->before == NULL) {
        printf(_("Made %s\n"), created);
        printf(_("Valid until %s\n"), expires);
    } else {
        nrs_text_time(before, proposal->before->created_ms);
        printf(_("Made %s (before: %s)\n"), created, before);
        nrs_text_time(before, proposal->before->expires_ms);
        printf(_("Valid until %s (before: %s)\n"), expires, before);
    }
    if (nrs_proposal_ahead(proposal)) {
        nrs_text_time(now, nrs_now_ms());
        printf(_("  ! made later than it is now by the clock of this machine: %s. One of the two clocks is wrong.\n"), now);
    }
}

static void print_key_changes(const nrs_proposal *proposal)
{
    const size_t count = nrs_held_key_changes(proposal->before, proposal->next, proposal->draft->n_chain);
    char *warning = count > proposal->draft->n_chain ? nrs_held_key_changes_warning(count) : NULL;

    if (warning != NULL) {
        printf("  ! %s\n", warning);
    }
    free(warning);
}

static nrs_error print_text(const nrs_cli *cli, const nrs_proposal *proposal)
{
    nrs_proposal_lines lines = {.cli = cli, .proposal = proposal};
    char fingerprint[48];
    nrs_error error = NRS_OK;

    nrs_fingerprint(fingerprint, proposal->community);
    printf("@%s  ", proposal->next->id);
    nrs_text_print(stdout, proposal->next->name, NRS_TEXT_LINE);
    printf("\n%s %s\n", _("Fingerprint of the community:"), fingerprint);
    if (proposal->before == NULL) {
        printf("%s\n", _("Version 1: it founds the community. Who signs it compares the fingerprint above with the other signers."));
    } else {
        printf(_("Version %llu, after version %llu\n"), (unsigned long long)proposal->next->version, (unsigned long long)proposal->before->version);
        print_hash(_("Hash before:"), proposal->next->previous.data);
    }
    print_hash(_("Hash of this:"), proposal->hash);
    if (proposal->next->n_forks > 0) { /* members give it to their nodes, to end the fork */
        nrs_fingerprint(fingerprint, proposal->hash);
        printf(_("Read this fingerprint out to the members: %s\n"), fingerprint);
    }
    print_times(proposal);
    if (proposal->before != NULL) {
        printf(_("Members: %zu (before: %zu)\n"), proposal->next->n_members, proposal->before->n_members);
    }
    printf("%s\n", _("Changes:"));
    error = nrs_roster_diff(proposal->before, proposal->next, nrs_proposal_print_change, &lines);
    if (error != NRS_OK) { /* half a list of changes is none */
        return error;
    }
    if (lines.count == 0) {
        printf("%s\n", _("  none but version, times and expiry"));
    }
    print_key_changes(proposal);
    if (proposal->before == NULL) {
        nrs_proposal_print_rules(proposal->next);
    }
    print_signatures(proposal);
    return NRS_OK;
}

nrs_error nrs_proposal_print(const nrs_cli *cli, const nrs_proposal *proposal, const char *done)
{
    NRS_ASSERT(cli != NULL && proposal != NULL && proposal->next != NULL);
    return cli->json ? nrs_proposal_print_json(proposal, done) : print_text(cli, proposal);
}
