/* Whether the folder has a newer roster or card than the node: one that a person has made and that was not taken up yet. */
#ifndef SHELL_HELD_H
#define SHELL_HELD_H

#include "folder.h"

/** path: of a file that core publishes. One of a community goes by the version of the roster beside it, a card by its own serial.
 *  What is there and is none is not newer; true too for one that the machine could not read now: it is left as it is. */
bool nrs_folder_is_newer(nrs_folder *folder, const char *path, uint64_t held_version);

#endif
