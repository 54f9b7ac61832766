#include "options.h"

#include <stdio.h>
#include <string.h>

static const struct { const char *name; unsigned faults; } profiles[] = {
    {"none", 0},
    {"network", SIM_FAULTS_NETWORK},
    {"disk", SIM_FAULTS_DISK},
    {"crash", SIM_FAULTS_CRASH},
    {"clock", SIM_FAULTS_CLOCK},
    {"memory", SIM_FAULTS_MEMORY},
    {"hostile", SIM_FAULTS_HOSTILE},
    {"all", SIM_FAULTS_ALL},
    {"swarm", SIM_FAULTS_SWARM},
};

#define PROFILES (sizeof profiles / sizeof profiles[0])

bool sim_faults_parse(unsigned *faults_out, const char *text)
{
    unsigned faults = 0;

    for (;;) {
        size_t size = strcspn(text, ",");
        size_t i = 0;

        while (i < PROFILES && (strlen(profiles[i].name) != size || strncmp(profiles[i].name, text, size) != 0)) {
            i++;
        }
        if (i == PROFILES) {
            return false;
        }
        faults |= profiles[i].faults;
        if (text[size] == '\0') {
            *faults_out = faults;
            return (faults & SIM_FAULTS_SWARM) == 0 || faults == SIM_FAULTS_SWARM; /* the seed chooses, or whoever asks does */
        }
        text += size + 1;
    }
}

void sim_faults_format(char *text_out, unsigned faults)
{
    size_t used = 0;

    text_out[0] = '\0';
    for (size_t i = 1; i < PROFILES; i++) {
        if (profiles[i].faults != SIM_FAULTS_ALL && (faults & profiles[i].faults) != 0) {
            used += (size_t)snprintf(text_out + used, 128 - used, "%s%s", used == 0 ? "" : ",", profiles[i].name);
        }
    }
    if (used == 0) {
        (void)snprintf(text_out, 128, "none");
    }
}
