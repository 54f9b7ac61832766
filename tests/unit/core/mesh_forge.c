#include "mesh_forge.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include <sodium.h>

#include "internal.h"
#include "keys/secret.h"
#include "link/log.h"
#include "link/look_up.h"
#include "mesh_records.h"
#include "stream/stream.h"
#include "withheld/withheld.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

void mesh_forged_wipe(mesh_forged *made)
{
    nrs_bytes_wipe(&made->sealed);
    nrs_bytes_wipe(&made->grant);
    nrs_bytes_wipe(&made->table);
    nrs_bytes_wipe(&made->path);
}

static void audience_of(nrs_audience *audience_out, Nrs__Wire__Target *target, Nrs__Wire__Target **list, const mesh *net, size_t node)
{
    nrs__wire__target__init(target);
    target->org = nrs_field_of(nrs_slice_of(nrs_identity_public(net->nodes[node].identity)->sign_key, NRS_KEY_SIZE));
    list[0] = target;
    nrs__wire__audience__init(audience_out);
    audience_out->targets = list;
    audience_out->n_targets = 1;
}

static void first_path(nrs_bytes *path_out, nrs_slice grant_statement, nrs_slice table_record, const uint8_t *id)
{
    nrs_grant *grant = NULL;
    nrs_record *record = NULL;
    nrs_slot_table *table = NULL;
    nrs_slots *slots = NULL;

    OK(nrs_grant_decode(&grant, grant_statement));
    OK(nrs_record_decode(&record, table_record));
    OK(nrs_slot_table_decode(&table, nrs_field(&record->payload)));
    OK(nrs_slots_new(&slots, table, grant, id));
    OK(nrs_slots_path_record(path_out, slots, 0));
    nrs_slots_destroy(&slots);
    nrs_slot_table_free(&table);
    nrs_record_free(&record);
    nrs_grant_free(&grant);
}

/* It says that it has so many slots, and nobody has ever seen them; or it has a key in their place. */
static void alter(nrs_bytes *statement, const mesh_forging *how)
{
    uint8_t root[NRS_HASH_SIZE];
    nrs_grant *grant = NULL, altered;
    nrs_bytes bytes = {0};

    randombytes_buf(root, sizeof root);
    OK(nrs_grant_decode(&grant, nrs_slice_of_bytes(statement)));
    altered = *grant;
    if (how->slot_count > 0) {
        altered.slot_root = nrs_field_of(nrs_slice_of(root, sizeof root));
        altered.slot_count = how->slot_count;
    }
    if (how->file_key != NULL) {
        altered.epk = altered.slot_root = nrs_field_of(nrs_slice_of(NULL, 0));
        altered.slot_count = 0;
        altered.file_key = nrs_field_of(nrs_slice_of(how->file_key, NRS_KEY_SIZE));
    }
    OK(nrs_grant_encode(&bytes, &altered));
    nrs_grant_free(&grant);
    nrs_bytes_wipe(statement);
    *statement = bytes;
}

mesh_forged mesh_forge(const mesh_forging *how)
{
    const mesh_node *keeper = &how->net->nodes[how->keeper];
    nrs_identity *identity = how->net->nodes[how->grantor].identity;
    mesh_forged made = {.id = {0}};
    nrs_report_row row;
    nrs_bytes holder = {0}, statement = {0};
    nrs_secret *file_key = NULL;
    nrs_sealed_view *view = NULL;
    const nrs_log_entry *entry = NULL;
    uint64_t at = 0;
    nrs_recipient recipient = mesh_recipient(how->net, how->to);
    Nrs__Wire__Target target, *list[1];
    nrs_audience audience;
    nrs_grant_request request = {.authority = how->authority, .recipients = &recipient, .now_ms = how->net->now_ms,
                                 .audience = how->unnamed ? NULL : &audience,
                                 .audience_salt = nrs_slice_of(how->salt, how->salt == NULL ? 0 : NRS_HASH_SIZE),
                                 .community = nrs_slice_of(how->community, how->community == NULL ? 0 : NRS_HASH_SIZE),
                                 .grantor = {.keys = nrs_identity_public(identity), .agree = nrs_identity_agree_with, .agree_context = identity}};

    recipient.prekey_id[0] ^= how->prekey_unknown ? 1 : 0;
    audience_of(&audience, &target, list, how->net, how->named);
    OK(nrs_store_report_get(keeper->store, &row, &holder, how->report));
    OK(nrs_open_file_key(keeper->core, &file_key, &row));
    OK(nrs_log_sealed(keeper->core, &view, &at, how->report));
    request.sealed = view;
    request.file_key = file_key;
    request.recipient_count = nrs_header_key_open(view->header) ? 0 : 1;
    request.authority_ref = nrs_slice_of(how->ref == NULL ? view->grant_id : how->ref, how->authority == NRS_AUTHORITY_ORIGINATOR && how->ref == NULL ? 0 : NRS_HASH_SIZE);
    OK(nrs_grant_make(&statement, &made.table, &request));
    if (how->slot_count > 0 || how->file_key != NULL) {
        alter(&statement, how);
    }
    nrs_hash_one(made.id, NRS_DOMAIN_STATEMENT_ID, nrs_slice_of_bytes(&statement));
    OK(nrs_signed_record(&made.grant, NRS_RECORD_GRANT, identity, nrs_slice_of_bytes(&statement)));
    if (how->slot_count == 0 && how->file_key == NULL && request.recipient_count > 0) {
        first_path(&made.path, nrs_slice_of_bytes(&statement), nrs_slice_of_bytes(&made.table), made.id);
    }
    OK(nrs_log_entry_at(keeper->core, &entry, at));
    OK(nrs_bytes_copy(&made.sealed, nrs_slice_of_bytes(&entry->record)));
    nrs_sealed_view_free(&view);
    nrs_secret_destroy(&file_key);
    nrs_bytes_wipe(&statement);
    nrs_bytes_wipe(&holder);
    return made;
}

