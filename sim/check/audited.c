/* The audit log tells what was done: all that a node has answered, and each grant that it made beyond the source's own, is in it, it verifies as a reviewer verifies it, hubs have signed
 * it, and what somebody has changed in it behind the node's back is found. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "keys/audit_check.h"
#include "memory.h"
#include "world.h"

static void note(void *context, const nrs_audit_finding *finding)
{
    (void)context;
    (void)finding; /* the check counts them */
}

/* The answer to audit-export as the exported file has it. */
static bool feed(nrs_audit_check *check, const json_t *row)
{
    char line[NRS_AUDIT_LINE_SIZE_MAX];
    const char *entry = json_string_value(json_object_get(row, "entry")), *leaf = json_string_value(json_object_get(row, "leaf"));
    const char *checkpoint = json_string_value(json_object_get(row, "checkpoint")), *cosignature = json_string_value(json_object_get(row, "cosignature"));
    const char *log = json_string_value(json_object_get(row, "log")), *succession = json_string_value(json_object_get(row, "succession"));

    if (log != NULL) {
        const char *keys[] = {NRS_AUDIT_FILE_HEAD, NULL, NULL, NULL};
        char node[128], id[64], end[192];

        (void)snprintf(node, sizeof node, "node %s", json_string_value(json_object_get(row, "node")));
        (void)snprintf(id, sizeof id, "log %s", log);
        (void)snprintf(end, sizeof end, "end %lld %s %lld %lld", (long long)json_integer_value(json_object_get(row, "size")),
                       json_string_value(json_object_get(row, "root")), (long long)json_integer_value(json_object_get(row, "checkpointed")),
                       (long long)json_integer_value(json_object_get(row, "cosigned")));
        keys[1] = node, keys[2] = id, keys[3] = end;
        for (size_t i = 0; i < 4; i++) {
            if (nrs_audit_check_line(check, nrs_slice_of_string(keys[i])) != NRS_OK) {
                return false;
            }
        }
        return true;
    }
    if (leaf != NULL) {
        (void)snprintf(line, sizeof line, "leaf %lld %s", (long long)json_integer_value(json_object_get(row, "number")), leaf);
    } else if (entry != NULL) {
        (void)snprintf(line, sizeof line, "entry %s", entry);
    } else if (checkpoint != NULL) {
        (void)snprintf(line, sizeof line, "checkpoint %s", checkpoint);
    } else if (succession != NULL) {
        (void)snprintf(line, sizeof line, "succession %s", succession);
    } else if (cosignature != NULL) {
        (void)snprintf(line, sizeof line, "cosignature %s", cosignature);
    } else {
        return true; /* the end of the answer */
    }
    return nrs_audit_check_line(check, nrs_slice_of_string(line)) == NRS_OK;
}

/* Whether something happened to anybody's store or keys here, after which hubs and nodes rightly take alarm at each other. */
static bool all_are_in_order(const sim_world *world)
{
    bool good = true;

    for (size_t i = 0; i < world->node_count; i++) {
        good = good && world->nodes[i].hostile == NULL && !world->nodes[i].put_back && world->nodes[i].tampered == 0 && !world->nodes[i].rewound && !world->nodes[i].forsaken;
    }
    return good;
}

/* What a node finds at a start, and what it says of another. */
static void note_alarm(sim_world *world, sim_node *node, const nrs_audit_entry *entry)
{
    if (entry->event != NRS_AUDIT_ALARM) {
        return;
    }
    node->says = node->says || entry->org[0] == '\0';
    for (size_t i = 0; i < world->node_count && entry->rule == (uint32_t)NRS_ERROR_REWRITTEN; i++) {
        world->nodes[i].accused = world->nodes[i].accused || strcmp(world->nodes[i].org, entry->org) == 0;
    }
}

/* Who goes on with its log is accused by nobody, whoever was away, killed or late. */
static void check_alarm(sim_world *world, const sim_node *node, const nrs_audit_entry *entry)
{
    if (entry->event == NRS_AUDIT_ALARM && entry->rule == (uint32_t)NRS_ERROR_REWRITTEN && entry->org[0] != '\0' && all_are_in_order(world)) {
        sim_world_fail(world, "audited", "%s accuses %s: %s", node->org, entry->org, entry->detail);
    }
}

