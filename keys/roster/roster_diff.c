/* What a roster changes against the one before: every field of it, so that what is signed is what is seen. */
#include <string.h>

#include "keys/roster_draft.h"
#include "proto/assert.h"

typedef struct walk {
    nrs_roster_change_visitor visit;
    void *context;
} walk;

static nrs_error tell(const walk *to, nrs_roster_change change)
{
    return to->visit(to->context, &change);
}

static bool same_field(const ProtobufCBinaryData *a, const ProtobufCBinaryData *b)
{
    return nrs_slice_equal(nrs_field(a), nrs_field(b));
}

const char *nrs_roster_change_code(nrs_roster_change_type type)
{
    switch (type) {
    case NRS_CHANGE_NONE:
        break;
#define X(name, code)                                                                                                  \
    case NRS_CHANGE_##name:                                                                                            \
        return code;
        NRS_ROSTER_CHANGES(X)
#undef X
    }
    nrs_assert_failed("a type of change", __func__, __LINE__);
}

/* ---- Lists of messages that are short ---- */

static nrs_error same_message(bool *same_out, const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    nrs_bytes left = { 0 };
    nrs_bytes right = { 0 };
    nrs_error error = nrs_bytes_resize(&left, protobuf_c_message_get_packed_size(a));

    if (error == NRS_OK) {
        error = nrs_bytes_resize(&right, protobuf_c_message_get_packed_size(b));
    }
    if (error == NRS_OK) {
        (void)protobuf_c_message_pack(a, left.data);
        (void)protobuf_c_message_pack(b, right.data);
        *same_out = nrs_slice_equal(nrs_slice_of_bytes(&left), nrs_slice_of_bytes(&right));
    }
    nrs_bytes_wipe(&left);
    nrs_bytes_wipe(&right);
    return error;
}

/* Entries of one kind. */
typedef struct kind {
    const char *list;
    size_t (*count)(const nrs_roster *roster);
    const ProtobufCMessage *(*at)(const nrs_roster *roster, size_t index);
    nrs_roster_change (*change)(const nrs_roster *roster, size_t index, bool in);
} kind;

/* Out: where_out: its place, or the count when it is not there. */
static nrs_error find_message(size_t *where_out, const kind *of, const nrs_roster *roster, const ProtobufCMessage *wanted)
{
    const size_t count = roster == NULL ? 0 : of->count(roster);
    nrs_error error = NRS_OK;
    bool same = false;
    size_t i = 0;

    while (error == NRS_OK && i < count) {
        error = same_message(&same, of->at(roster, i), wanted);
        if (same) {
            break;
        }
        i++;
    }
    *where_out = i;
    return error;
}

/* One after the other: what went, what came, and whether what stayed stands otherwise, or twice. */
static nrs_error differences(const walk *to, const kind *of, const nrs_roster *before, const nrs_roster *after)
{
    const size_t before_count = before == NULL ? 0 : of->count(before);
    const size_t after_count = of->count(after);
    bool told = false, moved = before_count != after_count;
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < before_count; i++) {
        size_t where = 0;

        error = find_message(&where, of, after, of->at(before, i));
        if (error == NRS_OK && where == after_count) {
            told = true;
            error = tell(to, of->change(before, i, false));
        }
        moved = moved || where != i;
    }
    for (size_t i = 0; error == NRS_OK && i < after_count; i++) {
        size_t where = 0;

        error = find_message(&where, of, before, of->at(after, i));
        if (error == NRS_OK && where == before_count) {
            told = true;
            error = tell(to, of->change(after, i, true));
        }
    }
    return error == NRS_OK && before != NULL && moved && !told ? tell(to, (nrs_roster_change){ .type = NRS_CHANGE_ORDER, .list = of->list }) : error;
}

static size_t disclaimer_count(const nrs_roster *roster)
{
    return roster->rules->n_disclaimers;
}

static const ProtobufCMessage *disclaimer_at(const nrs_roster *roster, size_t index)
{
    return &roster->rules->disclaimers[index]->base;
}

static nrs_roster_change disclaimer_change(const nrs_roster *roster, size_t index, bool in)
{
    return (nrs_roster_change){ .type = in ? NRS_CHANGE_DISCLAIMER_IN : NRS_CHANGE_DISCLAIMER_OUT, .disclaimer = roster->rules->disclaimers[index] };
}

static size_t duty_rule_count(const nrs_roster *roster)
{
    return roster->rules->n_duties;
}

static const ProtobufCMessage *duty_rule_at(const nrs_roster *roster, size_t index)
{
    return &roster->rules->duties[index]->base;
}

static nrs_roster_change duty_rule_change(const nrs_roster *roster, size_t index, bool in)
{
    return (nrs_roster_change){ .type = in ? NRS_CHANGE_DUTY_RULE_IN : NRS_CHANGE_DUTY_RULE_OUT, .duty_rule = roster->rules->duties[index] };
}

