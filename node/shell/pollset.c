#include "pollset.h"

#include "proto/assert.h"

static zmq_pollitem_t *add(nrs_pollset *set)
{
    NRS_ASSERT(set->count < NRS_POLL_COUNT_MAX);
    return &set->items[set->count++];
}

void nrs_pollset_add_socket(nrs_pollset *set, void *socket)
{
    NRS_ASSERT(socket != NULL);
    *add(set) = (zmq_pollitem_t){.socket = socket, .events = ZMQ_POLLIN};
}

void nrs_pollset_add_fd(nrs_pollset *set, int fd, bool readable, bool writable)
{
    NRS_ASSERT(fd >= 0);
    *add(set) =
        (zmq_pollitem_t){.fd = fd, .events = (short)((readable ? ZMQ_POLLIN : 0) | (writable ? ZMQ_POLLOUT : 0))};
}

bool nrs_pollset_socket_ready(const nrs_pollset *set, const void *socket)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->items[i].socket == socket) {
            return set->items[i].revents != 0;
        }
    }
    return false;
}

bool nrs_pollset_fd_ready(const nrs_pollset *set, int fd)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->items[i].socket == NULL && set->items[i].fd == fd) {
            return set->items[i].revents != 0;
        }
    }
    return false;
}
