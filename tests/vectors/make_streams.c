/* Vectors of equivocation proofs: two signed headers under one place. */
#include "scene.h"

#include "keys/place.h"

static void edit(nrs_bytes *record, void (*change)(nrs_equivocation *value))
{
    nrs_record *outer = NULL;
    nrs_equivocation *value = NULL;
    nrs_bytes payload = {0};

    assert_int_equal(nrs_record_decode(&outer, nrs_slice_of_bytes(record)), NRS_OK);
    assert_int_equal(nrs_equivocation_decode(&value, nrs_field(&outer->payload)), NRS_OK);
    change(value);
    assert_int_equal(nrs_equivocation_encode(&payload, value), NRS_OK);
    assert_int_equal(nrs_record_wrap(record, NRS_RECORD_EQUIVOCATION, nrs_slice_of_bytes(&payload)), NRS_OK);
    nrs_bytes_wipe(&payload);
    nrs_equivocation_free(&value);
    nrs_record_free(&outer);
}

static void signature_flipped(nrs_equivocation *value)
{
    value->second->signature.data[5] ^= 1;
}

static void body_flipped(nrs_equivocation *value)
{
    value->first->body_hash.data[0] ^= 1;
}

static void exchanged(nrs_equivocation *value)
{
    Nrs__Wire__SignedHeader *first = value->first;

    value->first = value->second;
    value->second = first;
}

static void copy_field(ProtobufCBinaryData *to, const ProtobufCBinaryData *from)
{
    assert_true(to->len == from->len);
    memcpy(to->data, from->data, from->len);
}

static void same_report(nrs_equivocation *value)
{
    copy_field(&value->second->header, &value->first->header);
    copy_field(&value->second->body_hash, &value->first->body_hash);
    copy_field(&value->second->grant_hash, &value->first->grant_hash);
    copy_field(&value->second->signature, &value->first->signature);
}

static const struct equivocation_case {
    const char *name, *about;
    const char *step, *rule; /* NULL: all checks hold */
    bool other_place, other_sender;
    void (*change)(nrs_equivocation *value);
} cases[] = {
    {"equivocation", "two reports under one place", NULL, NULL, false, false, NULL},
    {"equivocation-other-place", "two reports under two places", "pair", "forged", true, false, NULL},
    {"equivocation-other-sender", "two reports of two organisations", "pair", "forged", false, true, NULL},
    {"equivocation-same-report", "one report twice", "pair", "forged", false, false, same_report},
    {"equivocation-signature", "a bit of a signature", "signature", "forged", false, false, signature_flipped},
    {"equivocation-body", "a bit of the hash of a body", "signature", "forged", false, false, body_flipped},
    {"equivocation-order", "the two exchanged", "order", "not-canonical", false, false, exchanged},
};

/* Two headers side by side, whether or not they prove anything. */
static void join(nrs_bytes *record_out, const nrs_sealed_view *views[2])
{
    Nrs__Wire__SignedHeader parts[2];
    uint8_t grants[2][NRS_LONG_HASH_SIZE];
    nrs_equivocation value = NRS__WIRE__EQUIVOCATION__INIT;
    const bool ascending = memcmp(views[0]->id, views[1]->id, NRS_HASH_SIZE) < 0;
    nrs_bytes payload = {0};

    for (size_t i = 0; i < 2; i++) {
        nrs__wire__signed_header__init(&parts[i]);
        nrs_long_hash(grants[i], NRS_DOMAIN_GRANT, nrs_field(&views[i]->sealed->grant));
        parts[i].header = views[i]->sealed->header;
        parts[i].body_hash = nrs_field_of(nrs_slice_of(views[i]->hashes + NRS_LONG_HASH_SIZE, NRS_LONG_HASH_SIZE));
        parts[i].grant_hash = nrs_field_of(nrs_slice_of(grants[i], NRS_LONG_HASH_SIZE));
        parts[i].signature = views[i]->sealed->signature;
    }
    value.first = &parts[ascending ? 0 : 1];
    value.second = &parts[ascending ? 1 : 0];
    assert_int_equal(nrs_equivocation_encode(&payload, &value), NRS_OK);
    assert_int_equal(nrs_record_wrap(record_out, NRS_RECORD_EQUIVOCATION, nrs_slice_of_bytes(&payload)), NRS_OK);
    nrs_bytes_wipe(&payload);
}

static void make(FILE *file, const struct equivocation_case *one)
{
    static sealing other;
    const party *by = one->other_sender ? &it.hub : &it.sender;
    const nrs_sealed_view *views[2];
    nrs_bytes record = {0};

    sealing_init(&other, by, &it.reader.recipient, 1, NRS_LABEL_AMBER);
    other.request.stream = it.made.request.stream;
    other.request.sequence = one->other_place ? 2 : 1;
    other.request.previous = nrs_slice_of(it.made.view->id, one->other_place ? NRS_HASH_SIZE : 0);
    sealing_make(&other, by);
    views[0] = it.made.view;
    views[1] = other.view;
    join(&record, views);
    if (one->change != NULL) {
        edit(&record, one->change);
    }
    vector_hex(file, "equivocation", nrs_slice_of_bytes(&record));
    if (one->step == NULL) {
        vector_hex(file, "place", nrs_field(&it.made.view->header->place));
        vector_hex(file, "stream", it.made.request.stream);
        vector_hex(file, "sequence", nrs_slice_of((const uint8_t *)"\1", 1));
    }
    nrs_bytes_wipe(&record);
    sealing_wipe(&other);
}

void make_streams(const char *folder)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct equivocation_case *one = &cases[i];
        FILE *file = vector_open(
            folder, &(vector_head){.name = one->name, .about = one->about, .kind = "equivocation", .step = one->step, .rule = one->rule});

        scene_init(NRS_LABEL_AMBER, BY_SLOT, 0);
        make(file, one);
        vector_close(file);
        scene_wipe();
    }
}
