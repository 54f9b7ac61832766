/* Every maximum of the protocol in one place (SPEC 2.3). Sizes in bytes, counts in items, times in milliseconds. */
#ifndef PROTO_LIMITS_H
#define PROTO_LIMITS_H

#define NRS_SUITE 1u
#define NRS_LINK_VERSION 1u

#define NRS_KEY_SIZE 32u
#define NRS_HASH_SIZE 32u       /* BLAKE2b-256: ids, commitments, tree nodes */
#define NRS_LONG_HASH_SIZE 64u  /* BLAKE2b-512: what signatures cover */
#define NRS_SIGNATURE_SIZE 64u
#define NRS_NONCE_SIZE 24u
#define NRS_TAG_SIZE 16u
#define NRS_KEY_HASH_SIZE 16u   /* names an organisation towards a relay */
#define NRS_PREKEY_ID_SIZE 8u
#define NRS_LOG_ID_SIZE 16u
#define NRS_WRAPPED_KEY_SIZE 48u /* a file key and its tag */

#define NRS_NAME_SIZE_MAX 32u          /* an id of an organisation, person or community */
#define NRS_DISPLAY_NAME_SIZE_MAX 200u /* UTF-8 bytes */
#define NRS_ADDRESS_SIZE_MAX 72u
#define NRS_ENDPOINT_SIZE_MAX 128u
#define NRS_SUBJECT_SIZE_MAX 400u
#define NRS_BODY_TEXT_SIZE_MAX (192u * 1024u) /* the text of a report */
#define NRS_FIELD_NAME_SIZE_MAX 64u
#define NRS_FIELD_VALUE_SIZE_MAX (16u * 1024u)
#define NRS_REASON_SIZE_MAX 1000u
#define NRS_PASSPHRASE_CHARACTERS_MIN 8u /* of a new one; Argon2id makes a guess dear, not a word of three letters long */
#define NRS_USER_SIZE_MAX 64u /* a name of the operating system's */

#define NRS_FIELD_COUNT_MAX 64u
#define NRS_TARGET_COUNT_MAX 256u /* addresses of one report */
#define NRS_ATTACHMENT_COUNT_MAX 16u
#define NRS_SLOT_COUNT_MAX 2048u
#define NRS_LATER_SLOT_COUNT_MAX (8u * NRS_SLOT_COUNT_MAX) /* of the later grants of one report: by its originator, by each hub of its community, by all others together */
#define NRS_LATER_SLOT_COUNT_OTHER_MAX 4096u /* of these, by one who is neither originator nor a hub of its community */
#define NRS_SLOT_PATH_DEPTH_MAX 11u
#define NRS_PERSON_FORMER_COUNT_MAX 256u /* keys of persons that were replaced by their owners, and read on (SPEC 7.3); of a node */
#define NRS_PERSON_COUNT_MAX 64u
#define NRS_ENDPOINT_COUNT_MAX 4u
#define NRS_CONTACT_COUNT_MAX 16u
#define NRS_PREKEY_COUNT_MAX 26u /* a person's; an organisation publishes 4 */
#define NRS_ORG_PREKEY_COUNT 4u
#define NRS_PERSON_PREKEY_COUNT 26u
#define NRS_MEMBER_COUNT_MAX 2048u
#define NRS_TOMBSTONE_COUNT_MAX 4096u
#define NRS_TOMBSTONE_LEFT_KEEP_MS (90ull * NRS_DAY_MS) /* of who left; it has served when the grace and every report of that time are over */
#define NRS_ROSTER_KEY_COUNT_MAX 16u
#define NRS_RECOGNISED_COUNT_MAX 64u
#define NRS_PASSED_ON_COUNT_MAX 16u       /* reports whose text one report holds */
#define NRS_DISCLAIMER_COUNT_MAX 16u
#define NRS_COMMUNITY_COUNT_MAX 64u /* that one node is in */
#define NRS_DUTY_COUNT_MAX 16u      /* of one member, and in the rules of one community */
#define NRS_MISSING_RANGE_SIZE (NRS_HASH_SIZE + 16u) /* a stream, first and last number */
#define NRS_STREAM_HEAD_SIZE (NRS_HASH_SIZE + 16u)   /* a stream, the number of its last report and when that expires */
#define NRS_MISSING_COUNT_MAX 32u   /* places in one request for missing reports */
#define NRS_FORK_COUNT_MAX 16u      /* that one roster heals */
#define NRS_CHAIN_COUNT_MAX 64u     /* rosters in one invite */
#define NRS_HUB_WORD_MAX 16u        /* hubs of one community whose word on the roster is kept in mind */
#define NRS_STATEMENT_COUNT_MAX 512u /* in one letter */
#define NRS_ITEM_COUNT_MAX 1024u     /* in one frame */
#define NRS_RECORDS_PER_ITEM_MAX 72u /* a sealed report, its grant, and the slots of one organisation */

