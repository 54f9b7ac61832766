/* What the people have asked for, and who may read what: worked out here from rosters and labels alone, never asked of a node. */
#ifndef SIM_ORACLE_H
#define SIM_ORACLE_H

#include <jansson.h>

#include "proto/label.h"
#include "proto/limits.h"
#include "proto/wire.h"
#include "roster.h"
#include "tlp.h"

#define SIM_REPORTS_MAX 4096
#define SIM_RELEASES_MAX 64
#define SIM_WRAPPED_MAX 128
#define SIM_PAIRS_MAX 16 /* proofs that are kept against one originator (SPEC 2.3) */

struct sim_world;
struct sim_node;
struct sim_act;

typedef enum sim_report_state {
    SIM_REPORT_NONE = 0, /* no such act was asked */
    SIM_REPORT_ASKED,    /* no answer yet, or never: it may have been sent or not */
    SIM_REPORT_SENT,
    SIM_REPORT_REFUSED
} sim_report_state;

/* One report that a person asked to send; numbered by its act. Its subject is "r" and that number. */
typedef struct sim_report {
    sim_report_state state;
    size_t sender;
    nrs_label label;
    size_t community;         /* of the world's; when it is not to one, known with the version */
    bool to_community;
    bool to_persons;          /* else, when it is not to a community, to desks */
    uint64_t to_second;       /* under RED: at which nodes it is the second person whom it is for: set of nodes */
    bool by_second;           /* under RED: the second person of its sender wrote it */
    bool plain;               /* sent of itself: no answer, nothing passed on, no source withheld */
    bool carelessly;          /* asked with no roster to speak of, or without one that anybody vouches for */
    sim_conditions conditions; /* that bind whoever received it */
    bool waits;               /* some recipient's prekey was not known when it was sent */
    bool unlocks;             /* granted only to who has accepted */
    bool withheld;            /* its source is not to be named: it is sealed to the hubs in `via` alone, and `to` is whom it is for */
    uint64_t via;             /* set of nodes */
    bool vouches;             /* a hub has published the withheld report `quoted` in its own name */
    bool replies;             /* it answers `quoted` */
    size_t carried, reading;  /* bytes of it, from its beginning, that the withheld source of what it answers has read; in the answer in hand */
    bool forwards;            /* it holds the text of `quoted` */
    size_t quoted;            /* number of the report that it answers or passes on; its own when there is none */
    uint32_t onward;          /* to whom its sender agrees beforehand (SPEC 5.6) */
    uint64_t revoked;         /* whose keys its sender knew to be revoked when it was sealed: set of nodes */
    uint64_t bridged[SIM_COMMUNITIES_MAX]; /* the lowest version of each community's roster that a hub of both held when it was sealed */
    bool inherits_closed, inherits_duty; /* what the quoted one demands */
    uint64_t to;              /* set of nodes, when not to a community */
    char id[2 * NRS_HASH_SIZE + 1]; /* once known */
    uint64_t version;         /* of the roster it was sealed under; 0 until known */
    uint64_t readers;         /* who may read it: set of nodes; from version */
    uint64_t expires_ms;      /* as its header says */
    uint64_t sealed_ms;       /* of the world's time */
    uint64_t made_ms;         /* what a right clock showed then */
    size_t key;               /* which of its sender's keys signed it */
    uint64_t behind;          /* who was there under former keys still when it was sealed under a roster with the next: set of nodes */
    uint64_t shown;           /* who has opened it: set of nodes */
    uint64_t showing;         /* who was asked to before the end: of some the answer was lost in a crash */
    uint64_t forgetting, forgotten; /* who asked to forget it; who was told that it is: sets of nodes */
    bool patient;             /* it was given its usual time to live */
    bool withdrawing, withdrawn; /* its sender was asked to take it back; was told that it has */
    uint64_t withdrawn_at;    /* who has said that it was taken back, and shown no text: set of nodes */
    uint64_t marked;          /* who has said so at all: set of nodes */
    uint64_t accepting, accepted; /* who was asked to accept; who was told that it has: sets of nodes */
    json_t *waiting;          /* under RED: the persons who wait for a new grant, as the node named them last */
    uint64_t declining;       /* who was asked to decline: set of nodes */
    uint64_t stored_receipt, opened_receipt, accepted_receipt, withdrawn_receipt; /* that the sender has shown: sets of nodes */
} sim_report;

/* A sealed report that an honest node has made, by its id. */
typedef struct sim_sealed {
    uint8_t id[NRS_HASH_SIZE];
    size_t maker, community;
    uint32_t label;
    uint64_t version, expires_ms, sealed_ms, made_ms, bridged[SIM_COMMUNITIES_MAX];
    size_t key;               /* which of its maker's keys signed it */
    uint64_t behind;          /* who had not gone over to the keys that its roster names: set of nodes */
    uint64_t revoked;         /* whose keys its maker knew to be revoked */
    uint64_t listed;          /* set of communities that its consent lists */
    uint64_t taken;           /* in whose logs it stands, or stood: set of nodes */
    uint64_t outside[SIM_COMMUNITIES_MAX]; /* of each community, who stood outside of it as it made or took this, by keys that its roster has not followed yet: sets of nodes */
} sim_sealed;

