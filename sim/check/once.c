/* Taken once, shown once: a record stands in a node's log once, a report in a list once, and a text reaches a reader under one id. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "memory.h"
#include "world.h"

/* Ids are hashes, or a part of one and a part of another: their four words together will do for a table. 0 is an empty place. */
static uint64_t key_of(const uint8_t id[NRS_HASH_SIZE])
{
    uint64_t words[NRS_HASH_SIZE / sizeof(uint64_t)];

    memcpy(words, id, sizeof words);
    return (words[0] ^ words[1] * 3 ^ words[2] * 5 ^ words[3] * 7) | 1;
}

bool sim_once_knows(const sim_seen *seen, const uint8_t id[NRS_HASH_SIZE])
{
    const uint64_t key = key_of(id);
    size_t at = seen->capacity == 0 ? 0 : (size_t)(key >> 1) & (seen->capacity - 1);

    while (seen->capacity != 0 && seen->keys[at] != 0 && seen->keys[at] != key) {
        at = (at + 1) & (seen->capacity - 1);
    }
    return seen->capacity != 0 && seen->keys[at] == key;
}

bool sim_once_remember(sim_seen *seen, const uint8_t id[NRS_HASH_SIZE])
{
    const uint64_t key = key_of(id);

    if (2 * seen->count >= seen->capacity) {
        size_t capacity = seen->capacity == 0 ? 256 : 2 * seen->capacity;
        uint64_t *keys = sim_alloc(capacity, sizeof *keys);

        for (size_t i = 0; i < seen->capacity; i++) {
            size_t at = (size_t)(seen->keys[i] >> 1) & (capacity - 1);

            while (seen->keys[i] != 0 && keys[at] != 0) {
                at = (at + 1) & (capacity - 1);
            }
            if (seen->keys[i] != 0) {
                keys[at] = seen->keys[i];
            }
        }
        free(seen->keys);
        seen->keys = keys;
        seen->capacity = capacity;
    }
    for (size_t at = (size_t)(key >> 1) & (seen->capacity - 1);; at = (at + 1) & (seen->capacity - 1)) {
        if (seen->keys[at] == key) {
            return false;
        }
        if (seen->keys[at] == 0) {
            seen->keys[at] = key;
            seen->count++;
            return true;
        }
    }
}

static void record(sim_world *world, sim_node *node, const nrs_log_row *row, const nrs_record *record)
{
    if (!sim_once_remember(&node->seen, row->id)) {
        sim_world_fail(world, "once", "%s has taken a record of type %u twice, again at position %llu", node->org, record->type,
                       (unsigned long long)row->position);
    }
}

static void listed(sim_world *world, sim_node *node, const json_t *rows)
{
    size_t count = json_array_size(rows);

    for (size_t i = 0; i < count; i++) {
        const json_t *a = json_array_get(rows, i);

        for (size_t k = i + 1; k < count && sim_text_at(a, "id")[0] != '\0'; k++) {
            const json_t *b = json_array_get(rows, k);

            if (strcmp(sim_text_at(a, "id"), sim_text_at(b, "id")) == 0 ||
                (sim_text_at(a, "subject")[0] != '\0' && strcmp(sim_text_at(a, "subject"), sim_text_at(b, "subject")) == 0)) {
                sim_world_fail(world, "once", "%s lists %s twice", node->org, sim_text_at(a, "subject"));
            }
        }
    }
}

static void receipts(sim_world *world, sim_node *node, sim_report *report, const json_t *rows)
{
    size_t count = json_array_size(rows);

    for (size_t i = 0; i < count; i++) {
        const json_t *a = json_array_get(rows, i);

        for (size_t k = i + 1; k < count && sim_text_at(a, "stage")[0] != '\0'; k++) {
            const json_t *b = json_array_get(rows, k);

            if (strcmp(sim_text_at(a, "recipient"), sim_text_at(b, "recipient")) == 0 && strcmp(sim_text_at(a, "stage"), sim_text_at(b, "stage")) == 0 &&
                (report->label == NRS_LABEL_CLEAR || strcmp(sim_text_at(a, "community"), sim_text_at(b, "community")) == 0)) { /* who waits may be let in elsewhere */
                sim_world_fail(world, "once", "%s has the stage %s of %s twice", node->org, sim_text_at(a, "stage"), sim_text_at(a, "recipient"));
            }
        }
    }
}

static void shown(sim_world *world, sim_node *node, sim_report *report, const json_t *row)
{
    const char *id = sim_text_at(row, "id");

    if (report == NULL || sim_text_at(row, "subject")[0] == '\0') {
        return;
    }
    if (report->id[0] != '\0' && strcmp(report->id, id) != 0) {
        sim_world_fail(world, "once", "%s shows %s under another id than before", node->org, sim_text_at(row, "subject"));
    }
}

void sim_once_forget(sim_node *node)
{
    free(node->seen.keys);
    node->seen = (sim_seen){0};
}

void sim_once_wipe(sim_world *world)
{
    for (size_t i = 0; i < world->node_count; i++) {
        sim_once_forget(&world->nodes[i]);
    }
    free(world->made.keys);
    world->made = (sim_seen){0};
}

const sim_checker sim_checker_once = {.name = "once", .record = record, .listed = listed, .receipts = receipts, .shown = shown};
