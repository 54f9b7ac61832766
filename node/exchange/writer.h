/* Pieces of a text for people, appended one after another. */
#ifndef EXCHANGE_WRITER_H
#define EXCHANGE_WRITER_H

#include <jansson.h>

#include "exchange/report.h"
#include "proto/bytes.h"

/* A failure is looked at once, when all is appended. */
typedef struct nrs_writer {
    nrs_bytes text;
    nrs_error error;
    bool japanese;
    bool apart; /* texts stand away from the margin: as shown, not as exported */
    const nrs_exchange_style *style;
} nrs_writer;
void nrs_put(nrs_writer *to, const char *text);
/** The name of a line, in the reader's language. */
void nrs_put_name(nrs_writer *to, const char *ja, const char *en);
void nrs_put_one_line(nrs_writer *to, const char *text);
void nrs_put_text(nrs_writer *to, const char *text);
void nrs_put_list(nrs_writer *to, const json_t *list);
/** In the style's form. */
void nrs_put_time(nrs_writer *to, const char *at);
bool nrs_says_something(const json_t *value);

/** text_head.c: the lines above the body, and behind it the form's fields and the attachments. */
void nrs_put_head(nrs_writer *to, const json_t *report);
void nrs_put_fields(nrs_writer *to, const json_t *given);
void nrs_put_attachments(nrs_writer *to, const json_t *attachments);

/** text_terms.c: what a recipient may do; the texts under which it is read, and who accepted them. */
void nrs_put_conditions(nrs_writer *to, const json_t *conditions);
void nrs_put_disclaimers(nrs_writer *to, const json_t *report);

/** text_withheld.c: of a report whose source is withheld, or that is vouched for. */
void nrs_put_withheld(nrs_writer *to, const json_t *report);

/** way.c: how the node came to have a report, who else was let in by whom, and on which release of the sender's. */
void nrs_put_way(nrs_writer *to, const json_t *report);

#endif
