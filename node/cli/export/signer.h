/* Who made a signature, as far as rosters and cards tell: those of the node's folder, or one that was given. */
#ifndef CLI_SIGNER_H
#define CLI_SIGNER_H

#include "command.h"
#include "keys/export.h"

typedef struct nrs_signer {
    const char *known_by; /* "card", "roster", "invite", "folder", "node"; NULL: nobody knows the key */
    char org[NRS_NAME_SIZE_MAX + 1];
    char name[NRS_DISPLAY_NAME_SIZE_MAX + 1];
    bool former;          /* a key that left its community, or was followed by another */
    bool revoked;
    bool community_known; /* a roster of the report's own community was at hand */
    bool community_other; /* of rosters at hand only that of another community has the name that the file gives */
    char community[NRS_NAME_SIZE_MAX + 1];
    char known_in[NRS_NAME_SIZE_MAX + 1]; /* whose roster has the key; "": a card alone */
    char home_org[NRS_NAME_SIZE_MAX + 1]; /* whose key it is by the roster of the report's own community alone; "": not at hand, or it does not have the key */
    bool home_former;                     /* there it left, or was followed by another */
} nrs_signer;

/** Look a signer up in what --card, --roster or --invite names, or without them in the folder, when there is one, and at the node, when it runs. Recorded. */
NRS_MUST_USE nrs_error nrs_signer_find(nrs_cli *cli, nrs_signer *signer_out, const nrs_export_view *view);

#endif
