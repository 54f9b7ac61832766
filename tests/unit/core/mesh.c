#include "mesh_members.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/seal.h"
#include "proto/armour.h"
#include "proto/assert.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define QUEUE_MAX 4096

typedef struct pending {
    size_t node;
    nrs_event_type type;
    nrs_link_id link;
    uint8_t curve_key[NRS_KEY_SIZE];
    nrs_bytes bytes;
} pending;

static pending queue[QUEUE_MAX];
static size_t queue_count;

static nrs_error vault_read(void *context, nrs_bytes *bytes_out)
{
    mesh_node *node = context;

    return nrs_bytes_copy(bytes_out, nrs_slice_of_bytes(&node->vault));
}

static nrs_error vault_write(void *context, nrs_slice bytes)
{
    mesh_node *node = context;

    if (node->vault_fails || node->vault_writes_left == 0) {
        return NRS_ERROR_DISK;
    }
    node->vault_writes_left -= node->vault_writes_left == SIZE_MAX ? 0 : 1;
    return nrs_bytes_copy(&node->vault, bytes);
}

static nrs_error audit_read(void *context, nrs_bytes *bytes_out)
{
    const mesh_node *node = context;
    uint8_t bytes[NRS_AUDIT_FILE_SIZE_MAX];
    char path[96];
    FILE *file;
    size_t size;

    (void)snprintf(path, sizeof path, "%s/audit-end", node->folder);
    file = fopen(path, "rb");
    if (file == NULL) {
        nrs_bytes_wipe(bytes_out);
        return NRS_OK;
    }
    size = fread(bytes, 1, sizeof bytes, file);
    assert_int_equal(fclose(file), 0);
    return nrs_bytes_copy(bytes_out, nrs_slice_of(bytes, size));
}

static nrs_error audit_write(void *context, size_t offset, nrs_slice bytes, bool sync)
{
    const mesh_node *node = context;
    char path[96];
    int file;

    (void)sync;
    if (node->audit_fails) {
        return NRS_ERROR_DISK;
    }
    (void)snprintf(path, sizeof path, "%s/audit-end", node->folder);
    file = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(file >= 0 && pwrite(file, bytes.data, bytes.size, (off_t)offset) == (ssize_t)bytes.size);
    assert_int_equal(close(file), 0);
    return NRS_OK;
}

static void make_card(mesh_node *node, uint64_t serial)
{
    nrs_card card;
    char endpoint[64];
    char *endpoints[1] = {endpoint};

    nrs__wire__card__init(&card);
    card.org = node->org;
    card.name = mesh_writable("試験組織");
    card.serial = serial;
    card.created_ms = 1795000000000ull;
    (void)snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", 7000u + (unsigned)strlen(node->org));
    card.n_endpoints = 1;
    card.endpoints = endpoints;
    OK(nrs_card_sign(&node->card, &card, node->identity));
}

void mesh_up(mesh *net, size_t index)
{
    mesh_node *node = &net->nodes[index];
    char path[128];
    uint8_t incarnation[NRS_LOG_ID_SIZE];
    nrs_store_options store_options = {.path = path, .synchronous_off = !net->durable};
    nrs_core_options options = {.identity = node->identity, .gap_grace_ms = MESH_GAP_GRACE_MS, .vouch_tick_ms = MESH_VOUCH_TICK_MS, .own_card = nrs_slice_of_bytes(&node->card),
                                .vault = {.context = node, .read = vault_read, .write = vault_write},
                                .audit_file = {.context = node, .read = audit_read, .write = audit_write}, .former = node->former, .vault_key = node->vault_key};

    randombytes_buf(incarnation, sizeof incarnation);
    (void)snprintf(path, sizeof path, "%s/store.db", node->folder);
    OK(nrs_store_open(&node->store, &store_options, incarnation));
    options.store = node->store;
    OK(nrs_core_new(&node->core, &options, net->now_ms + (uint64_t)node->skew_ms));
}

size_t mesh_add_node(mesh *net, const char *org)
{
    size_t index = net->node_count;
    mesh_node *node = &net->nodes[index];

    assert_true(index < MESH_NODE_MAX);
    net->node_count++;
    node->vault_writes_left = SIZE_MAX;
    (void)snprintf(node->org, sizeof node->org, "%s", org);
    (void)snprintf(node->folder, sizeof node->folder, "/tmp/noroshi-mesh-XXXXXX");
    assert_non_null(mkdtemp(node->folder));
    OK(nrs_identity_new(&node->identity));
    make_card(node, 1);
    mesh_up(net, index);
    return index;
}

