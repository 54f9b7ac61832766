/* What the files about prekeys share. */
#ifndef CORE_PREKEYS_H
#define CORE_PREKEYS_H

#include "internal.h"

/** Keep a row of the store in memory. Takes the secret over on success; NULL for a person's. */
NRS_MUST_USE nrs_error nrs_prekey_remember(nrs_core *core, const nrs_prekey_row *row, nrs_secret *secret, bool person);
/** Destroy secrets and shares for good, in the store, the vault and memory. At most NRS_PREKEYS_DESTROYED_MAX at once. */
#define NRS_PREKEYS_DESTROYED_MAX 64u
NRS_MUST_USE nrs_error nrs_prekeys_destroy(nrs_core *core, const uint8_t (*ids)[NRS_PREKEY_ID_SIZE], size_t count);

#endif
