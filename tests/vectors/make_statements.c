/* Vectors of envelopes, cards, prekeys, wrapped prekeys of persons, and fingerprints. */
#include "scene.h"

#include "identity/agreement.h"
#include "keys/vault.h"
#include "sealing/padded.h"
#include "signing.h"

static party sender, reader, other;

static FILE *begin(const char *folder, const char *name, const char *about, const char *kind, const char *step,
                   nrs_error error)
{
    FILE *file = vector_open(folder, &(vector_head){.name = name,
                                                    .about = about,
                                                    .kind = kind,
                                                    .step = step,
                                                    .rule = step == NULL ? NULL : nrs_error_rule(error)});

    party_init(&sender);
    party_init(&reader);
    party_init(&other);
    return file;
}

static void end(FILE *file)
{
    vector_close(file);
    party_wipe(&sender);
    party_wipe(&reader);
    party_wipe(&other);
}

static void write_key_file(FILE *file, const char *name, const party *who)
{
    nrs_bytes bytes = {0};

    assert_int_equal(nrs_identity_save(&bytes, who->identity, nrs_slice_of(NULL, 0)), NRS_OK);
    vector_hex(file, name, nrs_slice_of_bytes(&bytes));
    nrs_bytes_wipe(&bytes);
}

static nrs_slice key_of(const uint8_t key[NRS_KEY_SIZE])
{
    return nrs_slice_of(key, NRS_KEY_SIZE);
}

/* The statement of a record that was signed, for changing it. */
static void unwrap(nrs_bytes *statement_out, const nrs_bytes *record_bytes)
{
    nrs_record *record = NULL;
    nrs_signed *outer = NULL;

    assert_int_equal(nrs_record_decode(&record, nrs_slice_of_bytes(record_bytes)), NRS_OK);
    assert_int_equal(nrs_signed_decode(&outer, nrs_field(&record->payload)), NRS_OK);
    assert_int_equal(nrs_bytes_copy(statement_out, nrs_field(&outer->statement)), NRS_OK);
    nrs_signed_free(&outer);
    nrs_record_free(&record);
}

/* ---- Envelopes ---- */

typedef struct letter_scene {
    nrs_bytes record;
    const party *as;
    const party *prekey_id_of;
    const party *prekey_of;
    nrs_public_keys from;
} letter_scene;

static void flip_record(letter_scene *letter)
{
    letter->record.data[letter->record.size - 1] ^= 1; /* within the signature */
}

/* Change the statement and sign it again. */
static void edit_envelope(letter_scene *letter, void (*change)(nrs_envelope *value), const party *by)
{
    nrs_bytes statement = {0};
    nrs_envelope *value = NULL;

    unwrap(&statement, &letter->record);
    assert_int_equal(nrs_envelope_decode(&value, nrs_slice_of_bytes(&statement)), NRS_OK);
    change(value);
    assert_int_equal(nrs_envelope_encode(&statement, value), NRS_OK);
    assert_int_equal(
        nrs_signed_record(&letter->record, NRS_RECORD_ENVELOPE, by->identity, nrs_slice_of_bytes(&statement)), NRS_OK);
    nrs_envelope_free(&value);
    nrs_bytes_wipe(&statement);
}

static void change_nothing(nrs_envelope *value)
{
    (void)value;
}

static void flip_box(nrs_envelope *value)
{
    value->box.data[9] ^= 1;
}

static void flip_community(nrs_envelope *value)
{
    value->community.data[0] ^= 1;
}

static void later_expiry(nrs_envelope *value)
{
    value->expires_ms += 1;
}

static void zero_epk(nrs_envelope *value)
{
    memset(value->epk.data, 0, value->epk.len);
}

static void box_flipped(letter_scene *letter)
{
    edit_envelope(letter, flip_box, &sender);
}

static void community_other(letter_scene *letter)
{
    edit_envelope(letter, flip_community, &sender);
}

static void expiry_other(letter_scene *letter)
{
    edit_envelope(letter, later_expiry, &sender);
}

