/* What only Linux can say. */
#ifndef CLI_LINUX_H
#define CLI_LINUX_H

#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/** The folder of the running program. False when it cannot be told or does not fit. */
bool nrs_linux_program_folder(char *folder_out, size_t size);
/** The width of the window that a terminal is; 0 when it cannot be told. */
unsigned nrs_linux_columns(int terminal);
/** No core file and no tracing by other processes of the user: for what handles secrets. */
void nrs_linux_hide(void);

/** Root alone: from here on what concerns files is decided as for this user and group, in no others; who the process is stays. Returns false when
 *  that is not so. */
bool nrs_linux_act_as(uid_t uid, gid_t gid);

/** A file without a name in a folder, for its user alone, which is gone with the process unless it is named; -1 where there is no such thing. */
int nrs_linux_unnamed_file(const char *folder);
/** Give it a name that nothing has. False with the reason in errno. */
bool nrs_linux_name_file(int file, const char *path);

/** One process at a time: keep others that take this lock out of a file until the process ends, which may stand where nothing can be written. False
 *  when another has it for wait_ms. A file system without locks keeps nobody out. */
bool nrs_linux_lock_file(const char *path, unsigned wait_ms);
/** One ceremony at a time: keep others of this folder out until the process ends. False when another goes on for wait_ms. */
bool nrs_linux_lock_folder(const char *path, unsigned wait_ms);

/** What /etc/passwd says of a user; until the next call. NULL where it says nothing: other services are not asked, which a program that is linked
 *  whole cannot do. */
const struct passwd *nrs_linux_user(uid_t uid);

#endif
