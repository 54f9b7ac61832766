#include "store/queue.h"
#include "test_fixture.h"

typedef struct seen {
    char names[256]; /* what was visited, in order, with a space after each */
    size_t count;
    size_t stop_at;
    nrs_store *store;
    test_id id;
} seen;

static nrs_error note(seen *s, const char *name)
{
    size_t used = strlen(s->names);

    assert_true(used + strlen(name) + 2 < sizeof s->names);
    (void)snprintf(s->names + used, sizeof s->names - used, "%s ", name);
    s->count++;
    return s->count == s->stop_at ? NRS_ERROR_LIMIT : NRS_OK;
}

static nrs_error note_slice(seen *s, nrs_slice slice)
{
    char name[64];

    (void)snprintf(name, sizeof name, "%.*s", (int)slice.size, slice.size > 0 ? (const char *)slice.data : "");
    return note(s, name);
}

static nrs_error see_recipient(void *context, const nrs_recipient_row *row)
{
    char name[128];

    (void)snprintf(name, sizeof name, "%u:%s%s%s/%u@%u", (unsigned)row->report, row->address, row->person ? "*" : "",
                   row->granted ? "+" : "-", row->stage, (unsigned)row->stage_ms);
    return note(context, name);
}

static nrs_error see_receipt(void *context, const char *address, uint32_t stage, uint64_t at_ms, const char *person)
{
    char name[128];

    (void)snprintf(name, sizeof name, "%s/%u@%u(%s)", address, stage, (unsigned)at_ms, person);
    return note(context, name);
}

static void add_recipient(nrs_store *store, uint64_t report, const char *address, const test_id *org, bool granted)
{
    const nrs_recipient_row row = {.report = report, .address = address, .org = org->bytes, .granted = granted};

    assert_int_equal(nrs_store_recipient_add(store, &row), NRS_OK);
}

static void add_report(nrs_store *store, uint64_t position, uint64_t expires_ms)
{
    const test_id id = random_id(position);
    const nrs_report_row row = {.position = position,
                                .id = id.bytes,
                                .community = id.bytes,
                                .originator = id.bytes,
                                .part = NRS_PART_SENT,
                                .expires_ms = expires_ms};

    assert_int_equal(nrs_store_report_add(store, &row), NRS_OK);
}

static void recipients_and_their_stages(void **state)
{
    fixture *f = *state;
    const test_id org = random_id(1);
    const test_id person = random_id(2);
    const nrs_recipient_row personal = {
        .report = 4, .address = "sato@kanto", .org = org.bytes, .person = person.bytes, .granted = true};
    const test_id other = random_id(3);
    seen s = {.count = 0};
    seen of_one = {.count = 0};
    seen receipts = {.count = 0};
    bool new = false;

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    add_recipient(f->store, 4, "kanto", &org, true);
    add_recipient(f->store, 4, "tohoku", &other, true);
    add_recipient(f->store, 5, "kanto", &org, true);
    assert_int_equal(nrs_store_recipient_add(f->store, &personal), NRS_OK);
    assert_int_equal(nrs_store_recipient_add(f->store, &personal), NRS_ERROR_EXISTS);
    assert_int_equal(nrs_store_receipt_add(f->store, &new, 4, "kanto", 2, 20, "sato"), NRS_OK);
    assert_true(new);
    assert_int_equal(nrs_store_receipt_add(f->store, &new, 4, "kanto", 1, 30, ""), NRS_OK); /* late: no step back */
    assert_true(new);
    assert_int_equal(nrs_store_receipt_add(f->store, &new, 4, "kanto", 2, 40, "ito"), NRS_OK);
    assert_false(new);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    fixture_reopen(f);
    assert_int_equal(nrs_store_recipient_each(f->store, 4, see_recipient, &s), NRS_OK);
    assert_string_equal(s.names, "4:kanto+/2@20 4:sato@kanto*+/0@0 4:tohoku+/0@0 ");
    assert_int_equal(nrs_store_recipient_each_of(f->store, 4, org.bytes, see_recipient, &of_one), NRS_OK);
    assert_string_equal(of_one.names, "4:kanto+/2@20 4:sato@kanto*+/0@0 ");
    assert_int_equal(nrs_store_receipt_each(f->store, 4, see_receipt, &receipts), NRS_OK);
    assert_string_equal(receipts.names, "kanto/1@30() kanto/2@20(sato) ");
}

