/* Exports of what a release let its reader have (SPEC 14.1): proven down to the originator, or where that is not to be named by the
 * exporter's word and without a trace of either. And how long a release lasts, as each end shows it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "keys/export.h"
#include "mesh.h"
#include "mesh_second.h"
#include "proto/armour.h"
#include "proto/label.h"
#include "proto/vocabulary.h"
#include "store/store.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

enum { HUB = 0, SOURCE = 1, HOLDER = 2, THIRD = 3, GAS_HUB = 4, GAS_MEMBER = 5 };

static mesh net;
static mesh_second gas;
static char report[2 * NRS_HASH_SIZE + 1];

static void start(bool with_gas)
{
    mesh_start(&net, 4, 1);
    if (with_gas) {
        mesh_second_beside(&net, &gas, HUB, false);
    }
}

static void stop(void)
{
    mesh_stop(&net);
    mesh_second_stop(&gas);
}

/* The source sends to a holder, which asks for others; the source agrees. */
static void release_it(size_t holder, const char *to, const char *agreed)
{
    char ask[2 * NRS_HASH_SIZE + 1];

    OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-%zu\"],\"kind\":\"incident\",\"subject\":\"変電所\",\"body\":\"本文\"}", holder));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    mesh_settle(&net, 6);
    OK(mesh_ask(&net, holder, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"%s\"],\"reason\":\"対処のため\"}", report, to));
    (void)snprintf(ask, sizeof ask, "%s", mesh_text(mesh_row(&net, holder, 0), "id"));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"release-grant\",\"id\":\"%s\",\"expires_in_ms\":172800000%s}", ask, agreed));
    mesh_settle(&net, 8);
}

static const uint8_t *key_of(size_t node)
{
    return nrs_identity_public(net.nodes[node].identity)->sign_key;
}

static void export_at(nrs_bytes *proof_out, nrs_export_view *view_out, size_t node)
{
    OK(mesh_ask(&net, node, "{\"command\":\"export\",\"id\":\"%s\",\"sink\":\"own\"}", report));
    OK(nrs_base64_decode(proof_out, nrs_slice_of_string(mesh_text(mesh_row(&net, node, 0), "proof"))));
    OK(nrs_export_verify(view_out, nrs_slice_of_bytes(proof_out)));
}

static bool holds(const nrs_bytes *bytes, const uint8_t *what, size_t size)
{
    bool found = false;

    for (size_t i = 0; i + size <= bytes->size; i++) {
        found = found || memcmp(bytes->data + i, what, size) == 0;
    }
    return found;
}

static const struct agreed_case {
    const char *name, *agreed;
    nrs_label label;
    uint32_t actions;
} agreed_cases[] = {
    {"on the terms of the report", "", NRS_LABEL_AMBER, 0},
    {"under a looser label", ",\"label\":\"GREEN\"", NRS_LABEL_GREEN, 0},
    {"under a stricter label", ",\"label\":\"AMBER+STRICT\"", NRS_LABEL_AMBER_STRICT, 0},
    {"under other conditions", ",\"pap\":\"RED\"", NRS_LABEL_AMBER, NRS_PAP_RED},
};

static void it_is_proven_down_to_the_originator(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof agreed_cases / sizeof agreed_cases[0]; i++) {
        const struct agreed_case *one = &agreed_cases[i];
        nrs_bytes proof = {0};
        nrs_export_view view = {0};

        print_message("%s\n", one->name);
        start(false);
        release_it(HOLDER, "org-3", one->agreed);
        export_at(&proof, &view, THIRD);
        assert_null(view.attestation);
        assert_non_null(view.release);
        assert_memory_equal(view.signer, key_of(SOURCE), NRS_KEY_SIZE);
        assert_memory_equal(view.release_signer, key_of(SOURCE), NRS_KEY_SIZE);
        assert_memory_equal(view.release->holder.data, key_of(HOLDER), NRS_KEY_SIZE);
        assert_string_equal(view.signer_org, "org-1");
        assert_int_equal(view.header->label, NRS_LABEL_AMBER);
        assert_int_equal(view.terms.label, one->label);
        assert_int_equal(view.terms.conditions == NULL ? 0 : view.terms.conditions->permissible_actions, one->actions);
        nrs_export_view_wipe(&view);
        export_at(&proof, &view, HOLDER); /* which was sent it, and is bound by what it was sent under */
        assert_null(view.release);
        assert_int_equal(view.terms.label, NRS_LABEL_AMBER);
        nrs_export_view_wipe(&view);
        nrs_bytes_wipe(&proof);
        stop();
    }
}

static nrs_error count_release(void *context, const nrs_log_row *row)
{
    size_t *count = context;

    *count += row->type == NRS_RECORD_RELEASE && row->record.size > 0 ? 1 : 0;
    return NRS_OK;
}

