#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sealing_fixture.h"
#include "attacker.h"

enum { MEMBER_COUNT = 21, TWICE = 4 }; /* the member numbered TWICE has two slots: two of its persons */

static party alice;
static party members[MEMBER_COUNT];
static nrs_recipient recipients[MEMBER_COUNT];
static sealing made;
static nrs_slots *slots;

static int prepare(void **state)
{
    (void)state;
    party_init(&alice);
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        party_init(&members[i]);
        if (i == TWICE + 1) {
            memcpy(members[i].recipient.org_sign_key, members[TWICE].recipient.org_sign_key, NRS_KEY_SIZE);
        }
        recipients[i] = members[i].recipient;
    }
    sealing_init(&made, &alice, recipients, MEMBER_COUNT, NRS_LABEL_AMBER);
    sealing_make(&made, &alice);
    slots_of(&slots, &made.parts.slot_table, made.view->grant, made.view->grant_id);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    nrs_slots_destroy(&slots);
    sealing_wipe(&made);
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        party_wipe(&members[i]);
    }
    party_wipe(&alice);
    return 0;
}

static nrs_error open_path(const nrs_slot_path *path, const party *who, const nrs_prekey_secret *prekey,
                           const nrs_public_keys *from)
{
    nrs_secret *key = NULL;
    nrs_error error = nrs_slot_open(&key, made.view, made.view->grant, path, who->identity, prekey, from);

    if (error == NRS_OK) {
        assert_same_secret(key, made.file_key);
    } else {
        assert_null(key);
    }
    nrs_secret_destroy(&key);
    return error;
}

/* The leaf that a member opens, found by trying those of its organisation. */
static size_t leaf_of(const party *who)
{
    size_t indices[4];
    uint8_t org[NRS_KEY_HASH_SIZE];
    size_t count;
    size_t found = MEMBER_COUNT;

    nrs_key_hash(org, who->recipient.org_sign_key);
    count = nrs_slots_for(indices, 4, slots, org);
    for (size_t i = 0; i < count; i++) {
        nrs_slot_path *path = path_at(slots, indices[i]);

        if (open_path(path, who, &who->prekey, nrs_identity_public(alice.identity)) == NRS_OK) {
            assert_int_equal(found, MEMBER_COUNT);
            found = indices[i];
        }
        nrs_slot_path_free(&path);
    }
    assert_true(found < MEMBER_COUNT);
    return found;
}

static void test_everyone_opens_one(void **state)
{
    bool seen[MEMBER_COUNT] = {false};
    bool in_order = true;

    (void)state;
    assert_int_equal(nrs_slots_count(slots), MEMBER_COUNT);
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        size_t leaf = leaf_of(&members[i]);

        assert_false(seen[leaf]);
        seen[leaf] = true;
        in_order = in_order && leaf == i;
    }
    assert_false(in_order); /* shuffled: 21! orders, so that chance does not fail this */
}

static void test_look_up(void **state)
{
    size_t indices[2] = {99, 99};
    uint8_t org[NRS_KEY_HASH_SIZE];

    (void)state;
    nrs_key_hash(org, members[TWICE].recipient.org_sign_key);
    assert_int_equal(nrs_slots_for(indices, 2, slots, org), 2);
    assert_true(indices[0] < indices[1]);
    indices[1] = 99;
    assert_int_equal(nrs_slots_for(indices, 1, slots, org), 2); /* tells that there are more */
    assert_int_equal(indices[1], 99);
    assert_int_equal(nrs_slots_for(NULL, 0, slots, org), 2);
    memset(org, 0, sizeof org);
    assert_int_equal(nrs_slots_for(indices, 2, slots, org), 0);
    memset(org, 0xff, sizeof org);
    assert_int_equal(nrs_slots_for(indices, 2, slots, org), 0);
}

