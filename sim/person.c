#include "person.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "keys/seal.h"
#include "keys/vault.h"
#include "memory.h"
#include "proto/vocabulary.h"
#include "send.h"
#include "world.h"

#define WEEKS 4u
#define MUST(expression) NRS_ASSERT((expression) == NRS_OK)

static json_t *base64(nrs_slice bytes)
{
    char *line = NULL;
    json_t *value;

    MUST(nrs_base64_encode(&line, bytes));
    value = json_string(line);
    free(line);
    return value;
}

/* Bytes of an answer, exactly so many. */
static bool read_bytes(uint8_t *bytes_out, size_t size, const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    nrs_bytes bytes = {0};
    bool whole = text != NULL && nrs_base64_decode(&bytes, nrs_slice_of_string(text)) == NRS_OK && bytes.size == size;

    if (whole) {
        memcpy(bytes_out, bytes.data, size);
    } else if (text != NULL && strlen(text) == 2 * size) {
        whole = nrs_hex_decode(bytes_out, size, text) == NRS_OK;
    }
    nrs_bytes_wipe(&bytes);
    return whole;
}

static uint64_t number_at(const json_t *row, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(row, name));
}

/* ---- Who ---- */

const char *sim_person_id(bool second)
{
    return second ? SIM_PERSON_SECOND : SIM_PERSON;
}

nrs_identity *sim_person_of(const sim_node *node, bool second)
{
    return second ? node->second : node->person;
}

bool sim_person_addressed(const sim_report *report, size_t node)
{
    return (report->to_second & (1ull << node)) != 0;
}

bool sim_person_may_open(const sim_report *report, size_t node, bool second)
{
    return (node == report->sender && second == report->by_second) || ((report->to & (1ull << node)) != 0 && second == sim_person_addressed(report, node));
}

/* ---- Keys ---- */

void sim_person_fill(Nrs__Wire__PersonEntry *entry_out, uint8_t proof_out[NRS_SIGNATURE_SIZE], const sim_node *node, const nrs_identity *org, bool second)
{
    static char ids[2][2] = {SIM_PERSON, SIM_PERSON_SECOND};
    char *id = ids[second ? 1 : 0];
    const nrs_identity *person = sim_person_of(node, second);
    const nrs_public_keys *keys = nrs_identity_public(person);

    MUST(nrs_person_prove(proof_out, person, id, nrs_identity_public(org)->sign_key));
    nrs__wire__person_entry__init(entry_out);
    entry_out->id = entry_out->name = id;
    entry_out->sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
    entry_out->agree_key = nrs_field_of(nrs_slice_of(keys->agree_key, NRS_KEY_SIZE));
    entry_out->proof = nrs_field_of(nrs_slice_of(proof_out, NRS_SIGNATURE_SIZE));
}

static json_t *prekey_entry(const nrs_identity *person, const nrs_prekey_secret *prekey)
{
    char id[2 * NRS_PREKEY_ID_SIZE + 1];
    nrs_secret *share = NULL, *key = NULL;
    nrs_bytes wrapped = {0};
    json_t *entry;

    nrs_hex_encode(id, prekey->id, NRS_PREKEY_ID_SIZE);
    MUST(nrs_secret_random(&share, NRS_KEY_SIZE));
    MUST(nrs_person_prekey_key(&key, person, share));
    MUST(nrs_vault_wrap(&wrapped, key, nrs_slice_of(prekey->id, NRS_PREKEY_ID_SIZE), prekey->secret));
    entry = json_pack("{s:s, s:o, s:I, s:I, s:o, s:o}", "id", id, "key", base64(nrs_slice_of(prekey->key, NRS_KEY_SIZE)), "from_ms",
                      (json_int_t)prekey->from_ms, "until_ms", (json_int_t)prekey->until_ms, "share", base64(nrs_secret_slice(share)),
                      "sealed_secret", base64(nrs_slice_of_bytes(&wrapped)));
    nrs_bytes_wipe(&wrapped);
    nrs_secret_destroy(&key);
    nrs_secret_destroy(&share);
    return entry;
}

