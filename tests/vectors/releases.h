/* A release of the scene's report to its holder, and the holder's grant on it, right or with one thing amiss. */
#ifndef RELEASES_H
#define RELEASES_H

#include "scene.h"

typedef struct release_plan {
    nrs_release release;
    Nrs__Wire__Conditions conditions;
    nrs_grant_plan grant;
    const party *holder; /* who signs the grant */
    uint8_t other[NRS_HASH_SIZE]; /* of nothing */
} release_plan;

/* The scene's sender releases, its hub is the holder. Out: both: Signed, replaced. change: before either is signed. */
void release_make(nrs_bytes *release_out, nrs_bytes *grant_out, const nrs_sealed_view *view, const nrs_secret *file_key, void (*change)(release_plan *plan));

void release_as_agreed(release_plan *plan);
void release_as_sent(release_plan *plan);
void release_other_report(release_plan *plan);
void release_longer(release_plan *plan);
void grant_other_report(release_plan *plan);
void grant_other_holder(release_plan *plan);
void grant_wider(release_plan *plan);
void grant_other_community(release_plan *plan);
void grant_by_consent(release_plan *plan);
void grant_late(release_plan *plan);

#endif
