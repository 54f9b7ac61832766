/* noroshi community invite: the roster and the hubs' cards on their way to a member. Nothing in it is secret. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"
#include "community/hub_card.h"
#include "community/invite.h"
#include "key/keyring.h"
#include "proto/armour.h"
#include "proto/vocabulary.h"
#include "community/roster_file.h"
#include "run.h"
#include "text.h"

static void free_cards(nrs_bytes *cards, ProtobufCBinaryData *fields, size_t count)
{
    for (size_t i = 0; cards != NULL && i < count; i++) {
        nrs_bytes_wipe(&cards[i]);
    }
    free(cards);
    free(fields);
}

/* A hub's card, its own or one that was left here when it was added. */
static nrs_error hub_card(nrs_cli *cli, nrs_bytes *card_out, const Nrs__Wire__Member *hub, const nrs_node_settings *settings)
{
    if (strcmp(hub->org, settings->org) == 0) {
        return nrs_folder_read_armour(cli, card_out, "CARD", NULL, "own", ".card", NRS_ERROR_NOT_A_NODE);
    }
    return nrs_hub_card_read(cli, card_out, hub);
}

nrs_error nrs_invite_make(nrs_cli *cli, nrs_bytes *invite_out, const nrs_held *held, const nrs_node_settings *settings)
{
    const size_t count_max = held->roster->n_members;
    nrs_bytes *cards = calloc(count_max + 1, sizeof *cards);
    ProtobufCBinaryData *fields = calloc(count_max + 1, sizeof *fields);
    nrs_invite invite = NRS__WIRE__INVITE__INIT;
    size_t count = 0;
    nrs_error error = cards == NULL || fields == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < count_max; i++) {
        if (held->roster->members[i]->role != NRS_ROLE_HUB) {
            continue;
        }
        error = hub_card(cli, &cards[count], held->roster->members[i], settings);
        if (error == NRS_OK && cards[count].size > 0) {
            fields[count] = nrs_field_of(nrs_slice_of_bytes(&cards[count]));
            count++;
        }
    }
    if (error == NRS_OK) {
        invite.first = nrs_field_of(nrs_slice_of_bytes(&held->first));
        invite.current = nrs_field_of(nrs_slice_of_bytes(&held->current));
        if (held->chain != NULL) {
            invite.chain = held->chain->chain;
            invite.n_chain = held->chain->n_chain;
        }
        invite.cards = fields;
        invite.n_cards = count;
        error = nrs_invite_encode(invite_out, &invite);
    }
    free_cards(cards, fields, count);
    return error;
}

nrs_error nrs_run_community_invite(nrs_cli *cli)
{
    const char *slug = NULL;
    nrs_node_settings settings;
    nrs_held held = {0};
    nrs_bytes invite = {0};
    char *text = NULL;
    nrs_error error = nrs_held_slug(cli, &slug, cli->arguments[0]);

    if (error == NRS_OK) {
        error = nrs_folder_settings(cli, &settings);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_start(cli);
    }
    if (error == NRS_OK) {
        error = nrs_held_read(cli, &held, slug);
    }
    if (error == NRS_OK) {
        error = nrs_invite_make(cli, &invite, &held, &settings);
    }
    if (error == NRS_OK) {
        error = nrs_armour_encode(&text, "INVITE", nrs_slice_of_bytes(&invite));
    }
    if (error == NRS_OK && cli->json) {
        json_t *row = json_pack("{s:s, s:s}", "id", slug, "invite", text);

        nrs_text_print_json(stdout, row);
        json_decref(row);
    } else if (error == NRS_OK) {
        fputs(text, stdout);
    }
    free(text);
    nrs_bytes_wipe(&invite);
    nrs_held_wipe(&held);
    return error;
}
