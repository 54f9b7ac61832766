/* Writes the seeds of the fuzzers of keys/ into a corpus folder: real cards, rosters, invites, key files, vault files,
 * sealed reports, envelopes and slot tables from a seeded generator, so that the same program writes the same files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>

#include "keys/backup.h"
#include "keys/roster_delta.h"
#include "keys/vault.h"
#include "keys/change.h"
#include "roster_maker.h"
#include "sealing_fixture.h"
#include "seeded_random.h"

enum { CROWD_MAX = 33 };

static void make_folder(const char *root, const char *fuzzer)
{
    char path[4096];

    (void)snprintf(path, sizeof path, "%s/%s", root, fuzzer);
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        perror(path);
        exit(1);
    }
}

static void write_seed(const char *root, const char *fuzzer, const char *name, nrs_slice data)
{
    char path[4096];
    FILE *file = NULL;
    bool fine = false;

    (void)snprintf(path, sizeof path, "%s/%s/%s", root, fuzzer, name);
    file = fopen(path, "wb");
    if (file != NULL) {
        fine = fwrite(data.data, 1, data.size, file) == data.size;
        fine = fclose(file) == 0 && fine;
    }
    if (!fine) {
        perror(path);
        exit(1);
    }
}

/* The payload of a record, which is what a fuzzer takes. */
static void write_payload(const char *root, const char *fuzzer, const char *name, const nrs_bytes *bytes)
{
    nrs_record *record = NULL;

    assert_int_equal(nrs_record_decode(&record, nrs_slice_of_bytes(bytes)), NRS_OK);
    write_seed(root, fuzzer, name, nrs_field(&record->payload));
    nrs_record_free(&record);
}

/* ---- Envelopes and later grants ---- */

static void seal_letter(nrs_bytes *record_out, const party *from, const party *to, size_t count)
{
    static const uint8_t community[NRS_HASH_SIZE] = {3};
    nrs_statement statement;
    nrs_bytes bytes = {0};
    nrs_slice slices[8];

    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_RECEIPT;
    statement.sealed_id = nrs_field_of(nrs_slice_of(community, sizeof community));
    statement.at_ms = FIXTURE_NOW_MS;
    statement.stage = NRS_STAGE_STORED;
    assert_int_equal(nrs_statement_encode(&bytes, &statement), NRS_OK);
    for (size_t i = 0; i < count; i++) {
        slices[i] = nrs_slice_of_bytes(&bytes);
    }
    assert_int_equal(nrs_envelope_seal(record_out, from->identity,
                                       &(nrs_envelope_request){.statements = slices,
                                                               .statement_count = count,
                                                               .community = nrs_slice_of(community, sizeof community),
                                                               .to = &to->recipient,
                                                               .now_ms = FIXTURE_NOW_MS,
                                                               .expires_ms = FIXTURE_NOW_MS + NRS_DAY_MS}),
                     NRS_OK);
    nrs_bytes_wipe(&bytes);
}

static void write_statement(const char *root, const char *name, const nrs_bytes *bytes)
{
    nrs_record *record = NULL;
    nrs_signed *outer = NULL;

    assert_int_equal(nrs_record_decode(&record, nrs_slice_of_bytes(bytes)), NRS_OK);
    assert_int_equal(nrs_signed_decode(&outer, nrs_field(&record->payload)), NRS_OK);
    write_seed(root, "fuzz_envelope", name, nrs_field(&outer->statement));
    nrs_signed_free(&outer);
    nrs_record_free(&record);
}

/* The first draws are those of the fuzzer under replay: so the envelope from its reader to itself opens there. */
static void make_envelopes(const char *root)
{
    party reader;
    nrs_bytes record = {0};

    make_folder(root, "fuzz_envelope");
    party_init(&reader);
    seal_letter(&record, &reader, &reader, 1);
    write_payload(root, "fuzz_envelope", "envelope", &record);
    write_statement(root, "statement-one", &record);
    seal_letter(&record, &reader, &reader, 8);
    write_statement(root, "statement-eight", &record);
    nrs_bytes_wipe(&record);
    party_wipe(&reader);
}