static void low_order(letter_scene *letter)
{
    edit_envelope(letter, zero_epk, &sender);
}

/* The key of a letter, made as its reader makes it. */
static void letter_key(uint8_t key_out[NRS_KEY_SIZE], uint8_t hash_out[NRS_LONG_HASH_SIZE], const nrs_envelope *value)
{
    const nrs_slice parts[] = {
        key_of(sender.recipient.sign_key),
        key_of(sender.recipient.agree_key),
        key_of(reader.recipient.sign_key),
        key_of(reader.recipient.agree_key),
        nrs_field(&value->to),
        nrs_field(&value->community),
    };
    const nrs_slice last[] = {nrs_field(&value->prekey_id), key_of(reader.prekey.key), nrs_field(&value->epk)};
    nrs_bytes text = {0};
    nrs_slice whole;
    uint8_t fresh[NRS_KEY_SIZE];
    uint8_t lasting[NRS_KEY_SIZE];

    assert_int_equal(nrs_bytes_append_u32(&text, NRS_SUITE), NRS_OK);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        assert_int_equal(nrs_bytes_append_prefixed(&text, parts[i]), NRS_OK);
    }
    assert_int_equal(nrs_bytes_append_u64(&text, value->created_ms), NRS_OK);
    assert_int_equal(nrs_bytes_append_u64(&text, value->expires_ms), NRS_OK);
    for (size_t i = 0; i < sizeof last / sizeof last[0]; i++) {
        assert_int_equal(nrs_bytes_append_prefixed(&text, last[i]), NRS_OK);
    }
    whole = nrs_slice_of_bytes(&text);
    nrs_hash(hash_out, NRS_LONG_HASH_SIZE, NRS_DOMAIN_ENVELOPE_TRANSCRIPT, &whole, 1);
    assert_int_equal(nrs_ephemeral_agree(fresh, reader.prekey.secret, value->epk.data), NRS_OK);
    assert_int_equal(nrs_identity_agree(lasting, reader.identity, sender.recipient.agree_key), NRS_OK);
    nrs_pair_key(key_out, NRS_DOMAIN_ENVELOPE_KEY, hash_out, fresh, lasting);
    nrs_bytes_wipe(&text);
}

/* Seal the letter again, with another last byte of its padding, or for another name of its reader. */
static void reseal(nrs_envelope *value, uint8_t last, uint8_t to_change)
{
    static const uint8_t nonce[NRS_NONCE_SIZE];
    uint8_t hash[NRS_LONG_HASH_SIZE] = {0};
    uint8_t key[NRS_KEY_SIZE] = {0};
    uint8_t plain[256];
    const nrs_box_terms terms = {key, nonce, nrs_slice_of(hash, sizeof hash)};

    letter_key(key, hash, value);
    assert_int_equal(value->box.len, sizeof plain + NRS_TAG_SIZE);
    assert_int_equal(nrs_box_open(plain, nrs_field(&value->box), &terms), NRS_OK);
    plain[sizeof plain - 1] = last;
    value->to.data[0] ^= to_change;
    letter_key(key, hash, value);
    nrs_box_seal(value->box.data, nrs_slice_of(plain, sizeof plain), &terms);
}

static void fill_padding(nrs_envelope *value)
{
    reseal(value, 1, 0);
}

/* Its letter is sealed for the other name too, so that nothing else can fail. */
static void flip_to(nrs_envelope *value)
{
    reseal(value, 0, 1);
}

static void to_other(letter_scene *letter)
{
    edit_envelope(letter, flip_to, &sender);
}

static void padding_not_zero(letter_scene *letter)
{
    edit_envelope(letter, fill_padding, &sender);
}

static void signer_other(letter_scene *letter)
{
    edit_envelope(letter, change_nothing, &other);
}

static void from_other(letter_scene *letter)
{
    memcpy(letter->from.sign_key, other.recipient.sign_key, NRS_KEY_SIZE);
}

static void agreement_other(letter_scene *letter)
{
    memcpy(letter->from.agree_key, other.recipient.agree_key, NRS_KEY_SIZE);
}

