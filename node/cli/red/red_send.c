/* Sealing a RED report (SPEC 6): the node says for whom and lends its half of each agreement, this process keeps the text
 * and the file key, and the node signs what comes back. */
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "folder.h"
#include "key/keyring.h"
#include "keys/seal.h"
#include "language.h"
#include "proto/address.h"
#include "proto/assert.h"
#include "red/red.h"
#include "red/red_keys.h"
#include "red/red_open.h"
#include "red/red_report.h"
#include "text.h"

enum { ATTEMPTS = 4 };

/* What the node prepared. Owned; preparation_wipe. */
typedef struct preparation {
    json_t *row;
    nrs_held held;        /* the community's roster, verified here from its first version on */
    nrs_red_cards cards;
    const char *renewed;  /* the address of who wrote the quoted report, when that was signed by another key of the organisation; borrows from row */
    const char *stranger; /* the address under which the node named keys that are not its own; borrows from row */
    nrs_public_keys grantor;
    uint8_t community[NRS_HASH_SIZE];
    uint64_t roster_version, created_ms, expires_ms;
    nrs_recipient *recipients;
    uint8_t (*agreements)[NRS_KEY_SIZE]; /* as recipients */
    size_t count;
    json_t *addresses;                   /* of all but the sender's own slot */
    Nrs__Wire__Target *targets;          /* as addresses; borrow from recipients */
    Nrs__Wire__Target **target_places;
    size_t target_count;
    uint8_t stream[NRS_HASH_SIZE], previous[NRS_HASH_SIZE];
    uint64_t sequence;
    char duty[NRS_NAME_SIZE_MAX + 1];
    Nrs__Wire__Conditions conditions;
    uint8_t hashes[NRS_DISCLAIMER_COUNT_MAX][NRS_HASH_SIZE]; /* ascending */
    ProtobufCBinaryData disclaimers[NRS_DISCLAIMER_COUNT_MAX];
    size_t disclaimer_count;
} preparation;

static void preparation_wipe(preparation *with)
{
    if (with->agreements != NULL) {
        nrs_bytes secret = {(uint8_t *)with->agreements, with->count * NRS_KEY_SIZE, with->count * NRS_KEY_SIZE};

        nrs_bytes_wipe(&secret);
    }
    free(with->recipients);
    free(with->targets);
    free(with->target_places);
    json_decref(with->addresses);
    nrs_red_cards_wipe(&with->cards);
    nrs_held_wipe(&with->held);
    json_decref(with->row);
    *with = (preparation){0};
}

/* The agreements that the node lent, found by the reader's key. */
static nrs_error lent_agreement(void *context, uint8_t shared_out[NRS_KEY_SIZE], const uint8_t peer_agree_key[NRS_KEY_SIZE])
{
    const preparation *with = context;

    for (size_t i = 0; i < with->count; i++) {
        if (memcmp(with->recipients[i].agree_key, peer_agree_key, NRS_KEY_SIZE) == 0) {
            memcpy(shared_out, with->agreements[i], NRS_KEY_SIZE);
            return NRS_OK;
        }
    }
    return NRS_ERROR_FORGED;
}

/* The sender keeps a slot, and is part of the audience only where the report is addressed to it. */
static bool is_own_slot(const nrs_draft *draft, const char *own_address, const char *address)
{
    return own_address[0] != '\0' && strcmp(address, own_address) == 0 && !nrs_json_lists(draft->to, address);
}

/* Whom the person addressed, and nobody else; by the keys that the roster, the card and the person's own signature give. */
static nrs_error read_recipient(preparation *with, const nrs_draft *draft, const char *own_address, const char *address, const json_t *entry)
{
    nrs_recipient *recipient = &with->recipients[with->count];
    const Nrs__Wire__PersonEntry *person = NULL;
    nrs_error error = nrs_red_recipient(recipient, with->agreements[with->count], &person, &with->cards, entry, nrs_now_ms());

    with->count += error == NRS_OK ? 1 : 0;
    if (error == NRS_OK && ((!nrs_json_lists(draft->to, address) && strcmp(address, own_address) != 0) ||
                            !nrs_red_addressed(&with->held, address, recipient, person))) {
        error = NRS_ERROR_FORGED;
    }
    if (error == NRS_OK && draft->writer != NULL && strcmp(draft->writer, address) == 0 &&
        memcmp(draft->writer_key, recipient->org_sign_key, NRS_KEY_SIZE) != 0) {
        with->renewed = address;
        return NRS_ERROR_FORGED;
    }
    if (error != NRS_OK && error != NRS_ERROR_NO_MEMORY) {
        with->stranger = address;
    }
    return error;
}

