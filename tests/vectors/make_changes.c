/* Vectors of what changes a membership: deltas of rosters, proofs of a fork, members' words on a roster, and ends of keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keys/change.h"
#include "keys/roster_delta.h"
#include "roster_maker.h"
#include "signing.h"
#include "vector_file.h"

enum { MEMBERS = 3 };

typedef struct change_case {
    const char *name, *about;
    const char *step; /* NULL: all checks hold */
    nrs_error error;
    int what; /* one of the part's own */
} change_case;

static FILE *open_case(const char *folder, const char *kind, const change_case *one)
{
    return vector_open(folder, &(vector_head){.name = one->name, .about = one->about, .kind = kind, .step = one->step,
                                              .rule = one->step == NULL ? NULL : nrs_error_rule(one->error)});
}

/* A first version and two that follow it, each signed by two of three. */
typedef struct history {
    maker m;
    nrs_bytes statement[3], many[3];
    nrs_roster *roster[3];
    uint8_t community[NRS_HASH_SIZE];
} history;

static void history_make(history *h)
{
    static const char *const signers[] = {"01", "02", "12"};

    memset(h, 0, sizeof *h);
    maker_init(&h->m, MEMBERS);
    for (size_t i = 0; i < 3; i++) {
        edition one;

        edition_init(&one, &h->m, i == 0 ? 1 : 2, 0, 3, 2);
        if (i > 0) { /* two successors of the first: the one without a member, the other under another name */
            edition_follow(&one, h->community, nrs_slice_of_bytes(&h->statement[0]));
            one.roster.n_members -= i == 1 ? 1 : 0;
            (void)snprintf(one.name, sizeof one.name, i == 1 ? "Electricity" : "Electric Power");
        }
        edition_pack(&h->statement[i], &one);
        maker_sign(&h->many[i], &h->m, nrs_slice_of_bytes(&h->statement[i]), signers[i]);
        assert_int_equal(nrs_roster_decode(&h->roster[i], nrs_slice_of_bytes(&h->statement[i])), NRS_OK);
        if (i == 0) {
            nrs_roster_hash(h->community, nrs_slice_of_bytes(&h->statement[0]));
        }
        edition_wipe(&one);
    }
}

static void history_wipe(history *h)
{
    for (size_t i = 0; i < 3; i++) {
        nrs_roster_free(&h->roster[i]);
        nrs_bytes_wipe(&h->statement[i]);
        nrs_bytes_wipe(&h->many[i]);
    }
    maker_wipe(&h->m);
}

/* ---- Deltas ---- */

enum { DELTA_GOOD, DELTA_WHOLE, DELTA_BASE, DELTA_EDIT, DELTA_LITERAL, DELTA_SIGNATURE, DELTA_PIECES, DELTA_FEW };

static const change_case deltas[] = {
    {"delta", "what a second version changes in the first", NULL, NRS_OK, DELTA_GOOD},
    {"delta-whole", "a first version without a base, all of it literal", NULL, NRS_OK, DELTA_WHOLE},
    {"delta-base-other", "against another roster than the one held", "base", NRS_ERROR_FORGED, DELTA_BASE},
    {"delta-edit-outside", "an edit reaches past the end of the base", "edit", NRS_ERROR_MALFORMED, DELTA_EDIT},
    {"delta-literal-flipped", "a bit of what it brings: another statement comes out", "hash", NRS_ERROR_FORGED, DELTA_LITERAL},
    {"delta-signature", "a bit of a signature of its head", "signature", NRS_ERROR_FORGED, DELTA_SIGNATURE},
    {"delta-few", "its head is signed by one", "threshold", NRS_ERROR_FORGED, DELTA_FEW},
    {"delta-piece-missing", "the second of two pieces, alone", "pieces", NRS_ERROR_MALFORMED, DELTA_PIECES},
};

static void edit_delta(nrs_bytes *bytes, int what)
{
    nrs_roster_delta *delta = NULL;

    assert_int_equal(nrs_roster_delta_decode(&delta, nrs_slice_of_bytes(bytes)), NRS_OK);
    for (size_t i = 0; i < delta->n_edits; i++) {
        if (what == DELTA_EDIT && delta->edits[i]->size > 0) {
            delta->edits[i]->offset += 100000;
            break;
        }
        if (what == DELTA_LITERAL && delta->edits[i]->literal.len > 0) {
            delta->edits[i]->literal.data[0] ^= 1;
            break;
        }
    }
    if (what == DELTA_SIGNATURE) {
        delta->head->signatures[0]->signature.data[3] ^= 1;
    }
    if (what == DELTA_FEW) {
        delta->head->n_signatures = 1;
    }
    if (what == DELTA_PIECES) {
        delta->index = 1;
        delta->count = 2;
    }
    assert_int_equal(nrs_roster_delta_encode(bytes, delta), NRS_OK);
    delta->head->n_signatures += what == DELTA_FEW ? 1 : 0;
    nrs_roster_delta_free(&delta);
}

