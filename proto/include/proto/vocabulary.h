/* Vocabularies with stable codes and names in Japanese and English (SPEC 4). Sectors are configuration, not listed. */
#ifndef PROTO_VOCABULARY_H
#define PROTO_VOCABULARY_H

#include <stddef.h>
#include <stdint.h>

#include "proto/error.h"

typedef struct nrs_term {
    uint32_t value;     /* on the wire; 0 is never a term */
    const char *code;   /* "near-miss" */
    const char *ja;
    const char *en;
} nrs_term;

typedef enum nrs_vocabulary {
    NRS_VOCABULARY_KIND = 1,       /* incident … survey */
    NRS_VOCABULARY_ROLE,           /* operator … council */
    NRS_VOCABULARY_EVENT_TYPE,     /* 事象の類型 */
    NRS_VOCABULARY_CAUSE,          /* 原因の類型 */
    NRS_VOCABULARY_ONWARD,         /* council, ministry, national, response, communities: value is the bit */
    NRS_VOCABULARY_PAP,            /* Permissible Actions Protocol: CLEAR … RED, ascending in strictness */
    NRS_VOCABULARY_ANSWER,         /* yes, no */
    NRS_VOCABULARY_AUDIT           /* what an entry of the audit log tells of */
} nrs_vocabulary;

/** All terms of a vocabulary in their order; static storage. */
const nrs_term *nrs_vocabulary_terms(nrs_vocabulary vocabulary, size_t *count_out);
/** NULL when there is none. */
const nrs_term *nrs_vocabulary_by_code(nrs_vocabulary vocabulary, const char *code);
const nrs_term *nrs_vocabulary_by_value(nrs_vocabulary vocabulary, uint32_t value);

/* Values that rules name. */
enum { NRS_KIND_INCIDENT = 1, NRS_KIND_EARLY_SIGN, NRS_KIND_NEAR_MISS, NRS_KIND_ADVISORY, NRS_KIND_LESSON,
       NRS_KIND_SITUATION, NRS_KIND_RESTORATION, NRS_KIND_REQUEST, NRS_KIND_STANDARD, NRS_KIND_SURVEY };
enum { NRS_ROLE_OPERATOR = 1, NRS_ROLE_HUB, NRS_ROLE_MINISTRY, NRS_ROLE_NATIONAL, NRS_ROLE_RESPONSE,
       NRS_ROLE_RELATED, NRS_ROLE_COUNCIL };

enum { NRS_PAP_CLEAR = 1, NRS_PAP_GREEN, NRS_PAP_AMBER, NRS_PAP_RED };
enum { NRS_ANSWER_YES = 1, NRS_ANSWER_NO };
enum { NRS_AUDIT_PADDING = 1, NRS_AUDIT_OPEN, NRS_AUDIT_RED_OPEN, NRS_AUDIT_ACCEPT, NRS_AUDIT_DECLINE, NRS_AUDIT_EXPORT,
       NRS_AUDIT_EXTEND, NRS_AUDIT_ASK, NRS_AUDIT_RELEASE, NRS_AUDIT_DENY, NRS_AUDIT_VOUCH, NRS_AUDIT_WITHDRAW, NRS_AUDIT_FORGET,
       NRS_AUDIT_SEND, NRS_AUDIT_ROSTER, NRS_AUDIT_JOIN, NRS_AUDIT_CARD, NRS_AUDIT_PREKEYS, NRS_AUDIT_KEY, NRS_AUDIT_OVERRIDE,
       NRS_AUDIT_ALARM, NRS_AUDIT_LOG_EXPORT, NRS_AUDIT_EVENT_LAST = NRS_AUDIT_LOG_EXPORT };

/* How a set of kinds stands in the bits of Disclaimer and DutyRule. */
#define NRS_KIND_BIT(kind) (1u << (unsigned)(kind))
#define NRS_KIND_BITS_ALL (NRS_KIND_BIT(NRS_KIND_SURVEY + 1) - NRS_KIND_BIT(NRS_KIND_INCIDENT))
enum { NRS_ONWARD_COUNCIL = 1, NRS_ONWARD_MINISTRY = 2, NRS_ONWARD_NATIONAL = 4, NRS_ONWARD_RESPONSE = 8, NRS_ONWARD_COMMUNITIES = 16 };
#define NRS_ONWARD_BITS_ALL 31u

#endif
