#include <string.h>

#include "keys/roster.h"
#include "proto/assert.h"
#include "roster/roster_form.h"
#include "signing.h"

/* A roster under verification: decoded, with its statement, and the community it speaks for. */
typedef struct candidate {
    nrs_signed_by_many *many;
    nrs_roster *roster;
    uint8_t community[NRS_HASH_SIZE];
} candidate;

static void candidate_wipe(candidate *value)
{
    nrs_roster_free(&value->roster);
    nrs_signed_by_many_free(&value->many);
}

static nrs_slice statement_of(const candidate *value)
{
    return nrs_field(&value->many->statement);
}

static nrs_error candidate_read(candidate *value_out, nrs_slice many_bytes)
{
    candidate value = { 0 };
    nrs_error error = nrs_signed_by_many_decode(&value.many, many_bytes);

    if (error == NRS_OK) {
        error = nrs_roster_decode(&value.roster, statement_of(&value));
    }
    if (error == NRS_OK) {
        error = nrs_roster_form_check(value.roster);
    }
    if (error != NRS_OK) {
        candidate_wipe(&value);
        return error;
    }
    nrs_roster_community(value.community, value.roster, statement_of(&value));
    *value_out = value;
    return NRS_OK;
}

/* Every signature must hold and be by a roster key, of the version before or of this one; then both thresholds must be
 * met. Where keys and threshold did not change the two are one question. */
static nrs_error signatures_check(const candidate *value, const nrs_roster *trusted)
{
    nrs_roster_signed_by count = { 0 };
    nrs_error error = nrs_roster_signatures_count(&count, value->many->signatures, value->many->n_signatures, value->roster,
                                                  statement_of(value), trusted);

    if (error == NRS_OK && (count.own_count < count.own_threshold || count.before_count < count.before_threshold)) {
        error = NRS_ERROR_FORGED;
    }
    return error;
}

/* Signatures first: they are few, and a roster without them is not worth the members' proofs. */
static nrs_error trust_check(const candidate *value, const nrs_roster *trusted)
{
    nrs_error error = signatures_check(value, trusted);

    return error != NRS_OK ? error : nrs_roster_proofs_check(value->roster, trusted, value->community);
}

/* A roster that names both sides of a fork follows either of them. */
static bool heals(const nrs_roster *roster, const uint8_t held[NRS_HASH_SIZE])
{
    return roster->previous.len == NRS_HASH_SIZE && nrs_roster_names_fork(roster, held) && nrs_roster_names_fork(roster, roster->previous.data);
}

/* Of one community, and nothing in it that no later version may change. */
static nrs_error community_check(const candidate *value, const nrs_roster *trusted, nrs_slice trusted_statement)
{
    uint8_t community[NRS_HASH_SIZE];

    nrs_roster_community(community, trusted, trusted_statement);
    return memcmp(community, value->community, sizeof(community)) == 0 && strcmp(trusted->id, value->roster->id) == 0 ? NRS_OK : NRS_ERROR_FORGED;
}

static nrs_error breach_check(const nrs_roster *next, const nrs_roster *trusted)
{
    return nrs_roster_breach_of(NULL, trusted, next) == NRS_BREACH_NONE ? NRS_OK : NRS_ERROR_FORGED;
}

static nrs_error chain_check(const candidate *value, const nrs_roster *trusted, nrs_slice trusted_statement)
{
    uint8_t hash[NRS_HASH_SIZE];

    if (trusted == NULL) {
        return value->roster->version == 1 ? NRS_OK : NRS_ERROR_MALFORMED;
    }
    if (trusted_statement.size > 0 && community_check(value, trusted, trusted_statement) != NRS_OK) {
        return NRS_ERROR_FORGED;
    }
    if (value->roster->version <= trusted->version) {
        return NRS_ERROR_ROSTER_OLD;
    }
    if (trusted_statement.size > 0) {
        if (value->roster->version - trusted->version != 1) {
            return NRS_ERROR_ROSTER_GAP;
        }
        nrs_roster_hash(hash, trusted_statement);
        if (nrs_slice_equal(nrs_field(&value->roster->previous), nrs_slice_of(hash, sizeof(hash)))) {
            return breach_check(value->roster, trusted);
        }
        if (!heals(value->roster, hash)) {
            return NRS_ERROR_FORKED; /* it follows another version of this number */
        }
        /* What the side says that it abandons binds it no more; what stood before the fork does (SPEC 7.12), where it is held. */
    }
    return NRS_OK;
}