static void make_delta(FILE *file, const change_case *one)
{
    const bool whole = one->what == DELTA_WHOLE;
    const size_t after = whole ? 0 : 1, base = one->what == DELTA_BASE ? 2 : 0;
    nrs_roster_pieces pieces = {.count = 0};
    nrs_signed_by_many *many = NULL;
    history h;

    history_make(&h);
    assert_int_equal(nrs_signed_by_many_decode(&many, nrs_slice_of_bytes(&h.many[after])), NRS_OK);
    assert_int_equal(nrs_roster_delta_make(&pieces, many, h.roster[after], whole ? nrs_slice_of(NULL, 0) : nrs_slice_of_bytes(&h.statement[base]),
                                           whole ? 0 : 1), NRS_OK);
    assert_int_equal(pieces.count, 1);
    if (one->what != DELTA_GOOD && !whole && one->what != DELTA_BASE) {
        edit_delta(&pieces.list[0], one->what);
    }
    if (!whole) {
        vector_hex(file, "trusted", nrs_slice_of_bytes(&h.many[0]));
    }
    vector_hex(file, "delta", nrs_slice_of_bytes(&pieces.list[0]));
    if (one->step == NULL) {
        vector_hex(file, "statement", nrs_slice_of_bytes(&h.statement[after]));
        vector_hex(file, "community", nrs_slice_of(h.community, NRS_HASH_SIZE));
    }
    nrs_signed_by_many_free(&many);
    nrs_roster_pieces_wipe(&pieces);
    history_wipe(&h);
}

/* ---- Forks ---- */

enum { FORK_GOOD, FORK_SAME, FORK_VERSION, FORK_COMMUNITY, FORK_FEW, FORK_SIGNATURE };

static const change_case forks[] = {
    {"fork", "two signed rosters of one version", NULL, NRS_OK, FORK_GOOD},
    {"fork-same", "one roster twice", "decode", NRS_ERROR_NOT_CANONICAL, FORK_SAME},
    {"fork-other-version", "two rosters of two versions", "pair", NRS_ERROR_FORGED, FORK_VERSION},
    {"fork-other-community", "of two communities", "pair", NRS_ERROR_FORGED, FORK_COMMUNITY},
    {"fork-few", "one of the two is signed by one key", "threshold", NRS_ERROR_FORGED, FORK_FEW},
    {"fork-signature", "a bit of a signature", "signature", NRS_ERROR_FORGED, FORK_SIGNATURE},
};

static int by_hash(const void *a, const void *b)
{
    Nrs__Wire__RosterHead *const *x = a, *const *y = b;

    return memcmp((*x)->hash.data, (*y)->hash.data, NRS_HASH_SIZE);
}

static void make_fork(FILE *file, const change_case *one)
{
    Nrs__Wire__RosterHead heads[2], *list[2] = {&heads[0], &heads[1]};
    nrs_signed_by_many *many[2] = {NULL};
    nrs_fork_proof proof;
    uint8_t hashes[2][NRS_HASH_SIZE], other[NRS_HASH_SIZE];
    nrs_bytes bytes = {0};
    history h;

    history_make(&h);
    memcpy(other, h.community, sizeof other);
    other[0] ^= 1;
    for (size_t i = 0; i < 2; i++) {
        const size_t side = one->what == FORK_SAME ? 1 : i + 1;

        assert_int_equal(nrs_signed_by_many_decode(&many[i], nrs_slice_of_bytes(&h.many[side])), NRS_OK);
        nrs_roster_hash(hashes[i], nrs_slice_of_bytes(&h.statement[side]));
        nrs__wire__roster_head__init(&heads[i]);
        heads[i].community = nrs_field_of(nrs_slice_of(one->what == FORK_COMMUNITY && i == 1 ? other : h.community, NRS_HASH_SIZE));
        heads[i].version = one->what == FORK_VERSION && i == 1 ? 3 : 2;
        heads[i].hash = nrs_field_of(nrs_slice_of(hashes[i], NRS_HASH_SIZE));
        heads[i].signatures = many[i]->signatures;
        heads[i].n_signatures = one->what == FORK_FEW && i == 1 ? 1 : many[i]->n_signatures;
    }
    if (one->what == FORK_SIGNATURE) {
        many[1]->signatures[1]->signature.data[7] ^= 1;
    }
    qsort(list, 2, sizeof(Nrs__Wire__RosterHead *), by_hash);
    nrs__wire__fork_proof__init(&proof);
    proof.heads = list;
    proof.n_heads = 2;
    assert_int_equal(nrs_bytes_resize(&bytes, nrs__wire__fork_proof__get_packed_size(&proof)), NRS_OK);
    (void)nrs__wire__fork_proof__pack(&proof, bytes.data);
    vector_hex(file, "trusted", nrs_slice_of_bytes(&h.many[0]));
    vector_hex(file, "fork", nrs_slice_of_bytes(&bytes));
    if (one->step == NULL) {
        vector_hex(file, "community", nrs_slice_of(h.community, NRS_HASH_SIZE));
    }
    nrs_bytes_wipe(&bytes);
    nrs_signed_by_many_free(&many[0]);
    nrs_signed_by_many_free(&many[1]);
    history_wipe(&h);
}

