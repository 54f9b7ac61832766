/* What the files of core/ share: the engine's state in memory, all of it rebuilt from the store by core_load. After a
 * transaction that failed the state is thrown away and loaded again, so that memory never runs ahead of the disk. */
#ifndef CORE_INTERNAL_H
#define CORE_INTERNAL_H

/* A table that has no memory to grow leaves the entry out, with hh.tbl NULL, where it would end the program otherwise: each addition
 * looks. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "core/core.h"
#include "core/policy.h"
#include "keys/card.h"
#include "keys/envelope.h"
#include "keys/roster.h"
#include "keys/seal.h"
#include "keys/vault.h"
#include "proto/assert.h"
#include "proto/vocabulary.h"
#include "proto/wire.h"
#include "store/stream.h"

/* ---- Directory: who is who (directory.c) ---- */

/* A hub's last word on the roster: which head it held when. */
typedef struct nrs_hub_word {
    uint8_t signer[NRS_KEY_SIZE];
    uint64_t version;
    uint8_t hash[NRS_HASH_SIZE];
    uint64_t created_ms;
} nrs_hub_word;

/* Another signed roster of a version of which this node holds one. */
typedef struct nrs_branch {
    uint8_t hash[NRS_HASH_SIZE];
    uint64_t version;
    nrs_roster *roster;      /* NULL where only its signed head is known */
} nrs_branch;

typedef struct nrs_community {
    uint8_t id[NRS_HASH_SIZE];
    nrs_roster *roster;      /* the newest */
    nrs_bytes statement;
    nrs_bytes many;          /* SignedByMany */
    uint8_t head[NRS_HASH_SIZE];
    bool member;             /* this node stands in it */
    bool hub;                /* this node is a hub in it */
    bool guest;              /* not joined: its roster is here because a joined one recognises it (roster_guest.c) */
    nrs_hub_word words[NRS_HUB_WORD_MAX];
    size_t word_count;
    uint64_t said_ms;        /* this node's own last word */
    uint64_t expiry_told_version, expiry_told_days;
    nrs_branch branches[NRS_FORK_COUNT_MAX]; /* roster_fork.c */
    size_t branch_count;
    uint64_t fork_version;   /* the lowest of which there are two */
    nrs_roster *fork_base;   /* the version before; NULL when it is not held */
    size_t past_count;       /* others of past versions, by keys that were dropped since */
    uint64_t settled_version; /* joined behind forks of versions before this one, which are none here (roster_heal.c); 0: none */
    bool say_again;          /* this node may have been no member meanwhile: what it said then was refused (told_again.c) */
    uint64_t direct_after;   /* of what a source has to say to its hubs, looked at up to here in this round (direct.c) */
    bool passed_over;        /* later ones than that have come, which wait with it: they are told again on a new link */
    uint64_t pending_version; /* a roster that heals has come and waits for a person; 0: none */
    uint8_t pending_hash[NRS_HASH_SIZE];
} nrs_community;

/* A file of the inbox that wrote something before it was refused: its step is undone and run again, and then the file is not opened. */
typedef struct nrs_refused_file {
    enum { NRS_FILE_NONE, NRS_FILE_UNDONE, NRS_FILE_REFUSED } file;
    nrs_error rule;
    uint32_t event; /* what the audit log calls it */
} nrs_refused_file;

/* What had a report read for nothing within a minute. */
typedef struct nrs_idle {
    uint64_t since_ms; /* monotonic */
    uint32_t count;
} nrs_idle;