static void make_later_grant(const char *root, const sealing *made, const party *from, const party *to, bool own)
{
    nrs_bytes statement = {0};
    nrs_bytes table = {0};
    nrs_bytes record = {0};
    const nrs_grant_request request = {
        .sealed = made->view,
        .file_key = made->file_key,
        .authority = NRS_AUTHORITY_ORIGINATOR,
        .audience = own ? &made->audience : NULL,
        .recipients = &to->recipient,
        .recipient_count = 1,
        .grantor = grantor_of(from),
        .now_ms = FIXTURE_NOW_MS + NRS_HOUR_MS,
    };

    assert_int_equal(nrs_grant_make(&statement, &table, &request), NRS_OK);
    assert_int_equal(nrs_signed_record(&record, NRS_RECORD_GRANT, from->identity, nrs_slice_of_bytes(&statement)),
                     NRS_OK);
    write_payload(root, "fuzz_envelope", own ? "grant-own-audience" : "grant", &record);
    nrs_bytes_wipe(&record);
    nrs_bytes_wipe(&table);
    nrs_bytes_wipe(&statement);
}

/* ---- Sealed reports and slot tables ---- */

static void make_tables(const char *root, const sealing *made, const char *name)
{
    nrs_slots *slots = NULL;
    nrs_bytes path = {0};
    char path_name[64];

    write_payload(root, "fuzz_slot_table", name, &made->parts.slot_table);
    slots_of(&slots, &made->parts.slot_table, made->view->grant, made->view->grant_id);
    assert_int_equal(nrs_slots_path_record(&path, slots, nrs_slots_count(slots) - 1), NRS_OK);
    (void)snprintf(path_name, sizeof path_name, "path-%s", name);
    write_payload(root, "fuzz_slot_table", path_name, &path);
    nrs_bytes_wipe(&path);
    nrs_slots_destroy(&slots);
}

static const struct report_seed {
    const char *name;
    nrs_label label;
    size_t count;
    size_t text_size;
} report_seeds[] = {
    {"clear", NRS_LABEL_CLEAR, 0, 100},
    {"clear-4k", NRS_LABEL_CLEAR, 0, 1500},
    {"green-33", NRS_LABEL_GREEN, CROWD_MAX, 100},
    {"amber-2", NRS_LABEL_AMBER, 2, 100},
    {"amber-5", NRS_LABEL_AMBER, 5, 100},
    {"red-1", NRS_LABEL_RED, 1, 100},
    {"waiting", NRS_LABEL_AMBER, 0, 100},
};

static void make_reports(const char *root)
{
    static nrs_recipient crowd[CROWD_MAX];
    static sealing made; /* large: holds room for the longest body */
    party from;
    party to;

    make_folder(root, "fuzz_sealed");
    make_folder(root, "fuzz_slot_table");
    party_init(&from);
    party_init(&to);
    crowd[0] = to.recipient;
    for (uint32_t i = 1; i < CROWD_MAX; i++) {
        stranger_init(&crowd[i], i);
    }
    for (size_t i = 0; i < sizeof report_seeds / sizeof report_seeds[0]; i++) {
        const struct report_seed *seed = &report_seeds[i];

        sealing_init(&made, &from, crowd, seed->count, seed->label);
        memset(made.body, 'b', seed->text_size);
        sealing_make(&made, &from);
        write_payload(root, "fuzz_sealed", seed->name, &made.record);
        if (seed->count > 0) {
            make_tables(root, &made, seed->name);
        } else if (seed->label == NRS_LABEL_AMBER) {
            make_later_grant(root, &made, &from, &to, false);
            make_later_grant(root, &made, &from, &to, true);
        }
        sealing_wipe(&made);
    }
    party_wipe(&to);
    party_wipe(&from);
}

/* ---- Cards, rosters, invites ---- */

static void make_card(nrs_bytes *signed_out, const party *org, const party *sato)
{
    nrs_card card;
    Nrs__Wire__PersonEntry person;
    Nrs__Wire__PersonEntry *persons[] = {&person};
    Nrs__Wire__Field contact;
    Nrs__Wire__Field *contacts[] = {&contact};
    char endpoint[] = "tcp://192.0.2.1:7417";
    char *endpoints[] = {endpoint};
    uint8_t proof[NRS_SIGNATURE_SIZE];

    nrs__wire__field__init(&contact);
    nrs__wire__person_entry__init(&person);
    nrs__wire__card__init(&card);
    card.org = (char *)(uintptr_t) "kanto-power";
    card.name = (char *)(uintptr_t) "Kanto Power";
    card.serial = 1;
    card.created_ms = FIXTURE_NOW_MS;
    contact.name = (char *)(uintptr_t) "telephone";
    contact.value = (char *)(uintptr_t) "03-0000-0000";
    if (sato != NULL) {
        person.id = (char *)(uintptr_t) "sato";
        person.name = (char *)(uintptr_t) "佐藤";
        person.sign_key = nrs_field_of(nrs_slice_of(sato->recipient.sign_key, NRS_KEY_SIZE));
        person.agree_key = nrs_field_of(nrs_slice_of(sato->recipient.agree_key, NRS_KEY_SIZE));
        assert_int_equal(nrs_person_prove(proof, sato->identity, "sato", org->recipient.sign_key), NRS_OK);
        person.proof = nrs_field_of(nrs_slice_of(proof, sizeof proof));
        card.n_persons = 1;
        card.persons = persons;
        card.n_contacts = 1;
        card.contacts = contacts;
        card.n_endpoints = 1;
        card.endpoints = endpoints;
    }
    assert_int_equal(nrs_card_sign(signed_out, &card, org->identity), NRS_OK);
}

