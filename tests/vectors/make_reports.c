/* Vectors of sealed reports and later grants, each with at most one failure. */
#include "scene.h"

#include "sealing/padded.h"
#include "sealing/sealing.h"

static void body_flipped(void)
{
    nrs_record *record = NULL;
    nrs_sealed *sealed = NULL;
    nrs_bytes payload = {0};

    assert_int_equal(nrs_record_decode(&record, nrs_slice_of_bytes(&it.made.record)), NRS_OK);
    assert_int_equal(nrs_sealed_decode(&sealed, nrs_field(&record->payload)), NRS_OK);
    sealed->body.data[100] ^= 4;
    assert_int_equal(nrs_sealed_encode(&payload, sealed), NRS_OK);
    assert_int_equal(nrs_record_wrap(&it.made.record, NRS_RECORD_SEALED, nrs_slice_of_bytes(&payload)), NRS_OK);
    nrs_bytes_wipe(&payload);
    nrs_sealed_free(&sealed);
    nrs_record_free(&record);
}

static void body_flipped_signed(void)
{
    it.made.parts.body.data[100] ^= 4;
    scene_sign_again(&it.sender);
}

static void padding_not_zero(void)
{
    nrs_bytes plain = {0};

    scene_body_plain(&plain);
    plain.data[plain.size - 1] = 1;
    scene_reseal(it.made.view->header, &plain);
    nrs_bytes_wipe(&plain);
}

static void class_too_large(void)
{
    nrs_bytes plain = {0};
    nrs_header header = *it.made.view->header;

    scene_body_plain(&plain);
    assert_int_equal(plain.size, 1024);
    assert_int_equal(nrs_bytes_resize(&plain, 4096), NRS_OK);
    header.body_size = 4096 + NRS_TAG_SIZE;
    scene_reseal(&header, &plain);
    nrs_bytes_wipe(&plain);
}

static void content_size_past_end(void)
{
    nrs_bytes plain = {0};

    scene_body_plain(&plain);
    plain.data[2] = 1;
    scene_reseal(it.made.view->header, &plain);
    nrs_bytes_wipe(&plain);
}

static void other_report_commitment(void)
{
    nrs_header header = *it.made.view->header;

    header.report_commitment.data[0] ^= 1;
    scene_reseal_with(&header);
}

static void other_place(void)
{
    nrs_header header = *it.made.view->header;

    header.place.data[0] ^= 1;
    scene_reseal_with(&header);
}

static void edit_first_grant(nrs_grant *grant)
{
    assert_int_equal(nrs_grant_encode(&it.made.parts.grant, grant), NRS_OK);
}

static void other_audience_commitment(void)
{
    nrs_header header = *it.made.view->header;

    header.audience_commitment.data[0] ^= 1;
    it.made.view->grant->audience_commitment.data[0] ^= 1;
    edit_first_grant(it.made.view->grant);
    scene_reseal_with(&header);
}

static void other_key_commitment(void)
{
    nrs_header header = *it.made.view->header;

    header.key_commitment.data[0] ^= 1;
    scene_reseal_with(&header);
}

static void grant_of_another_time(void)
{
    it.made.view->grant->created_ms += 1;
    edit_first_grant(it.made.view->grant);
    scene_sign_again(&it.sender);
}

static void grant_of_another_sender(void)
{
    memcpy(it.made.view->grant->grantor.data, it.hub.recipient.sign_key, NRS_KEY_SIZE);
    edit_first_grant(it.made.view->grant);
    scene_sign_again(&it.sender);
}

static void body_size_other(void)
{
    nrs_header header = *it.made.view->header;
    nrs_bytes plain = {0};

    scene_body_plain(&plain);
    header.body_size = 4096 + NRS_TAG_SIZE;
    scene_reseal(&header, &plain);
    nrs_bytes_wipe(&plain);
}

static void summary_flipped(void)
{
    nrs_header header = *it.made.view->header;

    header.summary.data[7] ^= 1;
    scene_reseal_with(&header);
}

