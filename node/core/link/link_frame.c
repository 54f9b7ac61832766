#include <string.h>

#include "link/link.h"
#include "link/link_frame.h"
#include "proto/carrier.h"
#include "link/receive.h"
#include "roster/roster.h"

static nrs_error send_bytes(nrs_core *core, nrs_link_id id, nrs_frame_type type, nrs_slice payload)
{
    nrs_bytes bytes = {0};
    nrs_effect *effect;
    nrs_error error = nrs_frame_write(&bytes, type, payload);

    if (error == NRS_OK) {
        error = nrs_effect_add(core, &effect, NRS_EFFECT_SEND);
    }
    if (error != NRS_OK) {
        nrs_bytes_wipe(&bytes);
        return error;
    }
    effect->link = id;
    effect->bytes = bytes;
    return NRS_OK;
}

nrs_error nrs_link_send_payload(nrs_core *core, nrs_link *link, nrs_frame_type type, nrs_slice payload)
{
    link->sent_ms = core->monotonic_ms;
    return send_bytes(core, link->id, type, payload);
}

nrs_error nrs_link_send_empty(nrs_core *core, nrs_link *link, nrs_frame_type type)
{
    return nrs_link_send_payload(core, link, type, nrs_slice_of(NULL, 0));
}

nrs_error nrs_link_held(nrs_core *core, uint8_t incarnation_out[NRS_LOG_ID_SIZE], uint64_t *position_out, uint64_t *again_out, nrs_link *link)
{
    nrs_error error = nrs_store_held_get(core->store, incarnation_out, position_out, link->peer->keys.sign_key);

    if (error == NRS_OK) {
        error = nrs_store_held_again_get(core->store, again_out, link->peer->keys.sign_key);
    }
    if (error == NRS_OK && link->hear == NRS_HEAR_UNDECIDED) {
        nrs_peer *peer = link->peer;
        const bool worth = peer->room_again || !peer->heard_again || !nrs_link_away(core, link); /* a peer that is away may be so for good */

        link->hear = *again_out != 0 && *again_out <= *position_out && nrs_deferred_room(core, peer) && worth ? NRS_HEAR_AGAIN : NRS_HEAR_ON;
        if (link->hear == NRS_HEAR_AGAIN) {
            peer->room_again = false;
            peer->heard_again = true;
        }
    }
    if (error == NRS_OK && link->hear == NRS_HEAR_AGAIN) {
        *position_out = *again_out - 1;
    }
    return error;
}

nrs_error nrs_link_send_hello(nrs_core *core, nrs_link *link, bool answer)
{
    nrs_hello hello;
    Nrs__Wire__Head heads[NRS_COMMUNITY_COUNT_MAX];
    Nrs__Wire__Head *head_list[NRS_COMMUNITY_COUNT_MAX];
    uint8_t incarnation[NRS_LOG_ID_SIZE];
    static const uint8_t none[NRS_LOG_ID_SIZE];
    uint64_t held = 0, again = 0;
    nrs_bytes payload = {0};
    nrs_error error = nrs_link_held(core, incarnation, &held, &again, link);

    if (error == NRS_OK) {
        error = nrs_store_part_write(core->store); /* the peer may come to hold something of it (SPEC 10.2) */
    }
    if (error != NRS_OK) {
        return error;
    }
    nrs__wire__hello__init(&hello);
    hello.version_min = hello.version_max = NRS_LINK_VERSION;
    hello.org = nrs_field_of(nrs_slice_of(core->self.sign_key, NRS_KEY_SIZE));
    hello.log = nrs_field_of(nrs_slice_of(nrs_store_incarnation(core->store), NRS_LOG_ID_SIZE));
    if (memcmp(incarnation, none, sizeof none) != 0) {
        hello.peer_log = nrs_field_of(nrs_slice_of(incarnation, sizeof incarnation));
        hello.position = held;
    }
    hello.window = core->link_window;
    hello.now_ms = core->now_ms;
    hello.answer = answer;
    for (size_t i = 0; i < core->community_count; i++) {
        const bool heir = (link->peer->heir_of & nrs_community_bit(core, &core->communities[i])) != 0;
        if (!heir && !nrs_peer_member(core, link->peer, &core->communities[i]) && !nrs_guest_recognised(core, link->peer, core->communities[i].id)) {
            continue; /* what else this node belongs to is not the peer's business */
        }
        nrs__wire__head__init(&heads[hello.n_heads]);
        heads[hello.n_heads].community = nrs_field_of(nrs_slice_of(core->communities[i].id, NRS_HASH_SIZE));
        heads[hello.n_heads].version = core->communities[i].roster->version;
        heads[hello.n_heads].hash = nrs_field_of(nrs_slice_of(core->communities[i].head, NRS_HASH_SIZE));
        head_list[hello.n_heads] = &heads[hello.n_heads];
        hello.n_heads++;
    }
    hello.heads = head_list;
    error = nrs_hello_encode(&payload, &hello);
    if (error == NRS_OK) {
        error = nrs_link_send_payload(core, link, NRS_FRAME_HELLO, nrs_slice_of_bytes(&payload));
    }
    nrs_bytes_wipe(&payload);
    return error;
}

nrs_error nrs_link_send_confirm(nrs_core *core, nrs_link *link)
{
    nrs_bytes payload = {0};
    nrs_error error = nrs_confirm_encode(&payload, &link->confirm);

    if (error == NRS_OK) {
        error = nrs_link_send_payload(core, link, NRS_FRAME_CONFIRM, nrs_slice_of_bytes(&payload));
    }
    nrs_bytes_wipe(&payload);
    return error;
}

void nrs_link_send_bye(nrs_core *core, nrs_link_id id, nrs_error cause)
{
    nrs_bye bye;
    nrs_bytes payload = {0};
    nrs_error error;

    nrs__wire__bye__init(&bye);
    bye.error = (uint32_t)cause;
    error = nrs_bye_encode(&payload, &bye);
    if (error == NRS_OK) {
        error = send_bytes(core, id, NRS_FRAME_BYE, nrs_slice_of_bytes(&payload));
    }
    nrs_bytes_wipe(&payload);
    if (error != NRS_OK) {
        nrs_core_log(core, error, "the reason of a close could not be sent: %s", nrs_error_rule(error));
    }
}