static void make_cards(const char *root, nrs_bytes *card_out)
{
    party org;
    party sato;
    nrs_bytes bytes = {0};
    nrs_prekey_secret secrets[NRS_PERSON_PREKEY_COUNT];

    make_folder(root, "fuzz_card");
    party_init(&org);
    party_init(&sato);
    make_card(&bytes, &org, NULL);
    write_seed(root, "fuzz_card", "card-least", nrs_slice_of_bytes(&bytes));
    make_card(card_out, &org, &sato);
    write_seed(root, "fuzz_card", "card", nrs_slice_of_bytes(card_out));
    assert_int_equal(nrs_prekeys_make(secrets, NRS_PERSON_PREKEY_COUNT, FIXTURE_NOW_MS), NRS_OK);
    assert_int_equal(
        nrs_prekeys_sign(&bytes, secrets, NRS_ORG_PREKEY_COUNT, org.identity, org.recipient.sign_key, FIXTURE_NOW_MS),
        NRS_OK);
    write_payload(root, "fuzz_card", "prekeys", &bytes);
    assert_int_equal(nrs_prekeys_sign(&bytes, secrets, NRS_PERSON_PREKEY_COUNT, sato.identity, org.recipient.sign_key,
                                      FIXTURE_NOW_MS),
                     NRS_OK);
    write_payload(root, "fuzz_card", "prekeys-person", &bytes);
    for (size_t i = 0; i < NRS_PERSON_PREKEY_COUNT; i++) {
        nrs_prekey_secret_wipe(&secrets[i]);
    }
    nrs_bytes_wipe(&bytes);
    party_wipe(&sato);
    party_wipe(&org);
}

/* Ends of keys, and a paper as it is typed. */
static void make_key_changes(const char *root)
{
    party before;
    party after;
    nrs_bytes bytes = {0};
    nrs_bytes succession = {0};
    char *paper = NULL;

    make_folder(root, "fuzz_key_change");
    party_init(&before);
    party_init(&after);
    assert_int_equal(nrs_change_revoke(&bytes, before.identity, "kanto-power", FIXTURE_NOW_MS), NRS_OK);
    write_seed(root, "fuzz_key_change", "revocation", nrs_slice_of_bytes(&bytes));
    assert_int_equal(nrs_paper_write(&paper, nrs_slice_of_bytes(&bytes)), NRS_OK);
    write_seed(root, "fuzz_key_change", "paper", nrs_slice_of_string(paper));
    make_card(&bytes, &after, NULL);
    assert_int_equal(nrs_change_succeed(&succession, before.identity, after.identity, nrs_slice_of_bytes(&bytes), FIXTURE_NOW_MS), NRS_OK);
    write_seed(root, "fuzz_key_change", "succession", nrs_slice_of_bytes(&succession));
    nrs_bytes_wipe(&succession);
    free(paper);
    nrs_bytes_wipe(&bytes);
    party_wipe(&after);
    party_wipe(&before);
}

static void write_invite(const char *root, const char *name, const nrs_bytes *rosters, size_t chain_count,
                         const nrs_bytes *card)
{
    nrs_invite invite = NRS__WIRE__INVITE__INIT;
    ProtobufCBinaryData chain[2];
    ProtobufCBinaryData cards[1] = {nrs_field_of(nrs_slice_of_bytes(card))};
    nrs_bytes bytes = {0};

    for (size_t i = 0; i < chain_count; i++) {
        chain[i] = nrs_field_of(nrs_slice_of_bytes(&rosters[i + 1]));
    }
    invite.first = nrs_field_of(nrs_slice_of_bytes(&rosters[0]));
    invite.current = nrs_field_of(nrs_slice_of_bytes(&rosters[chain_count == 0 ? 0 : chain_count + 1]));
    invite.n_chain = chain_count;
    invite.chain = chain;
    invite.n_cards = 1;
    invite.cards = cards;
    assert_int_equal(nrs_invite_encode(&bytes, &invite), NRS_OK);
    write_seed(root, "fuzz_invite", name, nrs_slice_of_bytes(&bytes));
    nrs_bytes_wipe(&bytes);
}

