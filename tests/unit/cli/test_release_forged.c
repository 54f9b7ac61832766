/* Whose release an exported report may go by (SPEC 14.1): the originator's, or that of who came after it by the roster of the report's community.
 * Another organisation may bear the name in another community. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "export/export_row.h"
#include "keys/card.h"
#include "keys/export.h"
#include "keys/roster.h"
#include "keys/seal.h"
#include "signing.h"
#include "mesh_keys.h"
#include "mesh_second.h"
#include "proto/armour.h"
#include "proto/label.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

enum { HUB = 0, SOURCE = 1, HOLDER = 2, THIRD = 3, GAS_HUB = 4, NAMESAKE = 5 };

static mesh net;
static mesh_second gas;
static char report[2 * NRS_HASH_SIZE + 1], folder[] = "/tmp/noroshi-forged-XXXXXX";

static void start(void)
{
    static const size_t nodes[] = {HUB, NAMESAKE, GAS_HUB};
    static const uint32_t roles[] = {NRS_ROLE_OPERATOR, NRS_ROLE_OPERATOR, NRS_ROLE_HUB};

    mesh_start(&net, 4, 1);
    assert_int_equal(mesh_add_node(&net, "org-4"), GAS_HUB);
    assert_int_equal(mesh_add_node(&net, "org-1"), NAMESAKE); /* another organisation than the source, in gas alone */
    mesh_second_start(&net, &gas, "gas", nodes, roles, 3, true);
    mesh_settle(&net, 4);
}

static void stop(void)
{
    mesh_stop(&net);
    mesh_second_stop(&gas);
}

/* Sent to a holder, which asks for a third; the source agrees. The export there. */
static void release_it(nrs_bytes *proof_out)
{
    char ask[2 * NRS_HASH_SIZE + 1];

    OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"変電所\",\"body\":\"本文\"}"));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    mesh_settle(&net, 6);
    OK(mesh_ask(&net, HOLDER, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-3\"],\"reason\":\"対処のため\"}", report));
    (void)snprintf(ask, sizeof ask, "%s", mesh_text(mesh_row(&net, HOLDER, 0), "id"));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"release-grant\",\"id\":\"%s\",\"expires_in_ms\":172800000,\"label\":\"AMBER+STRICT\"}", ask));
    mesh_settle(&net, 8);
    OK(mesh_ask(&net, THIRD, "{\"command\":\"export\",\"id\":\"%s\",\"sink\":\"own\"}", report));
    OK(nrs_base64_decode(proof_out, nrs_slice_of_string(mesh_text(mesh_row(&net, THIRD, 0), "proof"))));
}

/* The same report on a release to the holder under TLP:CLEAR that `signer` has signed. */
static void released_by(nrs_bytes *proof, const nrs_identity *signer, const nrs_identity *holder)
{
    nrs_bytes release = {0}, statement = {0}, grant = {0}, out = {0};
    nrs_export_view view = {0};
    nrs_release made, *back = NULL;
    nrs_grant granted;
    uint8_t by[NRS_KEY_SIZE], id[NRS_HASH_SIZE];

    OK(nrs_export_verify(&view, nrs_slice_of_bytes(proof)));
    made = *view.release;
    made.label = NRS_LABEL_CLEAR;
    made.holder = nrs_field_of(nrs_slice_of(nrs_identity_public(holder)->sign_key, NRS_KEY_SIZE));
    OK(nrs_release_sign(&release, &made, signer));
    OK(nrs_release_verify(&back, by, id, nrs_slice_of_bytes(&release)));
    granted = *view.grant;
    granted.grantor = made.holder;
    granted.authority_ref = nrs_field_of(nrs_slice_of(id, NRS_HASH_SIZE));
    OK(nrs_grant_encode(&statement, &granted));
    OK(nrs_signed_payload(&grant, NRS_RECORD_GRANT, holder, nrs_slice_of_bytes(&statement)));
    {
        const ProtobufCBinaryData was_release = view.value->release, was_grant = view.value->grant;

        view.value->release = nrs_field_of(nrs_slice_of_bytes(&release));
        view.value->grant = nrs_field_of(nrs_slice_of_bytes(&grant));
        OK(nrs_export_encode(&out, view.value));
        view.value->release = was_release;
        view.value->grant = was_grant;
    }
    nrs_bytes_wipe(proof);
    *proof = out;
    nrs_release_free(&back);
    nrs_export_view_wipe(&view);
    nrs_bytes_wipe(&release);
    nrs_bytes_wipe(&statement);
    nrs_bytes_wipe(&grant);
}

/* ---- Files, and who reads them ---- */

static void put(const char *name, nrs_slice bytes)
{
    char path[128];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
    assert_int_equal(fclose(file), 0);
}

static void put_armour(const char *name, const char *type, nrs_slice bytes)
{
    char *text = NULL;

    OK(nrs_armour_encode(&text, type, bytes));
    put(name, nrs_slice_of_string(text));
    free(text);
}

