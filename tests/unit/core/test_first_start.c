/* The first start of a node, cut off anywhere between the vault's file and the store, and a store that is lost beside a vault in use (SPEC 9). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/core.h"
#include "keys/card.h"
#include "keys/vault.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define NOW_MS 1795400000000ull
#define KILLED_EXIT 77

typedef enum cut { CUT_NOWHERE, CUT_DISK_FULL, CUT_KILLED, CUT_TORN } cut;

typedef struct node {
    char folder[64], store[96], vault[96];
    nrs_identity *identity;
    nrs_bytes card, audit_end;
    cut cut;               /* at the next write of the vault's file */
    size_t vault_writes;
} node;

static nrs_error vault_read(void *context, nrs_bytes *bytes_out)
{
    const node *self = context;
    uint8_t bytes[NRS_VAULT_FILE_SIZE];
    FILE *file = fopen(self->vault, "rb");
    size_t size;

    if (file == NULL) {
        nrs_bytes_wipe(bytes_out);
        return NRS_OK;
    }
    size = fread(bytes, 1, sizeof bytes, file);
    assert_int_equal(fclose(file), 0);
    return nrs_bytes_copy(bytes_out, nrs_slice_of(bytes, size));
}

/* From here on no file of this process grows: the store's log of writes takes nothing more. */
static void limit_files(bool limited)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = limited ? 1 : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static nrs_error vault_write(void *context, nrs_slice bytes)
{
    node *self = context;
    uint8_t written[NRS_VAULT_FILE_SIZE];
    FILE *file = fopen(self->vault, "wb");

    assert_non_null(file);
    assert_int_equal(bytes.size, sizeof written);
    memcpy(written, bytes.data, sizeof written);
    if (self->cut == CUT_TORN) {
        memset(written + 512, 0, 512);
    }
    assert_int_equal(fwrite(written, 1, sizeof written, file), sizeof written);
    assert_int_equal(fclose(file), 0);
    self->vault_writes++;
    if (self->cut == CUT_KILLED) {
        _exit(KILLED_EXIT);
    }
    limit_files(self->cut == CUT_DISK_FULL);
    return self->cut == CUT_TORN ? NRS_ERROR_DISK : NRS_OK;
}

static nrs_error audit_read(void *context, nrs_bytes *bytes_out)
{
    const node *self = context;

    return nrs_bytes_copy(bytes_out, nrs_slice_of_bytes(&self->audit_end));
}

static nrs_error audit_write(void *context, size_t offset, nrs_slice bytes, bool sync)
{
    node *self = context;
    nrs_error error = NRS_OK;

    (void)sync;
    if (self->audit_end.size < offset + bytes.size) {
        error = nrs_bytes_resize(&self->audit_end, offset + bytes.size);
    }
    if (error == NRS_OK) {
        memcpy(self->audit_end.data + offset, bytes.data, bytes.size);
    }
    return error;
}

static nrs_error start(node *self)
{
    nrs_store_options store_options = {.path = self->store};
    nrs_core_options options = {.identity = self->identity, .own_card = nrs_slice_of_bytes(&self->card),
                                .vault = {.context = self, .read = vault_read, .write = vault_write},
                                .audit_file = {.context = self, .read = audit_read, .write = audit_write}};
    uint8_t incarnation[NRS_LOG_ID_SIZE];
    nrs_store *store = NULL;
    nrs_core *core = NULL;
    nrs_error error;

    randombytes_buf(incarnation, sizeof incarnation);
    OK(nrs_store_open(&store, &store_options, incarnation));
    options.store = store;
    error = nrs_core_new(&core, &options, NOW_MS);
    nrs_core_destroy(&core);
    nrs_store_close(&store);
    limit_files(false);
    return error;
}

static int make(void **state)
{
    node *self = calloc(1, sizeof *self);
    nrs_card card;
    char org[] = "org", name[] = "試験組織";

    assert_non_null(self);
    OK(nrs_keys_start());
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)snprintf(self->folder, sizeof self->folder, "/tmp/noroshi-first-XXXXXX");
    assert_non_null(mkdtemp(self->folder));
    (void)snprintf(self->store, sizeof self->store, "%s/store.db", self->folder);
    (void)snprintf(self->vault, sizeof self->vault, "%s/vault", self->folder);
    OK(nrs_identity_new(&self->identity));
    nrs__wire__card__init(&card);
    card.org = org;
    card.name = name;
    card.serial = 1;
    card.created_ms = NOW_MS;
    OK(nrs_card_sign(&self->card, &card, self->identity));
    *state = self;
    return 0;
}

static int clean(void **state)
{
    node *self = *state;
    char command[96];

    nrs_identity_destroy(&self->identity);
    nrs_bytes_wipe(&self->card);
    nrs_bytes_wipe(&self->audit_end);
    (void)snprintf(command, sizeof command, "rm -rf %s", self->folder);
    assert_int_equal(system(command), 0);
    free(self);
    return 0;
}

/* The next start makes the vault, and the one after it opens what was wrapped under it: prekeys, from the first start on. */
static void assert_goes_on(node *self)
{
    self->cut = CUT_NOWHERE;
    self->vault_writes = 0;
    OK(start(self));
    assert_int_equal(self->vault_writes, 1);
    OK(start(self));
    OK(start(self));
    assert_int_equal(self->vault_writes, 1);
}

static void a_disk_that_is_full_behind_the_vault(void **state)
{
    node *self = *state;

    self->cut = CUT_DISK_FULL;
    assert_int_equal(start(self), NRS_ERROR_DISK);
    assert_goes_on(self);
}

static void a_kill_behind_the_vault(void **state)
{
    node *self = *state;
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    self->cut = CUT_KILLED;
    if (child == 0) {
        (void)start(self);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == KILLED_EXIT);
    assert_goes_on(self);
}

static void a_write_of_the_vault_that_is_torn(void **state)
{
    node *self = *state;

    self->cut = CUT_TORN;
    assert_int_equal(start(self), NRS_ERROR_DISK);
    assert_goes_on(self);
}

/* What was wrapped under the root may be in a copy of the store: the root stays until a person takes the file away. */
static void a_store_that_is_lost_beside_its_vault(void **state)
{
    node *self = *state;
    char copy[128];
    nrs_bytes before = {0}, after = {0};

    OK(start(self));
    (void)snprintf(copy, sizeof copy, "%s.copy", self->store);
    assert_int_equal(rename(self->store, copy), 0);
    OK(vault_read(self, &before));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(start(self), NRS_ERROR_DAMAGED);
    }
    OK(vault_read(self, &after));
    assert_true(nrs_slice_equal(nrs_slice_of_bytes(&before), nrs_slice_of_bytes(&after)));
    assert_int_equal(rename(copy, self->store), 0);
    OK(start(self));
    nrs_bytes_wipe(&before);
    nrs_bytes_wipe(&after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_disk_that_is_full_behind_the_vault, make, clean),
        cmocka_unit_test_setup_teardown(a_kill_behind_the_vault, make, clean),
        cmocka_unit_test_setup_teardown(a_write_of_the_vault_that_is_torn, make, clean),
        cmocka_unit_test_setup_teardown(a_store_that_is_lost_beside_its_vault, make, clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
