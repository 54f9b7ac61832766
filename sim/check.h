/* What must hold, after each step or at the end. Each checker is one file in check/ and one row of the table in check.c; all
 * see the same moments. A checker looks and never touches: nothing that a node does depends on it. */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

#include <jansson.h>

#include "ask.h"
#include "tlp.h"
#include "keys/envelope.h"
#include "proto/label.h"
#include "proto/wire.h"

struct sim_connection;
struct sim_report;

/** What a node has answered. number: of the report, or of the ask for a release; 0 where it was about neither. sink: where an export was to go. */
typedef struct sim_answered { sim_ask_kind kind; size_t number; sim_sink sink; nrs_error error; } sim_answered;

/** The moments. Any may be NULL. */
typedef struct sim_checker {
    const char *name;
    /** A step was committed; before its effects are carried out. */
    void (*stepped)(struct sim_world *world, sim_node *node);
    /** A row that an honest node has added to its log, the record decoded. */
    void (*record)(struct sim_world *world, sim_node *node, const nrs_log_row *row, const nrs_record *record);
    /** A frame that an honest node hands to a link. side: which of the connection's sides it is. */
    void (*frame)(struct sim_world *world, sim_node *node, struct sim_connection *connection, unsigned side, const nrs_frame *frame);
    /** A frame that reaches an honest node, before it takes it. side: of the connection, which one it is. */
    void (*heard)(struct sim_world *world, sim_node *node, struct sim_connection *connection, unsigned side, const nrs_frame *frame);
    /** A node came up again. */
    void (*started)(struct sim_world *world, sim_node *node);
    /** A step or a start failed. */
    void (*failed)(struct sim_world *world, sim_node *node, nrs_error error);
    /** A row of an answer to list, show or export. report: NULL when nobody asked for such a one. */
    void (*shown)(struct sim_world *world, sim_node *node, struct sim_report *report, const json_t *row);
    /** A whole list, and the receipts of a report. */
    void (*listed)(struct sim_world *world, sim_node *node, const json_t *rows);
    void (*receipts)(struct sim_world *world, sim_node *node, struct sim_report *report, const json_t *rows);
    /** A node has taken a report back; has sent one that holds another's text. */
    void (*withdrawn)(struct sim_world *world, sim_node *node, struct sim_report *report);
    void (*forwarded)(struct sim_world *world, struct sim_report *report);
    /** An answer, once it is known what it says. */
    void (*answered)(struct sim_world *world, sim_node *node, const sim_answered *answer);
    /** The answer to audit-export. */
    void (*audited)(struct sim_world *world, sim_node *node, const json_t *rows);
    /** The answer to release-list. */
    void (*asks)(struct sim_world *world, sim_node *node, const json_t *rows);
    /** The answer to status. */
    void (*status)(struct sim_world *world, sim_node *node, const json_t *row);
    /** A line for the node's log. */
    void (*log)(struct sim_world *world, sim_node *node, const char *text);
    /** Everything is mended, everything has had its time, everyone has looked at everything. */
    void (*end)(struct sim_world *world);
} sim_checker;

void sim_check_stepped(struct sim_world *world, sim_node *node);
void sim_check_step_failed(struct sim_world *world, sim_node *node, nrs_error error);
void sim_check_started(struct sim_world *world, sim_node *node);
void sim_check_start_failed(struct sim_world *world, sim_node *node, nrs_error error);
/** A frame that an honest node hands to a link. */
void sim_check_frame(struct sim_world *world, sim_node *node, nrs_link_id link, nrs_slice frame);
/** A frame is handed over. Of those that hold items nobody is told. */
void sim_check_heard(struct sim_world *world, sim_node *node, struct sim_connection *connection, unsigned side, nrs_slice frame);
void sim_check_shown(struct sim_world *world, sim_node *node, struct sim_report *report, const json_t *row);
void sim_check_listed(struct sim_world *world, sim_node *node, const json_t *rows);
void sim_check_receipts(struct sim_world *world, sim_node *node, struct sim_report *report, const json_t *rows);
void sim_check_withdrawn(struct sim_world *world, sim_node *node, struct sim_report *report);
void sim_check_forwarded(struct sim_world *world, struct sim_report *report);
void sim_check_answered(struct sim_world *world, sim_node *node, const sim_answered *answer);
void sim_check_audited(struct sim_world *world, sim_node *node, const json_t *rows);
void sim_check_asks(struct sim_world *world, sim_node *node, const json_t *rows);
void sim_check_status(struct sim_world *world, sim_node *node, const json_t *row);
void sim_check_log(struct sim_world *world, sim_node *node, const char *text);
void sim_check_end(struct sim_world *world);
void sim_check_wipe(struct sim_world *world);

/** The record with this id in a node's log. Out: payload_out: replaced. NRS_ERROR_EXPIRED when it was dropped since. */
NRS_MUST_USE nrs_error sim_check_logged(sim_node *node, nrs_bytes *payload_out, const uint8_t id[NRS_HASH_SIZE], uint32_t type);

