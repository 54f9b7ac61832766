/* At a hub: others' audit logs, followed from checkpoint to checkpoint (SPEC 13.4). */
#ifndef CORE_AUDIT_WATCH_H
#define CORE_AUDIT_WATCH_H

#include "internal.h"
#include "keys/audit.h"

/** Take a checkpoint of a member's: signed when it continues what was signed of that node before, under this key or those before it.
 *  Returns NRS_ERROR_EXISTS: known already; REWRITTEN: it does not continue it, or does not show that it does; EXPIRED.
 *  In: payload: the Signed bytes. */
NRS_MUST_USE nrs_error nrs_audit_follow(nrs_core *core, const nrs_peer *owner, const nrs_audit_checkpoint *checkpoint, nrs_slice payload);
/** Compare what another hub has signed of a member's log with what was seen of it here. Only errors that are no verdict. */
NRS_MUST_USE nrs_error nrs_audit_compare(nrs_core *core, const nrs_peer *owner, const nrs_peer *hub, const nrs_audit_cosignature *cosignature, nrs_slice payload);

/** Whose log is kept under this key: the member's that has it, or whose newest key came after it. NULL: nobody's any more. */
const nrs_peer *nrs_audit_watched(const nrs_core *core, const uint8_t key[NRS_KEY_SIZE]);

#endif