/* An organisation known from a roster. Found by signing key, by link key and by key hash. */
typedef struct nrs_peer {
    nrs_public_keys keys;
    uint8_t key_hash[NRS_KEY_HASH_SIZE];
    char org[NRS_NAME_SIZE_MAX + 1];
    uint64_t member_of;      /* bit per index in core->communities, of those that this node has joined */
    uint64_t hub_of;
    uint64_t guest_of;       /* the same of those held as a guest: no link, relay or place among members comes of these (SPEC 7.13) */
    uint64_t guest_hub_of;
    uint64_t side_of;        /* while forked: it stands in a side or in the version before, and was not removed: it is told (SPEC 7.12) */
    uint64_t side_hub_of;    /* and is a hub there */
    uint64_t heir_of;        /* the next key, announced by the key itself, of a hub that no roster names by it yet (SPEC 7.10) */
    uint64_t joined_in;      /* it has said so by its own key, in the roster or by a word of its own */
    uint64_t told_of;        /* it was told of a roster from here since the start: what it holds there says nothing of what this node may have missed */
    uint64_t came_in;        /* of member_of, what this step has brought: told_again.c */
    bool was_member;         /* while one community is indexed */
    nrs_card *card;          /* NULL until known */
    uint64_t card_position;
    struct nrs_link *link;   /* the live one, or NULL */
    bool dialled;            /* a DIAL effect is in force */
    nrs_error failure;       /* why our last attempt did not lead to a link (NRS_EVENT_LINK_REFUSED); or NRS_OK */
    uint64_t shut_until_ms, held_until_ms; /* monotonic: its link key is held back here: it chose a routing id; it came too often (NRS_EVENT_LINK_HELD_BACK) */
    char endpoint[NRS_ENDPOINT_SIZE_MAX + 1];
    uint64_t sent_position;  /* confirmed by the peer */
    bool sent_dirty;
    uint64_t complaint_ms;   /* monotonic: the minute in which complaint_count lines were logged about it */
    uint32_t complaint_count;
    uint64_t refused_ms;     /* monotonic: the minute in which refused_count refusals of it were entered into the audit log */
    uint32_t refused_count;
    uint64_t waiting_after;  /* of the reports that wait for it, the last one looked at where there were more (grant_late.c) */
    uint64_t looked_position; /* our log was looked through for it up to here, on any link since the start */
    uint64_t again_ms;       /* monotonic: when again_left was reckoned; 0: never, and all of it is there (link_budget.c) */
    int64_t again_left;      /* bytes that may yet be looked through for it a second time; below 0 by the last row */
    uint64_t resent_ms;      /* monotonic: the minute in which it asked for resent_count reports again */
    uint32_t resent_count;
    nrs_idle idle_records, idle_statements; /* that had a report read for nothing (look_up.c) */
    uint64_t put_off_ms;     /* monotonic: until then what it handed over and was put off for that is not heard again */
    bool room_again;         /* something of its log found no room, and has not been heard again since */
    bool heard_again;        /* its log has been, since the start */
    uint64_t came_ms;        /* monotonic: since then, an hour at most, came_count records have come from it, came_bytes in all */
    uint64_t came_count, came_bytes;
    bool came_said;          /* that this is much */
    uint64_t letters;        /* in the store for this key (letters.c) */
    UT_hash_handle by_sign, by_curve, by_hash;
} nrs_peer;

/* A prekey bundle of an organisation or a person, by the owner's signing key. */
typedef struct nrs_bundle {
    uint8_t owner[NRS_KEY_SIZE];
    nrs_prekeys *prekeys;
    uint64_t position;       /* in our log */
    UT_hash_handle hh;
} nrs_bundle;

/* A key that ended, as its own statement says (key_change.c), by that key. */
typedef struct nrs_key_end {
    uint8_t sign_key[NRS_KEY_SIZE];
    uint32_t cause;                   /* NRS_KEY_… */
    uint8_t agree_key[NRS_KEY_SIZE];  /* succeeded: what stood beside it */
    uint8_t successor[NRS_KEY_SIZE];  /* succeeded: the new signing key */
    nrs_bytes card;                   /* succeeded: Signed card of the new keys */
    char org[NRS_NAME_SIZE_MAX + 1];
    UT_hash_handle hh;
} nrs_key_end;

/* ---- Links (link.c) ---- */

typedef enum nrs_link_state { NRS_LINK_GREETED = 1, NRS_LINK_UP = 2 } nrs_link_state;

#define NRS_LINK_FLIGHT_MAX 16384u /* items unconfirmed on one link */
typedef struct nrs_flight { uint64_t position; uint32_t size; } nrs_flight;