/* ---- Freshness ---- */

enum { WORD_GOOD, WORD_PLAIN, WORD_FLIP, WORD_JOINED, WORD_DOMAIN };

static const change_case words[] = {
    {"freshness", "a member's word on a roster, and that it joined", NULL, NRS_OK, WORD_GOOD},
    {"freshness-plain", "a word on a roster alone", NULL, NRS_OK, WORD_PLAIN},
    {"freshness-flipped", "a bit of the signature", "signature", NRS_ERROR_FORGED, WORD_FLIP},
    {"freshness-joined-other", "the member joined another community", "joined", NRS_ERROR_FORGED, WORD_JOINED},
    {"freshness-other-domain", "signed as a card is", "signature", NRS_ERROR_FORGED, WORD_DOMAIN},
};

static void make_word(FILE *file, const change_case *one)
{
    uint8_t community[NRS_HASH_SIZE] = {5}, joined_to[NRS_HASH_SIZE] = {5}, hash[NRS_HASH_SIZE] = {6}, joined[NRS_SIGNATURE_SIZE];
    nrs_identity *member = NULL;
    nrs_freshness said;
    nrs_bytes statement = {0}, payload = {0};

    assert_int_equal(nrs_identity_new(&member), NRS_OK);
    joined_to[1] = one->what == WORD_JOINED ? 1 : 0;
    nrs_sign(joined, member, NRS_DOMAIN_MEMBER_JOINED, nrs_slice_of(joined_to, sizeof joined_to));
    nrs__wire__freshness__init(&said);
    said.suite = NRS_SUITE;
    said.community = nrs_field_of(nrs_slice_of(community, sizeof community));
    said.version = 7;
    said.hash = nrs_field_of(nrs_slice_of(hash, sizeof hash));
    said.created_ms = MAKER_CREATED_MS;
    said.joined = nrs_field_of(nrs_slice_of(joined, one->what == WORD_PLAIN ? 0 : sizeof joined));
    assert_int_equal(nrs_freshness_encode(&statement, &said), NRS_OK);
    assert_int_equal(nrs_signed_payload(&payload, one->what == WORD_DOMAIN ? NRS_RECORD_CARD : NRS_RECORD_FRESHNESS, member, nrs_slice_of_bytes(&statement)), NRS_OK);
    if (one->what == WORD_FLIP) {
        payload.data[payload.size - 1] ^= 1;
    }
    vector_hex(file, "freshness", nrs_slice_of_bytes(&payload));
    if (one->step == NULL) {
        vector_hex(file, "statement", nrs_slice_of_bytes(&statement));
    }
    nrs_bytes_wipe(&payload);
    nrs_bytes_wipe(&statement);
    nrs_identity_destroy(&member);
}

/* ---- Ends of keys ---- */

enum { END_REVOKED, END_SUCCEEDED, END_FLIP, END_SIGNER, END_CONSENT, END_ORG, END_SAME_KEY, END_CARD, END_LOW_ORDER };

static const change_case ends[] = {
    {"key-change-revoked", "a key that is revoked", NULL, NRS_OK, END_REVOKED},
    {"key-change-succeeded", "a key that new ones follow", NULL, NRS_OK, END_SUCCEEDED},
    {"key-change-flipped", "a bit of the signature", "signature", NRS_ERROR_FORGED, END_FLIP},
    {"key-change-other-signer", "signed by the new key, not by the one that ends", "signer", NRS_ERROR_FORGED, END_SIGNER},
    {"key-change-consent", "the new key has not agreed: the old one signed for it", "consent", NRS_ERROR_FORGED, END_CONSENT},
    {"key-change-other-org", "the card is another organisation's", "successor", NRS_ERROR_FORGED, END_ORG},
    {"key-change-same-key", "the card is of the key that ends", "successor", NRS_ERROR_FORGED, END_SAME_KEY},
    {"key-change-card-flipped", "a bit of the card's signature", "card", NRS_ERROR_FORGED, END_CARD},
    {"key-change-low-order", "an agreement key of low order", "agree-key", NRS_ERROR_FORGED, END_LOW_ORDER},
};