#define NRS_FRAME_SIZE_MAX (512u * 1024u)
#define NRS_RECORD_SIZE_MAX (480u * 1024u)
#define NRS_HEADER_SIZE_MAX 8192u
#define NRS_GRANT_SIZE_MAX 2048u
#define NRS_SIGNED_EXTRA_SIZE 128u /* what signer, signature and the fields of a Signed add to its statement */
#define NRS_EQUIVOCATION_SIZE_MAX (2u * NRS_HEADER_SIZE_MAX + 512u)
#define NRS_SLOT_SIZE_MAX 96u
#define NRS_CARD_SIZE_MAX (32u * 1024u)
#define NRS_PREKEYS_SIZE_MAX 8192u
#define NRS_ROSTER_SIZE_MAX (1440u * 1024u) /* of a statement: 2,048 members with the longest names, and 4,096 tombstones */
#define NRS_ROSTER_SIGNED_SIZE_MAX (NRS_ROSTER_SIZE_MAX + 8u * 1024u)
#define NRS_ROSTER_PIECE_SIZE_MAX (256u * 1024u) /* of the literals of one piece, when a roster travels in several */
#define NRS_ROSTER_PIECE_COUNT_MAX 8u
#define NRS_ROSTER_EDIT_COUNT_MAX 8192u
#define NRS_ENVELOPE_SIZE_MAX (80u * 1024u)
#define NRS_STATEMENT_SIZE_MAX 8192u
#define NRS_ASK_TARGET_COUNT_MAX 32u   /* of one ask for wider sharing: a grant with its sealed audience has 2,048 bytes */
#define NRS_ASK_OPEN_COUNT_MAX 64u     /* asks of one organisation that wait for an answer */
#define NRS_ASK_OWN_COUNT_MAX 256u     /* asks of one node about one report that are open, or agreed to and not over */
#define NRS_ASK_THROUGH_COUNT_MAX 128u /* of those with which it takes another that it asks in another's place */
#define NRS_ASK_SIZE_MAX 1600u
#define NRS_RELEASE_SIZE_MAX 512u
#define NRS_REPLY_SIZE_MAX 4096u
#define NRS_NOTICE_SIZE_MAX 4096u
#define NRS_WITHDRAWAL_SIZE_MAX 5120u /* with its signature, reason and names it fits a statement */
#define NRS_EXPORT_SIZE_MAX (1024u * 1024u)           /* proof of an exported report, with its content and disclaimers */
#define NRS_EXPORT_FILE_SIZE_MAX (4u * 1024u * 1024u) /* with its readable part */
#define NRS_ATTESTATION_SIZE_MAX (264u * 1024u)
#define NRS_WITHDRAWN_DAYS_MAX 366u   /* until the key of a withdrawn report is forgotten where it was opened */
#define NRS_WITHDRAWN_UNSEEN_MAX 4096u /* withdrawals of one originator that are kept without their reports */
#define NRS_AUDIT_ENTRY_SIZE_MAX 380u
#define NRS_AUDIT_PAGE 64u               /* entries: checkpoints end on a multiple, so that nobody sees how many there were */
#define NRS_AUDIT_CHECKPOINT_SIZE_MAX (18u * 1024u)
#define NRS_AUDIT_COSIGNATURE_SIZE_MAX 256u
#define NRS_AUDIT_PROOF_COUNT_MAX 8u     /* of one checkpoint */
#define NRS_AUDIT_PROOF_SIZE_MAX 2048u   /* 64 hashes */
#define NRS_AUDIT_SEEN_COUNT_MAX 64u     /* checkpoints of one log that a hub remembers */
#define NRS_AUDIT_LOG_COUNT_MAX 16u      /* logs of one node that a hub follows, one after the other */
#define NRS_AUDIT_CHECKPOINT_EVERY_MS NRS_DAY_MS
#define NRS_AUDIT_USER_SIZE_MAX 64u
#define NRS_AUDIT_DETAIL_SIZE_MAX 96u
#define NRS_BODY_SIZE_MAX (256u * 1024u + NRS_TAG_SIZE) /* the sealed body */
#define NRS_FILE_SIZE_MAX (1024u * 1024u) /* any card or form read from a file */
#define NRS_CEREMONY_SIZE_MAX (8u * 1024u * 1024u) /* what a file of a ceremony holds: a roster, an invite, a draft */
#define NRS_CEREMONY_FILE_SIZE_MAX (11u * 1024u * 1024u) /* that file, armoured */

