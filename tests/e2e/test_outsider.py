"""Peers that are unknown, wrong or hostile: the hub refuses them and goes on serving."""

import random
import socket

from harness import E2E, befriend, build_mesh, invite, main, wait_until
from rawzmq import SNDMORE, RawPeer, new_keys, node_keys, zmq

SEND = ("--kind", "situation", "--body", "b", "--subject")


class Outsider(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo", "mallory", "trudy", "victor"])
        # Members that left the path of virtue: their daemons stand still, their link keys are used by hand.
        world.nodes["mallory"].stop()
        world.nodes["trudy"].stop()
        world.nodes["victor"].stop()

    def setUp(self):
        self.hub, self.alpha, self.bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        self.server_key = self.hub.cli("card", "--json").object()["curve"]
        self.pid = self.hub.process.pid
        self.before = [row["id"] for row in self.hub.list()]

    def tearDown(self):
        """The hub is the same process, took nothing, and serves."""
        self.assertTrue(self.hub.alive, self.hub.log_tail())
        self.assertEqual(self.hub.process.pid, self.pid)
        report = self.alpha.send("--tlp", "GREEN", "--to", "@electricity", *SEND, "still here")
        self.bravo.wait_report(report, 60)
        self.assertEqual([row["id"] for row in self.hub.list() if row["id"] != report], self.before)

    def mallory_keys(self, org="mallory"):
        folder = self.world.nodes[org].dir
        public = self.world.nodes[org].cli("card", "--json").object()["curve"].encode()
        return next(keys for keys in node_keys(folder) if keys[0] == public)

    def test_unknown_key(self):
        with RawPeer(self.hub.endpoint, self.server_key) as peer:
            self.assertFalse(peer.handshake(), "an unknown key is not admitted")

    def test_known_key_is_admitted(self):
        """The raw client does work: with a member's key it comes in. Without this the refusals above would prove nothing."""
        with RawPeer(self.hub.endpoint, self.server_key, self.mallory_keys()) as peer:
            self.assertTrue(peer.handshake())

    def test_wrong_server_key(self):
        with RawPeer(self.hub.endpoint, new_keys()[0], self.mallory_keys()) as peer:
            self.assertFalse(peer.handshake(2000))

    def test_outsider_node_sees_refused(self):
        """A whole node that was never enrolled. The invite does not let it join; so it founds a community of its own with the
        hub's card in it, and dials the hub's real address."""
        outsider = self.world.node("outsider").init()
        fingerprint = self.hub.cli("community", "fingerprint", "electricity").out.strip()
        error = outsider.cli("join", invite(self.hub, "electricity"), "--fingerprint", fingerprint, "--json", want=3).error()
        self.assertEqual(error["rule"], "not-member")
        befriend(outsider, self.hub, "electricity")
        outsider.start()
        outsider.wait_link("hub", "refused", 60)
        own = outsider.send("--tlp", "GREEN", "--to", "@electricity", *SEND, "let me in")
        report = self.alpha.send("--tlp", "CLEAR", "--to", "@electricity", *SEND, "for members")
        self.bravo.wait_report(report)
        self.before.append(report)
        self.assertEqual([row["id"] for row in outsider.list()], [own])
        self.assertNotIn(own, [row["id"] for row in self.hub.list()])
        self.hub.cli("show", own, want=4)
        self.assertNotIn("outsider", [link["org"] for link in self.hub.status()["links"] if link["state"] == "up"])
        outsider.stop()

    def test_garbage_bytes_to_the_port(self):
        host, port = self.hub.endpoint.removeprefix("tcp://").rsplit(":", 1)
        dice = random.Random(11)
        for data in (b"GET / HTTP/1.1\r\n\r\n", bytes(4096), b"\xff" + bytes(8) + b"\x7f\x03\x00CURVE", dice.randbytes(65536),
                     b"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00NULL" + bytes(48), b""):
            with self.subTest(data=data[:20]), socket.create_connection((host, int(port)), timeout=5) as line:
                try:
                    line.sendall(data)
                except OSError:
                    pass

    def test_unfinished_handshakes(self):
        host, port = self.hub.endpoint.removeprefix("tcp://").rsplit(":", 1)
        greeting = b"\xff" + bytes(8) + b"\x7f\x03\x00CURVE" + bytes(15) + b"\x00" + bytes(31)
        self.assertEqual(len(greeting), 64)
        lines = []
        try:
            for number in range(200):
                line = socket.create_connection((host, int(port)), timeout=5)
                line.sendall(greeting[: 1 + number % 64])
                lines.append(line)
            report = self.alpha.send("--tlp", "GREEN", "--to", "@electricity", *SEND, "meanwhile")
            self.bravo.wait_report(report)
            self.before.append(report)
            self.alpha.restart()
            self.alpha.wait_link("hub")
            def all_dropped():
                """The hub ends each within the time it allows for a handshake."""
                for line in list(lines):
                    line.settimeout(0.01)
                    try:
                        if line.recv(4096) == b"":
                            lines.remove(line)
                            line.close()
                    except TimeoutError:
                        pass
                    except OSError:
                        lines.remove(line)
                        line.close()
                return not lines
            wait_until(all_dropped, "unfinished handshakes are dropped", 30)
        finally:
            for line in lines:
                line.close()

    def test_member_sends_garbage(self):
        dice = random.Random(5)
        for data in (b"", b"\0", b"x" * 100, dice.randbytes(1000), dice.randbytes(500 * 1024), b"\x08\x01\x12\x00",
                     b"\x08\x02\x12\x04\x0a\x02\x08\x01", b"\x08\x63", bytes([0x12, 0xff, 0xff, 0xff, 0xff, 0x0f])):
            with self.subTest(size=len(data)), RawPeer(self.hub.endpoint, self.server_key, self.mallory_keys()) as peer:
                self.assertTrue(peer.handshake())
                peer.send(data)
                while peer.receive(300) is not None:
                    pass

    def test_member_sends_too_large(self):
        with RawPeer(self.hub.endpoint, self.server_key, self.mallory_keys()) as peer:
            self.assertTrue(peer.handshake())
            peer.send(bytes(512 * 1024 + 1))
            peer.send(bytes(64 * 1024 * 1024))
            peer.receive(500)

    def test_8000_parts(self):
        with RawPeer(self.hub.endpoint, self.server_key, self.mallory_keys()) as peer:
            self.assertTrue(peer.handshake())
            for _ in range(3):
                peer.send(*[b"part"] * 8000)
            peer.receive(500)

    def test_a_message_without_end(self):
        """libzmq holds its parts; the hub counts their bytes, ends the connection, and gives the memory back."""
        def resident():
            with open(f"/proc/{self.pid}/statm") as file:  # in pages of 4 KiB
                return int(file.read().split()[1]) // 256
        before, most = resident(), 0
        part = bytes(512 * 1024)
        with RawPeer(self.hub.endpoint, self.server_key, self.mallory_keys()) as peer:
            self.assertTrue(peer.handshake())
            for number in range(1600):  # 800 MiB, which this end sends when it has the last part
                self.assertTrue(zmq.zmq_send(peer.socket, part, len(part), SNDMORE if number < 1599 else 0) >= 0)

            def ended():
                nonlocal most
                most = max(most, resident())
                return "of a message that does not end" in self.hub.log_text()
            wait_until(ended, "the hub says that it ended the connection", 30)
        self.assertLess(most - before, 500, "MiB; without the limit all of it")
        self.alpha.wait_link("hub")

    def test_flood_of_small_frames(self):
        with RawPeer(self.hub.endpoint, self.server_key, self.mallory_keys()) as peer:
            self.assertTrue(peer.handshake())
            for _ in range(20000):
                if not peer.send(b"\x08\x04"):
                    break

    def test_claimed_routing_ids(self):
        alpha_public = self.alpha.cli("card", "--json").object()["curve"].encode()
        for claimed in (b"alpha", alpha_public, b"\0\0\0\0\1", b"x" * 255):
            with self.subTest(claimed=claimed[:8]), RawPeer(self.hub.endpoint, self.server_key, self.mallory_keys("trudy"), claimed) as peer:
                peer.handshake()
                peer.send(b"\x08\x01\x12\x00")
                self.assertEqual(wait_until(lambda: self.alpha.link("hub"), "alpha's link"), "up")

    def test_several_connections_with_one_key(self):
        keys = self.mallory_keys("victor")  # who has spent nothing of what is let in of one key
        peers = []
        try:
            for _ in range(30):
                peers.append(RawPeer(self.hub.endpoint, self.server_key, keys))
                wait_until(peers[-1].handshake, "it is let in, if not at once", 90)
                peers[-1].send(b"\x08\x04")
        finally:
            for peer in peers:
                peer.__exit__()


if __name__ == "__main__":
    main()
