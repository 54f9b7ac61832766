#include "text.h"

#include <stdio.h>
#include <string.h>

#include "proto/vocabulary.h"

void nrs_bench_text_init(nrs_bench_text *text, const uint8_t community[NRS_HASH_SIZE], uint64_t roster_version,
                         uint64_t now_ms)
{
    memcpy(text->community, community, NRS_HASH_SIZE);
    (void)snprintf(text->subject, sizeof text->subject, "Unusual traffic at the remote stations");
    memset(text->body, 'b', sizeof text->body - 1);
    text->body[sizeof text->body - 1] = '\0';
    nrs__wire__header__init(&text->header);
    text->header.label = NRS_LABEL_AMBER;
    text->header.community = nrs_field_of(nrs_slice_of(text->community, NRS_HASH_SIZE));
    text->header.roster_version = roster_version;
    text->header.created_ms = now_ms;
    text->header.expires_ms = now_ms + NRS_DAY_MS;
    text->header.attribution = NRS_ATTRIBUTION_NAMED;
    nrs__wire__report__init(&text->report);
    text->report.kind = NRS_KIND_INCIDENT;
    text->report.subject = text->subject;
    text->report.body = text->body;
    nrs__wire__target__init(&text->target);
    text->target.community = text->header.community;
    text->target.roster_version = roster_version;
    text->targets[0] = &text->target;
    nrs__wire__audience__init(&text->audience);
    text->audience.targets = text->targets;
    text->audience.n_targets = 1;
}
