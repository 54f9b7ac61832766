/* Errors: one enum, with a name, the rule it stands for, a sentence for people and the exit code of CLI.md. */
#ifndef PROTO_ERROR_H
#define PROTO_ERROR_H

#define NRS_MUST_USE __attribute__((warn_unused_result))

/* X(NAME, rule, exit code, English sentence). The rule is the stable word that scripts read; it never changes.
 * The sentence is a gettext msgid of the catalogue `noroshi`. Numbers travel in Refusal and Bye: append only. */
#define NRS_ERRORS(X)                                                                                                  \
    X(OK, "ok", 0, "done")                                                                                             \
    X(INTERNAL, "internal", 1, "a fault in the program")                                                               \
    X(NO_MEMORY, "no-memory", 1, "not enough memory")                                                                  \
    X(DISK, "disk", 1, "the disk did not take the data: full, read-only or failing")                                   \
    X(SYSTEM, "system", 1, "the operating system refused a call")                                                      \
    X(USAGE, "usage", 2, "wrong usage")                                                                                \
    X(UNKNOWN_LABEL, "label-unknown", 2, "unknown label; allowed: CLEAR, GREEN, AMBER, AMBER+STRICT, RED")             \
    X(UNKNOWN_KIND, "kind-unknown", 2, "unknown kind of report")                                                       \
    X(UNKNOWN_ROLE, "role-unknown", 2, "unknown role")                                                                 \
    X(AMBIGUOUS, "ambiguous", 2, "more than one report begins with these digits")                                      \
    X(LABEL_MISSING, "label-missing", 3, "a report needs a label")                                                     \
    X(LABEL_FORBIDS, "label-forbids", 3, "the label does not allow this")                                              \
    X(AUDIENCE, "audience", 3, "no recipient is left to whom this may go")                                             \
    X(DUTY, "duty", 3, "the confidentiality duty that the rules require is missing")                                   \
    X(DISCLAIMER, "disclaimer-not-accepted", 3, "the disclaimer has not been accepted")                                \
    X(COMMUNITY_RULE, "community-rule", 3, "the community's rules do not allow this")                                  \
    X(NOT_MEMBER, "not-member", 3, "not a member of the community")                                                    \
    X(ROSTER_OLD, "roster-old", 3, "an older roster than the one held")                                                \
    X(REVOKED, "revoked", 3, "the organisation was removed from the community")                                        \
    X(EXPIRED, "expired", 3, "past its expiry")                                                                        \
    X(PERSON_ONLY, "person-only", 3, "only the named person may open this")                                            \
    X(NOT_FOUND, "not-found", 4, "no such report")                                                                     \
    X(UNKNOWN_ORG, "org-unknown", 4, "no such organisation in the community")                                          \
    X(UNKNOWN_PERSON, "person-unknown", 4, "no such person in the organisation")                                       \
    X(UNKNOWN_COMMUNITY, "community-unknown", 4, "no such community")                                                  \
    X(FORGED, "forged", 5, "a signature, commitment or seal does not hold")                                            \
    X(FINGERPRINT, "fingerprint", 5, "the fingerprint does not match")                                                 \
    X(PASSPHRASE, "passphrase", 5, "wrong passphrase, or a damaged key file")                                          \
    X(DAMAGED, "damaged", 5, "stored data is damaged")                                                                 \
    X(NO_SLOT, "no-slot", 5, "no slot of the grant is ours")                                                           \
    X(KEY_EXPIRED, "key-expired", 5, "the prekey it was sealed to is destroyed")                                       \
    X(NO_NODE, "no-node", 6, "the node does not answer")                                                               \
    X(BUSY, "busy", 7, "busy; try again")                                                                              \
    X(LIMIT, "limit", 7, "over a limit")                                                                               \
    X(MALFORMED, "malformed", 8, "the data does not have the right form")                                              \
    X(NOT_CANONICAL, "not-canonical", 8, "the data is not in canonical form")                                          \
    X(UNKNOWN_FIELD, "unknown-field", 8, "the data holds a field this version does not know")                          \
    X(UNKNOWN_SUITE, "unknown-suite", 8, "an unknown suite or version")                                                \
    X(UNKNOWN_FLAG, "unknown-flag", 8, "an unknown flag or value")                                                     \
    X(BAD_UTF8, "bad-utf8", 8, "text that is not valid UTF-8")                                                         \
    X(TOO_LARGE, "too-large", 8, "larger than the limit")                                                              \
    X(TOO_LONG_LIVED, "expiry", 8, "the expiry is not within 14 days")                                                 \
    X(BAD_NAME, "name", 8, "not a valid id: 1 to 32 of a-z, 0-9 and inner hyphens")                                    \
    X(BAD_ADDRESS, "address", 8, "not an address: @community, organisation or person@organisation")                    \
    X(NOT_A_NODE, "not-a-node", 8, "the folder is not a node's; make one with noroshi init")                           \
    X(NEWER_NODE, "newer-node", 8, "the folder was written by a newer version")                                        \
    X(EXISTS, "exists", 8, "it exists already")                                                                        \
    X(LOCKED, "locked", 7, "another noroshid runs on this folder")                                                     \
    X(ADDRESS_IN_USE, "address-in-use", 1, "the address to listen on is already taken")                                \
    X(UNKNOWN_PEER, "unknown-peer", 3, "the peer's key is on no roster held here")                                     \
    X(CLOCK, "clock", 3, "a time that lies too far ahead of this node's clock")                                        \
    X(FORKED, "forked", 5, "two different rosters of one version were signed")                                         \
    X(NOT_RUNNING_HERE, "not-here", 3, "this node cannot do that")                                                     \
    X(CLEARANCE, "export-forbidden", 3, "the label does not let this leave the node that way")                         \
    X(NO_PREKEY, "no-prekey", 3, "the recipient has not joined, or no prekey of it is in force")                                            \
    X(DEFERRED, "deferred", 7, "kept until the roster that it needs has come")                                         \
    X(DISCLAIMER_UNKNOWN, "disclaimer-unknown", 3, "no roster of the community held here has this disclaimer")         \
    X(DISCLAIMER_VERSIONS, "disclaimer-versions", 3, "two versions of one disclaimer at once")                         \
    X(CONDITIONS, "conditions", 3, "the conditions of use do not allow this")                                          \
    X(REWRITTEN, "rewritten", 5, "the audit log does not continue what was signed before")                             \
    X(ROSTER_GAP, "roster-gap", 3, "not the next version after the roster held: those between are missing")            \
    X(ROSTER_STALE, "roster-stale", 3, "no hub has vouched for the roster for three days: it may be old")    \
    X(WITHDRAWN, "withdrawn", 3, "its originator has withdrawn the report")                                            \
    X(NOT_ORIGINATOR, "not-originator", 3, "only who sent the report may do this")                                     \
    X(ONWARD, "onward", 3, "the source has not agreed to its being passed on so far")                                  \
    X(UNKNOWN_SIGNER, "signer-unknown", 5, "the signature holds, but who made it is not known here")                   \
    X(PASSPHRASE_SHORT, "passphrase-short", 8, "a new passphrase has at least 8 characters")                           \
    X(NOT_HUB, "not-hub", 3, "only a hub of the community may do this")                                                \
    X(SOURCE_WITHHELD, "source-withheld", 3, "a report whose source is withheld goes to its hub and no further")       \
    X(SOURCE_NAMED, "source-named", 3, "the text names the source that is withheld")                                   \
    X(NOT_WITHHELD, "not-withheld", 3, "the report's source is not withheld: there is nothing to vouch for")           \
    X(VOUCHED_ALREADY, "vouched-already", 3, "it has been vouched for already")                                        \
    X(OLDER_NODE, "older-node", 8, "the folder was written by an older version that this one cannot read")             \
    X(RELEASE, "release", 3, "no release of the originator allows this")                                               \
    X(ORG_AMBIGUOUS, "org-ambiguous", 2, "an organisation of this name is another one in another community")

typedef enum nrs_error {
#define NRS_ERROR_ENUM(name, rule, exit_code, sentence) NRS_ERROR_##name,
    NRS_ERRORS(NRS_ERROR_ENUM)
#undef NRS_ERROR_ENUM
        NRS_ERROR_COUNT
} nrs_error;

#define NRS_OK NRS_ERROR_OK

/** The stable word of the rule, such as "label-forbids". Any value is taken; an unknown one reads "internal". */
const char *nrs_error_rule(nrs_error error);
/** The English sentence, a msgid of the catalogue. */
const char *nrs_error_sentence(nrs_error error);
/** The exit code of CLI.md, 0 to 8. */
int nrs_error_exit_code(nrs_error error);
/** The error whose rule this is; NRS_ERROR_INTERNAL when there is none. */
nrs_error nrs_error_from_rule(const char *rule);

#endif
