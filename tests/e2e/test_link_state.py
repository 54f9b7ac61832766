"""What status says of a link that does not stand, and why."""

import socket
import threading
import time

from harness import E2E, build_mesh, main, wait_until
from rawzmq import RawHub, new_keys


class LinkState(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"])

    def setUp(self):
        self.hub, self.alpha, self.bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))

    def link(self, node):
        return self.one(node.status()["links"], org="hub")

    def wait(self, node, state, reason):
        wait_until(lambda: (self.link(node)["state"], self.link(node)["reason"]) == (state, reason), f"{state} {reason}: {self.link(node)}")

    def screen(self, node, lang):
        return node.cli("status", lang=lang).out

    def test_1_up(self):
        self.wait(self.alpha, "up", None)
        self.assertIsNotNone(self.link(self.alpha)["since"])

    def test_2_nobody_answers(self):
        self.hub.stop()
        self.wait(self.alpha, "connecting", "no-node")
        self.assertIn("nobody answers", self.screen(self.alpha, "en"))
        self.assertIn("応答がありません", self.screen(self.alpha, "ja"))
        self.assertEqual(self.alpha.status()["warnings"], [], "a hub may be down for a while")

    def test_3_another_key_answers(self):
        with RawHub(self.hub.endpoint, new_keys()):
            self.wait(self.alpha, "refused", "forged")
            self.assertIn("is not that hub", self.alpha.status()["warnings"][0])
            self.assertIn("ハブの鍵が変わっています", self.screen(self.alpha, "ja"))
        self.wait(self.alpha, "connecting", "no-node")

    def test_4_something_else_answers(self):
        host, port = self.hub.endpoint[len("tcp://"):].split(":")
        stop = threading.Event()
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, int(port)))
            listener.listen()
            listener.settimeout(0.2)

            def serve():
                while not stop.is_set():
                    try:
                        connection, _ = listener.accept()
                    except TimeoutError:
                        continue
                    with connection:
                        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"x" * 64)
            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            try:
                self.wait(self.alpha, "refused", "forged")
            finally:
                stop.set()
                thread.join(5)

    def test_5_what_answers_says_nothing(self):
        """As a hub without a descriptor left: the system takes the connection. That is nobody, and no refusal."""
        host, port = self.hub.endpoint[len("tcp://"):].split(":")
        self.wait(self.alpha, "connecting", "no-node")
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, int(port)))
            listener.listen()
            end = time.monotonic() + 16  # more than two handshakes of five seconds
            while time.monotonic() < end:
                self.assertEqual((self.link(self.alpha)["state"], self.link(self.alpha)["reason"]), ("connecting", "no-node"))
                time.sleep(0.5)

    def test_6_up_again(self):
        self.hub.start()
        self.wait(self.alpha, "up", None)
        self.wait(self.bravo, "up", None)
        self.assertEqual(self.alpha.status()["warnings"], [])

    def test_7_removed(self):
        self.hub.cli("community", "remove", "electricity", "bravo")
        wait_until(lambda: self.link(self.bravo)["state"] == "refused", "bravo is refused")
        self.assertIn(self.link(self.bravo)["reason"], ("revoked", "unknown-peer"))
        self.assertIn("refuses this node", "".join(self.bravo.status()["warnings"]))


if __name__ == "__main__":
    main()