static void prekey_not_named(letter_scene *letter)
{
    letter->prekey_id_of = &other;
}

static void prekey_other(letter_scene *letter)
{
    letter->prekey_of = &other;
}

static const struct letter_case {
    const char *name;
    const char *about;
    const char *step;
    void (*change)(letter_scene *letter);
    nrs_error error;
} letter_cases[] = {
    {"envelope", "two statements for one organisation", NULL, NULL, NRS_OK},
    {"envelope-flipped", "a bit of the signature", "signature", flip_record, NRS_ERROR_FORGED},
    {"envelope-other-signer", "signed by another than it is from", "signer", signer_other, NRS_ERROR_FORGED},
    {"envelope-other-from", "from another than the reader expects", "from", from_other, NRS_ERROR_FORGED},
    {"envelope-other-to", "to another organisation", "to", to_other, NRS_ERROR_FORGED},
    {"envelope-prekey-not-named", "a prekey that it does not name", "prekey", prekey_not_named, NRS_ERROR_FORGED},
    {"envelope-prekey-other", "another secret under the id that it names", "letter", prekey_other, NRS_ERROR_FORGED},
    {"envelope-agreement-other", "another agreement key of the sender", "letter", agreement_other, NRS_ERROR_FORGED},
    {"envelope-low-order", "an ephemeral key of low order", "agreement", low_order, NRS_ERROR_FORGED},
    {"envelope-box-flipped", "a bit of the box, then signed", "letter", box_flipped, NRS_ERROR_FORGED},
    {"envelope-other-community", "another community, then signed", "letter", community_other, NRS_ERROR_FORGED},
    {"envelope-other-expiry", "another expiry, then signed", "letter", expiry_other, NRS_ERROR_FORGED},
    {"envelope-padding", "the last byte of the letter's padding is not zero", "letter-padding", padding_not_zero,
     NRS_ERROR_NOT_CANONICAL},
};

static void seal_letter(nrs_bytes *record_out, nrs_bytes *letter_out)
{
    static const uint8_t community[NRS_HASH_SIZE] = {3};
    nrs_statement statement;
    nrs_letter letter = NRS__WIRE__LETTER__INIT;
    ProtobufCBinaryData fields[2];
    nrs_bytes bytes[2] = {{0}, {0}};
    nrs_slice slices[2];

    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_RECEIPT;
    statement.sealed_id = nrs_field_of(nrs_slice_of(community, sizeof community));
    statement.at_ms = FIXTURE_NOW_MS;
    for (uint32_t i = 0; i < 2; i++) {
        statement.stage = i == 0 ? NRS_STAGE_STORED : NRS_STAGE_OPENED;
        statement.person = (char *)(uintptr_t)(i == 0 ? "" : "sato");
        assert_int_equal(nrs_statement_encode(&bytes[i], &statement), NRS_OK);
        slices[i] = nrs_slice_of_bytes(&bytes[i]);
        fields[i] = nrs_field_of(slices[i]);
    }
    letter.n_statements = 2;
    letter.statements = fields;
    assert_int_equal(nrs_letter_encode(letter_out, &letter), NRS_OK);
    assert_int_equal(nrs_envelope_seal(record_out, sender.identity,
                                       &(nrs_envelope_request){.statements = slices,
                                                               .statement_count = 2,
                                                               .community = nrs_slice_of(community, sizeof community),
                                                               .to = &reader.recipient,
                                                               .now_ms = FIXTURE_NOW_MS,
                                                               .expires_ms = FIXTURE_NOW_MS + NRS_DAY_MS}),
                     NRS_OK);
    nrs_bytes_wipe(&bytes[0]);
    nrs_bytes_wipe(&bytes[1]);
}

