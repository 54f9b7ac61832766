/* Whom a roster removed its hub tells nothing of it (SPEC 10.3); where a link is up for the sake of another community, that the hub
 * refuses this node's records as no member's is the only sign. It is kept, over a restart too, until another roster of that community is here. */
#include <stdio.h>
#include <string.h>

#include "keys/envelope.h"
#include "command/command.h"
#include "link/link.h"
#include "prekeys/key_change.h"
#include "proto/time.h"

enum { NAME_SIZE = 32 + 2 * NRS_HASH_SIZE };

static void name_of(char name_out[NAME_SIZE], const char *what, const nrs_community *community)
{
    char hex[2 * NRS_HASH_SIZE + 1];

    nrs_hex_encode(hex, community->id, NRS_HASH_SIZE);
    (void)snprintf(name_out, NAME_SIZE, "refused-%s:%s", what, hex);
}

/* Whose community a record of this node's own is; NULL where it is not its own, or of none. */
static nrs_community *community_of(nrs_core *core, uint32_t type, nrs_slice payload)
{
    nrs_community *community = NULL;
    nrs_sealed_view *view = NULL;
    nrs_envelope *envelope = NULL;

    if (type == NRS_RECORD_SEALED && nrs_sealed_parse(&view, payload) == NRS_OK && nrs_key_ours(core, view->header->originator.data)) {
        community = nrs_community_by_id(core, view->header->community.data);
    } else if (type == NRS_RECORD_ENVELOPE && nrs_envelope_verify(&envelope, payload) == NRS_OK && nrs_hash_ours(core, envelope->from.data)) {
        community = nrs_community_by_id(core, envelope->community.data);
    }
    nrs_sealed_view_free(&view);
    nrs_envelope_free(&envelope);
    return community;
}

/* Once for each version: it is the first time that counts. */
static nrs_error keep(nrs_core *core, const nrs_community *community)
{
    char version_name[NAME_SIZE], at_name[NAME_SIZE];
    uint64_t version = 0;
    bool there = false;
    nrs_error error;

    name_of(version_name, "version", community);
    name_of(at_name, "at", community);
    error = nrs_store_meta_number_get(core->store, version_name, &version, &there);
    if (error != NRS_OK || (there && version == community->roster->version)) {
        return error;
    }
    error = nrs_store_meta_number_set(core->store, at_name, core->now_ms);
    return error == NRS_OK ? nrs_store_meta_number_set(core->store, version_name, community->roster->version) : error;
}

nrs_error nrs_refused_there(nrs_core *core, const nrs_peer *from, uint64_t position, nrs_error cause)
{
    nrs_log_row row;
    nrs_bytes holder = {0};
    nrs_record *record = NULL;
    const nrs_community *community = NULL;
    nrs_error error = NRS_ERROR_NOT_FOUND;

    NRS_ASSERT(from != NULL);
    if (cause == NRS_ERROR_NOT_MEMBER || cause == NRS_ERROR_REVOKED) {
        error = nrs_store_log_get(core->store, &row, &holder, position);
    }
    if (error == NRS_OK && row.record.size > 0 && nrs_record_decode(&record, row.record) == NRS_OK) {
        community = community_of(core, row.type, nrs_field(&record->payload));
    }
    if (community != NULL && community->member && !community->guest && nrs_peer_hub(core, from, community)) {
        error = keep(core, community);
    }
    nrs_record_free(&record);
    nrs_bytes_wipe(&holder);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error; /* its bytes may be gone by now */
}

nrs_error nrs_refused_there_warn(nrs_core *core, json_t *warnings, const nrs_community *community)
{
    char name[NAME_SIZE], since[32], text[NRS_MESSAGE_SIZE_MAX];
    uint64_t version = 0, at_ms = 0;
    bool there = false;
    nrs_error error;

    name_of(name, "version", community);
    error = nrs_store_meta_number_get(core->store, name, &version, &there);
    if (error != NRS_OK || !there || version != community->roster->version) {
        return error;
    }
    name_of(name, "at", community);
    error = nrs_store_meta_number_get(core->store, name, &at_ms, &there);
    if (error != NRS_OK) {
        return error;
    }
    nrs_time_format(since, at_ms);
    (void)snprintf(text, sizeof text, "a hub of @%s has refused since %s what this node sends there, as no member's: it reaches nobody; ask the secretariat",
                   community->roster->id, since);
    return nrs_array_text(warnings, text);
}
