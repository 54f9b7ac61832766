/* What only Linux can say. */
#ifndef CLI_LINUX_H
#define CLI_LINUX_H

#include <stdbool.h>
#include <stddef.h>

/** The folder of the running program. False when it cannot be told or does not fit. */
bool nrs_linux_program_folder(char *folder_out, size_t size);
/** No core file and no tracing by other processes of the user: for what handles secrets. */
void nrs_linux_hide(void);

#endif
