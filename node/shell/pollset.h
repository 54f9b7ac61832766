/* The descriptors and sockets that the loop waits for, gathered anew for each wait. */
#ifndef SHELL_POLLSET_H
#define SHELL_POLLSET_H

#include <stdbool.h>
#include <stddef.h>

#include <zmq.h>

#define NRS_POLL_COUNT_MAX 640u

typedef struct nrs_pollset {
    zmq_pollitem_t items[NRS_POLL_COUNT_MAX];
    size_t count;
} nrs_pollset;

void nrs_pollset_add_socket(nrs_pollset *set, void *socket);
void nrs_pollset_add_fd(nrs_pollset *set, int fd, bool readable, bool writable);
/** Whether something was reported since the wait; for what was not added: false. */
bool nrs_pollset_socket_ready(const nrs_pollset *set, const void *socket);
bool nrs_pollset_fd_ready(const nrs_pollset *set, int fd);

#endif
