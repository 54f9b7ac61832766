"""A hub that moves: a new card names where it is dialled now, its members learn it over their links, and invites have it."""

import base64
import json

from harness import E2E, Node, build_mesh, enrol, free_port, invite, join, main, wait_until


def in_card(path, endpoint):
    """Whether the armoured card names the address."""
    return path.exists() and endpoint.encode() in base64.b64decode("".join(path.read_text().strip().splitlines()[1:-1]))


class NewAddress(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha"])

    def test_a_hub_moves(self):
        hub, alpha = self.world.nodes["hub"], self.world.nodes["alpha"]
        before, new = hub.cli("card", "--json").object(), f"tcp://127.0.0.1:{free_port()}"
        settings = json.loads((hub.dir / "node.json").read_text())
        row = hub.cli("card", "--listen", new, "--json").object()
        self.assertEqual((row["endpoints"], row["serial"], row["listen"], row["restart"]), ([new], before["serial"] + 1, new, True))
        self.assertEqual(hub.cli("card", "--json").object()["endpoints"], [new])
        self.assertEqual(json.loads((hub.dir / "node.json").read_text()), {**settings, "listen": new}, "nothing else is changed")
        wait_until(lambda: any(in_card(path, new) for path in (alpha.dir / "cards").iterdir()), "alpha learns it over the link", 30)
        hub.restart()
        self.assertEqual(hub.status()["listen"], new)
        alpha.wait_link("hub", timeout=60)
        bravo = self.world.node("bravo").init()
        enrol(hub, bravo, "electricity")
        join(hub, bravo, "electricity")
        bravo.start()
        bravo.wait_link("hub")
        report = alpha.send("--tlp", "GREEN", "--to", "@electricity", "--kind", "situation", "--subject", "移転", "--body", "b")
        bravo.wait_report(report)
        again = hub.cli("card", "--listen", new, "--json").object()
        self.assertEqual((again["serial"], again["changed"], again["restart"]), (row["serial"], False, False))
        self.assertIn("--advertise", hub.cli("card", "--listen", f"tcp://0.0.0.0:{free_port()}", want=2).err, "the card names another port")
        everywhere = "tcp://0.0.0.0:" + new.rsplit(":", 1)[1]
        self.assertEqual(hub.cli("card", "--listen", everywhere, "--json").object()["endpoints"], [new])

    def test_who_was_away(self):
        """No link to learn it over: an invite of the version that is held has the new card."""
        hub, alpha = self.world.nodes["hub"], self.world.nodes["alpha"]
        for running in (False, True):
            with self.subTest(running=running):
                new = f"tcp://127.0.0.1:{free_port()}"
                alpha.wait_link("hub", timeout=60)
                alpha.stop()
                hub.cli("card", "--listen", new)
                hub.restart()
                if running:
                    alpha.start()
                fingerprint = hub.cli("community", "fingerprint", "electricity").out.strip()
                said = alpha.cli("join", invite(hub, "electricity"), "--fingerprint", fingerprint, "--json").object()
                self.assertTrue(said["changed"], "its card is news")
                if not running:
                    alpha.start()
                alpha.wait_link("hub", timeout=20)

    def test_an_address_for_whom_has_none(self):
        alone, path = self.world.node("alone").init(), "tcp://hub.example.jp:7417"
        self.assertIn("noroshi card --listen", alone.cli("community", "create", "gas", "--name", "ガス").err)
        alone.start()
        wait_until(lambda: any("a hub of @gas" in text and "noroshi card --listen" in text for text in alone.status()["warnings"]), "status warns")
        self.assertIn("--advertise", alone.cli("card", "--listen", "tcp://0.0.0.0:7417", want=2).err)
        self.assertIsNone(json.loads((alone.dir / "node.json").read_text())["listen"])
        said = alone.cli("card", "--listen", f"tcp://127.0.0.1:{free_port()}", "--advertise", path)
        self.assertIn(f"names {path}", said.out)
        self.assertIn("started again", said.out)
        wait_until(lambda: not any("names no address" in text for text in alone.status()["warnings"]), "the running node has it", 30)
        alone.restart()
        self.assertEqual(alone.status()["listen"], path)
        self.assertIn("すでに", alone.cli("card", "--advertise", path, lang="ja").out)
        alone.stop()

    def test_refused(self):
        node = Node(self.world, "charlie", folder=self.world.path / "charlie").init()
        before = {path.name: path.read_bytes() for path in node.dir.iterdir() if path.is_file()}
        for argv, code in ((("--advertise", "hub:7417"), 8), (("--listen", "tcp://hub.example.jp:7417"), 8), (("--advertise", "tcp://0.0.0.0:7417"), 2),
                           (("--advertise", "tcp://h:1", "--qr"), 2)):
            node.cli("card", *argv, want=code)
        self.assertEqual({path.name: path.read_bytes() for path in node.dir.iterdir() if path.is_file()}, before)


if __name__ == "__main__":
    main()
