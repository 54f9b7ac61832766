/* Streams: a place is no secret of its originator's; who copies it into a header of its own fills nobody's gap, and takes nobody's room at
 * a hub (SPEC 6.8). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/place.h"
#include "keys/withdrawal.h"
#include "mesh.h"
#include "mesh_disk.h"
#include "mesh_look.h"
#include "mesh_forge.h"
#include "mesh_records.h"
#include "proto/vocabulary.h"

#define OK(call) assert_int_equal((call), NRS_OK)

static mesh net;

static void send_to(size_t node, const char *to, char id_out[65])
{
    OK(mesh_ask(&net, node, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"%s\"],\"kind\":\"incident\",\"subject\":\"数\",\"body\":\"本文\"}", to));
    (void)snprintf(id_out, 65, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
    assert_int_equal(strlen(id_out), 64);
}

static void send_report(size_t node, char id_out[65])
{
    send_to(node, "@electricity", id_out);
}

static const uint8_t *sign_key(size_t node)
{
    return nrs_identity_public(net.nodes[node].identity)->sign_key;
}

/* A report that `liar` has sent, with a header of its own that bears the place of another's number. Out: record_out. */
static nrs_sealed_view *forge(nrs_bytes *record_out, size_t liar, size_t from, const char *stream_hex, uint64_t number)
{
    mesh_records sealed = mesh_records_of(&net, liar, NRS_RECORD_SEALED);
    nrs_record *record = NULL;
    nrs_sealed_view *view = NULL, *forged = NULL;
    nrs_sealed_parts parts = {0};
    uint8_t place[NRS_HASH_SIZE], stream[NRS_HASH_SIZE];
    size_t size = 0;
    nrs_header altered;

    for (size_t i = 0; i < sealed.count && view == NULL; i++) {
        OK(nrs_record_decode(&record, nrs_slice_of_bytes(&sealed.records[i])));
        OK(nrs_sealed_parse(&view, nrs_field(&record->payload)));
        if (memcmp(view->header->originator.data, sign_key(liar), NRS_KEY_SIZE) != 0) {
            nrs_sealed_view_free(&view);
        }
        nrs_record_free(&record);
    }
    assert_non_null(view);
    assert_int_equal(sodium_hex2bin(stream, sizeof stream, stream_hex, 64, NULL, &size, NULL), 0);
    nrs_place(place, &(nrs_place_terms){sign_key(from), view->header->community.data, stream, number});
    altered = *view->header;
    altered.place = nrs_field_of(nrs_slice_of(place, sizeof place));
    OK(nrs_header_encode(&parts.header, &altered));
    OK(nrs_bytes_copy(&parts.body, nrs_field(&view->sealed->body)));
    OK(nrs_bytes_copy(&parts.grant, nrs_field(&view->sealed->grant)));
    OK(nrs_seal_sign(record_out, &parts, net.nodes[liar].identity));
    OK(nrs_record_decode(&record, nrs_slice_of_bytes(record_out)));
    OK(nrs_sealed_verify(&forged, nrs_field(&record->payload)));
    nrs_record_free(&record);
    nrs_sealed_view_free(&view);
    nrs_sealed_parts_wipe(&parts);
    mesh_records_wipe(&sealed);
    return forged;
}

/* org-3 withdraws, towards org-2, a report that it never sent and that bears the place of a number of org-1's. */
static void withdraw_under(const char *stream, uint64_t number)
{
    nrs_bytes record = {0}, proof = {0};
    uint8_t commitment[NRS_HASH_SIZE] = {0};
    nrs_statement statement;
    nrs_sealed_view *forged = forge(&record, 3, 1, stream, number);

    OK(nrs_withdrawal_make(&proof, net.nodes[3].identity, forged, net.now_ms, commitment));
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_WITHDRAWAL;
    statement.sealed_id = nrs_field_of(nrs_slice_of(forged->id, NRS_HASH_SIZE));
    statement.at_ms = net.now_ms;
    statement.detail = nrs_field_of(nrs_slice_of_bytes(&proof));
    mesh_post(&net, 3, 2, 0, &statement);
    nrs_sealed_view_free(&forged);
    nrs_bytes_wipe(&proof);
    nrs_bytes_wipe(&record);
}

static void who_copies_a_place_fills_no_gap(void **state)
{
    char ids[5][65], own[65], stream[65];

    (void)state;
    mesh_start(&net, 4, 1); /* org-1 sends, org-2 receives, org-3 lies, and the hub withholds */
    mesh_settle(&net, 3);
    send_report(3, own);
    send_report(1, ids[0]);
    mesh_settle(&net, 4);
    mesh_sql_one(&net, 1, stream, "SELECT lower(hex(stream)) FROM sent_stream");
    withdraw_under(stream, 2);
    withdraw_under(stream, 3);
    mesh_settle(&net, 3);
    mesh_down(&net, 2);
    for (size_t i = 1; i < 5; i++) {
        send_report(1, ids[i]);
    }
    mesh_settle(&net, 3);
    mesh_down(&net, 1);
    for (size_t i = 1; i < 4; i++) {
        mesh_withhold(&net, 0, ids[i]);
    }
    mesh_down(&net, 3);
    mesh_up(&net, 2);
    mesh_settle(&net, 20);
    assert_true(mesh_has(&net, 2, ids[0]) && !mesh_has(&net, 2, ids[1]) && !mesh_has(&net, 2, ids[2]) && !mesh_has(&net, 2, ids[3]) && mesh_has(&net, 2, ids[4]));
    assert_int_equal(mesh_missing(&net, 2, "org-1", "missing"), 3);
    mesh_up(&net, 1);
    mesh_settle(&net, 40);
    for (size_t i = 0; i < 5; i++) {
        assert_true(mesh_has(&net, 2, ids[i]));
    }
    assert_int_equal(mesh_missing(&net, 2, "org-1", "missing"), 0);
    mesh_stop(&net);
}

static void who_copies_a_place_takes_no_room_at_a_hub(void **state)
{
    char one[65], own[65], stream[65];
    uint8_t id[NRS_HASH_SIZE], place[NRS_HASH_SIZE];
    size_t size = 0;

    (void)state;
    for (size_t first = 0; first < 2; first++) { /* the liar's comes after the report, or before it */
        nrs_bytes record = {0};
        nrs_sealed_view *forged = NULL;

        mesh_start(&net, 4, 1);
        net.inspect = mesh_hear;
        net.inspect_context = &net;
        mesh_settle(&net, 3);
        send_report(3, own);
        send_report(1, one);
        mesh_settle(&net, 4);
        mesh_sql_one(&net, 1, stream, "SELECT lower(hex(stream)) FROM sent_stream");
        forged = forge(&record, 3, 1, stream, 1 + first);
        memcpy(place, forged->header->place.data, sizeof place);
        OK(mesh_hand_over(&net, 3, 0, &record));
        assert_true(mesh_recalls(&net, 0, place, forged->id));
        if (first == 1) {
            send_report(1, one);
            mesh_settle(&net, 4);
        }
        assert_int_equal(sodium_hex2bin(id, sizeof id, one, 64, NULL, &size, NULL), 0);
        assert_true(mesh_recalls(&net, 0, place, id));
        assert_true(mesh_recalls(&net, 0, place, forged->id));
        nrs_sealed_view_free(&forged);
        nrs_bytes_wipe(&record);
        mesh_stop(&net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_copies_a_place_fills_no_gap),
        cmocka_unit_test(who_copies_a_place_takes_no_room_at_a_hub),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
