/* The ZAP handler (ZeroMQ RFC 27): answers every handshake of a peer that dials us from the rosters in memory. */
#ifndef SHELL_ADMISSION_H
#define SHELL_ADMISSION_H

#include "core/core.h"

/** Open the handler's socket; to be done before any server socket is bound. Returns NULL on failure. */
void *nrs_admission_open(void *zmq);
/** Answer the handshakes that wait: 200 with User-Id = Z85 of the key when core admits it, 400 when not, 500 for a
 * request that is not one of CURVE's. At most 256 at a time. */
void nrs_admission_answer(void *handler, const nrs_core *core);

#endif
