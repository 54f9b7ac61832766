/* The table of commands: parsing, help and dispatch all read it. */
#include "command.h"
#include "language.h"
#include "proto/assert.h"
#include "run.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const nrs_option global_options[] = {
    {"dir", 0, "DIR", false, N_("the node's folder; else $NOROSHI_DIR, else ~/.local/share/noroshi")},
    {"json", 0, NULL, false, N_("answer in JSON: one object, or one a line")},
    {"lang", 0, "ja|en", false, N_("the language of the answer; else the locale's")},
    {"as", 0, "PERSON", false, N_("the person who acts")},
    {"passphrase-file", 0, "FILE", false, N_("first line: the passphrase of the node's key, or with --as of the person's")},
    {"help", 'h', NULL, false, N_("this help")},
    {"version", 0, NULL, false, N_("the version of the program")},
};

static const nrs_option init_options[] = {
    {"org", 0, "ORG", false, N_("id of the organisation: 1 to 32 of a-z, 0-9 and hyphens")},
    {"name", 0, "NAME", false, N_("its name as people write it")},
    {"listen", 0, "tcp://ADDRESS:PORT", false, N_("where this node can be dialled (hubs)")},
    {"advertise", 0, "tcp://HOST:PORT", false, N_("the address others dial, where it differs from --listen")},
    {"passphrase-file", 0, "FILE", false, N_("first line: the passphrase of the new key")},
    {"no-passphrase", 0, NULL, false, N_("keep the new key without a passphrase")},
};
static const nrs_option card_options[] = {
    {"fingerprint", 0, NULL, false, N_("print only the fingerprint, to be read out by telephone")},
    {"qr", 0, NULL, false, N_("draw it as a QR code; where it is too large for that: organisation, fingerprint and link key")},
    {"advertise", 0, "tcp://HOST:PORT", false, N_("sign a new card with this address for others to dial, which a running node tells its members")},
    {"listen", 0, "tcp://ADDRESS:PORT", false, N_("listen on this address from the next start on; also the one to dial where no other is advertised")},
};
static const nrs_option person_add_options[] = {
    {"name", 0, "NAME", false, N_("the person's name as people write it")},
    {"passphrase-file", 0, "FILE", false, N_("first line: the passphrase of the new key")},
    {"no-passphrase", 0, NULL, false, N_("keep the new key without a passphrase")},
};
static const nrs_option person_rename_options[] = {
    {"name", 0, "NAME", false, N_("the person's name as people write it")},
};
static const nrs_option person_rekey_options[] = {
    {"old-passphrase-file", 0, "FILE", false, N_("first line: the passphrase of the key that is replaced")},
    {"passphrase-file", 0, "FILE", false, N_("first line: the passphrase of the new key")},
    {"no-passphrase", 0, NULL, false, N_("keep the new key without a passphrase")},
};
static const nrs_option person_reset_options[] = {
    {"passphrase-file", 0, "FILE", false, N_("first line: the passphrase of the new key")},
    {"no-passphrase", 0, NULL, false, N_("keep the new key without a passphrase")},
};
static const nrs_option key_passphrase_options[] = {
    {"person", 0, "PERSON", false, N_("the key of this person; else the node's, and the roster keys that share its passphrase")},
    {"roster", 0, "COMMUNITY", false, N_("the roster key of this community alone")},
    {"new-passphrase-file", 0, "FILE", false, N_("first line: the new passphrase")},
    {"no-passphrase", 0, NULL, false, N_("keep the key without a passphrase from now on")},
};
static const nrs_option key_prekeys_options[] = {
    {"rotate", 0, NULL, false, N_("publish new ones now, before their time")},
    {"destroy", 0, NULL, false, N_("with --rotate: destroy the old ones at once")},
};
static const nrs_option key_rotate_options[] = {
    {"output", 'o', "FILE", false, N_("also write the announcement to this file, for a secretariat without a link")},
    {"person-passphrase-file", 0, "ID=FILE", true, N_("first line: the passphrase of this person, who then stands on the new card as well; may be repeated")},
};
static const nrs_option key_revoke_options[] = {
    {"output", 'o', "FILE", false, N_("write the signed revocation to this file; else to standard output")},
    {"submit", 0, NULL, false, N_("hand it to the node of this folder, which tells the community")},
};
static const nrs_option backup_options[] = {
    {"output", 'o', "FILE", false, N_("write the backup to this file")},
    {"backup-passphrase-file", 0, "FILE", false, N_("first line: the passphrase of the backup")},
};
static const nrs_option restore_options[] = {
    {"backup-passphrase-file", 0, "FILE", false, N_("first line: the passphrase of the backup")},
};
#define NEWEST_OPTION                                                                                                  \
    {                                                                                                                  \
        "nothing-newer", 0, NULL, false, N_("at a restored node that reaches no member: the roster was not changed since the backup") \
    }