/* A later grant that an honest node has made: whom it may be for. */
typedef struct sim_granted {
    uint8_t id[NRS_HASH_SIZE];
    size_t community;
    uint32_t authority;
} sim_granted;

/* Two reports that a hostile node has sent under one number. */
typedef struct sim_pair {
    size_t maker, victim, community;
    uint8_t id[2][NRS_HASH_SIZE];
    uint64_t given_ms;        /* of the world's time */
} sim_pair;

/* The wrapped key of a report that a node was asked to forget, as it was before. */
typedef struct sim_wrapped {
    size_t node, report, size;
    uint8_t bytes[160];
} sim_wrapped;

/* What a holder has asked a source to agree to, and what the source has said. */
typedef struct sim_release {
    size_t report, holder;
    size_t community;         /* of those in it */
    bool to_community;
    uint64_t to;              /* set of nodes, when not to a community */
    uint64_t version;         /* of that community's roster that the holder went by */
    char id[2 * NRS_HASH_SIZE + 1]; /* once the holder was told; else empty */
    bool granting, granted;   /* the source was asked to; has said that it is */
    bool denied;
    bool looser;
    nrs_label label;          /* under which those let in have it */
    uint64_t expires_ms;      /* of the world's time at the latest; SIM_NEVER: with the report */
    uint64_t over_ms;         /* what a right clock shows when it is over for certain; SIM_NEVER: with the report */
    bool looked;              /* it was over, and these had the key by then, or may have: set of nodes (outlived.c) */
    uint64_t had;
    bool looking;             /* its source, which a hub does not name, was asked to look at what was put before it, with these picks */
    uint64_t pick_b, pick_c;
    bool denied_by_hub;       /* the hub that vouches was asked to deny it of itself */
} sim_release;

typedef struct sim_oracle {
    sim_report reports[SIM_REPORTS_MAX]; /* by number of the act */
    sim_sealed *sealed;
    size_t sealed_count, sealed_capacity;
    sim_granted *granted;
    size_t granted_count, granted_capacity;
    sim_pair pairs[SIM_PAIRS_MAX];
    size_t pair_count;
    sim_release releases[SIM_RELEASES_MAX];
    size_t release_count;
    sim_wrapped wrapped[SIM_WRAPPED_MAX];
    size_t wrapped_count;
} sim_oracle;

void sim_oracle_wipe(sim_oracle *oracle);
/** A node has sealed a report of its own. */
void sim_oracle_sealed(struct sim_world *world, const struct sim_node *node, const uint8_t id[NRS_HASH_SIZE], const nrs_header *header);
/** A node has taken a report that another has made. */
void sim_oracle_taken(struct sim_world *world, const struct sim_node *node, const uint8_t id[NRS_HASH_SIZE]);
/** The report with this subject; NULL when nobody wrote such a one. */
sim_report *sim_oracle_by_subject(struct sim_world *world, const char *subject);
sim_report *sim_oracle_by_id(struct sim_world *world, const char *id);
/** Bind a report to its sealed form, once its id is known, and work out its readers. */
void sim_oracle_bind(struct sim_world *world, sim_report *report, const char *id);
uint64_t sim_oracle_readers(struct sim_world *world, const sim_report *report, uint64_t version);
/** Whether its sender agrees that the members of this other community are let in: it said so, and its community recognised that one. */
bool sim_oracle_consents(const struct sim_world *world, const sim_report *report, size_t community);
/** Set of nodes: who is a hub of both communities, of those that are there. */
uint64_t sim_oracle_bridges(const struct sim_world *world);
/** The report whose sender agrees to what is asked about this one: of what a hub has vouched for its source's, else itself. */
const sim_report *sim_oracle_asked_of(const struct sim_world *world, const sim_report *report);
/** Whose terms hold for what a node does with a report (SPEC 5.7): another's own; of what it sent itself those of the one that it passes on last of
 *  others, or of what a hub vouches for its own; NULL: it has written all of it. */
const sim_report *sim_oracle_bound(const struct sim_world *world, const sim_report *report, size_t node);
/** Whether the rules of its community demand that the disclaimer be accepted first; the duty. */
bool sim_oracle_closed(const struct sim_world *world, const sim_report *report);
bool sim_oracle_duty(const struct sim_world *world, const sim_report *report);
/** A node has made a later grant: its id, and its community where that is not the report's. */
void sim_oracle_granted(struct sim_world *world, const uint8_t id[NRS_HASH_SIZE], const nrs_grant *grant);
const sim_granted *sim_oracle_granted_by_id(const struct sim_world *world, const uint8_t *id);
/** The sealed report with this id; NULL when no honest node has made such a one. */
const sim_sealed *sim_oracle_sealed_by_id(const struct sim_world *world, const uint8_t id[NRS_HASH_SIZE]);

#endif