/* ---- Effects ---- */

static void enqueue(size_t node, nrs_event_type type, nrs_link_id link, const uint8_t *curve_key, nrs_slice bytes)
{
    pending *entry = &queue[queue_count];

    assert_true(queue_count < QUEUE_MAX);
    *entry = (pending){.node = node, .type = type, .link = link};
    if (curve_key != NULL) {
        memcpy(entry->curve_key, curve_key, NRS_KEY_SIZE);
    }
    OK(nrs_bytes_copy(&entry->bytes, bytes));
    queue_count++;
}

static const uint8_t *curve_of(const mesh *net, size_t node)
{
    return nrs_identity_public(net->nodes[node].identity)->curve_key;
}

static void dial(mesh *net, size_t from, const uint8_t *curve_key)
{
    for (size_t to = 0; to < net->node_count; to++) {
        if (memcmp(curve_of(net, to), curve_key, NRS_KEY_SIZE) != 0 || net->nodes[to].core == NULL) {
            continue;
        }
        if (!nrs_core_admits(net->nodes[to].core, curve_of(net, from))) {
            enqueue(from, NRS_EVENT_LINK_REFUSED, 0, curve_key, nrs_slice_of(NULL, 0));
            return;
        }
        for (size_t i = 0; i < net->link_count; i++) {
            if (net->links[i].open && net->links[i].from == from && net->links[i].to == to) {
                return;
            }
        }
        assert_true(net->link_count < MESH_LINK_MAX);
        mesh_link *link = &net->links[net->link_count];
        net->link_count++;
        *link = (mesh_link){.from = from, .to = to, .from_id = ++net->next_link, .open = true};
        link->to_id = ++net->next_link;
        enqueue(from, NRS_EVENT_LINK_UP, link->from_id, curve_key, nrs_slice_of(NULL, 0));
        return;
    }
}

static mesh_link *link_of(mesh *net, size_t node, nrs_link_id id)
{
    for (size_t i = 0; i < net->link_count; i++) {
        mesh_link *link = &net->links[i];
        if (link->open && ((link->from == node && link->from_id == id) || (link->to == node && link->to_id == id))) {
            return link;
        }
    }
    return NULL;
}

static void cut(mesh_link *link, size_t by)
{
    link->open = false;
    if (link->from != by) {
        enqueue(link->from, NRS_EVENT_LINK_DOWN, link->from_id, NULL, nrs_slice_of(NULL, 0));
    }
    if (link->to != by) {
        enqueue(link->to, NRS_EVENT_LINK_DOWN, link->to_id, NULL, nrs_slice_of(NULL, 0));
    }
}

static void send(mesh *net, size_t node, const nrs_effect *effect)
{
    mesh_link *link = link_of(net, node, effect->link);
    size_t other;

    if (link == NULL) {
        return;
    }
    other = link->from == node ? link->to : link->from;
    if (net->inspect != NULL && !net->inspect(net->inspect_context, node, other, nrs_slice_of_bytes(&effect->bytes))) {
        cut(link, MESH_NODE_MAX);
        return;
    }
    if (net->swallow) {
        net->swallow = false;
        return;
    }
    net->frames++;
    net->frame_bytes += effect->bytes.size;
    enqueue(other, NRS_EVENT_FRAME, link->from == node ? link->to_id : link->from_id, curve_of(net, node), nrs_slice_of_bytes(&effect->bytes));
}

/* Objects all, also where the rows were written as text. */
static json_t *rows_of(const json_t *reply)
{
    json_t *rows = json_array();
    size_t index;
    json_t *row;

    json_array_foreach(reply, index, row) {
        json_t *object = json_is_string(row) ? json_loads(json_string_value(row), JSON_REJECT_DUPLICATES, NULL) : json_incref(row);

        assert_true(json_is_object(object));
        assert_int_equal(json_array_append_new(rows, object), 0);
    }
    return rows;
}

