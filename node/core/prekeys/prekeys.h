/* What the files about prekeys share. */
#ifndef CORE_PREKEYS_H
#define CORE_PREKEYS_H

#include "internal.h"

/** Keep a row of the store in memory. Takes the secret over on success; NULL for a person's. */
NRS_MUST_USE nrs_error nrs_prekey_remember(nrs_core *core, const nrs_prekey_row *row, nrs_secret *secret, bool person);
/** Destroy secrets and shares for good, in the store, the vault and memory. At most NRS_PREKEYS_DESTROYED_MAX at once. */
#define NRS_PREKEYS_DESTROYED_MAX 64u
NRS_MUST_USE nrs_error nrs_prekeys_destroy(nrs_core *core, const uint8_t (*ids)[NRS_PREKEY_ID_SIZE], size_t count);

/** How many live RED reports a person of this organisation has not opened yet. told: their senders are told that it cannot. */
NRS_MUST_USE nrs_error nrs_person_unread(nrs_core *core, size_t *count_out, const char *person_id, const uint8_t owner[NRS_KEY_SIZE], bool told);
/* person_former.c */
NRS_MUST_USE nrs_error nrs_person_formers_load(nrs_core *core);
/** The command `person-former`: a person's key that ends, and the one that takes its place on the next card. Returns NRS_ERROR_MALFORMED, UNKNOWN_PERSON, FORGED, LIMIT. */
NRS_MUST_USE nrs_error nrs_person_former_take(nrs_core *core, const json_t *request);
/** The key that a person with this one has by now; the same where it did not change. Borrowed. */
const uint8_t *nrs_person_key_now(const nrs_core *core, const uint8_t *sign_key);

/** Our own card is replaced: what belongs to keys that stand on it no longer ends. */
NRS_MUST_USE nrs_error nrs_persons_settle(nrs_core *core, const nrs_card *before, const nrs_card *after);

#endif