/* The second roster against the first, as a whole, and on its way to its signatures. */
static void write_deltas(const char *root, const nrs_bytes *rosters)
{
    nrs_signed_by_many *many[2] = {NULL, NULL};
    nrs_roster *roster = NULL;
    nrs_roster_pieces pieces = {.count = 0};
    nrs_roster_draft draft = NRS__WIRE__ROSTER_DRAFT__INIT;
    nrs_bytes bytes = {0};

    make_folder(root, "fuzz_roster_delta");
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(nrs_signed_by_many_decode(&many[i], nrs_slice_of_bytes(&rosters[i])), NRS_OK);
    }
    assert_int_equal(nrs_roster_decode(&roster, nrs_field(&many[1]->statement)), NRS_OK);
    assert_int_equal(nrs_roster_delta_make(&pieces, many[1], roster, nrs_field(&many[0]->statement), 1), NRS_OK);
    write_seed(root, "fuzz_roster_delta", "delta", nrs_slice_of_bytes(&pieces.list[0]));
    assert_int_equal(nrs_roster_delta_make(&pieces, many[1], roster, nrs_slice_of(NULL, 0), 0), NRS_OK);
    write_seed(root, "fuzz_roster_delta", "whole", nrs_slice_of_bytes(&pieces.list[0]));
    draft.first = draft.current = nrs_field_of(nrs_slice_of_bytes(&rosters[0]));
    draft.statement = many[1]->statement;
    assert_int_equal(nrs_roster_draft_encode(&bytes, &draft), NRS_OK);
    write_seed(root, "fuzz_roster_delta", "draft", nrs_slice_of_bytes(&bytes));
    draft.signatures = many[1]->signatures;
    draft.n_signatures = many[1]->n_signatures;
    assert_int_equal(nrs_roster_draft_encode(&bytes, &draft), NRS_OK);
    write_seed(root, "fuzz_roster_delta", "draft-signed", nrs_slice_of_bytes(&bytes));
    nrs_bytes_wipe(&bytes);
    nrs_roster_pieces_wipe(&pieces);
    nrs_roster_free(&roster);
    nrs_signed_by_many_free(&many[0]);
    nrs_signed_by_many_free(&many[1]);
}

static void make_rosters(const char *root, const nrs_bytes *card)
{
    maker m;
    nrs_bytes statement = {0};
    nrs_bytes before = {0};
    nrs_bytes rosters[3] = {{0}, {0}, {0}};
    uint8_t community[NRS_HASH_SIZE];
    static const char *const signers[] = {"02", "12", "13"};
    static const char *const names[] = {"first", "key-change", "third"};

    make_folder(root, "fuzz_roster");
    make_folder(root, "fuzz_invite");
    maker_init(&m, 3);
    for (size_t i = 0; i < 3; i++) {
        edition one;

        edition_init(&one, &m, i + 1, i == 0 ? 0 : 1, 3, 2);
        if (i > 0) {
            edition_follow(&one, community, nrs_slice_of_bytes(&before));
        }
        edition_pack(&statement, &one);
        edition_wipe(&one);
        if (i == 0) {
            nrs_roster_hash(community, nrs_slice_of_bytes(&statement));
        }
        maker_sign(&rosters[i], &m, nrs_slice_of_bytes(&statement), signers[i]);
        write_seed(root, "fuzz_roster", names[i], nrs_slice_of_bytes(&rosters[i]));
        assert_int_equal(nrs_bytes_copy(&before, nrs_slice_of_bytes(&statement)), NRS_OK);
    }
    write_seed(root, "fuzz_roster", "statement", nrs_slice_of_bytes(&statement));
    write_invite(root, "first", rosters, 0, card);
    write_invite(root, "chain", rosters, 1, card);
    write_deltas(root, rosters);
    for (size_t i = 0; i < 3; i++) {
        nrs_bytes_wipe(&rosters[i]);
    }
    nrs_bytes_wipe(&before);
    nrs_bytes_wipe(&statement);
    maker_wipe(&m);
}

/* ---- Files ---- */

