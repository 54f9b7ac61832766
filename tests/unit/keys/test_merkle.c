#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "keys/hash.h"
#include "keys/merkle.h"
#include "keys/secret.h"

static uint8_t leaf_data[NRS_SLOT_COUNT_MAX + 1][4];
static nrs_slice leaves[NRS_SLOT_COUNT_MAX + 1];

static int prepare(void **state)
{
    (void)state;
    assert_int_equal(nrs_keys_start(), NRS_OK);
    for (size_t i = 0; i <= NRS_SLOT_COUNT_MAX; i++) {
        leaf_data[i][0] = (uint8_t)i;
        leaf_data[i][1] = (uint8_t)(i >> 8);
        leaves[i] = nrs_slice_of(leaf_data[i], sizeof leaf_data[i]);
    }
    return 0;
}

/* A tree written down as in RFC 9162, section 2.1.5: a digit is a leaf, a plus joins the two last hashes. */
static const struct shape_case {
    const char *name;
    size_t leaf_count;
    const char *postfix;
} shape_cases[] = {
    {"one leaf is the root", 1, "0"},
    {"two leaves", 2, "01+"},
    {"three: two on the left", 3, "01+2+"},
    {"four: balanced", 4, "01+23++"},
    {"five: four on the left", 5, "01+23++4+"},
    {"six: four and two", 6, "01+23++45++"},
    {"seven: four and three", 7, "01+23++45+6++"},
    {"eight: balanced", 8, "01+23++45+67+++"},
    {"nine: eight and one", 9, "01+23++45+67+++8+"},
};

static void evaluate(uint8_t root_out[NRS_HASH_SIZE], const char *postfix)
{
    static const uint8_t prefixes[] = {0x00, 0x01};
    uint8_t stack[8][NRS_HASH_SIZE];
    size_t depth = 0;

    for (const char *at = postfix; *at != '\0'; at++) {
        if (*at == '+') {
            const nrs_slice parts[] = {nrs_slice_of(&prefixes[1], 1), nrs_slice_of(stack[depth - 2], NRS_HASH_SIZE),
                                       nrs_slice_of(stack[depth - 1], NRS_HASH_SIZE)};
            uint8_t node[NRS_HASH_SIZE];

            nrs_hash(node, NRS_HASH_SIZE, NRS_DOMAIN_TREE_NODE, parts, 3);
            depth--;
            memcpy(stack[depth - 1], node, NRS_HASH_SIZE);
        } else {
            const nrs_slice parts[] = {nrs_slice_of(&prefixes[0], 1), leaves[*at - '0']};

            nrs_hash(stack[depth++], NRS_HASH_SIZE, NRS_DOMAIN_TREE_LEAF, parts, 2);
        }
    }
    assert_int_equal(depth, 1);
    memcpy(root_out, stack[0], NRS_HASH_SIZE);
}

static void test_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shape_cases / sizeof shape_cases[0]; i++) {
        const struct shape_case *shape = &shape_cases[i];
        nrs_merkle *tree = NULL;
        uint8_t root[NRS_HASH_SIZE];

        print_message("%s\n", shape->name);
        assert_int_equal(nrs_merkle_new(&tree, leaves, shape->leaf_count), NRS_OK);
        evaluate(root, shape->postfix);
        assert_memory_equal(nrs_merkle_root(tree), root, NRS_HASH_SIZE);
        nrs_merkle_destroy(&tree);
        assert_null(tree);
    }
}

static void check_paths(size_t count, size_t step)
{
    nrs_merkle *tree = NULL;
    uint8_t path[NRS_SLOT_PATH_DEPTH_MAX * NRS_HASH_SIZE];

    assert_int_equal(nrs_merkle_new(&tree, leaves, count), NRS_OK);
    for (size_t i = 0; i < count; i += step) {
        size_t size = nrs_merkle_path(path, tree, i);
        nrs_slice slice = nrs_slice_of(path, size);
        const uint8_t *root = nrs_merkle_root(tree);

        assert_int_equal(nrs_merkle_verify(root, leaves[i], i, count, slice), NRS_OK);
        assert_int_equal(nrs_merkle_verify(root, leaves[i + 1], i, count, slice), NRS_ERROR_FORGED);
        for (size_t other = 0; other < count; other += step) {
            if (other != i) {
                assert_int_equal(nrs_merkle_verify(root, leaves[i], other, count, slice), NRS_ERROR_FORGED);
            }
        }
    }
    nrs_merkle_destroy(&tree);
}

static void test_every_path(void **state)
{
    (void)state;
    for (size_t count = 1; count <= 40; count++) {
        check_paths(count, 1);
    }
    check_paths(NRS_SLOT_COUNT_MAX - 1, 89);
    check_paths(NRS_SLOT_COUNT_MAX, 89);
}