void mesh_forge_release(nrs_bytes *record_out, uint8_t id_out[NRS_HASH_SIZE], const mesh_releasing *how)
{
    const mesh *net = how->net;
    Nrs__Wire__Target target, *list[1];
    nrs_audience audience;
    nrs_bytes encoded = {0}, payload = {0};
    uint8_t commitment[NRS_HASH_SIZE], ask_id[NRS_HASH_SIZE] = {1}, signed_by[NRS_KEY_SIZE];
    nrs_ask ask;
    nrs_release release, *checked = NULL;

    audience_of(&audience, &target, list, net, how->named);
    OK(nrs_audience_encode(&encoded, &audience));
    nrs__wire__ask__init(&ask);
    ask.salt = nrs_field_of(nrs_slice_of(how->salt, NRS_HASH_SIZE));
    ask.audience = nrs_field_of(nrs_slice_of_bytes(&encoded));
    nrs_ask_commitment(commitment, &ask);
    nrs__wire__release__init(&release);
    release.suite = NRS_SUITE;
    release.sealed_id = nrs_field_of(nrs_slice_of(how->report, NRS_HASH_SIZE));
    release.holder = nrs_field_of(nrs_slice_of(nrs_identity_public(net->nodes[how->holder].identity)->sign_key, NRS_KEY_SIZE));
    release.audience_commitment = nrs_field_of(nrs_slice_of(commitment, sizeof commitment));
    release.community = nrs_field_of(nrs_slice_of(how->community, how->community == NULL ? 0 : NRS_HASH_SIZE));
    release.label = how->label;
    release.created_ms = net->now_ms - NRS_HOUR_MS;
    release.expires_ms = how->expires_ms;
    release.ask = nrs_field_of(nrs_slice_of(ask_id, sizeof ask_id));
    OK(nrs_release_sign(&payload, &release, net->nodes[how->signer].identity));
    OK(nrs_release_verify(&checked, signed_by, id_out, nrs_slice_of_bytes(&payload)));
    OK(nrs_record_wrap(record_out, NRS_RECORD_RELEASE, nrs_slice_of_bytes(&payload)));
    nrs_release_free(&checked);
    nrs_bytes_wipe(&payload);
    nrs_bytes_wipe(&encoded);
}

void mesh_forge_ask(nrs_bytes *detail_out, const Nrs__Wire__Target *target, const uint8_t salt[NRS_HASH_SIZE], const uint8_t *community)
{
    Nrs__Wire__Target only = *target, *list[1] = {&only};
    nrs_audience audience = NRS__WIRE__AUDIENCE__INIT;
    nrs_ask ask = NRS__WIRE__ASK__INIT;
    nrs_bytes encoded = {0};

    audience.targets = list;
    audience.n_targets = 1;
    OK(nrs_audience_encode(&encoded, &audience));
    ask.salt = nrs_field_of(nrs_slice_of(salt, NRS_HASH_SIZE));
    ask.audience = nrs_field_of(nrs_slice_of_bytes(&encoded));
    ask.community = nrs_field_of(nrs_slice_of(community, community == NULL ? 0 : NRS_HASH_SIZE));
    OK(nrs_ask_encode(detail_out, &ask));
    nrs_bytes_wipe(&encoded);
}