static void summary_padding_not_zero(void)
{
    static const uint8_t nonce[NRS_NONCE_SIZE];
    nrs_header header = *it.made.view->header;
    nrs_bytes bound = {0};
    uint8_t key[NRS_KEY_SIZE];
    uint8_t plain[256];

    assert_int_equal(header.summary.len, sizeof plain + NRS_TAG_SIZE);
    nrs_file_key_derive(key, NRS_DOMAIN_SUMMARY_KEY, it.made.file_key);
    assert_int_equal(nrs_summary_bound(&bound, &header), NRS_OK);
    assert_int_equal(
        nrs_box_open(plain, nrs_field(&header.summary), &(nrs_box_terms){key, nonce, nrs_slice_of_bytes(&bound)}),
        NRS_OK);
    plain[sizeof plain - 1] = 7;
    nrs_box_seal(header.summary.data, nrs_slice_of(plain, sizeof plain),
                 &(nrs_box_terms){key, nonce, nrs_slice_of_bytes(&bound)});
    nrs_bytes_wipe(&bound);
    scene_reseal_with(&header);
}

static void read_other(void)
{
    nrs_bytes_wipe(&it.slot_path);
    it.as = &it.other;
    scene_use_prekey(&it.other);
    scene_take_path(it.other.recipient.org_sign_key);
}

/* A path record with one thing changed. */
static void edit_path(void (*change)(nrs_slot_path *path))
{
    nrs_record *record = NULL;
    nrs_slot_path *path = NULL;
    nrs_bytes payload = {0};

    assert_int_equal(nrs_record_decode(&record, nrs_slice_of_bytes(&it.slot_path)), NRS_OK);
    assert_int_equal(nrs_slot_path_decode(&path, nrs_field(&record->payload)), NRS_OK);
    change(path);
    assert_int_equal(nrs_slot_path_encode(&payload, path), NRS_OK);
    assert_int_equal(nrs_record_wrap(&it.slot_path, NRS_RECORD_SLOT_PATH, nrs_slice_of_bytes(&payload)), NRS_OK);
    nrs_bytes_wipe(&payload);
    nrs_slot_path_free(&path);
    nrs_record_free(&record);
}

static void flip_path(nrs_slot_path *path)
{
    path->path.data[0] ^= 1;
}

static void shift_index(nrs_slot_path *path)
{
    path->index ^= 1;
}

static void shorten_path(nrs_slot_path *path)
{
    path->path.len -= NRS_HASH_SIZE;
}

static void flip_slot(nrs_slot_path *path)
{
    path->slot.data[path->slot.len - 1] ^= 1;
}

static void other_report(nrs_slot_path *path)
{
    path->sealed_id.data[0] ^= 1;
}

static void path_flipped(void)
{
    edit_path(flip_path);
}

static void path_index_other(void)
{
    edit_path(shift_index);
}

static void path_short(void)
{
    edit_path(shorten_path);
}

static void slot_flipped(void)
{
    edit_path(flip_slot);
}

static void path_of_another_report(void)
{
    edit_path(other_report);
}

static void prekey_not_named(void)
{
    scene_use_prekey(&it.other);
}

static void prekey_secret_other(void)
{
    memcpy(it.prekey_secret, nrs_secret_view(it.other.prekey.secret), NRS_KEY_SIZE);
}

static void reader_other(void)
{
    it.as = &it.other;
}

static void grantor_agree_other(void)
{
    memcpy(it.grantor.agree_key, it.other.recipient.agree_key, NRS_KEY_SIZE);
}

/* The agreement key stays, so that nothing else can fail. */
static void grantor_other(void)
{
    memcpy(it.grantor.sign_key, it.other.recipient.sign_key, NRS_KEY_SIZE);
}

static void zero_epk(nrs_grant *grant)
{
    memset(grant->epk.data, 0, grant->epk.len);
}

static void name_another_report(nrs_grant *grant)
{
    grant->sealed_id.data[0] ^= 1;
}

