"""Nodes on the side of a fork that is abandoned: they come back by an invite, their links stand meanwhile, and the fingerprint that ends a fork
is told wherever the healing roster was signed."""

import time

from nacl import bindings

from harness import E2E, build_mesh, main, wait_until
from rosters import Roster, armour, key_seeds, to_armour


class Apart(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo", "charlie"])

    def setUp(self):
        self.hub, self.alpha, self.bravo, self.charlie = (self.world.nodes[org] for org in ("hub", "alpha", "bravo", "charlie"))
        self.work = self.world.path

    def version(self, node):
        return node.status()["communities"][0]["roster_version"]

    def forked(self, node):
        return node.status()["communities"][0]["forked"]

    def forks(self, node):
        return node.cli("community", "forks", "electricity", "--json").object()

    def files(self, node):
        return {path.name: path.read_bytes() for path in (node.dir / "communities").iterdir()}

    def join(self, node, want=0):
        invite = self.work / "heal.invite"
        invite.write_text(self.hub.cli("community", "invite", "electricity").out)
        return node.cli("join", invite, "--fingerprint", self.hub.cli("community", "fingerprint", "electricity").out.strip(), "--json", want=want)

    def assert_whole(self, node):
        """What the command line reads of it leads from the first roster to the newest, after a start as well."""
        for again in (False, True):
            if again:
                node.stop()
                node.start()
            self.assertEqual(node.cli("community", "show", "electricity", "--json").object()["version"], self.version(self.hub))
            node.cli("community", "invite", "electricity")
            self.assertFalse(self.forked(node))
            node.wait_link("hub")

    def signed(self, path, *names):
        shown = None
        for name in names:
            shown = self.hub.cli("community", "sign", path, "--key", self.work / f"{name}.key", "--replace", "--json").object()
        return shown

    def test_1_left_behind_on_a_side_that_revoked(self):
        """alpha alone has a roster in which charlie is revoked; the others are three versions further than the fork when they meet."""
        draft = self.work / "revokes.draft"
        self.alpha.stop()
        self.hub.cli("community", "remove", "electricity", "charlie", "--draft", draft)
        self.hub.cli("community", "sign", draft, "--key", self.hub.dir / "rosters" / "electricity.key", "--replace")
        self.alpha.cli("community", "apply", draft)
        for _ in range(3):
            self.hub.cli("community", "renew", "electricity")
        self.alpha.start()
        for node in (self.alpha, self.hub):
            wait_until(lambda n=node: self.forked(n), f"{node.org} is told")
        self.alpha.wait_link("hub")
        for _ in range(8):
            time.sleep(0.5)
            self.assertEqual(self.alpha.link("hub"), "up")
        report = self.alpha.send("--tlp", "GREEN", "--to", "@electricity", "--kind", "situation", "--subject", "while it is forked", "--body", "b")
        wait_until(lambda: [row for row in self.bravo.list() if row["id"] == report], "it passes")
        healed = self.hub.cli("community", "heal", "electricity", "--json").object()
        for _ in range(6):
            time.sleep(0.5)
            self.assertEqual(self.alpha.link("hub"), "up")
        self.assertTrue(self.forked(self.alpha), "it is a person's to end")
        self.alpha.stop()
        held = self.files(self.alpha)
        self.assertEqual(self.join(self.alpha, want=6).error()["rule"], "no-node")
        self.assertIn("ノードを起動", self.alpha.cli("join", self.work / "heal.invite", "--fingerprint",
                                                self.hub.cli("community", "fingerprint", "electricity").out.strip(), lang="ja", want=6).err)
        self.assertEqual(self.files(self.alpha), held)
        self.alpha.start()
        self.assertTrue(self.join(self.alpha).object()["changed"])
        self.assertEqual(self.version(self.alpha), healed["version"])
        self.assert_whole(self.alpha)

    def assert_told(self, fingerprint):
        """At the hub, once the roster that heals is in force there."""
        forks = self.forks(self.hub)
        self.assertEqual((forks["healed_by"]["fingerprint"], forks["forked"]), (fingerprint, False))
        for words in (("community", "forks", "electricity"), ("community", "heal", "electricity"), ("community", "show", "electricity", "--history")):
            for lang in ("en", "ja"):
                self.assertIn(fingerprint, self.hub.cli(*words, lang=lang).out)
        again = self.hub.cli("community", "heal", "electricity", "--json").object()
        self.assertEqual((again["fingerprint"], again["changed"]), (fingerprint, False))
        rows = self.hub.cli("community", "show", "electricity", "--history", "--json").rows()
        self.assertEqual([row["fingerprint"] for row in rows if row["version"] == again["version"]], [fingerprint])

    def test_2_missed_the_change_of_keys(self):
        """While alpha is away others take the founding key's place; whoever has that key signs alpha another roster."""
        founding = key_seeds(self.hub.dir / "rosters" / "electricity.key")[0]
        for name in ("chair", "vice"):
            self.hub.cli("community", "key", self.work / f"{name}.key", "--no-passphrase")
        keys = {name: bindings.crypto_sign_seed_keypair(key_seeds(self.work / f"{name}.key")[0])[0].hex() for name in ("chair", "vice")}
        self.alpha.stop()
        old = Roster(armour(self.alpha.dir / "communities" / "electricity.roster"))
        self.hub.cli("community", "keys", "electricity", "--add-key", keys["chair"], "--add-key", keys["vice"])
        self.hub.cli("community", "keys", "electricity", "--drop-key", bindings.crypto_sign_seed_keypair(founding)[0].hex(), "--threshold", "2",
                     "--draft", self.work / "drop.draft")
        self.signed(self.work / "drop.draft", "chair", "vice")
        self.hub.cli("community", "apply", self.work / "drop.draft")
        evil = old.successor()
        evil.set(8, old.get(8) + 1000)
        (self.alpha.dir / "inbox" / "evil.roster").write_text(to_armour("ROSTER", evil.signed(founding)))
        self.alpha.start()
        wait_until(lambda: self.forked(self.alpha), "it meets the others")
        self.assertEqual(self.version(self.alpha), old.version + 1)
        draft = self.work / "missed.draft"
        self.hub.cli("community", "heal", "electricity", "--draft", draft)
        shown = self.signed(draft, "chair", "vice")
        self.assertEqual(len(shown["forks"]), 2)
        for words in (("sign", draft, "--dry-run"), ("combine", draft, draft, "--output", self.work / "combined.draft")):
            for lang in ("en", "ja"):
                self.assertIn(shown["roster_fingerprint"], self.hub.cli("community", *words, lang=lang).out)
        self.assertIn(shown["roster_fingerprint"], self.hub.cli("community", "apply", draft).out)
        self.assert_told(shown["roster_fingerprint"])
        self.join(self.alpha)
        self.assert_whole(self.alpha)

    def test_3_fingerprint_of_a_draft_is_what_members_compare(self):
        """No roster key lies at the hub: what its holders read on signing ends the fork at a member."""
        (self.hub.dir / "rosters" / "electricity.key").unlink()
        for name, options in (("one", ()), ("other", ("--expires", "100d"))):
            self.hub.cli("community", "renew", "electricity", *options, "--draft", self.work / name)
            self.assertNotIn("Read this fingerprint", self.hub.cli("community", "sign", self.work / name, "--key", self.work / "chair.key", "--replace").out)
            self.signed(self.work / name, "vice")
        self.hub.cli("community", "apply", self.work / "one")
        self.hub.cli("community", "apply", self.work / "other", "--prove-fork", want=5)
        wait_until(lambda: self.forked(self.alpha), "alpha is told")
        draft = self.work / "heal.draft"
        self.hub.cli("community", "heal", "electricity", "--draft", draft)
        fingerprint = self.signed(draft, "chair", "vice")["roster_fingerprint"]
        self.assertEqual(self.hub.cli("community", "apply", draft, "--json").object()["roster_fingerprint"], fingerprint)
        wait_until(lambda: any(row["heals"] for row in self.forks(self.alpha)["rosters"]), "it has come")
        self.alpha.cli("community", "heal", "electricity", "--fingerprint", fingerprint)
        self.assertFalse(self.forked(self.alpha))
        self.assert_told(fingerprint)


if __name__ == "__main__":
    main()
