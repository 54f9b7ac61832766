#include "proto/vocabulary.h"

#include <string.h>

#include "proto/assert.h"

static const nrs_term kinds[] = {
    {NRS_KIND_INCIDENT, "incident", "障害・事故等", "incident"},
    {NRS_KIND_EARLY_SIGN, "early-sign", "予兆", "early sign"},
    {NRS_KIND_NEAR_MISS, "near-miss", "ヒヤリハット", "near miss"},
    {NRS_KIND_ADVISORY, "advisory", "注意喚起", "advisory"},
    {NRS_KIND_LESSON, "lesson", "教訓・経験", "lesson learned"},
    {NRS_KIND_SITUATION, "situation", "状況", "situation"},
    {NRS_KIND_RESTORATION, "restoration", "復旧", "restoration"},
    {NRS_KIND_REQUEST, "request", "依頼・照会", "request"},
    {NRS_KIND_STANDARD, "standard", "安全基準等", "safety standard"},
    {NRS_KIND_SURVEY, "survey", "調査", "survey"},
};

static const nrs_term roles[] = {
    {NRS_ROLE_OPERATOR, "operator", "事業者", "operator"},
    {NRS_ROLE_HUB, "hub", "セプター事務局（ハブ）", "CEPTOAR secretariat (hub)"},
    {NRS_ROLE_MINISTRY, "ministry", "所管省庁", "competent ministry"},
    {NRS_ROLE_NATIONAL, "national", "国の中核機関", "national centre"},
    {NRS_ROLE_RESPONSE, "response", "事案対処省庁", "incident response agency"},
    {NRS_ROLE_RELATED, "related", "関係機関", "related agency"},
    {NRS_ROLE_COUNCIL, "council", "セプターカウンシル", "CEPTOAR-Council"},
};

static const nrs_term event_types[] = {
    {1, "near-miss", "未発生の事象：予兆・ヒヤリハット", "not occurred: early sign or near miss"},
    {2, "confidentiality-leak", "機密性を脅かす事象：情報の漏えい", "confidentiality: leak of information"},
    {3, "integrity-destruction", "完全性を脅かす事象：情報の破壊", "integrity: destruction of information"},
    {4, "availability-disruption", "可用性を脅かす事象：システム等の利用困難", "availability: system hard to use"},
    {5, "malware-infection", "上記につながる事象：マルウェア等の感染", "leading to these: malware infection"},
    {6, "code-execution", "上記につながる事象：不正コード等の実行", "leading to these: execution of malicious code"},
    {7, "intrusion", "上記につながる事象：システム等への侵入", "leading to these: intrusion into a system"},
    {8, "other", "上記につながる事象：その他", "leading to these: other"},
};

static const nrs_term causes[] = {
    {1, "suspicious-mail", "不審メール等の受信", "suspicious mail received"},
    {2, "impersonation", "ユーザID等の偽り", "false user identity"},
    {3, "flooding", "DoS攻撃等の大量アクセス", "flood of accesses, such as denial of service"},
    {4, "illicit-acquisition", "情報の不正取得", "illicit acquisition of information"},
    {5, "insider", "内部不正", "insider"},
    {6, "operation-neglected", "適切なシステム等運用の未実施", "proper system operation neglected"},
    {7, "user-error", "ユーザの操作ミス", "user's mistake in operation"},
    {8, "user-mismanagement", "ユーザの管理ミス", "user's mistake in management"},
    {9, "suspicious-file", "不審なファイルの実行", "suspicious file executed"},
    {10, "suspicious-site", "不審なサイトの閲覧", "suspicious site visited"},
    {11, "contractor-mismanagement", "外部委託先の管理ミス", "contractor's mistake in management"},
    {12, "equipment-failure", "機器等の故障", "equipment failure"},
    {13, "vulnerability", "システムの脆弱性", "vulnerability of a system"},
    {14, "spillover", "他分野の障害からの波及", "spillover from another sector's failure"},
    {15, "disaster", "災害や疾病等", "disaster or epidemic"},
    {16, "other", "その他", "other"},
    {17, "unknown", "不明", "unknown"},
};

static const nrs_term onward[] = {
    {1u << 0, "council", "セプターカウンシル", "the CEPTOAR-Council"},
    {1u << 1, "ministry", "所管省庁", "the competent ministry"},
    {1u << 2, "national", "国の中核機関", "the national centre"},
    {1u << 3, "response", "事案対処省庁", "incident response agencies"},
    {1u << 4, "communities", "他のコミュニティ", "other communities"},
};

