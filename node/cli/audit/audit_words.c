/* What the node notes beside an entry of its audit log, in the person's language. The entries themselves are signed as they stand, in English. */
#include "audit/audit_words.h"

#include <string.h>

#include "language.h"
#include "node_words.h"

/* check_catalogue.sh sees that each of node/core is here; those with values in them are in node_words.c. */
static const char *const details[] = {
    N_("by the command line"),
    N_("entries at the end of the audit log were removed"),
    N_("it has begun a new audit log"),
    N_("it has signed an audit log of this node that is not the one held here"),
    N_("it holds more of this node's records than there are: an older store was put in place"),
    N_("its audit log does not continue what this hub has signed"),
    N_("it does not show that its audit log continues what this hub has signed"),
    N_("one number of two vouched reports"),
    N_("the audit log before this one cannot be read"),
    N_("the audit log that this node kept is gone"),
    N_("the audit log does not continue what was signed"),
    N_("this node sent two reports under one number"),
    N_("two reports under one number"),
    N_("the keys were written into a backup"),
    N_("the paper that revokes the key was printed"),
    N_("the passphrase of a key was changed"),
    N_("what this hub noted of its audit log cannot be read, and is begun again"),
    N_("what was signed of the audit log was removed"),
    N_("what is noted beside the store of where the audit log ends does not open"),
    N_("what was noted beside the store of where the audit log ends is gone"),
    N_("the audit log is not the one noted beside the store"),
};

char *nrs_audit_words(const char *detail)
{
    for (size_t i = 0; detail != NULL && i < sizeof details / sizeof details[0]; i++) {
        if (strcmp(details[i], detail) == 0) {
            return strdup(_(details[i]));
        }
    }
    return nrs_node_words(detail, NULL);
}
