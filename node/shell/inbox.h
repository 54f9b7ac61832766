/* The inbox folder: signed files that the command line leaves for the node. */
#ifndef SHELL_INBOX_H
#define SHELL_INBOX_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "core/core.h"

#define NRS_INBOX_FILE_COUNT_MAX 1024u

typedef struct nrs_inbox {
    int folder_fd;        /* of the node; borrowed */
    struct timespec seen; /* the folder's change that was taken up last */
    bool again;           /* something could not be taken up yet */
} nrs_inbox;

/** One file of the inbox, in the order in which it is to be taken up. */
typedef struct nrs_inbox_file {
    char *name;
    struct timespec changed;
    uid_t owner;
    bool too_large;
    bool not_plain; /* a link, a folder, a pipe: never opened */
} nrs_inbox_file;

typedef struct nrs_inbox_files {
    nrs_inbox_file *list;
    size_t count;
} nrs_inbox_files;

/** Whether the folder changed since it was last taken up. */
bool nrs_inbox_changed(nrs_inbox *inbox);
/** What is to be taken up or set aside, oldest first, then by name. Out: nrs_inbox_files_wipe. */
NRS_MUST_USE nrs_error nrs_inbox_list(nrs_inbox_files *files_out, nrs_inbox *inbox);
void nrs_inbox_files_wipe(nrs_inbox_files *files);
NRS_MUST_USE nrs_error nrs_inbox_read(nrs_bytes *bytes_out, const nrs_inbox *inbox, const char *name);
/** The file was taken up (NRS_OK: it is removed, secrets in it overwritten first) or refused (it is set aside). */
void nrs_inbox_done(nrs_inbox *inbox, const char *name, nrs_error error);

#endif
