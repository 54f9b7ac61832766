#include "fate.h"

#include "send.h"
#include "world.h"

#define UNLOCK_AFTER_MS 1000u
#define WRITTEN_BEFORE_MS 15000u

static uint64_t minutes(uint64_t pick, uint64_t most)
{
    return (1 + pick % most) * SIM_MINUTE_MS;
}

/* ---- Lines ---- */

static void cut(sim_world *world, const sim_act *act)
{
    size_t first = (size_t)(act->a % (world->network.count == 0 ? 1 : world->network.count));

    for (size_t i = 0; i < world->network.count; i++) {
        sim_connection *connection = &world->network.connections[(first + i) % world->network.count];

        if (connection->number != 0 && connection->up && connection->open[0] && connection->open[1]) {
            unsigned side = (unsigned)(act->b & 1);
            uint64_t after_ms = act->c % 4 == 0 ? 45000 + act->c % 15000 : act->c % 3000; /* half open for long, now and then */

            sim_trace_line(world, &world->nodes[connection->node[side]], "cut off from %s", world->nodes[connection->node[1 - side]].org);
            sim_sometimes_hit(world, SIM_SOMETIMES_CUT);
            sim_network_cut(world, connection, side, after_ms);
            return;
        }
    }
}

/* Some nodes here, the others there. */
static void part(sim_world *world, const sim_act *act, bool one_way)
{
    uint64_t all = world->node_count == 64 ? UINT64_MAX : (1ull << world->node_count) - 1;
    uint64_t here = (act->a & all) == 0 || (act->a & all) == all ? 1 : act->a & all;
    sim_condition condition = {.from = here, .to = all & ~here, .until_ms = world->now_ms + minutes(act->b, 4), .one_way = one_way};

    sim_network_condition(world, condition);
    if (!one_way) {
        condition.from = all & ~here;
        condition.to = here;
        sim_network_condition(world, condition);
    }
    sim_trace_line(world, NULL, "%s %llx are parted from the others", one_way ? "in one direction" : "nodes", (unsigned long long)here);
}

static void slow_line(sim_world *world, const sim_act *act)
{
    sim_condition condition = {.from = 1ull << act->who % world->node_count, .to = UINT64_MAX, .until_ms = world->now_ms + minutes(act->b, 3),
                               .delay_ms = 500 + act->c % 20000};

    sim_network_condition(world, condition);
}

/* ---- Disks ---- */

static void fail_calls(sim_node *node, sim_disk_call call, const sim_act *act)
{
    node->disk.fail[call].in = act->a % 40;
    node->disk.fail[call].count = 1 + (act->b % 4 == 0 ? act->c % 60 : act->c % 2);
}

static void fault_disk(sim_world *world, sim_node *node, const sim_act *act)
{
    sim_trace_line(world, node, "%s", sim_act_words(act->type));
    if (act->type == SIM_ACT_READ_ERROR) {
        fail_calls(node, SIM_DISK_READ, act);
    } else if (act->type == SIM_ACT_WRITE_ERROR) {
        fail_calls(node, SIM_DISK_WRITE, act);
    } else if (act->type == SIM_ACT_SYNC_ERROR) {
        fail_calls(node, SIM_DISK_SYNC, act);
    } else if (act->type == SIM_ACT_OPEN_ERROR) {
        node->disk.fail[SIM_DISK_OPEN].in = act->a % 3;
        node->disk.fail[SIM_DISK_OPEN].count = 1 + act->b % 2;
        sim_node_crash(world, node, SIM_CRASH_PROCESS, 1000);
    } else if (act->type == SIM_ACT_DISK_FULL) {
        node->disk.capacity = sim_disk_used(&node->disk) + (size_t)(act->a % 60000);
    } else {
        node->disk.slow_ms = 20 + act->a % 3000;
    }
}

static void mend_disk(sim_world *world, sim_node *node)
{
    sim_disk *disk = &node->disk;

    sim_sometimes_add(world, SIM_SOMETIMES_READ_FAILED, disk->reached[SIM_DISK_READ]);
    sim_sometimes_add(world, SIM_SOMETIMES_WRITE_FAILED, disk->reached[SIM_DISK_WRITE]);
    sim_sometimes_add(world, SIM_SOMETIMES_SYNC_FAILED, disk->reached[SIM_DISK_SYNC]);
    sim_sometimes_add(world, SIM_SOMETIMES_OPEN_FAILED, disk->reached[SIM_DISK_OPEN]);
    sim_sometimes_add(world, SIM_SOMETIMES_SHORT_WRITE, disk->reached_short);
    sim_sometimes_add(world, SIM_SOMETIMES_DISK_FULL, disk->reached_full);
    for (size_t i = 0; i < SIM_DISK_CALL_COUNT; i++) {
        disk->fail[i].count = 0;
        disk->reached[i] = 0;
    }
    disk->reached_short = disk->reached_full = 0;
    disk->capacity = 0;
    disk->slow_ms = 0;
    disk->cut_at = 0;
}

