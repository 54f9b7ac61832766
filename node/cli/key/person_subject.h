/* The person that a command is about, the organisation's card, and the person's keys, the former ones included. */
#ifndef CLI_PERSON_SUBJECT_H
#define CLI_PERSON_SUBJECT_H

#include <jansson.h>

#include "command.h"
#include "folder.h"
#include "keys/card.h"

/** Zeroed is empty; nrs_subject_wipe. */
typedef struct nrs_subject {
    const char *id;
    nrs_identity *org;
    nrs_bytes card_bytes; /* Signed, as it was, then as it becomes */
    nrs_card *card;       /* as it was */
    size_t at;            /* of the person in it */
} nrs_subject;
void nrs_subject_wipe(nrs_subject *of);
/** The person of the command line, who stands on the card. Recorded. */
NRS_MUST_USE nrs_error nrs_subject_read(nrs_cli *cli, nrs_subject *of);
NRS_MUST_USE nrs_error nrs_subject_load_org(nrs_cli *cli, nrs_subject *of);
/** The next card: the person's entry as given, or none (NULL). */
NRS_MUST_USE nrs_error nrs_subject_sign_card(nrs_subject *of, Nrs__Wire__PersonEntry *entry);
/** The next card, with one person more: by this key, under an id that is not on it yet. Returns NRS_ERROR_LIMIT, not recorded. */
NRS_MUST_USE nrs_error nrs_card_with_person(nrs_bytes *card_out, const nrs_card *card, const nrs_identity *org, const nrs_identity *person, const char *id, const char *name);
/** Card and prekeys (NULL: none) to the node: a running one takes them up at once, another finds them in its inbox. Recorded. */
NRS_MUST_USE nrs_error nrs_subject_hand_over(nrs_cli *cli, const nrs_subject *of, bool card, json_t *prekeys);
/** The card of the node in its place, and in the inbox for a running node. tell: to a running node alone, once more, where that was cut off;
 *  changes nothing where it has the card, and one that starts reads it itself. card: Signed bytes. Recorded. */
NRS_MUST_USE nrs_error nrs_subject_put_card(nrs_cli *cli, nrs_slice card);
NRS_MUST_USE nrs_error nrs_subject_tell_card(nrs_cli *cli, nrs_slice card);
/** How it ends when a running node refused the request for want of the card, since what put that in its place was cut off before the node heard
 *  of it: the node is told the card, and asked again. error: its first answer; any other is returned as it is. Recorded. */
NRS_MUST_USE nrs_error nrs_subject_told(nrs_cli *cli, nrs_error error, nrs_slice card, json_t *request);
/** A request of node/CONTROL.md, left in the inbox. file: its name there. Recorded. */
NRS_MUST_USE nrs_error nrs_person_leave(nrs_cli *cli, const char *file, json_t *request);
/** A request of node/CONTROL.md that the inbox takes as well. file: its name there. Recorded. */
NRS_MUST_USE nrs_error nrs_person_tell(nrs_cli *cli, const char *file, json_t *request);
/** When the prekeys made now end. */
uint64_t nrs_person_prekeys_until(uint64_t now_ms);

/** Destroy the person's key file and that of the key before it, which is not known of who is on no card. */
void nrs_person_erase_keys(nrs_cli *cli, const nrs_subject *of);
/** Put another key in its place; the old file is overwritten when the new one is whole. Recorded. */
NRS_MUST_USE nrs_error nrs_person_replace_key(nrs_cli *cli, const nrs_subject *of, const nrs_identity *fresh, nrs_slice passphrase);
/** Keep a key that ends in a file that the one after it opens (SPEC 7.3). Recorded. */
NRS_MUST_USE nrs_error nrs_person_keep_former(nrs_cli *cli, const nrs_identity *before, const nrs_identity *after);
/** Open it again. Returns NRS_ERROR_NOT_FOUND, not recorded. Out: before_out: owned. */
NRS_MUST_USE nrs_error nrs_person_former(nrs_cli *cli, nrs_identity **before_out, const nrs_identity *after);

#endif
