"""What an observer of the wire, and whoever holds a hub's database, can read: exactly what proto/OBSERVERS.md lists, and no more.

A recording proxy stands between a member and its hub. The capture is taken apart as an observer would do it, and every table and every
record of the hub's database is walked with the second implementation's decoder. A field that is not in the list fails the test until
somebody has written down what it tells.
"""

import re
import socket
import sqlite3
import sys
import threading
import time
import zlib

from harness import E2E, ROOT, build_mesh, enrol, free_port, join, main, wait_reachable, wait_until

sys.path.insert(0, str(ROOT / "tests" / "vectors"))
from wire_reader import MESSAGES, decode  # noqa: E402

LIST = ROOT / "proto" / "OBSERVERS.md"
MARKERS = ("短い件名-qZ7", "件名が長めの助言-kW3", "短文-vT9", "長い本文-mR5", "朱の件名-hX2", "朱の本文-bN8")

# ---- The wire, as an observer takes it apart ----

CURVE_COMMANDS = {  # after the name: what stands there, by size; the last takes the rest
    b"HELLO": [("version", 2), ("padding", 72), ("short_term_key", 32), ("nonce", 8), ("box", None)],
    b"WELCOME": [("nonce", 16), ("box", None)],
    b"INITIATE": [("cookie", 96), ("nonce", 8), ("box", None)],
    b"READY": [("nonce", 8), ("box", None)],
    b"MESSAGE": [("nonce", 8), ("box", None)],
}
GREETING = [("signature", 10), ("version", 2), ("mechanism", 20), ("as_server", 1), ("filler", 31)]
MESSAGE_OVERHEAD = len(b"\x07MESSAGE") + 8 + 16 + 1  # name, nonce, tag, flags


class Side:
    """One direction of one connection: bytes with the times at which they came."""

    def __init__(self, outgoing):
        self.outgoing, self.data, self.times = outgoing, bytearray(), []

    def add(self, part):
        self.times.append((time.time(), len(part)))
        self.data += part

    def time_at(self, offset):
        for when, size in self.times:
            offset -= size
            if offset < 0:
                return when
        return self.times[-1][0]

    def parts(self):
        """(name, bytes, offset) of everything that has a place of its own."""
        at = 0
        for name, size in GREETING:
            yield f"wire.greeting.{name}", bytes(self.data[at:at + size]), at
            at += size
        while at + 2 <= len(self.data):
            flags = self.data[at]
            wide = 8 if flags & 2 else 1
            size = int.from_bytes(self.data[at + 1:at + 1 + wide], "big")
            body = bytes(self.data[at + 1 + wide:at + 1 + wide + size])
            if len(body) < size:
                return  # on its way
            yield "wire.frame.flags", bytes([flags]), at
            yield "wire.frame.size", bytes(self.data[at + 1:at + 1 + wide]), at
            name = body[1:1 + body[0]]
            assert name in CURVE_COMMANDS, f"in the clear on the wire: {body[:60]!r}"
            yield "wire.command.name", name, at
            inner = 1 + len(name)
            for field, length in CURVE_COMMANDS[name]:
                end = len(body) if length is None else inner + length
                yield f"wire.{name.decode().lower()}.{field}", body[inner:end], at
                inner = end
            at += 1 + wide + size

    def messages(self):
        """(time, size of the plaintext) of each message after the handshake."""
        return [(self.time_at(at), len(data) - 17) for name, data, at in self.parts() if name == "wire.message.box"]


class Proxy:
    """Passes bytes on between a member and its hub, and keeps what an observer would see of them."""

    def __init__(self, listen, target):
        self.target, self.connections = target, []
        self.socket = socket.create_server(("127.0.0.1", listen))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target), 5)
            except OSError:
                client.close()
                continue
            pair = (Side(True), Side(False))
            self.connections.append(pair)
            for side, source, sink in ((pair[0], client, server), (pair[1], server, client)):
                threading.Thread(target=self.carry, args=(side, source, sink), daemon=True).start()

    @staticmethod
    def carry(side, source, sink):
        try:
            while part := source.recv(65536):
                side.add(part)
                sink.sendall(part)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        source.close()  # each end is the source of one of the two directions

    def close(self):
        self.socket.close()

    def sent_since(self, moment, outgoing):
        """Sizes of the messages of one direction since then."""
        return [size for pair in self.connections for when, size in pair[0 if outgoing else 1].messages() if when >= moment]


# ---- A database, as whoever holds it takes it apart ----

SIGNED = {4: "Grant", 5: "Card", 6: "Prekeys", 8: "Envelope", 9: "Freshness", 12: "KeyChange", 14: "AuditCheckpoint",
          15: "AuditCosignature", 16: "Withdrawal", 17: "Release"}
