/* Addresses: "@community", "organisation", "person@organisation" (SPEC 2.4). */
#ifndef PROTO_ADDRESS_H
#define PROTO_ADDRESS_H

#include <stdbool.h>

#include "proto/error.h"
#include "proto/limits.h"

typedef enum nrs_address_type {
    NRS_ADDRESS_COMMUNITY = 1,
    NRS_ADDRESS_ORG = 2,
    NRS_ADDRESS_PERSON = 3
} nrs_address_type;

typedef struct nrs_address {
    nrs_address_type type;
    char name[NRS_NAME_SIZE_MAX + 1];   /* the community or the organisation */
    char person[NRS_NAME_SIZE_MAX + 1]; /* empty unless a person */
} nrs_address;

/** 1 to 32 of a-z, 0-9 and hyphens, neither first nor last a hyphen. */
bool nrs_name_valid(const char *name);
/** Returns NRS_ERROR_BAD_ADDRESS. */
NRS_MUST_USE nrs_error nrs_address_parse(nrs_address *address_out, const char *text);
/** text_out holds NRS_ADDRESS_SIZE_MAX + 1 characters. */
void nrs_address_format(char *text_out, const nrs_address *address);
/** "tcp://host:port" with a port of 1 to 65535; host a name, an IPv4 or a bracketed IPv6 address. */
bool nrs_endpoint_valid(const char *endpoint);
/** Whether the host of a valid endpoint is an address in numbers, and no name. */
bool nrs_endpoint_is_number(const char *endpoint);

#endif
