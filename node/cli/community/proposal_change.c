/* A change of a roster in words, for the one who is asked to sign it: each says all that it is, since what no line says is as it was. */
#include "community/proposal.h"

#include <string.h>

#include "community/community_rules.h"
#include "language.h"
#include "proto/label.h"
#include "proto/vocabulary.h"
#include "text.h"

static bool japanese(const nrs_cli *cli)
{
    return cli->language[0] == 'j';
}

static const char *role_of(const nrs_cli *cli, const Nrs__Wire__Member *member)
{
    const nrs_term *term = nrs_vocabulary_by_value(NRS_VOCABULARY_ROLE, member->role);

    return term == NULL ? "?" : japanese(cli) ? term->ja : term->en;
}

static const char *cause_of(const Nrs__Wire__Tombstone *tombstone)
{
    return tombstone->cause == NRS_TOMBSTONE_LEFT ? _("left") : _("removed: revoked");
}

static void print_key(const char *label, const ProtobufCBinaryData *key)
{
    char text[2 * NRS_KEY_SIZE + 1] = "";

    if (key->len == NRS_KEY_SIZE) {
        nrs_hex_encode(text, key->data, NRS_KEY_SIZE);
    }
    printf("\n      %s %s", label, text);
}

/* ---- Members ---- */

static void print_member(const nrs_cli *cli, const Nrs__Wire__Member *member)
{
    char fingerprint[48];

    nrs_fingerprint(fingerprint, member->sign_key.data);
    printf("%s ", member->org);
    nrs_text_print(stdout, member->name, NRS_TEXT_LINE);
    printf(" (%s)  %s", role_of(cli, member), fingerprint);
}

/* The other two keys are proven by the signing key, which the fingerprint is of; yet they may be others. */
static void print_keys(const nrs_cli *cli, const Nrs__Wire__Member *before, const Nrs__Wire__Member *after)
{
    printf(_("  ~ %s: OTHER KEYS, now "), after->org);
    print_member(cli, after);
    if (!nrs_slice_equal(nrs_field(&before->agree_key), nrs_field(&after->agree_key))) {
        print_key(_("agreement key, now"), &after->agree_key);
    }
    if (!nrs_slice_equal(nrs_field(&before->curve_key), nrs_field(&after->curve_key))) {
        print_key(_("link key, now"), &after->curve_key);
    }
}

static void print_joined(const Nrs__Wire__Member *before, const Nrs__Wire__Member *after)
{
    if (after->joined.len == 0) {
        printf(_("  ~ %s: ITS WORD THAT IT HAS JOINED FALLS: nothing is sealed to it until it gives it again"), after->org);
    } else if (before == NULL || before->joined.len == 0) {
        printf(_("  ~ %s: has joined, by its own signature"), after->org);
    } else {
        printf(_("  ~ %s: has joined, by another signature of its own"), after->org);
    }
}

static void print_duty_list(const Nrs__Wire__Member *member)
{
    if (member == NULL || member->n_duties == 0) {
        fputs(_("none"), stdout);
    }
    for (size_t i = 0; member != NULL && i < member->n_duties; i++) {
        const Nrs__Wire__Duty *duty = member->duties[i];
        char since[64] = "…", until[64] = "…";

        if (duty->since_ms != 0) {
            nrs_text_time(since, duty->since_ms);
        }
        if (duty->until_ms != 0) {
            nrs_text_time(until, duty->until_ms);
        }
        printf("%s%s (%s – %s)", i == 0 ? "" : ", ", duty->name, since, until);
    }
}

static void print_duties(const Nrs__Wire__Member *before, const Nrs__Wire__Member *after)
{
    printf(_("  ~ %s: duties, before: "), after->org);
    print_duty_list(before);
    fputs(_("; now: "), stdout);
    print_duty_list(after);
}

static void print_out(const nrs_cli *cli, const nrs_roster_change *change)
{
    printf("  - ");
    print_member(cli, change->before);
    printf("  %s", change->tombstone == NULL ? _("dropped without a tombstone") : cause_of(change->tombstone));
}

