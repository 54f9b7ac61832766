/* The audit log's tree against the shape that RFC 6962 prescribes, and what is sealed for the disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "keys/audit.h"
#include "proto/wire.h"

#define LEAF_COUNT 200u

static uint8_t leaves[LEAF_COUNT][NRS_HASH_SIZE];

static int prepare(void **state)
{
    (void)state;
    assert_int_equal(nrs_keys_start(), NRS_OK);
    for (size_t i = 0; i < LEAF_COUNT; i++) {
        const uint8_t data[] = {(uint8_t)i, 7};

        nrs_audit_leaf(leaves[i], nrs_slice_of(data, sizeof data));
    }
    return 0;
}

static void hash_node(uint8_t hash_out[NRS_HASH_SIZE], const uint8_t *left, const uint8_t *right)
{
    static const uint8_t prefix = 0x01;
    const nrs_slice parts[] = {nrs_slice_of(&prefix, 1), nrs_slice_of(left, NRS_HASH_SIZE), nrs_slice_of(right, NRS_HASH_SIZE)};
    uint8_t hash[NRS_HASH_SIZE];

    nrs_hash(hash, NRS_HASH_SIZE, NRS_DOMAIN_AUDIT_NODE, parts, 3);
    memcpy(hash_out, hash, NRS_HASH_SIZE);
}

/* MTH(D[first:first+count]) level by level: a node without a right neighbour moves up as it is. */
static void subtree(uint8_t root_out[NRS_HASH_SIZE], size_t first, size_t count)
{
    uint8_t level[LEAF_COUNT][NRS_HASH_SIZE];

    memcpy(level, leaves[first], count * NRS_HASH_SIZE);
    while (count > 1) {
        for (size_t i = 0; i < count / 2; i++) {
            hash_node(level[i], level[2 * i], level[2 * i + 1]);
        }
        if (count % 2 == 1) {
            memcpy(level[count / 2], level[count - 1], NRS_HASH_SIZE);
        }
        count = (count + 1) / 2;
    }
    memcpy(root_out, level[0], NRS_HASH_SIZE);
}

static nrs_error check_node(void *context, uint32_t level, uint64_t place, const uint8_t hash[NRS_HASH_SIZE])
{
    size_t *count = context;
    uint8_t want[NRS_HASH_SIZE];

    subtree(want, (size_t)place << level, (size_t)1 << level);
    assert_memory_equal(hash, want, NRS_HASH_SIZE);
    (*count)++;
    return NRS_OK;
}

static void test_roots_and_nodes(void **state)
{
    nrs_audit_tree tree = {0};
    uint8_t root[NRS_HASH_SIZE], want[NRS_HASH_SIZE];
    size_t told = 0;

    (void)state;
    for (size_t i = 0; i < LEAF_COUNT; i++) {
        assert_int_equal(nrs_audit_append(&tree, leaves[i], check_node, &told), NRS_OK);
        assert_int_equal(tree.size, i + 1);
        nrs_audit_root(root, &tree);
        subtree(want, 0, i + 1);
        assert_memory_equal(root, want, NRS_HASH_SIZE);
    }
    /* Complete subtrees of two leaves and more among 200: 100 + 50 + 25 + 12 + 6 + 3 + 1. */
    assert_int_equal(told, 197);
}

static nrs_error refuse(void *context, uint32_t level, uint64_t place, const uint8_t hash[NRS_HASH_SIZE])
{
    (void)context;
    (void)level;
    (void)place;
    (void)hash;
    return NRS_ERROR_DISK;
}

static void test_refused_node_leaves_the_tree(void **state)
{
    nrs_audit_tree tree = {0}, before;

    (void)state;
    assert_int_equal(nrs_audit_append(&tree, leaves[0], refuse, NULL), NRS_OK); /* a leaf alone completes nothing */
    before = tree;
    assert_int_equal(nrs_audit_append(&tree, leaves[1], refuse, NULL), NRS_ERROR_DISK);
    assert_memory_equal(&tree, &before, sizeof tree);
}

static const uint8_t log_id[NRS_AUDIT_LOG_ID_SIZE] = {1, 2, 3};

static void test_entry_sealed(void **state)
{
    const uint8_t other_log[NRS_AUDIT_LOG_ID_SIZE] = {9};
    nrs_secret *key = NULL, *other = NULL;
    nrs_bytes sealed = {0}, small = {0}, entry = {0};
    const nrs_slice text = nrs_slice_of_string("not really an entry");

    (void)state;
    assert_int_equal(nrs_secret_random(&key, NRS_KEY_SIZE), NRS_OK);
    assert_int_equal(nrs_secret_random(&other, NRS_KEY_SIZE), NRS_OK);
    assert_int_equal(nrs_audit_seal(&sealed, key, log_id, 7, text), NRS_OK);
    assert_int_equal(nrs_audit_open(&entry, key, log_id, 7, nrs_slice_of_bytes(&sealed)), NRS_OK);
    assert_true(nrs_slice_equal(nrs_slice_of_bytes(&entry), text));
    /* Padding and a real entry have one size. */
    assert_int_equal(nrs_audit_seal(&small, key, log_id, 8, nrs_slice_of_string("p")), NRS_OK);
    assert_int_equal(small.size, sealed.size);

    assert_int_equal(nrs_audit_open(&entry, key, log_id, 8, nrs_slice_of_bytes(&sealed)), NRS_ERROR_DAMAGED);
    assert_int_equal(nrs_audit_open(&entry, key, other_log, 7, nrs_slice_of_bytes(&sealed)), NRS_ERROR_DAMAGED);
    assert_int_equal(nrs_audit_open(&entry, other, log_id, 7, nrs_slice_of_bytes(&sealed)), NRS_ERROR_DAMAGED);
    for (size_t i = 0; i < sealed.size; i++) {
        sealed.data[i] ^= 1u;
        assert_int_equal(nrs_audit_open(&entry, key, log_id, 7, nrs_slice_of_bytes(&sealed)), NRS_ERROR_DAMAGED);
        sealed.data[i] ^= 1u;
        assert_int_equal(nrs_audit_open(&entry, key, log_id, 7, nrs_slice_of(sealed.data, i)), NRS_ERROR_DAMAGED);
    }
    assert_true(nrs_slice_equal(nrs_slice_of_bytes(&entry), text)); /* untouched by what failed */
    nrs_bytes_wipe(&entry);
    nrs_bytes_wipe(&small);
    nrs_bytes_wipe(&sealed);
    nrs_secret_destroy(&other);
    nrs_secret_destroy(&key);
}