RECORDS = {1: "Sealed", 2: "SlotTable", 3: "SlotPath", 4: "Signed", 5: "Signed", 6: "Signed", 7: "SignedByMany", 8: "Signed",
           9: "Signed", 10: "RosterDelta", 11: "ForkProof", 12: "Signed", 13: "Equivocation", 14: "Signed", 15: "Signed", 17: "Signed"}
INNER = {("Sealed", "header"): "Header", ("Sealed", "grant"): "Grant", ("SlotTable", "slots"): "Slot", ("SlotPath", "slot"): "Slot",
         ("SignedByMany", "statement"): "Roster", ("SignedHeader", "header"): "Header"}
NEVER_LEAVE = (200, 201, 202)  # rows that never leave the node as such
COLUMNS = {"log.record": "record", "log.slots": "record", "deferred.record": "record", "slot.path": "record", "roster.many": "SignedByMany",
           "letter.statement": "Statement", "digest.statement": "Statement", "ask.ask": "Ask"}
PAYLOADS = {"card.payload": 5, "prekeys.payload": 6, "key_change.payload": 12, "withdrawal.proof": 16, "ask.release": 17}


def leaves(message, data, inner=None):
    """(path, value) of every leaf of a message, through what is nested in its bytes."""
    value = decode(message, data)
    for field, kind in (entry.split(" ", 1) for entry in MESSAGES[message]):
        kind = kind.removeprefix("[]")
        deeper = INNER.get((message, field)) or (inner if (message, field) == ("Signed", "statement") else None)
        for one in value[field] if isinstance(value[field], list) else [value[field]]:
            if one in (None, b"", "", 0):
                continue
            if kind not in "ubs":
                yield from nested(kind, one)
            elif deeper:
                yield from leaves(deeper, one)
            else:
                yield f"{message}.{field}", one


def nested(message, value):
    """Of a message that the decoder has decoded within another."""
    for field, kind in (entry.split(" ", 1) for entry in MESSAGES[message]):
        kind = kind.removeprefix("[]")
        for one in value[field] if isinstance(value[field], list) else [value[field]]:
            if one in (None, b"", "", 0):
                continue
            if kind not in "ubs":
                yield from nested(kind, one)
            elif (message, field) in INNER:
                yield from leaves(INNER[(message, field)], one)
            else:
                yield f"{message}.{field}", one


def record_leaves(data):
    outer = decode("Record", data)
    yield "Record.type", outer.type
    yield from leaves(RECORDS[outer.type], outer.payload, SIGNED.get(outer.type))


def all_fields():
    """Every field that a record can have, whether or not this dump has it."""
    todo, done, found = {*RECORDS.values(), *SIGNED.values(), "Roster", "Statement", "Ask"}, set(), {"Record.type"}
    while todo:
        message = todo.pop()
        done.add(message)
        for field, kind in (entry.split(" ", 1) for entry in MESSAGES[message]):
            kind = kind.removeprefix("[]")
            deeper = kind if kind not in "ubs" else INNER.get((message, field))
            if deeper:
                todo |= {deeper} - done
            elif (message, field) != ("Signed", "statement"):
                found.add(f"{message}.{field}")
    return found