static nrs_error read_recipients(preparation *with, const nrs_draft *draft, const char *own_address)
{
    const json_t *list = json_object_get(with->row, "recipients");
    size_t count = json_array_size(list);
    nrs_error error = NRS_OK;

    if (count > NRS_SLOT_COUNT_MAX) {
        return NRS_ERROR_LIMIT;
    }
    with->recipients = calloc(count + 1, sizeof *with->recipients);
    with->agreements = calloc(count + 1, sizeof *with->agreements);
    with->targets = calloc(count + 1, sizeof *with->targets);
    with->target_places = calloc(count + 1, sizeof(Nrs__Wire__Target *));
    with->addresses = json_array();
    if (with->recipients == NULL || with->agreements == NULL || with->targets == NULL || with->target_places == NULL ||
        with->addresses == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; error == NRS_OK && i < count; i++) {
        const json_t *entry = json_array_get(list, i);
        const char *address = json_string_value(json_object_get(entry, "address"));
        Nrs__Wire__Target *target = &with->targets[with->target_count];

        error = address == NULL ? NRS_ERROR_MALFORMED : read_recipient(with, draft, own_address, address, entry);
        if (error == NRS_OK && !is_own_slot(draft, own_address, address)) {
            nrs__wire__target__init(target);
            target->org = nrs_field_of(nrs_slice_of(with->recipients[with->count - 1].org_sign_key, NRS_KEY_SIZE));
            target->person = nrs_field_of(nrs_slice_of(with->recipients[with->count - 1].sign_key, NRS_KEY_SIZE));
            with->target_places[with->target_count++] = target;
            (void)json_array_append_new(with->addresses, json_string(address));
        }
    }
    return error;
}

/* The report's number among those to the same persons, and the report before it. */
static nrs_error read_number(preparation *with)
{
    const json_t *sequence = json_object_get(with->row, "sequence");
    nrs_error error = nrs_red_bytes(with->stream, NRS_HASH_SIZE, with->row, "stream");

    if (error == NRS_OK && (!json_is_integer(sequence) || json_integer_value(sequence) <= 0)) {
        error = NRS_ERROR_MALFORMED;
    }
    if (error == NRS_OK) {
        with->sequence = (uint64_t)json_integer_value(sequence);
        error = with->sequence > 1 ? nrs_red_bytes(with->previous, NRS_HASH_SIZE, with->row, "previous") : NRS_OK;
    }
    return error;
}

/* What the community's rules, the sender and the quoted report put on it, as the node says. */
static nrs_error read_edges(preparation *with)
{
    const json_t *list = json_object_get(with->row, "disclaimers");
    const char *duty = json_string_value(json_object_get(with->row, "duty"));
    nrs_error error = NRS_OK;

    if (json_array_size(list) > NRS_DISCLAIMER_COUNT_MAX || (duty != NULL && strlen(duty) > NRS_NAME_SIZE_MAX)) {
        return NRS_ERROR_MALFORMED;
    }
    nrs__wire__conditions__init(&with->conditions);
    with->conditions.permissible_actions = (uint32_t)json_integer_value(json_object_get(with->row, "permissible_actions"));
    with->conditions.flags = (uint32_t)json_integer_value(json_object_get(with->row, "condition_flags"));
    snprintf(with->duty, sizeof with->duty, "%s", duty == NULL ? "" : duty);
    for (size_t i = 0; i < json_array_size(list) && error == NRS_OK; i++) {
        error = nrs_red_bytes(with->hashes[i], NRS_HASH_SIZE, json_array_get(list, i), "hash");
        with->disclaimers[i] = nrs_field_of(nrs_slice_of(with->hashes[i], NRS_HASH_SIZE));
        with->disclaimer_count = i + 1;
    }
    return error;
}