typedef struct nrs_link {
    nrs_link_id id;
    nrs_peer *peer;          /* never NULL: a link without a member is closed at once */
    nrs_link_state state;
    bool outgoing;
    bool passed_over;        /* something was left for the next keys to take: this link takes nothing more, and ends if they do not come */
    bool told_only;          /* not admitted: one of the two stands outside while a fork lasts, and only rosters and proofs pass */
    int64_t clock_offset_ms; /* of the peer's clock, by its hello: its Unix time less our monotonic time */
    uint64_t scan_position;  /* our log has been looked through for this peer up to here */
    nrs_flight *flight;      /* ring; grows as needed, freed when nothing flies */
    size_t flight_first, flight_count, flight_capacity;
    uint64_t flight_bytes;
    size_t next_size;        /* of the item that did not fit the window; 0: none is known */
    uint64_t window;
    uint8_t peer_log[NRS_LOG_ID_SIZE];
    uint64_t held_position;  /* of the peer's log, committed or about to be in this step */
    uint64_t confirmed_position; /* the highest of it that was ever confirmed: above held_position while it is heard again */
    uint64_t again_position; /* the lowest that found no room, or passed us over (nrs_link_away); 0: none */
    uint64_t again_stored;   /* as the store has it */
    enum { NRS_HEAR_UNDECIDED, NRS_HEAR_ON, NRS_HEAR_AGAIN } hear; /* settled when the first of the two hellos is seen to */
    bool confirm_due;
    nrs_confirm confirm;     /* refusals and deferred of this step; arrays owned */
    uint64_t heard_ms, sent_ms; /* monotonic */
    uint64_t up_ms;          /* Unix time, for status */
    /* Of the peer, by its hello and by what was pushed to it since; owned. */
    struct nrs_link_head { uint8_t community[NRS_HASH_SIZE]; uint64_t version; uint8_t hash[NRS_HASH_SIZE]; } *heads;
    size_t head_count;
    bool rosters_due;        /* one of ours may be news to the peer: roster_sync.c */
    struct nrs_roster_gathering *gathering; /* pieces of a roster on their way in; or NULL */
    UT_hash_handle hh;
} nrs_link;

/* ---- Vault and own prekeys (vault_keeper.c, prekey_keeper.c) ---- */

typedef struct nrs_segment {
    uint64_t number;
    uint32_t entry_count;
    uint8_t wrapped[NRS_KEY_SIZE + NRS_VAULT_WRAP_OVERHEAD]; /* its key, under the root in force */
} nrs_segment;

typedef struct nrs_own_prekey {
    uint8_t id[NRS_PREKEY_ID_SIZE];
    uint8_t owner[NRS_KEY_SIZE];   /* ours or a person's */
    bool person;
    nrs_prekey_secret secret;      /* secret.secret is NULL for a person's */
    UT_hash_handle hh;
} nrs_own_prekey;

typedef struct nrs_pending_statement {
    uint8_t to[NRS_KEY_SIZE];
    uint8_t community[NRS_HASH_SIZE];
    nrs_bytes statement;
    uint64_t number;               /* of its letter in the store; 0 while it is in this step's hands only */
} nrs_pending_statement;

struct nrs_log_cache;

struct nrs_core {
    nrs_store *store;
    nrs_identity *identity;
    nrs_vault_file vault_file;
    nrs_audit_file audit_file;
    bool audit_note_failed;        /* what stands in it could not be written the last time, and that was said */
    nrs_bytes own_card;            /* Signed bytes */
    char org[NRS_NAME_SIZE_MAX + 1];
    nrs_public_keys self;
    uint8_t self_hash[NRS_KEY_HASH_SIZE];
    nrs_identity *former;          /* the identity before this one, or NULL: what was on its way to it is opened by it */
    nrs_public_keys former_keys;
    uint8_t former_hash[NRS_KEY_HASH_SIZE];
    const nrs_secret *vault_key;   /* under which the vault file stands; NULL: derived from the identity */
    uint32_t link_window;

    uint64_t now_ms, monotonic_ms; /* of the event in hand */
    nrs_effects *effects;          /* of the step in hand */
    bool admission_changed;
    bool curve_shared;             /* two organisations name one link key */
    bool no_room;                  /* the record in hand could not be deferred */
    bool rosters_adopted;          /* in this step: what was deferred may be taken now */
    bool deferred_again;           /* some of that found no room for a secret, and is tried again with the next tick */
    bool members_came;             /* in this step some have come into a community: told_again.c */
    bool files_due;                /* the files that the command line reads are to be written as they are held: after a start */
    bool newcomers_left;           /* somebody who came is not told of all yet, or all not of them */
    bool dial_due;                 /* links came or went: who is dialled may change */
    bool must_reload;
    nrs_refused_file refused;      /* inbox.c */
    bool half_done;                /* in this step a shortage came when something was written: it is done again as a whole */
    bool switch_said;              /* the shell was told that the rosters name our next keys */
    bool switch_due;               /* it is about to be: the members hear of that roster first */
    bool switch_missed;            /* it did not come: the keys in force go on as they can */
    uint64_t switch_by_ms;         /* monotonic: but no longer than until then */
    uint64_t ends_checked_ms;      /* monotonic: when the grace of keys that ended was last looked at */

