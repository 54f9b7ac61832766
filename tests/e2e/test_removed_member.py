"""Removal binds at once: the link drops, nothing more is taken from the removed member and nothing more reaches it."""

import sqlite3
import threading
import time

from harness import E2E, TIME_SCALE, build_mesh, enrol, join, main, wait_until
from rawzmq import RawPeer, node_keys
from test_hostile_links import BYE, HELLO, domain_hash, fields, hello, sign_key

SEND = ("--kind", "situation", "--body", "b", "--subject")


class Removed(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo", "mallory"])

    def slots_for(self, hub, report, node):
        """How many slots of a report, as the hub carries them, are made for the node: by its key hash, which names each slot."""
        mark = domain_hash(b"key hash", 16, sign_key(node))
        with sqlite3.connect(hub.dir / "store.db") as store:
            rows = [(row[0], b"".join(row[1:])) for row in store.execute("SELECT id, coalesce(slots, x''), record FROM log")]
        return sum(held.count(mark) for row, held in rows if row == bytes.fromhex(report) or bytes.fromhex(report) in held)

    def test_removed_while_connected(self):
        hub, alpha, bravo, mallory = (self.world.nodes[org] for org in ("hub", "alpha", "bravo", "mallory"))
        first = alpha.send("--tlp", "AMBER", "--to", "@electricity", *SEND, "before")
        mallory.wait_report(first)
        bravo.wait_report(first)
        hub.cli("community", "remove", "electricity", "mallory")
        wait_until(lambda: hub.link("mallory") != "up", "the live link drops")
        wait_until(lambda: mallory.link("hub") != "up", "at both ends")
        for node in (alpha, bravo):
            wait_until(lambda n=node: "mallory" not in {member["org"] for member in
                       n.cli("community", "show", "electricity", "--json").object()["members"]}, f"{node.org} has the new roster")
        second = alpha.cli("send", "--tlp", "AMBER", "--to", "@electricity", *SEND, "after", "--json").object()
        self.assertNotIn("mallory", second["recipients"])
        bravo.wait_report(second["id"])
        # All the removed member's keys together open nothing of it: no slot was made for any of them.
        self.assertEqual(self.slots_for(hub, first, mallory), 1)
        self.assertEqual(self.slots_for(hub, second["id"], mallory), 0)
        self.assertEqual(self.slots_for(hub, second["id"], bravo), 1)
        alpha.cli("send", "--tlp", "AMBER", "--to", "mallory", *SEND, "direct", want=4)
        own = mallory.cli("send", "--tlp", "GREEN", "--to", "@electricity", *SEND, "from outside", "--json", want=None)
        # Both directions are still shut after a restart of either end.
        mallory.restart()
        hub.restart()
        for node in (alpha, bravo):
            node.wait_link("hub")
        third = alpha.send("--tlp", "CLEAR", "--to", "@electricity", *SEND, "third")
        bravo.wait_report(third)
        wait_until(lambda: mallory.link("hub") in (None, "refused", "connecting"), "still shut out")
        wait_until(lambda: [text for text in mallory.status()["warnings"] if text.startswith("The hub hub refuses this node")],
                   "the removed member is told")
        self.assertIn("事務局に確認してください", mallory.cli("status", lang="ja").out)
        held = {row["id"] for row in mallory.list()}
        self.assertFalse(held & {second["id"], third}, "the removed member received nothing later")
        if own.code == 0:
            for node in (hub, alpha, bravo):
                self.assertNotIn(own.object()["id"], {row["id"] for row in node.list()})
        else:
            self.assertEqual(own.code, 3, str(own))
        self.assertEqual(bravo.show(first)["body"], "b", "what was had before stays")

    def test_live_link_ends_within_a_second(self):
        """By the member's own keys, held by hand: from the moment the command is done to the hub's last word."""
        hub = self.world.nodes["hub"]
        quick = self.world.node("quick").init()
        enrol(hub, quick, "electricity")
        public = quick.cli("card", "--json").object()["curve"].encode()
        keys = next(keys for keys in node_keys(quick.dir) if keys[0] == public)
        ended = []

        def listen(peer):
            while not ended:
                got = peer.receive(200)
                if got is not None and fields(got).get(1) == BYE:
                    ended.append(time.monotonic())
        with RawPeer(hub.endpoint, hub.cli("card", "--json").object()["curve"], keys) as peer:
            self.assertTrue(peer.handshake())
            self.assertTrue(peer.send(hello(sign_key(quick))))
            wait_until(lambda: fields(peer.receive(200) or b"").get(1) == HELLO, "the link stands", 10)
            thread = threading.Thread(target=listen, args=(peer,), daemon=True)
            thread.start()
            hub.cli("community", "remove", "electricity", "quick")
            done = time.monotonic()
            wait_until(lambda: ended, "the hub ends the link", 10)
            thread.join(5)
        print(f"removed: the live link ended {ended[0] - done:+.3f} s after the command", flush=True)
        self.assertLess(ended[0] - done, 1.0 * TIME_SCALE)

    def test_removed_while_the_hub_is_away(self):
        """A roster that is left in the hub's inbox while it does not run is taken up at its next start, before any link."""
        hub, alpha, bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        late = self.world.node("late").init()
        enrol(hub, late, "electricity")
        join(hub, late, "electricity")
        late.start().wait_link("hub")
        hub.stop()
        hub.cli("community", "remove", "electricity", "late")
        hub.start()
        for node in (alpha, bravo):
            node.wait_link("hub")
        report = alpha.send("--tlp", "GREEN", "--to", "@electricity", *SEND, "without late")
        bravo.wait_report(report)
        self.assertNotIn(report, {row["id"] for row in late.list()})
        self.assertNotEqual(late.link("hub"), "up")


if __name__ == "__main__":
    main()