static size_t recognised_count(const nrs_roster *roster)
{
    return roster->n_recognised;
}

static const ProtobufCMessage *recognised_at(const nrs_roster *roster, size_t index)
{
    return &roster->recognised[index]->base;
}

static nrs_roster_change recognised_change(const nrs_roster *roster, size_t index, bool in)
{
    return (nrs_roster_change){ .type = in ? NRS_CHANGE_RECOGNISED_IN : NRS_CHANGE_RECOGNISED_OUT, .recognised = roster->recognised[index] };
}

/* ---- Members ---- */

static bool same_duties(const Nrs__Wire__Member *a, const Nrs__Wire__Member *b)
{
    if (a->n_duties != b->n_duties) {
        return false;
    }
    for (size_t i = 0; i < a->n_duties; i++) {
        if (strcmp(a->duties[i]->name, b->duties[i]->name) != 0 || a->duties[i]->since_ms != b->duties[i]->since_ms ||
            a->duties[i]->until_ms != b->duties[i]->until_ms) {
            return false;
        }
    }
    return true;
}

/* before: NULL: it was no member; what else its entry holds than who it is has lines of its own. */
static nrs_error member_changes(const walk *to, const Nrs__Wire__Member *before, const Nrs__Wire__Member *after)
{
    const bool was = before != NULL;
    const bool same_keys = was && same_field(&before->sign_key, &after->sign_key) && same_field(&before->agree_key, &after->agree_key) &&
                           same_field(&before->curve_key, &after->curve_key);
    const struct {
        bool changed;
        nrs_roster_change_type type;
    } parts[] = {
        { !was, NRS_CHANGE_MEMBER_IN },
        { was && !same_keys, NRS_CHANGE_MEMBER_KEYS },
        { same_keys && !same_field(&before->proof, &after->proof), NRS_CHANGE_MEMBER_PROOF },
        { was && before->role != after->role, NRS_CHANGE_MEMBER_ROLE },
        { was && strcmp(before->name, after->name) != 0, NRS_CHANGE_MEMBER_NAME },
        { was ? !same_field(&before->joined, &after->joined) : after->joined.len > 0, NRS_CHANGE_MEMBER_JOINED },
        { was ? !same_duties(before, after) : after->n_duties > 0, NRS_CHANGE_MEMBER_DUTIES },
    };
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].changed) {
            error = tell(to, (nrs_roster_change){ .type = parts[i].type, .before = before, .after = after });
        }
    }
    return error;
}

static nrs_error members(const walk *to, const nrs_roster *before, const nrs_roster *after)
{
    size_t before_count = before == NULL ? 0 : before->n_members;
    nrs_error error = NRS_OK;

    /* Both lists ascend by organisation. */
    for (size_t i = 0, k = 0; error == NRS_OK && (i < before_count || k < after->n_members);) {
        int order = i == before_count          ? 1
                    : k == after->n_members ? -1
                                               : strcmp(before->members[i]->org, after->members[k]->org);

        if (order >= 0) {
            error = member_changes(to, order == 0 ? before->members[i] : NULL, after->members[k]);
        } else {
            error = tell(to, (nrs_roster_change){ .type = NRS_CHANGE_MEMBER_OUT,
                                                  .before = before->members[i],
                                                  .tombstone = nrs_roster_tombstone(after, before->members[i]->sign_key.data) });
        }
        i += order <= 0 ? 1 : 0;
        k += order >= 0 ? 1 : 0;
    }
    return error;
}

/* ---- Tombstones ---- */

/* The line of the member that goes says it all. */
static bool told_with_member(const nrs_roster *before, const nrs_roster *after, const Nrs__Wire__Tombstone *tombstone)
{
    const Nrs__Wire__Member *member = before == NULL ? NULL : nrs_roster_member_by_key(before, tombstone->sign_key.data);

    return member != NULL && strcmp(member->org, tombstone->org) == 0 && same_field(&member->curve_key, &tombstone->curve_key) &&
           tombstone->at_ms == after->created_ms && nrs_roster_member_by_org(after, member->org) == NULL;
}

static bool same_tombstone(const Nrs__Wire__Tombstone *a, const Nrs__Wire__Tombstone *b)
{
    return a->cause == b->cause && a->at_ms == b->at_ms && same_field(&a->curve_key, &b->curve_key) && strcmp(a->org, b->org) == 0;
}

/* Moves *next on; *back: it stands before that. */
static const Nrs__Wire__Tombstone *find_tombstone(const nrs_roster *roster, size_t *next, bool *back, const uint8_t sign_key[NRS_KEY_SIZE])
{
    const size_t place = nrs_roster_tombstone_from(roster, *next, sign_key);

    if (place == roster->n_tombstones) {
        return NULL;
    }
    *back = *back || place < *next;
    *next = place < *next ? *next : place + 1;
    return roster->tombstones[place];
}

