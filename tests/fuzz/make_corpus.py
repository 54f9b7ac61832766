#!/usr/bin/env python3
"""Write the seeds of the fuzzers of proto/: tests/fuzz/corpus/fuzz_wire, fuzz_form, fuzz_json and fuzz_armour; and those of fuzz_core_events, fuzz_equivocation, fuzz_audit and fuzz_export.

The seeds of the fuzzers of keys/ hold signatures and sealed bytes: those are made by make_corpus.c.
"""
import base64
import os
import re
import shutil

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
VECTORS = os.path.join(ROOT, "tests", "vectors", "wire")
WIRE_COUNT_MAX = 96
WIRE_SIZE_MAX = 2048


def folder(name):
    path = os.path.join(HERE, "corpus", name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


def write(path, name, data):
    with open(os.path.join(path, name), "wb") as file:
        file.write(data)


def messages():
    """The short names of NRS_MESSAGES in their order: the fuzzer chooses by it."""
    with open(os.path.join(ROOT, "proto", "include", "proto", "wire.h"), encoding="utf-8") as file:
        text = file.read()
    table = text[text.index("#define NRS_MESSAGES(X)"):]
    table = table[:table.index("\n\n")]
    return re.findall(r"^ *X\((\w+),", table, re.MULTILINE)


def wire():
    names = messages()
    path = folder("fuzz_wire")
    files = sorted(os.listdir(VECTORS))
    # The good ones of every message first, then as many failures as there is room for, spread over the list.
    good = [name for name in files if name.endswith("-ok.hex")]
    bad = [name for name in files if not name.endswith("-ok.hex")]
    room = max(0, WIRE_COUNT_MAX - len(good))
    chosen = good[:WIRE_COUNT_MAX] + [bad[i * len(bad) // room] for i in range(min(room, len(bad)))]
    covered = set()
    for name in chosen:
        with open(os.path.join(VECTORS, name), encoding="ascii") as file:
            data = bytes.fromhex(file.read().strip())
        message = name.split("-")[0]
        if len(data) <= WIRE_SIZE_MAX:
            write(path, name[:-4], bytes([names.index(message)]) + data)
            covered.add(message)
    missing = set(names) - covered
    if missing:
        raise SystemExit("no vector for " + ", ".join(sorted(missing)))


FORMS = {
    "least": "subject: A\nkind: incident\ntlp: AMBER\nsummary: B\n",
    "comments": "# 情報連絡様式\n\nsubject: 遠隔監視装置の不審な通信\nkind: early-sign\ntlp: AMBER+STRICT\n"
                "summary: 一行目\n  二行目\n\n  四行目\n# 終わり\n",
    "crlf": "subject: A\r\nkind: near-miss\r\ntlp: GREEN\r\nsummary: B\r\n  C\r\n",
    "twice": "subject: A\nsubject: B\nkind: lesson\ntlp: CLEAR\nsummary: C\n",
    "unknown-field": "subject: A\nkind: lesson\ntlp: CLEAR\nsummary: C\nno_such_field: D\n",
    "unknown-label": "subject: A\nkind: incident\ntlp: PURPLE\nsummary: B\n",
    "no-colon": "subject A\n",
    "continued-first": "  subject: A\n",
    "empty-value": "subject:\nkind: incident\ntlp: RED\nsummary: \n",
    "control": "subject: A\x07\nkind: incident\ntlp: RED\nsummary: B\n",
}


def form_fields():
    with open(os.path.join(ROOT, "proto", "form.c"), encoding="utf-8") as file:
        return re.findall(r'\{"(\w+)", "', file.read())


def form():
    path = folder("fuzz_form")
    for name, text in FORMS.items():
        write(path, name, text.encode())
    write(path, "bad-utf8", b"subject: \xc3\x28\nkind: incident\ntlp: RED\nsummary: B\n")
    given = {"kind": "restoration", "tlp": "GREEN", "to": "@electricity, sato@kanto-power", "number": "2",
             "final": "yes", "event_type": "availability-disruption", "cause": "disaster, user-error"}
    every = "".join(f"{name}: {given.get(name, 'x')}\n" for name in form_fields())
    write(path, "every-field", every.encode())


JSON_TEXTS = {
    "row": '{"id":"00ff","label":"AMBER","subject":"停電の発生","opened":true,"number":2,"followed_by":["aa","bb"],"kind":null}',
    "spaces": ' { "a" : [ 1 , -2 , { } , [ ] ] , "b" : false } ',
    "escape": '{"a":"x\\ny"}',
    "fraction": '{"a":1.5,"b":1e3}',
    "twice": '{"a":1,"a":2}',
    "numbers": '[0,-1,999999999999999999,9999999999999999999,00,-0]',
    "deep": "[" * 16 + "]" * 16,
    "too-deep": "[" * 17 + "]" * 17,
    "commas": '[1,,2]',
    "unclosed": '{"a":[1}',
}


def json_texts():
    path = folder("fuzz_json")
    for name, text in JSON_TEXTS.items():
        write(path, name, text.encode())
    write(path, "bad-utf8", b'{"a":"\xc3\x28"}')


def block(data, kind="CARD", line="\n", width=64):
    text = base64.b64encode(data).decode()
    lines = [text[i:i + width] for i in range(0, len(text), width)]
    return line.join([f"-----BEGIN NOROSHI {kind}-----", *lines, f"-----END NOROSHI {kind}-----", ""]).encode()


def armour():
    path = folder("fuzz_armour")
    long = bytes(range(256))
    write(path, "one-byte", block(b"x"))
    write(path, "whole-lines", block(long[:96]))
    write(path, "many-lines", block(long))
    write(path, "crlf", block(long, line="\r\n"))
    write(path, "blank-lines-around", b"\n\n" + block(long[:50]) + b"\n\n")
    write(path, "other-type", block(long[:50], kind="ROSTER"))
    write(path, "two-blocks", block(b"a") + block(b"b"))
    write(path, "short-lines", block(long, width=60))
    write(path, "empty", block(b""))
    write(path, "padding-inside", block(b"x").replace(b"==", b"=="[:1]))


def core_events():
    """Sequences for fuzz_core_events.c, whose operate() has the numbers: each names what happens in it."""
    path = folder("fuzz_core_events")
    tick, one, settle, cut, link, mutate, send, ask, jump, hours, disk, crash, inject, other = range(14)
    up = bytes([tick, 1, tick, 2, link, 0, link, 1, settle])
    # send: from, to (of the others), label, and for some labels whether to all
    to_all = bytes([send, 1, 0, 1, settle])
    to_one = bytes([send, 1, 0, 2, 0, settle])
    seconds = bytes([tick, 0, tick, 1, tick, 2, settle])
    write(path, "reports-both-ways", up + to_all + bytes([send, 2, 1, 3, settle, send, 0, 0, 0, 1, settle]) + 3 * seconds)
    write(path, "cut-while-it-flies", up + bytes([send, 1, 0, 1, one, 0, 0, cut, 0, tick, 1, link, 0, one, 0, 0, cut, 1]) + to_one + bytes([link, 0, link, 1]) + seconds)
    write(path, "the-hub-dies-between-frames", up + bytes([send, 1, 0, 1, one, 0, 0, crash, 0, tick, 0, tick, 1, link, 0, one, 0, 0, one, 0, 1, crash, 1, link, 1, settle]) + seconds)
    write(path, "the-disk-fills-in-the-middle", up + bytes([disk, 0, 1, 9]) + to_all + bytes([disk, 1, 0, 4]) + to_one + bytes([disk, 2, 2, 1]) + seconds + bytes([link, 0, link, 1]) + to_all)
    write(path, "one-clock-after-the-other", up + bytes([jump, 0, 1]) + to_all + bytes([link, 0, link, 1, settle]) + to_one + bytes([jump, 2, 2, link, 0, link, 1]) + to_all + bytes([hours, 5, jump, 1, 5]) + to_one + seconds)
    write(path, "a-hostile-member", up + to_all + bytes([send, 1, 0, 1, mutate, 0, 0, 0, 0, 90, 3, one, 0, 0, link, 0, settle, inject, 0, 0, 6, 8, 1, 18, 2, 8, 1]) + bytes([send, 2, 1, 1, mutate, 1, 1, 2, settle, send, 2, 0, 2, 0, settle]))
    write(path, "rosters-and-days", up + bytes([other, 0, settle]) + to_all + bytes([other, 0, cut, 0, other, 0, hours, 7, tick, 0, link, 0]) + to_one + bytes([ask, 1, 3, 0, other, 1, 0, ask, 2, 2, 0]) + seconds)


def exports():
    """The proofs of exported reports and the withdrawals among the vectors of sealing."""
    path, vectors = folder("fuzz_export"), os.path.join(ROOT, "tests", "vectors", "sealing")
    for name in sorted(name for name in os.listdir(vectors) if name.startswith(("export", "withdrawal"))):
        with open(os.path.join(vectors, name), encoding="ascii") as file:
            data = bytes.fromhex(re.search(r"^(?:export|withdrawal): (\w+)$", file.read(), re.MULTILINE).group(1))
        write(path, name.removesuffix(".txt"), data)


def equivocations():
    """From the vectors: what lies in their records."""
    path, vectors = folder("fuzz_equivocation"), os.path.join(ROOT, "tests", "vectors", "sealing")
    for name in sorted(name for name in os.listdir(vectors) if name.startswith("equivocation")):
        with open(os.path.join(vectors, name), encoding="utf-8") as file:
            record = bytes.fromhex(re.search(r"^equivocation: (\w+)$", file.read(), re.MULTILINE).group(1))
        assert record[:3] == b"\x08\x0d\x12" and record[3] & 0x80 and not record[4] & 0x80
        write(path, name[:-4], record[5:])


def audit():
    """Exported audit logs from the vectors, but for the many that differ in one line."""
    path = folder("fuzz_audit")
    for name in ("whole-ok", "begun-and-nothing-signed-ok", "entry-that-cannot-be-read-changed", "head-in-another-order-malformed"):
        with open(os.path.join(ROOT, "tests", "vectors", "audit", name + ".log"), "rb") as file:
            write(path, name, file.read())


if __name__ == "__main__":
    equivocations()
    exports()
    wire()
    form()
    json_texts()
    armour()
    audit()
    core_events()