/* A later version, where those between may be missing: the community, the keys and what no version may change are what binds. Where none is
 * missing the hash binds as well. */
static nrs_error follows(const candidate *next, const nrs_roster *trusted, nrs_slice trusted_statement)
{
    nrs_error error = NRS_OK;

    if (next->roster->version <= trusted->version + 1) {
        error = chain_check(next, trusted, trusted_statement);
    } else {
        error = community_check(next, trusted, trusted_statement);
        error = error != NRS_OK ? error : breach_check(next->roster, trusted);
    }
    return error != NRS_OK ? error : trust_check(next, trusted);
}

/* Hand a verified roster over to the caller. */
static nrs_error candidate_take(nrs_roster **roster_out, nrs_bytes *statement_out, candidate *value)
{
    nrs_bytes statement = { 0 };
    nrs_error error = nrs_bytes_copy(&statement, statement_of(value));

    if (error != NRS_OK) {
        nrs_bytes_wipe(&statement);
        return error;
    }
    nrs_bytes_replace(statement_out, &statement);
    *roster_out = value->roster;
    value->roster = NULL;
    return NRS_OK;
}

nrs_error nrs_roster_verify(nrs_roster **roster_out, nrs_bytes *statement_out, nrs_slice many_bytes,
                            const nrs_roster *trusted, nrs_slice trusted_statement)
{
    nrs_error error = NRS_OK;
    candidate value = { 0 };

    NRS_ASSERT(roster_out != NULL);
    NRS_ASSERT(statement_out != NULL);

    error = candidate_read(&value, many_bytes);
    if (error != NRS_OK) {
        goto out;
    }
    error = chain_check(&value, trusted, trusted_statement);
    if (error != NRS_OK) {
        goto out;
    }
    error = trust_check(&value, trusted);
    if (error != NRS_OK) {
        goto out;
    }
    error = candidate_take(roster_out, statement_out, &value);
out:
    candidate_wipe(&value);
    return error;
}

nrs_error nrs_roster_verify_later(nrs_roster **roster_out, nrs_bytes *statement_out, nrs_slice many_bytes, const nrs_roster *trusted,
                                  nrs_slice trusted_statement)
{
    candidate value = { 0 };
    nrs_error error = candidate_read(&value, many_bytes);

    NRS_ASSERT(roster_out != NULL && statement_out != NULL);
    NRS_ASSERT(trusted != NULL && trusted_statement.size > 0);
    if (error == NRS_OK) {
        error = follows(&value, trusted, trusted_statement);
    }
    if (error == NRS_OK) {
        error = candidate_take(roster_out, statement_out, &value);
    }
    candidate_wipe(&value);
    return error;
}

nrs_error nrs_roster_verify_unsigned(nrs_roster **roster_out, nrs_slice statement, const nrs_roster *trusted,
                                     nrs_slice trusted_statement)
{
    candidate value = { 0 };
    nrs_signed_by_many unsigned_many = NRS__WIRE__SIGNED_BY_MANY__INIT;
    nrs_error error = nrs_roster_decode(&value.roster, statement);

    NRS_ASSERT(roster_out != NULL);
    if (error == NRS_OK) {
        error = nrs_roster_form_check(value.roster);
    }
    if (error == NRS_OK) {
        unsigned_many.statement = nrs_field_of(statement);
        value.many = &unsigned_many;
        nrs_roster_community(value.community, value.roster, statement);
        error = chain_check(&value, trusted, trusted_statement);
    }
    if (error == NRS_OK) {
        error = nrs_roster_proofs_check(value.roster, trusted, value.community);
    }
    if (error == NRS_OK) {
        *roster_out = value.roster;
        value.roster = NULL;
    }
    nrs_roster_free(&value.roster);
    return error;
}

