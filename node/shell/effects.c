#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon.h"
#include "files.h"
#include "held.h"
#include "linux.h"
#include "proto/assert.h"

#define PAUSE_MS 1000u

/* ---- Files that core publishes ---- */

/* Keep it for another try; the newest contents of a path replace the older. */
static void keep_unwritten(nrs_daemon *daemon, nrs_effect *effect)
{
    nrs_effect *kept = NULL;

    for (size_t i = 0; i < daemon->unwritten_count && kept == NULL; i++) {
        if (strcmp(daemon->unwritten[i].text, effect->text) == 0) {
            kept = &daemon->unwritten[i];
        }
    }
    if (kept == NULL && daemon->unwritten_count < NRS_UNWRITTEN_COUNT_MAX) {
        kept = &daemon->unwritten[daemon->unwritten_count++];
    }
    if (kept == NULL) {
        return;
    }
    nrs_bytes_wipe(&kept->bytes);
    free(kept->text);
    kept->bytes = effect->bytes;
    kept->text = effect->text;
    effect->bytes = (nrs_bytes){0};
    effect->text = NULL;
}

static void publish(nrs_daemon *daemon, nrs_effect *effect)
{
    nrs_error error = NRS_OK;
    uint64_t held = 0;

    if (effect->held_version != 0 && nrs_folder_is_newer(daemon->folder, effect->text, effect->held_version)) {
        return;
    }
    error = nrs_file_publish(daemon->folder->fd, effect->text, nrs_slice_of_bytes(&effect->bytes));
    if (error == NRS_OK) {
        return;
    }
    if (nrs_log_gate_pass(&daemon->write_gate, &held, daemon->batch.monotonic_ms)) {
        nrs_log(NRS_LOG_ERROR, "cannot write %s: %s", effect->text == NULL ? "a file" : effect->text,
                nrs_error_sentence(error));
    }
    if (error != NRS_ERROR_MALFORMED) {
        keep_unwritten(daemon, effect);
    }
}

void nrs_daemon_publish_again(nrs_daemon *daemon)
{
    size_t left = 0;

    for (size_t i = 0; i < daemon->unwritten_count; i++) {
        nrs_effect *kept = &daemon->unwritten[i];

        if (nrs_file_publish(daemon->folder->fd, kept->text, nrs_slice_of_bytes(&kept->bytes)) == NRS_OK) {
            nrs_bytes_wipe(&kept->bytes);
            free(kept->text);
            continue;
        }
        daemon->unwritten[left++] = *kept;
    }
    daemon->unwritten_count = left;
}

/* ---- Effects ---- */

/* Tell whoever asked for the inbox to be taken up. */
static void report_refused(nrs_daemon *daemon, const char *name, nrs_error error)
{
    if (daemon->refused != NULL) {
        (void)json_array_append_new(daemon->refused,
                                    json_pack("{s:s, s:s, s:s}", "file", name, "rule", nrs_error_rule(error), "message",
                                              nrs_error_sentence(error)));
    }
}

static void inbox_done(nrs_daemon *daemon, const nrs_effect *effect)
{
    if (effect->text == NULL) {
        return;
    }
    nrs_inbox_done(&daemon->inbox, effect->text, effect->error);
    if (effect->error != NRS_OK) {
        report_refused(daemon, effect->text, effect->error);
    } else if (daemon->taken != NULL) {
        (void)json_array_append_new(daemon->taken, json_string(effect->text));
    }
}

static void dial(nrs_daemon *daemon, const nrs_effect *effect)
{
    nrs_error error = nrs_outbound_dial(&daemon->outbound, &daemon->batch, effect->curve_key, effect->text);

    if (error != NRS_OK) {
        nrs_log(NRS_LOG_WARNING, "cannot dial %s: %s", effect->text == NULL ? "a peer" : effect->text,
                nrs_error_sentence(error));
    }
}

static void carry_out(nrs_daemon *daemon, nrs_effect *effect)
{
    nrs_batch *batch = &daemon->batch;

    switch (effect->type) {
    case NRS_EFFECT_SEND:
        if (!nrs_outbound_send(&daemon->outbound, batch, effect->link, &effect->bytes)) {
            (void)nrs_inbound_send(&daemon->inbound, batch, effect->link,
                                   &effect->bytes); /* neither: it has ended already */
        }
        return;
    case NRS_EFFECT_CLOSE:
        nrs_outbound_close(&daemon->outbound, effect->link, batch->monotonic_ms);
        nrs_inbound_close(&daemon->inbound, effect->link, batch->monotonic_ms);
        return;
    case NRS_EFFECT_DIAL:
        dial(daemon, effect);
        return;
    case NRS_EFFECT_HANGUP:
        nrs_outbound_hang_up(&daemon->outbound, batch, effect->curve_key);
        return;
    case NRS_EFFECT_REPLY:
        nrs_control_reply(&daemon->control, effect->request, effect->reply, effect->error, batch->monotonic_ms);
        return;
    case NRS_EFFECT_ADMISSION:
        return; /* admission and every frame ask core itself; the links of a removed key get a CLOSE of their own */
    case NRS_EFFECT_INBOX_DONE:
        inbox_done(daemon, effect);
        return;
    case NRS_EFFECT_WRITE_FILE:
        publish(daemon, effect);
        return;
    case NRS_EFFECT_SWITCH:
        daemon->switch_due = !daemon->folder->switch_failed;
        return;
    case NRS_EFFECT_LOG:
        nrs_log(effect->error == NRS_OK ? NRS_LOG_INFO : NRS_LOG_WARNING, "%s",
                effect->text == NULL ? "" : effect->text);
        return;
    }
}

