/* Statements in the store, where they wait for a prekey of their reader, or under load for a moment (statements.c, letters.c). */
#ifndef CORE_LETTERS_H
#define CORE_LETTERS_H

#include "internal.h"

/** After a start: how many wait for each reader. After the directory was loaded. */
NRS_MUST_USE nrs_error nrs_letters_load(nrs_core *core);
/** Put what is not in the store yet there. A reader for whom too many wait already gets no more: those stay as they are, unnumbered. */
NRS_MUST_USE nrs_error nrs_letters_keep(nrs_core *core, nrs_pending_statement *list, size_t count);
/** Take those that are in the store out of it. */
NRS_MUST_USE nrs_error nrs_letters_delete(nrs_core *core, const nrs_pending_statement *list, size_t count);
/** What lies in the store for readers that have a prekey now joins what is at hand; of very many some, and the rest in the next step. */
NRS_MUST_USE nrs_error nrs_letters_requeue(nrs_core *core);
/** Drop what has waited too long; a page with each call. The caller has seen that the clock is trusted. */
NRS_MUST_USE nrs_error nrs_letters_expire(nrs_core *core);

/** Whether it stands outside for no more than a fork, in which not all sides have it: the roster that heals decides, and letters wait for that. */
bool nrs_letter_outside(nrs_core *core, const uint8_t to[NRS_KEY_SIZE], const uint8_t community[NRS_HASH_SIZE]);
/** statements.c: the reader with the prekey to use now. NRS_ERROR_NOT_FOUND: letters wait. */
NRS_MUST_USE nrs_error nrs_letter_reader(nrs_core *core, nrs_recipient *to_out, const nrs_peer *peer);
/** The time that an envelope bears. */
uint64_t nrs_letter_time(nrs_core *core);
/** Whether this clock and most peers' are so far apart that no envelope is sent. */
bool nrs_letter_no_time(nrs_core *core);
/** Whether this node is a member there: by keys that its roster does not name yet nothing is taken, and letters wait for that too. */
bool nrs_letter_community(nrs_core *core, const uint8_t community[NRS_HASH_SIZE]);
/** The organisation that reads what is for this key in a community now; NULL if nobody does. */
const nrs_peer *nrs_letter_peer(nrs_core *core, const uint8_t to[NRS_KEY_SIZE], const uint8_t community[NRS_HASH_SIZE]);

#endif