static void test_path_tampering(void **state)
{
    nrs_slot_path *path = path_for(slots, members[0].recipient.org_sign_key);
    const nrs_public_keys *from = nrs_identity_public(alice.identity);
    const ProtobufCBinaryData *fields[] = {&path->sealed_id, &path->slot, &path->path};

    (void)state;
    assert_int_equal(open_path(path, &members[0], &members[0].prekey, from), NRS_OK);
    for (size_t f = 0; f < sizeof fields / sizeof fields[0]; f++) {
        for (size_t i = 0; i < fields[f]->len; i++) {
            fields[f]->data[i] ^= 4;
            assert_int_equal(open_path(path, &members[0], &members[0].prekey, from), NRS_ERROR_FORGED);
            fields[f]->data[i] ^= 4;
        }
    }
    for (uint32_t index = 0; index < NRS_SLOT_COUNT_MAX; index++) {
        uint32_t kept = path->index;

        path->index = index;
        assert_int_equal(open_path(path, &members[0], &members[0].prekey, from),
                         index == kept ? NRS_OK : NRS_ERROR_FORGED);
        path->index = kept;
    }
    path->path.len -= NRS_HASH_SIZE;
    assert_int_equal(open_path(path, &members[0], &members[0].prekey, from), NRS_ERROR_FORGED);
    path->path.len += NRS_HASH_SIZE;
    nrs_slot_path_free(&path);
}

static void test_wrong_reader(void **state)
{
    nrs_slot_path *path = path_for(slots, members[0].recipient.org_sign_key);
    const nrs_public_keys *from = nrs_identity_public(alice.identity);
    nrs_prekey_secret prekey = members[1].prekey;
    nrs_public_keys other = *from;

    (void)state;
    assert_int_equal(open_path(path, &members[1], &members[1].prekey, from), NRS_ERROR_FORGED);
    assert_int_equal(open_path(path, &members[0], &members[1].prekey, from), NRS_ERROR_FORGED);
    assert_int_equal(open_path(path, &members[1], &members[0].prekey, from), NRS_ERROR_FORGED);
    memcpy(prekey.id, members[0].prekey.id, NRS_PREKEY_ID_SIZE); /* another key under the right id */
    assert_int_equal(open_path(path, &members[0], &prekey, from), NRS_ERROR_FORGED);
    assert_int_equal(open_path(path, &members[0], &members[0].prekey, nrs_identity_public(members[1].identity)),
                     NRS_ERROR_FORGED);
    memcpy(other.agree_key, nrs_identity_public(members[1].identity)->agree_key, NRS_KEY_SIZE);
    assert_int_equal(open_path(path, &members[0], &members[0].prekey, &other), NRS_ERROR_FORGED);
    nrs_slot_path_free(&path);
}

/* The same slot at another leaf of a tree that the originator signed with it there. */
static void test_moved_slot(void **state)
{
    nrs_slot_path *path = path_for(slots, members[0].recipient.org_sign_key);
    nrs_grant grant = *made.view->grant;
    nrs_slice leaves[2];
    nrs_merkle *tree = NULL;
    nrs_secret *key = NULL;
    uint8_t root[NRS_HASH_SIZE];
    uint8_t hashes[NRS_SLOT_PATH_DEPTH_MAX * NRS_HASH_SIZE];
    ProtobufCBinaryData kept = path->path;

    (void)state;
    leaves[0] = leaves[1] = nrs_field(&path->slot);
    assert_int_equal(nrs_merkle_new(&tree, leaves, 2), NRS_OK);
    memcpy(root, nrs_merkle_root(tree), sizeof root);
    grant.slot_root = nrs_field_of(nrs_slice_of(root, sizeof root));
    grant.slot_count = 2;
    for (uint32_t i = 0; i < 2; i++) {
        path->index = i;
        path->path = nrs_field_of(nrs_slice_of(hashes, nrs_merkle_path(hashes, tree, i)));
        assert_int_equal(nrs_slot_open(&key, made.view, &grant, path, members[0].identity, &members[0].prekey,
                                       nrs_identity_public(alice.identity)),
                         NRS_ERROR_FORGED);
    }
    path->path = kept;
    nrs_merkle_destroy(&tree);
    nrs_slot_path_free(&path);
}