static void make_envelopes(const char *folder)
{
    for (size_t i = 0; i < sizeof letter_cases / sizeof letter_cases[0]; i++) {
        const struct letter_case *one = &letter_cases[i];
        FILE *file = begin(folder, one->name, one->about, "envelope", one->step, one->error);
        letter_scene post = {.as = &reader, .prekey_id_of = &reader, .prekey_of = &reader};
        nrs_bytes letter = {0};

        post.from = *nrs_identity_public(sender.identity);
        seal_letter(&post.record, &letter);
        if (one->change != NULL) {
            one->change(&post);
        }
        vector_hex(file, "envelope", nrs_slice_of_bytes(&post.record));
        write_key_file(file, "reader", post.as);
        vector_hex(file, "prekey_id", nrs_slice_of(post.prekey_id_of->prekey.id, NRS_PREKEY_ID_SIZE));
        vector_hex(file, "prekey_secret", nrs_secret_slice(post.prekey_of->prekey.secret));
        vector_hex(file, "from_sign", key_of(post.from.sign_key));
        vector_hex(file, "from_agree", key_of(post.from.agree_key));
        if (one->step == NULL) {
            vector_hex(file, "letter", nrs_slice_of_bytes(&letter));
        }
        nrs_bytes_wipe(&letter);
        nrs_bytes_wipe(&post.record);
        end(file);
    }
}

/* ---- Cards and prekeys ---- */

enum card_change { CARD_GOOD, CARD_FLIPPED, CARD_OTHER_SIGNER, CARD_OTHER_ORG, CARD_OTHER_PERSON };

static const struct card_case {
    const char *name;
    const char *about;
    const char *step;
    enum card_change change;
} card_cases[] = {
    {"card", "an organisation with one person", NULL, CARD_GOOD},
    {"card-flipped", "a bit of the signature", "signature", CARD_FLIPPED},
    {"card-other-signer", "signed by another organisation", "signer", CARD_OTHER_SIGNER},
    {"card-other-org", "the keys' proof is for another id", "member-proof", CARD_OTHER_ORG},
    {"card-other-person", "the person's proof is for another organisation", "person-proof", CARD_OTHER_PERSON},
};

static void make_card(nrs_bytes *signed_out, nrs_bytes *statement_out, enum card_change change)
{
    nrs_card card;
    Nrs__Wire__PersonEntry person;
    Nrs__Wire__PersonEntry *persons[] = {&person};
    uint8_t proof[NRS_SIGNATURE_SIZE];
    nrs_signed *outer = NULL;
    nrs_card *made = NULL;
    const party *by = change == CARD_OTHER_SIGNER ? &other : &sender;

    nrs__wire__person_entry__init(&person);
    nrs__wire__card__init(&card);
    person.id = (char *)(uintptr_t) "sato";
    person.name = (char *)(uintptr_t) "佐藤";
    person.sign_key = nrs_field_of(key_of(reader.recipient.sign_key));
    person.agree_key = nrs_field_of(key_of(reader.recipient.agree_key));
    assert_int_equal(
        nrs_person_prove(proof, reader.identity, "sato",
                         change == CARD_OTHER_PERSON ? other.recipient.sign_key : sender.recipient.sign_key),
        NRS_OK);
    person.proof = nrs_field_of(nrs_slice_of(proof, sizeof proof));
    card.org = (char *)(uintptr_t) "kanto-power";
    card.name = (char *)(uintptr_t) "Kanto Power";
    card.n_persons = 1;
    card.persons = persons;
    card.serial = 1;
    card.created_ms = FIXTURE_NOW_MS;
    assert_int_equal(nrs_card_sign(signed_out, &card, sender.identity), NRS_OK);
    assert_int_equal(nrs_signed_decode(&outer, nrs_slice_of_bytes(signed_out)), NRS_OK);
    assert_int_equal(nrs_card_decode(&made, nrs_field(&outer->statement)), NRS_OK);
    if (change == CARD_OTHER_ORG) {
        assert_int_equal(nrs_member_prove(made->proof.data, sender.identity, "tohoku-power"), NRS_OK);
    }
    assert_int_equal(nrs_card_encode(statement_out, made), NRS_OK);
    assert_int_equal(nrs_signed_payload(signed_out, NRS_RECORD_CARD, by->identity, nrs_slice_of_bytes(statement_out)),
                     NRS_OK);
    if (change == CARD_FLIPPED) {
        signed_out->data[signed_out->size - 1] ^= 1;
    }
    nrs_card_free(&made);
    nrs_signed_free(&outer);
}

