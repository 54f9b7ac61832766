/* What only Linux has. */
#ifndef TESTS_BENCH_LINUX_H
#define TESTS_BENCH_LINUX_H

/** To be called in a new process: it is killed as soon as the one that started it is gone. */
void nrs_linux_die_with_parent(void);
/** The name of the file system that a folder is on, where that is memory alone; else NULL. */
const char *nrs_linux_memory_disk(const char *folder);

#endif