/* The transcript of SPEC 6.3 for the slot at a leaf, as anybody can lay it out who has the public keys. */
static sealed_once slot_by_hand(const sealing *it, const nrs_recipient *to, nrs_slice wrapped, uint32_t leaf)
{
    const nrs_grant *grant = it->view->grant;
    const nrs_public_keys *from = nrs_identity_public(alice.identity);
    nrs_bytes text = {0};
    sealed_once slot = {.domain = NRS_DOMAIN_SLOT_KEY, .box = wrapped, .epk = grant->epk.data, .sender_agree_key = from->agree_key,
                        .reader_agree_key = to->agree_key};

    assert_int_equal(nrs_bytes_append_u32(&text, NRS_SUITE), NRS_OK);
    assert_int_equal(nrs_bytes_append_prefixed(&text, nrs_slice_of(it->view->id, NRS_HASH_SIZE)), NRS_OK);
    assert_int_equal(nrs_bytes_append_prefixed(&text, nrs_field(&it->view->header->community)), NRS_OK);
    assert_int_equal(nrs_bytes_append_prefixed(&text, nrs_slice_of(from->sign_key, NRS_KEY_SIZE)), NRS_OK);
    assert_int_equal(nrs_bytes_append_prefixed(&text, nrs_slice_of(from->agree_key, NRS_KEY_SIZE)), NRS_OK);
    assert_int_equal(nrs_bytes_append_prefixed(&text, nrs_field(&grant->epk)), NRS_OK);
    assert_int_equal(nrs_bytes_append_u32(&text, grant->authority), NRS_OK);
    assert_int_equal(nrs_bytes_append_prefixed(&text, nrs_field(&grant->authority_ref)), NRS_OK);
    assert_int_equal(nrs_bytes_append_prefixed(&text, nrs_field(&grant->audience_commitment)), NRS_OK);
    assert_int_equal(nrs_bytes_append_u32(&text, grant->slot_count), NRS_OK);
    assert_int_equal(nrs_bytes_append_prefixed(&text, nrs_slice_of(to->sign_key, NRS_KEY_SIZE)), NRS_OK);
    assert_int_equal(nrs_bytes_append_prefixed(&text, nrs_slice_of(to->agree_key, NRS_KEY_SIZE)), NRS_OK);
    assert_int_equal(nrs_bytes_append_prefixed(&text, nrs_slice_of(to->prekey_id, NRS_PREKEY_ID_SIZE)), NRS_OK);
    assert_int_equal(nrs_bytes_append_prefixed(&text, nrs_slice_of(to->prekey, NRS_KEY_SIZE)), NRS_OK);
    assert_int_equal(nrs_bytes_append_u32(&text, leaf), NRS_OK);
    transcript_hash_of(&slot, NRS_DOMAIN_SLOT_TRANSCRIPT, &text);
    nrs_bytes_wipe(&text);
    return slot;
}

static nrs_slot *slot_in(const nrs_slot_path *path)
{
    nrs_slot *slot = NULL;

    assert_int_equal(nrs_slot_decode(&slot, nrs_field(&path->slot)), NRS_OK);
    return slot;
}

/* A prekey that an attacker passed off as the victim's: whoever holds it and not the victim's identity opens nothing. */
static void test_forged_prekey(void **state)
{
    party attacker;
    party victim;
    sealing secret;
    sealed_once by_hand;
    nrs_slots *table = NULL;
    nrs_slot_path *path;
    nrs_slot *slot;
    nrs_secret *key = NULL;

    (void)state;
    party_init(&attacker);
    party_init(&victim);
    memcpy(victim.recipient.prekey, attacker.prekey.key, NRS_KEY_SIZE);
    memcpy(victim.recipient.prekey_id, attacker.prekey.id, NRS_PREKEY_ID_SIZE);
    sealing_init(&secret, &alice, &victim.recipient, 1, NRS_LABEL_AMBER);
    sealing_make(&secret, &alice);
    slots_of(&table, &secret.parts.slot_table, secret.view->grant, secret.view->grant_id);
    path = path_for(table, victim.recipient.org_sign_key);
    slot = slot_in(path);
    by_hand = slot_by_hand(&secret, &victim.recipient, nrs_field(&slot->wrapped), 0);
    assert_identity_needed(&by_hand, &attacker.prekey, attacker.identity, victim.identity);
    assert_int_equal(nrs_slot_open(&key, secret.view, secret.view->grant, path, victim.identity, &victim.prekey,
                                   nrs_identity_public(alice.identity)),
                     NRS_ERROR_FORGED);
    assert_int_equal(nrs_slot_open(&key, secret.view, secret.view->grant, path, victim.identity, &attacker.prekey,
                                   nrs_identity_public(alice.identity)),
                     NRS_OK);
    nrs_secret_destroy(&key);
    nrs_slot_free(&slot);
    nrs_slot_path_free(&path);
    nrs_slots_destroy(&table);
    sealing_wipe(&secret);
    party_wipe(&attacker);
    party_wipe(&victim);
}