static void count(sim_world *world, sim_node *node, uint64_t *counts, const json_t *row)
{
    const char *text = json_string_value(json_object_get(row, "entry"));
    uint8_t bytes[NRS_AUDIT_ENTRY_SIZE_MAX + 16];
    size_t size = 0;
    nrs_audit_entry *entry = NULL;

    if (text != NULL && sodium_base642bin(bytes, sizeof bytes, text, strlen(text), NULL, &size, NULL, sodium_base64_VARIANT_ORIGINAL) == 0 &&
        nrs_audit_entry_decode(&entry, nrs_slice_of(bytes, size)) == NRS_OK) {
        note_alarm(world, node, entry);
        check_alarm(world, node, entry);
        counts[entry->event < SIM_EVENTS_MAX && entry->rule == 0 ? entry->event : 0]++;
    }
    nrs_audit_entry_free(&entry);
}

/* Who was not prepared for somebody's next keys may have refused what that one signed under them, or those before. */
static bool all_were_prepared(const sim_world *world, size_t community)
{
    uint64_t ahead = 0;

    for (size_t i = 0; i < world->node_count; i++) {
        ahead |= world->nodes[i].ahead;
    }
    return (ahead & (1ull << community)) == 0;
}

/* An honest hub that is there and another than the node itself has had two minutes to sign where it stood. */
static bool signed_by_now(const sim_world *world, const sim_node *node)
{
    for (size_t c = 0; c < world->community_count; c++) {
        const sim_rosters *rosters = &world->communities[c];
        uint64_t bit = 1ull << node->index, others = 0;

        for (size_t i = 0; i < world->node_count; i++) {
            others |= world->nodes[i].there && world->nodes[i].hostile == NULL && i != node->index ? 1ull << i : 0;
        }
        if (all_were_prepared(world, c) && sim_reachable(world, rosters) && (rosters->hubs & others) != 0 && node->checkpointed && node->checkpoint_roster[c] == rosters->count &&
            (sim_rosters_newest(rosters)->who.members & bit) != 0 && sim_clocks_right(world)) {
            return true;
        }
    }
    return false;
}

/* By what the log calls it; 0 for what is no entry. A report that passes another on extends it. */
static unsigned event_of(const sim_world *world, const sim_answered *answer)
{
    static const unsigned events[SIM_ASK_OTHER + 1] = {
        [SIM_ASK_SHOW] = NRS_AUDIT_OPEN,     [SIM_ASK_ACCEPT] = NRS_AUDIT_ACCEPT,       [SIM_ASK_EXPORT] = NRS_AUDIT_EXPORT,
        [SIM_ASK_FORGET] = NRS_AUDIT_FORGET, [SIM_ASK_WITHDRAW] = NRS_AUDIT_WITHDRAW,   [SIM_ASK_RELEASE_ASK] = NRS_AUDIT_ASK,
        [SIM_ASK_RELEASE_DENY] = NRS_AUDIT_DENY, [SIM_ASK_RELEASE_GRANT] = NRS_AUDIT_RELEASE,
    };
    const sim_report *report = &world->oracle.reports[answer->number];

    if (answer->kind == SIM_ASK_SEND) {
        return report->forwards ? NRS_AUDIT_EXTEND : report->vouches ? NRS_AUDIT_VOUCH : 0;
    }
    return events[answer->kind];
}

static void answered(sim_world *world, sim_node *node, const sim_answered *answer)
{
    const unsigned event = event_of(world, answer);

    if (answer->error == NRS_OK && event != 0) {
        node->answered[event]++;
    }
}

/* On the source's consent or on a release: without a person, so that nothing was asked or answered. */
static void record(sim_world *world, sim_node *node, const nrs_log_row *row, const nrs_record *record)
{
    nrs_signed *outer = NULL;
    nrs_grant *grant = NULL;

    (void)world;
    if (record->type == NRS_RECORD_GRANT && row->source.size == 0 && nrs_signed_decode(&outer, nrs_field(&record->payload)) == NRS_OK &&
        nrs_grant_decode(&grant, nrs_field(&outer->statement)) == NRS_OK && grant->authority != NRS_AUTHORITY_ORIGINATOR) {
        node->answered[NRS_AUDIT_EXTEND]++;
    }
    nrs_grant_free(&grant);
    nrs_signed_free(&outer);
}

