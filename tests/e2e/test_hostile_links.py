"""A member that turned hostile: its hello is good, and what follows is not. The hub lives, and the others' reports go through."""

import base64
import hashlib
import os
import random
import sqlite3
import struct
import threading
import time
from contextlib import contextmanager

from harness import E2E, build_mesh, main, wait_until
from rawzmq import RawPeer, node_keys

SEND = ("--kind", "situation", "--body", "b", "--subject")
HELLO, ITEMS, CONFIRM, PING, PONG, BYE = range(1, 7)
RECORD_TYPES = range(1, 9)
NOT_MEMBER = 16
SLOT_PATH_SHAPES = 4  # the report's other parts are tried as well, so that the grant need not be known
LARGE = (1 << 63, (1 << 63) - 1, (1 << 64) - 1, (1 << 63) + 5)


# ---- Protobuf by hand (proto/noroshi.proto) ----

def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def number(field, value):
    return varint(field << 3) + varint(value) if value else b""


def data(field, value):
    return varint(field << 3 | 2) + varint(len(value)) + value if value else b""


def fields(message):
    """field number → value, the last one of each."""
    found, at = {}, 0

    def take():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at, value, shift = at + 1, value | (byte & 127) << shift, shift + 7
            if byte < 128:
                return value
    while at < len(message):
        key = take()
        value = take()
        if key & 7 == 2:
            at, value = at + value, message[at:at + value]
        found[key >> 3] = value
    return found


def frame(kind, payload=b""):
    return number(1, kind) + data(2, payload)


def hello(org, window=4 << 20, log=None, peer_log=b"", position=0, answer=False):
    """With a new log unless told, since the hub skips positions of a log that it has heard already."""
    log = os.urandom(16) if log is None else log
    return frame(HELLO, number(1, 1) + number(2, 1) + data(3, org) + data(4, log) + data(5, peer_log) + number(6, position)
                 + number(7, window) + number(9, int(time.time() * 1000)) + number(10, int(answer)))


def items(*list_of_items):
    return frame(ITEMS, b"".join(data(1, number(1, position) + b"".join(data(2, record) for record in records))
                                 for position, *records in list_of_items))


def confirm(position, refusals=(), deferred=()):
    packed = b"".join(varint(value) for value in deferred)
    return frame(CONFIRM, number(1, position) + b"".join(data(2, number(1, at) + number(2, error)) for at, error in refusals)
                 + data(3, packed))


def domain_hash(name, size, *parts):
    name = b"noroshi/1 " + name
    return hashlib.blake2b(struct.pack("<I", len(name)) + name + b"".join(parts), digest_size=size).digest()


def sign_key(node):
    """The organisation's signing key: whoever signed its card."""
    lines = node.cli("card").out.strip().splitlines()[1:-1]
    return fields(base64.b64decode("".join(line for line in lines if not line.startswith("="))))[2]


