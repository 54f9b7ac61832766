/* One delivery of a report, for the vectors: who is there, what a reader is given, and what it must find. */
#ifndef SCENE_H
#define SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sealing/sealing.h"
#include "sealing_fixture.h"
#include "vector_file.h"

typedef enum delivery {
    BY_SLOT,         /* by a slot of the first grant; CLEAR by the grant itself */
    BY_GRANT,        /* by a slot of a later grant to the same audience */
    BY_OWN_AUDIENCE, /* by a slot of a later grant to an audience of its own, under the header's consent */
} delivery;

typedef struct scene {
    party sender, reader, other, hub;
    sealing made;
    nrs_bytes grant;     /* a GRANT record, or empty */
    nrs_bytes slot_path; /* a SLOT_PATH record, or empty */
    nrs_public_keys grantor;
    const party *as; /* who reads */
    uint8_t prekey_id[NRS_PREKEY_ID_SIZE];
    uint8_t prekey_secret[NRS_KEY_SIZE];
    nrs_audience own_audience;
    uint8_t grant_id[NRS_HASH_SIZE];
} scene;

/* The one delivery that is being made. */
extern scene it;

/* In a community of two for AMBER; crowd: how many recipients there are at least. */
void scene_init(nrs_label label, delivery how, size_t crowd);
/* Before that: of the next report; 0 for one that is named. numbered: its body says how often the hub has vouched;
 * of a withheld source that it stands in a stream. */
void scene_attribute(uint32_t attribution, bool numbered);
void scene_wipe(void);
/* good: with what the reader must find. */
void scene_write(FILE *file, bool good);
/* Read with a party's prekey. */
void scene_use_prekey(const party *who);
/* Take an organisation's path from the first grant's table. */
void scene_take_path(const uint8_t *org_sign_key);
/* Sign a grant statement, and take the reader's path from its table, if one is given. */
void scene_publish_grant(const nrs_bytes *statement, const nrs_bytes *table, const party *by);
/* Sign the parts, as they stand now. */
void scene_sign_again(const party *by);
/* What the sealed body holds, padding and all. */
void scene_body_plain(nrs_bytes *plain_out);
/* Seal, under another header, a body of which the caller chose every byte, and sign it all. */
void scene_reseal(const nrs_header *header, const nrs_bytes *plain);
/* The same with the body that there is. */
void scene_reseal_with(const nrs_header *header);
/* Change the later grant's statement and sign it again; its slots stay. */
void scene_edit_grant(void (*change)(nrs_grant *grant), const party *by);
/* Make a later grant of a plan, which need not be a right one, for the reader. */
void scene_build_grant(nrs_grant_plan *plan, const party *by);

#endif
