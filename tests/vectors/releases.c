#include "releases.h"

#include "signing.h"

static const uint8_t box[64] = {7}; /* whom the holder lets in, sealed: nobody opens it here */
static const uint8_t commitment[NRS_HASH_SIZE] = {0x21};

void release_as_sent(release_plan *plan)
{
    plan->release.label = NRS_LABEL_AMBER;
    plan->release.conditions = NULL;
}

void release_as_agreed(release_plan *plan)
{
    plan->release.label = NRS_LABEL_GREEN;
}

void release_other_report(release_plan *plan)
{
    plan->release.sealed_id = nrs_field_of(nrs_slice_of(plan->other, NRS_HASH_SIZE));
}

void release_longer(release_plan *plan)
{
    plan->release.expires_ms = FIXTURE_NOW_MS + NRS_REPORT_LIFE_MS_DEFAULT + 1;
}

void grant_other_report(release_plan *plan)
{
    plan->grant.sealed_id = plan->other;
}

void grant_other_holder(release_plan *plan)
{
    plan->holder = &it.other;
}

void grant_wider(release_plan *plan)
{
    plan->grant.audience_commitment = nrs_slice_of(plan->other, NRS_HASH_SIZE);
}

void grant_other_community(release_plan *plan)
{
    plan->grant.target = nrs_slice_of(plan->other, NRS_HASH_SIZE);
}

void grant_by_consent(release_plan *plan)
{
    plan->grant.authority = NRS_AUTHORITY_CONSENT;
}

void grant_late(release_plan *plan)
{
    plan->grant.created_ms = plan->release.expires_ms;
}

void release_make(nrs_bytes *release_out, nrs_bytes *grant_out, const nrs_sealed_view *view, const nrs_secret *file_key, void (*change)(release_plan *plan))
{
    release_plan plan = {.holder = &it.hub, .other = {0x33}};
    nrs_release *made = NULL;
    nrs_bytes statement = {0}, table = {0};
    uint8_t signer[NRS_KEY_SIZE], release_id[NRS_HASH_SIZE], grant_id[NRS_HASH_SIZE];

    nrs__wire__release__init(&plan.release);
    nrs__wire__conditions__init(&plan.conditions);
    plan.conditions.permissible_actions = NRS_PAP_AMBER;
    plan.conditions.flags = NRS_CONDITION_NOT_FOR_SUPERVISION;
    plan.release.suite = NRS_SUITE;
    plan.release.sealed_id = nrs_field_of(nrs_slice_of(view->id, NRS_HASH_SIZE));
    plan.release.holder = nrs_field_of(nrs_slice_of(it.hub.recipient.sign_key, NRS_KEY_SIZE));
    plan.release.audience_commitment = nrs_field_of(nrs_slice_of(commitment, sizeof commitment));
    plan.release.label = NRS_LABEL_AMBER;
    plan.release.conditions = &plan.conditions;
    plan.release.created_ms = FIXTURE_NOW_MS + NRS_HOUR_MS;
    plan.release.expires_ms = FIXTURE_NOW_MS + NRS_DAY_MS;
    plan.release.ask = nrs_field_of(nrs_slice_of(commitment, sizeof commitment));
    plan.grant = (nrs_grant_plan){.sealed_id = view->id,
                                  .community = nrs_field(&view->header->community),
                                  .audience_commitment = nrs_slice_of(commitment, sizeof commitment),
                                  .sealed_audience = nrs_slice_of(box, sizeof box),
                                  .authority = NRS_AUTHORITY_RELEASE,
                                  .created_ms = FIXTURE_NOW_MS + 2 * NRS_HOUR_MS,
                                  .file_key = file_key,
                                  .recipients = &it.reader.recipient,
                                  .recipient_count = 1};
    change(&plan);
    assert_int_equal(nrs_release_sign(release_out, &plan.release, it.sender.identity), NRS_OK);
    assert_int_equal(nrs_release_verify(&made, signer, release_id, nrs_slice_of_bytes(release_out)), NRS_OK);
    plan.grant.authority_ref = nrs_slice_of(release_id, sizeof release_id);
    plan.grant.grantor = grantor_of(plan.holder);
    assert_int_equal(nrs_grant_build(&statement, &table, grant_id, &plan.grant), NRS_OK);
    assert_int_equal(nrs_signed_payload(grant_out, NRS_RECORD_GRANT, plan.holder->identity, nrs_slice_of_bytes(&statement)), NRS_OK);
    nrs_release_free(&made);
    nrs_bytes_wipe(&table);
    nrs_bytes_wipe(&statement);
}
