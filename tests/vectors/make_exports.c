/* Vectors of exported reports: the originator's proof, alone or with the release that let it be had, or the word of who exports. */
#include "scene.h"

#include "keys/export.h"
#include "keys/roster.h"
#include "releases.h"
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

static void flip_release(nrs_export *value)
{
    value->release.data[value->release.len - 1] ^= 1;
}

static void flip_grant(nrs_export *value)
{
    value->grant.data[value->grant.len - 1] ^= 1;
}

/* Only the signer differs: the id of a release covers it. */
static void sign_release_by_another(nrs_export *value)
{
    nrs_signed *outer = NULL;
    nrs_bytes again = {0};

    assert_int_equal(nrs_signed_decode(&outer, nrs_field(&value->release)), NRS_OK);
    assert_int_equal(nrs_signed_payload(&again, NRS_RECORD_RELEASE, it.other.identity, nrs_field(&outer->statement)), NRS_OK);
    assert_int_equal(again.size, value->release.len);
    memcpy(value->release.data, again.data, again.size);
    nrs_bytes_wipe(&again);
    nrs_signed_free(&outer);
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
    void (*released)(release_plan *plan); /* NULL: no release let it be had */
} cases[] = {
    {"export", "a report with its originator's proof", NULL, NULL, false, NULL, NULL},
    {"export-attested", "a report whose source may not be named", NULL, NULL, true, NULL, NULL},
    {"export-signature", "a bit of the originator's signature", "signature", "forged", false, flip_signature, NULL},
    {"export-header", "a bit of the header", "signature", "forged", false, flip_header, NULL},
    {"export-salt", "a bit of the salt", "content", "forged", false, flip_salt, NULL},
    {"export-content", "a bit of the content", "content", "forged", false, flip_content, NULL},
    {"export-text", "another disclaimer", "disclaimers", "forged", false, change_text, NULL},
    {"export-text-missing", "without its disclaimer", "disclaimers", "forged", false, drop_text, NULL},
    {"export-attested-signature", "a bit of the attestation's signature", "signature", "forged", true, flip_attestation, NULL},
    {"export-attested-text", "attested, with another disclaimer", "disclaimers", "forged", true, change_text, NULL},
    {"export-released", "a report that a release let its exporter have, under its label and conditions", NULL, NULL, false, NULL, release_as_agreed},
    {"export-released-as-sent", "a release that leaves label and conditions as they were", NULL, NULL, false, NULL, release_as_sent},
    {"export-release-signature", "a bit of the release's signature", "release-signature", "forged", false, flip_release, release_as_agreed},
    {"export-grant-signature", "a bit of the grant's signature", "grant-signature", "forged", false, flip_grant, release_as_agreed},
    {"export-release-exchanged", "a release of the same words by another, on which the grant is not", "grant", "release", false, sign_release_by_another,
     release_as_agreed},
    {"export-release-other-report", "a release of another report", "release", "release", false, NULL, release_other_report},
    {"export-release-longer", "a release that lasts longer than the report", "release", "release", false, NULL, release_longer},
    {"export-grant-other-report", "a grant of another report", "grant", "release", false, NULL, grant_other_report},
    {"export-grant-other-holder", "a grant by another than the release names", "grant", "release", false, NULL, grant_other_holder},
    {"export-grant-wider", "a grant to another audience than the release names", "grant", "release", false, NULL, grant_wider},
    {"export-grant-other-community", "a grant to another community than the release names", "grant", "release", false, NULL, grant_other_community},
    {"export-grant-by-consent", "a grant on consent, with the release as its parent", "grant", "release", false, NULL, grant_by_consent},
    {"export-grant-late", "a grant that was made when the release had ended", "grant", "expired", false, NULL, grant_late},
};

static bool hides(const char *field)
{
    return strcmp(field, "reporter") == 0;
}

/* Under which label and conditions it is had: label, permissible actions, flags, a byte each. */
static void terms_write(FILE *file, const nrs_export_view *view)
{
    const Nrs__Wire__Conditions *conditions = view->terms.conditions;
    const uint8_t terms[] = {(uint8_t)view->terms.label, (uint8_t)(conditions == NULL ? 0 : conditions->permissible_actions),
                             (uint8_t)(conditions == NULL ? 0 : conditions->flags)};

    vector_hex(file, "terms", nrs_slice_of(terms, sizeof terms));
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
    nrs_bytes bytes = {0}, release = {0}, grant = {0};
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
        if (one->released != NULL) {
            release_make(&release, &grant, other.view, other.file_key, one->released);
            request.release = nrs_slice_of_bytes(&release);
            request.grant = nrs_slice_of_bytes(&grant);
        }
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
        if (one->released != NULL) {
            terms_write(file, &view);
        }
        nrs_export_view_wipe(&view);
    }
    nrs_export_free(&value);
    nrs_bytes_wipe(&grant);
    nrs_bytes_wipe(&release);
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