static size_t releases_in_log(size_t node)
{
    size_t count = 0;

    OK(nrs_store_log_each(net.nodes[node].store, 0, 10000, count_release, &count));
    return count;
}

/* The log drops what has expired; what proves an export stays as long as the report. */
static void it_is_proven_when_the_release_is_over(void **state)
{
    nrs_bytes before = {0}, after = {0};
    nrs_export_view view = {0};

    (void)state;
    start(false);
    release_it(HOLDER, "org-3", ",\"label\":\"GREEN\"");
    export_at(&before, &view, THIRD);
    nrs_export_view_wipe(&view);
    assert_int_equal(releases_in_log(THIRD), 1);
    for (size_t i = 0; i < 60; i++) {
        net.now_ms += NRS_DAY_MS / 4;
        net.monotonic_ms += NRS_DAY_MS / 4;
        mesh_settle(&net, 2);
    }
    assert_int_equal(releases_in_log(THIRD), 0);
    mesh_crash(&net, THIRD);
    export_at(&after, &view, THIRD);
    nrs_export_view_wipe(&view);
    assert_int_equal(before.size, after.size);
    assert_memory_equal(before.data, after.data, before.size);
    nrs_bytes_wipe(&after);
    nrs_bytes_wipe(&before);
    stop();
}

/* Whoever released it signed with its own key: where it is not to be named, neither that nor the holder's way to it is in the file. */
static void a_source_that_is_not_named_leaves_nothing(void **state)
{
    nrs_bytes proof = {0};
    nrs_export_view view = {0};

    (void)state;
    start(false);
    release_it(HOLDER, "org-3", ",\"label\":\"GREEN\",\"name_source\":\"no\"");
    export_at(&proof, &view, THIRD);
    assert_non_null(view.attestation);
    assert_null(view.release);
    assert_memory_equal(view.signer, key_of(THIRD), NRS_KEY_SIZE);
    assert_int_equal(view.terms.label, NRS_LABEL_GREEN);
    assert_false(holds(&proof, key_of(SOURCE), NRS_KEY_SIZE));
    assert_false(holds(&proof, key_of(HOLDER), NRS_KEY_SIZE));
    assert_false(holds(&proof, (const uint8_t *)"org-1", 5));
    nrs_export_view_wipe(&view);
    nrs_bytes_wipe(&proof);
    stop();
}

static void another_community_proves_it_too(void **state)
{
    nrs_bytes proof = {0};
    nrs_export_view view = {0};

    (void)state;
    start(true);
    release_it(HUB, "@gas", ",\"label\":\"GREEN\"");
    export_at(&proof, &view, GAS_MEMBER);
    assert_non_null(view.release);
    assert_int_equal(view.grant->community.len, NRS_HASH_SIZE);
    assert_memory_equal(view.signer, key_of(SOURCE), NRS_KEY_SIZE);
    assert_int_equal(view.terms.label, NRS_LABEL_GREEN);
    nrs_export_view_wipe(&view);
    nrs_bytes_wipe(&proof);
    stop();
}

static const char *until_of(const json_t *way)
{
    assert_true(mesh_text(way, "released_at")[0] != '\0');
    return mesh_text(way, "released_until");
}

/* Who was let in, who let it in and the source itself say when the release ends; nobody else has one. */
static void each_end_says_how_long_it_lasts(void **state)
{
    static const size_t nodes[] = {THIRD, HOLDER, SOURCE};
    char until[64];

    (void)state;
    start(false);
    release_it(HOLDER, "org-3", "");
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < 3; j++) {
            OK(i == 0 ? mesh_ask(&net, nodes[j], "{\"command\":\"show\",\"id\":\"%s\"}", report) : mesh_command(&net, nodes[j], "{\"command\":\"list\"}"));
        }
        (void)snprintf(until, sizeof until, "%s", until_of(json_object_get(mesh_row(&net, THIRD, 0), "let_in_by")));
        assert_true(until[0] != '\0');
        assert_string_equal(until_of(json_array_get(json_object_get(mesh_row(&net, HOLDER, 0), "let_in"), 0)), until);
        assert_string_equal(until_of(json_array_get(json_object_get(mesh_row(&net, SOURCE, 0), "let_in"), 0)), until);
        assert_true(json_is_null(json_object_get(mesh_row(&net, HOLDER, 0), "let_in_by")));
    }
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_proven_down_to_the_originator),
        cmocka_unit_test(it_is_proven_when_the_release_is_over),
        cmocka_unit_test(a_source_that_is_not_named_leaves_nothing),
        cmocka_unit_test(another_community_proves_it_too),
        cmocka_unit_test(each_end_says_how_long_it_lasts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
