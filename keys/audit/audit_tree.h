/* What the files of the audit log share within keys/. */
#ifndef KEYS_AUDIT_TREE_H
#define KEYS_AUDIT_TREE_H

#include "keys/audit.h"

/** The node over two hashes. node_out may be either of them. */
void nrs_audit_node(uint8_t node_out[NRS_HASH_SIZE], const uint8_t *left, const uint8_t *right);

#endif