#define FORGED_POSITION (1u << 20)

static uint32_t answered;

bool mesh_hear(void *context, size_t from, size_t to, nrs_slice bytes)
{
    mesh *net = context;
    nrs_frame *frame = NULL;
    nrs_confirm *confirm = NULL;

    (void)from;
    (void)to;
    if (nrs_frame_decode(&frame, bytes) == NRS_OK && frame->type == NRS_FRAME_CONFIRM && nrs_confirm_decode(&confirm, nrs_field(&frame->payload)) == NRS_OK &&
        confirm->position >= FORGED_POSITION) {
        answered = confirm->n_refusals > 0 ? confirm->refusals[confirm->n_refusals - 1]->error : answered;
        net->swallow = true;
    }
    nrs_confirm_free(&confirm);
    nrs_frame_free(&frame);
    return true;
}

nrs_error mesh_hand_over(mesh *net, size_t from, size_t to, const nrs_bytes *record)
{
    static uint64_t position = FORGED_POSITION;

    assert_ptr_equal(net->inspect_context, net);
    answered = 0;
    mesh_give_records(net, from, to, position++, nrs_slice_of_bytes(record), nrs_slice_of(NULL, 0));
    mesh_settle(net, 1);
    return (nrs_error)answered;
}

void mesh_say(const mesh *net, size_t from, size_t to, const nrs_statement *statement)
{
    mesh_say_in(net, nrs_slice_of_bytes(&net->statement), from, to, statement);
}

void mesh_say_in(const mesh *net, nrs_slice roster, size_t from, size_t to, const nrs_statement *statement)
{
    nrs_roster *held = NULL;
    uint8_t community[NRS_HASH_SIZE];

    OK(nrs_roster_decode(&held, roster));
    nrs_roster_community(community, held, roster);
    OK(nrs_statement_queue(net->nodes[from].core, nrs_identity_public(net->nodes[to].identity)->sign_key, community, statement));
    nrs_roster_free(&held);
}

nrs_error mesh_read_published(const mesh *net, size_t node, bool no_secrets)
{
    static nrs_secret *taken[8192];
    size_t count = 0;
    nrs_error error;

    while (no_secrets && count < sizeof taken / sizeof taken[0] && nrs_secret_new(&taken[count], NRS_KEY_SIZE) == NRS_OK) {
        count++;
    }
    error = nrs_published_load(net->nodes[node].core);
    while (count > 0) {
        count--;
        nrs_secret_destroy(&taken[count]);
    }
    return error;
}

bool mesh_gathers(const mesh *net, size_t node, size_t from)
{
    const nrs_peer *peer = nrs_peer_by_sign(net->nodes[node].core, nrs_identity_public(net->nodes[from].identity)->sign_key);

    return peer != NULL && peer->link != NULL && peer->link->gathering != NULL;
}

bool mesh_recalls(const mesh *net, size_t hub, const uint8_t *place, const uint8_t *id)
{
    nrs_sealed_view *view = NULL;
    bool found = false;

    for (size_t way = 0; nrs_equivocation_recall(net->nodes[hub].core, &view, &way, place) == NRS_OK;) {
        found = found || memcmp(view->id, id, NRS_HASH_SIZE) == 0;
        nrs_sealed_view_free(&view);
    }
    return found;
}

static nrs_peer *peer_at(const mesh *net, size_t node, size_t peer)
{
    nrs_peer *found = nrs_peer_by_sign(net->nodes[node].core, nrs_identity_public(net->nodes[peer].identity)->sign_key);

    assert_non_null(found);
    return found;
}

void mesh_exhaust(const mesh *net, size_t node, size_t peer, bool statements)
{
    nrs_peer *from = peer_at(net, node, peer);
    nrs_idle *idle = statements ? &from->idle_statements : &from->idle_records;

    while (nrs_look_ups_left(net->nodes[node].core, idle)) {
        nrs_look_up_note(net->nodes[node].core, idle);
    }
}

void mesh_not_at_hand(const mesh *net, size_t node)
{
    nrs_log_cache_wipe(net->nodes[node].core);
}

bool mesh_look_ups_left(const mesh *net, size_t node, size_t peer)
{
    return nrs_look_ups_left(net->nodes[node].core, &peer_at(net, node, peer)->idle_records);
}
