/* The engine: core_step(core, events) → effects. No socket, no thread, no clock: time is a field of the event, randomness
 * comes through libsodium, durable state is the store. A batch of events is one transaction; the effects handed back have
 * been committed, so that a crash at any instant is a restart and never a repair. */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include <jansson.h>
#include <stdbool.h>

#include "keys/identity.h"
#include "proto/bytes.h"
#include "proto/limits.h"
#include "store/store.h"

typedef struct nrs_core nrs_core;

/** One file that is overwritten in place and synced: the vault's. Calls return NRS_ERROR_DISK when it was not done. */
typedef struct nrs_vault_file {
    void *context;
    nrs_error (*read)(void *context, nrs_bytes *bytes_out);          /* empty when there is none yet */
    nrs_error (*write)(void *context, nrs_slice bytes);              /* in place, synced before it returns */
} nrs_vault_file;

/** The file beside the store that says where the audit log ends (SPEC 13.3), overwritten in place. NRS_ERROR_DISK: it was not done. */
typedef struct nrs_audit_file {
    void *context;
    nrs_error (*read)(void *context, nrs_bytes *bytes_out); /* empty when there is none; NRS_ERROR_DAMAGED: something else stands there */
    nrs_error (*write)(void *context, size_t offset, nrs_slice bytes, bool sync); /* sync: on the disk before it returns */
} nrs_audit_file;
#define NRS_AUDIT_FILE_SIZE_MAX 8192u

typedef struct nrs_core_options {
    nrs_store *store;             /* borrowed for the core's life */
    nrs_identity *identity;       /* borrowed */
    nrs_slice own_card;           /* Signed bytes of the node's card */
    nrs_vault_file vault;
    nrs_audit_file audit_file;
    nrs_identity *former;         /* borrowed: the identity before this one, or NULL */
    const nrs_secret *vault_key;  /* borrowed: what the vault file stands under, or NULL when the identity says it */
    uint32_t link_window;         /* bytes; 0 for the default */
    uint32_t gap_grace_ms;        /* how long a missing report may be on another way; 0 for the default */
    uint32_t head_after_ms;       /* after which recipients that have not confirmed the last report are told of it; 0 for the default */
    uint32_t vouch_tick_ms;       /* a hub publishes what it vouches for at multiples of it; 0 for the default */
} nrs_core_options;

NRS_MUST_USE nrs_error nrs_core_new(nrs_core **core_out, const nrs_core_options *options, uint64_t now_ms);
void nrs_core_destroy(nrs_core **core);

/** A link as the shell numbers it: never reused within a run. 0 is none. */
typedef uint64_t nrs_link_id;

typedef enum nrs_event_type {
    NRS_EVENT_TICK = 1,     /* time passed; at least once a second */
    NRS_EVENT_LINK_UP,      /* a dialled peer's link finished its handshake (an accepted one is known by its hello) */
    NRS_EVENT_LINK_DOWN,    /* a link ended, or cannot be sent to */
    NRS_EVENT_LINK_REFUSED, /* a dialled peer could not be linked with: error says why */
    NRS_EVENT_LINK_HELD_BACK, /* no connection of a peer's key is let in for now: until_ms; once a minute while that lasts */
    NRS_EVENT_FRAME,        /* one frame came */
    NRS_EVENT_COMMAND,      /* a person's or program's command over the control socket */
    NRS_EVENT_INBOX         /* a file left in the inbox folder */
} nrs_event_type;

typedef struct nrs_event {
    nrs_event_type type;
    uint64_t now_ms;                     /* Unix time; may jump either way */
    uint64_t monotonic_ms;               /* never goes back; for silence and retries */
    nrs_link_id link;
    uint8_t curve_key[NRS_KEY_SIZE];     /* LINK_*, FRAME: the authenticated key of the peer */
    nrs_slice bytes;                     /* FRAME: the frame; INBOX: the file */
    nrs_error error;                     /* LINK_REFUSED: NO_NODE: nobody answers there; FORGED: no handshake succeeds; UNKNOWN_PEER, or NRS_OK
                                          * for the same: it refuses our key; BUSY: for now */
    uint64_t until_ms;                   /* LINK_HELD_BACK: monotonic; 0: comes too often, or says nothing; else: chose its routing id */
    const char *name;                    /* INBOX: file name */
    const char *user;                    /* COMMAND: the caller's system user; INBOX: the file's owner; or NULL */
    const json_t *command;               /* COMMAND: one object, borrowed (node/CONTROL.md) */
    uint64_t request;                    /* COMMAND: the shell's number for the reply */
} nrs_event;

typedef enum nrs_effect_type {
    NRS_EFFECT_SEND = 1,    /* bytes to a link, as one frame */
    NRS_EFFECT_CLOSE,       /* end a link: nothing more is read from or sent to it */
    NRS_EFFECT_DIAL,        /* keep a link to this peer: curve_key, text = endpoint */
    NRS_EFFECT_HANGUP,      /* stop dialling curve_key */
    NRS_EFFECT_REPLY,       /* reply: array of row objects, then error; to `request`. A row that is a string is the text of its object */
    NRS_EFFECT_ADMISSION,   /* the set of admitted link keys changed: ask nrs_core_admits */
    NRS_EFFECT_INBOX_DONE,  /* text = file name; error = NRS_OK (remove it) or why it was refused (set it aside) */
    NRS_EFFECT_WRITE_FILE,  /* publish: text = path under the node's folder, bytes = contents; held_version: of what was there before this start, see below */
    NRS_EFFECT_SWITCH,      /* a roster names the keys that come after ours: start again with them */
    NRS_EFFECT_LOG          /* text = one line without secrets or bodies; error = its cause or NRS_OK */
} nrs_effect_type;

typedef struct nrs_effect {
    nrs_effect_type type;
    nrs_link_id link;
    uint8_t curve_key[NRS_KEY_SIZE];
    nrs_bytes bytes;        /* owned */
    char *text;             /* owned */
    json_t *reply;          /* owned */
    nrs_error error;
    uint64_t request;
    uint64_t held_version;  /* WRITE_FILE: 0, or the roster's version or card's serial that this node held when it started: a newer one in the
                             * folder, which a person has made and which has not been taken up yet, stays */
} nrs_effect;

/** Owned list; nrs_effects_wipe frees what it holds. A zeroed struct is empty. */
typedef struct nrs_effects {
    nrs_effect *list;
    size_t count, capacity;
} nrs_effects;
void nrs_effects_wipe(nrs_effects *effects);

/** Take a batch of events (at most 1,024; an INBOX event comes alone) in one transaction. Out: effects_out is appended to, only what was committed.
 *  Returns NRS_ERROR_DISK and others when the transaction failed: nothing was done and links must be dropped by the caller
 *  (they resume from what was confirmed); the commands of the batch have been answered with that error all the same. */
NRS_MUST_USE nrs_error nrs_core_step(nrs_core *core, nrs_effects *effects_out, const nrs_event *events, size_t event_count);

/** Whether a peer with this link key may connect: it stands in a roster held here. Reads memory only. */
bool nrs_core_admits(const nrs_core *core, const uint8_t curve_key[NRS_KEY_SIZE]);
/** The monotonic time by which the core wants a TICK (something it holds back for a moment); UINT64_MAX when it can wait. */
uint64_t nrs_core_due_ms(const nrs_core *core);
/** Whether there is more to send or do at once (the shell then steps again with a TICK without waiting). */
bool nrs_core_busy(const nrs_core *core);

#endif