static void test_head_sealed(void **state)
{
    nrs_secret *key = NULL;
    nrs_audit_head head = {.checkpoint_size = 128, .checkpoint_ms = 1795000000000u, .cosigned_size = 64}, read = {0}, before;
    nrs_bytes sealed = {0};

    (void)state;
    memcpy(head.log, log_id, sizeof head.log);
    for (size_t i = 0; i < 151; i++) {
        assert_int_equal(nrs_audit_append(&head.tree, leaves[i], NULL, NULL), NRS_OK);
    }
    assert_int_equal(nrs_secret_random(&key, NRS_KEY_SIZE), NRS_OK);
    assert_int_equal(nrs_audit_head_seal(&sealed, key, &head), NRS_OK);
    assert_int_equal(nrs_audit_head_open(&read, key, nrs_slice_of_bytes(&sealed)), NRS_OK);
    assert_memory_equal(&read, &head, sizeof head);
    before = read;
    for (size_t i = 0; i < sealed.size; i++) {
        sealed.data[i] ^= 0x80u;
        assert_int_equal(nrs_audit_head_open(&read, key, nrs_slice_of_bytes(&sealed)), NRS_ERROR_DAMAGED);
        sealed.data[i] ^= 0x80u;
        assert_int_equal(nrs_audit_head_open(&read, key, nrs_slice_of(sealed.data, i)), NRS_ERROR_DAMAGED);
    }
    assert_memory_equal(&read, &before, sizeof read);
    nrs_bytes_wipe(&sealed);
    nrs_secret_destroy(&key);
}

/* What is kept beside the store opens under its own key alone, and none of what the store holds opens as it. */
static void test_note_sealed(void **state)
{
    nrs_secret *key = NULL, *wrap_key = NULL, *opened = NULL;
    nrs_audit_head head = {.noted = 1, .alarm_ms = 7}, read = {0};
    uint64_t serial = 0;
    nrs_bytes sealed = {0}, head_sealed = {0};

    (void)state;
    assert_int_equal(nrs_audit_append(&head.tree, leaves[0], NULL, NULL), NRS_OK);
    assert_int_equal(nrs_secret_random(&key, NRS_KEY_SIZE), NRS_OK);
    assert_int_equal(nrs_secret_random(&wrap_key, NRS_KEY_SIZE), NRS_OK);
    assert_int_equal(nrs_audit_note_seal(&sealed, wrap_key, 77, key, &head), NRS_OK);
    assert_int_equal(nrs_audit_note_open(&serial, &opened, &read, wrap_key, nrs_slice_of_bytes(&sealed)), NRS_OK);
    assert_int_equal(serial, 77);
    assert_true(nrs_slice_equal(nrs_secret_slice(opened), nrs_secret_slice(key)));
    assert_memory_equal(&read, &head, sizeof head);
    nrs_secret_destroy(&opened);
    for (size_t i = 0; i < sealed.size; i++) {
        sealed.data[i] ^= 0x80u;
        assert_int_equal(nrs_audit_note_open(&serial, &opened, &read, wrap_key, nrs_slice_of_bytes(&sealed)), NRS_ERROR_DAMAGED);
        sealed.data[i] ^= 0x80u;
        assert_int_equal(nrs_audit_note_open(&serial, &opened, &read, wrap_key, nrs_slice_of(sealed.data, i)), NRS_ERROR_DAMAGED);
    }
    assert_int_equal(nrs_audit_head_seal(&head_sealed, wrap_key, &head), NRS_OK);
    assert_int_equal(nrs_audit_note_open(&serial, &opened, &read, wrap_key, nrs_slice_of_bytes(&head_sealed)), NRS_ERROR_DAMAGED);
    assert_int_equal(nrs_audit_head_open(&read, wrap_key, nrs_slice_of_bytes(&sealed)), NRS_ERROR_DAMAGED);
    assert_null(opened);
    nrs_bytes_wipe(&head_sealed);
    nrs_bytes_wipe(&sealed);
    nrs_secret_destroy(&wrap_key);
    nrs_secret_destroy(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots_and_nodes),
        cmocka_unit_test(test_refused_node_leaves_the_tree),
        cmocka_unit_test(test_entry_sealed),
        cmocka_unit_test(test_head_sealed),
        cmocka_unit_test(test_note_sealed),
    };

    return cmocka_run_group_tests(tests, prepare, NULL);
}
