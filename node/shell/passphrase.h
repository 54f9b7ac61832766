/* Where the passphrase of the node's key comes from. */
#ifndef SHELL_PASSPHRASE_H
#define SHELL_PASSPHRASE_H

#include <stdbool.h>

#include "proto/bytes.h"

/** The first of: the named file; $CREDENTIALS_DIRECTORY/passphrase; a question on the terminal. A trailing line end is
 * not part of it. Returns NRS_ERROR_NOT_FOUND when there is nobody to ask; SYSTEM, with errno, when the file cannot be read;
 * PASSPHRASE when the line is empty or too long. Out: replaced; the caller wipes. typed_out: the terminal was asked, whatever came of it. */
NRS_MUST_USE nrs_error nrs_passphrase_read(nrs_bytes *passphrase_out, bool *typed_out, const char *file, const char *prompt);

#endif