static void act(mesh *net, size_t index, const nrs_effects *effects)
{
    mesh_node *node = &net->nodes[index];

    for (size_t i = 0; i < effects->count; i++) {
        const nrs_effect *effect = &effects->list[i];
        mesh_link *link;
        switch (effect->type) {
        case NRS_EFFECT_SEND:
            send(net, index, effect);
            break;
        case NRS_EFFECT_CLOSE:
            link = link_of(net, index, effect->link);
            if (link != NULL) {
                cut(link, index);
            }
            break;
        case NRS_EFFECT_DIAL:
            dial(net, index, effect->curve_key);
            break;
        case NRS_EFFECT_REPLY:
            json_decref(node->reply);
            node->reply = rows_of(effect->reply);
            break;
        case NRS_EFFECT_INBOX_DONE:
            if (effect->error != NRS_OK) {
                (void)snprintf(node->last_log, sizeof node->last_log, "inbox: %s", nrs_error_rule(effect->error));
            }
            break;
        case NRS_EFFECT_LOG:
            node->log_lines++;
            (void)snprintf(node->last_log, sizeof node->last_log, "%s", effect->text);
            if (getenv("NRS_TEST_LOG") != NULL) {
                (void)fprintf(stderr, "%s: %s\n", node->org, effect->text);
            }
            break;
        case NRS_EFFECT_SWITCH:
            node->switches++;
            break;
        case NRS_EFFECT_HANGUP:
        case NRS_EFFECT_ADMISSION:
        case NRS_EFFECT_WRITE_FILE:
            break;
        }
    }
}

/* All that are left; or back with them. The pool is the process's, and a step runs alone. */
static void hold_secrets(bool hold)
{
    static nrs_secret *taken[8192];
    static size_t count;

    while (hold && count < sizeof taken / sizeof taken[0] && nrs_secret_new(&taken[count], NRS_KEY_SIZE) == NRS_OK) {
        count++;
    }
    while (!hold && count > 0) {
        count--;
        nrs_secret_destroy(&taken[count]);
    }
}

nrs_error mesh_step(mesh *net, size_t node, const nrs_event *event)
{
    nrs_effects effects = {0};
    nrs_event timed = *event;
    nrs_error error;

    if (net->nodes[node].core == NULL) {
        return NRS_OK;
    }
    timed.now_ms = net->now_ms + (uint64_t)net->nodes[node].skew_ms;
    timed.monotonic_ms = net->monotonic_ms;
    hold_secrets(net->nodes[node].no_secrets);
    error = nrs_core_step(net->nodes[node].core, &effects, &timed, 1);
    hold_secrets(false);
    act(net, node, &effects);
    nrs_effects_wipe(&effects);
    return error;
}

static void drain(mesh *net)
{
    size_t done = 0;

    while (done < queue_count) {
        pending entry = queue[done];
        nrs_event event = {.type = entry.type, .link = entry.link, .bytes = nrs_slice_of_bytes(&entry.bytes)};
        memcpy(event.curve_key, entry.curve_key, NRS_KEY_SIZE);
        done++;
        if (done > QUEUE_MAX / 2) { /* move what is left to the front */
            memmove(queue, queue + done, (queue_count - done) * sizeof queue[0]);
            queue_count -= done;
            done = 0;
        }
        if (net->deliver != NULL) {
            net->deliver(net->deliver_context, entry.node, true);
        }
        (void)mesh_step(net, entry.node, &event);
        if (net->deliver != NULL) {
            net->deliver(net->deliver_context, entry.node, false);
        }
        nrs_bytes_wipe(&entry.bytes);
    }
    queue_count = 0;
}

/* A dialled peer whose link is gone is dialled again, as the shell does. */
static void redial(mesh *net)
{
    for (size_t i = 0; i < net->link_count; i++) {
        const mesh_link link = net->links[i];
        bool again = !link.open && net->nodes[link.from].core != NULL && net->nodes[link.to].core != NULL;
        for (size_t k = 0; k < net->link_count && again; k++) {
            again = k == i || net->links[k].from != link.from || net->links[k].to != link.to || (!net->links[k].open && k < i);
        }
        if (again) {
            net->links[i] = net->links[net->link_count - 1];
            net->link_count--;
            dial(net, link.from, curve_of(net, link.to));
        }
    }
}

void mesh_settle(mesh *net, size_t rounds)
{
    nrs_event tick = {.type = NRS_EVENT_TICK};

    for (size_t round = 0; round < rounds; round++) {
        net->now_ms += 1000;
        net->monotonic_ms += 1000;
        redial(net);
        for (size_t i = 0; i < net->node_count; i++) {
            OK(mesh_step(net, i, &tick));
        }
        drain(net);
    }
}

uint64_t mesh_next_tick(const mesh *net)
{
    return (net->now_ms / MESH_VOUCH_TICK_MS + 1) * MESH_VOUCH_TICK_MS;
}