static void carry_out_all(nrs_daemon *daemon, nrs_effects *effects)
{
    for (size_t i = 0; i < effects->count; i++) {
        carry_out(daemon, &effects->list[i]);
    }
    nrs_effects_wipe(effects);
}

/* Nothing of the batch was done: every link begins again from what was confirmed, once the disk takes data. */
static void fail(nrs_daemon *daemon, nrs_error error)
{
    uint64_t held = 0;

    nrs_inbound_drop_all(&daemon->inbound, &daemon->batch);
    nrs_outbound_drop_all(&daemon->outbound, &daemon->batch);
    daemon->pause_until_ms = daemon->batch.monotonic_ms + PAUSE_MS;
    if (nrs_log_gate_pass(&daemon->disk_gate, &held, daemon->batch.monotonic_ms)) {
        nrs_log(NRS_LOG_ERROR, "a step failed and is tried again each second: %s (%" PRIu64 " more before)",
                nrs_error_sentence(error), held);
    }
}

void nrs_daemon_step(nrs_daemon *daemon)
{
    nrs_effects effects = {0};
    nrs_error error = nrs_core_step(daemon->core, &effects, daemon->batch.events, daemon->batch.event_count);

    if (error == NRS_OK) {
        nrs_batch_clear(&daemon->batch);
        daemon->stepped = true;
        daemon->pause_until_ms = 0;
    } else {
        nrs_batch_fail(&daemon->batch);
        fail(daemon, error);
    }
    carry_out_all(daemon, &effects);
    nrs_control_settle(&daemon->control, error == NRS_OK ? NRS_ERROR_INTERNAL : error, daemon->batch.monotonic_ms);
}

/* ---- The inbox ---- */

/* Set aside with a word: no event of the engine's. */
static void refuse_file(nrs_daemon *daemon, const char *name, nrs_error error, const char *why)
{
    nrs_log(NRS_LOG_WARNING, "inbox: refused %s: %s", name, why);
    nrs_inbox_done(&daemon->inbox, name, error);
    report_refused(daemon, name, error);
}

/* One file, one step: whether it is taken up may depend on the file before it. */
static void take_file(nrs_daemon *daemon, const nrs_inbox_file *file)
{
    char user[NRS_USER_SIZE_MAX];
    nrs_event event = {.type = NRS_EVENT_INBOX, .name = file->name, .user = user};
    nrs_effects effects = {0};
    nrs_bytes bytes = {0};
    nrs_error error;

    if (file->not_plain) {
        refuse_file(daemon, file->name, NRS_ERROR_MALFORMED, "it is no plain file (a link, a folder or a pipe)");
        return;
    }
    error = file->too_large ? NRS_ERROR_TOO_LARGE : nrs_inbox_read(&bytes, &daemon->inbox, file->name);
    if (error == NRS_ERROR_NOT_FOUND) {
        return; /* taken away again by whoever put it there */
    }
    if (error == NRS_ERROR_TOO_LARGE || error == NRS_ERROR_MALFORMED) {
        refuse_file(daemon, file->name, error, nrs_error_sentence(error));
        return;
    }
    if (error != NRS_OK) {
        daemon->inbox.again = true;
        report_refused(daemon, file->name, error);
        return;
    }
    nrs_user_name(user, file->owner);
    event.now_ms = daemon->batch.now_ms;
    event.monotonic_ms = daemon->batch.monotonic_ms;
    event.bytes = nrs_slice_of_bytes(&bytes);
    error = nrs_core_step(daemon->core, &effects, &event, 1);
    carry_out_all(daemon, &effects);
    if (error != NRS_OK) {
        fail(daemon, error);
        daemon->inbox.again = true;
        report_refused(daemon, file->name, error);
    } else {
        daemon->stepped = true;
    }
    nrs_bytes_wipe(&bytes);
}

#define TURN_MS 250u

void nrs_daemon_take_inbox(nrs_daemon *daemon, json_t *taken, json_t *refused)
{
    const uint64_t began_ms = nrs_linux_monotonic_ms();
    nrs_inbox_files files = {0};
    nrs_error error = nrs_inbox_list(&files, &daemon->inbox);

    NRS_ASSERT(daemon->batch.event_count == 0);

    if (error != NRS_OK) {
        daemon->inbox.again = true;
        return;
    }
    daemon->taken = taken;
    daemon->refused = refused;
    for (size_t i = 0; i < files.count; i++) {
        if (taken == NULL && i > 0 && nrs_linux_monotonic_ms() - began_ms >= TURN_MS) {
            daemon->inbox.again = true; /* the rest in the next turn: links and commands come between */
            break;
        }
        take_file(daemon, &files.list[i]);
    }
    daemon->taken = NULL;
    daemon->refused = NULL;
    nrs_inbox_files_wipe(&files);
}
