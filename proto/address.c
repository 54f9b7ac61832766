#include "proto/address.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

#include "proto/assert.h"

static const char name_characters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
static const char host_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
static const char digits[] = "0123456789";

static bool name_valid(const char *name, size_t size)
{
    if (size < 1 || size > NRS_NAME_SIZE_MAX) {
        return false;
    }
    return strspn(name, name_characters) >= size && name[0] != '-' && name[size - 1] != '-';
}

bool nrs_name_valid(const char *name)
{
    return name != NULL && name_valid(name, strnlen(name, NRS_NAME_SIZE_MAX + 1));
}

nrs_error nrs_address_parse(nrs_address *address_out, const char *text)
{
    nrs_address address = {0};
    const char *at;
    const char *name;

    NRS_ASSERT(address_out != NULL);

    if (text == NULL || strnlen(text, NRS_ADDRESS_SIZE_MAX + 1) > NRS_ADDRESS_SIZE_MAX) {
        return NRS_ERROR_BAD_ADDRESS;
    }
    at = strchr(text, '@');
    name = at == NULL ? text : at + 1;
    address.type = at == NULL ? NRS_ADDRESS_ORG : at == text ? NRS_ADDRESS_COMMUNITY : NRS_ADDRESS_PERSON;
    if (address.type == NRS_ADDRESS_PERSON) {
        size_t person_size = (size_t)(at - text);

        if (!name_valid(text, person_size)) {
            return NRS_ERROR_BAD_ADDRESS;
        }
        memcpy(address.person, text, person_size);
    }
    if (!nrs_name_valid(name)) {
        return NRS_ERROR_BAD_ADDRESS;
    }
    memcpy(address.name, name, strlen(name));
    *address_out = address;
    return NRS_OK;
}

void nrs_address_format(char *text_out, const nrs_address *address)
{
    size_t person_size;
    size_t name_size;

    NRS_ASSERT(text_out != NULL);
    NRS_ASSERT(address != NULL);

    person_size = address->type == NRS_ADDRESS_PERSON ? strnlen(address->person, NRS_NAME_SIZE_MAX) : 0;
    name_size = strnlen(address->name, NRS_NAME_SIZE_MAX);
    memcpy(text_out, address->person, person_size);
    text_out += person_size;
    if (address->type != NRS_ADDRESS_ORG) {
        *text_out++ = '@';
    }
    memcpy(text_out, address->name, name_size);
    text_out[name_size] = '\0';
}

_Static_assert(2 * NRS_NAME_SIZE_MAX + 1 <= NRS_ADDRESS_SIZE_MAX, "an address holds two names and an @");

static bool port_valid(const char *port)
{
    size_t size = strnlen(port, 6);
    unsigned value = 0;

    if (size < 1 || size > 5 || port[0] == '0' || strspn(port, digits) != size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        value = value * 10 + (unsigned)(port[i] - '0');
    }
    return value <= 65535;
}

/* A host name of dotted labels, or an IPv4 address when it has only digits and dots. */
static bool host_valid(const char *host)
{
    size_t size = strlen(host);
    struct in_addr ipv4;

    if (size == 0 || strspn(host, host_characters) != size) {
        return false;
    }
    if (strspn(host, "0123456789.") == size) {
        return inet_pton(AF_INET, host, &ipv4) == 1;
    }
    for (size_t i = 0; i < size; i++) {
        bool first = i == 0 || host[i - 1] == '.';
        bool last = i + 1 == size || host[i + 1] == '.';

        if ((first || last) && (host[i] == '-' || host[i] == '.')) {
            return false;
        }
    }
    return true;
}

static const char scheme[] = "tcp://";

bool nrs_endpoint_is_number(const char *endpoint)
{
    const char *host = endpoint + sizeof scheme - 1;

    NRS_ASSERT(nrs_endpoint_valid(endpoint));
    return host[0] == '[' || strspn(host, "0123456789.") == (size_t)(strrchr(host, ':') - host);
}

bool nrs_endpoint_valid(const char *endpoint)
{
    char host[NRS_ENDPOINT_SIZE_MAX + 1] = {0};
    struct in6_addr ipv6;
    const char *colon;
    size_t size;

    if (endpoint == NULL || strnlen(endpoint, NRS_ENDPOINT_SIZE_MAX + 1) > NRS_ENDPOINT_SIZE_MAX) {
        return false;
    }
    if (strncmp(endpoint, scheme, sizeof scheme - 1) != 0) {
        return false;
    }
    endpoint += sizeof scheme - 1;
    colon = strrchr(endpoint, ':');
    if (colon == NULL || !port_valid(colon + 1)) {
        return false;
    }
    size = (size_t)(colon - endpoint);
    if (size >= 2 && endpoint[0] == '[' && endpoint[size - 1] == ']') {
        memcpy(host, endpoint + 1, size - 2);
        return inet_pton(AF_INET6, host, &ipv6) == 1;
    }
    memcpy(host, endpoint, size);
    return host_valid(host);
}
