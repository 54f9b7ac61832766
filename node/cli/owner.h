/* Root may command a node that is another user's. In the node's folder root acts as whose the folder is: with that user's rights, so that no
 * link there leads to what is root's, and what is made is that user's from the first. */
#ifndef CLI_OWNER_H
#define CLI_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

#include "command.h"

/** Zeroed is nobody else: nothing changes. */
typedef struct nrs_owner {
    uid_t uid;
    gid_t gid;
    bool inbox; /* what is made is for the inbox */
} nrs_owner;

/** Whose the node's folder is. Returns whether that is somebody else than the root that acts; else owner_out is nobody. */
bool nrs_owner_of(nrs_owner *owner_out, const nrs_cli *cli);
/** The same for a path that a person named: nobody's unless it says itself that it lies in the node's folder. */
bool nrs_owner_within(nrs_owner *owner_out, const nrs_cli *cli, const char *path);
/** File system calls from here to the end have the owner's rights; NULL is nobody. Returns false, with errno, when that could not be: then there is
 *  nothing to end. */
NRS_MUST_USE bool nrs_owner_begin(const nrs_owner *owner);
/** errno stays. */
void nrs_owner_end(const nrs_owner *owner);
/** In the inbox a file is its writer's, by whom the audit log names who changed something, and the node has it by its group. file: made between
 *  begin and end, and new. Returns false, with errno, when that failed. */
NRS_MUST_USE bool nrs_owner_mark(const nrs_owner *owner, int file);

/** A folder of the node: mkdir, mode 0700, and rmdir. name as nrs_folder_path has it. Return false, with errno: EEXIST when it is there. */
bool nrs_folder_make(const nrs_cli *cli, const char *name);
bool nrs_folder_unmake(const nrs_cli *cli, const char *name);
/** chmod of the node's folder itself. Returns false, with errno. */
bool nrs_folder_mode(const nrs_cli *cli, mode_t mode);

#endif