static void make_card(nrs_bytes *signed_out, const nrs_identity *identity, const char *org)
{
    char id[NRS_NAME_SIZE_MAX + 1], name[] = "A power company", endpoint[] = "tcp://hub.example:7417";
    char *endpoints[1] = {endpoint};
    uint8_t proof[NRS_SIGNATURE_SIZE];
    nrs_card card;
    const nrs_public_keys *keys = nrs_identity_public(identity);

    (void)snprintf(id, sizeof id, "%s", org);
    assert_int_equal(nrs_member_prove(proof, identity, id), NRS_OK);
    nrs__wire__card__init(&card);
    card.suite = NRS_SUITE;
    card.org = id;
    card.name = name;
    card.sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
    card.agree_key = nrs_field_of(nrs_slice_of(keys->agree_key, NRS_KEY_SIZE));
    card.curve_key = nrs_field_of(nrs_slice_of(keys->curve_key, NRS_KEY_SIZE));
    card.endpoints = endpoints;
    card.n_endpoints = 1;
    card.serial = 2;
    card.created_ms = MAKER_CREATED_MS;
    card.proof = nrs_field_of(nrs_slice_of(proof, sizeof proof));
    assert_int_equal(nrs_card_sign(signed_out, &card, identity), NRS_OK);
}

/* The statement is made whole, then what the case says is put otherwise, and signed. */
static void make_end(FILE *file, const change_case *one)
{
    static const uint8_t low_order[NRS_KEY_SIZE] = {1};
    nrs_identity *before = NULL, *after = NULL;
    nrs_signed *outer = NULL;
    nrs_key_change *change = NULL;
    ProtobufCBinaryData held = {0};
    nrs_bytes card = {0}, payload = {0}, statement = {0};

    assert_int_equal(nrs_identity_new(&before), NRS_OK);
    assert_int_equal(nrs_identity_new(&after), NRS_OK);
    make_card(&card, after, "kanto-power");
    assert_int_equal(one->what == END_REVOKED ? nrs_change_revoke(&payload, before, "kanto-power", MAKER_CREATED_MS)
                                              : nrs_change_succeed(&payload, before, after, nrs_slice_of_bytes(&card), MAKER_CREATED_MS), NRS_OK);
    assert_int_equal(nrs_signed_decode(&outer, nrs_slice_of_bytes(&payload)), NRS_OK);
    assert_int_equal(nrs_key_change_decode(&change, nrs_field(&outer->statement)), NRS_OK);
    if (one->what == END_CONSENT) {
        nrs_sign(change->consent.data, before, NRS_DOMAIN_KEY_CONSENT, nrs_field(&change->sign_key));
    } else if (one->what == END_ORG || one->what == END_SAME_KEY) {
        make_card(&card, one->what == END_ORG ? after : before, one->what == END_ORG ? "kansai-power" : "kanto-power");
        held = change->card;
        change->card = nrs_field_of(nrs_slice_of_bytes(&card));
    } else if (one->what == END_CARD) {
        change->card.data[change->card.len - 1] ^= 1;
    } else if (one->what == END_LOW_ORDER) {
        memcpy(change->agree_key.data, low_order, NRS_KEY_SIZE);
    }
    assert_int_equal(nrs_key_change_encode(&statement, change), NRS_OK);
    change->card = held.data != NULL ? held : change->card;
    assert_int_equal(nrs_signed_payload(&payload, NRS_RECORD_KEY_CHANGE, one->what == END_SIGNER ? after : before, nrs_slice_of_bytes(&statement)), NRS_OK);
    if (one->what == END_FLIP) {
        payload.data[payload.size - 1] ^= 1;
    }
    vector_hex(file, "key_change", nrs_slice_of_bytes(&payload));
    if (one->step == NULL) {
        vector_hex(file, "statement", nrs_slice_of_bytes(&statement));
    }
    nrs_key_change_free(&change);
    nrs_signed_free(&outer);
    nrs_bytes_wipe(&statement);
    nrs_bytes_wipe(&payload);
    nrs_bytes_wipe(&card);
    nrs_identity_destroy(&before);
    nrs_identity_destroy(&after);
}

/* ---- All ---- */

void make_changes(const char *folder)
{
    static const struct {
        const char *kind;
        const change_case *cases;
        size_t count;
        void (*make)(FILE *file, const change_case *one);
    } parts[] = {
        {"delta", deltas, sizeof deltas / sizeof deltas[0], make_delta},
        {"fork", forks, sizeof forks / sizeof forks[0], make_fork},
        {"freshness", words, sizeof words / sizeof words[0], make_word},
        {"key-change", ends, sizeof ends / sizeof ends[0], make_end},
    };

    for (size_t part = 0; part < sizeof parts / sizeof parts[0]; part++) {
        for (size_t i = 0; i < parts[part].count; i++) {
            FILE *file = open_case(folder, parts[part].kind, &parts[part].cases[i]);

            parts[part].make(file, &parts[part].cases[i]);
            vector_close(file);
        }
    }
}
