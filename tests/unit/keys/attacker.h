/* Whoever has a prekey's secret and every public key, and not the reader's identity: the transcript of a slot or an envelope is
 * public, so it is laid out here anew, and all that such an attacker can put in the place of the second agreement is tried.
 * Include after sealing_fixture.h. */
#ifndef ATTACKER_H
#define ATTACKER_H

#include "identity/agreement.h"
#include "sealing/padded.h"

/* What is sealed once for a reader. */
typedef struct sealed_once {
    nrs_domain domain;
    uint8_t transcript_hash[NRS_LONG_HASH_SIZE];
    nrs_slice box;
    const uint8_t *epk;       /* the sender's fresh key */
    const uint8_t *sender_agree_key, *reader_agree_key;
} sealed_once;

static inline void transcript_hash_of(sealed_once *it, nrs_domain domain, const nrs_bytes *transcript)
{
    const nrs_slice whole = nrs_slice_of_bytes(transcript);

    nrs_hash(it->transcript_hash, NRS_LONG_HASH_SIZE, domain, &whole, 1);
}

static inline nrs_error open_with(const sealed_once *it, const uint8_t *fresh, const uint8_t *second)
{
    uint8_t key[NRS_KEY_SIZE];
    uint8_t content[4096];
    const nrs_box_terms terms = {key, NULL, nrs_slice_of(it->transcript_hash, NRS_LONG_HASH_SIZE)};

    assert_true(it->box.size - NRS_TAG_SIZE <= sizeof content);
    nrs_pair_key(key, it->domain, it->transcript_hash, fresh, second);
    return nrs_box_open(content, it->box, &terms);
}

/* With the reader's identity it opens: what is laid out here is what was sealed to. Without it, nothing does. */
static inline void assert_identity_needed(const sealed_once *it, const nrs_prekey_secret *prekey, nrs_identity *attacker, nrs_identity *reader)
{
    static const uint8_t zero[NRS_KEY_SIZE];
    uint8_t fresh[NRS_KEY_SIZE], lasting[NRS_KEY_SIZE], own[2][NRS_KEY_SIZE], by_prekey[2][NRS_KEY_SIZE];
    const uint8_t *const guesses[] = {fresh,     own[0],   own[1], by_prekey[0], by_prekey[1], zero, it->sender_agree_key, it->reader_agree_key,
                                      it->epk, prekey->key};

    assert_int_equal(nrs_ephemeral_agree(fresh, prekey->secret, it->epk), NRS_OK);
    assert_int_equal(nrs_identity_agree(own[0], attacker, it->sender_agree_key), NRS_OK);
    assert_int_equal(nrs_identity_agree(own[1], attacker, it->epk), NRS_OK);
    assert_int_equal(nrs_ephemeral_agree(by_prekey[0], prekey->secret, it->sender_agree_key), NRS_OK);
    assert_int_equal(nrs_ephemeral_agree(by_prekey[1], prekey->secret, it->reader_agree_key), NRS_OK);
    for (size_t i = 0; i < sizeof guesses / sizeof guesses[0]; i++) {
        assert_int_equal(open_with(it, fresh, guesses[i]), NRS_ERROR_FORGED);
    }
    assert_int_equal(nrs_identity_agree(lasting, reader, it->sender_agree_key), NRS_OK);
    assert_int_equal(open_with(it, zero, lasting), NRS_ERROR_FORGED);
    assert_int_equal(open_with(it, fresh, lasting), NRS_OK);
}

#endif