static nrs_error read_preparation(preparation *with, const nrs_draft *draft, const char *own_address)
{
    const json_t *version = json_object_get(with->row, "roster_version");
    const json_t *created = json_object_get(with->row, "created_at_ms");
    nrs_error error = nrs_red_bytes(with->community, NRS_HASH_SIZE, with->row, "community");

    if (error == NRS_OK) {
        error = nrs_red_bytes(with->grantor.sign_key, NRS_KEY_SIZE, with->row, "originator");
    }
    if (error == NRS_OK) {
        error = nrs_red_bytes(with->grantor.agree_key, NRS_KEY_SIZE, with->row, "agree_key");
    }
    if (error == NRS_OK) {
        error = nrs_red_bytes(with->grantor.curve_key, NRS_KEY_SIZE, with->row, "curve_key");
    }
    if (error != NRS_OK || !json_is_integer(version) || json_integer_value(version) <= 0 || !json_is_integer(created) ||
        json_integer_value(created) <= 0) {
        return error == NRS_OK ? NRS_ERROR_MALFORMED : error;
    }
    error = read_number(with);
    if (error != NRS_OK) {
        return error;
    }
    with->roster_version = (uint64_t)json_integer_value(version);
    with->created_ms = (uint64_t)json_integer_value(created);
    with->expires_ms = with->created_ms + (draft->expires_in_ms > 0 ? draft->expires_in_ms : NRS_REPORT_LIFE_MS_DEFAULT);
    error = read_edges(with);
    if (error == NRS_OK) {
        error = nrs_red_cards_read(&with->cards, with->row);
    }
    return error == NRS_OK ? read_recipients(with, draft, own_address) : error;
}

/* The roster by which the addresses count: read from the folder and verified, of the very community that the report is to name. */
static nrs_error read_roster(nrs_cli *cli, preparation *with, const nrs_draft *draft)
{
    const char *name = nrs_json_text(with->row, "community_name");
    const char *stated = draft->community == NULL || draft->community[0] != '@' ? draft->community : draft->community + 1;
    uint8_t community[NRS_HASH_SIZE];
    nrs_error error = nrs_red_bytes(community, NRS_HASH_SIZE, with->row, "community");

    if (error != NRS_OK || name == NULL || !nrs_name_valid(name)) {
        return nrs_cli_fail(cli, error == NRS_OK ? NRS_ERROR_MALFORMED : error, NULL, "%s", _("the node's answer cannot be read"));
    }
    error = nrs_held_read(cli, &with->held, name);
    if (error == NRS_OK && stated != NULL && strcmp(stated, name) != 0) {
        return nrs_cli_fail_about(cli, NRS_ERROR_FORGED, name);
    }
    if (error == NRS_OK && memcmp(with->held.community, community, NRS_HASH_SIZE) != 0) {
        error = nrs_cli_fail_about(cli, NRS_ERROR_FORGED, name);
    }
    return error;
}

