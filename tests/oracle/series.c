/* Series of reports (SPEC 6.9): who follows what under which number and who may end it, whatever the parts' writers and audiences are, and what of them
 * was withdrawn, opened or forgotten before; then what a hub vouches for. A line each, for judge.py. */
#include "world.h"

#include "proto/label.h"

enum { CHAIN_COUNT = 160, PART_COUNT = 3, MEMBER_COUNT = 4, NUMBER_MAX = 6 };

static const char *const labels[] = {"CLEAR", "AMBER", "AMBER+STRICT"};
/* What becomes of one part before the next one follows it. */
typedef enum fate { KEPT, WITHDRAWN, OPENED_AND_WITHDRAWN, OPENED_BY_SOME, FORGOTTEN_BY_WRITER, FORGOTTEN_BY_NEXT, FATE_COUNT } fate;

typedef struct part {
    char id[ID_SIZE];
    size_t by, label;
    unsigned to; /* bit n: the organisation org-n */
    size_t number;
    bool final;
    fate then;
} part;

static part chains[CHAIN_COUNT][PART_COUNT];

static size_t pick(size_t n)
{
    static uint32_t state = 20260401;

    return world_pick(&state, n);
}

static void print_names(unsigned mask)
{
    const char *between = "";

    for (size_t node = 0; node < MEMBER_COUNT; node++) {
        if ((mask >> node & 1) != 0) {
            printf("%s%s", between, who[node]);
            between = "+";
        }
    }
}

static void draw(part chain[PART_COUNT])
{
    static const size_t writers[] = {SOURCE, SOURCE, READER, OTHER, HUB};

    for (size_t i = 0; i < PART_COUNT; i++) {
        part *one = &chain[i];

        *one = (part){.by = writers[pick(COUNT(writers))], .label = pick(COUNT(labels)), .final = pick(4) == 0, .then = (fate)pick(FATE_COUNT)};
        one->number = pick(3) == 0 ? 1 + pick(NUMBER_MAX) : 0;
        one->to = ((unsigned)pick(15) + 1) & ~(1u << one->by);
        if (one->to == 0) {
            one->to = 1u << (one->by == READER ? OTHER : READER);
        }
    }
}

static nrs_error ask(const part *one, const char *follows, size_t number, bool final, bool dry_run)
{
    char to[64] = "", rest[64] = "", more[32] = "";
    size_t size = 0;

    for (size_t node = 0; node < MEMBER_COUNT; node++) {
        if ((one->to >> node & 1) != 0) {
            size += (size_t)snprintf(to + size, sizeof to - size, "%s\"org-%zu\"", size == 0 ? "" : ",", node);
        }
    }
    if (follows != NULL) {
        (void)snprintf(rest, sizeof rest, ",\"follows\":\"%.32s\"", follows);
    }
    if (number != 0) {
        (void)snprintf(more, sizeof more, ",\"number\":%zu", number);
    }
    return mesh_ask(&net, one->by, "{\"command\":\"send\",\"label\":\"%s\",\"to\":[%s],\"kind\":\"incident\",\"subject\":\"続報\",\"body\":\"本文\"%s%s%s%s}",
                    labels[one->label], to, rest, more, final ? ",\"final\":true" : "", dry_run ? ",\"dry_run\":true" : "");
}

static void send_part(part *one, const char *follows)
{
    const nrs_error error = ask(one, follows, one->number, one->final, false);

    if (error == NRS_OK) {
        (void)snprintf(one->id, sizeof one->id, "%s", mesh_text(mesh_row(&net, one->by, 0), "id"));
    }
    printf("series-send id=%s by=%s to=", one->id[0] == '\0' ? "-" : one->id, who[one->by]);
    print_names(one->to);
    printf(" follows=%s given=%zu final=%d rule=%s\n", follows == NULL ? "-" : follows, one->number, one->final, world_word(error));
}

static void act(size_t node, const char *command, const part *one, const char *more)
{
    printf("series-%s node=%s id=%s rule=%s\n", command, who[node], one->id, world_about(node, command, one->id, more));
}