static void put_export(const nrs_bytes *proof)
{
    nrs_export_view view = {0};
    nrs_bytes file = {0};

    OK(nrs_export_verify(&view, nrs_slice_of_bytes(proof)));
    OK(nrs_export_file(&file, &view, nrs_slice_of_bytes(proof), NRS_EXPORT_TEXT, "en"));
    put("report.txt", nrs_slice_of_bytes(&file));
    nrs_bytes_wipe(&file);
    nrs_export_view_wipe(&view);
}

/* In a folder that has no node. The rule that it breaks; "" where it is good. */
static void verify(char rule_out[64], const char *who)
{
    char command[1024], answer[8192];
    FILE *pipe;
    size_t size;
    json_t *object;
    int status;

    assert_non_null(getenv("NRS_BIN_DIR"));
    (void)snprintf(command, sizeof command, "cd %s && %s/noroshi --dir %s/none verify report.txt %s --json 2>&1", folder, getenv("NRS_BIN_DIR"), folder, who);
    pipe = popen(command, "r"); /* NOLINT: the test's own words */
    assert_non_null(pipe);
    size = fread(answer, 1, sizeof answer - 1, pipe);
    answer[size] = '\0';
    status = pclose(pipe);
    object = json_loads(answer, 0, NULL);
    assert_true(json_is_object(object));
    if (WEXITSTATUS(status) == 0) {
        rule_out[0] = '\0';
    } else {
        assert_int_equal(WEXITSTATUS(status), 5);
        (void)snprintf(rule_out, 64, "%s", mesh_text(object, "rule"));
    }
    json_decref(object);
}

static const struct release_case {
    const char *name, *who;
    bool namesake, changed; /* who signs the release: the one in gas of the source's name, or the source's later keys; whether the roster knows of a change */
    const char *rule;
} release_cases[] = {
    {"by the keys that came after", "--roster el.roster", false, true, ""},
    {"and the invite of another community tells nothing else", "--roster el.roster --invite gas.invite", false, true, ""},
    {"before the roster has them", "--roster el.roster", false, false, "signer-unknown"},
    {"by another of that name in another community", "--roster el.roster --invite gas.invite", true, true, "forged"},
    {"which nobody knows", "--roster el.roster", true, true, "signer-unknown"},
    {"which a card alone knows", "--roster el.roster --card namesake.card", true, true, "forged"},
    {"where the source has changed nothing", "--roster el.roster --invite gas.invite", true, false, "forged"},
    {"where the roster of the report's community is not at hand", "--card source.card --invite gas.invite", true, true, "signer-unknown"},
};

static void by_whom(void **state)
{
    nrs_bytes sent = {0}, before = {0}, invite = {0};
    nrs_invite invites;
    ProtobufCBinaryData cards[1];
    nrs_identity *after = NULL;
    char path[128];

    (void)state;
    assert_non_null(mkdtemp(folder));
    start();
    release_it(&sent);
    OK(nrs_identity_new(&after));
    OK(nrs_bytes_copy(&before, nrs_slice_of_bytes(&net.many)));
    mesh_next(&net, mesh_put_keys, &(mesh_new_keys){&net.nodes[SOURCE], after, net.now_ms});
    nrs__wire__invite__init(&invites);
    invites.first = nrs_field_of(nrs_slice_of_bytes(&gas.first));
    invites.current = nrs_field_of(nrs_slice_of_bytes(&gas.many));
    cards[0] = nrs_field_of(nrs_slice_of_bytes(&net.nodes[GAS_HUB].card));
    invites.cards = cards;
    invites.n_cards = 1;
    OK(nrs_invite_encode(&invite, &invites));
    put_armour("gas.invite", "INVITE", nrs_slice_of_bytes(&invite));
    put_armour("source.card", "CARD", nrs_slice_of_bytes(&net.nodes[SOURCE].card));
    put_armour("namesake.card", "CARD", nrs_slice_of_bytes(&net.nodes[NAMESAKE].card));
    for (size_t i = 0; i < sizeof release_cases / sizeof release_cases[0]; i++) {
        const struct release_case *one = &release_cases[i];
        const nrs_identity *namesake = net.nodes[NAMESAKE].identity;
        nrs_bytes proof = {0};
        char rule[64];

        print_message("%s\n", one->name);
        OK(nrs_bytes_append(&proof, nrs_slice_of_bytes(&sent)));
        released_by(&proof, one->namesake ? namesake : after, one->namesake ? namesake : net.nodes[HOLDER].identity);
        put_export(&proof);
        put_armour("el.roster", "ROSTER", nrs_slice_of_bytes(one->changed ? &net.many : &before));
        verify(rule, one->who);
        assert_string_equal(rule, one->rule);
        nrs_bytes_wipe(&proof);
    }
    nrs_identity_destroy(&after);
    nrs_bytes_wipe(&invite);
    nrs_bytes_wipe(&before);
    nrs_bytes_wipe(&sent);
    stop();
    for (size_t i = 0; i < 5; i++) {
        static const char *const names[] = {"report.txt", "el.roster", "gas.invite", "source.card", "namesake.card"};

        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_whom)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