json_t *sim_person_prekeys(const sim_world *world, const sim_node *node, bool second)
{
    const nrs_identity *person = sim_person_of(node, second);
    nrs_prekey_secret prekeys[WEEKS];
    uint64_t now_ms = sim_node_now_ms(world, node);
    nrs_bytes bundle = {0};
    json_t *entries = json_array(), *request;

    MUST(nrs_prekeys_make(prekeys, WEEKS, now_ms - now_ms % NRS_PREKEY_WINDOW_MS));
    MUST(nrs_prekeys_sign(&bundle, prekeys, WEEKS, person, nrs_identity_public(node->identity)->sign_key, now_ms));
    for (size_t i = 0; i < WEEKS; i++) {
        (void)json_array_append_new(entries, prekey_entry(person, &prekeys[i]));
        nrs_prekey_secret_wipe(&prekeys[i]);
    }
    request = json_pack("{s:s, s:s, s:o, s:o}", "command", "person-prekeys", "person", sim_person_id(second), "bundle", base64(nrs_slice_of_bytes(&bundle)),
                        "prekeys", entries);
    nrs_bytes_wipe(&bundle);
    return request;
}

/* ---- Sealing ---- */

typedef struct lent {
    nrs_recipient recipients[SIM_NODES_MAX];
    uint8_t agreements[SIM_NODES_MAX][NRS_KEY_SIZE];
    size_t count;
    Nrs__Wire__Target targets[SIM_NODES_MAX], *target_list[SIM_NODES_MAX];
    size_t target_count;
    json_t *addresses;
    nrs_public_keys node;
    uint8_t community[NRS_HASH_SIZE], stream[NRS_HASH_SIZE], previous[NRS_HASH_SIZE];
} lent;

/* The node's half of each agreement. */
static nrs_error agree(void *context, uint8_t shared_out[NRS_KEY_SIZE], const uint8_t peer_agree_key[NRS_KEY_SIZE])
{
    const lent *from = context;

    for (size_t i = 0; i < from->count; i++) {
        if (memcmp(from->recipients[i].agree_key, peer_agree_key, NRS_KEY_SIZE) == 0) {
            memcpy(shared_out, from->agreements[i], NRS_KEY_SIZE);
            return NRS_OK;
        }
    }
    return NRS_ERROR_FORGED;
}

/* Of a node's two the one who is written to. */
static bool is_addressed(const sim_world *world, const sim_report *report, size_t node, const uint8_t *sign_key)
{
    const nrs_identity *person = sim_person_of(&world->nodes[node], sim_person_addressed(report, node));

    return person != NULL && memcmp(nrs_identity_public(person)->sign_key, sign_key, NRS_KEY_SIZE) == 0;
}

/* The sender's own slot stands outside the audience, unless it wrote to itself. report: NULL where all count. */
static bool read_recipient(sim_world *world, sim_report *report, uint64_t asked, lent *from, const json_t *one)
{
    nrs_recipient *to = &from->recipients[from->count];
    Nrs__Wire__Target *target = &from->targets[from->target_count];
    size_t node;

    if (from->count == SIM_NODES_MAX || !read_bytes(to->org_sign_key, NRS_KEY_SIZE, one, "org_sign_key") ||
        !read_bytes(to->sign_key, NRS_KEY_SIZE, one, "sign_key") || !read_bytes(to->agree_key, NRS_KEY_SIZE, one, "agree_key") ||
        !read_bytes(to->prekey, NRS_KEY_SIZE, one, "prekey") || !read_bytes(to->prekey_id, NRS_PREKEY_ID_SIZE, one, "prekey_id") ||
        !read_bytes(from->agreements[from->count], NRS_KEY_SIZE, one, "agreement")) {
        return false;
    }
    from->count++;
    node = sim_check_node_of_key(world, to->org_sign_key);
    if (report == NULL) {
        (void)json_array_append(from->addresses, json_object_get(one, "address"));
    } else if (node < world->node_count && (asked & (1ull << node)) != 0 && is_addressed(world, report, node, to->sign_key)) {
        nrs__wire__target__init(target);
        target->org = nrs_field_of(nrs_slice_of(to->org_sign_key, NRS_KEY_SIZE));
        target->person = nrs_field_of(nrs_slice_of(to->sign_key, NRS_KEY_SIZE));
        from->target_list[from->target_count++] = target;
        (void)json_array_append(from->addresses, json_object_get(one, "address"));
        report->to |= 1ull << node;
    }
    return true;
}