static const nrs_term pap[] = {
    {NRS_PAP_CLEAR, "CLEAR", "措置に制限を設けない", "no limits on what is done with it"},
    {NRS_PAP_GREEN, "GREEN", "遮断等、対象に対する能動的な措置まで認める", "active measures such as blocking are allowed"},
    {NRS_PAP_AMBER, "AMBER", "対象に接触しない照合・調査に限る", "checks that do not touch the target only"},
    {NRS_PAP_RED, "RED", "外部から検知されない、自組織内での受動的な措置に限る", "passive measures within the organisation only, not detectable from outside"},
};

static const nrs_term answers[] = {
    {NRS_ANSWER_YES, "yes", "可", "yes"},
    {NRS_ANSWER_NO, "no", "不可", "no"},
};

static const nrs_term audit_events[] = {
    {NRS_AUDIT_PADDING, "padding", "詰め物", "padding"},
    {NRS_AUDIT_OPEN, "open", "開封", "opened"},
    {NRS_AUDIT_RED_OPEN, "red-open", "RED の引渡し（本人の処理へ）", "RED handed to the person's process"},
    {NRS_AUDIT_ACCEPT, "accept", "免責の承諾", "disclaimer accepted"},
    {NRS_AUDIT_DECLINE, "decline", "免責の不承諾", "disclaimer declined"},
    {NRS_AUDIT_EXPORT, "export", "外部出力", "exported"},
    {NRS_AUDIT_EXTEND, "extend", "配布先の拡大", "audience extended"},
    {NRS_AUDIT_ASK, "ask", "許可の依頼", "release asked for"},
    {NRS_AUDIT_RELEASE, "release", "許可", "released"},
    {NRS_AUDIT_DENY, "deny", "許可の拒否", "release denied"},
    {NRS_AUDIT_VOUCH, "vouch", "保証（情報源秘匿）", "vouched for"},
    {NRS_AUDIT_WITHDRAW, "withdraw", "撤回", "withdrawn"},
    {NRS_AUDIT_FORGET, "forget", "消去", "forgotten"},
    {NRS_AUDIT_SEND, "send", "送信", "sent"},
    {NRS_AUDIT_ROSTER, "roster", "名簿の変更", "roster changed"},
    {NRS_AUDIT_JOIN, "join", "参加", "joined"},
    {NRS_AUDIT_CARD, "card", "カードの変更", "card changed"},
    {NRS_AUDIT_PREKEYS, "prekeys", "プレ鍵の更新", "prekeys renewed"},
    {NRS_AUDIT_KEY, "key", "鍵の変更・破棄", "key changed or destroyed"},
    {NRS_AUDIT_OVERRIDE, "override", "規則の例外適用", "rule overridden"},
    {NRS_AUDIT_ALARM, "alarm", "警報", "alarm"},
    {NRS_AUDIT_LOG_EXPORT, "log-export", "監査記録の出力", "audit log exported"},
};

#define TERMS(table)                                                                                                   \
    {                                                                                                                  \
        (table), sizeof(table) / sizeof((table)[0])                                                                    \
    }

static const struct {
    const nrs_term *terms;
    size_t count;
} vocabularies[] = {
    [NRS_VOCABULARY_KIND] = TERMS(kinds),
    [NRS_VOCABULARY_ROLE] = TERMS(roles),
    [NRS_VOCABULARY_EVENT_TYPE] = TERMS(event_types),
    [NRS_VOCABULARY_CAUSE] = TERMS(causes),
    [NRS_VOCABULARY_ONWARD] = TERMS(onward),
    [NRS_VOCABULARY_PAP] = TERMS(pap),
    [NRS_VOCABULARY_ANSWER] = TERMS(answers),
    [NRS_VOCABULARY_AUDIT] = TERMS(audit_events),
};

const nrs_term *nrs_vocabulary_terms(nrs_vocabulary vocabulary, size_t *count_out)
{
    NRS_ASSERT(vocabulary >= NRS_VOCABULARY_KIND && vocabulary <= NRS_VOCABULARY_AUDIT);
    NRS_ASSERT(count_out != NULL);

    *count_out = vocabularies[vocabulary].count;
    return vocabularies[vocabulary].terms;
}

const nrs_term *nrs_vocabulary_by_code(nrs_vocabulary vocabulary, const char *code)
{
    size_t count;
    const nrs_term *terms = nrs_vocabulary_terms(vocabulary, &count);

    for (size_t i = 0; code != NULL && i < count; i++) {
        if (strcmp(terms[i].code, code) == 0) {
            return &terms[i];
        }
    }
    return NULL;
}

const nrs_term *nrs_vocabulary_by_value(nrs_vocabulary vocabulary, uint32_t value)
{
    size_t count;
    const nrs_term *terms = nrs_vocabulary_terms(vocabulary, &count);

    for (size_t i = 0; i < count; i++) {
        if (terms[i].value == value) {
            return &terms[i];
        }
    }
    return NULL;
}
