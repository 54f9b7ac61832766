#include "keys/backup.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "identity/lock.h"
#include "proto/assert.h"

/* The file: "NRSBAK01", the lock, then under XChaCha20-Poly1305, bound to everything before: u64 made, u32 count, and for
 * each file its name and its bytes, both prefixed with their size. */
#define MAGIC "NRSBAK01"
#define MAGIC_SIZE (sizeof(MAGIC) - 1)
#define HEAD_SIZE (MAGIC_SIZE + NRS_LOCK_SIZE)

void nrs_backup_wipe(nrs_backup *backup)
{
    NRS_ASSERT(backup != NULL);
    for (size_t i = 0; i < backup->count; i++) {
        nrs_bytes_wipe(&backup->files[i].bytes);
    }
    free(backup->files);
    *backup = (nrs_backup){0};
}

static nrs_error make_room(nrs_backup *backup)
{
    const size_t capacity = backup->capacity == 0 ? 64 : 2 * backup->capacity;
    nrs_backup_file *files = NULL;

    if (backup->count < backup->capacity) {
        return NRS_OK;
    }
    files = realloc(backup->files, capacity * sizeof *files);
    if (files == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    backup->files = files;
    backup->capacity = capacity;
    return NRS_OK;
}

nrs_error nrs_backup_add(nrs_backup *backup, const char *name, nrs_slice bytes)
{
    nrs_error error = NRS_OK;

    NRS_ASSERT(backup != NULL && name != NULL);

    if (backup->count == NRS_BACKUP_FILE_COUNT_MAX || name[0] == '\0' || strlen(name) > NRS_BACKUP_NAME_SIZE_MAX) {
        return NRS_ERROR_LIMIT;
    }
    if (backup->count > 0 && strcmp(backup->files[backup->count - 1].name, name) >= 0) {
        return NRS_ERROR_NOT_CANONICAL;
    }
    error = make_room(backup);
    if (error != NRS_OK) {
        return error;
    }
    backup->files[backup->count] = (nrs_backup_file){0};
    memcpy(backup->files[backup->count].name, name, strlen(name));
    error = nrs_bytes_copy(&backup->files[backup->count].bytes, bytes);
    backup->count += error == NRS_OK ? 1 : 0;
    return error;
}

nrs_error nrs_backup_encode(nrs_bytes *content_out, const nrs_backup *backup)
{
    nrs_bytes content = {0};
    nrs_bytes *plain = &content;
    nrs_error error = nrs_bytes_append_u64(plain, backup->made_ms);

    NRS_ASSERT(content_out != NULL);

    if (error == NRS_OK) {
        error = nrs_bytes_append_u32(plain, (uint32_t)backup->count);
    }
    for (size_t i = 0; error == NRS_OK && i < backup->count; i++) {
        error = nrs_bytes_append_prefixed(plain, nrs_slice_of_string(backup->files[i].name));
        if (error == NRS_OK) {
            error = nrs_bytes_append_prefixed(plain, nrs_slice_of_bytes(&backup->files[i].bytes));
        }
    }
    if (error == NRS_OK && plain->size > NRS_BACKUP_SIZE_MAX) {
        error = NRS_ERROR_TOO_LARGE;
    }
    if (error == NRS_OK) {
        nrs_bytes_wipe(content_out);
        *content_out = content;
        content = (nrs_bytes){0};
    }
    nrs_bytes_wipe(&content);
    return error;
}

nrs_error nrs_backup_seal(nrs_bytes *file_out, const nrs_backup *backup, nrs_slice passphrase)
{
    nrs_lock lock;
    nrs_secret *key = NULL;
    nrs_bytes plain = {0};
    nrs_bytes file = {0};
    nrs_error error = NRS_OK;

    NRS_ASSERT(file_out != NULL && backup != NULL);

    if (passphrase.size == 0 || passphrase.size > NRS_PASSPHRASE_SIZE_MAX) {
        return NRS_ERROR_PASSPHRASE;
    }
    nrs_lock_new(&lock);
    error = nrs_backup_encode(&plain, backup);
    if (error == NRS_OK) {
        error = nrs_bytes_append(&file, nrs_slice_of(MAGIC, MAGIC_SIZE));
    }
    if (error == NRS_OK) {
        error = nrs_lock_append(&file, &lock);
    }
    if (error == NRS_OK) {
        error = nrs_lock_key(&key, &lock, passphrase);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_resize(&file, HEAD_SIZE + plain.size + NRS_TAG_SIZE);
    }
    if (error == NRS_OK) {
        (void)crypto_aead_xchacha20poly1305_ietf_encrypt(file.data + HEAD_SIZE, NULL, plain.data, plain.size, file.data, HEAD_SIZE, NULL,
                                                         lock.nonce, nrs_secret_view(key));
        nrs_bytes_wipe(file_out);
        *file_out = file;
        file = (nrs_bytes){0};
    }
    nrs_secret_destroy(&key);
    nrs_bytes_wipe(&plain);
    nrs_bytes_wipe(&file);
    return error;
}

nrs_error nrs_backup_decode(nrs_backup *backup_out, nrs_slice content)
{
    nrs_reader reader = nrs_reader_over(content);
    nrs_backup backup = {0};
    uint32_t count = 0;
    nrs_error error = nrs_read_u64(&reader, &backup.made_ms);

    NRS_ASSERT(backup_out != NULL);

    if (error == NRS_OK) {
        error = nrs_read_u32(&reader, &count);
    }
    if (error == NRS_OK && count > NRS_BACKUP_FILE_COUNT_MAX) {
        error = NRS_ERROR_MALFORMED;
    }
    for (uint32_t i = 0; error == NRS_OK && i < count; i++) {
        char text[NRS_BACKUP_NAME_SIZE_MAX + 1] = "";
        nrs_slice name, bytes;

        error = nrs_read_prefixed(&reader, &name);
        if (error == NRS_OK) {
            error = nrs_read_prefixed(&reader, &bytes);
        }
        if (error == NRS_OK && (name.size == 0 || name.size > NRS_BACKUP_NAME_SIZE_MAX || memchr(name.data, 0, name.size) != NULL)) {
            error = NRS_ERROR_MALFORMED;
        }
        if (error == NRS_OK) {
            memcpy(text, name.data, name.size);
            error = nrs_backup_add(&backup, text, bytes);
        }
    }
    if (error == NRS_OK) {
        error = nrs_reader_end(&reader);
    }
    if (error == NRS_OK) {
        *backup_out = backup;
        backup = (nrs_backup){0};
    }
    nrs_backup_wipe(&backup);
    return error;
}

nrs_error nrs_backup_open(nrs_backup *backup_out, nrs_slice file, nrs_slice passphrase)
{
    nrs_lock lock = {0};
    nrs_secret *key = NULL;
    nrs_bytes plain = {0};
    uint8_t magic[MAGIC_SIZE] = {0};
    nrs_reader reader = nrs_reader_over(file);
    const size_t begun = file.size < MAGIC_SIZE ? file.size : MAGIC_SIZE;
    nrs_error error = NRS_OK;

    NRS_ASSERT(backup_out != NULL);

    if (memcmp(file.data == NULL ? magic : file.data, MAGIC, begun) != 0) {
        return NRS_ERROR_MALFORMED; /* another file */
    }
    if (file.size < HEAD_SIZE + NRS_TAG_SIZE) {
        return NRS_ERROR_DAMAGED; /* cut off, wherever */
    }
    error = nrs_read_copy(&reader, magic, sizeof magic);
    if (error != NRS_OK) {
        return error;
    }
    if (file.size > HEAD_SIZE + NRS_BACKUP_SIZE_MAX + NRS_TAG_SIZE) {
        return NRS_ERROR_TOO_LARGE;
    }
    error = nrs_lock_read(&lock, &reader);
    if (error == NRS_ERROR_MALFORMED) {
        return NRS_ERROR_DAMAGED; /* a backup all the same, by how it begins: no program writes such parameters */
    }
    if (error == NRS_OK && (passphrase.size == 0 || passphrase.size > NRS_PASSPHRASE_SIZE_MAX)) {
        error = NRS_ERROR_PASSPHRASE;
    }
    if (error == NRS_OK) {
        error = nrs_lock_key(&key, &lock, passphrase);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_resize(&plain, reader.left.size - NRS_TAG_SIZE);
    }
    if (error == NRS_OK && crypto_aead_xchacha20poly1305_ietf_decrypt(plain.data, NULL, NULL, reader.left.data, reader.left.size, file.data,
                                                                       HEAD_SIZE, lock.nonce, nrs_secret_view(key)) != 0) {
        error = NRS_ERROR_PASSPHRASE;
    }
    if (error == NRS_OK) {
        error = nrs_backup_decode(backup_out, nrs_slice_of_bytes(&plain));
    }
    nrs_secret_destroy(&key);
    nrs_bytes_wipe(&plain);
    return error;
}
