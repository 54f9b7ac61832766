/* Hundreds come to thousands, as when two sectors become one: a bounded part of the telling in each step, and each is told once (SPEC 10.3). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/hash.h"
#include "mesh_records.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define STOOD 1799u /* with the hub 1,800; with those who come 2,000 */
#define CAME 200u
#define ALL (STOOD + CAME)
#define ROWS_PER_STEP_MAX 160u
#define TOLD_AGAIN 201u

static mesh net;

static struct fake {
    nrs_identity *identity;
    char org[16];
    uint8_t proof[NRS_SIGNATURE_SIZE];
    Nrs__Wire__Member member;
    uint64_t position;    /* of its card in the hub's log */
    uint32_t told_to_all; /* how often */
} fakes[ALL];
static uint8_t told[CAME][ALL]; /* whom of whom, how often */
static uint32_t told_of_hub[CAME];
static size_t named;

static char *text_of(const char *text)
{
    union { const char *in; char *out; } cast = {.in = text};

    return cast.out;
}

/* An organisation whose card stands in the hub's log. */
static void make(struct fake *one, size_t number)
{
    nrs_store *store = net.nodes[0].store;
    const nrs_public_keys *keys;
    nrs_card card, *signed_card = NULL;
    nrs_signed *outer = NULL;
    nrs_bytes payload = {0}, record = {0};
    uint8_t id[NRS_HASH_SIZE];

    OK(nrs_identity_new(&one->identity));
    keys = nrs_identity_public(one->identity);
    (void)snprintf(one->org, sizeof one->org, "%c-%04zu", number < STOOD ? 'a' : 'n', number);
    nrs__wire__card__init(&card);
    card.org = one->org;
    card.name = text_of("試験組織");
    card.serial = 1;
    card.created_ms = 1795000000000ull;
    OK(nrs_card_sign(&payload, &card, one->identity));
    OK(nrs_signed_decode(&outer, nrs_slice_of_bytes(&payload)));
    OK(nrs_card_decode(&signed_card, nrs_field(&outer->statement)));
    memcpy(one->proof, signed_card->proof.data, NRS_SIGNATURE_SIZE);
    nrs__wire__member__init(&one->member);
    one->member.org = one->org;
    one->member.name = card.name;
    one->member.sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
    one->member.agree_key = nrs_field_of(nrs_slice_of(keys->agree_key, NRS_KEY_SIZE));
    one->member.curve_key = nrs_field_of(nrs_slice_of(keys->curve_key, NRS_KEY_SIZE));
    one->member.role = NRS_ROLE_OPERATOR;
    one->member.proof = nrs_field_of(nrs_slice_of(one->proof, NRS_SIGNATURE_SIZE));
    OK(nrs_record_wrap(&record, NRS_RECORD_CARD, nrs_slice_of_bytes(&payload)));
    nrs_record_id(id, nrs_slice_of_bytes(&record));
    OK(nrs_store_log_append(store, &one->position, &(nrs_log_row){.type = NRS_RECORD_CARD, .id = id, .record = nrs_slice_of_bytes(&record), .received_ms = net.now_ms,
                                                                  .owner = nrs_slice_of(keys->sign_key, NRS_KEY_SIZE), .source = nrs_slice_of(keys->sign_key, NRS_KEY_SIZE)}));
    OK(nrs_store_card_set(store, &(nrs_published_row){.owner = keys->sign_key, .serial = 1, .position = one->position, .payload = nrs_slice_of_bytes(&payload)}));
    if (number >= STOOD) { /* it has looked through the log as a member of another community */
        OK(nrs_store_sent_set(store, keys->sign_key, 1));
    }
    nrs_card_free(&signed_card);
    nrs_signed_free(&outer);
    nrs_bytes_wipe(&record);
    nrs_bytes_wipe(&payload);
}

