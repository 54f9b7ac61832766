#ifndef CLI_AUDIT_WORDS_H
#define CLI_AUDIT_WORDS_H

/** The detail of an entry for a person; what has no translation stays as it is. Owned (free); NULL when there is none or no memory. */
char *nrs_audit_words(const char *detail);

#endif
