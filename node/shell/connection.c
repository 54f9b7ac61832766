#include "connection.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "proto/assert.h"
#include "proto/bytes.h"

int nrs_connection_fd_of(zmq_msg_t *frame)
{
    return zmq_msg_get(frame, ZMQ_SRCFD);
}

static bool is_listener(int fd)
{
    int listens = 0;
    socklen_t size = sizeof(listens);

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens != 0;
}

static bool same_address(const nrs_connection *a, const nrs_connection *b)
{
    return a->address_size == b->address_size && memcmp(&a->address, &b->address, a->address_size) == 0;
}

#define SITE_SIZE 8u /* of an IPv6 address: all that lies behind is one owner's choice */

/* The bytes that name a host; those of an IPv4 address that is written as one of IPv6 are all of them. */
static nrs_slice host_bytes(const nrs_connection *connection)
{
    if (connection->address.any.sa_family == AF_INET6) {
        const struct in6_addr *address = &connection->address.ip6.sin6_addr;

        return nrs_slice_of(address, IN6_IS_ADDR_V4MAPPED(address) ? sizeof(*address) : SITE_SIZE);
    }
    if (connection->address.any.sa_family == AF_INET) {
        return nrs_slice_of(&connection->address.ip4.sin_addr, sizeof(struct in_addr));
    }
    return nrs_slice_of(NULL, 0);
}

int nrs_connection_compare_host(const nrs_connection *a, const nrs_connection *b)
{
    nrs_slice one, other;

    NRS_ASSERT(a != NULL && b != NULL);
    one = host_bytes(a);
    other = host_bytes(b);
    if (one.size != other.size) {
        return one.size < other.size ? -1 : 1;
    }
    return one.size == 0 ? 0 : memcmp(one.data, other.data, one.size);
}

static bool current(nrs_connection *connection_out, int fd)
{
    nrs_connection found = {.fd = fd, .address_size = sizeof(found.address)};

    if (fd < 0 || is_listener(fd) || getpeername(fd, &found.address.any, &found.address_size) != 0 ||
        found.address_size > sizeof(found.address)) {
        return false;
    }
    *connection_out = found;
    return true;
}

static bool host_of(char host_out[NRS_CONNECTION_HOST_SIZE], const nrs_connection *connection)
{
    return getnameinfo(&connection->address.any, connection->address_size, host_out, NRS_CONNECTION_HOST_SIZE, NULL, 0,
                       NI_NUMERICHOST) == 0;
}

nrs_connection nrs_connection_at(int fd)
{
    nrs_connection found = {.fd = -1};

    return current(&found, fd) ? found : (nrs_connection){.fd = -1};
}

void nrs_connection_host(char host_out[NRS_CONNECTION_HOST_SIZE], const nrs_connection *connection)
{
    NRS_ASSERT(host_out != NULL && connection != NULL);
    if (!host_of(host_out, connection)) {
        (void)snprintf(host_out, NRS_CONNECTION_HOST_SIZE, "?");
    }
}

nrs_connection nrs_connection_of(zmq_msg_t *frame)
{
    nrs_connection found = {.fd = -1};
    char host[NRS_CONNECTION_HOST_SIZE];
    const char *stated = NULL;

    NRS_ASSERT(frame != NULL);

    stated = zmq_msg_gets(frame, "Peer-Address");
    if (stated == NULL || !current(&found, nrs_connection_fd_of(frame)) ||
        !host_of(host, &found) || strcmp(host, stated) != 0) {
        return (nrs_connection){.fd = -1};
    }
    return found;
}

bool nrs_connection_alive(const nrs_connection *connection)
{
    nrs_connection now = {.fd = -1};

    NRS_ASSERT(connection != NULL);
    return current(&now, connection->fd) && same_address(connection, &now);
}

void nrs_connection_end(nrs_connection *connection)
{
    if (nrs_connection_alive(connection)) {
        (void)shutdown(connection->fd, SHUT_RDWR);
    }
    connection->fd = -1;
}