static nrs_error tombstones(const walk *to, const nrs_roster *before, const nrs_roster *after)
{
    const size_t before_count = before == NULL ? 0 : before->n_tombstones;
    nrs_error error = NRS_OK;
    size_t next = 0;
    bool moved = false;

    for (size_t i = 0; error == NRS_OK && i < before_count; i++) {
        const Nrs__Wire__Tombstone *was = before->tombstones[i];
        const Nrs__Wire__Tombstone *is = find_tombstone(after, &next, &moved, was->sign_key.data);

        if (is == NULL) {
            error = tell(to, (nrs_roster_change){ .type = NRS_CHANGE_TOMBSTONE_OUT, .tombstone_before = was });
        } else if (!same_tombstone(was, is)) {
            error = tell(to, (nrs_roster_change){ .type = NRS_CHANGE_TOMBSTONE, .tombstone_before = was, .tombstone = is });
        }
    }
    next = 0;
    for (size_t i = 0; error == NRS_OK && i < after->n_tombstones; i++) {
        const Nrs__Wire__Tombstone *is = after->tombstones[i];
        bool back = false;

        if ((before == NULL || find_tombstone(before, &next, &back, is->sign_key.data) == NULL) && !told_with_member(before, after, is)) {
            error = tell(to, (nrs_roster_change){ .type = NRS_CHANGE_TOMBSTONE_IN, .tombstone = is });
        }
    }
    return error == NRS_OK && moved ? tell(to, (nrs_roster_change){ .type = NRS_CHANGE_ORDER, .list = "tombstones" }) : error;
}

/* ---- Keys, rules and the rest ---- */

static nrs_error keys(const walk *to, const nrs_roster *before, const nrs_roster *after)
{
    size_t before_count = before == NULL ? 0 : before->n_keys;
    nrs_error error = NRS_OK;

    for (size_t i = 0, k = 0; error == NRS_OK && (i < before_count || k < after->n_keys);) {
        int order = i == before_count      ? 1
                    : k == after->n_keys ? -1
                                           : memcmp(before->keys[i].data, after->keys[k].data, NRS_KEY_SIZE);

        if (order > 0) {
            error = tell(to, (nrs_roster_change){ .type = NRS_CHANGE_KEY_IN, .key = nrs_field(&after->keys[k]) });
        } else if (order < 0) {
            error = tell(to, (nrs_roster_change){ .type = NRS_CHANGE_KEY_OUT, .key = nrs_field(&before->keys[i]) });
        }
        i += order <= 0 ? 1 : 0;
        k += order >= 0 ? 1 : 0;
    }
    if (error == NRS_OK && (before == NULL || before->threshold != after->threshold)) {
        error = tell(to, (nrs_roster_change){ .type = NRS_CHANGE_THRESHOLD });
    }
    return error;
}

static nrs_error rules(const walk *to, const nrs_roster *before, const nrs_roster *after)
{
    static const kind disclaimers = { "disclaimers", disclaimer_count, disclaimer_at, disclaimer_change };
    static const kind duty_rules = { "duties", duty_rule_count, duty_rule_at, duty_rule_change };
    const Nrs__Wire__Rules *was = before == NULL ? NULL : before->rules;
    nrs_error error = NRS_OK;

    if (was != NULL && (was->labels != after->rules->labels || was->flags != after->rules->flags || was->withdrawn != after->rules->withdrawn)) {
        error = tell(to, (nrs_roster_change){ .type = NRS_CHANGE_RULES });
    }
    if (error == NRS_OK) {
        error = differences(to, &disclaimers, before, after);
    }
    return error == NRS_OK ? differences(to, &duty_rules, before, after) : error;
}

nrs_error nrs_roster_diff(const nrs_roster *before, const nrs_roster *after, nrs_roster_change_visitor visit, void *context)
{
    static const kind recognised = { "recognised", recognised_count, recognised_at, recognised_change };
    const walk to = { visit, context };
    nrs_error error = NRS_OK;

    NRS_ASSERT(after != NULL && visit != NULL);
    error = members(&to, before, after);
    if (error == NRS_OK) {
        error = tombstones(&to, before, after);
    }
    if (error == NRS_OK) {
        error = keys(&to, before, after);
    }
    if (error == NRS_OK) {
        error = rules(&to, before, after);
    }
    if (error == NRS_OK && before != NULL && strcmp(before->name, after->name) != 0) {
        error = tell(&to, (nrs_roster_change){ .type = NRS_CHANGE_NAME });
    }
    if (error == NRS_OK) {
        error = differences(&to, &recognised, before, after);
    }
    if (error == NRS_OK && after->n_forks > 0) {
        error = tell(&to, (nrs_roster_change){ .type = NRS_CHANGE_FORKS });
    }
    return error;
}