    nrs_community communities[NRS_COMMUNITY_COUNT_MAX];
    size_t community_count;
    size_t resting_count;          /* more that the store holds, for which there is no place (directory_load.c) */
    char resting[NRS_NAME_SIZE_MAX + 1]; /* one of them */
    nrs_peer *peers_by_sign, *peers_by_curve, *peers_by_hash;
    nrs_bundle *bundles;
    nrs_key_end *key_ends;
    nrs_link *links;

    nrs_vault_roots roots;
    nrs_bytes vault_bytes;         /* of the vault file, and which generation stands in which half of them; 0: none */
    uint64_t vault_generation[2];
    bool vault_unsettled;          /* a write of it failed, and none has succeeded since: reading it back proves nothing */
    uint64_t vault_tried_ms;       /* monotonic: when it was last written or tried to be */
    nrs_secret *root;              /* borrowed from roots: the one in force */
    uint64_t root_generation;
    nrs_segment *segments;
    size_t segment_count, segment_capacity;
    nrs_own_prekey *own_prekeys;
    /* Keys that persons of this organisation changed and still read by, in the order in which they did (person_former.c). */
    struct nrs_person_former { uint8_t before[NRS_KEY_SIZE], after[NRS_KEY_SIZE]; } person_formers[NRS_PERSON_FORMER_COUNT_MAX];
    size_t person_former_count;
    uint64_t prekeys_checked_ms, sent_stored_ms, swept_ms, bundles_checked_ms; /* monotonic */
    bool clock_seen;                   /* clock.c */
    uint64_t clock_offset_ms;          /* now_ms less monotonic_ms, when the clock was first seen or last jumped */
    uint64_t clock_since_ms;           /* monotonic: since when that holds */
    bool older_said;                   /* a peer has shown in this run that the store is an older copy (older.c) */
    bool clock_jumped;                 /* links made before it know the old time: they end with the next tick */
    bool peers_clock_fresh;            /* worked out since links last came or went */
    bool peers_clock_known;            /* there was a link since the start */
    int64_t peers_early_ms, peers_late_ms; /* the middle of the peers' clock offsets; two of them when their number is even */
    uint64_t waiting_checked_ms;       /* monotonic: when the last round over the waiting recipients began */
    size_t waiting_next;               /* peers that this round has seen */
    bool waiting_round;

    nrs_pending_statement *statements; /* waiting to leave */
    uint64_t statements_posted_ms;     /* monotonic */
    uint64_t letter_count;             /* in the store (letters.c) */
    bool letters_due;                  /* the store may hold letters that memory does not */
    bool letters_await_clock;          /* some wait until this clock and the peers' are closer (nrs_clock_news) */
    size_t statement_count, statement_capacity;
    uint8_t (*arrived)[NRS_KEY_SIZE];  /* organisations whose prekeys came in this step */
    size_t arrived_count, arrived_capacity;
    struct nrs_audit *audit;           /* audit.c */
    const char *user;                  /* of the event in hand: the system user who asked for it, or NULL */
    const char *person;                /* of the event in hand: the person of this organisation by whose hand a roster comes, or NULL */
    struct nrs_log_cache *cache;
    struct nrs_frame_builder *builder; /* link_pump.c */
    bool more_to_send;
    nrs_link *pump_next;               /* who comes first in the next step; NULL: the first there is */
    uint64_t flight_bytes;             /* of all links together */
    uint64_t read_bytes, read_rows;    /* of the log, since the start */
    uint64_t sealed_read;              /* of these, reports that were looked up by their ids */
    uint32_t looked_back;              /* of series, in the command in hand (follows.c) */
    bool retrying;                     /* what was deferred is taken: it was told that it is kept */

