/* What a roster changes against the one before. */
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

static nrs_error changed_member(const walk *to, const Nrs__Wire__Member *before, const Nrs__Wire__Member *after)
{
    const struct {
        bool changed;
        nrs_roster_change_type type;
    } parts[] = {
        { !same_field(&before->sign_key, &after->sign_key) || !same_field(&before->agree_key, &after->agree_key) ||
              !same_field(&before->curve_key, &after->curve_key),
          NRS_CHANGE_MEMBER_KEYS },
        { before->role != after->role, NRS_CHANGE_MEMBER_ROLE },
        { strcmp(before->name, after->name) != 0, NRS_CHANGE_MEMBER_NAME },
        { !same_field(&before->joined, &after->joined), NRS_CHANGE_MEMBER_JOINED },
        { !same_duties(before, after), NRS_CHANGE_MEMBER_DUTIES },
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

        if (order == 0) {
            error = changed_member(to, before->members[i], after->members[k]);
        } else if (order > 0) {
            error = tell(to, (nrs_roster_change){ .type = NRS_CHANGE_MEMBER_IN, .after = after->members[k] });
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

static bool same_message(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    nrs_bytes left = { 0 };
    nrs_bytes right = { 0 };
    bool same = false;

    if (nrs_bytes_resize(&left, protobuf_c_message_get_packed_size(a)) == NRS_OK &&
        nrs_bytes_resize(&right, protobuf_c_message_get_packed_size(b)) == NRS_OK) {
        (void)protobuf_c_message_pack(a, left.data);
        (void)protobuf_c_message_pack(b, right.data);
        same = nrs_slice_equal(nrs_slice_of_bytes(&left), nrs_slice_of_bytes(&right));
    }
    nrs_bytes_wipe(&left);
    nrs_bytes_wipe(&right);
    return same;
}

static bool same_recognised(const nrs_roster *a, const nrs_roster *b)
{
    if (a->n_recognised != b->n_recognised) {
        return false;
    }
    for (size_t i = 0; i < a->n_recognised; i++) {
        if (!same_message(&a->recognised[i]->base, &b->recognised[i]->base)) {
            return false;
        }
    }
    return true;
}

nrs_error nrs_roster_diff(const nrs_roster *before, const nrs_roster *after, nrs_roster_change_visitor visit, void *context)
{
    const walk to = { visit, context };
    nrs_error error = NRS_OK;

    NRS_ASSERT(after != NULL && visit != NULL);
    error = members(&to, before, after);
    if (error == NRS_OK) {
        error = keys(&to, before, after);
    }
    if (error == NRS_OK && before != NULL && !same_message(&before->rules->base, &after->rules->base)) {
        error = tell(&to, (nrs_roster_change){ .type = NRS_CHANGE_RULES });
    }
    if (error == NRS_OK && before != NULL && strcmp(before->name, after->name) != 0) {
        error = tell(&to, (nrs_roster_change){ .type = NRS_CHANGE_NAME });
    }
    if (error == NRS_OK && before != NULL && !same_recognised(before, after)) {
        error = tell(&to, (nrs_roster_change){ .type = NRS_CHANGE_RECOGNISED });
    }
    if (error == NRS_OK && after->n_forks > 0) {
        error = tell(&to, (nrs_roster_change){ .type = NRS_CHANGE_FORKS });
    }
    return error;
}