static void flip_audience(nrs_grant *grant)
{
    grant->sealed_audience.data[grant->sealed_audience.len - 1] ^= 1;
}

static void change_nothing(nrs_grant *grant)
{
    (void)grant;
}

/* Changes the prekey id in the one slot of a grant, whose root is then the new leaf's. */
static void rename_prekey(nrs_slot_path *path)
{
    nrs_slot *slot = NULL;
    nrs_bytes bytes = {0};

    assert_int_equal(nrs_slot_decode(&slot, nrs_field(&path->slot)), NRS_OK);
    slot->prekey_id.data[0] ^= 1;
    assert_int_equal(nrs_slot_encode(&bytes, slot), NRS_OK);
    assert_int_equal(bytes.size, path->slot.len);
    memcpy(path->slot.data, bytes.data, bytes.size);
    nrs_bytes_wipe(&bytes);
    nrs_slot_free(&slot);
}

static void take_root(nrs_grant *grant)
{
    nrs_record *record = NULL;
    nrs_slot_path *path = NULL;
    nrs_merkle *tree = NULL;
    nrs_slice leaf;

    assert_int_equal(nrs_record_decode(&record, nrs_slice_of_bytes(&it.slot_path)), NRS_OK);
    assert_int_equal(nrs_slot_path_decode(&path, nrs_field(&record->payload)), NRS_OK);
    leaf = nrs_field(&path->slot);
    assert_int_equal(nrs_merkle_new(&tree, &leaf, 1), NRS_OK);
    memcpy(grant->slot_root.data, nrs_merkle_root(tree), NRS_HASH_SIZE);
    nrs_merkle_destroy(&tree);
    nrs_slot_path_free(&path);
    nrs_record_free(&record);
}

static void grant_prekey_not_named(void)
{
    edit_path(rename_prekey);
    scene_edit_grant(take_root, &it.sender);
}

static void grant_low_order(void)
{
    scene_edit_grant(zero_epk, &it.sender);
}

static void grant_of_another_report(void)
{
    scene_edit_grant(name_another_report, &it.sender);
}

static void grant_signed_by_other(void)
{
    const nrs_public_keys kept = it.grantor;

    scene_edit_grant(change_nothing, &it.other);
    it.grantor = kept;
}

static void grant_audience_flipped(void)
{
    scene_edit_grant(flip_audience, &it.hub);
}

/* The right key all the same: but for the commitment everything would open. */
static void grant_key_not_committed(void)
{
    nrs_record *record = NULL;

    other_key_commitment();
    assert_int_equal(nrs_record_decode(&record, nrs_slice_of_bytes(&it.made.record)), NRS_OK);
    nrs_sealed_view_free(&it.made.view);
    assert_int_equal(nrs_sealed_verify(&it.made.view, nrs_field(&record->payload)), NRS_OK);
    nrs_record_free(&record);
    scene_build_grant(&(nrs_grant_plan){.authority = NRS_AUTHORITY_ORIGINATOR,
                                        .audience_commitment = nrs_field(&it.made.view->header->audience_commitment),
                                        .file_key = it.made.file_key},
                      &it.sender);
}