    struct nrs_withdrawn_mark *withdrawn_by_id, *withdrawn_by_position; /* withdrawal.c */
    bool withdrawn_any;                /* the store holds a withdrawal, live or not */
    bool follows_any;                  /* some report here follows another (follows.c) */
    bool gaps;                         /* there may be some (gap.c) */
    uint64_t gap_grace_ms;
    uint64_t vouch_tick_ms;
    struct nrs_published *published_by_id; /* published.c */
    uint64_t publish_due_ms;       /* when the next thing of withheld sources leaves; 0: nothing waits */
    bool digests_go_on;            /* more of a tick's digests leave with the next step (digest.c) */
    uint64_t gaps_checked_ms, gaps_expired_ms; /* monotonic */
    uint8_t items_swept_key[NRS_HASH_SIZE]; /* how far this round is (stream_sweep.c) */
    uint64_t items_swept_sequence, items_swept_ms; /* monotonic: when the last round ended; 0: one is under way */
    uint8_t unopened_swept[NRS_HASH_SIZE];         /* likewise */
    uint64_t unopened_swept_ms;
    uint64_t head_after_ms;
    uint64_t heads_checked_ms;         /* monotonic (head.c) */
    nrs_sent_stream sent;              /* the stream in which this step sent last, if sent_held; written when it ends (stream.c) */
    uint8_t sent_audience[NRS_HASH_SIZE];
    bool sent_held;
    struct nrs_place_memory *places;   /* of a hub (equivocation.c); NULL until it takes a report */
    bool rosters_to_push;          /* links are left that wait for a roster */
};

/* effects.c */
NRS_MUST_USE nrs_error nrs_effect_add(nrs_core *core, nrs_effect **effect_out, nrs_effect_type type);
/** Log one line. Never secrets, never bodies. A failure to log is not an error. */
__attribute__((format(printf, 3, 4))) void nrs_core_log(nrs_core *core, nrs_error cause, const char *format, ...);
/** Log one line about what a peer did; a few a minute, so that no peer can fill the log. */
__attribute__((format(printf, 4, 5))) void nrs_core_complain(nrs_core *core, nrs_peer *peer, nrs_error cause, const char *format, ...);
/** Answer a command: rows (owned by the call, an array or NULL), error; message and hint in English or NULL. */
NRS_MUST_USE nrs_error nrs_core_reply(nrs_core *core, uint64_t request, json_t *rows, nrs_error error, const char *message, const char *hint);

bool nrs_error_is_fatal(nrs_error error); /* DISK, DAMAGED (of the store), NO_MEMORY, INTERNAL: the step fails */
/** A shortage that passes: the pool of secrets is full, memory is short. It says nothing about what was in hand, which is done again. */
bool nrs_error_is_passing(nrs_error error);
/** Neither of the two: it says what is wrong with what was in hand. Nothing but this is told to a peer as a refusal, entered as an
 *  alarm, or lets go of anything for good. */
bool nrs_error_is_verdict(nrs_error error);
/** Why one record of this node's own store does not open, damaged ones included: no reason to drop the step. No shortage, and no disk that fails. */
bool nrs_error_of_one_record(nrs_error error);
/** Whether so many secrets would find room: asked before anything is written, so that no step fails for want of it. NRS_ERROR_BUSY. */
NRS_MUST_USE nrs_error nrs_room_for_secrets(void);

/* directory.c */
NRS_MUST_USE nrs_error nrs_directory_load(nrs_core *core);
void nrs_directory_wipe(nrs_core *core);
nrs_community *nrs_community_by_id(nrs_core *core, const uint8_t id[NRS_HASH_SIZE]);
/** One that this node has joined. */
nrs_community *nrs_community_by_name(nrs_core *core, const char *name);
nrs_peer *nrs_peer_by_sign(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE]);
typedef bool (*nrs_peer_test)(const nrs_core *core, const nrs_peer *peer, const void *context);
/** The organisation with this link key that passes the test; NULL if none does. */
nrs_peer *nrs_peer_by_curve(const nrs_core *core, const uint8_t curve_key[NRS_KEY_SIZE], nrs_peer_test test, const void *context);
nrs_peer *nrs_peer_by_hash(const nrs_core *core, const uint8_t key_hash[NRS_KEY_HASH_SIZE]);
bool nrs_peer_member(const nrs_core *core, const nrs_peer *peer, const nrs_community *community);
bool nrs_peer_hub(const nrs_core *core, const nrs_peer *peer, const nrs_community *community);
/** The communities, a bit each, that have this node as a member, or as a hub: by its key in force, or by the one before until their rosters
 *  follow (SPEC 7.10). */