#define DRAFT_ALONE_OPTION                                                                                                   \
    {                                                                                                                  \
        "draft", 0, "FILE", false, N_("write the next roster to this file, to be signed elsewhere; change nothing")    \
    }
#define DRAFT_OPTION DRAFT_ALONE_OPTION, NEWEST_OPTION
static const nrs_option community_create_options[] = {
    {"name", 0, "NAME", false, N_("the community's name as people write it")},
    {"add-key", 0, "KEY", true, N_("a roster key that is elsewhere, as community key prints it; may be repeated; needs --draft")},
    {"threshold", 0, "N", false, N_("how many of these keys must sign a roster; 1 when not given")},
    DRAFT_ALONE_OPTION,
};
static const nrs_option community_add_options[] = {
    {"fingerprint", 0, "DIGITS", false, N_("what the organisation reads out by telephone")},
    {"role", 0, "ROLE", false, N_("operator, hub, ministry, national, response, related or council; operator when not given")},
    DRAFT_OPTION,
};
static const nrs_option community_succeed_options[] = {
    DRAFT_OPTION,
};
static const nrs_option community_remove_options[] = {
    {"left", 0, NULL, false, N_("it left of its own will: what hubs stored of it before still counts")},
    DRAFT_OPTION,
};
static const nrs_option community_key_options[] = {
    {"passphrase-file", 0, "FILE", false, N_("first line: the passphrase of the new key")},
    {"no-passphrase", 0, NULL, false, N_("keep the new key without a passphrase")},
};
static const nrs_option community_keys_options[] = {
    {"add-key", 0, "KEY", true, N_("a roster key to add, as community key prints it; may be repeated")},
    {"drop-key", 0, "KEY", true, N_("a roster key to drop; may be repeated")},
    {"threshold", 0, "N", false, N_("how many signatures a roster needs from then on")},
    DRAFT_OPTION,
};
static const nrs_option community_renew_options[] = {
    {"expires", 0, "DURATION", false, N_("how long it is valid from now, such as 366d, which is the most")},
    DRAFT_OPTION,
};
static const nrs_option community_show_options[] = {
    {"history", 0, NULL, false, N_("its versions: when, by which keys, and what changed; asks the running node")},
};
static const nrs_option community_forks_options[] = {
    {"proof", 0, NULL, false, N_("print the proof, for another node's inbox folder")},
};
static const nrs_option community_heal_options[] = {
    {"fingerprint", 0, "DIGITS", false, N_("accept the healing roster that has come: what the secretariat reads out of it")},
    DRAFT_OPTION,
};
static const nrs_option community_sign_options[] = {
    {"key", 0, "FILE", false, N_("the key file of the roster key")},
    {"dry-run", 0, NULL, false, N_("print what it changes; sign nothing")},
    {"output", 'o', "FILE", false, N_("write the signed draft to this file; else in place")},
    {"replace", 0, NULL, false, N_("sign although this key signed another draft of this version; with both signed in full it is a fork")},
    {"log", 0, "FILE", false, N_("where what was signed and refused is written down; what was signed also stands in ceremony.log beside the key")},
};
static const nrs_option community_combine_options[] = {
    {"output", 'o', "FILE", false, N_("write the draft with all signatures to this file")},
    {"log", 0, "FILE", false, N_("where what was refused is written down; ceremony.log beside the result when not given")},
};
static const nrs_option community_apply_options[] = {
    {"dry-run", 0, NULL, false, N_("check it against the roster held here; change nothing")},
    {"prove-fork", 0, NULL, false, N_("show it to the node although another of its version is or was in force: that proves a fork, and freezes the community")},
    NEWEST_OPTION,
};
static const nrs_option community_disclaimer_options[] = {
    {"ja", 0, "FILE", false, N_("the text in Japanese")},
    {"en", 0, "FILE", false, N_("the text in English")},
    {"require-label", 0, "LABEL", true, N_("reports with this label need it; may be repeated")},
    {"require-kind", 0, "KIND", true, N_("reports of this kind need it; may be repeated")},
    {"optional", 0, NULL, false, N_("no report needs it any more; senders may add it")},
    DRAFT_OPTION,
};
static const nrs_option community_duty_options[] = {
    {"since", 0, "TIME", false, N_("from when on: RFC 3339, or a date in Japan")},
    {"until", 0, "TIME", false, N_("until when, that day included; for good when not given")},
    DRAFT_OPTION,
};
static const nrs_option community_recognise_options[] = {
    {"fingerprint", 0, "DIGITS", false, N_("what the other community's secretariat reads out by telephone")},
    {"end", 0, NULL, false, N_("recognise it no more; it is given by its id")},
    DRAFT_OPTION,
};
static const nrs_option community_rule_options[] = {
    {"duty-for", 0, "LABEL=DUTY", true,
     N_("reports with this label, or of this kind, go to those alone who took the duty; LABEL=none takes it back; may be repeated")},
    {"labels", 0, "LIST", false, N_("the labels allowed in the community, with commas between")},
    {"red-relay", 0, "yes|no", false, N_("whether hubs may carry RED sealed")},
    {"withheld", 0, "yes|no", false, N_("whether sources may be withheld")},
    {"withdrawn", 0, "keep|forget|DAYS", false,
     N_("what becomes of a withdrawn report that was opened: its key is kept, forgotten at once, or after so many days, such as 30d")},
    DRAFT_OPTION,
};
static const nrs_option decline_options[] = {
    {"reason", 0, "TEXT", false, N_("why, for the originator to read")},
};
static const nrs_option withdraw_options[] = {
    {"reason", 0, "TEXT", false, N_("why, for those to read who were sent it")},
    {"keep-names", 0, NULL, false, N_("at a hub, of what it vouches for: give it although it names the source; only when the source agreed")},
};
static const nrs_option release_ask_options[] = {
    {"to", 0, "ADDRESS", true, N_("who shall have it: @community or organisation; may be repeated")},
    {"community", 0, "COMMUNITY", false, N_("in which those of --to stand, where a name is another organisation's elsewhere")},
    {"reason", 0, "TEXT", false, N_("why, for the source to read")},
};
static const nrs_option release_grant_options[] = {
    {"expires", 0, "DURATION", false, N_("until when it may be used, such as 3d; at most as long as the report lives")},
    {"tlp", 0, "LABEL", false, N_("the label under which they have it; else the report's own")},
    {"pap", 0, "WORD", false, N_("what recipients may do on their networks: CLEAR, GREEN, AMBER or RED")},
    {"tell-affected", 0, "yes|no", false, N_("whether affected parties may be told")},
    {"name-source", 0, "yes|no", false, N_("whether the source may be named")},
    {"not-for-supervision", 0, NULL, false, N_("not to be used for supervision, enforcement or legal action")},
};
static const nrs_option release_deny_options[] = {
    {"reason", 0, "TEXT", false, N_("why, for who asked to read")},
    {"keep-names", 0, NULL, false, N_("at a hub, of what it vouches for: give it although it names the source; only when the source agreed")},
};
static const nrs_option join_options[] = {
    {"fingerprint", 0, "DIGITS", false, N_("what the community's secretariat reads out by telephone")},
};

