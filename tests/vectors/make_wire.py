#!/usr/bin/env python3
"""Write tests/vectors/wire: one message in each file, with at most one failure.

The bytes are put together by hand, without a protobuf library, so that the vectors do not depend on the codec that they
test. A file is <message>-<what>-<rule>.hex, where the rule is the word of the error that strict decoding must give.
"""
import os
import sys

WIRE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wire")
DAY = 86400000
T0 = 1795392000000  # 2026-11-23T00:00:00Z


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def num(field, value):
    return varint(field << 3) + varint(value) if value else b""


def raw(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


def blob(field, data):
    if isinstance(data, str):
        data = data.encode()
    return raw(field, data) if data else b""


def message(*parts, **changes):
    """Join parts given as (field, value); changes f3=... replace a field, f3=None drops it."""
    out = b""
    for field, value in parts:
        value = changes.pop("f%d" % field, value)
        if isinstance(value, list):
            out += b"".join(raw(field, v.encode() if isinstance(v, str) else v) for v in value)
        elif isinstance(value, int):
            out += num(field, value)
        elif value is not None:
            out += blob(field, value)
    assert not changes, changes
    return out


def fill(byte, size=32):
    return bytes([byte]) * size


UNKNOWN = num(99, 1)


def header(**c):
    return message((1, 1), (2, 3), (3, 0), (4, 0), (5, fill(1)), (6, fill(2)), (7, 3), (8, T0), (9, T0 + 7 * DAY), (10, 0),
                   (11, []), (12, 1), (13, []), (14, ""), (15, None), (16, fill(3, 24)), (17, fill(4)), (18, fill(5)),
                   (19, fill(6)), (20, b""), (21, 1024 + 16), (22, fill(7, 40)), (23, b""), **c)


def grant(**c):
    return message((1, 1), (2, fill(1)), (3, 1), (4, b""), (5, fill(2)), (6, fill(3)), (7, fill(4)), (8, 2), (9, T0),
                   (10, b""), (11, b""), (12, b""), (13, b""), **c)


def later_grant(**c):
    return grant(**{**dict(f3=2, f4=fill(8), f10=fill(9)), **c})


def sealed(**c):
    return message((1, header()), (2, fill(1, 1040)), (3, grant()), (4, fill(2, 64)), **c)


def signed(**c):
    return message((1, b"statement"), (2, fill(1)), (3, fill(2, 64)), **c)


def roster_signature(byte, **c):
    return message((1, fill(byte)), (2, fill(9, 64)), **c)


def many(**c):
    return message((1, b"statement"), (2, [roster_signature(1), roster_signature(2)]), **c)


def slot(**c):
    return message((1, fill(1, 16)), (2, fill(2, 8)), (3, fill(3, 48)), **c)


def slot_table(**c):
    return message((1, fill(1)), (2, fill(2)), (3, [slot()]), **c)


def slot_path(**c):
    return message((1, fill(1)), (2, fill(2)), (3, 1), (4, slot()), (5, fill(3, 64)), **c)


def summary(**c):
    return message((1, "変電所の障害"), (2, 1), (3, 1), (4, b""), **c)


def audience(*targets):
    return message((1, list(targets)))


def target(**c):
    return message((1, None), (2, 0), (3, None), (4, None), **c)


def field(name, value="x", **c):
    return message((1, name), (2, value), **c)


def attachment(**c):
    return message((1, "log.txt"), (2, 10), (3, fill(1)), (4, fill(2)), (5, fill(3)), **c)


def report(**c):
    return message((1, 1), (2, "変電所の障害"), (3, "本文\n二行目"), (4, ["@electricity", "sato@kanto-power"]), (5, "sato"),
                   (6, [field("cause", "unknown"), field("system")]), (7, b""), (8, 1), (9, 0), (10, [attachment()]),
                   (11, b""), (12, None), **c)


def vouch(**c):
    return message((1, 3), (2, T0), **c)


def body(**c):
    return message((1, fill(1)), (2, report()), (3, fill(2)), (4, audience(target(f3=fill(3)))), (5, fill(4)), (6, 7),
                   (7, fill(5)), **c)


def signed_header(**c):
    return message((1, header(f23=fill(9))), (2, fill(2, 64)), (3, fill(3, 64)), (4, fill(4, 64)), **c)


def equivocation(**c):
    return message((1, signed_header()), (2, signed_header(f2=fill(5, 64))), **c)


def person(name, **c):
    return message((1, name), (2, "佐藤"), (3, fill(1)), (4, fill(2)), (5, fill(3, 64)), **c)


def card(**c):
    return message((1, 1), (2, "kanto-power"), (3, "関東電力"), (4, fill(1)), (5, fill(2)), (6, fill(3)),
                   (7, ["tcp://192.0.2.1:7417", "tcp://[2001:db8::1]:7417"]), (8, [field("telephone", "03-0000-0000")]),
                   (9, [person("sato"), person("suzuki")]), (10, 1), (11, T0), (12, fill(4, 64)), **c)


def prekey(start, **c):
    return message((1, fill(1, 8)), (2, fill(2)), (3, start), (4, start + 7 * DAY), **c)


def prekeys(**c):
    return message((1, 1), (2, fill(1)), (3, fill(1)), (4, T0), (5, [prekey(T0), prekey(T0 + 7 * DAY)]), **c)


def duty(**c):
    return message((1, "nda"), (2, T0), (3, T0 + DAY), **c)


def member(org, **c):
    return message((1, org), (2, "名"), (3, fill(1)), (4, fill(2)), (5, fill(3)), (6, 1), (7, fill(4, 64)), (8, b""),
                   (9, [duty()]), **c)


def tombstone(**c):
    return message((1, fill(1)), (2, 1), (3, T0), (4, fill(2)), (5, "gone"), **c)


def disclaimer(**c):
    return message((1, "no-action"), (2, 1), (3, "免責"), (4, ""), (5, 1 << 3), (6, 1 << 1), **c)


def duty_rule(**c):
    return message((1, 1 << 3), (2, 0), (3, "nda"), **c)


def rules(**c):
    return message((1, 62), (2, 3), (3, [disclaimer()]), (4, [duty_rule()]), (5, 0), **c)


def roster(**c):
    return message((1, 1), (2, b""), (3, "electricity"), (4, "電力CEPTOAR"), (5, 1), (6, b""), (7, T0), (8, T0 + 366 * DAY),
                   (9, [fill(1), fill(2)]), (10, 2), (11, [member("chubu-power"), member("kanto-power", f6=2)]),
                   (12, [tombstone()]), (13, rules()), (14, [message((1, fill(7)), (2, "gas"))]), (15, []), **c)


def invite(**c):
    return message((1, many()), (2, many()), (3, [many()]), (4, [signed()]), **c)


def key_change(**c):
    return message((1, 1), (2, 1), (3, "kanto-power"), (4, fill(1)), (5, fill(2)), (6, T0), (7, b"card"), (8, fill(3, 64)), **c)


def revocation(**c):
    return key_change(**{**dict(f2=2, f5=b"", f7=b"", f8=b""), **c})


def envelope(**c):
    return message((1, 1), (2, fill(1)), (3, fill(2, 16)), (4, fill(3)), (5, T0), (6, T0 + DAY), (7, fill(4)),
                   (8, fill(5, 8)), (9, fill(6, 272)), **c)


def statement(**c):
    return message((1, 1), (2, fill(1)), (3, T0), (4, 2), (5, "sato"), (6, ""), (7, b""), (8, b""), (9, ""), **c)


def notice(**c):
    return message((1, header(f4=2, f13=[fill(9)])), (2, fill(1, 64)), (3, grant()), (4, fill(2, 64)), **c)


def reply(**c):
    return message((1, 3), (2, message((1, 3), (2, 16))), (3, 6), (4, fill(1)), (5, "nda"), (6, [fill(2), fill(3)]), (7, "text"), **c)


def ask(**c):
    return message((1, fill(1)), (2, audience(target(f3=fill(3)))), (3, b""), **c)


def release(**c):
    return message((1, 1), (2, fill(1)), (3, fill(2)), (4, fill(3)), (5, b""), (6, 3), (7, None), (8, T0), (9, T0 + DAY), (10, fill(4)), **c)


def withdrawal(**c):
    return message((1, 1), (2, fill(1)), (3, T0), (4, signed_header()), (5, fill(3)), **c)


def export(**c):
    return message((1, 1), (2, "kanto-power"), (3, "electricity"), (4, [disclaimer(f5=0, f6=0)]), (5, signed_header()), (6, fill(5)), (7, b"report"),
                   (8, b""), (9, b""), (10, b""), **c)


def attested(**c):
    return export(**{**dict(f2="", f3="", f5=None, f6=b"", f7=b"", f8=b"signed"), **c})


def attestation(**c):
    return message((1, 1), (2, fill(1)), (3, T0), (4, "tokyo-gas"), (5, "electricity"), (6, 3), (7, 0), (8, 1), (9, T0), (10, T0 + DAY),
                   (11, message((1, 3), (2, 16))), (12, "nda"), (13, [fill(6)]), (14, b"report"), **c)


def letter(**c):
    return message((1, [statement()]), **c)


def head(**c):
    return message((1, fill(1)), (2, 3), (3, fill(2)), **c)


def hello(**c):
    return message((1, 1), (2, 1), (3, fill(1)), (4, fill(2, 16)), (5, fill(3, 16)), (6, 12), (7, 4 << 20), (8, [head()]),
                   (9, T0), (10, 1), **c)


def item(**c):
    return message((1, 5), (2, [b"record"]), **c)


def items(*parts):
    return message((1, list(parts)))


def confirm(**c):
    return message((1, 9), (2, [message((1, 8), (2, 31))]), (3, varint(4) + varint(7)), **c)


def record(**c):
    return message((1, 1), (2, b"payload"), **c)


def audit_entry(**c):
    return message((1, 1), (2, fill(1)), (3, 7), (4, T0), (5, 2), (6, 0), (7, "suzuki"), (8, "sato"), (9, None), (10, fill(2)), (11, "AMBER"), **c)


def audit_proof(size, **c):
    return message((1, size), (2, fill(3, 64)), **c)


def audit_checkpoint(**c):
    return message((1, 1), (2, fill(1)), (3, fill(2, 16)), (4, 192), (5, fill(3)), (6, T0), (7, [audit_proof(64), audit_proof(128)]), **c)


def audit_cosignature(**c):
    return message((1, 1), (2, fill(1)), (3, fill(2)), (4, fill(3, 16)), (5, 192), (6, fill(4)), (7, T0), (8, 1), **c)


def roster_head(**c):
    return message((1, fill(1)), (2, 5), (3, fill(2)), (4, [roster_signature(1), roster_signature(2)]), **c)


def fork_proof(**c):
    return message((1, [roster_head(), roster_head(f3=fill(3))]), **c)


def freshness(**c):
    return message((1, 1), (2, fill(1)), (3, 5), (4, fill(2)), (5, T0), (6, None), **c)


def roster_delta(**c):
    return message((1, roster_head()), (2, 4), (3, fill(3)), (4, 0), (5, 1),
                   (6, [num(2, 9), blob(3, "new"), num(1, 12) + num(2, 7)]), **c)


def roster_draft(**c):
    return message((1, b"first"), (2, b"current"), (3, []), (4, b"statement"), (5, []), (6, []), **c)


def frame(**c):
    return message((1, 2), (2, b"payload"), **c)


def opening(**c):
    return message((1, fill(1)), (2, audience(target(f3=fill(2)))), **c)


OK, BAD, CANON, FIELD = "ok", "malformed", "not-canonical", "unknown-field"
FLAG, SUITE, UTF8, LARGE, NAME = "unknown-flag", "unknown-suite", "bad-utf8", "too-large", "name"
LIFE, ADDRESS = "expiry", "address"

VECTORS = [
    # One good message of each sort.
    ("record", "good", OK, record()),
    ("signed", "good", OK, signed()),
    ("signed_by_many", "good", OK, many()),
    ("header", "good", OK, header()),
    ("header", "good-everything", OK,
     header(f3=1, f4=3, f10=31, f11=[fill(8)], f13=[fill(9)], f14="nda", f15=message((1, 3), (2, 7)), f20=fill(10),
            f23=fill(11))),
    ("grant", "good-first", OK, grant()),
    ("grant", "good-clear", OK, grant(f6=b"", f7=b"", f8=0, f12=fill(5))),
    ("grant", "good-later", OK, later_grant(f11=fill(1, 100))),
    ("grant", "good-community", OK, later_grant(f11=fill(1, 100), f13=fill(7))),
    ("sealed", "good", OK, sealed()),
    ("slot", "good", OK, slot()),
    ("slot_table", "good", OK, slot_table()),
    ("slot_path", "good", OK, slot_path()),
    ("summary", "good", OK, summary()),
    ("audience", "good", OK,
     audience(target(f1=fill(1), f2=4), target(f3=fill(2)), target(f3=fill(2), f4=fill(3)))),
    ("audience", "good-empty", OK, b""),
    ("audience_opening", "good", OK, opening()),
    ("report", "good", OK, report()),
    ("body", "good", OK, body()),
    ("body", "good-first", OK, body(f6=1, f7=b"")),
    ("body", "good-uncounted", OK, body(f5=b"", f6=0, f7=b"")),
    ("equivocation", "good", OK, equivocation()),
    ("record", "good-equivocation", OK, record(f1=13)),
    ("card", "good", OK, card()),
    ("prekeys", "good", OK, prekeys()),
    ("roster", "good", OK, roster()),
    ("roster", "good-second", OK, roster(f2=fill(1), f5=2, f6=fill(2), f15=[fill(3), fill(4)])),
    ("invite", "good", OK, invite()),
    ("key_change", "good-succession", OK, key_change()),
    ("key_change", "good-revocation", OK, revocation()),
    ("key_change", "cause-3", FLAG, key_change(f2=3)),
    ("key_change", "succession-without-card", BAD, key_change(f7=b"")),
    ("key_change", "succession-without-consent", BAD, key_change(f8=b"")),
    ("key_change", "succession-without-agreement", BAD, key_change(f5=b"")),
    ("key_change", "revocation-with-card", CANON, revocation(f7=b"card")),
    ("key_change", "revocation-with-consent", CANON, revocation(f8=fill(3, 64))),
    ("key_change", "key-31", BAD, revocation(f4=fill(1, 31))),
    ("roster_head", "good", OK, roster_head()),
    ("roster_head", "version-missing", BAD, roster_head(f2=0)),
    ("roster_head", "unsigned", BAD, roster_head(f4=[])),
    ("roster_head", "unordered", CANON, roster_head(f4=[roster_signature(2), roster_signature(1)])),
    ("fork_proof", "good", OK, fork_proof()),
    ("fork_proof", "one-head", BAD, fork_proof(f1=[roster_head()])),
    ("fork_proof", "one-head-twice", CANON, fork_proof(f1=[roster_head(), roster_head()])),
    ("fork_proof", "unordered", CANON, fork_proof(f1=[roster_head(f3=fill(3)), roster_head()])),
    ("fork_proof", "unknown-field-in-head", FIELD, fork_proof(f1=[roster_head(), roster_head(f3=fill(3)) + UNKNOWN])),
    ("freshness", "good", OK, freshness()),
    ("freshness", "good-joined", OK, freshness(f6=fill(4, 64))),
    ("freshness", "joined-short", BAD, freshness(f6=fill(4, 63))),
    ("freshness", "version-missing", BAD, freshness(f3=0)),
    ("freshness", "suite-2", SUITE, freshness(f1=2)),
    ("freshness", "time-missing", BAD, freshness(f5=0)),
    ("roster_delta", "good", OK, roster_delta()),
    ("roster_delta", "good-whole", OK, roster_delta(f2=0, f3=None, f4=1, f5=2, f6=[blob(3, "all")])),
    ("roster_delta", "head-missing", BAD, roster_delta(f1=None)),
    ("roster_delta", "base-not-before", BAD, roster_delta(f2=5)),
    ("roster_delta", "base-without-hash", BAD, roster_delta(f3=None)),
    ("roster_delta", "hash-without-base", BAD, roster_delta(f2=0)),
    ("roster_delta", "index-past-count", BAD, roster_delta(f4=1)),
    ("roster_delta", "count-missing", BAD, roster_delta(f5=0)),
    ("roster_delta", "count-9", BAD, roster_delta(f5=9)),
    ("roster_delta", "no-edits", BAD, roster_delta(f6=[])),
    ("roster_delta", "edit-of-nothing", BAD, roster_delta(f6=[num(1, 4)])),
    ("roster_delta", "edit-of-both", CANON, roster_delta(f6=[num(1, 4) + num(2, 5) + blob(3, "x")])),
    ("roster_delta", "unknown-field-in-edit", FIELD, roster_delta(f6=[num(2, 5) + UNKNOWN])),
    ("roster_draft", "good", OK, roster_draft()),
    ("roster_draft", "good-first", OK, roster_draft(f1=None, f2=None)),
    ("roster_draft", "good-signed", OK, roster_draft(f5=[roster_signature(1)], f6=["card"])),
    ("roster_draft", "current-missing", BAD, roster_draft(f2=None)),
    ("roster_draft", "first-missing", BAD, roster_draft(f1=None)),
    ("roster_draft", "chain-of-nothing", CANON, roster_draft(f1=None, f2=None, f3=["roster"])),
    ("roster_draft", "statement-missing", BAD, roster_draft(f4=None)),
    ("roster_draft", "key-twice", CANON, roster_draft(f5=[roster_signature(1), roster_signature(1)])),
    ("envelope", "good", OK, envelope()),
    ("letter", "good", OK, letter()),
    ("statement", "good-receipt", OK, statement()),
    ("statement", "good-acceptance", OK, statement(f4=3, f8=fill(9, 64), f9="operator")),
    ("statement", "good-notice", OK, statement(f1=9, f4=0, f8=notice())),
    ("notice", "good", OK, notice()),
    ("statement", "good-withdrawal", OK, statement(f1=3, f4=0, f6="誤報", f7=fill(3), f8=b"signed")),
    ("statement", "good-withdrawn", OK, statement(f4=6)),
    ("export", "good", OK, export()),
    ("export", "good-attested", OK, attested()),
    ("export", "suite-2", SUITE, export(f1=2)),
    ("export", "from-missing", BAD, export(f2="")),
    ("export", "from-bad", NAME, export(f2="Kanto")),
    ("export", "report-missing", BAD, export(f5=None)),
    ("export", "salt-31", BAD, export(f6=fill(5, 31))),
    ("export", "content-missing", BAD, export(f7=b"")),
    ("export", "nothing", BAD, export(f2="", f3="", f5=None, f6=b"", f7=b"")),
    ("export", "both-proofs", CANON, export(f8=b"signed")),
    ("export", "attested-with-a-source", CANON, attested(f2="kanto-power")),
    ("export", "good-released", OK, export(f9=b"release", f10=b"grant")),
    ("export", "release-without-grant", BAD, export(f9=b"release")),
    ("export", "grant-without-release", BAD, export(f10=b"grant")),
    ("export", "attested-with-a-release", CANON, attested(f9=b"release", f10=b"grant")),
    ("export", "release-641", LARGE, export(f9=bytes(641), f10=b"grant")),
    ("export", "grant-2177", LARGE, export(f9=b"release", f10=bytes(2177))),
    ("export", "disclaimers-17", LARGE, export(f4=[disclaimer(f5=0, f6=0)] * 17)),
    ("export", "unknown-field-in-report", FIELD, export(f5=signed_header() + UNKNOWN)),
    ("attestation", "good", OK, attestation()),
    ("attestation", "label-6", FLAG, attestation(f6=6)),
    ("attestation", "org-missing", NAME, attestation(f4="")),
    ("attestation", "conditions-yes-and-no", CANON, attestation(f11=message((1, 3), (2, 18)))),
    ("attestation", "disclaimers-descending", CANON, attestation(f13=[fill(6), fill(5)])),
    ("attestation", "content-missing", BAD, attestation(f14=b"")),
    ("record", "type-of-an-attestation", FLAG, record(f1=20)),
    ("record", "good-release", OK, record(f1=17)),
    ("ask", "good", OK, ask()),
    ("ask", "good-of-another-community", OK, ask(f3=fill(9))),
    ("ask", "salt-31", BAD, ask(f1=fill(1, 31))),
    ("ask", "audience-missing", BAD, ask(f2=None)),
    ("ask", "community-31", BAD, ask(f3=fill(9, 31))),
    ("ask", "unknown-field", FIELD, ask() + UNKNOWN),
    ("ask", "larger-than-1600", LARGE, fill(0, 1601)),
    ("release", "good", OK, release()),
    ("release", "good-everything", OK, release(f5=fill(9), f7=message((1, 3), (2, 4)))),
    ("release", "suite-2", SUITE, release(f1=2)),
    ("release", "label-missing", FLAG, release(f6=0)),
    ("release", "label-red", FLAG, release(f6=5)),
    ("release", "holder-31", BAD, release(f3=fill(2, 31))),
    ("release", "commitment-missing", BAD, release(f4=b"")),
    ("release", "ask-missing", BAD, release(f10=b"")),
    ("release", "over-before-it-begins", BAD, release(f9=T0)),
    ("release", "good-14-days", OK, release(f9=T0 + 14 * DAY)),
    ("release", "longer-than-14-days", LIFE, release(f9=T0 + 14 * DAY + 1)),
    ("release", "conditions-empty", CANON, release(f7=[b""])),
    ("release", "unknown-field", FIELD, release() + UNKNOWN),
    ("release", "larger-than-512", LARGE, fill(0, 513)),
    ("reply", "good", OK, reply()),
    ("reply", "good-without-terms", OK, reply(f2=None, f5="", f6=[])),
    ("reply", "label-strict", FLAG, reply(f1=4)),
    ("reply", "kind-11", FLAG, reply(f3=11)),
    ("reply", "community-31", BAD, reply(f4=fill(1, 31))),
    ("reply", "duty-bad", NAME, reply(f5="NDA")),
    ("reply", "disclaimers-unordered", CANON, reply(f6=[fill(3), fill(2)])),
    ("reply", "disclaimers-17", LARGE, reply(f6=[bytes([i]) * 32 for i in range(1, 18)])),
    ("reply", "no-text", BAD, reply(f7="")),
    ("reply", "text-2401", LARGE, reply(f7="x" * 2401)),
    ("reply", "unknown-field", FIELD, reply() + UNKNOWN),
    ("statement", "good-reply-from-elsewhere", OK, statement(f1=19, f4=0, f7=fill(4), f8=reply())),
    ("statement", "good-ask", OK, statement(f1=4, f4=0, f6="理由", f8=ask())),
    ("statement", "ask-of-nothing", BAD, statement(f1=4, f4=0)),
    ("statement", "good-release", OK, statement(f1=2, f4=0, f7=fill(5), f8=b"signed")),
    ("statement", "release-of-no-ask", BAD, statement(f1=2, f4=0, f8=b"signed")),
    ("statement", "release-of-nothing", BAD, statement(f1=2, f4=0, f7=fill(5))),
    ("statement", "good-denial", OK, statement(f1=6, f4=0, f6="理由", f7=fill(5))),
    ("statement", "denial-of-no-ask", BAD, statement(f1=6, f4=0, f6="理由")),
    ("withdrawal", "good", OK, withdrawal()),
    ("withdrawal", "suite-2", SUITE, withdrawal(f1=2)),
    ("withdrawal", "id-31", BAD, withdrawal(f2=fill(1, 31))),
    ("withdrawal", "time-missing", BAD, withdrawal(f3=0)),
    ("withdrawal", "report-missing", BAD, withdrawal(f4=None)),
    ("withdrawal", "signature-missing", BAD, withdrawal(f4=signed_header(f4=b""))),
    ("withdrawal", "unknown-field-in-report", FIELD, withdrawal(f4=signed_header() + UNKNOWN)),
    ("withdrawal", "words-missing", BAD, withdrawal(f5=b"")),
    ("withdrawal", "words-31", BAD, withdrawal(f5=fill(3, 31))),
    ("withdrawal", "larger-than-5120", LARGE, fill(0, 5121)),
    ("roster", "good-withdrawn-30-days", OK, roster(f13=rules(f5=31))),
    ("roster", "withdrawn-368", BAD, roster(f13=rules(f5=368))),
    ("record", "type-of-a-withdrawal", FLAG, record(f1=16)),
    ("statement", "good-regrant", OK, statement(f1=7, f4=0, f7=fill(1, 8))),
    ("statement", "good-passed-on", OK, statement(f1=18, f7=fill(4))),
    ("statement", "good-vouched", OK, statement(f1=12, f4=0, f5="", f7=fill(2))),
    ("statement", "good-reply", OK, statement(f1=19, f4=0, f5="sato", f7=fill(4), f8=b"\x03" + "同じです".encode())),
    ("statement", "reply-of-nobody", BAD, statement(f1=19, f4=0, f8=b"\x03x")),
    ("statement", "reply-without-text", BAD, statement(f1=19, f4=0, f7=fill(4), f8=b"\x03")),
    ("statement", "good-question", OK, statement(f1=11, f4=0, f5="", f8="どの版ですか".encode())),
    ("statement", "good-filler", OK, statement(f1=10, f4=0, f5="", f8=fill(0, 1100))),
    ("header", "good-vouched", OK, header(f12=3, f21=16384 + 16, f22=fill(7, 784), f23=fill(9))),
    ("header", "good-withheld", OK, header(f12=2, f23=fill(9))),
    ("report", "good-vouched", OK, report(f12=vouch())),
    ("statement", "good-missing-range", OK, statement(f1=8, f4=0, f5="", f7=fill(2), f8=fill(3, 48))),
    ("statement", "good-missing-places", OK, statement(f1=8, f4=0, f5="", f8=fill(3, 32 * 32))),
    ("hello", "good", OK, hello()),
    ("items", "good", OK, items(item(), item(f1=6))),
    ("confirm", "good", OK, confirm()),
    ("bye", "good", OK, num(1, 31)),
    ("frame", "good", OK, frame()),
    ("frame", "good-ping", OK, frame(f1=4, f2=None)),

    # Unknown fields, at each depth.
    ("record", "unknown-field", FIELD, record() + UNKNOWN),
    ("bye", "unknown-field", FIELD, num(1, 1) + UNKNOWN),
    ("header", "unknown-field", FIELD, header() + UNKNOWN),
    ("header", "unknown-field-in-conditions", FIELD, header(f15=num(1, 3) + UNKNOWN)),
    ("signed_by_many", "unknown-field-in-signature", FIELD, many(f2=[roster_signature(1) + UNKNOWN])),
    ("roster", "unknown-field-in-member", FIELD, roster(f11=[member("a") + UNKNOWN])),
    ("roster", "unknown-field-in-duty", FIELD, roster(f11=[member("a", f9=[duty() + UNKNOWN])])),
    ("roster", "unknown-field-in-rules", FIELD, roster(f13=rules() + UNKNOWN)),
    ("roster", "unknown-field-in-duty-rule", FIELD, roster(f13=rules(f4=[duty_rule() + UNKNOWN]))),
    ("report", "unknown-field-in-attachment", FIELD, report(f10=[attachment() + UNKNOWN])),
    ("items", "unknown-field-in-item", FIELD, items(item() + UNKNOWN)),

    # Bytes that are no message.
    ("record", "truncated", BAD, record()[:-1]),
    ("record", "empty", FLAG, b""),
    ("record", "field-zero", BAD, record() + b"\x00\x01"),
    ("record", "wrong-wire-type", BAD, raw(1, b"x") + blob(2, "payload")),
    ("header", "varint-without-end", BAD, b"\x08" + b"\xff" * 11),
    ("confirm", "packed-torn", BAD, num(1, 9) + raw(3, b"\x80")),

    # The same value in other bytes.
    ("record", "varint-padded", CANON, b"\x08\x81\x00" + blob(2, "payload")),
    ("record", "length-padded", CANON, num(1, 1) + b"\x12\x87\x00payload"),
    ("record", "tag-padded", CANON, b"\x88\x00\x01" + blob(2, "payload")),
    ("record", "field-twice", CANON, num(1, 2) + record()),
    ("record", "reordered", CANON, blob(2, "payload") + num(1, 1)),
    ("header", "zero-written", CANON, num(1, 1) + num(2, 3) + b"\x18\x00" + header(f1=0, f2=0)),
    ("header", "number-past-32-bits", CANON, b"\x08" + varint((1 << 32) + 1) + header(f1=0)),
    ("header", "conditions-empty", CANON, header(f15=[b""])),
    ("header", "conditions-twice", CANON, header(f15=[num(1, 3), num(2, 1)])),
    ("report", "bool-two", CANON, report(f9=2)),
    ("report", "text-with-nul", CANON, report(f2="a\0b")),
    ("report", "fields-unordered", CANON, report(f6=[field("system"), field("cause")])),
    ("report", "fields-twice", CANON, report(f6=[field("cause"), field("cause")])),
    ("confirm", "unpacked", CANON, num(1, 9) + num(3, 4) + num(3, 7)),
    ("confirm", "packed-empty", CANON, num(1, 9) + raw(3, b"")),
    ("signed_by_many", "unordered", CANON, many(f2=[roster_signature(2), roster_signature(1)])),
    ("signed_by_many", "key-twice", CANON, many(f2=[roster_signature(1), roster_signature(1)])),
    ("roster", "members-unordered", CANON, roster(f11=[member("b"), member("a")])),
    ("roster", "member-twice", CANON, roster(f11=[member("a"), member("a")])),
    ("roster", "keys-unordered", CANON, roster(f9=[fill(2), fill(1)])),
    ("card", "persons-unordered", CANON, card(f9=[person("b"), person("a")])),
    ("prekeys", "unordered", CANON, prekeys(f5=[prekey(T0 + DAY), prekey(T0)])),

    # A field that is set although the others leave no use for it.
    ("grant", "community-of-originator", CANON, grant(f10=fill(9), f13=fill(7))),
    ("grant", "reference-of-originator", CANON, grant(f4=fill(1))),
    ("grant", "good-unlocking", OK, grant(f4=fill(1), f10=fill(9))),
    ("grant", "file-key-and-slots", CANON, grant(f12=fill(1))),
    ("grant", "root-without-slots", CANON, grant(f8=0)),
    ("grant", "audience-in-first", CANON, grant(f11=fill(1, 50))),
    ("header", "communities-without-bit", CANON, header(f10=1, f11=[fill(1)])),
    ("audience", "two-at-once", CANON, audience(target(f1=fill(1), f2=1, f3=fill(2)))),
    ("audience", "version-of-organisation", CANON, audience(target(f2=1, f3=fill(2)))),
    ("body", "sequence-without-stream", CANON, body(f5=b"", f7=b"")),
    ("header", "conditions-told-and-not", CANON, header(f15=num(2, 9))),
    ("header", "conditions-named-and-not", CANON, header(f15=num(2, 18))),
    ("header", "good-conditions", OK, header(f15=message((1, 4), (2, 28)))),
    ("header", "disclaimers-unordered", CANON, header(f13=[fill(9), fill(8)])),
    ("header", "disclaimer-twice", CANON, header(f13=[fill(9), fill(9)])),
    ("header", "unlock-without-disclaimer", CANON, header(f4=2)),
    ("header", "unlock-of-clear", CANON, header(f2=1, f4=2, f13=[fill(9)])),
    ("header", "unlock-of-red", CANON, header(f2=5, f4=2, f13=[fill(9)])),
    ("statement", "stage-of-withdrawal", CANON, statement(f1=3)),
    ("roster", "first-with-community", CANON, roster(f2=fill(1))),
    ("roster", "first-with-previous", CANON, roster(f6=fill(1))),
    ("hello", "position-without-log", CANON, hello(f5=b"")),
    ("frame", "ping-with-payload", CANON, frame(f1=4)),

    # Text.
    ("report", "subject-bad-utf8", UTF8, report(f2=b"\xff\xfe")),
    ("report", "body-surrogate", UTF8, report(f3=b"\xed\xa0\x80")),
    ("report", "body-overlong", UTF8, report(f3=b"\xc0\xaf")),
    ("report", "body-escape", UTF8, report(f3="\x1b[2J")),
    ("report", "field-bad-utf8", UTF8, report(f6=[field("cause", b"\x80")])),
    ("report", "attachment-bad-utf8", UTF8, report(f10=[attachment(f1=b"\xe3\x81")])),
    ("roster", "duty-bad-utf8", UTF8, roster(f11=[member("a", f9=[duty(f1=b"\xff")])])),
    ("roster", "disclaimer-bad-utf8", UTF8, roster(f13=rules(f3=[disclaimer(f3=b"\xf4\x90\x80\x80")]))),
    ("report", "subject-two-lines", BAD, report(f2="a\nb")),
    ("report", "subject-missing", BAD, report(f2="")),

    # Values that this version does not know.
    ("record", "type-0", FLAG, record(f1=0)),
    ("record", "type-99", FLAG, record(f1=99)),
    ("header", "suite-2", SUITE, header(f1=2)),
    ("header", "suite-missing", SUITE, header(f1=0)),
    ("grant", "suite-2", SUITE, grant(f1=2)),
    ("card", "suite-2", SUITE, card(f1=2)),
    ("prekeys", "suite-2", SUITE, prekeys(f1=2)),
    ("roster", "suite-2", SUITE, roster(f1=2)),
    ("envelope", "suite-2", SUITE, envelope(f1=2)),
    ("header", "label-missing", FLAG, header(f2=0)),
    ("header", "label-6", FLAG, header(f2=6)),
    ("header", "urgency-2", FLAG, header(f3=2)),
    ("header", "flag-4", FLAG, header(f4=4)),
    ("header", "onward-32", FLAG, header(f10=32)),
    ("header", "attribution-0", FLAG, header(f12=0)),
    ("header", "attribution-4", FLAG, header(f12=4)),
    ("header", "conditions-flag-32", FLAG, header(f15=num(2, 32))),
    ("header", "conditions-actions-5", FLAG, header(f15=num(1, 5))),
    ("grant", "authority-4", FLAG, later_grant(f3=4)),
    ("report", "kind-0", FLAG, report(f1=0)),
    ("report", "kind-11", FLAG, report(f1=11)),
    ("roster", "role-8", FLAG, roster(f11=[member("a", f6=8)])),
    ("roster", "rules-label-bit-0", FLAG, roster(f13=rules(f1=1))),
    ("roster", "rules-flag-4", FLAG, roster(f13=rules(f2=4))),
    ("roster", "tombstone-cause-3", FLAG, roster(f12=[tombstone(f2=3)])),
    ("statement", "type-17", FLAG, statement(f1=17, f4=0)),
    ("statement", "type-99", FLAG, statement(f1=99, f4=0)),
    ("statement", "stage-7", FLAG, statement(f4=7)),
    ("frame", "type-7", FLAG, frame(f1=7)),

    # Sizes and ranges.
    ("signed", "signer-31", BAD, signed(f2=fill(1, 31))),
    ("header", "place-31", BAD, header(f23=fill(1, 31))),
    ("body", "sequence-0", BAD, body(f6=0)),
    ("body", "first-with-previous", BAD, body(f6=1)),
    ("body", "second-without-previous", BAD, body(f6=2, f7=b"")),
    ("body", "place-without-stream", CANON, body(f5=b"")),
    ("equivocation", "one-alone", BAD, equivocation(f2=None)),
    ("equivocation", "hash-63", BAD, equivocation(f1=signed_header(f2=fill(1, 63)))),
    ("equivocation", "signature-missing", BAD, equivocation(f1=signed_header(f4=None))),
    ("statement", "good-head", OK, statement(f1=13, f4=0, f5="", f8=fill(3, 48))),
    ("statement", "head-nothing", BAD, statement(f1=13, f4=0, f5="")),
    ("statement", "head-47", BAD, statement(f1=13, f4=0, f5="", f8=fill(3, 47))),
    ("statement", "head-stage", CANON, statement(f1=13, f4=1, f5="", f8=fill(3, 48))),
    ("statement", "vouched-as-nothing", BAD, statement(f1=12, f4=0)),
    ("statement", "question-without-text", BAD, statement(f1=11, f4=0)),
    ("header", "vouched-body-of-4-kib", CANON, header(f12=3, f21=4096 + 16, f22=fill(7, 784))),
    ("header", "vouched-short-summary", CANON, header(f12=3, f21=16384 + 16, f22=fill(7, 272))),
    ("header", "vouched-red", CANON, header(f2=5, f12=3, f21=16384 + 16, f22=fill(7, 784))),
    ("header", "withheld-red", CANON, header(f2=5, f12=2, f23=fill(9))),
    ("header", "withheld-of-another-size", CANON, header(f12=2, f23=b"")),
    ("header", "withheld-unlocked-by-acceptance", CANON, header(f4=2, f12=2, f13=[fill(9)], f23=fill(9))),
    ("report", "vouch-count-0", BAD, report(f12=vouch(f1=0))),
    ("report", "vouch-without-time", BAD, report(f12=vouch(f2=0))),
    ("report", "vouch-empty", CANON, report(f12=[b""])),
    ("statement", "missing-nothing", BAD, statement(f1=8, f4=0)),
    ("statement", "missing-33", BAD, statement(f1=8, f4=0, f8=fill(3, 33 * 32))),
    ("statement", "missing-47", BAD, statement(f1=8, f4=0, f8=fill(3, 47))),
    ("signed", "signature-65", BAD, signed(f3=fill(1, 65))),
    ("signed", "statement-missing", BAD, signed(f1=b"")),
    ("signed_by_many", "no-signature", BAD, many(f2=[])),
    ("header", "originator-33", BAD, header(f5=fill(1, 33))),
    ("header", "community-missing", BAD, header(f6=b"")),
    ("header", "nonce-23", BAD, header(f16=fill(1, 23))),
    ("header", "attachment-root-31", BAD, header(f20=fill(1, 31))),
    ("header", "body-size-1025", BAD, header(f21=1025)),
    ("header", "roster-version-0", BAD, header(f7=0)),
    ("header", "created-past-9999", BAD, header(f8=1 << 60, f9=(1 << 60) + DAY)),
    ("header", "expires-before-created", LIFE, header(f9=T0)),
    ("header", "life-of-14-days-and-1-ms", LIFE, header(f9=T0 + 14 * DAY + 1)),
    ("header", "duty-upper-case", NAME, header(f14="NDA")),
    ("grant", "slots-without-root", BAD, grant(f7=b"")),
    ("grant", "slots-without-epk", BAD, grant(f6=b"")),
    ("grant", "community-31", BAD, later_grant(f13=fill(7, 31))),
    ("grant", "consent-without-reference", BAD, later_grant(f4=b"")),
    ("grant", "consent-without-report", BAD, later_grant(f10=b"")),
    ("grant", "slots-2049", LARGE, grant(f8=2049)),
    ("grant", "larger-than-2048", LARGE, later_grant(f11=fill(1, 2000))),
    ("sealed", "body-unpadded", BAD, sealed(f2=fill(1, 1041))),
    ("slot", "wrapped-47", BAD, slot(f3=fill(1, 47))),
    ("slot_table", "no-slot", BAD, slot_table(f3=[])),
    ("slot_table", "slots-2049", LARGE, slot_table(f3=[b"x"] * 2049)),
    ("slot_table", "slot-97", LARGE, slot_table(f3=[fill(1, 97)])),
    ("slot_path", "index-2048", BAD, slot_path(f3=2048)),
    ("slot_path", "path-33", BAD, slot_path(f5=fill(1, 33))),
    ("slot_path", "path-12-deep", LARGE, slot_path(f5=fill(1, 384))),
    ("audience", "target-empty", BAD, audience(b"")),
    ("audience", "community-without-version", BAD, audience(target(f1=fill(1)))),
    ("audience", "person-without-organisation", BAD, audience(target(f4=fill(1)))),
    ("audience", "targets-257", LARGE, audience(*[target(f3=fill(1))] * 257)),
    ("report", "address-bad", ADDRESS, report(f4=["@@x"])),
    ("report", "person-bad", NAME, report(f5="-sato")),
    ("report", "subject-401", LARGE, report(f2="a" * 401)),
    ("report", "attachments-17", LARGE, report(f10=[attachment()] * 17)),
    ("card", "org-bad", NAME, card(f2="Kanto Power")),
    ("card", "endpoint-bad", ADDRESS, card(f7=["udp://192.0.2.1:7417"])),
    ("card", "endpoints-5", LARGE, card(f7=["tcp://192.0.2.1:7417"] * 5)),
    ("card", "person-bad", NAME, card(f9=[person("s@to")])),
    ("card", "proof-missing", BAD, card(f12=b"")),
    ("card", "person-proof-63", BAD, card(f9=[person("sato", f5=fill(1, 63))])),
    ("card", "larger-than-32-kib", LARGE, card(f8=[field("note", "a" * 16384)] * 3)),
    ("prekeys", "window-backwards", BAD, prekeys(f5=[prekey(T0, f4=T0)])),
    ("prekeys", "none", BAD, prekeys(f5=[])),
    ("prekeys", "27", LARGE, prekeys(f5=[prekey(T0 + i * DAY) for i in range(27)])),
    ("roster", "version-0", BAD, roster(f5=0)),
    ("roster", "second-without-previous", BAD, roster(f2=fill(1), f5=2)),
    ("roster", "threshold-0", BAD, roster(f10=0)),
    ("roster", "threshold-above-keys", BAD, roster(f10=3)),
    ("roster", "rules-missing", BAD, roster(f13=None)),
    ("roster", "expired-at-birth", BAD, roster(f8=T0)),
    ("roster", "member-bad-name", NAME, roster(f11=[member("a_b")])),
    ("roster", "disclaimer-empty", BAD, roster(f13=rules(f3=[disclaimer(f3="")]))),
    ("roster", "duty-backwards", BAD, roster(f11=[member("a", f9=[duty(f3=T0 - 1)])])),
    ("envelope", "to-32", BAD, envelope(f3=fill(1, 32))),
    ("envelope", "expires-before-created", BAD, envelope(f6=T0)),
    ("envelope", "box-too-large", LARGE, envelope(f9=fill(1, 65553))),
    ("letter", "empty", BAD, b""),
    ("letter", "statements-513", LARGE, letter(f1=[b"x"] * 513)),
    ("statement", "receipt-without-stage", BAD, statement(f4=0)),
    ("statement", "withdrawal-words-without-salt", BAD, statement(f1=3, f4=0, f5="", f6="誤報", f8=b"signed")),
    ("statement", "withdrawal-salt-without-words", BAD, statement(f1=3, f4=0, f5="", f7=fill(3), f8=b"signed")),
    ("statement", "withdrawal-without-proof", BAD, statement(f1=3, f4=0)),
    ("statement", "acceptance-of-nothing", BAD, statement(f4=3)),
    ("statement", "declined-33-bytes", BAD, statement(f4=4, f8=fill(9, 33))),
    ("statement", "user-of-two-lines", BAD, statement(f9="a\nb")),
    ("statement", "user-65", LARGE, statement(f9="a" * 65)),
    ("notice", "body-hash-63", BAD, notice(f2=fill(1, 63))),
    ("notice", "signature-missing", BAD, notice(f4=b"")),
    ("notice", "larger-than-4096", LARGE, fill(0, 4097)),
    ("statement", "reference-9", BAD, statement(f7=fill(1, 9))),
    ("statement", "passed-on-of-nobody", BAD, statement(f1=18)),
    ("statement", "regrant-without-prekey", BAD, statement(f1=7, f4=0)),
    ("statement", "regrant-of-a-hash", BAD, statement(f1=7, f4=0, f7=fill(1))),
    ("statement", "reason-1001", LARGE, statement(f6="a" * 1001)),
    ("hello", "versions-backwards", BAD, hello(f1=2)),
    ("hello", "window-small", BAD, hello(f7=1)),
    ("hello", "head-version-0", BAD, hello(f8=[head(f2=0)])),
    ("items", "none", BAD, b""),
    ("items", "records-73", LARGE, items(item(f2=[b"r"] * 73))),
    ("confirm", "refusal-without-error", BAD, confirm(f2=[num(1, 8)])),
    ("frame", "hello-empty", BAD, frame(f1=1, f2=None)),
    ("bye", "larger-than-64", LARGE, fill(0, 65)),
    ("audit_entry", "good", OK, audit_entry()),
    ("audit_entry", "good-refused", OK, audit_entry(f6=11, f9="kanto-power", f10=None)),
    ("audit_entry", "good-padding", OK, audit_entry(f5=1, f7=None, f8=None, f10=None, f11=None)),
    ("audit_entry", "padding-with-a-user", CANON, audit_entry(f5=1, f8=None, f10=None, f11=None)),
    ("audit_entry", "suite-2", SUITE, audit_entry(f1=2)),
    ("audit_entry", "salt-31", BAD, audit_entry(f2=fill(1, 31))),
    ("audit_entry", "number-0", BAD, audit_entry(f3=0)),
    ("audit_entry", "event-200", FLAG, audit_entry(f5=200)),
    ("audit_entry", "user-of-two-lines", BAD, audit_entry(f7="a\nb")),
    ("audit_entry", "user-65", LARGE, audit_entry(f7="a" * 65)),
    ("audit_entry", "person-bad", NAME, audit_entry(f8="s@to")),
    ("audit_entry", "about-16", BAD, audit_entry(f10=fill(2, 16))),
    ("audit_checkpoint", "good", OK, audit_checkpoint()),
    ("audit_checkpoint", "good-first", OK, audit_checkpoint(f4=64, f7=[])),
    ("audit_checkpoint", "size-0", BAD, audit_checkpoint(f4=0, f7=[])),
    ("audit_checkpoint", "size-65", BAD, audit_checkpoint(f4=65, f7=[])),
    ("audit_checkpoint", "log-32", BAD, audit_checkpoint(f3=fill(2, 32))),
    ("audit_checkpoint", "proofs-descending", CANON, audit_checkpoint(f7=[audit_proof(128), audit_proof(64)])),
    ("audit_checkpoint", "proof-from-itself", BAD, audit_checkpoint(f7=[audit_proof(192)])),
    ("audit_checkpoint", "proof-of-31-bytes", BAD, audit_checkpoint(f7=[audit_proof(64, f2=fill(3, 31))])),
    ("audit_checkpoint", "proof-from-0", BAD, audit_checkpoint(f7=[audit_proof(0)])),
    ("audit_checkpoint", "proofs-9", LARGE, audit_checkpoint(f4=640, f7=[audit_proof(64 * i) for i in range(1, 10)])),
    ("audit_cosignature", "good", OK, audit_cosignature()),
    ("audit_cosignature", "logs-0", BAD, audit_cosignature(f8=0)),
    ("audit_cosignature", "logs-17", BAD, audit_cosignature(f8=17)),
    ("audit_cosignature", "size-1", BAD, audit_cosignature(f5=1)),
    ("audit_cosignature", "hub-31", BAD, audit_cosignature(f2=fill(1, 31))),
    ("record", "good-checkpoint", OK, record(f1=14)),
    ("audit_entry", "larger-than-380", LARGE, audit_entry(f11="a" * 380)),
]


def main():
    os.makedirs(WIRE, exist_ok=True)
    names = set()
    for kind, what, rule, data in VECTORS:
        name = "%s-%s-%s.hex" % (kind, what, rule)
        assert name not in names, name
        names.add(name)
        text = data.hex()
        with open(os.path.join(WIRE, name), "w", encoding="ascii") as out:
            out.write("".join(text[i:i + 120] + "\n" for i in range(0, len(text), 120)))
    stale = sorted(set(os.listdir(WIRE)) - names)
    if stale:
        sys.exit("not made here: " + " ".join(stale))


if __name__ == "__main__":
    main()