uint64_t nrs_own_member_of(const nrs_core *core);
uint64_t nrs_own_hub_of(const nrs_core *core);
/** Whether some roster held has it now, also one of a community that is only recognised. */
bool nrs_peer_somewhere(const nrs_peer *peer);
/** Whether the organisation has said by its own key that it belongs to the community: only then anything is sealed to it. */
bool nrs_peer_joined(const nrs_core *core, const nrs_peer *peer, const nrs_community *community);
nrs_bundle *nrs_bundle_by_owner(const nrs_core *core, const uint8_t owner[NRS_KEY_SIZE]);
/** nrs_recipient_of with the prekey in force at that time. */
NRS_MUST_USE nrs_error nrs_recipient_at(const nrs_core *core, nrs_recipient *recipient_out, const nrs_peer *peer, const Nrs__Wire__PersonEntry *person,
                                        uint64_t at_ms);
/** The person of an organisation by id, from its newest card; NULL if there is none. */
const Nrs__Wire__PersonEntry *nrs_peer_person(const nrs_peer *peer, const char *person_id);
const Nrs__Wire__PersonEntry *nrs_peer_person_by_key(const nrs_peer *peer, const uint8_t sign_key[NRS_KEY_SIZE]);
/** Fill in a recipient with the prekey in force; NRS_ERROR_NOT_FOUND if none is known: the recipient waits. person: or NULL. */
NRS_MUST_USE nrs_error nrs_recipient_of(const nrs_core *core, nrs_recipient *recipient_out, const nrs_peer *peer, const Nrs__Wire__PersonEntry *person);
/** Whether a community may be held: it is, or there is a place for it. NRS_ERROR_LIMIT. */
NRS_MUST_USE nrs_error nrs_directory_room(nrs_core *core, const uint8_t community[NRS_HASH_SIZE]);
/** Adopt a verified roster: store, memory, files, audit, admission; linked peers are told of it after the commit. source: the
 *  signing key of the peer it came from, or empty. NRS_ERROR_LIMIT, with nothing stored, when there is no place for one more community. */
NRS_MUST_USE nrs_error nrs_directory_adopt(nrs_core *core, const uint8_t community[NRS_HASH_SIZE], nrs_slice many, nrs_slice source);
/** Take a card or prekey bundle if newer than the one held (NRS_OK also when it is not). payload: Signed bytes. */
NRS_MUST_USE nrs_error nrs_directory_take_card(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_slice source);
/** A hub's card into a file for who makes invites, by the hash of its key: names are a community's own. */
NRS_MUST_USE nrs_error nrs_directory_write_card(nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE], nrs_slice payload);
NRS_MUST_USE nrs_error nrs_directory_take_prekeys(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_slice source);
/** With each tick: let go of bundles that nobody needs. Once an hour, by a clock that can be trusted. */
NRS_MUST_USE nrs_error nrs_bundles_tick(nrs_core *core);
/** Grant in this step what an organisation waits for: its prekeys came, or it accepted. */
NRS_MUST_USE nrs_error nrs_directory_arrived(nrs_core *core, const uint8_t org[NRS_KEY_SIZE]);
/** Of two hubs: whether it is the peer that keeps dialling this node (its key is the lower one). */
bool nrs_peer_dials_us(const nrs_core *core, const nrs_peer *peer);
/** The bit of a community in nrs_peer.member_of, hub_of, joined_in and told_of. */
uint64_t nrs_community_bit(const nrs_core *core, const nrs_community *community);
/** Set the membership bits anew: after a roster was adopted, or a fork came to light. */
NRS_MUST_USE nrs_error nrs_directory_index(nrs_core *core, nrs_community *community);
/** Bring dialled links in line with rosters and cards. */
NRS_MUST_USE nrs_error nrs_directory_dial(nrs_core *core);
/** Whether this node dials the peer, or will at its next tick: after a step that failed none is dialled until then. */
bool nrs_directory_dials(const nrs_core *core, const nrs_peer *peer);

/** A file for the command line: folder/nameSUFFIX, armoured. */
NRS_MUST_USE nrs_error nrs_write_armoured(nrs_core *core, const char *folder, const char *name, const char *suffix, const char *type, nrs_slice bytes);