static void test_tampering(void **state)
{
    enum { COUNT = 11, INDEX = 6 };
    nrs_merkle *tree = NULL;
    uint8_t path[(NRS_SLOT_PATH_DEPTH_MAX + 1) * NRS_HASH_SIZE] = {0};
    uint8_t root[NRS_HASH_SIZE];
    size_t size;

    (void)state;
    assert_int_equal(nrs_merkle_new(&tree, leaves, COUNT), NRS_OK);
    memcpy(root, nrs_merkle_root(tree), sizeof root);
    size = nrs_merkle_path(path, tree, INDEX);
    assert_int_equal(size, 4 * NRS_HASH_SIZE);
    for (size_t i = 0; i < size; i++) {
        path[i] ^= 0x10;
        assert_int_equal(nrs_merkle_verify(root, leaves[INDEX], INDEX, COUNT, nrs_slice_of(path, size)),
                         NRS_ERROR_FORGED);
        path[i] ^= 0x10;
    }
    for (size_t i = 0; i < sizeof root; i++) {
        root[i] ^= 1;
        assert_int_equal(nrs_merkle_verify(root, leaves[INDEX], INDEX, COUNT, nrs_slice_of(path, size)),
                         NRS_ERROR_FORGED);
        root[i] ^= 1;
    }
    for (size_t other = 0; other <= sizeof path; other++) { /* cut or lengthened anywhere, past the maximum too */
        nrs_error want = other == size ? NRS_OK : NRS_ERROR_FORGED;

        assert_int_equal(nrs_merkle_verify(root, leaves[INDEX], INDEX, COUNT, nrs_slice_of(path, other)), want);
    }
    assert_int_equal(nrs_merkle_verify(root, leaves[INDEX], COUNT, COUNT, nrs_slice_of(path, size)), NRS_ERROR_FORGED);
    assert_int_equal(nrs_merkle_verify(root, leaves[INDEX], 0, 0, nrs_slice_of(path, size)), NRS_ERROR_FORGED);
    assert_int_equal(nrs_merkle_verify(root, leaves[INDEX], INDEX, 7, nrs_slice_of(path, size)), NRS_ERROR_FORGED);
    assert_int_equal(nrs_merkle_verify(root, leaves[INDEX], INDEX, SIZE_MAX, nrs_slice_of(path, size)),
                     NRS_ERROR_FORGED);
    nrs_merkle_destroy(&tree);
}

/* A node must never pass for a leaf: the prefixes keep the two apart. */
static void test_node_is_no_leaf(void **state)
{
    nrs_merkle *tree = NULL;
    uint8_t path[NRS_SLOT_PATH_DEPTH_MAX * NRS_HASH_SIZE];
    uint8_t below[2 * NRS_HASH_SIZE];
    static const uint8_t prefix[] = {0x00};

    (void)state;
    assert_int_equal(nrs_merkle_new(&tree, leaves, 4), NRS_OK);
    assert_int_equal(nrs_merkle_path(path, tree, 0), 2 * NRS_HASH_SIZE);
    for (size_t i = 0; i < 2; i++) {
        const nrs_slice parts[] = {nrs_slice_of(prefix, 1), leaves[i]};

        nrs_hash(below + i * NRS_HASH_SIZE, NRS_HASH_SIZE, NRS_DOMAIN_TREE_LEAF, parts, 2);
    }
    assert_int_equal(nrs_merkle_verify(nrs_merkle_root(tree), nrs_slice_of(below, sizeof below), 0, 2,
                                       nrs_slice_of(path + NRS_HASH_SIZE, NRS_HASH_SIZE)),
                     NRS_ERROR_FORGED);
    nrs_merkle_destroy(&tree);
}

static void test_counts(void **state)
{
    nrs_merkle *tree = NULL;

    (void)state;
    assert_int_equal(nrs_merkle_new(&tree, leaves, 0), NRS_ERROR_LIMIT);
    assert_int_equal(nrs_merkle_new(&tree, leaves, NRS_SLOT_COUNT_MAX + 1), NRS_ERROR_LIMIT);
    assert_null(tree);
    nrs_merkle_destroy(&tree);
}

static void test_no_tree(void **state)
{
    static const uint8_t root[NRS_HASH_SIZE];
    const nrs_slice leaf = nrs_slice_of_string("leaf");

    (void)state;
    assert_int_equal(nrs_merkle_verify(NULL, leaf, 0, 1, nrs_slice_of(NULL, 0)), NRS_ERROR_FORGED);
    assert_int_equal(nrs_merkle_verify(root, leaf, 0, 0, nrs_slice_of(NULL, 0)), NRS_ERROR_FORGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),    cmocka_unit_test(test_every_path),
        cmocka_unit_test(test_tampering), cmocka_unit_test(test_node_is_no_leaf),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_no_tree),
    };

    return cmocka_run_group_tests(tests, prepare, NULL);
}
