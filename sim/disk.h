/* One node's disk: a few files in memory, which know what a sync has made durable and what a power cut may lose.
 *
 * A write lands in the page cache; a sync makes it durable. When the power is cut, each 512-byte sector of what was not
 * synced is on the disk or not, and one sector of it may be half written. A sync that fails leaves some of what it was
 * to write behind for good, while the cache goes on showing it, as a kernel does. */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "random.h"

#define SIM_DISK_FILES_MAX 8
#define SIM_DISK_NAME_MAX 32
#define SIM_SECTOR_SIZE 512u

typedef enum sim_disk_result { SIM_DISK_OK = 0, SIM_DISK_EIO, SIM_DISK_FULL } sim_disk_result;
typedef enum sim_disk_call { SIM_DISK_READ = 0, SIM_DISK_WRITE, SIM_DISK_SYNC, SIM_DISK_OPEN, SIM_DISK_CALL_COUNT } sim_disk_call;

typedef struct sim_blob { uint8_t *data; size_t size, capacity; } sim_blob;

typedef struct sim_pending {
    size_t offset, size;  /* of a write */
    size_t kept;          /* where its bytes stand in the file's `bytes` */
    bool truncate;        /* to `size` */
} sim_pending;

typedef struct sim_file {
    char name[SIM_DISK_NAME_MAX];
    bool there;            /* in the folder as programs see it */
    bool there_durably;    /* in the folder after a power cut */
    sim_blob cache, durable;
    sim_pending *pending;
    size_t pending_count, pending_capacity;
    sim_blob bytes;        /* of the pending writes, one after the other */
    uint8_t **shared;      /* regions of shared memory of a database */
    size_t shared_count;
    size_t shared_size;    /* of each */
} sim_file;

typedef struct sim_disk {
    sim_file files[SIM_DISK_FILES_MAX];
    size_t file_count;
    sim_random random;
    bool held;             /* the simulator itself looks: no call fails, none is counted */
    bool dead;             /* the power is off: nothing more is taken */
    uint64_t calls;        /* writes and syncs so far */
    uint64_t cut_at;       /* the power goes with this call; 0 never */
    bool torn;             /* the cut came in the middle of a write */
    size_t capacity;       /* bytes in all files; 0 without a limit */
    struct { uint64_t in; uint64_t count; } fail[SIM_DISK_CALL_COUNT]; /* after `in` more calls the next `count` fail */
    uint64_t slow_ms;      /* each sync takes so long */
    uint64_t took_ms;      /* what the calls since the last look took */
    uint64_t reached[SIM_DISK_CALL_COUNT]; /* how many calls failed */
    uint64_t reached_full, reached_short, reached_torn, reached_lost;
} sim_disk;

void sim_disk_init(sim_disk *disk, sim_random random);
void sim_disk_wipe(sim_disk *disk);
/** NULL when the folder has no room for it. */
sim_file *sim_disk_open(sim_disk *disk, const char *name, bool create);
/** NULL when there is none. */
sim_file *sim_disk_find(sim_disk *disk, const char *name);
sim_disk_result sim_disk_read(sim_disk *disk, const sim_file *file, void *out, size_t size, size_t offset, size_t *read_out);
sim_disk_result sim_disk_write(sim_disk *disk, sim_file *file, const void *data, size_t size, size_t offset);
sim_disk_result sim_disk_truncate(sim_disk *disk, sim_file *file, size_t size);
sim_disk_result sim_disk_sync(sim_disk *disk, sim_file *file);
sim_disk_result sim_disk_delete(sim_disk *disk, sim_file *file, bool synced);
/** A region of shared memory, zeroed when new. NULL when there is none and none is to be made. */
uint8_t *sim_disk_shared(sim_file *file, size_t index, size_t size, bool make);
void sim_disk_unshare(sim_file *file);
/** While it is held the simulator reads in it for itself. */
void sim_disk_hold(sim_disk *disk, bool held);
/** The power comes back: what was synced is there, of the rest some sectors. */
void sim_disk_restart(sim_disk *disk);
/** A copy as a thief would take it: what the programs see now. */
void sim_disk_clone(sim_disk *copy, const sim_disk *disk);
size_t sim_disk_used(const sim_disk *disk);

#endif
