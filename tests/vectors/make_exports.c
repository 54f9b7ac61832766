/* Vectors of exported reports: the originator's proof, or the word of who exports. */
#include "scene.h"

#include "keys/export.h"
#include "keys/roster.h"
#include "signing.h"

static void flip_signature(nrs_export *value)
{
    value->report->signature.data[3] ^= 1;
}

static void flip_header(nrs_export *value)
{
    value->report->header.data[value->report->header.len - 1] ^= 1; /* of the place */
}

static void flip_salt(nrs_export *value)
{
    value->report_salt.data[0] ^= 1;
}

static void flip_content(nrs_export *value)
{
    value->content.data[value->content.len - 1] ^= 1;
}

static void flip_attestation(nrs_export *value)
{
    value->attestation.data[value->attestation.len - 1] ^= 1;
}

static void change_text(nrs_export *value)
{
    value->disclaimers[0]->ja[0] = 'x';
}

static void drop_text(nrs_export *value)
{
    value->n_disclaimers = 0;
}

static const struct export_case {
    const char *name, *about;
    const char *step, *rule; /* NULL: all checks hold */
    bool attested;
    void (*change)(nrs_export *value);
} cases[] = {
    {"export", "a report with its originator's proof", NULL, NULL, false, NULL},
    {"export-attested", "a report whose source may not be named", NULL, NULL, true, NULL},
    {"export-signature", "a bit of the originator's signature", "signature", "forged", false, flip_signature},
    {"export-header", "a bit of the header", "signature", "forged", false, flip_header},
    {"export-salt", "a bit of the salt", "content", "forged", false, flip_salt},
    {"export-content", "a bit of the content", "content", "forged", false, flip_content},
    {"export-text", "another disclaimer", "disclaimers", "forged", false, change_text},
    {"export-text-missing", "without its disclaimer", "disclaimers", "forged", false, drop_text},
    {"export-attested-signature", "a bit of the attestation's signature", "signature", "forged", true, flip_attestation},
    {"export-attested-text", "attested, with another disclaimer", "disclaimers", "forged", true, change_text},
};

static bool hides(const char *field)
{
    return strcmp(field, "reporter") == 0;
}

/* The scene's report, sealed again under a disclaimer. */
static void make(FILE *file, const struct export_case *one)
{
    static sealing other;
    static char ja[] = "terms", name[] = "no-liability", none[] = "";
    static Nrs__Wire__Disclaimer text, *list[1] = {&text};
    uint8_t hash[NRS_HASH_SIZE] = {0};
    ProtobufCBinaryData hashes[1] = {nrs_field_of(nrs_slice_of(hash, sizeof hash))};
    nrs_opened opened = {0};
    nrs_export_request request = {.opened = &opened, .org = "sender", .community = "electricity", .disclaimers = list, .disclaimer_count = 1};
    nrs_bytes bytes = {0};
    nrs_export *value = NULL;

    nrs__wire__disclaimer__init(&text);
    text.name = name;
    text.version = 1;
    text.ja = ja;
    text.en = none;
    assert_int_equal(nrs_disclaimer_hash(hash, &text), NRS_OK);
    sealing_init(&other, &it.sender, &it.reader.recipient, 1, NRS_LABEL_AMBER);
    other.header.disclaimers = hashes;
    other.header.n_disclaimers = 1;
    other.request.stream = it.made.request.stream;
    other.request.sequence = 1;
    sealing_make(&other, &it.sender);
    assert_int_equal(nrs_body_open(&opened, other.view, other.file_key), NRS_OK);
    request.sealed = other.view;
    if (one->attested) {
        request.org = "reader";
        assert_int_equal(nrs_export_attest(&bytes, &request, it.reader.identity, hides, other.view->header->created_ms + 1000), NRS_OK);
    } else {
        assert_int_equal(nrs_export_make(&bytes, &request), NRS_OK);
    }
    assert_int_equal(nrs_export_decode(&value, nrs_slice_of_bytes(&bytes)), NRS_OK);
    if (one->change != NULL) {
        size_t texts = value->n_disclaimers;

        one->change(value);
        assert_int_equal(nrs_export_encode(&bytes, value), NRS_OK);
        value->n_disclaimers = texts;
    }
    vector_hex(file, "export", nrs_slice_of_bytes(&bytes));
    if (one->step == NULL) {
        nrs_export_view view = {0};

        assert_int_equal(nrs_export_verify(&view, nrs_slice_of_bytes(&bytes)), NRS_OK);
        vector_hex(file, "sealed_id", nrs_slice_of(other.view->id, NRS_HASH_SIZE));
        vector_hex(file, "report", one->attested ? nrs_field(&view.attestation->content) : nrs_field(&opened.body->report));
        nrs_export_view_wipe(&view);
    }
    nrs_export_free(&value);
    nrs_bytes_wipe(&bytes);
    nrs_opened_wipe(&opened);
    sealing_wipe(&other);
}

void make_exports(const char *folder)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct export_case *one = &cases[i];
        FILE *file = vector_open(folder, &(vector_head){.name = one->name, .about = one->about, .kind = "export", .step = one->step, .rule = one->rule});

        scene_init(NRS_LABEL_AMBER, BY_SLOT, 0);
        make(file, one);
        vector_close(file);
        scene_wipe();
    }
}