class HostileLinks(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo", "mallory", "trudy"])
        world.nodes["hub"].cli("community", "create", "gas", "--name", "ガス")
        hub, mallory = world.nodes["hub"], world.nodes["mallory"]
        cls.org, cls.hub_org = sign_key(mallory), sign_key(hub)
        cls.server_key = hub.cli("card", "--json").object()["curve"]
        cls.public = world.nodes["alpha"].send("--tlp", "CLEAR", "--to", "@electricity", *SEND, "for everybody")
        mallory.wait_report(cls.public)
        public = mallory.cli("card", "--json").object()["curve"].encode()
        mallory.stop()  # from here on its keys are used by hand
        cls.keys = next(keys for keys in node_keys(mallory.dir) if keys[0] == public)
        trudy = world.nodes["trudy"]
        trudy.stop()
        cls.crowd_org, cls.crowd_keys = sign_key(trudy), next(node_keys(trudy.dir))  # held back for what many connections cost a key
        with sqlite3.connect(mallory.dir / "store.db") as store:
            (cls.record,) = store.execute("SELECT record FROM log WHERE id = ?", (bytes.fromhex(cls.public),)).fetchone()

    def setUp(self):
        self.hub, self.alpha, self.bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        self.pid = self.hub.process.pid
        self.said = len(self.hub.log_text())
        self.bravo.wait_link("hub")  # what the test before did is over for them as well
        self.alpha.wait_link("hub")

    def tearDown(self):
        self.deliver("still here")

    def deliver(self, subject, timeout=30):
        """The hub is the same process, and carries a report."""
        report = self.alpha.send("--tlp", "GREEN", "--to", "@electricity", *SEND, subject)
        try:
            self.bravo.wait_report(report, timeout)
        finally:
            self.assertTrue(self.hub.alive, self.hub.log_tail())
            self.assertEqual(self.hub.process.pid, self.pid)
        self.assertNotIn("a step failed", self.hub.log_text()[self.said:], "what a peer says never stops the engine")

    def linked(self):
        """A link that the hub holds up."""
        peer = RawPeer(self.hub.endpoint, self.server_key, self.keys)
        self.addCleanup(peer.__exit__)
        self.assertTrue(peer.handshake())
        self.greet(peer)
        return peer

    def greet(self, peer):
        self.assertTrue(peer.send(hello(self.org)))
        answer = self.read(peer, HELLO)
        self.assertEqual(answer.get(3), self.hub_org, "the hub answers a good hello: the rest is heard on a link that is up")
        self.assertEqual(answer.get(10), 1)

    def read(self, peer, kind, timeout=5):
        """The payload of the next frame of this kind, {} when none came."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            got = peer.receive(200)
            if got is not None and fields(got).get(1) == kind:
                return fields(fields(got).get(2, b""))
        return {}

    def say(self, *frames):
        """Each frame on a link of its own, since the hub may end it."""
        for sent in frames:
            with self.subTest(frame=sent[:40].hex()), RawPeer(self.hub.endpoint, self.server_key, self.keys) as peer:
                self.assertTrue(peer.handshake())
                self.greet(peer)
                peer.send(sent)
                self.read(peer, BYE, 0.4)
                self.assertTrue(self.hub.alive, self.hub.log_tail())

    @contextmanager
    def meanwhile(self, attack):
        """Run attack(stop) beside the test, and see that it did what it should."""
        stop, counts, errors = threading.Event(), [], []

        def run():
            try:
                counts.append(attack(stop))
            except Exception as error:  # told below, in the test's own thread
                errors.append(error)
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(20)
        self.assertEqual(errors, [])
        self.assertFalse(thread.is_alive())
        self.assertGreater(counts[0], 0)

    def test_good_hello_brings_the_link_up(self):
        """Without this the others would prove nothing."""
        peer = self.linked()
        wait_until(lambda: self.hub.link("mallory") == "up", "the hub sees mallory up", 10)
        self.assertTrue(peer.send(frame(PING)))
        end = time.monotonic() + 5
        while time.monotonic() < end:
            got = peer.receive(200)
            if got is not None and fields(got).get(1) == PONG:
                return
        self.fail("no pong")

    def test_a_hello_of_two_parts_is_dropped(self):
        """Whole: its first part is not taken for a message of its own."""
        with RawPeer(self.hub.endpoint, self.server_key, self.keys) as peer:
            self.assertTrue(peer.handshake())
            self.assertTrue(peer.send(hello(self.org), b"more"))
            self.assertEqual(self.read(peer, HELLO, 1), {})
            wait_until(lambda: "a message of several parts" in self.hub.log_text(), "the hub says so", 10)
            self.greet(peer)

    def test_garbage_items(self):
        dice = random.Random(3)
        self.say(items((1, b"")), items((1, b"\0")), items((1, dice.randbytes(300))), items((0, b"x")), frame(ITEMS),
                 items((5, b"\x08\x01"), (4, b"\x08\x01"), (4, b"\x08\x01")),
                 items((1, *[number(1, kind) + data(2, dice.randbytes(200)) for kind in RECORD_TYPES])),
                 items((2, number(1, 99) + data(2, b"x")), (3, number(1, (1 << 32) - 1) + data(2, b"x"))),
                 items(*[(at, number(1, 1) + data(2, dice.randbytes(100))) for at in range(1, 1025)]),
                 items((1, *[b"\x08\x01\x12\x01x"] * 73)), items((1, dice.randbytes(480 * 1024 + 1))),
                 frame(ITEMS, b"\x0a\xff\xff\xff\xff\x0f"), frame(ITEMS, dice.randbytes(5000)),
                 items((6, self.record[:-1])), items((7, self.record + b"\0")), items((8, self.record, self.record)))

    def test_other_communities_of_the_hub_are_not_told(self):
        """A record of a community that the hub serves without mallory, and of one that there is not: one answer."""
        report = self.alpha.send("--tlp", "CLEAR", "--to", "@electricity", *SEND, "another", "--drill")
        self.hub.wait_report(report)
        with sqlite3.connect(self.hub.dir / "store.db") as store:
            (record,) = store.execute("SELECT record FROM log WHERE id = ?", (bytes.fromhex(report),)).fetchone()
        ours, other = (base64.b16decode(self.hub.cli("community", "show", slug, "--json").object()["community"].upper())
                       for slug in ("electricity", "gas"))
        self.assertIn(ours, record)
        answers = []
        for position, community in enumerate((other, os.urandom(32)), 100):
            peer = self.linked()
            self.assertTrue(peer.send(items((position, record.replace(ours, community)))))
            told = self.read(peer, CONFIRM)
            self.assertEqual(told.get(1), position)
            answers.append(fields(told[2])[2])
        self.assertEqual(answers, [NOT_MEMBER, NOT_MEMBER])

    def test_bits_turned_in_a_good_record(self):
        dice = random.Random(9)
        peer = self.linked()
        for position in range(1, 400):
            turned = bytearray(self.record)
            turned[dice.randrange(len(turned))] ^= 1 << dice.randrange(8)
            peer.send(items((position, bytes(turned))))
        self.read(peer, BYE, 1)
        self.assertIn(self.public, [row["id"] for row in self.hub.list()])

    def test_unknown_frame_types(self):
        self.say(*[frame(kind, b"\x08\x01") for kind in (0, 7, 8, 255, (1 << 32) - 1)], number(1, 1 << 40), number(9, 1),
                 data(3, b"x" * 1000))

    def test_repeated_hellos(self):
        """Hundreds on one link, with windows of all sizes and nothing of the answers read, while a report goes through."""
        def attack(stop):
            sent = 0
            with RawPeer(self.hub.endpoint, self.server_key, self.keys) as peer:
                if not peer.handshake():
                    return 0
                while not stop.is_set():
                    peer.send(hello(self.org, window=(0, 1, 64 << 20, (1 << 32) - 1)[sent % 4], answer=sent % 2 == 1,
                                    log=bytes([sent // 8 % 256]) * 16))
                    sent += 1
                    time.sleep(0.002)
            return sent // 50
        with self.meanwhile(attack):
            time.sleep(1)
            self.deliver("while hellos come")

    def test_wrong_hellos(self):
        self.say(hello(self.hub_org), hello(b"\1" * 32), hello(b""), hello(self.org, log=b"x"), hello(self.org, log=b"x" * 17),
                 hello(self.org, peer_log=b"x"), frame(HELLO), frame(HELLO, b"\xff" * 100),
                 frame(HELLO, number(1, 2) + number(2, 9) + data(3, self.org) + data(4, b"\7" * 16)))

    def test_large_positions(self):
        peer = self.linked()
        log = b""
        for _ in range(3):  # the incarnation of the hub's log, so that positions of it are believed
            peer.send(hello(self.org))
            log = self.read(peer, HELLO).get(4, log)
        self.assertEqual(len(log), 16)
        for large in LARGE:
            self.say(hello(self.org, position=large, peer_log=log), hello(self.org, position=large), items((large, self.record)),
                     items((large, b"\1")), items((1, self.record), (large, b"\1")), confirm(large), confirm(0, [(large, 5)]),
                     confirm(1, [], [large]), confirm(large, [(large, (1 << 32) - 1)], [large, large]))
            self.deliver(f"after {large:x}")

    def test_items_beyond_all_positions_meanwhile(self):
        def attack(stop):
            sent = 0
            while not stop.is_set():
                with RawPeer(self.hub.endpoint, self.server_key, self.keys) as peer:
                    if peer.handshake(2000):
                        peer.send(hello(self.org))
                        if peer.receive(2000) is not None:
                            sent += peer.send(items((1 << 63, b"\1")))
                            time.sleep(0.05)
            return sent
        with self.meanwhile(attack):
            time.sleep(0.5)
            self.deliver("while positions are wrong", 15)
            self.hub.send("--tlp", "GREEN", "--to", "@electricity", *SEND, "of the hub")

    def test_slot_path_of_a_clear_report(self):
        """A CLEAR report has no slots; a path to one must not be opened."""
        report = bytes.fromhex(self.public)
        grants = [part for part in fields(fields(self.record)[2]).values() if isinstance(part, bytes)]
        slot = data(1, domain_hash(b"key hash", 16, self.hub_org)) + data(2, b"\1" * 8) + data(3, b"\2" * 48)
        paths = [data(1, report) + data(2, domain_hash(b"statement id", 32, grant)) + data(4, slot) for grant in grants]
        self.assertEqual(len(paths), SLOT_PATH_SHAPES)
        self.say(*[items((position, *[number(1, kind) + data(2, path) for kind in RECORD_TYPES]))
                   for position, path in enumerate(paths, 5000)],
                 *[items((6000, number(1, kind) + data(2, paths[2]))) for kind in RECORD_TYPES],
                 *[items((7000, self.record, number(1, kind) + data(2, paths[2]))) for kind in (2, 3, 4)])
        self.assertEqual(self.hub.show(self.public)["label"], "CLEAR")

    def test_flood_of_pings(self):
        def attack(stop):
            sent = 0
            peer = self.linked()
            while not stop.is_set() and sent < 200000:
                if not peer.send(frame(PING)):
                    break
                sent += 1
            return sent // 1000
        with self.meanwhile(attack):
            time.sleep(0.5)
            self.deliver("while pings come")

    def test_flood_of_confirms(self):
        many = confirm(0, [(at, 1) for at in range(1, 1025)])
        before = self.hub.log_path.stat().st_size
        peer = self.linked()
        for _ in range(200):
            peer.send(many)
        self.read(peer, BYE, 2)
        self.assertLess(self.hub.log_path.stat().st_size - before, 100_000, "a peer cannot fill the log")

    def test_churn(self):
        """2,000 connections of one member, which push out each other and nobody else: alpha and bravo come back meanwhile."""
        greeting = hello(self.crowd_org)
        count = 0

        def attack(stop):
            nonlocal count
            while count < 2000 and not stop.is_set():
                peers = [RawPeer(self.hub.endpoint, self.server_key, self.crowd_keys) for _ in range(40)]
                for peer in peers:
                    peer.send(greeting)
                peers[-1].receive(200) # as long as the handshakes take; whose key is held back hears nothing
                for peer in peers:
                    peer.__exit__()
                count += len(peers)
            return count
        with self.meanwhile(attack):
            time.sleep(0.5)
            self.bravo.restart()
            self.bravo.wait_link("hub", timeout=20)
            self.deliver("while one member comes and goes")
            wait_until(lambda: count >= 2000, "all connections were made", 40)
        self.alpha.restart()
        self.alpha.wait_link("hub", timeout=20)
        self.assertLess(self.hub.log_path.stat().st_size, 1_000_000, "connections do not fill the log")

    def test_hellos_that_ask_for_the_whole_log(self):
        """A hub reads its log for one member only so often, however many hellos say that nothing is held; the others are served meanwhile."""
        body = self.world.write("large.txt", "x" * (180 * 1024))
        for _ in range(40):
            self.alpha.cli("send", "--tlp", "GREEN", "--to", "@electricity", "--kind", "situation", "--subject", "large", "--body-file", body)
        self.deliver("behind what is large", 60)

        def read():
            return self.hub.status()["log_read"]["bytes"]
        log_size = 40 * 256 * 1024
        received = []

        def attack(stop):
            for _ in range(60):
                if stop.is_set():
                    break
                with RawPeer(self.hub.endpoint, self.server_key, self.keys) as peer:
                    peer.send(hello(self.org, window=64 << 20))
                    got = peer.receive(3000)
                    while got is not None:
                        received.append(len(got))
                        got = peer.receive(150)
            return len(received)
        before = read()
        with self.meanwhile(attack):
            for number in range(4):
                self.deliver(f"while the log is asked for {number}", 15)
            wait_until(lambda: sum(received) > 5 * log_size, "mallory has had the log several times", 40)
            self.assertGreater(read() - before, 2 * log_size)
            end = time.monotonic() + 20
            while time.monotonic() < end and len(received) < 3000:
                time.sleep(0.5)
        self.assertLess(sum(received), 11 * log_size, "and not each time it asked")
        self.assertLess(read() - before, 25 * log_size)

    def test_many_open_connections_of_one_member(self):
        """The hub keeps the newest few; the others' links stay."""
        peers = [RawPeer(self.hub.endpoint, self.server_key, self.crowd_keys) for _ in range(60)]
        try:
            for peer in peers:
                peer.send(hello(self.crowd_org))
            self.deliver("between sixty")
            states = {link["org"]: link["state"] for link in self.hub.status()["links"]}
            self.assertEqual((states["alpha"], states["bravo"]), ("up", "up"))
        finally:
            for peer in peers:
                peer.__exit__()


if __name__ == "__main__":
    main()
