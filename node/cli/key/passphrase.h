/* Passphrases from files and terminals. */
#ifndef CLI_PASSPHRASE_H
#define CLI_PASSPHRASE_H

#include "command.h"
#include "proto/bytes.h"

/** Ask for the passphrase of a key on the terminal. Returns NRS_ERROR_PASSPHRASE, with a hint, when there is no terminal.
 *  Out: replaced, caller wipes. */
NRS_MUST_USE nrs_error nrs_passphrase_ask(nrs_cli *cli, nrs_bytes *passphrase_out, const char *key_name);

#endif