/* ---- Who went ---- */

static void print_tombstone(const char *sign, const Nrs__Wire__Tombstone *tombstone)
{
    char fingerprint[48], at[64];

    nrs_fingerprint(fingerprint, tombstone->sign_key.data);
    nrs_text_time(at, tombstone->at_ms);
    printf(_("  %s entry of a key that went: %s, %s, %s  %s"), sign, tombstone->org, cause_of(tombstone), at, fingerprint);
    print_key(_("its link key"), &tombstone->curve_key);
}

static void print_tombstone_change(const Nrs__Wire__Tombstone *before, const Nrs__Wire__Tombstone *after)
{
    print_tombstone("-", before);
    printf("\n");
    print_tombstone("+", after);
}

/* ---- Rules ---- */

static void print_disclaimer(const nrs_cli *cli, const char *sign, const Nrs__Wire__Disclaimer *one, bool with_text)
{
    uint8_t hash[NRS_HASH_SIZE];
    char text[2 * NRS_HASH_SIZE + 1] = "?";

    if (nrs_disclaimer_hash(hash, one) == NRS_OK) {
        nrs_hex_encode(text, hash, sizeof hash);
    }
    printf(_("  %s disclaimer %s, version %lu: "), sign, one->name, (unsigned long)one->version);
    if (one->labels == 0 && one->kinds == 0) {
        fputs(_("where a sender adds it"), stdout);
    }
    nrs_rules_print_where(one->labels, one->kinds, japanese(cli));
    printf("\n      %s %s", _("hash"), text);
    for (size_t i = 0; with_text && i < 2; i++) {
        const char *words = i == 0 ? one->ja : one->en;

        if (words[0] != '\0') {
            printf("\n      %s: ", i == 0 ? "ja" : "en");
            nrs_text_print(stdout, words, NRS_TEXT_LINE);
        }
    }
}

static void print_duty_rule(const nrs_cli *cli, const char *sign, const Nrs__Wire__DutyRule *rule)
{
    printf(_("  %s duty %s is needed for: "), sign, rule->duty);
    nrs_rules_print_where(rule->labels, rule->kinds, japanese(cli));
}

void nrs_proposal_print_rules(const nrs_roster *roster)
{
    char withdrawn[16];

    printf("    ");
    for (unsigned label = NRS_LABEL_CLEAR; label <= NRS_LABEL_RED; label++) {
        if ((roster->rules->labels & (1u << label)) != 0) {
            printf("%s ", nrs_label_name((nrs_label)label));
        }
    }
    nrs_rules_withdrawn(withdrawn, roster->rules);
    printf(_("| hubs carry RED sealed: %s | withheld sources: %s | disclaimers: %zu | duties: %zu | withdrawn: %s\n"),
           (roster->rules->flags & NRS_RULE_RED_RELAY) != 0 ? _("yes") : _("no"),
           (roster->rules->flags & NRS_RULE_WITHHELD) != 0 ? _("yes") : _("no"), roster->rules->n_disclaimers,
           roster->rules->n_duties, withdrawn);
}

/* ---- The rest ---- */

static void print_threshold(const nrs_proposal *proposal)
{
    if (proposal->before == NULL) {
        printf(_("  + signatures needed: %u of %zu"), proposal->next->threshold, proposal->next->n_keys);
    } else {
        printf(_("  ~ signatures needed: %u, now %u of %zu"), proposal->before->threshold, proposal->next->threshold,
               proposal->next->n_keys);
    }
}

static void print_recognised(const char *sign, const Nrs__Wire__Recognised *recognised)
{
    char fingerprint[48];

    nrs_fingerprint(fingerprint, recognised->community.data);
    printf(_("  %s recognises @%s  %s"), sign, recognised->id, fingerprint);
}

static void print_forks(const nrs_roster *next)
{
    printf(_("  ! heals a fork: it takes the place of %zu rosters of one version"), next->n_forks);
    for (size_t i = 0; i < next->n_forks; i++) {
        char text[2 * NRS_HASH_SIZE + 1];

        nrs_hex_encode(text, next->forks[i].data, NRS_HASH_SIZE);
        printf("\n      %s", text);
    }
}

