/* The checks that receiving shares among the types of records. */
#ifndef CORE_RECEIVE_H
#define CORE_RECEIVE_H

#include "internal.h"

bool nrs_may_hand_over(const nrs_core *core, const nrs_peer *from, const nrs_community *community, const uint8_t *maker);
NRS_MUST_USE nrs_error nrs_check_maker(const nrs_core *core, const nrs_peer *from, const nrs_community *community, const uint8_t *maker);
/** A grant's authority: the originator's own. Consent and release are refused until their rules stand (SPEC 6.5). */
NRS_MUST_USE nrs_error nrs_check_authority(const nrs_sealed_view *view, const nrs_grant *grant);
/** Verify a roster as a later one than that held, and adopt it. Version +1 must follow the hash chain; one further ahead
 *  needs the signatures of the roster keys held. */
NRS_MUST_USE nrs_error nrs_take_later_roster(nrs_core *core, nrs_community *community, nrs_slice many, nrs_slice source);

#endif