/* ---- Ends ---- */

static uint64_t down_ms(const sim_act *act)
{
    return act->c % 5 == 0 ? minutes(act->c / 5, 4) : 100 + act->c % 20000;
}

static void end_node(sim_world *world, sim_node *node, const sim_act *act)
{
    node->down_ms = down_ms(act);
    if (act->type == SIM_ACT_KILL) {
        sim_sometimes_hit(world, SIM_SOMETIMES_CRASH_PROCESS);
        sim_node_crash(world, node, SIM_CRASH_PROCESS, node->down_ms);
    } else if (act->type == SIM_ACT_POWER) {
        sim_sometimes_hit(world, SIM_SOMETIMES_CRASH_POWER);
        sim_node_crash(world, node, SIM_CRASH_POWER, node->down_ms);
    } else if (act->type == SIM_ACT_POWER_AT_CALL) {
        node->disk.cut_at = node->disk.calls + 1 + act->a % 60;
    } else if (act->type == SIM_ACT_CRASH_AT_EFFECT) {
        node->crash_in = 1 + act->a % 12;
        node->crash_kind = act->b % 2 == 0 ? SIM_CRASH_POWER : SIM_CRASH_PROCESS;
    } else {
        sim_node_stop(world, node, node->down_ms);
    }
}

/* Of one that has been copied, from this one on. Its person is written to before, so that what opens that is lost with the disk. */
static void put_back(sim_world *world, const sim_act *act)
{
    for (size_t i = 0; i < world->node_count; i++) {
        sim_node *node = &world->nodes[(act->who + i) % world->node_count];

        if (node->copy == NULL || node->core == NULL) {
            continue;
        }
        if (world->now_ms + WRITTEN_BEFORE_MS < world->end_ms && sim_send_red_to(world, node, act)) {
            sim_world_put(world, WRITTEN_BEFORE_MS, (sim_event){.type = SIM_EVENT_ACT, .subject = (size_t)(act - world->plan.acts)});
        } else {
            sim_node_put_back(world, node, down_ms(act));
        }
        return;
    }
}

void sim_fate_do(sim_world *world, const sim_act *act)
{
    sim_node *node = sim_world_node(world, act->who);

    if (act->type == SIM_ACT_CUT) {
        cut(world, act);
    } else if (act->type == SIM_ACT_PARTITION || act->type == SIM_ACT_ONE_WAY) {
        part(world, act, act->type == SIM_ACT_ONE_WAY);
    } else if (act->type == SIM_ACT_CLOG) {
        slow_line(world, act);
    } else if (node == NULL || node->core == NULL) {
        return;
    } else if (act->type >= SIM_ACT_KILL && act->type <= SIM_ACT_STOP) {
        end_node(world, node, act);
    } else if (act->type >= SIM_ACT_READ_ERROR && act->type <= SIM_ACT_DISK_SLOW) {
        fault_disk(world, node, act);
    } else if (act->type == SIM_ACT_COPY) {
        sim_node_copy(node);
        if (node->person != NULL) { /* with a copy from before its newest prekeys nothing opens that was sealed to them (SPEC 6.7) */
            sim_world_put(world, UNLOCK_AFTER_MS, (sim_event){.type = SIM_EVENT_UNLOCK, .subject = node->index});
        }
    } else if (act->type == SIM_ACT_PUT_BACK) {
        put_back(world, act);
    } else if (act->type == SIM_ACT_CLOCK_JUMP) {
        sim_clock_jump(world, node, act);
    } else if (act->type == SIM_ACT_CLOCK_DRIFT) {
        sim_clock_drift(world, node, act);
    } else if (act->type == SIM_ACT_NO_MEMORY) {
        node->memory_in = 1 + act->a % (act->b % 2 == 0 ? 40 : 2000);
        node->memory_count = act->c % 4 == 0 ? 1 + act->c % 7 : 1;
    }
}

void sim_fate_mend(sim_world *world)
{
    sim_network_heal(world);
    for (size_t i = 0; i < world->node_count; i++) {
        sim_node *node = &world->nodes[i];

        mend_disk(world, node);
        node->crash_in = 0;
        node->memory_in = 0;
        node->stays_down = false;
        sim_clock_mend(world, node);
        sim_node_start(world, node);
    }
}