/* An audience sealed under its commitment, which is another audience's. */
static void grant_audience_other(void)
{
    nrs_audience_opening opening = NRS__WIRE__AUDIENCE_OPENING__INIT;
    uint8_t commitment[NRS_HASH_SIZE] = {9};
    uint8_t salt[NRS_KEY_SIZE] = {8};
    uint8_t nonce[NRS_NONCE_SIZE] = {7};
    uint8_t key[NRS_KEY_SIZE];
    nrs_bytes audience = {0};
    nrs_bytes plain = {0};
    nrs_bytes bound = {0};
    nrs_bytes sealed = {0};

    assert_int_equal(nrs_audience_encode(&audience, &it.own_audience), NRS_OK);
    opening.salt = nrs_field_of(nrs_slice_of(salt, sizeof salt));
    opening.audience = nrs_field_of(nrs_slice_of_bytes(&audience));
    assert_int_equal(nrs_audience_opening_encode(&plain, &opening), NRS_OK);
    assert_int_equal(nrs_bytes_append(&bound, nrs_slice_of(it.made.view->id, NRS_HASH_SIZE)), NRS_OK);
    assert_int_equal(nrs_bytes_append(&bound, nrs_slice_of(it.hub.recipient.sign_key, NRS_KEY_SIZE)), NRS_OK);
    assert_int_equal(nrs_bytes_append(&bound, nrs_slice_of(commitment, sizeof commitment)), NRS_OK);
    nrs_file_key_derive(key, NRS_DOMAIN_GRANT_AUDIENCE_KEY, it.made.file_key);
    assert_int_equal(nrs_bytes_append(&sealed, nrs_slice_of(nonce, sizeof nonce)), NRS_OK);
    assert_int_equal(nrs_bytes_resize(&sealed, sizeof nonce + plain.size + NRS_TAG_SIZE), NRS_OK);
    nrs_box_seal(sealed.data + sizeof nonce, nrs_slice_of_bytes(&plain),
                 &(nrs_box_terms){key, nonce, nrs_slice_of_bytes(&bound)});
    scene_build_grant(&(nrs_grant_plan){.authority = NRS_AUTHORITY_CONSENT,
                                        .authority_ref = nrs_slice_of(it.made.view->grant_id, NRS_HASH_SIZE),
                                        .audience_commitment = nrs_slice_of(commitment, sizeof commitment),
                                        .sealed_audience = nrs_slice_of_bytes(&sealed),
                                        .file_key = it.made.file_key},
                      &it.hub);
    nrs_bytes_wipe(&sealed);
    nrs_bytes_wipe(&bound);
    nrs_bytes_wipe(&plain);
    nrs_bytes_wipe(&audience);
}

/* ---- The list ---- */

