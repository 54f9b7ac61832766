/* The node's folder: files are read within bounds and written whole or not at all, for their owner only. */
#ifndef CLI_FOLDER_H
#define CLI_FOLDER_H

#include "command.h"
#include "owner.h"
#include "proto/bytes.h"
#include "proto/limits.h"

/** Read a file, "-" for standard input. Returns NRS_ERROR_NOT_FOUND when there is none, TOO_LARGE, DISK, NO_MEMORY; nothing is
 *  recorded. Out: replaced, caller wipes. */
NRS_MUST_USE nrs_error nrs_file_read(nrs_bytes *bytes_out, const char *path, size_t size_max);
/** Append what an open file holds, to its end. Returns NRS_ERROR_TOO_LARGE past size_max in all, DISK, NO_MEMORY. */
NRS_MUST_USE nrs_error nrs_file_read_open(nrs_bytes *bytes, int file, size_t size_max);
/** As nrs_file_read for a file that a person named: failures are recorded, and one that cannot be read is NRS_ERROR_MALFORMED. */
NRS_MUST_USE nrs_error nrs_file_read_given(nrs_cli *cli, nrs_bytes *bytes_out, const char *path, size_t size_max);
/** A file of a ceremony that a person named: one armoured block. What is not whole is damaged; a whole one of another type is malformed. Recorded.
 *  Out: bytes_out: replaced. */
NRS_MUST_USE nrs_error nrs_file_read_armour_given(nrs_cli *cli, nrs_bytes *bytes_out, const char *path, const char *type, size_t size_max);
/** What was wrong with what such a file holds: bytes that cannot be read are damaged. Returns the error recorded. */
nrs_error nrs_cli_fail_given(nrs_cli *cli, nrs_error error, const char *path);
/** What is wrong with it, in words for such a file. */
const char *nrs_given_reason(nrs_error error);
/** Write beside, sync, rename, sync the folder. Mode 0600. owner: as whom, NULL for a file that is not the node's. Returns NRS_ERROR_DISK, NO_MEMORY. */
NRS_MUST_USE nrs_error nrs_file_write(const char *path, nrs_slice bytes, const nrs_owner *owner);
/** The two halves of it: what needs room on the disk, and what does not. Out: beside_out: the name of the file beside, owned. */
NRS_MUST_USE nrs_error nrs_file_write_beside(char **beside_out, const char *path, nrs_slice bytes, const nrs_owner *owner);
NRS_MUST_USE nrs_error nrs_file_put(const char *beside, const char *path, const nrs_owner *owner);
/** Remove it as whom it is; what cannot be removed stays. errno is as it was: why something failed before. */
void nrs_file_remove(const char *path, const nrs_owner *owner);
/** Where the file lies: "." for a name alone. Owned (free); NULL without memory. */
char *nrs_file_folder_of(const char *path);
/** The same, as an armoured block of the type. */
NRS_MUST_USE nrs_error nrs_file_write_armour(const char *path, const char *type, nrs_slice bytes, const nrs_owner *owner);
/** Whether the machine is at fault for a file that cannot be written, by errno; anything else is about its name. */
bool nrs_file_fault_of_disk(int reason);
/** A file that a person named, to be written. Zeroed is none; nrs_given_file_wipe, which leaves nothing of one that was not filled. */
typedef struct nrs_given_file {
    const char *name; /* borrowed */
    char *target;     /* owned; NULL: a device or a pipe */
    char *beside;     /* owned; the file that becomes the target; NULL while it has no name, where the file system has such files */
    int file;
    bool left; /* what was filled in is there, or was handed on in part, whether or not the filling failed */
} nrs_given_file;
/** Open it before anything is done for it: a device or pipe is written to, behind a symbolic link the file is replaced. Recorded:
 *  NRS_ERROR_MALFORMED when the name cannot be written to, DISK when the machine failed. */
NRS_MUST_USE nrs_error nrs_file_open_given(nrs_cli *cli, nrs_given_file *given_out, const char *path);
/** Take room on the disk for what it will hold, at most size bytes; of a device or a pipe nothing is known. Recorded: DISK when there is none. */
NRS_MUST_USE nrs_error nrs_file_reserve_given(nrs_cli *cli, const nrs_given_file *given, size_t size);
NRS_MUST_USE nrs_error nrs_file_fill_given(nrs_cli *cli, nrs_given_file *given, nrs_slice bytes);
void nrs_given_file_wipe(nrs_given_file *given);
/** Both at once. */
NRS_MUST_USE nrs_error nrs_file_write_given(nrs_cli *cli, const char *path, nrs_slice bytes);

/** DIR/sub/name+suffix; sub may be NULL. Owned (free); NULL without memory. */
char *nrs_folder_path(const nrs_cli *cli, const char *sub, const char *name, const char *suffix);
bool nrs_folder_has(const nrs_cli *cli, const char *sub, const char *name, const char *suffix);
/** Whether the system's user may not look into the folder. */
bool nrs_folder_is_closed(const nrs_cli *cli);
/** Read and write in the folder. Read: failures are recorded, a missing file is `missing`. Out: replaced. */
NRS_MUST_USE nrs_error nrs_folder_read(nrs_cli *cli, nrs_bytes *bytes_out, const char *sub, const char *name, const char *suffix,
                                       nrs_error missing);
NRS_MUST_USE nrs_error nrs_folder_read_armour(nrs_cli *cli, nrs_bytes *bytes_out, const char *type, const char *sub,
                                              const char *name, const char *suffix, nrs_error missing);
NRS_MUST_USE nrs_error nrs_folder_write(nrs_cli *cli, const char *sub, const char *name, const char *suffix, nrs_slice bytes);
NRS_MUST_USE nrs_error nrs_folder_write_armour(nrs_cli *cli, const char *type, const char *sub, const char *name,
                                               const char *suffix, nrs_slice bytes);
/** What is written to the folder from here on is put aside, until nrs_folder_end puts it in place in the order in which it was written:
 *  a full disk shows before anything is changed. What is read meanwhile is what was put aside. Each begin has its end. */
void nrs_folder_begin(nrs_cli *cli);
/** error: how it went meanwhile; on a failure nothing of what was put aside is kept. Returns it, or how the putting in place went; where that
 *  stopped half way the hint says so, and the same command goes on from there. Recorded. */
NRS_MUST_USE nrs_error nrs_folder_end(nrs_cli *cli, nrs_error error);
void nrs_folder_remove(nrs_cli *cli, const char *sub, const char *name, const char *suffix);

/** What node.json says. */
typedef struct nrs_node_settings {
    char org[NRS_NAME_SIZE_MAX + 1];
    char name[NRS_DISPLAY_NAME_SIZE_MAX + 1];
    bool passphrase;
} nrs_node_settings;
/** Returns NRS_ERROR_NOT_A_NODE, NEWER_NODE, DAMAGED; recorded. */
NRS_MUST_USE nrs_error nrs_folder_settings(nrs_cli *cli, nrs_node_settings *settings_out);
/** The same of the bytes of one. */
NRS_MUST_USE nrs_error nrs_folder_settings_of(nrs_cli *cli, nrs_node_settings *settings_out, nrs_slice text);

/** Unix time, milliseconds. */
uint64_t nrs_now_ms(void);

#endif