#define REPORT_OPTIONS                                                                                                 \
    {"tlp", 0, "LABEL", false, N_("CLEAR, GREEN, AMBER, AMBER+STRICT or RED")},                                        \
        {"to", 0, "ADDRESS", true, N_("@community, organisation or person@organisation; may be repeated")},            \
        {"kind", 0, "KIND", false, N_("incident, early-sign, near-miss, advisory, lesson, situation, restoration, "    \
                                      "request, standard or survey")},                                                 \
        {"subject", 0, "TEXT", false, N_("the subject")}, {"body", 0, "TEXT", false, N_("the text of the report")},    \
        {"body-file", 0, "FILE", false, N_("the text of the report from a file, - for standard input")},               \
        {"form", 0, "FILE", false, N_("a filled form; options given beside it win")},                                  \
        {"urgent", 0, NULL, false, N_("mark as urgent")}, {"drill", 0, NULL, false, N_("mark as a drill")},            \
        {"expires", 0, "DURATION", false, N_("how long it lives, such as 7d or 12h; at most 14d")},                    \
        {"community", 0, "COMMUNITY", false, N_("in which those of --to stand, where a name is another organisation's elsewhere")},      \
        {"follows", 0, "ID", false, N_("the report that this one follows, corrects or adds to; it is counted from there")},         \
        {"final", 0, NULL, false, N_("mark as the final report of its series")},                                           \
        {"onward", 0, "WORD", true,                                                                                    \
         N_("whom a hub may pass it on to: council, ministry, national, response or communities; may be repeated")},   \
        {"disclaimer", 0, "NAME", true, N_("a disclaimer of the community that recipients accept first; may be repeated")},  \
        {"unlock-on-accept", 0, NULL, false, N_("give nobody the key before it has accepted the disclaimers")},        \
        {"pap", 0, "WORD", false, N_("what recipients may do on their networks: CLEAR, GREEN, AMBER or RED")},         \
        {"tell-affected", 0, "yes|no", false, N_("whether affected parties may be told")},                             \
        {"name-source", 0, "yes|no", false, N_("whether the source may be named")},                                    \
        {"not-for-supervision", 0, NULL, false, N_("not to be used for supervision, enforcement or legal action")},    \
        {"withhold-source", 0, NULL, false, N_("send it to a hub alone, which publishes it without naming you")},       \
        {"via", 0, "HUB", true, N_("with --withhold-source: the hub that is to vouch for it; may be repeated")},        \
        {"stale-roster", 0, NULL, false,                                                                               \
         N_("seal although the roster is stale or past its expiry; the node's log keeps it")},                         \
    {                                                                                                                  \
        "dry-run", 0, NULL, false, N_("say who would receive it and who not and why; send nothing")                    \
    }

