/* Several engines wired together in one process, each with a real store in a folder of its own: enough of a network to
 * drive the link protocol, without sockets or clocks. Links are lossless and ordered; a test cuts them, crashes a node, or
 * looks at every frame on its way. */
#ifndef TESTS_MESH_H
#define TESTS_MESH_H

#include "core/core.h"
#include "keys/card.h"
#include "keys/roster.h"

#define MESH_NODE_MAX 12
#define MESH_LINK_MAX 256
#define MESH_GAP_GRACE_MS 10000u
#define MESH_VOUCH_TICK_MS 60000u

typedef struct mesh_node {
    char org[NRS_NAME_SIZE_MAX + 1];
    char folder[64];
    nrs_identity *identity, *former; /* former: which it had before, or NULL */
    nrs_secret *vault_key;   /* what its vault stands under since then, or NULL */
    nrs_bytes card;          /* Signed */
    nrs_bytes vault;
    nrs_store *store;
    nrs_core *core;
    bool vault_fails, audit_fails; /* what is written beside its store */
    size_t switches;         /* how often its engine has said that a roster names its next keys */
    bool no_secrets;         /* the pool of secrets is full while it takes a step */
    int64_t skew_ms;         /* its clock is ahead of the others' by so much */
    size_t vault_writes_left; /* then they fail; mesh_start: no end of them */
    json_t *reply;           /* of the last command: the lines */
    size_t log_lines;
    char last_log[256];
} mesh_node;

typedef struct mesh_link {
    size_t from, to;         /* from dialled */
    nrs_link_id from_id, to_id;
    bool open;
} mesh_link;

typedef struct mesh {
    mesh_node nodes[MESH_NODE_MAX];
    size_t node_count;
    mesh_link links[MESH_LINK_MAX];
    size_t link_count;
    nrs_link_id next_link;
    uint64_t now_ms;
    uint64_t monotonic_ms;
    nrs_identity *roster_key;
    nrs_bytes statement;     /* of the newest roster */
    nrs_bytes many;
    bool durable;            /* what comes up from now on syncs its store, as a node does */
    uint64_t frames;         /* delivered */
    uint64_t frame_bytes;
    /* Called for each frame before it is delivered; false drops the link instead. */
    bool (*inspect)(void *context, size_t from, size_t to, nrs_slice frame);
    void *inspect_context;
    bool swallow;            /* set by inspect: this frame alone is lost */
    /* Called before and after a node is given what came for it. */
    void (*deliver)(void *context, size_t node, bool before);
    void *deliver_context;
} mesh;

/** node 0 is the hub of the community "electricity"; the others are members, all joined. Names org-0 …  */
void mesh_start(mesh *net, size_t node_count, size_t hub_count);
void mesh_stop(mesh *net);
/** Add a member to the roster (role of NRS_ROLE_…) and hand the new version to node 0 and, as an invite, to the member. */
void mesh_join(mesh *net, size_t node, uint32_t role);
void mesh_remove(mesh *net, size_t node);
/** The same of one that left: it may come back with its keys. */
void mesh_let_go(mesh *net, size_t node);
/** Sign a next version without any change, and hand it to nobody. */
void mesh_bump(mesh *net);
/** The same with what `edit` has changed. */
void mesh_next(mesh *net, void (*edit)(void *context, nrs_roster *next), void *context);
/** Sign a next version that `edit` has changed, hand it to node 0, and let it reach the others. */
void mesh_change(mesh *net, void (*edit)(void *context, nrs_roster *next), void *context);
/** Sign a roster by one key. In-out: statement, many: owned, exchanged for the new ones. */
void mesh_sign_roster(nrs_bytes *statement, nrs_bytes *many, const nrs_roster *roster, const nrs_identity *key);
/** Leave a file in a node's inbox. */
void mesh_inbox(mesh *net, size_t node, const char *name, const char *type, nrs_slice bytes);
/** A node's entry of a roster, by its card. Borrowed until the mesh makes many more. */
Nrs__Wire__Member *mesh_member(mesh_node *node, uint32_t role);
/** Leave the newest roster in a node's inbox. */
void mesh_give(mesh *net, size_t node);
/** A frame to a node as if the peer at the other end of their link had sent it. */
nrs_error mesh_inject(mesh *net, size_t from, size_t to, nrs_slice frame);
/** How `to` numbers its open link with `from`; 0 if there is none. */
nrs_link_id mesh_link_id(const mesh *net, size_t from, size_t to);
/** Whether an open link joins the two. */
bool mesh_linked(const mesh *net, size_t a, size_t b);
/** Make a node that is in no community. Returns its index. */
size_t mesh_add_node(mesh *net, const char *org);
/** Give a node one event and act on the effects. Returns what the step returned. */
nrs_error mesh_step(mesh *net, size_t node, const nrs_event *event);
/** Deliver until nothing moves (at most `rounds` ticks of a second each, each node ticking). */
void mesh_settle(mesh *net, size_t rounds);
/** When hubs next send what waits for a tick. */
uint64_t mesh_next_tick(const mesh *net);
/** Settle until then, and for so many rounds more. */
void mesh_wait_for_tick(mesh *net, size_t more);
/** A command as JSON text; the answer's lines are kept in node.reply. Returns the error named by the last line. */
nrs_error mesh_command(mesh *net, size_t node, const char *command);
/** The same with a formatted request of at most 2,047 characters. */
nrs_error mesh_ask(mesh *net, size_t node, const char *format, ...) __attribute__((format(printf, 3, 4)));
/** A text of a row; "" where it is null or missing. */
const char *mesh_text(const json_t *row, const char *key);
/** A number of a row; 0 where it is null or missing. */
json_int_t mesh_number(const json_t *row, const char *key);
/** The row with this index of the last answer. */
const json_t *mesh_row(const mesh *net, size_t node, size_t index);
size_t mesh_row_count(const mesh *net, size_t node);
/** A crash: the engine and the store go without a word, and start again from the folder. */
void mesh_crash(mesh *net, size_t node);
/** It starts again under other keys, which a roster names already; `after` is the mesh's from then on. */
void mesh_take_over(mesh *net, size_t node, nrs_identity *after);
void mesh_down(mesh *net, size_t node);
void mesh_up(mesh *net, size_t node);

#endif
