/* SQLite on the simulated disks: a VFS named "sim", whose paths are "NUMBER/FILE", the number being the disk's. */
#ifndef SIM_VFS_H
#define SIM_VFS_H

#include "disk.h"

#define SIM_VFS_NAME "sim"
#define SIM_VFS_DISKS_MAX 80

/** Once for the process, before the first store. It becomes SQLite's default too, so that nothing of a run depends on the
 *  machine's own time or randomness. */
void sim_vfs_install(void);
/** Disk `number` from now on; NULL takes it away. */
void sim_vfs_attach(size_t number, sim_disk *disk);
/** SQLite's own randomness (salts of its log) begins anew with this seed. */
void sim_vfs_seed(uint64_t seed);
/** The time that SQLite is told. */
void sim_vfs_set_time(uint64_t unix_ms);

#endif
