/* Memory that runs out at a chosen allocation. The boxes' own calls of malloc, calloc and realloc come here through the
 * linker's --wrap, in this program alone: their archives stay the daemon's, byte for byte. SQLite and jansson are asked to
 * allocate here too. What the simulator itself needs never fails. */
#ifndef SIM_MEMORY_H
#define SIM_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What one node holds: allocations made while it is at work, until somebody gives them back. */
typedef struct sim_account { int64_t bytes, peak; uint64_t life; } sim_account;
/** On whose account it is from now on; NULL: nobody's. Returns the one before. */
sim_account *sim_memory_use(sim_account *account);
/** Its life is over. Returns what was not given back; that is on nobody's account from now on. */
int64_t sim_memory_settle(sim_account *account);

/** Once, before SQLite and jansson are used. */
void sim_memory_install(void);
/** From now on the allocation after `in` more fails, and the `count` - 1 after it. */
void sim_memory_arm(uint64_t in, uint64_t count);
/** No allocation fails any more. Returns how many did since they were armed. */
uint64_t sim_memory_disarm(void);
/** Allocations of the boxes so far. */
uint64_t sim_memory_calls(void);

/** For the simulator: zeroed; ends the program when the machine has no more. */
void *sim_alloc(size_t count, size_t size);
void *sim_grow(void *memory, size_t size);
char *sim_text(const char *text);

#endif