/* vault_keeper.c */
/** Whether the store has a vault: it is not new. */
NRS_MUST_USE nrs_error nrs_vault_begun(nrs_core *core, bool *begun_out);
/** The key that the vault file stands under; it outlives a change of identity. Out: owned. */
NRS_MUST_USE nrs_error nrs_vault_file_key(const nrs_core *core, nrs_secret **key_out);
NRS_MUST_USE nrs_error nrs_vault_keeper_load(nrs_core *core);
void nrs_vault_keeper_wipe(nrs_core *core);
NRS_MUST_USE nrs_error nrs_vault_put(nrs_core *core, uint64_t *segment_out, nrs_bytes *wrapped_out, nrs_slice label, const nrs_secret *secret);
NRS_MUST_USE nrs_error nrs_vault_take(nrs_core *core, nrs_secret **secret_out, uint64_t segment, nrs_slice label, nrs_slice wrapped);
/** Destroy for good: the reports' file keys (key state FORGOTTEN) and prekey secrets given. Survivors are rewrapped under
 *  a fresh root, which overwrites the old one after the commit (nrs_vault_settle). */
NRS_MUST_USE nrs_error nrs_vault_destroy_entries(nrs_core *core, const uint8_t (*report_ids)[NRS_HASH_SIZE], size_t report_count,
                                                 const uint8_t (*prekey_ids)[NRS_PREKEY_ID_SIZE], size_t prekey_count);
/** After a commit: overwrite roots no longer in force. */
NRS_MUST_USE nrs_error nrs_vault_settle(nrs_core *core);

/* clock.c */
/** Compare the clock with monotonic time. Called with each tick, before anything that asks nrs_clock_trusted. */
void nrs_clock_observe(nrs_core *core);
/** Whether the clock has run along with monotonic time for a day, or for a week against the word of most peers: only then is
 *  anything destroyed by its date. */
bool nrs_clock_trusted(nrs_core *core);
/** Whether this time is past, by this clock and by half of the peers' clocks: nothing is refused or passed over for good on the
 *  word of a clock that stands alone. */
bool nrs_clock_expired(nrs_core *core, uint64_t expires_ms);
/** Until when times are past in that way. */
uint64_t nrs_clock_past_ms(nrs_core *core);
/** Likewise whether a record was made too far ahead of the time (SPEC 2.3). */
bool nrs_clock_ahead(nrs_core *core, uint64_t created_ms);
/** Whether most peers would refuse what is made now and expires then. */
bool nrs_clock_refused_by_peers(nrs_core *core, uint64_t expires_ms);
/** A clock was set, or a peer says the time: what waited for that is looked at again. */
void nrs_clock_news(nrs_core *core);
/** By how much this clock is ahead of those of most peers (behind: negative); 0 up to an hour, and before the first link. */
int64_t nrs_clock_error_ms(nrs_core *core);
/** While no peer has said the time: the community whose roster was made after what this clock shows, by more than an hour; NULL when there is
 *  none. What is sealed by such a clock has expired when it is right again. */
const nrs_community *nrs_clock_before_roster(nrs_core *core);

/* prekey_keeper.c */
NRS_MUST_USE nrs_error nrs_prekey_keeper_load(nrs_core *core);
void nrs_prekey_keeper_wipe(nrs_core *core);
/** Publish the windows of the next weeks and destroy what is past its grace. Called first with each tick, so that it also
 *  observes the clock; cheap when nothing is due. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_prekey_keeper_tick(nrs_core *core);
nrs_own_prekey *nrs_own_prekey_by_id(const nrs_core *core, const uint8_t id[NRS_PREKEY_ID_SIZE]);
/** New prekeys for every window due, published at once; destroy: the node's own secrets that they replace go for good. Persons'
 *  are not touched. Returns NRS_ERROR_LIMIT, CLOCK; after any other error the step must fail. */
NRS_MUST_USE nrs_error nrs_prekey_keeper_rotate(nrs_core *core, size_t *destroyed_out, bool destroy);
/** The command `person-prekeys`, and an inbox file of the same form. */
NRS_MUST_USE nrs_error nrs_prekey_keeper_add_person(nrs_core *core, const json_t *request);

/* statements.c: receipts and other statements, out and in */
NRS_MUST_USE nrs_error nrs_statement_queue(nrs_core *core, const uint8_t to[NRS_KEY_SIZE], const uint8_t community[NRS_HASH_SIZE], const nrs_statement *statement);
/** Shorthand for a receipt. person, reason may be "". */
NRS_MUST_USE nrs_error nrs_receipt_queue(nrs_core *core, const nrs_header *header, const uint8_t sealed_id[NRS_HASH_SIZE], nrs_stage stage, const char *person, const char *reason);
/** Visit the recipients of a report that are one organisation's, under this key or what it came after; in no order. */
NRS_MUST_USE nrs_error nrs_recipients_of(nrs_core *core, uint64_t report, const uint8_t whose[NRS_KEY_SIZE], nrs_recipient_visitor visit, void *context);
NRS_MUST_USE nrs_error nrs_statement_flush(nrs_core *core);
void nrs_statements_wipe(nrs_core *core);
/** Whether an envelope's writer is listened to now: it has not had too many reports read for nothing within a minute. */
bool nrs_statements_heard(const nrs_core *core, const nrs_envelope *envelope);
NRS_MUST_USE nrs_error nrs_statement_take_envelope(nrs_core *core, const nrs_envelope *envelope);