static void make_identities(const char *root)
{
    nrs_identity *identity = NULL;
    nrs_bytes bytes = {0};

    make_folder(root, "fuzz_identity_file");
    assert_int_equal(nrs_identity_new(&identity), NRS_OK);
    assert_int_equal(nrs_identity_save(&bytes, identity, nrs_slice_of(NULL, 0)), NRS_OK);
    write_seed(root, "fuzz_identity_file", "open", nrs_slice_of_bytes(&bytes));
    nrs_bytes_wipe(&bytes);
    assert_int_equal(nrs_identity_save(&bytes, identity, nrs_slice_of_string("correct horse")), NRS_OK);
    write_seed(root, "fuzz_identity_file", "locked", nrs_slice_of_bytes(&bytes));
    nrs_bytes_wipe(&bytes);
    nrs_identity_destroy(&identity);
}

/* Under the fuzzer's key, which is all zeros. */
static void make_vaults(const char *root)
{
    nrs_secret *key = NULL;
    nrs_vault_roots roots = {0};
    nrs_bytes wrapped = {0};
    uint8_t file[NRS_VAULT_FILE_SIZE];
    uint8_t torn[300] = {0};

    make_folder(root, "fuzz_vault_file");
    assert_int_equal(nrs_secret_new(&key, NRS_KEY_SIZE), NRS_OK);
    assert_int_equal(nrs_secret_random(&roots.root[0], NRS_KEY_SIZE), NRS_OK);
    roots.generation[0] = 1;
    assert_int_equal(nrs_vault_file_encode(file, &roots, key), NRS_OK);
    write_seed(root, "fuzz_vault_file", "one-root", nrs_slice_of(file, sizeof file));
    assert_int_equal(nrs_secret_random(&roots.root[1], NRS_KEY_SIZE), NRS_OK);
    roots.generation[1] = 2;
    assert_int_equal(nrs_vault_file_encode(file, &roots, key), NRS_OK);
    write_seed(root, "fuzz_vault_file", "two-roots", nrs_slice_of(file, sizeof file));
    memcpy(torn + 2, file, sizeof torn - 2);
    write_seed(root, "fuzz_vault_file", "torn-first-half", nrs_slice_of(torn, sizeof torn));
    torn[0] = 0x07; /* the last bytes of the first half, and on into the second */
    torn[1] = 0xc0;
    write_seed(root, "fuzz_vault_file", "torn-both-halves", nrs_slice_of(torn, sizeof torn));
    memset(file, 0, sizeof file);
    write_seed(root, "fuzz_vault_file", "empty-places", nrs_slice_of(file, sizeof file));
    assert_int_equal(nrs_vault_wrap(&wrapped, key, nrs_slice_of_string("entry"), roots.root[0]), NRS_OK);
    write_seed(root, "fuzz_vault_file", "entry", nrs_slice_of_bytes(&wrapped));
    nrs_bytes_wipe(&wrapped);
    nrs_vault_roots_wipe(&roots);
    nrs_secret_destroy(&key);
}

static void make_backups(const char *root)
{
    static const char *const names[] = {"cards/alpha.card", "former/00112233445566778899aabbccddeeff.key", "identity.key", "node.json", "own.card"};
    nrs_backup backup = {.made_ms = 1795392000000};
    nrs_bytes bytes = {0};

    make_folder(root, "fuzz_backup");
    assert_int_equal(nrs_backup_encode(&bytes, &backup), NRS_OK);
    write_seed(root, "fuzz_backup", "content-empty", nrs_slice_of_bytes(&bytes));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(nrs_backup_add(&backup, names[i], nrs_slice_of_string(i == 3 ? "" : names[i])), NRS_OK);
    }
    assert_int_equal(nrs_backup_encode(&bytes, &backup), NRS_OK);
    write_seed(root, "fuzz_backup", "content", nrs_slice_of_bytes(&bytes));
    assert_int_equal(nrs_backup_seal(&bytes, &backup, nrs_slice_of_string("correct horse")), NRS_OK);
    write_seed(root, "fuzz_backup", "file", nrs_slice_of_bytes(&bytes));
    nrs_bytes_wipe(&bytes);
    nrs_backup_wipe(&backup);
}

int main(int argc, char **argv)
{
    nrs_bytes card = {0};

    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
        return 2;
    }
    if (nrs_seeded_install("replay") != 0 || nrs_keys_start() != NRS_OK) {
        return 1;
    }
    make_envelopes(argv[1]);
    make_reports(argv[1]);
    make_cards(argv[1], &card);
    make_rosters(argv[1], &card);
    make_key_changes(argv[1]);
    make_identities(argv[1]);
    make_vaults(argv[1]);
    make_backups(argv[1]);
    nrs_bytes_wipe(&card);
    return 0;
}