static bool read_preparation(sim_world *world, sim_report *report, lent *from, const json_t *row)
{
    uint64_t asked = report->to;
    size_t index;
    const json_t *one;

    report->to = 0;
    if (!read_bytes(from->community, NRS_HASH_SIZE, row, "community") || !read_bytes(from->node.sign_key, NRS_KEY_SIZE, row, "originator") ||
        !read_bytes(from->node.agree_key, NRS_KEY_SIZE, row, "agree_key") || !read_bytes(from->node.curve_key, NRS_KEY_SIZE, row, "curve_key") ||
        !read_bytes(from->stream, NRS_HASH_SIZE, row, "stream")) {
        return false;
    }
    json_array_foreach(json_object_get(row, "recipients"), index, one) {
        if (!read_recipient(world, report, asked, from, one)) {
            return false;
        }
    }
    return number_at(row, "sequence") == 1 || read_bytes(from->previous, NRS_HASH_SIZE, row, "previous");
}

static json_t *seal(const sim_report *report, size_t number, lent *from, const json_t *row)
{
    char subject[24], body[80];
    uint64_t sequence = number_at(row, "sequence");
    nrs_header header;
    nrs_report text;
    nrs_audience audience;
    nrs_seal_request request = {.header = &header, .report = &text, .audience = &audience, .stream = nrs_slice_of(from->stream, NRS_HASH_SIZE),
                                .sequence = sequence, .recipients = from->recipients, .recipient_count = from->count,
                                .grantor = {.keys = &from->node, .agree = agree, .agree_context = from}};
    nrs_sealed_parts parts = {0};
    nrs_secret *file_key = NULL;
    json_t *submit = NULL;

    (void)snprintf(subject, sizeof subject, "r%zu", number);
    sim_send_text(body, sizeof body, number);
    nrs__wire__header__init(&header);
    header.label = report->label;
    header.community = nrs_field_of(nrs_slice_of(from->community, NRS_HASH_SIZE));
    header.roster_version = number_at(row, "roster_version");
    header.created_ms = number_at(row, "created_at_ms");
    header.expires_ms = number_at(row, "expires_at_ms");
    header.attribution = NRS_ATTRIBUTION_NAMED;
    nrs__wire__report__init(&text);
    text.kind = NRS_KIND_INCIDENT;
    text.subject = subject;
    text.body = body;
    nrs__wire__audience__init(&audience);
    audience.targets = from->target_list;
    audience.n_targets = from->target_count;
    request.previous = sequence > 1 ? nrs_slice_of(from->previous, NRS_HASH_SIZE) : nrs_slice_of(NULL, 0);
    if (from->target_count > 0 && nrs_seal(&parts, &file_key, &request) == NRS_OK) {
        submit = json_pack("{s:s, s:o, s:o, s:o, s:o, s:O, s:O}", "command", "red-submit", "header", base64(nrs_slice_of_bytes(&parts.header)),
                           "body", base64(nrs_slice_of_bytes(&parts.body)), "grant", base64(nrs_slice_of_bytes(&parts.grant)), "slot_table",
                           base64(nrs_slice_of_bytes(&parts.slot_table)), "to", from->addresses, "recipients", from->addresses);
    }
    nrs_secret_destroy(&file_key);
    nrs_sealed_parts_wipe(&parts);
    return submit;
}

json_t *sim_person_seal(sim_world *world, sim_report *report, size_t number, const json_t *prepared)
{
    lent *from = sim_alloc(1, sizeof *from);
    json_t *submit = NULL;

    from->addresses = json_array();
    if (read_preparation(world, report, from, prepared)) {
        submit = seal(report, number, from, prepared);
    }
    json_decref(from->addresses);
    sodium_memzero(from, sizeof *from);
    free(from);
    return submit;
}

/* ---- Opening ---- */

static bool payload_of(nrs_bytes *payload_out, const json_t *value, uint32_t type)
{
    const char *text = json_string_value(value);
    nrs_bytes bytes = {0};
    nrs_record *record = NULL;
    bool whole = text != NULL && nrs_base64_decode(&bytes, nrs_slice_of_string(text)) == NRS_OK &&
                 nrs_record_decode(&record, nrs_slice_of_bytes(&bytes)) == NRS_OK && record->type == type &&
                 nrs_bytes_copy(payload_out, nrs_field(&record->payload)) == NRS_OK;

    nrs_record_free(&record);
    nrs_bytes_wipe(&bytes);
    return whole;
}

