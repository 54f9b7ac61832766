/* The TCP connection that a frame came over. A ROUTER can neither say which connection ended nor end one; the
 * descriptor that libzmq notes on each message can, so long as it still is the same connection. */
#ifndef SHELL_CONNECTION_H
#define SHELL_CONNECTION_H

#include <stdbool.h>
#include <netinet/in.h>

#include <zmq.h>

/* Not a sockaddr_storage, which is more than four times as large: a hub holds two for each of its members. */
typedef union nrs_socket_address {
    struct sockaddr any;
    struct sockaddr_in ip4;
    struct sockaddr_in6 ip6;
} nrs_socket_address;

typedef struct nrs_connection {
    int fd; /* borrowed from libzmq: only ever used after nrs_connection_alive; -1 when unknown */
    socklen_t address_size;
    nrs_socket_address address;
} nrs_connection;

#define NRS_CONNECTION_HOST_SIZE 128u /* a numeric IPv6 address with its zone */

/** The connection that has this descriptor now; fd is -1 when it is none, or listens. */
nrs_connection nrs_connection_at(int fd);
/** The peer's numeric address, "?" where the system does not say. */
void nrs_connection_host(char host_out[NRS_CONNECTION_HOST_SIZE], const nrs_connection *connection);
/** Of the frame's connection; fd is -1 when it has ended or the library does not say. */
nrs_connection nrs_connection_of(zmq_msg_t *frame);
/** The descriptor's number as the frame states it, -1 when absent. Cheap. */
int nrs_connection_fd_of(zmq_msg_t *frame);
/** Orders connections by the address they come from, whatever the port: 0 when it is one. Of IPv6 the half counts that a site is given
 *  as a whole. */
int nrs_connection_compare_host(const nrs_connection *a, const nrs_connection *b);
/** Whether the descriptor still is that connection to that peer's address and port. */
bool nrs_connection_alive(const nrs_connection *connection);
/** End it for both sides, if it still is the same. Waiting bytes in the kernel still go out. */
void nrs_connection_end(nrs_connection *connection);

#endif