static void take_in(void *context, nrs_roster *next)
{
    static Nrs__Wire__Member *members[ALL + 1];
    const size_t count = *(const size_t *)context;

    for (size_t i = 0; i < count; i++) {
        members[i] = &fakes[i].member;
    }
    members[count] = next->members[next->n_members - 1]; /* the hub: org-0 */
    assert_string_equal(members[count]->org, "org-0");
    next->members = members;
    next->n_members = count + 1;
}

static nrs_error tally(void *context, const nrs_log_row *row)
{
    const uint64_t hub_card = *(const uint64_t *)context;
    static const uint8_t nobody[NRS_KEY_SIZE];
    size_t newcomer = 0;

    if (row->type != TOLD_AGAIN) {
        return NRS_OK;
    }
    while (newcomer < CAME && memcmp(row->record.data, fakes[STOOD + newcomer].member.sign_key.data, NRS_KEY_SIZE) != 0) {
        newcomer++;
    }
    for (size_t at = NRS_KEY_SIZE; at < row->record.size; at += 8) {
        uint64_t position = 0;

        for (size_t i = 0; i < 8; i++) {
            position |= (uint64_t)row->record.data[at + i] << (8 * i);
        }
        for (size_t i = 0; i < ALL; i++) {
            if (fakes[i].position == position && newcomer < CAME) {
                told[newcomer][i]++;
            } else if (fakes[i].position == position) {
                assert_memory_equal(row->record.data, nobody, NRS_KEY_SIZE);
                fakes[i].told_to_all++;
            }
        }
        if (newcomer < CAME) {
            told_of_hub[newcomer] += position == hub_card;
        }
        named++;
    }
    return NRS_OK;
}

static nrs_error find_card(void *context, const nrs_published_row *row)
{
    if (memcmp(row->owner, nrs_identity_public(net.nodes[0].identity)->sign_key, NRS_KEY_SIZE) == 0) {
        *(uint64_t *)context = row->position;
    }
    return NRS_OK;
}

static void hundreds_come_to_thousands(void **state)
{
    const nrs_event tick = {.type = NRS_EVENT_TICK};
    size_t count = STOOD, steps = 0;
    uint64_t before, hub_card = 0, grown = 1;

    (void)state;
    mesh_start(&net, 1, 1);
    OK(nrs_store_begin(net.nodes[0].store));
    for (size_t i = 0; i < ALL; i++) {
        make(&fakes[i], i);
    }
    OK(nrs_store_commit(net.nodes[0].store));
    mesh_change(&net, take_in, &count);
    mesh_crash(&net, 0); /* it reads the cards */
    count = ALL;
    before = nrs_store_log_end(net.nodes[0].store);
    mesh_change(&net, take_in, &count); /* in four steps */
    assert_in_range(nrs_store_log_end(net.nodes[0].store) - before, 1, 4 * ROWS_PER_STEP_MAX);
    while (grown > 0) {
        before = nrs_store_log_end(net.nodes[0].store);
        net.now_ms += 1000;
        net.monotonic_ms += 1000;
        OK(mesh_step(&net, 0, &tick));
        grown = nrs_store_log_end(net.nodes[0].store) - before;
        assert_in_range(grown, 0, ROWS_PER_STEP_MAX);
        steps++;
        if (steps % 50 == 49) {
            mesh_crash(&net, 0);
            grown = 1;
        }
    }
    OK(nrs_store_card_each(net.nodes[0].store, find_card, &hub_card));
    OK(nrs_store_log_each(net.nodes[0].store, 0, 1000000, tally, &hub_card));
    for (size_t i = 0; i < ALL; i++) {
        assert_int_equal(fakes[i].told_to_all, i < STOOD ? 0 : 1);
        for (size_t k = 0; k < CAME; k++) {
            assert_int_equal(told[k][i], i < STOOD ? 1 : 0);
        }
    }
    for (size_t k = 0; k < CAME; k++) {
        assert_int_equal(told_of_hub[k], 1);
    }
    assert_true(named < (ALL + 8) * CAME);
    for (size_t i = 0; i < ALL; i++) {
        nrs_identity_destroy(&fakes[i].identity);
    }
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hundreds_come_to_thousands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