/* The prekey that the slot names, from the node's share and the person's key. */
static bool unwrap(const nrs_identity *person, nrs_prekey_secret *prekey_out, const json_t *prekeys, const uint8_t *id)
{
    size_t index;
    const json_t *one;

    json_array_foreach(prekeys, index, one) {
        const char *sealed = json_string_value(json_object_get(one, "sealed_secret"));
        uint8_t share_bytes[NRS_KEY_SIZE];
        nrs_secret *share = NULL, *key = NULL;
        nrs_bytes wrapped = {0};
        bool opens;

        if (!read_bytes(prekey_out->id, NRS_PREKEY_ID_SIZE, one, "id") || memcmp(prekey_out->id, id, NRS_PREKEY_ID_SIZE) != 0) {
            continue;
        }
        opens = read_bytes(prekey_out->key, NRS_KEY_SIZE, one, "key") && read_bytes(share_bytes, NRS_KEY_SIZE, one, "share") && sealed != NULL &&
                nrs_base64_decode(&wrapped, nrs_slice_of_string(sealed)) == NRS_OK &&
                nrs_secret_copy(&share, nrs_slice_of(share_bytes, NRS_KEY_SIZE)) == NRS_OK &&
                nrs_person_prekey_key(&key, person, share) == NRS_OK &&
                nrs_vault_unwrap(&prekey_out->secret, key, nrs_slice_of(prekey_out->id, NRS_PREKEY_ID_SIZE), nrs_slice_of_bytes(&wrapped)) == NRS_OK;
        nrs_bytes_wipe(&wrapped);
        nrs_secret_destroy(&key);
        nrs_secret_destroy(&share);
        return opens;
    }
    return false;
}

/* The later grant that has this id; NULL when it is not there. Owned. */
static nrs_grant *later_grant(const json_t *given, nrs_slice grant_id)
{
    size_t index;
    const json_t *one;

    json_array_foreach(json_object_get(given, "grants"), index, one) {
        uint8_t id[NRS_HASH_SIZE];
        nrs_bytes payload = {0};
        nrs_grant *grant = NULL;
        const bool found = payload_of(&payload, one, NRS_RECORD_GRANT) && nrs_grant_verify(&grant, id, nrs_slice_of_bytes(&payload)) == NRS_OK &&
                           nrs_slice_equal(nrs_slice_of(id, sizeof id), grant_id);

        nrs_bytes_wipe(&payload);
        if (found) {
            return grant;
        }
        nrs_grant_free(&grant);
    }
    return NULL;
}

static bool read_grantor(nrs_public_keys *keys_out, const json_t *given, nrs_slice sign_key)
{
    size_t index;
    const json_t *one;

    json_array_foreach(json_object_get(given, "grantors"), index, one) {
        if (read_bytes(keys_out->sign_key, NRS_KEY_SIZE, one, "sign_key") && nrs_slice_equal(nrs_slice_of(keys_out->sign_key, NRS_KEY_SIZE), sign_key)) {
            return read_bytes(keys_out->agree_key, NRS_KEY_SIZE, one, "agree_key") && read_bytes(keys_out->curve_key, NRS_KEY_SIZE, one, "curve_key");
        }
    }
    return false;
}

/* By one of the slots that the node keeps for its persons. Out: later_out: it is of a later grant. */
static bool key_by(nrs_identity *person, nrs_secret **file_key_out, bool *later_out, const nrs_sealed_view *view, const json_t *slot, const json_t *given)
{
    nrs_bytes payload = {0};
    nrs_slot_path *path = NULL;
    nrs_slot *inner = NULL;
    nrs_grant *later = NULL;
    const nrs_grant *grant = NULL;
    nrs_prekey_secret prekey = {0};
    nrs_public_keys grantor;
    bool opens = payload_of(&payload, slot, NRS_RECORD_SLOT_PATH) && nrs_slot_path_decode(&path, nrs_slice_of_bytes(&payload)) == NRS_OK &&
                 nrs_slot_decode(&inner, nrs_field(&path->slot)) == NRS_OK;

    *later_out = opens && !nrs_slice_equal(nrs_field(&path->grant_id), nrs_slice_of(view->grant_id, NRS_HASH_SIZE));
    later = *later_out ? later_grant(given, nrs_field(&path->grant_id)) : NULL;
    grant = *later_out ? later : view->grant;
    opens = opens && grant != NULL && read_grantor(&grantor, given, nrs_field(&grant->grantor)) &&
            unwrap(person, &prekey, json_object_get(given, "prekeys"), inner->prekey_id.data) &&
            nrs_slot_open(file_key_out, view, grant, path, person, &prekey, &grantor) == NRS_OK;
    nrs_prekey_secret_wipe(&prekey);
    nrs_grant_free(&later);
    nrs_slot_free(&inner);
    nrs_slot_path_free(&path);
    nrs_bytes_wipe(&payload);
    return opens;
}