/* grant_late.c: recipients that waited for a prekey: those whose bundle came in this step, and all in a round each minute,
 * a bounded number in each step. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_grant_waiting(nrs_core *core);
/** What keeps a recipient of this community from its key, as far as is known here: "join", "keys" or "duty". person: its key, or NULL. */
const char *nrs_grant_waits_for(const nrs_core *core, const nrs_community *community, const uint8_t *org, const uint8_t *person);

/* regrant.c: a report whose prekey is destroyed is asked for again (SPEC 6.7) */
/** Ask the originator for a new grant, once for each report and prekey. position: of the report in our log. */
NRS_MUST_USE nrs_error nrs_regrant_ask(nrs_core *core, const nrs_sealed_view *view, uint64_t position, const uint8_t prekey_id[NRS_PREKEY_ID_SIZE]);
/** Take such a request: the recipient waits again, and is granted with the others that do. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_regrant_take(nrs_core *core, nrs_peer *from, const nrs_statement *statement);

/* open.c */
/** File key of a report this node may open, from the vault. NRS_ERROR_PERSON_ONLY for RED, NO_SLOT, KEY_EXPIRED, NOT_FOUND (forgotten). */
NRS_MUST_USE nrs_error nrs_open_file_key(nrs_core *core, nrs_secret **file_key_out, const nrs_report_row *row);
/** Sealed view and opened body of a report row. Both owned. */
NRS_MUST_USE nrs_error nrs_open_report(nrs_core *core, nrs_sealed_view **view_out, nrs_opened *opened_out, const nrs_report_row *row);
/** A slot path addressed to this node or its persons: check, open, keep; receipts follow. */
NRS_MUST_USE nrs_error nrs_open_slot(nrs_core *core, const nrs_slot_path *path, nrs_slice path_record);
/** A CLEAR report: keep it if it is addressed to us. */
NRS_MUST_USE nrs_error nrs_open_clear(nrs_core *core, const nrs_sealed_view *view, uint64_t position);
/** Whether an audience names this node (for the header's community). facts_out for the policy. */
NRS_MUST_USE nrs_error nrs_audience_names(nrs_core *core, nrs_reader_facts *facts_out, const nrs_audience *audience, const nrs_peer *reader);
/** The same of an organisation, by this key, the one before it and the one that a roster names after it (SPEC 7.10): until its node has
 *  heard of that roster it is there under the old one. */
NRS_MUST_USE nrs_error nrs_audience_names_org(nrs_core *core, nrs_reader_facts *facts_out, const nrs_audience *audience, const nrs_peer *reader);
/** The same of this node, also by keys that it had before. */
NRS_MUST_USE nrs_error nrs_audience_names_us(nrs_core *core, nrs_reader_facts *facts_out, const nrs_audience *audience);
/** Whether a key that this node has, or had, is a member's in this roster. */
bool nrs_roster_named_us(const nrs_core *core, const nrs_roster *roster);

/* sweep.c: drop what has expired; with each tick, bounded work */
NRS_MUST_USE nrs_error nrs_sweep_tick(nrs_core *core);

/* annex.c: what list shows of a report, sealed in its row */
NRS_MUST_USE nrs_error nrs_annex_of(nrs_bytes *annex_out, const nrs_report *report, const nrs_secret *file_key);
/** The report's part of opened_out without its text; from the body when the row has no annex. Out: nrs_opened_wipe. */
NRS_MUST_USE nrs_error nrs_annex_read(nrs_core *core, nrs_opened *opened_out, const nrs_report_row *row);

/* inbox.c */
NRS_MUST_USE nrs_error nrs_inbox_take(nrs_core *core, const nrs_event *event);

/* command.c dispatches to command_*.c; each replies itself through nrs_core_reply and returns only fatal errors. */
NRS_MUST_USE nrs_error nrs_command_take(nrs_core *core, const nrs_event *event);

#endif
