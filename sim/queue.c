#include "queue.h"

#include <stdlib.h>

#include "memory.h"

static bool before(const sim_event *a, const sim_event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->sequence < b->sequence;
}

void sim_queue_put(sim_queue *queue, sim_event event)
{
    size_t at = queue->count;

    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity == 0 ? 256 : 2 * queue->capacity;
        queue->heap = sim_grow(queue->heap, queue->capacity * sizeof queue->heap[0]);
    }
    event.sequence = queue->sequence++;
    queue->count++;
    while (at > 0 && before(&event, &queue->heap[(at - 1) / 2])) {
        queue->heap[at] = queue->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    queue->heap[at] = event;
}

bool sim_queue_take(sim_queue *queue, sim_event *event_out)
{
    sim_event last;
    size_t at = 0;

    if (queue->count == 0) {
        return false;
    }
    *event_out = queue->heap[0];
    last = queue->heap[--queue->count];
    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= queue->count) {
            break;
        }
        if (child + 1 < queue->count && before(&queue->heap[child + 1], &queue->heap[child])) {
            child++;
        }
        if (!before(&queue->heap[child], &last)) {
            break;
        }
        queue->heap[at] = queue->heap[child];
        at = child;
    }
    if (queue->count > 0) {
        queue->heap[at] = last;
    }
    return true;
}

void sim_queue_wipe(sim_queue *queue)
{
    free(queue->heap);
    *queue = (sim_queue){0};
}