nrs_error nrs_proposal_print_change(void *context, const nrs_roster_change *change)
{
    nrs_proposal_lines *to = context;
    const nrs_proposal *proposal = to->proposal;
    char key[2 * NRS_KEY_SIZE + 1] = "";

    to->count++;
    if (change->key.size == NRS_KEY_SIZE) {
        nrs_hex_encode(key, change->key.data, NRS_KEY_SIZE);
    }
    switch (change->type) {
    case NRS_CHANGE_NONE:
        break;
    case NRS_CHANGE_MEMBER_IN:
        printf("  + ");
        print_member(to->cli, change->after);
        break;
    case NRS_CHANGE_MEMBER_OUT:
        print_out(to->cli, change);
        break;
    case NRS_CHANGE_MEMBER_ROLE:
        printf(_("  ~ %s: role %s, now %s"), change->after->org, role_of(to->cli, change->before), role_of(to->cli, change->after));
        break;
    case NRS_CHANGE_MEMBER_NAME:
        printf(_("  ~ %s: name, now "), change->after->org);
        nrs_text_print(stdout, change->after->name, NRS_TEXT_LINE);
        break;
    case NRS_CHANGE_MEMBER_KEYS:
        print_keys(to->cli, change->before, change->after);
        break;
    case NRS_CHANGE_MEMBER_PROOF:
        printf(_("  ~ %s: another proof of the same keys, by its own signature"), change->after->org);
        break;
    case NRS_CHANGE_MEMBER_JOINED:
        print_joined(change->before, change->after);
        break;
    case NRS_CHANGE_MEMBER_DUTIES:
        print_duties(change->before, change->after);
        break;
    case NRS_CHANGE_TOMBSTONE_IN:
        print_tombstone("+", change->tombstone);
        break;
    case NRS_CHANGE_TOMBSTONE_OUT:
        print_tombstone("-", change->tombstone_before);
        break;
    case NRS_CHANGE_TOMBSTONE:
        print_tombstone_change(change->tombstone_before, change->tombstone);
        break;
    case NRS_CHANGE_KEY_IN:
        printf(_("  + roster key %s"), key);
        break;
    case NRS_CHANGE_KEY_OUT:
        printf(_("  - roster key %s"), key);
        break;
    case NRS_CHANGE_THRESHOLD:
        print_threshold(proposal);
        break;
    case NRS_CHANGE_RULES:
        printf(_("  ~ rules, before and now:\n"));
        nrs_proposal_print_rules(proposal->before);
        nrs_proposal_print_rules(proposal->next);
        return NRS_OK;
    case NRS_CHANGE_DISCLAIMER_IN:
        print_disclaimer(to->cli, "+", change->disclaimer, true);
        break;
    case NRS_CHANGE_DISCLAIMER_OUT:
        print_disclaimer(to->cli, "-", change->disclaimer, false);
        break;
    case NRS_CHANGE_DUTY_RULE_IN:
        print_duty_rule(to->cli, "+", change->duty_rule);
        break;
    case NRS_CHANGE_DUTY_RULE_OUT:
        print_duty_rule(to->cli, "-", change->duty_rule);
        break;
    case NRS_CHANGE_NAME:
        printf(_("  ~ the community's name, now "));
        nrs_text_print(stdout, proposal->next->name, NRS_TEXT_LINE);
        break;
    case NRS_CHANGE_RECOGNISED_IN:
        print_recognised("+", change->recognised);
        break;
    case NRS_CHANGE_RECOGNISED_OUT:
        print_recognised("-", change->recognised);
        break;
    case NRS_CHANGE_FORKS:
        print_forks(proposal->next);
        break;
    case NRS_CHANGE_ORDER:
        printf(_("  ~ %s: the same entries in another order, or one of them twice"), change->list);
        break;
    }
    printf("\n");
    return NRS_OK;
}
