/* What people and fate are going to do in a run: a list made from the seed before it begins. Each act can be left out without
 * moving any other, which is how a failing run is made small. */
#ifndef SIM_PLAN_H
#define SIM_PLAN_H

#include "options.h"

/* X(NAME, class of faults it belongs to, 0 for people's work; weight; words for the trace) */
#define SIM_ACTS(X)                                                                                                    \
    X(SEND, 0, 40, "send")                                                                                             \
    X(SHOW, 0, 24, "show")                                                                                             \
    X(SEND_RED, 0, 8, "a person sends TLP:RED")                                                                        \
    X(UNLOCK, 0, 2, "a person unlocks its key")                                                                        \
    X(REPLY, 0, 6, "reply")                                                                                            \
    X(FORWARD, 0, 5, "forward")                                                                                        \
    X(WITHDRAW, 0, 4, "withdraw")                                                                                      \
    X(LIST, 0, 5, "list")                                                                                              \
    X(RECEIPTS, 0, 4, "receipts")                                                                                      \
    X(EXPORT, 0, 3, "export")                                                                                          \
    X(FORGET, 0, 5, "forget")                                                                                          \
    X(ACCEPT, 0, 8, "accept a disclaimer")                                                                             \
    X(DECLINE, 0, 2, "decline a disclaimer")                                                                           \
    X(WITHHOLD, 0, 9, "send with the source withheld")                                                                 \
    X(VOUCH, 0, 12, "a hub vouches for what a source sent to it")                                                      \
    X(QUESTION, 0, 3, "a hub asks a source that it does not name")                                                     \
    X(RELEASE_ASK, 0, 14, "ask the source to share wider")                                                              \
    X(RELEASE_ANSWER, 0, 22, "answer an ask")                                                                          \
    X(STATUS, 0, 2, "status")                                                                                          \
    X(REMOVE, 0, 3, "remove a member")                                                                                 \
    X(LEAVE, 0, 1, "a member leaves")                                                                                  \
    X(ADMIT, 0, 6, "admit an organisation")                                                                            \
    X(BUMP, 0, 3, "sign the roster anew")                                                                              \
    X(SWEAR, 0, 3, "a member takes a duty, or its duty ends")                                                          \
    X(RECOGNISE, 0, 2, "a community recognises another, or no more")                                                   \
    X(REKEY, 0, 2, "a roster key is replaced")                                                                         \
    X(FORK, 0, 2, "two rosters of one version are signed")                                                             \
    X(HEAL, 0, 4, "a fork is healed")                                                                                  \
    X(REVOKE, 0, 3, "a key is revoked")                                                                                \
    X(ROTATE, 0, 7, "an organisation makes new keys")                                                                  \
    X(SUCCEED, 0, 14, "a roster follows a change of keys")                                                             \
    X(SKIP, 0, 1, "time passes while all sleep")                                                                       \
    X(CUT, SIM_FAULTS_NETWORK, 12, "cut a connection")                                                                 \
    X(PARTITION, SIM_FAULTS_NETWORK, 4, "part nodes")                                                                  \
    X(ONE_WAY, SIM_FAULTS_NETWORK, 3, "part nodes in one direction")                                                   \
    X(CLOG, SIM_FAULTS_NETWORK, 4, "clog a line")                                                                      \
    X(KILL, SIM_FAULTS_CRASH, 6, "kill a process")                                                                     \
    X(POWER, SIM_FAULTS_CRASH, 5, "cut the power")                                                                     \
    X(POWER_AT_CALL, SIM_FAULTS_CRASH, 12, "cut the power at a call of the disk")                                      \
    X(CRASH_AT_EFFECT, SIM_FAULTS_CRASH, 8, "fall after an effect")                                                    \
    X(STOP, SIM_FAULTS_CRASH, 3, "stop in order")                                                                      \
    X(READ_ERROR, SIM_FAULTS_DISK, 3, "reads fail")                                                                    \
    X(WRITE_ERROR, SIM_FAULTS_DISK, 5, "writes fail")                                                                  \
    X(SYNC_ERROR, SIM_FAULTS_DISK, 6, "syncs fail")                                                                    \
    X(OPEN_ERROR, SIM_FAULTS_DISK, 2, "files do not open at the next start")                                           \
    X(DISK_FULL, SIM_FAULTS_DISK, 4, "the disk fills up")                                                              \
    X(DISK_SLOW, SIM_FAULTS_DISK, 3, "the disk is slow")                                                               \
    X(COPY, SIM_FAULTS_DISK, 5, "a disk is copied")                                                                    \
    X(PUT_BACK, SIM_FAULTS_DISK, 5, "a copy of a disk is put in its place")                                            \
    X(CLOCK_JUMP, SIM_FAULTS_CLOCK, 6, "a clock jumps")                                                                \
    X(CLOCK_DRIFT, SIM_FAULTS_CLOCK, 3, "a clock drifts")                                                              \
    X(NO_MEMORY, SIM_FAULTS_MEMORY, 16, "memory runs out")                                                             \
    X(FLOOD, SIM_FAULTS_HOSTILE, 3, "a hostile node floods")                                                           \
    X(OVERSIZE, SIM_FAULTS_HOSTILE, 2, "a hostile node sends a frame that is too large")                               \
    X(OLD_ROSTER, SIM_FAULTS_HOSTILE, 10, "a hostile node serves an old roster")                                       \
    X(REVEAL, SIM_FAULTS_HOSTILE, 6, "a hostile node reveals what it carries")                                         \
    X(FORGE_REPORT, SIM_FAULTS_HOSTILE, 24, "a hostile node forges a report")                                          \
    X(FORGE_RECEIPT, SIM_FAULTS_HOSTILE, 6, "a hostile node forges a receipt")                                         \
    X(FORGE_PREKEYS, SIM_FAULTS_HOSTILE, 4, "a hostile node forges prekeys")                                           \
    X(FORGE_ROSTER, SIM_FAULTS_HOSTILE, 10, "a hostile node forges a roster")                                          \
    X(FORGE_WITHDRAWAL, SIM_FAULTS_HOSTILE, 12, "a hostile node takes back what is another's")                         \
    X(FORGE_NAME, SIM_FAULTS_HOSTILE, 6, "a hostile node speaks in another's name")                                    \
    X(EQUIVOCATE, SIM_FAULTS_HOSTILE, 8, "a hostile node sends two reports under one number")                          \
    X(TAMPER, SIM_FAULTS_HOSTILE, 3, "an audit log is changed")                                                        \
    X(STEAL, SIM_FAULTS_HOSTILE, 3, "a node is stolen")                                                                \
    X(STEAL_DISK, SIM_FAULTS_HOSTILE, 8, "a disk is stolen")                                                           \
    X(THIEF, SIM_FAULTS_HOSTILE, 8, "whoever has stolen a disk sends or reads")                                      \
    X(FORGE_GRANT, SIM_FAULTS_HOSTILE, 28, "a hostile node grants what it may not")                                    \
    X(SWAMP, SIM_FAULTS_HOSTILE, 8, "a hostile node sends more of what is well made than anybody needs")

typedef enum sim_act_type {
#define SIM_ACT_ENUM(name, faults, weight, words) SIM_ACT_##name,
    SIM_ACTS(SIM_ACT_ENUM)
#undef SIM_ACT_ENUM
        SIM_ACT_COUNT
} sim_act_type;

typedef struct sim_act {
    sim_act_type type;
    uint64_t at_ms;
    uint64_t who, other;  /* picks: taken modulo the number of nodes */
    uint64_t a, b, c;     /* what else there is to choose */
} sim_act;

typedef struct sim_plan {
    sim_act acts[SIM_ACTS_MAX];
    size_t count;
} sim_plan;

void sim_plan_make(sim_plan *plan, const sim_options *options);
const char *sim_act_words(sim_act_type type);

#endif