void mesh_wait_for_tick(mesh *net, size_t more)
{
    mesh_settle(net, (size_t)(mesh_next_tick(net) - net->now_ms) / 1000 + more);
}

void mesh_inbox(mesh *net, size_t node, const char *name, const char *type, nrs_slice bytes)
{
    char *text = NULL;
    nrs_event event = {.type = NRS_EVENT_INBOX, .name = name, .user = "tester"};

    net->nodes[node].last_log[0] = '\0';
    OK(nrs_armour_encode(&text, type, bytes));
    event.bytes = nrs_slice_of_string(text);
    OK(mesh_step(net, node, &event));
    assert_null(strstr(net->nodes[node].last_log, "inbox: forged"));
    free(text);
}

nrs_link_id mesh_link_id(const mesh *net, size_t from, size_t to)
{
    for (size_t i = 0; i < net->link_count; i++) {
        const mesh_link *link = &net->links[i];
        if (link->open && link->from == from && link->to == to) {
            return link->to_id;
        }
        if (link->open && link->from == to && link->to == from) {
            return link->from_id;
        }
    }
    return 0;
}

nrs_error mesh_inject(mesh *net, size_t from, size_t to, nrs_slice frame)
{
    nrs_event event = {.type = NRS_EVENT_FRAME, .bytes = frame, .link = mesh_link_id(net, from, to)};

    memcpy(event.curve_key, curve_of(net, from), NRS_KEY_SIZE);
    assert_true(event.link != 0);
    return mesh_step(net, to, &event);
}

bool mesh_linked(const mesh *net, size_t a, size_t b)
{
    return mesh_link_id(net, a, b) != 0;
}

void mesh_start(mesh *net, size_t node_count, size_t hub_count)
{
    char org[32];

    OK(nrs_keys_start());
    memset(net, 0, sizeof *net);
    net->now_ms = 1795400000000ull;
    net->monotonic_ms = 1000000;
    OK(nrs_identity_new(&net->roster_key));
    for (size_t i = 0; i < node_count; i++) {
        (void)snprintf(org, sizeof org, "org-%zu", i);
        (void)mesh_add_node(net, org);
    }
    mesh_found(net);
    for (size_t i = 1; i < node_count; i++) {
        mesh_join(net, i, i < hub_count ? NRS_ROLE_HUB : NRS_ROLE_OPERATOR);
    }
    mesh_settle(net, 4);
}

void mesh_down(mesh *net, size_t node)
{
    for (size_t i = 0; i < net->link_count; i++) {
        if (net->links[i].open && (net->links[i].from == node || net->links[i].to == node)) {
            cut(&net->links[i], node);
        }
    }
    nrs_core_destroy(&net->nodes[node].core);
    nrs_store_close(&net->nodes[node].store);
}

void mesh_crash(mesh *net, size_t node)
{
    mesh_down(net, node);
    mesh_up(net, node);
}

void mesh_take_over(mesh *net, size_t index, nrs_identity *after)
{
    mesh_node *node = &net->nodes[index];

    mesh_down(net, index);
    if (node->former == NULL) { /* else the vault stays under the first one's key */
        OK(nrs_identity_derive(&node->vault_key, node->identity, NRS_DOMAIN_VAULT));
    }
    nrs_identity_destroy(&node->former);
    node->former = node->identity;
    node->identity = after;
    make_card(node, net->now_ms);
    mesh_up(net, index);
}

void mesh_stop(mesh *net)
{
    for (size_t i = 0; i < net->node_count; i++) {
        char command[96];
        if (net->nodes[i].core != NULL) {
            mesh_down(net, i);
        }
        nrs_identity_destroy(&net->nodes[i].identity);
        nrs_identity_destroy(&net->nodes[i].former);
        nrs_secret_destroy(&net->nodes[i].vault_key);
        nrs_bytes_wipe(&net->nodes[i].card);
        nrs_bytes_wipe(&net->nodes[i].vault);
        json_decref(net->nodes[i].reply);
        (void)snprintf(command, sizeof command, "rm -rf %s", net->nodes[i].folder);
        assert_int_equal(system(command), 0);
    }
    for (size_t i = 0; i < queue_count; i++) {
        nrs_bytes_wipe(&queue[i].bytes);
    }
    queue_count = 0;
    mesh_members_wipe();
    nrs_bytes_wipe(&net->statement);
    nrs_bytes_wipe(&net->many);
    nrs_identity_destroy(&net->roster_key);
}