static void make_cards(const char *folder)
{
    for (size_t i = 0; i < sizeof card_cases / sizeof card_cases[0]; i++) {
        const struct card_case *one = &card_cases[i];
        FILE *file = begin(folder, one->name, one->about, "card", one->step, NRS_ERROR_FORGED);
        nrs_bytes bytes = {0};
        nrs_bytes statement = {0};

        make_card(&bytes, &statement, one->change);
        vector_hex(file, "card", nrs_slice_of_bytes(&bytes));
        if (one->step == NULL) {
            vector_hex(file, "statement", nrs_slice_of_bytes(&statement));
        }
        nrs_bytes_wipe(&bytes);
        nrs_bytes_wipe(&statement);
        end(file);
    }
}

static void make_prekeys(const char *folder)
{
    static const struct prekeys_case {
        const char *name, *about, *step;
    } cases[] = {
        {"prekeys", "four weekly windows", NULL},
        {"prekeys-flipped", "a bit of the signature", "signature"},
        {"prekeys-other-signer", "signed by another than their owner", "signer"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        FILE *file = begin(folder, cases[i].name, cases[i].about, "prekeys", cases[i].step, NRS_ERROR_FORGED);
        nrs_prekey_secret secrets[NRS_ORG_PREKEY_COUNT];
        nrs_bytes record = {0};
        nrs_bytes statement = {0};

        assert_int_equal(nrs_prekeys_make(secrets, NRS_ORG_PREKEY_COUNT, FIXTURE_NOW_MS), NRS_OK);
        assert_int_equal(nrs_prekeys_sign(&record, secrets, NRS_ORG_PREKEY_COUNT, sender.identity,
                                          sender.recipient.sign_key, FIXTURE_NOW_MS),
                         NRS_OK);
        unwrap(&statement, &record);
        if (i == 1) {
            record.data[record.size - 1] ^= 1;
        } else if (i == 2) {
            assert_int_equal(
                nrs_signed_record(&record, NRS_RECORD_PREKEYS, other.identity, nrs_slice_of_bytes(&statement)), NRS_OK);
        }
        vector_hex(file, "prekeys", nrs_slice_of_bytes(&record));
        if (i == 0) {
            vector_hex(file, "statement", nrs_slice_of_bytes(&statement));
        }
        for (size_t j = 0; j < NRS_ORG_PREKEY_COUNT; j++) {
            nrs_prekey_secret_wipe(&secrets[j]);
        }
        nrs_bytes_wipe(&statement);
        nrs_bytes_wipe(&record);
        end(file);
    }
}

/* ---- Persons' prekeys and fingerprints ---- */

static void make_person_prekeys(const char *folder)
{
    static const struct person_case {
        const char *name, *about, *step;
    } cases[] = {
        {"person-prekey", "a prekey secret under a person's key and the node's share", NULL},
        {"person-prekey-other-share", "another share", "unwrap"},
        {"person-prekey-other-person", "another person's key", "unwrap"},
        {"person-prekey-other-label", "wrapped for another id", "unwrap"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        FILE *file = begin(folder, cases[i].name, cases[i].about, "person-prekey", cases[i].step, NRS_ERROR_DAMAGED);
        nrs_secret *share = NULL;
        nrs_secret *key = NULL;
        nrs_bytes wrapped = {0};
        const nrs_slice label = nrs_slice_of(reader.prekey.id, NRS_PREKEY_ID_SIZE);

        assert_int_equal(nrs_secret_random(&share, NRS_KEY_SIZE), NRS_OK);
        assert_int_equal(nrs_person_prekey_key(&key, reader.identity, share), NRS_OK);
        assert_int_equal(nrs_vault_wrap(&wrapped, key, label, reader.prekey.secret), NRS_OK);
        if (i == 1) {
            nrs_secret_data(share)[0] ^= 1;
        }
        write_key_file(file, "person", i == 2 ? &other : &reader);
        vector_hex(file, "share", nrs_secret_slice(share));
        vector_hex(file, "label", i == 3 ? nrs_slice_of(other.prekey.id, NRS_PREKEY_ID_SIZE) : label);
        vector_hex(file, "wrapped", nrs_slice_of_bytes(&wrapped));
        if (i == 0) {
            vector_hex(file, "secret", nrs_secret_slice(reader.prekey.secret));
        }
        nrs_bytes_wipe(&wrapped);
        nrs_secret_destroy(&key);
        nrs_secret_destroy(&share);
        end(file);
    }
}

static void make_fingerprints(const char *folder)
{
    for (size_t i = 0; i < 2; i++) {
        FILE *file = i == 0 ? begin(folder, "fingerprint", "of a signing key", "fingerprint", NULL, NRS_OK)
                            : begin(folder, "fingerprint-digit", "one digit is another", "fingerprint", "fingerprint",
                                    NRS_ERROR_FINGERPRINT);
        char text[48];

        nrs_fingerprint(text, sender.recipient.sign_key);
        if (i == 1) {
            text[46] = text[46] == '9' ? '0' : (char)(text[46] + 1);
        }
        vector_hex(file, "key", key_of(sender.recipient.sign_key));
        vector_text(file, "fingerprint", text);
        end(file);
    }
}

/* ---- Asks and acceptances: what answers or cites them names who makes them as well ---- */

static void make_ids(const char *folder)
{
    static const struct id_case {
        const char *name, *about, *step;
        bool ask, copied;
    } cases[] = {
        {"ask-id", "an ask for wider sharing, by its sender", NULL, true, false},
        {"ask-id-other-signer", "the same words of another have another id", "id", true, true},
        {"acceptance-id", "an acceptance, by its sender", NULL, false, false},
        {"acceptance-id-other-signer", "the same words of another have another id", "id", false, true},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static const uint8_t hash[NRS_HASH_SIZE] = {0x44}, audience[] = {0x0a, 0x02, 0x0a, 0x00};
        FILE *file = begin(folder, cases[i].name, cases[i].about, "statement-id", cases[i].step, NRS_ERROR_FORGED);
        nrs_statement statement;
        nrs_ask ask;
        nrs_bytes detail = {0}, bytes = {0};
        uint8_t id[NRS_HASH_SIZE];

        nrs__wire__statement__init(&statement);
        nrs__wire__ask__init(&ask);
        statement.type = cases[i].ask ? NRS_STATEMENT_REQUEST : NRS_STATEMENT_RECEIPT;
        statement.stage = cases[i].ask ? 0 : NRS_STAGE_ACCEPTED;
        statement.sealed_id = nrs_field_of(nrs_slice_of(hash, sizeof hash));
        statement.at_ms = FIXTURE_NOW_MS;
        statement.person = (char *)(uintptr_t) "sato";
        ask.salt = statement.sealed_id;
        ask.audience = nrs_field_of(nrs_slice_of(audience, sizeof audience));
        assert_int_equal(nrs_ask_encode(&detail, &ask), NRS_OK);
        statement.detail = cases[i].ask ? nrs_field_of(nrs_slice_of_bytes(&detail)) : statement.sealed_id;
        assert_int_equal(nrs_statement_encode(&bytes, &statement), NRS_OK);
        nrs_statement_by(id, sender.recipient.sign_key, nrs_slice_of_bytes(&bytes));
        vector_hex(file, "signer", key_of(cases[i].copied ? other.recipient.sign_key : sender.recipient.sign_key));
        vector_hex(file, "statement_bytes", nrs_slice_of_bytes(&bytes));
        vector_hex(file, "id", nrs_slice_of(id, sizeof id));
        nrs_bytes_wipe(&bytes);
        nrs_bytes_wipe(&detail);
        end(file);
    }
}

void make_statements(const char *folder)
{
    make_ids(folder);
    make_envelopes(folder);
    make_cards(folder);
    make_prekeys(folder);
    make_person_prekeys(folder);
    make_fingerprints(folder);
}