static json_t *said(const nrs_opened *opened, bool second, const json_t *given)
{
    json_t *request = json_pack("{s:s, s:O, s:s}", "command", "red-opened", "id", json_object_get(given, "id"), "person", sim_person_id(second));

    if (opened->body->stream.len > 0) {
        (void)json_object_set_new(request, "stream", base64(nrs_field(&opened->body->stream)));
        (void)json_object_set_new(request, "sequence", json_integer((json_int_t)opened->body->sequence));
    }
    if (opened->body->previous.len > 0) {
        (void)json_object_set_new(request, "previous", base64(nrs_field(&opened->body->previous)));
    }
    return request;
}

/* The report and its key, by any slot that opens. Out: owned; untouched when none does. */
static bool unseal(nrs_identity *person, nrs_sealed_view **view_out, nrs_secret **file_key_out, bool *later_out, const json_t *given)
{
    nrs_bytes sealed = {0};
    nrs_sealed_view *view = NULL;
    size_t index;
    const json_t *slot;
    bool opens = false;

    if (payload_of(&sealed, json_object_get(given, "sealed"), NRS_RECORD_SEALED) && nrs_sealed_verify(&view, nrs_slice_of_bytes(&sealed)) == NRS_OK) {
        json_array_foreach(json_object_get(given, "slots"), index, slot) {
            opens = opens || key_by(person, file_key_out, later_out, view, slot, given);
        }
    }
    if (opens) {
        *view_out = view;
        view = NULL;
    }
    nrs_sealed_view_free(&view);
    nrs_bytes_wipe(&sealed);
    return opens;
}

bool sim_person_open(const sim_node *node, bool second, json_t **row_out, json_t **said_out, const json_t *given)
{
    nrs_sealed_view *view = NULL;
    nrs_secret *file_key = NULL;
    nrs_opened opened = {0};
    bool later = false;

    *row_out = *said_out = NULL;
    if (unseal(sim_person_of(node, second), &view, &file_key, &later, given) && nrs_body_open(&opened, view, file_key) == NRS_OK) {
        *row_out = json_pack("{s:O, s:s, s:s}", "id", json_object_get(given, "id"), "subject", opened.report->subject, "body", opened.report->body);
        *said_out = said(&opened, second, given);
        nrs_opened_wipe(&opened);
    }
    nrs_secret_destroy(&file_key);
    nrs_sealed_view_free(&view);
    return *row_out != NULL && later;
}

/* ---- Granting anew (SPEC 6.7) ---- */

/* Of those who wait. */
static bool read_waiting(sim_world *world, lent *from, const json_t *waiting)
{
    size_t index;
    const json_t *one;

    json_array_foreach(waiting, index, one) {
        if (!read_recipient(world, NULL, 0, from, one)) {
            return false;
        }
    }
    return from->count > 0;
}

json_t *sim_person_grant(sim_world *world, const sim_node *node, bool second, const json_t *waiting, const json_t *given)
{
    lent *from = sim_alloc(1, sizeof *from);
    nrs_sealed_view *view = NULL;
    nrs_secret *file_key = NULL;
    nrs_bytes grant = {0}, table = {0};
    nrs_public_keys keys;
    bool later = false;
    json_t *request = NULL;

    from->addresses = json_array();
    if (read_waiting(world, from, waiting) && unseal(sim_person_of(node, second), &view, &file_key, &later, given) &&
        read_grantor(&keys, given, nrs_field(&view->header->originator))) {
        const nrs_grant_request wanted = {.sealed = view, .file_key = file_key, .authority = NRS_AUTHORITY_ORIGINATOR, .recipients = from->recipients,
                                          .recipient_count = from->count, .now_ms = sim_node_now_ms(world, node),
                                          .grantor = {.keys = &keys, .agree = agree, .agree_context = from}};

        if (nrs_grant_make(&grant, &table, &wanted) == NRS_OK) {
            request = json_pack("{s:s, s:O, s:o, s:o, s:O}", "command", "red-grant", "id", json_object_get(given, "id"), "grant",
                                base64(nrs_slice_of_bytes(&grant)), "slot_table", base64(nrs_slice_of_bytes(&table)), "recipients", from->addresses);
        }
    }
    nrs_bytes_wipe(&grant);
    nrs_bytes_wipe(&table);
    nrs_secret_destroy(&file_key);
    nrs_sealed_view_free(&view);
    json_decref(from->addresses);
    sodium_memzero(from, sizeof *from);
    free(from);
    return request;
}