static const struct report_case {
    const char *name;
    const char *about;
    nrs_label label;
    delivery how;
    size_t crowd;
    const char *step; /* NULL: all checks hold */
    nrs_error error;
    void (*change)(void);
} cases[] = {
    {"amber-two", "AMBER to two organisations, read by the one", NRS_LABEL_AMBER, BY_SLOT, 0, NULL, NRS_OK, NULL},
    {"amber-two-other", "AMBER to two organisations, read by the other", NRS_LABEL_AMBER, BY_SLOT, 0, NULL, NRS_OK,
     read_other},
    {"green-five", "a tree of five leaves, which is not whole; a body of 4 KiB", NRS_LABEL_GREEN, BY_SLOT, 5, NULL,
     NRS_OK, NULL},
    {"green-five-again", "a tree of five leaves, shuffled another way", NRS_LABEL_GREEN, BY_SLOT, 5, NULL, NRS_OK,
     NULL},
    {"red-person", "RED to a person; the slot names the organisation it is delivered to", NRS_LABEL_RED, BY_SLOT, 0,
     NULL, NRS_OK, NULL},
    {"clear", "CLEAR, whose grant carries the key", NRS_LABEL_CLEAR, BY_SLOT, 0, NULL, NRS_OK, NULL},
    {"later-grant", "a grant made later to the same audience", NRS_LABEL_AMBER, BY_GRANT, 0, NULL, NRS_OK, NULL},
    {"later-grant-audience", "a hub's grant to an audience of its own, under the header's consent", NRS_LABEL_AMBER,
     BY_OWN_AUDIENCE, 0, NULL, NRS_OK, NULL},

    {"body-flipped", "a bit of the sealed body on its way", NRS_LABEL_AMBER, BY_SLOT, 0, "signature", NRS_ERROR_FORGED,
     body_flipped},
    {"body-flipped-signed", "a bit of the sealed body, then signed", NRS_LABEL_CLEAR, BY_SLOT, 0, "body",
     NRS_ERROR_FORGED, body_flipped_signed},
    {"body-padding", "the last byte of the body's padding is not zero", NRS_LABEL_CLEAR, BY_SLOT, 0, "body-padding",
     NRS_ERROR_NOT_CANONICAL, padding_not_zero},
    {"body-class", "a body of 4 KiB that fits in 1", NRS_LABEL_CLEAR, BY_SLOT, 0, "body-padding",
     NRS_ERROR_NOT_CANONICAL, class_too_large},
    {"body-size-past-end", "the size in the body lies past its end", NRS_LABEL_CLEAR, BY_SLOT, 0, "body-padding",
     NRS_ERROR_NOT_CANONICAL, content_size_past_end},
    {"body-size-other", "the header says another size than the body has", NRS_LABEL_CLEAR, BY_SLOT, 0, "relay",
     NRS_ERROR_FORGED, body_size_other},
    {"report-commitment", "the header commits to another report", NRS_LABEL_CLEAR, BY_SLOT, 0, "report-commitment",
     NRS_ERROR_FORGED, other_report_commitment},
    {"audience-commitment", "header and grant commit to another audience", NRS_LABEL_CLEAR, BY_SLOT, 0,
     "audience-commitment", NRS_ERROR_FORGED, other_audience_commitment},
    {"place-other", "the header commits to another place than the body has", NRS_LABEL_CLEAR, BY_SLOT, 0, "place",
     NRS_ERROR_FORGED, other_place},
    {"clear-other-key", "a CLEAR grant with a key that the header does not commit to", NRS_LABEL_CLEAR, BY_SLOT, 0,
     "relay", NRS_ERROR_FORGED, other_key_commitment},
    {"grant-created", "the first grant has another time than the header", NRS_LABEL_AMBER, BY_SLOT, 0, "relay",
     NRS_ERROR_FORGED, grant_of_another_time},
    {"grant-other-sender", "the first grant is not the originator's", NRS_LABEL_CLEAR, BY_SLOT, 0, "relay",
     NRS_ERROR_FORGED, grant_of_another_sender},
    {"summary-flipped", "a bit of the sealed summary, then signed", NRS_LABEL_CLEAR, BY_SLOT, 0, "summary",
     NRS_ERROR_FORGED, summary_flipped},
    {"summary-padding", "the last byte of the summary's padding is not zero", NRS_LABEL_CLEAR, BY_SLOT, 0,
     "summary-padding", NRS_ERROR_NOT_CANONICAL, summary_padding_not_zero},

    {"path-flipped", "a bit of the path", NRS_LABEL_AMBER, BY_SLOT, 0, "path", NRS_ERROR_FORGED, path_flipped},
    {"path-index", "the index of another leaf", NRS_LABEL_GREEN, BY_SLOT, 5, "path", NRS_ERROR_FORGED,
     path_index_other},
    {"path-short", "a path without its last hash", NRS_LABEL_GREEN, BY_SLOT, 5, "path", NRS_ERROR_FORGED, path_short},
    {"slot-flipped", "a bit of the slot", NRS_LABEL_AMBER, BY_SLOT, 0, "path", NRS_ERROR_FORGED, slot_flipped},
    {"path-other-report", "the path of a slot of another report", NRS_LABEL_AMBER, BY_SLOT, 0, "slot-report",
     NRS_ERROR_FORGED, path_of_another_report},
    {"prekey-not-named", "a prekey that the slot does not name", NRS_LABEL_AMBER, BY_SLOT, 0, "prekey",
     NRS_ERROR_FORGED, prekey_not_named},
    {"prekey-other", "another secret under the id that the slot names", NRS_LABEL_AMBER, BY_SLOT, 0, "slot-key",
     NRS_ERROR_FORGED, prekey_secret_other},
    {"reader-other", "the prekey without its owner's identity", NRS_LABEL_AMBER, BY_SLOT, 0, "slot-key",
     NRS_ERROR_FORGED, reader_other},
    {"grantor-agreement-other", "another agreement key of the grantor", NRS_LABEL_AMBER, BY_SLOT, 0, "slot-key",
     NRS_ERROR_FORGED, grantor_agree_other},
    {"grantor-other", "a grantor that the reader did not expect", NRS_LABEL_AMBER, BY_SLOT, 0, "grantor",
     NRS_ERROR_FORGED, grantor_other},

    {"grant-other-signer", "a later grant signed by another than its grantor", NRS_LABEL_AMBER, BY_GRANT, 0,
     "grant-signer", NRS_ERROR_FORGED, grant_signed_by_other},
    {"grant-other-report", "a later grant that names another report", NRS_LABEL_AMBER, BY_GRANT, 0, "slot-report",
     NRS_ERROR_FORGED, grant_of_another_report},
    {"grant-prekey-not-named", "a slot that names another prekey than it was made for", NRS_LABEL_AMBER, BY_GRANT, 0,
     "prekey", NRS_ERROR_FORGED, grant_prekey_not_named},
    {"grant-low-order", "an ephemeral key of low order", NRS_LABEL_AMBER, BY_GRANT, 0, "agreement", NRS_ERROR_FORGED,
     grant_low_order},
    {"grant-other-key", "a slot with a key to which the header does not commit", NRS_LABEL_AMBER, BY_GRANT, 0,
     "key-commitment", NRS_ERROR_FORGED, grant_key_not_committed},
    {"grant-audience-flipped", "a bit of the grant's sealed audience, then signed", NRS_LABEL_AMBER, BY_OWN_AUDIENCE, 0,
     "grant-audience", NRS_ERROR_FORGED, grant_audience_flipped},
    {"grant-audience-other", "the grant commits to another audience", NRS_LABEL_AMBER, BY_OWN_AUDIENCE, 0,
     "grant-audience-commitment", NRS_ERROR_FORGED, grant_audience_other},
};