/* One change may have taken away the word of another. */
static void check_tampered(sim_world *world, const sim_node *node, bool verifies)
{
    if (verifies) {
        sim_world_fail(world, "audited", "%s: its audit log was changed, and verifies", node->org);
    } else if (node->tampered == 1 && node->has_to_say && !node->says) {
        sim_world_fail(world, "audited", "%s: its audit log was changed while it was down, and it does not say so", node->org);
    }
    sim_sometimes_hit(world, SIM_SOMETIMES_TAMPERING_FOUND);
    sim_sometimes_add(world, SIM_SOMETIMES_TAMPERING_SAID, node->says ? 1 : 0);
}

static void audited(sim_world *world, sim_node *node, const json_t *rows)
{
    static const char *const names[SIM_EVENTS_MAX] = {[NRS_AUDIT_OPEN] = "openings", [NRS_AUDIT_ACCEPT] = "acceptances",
                                                      [NRS_AUDIT_EXPORT] = "exports", [NRS_AUDIT_FORGET] = "forgettings",
                                                      [NRS_AUDIT_WITHDRAW] = "withdrawals", [NRS_AUDIT_ASK] = "asks for a release",
                                                      [NRS_AUDIT_DENY] = "denials", [NRS_AUDIT_RELEASE] = "releases",
                                                      [NRS_AUDIT_EXTEND] = "extensions", [NRS_AUDIT_VOUCH] = "vouchings"};
    uint64_t counts[SIM_EVENTS_MAX] = {0};
    nrs_audit_check *check = sim_alloc(1, sizeof *check);
    const json_t *row;
    size_t index;
    bool whole = true;

    node->says = false;
    nrs_audit_check_init(check, note, NULL);
    json_array_foreach(rows, index, row) {
        whole = whole && feed(check, row);
        count(world, node, counts, row);
    }
    nrs_audit_check_end(check);
    if (node->put_back) {
        goto out; /* an older log, of which hubs have signed more */
    }
    node->accused = node->accused || check->finding_count > 0;
    if (node->rewound) {
        goto out; /* what others say of it is asked in the end */
    }
    if (node->tampered > 0) {
        check_tampered(world, node, whole && check->finding_count == 0);
    } else if (!whole || check->finding_count > 0) {
        sim_world_fail(world, "audited", "%s: its audit log does not verify: %llu findings", node->org, (unsigned long long)check->finding_count);
    } else if (check->cosigner_count == 0 && signed_by_now(world, node)) {
        sim_world_fail(world, "audited", "%s: no hub has signed its audit log", node->org);
    }
    for (size_t i = 0; i < SIM_EVENTS_MAX && node->tampered == 0; i++) {
        if (names[i] != NULL && counts[i] < node->answered[i]) {
            sim_world_fail(world, "audited", "%s has done %llu %s, and its audit log has %llu", node->org, (unsigned long long)node->answered[i],
                           names[i], (unsigned long long)counts[i]);
        }
    }
    if (check->cosigner_count > 0) {
        sim_sometimes_hit(world, SIM_SOMETIMES_COSIGNED);
    }
out:
    free(check);
}

/* Its own log says what it noticed of others, where nobody took that away. */
static bool remembers(const sim_node *hub)
{
    return sim_check_undisturbed(hub) && !hub->rewound && hub->tampered == 0;
}

/* A hub that has signed more of a log than its node has now, and is told of where that stands, knows it. */
static void end(sim_world *world)
{
    for (size_t i = 0; i < world->node_count; i++) {
        const sim_node *node = &world->nodes[i];
        bool known = false;

        for (size_t hub = 0; hub < world->node_count && node->rewound && sim_check_undisturbed(node) && signed_by_now(world, node); hub++) {
            known = known || ((node->signed_by & (1ull << hub)) != 0 && hub != i && remembers(&world->nodes[hub]));
        }
        if (known && !node->accused) {
            sim_world_fail(world, "audited", "%s: its audit log was set back behind what hubs have signed, and nobody says so", node->org);
        }
        sim_sometimes_add(world, SIM_SOMETIMES_AUDIT_SET_BACK_TOLD, node->rewound && node->accused ? 1 : 0);
    }
}

const sim_checker sim_checker_audited = {.name = "audited", .answered = answered, .record = record, .audited = audited, .end = end};
