/* The tables of a store, version 7. Large values stand last in their rows, so that reading the small ones touches no
 * overflow pages.
 *
 * Ids are hashes, so an index over them would take every insertion at a random leaf: they are found in memory instead, and
 * stand in `ids` in the order in which they came (ids.h). The index of owners holds only the first eight bytes as an integer
 * (see nrs_key64), and the full value is compared once the integer matched. A record that belongs to its own id has no entry
 * in log_owner.
 *
 * A sealed report and the table of its first slots come together nearly always: one row holds both, since a second would
 * cost a relay as much again. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#define NRS_STORE_APPLICATION_ID 0x4e4f524f /* "NORO" */

#define NRS_SCHEMA                                                                                                     \
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value BLOB NOT NULL);"                                                   \
    "CREATE TABLE log("                                                                                                \
    " position INTEGER PRIMARY KEY, type INTEGER NOT NULL, received_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL," \
    " owner64 INTEGER, id BLOB NOT NULL, source BLOB NOT NULL, owner BLOB, slots BLOB, record BLOB NOT NULL);"         \
    "CREATE TABLE ids(number INTEGER PRIMARY KEY, entries BLOB NOT NULL);"                                             \
    "CREATE INDEX log_owner ON log(owner64, type) WHERE owner64 IS NOT NULL;"                                          \
    "CREATE TABLE sent(peer BLOB PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;"                               \
    "CREATE TABLE held(peer BLOB PRIMARY KEY, position INTEGER NOT NULL, incarnation BLOB NOT NULL) WITHOUT ROWID;"    \
    "CREATE TABLE held_again(peer BLOB PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;"                         \
    "CREATE TABLE report("                                                                                             \
    " position INTEGER PRIMARY KEY, part INTEGER NOT NULL, key_state INTEGER NOT NULL, opened_ms INTEGER NOT NULL,"    \
    " segment INTEGER NOT NULL, label INTEGER NOT NULL, urgency INTEGER NOT NULL, flags INTEGER NOT NULL,"             \
    " created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, received_ms INTEGER NOT NULL,"                         \
    " id BLOB NOT NULL, community BLOB NOT NULL, originator BLOB NOT NULL,"                                            \
    " wrapped_key BLOB NOT NULL, annex BLOB NOT NULL);"                                                                \
    "CREATE INDEX report_listed ON report(position, part, received_ms) WHERE part > 0;"                                \
    "CREATE INDEX report_unread ON report(position, received_ms) WHERE part = 1 AND opened_ms = 0;"                    \
    "CREATE INDEX report_segment ON report(segment) WHERE key_state = 1;"                                              \
    "CREATE TABLE recipient("                                                                                          \
    " report INTEGER NOT NULL, address TEXT NOT NULL, granted INTEGER NOT NULL, stage INTEGER NOT NULL,"               \
    " stage_ms INTEGER NOT NULL, org BLOB NOT NULL, person BLOB, PRIMARY KEY(report, address)) WITHOUT ROWID;"         \
    "CREATE INDEX recipient_waiting ON recipient(org, report) WHERE granted = 0;"                                      \
    "CREATE TABLE receipt("                                                                                            \
    " report INTEGER NOT NULL, address TEXT NOT NULL, stage INTEGER NOT NULL, at_ms INTEGER NOT NULL,"                 \
    " person TEXT NOT NULL, PRIMARY KEY(report, address, stage)) WITHOUT ROWID;"                                       \
    "CREATE TABLE regrant("                                                                                            \
    " report INTEGER NOT NULL, org BLOB NOT NULL, prekey BLOB NOT NULL, at_ms INTEGER NOT NULL,"                       \
    " PRIMARY KEY(report, org, prekey)) WITHOUT ROWID;"                                                                \
    "CREATE TABLE decision("                                                                                           \
    " report INTEGER NOT NULL, address TEXT NOT NULL, stage INTEGER NOT NULL, at_ms INTEGER NOT NULL,"                 \
    " person TEXT NOT NULL, user TEXT NOT NULL, reason TEXT NOT NULL, statement BLOB NOT NULL, hashes BLOB NOT NULL,"  \
    " PRIMARY KEY(report, address, stage)) WITHOUT ROWID;"                                                             \
    "CREATE TABLE withdrawal("                                                                                         \
    " id BLOB PRIMARY KEY, position INTEGER NOT NULL, at_ms INTEGER NOT NULL, received_ms INTEGER NOT NULL,"           \
    " until_ms INTEGER NOT NULL, forget_ms INTEGER NOT NULL, listed INTEGER NOT NULL, originator BLOB NOT NULL, person TEXT NOT NULL,"          \
    " reason TEXT NOT NULL, proof BLOB NOT NULL, passed_on BLOB NOT NULL, spread INTEGER NOT NULL DEFAULT 0);"         \
    "CREATE INDEX withdrawal_until ON withdrawal(until_ms);"                                                           \
    "CREATE INDEX withdrawal_forget ON withdrawal(forget_ms) WHERE forget_ms > 0;"                                     \
    "CREATE INDEX withdrawal_spread ON withdrawal(spread) WHERE spread = 0;"                                           \
    "CREATE INDEX withdrawal_unseen ON withdrawal(originator) WHERE position = 0;"                                     \
    "CREATE TABLE follows(tag BLOB NOT NULL, position INTEGER NOT NULL, PRIMARY KEY(tag, position)) WITHOUT ROWID;"    \
    "CREATE INDEX follows_position ON follows(position);"                                                              \
    "CREATE TABLE ask("                                                                                                \
    " id BLOB PRIMARY KEY, report BLOB NOT NULL, mine INTEGER NOT NULL, state INTEGER NOT NULL, at_ms INTEGER NOT NULL," \
    " answered_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, label INTEGER NOT NULL, org BLOB NOT NULL,"           \
    " person TEXT NOT NULL, answerer TEXT NOT NULL, reason TEXT NOT NULL, answer TEXT NOT NULL, ask BLOB NOT NULL,"    \
    " release BLOB NOT NULL);"                                                                                         \
    "CREATE INDEX ask_report ON ask(report);"                                                                          \
    "CREATE TABLE let_in("                                                                                             \
    " report INTEGER NOT NULL, address TEXT NOT NULL, authority INTEGER NOT NULL, at_ms INTEGER NOT NULL,"             \
    " version INTEGER NOT NULL, actions INTEGER NOT NULL, flags INTEGER NOT NULL, released_ms INTEGER NOT NULL,"       \
    " until_ms INTEGER NOT NULL, org BLOB NOT NULL, by BLOB NOT NULL, community BLOB NOT NULL, grant_id BLOB NOT NULL," \
    " release BLOB NOT NULL, grant_signed BLOB NOT NULL,"                                                              \
    " PRIMARY KEY(report, address, by)) WITHOUT ROWID;"                                                                \
    "CREATE TABLE slot_place("                                                                                         \
    " sealed_id BLOB NOT NULL, org BLOB NOT NULL, position INTEGER NOT NULL, rank INTEGER NOT NULL,"                   \
    " grantor BLOB NOT NULL, PRIMARY KEY(sealed_id, org)) WITHOUT ROWID;"                                              \
    "CREATE TABLE granted("                                                                                            \
    " sealed_id BLOB NOT NULL, grantor BLOB NOT NULL, slots INTEGER NOT NULL, PRIMARY KEY(sealed_id, grantor)) WITHOUT ROWID;" \
    "CREATE TABLE slot("                                                                                               \
    " sealed_id BLOB NOT NULL, grant_id BLOB NOT NULL, slot_index INTEGER NOT NULL, path BLOB NOT NULL,"               \
    " PRIMARY KEY(sealed_id, grant_id, slot_index)) WITHOUT ROWID;"                                                    \
    "CREATE TABLE roster(community BLOB NOT NULL, version INTEGER NOT NULL, many BLOB NOT NULL,"                       \
    " UNIQUE(community, version));"                                                                                    \
    "CREATE TABLE roster_step(community BLOB NOT NULL, version INTEGER NOT NULL, base_version INTEGER NOT NULL,"        \
    " key_change INTEGER NOT NULL, adopted_ms INTEGER NOT NULL, hash BLOB NOT NULL, summary BLOB NOT NULL,"             \
    " delta BLOB NOT NULL, UNIQUE(community, version));"                                                               \
    "CREATE TABLE roster_word(community BLOB NOT NULL, signer BLOB NOT NULL, created_ms INTEGER NOT NULL,"             \
    " position INTEGER NOT NULL, payload BLOB NOT NULL, PRIMARY KEY(community, signer)) WITHOUT ROWID;"                \
    "CREATE TABLE roster_fork(community BLOB NOT NULL, hash BLOB NOT NULL, version INTEGER NOT NULL,"                  \
    " pending INTEGER NOT NULL, head BLOB NOT NULL, many BLOB NOT NULL, UNIQUE(community, hash));"                     \
    "CREATE TABLE newcomer(until INTEGER NOT NULL, org BLOB NOT NULL, community BLOB NOT NULL,"                        \
    " to_all INTEGER NOT NULL, others INTEGER NOT NULL, after TEXT NOT NULL,"                                          \
    " PRIMARY KEY(until, org, community)) WITHOUT ROWID;"                                                              \
    "CREATE TABLE card(owner BLOB PRIMARY KEY, serial INTEGER NOT NULL, position INTEGER NOT NULL,"                    \
    " payload BLOB NOT NULL);"                                                                                         \
    "CREATE TABLE key_change(owner BLOB NOT NULL, serial INTEGER NOT NULL, position INTEGER NOT NULL,"                 \
    " payload BLOB NOT NULL, PRIMARY KEY(owner, serial));"                                                             \
    "CREATE TABLE prekeys(owner BLOB PRIMARY KEY, serial INTEGER NOT NULL, position INTEGER NOT NULL,"                 \
    " payload BLOB NOT NULL);"                                                                                         \
    "CREATE TABLE prekey("                                                                                             \
    " id BLOB PRIMARY KEY, from_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, segment INTEGER NOT NULL,"             \
    " owner BLOB NOT NULL, key BLOB NOT NULL, wrapped BLOB NOT NULL, sealed_secret BLOB NOT NULL);"                    \
    "CREATE TABLE segment(segment INTEGER PRIMARY KEY, entry_count INTEGER NOT NULL, wrapped BLOB NOT NULL);"          \
    "CREATE TABLE letter("                                                                                             \
    " number INTEGER PRIMARY KEY, recipient BLOB NOT NULL, community BLOB NOT NULL,"                     \
    " statement BLOB NOT NULL);"                                                                                       \
    "CREATE INDEX letter_recipient ON letter(recipient);"                                                              \
    "CREATE TABLE deferred("                                                                                           \
    " number INTEGER PRIMARY KEY, version INTEGER NOT NULL, at_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,"      \
    " waits_for BLOB NOT NULL, owner BLOB NOT NULL, peer BLOB NOT NULL, record BLOB NOT NULL);"                        \
    "CREATE INDEX deferred_waits_for ON deferred(waits_for, number);"                                                  \
    "CREATE INDEX deferred_owner ON deferred(owner);"                                                                  \
    "CREATE INDEX deferred_peer ON deferred(peer);"                                                                    \
    "CREATE TABLE sent_stream(audience BLOB PRIMARY KEY, sequence INTEGER NOT NULL, tell_ms INTEGER NOT NULL,"         \
    " stream BLOB NOT NULL, last BLOB NOT NULL) WITHOUT ROWID;"                                                        \
    "CREATE INDEX sent_stream_tell ON sent_stream(tell_ms);"                                                           \
    "CREATE TABLE stream(key BLOB PRIMARY KEY, stream BLOB NOT NULL, originator BLOB NOT NULL,"                        \
    " community BLOB NOT NULL) WITHOUT ROWID;"                                                                         \
    "CREATE TABLE stream_item(key BLOB NOT NULL, sequence INTEGER NOT NULL, created_ms INTEGER NOT NULL,"              \
    " id BLOB NOT NULL, PRIMARY KEY(key, sequence)) WITHOUT ROWID;"                                                    \
    "CREATE TABLE stream_gap("                                                                                         \
    " key BLOB NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, seen_ms INTEGER NOT NULL,"                     \
    " until_ms INTEGER NOT NULL, next_ms INTEGER NOT NULL, asked INTEGER NOT NULL, next_id BLOB NOT NULL,"             \
    " last_id BLOB, PRIMARY KEY(key, first)) WITHOUT ROWID;"                                                           \
    "CREATE INDEX stream_gap_due ON stream_gap(next_ms);"                                                              \
    "CREATE INDEX stream_gap_next ON stream_gap(next_id);"                                                             \
    "CREATE TABLE unopened(place BLOB PRIMARY KEY, created_ms INTEGER NOT NULL, id BLOB NOT NULL) WITHOUT ROWID;"      \
    "CREATE TABLE equivocation("                                                                                       \
    " originator BLOB NOT NULL, place BLOB NOT NULL, at_ms INTEGER NOT NULL, community BLOB NOT NULL,"                 \
    " first BLOB NOT NULL, second BLOB NOT NULL, PRIMARY KEY(originator, place)) WITHOUT ROWID;"                       \
    "CREATE TABLE withheld_note(number INTEGER PRIMARY KEY, report INTEGER NOT NULL, content BLOB NOT NULL);"          \
    "CREATE INDEX withheld_note_report ON withheld_note(report);"                                                      \
    "CREATE TABLE publish(position INTEGER PRIMARY KEY, due_ms INTEGER NOT NULL);"                                     \
    "CREATE TABLE vouch_count(community BLOB PRIMARY KEY, count INTEGER NOT NULL, since_ms INTEGER NOT NULL)"          \
    " WITHOUT ROWID;"                                                                                                  \
    "CREATE TABLE vouched("                                                                                            \
    " originator BLOB NOT NULL, community BLOB NOT NULL, since_ms INTEGER NOT NULL, count INTEGER NOT NULL,"           \
    " id BLOB NOT NULL, PRIMARY KEY(originator, community, since_ms, count)) WITHOUT ROWID;"                           \
    "CREATE TABLE digest("                                                                                             \
    " number INTEGER PRIMARY KEY, due_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, direct INTEGER NOT NULL,"          \
    " recipient BLOB NOT NULL, community BLOB NOT NULL, statement BLOB NOT NULL);"                                                                                       \
    "CREATE TABLE audit(number INTEGER PRIMARY KEY, leaf BLOB NOT NULL, sealed BLOB NOT NULL);"                        \
    "CREATE TABLE audit_foreign(number INTEGER NOT NULL, leaf, sealed);"                                               \
    "CREATE TABLE audit_signed_foreign(size, hub, payload);"                                                           \
    "CREATE TABLE audit_node("                                                                                         \
    " level INTEGER NOT NULL, place INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY(level, place)) WITHOUT ROWID;" \
    "CREATE TABLE audit_checkpoint(size INTEGER PRIMARY KEY, payload BLOB NOT NULL);"                                  \
    "CREATE TABLE audit_cosignature("                                                                                  \
    " size INTEGER NOT NULL, hub BLOB NOT NULL, position INTEGER NOT NULL, payload BLOB NOT NULL,"                         \
    " PRIMARY KEY(size, hub)) WITHOUT ROWID;"                                                                         \
    "CREATE INDEX audit_cosignature_hub ON audit_cosignature(hub, position);"                                              \
    "CREATE TABLE audit_watch("                                                                                        \
    " node BLOB PRIMARY KEY, log BLOB NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, at_ms INTEGER NOT NULL,"    \
    " logs INTEGER NOT NULL, state INTEGER NOT NULL, asked_ms INTEGER NOT NULL, other_size INTEGER NOT NULL,"          \
    " other_ms INTEGER NOT NULL, other_root BLOB NOT NULL, other_by BLOB NOT NULL, evidence BLOB NOT NULL);"           \
    "CREATE TABLE audit_seen("                                                                                         \
    " node BLOB NOT NULL, log BLOB NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, PRIMARY KEY(node, log, size))" \
    " WITHOUT ROWID;"

#endif
