/* The keys in the node's folder, and the passphrases they stand under. */
#ifndef CLI_KEYRING_H
#define CLI_KEYRING_H

#include <jansson.h>

#include "folder.h"
#include "keys/card.h"
#include "keys/identity.h"

/** Start libsodium, and see that what follows leaves no trace in core files. */
NRS_MUST_USE nrs_error nrs_keyring_start(nrs_cli *cli);

/** The first line of a passphrase file. Recorded. Out: replaced, caller wipes. */
NRS_MUST_USE nrs_error nrs_passphrase_read(nrs_cli *cli, nrs_bytes *passphrase_out, const char *path);
/** The passphrase for a new key: from --passphrase-file or --no-passphrase of the command (then empty), else asked twice
 *  on a terminal. Returns NRS_ERROR_USAGE where there is none to ask. */
NRS_MUST_USE nrs_error nrs_passphrase_new(nrs_cli *cli, nrs_bytes *passphrase_out);
/** The same where no key is opened: a --passphrase-file before the command is the new key's as well. */
NRS_MUST_USE nrs_error nrs_passphrase_new_alone(nrs_cli *cli, nrs_bytes *passphrase_out);
/** The same where the option has another name. */
NRS_MUST_USE nrs_error nrs_passphrase_new_named(nrs_cli *cli, nrs_bytes *passphrase_out, const char *option);
/** Ask for the passphrase of a backup on the terminal. */
NRS_MUST_USE nrs_error nrs_passphrase_of_backup(nrs_cli *cli, nrs_bytes *passphrase_out);

/** Load DIR/[sub/]name.key, asking for its passphrase when it has one and no file was given. passphrase_out (may be NULL)
 *  keeps what was used. Returns NRS_ERROR_PASSPHRASE, `missing` … recorded. */
NRS_MUST_USE nrs_error nrs_keyring_load(nrs_cli *cli, nrs_identity **identity_out, nrs_bytes *passphrase_out, const char *sub,
                                        const char *name, nrs_error missing);
/** Unlock the key of --as, so that only the person acts as the person; cli->acting holds it from then on. Nothing is done
 *  without --as. Returns NRS_ERROR_UNKNOWN_PERSON, NRS_ERROR_PASSPHRASE … recorded. */
NRS_MUST_USE nrs_error nrs_keyring_act(nrs_cli *cli);
/** The same with a passphrase at hand. */
NRS_MUST_USE nrs_error nrs_keyring_load_with(nrs_cli *cli, nrs_identity **identity_out, nrs_slice passphrase, const char *sub,
                                             const char *name, nrs_error missing);
NRS_MUST_USE nrs_error nrs_keyring_save(nrs_cli *cli, const nrs_identity *identity, nrs_slice passphrase, const char *sub,
                                        const char *name);

/** The node's own card. Out: signed_out: Signed bytes, replaced; card_out: nrs_card_free. Recorded. */
NRS_MUST_USE nrs_error nrs_keyring_own_card(nrs_cli *cli, nrs_bytes *signed_out, nrs_card **card_out);
/** What was wrong with a card of such a file: with a signature that holds it is whole, and refused for what it says (SPEC 3); else it is damaged. Returns
 *  the error recorded. */
nrs_error nrs_keyring_card_refused(nrs_cli *cli, nrs_error error, nrs_slice signed_bytes, const char *path);
/** A verified card from a file that a person named. Recorded. */
NRS_MUST_USE nrs_error nrs_keyring_given_card(nrs_cli *cli, nrs_bytes *signed_out, nrs_card **card_out, const char *path);
/** 26 weekly prekeys for a person from this week on, each secret wrapped under the person's key and a share of its own.
 *  Out: request_out: the fields of person-prekeys (node/CONTROL.md), a new reference. */

NRS_MUST_USE nrs_error nrs_keyring_prekeys(json_t **request_out, const nrs_identity *person, const char *person_id,
                                           const uint8_t org_sign_key[NRS_KEY_SIZE], uint64_t now_ms);

#endif