static void befall(const part *one, const part *next)
{
    for (size_t node = 0; node < MEMBER_COUNT; node++) {
        if (one->then == OPENED_AND_WITHDRAWN || (one->then == OPENED_BY_SOME && node % 2 == 0)) {
            act(node, "show", one, "");
        }
    }
    if (one->then == WITHDRAWN || one->then == OPENED_AND_WITHDRAWN || one->then == OPENED_BY_SOME) {
        act(one->by, "withdraw", one, ",\"reason\":\"誤り\"");
    } else if (one->then == FORGOTTEN_BY_WRITER || one->then == FORGOTTEN_BY_NEXT) {
        act(one->then == FORGOTTEN_BY_WRITER ? one->by : next->by, "forget", one, "");
    }
}

/* Whatever node 0 … might go on with now. */
static void go_on(const part *followed)
{
    for (size_t node = 0; node < MEMBER_COUNT; node++) {
        const part next = {.by = node, .label = 0, .to = 1u << (node == SOURCE ? OTHER : SOURCE)};

        for (size_t number = 0; number <= NUMBER_MAX; number += number == 0 ? 1 : 2) {
            const bool final = number % 3 == 0;
            const nrs_error error = ask(&next, followed->id, number, final, true);

            printf("series-next node=%s follows=%s given=%zu final=%d rule=%s\n", who[node], followed->id, number, final, world_word(error));
        }
    }
}

static void look_at(size_t node, const json_t *rows, const part *one)
{
    const json_t *const found = world_row_of(rows, one->id), *follower;
    size_t index;

    printf("series-look node=%s id=%s listed=%d number=%d final=%d follows=%s followed_by=", who[node], one->id, found != NULL,
           (int)json_integer_value(json_object_get(found, "number")), json_is_true(json_object_get(found, "final")), found == NULL ? "" : mesh_text(found, "follows"));
    json_array_foreach(json_object_get(found, "followed_by"), index, follower) {
        printf("%s%s", index == 0 ? "" : "+", json_string_value(follower));
    }
    printf(" rule=ok\n");
}

static void look(size_t node)
{
    json_t *rows;

    OK(mesh_command(&net, node, "{\"command\":\"list\"}"));
    rows = json_incref(net.nodes[node].reply);
    for (size_t i = 0; i < CHAIN_COUNT * PART_COUNT; i++) {
        const part *one = &chains[i / PART_COUNT][i % PART_COUNT];

        if (one->id[0] != '\0') {
            look_at(node, rows, one);
        }
    }
    json_decref(rows);
}

static void run(void)
{
    for (size_t i = 0; i < CHAIN_COUNT; i++) {
        draw(chains[i]);
    }
    for (size_t at = 0; at < PART_COUNT; at++) {
        for (size_t i = 0; i < CHAIN_COUNT; i++) {
            part *before = at == 0 ? NULL : &chains[i][at - 1];

            if (before == NULL || before->id[0] != '\0') {
                send_part(&chains[i][at], before == NULL ? NULL : before->id);
            }
        }
        mesh_settle(&net, 4);
        for (size_t i = 0; i < CHAIN_COUNT && at + 1 < PART_COUNT; i++) {
            if (chains[i][at].id[0] != '\0') {
                befall(&chains[i][at], &chains[i][at + 1]);
            }
        }
        mesh_settle(&net, 4);
    }
}

/* ---- Of one that goes back too far ---- */

enum { LONG = 258 };

/* By one alone, or begun by another: who ends what is followed by 256 and more. */
static void run_long(size_t first_by)
{
    static part list[LONG];

    for (size_t i = 0; i < LONG; i++) {
        list[i] = (part){.by = i == 0 ? first_by : SOURCE, .label = 1, .to = i == 0 && first_by != SOURCE ? 1u << SOURCE | 1u << OTHER : 1u << OTHER};
        send_part(&list[i], i == 0 ? NULL : list[i - 1].id);
        if (i % 64 == 0 || i >= 253) {
            mesh_settle(&net, 2);
        }
        if (i >= 253) {
            go_on(&list[i]);
        }
    }
}

/* ---- What a hub vouches for ---- */

typedef struct continued {
    size_t by;
    bool withheld;
    char follows[ID_SIZE], id[ID_SIZE];
} continued;

