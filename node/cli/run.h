/* What each command does; the table in commands.c names them. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include <jansson.h>

#include "command.h"

nrs_error nrs_run_init(nrs_cli *cli);
nrs_error nrs_run_card(nrs_cli *cli);
nrs_error nrs_run_person_add(nrs_cli *cli);
nrs_error nrs_run_person_list(nrs_cli *cli);
nrs_error nrs_run_person_remove(nrs_cli *cli);
nrs_error nrs_run_person_rename(nrs_cli *cli);
nrs_error nrs_run_person_rekey(nrs_cli *cli);
nrs_error nrs_run_person_reset(nrs_cli *cli);
nrs_error nrs_run_person_unlock(nrs_cli *cli);
nrs_error nrs_run_key_passphrase(nrs_cli *cli);
nrs_error nrs_run_key_prekeys(nrs_cli *cli);
nrs_error nrs_run_key_rotate(nrs_cli *cli);
nrs_error nrs_run_key_paper(nrs_cli *cli);
nrs_error nrs_run_key_revoke(nrs_cli *cli);
nrs_error nrs_run_backup(nrs_cli *cli);
nrs_error nrs_run_restore(nrs_cli *cli);
nrs_error nrs_run_community_create(nrs_cli *cli);
nrs_error nrs_run_community_add(nrs_cli *cli);
nrs_error nrs_run_community_succeed(nrs_cli *cli);
nrs_error nrs_run_community_remove(nrs_cli *cli);
nrs_error nrs_run_community_disclaimer(nrs_cli *cli);
nrs_error nrs_run_community_duty(nrs_cli *cli);
nrs_error nrs_run_community_recognise(nrs_cli *cli);
nrs_error nrs_run_community_rule(nrs_cli *cli);
nrs_error nrs_run_community_key(nrs_cli *cli);
nrs_error nrs_run_community_keys(nrs_cli *cli);
nrs_error nrs_run_community_renew(nrs_cli *cli);
nrs_error nrs_run_community_sign(nrs_cli *cli);
nrs_error nrs_run_community_combine(nrs_cli *cli);
nrs_error nrs_run_community_apply(nrs_cli *cli);
nrs_error nrs_run_community_forks(nrs_cli *cli);
nrs_error nrs_run_community_heal(nrs_cli *cli);
nrs_error nrs_run_community_show(nrs_cli *cli);
nrs_error nrs_run_community_fingerprint(nrs_cli *cli);
nrs_error nrs_run_community_invite(nrs_cli *cli);
nrs_error nrs_run_join(nrs_cli *cli);
nrs_error nrs_run_send(nrs_cli *cli);
nrs_error nrs_run_reply(nrs_cli *cli);
nrs_error nrs_run_form(nrs_cli *cli);
nrs_error nrs_run_list(nrs_cli *cli);
nrs_error nrs_run_show(nrs_cli *cli);
nrs_error nrs_run_accept(nrs_cli *cli);
nrs_error nrs_run_decline(nrs_cli *cli);
nrs_error nrs_run_withdraw(nrs_cli *cli);
nrs_error nrs_run_release_ask(nrs_cli *cli);
nrs_error nrs_run_release_list(nrs_cli *cli);
nrs_error nrs_run_release_grant(nrs_cli *cli);
nrs_error nrs_run_release_deny(nrs_cli *cli);
nrs_error nrs_run_forward(nrs_cli *cli);
/** A report as `show` answers it: by the node, or for RED by --as PERSON here. Out: row_out: a new reference, also where the report is
 *  closed and all but its text is answered beside the refusal. Recorded. */
nrs_error nrs_report_fetch(nrs_cli *cli, json_t **row_out, const char *id);
nrs_error nrs_run_receipts(nrs_cli *cli);
nrs_error nrs_run_vouch(nrs_cli *cli);
nrs_error nrs_run_export(nrs_cli *cli);
nrs_error nrs_run_verify(nrs_cli *cli);
nrs_error nrs_run_forget(nrs_cli *cli);
nrs_error nrs_run_audit_list(nrs_cli *cli);
nrs_error nrs_run_audit_verify(nrs_cli *cli);
nrs_error nrs_run_audit_checkpoint(nrs_cli *cli);
nrs_error nrs_run_audit_signed(nrs_cli *cli);
nrs_error nrs_run_audit_export(nrs_cli *cli);
nrs_error nrs_run_status(nrs_cli *cli);

#endif