static nrs_error prepare(nrs_cli *cli, preparation *with, const nrs_draft *draft)
{
    nrs_node_settings settings;
    char own_address[NRS_ADDRESS_SIZE_MAX + 1] = "";
    json_t *request = NULL;
    nrs_error error = nrs_folder_settings(cli, &settings);

    if (error == NRS_OK) {
        error = nrs_draft_request(&request, cli, draft, "red-prepare", false);
    }
    if (error == NRS_OK) {
        error = nrs_control_row(cli, &with->row, request);
    }
    json_decref(request);
    if (error != NRS_OK) {
        return error;
    }
    if (cli->person != NULL) {
        snprintf(own_address, sizeof own_address, "%s@%s", cli->person, settings.org);
    }
    error = read_roster(cli, with, draft);
    if (error != NRS_OK) {
        return error;
    }
    error = read_preparation(with, draft, own_address);
    if (error != NRS_OK && with->renewed != NULL) {
        return nrs_cli_fail(cli, NRS_ERROR_FORGED, _("if it changed its keys since, and is whom you mean, name it with --to"),
                            _("%s: the report that this one answers was not signed by the key of this organisation"), with->renewed);
    }
    if (error != NRS_OK && with->stranger != NULL) {
        return nrs_cli_fail(cli, NRS_ERROR_FORGED, _("nothing was sealed; the node may be in foreign hands"),
                            _("%s: the keys that the node names are not those that the community, the organisation and the person have signed"), with->stranger);
    }
    if (error != NRS_OK) {
        return nrs_cli_fail(cli, error, NULL, "%s", _("the node's answer cannot be read"));
    }
    if (with->target_count == 0) {
        return nrs_cli_fail(cli, NRS_ERROR_AUDIENCE, _("try again when the keys of the recipients have arrived"), "%s",
                            _(nrs_error_sentence(NRS_ERROR_AUDIENCE)));
    }
    return NRS_OK;
}

/* ---- sealing ---- */

static nrs_error seal(nrs_sealed_parts *parts_out, preparation *with, const nrs_draft *draft, const nrs_report *report)
{
    nrs_header header;
    nrs_audience audience = NRS__WIRE__AUDIENCE__INIT;
    nrs_secret *file_key = NULL;
    nrs_error error = NRS_OK;

    audience.targets = with->target_places;
    audience.n_targets = with->target_count;
    nrs__wire__header__init(&header);
    header.suite = NRS_SUITE;
    header.label = NRS_LABEL_RED;
    header.urgency = draft->urgent ? 1 : 0;
    header.flags = draft->drill ? NRS_HEADER_DRILL : 0;
    header.community = nrs_field_of(nrs_slice_of(with->community, NRS_HASH_SIZE));
    header.roster_version = with->roster_version;
    header.created_ms = with->created_ms;
    header.expires_ms = with->expires_ms;
    header.attribution = NRS_ATTRIBUTION_NAMED;
    if (with->conditions.permissible_actions != 0 || with->conditions.flags != 0) {
        header.conditions = &with->conditions;
    }
    header.duty = with->duty;
    header.disclaimers = with->disclaimers;
    header.n_disclaimers = with->disclaimer_count;
    {
        const nrs_seal_request request = {
            .header = &header,
            .report = report,
            .audience = &audience,
            .stream = nrs_slice_of(with->stream, sizeof with->stream),
            .sequence = with->sequence,
            .previous = nrs_slice_of(with->previous, with->sequence > 1 ? sizeof with->previous : 0),
            .recipients = with->recipients,
            .recipient_count = with->count,
            .grantor = {&with->grantor, lent_agreement, (void *)(uintptr_t)with},
        };

        error = nrs_seal(parts_out, &file_key, &request);
    }
    nrs_secret_destroy(&file_key); /* from here on only the slots open it */
    return error;
}

