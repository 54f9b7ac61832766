/* A backup under a passphrase (SPEC 7.9): named files, sealed as a whole. Which files may stand in it is the caller's. */
#ifndef KEYS_BACKUP_H
#define KEYS_BACKUP_H

#include "keys/secret.h"

/* What a folder holds by the years: 64 communities of 2,000 members, the cards of their hubs, a change of keys for each who made one. */
#define NRS_BACKUP_SIZE_MAX (128u * 1024u * 1024u)
#define NRS_BACKUP_FILE_COUNT_MAX 32768u
#define NRS_BACKUP_NAME_SIZE_MAX 128u

typedef struct nrs_backup_file {
    char name[NRS_BACKUP_NAME_SIZE_MAX + 1];
    nrs_bytes bytes;
} nrs_backup_file;

/** The files of a backup. Zeroed is empty; nrs_backup_wipe. */
typedef struct nrs_backup {
    nrs_backup_file *files; /* ascending by name */
    size_t count, capacity;
    uint64_t made_ms;
} nrs_backup;
void nrs_backup_wipe(nrs_backup *backup);
/** Add a file; names must come ascending. Copies the bytes. Returns NRS_ERROR_LIMIT, NOT_CANONICAL. */
NRS_MUST_USE nrs_error nrs_backup_add(nrs_backup *backup, const char *name, nrs_slice bytes);

/** Out: file_out: replaced. passphrase: not empty. */
NRS_MUST_USE nrs_error nrs_backup_seal(nrs_bytes *file_out, const nrs_backup *backup, nrs_slice passphrase);
/** Returns NRS_ERROR_PASSPHRASE (wrong, or the file is damaged); DAMAGED (cut off before its first block, or parameters that no program writes); MALFORMED (no backup). Out: backup_out. */
NRS_MUST_USE nrs_error nrs_backup_open(nrs_backup *backup_out, nrs_slice file, nrs_slice passphrase);

/** What is sealed in it (SPEC 7.9), without the seal. Out: content_out: replaced, secret. */
NRS_MUST_USE nrs_error nrs_backup_encode(nrs_bytes *content_out, const nrs_backup *backup);
/** Returns NRS_ERROR_MALFORMED, LIMIT, NOT_CANONICAL … Out: backup_out. */
NRS_MUST_USE nrs_error nrs_backup_decode(nrs_backup *backup_out, nrs_slice content);

#endif
