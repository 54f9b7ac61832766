/* Vectors of invites: the first roster, one that changed the keys, and the newest, which may be either of them in another copy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "roster_maker.h"
#include "vector_file.h"

enum { MEMBERS = 2 };

/* The first lists the keys 0, 1, 2, the second 1, 2, 3; each wants two. */
static const struct invite_case {
    const char *name;
    const char *about;
    const char *step; /* NULL: all checks hold */
    bool chain;       /* the second stands in it */
    uint64_t newest;  /* its version */
    const char *signers; /* of the newest */
    bool flip;
} cases[] = {
    {"invite", "a third version, after a change of keys", NULL, true, 3, "23", false},
    {"invite-chain-missing", "the change of keys is left out", "threshold", false, 3, "23", false},
    {"invite-newest-changes", "the newest is the change of keys, signed by other keys than in the chain", NULL, true, 2, "12", false},
    {"invite-newest-first", "the newest is the first, signed by other keys", NULL, false, 1, "12", false},
    {"invite-newest-changes-one", "the newest is the change of keys, signed by one in that copy", "threshold", true, 2, "1", false},
    {"invite-newest-changes-new", "the newest is the change of keys, signed by too few of the old ones in that copy", "threshold", true, 2, "23", false},
    {"invite-newest-changes-flipped", "the newest is the change of keys, with a bit of a signature in that copy", "signature", true, 2, "12", true},
    {"invite-newest-first-one", "the newest is the first, signed by one in that copy", "threshold", false, 1, "2", false},
    {"invite-newest-first-outsider", "the newest is the first, signed by two in that copy, and by a key that is none of them", "signature-key", false, 1, "013", false},
    {"invite-newest-first-flipped", "the newest is the first, with a bit of a signature in that copy", "signature", false, 1, "01", true},
};

static void make_next(nrs_bytes *statement_out, maker *m, uint64_t version, const nrs_bytes *first, const nrs_bytes *before)
{
    edition next;
    uint8_t community[NRS_HASH_SIZE];

    nrs_roster_hash(community, nrs_slice_of_bytes(first));
    edition_init(&next, m, version, 1, 3, 2);
    edition_follow(&next, community, nrs_slice_of_bytes(before));
    edition_pack(statement_out, &next);
    edition_wipe(&next);
}

static void write_signed(FILE *file, const char *name, const maker *m, const nrs_bytes *statement, const char *signers, bool flip)
{
    nrs_bytes many = {0};

    maker_sign(&many, m, nrs_slice_of_bytes(statement), signers);
    many.data[many.size - 1] ^= flip ? 1 : 0;
    vector_hex(file, name, nrs_slice_of_bytes(&many));
    nrs_bytes_wipe(&many);
}

static void make_invite(FILE *file, const struct invite_case *one)
{
    maker m;
    edition first;
    nrs_bytes statements[3] = {{0}, {0}, {0}};
    const nrs_bytes *newest = &statements[one->newest - 1];
    uint8_t community[NRS_HASH_SIZE];

    maker_init(&m, MEMBERS);
    edition_init(&first, &m, 1, 0, 3, 2);
    edition_pack(&statements[0], &first);
    edition_wipe(&first);
    make_next(&statements[1], &m, 2, &statements[0], &statements[0]);
    make_next(&statements[2], &m, 3, &statements[0], &statements[1]);
    write_signed(file, "first", &m, &statements[0], "02", false);
    if (one->chain) {
        write_signed(file, "chain", &m, &statements[1], "012", false);
    }
    write_signed(file, "current", &m, newest, one->signers, one->flip);
    if (one->step == NULL) {
        nrs_roster_hash(community, nrs_slice_of_bytes(&statements[0]));
        vector_hex(file, "statement", nrs_slice_of_bytes(newest));
        vector_hex(file, "community", nrs_slice_of(community, sizeof community));
    }
    for (size_t i = 0; i < 3; i++) {
        nrs_bytes_wipe(&statements[i]);
    }
    maker_wipe(&m);
}

void make_invites(const char *folder)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct invite_case *one = &cases[i];
        FILE *file = vector_open(folder, &(vector_head){.name = one->name,
                                                        .about = one->about,
                                                        .kind = "invite",
                                                        .step = one->step,
                                                        .rule = one->step == NULL ? NULL : nrs_error_rule(NRS_ERROR_FORGED)});

        make_invite(file, one);
        vector_close(file);
    }
}
