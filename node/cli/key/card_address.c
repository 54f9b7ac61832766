#include "key/card_address.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "folder.h"
#include "key/endpoint.h"
#include "key/keyring.h"
#include "key/person_subject.h"
#include "language.h"
#include "proto/address.h"
#include "text.h"

typedef struct move {
    const char *advertise, *listen; /* as given, or NULL */
    const char *dialled;            /* what the card is to name; NULL: what it names already */
    nrs_bytes bytes;                /* the card, Signed: as it was, then as it becomes */
    nrs_card *card;                 /* as it was */
    json_t *settings;
    uint64_t serial;
    bool moved, restart;
} move;

/* Other settings stay as they are. */
static nrs_error read_settings(nrs_cli *cli, move *to)
{
    nrs_bytes text = {0};
    nrs_error error = nrs_folder_read(cli, &text, NULL, "node", ".json", NRS_ERROR_NOT_A_NODE);

    if (error == NRS_OK) {
        to->settings = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
        error = json_is_object(to->settings) ? NRS_OK : nrs_cli_fail_about(cli, NRS_ERROR_DAMAGED, "node.json");
    }
    nrs_bytes_wipe(&text);
    return error;
}

static bool same_port(const char *a, const char *b)
{
    const char *port = strrchr(a, ':'), *other = strrchr(b, ':');

    return port != NULL && other != NULL && strcmp(port, other) == 0;
}

/* As at init: what is advertised, else what is listened on; on all addresses, what the card names, if that is where it listens. */
static nrs_error plan(nrs_cli *cli, move *to)
{
    const char *advertised = NULL, *listened = NULL;
    nrs_error error = read_settings(cli, to);

    if (error != NRS_OK) {
        return error;
    }
    advertised = to->advertise != NULL ? to->advertise : nrs_json_text(to->settings, "advertise");
    listened = nrs_json_text(to->settings, "listen");
    to->restart = to->listen != NULL && (listened == NULL || strcmp(listened, to->listen) != 0);
    to->dialled = advertised != NULL ? advertised : to->listen;
    if (nrs_endpoint_is_wildcard(to->dialled)) {
        if (to->advertise != NULL || to->card->n_endpoints == 0 || !same_port(to->dialled, to->card->endpoints[0])) {
            return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("the card names no address to dial: give --advertise"));
        }
        to->dialled = NULL;
    }
    to->moved = to->dialled != NULL && (to->card->n_endpoints == 0 || strcmp(to->card->endpoints[0], to->dialled) != 0);
    return NRS_OK;
}

static nrs_error sign(nrs_cli *cli, move *to)
{
    char text[NRS_ENDPOINT_SIZE_MAX + 1] = "";
    char *endpoints[1] = {text};
    nrs_card next = *to->card;
    nrs_identity *identity = NULL;
    nrs_error error = nrs_keyring_load(cli, &identity, NULL, NULL, "identity", NRS_ERROR_NOT_A_NODE);

    snprintf(text, sizeof text, "%s", to->dialled);
    next.endpoints = endpoints;
    next.n_endpoints = 1;
    next.serial = to->card->serial + 1;
    next.created_ms = nrs_now_ms();
    if (error == NRS_OK) {
        error = nrs_card_sign(&to->bytes, &next, identity);
    }
    if (error == NRS_OK) {
        to->serial = next.serial;
    }
    nrs_identity_destroy(&identity);
    return error;
}

static nrs_error write_settings(nrs_cli *cli, const move *to)
{
    char *text = NULL;
    bool set = (to->advertise == NULL || json_object_set_new(to->settings, "advertise", json_string(to->advertise)) == 0) &&
               (to->listen == NULL || json_object_set_new(to->settings, "listen", json_string(to->listen)) == 0);
    nrs_error error = NRS_ERROR_NO_MEMORY;

    text = set ? json_dumps(to->settings, JSON_INDENT(2)) : NULL;
    if (text != NULL) {
        error = nrs_folder_write(cli, NULL, "node", ".json", nrs_slice_of_string(text));
    }
    nrs_json_free(text);
    return error;
}

static nrs_error write_all(nrs_cli *cli, const move *to)
{
    nrs_error error = NRS_OK;

    nrs_folder_begin(cli);
    if (to->moved) {
        error = nrs_subject_put_card(cli, nrs_slice_of_bytes(&to->bytes));
    }
    if (error == NRS_OK) {
        error = write_settings(cli, to);
    }
    error = nrs_folder_end(cli, error);
    if (error == NRS_OK) { /* also where the same command was cut off before the node was told */
        error = to->moved ? nrs_inbox_poke(cli, "own.card") : nrs_subject_tell_card(cli, nrs_slice_of_bytes(&to->bytes));
    }
    return error;
}

static void print_moved(const nrs_cli *cli, const move *to)
{
    const char *dialled = to->dialled != NULL ? to->dialled : to->card->endpoints[0];

    if (nrs_folder_has(cli, NULL, "identity.next", ".key")) {
        nrs_cli_note(cli, "%s", _("the card of the next keys names the address before: give the command again once this node has gone over to them"));
    }
    if (cli->json) {
        json_t *row = json_pack("{s:s, s:[s], s:I, s:O?, s:b, s:b}", "org", to->card->org, "endpoints", dialled, "serial", (json_int_t)to->serial, "listen",
                                json_object_get(to->settings, "listen"), "changed", to->moved || to->restart ? 1 : 0, "restart", to->restart ? 1 : 0);

        nrs_text_print_json(stdout, row);
        json_decref(row);
        return;
    }
    printf(to->moved ? _("The card names %s from now on. Members that have a link learn it over that; whoever has none needs a new invite.\n")
                     : _("The card names %s already.\n"),
           dialled);
    if (to->restart) {
        printf(_("The node listens on %s once it is started again.\n"), to->listen);
    }
}

nrs_error nrs_card_move(nrs_cli *cli)
{
    move to = {.advertise = nrs_cli_option(cli, "advertise"), .listen = nrs_cli_option(cli, "listen")};
    nrs_error error = NRS_OK;

    if (nrs_cli_option(cli, "qr") != NULL || nrs_cli_option(cli, "fingerprint") != NULL) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("give --advertise and --listen without --qr and --fingerprint"));
    }
    error = nrs_endpoint_check(cli, to.advertise);
    if (error == NRS_OK) {
        error = nrs_listen_check(cli, to.listen);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_start(cli);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_own_card(cli, &to.bytes, &to.card);
    }
    if (error == NRS_OK) {
        to.serial = to.card->serial;
        error = plan(cli, &to);
    }
    if (error == NRS_OK && to.moved) {
        error = sign(cli, &to);
    }
    if (error == NRS_OK) {
        error = write_all(cli, &to);
    }
    if (error == NRS_OK) {
        print_moved(cli, &to);
    }
    json_decref(to.settings);
    nrs_card_free(&to.card);
    nrs_bytes_wipe(&to.bytes);
    return error;
}
