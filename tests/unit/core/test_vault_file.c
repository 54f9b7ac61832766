/* The vault's file under writes that fail: what the simulator found, held by a test each. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "keys/vault.h"
#include "mesh.h"

#define HALF_SIZE (NRS_VAULT_FILE_SIZE / 2)

static mesh net;

static bool half_empty(const nrs_bytes *file, size_t half)
{
    static const uint8_t zeros[HALF_SIZE];

    return memcmp(file->data + half * HALF_SIZE, zeros, HALF_SIZE) == 0;
}

/* A report at node 1, forgotten there while only the first `writes` writes of the vault's file succeed. */
static nrs_bytes forget_with(size_t writes)
{
    nrs_bytes before = {0};
    char id[72];

    mesh_start(&net, 2, 1);
    assert_int_equal(mesh_ask(&net, 0, "{\"command\":\"send\",\"label\":\"AMBER\",\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\",\"to\":[\"org-1\"]}"), NRS_OK);
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, 0, 0), "id"));
    mesh_settle(&net, 3);
    assert_int_equal(nrs_bytes_copy(&before, nrs_slice_of_bytes(&net.nodes[1].vault)), NRS_OK);
    net.nodes[1].vault_writes_left = writes;
    (void)mesh_ask(&net, 1, "{\"command\":\"forget\",\"id\":\"%s\"}", id);
    return before;
}

/* A power cut may tear the write anywhere: the bytes of the root in force are not touched while the next one is written. */
static void the_root_in_force_keeps_its_bytes(void **state)
{
    nrs_bytes before = forget_with(1);
    const nrs_bytes *file = &net.nodes[1].vault;
    size_t in_force = half_empty(&before, 0) ? 1 : 0;

    (void)state;
    assert_false(half_empty(file, 1 - in_force)); /* the second root stands beside it */
    assert_memory_equal(file->data + in_force * HALF_SIZE, before.data + in_force * HALF_SIZE, HALF_SIZE);
    nrs_bytes_wipe(&before);
    mesh_stop(&net);
}

/* After the commit the old root has to go, if not at once then as soon as the file takes it. */
static void an_old_root_that_stayed_is_overwritten_later(void **state)
{
    nrs_bytes before = forget_with(1);
    const nrs_bytes *file = &net.nodes[1].vault;

    (void)state;
    mesh_settle(&net, 3);
    assert_true(!half_empty(file, 0) && !half_empty(file, 1));
    net.nodes[1].vault_writes_left = SIZE_MAX;
    mesh_settle(&net, 3);
    assert_true(half_empty(file, 0) != half_empty(file, 1));
    nrs_bytes_wipe(&before);
    mesh_stop(&net);
}

/* A half that was torn is no place for a root, and may still hold most of an old one. */
static void a_torn_half_is_cleared_at_the_start(void **state)
{
    nrs_bytes before = forget_with(SIZE_MAX);
    mesh_node *node = &net.nodes[1];
    size_t empty = half_empty(&node->vault, 0) ? 0 : 1;

    (void)state;
    mesh_down(&net, 1);
    memcpy(node->vault.data + empty * HALF_SIZE, before.data + empty * HALF_SIZE, HALF_SIZE / 2);
    mesh_up(&net, 1);
    mesh_settle(&net, 3);
    assert_true(half_empty(&node->vault, empty));
    nrs_bytes_wipe(&before);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_root_in_force_keeps_its_bytes),
        cmocka_unit_test(an_old_root_that_stayed_is_overwritten_later),
        cmocka_unit_test(a_torn_half_is_cleared_at_the_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