#define NRS_SECOND_MS 1000ull
#define NRS_MINUTE_MS (60ull * NRS_SECOND_MS)
#define NRS_HOUR_MS (60ull * NRS_MINUTE_MS)
#define NRS_DAY_MS (24ull * NRS_HOUR_MS)
#define NRS_WEEK_MS (7ull * NRS_DAY_MS)
#define NRS_TIME_MS_MAX 253402300799999ull /* 9999-12-31T23:59:59.999Z, the last time RFC 3339 can write */

#define NRS_REPORT_LIFE_MS_MAX (14ull * NRS_DAY_MS)
#define NRS_REPORT_LIFE_MS_DEFAULT (7ull * NRS_DAY_MS)
#define NRS_PREKEY_WINDOW_MS NRS_WEEK_MS
#define NRS_PREKEY_GRACE_MS NRS_REPORT_LIFE_MS_MAX /* a secret is destroyed this long after its window */
#define NRS_KEY_CHAIN_MAX 16u /* keys that succeeded each other, looked through for one that was revoked */
#define NRS_SUCCEEDED_GRACE_MS (28ull * NRS_DAY_MS) /* a key that was succeeded still receives, and passes on what it made before */
#define NRS_CLOCK_AHEAD_MS_MAX (25ull * NRS_HOUR_MS) /* a created time may lie this far ahead of ours: a clock may be a day wrong */
#define NRS_ROSTER_LIFE_MS_DEFAULT (366ull * NRS_DAY_MS)
#define NRS_ROSTER_FRESH_MS (3ull * NRS_DAY_MS) /* no hub's word on it for longer: the roster is stale */
#define NRS_ROSTER_EXPIRES_SOON_DAYS 60u

#define NRS_LINK_WINDOW_DEFAULT (4u * 1024u * 1024u)
#define NRS_LINK_WINDOW_MIN (1024u * 1024u)
#define NRS_LINK_WINDOW_MAX (64u * 1024u * 1024u)
#define NRS_LINK_PING_MS (15ull * NRS_SECOND_MS)
#define NRS_LINK_SILENCE_MS_MAX (60ull * NRS_SECOND_MS)
#define NRS_GAP_GRACE_MS_DEFAULT NRS_MINUTE_MS
#define NRS_GAP_GRACE_MS_MIN 100u
#define NRS_HEAD_AFTER_MS_DEFAULT NRS_HOUR_MS
#define NRS_HEAD_AFTER_MS_MIN 100u
#define NRS_VIA_COUNT_MAX 8u             /* hubs that a source gives one report to */
#define NRS_VOUCHED_BODY_SIZE_MIN 16384u /* class of the sealed body of what a hub vouches for */
#define NRS_VOUCH_TICK_MS_DEFAULT (10 * NRS_MINUTE_MS)
#define NRS_VOUCH_TICK_MS_MIN 500u
#define NRS_QUESTION_SIZE_MAX 2400u      /* bytes of text: it fits in one digest */
#define NRS_DIGEST_FILLER_SIZE 1100u     /* what no smaller class of letters holds, so that all digests have one size */
#define NRS_DEFERRED_COUNT_MAX 4096u
#define NRS_DEFERRED_PER_PEER_MAX 256u
#define NRS_DEFERRED_ROSTER_ROOM 128u         /* of these for rosters alone: they let the others go */
#define NRS_DEFERRED_ROSTER_ROOM_PER_PEER 8u
#define NRS_ROSTER_AHEAD_MAX 1024u /* versions that a record may speak of beyond the one held */

_Static_assert(NRS_RECORD_SIZE_MAX < NRS_FRAME_SIZE_MAX, "a frame holds the largest record");
_Static_assert(NRS_ROSTER_PIECE_SIZE_MAX + 64u * 1024u < NRS_RECORD_SIZE_MAX, "a record holds the largest piece");
_Static_assert(NRS_ROSTER_SIZE_MAX <= NRS_ROSTER_PIECE_SIZE_MAX * NRS_ROSTER_PIECE_COUNT_MAX, "the pieces hold the largest roster");
_Static_assert(2 * NRS_ROSTER_SIGNED_SIZE_MAX + 64u * 1024u < NRS_CEREMONY_SIZE_MAX, "a draft holds two rosters");
_Static_assert(NRS_CEREMONY_SIZE_MAX / 3 * 4 + NRS_CEREMONY_SIZE_MAX / 48 < NRS_CEREMONY_FILE_SIZE_MAX, "and its file the armour");
_Static_assert(NRS_BODY_TEXT_SIZE_MAX < NRS_BODY_SIZE_MAX, "a body holds the largest text");
_Static_assert(NRS_LINK_WINDOW_MIN >= 2 * NRS_FRAME_SIZE_MAX, "the smallest window holds a frame");
_Static_assert((1u << NRS_SLOT_PATH_DEPTH_MAX) >= NRS_SLOT_COUNT_MAX, "a path reaches every slot");

#endif