static nrs_error submit(nrs_cli *cli, const nrs_sealed_parts *parts, const preparation *with, const nrs_draft *draft)
{
    json_t *request = nrs_control_request("red-submit");
    json_t *row = NULL;
    nrs_error error = request != NULL && json_object_set(request, "to", draft->to) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;

    if (error == NRS_OK) {
        error = nrs_red_set(request, "header", nrs_slice_of_bytes(&parts->header));
    }
    if (error == NRS_OK) {
        error = nrs_red_set(request, "body", nrs_slice_of_bytes(&parts->body));
    }
    if (error == NRS_OK) {
        error = nrs_red_set(request, "grant", nrs_slice_of_bytes(&parts->grant));
    }
    if (error == NRS_OK) {
        error = nrs_red_set(request, "slot_table", nrs_slice_of_bytes(&parts->slot_table));
    }
    if (error == NRS_OK && draft->follows != NULL && json_object_set(request, "follows", json_object_get(with->row, "follows")) != 0) {
        error = NRS_ERROR_NO_MEMORY;
    }
    if (error == NRS_OK && draft->stale_roster && json_object_set_new(request, "stale_roster", json_true()) != 0) {
        error = NRS_ERROR_NO_MEMORY;
    }
    if (error == NRS_OK && draft->forward && json_object_set_new(request, "forwards", json_string(draft->quoted)) != 0) {
        error = NRS_ERROR_NO_MEMORY;
    }
    if (error == NRS_OK && draft->passes_on != NULL && json_object_set(request, "passes_on", draft->passes_on) != 0) {
        error = NRS_ERROR_NO_MEMORY;
    }
    if (error == NRS_OK && cli->person != NULL && json_object_set_new(request, "person", json_string(cli->person)) != 0) {
        error = NRS_ERROR_NO_MEMORY;
    }
    if (error == NRS_OK && json_object_set(request, "recipients", with->addresses) != 0) {
        error = NRS_ERROR_NO_MEMORY;
    }
    if (error == NRS_OK) {
        error = nrs_control_row(cli, &row, request);
    }
    if (error == NRS_OK) { /* who was left out was known when it was prepared */
        static const char *const names[] = {"excluded", "waiting"};

        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            if (json_array_size(json_object_get(row, names[i])) == 0 && json_object_get(with->row, names[i]) != NULL) {
                (void)json_object_set(row, names[i], json_object_get(with->row, names[i]));
            }
        }
        (void)json_object_set_new(row, "onward", json_null()); /* nobody is let in beside the persons named */
        error = nrs_sent_print(cli, row, false);
    }
    json_decref(row);
    json_decref(request);
    return error;
}

/* 第n報: the node counts from what it can read; from a report under RED only a person's process can. 0: neither knows. */
static uint32_t number_after(nrs_cli *cli, const json_t *prepared)
{
    const json_int_t counted = json_integer_value(json_object_get(prepared, "number"));
    nrs_cli quiet = {.dir = cli->dir, .person = cli->person, .acting = cli->acting};
    nrs_red_opening with = {.person = cli->acting};
    uint32_t number = counted > 0 && counted <= UINT32_MAX ? (uint32_t)counted : 0;

    if (number == 0 && cli->acting != NULL && nrs_red_unseal(&quiet, &with, cli->person, nrs_json_text(prepared, "follows")) == NRS_OK) {
        number = with.opened.report->number == 0 ? 2 : with.opened.report->number + 1;
    }
    nrs_red_opening_wipe(&with);
    quiet.dir = NULL;
    quiet.person = NULL;
    quiet.acting = NULL;
    nrs_cli_wipe(&quiet);
    return number;
}

/* From the node's preparation to its signature. */
static nrs_error send_once(nrs_cli *cli, const nrs_draft *draft)
{
    preparation with = {0};
    nrs_sealed_parts parts = {0};
    nrs_red_report report = {0};
    nrs_error error = prepare(cli, &with, draft);

    if (error == NRS_OK) {
        error = nrs_red_report_make(&report, cli, draft, with.row);
    }
    if (error == NRS_OK && draft->follows != NULL && report.value.number == 0) {
        report.value.number = number_after(cli, with.row);
    }
    if (error == NRS_OK) {
        error = seal(&parts, &with, draft, &report.value);
        error = error == NRS_OK ? NRS_OK : nrs_cli_fail(cli, error, NULL, "%s", _(nrs_error_sentence(error)));
    }
    if (error == NRS_OK) {
        error = submit(cli, &parts, &with, draft);
    }
    nrs_red_report_wipe(&report);
    nrs_sealed_parts_wipe(&parts);
    preparation_wipe(&with);
    return error;
}

nrs_error nrs_red_send(nrs_cli *cli, const nrs_draft *draft)
{
    nrs_error error = NRS_OK;

    NRS_ASSERT(cli != NULL && draft != NULL);
    NRS_ASSERT(draft->label == NRS_LABEL_RED);

    error = nrs_keyring_start(cli);
    if (error == NRS_OK) {
        error = send_once(cli, draft);
    }
    for (size_t i = 1; i < ATTEMPTS && error == NRS_ERROR_BUSY; i++) { /* another report took the number meanwhile */
        nrs_cli_forget_failure(cli);
        error = send_once(cli, draft);
    }
    return error;
}
