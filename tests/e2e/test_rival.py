"""Rosters that a person is handed and that do not follow what the node holds: invites by a dropped key, and a second roster of one version."""

import time

from nacl import bindings

from harness import E2E, build_mesh, main, wait_until
from rosters import Roster, armour, data, key_seeds, new_member, to_armour


class Rival(E2E):
    @classmethod
    def build(cls, world):
        build_mesh(world, ["alpha", "bravo"])
        cls.founding = key_seeds(world.nodes["hub"].dir / "rosters" / "electricity.key")[0]

    def setUp(self):
        self.hub, self.alpha, self.bravo = (self.world.nodes[org] for org in ("hub", "alpha", "bravo"))
        self.work = self.world.path

    def version(self, node):
        return node.status()["communities"][0]["roster_version"]

    def forked(self, node):
        return node.status()["communities"][0]["forked"]

    def refusals(self, node, kind):
        return [row for row in node.cli("audit", "list", "--kind", kind, "--json").rows() if row["rule"]]

    def draft(self, name, *options):
        """A renewal, drafted at the hub and signed by its roster key."""
        path = self.work / name
        self.hub.cli("community", "renew", "electricity", *options, "--draft", path)
        self.hub.cli("community", "sign", path, "--key", self.hub.dir / "rosters" / "electricity.key")
        return path

    def files(self, node):
        return {path.name: path.read_bytes() for path in (node.dir / "communities").iterdir()}

    def overtaken(self, draft, code, rule):
        """It is refused, says what the file is, and is not shown to the node; the attempt is in its audit log."""
        attempts = len(self.refusals(self.hub, "roster"))
        refused = self.hub.cli("community", "apply", draft, "--json", want=code).error()
        self.assertEqual(refused["rule"], rule)
        for words in ("nothing was changed", "proves a fork to whoever has it", "destroy every copy"):
            self.assertIn(words, refused["hint"])
        self.assertIn("すべての写しを破棄", self.hub.cli("community", "apply", draft, lang="ja", want=code).err)
        self.assertEqual([row["rule"] for row in self.refusals(self.hub, "roster")[attempts:]], [rule, rule])
        for node in (self.hub, self.alpha, self.bravo):
            self.assertFalse(self.forked(node))
        self.assertFalse(list((self.hub.dir / "inbox").glob("*.roster")))

    def test_0_an_overtaken_draft(self):
        """One that others have overtaken by a version or more freezes nothing by a slip; and what proves nothing is not shown."""
        old, before = self.draft("old.draft"), self.version(self.hub)
        for _ in range(2):
            self.hub.cli("community", "renew", "electricity")
        self.overtaken(old, 3, "roster-old")
        self.assertEqual(self.version(self.hub), before + 2)
        proves_none = self.draft("next.draft")
        self.hub.cli("community", "apply", proves_none, "--prove-fork", want=2)
        self.assertEqual(self.version(self.hub), before + 2)
        self.hub.cli("community", "apply", proves_none)
        self.assertFalse(self.forked(self.hub))
        self.hub.stop()
        self.assertIn("could not be shown", self.hub.cli("community", "apply", old, "--prove-fork", want=3).err)
        self.hub.start()
        self.assertFalse(self.forked(self.hub))
        self.hub.cli("community", "apply", old, "--prove-fork", want=3)
        self.assertTrue(self.forked(self.hub), "an older one counts where a person wants it")
        wait_until(lambda: self.forked(self.alpha) and self.forked(self.bravo), "both are told")
        done = self.hub.cli("community", "heal", "electricity", "--json").object()
        for node in (self.alpha, self.bravo):
            wait_until(lambda n=node: [roster for roster in n.cli("community", "forks", "electricity", "--json").object()["rosters"] if roster["heals"]], "it has come")
            node.cli("community", "heal", "electricity", "--fingerprint", done["fingerprint"])

    def test_1_two_of_one_version(self):
        """The second that is applied is refused, and kept from the node; shown to it by a person's wish it is a fork, which the node keeps, tells of, and heals."""
        one, other = self.draft("one.draft"), self.draft("other.draft", "--expires", "100d")
        before, attempts = self.version(self.hub), len(self.refusals(self.hub, "roster"))
        self.hub.cli("community", "apply", one)
        later = self.draft("later.draft")
        self.hub.cli("community", "apply", other, "--dry-run", want=5)
        self.hub.cli("community", "apply", other, "--prove-fork", "--dry-run", want=5)
        self.assertFalse(self.forked(self.hub), "a dry run shows the node nothing")
        self.overtaken(other, 5, "forked")
        attempts = len(self.refusals(self.hub, "roster"))
        done = self.hub.cli("community", "apply", other, "--prove-fork", "--json", want=5)
        self.assertEqual(done.error()["rule"], "forked")
        self.assertIn("noroshi community forks", done.error()["hint"])
        self.assertIn("分岐", self.hub.cli("community", "apply", other, "--prove-fork", lang="ja", want=5).err)
        self.assertTrue(self.forked(self.hub))
        self.assertEqual(self.version(self.hub), before + 1)
        self.assertEqual({row["rule"] for row in self.refusals(self.hub, "roster")[attempts:]}, {"forked"})
        self.assertEqual(len(self.refusals(self.hub, "roster")), attempts + 2, "each attempt once")
        useless = self.work / "useless.draft"
        for words in (("renew", "electricity", "--draft", useless), ("renew", "electricity"), ("rule", "electricity", "--withheld", "no"), ("apply", later),
                      ("apply", later, "--dry-run")):  # none would count: the next roster is the one that heals
            refused = self.hub.cli("community", *words, "--json", want=5).error()
            self.assertEqual(refused["rule"], "forked")
            self.assertIn("noroshi community heal", refused["hint"])
        self.assertFalse(useless.exists())
        self.assertEqual(self.version(self.hub), before + 1)
        for node in (self.alpha, self.bravo):
            wait_until(lambda n=node: self.forked(n), f"{node.org} is told")
        shown = self.hub.cli("community", "forks", "electricity", "--json").object()
        self.assertEqual(len(shown["rosters"]), 2)
        proof = self.hub.cli("community", "forks", "electricity", "--proof").out
        self.assertIn("BEGIN NOROSHI FORK", proof)

        # A successor that names no fork is refused in an invite as in a roster.
        next_one = Roster(armour(self.hub.dir / "communities" / "electricity.roster")).successor()
        invite = self.work / "successor.invite"
        invite.write_text(to_armour("INVITE", data(1, armour(self.hub.dir / "communities" / "electricity.first")) + data(2, next_one.signed(self.founding))))
        held = self.files(self.hub)
        self.assertEqual(self.join(self.hub, invite).error()["rule"], "forked")
        self.assertTrue(self.forked(self.hub))
        self.assertEqual(self.files(self.hub), held)
        self.hub.stop()  # and by the command line alone, which reads the proof beside the roster
        self.assertEqual(self.hub.cli("community", "renew", "electricity", "--draft", useless, "--json", want=5).error()["rule"], "forked")
        self.assertEqual(self.join(self.hub, invite).error()["rule"], "forked")
        self.assertEqual(self.files(self.hub), held)
        self.hub.start()
        self.assertTrue(self.forked(self.hub))
        done = self.hub.cli("community", "heal", "electricity", "--json").object()
        wait_until(lambda: not self.forked(self.hub), "healed at the hub")
        # An invite that ends it at a node left behind is made before the roster is changed again, of which the secretariat is told.
        for lang, words, before in (("en", "Make an invite now", "the roster before this one heals a fork"), ("ja", "今のうちに招待状", "一つ前の名簿は分岐を修復するもの")):
            self.assertIn(words, self.hub.cli("community", "heal", "electricity", lang=lang).out)
            self.assertIn(before, self.hub.cli("community", "renew", "electricity", "--draft", self.work / "after.draft", lang=lang).err)
        for node in (self.alpha, self.bravo):
            wait_until(lambda n=node: [roster for roster in n.cli("community", "forks", "electricity", "--json").object()["rosters"] if roster["heals"]], "it has come")
            node.cli("community", "heal", "electricity", "--fingerprint", done["fingerprint"])

    def join(self, node, invite, want=5):
        return node.cli("join", invite, "--fingerprint", self.hub.cli("community", "fingerprint", "electricity").out.strip(), "--json", want=want)

    def test_2_invite_by_a_dropped_key(self):
        """The founding key is replaced; what it signs afterwards is refused where that was seen, and the honest invite still serves."""
        for name in ("chair", "vice"):
            self.hub.cli("community", "key", self.work / f"{name}.key", "--no-passphrase")
        first = armour(self.hub.dir / "communities" / "electricity.first")
        version = self.version(self.hub)
        seeds = {name: key_seeds(self.work / f"{name}.key")[0] for name in ("chair", "vice")}
        keys = {name: bindings.crypto_sign_seed_keypair(seed)[0].hex() for name, seed in seeds.items()}
        founding = bindings.crypto_sign_seed_keypair(self.founding)[0].hex()
        self.hub.cli("community", "keys", "electricity", "--add-key", keys["chair"], "--add-key", keys["vice"])
        self.hub.cli("community", "keys", "electricity", "--drop-key", founding, "--threshold", "2", "--draft", self.work / "drop.draft")
        for name in ("chair", "vice"):
            self.hub.cli("community", "sign", self.work / "drop.draft", "--key", self.work / f"{name}.key")
        self.hub.cli("community", "apply", self.work / "drop.draft")
        wait_until(lambda: self.version(self.alpha) == version + 2, "alpha has seen it go")

        evil = Roster(first).successor()
        evil.set(5, 100)
        evil.set(8, int(time.time() * 1000) + 300 * 86400000)
        held = Roster(armour(self.alpha.dir / "communities" / "electricity.roster"))
        evil.fields = sorted([field for field in evil.fields if field[0] != 11] + [field for field in held.fields if field[0] == 11],
                             key=lambda field: field[0])
        evil.add(new_member("evil-spy", "スパイ", Roster(first).community))
        forged = self.work / "forged.invite"
        forged.write_text(to_armour("INVITE", data(1, first) + data(2, evil.signed(self.founding))))
        before = self.files(self.alpha)
        for running in (True, False):
            if not running:
                self.alpha.stop()
            done = self.join(self.alpha, forged)
            self.assertEqual(done.error()["rule"], "forged")
            self.assertIn(str(held.version), done.error()["message"])
            self.assertEqual(self.files(self.alpha), before)
            self.assertFalse(list((self.alpha.dir / "inbox").glob("*.invite")))
        self.alpha.start()
        self.assertEqual(self.version(self.alpha), version + 2)

        # By the node's own inbox, without the command line.
        (self.alpha.dir / "inbox" / "forged.invite").write_bytes(forged.read_bytes())
        wait_until(lambda: (self.alpha.dir / "inbox" / "refused" / "forged.invite").exists(), "the node refuses it too")
        self.assertEqual(self.version(self.alpha), version + 2)

        # What the new keys sign is taken, with the change of keys that it brings.
        self.alpha.stop()
        self.hub.cli("community", "keys", "electricity", "--add-key", founding, "--draft", self.work / "back.draft")
        for name in ("chair", "vice"):
            self.hub.cli("community", "sign", self.work / "back.draft", "--key", self.work / f"{name}.key")
        self.hub.cli("community", "apply", self.work / "back.draft")
        invite = self.work / "honest.invite"
        invite.write_text(self.hub.cli("community", "invite", "electricity").out)
        self.join(self.alpha, invite, want=0)
        self.assertEqual(self.alpha.cli("community", "show", "electricity", "--json").object()["version"], version + 3)
        self.alpha.start()
        wait_until(lambda: self.version(self.alpha) == version + 3, "the node has taken it up")
        self.alpha.cli("community", "show", "electricity")
        self.alpha.cli("community", "invite", "electricity")
        shown = self.alpha.cli("community", "show", "electricity", "--history").out
        self.assertIn("signatures needed: 2", shown)
        self.assertIn("必要な署名数: 2", self.alpha.cli("community", "show", "electricity", "--history", lang="ja").out)


if __name__ == "__main__":
    main()