static void send_withheld(continued *one, size_t number, bool final)
{
    char follows[ID_SIZE + 16] = "", given[32] = "";
    nrs_error error;

    if (one->follows[0] != '\0') {
        (void)snprintf(follows, sizeof follows, ",\"follows\":\"%s\"", one->follows);
    }
    if (number != 0) {
        (void)snprintf(given, sizeof given, ",\"number\":%zu", number);
    }
    error = mesh_ask(&net, one->by, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"続報\",\"body\":\"本文\"%s%s%s%s}", follows, given,
                     final ? ",\"final\":true" : "", one->withheld ? ",\"withhold_source\":true" : "");
    (void)snprintf(one->id, sizeof one->id, "%s", error == NRS_OK ? mesh_text(mesh_row(&net, one->by, 0), "id") : "");
    printf("series-to-hub id=%s by=%s withheld=%d follows=%s given=%zu final=%d rule=%s\n", error == NRS_OK ? one->id : "-", who[one->by], one->withheld,
           one->follows[0] == '\0' ? "-" : one->follows, number, final, world_word(error));
}

/* The hub publishes what is a withheld one's. Out: the id that it has then, or "". */
static void publish(const continued *one, char id_out[ID_SIZE])
{
    const nrs_error error = mesh_ask(&net, HUB, "{\"command\":\"vouch\",\"id\":\"%s\"}", one->id);

    (void)snprintf(id_out, ID_SIZE, "%s", error == NRS_OK ? mesh_text(mesh_row(&net, HUB, 0), "id") : "");
    printf("series-vouch id=%s of=%s rule=%s\n", error == NRS_OK ? id_out : "-", one->id, world_word(error));
}

static void look_at_published(const char *id)
{
    static const size_t nodes[] = {READER, OTHER};
    part one = {.by = HUB};

    (void)snprintf(one.id, sizeof one.id, "%s", id);
    for (size_t i = 0; i < COUNT(nodes); i++) {
        OK(mesh_command(&net, nodes[i], "{\"command\":\"list\"}"));
        look_at(nodes[i], net.nodes[nodes[i]].reply, &one);
    }
}

static void run_vouched(void)
{
    enum { FIRST_COUNT = 3 };
    static const size_t writers[] = {SOURCE, OTHER, READER, HUB};
    static const size_t given[] = {0, 1, 3};
    static continued firsts[FIRST_COUNT], all[FIRST_COUNT * 2 * COUNT(writers) * 2 * 2];
    static char published[FIRST_COUNT][ID_SIZE], later[COUNT(all)][ID_SIZE];
    size_t count = 0;

    for (size_t i = 0; i < FIRST_COUNT; i++) {
        firsts[i] = (continued){.by = SOURCE, .withheld = true};
        send_withheld(&firsts[i], given[i], false);
    }
    mesh_settle(&net, 4);
    for (size_t i = 0; i < FIRST_COUNT; i++) {
        publish(&firsts[i], published[i]);
    }
    mesh_wait_for_tick(&net, 8);
    for (size_t i = 0; i < COUNT(all); i++) {
        const size_t first = i % FIRST_COUNT, by = writers[i / FIRST_COUNT % COUNT(writers)];
        continued *one = &all[count];

        *one = (continued){.by = by, .withheld = i / (FIRST_COUNT * COUNT(writers)) % 2 == 0 && by != HUB};
        (void)snprintf(one->follows, sizeof one->follows, "%s", i / (FIRST_COUNT * COUNT(writers) * 2) % 2 == 0 ? published[first] : firsts[first].id);
        send_withheld(one, i % 5 == 0 ? 2 + i % 3 : 0, i >= COUNT(all) / 2);
        count += one->id[0] != '\0';
    }
    mesh_settle(&net, 4);
    for (size_t i = 0; i < count; i++) {
        publish(&all[i], later[i]);
    }
    mesh_wait_for_tick(&net, 8);
    for (size_t i = 0; i < count; i++) {
        if (later[i][0] != '\0') {
            look_at_published(later[i]);
        }
    }
}

int main(void)
{
    mesh_start(&net, MEMBER_COUNT, 1);
    run();
    for (size_t node = 0; node < MEMBER_COUNT; node++) {
        look(node);
    }
    for (size_t i = 0; i < CHAIN_COUNT * PART_COUNT; i++) {
        if (chains[i / PART_COUNT][i % PART_COUNT].id[0] != '\0') {
            go_on(&chains[i / PART_COUNT][i % PART_COUNT]);
        }
    }
    run_long(SOURCE);
    run_long(READER);
    run_vouched();
    mesh_stop(&net);
    return ferror(stdout) != 0;
}