static void an_address_is_bounded(void **state)
{
    fixture *f = *state;
    const test_id org = random_id(1);
    char address[NRS_ADDRESS_SIZE_MAX + 2];
    nrs_recipient_row row = {.report = 1, .address = address, .org = org.bytes};
    bool new = false;

    memset(address, 'a', sizeof address);
    address[sizeof address - 1] = '\0';
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_recipient_add(f->store, &row), NRS_ERROR_TOO_LARGE);
    assert_int_equal(nrs_store_receipt_add(f->store, &new, 1, address, 1, 1, ""), NRS_ERROR_TOO_LARGE);
    assert_int_equal(nrs_store_receipt_add(f->store, &new, 1, "a", 1, 1, address), NRS_ERROR_TOO_LARGE);
    address[sizeof address - 2] = '\0';
    assert_int_equal(nrs_store_recipient_add(f->store, &row), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
}

static nrs_error grant(void *context, const nrs_recipient_row *row)
{
    seen *s = context;
    nrs_error error = nrs_store_recipient_granted(s->store, row->report, row->org);

    return error == NRS_OK ? see_recipient(context, row) : error;
}

static void who_waits_is_granted_once(void **state)
{
    fixture *f = *state;
    const test_id org = random_id(1);
    const test_id other = random_id(2);
    seen s = {.store = f->store};
    seen left = {.count = 0};
    seen others = {.count = 0};

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    add_report(f->store, 1, 1000); /* expired at 1000 */
    add_report(f->store, 2, 1001);
    add_report(f->store, 3, 0);
    add_report(f->store, 4, 5000);
    for (uint64_t i = 4; i > 0; i--) {
        add_recipient(f->store, i, "kanto", &org, false);
        add_recipient(f->store, i, "tohoku", &other, i != 4);
    }
    add_recipient(f->store, 3, "sato@kanto", &org, false);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_waiting_each(f->store, org.bytes, 1000, grant, &s), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_string_equal(s.names, "2:kanto-/0@0 3:kanto-/0@0 3:sato@kanto-/0@0 4:kanto-/0@0 ");
    assert_int_equal(nrs_store_waiting_each(f->store, org.bytes, 1000, see_recipient, &left), NRS_OK);
    assert_string_equal(left.names, "");
    assert_int_equal(nrs_store_waiting_each(f->store, other.bytes, 1000, see_recipient, &others), NRS_OK);
    assert_string_equal(others.names, "4:tohoku-/0@0 ");
}

static nrs_error see_slot(void *context, const uint8_t *grant_id, uint32_t index, nrs_slice slot_path)
{
    char name[64];

    (void)snprintf(name, sizeof name, "%u/%u/%.*s", grant_id[31], index, (int)slot_path.size,
                   (const char *)slot_path.data);
    return note(context, name);
}

static void slots(void **state)
{
    fixture *f = *state;
    const test_id sealed = random_id(1);
    const test_id other = random_id(2);
    const test_id one = make_id(0, 1);
    const test_id two = make_id(0, 2);
    seen s = {.count = 0};

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_slot_add(f->store, sealed.bytes, two.bytes, 0, text("c")), NRS_OK);
    assert_int_equal(nrs_store_slot_add(f->store, sealed.bytes, one.bytes, 2047, text("b")), NRS_OK);
    assert_int_equal(nrs_store_slot_add(f->store, sealed.bytes, one.bytes, 7, text("a")), NRS_OK);
    assert_int_equal(nrs_store_slot_add(f->store, sealed.bytes, one.bytes, 7, text("x")), NRS_ERROR_EXISTS);
    assert_int_equal(nrs_store_slot_add(f->store, other.bytes, one.bytes, 7, text("d")), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(nrs_store_slot_each(f->store, sealed.bytes, see_slot, &s), NRS_OK);
    assert_string_equal(s.names, "1/7/a 1/2047/b 2/0/c ");
}

