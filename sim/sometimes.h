/* What has to happen now and then. A run may well miss most of it; a hunt that never reached one of them has not looked. */
#ifndef SIM_SOMETIMES_H
#define SIM_SOMETIMES_H

#include <stdint.h>
#include <stdio.h>

struct sim_world;

/* X(NAME, the classes of faults without which it cannot happen, words) */
#define SIM_SOMETIMES(X)                                                                                               \
    X(SENT_CLEAR, 0, "a CLEAR report was sent")                                                                        \
    X(SENT_GREEN, 0, "a GREEN report was sent")                                                                        \
    X(SENT_AMBER, 0, "an AMBER report was sent")                                                                       \
    X(SENT_STRICT, 0, "an AMBER+STRICT report was sent")                                                               \
    X(SENT_RED, 0, "a person sent TLP:RED")                                                                            \
    X(RED_OPENED, 0, "a person opened TLP:RED")                                                                        \
    X(RED_SECOND, 0, "the second person of a node was handed what opens TLP:RED")                                      \
    X(SENT_WAITING, 0, "a recipient waited for its prekey")                                                            \
    X(GRANTED_LATE, 0, "a later grant went out")                                                                       \
    X(RED_GRANTED_ANEW, SIM_FAULTS_DISK, "a person granted TLP:RED anew")                                              \
    X(RED_OPENED_ANEW, SIM_FAULTS_DISK, "a person opened TLP:RED by a later grant")                                    \
    X(SHOWN, 0, "a person read a report")                                                                              \
    X(GAP_SHOWN, SIM_FAULTS_HOSTILE, "a person was shown that reports are missing")                                     \
    X(REPLIED, 0, "a person replied")                                                                                  \
    X(FORWARDED, 0, "a report was passed on")                                                                          \
    X(WITHDRAWN, 0, "a report was taken back")                                                                         \
    X(WITHDRAWN_WITH, 0, "a report was known to be taken back for what it passes on")                                  \
    X(WITHDRAWN_UNSEEN, 0, "who never had a report heard that what passes it on was taken back")                       \
    X(WITHDRAWN_CLOSED, 0, "a report stayed closed because it was taken back")                                         \
    X(EXPORTED, 0, "a report was exported")                                                                            \
    X(FORGOTTEN, 0, "a person forgot a report")                                                                        \
    X(KEY_GONE, 0, "the key of a forgotten report was looked for in the vault")                                          \
    X(REFUSED_BY_RULE, 0, "a command was refused by a rule")                                                           \
    X(RECEIPT, 0, "a receipt was recorded")                                                                            \
    X(CLOSED, 0, "a text waited for its disclaimer")                                                                   \
    X(ACCEPTED, 0, "a disclaimer was accepted")                                                                        \
    X(SENT_LOCKED, 0, "a report was sent that unlocks on acceptance")                                                  \
    X(LEFT_OUT, 0, "a recipient was left out for want of a duty")                                                      \
    X(SWORN, 0, "a member took a duty")                                                                                \
    X(DUTY_ENDED, 0, "a duty ended")                                                                                   \
    X(DUTY_OVER, 0, "a duty ended by its date")                                                                         \
    X(DUTY_OVER_LEFT_OUT, 0, "a recipient was left out because its duty was over")                                     \
    X(DUTY_OVER_CLOSED, 0, "a text stayed closed because a duty was over")                                             \
    X(RECOGNISED, 0, "a community recognised another")                                                                 \
    X(UNRECOGNISED, 0, "a community recognised another no more")                                                       \
    X(SENT_ONWARD, 0, "a source agreed beforehand to who else may be let in")                                          \
    X(LET_IN_HOME, 0, "a hub let in a member that the community's address does not reach")                             \
    X(LET_IN_ELSEWHERE, 0, "a member of another community was let in on consent")                                      \
    X(RELEASE_ASKED, 0, "a holder asked the source to share wider")                                                    \
    X(RELEASE_DENIED, 0, "a source denied wider sharing")                                                              \
    X(RELEASED, 0, "a source released a report")                                                                       \
    X(RELEASED_LOOSER, 0, "a source released a report under a looser label")                                           \
    X(RELEASED_SHORT, 0, "a source released a report for a short time")                                                \
    X(RELEASED_HOME, 0, "a member of the report's own community was let in on a release")                              \
    X(RELEASED_ELSEWHERE, 0, "a member of another community was let in on a release")                                  \
    X(RELEASE_MISSED, 0, "a release was over before somebody had read by it")                                          \
    X(SOURCE_WITHHELD, 0, "a report was sent with its source withheld")                                                \
    X(VOUCHED, 0, "a hub vouched for a report")                                                                        \
    X(VOUCHED_STRICTER, 0, "a hub vouched for a report under a stricter label")                                        \
    X(VOUCH_REFUSED, 0, "a hub was refused to vouch under a looser label")                                             \
    X(VOUCHED_READ, 0, "a member read what a hub had vouched for")                                                     \
    X(DIGESTS, 0, "a hub sent as many digests to each member")                                                         \
    X(QUESTION_ASKED, 0, "a hub asked a source that it does not name")                                                 \
    X(REPLY_CARRIED, 0, "a source that its hub does not name read a reply")                                            \
    X(PIECES_CARRIED, 0, "a reply was carried to its source in pieces")                                                \
    X(ASK_CARRIED, 0, "an ask was put before a source that its hub does not name")                                     \
    X(SOURCE_RELEASED, 0, "a source that its hub does not name released a report")                                     \
    X(SOURCE_DENIED, 0, "a source that its hub does not name denied wider sharing")                                    \
    X(SOURCE_NOT_NAMED, 0, "a source was refused to deny in words that name it")                                       \
    X(HUB_MAY_NOT_RELEASE, 0, "a hub was refused to release what it vouches for")                                      \
    X(RELEASED_THROUGH_HUB, 0, "a member was let in on the word of a source that its hub does not name")               \
    X(SOURCE_WENT_ON, 0, "a withheld source sent a report that follows another of its own")                            \
    X(KEY_REVOKED, 0, "a key was revoked")                                                                             \
    X(REVOCATION_HEARD, 0, "a node heard that a key was revoked")                                                      \
    X(REVOKED_REFUSED, 0, "a node refused to send under its own key, which was revoked")                               \
    X(ROTATED, 0, "an organisation announced new keys")                                                                \
    X(ROTATED_AGAIN, 0, "new keys were announced once more, as they had been made")                                    \
    X(ROTATE_REFUSED, 0, "a second change of keys within four weeks was refused")                                      \
    X(FOLLOWED, 0, "a roster followed a change of keys")                                                               \
    X(SUCCEEDED, 0, "a member went over to its next keys")                                                             \
    X(HUB_SUCCEEDED, 0, "a hub went over to its next keys")                                                            \
    X(ALL_PREPARED, 0, "a node went over to its next keys when all others had heard of them")                          \
    X(REOPENED, 0, "a successor opened what was sealed to the keys before")                                            \
    X(HANDED_ON, 0, "what was sealed to the keys before was handed to their successor")                                \
    X(GRANTED_TO_SUCCESSOR, 0, "what the keys before waited for was granted to their successor")                       \
    X(TAKEN_FROM_FORMER, 0, "what former keys had made was taken after a roster named the next")                       \
    X(SENT_BY_SUCCESSOR, 0, "a report under the next keys was read")                                                   \
    X(STALE_REFUSED, 0, "sealing above GREEN was refused because no hub vouched for the roster")                       \
    X(STALE_OVERRIDDEN, 0, "a person sealed above GREEN all the same")                                                 \
    X(WITHDRAWN_RED, 0, "a TLP:RED report was taken back")                                                             \
    X(REKEYED, 0, "a roster key was replaced")                                                                         \
    X(FORKED, 0, "a roster was forked")                                                                                \
    X(HEALED, 0, "a fork was healed")                                                                                  \
    X(COSIGNED, 0, "a hub had signed a member's audit log")                                                            \
    X(JOINED, 0, "an organisation joined late")                                                                        \
    X(JOINED_SECOND, 0, "an organisation joined a second community")                                                   \
    X(REMOVED, 0, "a member was removed")                                                                              \
    X(LEFT, 0, "a member left")                                                                                        \
    X(READMITTED, 0, "a former member was readmitted")                                                                 \
    X(DEFERRED, 0, "a record waited for a roster")                                                                     \
    X(REFUSED_RECORD, 0, "a record was refused by its receiver")                                                       \
    X(LINK_REVOKED, 0, "a link ended because of a roster")                                                             \
    X(DESTROYED, 0, "a prekey was destroyed past its grace")                                                           \
    X(SWEPT, 0, "an expired record was dropped")                                                                       \
    X(LINK_SILENT, SIM_FAULTS_NETWORK, "a link ended in silence")                                                      \
    X(CUT, SIM_FAULTS_NETWORK, "a connection was cut")                                                                 \
    X(FRAMES_LOST, SIM_FAULTS_NETWORK, "frames under way were lost")                                                   \
    X(PARTITION, SIM_FAULTS_NETWORK, "a frame was held up because nodes were parted")                                   \
    X(ONE_WAY, SIM_FAULTS_NETWORK, "a frame was held up because nodes were parted in one direction")                    \
    X(CLOGGED, SIM_FAULTS_NETWORK, "a frame took its time on a clogged line")                                           \
    X(LOST, SIM_FAULTS_NETWORK, "what was lost on a line was sent again")                                               \
    X(LINE_NARROW, 0, "a frame took its time on a narrow line")                                                        \
    X(HELD_UP, 0, "a frame that was quicker waited for the one before")                                                \
    X(RESUMED, 0, "a link resumed at a confirmed position")                                                            \
    X(CRASH_PROCESS, SIM_FAULTS_CRASH, "a process was killed")                                                         \
    X(CRASH_POWER, SIM_FAULTS_CRASH, "the power went between two steps")                                               \
    X(CRASH_IN_DISK_CALL, SIM_FAULTS_CRASH, "the power went in a call of the disk")                                    \
    X(CRASH_AFTER_EFFECT, SIM_FAULTS_CRASH, "a node fell between two effects of a step")                               \
    X(TORN, SIM_FAULTS_CRASH, "a sector was torn")                                                                     \
    X(LOST_SECTORS, SIM_FAULTS_CRASH, "unsynced sectors were lost")                                                    \
    X(READ_FAILED, SIM_FAULTS_DISK, "a read failed")                                                                   \
    X(WRITE_FAILED, SIM_FAULTS_DISK, "a write failed")                                                                 \
    X(SHORT_WRITE, SIM_FAULTS_DISK, "a write was short")                                                               \
    X(SYNC_FAILED, SIM_FAULTS_DISK, "a sync failed")                                                                   \
    X(OPEN_FAILED, SIM_FAULTS_DISK, "a file could not be opened")                                                      \
    X(DISK_FULL, SIM_FAULTS_DISK, "a disk was full")                                                                   \
    X(PUT_BACK, SIM_FAULTS_DISK, "a copy of a disk was put in its place")                                              \
    X(DISK_SLOW, SIM_FAULTS_DISK, "a step took its time on a slow disk")                                                                   \
    X(STEP_FAILED, SIM_FAULTS_DISK, "a step failed and nothing of it was done")                                        \
    X(START_FAILED, SIM_FAULTS_DISK, "a start failed and was tried again")                                             \
    X(CLOCK_AHEAD, SIM_FAULTS_CLOCK, "a step was done by a clock that was ahead")                                                           \
    X(CLOCK_BACK, SIM_FAULTS_CLOCK, "a step was done by a clock that was behind")                                                             \
    X(CLOCK_DRIFT, SIM_FAULTS_CLOCK, "a step was done by a clock that drifts")                                                                \
    X(CLOCK_GAINED, SIM_FAULTS_CLOCK, "a clock had gained more than a minute")                                         \
    X(CLOCK_LOST, SIM_FAULTS_CLOCK, "a clock had lost more than a minute")                                             \
    X(CLOCK_NOTICED, SIM_FAULTS_CLOCK, "a node saw that its clock had jumped")                                         \
    X(NO_MEMORY, SIM_FAULTS_MEMORY, "an allocation failed in a step")                                                  \
    X(HOSTILE_MEMBER, SIM_FAULTS_HOSTILE, "a member was hostile")                                                      \
    X(HOSTILE_HUB, SIM_FAULTS_HOSTILE, "a hub was hostile")                                                            \
    X(PAST_HOSTILE_HUB, SIM_FAULTS_HOSTILE, "a report arrived though one of its community's hubs was hostile")                \
    X(EQUIVOCATED, SIM_FAULTS_HOSTILE, "two reports were sent under one number")                                       \
    X(PROVEN, SIM_FAULTS_HOSTILE, "two reports under one number were proven")                                          \
    X(TAMPERED, SIM_FAULTS_HOSTILE, "an audit log was changed behind its node's back")                                 \
    X(TAMPERING_SAID, SIM_FAULTS_HOSTILE, "a node said of itself that its audit log had been changed")                    \
    X(AUDIT_SET_BACK, SIM_FAULTS_HOSTILE, "an audit log was set back behind its node's back")                            \
    X(AUDIT_SET_BACK_TOLD, SIM_FAULTS_HOSTILE, "a hub told of an audit log that was set back with all that its node had of it") \
    X(TAMPERING_FOUND, SIM_FAULTS_HOSTILE, "a changed audit log was found out")                                        \
    X(DISK_STOLEN, SIM_FAULTS_HOSTILE, "a disk was stolen, and ran beside its owner")                                  \
    X(THIEF_READ, SIM_FAULTS_HOSTILE, "who had stolen a disk read a report")                                           \
    X(THIEF_SHUT_OUT, SIM_FAULTS_HOSTILE, "a report was sealed after who was robbed was removed, or revoked")          \
    X(TWO_OF_ONE_SEEN, SIM_FAULTS_HOSTILE, "it showed that a stolen disk ran beside its owner")                        \
    X(STOLEN, SIM_FAULTS_HOSTILE, "a node was stolen")                                                                 \
    X(LIED, SIM_FAULTS_HOSTILE, "a node lied about what it holds")                                                     \
    X(WITHHELD, SIM_FAULTS_HOSTILE, "an item was withheld")                                                            \
    X(REORDERED, SIM_FAULTS_HOSTILE, "items or records changed places")                                                \
    X(ALTERED, SIM_FAULTS_HOSTILE, "a record was altered")                                                             \
    X(ALTERED_SIGNATURE, SIM_FAULTS_HOSTILE, "of a record only the signature was altered")                              \
    X(ALTERED_GRANT, SIM_FAULTS_HOSTILE, "of a report only the grant was altered")                                     \
    X(REPLAYED, SIM_FAULTS_HOSTILE, "a frame was sent once more")                                                      \
    X(FLOODED, SIM_FAULTS_HOSTILE, "a node flooded another")                                                           \
    X(OVERSIZE, SIM_FAULTS_HOSTILE, "a frame was too large")                                                           \
    X(OLD_ROSTER, SIM_FAULTS_HOSTILE, "an old roster was served")                                                      \
    X(REVEALED, SIM_FAULTS_HOSTILE, "a report was handed to whom it was not for")                                      \
    X(FORGED_REPORT, SIM_FAULTS_HOSTILE, "a report was forged")                                                        \
    X(FORGED_LABEL, SIM_FAULTS_HOSTILE, "a report was forged whose label forbids its address")                          \
    X(FORGED_RECEIPT, SIM_FAULTS_HOSTILE, "a receipt was forged")                                                      \
    X(FORGED_GRANT, SIM_FAULTS_HOSTILE, "a report was granted without a release")                                      \
    X(RELEASE_SELF_SIGNED, SIM_FAULTS_HOSTILE, "a report was granted on a release that its holder had signed")           \
    X(RELEASE_REPLAYED, SIM_FAULTS_HOSTILE, "a report was granted on the release of another")                          \
    X(RELEASE_OVER, SIM_FAULTS_HOSTILE, "a report was granted on a release that is over")                              \
    X(RELEASE_FOR_OTHERS, SIM_FAULTS_HOSTILE, "a report was granted on a release for others")                          \
    X(FORGED_CONSENT, SIM_FAULTS_HOSTILE, "a report was granted on a consent by no hub")                               \
    X(FORGED_PREKEYS, SIM_FAULTS_HOSTILE, "prekeys were forged in another's name")                                     \
    X(FORGED_PREKEYS_PERSON, SIM_FAULTS_HOSTILE, "prekeys were forged in the name of another's person")                \
    X(FORGED_ROSTER_FEW, SIM_FAULTS_HOSTILE, "a roster was signed by fewer than the threshold")                        \
    X(FORGED_ROSTER_OWN, SIM_FAULTS_HOSTILE, "a roster was signed by a key that only it names")                         \
    X(FORGED_ROSTER_STRANGER, SIM_FAULTS_HOSTILE, "a roster was signed by a stranger beside one of its keys")          \
    X(FORGED_ROSTER_RIVAL, SIM_FAULTS_HOSTILE, "a second roster of one version was forged")                            \
    X(FORGED_WITHDRAWAL, SIM_FAULTS_HOSTILE, "a report was taken back by somebody else")                               \
    X(FORGED_REVOCATION, SIM_FAULTS_HOSTILE, "a key was revoked by somebody else")                                     \
    X(FORGED_CARD, SIM_FAULTS_HOSTILE, "a card was made in another's name")                                            \
    X(SWAMPED_AHEAD, SIM_FAULTS_HOSTILE, "more waited for a roster than one peer may leave")                           \
    X(SWAMPED_STREAMS, SIM_FAULTS_HOSTILE, "a node was told of more streams than it notes of one originator")          \
    X(SWAMPED_VALID, SIM_FAULTS_HOSTILE, "a node was given many records that are good")                                \
    X(SWAMPED_LARGE, SIM_FAULTS_HOSTILE, "a node was given more at once than a window holds")                          \
    X(DEAF, SIM_FAULTS_HOSTILE, "a node confirmed nothing of what it was sent")                                        \
    X(WINDOW_FULL, SIM_FAULTS_HOSTILE, "a link's window was full")                                                     \
    X(DEFERRED_FULL, SIM_FAULTS_HOSTILE, "a peer had left as much to wait as it may")                                  \
    X(GAPS_FULL, SIM_FAULTS_HOSTILE, "a node noted as many gaps as one originator may cause by its word")