/* ---- Invites ---- */

static bool follows_hash(const candidate *next, const candidate *trusted)
{
    uint8_t hash[NRS_HASH_SIZE];

    nrs_roster_hash(hash, statement_of(trusted));
    return nrs_slice_equal(nrs_field(&next->roster->previous), nrs_slice_of(hash, sizeof(hash)));
}

/* The last that was followed, and what vouched for it. */
typedef struct followed {
    candidate before; /* empty where it is the first */
    candidate last;
} followed;

static void followed_wipe(followed *value)
{
    candidate_wipe(&value->before);
    candidate_wipe(&value->last);
}

static void followed_add(followed *so_far, candidate *next)
{
    candidate_wipe(&so_far->before);
    so_far->before = so_far->last;
    so_far->last = *next;
    *next = (candidate){ 0 };
}

/* Take one more roster of the invite on the word of those before it. Versions between may be missing, and an older one may be the side of a
 * fork that was abandoned since, so there is no previous hash to follow: the community and the keys are what binds. Where it does follow that
 * hash, it is judged by the rosters held then. */
static nrs_error follow(followed *so_far, candidate *next)
{
    const candidate *trusted = &so_far->last;
    nrs_error error = community_check(next, trusted->roster, statement_of(trusted));

    if (error == NRS_OK && follows_hash(next, trusted)) {
        error = breach_check(next->roster, trusted->roster);
    }
    if (error != NRS_OK) {
        return error;
    }
    if (next->roster->version <= trusted->roster->version) {
        return NRS_ERROR_ROSTER_OLD;
    }
    error = trust_check(next, trusted->roster);
    if (error != NRS_OK) {
        return error;
    }
    followed_add(so_far, next);
    return NRS_OK;
}

/* The current roster may be the very one that was followed last. Its own signatures count all the same: it is this copy that is kept and handed on. */
static nrs_error follow_current(followed *so_far, nrs_slice many_bytes)
{
    candidate current = { 0 };
    nrs_error error = candidate_read(&current, many_bytes);

    if (error == NRS_OK && nrs_slice_equal(statement_of(&current), statement_of(&so_far->last))) {
        error = signatures_check(&current, so_far->before.roster);
    } else if (error == NRS_OK) {
        error = follow(so_far, &current);
    }
    candidate_wipe(&current);
    return error;
}

static nrs_error read_first(candidate *first_out, nrs_slice many_bytes)
{
    nrs_error error = candidate_read(first_out, many_bytes);

    error = error != NRS_OK ? error : chain_check(first_out, NULL, nrs_slice_of(NULL, 0));
    return error != NRS_OK ? error : trust_check(first_out, NULL);
}

nrs_error nrs_invite_verify(nrs_roster **roster_out, nrs_bytes *statement_out, uint8_t community_out[NRS_HASH_SIZE],
                            const nrs_invite *invite)
{
    followed so_far = { 0 };
    uint8_t community[NRS_HASH_SIZE];
    nrs_error error = NRS_OK;

    NRS_ASSERT(roster_out != NULL && statement_out != NULL && community_out != NULL);
    NRS_ASSERT(invite != NULL);

    error = read_first(&so_far.last, nrs_field(&invite->first));
    memcpy(community, so_far.last.community, sizeof(community));
    for (size_t i = 0; error == NRS_OK && i < invite->n_chain; i++) {
        candidate next = { 0 };

        error = candidate_read(&next, nrs_field(&invite->chain[i]));
        error = error != NRS_OK ? error : follow(&so_far, &next);
        candidate_wipe(&next);
    }
    error = error != NRS_OK ? error : follow_current(&so_far, nrs_field(&invite->current));
    error = error != NRS_OK ? error : candidate_take(roster_out, statement_out, &so_far.last);
    if (error == NRS_OK) {
        memcpy(community_out, community, sizeof(community));
    }
    followed_wipe(&so_far);
    return error;
}

