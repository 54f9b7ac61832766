/* The node's folder: its lock, its settings, its key, its card and its vault file. */
#ifndef SHELL_FOLDER_H
#define SHELL_FOLDER_H

#include "core/core.h"

#define NRS_FOLDER_FORMAT 1

/* What is wrong with the file that an error is about, where the error alone does not say it. */
typedef enum nrs_trouble {
    NRS_TROUBLE_NONE = 0,
    NRS_TROUBLE_MISSING,    /* it is not there, though the folder is a node's */
    NRS_TROUBLE_OTHERS,     /* own.card is not of the node's key */
    NRS_TROUBLE_APART,      /* the vault and the database do not belong together */
    NRS_TROUBLE_LOST,       /* the database is not there, though the vault is in use */
    NRS_TROUBLE_UNLOCKED,   /* a passphrase was given, and the key has none */
    NRS_TROUBLE_NO_LINE,    /* the first line of the file that was to have the passphrase is empty, or too long */
    NRS_TROUBLE_UNTYPED,    /* likewise of what was typed */
    NRS_TROUBLE_ANOTHERS,   /* the folder is another user's, and it is root that starts */
    NRS_TROUBLE_KIND        /* a folder where a file should be, a file for a folder, a link */
} nrs_trouble;

typedef struct nrs_folder {
    char *path;
    int fd, lock_fd, vault_fd, audit_fd;
    char *org, *name;
    char *listen; /* NULL: the node does not listen */
    uint32_t link_window;
    uint32_t gap_grace_ms;
    uint32_t head_after_ms;
    uint32_t vouch_tick_ms;
    uint32_t reconnect_ms_max;
    nrs_identity *identity;
    nrs_bytes card; /* Signed bytes */
    nrs_identity *former;   /* the one before, or NULL */
    nrs_secret *vault_key;  /* NULL: the identity says it */
    bool switch_failed;     /* the next identity could not be taken up: not tried again in this run */
    const char *about; /* after an error: the file in the folder that it is about, static; NULL: the folder, or what was given */
    nrs_trouble trouble;
} nrs_folder;

/** Open and lock the folder and read node.json. Returns NRS_ERROR_NOT_A_NODE; NEWER_NODE; LOCKED; MALFORMED; SYSTEM.
 *  Out: folder_out, nrs_folder_wipe, also after an error. */
NRS_MUST_USE nrs_error nrs_folder_open(nrs_folder *folder_out, const char *path);
/** Load the key and the card. The keys must have been started. passphrase_file and prompt may be NULL.
 *  Returns NRS_ERROR_PASSPHRASE; NOT_FOUND when a passphrase is needed and nobody can be asked; SYSTEM, with errno, when
 *  passphrase_file cannot be read; DAMAGED. */
NRS_MUST_USE nrs_error nrs_folder_unlock(nrs_folder *folder, const char *passphrase_file, const char *prompt);
/** A roster names the next identity: put it in the place of the one in force, which becomes the former one. One rename decides,
 *  so that a crash leaves the one or the other whole. Returns NRS_ERROR_NOT_FOUND when none was prepared; DAMAGED; DISK. */
NRS_MUST_USE nrs_error nrs_folder_switch(nrs_folder *folder);
/** Before the database is opened, which makes it: NRS_ERROR_DAMAGED, with about and trouble, when it is missing or empty and the vault is in
 *  use (SPEC 9). */
NRS_MUST_USE nrs_error nrs_folder_check_store(nrs_folder *folder);
/** The vault's file, for core; borrowed from the folder. */
nrs_vault_file nrs_folder_vault(nrs_folder *folder);
/** The note of where the audit log ends; likewise. */
nrs_audit_file nrs_folder_audit(nrs_folder *folder);
/** The path of a file in it, owned by the caller; NULL without memory. */
char *nrs_folder_join(const nrs_folder *folder, const char *name);
void nrs_folder_wipe(nrs_folder *folder);

#endif
