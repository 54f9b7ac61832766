"""A lost key: a paper printed in time ends it, from any machine, for every node at once, and can do nothing else."""

import time

from harness import E2E, Node, build_mesh, main, wait_reachable, wait_until


class KeyLoss(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo", "charlie"])
        cls.paper = world.write("bravo.paper", world.nodes["bravo"].cli("key", "paper").raw_out)

    def elsewhere(self, name="elsewhere"):
        """A machine that is no node."""
        node = Node(self.world, name)
        node.dir.mkdir(exist_ok=True)
        return node

    def test_1_paper(self):
        text = self.paper.read_text("utf-8")
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        self.assertTrue(8 <= len(lines) <= 16 and all(len(line) == 23 for line in lines), "short enough for the hand")
        bravo = self.world.nodes["bravo"]
        self.assertIn(bravo.fingerprint(), text)
        row = bravo.cli("key", "paper", "--json").object()
        self.assertEqual(set(row), {"org", "fingerprint", "made_at", "paper"})
        self.assertIn("失効", bravo.cli("key", "paper", lang="ja").out)
        self.assertEqual(self.world.nodes["alpha"].status()["warnings"], [], "printing it does nothing")

    def test_2_slips_are_named(self):
        away = self.elsewhere()
        lines = self.paper.read_text("utf-8").splitlines()
        first = next(number for number, line in enumerate(lines) if not line.startswith("#"))
        wrong = lines.copy()
        wrong[first + 2] = ("7" if wrong[first + 2][0] != "7" else "8") + wrong[first + 2][1:]
        cases = {"slip": (wrong, 5, "3"), "short": (lines[:-1], 5, ""), "empty": ([], 5, ""), "swapped": (lines[:first] + lines[first + 1:], 5, "1")}
        for name, (typed, code, line) in cases.items():
            with self.subTest(name=name):
                path = self.world.write(f"{name}.txt", "\n".join(typed) + "\n")
                error = away.cli("key", "revoke", path, "--json", want=code).error()
                self.assertIn(line, error["message"])
                self.assertRegex(away.cli("key", "revoke", path, lang="ja", want=code).err, "[ぁ-ん]")
                hub = self.world.nodes["hub"]
                attempts = len(hub.cli("audit", "list", "--kind", "key", "--json").rows())
                self.assertEqual(hub.cli("key", "revoke", path, "--submit", "--json", want=5).error()["rule"], "damaged")
                logged = hub.cli("audit", "list", "--kind", "key", "--json").rows()
                self.assertEqual((len(logged), logged[-1]["rule"]), (attempts + 1, "damaged"))
        self.assertFalse((away.dir / "inbox").exists())
        away.cli("key", "revoke", self.world.path / "missing", want=8)
        away.cli("key", "revoke", self.paper, "--submit", want=8)
        away.cli("key", "revoke", self.paper, "--submit", "-o", "x", want=2)

    def test_3_armoured_and_spoilt(self):
        away, hub = self.elsewhere(), self.world.nodes["hub"]
        path = self.world.path / "bravo.revocation"
        note = away.cli("key", "revoke", self.paper, "-o", path)
        self.assertIn("bravo", note.err)
        armoured = path.read_text("ascii")
        self.assertIn("BEGIN NOROSHI REVOCATION", armoured)
        for name, text in (("flipped", armoured.replace(armoured.splitlines()[1][40], "A" if armoured.splitlines()[1][40] != "A" else "B", 1)),
                           ("cut", armoured[:100]), ("card", hub.cli("card").out)):
            done = hub.cli("key", "revoke", self.world.write(f"{name}.bad", text), "--submit", want=None)
            self.assertIn(done.code, (5, 8), str(done))
        stranger = self.world.node("stranger").init()
        paper = self.world.write("stranger.paper", stranger.cli("key", "paper").raw_out)
        self.assertEqual(hub.cli("key", "revoke", paper, "--submit", "--json", want=3).error()["rule"], "not-member")
        self.assertIn("stranger", "".join(item.name for item in (hub.dir / "inbox" / "refused").iterdir()) + hub.log_text())
        self.assertEqual(self.world.nodes["alpha"].link("hub"), "up")
        self.assertEqual(self.world.nodes["bravo"].link("hub"), "up")

    def test_4_revoked_for_all(self):
        """Handed to one member's node, it reaches all: links end, nothing is taken, nothing is sealed to it, and it stays so."""
        hub, alpha, bravo, charlie = (self.world.nodes[org] for org in ("hub", "alpha", "bravo", "charlie"))
        away = self.elsewhere()
        path = self.world.path / "submit.revocation"
        away.cli("key", "revoke", self.paper, "-o", path)
        began = time.monotonic()
        hub.cli("key", "revoke", path, "--submit")
        wait_until(lambda: bravo.link("hub") != "up", "the link of the lost key ends", 10)
        took = time.monotonic() - began
        print(f"link ended {took:.2f} s after key revoke --submit began", flush=True)
        lost = bravo.cli("send", "--tlp", "AMBER", "--to", "@electricity", "--kind", "incident", "--subject", "偽", "--body", "偽の報告").last_word()
        for node in (alpha, charlie, hub):
            wait_until(lambda: "bravo" not in str(_recipients(node)), f"{node.org} seals nothing to it", 30)
        report = alpha.send("--tlp", "AMBER", "--to", "@electricity", "--kind", "incident", "--subject", "真", "--body", "真の報告")
        charlie.wait_report(report)
        alpha.cli("send", "--tlp", "AMBER", "--to", "bravo", "--kind", "incident", "--subject", "s", "--body", "b", want=3)
        self.assertTrue(any("revoked" in text for text in hub.status()["warnings"]), hub.status()["warnings"])
        members = hub.cli("community", "show", "electricity", "--json").object()["members"]
        self.assertEqual({member["org"] for member in members if member["revoked"]}, {"bravo"})
        self.assertIn("REVOKED: the key of bravo;", hub.cli("community", "show", "electricity").out)
        self.assertIn("失効：bravo の鍵", hub.cli("community", "show", "electricity", lang="ja").out)
        self.assertIn("失効", hub.cli("status", lang="ja").out)
        hub.kill()
        hub.start()
        charlie.wait_link("hub")
        self.assertNotEqual(bravo.link("hub"), "up")
        self.assertNotIn(lost, [row["id"] for node in (hub, alpha, charlie) for row in node.list()])
        hub.cli("community", "remove", "electricity", "bravo")
        wait_until(lambda: not any("revoked" in text for text in hub.status()["warnings"]), "the roster has followed", 20)
        hub.cli("key", "revoke", path, "--submit")  # again: nothing happens
        self.told_that_nobody_takes_it(bravo)
        # The organisation comes back with a new node and key, by telephone as the first time.
        again = self.world.node("bravo2", folder=self.world.path / "bravo-again")
        again.org = "bravo"
        again.init()
        hub.cli("community", "add", "electricity", again.card(), "--fingerprint", again.fingerprint())
        invite = self.world.write("again.invite", hub.cli("community", "invite", "electricity").raw_out)
        again.cli("join", invite, "--fingerprint", hub.cli("community", "fingerprint", "electricity").out.strip())
        again.start()
        again.wait_link("hub")
        wait_reachable(alpha, ["bravo"], {"bravo"}, "AMBER")

    def told_that_nobody_takes_it(self, bravo):
        """Once its own node has the revocation: it sends nothing more, says what to do, and what it has is there to read."""
        before = [row["id"] for row in bravo.list()]
        bravo.cli("key", "revoke", self.paper, "--submit")
        self.assertTrue(any("the key of this node is revoked" in text for text in bravo.status()["warnings"]), bravo.status()["warnings"])
        words = ("send", "--tlp", "AMBER", "--to", "@electricity", "--kind", "incident", "--subject", "偽", "--body", "偽の報告")
        for command in (words, ("withdraw", before[-1], "--reason", "r"), ("reply", before[-1], "--subject", "s", "--body", "b")):
            error = bravo.cli(*command, "--json", want=3).error()
            self.assertEqual(error["rule"], "revoked", command)
            japanese = bravo.cli(*command, lang="ja", want=3).err
            self.assertIn("失効", japanese)
            for step in ("noroshi init", "community add"):
                self.assertIn(step, error["hint"])
                self.assertIn(step, japanese)
        self.assertEqual([row["id"] for row in bravo.list()], before)
        self.assertEqual(bravo.show(before[-1])["body"], "偽の報告")
        self.assertEqual(bravo.cli("audit", "list", "--kind", "withdraw", "--json").rows()[-1]["rule"], "revoked")


def _recipients(node):
    done = node.cli("send", "--tlp", "GREEN", "--to", "@electricity", "--kind", "incident", "--subject", "d", "--body", "d", "--dry-run", "--json")
    return done.object()["recipients"]


if __name__ == "__main__":
    main()