static nrs_error see_roster(void *context, const uint8_t *community, uint64_t version, nrs_slice many)
{
    char name[64];

    (void)snprintf(name, sizeof name, "%u/%u/%.*s", community[31], (unsigned)version, (int)many.size,
                   (const char *)many.data);
    return note(context, name);
}

static void rosters(void **state)
{
    fixture *f = *state;
    const test_id one = make_id(0, 1);
    const test_id two = make_id(0, 2);
    const test_id none = make_id(0, 3);
    nrs_bytes many = {0};
    seen s = {.count = 0};

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_roster_add(f->store, two.bytes, 1, text("two-1")), NRS_OK);
    assert_int_equal(nrs_store_roster_add(f->store, one.bytes, 10, text("one-10")), NRS_OK);
    assert_int_equal(nrs_store_roster_add(f->store, one.bytes, 9, text("one-9")), NRS_OK);
    assert_int_equal(nrs_store_roster_add(f->store, one.bytes, 9, text("fork")), NRS_ERROR_EXISTS);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(nrs_store_roster_get(f->store, &many, one.bytes, 11), NRS_ERROR_NOT_FOUND);
    assert_int_equal(nrs_store_roster_get(f->store, &many, none.bytes, 0), NRS_ERROR_NOT_FOUND);
    assert_null(many.data);
    assert_int_equal(nrs_store_roster_get(f->store, &many, one.bytes, 9), NRS_OK);
    assert_slice(nrs_slice_of_bytes(&many), "one-9");
    assert_int_equal(nrs_store_roster_get(f->store, &many, one.bytes, 0), NRS_OK);
    assert_slice(nrs_slice_of_bytes(&many), "one-10");
    assert_int_equal(nrs_store_roster_each_newest(f->store, see_roster, &s), NRS_OK);
    assert_string_equal(s.names, "1/10/one-10 2/1/two-1 ");
    nrs_bytes_wipe(&many);
}

static nrs_error see_published(void *context, const nrs_published_row *row)
{
    char name[64];

    (void)snprintf(name, sizeof name, "%u/%u/%u/%.*s", row->owner[31], (unsigned)row->serial, (unsigned)row->position,
                   (int)row->payload.size, (const char *)row->payload.data);
    return note(context, name);
}

static void cards_and_prekeys_are_replaced(void **state)
{
    static const struct published_case {
        const char *name;
        nrs_error (*set)(nrs_store *store, const nrs_published_row *row);
        nrs_error (*each)(nrs_store *store, nrs_published_visitor visit, void *context);
    } cases[] = {
        {"cards", nrs_store_card_set, nrs_store_card_each},
        {"prekeys", nrs_store_prekeys_set, nrs_store_prekeys_each},
    };
    fixture *f = *state;
    const test_id one = make_id(0, 1);
    const test_id two = make_id(0, 2);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const nrs_published_row rows[] = {
            {.owner = two.bytes, .serial = 1, .position = 1, .payload = text("b")},
            {.owner = one.bytes, .serial = 5, .position = 2, .payload = text("a")},
            {.owner = one.bytes, .serial = 6, .position = 3, .payload = text("newer")},
            {.owner = one.bytes, .serial = 4, .position = 4, .payload = text("last")}, /* which one counts is the caller's to say */
        };
        seen s = {.count = 0};

        print_message("  %s\n", cases[i].name);
        assert_int_equal(nrs_store_begin(f->store), NRS_OK);
        for (size_t j = 0; j < sizeof rows / sizeof rows[0]; j++) {
            assert_int_equal(cases[i].set(f->store, &rows[j]), NRS_OK);
        }
        assert_int_equal(nrs_store_commit(f->store), NRS_OK);
        assert_int_equal(cases[i].each(f->store, see_published, &s), NRS_OK);
        assert_string_equal(s.names, "1/4/4/last 2/1/1/b ");
    }
}

