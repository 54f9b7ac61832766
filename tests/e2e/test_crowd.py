"""Connections that say nothing, too many of them, and those that choose their routing id: the hub goes on, and serves the others."""

import ctypes
import datetime
import os
import re
import resource
import socket
import struct
import threading
import time

from harness import E2E, build_mesh, main, wait_until
from rawzmq import CURVE_PUBLICKEY, CURVE_SECRETKEY, CURVE_SERVERKEY, DEALER, LINGER, RawPeer, node_keys, zmq
from rosters import armour, data, number, pairs

SEND = ("--kind", "situation", "--body", "b", "--subject")
LIBC_COUNTER = 0xE43C9869  # where the hub's routing ids began while the C library's rand was left as it is
FILES = 256
MAX_SOCKETS = 2

zmq.zmq_ctx_set.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_int)


class Sockets:
    """Many dialled connections of one key, which say nothing; libzmq dials each again when it is ended."""

    def __init__(self, endpoint, server_key, keys, count):
        self.context = zmq.zmq_ctx_new()
        zmq.zmq_ctx_set(self.context, MAX_SOCKETS, count + 10)
        self.sockets = [self.dial(endpoint, server_key.encode(), keys) for _ in range(count)]

    def dial(self, endpoint, server_key, keys):
        dealer = zmq.zmq_socket(self.context, DEALER)
        none = ctypes.c_int(0)
        RawPeer.check(zmq.zmq_setsockopt(dealer, LINGER, ctypes.byref(none), ctypes.sizeof(none)))
        for option, value in ((CURVE_SERVERKEY, server_key), (CURVE_PUBLICKEY, keys[0]), (CURVE_SECRETKEY, keys[1])):
            RawPeer.check(zmq.zmq_setsockopt(dealer, option, ctypes.c_char_p(value), len(value) + 1))
        RawPeer.check(zmq.zmq_connect(dealer, endpoint.encode()))
        return dealer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for dealer in self.sockets:
            zmq.zmq_close(dealer)
        zmq.zmq_ctx_term(self.context)