/* ---- Invites to who has joined ---- */

/* One roster of the invite against the newest that is trusted; one that is no later than that is passed over, but for a copy of the last that was
 * verified here. taken: what is verified so far beyond `held`. */
static nrs_error follow_held(followed *taken, nrs_slice many_bytes, const nrs_roster *held, nrs_slice held_statement)
{
    const bool any = taken->last.roster != NULL;
    const nrs_roster *trusted = any ? taken->last.roster : held;
    const nrs_slice statement = any ? statement_of(&taken->last) : held_statement;
    candidate next = { 0 };
    nrs_error error = candidate_read(&next, many_bytes);

    if (error == NRS_OK && any && nrs_slice_equal(statement_of(&next), statement)) {
        error = signatures_check(&next, taken->before.roster != NULL ? taken->before.roster : held);
    } else if (error == NRS_OK && next.roster->version > trusted->version) {
        error = follows(&next, trusted, statement);
        if (error == NRS_OK) {
            followed_add(taken, &next);
        }
    }
    candidate_wipe(&next);
    return error;
}

typedef nrs_error (*follow_one)(followed *taken, nrs_slice many_bytes, const nrs_roster *held, nrs_slice held_statement);

static nrs_error follow_all(const nrs_invite *invite, follow_one one, const nrs_roster *held, nrs_slice held_statement)
{
    followed taken = { 0 };
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < invite->n_chain; i++) {
        error = one(&taken, nrs_field(&invite->chain[i]), held, held_statement);
    }
    if (error == NRS_OK) {
        error = one(&taken, nrs_field(&invite->current), held, held_statement);
    }
    if (error == NRS_OK && taken.last.roster == NULL) {
        error = NRS_ERROR_ROSTER_OLD;
    }
    followed_wipe(&taken);
    return error;
}

nrs_roster_breach nrs_invite_breach(char org_out[NRS_NAME_SIZE_MAX + 1], const nrs_invite *invite, const nrs_roster *held)
{
    candidate before = { 0 };
    nrs_roster_breach breach = NRS_BREACH_NONE;

    NRS_ASSERT(org_out != NULL && invite != NULL && held != NULL);
    org_out[0] = '\0';
    for (size_t i = 0; breach == NRS_BREACH_NONE && i <= invite->n_chain; i++) {
        const nrs_roster *trusted = before.roster != NULL ? before.roster : held;
        const Nrs__Wire__Tombstone *which = NULL;
        candidate next = { 0 };

        if (candidate_read(&next, nrs_field(i < invite->n_chain ? &invite->chain[i] : &invite->current)) != NRS_OK) {
            break;
        }
        if (next.roster->version > trusted->version) {
            breach = nrs_roster_breach_of(&which, trusted, next.roster);
            if (which != NULL) { /* a roster of good form: no longer than a name may be */
                NRS_ASSERT(strlen(which->org) <= NRS_NAME_SIZE_MAX);
                memcpy(org_out, which->org, strlen(which->org) + 1);
            }
            candidate_wipe(&before);
            before = next;
            next = (candidate){ 0 };
        }
        candidate_wipe(&next);
    }
    candidate_wipe(&before);
    return breach;
}

nrs_error nrs_invite_verify_after(const nrs_invite *invite, const nrs_roster *held, nrs_slice held_statement)
{
    NRS_ASSERT(invite != NULL);
    NRS_ASSERT(held != NULL && held_statement.size > 0);

    return follow_all(invite, follow_held, held, held_statement);
}

/* ---- Invites that end a fork ---- */

