/* Every statement of the store, prepared once when it opens. X(NAME, kind, SQL): kind says whether it READs or CHANGEs;
 * a change asserts an open transaction.
 *
 * A query whose rows a visitor may change while it runs sorts by an expression (+column): SQLite then reads all rows
 * before it gives the first. Queries with large rows go over a list of positions that is complete before the first. */
#ifndef STORE_STATEMENTS_H
#define STORE_STATEMENTS_H

#define NRS_LOG_COLUMNS "position, type, received_ms, expires_ms, id, source, owner, slots, record"
#define NRS_REPORT_COLUMNS                                                                                             \
    "position, part, key_state, opened_ms, segment, label, urgency, flags, created_ms, expires_ms, received_ms, id, "  \
    "community, originator, wrapped_key, annex"
#define NRS_GAP_COLUMNS "key, first, last, seen_ms, until_ms, next_ms, asked, next_id, last_id"
/* What somebody wrote there by hand reads as empty, so that a check can name the row. */
#define NRS_AUDIT_COLUMNS                                                                                              \
    "number, CASE typeof(leaf) WHEN 'blob' THEN leaf ELSE x'' END, CASE typeof(sealed) WHEN 'blob' THEN sealed ELSE x'' END"
/* So does what was signed: it is then one byte, which no signature is, and stands where its size says, or at the end where that says nothing. */
#define NRS_AUDIT_SIZE_HOLDS "typeof(size) = 'integer' AND size > 0"
#define NRS_AUDIT_PAYLOAD_HOLDS "typeof(payload) = 'blob' AND length(payload) BETWEEN 1 AND 491520" /* NRS_RECORD_SIZE_MAX */
#define NRS_AUDIT_HUB_HOLDS "typeof(hub) = 'blob' AND length(hub) = 32"
#define NRS_AUDIT_POSITION_HOLDS "typeof(position) = 'integer' AND position >= 0"
/* What a hub follows of others' logs: a row that it cannot have written counts as none. */
#define NRS_AUDIT_BYTES_HOLD(column, size) "typeof(" column ") = 'blob' AND length(" column ") = " size
#define NRS_AUDIT_NUMBER_HOLDS(column) "typeof(" column ") = 'integer' AND " column " >= 0"
#define NRS_AUDIT_WATCH_HOLDS                                                                                          \
    NRS_AUDIT_BYTES_HOLD("node", "32") " AND " NRS_AUDIT_BYTES_HOLD("log", "16") " AND " NRS_AUDIT_SIZE_HOLDS          \
    " AND size % 64 = 0 AND " NRS_AUDIT_BYTES_HOLD("root", "32") " AND " NRS_AUDIT_NUMBER_HOLDS("at_ms")               \
    " AND typeof(logs) = 'integer' AND logs BETWEEN 1 AND 16 AND typeof(state) = 'integer' AND state BETWEEN 1 AND 3"  \
    " AND " NRS_AUDIT_NUMBER_HOLDS("asked_ms") " AND " NRS_AUDIT_NUMBER_HOLDS("other_size") " AND "                    \
    NRS_AUDIT_NUMBER_HOLDS("other_ms") " AND " NRS_AUDIT_BYTES_HOLD("other_root", "32") " AND "                        \
    NRS_AUDIT_BYTES_HOLD("other_by", "32") " AND typeof(evidence) = 'blob' AND length(evidence) <= 491520"
#define NRS_AUDIT_SEEN_HOLDS NRS_AUDIT_SIZE_HOLDS " AND size % 64 = 0 AND " NRS_AUDIT_BYTES_HOLD("root", "32")
#define NRS_AUDIT_WATCH_COLUMNS \
    "node, log, size, root, at_ms, logs, state, asked_ms, other_size, other_ms, other_root, other_by, evidence"
#define NRS_WITHDRAWAL_COLUMNS "id, position, at_ms, received_ms, until_ms, forget_ms, originator, person, reason, proof, listed, passed_on"
#define NRS_ASK_COLUMNS                                                                                                \
    "id, report, mine, state, at_ms, answered_ms, expires_ms, label, org, person, answerer, reason, answer, ask, release"
#define NRS_RECIPIENT_COLUMNS "r.report, r.address, r.granted, r.stage, r.stage_ms, r.org, r.person"

#define NRS_ROSTER_STEP_COLUMNS "community, version, base_version, key_change, adopted_ms, hash, summary, delta"