typedef enum sim_sometimes_name {
#define SIM_SOMETIMES_ENUM(name, faults, words) SIM_SOMETIMES_##name,
    SIM_SOMETIMES(SIM_SOMETIMES_ENUM)
#undef SIM_SOMETIMES_ENUM
        SIM_SOMETIMES_COUNT
} sim_sometimes_name;

typedef struct sim_sometimes {
    uint64_t count[SIM_SOMETIMES_COUNT];
} sim_sometimes;

void sim_sometimes_hit(struct sim_world *world, sim_sometimes_name name);
void sim_sometimes_add(struct sim_world *world, sim_sometimes_name name, uint64_t times);
const char *sim_sometimes_words(sim_sometimes_name name);
#define SIM_SOMETIMES_SEEDS 200u           /* in so many worlds it has to happen */
#define SIM_SOMETIMES_SEEDS_RARE 700u      /* what happens in one of twenty or fewer: as many as tests/run hunts */
#define SIM_SOMETIMES_SEEDS_VERY_RARE 5000u /* what happens in one of a hundred and fifty or fewer: tests/run --long */

/** Each of them with its count, the rarest first, and what never happened and is not asked for in so many seeds with these classes of faults. */
void sim_sometimes_print(const sim_sometimes *sometimes, unsigned faults, uint64_t seeds, FILE *file);

/** How many never happened and are not asked for. */
size_t sim_sometimes_unasked(const sim_sometimes *sometimes, unsigned faults, uint64_t seeds);

/** What was never reached in so many seeds, of what these classes of faults make possible; prints each when file is given. */
size_t sim_sometimes_missing(const sim_sometimes *sometimes, unsigned faults, uint64_t seeds, FILE *file);

#endif