static const nrs_option send_options[] = {REPORT_OPTIONS};
static const nrs_option list_options[] = {
    {"unread", 0, NULL, false, N_("only what was not opened yet")},
    {"sent", 0, NULL, false, N_("only what this node sent")},
    {"community", 0, "COMMUNITY", false, N_("only reports of this community")},
    {"kind", 0, "KIND", false, N_("only this kind")},
    {"since", 0, "TIME", false, N_("only from this time on: RFC 3339, or a date in Japan")},
    {"limit", 0, "N", false, N_("at most so many, the newest")},
};
static const nrs_option show_options[] = {
    {"form", 0, NULL, false, N_("print it as a form to edit; what names the source is commented out")},
    {"part", 0, "PART", false, N_("with --form: only what belongs to the part, technical or damage")},
};
static const nrs_option vouch_options[] = {
    {"form", 0, "FILE", false, N_("the edited form; options given beside it win")},
    {"tlp", 0, "LABEL", false, N_("a label that is not looser than the source's")},
    {"to", 0, "ADDRESS", true, N_("fewer than the source named; may be repeated")},
    {"part", 0, "PART", false, N_("publish the technical part or the damage part by itself: technical or damage")},
    {"keep-names", 0, NULL, false, N_("publish it although the text names the source; only when the source agreed")},
    {"pap", 0, "WORD", false, N_("what recipients may do on their networks: CLEAR, GREEN, AMBER or RED")},
    {"tell-affected", 0, "yes|no", false, N_("whether affected parties may be told")},
    {"not-for-supervision", 0, NULL, false, N_("not to be used for supervision, enforcement or legal action")},
    {"stale-roster", 0, NULL, false, N_("seal although the roster is stale or past its expiry; the node's log keeps it")},
    {"dry-run", 0, NULL, false, N_("say who would receive it and who not and why; send nothing")},
};
static const nrs_option receipts_options[] = {
    {"missing", 0, NULL, false, N_("only who has not confirmed: by opening or accepting it; of what was withdrawn, by taking the withdrawal")},
};
static const nrs_option export_options[] = {
    {"sink", 0, "SINK", false, N_("where it goes: own, clients, community or public")},
    {"format", 0, "FORMAT", false, N_("text or json")},
    {"output", 'o', "FILE", false, N_("write to this file; else to standard output")},
};