class Dump:
    """Everything in a database: the columns that there are, and each value."""

    def __init__(self, path):
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        database.text_factory = bytes
        tables = [name.decode() for name, in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
        self.fields, self.values, self.rows = set(all_fields()), [], []
        for table in tables:
            columns = [row[1].decode() for row in database.execute(f"PRAGMA table_info({table})")]
            self.fields |= {f"db.{table}.{column}" for column in columns}
            for row in database.execute(f"SELECT {', '.join(columns)} FROM {table}"):
                named = dict(zip(columns, row))
                self.rows.append((table, named))
                for column, value in named.items():
                    if value not in (None, b"", 0):
                        self.values += self.open(table, column, value, named)
        database.close()

    @staticmethod
    def open(table, column, value, row):
        place = f"{table}.{column}"
        if place == "meta.value":
            return [("db.meta.value", value)]
        if place == "log.record" and row["type"] in NEVER_LEAVE:
            return [("db.log.record", value)]
        form = COLUMNS.get(place)
        if form == "record":
            return list(record_leaves(value))
        if place == "roster.many":
            return list(leaves("SignedByMany", value))
        if form:
            return list(leaves(form, value))
        if place in PAYLOADS:
            return list(leaves("Signed", value, SIGNED[PAYLOADS[place]]))
        return [(f"db.{place}", value)]


def listed():
    """The rows of the list: field → what it tells; `sealed` for what tells nothing without a key."""
    found = {}
    for fields, tells in re.findall(r"^\| (`[^|]+`) \| ([^|]+) \|", LIST.read_text("utf-8"), re.MULTILINE):
        for field in re.findall(r"`([^`]+)`", fields):
            assert field not in found, f"twice in the list: {field}"
            found[field] = tells.strip()
    return found


class Observers(E2E):
    maxDiff = None

    @classmethod
    def build(cls, world):
        """build_mesh, with a proxy between alpha and the hub: the hub tells others the proxy's address."""
        persons = {"alpha": ["sato"], "bravo": ["tanaka"]}
        port = free_port()
        for org in ("hub", "alpha", "bravo"):
            node = world.node(org, name=f"{org} 社", listen=org == "hub")
            node.init(*(["--advertise", f"tcp://127.0.0.1:{port}"] if org == "hub" else []))
            for person in persons.get(org, ()):
                node.cli("person", "add", person, "--name", f"{person} さん", "--no-passphrase")
        hub, alpha, bravo = (world.nodes[org] for org in ("hub", "alpha", "bravo"))
        cls.proxy = Proxy(port, int(hub.endpoint.rsplit(":", 1)[1]))
        hub.cli("community", "create", "electricity", "--name", "電力CEPTOAR")
        for node in (alpha, bravo):
            enrol(hub, node, "electricity")
        for node in (alpha, bravo):
            join(hub, node, "electricity")
        for node in (hub, alpha, bravo):
            node.start()
        for node in (alpha, bravo):
            node.wait_link("hub")
            wait_reachable(node, ["@electricity"], {"hub", "alpha", "bravo"} - {node.org})
        wait_reachable(alpha, ["tanaka@bravo"], {"tanaka@bravo"}, "RED", "sato")
        cls.sent = {}
        cls.sizes = {}
        texts = {"short": ("incident", MARKERS[0], MARKERS[2]), "other": ("lesson", MARKERS[1] + "い" * 20, MARKERS[3] + "長" * 100),
                 "large": ("incident", MARKERS[0], MARKERS[2] + "大" * 1200)}
        for name, (kind, subject, body) in texts.items():
            cls.sizes[name] = cls.exchange(name, alpha, bravo, "AMBER", "bravo", kind, subject, body)
        for name, kind, subject, body in (("red", "incident", MARKERS[4], MARKERS[5]), ("red-other", "advisory", MARKERS[4] + "え" * 9, MARKERS[5] + "お" * 80)):
            cls.sizes[name] = cls.exchange(name, alpha, bravo, "RED", "tanaka@bravo", kind, subject, body, person="sato")
        for name in ("short", "other"):  # and for the hub as well
            kind, subject, body = texts[name]
            cls.sent[f"all-{name}"] = alpha.send("--tlp", "AMBER", "--to", "@electricity", "--kind", kind, "--subject", subject, "--body", body)
        wait_until(lambda: len(hub.list()) == 2, "the hub has what is for it")

    @classmethod
    def exchange(cls, name, alpha, bravo, label, to, kind, subject, body, person=None):
        """Send, wait until it is there, and give the sizes of what carried it: to the hub, and to its reader."""
        time.sleep(0.3)
        moment = time.time()
        report = alpha.send("--tlp", label, "--to", to, "--kind", kind, "--subject", subject, "--body", body, person=person)
        bravo.wait_report(report)
        alpha.wait_stage(report, to, "stored")
        cls.sent[name] = report
        return (sorted(size for size in cls.proxy.sent_since(moment, True) if size > 1200),
                sorted(size for size in cls.proxy.sent_since(moment, False) if size > 1200))

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.proxy.close()

    def read_hub(self):
        hub = self.world.nodes["hub"]
        hub.stop()
        dump = Dump(hub.dir / "store.db")
        hub.start()
        return dump

    def test_the_list_is_whole(self):
        captured = {name for pair in self.proxy.connections for side in pair if side.data for name, _, _ in side.parts()}
        dump = self.read_hub()
        found = captured | dump.fields | {"wire.tcp.addresses", "wire.tcp.times"}
        known = listed()
        self.assertEqual(sorted(found - set(known)), [], "readable, and not in proto/OBSERVERS.md: write down what it tells")
        self.assertEqual(sorted(set(known) - found), [], "in proto/OBSERVERS.md, and not there any more")
        seen = {name for name, _ in dump.values}
        self.assertLessEqual(seen, set(known))
        for must in ("Header.label", "Header.place", "Slot.org", "Envelope.to", "Roster.name", "Prekey.key"):
            self.assertIn(must, seen, "the dump was read to its depth")

    def test_what_is_sealed_is(self):
        """What the list calls sealed looks like noise, and no text of a report is in the dump or the capture."""
        dump, known = self.read_hub(), listed()
        sealed = b"".join(value for name, value in dump.values if known[name].startswith("sealed") and isinstance(value, bytes))
        self.assertGreater(len(sealed), 5000)
        self.assertGreater(len(zlib.compress(sealed, 9)), 0.99 * len(sealed))
        raw = (self.world.nodes["hub"].dir / "store.db").read_bytes()
        capture = b"".join(bytes(side.data) for pair in self.proxy.connections for side in pair)
        self.assertGreater(len(capture), 20000)
        for marker in MARKERS:
            self.assertNotIn(marker.encode(), raw)
            self.assertNotIn(marker.encode(), capture)
        boxes = b"".join(data for pair in self.proxy.connections for side in pair for name, data, _ in side.parts() if name.endswith(".box"))
        self.assertGreater(len(zlib.compress(boxes, 9)), 0.99 * len(boxes))
        keys = {value for name, value in dump.values if name in ("Card.sign_key", "Card.agree_key", "Card.curve_key")}
        self.assertEqual(len(keys), 9)
        for key in keys:
            self.assertNotIn(key, capture, "no lasting key is on the wire in the clear")
        for org in ("alpha", "bravo", "electricity"):
            self.assertNotIn(org.encode(), capture)

    def test_alike_on_the_wire(self):
        """Another text, subject and kind of one class: the same sizes. Another class: not."""
        for one, other in (("short", "other"), ("red", "red-other")):
            self.assertEqual(self.sizes[one][0], self.sizes[other][0])
            # Leaf 0 of the shuffled tree is written in no byte, any other in two: RED has two slots, and either may be the reader's.
            self.assertIn(abs(self.sizes[one][1][0] - self.sizes[other][1][0]), (0,) if one == "short" else (0, 2))
            self.assertEqual((len(self.sizes[one][0]), len(self.sizes[one][1])), (1, 1), "one frame to the hub, one to the reader")
        self.assertNotEqual(self.sizes["short"], self.sizes["large"])

    def test_withheld_as_named(self):
        """On the source's own line what is withheld has the size of what goes to one organisation, whichever terms both have."""
        alpha, hub = self.world.nodes["alpha"], self.world.nodes["hub"]

        def on_the_line(to, *options, label="AMBER"):
            time.sleep(0.3)
            moment = time.time()
            report = alpha.send("--tlp", label, "--to", to, "--kind", "incident", "--subject", MARKERS[0], "--body", MARKERS[2], *options)
            hub.wait_report(report)
            return sorted(size for size in self.proxy.sent_since(moment, True) if size > 1200)

        plain = on_the_line("hub")
        self.assertEqual(len(plain), 1)
        for terms, more in (((), 0), (("--urgent",), 2), (("--drill",), 2), (("--urgent", "--drill"), 4)):
            self.assertEqual(on_the_line("hub", *terms), [plain[0] + more], terms)
            self.assertEqual(on_the_line("@electricity", "--withhold-source", *terms), [plain[0] + more], terms)
        self.assertEqual(on_the_line("@electricity", "--withhold-source", label="CLEAR"), plain)

    def test_alike_in_the_database(self):
        """Another text, subject and kind of one class: the same sizes and readable values in every row, the times aside."""
        dump = self.read_hub()
        own = {"Header.created_ms", "Header.expires_ms", "Grant.created_ms"}  # the time of each

        def shape(report):
            """Fields with their sizes, and the readable values, of all rows of the log that belong to a report."""
            found = []
            for table, row in dump.rows:
                if table == "log" and row["id"][:8] == bytes.fromhex(report)[:8]:
                    found.append(("log", row["type"], len(row["record"]), len(row["slots"] or b"")))
                if table == "report" and row["id"] == bytes.fromhex(report):
                    found.append(("report", row["label"], row["urgency"], row["flags"], len(row["annex"]), len(row["wrapped_key"])))
                if table == "log" and row["id"][:8] == bytes.fromhex(report)[:8]:
                    for name, value in [*record_leaves(row["record"]), *(record_leaves(row["slots"]) if row["slots"] else [])]:
                        size = len(value) if isinstance(value, (bytes, str)) else None
                        plain = value if isinstance(value, (int, str)) and name not in own else None
                        found.append((name, size, plain))
            self.assertGreater(len(found), 20)
            self.assertIn(("log", 1), [entry[:2] for entry in found])
            return sorted(found, key=str)

        for one, other in (("short", "other"), ("red", "red-other"), ("all-short", "all-other")):
            self.assertEqual(shape(self.sent[one]), shape(self.sent[other]))
        self.assertNotEqual(shape(self.sent["short"]), shape(self.sent["large"]))


if __name__ == "__main__":
    main()
