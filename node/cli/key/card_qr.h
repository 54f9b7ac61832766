/* A card as a QR code on the screen. */
#ifndef CLI_CARD_QR_H
#define CLI_CARD_QR_H

#include "command.h"

/** Draw the armoured card, or what one compares where it is larger than a code, or wider than the window: organisation, fingerprint
 *  and link key. `noroshi-qr` beside the program draws it. Recorded. */
NRS_MUST_USE nrs_error nrs_card_draw(nrs_cli *cli, const char *armoured, const char *brief);

#endif