static nrs_error see_prekey(void *context, const nrs_prekey_row *row)
{
    char name[64];

    (void)snprintf(name, sizeof name, "%u:%u-%u/%u/%u/%u/%.*s/%zu", row->id[0], (unsigned)row->from_ms,
                   (unsigned)row->until_ms, row->owner[31], row->key[31], (unsigned)row->segment,
                   (int)row->wrapped.size, (const char *)row->wrapped.data, row->sealed_secret.size);
    return note(context, name);
}

static nrs_error rewrap(void *context, const nrs_prekey_row *row)
{
    seen *s = context;

    s->count++;
    if (row->id[0] == 3) {
        return nrs_store_prekey_delete(s->store, row->id);
    }
    return nrs_store_prekey_rewrap(s->store, row->id, 8, text("new"));
}

static void prekeys_are_rewrapped_and_deleted(void **state)
{
    fixture *f = *state;
    const test_id owner = make_id(0, 1);
    const test_id key = make_id(0, 2);
    seen s = {.store = f->store};
    seen left = {.count = 0};
    const uint8_t absent[NRS_PREKEY_ID_SIZE] = {9};

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    for (uint8_t i = 1; i <= 3; i++) {
        const uint8_t id[NRS_PREKEY_ID_SIZE] = {i};
        const nrs_prekey_row row = {.id = id,
                                    .owner = owner.bytes,
                                    .key = key.bytes,
                                    .from_ms = 100u - i,
                                    .until_ms = 200,
                                    .segment = 7,
                                    .wrapped = text("old"),
                                    .sealed_secret = text(i == 2 ? "secret" : "")};

        assert_int_equal(nrs_store_prekey_add(f->store, &row), NRS_OK);
        assert_int_equal(nrs_store_prekey_add(f->store, &row), NRS_ERROR_EXISTS);
    }
    assert_int_equal(nrs_store_prekey_rewrap(f->store, absent, 8, text("x")), NRS_ERROR_NOT_FOUND);
    assert_int_equal(nrs_store_prekey_each(f->store, rewrap, &s), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(s.count, 3);
    assert_int_equal(nrs_store_prekey_each(f->store, see_prekey, &left), NRS_OK);
    assert_string_equal(left.names, "2:98-200/1/2/8/new/6 1:99-200/1/2/8/new/0 ");
}

static nrs_error see_segment(void *context, uint64_t segment, uint32_t entry_count, nrs_slice wrapped)
{
    char name[64];

    (void)snprintf(name, sizeof name, "%u/%u/%.*s", (unsigned)segment, entry_count, (int)wrapped.size,
                   (const char *)wrapped.data);
    return note(context, name);
}

static nrs_error move_segment(void *context, uint64_t segment, uint32_t entry_count, nrs_slice wrapped)
{
    seen *s = context;
    nrs_error error = nrs_store_segment_set(s->store, segment + 10, entry_count + 1, wrapped);

    s->count++;
    return error == NRS_OK ? nrs_store_segment_delete(s->store, segment) : error;
}

static void segments_move_while_visited(void **state)
{
    fixture *f = *state;
    seen s = {.store = f->store};
    seen left = {.count = 0};

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_segment_set(f->store, 2, 5, text("b")), NRS_OK);
    assert_int_equal(nrs_store_segment_set(f->store, 0, 1, text("z")), NRS_OK);
    assert_int_equal(nrs_store_segment_set(f->store, 0, 3, text("a")), NRS_OK);
    assert_int_equal(nrs_store_segment_each(f->store, move_segment, &s), NRS_OK);
    assert_int_equal(nrs_store_segment_delete(f->store, 99), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(s.count, 2);
    assert_int_equal(nrs_store_segment_each(f->store, see_segment, &left), NRS_OK);
    assert_string_equal(left.names, "10/4/a 12/6/b ");
}

static nrs_error see_letter(void *context, const nrs_letter_row *row)
{
    assert_int_equal(row->community[31], 3);
    return note_slice(context, row->statement);
}

static nrs_error send_letter(void *context, const nrs_letter_row *row)
{
    seen *s = context;
    nrs_error error = nrs_store_letter_delete(s->store, row->number);

    if (error == NRS_OK) {
        error = nrs_store_letter_add(s->store, row->to, row->community, text("more"));
    }
    return error == NRS_OK ? see_letter(context, row) : error;
}

static void letters_in_their_order(void **state)
{
    fixture *f = *state;
    static const uint8_t large[NRS_STATEMENT_SIZE_MAX + 1];
    const test_id one = make_id(0, 1);
    const test_id two = make_id(0, 2);
    const test_id community = make_id(0, 3);
    seen first = {.count = 0};
    seen rest = {.count = 0};
    seen stopped = {.stop_at = 1};
    seen sent = {.store = f->store};
    seen left = {.count = 0};

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_letter_add(f->store, two.bytes, community.bytes, text("c")), NRS_OK);
    assert_int_equal(nrs_store_letter_add(f->store, one.bytes, community.bytes, text("a")), NRS_OK);
    assert_int_equal(nrs_store_letter_add(f->store, one.bytes, community.bytes, text("b")), NRS_OK);
    assert_int_equal(nrs_store_letter_add(f->store, one.bytes, community.bytes, nrs_slice_of(large, sizeof large)),
                     NRS_ERROR_TOO_LARGE);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(nrs_store_letter_each(f->store, 0, 2, see_letter, &first), NRS_OK);
    assert_string_equal(first.names, "c a ");
    assert_int_equal(nrs_store_letter_each(f->store, 2, 100, see_letter, &rest), NRS_OK);
    assert_string_equal(rest.names, "b ");
    assert_int_equal(nrs_store_letter_each(f->store, 0, 100, see_letter, &stopped), NRS_OK);
    assert_string_equal(stopped.names, "c ");
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_letter_each(f->store, 0, 100, send_letter, &sent), NRS_OK); /* comes to an end */
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_string_equal(sent.names, "c a b ");
    assert_int_equal(nrs_store_letter_each(f->store, 0, 100, see_letter, &left), NRS_OK);
    assert_string_equal(left.names, "more more more ");
}

