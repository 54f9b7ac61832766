/* Well formed records that no honest node would make, from a hostile node's own keys. */
#ifndef SIM_FORGE_H
#define SIM_FORGE_H

#include "keys/seal.h"
#include "node.h"
#include "plan.h"
#include "tlp.h"

/** What a forged report says beside its text; all zeros: a plain one of now. */
typedef struct sim_forgery {
    uint64_t roster_ahead;  /* versions beyond the roster that its maker holds */
    int64_t shift_ms;       /* of the time when it was made */
    uint64_t life_ms;       /* 0: the usual one */
    bool for_others;        /* a slot for one whom the audience does not name; its subject begins with "bad" */
    unsigned label;         /* 0: AMBER */
    sim_addressee to;       /* whom the audience names: the victim's desk, its community, or its person */
    bool against_label;     /* label and address do not suit each other, or there is no such label; its subject begins with "bad" */
    char *body;             /* NULL: a short one */
    nrs_slice stream;       /* 32 bytes, of which this is the first report; empty: it stands in none */
} sim_forgery;

/** maker signs; carrier hands it over (the same node, or a hub that colludes). */
void sim_forge(struct sim_world *world, sim_node *maker, sim_node *carrier, const sim_act *act);
/** Somebody with the prekey that the maker's own store has of it. False when it has none. */
bool sim_forge_recipient(struct sim_world *world, sim_node *maker, const sim_node *victim, nrs_recipient *recipient_out);
/** Somebody honest, from this one on; NULL when there is none. */
const sim_node *sim_forge_victim(const struct sim_world *world, uint64_t pick);
/** A community that the node stands in, or the first. */
const struct sim_rosters *sim_forge_community(const struct sim_world *world, const sim_node *maker);
/** A report of the maker's to the victim; its signature is nrs_seal_sign's. Out: parts: nrs_sealed_parts_wipe. */
NRS_MUST_USE nrs_error sim_forge_seal(struct sim_world *world, sim_node *maker, const sim_node *victim, nrs_sealed_parts *parts,
                                      const nrs_recipient *recipient, const sim_forgery *what);
/** An honest report for whom it is not, on a release that there is not or that says something else, or on a consent that is not the holder's. */
void sim_forge_grant(struct sim_world *world, sim_node *holder, const sim_act *act);
/** forge_name.c: a roster that no secretariat made; another's report taken back; a revocation or a card in another's name. */
void sim_forge_roster(struct sim_world *world, sim_node *maker, sim_node *carrier, const sim_act *act);
void sim_forge_withdrawal(struct sim_world *world, sim_node *maker, sim_node *carrier, const sim_act *act);
void sim_forge_name(struct sim_world *world, sim_node *maker, sim_node *carrier, const sim_act *act);
/** A statement of the maker's own to another, sealed as a letter. Out: record_out: replaced. False when the other's prekeys are not known. */
bool sim_forge_letter(struct sim_world *world, sim_node *maker, const sim_node *to, const nrs_statement *statement, uint64_t life_ms, nrs_bytes *record_out);
/** A roster of long ago. */
void sim_forge_old_roster(struct sim_world *world, sim_node *carrier, const sim_act *act);
/** A sealed report with the slots of all, from the carrier's log, to whoever is at the other end. */
void sim_forge_reveal(struct sim_world *world, sim_node *carrier, const sim_act *act);

#endif