/* Each slot's key is made for the leaf at which it stands, and for no other. */
static void test_leaf_is_bound(void **state)
{
    (void)state;
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        const uint32_t leaf = (uint32_t)leaf_of(&members[i]);
        nrs_slot_path *path = path_at(slots, leaf);
        nrs_slot *slot = slot_in(path);
        uint8_t fresh[NRS_KEY_SIZE], lasting[NRS_KEY_SIZE];

        assert_int_equal(nrs_ephemeral_agree(fresh, members[i].prekey.secret, made.view->grant->epk.data), NRS_OK);
        assert_int_equal(nrs_identity_agree(lasting, members[i].identity, nrs_identity_public(alice.identity)->agree_key), NRS_OK);
        for (uint32_t at = 0; at < MEMBER_COUNT; at++) {
            const sealed_once by_hand = slot_by_hand(&made, &members[i].recipient, nrs_field(&slot->wrapped), at);

            assert_int_equal(open_with(&by_hand, fresh, lasting), at == leaf ? NRS_OK : NRS_ERROR_FORGED);
        }
        nrs_slot_free(&slot);
        nrs_slot_path_free(&path);
    }
}

static void test_table_tampering(void **state)
{
    nrs_record *outer = NULL;
    nrs_slot_table *table = NULL;
    nrs_slots *other = NULL;
    nrs_grant grant = *made.view->grant;
    ProtobufCBinaryData kept;
    uint8_t id[NRS_HASH_SIZE];

    (void)state;
    memcpy(id, made.view->grant_id, sizeof id);
    assert_int_equal(nrs_record_decode(&outer, nrs_slice_of_bytes(&made.parts.slot_table)), NRS_OK);
    assert_int_equal(nrs_slot_table_decode(&table, nrs_field(&outer->payload)), NRS_OK);
    for (size_t i = 0; i < table->n_slots; i++) {
        for (size_t j = 0; j < table->slots[i].len; j++) {
            table->slots[i].data[j] ^= 0x20;
            assert_int_not_equal(nrs_slots_new(&other, table, &grant, id), NRS_OK);
            table->slots[i].data[j] ^= 0x20;
        }
    }
    kept = table->slots[0];
    table->slots[0] = table->slots[1];
    table->slots[1] = kept;
    assert_int_equal(nrs_slots_new(&other, table, &grant, id), NRS_ERROR_FORGED);
    table->slots[1] = table->slots[0];
    table->slots[0] = kept;
    table->n_slots--;
    assert_int_equal(nrs_slots_new(&other, table, &grant, id), NRS_ERROR_FORGED);
    grant.slot_count--;
    assert_int_equal(nrs_slots_new(&other, table, &grant, id), NRS_ERROR_FORGED);
    grant.slot_count++;
    table->n_slots++;
    id[0] ^= 1;
    assert_int_equal(nrs_slots_new(&other, table, &grant, id), NRS_ERROR_FORGED);
    id[0] ^= 1;
    grant.sealed_id = nrs_field_of(nrs_slice_of(id, sizeof id)); /* a later grant, of another report */
    assert_int_equal(nrs_slots_new(&other, table, &grant, id), NRS_ERROR_FORGED);
    assert_null(other);
    grant.sealed_id = table->sealed_id;
    assert_int_equal(nrs_slots_new(&other, table, &grant, id), NRS_OK);
    nrs_slots_destroy(&other);
    nrs_slot_table_free(&table);
    nrs_record_free(&outer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everyone_opens_one), cmocka_unit_test(test_look_up),
        cmocka_unit_test(test_path_tampering),     cmocka_unit_test(test_wrong_reader),
        cmocka_unit_test(test_moved_slot),         cmocka_unit_test(test_forged_prekey),
        cmocka_unit_test(test_leaf_is_bound),      cmocka_unit_test(test_table_tampering),
    };

    return cmocka_run_group_tests(tests, prepare, finish);
}