/* Whether it says itself that it follows what is held: then that side is the one that goes on, and nothing of it is waived. */
static nrs_error stands_on(bool *stands, nrs_slice many_bytes, const nrs_roster *held, const uint8_t held_hash[NRS_HASH_SIZE])
{
    candidate next = { 0 };
    nrs_error error = candidate_read(&next, many_bytes);

    if (error == NRS_OK && next.roster->version == held->version + 1 && nrs_slice_equal(nrs_field(&next.roster->previous), nrs_slice_of(held_hash, NRS_HASH_SIZE))) {
        *stands = true;
    }
    candidate_wipe(&next);
    return error;
}

/* NRS_ERROR_FORKED: it does not name what is held as a side of a fork, or goes on from it. */
static nrs_error names_held(const nrs_invite *invite, const nrs_roster *held, const uint8_t held_hash[NRS_HASH_SIZE])
{
    candidate current = { 0 };
    bool stands = false;
    nrs_error error = candidate_read(&current, nrs_field(&invite->current));

    if (error == NRS_OK && (current.roster->version <= held->version || current.roster->n_forks < 2 || !nrs_roster_names_fork(current.roster, held_hash))) {
        error = NRS_ERROR_FORKED;
    }
    if (error == NRS_OK) {
        error = stands_on(&stands, nrs_field(&invite->current), held, held_hash);
    }
    for (size_t i = 0; error == NRS_OK && i < invite->n_chain; i++) {
        error = stands_on(&stands, nrs_field(&invite->chain[i]), held, held_hash);
    }
    candidate_wipe(&current);
    return error == NRS_OK && stands ? NRS_ERROR_FORKED : error;
}

/* The first that is later than the side held needs the keys of that side, and follows neither its hash nor its tombstones. */
static nrs_error follow_side(followed *taken, nrs_slice many_bytes, const nrs_roster *held, nrs_slice held_statement)
{
    candidate next = { 0 };
    nrs_error error = NRS_OK;

    if (taken->last.roster != NULL) {
        return follow_held(taken, many_bytes, held, held_statement);
    }
    error = candidate_read(&next, many_bytes);
    if (error == NRS_OK && next.roster->version > held->version) {
        error = community_check(&next, held, held_statement);
        error = error != NRS_OK ? error : trust_check(&next, held);
        if (error == NRS_OK) {
            followed_add(taken, &next);
        }
    }
    candidate_wipe(&next);
    return error;
}

static bool same_roster_keys(const nrs_roster *a, const nrs_roster *b)
{
    bool same = a->threshold == b->threshold && a->n_keys == b->n_keys;

    for (size_t i = 0; same && i < a->n_keys; i++) {
        same = nrs_slice_equal(nrs_field(&a->keys[i]), nrs_field(&b->keys[i]));
    }
    return same;
}

nrs_error nrs_invite_verify_healing(bool *from_before_out, const nrs_invite *invite, const nrs_roster *held, nrs_slice held_statement,
                                    const nrs_roster *before, nrs_slice before_statement)
{
    uint8_t held_hash[NRS_HASH_SIZE];
    bool from_before = false;
    nrs_error error = NRS_OK;

    NRS_ASSERT(from_before_out != NULL && invite != NULL);
    NRS_ASSERT(held != NULL && held_statement.size > 0);
    NRS_ASSERT(before == NULL || (before->version < held->version && before_statement.size > 0));
    nrs_roster_hash(held_hash, held_statement);
    error = names_held(invite, held, held_hash);
    if (error != NRS_OK) {
        return error;
    }
    error = follow_all(invite, follow_side, held, held_statement);
    if ((error == NRS_ERROR_FORGED || error == NRS_ERROR_FORKED) && before != NULL && same_roster_keys(before, held)) {
        from_before = true;
        error = follow_all(invite, follow_held, before, before_statement);
    }
    if (error == NRS_OK) {
        *from_before_out = from_before;
    }
    return error;
}
