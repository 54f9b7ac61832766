/* Rosters that have not come, and what waits for them (SPEC 10.3): for who asks how the node is. */
#include <stdio.h>

#include "command/command.h"
#include "proto/time.h"
#include "roster/roster.h"
#include "store/queue.h"

/* A roster comes on the link that its records come on, or soon after from another hub. */
#define AWAITED_LONG_MS NRS_HOUR_MS

typedef struct awaited {
    nrs_core *core;
    json_t *rows, *warnings; /* one of them is NULL */
} awaited;

static nrs_error put_row(const nrs_deferred_sum *sum, const nrs_community *community, json_t *rows)
{
    nrs_row row = nrs_row_begin();

    nrs_row_text(&row, "community", community->roster->id);
    nrs_row_number(&row, "version", sum->version);
    nrs_row_number(&row, "records", sum->count);
    nrs_row_time(&row, "since", sum->at_ms);
    return nrs_row_end(&row, rows);
}

static nrs_error put_warning(const nrs_deferred_sum *sum, const nrs_community *community, json_t *warnings)
{
    char text[NRS_MESSAGE_SIZE_MAX], since[32];

    nrs_time_format(since, sum->at_ms);
    (void)snprintf(text, sizeof text, "%llu records have waited since %s for version %llu of a roster of @%s that nobody hands over: get a new invite from the secretariat and run noroshi join",
                   (unsigned long long)sum->count, since, (unsigned long long)sum->version, community->roster->id);
    return nrs_array_text(warnings, text);
}

/* What waits for no more than room waits for a version that is held. */
static nrs_error tell(void *context, const nrs_deferred_sum *sum)
{
    const awaited *asked = context;
    const nrs_community *community = nrs_community_by_id(asked->core, sum->waits_for);
    nrs_error error = NRS_OK;

    if (community == NULL || sum->version <= community->roster->version) {
        return NRS_OK;
    }
    if (asked->rows != NULL) {
        error = put_row(sum, community, asked->rows);
    } else if (sum->at_ms + AWAITED_LONG_MS <= asked->core->now_ms) {
        error = put_warning(sum, community, asked->warnings);
    }
    return error;
}

nrs_error nrs_awaited_rows(nrs_core *core, json_t *rows)
{
    awaited asked = {.core = core, .rows = rows};

    return nrs_store_deferred_count(core->store) == 0 ? NRS_OK : nrs_store_deferred_sums(core->store, tell, &asked);
}

nrs_error nrs_awaited_warn(nrs_core *core, json_t *warnings)
{
    awaited asked = {.core = core, .warnings = warnings};

    return nrs_store_deferred_count(core->store) == 0 ? NRS_OK : nrs_store_deferred_sums(core->store, tell, &asked);
}
