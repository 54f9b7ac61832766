/* A roster with the whole crowd in it. Adding hundreds of members one by one with the command line works too, and takes
 * as many versions. */
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control_client.h"
#include "crowd.h"
#include "keys/roster.h"
#include "proto/armour.h"
#include "proto/vocabulary.h"

enum { FILE_SIZE_MAX = 65536, WAIT_STEP_MS = 50, WAIT_STEPS = 600 };

/* What an armoured file of a node's folder holds. */
static int read_armour(nrs_bytes *bytes_out, const nrs_mesh *mesh, const char *name, const char *type)
{
    char path[NRS_MESH_PATH_SIZE];
    char *text = malloc(FILE_SIZE_MAX);
    ssize_t size = -1;
    int failed = 1;
    int fd;

    nrs_mesh_path(path, mesh->nodes[0].dir, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (text != NULL && fd >= 0) {
        size = read(fd, text, FILE_SIZE_MAX);
    }
    if (size >= 0) {
        failed = nrs_armour_decode(bytes_out, type, nrs_slice_of(text, (size_t)size)) != NRS_OK;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    free(text);
    return failed;
}

static int write_roster(const nrs_mesh *mesh, nrs_slice many)
{
    char path[NRS_MESH_PATH_SIZE];
    char *text = NULL;
    FILE *out;
    int failed;

    if (nrs_armour_encode(&text, "ROSTER", many) != NRS_OK) {
        return 1;
    }
    nrs_mesh_path(path, mesh->nodes[0].dir, "inbox/bench-00000002-a.roster");
    out = fopen(path, "w");
    failed = out == NULL || fputs(text, out) == EOF;
    if (out != NULL) {
        failed |= fclose(out) != 0;
    }
    free(text);
    return failed;
}

/* One entry; what it borrows lies in the crowd and in the proof. */
static int member_of(Nrs__Wire__Member *entry_out, uint8_t proof_out[2 * NRS_SIGNATURE_SIZE], nrs_crowd_member *member,
                     const uint8_t community[NRS_HASH_SIZE])
{
    const nrs_public_keys *keys = nrs_identity_public(member->identity);

    nrs__wire__member__init(entry_out);
    if (nrs_member_prove(proof_out, member->identity, member->org) != NRS_OK) {
        return 1;
    }
    entry_out->org = member->org;
    entry_out->name = member->org;
    entry_out->sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
    entry_out->agree_key = nrs_field_of(nrs_slice_of(keys->agree_key, NRS_KEY_SIZE));
    entry_out->curve_key = nrs_field_of(nrs_slice_of(keys->curve_key, NRS_KEY_SIZE));
    entry_out->proof = nrs_field_of(nrs_slice_of(proof_out, NRS_SIGNATURE_SIZE));
    nrs_sign(proof_out + NRS_SIGNATURE_SIZE, member->identity, NRS_DOMAIN_MEMBER_JOINED, nrs_slice_of(community, NRS_HASH_SIZE));
    entry_out->joined = nrs_field_of(nrs_slice_of(proof_out + NRS_SIGNATURE_SIZE, NRS_SIGNATURE_SIZE));
    entry_out->role = NRS_ROLE_OPERATOR;
    return 0;
}

/* The successor of the founding roster: its hub, then the crowd, whose names sort after it. */
static int sign_next(nrs_bytes *many_out, nrs_crowd *crowd, const nrs_roster *first, nrs_slice first_statement,
                     const nrs_identity *key)
{
    uint8_t(*proofs)[2 * NRS_SIGNATURE_SIZE] = calloc(crowd->count, sizeof *proofs);
    Nrs__Wire__Member *entries = calloc(crowd->count, sizeof *entries);
    Nrs__Wire__Member **members = calloc(crowd->count + 1, sizeof(Nrs__Wire__Member *));
    uint8_t previous[NRS_HASH_SIZE];
    nrs_roster next = *first;
    nrs_bytes statement = {0};
    int failed = proofs == NULL || entries == NULL || members == NULL;

    nrs_roster_hash(previous, first_statement);
    nrs_roster_community(crowd->community, first, first_statement);
    next.community = nrs_field_of(nrs_slice_of(crowd->community, NRS_HASH_SIZE));
    next.previous = nrs_field_of(nrs_slice_of(previous, NRS_HASH_SIZE));
    next.version = first->version + 1;
    if (failed == 0) {
        members[0] = first->members[0];
    }
    for (size_t i = 0; failed == 0 && i < crowd->count; i++) {
        members[i + 1] = &entries[i];
        failed = member_of(&entries[i], proofs[i], &crowd->members[i], crowd->community);
    }
    next.members = members;
    next.n_members = crowd->count + 1;
    if (failed == 0) {
        failed = nrs_roster_encode(&statement, &next) != NRS_OK ||
                 nrs_roster_sign(many_out, nrs_slice_of_bytes(&statement), nrs_slice_of(NULL, 0), key) != NRS_OK;
    }
    if (failed == 0) {
        crowd->roster_version = next.version;
        nrs_roster_hash(crowd->roster_hash, nrs_slice_of_bytes(&statement));
    }
    nrs_bytes_wipe(&statement);
    free(proofs);
    free(entries);
    free(members);
    return failed;
}

static int make_identities(nrs_crowd *crowd, size_t count)
{
    crowd->members = calloc(count, sizeof *crowd->members);
    if (crowd->members == NULL) {
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        nrs_crowd_member *member = &crowd->members[i];

        crowd->count++;
        (void)snprintf(member->org, sizeof member->org, "member-%04zu", i);
        randombytes_buf(member->log, sizeof member->log);
        if (nrs_identity_new(&member->identity) != NRS_OK) {
            return 1;
        }
    }
    return 0;
}

int nrs_crowd_make(nrs_crowd *crowd_out, const nrs_mesh *mesh, size_t count)
{
    nrs_bytes key_file = {0};
    nrs_bytes first_file = {0};
    nrs_bytes statement = {0};
    nrs_bytes many = {0};
    nrs_identity *key = NULL;
    nrs_roster *first = NULL;
    int failed;

    *crowd_out = (nrs_crowd){0};
    failed =
        nrs_keys_start() != NRS_OK || make_identities(crowd_out, count) ||
        read_armour(&key_file, mesh, "rosters/bench.key", "KEY") ||
        read_armour(&first_file, mesh, "communities/bench.first", "ROSTER") ||
        nrs_identity_load(&key, nrs_slice_of_bytes(&key_file), nrs_slice_of(NULL, 0)) != NRS_OK ||
        nrs_roster_verify(&first, &statement, nrs_slice_of_bytes(&first_file), NULL, nrs_slice_of(NULL, 0)) != NRS_OK ||
        first->n_members != 1 || sign_next(&many, crowd_out, first, nrs_slice_of_bytes(&statement), key) ||
        write_roster(mesh, nrs_slice_of_bytes(&many));
    if (failed == 0) {
        memcpy(crowd_out->hub_curve_key, first->members[0]->curve_key.data, NRS_KEY_SIZE);
    }
    nrs_identity_destroy(&key);
    nrs_roster_free(&first);
    nrs_bytes_wipe(&key_file);
    nrs_bytes_wipe(&first_file);
    nrs_bytes_wipe(&statement);
    nrs_bytes_wipe(&many);
    return failed;
}

int nrs_crowd_wait_known(const nrs_crowd *crowd, const nrs_mesh *mesh)
{
    for (int i = 0; i < WAIT_STEPS; i++) {
        json_t *row = NULL;
        const json_t *community;
        uint64_t version;

        if (nrs_control_ask(&row, mesh->nodes[0].control, "{\"command\":\"status\"}\n") != 0) {
            return 1;
        }
        community = json_array_get(json_object_get(row, "communities"), 0);
        version = (uint64_t)json_integer_value(json_object_get(community, "roster_version"));
        json_decref(row);
        if (version == crowd->roster_version) {
            return 0;
        }
        nrs_bench_sleep_ms(WAIT_STEP_MS);
    }
    nrs_bench_note("the hub did not take up the roster");
    return 1;
}