static nrs_error note_letters(void *context, const uint8_t *to, uint64_t count)
{
    seen *s = context;
    char text[16];

    (void)snprintf(text, sizeof text, "%u:%u", to[31], (unsigned)count);
    return note_slice(s, nrs_slice_of_string(text));
}

static void letters_by_their_readers(void **state)
{
    fixture *f = *state;
    const test_id one = make_id(0, 1), two = make_id(0, 2), community = make_id(0, 3);
    uint8_t reader[NRS_KEY_SIZE];
    seen of_one = {.store = f->store}, few = {.count = 0}, of_three = {.count = 0}, counts = {.count = 0};

    assert_int_equal(nrs_store_letter_reader(f->store, reader, nrs_slice_of(NULL, 0)), NRS_ERROR_NOT_FOUND);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_letter_add(f->store, two.bytes, community.bytes, text("c")), NRS_OK);
    assert_int_equal(nrs_store_letter_add(f->store, one.bytes, community.bytes, text("a")), NRS_OK);
    assert_int_equal(nrs_store_letter_add(f->store, one.bytes, community.bytes, text("b")), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(nrs_store_letter_reader(f->store, reader, nrs_slice_of(NULL, 0)), NRS_OK);
    assert_memory_equal(reader, one.bytes, sizeof reader);
    assert_int_equal(nrs_store_letter_reader(f->store, reader, nrs_slice_of(reader, sizeof reader)), NRS_OK);
    assert_memory_equal(reader, two.bytes, sizeof reader);
    assert_int_equal(nrs_store_letter_reader(f->store, reader, nrs_slice_of(reader, sizeof reader)), NRS_ERROR_NOT_FOUND);
    assert_memory_equal(reader, two.bytes, sizeof reader);
    assert_int_equal(nrs_store_letter_each_of(f->store, one.bytes, 1, see_letter, &few), NRS_OK);
    assert_string_equal(few.names, "a ");
    assert_int_equal(nrs_store_letter_each_of(f->store, community.bytes, 9, see_letter, &of_three), NRS_OK);
    assert_string_equal(of_three.names, "");
    assert_int_equal(nrs_store_letter_counts(f->store, note_letters, &counts), NRS_OK);
    assert_string_equal(counts.names, "1:2 2:1 ");
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_letter_each_of(f->store, one.bytes, 100, send_letter, &of_one), NRS_OK); /* comes to an end */
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_string_equal(of_one.names, "a b ");
}

