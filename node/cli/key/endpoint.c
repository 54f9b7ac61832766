#include "key/endpoint.h"

#include <string.h>

#include "language.h"
#include "proto/address.h"

nrs_error nrs_endpoint_check(nrs_cli *cli, const char *endpoint)
{
    if (endpoint == NULL || (strlen(endpoint) <= NRS_ENDPOINT_SIZE_MAX && nrs_endpoint_valid(endpoint))) {
        return NRS_OK;
    }
    return nrs_cli_fail(cli, NRS_ERROR_MALFORMED, NULL, _("not an address to listen on or dial, tcp://HOST:PORT: %s"), endpoint);
}

nrs_error nrs_listen_check(nrs_cli *cli, const char *endpoint)
{
    nrs_error error = nrs_endpoint_check(cli, endpoint);

    if (error == NRS_OK && endpoint != NULL && !nrs_endpoint_is_number(endpoint)) {
        error = nrs_cli_fail(cli, NRS_ERROR_MALFORMED, _("a name for others to dial is given by --advertise"),
                             _("an address to listen on is a number, such as tcp://0.0.0.0:7417: %s"), endpoint);
    }
    return error;
}

bool nrs_endpoint_is_wildcard(const char *endpoint)
{
    return strncmp(endpoint, "tcp://0.0.0.0:", 14) == 0 || strncmp(endpoint, "tcp://[::]:", 11) == 0;
}