static const nrs_option verify_options[] = {
    {"card", 0, "FILE", false, N_("the card of who is said to have signed it, in place of the folder's rosters")},
    {"roster", 0, "FILE", false, N_("a roster that names who signed it")},
    {"invite", 0, "FILE", false, N_("an invite of the community in which it was sent")},
};

static const nrs_option audit_export_options[] = {
    {"output", 'o', "FILE", false, N_("write to this file; else to standard output")},
};
static const nrs_option audit_list_options[] = {
    {"since", 0, "TIME", false, N_("only from this time on: RFC 3339, or a date in Japan")},
    {"until", 0, "TIME", false, N_("only up to this time, or to the end of this day in Japan")},
    {"kind", 0, "KIND", false, N_("only entries of this kind, such as open, export, forget, roster or key")},
    {"about", 0, "ID", false, N_("only entries about this report")},
    {"limit", 0, "N", false, N_("at most so many, the newest")},
};

#define OPTIONS(array) array, COUNT(array)
#define NO_OPTIONS NULL, 0

static const nrs_command commands[] = {
    {"init", "", 0, 0, OPTIONS(init_options), N_("make a node and its keys"),
     "noroshi init --org kanto-power --name \"関東電力\" --listen tcp://127.0.0.1:7417 --no-passphrase", nrs_run_init},
    {"card", "", 0, 0, OPTIONS(card_options), N_("print the node's signed card, or change its address"),
     "noroshi card > kanto-power.card; noroshi card --listen tcp://0.0.0.0:7417 --advertise tcp://hub.example.jp:7417", nrs_run_card},
    {"person add", "PERSON", 1, 1, OPTIONS(person_add_options), N_("give a person a key of their own"),
     "noroshi person add sato --name \"佐藤\" --passphrase-file sato.pass", nrs_run_person_add},
    {"person list", "", 0, 0, NO_OPTIONS, N_("persons, how long their prekeys last, what they have not read"), "noroshi person list",
     nrs_run_person_list},
    {"person unlock", "PERSON", 1, 1, NO_OPTIONS, N_("publish a person's prekeys for the next half year"),
     "noroshi --passphrase-file sato.pass person unlock sato", nrs_run_person_unlock},
    {"person rename", "PERSON", 1, 1, OPTIONS(person_rename_options), N_("change a person's name"),
     "noroshi person rename sato --name \"佐藤（旧姓鈴木）\"", nrs_run_person_rename},
    {"person rekey", "PERSON", 1, 1, OPTIONS(person_rekey_options), N_("give a person a new key, by the old one"),
     "noroshi person rekey sato --old-passphrase-file old.pass --passphrase-file new.pass", nrs_run_person_rekey},
    {"person reset", "PERSON", 1, 1, OPTIONS(person_reset_options), N_("give a person who forgot the passphrase a new key"),
     "noroshi person reset sato --passphrase-file new.pass", nrs_run_person_reset},
    {"person remove", "PERSON", 1, 1, NO_OPTIONS, N_("take a person who left off the card, and destroy the key"),
     "noroshi person remove sato", nrs_run_person_remove},
    {"key passphrase", "", 0, 0, OPTIONS(key_passphrase_options), N_("change the passphrase of a key"),
     "noroshi --passphrase-file old.pass key passphrase --new-passphrase-file new.pass", nrs_run_key_passphrase},
    {"key prekeys", "", 0, 0, OPTIONS(key_prekeys_options), N_("list the node's prekeys, or replace them by hand"),
     "noroshi key prekeys --rotate --destroy", nrs_run_key_prekeys},
    {"key rotate", "", 0, 0, OPTIONS(key_rotate_options), N_("make new keys for the node, announced and signed by the old ones"),
     "noroshi key rotate --person-passphrase-file sato=sato.pass", nrs_run_key_rotate},
    {"key paper", "", 0, 0, NO_OPTIONS, N_("print a paper that can revoke the node's key, and nothing else"), "noroshi key paper | lpr",
     nrs_run_key_paper},
    {"key revoke", "PAPER-FILE", 1, 1, OPTIONS(key_revoke_options), N_("end a lost key, from its paper; no node is needed"),
     "noroshi key revoke paper.txt -o kanto-power.revocation", nrs_run_key_revoke},
    {"backup", "", 0, 0, OPTIONS(backup_options), N_("write keys, persons, rosters and cards to a file under a passphrase"),
     "noroshi backup -o kanto-power.backup --backup-passphrase-file backup.pass", nrs_run_backup},
    {"restore", "BACKUP-FILE", 1, 1, OPTIONS(restore_options), N_("make a node's folder from a backup"),
     "noroshi --dir /var/lib/noroshi restore kanto-power.backup --backup-passphrase-file backup.pass", nrs_run_restore},
    {"community create", "COMMUNITY", 1, 1, OPTIONS(community_create_options),
     N_("found a community; this node becomes its hub"),
     "noroshi community create electricity --name \"電力CEPTOAR\"\n"
     "  noroshi community create electricity --name \"電力CEPTOAR\" --add-key 3f9a… --add-key 77c0… --threshold 2 --draft first.draft",
     nrs_run_community_create},
    {"community add", "COMMUNITY CARD-FILE", 2, 2, OPTIONS(community_add_options),
     N_("add an organisation, or change its role"),
     "noroshi community add electricity kanto-power.card --fingerprint \"12345 67890 …\" --role operator",
     nrs_run_community_add},
    {"community succeed", "COMMUNITY ORG|FILE", 2, 2, OPTIONS(community_succeed_options), N_("bring a member's new keys into the roster; its old key vouches for them"),
     "noroshi community succeed electricity kanto-power", nrs_run_community_succeed},
    {"community remove", "COMMUNITY ORG", 2, 2, OPTIONS(community_remove_options), N_("remove an organisation"),
     "noroshi community remove electricity kanto-power", nrs_run_community_remove},
    {"community disclaimer", "COMMUNITY NAME", 2, 2, OPTIONS(community_disclaimer_options),
     N_("add a disclaimer, replace its text, or say where it is required"),
     "noroshi community disclaimer electricity no-supervision --ja menseki.txt --en disclaimer.txt --require-label AMBER",
     nrs_run_community_disclaimer},
    {"community duty", "COMMUNITY ORG DUTY", 3, 3, OPTIONS(community_duty_options),
     N_("record that an organisation took a duty of confidentiality"),
     "noroshi community duty electricity kanto-power nda --since 2026-04-01 --until 2027-03-31", nrs_run_community_duty},
    {"community recognise", "COMMUNITY INVITE-FILE|ID", 2, 2, OPTIONS(community_recognise_options),
     N_("recognise another community: reports may be passed on to it where their sources agree"),
     "noroshi community recognise electricity gas.invite --fingerprint \"12345 67890 …\"", nrs_run_community_recognise},
    {"community rule", "COMMUNITY", 1, 1, OPTIONS(community_rule_options), N_("change the community's rules"),
     "noroshi community rule electricity --duty-for AMBER=nda --red-relay yes", nrs_run_community_rule},
    {"community renew", "COMMUNITY", 1, 1, OPTIONS(community_renew_options), N_("make the roster valid for longer"),
     "noroshi community renew electricity --expires 366d", nrs_run_community_renew},
    {"community key", "KEY-FILE", 1, 1, OPTIONS(community_key_options),
     N_("make a roster key, on this or an offline machine"), "noroshi community key chair.key --passphrase-file chair.pass",
     nrs_run_community_key},
    {"community keys", "COMMUNITY", 1, 1, OPTIONS(community_keys_options), N_("change the roster keys or how many must sign"),
     "noroshi community keys electricity --add-key 3f9a… --add-key 77c0… --threshold 2 --draft next.draft",
     nrs_run_community_keys},
    {"community sign", "DRAFT-FILE", 1, 1, OPTIONS(community_sign_options),
     N_("show what a draft changes, and sign it; needs neither network nor node"),
     "noroshi community sign next.draft --key chair.key", nrs_run_community_sign},
    {"community combine", "DRAFT-FILE DRAFT-FILE…", 2, 16, OPTIONS(community_combine_options),
     N_("bring signatures from several drafts together"), "noroshi community combine a.draft b.draft --output next.draft",
     nrs_run_community_combine},
    {"community apply", "DRAFT-FILE", 1, 1, OPTIONS(community_apply_options),
     N_("put a draft in force that has its signatures"), "noroshi community apply next.draft", nrs_run_community_apply},
    {"community show", "COMMUNITY", 1, 1, OPTIONS(community_show_options), N_("print the roster"),
     "noroshi community show electricity --history", nrs_run_community_show},
    {"community forks", "COMMUNITY", 1, 1, OPTIONS(community_forks_options),
     N_("print what proves that one version was signed twice"), "noroshi community forks electricity", nrs_run_community_forks},
    {"community heal", "COMMUNITY", 1, 1, OPTIONS(community_heal_options),
     N_("make the roster that ends a fork, or accept one by its fingerprint"),
     "noroshi community heal electricity --fingerprint \"12345 67890 …\"", nrs_run_community_heal},
    {"community invite", "COMMUNITY", 1, 1, NO_OPTIONS, N_("print an invite for members"),
     "noroshi community invite electricity > electricity.invite", nrs_run_community_invite},
    {"community fingerprint", "COMMUNITY", 1, 1, NO_OPTIONS, N_("print what a joiner checks by telephone"),
     "noroshi community fingerprint electricity", nrs_run_community_fingerprint},
    {"join", "INVITE-FILE", 1, 1, OPTIONS(join_options), N_("join a community by its invite"),
     "noroshi join electricity.invite --fingerprint \"12345 67890 …\"", nrs_run_join},
    {"send", "", 0, 0, OPTIONS(send_options), N_("send a report; prints its ID"),
     "noroshi send --tlp AMBER --to @electricity --kind incident --subject \"…\" --body-file report.txt", nrs_run_send},
    {"form", "KIND", 1, 1, NO_OPTIONS, N_("print an empty form to fill in"), "noroshi form incident > report.txt",
     nrs_run_form},
    {"list", "", 0, 0, OPTIONS(list_options), N_("list reports, newest last"), "noroshi list --unread", nrs_run_list},
    {"show", "ID", 1, 1, OPTIONS(show_options), N_("show a report and mark it opened"), "noroshi show 3f9a1c --as sato",
     nrs_run_show},
    {"accept", "ID", 1, 1, NO_OPTIONS, N_("accept the disclaimers of a report, which opens it"), "noroshi accept 3f9a1c --as sato",
     nrs_run_accept},
    {"decline", "ID", 1, 1, OPTIONS(decline_options), N_("decline the disclaimers of a report, which stays closed"),
     "noroshi decline 3f9a1c --reason \"…\"", nrs_run_decline},
    {"release ask", "ID", 1, 1, OPTIONS(release_ask_options), N_("ask the source to let others have a report"),
     "noroshi release ask 3f9a1c --to @gas --reason \"…\"", nrs_run_release_ask},
    {"release list", "", 0, 0, NULL, 0, N_("list what was asked, here and of others, and the answers"), "noroshi release list", nrs_run_release_list},
    {"release grant", "ASK-ID", 1, 1, OPTIONS(release_grant_options), N_("let who asked share the report as it asked"),
     "noroshi release grant 77c01b --expires 3d --pap AMBER", nrs_run_release_grant},
    {"release deny", "ASK-ID", 1, 1, OPTIONS(release_deny_options), N_("refuse, with the reason"), "noroshi release deny 77c01b --reason \"…\"",
     nrs_run_release_deny},
    {"withdraw", "ID", 1, 1, OPTIONS(withdraw_options), N_("take back a report that this node has sent"),
     "noroshi withdraw 3f9a1c --reason \"…\"", nrs_run_withdraw},
    {"receipts", "ID", 1, 1, OPTIONS(receipts_options), N_("who has received and opened a report"),
     "noroshi receipts 3f9a1c --missing", nrs_run_receipts},
    {"reply", "ID", 1, 1, OPTIONS(send_options), N_("answer a report; prints the ID of the answer"),
     "noroshi reply 3f9a1c --body \"…\"", nrs_run_reply},
    {"forward", "ID", 1, 1, OPTIONS(send_options), N_("pass a report on, as a quote under its own terms; prints the ID"),
     "noroshi forward 3f9a1c --to kansai-power --body \"…\"", nrs_run_forward},
    {"vouch", "ID", 1, 1, OPTIONS(vouch_options), N_("at a hub: publish a report whose source is withheld; prints the new ID"),
     "noroshi vouch 3f9a1c --form edited.txt --tlp AMBER", nrs_run_vouch},
    {"export", "ID", 1, 1, OPTIONS(export_options), N_("write a report out for another program or body"),
     "noroshi export 3f9a1c --sink own --format json -o report.json", nrs_run_export},
    {"verify", "FILE", 1, 1, OPTIONS(verify_options), N_("check an exported report: who wrote it, under which label, unchanged; needs no node"),
     "noroshi verify report.txt --card kanto-power.card", nrs_run_verify},
    {"forget", "ID", 1, 1, NO_OPTIONS, N_("destroy the key of a report held here"), "noroshi forget 3f9a1c",
     nrs_run_forget},
    {"audit list", "", 0, 0, OPTIONS(audit_list_options), N_("who opened, exported, forgot or changed what, and what was refused"),
     "noroshi audit list --since 2026-04-01 --kind export", nrs_run_audit_list},
    {"audit verify", "", 0, 0, NO_OPTIONS, N_("check that nothing in the audit log was changed, removed or cut off"), "noroshi audit verify",
     nrs_run_audit_verify},
    {"audit checkpoint", "", 0, 0, NO_OPTIONS, N_("sign where the audit log stands now, for the hubs to sign as well"), "noroshi audit checkpoint",
     nrs_run_audit_checkpoint},
    {"audit signed", "", 0, 0, NO_OPTIONS, N_("checkpoints and who has signed them; at a hub also what it has signed of others"),
     "noroshi audit signed", nrs_run_audit_signed},
    {"audit export", "", 0, 0, OPTIONS(audit_export_options), N_("write the audit log out for a reviewer"), "noroshi audit export -o audit.log",
     nrs_run_audit_export},
    {"status", "", 0, 0, NO_OPTIONS, N_("links, queues and warnings of the running node"), "noroshi status --json",
     nrs_run_status},
};

const nrs_command *nrs_commands(size_t *count_out)
{
    NRS_ASSERT(count_out != NULL);
    *count_out = COUNT(commands);
    return commands;
}

const nrs_option *nrs_global_options(size_t *count_out)
{
    NRS_ASSERT(count_out != NULL);
    *count_out = COUNT(global_options);
    return global_options;
}