static nrs_error see_deferred(void *context, const nrs_deferred_row *row)
{
    assert_true(row->number > 0);
    assert_int_equal(row->version, 9);
    assert_int_equal(row->peer[31], 3);
    return note_slice(context, row->record);
}

static nrs_error defer(nrs_store *store, const uint8_t *waits_for, const uint8_t *peer, nrs_slice record, uint64_t at_ms)
{
    const nrs_deferred_row row = {.waits_for = waits_for, .version = 9, .owner = waits_for, .peer = peer, .record = record, .at_ms = at_ms};

    return nrs_store_deferred_add(store, &row);
}

static nrs_error retry_deferred(void *context, const nrs_deferred_row *row)
{
    seen *s = context;
    nrs_error error = nrs_store_deferred_delete(s->store, row->number);

    if (error == NRS_OK) {
        error = defer(s->store, s->id.bytes, row->peer, row->record, 9);
    }
    return error == NRS_OK ? see_deferred(context, row) : error;
}

static void deferred_records_are_bounded(void **state)
{
    fixture *f = *state;
    const test_id one = make_id(0, 1);
    const test_id two = make_id(0, 2);
    const test_id peer = make_id(0, 3);
    seen s = {.store = f->store, .id = one};
    seen again = {.count = 0};

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(defer(f->store, one.bytes, peer.bytes, text("a"), 5), NRS_OK);
    assert_int_equal(defer(f->store, two.bytes, peer.bytes, text("x"), 6), NRS_OK);
    assert_int_equal(defer(f->store, one.bytes, peer.bytes, text("b"), 7), NRS_OK);
    assert_int_equal(nrs_store_deferred_count(f->store), 3);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_deferred_each(f->store, one.bytes, 9, 0, 4096, retry_deferred, &s), NRS_OK); /* comes to an end */
    assert_int_equal(nrs_store_deferred_delete(f->store, 1), NRS_OK); /* is gone already: not counted twice */
    assert_string_equal(s.names, "a b ");
    assert_int_equal(nrs_store_deferred_count(f->store), 3);
    for (size_t i = 3; i < NRS_DEFERRED_COUNT_MAX; i++) {
        assert_int_equal(defer(f->store, two.bytes, peer.bytes, text("y"), 8), NRS_OK);
    }
    assert_int_equal(defer(f->store, one.bytes, peer.bytes, text("z"), 8), NRS_ERROR_BUSY);
    nrs_store_rollback(f->store);
    assert_int_equal(nrs_store_deferred_count(f->store), 3);
    fixture_reopen(f);
    assert_int_equal(nrs_store_deferred_count(f->store), 3);
    assert_int_equal(nrs_store_deferred_each(f->store, one.bytes, 9, 0, 4096, see_deferred, &again), NRS_OK);
    assert_string_equal(again.names, "a b ");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        CASE(recipients_and_their_stages),
        CASE(an_address_is_bounded),
        CASE(who_waits_is_granted_once),
        CASE(slots),
        CASE(rosters),
        CASE(cards_and_prekeys_are_replaced),
        CASE(prekeys_are_rewrapped_and_deleted),
        CASE(segments_move_while_visited),
        CASE(letters_in_their_order),
        CASE(letters_by_their_readers),
        CASE(deferred_records_are_bounded),
    };
#undef CASE

    return cmocka_run_group_tests(tests, NULL, NULL);
}