#define NRS_STATEMENTS(X)                                                                                              \
    X(BEGIN, READ, "BEGIN IMMEDIATE")                                                                                  \
    X(COMMIT, READ, "COMMIT")                                                                                          \
    X(ROLLBACK, READ, "ROLLBACK")                                                                                      \
    X(META_SET, CHANGE,                                                                                                \
      "INSERT INTO meta(name, value) VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET value = excluded.value")           \
    X(META_GET, READ, "SELECT value FROM meta WHERE name = ?1")                                                        \
    X(META_BYTES, READ,                                                                                                \
      "SELECT coalesce(substr(CAST(value AS BLOB), 1, 65536), x'') FROM meta WHERE name = ?1")                         \
    X(LOG_APPEND, CHANGE,                                                                                              \
      "INSERT INTO log(position, type, received_ms, expires_ms, owner64, id, source, owner, slots, record)"            \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")                                                              \
    X(IDS_ADD, CHANGE, "INSERT INTO ids(entries) VALUES(?1)")                                                          \
    X(IDS_EACH, READ, "SELECT entries FROM ids ORDER BY number")                                                       \
    X(LOG_END, READ, "SELECT coalesce(max(position), 0) FROM log")                                                     \
    X(IDS_WANTED, READ, "SELECT position, id FROM log UNION ALL SELECT position, id FROM report")                      \
    X(LOG_ID_AT, READ, "SELECT id FROM log WHERE position = ?1")                                                       \
    X(LOG_GET, READ, "SELECT " NRS_LOG_COLUMNS " FROM log WHERE position = ?1")                                        \
    X(LOG_EACH, READ,                                                                                                  \
      "SELECT " NRS_LOG_COLUMNS " FROM log WHERE position > ?1 AND position <= ?2 ORDER BY position LIMIT ?3")         \
    X(LOG_EACH_OF, READ,                                                                                               \
      "SELECT " NRS_LOG_COLUMNS " FROM log WHERE position IN ("                                                        \
      "SELECT position FROM log WHERE owner64 = ?1 UNION SELECT ?3) AND coalesce(owner, id) = ?2 ORDER BY position")   \
    X(LOG_EACH_OF_TYPE, READ,                                                                                          \
      "SELECT " NRS_LOG_COLUMNS " FROM log WHERE position IN ("                                                        \
      "SELECT position FROM log WHERE owner64 = ?1 AND type = ?4 UNION SELECT ?3)"                                     \
      " AND coalesce(owner, id) = ?2 AND type = ?4 ORDER BY position")                                                 \
    X(LOG_KIND_AT, READ, "SELECT type, coalesce(owner, id) FROM log WHERE position = ?1")                              \
    X(LOG_SLOTS_AT, READ,                                                                                              \
      "SELECT slots IS NOT NULL, length(slots) = length(?2) AND slots = ?2 FROM log WHERE position = ?1")              \
    X(LOG_DROP, CHANGE, "UPDATE log SET record = x'', slots = NULL WHERE position = ?1")                                             \
    X(SENT_SET, CHANGE,                                                                                                \
      "INSERT INTO sent(peer, position) VALUES(?1, ?2)"                                                                \
      " ON CONFLICT(peer) DO UPDATE SET position = excluded.position")                                                 \
    X(SENT_GET, READ, "SELECT position FROM sent WHERE peer = ?1")                                                     \
    X(HELD_SET, CHANGE,                                                                                                \
      "INSERT INTO held(peer, position, incarnation) VALUES(?1, ?2, ?3) ON CONFLICT(peer)"                             \
      " DO UPDATE SET position = excluded.position, incarnation = excluded.incarnation")                               \
    X(HELD_GET, READ, "SELECT position, incarnation FROM held WHERE peer = ?1")                                        \
    X(HELD_AGAIN_SET, CHANGE,                                                                                          \
      "INSERT INTO held_again(peer, position) VALUES(?1, ?2)"                                                          \
      " ON CONFLICT(peer) DO UPDATE SET position = excluded.position")                                                 \
    X(HELD_AGAIN_CLEAR, CHANGE, "DELETE FROM held_again WHERE peer = ?1")                                              \
    X(HELD_AGAIN_GET, READ, "SELECT position FROM held_again WHERE peer = ?1")                                         \
    X(REPORT_ADD, CHANGE,                                                                                              \
      "INSERT INTO report(" NRS_REPORT_COLUMNS ")"                                                                     \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)")                                \
    X(REPORT_UPDATE, CHANGE,                                                                                           \
      "UPDATE report SET part = ?2, key_state = ?3, opened_ms = ?4, segment = ?5, wrapped_key = ?6, annex = ?7, label = ?8" \
      " WHERE position = ?1")                                                                                          \
    X(REPORT_GET, READ, "SELECT " NRS_REPORT_COLUMNS " FROM report WHERE position = ?1")                               \
    X(REPORT_ID_AT, READ, "SELECT id FROM report WHERE position = ?1")                                                 \
    X(REPORT_LISTED_AT, READ, "SELECT id FROM report WHERE position = ?1 AND part > 0")                                \
    X(REPORT_SENT_AT, READ, "SELECT part = 2 AND (flags & ?2) = 0 FROM report WHERE position = ?1")                    \
    X(REPORT_COUNT, READ, "SELECT count(*) FROM report WHERE part > 0 AND key_state <> 4")                             \
    X(REPORT_COUNTED, READ, "SELECT part > 0 AND key_state <> 4 FROM report WHERE position = ?1")                      \
    X(REPORT_EACH_FROM, READ,                                                                                          \
      "SELECT " NRS_REPORT_COLUMNS " FROM report INDEXED BY report_listed WHERE part > 0 AND position > ?1"            \
      " AND position < ?6 AND received_ms >= ?2 AND (?3 = 0 OR part = ?3) AND (?4 IS NULL OR community = ?4)"          \
      " ORDER BY position LIMIT ?5")                                                                                   \
    X(REPORT_EACH, READ,                                                                                               \
      "SELECT " NRS_REPORT_COLUMNS " FROM report WHERE position IN ("                                                  \
      "SELECT position FROM report INDEXED BY report_listed WHERE part > 0 AND position > ?1 AND received_ms >= ?2"    \
      " AND position < ?6 AND (?3 = 0 OR part = ?3) AND (?4 IS NULL OR community = ?4)"                                \
      " ORDER BY position DESC LIMIT ?5) ORDER BY position")                                                           \
    X(REPORT_EACH_UNREAD, READ,                                                                                        \
      "SELECT " NRS_REPORT_COLUMNS " FROM report WHERE position IN ("                                                  \
      "SELECT position FROM report INDEXED BY report_unread WHERE part = 1 AND opened_ms = 0 AND position > ?1"        \
      " AND position < ?6 AND received_ms >= ?2 AND (?3 = 0 OR part = ?3) AND (?4 IS NULL OR community = ?4)"          \
      " ORDER BY position DESC LIMIT ?5) ORDER BY position")                                                           \
    X(REPORT_EACH_IN_SEGMENT, READ,                                                                                    \
      "SELECT " NRS_REPORT_COLUMNS " FROM report INDEXED BY report_segment"                                            \
      " WHERE segment = ?1 AND key_state = 1 ORDER BY +position")                                                      \
    X(RECIPIENT_ADD, CHANGE,                                                                                           \
      "INSERT INTO recipient(report, address, granted, stage, stage_ms, org, person)"                                  \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)")                                                                           \
    X(RECIPIENT_GRANTED, CHANGE, "UPDATE recipient SET granted = 1 WHERE report = ?1 AND org = ?2 AND granted = 0")    \
    X(WAITING_PERSONS, READ,                                                                                           \
      "SELECT count(*) FROM recipient AS r JOIN report AS p ON p.position = r.report"                                  \
      " WHERE r.granted = 0 AND r.person IS NOT NULL AND p.expires_ms > ?1")                                           \
    X(RECIPIENT_GRANTED_AT, CHANGE, "UPDATE recipient SET granted = 1 WHERE report = ?1 AND address = ?2")             \
    X(RECIPIENT_WAIT, CHANGE,                                                                                          \
      "UPDATE recipient SET granted = 0 WHERE report = ?1 AND org = ?2 AND (?3 = '' OR address = ?3)")                 \
    X(REGRANT_ADD, CHANGE,                                                                                             \
      "INSERT INTO regrant(report, org, prekey, at_ms) VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")                 \
    X(REGRANT_COUNT, READ, "SELECT count(*) FROM regrant WHERE report = ?1 AND org = ?2")                              \
    X(REGRANT_OF_SOURCE, READ,                                                                                         \
      "SELECT count(*) FROM regrant AS g JOIN report AS r ON r.position = g.report"                                    \
      " WHERE g.org = ?1 AND g.at_ms >= ?3 AND r.originator = ?2")                                                     \
    X(REGRANT_EXPIRE, CHANGE, "DELETE FROM regrant WHERE report <= ?1")                                                \
    X(REGRANT_HAS, READ, "SELECT 1 FROM regrant WHERE report = ?1 AND org = ?2 AND prekey = ?3")                       \
    X(RECIPIENT_STAGE, CHANGE,                                                                                         \
      "UPDATE recipient SET stage = ?3, stage_ms = ?4 WHERE report = ?1 AND address = ?2 AND stage < ?3")              \
    X(RECIPIENT_AT, READ,                                                                                              \
      "SELECT " NRS_RECIPIENT_COLUMNS " FROM recipient AS r WHERE r.report = ?1 AND r.address = ?2")                   \
    X(RECIPIENT_EACH_OF, READ,                                                                                         \
      "SELECT " NRS_RECIPIENT_COLUMNS " FROM recipient AS r WHERE r.report = ?1 AND r.org = ?2 ORDER BY +r.address")   \
    X(RECIPIENT_EACH, READ,                                                                                            \
      "SELECT " NRS_RECIPIENT_COLUMNS " FROM recipient AS r WHERE r.report = ?1 ORDER BY +r.address")                  \
    X(WAITING_EACH, READ,                                                                                              \
      "SELECT " NRS_RECIPIENT_COLUMNS " FROM recipient AS r INDEXED BY recipient_waiting"                              \
      " JOIN report AS p ON p.position = r.report"                                                                     \
      " WHERE r.org = ?1 AND r.granted = 0 AND (p.expires_ms = 0 OR p.expires_ms > ?2)"                                \
      " ORDER BY +r.report, +r.address")                                                                               \
    X(RECEIPT_ADD, CHANGE,                                                                                             \
      "INSERT INTO receipt(report, address, stage, at_ms, person) VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING")  \
    X(RECEIPT_EACH, READ,                                                                                              \
      "SELECT address, stage, at_ms, person FROM receipt WHERE report = ?1 ORDER BY +address, +stage")                 \
    X(RECIPIENT_UNLOCK, CHANGE, "UPDATE recipient SET granted = 0 WHERE report = ?1 AND org = ?2 AND granted = 2")     \
    X(REPORT_MOVE, CHANGE, "UPDATE report SET position = ?2 WHERE position = ?1")                                      \
    X(DECISION_MOVE, CHANGE, "UPDATE decision SET report = ?2 WHERE report = ?1")                                      \
    X(DECISION_ADD, CHANGE,                                                                                            \
      "INSERT INTO decision(report, address, stage, at_ms, person, user, reason, statement, hashes)"                   \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING")                                            \
    X(DECISION_HAS, READ, "SELECT 1 FROM decision WHERE report = ?1 AND address = ?2 AND stage = ?3")                  \
    X(DECISION_EACH, READ,                                                                                             \
      "SELECT address, stage, at_ms, person, user, reason, statement, hashes FROM decision WHERE report = ?1"          \
      " ORDER BY +address, +stage")                                                                                    \
    X(WITHDRAWAL_ADD, CHANGE,                                                                                          \
      "INSERT INTO withdrawal(id, position, at_ms, received_ms, until_ms, forget_ms, originator, person, reason, proof,"\
      " listed, passed_on) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT(id) DO UPDATE SET"    \
      " at_ms = ?3, received_ms = ?4, until_ms = ?5, originator = ?7, person = ?8, reason = ?9, proof = ?10"           \
      " WHERE length(proof) = 0 AND length(?10) > 0")                                                                  \
    X(WITHDRAWAL_SET_PASSED_ON, CHANGE, "UPDATE withdrawal SET passed_on = ?2 WHERE id = ?1")                          \
    X(WITHDRAWAL_SPREADING, READ, "SELECT id FROM withdrawal INDEXED BY withdrawal_spread WHERE spread = 0 LIMIT 1")   \
    X(WITHDRAWAL_SET_SPREAD, CHANGE, "UPDATE withdrawal SET spread = 1 WHERE id = ?1")                                 \
    X(WITHDRAWAL_GET, READ,                                                                                            \
      "SELECT " NRS_WITHDRAWAL_COLUMNS " FROM withdrawal WHERE id = ?1")                                               \
    X(WITHDRAWAL_FIND, READ,                                                                                           \
      "SELECT id FROM withdrawal WHERE position = 0 AND substr(lower(hex(id)), 1, length(?1)) = ?1 LIMIT 2")           \
    X(WITHDRAWAL_EACH, READ,                                                                                           \
      "SELECT " NRS_WITHDRAWAL_COLUMNS " FROM withdrawal WHERE until_ms > ?1")                                         \
    X(WITHDRAWAL_ANY, READ,                                                                                            \
      "SELECT 1 FROM withdrawal LIMIT 1")                                                                              \
    X(WITHDRAWAL_DUE, READ,                                                                                            \
      "SELECT " NRS_WITHDRAWAL_COLUMNS " FROM withdrawal INDEXED BY withdrawal_forget"                                 \
      " WHERE forget_ms > 0 AND forget_ms <= ?1 ORDER BY +forget_ms, +id LIMIT ?2")                                    \
    X(WITHDRAWAL_SET_WORDS, CHANGE,                                                                                    \
      "UPDATE withdrawal SET person = ?2, reason = ?3 WHERE id = ?1 AND person = '' AND reason = ''")                  \
    X(WITHDRAWAL_SET_FORGET, CHANGE,                                                                                   \
      "UPDATE withdrawal SET forget_ms = ?2 WHERE id = ?1")                                                            \
    X(WITHDRAWAL_UNSEEN, READ,                                                                                         \
      "SELECT count(*) FROM withdrawal INDEXED BY withdrawal_unseen WHERE originator = ?1 AND position = 0")           \
    X(WITHDRAWAL_UNLIST, CHANGE,                                                                                       \
      "UPDATE report SET key_state = ?2 WHERE position IN"                                                             \
      " (SELECT listed FROM withdrawal WHERE listed > 0 AND position = 0 AND until_ms <= ?1)")                         \
    X(WITHDRAWAL_EXPIRE, CHANGE,                                                                                       \
      "DELETE FROM withdrawal WHERE position = 0 AND until_ms <= ?1")                                                  \
    X(FOLLOWS_ADD, CHANGE,                                                                                             \
      "INSERT INTO follows(tag, position) VALUES(?1, ?2) ON CONFLICT DO NOTHING")                                      \
    X(FOLLOWS_ANY, READ, "SELECT 1 FROM follows LIMIT 1")                                                              \
    X(FOLLOWS_EACH, READ,                                                                                              \
      "SELECT p.id FROM follows AS f JOIN report AS p ON p.position = f.position WHERE f.tag = ?1"                     \
      " AND p.part > 0 AND p.key_state NOT IN (4, 5) ORDER BY f.position LIMIT ?2")                                       \
    X(PASSING_ON_EACH, READ,                                                                                           \
      "SELECT p.id FROM follows AS f JOIN report AS p ON p.position = f.position WHERE f.tag = ?1"                     \
      " AND p.part > 0 AND NOT EXISTS(SELECT 1 FROM withdrawal AS w WHERE w.id = p.id) ORDER BY f.position LIMIT ?2")  \
    X(ANSWERS_EACH, READ,                                                                                              \
      "SELECT p.id FROM follows AS f JOIN report AS p ON p.position = f.position WHERE f.tag = ?1"                     \
      " AND p.part > 0 AND (p.flags & ?3) != 0 AND NOT EXISTS(SELECT 1 FROM withdrawal AS w WHERE w.id = p.id)"        \
      " ORDER BY f.position DESC LIMIT ?2")                                                                            \
    X(TAGGED_ADD, CHANGE,                                                                                              \
      "INSERT INTO follows(tag, position) SELECT ?1, ?2 WHERE (SELECT count(*) FROM follows WHERE position = ?2) < ?3" \
      " ON CONFLICT DO NOTHING")                                                                                       \
    X(TAGGED_EACH, READ,                                                                                               \
      "SELECT p.id FROM follows AS f JOIN report AS p ON p.position = f.position WHERE f.tag = ?1"                     \
      " AND p.part > 0 ORDER BY f.position LIMIT ?2")                                                                  \
    X(LET_IN_ADD, CHANGE,                                                                                              \
      "INSERT INTO let_in(report, address, authority, at_ms, version, actions, flags, released_ms, until_ms, org, by, community, grant_id, release, grant_signed)" \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) ON CONFLICT DO UPDATE SET authority = excluded.authority," \
      " at_ms = excluded.at_ms, version = excluded.version, actions = excluded.actions, flags = excluded.flags,"       \
      " released_ms = excluded.released_ms, until_ms = excluded.until_ms, org = excluded.org, community = excluded.community," \
      " grant_id = excluded.grant_id, release = excluded.release, grant_signed = excluded.grant_signed")                                                                                 \
    X(LET_IN_GRANTED, CHANGE,                                                                                          \
      "UPDATE let_in SET authority = ?3, at_ms = ?4, version = ?5, released_ms = ?6, until_ms = ?7, grant_id = ?8"     \
      " WHERE report = ?1 AND address = ?2 AND grant_id = zeroblob(32)")                                               \
    X(LET_IN_DROP, CHANGE, "DELETE FROM let_in WHERE report = ?1 AND address = ?2")                                    \
    X(LET_IN_EACH, READ,                                                                                               \
      "SELECT address, authority, at_ms, version, actions, flags, released_ms, until_ms, org, by, community, grant_id, release, grant_signed FROM let_in" \
      " WHERE report = ?1 AND (?2 IS NULL OR address = ?2) ORDER BY +address, +authority")                             \
    X(ASK_ADD, CHANGE,                                                                                                 \
      "INSERT INTO ask(id, report, mine, state, at_ms, answered_ms, expires_ms, label, org, person, answerer, reason, answer, ask, release)" \
      " VALUES(?1, ?2, ?3, ?4, ?5, 0, ?10, 0, ?6, ?7, '', ?8, '', ?9, x'') ON CONFLICT DO NOTHING")                    \
    X(ASK_ANSWER, CHANGE,                                                                                              \
      "UPDATE ask SET state = ?2, answered_ms = ?3, expires_ms = ?4, label = ?5, answerer = ?6, answer = ?7, release = ?8" \
      " WHERE id = ?1 AND state = 0")                                                                                  \
    X(ASK_EACH, READ, "SELECT " NRS_ASK_COLUMNS " FROM ask ORDER BY +at_ms, +id")                                      \
    X(ASK_OF, READ, "SELECT " NRS_ASK_COLUMNS " FROM ask WHERE report = ?1 ORDER BY +at_ms, +id")                      \
    X(ASK_GET, READ, "SELECT " NRS_ASK_COLUMNS " FROM ask WHERE id = ?1")                                              \
    X(ASK_FIND, READ, "SELECT id FROM ask WHERE substr(lower(hex(id)), 1, length(?1)) = ?1 LIMIT 2")                   \
    X(ASK_OPEN, READ,                                                                                                  \
      "SELECT count(*) FROM ask WHERE mine = 0 AND state = 0 AND org = ?1 AND expires_ms > ?2"                         \
      " AND NOT EXISTS(SELECT 1 FROM withdrawal WHERE withdrawal.id = ask.report)")                                    \
    X(ASK_WAITING, READ,                                                                                               \
      "SELECT report FROM ask WHERE mine = 0 AND state = 0 AND expires_ms > ?1"                                        \
      " AND NOT EXISTS(SELECT 1 FROM withdrawal WHERE withdrawal.id = ask.report)")                                    \
    X(ASK_PENDING, READ,                                                                                               \
      "SELECT coalesce(sum(mine = 0), 0), coalesce(sum(mine = 1), 0) FROM ask"                                         \
      " WHERE report = ?1 AND state = 0 AND expires_ms > ?2")                                                          \
    X(ASK_OWN, READ,                                                                                                   \
      "SELECT count(*) FROM ask WHERE report = ?1 AND mine = 1 AND state < 2 AND expires_ms > ?2")                     \
    X(ASK_EXPIRE, CHANGE, "DELETE FROM ask WHERE expires_ms <= ?1 AND answered_ms <= ?1")                               \
    X(SLOT_ADD, CHANGE, "INSERT INTO slot(sealed_id, grant_id, slot_index, path) VALUES(?1, ?2, ?3, ?4)")              \
    X(SLOT_DELETE, CHANGE, "DELETE FROM slot WHERE sealed_id = ?1")                                                    \
    X(SLOT_EACH, READ,                                                                                                 \
      "SELECT grant_id, slot_index, path FROM slot WHERE sealed_id = ?1 ORDER BY +grant_id, +slot_index")              \
    X(ROSTER_ADD, CHANGE, "INSERT INTO roster(community, version, many) VALUES(?1, ?2, ?3)")                           \
    X(ROSTER_GET, READ,                                                                                                \
      "SELECT many FROM roster WHERE community = ?1 AND (?2 = 0 OR version = ?2) ORDER BY version DESC LIMIT 1")       \
    X(ROSTER_EACH_NEWEST, READ,                                                                                        \
      "SELECT community, version, many FROM roster AS r WHERE rowid IN (SELECT"                                        \
      " (SELECT n.rowid FROM roster AS n WHERE n.community = c.community ORDER BY n.version DESC LIMIT 1)"             \
      " FROM (SELECT DISTINCT community FROM roster) AS c) ORDER BY coalesce((SELECT s.rowid FROM roster_step AS s"    \
      " WHERE s.community = r.community ORDER BY s.version LIMIT 1), 9223372036854775807), community")                 \
    X(ROSTER_COMMUNITIES, READ, "SELECT count(DISTINCT community) FROM roster")                                        \
    X(ROSTER_DROP, CHANGE, "DELETE FROM roster WHERE community = ?1 AND version = ?2")                                 \
    X(ROSTER_CUT, CHANGE, "DELETE FROM roster WHERE community = ?1 AND version > ?2")                                  \
    X(ROSTER_STEP_CUT, CHANGE, "DELETE FROM roster_step WHERE community = ?1 AND version > ?2")                        \
    X(ROSTER_BEFORE, READ,                                                                                             \
      "SELECT version FROM roster WHERE community = ?1 AND version <= ?2 ORDER BY version DESC LIMIT 1")               \
    X(ROSTER_STEP_ADD, CHANGE,                                                                                         \
      "INSERT INTO roster_step(" NRS_ROSTER_STEP_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")                   \
    X(ROSTER_STEP_EACH, READ,                                                                                          \
      "SELECT " NRS_ROSTER_STEP_COLUMNS " FROM roster_step WHERE community = ?1 AND version > ?2 AND version <= ?3"    \
      " AND (?4 = 0 OR key_change = 1) ORDER BY version LIMIT ?5")                                                     \
    X(NEWCOMER_SET, CHANGE,                                                                                            \
      "INSERT OR REPLACE INTO newcomer(until, org, community, to_all, others, after) VALUES(?1, ?2, ?3, ?4, ?5, ?6)")  \
    X(NEWCOMER_NEXT, READ,                                                                                             \
      "SELECT until, org, community, to_all, others, after FROM newcomer WHERE to_all = 1 OR others = 1"               \
      " ORDER BY until, to_all DESC, org, community LIMIT 1")                                                          \
    X(NEWCOMER_CAME, READ, "SELECT community FROM newcomer WHERE until = ?1 AND org = ?2")                             \
    X(NEWCOMER_END, CHANGE,                                                                                            \
      "DELETE FROM newcomer WHERE until = ?1"                                                                          \
      " AND NOT EXISTS(SELECT 1 FROM newcomer AS n WHERE n.until = ?1 AND (n.to_all = 1 OR n.others = 1))")            \
    X(WORD_SET, CHANGE,                                                                                                \
      "INSERT INTO roster_word(community, signer, created_ms, position, payload) VALUES(?1, ?2, ?3, ?4, ?5)"           \
      " ON CONFLICT(community, signer) DO UPDATE SET created_ms = excluded.created_ms, position = excluded.position,"  \
      " payload = excluded.payload")                                                                                   \
    X(WORD_FIND, READ, "SELECT created_ms, position FROM roster_word WHERE community = ?1 AND signer = ?2")            \
    X(WORD_EACH, READ,                                                                                                 \
      "SELECT community, signer, created_ms, position, payload FROM roster_word"                                       \
      " WHERE length(?1) = 0 OR community = ?1 ORDER BY community, signer")                                            \
    X(FORK_SET, CHANGE,                                                                                                \
      "INSERT INTO roster_fork(community, hash, version, pending, head, many) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"          \
      " ON CONFLICT(community, hash) DO UPDATE SET pending = excluded.pending, head = excluded.head,"                  \
      " many = excluded.many")                                                                                         \
    X(FORK_EACH, READ,                                                                                                 \
      "SELECT community, hash, version, pending, head, many FROM roster_fork WHERE community = ?1"                     \
      " AND length(head) + length(many) > 0 ORDER BY version, hash")                                                   \
    X(FORK_HEALED, READ,                                                                                               \
      "SELECT 1 FROM roster_fork WHERE community = ?1 AND hash = ?2 AND length(head) + length(many) = 0")              \
    X(FORK_CLEAR, CHANGE,                                                                                              \
      "DELETE FROM roster_fork WHERE community = ?1 AND length(head) + length(many) > 0 AND pending < 2 AND (?2 = 0 OR pending = 1)")  \
    X(CARD_SET, CHANGE,                                                                                                \
      "INSERT INTO card(owner, serial, position, payload) VALUES(?1, ?2, ?3, ?4) ON CONFLICT(owner) DO UPDATE"         \
      " SET serial = excluded.serial, position = excluded.position, payload = excluded.payload")                       \
    X(CARD_EACH, READ, "SELECT owner, serial, position, payload FROM card ORDER BY owner")                             \
    X(PREKEYS_SET, CHANGE,                                                                                             \
      "INSERT INTO prekeys(owner, serial, position, payload) VALUES(?1, ?2, ?3, ?4) ON CONFLICT(owner) DO UPDATE"      \
      " SET serial = excluded.serial, position = excluded.position, payload = excluded.payload")                       \
    X(PREKEYS_DROP, CHANGE, "DELETE FROM prekeys WHERE owner = ?1")                                                    \
    X(PREKEYS_EACH, READ, "SELECT owner, serial, position, payload FROM prekeys ORDER BY owner")                       \
    X(KEY_CHANGE_SET, CHANGE,                                                                                             \
      "INSERT INTO key_change(owner, serial, position, payload) VALUES(?1, ?2, ?3, ?4) ON CONFLICT(owner, serial)"         \
      " DO UPDATE SET position = excluded.position, payload = excluded.payload")                       \
    X(KEY_CHANGE_EACH, READ, "SELECT owner, serial, position, payload FROM key_change ORDER BY owner, serial")                       \
    X(PREKEY_ADD, CHANGE,                                                                                              \
      "INSERT INTO prekey(id, from_ms, until_ms, segment, owner, key, wrapped, sealed_secret)"                         \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")                                                                       \
    X(PREKEY_EACH, READ,                                                                                               \
      "SELECT id, from_ms, until_ms, segment, owner, key, wrapped, sealed_secret FROM prekey"                          \
      " ORDER BY +from_ms, +id")                                                                                       \
    X(PREKEY_REWRAP, CHANGE, "UPDATE prekey SET segment = ?2, wrapped = ?3 WHERE id = ?1")                             \
    X(PREKEY_DELETE, CHANGE, "DELETE FROM prekey WHERE id = ?1")                                                       \
    X(SEGMENT_SET, CHANGE,                                                                                             \
      "INSERT INTO segment(segment, entry_count, wrapped) VALUES(?1, ?2, ?3) ON CONFLICT(segment) DO UPDATE"           \
      " SET entry_count = excluded.entry_count, wrapped = excluded.wrapped")                                           \
    X(SEGMENT_DELETE, CHANGE, "DELETE FROM segment WHERE segment = ?1")                                                \
    X(SEGMENT_EACH, READ, "SELECT segment, entry_count, wrapped FROM segment ORDER BY +segment")                       \
    X(LETTER_ADD, CHANGE, "INSERT INTO letter(recipient, community, statement) VALUES(?1, ?2, ?3)")                    \
    X(LETTER_EACH, READ,                                                                                               \
      "SELECT number, recipient, community, statement FROM letter"                                                     \
      " WHERE number > ?1 AND number <= (SELECT max(number) FROM letter) ORDER BY number LIMIT ?2")                    \
    X(LETTER_OF, READ,                                                                                                 \
      "SELECT number, recipient, community, statement FROM letter INDEXED BY letter_recipient"                         \
      " WHERE recipient = ?1 AND number <= (SELECT max(number) FROM letter) ORDER BY number LIMIT ?2")                 \
    X(LETTER_READER, READ, "SELECT recipient FROM letter WHERE recipient > ?1 ORDER BY recipient LIMIT 1")             \
    X(LETTER_COUNTS, READ, "SELECT recipient, count(*) FROM letter GROUP BY recipient")                                \
    X(LETTER_DELETE, CHANGE, "DELETE FROM letter WHERE number = ?1")                                                   \
    X(DEFERRED_COUNT_OF, READ, "SELECT count(*) FROM deferred INDEXED BY deferred_peer WHERE peer = ?1")               \
    X(DEFERRED_ADD, CHANGE,                                                                                            \
      "INSERT INTO deferred(version, at_ms, expires_ms, waits_for, owner, peer, record, number)"                       \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, nullif(?8, 0))")                                                            \
    X(DEFERRED_EACH, READ,                                                                                             \
      "SELECT number, peer, record, version, at_ms, expires_ms, waits_for, owner"                                      \
      " FROM deferred INDEXED BY deferred_waits_for"                                                                   \
      " WHERE waits_for = ?1 AND version <= ?2 AND number > ?3"                                                        \
      " AND number <= (SELECT max(number) FROM deferred) ORDER BY number LIMIT ?4")                                    \
    X(DEFERRED_OWNER, READ,                                                                                            \
      "SELECT waits_for, version, expires_ms FROM deferred INDEXED BY deferred_owner WHERE owner = ?1 LIMIT 1")        \
    X(DEFERRED_HAS, READ,                                                                                              \
      "SELECT 1 FROM deferred INDEXED BY deferred_owner WHERE owner = ?1 AND record = ?2 LIMIT 1")                     \
    X(DEFERRED_PEERS, READ,                                                                                            \
      "SELECT DISTINCT peer FROM deferred INDEXED BY deferred_peer WHERE peer > ?1 ORDER BY peer LIMIT 1")             \
    X(DEFERRED_DELETE_OF, CHANGE, "DELETE FROM deferred WHERE peer = ?1 AND waits_for = ?2")                           \
    X(DEFERRED_EXPIRE, CHANGE, "DELETE FROM deferred WHERE expires_ms > 0 AND expires_ms <= ?1")                       \
    X(DEFERRED_DELETE, CHANGE, "DELETE FROM deferred WHERE number = ?1")                                               \
    X(DEFERRED_COUNT, READ, "SELECT count(*) FROM deferred")                                                           \
    X(DEFERRED_SUMS, READ,                                                                                             \
      "SELECT waits_for, max(version), count(*), min(at_ms) FROM deferred INDEXED BY deferred_waits_for"               \
      " GROUP BY waits_for")                                                                                           \
    X(SLOT_PLACE_SET, CHANGE,                                                                                          \
      "INSERT INTO slot_place(sealed_id, org, position, rank, grantor) VALUES(?1, ?2, ?3, ?4, ?5)"                     \
      " ON CONFLICT(sealed_id, org) DO UPDATE SET position = excluded.position, rank = excluded.rank, grantor = excluded.grantor" \
      " WHERE excluded.rank > rank OR (excluded.rank = rank AND grantor IN (excluded.grantor, ?6))")                   \
    X(SLOT_PLACE_GET, READ, "SELECT position, rank FROM slot_place WHERE sealed_id = ?1 AND org = ?2")                 \
    X(SLOT_PLACE_CLEAR, CHANGE, "DELETE FROM slot_place WHERE sealed_id = ?1")                                         \
    X(GRANTED_SET, CHANGE,                                                                                             \
      "INSERT INTO granted(sealed_id, grantor, slots) VALUES(?1, ?2, ?3)"                                              \
      " ON CONFLICT(sealed_id, grantor) DO UPDATE SET slots = excluded.slots")                                         \
    X(GRANTED_GET, READ, "SELECT slots FROM granted WHERE sealed_id = ?1 AND grantor = ?2")                            \
    X(GRANTED_CLEAR, CHANGE, "DELETE FROM granted WHERE sealed_id = ?1")                                               \
    X(SENT_STREAM_GET, READ, "SELECT sequence, stream, last, tell_ms FROM sent_stream WHERE audience = ?1")            \
    X(SENT_STREAM_SET, CHANGE,                                                                                         \
      "INSERT INTO sent_stream(audience, sequence, stream, last, tell_ms) VALUES(?1, ?2, ?3, ?4, ?5)"                  \
      " ON CONFLICT(audience) DO UPDATE SET sequence = excluded.sequence, stream = excluded.stream, last = excluded.last,"\
      " tell_ms = excluded.tell_ms")                                                                                   \
    X(SENT_STREAM_DUE, READ,                                                                                           \
      "SELECT sequence, stream, last, tell_ms, audience FROM sent_stream INDEXED BY sent_stream_tell WHERE tell_ms <= ?1"\
      " ORDER BY tell_ms LIMIT 1")                                                                                     \
    X(SENT_STREAM_DELETE, CHANGE, "DELETE FROM sent_stream WHERE audience = ?1")                                       \
    X(SENT_STREAM_CLEAR, CHANGE, "DELETE FROM sent_stream")                                                            \
    X(STREAM_ADD, CHANGE,                                                                                              \
      "INSERT INTO stream(key, stream, originator, community) VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")          \
    X(ITEM_ADD, CHANGE, "INSERT INTO stream_item(key, sequence, created_ms, id) VALUES(?1, ?2, ?3, ?4)")               \
    X(ITEM_BELOW, READ,                                                                                                \
      "SELECT sequence, created_ms, id FROM stream_item WHERE key = ?1 AND sequence <= ?2"                             \
      " ORDER BY sequence DESC LIMIT 1")                                                                               \
    X(ITEM_ABOVE, READ,                                                                                                \
      "SELECT sequence, created_ms, id FROM stream_item WHERE key = ?1 AND sequence > ?2 ORDER BY sequence LIMIT 1")   \
    X(ITEM_EACH, READ,                                                                                                 \
      "SELECT i.key, i.sequence, i.created_ms, s.originator FROM (SELECT key, sequence, created_ms FROM stream_item"   \
      " WHERE (key, sequence) > (?1, ?2) ORDER BY key, sequence LIMIT ?3) AS i LEFT JOIN stream AS s ON s.key = i.key" \
      " ORDER BY i.key, i.sequence")                                                                                   \
    X(ITEM_DELETE, CHANGE, "DELETE FROM stream_item WHERE key = ?1 AND sequence = ?2")                                 \
    X(STREAM_DELETE, CHANGE, "DELETE FROM stream WHERE key = ?1")                                                      \
    X(GAP_SET, CHANGE,                                                                                                 \
      "INSERT OR REPLACE INTO stream_gap(" NRS_GAP_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")             \
    X(GAP_DELETE, CHANGE, "DELETE FROM stream_gap WHERE key = ?1 AND first = ?2")                                      \
    X(GAP_AT, READ,                                                                                                    \
      "SELECT " NRS_GAP_COLUMNS " FROM stream_gap AS g WHERE key = ?1 AND first <= ?2 AND last >= ?2"                  \
      " ORDER BY first DESC LIMIT 1")                                                                                  \
    X(GAP_BEFORE, READ, "SELECT " NRS_GAP_COLUMNS " FROM stream_gap AS g WHERE next_id = ?1 LIMIT 1")                  \
    X(GAP_ANY, READ, "SELECT EXISTS(SELECT 1 FROM stream_gap)")                                                        \
    X(GAP_OF, READ, "SELECT EXISTS(SELECT 1 FROM stream_gap WHERE key = ?1)")                                          \
    X(GAP_EACH_DUE, READ,                                                                                              \
      "SELECT g.key, g.first, g.last, g.seen_ms, g.until_ms, g.next_ms, g.asked, g.next_id, g.last_id, s.stream,"      \
      " s.originator, s.community FROM stream_gap AS g JOIN stream AS s ON s.key = g.key"                              \
      " WHERE (g.key, g.first) IN (SELECT key, first FROM stream_gap INDEXED BY stream_gap_due WHERE next_ms <= ?1"    \
      " ORDER BY next_ms LIMIT ?2) ORDER BY +g.next_ms")                                                               \
    X(GAP_EACH, READ,                                                                                                  \
      "SELECT g.key, g.first, g.last, g.seen_ms, g.until_ms, g.next_ms, g.asked, g.next_id, g.last_id, s.stream,"      \
      " s.originator, s.community FROM stream_gap AS g JOIN stream AS s ON s.key = g.key"                              \
      " WHERE ?1 IS NULL OR s.originator = ?1 ORDER BY +g.seen_ms LIMIT ?2")                                           \
    X(GAP_EACH_SUM, READ,                                                                                              \
      "SELECT s.originator, s.community, g.until_ms <= ?2, cast(min(total(g.last - g.first + 1), 9e15) AS INTEGER),"        \
      " min(g.seen_ms), max(g.asked) FROM stream_gap AS g JOIN stream AS s ON s.key = g.key WHERE g.seen_ms <= ?1"     \
      " GROUP BY 1, 2, 3 ORDER BY 5")                                                                                  \
    X(STREAM_EXPIRE, CHANGE,                                                                                           \
      "DELETE FROM stream WHERE key IN (SELECT key FROM stream_gap WHERE until_ms <= ?1)"                              \
      " AND NOT EXISTS(SELECT 1 FROM stream_item AS i WHERE i.key = stream.key)"                                       \
      " AND NOT EXISTS(SELECT 1 FROM stream_gap AS g WHERE g.key = stream.key AND g.until_ms > ?1)")                   \
    X(GAP_EXPIRE, CHANGE, "DELETE FROM stream_gap WHERE until_ms <= ?1")                                               \
    X(UNOPENED_ADD, CHANGE,                                                                                            \
      "INSERT INTO unopened(place, created_ms, id) VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING")                         \
    X(UNOPENED_GET, READ, "SELECT created_ms, id FROM unopened WHERE place = ?1")                                      \
    X(UNOPENED_PAGE, READ, "SELECT count(*), max(place) FROM (SELECT place FROM unopened WHERE place > ?1 ORDER BY place LIMIT ?2)") \
    X(UNOPENED_EXPIRE, CHANGE, "DELETE FROM unopened WHERE place > ?1 AND place <= ?2 AND created_ms < ?3")            \
    X(EQUIVOCATION_ADD, CHANGE,                                                                                        \
      "INSERT INTO equivocation(originator, place, at_ms, community, first, second) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"    \
      " ON CONFLICT DO NOTHING")                                                                                       \
    X(EQUIVOCATION_COUNT, READ, "SELECT count(*) FROM equivocation WHERE originator = ?1")                             \
    X(EQUIVOCATION_EACH, READ,                                                                                         \
      "SELECT originator, place, at_ms, community, first, second FROM equivocation ORDER BY +at_ms")                   \
    X(WITHHELD_NOTE_ADD, CHANGE, "INSERT INTO withheld_note(report, content) VALUES(?1, ?2)")                          \
    X(WITHHELD_NOTE_EACH, READ, "SELECT report, content FROM withheld_note WHERE report = ?1 ORDER BY +number")        \
    X(WITHHELD_NOTE_DELETE, CHANGE, "DELETE FROM withheld_note WHERE report = ?1")                                     \
    X(WITHHELD_NOTE_ALIVE, READ,                                                                                       \
      "SELECT p.id FROM report AS p WHERE p.position IN (SELECT report FROM withheld_note) AND p.part = ?2"            \
      " AND p.key_state = 1 AND p.expires_ms > ?1 ORDER BY +p.position")                                               \
    X(PUBLISH_ADD, CHANGE, "INSERT INTO publish(position, due_ms) VALUES(?1, ?2) ON CONFLICT(position)"                \
                           " DO UPDATE SET due_ms = min(due_ms, ?2)")                                                  \
    X(PUBLISH_EACH, READ, "SELECT position FROM publish WHERE due_ms <= ?1 ORDER BY +position LIMIT ?2")               \
    X(PUBLISH_DELETE, CHANGE, "DELETE FROM publish WHERE position = ?1")                                               \
    X(PUBLISH_NEXT, READ, "SELECT coalesce(min(due_ms), 0) FROM publish")                                              \
    X(VOUCH_COUNT_GET, READ, "SELECT count, since_ms FROM vouch_count WHERE community = ?1")                           \
    X(VOUCH_COUNT_CLEAR, CHANGE, "DELETE FROM vouch_count")                                                            \
    X(VOUCH_COUNT_SET, CHANGE, "INSERT OR REPLACE INTO vouch_count(community, count, since_ms) VALUES(?1, ?2, ?3)")    \
    X(VOUCHED_ADD, CHANGE,                                                                                             \
      "INSERT INTO vouched(originator, community, since_ms, count, id) VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING")\
    X(VOUCHED_GET, READ,                                                                                               \
      "SELECT id FROM vouched WHERE originator = ?1 AND community = ?2 AND since_ms = ?3 AND count = ?4")              \
    X(DIGEST_ADD, CHANGE, "INSERT INTO digest(due_ms, expires_ms, direct, recipient, community, statement) VALUES(?1, ?2, ?3, ?4, ?5, ?6)")        \
    X(DIGEST_HAS, READ,                                                                                                \
      "SELECT 1 FROM digest WHERE recipient = ?1 AND community = ?2 AND due_ms = 0 AND statement = ?3 LIMIT 1")        \
    X(DIGEST_EACH, READ,                                                                                               \
      "SELECT number, due_ms, expires_ms, recipient, community, statement FROM (SELECT *, row_number() OVER"           \
      " (PARTITION BY recipient, due_ms = 0 ORDER BY number) AS turn FROM digest"                                      \
      " WHERE community = ?1 AND direct = 0 AND due_ms <= ?2)"                                                         \
      " WHERE due_ms > 0 OR turn <= ?3 ORDER BY due_ms = 0, due_ms, number")                                           \
    X(DIGEST_FOR, READ,                                                                                                \
      "SELECT number, due_ms, expires_ms, recipient, community, statement FROM digest"                                 \
      " WHERE community = ?1 AND recipient = ?2 AND direct = 0 AND due_ms > 0 ORDER BY number")                        \
    X(DIRECT_EACH, READ,                                                                                               \
      "SELECT number, due_ms, expires_ms, recipient, community, statement FROM digest"                                 \
      " WHERE community = ?1 AND direct = 1 AND number > ?2 ORDER BY number LIMIT ?3")                                 \
    X(DIGEST_DELETE, CHANGE, "DELETE FROM digest WHERE number = ?1")                                                   \
    X(DIGEST_EXPIRE, CHANGE, "DELETE FROM digest WHERE expires_ms <= ?1")                                              \
    X(DIGEST_WAIT, CHANGE, "UPDATE digest SET due_ms = 0 WHERE number = ?1")                                           \
    X(DIGEST_DEFER, CHANGE, "UPDATE digest SET due_ms = ?3 WHERE community = ?1 AND direct = 0 AND due_ms > 0 AND due_ms <= ?2")      \
    X(DIGEST_DUE, READ, "SELECT EXISTS(SELECT 1 FROM digest WHERE community = ?1 AND direct = 0 AND due_ms > 0 AND due_ms <= ?2)")    \
    X(DIGEST_NEXT, READ, "SELECT coalesce(min(due_ms), 0) FROM digest WHERE due_ms > 0")                               \
    X(AUDIT_ADD, CHANGE, "INSERT INTO audit(number, leaf, sealed) VALUES(?1, ?2, ?3)")                                 \
    X(AUDIT_LAST, READ, "SELECT coalesce(max(number), 0) FROM audit WHERE number BETWEEN 1 AND ?1")                    \
    X(AUDIT_FOREIGN_SPAN, READ,                                                                                        \
      "SELECT count(*), max(coalesce(min(number), 1), 1), max(coalesce(max(number), 1), 1) FROM audit"                 \
      " WHERE number < 1 OR number > ?1")                                                                              \
    X(AUDIT_FOREIGN_KEEP, CHANGE,                                                                                      \
      "INSERT INTO audit_foreign(number, leaf, sealed) SELECT number, leaf, sealed FROM audit"                         \
      " WHERE number < 1 OR number > ?1")                                                                              \
    X(AUDIT_FOREIGN_DROP, CHANGE, "DELETE FROM audit WHERE number < 1 OR number > ?1")                                 \
    X(AUDIT_FOREIGN_EACH, READ,                                                                                        \
      "SELECT max(number, 1) AS place, CASE typeof(leaf) WHEN 'blob' THEN leaf ELSE x'' END, x''"                     \
      " FROM (SELECT number, leaf FROM audit_foreign UNION ALL"                                                        \
      " SELECT number, leaf FROM audit WHERE number < 1 OR number > ?1) ORDER BY place LIMIT ?2")                      \
    X(AUDIT_LEAF, READ, "SELECT leaf FROM audit WHERE number = ?1")                                                    \
    X(AUDIT_EACH, READ,                                                                                                \
      "SELECT " NRS_AUDIT_COLUMNS " FROM audit WHERE number > ?1 ORDER BY number LIMIT ?2")                            \
    X(AUDIT_BACK, READ,                                                                                                \
      "SELECT " NRS_AUDIT_COLUMNS " FROM audit WHERE number BETWEEN 1 AND ?1 - 1 ORDER BY number DESC LIMIT ?2")                       \
    X(AUDIT_SIGNED_KEEP, CHANGE,                                                                                       \
      "INSERT INTO audit_signed_foreign(size, hub, payload) SELECT size, NULL, payload FROM audit_checkpoint"          \
      " UNION ALL SELECT size, hub, payload FROM audit_cosignature")                                                   \
    X(AUDIT_SIGNED_FOREIGN_EACH, READ,                                                                                 \
      "SELECT CASE WHEN hub IS NULL THEN NULL WHEN " NRS_AUDIT_HUB_HOLDS " THEN hub ELSE zeroblob(32) END,"            \
      " CASE WHEN " NRS_AUDIT_PAYLOAD_HOLDS " THEN payload ELSE x'00' END FROM"                                        \
      " (SELECT rowid AS age, hub, payload FROM audit_signed_foreign"                                                  \
      " UNION ALL SELECT 0, NULL, NULL FROM audit_checkpoint WHERE NOT (" NRS_AUDIT_SIZE_HOLDS ")"                     \
      " UNION ALL SELECT 0, x'', NULL FROM audit_cosignature WHERE NOT (" NRS_AUDIT_SIZE_HOLDS "))"                    \
      " ORDER BY age = 0 DESC, age DESC LIMIT ?1")                                                                     \
    X(AUDIT_NODE_SET, CHANGE, "INSERT OR REPLACE INTO audit_node(level, place, hash) VALUES(?1, ?2, ?3)")              \
    X(AUDIT_NODE_GET, READ, "SELECT hash FROM audit_node WHERE level = ?1 AND place = ?2")                             \
    X(AUDIT_NODE_CLEAR, CHANGE, "DELETE FROM audit_node")                                                              \
    X(AUDIT_SIGNED_CLEAR, CHANGE, "DELETE FROM audit_checkpoint")                                                      \
    X(AUDIT_COSIGNED_CLEAR, CHANGE, "DELETE FROM audit_cosignature")                                                   \
    X(AUDIT_CHECKPOINT_ADD, CHANGE, "INSERT OR REPLACE INTO audit_checkpoint(size, payload) VALUES(?1, ?2)")           \
    X(AUDIT_CHECKPOINT_GET, READ,                                                                                      \
      "SELECT CASE WHEN " NRS_AUDIT_PAYLOAD_HOLDS " THEN payload ELSE x'00' END FROM audit_checkpoint WHERE size = ?1") \
    X(AUDIT_CHECKPOINT_LAST, READ, "SELECT coalesce(max(size), 0) FROM audit_checkpoint WHERE " NRS_AUDIT_SIZE_HOLDS)  \
    X(AUDIT_CHECKPOINT_EACH, READ,                                                                                     \
      "SELECT size, CASE WHEN " NRS_AUDIT_PAYLOAD_HOLDS " THEN payload ELSE x'00' END"                                 \
      " FROM audit_checkpoint WHERE size > ?1 AND size <= ?2 ORDER BY size")                                           \
    X(AUDIT_COSIGNATURE_ADD, CHANGE,                                                                               \
      "INSERT INTO audit_cosignature(size, hub, position, payload) VALUES(?1, ?2, ?3, ?4)"                                \
      " ON CONFLICT DO UPDATE SET position = ?3, payload = ?4")                                         \
    X(AUDIT_COSIGNATURE_EACH, READ,                                                                                    \
      "SELECT size, CASE WHEN " NRS_AUDIT_HUB_HOLDS " THEN hub ELSE zeroblob(32) END, CASE WHEN " NRS_AUDIT_HUB_HOLDS   \
      " AND " NRS_AUDIT_POSITION_HOLDS " AND " NRS_AUDIT_PAYLOAD_HOLDS " THEN payload ELSE x'00' END"                  \
      " FROM audit_cosignature WHERE size > ?1 AND size <= ?2 AND typeof(size) = 'integer' ORDER BY size, hub")        \
    X(AUDIT_COSIGNED_LAST, READ, "SELECT coalesce(max(size), 0) FROM audit_cosignature WHERE " NRS_AUDIT_SIZE_HOLDS)  \
    X(AUDIT_COSIGNED_SIZE, READ,                                                                                  \
      "SELECT size, position FROM audit_cosignature WHERE hub = ?1 AND " NRS_AUDIT_SIZE_HOLDS " AND "             \
      NRS_AUDIT_POSITION_HOLDS " ORDER BY position DESC LIMIT 1")                                                \
    X(AUDIT_WATCH_SET, CHANGE,                                                                                         \
      "INSERT OR REPLACE INTO audit_watch(" NRS_AUDIT_WATCH_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"        \
      " ?9, ?10, ?11, ?12, ?13)")                                                                                      \
    X(AUDIT_WATCH_MOVE, CHANGE, "UPDATE OR REPLACE audit_watch SET node = ?2 WHERE node = ?1")                         \
    X(AUDIT_SEEN_MOVE, CHANGE, "UPDATE OR REPLACE audit_seen SET node = ?2 WHERE node = ?1")                           \
    X(AUDIT_SEEN_FIRST, READ,                                                                                          \
      "SELECT coalesce(min(size), 0) FROM audit_seen WHERE node = ?1 AND log = ?2 AND " NRS_AUDIT_SEEN_HOLDS)          \
    X(AUDIT_WATCH_GET, READ,                                                                                           \
      "SELECT " NRS_AUDIT_WATCH_COLUMNS " FROM audit_watch WHERE node = ?1 AND " NRS_AUDIT_WATCH_HOLDS)                \
    X(AUDIT_WATCH_THERE, READ, "SELECT 1 FROM audit_watch WHERE node = ?1")                                            \
    X(AUDIT_WATCH_EACH, READ,                                                                                          \
      "SELECT " NRS_AUDIT_WATCH_COLUMNS " FROM audit_watch WHERE " NRS_AUDIT_WATCH_HOLDS " ORDER BY node")             \
    X(AUDIT_SEEN_ADD, CHANGE, "INSERT OR REPLACE INTO audit_seen(node, log, size, root) VALUES(?1, ?2, ?3, ?4)")       \
    X(AUDIT_SEEN_TRIM, CHANGE,                                                                                         \
      "DELETE FROM audit_seen WHERE node = ?1 AND log = ?2 AND (NOT (" NRS_AUDIT_SEEN_HOLDS ") OR size <="             \
      " (SELECT size FROM audit_seen WHERE node = ?1 AND log = ?2 AND " NRS_AUDIT_SEEN_HOLDS                           \
      " ORDER BY size DESC LIMIT 1 OFFSET ?3))")                                                                       \
    X(AUDIT_SEEN_GET, READ,                                                                                            \
      "SELECT root FROM audit_seen WHERE node = ?1 AND log = ?2 AND size = ?3 AND " NRS_AUDIT_SEEN_HOLDS)              \
    X(AUDIT_SEEN_LAST, READ,                                                                                           \
      "SELECT size, root, (SELECT count(DISTINCT log) FROM audit_seen WHERE node = ?1 AND " NRS_AUDIT_SEEN_HOLDS       \
      ") FROM audit_seen WHERE node = ?1 AND log = ?2 AND " NRS_AUDIT_SEEN_HOLDS " ORDER BY size DESC LIMIT 1")        \
    X(AUDIT_SEEN_LOG, READ,                                                                                            \
      "SELECT 1 FROM audit_seen WHERE node = ?1 AND log = ?2 AND " NRS_AUDIT_SEEN_HOLDS " LIMIT 1")

typedef enum nrs_statement {
#define NRS_STATEMENT_ENUM(name, kind, sql) NRS_STATEMENT_##name,
    NRS_STATEMENTS(NRS_STATEMENT_ENUM)
#undef NRS_STATEMENT_ENUM
        NRS_STATEMENT_COUNT
} nrs_statement;

#endif
