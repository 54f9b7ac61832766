/* One run, and what is printed of it. */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include "world.h"

/** True when every checker held. */
bool sim_run_and_print(const sim_options *options);
/** How this program was called, for the lines that it prints. name: kept. */
void sim_run_called(const char *name);
/** The command that gives this run again. text_out: size characters. */
void sim_run_line(char *text_out, size_t size, const sim_options *options);

#endif
