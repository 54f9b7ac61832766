#include "tlp.h"

#include <string.h>

/* SPEC 5.1, a row of it in each line: c community, o organisation, p person; and the sinks by their first letters, in order. */
static const struct { unsigned label; const char *addressed, *exported; } paper[] = {
    {NRS_LABEL_RED, "p", ""},
    {NRS_LABEL_AMBER_STRICT, "o", "o"},
    {NRS_LABEL_AMBER, "oc", "oc"},
    {NRS_LABEL_GREEN, "c", "occ"},
    {NRS_LABEL_CLEAR, "ocp", "occp"},
};

/* SPEC 5.5: own, clients, community, public under each word of the Permissible Actions Protocol; and where affected parties may not be told. */
static const char *const used[] = {"yyyy", "yyyy", "yyyn", "yynn", "ynnn"};
static const char not_told[] = "ynyn";

static const char *const sinks[SIM_SINK_COUNT] = {"screen", "own", "clients", "community", "public"};
static const char *const actions_names[] = {NULL, "CLEAR", "GREEN", "AMBER", "RED"};

bool sim_tlp_known(unsigned label)
{
    for (size_t i = 0; i < sizeof paper / sizeof paper[0]; i++) {
        if (paper[i].label == label) {
            return true;
        }
    }
    return false;
}

bool sim_tlp_addressed(unsigned label, sim_addressee to)
{
    for (size_t i = 0; i < sizeof paper / sizeof paper[0]; i++) {
        if (paper[i].label == label) {
            return strchr(paper[i].addressed, to == SIM_TO_COMMUNITY ? 'c' : to == SIM_TO_ORG ? 'o' : 'p') != NULL;
        }
    }
    return false;
}

/* Each sink reaches further than the one before, so that how many there are says which. */
bool sim_tlp_exported(unsigned label, sim_sink sink)
{
    for (size_t i = 0; i < sizeof paper / sizeof paper[0]; i++) {
        if (paper[i].label == label) {
            return sink != SIM_SINK_NOWHERE && (size_t)sink <= strlen(paper[i].exported);
        }
    }
    return false;
}

bool sim_tlp_used(sim_conditions conditions, sim_sink sink)
{
    return sink != SIM_SINK_NOWHERE && used[conditions.actions][sink - SIM_SINK_OWN] == 'y' && (!conditions.not_told || not_told[sink - SIM_SINK_OWN] == 'y');
}

sim_conditions sim_tlp_both(sim_conditions a, sim_conditions b)
{
    return (sim_conditions){.actions = a.actions > b.actions ? a.actions : b.actions, .not_told = a.not_told || b.not_told};
}

const char *sim_sink_name(sim_sink sink)
{
    return sinks[sink];
}

const char *sim_actions_name(unsigned actions)
{
    return actions_names[actions];
}