/** Nodes of which nothing is promised. */
uint64_t sim_check_hostile(const struct sim_world *world);
/** Whose signing key this is, or whose hash, and which of its keys it is of. False when it is nobody's. */
bool sim_check_key(const struct sim_world *world, size_t *node_out, size_t *key_out, const uint8_t *sign_key);
bool sim_check_key_hash(const struct sim_world *world, size_t *node_out, size_t *key_out, const uint8_t *key_hash);
/** The node whose signing key this is, or was, or is going to be; node_count when there is none. */
size_t sim_check_node_of_key(const struct sim_world *world, const uint8_t *sign_key);

/** The node with this key hash; node_count when there is none. */
size_t sim_check_node_of_hash(const struct sim_world *world, const uint8_t *key_hash);
/** Whether a node is honest, has its disk and its keys for itself, and has them since the beginning. */
bool sim_check_undisturbed(const sim_node *node);
/** Whether there is a hub of the community and all of them are honest, so that everything has a way. */
bool sim_reachable(const struct sim_world *world, const struct sim_rosters *rosters);
/** Whether a node counts another as a member, or as one that has the duty at a time of its own clock: by the roster that it holds after the step
 *  or by the one before it, since within a step either may have come first. */
bool sim_check_member(const struct sim_world *world, const sim_node *node, const struct sim_rosters *rosters, size_t who);
/** Whether a node kept both sides of a fork before the step and after it: then it counts as members only those in whom they agree. */
bool sim_check_frozen(const sim_node *node, const struct sim_rosters *rosters);
/** Each record of a frame that can be read, decoded; of a frame that is none of items, none. Borrowed for the call. */
typedef void (*sim_record_visitor)(void *context, const nrs_record *record);
void sim_check_each_record(const nrs_frame *frame, sim_record_visitor visit, void *context);
/** Whether items of a log are in a frame, and not what goes beside it alone, as rosters do. */
bool sim_check_in_order(const nrs_frame *frame);
bool sim_check_sworn(const sim_node *node, const struct sim_rosters *rosters, size_t who, uint64_t at_ms);
/** Whether what a report's sender does about it has to reach this reader by the end: arrives.c. */
bool sim_arrives_promised(const struct sim_world *world, const struct sim_report *report, size_t reader);
/** Whether this one stood in every roster of a community from a version on, on both sides of a fork, and had the duty where one is
 *  demanded, without an end; whether a report's sender had time to reach anybody: arrives.c. */
bool sim_arrives_stayed(const struct sim_rosters *rosters, uint64_t version, size_t node, bool duty);
bool sim_arrives_had_time(const struct sim_world *world, const struct sim_report *report);
/** Whether a node may have a report because its sender agreed beforehand, by the roster that it holds after the step or before it: onward.c.
 *  now: and may open it, with the duty where one is demanded; else it had the duty once. */
bool sim_onward_permits(const struct sim_world *world, const sim_node *node, const struct sim_report *report, bool now);
/** Whether it has a community's duty; not now: had taken it in any version, whatever has become of it. */
bool sim_onward_sworn(const struct sim_world *world, const sim_node *node, const struct sim_rosters *rosters, bool now);
/** Whether it was a member in any version from this one on, or by either side of a fork: onward.c. */
bool sim_onward_ever_member(const struct sim_rosters *rosters, uint64_t from, size_t node);
/** The same because its sender released it to it: released.c. Out: label_out: the loosest label that it may have it under. */
bool sim_released_permits(const struct sim_world *world, const sim_node *node, const struct sim_report *report, nrs_label *label_out, bool now);
/** By its address, by consent, or by a release. */
bool sim_check_may_read(const struct sim_world *world, const sim_node *node, const struct sim_report *report);
/** A node is about to be asked to forget a report: destroyed.c. */
void sim_destroyed_asked(struct sim_world *world, sim_node *node, size_t report);
/** A revocation that a node has in its log, which binds it from that row on: stolen.c. */
void sim_stolen_learn(struct sim_world *world, sim_node *node, const nrs_record *record);
/** A table of ids: whether this one is new, and is in it from now on; whether it is in it: once.c. */
bool sim_once_remember(sim_seen *seen, const uint8_t id[NRS_HASH_SIZE]);
bool sim_once_knows(const sim_seen *seen, const uint8_t id[NRS_HASH_SIZE]);
/** Forget what once.c has seen of a node, and of all. */
void sim_once_forget(sim_node *node);
void sim_once_wipe(struct sim_world *world);

extern const sim_checker sim_checker_durable, sim_checker_once, sim_checker_disclosure, sim_checker_removed, sim_checker_carry,
    sim_checker_credit, sim_checker_arrives, sim_checker_destroyed, sim_checker_steady, sim_checker_limits,
    sim_checker_audited, sim_checker_withdrawn, sim_checker_forwarded, sim_checker_proven, sim_checker_onward, sim_checker_released, sim_checker_unlinked, sim_checker_stolen, sim_checker_outlived,
    sim_checker_genuine, sim_checker_succeeded,
    sim_checker_carried, sim_checker_labels, sim_checker_exports, sim_checker_refused, sim_checker_stages, sim_checker_faithful, sim_checker_gaps, sim_checker_digests;

#endif
