/* Vectors of withdrawals: an originator's signed word about a signed header. */
#include "scene.h"

#include "keys/withdrawal.h"
#include "signing.h"

static void flip_signature(nrs_signed *outer, nrs_withdrawal *value)
{
    (void)value;
    outer->signature.data[3] ^= 1;
}

static void flip_time(nrs_signed *outer, nrs_withdrawal *value)
{
    (void)outer;
    value->at_ms ^= 1;
}

static void flip_id(nrs_signed *outer, nrs_withdrawal *value)
{
    (void)outer;
    value->sealed_id.data[0] ^= 1;
}

static void flip_body(nrs_signed *outer, nrs_withdrawal *value)
{
    (void)outer;
    value->report->body_hash.data[0] ^= 1;
}

static void flip_report_signature(nrs_signed *outer, nrs_withdrawal *value)
{
    (void)outer;
    value->report->signature.data[60] ^= 1;
}

static const struct withdrawal_case {
    const char *name, *about;
    const char *step, *rule; /* NULL: all checks hold */
    bool other_signer;       /* signs it as it is after the change */
    bool signed_again;
    bool other_words;
    void (*change)(nrs_signed *outer, nrs_withdrawal *value);
} cases[] = {
    {"withdrawal", "a report taken back by its originator", NULL, NULL, false, false, false, NULL},
    {"withdrawal-signature", "a bit of the signature", "signature", "forged", false, false, false, flip_signature},
    {"withdrawal-time", "a bit of the time", "signature", "forged", false, false, false, flip_time},
    {"withdrawal-other-id", "signed, of another id than the header's", "id", "forged", false, true, false, flip_id},
    {"withdrawal-body", "signed, with a bit of the body's hash", "report", "forged", false, true, false, flip_body},
    {"withdrawal-report", "signed, with a bit of the report's signature", "report", "forged", false, true, false, flip_report_signature},
    {"withdrawal-by-another", "good, and signed by who is not the originator", "originator", "not-originator", true, true, false, NULL},
    {"withdrawal-words", "good, with a word beside that was not signed", "words", "forged", false, false, true, NULL},
};

static void edit(nrs_bytes *bytes, const struct withdrawal_case *one)
{
    nrs_signed *outer = NULL;
    nrs_withdrawal *value = NULL;
    nrs_bytes statement = {0};

    assert_int_equal(nrs_signed_decode(&outer, nrs_slice_of_bytes(bytes)), NRS_OK);
    assert_int_equal(nrs_withdrawal_decode(&value, nrs_field(&outer->statement)), NRS_OK);
    if (one->change != NULL) {
        one->change(outer, value);
    }
    assert_int_equal(nrs_withdrawal_encode(&statement, value), NRS_OK);
    if (one->signed_again) {
        assert_int_equal(nrs_signed_payload(bytes, NRS_RECORD_WITHDRAWAL, one->other_signer ? it.hub.identity : it.sender.identity,
                                            nrs_slice_of_bytes(&statement)), NRS_OK);
    } else {
        nrs_signed copy = *outer;

        copy.statement = nrs_field_of(nrs_slice_of_bytes(&statement));
        assert_int_equal(nrs_signed_encode(bytes, &copy), NRS_OK);
    }
    nrs_bytes_wipe(&statement);
    nrs_withdrawal_free(&value);
    nrs_signed_free(&outer);
}

void make_withdrawals(const char *folder)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct withdrawal_case *one = &cases[i];
        FILE *file = vector_open(
            folder, &(vector_head){.name = one->name, .about = one->about, .kind = "withdrawal", .step = one->step, .rule = one->rule});
        const nrs_withdrawal_words words = {"誤報", "sato", "security"};
        const uint8_t salt[NRS_HASH_SIZE] = {0x5a};
        uint8_t commitment[NRS_HASH_SIZE];
        nrs_bytes bytes = {0};

        scene_init(NRS_LABEL_AMBER, BY_SLOT, 0);
        assert_int_equal(nrs_withdrawal_commit(commitment, salt, &words), NRS_OK);
        assert_int_equal(nrs_withdrawal_make(&bytes, it.sender.identity, it.made.view, it.made.view->header->created_ms + 1000, commitment), NRS_OK);
        edit(&bytes, one);
        vector_hex(file, "withdrawal", nrs_slice_of_bytes(&bytes));
        vector_hex(file, "salt", nrs_slice_of(salt, sizeof salt));
        vector_hex(file, "reason", nrs_slice_of_string(words.reason));
        vector_hex(file, "person", nrs_slice_of_string(words.person));
        vector_hex(file, "user", nrs_slice_of_string(one->other_words ? "root" : words.user));
        if (one->step == NULL) {
            vector_hex(file, "sealed_id", nrs_slice_of(it.made.view->id, NRS_HASH_SIZE));
        }
        vector_close(file);
        nrs_bytes_wipe(&bytes);
        scene_wipe();
    }
}
