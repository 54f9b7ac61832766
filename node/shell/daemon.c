#include "daemon.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>
#include <systemd/sd-daemon.h>

#include "linux.h"
#include "proto/assert.h"
#include "routing.h"

#define TICK_MS 250u
#define SWEEP_MS 100u
#define SILENT_ENDED_MS 1500u /* a tenth of the connections is looked at in each sweep */
#define BUSY_GAP_MS 4u    /* frames that come so soon after a step are of the same burst */
#define BUSY_STEPS 8u     /* a report and what answers it are fewer steps: an idle mesh does not wait */
#define BUSY_PERIOD_MS 16u /* from one step's beginning to the next one's; a step that takes longer by itself waits for nothing */
#define INBOX_MS 1000u
#define CHECKPOINT_MS 1000u
#define CHECKPOINT_BUSY_MS 5000u /* never quite idle: the log of writes must not grow without a bound all the same */
#define ZMQ_SOCKET_COUNT_MAX 2048

static uint64_t wall_ms(void)
{
    struct timespec now = {0};

    return clock_gettime(CLOCK_REALTIME, &now) == 0 && now.tv_sec >= 0
               ? (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u
               : 0;
}

static void set_time(nrs_daemon *daemon)
{
    uint64_t monotonic_ms = nrs_linux_monotonic_ms();

    if (monotonic_ms < daemon->batch.monotonic_ms) {
        monotonic_ms = daemon->batch.monotonic_ms;
    }
    nrs_batch_set_time(&daemon->batch, wall_ms(), monotonic_ms);
}

/* ---- Start and stop ---- */

static nrs_error open_engine(nrs_daemon *daemon)
{
    nrs_folder *folder = daemon->folder;
    uint8_t incarnation[NRS_LOG_ID_SIZE];
    char *path = nrs_folder_join(folder, "store.db");
    const nrs_store_options store_options = {.path = path};
    nrs_core_options core_options = {.identity = folder->identity, .own_card = nrs_slice_of_bytes(&folder->card)};
    nrs_error error = path == NULL ? NRS_ERROR_NO_MEMORY : nrs_folder_check_store(folder);

    if (error == NRS_OK) {
        folder->about = "store.db";
        randombytes_buf(incarnation, sizeof(incarnation));
        error = nrs_store_open(&daemon->store, &store_options, incarnation);
    }
    if (error == NRS_OK) {
        core_options.store = daemon->store;
        core_options.vault = nrs_folder_vault(folder);
        core_options.audit_file = nrs_folder_audit(folder);
        core_options.former = folder->former;
        core_options.vault_key = folder->vault_key;
        core_options.link_window = folder->link_window;
        core_options.gap_grace_ms = folder->gap_grace_ms;
        core_options.head_after_ms = folder->head_after_ms;
        core_options.vouch_tick_ms = folder->vouch_tick_ms;
        error = nrs_core_new(&daemon->core, &core_options, daemon->batch.now_ms);
        folder->trouble = error == NRS_ERROR_DAMAGED ? NRS_TROUBLE_APART : NRS_TROUBLE_NONE;
    }
    folder->about = error == NRS_OK || error == NRS_ERROR_NO_MEMORY || error == NRS_ERROR_BUSY ? NULL : folder->about;
    free(path);
    return error;
}

static nrs_error open_sockets(nrs_daemon *daemon)
{
    nrs_folder *folder = daemon->folder;

    nrs_routing_seed();
    daemon->zmq = zmq_ctx_new();
    if (daemon->zmq == NULL || zmq_ctx_set(daemon->zmq, ZMQ_MAX_SOCKETS, ZMQ_SOCKET_COUNT_MAX) != 0) {
        return NRS_ERROR_SYSTEM;
    }
    nrs_outbound_init(&daemon->outbound, daemon->zmq, folder->identity, folder->reconnect_ms_max, &daemon->intakes);
    if (nrs_admission_open(&daemon->admission, daemon->zmq) != NRS_OK) {
        return NRS_ERROR_SYSTEM;
    }
    if (folder->listen == NULL) {
        return NRS_OK;
    }
    return nrs_inbound_listen(&daemon->inbound, daemon->zmq, folder->listen,
                              nrs_identity_curve_secret(folder->identity));
}

nrs_error nrs_daemon_start(nrs_daemon *daemon_out, nrs_folder *folder)
{
    nrs_error error = NRS_OK;
    uint64_t watchdog_us = 0;

    NRS_ASSERT(folder->identity != NULL);

    memset(daemon_out, 0, sizeof(*daemon_out));
    daemon_out->folder = folder;
    daemon_out->next_link = 1;
    daemon_out->signal_fd = -1;
    daemon_out->control.listener_fd = -1;
    daemon_out->inbox.folder_fd = folder->fd;
    daemon_out->inbox.again = true;
    nrs_arrivals_init(&daemon_out->arrivals);
    nrs_inbound_init(&daemon_out->inbound, &daemon_out->intakes, &daemon_out->arrivals);
    set_time(daemon_out);
    daemon_out->signal_fd = nrs_linux_signals_open(); /* before libzmq's threads, which inherit what is blocked */
    if (daemon_out->signal_fd < 0) {
        return NRS_ERROR_SYSTEM;
    }
    error = open_engine(daemon_out);
    if (error == NRS_OK) {
        error = open_sockets(daemon_out);
    }
    if (error == NRS_OK) {
        error = nrs_control_open(&daemon_out->control, folder->fd, folder->listen);
    }
    if (error != NRS_OK) {
        return error;
    }
    if (!nrs_secret_pool_locked()) {
        nrs_log(NRS_LOG_WARNING, "keys could not be locked into memory (RLIMIT_MEMLOCK)");
    }
    if (sd_watchdog_enabled(0, &watchdog_us) > 0) {
        daemon_out->watchdog_interval_ms = watchdog_us / 2000u;
    }
    nrs_log(NRS_LOG_INFO, "%s runs, listening on %s", folder->org,
            folder->listen == NULL ? "no address" : folder->listen);
    (void)sd_notify(0, "READY=1");
    return NRS_OK;
}

void nrs_daemon_stop(nrs_daemon *daemon)
{
    nrs_control_close(&daemon->control);
    nrs_outbound_wipe(&daemon->outbound);
    nrs_inbound_wipe(&daemon->inbound);
    nrs_intakes_wipe(&daemon->intakes);
    nrs_arrivals_wipe(&daemon->arrivals);
    nrs_batch_wipe(&daemon->batch);
    nrs_admission_close(&daemon->admission);
    if (daemon->zmq != NULL) {
        (void)zmq_ctx_term(daemon->zmq);
    }
    nrs_core_destroy(&daemon->core);
    if (daemon->store != NULL) {
        if (nrs_store_checkpoint(daemon->store) != NRS_OK) {
            nrs_log(NRS_LOG_WARNING, "the store could not be tidied; it will be at the next start");
        }
        nrs_store_close(&daemon->store);
    }
    for (size_t i = 0; i < daemon->unwritten_count; i++) {
        nrs_bytes_wipe(&daemon->unwritten[i].bytes);
        free(daemon->unwritten[i].text);
    }
    daemon->unwritten_count = 0;
    if (daemon->signal_fd >= 0) {
        (void)close(daemon->signal_fd);
    }
    daemon->signal_fd = -1;
}

/* ---- The loop ---- */

static bool paused(const nrs_daemon *daemon)
{
    return daemon->batch.monotonic_ms < daemon->pause_until_ms;
}

static void wait_for_something(nrs_daemon *daemon)
{
    bool frames = !paused(daemon);
    bool at_once = frames && (nrs_core_busy(daemon->core) || daemon->batch.waiting_count > 0);
    uint64_t now_ms = daemon->batch.monotonic_ms;
    uint64_t due_ms = nrs_core_due_ms(daemon->core);
    long timeout_ms = SWEEP_MS;

    if (frames && due_ms < daemon->tick_ms) {
        daemon->tick_ms = due_ms;
    }
    if (frames && daemon->tick_ms < now_ms + SWEEP_MS) {
        timeout_ms = daemon->tick_ms > now_ms ? (long)(daemon->tick_ms - now_ms) : 0;
    }
    if (!frames && daemon->pause_until_ms - now_ms < SWEEP_MS) {
        timeout_ms = (long)(daemon->pause_until_ms - now_ms);
    }

    daemon->set.count = 0;
    nrs_pollset_add_fd(&daemon->set, daemon->signal_fd, true, false);
    nrs_admission_poll(&daemon->admission, &daemon->set);
    nrs_inbound_poll(&daemon->inbound, &daemon->set, frames);
    nrs_outbound_poll(&daemon->outbound, &daemon->set, frames);
    nrs_control_poll(&daemon->control, &daemon->set);
    if (zmq_poll(daemon->set.items, (int)daemon->set.count, at_once ? 0 : timeout_ms) < 0) {
        for (size_t i = 0; i < daemon->set.count; i++) {
            daemon->set.items[i].revents = 0;
        }
    }
    set_time(daemon);
}

/* Fill the batch with what came. */
static void gather(nrs_daemon *daemon)
{
    nrs_batch *batch = &daemon->batch;
    bool room = paused(daemon) || nrs_batch_begin(batch);

    if (room) {
        nrs_control_gather(&daemon->control, batch, "inbox");
    }
    if (room && !paused(daemon)) {
        daemon->inbound_first = !daemon->inbound_first; /* either alone may fill the step */
        if (daemon->inbound_first) {
            nrs_inbound_gather(&daemon->inbound, batch, daemon->core, &daemon->next_link);
        }
        nrs_outbound_gather(&daemon->outbound, batch, &daemon->set);
        if (!daemon->inbound_first) {
            nrs_inbound_gather(&daemon->inbound, batch, daemon->core, &daemon->next_link);
        }
    }
    if (!paused(daemon) &&
        (batch->monotonic_ms >= daemon->tick_ms || (batch->event_count == 0 && nrs_core_busy(daemon->core)))) {
        nrs_batch_add_tick(batch);
        daemon->tick_ms = batch->monotonic_ms + TICK_MS;
    }
}

static void answer_inbox(nrs_daemon *daemon)
{
    uint64_t request = nrs_control_take(&daemon->control, "inbox");
    json_t *taken = NULL;
    json_t *refused = NULL;
    json_t *rows = NULL;

    if (request == 0) {
        return;
    }
    taken = json_array();
    refused = json_array();
    nrs_daemon_take_inbox(daemon, taken, refused);
    rows = json_pack("[{s:O, s:O}]", "taken", taken, "refused", refused);
    nrs_control_reply(&daemon->control, request, rows, rows == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK,
                      daemon->batch.monotonic_ms);
    json_decref(rows);
    json_decref(refused);
    json_decref(taken);
}

static void checkpoint(nrs_daemon *daemon, bool idle)
{
    uint64_t now = daemon->batch.monotonic_ms;

    if (!daemon->stepped || now < daemon->checkpoint_ms ||
        (!idle && now < daemon->checkpoint_ms + CHECKPOINT_BUSY_MS)) {
        return;
    }
    daemon->checkpoint_ms = now + CHECKPOINT_MS;
    daemon->stepped = false;
    if (nrs_store_checkpoint(daemon->store) != NRS_OK) {
        daemon->stepped = true; /* a full disk is reported by the step that it fails */
    }
}

/* In a burst a step waits a moment for more frames: what it costs by itself, the sync of the disk first, is then shared by
 * more records. Commands do not wait. */
static void pace(nrs_daemon *daemon, uint64_t began_ms)
{
    daemon->busy_steps = began_ms <= daemon->frames_ms + BUSY_GAP_MS ? daemon->busy_steps + 1 : 0;
    set_time(daemon);
    daemon->frames_ms = daemon->batch.monotonic_ms;
    if (daemon->busy_steps >= BUSY_STEPS && !paused(daemon) && daemon->frames_ms < began_ms + BUSY_PERIOD_MS) {
        daemon->frames_ms = daemon->pause_until_ms = began_ms + BUSY_PERIOD_MS;
    }
}

static void look_at_connections(nrs_daemon *daemon, uint64_t now)
{
    uint64_t silent_before_ms = nrs_inbound_silent_before_ms(&daemon->inbound, now);

    daemon->intakes.silent_before_ms = silent_before_ms;
    daemon->intakes.count_max = nrs_linux_keep_files();
    (void)nrs_intakes_sweep(&daemon->intakes, now);
    nrs_arrivals_sweep(&daemon->arrivals, silent_before_ms > SILENT_ENDED_MS ? silent_before_ms - SILENT_ENDED_MS : 0, now);
}

static void look_after(nrs_daemon *daemon)
{
    uint64_t now = daemon->batch.monotonic_ms;

    if (now >= daemon->sweep_ms) {
        look_at_connections(daemon, now);
        nrs_inbound_sweep(&daemon->inbound, &daemon->batch);
        nrs_outbound_sweep(&daemon->outbound, &daemon->batch);
        nrs_admission_renew(&daemon->admission, now);
        daemon->sweep_ms = now + SWEEP_MS;
    }
    if (now >= daemon->inbox_ms) {
        daemon->inbox_ms = now + INBOX_MS;
        nrs_daemon_publish_again(daemon);
        if (nrs_inbox_changed(&daemon->inbox)) {
            nrs_daemon_take_inbox(daemon, NULL, NULL);
        }
    }
    if (daemon->watchdog_interval_ms > 0 && now >= daemon->watchdog_ms) {
        (void)sd_notify(0, "WATCHDOG=1");
        daemon->watchdog_ms = now + daemon->watchdog_interval_ms;
    }
}

static nrs_admitted admits(void *context, const uint8_t curve_key[NRS_KEY_SIZE])
{
    nrs_daemon *daemon = context;
    uint64_t until_ms = 0;

    if (!nrs_core_admits(daemon->core, curve_key)) {
        return NRS_ADMITTED_NOT;
    }
    if (nrs_arrivals_admit(&daemon->arrivals, curve_key, daemon->batch.monotonic_ms)) {
        return NRS_ADMITTED;
    }
    if (nrs_arrivals_tell(&daemon->arrivals, &until_ms, curve_key, daemon->batch.monotonic_ms)) {
        nrs_batch_note_held_back(&daemon->batch, curve_key, until_ms);
    }
    return nrs_arrivals_is_shut_out(&daemon->arrivals, curve_key, daemon->batch.monotonic_ms) ? NRS_ADMITTED_SHUT_OUT : NRS_ADMITTED_LATER;
}

void nrs_daemon_run(nrs_daemon *daemon)
{
    int signal_number = 0;

    while (signal_number == 0 && !daemon->switch_due) {
        bool idle = true;

        look_after(daemon);
        wait_for_something(daemon);
        signal_number = nrs_linux_signals_read(daemon->signal_fd);
        nrs_admission_answer(&daemon->admission, admits, daemon, daemon->batch.monotonic_ms);
        nrs_outbound_watch(&daemon->outbound, &daemon->batch, &daemon->set, &daemon->next_link);
        nrs_inbound_watch(&daemon->inbound, &daemon->batch);
        nrs_control_serve(&daemon->control, &daemon->set, daemon->batch.monotonic_ms);
        answer_inbox(daemon);
        gather(daemon);
        idle = daemon->batch.frame_count == 0;
        if (daemon->batch.event_count > 0) {
            uint64_t began_ms = daemon->batch.monotonic_ms;
            nrs_daemon_step(daemon);
            if (!idle) {
                pace(daemon, began_ms);
            }
        }
        checkpoint(daemon, idle);
    }
    if (signal_number == 0) {
        return;
    }
    daemon->switch_due = false; /* asked to stop: the next start takes it up */
    (void)sd_notify(0, "STOPPING=1");
    nrs_log(NRS_LOG_INFO, "%s stops", daemon->folder->org);
}