/* Sources that are withheld, and hubs that vouch for them. */
static const struct {
    struct report_case report;
    uint32_t attribution;
    bool numbered;
} attributed[] = {
    {{"vouched", "AMBER for which a hub vouches, the third it has vouched for", NRS_LABEL_AMBER, BY_SLOT, 0, NULL, NRS_OK, NULL},
     NRS_ATTRIBUTION_VOUCHED, true},
    {{"withheld-clear", "CLEAR from a withheld source to its hub: sealed, without an open key", NRS_LABEL_CLEAR, BY_SLOT, 0, NULL, NRS_OK, NULL},
     NRS_ATTRIBUTION_WITHHELD, false},
    {{"withheld-in-a-stream", "from a withheld source, and counted", NRS_LABEL_AMBER, BY_SLOT, 0, "place", NRS_ERROR_FORGED, NULL},
     NRS_ATTRIBUTION_WITHHELD, true},
    {{"vouched-without-number", "vouched for, and not how often", NRS_LABEL_AMBER, BY_SLOT, 0, "vouch", NRS_ERROR_FORGED, NULL},
     NRS_ATTRIBUTION_VOUCHED, false},
    {{"named-with-number", "the number of a hub that vouches, in a report that is named", NRS_LABEL_AMBER, BY_SLOT, 0, "vouch", NRS_ERROR_FORGED,
      NULL},
     NRS_ATTRIBUTION_NAMED, true},
};

void make_reports(const char *folder)
{
    const size_t count = sizeof cases / sizeof cases[0], more = sizeof attributed / sizeof attributed[0];

    for (size_t i = 0; i < count + more; i++) {
        const struct report_case *one = i < count ? &cases[i] : &attributed[i - count].report;
        FILE *file = vector_open(folder, &(vector_head){.name = one->name,
                                                        .about = one->about,
                                                        .kind = "report",
                                                        .step = one->step,
                                                        .rule = one->step == NULL ? NULL : nrs_error_rule(one->error)});

        scene_attribute(i < count ? 0 : attributed[i - count].attribution, i >= count && attributed[i - count].numbered);
        scene_init(one->label, one->how, one->crowd);
        if (one->change != NULL) {
            one->change();
        }
        scene_write(file, one->step == NULL);
        vector_close(file);
        scene_wipe();
        scene_attribute(0, false);
    }
}
