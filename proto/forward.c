#include "proto/forward.h"

#include <string.h>

#include "proto/assert.h"
#include "proto/form.h"
#include "proto/limits.h"
#include "proto/time.h"

static nrs_error put(nrs_bytes *text, const char *piece)
{
    return nrs_bytes_append(text, nrs_slice_of_string(piece));
}

static nrs_error put_pieces(nrs_bytes *text, const char *const *pieces, size_t count)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < count && error == NRS_OK; i++) {
        error = put(text, pieces[i]);
    }
    return error;
}

nrs_error nrs_forward_begin(nrs_bytes *text, const char *added, const nrs_forwarded *forwarded)
{
    char created[32];
    const char *const person[] = {"発信者 / Written by: ", forwarded->person == NULL ? "" : forwarded->person, "\n"};
    const char *const head[] = {"-------- 転送 / Forwarded: TLP:", nrs_label_name(forwarded->label), " --------\n発信元 / From: ", forwarded->from, "\n"};
    const char *const rest[] = {"識別子 / ID: ", forwarded->id, "\n作成 / Created: ", created, "\n件名 / Subject: ", forwarded->subject, "\n\n",
                                forwarded->body};
    const size_t body_size = strlen(forwarded->body);
    nrs_error error = NRS_OK;

    NRS_ASSERT(text != NULL && text->size == 0 && added != NULL);
    nrs_time_format(created, forwarded->created_ms);
    if (added[0] != '\0') {
        error = put(text, added);
        if (error == NRS_OK) {
            error = put(text, added[strlen(added) - 1] == '\n' ? "\n" : "\n\n");
        }
    }
    if (error == NRS_OK) {
        error = put_pieces(text, head, sizeof head / sizeof head[0]);
    }
    if (error == NRS_OK && forwarded->person != NULL) {
        error = put_pieces(text, person, sizeof person / sizeof person[0]);
    }
    if (error == NRS_OK) {
        error = put_pieces(text, rest, sizeof rest / sizeof rest[0]);
    }
    return error == NRS_OK && body_size > 0 && forwarded->body[body_size - 1] != '\n' ? put(text, "\n") : error;
}

nrs_error nrs_forward_field(nrs_bytes *text, const char *name, const char *value, bool hidden)
{
    size_t count = 0;
    const nrs_form_field *fields = nrs_form_fields(&count);

    if (hidden && nrs_field_tells_source(name)) {
        return NRS_OK;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            const char *const known[] = {fields[i].ja, " / ", fields[i].en, ": ", value, "\n"};

            return put_pieces(text, known, sizeof known / sizeof known[0]);
        }
    }
    {
        const char *const unknown[] = {name, ": ", value, "\n"};

        return put_pieces(text, unknown, sizeof unknown / sizeof unknown[0]);
    }
}

nrs_error nrs_forward_end(nrs_bytes *text, const nrs_forwarded *forwarded)
{
    const char *const foot[] = {"-------- TLP:", nrs_label_name(forwarded->label), " --------\n"};
    nrs_error error = put_pieces(text, foot, sizeof foot / sizeof foot[0]);

    return error == NRS_OK ? nrs_bytes_append_u8(text, 0) : error;
}

bool nrs_field_tells_source(const char *name)
{
    static const char *const telling[] = {"reporter", "system", "publication", "other_reports", "references"};

    NRS_ASSERT(name != NULL);
    for (size_t i = 0; i < sizeof telling / sizeof telling[0]; i++) {
        if (strcmp(telling[i], name) == 0) {
            return true;
        }
    }
    return false;
}

void nrs_forward_subject(char *subject_out, const char *subject)
{
    static const char prefix[] = "Fwd: ";
    const size_t before = strncmp(subject, prefix, sizeof prefix - 1) == 0 ? 0 : sizeof prefix - 1;
    size_t size = strlen(subject);

    NRS_ASSERT(subject_out != NULL);
    if (size > NRS_SUBJECT_SIZE_MAX - before) {
        size = NRS_SUBJECT_SIZE_MAX - before;
        while (size > 0 && ((unsigned char)subject[size] & 0xc0) == 0x80) {
            size--;
        }
    }
    memcpy(subject_out, prefix, before);
    memcpy(subject_out + before, subject, size);
    subject_out[before + size] = '\0';
}
