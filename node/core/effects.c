#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define LOG_LINE_SIZE_MAX 512
#define SECRETS_OF_ONE_RECORD 32u /* more than what is taken for one holds at once */
#define COMPLAINTS_PER_MINUTE 10u
#define SECRETS_OF_ONE_RECORD 32u /* more than are held at once for one record */

void nrs_effects_wipe(nrs_effects *effects)
{
    NRS_ASSERT(effects != NULL);
    for (size_t i = 0; i < effects->count; i++) {
        nrs_bytes_wipe(&effects->list[i].bytes);
        free(effects->list[i].text);
        json_decref(effects->list[i].reply);
    }
    free(effects->list);
    *effects = (nrs_effects){0};
}

nrs_error nrs_effect_add(nrs_core *core, nrs_effect **effect_out, nrs_effect_type type)
{
    nrs_effects *effects = core->effects;

    NRS_ASSERT(effects != NULL);
    if (effects->count == effects->capacity) {
        size_t capacity = effects->capacity == 0 ? 16 : effects->capacity * 2;
        nrs_effect *list = realloc(effects->list, capacity * sizeof *list);
        if (list == NULL) {
            return NRS_ERROR_NO_MEMORY;
        }
        effects->list = list;
        effects->capacity = capacity;
    }
    effects->list[effects->count] = (nrs_effect){.type = type};
    *effect_out = &effects->list[effects->count];
    effects->count++;
    return NRS_OK;
}

void nrs_core_log(nrs_core *core, nrs_error cause, const char *format, ...)
{
    nrs_effect *effect;
    char line[LOG_LINE_SIZE_MAX];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (nrs_effect_add(core, &effect, NRS_EFFECT_LOG) != NRS_OK) {
        return;
    }
    effect->error = cause;
    effect->text = strdup(line);
}

void nrs_core_complain(nrs_core *core, nrs_peer *peer, nrs_error cause, const char *format, ...)
{
    char line[LOG_LINE_SIZE_MAX];
    va_list arguments;

    if (core->monotonic_ms >= peer->complaint_ms + NRS_MINUTE_MS) {
        if (peer->complaint_count > COMPLAINTS_PER_MINUTE) {
            nrs_core_log(core, NRS_OK, "%u more such lines about %s left out", peer->complaint_count - COMPLAINTS_PER_MINUTE, peer->org);
        }
        peer->complaint_ms = core->monotonic_ms;
        peer->complaint_count = 0;
    }
    peer->complaint_count++;
    if (peer->complaint_count > COMPLAINTS_PER_MINUTE) {
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    nrs_core_log(core, cause, "%s: %s", peer->org, line);
}

/* The last line of an answer, as node/CONTROL.md has it. */
static json_t *last_line(nrs_error error, const char *message, const char *hint)
{
    json_t *line;

    if (error == NRS_OK) {
        return json_pack("{s:b}", "end", 1);
    }
    line = json_pack("{s:s, s:s, s:s, s:s, s:i}", "error", nrs_error_rule(error), "rule", nrs_error_rule(error), "message",
                     message != NULL ? message : nrs_error_sentence(error), "message_id", nrs_error_sentence(error), "exit",
                     nrs_error_exit_code(error));
    if (line != NULL && hint != NULL) {
        (void)json_object_set_new(line, "hint", json_string(hint));
        (void)json_object_set_new(line, "hint_id", json_string(hint));
    }
    return line;
}

nrs_error nrs_core_reply(nrs_core *core, uint64_t request, json_t *rows, nrs_error error, const char *message, const char *hint)
{
    nrs_effect *effect;
    json_t *line = last_line(error, message, hint);
    json_t *lines = rows;

    if (lines == NULL) {
        lines = json_array();
    }
    if (line == NULL || lines == NULL || json_array_append_new(lines, line) != 0) {
        json_decref(lines);
        return NRS_ERROR_NO_MEMORY;
    }
    if (nrs_effect_add(core, &effect, NRS_EFFECT_REPLY) != NRS_OK) {
        json_decref(lines);
        return NRS_ERROR_NO_MEMORY;
    }
    effect->request = request;
    effect->error = error;
    effect->reply = lines;
    return NRS_OK;
}

bool nrs_error_is_passing(nrs_error error)
{
    return error == NRS_ERROR_BUSY || error == NRS_ERROR_NO_MEMORY;
}

nrs_error nrs_room_for_secrets(void)
{
    return nrs_secret_room(SECRETS_OF_ONE_RECORD) ? NRS_OK : NRS_ERROR_BUSY;
}

bool nrs_error_is_verdict(nrs_error error)
{
    return error != NRS_OK && !nrs_error_is_fatal(error) && !nrs_error_is_passing(error);
}

bool nrs_error_of_one_record(nrs_error error)
{
    return error != NRS_OK && error != NRS_ERROR_DISK && !nrs_error_is_passing(error);
}

bool nrs_error_is_fatal(nrs_error error)
{
    return error == NRS_ERROR_DISK || error == NRS_ERROR_DAMAGED || error == NRS_ERROR_NO_MEMORY || error == NRS_ERROR_INTERNAL;
}