class Crowd(E2E):
    @classmethod
    def build(cls, world):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        build_mesh(world, ["alpha", "bravo", "mallory", "trudy", "victor", "walter", "yuri"])
        cls.server_key = world.nodes["hub"].cli("card", "--json").object()["curve"]
        for org in ("mallory", "trudy", "victor", "walter", "yuri"):
            world.nodes[org].stop()  # their link keys are used by hand

    def setUp(self):
        self.hub, self.alpha, self.bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        self.pid = self.hub.process.pid

    def tearDown(self):
        self.serves("still here")

    def serves(self, subject):
        """The hub is the same process; a member comes back, the hub can be asked, and a report goes through it."""
        self.alpha.restart()
        self.alpha.wait_link("hub")
        self.assertTrue(self.hub.alive, self.hub.log_tail())
        self.assertEqual(self.hub.process.pid, self.pid)
        self.assertEqual(self.hub.cli("status", "--json", timeout=10).object()["org"], "hub")
        self.bravo.wait_report(self.alpha.send("--tlp", "GREEN", "--to", "@electricity", *SEND, subject), 60)

    def keys(self, org):
        folder = self.world.nodes[org].dir
        public = self.world.nodes[org].cli("card", "--json").object()["curve"].encode()
        return next(keys for keys in node_keys(folder) if keys[0] == public)

    def admitted(self, org):
        with RawPeer(self.hub.endpoint, self.server_key, self.keys(org)) as peer:
            return peer.handshake(2000)

    def test_1_claims_ahead_of_the_counter(self):
        """A member claims what a ROUTER would give next, if it began where each process begins; then the counter runs on."""
        keys, peers = self.keys("trudy"), []
        try:
            for ahead in range(4, 40):
                peers.append(RawPeer(self.hub.endpoint, self.server_key, keys, b"\0" + struct.pack(">I", LIBC_COUNTER + ahead)))
                peers[-1].handshake(2000)
            for _ in range(60):
                peers.append(RawPeer(self.hub.endpoint, self.server_key, keys))
                peers[-1].handshake(200)
            self.assertTrue(self.hub.alive, self.hub.log_tail())
            self.serves("between claims")
        finally:
            for peer in peers:
                peer.__exit__()

    def test_2_a_chosen_routing_id(self):
        """Its connection ends, and its key stays outside for a while: for the names of others, and for numbers that were never given."""
        for org, claimed in (("victor", b"alpha"), ("walter", b"\0" + struct.pack(">I", LIBC_COUNTER ^ (1 << 31)))):
            with self.subTest(claimed=claimed):
                with RawPeer(self.hub.endpoint, self.server_key, self.keys(org), claimed) as peer:
                    self.assertTrue(peer.handshake())
                    self.assertTrue(peer.send(b"\x08\x01\x12\x00"))
                    wait_until(lambda: not self.admitted(org), f"{org} is kept outside", 20)
        self.assertIn("victor: ended a connection that chose its routing id", self.hub.log_text())
        self.told_on_both_sides("victor")

    def told_on_both_sides(self, org):
        """Its honest node is told that it is its key, and the hub whose key it is and until when."""
        node = self.world.nodes[org]
        node.start()
        try:
            def link():
                return node.cli("status", "--json").object()["links"][0]

            wait_until(lambda: link()["state"] == "refused", "the node knows that it is refused", 20)
            self.assertEqual(link()["reason"], "busy")
            said = node.cli("status", "--json").object()["warnings"]
            self.assertIn("The hub hub refuses this node's link key for now: ask its secretariat.", said)
            self.assertIn("hub holds this node's link key back for now", node.log_text())
            warned = [one for one in self.hub.cli("status", "--json").object()["warnings"] if f"the link key of {org}" in one]
            self.assertEqual(len(warned), 1, warned)
            until = datetime.datetime.fromisoformat(re.search(r"let in until (\S+Z), since", warned[0]).group(1).replace("Z", "+00:00"))
            self.assertAlmostEqual(until.timestamp(), time.time() + 86400, delta=600)
        finally:
            node.stop()

    def hello(self, org):
        """A good first word of this organisation (SPEC 10.3)."""
        signer = dict(pairs(armour(self.world.nodes[org].dir / "own.card")))[2]
        said = number(1, 1) + number(2, 1) + data(3, signer) + data(4, os.urandom(16)) + number(7, 4 << 20) + number(9, int(time.time() * 1000))
        return number(1, 1) + data(2, said)

    def test_2_claims_beside_each_other(self):
        """Of many numbers claimed at once one is looked at: what the others of the key say then ends them as well, given or not."""
        server, keys, hello = self.server_key, self.keys("yuri"), self.hello("yuri")
        with RawPeer(self.hub.endpoint, server, keys) as before:
            self.assertTrue(before.handshake())
            self.assertTrue(before.send(hello))
            self.assertIsNotNone(before.receive(8000), "a good word is answered")
            with RawPeer(self.hub.endpoint, server, keys) as given, RawPeer(self.hub.endpoint, server, keys, b"yuri") as claimed:
                self.assertTrue(given.handshake())
                self.assertTrue(claimed.handshake())
                self.assertTrue(claimed.send(hello))
                self.assertIs(claimed.handshake(8000), False, "ended, and refused when it comes again")
                self.assertTrue(given.send(hello))
                self.assertIsNone(given.receive(4000), "it does not learn that its own number was given")

    def test_3_silence_ends_a_connection(self):
        with RawPeer(self.hub.endpoint, self.server_key, self.keys("mallory")) as peer:
            self.assertTrue(peer.handshake())
            wait_until(lambda: "it said nothing" in self.hub.log_text(), "the hub ended it", 30)

    def files(self):
        """Root may count them; to others a daemon that hides its memory shows none."""
        try:
            return len(os.listdir(f"/proc/{self.pid}/fd"))
        except OSError:
            return 0

    def limit(self):
        try:
            resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (FILES, FILES))
        except PermissionError:
            print("NRS-SKIP: only root may limit a process that hides its memory", flush=True)
            self.skipTest("only root may limit the hub")

    def test_4_many_silent_connections_of_a_member(self):
        self.limit()
        with Sockets(self.hub.endpoint, self.server_key, self.keys("mallory"), 400):
            time.sleep(3)
            self.serves("between four hundred")
            self.assertLess(self.files(), FILES - 16, "some are left for callers")

    def test_5_many_silent_connections_of_nobody(self):
        """From one address; alpha comes from another."""
        self.limit()
        host, port = self.hub.endpoint.removeprefix("tcp://").rsplit(":", 1)
        stop, lines = threading.Event(), []

        def attack():
            while not stop.is_set():
                line = socket.socket()
                line.bind(("127.0.0.2", 0))
                line.settimeout(1)
                try:
                    line.connect((host, int(port)))
                    lines.append(line)
                except OSError:
                    line.close()
                    time.sleep(0.01)
                if len(lines) > 2 * FILES:
                    lines.pop(0).close()
                    time.sleep(0.005)
        thread = threading.Thread(target=attack, daemon=True)
        thread.start()
        try:
            wait_until(lambda: len(lines) > FILES, "more came than there are files", 30)
            self.serves("between many of nobody")
            self.assertIn("too many for the open files", self.hub.log_text())
        finally:
            stop.set()
            thread.join(10)
            for line in lines:
                line.close()


if __name__ == "__main__":
    main()
