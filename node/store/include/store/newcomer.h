/* Who came into a community, until all in it have been told of them and they of all (SPEC 10.3). */
#ifndef STORE_NEWCOMER_H
#define STORE_NEWCOMER_H

#include "store/store.h"

/** One organisation in one community. Who came at one end of the log came together. */
typedef struct nrs_newcomer {
    uint64_t until;  /* the end of the log then: what stands later goes to all by itself */
    uint8_t org[NRS_KEY_SIZE];
    uint8_t community[NRS_HASH_SIZE];
    bool to_all;     /* all are to be told of it */
    bool others;     /* it is to be told of others: */
    char after[NRS_NAME_SIZE_MAX + 1]; /* of those whose name comes after this one */
} nrs_newcomer;

/** Replaces the row of the same three. */
NRS_MUST_USE nrs_error nrs_store_newcomer_set(nrs_store *store, const nrs_newcomer *newcomer);
/** Of whom something is left to be done: those who came first, and of them those whom all are to be told of. NRS_ERROR_NOT_FOUND. */
NRS_MUST_USE nrs_error nrs_store_newcomer_next(nrs_store *store, nrs_newcomer *newcomer_out);
/** The communities that an organisation came into then. */
typedef nrs_error (*nrs_came_visitor)(void *context, const uint8_t *community);
NRS_MUST_USE nrs_error nrs_store_newcomer_came(nrs_store *store, uint64_t until, const uint8_t org[NRS_KEY_SIZE], nrs_came_visitor visit, void *context);
/** Forget those who came then, where nothing is left to be done for any of them. */
NRS_MUST_USE nrs_error nrs_store_newcomer_end(nrs_store *store, uint64_t until);

#endif
